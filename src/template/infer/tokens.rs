//! Words and punctuation of a text.

use crate::template::fold::Folded;
use crate::template::kind;
use crate::value::SlotKind;
use std::ops::Range;

/// Most tokens of one text that are compared.
pub(super) const MAX_TOKENS: usize = 2_000;

/// A word, or a mark of punctuation beside one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    /// The form that is compared.
    pub(super) key: Vec<u8>,
    /// White space stands before it.
    pub(super) space: bool,
    /// A line begins with it.
    pub(super) line: bool,
}

impl Token {
    pub(super) fn letters(&self) -> usize {
        self.text.chars().filter(|c| c.is_alphanumeric()).count()
    }
}

/// The tokens of a text.
pub(super) fn of(text: &str, plain: bool) -> Vec<Token> {
    let folded = Folded::new(text.into(), plain);
    let mut tokens = Vec::new();
    for line in folded.clean.split('\n') {
        let before = tokens.len();
        let mut at = 0;
        for value in values(line) {
            words(&line[at..value.start], &mut tokens);
            let space = line[..value.start].ends_with(char::is_whitespace);
            push(line[value.clone()].to_owned(), space, &mut tokens);
            at = value.end;
        }
        words(&line[at..], &mut tokens);
        if let Some(first) = tokens.get_mut(before) {
            first.line = true;
        }
        if tokens.len() >= MAX_TOKENS {
            tokens.truncate(MAX_TOKENS);
            break;
        }
    }
    tokens
}

/// Dates and amounts of a line, which are several words but one value.
fn values(line: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for wanted in [SlotKind::Date, SlotKind::Money] {
        let Some(kind) = kind::of(wanted) else { continue };
        let mut at = 0;
        while let Some(range) = kind.find(line, at) {
            at = range.end;
            let alone = !line[..range.start].ends_with(char::is_alphanumeric)
                && !line[range.end..].starts_with(char::is_alphanumeric);
            if alone && found.iter().all(|other| other.end <= range.start || range.end <= other.start) {
                found.push(range);
            }
        }
    }
    found.sort_by_key(|range| range.start);
    found
}

fn words(text: &str, tokens: &mut Vec<Token>) {
    let mut at = 0;
    for word in text.split_whitespace() {
        let start = at + text[at..].find(word).unwrap_or(0);
        split(word, text[..start].ends_with(char::is_whitespace) || start == 0 && tokens.is_empty(), tokens);
        at = start + word.len();
    }
}

fn push(text: String, space: bool, tokens: &mut Vec<Token>) {
    let key = Folded::key_of(&text);
    if !key.is_empty() {
        tokens.push(Token { text, key, space, line: false });
    }
}

/// Punctuation around a word stands on its own, so that the word may vary.
fn split(word: &str, space: bool, tokens: &mut Vec<Token>) {
    let is_mark = |c: char| matches!(c, ',' | '.' | ':' | ';' | '!' | '?' | '(' | ')' | '"' | '\'' | '<' | '>');
    let core = word.trim_matches(is_mark);
    let (head, tail) = match word.find(core).filter(|_| !core.is_empty()) {
        Some(at) => (&word[..at], &word[at + core.len()..]),
        None => (word, ""),
    };
    let mut space = space;
    let marks = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
    let core = if core.is_empty() { Vec::new() } else { vec![core.to_owned()] };
    for text in marks(head).into_iter().chain(core).chain(marks(tail)) {
        push(text, space, tokens);
        space = false;
    }
}
