//! Digest challenges in the wording that the stack understands (RFC 7616, RFC 8760).
//!
//! The stack computes SHA-256 digests but knows the algorithm only as `SHA256`, fails on a list of
//! `qop` values, and takes the first challenge of several whatever it is. So challenges are
//! reworded and chosen on their way in, and our answers get the standard's wording back on their
//! way out.

use rsipstack::sip::headers::{ProxyAuthenticate, WwwAuthenticate};
use rsipstack::sip::{HasHeaders, Header, SipMessage};
use rsipstack::transaction::endpoint::MessageInspector;
use rsipstack::transport::SipAddr;

/// Rewords challenges and answers.
pub(super) struct ChallengeFilter;

impl MessageInspector for ChallengeFilter {
    fn before_send(&self, mut message: SipMessage, _: Option<&SipAddr>) -> SipMessage {
        if let SipMessage::Request(request) = &mut message {
            for header in request.headers_mut().iter_mut() {
                match header {
                    Header::Authorization(value) => value.replace(standard_name(value.value())),
                    Header::ProxyAuthorization(value) => {
                        value.replace(standard_name(value.value()));
                    }
                    _ => {}
                }
            }
        }
        message
    }

    fn after_received(&self, mut message: SipMessage, _: Option<&SipAddr>) -> SipMessage {
        if let SipMessage::Response(response) = &mut message
            && matches!(response.status_code.code(), 401 | 407)
        {
            let headers: Vec<Header> = response.headers().iter().cloned().collect();
            let best = |proxy: bool| {
                headers
                    .iter()
                    .filter_map(|header| match header {
                        Header::WwwAuthenticate(value) if !proxy => Some(value.value()),
                        Header::ProxyAuthenticate(value) if proxy => Some(value.value()),
                        _ => None,
                    })
                    .filter_map(understood)
                    .max_by_key(|(strength, _)| *strength)
                    .map(|(_, challenge)| challenge)
            };
            let (user, proxy) = (best(false), best(true));
            response.headers_mut().retain(|header| {
                !matches!(
                    header,
                    Header::WwwAuthenticate(_) | Header::ProxyAuthenticate(_)
                )
            });
            if let Some(challenge) = user {
                let header = Header::WwwAuthenticate(WwwAuthenticate::new(challenge));
                response.headers_mut().push(header);
            }
            if let Some(challenge) = proxy {
                let header = Header::ProxyAuthenticate(ProxyAuthenticate::new(challenge));
                response.headers_mut().push(header);
            }
        }
        message
    }
}

/// A challenge that the stack can answer, reworded, with the strength of its algorithm.
fn understood(challenge: &str) -> Option<(u8, String)> {
    let (scheme, parameters) = challenge.trim().split_once(char::is_whitespace)?;
    if !scheme.eq_ignore_ascii_case("Digest") {
        return None;
    }
    let mut strength = 1;
    let mut kept = Vec::new();
    for (name, value) in split_parameters(parameters) {
        if name.eq_ignore_ascii_case("algorithm") {
            let word = match value.trim_matches('"').to_ascii_uppercase().as_str() {
                "MD5" => "MD5",
                "SHA-256" => {
                    strength = 2;
                    "SHA256"
                }
                // The -sess variants and SHA-512-256 are not computed by the stack as the
                // standard has them.
                _ => return None,
            };
            kept.push(format!("algorithm={word}"));
        } else if name.eq_ignore_ascii_case("qop") {
            let mut offered = value.trim_matches('"').split(',').map(str::trim);
            if !offered.any(|word| word.eq_ignore_ascii_case("auth")) {
                return None;
            }
            kept.push("qop=\"auth\"".to_owned());
        } else {
            kept.push(format!("{name}={value}"));
        }
    }
    Some((strength, format!("Digest {}", kept.join(", "))))
}

/// `name=value` pairs, where commas inside quotation marks do not part them.
fn split_parameters(text: &str) -> Vec<(&str, &str)> {
    let mut pairs = Vec::new();
    let mut quoted = false;
    let mut escaped = false;
    let parts = text.split(|c: char| {
        let separator = c == ',' && !quoted;
        match c {
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = c == '\\' && quoted && !escaped;
        separator
    });
    for part in parts {
        if let Some((name, value)) = part.split_once('=') {
            pairs.push((name.trim(), value.trim()));
        }
    }
    pairs
}

fn standard_name(header: &str) -> String {
    header.replace("algorithm=SHA256", "algorithm=SHA-256")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sha_256_challenge_with_two_qops_is_reworded() {
        let (strength, challenge) = understood(
            "Digest realm=\"a, b\", nonce=\"n\", algorithm=SHA-256, qop=\"auth-int,auth\"",
        )
        .expect("a digest challenge");
        assert_eq!(strength, 2);
        assert_eq!(
            challenge,
            "Digest realm=\"a, b\", nonce=\"n\", algorithm=SHA256, qop=\"auth\""
        );
    }

    #[test]
    fn challenges_that_cannot_be_answered_are_dropped() {
        assert!(understood("Basic realm=\"x\"").is_none());
        assert!(understood("Digest realm=\"x\", nonce=\"n\", algorithm=MD5-sess").is_none());
        assert!(understood("Digest realm=\"x\", nonce=\"n\", qop=\"auth-int\"").is_none());
        assert!(understood("").is_none());
    }
}
