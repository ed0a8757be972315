//! One-image TIFF files made field by field, honest or not.

/// Fields whose values do not fit a SHORT.
const LONG_FIELDS: [u16; 10] = [256, 257, 273, 278, 279, 282, 283, 324, 513, 514];

/// A file's fields and data; every value of a field is a whole number.
#[derive(Clone)]
pub(crate) struct Builder {
    fields: Vec<(u16, Vec<u32>)>,
    left_out: Vec<u16>,
    data: Vec<u8>,
}

impl Builder {
    /// An uncompressed image in one strip.
    pub(crate) fn new(
        (width, height): (u32, u32),
        bits: &[u32],
        photometric: u32,
        data: Vec<u8>,
    ) -> Self {
        Self {
            fields: Vec::new(),
            left_out: Vec::new(),
            data,
        }
        .with(256, &[width])
        .with(257, &[height])
        .with(258, bits)
        .with(259, &[1])
        .with(262, &[photometric])
        .with(277, &[bits.len() as u32])
        .with(278, &[height])
    }

    /// Sets a field, over what it was.
    pub(crate) fn with(mut self, tag: u16, values: &[u32]) -> Self {
        self.fields.retain(|field| field.0 != tag);
        self.fields.push((tag, values.to_vec()));
        self
    }

    /// Leaves a field out.
    pub(crate) fn without(mut self, tag: u16) -> Self {
        self.left_out.push(tag);
        self
    }

    /// A little-endian file: header, directory, long values, data.
    pub(crate) fn into_file(self) -> Vec<u8> {
        let len = self.data.len() as u32;
        let mut fields = self.fields;
        for (tag, value) in [(273, 0), (279, len)] {
            if !fields.iter().any(|field| field.0 == tag) {
                fields.push((tag, vec![value]));
            }
        }
        fields.retain(|field| !self.left_out.contains(&field.0));
        fields.sort();
        let mut values_at = 8 + 2 + fields.len() as u32 * 12 + 4;
        let data_at = values_at + fields.iter().map(long_bytes).sum::<u32>();
        let mut file = b"II\x2A\0\x08\0\0\0".to_vec();
        file.extend((fields.len() as u16).to_le_bytes());
        let mut long_values = Vec::new();
        for (tag, mut values) in fields {
            if tag == 273 && values == [0] {
                values = vec![data_at];
            }
            file.extend(tag.to_le_bytes());
            let size = value_bytes(tag);
            file.extend(if size == 4 { [4, 0] } else { [3, 0] });
            file.extend((values.len() as u32).to_le_bytes());
            let mut bytes: Vec<u8> = values
                .iter()
                .flat_map(|value| value.to_le_bytes().into_iter().take(size))
                .collect();
            if bytes.len() <= 4 {
                bytes.resize(4, 0);
                file.extend(bytes);
            } else {
                file.extend(values_at.to_le_bytes());
                values_at += bytes.len() as u32;
                long_values.extend(bytes);
            }
        }
        file.extend([0; 4]);
        file.extend(long_values);
        file.extend(self.data);
        file
    }
}

fn long_bytes((tag, values): &(u16, Vec<u32>)) -> u32 {
    let bytes = values.len() * value_bytes(*tag);
    if bytes <= 4 { 0 } else { bytes as u32 }
}

fn value_bytes(tag: u16) -> usize {
    if LONG_FIELDS.contains(&tag) { 4 } else { 2 }
}
