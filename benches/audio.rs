//! From a minute of telephone audio to MP3, and the GSM decoder on its own.

use std::hint::black_box;
use std::io::Cursor;
use std::sync::atomic::AtomicBool;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use faxmill::audio::gsm::{FRAME_BYTES, GsmDecoder};
use faxmill::audio::{DeclaredType, TranscodeOptions, transcode};

const SECONDS: usize = 60;

criterion_group!(benches, transcode_a_minute, decode_gsm);
criterion_main!(benches);

fn transcode_a_minute(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("transcode_60_s");
    group.sample_size(10);
    for (name, declared, recording) in [
        (
            "ulaw",
            DeclaredType::Ulaw,
            a_minute(&sample("voicemail-ulaw.wav"), 1, 8_000),
        ),
        (
            "gsm",
            DeclaredType::Gsm,
            a_minute(&sample("voicemail.gsm"), FRAME_BYTES, 50),
        ),
        // Resampled from 48 to 24 kHz.
        (
            "sln48",
            DeclaredType::Sln48,
            a_minute(&sample("voicemail-pcm.wav"), 2, 48_000),
        ),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut output = Cursor::new(Vec::new());
                transcode(
                    &mut Cursor::new(&recording),
                    Some(declared),
                    &mut output,
                    &TranscodeOptions::default(),
                    &mut |_| {},
                    &AtomicBool::new(false),
                )
                .expect("a sound recording")
            });
        });
    }
    group.finish();
}

fn decode_gsm(criterion: &mut Criterion) {
    let recording = a_minute(&sample("voicemail.gsm"), FRAME_BYTES, 50);
    let mut group = criterion.benchmark_group("decode_60_s");
    group.throughput(Throughput::Bytes(recording.len() as u64));
    group.bench_function("gsm", |bencher| {
        bencher.iter(|| {
            let mut decoder = GsmDecoder::default();
            for frame in recording.as_chunks::<FRAME_BYTES>().0 {
                black_box(decoder.decode_frame(frame));
            }
        });
    });
    group.finish();
}

fn sample(name: &str) -> Vec<u8> {
    let path = format!("{}/samples/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    match bytes.windows(4).position(|id| id == b"data") {
        Some(at) if bytes.starts_with(b"RIFF") => bytes[at + 8..].to_vec(),
        _ => bytes,
    }
}

/// The sample's blocks, again and again.
fn a_minute(sample: &[u8], block_bytes: usize, blocks_a_second: usize) -> Vec<u8> {
    let whole = sample.len() - sample.len() % block_bytes;
    let bytes = SECONDS * block_bytes * blocks_a_second;
    sample[..whole]
        .iter()
        .copied()
        .cycle()
        .take(bytes)
        .collect()
}
