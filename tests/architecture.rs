//! The rooms import downward only, and the pure rooms touch nothing of the outside world.
//!
//! `ARCHITECTURE.md` shows the same table to people; a room that is missing here fails the test.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room with the rooms it may import.
const ROOMS: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("limits", &[]),
    ("t4", &["units", "limits"]),
    ("header", &["units", "t4"]),
    ("job", &["units", "limits", "header"]),
    ("audio", &["units", "limits", "job"]),
    ("convert", &["units", "limits", "job", "t4", "header"]),
    (
        "t30",
        &["units", "limits", "job", "t4", "convert", "header"],
    ),
    ("t38", &["units", "limits"]),
    ("sip", &["units", "limits", "job", "audio", "t30", "t38"]),
    ("artifact", &["units", "limits", "job"]),
    ("config", &["units", "limits", "header", "artifact"]),
    ("store", &["units", "limits", "job"]),
    ("queue", &["units", "limits", "job", "store"]),
    (
        "pipeline",
        &[
            "units", "limits", "job", "t4", "header", "audio", "convert", "t30", "t38", "sip",
            "config", "artifact", "queue", "store",
        ],
    ),
];

/// Files that hold protocols, codecs and rules: bytes, events and time in, the same out.
const PURE: &[&str] = &[
    "src/units.rs",
    "src/limits.rs",
    "src/t4",
    "src/header/error.rs",
    "src/header/font.rs",
    "src/header/format.rs",
    "src/header/line.rs",
    "src/header/stamp.rs",
    "src/header/words.rs",
    "src/job",
    "src/t38",
    "src/sip/causes.rs",
    "src/sip/ced.rs",
    "src/sip/offer_answer",
    "src/sip/offer_answer.rs",
    "src/sip/sdp.rs",
    "src/sip/uri.rs",
    "src/audio/g711.rs",
    "src/audio/gsm.rs",
    "src/convert/airtime.rs",
    "src/convert/cover/font.rs",
    "src/convert/cover/pdf.rs",
    "src/convert/cover/sheet.rs",
    "src/convert/cover/template.rs",
    "src/convert/cover/typeset.rs",
    "src/convert/layout.rs",
    "src/convert/binarize",
];

/// What a pure file never names.
const OUTSIDE: &[&str] = &[
    "tokio",
    "std::fs",
    "UdpSocket",
    "TcpStream",
    "TcpListener",
    "ToSocketAddrs",
    "std::thread",
    "std::process",
    "std::env",
    "Instant::now",
    "SystemTime",
    "fastrand",
    "uuid::Uuid::now",
    "sqlx",
    "object_store",
];

/// Where `unsafe` may be written: around the C engines, for the vectors of the codec, of
/// binarization and of resampling, to fork a process of one thread, to advise kernel and allocator
/// on memory and to tell PDFium of fonts.
const FFI: &[&str] = &[
    "src/t30/",
    "src/t4/simd/",
    "src/convert/binarize/simd/",
    "src/convert/resample/simd/",
    "src/convert/canvas.rs",
    "src/convert/fork.rs",
    "src/convert/heap.rs",
    "src/convert/system_fonts/mod.rs",
];

#[test]
fn every_room_imports_only_rooms_below_it() {
    let mut broken = Vec::new();
    for file in rust_files(Path::new("src")) {
        let path = file.display().to_string();
        let Some(room) = room_of(&path) else { continue };
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            broken.push(format!("{path}: the room {room} is not in the table"));
            continue;
        };
        for (number, line) in code_lines(&file) {
            for import in line.split("crate::").skip(1) {
                let target: String = import
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                let grouped = import.starts_with('{');
                let is_room = ROOMS.iter().any(|(name, _)| *name == target);
                if grouped {
                    broken.push(format!("{path}:{number}: import one room a line"));
                } else if is_room && target != room && !allowed.contains(&target.as_str()) {
                    broken.push(format!("{path}:{number}: {room} imports {target}"));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn pure_rooms_touch_nothing_outside() {
    let mut broken = Vec::new();
    for pure in PURE {
        let path = Path::new(pure);
        assert!(
            path.exists(),
            "{pure} is in the table of pure files but does not exist"
        );
        let files = if path.is_dir() {
            rust_files(path)
        } else {
            vec![path.to_owned()]
        };
        for file in files {
            for (number, line) in code_lines(&file) {
                if let Some(word) = OUTSIDE.iter().find(|word| line.contains(**word)) {
                    broken.push(format!("{}:{number}: names {word}", file.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn unsafe_stays_in_the_ffi_rooms() {
    let mut broken = Vec::new();
    for folder in ["src", "workers"] {
        for file in rust_files(Path::new(folder)) {
            let path = file.display().to_string();
            if FFI.iter().any(|room| path.starts_with(room)) {
                continue;
            }
            for (number, line) in code_lines(&file) {
                if line.contains("unsafe ") || line.contains("allow(unsafe_code)") {
                    broken.push(format!("{path}:{number}: {}", line.trim()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn room_of(path: &str) -> Option<String> {
    let inner = path.strip_prefix("src/")?;
    let room = inner.split('/').next()?.trim_end_matches(".rs");
    (room != "lib").then(|| room.to_owned())
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is part of the checkout") {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Lines of code with their numbers: comments out, and unit tests at a file's end out.
fn code_lines(file: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(file).expect("sources are UTF-8");
    text.lines()
        .enumerate()
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| (index + 1, line.to_owned()))
        .collect()
}
