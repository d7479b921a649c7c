//! The lines of list files: plain text, CSV with a header, JSON lines.

use super::ListType;
use serde::Deserialize;
use std::borrow::Cow;

/// How the lines of a list are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// An entry in each line, `#` begins a comment.
    Plain,
    /// Commas between cells; the names of the columns stand in the first line.
    Csv(Vec<String>),
    /// An object in each line.
    Json,
    /// Entries of rule text or of the configuration: a line is an entry, whatever it holds.
    Inline,
}

/// What one line says.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Fields<'l> {
    #[serde(borrow)]
    pub(super) value: Cow<'l, str>,
    #[serde(borrow, default)]
    pub(super) comment: Option<Cow<'l, str>>,
    #[serde(borrow, default)]
    pub(super) source: Option<Cow<'l, str>>,
    #[serde(borrow, default)]
    pub(super) expires: Option<Cow<'l, str>>,
}

impl Format {
    /// The format that a file's first line announces, and whether that line is a header.
    pub(super) fn of(text: &str) -> (Self, bool) {
        let text = text.trim_start_matches('\u{feff}');
        let first = text.lines().next().unwrap_or_default().trim();
        if is_csv_header(first) {
            return (Self::Csv(first.split(',').map(|name| name.trim().to_lowercase()).collect()), true);
        }
        let content = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
        if content.is_some_and(|line| line.starts_with('{')) { (Self::Json, false) } else { (Self::Plain, false) }
    }

    /// Reads a line; the reason if it is no entry.
    pub(super) fn fields<'l>(&self, line: &'l str, kind: ListType) -> Result<Fields<'l>, String> {
        let line = line.trim().trim_start_matches('\u{feff}');
        match self {
            Self::Inline => Ok(Fields { value: line.into(), ..Fields::default() }),
            Self::Plain => Ok(plain(line, kind)),
            Self::Csv(columns) => csv(line, columns),
            Self::Json => serde_json::from_str(line).map_err(|error| reason(&error)),
        }
    }
}

fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    format!("no JSON object with a text `value`: {text}")
}

fn is_csv_header(line: &str) -> bool {
    let first = line.split(',').next().unwrap_or_default().trim();
    first.eq_ignore_ascii_case("value") && line.contains(',')
}

/// A comment after white space and `#` belongs to the entry; patterns may hold a `#` themselves.
pub(super) fn plain(line: &str, kind: ListType) -> Fields<'_> {
    let comment =
        if kind == ListType::Pattern { None } else { line.split_once(" #").or_else(|| line.split_once("\t#")) };
    match comment {
        Some((text, comment)) => {
            Fields { value: text.trim().into(), comment: Some(comment.trim().into()), ..Fields::default() }
        }
        None => Fields { value: line.into(), ..Fields::default() },
    }
}

pub(super) fn csv<'l>(line: &'l str, columns: &[String]) -> Result<Fields<'l>, String> {
    let mut fields = Fields::default();
    let mut cells = columns.iter();
    let mut rest = Some(line);
    while let Some(text) = rest {
        let (cell, after) = cell(text)?;
        rest = after;
        let Some(column) = cells.next() else {
            return Err(format!("more cells than the {} columns of the first line", columns.len()));
        };
        let filled = || Some(cell.clone()).filter(|cell| !cell.is_empty());
        match column.as_str() {
            "value" => fields.value = cell,
            "comment" => fields.comment = filled(),
            "source" => fields.source = filled(),
            "expires" => fields.expires = filled(),
            _ => {}
        }
    }
    if fields.value.is_empty() { Err("the cell of `value` is empty".into()) } else { Ok(fields) }
}

/// All cells of a line.
pub(super) fn cells(line: &str) -> Result<Vec<Cow<'_, str>>, String> {
    let mut found = Vec::new();
    let mut rest = Some(line);
    while let Some(text) = rest {
        let (cell, after) = cell(text)?;
        found.push(cell);
        rest = after;
    }
    Ok(found)
}

/// The first cell, and what comes after its comma.
fn cell(text: &str) -> Result<(Cow<'_, str>, Option<&str>), String> {
    let Some(quoted) = text.trim_start().strip_prefix('"') else {
        return Ok(match text.split_once(',') {
            Some((cell, rest)) => (cell.trim().into(), Some(rest)),
            None => (text.trim().into(), None),
        });
    };
    let mut from = 0;
    loop {
        let end = from + quoted[from..].find('"').ok_or("the quotation mark is not closed")?;
        let after = &quoted[end + 1..];
        if after.starts_with('"') {
            from = end + 2;
            continue;
        }
        let inner = &quoted[..end];
        let inner = if inner.contains('"') { inner.replace("\"\"", "\"").into() } else { Cow::Borrowed(inner) };
        let after = after.trim_start();
        return match after.strip_prefix(',') {
            Some(rest) => Ok((inner, Some(rest))),
            None if after.is_empty() => Ok((inner, None)),
            None => Err("text after the closing quotation mark".into()),
        };
    }
}
