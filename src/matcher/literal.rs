//! Literal text in text, with and without case.

use std::ops::Range;

/// Where a literal must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literal {
    /// Anywhere.
    Contains,
    /// At the beginning.
    StartsWith,
    /// At the end.
    EndsWith,
}

/// The place of a literal in a text, in bytes of the text. Without case both are compared in
/// Unicode's simple lower case.
pub fn find(literal: Literal, no_case: bool, text: &str, needle: &str) -> Option<Range<usize>> {
    if !no_case {
        return exact(literal, text.as_bytes(), needle.as_bytes());
    }
    if text.is_ascii() && needle.is_ascii() {
        return exact(literal, text.to_ascii_lowercase().as_bytes(), needle.to_ascii_lowercase().as_bytes());
    }
    let (folded, offsets) = fold(text);
    let needle: String = needle.chars().map(fold_char).collect();
    let found = exact(literal, folded.as_bytes(), needle.as_bytes())?;
    Some(original(&offsets, found.start, text.len())..original(&offsets, found.end, text.len()))
}

fn exact(literal: Literal, text: &[u8], needle: &[u8]) -> Option<Range<usize>> {
    match literal {
        Literal::Contains => memchr::memmem::find(text, needle).map(|at| at..at + needle.len()),
        Literal::StartsWith => text.starts_with(needle).then_some(0..needle.len()),
        Literal::EndsWith => text.ends_with(needle).then(|| text.len() - needle.len()..text.len()),
    }
}

/// One character for one character, so that places can be mapped back.
pub(crate) fn fold_char(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(single), None) => single,
        _ => c,
    }
}

/// The folded text, and where each of its characters that moved begins in the original.
fn fold(text: &str) -> (String, Vec<(usize, usize)>) {
    let mut folded = String::with_capacity(text.len());
    let mut offsets = Vec::new();
    for (at, c) in text.char_indices() {
        offsets.push((folded.len(), at));
        folded.push(fold_char(c));
    }
    (folded, offsets)
}

fn original(offsets: &[(usize, usize)], folded: usize, end: usize) -> usize {
    let index = offsets.partition_point(|(start, _)| *start < folded);
    offsets.get(index).map_or(end, |(_, at)| *at)
}

/// True if two texts are equal without case.
pub fn equal_no_case(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.eq_ignore_ascii_case(b) || a.chars().map(fold_char).eq(b.chars().map(fold_char))
}
