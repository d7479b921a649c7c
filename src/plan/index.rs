//! Which rules can hold: tables from what a message says to the rules that ask for it.

use super::NodeId;
use crate::check::hir::{Fold, LocalId, RuleId};
use std::collections::HashMap;

/// Where the value of a group comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One value for the message.
    One(NodeId),
    /// The value of `node` for each element of a list.
    Each {
        /// The list.
        collection: NodeId,
        /// The binding of its elements.
        element: LocalId,
        /// The value.
        node: NodeId,
    },
}

/// How the value of a group is looked up; keys are numbers within the group.
#[derive(Debug)]
pub enum Probe {
    /// Text that equals a key, both in the form of [`fold_key`].
    Equal(Fold, HashMap<Box<str>, u32>),
    /// Needles of a text's set; the key of each needle, `u32::MAX` for those nobody waits for.
    Text(u32, Vec<u32>),
    /// Texts at a small edit distance: see [`super::each_deletion`].
    Near {
        /// Case is ignored (lower case is compared).
        no_case: bool,
        /// Most edits.
        edits: usize,
        /// Longer texts, in characters, are near to none.
        longest: usize,
        /// What arises from the constants by deletion.
        keys: HashMap<Box<str>, u32>,
    },
    /// An absent text: one key.
    Absent,
    /// A condition that is not false: one key.
    Truth,
}

/// The rules that wait for something of one value.
#[derive(Debug)]
pub struct Group {
    /// The value.
    pub subject: Subject,
    /// How it is looked up.
    pub probe: Probe,
    /// Gates of the rules that wait here first. The value is not even computed if all of them
    /// are closed; `None`: a rule without a gate.
    pub gates: Vec<Option<NodeId>>,
    /// The waiting of each key: `waiting[starts[key]..starts[key + 1]]`.
    pub starts: Vec<u32>,
    /// Rules with the stage in which they wait here.
    pub waiting: Vec<(RuleId, u8)>,
}

impl Group {
    /// Those that wait for a key.
    pub fn of_key(&self, key: u32) -> &[(RuleId, u8)] {
        let at = |index: usize| self.starts.get(index).map_or(0, |start| *start as usize);
        self.waiting.get(at(key as usize)..at(key as usize + 1)).unwrap_or(&[])
    }
}

/// What must come true before a rule is evaluated.
#[derive(Clone, Debug, Default)]
pub struct RuleEntry {
    /// A cheap condition of the rule that many rules share.
    pub gate: Option<NodeId>,
    /// The groups of each stage, in which one key must be lit. Empty: only the gate decides.
    pub stages: Vec<Vec<u32>>,
    /// True if the rule can never hold.
    pub never: bool,
}

/// Rules that nothing but their gate guards.
#[derive(Debug)]
pub struct Bucket {
    /// The gate; `None` if there is not even that.
    pub gate: Option<NodeId>,
    /// The rules.
    pub rules: Vec<RuleId>,
}

/// The index of a plan. Empty if it was built without.
#[derive(Debug, Default)]
pub struct Index {
    /// Groups, the cheapest value first.
    pub groups: Vec<Group>,
    /// Rules that no group holds.
    pub buckets: Vec<Bucket>,
    /// By rule.
    pub entries: Vec<RuleEntry>,
}

impl Index {
    /// Rules that are evaluated for every message: nothing guards them.
    pub fn unguarded(&self) -> impl Iterator<Item = RuleId> {
        self.buckets.iter().filter(|bucket| bucket.gate.is_none()).flat_map(|bucket| bucket.rules.iter().copied())
    }
}

/// The form in which equal texts are the same text; written to `out`.
pub fn fold_key<'t>(fold: Fold, text: &'t str, out: &'t mut String) -> &'t str {
    match fold {
        Fold::Exact | Fold::Enum(_) => text,
        Fold::NoCase => {
            out.clear();
            out.extend(text.chars().map(crate::matcher::fold_char));
            out
        }
        Fold::Domain => {
            let plain = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_');
            let trimmed = text.trim_end_matches('.');
            // Mapping to ASCII leaves these as they are.
            if trimmed.bytes().all(plain) && !trimmed.contains("xn--") {
                return trimmed;
            }
            *out = crate::value::host_key(text);
            out
        }
    }
}
