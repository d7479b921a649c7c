//! The subject without its reply and forward prefixes, in the common languages.

use std::sync::Arc;

/// A subject line taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Decoded, as written.
    pub subject: Option<Arc<str>>,
    /// Without prefixes.
    pub base: Option<Arc<str>>,
    /// A reply prefix stands before it.
    pub is_reply: bool,
    /// A forward prefix stands before it.
    pub is_forward: bool,
}

const REPLY: [&str; 20] = [
    "re",
    "aw",
    "antw",
    "sv",
    "vs",
    "odp",
    "ynt",
    "res",
    "rif",
    "ref",
    "bls",
    "atb",
    "回复",
    "回覆",
    "答复",
    "返信",
    "vá",
    "απ",
    "ответ",
    "отв",
];
const FORWARD: [&str; 21] = [
    "fw",
    "fwd",
    "wg",
    "tr",
    "rv",
    "enc",
    "vb",
    "vl",
    "doorst",
    "i",
    "pd",
    "vs fw",
    "转发",
    "轉寄",
    "転送",
    "πρθ",
    "ilt",
    "továbbítás",
    "переслать",
    "пер",
    "fwd fw",
];

impl Subject {
    /// Reads a decoded subject line.
    pub fn parse(text: Option<&str>) -> Self {
        let Some(text) = text else { return Self::default() };
        let mut subject = Self { subject: Some(text.into()), ..Self::default() };
        let mut rest = text.trim();
        while let Some((prefix, after)) = prefix(rest) {
            subject.is_reply |= prefix == Prefix::Reply;
            subject.is_forward |= prefix == Prefix::Forward;
            rest = after.trim_start();
        }
        subject.base = Some(rest.into());
        subject
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Prefix {
    Reply,
    Forward,
}

/// `Re:`, `AW[2]:`, `Fwd :`, `回复：` at the beginning of a text.
fn prefix(text: &str) -> Option<(Prefix, &str)> {
    let (head, after) = text.split_once([':', '：'])?;
    if head.chars().count() > 16 {
        return None;
    }
    let word = head.trim().trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '[' | ']' | '(' | ')' | '^'));
    let word = word.trim().to_lowercase();
    if REPLY.contains(&word.as_str()) {
        return Some((Prefix::Reply, after));
    }
    FORWARD.contains(&word.as_str()).then_some((Prefix::Forward, after))
}
