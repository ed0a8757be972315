//! The words of a page that are not white, which is a fraction of most pages.
//!
//! For each row comes a mask, `u64`, little endian: the lowest bit is the leftmost 64 pixels of the
//! row, set where any is black. After the masks come these words, row by row, eight packed bytes
//! each. Every scan line of a fax is a multiple of 64 pixels, and of fewer than 64 words.

use std::io;

use crate::t4::Bitmap;

/// Bytes of a word, and of a row's mask.
pub(super) const WORD: usize = 8;

/// Puts masks and words of a page, whose rows are whole words, from a place of `out` on, which
/// grows as it needs to. Returns where they end.
pub(super) fn put_inked(bitmap: &Bitmap, out: &mut Vec<u8>, masks_at: usize) -> usize {
    let mut end = masks_at + bitmap.rows() as usize * WORD;
    let most = end + bitmap.as_bytes().len() + WORD;
    if out.len() < most {
        out.resize(most, 0);
    }
    for (y, row) in bitmap.iter_rows().enumerate() {
        let (words, _) = row.as_chunks::<WORD>();
        let mut mask = 0u64;
        if words
            .iter()
            .fold(0, |any, word| any | u64::from_ne_bytes(*word))
            != 0
        {
            for (x, word) in words.iter().enumerate() {
                // Written in any case, and overwritten by the next where it is white.
                out[end..][..WORD].copy_from_slice(word);
                let is_inked = u64::from_ne_bytes(*word) != 0;
                mask |= u64::from(is_inked) << x;
                end += usize::from(is_inked) * WORD;
            }
        }
        out[masks_at + y * WORD..][..WORD].copy_from_slice(&mask.to_le_bytes());
    }
    end
}

/// How many bytes of words come after these masks; an error if a row of so many bytes has no such
/// words.
pub(super) fn inked_bytes(masks: &[u8], row_bytes: usize) -> io::Result<usize> {
    let (masks, _) = masks.as_chunks::<WORD>();
    let beyond = u64::MAX.checked_shl((row_bytes / WORD) as u32).unwrap_or(0);
    let mut words = 0;
    for mask in masks {
        let mask = u64::from_le_bytes(*mask);
        if mask & beyond != 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a row with ink beyond its end",
            ));
        }
        words += mask.count_ones() as usize;
    }
    Ok(words * WORD)
}

/// Puts the rows together again, in the place of what `packed` held. There are to be as many bytes
/// of `words` as [`inked_bytes`] says.
pub(super) fn take_inked(masks: &[u8], words: &[u8], row_bytes: usize, packed: &mut Vec<u8>) {
    let (masks, _) = masks.as_chunks::<WORD>();
    let (words, _) = words.as_chunks::<WORD>();
    let mut words = words.iter();
    packed.clear();
    packed.resize(masks.len() * row_bytes, 0);
    for (row, mask) in packed.chunks_exact_mut(row_bytes).zip(masks) {
        let mut mask = u64::from_le_bytes(*mask);
        let (row, _) = row.as_chunks_mut::<WORD>();
        while mask != 0 {
            let place = mask.trailing_zeros() as usize;
            if let (Some(to), Some(word)) = (row.get_mut(place), words.next()) {
                *to = *word;
            }
            mask &= mask - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_page_comes_back_as_it_was(
            words in 1usize..=38, rows in 1usize..40, seed: u64, white_of_eight in 0u8..=8,
        ) {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut word = || if random.u8(..8) < white_of_eight { 0 } else { random.u64(..) };
            let packed: Vec<u8> = (0..words * rows).flat_map(|_| word().to_le_bytes()).collect();
            let bitmap = Bitmap::from_packed(words as u32 * 64, packed);
            let mut coded = vec![1, 2, 3];
            let end = put_inked(&bitmap, &mut coded, 3);
            let (masks, coded_words) = coded[3..end].split_at(rows * WORD);
            prop_assert_eq!(inked_bytes(masks, words * WORD).unwrap(), coded_words.len());
            let mut taken = vec![7; 99];
            take_inked(masks, coded_words, words * WORD, &mut taken);
            prop_assert_eq!(&taken[..], bitmap.as_bytes());
        }
    }

    #[test]
    fn ink_beyond_the_end_of_a_row_is_refused() {
        for (words, mask) in [(27, 1u64 << 27), (38, 1 << 63), (1, 2)] {
            assert!(inked_bytes(&mask.to_le_bytes(), words * WORD).is_err());
            assert!(
                inked_bytes(&(mask >> 1).to_le_bytes(), words * WORD).is_ok() || mask > 1 << 38
            );
        }
    }
}
