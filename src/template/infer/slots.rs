//! From what varies to slots: kinds by what was held, names by what stands before.

use super::align::Item;
use super::tokens::Token;
use crate::template::kind;
use crate::value::{Element, SlotKind, TEMPLATE_FIELDS};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most lines of a hole that become slots of their own.
const MAX_LINES: usize = 10;
/// Kinds that are tried, the most telling first.
const KINDS: [SlotKind; 7] = [
    SlotKind::Date,
    SlotKind::Money,
    SlotKind::Email,
    SlotKind::Url,
    SlotKind::Digits,
    SlotKind::Phone,
    SlotKind::Domain,
];

/// True if a word looks like a value rather than like text, although all texts may share it.
pub(super) fn is_value(text: &str) -> bool {
    let long = text.chars().filter(char::is_ascii_digit).count() >= 5 && !text.contains('/');
    let typed = [SlotKind::Money, SlotKind::Date];
    long || typed.into_iter().any(|wanted| kind::of(wanted).is_some_and(|kind| kind.is_whole(text)))
}

/// A slot of the template.
struct Slot {
    name: Arc<str>,
    kind: SlotKind,
    /// What each message of the group held, as keys; slots of other groups have none.
    held: Vec<Vec<u8>>,
}

/// Gives slots their names, over all variants.
#[derive(Default)]
pub(super) struct Namer {
    slots: Vec<Slot>,
    notes: Vec<String>,
    /// Messages of the group.
    count: usize,
    /// Only free kinds.
    careful: bool,
    used: BTreeMap<Arc<str>, usize>,
}

impl Namer {
    /// A new group of messages.
    pub(super) fn begin(&mut self, count: usize, careful: bool) {
        (self.count, self.careful) = (count, careful);
        self.slots.iter_mut().for_each(|slot| slot.held.clear());
        self.used.clear();
        if count == 1 {
            self.notes.push("one message only: what varies in it is a guess".into());
        } else if count == 2 {
            self.notes.push("two messages only: what they happen to share is taken as constant".into());
        }
    }

    /// What is to be said of the group.
    pub(super) fn notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Names and kinds of all slots.
    pub(super) fn slots(&self) -> Vec<(Arc<str>, SlotKind)> {
        self.slots.iter().map(|slot| (Arc::clone(&slot.name), slot.kind)).collect()
    }

    /// The elements of one text.
    pub(super) fn elements(&mut self, items: Vec<Item>) -> Vec<Element> {
        let items: Vec<Item> = items.into_iter().flat_map(by_line).collect();
        let mut out = Elements::default();
        for (index, item) in items.iter().enumerate() {
            match item {
                Item::Word(token) => out.word(token),
                Item::Hole(held) => {
                    let last = items[index + 1..].iter().all(|item| matches!(item, Item::Hole(_)));
                    let ends_line = items.get(index + 1).is_none_or(begins_line);
                    self.hole(held, &mut out, ends_line, last);
                }
            }
        }
        out.finish()
    }

    fn hole(&mut self, held: &[Vec<Token>], out: &mut Elements, ends_line: bool, last: bool) {
        let texts: Vec<String> = held.iter().map(|tokens| text(tokens)).collect();
        let present: Vec<&String> = texts.iter().filter(|text| !text.is_empty()).collect();
        let Some(first) = held.iter().find_map(|tokens| tokens.first()) else { return };
        let missing = texts.len() - present.len();
        let starts = held.iter().filter_map(|tokens| tokens.first());
        let line = starts.clone().filter(|token| token.line).count() * 2 > present.len();
        let space = first.space;
        // What a single message has is its own.
        let same = missing > 0 && present.len() > 1 && present.iter().all(|text| *text == present[0]);
        if same && held.iter().flatten().skip(1).all(|token| !token.line) {
            return out.optional(Element::Text(present[0].as_str().into()), space, line);
        }
        let several = held.iter().any(|tokens| tokens.iter().skip(1).any(|token| token.line));
        let mut kind = self.kind(&present, several, ends_line);
        if last && several && ends_line {
            kind = SlotKind::Rest;
        }
        let keys: Vec<Vec<u8>> =
            held.iter().map(|tokens| tokens.iter().flat_map(|t| t.key.clone()).collect()).collect();
        let free = |kind: SlotKind| matches!(kind, SlotKind::Text | SlotKind::Line);
        let as_good = |slot: &Slot| slot.kind == kind || free(slot.kind) && free(kind);
        let known = self.slots.iter().position(|slot| slot.held == keys && as_good(slot));
        let index = known.unwrap_or_else(|| self.new_slot(kind, keys, out.label(line)));
        let name = Arc::clone(&self.slots[index].name);
        if known.is_none() {
            let mut different = present.clone();
            different.sort_unstable();
            different.dedup();
            let missing = if missing > 0 { format!(", missing in {missing}") } else { String::new() };
            if self.count > 1 {
                self.notes.push(format!(
                    "{{{name}: {}}}: {} different texts in {} messages{missing}",
                    kind.name(),
                    different.len(),
                    self.count
                ));
            }
        }
        let slot = Element::Slot(index as u16);
        if missing > 0 && kind != SlotKind::Rest {
            out.optional(slot, space, line)
        } else {
            out.slot(slot, space, line)
        }
    }

    fn kind(&self, texts: &[&String], several: bool, ends_line: bool) -> SlotKind {
        let fits =
            |wanted: &SlotKind| kind::of(*wanted).is_some_and(|kind| texts.iter().all(|text| kind.is_whole(text)));
        if !several
            && !self.careful
            && let Some(kind) = KINDS.into_iter().find(fits)
        {
            return kind;
        }
        if ends_line && !several { SlotKind::Line } else { SlotKind::Text }
    }

    fn new_slot(&mut self, kind: SlotKind, held: Vec<Vec<u8>>, label: Option<String>) -> usize {
        let base = label.unwrap_or_else(|| {
            match kind {
                SlotKind::Money => "amount",
                SlotKind::Digits => "number",
                SlotKind::Url => "link",
                SlotKind::Date => "day",
                SlotKind::Text => "some_text",
                SlotKind::Rest => "ending",
                other => other.name(),
            }
            .to_owned()
        });
        // A variant may use the slots of an earlier one that it has not used yet.
        for number in 1.. {
            let name: Arc<str> = if number == 1 { base.as_str().into() } else { format!("{base}_{number}").into() };
            if TEMPLATE_FIELDS.contains(&&*name) || self.used.contains_key(&name) {
                continue;
            }
            match self.slots.iter().position(|slot| slot.name == name) {
                Some(known) if self.slots[known].kind != kind => {}
                Some(known) => {
                    self.slots[known].held = held;
                    self.used.insert(name, known);
                    return known;
                }
                None => {
                    self.used.insert(Arc::clone(&name), self.slots.len());
                    self.slots.push(Slot { name, kind, held });
                    break;
                }
            }
        }
        self.slots.len() - 1
    }
}

/// A hole over several lines becomes one for each line, if all texts have as many.
fn by_line(item: Item) -> Vec<Item> {
    let Item::Hole(held) = &item else { return vec![item] };
    let lines: Vec<Vec<Vec<Token>>> = held.iter().map(|tokens| lines(tokens)).collect();
    let count = lines.first().map_or(0, Vec::len);
    if !(2..=MAX_LINES).contains(&count) || lines.iter().any(|lines| lines.len() != count) {
        return vec![item];
    }
    (0..count).map(|line| Item::Hole(lines.iter().map(|lines| lines[line].clone()).collect())).collect()
}

pub(super) fn lines(tokens: &[Token]) -> Vec<Vec<Token>> {
    let mut lines: Vec<Vec<Token>> = Vec::new();
    for token in tokens {
        if token.line || lines.is_empty() {
            lines.push(Vec::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push(token.clone());
        }
    }
    lines
}

fn begins_line(item: &Item) -> bool {
    match item {
        Item::Word(token) => token.line,
        Item::Hole(held) => held.iter().filter_map(|tokens| tokens.first()).all(|token| token.line),
    }
}

fn text(tokens: &[Token]) -> String {
    let mut text = String::new();
    for token in tokens {
        if token.space && !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&token.text);
    }
    text
}

/// A text under construction.
#[derive(Default)]
struct Elements {
    out: Vec<Element>,
    literal: String,
}

impl Elements {
    fn gap(&mut self, space: bool, line: bool) {
        let empty = self.out.is_empty() && self.literal.is_empty();
        if line && !empty {
            self.flush();
            self.out.push(Element::Break);
        } else if space && !empty {
            self.literal.push(' ');
        }
    }

    fn word(&mut self, token: &Token) {
        self.gap(token.space, token.line);
        self.literal.push_str(&token.text);
    }

    fn slot(&mut self, slot: Element, space: bool, line: bool) {
        self.gap(space, line);
        self.flush();
        self.out.push(slot);
    }

    /// The white space before an optional part belongs to it.
    fn optional(&mut self, inner: Element, space: bool, line: bool) {
        self.gap(false, line);
        self.flush();
        let space = (space && !line).then(|| Element::Text(" ".into()));
        let inner = match inner {
            Element::Text(text) if space.is_some() => vec![Element::Text(format!(" {text}").into())],
            inner => space.into_iter().chain([inner]).collect(),
        };
        self.out.push(Element::Optional(inner));
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            self.out.push(Element::Text(std::mem::take(&mut self.literal).into()));
        }
    }

    /// A name from the words before a colon.
    fn label(&self, line: bool) -> Option<String> {
        if line {
            return None;
        }
        let before = self.literal.trim_end();
        let words = before.strip_suffix(':')?.rsplit(['.', ',', '!', '?', ':']).next()?;
        let words: Vec<String> = words
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_ascii_lowercase)
            .collect();
        let name = words[words.len().saturating_sub(3)..].join("_");
        (name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= 40).then_some(name)
    }

    fn finish(mut self) -> Vec<Element> {
        self.flush();
        self.out
    }
}
