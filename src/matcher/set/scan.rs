//! Thousands of literals over one folded text in one pass.
//!
//! Each literal is known by four of its bytes, chosen rare. At each place of the text one look into
//! a bitmap of 32 KB says whether any literal's four bytes may stand there; only then a table is
//! asked. So the pass costs about the same for ten literals and for a hundred thousand, and its
//! memory stays in the processor's nearest cache, where the states of an automaton do not.

use super::bytes::frequency;
use super::csr::Csr;
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use std::collections::HashMap;

/// Bits of the bitmap over four bytes.
const QUAD_BITS: u32 = 18;
const QUAD_WORDS: usize = 1 << (QUAD_BITS - 6);
const PAIR_WORDS: usize = 1 << (16 - 6);

/// One literal under its key.
#[derive(Clone, Copy, Debug)]
struct Keyed {
    key: u32,
    literal: u32,
    /// Where the key stands in the literal.
    offset: u32,
}

/// The literals of a set, ready for the pass.
#[derive(Debug)]
pub(super) struct Literals {
    text: Vec<u8>,
    ends: Vec<u32>,
    quad_map: Box<[u64]>,
    quads: Csr<Keyed>,
    quad_shift: u32,
    pair_map: Box<[u64]>,
    pairs: Csr<Keyed>,
    pair_shift: u32,
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
        let (quad_keys, pair_keys) = keys(literals);
        let mut quad_map = vec![0; QUAD_WORDS].into_boxed_slice();
        for keyed in &quad_keys {
            let bit = mix(keyed.key) >> (32 - QUAD_BITS);
            quad_map[(bit / 64) as usize] |= 1_u64 << (bit % 64);
        }
        let mut pair_map = vec![0; PAIR_WORDS].into_boxed_slice();
        for pair in pair_keys.iter().flat_map(|keyed| covered(keyed.key)) {
            pair_map[usize::from(pair / 64)] |= 1_u64 << (pair % 64);
        }
        let has_short = !pair_keys.is_empty();
        let (quads, quad_shift) = table(quad_keys);
        let (pairs, pair_shift) = table(pair_keys);
        let automaton = if automaton { build(literals) } else { None };
        Self { text, ends, quad_map, quads, quad_shift, pair_map, pairs, pair_shift, has_short, automaton }
    }

    /// Calls `found` with each literal and the place where it begins; says how many steps it took.
    pub(super) fn scan(&self, padded: &[u8], len: usize, mut found: impl FnMut(u32, usize)) -> u64 {
        let Some(automaton) = &self.automaton else {
            return if self.has_short {
                self.pass::<true>(padded, len, &mut found)
            } else {
                self.pass::<false>(padded, len, &mut found)
            };
        };
        let mut count = 0;
        for hit in automaton.find_overlapping_iter(&padded[..len]) {
            count += 1;
            found(hit.pattern().as_u32(), hit.start());
        }
        len as u64 + count
    }

    fn pass<const SHORT: bool>(&self, padded: &[u8], len: usize, found: &mut impl FnMut(u32, usize)) -> u64 {
        let mut steps = len as u64;
        // PERF: arrays of known length, so that no place is checked twice.
        // INVARIANT: `new` made them of this length.
        let (Some(quad_map), Some(pair_map)) =
            (self.quad_map.first_chunk::<QUAD_WORDS>(), self.pair_map.first_chunk::<PAIR_WORDS>())
        else {
            return steps;
        };
        for (at, window) in padded.windows(4).enumerate() {
            let quad = u32::from_le_bytes([window[0], window[1], window[2], window[3]]);
            let bit = mix(quad) >> (32 - QUAD_BITS);
            if quad_map[(bit / 64) as usize % QUAD_WORDS] >> (bit % 64) & 1 == 1 {
                let slot = self.quads.get((mix(quad) >> self.quad_shift) as usize);
                steps += self.verify(slot, quad, padded, len, at, found);
            }
            if SHORT {
                let pair = quad as u16;
                if pair_map[usize::from(pair / 64) % PAIR_WORDS] >> (pair % 64) & 1 == 1 {
                    let (pair, single) = (u32::from(pair) | PAIR, u32::from(window[0]) | SINGLE);
                    let slot = self.pairs.get((mix(pair) >> self.pair_shift) as usize);
                    steps += self.verify(slot, pair, padded, len, at, found);
                    let slot = self.pairs.get((mix(single) >> self.pair_shift) as usize);
                    steps += self.verify(slot, single, padded, len, at, found);
                }
            }
        }
        steps
    }

    fn verify(
        &self,
        slot: &[Keyed],
        key: u32,
        padded: &[u8],
        len: usize,
        at: usize,
        found: &mut impl FnMut(u32, usize),
    ) -> u64 {
        for keyed in slot.iter().filter(|keyed| keyed.key == key) {
            let literal = self.literal(keyed.literal);
            let Some(start) = at.checked_sub(keyed.offset as usize) else { continue };
            if start + literal.len() <= len && padded[start..].starts_with(literal) {
                found(keyed.literal, start);
            }
        }
        slot.len() as u64
    }

    /// The bytes of a literal.
    pub(super) fn literal(&self, index: u32) -> &[u8] {
        let index = index as usize;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start as usize..self.ends[index] as usize]
    }

    /// Bytes of memory, about.
    pub(super) fn memory(&self) -> usize {
        self.text.len()
            + self.ends.len() * 4
            + (QUAD_WORDS + PAIR_WORDS) * 8
            + self.quads.memory()
            + self.pairs.memory()
            + self.automaton.as_ref().map_or(0, AhoCorasick::memory_usage)
    }
}

/// Above two bytes of a key: it is of a pair, or of one byte.
const PAIR: u32 = 1 << 16;
const SINGLE: u32 = 1 << 17;

/// The pairs at which a short key may stand.
fn covered(key: u32) -> impl Iterator<Item = u16> {
    let first = key as u16;
    let count = if key & SINGLE == 0 { 1 } else { 256 };
    (0..count).map(move |second: u32| first | (second << 8) as u16)
}

fn mix(key: u32) -> u32 {
    key.wrapping_mul(0x9e37_79b1)
}

/// The keys of four bytes, and those of literals that are shorter.
fn keys(literals: &[Vec<u8>]) -> (Vec<Keyed>, Vec<Keyed>) {
    let (mut quads, mut shorts) = (Vec::new(), Vec::new());
    let mut crowd: HashMap<u32, u32> = HashMap::new();
    for (index, literal) in literals.iter().enumerate() {
        let literal_id = index as u32;
        match literal.as_slice() {
            [] => {}
            [byte] => shorts.push(Keyed { key: u32::from(*byte) | SINGLE, literal: literal_id, offset: 0 }),
            short if short.len() < 4 => {
                let (offset, pair) = rarest(short, 2, |_| 1.0);
                let key = u32::from(u16::from_le_bytes([pair[0], pair[1]])) | PAIR;
                shorts.push(Keyed { key, literal: literal_id, offset });
            }
            long => {
                // Literals that share four bytes are compared one by one, so crowds are avoided.
                let crowded = |window: &[u8]| f64::from(1 + crowd.get(&quad(window)).copied().unwrap_or(0));
                let (offset, window) = rarest(long, 4, crowded);
                let key = quad(window);
                *crowd.entry(key).or_default() += 1;
                quads.push(Keyed { key, literal: literal_id, offset });
            }
        }
    }
    (quads, shorts)
}

fn quad(window: &[u8]) -> u32 {
    u32::from_le_bytes([window[0], window[1], window[2], window[3]])
}

fn rarest(literal: &[u8], width: usize, weight: impl Fn(&[u8]) -> f64) -> (u32, &[u8]) {
    let chance = |window: &[u8]| window.iter().map(|b| frequency(*b)).product::<f64>() * weight(window);
    let windows = literal.windows(width).take(64).enumerate();
    let best = windows.min_by(|(_, a), (_, b)| chance(a).total_cmp(&chance(b)));
    best.map_or((0, literal), |(offset, window)| (offset as u32, window))
}

fn table(keys: Vec<Keyed>) -> (Csr<Keyed>, u32) {
    let bits = (keys.len() * 2).max(2).next_power_of_two().trailing_zeros().min(24);
    let shift = 32 - bits;
    (Csr::new(1 << bits, keys.into_iter().map(|keyed| ((mix(keyed.key) >> shift) as usize, keyed))), shift)
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
        Literals::new(literals, automaton).scan(&padded, text.len(), |literal, at| found.push((literal, at)));
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
