//! Look-alikes of ASCII letters and digits (Unicode TR39), compatibility forms and styled letters.

use super::is_invisible;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

/// Compatibility forms first (full-width, mathematical letters), then styled letters and look-alikes
/// of other scripts; invisible characters and marks over letters are removed. Letters that are ASCII
/// already stay: `m` does not become `rn`.
pub fn replace_confusables(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.nfkc() {
        if c.is_ascii() {
            out.push(c);
        } else if !is_invisible(c) && !is_mark(c) {
            push_ascii(c, &mut out);
        }
    }
    out
}

/// Marks that are put on any letter: those of Latin, Greek and Cyrillic, and Syriac's, which lures
/// scatter between Latin letters.
pub(super) fn is_mark(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}' | '\u{0483}'..='\u{0489}' | '\u{0730}'..='\u{074A}' | '\u{1AB0}'..='\u{1AFF}'
        | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}

fn push_ascii(c: char, out: &mut String) {
    if let Some(letter) = styled(c) {
        out.push(letter);
        return;
    }
    let skeleton: String = unicode_security::skeleton(c.encode_utf8(&mut [0; 4])).collect();
    if skeleton.is_ascii() && !skeleton.is_empty() {
        out.push_str(if skeleton == "l" && c.is_uppercase() { "I" } else { &skeleton });
        return;
    }
    // An accented letter is read as its base letter.
    match c.nfd().next() {
        Some(base) if base.is_ascii_alphabetic() => out.push(base),
        _ => out.push(c),
    }
}

/// Small capitals in the order of the alphabet, `x` being a letter that has none.
const SMALL_CAPITALS: [char; 26] = [
    'ᴀ', 'ʙ', 'ᴄ', 'ᴅ', 'ᴇ', 'ꜰ', 'ɢ', 'ʜ', 'ɪ', 'ᴊ', 'ᴋ', 'ʟ', 'ᴍ', 'ɴ', 'ᴏ', 'ᴘ', 'ꞯ', 'ʀ', 'ꜱ', 'ᴛ', 'ᴜ', 'ᴠ', 'ᴡ',
    '\u{0}', 'ʏ', 'ᴢ',
];

/// Letters in squares and circles that have no compatibility form, regional indicators, small capitals.
pub(super) fn styled(c: char) -> Option<char> {
    let nth = |first: u32| char::from_u32(u32::from('A') + u32::from(c) - first);
    match c {
        '\u{1F150}'..='\u{1F169}' => nth(0x1F150),
        '\u{1F170}'..='\u{1F189}' => nth(0x1F170),
        '\u{1F1E6}'..='\u{1F1FF}' => nth(0x1F1E6),
        '\u{0262}'..='\u{029F}' | '\u{1D00}'..='\u{1D22}' | '\u{A730}'..='\u{A7AF}' => {
            let at = SMALL_CAPITALS.iter().position(|known| *known == c)?;
            Some(char::from(b'a' + at as u8))
        }
        _ => None,
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
    // PERF: most of what texts hold beyond ASCII stands here.
    match COMMON.get(c as usize) {
        Some(0) => None,
        Some(found) => Some(char::from(*found)),
        None => computed(c),
    }
}

/// The look-alikes of the first characters, alphabets and punctuation; 0 for none.
static COMMON: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let ascii = |c: char| computed(c).map_or(0, |found| found as u8);
    ('\0'..'\u{3040}').map(ascii).collect()
});

fn computed(c: char) -> Option<char> {
    if let Some(letter) = styled(c) {
        return Some(letter);
    }
    let mut compatible = c.nfkc();
    let first = compatible.next().filter(|_| compatible.next().is_none())?;
    if first.is_ascii() {
        return Some(first);
    }
    let mut buffer = [0; 4];
    let mut skeleton = unicode_security::skeleton(first.encode_utf8(&mut buffer));
    let found = skeleton.next().filter(|_| skeleton.next().is_none())?;
    let found = if found == 'l' && first.is_uppercase() { 'I' } else { found };
    found.is_ascii().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::replace_confusables;

    #[test]
    fn what_people_read() {
        for (written, read) in [
            ("Раураl", "Paypal"),
            ("Іnvоісе", "Invoice"),
            ("𝐏𝐚𝐲𝐏𝐚𝐥", "PayPal"),
            ("ＰａｙＰａｌ", "PayPal"),
            ("Ⓟⓐⓨ", "Pay"),
            ("🅿🅰🆈 🅟🅐🅨", "PAY PAY"),
            ("🇵🇦🇾", "PAY"),
            ("ᴘᴀʏᴘᴀʟ", "paypal"),
            ("M\u{E0104}i\u{E0104}crosoft", "Microsoft"),
            ("Mic\u{AD}ro\u{200B}soft", "Microsoft"),
            ("P\u{0332}a\u{0332}y\u{0732}", "Pay"),
            ("Ämazön", "Amazon"),
            ("modern", "modern"),
            ("會議", "會議"),
            ("Ꮲay", "Pay"),
            ("", ""),
        ] {
            assert_eq!(replace_confusables(written), read, "{written}");
        }
    }
}
