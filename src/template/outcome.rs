//! What a template found in a message.

use super::fold::Folded;
use super::run::Found;
use crate::message::{Link, Message};
use crate::value::{TemplateDecl, Value};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Which text of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The subject without reply and forward prefixes.
    Subject,
    /// The visible text of the body.
    Body,
}

/// Text of the message that a slot holds, or that nothing accounts for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotText {
    /// The text as it stands, white space folded to single spaces.
    pub text: Arc<str>,
    /// Where.
    pub place: Place,
    /// Bytes of that text.
    pub bytes: Range<usize>,
}

impl SlotText {
    fn new(text: &Folded, place: Place, range: &Range<usize>) -> Self {
        let words: Vec<&str> = text.original(range).split_whitespace().collect();
        Self { text: words.join(" ").into(), place, bytes: text.original_range(range) }
    }
}

/// A template on a message.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// All that must be there is there, and a declared sender sent it.
    pub matched: bool,
    /// A declared sender sent it.
    pub from_sender: bool,
    /// The variant that was found, else the one that came closest.
    pub variant: usize,
    /// What each slot holds, by the template's order.
    pub slots: Vec<Option<SlotText>>,
    /// Slots that hold different texts in different places.
    pub conflicts: Vec<Arc<str>>,
    /// Visible text that neither literal nor slot accounts for, in the order of the message.
    pub residue: Vec<SlotText>,
    /// The share of the visible text that literals and slots account for.
    pub coverage: f64,
    /// Links that lead to none of the declared domains.
    pub links_outside: Vec<Arc<Link>>,
    /// The first thing that was not found, if it is not matched.
    pub missing: Option<String>,
    /// The bound of work was reached.
    pub exhausted: bool,
    /// Work done; one is about 16 bytes compared.
    pub work: u64,
}

/// One text with what was found in it.
pub(super) struct Read<'r> {
    pub(super) place: Place,
    pub(super) text: &'r Folded,
    pub(super) found: Found,
}

impl Outcome {
    /// From what was found in the texts of one variant.
    pub(super) fn of(decl: &TemplateDecl, reads: &[Read<'_>]) -> Self {
        let mut outcome = Self {
            matched: reads.iter().all(|read| read.found.complete),
            from_sender: true,
            slots: vec![None; decl.slots.len()],
            ..Self::default()
        };
        let (mut covered, mut all) = (0, 0);
        let mut keys: Vec<Option<&[u8]>> = vec![None; decl.slots.len()];
        for read in reads {
            outcome.exhausted |= read.found.exhausted;
            outcome.work += read.found.work;
            outcome.captures(decl, read, &mut keys);
            let gaps = uncovered(read);
            all += read.text.len();
            covered += read.text.len() - gaps.iter().map(ExactSizeIterator::len).sum::<usize>();
            outcome.residue.extend(gaps.iter().filter_map(|gap| residue(read, gap)));
        }
        outcome.coverage = if all == 0 { 0.0 } else { covered as f64 / all as f64 };
        outcome
    }

    fn captures<'r>(&mut self, decl: &TemplateDecl, read: &'r Read<'_>, keys: &mut [Option<&'r [u8]>]) {
        for capture in &read.found.captures {
            let index = usize::from(capture.slot);
            let key = &read.text.key[capture.range.clone()];
            match keys[index] {
                Some(first) if first != key => {
                    let name = &decl.slots[index].0;
                    if !self.conflicts.contains(name) {
                        self.conflicts.push(Arc::clone(name));
                    }
                }
                Some(_) => {}
                None => {
                    keys[index] = Some(key);
                    self.slots[index] = Some(SlotText::new(read.text, read.place, &capture.range));
                }
            }
        }
    }

    /// What rules read: absent slots where it does not match.
    pub fn value(&self, decl: &TemplateDecl) -> Value {
        let found = |value: Value| if self.matched { value } else { Value::Null };
        let variant = decl.variants.get(self.variant).and_then(|variant| variant.name.clone());
        let mut fields: BTreeMap<String, Value> = BTreeMap::new();
        for ((name, _), slot) in decl.slots.iter().zip(&self.slots) {
            let value = slot.as_ref().map_or(Value::Null, |slot| Value::String(Arc::clone(&slot.text)));
            fields.insert(name.to_string(), found(value));
        }
        let residue: Vec<&str> = self.residue.iter().map(|piece| &*piece.text).collect();
        fields.insert("residue".into(), found(Value::from(residue.join("\n"))));
        fields.insert("variant".into(), found(variant.map_or(Value::Null, Value::String)));
        fields.insert("matched".into(), Value::Bool(self.matched));
        fields.insert("coverage".into(), Value::Float(if self.matched { self.coverage } else { 0.0 }));
        let links = self.links_outside.iter().filter(|_| self.matched);
        fields.insert("links_outside".into(), Value::list(links.map(|link| Value::record(Arc::clone(link)))));
        let conflicts = self.conflicts.iter().filter(|_| self.matched);
        fields.insert("conflicts".into(), Value::list(conflicts.map(|name| Value::String(Arc::clone(name)))));
        Value::Map(Arc::new(fields))
    }

    /// A template of which no sender sent the message.
    pub(super) fn of_stranger(decl: &TemplateDecl) -> Self {
        Self { slots: vec![None; decl.slots.len()], ..Self::default() }
    }
}

/// The stretches that neither literal nor slot holds.
fn uncovered(read: &Read<'_>) -> Vec<Range<usize>> {
    let captures = read.found.captures.iter().map(|capture| &capture.range);
    let mut covered: Vec<&Range<usize>> = captures.chain(&read.found.literals).collect();
    covered.sort_by_key(|range| (range.start, range.end));
    let mut gaps = Vec::new();
    let mut at = 0;
    for range in covered {
        if range.start > at {
            gaps.push(at..range.start);
        }
        at = at.max(range.end);
    }
    if at < read.text.len() {
        gaps.push(at..read.text.len());
    }
    gaps
}

/// Punctuation alone is no residue.
fn residue(read: &Read<'_>, gap: &Range<usize>) -> Option<SlotText> {
    let text = SlotText::new(read.text, read.place, gap);
    text.text.chars().any(char::is_alphanumeric).then_some(text)
}

/// The links of a message that lead to none of the domains. Links that leave the message without a
/// host, such as `tel:`, count by their scheme.
pub(super) fn links_outside(message: &Message, domains: &[Arc<str>]) -> Vec<Arc<Link>> {
    let below =
        |host: &str, domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    let is_outside = |link: &&Arc<Link>| {
        let Some(url) = &link.href_url else { return false };
        let host = url.domain.as_ref().map(|domain| &*domain.domain);
        let mail = || (&*url.scheme == "mailto").then(|| url.url.rsplit('@').next().unwrap_or("")).map(mail_host);
        match host.map(str::to_owned).or_else(mail) {
            Some(host) => !domains.iter().any(|domain| below(&host, domain)),
            None => !matches!(&*url.scheme, "cid" | "about" | "mailto"),
        }
    };
    message.body().links(message).iter().filter(is_outside).cloned().collect()
}

fn mail_host(text: &str) -> String {
    text.split(['?', '>', '#']).next().unwrap_or("").to_lowercase()
}
