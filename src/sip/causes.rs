//! What a refusal of the network means: SIP status codes and Q.850 causes as reasons.

use crate::job::Reason;

/// Why a call that was never answered ended, from the final response to its INVITE.
///
/// A Q.850 cause (RFC 3326 `Reason` header) is the exchange's own word and wins where it is
/// specific: gateways map many causes to one status. Our own credentials are judged by the status
/// alone, because proxies refuse those without asking an exchange.
pub fn refusal_reason(status: u16, cause: Option<u8>) -> Reason {
    if matches!(status, 401 | 402 | 407) {
        return Reason::TrunkRejected;
    }
    if let Some(reason) = cause.and_then(cause_reason) {
        return reason;
    }
    match status {
        486 | 600 => Reason::Busy,
        408 | 487 => Reason::NoAnswer,
        404 | 410 | 484 | 604 => Reason::NumberInvalid,
        403 | 603 | 607 => Reason::Declined,
        480 | 500..=599 => Reason::Congestion,
        // A redirection, an offer refused, a request they did not understand: our set-up and
        // theirs do not fit, and dialing again changes nothing.
        _ => Reason::TrunkRejected,
    }
}

/// ITU-T Q.850 (10/2018) Table 1, where a cause says more than "cleared".
fn cause_reason(cause: u8) -> Option<Reason> {
    Some(match cause {
        17 => Reason::Busy,
        18..=20 => Reason::NoAnswer,
        1 | 22 | 28 => Reason::NumberInvalid,
        21 => Reason::Declined,
        34 | 38 | 41 | 42 => Reason::Congestion,
        _ => return None,
    })
}

/// The Q.850 cause in a `Reason` header value (RFC 3326 §2).
pub fn q850_cause(header: &str) -> Option<u8> {
    header.split(',').find_map(|value| {
        let mut parts = value.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case("Q.850") {
            return None;
        }
        parts.find_map(|part| {
            let (name, number) = part.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("cause")
                .then(|| number.trim().parse().ok())?
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_reference_table() {
        let rows = [
            (486, None, Reason::Busy),
            (600, None, Reason::Busy),
            (480, None, Reason::Congestion),
            (503, None, Reason::Congestion),
            (408, None, Reason::NoAnswer),
            (404, None, Reason::NumberInvalid),
            (410, None, Reason::NumberInvalid),
            (484, None, Reason::NumberInvalid),
            (604, None, Reason::NumberInvalid),
            (403, None, Reason::Declined),
            (603, None, Reason::Declined),
            (401, None, Reason::TrunkRejected),
            (402, None, Reason::TrunkRejected),
            (407, None, Reason::TrunkRejected),
            (488, None, Reason::TrunkRejected),
            (480, Some(19), Reason::NoAnswer),
            (480, Some(18), Reason::NoAnswer),
            (500, Some(17), Reason::Busy),
            (503, Some(1), Reason::NumberInvalid),
            (403, Some(21), Reason::Declined),
            (503, Some(34), Reason::Congestion),
            (486, Some(16), Reason::Busy),
            (401, Some(17), Reason::TrunkRejected),
        ];
        for (status, cause, reason) in rows {
            assert_eq!(refusal_reason(status, cause), reason, "{status} {cause:?}");
        }
    }

    #[test]
    fn reason_headers_of_real_gateways() {
        assert_eq!(q850_cause("Q.850;cause=17"), Some(17));
        assert_eq!(
            q850_cause("SIP;cause=486, q.850 ; cause = 19 ;text=\"no answer\""),
            Some(19)
        );
        assert_eq!(q850_cause("SIP;cause=200;text=\"elsewhere\""), None);
        assert_eq!(q850_cause("Q.850;cause=999"), None);
        assert_eq!(q850_cause(""), None);
    }
}
