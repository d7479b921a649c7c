//! Values with parameters: Content-Type, Content-Disposition (RFC 2045, RFC 2231).

use super::charset::decode_text;
use super::decode::words;
use std::collections::BTreeMap;

/// Most parameters that are read of one field.
const MOST: usize = 200;

/// A value with parameters.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Params {
    /// What stands before the first `;`, lower case, without comments.
    pub(super) value: String,
    list: Vec<(String, String)>,
}

impl Params {
    /// Reads the raw, unfolded value of a field.
    pub(super) fn parse(text: &str) -> Self {
        let mut pieces = pieces(text).into_iter();
        let value = pieces.next().unwrap_or_default().trim().trim_matches('"').to_lowercase();
        let list = pieces.take(MOST).filter_map(|piece| parameter(&piece)).collect();
        Self { value, list: joined(list) }
    }

    /// A parameter by lower-case name; of several, the first.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.list.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter.
    pub(super) fn all<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p str> {
        self.list.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What careless readers may take for the boundary in a raw Content-Type: in comments, quotes or after
/// nonsense, as it stands (an encoded word not decoded), the first piece of several (RFC 2231), cut at
/// white space.
pub(super) fn hidden_boundaries(field: &str) -> Vec<String> {
    const NAME: &str = "boundary";
    let lower = field.to_ascii_lowercase();
    let mut found = Vec::new();
    for (at, _) in lower.match_indices(NAME).take(16) {
        let before = lower[..at].chars().next_back();
        let rest = field[at + NAME.len()..].trim_start();
        let rest = rest.trim_start_matches(|c: char| c == '*' || c.is_ascii_digit()).trim_start();
        let Some(value) = rest.strip_prefix('=').filter(|_| !before.is_some_and(|c| c.is_alphanumeric() || c == '-'))
        else {
            continue;
        };
        let value = value.trim_start();
        let ends = |c: char| c == ';' || c == ')' || c.is_whitespace();
        let taken = match value.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap_or(quoted),
            None => value.split(ends).next().unwrap_or(value),
        };
        let taken = taken.trim_end();
        // What RFC 2231 encodes begins with a charset and a language.
        if !taken.is_empty() && !taken.contains('\'') {
            found.push(taken.to_owned());
        }
    }
    found
}

/// Splits at `;` outside quotes; comments go.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let (mut quoted, mut depth, mut escaped) = (false, 0_u32, false);
    for c in text.chars() {
        let keep = match c {
            _ if escaped => true,
            '"' if depth == 0 => {
                // A quote inside a word (`"u"tf-8`) opens nothing that would swallow the rest.
                quoted = !quoted;
                true
            }
            '(' if !quoted => {
                depth += 1;
                false
            }
            ')' if !quoted && depth > 0 => {
                depth -= 1;
                false
            }
            ';' if !quoted && depth == 0 => {
                pieces.push(String::new());
                false
            }
            _ => true,
        };
        escaped = c == '\\' && !escaped && quoted;
        if keep
            && depth == 0
            && let Some(piece) = pieces.last_mut()
        {
            piece.push(c);
        }
    }
    pieces
}

fn parameter(piece: &str) -> Option<(String, String)> {
    let (name, value) = piece.split_once('=')?;
    Some((name.trim().to_lowercase(), unquoted(value.trim())))
}

/// The inside of quotes with its escapes undone. A backslash before a letter stays: Windows paths
/// occur as file names.
fn unquoted(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"') else { return text.to_owned() };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if matches!(chars.peek(), Some('"' | '\\')) => out.extend(chars.next()),
            '"' => {}
            _ => out.push(c),
        }
    }
    out
}

/// One segment of a continued parameter.
struct Segment {
    text: String,
    extended: bool,
}

/// Puts `name*0*`, `name*1` together and decodes them (RFC 2231); decodes encoded words, which
/// are not allowed here but common.
fn joined(list: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut plain = Vec::new();
    let mut continued: BTreeMap<String, BTreeMap<u32, Segment>> = BTreeMap::new();
    for (name, value) in list {
        let Some((base, rest)) = name.split_once('*') else {
            plain.push((name, words(&value).into_owned()));
            continue;
        };
        let extended = rest.is_empty() || rest.ends_with('*');
        let number = rest.trim_end_matches('*').parse().unwrap_or(0);
        let segment = Segment { text: value, extended };
        continued.entry(base.to_owned()).or_default().entry(number).or_insert(segment);
    }
    for (base, segments) in continued {
        plain.push((base, extended_value(segments.values())));
    }
    plain
}

/// `utf-8'en'%e2%82%ac`: charset and language stand in the first segment only.
fn extended_value<'s>(segments: impl Iterator<Item = &'s Segment>) -> String {
    let mut charset = None;
    let mut bytes = Vec::new();
    for (index, segment) in segments.enumerate() {
        let mut text = segment.text.as_str();
        if index == 0 && segment.extended {
            let mut fields = text.splitn(3, '\'');
            if let (Some(name), Some(_), Some(rest)) = (fields.next(), fields.next(), fields.next()) {
                charset = Some(name.to_owned());
                text = rest;
            }
        }
        if segment.extended {
            percent_decode(text, &mut bytes);
        } else {
            bytes.extend_from_slice(text.as_bytes());
        }
    }
    decode_text(&bytes, charset.as_deref().filter(|name| !name.is_empty())).into_owned()
}

fn percent_decode(text: &str, out: &mut Vec<u8>) {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_in_their_many_spellings() {
        let params = Params::parse("Text/HTML (a; b); CharSet=\"utf-8\"; x = y z; boundary=a; boundary=b");
        assert_eq!(params.value, "text/html");
        assert_eq!(params.get("charset"), Some("utf-8"));
        assert_eq!(params.get("x"), Some("y z"));
        assert_eq!(params.all("boundary").collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn file_names() {
        let name = |text: &str| Params::parse(text).get("filename").map(str::to_owned);
        assert_eq!(name("attachment; filename*=utf-8''%e2%82%ac.pdf").as_deref(), Some("€.pdf"));
        assert_eq!(name("attachment; filename*1=b.exe; filename*0=\"a\"").as_deref(), Some("ab.exe"));
        assert_eq!(name("attachment; filename*0*=iso-8859-1''%e4; filename*1=b").as_deref(), Some("äb"));
        assert_eq!(name("attachment; filename=\"=?utf-8?Q?=C3=A4?=.pdf\"").as_deref(), Some("ä.pdf"));
        assert_eq!(name(r#"attachment; filename="a\"b\\c\d""#).as_deref(), Some(r#"a"b\c\d"#));
        assert_eq!(name("attachment; filename=\"unclosed; x=1").as_deref(), Some("unclosed; x=1"));
    }
}
