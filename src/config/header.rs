//! The header line of faxes, as it is typed and as it is meant.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::raw::field;
use crate::header::{HeaderError, HeaderOptions};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawHeader {
    pages: Option<String>,
    format: Option<String>,
    time_zone: Option<String>,
    name: Option<String>,
    number: Option<String>,
}

impl RawHeader {
    /// As a file would state it, defaults included where they do not depend on the machine.
    pub(super) fn of(header: &HeaderOptions) -> Self {
        Self {
            pages: text(Some(&header.pages.unwrap_or_default())),
            format: text(Some(&header.format.clone().unwrap_or_default())),
            time_zone: text(header.time_zone.as_ref()),
            name: text(header.name.as_ref()),
            number: text(header.number.as_ref()),
        }
    }

    pub(super) fn check(&self) -> Result<HeaderOptions, ConfigError> {
        let header = HeaderOptions {
            pages: parsed("header.pages", self.pages.as_ref())?,
            format: parsed("header.format", self.format.as_ref())?,
            time_zone: parsed("header.time_zone", self.time_zone.as_ref())?,
            name: parsed("header.name", self.name.as_ref())?,
            number: parsed("header.number", self.number.as_ref())?,
        };
        header
            .check()
            .map_err(|error| field("header.time_zone", error.to_string()))?;
        Ok(header)
    }
}

fn parsed<T>(name: &'static str, text: Option<&String>) -> Result<Option<T>, ConfigError>
where
    T: FromStr<Err = HeaderError>,
{
    text.map(|text| text.parse())
        .transpose()
        .map_err(|error: HeaderError| field(name, error.to_string()))
}

fn text(value: Option<&impl ToString>) -> Option<String> {
    value.map(ToString::to_string)
}
