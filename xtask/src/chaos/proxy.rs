//! A piece of network between two processes, which can be spoilt.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Result;

/// How often whoever holds bytes back looks whether they may go.
const LOOK: Duration = Duration::from_millis(20);

/// What becomes of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    Whole,
    /// Each piece arrives so many milliseconds later.
    Delayed(u64),
    /// Every connection breaks, and new ones break at once.
    Cut,
    /// What the side that connects sends arrives, the answers are held back.
    OneWay,
    /// Everything is held back.
    BlackHole,
}

/// Listens on a port of its own and passes bytes on to another.
pub struct Proxy {
    port: u16,
    road: Arc<Road>,
}

/// What all connections share.
struct Road {
    target: u16,
    network: Mutex<Network>,
    /// Grows with each cut: connections of an older count are to break.
    cuts: AtomicU64,
    closed: AtomicBool,
}

impl Proxy {
    /// Begins to pass on to a port of this host, where nobody need listen yet.
    pub fn to(target: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let network = Mutex::new(Network::Whole);
        let road =
            Arc::new(Road { target, network, cuts: AtomicU64::new(0), closed: AtomicBool::new(false) });
        let shared = road.clone();
        thread::spawn(move || {
            for incoming in listener.incoming().map_while(Result::ok) {
                if shared.closed.load(Ordering::SeqCst) {
                    return;
                }
                let shared = shared.clone();
                thread::spawn(move || shared.carry(incoming));
            }
        });
        Ok(Self { port, road })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on the network is like this.
    pub fn set(&self, network: Network) {
        *self.road.network.lock().unwrap_or_else(PoisonError::into_inner) = network;
        if network == Network::Cut {
            self.road.cuts.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.set(Network::Cut);
        self.road.closed.store(true, Ordering::SeqCst);
        // Wakes the listening thread, which ends; should it not be reached, it ends with this process.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

impl Road {
    fn network(&self) -> Network {
        *self.network.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn carry(self: Arc<Self>, near: TcpStream) {
        if self.network() == Network::Cut {
            return;
        }
        let Ok(far) = TcpStream::connect(("127.0.0.1", self.target)) else { return };
        let (Ok(near_again), Ok(far_again)) = (near.try_clone(), far.try_clone()) else { return };
        let cuts = self.cuts.load(Ordering::SeqCst);
        let back = self.clone();
        thread::spawn(move || back.copy(far_again, near_again, cuts, true));
        self.copy(near, far, cuts, false);
    }

    /// Copies until an end is reached or the connection is cut; then both ends are closed.
    fn copy(&self, mut from: TcpStream, mut to: TcpStream, cuts: u64, is_answer: bool) {
        let mut bytes = [0; 16 << 10];
        let is_cut = || self.cuts.load(Ordering::SeqCst) != cuts;
        // Without a time limit a silent connection would never notice that it is cut.
        let limited = from.set_read_timeout(Some(LOOK)).and(to.set_nodelay(true));
        while limited.is_ok() && !is_cut() {
            let length = match from.read(&mut bytes) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
                Err(_) => break,
            };
            self.hold_back(is_answer, is_cut);
            if is_cut() || to.write_all(&bytes[..length]).is_err() {
                break;
            }
        }
        // They may be closed already.
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }

    fn hold_back(&self, is_answer: bool, is_cut: impl Fn() -> bool) {
        loop {
            match self.network() {
                Network::Delayed(ms) => return thread::sleep(Duration::from_millis(ms)),
                Network::BlackHole => {}
                Network::OneWay if is_answer => {}
                _ => return,
            }
            if is_cut() {
                return;
            }
            thread::sleep(LOOK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Connects through the proxy to a listener that sends back what it gets.
    fn connection() -> (Proxy, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let proxy = Proxy::to(listener.local_addr().unwrap().port()).unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut back = stream.try_clone().unwrap();
            std::io::copy(&mut stream, &mut back)
        });
        let stream = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        (proxy, stream)
    }

    #[test]
    fn bytes_are_passed_on_held_back_and_passed_on_again() {
        let (proxy, mut stream) = connection();
        let mut answer = [0; 2];
        stream.write_all(b"ab").unwrap();
        stream.read_exact(&mut answer).unwrap();
        proxy.set(Network::OneWay);
        stream.write_all(b"cd").unwrap();
        assert!(stream.read_exact(&mut answer).is_err());
        proxy.set(Network::Whole);
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"cd");
    }

    #[test]
    fn a_cut_ends_what_is_there_and_what_begins() {
        let (proxy, mut stream) = connection();
        proxy.set(Network::Cut);
        let mut answer = [0; 1];
        let ended = |read: std::io::Result<usize>| match read {
            Ok(length) => length == 0,
            Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        };
        assert!(ended(stream.read(&mut answer)));
        let mut other = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
        other.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        assert!(ended(other.read(&mut answer)));
    }
}
