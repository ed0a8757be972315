//! The offer/answer machine alone, in simulated time: every race on the way to T.38.

use std::net::SocketAddr;
use std::time::Duration;

use faxmill::sip::Policy;
use faxmill::sip::offer_answer::{Action, Event, Failure, LocalMedia, OfferAnswer};
use faxmill::sip::sdp::{Description, MediaKind};
use faxmill::t30::CallSide;
use faxmill::t38::T38Attributes;
use proptest::prelude::*;

use crate::far_end::{audio, image};

/// A machine and its time.
struct Call {
    machine: OfferAnswer,
    now: Duration,
}

impl Call {
    fn new(side: CallSide, change: impl FnOnce(&mut Policy)) -> Self {
        let mut policy = match side {
            CallSide::Calling => Policy::calling(),
            CallSide::Called => Policy::called(),
        };
        change(&mut policy);
        let local = LocalMedia {
            session_id: 7,
            address: "192.0.2.7".parse().expect("an address"),
            audio_port: 6_000,
            t38_port: 6_002,
            t38: T38Attributes::ours(),
            seed: 42,
        };
        Self {
            machine: OfferAnswer::new(side, local, policy),
            now: Duration::ZERO,
        }
    }

    /// A call we made, answered with audio.
    fn made() -> Self {
        let mut call = Self::new(CallSide::Calling, |_| ());
        assert!(matches!(call.tell(Event::Dial)[..], [Action::Offer(_)]));
        assert_eq!(call.tell(Event::Answered(audio(4_000, 1).as_bytes())), []);
        call
    }

    /// A call we took as audio.
    fn taken() -> Self {
        let mut call = Self::new(CallSide::Called, |_| ());
        let answer = call.offered(&audio(4_000, 1));
        assert!(text(&answer).contains("m=audio 6000"));
        assert_eq!(call.tell(Event::Acknowledged(None)), []);
        call
    }

    fn tell(&mut self, event: Event<'_>) -> Vec<Action> {
        self.machine.handle(self.now, event);
        self.actions()
    }

    fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.machine.poll()).collect()
    }

    /// Goes on to the next time something is due.
    fn wait(&mut self) -> Vec<Action> {
        self.now = self.machine.next_timeout().expect("something is due");
        self.machine.handle_timeout(self.now);
        self.actions()
    }

    /// Waits for our request and gives back its body.
    fn asks(&mut self) -> Vec<u8> {
        match &self.wait()[..] {
            [Action::Reinvite(body)] => body.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// An offer that is accepted; gives back the answer.
    fn offered(&mut self, body: &str) -> Vec<u8> {
        match &self.tell(Event::Offer(Some(body.as_bytes())))[0] {
            Action::Respond {
                status: 200,
                body: Some(body),
            } => body.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn answered(&mut self, status: u16, body: &str) -> Vec<Action> {
        let body = body.as_bytes();
        self.tell(Event::ReinviteAnswered { status, body })
    }
}

fn text(body: &[u8]) -> String {
    String::from_utf8(body.to_vec()).expect("text")
}

fn started(actions: &[Action]) -> Option<SocketAddr> {
    actions.iter().find_map(|action| match action {
        Action::StartT38(path) => Some(path.remote),
        _ => None,
    })
}

fn media(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

const REFUSED: Action = Action::Respond {
    status: 491,
    body: None,
};

#[test]
fn the_caller_asks_after_two_seconds_and_the_fax_starts_with_the_answer() {
    let mut call = Call::made();
    let ask = text(&call.asks());
    assert_eq!(call.now, Duration::from_secs(2));
    assert!(ask.contains("m=image 6002 udptl t38"), "{ask}");
    assert!(ask.contains("a=T38FaxUdpEC:t38UDPRedundancy"), "{ask}");
    assert!(!ask.contains("m=audio"), "the line changes its kind: {ask}");
    assert_eq!(
        started(&call.answered(200, &image(4_002, 2))),
        Some(media(4_002))
    );
    assert_eq!(call.machine.next_timeout(), None);
}

#[test]
fn the_called_side_asks_only_after_the_acknowledgement() {
    let mut call = Call::new(CallSide::Called, |_| ());
    call.offered(&audio(4_000, 1));
    assert_eq!(call.machine.next_timeout(), None);
    call.now = Duration::from_millis(700);
    call.tell(Event::Acknowledged(None));
    call.asks();
    assert_eq!(call.now, Duration::from_millis(1_700));
}

#[test]
fn a_tone_of_the_called_machine_makes_us_ask_at_once() {
    let mut call = Call::made();
    call.now = Duration::from_millis(600);
    call.tell(Event::FaxToneHeard);
    call.asks();
    assert_eq!(call.now, Duration::from_millis(600));
}

#[test]
fn the_far_end_that_asks_first_is_answered_and_we_no_longer_ask() {
    let mut call = Call::made();
    call.now = Duration::from_millis(500);
    let actions = call.tell(Event::Offer(Some(image(4_002, 2).as_bytes())));
    assert!(matches!(actions[0], Action::Respond { status: 200, .. }));
    assert_eq!(started(&actions), Some(media(4_002)));
    assert_eq!(call.machine.next_timeout(), None);
}

#[test]
fn crossing_requests_are_refused_and_repeated_after_a_pause_of_the_right_length() {
    for (side, least, most) in [
        (CallSide::Calling, 2_100, 4_000),
        (CallSide::Called, 0, 2_000),
    ] {
        let mut call = match side {
            CallSide::Calling => Call::made(),
            CallSide::Called => Call::taken(),
        };
        for _ in 0..3 {
            call.asks();
            let crossing = call.tell(Event::Offer(Some(image(4_002, 2).as_bytes())));
            assert_eq!(crossing, [REFUSED]);
            assert_eq!(call.answered(491, ""), []);
            let due = call.machine.next_timeout().expect("we ask again");
            let pause = due.saturating_sub(call.now).as_millis();
            assert!((least..=most).contains(&pause), "{side:?}: {pause} ms");
        }
    }
}

#[test]
fn during_the_pause_after_a_crossing_the_far_end_may_come_first() {
    let mut call = Call::made();
    call.asks();
    call.answered(491, "");
    let actions = call.tell(Event::Offer(Some(image(4_002, 2).as_bytes())));
    assert_eq!(started(&actions), Some(media(4_002)));
    assert_eq!(call.machine.next_timeout(), None);
}

#[test]
fn two_refusals_and_silence_end_the_call() {
    let mut call = Call::made();
    call.asks();
    assert_eq!(call.answered(488, ""), []);
    call.asks();
    assert_eq!(call.now, Duration::from_secs(5));
    assert_eq!(call.answered(606, ""), []);
    assert_eq!(
        call.wait(),
        [Action::GiveUp(Failure::Refused { status: 606 })]
    );
    assert_eq!(call.now, Duration::from_secs(13));
}

#[test]
fn after_refusals_the_far_end_may_ask_itself() {
    let mut call = Call::made();
    call.asks();
    call.answered(488, "");
    call.asks();
    call.answered(488, "");
    let actions = call.tell(Event::Offer(Some(image(4_002, 2).as_bytes())));
    assert_eq!(started(&actions), Some(media(4_002)));
}

#[test]
fn a_call_in_which_nobody_asks_ends() {
    let mut call = Call::new(CallSide::Calling, |policy| policy.ask_after = None);
    call.tell(Event::Dial);
    call.tell(Event::Answered(audio(4_000, 1).as_bytes()));
    assert_eq!(call.wait(), [Action::GiveUp(Failure::NotAsked)]);
    assert_eq!(call.now, Duration::from_secs(25));
}

#[test]
fn an_unanswered_request_and_a_lost_dialog_end_the_call() {
    let mut call = Call::made();
    call.asks();
    assert_eq!(call.wait(), [Action::GiveUp(Failure::Unanswered)]);
    for status in [408, 481] {
        let mut call = Call::made();
        call.asks();
        let gone = Action::GiveUp(Failure::Gone { status });
        assert_eq!(call.answered(status, ""), [gone]);
    }
}

#[test]
fn an_answer_that_nobody_waits_for_changes_nothing() {
    let mut call = Call::made();
    assert_eq!(call.answered(200, &image(4_002, 2)), []);
}

#[test]
fn a_refresh_in_t38_is_answered_word_for_word_and_a_move_is_followed() {
    let mut call = Call::made();
    let first = call.offered(&image(4_002, 2));
    call.tell(Event::Acknowledged(None));
    let actions = call.tell(Event::Offer(Some(image(4_002, 2).as_bytes())));
    let again = Action::Respond {
        status: 200,
        body: Some(first.clone()),
    };
    assert_eq!(actions, [again]);
    let actions = call.tell(Event::Offer(Some(image(4_010, 3).as_bytes())));
    assert_eq!(actions[1..], [Action::MoveT38(media(4_010))]);
}

#[test]
fn an_offerless_refresh_in_t38_offers_what_is_in_force_and_takes_the_answer_from_the_ack() {
    let mut call = Call::made();
    let first = call.offered(&image(4_002, 2));
    call.tell(Event::Acknowledged(None));
    let offered = Action::Respond {
        status: 200,
        body: Some(first),
    };
    assert_eq!(call.tell(Event::Offer(None)), [offered]);
    // Until the answer has come another offer would cross ours.
    assert_eq!(
        call.tell(Event::Offer(Some(image(4_002, 2).as_bytes()))),
        [REFUSED]
    );
    let moved = call.tell(Event::Acknowledged(Some(image(4_020, 3).as_bytes())));
    assert_eq!(moved, [Action::MoveT38(media(4_020))]);
}

#[test]
fn an_offerless_invite_is_answered_with_an_offer() {
    let mut call = Call::new(CallSide::Called, |_| ());
    match &call.tell(Event::Offer(None))[..] {
        [
            Action::Respond {
                status: 200,
                body: Some(body),
            },
        ] => assert!(text(body).contains("m=audio 6000 RTP/AVP 0 8")),
        other => panic!("{other:?}"),
    }
    call.tell(Event::Acknowledged(Some(audio(4_000, 1).as_bytes())));
    call.asks();
}

#[test]
fn a_first_invite_with_t38_alone_starts_the_fax() {
    let mut call = Call::new(CallSide::Called, |_| ());
    let actions = call.tell(Event::Offer(Some(image(4_002, 1).as_bytes())));
    assert_eq!(started(&actions), Some(media(4_002)));
}

#[test]
fn an_invite_without_anything_we_can_do_is_refused() {
    let video = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                 m=video 5000 RTP/AVP 31\r\n";
    for body in [video, "not a description"] {
        let mut call = Call::new(CallSide::Called, |_| ());
        let actions = call.tell(Event::Offer(Some(body.as_bytes())));
        assert!(
            matches!(
                actions[..],
                [
                    Action::Respond {
                        status: 488,
                        body: None
                    },
                    Action::GiveUp(_)
                ]
            ),
            "{actions:?}"
        );
    }
}

#[test]
fn a_reinvite_we_cannot_take_leaves_the_fax_alone() {
    let mut call = Call::made();
    call.offered(&image(4_002, 2));
    call.tell(Event::Acknowledged(None));
    let actions = call.tell(Event::Offer(Some(b"v=0\r\nm=")));
    assert_eq!(
        actions,
        [Action::Respond {
            status: 488,
            body: None
        }]
    );
}

#[test]
fn back_to_audio_is_accepted_and_t38_is_not_asked_for_again() {
    let mut call = Call::made();
    call.offered(&image(4_002, 2));
    call.tell(Event::Acknowledged(None));
    let actions = call.tell(Event::Offer(Some(audio(4_000, 3).as_bytes())));
    assert_eq!(actions[1..], [Action::LeaveT38]);
    call.tell(Event::Acknowledged(None));
    assert_eq!(call.machine.next_timeout(), None);
}

#[test]
fn after_the_fax_nothing_is_asked_for_or_given_up() {
    let mut call = Call::made();
    call.asks();
    call.tell(Event::FaxFinished);
    assert_eq!(call.answered(488, ""), []);
    assert_eq!(call.machine.next_timeout(), None);
}

#[test]
fn an_answer_has_one_line_for_each_of_the_offer() {
    let offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                 m=video 5000 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 18 8 0\r\na=sendonly\r\n\
                 m=image 4002 udptl t38\r\n";
    let mut call = Call::new(CallSide::Called, |_| ());
    let answer = call.offered(offer);
    let lines: Vec<String> = text(&answer)
        .lines()
        .filter(|line| line.starts_with("m="))
        .map(str::to_owned)
        .collect();
    assert_eq!(
        lines,
        [
            "m=video 0 RTP/AVP 31",
            "m=audio 6000 RTP/AVP 8",
            "m=image 0 udptl t38"
        ]
    );
    assert!(text(&answer).contains("a=recvonly"));
    // Our own request keeps the lines and changes the kind of the one in use.
    call.tell(Event::Acknowledged(None));
    let ask = text(&call.asks());
    let lines: Vec<&str> = ask.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(
        lines,
        [
            "m=video 0 RTP/AVP 31",
            "m=image 6002 udptl t38",
            "m=image 0 udptl t38"
        ]
    );
    assert!(ask.contains("o=faxmill 7 2 "), "a new version: {ask}");
}

#[test]
fn descriptions_of_vendors_are_understood() {
    let cisco = "v=0\r\no=CiscoSystemsSIP-GW-UserAgent 1 2 IN IP4 198.51.100.9\r\ns=SIP Call\r\n\
                 c=IN IP4 198.51.100.9\r\nt=0 0\r\nm=image 17234 UDPTL T38\r\n\
                 c=IN IP4 198.51.100.10\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:9600\r\n\
                 a=T38FaxFillBitRemoval:0\r\na=T38FaxTranscodingMMR:0\r\n\
                 a=T38FaxUdpEC:t38UDPFEC\r\n";
    let description = Description::parse(cisco.as_bytes()).expect("a description");
    let (_, address, attributes) = description.t38().expect("T.38");
    assert_eq!(address, "198.51.100.10:17234".parse().expect("an address"));
    assert_eq!(attributes.max_bit_rate, 9_600);
    assert!(!attributes.fill_bit_removal);
    let hold =
        "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nc=IN IP4 0.0.0.0\nt=0 0\nm=audio 4000 RTP/AVP 0\n";
    let description = Description::parse(hold.as_bytes()).expect("a description");
    assert!(description.audio().is_none());
    assert!(matches!(description.lines[0].kind, MediaKind::Audio { .. }));
}

proptest! {
    #[test]
    fn any_bytes_as_a_description_are_read_or_refused(body: Vec<u8>) {
        let _ = Description::parse(&body);
    }

    #[test]
    fn any_lines_as_a_description_are_read_or_refused(
        lines in proptest::collection::vec("[vosctma]=[ -~]{0,60}", 0..30)
    ) {
        let _ = Description::parse(lines.join("\r\n").as_bytes());
    }

    #[test]
    fn any_order_of_events_is_answered_once_and_ends(
        side in any::<bool>(),
        steps in proptest::collection::vec((0u8..8, 0u16..4), 0..60)
    ) {
        let side = if side { CallSide::Calling } else { CallSide::Called };
        let mut call = Call::new(side, |_| ());
        if side == CallSide::Calling {
            call.tell(Event::Dial);
        }
        let mut ended = 0;
        for (step, number) in steps {
            call.now += Duration::from_millis(u64::from(number) * 700);
            let image = image(4_000 + number, u32::from(number));
            let audio = audio(4_000 + number, u32::from(number));
            let offers = step == 1 || step == 2 || step == 3;
            let actions = match step {
                0 => call.tell(Event::Answered(audio.as_bytes())),
                1 => call.tell(Event::Offer(Some(image.as_bytes()))),
                2 => call.tell(Event::Offer(Some(audio.as_bytes()))),
                3 => call.tell(Event::Offer(None)),
                4 => call.tell(Event::Acknowledged(Some(image.as_bytes()))),
                5 => call.tell(Event::Acknowledged(None)),
                6 => {
                    let status = [200, 488, 491, 500][usize::from(number)];
                    call.answered(status, &image)
                }
                _ => {
                    call.machine.handle_timeout(call.now);
                    call.actions()
                }
            };
            let responses = actions.iter().filter(|a| matches!(a, Action::Respond { .. })).count();
            prop_assert_eq!(responses, usize::from(offers));
            ended += actions.iter().filter(|a| matches!(a, Action::GiveUp(_))).count();
        }
        prop_assert!(ended <= 1);
    }
}
