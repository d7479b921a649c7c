//! Sequences of classes of bytes, looked for at 64 places of a text at a time.
//!
//! For each class there is a map with a bit for each place of the text. Of `x{8}` the map is that
//! of `x` and itself moved by one, by two and by four places; of one class after another the map
//! of the first and that of the second moved. So each sequence costs some operations for every 64
//! bytes, and no branch.

use super::bytes::ByteSet;
use super::cache::MAX_PLACES;
use super::sequence::Run;

/// Bytes of text that are looked at together, so that the maps stay in the nearest cache.
const BLOCK: usize = 4096;

/// The sequences of a set of patterns.
#[derive(Debug, Default)]
pub(super) struct Classes {
    /// Bytes that no set tells apart have one class.
    class_of: Vec<u8>,
    class_count: usize,
    /// The classes of each set of bytes.
    sets: Vec<Vec<u8>>,
    /// Positions in `sets` and how many bytes, in order and none twice.
    runs: Vec<(u32, u32)>,
    sequences: Vec<Sequence>,
    longest: usize,
    samples: Samples,
}

/// Tells without much ado where no sequence stands: of so many bytes of a set after one another one
/// stands at every so many places.
#[derive(Debug, Default)]
struct Samples {
    every: usize,
    /// Bytes of which each sequence holds that many; empty if that would say nothing.
    set: Vec<bool>,
}

/// Sets of more bytes are everywhere.
const MAX_SAMPLED: u32 = 80;

impl Samples {
    fn new(sequences: &[(Vec<Run>, u32)]) -> Self {
        // Of each sequence the run that is looked for with the fewest hits.
        let telling = |runs: &[Run]| runs.iter().copied().min_by_key(|(set, count)| (set.len() / *count.min(&8), *set));
        let Some(chosen) = sequences.iter().map(|(runs, _)| telling(runs)).collect::<Option<Vec<Run>>>() else {
            return Self::default();
        };
        let every = chosen.iter().map(|(_, count)| *count as usize).min().unwrap_or(1);
        let set = chosen.iter().fold(ByteSet::NONE, |all, (set, _)| all.union(*set));
        if every < 2 || set.len() > MAX_SAMPLED {
            return Self::default();
        }
        Self { every, set: (0..=0xff_u8).map(|byte| set.contains(byte)).collect() }
    }

    /// Marks the chunks of 64 bytes in which a sequence may stand, so much of it as is in the text.
    fn mark(&self, text: &[u8], longest: usize, wanted: &mut Vec<bool>) {
        wanted.clear();
        // INVARIANT: a set has an entry for every byte.
        let Some(set) = self.set.first_chunk::<256>() else { return wanted.resize(text.len().div_ceil(64), true) };
        wanted.resize(text.len().div_ceil(64), false);
        let near = longest.div_ceil(64);
        let mut at = 0;
        let is_held = |byte: &u8| set[usize::from(*byte)];
        while let Some(byte) = text.get(at) {
            if is_held(byte) {
                // So many of them stand together, this one among them.
                let before = text[..at].iter().rev().take(self.every - 1).take_while(|byte| is_held(byte)).count();
                let after = text[at..].iter().take(self.every - before).take_while(|byte| is_held(byte)).count();
                if before + after >= self.every {
                    let chunk = at / 64;
                    let last = wanted.len().min(chunk + near + 1);
                    wanted[chunk.saturating_sub(near)..last].fill(true);
                }
            }
            at += self.every;
        }
    }
}

#[derive(Debug)]
struct Sequence {
    /// Positions in `runs`.
    runs: Vec<u32>,
    len: usize,
    group: u32,
}

/// Scratch.
#[derive(Debug, Default)]
pub(super) struct Maps {
    /// Words of each map.
    words: usize,
    classes: Vec<u64>,
    sets: Vec<u64>,
    runs: Vec<u64>,
    /// For each run whether it stands anywhere.
    found: Vec<bool>,
    joined: Vec<u64>,
    wanted: Vec<bool>,
}

impl Classes {
    /// Sequences with their groups.
    pub(super) fn new(sequences: Vec<(Vec<Run>, u32)>) -> Self {
        let mut runs: Vec<Run> = sequences.iter().flat_map(|(runs, _)| runs.iter().copied()).collect();
        runs.sort_unstable();
        runs.dedup();
        let mut distinct: Vec<ByteSet> = runs.iter().map(|run| run.0).collect();
        distinct.dedup();
        let (class_of, class_count) = tell_apart(&distinct);
        let samples = Samples::new(&sequences);
        let classes_of = |set: &ByteSet| {
            let held = (0..=0xff_u8).filter(|byte| set.contains(*byte));
            let mut classes: Vec<u8> = held.map(|byte| class_of[usize::from(byte)]).collect();
            classes.sort_unstable();
            classes.dedup();
            classes
        };
        let sets = distinct.iter().map(classes_of).collect();
        let number = |run: &Run| runs.binary_search(run).unwrap_or(0) as u32;
        let sequence = |(runs, group): (Vec<Run>, u32)| Sequence {
            runs: runs.iter().map(number).collect(),
            len: runs.iter().map(|(_, count)| *count as usize).sum(),
            group,
        };
        let sequences: Vec<Sequence> = sequences.into_iter().map(sequence).collect();
        let longest = sequences.iter().map(|sequence| sequence.len).max().unwrap_or(0);
        let of_set = |run: &Run| (distinct.binary_search(&run.0).unwrap_or(0) as u32, run.1);
        Self { sets, runs: runs.iter().map(of_set).collect(), sequences, longest, class_count, class_of, samples }
    }

    /// Calls `hit` with the group, the first place and the end of each stretch of a text in which a
    /// sequence stands; of those with many stretches only the first. Says how many steps it took.
    pub(super) fn scan(&self, text: &[u8], maps: &mut Maps, mut hit: impl FnMut(u32, usize, usize)) -> u64 {
        let mut steps = 0;
        for begin in (0..text.len()).step_by(BLOCK).take_while(|_| !self.sequences.is_empty()) {
            // Sequences that begin in one block may end in the next.
            let end = text.len().min(begin + BLOCK + self.longest);
            let hit = |group, from: usize, to: usize| hit(group, begin + from, begin + to);
            steps += self.block(&text[begin..end], maps, hit) as u64;
        }
        steps
    }

    fn block(&self, text: &[u8], maps: &mut Maps, mut hit: impl FnMut(u32, usize, usize)) -> usize {
        maps.words = text.len().div_ceil(64);
        self.samples.mark(text, self.longest, &mut maps.wanted);
        if !maps.wanted.contains(&true) {
            return text.len() / self.samples.every.max(1);
        }
        self.map_classes(text, maps);
        self.map_sets(maps);
        let mut steps = text.len() + (self.map_runs(maps) + self.sets.len()) * maps.words;
        for sequence in &self.sequences {
            if sequence.runs.iter().any(|run| !maps.found[*run as usize]) {
                continue;
            }
            steps += self.join(sequence, maps) * maps.words;
            for (from, to) in
                stretches(&maps.joined).take(MAX_PLACES as usize + 1).take_while(|(from, _)| *from < BLOCK)
            {
                hit(sequence.group, from, to + sequence.len);
            }
        }
        steps + self.sequences.len()
    }

    fn map_classes(&self, text: &[u8], maps: &mut Maps) {
        let Maps { words, classes, wanted, .. } = maps;
        classes.clear();
        classes.resize(*words * self.class_count, 0);
        // INVARIANT: `class_of` has an entry for every byte, and classes are bytes.
        let Some(class_of) = self.class_of.first_chunk::<256>() else { return };
        let mut local = [0_u64; 256];
        for ((word, chunk), _) in text.chunks(64).enumerate().zip(wanted.iter()).filter(|(_, wanted)| **wanted) {
            local[..self.class_count].fill(0);
            for (bit, byte) in chunk.iter().enumerate() {
                local[usize::from(class_of[usize::from(*byte)])] |= 1 << bit;
            }
            for (class, bits) in local[..self.class_count].iter().enumerate() {
                classes[class * *words + word] = *bits;
            }
        }
    }

    fn map_sets(&self, maps: &mut Maps) {
        let Maps { words, classes: from, sets, .. } = maps;
        sets.clear();
        sets.resize(*words * self.sets.len(), 0);
        for (classes, map) in self.sets.iter().zip(sets.chunks_exact_mut(*words)) {
            for class in classes {
                let start = usize::from(*class) * *words;
                map.iter_mut().zip(&from[start..start + *words]).for_each(|(to, bits)| *to |= bits);
            }
        }
    }

    /// Each run is made of the shorter one of its set; says how many operations that took.
    fn map_runs(&self, maps: &mut Maps) -> usize {
        let Maps { words, sets, runs, found, .. } = maps;
        let words = *words;
        runs.clear();
        found.clear();
        let mut operations = 0;
        let mut last = (u32::MAX, 1);
        for (set, count) in &self.runs {
            let (have, from) =
                if last.0 == *set { (last.1, (runs.len() - words, true)) } else { (1, (*set as usize * words, false)) };
            last = (*set, *count);
            let begin = runs.len();
            match from {
                (start, true) => runs.extend_from_within(start..start + words),
                (start, false) => runs.extend_from_slice(&sets[start..start + words]),
            }
            let map = &mut runs[begin..];
            if have == 1 || found.last() == Some(&true) {
                operations += repeat(map, have, *count);
            }
            found.push(map.iter().any(|word| *word != 0));
        }
        operations
    }

    /// Leaves a map of the places where the sequence begins; says how many operations that took.
    fn join(&self, sequence: &Sequence, maps: &mut Maps) -> usize {
        let Maps { words, runs, joined, .. } = maps;
        let map = |run: &u32| &runs[*run as usize * *words..][..*words];
        joined.clear();
        for run in sequence.runs.iter().rev() {
            if joined.is_empty() {
                joined.extend_from_slice(map(run));
            } else {
                move_and(joined, map(run), self.runs[*run as usize].1 as usize);
            }
        }
        sequence.runs.len()
    }

    /// Bytes of memory, about.
    pub(super) fn memory(&self) -> usize {
        let sequence = |sequence: &Sequence| size_of::<Sequence>() + sequence.runs.capacity() * 4;
        self.class_of.len()
            + self.sets.iter().map(|set| size_of::<Vec<u8>>() + set.capacity()).sum::<usize>()
            + self.runs.capacity() * 8
            + self.sequences.iter().map(sequence).sum::<usize>()
    }
}

fn tell_apart(sets: &[ByteSet]) -> (Vec<u8>, usize) {
    let mut class_of = vec![0_u8; 256];
    let mut count = 1;
    for set in sets {
        // The class of those of each class that are in the set, if some are not.
        let mut split = [None; 256];
        for byte in (0..=0xff_u8).filter(|byte| set.contains(*byte)) {
            let class = class_of[usize::from(byte)];
            split[usize::from(class)].get_or_insert_with(|| {
                if (0..=0xff_u8).all(|other| class_of[usize::from(other)] != class || set.contains(other)) {
                    return class;
                }
                count += 1;
                (count - 1) as u8
            });
        }
        for byte in (0..=0xff_u8).filter(|byte| set.contains(*byte)) {
            let slot = &mut class_of[usize::from(byte)];
            *slot = split[usize::from(*slot)].unwrap_or(*slot);
        }
    }
    (class_of, count)
}

/// Of a map of the places at which `have` follow each other the map of those at which `count` do.
fn repeat(map: &mut [u64], mut have: u32, count: u32) -> usize {
    let mut operations = 0;
    while have < count {
        let by = have.min(count - have);
        and_moved(map, by as usize);
        (have, operations) = (have + by, operations + 1);
    }
    operations
}

/// A map and itself moved towards the beginning.
fn and_moved(map: &mut [u64], by: usize) {
    if !(1..64).contains(&by) {
        return (0..map.len()).for_each(|at| map[at] &= moved(map, at, by));
    }
    // PERF: without looks beyond the end, so that it becomes vector instructions.
    for at in 1..map.len() {
        map[at - 1] &= map[at - 1] >> by | map[at] << (64 - by);
    }
    if let Some(last) = map.last_mut() {
        *last &= *last >> by;
    }
}

/// `found` moved towards the beginning, and `map`.
fn move_and(found: &mut [u64], map: &[u64], by: usize) {
    let map = &map[..found.len()];
    if !(1..64).contains(&by) {
        return (0..map.len()).for_each(|at| found[at] = map[at] & moved(found, at, by));
    }
    for at in 1..map.len() {
        found[at - 1] = map[at - 1] & (found[at - 1] >> by | found[at] << (64 - by));
    }
    if let (Some(last), Some(map)) = (found.last_mut(), map.last()) {
        *last = map & *last >> by;
    }
}

fn moved(map: &[u64], at: usize, by: usize) -> u64 {
    let (words, bits) = (by / 64, by % 64);
    let word = |at: usize| map.get(at).copied().unwrap_or(0);
    let low = word(at + words) >> bits;
    if bits == 0 { low } else { low | word(at + words + 1) << (64 - bits) }
}

/// The first and the last place of each stretch of places that are set.
fn stretches(map: &[u64]) -> impl Iterator<Item = (usize, usize)> + '_ {
    let next = |from: usize, wanted: bool| {
        let flip = if wanted { 0 } else { u64::MAX };
        let word = |at: usize| map.get(at).map(|word| word ^ flip);
        let mut at = from / 64;
        let mut bits = word(at)? & u64::MAX << (from % 64);
        while bits == 0 {
            at += 1;
            bits = word(at)?;
        }
        Some(at * 64 + bits.trailing_zeros() as usize)
    };
    let mut from = 0;
    std::iter::from_fn(move || {
        let first = next(from, true)?;
        let end = next(first, false).unwrap_or(map.len() * 64);
        from = end;
        Some((first, end - 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set_of(bytes: &[u8]) -> ByteSet {
        bytes.iter().fold(ByteSet::NONE, |set, byte| set.union(ByteSet::of_byte(*byte)))
    }

    fn slowly(runs: &[Run], text: &[u8]) -> Vec<usize> {
        let sets: Vec<ByteSet> = runs.iter().flat_map(|(set, count)| vec![*set; *count as usize]).collect();
        let fits = |at: &usize| sets.iter().enumerate().all(|(i, set)| set.contains(text[at + i]));
        (0..(text.len() + 1).saturating_sub(sets.len())).filter(fits).collect()
    }

    fn stretches_of(places: &[usize]) -> usize {
        usize::from(!places.is_empty()) + places.windows(2).filter(|pair| pair[1] != pair[0] + 1).count()
    }

    proptest! {
        #[test]
        fn finds_what_a_look_at_every_place_finds(
            runs in prop::collection::vec((prop::collection::vec(b'a'..=b'd', 1..4), 1..90_u32), 1..4),
            repeat in prop::sample::select(vec![1_usize, 1, 40]),
            text in "[ab]{0,90}[abc]{0,200}[a-d]{0,70}",
        ) {
            let runs: Vec<Run> = runs.into_iter().map(|(bytes, count)| (set_of(&bytes), count)).collect();
            let len: u32 = runs.iter().map(|run| run.1).sum();
            let text = text.repeat(repeat);
            let alone = runs.len().is_multiple_of(2);
            let other = if alone { None } else { Some((vec![(set_of(b"b"), 2)], 8)) };
            let classes = Classes::new(std::iter::once((runs.clone(), 7)).chain(other).collect());
            let mut found = Vec::new();
            classes.scan(text.as_bytes(), &mut Maps::default(), |group, from, to| {
                if group == 7 {
                    found.extend(from..to + 1 - len as usize);
                }
            });
            // Two blocks may tell of one place twice.
            found.dedup();
            let mut expected = slowly(&runs, text.as_bytes());
            if stretches_of(&expected) > MAX_PLACES as usize {
                prop_assert!(stretches_of(&found) > MAX_PLACES as usize);
                expected.retain(|place| found.binary_search(place).is_ok());
            }
            prop_assert_eq!(found, expected);
        }
    }
}
