//! What every match of a regex must hold where it need not hold a literal: bytes of certain
//! classes, one after another, as `\d\d\d-\d` or fifteen letters or digits.

use super::bytes::ByteSet;
use super::chance::{Portions, Walk};
use super::factor::{Branch, Edge, Seed, Step, steps};
use super::fold::ODD;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Repetition};
use regex_syntax::utf8::Utf8Sequences;

/// Most units looked at; the rest of a longer pattern counts as one.
const MAX_UNITS: usize = 64;
/// Copies of a repetition of several units that are written out.
const MAX_COPIES: u32 = 12;
/// Most units in one sequence.
const MAX_RUN: usize = 24;
/// Ranges of a class whose bytes are told apart by their place in a character.
const MAX_RANGES: usize = 40;
/// Bytes of the longest sequence.
const MAX_LEN: u32 = 1024;
/// Sequences rarer than this are not made longer.
const RARE: f64 = 1e-7;

/// So many bytes of one set after another.
pub(super) type Run = (ByteSet, u32);

/// The sequence that should be cheapest to look for and to confirm.
pub(super) fn cheapest(hir: &Hir) -> Option<Branch> {
    let mut reader = Reader { units: Vec::new(), exact: true };
    reader.read(hir, Edge { first: true, last: true });
    reader.best()
}

/// The bytes with which every match begins, at most `most`.
pub(super) fn head(hir: &Hir, most: usize) -> Vec<ByteSet> {
    let mut reader = Reader { units: Vec::new(), exact: true };
    reader.read(hir, Edge::INNER);
    let mut head = Vec::new();
    for unit in reader.units {
        let room = most - head.len();
        head.extend(std::iter::repeat_n(unit.set, room.min(unit.min as usize)));
        if !unit.is_fixed() || head.len() == most {
            break;
        }
    }
    head
}

/// Bytes of one set, between `min` and `max` of them; `u32::MAX` is without bound.
#[derive(Clone, Copy)]
struct Unit {
    set: ByteSet,
    min: u32,
    max: u32,
}

impl Unit {
    fn is_fixed(&self) -> bool {
        self.min == self.max
    }
}

/// Reads a regex into units.
struct Reader {
    units: Vec<Unit>,
    /// False once the units say less than the regex.
    exact: bool,
}

impl Reader {
    fn read(&mut self, hir: &Hir, edge: Edge) {
        match hir.kind() {
            HirKind::Empty => {}
            HirKind::Look(_) => self.exact = false,
            HirKind::Literal(literal) => literal.0.iter().for_each(|byte| self.push(ByteSet::of_byte(*byte), 1, 1)),
            HirKind::Class(class) => self.class(class),
            HirKind::Capture(capture) => self.read(&capture.sub, edge),
            HirKind::Concat(parts) => self.concat(parts, edge),
            // What may be missing at an end is missing in the shortest match.
            HirKind::Repetition(repetition) if repetition.min == 0 && edge.is_outer() => {}
            HirKind::Repetition(repetition) if repetition.min > 0 => self.repeat(repetition, edge),
            HirKind::Repetition(_) | HirKind::Alternation(_) => self.summary(hir),
        }
    }

    fn push(&mut self, set: ByteSet, min: u32, max: u32) {
        self.units.push(Unit { set, min, max });
    }

    /// A part that is not looked into.
    fn summary(&mut self, hir: &Hir) {
        let bytes = |len: Option<usize>| len.and_then(|len| u32::try_from(len).ok());
        let properties = hir.properties();
        let max = bytes(properties.maximum_len()).unwrap_or(u32::MAX);
        self.exact = false;
        self.push(ByteSet::of(hir), bytes(properties.minimum_len()).unwrap_or(0), max);
    }

    fn concat(&mut self, parts: &[Hir], edge: Edge) {
        for (index, part) in parts.iter().enumerate() {
            if self.units.len() >= MAX_UNITS {
                return self.summary(&Hir::concat(parts[index..].to_vec()));
            }
            self.read(part, edge.of_part(index, parts.len()));
        }
    }

    fn class(&mut self, class: &Class) {
        let Class::Unicode(ranges) = class else { return self.push(ByteSet::of_class(class), 1, 1) };
        // A text that holds one of these is not searched for sequences.
        let mut ranges = ranges.clone();
        ranges.difference(&ClassUnicode::new(ODD.map(|c| ClassUnicodeRange::new(c, c))));
        if ranges.ranges().iter().all(|range| range.end().is_ascii()) {
            return self.push(ByteSet::of_class(&Class::Unicode(ranges)), 1, 1);
        }
        self.exact = false;
        if ranges.ranges().len() > MAX_RANGES {
            return self.push(ByteSet::of_class(class), 1, 4);
        }
        let mut places = [ByteSet::NONE; 4];
        let (mut min, mut max) = (4, 0);
        for sequence in ranges.ranges().iter().flat_map(|range| Utf8Sequences::new(range.start(), range.end())) {
            for (place, range) in places.iter_mut().zip(sequence.as_slice()) {
                (range.start..=range.end).for_each(|byte| place.insert(byte));
            }
            (min, max) = (min.min(sequence.len()), max.max(sequence.len()));
        }
        if min == max {
            places[..max].iter().for_each(|set| self.push(*set, 1, 1));
        } else {
            self.push(places.into_iter().fold(ByteSet::NONE, ByteSet::union), min as u32, max as u32);
        }
    }

    fn repeat(&mut self, repetition: &Repetition, edge: Edge) {
        let mut once = Self { units: Vec::new(), exact: true };
        let alone = repetition.min == 1 && repetition.max == Some(1);
        once.read(&repetition.sub, if alone { edge } else { Edge::INNER });
        self.exact &= once.exact;
        if let [unit] = once.units[..] {
            let min = unit.min.saturating_mul(repetition.min);
            // At an end the shortest match has as few copies as may be, each perhaps of several bytes.
            let most = if edge.is_outer() { Some(repetition.min) } else { repetition.max };
            return self.push(unit.set, min, most.map_or(u32::MAX, |most| unit.max.saturating_mul(most)));
        }
        let copies = repetition.min.min(MAX_COPIES);
        let rest = Repetition {
            min: repetition.min - copies,
            max: repetition.max.map(|max| max - copies),
            greedy: repetition.greedy,
            sub: repetition.sub.clone(),
        };
        let cut = edge.is_outer() && rest.min == 0;
        let rest = (rest.max != Some(0) && !cut).then(|| Hir::repetition(rest));
        if let (Some(rest), true) = (&rest, edge.first) {
            self.summary(rest);
        }
        for _ in 0..copies {
            if self.units.len() + once.units.len() > MAX_UNITS * 2 {
                return self.summary(&Hir::repetition(repetition.clone()));
            }
            self.units.extend_from_slice(&once.units);
        }
        if let (Some(rest), false) = (&rest, edge.first) {
            self.summary(rest);
        }
    }

    fn best(&self) -> Option<Branch> {
        let mut best = None;
        let portions: Vec<Portions> = self.units.iter().map(|unit| Portions::of(unit.set)).collect();
        for start in (0..self.units.len()).filter(|start| self.units[*start].min > 0) {
            self.in_order(start, &portions, &mut best);
            self.in_any_order(start, &mut best);
        }
        best
    }

    /// The end of one unit, whole units, and the beginning of one.
    fn in_order(&self, start: usize, portions: &[Portions], best: &mut Option<Branch>) {
        let mut runs: Vec<Run> = Vec::new();
        let mut walk = Walk::default();
        for (at, (unit, portions)) in self.units.iter().zip(portions).enumerate().skip(start).take(MAX_RUN) {
            if unit.min == 0 {
                return;
            }
            match runs.last_mut() {
                Some((set, count)) if *set == unit.set => *count += unit.min,
                _ => runs.push((unit.set, unit.min)),
            }
            walk.step(portions, unit.min);
            self.offer(best, &runs, walk.chance(), start..at + 1);
            if at > start && !unit.is_fixed() || walk.chance() < RARE {
                return;
            }
        }
    }

    /// As many bytes as some units have together, of any of their sets.
    fn in_any_order(&self, start: usize, best: &mut Option<Branch>) {
        let mut run = (self.units[start].set, self.units[start].min);
        for at in start + 1..self.units.len().min(start + MAX_RUN) {
            let unit = self.units[at];
            run = (run.0.union(unit.set), run.1.saturating_add(unit.min));
            if run.0.len() > 100 {
                return;
            }
            let mut walk = Walk::default();
            walk.step(&Portions::of(run.0), run.1);
            self.offer(best, &[run], walk.chance(), start..at + 1);
        }
    }

    fn offer(&self, best: &mut Option<Branch>, runs: &[Run], chance: f64, range: std::ops::Range<usize>) {
        if runs.iter().fold(0, |len: u32, run| len.saturating_add(run.1)) > MAX_LEN {
            return;
        }
        let whole = range == (0..self.units.len());
        let exact = self.exact && whole && self.units.iter().all(Unit::is_fixed) && in_order(runs, &self.units);
        let way = |units: &[Unit]| units.iter().map(|unit| f64::from(unit.max.min(200))).sum::<f64>().min(400.0);
        let window = 60.0 + way(&self.units[..range.start]) + way(&self.units[range.end - 1..]);
        let operations: u32 = runs.iter().map(|(_, count)| 1 + count.next_power_of_two().trailing_zeros()).sum();
        // A word of 64 places is one operation.
        let cost = 0.004 + 0.006 * f64::from(operations) + if exact { 0.0 } else { chance * window };
        if best.as_ref().is_some_and(|best| best.cost <= cost) {
            return;
        }
        let more = |unit: &Unit| Step { max: unit.max.saturating_sub(unit.min), set: unit.set };
        let all = |unit: &Unit| Step { max: unit.max, set: unit.set };
        let (before, units, after) = (&self.units[..range.start], &self.units[range.clone()], &self.units[range.end..]);
        let left = units.first().map(more).into_iter().chain(before.iter().rev().map(all));
        let right = units.last().map(more).into_iter().chain(after.iter().map(all));
        let seed = Seed::Sequence { runs: runs.to_vec(), exact, chance };
        *best = Some(Branch { seed, also: None, left: steps(left), right: steps(right), cost });
    }
}

/// True if the runs say of each byte what the units say.
fn in_order(runs: &[Run], units: &[Unit]) -> bool {
    runs.len() > 1 || units.iter().all(|unit| unit.set == runs[0].0)
}
