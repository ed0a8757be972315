//! Colour spaces of images, as far as a fax needs them: how dark a sample is.

use lopdf::{Document, Object};

/// What the components of a sample mean.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Colour {
    Gray,
    Rgb,
    /// One component that is a place in this table of grey levels.
    Indexed(Vec<u8>),
}

impl Colour {
    /// Reads a colour space (ISO 32000-1 §8.6). Calibrated spaces are taken for the device spaces
    /// of as many components; what has none of those is `None`.
    pub(super) fn read(document: &Document, space: &Object) -> Option<Self> {
        match space {
            Object::Name(name) => device_space(name),
            Object::Array(parts) => {
                let part = |index: usize| Some(document.dereference(parts.get(index)?).ok()?.1);
                match part(0)?.as_name().ok()? {
                    b"CalGray" => Some(Self::Gray),
                    b"CalRGB" => Some(Self::Rgb),
                    b"ICCBased" => {
                        let profile = &part(1)?.as_stream().ok()?.dict;
                        let components = profile.get_deref(b"N", document).ok()?;
                        match components.as_i64().ok()? {
                            1 => Some(Self::Gray),
                            3 => Some(Self::Rgb),
                            _ => None,
                        }
                    }
                    b"Indexed" => indexed(document, part(1)?, part(2)?, part(3)?),
                    name if parts.len() == 1 => device_space(name),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    pub(super) fn components(&self) -> usize {
        match self {
            Self::Gray | Self::Indexed(_) => 1,
            Self::Rgb => 3,
        }
    }
}

fn device_space(name: &[u8]) -> Option<Colour> {
    match name {
        b"DeviceGray" => Some(Colour::Gray),
        b"DeviceRGB" => Some(Colour::Rgb),
        _ => None,
    }
}

/// An indexed space (§8.6.6.3) as grey levels.
fn indexed(document: &Document, base: &Object, last: &Object, table: &Object) -> Option<Colour> {
    let base = match Colour::read(document, base)? {
        Colour::Indexed(_) => return None,
        base => base,
    };
    let entries = usize::try_from(last.as_i64().ok()?).ok()?.checked_add(1)?;
    if entries > 256 {
        return None;
    }
    let bytes = entries * base.components();
    let table = match table {
        Object::String(bytes, _) => bytes.clone(),
        Object::Stream(stream) => stream.get_plain_content_with_limit(4096).ok()?,
        _ => return None,
    };
    let table = table.get(..bytes)?;
    Some(Colour::Indexed(match base {
        Colour::Rgb => table.chunks_exact(3).map(brightness).collect(),
        _ => table.to_vec(),
    }))
}

/// How bright red, green and blue are together, by the weights that the renderer takes.
#[inline]
pub(super) fn brightness(rgb: &[u8]) -> u8 {
    let weighted = u32::from(rgb[0]) * 30 + u32::from(rgb[1]) * 59 + u32::from(rgb[2]) * 11;
    (weighted / 100) as u8
}
