//! A row of comparisons, eight pixels a byte.

use super::instructions::Instructions;
use super::simd;

/// Packs one row, most significant bit leftmost: black where a level lies below its threshold.
///
/// `packed` has one byte for every eight of `levels`, begun ones included; thresholds are as many
/// as levels.
pub(super) fn pack_row(
    instructions: Instructions,
    levels: &[u8],
    thresholds: &[u8],
    packed: &mut [u8],
) {
    let done = simd::pack_below(instructions, levels, thresholds, packed);
    let (levels, thresholds) = (&levels[done..], &thresholds[done..]);
    let (levels, last_levels) = levels.as_chunks::<8>();
    let (thresholds, last_thresholds) = thresholds.as_chunks::<8>();
    let mut packed = packed[done / 8..].iter_mut();
    for ((levels, thresholds), byte) in levels.iter().zip(thresholds).zip(&mut packed) {
        *byte = pack_eight(*levels, *thresholds);
    }
    if let (false, Some(byte)) = (last_levels.is_empty(), packed.next()) {
        let pixels = last_levels.iter().zip(last_thresholds).enumerate();
        *byte = pixels.fold(0, |byte, (x, (level, threshold))| {
            byte | u8::from(level < threshold) << (7 - x)
        });
    }
}

/// Eight comparisons side by side in one word.
pub(super) fn pack_eight(levels: [u8; 8], thresholds: [u8; 8]) -> u8 {
    const LOW: u64 = 0x7F7F_7F7F_7F7F_7F7F;
    const HIGH: u64 = !LOW;
    let (levels, thresholds) = (u64::from_be_bytes(levels), u64::from_be_bytes(thresholds));
    // The high bit of each byte stays set where the lower seven bits of the level reach the
    // threshold's; then the bytes' own high bits decide, where they differ.
    let reaches = (levels | HIGH) - (thresholds & LOW);
    let below = (!levels & thresholds) | (!(levels ^ thresholds) & !reaches);
    // Each factor's bit brings one byte's bit to its place in the highest byte.
    (((below & HIGH) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_level_is_compared_with_every_threshold() {
        for threshold in 0..=255u8 {
            for level in 0..=255u8 {
                let packed = pack_eight([level; 8], [threshold; 8]);
                assert_eq!(packed, if level < threshold { 255 } else { 0 });
            }
        }
        assert_eq!(pack_eight([0, 9, 9, 9, 9, 9, 9, 9], [5; 8]), 0x80);
        assert_eq!(pack_eight([9, 9, 9, 9, 9, 9, 9, 0], [5; 8]), 0x01);
    }

    proptest! {
        #[test]
        fn all_instructions_pack_as_pixel_by_pixel(
            pixels in proptest::collection::vec(any::<(u8, u8)>(), 1..300)
        ) {
            let (levels, thresholds): (Vec<u8>, Vec<u8>) = pixels.iter().copied().unzip();
            let mut expected = vec![0; levels.len().div_ceil(8)];
            for (x, (level, threshold)) in pixels.iter().enumerate() {
                expected[x / 8] |= u8::from(level < threshold) << (7 - x % 8);
            }
            for instructions in Instructions::all() {
                let mut packed = vec![0xAA; expected.len()];
                pack_row(instructions, &levels, &thresholds, &mut packed);
                prop_assert_eq!(&packed, &expected, "{:?}", instructions);
            }
        }
    }
}
