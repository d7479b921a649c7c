//! From bytes to headers and parts: the only place that names `mail_parser`.

use super::anomaly::Anomaly;
use super::header::{self, Header};
use super::part::Part;
use super::settings::Limits;
use base64::Engine as _;
use mail_parser::parsers::MessageStream;
use mail_parser::{HeaderValue, MessageParser, MessagePart, MimeHeaders, PartType};
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A message taken apart.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) headers: Vec<Header>,
    pub(super) parts: Vec<Part>,
    pub(super) html: Option<usize>,
    pub(super) plain: Option<usize>,
    pub(super) anomalies: Vec<Anomaly>,
    pub(super) limits_hit: Vec<String>,
}

/// Parses a message. Always gives something, whatever the bytes are.
pub(super) fn parse(raw: &[u8], limits: &Limits) -> Parsed {
    let mut parsed = Parsed::default();
    let start = leading_junk(raw);
    if start > 0 {
        parsed.anomalies.push(Anomaly::new("leading-junk", "bytes before the first header", Some(0..start)));
    }
    let bytes = &raw[start..bounded(raw, start, limits, &mut parsed.limits_hit)];
    structure_facts(raw, &mut parsed.anomalies);
    header::parse(raw, start, limits, &mut parsed);
    if parsed.headers.is_empty() && !bytes.is_empty() {
        parsed.anomalies.push(Anomaly::new("no-headers", "the message has no header field", None));
    }
    let message = catch_unwind(AssertUnwindSafe(|| MessageParser::default().parse(bytes)));
    match message {
        Ok(Some(message)) => convert(raw, start, &message, limits, &mut parsed),
        Ok(None) => fallback(raw, start, "unparsable", &mut parsed),
        Err(_) => fallback(raw, start, "parser-failure", &mut parsed),
    }
    parsed
}

/// A byte-order mark or blank lines before the headers would hide them all.
fn leading_junk(raw: &[u8]) -> usize {
    let mark = if raw.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    mark + raw[mark..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

/// Where parsing ends: at the byte limit, or where multiparts and boundaries outnumber the parts
/// that may be looked at.
fn bounded(raw: &[u8], start: usize, limits: &Limits, limits_hit: &mut Vec<String>) -> usize {
    let mut end = raw.len();
    if end - start > limits.message_bytes {
        end = start + limits.message_bytes;
        limits_hit.push(format!("message_bytes: {} of {} bytes read", limits.message_bytes, raw.len()));
    }
    let window = &raw[start..end];
    let most = limits.parts.saturating_mul(4);
    for marker in [&b"boundary"[..], b"\n--"] {
        if let Some(at) = memchr::memmem::find_iter(window, marker).nth(most) {
            end = end.min(start + at);
            limits_hit.push(format!("parts: more than {most} boundaries, {} of {} bytes read", end - start, raw.len()));
            break;
        }
    }
    end
}

fn structure_facts(raw: &[u8], anomalies: &mut Vec<Anomaly>) {
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

/// Nothing could be parsed: everything after the headers is one plain text.
fn fallback(raw: &[u8], start: usize, anomaly: &'static str, parsed: &mut Parsed) {
    if !raw.is_empty() {
        parsed.anomalies.push(Anomaly::new(anomaly, "the body is read as one plain text", None));
    }
    let body = parsed.headers.last().map_or(start, |header| header.range.end).min(raw.len());
    let text = String::from_utf8_lossy(&raw[body..]).into_owned();
    parsed.parts = vec![Part::plain_fallback(text, body..raw.len())];
    parsed.plain = Some(0);
}

fn convert(raw: &[u8], start: usize, message: &mail_parser::Message<'_>, limits: &Limits, parsed: &mut Parsed) {
    if message.parts.len() > limits.parts {
        parsed.limits_hit.push(format!("parts: {} of {} parts read", limits.parts, message.parts.len()));
    }
    let mut parents = vec![None; message.parts.len()];
    for (index, part) in message.parts.iter().enumerate() {
        if let PartType::Multipart(children) = &part.body {
            for child in children {
                if let Some(slot) = parents.get_mut(*child as usize) {
                    *slot = Some(index);
                }
            }
        }
    }
    for (index, part) in message.parts.iter().take(limits.parts).enumerate() {
        let mut converted = one_part(raw, start, part, limits, parsed);
        converted.parent = parents[index];
        converted.is_attachment = message.attachments.contains(&(index as u32));
        parsed.parts.push(converted);
    }
    choose_bodies(message, parsed);
    multipart_facts(parsed);
}

/// The bodies that a reader shows: the first HTML and the first plain text of the main message.
fn choose_bodies(message: &mail_parser::Message<'_>, parsed: &mut Parsed) {
    let pick = |ids: &[u32], html: bool| {
        let mut ids = ids.iter().map(|id| *id as usize);
        ids.find(|id| parsed.parts.get(*id).is_some_and(|part| part.is_html() == html && part.text.is_some()))
    };
    // The crate also lists a text part as HTML body and the other way round: only real ones count.
    parsed.html = pick(&message.html_body, true);
    parsed.plain = pick(&message.text_body, false);
}

fn multipart_facts(parsed: &mut Parsed) {
    let multiparts = parsed.parts.iter().filter(|part| part.content_type.starts_with("multipart/"));
    let without: Vec<_> = multiparts.filter(|part| part.children == 0).map(|part| part.raw_range.clone()).collect();
    for range in without {
        parsed.anomalies.push(Anomaly::new("missing-boundary", "a multipart without any part", Some(range)));
    }
}

fn one_part(raw: &[u8], start: usize, part: &MessagePart<'_>, limits: &Limits, parsed: &mut Parsed) -> Part {
    let range = |from: u32, to: u32| {
        let end = (start + to as usize).min(raw.len());
        (start + from as usize).min(end)..end
    };
    let content = part.content_type();
    let charset = content.and_then(|content| content.attribute("charset")).map(str::to_lowercase);
    let mut converted = Part {
        content_type: content_type(part),
        charset,
        disposition: part.content_disposition().map(|value| value.ctype().to_lowercase()),
        file_name: part.attachment_name().map(clean_file_name),
        content_id: part.content_id().map(str::to_owned),
        transfer_encoding: part.content_transfer_encoding().map(str::to_lowercase),
        header_range: range(part.offset_header, part.offset_body),
        raw_range: range(part.offset_body, part.offset_end),
        ..Part::default()
    };
    let body = raw.get(converted.raw_range.clone()).unwrap_or_default();
    let broken = part.is_encoding_problem.then(|| decode_leniently(body, converted.transfer_encoding.as_deref()));
    if part.is_encoding_problem && !matches!(part.body, PartType::Multipart(_)) {
        let place = Some(converted.raw_range.clone());
        parsed.anomalies.push(Anomaly::new("undecodable-part", "the part's encoding is damaged", place));
    }
    match (&part.body, broken) {
        (PartType::Multipart(children), _) => converted.children = children.len(),
        (PartType::Message(_), _) => {
            converted.is_message = true;
            converted.bytes = body.into();
        }
        (_, Some(bytes)) if converted.content_type.starts_with("text/") => {
            converted.text = Some(bound_text(decode_text(&bytes, converted.charset.as_deref()), limits, parsed));
            converted.bytes = bytes.into();
        }
        (_, Some(bytes)) => converted.bytes = bytes.into(),
        (PartType::Text(text) | PartType::Html(text), None) => {
            charset_facts(&converted, text, parsed);
            converted.text = Some(bound_text(Cow::Borrowed(text), limits, parsed));
        }
        (PartType::Binary(bytes) | PartType::InlineBinary(bytes), None) => converted.bytes = (&**bytes).into(),
    }
    converted
}

fn content_type(part: &MessagePart<'_>) -> String {
    match part.content_type() {
        Some(content) => {
            let (kind, sub) = (content.ctype(), content.subtype().unwrap_or(""));
            let separator = if sub.is_empty() { "" } else { "/" };
            format!("{kind}{separator}{sub}").to_lowercase()
        }
        None => match part.body {
            PartType::Html(_) => "text/html".into(),
            PartType::Message(_) => "message/rfc822".into(),
            PartType::Multipart(_) => "multipart/mixed".into(),
            PartType::Text(_) => "text/plain".into(),
            PartType::Binary(_) | PartType::InlineBinary(_) => "application/octet-stream".into(),
        },
    }
}

fn clean_file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

fn charset_facts(part: &Part, text: &str, parsed: &mut Parsed) {
    let place = || Some(part.raw_range.clone());
    if let Some(charset) = &part.charset
        && encoding_rs::Encoding::for_label(charset.as_bytes()).is_none()
        && !charset.starts_with("utf-7")
    {
        let detail = format!("the charset `{}` is unknown", charset.escape_debug());
        parsed.anomalies.push(Anomaly::new("unknown-charset", detail, place()));
    }
    if text.contains('\u{FFFD}') {
        parsed.anomalies.push(Anomaly::new("undecodable-text", "bytes that are no text in the charset", place()));
    }
}

fn bound_text(text: Cow<'_, str>, limits: &Limits, parsed: &mut Parsed) -> Arc<str> {
    if text.len() <= limits.text_bytes {
        return text.into();
    }
    let mut end = limits.text_bytes;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    parsed.limits_hit.push(format!("text_bytes: {end} of {} bytes read", text.len()));
    text[..end].into()
}

/// What mail readers do with damaged base64: skip what is no base64 and decode the rest.
fn decode_leniently(body: &[u8], encoding: Option<&str>) -> Vec<u8> {
    let declared = encoding.unwrap_or("").split([' ', ';', '(']).next().unwrap_or("").to_owned();
    match declared.as_str() {
        "base64" => {
            let kept: Vec<u8> = body
                .iter()
                .copied()
                .filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
                .collect();
            let whole = kept.len() - usize::from(kept.len() % 4 == 1);
            let lenient = base64::engine::GeneralPurpose::new(
                &base64::alphabet::STANDARD,
                base64::engine::GeneralPurposeConfig::new()
                    .with_decode_allow_trailing_bits(true)
                    .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
            );
            lenient.decode(&kept[..whole]).unwrap_or_else(|_| body.to_vec())
        }
        "quoted-printable" => {
            mail_parser::decoders::quoted_printable::quoted_printable_decode(body).unwrap_or_else(|| body.to_vec())
        }
        _ => body.to_vec(),
    }
}

/// Text in a declared charset; without a usable one UTF-8 if it is valid, else windows-1252.
pub(crate) fn decode_text<'b>(bytes: &'b [u8], charset: Option<&str>) -> Cow<'b, str> {
    let declared = charset.and_then(|label| encoding_rs::Encoding::for_label(label.trim().as_bytes()));
    match (declared, std::str::from_utf8(bytes)) {
        (Some(encoding), _) => encoding.decode(bytes).0,
        (None, Ok(text)) => Cow::Borrowed(text),
        (None, Err(_)) => encoding_rs::WINDOWS_1252.decode(bytes).0,
    }
}

/// Decodes the encoded words (RFC 2047) of a header value as it stands in the message.
pub(super) fn decode_words(value: &[u8]) -> Option<String> {
    let mut line = value.to_vec();
    line.extend_from_slice(b"\r\n");
    let decoded = catch_unwind(AssertUnwindSafe(|| match MessageStream::new(&line).parse_unstructured() {
        HeaderValue::Text(text) => Some(text.into_owned()),
        _ => None,
    }));
    decoded.ok().flatten()
}

/// An RFC 5322 date as seconds since 1970.
pub(super) fn date_seconds(text: &str) -> Option<i64> {
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let date = catch_unwind(AssertUnwindSafe(|| mail_parser::DateTime::parse_rfc822(text.trim()))).ok().flatten()?;
    date.is_valid().then(|| date.to_timestamp())
}
