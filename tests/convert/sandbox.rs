//! A confined process: what it can no longer do, tried out by a copy of this test program, and
//! what it still must do.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use faxmill::convert::frames::{Frame, FrameReader};
use faxmill::convert::rasterize::{Drawing, draw_page, load_library, open};
use faxmill::convert::{
    Canvas, Confinement, DocumentKind, Enforcement, RenderSettings, RenderShare, confine,
    page_digest,
};
use faxmill::limits::Limits;
use faxmill::units::{PageFit, PageWidth, Resolution, ToneMode};
use pdfium_render::prelude::Pdfium;

use super::fixture::{convert_bytes, options};
use super::pdf::Pdf;

const DEED: &str = "FAXMILL_TEST_DEED";
const ADDRESS: &str = "FAXMILL_TEST_ADDRESS";

/// `SIGSYS`, by which seccomp ends a process.
const SIGSYS: i32 = 31;

/// Exit status of a copy whose deed was refused, as it should be.
const REFUSED: i32 = 40;

/// Exit status of a copy whose deed was done.
const DONE: i32 = 41;

const FULL: Confinement = Confinement {
    landlock: Enforcement::Full,
    seccomp: Enforcement::Full,
};

/// The copy: confines itself, does what it was told, and says by its status how that went.
#[test]
#[ignore = "the other side of this file's tests, which start it"]
fn a_confined_copy() {
    let Ok(deed) = std::env::var(DEED) else {
        return;
    };
    let address = std::env::var(ADDRESS).unwrap_or_default();
    // In the only thread, as in the rendering process: that is how the harness was told to run.
    let confinement = confine().unwrap();
    assert_eq!(confinement, FULL, "this kernel has both");
    let done = match deed.as_str() {
        "nothing" => std::process::exit(0),
        "abort" => std::process::abort(),
        "read a file" => File::open("/etc/passwd").map(drop),
        "read a file of its own process" => File::open("/proc/self/environ").map(drop),
        "list a folder" => fs::read_dir("/").map(drop),
        "list fonts" => fs::read_dir("/usr/share/fonts").map(drop),
        "create a file" => File::create(&address).map(drop),
        "append to a file" => OpenOptions::new().append(true).open(&address).map(drop),
        "create beside fonts" => File::create("/usr/share/fonts/x").map(drop),
        "remove a file" => fs::remove_file(&address),
        "rename a file" => fs::rename(&address, "/tmp/elsewhere"),
        "connect" => TcpStream::connect(&address).map(drop),
        "listen" => TcpListener::bind("127.0.0.1:0").map(drop),
        "send a datagram" => UdpSocket::bind("127.0.0.1:0").map(drop),
        "local socket" => UnixDatagram::unbound().map(drop),
        "run a program" => Command::new("/bin/true").spawn().map(drop),
        "start a thread" => std::thread::Builder::new().spawn(|| ()).map(drop),
        other => panic!("no such deed: {other}"),
    };
    std::process::exit(match done {
        Ok(()) => DONE,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => REFUSED,
        Err(error) => panic!("{deed}: {error}"),
    });
}

/// How the copy ends that does this deed.
fn copy_ends(deed: &str, address: &str) -> Output {
    Command::new("/proc/self/exe")
        .args([
            "--exact",
            "convert::sandbox::a_confined_copy",
            "--ignored",
            "--nocapture",
        ])
        .env(DEED, deed)
        .env(ADDRESS, address)
        .env("RUST_TEST_THREADS", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[track_caller]
fn assert_killed(deed: &str, address: &str) {
    let output = copy_ends(deed, address);
    assert_eq!(output.status.signal(), Some(SIGSYS), "{deed}: {output:?}");
}

#[track_caller]
fn assert_refused(deed: &str, address: &str) {
    let output = copy_ends(deed, address);
    assert_eq!(output.status.code(), Some(REFUSED), "{deed}: {output:?}");
}

#[test]
fn no_file_can_be_read() {
    assert!(File::open("/etc/passwd").is_ok(), "it is there to be read");
    for deed in [
        "read a file",
        "read a file of its own process",
        "list a folder",
    ] {
        assert_refused(deed, "");
    }
}

#[test]
fn no_file_can_be_written_or_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "as it was").unwrap();
    for deed in ["append to a file", "remove a file", "rename a file"] {
        assert_killed(deed, file.to_str().unwrap());
    }
    assert_killed("create beside fonts", "");
    let other = folder.path().join("other");
    assert_killed("create a file", other.to_str().unwrap());
    assert_eq!(fs::read_to_string(&file).unwrap(), "as it was");
    assert!(!other.exists());
}

#[test]
fn no_socket_can_be_opened() {
    let far_end = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = far_end.local_addr().unwrap().to_string();
    for deed in ["connect", "listen", "send a datagram", "local socket"] {
        assert_killed(deed, &address);
    }
    far_end.set_nonblocking(true).unwrap();
    let called = far_end.accept().map(|(_, from)| from);
    assert_eq!(called.unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn no_program_and_no_thread_can_be_started() {
    assert_killed("run a program", "");
    assert_killed("start a thread", "");
}

#[test]
fn a_confined_process_still_ends_as_it_wants_and_finds_fonts() {
    assert_eq!(copy_ends("nothing", "").status.code(), Some(0));
    assert_eq!(copy_ends("abort", "").status.signal(), Some(6));
    if Path::new("/usr/share/fonts").is_dir() {
        assert_eq!(copy_ends("list fonts", "").status.code(), Some(DONE));
    }
}

#[test]
fn the_renderer_is_confined_before_it_reads_a_byte() {
    let options = options();
    let settings = RenderSettings {
        kind: DocumentKind::Pdf,
        pdfium: options.renderer.pdfium.path.clone(),
        resolution: Resolution::Fine,
        width_max: PageWidth::A3,
        mode: ToneMode::default(),
        fit: PageFit::default(),
        survey: false,
        share: RenderShare::default(),
        limits: Limits::default(),
    };
    let mut child = Command::new(&options.renderer.program)
        .args(["render-child", &serde_json::to_string(&settings).unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let limits = Limits::default();
    let mut frames = FrameReader::new(child.stdout.take().unwrap(), &limits);
    assert_eq!(frames.next_frame().unwrap(), Some(Frame::Confined(FULL)));
    // It waits for the document now.
    let mut status = String::new();
    let proc = format!("/proc/{}/status", child.id());
    File::open(proc)
        .unwrap()
        .read_to_string(&mut status)
        .unwrap();
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2", "Seccomp_filters:\t2"] {
        assert!(status.contains(line), "{status}");
    }
    let mut document = child.stdin.take().unwrap();
    document
        .write_all(&Pdf::one_page(612.0, 792.0, "0 0 9 9 re f"))
        .unwrap();
    drop(document);
    assert_eq!(
        frames.next_frame().unwrap(),
        Some(Frame::Document { pages: Some(1) })
    );
    while frames.next_frame().unwrap().is_some() {}
    assert!(child.wait().unwrap().success());
}

/// One test, because a process loads the library once.
#[test]
fn fonts_of_the_system_are_drawn_as_by_a_free_process_and_chosen_as_pdfium_would() {
    let options = options();
    let mut pdfium = load_library(&options.renderer.pdfium.path).unwrap();
    let mut digests = Vec::new();
    // One that PDFium carries itself, one that only the system has.
    for font in ["Times-Roman", "NimbusSansNarrow-Bold"] {
        let free = drawn(&pdfium, font);
        let confined = convert_bytes(&text_in(font), &options).unwrap();
        assert_eq!(confined.report.confinement, FULL);
        assert!(confined.report.pages[0].black_share > 0.001, "{font}");
        assert_eq!(confined.report.pages[0].digest, free, "{font}");
        digests.push(free);
    }
    assert_ne!(digests[0], digests[1], "the fonts are different ones");

    let names = [
        "Helvetica",
        "Courier-BoldOblique",
        "ArialMT",
        "TimesNewRoman,Bold",
        "DejaVuSansBook",
        "DejaVuSerif-BoldItalic",
        "NimbusSansNarrow-Bold",
        "NimbusRoman,BoldItalic",
        "ABCDEF+NimbusMonoPS-Regular",
        "Nimbus#20Sans",
        "NimbusSan",
        "P052",
    ];
    // The stand-in for all others takes on weight and width, and keeps some of it.
    drawn(&pdfium, "Garamond");
    let stand_in = drawn(&pdfium, "Nowhere-Bold");
    let ours = names.map(|name| (name, drawn(&pdfium, name)));
    assert_ne!(ours[6].1, stand_in, "a font of the system is drawn");
    pdfium.use_platform_default_font_provider().unwrap();
    drawn(&pdfium, "Garamond");
    assert_eq!(ours, names.map(|name| (name, drawn(&pdfium, name))));
}

/// The digest of a page of text in a font, as this process draws it.
fn drawn(pdfium: &Pdfium, font: &str) -> String {
    let limits = Limits::default();
    let drawing = Drawing {
        resolution: Resolution::Fine,
        width_max: PageWidth::A3,
        mode: ToneMode::default(),
        fit: PageFit::default(),
        limits: &limits,
    };
    let pdf = text_in(font);
    let document = open(pdfium, &pdf, &limits).unwrap();
    page_digest(&draw_page(&document, 0, drawing, &mut Canvas::default()).unwrap())
}

/// A page of text in a font that the document does not carry.
fn text_in(font: &str) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let font = pdf.object(format!(
        "<< /Type /Font /Subtype /TrueType /BaseFont /{font} /Encoding /WinAnsiEncoding >>"
    ));
    let content = pdf.stream("", b"BT /F 40 Tf 72 400 Td (illimitable WIMWAM) Tj ET");
    pdf.page_of(
        &format!("/MediaBox [0 0 612 792] /Resources << /Font << /F {font} 0 R >> >>"),
        content,
    );
    pdf.build()
}
