//! Our own decoders against those of others, bit for bit.

use faxmill::audio::g711;
use faxmill::audio::gsm::{FRAME_BYTES, GsmDecoder, WAV49_BLOCK_BYTES};

use super::support::{Folder, run, run_with_input, sample, samples_of, text};

#[test]
fn all_256_mu_law_codes_agree_with_ffmpeg_and_sox() {
    let codes: Vec<u8> = (0..=255).collect();
    assert_eq!(by_ffmpeg("mulaw", &codes), g711::ULAW);
    assert_eq!(by_sox("ul", &codes), g711::ULAW);
}

#[test]
fn all_256_a_law_codes_agree_with_ffmpeg_and_sox() {
    let codes: Vec<u8> = (0..=255).collect();
    assert_eq!(by_ffmpeg("alaw", &codes), g711::ALAW);
    assert_eq!(by_sox("al", &codes), g711::ALAW);
}

fn by_ffmpeg(format: &str, bytes: &[u8]) -> Vec<i16> {
    let arguments = [
        "-v", "error", "-f", format, "-ar", "8000", "-i", "-", "-f", "s16le", "-",
    ];
    samples_of(&run_with_input("ffmpeg", &arguments, bytes))
}

fn by_sox(kind: &str, bytes: &[u8]) -> Vec<i16> {
    let arguments = [
        "-D", "-t", kind, "-r", "8000", "-c", "1", "-", "-t", "raw", "-e", "signed", "-b", "16",
        "-",
    ];
    samples_of(&run_with_input("sox", &arguments, bytes))
}

#[test]
fn gsm_frames_agree_with_libgsm_and_ffmpegs_own_decoder() {
    let gsm = sample("voicemail.gsm");
    let ours = decode_frames(&gsm);
    assert_eq!(ours, gsm_by_ffmpeg("libgsm", "gsm", &gsm));
    assert_eq!(ours, gsm_by_ffmpeg("gsm", "gsm", &gsm));
}

#[test]
fn wav49_blocks_agree_with_libgsm_and_ffmpegs_own_decoder() {
    let wav = sample("voicemail-wav49.wav");
    let data = wav.windows(4).position(|id| id == b"data").expect("data") + 8;
    let mut decoder = GsmDecoder::default();
    let (blocks, rest) = wav[data..].as_chunks::<WAV49_BLOCK_BYTES>();
    assert!(rest.len() < 2, "{} bytes left", rest.len());
    let ours: Vec<i16> = blocks
        .iter()
        .flat_map(|block| decoder.decode_wav49(block).concat())
        .collect();
    assert_eq!(ours, gsm_by_ffmpeg("libgsm_ms", "wav", &wav));
    assert_eq!(ours, gsm_by_ffmpeg("gsm_ms", "wav", &wav));
}

/// Random bits reach the corners that speech never does: saturation, every lag, every exponent.
#[test]
fn random_gsm_frames_agree_with_libgsm() {
    let mut random = fastrand::Rng::with_seed(0x0610);
    let mut noise = vec![0; FRAME_BYTES * 4_000];
    random.fill(&mut noise);
    for frame in noise.chunks_exact_mut(FRAME_BYTES) {
        frame[0] = 0xD0 | frame[0] & 0x0F;
    }
    assert_eq!(
        decode_frames(&noise),
        gsm_by_ffmpeg("libgsm", "gsm", &noise)
    );
}

fn decode_frames(bytes: &[u8]) -> Vec<i16> {
    let mut decoder = GsmDecoder::default();
    let frames = bytes.as_chunks::<FRAME_BYTES>().0;
    frames
        .iter()
        .flat_map(|frame| decoder.decode_frame(frame))
        .collect()
}

fn gsm_by_ffmpeg(decoder: &str, format: &str, bytes: &[u8]) -> Vec<i16> {
    let folder = Folder::new();
    let input = folder.write("in", bytes);
    samples_of(&run(
        "ffmpeg",
        &[
            "-nostdin",
            "-v",
            "error",
            "-c:a",
            decoder,
            "-f",
            format,
            "-i",
            text(&input),
            "-f",
            "s16le",
            "-",
        ],
    ))
}
