//! Datagrams from the network: any bytes, cut into datagrams by a length octet each.
#![no_main]

use std::time::Duration;

use faxmill::t38::udptl::{Datagram, UdptlReceiver};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut receiver = UdptlReceiver::default();
    let mut now = Duration::ZERO;
    let mut rest = bytes;
    while let Some((&length, tail)) = rest.split_first() {
        let (datagram, next) = tail.split_at(tail.len().min(usize::from(length)));
        rest = next;
        now += Duration::from_millis(20);
        if let Ok(parsed) = Datagram::parse(datagram) {
            let written = parsed.to_bytes();
            assert_eq!(Datagram::parse(&written), Ok(parsed));
        }
        let _refused = receiver.handle_datagram(now, datagram).is_err();
        while receiver.poll(now).is_some() {}
    }
});
