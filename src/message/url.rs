//! URLs by WHATWG rules, tolerant of what mail contains.

use super::domain::Domain;
use super::{nested, rewrite};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// A URL taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// The whole URL, normalised.
    pub url: Arc<str>,
    /// `http`, `https`, `mailto`, `data` ...
    pub scheme: Arc<str>,
    /// Before `@`.
    pub username: Option<Arc<str>>,
    /// Before `@`, after `:`.
    pub password: Option<Arc<str>>,
    /// The host, if it is a name.
    pub domain: Option<Arc<Domain>>,
    /// The host, if it is an address.
    pub ip: Option<IpAddr>,
    /// How the address was written other than as four decimal numbers: `hexadecimal`, `octal`,
    /// `short` (fewer than four numbers), `escaped` (percent or other digits than ASCII ones).
    pub ip_encoders: Vec<&'static str>,
    /// Port, if one is written that is not the scheme's own.
    pub port: Option<u16>,
    /// Path as written.
    pub path: Option<Arc<str>>,
    /// Query as written, without `?`.
    pub query_params: Option<Arc<str>>,
    /// Query decoded: each name with all its values.
    pub query_params_decoded: BTreeMap<String, Vec<String>>,
    /// After `#`.
    pub fragment: Option<Arc<str>>,
    /// The rewriters around the URL as it was written, outermost first: of [`REWRITERS`](super::REWRITERS).
    pub encoders: Vec<&'static str>,
    /// The URL as it was written, if rewriters were taken off.
    pub original: Option<Arc<str>>,
}

/// Longest URL that is taken apart, in bytes; a longer one keeps only text and scheme.
const MAX_URL: usize = 64 << 10;
/// Most query parameters that are decoded.
const MAX_PARAMS: usize = 1_000;
/// Most rewriters around one URL.
const MAX_REWRITERS: usize = 8;

impl Url {
    /// Reads a URL; `None` for relative references and text that is none. Defanged forms
    /// (`hxxp`, `[.]`) are read as meant, and a missing scheme as `http`. A URL that gateways or
    /// redirectors have rewritten is read as the one that it leads to.
    pub fn parse(text: &str) -> Option<Arc<Self>> {
        let mut url = Self::written(text)?;
        let original = Arc::clone(&url.url);
        let mut encoders = Vec::new();
        while encoders.len() < MAX_REWRITERS {
            let Some((name, inner)) = rewrite::inner(&url) else { break };
            let Some(next) = Self::written(&inner) else { break };
            encoders.push(name);
            url = next;
        }
        if encoders.is_empty() {
            return Some(url);
        }
        Some(Arc::new(Self { encoders, original: Some(original), ..(*url).clone() }))
    }

    /// URLs inside this one, in its path, query or fragment, and those inside them: where an open
    /// redirect leads. At most 20; true if there were more.
    pub fn nested(&self) -> (Vec<Arc<Self>>, bool) {
        nested::nested(self)
    }

    fn written(text: &str) -> Option<Arc<Self>> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
        if text.is_empty() || text.len() > MAX_URL {
            return None;
        }
        let refanged = refang(text);
        match ::url::Url::parse(&refanged) {
            Ok(parsed) if is_plausible_scheme(&parsed, &refanged) => Some(Arc::new(Self::of(&parsed, &refanged))),
            _ => Self::without_scheme(&refanged),
        }
    }

    /// Like [`Url::parse`], but only what is a URL as it stands.
    pub fn parse_strict(text: &str) -> Option<Arc<Self>> {
        let parsed = ::url::Url::parse(text).ok().filter(::url::Url::has_host)?;
        Some(Arc::new(Self::of(&parsed, text)))
    }

    fn without_scheme(text: &str) -> Option<Arc<Self>> {
        let rest = text.strip_prefix("//").unwrap_or(text);
        let host = rest.split(['/', '?', '#', ':']).next()?;
        let domain = Domain::parse(host.rsplit('@').next()?);
        let known = domain.is_some_and(|domain| domain.valid) || host.parse::<IpAddr>().is_ok();
        if !known || text.starts_with(['/', '#', '?']) && !text.starts_with("//") {
            return None;
        }
        let parsed = ::url::Url::parse(&format!("http://{rest}")).ok()?;
        Some(Arc::new(Self::of(&parsed, rest)))
    }

    fn of(parsed: &::url::Url, written: &str) -> Self {
        let text = |text: &str| (!text.is_empty()).then(|| Arc::from(text));
        let (domain, ip) = match parsed.host() {
            Some(::url::Host::Domain(name)) => (Domain::parse(name), None),
            Some(::url::Host::Ipv4(ip)) => (None, Some(IpAddr::V4(ip))),
            Some(::url::Host::Ipv6(ip)) => (None, Some(IpAddr::V6(ip))),
            None => (None, None),
        };
        let mut decoded: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in parsed.query_pairs().take(MAX_PARAMS) {
            decoded.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        Self {
            url: parsed.as_str().into(),
            scheme: parsed.scheme().into(),
            username: text(parsed.username()),
            password: parsed.password().and_then(text),
            domain,
            ip_encoders: if matches!(ip, Some(IpAddr::V4(_))) { encoders(host_of(written)) } else { Vec::new() },
            ip,
            port: parsed.port(),
            path: text(parsed.path()),
            query_params: parsed.query().and_then(text),
            query_params_decoded: decoded,
            fragment: parsed.fragment().and_then(text),
            encoders: Vec::new(),
            original: None,
        }
    }
}

/// The host of a URL as written.
fn host_of(written: &str) -> &str {
    let rest = written.split_once("://").map_or(written, |(_, rest)| rest);
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or("");
    let host = authority.rsplit('@').next().unwrap_or("");
    host.split(':').next().unwrap_or("")
}

/// What browsers accept as an IPv4 address beside four decimal numbers.
fn encoders(host: &str) -> Vec<&'static str> {
    let parts: Vec<&str> = host.trim_end_matches('.').split('.').collect();
    let is_octal = |part: &&str| part.len() > 1 && part.starts_with('0') && !part.starts_with("0x");
    let kinds = [
        ("hexadecimal", parts.iter().any(|part| part.starts_with("0x") || part.starts_with("0X"))),
        ("octal", parts.iter().any(|part| is_octal(part) && !part.starts_with("0X"))),
        ("short", parts.len() < 4),
        ("escaped", !host.is_ascii() || host.contains('%')),
    ];
    kinds.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| name).collect()
}

/// `localhost:80` parses as scheme `localhost`: only schemes without host that mail uses count.
fn is_plausible_scheme(parsed: &::url::Url, text: &str) -> bool {
    parsed.has_host()
        || matches!(parsed.scheme(), "mailto" | "tel" | "data" | "javascript" | "sms" | "cid" | "about" | "blob")
        || text[parsed.scheme().len()..].starts_with("://")
}

/// `hxxps://evil[.]example` as it is meant.
fn refang(text: &str) -> String {
    const DEFANGED: [(&str, &str); 5] = [("[.]", "."), ("(.)", "."), ("{.}", "."), ("[dot]", "."), ("[:]", ":")];
    let head = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    let text = if head.starts_with("hxxp") { format!("http{}", &text[4..]) } else { text.to_owned() };
    if text.contains(['[', '(', '{']) {
        return DEFANGED.iter().fold(text, |text, (written, meant)| text.replace(written, meant));
    }
    text
}
