//! A call's outcome in words and in JSON.

use faxmill::sip::CallOutcome;

pub(crate) fn sentence(outcome: &CallOutcome) -> String {
    let pages = outcome.pages_confirmed;
    let seconds = outcome.times.ended.as_secs_f64();
    match outcome.reason {
        None => format!("{pages} pages confirmed in {seconds:.1} s"),
        Some(reason) => format!(
            "not complete ({}): {}. {pages} pages confirmed. {}",
            reason.code(),
            reason.sentence(),
            outcome.detail
        ),
    }
}

pub(crate) fn json(outcome: &CallOutcome) -> serde_json::Value {
    let media = outcome.media;
    serde_json::json!({
        "complete": outcome.is_complete(),
        "reason": outcome.reason.map(faxmill::job::Reason::code),
        "detail": outcome.detail,
        "call_id": outcome.call_id,
        "sip_status": outcome.sip_status,
        "answered": outcome.answered,
        "pages_confirmed": outcome.pages_confirmed,
        "pages_total": outcome.pages_total,
        "possibly_delivered": outcome.possibly_delivered,
        "far_ident": outcome.far_ident,
        "bit_rate": outcome.negotiated.map(|negotiated| negotiated.bit_rate),
        "ecm": outcome.negotiated.map(|negotiated| negotiated.ecm),
        "coding": outcome.negotiated.map(|negotiated| negotiated.coding.name()),
        "datagrams": {
            "sent": media.sent, "received": media.received, "lost": media.lost,
            "recovered": media.recovered, "duplicates": media.duplicates,
            "reordered": media.reordered, "malformed": media.malformed, "foreign": media.foreign,
        },
        "ticks_late": media.ticks_late,
        "seconds": outcome.times.ended.as_secs_f64(),
    })
}
