//! A resolver of ours in the form in which `mail_auth` asks: as caches that never miss, so that it
//! never asks anyone itself. Records are read here, with the checks that it leaves out.

use crate::dns::{Answer, Kind, Record, Resolver, canonical, reverse};
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::dmarc::Dmarc;
use mail_auth::hickory_resolver::proto::op::ResponseCode;
use mail_auth::spf::{Macro, Mechanism, Spf};
use mail_auth::{DnsError, DnssecStatus, Error, MX, RecordSet, ResolverCache, Txt};
use std::borrow::Borrow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Most questions that one message may cause.
const MOST_QUESTIONS: u32 = 200;
/// Questions without an answer after which no more are asked: each may take seconds.
const MOST_FAILURES: u32 = 3;
/// Terms of an SPF record whose lookup may find nothing (RFC 7208 section 4.6.4).
const MOST_VOID: u32 = 2;
/// Names of an address that are looked at (RFC 7208 section 5.5).
const MOST_NAMES: usize = 10;
/// RSA keys of fewer bits prove nothing (RFC 8301 section 3.2).
const FEWEST_BITS: usize = 1024;
/// Stands behind names that `exists` asks for: see [`Zone::existing`].
const EXISTS: &str = "exists.invalid";

/// The answers to one message's questions.
pub(super) struct Zone<'r> {
    resolver: &'r dyn Resolver,
    client: Option<IpAddr>,
    asked: Cell<u32>,
    failed: Cell<u32>,
    /// Address lookups that failed: `mail_auth` cannot be told so.
    pub(super) addresses_failed: Cell<bool>,
    /// Terms of SPF records whose lookup found nothing.
    void: Cell<u32>,
    /// Names that MX and PTR records gave: no terms of their own.
    hosts: RefCell<BTreeSet<String>>,
}

impl<'r> Zone<'r> {
    pub(super) fn new(resolver: &'r dyn Resolver, client: Option<IpAddr>) -> Self {
        Self {
            resolver,
            client,
            asked: Cell::new(0),
            failed: Cell::new(0),
            addresses_failed: Cell::new(false),
            void: Cell::new(0),
            hosts: RefCell::default(),
        }
    }

    /// True if more terms of SPF records found nothing than may.
    pub(super) fn is_mostly_void(&self) -> bool {
        self.void.get() > MOST_VOID
    }

    /// True if a name is known not to exist (RFC 8020).
    pub(super) fn is_missing(&self, name: &str) -> bool {
        self.ask(name, Kind::A) == Answer::NxDomain
    }

    /// True if a name has a DMARC record of its own.
    pub(super) fn has_policy(&self, name: &str) -> bool {
        matches!(self.txt(&format!("_dmarc.{name}")), Txt::Dmarc(_))
    }

    fn ask(&self, name: &str, kind: Kind) -> Answer {
        self.asked.set(self.asked.get() + 1);
        if self.asked.get() > MOST_QUESTIONS || self.failed.get() >= MOST_FAILURES {
            return Answer::TempError;
        }
        let answer = self.resolver.lookup(name, kind);
        self.failed.set(self.failed.get() + u32::from(answer == Answer::TempError));
        answer
    }

    /// Records that name hosts. A failure is noted, as here it looks like no record.
    fn records(&self, name: &str, kind: Kind) -> Vec<Record> {
        match self.ask(name, kind) {
            Answer::Records(records) if !records.is_empty() => {
                self.hosts.borrow_mut().extend(records.iter().filter_map(host));
                records
            }
            Answer::Records(_) | Answer::NxDomain => {
                self.void.set(self.void.get() + u32::from(!self.hosts.borrow().contains(name)));
                Vec::new()
            }
            Answer::TempError => {
                // A failure for PTR is no error of the check (RFC 7208 section 5.5).
                self.addresses_failed.set(self.addresses_failed.get() || kind != Kind::Ptr);
                Vec::new()
            }
        }
    }

    fn addresses(&self, name: &str, kind: Kind) -> Vec<IpAddr> {
        match name.strip_suffix(EXISTS).and_then(|name| name.strip_suffix('.')) {
            Some(name) => self.existing(name, kind),
            None => self.records(name, kind).into_iter().filter_map(ip).collect(),
        }
    }

    /// `exists` holds if there is an A record, whatever the client's address (RFC 7208 section 5.7).
    /// `mail_auth` takes any entry of a cache for one, an empty one too: so `exists` was turned into
    /// `a` with a mask that fits all addresses, and gets one of the wanted kind here.
    fn existing(&self, name: &str, kind: Kind) -> Vec<IpAddr> {
        let exists = !self.records(name, Kind::A).is_empty();
        let any = if kind == Kind::A { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        exists.then_some(any).into_iter().collect()
    }

    /// The client's names that have its address. The library would believe the first one as it is
    /// in the macro `p`, which whoever owns the address may choose (RFC 7208 section 7.3).
    fn names(&self) -> Vec<Record> {
        let Some(client) = self.client.map(|ip| ip.to_canonical()) else { return Vec::new() };
        let kind = if client.is_ipv4() { Kind::A } else { Kind::Aaaa };
        let mut names = self.records(&reverse(client), Kind::Ptr);
        names.truncate(MOST_NAMES);
        names.retain(|name| host(name).is_some_and(|name| self.addresses(&name, kind).contains(&client)));
        names
    }

    fn txt(&self, name: &str) -> Txt {
        let records = match self.ask(name, Kind::Txt) {
            Answer::TempError => return Txt::Error(Error::Dns(DnsError::Resolver("no answer".into()))),
            Answer::NxDomain => return Txt::Error(Error::Dns(DnsError::RecordNotFound(ResponseCode::NXDomain))),
            Answer::Records(records) => records,
        };
        let texts: Vec<Vec<u8>> = records.into_iter().filter_map(text).collect();
        let none = || Error::Dns(DnsError::RecordNotFound(ResponseCode::NoError));
        let found = if name.starts_with("_dmarc.") {
            only(&texts, b"v=DMARC1", none).and_then(|text| Ok(Txt::Dmarc(Arc::new(Dmarc::parse(text)?))))
        } else if name.contains("._domainkey.") {
            key(&texts, none).map(|key| Txt::DomainKey(Arc::new(key)))
        } else {
            // Of two SPF records none is meant (RFC 7208 section 4.5).
            let several = texts.iter().filter(|text| begins(text, b"v=spf1")).count() > 1;
            only(&texts, b"v=spf1", || if several { Error::ParseError } else { none() }).and_then(spf)
        };
        found.unwrap_or_else(Txt::Error)
    }
}

fn ip(record: Record) -> Option<IpAddr> {
    if let Record::Ip(ip) = record { Some(ip) } else { None }
}

fn text(record: Record) -> Option<Vec<u8>> {
    if let Record::Txt(text) = record { Some(text) } else { None }
}

/// The name that a record gives for a host.
fn host(record: &Record) -> Option<String> {
    match record {
        Record::Mx(_, host) | Record::Ptr(host) => Some(host.clone()),
        Record::Txt(_) | Record::Ip(_) => None,
    }
}

/// True if a record is of a version: the tag stands first and alone.
fn begins(text: &[u8], version: &[u8]) -> bool {
    let head = text.get(..version.len()).is_some_and(|head| head.eq_ignore_ascii_case(version));
    head && text.get(version.len()).is_none_or(|next| matches!(next, b' ' | b'\t' | b';'))
}

/// The only record of a version. Of several DMARC records none counts (RFC 7489 section 6.6.3).
fn only<'t>(texts: &'t [Vec<u8>], version: &[u8], none: impl Fn() -> Error) -> Result<&'t [u8], Error> {
    let mut found = texts.iter().filter(|text| begins(text, version));
    found.next().filter(|_| found.next().is_none()).map(Vec::as_slice).ok_or_else(none)
}

/// The first usable key (RFC 6376 section 3.6.1): for mail, and long enough.
fn key(texts: &[Vec<u8>], none: impl Fn() -> Error) -> Result<DomainKey, Error> {
    let mut reason = None;
    for text in texts {
        match DomainKey::parse(text) {
            Ok(_) if !is_for_mail(text) => reason = reason.or(Some(library("the key is not for mail"))),
            Ok(key) if key.p.public_key_bits() < FEWEST_BITS => {
                reason = reason.or(Some(library("the key has fewer than 1024 bits")));
            }
            Ok(key) => return Ok(key),
            Err(error) => reason = reason.or(Some(error)),
        }
    }
    Err(reason.unwrap_or_else(none))
}

fn library(reason: &str) -> Error {
    Error::Crypto(mail_auth::common::crypto::CryptoError::Library(reason.into()))
}

/// `s=` of a key record names the services that it is for, `h=` the hash algorithms.
fn is_for_mail(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let tag = |name: &str| {
        let tags = text.split(';').filter_map(|tag| tag.split_once('='));
        tags.filter(|(known, _)| known.trim() == name).map(|(_, value)| value.to_ascii_lowercase()).next()
    };
    let names = |value: &str, wanted: &[&str]| value.split(':').any(|item| wanted.contains(&item.trim()));
    tag("s").is_none_or(|value| names(&value, &["*", "email"])) && tag("h").is_none_or(|v| names(&v, &["sha256"]))
}

/// An SPF record without `exp`, which only explains, and with `exists` as an `a` of any address.
fn spf(text: &[u8]) -> Result<Txt, Error> {
    if !String::from_utf8_lossy(text).split_ascii_whitespace().all(is_sound) {
        return Err(Error::ParseError);
    }
    let mut record = Spf::parse(text)?;
    record.exp = None;
    for directive in &mut record.directives {
        if let Mechanism::Exists { macro_string } = &directive.mechanism {
            let macro_string = marked(macro_string.clone());
            directive.mechanism = Mechanism::A { macro_string, ip4_mask: 0, ip6_mask: 0 };
        }
    }
    Ok(Txt::Spf(Arc::new(record)))
}

/// False for mechanisms that do not exist and addresses that are none, which make a record invalid
/// (RFC 7208 section 4.6); the library passes over them.
fn is_sound(term: &str) -> bool {
    const MECHANISMS: [&str; 6] = ["all", "include", "a", "mx", "ptr", "exists"];
    let term = term.trim_start_matches(['+', '-', '~', '?']).to_ascii_lowercase();
    let end = term.find([':', '/', '=']).unwrap_or(term.len());
    match (&term[..end], term.get(end..=end)) {
        (_, Some("=")) => true,
        ("ip4", Some(":")) => is_network(&term[end + 1..], 32),
        ("ip6", Some(":")) => is_network(&term[end + 1..], 128),
        (name, _) => MECHANISMS.contains(&name),
    }
}

fn is_network(text: &str, most: u8) -> bool {
    let (address, length) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let fits = address.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv4() == (most == 32));
    fits && length.is_none_or(|bits| bits.parse::<u8>().is_ok_and(|bits| bits <= most))
}

fn marked(name: Macro) -> Macro {
    let mut parts = match name {
        Macro::List(parts) => parts.into_vec(),
        Macro::None => Vec::new(),
        part => vec![part],
    };
    let dotted = matches!(parts.last(), Some(Macro::Literal(text)) if text.ends_with(b"."));
    let mark = if dotted { EXISTS.to_owned() } else { format!(".{EXISTS}") };
    parts.push(Macro::Literal(mark.into_bytes().into()));
    Macro::List(parts.into())
}

/// The text of a key that is only known to be hashed like one: what it gives to a hasher.
fn spelled<Q: Hash + ?Sized>(key: &Q) -> String {
    #[derive(Default)]
    struct Capture(Vec<u8>);
    impl Hasher for Capture {
        fn write(&mut self, bytes: &[u8]) {
            self.0.extend_from_slice(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut capture = Capture::default();
    key.hash(&mut capture);
    let bytes = capture.0.strip_suffix(&[0xff]).unwrap_or(&capture.0);
    canonical(&String::from_utf8_lossy(bytes))
}

/// A cache of names. It forgets nothing, as it knows nothing: each value is asked for.
macro_rules! cache {
    ($name:ident, $key:ty, $value:ty, |$zone:ident, $asked:ident| $answer:expr) => {
        pub(super) struct $name<'z>(pub(super) &'z Zone<'z>);

        impl ResolverCache<$key, $value> for $name<'_> {
            fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<$value>
            where
                $key: Borrow<Q>,
            {
                let $zone = self.0;
                let $asked = spelled(key);
                Some($answer)
            }
            fn remove<Q: Hash + Eq + ?Sized>(&self, _: &Q) -> Option<$value>
            where
                $key: Borrow<Q>,
            {
                None
            }
            fn insert(&self, _: $key, _: $value, _: std::time::Instant) {}
        }
    };
}

fn set<T>(records: impl IntoIterator<Item = T>) -> RecordSet<T> {
    RecordSet { rrset: records.into_iter().collect(), dnssec_status: DnssecStatus::Indeterminate }
}

fn v4(ip: IpAddr) -> Option<Ipv4Addr> {
    if let IpAddr::V4(ip) = ip { Some(ip) } else { None }
}

fn v6(ip: IpAddr) -> Option<Ipv6Addr> {
    if let IpAddr::V6(ip) = ip { Some(ip) } else { None }
}

fn exchange(record: Record) -> Option<(u16, String)> {
    if let Record::Mx(preference, host) = record { Some((preference, host)) } else { None }
}

fn mail_servers(records: Vec<Record>) -> RecordSet<MX> {
    let mut servers: Vec<(u16, String)> = records.into_iter().filter_map(exchange).collect();
    servers.sort();
    set(servers.into_iter().map(|(preference, host)| MX { exchanges: [host.into()].into(), preference }))
}

fn pointers(records: Vec<Record>) -> RecordSet<Box<str>> {
    let name = |record| if let Record::Ptr(host) = record { Some(host.into()) } else { None };
    set(records.into_iter().filter_map(name))
}

cache!(Texts, Box<str>, Txt, |zone, name| zone.txt(&name));
cache!(Servers, Box<str>, RecordSet<MX>, |zone, name| mail_servers(zone.records(&name, Kind::Mx)));
cache!(V4, Box<str>, RecordSet<Ipv4Addr>, |zone, name| set(zone.addresses(&name, Kind::A).into_iter().filter_map(v4)));
cache!(V6, Box<str>, RecordSet<Ipv6Addr>, |zone, name| set(zone
    .addresses(&name, Kind::Aaaa)
    .into_iter()
    .filter_map(v6)));
// Names are only asked for of the client's address, whose hash does not spell it.
cache!(Pointers, IpAddr, RecordSet<Box<str>>, |zone, _name| pointers(zone.names()));

#[cfg(test)]
mod tests {
    #[test]
    fn the_text_of_a_key_is_what_it_gives_to_a_hasher() {
        assert_eq!(super::spelled("S1._domainkey.Example.com."), "s1._domainkey.example.com");
        assert_eq!(super::spelled(""), "");
    }
}
