//! Proposes a template from messages of one kind: what is constant in all of them is literal, what
//! varies becomes slots, named and typed by what they held. Messages that share too little, such as
//! those of another language, become variants.

mod align;
mod slots;
mod tokens;
mod write;

use super::set::TemplateSet;
use crate::message::Message;
use crate::value::{Element, SlotKind, TemplateDecl, VariantDecl};
use align::Item;
use slots::Namer;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokens::Token;

/// Messages whose words overlap by less are of different variants, unless they share lines.
const ALIKE: f64 = 0.5;
/// Letters of shared lines that make two messages of one variant, whatever else they hold.
const SHARED: usize = 60;
/// More addresses of one domain than this are written as `*@domain`.
const MAX_SENDERS: usize = 6;

/// More elements are not written of one text.
const MAX_ELEMENTS: usize = 400;

/// A proposed template.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The template as rule text, with comments on what is unsure.
    pub text: String,
    /// The same, declared.
    pub decl: TemplateDecl,
    /// For each message whether the template matches it, and its coverage.
    pub inputs: Vec<(bool, f64)>,
}

/// What is read of a message.
struct Sample {
    subject: Vec<Token>,
    body: Vec<Token>,
    /// How often each word of three letters or more occurs.
    words: BTreeMap<Vec<u8>, usize>,
    /// Lines of some length, as keys.
    lines: BTreeSet<Vec<u8>>,
}

/// Proposes a template of a name; `None` without a message that has a sender and a text.
pub fn infer(name: &str, messages: &[Arc<Message>]) -> Option<Proposal> {
    let from = senders(messages);
    let samples: Vec<Sample> = messages.iter().map(|message| Sample::of(message)).collect();
    if from.is_empty() || samples.iter().all(|sample| sample.words.is_empty()) {
        return None;
    }
    let (links, rare) = link_domains(messages);
    let mut groups = alike(&samples);
    let mut careful: BTreeSet<usize> = BTreeSet::new();
    loop {
        let draft = Draft::of(&samples, &groups, &careful);
        let decl = TemplateDecl {
            name: name.into(),
            from: from.clone(),
            links: Some(links.clone()),
            slots: draft.slots.clone(),
            variants: draft.variants.clone(),
        };
        let set = TemplateSet::new(vec![Arc::new(decl.clone())]);
        let outcomes = messages.iter().map(|message| set.closest(message, 0));
        let inputs: Vec<(bool, f64)> = outcomes.map(|found| (found.matched, found.coverage)).collect();
        // What typed slots refuse, free ones may take; what still fails stands alone.
        let failed: Vec<usize> = (0..inputs.len()).filter(|index| !inputs[*index].0).collect();
        if failed.iter().all(|index| careful.contains(index)) || groups.len() >= messages.len() {
            let text = write::template(name, &decl, &draft.notes, &rare, &inputs);
            return Some(Proposal { text, decl, inputs });
        }
        for index in failed {
            if !careful.insert(index) {
                split(&mut groups, index);
            }
            let group = groups.iter().find(|group| group.contains(&index)).cloned();
            careful.extend(group.unwrap_or_default());
        }
    }
}

/// A message leaves its group.
fn split(groups: &mut Vec<Vec<usize>>, index: usize) {
    for group in groups.iter_mut().filter(|group| group.len() > 1) {
        group.retain(|member| *member != index);
    }
    if !groups.iter().any(|group| group.contains(&index)) {
        groups.push(vec![index]);
    }
}

/// Variants with their slots and what is to be said of them.
struct Draft {
    variants: Vec<VariantDecl>,
    slots: Vec<(Arc<str>, SlotKind)>,
    notes: Vec<Vec<String>>,
}

impl Draft {
    fn of(samples: &[Sample], groups: &[Vec<usize>], careful: &BTreeSet<usize>) -> Self {
        let mut namer = Namer::default();
        let mut draft = Self { variants: Vec::new(), slots: Vec::new(), notes: Vec::new() };
        for (index, group) in groups.iter().enumerate() {
            namer.begin(group.len(), group.iter().any(|member| careful.contains(member)));
            let subjects: Vec<&[Token]> = group.iter().map(|member| &*samples[*member].subject).collect();
            let bodies: Vec<&[Token]> = group.iter().map(|member| &*samples[*member].body).collect();
            let texts = [subjects, bodies].map(|texts| {
                let items = align::align(&texts);
                (items.iter().any(|item| matches!(item, Item::Word(_)))).then(|| namer.elements(items))
            });
            let [subject, body] = texts;
            let name = (groups.len() > 1).then(|| format!("v{}", index + 1).into());
            let mut notes = namer.notes();
            let body = body.map(|body| cut(body, &mut notes));
            draft.variants.push(VariantDecl { name, subject: non_empty(subject), body: non_empty(body) });
            draft.notes.push(notes);
        }
        draft.slots = namer.slots();
        draft
    }
}

/// A long text ends at the end of a line.
fn cut(mut body: Vec<Element>, notes: &mut Vec<String>) -> Vec<Element> {
    if body.len() > MAX_ELEMENTS {
        let lines = body[..MAX_ELEMENTS].iter().rposition(|element| *element == Element::Break);
        body.truncate(lines.unwrap_or(MAX_ELEMENTS));
        notes.push("the text is long: only its beginning is described".into());
    }
    body
}

fn non_empty(text: Option<Vec<Element>>) -> Option<Vec<Element>> {
    text.filter(|elements| !elements.is_empty())
}

impl Sample {
    fn of(message: &Message) -> Self {
        let subject = tokens::of(message.subject().base.as_deref().unwrap_or(""), false);
        let body = message.body();
        let body = tokens::of(&body.visible_text(), body.html.is_none());
        let mut words = BTreeMap::new();
        for token in subject.iter().chain(&body).filter(|token| token.key.len() > 2) {
            *words.entry(token.key.clone()).or_default() += 1;
        }
        let key = |line: Vec<Token>| line.into_iter().flat_map(|token| token.key).collect();
        let lines = slots::lines(&body).into_iter().map(key).filter(|line: &Vec<u8>| line.len() >= 12).collect();
        Self { subject, body, words, lines }
    }

    /// The share of words that two messages have in common (Dice).
    fn likeness(&self, other: &Self) -> f64 {
        let total: usize = self.words.values().chain(other.words.values()).sum();
        let common = |(word, count): (&Vec<u8>, &usize)| other.words.get(word).map_or(0, |other| *count.min(other));
        let shared: usize = self.words.iter().map(common).sum();
        let dice = if total == 0 { 0.0 } else { 2.0 * shared as f64 / total as f64 };
        let lines: usize = self.lines.intersection(&other.lines).map(Vec::len).sum();
        if lines >= SHARED { dice.max(ALIKE) } else { dice }
    }
}

/// Groups of messages that are alike, in the order of their first members.
fn alike(samples: &[Sample]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, sample) in samples.iter().enumerate() {
        let likeness = |group: &Vec<usize>| {
            let all = group.iter().map(|member| samples[*member].likeness(sample));
            all.fold(0.0, f64::max)
        };
        let nearest = groups.iter_mut().map(|group| (likeness(group), group));
        match nearest.max_by(|(a, _), (b, _)| a.total_cmp(b)).filter(|(likeness, _)| *likeness >= ALIKE) {
            Some((_, group)) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups
}

fn senders(messages: &[Arc<Message>]) -> Vec<Arc<str>> {
    let senders = messages.iter().filter_map(|message| message.sender()?.email.clone());
    let mut by_domain: BTreeMap<String, BTreeSet<Arc<str>>> = BTreeMap::new();
    for sender in senders {
        let domain = sender.email.rsplit('@').next().unwrap_or("").to_owned();
        by_domain.entry(domain).or_default().insert(Arc::clone(&sender.email));
    }
    let of_domain = |(domain, senders): (String, BTreeSet<Arc<str>>)| {
        if senders.len() > MAX_SENDERS { vec![format!("*@{domain}").into()] } else { senders.into_iter().collect() }
    };
    if by_domain.len() > MAX_SENDERS {
        return vec!["*@*.*".into()];
    }
    by_domain.into_iter().flat_map(of_domain).collect()
}

/// Root domains of links: those of at least half of the messages, and the others.
fn link_domains(messages: &[Arc<Message>]) -> (Vec<Arc<str>>, Vec<Arc<str>>) {
    let mut seen: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    for message in messages {
        let links = message.body().links(message);
        let roots = links.iter().filter_map(|link| {
            let domain = link.href_url.as_ref()?.domain.as_ref()?;
            domain.valid.then(|| domain.root_domain.clone()).flatten()
        });
        for root in roots.collect::<BTreeSet<_>>() {
            *seen.entry(root).or_default() += 1;
        }
    }
    let (often, rare): (Vec<_>, Vec<_>) = seen.into_iter().partition(|(_, count)| 2 * count >= messages.len());
    let names = |domains: Vec<(Arc<str>, usize)>| domains.into_iter().map(|(domain, _)| domain).collect();
    (names(often), names(rare))
}
