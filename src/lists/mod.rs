//! Typed reference sets: hash lookup for values, prefix tables for blocks of addresses, one
//! automaton for literals looked for in texts.

mod parse;

use crate::matcher::{Glob, Pattern, PatternOptions};
use crate::value::{Cidr, Value};
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// The type of a list's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListType {
    /// Text.
    String,
    /// Host names.
    Domain,
    /// Addresses of mailboxes.
    Email,
    /// URLs.
    Url,
    /// IP addresses.
    Ip,
    /// Blocks of IP addresses.
    Cidr,
    /// Hashes in hexadecimal.
    Hash,
    /// Regular expressions.
    Pattern,
    /// Globs.
    Glob,
    /// Whole numbers.
    Int,
}

impl ListType {
    /// Finds a type by the name that rules write.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "string" => Self::String,
            "domain" => Self::Domain,
            "email" => Self::Email,
            "url" => Self::Url,
            "ip" => Self::Ip,
            "cidr" => Self::Cidr,
            "hash" => Self::Hash,
            "pattern" => Self::Pattern,
            "glob" => Self::Glob,
            "int" => Self::Int,
            _ => return None,
        })
    }
}

/// One entry with where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The entry as written.
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

/// How a text is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// Anywhere.
    Contains,
    /// At the beginning.
    StartsWith,
    /// At the end.
    EndsWith,
    /// A glob over the whole text.
    Like,
    /// A regular expression anywhere.
    Matches,
    /// A regular expression over the whole text.
    MatchesWhole,
}

/// The entries of one list, ready for lookup. Immutable.
#[derive(Debug)]
pub struct ListData {
    kind: ListType,
    entries: Vec<Entry>,
    values: Vec<Value>,
    exact: HashSet<Arc<str>>,
    folded: OnceLock<HashSet<String>>,
    ips: HashSet<IpAddr>,
    numbers: HashSet<i64>,
    blocks: BTreeMap<u8, HashSet<Cidr>>,
    automata: [OnceLock<Option<AhoCorasick>>; 2],
    globs: OnceLock<Vec<(Glob, Glob)>>,
    caseless: OnceLock<Vec<Option<Pattern>>>,
}

impl ListData {
    /// The type of its entries.
    pub fn kind(&self) -> ListType {
        self.kind
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if it has no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// An entry by position.
    pub fn entry(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index)
    }

    /// All entries as a list value.
    pub fn values(&self) -> Value {
        Value::list(self.values.iter().cloned())
    }

    /// True if the list holds the value; constant cost.
    pub fn contains(&self, value: &Value, no_case: bool) -> bool {
        match value {
            Value::String(text) if matches!(self.kind, ListType::Ip | ListType::Cidr) => {
                text.parse().is_ok_and(|ip| self.contains_ip(ip))
            }
            Value::String(text) => self.contains_text(text, no_case),
            Value::Ip(ip) => self.contains_ip(*ip),
            Value::Int(number) => self.numbers.contains(number),
            _ => false,
        }
    }

    fn contains_text(&self, text: &str, no_case: bool) -> bool {
        if self.exact.contains(text) {
            return true;
        }
        let folds = no_case || matches!(self.kind, ListType::Domain | ListType::Email | ListType::Hash);
        folds
            && self
                .folded
                .get_or_init(|| self.exact.iter().map(|entry| entry.to_lowercase()).collect())
                .contains(&text.to_lowercase())
    }

    fn contains_ip(&self, ip: IpAddr) -> bool {
        if self.ips.contains(&ip) {
            return true;
        }
        let mapped = match ip {
            IpAddr::V6(v6) => v6.to_ipv4_mapped().map(IpAddr::V4),
            IpAddr::V4(_) => None,
        };
        std::iter::once(ip).chain(mapped).any(|ip| {
            let width = if ip.is_ipv4() { 32 } else { 128 };
            self.blocks
                .iter()
                .filter(|(prefix, _)| **prefix <= width)
                .any(|(prefix, blocks)| blocks.contains(&Cidr::of(ip, *prefix)))
        })
    }

    /// The first entry found in a text, with its place there.
    pub fn any_in_text(&self, search: Search, no_case: bool, text: &str) -> Option<(usize, Range<usize>)> {
        match search {
            Search::Contains => {
                let found = self.automaton(no_case)?.find(text)?;
                Some((found.pattern().as_usize(), found.range()))
            }
            Search::StartsWith | Search::EndsWith => {
                self.each_text(|entry| crate::matcher::find(search.literal(), no_case, text, entry))
            }
            Search::Like => {
                let globs = self.globs();
                globs
                    .iter()
                    .position(|(exact, folded)| if no_case { folded } else { exact }.is_match(text))
                    .map(|index| (index, 0..text.len()))
            }
            Search::Matches | Search::MatchesWhole => self.each_pattern(no_case, |pattern| {
                let found = pattern.find(text)?;
                (search == Search::Matches || found == (0..text.len())).then_some(found)
            }),
        }
    }

    fn each_text(&self, mut find: impl FnMut(&str) -> Option<Range<usize>>) -> Option<(usize, Range<usize>)> {
        self.entries.iter().enumerate().find_map(|(index, entry)| Some((index, find(&entry.text)?)))
    }

    fn each_pattern(
        &self,
        no_case: bool,
        mut find: impl FnMut(&Pattern) -> Option<Range<usize>>,
    ) -> Option<(usize, Range<usize>)> {
        if no_case {
            let mut patterns = self.caseless().iter().enumerate();
            return patterns.find_map(|(index, pattern)| Some((index, find(pattern.as_ref()?)?)));
        }
        self.values.iter().enumerate().find_map(|(index, value)| match value {
            Value::Pattern(pattern) => Some((index, find(pattern)?)),
            _ => None,
        })
    }

    /// The patterns compiled to ignore case. One that only then grows too large keeps its case.
    fn caseless(&self) -> &[Option<Pattern>] {
        self.caseless.get_or_init(|| {
            let compile = |value: &Value| match value {
                Value::Pattern(pattern) => {
                    let options = PatternOptions { no_case: true, ..pattern.options() };
                    Some(Pattern::new(pattern.source(), options).unwrap_or_else(|_| Pattern::clone(pattern)))
                }
                _ => None,
            };
            self.values.iter().map(compile).collect()
        })
    }

    fn globs(&self) -> &[(Glob, Glob)] {
        self.globs.get_or_init(|| {
            self.entries.iter().map(|entry| (Glob::new(&entry.text, false), Glob::new(&entry.text, true))).collect()
        })
    }

    fn automaton(&self, no_case: bool) -> Option<&AhoCorasick> {
        let slot = &self.automata[usize::from(no_case)];
        slot.get_or_init(|| {
            let mut builder = AhoCorasickBuilder::new();
            builder.match_kind(MatchKind::LeftmostFirst).ascii_case_insensitive(no_case);
            builder.build(self.entries.iter().map(|entry| entry.text.as_bytes())).ok()
        })
        .as_ref()
    }
}

impl Search {
    fn literal(self) -> crate::matcher::Literal {
        match self {
            Self::StartsWith => crate::matcher::Literal::StartsWith,
            Self::EndsWith => crate::matcher::Literal::EndsWith,
            _ => crate::matcher::Literal::Contains,
        }
    }
}

/// The lists of a compiled program, by the position of their declaration.
#[derive(Debug, Default)]
pub struct Lists {
    lists: Vec<Option<Arc<ListData>>>,
}

impl Lists {
    /// Lists in the order of their declarations; `None` for one that nobody provides.
    pub fn new(lists: Vec<Option<Arc<ListData>>>) -> Self {
        Self { lists }
    }

    /// The same lists, but for those given here by their positions.
    #[must_use]
    pub fn with(&self, given: impl IntoIterator<Item = (u32, Arc<ListData>)>) -> Self {
        let mut lists = self.lists.clone();
        for (index, list) in given {
            if let Some(slot) = lists.get_mut(index as usize) {
                *slot = Some(list);
            }
        }
        Self { lists }
    }

    /// A list; absent if nobody provides it.
    pub fn get(&self, index: u32) -> Option<&Arc<ListData>> {
        self.lists.get(index as usize)?.as_ref()
    }
}
