//! Which rows stand by themselves, and what goes before each.

use super::{Coding, EncodeOptions, Eol, RowAlign};

/// What goes before a row's codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Announced {
    /// Nothing.
    Bare,
    /// An end-of-line code.
    Mh,
    /// One with a tag that says whether the row is coded by itself.
    Mr { is_1d: bool },
}

/// The rows of a page to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    options: EncodeOptions,
    /// Rows that may still be coded two-dimensionally before one must stand by itself (MR).
    rows_2d_left: u32,
}

impl Schedule {
    pub(super) fn new(options: EncodeOptions) -> Self {
        Self {
            options,
            rows_2d_left: 0,
        }
    }

    /// What goes before the next row, and whether it is coded by itself.
    #[inline]
    pub(super) fn next(&mut self) -> (Announced, bool) {
        match self.options.coding {
            Coding::Mh if self.options.eol == Eol::None => (Announced::Bare, true),
            Coding::Mh => (Announced::Mh, true),
            Coding::Mr { k } => {
                let is_1d = self.rows_2d_left == 0;
                self.rows_2d_left = if is_1d { k.max(1) } else { self.rows_2d_left } - 1;
                (Announced::Mr { is_1d }, is_1d)
            }
            Coding::Mmr => (Announced::Bare, false),
        }
    }

    /// The end-of-line codes of RTC or EOFB, and how many they are.
    pub(super) fn end(&self) -> (Announced, u32) {
        match self.options.coding {
            _ if !self.options.end_of_block => (Announced::Bare, 0),
            Coding::Mh => (Announced::Mh, 6),
            Coding::Mr { .. } => (Announced::Mr { is_1d: true }, 6),
            Coding::Mmr => (Announced::Mh, 2),
        }
    }

    /// Whether rows that equal the one above are nothing but ones, one after the other.
    pub(super) fn joins_same_rows(&self) -> bool {
        self.options.coding == Coding::Mmr && !self.aligns_rows()
    }

    /// Whether each row begins on a byte.
    pub(super) fn aligns_rows(&self) -> bool {
        self.options.row_align == RowAlign::Byte
    }

    /// Whether end-of-line codes end on a byte.
    pub(super) fn aligns_eols(&self) -> bool {
        self.options.eol == Eol::ByteAligned
    }
}
