//! Header fields (RFC 5322 section 2.2), unfolded and decoded, with their places.

use super::anomaly::Anomaly;
use super::charset::decode_text;
use super::decode::words;
use super::parse::Parsed;
use super::settings::Limits;
use std::borrow::Cow;
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

/// Header fields that must occur at most once (RFC 5322 section 3.6, RFC 2045).
const ONCE: [&str; 14] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "message-id",
    "in-reply-to",
    "references",
    "subject",
    "date",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];

/// The fields of one header, and where the body begins.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub(super) headers: Vec<Header>,
    pub(super) end: usize,
    malformed: Vec<Range<usize>>,
    eight_bit: Option<Range<usize>>,
    /// Where reading stopped at a limit.
    cut: Option<usize>,
}

/// Most malformed lines that are reported one by one.
const MOST_MALFORMED: usize = 20;

/// Reads the header of the message; says what is odd about it.
pub(super) fn message_section(bytes: &[u8], start: usize, limits: &Limits, parsed: &mut Parsed) -> usize {
    let section = section(bytes, start, limits, None);
    if let Some(at) = section.cut {
        let read = section.headers.len();
        parsed.limits_hit.push(format!("headers: {read} fields in {} bytes read", at - start));
        let place = Some(at..section.end);
        parsed.anomalies.push(Anomaly::new("too-many-headers", "more header than is looked at", place));
    }
    for range in section.malformed.iter().take(MOST_MALFORMED) {
        let place = Some(range.clone());
        parsed.anomalies.push(Anomaly::new("malformed-header", "a line that is no header field", place));
    }
    if let Some(range) = section.eight_bit {
        parsed.anomalies.push(Anomaly::new("raw-8bit-header", "a header holds unencoded 8-bit bytes", Some(range)));
    }
    duplicates(&section.headers, &mut parsed.anomalies);
    for header in section.headers.iter().filter(|header| header.value.contains('\u{FFFD}')).take(MOST_MALFORMED) {
        let detail = format!("the header `{}` holds bytes that are no text in its charset", header.name);
        parsed.anomalies.push(Anomaly::new("undecodable-header", detail, Some(header.range.clone())));
    }
    parsed.headers = section.headers;
    section.end
}

/// Reads the header of a part. A line that is no field, and a delimiter, end it.
pub(super) fn part_section(
    bytes: &[u8],
    start: usize,
    limits: &Limits,
    is_delimiter: &dyn Fn(&[u8]) -> bool,
) -> Section {
    section(bytes, start, limits, Some(is_delimiter))
}

#[allow(clippy::type_complexity)]
fn section(bytes: &[u8], start: usize, limits: &Limits, delimiter: Option<&dyn Fn(&[u8]) -> bool>) -> Section {
    let mut section = Section { end: bytes.len(), ..Section::default() };
    let mut at = start;
    while let Some(line) = line_end(bytes, at) {
        let text = bytes[at..line].trim_ascii();
        if text.is_empty() {
            section.end = line;
            return section;
        }
        if text.starts_with(b"--") && delimiter.is_some_and(|is_delimiter| is_delimiter(text)) {
            section.end = at;
            return section;
        }
        let field = at..continued(bytes, line);
        at = field.end;
        if section.cut.is_some() || field.end - start > limits.header_bytes || section.headers.len() >= limits.headers {
            section.cut = section.cut.or(Some(field.start));
            continue;
        }
        match field_at(bytes, field.clone()) {
            Some(header) => {
                let is_ascii = bytes[field.clone()].is_ascii();
                section.eight_bit = section.eight_bit.or((!is_ascii).then_some(field));
                section.headers.push(header);
            }
            // A first line that is no header field begins the body, and any such line of a part.
            None if section.headers.is_empty() || delimiter.is_some() => {
                section.end = field.start;
                return section;
            }
            None => section.malformed.push(field),
        }
    }
    section
}

fn duplicates(headers: &[Header], anomalies: &mut Vec<Anomaly>) {
    let mut seen: BTreeMap<&str, (usize, Range<usize>)> = BTreeMap::new();
    for header in headers {
        let Some(name) = ONCE.iter().find(|once| once.eq_ignore_ascii_case(&header.name)) else { continue };
        let entry = seen.entry(name).or_insert((0, 0..0));
        *entry = (entry.0 + 1, header.range.clone());
    }
    for (name, (count, last)) in seen.into_iter().filter(|(_, (count, _))| *count > 1) {
        let detail = format!("the header `{name}` occurs {count} times");
        anomalies.push(Anomaly::new("duplicate-header", detail, Some(last)));
    }
}

/// Where the continuation lines of a field end. A line of white space belongs to the field if
/// another line of the header follows, else it ends the header: both occur.
fn continued(bytes: &[u8], mut end: usize) -> usize {
    while is_continuation(bytes, end) {
        let Some(next) = line_end(bytes, end) else { break };
        let is_blank = bytes[end..next].trim_ascii().is_empty();
        if is_blank && !is_continuation(bytes, next) && !is_field(bytes, next) && !is_line_break(bytes, next) {
            break;
        }
        end = next;
    }
    end
}

fn is_line_break(bytes: &[u8], at: usize) -> bool {
    bytes.get(at..).is_some_and(|rest| rest.starts_with(b"\n") || rest.starts_with(b"\r\n"))
}

/// True if a line begins like a header field.
fn is_field(bytes: &[u8], at: usize) -> bool {
    let line = bytes.get(at..).unwrap_or_default();
    let line = &line[..line.len().min(80)];
    let name = line.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).count();
    name > 0 && line.get(name) == Some(&b':')
}

fn is_continuation(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_some_and(|byte| matches!(byte, b' ' | b'\t'))
}

fn line_end(bytes: &[u8], start: usize) -> Option<usize> {
    let rest = bytes.get(start..).filter(|rest| !rest.is_empty())?;
    Some(memchr::memchr(b'\n', rest).map_or(bytes.len(), |at| start + at + 1))
}

fn field_at(bytes: &[u8], range: Range<usize>) -> Option<Header> {
    let field = &bytes[range.clone()];
    let colon = memchr::memchr(b':', field)?;
    let name = std::str::from_utf8(field[..colon].trim_ascii_end()).ok()?;
    if name.is_empty() || !name.bytes().all(|byte| (33..=126).contains(&byte)) {
        return None;
    }
    let raw: Arc<str> = unfold(&decode_text(&field[colon + 1..], None)).into();
    let value = match words(&raw) {
        Cow::Borrowed(_) => Arc::clone(&raw),
        // Encoded words may hold line breaks: no value has any.
        Cow::Owned(value) if value.contains(['\r', '\n']) => unfold(&value).into(),
        Cow::Owned(value) => value.into(),
    };
    Some(Header { name: name.into(), value, raw, range })
}

/// One line: line breaks go, white space at the ends goes.
fn unfold(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let mut breaks = memchr::memchr2_iter(b'\r', b'\n', text.as_bytes()).peekable();
    if breaks.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for at in breaks {
        out.push_str(&text[from..at]);
        from = at + 1;
    }
    out.push_str(&text[from..]);
    Cow::Owned(out)
}
