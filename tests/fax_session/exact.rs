//! What arrives is what was sent, whatever the line does.

use std::time::Duration;

use faxmill::t30::{Ecm, Event, LineCoding, Modems, T30Code, Verdict};
use faxmill::t38::udptl::ErrorCorrection;
use faxmill::units::Resolution;

use super::Scratch;
use super::pages::text_page;
use super::pair::{Line, Pair, RECEIVER, SENDER, receiving, sending};

/// Sends the whole scratch fax over a line and checks that it is delivered and exact.
fn deliver(scratch: &Scratch, line: Line) -> Pair {
    let mut pair = Pair::new(&sending(&scratch.source), &receiving(&scratch.target), line);
    pair.run();
    let outcome = pair.ends[SENDER].outcome();
    assert!(outcome.complete, "not complete: {outcome:?}");
    assert_eq!(outcome.pages_confirmed as usize, scratch.pages.len());
    assert!(!outcome.possibly_delivered);
    scratch.assert_received(0..scratch.pages.len());
    pair
}

#[test]
fn three_pages_on_a_perfect_line() {
    let scratch = Scratch::letters(3);
    let pair = deliver(&scratch, Line::perfect());
    let [sender, receiver] = &pair.ends;
    assert_eq!(sender.outcome().code, T30Code::Ok);
    assert_eq!(receiver.outcome().code, T30Code::Ok);
    assert!(receiver.outcome().complete);
    assert_eq!(sender.outcome().pages_total, Some(3));
    assert_eq!(
        sender.outcome().far_ident.as_deref(),
        Some("+1 555 010 0199")
    );
    assert_eq!(
        receiver.outcome().far_ident.as_deref(),
        Some("+1 555 010 0100")
    );
    for (index, page) in sender.confirmed().iter().enumerate() {
        assert_eq!(page.index as usize, index);
        assert_eq!((page.width, page.rows), (1728, 1100));
        assert_eq!(page.verdict, Verdict::Mcf);
        assert_eq!(page.coding, LineCoding::Mmr);
        assert!(page.ecm && page.bit_rate == 14_400 && page.bytes > 10_000);
    }
    assert_eq!(receiver.stats().lost, 0);
}

#[test]
fn the_frames_of_a_call_in_order() {
    let scratch = Scratch::letters(1);
    let pair = deliver(&scratch, Line::perfect());
    assert_eq!(
        pair.ends[SENDER].frames(),
        [
            "Received CSI",
            "Received DIS",
            "Sent TSI",
            "Sent DCS",
            "Received CFR",
            "Sent PPS-EOP",
            "Received MCF",
            "Sent DCN"
        ]
    );
}

#[test]
fn ten_percent_loss_with_error_correction() {
    for seed in [3, 5, 8] {
        let scratch = Scratch::letters(2);
        let pair = deliver(&scratch, Line::lossy(seed, 0.10));
        assert!(pair.ends[RECEIVER].stats().recovered > 0);
    }
}

#[test]
fn thirty_percent_loss_with_error_correction() {
    deliver(&Scratch::letters(1), Line::lossy(11, 0.30));
}

#[test]
fn one_percent_loss_without_any_redundancy() {
    let line = Line {
        correction: ErrorCorrection::None,
        ..Line::lossy(21, 0.01)
    };
    let scratch = Scratch::letters(1);
    let pair = deliver(&scratch, line);
    assert!(pair.ends[RECEIVER].stats().lost > 0);
    assert!(
        pair.ends[SENDER]
            .frames()
            .contains(&"Received PPR".to_owned()),
        "error correction had work"
    );
}

#[test]
fn twenty_percent_loss_with_parities() {
    let line = Line {
        correction: ErrorCorrection::Fec {
            span: 3,
            entries: 3,
        },
        ..Line::lossy(4, 0.20)
    };
    let pair = deliver(&Scratch::letters(1), line);
    assert!(pair.ends[RECEIVER].stats().recovered > 0);
}

#[test]
fn bursts_of_three_datagrams() {
    let line = Line {
        burst: 3.0,
        ..Line::lossy(6, 0.02)
    };
    deliver(&Scratch::letters(2), line);
}

#[test]
fn sixty_milliseconds_of_jitter() {
    let line = Line {
        jitter: Duration::from_millis(60),
        ..Line::lossy(9, 0.0)
    };
    let pair = deliver(&Scratch::letters(2), line);
    assert_eq!(pair.ends[RECEIVER].stats().lost, 0);
}

#[test]
fn repeated_and_reordered_datagrams() {
    let line = Line {
        repeats: 0.25,
        jitter: Duration::from_millis(45),
        correction: ErrorCorrection::None,
        ..Line::perfect()
    };
    let pair = deliver(&Scratch::letters(1), line);
    let stats = pair.ends[RECEIVER].stats();
    assert!(stats.duplicates > 0 && stats.reordered > 0, "{stats:?}");
    assert_eq!(stats.lost, 0);
}

#[test]
fn pages_of_every_width_and_resolution() {
    let scratch = Scratch::with(vec![
        text_page(1, 1728, 300, 98),
        text_page(2, 1728, 400, 196),
        text_page(3, 1728, 500, 391),
        text_page(4, 2048, 400, 196),
        text_page(5, 2432, 400, 98),
    ]);
    let pair = deliver(&scratch, Line::perfect());
    let seen: Vec<_> = pair.ends[RECEIVER]
        .received()
        .iter()
        .map(|page| (page.width, page.resolution.map(Resolution::y_dpi)))
        .collect();
    let sent: Vec<_> = scratch
        .pages
        .iter()
        .map(|page| (page.width, Some(page.y_dpi)))
        .collect();
    assert_eq!(seen, sent);
}

#[test]
fn without_error_correction_on_a_clean_line() {
    let scratch = Scratch::letters(2);
    let sender = faxmill::t30::SessionConfig {
        ecm: Ecm::Off,
        ..sending(&scratch.source)
    };
    let mut pair = Pair::new(&sender, &receiving(&scratch.target), Line::perfect());
    pair.run();
    assert!(pair.ends[SENDER].outcome().complete);
    scratch.assert_received(0..2);
    let page = pair.ends[RECEIVER].received()[1].clone();
    assert_eq!((page.ecm, page.coding), (false, LineCoding::Mr));
    assert_eq!((page.bad_rows, page.longest_bad_run), (0, 0));
}

#[test]
fn every_modem_choice_negotiates_its_rate() {
    for (modems, bit_rate) in [
        (Modems::UpToV17, 14_400),
        (Modems::UpToV29, 9_600),
        (Modems::V27terOnly, 4_800),
    ] {
        let scratch = Scratch::with(vec![text_page(1, 1728, 100, 98)]);
        let sender = faxmill::t30::SessionConfig {
            modems,
            ..sending(&scratch.source)
        };
        let mut pair = Pair::new(&sender, &receiving(&scratch.target), Line::perfect());
        pair.run();
        scratch.assert_received(0..1);
        assert_eq!(pair.ends[SENDER].confirmed()[0].bit_rate, bit_rate);
    }
}

#[test]
fn the_later_coding_of_data_fields() {
    let scratch = Scratch::letters(1);
    let [mut sender, mut receiver] = [sending(&scratch.source), receiving(&scratch.target)];
    sender.t38.version = 3;
    receiver.t38.version = 3;
    let mut pair = Pair::new(&sender, &receiver, Line::lossy(2, 0.05));
    pair.run();
    assert!(pair.ends[SENDER].outcome().complete);
    scratch.assert_received(0..1);
}

#[test]
fn a_resumed_fax_sends_what_is_left() {
    let scratch = Scratch::letters(4);
    let mut sender = sending(&scratch.source);
    sender.role = faxmill::t30::FaxRole::Transmit {
        tiff: scratch.source.clone(),
        first_page: 2,
    };
    let mut pair = Pair::new(&sender, &receiving(&scratch.target), Line::perfect());
    pair.run();
    scratch.assert_received(2..4);
    let confirmed: Vec<u32> = pair.ends[SENDER]
        .confirmed()
        .iter()
        .map(|p| p.index)
        .collect();
    assert_eq!(confirmed, [2, 3]);
    assert_eq!(pair.ends[SENDER].outcome().pages_total, Some(2));
    assert!(pair.ends[SENDER].outcome().complete);
}

#[test]
fn the_same_seed_gives_the_same_call() {
    let call = || {
        let scratch = Scratch::letters(1);
        let line = Line {
            jitter: Duration::from_millis(40),
            repeats: 0.05,
            ..Line::lossy(77, 0.12)
        };
        let pair = deliver(&scratch, line);
        let [a, b] = pair.ends;
        (a.events, a.sent, b.events, b.sent)
    };
    assert!(call() == call());
}

#[test]
fn a_page_is_on_disk_before_its_confirmation_can_leave() {
    let scratch = Scratch::letters(2);
    let mut pair = Pair::new(
        &sending(&scratch.source),
        &receiving(&scratch.target),
        Line::perfect(),
    );
    for pages in 1..=2 {
        pair.run_until(|pair| pair.ends[RECEIVER].received().len() == pages);
        scratch.assert_received(0..pages);
        let before = pair.ends[SENDER].confirmed().len();
        assert_eq!(before, pages - 1, "the sender knows nothing of it yet");
    }
    pair.run();
    assert!(pair.ends[RECEIVER].outcome().complete);
}

#[test]
fn nothing_leaves_while_a_received_page_waits_to_be_polled() {
    let scratch = Scratch::letters(1);
    let mut pair = Pair::new(
        &sending(&scratch.source),
        &receiving(&scratch.target),
        Line::perfect(),
    );
    let end_of_page = |pair: &Pair| {
        let frames = pair.ends[SENDER].frames();
        frames.last().is_some_and(|name| name == "Sent PPS-EOP")
    };
    pair.run_until(end_of_page);
    let polled = pair.stall_until_page(RECEIVER);
    assert!(
        polled
            .iter()
            .any(|event| matches!(event, Event::PageReceived(_))),
        "{polled:?}"
    );
    assert!(pair.ends[SENDER].confirmed().is_empty());
    pair.run();
    assert!(pair.ends[SENDER].outcome().complete);
}
