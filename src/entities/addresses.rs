//! E-mail addresses and URLs in running text, defanged ones included.

use super::glyph::{first, glyphs};
use crate::message::{EmailAddress, Url};
use std::borrow::Cow;
use std::ops::Range;
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

/// A text as readers mean it.
struct Plain<'t> {
    text: Cow<'t, str>,
    /// What was rewritten, in order.
    rewritten: Vec<Rewritten>,
}

/// A stretch that is read as something else.
struct Rewritten {
    /// What is taken out of the original.
    taken: Range<usize>,
    /// The bytes of the original that what is meant stands for: invisible characters before them are
    /// taken out as well.
    written: Range<usize>,
    /// Where what is meant stands in the plain text.
    plain: Range<usize>,
}

/// Ways in which a dot, an at sign and a colon are written so that no link comes of them.
const DEFANGED: [(&str, &str); 20] = [
    ("[.]", "."),
    ("(.)", "."),
    ("{.}", "."),
    ("[dot]", "."),
    ("(dot)", "."),
    ("{dot}", "."),
    (" [dot] ", "."),
    (" (dot) ", "."),
    (" [.] ", "."),
    ("[@]", "@"),
    ("(@)", "@"),
    ("[at]", "@"),
    ("(at)", "@"),
    ("{at}", "@"),
    (" [at] ", "@"),
    (" (at) ", "@"),
    ("[:]", ":"),
    ("[://]", "://"),
    ("[/]", "/"),
    ("\\.", "."),
];

impl<'t> Plain<'t> {
    fn of(text: &'t str) -> Self {
        let mut plain = Self { text: Cow::Borrowed(text), rewritten: Vec::new() };
        let mut at = 0;
        let special = |byte: u8| !byte.is_ascii() || matches!(byte, b'[' | b'(' | b'{' | b'\\');
        while let Some(found) = first(&text.as_bytes()[at..], special).map(|found| at + found) {
            // The space before a bracket belongs to some forms.
            let spaced = found.checked_sub(1).filter(|space| *space >= at && text.as_bytes()[*space] == b' ');
            let form = spaced.and_then(|space| defanged(text, space)).or_else(|| defanged(text, found));
            if let Some((written, meant)) = form {
                at = written.end;
                plain.rewrite(text, written.clone(), written, meant);
                continue;
            }
            // Host names may be written in any script: only odd forms and wide letters are folded.
            let Some(glyph) = glyphs(&text[found..]).next() else {
                plain.rewrite(text, found..text.len(), found..text.len(), "");
                break;
            };
            let (start, end) = (found + glyph.start, found + glyph.end);
            at = end;
            if glyph.start > 0
                && let Some((written, meant)) = defanged(text, start)
            {
                at = written.end;
                plain.rewrite(text, found..written.end, written, meant);
            } else if glyph.odd || text[start..].starts_with(|c| matches!(c, '\u{FF01}'..='\u{FF5E}')) {
                plain.rewrite(text, found..end, start..end, glyph.c.encode_utf8(&mut [0; 4]));
            }
        }
        plain.finish(text)
    }

    fn rewrite(&mut self, original: &str, taken: Range<usize>, written: Range<usize>, meant: &str) {
        let from = self.rewritten.last().map_or(0, |last| last.taken.end);
        if self.rewritten.is_empty() {
            self.text = Cow::Owned(String::with_capacity(original.len()));
        }
        let text = self.text.to_mut();
        text.push_str(&original[from..taken.start]);
        let start = text.len();
        text.push_str(meant);
        let plain = start..text.len();
        self.rewritten.push(Rewritten { taken, written, plain });
    }

    fn finish(mut self, original: &str) -> Self {
        if let Some(last) = self.rewritten.last() {
            self.text.to_mut().push_str(&original[last.taken.end..]);
        }
        self
    }

    /// The bytes of the original for bytes of the plain text; true if something in them was rewritten.
    fn original(&self, start: usize, end: usize) -> Option<(usize, usize, bool)> {
        let first = self.at_or_after(start);
        let last = self.at_or_after(end.checked_sub(1)?);
        let holds = |index: usize, at: usize| self.rewritten.get(index).filter(|one| one.plain.start <= at);
        let from = holds(first, start).map_or_else(|| self.unchanged(first, start), |one| one.written.start);
        let to = holds(last, end - 1).map_or_else(|| self.unchanged(last, end), |one| one.written.end);
        let within = self.rewritten.get(first..)?.iter().take_while(|one| one.plain.start < end);
        Some((from, to, within.into_iter().any(|one| !one.plain.is_empty())))
    }

    /// The first stretch that does not end before a byte of the plain text.
    fn at_or_after(&self, at: usize) -> usize {
        self.rewritten.partition_point(|one| one.plain.end <= at)
    }

    /// The byte of the original for one of the plain text that no rewriting touches; `index` of them stand
    /// before it.
    fn unchanged(&self, index: usize, at: usize) -> usize {
        let before = index.checked_sub(1).and_then(|index| self.rewritten.get(index));
        before.map_or(at, |before| before.taken.end + (at - before.plain.end))
    }
}

/// The longest of these forms at a place, and what it means.
fn defanged(text: &str, at: usize) -> Option<(Range<usize>, &'static str)> {
    let rest = &text.as_bytes()[at..];
    let may_begin = matches!(rest, [b'[' | b'(' | b'{' | b'\\', ..] | [b' ', b'[' | b'(', ..]);
    if !may_begin {
        return None;
    }
    let begins = |known: &str| rest.get(..known.len()).is_some_and(|head| head.eq_ignore_ascii_case(known.as_bytes()));
    let found = DEFANGED.iter().filter(|(known, _)| begins(known)).max_by_key(|(known, _)| known.len())?;
    Some((at..at + found.0.len(), found.1))
}

/// The e-mail addresses in a text, in order.
pub fn email_addresses(text: &str) -> Vec<FoundEmail> {
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
fn schemes(text: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(text);
    for at in memchr::memmem::find_iter(text.as_bytes(), "://") {
        let head = at - text[..at].bytes().rev().take(6).take_while(u8::is_ascii_alphabetic).count();
        let meant = match text[head..at].to_ascii_lowercase().as_str() {
            "hxxp" | "httx" | "htxp" | "hxtp" | "meow" => "http",
            "hxxps" | "htxps" | "hxtps" | "httxs" | "meows" => "https",
            "fxp" => "ftp",
            _ => continue,
        };
        out.to_mut().replace_range(head..at, meant);
    }
    out
}
