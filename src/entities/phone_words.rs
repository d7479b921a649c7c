//! Telephone numbers written in words: "eight zero two, five five five, zero one four two".

use super::numbering;
use super::phone::PhoneNumber;
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Digits in words, in the languages of common lures.
const WORDS: [(&str, char); 56] = [
    ("zero", '0'),
    ("oh", '0'),
    ("o", '0'),
    ("nought", '0'),
    ("one", '1'),
    ("two", '2'),
    ("three", '3'),
    ("four", '4'),
    ("five", '5'),
    ("six", '6'),
    ("seven", '7'),
    ("eight", '8'),
    ("nine", '9'),
    ("cero", '0'),
    ("uno", '1'),
    ("dos", '2'),
    ("tres", '3'),
    ("cuatro", '4'),
    ("cinco", '5'),
    ("seis", '6'),
    ("siete", '7'),
    ("ocho", '8'),
    ("nueve", '9'),
    ("zéro", '0'),
    ("un", '1'),
    ("deux", '2'),
    ("trois", '3'),
    ("quatre", '4'),
    ("cinq", '5'),
    ("sept", '7'),
    ("huit", '8'),
    ("neuf", '9'),
    ("null", '0'),
    ("eins", '1'),
    ("zwei", '2'),
    ("drei", '3'),
    ("vier", '4'),
    ("fünf", '5'),
    ("sechs", '6'),
    ("sieben", '7'),
    ("acht", '8'),
    ("neun", '9'),
    ("um", '1'),
    ("dois", '2'),
    ("três", '3'),
    ("quatro", '4'),
    ("sete", '7'),
    ("oito", '8'),
    ("nove", '9'),
    ("due", '2'),
    ("tre", '3'),
    ("quattro", '4'),
    ("cinque", '5'),
    ("sei", '6'),
    ("sette", '7'),
    ("otto", '8'),
];

/// Least digits that are written as words; the others may be numerals.
const LEAST_WORDS: usize = 3;
/// Longest word that is read, in bytes.
const LONGEST_WORD: usize = 8;

/// What a word means in a row of digits.
#[derive(Clone, Copy, PartialEq)]
enum Meaning {
    Digit(char),
    /// "eight hundred" begins most toll-free numbers.
    Hundred,
    /// "double seven"
    Repeat(usize),
}

/// Meanings by the bytes of words in lower case.
static MEANINGS: LazyLock<HashMap<u64, Meaning, FixedState>> = LazyLock::new(|| {
    let others = [("hundred", Meaning::Hundred), ("double", Meaning::Repeat(2)), ("triple", Meaning::Repeat(3))];
    let digits = WORDS.into_iter().map(|(word, digit)| (word, Meaning::Digit(digit)));
    digits.chain(others).filter_map(|(word, meaning)| Some((key(word)?, meaning))).collect()
});

/// The bytes of a short word in lower case as a number.
fn key(word: &str) -> Option<u64> {
    let mut key = [0; LONGEST_WORD];
    if word.is_ascii() {
        key.get_mut(..word.len())?.copy_from_slice(word.as_bytes());
        key.make_ascii_lowercase();
    } else {
        let lower = word.to_lowercase();
        key.get_mut(..lower.len())?.copy_from_slice(lower.as_bytes());
    }
    Some(u64::from_le_bytes(key))
}

fn meaning(word: &str) -> Option<Meaning> {
    MEANINGS.get(&key(word)?).copied()
}

/// Most digits of a row; a longer one is no number.
const MOST_DIGITS: usize = 12;
/// Most bytes between two digits.
const WIDEST_GAP: usize = 4;

/// A row of digits that is being read.
#[derive(Default)]
struct Row {
    digits: String,
    words: usize,
    repeat: usize,
    start: usize,
    end: usize,
}

/// Adds the numbers that are written in words.
pub(super) fn find(text: &str, found: &mut Vec<PhoneNumber>) {
    let mut row = Row::default();
    for (start, word) in words(text) {
        let gap = text.get(row.end..start).unwrap_or("");
        let near = gap.len() <= WIDEST_GAP && !gap.contains(['\n', '\r']);
        if !near {
            row.end_at(text, found);
        }
        row.take(start, word, text, found);
    }
    row.end_at(text, found);
}

/// Words of letters or digits with their places.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let pieces = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    pieces.map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}

impl Row {
    fn take(&mut self, start: usize, word: &str, text: &str, found: &mut Vec<PhoneNumber>) {
        let numerals = (1..=4).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit());
        let meaning = if numerals { None } else { meaning(word) };
        if meaning == Some(Meaning::Hundred) && self.words > 0 && self.repeat == 0 && self.digits.len() < MOST_DIGITS {
            self.words += 1;
            self.end = start + word.len();
            self.digits.push_str("00");
            return;
        }
        if !numerals && matches!(meaning, None | Some(Meaning::Hundred)) {
            self.end_at(text, found);
            return;
        }
        if self.digits.is_empty() && self.repeat == 0 {
            self.start = start;
        }
        self.end = start + word.len();
        if let Some(Meaning::Repeat(times)) = meaning {
            self.repeat = times;
            return;
        }
        let times = std::mem::take(&mut self.repeat).max(1);
        if self.digits.len() > MOST_DIGITS {
            return;
        }
        if let Some(Meaning::Digit(digit)) = meaning {
            self.words += 1;
            self.digits.extend(std::iter::repeat_n(digit, times));
        } else {
            self.digits.push_str(word);
        }
    }

    fn end_at(&mut self, text: &str, found: &mut Vec<PhoneNumber>) {
        let row = std::mem::take(self);
        // PERF: nearly every word of a text ends a row of none.
        if row.words < LEAST_WORDS {
            return;
        }
        let national = numbering::north_american(&row.digits);
        let british =
            || row.digits.starts_with('0') && row.digits.len() == 11 && !numbering::is_monotonous(&row.digits);
        if national.is_none() && !british() {
            return;
        }
        let number = national.map_or_else(|| row.digits.clone(), |national| format!("+1{national}"));
        found.push(PhoneNumber {
            text: text[row.start..row.end].into(),
            toll_free: numbering::is_toll_free(&number),
            number: number.into(),
            start: row.start,
            end: row.end,
            international: row.digits.len() == 11 && national.is_some(),
            obfuscated: true,
        });
    }
}
