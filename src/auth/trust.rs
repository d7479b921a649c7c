//! Which Authentication-Results fields are believed: those that the receiver's own border wrote.
//!
//! A header grows at the top, so whatever stands below the border's `Received` field was written by
//! strangers, except what the border itself put right there. The border is found in two ways:
//!
//! * `trusted_hops` says how many `Received` fields stand above the results. The default 0 is for
//!   borders that write their results on top of everything, as milters do.
//! * The topmost `Received` fields whose `by` clause names a host of a trusted authserv-id's domain
//!   and whose `from` clause has private addresses only are own relays; the first one with a public
//!   address in its `from` clause is the border's (Gmail, Exchange Online).
//!
//! Above the border's `Received` field all results of one trusted id count, or of several of one
//! organisation. Below it, up to the next `Received` field, only the first field does: a forged one
//! follows the genuine one. A message without any `Received` field shows no border, so nothing in it is
//! believed.

use crate::message::authres::{AuthResults, MICROSOFT};
use crate::message::{Domain, Header, Message, Received};
use std::net::IpAddr;
use std::sync::Arc;

/// Most own relays that are followed.
const MOST_HOPS: usize = 30;

/// Parts of the header that may hold results of the border, as positions of fields.
#[derive(Clone, Copy, Debug, Default)]
struct Zone {
    /// Fields before this one were written by the border or behind it.
    own: usize,
    /// Fields before this one may have been written by the border.
    border: usize,
    /// The border's own Received field.
    received: Option<usize>,
}

/// Which Received field (0 is the topmost) the border wrote: it names the machine from which the
/// message came from outside. `None` if no border is configured, or the message shows none.
pub fn border(message: &Message) -> Option<usize> {
    let position = border_position(message)?;
    Some(message.headers().iter().take(position).filter(|field| is(field, "received")).count())
}

/// The position of that field among all fields: what stands above it was written by the border or
/// behind it.
pub fn border_position(message: &Message) -> Option<usize> {
    let known = !message.settings().trusted_authserv_ids.is_empty() && !message.is_nested();
    known.then(|| zone(message).received).flatten()
}

/// The Authentication-Results fields that are believed, newest first.
pub fn believed(message: &Message) -> Vec<Arc<AuthResults>> {
    let ids = &message.settings().trusted_authserv_ids;
    // An attached message is text of its sender's, header fields of the border included.
    if ids.is_empty() || message.is_nested() {
        return Vec::new();
    }
    let zone = zone(message);
    let own = trusted(message, ids, 0, zone.own);
    if own.is_empty() { trusted(message, ids, zone.own, zone.border).into_iter().take(1).collect() } else { own }
}

/// Results of the first trusted id between two positions, and of others of its organisation (some
/// receivers write each method under a name of its own).
fn trusted(message: &Message, ids: &[String], from: usize, to: usize) -> Vec<Arc<AuthResults>> {
    let fields = message.headers().get(from..to).unwrap_or_default();
    // Of a field in encoded words the raw text counts: no border writes such a field.
    let results = fields.iter().filter(|field| is(field, "authentication-results"));
    let results = results.map(|field| AuthResults::parse(&field.raw));
    let mut trusted: Vec<Arc<AuthResults>> = Vec::new();
    for result in results.filter(|result| ids.iter().any(|id| id.trim().eq_ignore_ascii_case(result.id()))) {
        if trusted.first().is_none_or(|first| of_one_receiver(first.id(), result.id())) {
            trusted.push(Arc::new(result));
        }
    }
    trusted
}

fn of_one_receiver(a: &str, b: &str) -> bool {
    let root = |id: &str| Domain::parse(id).and_then(|domain| domain.registrable_domain.clone());
    a == b || root(a).is_some() && root(a) == root(b)
}

fn is(field: &Header, name: &str) -> bool {
    field.name.eq_ignore_ascii_case(name)
}

fn zone(message: &Message) -> Zone {
    let received = || message.headers().iter().enumerate().filter(|(_, field)| is(field, "received"));
    let counted = received().nth(message.settings().trusted_hops).map(|(position, _)| position);
    let own = counted.unwrap_or(0);
    let mut zone = Zone { own, border: own, received: counted };
    let mut chain = received().take(MOST_HOPS);
    while let Some((position, field)) = chain.next() {
        let hop = Received::parse(&field.value);
        if !is_ours(&hop, message) {
            break;
        }
        zone.own = zone.own.max(position);
        if !is_internal(&hop) {
            zone.received = Some(position);
            let next = chain.next().map_or(message.headers().len(), |(position, _)| position);
            zone.border = zone.border.max(next);
            break;
        }
    }
    zone.border = zone.border.max(zone.own);
    zone
}

/// True if the field was written by a host of a trusted id's domain.
fn is_ours(hop: &Received, message: &Message) -> bool {
    let Some(host) = hop.server.as_deref().and_then(|by| by.split_whitespace().next()) else { return false };
    let host = host.trim_matches(['[', ']']);
    if let Ok(address) = host.parse::<IpAddr>() {
        return is_private(address);
    }
    let Some(host) = Domain::parse(host) else { return false };
    message.settings().trusted_authserv_ids.iter().any(|id| belongs(&host, id))
}

fn belongs(host: &Domain, id: &str) -> bool {
    let root = host.registrable_domain.as_deref();
    if id.eq_ignore_ascii_case(MICROSOFT) {
        return matches!(root, Some("outlook.com" | "office365.com" | "office365.us" | "outlook.cn"));
    }
    let Some(id) = Domain::parse(id) else { return false };
    host.domain == id.domain || root.is_some() && root == id.registrable_domain.as_deref()
}

/// True if the peer was one of our own machines. Its name proves nothing, its address does.
fn is_internal(hop: &Received) -> bool {
    let Some(source) = hop.source.as_deref() else { return true };
    let mut peers = peers(source).peekable();
    peers.peek().is_some() && peers.all(is_private)
}

/// The addresses in a `from` clause. One that a stranger put into his name is among them: then all
/// must be private, the real one too.
fn peers(source: &str) -> impl Iterator<Item = IpAddr> {
    let words = source.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | ':')));
    words.filter_map(|word| word.trim_start_matches("IPv6:").parse().ok())
}

/// Addresses that no stranger connects from: private, link-local, loopback, 6to4 of a private
/// address (Google's relays), and those of Exchange Online's servers among themselves.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => {
            let [first, second, third, ..] = v6.segments();
            let [a, b] = second.to_be_bytes();
            let [c, d] = third.to_be_bytes();
            let sixtofour = first == 0x2002 && is_private(IpAddr::from([a, b, c, d]));
            let exchange = first == 0x2603 && matches!(second, 0x1086 | 0x1096 | 0x10a6 | 0x10b6 | 0x10c6 | 0x10d6);
            let mapped = v6.to_ipv4_mapped().is_some_and(|v4| is_private(v4.into()));
            let local = v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local();
            local || sixtofour || exchange || mapped
        }
    }
}
