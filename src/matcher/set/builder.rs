//! Patterns are added, equal ones once, and made into a set.

use super::classes::Classes;
use super::csr::Csr;
use super::factor::{self, Branch, Seed, Space};
use super::fold::fold_str;
use super::scan::Literals;
use super::sequence::Run;
use super::{Entry, FoundIn, Kind, Lookup, PatternId, PatternSet, PatternSetOptions, Reach};
use crate::matcher::literal::fold_char;
use crate::matcher::{Glob, Literal, Pattern, PatternOptions};
use std::collections::HashMap;
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
    /// For each entry its branches, until they become groups.
    branches: Vec<Option<Vec<Branch>>>,
}

impl PatternSetBuilder {
    /// No pattern yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces the switches.
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
        self.add(Key::Literal(needle.clone(), code, no_case), |_| {
            let branches = (!needle.is_empty()).then(|| vec![exact(&needle)]);
            (Kind::Literal { needle, place, no_case }, branches, min_len)
        })
    }

    /// A text that must be equal to the whole text; without case as
    /// [`equal_no_case`](crate::matcher::equal_no_case) compares.
    pub fn equal(&mut self, needle: &str, no_case: bool) -> PatternId {
        let needle = folded(needle, no_case);
        let min_len = if no_case { 0 } else { needle.len() };
        self.add(Key::Literal(needle.clone(), 3, no_case), |_| {
            let branches = if needle.is_empty() { None } else { Some(Vec::new()) };
            (Kind::Equal { needle, no_case }, branches, min_len)
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
        self.add(Key::Glob(folded(glob, no_case), no_case), |_| {
            let longest = glob.split(['*', '?']).map(fold_str).min_by(|a, b| {
                let density = |literal: &Vec<u8>| factor::density(std::slice::from_ref(literal));
                density(a).total_cmp(&density(b))
            });
            let branches = longest.filter(|literal| !literal.is_empty()).map(|literal| vec![branch(literal)]);
            (Kind::Glob(Glob::new(glob, no_case)), branches, glob.chars().filter(|c| *c != '*').count())
        })
    }

    /// A regex; matches as [`Pattern::is_match`].
    pub fn pattern(&mut self, pattern: &Arc<Pattern>) -> PatternId {
        let options = self.options;
        self.add(Key::Regex(pattern.source_shared(), pattern.options()), |entry| {
            let factors = pattern.factors(options);
            entry.anchored_start = factors.anchored_start;
            entry.anchored_end = factors.anchored_end;
            if factors.anchored_start && factors.anchored_end {
                entry.max_len = factors.max_len;
            }
            entry.head.clone_from(&factors.head);
            (Kind::Regex(Arc::clone(pattern)), factors.branches.clone(), factors.min_len)
        })
    }

    fn add(&mut self, key: Key, make: impl FnOnce(&mut Entry) -> (Kind, Option<Vec<Branch>>, usize)) -> PatternId {
        if let Some(id) = self.known.get(&key) {
            return *id;
        }
        let id = PatternId(self.entries.len() as u32);
        let nothing = Kind::Equal { needle: String::new(), no_case: false };
        let mut entry = Entry {
            kind: nothing,
            branches: Vec::new(),
            anchored_start: false,
            anchored_end: false,
            min_len: 0,
            max_len: usize::MAX,
            head: Vec::new(),
        };
        let (kind, branches, min_len) = make(&mut entry);
        (entry.kind, entry.min_len) = (kind, min_len);
        self.known.insert(key, id);
        self.entries.push(entry);
        self.branches.push(branches);
        id
    }

    /// The set.
    pub fn build(self) -> PatternSet {
        let Self { options, mut entries, branches, .. } = self;
        let mut groups = Groups::default();
        let (mut always, mut unless_odd) = (Vec::new(), Vec::new());
        let mut asked = Vec::new();
        let mut equal: HashMap<Vec<u8>, Vec<u32>> = HashMap::new();
        for (id, (entry, branches)) in entries.iter_mut().zip(branches).enumerate() {
            let id = id as u32;
            match (&entry.kind, branches.filter(|_| options.prefilter)) {
                (Kind::Equal { needle, .. }, Some(_)) => equal.entry(fold_str(needle)).or_default().push(id),
                (_, Some(branches)) => {
                    entry.branches = branches.into_iter().map(|branch| groups.reach(branch)).collect();
                    if entry.branches.iter().any(Reach::takes_odd_for_absent) {
                        unless_odd.push(id);
                    }
                    asked.extend(entry.branches.iter().map(|reach| (reach.group as usize, (id, reach.also))));
                }
                (_, None) => always.push(id),
            }
        }
        let group_count = groups.count as usize;
        let mut shapes = vec![(0, 0); group_count];
        for ((_, literals), group) in &groups.by_literals {
            shapes[*group as usize] = (literals.len(), literals.iter().map(Vec::len).min().unwrap_or(0));
        }
        PatternSet {
            options,
            entries,
            folded: groups.folded.finish(options.automaton),
            squeezed: groups.squeezed.finish(options.automaton),
            classes: Classes::new(groups.sequences),
            asked_by: Csr::new(group_count, asked),
            shapes,
            unless_odd,
            longest_equal: equal.keys().map(Vec::len).max().unwrap_or(0),
            equal,
            always,
        }
    }
}

fn folded(text: &str, no_case: bool) -> String {
    if no_case { text.chars().map(fold_char).collect() } else { text.to_owned() }
}

fn exact(needle: &str) -> Branch {
    branch(fold_str(needle))
}

fn branch(literal: Vec<u8>) -> Branch {
    Branch::plain(literal)
}

/// Sets of literals and sequences of classes, equal ones once.
#[derive(Default)]
struct Groups {
    count: u32,
    by_literals: HashMap<(Space, Vec<Vec<u8>>), u32>,
    by_runs: HashMap<Vec<Run>, u32>,
    sequences: Vec<(Vec<Run>, u32)>,
    folded: Words,
    squeezed: Words,
}

/// The literals of one space.
#[derive(Default)]
struct Words {
    ids: HashMap<Vec<u8>, u32>,
    literals: Vec<Vec<u8>>,
    /// Pairs of literal and group.
    members: Vec<(usize, u32)>,
}

impl Groups {
    fn reach(&mut self, branch: Branch) -> Reach {
        let Branch { seed, also, left, right, .. } = branch;
        let (group, found_in, also) = match seed {
            Seed::Literals(space, literals) => {
                let also = also.map(|also| self.of_literals(space, also));
                (self.of_literals(space, literals), FoundIn::Space(space), also)
            }
            Seed::Sequence { runs, exact, chance } => (self.of_runs(runs), FoundIn::Classes { exact, chance }, None),
        };
        Reach { group, also, found_in, left, right }
    }

    fn of_literals(&mut self, space: Space, literals: Vec<Vec<u8>>) -> u32 {
        let group = *self.by_literals.entry((space, literals.clone())).or_insert(self.count);
        if group == self.count {
            self.count += 1;
            let words = match space {
                Space::Folded => &mut self.folded,
                Space::Squeezed => &mut self.squeezed,
            };
            literals.into_iter().for_each(|literal| words.add(literal, group));
        }
        group
    }

    fn of_runs(&mut self, runs: Vec<Run>) -> u32 {
        let group = *self.by_runs.entry(runs.clone()).or_insert(self.count);
        if group == self.count {
            self.count += 1;
            self.sequences.push((runs, group));
        }
        group
    }
}

impl Words {
    fn add(&mut self, literal: Vec<u8>, group: u32) {
        let next = self.literals.len() as u32;
        let id = *self.ids.entry(literal.clone()).or_insert(next);
        if id == next {
            self.literals.push(literal);
        }
        self.members.push((id as usize, group));
    }

    fn finish(self, automaton: bool) -> Lookup {
        let groups = Csr::new(self.literals.len(), self.members);
        Lookup { literals: Literals::new(&self.literals, automaton), groups }
    }
}
