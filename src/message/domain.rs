//! Host names taken apart by the public suffix list.

use std::sync::Arc;

/// A host name. `root_domain` ignores the private section of the public suffix list, as MQL does;
/// `registrable_domain` includes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// The whole name in lower case, A-labels.
    pub domain: Arc<str>,
    /// Name registered below the ICANN suffix: `github.io` of `x.github.io`.
    pub root_domain: Option<Arc<str>>,
    /// Name registered below any suffix: `x.github.io` of `a.x.github.io`.
    pub registrable_domain: Option<Arc<str>>,
    /// The root domain's first label.
    pub sld: Option<Arc<str>>,
    /// What stands before the root domain.
    pub subdomain: Option<Arc<str>>,
    /// The ICANN suffix.
    pub tld: Option<Arc<str>>,
    /// True if the suffix is on the public suffix list and a name stands before it.
    pub valid: bool,
    /// The name in A-labels, if it has any non-ASCII label.
    pub punycode: Option<Arc<str>>,
}

impl Domain {
    /// Takes a host name apart; `None` for IP addresses and empty names.
    pub fn parse(text: &str) -> Option<Arc<Self>> {
        let text = text.trim().trim_end_matches('.');
        if text.is_empty() || text.len() > 1024 || is_address(text) {
            return None;
        }
        let name = if text.is_ascii() {
            text.to_ascii_lowercase()
        } else {
            idna::domain_to_ascii(text).unwrap_or_else(|_| text.to_lowercase())
        };
        if is_address(&name) {
            return None;
        }
        let suffix = icann_suffix(&name);
        let root = suffix.and_then(|suffix| below(&name, suffix.len()));
        let registrable = psl::domain_str(&name).filter(|_| suffix.is_some());
        let punycode = name.split('.').any(|label| label.starts_with("xn--"));
        Some(Arc::new(Self {
            sld: root.and_then(|root| root.split('.').next()).map(Arc::from),
            subdomain: root.and_then(|root| name.strip_suffix(root)).map(|before| before.trim_end_matches('.').into()),
            tld: suffix
                .map(Arc::from)
                .or_else(|| name.rsplit('.').next().filter(|_| name.contains('.')).map(Arc::from)),
            valid: root.is_some() && name.bytes().all(is_host_byte),
            root_domain: root.map(Arc::from),
            registrable_domain: registrable.map(Arc::from),
            punycode: punycode.then(|| name.as_str().into()),
            domain: name.into(),
        }))
    }
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

fn is_address(text: &str) -> bool {
    text.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok()
}

/// The longest suffix in the list's ICANN section. Names deeper than 32 labels have none.
fn icann_suffix(name: &str) -> Option<&str> {
    let suffix = psl::suffix(name.as_bytes())?;
    let known = suffix.typ()?;
    let tail = name.get(name.len() - suffix.as_bytes().len()..)?;
    if known == psl::Type::Icann {
        return Some(tail);
    }
    let (_, shorter) = tail.split_once('.')?;
    icann_suffix(shorter)
}

/// The suffix with one more label.
fn below(name: &str, suffix: usize) -> Option<&str> {
    let before = name.get(..name.len().checked_sub(suffix + 1)?)?;
    let start = before.rfind('.').map_or(0, |dot| dot + 1);
    name.get(start..).filter(|_| before.len() > start)
}
