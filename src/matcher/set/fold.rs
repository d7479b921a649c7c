//! The folding under which candidates are looked for: coarser than every rule of case in use.
//!
//! Two characters that a caseless literal or a caseless regex takes for the same are one character
//! here; besides, white space is a space and decimal digits of every script are ASCII digits, so
//! that `\s` and `\d` stay few characters. It only proposes: what it proposes is confirmed.

use super::scan::PADDING;
use crate::matcher::literal::fold_char;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};
use std::collections::BTreeMap;
use std::sync::OnceLock;

const PAGE: usize = 256;
const PAGES: usize = 0x11_0000 / PAGE;

/// Where each character goes, in pages; page 0 of `pages` changes nothing but Latin is page 1.
struct Table {
    index: Vec<u8>,
    pages: Vec<[u32; PAGE]>,
}

impl Table {
    fn build() -> Self {
        let mut table = Self { index: vec![0; PAGES], pages: vec![[u32::MAX; PAGE]] };
        for (c, to) in digits().chain(spaces()).chain(cases()) {
            table.set(c, to);
        }
        table
    }

    fn set(&mut self, c: char, to: char) {
        let page = c as usize / PAGE;
        if self.index[page] == 0 {
            self.index[page] = u8::try_from(self.pages.len()).unwrap_or(0);
            self.pages.push([u32::MAX; PAGE]);
        }
        self.pages[usize::from(self.index[page])][c as usize % PAGE] = to as u32;
    }

    fn get(&self, c: char) -> char {
        let page = usize::from(self.index[c as usize / PAGE]);
        char::from_u32(self.pages[page][c as usize % PAGE]).unwrap_or(c)
    }
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(Table::build)
}

/// The folded character.
pub(super) fn fold(c: char) -> char {
    if c.is_ascii() { char::from(fold_byte(c as u8)) } else { table().get(c) }
}

/// The folded ASCII character; written so that it becomes vector instructions.
fn fold_byte(b: u8) -> u8 {
    let lower = b | (u8::from(b.wrapping_sub(b'A') < 26) << 5);
    if b.wrapping_sub(b'\t') < 5 { b' ' } else { lower }
}

/// The folded text of a literal.
pub(super) fn fold_str(text: &str) -> Vec<u8> {
    if text.is_ascii() {
        return text.bytes().map(fold_byte).collect();
    }
    text.chars().map(fold).collect::<String>().into_bytes()
}

/// The letters beyond ASCII that fold to ASCII letters: long s and the sign of Kelvin. Squeezing
/// and sequences of classes take them for absent; a text that holds one is searched without.
pub(super) const ODD: [char; 2] = ['\u{17f}', '\u{212a}'];

fn digits() -> impl Iterator<Item = (char, char)> {
    let parsed = regex_syntax::parse(r"\d").map(regex_syntax::hir::Hir::into_kind);
    let ranges: Vec<ClassUnicodeRange> = match parsed {
        Ok(HirKind::Class(Class::Unicode(class))) => class.ranges().to_vec(),
        _ => Vec::new(),
    };
    ranges.into_iter().filter(|range| !range.start().is_ascii()).flat_map(|range| {
        let start = range.start();
        (start..=range.end()).map(move |c| (c, char::from(b'0' + ((c as u32 - start as u32) % 10) as u8)))
    })
}

fn spaces() -> impl Iterator<Item = (char, char)> {
    ('\u{80}'..='\u{3000}').filter(|c| c.is_whitespace()).map(|c| (c, ' '))
}

/// Characters with case, to the first of those that any rule takes for the same.
fn cases() -> impl Iterator<Item = (char, char)> {
    let mut first: BTreeMap<char, char> = BTreeMap::new();
    for c in ('\u{0}'..='\u{1ffff}').filter(|c| has_case(*c)) {
        let mut same = simple_folds(c);
        same.push(fold_char(c));
        let seen: Vec<char> = same.iter().filter_map(|c| first.get(c).copied()).collect();
        let root = same.iter().chain(&seen).copied().min_by_key(|c| (c.len_utf8(), c.is_uppercase(), *c)).unwrap_or(c);
        for moved in same {
            first.insert(moved, root);
        }
        // Those that had met another first move with it.
        if seen.iter().any(|to| *to != root) {
            first.values_mut().filter(|to| seen.contains(to)).for_each(|to| *to = root);
        }
    }
    first.into_iter().filter(|(c, to)| c != to && !c.is_ascii())
}

fn has_case(c: char) -> bool {
    !c.to_lowercase().eq([c]) || !c.to_uppercase().eq([c])
}

fn simple_folds(c: char) -> Vec<char> {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
    let _ = class.try_case_fold_simple();
    class.ranges().iter().flat_map(|range| range.start()..=range.end()).collect()
}

/// A folded text and the way back to the places of the original.
#[derive(Debug, Default)]
pub(super) struct Folded {
    bytes: Vec<u8>,
    /// After each character whose length changed: the place here, the place there.
    moved: Vec<(u32, u32)>,
    /// Places of digits that are not ASCII digits in the original.
    foreign: Vec<u32>,
    odd: bool,
    squeezed: Vec<u8>,
    /// How many squeezed bytes come before each chunk of the folded text.
    before: Vec<u32>,
}

/// Bytes of a chunk of the folded text.
const CHUNK: usize = 64;

/// 1 for the bytes that squeezing leaves.
const KEPT: [u8; 256] = {
    let mut kept = [0; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        kept[byte as usize] = (byte.is_ascii_lowercase() || byte.is_ascii_digit()) as u8;
        byte += 1;
    }
    kept
};

impl Folded {
    /// Replaces the text.
    pub(super) fn fill(&mut self, text: &str) {
        self.bytes.clear();
        self.moved.clear();
        self.foreign.clear();
        self.odd = false;
        if text.is_ascii() {
            self.extend(text.as_bytes());
        } else {
            self.fill_unicode(text);
        }
        self.bytes.extend([0; PADDING]);
    }

    fn extend(&mut self, ascii: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(ascii);
        // PERF: in place, as only then it becomes vector instructions.
        self.bytes[start..].iter_mut().for_each(|byte| *byte = fold_byte(*byte));
    }

    /// True if the text holds one of the letters that are taken for absent.
    pub(super) fn is_odd(&self) -> bool {
        self.odd
    }

    /// Leaves only ASCII letters and digits in a second text.
    pub(super) fn squeeze(&mut self) {
        let len = self.bytes().len();
        let Self { bytes, foreign, squeezed, before, .. } = self;
        squeezed.clear();
        before.clear();
        let mut foreign = foreign.iter().map(|at| *at as usize).peekable();
        for (number, chunk) in bytes[..len].chunks(CHUNK).enumerate() {
            before.push(squeezed.len() as u32);
            let mut kept = [0; CHUNK];
            let mut count = 0;
            let start = number * CHUNK;
            if foreign.peek().is_some_and(|at| *at < start + CHUNK) {
                for (byte, at) in chunk.iter().zip(start..) {
                    let keep = KEPT[usize::from(*byte)] == 1 && foreign.next_if_eq(&at).is_none();
                    kept[count % CHUNK] = *byte;
                    count += usize::from(keep);
                }
            } else {
                for byte in chunk {
                    // PERF: everything is written and only what stays is counted: no branch to guess.
                    kept[count % CHUNK] = *byte;
                    count += usize::from(KEPT[usize::from(*byte)]);
                }
            }
            squeezed.extend_from_slice(&kept[..count]);
        }
        squeezed.extend([0; PADDING]);
    }

    /// The squeezed bytes and the padding.
    pub(super) fn squeezed(&self) -> &[u8] {
        &self.squeezed
    }

    /// Where a squeezed byte stands in the folded text.
    pub(super) fn origin(&self, squeezed: usize) -> usize {
        let chunk = self.before.partition_point(|before| *before as usize <= squeezed).saturating_sub(1);
        let nth = squeezed - self.before.get(chunk).map_or(0, |before| *before as usize);
        let start = chunk * CHUNK;
        let is_kept = |at: &usize| {
            self.bytes.get(*at).is_some_and(|byte| KEPT[usize::from(*byte)] == 1)
                && self.foreign.binary_search(&(*at as u32)).is_err()
        };
        (start..start + CHUNK).filter(is_kept).nth(nth).unwrap_or(start)
    }

    fn fill_unicode(&mut self, text: &str) {
        let table = table();
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let run = ascii(&bytes[at..]);
            self.extend(&bytes[at..at + run]);
            at += run;
            let Some(c) = text[at..].chars().next() else { break };
            let to = table.get(c);
            if to.is_ascii_digit() {
                self.foreign.push(self.bytes.len() as u32);
            }
            self.odd |= to.is_ascii_lowercase();
            self.bytes.extend_from_slice(to.encode_utf8(&mut [0; 4]).as_bytes());
            at += c.len_utf8();
            if to.len_utf8() != c.len_utf8() {
                self.moved.push((self.bytes.len() as u32, at as u32));
            }
        }
    }

    /// The folded bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.bytes.len().saturating_sub(PADDING)]
    }

    /// The folded bytes and the padding.
    pub(super) fn padded(&self) -> &[u8] {
        &self.bytes
    }

    /// The place in the original of a place at a character's boundary here.
    pub(super) fn original(&self, at: usize) -> usize {
        let before = self.moved.partition_point(|(here, _)| *here as usize <= at);
        match before.checked_sub(1).map(|last| self.moved[last]) {
            Some((here, there)) => there as usize + (at - here as usize),
            None => at,
        }
    }
}

/// How many ASCII characters a text begins with.
fn ascii(text: &[u8]) -> usize {
    // PERF: blocks are looked at as a whole.
    let blocks = text.chunks_exact(CHUNK).take_while(|block| block.is_ascii()).count() * CHUNK;
    blocks + text[blocks..].iter().take_while(|byte| byte.is_ascii()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coarser_than_the_folding_of_literals() {
        for c in '\u{0}'..=char::MAX {
            assert_eq!(fold(c), fold(fold_char(c)), "{c:?}");
        }
    }

    #[test]
    fn coarser_than_the_folding_of_regexes() {
        for c in ('\u{0}'..=char::MAX).filter(|c| has_case(*c)) {
            for other in simple_folds(c) {
                assert_eq!(fold(c), fold(other), "{c:?} {other:?}");
            }
        }
    }

    #[test]
    fn regexes_fold_only_what_has_case() {
        for c in ('\u{0}'..=char::MAX).filter(|c| !has_case(*c)) {
            assert_eq!(simple_folds(c), [c]);
        }
    }

    #[test]
    fn two_letters_are_odd() {
        let found: Vec<char> =
            ('\u{80}'..=char::MAX).filter(|c| fold(*c).is_ascii_lowercase() || fold(*c).is_ascii_uppercase()).collect();
        assert_eq!(found, ODD);
    }

    #[test]
    fn squeezing_keeps_letters_and_digits_of_ascii() {
        let mut folded = Folded::default();
        folded.fill("V-i 4 \u{663}gr\u{e4}A");
        folded.squeeze();
        assert!(!folded.is_odd());
        assert_eq!(folded.squeezed().strip_suffix(&[0; PADDING]), Some(&b"vi4gra"[..]));
        let origin: Vec<usize> = (0..6).map(|at| folded.original(folded.origin(at))).collect();
        assert_eq!(origin, [0, 2, 4, 8, 9, 12]);
        folded.fill("\u{17f}");
        assert!(folded.is_odd());
    }

    #[test]
    fn squeezed_bytes_lead_back_over_chunks() {
        let text = "a-b \u{663}c1_".repeat(40);
        let mut folded = Folded::default();
        folded.fill(&text);
        folded.squeeze();
        let kept: Vec<usize> = text.match_indices(|c: char| c.is_ascii_alphanumeric()).map(|(at, _)| at).collect();
        let origin: Vec<usize> = (0..kept.len()).map(|at| folded.original(folded.origin(at))).collect();
        assert_eq!(origin, kept);
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for c in '\u{0}'..=char::MAX {
            assert_eq!(fold(fold(c)), fold(c), "{c:?}");
        }
    }

    #[test]
    fn places_lead_back() {
        let text = "a\u{a0}\u{212a}Ärger \u{1e9e}x\u{2003}z";
        let mut folded = Folded::default();
        folded.fill(text);
        let mut at = 0;
        for (original, c) in text.char_indices() {
            assert_eq!(folded.original(at), original, "{c:?}");
            at += fold(c).len_utf8();
        }
        assert_eq!(at, folded.bytes().len());
        assert_eq!(folded.original(at), text.len());
    }
}
