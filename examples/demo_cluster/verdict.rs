//! What became of the jobs, and whether that is right.

use std::collections::BTreeMap;

use serde_json::Value;

/// Prints a line for each job; false where one was lost or is not as its record says.
pub(crate) fn tell(records: &[Value], received: &BTreeMap<String, u32>) -> bool {
    let mut all_right = true;
    for record in records {
        let (job, state) = (&record["job"], &record["job"]["state"]);
        let status = state["status"].as_str().unwrap_or_default();
        let number = job["request"]["number"].as_str().unwrap_or_default();
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let calls = record["attempts"].as_array().map_or(0, Vec::len);
        let arrived = received.get(&digits).copied().unwrap_or(0);
        let right = match status {
            // Delivered once: one complete fax is there, however many calls it took.
            "delivered" => arrived >= 1,
            "ready" => number.is_empty(),
            // A worker was killed after the answer: nobody may say more than that.
            "indeterminate" => calls >= 1,
            _ => false,
        };
        let verdict = if right {
            ""
        } else {
            "  <- not as it should be"
        };
        let what = if number.is_empty() {
            "recording"
        } else {
            number
        };
        println!(
            "{}  {status:13}  {what:14}  {calls} calls, {arrived} received{verdict}",
            job["id"].as_str().unwrap_or_default()
        );
        all_right &= right;
    }
    println!(
        "{}",
        if all_right {
            "every job was delivered or rightly reported"
        } else {
            "a job was lost, or is reported wrongly"
        }
    );
    all_right
}
