//! Plain text, CSV and JSON lines.

use super::{Found, ImportError, Imported, Options, remark};
use crate::calendar::moment;
use crate::lists::format::{self, Fields};
use crate::lists::{ListType, MAX_LINE};
use serde_json::Value;

/// Columns that hold a value where nobody says which.
const VALUE_COLUMNS: [&str; 9] = ["value", "indicator", "ioc", "domain", "url", "email", "ip", "address", "hash"];

fn kind(options: &Options) -> Result<ListType, ImportError> {
    let reason = "the format does not say of what type its entries are: say it";
    options.kind.ok_or_else(|| ImportError { line: 1, reason: reason.into() })
}

/// Lines that hold something, with their numbers; longer ones than allowed are counted.
fn lines<'t>(text: &'t str, imported: &mut Imported) -> Vec<(usize, &'t str)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.len() > MAX_LINE {
            imported.skip(format!("a line of more than {MAX_LINE} bytes"));
        } else if !line.is_empty() && !line.starts_with('#') {
            found.push((index + 1, line));
        }
    }
    found
}

pub(super) fn plain(text: &str, options: &Options, imported: &mut Imported) -> Result<(), ImportError> {
    let kind = kind(options)?;
    for (_, line) in lines(text, imported) {
        let fields = format::plain(line, kind);
        take(kind, &fields, options, imported);
    }
    Ok(())
}

fn take(kind: ListType, fields: &Fields<'_>, options: &Options, imported: &mut Imported) {
    let expires = fields.expires.as_deref().map(moment);
    if expires == Some(None) {
        return imported.skip("an expiry that is no date");
    }
    let found = Found {
        value: fields.value.to_string(),
        comment: fields.comment.as_deref().map(remark).unwrap_or_default(),
        source: fields.source.as_deref().map(remark).unwrap_or_default(),
        expires: expires.flatten(),
    };
    imported.take(kind, found, options);
}

pub(super) fn csv(text: &str, options: &Options, imported: &mut Imported) -> Result<(), ImportError> {
    let kind = kind(options)?;
    let lines = lines(text, imported);
    let Some(((number, header), rows)) = lines.split_first() else { return Ok(()) };
    let failed = |reason: String| ImportError { line: *number, reason };
    let mut columns: Vec<String> =
        format::cells(header).map_err(failed)?.iter().map(|name| name.to_lowercase()).collect();
    let wanted: Vec<&str> = match &options.column {
        Some(column) => vec![column.as_str()],
        None => VALUE_COLUMNS.to_vec(),
    };
    let found = wanted.iter().find_map(|name| columns.iter().position(|column| column.eq_ignore_ascii_case(name)));
    let Some(value) = found else {
        return Err(failed(format!("no column {} among: {}", wanted.join(", "), columns.join(", "))));
    };
    for (at, column) in columns.iter_mut().enumerate() {
        // Another column of that name would hide the one that was asked for.
        if at != value && column == "value" {
            *column = String::new();
        }
    }
    columns[value] = "value".into();
    for (_, row) in rows {
        match format::csv(row, &columns) {
            Ok(fields) => take(kind, &fields, options, imported),
            Err(reason) => imported.skip(reason),
        }
    }
    Ok(())
}

pub(super) fn json_lines(text: &str, options: &Options, imported: &mut Imported) -> Result<(), ImportError> {
    let kind = kind(options)?;
    let column = options.column.as_deref().unwrap_or("value");
    for (_, line) in lines(text, imported) {
        let Ok(object) = serde_json::from_str::<Value>(line) else {
            imported.skip("a line that is no JSON");
            continue;
        };
        let text = |key: &str| object.get(key).and_then(Value::as_str);
        let Some(value) = text(column) else {
            imported.skip(format!("an object without a text `{column}`"));
            continue;
        };
        let fields = Fields {
            value: value.into(),
            comment: text("comment").map(Into::into),
            source: text("source").map(Into::into),
            expires: text("expires").map(Into::into),
        };
        take(kind, &fields, options, imported);
    }
    Ok(())
}
