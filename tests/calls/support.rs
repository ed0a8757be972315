//! What every call scenario needs: agents on ports of the system's choice, and pages to send.

use std::path::{Path, PathBuf};
use std::time::Duration;

use faxmill::convert::{FaxPage, FaxTiffReader, FaxTiffWriter};
use faxmill::limits::Limits;
use faxmill::sip::{Agent, AgentConfig, SipUri};
use faxmill::t4::Bitmap;
use faxmill::units::Resolution;

/// An agent on loopback.
pub(crate) async fn agent() -> Agent {
    let mut config = AgentConfig::new("127.0.0.1:0".parse().expect("an address"));
    config.first_response_within = Duration::from_secs(3);
    Agent::start(config).await.expect("an agent on loopback")
}

/// The address under which an agent takes a number.
pub(crate) fn number_at(agent: &Agent, number: &str) -> SipUri {
    format!("sip:{number}@{}", agent.local_addr())
        .parse()
        .expect("a SIP address")
}

/// Writes a fax TIFF of short pages, each with its own pattern, and gives back the pages.
pub(crate) fn write_pages(path: &Path, pages: u32) -> Vec<Bitmap> {
    let file = std::fs::File::create(path).expect("a new file");
    let mut writer = FaxTiffWriter::new(file).expect("a fax TIFF");
    let mut written = Vec::new();
    for page in 0..pages {
        let bitmap = pattern(page);
        writer
            .page(&FaxPage {
                bitmap: &bitmap,
                resolution: Resolution::Fine,
            })
            .expect("a page");
        written.push(bitmap);
    }
    writer.finish().expect("a whole file");
    written
}

/// Bars whose place and width differ from row block to row block and from page to page.
fn pattern(page: u32) -> Bitmap {
    let mut bitmap = Bitmap::white(1728, 0);
    for y in 0..400u32 {
        let mut row = [0u8; 216];
        let start = ((y / 20) * 7 + page * 31) % 150;
        for byte in row.iter_mut().skip(start as usize).take(40) {
            *byte = if y % 20 < 12 { 0xF3 } else { 0x00 };
        }
        bitmap.push_row(&row);
    }
    bitmap
}

/// The pages of a received file.
pub(crate) fn read_pages(path: &Path) -> Vec<Bitmap> {
    let bytes = std::fs::read(path).expect("a received file");
    let reader = FaxTiffReader::from_bytes(&bytes, &Limits::default()).expect("a fax TIFF");
    reader.map(|page| page.expect("a page").bitmap).collect()
}

/// A folder with a fax of some pages in it.
pub(crate) struct Desk {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) pages: Vec<Bitmap>,
}

impl Desk {
    pub(crate) fn with_pages(pages: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let pages = write_pages(&folder.path().join("fax.tiff"), pages);
        Self { folder, pages }
    }

    pub(crate) fn fax(&self) -> PathBuf {
        self.folder.path().join("fax.tiff")
    }

    pub(crate) fn received(&self) -> PathBuf {
        self.folder.path().join("received.tiff")
    }
}
