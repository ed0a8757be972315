//! Calls that end badly, and what each end says of it.

use std::time::Duration;

use faxmill::job::{PageLimit, Reason};
use faxmill::t30::{Ecm, Event, Output, SessionConfig, T30Code, T38Session};
use faxmill::t38::udptl::ErrorCorrection;
use faxmill::units::{PageWidth, Resolution};

use super::pages::{letter, libtiff_pages, text_page};
use super::pair::{Line, Pair, RECEIVER, SENDER, receiving, sending};
use super::{Scratch, assert_page};

fn pair_of(scratch: &Scratch, line: Line) -> Pair {
    Pair::new(&sending(&scratch.source), &receiving(&scratch.target), line)
}

#[test]
fn the_far_end_never_says_anything() {
    let scratch = Scratch::letters(1);
    let mut pair = pair_of(&scratch, Line::lossy(1, 1.0));
    pair.run();
    let outcome = pair.ends[SENDER].outcome();
    assert_eq!(
        outcome.code.reason(),
        Some(Reason::VoiceAnswered),
        "{outcome:?}"
    );
    assert_eq!(outcome.pages_confirmed, 0);
    assert!(!outcome.complete && !outcome.possibly_delivered);
    assert!(pair.now < Duration::from_secs(120), "{:?}", pair.now);
    assert!(!scratch.target.exists(), "nothing was received");
}

/// With a preamble and nothing behind it the engine waits for ever.
#[test]
fn the_far_end_falls_silent_where_no_timer_runs() {
    let scratch = Scratch::letters(1);
    let mut session = T38Session::new(&receiving(&scratch.target)).expect("the session can start");
    session.handle_ifp(0, &[0x06]);
    session.advance(Duration::from_secs(1));
    for second in 2..200 {
        session.advance(Duration::from_secs(second));
        if session.is_finished() {
            break;
        }
    }
    let outputs: Vec<Output> = std::iter::from_fn(|| session.poll()).collect();
    match outputs.last() {
        Some(Output::Event(Event::Finished(outcome))) => {
            assert_eq!(
                outcome.code.reason(),
                Some(Reason::VoiceAnswered),
                "{outcome:?}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_longer_than_allowed() {
    let scratch = Scratch::letters(2);
    let mut sender = sending(&scratch.source);
    sender.limits.duration_max = Duration::from_secs(60);
    let mut pair = Pair::new(&sender, &receiving(&scratch.target), Line::perfect());
    pair.run();
    let outcome = pair.ends[SENDER].outcome();
    assert_eq!(outcome.code, T30Code::DurationLimit);
    assert_eq!(outcome.pages_confirmed, 1);
    assert!(!outcome.possibly_delivered);
}

#[test]
fn the_far_end_hangs_up_in_the_middle_of_a_page() {
    let scratch = Scratch::letters(3);
    let mut pair = pair_of(&scratch, Line::perfect());
    pair.run_until(|pair| pair.ends[SENDER].confirmed().len() == 1);
    let middle = pair.now + Duration::from_secs(10);
    pair.run_until(|pair| pair.now >= middle);
    pair.hang_up(RECEIVER);
    let outcome = pair.ends[SENDER].outcome();
    assert_eq!(outcome.code, T30Code::CallDropped);
    assert_eq!(outcome.code.reason(), Some(Reason::CallDropped));
    assert_eq!(outcome.pages_confirmed, 1);
    assert!(!outcome.complete && !outcome.possibly_delivered);
    assert_eq!(pair.ends[RECEIVER].outcome().code, T30Code::Aborted);
    scratch.assert_received(0..1);
}

#[test]
fn the_sender_hangs_up_in_the_middle_of_a_page() {
    let scratch = Scratch::letters(2);
    let mut pair = pair_of(&scratch, Line::perfect());
    pair.run_until(|pair| pair.ends[RECEIVER].received().len() == 1);
    let middle = pair.now + Duration::from_secs(15);
    pair.run_until(|pair| pair.now >= middle);
    pair.hang_up(SENDER);
    let outcome = pair.ends[RECEIVER].outcome();
    assert_eq!(outcome.code, T30Code::CallDropped);
    assert_eq!(outcome.pages_confirmed, 1);
    assert!(!outcome.complete);
    scratch.assert_received(0..1);
}

#[test]
fn the_confirmation_of_the_last_page_is_lost() {
    let scratch = Scratch::letters(2);
    let mut pair = pair_of(&scratch, Line::perfect());
    pair.run_until(|pair| pair.ends[RECEIVER].received().len() == 2);
    pair.cut();
    pair.run();
    let outcome = pair.ends[SENDER].outcome();
    assert_eq!(outcome.code, T30Code::TxNoPageResponse, "{outcome:?}");
    assert_eq!(outcome.code.reason(), Some(Reason::PageNoResponse));
    assert_eq!(outcome.pages_confirmed, 1);
    assert!(outcome.possibly_delivered && !outcome.complete);
    scratch.assert_received(0..2);
    assert_eq!(pair.ends[RECEIVER].outcome().pages_confirmed, 2);
}

#[test]
fn the_line_dies_before_the_last_page_is_out() {
    let scratch = Scratch::letters(2);
    let mut pair = pair_of(&scratch, Line::perfect());
    pair.run_until(|pair| pair.ends[SENDER].confirmed().len() == 1);
    pair.cut();
    pair.run();
    let [sender, receiver] = &pair.ends;
    assert_eq!(sender.outcome().pages_confirmed, 1);
    assert!(!sender.outcome().complete);
    assert!(receiver.outcome().code.reason().is_some());
    scratch.assert_received(0..1);
}

#[test]
fn an_aborted_session_is_canceled() {
    let scratch = Scratch::letters(1);
    let mut pair = pair_of(&scratch, Line::perfect());
    pair.run_until(|pair| pair.now >= Duration::from_secs(20));
    pair.hang_up(SENDER);
    let outcome = pair.ends[SENDER].outcome();
    assert_eq!(outcome.code, T30Code::Aborted);
    assert_eq!(outcome.code.reason(), Some(Reason::CanceledByUser));
    assert!(pair.ends[SENDER].session.poll().is_none());
}

#[test]
fn more_pages_than_the_receiver_takes() {
    let scratch = Scratch::letters(3);
    let mut receiver = receiving(&scratch.target);
    receiver.limits.pages_max = 2;
    let mut pair = Pair::new(&sending(&scratch.source), &receiver, Line::perfect());
    pair.run_until(|pair| pair.ends[RECEIVER].session.is_finished());
    let outcome = pair.ends[RECEIVER].outcome();
    assert_eq!(outcome.code, T30Code::PageLimit);
    assert_eq!(outcome.pages_confirmed, 2);
    assert_eq!(pair.ends[RECEIVER].received().len(), 2);
    for index in 0..2 {
        assert_page(&scratch.target, index, &scratch.pages[index as usize]);
    }
}

#[test]
fn exactly_as_many_pages_as_the_receiver_takes() {
    for ecm in [Ecm::On, Ecm::Off] {
        let scratch = Scratch::letters(2);
        let mut receiver = receiving(&scratch.target);
        receiver.limits.pages_max = 2;
        receiver.ecm = ecm;
        let mut pair = Pair::new(&sending(&scratch.source), &receiver, Line::perfect());
        pair.run();
        assert!(pair.ends[RECEIVER].outcome().complete, "{ecm:?}");
        scratch.assert_received(0..2);
    }
}

#[test]
fn a_page_with_more_rows_than_the_receiver_takes() {
    let scratch = Scratch::with(vec![letter(1), text_page(2, 1728, 2_000, 196)]);
    let mut receiver = receiving(&scratch.target);
    receiver.limits.rows_max = 1_500;
    let mut pair = Pair::new(&sending(&scratch.source), &receiver, Line::perfect());
    pair.run_until(|pair| pair.ends[RECEIVER].session.is_finished());
    let outcome = pair.ends[RECEIVER].outcome();
    assert_eq!(outcome.code, T30Code::RowLimit);
    assert_eq!(outcome.pages_confirmed, 1);
    assert_eq!(pair.ends[RECEIVER].received().len(), 1);
    assert_page(&scratch.target, 0, &scratch.pages[0]);
}

#[test]
fn more_bytes_than_the_receiver_takes() {
    let scratch = Scratch::letters(2);
    let mut receiver = receiving(&scratch.target);
    receiver.limits.bytes_max = 90_000;
    let mut pair = Pair::new(&sending(&scratch.source), &receiver, Line::perfect());
    pair.run_until(|pair| pair.ends[RECEIVER].session.is_finished());
    assert_eq!(pair.ends[RECEIVER].outcome().code, T30Code::ByteLimit);
    assert_eq!(libtiff_pages(&scratch.target), 1);
}

#[test]
fn a_received_file_that_vanishes_is_not_confirmed() {
    let scratch = Scratch::letters(2);
    let mut pair = pair_of(&scratch, Line::perfect());
    pair.run_until(|pair| pair.ends[RECEIVER].received().len() == 1);
    std::fs::remove_file(&scratch.target).expect("the received file exists");
    pair.run_until(|pair| pair.ends[RECEIVER].session.is_finished());
    let outcome = pair.ends[RECEIVER].outcome();
    assert_eq!(outcome.code, T30Code::StorageLost);
    assert_eq!(outcome.code.reason(), Some(Reason::StorageFailed));
    assert_eq!(pair.ends[SENDER].confirmed().len(), 1);
}

#[test]
fn heavy_loss_without_error_correction_never_counts_a_refused_page() {
    for seed in [1, 2, 3, 4] {
        let scratch = Scratch::letters(2);
        let sender = SessionConfig {
            ecm: Ecm::Off,
            ..sending(&scratch.source)
        };
        let line = Line {
            correction: ErrorCorrection::None,
            ..Line::lossy(seed, 0.10)
        };
        let mut pair = Pair::new(&sender, &receiving(&scratch.target), line);
        pair.run();
        let [sender, receiver] = &pair.ends;
        let refused = sender
            .events
            .iter()
            .any(|(_, event)| matches!(event, Event::PageRefused(_)));
        let rejected = receiver
            .events
            .iter()
            .any(|(_, event)| matches!(event, Event::PageRejected(_)));
        assert!(
            refused
                || rejected
                || sender.outcome().code != T30Code::Ok
                || sender.outcome().complete,
            "seed {seed}: {:?}",
            sender.outcome()
        );
        assert_eq!(
            sender.outcome().pages_confirmed as usize,
            sender.confirmed().len()
        );
        let stored = receiver.received().len();
        if stored > 0 {
            assert_eq!(libtiff_pages(&scratch.target), stored, "seed {seed}");
        }
    }
}

/// A pair without error correction in which one page (counted from 0) arrives in shreds.
fn with_a_ruined_page(scratch: &Scratch, page: usize) -> Pair {
    let sender = SessionConfig {
        ecm: Ecm::Off,
        ..sending(&scratch.source)
    };
    let line = Line {
        correction: ErrorCorrection::None,
        ..Line::perfect()
    };
    let mut pair = Pair::new(&sender, &receiving(&scratch.target), line);
    pair.run_until(|pair| {
        let frames = pair.ends[SENDER].frames();
        let trained = frames.iter().any(|name| name == "Received CFR");
        trained && pair.ends[SENDER].confirmed().len() == page
    });
    let training_over = pair.now + Duration::from_secs(3);
    pair.run_until(|pair| pair.now >= training_over);
    pair.lose(0.6);
    let image_over = pair.now + Duration::from_secs(34);
    pair.run_until(|pair| pair.now >= image_over);
    pair.lose(0.0);
    pair
}

#[test]
fn a_ruined_page_counts_for_nobody() {
    let scratch = Scratch::letters(1);
    let mut pair = with_a_ruined_page(&scratch, 0);
    pair.run();
    let [sender, receiver] = &pair.ends;
    let count = |events: &[(Duration, Event)], pick: fn(&Event) -> bool| {
        events.iter().filter(|(_, event)| pick(event)).count()
    };
    let refused = |event: &Event| matches!(event, Event::PageRefused(_));
    let rejected = |event: &Event| matches!(event, Event::PageRejected(_));
    assert_eq!(count(&sender.events, refused), 1);
    assert_eq!(count(&receiver.events, rejected), 1);
    for end in [sender, receiver] {
        let outcome = end.outcome();
        assert_eq!(outcome.pages_confirmed, 0);
        assert!(!outcome.complete && !outcome.possibly_delivered);
        assert!(outcome.code.reason().is_some());
    }
}

#[test]
fn a_ruined_page_with_another_behind_it_is_sent_again() {
    let scratch = Scratch::letters(2);
    let mut pair = with_a_ruined_page(&scratch, 0);
    pair.run();
    let [sender, receiver] = &pair.ends;
    let refused: Vec<u32> = sender
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::PageRefused(page) => Some(page.index),
            _ => None,
        })
        .collect();
    assert_eq!(refused, [0]);
    let confirmed: Vec<u32> = sender.confirmed().iter().map(|page| page.index).collect();
    assert_eq!(confirmed, [0, 1]);
    assert!(sender.confirmed()[0].bit_rate < 14_400, "at a lower rate");
    assert!(sender.outcome().complete && receiver.outcome().complete);
    scratch.assert_received(0..2);
}

#[test]
fn a_ruined_last_page_does_not_cost_the_pages_before() {
    let scratch = Scratch::letters(2);
    let mut pair = with_a_ruined_page(&scratch, 1);
    pair.run();
    let [sender, receiver] = &pair.ends;
    assert_eq!(receiver.outcome().code, T30Code::PageUnrepeatable);
    for end in [sender, receiver] {
        let outcome = end.outcome();
        assert_eq!(outcome.pages_confirmed, 1);
        assert!(!outcome.complete && !outcome.possibly_delivered);
    }
    scratch.assert_received(0..1);
}

#[test]
fn a_stopped_process_does_not_flood_the_line() {
    let scratch = Scratch::letters(1);
    let mut pair = pair_of(&scratch, Line::perfect());
    pair.run_until(|pair| pair.now >= Duration::from_secs(30));
    let session = &mut pair.ends[SENDER].session;
    let later = pair.now + Duration::from_secs(1_000);
    session.advance(later);
    let mut packets = 0;
    while session.poll().is_some() {
        packets += 1;
    }
    assert!(packets <= 50, "{packets} packets at once");
    assert!(session.next_tick() > later);
    assert!(!session.is_finished());
}

#[test]
fn a_receiver_that_takes_less_is_remembered_for_what_it_takes() {
    let fine = Scratch::letters(1);
    let wide = Scratch::with(vec![text_page(1, 2432, 300, 98)]);
    let limit = |resolution, width| PageLimit { resolution, width };
    // The engine sends a coarser page by itself; of a page that is too wide it cannot take any.
    let rows = [
        (
            &fine,
            limit(Resolution::Standard, PageWidth::A3),
            T30Code::Ok,
        ),
        (
            &wide,
            limit(Resolution::Superfine, PageWidth::A4),
            T30Code::ResolutionUnsupported,
        ),
        (
            &wide,
            limit(Resolution::Fine, PageWidth::B4),
            T30Code::ResolutionUnsupported,
        ),
    ];
    let mut found = Vec::new();
    for (scratch, taken, _) in rows {
        let receiver = SessionConfig {
            resolution_max: taken.resolution,
            width_max: taken.width,
            ..receiving(&scratch.target)
        };
        let mut pair = Pair::new(&sending(&scratch.source), &receiver, Line::perfect());
        pair.run();
        let outcome = pair.ends[SENDER].outcome();
        assert_eq!(outcome.far_limit, Some(taken));
        assert!(!outcome.possibly_delivered);
        found.push(outcome.code);
    }
    assert_eq!(found, rows.map(|(_, _, code)| code));
}
