//! SIGTERM and SIGINT drain; a second SIGINT ends at once.

use tokio_util::sync::CancellationToken;

/// A token that is cancelled by SIGTERM, SIGINT or, where asked for, the end of standard input.
pub(crate) fn drain_token(watch_stdin: bool) -> std::io::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let drain = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = drain.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: draining"),
            _ = interrupt.recv() => tracing::info!("SIGINT: draining, once more to end at once"),
        }
        token.cancel();
        interrupt.recv().await;
        std::process::exit(crate::exit::Exit::Interrupted as i32);
    });
    if watch_stdin {
        let token = drain.clone();
        // A thread of its own: a blocking read of a pipe must not keep the runtime from ending.
        std::thread::spawn(move || {
            let mut sink = std::io::sink();
            if let Err(error) = std::io::copy(&mut std::io::stdin().lock(), &mut sink) {
                tracing::warn!(%error, "the supervisor's pipe could not be read");
            }
            tracing::info!("the supervisor's pipe closed: draining");
            token.cancel();
        });
    }
    Ok(drain)
}
