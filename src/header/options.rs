//! What is asked for of a header: by the configuration, and by a job instead of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::error::{HeaderError, beginning};
use super::format::HeaderFormat;
use super::line::Header;
use super::zone::ZoneName;
use crate::units::UnixMillis;

/// Which pages have a header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderPages {
    /// Every page.
    #[default]
    All,
    /// The job's first page only.
    First,
    /// None.
    None,
}

impl HeaderPages {
    const ALL: [Self; 3] = [Self::All, Self::First, Self::None];

    /// The name in configurations, JSON and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::First => "first",
            Self::None => "none",
        }
    }

    /// Whether this page of a job, counted from 1, is among them.
    pub const fn include(self, page: u32) -> bool {
        match self {
            Self::All => true,
            Self::First => page == 1,
            Self::None => false,
        }
    }
}

impl FromStr for HeaderPages {
    type Err = HeaderError;

    fn from_str(text: &str) -> Result<Self, HeaderError> {
        let named = Self::ALL.into_iter().find(|pages| pages.name() == text);
        named.ok_or_else(|| HeaderError::Pages {
            text: beginning(text),
        })
    }
}

impl fmt::Display for HeaderPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = HeaderError;

            fn try_from(text: String) -> Result<Self, HeaderError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text! {
    /// The sender's name as the header shows it: 1 to 60 characters of any script, of which those
    /// that the font lacks are replaced when they are drawn.
    HeaderName
}

impl HeaderName {
    /// Most characters.
    pub const CHARS_MAX: usize = 60;
}

impl FromStr for HeaderName {
    type Err = HeaderError;

    fn from_str(text: &str) -> Result<Self, HeaderError> {
        let text = text.trim();
        let chars = text.chars().count();
        if !(1..=Self::CHARS_MAX).contains(&chars) {
            return Err(HeaderError::Name {
                chars,
                chars_max: Self::CHARS_MAX,
            });
        }
        if let Some(at) = text.chars().position(char::is_control) {
            return Err(HeaderError::ControlCharacter {
                field: "the header's name",
                at: at + 1,
            });
        }
        Ok(Self(text.to_owned()))
    }
}

text! {
    /// The sender's number as the header shows it: up to 24 digits, spaces and `+-./()#*`.
    HeaderNumber
}

impl HeaderNumber {
    /// Most characters.
    pub const CHARS_MAX: usize = 24;
}

impl FromStr for HeaderNumber {
    type Err = HeaderError;

    fn from_str(text: &str) -> Result<Self, HeaderError> {
        let text = text.trim();
        let is_part = |c: char| c.is_ascii_digit() || " +-./()#*".contains(c);
        let is_number = text.chars().all(is_part) && text.contains(|c: char| c.is_ascii_digit());
        if is_number && text.len() <= Self::CHARS_MAX {
            return Ok(Self(text.to_owned()));
        }
        Err(HeaderError::Number {
            text: beginning(text),
            chars_max: Self::CHARS_MAX,
        })
    }
}

/// What is asked for of a header; what is absent is left to the configuration, and there to the
/// defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HeaderOptions {
    /// Which pages have it; all of them where nobody says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<HeaderPages>,
    /// What stands in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<HeaderFormat>,
    /// The time zone of its date and time; the system's where nobody says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<ZoneName>,
    /// The sender's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<HeaderName>,
    /// The sender's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<HeaderNumber>,
}

/// Who sends.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// The configuration's header.
    pub header: &'a HeaderOptions,
    /// The configuration's identity, told to the far end where the job has none of its own.
    pub line_ident: &'a str,
    /// The job's own identity.
    pub job_ident: Option<&'a str>,
}

impl HeaderOptions {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// An error when the system does not know the time zone.
    pub fn check(&self) -> Result<(), HeaderError> {
        self.time_zone.as_ref().map_or(Ok(()), ZoneName::check)
    }

    /// The header of a call made at this moment to this number, `self` being what the job asks
    /// for; `None` when no page is to have one.
    ///
    /// The sender's name is the job's, else the job's identity, else the configuration's name,
    /// else its identity. The number is the job's or the configuration's; without one the identity
    /// stands there, unless it stands there as the name already.
    pub fn header(
        &self,
        sender: Sender<'_>,
        to: &str,
        at: UnixMillis,
    ) -> Result<Option<Header>, HeaderError> {
        let common = sender.header;
        let pages = self.pages.or(common.pages).unwrap_or_default();
        if pages == HeaderPages::None {
            return Ok(None);
        }
        let zone = self.time_zone.as_ref().or(common.time_zone.as_ref());
        let told_ident = sender.job_ident.unwrap_or(sender.line_ident);
        let name = self
            .name
            .as_ref()
            .map(HeaderName::as_str)
            .or(sender.job_ident)
            .or(common.name.as_ref().map(HeaderName::as_str))
            .unwrap_or(sender.line_ident);
        let number = self.number.as_ref().or(common.number.as_ref());
        let number = match number {
            Some(number) => number.as_str(),
            None if name == told_ident => "",
            None => told_ident,
        };
        let format = self.format.as_ref().or(common.format.as_ref());
        Ok(Some(Header {
            revision: Header::REVISION,
            pages,
            format: format.cloned().unwrap_or_default(),
            time: ZoneName::local_time(zone, at)?,
            ident: name.to_owned(),
            number: number.to_owned(),
            to: to.to_owned(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(name: Option<&str>, number: Option<&str>) -> HeaderOptions {
        HeaderOptions {
            name: name.map(|name| name.parse().unwrap()),
            number: number.map(|number| number.parse().unwrap()),
            time_zone: Some("UTC".parse().unwrap()),
            ..HeaderOptions::default()
        }
    }

    fn from(job: &HeaderOptions, common: &HeaderOptions, job_ident: Option<&str>) -> String {
        let sender = Sender {
            header: common,
            line_ident: "+1 555 0199",
            job_ident,
        };
        let header = job.header(sender, "100", UnixMillis(0)).unwrap().unwrap();
        format!("{} | {}", header.ident, header.number)
    }

    #[test]
    fn the_job_names_its_sender_before_the_configuration_does() {
        let none = HeaderOptions::default();
        let common = options(Some("Example Ltd"), None);
        assert_eq!(from(&none, &none, None), "+1 555 0199 | ");
        assert_eq!(from(&none, &common, None), "Example Ltd | +1 555 0199");
        let branch = options(Some("Branch 7"), Some("555-0777"));
        assert_eq!(from(&branch, &common, None), "Branch 7 | 555-0777");
        assert_eq!(from(&none, &common, Some("Branch 8")), "Branch 8 | ");
        let numbered = options(Some("Example Ltd"), Some("555 0100"));
        assert_eq!(
            from(&none, &numbered, Some("Branch 8")),
            "Branch 8 | 555 0100"
        );
    }

    #[test]
    fn pages_and_format_of_the_job_go_before_the_configurations() {
        let common = HeaderOptions {
            pages: Some(HeaderPages::None),
            format: Some("common {page}".parse().unwrap()),
            ..HeaderOptions::default()
        };
        let sender = Sender {
            header: &common,
            line_ident: "",
            job_ident: None,
        };
        let none = HeaderOptions::default().header(sender, "1", UnixMillis(0));
        assert_eq!(none, Ok(None));
        let first = HeaderOptions {
            pages: Some(HeaderPages::First),
            ..HeaderOptions::default()
        };
        let header = first.header(sender, "1", UnixMillis(0)).unwrap().unwrap();
        assert_eq!(header.format.as_str(), "common {page}");
        assert!(header.is_on(1) && !header.is_on(2));
    }

    #[test]
    fn names_and_numbers_have_bounds_and_no_control_characters() {
        assert!("x".repeat(60).parse::<HeaderName>().is_ok());
        for name in ["", "  ", &"x".repeat(61), "a\u{7}b", "a\nb"] {
            assert!(name.parse::<HeaderName>().is_err(), "{name:?}");
        }
        assert!("+1 (555) 010-0199 #2*".parse::<HeaderNumber>().is_ok());
        for number in ["", "+ -", "call me", "٣", &"1".repeat(25)] {
            assert!(number.parse::<HeaderNumber>().is_err(), "{number:?}");
        }
        assert!("odd".parse::<HeaderPages>().is_err());
    }
}
