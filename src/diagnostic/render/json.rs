//! A JSON object for each diagnostic. Lines and columns count from 1, offsets are bytes.

use super::level;
use crate::diagnostic::Diagnostic;
use crate::source::{SourceMap, Span};
use serde_json::{Value, json};

pub(super) fn object(diagnostic: &Diagnostic, sources: &SourceMap) -> Value {
    let labels: Vec<Value> = diagnostic
        .secondary
        .iter()
        .map(|label| json!({ "place": place(label.span, sources), "text": label.text }))
        .collect();
    let edit = diagnostic
        .edit
        .as_ref()
        .map(|edit| json!({ "place": place(edit.span, sources), "text": edit.text, "title": edit.title }));
    json!({
        "code": diagnostic.code.to_string(),
        "severity": level(diagnostic),
        "message": diagnostic.message,
        "place": place(diagnostic.primary.span, sources),
        "label": diagnostic.primary.text,
        "labels": labels,
        "notes": diagnostic.notes,
        "help": diagnostic.help,
        "edit": edit,
    })
}

fn place(span: Span, sources: &SourceMap) -> Value {
    let Some(source) = sources.get(span.source) else { return Value::Null };
    let (line, column) = source.line_col(span.start);
    let (end_line, end_column) = source.line_col(span.end);
    json!({
        "file": &*source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "start": span.start,
        "end": span.end,
    })
}
