//! Recordings that are not whole: everything audible is delivered and the damage is named.

use faxmill::audio::{DeclaredType, Salvage};

use super::support::{
    Folder, Wav, best_correlation, correlation, decode, make, run_with_input, sample, speech,
    to_mp3,
};

#[test]
fn a_truncated_wav_keeps_every_whole_sample() {
    for name in [
        "voicemail-pcm.wav",
        "voicemail-ulaw.wav",
        "voicemail-wav49.wav",
    ] {
        let whole = sample(name);
        let (full, _) = to_mp3(&whole, None).expect("an MP3");
        let data = whole.windows(4).position(|id| id == b"data").expect("data") + 8;
        let mut last = u64::MAX;
        for cut in (data + 66..whole.len() - 66).rev().step_by(4_999) {
            let (report, _) = to_mp3(&whole[..cut], None).expect("an MP3");
            let bytes = (cut - data) as u64;
            let expected = match name {
                "voicemail-pcm.wav" => bytes / 2,
                "voicemail-ulaw.wav" => bytes,
                _ => bytes / 65 * 320 + if bytes % 65 >= 33 { 160 } else { 0 },
            };
            assert_eq!(report.samples, expected, "{name} cut at {cut}");
            assert!(report.samples < last);
            last = report.samples;
            let missing_frames = full.samples - report.samples;
            assert_eq!(
                report.salvage,
                Some(Salvage::Truncated { missing_frames }),
                "{name}"
            );
        }
    }
}

#[test]
fn a_wav_cut_anywhere_in_its_header_is_refused() {
    let whole = sample("voicemail-wav49.wav");
    let data = whole.windows(4).position(|id| id == b"data").expect("data") + 8;
    for cut in 1..data {
        let error = to_mp3(&whole[..cut], None).expect_err("refused");
        let codes = [
            "recording-invalid",
            "recording-without-audio",
            "not-a-recording",
        ];
        assert!(codes.contains(&error.code()), "cut at {cut}: {error}");
    }
}

#[test]
fn a_header_without_a_length_is_read_to_the_end() {
    let speech = speech();
    let bytes: Vec<u8> = speech
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    let wav = Wav {
        data: &bytes,
        ..Wav::default()
    };
    for length in [0, u32::MAX] {
        let (report, _) = to_mp3(&wav.with_data_length(length), None).expect("an MP3");
        assert_eq!(report.samples, speech.len() as u64);
        assert_eq!(report.salvage, Some(Salvage::LengthMissing));
    }
    // As ffmpeg writes to a pipe.
    let piped = run_with_input(
        "ffmpeg",
        &[
            "-v", "error", "-f", "s16le", "-ar", "8000", "-ac", "1", "-i", "-", "-f", "wav", "-",
        ],
        &bytes,
    );
    let (report, _) = to_mp3(&piped, None).expect("an MP3");
    assert_eq!(report.samples, speech.len() as u64);
    assert_eq!(report.salvage, Some(Salvage::LengthMissing));
}

#[test]
fn a_length_beyond_the_end_is_a_truncation() {
    let data = [0; 2_000];
    let wav = Wav {
        data: &data,
        ..Wav::default()
    };
    let (report, _) = to_mp3(&wav.with_data_length(u32::MAX - 1), None).expect("an MP3");
    assert_eq!(report.samples, 1_000);
    let missing_frames = u64::from(u32::MAX - 1) / 2 - 1_000;
    assert_eq!(report.salvage, Some(Salvage::Truncated { missing_frames }));
}

#[test]
fn chunks_around_the_audio_are_no_audio() {
    let data: Vec<u8> = (0..4_000).map(|i| (i % 251) as u8).collect();
    let plain = Wav {
        data: &data,
        ..Wav::default()
    }
    .bytes();
    let (_, expected) = to_mp3(&plain, None).expect("an MP3");
    let mut around = plain[..36].to_vec();
    // An odd length is padded.
    around.extend(b"LIST\x05\0\0\0INFO!\0");
    around.extend(&plain[36..]);
    around.extend(b"id3 \x04\0\0\0\x7F\x7F\x7F\x7F");
    assert_eq!(to_mp3(&around, None).expect("an MP3").1, expected);
}

#[test]
fn numbers_that_are_none_become_silence() {
    let samples = [
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        1e38,
        -0.0,
        f32::MIN_POSITIVE,
    ];
    for bits in [32_u16, 64] {
        let data: Vec<u8> = samples
            .iter()
            .cycle()
            .take(16_000)
            .flat_map(|&sample| match bits {
                32 => sample.to_le_bytes().to_vec(),
                _ => f64::from(sample).to_le_bytes().to_vec(),
            })
            .collect();
        let wav = Wav {
            tag: 3,
            block: bits / 8,
            bits,
            data: &data,
            ..Wav::default()
        };
        assert_eq!(
            to_mp3(&wav.bytes(), None).expect("an MP3").0.samples,
            16_000
        );
        let nothing = f32::NAN.to_le_bytes().repeat(8_000);
        let wav = Wav {
            tag: 3,
            block: 4,
            bits: 32,
            data: &nothing,
            ..Wav::default()
        };
        let (_, mp3) = to_mp3(&wav.bytes(), None).expect("an MP3");
        let path = Folder::new();
        let decoded = decode(&path.write("silence.mp3", &mp3), 8_000);
        assert!(decoded.iter().all(|sample| sample.abs() <= 1));
    }
}

#[test]
fn gsm_frames_without_signature_are_silence() {
    let mut gsm = sample("voicemail.gsm");
    let frames = gsm.len() / 33;
    gsm[33 * 100] = 0;
    gsm[33 * 101] = 0x5A;
    let (report, _) = to_mp3(&gsm, Some(DeclaredType::Gsm)).expect("an MP3");
    assert_eq!(report.samples, 160 * frames as u64);
    assert_eq!(report.salvage, Some(Salvage::Damaged { packets: 2 }));
    gsm[0] = 0;
    let error = to_mp3(&gsm, Some(DeclaredType::Gsm)).expect_err("refused");
    assert_eq!(error.code(), "recording-invalid");
}

#[test]
fn truncated_compressed_recordings_keep_what_is_there() {
    let speech = speech();
    for (extension, options) in [
        ("flac", &[][..]),
        ("mp3", &["-c:a", "libmp3lame", "-b:a", "32k"][..]),
        (
            "ogg",
            &["-c:a", "libvorbis", "-page_duration", "100000"][..],
        ),
    ] {
        let whole = make(&speech, extension, options);
        for share in [3, 5, 8] {
            let cut = whole.len() * share / 10;
            let (report, mp3) = to_mp3(&whole[..cut], None)
                .unwrap_or_else(|error| panic!("{extension} cut at {cut}: {error}"));
            assert!(
                report.samples > 0 && report.samples < speech.len() as u64,
                "{extension}"
            );
            // Vorbis states its length on the last page only, which is missing.
            if extension != "ogg" {
                assert!(
                    matches!(
                        report.salvage,
                        Some(Salvage::Truncated { .. } | Salvage::Damaged { .. })
                    ),
                    "{extension} cut at {cut}: {:?}",
                    report.salvage
                );
            }
            let folder = Folder::new();
            let decoded = decode(&folder.write("part.mp3", &mp3), 8_000);
            assert_eq!(decoded.len() as u64, report.samples);
            let (likeness, _) = best_correlation(&speech[..decoded.len()], &decoded, 8);
            assert!(likeness > 0.9, "{extension} cut at {cut}: {likeness:.3}");
        }
    }
}

#[test]
fn flipped_bits_in_compressed_recordings_cost_only_their_neighbourhood() {
    let speech = speech();
    for (extension, options) in [
        ("flac", &[][..]),
        ("mp3", &["-c:a", "libmp3lame", "-b:a", "32k"][..]),
    ] {
        let mut broken = make(&speech, extension, options);
        let middle = broken.len() / 2;
        for byte in &mut broken[middle..middle + 200] {
            *byte ^= 0x5A;
        }
        let (report, mp3) = to_mp3(&broken, None).expect("an MP3");
        let folder = Folder::new();
        let decoded = decode(&folder.write("broken.mp3", &mp3), 8_000);
        assert_eq!(decoded.len() as u64, report.samples);
        let third = speech.len() / 3;
        let likeness = correlation(&speech[..third], &decoded, 0);
        assert!(likeness > 0.95, "{extension}: {likeness:.3}");
    }
}
