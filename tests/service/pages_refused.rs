//! A far end that cannot take the pages as they are gets pages that it can.

use std::sync::mpsc;
use std::thread;

use faxmill::sip::{Agent, AgentConfig, CallOutcome, IncomingFax, NoObserver};
use faxmill::t30::T30Code;
use faxmill::units::PageWidth;
use tokio_util::sync::CancellationToken;

use super::documents::pdf_of_size;
use super::running::*;

/// Takes so many calls with A4 paper and no other; tells its address, then gives the outcomes.
fn a4_machine(
    calls: usize,
    folder: std::path::PathBuf,
) -> (String, thread::JoinHandle<Vec<CallOutcome>>) {
    let (told, address) = mpsc::channel();
    let machine = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let config = AgentConfig::new("127.0.0.1:0".parse().unwrap());
            let agent = Agent::start(config).await.unwrap();
            told.send(agent.local_addr().to_string()).unwrap();
            let mut outcomes = Vec::new();
            for number in 0..calls {
                let call = agent.next_call().await.unwrap();
                let mut fax = IncomingFax::new(folder.join(format!("{number}.tiff")));
                fax.width_max = PageWidth::A4;
                let never = CancellationToken::new();
                outcomes.push(call.receive_fax(fax, &mut NoObserver, never).await);
            }
            agent.shutdown().await;
            outcomes
        })
    });
    (address.recv().unwrap(), machine)
}

#[test]
fn a_page_too_wide_for_the_far_end_is_rendered_again_and_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let (address, machine) = a4_machine(2, folder.path().to_owned());
    let service = Service::start(&Setup::calling(&address));
    let a3 = pdf_of_size(folder.path(), 842, 1191);
    let job = service.submit(&["fax", a3.to_str().unwrap(), "--number", "100"]);
    let events = service.follow(&job).into_all();
    let status = service.status(&job);
    assert_eq!(status["job"]["state"]["status"], "delivered", "{status:#}");
    assert_eq!(count(&events, "converted"), 2);
    assert_eq!(count(&events, "attempt_started"), 2);
    assert_eq!(status["attempts"][0]["reason"], "image_unsupported");
    assert_eq!(status["job"]["state"]["page_limit"]["width"], "a4");

    let outcomes = machine.join().unwrap();
    assert_eq!(outcomes[0].pages_confirmed, 0);
    assert_eq!(outcomes[1].t30_code, Some(T30Code::Ok));
    let received = folder.path().join("1.tiff");
    assert_same_pixels(&service.sent(&job), received.to_str().unwrap());
}
