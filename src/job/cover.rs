//! What is asked for on a cover page.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A field of a cover page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoverField {
    /// Who is to get the fax.
    ToName,
    /// Where they work.
    ToCompany,
    /// The number that is dialed, unless something else is to be shown.
    ToNumber,
    /// Who sends the fax.
    FromName,
    /// Where they work.
    FromCompany,
    /// The number to fax back to.
    FromNumber,
    /// The number to call back.
    FromVoiceNumber,
    /// What it is about.
    Subject,
    /// As many words as the template has room for; line breaks are kept.
    Comments,
    /// The day the fax was accepted, unless something else is to be shown.
    Date,
    /// Pages of the fax, the cover page included: counted, never given.
    PageCount,
    /// What a reader must do whom it was not meant for.
    Confidentiality,
}

impl CoverField {
    /// Every field.
    pub const ALL: [Self; 12] = [
        Self::ToName,
        Self::ToCompany,
        Self::ToNumber,
        Self::FromName,
        Self::FromCompany,
        Self::FromNumber,
        Self::FromVoiceNumber,
        Self::Subject,
        Self::Comments,
        Self::Date,
        Self::PageCount,
        Self::Confidentiality,
    ];

    /// The name in commands, templates and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ToName => "to_name",
            Self::ToCompany => "to_company",
            Self::ToNumber => "to_number",
            Self::FromName => "from_name",
            Self::FromCompany => "from_company",
            Self::FromNumber => "from_number",
            Self::FromVoiceNumber => "from_voice_number",
            Self::Subject => "subject",
            Self::Comments => "comments",
            Self::Date => "date",
            Self::PageCount => "page_count",
            Self::Confidentiality => "confidentiality",
        }
    }

    /// All names, for a message.
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

impl fmt::Display for CoverField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for CoverField {
    type Err = CoverFieldsError;

    fn from_str(text: &str) -> Result<Self, CoverFieldsError> {
        Self::ALL
            .into_iter()
            .find(|field| field.name() == text)
            .ok_or_else(|| CoverFieldsError::Unknown {
                name: text.chars().take(40).collect(),
            })
    }
}

/// The fields that are filled in: bounded, and without the one that is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    try_from = "BTreeMap<CoverField, String>",
    into = "BTreeMap<CoverField, String>"
)]
pub struct CoverFields(BTreeMap<CoverField, String>);

impl CoverFields {
    /// Longest text of a field, in bytes: more than a page of small print.
    pub const TEXT_BYTES_MAX: usize = 8000;

    /// The filled-in fields.
    pub const fn entries(&self) -> &BTreeMap<CoverField, String> {
        &self.0
    }

    /// Fills in a field, over what it was.
    pub fn set(&mut self, field: CoverField, text: String) -> Result<(), CoverFieldsError> {
        if field == CoverField::PageCount {
            return Err(CoverFieldsError::Counted);
        }
        if text.len() > Self::TEXT_BYTES_MAX {
            return Err(CoverFieldsError::TooLong { field });
        }
        self.0.insert(field, text);
        Ok(())
    }
}

impl TryFrom<BTreeMap<CoverField, String>> for CoverFields {
    type Error = CoverFieldsError;

    fn try_from(entries: BTreeMap<CoverField, String>) -> Result<Self, CoverFieldsError> {
        let mut fields = Self::default();
        for (field, text) in entries {
            fields.set(field, text)?;
        }
        Ok(fields)
    }
}

impl From<CoverFields> for BTreeMap<CoverField, String> {
    fn from(fields: CoverFields) -> Self {
        fields.0
    }
}

/// Fields that no cover page can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CoverFieldsError {
    /// No field has this name.
    #[error(
        "\"{name}\" is no field of a cover page: the fields are {}",
        CoverField::names()
    )]
    Unknown {
        /// The beginning of what was given.
        name: String,
    },
    /// The number of pages was given.
    #[error("page_count is counted and cannot be given")]
    Counted,
    /// A text over the bound.
    #[error(
        "the cover page's {field} has more than {} bytes",
        CoverFields::TEXT_BYTES_MAX
    )]
    TooLong {
        /// The field.
        field: CoverField,
    },
}

impl CoverFieldsError {
    /// The stable code: part of the public interface.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "cover-field-unknown",
            Self::Counted => "cover-field-counted",
            Self::TooLong { .. } => "cover-field-too-long",
        }
    }
}

/// A cover page to go before a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoverRequest {
    /// What it says.
    #[serde(default)]
    pub fields: CoverFields,
    /// How it looks; without it as the template that is built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<CoverPart>,
    /// The picture on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<CoverPart>,
}

/// Where a template or a logo comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoverPart {
    /// From the configuration, by its name there.
    Name(String),
    /// From an artifact, by its key.
    Artifact(String),
}
