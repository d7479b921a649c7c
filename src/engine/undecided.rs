//! The rules that could not be decided. Many share their reasons, so each set of reasons is kept once.

use crate::eval::Missing;
use serde::ser::{Serialize, SerializeSeq, Serializer};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// A rule that could not be decided.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Undecided<'v> {
    /// `pack/name`.
    pub rule: &'v Arc<str>,
    /// What was missing.
    pub missing: &'v BTreeSet<Missing>,
}

/// The rules that could not be decided, in the order of their names.
#[derive(Clone, Default)]
pub struct UndecidedRules {
    /// The names of all rules, sorted.
    names: Arc<[Arc<str>]>,
    reasons: Vec<Arc<BTreeSet<Missing>>>,
    /// Positions among the names, ascending, and among the reasons.
    rules: Vec<(u32, u32)>,
}

impl UndecidedRules {
    /// From what was found in any order.
    pub(super) fn new(
        names: &Arc<[Arc<str>]>,
        reasons: Vec<Arc<BTreeSet<Missing>>>,
        mut rules: Vec<(u32, u32)>,
    ) -> Self {
        rules.sort_unstable();
        Self { names: Arc::clone(names), reasons, rules }
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// True if all rules were decided.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// One after the other.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Undecided<'_>> {
        // Both positions are in range: they were made with these tables.
        self.rules.iter().map(|(name, reasons)| Undecided {
            rule: &self.names[*name as usize],
            missing: &self.reasons[*reasons as usize],
        })
    }
}

impl fmt::Debug for UndecidedRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for UndecidedRules {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        self.iter().try_for_each(|undecided| list.serialize_element(&undecided))?;
        list.end()
    }
}
