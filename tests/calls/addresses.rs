//! SIP addresses: what is taken, what is refused, and that nothing slips into a header line.

use faxmill::sip::{Host, SipUri, Transport, UriFault};
use proptest::prelude::*;

#[test]
fn addresses_as_people_write_them() {
    let uri: SipUri = " SIP:+1555%2A0@Fax.Example.COM;transport=TCP;user=phone "
        .parse()
        .expect("an address");
    assert_eq!(uri.user(), Some("+1555*0"));
    assert_eq!(uri.host(), &Host::Name("fax.example.com".to_owned()));
    assert_eq!(uri.transport(), Transport::Tcp);
    assert_eq!(uri.port(), None);
    assert_eq!(
        uri.to_string(),
        "sip:+1555*0@fax.example.com;transport=tcp;user=phone"
    );
    let uri: SipUri = "sip:1@[2001:db8::1]:5062".parse().expect("an address");
    assert_eq!(uri.to_string(), "sip:1@[2001:db8::1]:5062");
    let uri: SipUri = "sip:192.0.2.1".parse().expect("an address");
    assert_eq!((uri.user(), uri.transport()), (None, Transport::Udp));
}

#[test]
fn what_is_no_address_is_refused_with_its_fault() {
    let refusals = [
        ("", UriFault::Scheme),
        ("100@example.com", UriFault::Scheme),
        ("tel:+15550100", UriFault::Scheme),
        ("sips:1@example.com", UriFault::Tls),
        ("sip:1@example.com;transport=tls", UriFault::Tls),
        ("sip:1@example.com;transport=ws", UriFault::Parameter),
        ("sip:1@example.com;=x", UriFault::Parameter),
        ("sip:@example.com", UriFault::User),
        ("sip:1%2@example.com", UriFault::User),
        ("sip:1%0d%0aVia@example.com", UriFault::User),
        ("sip:1\r\nX: y@example.com", UriFault::Password),
        ("sip:1:secret@example.com", UriFault::Password),
        ("sip:", UriFault::Host),
        ("sip:1@", UriFault::Host),
        ("sip:1@-x.example", UriFault::Host),
        ("sip:1@300.1.1.1", UriFault::Host),
        ("sip:1@[::1", UriFault::Host),
        ("sip:1@example.com:0", UriFault::Port),
        ("sip:1@example.com:70000", UriFault::Port),
        ("sip:1@example.com:+5", UriFault::Port),
        ("sip:1@example.com?Subject=x", UriFault::Headers),
    ];
    for (text, fault) in refusals {
        let error = text.parse::<SipUri>().expect_err(text);
        assert_eq!(error.fault, fault, "{text:?}");
        assert_eq!(error.code(), "sip-uri-invalid");
    }
    let long = format!("sip:{}@example.com", "1".repeat(300));
    assert_eq!(
        long.parse::<SipUri>().expect_err("long").fault,
        UriFault::TooLong
    );
}

proptest! {
    #[test]
    fn any_text_is_taken_or_refused_and_what_is_taken_prints_as_itself(text in "\\PC{0,80}") {
        check(&text)?;
    }

    #[test]
    fn any_near_address_too(text in "sip:[0-9a-z%@:;=\\[\\].#\\-_?]{0,40}") {
        check(&text)?;
    }
}

fn check(text: &str) -> Result<(), TestCaseError> {
    if let Ok(uri) = text.parse::<SipUri>() {
        let printed = uri.to_string();
        prop_assert!(printed.bytes().all(|byte| (0x21..0x7F).contains(&byte)));
        prop_assert_eq!(printed.parse::<SipUri>(), Ok(uri));
    }
    Ok(())
}
