//! Finds the rules that can hold. All others are false: one of their conjuncts is.

use super::machine::Run;
use super::ops;
use super::scratch::Bound;
use crate::check::hir::{LocalId, RuleId};
use crate::plan::{Bits, Group, NodeId, Probe, Subject, each_deletion, fold_key};
use crate::value::{Truth, Value};
use std::collections::HashMap;

/// Longer texts, in bytes, are left to the evaluation: distances to very long ones are absent.
const MAX_NEAR_TEXT: usize = 1000;

impl Run<'_> {
    /// Lists the rules that can hold, in the order of their ids.
    pub(super) fn find_live(&mut self) {
        let started = self.profile.as_ref().map_or(0, |profile| profile.now());
        let plan = self.plan;
        if plan.options.guard {
            for group in &plan.index.groups {
                if self.is_wanted(group) {
                    self.group(group);
                    self.close(group);
                }
            }
        }
        if !plan.options.guard || self.spent() {
            self.scratch.live.extend((0..plan.rules.len() as u32).map(RuleId));
        } else {
            self.scratch.list_candidates();
        }
        let steps = self.steps;
        if let Some(profile) = &mut self.profile {
            profile.index_steps += steps;
            profile.index_nanos += profile.now().saturating_sub(started);
        }
    }

    /// False if no rule that can still hold waits for the group.
    fn is_wanted(&self, group: &Group) -> bool {
        let open = |bits: &Bits| self.scratch.candidates(bits.word) & bits.bits & !self.scratch.lit(bits.at) != 0;
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
        let decided = match &group.subject {
            Subject::One(node) => match group.probe {
                Probe::Truth => self.truth(*node) == Truth::False,
                _ => {
                    let value = self.value(*node);
                    self.probe(group, &value, 0)
                }
            },
            Subject::Each { lists, node } => self.each(group, lists, *node),
        };
        if !decided {
            for bits in &group.all {
                self.scratch.light_word(bits.at, bits.bits);
            }
        }
    }

    /// Probes the value of every element; false if any is absent, or a list.
    fn each(&mut self, group: &Group, lists: &[(NodeId, LocalId)], node: NodeId) -> bool {
        let [(collection, element), inner @ ..] = lists else { return false };
        let list = self.value(*collection);
        let converted;
        let items: &[Value] = match &list {
            Value::List(items) => items,
            other => match ops::elements(other) {
                Some(items) => {
                    converted = items;
                    &converted
                }
                None => return false,
            },
        };
        let mut decided = true;
        for (item, index) in items.iter().zip(0..) {
            self.step(1);
            if self.spent() {
                return false;
            }
            self.scratch.bind(*element, Bound { value: item.clone(), index });
            decided &= if inner.is_empty() {
                let value = self.value(node);
                self.probe(group, &value, index)
            } else {
                self.each(group, inner, node)
            };
        }
        decided
    }

    /// Lights what a value says; false if it is absent and says nothing.
    fn probe(&mut self, group: &Group, value: &Value, element: u32) -> bool {
        match &group.probe {
            Probe::Equal(fold, keys) => {
                if value.is_null() {
                    return false;
                }
                // What is no text equals none.
                let Some(text) = ops::as_text(value) else { return true };
                let mut buffer = std::mem::take(&mut self.scratch.buffer);
                let key = keys.get(fold_key(*fold, text, &mut buffer)).copied();
                self.scratch.buffer = buffer;
                if let Some(key) = key {
                    self.light(group.of_key(key));
                }
                true
            }
            Probe::Text(set, keys) => {
                let Some(text) = ops::as_text(value) else { return false };
                self.scan(*set, element, text);
                let plan = self.plan;
                let Some(used) = plan.texts.get(*set as usize) else { return false };
                let mut at = 0;
                while let Some(needle) = self.scratch.hits(*set).and_then(|hits| used.set.candidate(element, hits, at))
                {
                    at += 1;
                    if let Some(key) = keys.get(needle as usize).copied().filter(|key| *key != u32::MAX) {
                        self.light(group.of_key(key));
                    }
                }
                true
            }
            Probe::Near { no_case, edits, longest, keys } => {
                let Some(text) = value.as_str().filter(|text| text.len() <= MAX_NEAR_TEXT) else { return false };
                self.near(group, *no_case, *edits, *longest, keys, text);
                true
            }
            Probe::Number(kind, spans) => {
                let Some(number) = kind.of(value) else { return false };
                self.step(spans.len() / 16);
                for span in spans.iter().filter(|span| (span.least..=span.most).contains(&number)) {
                    self.light(group.of_key(span.key));
                }
                true
            }
            Probe::Template(keys) => {
                let templates = &self.ctx.env.templates;
                templates.each_of_sender(self.ctx.message, |id| {
                    if let Some(key) = keys.get(&id) {
                        self.light(group.of_key(*key));
                    }
                });
                true
            }
            Probe::Absent => ops::as_text(value).is_some(),
            Probe::Truth => true,
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
        waiting.iter().for_each(|place| self.scratch.light_word(place / 64, 1 << (place % 64)));
    }
}
