//! Which rules can hold: tables from what a message says to the rules that ask for it.

use super::NodeId;
use super::guard::NumberKind;
use crate::check::hir::{Fold, LocalId, RuleId};
use foldhash::HashMap;
use std::borrow::Cow;

/// Where the value of a group comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One value for the message.
    One(NodeId),
    /// The value of `node` for each element of a list.
    Each {
        /// The list with the binding of its elements; then lists within them.
        lists: Vec<(NodeId, LocalId)>,
        /// The value.
        node: NodeId,
    },
}

/// How the value of a group is looked up; keys are numbers within the group.
#[derive(Debug)]
pub enum Probe {
    /// Text that equals a key.
    Equal(Keys),
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
    /// A whole number within one of these.
    Number(NumberKind, Vec<Span>),
    /// Templates of the message's sender; the key of each.
    Template(HashMap<u32, u32>),
    /// An absent text: one key.
    Absent,
    /// A condition that is not false: one key.
    Truth,
}

/// Texts with a number each, looked up in a form that equal texts share.
#[derive(Debug)]
pub struct Keys {
    fold: Fold,
    numbers: HashMap<Box<str>, u32>,
    /// A bit for each length, the last for all longer ones too.
    lengths: u64,
    /// The bytes that keys begin with.
    first: Box<[bool; 256]>,
}

impl Keys {
    pub(super) fn new(fold: Fold, numbers: HashMap<Box<str>, u32>) -> Self {
        let lengths = numbers.keys().fold(0, |bits, key| bits | length_bit(key));
        let mut first = Box::new([false; 256]);
        numbers.keys().for_each(|key| first[usize::from(key.bytes().next().unwrap_or(0))] = true);
        Self { fold, numbers, lengths, first }
    }

    /// Which texts are the same.
    pub fn fold(&self) -> Fold {
        self.fold
    }

    /// The number of a text.
    pub fn get(&self, text: &str, buffer: &mut String) -> Option<u32> {
        // PERF: most texts are none of the keys by their length or their first byte.
        let may_be = match self.fold {
            Fold::Exact | Fold::Enum(_) => self.may_be(text, |byte| byte),
            Fold::NoCase if text.is_ascii() => self.may_be(text, |byte| byte.to_ascii_lowercase()),
            Fold::NoCase | Fold::Domain => true,
        };
        if may_be { self.numbers.get(fold_key(self.fold, text, buffer)).copied() } else { None }
    }

    fn may_be(&self, text: &str, folded: impl Fn(u8) -> u8) -> bool {
        let first = text.bytes().next().map_or(0, folded);
        self.first[usize::from(first)] && self.lengths & length_bit(text) != 0
    }

    /// All texts as they are looked up, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        self.numbers.iter().map(|(key, number)| (&**key, *number))
    }
}

fn length_bit(text: &str) -> u64 {
    1 << text.len().min(63)
}

/// Numbers from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The least.
    pub least: i64,
    /// The greatest.
    pub most: i64,
    /// The key.
    pub key: u32,
}

/// Some bits of one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits {
    /// The word among those of all layers.
    pub at: u32,
    /// The word of the same rules in one layer.
    pub word: u32,
    /// Which bits.
    pub bits: u64,
}

/// The guards that wait for something of one value.
#[derive(Debug)]
pub struct Group {
    /// The value.
    pub subject: Subject,
    /// How it is looked up.
    pub probe: Probe,
    /// The waiting of each key: `waiting[starts[key]..starts[key + 1]]`.
    pub starts: Vec<u32>,
    /// Guards, by their bits in [`Index::lit`].
    pub waiting: Vec<u32>,
    /// All of them. The value is not even computed if none of them can matter any more.
    pub all: Vec<Bits>,
    /// Those that no later group can light.
    pub last: Vec<Bits>,
}

impl Group {
    /// Those that wait for a key.
    pub fn of_key(&self, key: u32) -> &[u32] {
        let at = |index: usize| self.starts.get(index).map_or(0, |start| *start as usize);
        self.waiting.get(at(key as usize)..at(key as usize + 1)).unwrap_or(&[])
    }
}

/// The index of a plan. Empty if it was built without.
///
/// A rule has up to some guards, each of which must be lit by one of the groups where it waits;
/// else the rule is false. Guards are bits: that of the rule's first guard in the first layer of
/// words, and so on. Rules that wait for the same groups have bits side by side.
#[derive(Debug, Default)]
pub struct Index {
    /// Groups, the cheapest value first.
    pub groups: Vec<Group>,
    /// Words of 64 rules.
    pub words: usize,
    /// The rule of each bit of a layer.
    pub rules: Vec<RuleId>,
    /// The bit of each rule in a layer.
    pub bits: Vec<u32>,
    /// What is lit from the start, layer after layer: guards that a rule does not have.
    pub lit: Vec<u64>,
    /// The rules that can hold at all.
    pub candidates: Vec<u64>,
    /// Guards that something other than absence must light.
    pub strict: Vec<Bits>,
    /// For each rule and each of its guards the groups that can light it.
    pub waits: Vec<Vec<Vec<u32>>>,
}

impl Index {
    /// The rules without a guard in this layer.
    pub(super) fn without_guard(&self, layer: usize) -> Vec<u64> {
        let mut words = vec![0; self.words];
        for (guards, bit) in self.waits.iter().zip(&self.bits) {
            words[*bit as usize / 64] |= u64::from(guards.len() <= layer) << (bit % 64);
        }
        words
    }

    /// Rules that are evaluated for every message: nothing guards them.
    pub fn unguarded(&self) -> impl Iterator<Item = RuleId> {
        let rules = (0..).zip(&self.waits).filter(|(_, guards)| guards.is_empty());
        rules.map(|(rule, _)| RuleId(rule)).filter(|rule| self.can_hold(*rule))
    }

    /// False if the rule's condition is a constant that never holds.
    pub fn can_hold(&self, rule: RuleId) -> bool {
        let Some(bit) = self.bits.get(rule.0 as usize) else { return false };
        self.candidates.get(*bit as usize / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }
}

/// The form in which equal texts are the same text; written to `out`.
pub(super) fn fold_key<'t>(fold: Fold, text: &'t str, out: &'t mut String) -> &'t str {
    match fold {
        Fold::Exact | Fold::Enum(_) => text,
        Fold::NoCase if text.is_ascii() => {
            out.clear();
            out.push_str(text);
            out.make_ascii_lowercase();
            out
        }
        Fold::NoCase => {
            out.clear();
            out.extend(text.chars().map(crate::matcher::fold_char));
            out
        }
        Fold::Domain => match crate::value::host_key(text) {
            Cow::Borrowed(key) => key,
            Cow::Owned(key) => {
                *out = key;
                out
            }
        },
    }
}
