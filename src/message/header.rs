//! Header fields (RFC 5322 section 2.2), unfolded and decoded, with their places.

use super::anomaly::Anomaly;
use super::parse::{Parsed, decode_text, decode_words};
use super::settings::Limits;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// One header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Name as written.
    pub name: Arc<str>,
    /// Value, unfolded, encoded words decoded.
    pub value: Arc<str>,
    /// Value, unfolded, as it was sent.
    pub raw: Arc<str>,
    /// The whole field in the message.
    pub range: Range<usize>,
}

/// Header fields that must occur at most once (RFC 5322 section 3.6).
const ONCE: [&str; 10] =
    ["from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to", "subject", "date"];

/// Reads the header section that begins at `start`.
pub(super) fn parse(raw: &[u8], start: usize, limits: &Limits, parsed: &mut Parsed) {
    let mut at = start;
    let mut eight_bit = None;
    while let Some(field) = next_field(raw, at) {
        if field.end - start > limits.header_bytes || parsed.headers.len() >= limits.headers {
            let read = parsed.headers.len();
            parsed.limits_hit.push(format!("headers: {read} fields in {} bytes read", at - start));
            break;
        }
        match field_at(raw, field.clone()) {
            Some(header) => {
                let is_ascii = raw[field.clone()].is_ascii();
                eight_bit = eight_bit.or((!is_ascii).then(|| field.clone()));
                parsed.headers.push(header);
            }
            // A first line that is no header field begins the body.
            None if parsed.headers.is_empty() => break,
            None => {
                parsed.anomalies.push(Anomaly::new(
                    "malformed-header",
                    "a line that is no header field",
                    Some(field.clone()),
                ));
            }
        }
        at = field.end;
    }
    if let Some(range) = eight_bit {
        parsed.anomalies.push(Anomaly::new("raw-8bit-header", "a header holds unencoded 8-bit bytes", Some(range)));
    }
    duplicates(parsed);
}

fn duplicates(parsed: &mut Parsed) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for header in &parsed.headers {
        *seen.entry(header.name.to_ascii_lowercase()).or_default() += 1;
    }
    for (name, count) in seen.into_iter().filter(|(name, count)| *count > 1 && ONCE.contains(&name.as_str())) {
        let detail = format!("the header `{name}` occurs {count} times");
        parsed.anomalies.push(Anomaly::new("duplicate-header", detail, None));
    }
}

/// The next field with its continuation lines; `None` at the blank line or the end.
fn next_field(raw: &[u8], start: usize) -> Option<Range<usize>> {
    let mut end = line_end(raw, start)?;
    let line = raw[start..end].trim_ascii();
    if line.is_empty() {
        return None;
    }
    while raw.get(end).is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
        let next = line_end(raw, end)?;
        if raw[end..next].trim_ascii().is_empty() && raw.get(next).is_none_or(|byte| !matches!(byte, b' ' | b'\t')) {
            break;
        }
        end = next;
    }
    Some(start..end)
}

fn line_end(raw: &[u8], start: usize) -> Option<usize> {
    let rest = raw.get(start..).filter(|rest| !rest.is_empty())?;
    Some(memchr::memchr(b'\n', rest).map_or(raw.len(), |at| start + at + 1))
}

fn field_at(raw: &[u8], range: Range<usize>) -> Option<Header> {
    let field = &raw[range.clone()];
    let colon = memchr::memchr(b':', field)?;
    let name = std::str::from_utf8(field[..colon].trim_ascii_end()).ok()?;
    if name.is_empty() || !name.bytes().all(|byte| (33..=126).contains(&byte)) {
        return None;
    }
    let body = &field[colon + 1..];
    let raw_value = unfold(&decode_text(body, None));
    let value = if memchr::memmem::find(body, b"=?").is_some() {
        decode_words(body).map_or_else(|| raw_value.clone(), |text| unfold(&text))
    } else {
        raw_value.clone()
    };
    Some(Header { name: name.into(), value: value.into(), raw: raw_value.into(), range })
}

/// One line: line breaks go, white space at the ends goes.
fn unfold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split(['\r', '\n']).filter(|line| !line.is_empty()) {
        out.push_str(line);
    }
    out.trim().to_owned()
}
