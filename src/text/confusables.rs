//! Look-alikes of ASCII letters and digits (Unicode TR39), and compatibility forms of them.

use super::is_invisible;
use unicode_normalization::UnicodeNormalization;

/// Compatibility forms first (full-width, mathematical letters), then look-alikes of other
/// scripts; invisible characters are removed. Letters that are ASCII already stay: `m` does not
/// become `rn`.
pub fn replace_confusables(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.nfkc() {
        if c.is_ascii() {
            out.push(c);
        } else if !is_invisible(c) {
            push_ascii(c, &mut out);
        }
    }
    out
}

fn push_ascii(c: char, out: &mut String) {
    let skeleton: String = unicode_security::skeleton(c.encode_utf8(&mut [0; 4])).collect();
    if skeleton.is_ascii() && !skeleton.is_empty() {
        out.push_str(&skeleton);
        return;
    }
    // An accented letter is read as its base letter.
    match c.nfd().next() {
        Some(base) if base.is_ascii_alphabetic() => out.push(base),
        _ => out.push(c),
    }
}

/// The one ASCII character that a character looks like; `None` if it looks like none.
pub fn look_alike(c: char) -> Option<char> {
    if c.is_ascii() {
        return Some(c);
    }
    // Ideographs, kana and Hangul look like nothing in ASCII, and there are many in a text.
    if matches!(c, '\u{3040}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}') {
        return None;
    }
    let mut compatible = c.nfkc();
    let first = compatible.next().filter(|_| compatible.next().is_none())?;
    if first.is_ascii() {
        return Some(first);
    }
    let mut buffer = [0; 4];
    let mut skeleton = unicode_security::skeleton(first.encode_utf8(&mut buffer));
    let found = skeleton.next().filter(|_| skeleton.next().is_none())?;
    found.is_ascii().then_some(found)
}
