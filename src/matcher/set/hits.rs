//! The patterns that match a text.

use super::PatternId;

/// A set of patterns; clearing costs what was in it, not what could be.
#[derive(Clone, Debug, Default)]
pub struct PatternHits {
    words: Vec<u64>,
    ids: Vec<PatternId>,
}

impl PatternHits {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// True if the pattern is in the set.
    pub fn contains(&self, id: PatternId) -> bool {
        self.words.get(id.index() / 64).is_some_and(|word| word >> (id.index() % 64) & 1 == 1)
    }

    /// The patterns in the order in which they were found: the same for the same text.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = PatternId> + '_ {
        self.ids.iter().copied()
    }

    /// Number of patterns.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// True if no pattern is in the set.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Empties the set and keeps its memory.
    pub fn clear(&mut self) {
        for id in self.ids.drain(..) {
            self.words[id.index() / 64] = 0;
        }
    }

    /// Makes room for patterns up to `count`.
    pub(super) fn reserve(&mut self, count: usize) {
        let words = count.div_ceil(64);
        if self.words.len() < words {
            self.words.resize(words, 0);
        }
    }

    /// Adds a pattern; false if it was there.
    pub(super) fn insert(&mut self, id: PatternId) -> bool {
        let (word, bit) = (id.index() / 64, 1_u64 << (id.index() % 64));
        let new = self.words[word] & bit == 0;
        if new {
            self.words[word] |= bit;
            self.ids.push(id);
        }
        new
    }
}
