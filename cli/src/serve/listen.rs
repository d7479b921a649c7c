//! Sockets: where the service is spoken to, and how many may speak.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, UnixListener};
use tokio::sync::Notify;

/// A connection of either kind.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// An open socket.
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

impl Listener {
    /// Opens `127.0.0.1:11380`, `tcp:[::1]:11380` or `unix:/run/x.sock`. A socket file that nobody
    /// answers is replaced.
    pub(crate) async fn open(address: &str) -> Result<Self, String> {
        let failed = |error: io::Error| format!("cannot listen on `{address}`: {error}");
        if let Some(path) = address.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            if tokio::net::UnixStream::connect(&path).await.is_err() && is_socket(&path) {
                std::fs::remove_file(&path).map_err(failed)?;
            }
            let listener = UnixListener::bind(&path).map_err(failed)?;
            return Ok(Self::Unix(listener, path));
        }
        let address = address.strip_prefix("tcp:").unwrap_or(address);
        let mut found = tokio::net::lookup_host(address).await.map_err(failed)?;
        let address = found.next().ok_or_else(|| format!("`{address}` names no address"))?;
        tcp(address).map(Self::Tcp).map_err(failed)
    }

    /// True if other machines may reach it.
    pub(crate) fn is_public(&self) -> bool {
        matches!(self, Self::Tcp(listener) if listener.local_addr().is_ok_and(|address| !loopback(&address)))
    }

    /// The next connection.
    pub(crate) async fn accept(&self) -> io::Result<Box<dyn Io>> {
        Ok(match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
            Self::Unix(listener, _) => Box::new(listener.accept().await?.0),
        })
    }
}

/// Connections that wait to be taken: a flood of them must not make others wait a second for their turn.
const BACKLOG: u32 = 4096;

fn tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn loopback(address: &SocketAddr) -> bool {
    match address.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_loopback(),
    }
}

fn is_socket(path: &std::path::Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    path.symlink_metadata().is_ok_and(|facts| facts.file_type().is_socket())
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => write!(f, "tcp:{address}"),
                Err(_) => f.write_str("tcp"),
            },
            Self::Unix(_, path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// The open connections of one listener. When there are too many, the one that has been idle for longest
/// gives way: idle ones cannot keep others out.
#[derive(Debug)]
pub(crate) struct Connections {
    most: usize,
    clock: AtomicU64,
    seats: Mutex<BTreeMap<u64, Arc<Seat>>>,
}

/// A connection's place.
#[derive(Debug, Default)]
struct Seat {
    busy: AtomicBool,
    active: AtomicU64,
    leave: Notify,
}

impl Connections {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, clock: AtomicU64::new(0), seats: Mutex::default() })
    }

    /// Open connections.
    pub(crate) fn len(&self) -> usize {
        self.seats().len()
    }

    /// A place for a new connection; `None` if there are too many and all of them work.
    pub(crate) fn admit(self: &Arc<Self>) -> Option<Place> {
        let mut seats = self.seats();
        if seats.len() >= self.most {
            evict(&mut seats)?;
        }
        let id = self.clock.fetch_add(1, Ordering::Relaxed);
        let seat = Arc::new(Seat { active: AtomicU64::new(id), ..Seat::default() });
        seats.insert(id, Arc::clone(&seat));
        Some(Place { all: Arc::clone(self), id, seat })
    }

    /// Lets the connection go that has been idle for longest.
    pub(crate) fn make_room(&self) {
        evict(&mut self.seats());
    }

    fn seats(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Seat>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the seat that has been idle for longest to leave; `None` if all work.
fn evict(seats: &mut BTreeMap<u64, Arc<Seat>>) -> Option<()> {
    let idle = seats.iter().filter(|(_, seat)| !seat.busy.load(Ordering::Relaxed));
    let oldest = *idle.min_by_key(|(_, seat)| seat.active.load(Ordering::Relaxed))?.0;
    seats.remove(&oldest)?.leave.notify_one();
    Some(())
}

/// Waits after a connection could not be taken: out of file descriptors, as a rule. An idle one of the same kind
/// gives way.
pub(crate) async fn short(error: &io::Error, connections: &Connections) {
    tracing::error!(%error, "no connection could be taken: an idle one gives way");
    connections.make_room();
    tokio::time::sleep(Duration::from_millis(50)).await;
}

/// The place of one connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    all: Arc<Connections>,
    id: u64,
    seat: Arc<Seat>,
}

impl Place {
    /// Whether it works on something: then it does not have to give way.
    pub(crate) fn busy(&self, busy: bool) {
        self.seat.active.store(self.all.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        self.seat.busy.store(busy, Ordering::Relaxed);
    }

    /// Ends when it has to give way.
    pub(crate) async fn evicted(&self) {
        self.seat.leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.all.seats().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn idle_connections_give_way_and_busy_ones_do_not() {
        let all = Connections::new(2);
        let (first, second) = (all.admit().expect("room"), all.admit().expect("room"));
        first.busy(true);
        first.busy(false);
        let third = all.admit().expect("the second, idle for longest, gives way");
        second.evicted().await;
        drop(second);
        assert_eq!(all.len(), 2);
        first.busy(true);
        third.busy(true);
        assert!(all.admit().is_none());
        third.busy(false);
        assert!(all.admit().is_some());
        third.evicted().await;
    }
}
