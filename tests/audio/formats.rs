//! Each kind of recording, made by ffmpeg, against ffprobe's, ffmpeg's and mpg123's view of its MP3.

use faxmill::audio::{DeclaredType, output_rate};

use super::support::{
    Folder, best_correlation, decode, make, probed_seconds, run, speech, text, to_mp3,
};

struct Case {
    extension: &'static str,
    options: &'static [&'static str],
    declared: Option<DeclaredType>,
    rate: u32,
    container: &'static str,
    codec: &'static str,
    /// Samples by which a coding with frames may lengthen the speech, at its own rate.
    slack: u64,
}

const fn wav(options: &'static [&'static str], codec: &'static str) -> Case {
    Case {
        extension: "wav",
        options,
        declared: None,
        rate: 8_000,
        container: "WAV",
        codec,
        slack: 0,
    }
}

const fn raw(
    extension: &'static str,
    options: &'static [&'static str],
    declared: DeclaredType,
    codec: &'static str,
) -> Case {
    Case {
        extension,
        options,
        declared: Some(declared),
        container: "raw",
        ..wav(&[], codec)
    }
}

/// Transcodes one made recording and checks all that other programs can tell of the MP3.
fn check(case: &Case) {
    let speech = speech();
    let name = format!("{} {:?}", case.extension, case.options);
    let recording = make(&speech, case.extension, case.options);
    let (report, mp3) =
        to_mp3(&recording, case.declared).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(report.source.container, case.container, "{name}");
    assert_eq!(report.source.codec, case.codec, "{name}");
    assert_eq!(report.source.rate, case.rate, "{name}");
    assert_eq!(report.salvage, None, "{name}");
    assert_eq!(report.rate, output_rate(case.rate), "{name}");
    check_length(case, &name, speech.len() as u64, report.samples);

    let folder = Folder::new();
    let path = folder.write("voicemail.mp3", &mp3);
    let seconds = report.samples as f64 / f64::from(report.rate);
    assert!(
        (report.duration.as_secs_f64() - seconds).abs() < 1e-8,
        "{name}"
    );
    let probed = probed_seconds(&path);
    assert!(
        (probed - seconds).abs() < 0.001,
        "{name}: ffprobe says {probed}, not {seconds}"
    );
    let decoded = decode(&path, report.rate);
    assert_eq!(
        decoded.len() as u64,
        report.samples,
        "{name}: ffmpeg decodes other samples"
    );
    let by_mpg123 = run("mpg123", &["-q", "-s", text(&path)]);
    assert_eq!(
        by_mpg123.len() as u64,
        2 * report.samples,
        "{name}: mpg123 disagrees"
    );

    let (likeness, lag) = best_correlation(&speech, &decode(&path, 8_000), 40);
    assert!(likeness > 0.95, "{name}: correlation {likeness:.3}");
    if case.slack == 0 && case.rate == 8_000 {
        assert_eq!(lag, 0, "{name}: the sound is shifted");
    }
}

fn check_length(case: &Case, name: &str, speech_samples: u64, samples: u64) {
    let exact = speech_samples * u64::from(output_rate(case.rate)) / 8_000;
    let slack = 1 + case.slack * u64::from(output_rate(case.rate)) / u64::from(case.rate);
    let bounds = exact.saturating_sub(1)..=exact + slack;
    assert!(
        bounds.contains(&samples),
        "{name}: {samples} samples, expected {bounds:?}"
    );
    if case.slack == 0 && case.rate == 8_000 {
        assert_eq!(samples, speech_samples, "{name}");
    }
}

#[test]
fn wav_in_every_pcm_and_float_width() {
    check(&wav(&["-c:a", "pcm_u8"], "PCM 8-bit"));
    check(&wav(&["-c:a", "pcm_s16le"], "PCM 16-bit"));
    // ffmpeg writes WAVE_FORMAT_EXTENSIBLE for these two.
    check(&wav(&["-c:a", "pcm_s24le"], "PCM 24-bit"));
    check(&wav(&["-c:a", "pcm_s32le"], "PCM 32-bit"));
    check(&wav(&["-c:a", "pcm_f32le"], "float 32-bit"));
    check(&wav(&["-c:a", "pcm_f64le"], "float 64-bit"));
}

#[test]
fn wav_in_the_codings_of_telephony() {
    check(&wav(&["-c:a", "pcm_mulaw"], "G.711 µ-law"));
    check(&wav(&["-c:a", "pcm_alaw"], "G.711 A-law"));
    check(&Case {
        slack: 640,
        ..wav(&["-c:a", "libgsm_ms"], "GSM 06.10 (WAV49)")
    });
    check(&Case {
        slack: 2_048,
        ..wav(&["-c:a", "adpcm_ms"], "MS ADPCM")
    });
    check(&Case {
        slack: 4_096,
        ..wav(&["-c:a", "adpcm_ima_wav"], "IMA ADPCM")
    });
}

#[test]
fn rf64_with_a_64_bit_length() {
    check(&wav(&["-rf64", "always"], "PCM 16-bit"));
}

#[test]
fn headerless_recordings_by_their_declared_type() {
    use DeclaredType::{Alaw, Gsm, Sln, Sln16, Ulaw};
    check(&raw(
        "ulaw",
        &["-c:a", "pcm_mulaw", "-f", "mulaw"],
        Ulaw,
        "G.711 µ-law",
    ));
    check(&raw(
        "alaw",
        &["-c:a", "pcm_alaw", "-f", "alaw"],
        Alaw,
        "G.711 A-law",
    ));
    check(&raw("sln", &["-f", "s16le"], Sln, "PCM 16-bit"));
    check(&Case {
        rate: 16_000,
        ..raw(
            "sln16",
            &["-ar", "16000", "-f", "s16le"],
            Sln16,
            "PCM 16-bit",
        )
    });
    check(&Case {
        slack: 320,
        ..raw("gsm", &["-c:a", "libgsm", "-f", "gsm"], Gsm, "GSM 06.10")
    });
}

#[test]
fn compressed_recordings() {
    check(&Case {
        extension: "flac",
        container: "FLAC",
        ..wav(&["-metadata", "title=A message"], "FLAC")
    });
    check(&Case {
        extension: "ogg",
        container: "Ogg",
        ..wav(&["-c:a", "libvorbis", "-q:a", "6"], "Vorbis")
    });
    check(&Case {
        extension: "ogg",
        container: "Ogg",
        ..wav(&["-c:a", "flac"], "FLAC")
    });
    check(&Case {
        extension: "mp3",
        container: "MP3",
        ..wav(
            &[
                "-c:a",
                "libmp3lame",
                "-b:a",
                "64k",
                "-metadata",
                "title=A message",
            ],
            "MP3",
        )
    });
}

#[test]
fn every_rate_and_channel_count_becomes_mono_at_a_rate_of_mpeg_2() {
    const LAYOUTS: [(&str, &str); 8] = [
        ("8000", "1"),
        ("11025", "2"),
        ("12000", "1"),
        ("16000", "2"),
        ("22050", "1"),
        ("24000", "4"),
        ("32000", "2"),
        ("44100", "2"),
    ];
    for (rate, channels) in LAYOUTS {
        check_rate(rate, channels);
    }
    for (rate, channels) in [
        ("48000", "6"),
        ("96000", "1"),
        ("192000", "2"),
        ("9600", "1"),
    ] {
        check_rate(rate, channels);
    }
    // No small ratio: the resampler's interpolated table.
    check_rate("7993", "1");
    check_rate("37123", "1");
}

fn check_rate(rate: &str, channels: &str) {
    let speech = speech();
    let recording = make(&speech, "wav", &["-ar", rate, "-ac", channels]);
    let (report, mp3) = to_mp3(&recording, None).expect(rate);
    let source_rate: u32 = rate.parse().expect("a number");
    assert_eq!(report.source.channels.to_string(), channels);
    assert_eq!(report.rate, output_rate(source_rate));
    let frames = report.source.frames.expect("a length");
    let exact = frames as f64 * f64::from(report.rate) / f64::from(source_rate);
    assert!(
        (report.samples as f64 - exact).abs() <= 0.5,
        "{rate} Hz: {} samples",
        report.samples
    );

    let folder = Folder::new();
    let path = folder.write("voicemail.mp3", &mp3);
    let probed = probed_seconds(&path);
    let source_seconds = frames as f64 / f64::from(source_rate);
    assert!(
        (probed - source_seconds).abs() < 0.001,
        "{rate} Hz: {probed} not {source_seconds}"
    );
    assert_eq!(
        decode(&path, report.rate).len() as u64,
        report.samples,
        "{rate} Hz"
    );
    let (likeness, lag) = best_correlation(&speech, &decode(&path, 8_000), 4);
    assert!(
        likeness > 0.95,
        "{rate} Hz, {channels} channels: correlation {likeness:.3}"
    );
    assert!(lag.abs() <= 1, "{rate} Hz: shifted by {lag}");
}
