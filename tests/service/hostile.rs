//! Documents made to take a renderer down, ten at once, beside work that has to go on.

use std::time::{Duration, Instant};

use super::running::*;
use crate::hostile::DOCUMENTS;

/// Two tries of the seconds that a page is given here, the ten between them, and a busy machine.
const HOSTILE_SECONDS_MAX: u64 = 50;

#[test]
fn ten_hostile_documents_end_in_time_while_honest_work_goes_on() {
    let service = Service::start(&Setup {
        extra: "[workers]\nconvert = 12\n[limits]\npage_wall_seconds_max = 5\n".to_owned(),
        ..Setup::default()
    });
    let folder = service.folder.path().to_owned();
    let wanted = [
        "forms that draw forms",
        "forms in transparency groups",
        "a content stream of gigabytes",
        "forms in a circle",
        "a pattern of specks",
        "a mask that masks itself",
        "a TIFF of 1,600,000 rows",
        "a TIFF of huge blank pages",
        "a tree of a billion pages",
        "a tree of pages in a circle",
    ];
    let hostile: Vec<Vec<u8>> = DOCUMENTS
        .iter()
        .filter(|(name, _)| wanted.contains(name))
        .map(|(_, make)| make())
        .collect();
    assert_eq!(hostile.len(), 10);

    let begun = Instant::now();
    let jobs: Vec<String> = (0..)
        .zip(&hostile)
        .map(|(index, document)| {
            let file = folder.join(format!("hostile-{index}"));
            std::fs::write(&file, document).unwrap();
            service.submit(&["fax", file.to_str().unwrap(), "--number", "100", "--hold"])
        })
        .collect();
    let letter = sample("letter.pdf");
    let honest = service.submit(&["fax", &letter, "--number", "100", "--hold"]);
    let recording = service.submit(&["voicemail", &sample("voicemail-ulaw.wav")]);
    until_status(&folder, &recording, "ready");
    until_status(&folder, &honest, "held");
    let is_over = |job: &String| service.status(job)["job"]["state"]["status"] == "failed";
    assert!(
        !jobs.iter().all(is_over),
        "honest work was done only after the hostile"
    );

    for job in &jobs {
        let status = until_status(&folder, job, "failed");
        let reason = status["job"]["state"]["reason"].as_str().unwrap();
        assert!(
            reason.starts_with("conversion_") || reason.starts_with("document_"),
            "{status:#}"
        );
    }
    let most = Duration::from_secs(HOSTILE_SECONDS_MAX);
    assert!(begun.elapsed() < most, "took {:?}", begun.elapsed());
}
