//! What an artifact is said to be to whoever downloads it.

/// The media type of an artifact by its name's ending.
///
/// Whatever a browser would run or render as a page is plain bytes: an upload's name is the
/// sender's choice.
pub(super) fn media_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending.to_ascii_lowercase().as_str() {
        "pdf" => "application/pdf",
        "tif" | "tiff" => "image/tiff",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "flac" => "audio/flac",
        "ogg" | "opus" => "audio/ogg",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::media_type;

    #[test]
    fn pages_and_programs_are_plain_bytes() {
        assert_eq!(media_type("fax.TIFF"), "image/tiff");
        for name in ["a.html", "a.svg", "a.js", "pdf", "", "a.pdf.exe"] {
            assert_eq!(media_type(name), "application/octet-stream", "{name}");
        }
    }
}
