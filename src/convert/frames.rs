//! The stream in which the rendering process hands pages over: a magic, then frames.
//!
//! A frame is a kind (one byte), the length of its payload (`u32`, little endian) and the payload:
//!
//! | kind | payload | when |
//! |---|---|---|
//! | `C` | [`Confinement`] as JSON | first, before the document is read |
//! | `D` | page count, `u32`, 0 where only reading all would tell | once the document is open |
//! | `P` | index, width, rows, render time in µs, resolution (0 standard, 1 fine, 2 superfine), damaged rows, each `u32`; then its inked words (`inked.rs`) | one a page, in order |
//! | `Z` | nothing | after the last page |
//! | `S` | a [`PageSurvey`] of each page as JSON | after `Z`, when asked for |
//! | `I` | [`Inspection`] as JSON | after `Z` and `S`, or never |
//! | `E` | a refusal as JSON | instead of all that would follow |
//!
//! The reader trusts nothing: a process that renders a hostile document may have been taken over
//! by it. Widths are scan lines of the table, rows and pages are bounded, lengths must match.

use std::io::{self, BufReader, Read, Write};
use std::time::Duration;

use super::error::Refusal;
use super::inked::{WORD, inked_bytes, put_inked, take_inked};
use super::inspect::Inspection;
use super::sandbox::Confinement;
use super::survey::PageSurvey;
use crate::limits::Limits;
use crate::t4::Bitmap;
use crate::units::{PageWidth, Resolution};

/// Magic and version of the stream.
const MAGIC: &[u8; 8] = b"FXPAGES2";

/// Longest JSON payload that is written or read.
const JSON_BYTES_MAX: usize = 256 << 10;

/// What is read ahead at most: heads of frames come together, pages go past the buffer.
const HEADERS_BYTES: usize = 4096;

/// Bytes of a frame before its payload.
const HEAD_BYTES: usize = 5;

/// Bytes of a page frame before its masks and words.
const PAGE_HEADER_BYTES: usize = 24;

/// What the rendering process says.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Frame {
    /// The process is confined and will read the document now.
    Confined(Confinement),
    /// The document is open.
    Document {
        /// Pages that will follow, where that is known.
        pages: Option<u32>,
    },
    /// One page.
    Page(RenderedPage),
    /// All pages were sent.
    Complete,
    /// What a fax of the pages loses, page by page.
    Surveys(Vec<PageSurvey>),
    /// What the document holds besides pages.
    Inspection(Inspection),
    /// The document is refused.
    Refused(Refusal),
}

/// One page as the rendering process made it.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderedPage {
    /// Place in the document, from 0.
    pub index: u32,
    /// The page, as wide as a scan line.
    pub bitmap: Bitmap,
    /// Its vertical density.
    pub resolution: Resolution,
    /// Rows that were damaged and repeat the one above.
    pub bad_rows: u32,
    /// Time that rasterizing and binarizing took.
    pub elapsed: Duration,
}

/// Writes the stream.
pub(crate) struct FrameWriter<W> {
    out: W,
    /// Memory of a page frame, for the next.
    page: Vec<u8>,
}

impl<W: Write> FrameWriter<W> {
    pub(crate) fn new(mut out: W) -> io::Result<Self> {
        out.write_all(MAGIC)?;
        Ok(Self {
            out,
            page: Vec::new(),
        })
    }

    pub(crate) fn confined(&mut self, confinement: Confinement) -> io::Result<()> {
        self.frame(b'C', &serde_json::to_vec(&confinement)?)
    }

    pub(crate) fn document(&mut self, pages: Option<u32>) -> io::Result<()> {
        self.frame(b'D', &pages.unwrap_or(0).to_le_bytes())
    }

    /// Writes a page, which must be as wide as a scan line.
    pub(crate) fn page(&mut self, page: &RenderedPage) -> io::Result<()> {
        if PageWidth::from_pixels(page.bitmap.width()).is_none() {
            return Err(io::Error::other(
                "a page that is not as wide as a scan line",
            ));
        }
        let micros = u32::try_from(page.elapsed.as_micros()).unwrap_or(u32::MAX);
        let header = [
            page.index,
            page.bitmap.width(),
            page.bitmap.rows(),
            micros,
            page.resolution as u32,
            page.bad_rows,
        ];
        let start: Vec<u8> = header.iter().flat_map(|word| word.to_le_bytes()).collect();
        let inked_at = HEAD_BYTES + start.len();
        let end = put_inked(&page.bitmap, &mut self.page, inked_at);
        let frame = &mut self.page[..end];
        frame[..HEAD_BYTES].copy_from_slice(&head(b'P', end - HEAD_BYTES)?);
        frame[HEAD_BYTES..inked_at].copy_from_slice(&start);
        self.out.write_all(frame)
    }

    pub(crate) fn complete(&mut self) -> io::Result<()> {
        self.frame(b'Z', &[])
    }

    pub(crate) fn surveys(&mut self, surveys: &[PageSurvey]) -> io::Result<()> {
        self.optional_frame(b'S', &serde_json::to_vec(surveys)?)
    }

    pub(crate) fn inspection(&mut self, inspection: &Inspection) -> io::Result<()> {
        self.optional_frame(b'I', &serde_json::to_vec(inspection)?)
    }

    pub(crate) fn refused(&mut self, refusal: &Refusal) -> io::Result<()> {
        self.frame(b'E', &serde_json::to_vec(refusal)?)
    }

    /// Writes what the reader can do without, unless it is too long.
    fn optional_frame(&mut self, kind: u8, json: &[u8]) -> io::Result<()> {
        if json.len() > JSON_BYTES_MAX {
            return Ok(());
        }
        self.frame(kind, json)
    }

    fn frame(&mut self, kind: u8, payload: &[u8]) -> io::Result<()> {
        let mut frame = Vec::with_capacity(HEAD_BYTES + payload.len());
        frame.extend_from_slice(&head(kind, payload.len())?);
        frame.extend_from_slice(payload);
        self.out.write_all(&frame)
    }
}

/// Kind and length of a frame.
fn head(kind: u8, length: usize) -> io::Result<[u8; HEAD_BYTES]> {
    let length =
        u32::try_from(length).map_err(|_| io::Error::other("a frame longer than 4 GiB"))?;
    let [a, b, c, d] = length.to_le_bytes();
    Ok([kind, a, b, c, d])
}

/// Reads the stream, one frame in memory at a time.
pub struct FrameReader<R> {
    input: BufReader<R>,
    /// Memory of a page that was used up, for the next.
    spare: Vec<u8>,
    /// Memory of masks and words.
    masks: Vec<u8>,
    words: Vec<u8>,
    page_rows_max: u32,
    pages_max: u32,
    /// Whether the magic was read.
    is_begun: bool,
}

impl<R: Read> FrameReader<R> {
    /// A reader that accepts pages and page counts within the limits.
    pub fn new(input: R, limits: &Limits) -> Self {
        Self {
            input: BufReader::with_capacity(HEADERS_BYTES, input),
            spare: Vec::new(),
            masks: Vec::new(),
            words: Vec::new(),
            page_rows_max: limits.page_rows_max,
            pages_max: limits.document_pages_max,
            is_begun: false,
        }
    }

    /// The source of the stream.
    pub fn get_ref(&self) -> &R {
        self.input.get_ref()
    }

    /// The source of the stream.
    pub fn get_mut(&mut self) -> &mut R {
        self.input.get_mut()
    }

    /// Takes back the memory of a page that was used up.
    pub(crate) fn recycle(&mut self, bitmap: Bitmap) {
        self.spare = bitmap.into_bytes();
    }

    /// The next frame, `None` at an end between two frames. `InvalidData` says that the bytes are
    /// no such stream.
    pub fn next_frame(&mut self) -> io::Result<Option<Frame>> {
        if !self.is_begun {
            let mut magic = [0; MAGIC.len()];
            self.input.read_exact(&mut magic)?;
            if magic != *MAGIC {
                return Err(malformed("no page stream"));
            }
            self.is_begun = true;
        }
        let Some(kind) = self.read_kind()? else {
            return Ok(None);
        };
        let length = self.read_u32()? as usize;
        match (kind, length) {
            (b'C', length) => Ok(Some(Frame::Confined(self.read_json(length)?))),
            (b'D', 4) => {
                let pages = self.read_u32()?;
                if pages > self.pages_max {
                    return Err(malformed("a page count out of bounds"));
                }
                let pages = Some(pages).filter(|pages| *pages > 0);
                Ok(Some(Frame::Document { pages }))
            }
            (b'P', length) => self.read_page(length).map(|page| Some(Frame::Page(page))),
            (b'Z', 0) => Ok(Some(Frame::Complete)),
            (b'S', length) => Ok(Some(Frame::Surveys(self.read_json(length)?))),
            (b'I', length) => Ok(Some(Frame::Inspection(self.read_json(length)?))),
            (b'E', length) => Ok(Some(Frame::Refused(self.read_json(length)?))),
            _ => Err(malformed("an unknown frame")),
        }
    }

    /// The first byte of the next frame, `None` at the end of the stream.
    fn read_kind(&mut self) -> io::Result<Option<u8>> {
        let mut kind = [0];
        loop {
            match self.input.read(&mut kind) {
                Ok(0) => return Ok(None),
                Ok(_) => return Ok(Some(kind[0])),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn read_page(&mut self, length: usize) -> io::Result<RenderedPage> {
        if length < PAGE_HEADER_BYTES {
            return Err(malformed("a page frame without its header"));
        }
        let index = self.read_u32()?;
        let width = PageWidth::from_pixels(self.read_u32()?)
            .ok_or_else(|| malformed("a page that is not as wide as a scan line"))?
            .pixels();
        let rows = self.read_u32()?;
        let elapsed = Duration::from_micros(u64::from(self.read_u32()?));
        let resolution = *Resolution::ALL
            .get(self.read_u32()? as usize)
            .ok_or_else(|| malformed("a page of no known resolution"))?;
        let bad_rows = self.read_u32()?;
        let masks_bytes = rows as usize * WORD;
        if rows == 0 || rows > self.page_rows_max || masks_bytes > length - PAGE_HEADER_BYTES {
            return Err(malformed("a page with a wrong number of rows"));
        }
        let row_bytes = width as usize / 8;
        let mut masks = std::mem::take(&mut self.masks);
        self.read_into(&mut masks, masks_bytes)?;
        let words_bytes = inked_bytes(&masks, row_bytes)?;
        if words_bytes != length - PAGE_HEADER_BYTES - masks_bytes {
            return Err(malformed("a page with a wrong number of words"));
        }
        let mut words = std::mem::take(&mut self.words);
        self.read_into(&mut words, words_bytes)?;
        let mut packed = std::mem::take(&mut self.spare);
        take_inked(&masks, &words, row_bytes, &mut packed);
        (self.masks, self.words) = (masks, words);
        Ok(RenderedPage {
            index,
            bitmap: Bitmap::from_packed(width, packed),
            resolution,
            bad_rows,
            elapsed,
        })
    }

    fn read_json<T: serde::de::DeserializeOwned>(&mut self, length: usize) -> io::Result<T> {
        if length > JSON_BYTES_MAX {
            return Err(malformed("a message that is too long"));
        }
        let json = self.read_bytes(length)?;
        serde_json::from_slice(&json).map_err(|_| malformed("a message that is no JSON"))
    }

    fn read_u32(&mut self) -> io::Result<u32> {
        let mut bytes = [0; 4];
        self.input.read_exact(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// Reads exactly `length` bytes.
    fn read_bytes(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.read_into(&mut bytes, length)?;
        Ok(bytes)
    }

    /// Reads exactly `length` bytes in the place of what `bytes` held. Memory grows with what
    /// arrives, not with what was promised.
    fn read_into(&mut self, bytes: &mut Vec<u8>, length: usize) -> io::Result<()> {
        const GROWTH_MAX: usize = 1 << 20;
        bytes.truncate(length);
        let mut read = 0;
        while read < length {
            let room = bytes.len().max(length.min(read + GROWTH_MAX));
            bytes.resize(room, 0);
            self.input.read_exact(&mut bytes[read..room])?;
            read = room;
        }
        Ok(())
    }
}

fn malformed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn page(index: u32, width: u32, rows: u32) -> RenderedPage {
        let mut bitmap = Bitmap::white(width, 0);
        for y in 0..rows {
            bitmap.push_row(&vec![y as u8; width as usize / 8]);
        }
        RenderedPage {
            index,
            bitmap,
            resolution: Resolution::ALL[index as usize % 3],
            bad_rows: 3 * index,
            elapsed: Duration::from_micros(1234),
        }
    }

    fn read_all(bytes: &[u8]) -> io::Result<Vec<Frame>> {
        let mut reader = FrameReader::new(bytes, &Limits::default());
        let mut frames = Vec::new();
        while let Some(frame) = reader.next_frame()? {
            frames.push(frame);
        }
        Ok(frames)
    }

    fn stream() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = FrameWriter::new(&mut bytes).unwrap();
        writer.document(Some(2)).unwrap();
        writer.page(&page(0, 1728, 7)).unwrap();
        writer.page(&page(1, 2432, 1)).unwrap();
        writer.complete().unwrap();
        writer.surveys(&[PageSurvey::default(); 2]).unwrap();
        writer.inspection(&Inspection::default()).unwrap();
        bytes
    }

    #[test]
    fn what_was_written_is_read() {
        let frames = read_all(&stream()).unwrap();
        assert_eq!(
            frames,
            [
                Frame::Document { pages: Some(2) },
                Frame::Page(page(0, 1728, 7)),
                Frame::Page(page(1, 2432, 1)),
                Frame::Complete,
                Frame::Surveys(vec![PageSurvey::default(); 2]),
                Frame::Inspection(Inspection::default()),
            ]
        );
    }

    #[test]
    fn a_refusal_crosses_the_process_boundary() {
        let refusal = Refusal::Invalid {
            what: "it is \"broken\"".to_owned(),
        };
        let mut bytes = Vec::new();
        let mut writer = FrameWriter::new(&mut bytes).unwrap();
        writer.refused(&refusal).unwrap();
        assert_eq!(read_all(&bytes).unwrap(), [Frame::Refused(refusal)]);
    }

    #[test]
    fn pages_of_any_other_width_or_height_are_refused() {
        for (width, rows) in [(1729, 1), (0, 1), (1728, 0), (1728, 20_001)] {
            let mut bytes = MAGIC.to_vec();
            let masks = rows as usize * WORD;
            bytes.push(b'P');
            bytes.extend_from_slice(&(masks as u32 + 24).to_le_bytes());
            for word in [0u32, width, rows, 0, 1, 0] {
                bytes.extend_from_slice(&word.to_le_bytes());
            }
            bytes.resize(bytes.len() + masks, 0);
            let error = read_all(&bytes).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{width}×{rows}");
        }
    }

    #[test]
    fn pages_with_more_or_fewer_words_than_their_masks_say_are_refused() {
        for (mask, words) in [(1u64, 0u32), (0, 1), (0b11, 1), (1 << 27, 1)] {
            let mut bytes = MAGIC.to_vec();
            bytes.push(b'P');
            bytes.extend_from_slice(&(24 + 8 + 8 * words).to_le_bytes());
            for word in [0u32, 1728, 1, 0, 1, 0] {
                bytes.extend_from_slice(&word.to_le_bytes());
            }
            bytes.extend_from_slice(&mask.to_le_bytes());
            bytes.resize(bytes.len() + 8 * words as usize, 0xFF);
            let error = read_all(&bytes).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{mask:b} {words}");
        }
    }

    proptest! {
        #[test]
        fn a_stream_cut_anywhere_is_an_end_or_an_error(cut in 0usize..2000) {
            let whole = stream();
            let cut = cut % whole.len();
            match read_all(&whole[..cut]) {
                Ok(frames) => prop_assert!(frames.len() <= 5),
                Err(error) => prop_assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof),
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut stream = MAGIC.to_vec();
            stream.extend_from_slice(&bytes);
            drop(read_all(&stream));
            drop(read_all(&bytes));
        }
    }
}
