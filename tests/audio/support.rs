//! Other programs, made recordings and comparisons that the scenarios share.

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

use faxmill::audio::{AudioError, DeclaredType, TranscodeOptions, TranscodeReport, transcode};
use tempfile::TempDir;

/// The 16-bit sample recording, in bytes.
pub(crate) fn sample(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("samples")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The speech of the PCM sample: 8 kHz mono.
pub(crate) fn speech() -> Vec<i16> {
    let wav = sample("voicemail-pcm.wav");
    let data = wav
        .windows(4)
        .position(|id| id == b"data")
        .expect("a data chunk");
    samples_of(&wav[data + 8..])
}

pub(crate) fn samples_of(bytes: &[u8]) -> Vec<i16> {
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|&pair| i16::from_le_bytes(pair))
        .collect()
}

/// A WAV file of the classic form, every field as given.
pub(crate) struct Wav<'a> {
    pub(crate) tag: u16,
    pub(crate) channels: u16,
    pub(crate) rate: u32,
    pub(crate) block: u16,
    pub(crate) bits: u16,
    pub(crate) data: &'a [u8],
}

impl Default for Wav<'_> {
    fn default() -> Self {
        Self {
            tag: 1,
            channels: 1,
            rate: 8_000,
            block: 2,
            bits: 16,
            data: &[],
        }
    }
}

impl Wav<'_> {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.with_data_length(self.data.len() as u32)
    }

    pub(crate) fn with_data_length(&self, length: u32) -> Vec<u8> {
        let mut wav = b"RIFF".to_vec();
        wav.extend((36 + self.data.len() as u32).to_le_bytes());
        wav.extend(b"WAVEfmt ");
        wav.extend(16_u32.to_le_bytes());
        wav.extend(self.tag.to_le_bytes());
        wav.extend(self.channels.to_le_bytes());
        wav.extend(self.rate.to_le_bytes());
        wav.extend(self.rate.wrapping_mul(u32::from(self.block)).to_le_bytes());
        wav.extend(self.block.to_le_bytes());
        wav.extend(self.bits.to_le_bytes());
        wav.extend(b"data");
        wav.extend(length.to_le_bytes());
        wav.extend(self.data);
        wav
    }
}

/// Transcodes with the default options.
pub(crate) fn to_mp3(
    recording: &[u8],
    declared: Option<DeclaredType>,
) -> Result<(TranscodeReport, Vec<u8>), AudioError> {
    to_mp3_with(recording, declared, &TranscodeOptions::default())
}

pub(crate) fn to_mp3_with(
    recording: &[u8],
    declared: Option<DeclaredType>,
    options: &TranscodeOptions,
) -> Result<(TranscodeReport, Vec<u8>), AudioError> {
    let mut output = Cursor::new(Vec::new());
    let report = transcode(
        &mut Cursor::new(recording),
        declared,
        &mut output,
        options,
        &mut |_| {},
        &AtomicBool::new(false),
    )?;
    Ok((report, output.into_inner()))
}

/// Runs a program that must be installed, must succeed and must have nothing to say on stderr.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    run_with_input(program, arguments, &[])
}

pub(crate) fn run_with_input(program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} must be installed: {error}"));
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("waits");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && errors.trim().is_empty(),
        "{program} {arguments:?}: {}\n{errors}",
        output.status
    );
    // A program that needs no input closes it early.
    drop(feeder.join());
    output.stdout
}

/// A folder for files that other programs read or write.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("writes");
        path
    }
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// Makes a recording of 8 kHz mono samples by ffmpeg with these output options.
pub(crate) fn make(samples: &[i16], extension: &str, options: &[&str]) -> Vec<u8> {
    let folder = Folder::new();
    let raw: Vec<u8> = samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    let output = folder.path(&format!("recording.{extension}"));
    let mut arguments = vec![
        "-nostdin", "-v", "error", "-f", "s16le", "-ar", "8000", "-ac", "1",
    ];
    let input = folder.write("in.raw", &raw);
    arguments.extend(["-i", text(&input)]);
    arguments.extend(options);
    arguments.push(text(&output));
    run("ffmpeg", &arguments);
    std::fs::read(&output).expect("ffmpeg wrote it")
}

/// Decodes a file by ffmpeg to mono samples of a rate.
pub(crate) fn decode(path: &Path, rate: u32) -> Vec<i16> {
    let rate = rate.to_string();
    samples_of(&run(
        "ffmpeg",
        &[
            "-nostdin",
            "-v",
            "error",
            "-i",
            text(path),
            "-ar",
            &rate,
            "-ac",
            "1",
            "-f",
            "s16le",
            "-",
        ],
    ))
}

/// One field that ffprobe reports.
pub(crate) fn probe(path: &Path, entries: &str) -> String {
    let output = run(
        "ffprobe",
        &[
            "-v",
            "error",
            "-show_entries",
            entries,
            "-of",
            "default=nw=1:nk=1",
            text(path),
        ],
    );
    String::from_utf8(output).expect("text").trim().to_owned()
}

/// How long a file sounds by ffprobe, which counts the samples that are played.
///
/// `format=duration` is no measure: before version 7, ffprobe counts whole MP3 frames there, with
/// the encoder's delay and padding.
pub(crate) fn probed_seconds(path: &Path) -> f64 {
    let samples: u64 = probe(path, "frame=nb_samples")
        .lines()
        .map(|count| count.parse::<u64>().expect("a count"))
        .sum();
    let rate: f64 = probe(path, "stream=sample_rate").parse().expect("a rate");
    samples as f64 / rate
}

/// Normalised correlation of two signals, the second shifted by `lag` samples.
pub(crate) fn correlation(a: &[i16], b: &[i16], lag: isize) -> f64 {
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (i, &x) in a.iter().enumerate() {
        let Some(&y) = i.checked_add_signed(lag).and_then(|at| b.get(at)) else {
            continue;
        };
        let (x, y) = (f64::from(x), f64::from(y));
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    ab / (aa * bb).sqrt().max(1.0)
}

/// The best correlation and its lag within ± `reach` samples.
pub(crate) fn best_correlation(a: &[i16], b: &[i16], reach: isize) -> (f64, isize) {
    (-reach..=reach)
        .map(|lag| (correlation(a, b, lag), lag))
        .max_by(|x, y| x.0.total_cmp(&y.0))
        .expect("at least one lag")
}
