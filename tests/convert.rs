//! Documents become fax pages: geometry, refusals, hostile files, and Ghostscript as a judge.

mod convert {
    mod bombs;
    mod fixture;
    mod geometry;
    mod judge;
    mod output;
    mod pdf;
    mod refusals;
    mod samples;
}
