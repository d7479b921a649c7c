//! All templates of an engine: whose messages each is tried on, and what is tried at all.

use super::fold::Folded;
use super::outcome::{self, Outcome, Place, Read, SlotText};
use super::program::Program;
use super::run;
use crate::matcher::Glob;
use crate::message::Message;
use crate::value::{SlotKind, TemplateDecl, Value};
use aho_corasick::{AhoCorasick, MatchKind};
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// With so many templates of one sender the automaton is asked which can be in the text.
const FEW: usize = 4;

/// One template, ready to be matched.
#[derive(Debug)]
struct Ready {
    decl: Arc<TemplateDecl>,
    kinds: Vec<SlotKind>,
    variants: Vec<[Option<Program>; 2]>,
}

/// The templates of an engine. Immutable.
#[derive(Debug)]
pub struct TemplateSet {
    templates: Vec<Ready>,
    /// Templates by the exact address of a sender.
    senders: HashMap<Arc<str>, Vec<u32>>,
    globs: Vec<(Glob, u32)>,
    /// The longest literal of each variant.
    anchors: Option<AhoCorasick>,
    /// Whose anchor each pattern is: template and variant.
    owners: Vec<Vec<Variant>>,
    /// What tells this set from others in what a message keeps.
    identity: Arc<()>,
}

impl Default for TemplateSet {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

/// A message's texts, folded once for all templates.
#[derive(Debug)]
struct Texts {
    subject: Folded,
    body: Folded,
}

/// The candidates of the set that asked last. They are looked for once a message, however many
/// templates rules ask about.
#[derive(Debug, Default)]
struct Kept(Mutex<Option<Known>>);

/// The identity of a set and its candidates, if it has any.
type Known = (Arc<()>, Option<Arc<Candidates>>);

/// What of a set can match a message.
#[derive(Debug, Default)]
struct Candidates {
    templates: BTreeSet<u32>,
    /// Variants whose anchor stands in the text; `None`: nobody asked.
    variants: Option<BTreeSet<Variant>>,
}

impl TemplateSet {
    /// Prepares templates. Their ids are their positions.
    pub fn new(decls: Vec<Arc<TemplateDecl>>) -> Self {
        let templates: Vec<Ready> = decls.into_iter().map(Ready::new).collect();
        let mut senders: HashMap<Arc<str>, Vec<u32>> = HashMap::new();
        let mut globs = Vec::new();
        for (id, template) in templates.iter().enumerate() {
            for from in &template.decl.from {
                if from.contains(['*', '?']) {
                    globs.push((Glob::new(from, true), id as u32));
                } else {
                    senders.entry(Arc::clone(from)).or_default().push(id as u32);
                }
            }
        }
        let (patterns, owners) = anchors(&templates);
        // Without the automaton everything is tried.
        let anchors = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&patterns).ok();
        Self { templates, senders, globs, anchors, owners, identity: Arc::new(()) }
    }

    /// A template's declaration.
    pub fn decl(&self, id: u32) -> Option<&Arc<TemplateDecl>> {
        self.templates.get(id as usize).map(|template| &template.decl)
    }

    /// How many templates there are.
    pub fn len(&self) -> usize {
        self.templates.len()
    }

    /// True without templates.
    pub fn is_empty(&self) -> bool {
        self.templates.is_empty()
    }

    /// The value of `template(name)` on a message, and the work it took.
    pub fn value(&self, message: &Message, id: u32) -> (Value, u64) {
        let Some(template) = self.templates.get(id as usize) else { return (Value::Null, 0) };
        let outcome = self.outcome(message, id);
        (outcome.value(&template.decl), outcome.work)
    }

    /// A template on a message.
    pub fn outcome(&self, message: &Message, id: u32) -> Outcome {
        let Some(template) = self.templates.get(id as usize) else { return Outcome::default() };
        let Some(candidates) = self.candidates(message).filter(|known| known.templates.contains(&id)) else {
            return Outcome::of_stranger(&template.decl);
        };
        let texts = texts(message);
        let possible =
            |variant: usize| candidates.variants.as_ref().is_none_or(|known| known.contains(&(id, variant as u16)));
        let mut outcome = template.best(&texts, possible);
        if let Some(domains) = template.decl.links.as_ref().filter(|_| outcome.matched) {
            outcome.links_outside = outcome::links_outside(message, domains);
        }
        if outcome.exhausted {
            message.limit(format!("template {}: gave up after {} steps", template.decl.name, outcome.work));
        }
        outcome
    }

    /// Where what a field of a matched template holds stands: of a slot its text, of the residue each
    /// piece.
    pub fn places(&self, message: &Message, id: u32, field: &str) -> Vec<(Place, Range<usize>)> {
        let Some(template) = self.templates.get(id as usize) else { return Vec::new() };
        let outcome = self.outcome(message, id);
        if !outcome.matched {
            return Vec::new();
        }
        let index = template.decl.slots.iter().position(|(name, _)| **name == *field);
        let held = match index {
            Some(index) => outcome.slots.get(index).into_iter().flatten().collect(),
            None if field == "residue" => outcome.residue.iter().collect(),
            None => Vec::new(),
        };
        held.into_iter().map(|text: &SlotText| (text.place, text.bytes.clone())).collect()
    }

    /// A template on a message, whoever sent it, and also what came closest.
    pub fn closest(&self, message: &Message, id: u32) -> Outcome {
        let Some(template) = self.templates.get(id as usize) else { return Outcome::default() };
        let from_sender = self.candidates(message).is_some_and(|known| known.templates.contains(&id));
        let mut outcome = template.best(&texts(message), |_| true);
        outcome.links_outside =
            template.decl.links.as_ref().map(|domains| outcome::links_outside(message, domains)).unwrap_or_default();
        outcome.from_sender = from_sender;
        outcome.matched &= from_sender;
        outcome
    }

    /// Visits the templates that can match: others are of other senders.
    pub fn each_of_sender(&self, message: &Message, visit: impl FnMut(u32)) {
        if let Some(known) = self.candidates(message) {
            known.templates.iter().copied().for_each(visit);
        }
    }

    /// The templates whose sender sent the message; `None` if there are none.
    fn candidates(&self, message: &Message) -> Option<Arc<Candidates>> {
        let kept = message.once(Kept::default);
        let mut kept = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((identity, known)) = &*kept
            && Arc::ptr_eq(identity, &self.identity)
        {
            return known.clone();
        }
        let known = self.of_sender(message).map(Arc::new);
        *kept = Some((Arc::clone(&self.identity), known.clone()));
        known
    }

    fn of_sender(&self, message: &Message) -> Option<Candidates> {
        let sender = message.sender()?.email.as_ref()?;
        let exact = self.senders.get(&sender.email);
        let globs = self.globs.iter().filter(|(glob, _)| glob.is_match(&sender.email)).map(|(_, id)| *id);
        let templates: BTreeSet<u32> = exact.into_iter().flatten().copied().chain(globs).collect();
        if templates.is_empty() {
            return None;
        }
        let variants = if templates.len() > FEW { self.standing(&texts(message)) } else { None };
        Some(Candidates { templates, variants })
    }

    /// The variants whose anchor stands in the texts; `None` if it would cost more to say so.
    fn standing(&self, texts: &Texts) -> Option<BTreeSet<Variant>> {
        let anchors = self.anchors.as_ref()?;
        let mut seen = vec![false; self.owners.len()];
        // Anchors that are ends of each other can stand at one place all together.
        let mut left = 100_000 + 16 * (texts.subject.len() + texts.body.len());
        for text in [&texts.subject, &texts.body] {
            for found in anchors.find_overlapping_iter(&text.key) {
                seen[found.pattern().as_usize()] = true;
                left -= 1;
                if left == 0 {
                    return None;
                }
            }
        }
        let standing = seen.iter().zip(&self.owners).filter(|(seen, _)| **seen);
        Some(standing.flat_map(|(_, owners)| owners.iter().copied()).collect())
    }
}

/// A template and one of its variants.
type Variant = (u32, u16);

/// The longest literal of each variant, each once, with the variants that it is of.
fn anchors(templates: &[Ready]) -> (Vec<Vec<u8>>, Vec<Vec<Variant>>) {
    let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
    let (mut patterns, mut owners) = (Vec::new(), Vec::new());
    for (id, template) in templates.iter().enumerate() {
        for (variant, programs) in template.variants.iter().enumerate() {
            let literals = programs.iter().flatten().filter_map(Program::anchor);
            let anchor = literals.max_by_key(|literal| literal.key.len());
            let key = anchor.map(|literal| literal.key.clone()).unwrap_or_default();
            let index = *known.entry(key.clone()).or_insert_with(|| {
                patterns.push(key);
                owners.push(Vec::new());
                patterns.len() - 1
            });
            owners[index].push((id as u32, variant as u16));
        }
    }
    (patterns, owners)
}

fn texts(message: &Message) -> Arc<Texts> {
    message.once(|| {
        let subject = message.subject().base.clone().unwrap_or_default();
        let body = message.body();
        let texts =
            Texts { subject: Folded::new(subject, false), body: Folded::new(body.visible_text(), body.html.is_none()) };
        if texts.body.is_cut() {
            message.limit("text: only the first bytes were compared with templates".into());
        }
        texts
    })
}

impl Ready {
    fn new(decl: Arc<TemplateDecl>) -> Self {
        let kinds = decl.slots.iter().map(|(_, kind)| *kind).collect();
        let program = |text: &Option<Vec<crate::value::Element>>| text.as_deref().map(Program::new);
        let variants = decl.variants.iter().map(|variant| [program(&variant.subject), program(&variant.body)]);
        Self { kinds, variants: variants.collect(), decl }
    }

    /// The variant that matches with the highest coverage; without one, what came closest.
    fn best(&self, texts: &Texts, possible: impl Fn(usize) -> bool) -> Outcome {
        let mut best: Option<Outcome> = None;
        let mut work = 0;
        for (index, programs) in self.variants.iter().enumerate().filter(|(index, _)| possible(*index)) {
            let outcome = self.variant(index, programs, texts);
            work += outcome.work;
            let rank = |outcome: &Outcome| (outcome.matched, outcome.coverage);
            if best.as_ref().is_none_or(|best| rank(&outcome) > rank(best)) {
                best = Some(outcome);
            }
        }
        let none = || Outcome { from_sender: true, ..Outcome::of_stranger(&self.decl) };
        Outcome { work, ..best.unwrap_or_else(none) }
    }

    fn variant(&self, index: usize, programs: &[Option<Program>; 2], texts: &Texts) -> Outcome {
        let mut known: Vec<Option<Vec<u8>>> = vec![None; self.kinds.len()];
        let mut reads = Vec::new();
        let mut missing = None;
        for (program, (place, text)) in
            programs.iter().zip([(Place::Subject, &texts.subject), (Place::Body, &texts.body)])
        {
            let Some(program) = program else { continue };
            let found = run::run(program, &self.kinds, text, &known);
            for capture in &found.captures {
                known[usize::from(capture.slot)].get_or_insert_with(|| text.key[capture.range.clone()].to_vec());
            }
            if !found.complete && missing.is_none() {
                missing = Some(self.missing(place, program, found.deepest));
            }
            reads.push(Read { place, text, found });
        }
        Outcome { variant: index, missing, ..Outcome::of(&self.decl, &reads) }
    }

    fn missing(&self, place: Place, program: &Program, step: usize) -> String {
        use super::program::Step;
        let of = match place {
            Place::Subject => "subject",
            Place::Body => "body",
        };
        match program.steps.get(step) {
            Some(Step::Literal(literal)) => format!("{of}: `{}`", literal.text),
            Some(Step::Slot(slot)) => {
                let (name, kind) = &self.decl.slots[usize::from(*slot)];
                format!("{of}: {{{name}: {}}}", kind.name())
            }
            _ => of.to_owned(),
        }
    }
}
