//! The entries of one list: offsets into the text of its file, and a table over them.

use super::format::Format;
use super::index::Index;
use super::search::Searches;
use super::{ListType, Search};
use crate::matcher::{Pattern, fold_char};
use crate::value::{Cidr, Value};
use std::borrow::Cow;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

/// One entry with where it comes from, made when somebody asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The entry in the form in which it is compared.
    pub text: Arc<str>,
    /// Line in the list's file, 0 for inline entries.
    pub line: u32,
    /// What its author says of it.
    pub comment: Option<Arc<str>>,
    /// Where the fact was published.
    pub source: Option<Arc<str>>,
    /// Milliseconds since 1970 from which it no longer counts.
    pub expires: Option<i64>,
}

/// Where an entry stands: 16 bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// Where its text begins, in the file's text or, if `own`, among the texts that had to be
    /// written anew.
    pub(super) at: u32,
    pub(super) len: u16,
    pub(super) own: bool,
    /// Where its line begins in the file's text.
    pub(super) line_at: u32,
    /// Line, from 1; 0 for inline entries.
    pub(super) line: u32,
}

/// The entries of one list, ready for lookup. Immutable.
#[derive(Debug)]
pub struct ListData {
    pub(super) kind: ListType,
    /// The text of the file, shared with whoever read it.
    pub(super) raw: Arc<str>,
    /// Texts of entries that do not stand in `raw` as they are compared.
    pub(super) own: String,
    pub(super) slots: Vec<Slot>,
    pub(super) format: Format,
    pub(super) index: Index,
    /// The same in lower case, for types whose case counts.
    pub(super) folded: OnceLock<Folded>,
    /// Entries that expire, in their order, with the moment.
    pub(super) expiries: Vec<(u32, i64)>,
    /// Lines that repeat an entry, with that entry.
    pub(super) duplicates: Vec<(u32, u32)>,
    /// The compiled entries of a list of patterns.
    pub(super) patterns: Vec<Arc<Pattern>>,
    /// Lengths of the prefixes of blocks, ascending.
    pub(super) prefixes: Vec<u8>,
    pub(super) searches: Searches,
    pub(super) values: OnceLock<Value>,
    /// How often each entry was found, if somebody counts.
    pub(super) hits: OnceLock<Box<[AtomicU32]>>,
}

/// Entries in lower case; where two are then the same, the first stands.
#[derive(Debug, Default)]
pub(super) struct Folded {
    texts: String,
    spans: Vec<(u32, u32)>,
    ascii: bool,
    index: Index,
}

impl Folded {
    pub(super) fn text(&self, entry: u32) -> &str {
        let (start, end) = self.spans.get(entry as usize).copied().unwrap_or_default();
        self.texts.get(start as usize..end as usize).unwrap_or_default()
    }

    /// True if no entry goes beyond ASCII.
    pub(super) fn is_ascii(&self) -> bool {
        self.ascii
    }

    pub(super) fn get(&self, folded: &str) -> Option<u32> {
        self.index.get(folded, |entry| self.text(entry))
    }
}

impl ListData {
    pub(super) fn empty(kind: ListType, raw: Arc<str>, format: Format) -> Self {
        Self {
            kind,
            raw,
            own: String::new(),
            slots: Vec::new(),
            format,
            index: Index::default(),
            folded: OnceLock::new(),
            expiries: Vec::new(),
            duplicates: Vec::new(),
            patterns: Vec::new(),
            prefixes: Vec::new(),
            searches: Searches::default(),
            values: OnceLock::new(),
            hits: OnceLock::new(),
        }
    }

    /// The type of its entries.
    pub fn kind(&self) -> ListType {
        self.kind
    }

    /// Number of different entries, those that have expired included.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// True if it has no entries.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Bytes that the entries take in memory: the file's text, the offsets, the table. What a search
    /// in texts builds when it is first asked is not counted.
    pub fn bytes(&self) -> usize {
        self.raw.len()
            + self.own.capacity()
            + self.slots.capacity() * size_of::<Slot>()
            + self.index.bytes()
            + self.expiries.capacity() * size_of::<(u32, i64)>()
            + self.duplicates.capacity() * size_of::<(u32, u32)>()
    }

    /// From now on counts how often each entry is found.
    pub fn count_hits(&self) {
        self.hits.get_or_init(|| (0..self.len()).map(|_| AtomicU32::new(0)).collect());
    }

    /// How often an entry was found since somebody counts.
    pub fn hits(&self, entry: usize) -> u32 {
        self.hits.get().and_then(|hits| hits.get(entry)).map_or(0, |hits| hits.load(Ordering::Relaxed))
    }

    pub(super) fn hit(&self, entry: usize) {
        if let Some(hits) = self.hits.get().and_then(|hits| hits.get(entry)) {
            hits.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lines that repeat an earlier entry, with that entry's position.
    pub fn duplicates(&self) -> impl Iterator<Item = (u32, usize)> {
        self.duplicates.iter().map(|(line, entry)| (*line, *entry as usize))
    }

    /// The text of an entry in the form in which it is compared; empty past the end.
    pub fn text(&self, entry: usize) -> &str {
        self.slots.get(entry).map_or("", |slot| self.slot_text(*slot))
    }

    fn slot_text(&self, slot: Slot) -> &str {
        let from: &str = if slot.own { &self.own } else { &self.raw };
        from.get(slot.at as usize..slot.at as usize + usize::from(slot.len)).unwrap_or_default()
    }

    /// An entry by position, with its comment and source.
    pub fn entry(&self, entry: usize) -> Option<Entry> {
        let slot = *self.slots.get(entry)?;
        let rest = self.raw.get(slot.line_at as usize..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default();
        let fields = self.format.fields(line, self.kind).unwrap_or_default();
        Some(Entry {
            text: self.slot_text(slot).into(),
            line: slot.line,
            comment: fields.comment.as_deref().map(Into::into),
            source: fields.source.as_deref().map(Into::into),
            expires: self.expires(entry),
        })
    }

    /// When an entry expires, in milliseconds since 1970.
    pub fn expires(&self, entry: usize) -> Option<i64> {
        let at = self.expiries.binary_search_by_key(&entry, |(entry, _)| *entry as usize).ok()?;
        self.expiries.get(at).map(|(_, moment)| *moment)
    }

    /// True unless the entry has expired. Without a clock nothing expires.
    pub fn is_live(&self, entry: usize, now: Option<i64>) -> bool {
        self.expiries.is_empty() || now.is_none_or(|now| self.expires(entry).is_none_or(|moment| now < moment))
    }

    /// True if some entry has expired by then.
    pub(super) fn any_expired(&self, now: Option<i64>) -> bool {
        now.is_some_and(|now| self.expiries.iter().any(|(_, moment)| *moment <= now))
    }

    /// The value of an entry as rules compute with it.
    pub fn value(&self, entry: usize) -> Value {
        let text = self.text(entry);
        match self.kind {
            ListType::Ip => text.parse().map_or(Value::Null, Value::Ip),
            ListType::Cidr => Cidr::parse(text).map_or(Value::Null, Value::Cidr),
            ListType::Int => text.parse().map_or(Value::Null, Value::Int),
            ListType::Pattern => {
                self.patterns.get(entry).map_or(Value::Null, |pattern| Value::Pattern(Arc::clone(pattern)))
            }
            _ => Value::from(text),
        }
    }

    /// All entries as a list value, expired ones too.
    pub(super) fn all_values(&self) -> Value {
        self.values.get_or_init(|| Value::list((0..self.len()).map(|entry| self.value(entry)))).clone()
    }

    /// The position of the entry that holds the value; constant cost.
    pub fn find(&self, value: &Value, no_case: bool) -> Option<usize> {
        let found = match value {
            Value::String(text) if matches!(self.kind, ListType::Ip | ListType::Cidr) => self.ip(text.parse().ok()?),
            Value::String(text) => self.find_text(text, no_case),
            Value::Ip(ip) => self.ip(*ip),
            Value::Int(number) if self.kind == ListType::Int => self.key(&number.to_string()),
            _ => None,
        };
        found.map(|entry| entry as usize)
    }

    /// The entry with exactly this text.
    pub(super) fn key(&self, text: &str) -> Option<u32> {
        self.index.get(text, |entry| self.text(entry as usize))
    }

    fn find_text(&self, text: &str, no_case: bool) -> Option<u32> {
        if let Some(found) = self.key(text) {
            return Some(found);
        }
        if self.kind.folds() {
            return self.key(&fold(text));
        }
        no_case.then(|| self.folded().get(&fold(text))).flatten()
    }

    pub(super) fn folded(&self) -> &Folded {
        self.folded.get_or_init(|| {
            let mut folded = Folded::default();
            for entry in 0..self.len() {
                let start = folded.texts.len() as u32;
                folded.texts.extend(self.text(entry).chars().map(fold_char));
                folded.spans.push((start, folded.texts.len() as u32));
            }
            let mut index = Index::default();
            for entry in 0..self.len() as u32 {
                let _ = index.insert(entry, folded.text(entry), |entry| folded.text(entry));
            }
            folded.index = index;
            folded.ascii = folded.texts.is_ascii();
            folded
        })
    }

    /// A block that holds the address, or the address itself. IPv4-mapped IPv6 addresses count as
    /// IPv4 too.
    fn ip(&self, ip: IpAddr) -> Option<u32> {
        let mapped = match ip {
            IpAddr::V6(v6) => v6.to_ipv4_mapped().map(IpAddr::V4),
            IpAddr::V4(_) => None,
        };
        std::iter::once(ip).chain(mapped).find_map(|ip| match self.kind {
            ListType::Ip => self.key(&ip.to_string()),
            ListType::Cidr => self.block(ip),
            _ => None,
        })
    }

    fn block(&self, ip: IpAddr) -> Option<u32> {
        let width = if ip.is_ipv4() { 32 } else { 128 };
        let prefixes = self.prefixes.iter().rev().filter(|prefix| **prefix <= width);
        prefixes.map(|prefix| Cidr::of(ip, *prefix).to_string()).find_map(|block| self.key(&block))
    }

    /// The first entry found in a text that `counts`, with its place there.
    pub fn search(
        &self,
        search: Search,
        no_case: bool,
        text: &str,
        counts: Option<&dyn Fn(usize) -> bool>,
    ) -> Option<(usize, Range<usize>)> {
        self.searches.find(self, search, no_case, text, counts)
    }
}

/// Lower case, one character for one character.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(fold_char).collect())
}
