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

/// Tells without much ado where no sequence stands. Empty if that would say nothing.
#[derive(Debug, Default)]
struct Samples(Vec<Sample>);

/// So many bytes after one another, each of which lies in a range once these bits are set in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sample {
    count: usize,
    bits: u8,
    least: u8,
    span: u8,
}

/// More of them take more time than they spare.
const MAX_SAMPLES: usize = 6;
/// Ranges of more bytes are everywhere.
const MAX_SPAN: u8 = 32;

impl Sample {
    /// Of a run; of one that is long only so much that it lies in two chunks.
    fn new((set, count): Run) -> Option<Self> {
        let held = || (0..=0xff_u8).filter(|byte| set.contains(*byte));
        // Letters of both cases lie together once the bit is set that tells them apart.
        let samples = [0, 0x20].into_iter().filter_map(|bits| {
            let (least, most) = (held().map(|byte| byte | bits).min()?, held().map(|byte| byte | bits).max()?);
            Some(Self { count: count.min(64) as usize, bits, least, span: most - least })
        });
        samples.min_by_key(|sample| sample.span).filter(|sample| sample.span <= MAX_SPAN)
    }

    fn is_held(self, byte: u8) -> bool {
        (byte | self.bits).wrapping_sub(self.least) <= self.span
    }

    /// How many of them there are.
    // PERF: counted in a byte, so that it becomes vector instructions.
    #[inline]
    fn count_in(self, bytes: &[u8; 64]) -> u8 {
        bytes.iter().fold(0_u8, |count, byte| count.wrapping_add(u8::from(self.is_held(*byte))))
    }

    /// A bit for each of them.
    fn places(self, bytes: &[u8; 64]) -> u64 {
        let held = bytes.map(|byte| u8::from(self.is_held(byte)));
        let (eights, _) = held.as_chunks::<8>();
        // Eight bytes that are 0 or 1 become the eight bits of the uppermost byte.
        let bits = |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        eights.iter().rev().fold(0, |all, eight| all << 8 | bits(eight))
    }

    /// The first and the last place in two chunks from which so many of them stand together.
    fn stands(self, chunks: [&[u8; 64]; 2]) -> Option<(usize, usize)> {
        let [first, second] = chunks.map(|chunk| u128::from(self.places(chunk)));
        let (mut runs, mut have) = (first | second << 64, 1);
        while have < self.count {
            let by = have.min(self.count - have);
            (runs, have) = (runs & runs >> by, have + by);
        }
        (runs != 0).then(|| (runs.trailing_zeros() as usize, 127 - runs.leading_zeros() as usize))
    }
}

impl Samples {
    fn new(sequences: &[(Vec<Run>, u32)]) -> Self {
        // Of each sequence the rarest run.
        let rare = |(set, count): &Run| set.frequency().powi(*count.min(&64) as i32);
        let telling = |runs: &[Run]| runs.iter().copied().min_by(|a, b| rare(a).total_cmp(&rare(b)));
        let samples = sequences.iter().map(|(runs, _)| telling(runs).and_then(Sample::new));
        let Some(samples) = samples.collect::<Option<Vec<Sample>>>() else { return Self::default() };
        let mut distinct: Vec<Sample> = Vec::new();
        for sample in samples {
            let same = |other: &&mut Sample| Sample { count: sample.count, ..**other } == sample;
            match distinct.iter_mut().find(same) {
                Some(known) => known.count = known.count.min(sample.count),
                None => distinct.push(sample),
            }
        }
        if distinct.len() > MAX_SAMPLES { Self::default() } else { Self(distinct) }
    }

    /// Marks the chunks of 64 bytes in which a sequence may stand, so much of it as is in the text.
    fn mark(&self, text: &[u8], longest: usize, wanted: &mut Vec<bool>) {
        wanted.clear();
        wanted.resize(text.len().div_ceil(64), self.0.is_empty());
        let (chunks, rest) = text.as_chunks::<64>();
        let mut last = [0; 64];
        last[..rest.len()].copy_from_slice(rest);
        let chunks = || chunks.iter().chain(Some(&last).filter(|_| !rest.is_empty()));
        for sample in &self.0 {
            let mut before = (0, &[0; 64]);
            for (at, chunk) in chunks().enumerate() {
                let count = usize::from(sample.count_in(chunk));
                if before.0 + count >= sample.count
                    && let Some((first, last)) = sample.stands([before.1, chunk])
                {
                    // Nothing of the sequence is further away than it is long.
                    let place = |in_two: usize| (at * 64 + in_two).saturating_sub(64);
                    let from = place(first).saturating_sub(longest) / 64;
                    let end = (place(last) + sample.count + longest).div_ceil(64).min(wanted.len());
                    wanted[from.min(end)..end].fill(true);
                }
                before = (count, chunk);
            }
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
            return text.len() / 64 * self.samples.0.len();
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
