//! JSON lines: one object in each line, the message in one field as base64 or as text, labels and
//! other facts in the others.

use crate::corpus::facts::{Facts, Interner};
use crate::corpus::item::{Content, Item, MAX_MESSAGE};
use crate::corpus::walk::{Flow, Walker};
use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;

/// Usual names of the field with the message, in the order in which they are tried.
const FIELDS: [&str; 9] = ["raw", "eml", "message", "raw_message", "raw_email", "base64", "content", "data", "body"];
/// Longest line: the largest message as base64, and facts.
const MAX_LINE: u64 = MAX_MESSAGE / 3 * 4 + (1 << 20);

/// Hands the message of every line to `sink`.
pub(super) fn read(
    walker: &mut Walker<'_>,
    id: &str,
    reader: &mut dyn Read,
    sink: &mut dyn FnMut(Item) -> Flow,
) -> Flow {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    let mut number = 0_u64;
    loop {
        line.clear();
        match Read::by_ref(&mut reader).take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) => return ControlFlow::Continue(()),
            Ok(_) => {}
            Err(error) => return sink(Item::unreadable(id, format!("the file ends here: {error}"))),
        }
        number += 1;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let name = format!("{id}#{number}");
        if line.len() as u64 >= MAX_LINE && !line.ends_with(b"\n") {
            return sink(Item::unreadable(
                name,
                format!("the line is longer than {MAX_LINE} bytes; the rest is not read"),
            ));
        }
        sink(item(name, &line, walker.json_field.as_deref()))?;
    }
}

fn item(id: String, line: &[u8], field: Option<&str>) -> Item {
    let object: Map<String, Value> = match serde_json::from_slice(line) {
        Ok(object) => object,
        Err(error) => return Item::unreadable(id, format!("no JSON object: {error}")),
    };
    let names: Vec<&str> = field.map_or_else(|| FIELDS.to_vec(), |field| vec![field]);
    let Some((name, text)) = names.iter().find_map(|name| Some((*name, object.get(*name)?.as_str()?))) else {
        return Item::unreadable(id, format!("no field with a text is called {}", names.join(", ")));
    };
    let mut item = match bytes(text) {
        Some(bytes) => Item::new(id, Content::Bytes(bytes)),
        None => Item::unreadable(id, format!("the field `{name}` is neither base64 nor a message")),
    };
    item.facts = Some(Box::new(facts(&object, name)));
    item
}

/// The message of a field. Base64 has no colon, which every message has.
fn bytes(text: &str) -> Option<Vec<u8>> {
    if text.contains(':') {
        return Some(text.as_bytes().to_vec());
    }
    let compact: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    [STANDARD, URL_SAFE].iter().find_map(|alphabet| GeneralPurpose::new(alphabet, lenient).decode(&compact).ok())
}

fn facts(object: &Map<String, Value>, message: &str) -> Facts {
    let (mut facts, mut interner) = (Facts::default(), Interner::default());
    for (column, value) in object.iter().filter(|(column, _)| *column != message) {
        match value {
            Value::String(text) => facts.set(column, text, &mut interner),
            Value::Number(number) => facts.set(column, &number.to_string(), &mut interner),
            Value::Bool(truth) => facts.set(column, &truth.to_string(), &mut interner),
            Value::Null | Value::Array(_) | Value::Object(_) => {}
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_in_all_its_forms_and_text() {
        for text in ["RnJvbTogYQo=", "RnJvbTogYQo", "RnJv\nbTog YQo="] {
            assert_eq!(bytes(text).as_deref(), Some(&b"From: a\n"[..]), "{text}");
        }
        assert_eq!(bytes("-_-_").as_deref(), Some(&[0xfb, 0xff, 0xbf][..]));
        assert_eq!(bytes("+/+/").as_deref(), Some(&[0xfb, 0xff, 0xbf][..]));
        assert_eq!(bytes("From: a\n").as_deref(), Some(&b"From: a\n"[..]));
        assert_eq!(bytes("!"), None);
    }

    #[test]
    fn facts_come_with_the_line() {
        let item = item("x#1".into(), br#"{"raw":"RnJvbTogYQo=","label":"ham","year":2026,"n":[1]}"#, None);
        let facts = item.facts.expect("facts");
        assert_eq!(facts.label.as_deref(), Some("ham"));
        assert_eq!(facts.date.as_deref(), Some("2026"));
        assert!(matches!(item.content, Content::Bytes(_)));
    }
}
