//! Entries from inline literals and from files: plain text, CSV with a header, JSON lines.

use super::{Entry, ListData, ListType};
use crate::diagnostic::{Diagnostic, codes};
use crate::matcher::{Pattern, PatternOptions};
use crate::source::{SourceId, Span};
use crate::value::{Cidr, Value};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, OnceLock};

/// Most entries of one list.
const MAX_ENTRIES: usize = 2_000_000;

impl ListData {
    /// A list from entries with their places.
    pub fn from_entries(kind: ListType, entries: &[(Arc<str>, Span)]) -> (Self, Vec<Diagnostic>) {
        let mut builder = Builder::new(kind);
        for (text, span) in entries {
            builder.add(Entry { text: Arc::clone(text), ..Entry::default() }, *span);
        }
        builder.finish()
    }

    /// A list from the text of its file. Entries that have expired by `now`, in milliseconds since
    /// 1970, are left out, and said to be.
    pub fn parse(kind: ListType, source: SourceId, text: &str, now: Option<i64>) -> (Self, Vec<Diagnostic>) {
        let mut builder = Builder::new(kind);
        let mut columns: Option<Vec<String>> = None;
        let mut at = 0;
        for (index, raw) in text.split_inclusive('\n').enumerate() {
            let span = Span::new(source, at, at + raw.trim_end().len());
            at += raw.len();
            let line = raw.trim().trim_start_matches('\u{feff}');
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if index == 0 && is_csv_header(line) {
                columns = Some(line.split(',').map(|name| name.trim().to_lowercase()).collect());
                continue;
            }
            let entry = match &columns {
                Some(columns) => csv_entry(line, columns),
                None if line.starts_with('{') => json_entry(line),
                None => Some(plain_entry(line, kind)),
            };
            match entry {
                Some(entry) if entry.expires.zip(now).is_some_and(|(expires, now)| expires <= now) => {
                    builder.expired.get_or_insert((span, 0)).1 += 1;
                }
                Some(mut entry) => {
                    entry.line = index as u32 + 1;
                    builder.add(entry, span);
                }
                None => builder.problem("the line is no entry".into(), span),
            }
            if builder.full(span) {
                break;
            }
        }
        builder.finish()
    }
}

struct Builder {
    data: ListData,
    diagnostics: Vec<Diagnostic>,
    /// The first entry that has expired, and how many have.
    expired: Option<(Span, usize)>,
}

impl Builder {
    fn new(kind: ListType) -> Self {
        let data = ListData {
            kind,
            entries: Vec::new(),
            values: Vec::new(),
            exact: HashSet::new(),
            folded: OnceLock::new(),
            ips: HashSet::new(),
            numbers: HashSet::new(),
            blocks: BTreeMap::new(),
            automata: [OnceLock::new(), OnceLock::new()],
            globs: OnceLock::new(),
            caseless: OnceLock::new(),
        };
        Self { data, diagnostics: Vec::new(), expired: None }
    }

    fn problem(&mut self, message: String, span: Span) {
        self.diagnostics.push(Diagnostic::new(codes::LIST, message, span, "not taken"));
    }

    fn full(&mut self, span: Span) -> bool {
        let full = self.data.entries.len() >= MAX_ENTRIES;
        if full {
            self.problem(format!("a list holds at most {MAX_ENTRIES} entries"), span);
        }
        full
    }

    fn add(&mut self, mut entry: Entry, span: Span) {
        let Some(value) = self.value(&entry.text, span) else { return };
        if let Value::String(text) = &value {
            entry.text = Arc::clone(text);
            self.data.exact.insert(Arc::clone(text));
        }
        self.data.values.push(value);
        self.data.entries.push(entry);
    }

    fn value(&mut self, text: &str, span: Span) -> Option<Value> {
        let value = match self.data.kind {
            ListType::String | ListType::Url | ListType::Glob => Some(Value::from(text)),
            ListType::Domain => Some(Value::from(domain(text))),
            ListType::Email => text.contains('@').then(|| Value::from(text.to_lowercase())),
            ListType::Hash => {
                let hex = text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
                hex.then(|| Value::from(text.to_lowercase()))
            }
            ListType::Ip => text.parse().ok().map(|ip| {
                self.data.ips.insert(ip);
                Value::Ip(ip)
            }),
            ListType::Cidr => Cidr::parse(text).map(|cidr| {
                self.data.blocks.entry(cidr.prefix).or_default().insert(cidr);
                Value::Cidr(cidr)
            }),
            ListType::Int => text.parse().ok().map(|number| {
                self.data.numbers.insert(number);
                Value::Int(number)
            }),
            ListType::Pattern => return self.pattern(text, span),
        };
        if value.is_none() {
            self.problem(format!("`{}` is not an entry of this type", text.escape_debug()), span);
        }
        value
    }

    fn pattern(&mut self, text: &str, span: Span) -> Option<Value> {
        match Pattern::new(text, PatternOptions::default()) {
            Ok(pattern) => Some(Value::Pattern(Arc::new(pattern))),
            Err(error) => {
                self.problem(format!("this regular expression is refused: {}", error.message), span);
                None
            }
        }
    }

    fn finish(mut self) -> (ListData, Vec<Diagnostic>) {
        if let Some((span, count)) = self.expired {
            let message = format!("{count} of the list's entries have expired and no longer count");
            self.diagnostics
                .push(Diagnostic::new(codes::EXPIRED, message, span, "the first one").help("renew or remove them"));
        }
        (self.data, self.diagnostics)
    }
}

fn domain(text: &str) -> String {
    let trimmed = text.trim_end_matches('.');
    idna::domain_to_ascii(trimmed).unwrap_or_else(|_| trimmed.to_lowercase())
}

fn is_csv_header(line: &str) -> bool {
    let mut names = line.split(',').map(str::trim);
    names.next().is_some_and(|first| first.eq_ignore_ascii_case("value")) && line.contains(',')
}

/// A comment after white space and `#` belongs to the entry; patterns may hold a `#` themselves.
fn plain_entry(line: &str, kind: ListType) -> Entry {
    if kind == ListType::Pattern {
        return Entry { text: line.into(), ..Entry::default() };
    }
    match line.split_once(" #") {
        Some((text, comment)) => {
            Entry { text: text.trim().into(), comment: Some(comment.trim().into()), ..Entry::default() }
        }
        None => Entry { text: line.into(), ..Entry::default() },
    }
}

fn csv_entry(line: &str, columns: &[String]) -> Option<Entry> {
    let cells = csv_cells(line);
    let cell = |name: &str| {
        let index = columns.iter().position(|column| column == name)?;
        cells.get(index).map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
    };
    Some(Entry {
        text: cell("value")?.into(),
        line: 0,
        comment: cell("comment").map(Into::into),
        source: cell("source").map(Into::into),
        expires: cell("expires").and_then(date),
    })
}

fn csv_cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                push(&mut cells, '"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            c => push(&mut cells, c),
        }
    }
    cells
}

fn push(cells: &mut [String], c: char) {
    if let Some(last) = cells.last_mut() {
        last.push(c);
    }
}

fn json_entry(line: &str) -> Option<Entry> {
    let object: serde_json::Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| object.get(name)?.as_str().map(Arc::<str>::from);
    Some(Entry {
        text: text("value")?,
        line: 0,
        comment: text("comment"),
        source: text("source"),
        expires: text("expires").and_then(|text| date(&text)),
    })
}

/// `2027-03-01` in milliseconds since 1970.
fn date(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some((days + (153 * month + 2) / 5 + day - 1 - 719_468) * 86_400_000)
}
