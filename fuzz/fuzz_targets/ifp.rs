//! Fax packets from the network, read and given to both kinds of session.
#![no_main]

use std::time::Duration;

use faxmill::t30::ifp::Ifp;
use faxmill::t30::{CallSide, FaxRole, SessionConfig, T38Session};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _parsed = (Ifp::parse(0, bytes).is_ok(), Ifp::parse(3, bytes).is_ok());
    let tiff = std::env::temp_dir().join(format!("faxmill-fuzz-{}.tif", std::process::id()));
    let config = SessionConfig::new(CallSide::Called, FaxRole::Receive { tiff: tiff.clone() });
    let Ok(mut session) = T38Session::new(&config) else {
        return;
    };
    let mut now = Duration::from_secs(4);
    let mut rest = bytes;
    let mut sequence = 0;
    while let Some((&length, tail)) = rest.split_first() {
        let (packet, next) = tail.split_at(tail.len().min(usize::from(length)));
        rest = next;
        session.advance(now);
        session.handle_ifp(sequence, packet);
        while session.poll().is_some() {}
        sequence = sequence.wrapping_add(1);
        now += Duration::from_millis(u64::from(length) * 10);
    }
    drop(session);
    let _absent = std::fs::remove_file(&tiff).is_err();
});
