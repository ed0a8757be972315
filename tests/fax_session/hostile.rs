//! Far ends that send anything at all: a session survives, stays within its bounds and ends.

use std::time::Duration;

use faxmill::t30::ifp::Ifp;
use faxmill::t30::{Event, Output, SessionConfig, T30Code, T38Session};
use proptest::prelude::*;

use super::Scratch;
use super::pair::{Line, Pair, RECEIVER, SENDER, receiving, sending};

const V21_PREAMBLE: u8 = 3;

/// The packets of one V.21 frame in the original coding of data fields.
fn frame_packets(frame: &[u8]) -> Vec<Vec<u8>> {
    let octets: Vec<u8> = frame.iter().map(|octet| octet.reverse_bits()).collect();
    let mut packets = vec![vec![V21_PREAMBLE << 1]];
    for chunk in octets.chunks(40) {
        let mut packet = vec![0xC0, 1, 0x80];
        packet.extend((chunk.len() as u16 - 1).to_be_bytes());
        packet.extend(chunk);
        packets.push(packet);
    }
    // Good check sequence, end of signal.
    packets.push(vec![0xC0, 1, 0x40]);
    packets
}

/// A session driven by hand.
struct Driven {
    session: T38Session,
    now: Duration,
    sequence: u16,
    events: Vec<Event>,
    packets_most: usize,
}

impl Driven {
    fn new(config: &SessionConfig) -> Self {
        Self {
            session: T38Session::new(config).expect("the session can start"),
            now: Duration::ZERO,
            sequence: 0,
            events: Vec::new(),
            packets_most: 0,
        }
    }

    fn packet(&mut self, packet: &[u8]) {
        self.session.handle_ifp(self.sequence, packet);
        self.sequence = self.sequence.wrapping_add(1);
        self.collect();
    }

    fn frame(&mut self, frame: &[u8]) {
        for packet in frame_packets(frame) {
            self.packet(&packet);
        }
    }

    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while self.now < until && !self.session.is_finished() {
            self.now += faxmill::t30::TICK;
            self.session.advance(self.now);
            self.collect();
        }
    }

    fn collect(&mut self) {
        let mut packets = 0;
        while let Some(output) = self.session.poll() {
            match output {
                Output::Event(event) => self.events.push(event),
                Output::Ifp { .. } => packets += 1,
            }
        }
        self.packets_most = self.packets_most.max(packets);
    }

    fn frames(&self, name: &str) -> usize {
        self.events
            .iter()
            .filter(|event| matches!(event, Event::Frame { name: n, .. } if n.as_str() == name))
            .count()
    }
}

/// A receiver that has sent its DIS and waits.
fn receiver_after_dis(scratch: &Scratch) -> Driven {
    let mut driven = Driven::new(&receiving(&scratch.target));
    driven.pass(Duration::from_secs(7));
    assert_eq!(driven.frames("DIS"), 1);
    driven
}

#[test]
fn dcs_with_a_rate_that_does_not_exist() {
    let scratch = Scratch::letters(1);
    for rate in [0x10, 0x14, 0x18, 0x1C, 0x30, 0x34, 0x38, 0x3C] {
        let mut driven = receiver_after_dis(&scratch);
        driven.frame(&[0xFF, 0x13, 0x83, 0x00, 0x02 | rate, 0x00]);
        assert_eq!(driven.frames("DCS"), 0, "{rate:#04x} reached the engine");
        driven.pass(Duration::from_secs(1));
        driven.frame(&[0xFF, 0x13, 0x83, 0x00, 0x02, 0x00]);
        assert_eq!(driven.frames("DCS"), 1, "a good one is taken afterwards");
    }
}

#[test]
fn dcs_longer_than_its_table() {
    let scratch = Scratch::letters(1);
    for length in [22, 23, 26, 40, 120, 250, 260] {
        let mut driven = receiver_after_dis(&scratch);
        let mut frame = vec![0xFF, 0x13, 0x83, 0x00, 0x22];
        frame.resize(length, 0x01);
        driven.frame(&frame);
        assert_eq!(driven.frames("DCS") > 0, length <= 22, "{length} octets");
        driven.pass(Duration::from_secs(200));
        assert!(driven.session.is_finished());
    }
}

#[test]
fn short_frames_of_every_kind() {
    let scratch = Scratch::letters(1);
    for control in 0..=255 {
        for length in [3, 4, 5] {
            let mut driven = receiver_after_dis(&scratch);
            let mut frame = vec![0xFF, 0x13, control];
            frame.resize(length, 0xFF);
            driven.frame(&frame);
            driven.pass(Duration::from_secs(2));
        }
    }
}

#[test]
fn non_standard_facilities_again_and_again() {
    let scratch = Scratch::letters(1);
    let mut driven = Driven::new(&sending(&scratch.source));
    driven.pass(Duration::from_secs(2));
    for _ in 0..100 {
        // Country 0xB5 is the United States of America.
        driven.frame(&[0xFF, 0x03, 0x20, 0xB5, 0x00, 0x2A]);
    }
    assert_eq!(driven.frames("NSF"), 1, "one reached the engine");
}

#[test]
fn frames_longer_than_any() {
    let scratch = Scratch::letters(1);
    for sender in [false, true] {
        let config = if sender {
            sending(&scratch.source)
        } else {
            receiving(&scratch.target)
        };
        let mut driven = Driven::new(&config);
        driven.pass(Duration::from_secs(4));
        for length in [261, 300, 1_000, 4_000] {
            driven.frame(&vec![0xFF; length]);
            let mut whole = vec![0xC0, 1, 0xA0];
            whole.extend((length as u16 - 1).to_be_bytes());
            whole.extend(vec![0xFF; length]);
            driven.packet(&whole);
        }
        driven.pass(Duration::from_secs(300));
        assert!(driven.session.is_finished());
    }
}

/// 64 KB of T.6 in which every bit is a row like the one above (T.6 Table 1: V0 is a single one).
#[test]
fn a_block_that_claims_half_a_million_rows() {
    const V17_14400: u8 = 8;
    let scratch = Scratch::letters(1);
    let mut driven = receiver_after_dis(&scratch);
    // DCS: document for us, 14,400 bit/s, error correction, T.6.
    driven.frame(&[0xFF, 0x13, 0x83, 0x00, 0x22, 0x80, 0x44]);
    driven.packet(&[15 << 1]);
    for _ in 0..30 {
        let mut zeros = vec![0xC0 | V17_14400 << 1, 1, 0xE0, 0, 89];
        zeros.extend([0; 90]);
        driven.packet(&zeros);
    }
    driven.packet(&[0xC0 | V17_14400 << 1, 1, 0x70]);
    driven.pass(Duration::from_secs(5));
    assert_eq!(driven.frames("CFR"), 1, "{:?}", driven.events);
    driven.packet(&[14 << 1]);
    for number in 0..=255u8 {
        let mut packet = vec![0xC0 | V17_14400 << 1, 2, 0x80, 1, 3];
        packet.extend([0xFF, 0xC0, 0x60, number.reverse_bits()]);
        packet.extend([0xFF; 256]);
        packet.push(0x20);
        driven.packet(&packet);
    }
    driven.packet(&[0xC0 | V17_14400 << 1, 2, 0x80, 0, 2, 0xFF, 0xC0, 0x61, 0x40]);
    driven.frame(&[0xFF, 0x13, 0xBF, 0x2F, 0, 0, 255]);
    driven.pass(Duration::from_secs(5));
    match driven.events.last() {
        Some(Event::Finished(outcome)) => {
            assert_eq!(outcome.code, T30Code::RowLimit);
            assert_eq!(outcome.pages_confirmed, 0);
        }
        other => panic!("{other:?}"),
    }
    let confirmed = driven
        .events
        .iter()
        .any(|event| matches!(event, Event::PageReceived(_)));
    assert!(!confirmed);
}

#[test]
fn more_packets_in_a_tick_than_allowed() {
    let scratch = Scratch::letters(1);
    let mut config = sending(&scratch.source);
    config.limits.packets_per_tick_max = 0;
    let mut driven = Driven::new(&config);
    driven.pass(Duration::from_secs(10));
    match driven.events.last() {
        Some(Event::Finished(outcome)) => assert_eq!(outcome.code, T30Code::PacketLoop),
        other => panic!("{other:?}"),
    }
    assert_eq!(driven.packets_most, 0);
}

#[test]
fn a_line_that_damages_every_tenth_datagram() {
    for seed in 1..=12 {
        let scratch = Scratch::letters(1);
        let mut pair = Pair::new(
            &sending(&scratch.source),
            &receiving(&scratch.target),
            Line {
                damage: 0.1,
                ..Line::lossy(seed, 0.02)
            },
        );
        pair.run();
        assert_eq!(
            pair.ends[SENDER].outcome().pages_confirmed as usize,
            pair.ends[SENDER].confirmed().len()
        );
        assert!(pair.ends[RECEIVER].outcome().pages_confirmed <= 2);
    }
}

/// Packets that are well formed, with contents by chance: they reach deepest.
fn packet() -> impl Strategy<Value = Vec<u8>> {
    let indicator = (0u8..16).prop_map(|indicator| vec![indicator << 1]);
    let field = (0u8..9, 0u8..8, prop::collection::vec(any::<u8>(), 0..80)).prop_map(
        |(data_type, kind, data)| {
            let present = if data.is_empty() { 0 } else { 0x80 };
            let mut packet = vec![0xC0 | data_type << 1, 1, present | kind << 4];
            if !data.is_empty() {
                packet.extend((data.len() as u16 - 1).to_be_bytes());
                packet.extend(data);
            }
            packet
        },
    );
    let control = prop::sample::select(vec![
        0x80u8, 0x82, 0x83, 0x40, 0x42, 0x12, 0x84, 0x44, 0x8E, 0x4E, 0x2E, 0xBE, 0xCE, 0x6E, 0x8C,
        0xCC, 0x4C, 0xAC, 0x2C, 0xBC, 0xEC, 0x1C, 0xFA, 0x1A, 0xCA, 0x06, 0x86, 0x20, 0x24,
    ]);
    let frame = (
        prop::sample::select(vec![0x03u8, 0x13]),
        control,
        prop::collection::vec(any::<u8>(), 0..40),
        any::<bool>(),
    )
        .prop_map(|(end, control, field, ends)| {
            let mut octets = vec![0xFF, end, control];
            octets.extend(field);
            let octets: Vec<u8> = octets.iter().map(|octet| octet.reverse_bits()).collect();
            let mut packet = vec![0xC0, 2, 0x80];
            packet.extend((octets.len() as u16 - 1).to_be_bytes());
            packet.extend(octets);
            packet.push(if ends { 0x40 } else { 0x20 });
            packet
        });
    prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..60),
        2 => indicator,
        2 => field,
        6 => frame,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_packets_at_any_time(
        sender in any::<bool>(),
        start_ms in 0u64..20_000,
        packets in prop::collection::vec((packet(), 0u64..1_500), 0..60),
    ) {
        let scratch = Scratch::with(vec![super::pages::text_page(1, 1728, 60, 98)]);
        let config = if sender {
            sending(&scratch.source)
        } else {
            receiving(&scratch.target)
        };
        let budget = config.limits.packets_per_tick_max as usize;
        let mut driven = Driven::new(&config);
        driven.pass(Duration::from_millis(start_ms));
        for (packet, pause_ms) in packets {
            driven.packet(&packet);
            driven.pass(Duration::from_millis(pause_ms));
        }
        driven.pass(Duration::from_secs(1_200));
        prop_assert!(driven.session.is_finished(), "{:?}", driven.events);
        prop_assert!(driven.packets_most <= budget);
    }

    #[test]
    fn any_bytes_are_read_or_refused_as_a_packet(
        version in 0u8..4,
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        if let Ok(Ifp::Data { fields, .. }) = Ifp::parse(version, &bytes) {
            let octets: usize = fields.iter().map(|field| field.data.len()).sum();
            prop_assert!(octets <= bytes.len());
        }
    }
}
