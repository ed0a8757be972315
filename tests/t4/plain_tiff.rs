//! One-page TIFF files of plain bits for libtiff to code, and the strip that it made of them.

use faxmill::t4::Bitmap;

/// A little-endian TIFF with one uncompressed strip, where 1 is black; `y_dpi` decides libtiff's K.
pub(crate) fn write(bitmap: &Bitmap, y_dpi: u32) -> Vec<u8> {
    let data = bitmap.as_bytes();
    let fields: [(u16, u16, u32); 12] = [
        (256, 4, bitmap.width()),
        (257, 4, bitmap.rows()),
        (258, 3, 1),
        (259, 3, 1),
        (262, 3, 0),
        (273, 4, 8 + 2 + 12 * 12 + 4 + 16),
        (277, 3, 1),
        (278, 4, bitmap.rows()),
        (279, 4, data.len() as u32),
        (282, 5, 8 + 2 + 12 * 12 + 4),
        (283, 5, 8 + 2 + 12 * 12 + 4 + 8),
        (296, 3, 2),
    ];
    let mut file = b"II\x2A\0\x08\0\0\0".to_vec();
    file.extend((fields.len() as u16).to_le_bytes());
    for (tag, kind, value) in fields {
        file.extend(tag.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend(1u32.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    for number in [204, 1, y_dpi, 1] {
        file.extend(u32::to_le_bytes(number));
    }
    file.extend(data);
    file
}

/// The bytes of the only strip of a little-endian file.
pub(crate) fn only_strip(file: &[u8]) -> &[u8] {
    let number = |at: usize, len: usize| {
        file[at..at + len]
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | usize::from(*byte))
    };
    assert_eq!(number(0, 2), usize::from(u16::from_le_bytes(*b"II")));
    let directory = number(4, 4);
    let field = |tag: usize| {
        let entry = (0..number(directory, 2))
            .map(|index| directory + 2 + index * 12)
            .find(|entry| number(*entry, 2) == tag)
            .expect("a TIFF has strips");
        assert_eq!(number(entry + 4, 4), 1, "the page is in one strip");
        number(entry + 8, if number(entry + 2, 2) == 3 { 2 } else { 4 })
    };
    &file[field(273)..][..field(279)]
}
