//! Our T.4/T.6 codec against libtiff's, in one process: CPU time, medians of interleaved rounds.
//!
//! `CORPUS` names a folder with `itu/itu1.tif` to `itu8.tif` (`../shared/corpus` when unset); where
//! there is none, pages drawn here stand in for the charts. Only lines that begin with `figure`
//! are figures; the others show what they are made of, and how the other paths fare. `ROUNDS` sets
//! the number of rounds; an argument is a part of the names of what is measured.

mod libtiff;
#[path = "../pages.rs"]
mod pages;

use std::hint::black_box;

use faxmill::t4::{Bitmap, DecodeOptions, EncodeOptions, Path, decode_on, encode_on};
use libtiff::{MH, MMR, MR, Scheme, Tiff};
use rustix::time::{ClockId, clock_gettime};

/// CPU time that one measurement takes at least, so that the clock does not matter.
const SLICE_NS: u64 = 2_000_000;

struct Figures {
    rounds: usize,
    filter: Option<String>,
}

/// A coding by us and by libtiff.
#[derive(Clone, Copy)]
struct Work {
    name: &'static str,
    options: EncodeOptions,
    scheme: Scheme,
}

fn main() {
    let rounds = std::env::var("ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(15);
    let filter = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let figures = Figures { rounds, filter };
    let charts = pages::charts();
    let best = Path::best();
    println!(
        "paths: {:?}; best: {best:?}; charts: {}",
        Path::all(),
        charts.len()
    );
    let [mmr, mh, mr] = [
        ("mmr", EncodeOptions::mmr(), MMR),
        ("mh", EncodeOptions::mh(), MH),
        ("mr", EncodeOptions::mr(4), MR),
    ]
    .map(|(name, options, scheme)| Work {
        name,
        options,
        scheme,
    });
    for work in [mmr, mh, mr] {
        figures.both("figure ", work.name, &charts, work, best);
        for path in Path::all().into_iter().filter(|path| *path != best) {
            let is_goal = path == Path::portable() && work.name == mmr.name;
            let prefix = if is_goal { "figure " } else { "" };
            figures.both(prefix, work.name, &charts, work, path);
        }
    }
    let blank = [("blank".to_owned(), pages::blank())];
    figures.encode("figure blank-encode", &blank, mmr, best);
    let dithered = [("dithered".to_owned(), pages::dithered())];
    figures.both("figure ", "dithered", &dithered, mmr, best);
}

impl Figures {
    /// Measures both directions; the best path's figures do not name it.
    fn both(&self, prefix: &str, pages: &str, charts: &[(String, Bitmap)], work: Work, path: Path) {
        let path_name = format!("-{path:?}").to_lowercase();
        let path_name = if path == Path::best() { "" } else { &path_name };
        let encode = format!("{prefix}{pages}-encode{path_name}");
        self.encode(&encode, charts, work, path);
        let decode = format!("{prefix}{pages}-decode{path_name}");
        self.decode(&decode, charts, work, path);
    }

    fn encode(&self, name: &str, charts: &[(String, Bitmap)], work: Work, path: Path) {
        let Work {
            options, scheme, ..
        } = work;
        self.report(name, charts, |page| {
            let mut theirs = Tiff::create(scheme, page.rows());
            theirs.encode(page.as_bytes());
            let ours = encode_on(path, page, &options);
            assert!(
                theirs.written()[8..].starts_with(&ours),
                "{name}: other bytes than libtiff's"
            );
            // A file of libtiff's takes its strip once: each measurement has files of its own.
            let theirs = |times: usize| {
                let mut files: Vec<_> = (0..times)
                    .map(|_| Tiff::create(scheme, page.rows()))
                    .collect();
                let start = cpu_ns();
                for file in &mut files {
                    file.encode(black_box(page.as_bytes()));
                }
                cpu_ns() - start
            };
            let ours = |times: usize| {
                let start = cpu_ns();
                for _ in 0..times {
                    black_box(encode_on(path, black_box(page), &options));
                }
                cpu_ns() - start
            };
            self.medians(theirs, ours)
        });
    }

    fn decode(&self, name: &str, charts: &[(String, Bitmap)], work: Work, path: Path) {
        let Work {
            options, scheme, ..
        } = work;
        self.report(name, charts, |page| {
            let coded = encode_on(path, page, &options);
            let mut file = Tiff::create(scheme, page.rows());
            file.encode(page.as_bytes());
            let file = file.finish();
            let mut rows = vec![0; page.as_bytes().len()];
            let known = DecodeOptions {
                rows: Some(page.rows()),
                ..DecodeOptions::new(options.coding, page.width())
            };
            let decoded = decode_on(path, &coded, &known).expect("a sound page");
            assert!(decoded.bitmap == *page, "{name}: other pixels than coded");
            let theirs = |times: usize| {
                let mut files: Vec<_> = (0..times).map(|_| Tiff::read(&file)).collect();
                let start = cpu_ns();
                for file in &mut files {
                    file.decode(black_box(&mut rows));
                }
                cpu_ns() - start
            };
            let ours = |times: usize| {
                let start = cpu_ns();
                for _ in 0..times {
                    black_box(decode_on(path, black_box(&coded), &known).expect("a sound page"));
                }
                cpu_ns() - start
            };
            self.medians(theirs, ours)
        });
    }

    /// Medians in microseconds of libtiff's and our time for one page, in turns.
    fn medians(
        &self,
        mut theirs: impl FnMut(usize) -> u64,
        mut ours: impl FnMut(usize) -> u64,
    ) -> (f64, f64) {
        let (times_theirs, times_ours) = (times(&mut theirs), times(&mut ours));
        let (mut all_theirs, mut all_ours) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            all_theirs.push(theirs(times_theirs) as f64 / times_theirs as f64 / 1000.0);
            all_ours.push(ours(times_ours) as f64 / times_ours as f64 / 1000.0);
        }
        (median(all_theirs), median(all_ours))
    }

    /// Prints each chart's medians, and the geometric mean of their ratios under `name`.
    fn report(
        &self,
        name: &str,
        charts: &[(String, Bitmap)],
        measure: impl Fn(&Bitmap) -> (f64, f64),
    ) {
        if let Some(filter) = &self.filter
            && !name.contains(filter)
        {
            return;
        }
        let mut log_sum = 0.0;
        for (chart, page) in charts {
            let (theirs, ours) = measure(page);
            let plain = name.trim_start_matches("figure ");
            println!(
                "{plain} {chart}: libtiff {theirs:.1} µs, ours {ours:.1} µs, {:.2}x",
                theirs / ours
            );
            log_sum += (theirs / ours).ln();
        }
        let mean = (log_sum / charts.len() as f64).exp();
        println!("{name}-vs-libtiff {mean:.2}");
    }
}

/// How often a work is done in one measurement.
fn times(work: &mut impl FnMut(usize) -> u64) -> usize {
    work(1);
    (SLICE_NS / work(1).max(1)).clamp(1, 200) as usize + 1
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// CPU time of this process.
fn cpu_ns() -> u64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
