//! Transfer encodings and encoded words, decoded as leniently as mail programs do.

use super::charset::decode_word;
use std::borrow::Cow;

/// Decoded bytes, and whether something in them was no part of the encoding.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    pub(super) damaged: bool,
}

/// Skips what is no base64 (RFC 2045 section 6.8 asks for it) and goes on after padding, as
/// concatenated encodings occur.
pub(super) fn base64(input: &[u8]) -> Decoded {
    let mut bytes = Vec::with_capacity(input.len() / 4 * 3 + 3);
    let (mut bits, mut count, mut padded, mut damaged) = (0_u32, 0_u8, false, false);
    let mut rest = input;
    while let Some((byte, after)) = rest.split_first() {
        // PERF: nearly all of it is whole groups.
        if count == 0
            && let Some((group, after)) = rest.split_first_chunk()
            && let Some(decoded) = whole_group(*group)
        {
            bytes.extend_from_slice(&decoded);
            damaged |= padded;
            rest = after;
            continue;
        }
        rest = after;
        match (SEXTETS[usize::from(*byte)], byte) {
            (value @ 0..64, _) => {
                damaged |= padded;
                bits = bits << 6 | u32::from(value);
                count += 1;
            }
            (_, b'=') => {
                flush(&mut bytes, bits, count);
                (bits, count, padded) = (0, 0, true);
            }
            (_, b' ' | b'\t' | b'\r' | b'\n') => {}
            _ => damaged = true,
        }
        if count == 4 {
            bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
            (bits, count) = (0, 0);
        }
    }
    damaged |= count == 1;
    flush(&mut bytes, bits, count);
    Decoded { bytes, damaged }
}

/// The value of each digit of base64; 255 for what is none.
const SEXTETS: [u8; 256] = {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [255; 256];
    let mut value = 0;
    while value < digits.len() {
        values[digits[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// Three bytes of four digits, if all are digits.
fn whole_group(digits: [u8; 4]) -> Option<[u8; 3]> {
    let values = digits.map(|digit| u32::from(SEXTETS[usize::from(digit)]));
    let bits = values[0] << 18 | values[1] << 12 | values[2] << 6 | values[3];
    let [_, bytes @ ..] = bits.to_be_bytes();
    values.iter().all(|value| *value < 64).then_some(bytes)
}

/// The whole bytes of an incomplete group.
fn flush(bytes: &mut Vec<u8>, bits: u32, count: u8) {
    match count {
        2 => bytes.push((bits >> 4) as u8),
        3 => bytes.extend_from_slice(&[(bits >> 10) as u8, (bits >> 2) as u8]),
        _ => {}
    }
}

/// Files in a text as `uuencode` of POSIX writes them: `begin 644 name`, lines, `end`.
pub(super) fn uuencoded(text: &str) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut open: Option<(String, Vec<u8>)> = None;
    for line in text.lines() {
        let goes_on = open.as_mut().map(|(_, bytes)| uuencoded_line(line, bytes));
        match goes_on {
            None => open = begin_of_file(line).map(|name| (name, Vec::new())),
            Some(true) => {}
            // Anything else ends it, `end` or not.
            Some(false) => files.extend(open.take().filter(|(_, bytes)| !bytes.is_empty())),
        }
    }
    files.extend(open.filter(|(_, bytes)| !bytes.is_empty()));
    files
}

fn begin_of_file(line: &str) -> Option<String> {
    let (mode, name) = line.strip_prefix("begin ")?.trim_end().split_once(' ')?;
    let is_mode = matches!(mode.len(), 3 | 4) && mode.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    is_mode.then(|| name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// A line of encoded bytes, its number of bytes first; false if it is none.
fn uuencoded_line(line: &str, out: &mut Vec<u8>) -> bool {
    let value = |byte: u8| byte.wrapping_sub(32) & 63;
    let Some((first, rest)) = line.trim_end_matches('\r').as_bytes().split_first() else { return false };
    let length = usize::from(value(*first));
    let fits = (33..=96).contains(first) && rest.len() + 2 >= length.div_ceil(3) * 4 && rest.len() <= 90;
    if !fits || rest.iter().any(|byte| !(32..=96).contains(byte)) {
        return false;
    }
    let before = out.len();
    for group in rest.chunks(4) {
        let at = |index: usize| u32::from(group.get(index).map_or(0, |byte| value(*byte)));
        let bits = at(0) << 18 | at(1) << 12 | at(2) << 6 | at(3);
        out.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    out.truncate(before + length);
    true
}

/// An `=` that begins no escape stands for itself.
pub(super) fn quoted_printable(input: &[u8]) -> Decoded {
    let mut bytes = Vec::with_capacity(input.len());
    let mut damaged = false;
    let mut rest = input;
    while let Some(at) = memchr::memchr(b'=', rest) {
        bytes.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        match escape(rest) {
            Escape::Byte(byte) => {
                bytes.push(byte);
                rest = &rest[2..];
            }
            Escape::SoftBreak(length) => rest = &rest[length..],
            Escape::None => {
                bytes.push(b'=');
                damaged = true;
            }
        }
    }
    bytes.extend_from_slice(rest);
    Decoded { bytes, damaged }
}

enum Escape {
    Byte(u8),
    SoftBreak(usize),
    None,
}

/// What follows an `=`.
fn escape(rest: &[u8]) -> Escape {
    if let [high, low, ..] = rest
        && let (Some(high), Some(low)) = (hex(*high), hex(*low))
    {
        return Escape::Byte(high << 4 | low);
    }
    // White space that a relay appended after the `=`. More than a few is no soft break.
    let blank = rest.iter().take(16).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match &rest[blank..] {
        [] => Escape::SoftBreak(blank),
        [b'\n', ..] => Escape::SoftBreak(blank + 1),
        [b'\r', b'\n', ..] => Escape::SoftBreak(blank + 2),
        _ => Escape::None,
    }
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// One encoded word of RFC 2047.
struct Word<'t> {
    charset: &'t str,
    bytes: Vec<u8>,
    /// Bytes of the text that it takes.
    length: usize,
}

/// Decodes the encoded words of RFC 2047 wherever they stand; what is none stays.
pub(super) fn words(text: &str) -> Cow<'_, str> {
    if !text.contains("=?") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Bytes of neighbouring words in one charset: a character may be split between them.
    let mut open: Option<(String, Vec<u8>)> = None;
    // PERF: after the last `?=` there is no word; searching for one at every `=?` is quadratic.
    let last_end = text.rfind("?=").unwrap_or(0);
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        if text.len() - from.len() > last_end {
            break;
        }
        let Some(word) = word(from) else {
            close(&mut open, &mut out);
            out.push_str(before);
            out.push_str("=?");
            rest = &from[2..];
            continue;
        };
        // White space between two words is not shown.
        if open.is_none() || !before.trim().is_empty() {
            close(&mut open, &mut out);
            out.push_str(before);
        }
        match &mut open {
            Some((charset, bytes)) if charset.eq_ignore_ascii_case(word.charset) => join(bytes, &word.bytes),
            _ => {
                close(&mut open, &mut out);
                open = Some((word.charset.to_owned(), word.bytes));
            }
        }
        rest = &from[word.length..];
    }
    close(&mut open, &mut out);
    out.push_str(rest);
    Cow::Owned(out)
}

/// Puts the bytes of a word after those of the one before.
fn join(bytes: &mut Vec<u8>, next: &[u8]) {
    // A word of ISO-2022-JP ends by switching back to ASCII and the next one switches away again: with
    // nothing between them the decoder takes the first switch for an attempt to hide something.
    const TO_ASCII: &[u8] = b"\x1b(B";
    if bytes.ends_with(TO_ASCII) && next.starts_with(b"\x1b") {
        bytes.truncate(bytes.len() - TO_ASCII.len());
    }
    bytes.extend_from_slice(next);
}

fn close(open: &mut Option<(String, Vec<u8>)>, out: &mut String) {
    if let Some((charset, bytes)) = open.take() {
        out.push_str(&decode_word(&bytes, &charset));
    }
}

/// Longest name of a charset, with its language.
const LONGEST_CHARSET: usize = 80;

/// The word at the beginning of a text that starts with `=?`.
fn word(text: &str) -> Option<Word<'_>> {
    let rest = text.get(2..)?;
    let charset_end = rest.bytes().take(LONGEST_CHARSET).position(|byte| byte == b'?')?;
    let charset = rest.get(..charset_end)?;
    let rest = rest.get(charset_end + 1..)?;
    let encoding = rest.bytes().next()?;
    let body = rest.get(1..)?.strip_prefix('?')?;
    if !matches!(encoding, b'B' | b'b' | b'Q' | b'q') {
        return None;
    }
    let end = body.find("?=")?;
    let content = body.get(..end)?.as_bytes();
    let bytes = if encoding.eq_ignore_ascii_case(&b'b') { base64(content).bytes } else { q_encoding(content) };
    let charset = charset.split('*').next().unwrap_or(charset);
    Some(Word { charset, bytes, length: 2 + charset_end + 1 + 2 + end + 2 })
}

fn q_encoding(content: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = content.iter().map(|byte| if *byte == b'_' { b' ' } else { *byte }).collect();
    quoted_printable(&spaced).bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_goes_on_after_damage() {
        assert_eq!(base64(b"aGVs!!!bG8=").bytes, b"hello");
        assert!(base64(b"aGVs!!!bG8=").damaged);
        let twice = base64(b"aGk=\r\naGk=");
        assert_eq!(twice.bytes, b"hihi");
        assert!(twice.damaged);
        let plain = base64(b"aGVs\r\nbG8");
        assert_eq!(plain.bytes, b"hello");
        assert!(!plain.damaged);
    }

    #[test]
    fn quoted_printable_keeps_what_it_does_not_know() {
        let decoded = quoted_printable(b"a=3Db=\r\nc =\nd=ZZ=");
        assert_eq!(decoded.bytes, b"a=bc d=ZZ");
        assert!(decoded.damaged);
        assert!(!quoted_printable(b"a=20=e4").damaged);
    }

    #[test]
    fn files_in_texts() {
        let text = "Hi\n\nbegin 644 cat.txt\n#0V%T\n`\nend\nbegin the day\nbegin 644 x\nno line of it\n";
        assert_eq!(uuencoded(text), [("cat.txt".to_owned(), b"Cat".to_vec())]);
    }

    #[test]
    fn words_join_and_stay() {
        assert_eq!(words("=?utf-8?Q?a_b?= =?utf-8?B?Yw==?="), "a bc");
        assert_eq!(words("x =?utf-8?Q?a?= y"), "x a y");
        assert_eq!(words("=?utf-8?Q?=C3?= =?UTF-8?Q?=A4?="), "ä");
        assert_eq!(words("=?iso-8859-1*de?Q?=E4?="), "ä");
        assert_eq!(words("=?iso-2022-jp?B?GyRCNHwbKEI=?= =?iso-2022-jp?B?GyRCNHwbKEI=?="), "期期");
        assert_eq!(words("=?utf-8?X?a?="), "=?utf-8?X?a?=");
        assert_eq!(words("=?=?utf-8?Q?a?="), "=?a");
        assert_eq!(words("a =? b"), "a =? b");
        let hostile = "=?".repeat(200_000);
        assert_eq!(words(&hostile), hostile);
        let closed = format!("{hostile}?=");
        assert_eq!(words(&closed).len(), closed.len());
    }
}
