//! What somebody wrote down for a cover page: fields, and the names of a template and a logo.

use std::collections::BTreeMap;

use toml::Spanned;

use super::CoverError;
use super::template::Source;
use crate::job::{CoverField, CoverFields};

/// A cover file: TOML in which every field is a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoverFile {
    /// The fields that it fills in.
    pub fields: CoverFields,
    /// The template it names: one of the configuration's, or a file.
    pub template: Option<String>,
    /// The logo it names: one of the configuration's, or a file.
    pub logo: Option<String>,
}

impl CoverFile {
    /// Reads a cover file; `file` names it in errors.
    pub fn parse(file: &str, text: &str) -> Result<Self, CoverError> {
        let source = Source { file, text };
        let entries: BTreeMap<Spanned<String>, String> =
            toml::from_str(text).map_err(|error| source.syntax(&error))?;
        let mut read = Self::default();
        for (name, value) in entries {
            let at = name.span().start;
            match name.get_ref().as_str() {
                "template" => read.template = Some(value),
                "logo" => read.logo = Some(value),
                name => name
                    .parse::<CoverField>()
                    .and_then(|field| read.fields.set(field, value))
                    .map_err(|error| source.wrong(at, error.to_string()))?,
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_template_and_logo_are_read_and_anything_else_is_told_with_its_line() {
        let text = "to_name = \"Ada\"\nlogo = \"mark.png\"\ncomments = \"\"\"\nOne\nTwo\"\"\"\n";
        let file = CoverFile::parse("c.toml", text).unwrap();
        assert_eq!(file.fields.entries()[&CoverField::Comments], "One\nTwo");
        assert_eq!(
            (file.logo.as_deref(), file.template),
            (Some("mark.png"), None)
        );
        for (text, said) in [
            (
                "date = \"x\"\nto_nam = \"Ada\"",
                "c.toml:2: \"to_nam\" is no field",
            ),
            ("page_count = \"3\"", "c.toml:1: page_count is counted"),
            ("to_name = \"Ada\"\nsubject = 3", "c.toml:2: "),
            ("to_name = ", "c.toml:1: "),
        ] {
            let error = CoverFile::parse("c.toml", text).unwrap_err();
            assert!(error.to_string().starts_with(said), "{error}");
        }
    }
}
