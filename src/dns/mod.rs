//! Questions to the domain name system, and answers that were recorded. Nothing here asks anyone:
//! a [`Resolver`] is given by the host.

mod record;
mod recorded;

pub use recorded::{Malformed, Recorded, Recorder};

use std::fmt;
use std::net::IpAddr;

/// What is asked for (RFC 1035 section 3.2.2, RFC 3596).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Texts: SPF, DKIM keys, DMARC policies.
    Txt,
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Mail servers.
    Mx,
    /// Names of an address.
    Ptr,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Txt, Self::A, Self::Aaaa, Self::Mx, Self::Ptr];

    /// Its name in zone files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Txt => "TXT",
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Mx => "MX",
            Self::Ptr => "PTR",
        }
    }
}

/// One record of an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Record {
    /// The strings of a TXT record, joined (RFC 7208 section 3.3).
    Txt(Vec<u8>),
    /// An address.
    Ip(IpAddr),
    /// Preference and name of a mail server.
    Mx(u16, String),
    /// A name that an address has.
    Ptr(String),
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Records of the kind that was asked for; empty if the name has none of it.
    Records(Vec<Record>),
    /// The name does not exist (RFC 8020).
    NxDomain,
    /// Nobody answered, or the answer was a failure that may pass.
    TempError,
}

/// Answers questions. `name` is in lower case and has no final dot; for [`Kind::Ptr`] it is the
/// name below `in-addr.arpa` or `ip6.arpa`.
pub trait Resolver: fmt::Debug + Send + Sync {
    /// The answer. May block, never panics.
    fn lookup(&self, name: &str, kind: Kind) -> Answer;
}

/// The name under which an address is looked up (RFC 1035 section 3.5, RFC 3596 section 2.5).
pub fn reverse(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(v6) => {
            let nibbles = v6.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
            let digits: Vec<String> = nibbles.map(|nibble| format!("{nibble:x}")).collect();
            format!("{}.ip6.arpa", digits.join("."))
        }
    }
}

/// A name as it is looked up: lower case, no final dot.
pub fn canonical(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}
