//! A job request as JSON from anybody: refused, or a job that reads back as itself.

#![no_main]

use faxmill::job::{JobRequest, JobState, RetryPolicy};
use faxmill::units::UnixMillis;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(request) = serde_json::from_slice::<JobRequest>(bytes) else { return };
    if request.check().is_ok() {
        let state = JobState::new(&request, RetryPolicy::default(), UnixMillis(0));
        let text = serde_json::to_vec(&(&request, &state)).expect("a job is JSON");
        let again: (JobRequest, JobState) = serde_json::from_slice(&text).expect("it reads back");
        assert_eq!(again, (request, state));
    }
});
