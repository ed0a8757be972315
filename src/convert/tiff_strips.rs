//! Where the strips or tiles of an image lie in its file (TIFF 6.0 §3, §15).

use std::io::{Read, Seek};

use crate::convert::ConvertError;
use crate::convert::tiff_directory::{Directory, TiffFile, invalid, tag};

/// Most strips or tiles of one image.
const CHUNKS_MAX: u64 = 1 << 20;

/// Offset and length of `count` strips or tiles.
///
/// A length that is missing is the way to the next one, or to the end of the file. Together they
/// are no longer than the file.
pub(super) fn strips<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
    count: u64,
) -> Result<Vec<(u64, u64)>, ConvertError> {
    let is_tiled = directory.has(tag::TILE_WIDTH);
    let (offsets, lengths) = if is_tiled {
        (tag::TILE_OFFSETS, tag::TILE_BYTE_COUNTS)
    } else {
        (tag::STRIP_OFFSETS, tag::STRIP_BYTE_COUNTS)
    };
    if count > CHUNKS_MAX {
        return Err(invalid(format!("an image claims {count} strips")));
    }
    let offsets = file.numbers(directory, offsets, count)?.unwrap_or_default();
    if offsets.len() < count as usize {
        return Err(invalid(format!(
            "an image has {} of {count} strips",
            offsets.len()
        )));
    }
    let mut lengths = file.numbers(directory, lengths, count)?.unwrap_or_default();
    if lengths.len() < offsets.len() || (count == 1 && lengths[0] == 0) {
        lengths = presumed_lengths(&offsets, file.len());
    }
    let total = lengths
        .iter()
        .fold(0u64, |total, len| total.saturating_add(*len));
    if count > 1 && total > file.len() {
        return Err(invalid("the strips of an image are longer than the file"));
    }
    Ok(offsets.into_iter().zip(lengths).collect())
}

/// Each strip reaches to the start of the next one in the file.
fn presumed_lengths(offsets: &[u64], file_len: u64) -> Vec<u64> {
    let mut starts = offsets.to_vec();
    starts.sort_unstable();
    let len = |offset: &u64| {
        let after = starts.partition_point(|start| start <= offset);
        let end = starts.get(after).copied().unwrap_or(file_len);
        end.saturating_sub(*offset)
    };
    offsets.iter().map(len).collect()
}
