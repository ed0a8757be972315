//! A network between us and a server that can be cut, and that can swallow everything.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

pub(crate) struct Proxy {
    pub(crate) port: u16,
    network: Arc<Network>,
}

#[derive(Default)]
struct Network {
    swallows: AtomicBool,
    /// The answer to the next request that holds these bytes is lost with its connection.
    answer_to_lose: Mutex<Option<&'static [u8]>>,
    connections: Mutex<Vec<Connection>>,
}

struct Connection {
    ends: [TcpStream; 2],
    /// Once it has lost bytes it never passes any again.
    dead: Arc<AtomicBool>,
}

impl Proxy {
    pub(crate) fn to(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        let network = Arc::new(Network::default());
        let passing = Arc::clone(&network);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Ok(server) = TcpStream::connect(("127.0.0.1", server)) {
                    passing.carry(client, server);
                }
            }
        });
        Self { port, network }
    }

    /// Cuts every connection; new ones pass.
    pub(crate) fn cut(&self) {
        let mut connections = self.network.connections.lock().expect("no panic");
        for connection in connections.drain(..) {
            for end in connection.ends {
                // It may have ended by itself.
                let _ended = end.shutdown(Shutdown::Both);
            }
        }
    }

    /// From now on nothing passes and nobody is told: neither over the connections that there are,
    /// nor over new ones.
    pub(crate) fn swallow(&self) {
        self.network.swallows.store(true, Ordering::SeqCst);
        for connection in self.network.connections.lock().expect("no panic").iter() {
            connection.dead.store(true, Ordering::SeqCst);
        }
    }

    /// Passes the next request that holds `what` on to the server, and cuts its connection before
    /// the answer comes.
    pub(crate) fn lose_answer_to(&self, what: &'static [u8]) {
        *self.network.answer_to_lose.lock().expect("no panic") = Some(what);
    }

    /// New connections pass again; those that lost something stay silent.
    pub(crate) fn heal(&self) {
        self.network.swallows.store(false, Ordering::SeqCst);
    }
}

impl Network {
    /// Whether the answer to this request is to be lost.
    fn loses_answer_to(&self, request: &[u8]) -> bool {
        let mut what = self.answer_to_lose.lock().expect("no panic");
        let found = what.is_some_and(|what| request.windows(what.len()).any(|part| part == what));
        if found {
            *what = None;
        }
        found
    }

    fn carry(self: &Arc<Self>, client: TcpStream, server: TcpStream) {
        let both = || Some([client.try_clone().ok()?, server.try_clone().ok()?]);
        let (Some(kept), Some(forth)) = (both(), both()) else {
            return;
        };
        let dead = Arc::new(AtomicBool::new(self.swallows.load(Ordering::SeqCst)));
        let [from, to] = forth;
        let silent = Arc::clone(&dead);
        let network = Arc::clone(self);
        thread::spawn(move || {
            copy(from, to, &silent, |request, client| {
                if network.loses_answer_to(request) {
                    silent.store(true, Ordering::SeqCst);
                    let _ended = client.shutdown(Shutdown::Both);
                }
            });
        });
        let silent = Arc::clone(&dead);
        thread::spawn(move || copy(server, client, &silent, |_, _| {}));
        let connection = Connection { ends: kept, dead };
        self.connections.lock().expect("no panic").push(connection);
    }
}

fn copy(
    mut from: TcpStream,
    mut to: TcpStream,
    dead: &AtomicBool,
    look: impl Fn(&[u8], &TcpStream),
) {
    let mut buffer = [0; 16384];
    while let Ok(bytes @ 1..) = from.read(&mut buffer) {
        let was_dead = dead.load(Ordering::SeqCst);
        look(&buffer[..bytes], &from);
        if !was_dead && to.write_all(&buffer[..bytes]).is_err() {
            break;
        }
    }
    if !dead.load(Ordering::SeqCst) {
        let _ended = to.shutdown(Shutdown::Both);
    }
}
