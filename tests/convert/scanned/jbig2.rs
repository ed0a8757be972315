//! JBIG2 segments as PDF embeds them (ITU-T T.88), with regions coded in MMR.

use faxmill::t4::{Bitmap, EncodeOptions, encode};

/// Side of a pattern.
const SIDE: u8 = 8;

/// A page that is one generic region.
pub(super) fn generic(bitmap: &Bitmap) -> Vec<u8> {
    const IMMEDIATE_GENERIC_REGION: u8 = 38;
    let (width, height) = (bitmap.width(), bitmap.rows());
    let mut region = region_info(width, height);
    region.push(1); // MMR
    region.extend(encode(bitmap, &EncodeOptions::mmr()));
    let mut data = page_info(width, height);
    data.extend(segment(2, IMMEDIATE_GENERIC_REGION, &[], 1, &region));
    data
}

/// A page of black and white squares, one for each pixel, of the patterns that pages share.
pub(super) fn squares(bitmap: &Bitmap) -> Vec<u8> {
    const IMMEDIATE_HALFTONE_REGION: u8 = 22;
    let (columns, rows) = (bitmap.width(), bitmap.rows());
    let (width, height) = (columns * u32::from(SIDE), rows * u32::from(SIDE));
    let mut region = region_info(width, height);
    region.push(1); // MMR, patterns are combined by OR on white
    region.extend([columns, rows, 0, 0].map(u32::to_be_bytes).concat());
    region.extend([u16::from(SIDE) << 8, 0].map(u16::to_be_bytes).concat());
    region.extend(encode(bitmap, &EncodeOptions::mmr()));
    let mut data = page_info(width, height);
    data.extend(segment(2, IMMEDIATE_HALFTONE_REGION, &[0], 1, &region));
    data
}

/// A dictionary of a white and a black pattern, for all pages.
pub(super) fn patterns() -> Vec<u8> {
    const PATTERN_DICTIONARY: u8 = 16;
    let mut both = Bitmap::white(2 * u32::from(SIDE), 0);
    for _ in 0..SIDE {
        both.push_row(&[0, 0xFF]);
    }
    let mut dictionary = vec![1, SIDE, SIDE];
    dictionary.extend(1u32.to_be_bytes());
    dictionary.extend(encode(&both, &EncodeOptions::mmr()));
    segment(0, PATTERN_DICTIONARY, &[], 0, &dictionary)
}

fn page_info(width: u32, height: u32) -> Vec<u8> {
    const PAGE_INFORMATION: u8 = 48;
    let mut info = [width, height, 0, 0].map(u32::to_be_bytes).concat();
    info.extend([0, 0, 0]);
    segment(1, PAGE_INFORMATION, &[], 1, &info)
}

fn region_info(width: u32, height: u32) -> Vec<u8> {
    let mut info = [width, height, 0, 0].map(u32::to_be_bytes).concat();
    info.push(0);
    info
}

fn segment(number: u32, kind: u8, refers_to: &[u8], page: u8, data: &[u8]) -> Vec<u8> {
    let mut segment = number.to_be_bytes().to_vec();
    segment.extend([kind, (refers_to.len() as u8) << 5]);
    segment.extend(refers_to);
    segment.push(page);
    segment.extend((data.len() as u32).to_be_bytes());
    segment.extend(data);
    segment
}
