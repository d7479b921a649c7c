//! Words and punctuation of a text.

use crate::template::fold::Folded;

/// Most tokens of one text that are compared.
pub(super) const MAX_TOKENS: usize = 3_000;

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
        let mut first = true;
        for word in line.split_whitespace() {
            split(word, first, &mut tokens);
            first = false;
            if tokens.len() >= MAX_TOKENS {
                tokens.truncate(MAX_TOKENS);
                return tokens;
            }
        }
    }
    tokens
}

/// Punctuation around a word stands on its own, so that the word may vary.
fn split(word: &str, line: bool, tokens: &mut Vec<Token>) {
    let is_mark = |c: char| matches!(c, ',' | '.' | ':' | ';' | '!' | '?' | '(' | ')' | '"' | '\'' | '<' | '>');
    let core = word.trim_matches(is_mark);
    let (head, tail) = match word.find(core).filter(|_| !core.is_empty()) {
        Some(at) => (&word[..at], &word[at + core.len()..]),
        None => (word, ""),
    };
    let mut space = true;
    let mut line = line;
    let marks = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
    let core = if core.is_empty() { Vec::new() } else { vec![core.to_owned()] };
    for text in marks(head).into_iter().chain(core).chain(marks(tail)) {
        let key = Folded::key_of(&text);
        if !key.is_empty() {
            tokens.push(Token { text, key, space, line });
            (space, line) = (false, false);
        }
    }
}
