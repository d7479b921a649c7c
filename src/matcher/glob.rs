//! Globs: `*` is any text, `?` one character; the whole text must be covered.

use super::literal::fold_char;

/// A glob. Matching is linear in the text for each `*`-free stretch, without backtracking beyond
/// the last `*`.
#[derive(Clone, Debug)]
pub struct Glob {
    pattern: Vec<char>,
    no_case: bool,
}

impl Glob {
    /// Reads a glob. There is no escape: every other character is itself.
    pub fn new(pattern: &str, no_case: bool) -> Self {
        let mut chars: Vec<char> = Vec::new();
        for c in pattern.chars() {
            // Two stars are one star.
            if c == '*' && chars.last() == Some(&'*') {
                continue;
            }
            chars.push(if no_case { fold_char(c) } else { c });
        }
        Self { pattern: chars, no_case }
    }

    /// True if the glob covers the whole text.
    pub fn is_match(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().map(|c| if self.no_case { fold_char(c) } else { c }).collect();
        let stretches: Vec<&[char]> = self.pattern.split(|c| *c == '*').collect();
        let [first, middle @ .., last] = stretches.as_slice() else {
            return stretches.first().is_some_and(|only| only.len() == text.len() && same(only, &text));
        };
        if text.len() < first.len() + last.len() || !same(first, &text) || !same(last, &text[text.len() - last.len()..])
        {
            return false;
        }
        let mut rest = &text[first.len()..text.len() - last.len()];
        for stretch in middle {
            match search(rest, stretch) {
                Some(at) => rest = &rest[at + stretch.len()..],
                None => return false,
            }
        }
        true
    }
}

/// True if the stretch covers the beginning of the text.
fn same(stretch: &[char], text: &[char]) -> bool {
    text.len() >= stretch.len() && stretch.iter().zip(text).all(|(pattern, c)| *pattern == '?' || pattern == c)
}

fn search(text: &[char], stretch: &[char]) -> Option<usize> {
    (0..=text.len().checked_sub(stretch.len())?).find(|at| same(stretch, &text[*at..]))
}
