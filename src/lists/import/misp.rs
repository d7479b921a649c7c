//! MISP's core format: events with attributes and objects, a feed's event, or the answer of a search
//! for attributes.

use super::{Found, Imported, Options, remark};
use crate::lists::ListType;
use serde_json::Value;

pub(super) fn read(document: &Value, options: &Options, imported: &mut Imported) {
    let before = (imported.entries.len(), imported.skipped.len());
    let mut pending = vec![(document, String::new())];
    while let Some((value, source)) = pending.pop() {
        match value {
            Value::Array(items) => pending.extend(items.iter().rev().map(|item| (item, source.clone()))),
            Value::Object(object) if object.contains_key("type") && object.contains_key("value") => {
                attribute(value, &source, options, imported);
            }
            Value::Object(object) => {
                let source = event_source(value).unwrap_or(source);
                let inner = ["response", "Event", "Object", "Attribute"];
                let parts = inner.iter().rev().filter_map(|key| object.get(*key));
                pending.extend(parts.map(|part| (part, source.clone())));
            }
            _ => {}
        }
    }
    if before == (imported.entries.len(), imported.skipped.len()) {
        imported.skip("no attribute anywhere: not a document of MISP");
    }
}

/// `MISP event 5c...: title`.
fn event_source(event: &Value) -> Option<String> {
    let info = event.get("info")?.as_str()?;
    let id = event.get("uuid").and_then(Value::as_str).unwrap_or_default();
    Some(remark(&format!("MISP event {id}: {info}")))
}

fn attribute(attribute: &Value, source: &str, options: &Options, imported: &mut Imported) {
    let text = |key: &str| attribute.get(key).and_then(Value::as_str).unwrap_or_default();
    if attribute.get("deleted").is_some_and(is_true) {
        return imported.skip("a deleted attribute");
    }
    if !options.all && attribute.get("to_ids").is_some_and(|flag| !is_true(flag)) {
        return imported.skip("not meant for detection (`to_ids` is false)");
    }
    let seconds = text("timestamp").parse::<i64>().ok().or_else(|| attribute.get("timestamp")?.as_i64());
    let expires = seconds.zip(options.lifetime).map(|(at, lifetime)| at.saturating_mul(1000).saturating_add(lifetime));
    let values: Vec<&str> = text("value").split('|').collect();
    let kinds: Vec<&str> = text("type").split('|').collect();
    let mut taken = false;
    for (part, value) in kinds.iter().zip(if kinds.len() == 1 { vec![text("value")] } else { values }) {
        let Some(kind) = kind(part, value) else { continue };
        taken = true;
        let comment = remark(text("comment"));
        imported.take(kind, Found { value: value.to_owned(), comment, source: source.to_owned(), expires }, options);
    }
    if !taken {
        imported.skip(format!("attributes of type `{}`", text("type")));
    }
}

fn is_true(value: &Value) -> bool {
    matches!(value, Value::Bool(true)) || value.as_str() == Some("1") || value.as_i64() == Some(1)
}

/// The list type of a type of attribute (MISP's `describeTypes`).
fn kind(name: &str, value: &str) -> Option<ListType> {
    Some(match name {
        "domain" | "hostname" => ListType::Domain,
        "url" | "uri" | "link" => ListType::Url,
        "email" | "email-src" | "email-dst" | "email-reply-to" => ListType::Email,
        "ip" | "ip-src" | "ip-dst" if value.contains('/') => ListType::Cidr,
        "ip" | "ip-src" | "ip-dst" => ListType::Ip,
        "md5" | "sha1" | "sha224" | "sha256" | "sha384" | "sha512" => ListType::Hash,
        "email-subject" | "email-attachment" | "filename" => ListType::String,
        _ => return None,
    })
}
