//! Rewritten URLs: what mail gateways and redirectors wrap around the URL that is meant.
//!
//! Forms are those that the services write: query parameters in plain or percent encoding,
//! Proofpoint's three generations (v1 to v3), Base64 (Sophos, Bing), path segments (Cisco, AMP).

use super::url::Url;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Names of all rewriters, as rules read them.
pub const REWRITERS: &[&str] = &[
    "amp",
    "avanan",
    "awstrack",
    "barracuda",
    "bing_redirect",
    "checkpoint",
    "cisco",
    "dereferrer",
    "duckduckgo_redirect",
    "edgepilot",
    "facebook_redirect",
    "fireeye",
    "google_redirect",
    "google_translate",
    "libraesva",
    "linkedin_redirect",
    "menlo",
    "microsoft_safelinks",
    "mimecast",
    "postoffice",
    "proofpoint_isolation",
    "proofpoint_v1",
    "proofpoint_v2",
    "proofpoint_v3",
    "reddit_redirect",
    "slack_redirect",
    "sophos",
    "steam_redirect",
    "symantec",
    "titanhq",
    "trendmicro",
    "trustwave",
    "vk_redirect",
    "yahoo_redirect",
    "youtube_redirect",
];

/// Rewriters that keep the URL in a query parameter: hosts (and what lies below them), the
/// beginning of the path, the parameter, the name.
const PARAMETERS: &[(&str, &str, &str, &str)] = &[
    ("safelinks.protection.outlook.com", "/", "url", "microsoft_safelinks"),
    ("safelinks.o365.us", "/", "url", "microsoft_safelinks"),
    ("statics.teams.cdn.office.net", "/evergreen-assets/safelinks/", "url", "microsoft_safelinks"),
    ("outlook.office.com", "/mail/safelink.html", "url", "microsoft_safelinks"),
    ("outlook.office365.com", "/mail/safelink.html", "url", "microsoft_safelinks"),
    ("urldefense.proofpoint.com", "/v1/url", "u", "proofpoint_v1"),
    ("linkprotect.cudasvc.com", "/url", "a", "barracuda"),
    ("clicktime.symantec.com", "/", "u", "symantec"),
    ("clicktime.cloud.postoffice.net", "/", "U", "postoffice"),
    ("trendmicro.com", "/wis/clicktime/", "url", "trendmicro"),
    ("fireeye.com", "/v1/url", "u", "fireeye"),
    ("fireeye.com", "/url", "u", "fireeye"),
    ("protect.checkpoint.com", "/v1/url", "o", "checkpoint"),
    ("checkpoint.url-protection.com", "/v1/", "o", "checkpoint"),
    ("avanan.url-protection.com", "/v1/", "o", "avanan"),
    ("linklock.titanhq.com", "/analyse", "url", "titanhq"),
    ("urlisolation.com", "/browser", "url", "proofpoint_isolation"),
    ("link.edgepilot.com", "/s/", "u", "edgepilot"),
    ("urlsand.esvalabs.com", "/", "u", "libraesva"),
    ("scanmail.trustwave.com", "/", "u", "trustwave"),
    ("google", "/url", "q", "google_redirect"),
    ("google", "/url", "url", "google_redirect"),
    ("google", "/aclk", "adurl", "google_redirect"),
    ("google", "/travel/clk", "pcurl", "google_redirect"),
    ("googleadservices.com", "/pagead/aclk", "adurl", "google_redirect"),
    ("translate.google.com", "/translate", "u", "google_translate"),
    ("googleweblight.com", "/", "lite_url", "google_redirect"),
    ("doubleclick.net", "/", "adurl", "google_redirect"),
    ("youtube.com", "/redirect", "q", "youtube_redirect"),
    ("facebook.com", "/l.php", "u", "facebook_redirect"),
    ("facebook.com", "/flx/warn/", "u", "facebook_redirect"),
    ("l.messenger.com", "/", "u", "facebook_redirect"),
    ("l.instagram.com", "/", "u", "facebook_redirect"),
    ("l.wl.co", "/", "u", "facebook_redirect"),
    ("linkedin.com", "/redir/", "url", "linkedin_redirect"),
    ("linkedin.com", "/safety/go", "url", "linkedin_redirect"),
    ("linkedin.com", "/authwall", "sessionRedirect", "linkedin_redirect"),
    ("duckduckgo.com", "/l/", "uddg", "duckduckgo_redirect"),
    ("out.reddit.com", "/", "url", "reddit_redirect"),
    ("click.redditmail.com", "/", "url", "reddit_redirect"),
    ("slack-redir.net", "/link", "url", "slack_redirect"),
    ("steamcommunity.com", "/linkfilter/", "u", "steam_redirect"),
    ("steamcommunity.com", "/linkfilter/", "url", "steam_redirect"),
    ("vk.com", "/away.php", "to", "vk_redirect"),
    ("deref-gmx.net", "/", "redirectUrl", "dereferrer"),
    ("deref-web.de", "/", "redirectUrl", "dereferrer"),
    ("deref-mail.com", "/", "redirectUrl", "dereferrer"),
    ("nullrefer.com", "/", "url", "dereferrer"),
    ("href.li", "/", "", "dereferrer"),
];

/// The URL inside a rewritten one, with the name of the rewriter.
pub(super) fn inner(url: &Url) -> Option<(&'static str, String)> {
    let host = &*url.domain.as_ref()?.domain;
    let path = url.path.as_deref().unwrap_or("/");
    by_parameter(url, host, path).or_else(|| by_form(url, host, path))
}

/// True if the host is the known one or lies below it; `google` is Google under any suffix.
fn is_at(url: &Url, host: &str, known: &str) -> bool {
    if known == "google" {
        return url.domain.as_ref().and_then(|domain| domain.sld.as_deref()) == Some("google")
            && ["www.", "google.", "cse.", "images.", "maps."].iter().any(|head| host.starts_with(head));
    }
    host == known || host.strip_suffix(known).is_some_and(|before| before.ends_with('.'))
}

fn by_parameter(url: &Url, host: &str, path: &str) -> Option<(&'static str, String)> {
    let fitting = PARAMETERS.iter().filter(|(known, prefix, ..)| path.starts_with(prefix) && is_at(url, host, known));
    fitting.into_iter().find_map(|(_, _, parameter, name)| {
        let value = if parameter.is_empty() { url.query_params.as_deref() } else { of(url, parameter) };
        Some((*name, target(value?)?))
    })
}

/// The first value of a query parameter.
fn of<'u>(url: &'u Url, parameter: &str) -> Option<&'u str> {
    url.query_params_decoded.get(parameter)?.first().map(String::as_str)
}

/// A text that may be a URL: once more decoded if it is still in percent encoding.
fn target(text: &str) -> Option<String> {
    let text = text.trim();
    // Google's redirector takes what AMP writes.
    if let Some(rest) = text.strip_prefix("amp/s/") {
        return target(&format!("https://{rest}"));
    }
    let head = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    let decoded = if head.contains("%3a") { percent_decoded(text) } else { text.to_owned() };
    let scheme = decoded.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let known = matches!(scheme.as_deref(), Some("http" | "https" | "ftp" | "mailto" | "tel"));
    let host = || decoded.contains('.') && !decoded.starts_with('/') && !decoded.contains(char::is_whitespace);
    (known || host()).then_some(decoded)
}

pub(super) fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let hex = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, hex(bytes.get(at + 1)), hex(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn base64(text: &str) -> Option<String> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let plain: String = text
        .chars()
        .map(|c| {
            if c == '+' {
                '-'
            } else if c == '/' {
                '_'
            } else {
                c
            }
        })
        .collect();
    let bytes = GeneralPurpose::new(&alphabet::URL_SAFE, config).decode(plain.trim_end_matches('=')).ok()?;
    String::from_utf8(bytes).ok()
}

fn by_form(url: &Url, host: &str, path: &str) -> Option<(&'static str, String)> {
    let root = |known: &str| is_at(url, host, known);
    if root("urldefense.proofpoint.com") && path.starts_with("/v2/url") {
        let encoded = of(url, "u")?.replace('-', "%").replace('_', "/");
        return Some(("proofpoint_v2", target(&percent_decoded(&encoded))?));
    }
    if (root("urldefense.com") || root("urldefense.us") || root("urldefense.proofpoint.com"))
        && path.starts_with("/v3/")
    {
        return Some(("proofpoint_v3", target(&proofpoint_v3(&url.url)?)?));
    }
    if root("mimecast.com") || root("mimecastprotect.com") {
        // The URL itself is a secret of the gateway's; its host is written beside it.
        let host = path.starts_with("/s/").then(|| of(url, "domain")).flatten()?;
        return Some(("mimecast", format!("https://{host}/")));
    }
    if root("secure-web.cisco.com") {
        return Some(("cisco", target(&percent_decoded(path.rsplit('/').next()?))?));
    }
    if root("protection.sophos.com") {
        return Some(("sophos", target(&base64(of(url, "u")?)?)?));
    }
    if root("bing.com") && path.starts_with("/ck/a") {
        return Some(("bing_redirect", target(&base64(of(url, "u")?.strip_prefix("a1")?)?)?));
    }
    if root("r.search.yahoo.com") {
        let encoded = path.split_once("/RU=")?.1.split("/RK=").next()?;
        return Some(("yahoo_redirect", target(&percent_decoded(encoded))?));
    }
    if root("awstrack.me") {
        let encoded = path.strip_prefix("/L0/")?.split('/').next()?;
        return Some(("awstrack", target(&percent_decoded(encoded))?));
    }
    for (known, name) in
        [("avanan.click", "avanan"), ("avanan.net", "avanan"), ("protect.checkpoint.com", "checkpoint")]
    {
        if root(known) {
            let rest = url.url.split_once("/___")?.1;
            let inner = rest.split_once("___").map_or(rest, |(inner, _)| inner);
            return Some((name, target(&with_slashes(inner))?));
        }
    }
    if root("menlosecurity.com") {
        return Some(("menlo", target(&with_slashes(&url.url[url.url.find("/http")? + 1..]))?));
    }
    if let Some(name) = host.strip_suffix(".translate.goog") {
        return Some(("google_translate", translated(url, name, path)));
    }
    amp(url, host, path)
}

/// `google.com/amp/s/example.com/x`, `example-com.cdn.ampproject.org/c/s/example.com/x`
fn amp(url: &Url, host: &str, path: &str) -> Option<(&'static str, String)> {
    let cache = is_at(url, host, "cdn.ampproject.org");
    let rest = if cache {
        ["/c/", "/v/", "/wp/"].iter().find_map(|prefix| path.strip_prefix(prefix))?
    } else if is_at(url, host, "google") {
        path.strip_prefix("/amp/")?
    } else {
        return None;
    };
    let (scheme, rest) = rest.strip_prefix("s/").map_or(("http", rest), |rest| ("https", rest));
    let query = url.query_params.as_deref().map(|query| format!("?{query}")).unwrap_or_default();
    rest.split('/').next()?.contains('.').then(|| ("amp", format!("{scheme}://{rest}{query}")))
}

/// `https://urldefense.com/v3/__https://example.com/*x__;Iw!!...$`: each `*` stands for the next
/// character of the Base64 text, `**` and a letter for as many as the letter says.
fn proofpoint_v3(url: &str) -> Option<String> {
    const RUNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let rest = url.split_once("/v3/__")?.1;
    let (body, rest) = rest.rsplit_once("__;")?;
    let encoded = rest.split("!!").next()?;
    let characters = base64(encoded).unwrap_or_default();
    let mut characters = characters.chars();
    let mut out = String::with_capacity(body.len());
    let mut rest = body.chars();
    while let Some(c) = rest.next() {
        if c != '*' {
            out.push(c);
            continue;
        }
        let mut ahead = rest.clone();
        let run = ahead.next().filter(|next| *next == '*').and_then(|_| ahead.next());
        let length = run.and_then(|letter| RUNS.iter().position(|known| char::from(*known) == letter));
        match length {
            Some(length) => {
                rest = ahead;
                out.extend(characters.by_ref().take(length + 2));
            }
            None => out.extend(characters.next()),
        }
    }
    Some(with_slashes(&out))
}

/// A URL out of a path, where servers make one slash of two.
fn with_slashes(url: &str) -> String {
    if url.contains("://") { url.to_owned() } else { url.replacen(":/", "://", 1) }
}

/// `https://www-example--site-com.translate.goog/x`: a dot is written `-`, a hyphen `--`.
fn translated(url: &Url, name: &str, path: &str) -> String {
    let host = name.split("--").map(|part| part.replace('-', ".")).collect::<Vec<_>>().join("-");
    let own = |pair: &&str| !pair.starts_with("_x_tr_");
    let query = url.query_params.iter().flat_map(|query| query.split('&')).filter(own).collect::<Vec<_>>().join("&");
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{}://{host}{path}{mark}{query}", url.scheme)
}
