//! Every bound that keeps a hostile document, packet or recording from taking more than its share.
//!
//! The defaults are what the service runs with; the configuration's `[limits]` section overrides
//! them field by field, and an error caused by one names the limit and its value.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Bounds on what is accepted, how long work may take and how much memory it may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Largest PDF or TIFF upload, in bytes.
    pub document_bytes_max: u64,
    /// Most pages in one document.
    pub document_pages_max: u32,
    /// Longest page edge accepted, in PostScript points (1/72 inch).
    pub page_points_max: u32,
    /// Most scan lines in one fax page, before a header line may add to them.
    pub page_rows_max: u32,
    /// Most pixels decoded from one image inside a TIFF upload.
    pub image_pixels_max: u64,
    /// Largest logo on a cover page, in bytes.
    pub logo_bytes_max: u64,
    /// Most pixels of a logo on a cover page.
    pub logo_pixels_max: u64,
    /// Most pixels of all images of a TIFF upload; 500 pages of A4 at 400 dpi have fewer.
    pub document_pixels_max: u64,
    /// Longest time one document may take to render, in seconds of wall clock.
    pub render_wall_seconds_max: u64,
    /// Longest time one page may take to render, in seconds of wall clock.
    ///
    /// The bound on documents has to let 500 honest pages through; this one ends a page that will
    /// never be done while its sender still looks on, and leaves its place to others. Honest pages
    /// take milliseconds, the heaviest maps and scans a few seconds.
    pub page_wall_seconds_max: u64,
    /// Most CPU time one document may take to render, in seconds.
    pub render_cpu_seconds_max: u64,
    /// Address space of the process that renders a document, in bytes.
    pub render_address_space_max: u64,
    /// Largest recording accepted, in bytes.
    pub recording_bytes_max: u64,
    /// Longest recording accepted, in seconds.
    pub recording_seconds_max: u64,
    /// Longest time from dialing to an answer, in seconds.
    pub answer_seconds_max: u64,
    /// Longest call from answer to hang-up, in seconds.
    pub call_seconds_max: u64,
    /// Longest time without a packet from the far end inside a fax call, in seconds.
    pub silence_seconds_max: u64,
    /// Most pages taken in one received fax.
    pub received_pages_max: u32,
    /// Most bytes kept of one received fax.
    pub received_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes_max: 100 << 20,
            document_pages_max: 500,
            page_points_max: 14_400,
            page_rows_max: 20_000,
            image_pixels_max: 200_000_000,
            logo_bytes_max: 4 << 20,
            logo_pixels_max: 16_000_000,
            document_pixels_max: 10_000_000_000,
            render_wall_seconds_max: 300,
            page_wall_seconds_max: 12,
            render_cpu_seconds_max: 240,
            render_address_space_max: 1 << 30,
            recording_bytes_max: 2 << 30,
            recording_seconds_max: 12 * 3600,
            answer_seconds_max: 60,
            call_seconds_max: 3600,
            silence_seconds_max: 60,
            received_pages_max: 500,
            received_bytes_max: 200 << 20,
        }
    }
}

impl Limits {
    /// Longest time from dialing to an answer.
    pub fn answer_timeout(&self) -> Duration {
        Duration::from_secs(self.answer_seconds_max)
    }

    /// Longest call from answer to hang-up.
    pub fn call_timeout(&self) -> Duration {
        Duration::from_secs(self.call_seconds_max)
    }

    /// Longest silence of the far end inside a fax call.
    pub fn silence_timeout(&self) -> Duration {
        Duration::from_secs(self.silence_seconds_max)
    }
}
