//! Images of `Compression` 6, the JPEG of TIFF 6.0 §22 that scanners and fax programs of the 1990s
//! wrote: one stream for the image, whole, cut behind its header, or with its tables in fields.

use std::io::{Cursor, Read, Seek};

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::GrayImage;
use super::ink::{Ink, Model};
use crate::convert::ConvertError;
use crate::convert::tiff_directory::{Directory, TiffFile, invalid, tag};
use crate::convert::tiff_strips::strips;

/// Most pixels that a frame is larger than its image in either direction.
const SURPLUS_MAX: usize = 1024;

/// Markers of ITU-T T.81 Table B.1.
const START: [u8; 2] = [0xFF, 0xD8];
const END: [u8; 2] = [0xFF, 0xD9];
const FRAME: u8 = 0xC0;
const HUFFMAN_TABLE: u8 = 0xC4;
const SCAN: u8 = 0xDA;
const QUANTIZATION_TABLE: u8 = 0xDB;

/// Reads an image onto a canvas of its size.
pub(super) fn read_old_jpeg<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
    ink: &Ink,
    canvas: &mut GrayImage,
) -> Result<(), ConvertError> {
    if !matches!(ink.model, Model::Gray { .. } | Model::Brightness { .. }) {
        return Err(unusual("its colours"));
    }
    let stream = whole_stream(file, directory, canvas)?;
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(stream), options);
    let broken = |error| invalid(format!("an image's JPEG data is broken: {error:?}"));
    decoder.decode_headers().map_err(broken)?;
    let (width, height) = (canvas.width as usize, canvas.height as usize);
    let frame = decoder
        .info()
        .map(|info| (usize::from(info.width), usize::from(info.height)))
        .filter(|frame| (width..=width + SURPLUS_MAX).contains(&frame.0))
        .filter(|frame| (height..=height + SURPLUS_MAX).contains(&frame.1));
    let Some((frame_width, frame_height)) = frame else {
        return Err(invalid("an image's JPEG frame is of another size"));
    };
    let levels = decoder.decode().map_err(broken)?;
    if levels.len() != frame_width * frame_height {
        return Err(unusual("its components"));
    }
    let mut samples = vec![0; width];
    for (row, stored) in canvas
        .pixels
        .chunks_exact_mut(width)
        .zip(levels.chunks_exact(frame_width))
    {
        for (sample, level) in samples.iter_mut().zip(stored) {
            *sample = u16::from(*level);
        }
        ink.paint(&samples, 1, row);
    }
    Ok(())
}

fn unusual(what: &str) -> ConvertError {
    ConvertError::Unsupported {
        what: format!("old-style JPEG in TIFF (compression 6), unusual in {what}"),
    }
}

/// A stream that a JPEG decoder can read by itself.
fn whole_stream<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
    canvas: &GrayImage,
) -> Result<Vec<u8>, ConvertError> {
    let mut stream = Vec::new();
    if let Some(at) = file.number(directory, tag::JPEG_STREAM)? {
        let len = file.number(directory, tag::JPEG_STREAM_LENGTH)?;
        stream = file.bytes_at(at, len.filter(|len| *len > 0).unwrap_or(file.len()))?;
    }
    match scan_start(&stream) {
        Some(start) if start + END.len() < stream.len() => return Ok(stream),
        // Only a header: the strips hold what follows it.
        Some(start) => stream.truncate(start),
        None if !stream.is_empty() => return Err(unusual("its header")),
        None => {}
    }
    let (width, height, count) = frame_size(file, directory, canvas)?;
    let mut data = Vec::new();
    for (offset, len) in strips(file, directory, count)? {
        data.extend(file.bytes_at(offset, len)?);
    }
    if data.starts_with(&START) {
        return Ok(data);
    }
    if stream.is_empty() {
        if count > 1 {
            return Err(unusual("its several strips"));
        }
        stream = header(file, directory, (width, height))?;
    }
    stream.extend(data);
    stream.extend(END);
    Ok(stream)
}

/// Where coded data begins, behind the header of the first scan (T.81 §B.2.3).
fn scan_start(stream: &[u8]) -> Option<usize> {
    let mut at = stream.strip_prefix(&START).map(|_| START.len())?;
    loop {
        let [0xFF, marker, high, low] = *stream.get(at..at + 4)? else {
            return None;
        };
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
        if marker == SCAN {
            return (at <= stream.len()).then_some(at);
        }
    }
}

/// Width and height of the coded frame, and how many strips or tiles it is in.
fn frame_size<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
    canvas: &GrayImage,
) -> Result<(u64, u64, u64), ConvertError> {
    let (width, height) = (u64::from(canvas.width), u64::from(canvas.height));
    if directory.has(tag::TILE_WIDTH) {
        let tile_width = file.number(directory, tag::TILE_WIDTH)?.unwrap_or(0);
        let tile_height = file.number(directory, tag::TILE_LENGTH)?.unwrap_or(0);
        if tile_width < width || tile_height < height {
            return Err(unusual("its several tiles"));
        }
        return Ok((tile_width, tile_height, 1));
    }
    let rows = file.number(directory, tag::ROWS_PER_STRIP)?;
    let rows = rows.filter(|rows| *rows > 0).unwrap_or(height);
    Ok((width, height, height.div_ceil(rows)))
}

/// A header from the tables that the fields point to.
fn header<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
    (width, height): (u64, u64),
) -> Result<Vec<u8>, ConvertError> {
    let samples = file.number(directory, tag::SAMPLES_PER_PIXEL)?.unwrap_or(1);
    if !matches!(samples, 1 | 3) {
        return Err(unusual("its samples"));
    }
    let (Ok(width), Ok(height)) = (u16::try_from(width), u16::try_from(height)) else {
        return Err(invalid("an image is larger than JPEG frames are"));
    };
    let sampling = match file
        .numbers(directory, tag::YCBCR_SUBSAMPLING, 2)?
        .as_deref()
    {
        _ if samples == 1 => 0x11,
        Some(&[across @ 1..=4, down @ 1..=4]) => (across << 4 | down) as u8,
        _ => 0x22,
    };
    let mut header = START.to_vec();
    for (index, at) in tables(file, directory, tag::JPEG_Q_TABLES, samples)? {
        let table = file.bytes_at(at, 64)?;
        segment(
            &mut header,
            QUANTIZATION_TABLE,
            &[&[index], &table[..]].concat(),
        );
    }
    let components =
        (0..samples as u8).map(|index| (index, if index == 0 { sampling } else { 0x11 }));
    let mut frame = vec![8];
    frame.extend(height.to_be_bytes());
    frame.extend(width.to_be_bytes());
    frame.push(samples as u8);
    frame.extend(components.flat_map(|(index, sampling)| [index + 1, sampling, index]));
    segment(&mut header, FRAME, &frame);
    for (class, tag) in [(0x00, tag::JPEG_DC_TABLES), (0x10, tag::JPEG_AC_TABLES)] {
        for (index, at) in tables(file, directory, tag, samples)? {
            let counts = file.bytes_at(at, 16)?;
            let values = counts.iter().map(|count| u64::from(*count)).sum();
            let values = file.bytes_at(at.saturating_add(16), values)?;
            let table = [&[class | index], &counts[..], &values[..]].concat();
            segment(&mut header, HUFFMAN_TABLE, &table);
        }
    }
    let mut scan = vec![samples as u8];
    scan.extend((0..samples as u8).flat_map(|index| [index + 1, index << 4 | index]));
    scan.extend([0, 63, 0]);
    segment(&mut header, SCAN, &scan);
    Ok(header)
}

/// Where the table of each component lies.
fn tables<R: Read + Seek>(
    file: &mut TiffFile<R>,
    directory: &Directory,
    tag: u16,
    samples: u64,
) -> Result<Vec<(u8, u64)>, ConvertError> {
    let places = file.numbers(directory, tag, samples)?.unwrap_or_default();
    if places.len() as u64 != samples {
        return Err(invalid("an image's JPEG tables are missing"));
    }
    Ok((0..).zip(places).collect())
}

fn segment(stream: &mut Vec<u8>, marker: u8, content: &[u8]) {
    stream.extend([0xFF, marker]);
    // Tables have at most 1 + 16 + 16 * 255 bytes.
    stream.extend((content.len() as u16 + 2).to_be_bytes());
    stream.extend(content);
}
