//! Time zones by their names in the system's database.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::error::{HeaderError, beginning};
use super::line::LocalTime;
use crate::units::UnixMillis;

/// The name of a time zone, such as `Europe/Berlin`; whether the system knows it shows
/// [`ZoneName::check`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ZoneName(String);

impl ZoneName {
    /// Most characters of a name; those of the database have up to 38.
    const CHARS_MAX: usize = 64;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An error when the system's database lacks the zone.
    pub fn check(&self) -> Result<(), HeaderError> {
        self.look_up().map(drop)
    }

    /// What clocks show at a moment: in this zone, or in the system's own without one, or UTC
    /// where the system does not tell its own.
    pub fn local_time(zone: Option<&Self>, at: UnixMillis) -> Result<LocalTime, HeaderError> {
        let zone = match zone {
            Some(name) => name.look_up()?,
            None => TimeZone::try_system().unwrap_or(TimeZone::UTC),
        };
        let timestamp = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
        let info = zone.to_offset_info(timestamp);
        Ok(LocalTime {
            at,
            utc_offset_seconds: info.offset().seconds(),
            zone: info.abbreviation().to_owned(),
        })
    }

    fn look_up(&self) -> Result<TimeZone, HeaderError> {
        TimeZone::get(&self.0).map_err(|_| HeaderError::TimeZone {
            name: beginning(&self.0),
        })
    }
}

impl FromStr for ZoneName {
    type Err = HeaderError;

    fn from_str(text: &str) -> Result<Self, HeaderError> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
        if (1..=Self::CHARS_MAX).contains(&text.len()) && text.chars().all(is_name) {
            return Ok(Self(text.to_owned()));
        }
        Err(HeaderError::TimeZone {
            name: beginning(text),
        })
    }
}

impl TryFrom<String> for ZoneName {
    type Error = HeaderError;

    fn try_from(text: String) -> Result<Self, HeaderError> {
        text.parse()
    }
}

impl From<ZoneName> for String {
    fn from(name: ZoneName) -> Self {
        name.0
    }
}

impl fmt::Display for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixMillis {
        UnixMillis(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    fn told(zone: &str, moment: &str) -> (i32, String) {
        let zone = zone.parse().unwrap();
        let time = ZoneName::local_time(Some(&zone), at(moment)).unwrap();
        (time.utc_offset_seconds, time.zone)
    }

    #[test]
    fn summer_and_winter_have_their_own_offsets() {
        let winter = told("Europe/Berlin", "2026-10-25T01:00:00Z");
        assert_eq!(winter, (3600, "CET".to_owned()));
        let summer = told("Europe/Berlin", "2026-10-25T00:59:59Z");
        assert_eq!(summer, (7200, "CEST".to_owned()));
        assert_eq!(told("Asia/Kathmandu", "2026-03-01T00:00:00Z").0, 20_700);
        assert_eq!(told("UTC", "2026-03-01T00:00:00Z"), (0, "UTC".to_owned()));
    }

    #[test]
    fn names_that_the_database_lacks_or_that_are_paths_are_refused() {
        let unknown: ZoneName = "Europe/Nowhere".parse().unwrap();
        assert_eq!(unknown.check().unwrap_err().code(), "header-time-zone");
        for text in [
            "",
            "../../etc/passwd",
            "Europe Berlin",
            "\u{0}",
            &"x".repeat(65),
        ] {
            assert!(text.parse::<ZoneName>().is_err(), "{text}");
        }
    }

    #[test]
    fn moments_beyond_the_calendar_are_taken_as_the_epoch() {
        let time = ZoneName::local_time(None, UnixMillis(i64::MAX)).unwrap();
        assert_eq!(time.at, UnixMillis(i64::MAX));
    }
}
