//! What is no recording, or none that we read, is refused by a typed error that says what it is.

use faxmill::audio::{AudioError, DeclaredType, TranscodeOptions, inspect};
use faxmill::job::{Reason, Retry};
use faxmill::limits::Limits;

use super::support::{Wav, make, sample, speech, to_mp3, to_mp3_with};

fn refusal(bytes: &[u8], declared: Option<DeclaredType>) -> AudioError {
    match to_mp3(bytes, declared) {
        Err(error) => error,
        Ok((report, _)) => panic!("became an MP3: {report:?}"),
    }
}

#[test]
fn an_empty_file() {
    for declared in [None, Some(DeclaredType::Ulaw), Some(DeclaredType::Wav)] {
        let error = refusal(b"", declared);
        assert_eq!(error.code(), "recording-empty");
        assert_eq!(error.reason(), Reason::RecordingInvalid);
    }
}

#[test]
fn a_web_page_named_wav_and_other_documents() {
    let page = b"\xEF\xBB\xBF\n<!DOCTYPE HTML><title>404</title>".as_slice();
    let cases: [(&[u8], &str); 6] = [
        (page, "web page"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PK\x03\x04\x14\0", "ZIP"),
        (b"\xFF\xD8\xFF\xE0\0\x10JFIF", "JPEG"),
        (b"just a note\n", "plain text"),
        (b"\x01\x02\x03\x04\x05", "without a known header"),
    ];
    for (bytes, expected) in cases {
        for declared in [None, Some(DeclaredType::Wav), Some(DeclaredType::Mp3)] {
            let error = refusal(bytes, declared);
            assert_eq!(error.code(), "not-a-recording");
            assert_eq!(error.reason(), Reason::MediaUnsupported);
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
    assert_eq!(
        refusal(page, Some(DeclaredType::Gsm)).code(),
        "not-a-recording"
    );
}

#[test]
fn headerless_audio_is_never_guessed() {
    for extension in ["ulaw", "alaw", "sln", "gsm"] {
        let options: &[&str] = match extension {
            "ulaw" => &["-f", "mulaw"],
            "alaw" => &["-f", "alaw"],
            "sln" => &["-f", "s16le"],
            _ => &["-c:a", "libgsm", "-f", "gsm"],
        };
        let recording = make(&speech(), extension, options);
        for declared in [None, Some(DeclaredType::Wav), Some(DeclaredType::Mp3)] {
            assert_eq!(
                refusal(&recording, declared).code(),
                "not-a-recording",
                "{extension}"
            );
        }
    }
}

#[test]
fn content_wins_over_a_wrong_declaration() {
    let source = |bytes: &[u8], declared| {
        inspect(&mut std::io::Cursor::new(bytes), Some(declared)).expect("a recording")
    };
    let wav = sample("voicemail-ulaw.wav");
    assert_eq!(source(&wav, DeclaredType::Gsm).container, "WAV");
    assert_eq!(source(&wav, DeclaredType::Mp3).container, "WAV");
    let flac = make(&speech(), "flac", &[]);
    assert_eq!(source(&flac, DeclaredType::Ulaw).container, "FLAC");
    // MP3's sync is weak: µ-law silence is all ones, too.
    let silence = [0xFF; 8_000];
    assert_eq!(source(&silence, DeclaredType::Ulaw).codec, "G.711 µ-law");
}

#[test]
fn kinds_that_are_known_but_not_decoded() {
    let cases: [(&[u8], &str); 8] = [
        (b"#!AMR\n\x3C\x91", "AMR"),
        (b".snd\0\0\0\x18", "AU"),
        (b"FORM\0\0\0\x20AIFFCOMM", "AIFF"),
        (b"caff\0\x01", "CAF"),
        (b"\0\0\0\x20ftypM4A \0", "MP4"),
        (b"\x1A\x45\xDF\xA3\x01", "Matroska"),
        (b"\xFF\xF1\x50\x80\x02\x1F\xFC", "AAC"),
        (b"RIFX\0\0\0\0WAVE", "big-endian"),
    ];
    for (bytes, expected) in cases {
        let error = refusal(bytes, None);
        assert_eq!(error.code(), "recording-unsupported", "{expected}");
        assert_eq!(error.reason(), Reason::MediaUnsupported);
        assert!(error.to_string().contains(expected), "{error}");
    }
    let opus = make(&speech(), "ogg", &["-c:a", "libopus"]);
    assert!(refusal(&opus, None).to_string().contains("Opus"));
    let layer_two = make(
        &speech(),
        "mp2",
        &["-ar", "16000", "-c:a", "mp2", "-b:a", "64k"],
    );
    assert!(refusal(&layer_two, None).to_string().contains("layer II"));
    let g726 = make(&speech(), "wav", &["-c:a", "g726", "-b:a", "32k"]);
    assert!(refusal(&g726, None).to_string().contains("G.726"));
}

#[test]
fn a_wav_header_with_impossible_numbers() {
    let data = [0; 4_000];
    let good = Wav {
        data: &data,
        ..Wav::default()
    };
    let lies = [
        Wav { rate: 0, ..good },
        Wav {
            rate: 3_999,
            ..good
        },
        Wav {
            rate: 192_001,
            ..good
        },
        Wav {
            rate: u32::MAX,
            ..good
        },
        Wav {
            channels: 0,
            ..good
        },
        Wav {
            channels: 9,
            block: 18,
            ..good
        },
        Wav {
            channels: 65_535,
            ..good
        },
        Wav {
            channels: 65_535,
            block: 65_535,
            bits: 8,
            ..good
        },
        Wav { block: 0, ..good },
        Wav { block: 3, ..good },
        Wav {
            block: 65_535,
            ..good
        },
        Wav { bits: 0, ..good },
        Wav { bits: 17, ..good },
        Wav {
            tag: 3,
            block: 2,
            bits: 16,
            ..good
        },
        Wav {
            tag: 7,
            block: 2,
            bits: 16,
            ..good
        },
        Wav {
            tag: 0x31,
            block: 64,
            bits: 0,
            ..good
        },
        Wav {
            tag: 0x31,
            block: 130,
            channels: 2,
            bits: 0,
            ..good
        },
        Wav {
            tag: 0x11,
            block: 3,
            bits: 4,
            ..good
        },
        Wav {
            tag: 2,
            block: 6,
            bits: 4,
            ..good
        },
    ];
    for lie in lies {
        let error = refusal(&lie.bytes(), None);
        assert_eq!(error.code(), "recording-invalid", "{error}");
        assert_eq!(error.reason(), Reason::RecordingInvalid);
        assert_eq!(error.reason().retry(), Retry::Never);
    }
    assert!(to_mp3(&good.bytes(), None).is_ok());
}

#[test]
fn a_wav_file_without_audio() {
    let empty = Wav::default().bytes();
    assert_eq!(refusal(&empty, None).code(), "recording-without-audio");
    // No data, then a chunk that is no audio either.
    let mut with_list = empty;
    with_list.extend(b"LIST\x08\0\0\0INFOabcd");
    assert_eq!(refusal(&with_list, None).code(), "recording-without-audio");
    let no_data = &Wav::default().bytes()[..36];
    assert_eq!(refusal(no_data, None).code(), "recording-without-audio");
}

#[test]
fn audio_before_its_format() {
    let wav = b"RIFF\x20\0\0\0WAVEdata\x04\0\0\0\0\0\0\0fmt \x10\0\0\0";
    assert_eq!(refusal(wav, None).code(), "recording-invalid");
}

#[test]
fn more_bytes_or_seconds_than_the_limits() {
    let wav = sample("voicemail-pcm.wav");
    let with = |limits: Limits| TranscodeOptions {
        limits,
        ..TranscodeOptions::default()
    };
    let small = with(Limits {
        recording_bytes_max: 1_000,
        ..Limits::default()
    });
    let error = to_mp3_with(&wav, None, &small).expect_err("refused");
    assert_eq!(error.code(), "recording-too-large");
    assert_eq!(error.reason(), Reason::RecordingTooLarge);
    let length = wav.len().to_string();
    assert!(
        error.to_string().contains(&length) && error.to_string().contains("1000"),
        "{error}"
    );

    let short = with(Limits {
        recording_seconds_max: 3,
        ..Limits::default()
    });
    let error = to_mp3_with(&wav, None, &short).expect_err("refused");
    assert_eq!(error.code(), "recording-too-long");
    assert_eq!(error.reason(), Reason::RecordingTooLarge);
    // Without a length in the header, decoding itself stops at the limit.
    let mp3 = to_mp3(&wav, None).expect("an MP3").1;
    let tag = mp3
        .windows(4)
        .position(|word| word == b"Info")
        .expect("an Info frame");
    let unframed = &mp3[tag + 275..];
    let error = to_mp3_with(unframed, Some(DeclaredType::Mp3), &short).expect_err("refused");
    assert_eq!(error.code(), "recording-too-long");
}

#[test]
fn declared_types_by_every_name() {
    for (text, expected) in [
        ("gsm", DeclaredType::Gsm),
        ("GSM", DeclaredType::Gsm),
        ("pcmu", DeclaredType::Ulaw),
        ("audio/basic", DeclaredType::Ulaw),
        ("audio/x-wav", DeclaredType::Wav),
        ("audio/mpeg; charset=binary", DeclaredType::Mp3),
        (" sln16 ", DeclaredType::Sln16),
    ] {
        assert_eq!(text.parse::<DeclaredType>().expect(text), expected);
    }
    for declared in DeclaredType::all() {
        assert_eq!(
            declared
                .name()
                .parse::<DeclaredType>()
                .expect("its own name"),
            declared
        );
    }
    let error = "application/octet-stream"
        .parse::<DeclaredType>()
        .expect_err("unknown");
    assert_eq!(error.code(), "recording-unsupported");
    assert_eq!(
        DeclaredType::from_file_name("a.b/msg0001.WAV"),
        Some(DeclaredType::Wav)
    );
    assert_eq!(DeclaredType::from_file_name("msg0001"), None);
}
