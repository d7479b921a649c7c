//! Entries looked for in texts. What a search needs is built when it is first asked.

use super::data::{ListData, fold};
use super::many::Many;
use super::{ListType, Search};
use crate::matcher::{Pattern, PatternOptions, fold_char, fold_text};
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// An entry and its place in the text.
type Place = (usize, Range<usize>);
/// Which entries count; `None` for all.
type Counts<'c> = Option<&'c dyn Fn(usize) -> bool>;

/// What searches have built so far. The two forms are with and without case.
#[derive(Debug, Default)]
pub(super) struct Searches {
    automata: [OnceLock<Option<AhoCorasick>>; 2],
    /// Finds every occurrence, for lists of which not every entry counts.
    overlapping: [OnceLock<Option<AhoCorasick>>; 2],
    lengths: [OnceLock<Vec<usize>>; 2],
    globs: [OnceLock<Many>; 2],
    /// For a match anywhere, and for one of the whole text.
    patterns: [OnceLock<(Vec<Arc<Pattern>>, Many)>; 4],
}

impl Searches {
    pub(super) fn find(
        &self,
        list: &ListData,
        search: Search,
        no_case: bool,
        text: &str,
        counts: Counts<'_>,
    ) -> Option<Place> {
        match search {
            Search::Contains => self.anywhere(list, no_case, text, counts),
            Search::StartsWith | Search::EndsWith => self.at_an_end(list, search, no_case, text, counts),
            Search::Like => self.like(list, no_case, text, counts),
            Search::Matches | Search::MatchesWhole => self.matching(list, search, no_case, text, counts),
        }
    }

    /// The automaton knows the letters of ASCII without case; a text with others is folded.
    fn anywhere(&self, list: &ListData, no_case: bool, text: &str, counts: Counts<'_>) -> Option<Place> {
        if !no_case || text.is_ascii() || !changes(text, list.folded().is_ascii()) {
            return self.occurrence(list, no_case, text, counts);
        }
        folding(text, |text| self.occurrence(list, no_case, text, counts))
    }

    fn occurrence(&self, list: &ListData, no_case: bool, text: &str, counts: Counts<'_>) -> Option<Place> {
        let place = |found: aho_corasick::Match| (found.pattern().as_usize(), found.range());
        let Some(counts) = counts else {
            let slot = &self.automata[usize::from(no_case)];
            let automaton = slot.get_or_init(|| automaton(list, no_case, MatchKind::LeftmostFirst)).as_ref();
            return automaton?.find(text).map(place);
        };
        let slot = &self.overlapping[usize::from(no_case)];
        let automaton = slot.get_or_init(|| automaton(list, no_case, MatchKind::Standard)).as_ref()?;
        automaton.find_overlapping_iter(text).map(place).find(|(entry, _)| counts(*entry))
    }

    /// Entries of one length are one lookup.
    fn at_an_end(
        &self,
        list: &ListData,
        search: Search,
        no_case: bool,
        text: &str,
        counts: Counts<'_>,
    ) -> Option<Place> {
        if !no_case {
            let lengths = self.lengths[0].get_or_init(|| lengths((0..list.len()).map(|entry| list.text(entry))));
            return ends(lengths, search, text, |part| list.key(part), counts);
        }
        let entries = list.folded();
        let lengths = self.lengths[1].get_or_init(|| lengths((0..list.len() as u32).map(|entry| entries.text(entry))));
        folding(text, |text| ends(lengths, search, text, |part| entries.get(part), counts))
    }

    fn like(&self, list: &ListData, no_case: bool, text: &str, counts: Counts<'_>) -> Option<Place> {
        let globs = self.globs[usize::from(no_case)]
            .get_or_init(|| Many::new(list.len(), |builder, entry| builder.glob(list.text(entry), no_case)));
        let entry = globs.first(text, |entry| counts.is_none_or(|counts| counts(entry)))?;
        Some((entry, 0..text.len()))
    }

    fn matching(
        &self,
        list: &ListData,
        search: Search,
        no_case: bool,
        text: &str,
        counts: Counts<'_>,
    ) -> Option<Place> {
        let whole = search == Search::MatchesWhole;
        let slot = &self.patterns[usize::from(no_case) + 2 * usize::from(whole)];
        let (patterns, many) = slot.get_or_init(|| {
            let patterns: Vec<Arc<Pattern>> =
                list.patterns.iter().map(|pattern| variant(pattern, no_case, whole)).collect();
            let many = Many::new(patterns.len(), |builder, entry| builder.pattern(&patterns[entry]));
            (patterns, many)
        });
        let place = |entry: usize| patterns.get(entry)?.find(text).filter(|found| !whole || *found == (0..text.len()));
        let counts = |entry| counts.is_none_or(|counts| counts(entry));
        // One that grew too large for its form may match only a part.
        let fits = |entry: usize| !whole || patterns[entry].options().whole || place(entry).is_some();
        let entry = many.first(text, |entry| counts(entry) && fits(entry))?;
        Some((entry, place(entry)?))
    }
}

/// The pattern in another form. One that only then grows too large stays as it is.
fn variant(pattern: &Arc<Pattern>, no_case: bool, whole: bool) -> Arc<Pattern> {
    let options = pattern.options();
    let options = PatternOptions { no_case: no_case || options.no_case, whole: whole || options.whole, ..options };
    Pattern::new(pattern.source(), options).map_or_else(|_| Arc::clone(pattern), Arc::new)
}

/// Finds in a text that is folded as the entries are. Places are those of the text as it was: folding moves
/// them only beyond ASCII.
fn folding(text: &str, find: impl Fn(&str) -> Option<Place>) -> Option<Place> {
    if text.is_ascii() {
        return find(&fold(text));
    }
    let folded = fold_text(text);
    let (entry, found) = find(folded.text())?;
    Some((entry, folded.original(found)))
}

/// True if folding changes more than letters of ASCII. To entries of ASCII only the Kelvin sign
/// matters, which folds to a `k`.
fn changes(text: &str, ascii_entries: bool) -> bool {
    if ascii_entries {
        return memchr::memmem::find(text.as_bytes(), "\u{212a}".as_bytes()).is_some();
    }
    text.chars().any(|c| !c.is_ascii() && fold_char(c) != c)
}

/// One automaton over all entries; `None` if it would be too large.
fn automaton(list: &ListData, no_case: bool, kind: MatchKind) -> Option<AhoCorasick> {
    let mut builder = AhoCorasickBuilder::new();
    builder.match_kind(kind).ascii_case_insensitive(no_case);
    if !no_case || list.kind() == ListType::Pattern {
        return builder.build((0..list.len()).map(|entry| list.text(entry).as_bytes())).ok();
    }
    let folded = list.folded();
    builder.build((0..list.len() as u32).map(|entry| folded.text(entry).as_bytes())).ok()
}

/// The different lengths of entries, ascending.
fn lengths<'e>(entries: impl Iterator<Item = &'e str>) -> Vec<usize> {
    entries.map(str::len).collect::<BTreeSet<_>>().into_iter().collect()
}

fn ends(
    lengths: &[usize],
    search: Search,
    text: &str,
    find: impl Fn(&str) -> Option<u32>,
    counts: Counts<'_>,
) -> Option<Place> {
    lengths.iter().take_while(|length| **length <= text.len()).find_map(|length| {
        let range = if search == Search::StartsWith { 0..*length } else { text.len() - length..text.len() };
        let entry = find(text.get(range.clone())?)? as usize;
        counts.is_none_or(|counts| counts(entry)).then_some((entry, range))
    })
}
