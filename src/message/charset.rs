//! Bytes as text: declared charsets, and what stands in for them where they are missing or wrong.

use super::parse::rare_decoder;
use encoding_rs::{Encoding, ISO_2022_JP, REPLACEMENT, UTF_8, WINDOWS_1252};
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How much of a text is looked at to guess its charset.
const SAMPLE: usize = 64 << 10;
/// How much of a document is searched for a charset of its own (HTML standard, "prescan").
const PRESCAN: usize = 1024;

/// A charset by its label; labels that no standard knows are `None`.
fn encoding(label: &str) -> Option<&'static Encoding> {
    let found = Encoding::for_label(label.trim().trim_matches(['"', '\'']).as_bytes());
    // Charsets that browsers refuse to decode, for which the label stands alone.
    found.filter(|encoding| *encoding != REPLACEMENT)
}

/// Why a charset cannot be used as declared, if so.
pub(super) fn charset_problem(label: &str) -> Option<String> {
    let known = encoding(label).is_some() || rare_decoder(label).is_some();
    (!known).then(|| format!("the charset `{}` is unknown", label.escape_debug()))
}

/// Text in a declared charset; without a usable one in the charset that its bytes look like.
pub(crate) fn decode_text<'b>(bytes: &'b [u8], charset: Option<&str>) -> Cow<'b, str> {
    match charset.filter(|label| !says_nothing(label)) {
        Some(label) => declared(bytes, label, true),
        None => undeclared(bytes),
    }
}

/// Text in a charset that was declared for a few words, which are too few to guess from.
pub(super) fn decode_word<'b>(bytes: &'b [u8], charset: &str) -> Cow<'b, str> {
    if says_nothing(charset) { undeclared(bytes) } else { declared(bytes, charset, false) }
}

/// True if a usable label does not fit all of the bytes.
pub(super) fn misfits(bytes: &[u8], label: &str) -> bool {
    !says_nothing(label) && encoding(label).is_some_and(|encoding| encoding.decode(bytes).2)
}

/// HTML: a document without a declared charset may name its own.
pub(crate) fn decode_html<'b>(bytes: &'b [u8], charset: Option<&str>) -> Cow<'b, str> {
    let usable = charset.filter(|label| !says_nothing(label));
    if usable.is_none() && std::str::from_utf8(bytes).is_err() {
        let own = own_charset(bytes);
        return decode_text(bytes, own.as_deref().or(charset));
    }
    decode_text(bytes, charset)
}

/// Labels that mail carries whatever its charset is.
fn says_nothing(label: &str) -> bool {
    let label = label.trim().trim_matches(['"', '\'']);
    ["us-ascii", "ascii", "ansi_x3.4-1968", "unknown-8bit", "x-unknown", "default", "default_charset", "_charset", ""]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(label))
}

/// `guess`: where nothing fits the label, go by the bytes.
fn declared<'b>(bytes: &'b [u8], label: &str, guess: bool) -> Cow<'b, str> {
    let Some(encoding) = encoding(label) else {
        if let Some(decode) = rare_decoder(label)
            && let Ok(text) = catch_unwind(AssertUnwindSafe(|| decode(bytes)))
        {
            return Cow::Owned(text);
        }
        return undeclared(bytes);
    };
    // Mail that says `iso-8859-1` and holds UTF-8 is common, and what readers show.
    if encoding == WINDOWS_1252 && is_multi_byte(bytes) {
        return undeclared(bytes);
    }
    let (text, _, damaged) = encoding.decode(bytes);
    // The label is wrong where nothing beyond ASCII fits it.
    let wrong = damaged && encoding.is_ascii_compatible();
    if wrong && (is_multi_byte(bytes) || guess && !fits_in_part(bytes, encoding)) { undeclared(bytes) } else { text }
}

/// Without a label: a byte-order mark, ISO-2022-JP by its escapes, valid UTF-8, else what the bytes
/// look like by their frequencies.
fn undeclared(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding.decode(bytes).0;
    }
    // PERF: most texts hold no escape at all, and most are short.
    if memchr::memchr(0x1B, bytes).is_some() && memchr::memmem::find(bytes, b"\x1b$").is_some() {
        let (text, _, damaged) = ISO_2022_JP.decode(bytes);
        if !damaged {
            return text;
        }
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => guessed(bytes).decode_without_bom_handling(bytes).0,
    }
}

fn guessed(bytes: &[u8]) -> &'static Encoding {
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    let mut detector = chardetng::EncodingDetector::new();
    detector.feed(sample, true);
    detector.guess(None, false)
}

/// Valid UTF-8 with characters beyond ASCII: text in another charset is that only by a rare accident.
fn is_multi_byte(bytes: &[u8]) -> bool {
    !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok()
}

/// True if some characters beyond ASCII are valid: then what is not is damage.
fn fits_in_part(bytes: &[u8], encoding: &'static Encoding) -> bool {
    if encoding != UTF_8 {
        return true;
    }
    bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii())
}

/// The charset that a document names in a `meta` element near its beginning.
fn own_charset(bytes: &[u8]) -> Option<String> {
    let head = bytes[..bytes.len().min(PRESCAN)].to_ascii_lowercase();
    let mut rest = head.as_slice();
    while let Some(at) = memchr::memmem::find(rest, b"<meta") {
        let element = &rest[at..];
        let element = &element[..memchr::memchr(b'>', element).unwrap_or(element.len())];
        rest = &rest[at + element.len()..];
        let Some(name) = memchr::memmem::find(element, b"charset") else { continue };
        let value = element[name + 7..].trim_ascii_start().strip_prefix(b"=");
        let Some(value) = value.map(<[u8]>::trim_ascii_start) else { continue };
        let value = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
        let of_label = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'.');
        let label = &value[..value.iter().take_while(of_label).count()];
        return String::from_utf8(label.to_vec()).ok().filter(|label| !label.is_empty());
    }
    None
}
