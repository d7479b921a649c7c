//! From the codes of a font to characters (ISO 32000-2, 9.6 to 9.10): the map that the document gives,
//! else the encoding and its differences by glyph name.

use super::stream;
use hayro_syntax::object::{Array, Dict, Name, Object, Stream};
use std::collections::BTreeMap;
use unicode_normalization::UnicodeNormalization;

/// Most entries of a map.
const ENTRIES: usize = 70_000;

/// How the codes of a font are read.
pub(super) struct Font {
    /// Bytes of a code.
    width: usize,
    map: BTreeMap<u32, String>,
    /// Characters of single bytes, where there is no map.
    simple: Option<Vec<String>>,
}

impl Font {
    /// Reads a font; its map is taken from `left`, the bytes of content that may still be read.
    pub(super) fn of(dict: &Dict<'_>, left: &mut usize) -> Self {
        let composite = dict.get::<Name<'_>>("Subtype").is_some_and(|name| name.as_str() == "Type0");
        let map = dict.get::<Stream<'_>>("ToUnicode").and_then(|stream| stream::taken(&stream, left));
        let (map, width) = map.map_or_else(|| (BTreeMap::new(), None), |source| Map::read(&source));
        let width = if composite { width.unwrap_or(2) } else { 1 };
        Self { width, map, simple: (!composite).then(|| simple(dict)) }
    }

    /// The text of a string that is shown.
    pub(super) fn text(&self, codes: &[u8]) -> String {
        let mut text = String::new();
        for code in codes.chunks(self.width) {
            let number = code.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
            match (self.map.get(&number), &self.simple) {
                (Some(mapped), _) => text.push_str(mapped),
                (None, Some(simple)) => text.push_str(&simple[usize::from(code[0])]),
                (None, None) => {}
            }
        }
        text
    }
}

/// The characters of the 256 codes.
fn simple(font: &Dict<'_>) -> Vec<String> {
    let named = font.get::<Name<'_>>("Encoding");
    let dict = font.get::<Dict<'_>>("Encoding");
    let base = named.or_else(|| dict.as_ref().and_then(|dict| dict.get::<Name<'_>>("BaseEncoding")));
    let encoding = match base.as_ref().map_or("", Name::as_str) {
        "MacRomanEncoding" => encoding_rs::MACINTOSH,
        _ => encoding_rs::WINDOWS_1252,
    };
    let character =
        |byte: u8| encoding.decode_without_bom_handling(&[byte]).0.chars().filter(|c| !c.is_control()).collect();
    let mut simple: Vec<String> = (0..=255).map(character).collect();
    if let Some(differences) = dict.and_then(|dict| dict.get::<Array<'_>>("Differences")) {
        let mut code = 0_usize;
        for item in differences.iter::<Object<'_>>().take(1_000) {
            match item {
                Object::Number(number) => code = usize::try_from(number.as_i64()).unwrap_or(256),
                Object::Name(name) => {
                    if let (Some(slot), Some(text)) = (simple.get_mut(code), glyph(name.as_str())) {
                        *slot = text;
                    }
                    code = code.saturating_add(1);
                }
                _ => {}
            }
        }
    }
    simple
}

/// Names of glyphs that are not their own character (Adobe Glyph List).
const GLYPHS: &[(&str, &str)] = &[
    ("space", " "),
    ("exclam", "!"),
    ("quotedbl", "\""),
    ("numbersign", "#"),
    ("dollar", "$"),
    ("percent", "%"),
    ("ampersand", "&"),
    ("quotesingle", "'"),
    ("quoteright", "'"),
    ("quoteleft", "'"),
    ("quotedblleft", "\""),
    ("quotedblright", "\""),
    ("parenleft", "("),
    ("parenright", ")"),
    ("asterisk", "*"),
    ("plus", "+"),
    ("comma", ","),
    ("hyphen", "-"),
    ("minus", "-"),
    ("endash", "\u{2013}"),
    ("emdash", "\u{2014}"),
    ("period", "."),
    ("slash", "/"),
    ("zero", "0"),
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("colon", ":"),
    ("semicolon", ";"),
    ("less", "<"),
    ("equal", "="),
    ("greater", ">"),
    ("question", "?"),
    ("at", "@"),
    ("bracketleft", "["),
    ("backslash", "\\"),
    ("bracketright", "]"),
    ("asciicircum", "^"),
    ("underscore", "_"),
    ("grave", "`"),
    ("braceleft", "{"),
    ("bar", "|"),
    ("braceright", "}"),
    ("asciitilde", "~"),
    ("bullet", "\u{2022}"),
    ("Euro", "\u{20AC}"),
    ("sterling", "\u{A3}"),
    ("yen", "\u{A5}"),
    ("cent", "\u{A2}"),
    ("copyright", "\u{A9}"),
    ("registered", "\u{AE}"),
    ("trademark", "\u{2122}"),
    ("degree", "\u{B0}"),
    ("ellipsis", "\u{2026}"),
    ("germandbls", "\u{DF}"),
    ("ae", "\u{E6}"),
    ("AE", "\u{C6}"),
    ("oslash", "\u{F8}"),
    ("Oslash", "\u{D8}"),
    ("fi", "fi"),
    ("fl", "fl"),
    ("ff", "ff"),
    ("ffi", "ffi"),
    ("ffl", "ffl"),
    ("nbspace", " "),
];
/// Accents, and the characters that combine with the letter before.
const ACCENTS: &[(&str, char)] = &[
    ("acute", '\u{301}'),
    ("grave", '\u{300}'),
    ("circumflex", '\u{302}'),
    ("dieresis", '\u{308}'),
    ("tilde", '\u{303}'),
    ("cedilla", '\u{327}'),
    ("caron", '\u{30C}'),
    ("ring", '\u{30A}'),
    ("ogonek", '\u{328}'),
    ("macron", '\u{304}'),
    ("dotaccent", '\u{307}'),
];

fn glyph(name: &str) -> Option<String> {
    let name = name.split('.').next().unwrap_or(name);
    if name.chars().count() == 1 {
        return Some(name.to_owned());
    }
    if let Some((_, text)) = GLYPHS.iter().find(|(known, _)| *known == name) {
        return Some((*text).to_owned());
    }
    let digits = name.strip_prefix("uni").filter(|digits| digits.len() == 4).or_else(|| name.strip_prefix('u'));
    if let Some(c) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32) {
        return Some(c.to_string());
    }
    let (accent, combining) = ACCENTS.iter().find(|(accent, _)| name.ends_with(accent))?;
    let letter = name.strip_suffix(accent).filter(|letter| letter.chars().count() == 1)?;
    Some(letter.chars().chain([*combining]).nfc().collect())
}

/// The map of a font, as it is written: numbers in angle brackets between a few words.
#[derive(Default)]
struct Map {
    found: BTreeMap<u32, String>,
    entries: usize,
    width: Option<usize>,
    numbers: Vec<Vec<u8>>,
    /// Where an array began.
    array: Option<usize>,
    section: &'static str,
}

impl Map {
    fn read(source: &[u8]) -> (BTreeMap<u32, String>, Option<usize>) {
        let mut map = Self::default();
        let mut rest = source;
        while let [byte, after @ ..] = rest {
            rest = match byte {
                b'<' => map.number(after),
                b'[' => {
                    map.array = Some(map.numbers.len());
                    after
                }
                b']' => {
                    map.array();
                    after
                }
                b'a'..=b'z' => map.word(rest),
                _ => after,
            };
        }
        (map.found, map.width)
    }

    fn number<'s>(&mut self, rest: &'s [u8]) -> &'s [u8] {
        let end = memchr::memchr(b'>', rest).unwrap_or(rest.len());
        let digits = rest[..end].iter().filter_map(|byte| char::from(*byte).to_digit(16)).take(128);
        let digits: Vec<u8> = digits.map(|digit| digit as u8).collect();
        self.numbers.push(digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect());
        self.complete();
        rest.get(end + 1..).unwrap_or(&[])
    }

    fn word<'s>(&mut self, rest: &'s [u8]) -> &'s [u8] {
        let end = rest.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(rest.len());
        let sections: [(&[u8], &'static str); 3] =
            [(b"begincodespacerange", "space"), (b"beginbfchar", "char"), (b"beginbfrange", "range")];
        let begun = sections.iter().find(|(word, _)| *word == &rest[..end]);
        if begun.is_some() || rest[..end].starts_with(b"end") {
            self.section = begun.map_or("", |(_, section)| section);
            self.numbers.clear();
            self.array = None;
        }
        &rest[end..]
    }

    /// Uses the numbers of a line that is complete.
    fn complete(&mut self) {
        let [code, rest @ ..] = self.numbers.as_slice() else { return };
        match (self.section, rest) {
            ("space", [_]) => self.width = self.width.max(Some(code.len().clamp(1, 4))),
            ("char", [text]) => {
                let (code, text) = (number(code), utf16(text));
                self.insert(code, text);
            }
            ("range", [last, first]) if self.array.is_none() => {
                let (code, last, first) = (number(code), number(last), first.clone());
                let most = (ENTRIES - self.entries) as u32;
                for offset in (0..=last.saturating_sub(code)).take_while(|offset| *offset < most) {
                    self.insert(code.saturating_add(offset), utf16(&added(&first, offset)));
                }
            }
            _ => return,
        }
        self.numbers.clear();
    }

    /// A range whose characters are listed one by one.
    fn array(&mut self) {
        if let (Some(2), "range") = (self.array.take(), self.section) {
            let code = number(&self.numbers[0]);
            for (offset, text) in std::mem::take(&mut self.numbers).iter().skip(2).enumerate() {
                self.insert(code.saturating_add(offset as u32), utf16(text));
            }
        }
        self.numbers.clear();
    }

    /// Entries count as they are written: a map that says the same of a code again and again ends too.
    fn insert(&mut self, code: u32, text: String) {
        if self.entries < ENTRIES {
            self.entries += 1;
            self.found.insert(code, text);
        }
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// The last two bytes, raised.
fn added(bytes: &[u8], offset: u32) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut carry = offset;
    for byte in bytes.iter_mut().rev().take(2) {
        let sum = u32::from(*byte) + (carry & 0xFF);
        *byte = sum as u8;
        carry = (carry >> 8) + (sum >> 8);
    }
    bytes
}

fn utf16(bytes: &[u8]) -> String {
    match bytes {
        [byte] => char::from(*byte).to_string(),
        bytes => encoding_rs::UTF_16BE.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map() {
        let source = b"1 begincodespacerange <0000> <FFFF> endcodespacerange 2 beginbfchar <0003> <0020>\n<0004> <D83DDE00> endbfchar 2 beginbfrange <0010> <0012> <0041> <0020> <0021> [<0061> <00660069>] endbfrange";
        let (map, width) = Map::read(source);
        assert_eq!(width, Some(2));
        let text: Vec<_> = map.iter().map(|(code, text)| (*code, text.as_str())).collect();
        let expected = [(3, " "), (4, "\u{1F600}"), (16, "A"), (17, "B"), (18, "C"), (32, "a"), (33, "fi")];
        assert_eq!(text, expected);
        for end in 0..source.len() {
            let _ = Map::read(&source[..end]);
        }
    }

    #[test]
    fn glyphs() {
        let rows = [("A", "A"), ("eacute", "\u{e9}"), ("uni20AC", "\u{20ac}"), ("fi", "fi"), ("zero.alt", "0")];
        for (name, text) in rows {
            assert_eq!(glyph(name).as_deref(), Some(text), "{name}");
        }
        assert_eq!(glyph("g123"), None);
    }
}
