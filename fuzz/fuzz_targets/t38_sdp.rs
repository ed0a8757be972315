//! T.38 attributes of a foreign SDP, one a line.
#![no_main]

use faxmill::t38::T38Attributes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let lines = text.lines().map(|line| match line.split_once(':') {
        Some((name, value)) => (name, Some(value)),
        None => (line, None),
    });
    let attributes = T38Attributes::parse(lines);
    let pairs = attributes.to_pairs();
    let again = T38Attributes::parse(pairs.iter().map(|(name, value)| (*name, value.as_deref())));
    assert_eq!(again, attributes);
    let _answer = T38Attributes::answer(&attributes, &T38Attributes::ours());
});
