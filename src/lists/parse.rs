//! Entries from inline literals and from files.

use super::ListType;
use super::data::{ListData, Slot};
use super::format::{Fields, Format};
use crate::calendar::moment;
use crate::diagnostic::{Diagnostic, codes};
use crate::matcher::{Pattern, PatternOptions};
use crate::source::{SourceId, Span};
use crate::value::{Cidr, host_key};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most entries of one list.
pub const MAX_ENTRIES: usize = 2_000_000;
/// Longest line of a list's file, in bytes.
pub const MAX_LINE: usize = u16::MAX as usize;
/// Longest entry, in bytes; a regular expression may fill its line.
pub const MAX_KEY: usize = 4096;
/// Most problems of one list that are shown.
const MAX_PROBLEMS: usize = 20;

impl ListData {
    /// A list from entries with their places.
    pub fn from_entries(kind: ListType, entries: &[(Arc<str>, Span)]) -> (Self, Vec<Diagnostic>) {
        let mut raw = String::new();
        let mut places = Vec::with_capacity(entries.len());
        for (text, span) in entries {
            places.push((raw.len(), *span));
            raw.push_str(text);
            raw.push('\n');
        }
        let raw: Arc<str> = raw.into();
        let mut builder = Builder::new(kind, Arc::clone(&raw), Format::Inline);
        for ((at, span), (text, _)) in places.into_iter().zip(entries) {
            let fields = Fields { value: raw[at..at + text.len()].into(), ..Fields::default() };
            builder.add(&fields, Line { at, number: 0, span });
        }
        builder.finish(None)
    }

    /// A list from the text of its file. How many entries have expired by `now`, in milliseconds
    /// since 1970, is said; lookups decide by their own clock.
    pub fn parse(kind: ListType, source: SourceId, text: &Arc<str>, now: Option<i64>) -> (Self, Vec<Diagnostic>) {
        let (format, header) = Format::of(text);
        let mut builder = Builder::new(kind, Arc::clone(text), format.clone());
        builder.source = Some(source);
        let mut at = 0;
        for (index, raw) in text.split_inclusive('\n').enumerate() {
            let line = Line { at, number: index as u32 + 1, span: Span::new(source, at, at + raw.trim_end().len()) };
            at += raw.len();
            let content = raw.trim().trim_start_matches('\u{feff}');
            if content.is_empty() || content.starts_with('#') || (header && index == 0) {
                continue;
            }
            builder.line(content, &format, line);
            if builder.full(line.span) {
                break;
            }
        }
        builder.finish(now)
    }
}

/// The lines of a list's file, from 1, whose entries have expired by `now`, in milliseconds since
/// 1970.
pub fn expired_lines(kind: ListType, text: &str, now: i64) -> Vec<usize> {
    let (format, header) = Format::of(text);
    let is_expired = |line: &str| {
        let fields = format.fields(line, kind).ok();
        let expires = fields.and_then(|fields| moment(fields.expires.as_deref()?));
        expires.is_some_and(|expires| expires <= now)
    };
    let lines = text.lines().enumerate().skip(usize::from(header));
    let entries = lines.filter(|(_, line)| !line.trim().is_empty() && !line.trim().starts_with('#'));
    entries.filter(|(_, line)| line.len() <= MAX_LINE && is_expired(line)).map(|(index, _)| index + 1).collect()
}

/// An entry in the form in which it is compared; the reason if it is none of the type.
pub(super) fn canonical(kind: ListType, text: &str) -> Result<String, String> {
    let most = if kind == ListType::Pattern { MAX_LINE } else { MAX_KEY };
    if text.len() > most {
        return Err(format!("an entry of more than {most} bytes"));
    }
    if text.chars().any(char::is_control) {
        return Err("an entry with a control character".into());
    }
    match key(kind, text) {
        Ok((key, _)) => Ok(key.into_owned()),
        Err(_) => Err(format!("what is not an entry of type `{}`", kind.name())),
    }
}

/// Where a line begins, its number, and its place for problems.
#[derive(Clone, Copy)]
struct Line {
    at: usize,
    number: u32,
    span: Span,
}

struct Builder {
    data: ListData,
    /// The file's text, where problems are shown.
    source: Option<SourceId>,
    prefixes: BTreeSet<u8>,
    diagnostics: Vec<Diagnostic>,
    /// Problems that are not shown one by one, with the place of the first.
    more: Option<(Span, usize)>,
}

impl Builder {
    fn new(kind: ListType, raw: Arc<str>, format: Format) -> Self {
        let data = ListData::empty(kind, raw, format);
        Self { data, source: None, prefixes: BTreeSet::new(), diagnostics: Vec::new(), more: None }
    }

    fn problem(&mut self, message: String, span: Span) {
        if self.diagnostics.len() < MAX_PROBLEMS {
            self.diagnostics.push(Diagnostic::new(codes::LIST, message, span, "not taken"));
        } else {
            self.more.get_or_insert((span, 0)).1 += 1;
        }
    }

    fn full(&mut self, span: Span) -> bool {
        let full = self.data.slots.len() >= MAX_ENTRIES;
        if full {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::LIST,
                    format!("a list holds at most {MAX_ENTRIES} entries"),
                    span,
                    "the last one taken",
                )
                .help("split the list in two"),
            );
        }
        full
    }

    fn line(&mut self, content: &str, format: &Format, line: Line) {
        if content.len() > MAX_LINE {
            let message = format!("the line has {} bytes, a line of a list at most {MAX_LINE}", content.len());
            return self.problem(message, Span { end: line.span.start + 40, ..line.span });
        }
        match format.fields(content, self.data.kind) {
            Ok(fields) => self.add(&fields, line),
            Err(reason) => self.problem(reason, line.span),
        }
    }

    fn add(&mut self, fields: &Fields<'_>, line: Line) {
        let text: &str = &fields.value;
        let most = if self.data.kind == ListType::Pattern { MAX_LINE } else { MAX_KEY };
        if text.len() > most {
            return self.problem(format!("an entry has at most {most} bytes, this one {}", text.len()), line.span);
        }
        if text.contains('\0') {
            return self.problem("a NUL character is no part of an entry".into(), line.span);
        }
        let expires = fields.expires.as_deref().map(|text| moment(text).ok_or(text));
        if let Some(Err(text)) = expires {
            let message = format!("`{}` is not a date such as 2027-03-01", text.escape_debug());
            return self.problem(message, line.span);
        }
        match key(self.data.kind, text) {
            Ok((key, extra)) => self.insert(&key, extra, line, expires.and_then(Result::ok)),
            Err(reason) => self.problem(reason, line.span),
        }
    }

    fn insert(&mut self, key: &str, extra: Extra, line: Line, expires: Option<i64>) {
        let entry = self.data.slots.len() as u32;
        let data = &mut self.data;
        let taken = data.index.insert(entry, key, |entry| {
            let slot = data.slots[entry as usize];
            let from: &str = if slot.own { &data.own } else { &data.raw };
            &from[slot.at as usize..slot.at as usize + usize::from(slot.len)]
        });
        match taken {
            Ok(()) => {
                let (at, own) = self.place(key);
                let len = key.len() as u16;
                self.data.slots.push(Slot { at, len, own, line_at: line.at as u32, line: line.number });
                self.data.expiries.extend(expires.map(|moment| (entry, moment)));
                match extra {
                    Extra::None => {}
                    Extra::Prefix(prefix) => drop(self.prefixes.insert(prefix)),
                    Extra::Pattern(pattern) => self.data.patterns.push(pattern),
                }
            }
            Err(first) => self.repeated(first, line.number, expires),
        }
    }

    /// The same entry again: it counts until the later of the two has expired.
    fn repeated(&mut self, first: u32, line: u32, expires: Option<i64>) {
        self.data.duplicates.push((line, first));
        let expiries = &mut self.data.expiries;
        let Ok(at) = expiries.binary_search_by_key(&first, |(entry, _)| *entry) else { return };
        match expires {
            Some(moment) => expiries[at].1 = expiries[at].1.max(moment),
            None => drop(expiries.remove(at)),
        }
    }

    /// Where a key stands in the file's text; one that does not is written down.
    fn place(&mut self, key: &str) -> (u32, bool) {
        let raw = self.data.raw.as_bytes().as_ptr_range();
        let start = key.as_ptr();
        if raw.contains(&start) {
            return ((start.addr() - raw.start.addr()) as u32, false);
        }
        let at = self.data.own.len() as u32;
        self.data.own.push_str(key);
        (at, true)
    }
}

impl Builder {
    fn finish(mut self, now: Option<i64>) -> (ListData, Vec<Diagnostic>) {
        if let Some((span, count)) = self.more {
            let message = format!("{count} more lines of this list are no entries");
            self.diagnostics.push(Diagnostic::new(codes::LIST, message, span, "the first of them"));
        }
        self.data.prefixes = std::mem::take(&mut self.prefixes).into_iter().collect();
        self.data.own.shrink_to_fit();
        self.data.slots.shrink_to_fit();
        self.diagnostics.extend(now.and_then(|now| self.expired(now)));
        (self.data, self.diagnostics)
    }

    fn expired(&self, now: i64) -> Option<Diagnostic> {
        let mut expired = self.data.expiries.iter().filter(|(_, moment)| *moment <= now);
        let first = self.data.slots.get(expired.next()?.0 as usize)?;
        let count = 1 + expired.count();
        let start = first.line_at as usize;
        let line = self.data.raw.get(start..)?.lines().next()?.trim_end();
        let span = Span::new(self.source?, start, start + line.len());
        let message = format!("{count} of the list's entries have expired and no longer count");
        Some(Diagnostic::new(codes::EXPIRED, message, span, "the first one").help("renew or remove them"))
    }
}

/// What a type of list keeps beside the text of an entry.
enum Extra {
    None,
    Prefix(u8),
    Pattern(Arc<Pattern>),
}

/// The form in which an entry is compared; the reason if it is none of the type.
fn key(kind: ListType, text: &str) -> Result<(Cow<'_, str>, Extra), String> {
    let key = match kind {
        _ if text.is_empty() => None,
        ListType::String | ListType::Url | ListType::Glob => Some((text.into(), Extra::None)),
        // Of a name of invisible characters nothing is left.
        ListType::Domain => Some((host_key(text), Extra::None)).filter(|(name, _)| !name.is_empty()),
        ListType::Email => text.contains('@').then(|| (lower(text), Extra::None)),
        ListType::Hash => {
            let hex = text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            hex.then(|| (lower(text), Extra::None))
        }
        ListType::Ip => text.parse::<std::net::IpAddr>().ok().map(|ip| (same_or(text, ip.to_string()), Extra::None)),
        ListType::Cidr => {
            Cidr::parse(text).map(|block| (same_or(text, block.to_string()), Extra::Prefix(block.prefix)))
        }
        ListType::Int => text.parse::<i64>().ok().map(|number| (same_or(text, number.to_string()), Extra::None)),
        ListType::Pattern => match Pattern::new(text, PatternOptions::default()) {
            Ok(pattern) => Some((text.into(), Extra::Pattern(Arc::new(pattern)))),
            Err(error) => return Err(format!("this regular expression is refused: {}", error.message)),
        },
    };
    key.ok_or_else(|| format!("`{}` is not an entry of type `{}`", text.escape_debug(), kind.name()))
}

fn same_or(text: &str, canonical: String) -> Cow<'_, str> {
    if text == canonical { text.into() } else { canonical.into() }
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return text.into();
    }
    text.to_lowercase().into()
}
