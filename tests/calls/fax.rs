//! Whole faxes between two of our own agents, at real pace.

use faxmill::sip::{IncomingFax, NoObserver, OutgoingFax};
use tokio_util::sync::CancellationToken;

use crate::support::{Desk, agent, number_at, read_pages};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_arrives_exact_when_the_called_side_asks_for_t38() {
    let (caller, called) = (agent().await, agent().await);
    let desk = Desk::with_pages(1);
    let mut fax = OutgoingFax::new(number_at(&called, "100"), desk.fax());
    fax.ident = "+15550001".to_owned();
    let receive = async {
        let call = called.next_call().await.expect("a call");
        assert_eq!(call.to.as_deref(), Some("100"));
        let mut fax = IncomingFax::new(desk.received());
        fax.ident = "+15550002".to_owned();
        call.receive_fax(fax, &mut NoObserver, CancellationToken::new())
            .await
    };
    let mut observer = NoObserver;
    let send = caller.send_fax(fax, &mut observer, CancellationToken::new());
    let (sent, received) = tokio::join!(send, receive);
    println!("{sent:#?}\n{received:#?}");
    assert_eq!(sent.reason, None, "{}", sent.detail);
    assert_eq!(received.reason, None, "{}", received.detail);
    assert_eq!((sent.pages_confirmed, received.pages_confirmed), (1, 1));
    assert_eq!(sent.far_ident.as_deref(), Some("+15550002"));
    assert_eq!(received.far_ident.as_deref(), Some("+15550001"));
    assert_eq!(read_pages(&desk.received()), desk.pages);
}
