//! What PDFium's drawing alone costs: a process that loads the library, opens the PDF it is given
//! and draws each page into a white grey buffer at fax geometry, for `scripts/bench_peers.py`.

use std::process::ExitCode;

use faxmill::convert::rasterize::{Drawing, draw_levels, load_library, open};
use faxmill::convert::{Canvas, PdfiumLibrary};
use faxmill::limits::Limits;
use faxmill::units::{PageFit, PageWidth, Resolution, ToneMode};

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: raster_floor FILE.pdf");
        return ExitCode::from(64);
    };
    let pdf = std::fs::read(path).expect("the file can be read");
    let library = PdfiumLibrary::find().expect("PDFium was fetched");
    let pdfium = load_library(&library.path).expect("PDFium loads");
    let limits = Limits::default();
    let drawing = Drawing {
        resolution: Resolution::Fine,
        width_max: PageWidth::A3,
        mode: ToneMode::default(),
        fit: PageFit::default(),
        limits: &limits,
    };
    let document = open(&pdfium, &pdf, &limits).expect("the PDF opens");
    let mut canvas = Canvas::default();
    for index in 0..document.pages().len() {
        draw_levels(&document, index as u32, drawing, &mut canvas).expect("the page draws");
    }
    ExitCode::SUCCESS
}
