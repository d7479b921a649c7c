//! A text as scanners read it: invisible characters left out, look-alikes folded, places kept.

use crate::text::{digit, is_invisible, look_alike};

/// A visible character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Glyph {
    /// The character it is read as: digits, spaces, dashes, brackets and look-alikes in ASCII.
    pub(super) c: char,
    /// Byte where it begins in the text.
    pub(super) start: usize,
    /// Byte after it.
    pub(super) end: usize,
    /// True if no writer needs this form: decorated digits, look-alikes, invisible characters
    /// right before it.
    pub(super) odd: bool,
}

/// The visible characters of a text.
pub(super) fn glyphs(text: &str) -> impl Iterator<Item = Glyph> {
    let mut hidden = false;
    text.char_indices().filter_map(move |(start, c)| {
        if is_invisible(c) || c == '\u{20E3}' {
            hidden = true;
            return None;
        }
        let (folded, decorated) = fold(c);
        let odd = decorated || std::mem::take(&mut hidden);
        Some(Glyph { c: folded, start, end: start + c.len_utf8(), odd })
    })
}

/// The visible characters of the lines in which a digit of any kind stands, line breaks included.
pub(super) fn numeric(text: &str) -> impl Iterator<Item = Glyph> {
    let lines = lines(text).filter(|(_, line)| has_digit(line));
    lines.flat_map(|(at, line)| glyphs(line).map(move |glyph| glyph.behind(at)))
}

/// Lines with their line breaks, and where they begin.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        at += line.len();
        (at - line.len(), line)
    })
}

fn has_digit(line: &str) -> bool {
    match first(line.as_bytes(), |byte| byte.is_ascii_digit() || !byte.is_ascii()) {
        Some(at) if line.as_bytes()[at].is_ascii() => true,
        Some(_) => glyphs(line).any(|glyph| glyph.c.is_ascii_digit()),
        None => false,
    }
}

/// Where the first byte of a kind stands. PERF: blocks without any branch in them are compared many
/// bytes at a time.
pub(super) fn first(bytes: &[u8], is_wanted: impl Fn(u8) -> bool) -> Option<usize> {
    const BLOCK: usize = 64;
    let mut blocks = bytes.chunks(BLOCK);
    let block = blocks.position(|block| block.iter().fold(false, |found, byte| found | is_wanted(*byte)))?;
    let within = bytes[block * BLOCK..].iter().position(|byte| is_wanted(*byte))?;
    Some(block * BLOCK + within)
}

impl Glyph {
    /// The same in a text of which so many bytes stand before.
    fn behind(self, before: usize) -> Self {
        Self { start: self.start + before, end: self.end + before, ..self }
    }
}

fn fold(c: char) -> (char, bool) {
    if c.is_ascii() {
        return (c, false);
    }
    if let Some((value, decorated)) = digit(c) {
        return (char::from(b'0' + value), decorated);
    }
    match c {
        '\u{85}' | '\u{2028}' | '\u{2029}' => ('\n', false),
        c if c.is_whitespace() => (' ', false),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}' => ('-', false),
        '\u{00B7}' | '\u{2022}' | '\u{2024}' | '\u{2219}' | '\u{22C5}' | '\u{30FB}' | '\u{FF0E}' => ('.', false),
        '\u{FF08}' | '\u{2768}' | '\u{3010}' => ('(', false),
        '\u{FF09}' | '\u{2769}' | '\u{3011}' => (')', false),
        '\u{FF0B}' | '\u{207A}' | '\u{2795}' => ('+', false),
        // A currency sign looks like a letter to TR39 in some cases; it is itself.
        '\u{00A2}'..='\u{00A5}' | '\u{20A0}'..='\u{20C0}' => (c, false),
        '\u{FF01}'..='\u{FF5E}' => (char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c), false),
        _ => look_alike(c).map_or((c, false), |folded| (folded, true)),
    }
}

/// The digit that a letter is written for: `8O2`, `I-8OO`, `5SS`.
pub(super) fn letter_digit(c: char) -> Option<char> {
    Some(match c {
        'O' | 'o' | 'Q' => '0',
        'I' | 'l' | 'i' | '|' => '1',
        'Z' | 'z' => '2',
        'S' | 's' => '5',
        'b' | 'G' => '6',
        'B' => '8',
        'g' | 'q' => '9',
        _ => return None,
    })
}
