//! The patterns or globs of one list, looked for in one pass.

use crate::matcher::{PatternCache, PatternId, PatternSet, PatternSetBuilder};
use std::sync::{Mutex, PoisonError};

/// Patterns of entries as one set.
#[derive(Debug)]
pub(super) struct Many {
    set: PatternSet,
    /// The pattern of each entry.
    ids: Vec<PatternId>,
    /// The entries of each pattern; most have one.
    entries: Vec<(PatternId, usize)>,
    /// Scratch that no thread uses now.
    scratch: Mutex<Vec<PatternCache>>,
}

impl Many {
    /// One pattern for each of so many entries.
    pub(super) fn new(count: usize, mut add: impl FnMut(&mut PatternSetBuilder, usize) -> PatternId) -> Self {
        let mut builder = PatternSetBuilder::new();
        let ids: Vec<PatternId> = (0..count).map(|entry| add(&mut builder, entry)).collect();
        let mut entries: Vec<(PatternId, usize)> = ids.iter().enumerate().map(|(entry, id)| (*id, entry)).collect();
        entries.sort_unstable();
        Self { set: builder.build(), ids, entries, scratch: Mutex::default() }
    }

    /// The first entry that is wanted and whose pattern matches.
    pub(super) fn first(&self, text: &str, wanted: impl Fn(usize) -> bool) -> Option<usize> {
        let mut cache = self.free().pop().unwrap_or_default();
        self.set.scan_candidates(text, &mut cache);
        let candidates = cache.candidates().iter().flat_map(|id| self.entries_of(*id));
        let mut entries: Vec<usize> = candidates.filter(|entry| wanted(*entry)).collect();
        entries.sort_unstable();
        let found = entries.into_iter().find(|entry| self.set.confirm(text, self.ids[*entry], &mut cache));
        self.free().push(cache);
        found
    }

    fn entries_of(&self, id: PatternId) -> impl Iterator<Item = usize> + '_ {
        let start = self.entries.partition_point(|(other, _)| *other < id);
        self.entries[start..].iter().take_while(move |(other, _)| *other == id).map(|(_, entry)| *entry)
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<PatternCache>> {
        self.scratch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wanted_entry_is_found() {
        let globs = ["*z*", "*INVOICE*", "*invoice*", "pay*"];
        let many = Many::new(globs.len(), |builder, entry| builder.glob(globs[entry], true));
        assert_eq!(many.first("pay this Invoice", |_| true), Some(1));
        assert_eq!(many.first("pay this Invoice", |entry| entry > 1), Some(2));
        assert_eq!(many.first("pay this Invoice", |entry| entry > 2), Some(3));
        assert_eq!(many.first("nothing", |_| true), None);
    }
}
