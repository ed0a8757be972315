//! T.38 attributes of SDP as vendors write them.

use faxmill::t38::udptl::ErrorCorrection;
use faxmill::t38::{RateManagement, T38Attributes, UdpErrorCorrection};
use proptest::prelude::*;

/// Reads `name:value` lines.
fn parse(lines: &[&str]) -> T38Attributes {
    T38Attributes::parse(lines.iter().map(|line| match line.split_once(':') {
        Some((name, value)) => (name, Some(value)),
        None => (*line, None),
    }))
}

#[test]
fn a_full_set_in_the_standard_form() {
    let attributes = parse(&[
        "T38FaxVersion:3",
        "T38MaxBitRate:9600",
        "T38FaxFillBitRemoval",
        "T38FaxTranscodingMMR",
        "T38FaxTranscodingJBIG",
        "T38FaxRateManagement:localTCF",
        "T38FaxMaxBuffer:1024",
        "T38FaxMaxDatagram:238",
        "T38FaxMaxIFP:200",
        "T38FaxUdpEC:t38UDPFEC",
    ]);
    assert_eq!(
        attributes,
        T38Attributes {
            version: 3,
            max_bit_rate: 9_600,
            fill_bit_removal: true,
            transcoding_mmr: true,
            transcoding_jbig: true,
            rate_management: RateManagement::LocalTcf,
            max_buffer: Some(1_024),
            max_datagram: Some(238),
            max_ifp: Some(200),
            udp_ec: UdpErrorCorrection::Fec,
        }
    );
}

#[test]
fn the_forms_that_vendors_write() {
    let attributes = parse(&[
        "t38faxversion: 0 ",
        "T38FaxMaxBitRate:14400 bps",
        "T38FaxFillBitRemoval:0",
        "T38FaxTranscodingMMR:0",
        "t38faxtranscodingjbig:no",
        "T38FaxRateManagement:TransferredTCF",
        "T38MaxDatagram:400",
        "T38FaxMaxBuffer:",
        "t38FAXudpec:T38UDPREDUNDANCY",
        "T38VendorInfo:0 0 0",
        "sendrecv",
    ]);
    assert_eq!(
        attributes,
        T38Attributes {
            max_datagram: Some(400),
            udp_ec: UdpErrorCorrection::Redundancy,
            ..T38Attributes::default()
        }
    );
    assert!(parse(&["T38FaxFillBitRemoval:1"]).fill_bit_removal);
    assert!(parse(&["T38FaxFillBitRemoval:"]).fill_bit_removal);
}

#[test]
fn nothing_stated_means_the_defaults() {
    assert_eq!(parse(&[]), T38Attributes::default());
    assert_eq!(
        parse(&["T38MaxBitRate:fast", "T38FaxVersion:x"]),
        T38Attributes::default()
    );
    assert_eq!(parse(&[]).datagram_bytes(), 400);
}

#[test]
fn datagram_sizes_are_kept_sensible() {
    for (stated, used) in [(72, 200), (238, 238), (1_400, 1_400), (65_535, 1_400)] {
        let attributes = T38Attributes {
            max_datagram: Some(stated),
            ..T38Attributes::default()
        };
        assert_eq!(attributes.datagram_bytes(), used);
    }
}

#[test]
fn an_answer_holds_what_both_can() {
    let offer = parse(&[
        "T38FaxVersion:3",
        "T38MaxBitRate:33600",
        "T38FaxFillBitRemoval",
        "T38FaxTranscodingMMR",
        "T38FaxRateManagement:localTCF",
        "T38FaxMaxDatagram:180",
        "T38FaxUdpEC:t38UDPFEC",
    ]);
    let ours = T38Attributes::ours();
    let answer = T38Attributes::answer(&offer, &ours);
    assert_eq!(answer.version, 0);
    assert_eq!(answer.max_bit_rate, 14_400);
    assert!(!answer.fill_bit_removal && !answer.transcoding_mmr);
    assert_eq!(answer.rate_management, RateManagement::TransferredTcf);
    assert_eq!(answer.max_datagram, ours.max_datagram);
    assert_eq!(answer.udp_ec, UdpErrorCorrection::Fec);
    assert_eq!(
        answer.error_correction(3),
        ErrorCorrection::Fec {
            span: 3,
            entries: 3
        }
    );
}

#[test]
fn an_offer_without_error_correction_gets_none() {
    let answer = T38Attributes::answer(&T38Attributes::default(), &T38Attributes::ours());
    assert_eq!(answer.udp_ec, UdpErrorCorrection::None);
    assert_eq!(answer.error_correction(3), ErrorCorrection::None);
}

#[test]
fn what_we_offer_in_full() {
    let pairs: Vec<String> = T38Attributes::ours()
        .to_pairs()
        .into_iter()
        .map(|(name, value)| match value {
            Some(value) => format!("{name}:{value}"),
            None => name.to_owned(),
        })
        .collect();
    assert_eq!(
        pairs,
        [
            "T38FaxVersion:0",
            "T38MaxBitRate:14400",
            "T38FaxRateManagement:transferredTCF",
            "T38FaxMaxBuffer:2000",
            "T38FaxMaxDatagram:1400",
            "T38FaxUdpEC:t38UDPRedundancy",
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(lines in prop::collection::vec("(T38|t38Fax|)[A-Za-z]{0,12}(:.{0,12})?", 0..20)) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let attributes = parse(&lines);
        let written = attributes.to_pairs();
        let again = T38Attributes::parse(written.iter().map(|(name, value)| (*name, value.as_deref())));
        prop_assert_eq!(again, attributes);
    }
}
