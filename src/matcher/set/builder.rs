//! Patterns are added, equal ones once, and made into a set.

use super::classes::Classes;
use super::csr::Csr;
use super::factor::{self, Branch, Factors, Seed, Space};
use super::fold::fold_str;
use super::scan::Literals;
use super::sequence::Run;
use super::{Entry, FoundIn, Kind, Lookup, PatternId, PatternSet, PatternSetOptions, Reach};
use crate::matcher::literal::fold_char;
use crate::matcher::{Glob, Literal, Pattern, PatternOptions};
use foldhash::HashMap;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;
use std::sync::Arc;

#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    Literal(String, u8, bool),
    Glob(String, bool),
    Regex(Arc<str>, PatternOptions),
}

/// Gathers patterns for a [`PatternSet`].
#[derive(Debug, Default)]
pub struct PatternSetBuilder {
    options: PatternSetOptions,
    known: HashMap<Key, PatternId>,
    entries: Vec<Entry>,
    groups: Groups,
    /// The patterns that ask for a group, and the other group that they need.
    asked: Vec<(usize, (u32, Option<u32>))>,
    unless_odd: Vec<u32>,
    equal: HashMap<Vec<u8>, Vec<u32>>,
    always: Vec<u32>,
    /// Regexes that would best be looked for in the text without spaces and marks.
    squeezable: Vec<u32>,
}

/// For fewer regexes it is not worth to make a second text: they are looked for in the folded one.
const MIN_SQUEEZED: usize = 128;

/// How a pattern is found.
enum Wanted<'w> {
    /// It is run over every text.
    Nothing,
    /// The text is equal to this, folded.
    Equal(Vec<u8>),
    /// The text holds this, folded.
    Literal(Vec<u8>),
    /// The text holds something of one of these.
    Branches(&'w [Branch]),
}

impl PatternSetBuilder {
    /// No pattern yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces the switches. Comes before the first pattern.
    pub fn options(&mut self, options: PatternSetOptions) -> &mut Self {
        self.options = options;
        self
    }

    /// Number of different patterns added.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if no pattern was added.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A literal; matches as [`find`](crate::matcher::find) finds.
    pub fn literal(&mut self, needle: &str, place: Literal, no_case: bool) -> PatternId {
        let needle = folded(needle, no_case);
        let code = match place {
            Literal::Contains => 0,
            Literal::StartsWith => 1,
            Literal::EndsWith => 2,
        };
        let min_len = if no_case { 0 } else { needle.len() };
        let key = Key::Literal(needle, code, no_case);
        self.known(&key).unwrap_or_else(|| {
            let needle = key.text();
            let wanted = if needle.is_empty() { Wanted::Nothing } else { Wanted::Literal(fold_str(&needle)) };
            self.add(key, Entry::new(Kind::Literal { needle, place, no_case }, min_len), wanted)
        })
    }

    /// A text that must be equal to the whole text; without case as
    /// [`equal_no_case`](crate::matcher::equal_no_case) compares.
    pub fn equal(&mut self, needle: &str, no_case: bool) -> PatternId {
        let needle = folded(needle, no_case);
        let min_len = if no_case { 0 } else { needle.len() };
        let key = Key::Literal(needle, 3, no_case);
        self.known(&key).unwrap_or_else(|| {
            let needle = key.text();
            let wanted = if needle.is_empty() { Wanted::Nothing } else { Wanted::Equal(fold_str(&needle)) };
            self.add(key, Entry::new(Kind::Equal { needle, no_case }, min_len), wanted)
        })
    }

    /// A glob over the whole text; matches as [`Glob::is_match`]. Globs that are literals at
    /// heart become literals.
    pub fn glob(&mut self, glob: &str, no_case: bool) -> PatternId {
        let inner = glob.trim_matches('*');
        if !inner.contains(['*', '?']) {
            return match (glob.starts_with('*'), glob.ends_with('*')) {
                (true, true) => self.literal(inner, Literal::Contains, no_case),
                (true, false) => self.literal(inner, Literal::EndsWith, no_case),
                (false, true) => self.literal(inner, Literal::StartsWith, no_case),
                (false, false) => self.equal(inner, no_case),
            };
        }
        let key = Key::Glob(folded(glob, no_case), no_case);
        self.known(&key).unwrap_or_else(|| {
            let rarest = glob.split(['*', '?']).map(fold_str).min_by(|a, b| {
                let density = |literal: &Vec<u8>| factor::density(std::slice::from_ref(literal));
                density(a).total_cmp(&density(b))
            });
            let wanted = rarest.filter(|literal| !literal.is_empty()).map_or(Wanted::Nothing, Wanted::Literal);
            let min_len = glob.chars().filter(|c| *c != '*').count();
            self.add(key, Entry::new(Kind::Glob(Glob::new(glob, no_case)), min_len), wanted)
        })
    }

    /// A regex; matches as [`Pattern::is_match`].
    pub fn pattern(&mut self, pattern: &Arc<Pattern>) -> PatternId {
        let key = Key::Regex(pattern.source_shared(), pattern.options());
        self.known(&key).unwrap_or_else(|| {
            let factors = pattern.factors(self.options);
            let mut entry = Entry::new(Kind::Regex(Arc::clone(pattern)), factors.min_len);
            entry.anchored_start = factors.anchored_start;
            entry.anchored_end = factors.anchored_end;
            if factors.anchored_start && factors.anchored_end {
                entry.max_len = factors.max_len;
            }
            entry.head.clone_from(&factors.head);
            let branches = factors.branches.as_deref();
            if branches.is_some_and(|branches| branches.iter().any(Branch::is_squeezed)) {
                self.squeezable.push(self.entries.len() as u32);
                return self.remember(key, entry);
            }
            self.add(key, entry, branches.map_or(Wanted::Nothing, Wanted::Branches))
        })
    }

    fn known(&self, key: &Key) -> Option<PatternId> {
        self.known.get(key).copied()
    }

    fn remember(&mut self, key: Key, entry: Entry) -> PatternId {
        let id = PatternId(self.entries.len() as u32);
        self.known.insert(key, id);
        self.entries.push(entry);
        id
    }

    fn add(&mut self, key: Key, entry: Entry, wanted: Wanted<'_>) -> PatternId {
        let id = self.remember(key, entry);
        self.want(id.0, wanted);
        id
    }

    fn want(&mut self, id: u32, wanted: Wanted<'_>) {
        let (groups, entry) = (&mut self.groups, &mut self.entries[id as usize]);
        match wanted {
            _ if !self.options.prefilter => self.always.push(id),
            Wanted::Nothing => self.always.push(id),
            Wanted::Equal(text) => self.equal.entry(text).or_default().push(id),
            Wanted::Literal(literal) => entry.branches.push(groups.literal(&literal)),
            Wanted::Branches(branches) => entry.branches.extend(branches.iter().map(|branch| groups.reach(branch))),
        }
        if entry.branches.iter().any(Reach::takes_odd_for_absent) {
            self.unless_odd.push(id);
        }
        self.asked.extend(entry.branches.iter().map(|reach| (reach.group as usize, (id, reach.also))));
    }

    /// Decides in which text the regexes are looked for that have the choice.
    fn place_squeezable(&mut self) {
        let squeezable = std::mem::take(&mut self.squeezable);
        let folded = PatternSetOptions { squeeze: false, ..self.options };
        let factors = |id: &u32, options| match &self.entries[*id as usize].kind {
            Kind::Regex(pattern) => Some(pattern.factors(options)),
            _ => None,
        };
        let has_literals = |id: &u32| factors(id, folded).is_some_and(|factors| factors.has_literals());
        let few = squeezable.len() < MIN_SQUEEZED && self.options.folded_if_few;
        let options = if few && squeezable.iter().all(has_literals) { folded } else { self.options };
        let found: Vec<(u32, Option<Arc<Factors>>)> = squeezable.iter().map(|id| (*id, factors(id, options))).collect();
        for (id, factors) in found {
            let branches = factors.as_ref().and_then(|factors| factors.branches.as_deref());
            self.want(id, branches.map_or(Wanted::Nothing, Wanted::Branches));
        }
    }

    /// The set.
    pub fn build(mut self) -> PatternSet {
        self.place_squeezable();
        let Self { options, entries, groups, asked, unless_odd, equal, always, .. } = self;
        PatternSet {
            options,
            entries,
            folded: groups.folded.finish(options.automaton),
            squeezed: groups.squeezed.finish(options.automaton),
            classes: Classes::new(groups.sequences),
            asked_by: Csr::new(groups.shapes.len(), asked),
            shapes: groups.shapes,
            unless_odd,
            longest_equal: equal.keys().map(Vec::len).max().unwrap_or(0),
            equal,
            always,
        }
    }
}

impl Key {
    /// The text of a literal or a glob.
    fn text(&self) -> String {
        match self {
            Self::Literal(text, ..) | Self::Glob(text, _) => text.clone(),
            Self::Regex(source, _) => source.as_ref().to_owned(),
        }
    }
}

impl Entry {
    fn new(kind: Kind, min_len: usize) -> Self {
        Self {
            kind,
            branches: Vec::new(),
            anchored_start: false,
            anchored_end: false,
            min_len,
            max_len: usize::MAX,
            head: Vec::new(),
        }
    }
}

fn folded(text: &str, no_case: bool) -> String {
    if no_case { text.chars().map(fold_char).collect() } else { text.to_owned() }
}

/// Sets of literals and sequences of classes, equal ones once.
#[derive(Debug, Default)]
struct Groups {
    by_runs: HashMap<Vec<Run>, u32>,
    sequences: Vec<(Vec<Run>, u32)>,
    folded: Words,
    squeezed: Words,
    /// For each group of literals their number and the length of the shortest.
    shapes: Vec<(usize, usize)>,
}

/// The literals of one space.
#[derive(Debug, Default)]
struct Words {
    /// Positions in `literals`, by what stands there.
    ids: HashTable<u32>,
    hasher: RandomState,
    literals: Vec<Vec<u8>>,
    /// For each literal the group that it is alone.
    alone: Vec<Option<u32>>,
    by_literals: HashMap<Vec<Vec<u8>>, u32>,
    /// Pairs of literal and group.
    members: Vec<(usize, u32)>,
}

impl Groups {
    /// A literal that is the whole match.
    fn literal(&mut self, literal: &[u8]) -> Reach {
        let group = self.alone(Space::Folded, literal);
        let found_in = FoundIn::Space(Space::Folded);
        Reach { group, also: None, found_in, left: Vec::new(), right: Vec::new() }
    }

    fn reach(&mut self, branch: &Branch) -> Reach {
        let (group, found_in, also) = match &branch.seed {
            Seed::Literals(space, literals) => {
                let also = branch.also.as_deref().map(|also| self.of_literals(*space, also));
                (self.of_literals(*space, literals), FoundIn::Space(*space), also)
            }
            Seed::Sequence { runs, exact, chance } => {
                (self.of_runs(runs), FoundIn::Classes { exact: *exact, chance: *chance }, None)
            }
        };
        Reach { group, also, found_in, left: branch.left.clone(), right: branch.right.clone() }
    }

    fn words(&mut self, space: Space) -> &mut Words {
        match space {
            Space::Folded => &mut self.folded,
            Space::Squeezed => &mut self.squeezed,
        }
    }

    fn of_literals(&mut self, space: Space, literals: &[Vec<u8>]) -> u32 {
        if let [literal] = literals {
            return self.alone(space, literal);
        }
        let next = self.shapes.len() as u32;
        let words = self.words(space);
        if let Some(known) = words.by_literals.get(literals) {
            return *known;
        }
        words.by_literals.insert(literals.to_vec(), next);
        for literal in literals {
            let word = words.add(literal);
            words.members.push((word, next));
        }
        self.shapes.push((literals.len(), literals.iter().map(Vec::len).min().unwrap_or(0)));
        next
    }

    fn alone(&mut self, space: Space, literal: &[u8]) -> u32 {
        let next = self.shapes.len() as u32;
        let words = self.words(space);
        let word = words.add(literal);
        if let Some(known) = words.alone[word] {
            return known;
        }
        words.alone[word] = Some(next);
        words.members.push((word, next));
        self.shapes.push((1, literal.len()));
        next
    }

    fn of_runs(&mut self, runs: &[Run]) -> u32 {
        if let Some(known) = self.by_runs.get(runs) {
            return *known;
        }
        let group = self.shapes.len() as u32;
        self.by_runs.insert(runs.to_vec(), group);
        self.sequences.push((runs.to_vec(), group));
        self.shapes.push((0, 0));
        group
    }
}

impl Words {
    /// The position of a literal.
    fn add(&mut self, literal: &[u8]) -> usize {
        let Self { ids, hasher, literals, alone, .. } = self;
        let hash = |literal: &[u8]| hasher.hash_one(literal);
        if let Some(id) = ids.find(hash(literal), |id| literals[*id as usize] == literal) {
            return *id as usize;
        }
        let id = literals.len();
        ids.insert_unique(hash(literal), id as u32, |id| hash(&literals[*id as usize]));
        literals.push(literal.to_vec());
        alone.push(None);
        id
    }

    fn finish(self, automaton: bool) -> Lookup {
        let groups = Csr::new(self.literals.len(), self.members);
        Lookup { literals: Literals::new(&self.literals, automaton), groups }
    }
}
