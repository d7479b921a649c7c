//! Finds the rules that can hold. All others are false: one of their conjuncts is.

use super::machine::Run;
use super::ops;
use super::scratch::Bound;
use crate::check::hir::{LocalId, Program, RuleId};
use crate::plan::{Bits, Class, ClassId, Conjunct, Group, NodeId, Probe, Subject, each_deletion};
use crate::value::{Truth, Value};
use foldhash::HashMap;

/// Longer texts, in bytes, are left to the evaluation: distances to very long ones are absent.
const MAX_NEAR_TEXT: usize = 1000;

/// What a value says of the guards of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Says {
    /// Which of them hold; the others do not.
    All,
    /// That it is absent: those that are not lit are unknown.
    Absent,
    /// Nothing: any may hold.
    Nothing,
}

impl Run<'_> {
    /// Lists the rules that can hold, in the order of their ids.
    pub(super) fn find_live(&mut self, program: &Program) {
        let started = self.profile.as_ref().map_or(0, |profile| profile.now());
        let plan = self.plan;
        if plan.options.guard {
            self.settle_first();
            for group in &plan.index.groups {
                if self.is_wanted(group) {
                    self.group(group);
                    self.close(group);
                }
            }
            for bits in &plan.index.strict {
                let dark = bits.bits & !self.scratch.by_value(bits.at);
                self.scratch.rule_out(bits.word, dark);
            }
            self.settle(program);
        }
        if !plan.options.guard || self.spent() {
            self.scratch.live.clear();
            self.scratch.undecided.clear();
            self.scratch.live.extend((0..plan.rules.len() as u32).map(RuleId));
        }
        let steps = self.steps;
        if let Some(profile) = &mut self.profile {
            profile.index_steps += steps;
            profile.index_nanos += profile.now().saturating_sub(started);
        }
    }

    /// False if no rule that can still hold waits for the group.
    fn is_wanted(&self, group: &Group) -> bool {
        let open = |bits: &Bits| self.scratch.candidates(bits.word) & bits.bits & !self.scratch.by_value(bits.at) != 0;
        group.all.iter().any(open)
    }

    /// Rules that this group was the last to light are out.
    fn close(&mut self, group: &Group) {
        self.step(1 + group.all.len() / 16);
        for bits in &group.last {
            let dark = bits.bits & !self.scratch.lit(bits.at);
            self.scratch.rule_out(bits.word, dark);
        }
    }

    fn group(&mut self, group: &Group) {
        let says = match &group.subject {
            Subject::One(node) => match group.probe {
                Probe::Truth if self.truth(*node) == Truth::False => Says::All,
                Probe::Truth => Says::Nothing,
                _ => {
                    let value = self.value(*node);
                    self.probe(group, &value, 0)
                }
            },
            Subject::Each { lists, node } => self.each(group, lists, *node),
        };
        for bits in &group.all {
            match says {
                Says::All => break,
                Says::Absent => self.scratch.light_absent(bits.at, bits.bits),
                Says::Nothing => {
                    self.scratch.light(bits.at, bits.bits);
                    if !matches!(group.probe, Probe::Truth) {
                        self.scratch.asked[bits.word as usize] |= bits.bits;
                    }
                }
            }
        }
    }

    /// The truth of a conjunct that is known already, or that the index tells: unknown, because only
    /// absence has lit it. Told the rule's bit in the index.
    pub(super) fn told(&mut self, bit: u32, conjunct: &Conjunct) -> Option<Truth> {
        if let Some(truth) = self.scratch.truth(conjunct.place) {
            return Some(truth);
        }
        if conjunct.layers == 0 || !self.is_lit_by_absence(bit, conjunct.layers) {
            return None;
        }
        let told = conjunct.class.map_or(Truth::Unknown, |class| self.class(class));
        if told == Truth::True {
            return None;
        }
        self.scratch.tell(conjunct.place, told);
        Some(told)
    }

    /// True if nothing but absence has lit the guards.
    fn is_lit_by_absence(&self, bit: u32, mut layers: u8) -> bool {
        let (word, bit) = (bit / 64, bit % 64);
        let words = self.plan.index.words as u32;
        while layers != 0 {
            if self.scratch.by_value(layers.trailing_zeros() * words + word) >> bit & 1 == 1 {
                return false;
            }
            layers &= layers - 1;
        }
        true
    }

    /// Unknown if some element lacks all values of the class, or the list is absent; else false.
    /// True says nothing: a value is neither absent nor plainly there.
    pub(super) fn class(&mut self, id: ClassId) -> Truth {
        if let Some(known) = self.scratch.class(id) {
            return known;
        }
        let plan = self.plan;
        let Some(class) = plan.classes.get(id.0 as usize) else { return Truth::True };
        let list = self.value(class.collection);
        let found = match ops::elements(&list) {
            None => Truth::Unknown,
            Some(items) => self.lacking(class, items),
        };
        self.scratch.set_class(id, found);
        found
    }

    fn lacking(&mut self, class: &Class, items: Vec<Value>) -> Truth {
        let mut found = Truth::False;
        for (value, index) in items.into_iter().zip(0..) {
            self.step(1);
            self.scratch.bind(class.element, Bound { value, index });
            let mut all = true;
            for value in &class.values {
                match self.value(*value) {
                    Value::Null => {}
                    Value::Json(_) => return Truth::True,
                    _ => all = false,
                }
            }
            if all {
                found = Truth::Unknown;
            }
        }
        found
    }

    /// Probes the value of every element.
    fn each(&mut self, group: &Group, lists: &[(NodeId, LocalId)], node: NodeId) -> Says {
        let [(collection, element), inner @ ..] = lists else { return Says::Nothing };
        let list = self.value(*collection);
        let converted;
        let items: &[Value] = match &list {
            Value::List(items) => items,
            other => match ops::elements(other) {
                Some(items) => {
                    converted = items;
                    &converted
                }
                None => return Says::Absent,
            },
        };
        let mut says = Says::All;
        for (item, index) in items.iter().zip(0..) {
            self.step(1);
            if self.spent() {
                return Says::Nothing;
            }
            self.scratch.bind(*element, Bound { value: item.clone(), index });
            let one = if inner.is_empty() {
                let value = self.value(node);
                self.probe(group, &value, index)
            } else {
                self.each(group, inner, node)
            };
            says = says.max(one);
        }
        says
    }

    /// Lights what a value says.
    fn probe(&mut self, group: &Group, value: &Value, element: u32) -> Says {
        match &group.probe {
            Probe::Equal(keys) => {
                // What is no text equals none.
                let Some(text) = ops::as_text(value) else {
                    return if value.is_null() { Says::Absent } else { Says::All };
                };
                let key = keys.get(text, &mut self.scratch.buffer);
                if let Some(key) = key {
                    self.light(group.of_key(key));
                }
                Says::All
            }
            Probe::Text(set, keys) => {
                let Some(text) = ops::as_text(value) else { return Says::Absent };
                self.scan(*set, element, text);
                let plan = self.plan;
                let Some(used) = plan.texts.get(*set as usize) else { return Says::Nothing };
                let mut at = 0;
                while let Some(needle) = self.scratch.hits(*set).and_then(|hits| used.set.candidate(element, hits, at))
                {
                    at += 1;
                    if let Some(key) = keys.get(needle as usize).copied().filter(|key| *key != u32::MAX) {
                        self.light(group.of_key(key));
                    }
                }
                Says::All
            }
            Probe::Near { no_case, edits, longest, keys } => {
                let Some(text) = value.as_str().filter(|text| text.len() <= MAX_NEAR_TEXT) else {
                    return if value.is_null() { Says::Absent } else { Says::Nothing };
                };
                self.near(group, *no_case, *edits, *longest, keys, text);
                Says::All
            }
            Probe::Number(kind, spans) => {
                let Some(number) = kind.of(value) else {
                    return if value.is_null() { Says::Absent } else { Says::Nothing };
                };
                self.step(spans.len() / 16);
                for span in spans.iter().filter(|span| (span.least..=span.most).contains(&number)) {
                    self.light(group.of_key(span.key));
                }
                Says::All
            }
            Probe::Template(keys) => {
                let templates = &self.ctx.env.templates;
                templates.each_of_sender(self.ctx.message, |id| {
                    if let Some(key) = keys.get(&id) {
                        self.light(group.of_key(*key));
                    }
                });
                Says::All
            }
            Probe::Absent if ops::as_text(value).is_none() => Says::Absent,
            Probe::Absent => Says::All,
            Probe::Truth => Says::Nothing,
        }
    }

    fn near(
        &mut self,
        group: &Group,
        no_case: bool,
        edits: usize,
        longest: usize,
        keys: &HashMap<Box<str>, u32>,
        text: &str,
    ) {
        let mut chars = std::mem::take(&mut self.scratch.chars);
        chars.clear();
        // As the function does: the lower case of the whole, not of each character.
        match no_case && !text.is_ascii() {
            true => chars.extend(text.to_lowercase().chars()),
            false if no_case => chars.extend(text.chars().map(|c| c.to_ascii_lowercase())),
            false => chars.extend(text.chars()),
        }
        if chars.len() <= longest {
            let mut buffer = std::mem::take(&mut self.scratch.buffer);
            let mut looked_up = 0;
            each_deletion(&chars, edits, &mut buffer, &mut |shorter| {
                looked_up += 1;
                if let Some(key) = keys.get(shorter) {
                    self.light(group.of_key(*key));
                }
            });
            self.step(looked_up / 8);
            self.scratch.buffer = buffer;
        }
        self.scratch.chars = chars;
    }

    fn light(&mut self, waiting: &[u32]) {
        waiting.iter().for_each(|place| self.scratch.light(place / 64, 1 << (place % 64)));
    }
}
