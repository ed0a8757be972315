//! UDPTL datagrams: known ones, any ones, lost ones.

use std::borrow::Cow;
use std::process::Command;
use std::time::Duration;

use faxmill::t38::udptl::{
    Datagram, ErrorCorrection, Recovery, UdptlDecoder, UdptlEncoder, UdptlError, UdptlReceiver,
};
use proptest::prelude::*;

use super::Scratch;
use super::pair::{Line, Pair, RECEIVER, SENDER, receiving, sending};

/// Written by hand from the ASN.1 of T.38 §9.1 under aligned PER.
#[test]
fn known_datagrams() {
    let known: [(&[u8], Datagram<'_>); 4] = [
        (
            &[0x00, 0x00, 0x01, 0x06, 0x00, 0x00],
            datagram(0, &[0x06], Recovery::Redundancy(vec![])),
        ),
        (
            &[
                0x12, 0x34, 0x02, 0xAA, 0xBB, 0x00, 0x02, 0x01, 0xCC, 0x03, 0x01, 0x02, 0x03,
            ],
            datagram(
                0x1234,
                &[0xAA, 0xBB],
                Recovery::Redundancy(vec![Cow::Borrowed(&[0xCC]), Cow::Borrowed(&[1, 2, 3])]),
            ),
        ),
        (
            &[
                0xFF, 0xFF, 0x01, 0x11, 0x80, 0x01, 0x03, 0x02, 0x02, 0x0A, 0x0B, 0x01, 0x0C,
            ],
            datagram(
                0xFFFF,
                &[0x11],
                Recovery::Fec {
                    span: 3,
                    parities: vec![Cow::Borrowed(&[0x0A, 0x0B]), Cow::Borrowed(&[0x0C])],
                },
            ),
        ),
        (
            &[0x00, 0x07, 0x00, 0x00, 0x00],
            datagram(7, &[], Recovery::Redundancy(vec![])),
        ),
    ];
    for (bytes, expected) in known {
        assert_eq!(Datagram::parse(bytes).as_ref(), Ok(&expected));
        assert_eq!(expected.to_bytes(), bytes);
    }
}

fn datagram<'a>(sequence: u16, primary: &'a [u8], recovery: Recovery<'a>) -> Datagram<'a> {
    Datagram {
        sequence,
        primary: Cow::Borrowed(primary),
        recovery,
    }
}

#[test]
fn lengths_of_one_and_two_octets_and_of_fragments() {
    for (length, head) in [
        (0x7F, &[0x7F][..]),
        (0x80, &[0x80, 0x80]),
        (0x3FFF, &[0xBF, 0xFF]),
        (0x4000, &[0xC1]),
        (0xC123, &[0xC3]),
    ] {
        let packet: Vec<u8> = (0..length).map(|i| i as u8).collect();
        let bytes = datagram(1, &packet, Recovery::Redundancy(vec![])).to_bytes();
        assert_eq!(&bytes[2..2 + head.len()], head, "{length} octets");
        let parsed = Datagram::parse(&bytes).expect("our own datagram");
        assert_eq!(parsed.primary, packet, "{length} octets");
    }
}

#[test]
fn malformed_datagrams_are_refused_by_name() {
    for (bytes, code) in [
        (&[][..], "udptl-truncated"),
        (&[0x00], "udptl-truncated"),
        (&[0x00, 0x00, 0x05, 0x01], "udptl-truncated"),
        (&[0x00, 0x00, 0x01, 0x06, 0x40], "udptl-recovery-kind"),
        (
            &[0x00, 0x00, 0x01, 0x06, 0x00, 0x11],
            "udptl-too-many-entries",
        ),
        (&[0x00, 0x00, 0x01, 0x06, 0x00, 0x01], "udptl-truncated"),
        (
            &[0x00, 0x00, 0x01, 0x06, 0x80, 0x02],
            "udptl-field-too-long",
        ),
        (&[0x00, 0x00, 0xC7, 0x06], "udptl-field-too-long"),
    ] {
        let error = Datagram::parse(bytes).expect_err("malformed");
        assert_eq!(error.code(), code, "{bytes:02x?}");
    }
}

#[test]
fn octets_behind_the_end_and_a_missing_recovery_part_are_tolerated() {
    let mut receiver = UdptlReceiver::default();
    let now = Duration::ZERO;
    for bytes in [
        &[0x00, 0x00, 0x01, 0x06, 0x00, 0x00, 0xDE, 0xAD][..],
        &[0x00, 0x01, 0x01, 0x08],
    ] {
        receiver.handle_datagram(now, bytes).expect("tolerated");
    }
    assert_eq!(receiver.poll(now), Some((0, vec![0x06])));
    assert_eq!(receiver.poll(now), Some((1, vec![0x08])));
}

#[test]
fn a_repeated_datagram_has_the_same_number() {
    let mut encoder = UdptlEncoder::new(ErrorCorrection::Redundancy { entries: 2 }, 1_400);
    assert_eq!(encoder.repeat(), None);
    let first = encoder.encode(&[1]);
    assert_eq!(encoder.repeat(), Some(first.as_slice()));
    let second = encoder.encode(&[2]);
    assert_eq!(&second[..2], [0, 1]);
}

#[test]
fn redundancy_is_left_out_where_it_does_not_fit() {
    let mut encoder = UdptlEncoder::new(ErrorCorrection::Redundancy { entries: 5 }, 100);
    for number in 0..6 {
        let datagram = encoder.encode(&[number; 30]);
        assert!(datagram.len() <= 100, "{} octets", datagram.len());
        let entries = match Datagram::parse(&datagram).expect("our own").recovery {
            Recovery::Redundancy(entries) => entries.len(),
            Recovery::Fec { .. } => panic!("redundancy was asked for"),
        };
        assert_eq!(entries, usize::from(number.min(2)));
    }
    assert!(
        encoder.encode(&[9; 200]).len() > 200,
        "a packet always goes out"
    );
}

#[test]
fn parities_fit_in_the_datagram_or_are_left_out() {
    let correction = ErrorCorrection::Fec {
        span: 3,
        entries: 3,
    };
    for most in 30..120 {
        let mut encoder = UdptlEncoder::new(correction, most);
        for number in 0..12 {
            assert!(encoder.encode(&[number; 20]).len() <= most);
        }
    }
}

/// Parities in the order of the field's peers, worked out by hand for span 2 and 2 entries: the
/// first covers the packets 2 and 4 back, the second those 1 and 3 back.
#[test]
fn parities_cover_every_second_packet() {
    let mut encoder = UdptlEncoder::new(
        ErrorCorrection::Fec {
            span: 2,
            entries: 2,
        },
        1_400,
    );
    for packet in [[0x01], [0x02], [0x04], [0x08]] {
        encoder.encode(&packet);
    }
    let last = encoder.encode(&[0x10]);
    assert_eq!(
        last,
        [
            0x00, 0x04, 0x01, 0x10, 0x80, 0x01, 0x02, 0x02, 0x01, 0x05, 0x01, 0x0A
        ]
    );
}

#[test]
fn a_late_packet_makes_an_older_parity_useful() {
    let mut encoder = UdptlEncoder::new(
        ErrorCorrection::Fec {
            span: 3,
            entries: 1,
        },
        1_400,
    );
    let datagrams: Vec<Vec<u8>> = (0..6u8).map(|n| encoder.encode(&[n, n ^ 0x55])).collect();
    let mut decoder = UdptlDecoder::new();
    let mut known = Vec::new();
    // 1 and 2 are missing when 3, whose parity covers 0 to 2, arrives; 2 comes late.
    for index in [0, 3, 2] {
        for packet in decoder.decode(&datagrams[index]).expect("our own") {
            known.push((packet.position as u16, packet.ifp, packet.primary));
        }
    }
    assert!(known.contains(&(1, vec![1, 1 ^ 0x55], false)), "{known:?}");
}

#[test]
fn another_stream_on_the_port_is_kept_out_and_a_restart_is_followed() {
    let mut receiver = UdptlReceiver::default();
    let now = Duration::ZERO;
    let plain =
        |sequence: u16| datagram(sequence, &[0x06], Recovery::Redundancy(vec![])).to_bytes();
    receiver
        .handle_datagram(now, &plain(10))
        .expect("the first");
    assert_eq!(receiver.poll(now), Some((10, vec![0x06])));
    for stray in [0x8000u16, 0x9000, 0xA000] {
        assert_eq!(
            receiver.handle_datagram(now, &plain(stray)),
            Err(UdptlError::SequenceJump {
                sequence: stray,
                expected: 11
            })
        );
    }
    receiver
        .handle_datagram(now, &plain(11))
        .expect("the stream goes on");
    assert_eq!(receiver.poll(now), Some((11, vec![0x06])));
    receiver
        .handle_datagram(now, &plain(40_000))
        .expect_err("not believed at once");
    receiver
        .handle_datagram(now, &plain(40_001))
        .expect("believed when it goes on");
    let later = now + UdptlReceiver::HOLD;
    assert_eq!(
        receiver.poll(later),
        Some((13, vec![0x06])),
        "a gap of one is left"
    );
    receiver
        .handle_datagram(later, &plain(40_002))
        .expect("the new stream");
    assert_eq!(receiver.poll(later), Some((14, vec![0x06])));
    assert_eq!(receiver.stats().refused, 4);
}

#[test]
fn a_gap_is_held_open_and_then_given_up() {
    let mut receiver = UdptlReceiver::new(Duration::from_millis(80));
    let plain = |sequence: u16| {
        datagram(sequence, &[sequence as u8], Recovery::Redundancy(vec![])).to_bytes()
    };
    let at = Duration::from_millis;
    receiver.handle_datagram(at(0), &plain(0)).expect("plain");
    assert_eq!(receiver.poll(at(0)), Some((0, vec![0])));
    receiver.handle_datagram(at(30), &plain(2)).expect("plain");
    assert_eq!(receiver.poll(at(30)), None);
    assert_eq!(receiver.next_deadline(), Some(at(110)));
    receiver.handle_datagram(at(60), &plain(1)).expect("plain");
    assert_eq!(receiver.poll(at(60)), Some((1, vec![1])));
    assert_eq!(receiver.poll(at(60)), Some((2, vec![2])));
    receiver.handle_datagram(at(90), &plain(5)).expect("plain");
    assert_eq!(receiver.poll(at(169)), None);
    assert_eq!(receiver.poll(at(170)), Some((5, vec![5])));
    assert_eq!(receiver.next_deadline(), None);
    receiver.handle_datagram(at(171), &plain(4)).expect("plain");
    receiver.handle_datagram(at(172), &plain(5)).expect("plain");
    assert_eq!(receiver.poll(at(172)), None);
    let stats = receiver.stats();
    assert_eq!(
        (stats.lost, stats.late, stats.duplicates, stats.reordered),
        (2, 1, 1, 1)
    );
}

#[test]
fn a_flood_behind_a_gap_does_not_wait() {
    let mut receiver = UdptlReceiver::new(Duration::from_secs(60));
    let mut handed_over = 0;
    for sequence in (0..500u16).filter(|&sequence| sequence != 1) {
        let bytes = datagram(sequence, &[1], Recovery::Redundancy(vec![])).to_bytes();
        receiver
            .handle_datagram(Duration::ZERO, &bytes)
            .expect("plain");
        while receiver.poll(Duration::ZERO).is_some() {
            handed_over += 1;
        }
    }
    assert_eq!(handed_over, 499);
}

/// Sends packets through an encoder, loses the datagrams told, and gives what the receiver has.
fn through(
    correction: ErrorCorrection,
    start: u16,
    packets: &[Vec<u8>],
    lost: impl Fn(usize) -> bool,
) -> (Vec<Vec<u8>>, u64) {
    let mut encoder = UdptlEncoder::new(correction, 1_400);
    for _ in 0..start {
        encoder.encode(&[]);
    }
    let mut receiver = UdptlReceiver::default();
    let mut arrived = Vec::new();
    for (index, packet) in packets.iter().enumerate() {
        let now = Duration::from_millis(30) * index as u32;
        let datagram = encoder.encode(packet);
        if !lost(index) {
            receiver.handle_datagram(now, &datagram).expect("our own");
        }
        arrived.extend(std::iter::from_fn(|| receiver.poll(now)).map(|(_, ifp)| ifp));
    }
    let end = Duration::from_secs(3_600);
    arrived.extend(std::iter::from_fn(|| receiver.poll(end)).map(|(_, ifp)| ifp));
    (arrived, receiver.stats().recovered)
}

fn packets() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 1..60), 30..60)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(datagram) = Datagram::parse(&bytes) {
            let written = datagram.to_bytes();
            prop_assert_eq!(Datagram::parse(&written), Ok(datagram));
        }
    }

    #[test]
    fn any_datagrams_leave_the_receiver_bounded(
        datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..200),
    ) {
        let mut receiver = UdptlReceiver::default();
        let mut packets = 0;
        for (index, datagram) in datagrams.iter().enumerate() {
            let now = Duration::from_millis(index as u64);
            let refused = receiver.stats().refused;
            let taken = receiver.handle_datagram(now, datagram).is_ok();
            prop_assert_eq!(receiver.stats().refused == refused, taken);
            packets += std::iter::from_fn(|| receiver.poll(now)).count();
        }
        prop_assert!(packets <= datagrams.len() * 17 + 300);
    }

    #[test]
    fn redundancy_recovers_as_many_losses_in_a_row_as_it_has_entries(
        packets in packets(),
        entries in 1u8..=5,
        first in 1usize..20,
        start in prop::sample::select(vec![0u16, 1, 65_500, 65_530]),
    ) {
        let lost = first..first + usize::from(entries);
        let correction = ErrorCorrection::Redundancy { entries };
        let (received, recovered) = through(correction, start, &packets, |i| lost.contains(&i));
        prop_assert_eq!(received, packets);
        prop_assert_eq!(recovered, u64::from(entries));
    }

    #[test]
    fn parities_recover_as_many_losses_in_a_row_as_they_are(
        packets in packets(),
        span in 2u8..=4,
        entries in 1u8..=4,
        start in prop::sample::select(vec![0u16, 65_520]),
    ) {
        // Behind the first packets, where parities are fewer.
        let first = usize::from(span) * usize::from(entries);
        prop_assume!(first + 2 * usize::from(entries) < packets.len());
        let lost = first..first + usize::from(entries);
        let correction = ErrorCorrection::Fec { span, entries };
        let (received, recovered) = through(correction, start, &packets, |i| lost.contains(&i));
        prop_assert_eq!(recovered, u64::from(entries));
        prop_assert_eq!(received.len(), packets.len());
        for (received, sent) in received.iter().zip(&packets) {
            // A recovered packet is as long as the longest under its parity.
            prop_assert_eq!(&received[..sent.len()], sent.as_slice());
            prop_assert!(received[sent.len()..].iter().all(|&octet| octet == 0));
        }
    }

    #[test]
    fn order_is_restored_within_the_hold(
        packets in packets(),
        seed in any::<u64>(),
    ) {
        let mut encoder = UdptlEncoder::new(ErrorCorrection::None, 1_400);
        let mut random = fastrand::Rng::with_seed(seed);
        let mut arrivals: Vec<(u64, Vec<u8>)> = packets
            .iter()
            .enumerate()
            .map(|(index, packet)| {
                let sent_ms = index as u64 * 30;
                (if index == 0 { 0 } else { sent_ms + random.u64(0..75) }, encoder.encode(packet))
            })
            .collect();
        arrivals.sort_by_key(|(at, _)| *at);
        let mut receiver = UdptlReceiver::new(Duration::from_millis(80));
        let mut arrived = Vec::new();
        for (at, datagram) in arrivals {
            let now = Duration::from_millis(at);
            receiver.handle_datagram(now, &datagram).expect("our own");
            arrived.extend(std::iter::from_fn(|| receiver.poll(now)).map(|(_, ifp)| ifp));
        }
        prop_assert_eq!(arrived, packets);
    }
}

#[test]
fn tshark_finds_nothing_malformed_in_a_call() {
    for correction in [
        ErrorCorrection::None,
        ErrorCorrection::Redundancy { entries: 3 },
        ErrorCorrection::Fec {
            span: 3,
            entries: 3,
        },
    ] {
        let scratch = Scratch::with(vec![super::pages::text_page(1, 1728, 200, 98)]);
        let line = Line {
            correction,
            ..Line::perfect()
        };
        let mut pair = Pair::new(&sending(&scratch.source), &receiving(&scratch.target), line);
        pair.run();
        for (end, ports) in [(SENDER, (6004, 6006)), (RECEIVER, (6006, 6004))] {
            judge_by_tshark(&pair.ends[end].sent, ports);
        }
    }
}

/// Every datagram must be dissected as T.38 with its own sequence number and nothing malformed.
fn judge_by_tshark(datagrams: &[Vec<u8>], ports: (u16, u16)) {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let capture = folder.path().join("call.pcap");
    std::fs::write(&capture, pcap(datagrams, ports)).expect("a scratch file");
    let run = Command::new("tshark")
        .arg("-r")
        .arg(&capture)
        .args([
            "-d",
            "udp.port==6004,t38",
            "-T",
            "fields",
            "-E",
            "occurrence=f",
        ])
        .args(["-e", "frame.protocols", "-e", "t38.seq_number"])
        .args(["-e", "_ws.malformed", "-e", "t38.malformed"])
        .output()
        .expect("tshark is installed");
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let text = String::from_utf8_lossy(&run.stdout);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), datagrams.len());
    for (number, line) in lines.iter().enumerate() {
        let fields: Vec<&str> = line.split('\t').collect();
        assert!(fields[0].contains("t38"), "{line}");
        assert_eq!(fields[1], number.to_string(), "{line}");
        assert!(!fields[0].contains("malformed"), "{line}");
        assert!(fields[2..].iter().all(|field| field.is_empty()), "{line}");
    }
}

/// A capture file of raw IPv4 packets.
fn pcap(datagrams: &[Vec<u8>], ports: (u16, u16)) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xA1B2_C3D4_u32, 0x0004_0002, 0, 0, 65_535, 101] {
        file.extend(word.to_le_bytes());
    }
    for (number, datagram) in datagrams.iter().enumerate() {
        let length = 28 + datagram.len();
        for word in [number as u32, 0, length as u32, length as u32] {
            file.extend(word.to_le_bytes());
        }
        file.extend([0x45, 0]);
        file.extend((length as u16).to_be_bytes());
        file.extend([0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
        for word in [ports.0, ports.1, (length - 20) as u16, 0] {
            file.extend(word.to_be_bytes());
        }
        file.extend_from_slice(datagram);
    }
    file
}
