//! Campaigns: messages with nearly the same text. MinHash (Broder 1997) over shingles of three
//! words of the subject and the visible text, candidates by locality-sensitive hashing (Indyk and
//! Motwani 1998), each verified.

use crate::message::Message;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use unicode_normalization::UnicodeNormalization;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Values of a signature: the standard error of the estimated similarity is at most 0.045.
const VALUES: usize = 128;
/// Values of one band: pairs of similarity 0.7 meet in one of 32 bands with probability 0.9998.
const ROWS: usize = 4;
/// Words of a shingle.
const WORDS: usize = 3;
/// Least similarity (Jaccard) of two messages of a campaign.
const SIMILAR: f64 = 0.7;
/// Most shingles of a text that are looked at.
const MAX_SHINGLES: usize = 20_000;
/// Messages of a bucket that a new one is compared with.
const REPRESENTATIVES: usize = 8;

/// What is kept of a text: a signature, half a kilobyte. Empty for a text without words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch(Box<[u32]>);

/// The sketch of a message's subject and visible text. Case, digits, punctuation and addresses do
/// not count.
pub fn sketch(message: &Message) -> Sketch {
    let subject = message.subject().base.as_deref().unwrap_or("").to_owned();
    Sketch::of(&format!("{subject}\n{}", message.body().visible_text()))
}

impl Sketch {
    /// The sketch of a text.
    pub fn of(text: &str) -> Self {
        let words: Vec<u64> = words(text).take(MAX_SHINGLES).map(|word| xxh3_64(word.as_bytes())).collect();
        if words.is_empty() {
            return Self(Box::new([]));
        }
        let mut values = vec![u32::MAX; VALUES].into_boxed_slice();
        // A text of fewer words is one shingle.
        for shingle in words.windows(WORDS.min(words.len())) {
            let bytes: Vec<u8> = shingle.iter().flat_map(|word| word.to_le_bytes()).collect();
            let mut hash = xxh3_64(&bytes);
            for value in &mut values {
                // SplitMix64 (Steele, Lea, Flood 2014): the next of a family of hashes.
                hash = hash.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                *value = (*value).min((mixed >> 32) as u32);
            }
        }
        Self(values)
    }

    /// The estimated Jaccard similarity of two texts, 0 to 1.
    pub fn similarity(&self, other: &Self) -> f64 {
        if self.0.is_empty() || other.0.is_empty() {
            return 0.0;
        }
        let equal = self.0.iter().zip(&other.0).filter(|(a, b)| a == b).count();
        equal as f64 / VALUES as f64
    }

    fn bands(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.chunks_exact(ROWS).zip(0..).map(|(rows, band)| {
            let bytes: Vec<u8> = rows.iter().flat_map(|value| value.to_le_bytes()).collect();
            xxh3_64_with_seed(&bytes, band)
        })
    }
}

/// Lower-case words after compatibility normalisation. What holds a digit, a dot between letters
/// or an `@` differs from copy to copy and is left out.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split_whitespace().filter_map(|word| {
        let word: String = word.nfkc().flat_map(char::to_lowercase).collect();
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let varies = |c: char| c.is_numeric() || matches!(c, '@' | '/' | '.' | '=' | ':');
        (!bare.is_empty() && !bare.contains(varies)).then(|| bare.to_owned())
    })
}

/// Gathers sketches and finds the campaigns among them.
#[derive(Debug, Default)]
pub struct Clusters {
    sketches: BTreeMap<Box<str>, Sketch>,
}

impl Clusters {
    /// Adds a message.
    pub fn insert(&mut self, id: &str, sketch: Sketch) {
        self.sketches.insert(id.into(), sketch);
    }

    /// The campaign of each message, by id. A campaign is named by a digest of its first id;
    /// messages without text are campaigns of their own. The order of insertion plays no part.
    pub fn find(&self) -> BTreeMap<Box<str>, String> {
        let all: Vec<(&Box<str>, &Sketch)> = self.sketches.iter().collect();
        let mut sets = Sets((0..all.len()).collect());
        let mut buckets: HashMap<u64, Vec<usize>> = HashMap::new();
        for (index, (_, sketch)) in all.iter().enumerate() {
            for band in sketch.bands() {
                let bucket = buckets.entry(band).or_default();
                for other in bucket.iter() {
                    if sets.root(*other) != sets.root(index) && sketch.similarity(all[*other].1) >= SIMILAR {
                        sets.join(*other, index);
                    }
                }
                if bucket.len() < REPRESENTATIVES {
                    bucket.push(index);
                }
            }
        }
        let name = |id: &str| format!("c{}", crate::message::hex(&Sha256::digest(id)[..6]));
        (0..all.len()).map(|index| (all[index].0.clone(), name(all[sets.root(index)].0))).collect()
    }
}

/// Disjoint sets; the root is the smallest member.
struct Sets(Vec<usize>);

impl Sets {
    fn root(&mut self, mut index: usize) -> usize {
        while self.0[index] != index {
            self.0[index] = self.0[self.0[index]];
            index = self.0[index];
        }
        index
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Dear customer, your account was charged for the annual protection plan. \
If you did not authorise this payment please call our billing department at once to cancel the order \
and receive a full refund within the next two working days. Thank you for choosing our services.";

    #[test]
    fn copies_with_other_numbers_and_names_are_one_campaign() {
        let mut clusters = Clusters::default();
        clusters.insert("b", Sketch::of(&format!("Invoice 4711 {TEXT} +1 555 0100")));
        clusters.insert("a", Sketch::of(&format!("Invoice 9000 {TEXT} +1 555 0199 http://x.example/1")));
        clusters.insert("c", Sketch::of("An honest letter about the garden and what grows there this summer"));
        clusters.insert("d", Sketch::of(""));
        clusters.insert("e", Sketch::of("?! 17"));
        let found = clusters.find();
        assert_eq!(found["a"], found["b"]);
        let distinct: std::collections::BTreeSet<_> = found.values().collect();
        assert_eq!(distinct.len(), 4);
    }

    #[test]
    fn the_estimate_is_near_the_similarity() {
        // Shingles 0..100 and 50..150: 48 of 148 - of 98 each 48 are shared.
        let text = |range: std::ops::Range<u32>| {
            let letter = |digit: u32| char::from(b'a' + (digit % 26) as u8);
            range.map(|i| format!("{}{} ", letter(i / 26), letter(i))).collect::<String>()
        };
        let (a, b) = (Sketch::of(&text(0..100)), Sketch::of(&text(50..150)));
        assert!((a.similarity(&b) - 48.0 / 148.0).abs() < 0.12, "{}", a.similarity(&b));
        assert!((a.similarity(&a) - 1.0).abs() < f64::EPSILON);
    }
}
