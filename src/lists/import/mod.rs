//! Entries from the formats of others: what can be a list's entry is taken, what cannot is counted
//! by its reason, nothing is dropped in silence.

mod misp;
mod rspamd;
mod stix;
mod table;

pub use rspamd::MapKind;

use super::{ListType, MAX_ENTRIES, parse};
use std::collections::{BTreeMap, BTreeSet};

/// Largest input, in bytes.
pub const MAX_INPUT: usize = 256 << 20;
/// Most reasons that are told apart.
const MAX_REASONS: usize = 100;

/// A foreign format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An entry in each line, `#` begins a comment.
    Plain,
    /// Comma-separated values with the names of the columns in the first line.
    Csv,
    /// An object in each line.
    JsonLines,
    /// A map of rspamd.
    Rspamd(MapKind),
    /// Events or attributes of MISP, as its feeds and its export write them.
    Misp,
    /// Indicators of STIX 2.1: a bundle, a list of objects, or one object.
    Stix,
}

/// How foreign data is read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The type of the entries, where the format does not say it.
    pub kind: Option<ListType>,
    /// The column or key that holds the value, where it is not called `value`.
    pub column: Option<String>,
    /// Said of every entry that has no source of its own.
    pub source: Option<String>,
    /// Milliseconds from when an entry was published until it expires, where the format says the one
    /// and not the other.
    pub lifetime: Option<i64>,
    /// Take also what its publisher does not mean for detection (`to_ids: false` of MISP).
    pub all: bool,
}

/// An entry, not yet of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The entry.
    pub value: String,
    /// What its publisher says of it.
    pub comment: String,
    /// Where it was published.
    pub source: String,
    /// Milliseconds since 1970 from which it no longer counts.
    pub expires: Option<i64>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Entries by type, in the order of the input, each once.
    pub entries: BTreeMap<ListType, Vec<Found>>,
    /// What was not taken, by its reason.
    pub skipped: BTreeMap<String, usize>,
    /// Entries that repeat another.
    pub duplicates: usize,
    seen: BTreeSet<(ListType, String)>,
}

/// Why nothing could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportError {
    /// Line, from 1.
    pub line: usize,
    /// The reason.
    pub reason: String,
}

impl std::fmt::Display for ImportError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// Reads foreign data.
pub fn import(format: Format, bytes: &[u8], options: &Options) -> Result<Imported, ImportError> {
    if bytes.len() > MAX_INPUT {
        return Err(ImportError { line: 1, reason: format!("larger than {MAX_INPUT} bytes") });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
        ImportError { line, reason: "not UTF-8".into() }
    })?;
    let text = text.trim_start_matches('\u{feff}');
    let mut imported = Imported::default();
    match format {
        Format::Plain => table::plain(text, options, &mut imported)?,
        Format::Csv => table::csv(text, options, &mut imported)?,
        Format::JsonLines => table::json_lines(text, options, &mut imported)?,
        Format::Rspamd(kind) => rspamd::read(text, kind, options, &mut imported),
        Format::Misp => misp::read(&document(text)?, options, &mut imported),
        Format::Stix => stix::read(&document(text)?, options, &mut imported),
    }
    imported.seen.clear();
    Ok(imported)
}

fn document(text: &str) -> Result<serde_json::Value, ImportError> {
    serde_json::from_str(text).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default().to_owned();
        ImportError { line: error.line().max(1), reason }
    })
}

impl Imported {
    fn skip(&mut self, reason: impl Into<String>) {
        let reason: String = reason.into().chars().take(200).collect();
        let known = self.skipped.contains_key(&reason) || self.skipped.len() < MAX_REASONS;
        let reason = if known { reason } else { "for other reasons".to_owned() };
        *self.skipped.entry(reason).or_default() += 1;
    }

    /// Takes an entry, in the form in which lists compare it, if it is one of the type.
    fn take(&mut self, kind: ListType, mut found: Found, options: &Options) {
        if options.kind.is_some_and(|wanted| wanted != kind) {
            return self.skip(format!("entries of type `{}`, which is not asked for", kind.name()));
        }
        match parse::canonical(kind, found.value.trim()) {
            Ok(value) => found.value = value,
            Err(reason) => return self.skip(reason),
        }
        if found.source.is_empty() {
            found.source = options.source.clone().unwrap_or_default();
        }
        if !self.seen.insert((kind, found.value.clone())) {
            self.duplicates += 1;
            return;
        }
        let entries = self.entries.entry(kind).or_default();
        if entries.len() >= MAX_ENTRIES {
            return self.skip(format!("more than {MAX_ENTRIES} entries of type `{}`", kind.name()));
        }
        entries.push(found);
    }

    /// The entries of a type as a list's file: CSV with the columns that are used.
    pub fn csv(&self, kind: ListType) -> String {
        let entries = self.entries.get(&kind).map(Vec::as_slice).unwrap_or_default();
        let mut out = "value,comment,source,expires\n".to_owned();
        for entry in entries {
            let expires = entry.expires.map(crate::calendar::show).unwrap_or_default();
            let cells = [&entry.value, &entry.comment, &entry.source, &expires].map(|text| cell(text));
            out.push_str(&cells.join(","));
            out.push('\n');
        }
        out
    }
}

/// One line, in quotes where it must be. A value is never cut: its length was checked.
fn cell(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // A byte order mark that begins a line is read as one, not as text.
    if line.contains([',', '"']) || line.starts_with(['#', '\u{feff}']) || line.trim() != line {
        format!("\"{}\"", line.replace('"', "\"\""))
    } else {
        line
    }
}

/// A remark of bounded length.
fn remark(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()
}
