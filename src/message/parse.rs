//! From bytes to headers and parts, and the one place that names `mail_parser`, of which charsets
//! and dates are used. Why not its MIME tree: damaged base64, a boundary that never appears or a
//! hostile header make it lose a text that mail programs show.

use super::anomaly::Anomaly;
use super::bodies::{self, Bodies};
use super::header::{self, Header};
use super::part::Part;
use super::settings::Limits;
use super::structure;
pub(super) use mail_parser::DateTime;
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A message taken apart.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) headers: Vec<Header>,
    pub(super) parts: Vec<Part>,
    pub(super) bodies: Bodies,
    pub(super) anomalies: Vec<Anomaly>,
    pub(super) limits_hit: Vec<String>,
}

/// How what is ambiguous is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Policy {
    /// Of a field of a part that occurs twice the last counts, not the first.
    pub(super) last_field: bool,
    /// A carriage return alone ends a line.
    pub(super) bare_cr: bool,
}

/// Parses a message. Always gives something, whatever the bytes are.
pub(super) fn parse(raw: &Arc<[u8]>, limits: &Limits, policy: Policy) -> Parsed {
    let mut parsed = Parsed::default();
    let start = leading_junk(raw, &mut parsed.anomalies);
    let end = bounded(raw, start, &mut parsed, limits);
    byte_facts(raw, &mut parsed.anomalies);
    let bytes = with_line_feeds(&raw[..end], policy.bare_cr);
    let body = header::message_section(&bytes, start, limits, &mut parsed);
    if parsed.headers.is_empty() && !raw.is_empty() {
        parsed.anomalies.push(Anomaly::new("no-headers", "the message has no header field", None));
    }
    structure::parse(&bytes, raw, start..body, limits, policy, &mut parsed);
    parsed.bodies = bodies::choose(&mut parsed.parts, &mut parsed.anomalies);
    parsed
}

/// A byte-order mark, blank lines or a mailbox separator before the headers would hide them all.
fn leading_junk(raw: &[u8], anomalies: &mut Vec<Anomaly>) -> usize {
    let mark = if raw.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let mut start = mark + raw[mark..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    if start > 0 {
        anomalies.push(Anomaly::new("leading-junk", "bytes before the first header", Some(0..start)));
    }
    let separator = raw[start..].starts_with(b"From ") || raw[start..].starts_with(b">From ");
    if separator && let Some(line) = memchr::memchr2(b'\n', b'\r', &raw[start..]) {
        let skipped = start + line;
        start = skipped + raw[skipped..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count().min(2);
        let detail = "a separator line of a mailbox file before the first header";
        anomalies.push(Anomaly::new("mailbox-separator", detail, Some(skipped - line..start)));
    }
    start
}

fn bounded(raw: &[u8], start: usize, parsed: &mut Parsed, limits: &Limits) -> usize {
    if raw.len() - start <= limits.message_bytes {
        return raw.len();
    }
    let end = start + limits.message_bytes;
    parsed.limits_hit.push(format!("message_bytes: {} of {} bytes read", limits.message_bytes, raw.len()));
    parsed.anomalies.push(Anomaly::new("too-large", "more bytes than are looked at", Some(end..raw.len())));
    end
}

/// A message of which all lines end in carriage returns, or where each of them is to end a line;
/// offsets stay.
fn with_line_feeds(bytes: &[u8], bare_cr: bool) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\r', bytes).is_none() || !bare_cr && memchr::memchr(b'\n', bytes).is_some() {
        return Cow::Borrowed(bytes);
    }
    let ends = |at: usize| bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
    Cow::Owned((0..bytes.len()).map(|at| if ends(at) { b'\n' } else { bytes[at] }).collect())
}

fn byte_facts(raw: &[u8], anomalies: &mut Vec<Anomaly>) {
    if raw.is_empty() {
        anomalies.push(Anomaly::new("empty-message", "the message has no bytes", None));
    }
    if let Some(at) = memchr::memchr(0, raw) {
        anomalies.push(Anomaly::new("nul-bytes", "the message holds NUL bytes", Some(at..at + 1)));
    }
    let bare_cr = memchr::memchr_iter(b'\r', raw).find(|at| raw.get(at + 1) != Some(&b'\n'));
    if let Some(at) = bare_cr {
        anomalies.push(Anomaly::new("bare-cr", "a carriage return without line feed", Some(at..at + 1)));
    }
}

/// Turns bytes into text.
pub(super) type Decoder = fn(&[u8]) -> String;

/// A decoder for what browsers no longer read but mail still holds (UTF-7, IBM code pages).
pub(super) fn rare_decoder(label: &str) -> Option<Decoder> {
    let label = label.trim();
    let known = !label.is_empty() && label.len() <= 40 && label.is_ascii();
    known.then(|| mail_parser::decoders::charsets::map::charset_decoder(label.as_bytes())).flatten()
}

/// An RFC 5322 date as seconds since 1970.
pub(super) fn date_seconds(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.len() > 200 || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let date = catch_unwind(AssertUnwindSafe(|| DateTime::parse_rfc822(text))).ok().flatten()?;
    date.is_valid().then(|| date.to_timestamp())
}
