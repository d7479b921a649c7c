//! E-mail addresses and URLs in running text, defanged ones included.

use super::glyph::glyphs;
use crate::message::{EmailAddress, Url};
use std::borrow::Cow;
use std::sync::Arc;

/// An e-mail address found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundEmail {
    /// As it is written.
    pub text: Arc<str>,
    /// The address.
    pub email: Arc<EmailAddress>,
    /// Written so that programs overlook it: `ann [at] example [dot] com`, look-alikes.
    pub obfuscated: bool,
    /// Place in the text, in bytes.
    pub start: usize,
    /// Byte after it.
    pub end: usize,
}

/// A URL or host name found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundUrl {
    /// As it is written.
    pub text: Arc<str>,
    /// The URL as meant.
    pub url: Arc<Url>,
    /// Written so that programs make no link of it: `hxxps://`, `example[.]com`, look-alikes.
    pub defanged: bool,
    /// Place in the text, in bytes.
    pub start: usize,
    /// Byte after it.
    pub end: usize,
}

/// A text as readers mean it, with the place of each of its characters in the original.
struct Plain<'t> {
    text: Cow<'t, str>,
    /// For each byte of `text`: the bytes in the original that it stands for; none if it is the original.
    places: Vec<(u32, u32)>,
    /// For each byte: it was rewritten.
    rewritten: Vec<bool>,
}

/// Ways in which a dot, an at sign and a colon are written so that no link comes of them.
const DEFANGED: [(&str, char); 20] = [
    ("[.]", '.'),
    ("(.)", '.'),
    ("{.}", '.'),
    ("[dot]", '.'),
    ("(dot)", '.'),
    ("{dot}", '.'),
    (" [dot] ", '.'),
    (" (dot) ", '.'),
    (" [.] ", '.'),
    ("[@]", '@'),
    ("(@)", '@'),
    ("[at]", '@'),
    ("(at)", '@'),
    ("{at}", '@'),
    (" [at] ", '@'),
    (" (at) ", '@'),
    ("[:]", ':'),
    ("[://]", ':'),
    ("[/]", '/'),
    ("\\.", '.'),
];

impl<'t> Plain<'t> {
    fn of(text: &'t str) -> Self {
        // PERF: what holds nothing to fold is as it is.
        if text.is_ascii() && !text.contains(['[', '(', '{', '\\']) {
            return Self { text: Cow::Borrowed(text), places: Vec::new(), rewritten: Vec::new() };
        }
        let mut plain = Self { text: Cow::Owned(String::new()), places: Vec::new(), rewritten: Vec::new() };
        let mut skip_to = 0;
        for glyph in glyphs(text) {
            if glyph.start < skip_to {
                continue;
            }
            let may_begin = match glyph.c {
                '[' | '(' | '{' | '\\' => true,
                ' ' => text[glyph.end..].starts_with(['[', '(']),
                _ => false,
            };
            if may_begin && let Some((written, meant)) = defanged(&text[glyph.start..]) {
                skip_to = glyph.start + written;
                let slashes = if text[glyph.start..].starts_with("[://]") { "//" } else { "" };
                for c in std::iter::once(meant).chain(slashes.chars()) {
                    plain.push(c, glyph.start, skip_to, true);
                }
                continue;
            }
            let original = text[glyph.start..glyph.end].starts_with(glyph.c);
            // Host names may be written in any script: only odd forms and wide letters are folded.
            let written = text[glyph.start..].chars().next().unwrap_or(glyph.c);
            let wide = matches!(written, '\u{FF01}'..='\u{FF5E}');
            let c = if glyph.odd || original || wide { glyph.c } else { written };
            plain.push(c, glyph.start, glyph.end, glyph.odd || wide);
        }
        plain
    }

    fn push(&mut self, c: char, start: usize, end: usize, rewritten: bool) {
        self.text.to_mut().push(c);
        for _ in 0..c.len_utf8() {
            self.places.push((start as u32, end as u32));
            self.rewritten.push(rewritten);
        }
    }

    /// The bytes of the original for bytes of the plain text; true if something in them was rewritten.
    fn original(&self, start: usize, end: usize) -> Option<(usize, usize, bool)> {
        if let Cow::Borrowed(_) = self.text {
            return Some((start, end, false));
        }
        let first = self.places.get(start)?.0;
        let last = self.places.get(end.checked_sub(1)?)?.1;
        let odd = self.rewritten.get(start..end)?.iter().any(|odd| *odd);
        Some((first as usize, last as usize, odd))
    }
}

fn defanged(text: &str) -> Option<(usize, char)> {
    let begins = |known: &str| text.get(..known.len()).is_some_and(|head| head.eq_ignore_ascii_case(known));
    let found = DEFANGED.iter().filter(|(known, _)| begins(known)).max_by_key(|(known, _)| known.len())?;
    Some((found.0.len(), found.1))
}

/// Texts of which places are kept as 32-bit numbers.
const LONGEST: usize = u32::MAX as usize;

/// The e-mail addresses in a text, in order.
pub fn email_addresses(text: &str) -> Vec<FoundEmail> {
    // PERF: without any way to write `@` there is no address.
    if text.len() > LONGEST || text.is_ascii() && !text.contains(['@', '[', '(', '{']) {
        return Vec::new();
    }
    let plain = Plain::of(text);
    let mut finder = linkify::LinkFinder::new();
    finder.kinds(&[linkify::LinkKind::Email]);
    let found = finder.links(&plain.text).filter_map(|link| {
        let email = EmailAddress::parse(link.as_str())?;
        let known = email.domain.as_ref().is_some_and(|domain| domain.valid);
        let (start, end, obfuscated) = plain.original(link.start(), link.end()).filter(|_| known)?;
        Some(FoundEmail { text: text[start..end].into(), email, obfuscated, start, end })
    });
    found.collect()
}

/// The URLs and host names in a text, in order. A host name without scheme counts if its suffix is
/// on the public suffix list and it does not look like a file name.
pub fn urls(text: &str) -> Vec<FoundUrl> {
    if text.len() > LONGEST {
        return Vec::new();
    }
    let plain = Plain::of(text);
    let refanged = schemes(&plain.text);
    let found = crate::message::urls_in(&refanged).into_iter().filter_map(|(range, url)| {
        let (start, end, rewritten) = plain.original(range.start, range.end)?;
        let defanged = rewritten || plain.text.get(range.clone())? != refanged.get(range)?;
        Some(FoundUrl { text: text[start..end].into(), url, defanged, start, end })
    });
    found.collect()
}

/// `hxxp` and its kind as `http`, of the same length, so that places hold.
fn schemes(text: &str) -> String {
    let mut out = text.as_bytes().to_vec();
    for (at, _) in text.match_indices("://") {
        let head = at - text[..at].bytes().rev().take(6).take_while(u8::is_ascii_alphabetic).count();
        let meant: &[u8] = match text[head..at].to_ascii_lowercase().as_str() {
            "hxxp" | "httx" | "htxp" | "hxtp" | "meow" => b"http",
            "hxxps" | "htxps" | "hxtps" | "httxs" | "meows" => b"https",
            "fxp" => b"ftp",
            _ => continue,
        };
        out[head..at].copy_from_slice(meant);
    }
    // Letters were replaced by letters.
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}
