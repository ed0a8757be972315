//! Memory does not grow with the number of pages.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use super::fixture::side_by_side;
use super::pdf::Pdf;

const PAGES: u32 = 2000;

/// Most that any process may have resident at any time, in KiB.
const RESIDENT_KIB_MAX: u64 = 150 << 10;

/// Runs a command and prints the most that it, or a process that it waited for, had resident.
const MEASURED: &str = "\
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";

/// A document of many pages, each with its own text.
fn long_document() -> Vec<u8> {
    let mut pdf = Pdf::new();
    let font = pdf.object("<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>");
    for page in 1..=PAGES {
        let mut content = "BT /F 14 Tf 16 TL 72 700 Td\n".to_owned();
        for line in 0..8 {
            writeln!(
                content,
                "(page {page}, line {line}: as long as any other) Tj T*"
            )
            .unwrap();
        }
        content.push_str("ET");
        let entries = format!("/MediaBox [0 0 612 792] /Resources << /Font << /F {font} 0 R >> >>");
        pdf = pdf.page(&entries, &content);
    }
    pdf.build()
}

#[test]
fn two_thousand_pages_take_as_little_memory_as_two() {
    let _guard = side_by_side();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("long.pdf"), long_document()).unwrap();
    fs::write(
        path("faxmill.toml"),
        format!("[limits]\ndocument_pages_max = {PAGES}\n"),
    )
    .unwrap();
    let run = Command::new("python3")
        .args(["-c", MEASURED, env!("CARGO_BIN_EXE_faxmill"), "--config"])
        .arg(path("faxmill.toml"))
        .arg("convert")
        .arg(path("long.pdf"))
        .arg("-o")
        .arg(path("fax.tif"))
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    let resident_kib: u64 = String::from_utf8_lossy(&run.stdout).trim().parse().unwrap();
    assert!(resident_kib < RESIDENT_KIB_MAX, "{resident_kib} KiB");
    let info = Command::new("tiffinfo")
        .arg(path("fax.tif"))
        .output()
        .unwrap();
    let directories = String::from_utf8_lossy(&info.stdout)
        .matches("TIFF Directory")
        .count();
    assert_eq!(directories, PAGES as usize);
}
