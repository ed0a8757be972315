//! Inputs that read in drops, outputs that fail or lie, and containers in containers.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::sync::atomic::AtomicBool;

use faxmill::audio::{AudioError, DeclaredType, TranscodeOptions, TranscodeReport, transcode};
use faxmill::job::Reason;

use super::support::{Folder, best_correlation, decode, make, sample, speech, to_mp3};

/// A file whose reads are short and sometimes interrupted.
struct Drops<'a> {
    file: Cursor<&'a [u8]>,
    reads: usize,
}

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        if self.reads.is_multiple_of(3) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = buffer.len().min(1 + self.reads % 97);
        self.file.read(&mut buffer[..count])
    }
}

impl Seek for Drops<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// An output with a fault at one place.
struct Faulty {
    file: Cursor<Vec<u8>>,
    fault: Fault,
}

#[derive(Clone, Copy)]
enum Fault {
    /// The disk is full at this size.
    FullAt(u64),
    /// One byte of the file, counted from its end, is stored wrongly.
    FlipsFromEnd(usize),
    /// The last byte is lost.
    LosesTheLast,
}

impl Write for Faulty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.fault {
            Fault::FullAt(size) if self.file.position() + bytes.len() as u64 > size => {
                Err(io::ErrorKind::StorageFull.into())
            }
            _ => self.file.write(bytes),
        }
    }

    /// The writer flushes once, when it believes the file complete.
    fn flush(&mut self) -> io::Result<()> {
        let bytes = self.file.get_mut();
        match self.fault {
            Fault::FullAt(_) => {}
            Fault::FlipsFromEnd(distance) => {
                let at = bytes.len() - distance;
                bytes[at] ^= 0xFF;
            }
            Fault::LosesTheLast => drop(bytes.pop()),
        }
        Ok(())
    }
}

impl Read for Faulty {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Seek for Faulty {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

fn into_faulty(fault: Fault) -> Result<TranscodeReport, AudioError> {
    let mut output = Faulty {
        file: Cursor::new(Vec::new()),
        fault,
    };
    transcode(
        &mut Cursor::new(sample("voicemail-pcm.wav")),
        None,
        &mut output,
        &TranscodeOptions::default(),
        &mut |_| {},
        &AtomicBool::new(false),
    )
}

#[test]
fn reads_in_drops_change_nothing() {
    let speech = speech();
    for (recording, declared) in [
        (sample("voicemail-wav49.wav"), None),
        (sample("voicemail.gsm"), Some(DeclaredType::Gsm)),
        (make(&speech, "flac", &[]), None),
        (make(&speech, "mp3", &["-c:a", "libmp3lame"]), None),
        (make(&speech, "ogg", &["-c:a", "libvorbis"]), None),
        (make(&speech, "wav", &["-c:a", "adpcm_ms"]), None),
    ] {
        let (_, expected) = to_mp3(&recording, declared).expect("an MP3");
        let mut input = Drops {
            file: Cursor::new(&recording),
            reads: 0,
        };
        let mut output = Cursor::new(Vec::new());
        let options = TranscodeOptions::default();
        let cancel = AtomicBool::new(false);
        transcode(
            &mut input,
            declared,
            &mut output,
            &options,
            &mut |_| {},
            &cancel,
        )
        .expect("an MP3");
        assert!(output.into_inner() == expected);
    }
}

#[test]
fn a_full_disk_is_the_storages_failure_wherever_it_strikes() {
    for size in [0, 100, 10_000, 20_000] {
        let error = into_faulty(Fault::FullAt(size)).expect_err("full");
        assert_eq!(error.code(), "io-failed");
        assert_eq!(error.reason(), Reason::StorageFailed);
        assert!(
            error.to_string().starts_with("writing the MP3 failed"),
            "{error}"
        );
    }
}

#[test]
fn an_mp3_that_was_stored_wrongly_is_never_reported_as_done() {
    // The first byte of the last frame: at 8 kHz and 32 kbit/s a frame has 288 bytes.
    for fault in [
        Fault::LosesTheLast,
        Fault::FlipsFromEnd(288),
        Fault::FlipsFromEnd(2 * 288),
    ] {
        let error = into_faulty(fault).expect_err("found out");
        assert_eq!(error.code(), "encoder-failed", "{error}");
        assert_eq!(error.reason(), Reason::TranscodeFailed);
    }
}

#[test]
fn an_input_that_cannot_be_read_is_the_storages_failure() {
    struct Broken(Cursor<Vec<u8>>);
    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.position() > 50_000 {
                return Err(io::Error::other("bad sector"));
            }
            self.0.read(buffer)
        }
    }
    impl Seek for Broken {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }
    let speech = speech();
    for recording in [
        sample("voicemail-pcm.wav"),
        make(&speech, "flac", &["-sample_fmt", "s32"]),
    ] {
        assert!(recording.len() > 60_000);
        let mut output = Cursor::new(Vec::new());
        let error = transcode(
            &mut Broken(Cursor::new(recording)),
            None,
            &mut output,
            &TranscodeOptions::default(),
            &mut |_| {},
            &AtomicBool::new(false),
        )
        .expect_err("unreadable");
        assert_eq!(error.reason(), Reason::StorageFailed, "{error}");
        assert!(error.to_string().contains("bad sector"), "{error}");
    }
}

#[test]
fn chained_ogg_streams_are_one_recording() {
    let speech = speech();
    let half = speech.len() / 2;
    let chained = [
        make(
            &speech[..half],
            "ogg",
            &["-c:a", "flac", "-serial_offset", "1"],
        ),
        make(
            &speech[half..],
            "ogg",
            &["-c:a", "flac", "-serial_offset", "2"],
        ),
    ]
    .concat();
    let (report, mp3) = to_mp3(&chained, None).expect("an MP3");
    assert_eq!(report.samples, speech.len() as u64);
    let folder = Folder::new();
    let decoded = decode(&folder.write("chained.mp3", &mp3), 8_000);
    let (likeness, lag) = best_correlation(&speech, &decoded, 8);
    assert!(likeness > 0.95 && lag == 0, "{likeness:.3} at {lag}");
}

#[test]
fn tags_in_front_of_mp3_and_flac_are_skipped() {
    // An ID3 tag of 40,000 bytes that looks like frames inside.
    let mut tag = b"ID3\x04\0\0\0\x02\x38\x40".to_vec();
    tag.extend(std::iter::repeat_n([0xFF, 0xFB, 0x90, 0x00], 10_000).flatten());
    let speech = speech();
    for (extension, options) in [("flac", &[][..]), ("mp3", &["-c:a", "libmp3lame"][..])] {
        let recording = make(&speech, extension, options);
        let tagged = [tag.clone(), recording].concat();
        let (report, _) = to_mp3(&tagged, None).expect("an MP3");
        assert_eq!(report.samples, speech.len() as u64, "{extension}");
    }
    let wav = [tag, sample("voicemail-pcm.wav")].concat();
    assert_eq!(
        to_mp3(&wav, None).expect_err("refused").code(),
        "recording-unsupported"
    );
}
