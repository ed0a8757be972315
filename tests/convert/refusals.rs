//! Documents that cannot be faxed are refused with a typed reason, and nothing is left behind.

use std::process::Command;
use std::{fs, io};

use faxmill::convert::{ConvertError, PdfiumLibrary, Renderer};
use faxmill::job::Reason;

use super::fixture::{convert_bytes, options, refuse_bytes, sample};
use super::pdf::Pdf;

#[track_caller]
fn assert_refused(document: &[u8], code: &str, reason: Reason) -> String {
    let error = refuse_bytes(document, &options());
    assert_eq!((error.code(), error.reason()), (code, reason), "{error}");
    error.to_string()
}

#[test]
fn an_empty_file() {
    assert_refused(b"", "document-empty", Reason::DocumentInvalid);
}

#[test]
fn a_file_of_another_kind_is_named_for_what_it_is() {
    for (document, word) in [
        (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], "PNG"),
        (b"\xFF\xD8\xFF\xE0\0\x10JFIF", "JPEG"),
        (b"PK\x03\x04\x14\0\x06\0[Content_Types].xml", "Office"),
        (b"<!DOCTYPE html><html>%PDF-1.4</html>", "HTML"),
        (b"{\\rtf1\\ansi Dear", "RTF"),
        (b"Dear Ms Quill,\r\n", "text"),
        (b"\0\0\0\0", "zero bytes"),
    ] {
        let sentence = assert_refused(document, "not-a-document", Reason::DocumentInvalid);
        assert!(sentence.contains(word), "{sentence}");
    }
}

#[test]
fn a_truncated_pdf() {
    let whole = fs::read(sample("letter.pdf")).unwrap();
    for length in [20, 600, whole.len() / 3] {
        assert_refused(
            &whole[..length],
            "document-invalid",
            Reason::DocumentInvalid,
        );
    }
}

#[test]
fn a_pdf_header_before_noise() {
    let mut noise = b"%PDF-1.7\n".to_vec();
    noise.extend((0..50_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8));
    assert_refused(&noise, "document-invalid", Reason::DocumentInvalid);
}

#[test]
fn a_pdf_without_pages() {
    let sentence = assert_refused(
        &Pdf::new().build(),
        "document-invalid",
        Reason::DocumentInvalid,
    );
    assert!(sentence.contains("no pages"), "{sentence}");
}

#[test]
fn a_pdf_with_a_page_that_is_none() {
    let mut pdf = Pdf::new().page("/MediaBox [0 0 612 792]", "");
    let not_a_page = pdf.object("(not a page)");
    let kids = format!("<< /Type /Pages /Kids [4 0 R {not_a_page} 0 R] /Count 2 >>");
    let tree = pdf.object(kids);
    let document = pdf.catalog(&format!("/Pages {tree} 0 R")).build();
    assert_refused(&document, "document-invalid", Reason::DocumentInvalid);
}

#[test]
fn an_encrypted_pdf() {
    assert_refused(
        &encrypt("secret"),
        "document-encrypted",
        Reason::DocumentEncrypted,
    );
}

#[test]
fn a_pdf_encrypted_with_an_empty_user_password_is_faxed() {
    let converted = convert_bytes(&encrypt(""), &options()).unwrap();
    assert_eq!(converted.sizes(), [(1728, 2142), (1728, 2142)]);
    assert!(converted.report.inspection.unwrap().is_encrypted);
}

/// The letter, encrypted by Ghostscript.
fn encrypt(user_password: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("encrypted.pdf");
    let status = Command::new("gs")
        .args(["-q", "-dNOPAUSE", "-dBATCH", "-sDEVICE=pdfwrite"])
        .args(["-dEncryptionR=3", "-dKeyLength=128", "-dPermissions=-4"])
        .arg("-sOwnerPassword=owner")
        .arg(format!("-sUserPassword={user_password}"))
        .arg("-o")
        .args([&output, &sample("letter.pdf")])
        .status()
        .expect("ghostscript is installed");
    assert!(status.success());
    fs::read(output).unwrap()
}

#[test]
fn too_many_pages() {
    let mut options = options();
    options.limits.document_pages_max = 19;
    let report = fs::read(sample("report.pdf")).unwrap();
    let error = refuse_bytes(&report, &options);
    assert!(
        matches!(
            error,
            ConvertError::TooManyPages {
                pages: 20,
                limit: 19
            }
        ),
        "{error}"
    );
    assert_eq!(error.reason(), Reason::TooManyPages);
}

#[test]
fn a_page_tree_that_promises_a_billion_pages() {
    let mut pdf = Pdf::new().page("/MediaBox [0 0 612 792]", "");
    let tree = pdf.object("<< /Type /Pages /Kids [4 0 R] /Count 1000000000 >>");
    let document = pdf.catalog(&format!("/Pages {tree} 0 R")).build();
    match convert_bytes(&document, &options()) {
        Ok(converted) => assert_eq!(converted.pages.len(), 1),
        Err(error) => assert!(
            matches!(
                error.reason(),
                Reason::TooManyPages | Reason::DocumentInvalid
            ),
            "{error}"
        ),
    }
}

#[test]
fn too_many_bytes() {
    let mut options = options();
    options.limits.document_bytes_max = 10_000;
    let error = refuse_bytes(&fs::read(sample("letter.pdf")).unwrap(), &options);
    assert_eq!(error.reason(), Reason::DocumentTooLarge);
    assert!(error.to_string().contains("10000"), "{error}");
}

#[test]
fn a_page_of_ten_million_points() {
    let pdf = Pdf::one_page(1e7, 1e7, "");
    let sentence = assert_refused(&pdf, "document-too-large", Reason::DocumentTooLarge);
    assert!(sentence.contains("14400"), "{sentence}");
}

#[test]
fn a_folder_and_a_missing_file() {
    let folder = tempfile::tempdir().unwrap();
    let error = super::fixture::convert_path(folder.path(), &options())
        .err()
        .unwrap();
    assert_eq!(error.code(), "not-a-document");
    let error = super::fixture::convert_path(&folder.path().join("none"), &options());
    let error = error.err().unwrap();
    assert!(
        matches!(&error, ConvertError::Io(io) if io.kind() == io::ErrorKind::NotFound),
        "{error}"
    );
}

#[test]
fn a_missing_library_says_what_to_do() {
    let mut options = options();
    let folder = tempfile::tempdir().unwrap();
    options.renderer = Renderer {
        pdfium: PdfiumLibrary {
            path: folder.path().join("libpdfium.so"),
            tried: vec!["/opt/libpdfium.so is not there".to_owned()],
        },
        ..options.renderer
    };
    let error = refuse_bytes(&Pdf::one_page(612.0, 792.0, ""), &options);
    assert_eq!(error.code(), "renderer-missing");
    let sentence = error.to_string();
    for part in [
        "/opt/libpdfium.so",
        "scripts/fetch-pdfium.sh",
        "FAXMILL_PDFIUM",
    ] {
        assert!(sentence.contains(part), "{sentence}");
    }
    assert_eq!(error.reason(), Reason::RendererUnavailable);
}

#[test]
fn a_missing_program_is_no_fault_of_the_document() {
    let mut options = options();
    options.renderer.program = "/nowhere/faxmill".into();
    let error = refuse_bytes(&Pdf::one_page(612.0, 792.0, ""), &options);
    assert_eq!(error.reason(), Reason::RendererUnavailable);
}
