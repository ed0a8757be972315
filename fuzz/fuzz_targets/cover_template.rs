//! Any text as the template of a cover page, and as a cover file whose fields are set into it.
#![no_main]

use faxmill::convert::{Cover, CoverFile, Template};
use faxmill::job::CoverFields;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| {
    let (template, file) = data.split_once("\n---\n").unwrap_or((data, ""));
    let fields = CoverFile::parse("cover", file)
        .map_or_else(|_| CoverFields::default(), |file| file.fields);
    let mut cover = Cover::new(fields);
    if let Ok(template) = Template::parse("template", template) {
        cover.template = template;
    }
    if let Ok(sheet) = cover.sheet(7) {
        let _ = sheet.to_pdf(None);
    }
});
