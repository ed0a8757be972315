//! What a header says: the line of one page of one call.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use super::format::{HeaderField, HeaderFormat, Part};
use super::options::HeaderPages;
use super::stamp::{Stamped, columns, stamp};
use super::words::printable;
use crate::t4::Bitmap;
use crate::units::{Resolution, UnixMillis};

/// The header of one call, complete: with a page and its number it gives the very pixels that went
/// out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The edition of font and placement that it was drawn with.
    pub revision: u32,
    /// Which pages have it.
    pub pages: HeaderPages,
    /// What stands in it.
    pub format: HeaderFormat,
    /// The moment it tells.
    pub time: LocalTime,
    /// Who sends.
    pub ident: String,
    /// The sender's number; may be empty.
    pub number: String,
    /// The number that was dialed.
    pub to: String,
}

/// A moment, and what clocks somewhere showed then: no time-zone database is needed to tell it
/// again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalTime {
    /// The moment.
    pub at: UnixMillis,
    /// How far the clocks were ahead of UTC.
    pub utc_offset_seconds: i32,
    /// The zone's abbreviation.
    pub zone: String,
}

/// What stands where text was cut.
const ELLIPSIS: char = '…';

impl Header {
    /// Changes whenever the same header would give other pixels than before.
    pub const REVISION: u32 = 1;

    /// Whether this page of the job, counted from 1, has it.
    pub const fn is_on(&self, page: u32) -> bool {
        self.pages.include(page)
    }

    /// The line on one page, counted from 1 through the job, in at most this many characters.
    ///
    /// A field without a value takes a space before it along. Where the line is too long the
    /// sender's name is cut, as far as it must and to nothing in the end. Numbers, page and time
    /// are never cut by that: a [`HeaderFormat`] has room for them on the narrowest page.
    pub fn line(&self, page: u32, pages: u32, columns: usize) -> String {
        let ident = printable(&self.ident);
        let line = self.filled(page, pages, &ident);
        let over = line.chars().count().saturating_sub(columns);
        if over == 0 {
            return line;
        }
        let is_ident = |part: &&Part| matches!(part, Part::Field(HeaderField::Ident));
        let idents = self.format.parts().iter().filter(is_ident).count().max(1);
        let kept = ident.chars().count().saturating_sub(over.div_ceil(idents));
        let line = self.filled(page, pages, &cut(&ident, kept));
        // Only for columns fewer than those of the narrowest page.
        line.chars().take(columns).collect()
    }

    /// The page with its line, where it has one.
    ///
    /// `page` is counted from 1 through the job.
    pub fn stamp(
        &self,
        bitmap: &Bitmap,
        resolution: Resolution,
        page: u32,
        pages: u32,
    ) -> Option<Stamped> {
        self.is_on(page).then(|| {
            let line = self.line(page, pages, columns(bitmap.width()));
            stamp(bitmap, resolution, &line)
        })
    }

    fn filled(&self, page: u32, pages: u32, ident: &str) -> String {
        let mut line = String::new();
        for part in self.format.parts() {
            let value = match part {
                Part::Text(text) => {
                    line.push_str(text);
                    continue;
                }
                Part::Field(HeaderField::Ident) => ident.to_owned(),
                Part::Field(field) => {
                    let value = printable(&self.value(*field, page, pages));
                    cut(&value, field.columns_max().unwrap_or(usize::MAX))
                }
            };
            if value.is_empty() && line.ends_with(' ') {
                line.pop();
            }
            line.push_str(&value);
        }
        line
    }

    fn value(&self, field: HeaderField, page: u32, pages: u32) -> String {
        let clock = self.time.clock();
        let hour12 = (clock.hour() + 11) % 12 + 1;
        match field {
            HeaderField::Date => clock.date().to_string(),
            HeaderField::Time => format!("{:02}:{:02}", clock.hour(), clock.minute()),
            HeaderField::Zone => self.time.zone.clone(),
            HeaderField::Year => format!("{:04}", clock.year()),
            HeaderField::Month => format!("{:02}", clock.month()),
            HeaderField::Day => format!("{:02}", clock.day()),
            HeaderField::Hour => format!("{:02}", clock.hour()),
            HeaderField::Hour12 => hour12.to_string(),
            HeaderField::Minute => format!("{:02}", clock.minute()),
            HeaderField::AmPm => if clock.hour() < 12 { "AM" } else { "PM" }.to_owned(),
            HeaderField::Ident => self.ident.clone(),
            HeaderField::Number => self.number.clone(),
            HeaderField::To => self.to.clone(),
            HeaderField::Page => page.to_string(),
            HeaderField::Pages => pages.to_string(),
        }
    }
}

impl LocalTime {
    /// What the clocks showed; the epoch for a moment beyond their calendar.
    fn clock(&self) -> DateTime {
        let at = Timestamp::from_millisecond(self.at.0).unwrap_or(Timestamp::UNIX_EPOCH);
        let offset = Offset::from_seconds(self.utc_offset_seconds).unwrap_or(Offset::UTC);
        offset.to_datetime(at)
    }
}

/// The text in at most `chars` characters, with an ellipsis in place of the rest.
fn cut(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        return text.to_owned();
    }
    let Some(kept) = chars.checked_sub(1) else {
        return String::new();
    };
    let kept: String = text.chars().take(kept).collect();
    format!("{}{ELLIPSIS}", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::units::PageWidth;

    fn header(format: &str, ident: &str) -> Header {
        Header {
            revision: Header::REVISION,
            pages: HeaderPages::All,
            format: format.parse().unwrap(),
            time: LocalTime {
                // 2026-03-01T14:05:09Z
                at: UnixMillis(1_772_373_909_000),
                utc_offset_seconds: 3600,
                zone: "CET".to_owned(),
            },
            ident: ident.to_owned(),
            number: "+1 555 0199".to_owned(),
            to: "+15550100".to_owned(),
        }
    }

    const A4: usize = 101;

    #[test]
    fn the_default_line_reads_as_documented() {
        assert_eq!(columns(PageWidth::A4.pixels()), A4);
        let line = header(HeaderFormat::DEFAULT, "Example Ltd").line(2, 13, A4);
        assert_eq!(
            line,
            "2026-03-01 15:05  From Example Ltd +1 555 0199  To +15550100  Page 2 of 13"
        );
    }

    #[test]
    fn every_field_has_its_value() {
        let all: Vec<String> = HeaderField::ALL[..10]
            .iter()
            .map(|field| format!("{{{}}}", field.name()))
            .collect();
        let line = header(&all.join("|"), "x").line(1, 1, A4);
        assert_eq!(line, "2026-03-01|15:05|CET|2026|03|01|15|3|05|PM");
        let rest = header("{ident}|{number}|{to}|{page}|{pages}", "x").line(1, 2, A4);
        assert_eq!(rest, "x|+1 555 0199|+15550100|1|2");
    }

    #[test]
    fn a_long_name_is_cut_and_nothing_else() {
        let name = "The Very Long Name of a Company That Nobody Ever Made Shorter";
        let line = header(HeaderFormat::DEFAULT, name).line(2, 13, A4);
        assert!((A4 - 1..=A4).contains(&line.chars().count()), "{line}");
        let cut = "From The Very Long Name of a Company That… +1 555 0199  To +15550100  Page";
        assert!(line.contains(cut), "{line}");
        assert!(line.ends_with("Page 2 of 13"));
        let wide = header(HeaderFormat::DEFAULT, name).line(2, 13, 145);
        assert!(wide.contains(name));
    }

    #[test]
    fn an_empty_field_takes_its_space_along() {
        let mut anonymous = header("From {ident} {number}  To {to}", "");
        assert_eq!(anonymous.line(1, 1, A4), "From +1 555 0199  To +15550100");
        anonymous.number.clear();
        anonymous.ident = "+1 555 0199".to_owned();
        assert_eq!(anonymous.line(1, 1, A4), "From +1 555 0199  To +15550100");
    }

    #[test]
    fn a_record_gives_the_same_line_again() {
        let header = header(HeaderFormat::DEFAULT, "Müller\u{1F600}");
        let text = serde_json::to_string(&header).unwrap();
        let again: Header = serde_json::from_str(&text).unwrap();
        assert_eq!(again.line(1, 2, A4), header.line(1, 2, A4));
        assert!(again.line(1, 2, A4).contains("From Müller? +1"));
    }

    proptest! {
        #[test]
        fn any_text_gives_a_line_that_fits_and_keeps_numbers_and_page(
            format in "(\\{ident\\}|\\{date\\}|.| ){0,8}\\{number\\} \\{to\\} \\{page\\}/\\{pages\\}",
            ident in any::<String>(),
            zone in any::<String>(),
            at in any::<i64>(),
            offset in any::<i32>(),
            page in 1u32..=65_535,
            width in prop::sample::select(vec![1728u32, 2048, 2432]),
        ) {
            prop_assume!(format.parse::<HeaderFormat>().is_ok());
            let mut header = header(&format, &ident);
            header.time = LocalTime { at: UnixMillis(at), utc_offset_seconds: offset, zone };
            let line = header.line(page, 65_535, columns(width));
            prop_assert!(line.chars().count() <= columns(width));
            prop_assert_eq!(&printable(&line), &line, "only what the font has");
            let end = format!("+1 555 0199 +15550100 {page}/65535");
            prop_assert!(line.ends_with(&end), "{}", line);
        }

        #[test]
        fn any_format_is_refused_or_drawn(format in any::<String>(), ident in any::<String>()) {
            if let Ok(format) = format.parse::<HeaderFormat>() {
                let line = Header { format, ..header("", &ident) }.line(1, 1, A4);
                prop_assert!(line.chars().count() <= A4);
            }
        }
    }
}
