//! The MP3 as a file: its tags, its bit rate, its shortest and its cancelled form.

use std::io::Cursor;
use std::sync::atomic::{AtomicBool, Ordering};

use faxmill::audio::{AudioError, Mp3Bitrate, Tags, TranscodeOptions, transcode};
use faxmill::units::UnixMillis;
use sha2::{Digest, Sha256};

use super::support::{
    Folder, Wav, decode, make, probe, probed_seconds, run, sample, speech, text, to_mp3,
    to_mp3_with,
};

#[test]
fn tags_of_the_message_are_read_back_by_ffprobe() {
    let options = TranscodeOptions {
        tags: Tags {
            caller: Some("+1 555 010 0100 Zoë".to_owned()),
            title: Some("Message from +15550100100\nwith a second line".to_owned()),
            date: Some(UnixMillis(1_790_000_000_000)),
            mailbox: Some("4711".to_owned()),
            message_id: Some("01996c3e-msg".to_owned()),
        },
        ..TranscodeOptions::default()
    };
    let (report, mp3) = to_mp3_with(&sample("voicemail-pcm.wav"), None, &options).expect("an MP3");
    let folder = Folder::new();
    let path = folder.write("voicemail.mp3", &mp3);
    let tag = |name: &str| probe(&path, &format!("format_tags={name}"));
    assert_eq!(tag("artist"), "+1 555 010 0100 Zoë");
    assert_eq!(tag("title"), "Message from +15550100100with a second line");
    assert_eq!(tag("date"), "2026-09-21T14:13:20");
    assert_eq!(tag("mailbox"), "4711");
    assert_eq!(tag("message_id"), "01996c3e-msg");
    assert_eq!(tag("TLEN"), report.duration.as_millis().to_string());
    assert_eq!(&mp3[..5], b"ID3\x04\0");
}

#[test]
fn an_endless_caller_name_is_cut() {
    let options = TranscodeOptions {
        tags: Tags {
            caller: Some("x".repeat(10_000_000)),
            ..Tags::default()
        },
        ..TranscodeOptions::default()
    };
    let (_, mp3) = to_mp3_with(&sample("voicemail-pcm.wav"), None, &options).expect("an MP3");
    assert!(mp3.len() < 100_000, "{} bytes", mp3.len());
}

#[test]
fn size_and_digest_are_those_of_the_file() {
    let (report, mp3) = to_mp3(&sample("voicemail-ulaw.wav"), None).expect("an MP3");
    assert_eq!(report.mp3_bytes, mp3.len() as u64);
    let digest: Vec<u8> = report
        .mp3_sha256
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex"))
        .collect();
    assert_eq!(digest, Sha256::digest(&mp3).as_slice());
}

#[test]
fn the_report_as_json_counts_in_seconds() {
    let whole = sample("voicemail-pcm.wav");
    let (report, _) = to_mp3(&whole[..whole.len() - 2_000], None).expect("an MP3");
    let json = serde_json::to_value(&report).expect("JSON");
    assert_eq!(json["source"]["container"], "WAV");
    assert_eq!(json["salvage"]["truncated"]["missing_frames"], 1_000);
    let seconds = report.samples as f64 / 8_000.0;
    assert_eq!(json["duration_seconds"].as_f64(), Some(seconds));
    assert!(json["elapsed_seconds"].as_f64() > Some(0.0));
}

#[test]
fn the_same_recording_gives_the_same_bytes() {
    let recording = sample("voicemail-wav49.wav");
    let (_, first) = to_mp3(&recording, None).expect("an MP3");
    let (_, second) = to_mp3(&recording, None).expect("an MP3");
    assert_eq!(first, second);
}

#[test]
fn every_bit_rate_is_constant_and_keeps_the_exact_length_at_every_rate() {
    let speech = speech();
    for rate in ["8000", "11025", "12000", "16000", "22050", "24000"] {
        let recording = make(&speech, "wav", &["-ar", rate]);
        for bitrate in Mp3Bitrate::ALL {
            let options = TranscodeOptions {
                bitrate,
                ..TranscodeOptions::default()
            };
            let (report, mp3) = to_mp3_with(&recording, None, &options).expect("an MP3");
            let folder = Folder::new();
            let path = folder.write("voicemail.mp3", &mp3);
            let seconds = report.samples as f64 / f64::from(report.rate);
            let probed = probed_seconds(&path);
            assert!(
                (probed - seconds).abs() < 0.001,
                "{rate} Hz, {bitrate}: {probed}"
            );
            assert_eq!(decode(&path, report.rate).len() as u64, report.samples);
            let by_mpg123 = run("mpg123", &["-q", "-s", text(&path)]);
            assert_eq!(
                by_mpg123.len() as u64,
                2 * report.samples,
                "{rate} Hz, {bitrate}"
            );
            let sizes = probe(&path, "packet=size");
            let bytes: u64 = sizes
                .lines()
                .map(|size| size.parse::<u64>().expect("a size"))
                .sum();
            let kbps = bytes as f64 * 8.0 / seconds / 1000.0;
            // Delay and padding are coded, too: up to three frames.
            let excess = 3.0 * 576.0 / f64::from(report.rate) / seconds;
            let nominal = f64::from(bitrate.kbps());
            assert!(
                kbps <= nominal * (1.0 + excess) + 0.1,
                "{rate} Hz, {bitrate}: {kbps:.2}"
            );
            assert!(kbps >= nominal - 0.1, "{rate} Hz, {bitrate}: {kbps:.2}");
        }
    }
}

#[test]
fn recordings_of_a_few_samples_keep_their_length() {
    for samples in [
        1, 2, 159, 575, 576, 577, 1_151, 1_152, 1_153, 4_607, 4_608, 4_609,
    ] {
        let data = vec![0x10; samples * 2];
        let wav = Wav {
            data: &data,
            ..Wav::default()
        };
        let (report, mp3) = to_mp3(&wav.bytes(), None).expect("an MP3");
        assert_eq!(report.samples, samples as u64);
        let folder = Folder::new();
        let path = folder.write("short.mp3", &mp3);
        // ffmpeg can't trim the start and the end of one frame; only then is its count larger.
        if samples > 46 {
            assert_eq!(decode(&path, 8_000).len(), samples);
        }
        assert_eq!(run("mpg123", &["-q", "-s", text(&path)]).len(), samples * 2);
    }
}

#[test]
fn the_mp3_may_begin_anywhere_in_the_output() {
    let recording = sample("voicemail-pcm.wav");
    let (_, alone) = to_mp3(&recording, None).expect("an MP3");
    let mut output = Cursor::new(vec![7; 1_000]);
    output.set_position(1_000);
    let options = TranscodeOptions::default();
    let cancel = AtomicBool::new(false);
    let input = &mut Cursor::new(&recording);
    transcode(input, None, &mut output, &options, &mut |_| {}, &cancel).expect("an MP3");
    assert_eq!(output.get_ref()[..1_000], [7; 1_000]);
    assert_eq!(output.get_ref()[1_000..], alone);
}

#[test]
fn progress_rises_to_the_end_and_canceling_stops_soon() {
    let data = vec![0; 8_000 * 2 * 60];
    let wav = Wav {
        data: &data,
        ..Wav::default()
    }
    .bytes();
    let mut told = Vec::new();
    let cancel = AtomicBool::new(false);
    let options = TranscodeOptions::default();
    let mut output = Cursor::new(Vec::new());
    let mut tell = |progress: faxmill::audio::Progress| {
        assert_eq!(progress.seconds_total, Some(60.0));
        told.push(progress.seconds_done);
    };
    transcode(
        &mut Cursor::new(&wav),
        None,
        &mut output,
        &options,
        &mut tell,
        &cancel,
    )
    .expect("an MP3");
    assert!(told.len() >= 30 && told.is_sorted(), "{told:?}");
    assert_eq!(told.last(), Some(&60.0));

    let mut seconds = 0.0;
    let mut tell = |progress: faxmill::audio::Progress| {
        seconds = progress.seconds_done;
        cancel.store(true, Ordering::Relaxed);
    };
    let mut output = Cursor::new(Vec::new());
    let error = transcode(
        &mut Cursor::new(&wav),
        None,
        &mut output,
        &options,
        &mut tell,
        &cancel,
    )
    .expect_err("canceled");
    assert!(matches!(error, AudioError::Canceled), "{error}");
    assert!(seconds < 3.0, "{seconds}");
}
