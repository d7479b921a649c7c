//! Sets of bytes, and how often bytes occur in mail.

use super::factor::Space;
use super::fold::{ODD, fold};
use regex_syntax::hir::{Class, Hir, HirKind};

/// A set of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ByteSet([u64; 4]);

impl ByteSet {
    pub(super) const NONE: Self = Self([0; 4]);
    pub(super) const ALL: Self = Self([u64::MAX; 4]);
    /// Every byte of characters beyond ASCII.
    pub(super) const HIGH: Self = Self([0, 0, u64::MAX, u64::MAX]);

    /// Everything that squeezing may take away.
    pub(super) fn marks() -> Self {
        let mut set = Self::HIGH;
        (0..0x80_u8).filter(|byte| !byte.is_ascii_alphanumeric()).for_each(|byte| set.insert(byte));
        set
    }

    pub(super) fn of_byte(byte: u8) -> Self {
        let mut set = Self::NONE;
        set.insert(byte);
        set
    }

    pub(super) fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// How often a byte of a text is one of them, about.
    pub(super) fn frequency(&self) -> f64 {
        let held = (0..=0xff_u8).filter(|byte| self.contains(*byte));
        held.map(|byte| frequency(byte.to_ascii_lowercase())).sum::<f64>().min(1.0)
    }

    pub(super) fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte / 64)] >> (byte % 64) & 1 == 1
    }

    pub(super) fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte / 64)] |= 1 << (byte % 64);
    }

    pub(super) fn union(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(a, b)| *a |= b);
        self
    }

    /// The bytes of all characters of a class; those beyond ASCII stand for each other.
    pub(super) fn of_class(class: &Class) -> Self {
        let mut set = Self::NONE;
        let mut add = |from: u32, to: u32| {
            (from..=to.min(0x7f)).for_each(|byte| set.insert(byte as u8));
            if to > 0x7f {
                set = set.union(Self::HIGH);
            }
        };
        match class {
            Class::Unicode(class) => class.ranges().iter().for_each(|r| add(r.start() as u32, r.end() as u32)),
            Class::Bytes(class) => class.ranges().iter().for_each(|r| add(r.start().into(), r.end().into())),
        }
        set
    }

    /// The bytes that can occur in a match.
    pub(super) fn of(hir: &Hir) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Self::NONE,
            HirKind::Literal(literal) => {
                let mut set = Self::NONE;
                literal.0.iter().for_each(|byte| set.insert(*byte));
                set
            }
            HirKind::Class(class) => Self::of_class(class),
            HirKind::Repetition(repetition) => Self::of(&repetition.sub),
            HirKind::Capture(capture) => Self::of(&capture.sub),
            HirKind::Concat(parts) | HirKind::Alternation(parts) => {
                parts.iter().map(Self::of).fold(Self::NONE, Self::union)
            }
        }
    }
}

/// The characters of a class in a space, if they are at most `limit`.
pub(super) fn class_language(class: &Class, space: Space, limit: usize) -> Option<Vec<Vec<u8>>> {
    let ranges = ranges(class)?;
    let mut language: Vec<Vec<u8>> = match space {
        Space::Folded => {
            let total: usize = ranges.iter().map(|(from, to)| *to as usize - *from as usize + 1).sum();
            // Digits of all scripts are 700 characters and fold to ten.
            if total > 1_000 {
                return None;
            }
            ranges.iter().flat_map(|(from, to)| *from..=*to).map(|c| fold(c).to_string().into_bytes()).collect()
        }
        Space::Squeezed => squeezed(&ranges),
    };
    language.sort_unstable();
    language.dedup();
    (language.len() <= limit).then_some(language)
}

fn ranges(class: &Class) -> Option<Vec<(char, char)>> {
    match class {
        Class::Unicode(class) => Some(class.ranges().iter().map(|r| (r.start(), r.end())).collect()),
        Class::Bytes(class) => {
            let ranges = class.ranges().iter();
            ranges.map(|r| (r.end() < 0x80).then_some((char::from(r.start()), char::from(r.end())))).collect()
        }
    }
}

/// ASCII letters and digits, and the empty text for everything else.
fn squeezed(ranges: &[(char, char)]) -> Vec<Vec<u8>> {
    let holds = |c: char| ranges.iter().any(|(from, to)| (*from..=*to).contains(&c));
    let (kept, out): (Vec<char>, Vec<char>) =
        ('\0'..='\x7f').filter(|c| holds(*c)).partition(char::is_ascii_alphanumeric);
    let mut language: Vec<Vec<u8>> = kept.into_iter().map(|c| vec![fold(c) as u8]).collect();
    let high = |(from, to): &(char, char)| (*to as usize + 1).saturating_sub((*from as usize).max(0x80));
    let odd = ODD.iter().filter(|c| holds(**c)).count();
    if !out.is_empty() || ranges.iter().map(high).sum::<usize>() > odd {
        language.push(Vec::new());
    }
    language
}

/// How often a folded byte occurs among 10,000 bytes of visible mail text, from letter counts of English
/// prose; digits and marks after the kinds of text that mail holds.
pub(super) fn frequency(byte: u8) -> f64 {
    // PERF: asked for every byte of every literal each time that rules are compiled.
    const FREQUENCIES: [f64; 256] = {
        let mut table = [0.0; 256];
        let mut byte = 0;
        while byte < 256 {
            table[byte] = count(byte as u8) as f64 / 10_000.0;
            byte += 1;
        }
        table
    };
    FREQUENCIES[usize::from(byte)]
}

const fn count(byte: u8) -> u16 {
    const LETTERS: [u16; 26] = [
        640, 120, 240, 300, 990, 180, 160, 390, 580, 20, 70, 330, 200, 570, 620, 170, 10, 500, 520, 740, 230, 85, 150,
        20, 150, 15,
    ];
    match byte {
        b' ' => 1_700,
        b'a'..=b'z' => LETTERS[(byte - b'a') as usize],
        b'0'..=b'2' => 60,
        b'3'..=b'9' => 35,
        b'.' | b',' | b'-' | b'/' => 100,
        b':' | b'\'' | b'_' | b'=' | b'>' | b'<' | b'"' => 50,
        b'(' | b')' | b'@' | b'!' | b'?' | b'&' | b'*' | b'#' => 20,
        0x21..=0x7e => 10,
        0x80..=0xff => 30,
        _ => 2,
    }
}

/// How often a literal occurs in a byte of mail because it is a word of nearly every message.
pub(super) fn common(literal: &[u8]) -> f64 {
    const EVERYWHERE: [&str; 20] = [
        " the ",
        "the",
        "and",
        "ing ",
        "tion",
        " to ",
        " of ",
        " in ",
        " for ",
        "your ",
        "you ",
        " is ",
        " on ",
        "this ",
        "with ",
        "https://www.",
        ".com",
        "http://",
        "ment",
        "ation",
    ];
    const OFTEN: [&str; 42] = [
        "please ",
        "account",
        "email",
        "e-mail",
        "click",
        "here",
        "have ",
        "from ",
        "will ",
        "that ",
        "mail",
        "information",
        "contact",
        "message",
        "service",
        "order",
        "receive",
        "our ",
        "not ",
        "are ",
        "can ",
        "any ",
        "more ",
        "all ",
        "payment",
        "number",
        "security",
        "help",
        "support",
        "unsubscribe",
        "privacy",
        "policy",
        "address",
        "company",
        "update",
        "online",
        "customer",
        "today",
        "time",
        "send",
        "reply",
        "subscri",
    ];
    let within = |words: &[&str]| words.iter().any(|word| contains(word.as_bytes(), literal));
    match literal.len() {
        0..=2 => 0.0,
        _ if within(&EVERYWHERE) => 2e-3,
        _ if within(&OFTEN) => 5e-4,
        _ => 0.0,
    }
}

fn contains(word: &[u8], literal: &[u8]) -> bool {
    word.windows(literal.len()).any(|window| window == literal)
}
