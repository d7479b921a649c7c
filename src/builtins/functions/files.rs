//! Reading HTML and attachments.

use super::explode::bytes;
use crate::builtins::fields::html_value;
use crate::builtins::{Ctx, Registry};
use crate::files::as_message;
use crate::message::{BodyHtml, Html, decode_html, decode_text, xpath};
use crate::value::{Cost, Example, Value};
use std::sync::Arc;

/// Nodes that an expression selected.
struct Nodes(Vec<Arc<Html>>);
/// The text of a file.
struct FileText(Arc<str>);

pub(super) fn declare(r: &mut Registry) {
    r.record::<Nodes>("XPathResult", "What an XPath expression selected.").field(
        "nodes",
        "[Html]",
        Cost::Expensive,
        "Nodes in document order.",
        |_, n| Value::list(n.0.iter().map(|node| Value::record(Arc::clone(node)))),
    );
    r.record::<FileText>("FileText", "The text of a file.").field(
        "text",
        "string",
        Cost::Expensive,
        "The text, decoded.",
        |_, f| Value::String(Arc::clone(&f.0)),
    );
    r.function(
        "html.xpath(html: any, expression: string) -> XPathResult?",
        "Nodes of an HTML document that an XPath 1.0 expression selects.",
        Cost::Expensive,
        &[Example {
            expr: "html.xpath(strings.parse_html(\"<p>a<b>c</b></p>\"), \"//b\").nodes[0].display_text",
            value: Some("\"c\""),
        }],
        select,
    );
    r.function(
        "strings.parse_html(text: string) -> Html",
        "Reads a text as HTML.",
        Cost::Expensive,
        &[Example { expr: "strings.parse_html(\"<p>a<b>c</b></p>\").display_text", value: Some("\"ac\"") }],
        |ctx, args| match args {
            [Value::String(text), ..] => html_value(Arc::clone(text), ctx.message.settings().limits.links),
            _ => Value::Null,
        },
    );
    r.function("file.parse_html(file: any) -> Html?", "Reads a file as HTML.", Cost::Expensive, &[], |ctx, args| {
        bytes(args).map_or(Value::Null, |bytes| {
            html_value(decode_html(&bytes, None).into(), ctx.message.settings().limits.links)
        })
    });
    r.function(
        "file.parse_text(file: any, encodings: [string]?) -> FileText?",
        "Reads a file as text; of several charsets the first that decodes without error counts.",
        Cost::Expensive,
        &[],
        |_, args| {
            bytes(args)
                .map_or(Value::Null, |bytes| Value::record(Arc::new(FileText(decoded(&bytes, args.get(1)).into()))))
        },
    );
    r.function(
        "file.parse_eml(file: any) -> Message?",
        "Reads a file as a message; those of Outlook too.",
        Cost::Expensive,
        &[],
        |ctx, args| {
            let inner = bytes(args).and_then(|bytes| ctx.message.inner(&as_message(&bytes)));
            inner.map_or(Value::Null, Value::record)
        },
    );
}

fn decoded(bytes: &[u8], encodings: Option<&Value>) -> String {
    let named = encodings.and_then(Value::as_list).unwrap_or_default().iter().filter_map(Value::as_str);
    for name in named {
        let encoding = encoding_rs::Encoding::for_label(name.as_bytes());
        let text = encoding.and_then(|encoding| encoding.decode_without_bom_handling_and_without_replacement(bytes));
        if let Some(text) = text {
            return text.into_owned();
        }
    }
    decode_text(bytes, None).into_owned()
}

fn select(ctx: &Ctx<'_>, args: &[Value]) -> Value {
    let [Value::Record(document), Value::String(expression), ..] = args else { return Value::Null };
    let raw = match (document.downcast::<Html>(), document.downcast::<BodyHtml>()) {
        (Some(html), _) => &html.raw,
        (None, Some(body)) => &body.html.raw,
        (None, None) => return Value::Null,
    };
    let Some(selected) = xpath::select(raw, expression) else { return Value::Null };
    if selected.cut {
        ctx.message.limit("xpath: only the beginning of the document or the result was looked at".into());
    }
    let limit = ctx.message.settings().limits.links;
    Value::record(Arc::new(Nodes(
        selected.nodes.into_iter().map(|node| Arc::new(Html::new(node.into(), limit))).collect(),
    )))
}
