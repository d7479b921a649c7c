//! Host names taken apart by the public suffix list.

use std::sync::Arc;

/// A host name. `root_domain` ignores the private section of the public suffix list, as MQL does;
/// `registrable_domain` includes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// The whole name in lower case, A-labels.
    pub domain: Arc<str>,
    /// Name registered below the ICANN suffix: `github.io` of `x.github.io`; of a name below no
    /// known suffix its last two labels.
    pub root_domain: Option<Arc<str>>,
    /// Name registered below any suffix: `x.github.io` of `a.x.github.io`.
    pub registrable_domain: Option<Arc<str>>,
    /// The root domain's first label.
    pub sld: Option<Arc<str>>,
    /// What stands before the root domain.
    pub subdomain: Option<Arc<str>>,
    /// The ICANN suffix.
    pub tld: Option<Arc<str>>,
    /// True if it is a well-formed name below a suffix of the public suffix list.
    pub valid: bool,
    /// The name in A-labels, if it has any non-ASCII label.
    pub punycode: Option<Arc<str>>,
}

impl Domain {
    /// The domain of an address that has none.
    pub fn absent() -> Arc<Self> {
        Arc::new(Self {
            domain: "".into(),
            root_domain: None,
            registrable_domain: None,
            sld: None,
            subdomain: None,
            tld: None,
            valid: false,
            punycode: None,
        })
    }

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
        let found = if is_well_formed(&name) { Suffixes::of(&name) } else { None };
        let suffix = found.as_ref().map(|found| found.public);
        let root = suffix.and_then(|suffix| below(&name, suffix.len()));
        let registrable = found.as_ref().and_then(|found| below(&name, found.any.len()));
        let punycode = name.split('.').any(|label| label.starts_with("xn--"));
        Some(Arc::new(Self {
            sld: root.and_then(|root| root.split('.').next()).map(Arc::from),
            subdomain: root.and_then(|root| name.strip_suffix(root)).map(|before| before.trim_end_matches('.').into()),
            tld: suffix
                .map(Arc::from)
                .or_else(|| name.rsplit('.').next().filter(|_| name.contains('.')).map(Arc::from)),
            valid: root.is_some() && found.as_ref().is_some_and(|found| found.known),
            root_domain: root.map(Arc::from),
            registrable_domain: registrable.map(Arc::from),
            punycode: punycode.then(|| name.as_str().into()),
            domain: name.into(),
        }))
    }
}

/// Letters, digits, hyphens and underscores (which occur in real host names).
fn is_well_formed(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let last = name.rsplit('.').next().unwrap_or("");
    name.len() <= 253 && name.split('.').all(is_label) && !last.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_address(text: &str) -> bool {
    let text = text.trim_matches(['[', ']']);
    // PERF: few names end like an address.
    text.ends_with(|last: char| last.is_ascii_hexdigit() || last == ':') && text.parse::<std::net::IpAddr>().is_ok()
}

/// The suffixes of a name; by the list's default rule the last label of a name that it does not know.
struct Suffixes<'n> {
    /// With the list's private section.
    any: &'n str,
    /// Without it.
    public: &'n str,
    /// On the list, or one of the names that RFC 2606 reserves for examples and tests: documentation
    /// and fixtures behave like real mail.
    known: bool,
}

impl<'n> Suffixes<'n> {
    fn of(name: &'n str) -> Option<Self> {
        let mut any = None;
        let mut rest = name;
        loop {
            let suffix = psl::suffix(rest.as_bytes())?;
            let tail = rest.get(rest.len().checked_sub(suffix.as_bytes().len())?..)?;
            let any = *any.get_or_insert(tail);
            if suffix.typ() != Some(psl::Type::Private) {
                let known = suffix.is_known() || matches!(tail, "example" | "test");
                return Some(Self { any, public: tail, known });
            }
            rest = tail.split_once('.')?.1;
        }
    }
}

/// The suffix with one more label.
fn below(name: &str, suffix: usize) -> Option<&str> {
    let before = name.get(..name.len().checked_sub(suffix + 1)?)?;
    let start = before.rfind('.').map_or(0, |dot| dot + 1);
    name.get(start..).filter(|_| before.len() > start)
}
