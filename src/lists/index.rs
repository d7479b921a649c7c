//! A table from texts to the positions of entries: the texts themselves lie elsewhere.

use hashbrown::HashTable;
use std::hash::{BuildHasher, RandomState};

/// Keyed hashes, so that nobody can choose entries that collide.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    table: HashTable<u32>,
    state: RandomState,
}

impl Index {
    /// The entry with this text.
    pub(super) fn get<'t>(&self, text: &str, at: impl Fn(u32) -> &'t str) -> Option<u32> {
        self.table.find(self.state.hash_one(text), |index| at(*index) == text).copied()
    }

    /// Notes an entry under its text, or says which one stands there already.
    pub(super) fn insert<'t>(&mut self, entry: u32, text: &str, at: impl Fn(u32) -> &'t str) -> Result<(), u32> {
        let hash = self.state.hash_one(text);
        if let Some(first) = self.table.find(hash, |index| at(*index) == text) {
            return Err(*first);
        }
        let state = &self.state;
        self.table.insert_unique(hash, entry, |index| state.hash_one(at(*index)));
        Ok(())
    }

    /// Bytes that the table takes.
    pub(super) fn bytes(&self) -> usize {
        self.table.allocation_size()
    }
}
