//! Thousands of literals, globs and regexes over one text in one pass.
//!
//! 1. The text is folded once ([`fold`]).
//! 2. Every pattern has literals of which each match holds one ([`factor`]); all of them are looked
//!    for in one pass ([`scan`]). Where it has none, bytes of certain classes stand together in each
//!    match ([`sequence`]), which are looked for at 64 places at a time ([`classes`]). A pattern of
//!    which nothing occurs is answered: no.
//! 3. What is left is a candidate. It is confirmed only when somebody asks, once for a text, by
//!    running its regex on the few bytes around each place found ([`confirm`]).
//!
//! The answers are those of [`Pattern::is_match`], [`find`](super::find) and [`Glob::is_match`].

mod builder;
mod bytes;
mod cache;
mod chance;
mod classes;
mod confirm;
mod csr;
mod factor;
mod fold;
mod hits;
mod scan;
mod sequence;

pub use builder::PatternSetBuilder;
pub use cache::PatternCache;
pub(super) use factor::Factors;
pub use hits::PatternHits;

use super::{Glob, Literal, Pattern};
use bytes::ByteSet;
use classes::Classes;
use csr::Csr;
use factor::{Space, Step};
use foldhash::HashMap;
use scan::Literals;
use std::sync::Arc;

/// A pattern of one set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PatternId(u32);

impl PatternId {
    /// Its position: ids count from 0 in the order in which patterns were first added.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Switches of the optimisations, for tests that hold one against the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatternSetOptions {
    /// Literals select the candidates; otherwise every pattern is one.
    pub prefilter: bool,
    /// Regexes are confirmed near the literals found; otherwise on the whole text.
    pub windows: bool,
    /// Literals may also be looked for in the text without spaces and marks.
    pub squeeze: bool,
    /// They are not if few patterns would be.
    pub folded_if_few: bool,
    /// Patterns without good literals are looked for by the classes of bytes that every match holds.
    pub classes: bool,
    /// An automaton (`aho-corasick`) finds the literals; otherwise the table of rare bytes.
    pub automaton: bool,
}

impl Default for PatternSetOptions {
    fn default() -> Self {
        Self { prefilter: true, windows: true, squeeze: true, folded_if_few: true, classes: true, automaton: false }
    }
}

/// How a pattern is found in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefilter {
    /// Only where one of its literals stands.
    Literals {
        /// Number of literals of which every match holds one.
        count: usize,
        /// Bytes of the shortest.
        shortest: usize,
    },
    /// Only where bytes of certain classes stand one after another.
    Classes {
        /// Thousandths of texts of 2,000 bytes that are expected to hold them.
        per_mille: u16,
    },
    /// It is compared with the whole text.
    Equality,
    /// Nothing is required: it runs over every text it is asked about.
    None,
}

#[derive(Debug)]
enum Kind {
    Literal { needle: String, place: Literal, no_case: bool },
    Equal { needle: String, no_case: bool },
    Glob(Glob),
    Regex(Arc<Pattern>),
}

#[derive(Debug)]
struct Entry {
    kind: Kind,
    branches: Vec<Reach>,
    anchored_start: bool,
    anchored_end: bool,
    /// Shorter texts cannot match.
    min_len: usize,
    /// Longer texts cannot match.
    max_len: usize,
    /// A text must begin with these bytes.
    head: Vec<ByteSet>,
}

impl Entry {
    /// False if the length or the beginning of the text rules it out.
    fn fits(&self, text: &str) -> bool {
        // The sets say nothing of the two letters that are taken for absent.
        let ascii = || text.bytes().take_while(u8::is_ascii);
        let may_begin = || ascii().zip(&self.head).all(|(byte, set)| set.contains(byte));
        (self.min_len..=self.max_len).contains(&text.len()) && may_begin()
    }
}

/// The literals of one space, and the groups that each belongs to.
#[derive(Debug)]
struct Lookup {
    literals: Literals,
    groups: Csr<u32>,
}

impl Lookup {
    /// Calls `hit` with group, first and last place of each literal found; counts steps.
    fn scan(&self, padded: &[u8], mut hit: impl FnMut(u32, usize, usize)) -> u64 {
        if self.literals.is_empty() {
            return 0;
        }
        self.literals.scan(padded, |literal, at| {
            let end = at + self.literals.literal(literal).len();
            self.groups.get(literal as usize).iter().for_each(|group| hit(*group, at, end));
        })
    }
}

impl Lookup {
    fn memory(&self) -> usize {
        self.literals.memory() + self.groups.memory()
    }
}

/// One group of literals, or one sequence of classes, and how far around it a match reaches.
#[derive(Debug)]
struct Reach {
    group: u32,
    /// Another group that must be in the text too.
    also: Option<u32>,
    found_in: FoundIn,
    left: Vec<Step>,
    right: Vec<Step>,
}

impl Reach {
    fn takes_odd_for_absent(&self) -> bool {
        self.found_in != FoundIn::Space(Space::Folded)
    }
}

/// Where a group is looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum FoundIn {
    Space(Space),
    /// In the text itself, by classes of bytes. Where it is exact it is a match.
    Classes {
        exact: bool,
        chance: f64,
    },
}

/// An immutable set of patterns, shared between threads; each thread brings its own
/// [`PatternCache`].
///
/// ```
/// use ruleeval::matcher::{Literal, Pattern, PatternCache, PatternHits, PatternOptions, PatternSetBuilder};
/// use std::sync::Arc;
///
/// let mut builder = PatternSetBuilder::new();
/// let invoice = builder.literal("invoice", Literal::Contains, true);
/// let number = builder.pattern(&Arc::new(Pattern::new(r"no\. ?\d+", PatternOptions::default()).unwrap()));
/// let set = builder.build();
///
/// let (mut cache, mut hits) = (PatternCache::new(), PatternHits::new());
/// set.scan("Your Invoice", &mut cache, &mut hits);
/// assert!(hits.contains(invoice) && !hits.contains(number));
/// ```
#[derive(Debug)]
pub struct PatternSet {
    options: PatternSetOptions,
    entries: Vec<Entry>,
    folded: Lookup,
    squeezed: Lookup,
    classes: Classes,
    /// The patterns that ask for a group, and the other group that they need.
    asked_by: Csr<(u32, Option<u32>)>,
    /// Patterns that take two letters for absent, and are candidates where these are not.
    unless_odd: Vec<u32>,
    /// For each group of literals their number and the length of the shortest.
    shapes: Vec<(usize, usize)>,
    /// Folded texts that patterns want to be equal to.
    equal: HashMap<Vec<u8>, Vec<u32>>,
    longest_equal: usize,
    /// Patterns that are always candidates.
    always: Vec<u32>,
}

impl PatternSet {
    /// Number of patterns.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if there is no pattern.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Finds every pattern that matches the text; `hits` is replaced.
    pub fn scan(&self, text: &str, cache: &mut PatternCache, hits: &mut PatternHits) {
        self.scan_candidates(text, cache);
        hits.clear();
        hits.reserve(self.entries.len());
        for at in 0..cache.candidates.len() {
            let id = cache.candidates[at];
            if self.confirm(text, id, cache) {
                hits.insert(id);
            }
        }
    }

    /// Makes the one pass over the text. After it the cache holds the candidates, and
    /// [`PatternSet::confirm`] may be asked about the same text until the next pass.
    pub fn scan_candidates(&self, text: &str, cache: &mut PatternCache) {
        cache.begin(self, text);
        let PatternCache { folded, marks, maps, .. } = cache;
        let mut steps = self.folded.scan(folded.padded(), |group, from, to| marks.hit(group, from as u32, to as u32));
        if !self.squeezed.literals.is_empty() {
            folded.squeeze();
            steps += self.squeezed.scan(folded.squeezed(), |group, from, to| {
                // INVARIANT: a literal is not empty.
                marks.hit(group, folded.origin(from) as u32, folded.origin(to - 1) as u32 + 1);
            });
        }
        if !cache.unscanned && !folded.is_odd() {
            let hit = |group, from, to| marks.hit(group, from as u32, to as u32);
            steps += self.classes.scan(text.as_bytes(), maps, hit);
        }
        cache.steps += steps;
        self.gather(text, cache);
    }

    /// The candidates: patterns with a literal in the text, equal to it, or without a prefilter.
    fn gather(&self, text: &str, cache: &mut PatternCache) {
        cache.candidates.clear();
        cache.is_candidate.clear();
        cache.is_candidate.reserve(self.entries.len());
        let mut add = |ids: &[u32]| {
            for id in ids {
                if cache.is_candidate.insert(PatternId(*id)) {
                    cache.candidates.push(PatternId(*id));
                }
            }
        };
        if cache.unscanned {
            (0..self.entries.len() as u32).for_each(|id| add(&[id]));
        }
        for id in &self.always {
            if self.entries[*id as usize].fits(text) {
                add(&[*id]);
            }
        }
        if cache.folded.is_odd() {
            add(&self.unless_odd);
        }
        if (1..=self.longest_equal).contains(&cache.folded.bytes().len())
            && let Some(ids) = self.equal.get(cache.folded.bytes())
        {
            add(ids);
        }
        for group in cache.marks.touched() {
            for (id, also) in self.asked_by.get(*group as usize) {
                if also.is_none_or(|also| cache.marks.is_marked(also)) {
                    add(&[*id]);
                }
            }
        }
    }

    /// The same by position; nothing beyond the last.
    pub fn prefilter_at(&self, index: usize) -> Option<Prefilter> {
        (index < self.entries.len()).then(|| self.prefilter(PatternId(index as u32)))
    }

    /// How a pattern is found, for reports on costly ones; nothing for an id of another set.
    pub fn prefilter(&self, id: PatternId) -> Prefilter {
        let Some(entry) = self.entries.get(id.index()) else { return Prefilter::None };
        if matches!(entry.kind, Kind::Equal { .. }) {
            return Prefilter::Equality;
        }
        let mut expected = None;
        let (mut count, mut shortest) = (0, usize::MAX);
        for reach in &entry.branches {
            if let FoundIn::Classes { chance, .. } = reach.found_in {
                expected = Some(expected.unwrap_or(0.0) + chance * 2_000.0);
            }
            let (literals, least) = self.shapes[reach.group as usize];
            count += literals;
            shortest = least.min(shortest);
        }
        match expected {
            Some(expected) => Prefilter::Classes { per_mille: (expected * 1_000.0).clamp(1.0, 1_000.0) as u16 },
            None if count == 0 => Prefilter::None,
            None => Prefilter::Literals { count, shortest },
        }
    }

    /// Bytes of memory, about, without the regexes, which their owners share.
    pub fn memory(&self) -> usize {
        let steps = |reach: &Reach| (reach.left.capacity() + reach.right.capacity()) * size_of::<Step>();
        let entry = |entry: &Entry| {
            size_of::<Entry>()
                + entry.branches.capacity() * size_of::<Reach>()
                + entry.branches.iter().map(steps).sum::<usize>()
        };
        self.entries.iter().map(entry).sum::<usize>()
            + self.folded.memory()
            + self.squeezed.memory()
            + self.classes.memory()
            + self.shapes.capacity() * size_of::<(usize, usize)>()
            + self.asked_by.memory()
    }
}
