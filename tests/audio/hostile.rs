//! Arbitrary bytes: an error or an MP3, never a panic, a hang or a memory bomb.

use std::io::Cursor;
use std::time::{Duration, Instant};

use faxmill::audio::gsm::GsmDecoder;
use faxmill::audio::{DeclaredType, TranscodeOptions, inspect, sniff};
use faxmill::limits::Limits;
use proptest::prelude::*;

use super::support::{Wav, make, sample, speech, to_mp3, to_mp3_with};

/// Bounds tight enough that no case takes long.
fn tight() -> TranscodeOptions {
    TranscodeOptions {
        limits: Limits {
            recording_bytes_max: 1 << 20,
            recording_seconds_max: 20,
            ..Limits::default()
        },
        ..TranscodeOptions::default()
    }
}

/// An error or an MP3 whose every claim was verified inside.
fn survives(bytes: &[u8], declared: Option<DeclaredType>) {
    if let Ok((report, mp3)) = to_mp3_with(bytes, declared, &tight()) {
        assert!(report.samples > 0);
        assert_eq!(report.mp3_bytes, mp3.len() as u64);
    }
}

fn declarations() -> impl Strategy<Value = Option<DeclaredType>> {
    proptest::option::of(proptest::sample::select(
        DeclaredType::all().collect::<Vec<_>>(),
    ))
}

fn beginnings() -> impl Strategy<Value = Vec<u8>> {
    proptest::sample::select(vec![
        b"".to_vec(),
        b"RIFF\xFF\xFF\xFF\xFFWAVEfmt ".to_vec(),
        b"RF64\xFF\xFF\xFF\xFFWAVEds64".to_vec(),
        b"fLaC\0\0\0\x22".to_vec(),
        b"OggS\0\x02".to_vec(),
        b"ID3\x04\0\0\0\0\0\x04".to_vec(),
        b"\xFF\xFB\x10\xC0".to_vec(),
        b"\xD0".to_vec(),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_behind_any_magic(
        start in beginnings(),
        rest in proptest::collection::vec(any::<u8>(), 0..3_000),
        declared in declarations(),
    ) {
        let bytes = [start, rest].concat();
        survives(&bytes, declared);
        let _ = sniff(&mut Cursor::new(&bytes), declared);
        let _ = inspect(&mut Cursor::new(&bytes), declared);
    }

    #[test]
    fn any_wav_format_over_any_data(
        tag in prop_oneof![
            proptest::sample::select(vec![1_u16, 2, 3, 6, 7, 0x11, 0x31, 0xFFFE]), any::<u16>()
        ],
        channels in prop_oneof![1..=8_u16, any::<u16>()],
        rate in prop_oneof![4_000..=192_000_u32, any::<u32>()],
        block in prop_oneof![1..=70_u16, any::<u16>()],
        bits in prop_oneof![proptest::sample::select(vec![4_u16, 8, 16, 24, 32, 64]), any::<u16>()],
        length in prop_oneof![Just(0), Just(u32::MAX), any::<u32>()],
        data in proptest::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let wav = Wav { tag, channels, rate, block, bits, data: &data };
        survives(&wav.with_data_length(length), None);
    }

    #[test]
    fn any_gsm_frame(frames in proptest::collection::vec(any::<[u8; 33]>(), 1..20)) {
        let mut decoder = GsmDecoder::default();
        for frame in &frames {
            for sample in decoder.decode_frame(frame) {
                // The standard's output has 13 bits.
                prop_assert_eq!(sample & 7, 0);
            }
        }
        survives(&frames.concat(), Some(DeclaredType::Gsm));
    }
}

/// Real files with a few bytes changed reach deeper than noise does.
#[test]
fn real_recordings_with_changed_bytes() {
    let speech: Vec<i16> = speech().into_iter().take(8_000).collect();
    let mut recordings = vec![sample("voicemail-wav49.wav")];
    for (extension, options) in [
        ("flac", &[][..]),
        ("mp3", &["-c:a", "libmp3lame"][..]),
        ("ogg", &["-c:a", "libvorbis"][..]),
        ("ogg", &["-c:a", "flac"][..]),
        ("wav", &["-c:a", "adpcm_ms"][..]),
        ("wav", &["-c:a", "adpcm_ima_wav"][..]),
        ("wav", &["-c:a", "pcm_s24le"][..]),
    ] {
        recordings.push(make(&speech, extension, options));
    }
    let mut random = fastrand::Rng::with_seed(49);
    for recording in &recordings {
        for _ in 0..60 {
            let mut broken = recording.clone();
            // Half of the changes hit the header, where the lengths are.
            for _ in 0..random.usize(1..6) {
                let reach = if random.bool() {
                    broken.len().min(200)
                } else {
                    broken.len()
                };
                let at = random.usize(..reach);
                broken[at] = random.u8(..);
            }
            if random.bool() {
                broken.truncate(random.usize(1..broken.len()));
            }
            survives(&broken, None);
        }
    }
}

#[test]
fn bombs_of_metadata_cost_neither_time_nor_memory() {
    let begun = Instant::now();
    let data = [0; 1_600];
    let plain = Wav {
        data: &data,
        ..Wav::default()
    }
    .bytes();
    // Half a million comments in one chunk are skipped unread.
    let comments = b"ICMT\x04\0\0\0abcd".repeat(500_000);
    let mut wav = plain[..36].to_vec();
    wav.extend(b"LIST");
    wav.extend((comments.len() as u32 + 4).to_le_bytes());
    wav.extend(b"INFO");
    wav.extend(&comments);
    wav.extend(&plain[36..]);
    assert_eq!(to_mp3(&wav, None).expect("an MP3").0.samples, 800);
    // Half a million chunks of their own are given up early.
    let mut wav = plain[..36].to_vec();
    wav.extend(b"junk\0\0\0\0".repeat(500_000));
    wav.extend(&plain[36..]);
    assert_eq!(
        to_mp3(&wav, None).expect_err("refused").code(),
        "recording-invalid"
    );
    // A FLAC file with 200 pictures of nothing: only the stream information is loaded.
    let flac = make(&speech(), "flac", &[]);
    let mut bomb = flac[..42].to_vec();
    bomb[4] &= 0x7F;
    for _ in 0..200 {
        bomb.extend(b"\x06\x00\x80\x00");
        bomb.extend(std::iter::repeat_n(0xFF, 0x8000));
    }
    bomb.extend(b"\x81\0\0\0");
    bomb.extend(&flac[first_flac_frame(&flac)..]);
    let (report, _) = to_mp3(&bomb, None).expect("an MP3");
    assert_eq!(report.samples, speech().len() as u64);
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "{:?}",
        begun.elapsed()
    );
}

fn first_flac_frame(flac: &[u8]) -> usize {
    let mut at = 4;
    loop {
        let last = flac[at] & 0x80 != 0;
        let bytes = usize::from(flac[at + 1]) << 16
            | usize::from(flac[at + 2]) << 8
            | usize::from(flac[at + 3]);
        at += 4 + bytes;
        if last {
            return at;
        }
    }
}

#[test]
fn an_id3_tag_that_claims_more_than_the_file() {
    let mut bytes = b"ID3\x04\0\0\x7F\x7F\x7F\x7F".to_vec();
    bytes.extend([0; 100]);
    assert_eq!(
        to_mp3(&bytes, None).expect_err("refused").code(),
        "recording-without-audio"
    );
    let chain = b"ID3\x04\0\0\0\0\0\0".repeat(50_000);
    assert!(to_mp3(&chain, None).is_err());
}
