//! Thousands of literals over one folded text in one pass.
//!
//! Each literal is known by four of its bytes, chosen rare (by all of them if it is shorter). At
//! each place of the text a bitmap of a few kilobytes says whether any literal's bytes may stand there; only then a table is
//! asked. So the pass costs about the same for ten literals and for a hundred thousand, and its
//! memory stays in the processor's nearest cache, where the states of an automaton do not.

use super::bytes::frequency;
use super::csr::Csr;
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use std::collections::HashMap;

/// One literal under its key.
#[derive(Clone, Copy, Debug)]
struct Keyed {
    key: u32,
    literal: u32,
    /// Where the key stands in the literal.
    offset: u32,
}

/// Literals by keys of one width, in a map of `1 << log` bytes and a table.
#[derive(Debug)]
struct Keys {
    /// One bit for each key that may be there; empty if there is no key.
    map: Box<[u8]>,
    log: u32,
    slots: Csr<Keyed>,
    shift: u32,
}

impl Keys {
    /// Keys, and others that the map must not rule out.
    fn new(log: u32, keys: Vec<Keyed>, others: &[u32]) -> Self {
        let len = if keys.is_empty() && others.is_empty() { 0 } else { 1 << log };
        let mut map = vec![0; len].into_boxed_slice();
        for key in keys.iter().map(|keyed| &keyed.key).chain(others) {
            let mixed = mix(*key);
            map[(mixed >> (32 - log)) as usize] |= 1 << bit(mixed, log);
        }
        let bits = (keys.len() * 2).max(2).next_power_of_two().trailing_zeros().min(24);
        let shift = 32 - bits;
        let slots = keys.into_iter().map(|keyed| ((mix(keyed.key) >> shift) as usize, keyed));
        Self { map, log, slots: Csr::new(1 << bits, slots), shift }
    }

    fn slot(&self, key: u32) -> &[Keyed] {
        self.slots.get((mix(key) >> self.shift) as usize)
    }

    fn may_hold(&self, key: u32) -> bool {
        let mixed = mix(key);
        self.map.get((mixed >> (32 - self.log)) as usize).is_some_and(|byte| byte >> bit(mixed, self.log) & 1 == 1)
    }

    fn memory(&self) -> usize {
        self.map.len() + self.slots.memory()
    }
}

/// The bit of a mixed key in its byte of the map: the bits below those that chose the byte.
const fn bit(mixed: u32, log: u32) -> u32 {
    mixed >> (32 - log - 3) & 7
}

/// The last bit of the answer is set if the key may be there.
// PERF: the map has a known length, so that no place is checked.
#[inline]
fn look_up<const LEN: usize>(map: &[u8; LEN], key: u32) -> u8 {
    let log = LEN.trailing_zeros();
    let mixed = mix(key);
    map[(mixed >> (32 - log)) as usize % LEN] >> bit(mixed, log)
}

/// Sizes of the map of keys of four bytes: about a byte for each key, and at most what fits the
/// nearest cache of a processor.
const SMALL: usize = 1 << 8;
const MIDDLE: usize = 1 << 12;
const LARGE: usize = 1 << 15;
/// Size of the maps of shorter keys.
const SHORT_MAP: usize = 1 << 12;

/// The bytes of a key of one, two and three bytes.
const SINGLE: u32 = 0xff;
const PAIR: u32 = 0xffff;
const TRIPLE: u32 = 0xff_ffff;

/// The literals of a set, ready for the pass.
#[derive(Debug)]
pub(super) struct Literals {
    text: Vec<u8>,
    ends: Vec<u32>,
    singles: Keys,
    pairs: Keys,
    triples: Keys,
    quads: Keys,
    has_short: bool,
    automaton: Option<AhoCorasick>,
}

impl Literals {
    /// Literals by position; none is empty. The automaton replaces the table where asked for.
    pub(super) fn new(literals: &[Vec<u8>], automaton: bool) -> Self {
        let mut text = Vec::new();
        let mut ends = Vec::with_capacity(literals.len());
        for literal in literals {
            text.extend_from_slice(literal);
            ends.push(text.len() as u32);
        }
        let automaton = if automaton { build(literals) } else { None };
        let [singles, pairs, triples, quads] = keys(literals);
        let has_short = [&singles, &pairs, &triples].iter().any(|keys| !keys.is_empty());
        // The map of pairs answers for single bytes too: any byte may follow.
        let with_next = |keyed: &Keyed| {
            (0..=0xff_u32).map({
                let key = keyed.key;
                move |next| key | next << 8
            })
        };
        let of_pairs: Vec<u32> = singles.iter().flat_map(with_next).chain([PAIR]).collect();
        let size = match quads.len() {
            0..=200 => SMALL,
            201..=4_000 => MIDDLE,
            _ => LARGE,
        };
        let short = SHORT_MAP.trailing_zeros();
        Self {
            text,
            ends,
            singles: Keys::new(5, singles, &[]),
            // A map that is looked into must be there.
            pairs: Keys::new(short, pairs, if has_short { &of_pairs } else { &[] }),
            triples: Keys::new(short, triples, if has_short { &[TRIPLE] } else { &[] }),
            quads: Keys::new(size.trailing_zeros(), quads, &[u32::MAX]),
            has_short,
            automaton,
        }
    }

    /// True if there is no literal.
    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Calls `found` with each literal and the place where it begins; says how many steps it took.
    /// The text ends three bytes before the end.
    pub(super) fn scan(&self, padded: &[u8], mut found: impl FnMut(u32, usize)) -> u64 {
        let len = padded.len().saturating_sub(3);
        let Some(automaton) = &self.automaton else {
            return match (self.has_short, self.quads.map.len()) {
                (true, SMALL) => self.pass::<true, SMALL, _>(padded, len, &mut found),
                (true, MIDDLE) => self.pass::<true, MIDDLE, _>(padded, len, &mut found),
                (true, _) => self.pass::<true, LARGE, _>(padded, len, &mut found),
                (false, SMALL) => self.pass::<false, SMALL, _>(padded, len, &mut found),
                (false, MIDDLE) => self.pass::<false, MIDDLE, _>(padded, len, &mut found),
                (false, _) => self.pass::<false, LARGE, _>(padded, len, &mut found),
            };
        };
        let mut count = 0;
        for hit in automaton.find_overlapping_iter(&padded[..len]) {
            count += 1;
            found(hit.pattern().as_u32(), hit.start());
        }
        len as u64 + count
    }

    /// The pass: a bit for each width is looked up, and one branch is seldom taken.
    fn pass<const SHORT: bool, const QUADS: usize, F: FnMut(u32, usize)>(
        &self,
        padded: &[u8],
        len: usize,
        found: &mut F,
    ) -> u64 {
        let mut steps = len as u64;
        // INVARIANT: `new` made the maps of these lengths.
        let Some(quads) = self.quads.map.first_chunk::<QUADS>() else { return steps };
        let (triples, pairs) = (self.triples.map.first_chunk(), self.pairs.map.first_chunk());
        let (triples, pairs): (&[u8; SHORT_MAP], &[u8; SHORT_MAP]) = match (triples, pairs) {
            (Some(triples), Some(pairs)) => (triples, pairs),
            _ => (&[0; SHORT_MAP], &[0; SHORT_MAP]),
        };
        for (at, window) in padded.array_windows::<4>().enumerate() {
            let quad = u32::from_le_bytes(*window);
            // PERF: no branch between them, so that they are looked up at once.
            let mut may = look_up(quads, quad);
            if SHORT {
                may |= look_up(triples, quad & TRIPLE) | look_up(pairs, quad & PAIR);
            }
            if may & 1 == 1 {
                steps += self.ask(&self.quads, quad, padded, at, found);
                if SHORT {
                    steps += self.ask(&self.triples, quad & TRIPLE, padded, at, found);
                    steps += self.ask(&self.pairs, quad & PAIR, padded, at, found);
                    steps += self.ask(&self.singles, quad & SINGLE, padded, at, found);
                }
            }
        }
        steps
    }

    /// Asks one table about one place.
    fn ask<F: FnMut(u32, usize)>(&self, keys: &Keys, key: u32, padded: &[u8], at: usize, found: &mut F) -> u64 {
        if !keys.may_hold(key) {
            return 0;
        }
        let slot = keys.slot(key);
        self.verify(slot, key, padded, at, found);
        slot.len() as u64
    }

    fn verify(&self, slot: &[Keyed], key: u32, padded: &[u8], at: usize, found: &mut impl FnMut(u32, usize)) {
        let len = padded.len() - 3;
        for keyed in slot.iter().filter(|keyed| keyed.key == key) {
            let literal = self.literal(keyed.literal);
            let Some(start) = at.checked_sub(keyed.offset as usize) else { continue };
            if start + literal.len() <= len && padded[start..].starts_with(literal) {
                found(keyed.literal, start);
            }
        }
    }

    /// The bytes of a literal.
    pub(super) fn literal(&self, index: u32) -> &[u8] {
        let index = index as usize;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..self.ends[index] as usize]
    }

    /// Bytes of memory, about.
    pub(super) fn memory(&self) -> usize {
        let keys: usize = [&self.singles, &self.pairs, &self.triples, &self.quads].map(Keys::memory).iter().sum();
        keys + self.text.len() + self.ends.len() * 4 + self.automaton.as_ref().map_or(0, AhoCorasick::memory_usage)
    }
}

fn mix(key: u32) -> u32 {
    key.wrapping_mul(0x9e37_79b1)
}

/// The keys of each width.
fn keys(literals: &[Vec<u8>]) -> [Vec<Keyed>; 4] {
    let mut all = [const { Vec::new() }; 4];
    let mut crowd: HashMap<u32, u32> = HashMap::new();
    for (index, literal) in literals.iter().enumerate().filter(|(_, literal)| !literal.is_empty()) {
        let width = literal.len().min(4);
        // Literals that share a key are compared one by one, so crowds are avoided.
        let crowded = |window: &[u8]| f64::from(1 + crowd.get(&key(window)).copied().unwrap_or(0));
        let (offset, window) = rarest(literal, width, crowded);
        let key = key(window);
        *crowd.entry(key).or_default() += 1;
        all[width - 1].push(Keyed { key, literal: index as u32, offset });
    }
    all
}

fn key(window: &[u8]) -> u32 {
    window.iter().rev().fold(0, |key, byte| key << 8 | u32::from(*byte))
}

fn rarest(literal: &[u8], width: usize, weight: impl Fn(&[u8]) -> f64) -> (u32, &[u8]) {
    let chance = |window: &[u8]| window.iter().map(|b| frequency(*b)).product::<f64>() * weight(window);
    let windows = literal.windows(width).take(64).enumerate();
    let best = windows.min_by(|(_, a), (_, b)| chance(a).total_cmp(&chance(b)));
    best.map_or((0, literal), |(offset, window)| (offset as u32, window))
}

fn build(literals: &[Vec<u8>]) -> Option<AhoCorasick> {
    let kind = Some(AhoCorasickKind::ContiguousNFA);
    AhoCorasickBuilder::new().match_kind(MatchKind::Standard).kind(kind).build(literals).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scanned(literals: &[Vec<u8>], text: &[u8], automaton: bool) -> Vec<(u32, usize)> {
        let padded = [text, &[0; 3]].concat();
        let mut found = Vec::new();
        Literals::new(literals, automaton).scan(&padded, |literal, at| found.push((literal, at)));
        found.sort_unstable();
        found
    }

    proptest! {
        #[test]
        fn finds_what_the_automaton_finds(
            literals in prop::collection::btree_set("[abc\u{0}]{1,9}", 1..60),
            text in "[abc\u{0}]{0,120}",
        ) {
            let literals: Vec<Vec<u8>> = literals.into_iter().map(String::into_bytes).collect();
            prop_assert_eq!(scanned(&literals, text.as_bytes(), false), scanned(&literals, text.as_bytes(), true));
        }
    }
}
