//! Session descriptions of a far end, alone and as the events of a call.

#![no_main]

use std::time::Duration;

use faxmill::sip::Policy;
use faxmill::sip::offer_answer::{Event, LocalMedia, OfferAnswer};
use faxmill::sip::sdp::Description;
use faxmill::t30::CallSide;
use faxmill::t38::T38Attributes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let _ = Description::parse(body);
    let local = LocalMedia {
        session_id: 1,
        address: [192, 0, 2, 1].into(),
        audio_port: 6_000,
        t38_port: 6_002,
        t38: T38Attributes::ours(),
        seed: 1,
    };
    let mut call = OfferAnswer::new(CallSide::Called, local, Policy::called());
    for second in 0..4 {
        call.handle(Duration::from_secs(second), Event::Offer(Some(body)));
        call.handle(Duration::from_secs(second), Event::Acknowledged(Some(body)));
        while call.poll().is_some() {}
    }
});
