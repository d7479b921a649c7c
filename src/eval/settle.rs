//! Decides many rules at once: asks what they share, rules out those of which it is false, and tells the
//! reasons of those that are undecided without evaluating them.

use super::machine::Run;
use super::ops;
use super::why::{Lacking, NOTHING, SetId};
use crate::check::hir::{Program, RuleId};
use crate::plan::{Asks, Bits, Plan, Reasons, Settler};
use crate::value::Truth;

/// A settler whose condition is unknown.
#[derive(Debug)]
pub(super) struct Unsettled {
    /// Its place among those that are asked first, then the others.
    settler: u32,
    /// The first of its words that has not been passed.
    next: u32,
    /// What its rules lack for it, once that was asked.
    lacking: Option<Lacking>,
}

fn settler(plan: &Plan, at: u32) -> Option<&Settler> {
    let first = plan.settlement.first.len();
    plan.settlement.first.get(at as usize).or_else(|| plan.settlement.then.get((at as usize).checked_sub(first)?))
}

impl Run<'_> {
    /// Asks what is cheap and concerns most rules.
    pub(super) fn settle_first(&mut self) {
        let settlement = &self.plan.settlement;
        for (settler, at) in settlement.first.iter().zip(0..) {
            self.settle_one(settler, at);
        }
    }

    /// Asks the rest, and lists the rules that must be evaluated and those that are undecided; after the index.
    pub(super) fn settle(&mut self, program: &Program) {
        let plan = self.plan;
        let settlement = &plan.settlement;
        let words = plan.index.words;
        for (at, unsure) in (0..).zip(&settlement.unsure) {
            let lit = self.scratch.by_value(at) & unsure;
            self.scratch.asked[at as usize % words] |= lit;
        }
        for (settler, at) in settlement.then.iter().zip(settlement.first.len() as u32..) {
            if self.concerns(&settler.rules) {
                self.settle_one(settler, at);
            }
        }
        for (class, rules) in &settlement.classes {
            if self.concerns(rules) {
                match self.class(*class) {
                    Truth::Unknown => {}
                    Truth::True => self.leave(rules),
                    Truth::False => {
                        for bits in rules {
                            let dark = bits.bits & !self.scratch.asked[bits.word as usize];
                            self.scratch.rule_out(bits.word, dark);
                        }
                    }
                }
            }
        }
        if !self.spent() {
            self.step(words / 16);
            self.list(program);
        }
    }

    /// True if a rule of these is left that nothing else makes an evaluation of.
    fn concerns(&self, rules: &[Bits]) -> bool {
        let open =
            |bits: &Bits| self.scratch.candidates(bits.word) & bits.bits & !self.scratch.asked[bits.word as usize] != 0;
        rules.iter().any(open)
    }

    /// Leaves the rules to be evaluated.
    fn leave(&mut self, rules: &[Bits]) {
        rules.iter().for_each(|bits| self.scratch.asked[bits.word as usize] |= bits.bits);
    }

    fn settle_one(&mut self, settler: &Settler, at: u32) {
        let unknown = match &settler.asks {
            Asks::Condition(node, place) => {
                let truth = self.truth(*node);
                if self.spent() {
                    return;
                }
                self.scratch.set_truth(*place, truth);
                if truth == Truth::False {
                    settler.rules.iter().for_each(|bits| self.scratch.rule_out(bits.word, bits.bits));
                }
                truth == Truth::Unknown
            }
            Asks::Exclusion { value, keys, excluded } => {
                let value = self.value(*value);
                // What is no text equals none.
                if let Some(text) = ops::as_text(&value) {
                    let key = keys.get(text, &mut self.scratch.buffer);
                    let excluded = key.and_then(|key| excluded.get(key as usize)).into_iter().flatten();
                    excluded.for_each(|bits| self.scratch.rule_out(bits.word, bits.bits));
                }
                value.is_null()
            }
        };
        if unknown {
            self.scratch.unknown.push(Unsettled { settler: at, next: 0, lacking: None });
        }
    }

    /// Parts the rules that can hold into those that are evaluated and those that are undecided.
    fn list(&mut self, program: &Program) {
        let plan = self.plan;
        let mut unknown = std::mem::take(&mut self.scratch.unknown);
        let mut open = std::mem::take(&mut self.scratch.open);
        for word in 0..plan.index.words as u32 {
            let candidates = self.scratch.candidates(word);
            if candidates == 0 {
                continue;
            }
            let mut lacking = self.untold(word);
            open.clear();
            for (at, unsettled) in unknown.iter_mut().enumerate() {
                let bits = unsettled.bits(plan, word);
                if bits != 0 {
                    open.push(at);
                    lacking |= bits;
                }
            }
            let undecided = candidates & lacking & !self.scratch.asked[word as usize];
            let mut rest = candidates;
            while rest != 0 {
                let bit = rest.trailing_zeros();
                rest &= rest - 1;
                let at = word * 64 + bit;
                let Some(rule) = plan.index.rules.get(at as usize).copied() else { continue };
                if undecided >> bit & 1 == 1
                    && let Some(reasons) = self.reasons_of(program, rule, at, &mut unknown, &open)
                {
                    self.scratch.undecided.push((rule, reasons));
                } else {
                    self.scratch.live.push(rule);
                }
            }
        }
        self.scratch.unknown = unknown;
        self.scratch.open = open;
        self.scratch.live.sort_unstable();
    }

    /// Rules of a word with an operand that the index tells to be unknown.
    fn untold(&self, word: u32) -> u64 {
        let words = self.plan.index.words as u32;
        let told = self.plan.settlement.told.iter().zip(0..).skip(word as usize).step_by(words.max(1) as usize);
        told.fold(0, |all, (told, at)| all | told & !self.scratch.by_value(at))
    }

    /// What an undecided rule lacks, told which of the unknown conditions concern its word; `None` if only its
    /// evaluation tells.
    fn reasons_of(
        &mut self,
        program: &Program,
        rule: RuleId,
        at: u32,
        unknown: &mut [Unsettled],
        open: &[usize],
    ) -> Option<SetId> {
        let plan = self.plan;
        let Lacking::This(mut all) = self.of_signature(program, rule, at) else { return None };
        for number in open {
            let unsettled = unknown.get_mut(*number)?;
            let settler = settler(plan, unsettled.settler)?;
            if !unsettled.concerns(settler, at) {
                continue;
            }
            let lacking = *unsettled.lacking.get_or_insert_with(|| self.of_settler(program, rule, settler));
            let Lacking::This(lacking) = lacking else { return None };
            all = self.scratch.reasons.union(all, lacking);
        }
        if all == NOTHING { None } else { self.few(all) }
    }

    /// What an operand lacks that a settler found unknown.
    fn of_settler(&mut self, program: &Program, rule: RuleId, settler: &Settler) -> Lacking {
        match (&settler.reasons, &settler.asks) {
            (Reasons::Shared(lack), _) => self.of_lack(program, rule, *lack),
            (Reasons::Operands(_), Asks::Condition(node, _)) => {
                let found = self.of_node(program, rule, *node);
                self.named(found)
            }
            _ => Lacking::Unclear,
        }
    }

    /// What the operands lack that the index tells.
    fn of_signature(&mut self, program: &Program, rule: RuleId, at: u32) -> Lacking {
        let plan = self.plan;
        let settlement = &plan.settlement;
        let Some(id) = settlement.of_bits.get(at as usize).copied() else { return Lacking::Unclear };
        if let Some(known) = self.scratch.reasons.of_signature(id) {
            return known;
        }
        let mut all = Lacking::This(NOTHING);
        for part in settlement.signatures.get(id.0 as usize).into_iter().flatten() {
            all = match (self.of_lack(program, rule, part.lack), all) {
                (Lacking::This(found), Lacking::This(all)) => Lacking::This(self.scratch.reasons.union(all, found)),
                (Lacking::Nothing, all) if part.perhaps => all,
                _ => Lacking::Unclear,
            };
        }
        self.scratch.reasons.keep_signature(id, all);
        all
    }
}

impl Unsettled {
    /// Its rules in a word; words are asked in ascending order.
    fn bits(&mut self, plan: &Plan, word: u32) -> u64 {
        let rules = settler(plan, self.settler).map_or(&[] as &[Bits], |settler| &settler.rules);
        while rules.get(self.next as usize).is_some_and(|bits| bits.word < word) {
            self.next += 1;
        }
        rules.get(self.next as usize).filter(|bits| bits.word == word).map_or(0, |bits| bits.bits)
    }

    /// True if the rule is one of the word that was asked last.
    fn concerns(&self, settler: &Settler, at: u32) -> bool {
        let bits = settler.rules.get(self.next as usize).filter(|bits| bits.word == at / 64);
        bits.is_some_and(|bits| bits.bits >> (at % 64) & 1 == 1)
    }
}
