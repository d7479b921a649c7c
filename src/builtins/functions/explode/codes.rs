//! QR codes in pictures.

use super::first;
use crate::builtins::{Ctx, Registry};
use crate::files::File;
use crate::message::Url;
use crate::value::{Cost, Value};
use std::sync::Arc;

/// A code.
struct Code(String);
/// The codes in a file.
struct Codes(Arc<File>);

/// What a code holds, by how it begins.
const KINDS: &[(&str, &str)] = &[
    ("mailto:", "email"),
    ("matmsg:", "email"),
    ("tel:", "phone"),
    ("sms:", "sms"),
    ("smsto:", "sms"),
    ("wifi:", "wifi"),
    ("begin:vcard", "contact"),
    ("mecard:", "contact"),
    ("begin:vevent", "event"),
    ("begin:vcalendar", "event"),
    ("geo:", "geo"),
    ("otpauth:", "otp"),
    ("bitcoin:", "crypto"),
    ("ethereum:", "crypto"),
];

fn url(data: &str) -> Option<Arc<Url>> {
    let written = data.trim();
    // `example.com/path` is opened by telephones too, a text with spaces is not.
    let bare = !written.contains(char::is_whitespace) && written.contains('.') && !written.contains('@');
    (written.contains("://") || bare).then(|| Url::parse(written))?
}

fn kind(data: &str) -> &'static str {
    let head = data.trim_start().chars().take(16).collect::<String>().to_ascii_lowercase();
    match KINDS.iter().find(|(start, _)| head.starts_with(start)) {
        Some((_, kind)) => kind,
        None if url(data).is_some() => "url",
        None => "text",
    }
}

/// Says what was not looked at.
pub(super) fn limit(ctx: &Ctx<'_>, file: &File) {
    file.codes().limit.iter().for_each(|limit| ctx.message.limit((*limit).into()));
}

/// The first code in a file.
pub(super) fn scan(ctx: &Ctx<'_>, file: &Arc<File>) -> Value {
    limit(ctx, file);
    file.codes().found.first().map_or(Value::Null, |code| Value::record(Arc::new(Code(code.clone()))))
}

fn code(r: &mut Registry, name: &'static str) {
    r.record::<Code>(name, "A code in a picture.")
        .field("type", "string", Cost::Cheap, "`url`, `email`, `phone`, `wifi`, `contact` ... `text`.", |_, c| {
            Value::str(kind(&c.0))
        })
        .field("data", "string", Cost::Cheap, "Content.", |_, c| Value::str(c.0.as_str()))
        .field("url", "Url?", Cost::Cheap, "Content, if it is a URL.", |_, c| {
            url(&c.0).map_or(Value::Null, Value::record)
        });
}

pub(super) fn declare(r: &mut Registry) {
    code(r, "QrItem");
    code(r, "ScanQr");
    r.record::<Codes>("QrResult", "Codes in a picture.")
        .field("found", "bool", Cost::Cheap, "There is one.", |_, c| (!c.0.codes().found.is_empty()).into())
        .field("items", "[QrItem]", Cost::Cheap, "Each.", |_, c| {
            Value::list(c.0.codes().found.iter().map(|code| Value::record(Arc::new(Code(code.clone())))))
        });
    let signature = "beta.scan_qr(file: any) -> QrResult?";
    let doc = "Reads QR codes in a picture, or in the pictures of a PDF document; absent if the pictures are larger than the limit.";
    if cfg!(feature = "images") {
        r.function(signature, doc, Cost::Expensive, &[], |ctx, args| {
            let Some(file) = first(ctx, args) else { return Value::Null };
            limit(ctx, &file);
            if file.codes().limit.is_some() { Value::Null } else { Value::record(Arc::new(Codes(file))) }
        });
    } else {
        r.capability("file_analysis", signature, doc);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        let rows = [
            ("https://example.com/a", "url"),
            ("example.com/a?b=c", "url"),
            ("mailto:a@example.com", "email"),
            ("WIFI:S:x;P:y;;", "wifi"),
            ("BEGIN:VCARD\nFN:x", "contact"),
            ("Hello. You", "text"),
            ("", "text"),
        ];
        for (data, expected) in rows {
            assert_eq!(kind(data), expected, "{data}");
        }
    }
}
