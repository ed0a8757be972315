//! The table of end codes against the reference table of reasons.

use std::collections::HashSet;

use faxmill::job::Reason;
use faxmill::t30::{T30Code, T38Session};

#[test]
fn every_code_of_the_engine_has_its_number_and_words() {
    for number in 0..=61 {
        let code = T30Code::from_number(number).expect("the engine's codes go to 61");
        assert_eq!(code.number(), number);
    }
    assert_eq!(T30Code::from_number(62), None);
    let codes: HashSet<&str> = T30Code::ALL.iter().map(|code| code.code()).collect();
    let sentences: HashSet<&str> = T30Code::ALL.iter().map(|code| code.sentence()).collect();
    assert_eq!(codes.len(), T30Code::ALL.len());
    assert_eq!(sentences.len(), T30Code::ALL.len());
    for code in T30Code::ALL {
        assert_eq!(T30Code::from_number(code.number()), Some(*code));
    }
}

#[test]
fn every_code_leads_to_the_reason_of_the_reference_table() {
    let table: &[(Reason, &[std::ops::RangeInclusive<u16>])] = &[
        (Reason::VoiceAnswered, &[2..=3]),
        (Reason::TrainFailed, &[6..=6]),
        (Reason::TrainingBadResponse, &[14..=14, 20..=20]),
        (Reason::PageNoResponse, &[18..=18, 21..=21]),
        (
            Reason::RemoteDisconnected,
            &[15..=15, 17..=17, 35..=40, 48..=48],
        ),
        (Reason::EcmError, &[16..=16]),
        (Reason::ReceiverNotReady, &[22..=22]),
        (
            Reason::ProtocolError,
            &[1..=1, 4..=5, 7..=7, 13..=13, 19..=19, 23..=25],
        ),
        (Reason::ReceiveFailed, &[26..=34]),
        (Reason::Incompatible, &[8..=10]),
        (Reason::ImageUnsupported, &[11..=12]),
        (Reason::DocumentError, &[41..=47]),
        (Reason::CallDropped, &[49..=49]),
        (Reason::AccessDenied, &[50..=61]),
    ];
    let mut seen = 0;
    for (reason, ranges) in table {
        for number in ranges.iter().cloned().flatten() {
            let code = T30Code::from_number(number).expect("a code of the engine");
            assert_eq!(code.reason(), Some(*reason), "code {number}");
            seen += 1;
        }
    }
    assert_eq!(seen, 61, "every code but the good end");
    assert_eq!(T30Code::Ok.reason(), None);
}

#[test]
fn a_session_can_move_between_threads() {
    const fn moves<T: Send>() {}
    const { moves::<T38Session>() };
}
