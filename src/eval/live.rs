//! Finds the rules that can hold. All others are false: one of their conjuncts is.

use super::machine::Run;
use super::ops;
use super::scratch::Bound;
use crate::check::hir::RuleId;
use crate::plan::{Group, NodeId, Probe, Subject, each_deletion, fold_key};
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
            for bucket in &plan.index.buckets {
                if self.is_open(bucket.gate) {
                    self.scratch.live.extend(&bucket.rules);
                }
            }
            for (number, group) in plan.index.groups.iter().enumerate() {
                let wanted =
                    self.scratch.is_needed(number as u32) || group.gates.iter().any(|gate| self.is_open(*gate));
                if wanted {
                    self.group(group);
                }
            }
            self.scratch.live.sort_unstable();
        }
        if !plan.options.guard || self.spent() {
            self.scratch.live.clear();
            self.scratch.live.extend((0..plan.rules.len() as u32).map(RuleId));
        }
        let steps = self.steps;
        if let Some(profile) = &mut self.profile {
            profile.index_steps += steps;
            profile.index_nanos += profile.now().saturating_sub(started);
        }
    }

    fn is_open(&mut self, gate: Option<NodeId>) -> bool {
        gate.is_none_or(|gate| self.truth(gate) != Truth::False)
    }

    fn group(&mut self, group: &Group) {
        match group.subject {
            Subject::One(node) => match group.probe {
                Probe::Truth => {
                    if self.truth(node) != Truth::False {
                        self.light_all(group);
                    }
                }
                Probe::Equal(..) | Probe::Text(..) | Probe::Near { .. } | Probe::Absent => {
                    let value = self.value(node);
                    if !self.probe(group, &value, 0) {
                        self.light_all(group);
                    }
                }
            },
            Subject::Each { collection, element, node } => {
                let list = self.value(collection);
                let converted;
                let items: &[Value] = match &list {
                    Value::List(items) => items,
                    other => match ops::elements(other) {
                        Some(items) => {
                            converted = items;
                            &converted
                        }
                        None => return self.light_all(group),
                    },
                };
                let mut decided = true;
                for (index, item) in items.iter().enumerate() {
                    self.step(1);
                    self.scratch.bind(element, Bound { value: item.clone(), index: index as u32 });
                    let value = self.value(node);
                    decided &= self.probe(group, &value, index as u32);
                }
                if !decided {
                    self.light_all(group);
                }
            }
        }
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

    fn light_all(&mut self, group: &Group) {
        self.light(&group.waiting);
    }

    /// Takes rules to their next stage; those that have passed the last one are live.
    fn light(&mut self, waiting: &[(RuleId, u8)]) {
        let plan = self.plan;
        for (rule, stage) in waiting {
            if self.scratch.stage(*rule) != u32::from(*stage) {
                continue;
            }
            let Some(entry) = plan.index.entries.get(rule.0 as usize) else { continue };
            if *stage == 0 && !self.is_open(entry.gate) {
                continue;
            }
            let next = u32::from(*stage) + 1;
            self.scratch.set_stage(*rule, next);
            match entry.stages.get(next as usize) {
                Some(groups) => groups.iter().for_each(|group| self.scratch.need(*group)),
                None => self.scratch.live.push(*rule),
            }
        }
    }
}
