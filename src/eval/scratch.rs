//! Memory that evaluations use one after the other. Nothing is cleared that was not touched: what
//! belongs to an earlier message is told by its generation.

use super::Outcome;
use super::settle::Unsettled;
use super::why::{KnownReasons, SetId};
use crate::check::hir::{LocalId, RuleId};
use crate::plan::{ClassId, NodeId, Plan, TextHits};
use crate::value::{Truth, Value};

/// Bits of a mark below the generation.
const TAG_BITS: u32 = 4;
/// The last generation; then everything is cleared once.
const LAST: u32 = u32::MAX >> TAG_BITS;

/// Small numbers that are forgotten all at once.
#[derive(Debug, Default)]
struct Marks(Vec<u32>);

impl Marks {
    fn get(&self, index: usize, generation: u32) -> Option<u32> {
        let mark = *self.0.get(index)?;
        (mark >> TAG_BITS == generation).then_some(mark & ((1 << TAG_BITS) - 1))
    }

    fn set(&mut self, index: usize, generation: u32, tag: u32) {
        if let Some(mark) = self.0.get_mut(index) {
            *mark = generation << TAG_BITS | tag;
        }
    }

    fn begin(&mut self, size: usize, clear: bool) {
        if clear {
            self.0.clear();
        }
        self.0.resize(size, 0);
    }
}

/// A binding that is in force.
#[derive(Clone, Debug, Default)]
pub(super) struct Bound {
    /// The value.
    pub(super) value: Value,
    /// Its position, if it is an element of a list.
    pub(super) index: u32,
}

/// What is known of the texts of one set.
#[derive(Debug, Default)]
struct TextSlot {
    generation: u32,
    hits: TextHits,
}

/// Memory that evaluations use one after the other. Not shared between threads.
#[derive(Debug, Default)]
pub struct Scratch {
    generation: u32,
    /// Truth of closed conditions, by slot: bit sets of what is known, in effect.
    truths: Marks,
    /// Values of closed expressions, by slot.
    values: Vec<Value>,
    known: Marks,
    /// Values for each element, by slot.
    elements: Vec<Vec<Option<Value>>>,
    touched_values: Vec<u32>,
    touched_elements: Vec<u32>,
    texts: Vec<TextSlot>,
    locals: Vec<Bound>,
    /// Guards that are lit: bits as in the plan's index.
    lit: Vec<u64>,
    /// Those of them that something other than absence has lit.
    by_value: Vec<u64>,
    /// Of classes of values, unknown if some element lacks them all.
    classes: Marks,
    /// Rules that can still hold.
    candidates: Vec<u64>,
    /// Rules that must be evaluated if they can hold.
    pub(super) asked: Vec<u64>,
    /// Settlers whose conditions are unknown, with what they lack and the next of their words.
    pub(super) unknown: Vec<Unsettled>,
    /// Those of them that concern the word at hand.
    pub(super) open: Vec<usize>,
    /// What a reference to a rule reads.
    references: Marks,
    pub(super) live: Vec<RuleId>,
    pub(super) reasons: KnownReasons,
    pub(super) buffer: String,
    pub(super) chars: Vec<char>,
    pub(super) absent: Vec<NodeId>,
    pub(super) outcomes: Vec<(RuleId, Outcome)>,
    /// Rules that are undecided and were not evaluated.
    pub(super) undecided: Vec<(RuleId, SetId)>,
    pub(super) steps: Vec<(RuleId, u64)>,
}

impl Scratch {
    /// Empty scratch; it grows to the size of the plan at the first use.
    pub fn new() -> Self {
        Self::default()
    }

    /// The steps of each rule that the last evaluation had to evaluate; the others cost none.
    pub fn steps(&self) -> &[(RuleId, u64)] {
        &self.steps
    }

    pub(super) fn begin(&mut self, plan: &Plan) {
        self.steps.clear();
        let clear = self.generation >= LAST;
        self.generation = if clear { 1 } else { self.generation + 1 };
        if clear {
            self.texts.clear();
        }
        self.truths.begin(plan.truth_slots, clear);
        self.known.begin(plan.value_slots, clear);
        self.lit.clone_from(&plan.index.lit);
        self.by_value.clear();
        self.by_value.resize(plan.index.lit.len(), 0);
        self.classes.begin(plan.classes.len(), clear);
        self.candidates.clone_from(&plan.index.candidates);
        self.asked.clone_from(&plan.settlement.asked);
        self.asked.resize(plan.index.words, 0);
        self.references.begin(plan.rules.len(), clear);
        self.values.resize(plan.value_slots, Value::Null);
        self.elements.resize_with(plan.element_slots, Vec::new);
        self.texts.resize_with(plan.texts.len(), TextSlot::default);
        self.locals.resize_with(plan.locals, Bound::default);
        self.live.clear();
        self.outcomes.clear();
        self.undecided.clear();
        self.unknown.clear();
        self.reasons.begin(plan);
    }

    /// Lets go of what the message lent.
    pub(super) fn end(&mut self) {
        for slot in self.touched_values.drain(..) {
            if let Some(value) = self.values.get_mut(slot as usize) {
                *value = Value::Null;
            }
        }
        for slot in self.touched_elements.drain(..) {
            if let Some(values) = self.elements.get_mut(slot as usize) {
                values.clear();
            }
        }
        self.locals.iter_mut().for_each(|bound| bound.value = Value::Null);
    }

    pub(super) fn truth(&self, slot: u32) -> Option<Truth> {
        self.truths.get(slot as usize, self.generation).map(decode)
    }

    pub(super) fn set_truth(&mut self, slot: u32, truth: Truth) {
        self.truths.set(slot as usize, self.generation, encode(truth));
    }

    /// Sets a truth that nobody evaluated: the index told it.
    pub(super) fn tell(&mut self, slot: u32, truth: Truth) {
        self.truths.set(slot as usize, self.generation, encode(truth) | TOLD);
    }

    /// True if the index told the truth.
    pub(super) fn is_told(&self, slot: u32) -> bool {
        self.truths.get(slot as usize, self.generation).is_some_and(|tag| tag & TOLD != 0)
    }

    pub(super) fn value(&self, slot: u32) -> Option<&Value> {
        self.known.get(slot as usize, self.generation)?;
        self.values.get(slot as usize)
    }

    pub(super) fn set_value(&mut self, slot: u32, value: Value) {
        self.known.set(slot as usize, self.generation, 1);
        if let Some(kept) = self.values.get_mut(slot as usize) {
            *kept = value;
            self.touched_values.push(slot);
        }
    }

    pub(super) fn element(&self, slot: u32, local: LocalId) -> Option<&Value> {
        let index = self.locals.get(local.0 as usize)?.index;
        self.elements.get(slot as usize)?.get(index as usize)?.as_ref()
    }

    pub(super) fn set_element(&mut self, slot: u32, local: LocalId, value: Value) {
        let Some(index) = self.locals.get(local.0 as usize).map(|bound| bound.index as usize) else { return };
        let Some(values) = self.elements.get_mut(slot as usize) else { return };
        if values.is_empty() {
            self.touched_elements.push(slot);
        }
        if values.len() <= index {
            values.resize(index + 1, None);
        }
        values[index] = Some(value);
    }

    pub(super) fn bound(&self, local: LocalId) -> Option<&Bound> {
        self.locals.get(local.0 as usize)
    }

    /// Binds, and returns what was bound before.
    pub(super) fn bind(&mut self, local: LocalId, bound: Bound) -> Bound {
        self.locals.get_mut(local.0 as usize).map_or_else(Bound::default, |place| std::mem::replace(place, bound))
    }

    /// What is known of the texts of a set.
    pub(super) fn hits(&mut self, set: u32) -> Option<&mut TextHits> {
        let generation = self.generation;
        let slot = self.texts.get_mut(set as usize)?;
        if slot.generation != generation {
            slot.generation = generation;
            slot.hits.reset();
        }
        Some(&mut slot.hits)
    }

    /// A word of the guards that are lit.
    pub(super) fn lit(&self, at: u32) -> u64 {
        self.lit.get(at as usize).copied().unwrap_or(0)
    }

    /// Lights guards for an absent value.
    pub(super) fn light_absent(&mut self, at: u32, bits: u64) {
        if let Some(word) = self.lit.get_mut(at as usize) {
            *word |= bits;
        }
    }

    /// Lights guards for what a value says.
    pub(super) fn light(&mut self, at: u32, bits: u64) {
        self.light_absent(at, bits);
        if let Some(word) = self.by_value.get_mut(at as usize) {
            *word |= bits;
        }
    }

    /// A word of the guards that a value has lit.
    pub(super) fn by_value(&self, at: u32) -> u64 {
        self.by_value.get(at as usize).copied().unwrap_or(0)
    }

    /// What is known of a class of values.
    pub(super) fn class(&self, class: ClassId) -> Option<Truth> {
        self.classes.get(class.0 as usize, self.generation).map(decode)
    }

    pub(super) fn set_class(&mut self, class: ClassId, found: Truth) {
        self.classes.set(class.0 as usize, self.generation, encode(found));
    }

    /// A word of the rules that can still hold.
    pub(super) fn candidates(&self, word: u32) -> u64 {
        self.candidates.get(word as usize).copied().unwrap_or(0)
    }

    pub(super) fn rule_out(&mut self, word: u32, rules: u64) {
        if let Some(word) = self.candidates.get_mut(word as usize) {
            *word &= !rules;
        }
    }

    /// What a reference to a rule reads; absent for rules that do not match.
    pub(super) fn reference(&self, rule: RuleId) -> Option<Truth> {
        self.references.get(rule.0 as usize, self.generation).map(decode)
    }

    pub(super) fn set_reference(&mut self, rule: RuleId, truth: Truth) {
        self.references.set(rule.0 as usize, self.generation, encode(truth));
    }
}

/// A mark of truths that the index told.
const TOLD: u32 = 4;

fn encode(truth: Truth) -> u32 {
    match truth {
        Truth::False => 0,
        Truth::True => 1,
        Truth::Unknown => 2,
    }
}

fn decode(tag: u32) -> Truth {
    match tag & !TOLD {
        0 => Truth::False,
        1 => Truth::True,
        _ => Truth::Unknown,
    }
}
