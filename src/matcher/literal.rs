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
    let folded = fold_text(text);
    let needle: String = needle.chars().map(fold_char).collect();
    Some(folded.original(exact(literal, folded.text.as_bytes(), needle.as_bytes())?))
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

/// A text in lower case that knows where its characters stood.
pub(crate) struct FoldedText {
    text: String,
    /// Where each character begins, here and in the original.
    offsets: Vec<(usize, usize)>,
    end: usize,
}

/// Folds a text for searches without case.
pub(crate) fn fold_text(text: &str) -> FoldedText {
    let mut folded = FoldedText { text: String::with_capacity(text.len()), offsets: Vec::new(), end: text.len() };
    for (at, c) in text.char_indices() {
        folded.offsets.push((folded.text.len(), at));
        folded.text.push(fold_char(c));
    }
    folded
}

impl FoldedText {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The place in the original of what was found here.
    pub(crate) fn original(&self, found: Range<usize>) -> Range<usize> {
        let original = |folded: usize| {
            let index = self.offsets.partition_point(|(start, _)| *start < folded);
            self.offsets.get(index).map_or(self.end, |(_, at)| *at)
        };
        original(found.start)..original(found.end)
    }
}

/// True if two texts are equal without case.
pub fn equal_no_case(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.eq_ignore_ascii_case(b) || a.chars().map(fold_char).eq(b.chars().map(fold_char))
}
