//! URLs inside a URL: where an open redirect leads.

use super::decode::base64;
use super::rewrite::percent_decoded;
use super::url::Url;
use std::collections::VecDeque;
use std::sync::Arc;

/// Most URLs inside one URL that are listed.
const MAX_NESTED: usize = 20;
/// Most that are looked at: a URL may repeat another.
const MAX_CANDIDATES: usize = 200;
/// How often a text is encoded once more than it should be.
const MAX_ENCODINGS: usize = 3;

/// URLs in the path, query or fragment, and those inside them in turn, outermost first and each
/// once. True if there were more than are listed.
pub(super) fn nested(url: &Url) -> (Vec<Arc<Url>>, bool) {
    let mut found: Vec<Arc<Url>> = Vec::new();
    let mut waiting: VecDeque<Arc<Url>> = inside(url).collect();
    let mut seen = waiting.len();
    while let Some(next) = waiting.pop_front() {
        if *next.url == *url.url || found.iter().any(|known| known.url == next.url) {
            continue;
        }
        if found.len() == MAX_NESTED || seen > MAX_CANDIDATES {
            return (found, true);
        }
        let before = waiting.len();
        waiting.extend(inside(&next));
        seen += waiting.len() - before;
        found.push(next);
    }
    (found, false)
}

/// One level, in the order query, fragment, path.
fn inside(url: &Url) -> impl Iterator<Item = Arc<Url>> {
    let values = || url.query_params_decoded.values().flatten().map(String::as_str);
    let decoded = values().filter_map(in_base64);
    let values = values().filter_map(absolute);
    // `?https://example.com/`: a query without a name.
    let whole = url.query_params.as_deref().and_then(absolute).into_iter();
    let fragment = url.fragment.as_deref().and_then(absolute).into_iter();
    let all = values.chain(whole).chain(fragment).chain(in_path(url)).chain(decoded).take(MAX_CANDIDATES + 1);
    all.filter_map(|text: String| Url::parse(&text)).collect::<Vec<_>>().into_iter()
}

/// The first URL of the path. One in plain letters takes all that follows, the query too; one in
/// percent encoding ends with its segment.
fn in_path(url: &Url) -> Option<String> {
    let path = url.path.as_deref()?;
    let rest = path.match_indices("http").map(|(at, _)| &path[at..]).find(|rest| absolute(rest).is_some())?;
    let segment = rest.split('/').next().unwrap_or(rest);
    if let Some(encoded) = absolute(segment).filter(|text| text.contains('/')) {
        return Some(encoded);
    }
    let query = url.query_params.as_deref().map(|query| format!("?{query}")).unwrap_or_default();
    absolute(&format!("{rest}{query}"))
}

/// The text as an absolute URL, if it is one: percent encoding that is left is taken off, a scheme
/// that `//` leaves to the page is added.
fn absolute(text: &str) -> Option<String> {
    let mut text = text.trim_start().to_owned();
    for _ in 0..MAX_ENCODINGS {
        let head = text.as_bytes().iter().take(12).map(u8::to_ascii_lowercase).collect::<Vec<u8>>();
        if let Some(rest) = text.strip_prefix("//") {
            return rest.split('/').next()?.contains('.').then(|| format!("http:{text}"));
        }
        let rest = head.strip_prefix(b"http").or_else(|| head.strip_prefix(b"hxxp"));
        let rest = rest.map(|rest| rest.strip_prefix(b"s").unwrap_or(rest)).or_else(|| head.strip_prefix(b"ftp"))?;
        match rest {
            [b':', b'/' | b'\\', ..] => return Some(text),
            [b':', b'%', ..] | [b'%', ..] => text = percent_decoded(&text),
            _ => return None,
        }
    }
    None
}

/// A URL in Base64, of either alphabet.
fn in_base64(value: &str) -> Option<String> {
    // `http` begins with these letters in Base64. A space was a plus sign.
    let usual = || value.replace([' ', '-'], "+").replace('_', "/").into_bytes();
    let bytes = value.starts_with("aHR0c").then(|| base64(&usual()).bytes)?;
    String::from_utf8(bytes).ok().as_deref().and_then(absolute)
}
