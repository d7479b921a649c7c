//! Thousands of literals over one folded text in one pass.
//!
//! Each literal is known by some bytes of it, chosen rare. At every place of the text, or at every
//! second or fourth if all literals are long enough to hold known bytes at one of those, a bitmap of a
//! few kilobytes says whether any literal's bytes may stand there; only then a table is asked. So the
//! pass costs about the same for ten literals and for a hundred thousand, and its memory stays in the
//! processor's nearest cache, where the states of an automaton do not.

use super::bytes::frequency;
use super::csr::Csr;
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use foldhash::HashMap;

/// One literal under its key.
#[derive(Clone, Copy, Debug)]
struct Keyed {
    key: u32,
    literal: u32,
    /// Where the key stands in the literal.
    offset: u32,
}

/// Literals by keys of one width.
#[derive(Debug)]
struct Keys {
    slots: Csr<Keyed>,
    shift: u32,
}

impl Keys {
    fn new(keys: Vec<Keyed>) -> Self {
        let bits = (keys.len() * 2).max(2).next_power_of_two().trailing_zeros().min(24);
        let shift = 32 - bits;
        let slots = keys.into_iter().map(|keyed| ((mix(keyed.key) >> shift) as usize, keyed));
        Self { slots: Csr::new(1 << bits, slots), shift }
    }

    fn slot(&self, key: u32) -> &[Keyed] {
        self.slots.get((mix(key) >> self.shift) as usize)
    }
}

/// Sizes of the map of three and four bytes: some bits for each key, and at most what fits the
/// nearest cache of a processor.
const SMALL: usize = 1 << 10;
const MIDDLE: usize = 1 << 12;
const LARGE: usize = 1 << 15;
/// Size of the map of two bytes: a bit for each.
const PAIRS: usize = 1 << 13;

const TRIPLE: u32 = 0xff_ffff;

/// How the literals of a set are found.
#[derive(Debug)]
struct Plan {
    /// Every how many places long literals are looked for.
    stride: usize,
    /// By three and by four bytes, so many times as the stride is long.
    triples: Vec<Keyed>,
    quads: Vec<Keyed>,
    /// Those too short for it, by one and by two bytes.
    singles: Vec<Keyed>,
    pairs: Vec<Keyed>,
    /// At every how many places those are looked for.
    short_stride: usize,
    /// How often a long literal's key is met at a place, and a short one's.
    met: (f64, f64),
}

/// Most literals that the choice of a plan looks at.
const SAMPLE: usize = 1_024;

impl Plan {
    fn new(literals: &[Vec<u8>], stride: usize) -> Self {
        let (mut triples, mut quads, mut singles, mut pairs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut crowd: HashMap<u32, u32> = HashMap::default();
        let (mut of_long, mut of_short) = (0.0, 0.0);
        // Three bytes hold two at an even place.
        let short_stride = if literals.iter().any(|literal| matches!(literal.len(), 1 | 2)) { 1 } else { 2 };
        for (index, literal) in literals.iter().enumerate().filter(|(_, literal)| !literal.is_empty()) {
            let width = (literal.len() + 1).saturating_sub(stride).min(4);
            let (keys, step, width, sum) = match (width, literal.len()) {
                (4, _) => (&mut quads, stride, 4, &mut of_long),
                (3, _) => (&mut triples, stride, 3, &mut of_long),
                (_, 1) => (&mut singles, 1, 1, &mut of_short),
                _ => (&mut pairs, short_stride, 2, &mut of_short),
            };
            for rest in 0..step {
                // Literals that share a key are compared one by one, so crowds are avoided.
                let crowded = |window: &[u8]| f64::from(1 + crowd.get(&key(window)).copied().unwrap_or(0));
                let (offset, window) = rarest(literal, width, (rest, step), crowded);
                let key = key(window);
                *crowd.entry(key).or_default() += 1;
                *sum += chance(window);
                keys.push(Keyed { key, literal: index as u32, offset });
            }
        }
        Self { stride, triples, quads, singles, pairs, short_stride, met: (of_long, of_short) }
    }

    /// In instructions for a byte of text, about, for so many times as many literals.
    fn cost(&self, times: f64) -> f64 {
        let (of_long, of_short) = self.met;
        let has_long = !self.quads.is_empty() || !self.triples.is_empty();
        let has_short = !self.singles.is_empty() || !self.pairs.is_empty();
        let long = if has_long { (9.0 + 60.0 * times * of_long) / self.stride as f64 } else { 0.0 };
        long + if has_short { (6.0 + 60.0 * times * of_short) / self.short_stride as f64 } else { 0.0 }
    }

    /// The plan that is cheapest for some of the literals, spread evenly over all.
    fn cheapest(literals: &[Vec<u8>]) -> Self {
        let step = literals.len().div_ceil(SAMPLE).max(1);
        let sample: Vec<Vec<u8>> = literals.iter().step_by(step).cloned().collect();
        let plans = [1, 2, 4].map(|stride| Self::new(&sample, stride));
        let cheapest = plans.into_iter().min_by(|a, b| a.cost(step as f64).total_cmp(&b.cost(step as f64)));
        match cheapest {
            Some(plan) if step == 1 => plan,
            Some(plan) => Self::new(literals, plan.stride),
            None => Self::new(literals, 1),
        }
    }

    /// The map of long literals: a row for three bytes, in it a bit for the fourth. No map if there is
    /// nothing to find.
    fn rows(&self) -> Box<[u8]> {
        let rows = match self.quads.len() + 8 * self.triples.len() {
            0 => 0,
            1..=400 => SMALL,
            401..=2_000 => MIDDLE,
            _ => LARGE,
        };
        let mut map = vec![0; rows].into_boxed_slice();
        for keyed in &self.triples {
            map[row(keyed.key, rows)] = 0xff;
        }
        for keyed in &self.quads {
            map[row(keyed.key, rows)] |= 1 << (keyed.key >> 24 & 7);
        }
        map
    }

    /// The map of short literals: what follows a single byte does not count.
    fn pair_map(&self) -> Box<[u8]> {
        let len = if self.singles.is_empty() && self.pairs.is_empty() { 0 } else { PAIRS };
        let mut map = vec![0; len].into_boxed_slice();
        let of_singles = self.singles.iter().flat_map(|keyed| (0..=0xff).map(|next| keyed.key | next << 8));
        for pair in self.pairs.iter().map(|keyed| keyed.key).chain(of_singles) {
            map[pair as usize / 8] |= 1 << (pair % 8);
        }
        map
    }
}

/// The row of the map for the lower three bytes.
#[inline]
fn row(key: u32, rows: usize) -> usize {
    // The last byte is shifted out.
    (mix(key << 8) >> (32 - rows.trailing_zeros())) as usize
}

/// The last bit of the answer is set if a literal may be known by these bytes.
// PERF: the map has a known length, so that no place is checked.
#[inline]
fn look_up<const ROWS: usize>(map: &[u8; ROWS], quad: u32) -> u8 {
    map[row(quad, ROWS) % ROWS] >> (quad >> 24 & 7)
}

/// What is told of a literal and the place where it begins.
type Found<'f> = &'f mut dyn FnMut(u32, usize);

/// The literals of a set, ready for the pass.
#[derive(Debug)]
pub(super) struct Literals {
    text: Vec<u8>,
    ends: Vec<u32>,
    stride: usize,
    rows: Box<[u8]>,
    triples: Keys,
    quads: Keys,
    pair_map: Box<[u8]>,
    singles: Keys,
    pairs: Keys,
    short_stride: usize,
    automaton: Option<AhoCorasick>,
}

/// Bytes of zero that a text must have after its end, so that eight can be read at every place.
pub(super) const PADDING: usize = 7;

impl Literals {
    /// Literals by position; none is empty. The automaton replaces the table where asked for.
    pub(super) fn new(literals: &[Vec<u8>], automaton: bool) -> Self {
        Self::planned(literals, Plan::cheapest(literals), if automaton { build(literals) } else { None })
    }

    fn planned(literals: &[Vec<u8>], plan: Plan, automaton: Option<AhoCorasick>) -> Self {
        let mut text = Vec::new();
        let mut ends = Vec::with_capacity(literals.len());
        for literal in literals {
            text.extend_from_slice(literal);
            ends.push(text.len() as u32);
        }
        Self {
            text,
            ends,
            stride: plan.stride,
            rows: plan.rows(),
            pair_map: plan.pair_map(),
            triples: Keys::new(plan.triples),
            quads: Keys::new(plan.quads),
            singles: Keys::new(plan.singles),
            pairs: Keys::new(plan.pairs),
            short_stride: plan.short_stride,
            automaton,
        }
    }

    /// True if there is no literal.
    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Calls `found` with each literal and the place where it begins; says how many steps it took.
    /// The text ends before the padding.
    pub(super) fn scan(&self, padded: &[u8], mut found: impl FnMut(u32, usize)) -> u64 {
        let text = &padded[..padded.len().saturating_sub(PADDING)];
        let Some(automaton) = &self.automaton else {
            return self.long(padded, &mut found) + self.short(text, &mut found);
        };
        let mut count = 0;
        for hit in automaton.find_overlapping_iter(text) {
            count += 1;
            found(hit.pattern().as_u32(), hit.start());
        }
        text.len() as u64 + count
    }

    fn long(&self, padded: &[u8], found: Found<'_>) -> u64 {
        match (self.stride, self.rows.len()) {
            (_, 0) => 0,
            (1, SMALL) => self.pass::<1, SMALL>(padded, found),
            (1, MIDDLE) => self.pass::<1, MIDDLE>(padded, found),
            (1, _) => self.pass::<1, LARGE>(padded, found),
            (2, SMALL) => self.pass::<2, SMALL>(padded, found),
            (2, MIDDLE) => self.pass::<2, MIDDLE>(padded, found),
            (2, _) => self.pass::<2, LARGE>(padded, found),
            (_, SMALL) => self.pass::<4, SMALL>(padded, found),
            (_, MIDDLE) => self.pass::<4, MIDDLE>(padded, found),
            (_, _) => self.pass::<4, LARGE>(padded, found),
        }
    }

    /// The pass for long literals: a few bits are looked up, and one branch is seldom taken.
    fn pass<const STRIDE: usize, const ROWS: usize>(&self, padded: &[u8], found: Found<'_>) -> u64 {
        // INVARIANT: the map was made of this length.
        let Some(map) = self.rows.first_chunk::<ROWS>() else { return 0 };
        let windows = 4 / STRIDE + 1;
        let (mut at, mut steps) = (0, padded.len() as u64 / STRIDE as u64);
        while let Some(block) = padded.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let block = u64::from_le_bytes(*block);
            let mut may = 0;
            // PERF: no branch between them, so that they are looked up at once.
            for window in 0..windows {
                may |= look_up(map, (block >> (8 * window * STRIDE)) as u32);
            }
            if may & 1 == 1 {
                for window in 0..windows {
                    let quad = (block >> (8 * window * STRIDE)) as u32;
                    if look_up(map, quad) & 1 == 1 {
                        steps += self.ask_long(quad, padded, at + window * STRIDE, found);
                    }
                }
            }
            at += windows * STRIDE;
        }
        steps
    }

    #[inline(never)]
    fn ask_long(&self, quad: u32, padded: &[u8], at: usize, found: Found<'_>) -> u64 {
        let text = &padded[..padded.len() - PADDING];
        let quads = self.verify(self.quads.slot(quad), quad, text, at, found);
        let triple = quad & TRIPLE;
        1 + quads + self.verify(self.triples.slot(triple), triple, text, at, found)
    }

    /// The pass for short ones.
    fn short(&self, text: &[u8], found: Found<'_>) -> u64 {
        if self.short_stride == 2 { self.short_pass::<2>(text, found) } else { self.short_pass::<1>(text, found) }
    }

    fn short_pass<const STRIDE: usize>(&self, text: &[u8], found: Found<'_>) -> u64 {
        // INVARIANT: the map was made of this length, if at all.
        let Some(map) = self.pair_map.first_chunk::<PAIRS>() else { return 0 };
        let mut steps = (text.len() / STRIDE) as u64;
        for (at, pair) in text.array_windows::<2>().enumerate().step_by(STRIDE) {
            let pair = u16::from_le_bytes(*pair);
            if map[usize::from(pair) / 8] >> (pair % 8) & 1 == 1 {
                steps += self.ask_short(pair.into(), text, at, found);
            }
        }
        // What follows the last byte does not count.
        let last = text.last().filter(|_| STRIDE == 1);
        last.map_or(steps, |byte| steps + self.ask_short((*byte).into(), text, text.len() - 1, found))
    }

    fn ask_short(&self, pair: u32, text: &[u8], at: usize, found: Found<'_>) -> u64 {
        let pairs = self.verify(self.pairs.slot(pair), pair, text, at, found);
        let single = pair & 0xff;
        1 + pairs + self.verify(self.singles.slot(single), single, text, at, found)
    }

    fn verify(&self, slot: &[Keyed], key: u32, text: &[u8], at: usize, found: Found<'_>) -> u64 {
        for keyed in slot.iter().filter(|keyed| keyed.key == key) {
            let literal = self.literal(keyed.literal);
            let Some(start) = at.checked_sub(keyed.offset as usize) else { continue };
            if text.get(start..).is_some_and(|rest| rest.starts_with(literal)) {
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
        let keys = [&self.singles, &self.pairs, &self.triples, &self.quads].map(|keys| keys.slots.memory());
        let own = self.rows.len() + self.pair_map.len() + self.text.len() + self.ends.len() * 4;
        keys.iter().sum::<usize>() + own + self.automaton.as_ref().map_or(0, AhoCorasick::memory_usage)
    }
}

#[inline]
fn mix(key: u32) -> u32 {
    key.wrapping_mul(0x9e37_79b1)
}

fn key(window: &[u8]) -> u32 {
    window.iter().rev().fold(0, |key, byte| key << 8 | u32::from(*byte))
}

/// How often the bytes stand at a place.
fn chance(window: &[u8]) -> f64 {
    window.iter().map(|byte| frequency(*byte)).product()
}

/// The rarest bytes among those at every so many places, from one on.
fn rarest(literal: &[u8], width: usize, (from, step): (usize, usize), weight: impl Fn(&[u8]) -> f64) -> (u32, &[u8]) {
    let windows = literal.windows(width).enumerate().skip(from).step_by(step).take(64);
    // PERF: each window is weighed once.
    let weighed = windows.map(|(offset, window)| (chance(window) * weight(window), offset, window));
    let best = weighed.reduce(|best, next| if next.0 < best.0 { next } else { best });
    best.map_or((0, literal), |(_, offset, window)| (offset as u32, window))
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
        let padded = [text, &[0; PADDING]].concat();
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

        #[test]
        fn finds_long_ones_at_every_few_places(
            least in 3..8_usize,
            rest in prop::collection::btree_set("[abc]{0,5}", 1..40),
            text in "[abc]{0,120}",
        ) {
            let literals: Vec<Vec<u8>> = rest.iter().map(|rest| [&b"abcabca"[..least], rest.as_bytes()].concat()).collect();
            let text = text.replace("aa", "abcabca").into_bytes();
            for stride in [1, 2, 4] {
                let mut found = Vec::new();
                let set = Literals::planned(&literals, Plan::new(&literals, stride), None);
                set.scan(&[&text[..], &[0; PADDING]].concat(), |literal, at| found.push((literal, at)));
                found.sort_unstable();
                prop_assert_eq!(found, scanned(&literals, &text, true));
            }
        }
    }
}
