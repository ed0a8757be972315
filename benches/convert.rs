//! From a PDF to a fax TIFF: drawing a page, and whole documents through the confined process.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use faxmill::convert::rasterize::{Drawing, draw_page, load_library, open};
use faxmill::convert::{Canvas, ConvertOptions, PdfiumLibrary, Renderer, convert_file};
use faxmill::limits::Limits;
use faxmill::units::{PageFit, PageWidth, Resolution, ToneMode};

criterion_group!(benches, draw_pages, whole_documents);
criterion_main!(benches);

const SAMPLES: [&str; 5] = ["letter", "form", "photo", "landscape-table", "report"];

fn draw_pages(criterion: &mut Criterion) {
    let library = PdfiumLibrary::find().expect("PDFium was fetched");
    let pdfium = load_library(&library.path).expect("PDFium loads");
    let limits = Limits::default();
    let drawing = Drawing {
        resolution: Resolution::Fine,
        width_max: PageWidth::A3,
        mode: ToneMode::Auto,
        fit: PageFit::default(),
        limits: &limits,
    };
    let mut group = criterion.benchmark_group("draw_first_page");
    for name in SAMPLES {
        let pdf = fs::read(sample(name)).expect("the sample is there");
        let document = open(&pdfium, &pdf, &limits).expect("the sample opens");
        let mut canvas = Canvas::default();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                draw_page(black_box(&document), 0, drawing, &mut canvas).expect("the page draws")
            });
        });
    }
    group.finish();
}

fn whole_documents(criterion: &mut Criterion) {
    let options = ConvertOptions::new(Renderer {
        program: PathBuf::from(env!("CARGO_BIN_EXE_faxmill")),
        pdfium: PdfiumLibrary::find().expect("PDFium was fetched"),
    });
    let folder = tempfile::tempdir().expect("there is room for temporary files");
    let output = folder.path().join("fax.tif");
    let never = AtomicBool::new(false);
    let mut group = criterion.benchmark_group("pdf_to_fax_tiff");
    for (name, pages) in [("letter", 2), ("report", 20)] {
        group.throughput(Throughput::Elements(pages));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                convert_file(&sample(name), &output, &options, &mut |_| {}, &never)
                    .expect("the sample converts")
            });
        });
    }
    group.finish();
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("samples")
        .join(name)
        .with_extension("pdf")
}
