//! Runs the plan: asks the index which rules can hold, then evaluates those. Values of closed
//! nodes are kept for the message, those of elements for the element.

use super::profile::Profile;
use super::reference::{conclude, of_absent, scan_cost, text_any};
use super::scratch::{Bound, Scratch};
use super::why::{KnownReasons, SetId};
use super::{Budget, Missing, Outcome, no_reasons, ops};
use crate::builtins::{Builtins, Ctx};
use crate::check::hir::{Arith, LocalId, Program, Quantifier, RuleId};
use crate::plan::{Keep, NodeId, Op, Plan, PlannedRule};
use crate::value::{Truth, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Runs plans.
#[derive(Debug)]
pub struct Machine;

impl Machine {
    /// The outcomes of the rules that are not [`super::Status::NoMatch`]; all others do not match.
    ///
    /// The index is paid by the message; a value that several rules share is paid by the first
    /// that asks, in the order of rule ids.
    pub fn run<'s>(
        plan: &Plan,
        program: &Program,
        builtins: &Builtins,
        ctx: Ctx<'_>,
        scratch: &'s mut Scratch,
        budget: &Budget,
        profile: Option<&mut Profile>,
    ) -> Outcomes<'s> {
        scratch.begin(plan);
        let limit = budget.message_steps;
        let mut run = Run { plan, builtins, ctx, scratch, steps: 0, limit, profile };
        if let Some(profile) = &mut run.profile {
            profile.begin(plan);
        }
        run.find_live(program);
        run.count_undecided();
        let mut total = run.steps;
        let mut next = 0;
        while let Some(rule) = run.scratch.live.get(next).copied() {
            next += 1;
            run.steps = 0;
            run.limit = budget.rule_steps.min(budget.message_steps.saturating_sub(total));
            run.rule(program, rule);
            total = total.saturating_add(run.steps);
            let steps = run.steps;
            run.scratch.steps.push((rule, steps));
        }
        scratch.end();
        Outcomes { evaluated: &scratch.outcomes, undecided: &scratch.undecided, reasons: &scratch.reasons }
    }
}

/// The outcomes of an evaluation.
#[derive(Debug)]
pub struct Outcomes<'s> {
    /// Those of rules that were evaluated, by ascending id.
    pub evaluated: &'s [(RuleId, Outcome)],
    undecided: &'s [(RuleId, SetId)],
    reasons: &'s KnownReasons,
}

impl<'s> Outcomes<'s> {
    /// The rules that are undecided without having been evaluated, with what was missing.
    pub fn undecided(&self) -> impl Iterator<Item = (RuleId, &'s Arc<BTreeSet<Missing>>)> {
        self.undecided.iter().filter_map(|(rule, reasons)| Some((*rule, self.reasons.get(*reasons)?)))
    }
}

pub(super) struct Run<'r> {
    pub(super) plan: &'r Plan,
    pub(super) builtins: &'r Builtins,
    pub(super) ctx: Ctx<'r>,
    pub(super) scratch: &'r mut Scratch,
    pub(super) steps: u64,
    pub(super) limit: u64,
    pub(super) profile: Option<&'r mut Profile>,
}

impl Run<'_> {
    pub(super) fn spent(&self) -> bool {
        self.steps > self.limit
    }

    pub(super) fn step(&mut self, cost: usize) {
        self.steps = self.steps.saturating_add(cost as u64);
    }

    fn rule(&mut self, program: &Program, id: RuleId) {
        let plan = self.plan;
        let Some(planned) = plan.rules.get(id.0 as usize) else { return };
        let started = self.started();
        let bytes = self.profile.as_ref().map_or(0, |profile| profile.bytes);
        // A rule costs a step even if all it asks is known.
        self.step(1);
        let truth = self.conjunction(id, planned);
        let mut suppressed_by = Vec::new();
        if truth.is_true() {
            for (name, unless) in &planned.unless {
                if self.truth(*unless).is_true() {
                    suppressed_by.push(Arc::clone(name));
                }
            }
        }
        let over_budget = self.spent();
        let undecided = truth == Truth::Unknown && !over_budget;
        self.count(id, (started, bytes), truth, !suppressed_by.is_empty(), over_budget);
        if truth == Truth::False && !over_budget {
            return;
        }
        let missing = if undecided { self.why(program, id) } else { no_reasons() };
        let outcome = Outcome { truth, suppressed_by, missing, over_budget };
        self.scratch.set_reference(id, outcome.as_reference());
        self.scratch.outcomes.push((id, outcome));
    }

    /// What is known of the operands may decide before any of them is evaluated.
    fn conjunction(&mut self, id: RuleId, planned: &PlannedRule) -> Truth {
        let plan = self.plan;
        let range = planned.conjuncts.start as usize..planned.conjuncts.end as usize;
        let conjuncts = plan.conjuncts.get(range).unwrap_or_default();
        let early = plan.options.reorder;
        let bit = plan.index.bits.get(id.0 as usize).copied().unwrap_or(0);
        let mut result = Truth::True;
        for conjunct in conjuncts {
            result = result.and(self.told(bit, conjunct).unwrap_or(Truth::True));
        }
        for conjunct in conjuncts {
            if early && result == Truth::False {
                break;
            }
            // What another operand holds is known by now, and counts all the same.
            let truth = self.scratch.truth(conjunct.place).unwrap_or_else(|| {
                let truth = self.truth(conjunct.node);
                if !self.spent() {
                    self.scratch.set_truth(conjunct.place, truth);
                }
                truth
            });
            result = result.and(truth);
        }
        result
    }

    /// Those that nobody evaluates.
    fn count_undecided(&mut self) {
        let Some(profile) = &mut self.profile else { return };
        for (id, _) in &self.scratch.undecided {
            if let Some(counts) = profile.rules.get_mut(id.0 as usize) {
                counts.undecided += 1;
            }
        }
    }

    fn count(&mut self, id: RuleId, (started, bytes): (u64, u64), truth: Truth, suppressed: bool, over_budget: bool) {
        let steps = self.steps;
        let Some(profile) = &mut self.profile else { return };
        let nanos = profile.now().saturating_sub(started);
        let bytes = profile.bytes.saturating_sub(bytes);
        let Some(counts) = profile.rules.get_mut(id.0 as usize) else { return };
        counts.checks += 1;
        counts.held += u64::from(truth.is_true());
        counts.suppressed += u64::from(suppressed);
        counts.undecided += u64::from(truth == Truth::Unknown && !over_budget);
        counts.over_budget += u64::from(over_budget);
        counts.steps += steps;
        counts.held_steps += if truth.is_true() { steps } else { 0 };
        counts.max_steps = counts.max_steps.max(steps);
        counts.bytes += bytes;
        counts.nanos += nanos;
    }

    /// The truth of a condition.
    pub(super) fn truth(&mut self, id: NodeId) -> Truth {
        let plan = self.plan;
        let Some(node) = plan.nodes.get(id.0 as usize) else { return Truth::Unknown };
        if !node.truth {
            return self.value(id).truth();
        }
        match node.keep {
            Keep::Message(slot) => {
                if let Some(truth) = self.scratch.truth(slot) {
                    return truth;
                }
            }
            Keep::Element(slot, local) => {
                if let Some(value) = self.scratch.element(slot, local) {
                    return value.truth();
                }
            }
            Keep::No => {}
        }
        let (before, started) = (self.steps, self.started());
        self.step(1);
        if self.spent() {
            return Truth::Unknown;
        }
        let truth = self.decide(&node.op);
        self.profiled(id, before, started, Some(truth), None);
        // What a spent budget cut short is no value to keep.
        if !self.spent() {
            match node.keep {
                Keep::Message(slot) => self.scratch.set_truth(slot, truth),
                Keep::Element(slot, local) => self.scratch.set_element(slot, local, truth.into()),
                Keep::No => {}
            }
        }
        truth
    }

    /// The value of a node.
    pub(super) fn value(&mut self, id: NodeId) -> Value {
        let plan = self.plan;
        let Some(node) = plan.nodes.get(id.0 as usize) else { return Value::Null };
        if node.truth {
            return self.truth(id).into();
        }
        match node.keep {
            Keep::Message(slot) => {
                if let Some(value) = self.scratch.value(slot) {
                    return value.clone();
                }
            }
            Keep::Element(slot, local) => {
                if let Some(value) = self.scratch.element(slot, local) {
                    return value.clone();
                }
            }
            Keep::No => {}
        }
        let (before, started) = (self.steps, self.started());
        self.step(1);
        if self.spent() {
            return Value::Null;
        }
        let value = self.compute(&node.op);
        self.profiled(id, before, started, None, Some(&value));
        if !self.spent() {
            match node.keep {
                Keep::Message(slot) => self.scratch.set_value(slot, value.clone()),
                Keep::Element(slot, local) => self.scratch.set_element(slot, local, value.clone()),
                Keep::No => {}
            }
        }
        value
    }

    /// The value of a node that is bound or known.
    fn borrowed(&self, id: NodeId) -> Option<&Value> {
        let node = self.plan.nodes.get(id.0 as usize).filter(|node| !node.truth)?;
        match (&node.op, node.keep) {
            (Op::Local(local), _) => self.scratch.bound(*local).map(|bound| &bound.value),
            (_, Keep::Message(slot)) => self.scratch.value(slot),
            (_, Keep::Element(slot, local)) => self.scratch.element(slot, local),
            (_, Keep::No) => None,
        }
    }

    /// True if the value of a node is absent.
    pub(super) fn is_absent(&mut self, id: NodeId) -> bool {
        let keep = self.plan.nodes.get(id.0 as usize).map_or(Keep::No, |node| node.keep);
        if let Keep::Message(slot) = keep
            && let Some(known) = self.scratch.value(slot)
        {
            return known.is_null();
        }
        self.value(id).is_null()
    }

    fn started(&self) -> u64 {
        self.profile.as_ref().map_or(0, |profile| profile.now())
    }

    fn profiled(&mut self, id: NodeId, before: u64, started: u64, truth: Option<Truth>, value: Option<&Value>) {
        let steps = self.steps - before;
        if let Some(profile) = &mut self.profile {
            let bytes = value.and_then(Value::as_str).map_or(0, str::len);
            // Of values only absence is counted.
            let truth = truth.or_else(|| value.filter(|value| value.is_null()).map(|_| Truth::Unknown));
            profile.node(id.0 as usize, started, steps, truth, bytes);
        }
    }

    fn all(&mut self, nodes: &[NodeId]) -> Vec<Value> {
        nodes.iter().map(|node| self.value(*node)).collect()
    }

    /// The operations whose result is a truth.
    fn decide(&mut self, op: &Op) -> Truth {
        match op {
            Op::Not(inner) => !self.truth(*inner),
            Op::And(operands) => self.junction(operands, Truth::True, Truth::and, Truth::False),
            Op::Or(operands) => self.junction(operands, Truth::False, Truth::or, Truth::True),
            Op::AtLeast(count, operands) => self.at_least(*count, operands),
            Op::Compare(ordering, fold, a, b) => {
                let (a, b) = (self.value(*a), self.value(*b));
                ops::compare(self.builtins, *ordering, *fold, &a, &b)
            }
            Op::InValues(left, fold, items) => {
                let left = self.value(*left);
                if left.is_null() { Truth::Unknown } else { self.in_values(*fold, &left, items) }
            }
            Op::InList(left, fold, list) => {
                let left = self.value(*left);
                if left.is_null() { Truth::Unknown } else { ops::in_list(&self.ctx, *list, *fold, &left) }
            }
            Op::InValue(left, fold, list) => {
                let (left, list) = (self.value(*left), self.value(*list));
                match ops::elements(&list) {
                    Some(items) if !left.is_null() => ops::in_values(*fold, &left, &items),
                    _ => Truth::Unknown,
                }
            }
            Op::TextValues(text, op, no_case, needles) => {
                let (value, needles) = (self.value(*text), self.all(needles));
                self.searched(&value, needles.len());
                ops::as_text(&value).map_or(Truth::Unknown, |text| text_any(*op, *no_case, text, &needles))
            }
            Op::TextPatterns(text, _, patterns) => {
                let value = self.value(*text);
                self.searched(&value, patterns.len());
                ops::as_text(&value)
                    .map_or(Truth::Unknown, |text| Truth::from(patterns.iter().any(|pattern| pattern.0.is_match(text))))
            }
            Op::TextList(text, op, no_case, list) => {
                let value = self.value(*text);
                self.searched(&value, 1);
                ops::as_text(&value)
                    .map_or(Truth::Unknown, |text| ops::text_in_list(&self.ctx, *list, *op, *no_case, text))
            }
            Op::TextSet(text, set, needles) => self.text_set(*text, *set, needles),
            Op::IsNull(inner) => self.value(*inner).is_null().into(),
            Op::IsEmpty(inner) => ops::is_empty(&self.value(*inner)),
            Op::Rule(id) => self.scratch.reference(*id).unwrap_or(Truth::False),
            Op::Quantified(quantifier, collection, element, body) => {
                self.quantified_truth(*quantifier, *collection, *element, *body)
            }
            // Those are values: see `compute`.
            other => self.compute(other).truth(),
        }
    }

    /// The operations whose result is a value.
    fn compute(&mut self, op: &Op) -> Value {
        match op {
            Op::Const(constant) => constant.0.clone(),
            Op::Message => Value::record(Arc::clone(self.ctx.message)),
            Op::Local(id) => self.scratch.bound(*id).map(|bound| bound.value.clone()).unwrap_or_default(),
            Op::List(id) => self.ctx.env.lists.get(*id).map_or(Value::Null, |list| list.values(self.ctx.env.now)),
            Op::Template(id) => {
                let (value, work) = self.ctx.env.templates.value(self.ctx.message, id.0);
                self.step(work as usize / 4);
                value
            }
            Op::Field(base, field) => match self.borrowed(*base) {
                // PERF: what is known already need not be shared once more.
                Some(base) => self.builtins.get(&self.ctx, base, *field),
                None => {
                    let base = self.value(*base);
                    self.builtins.get(&self.ctx, &base, *field)
                }
            },
            Op::Index(base, index) => ops::index(&self.value(*base), &self.value(*index)),
            Op::Key(base, key) => ops::key(&self.value(*base), &self.value(*key)),
            Op::Call(function, args) => {
                let args = self.all(args);
                self.step(args.iter().map(scan_cost).sum());
                self.builtins.call(&self.ctx, *function, &args)
            }
            Op::Length(inner) => ops::length(&self.value(*inner)),
            Op::Sum(inner) => ops::sum(&self.value(*inner)),
            Op::Flatten(inner) => ops::flatten(&self.value(*inner)),
            Op::Keys(inner) => ops::keys(&self.value(*inner)),
            Op::Values(inner) => ops::values(&self.value(*inner)),
            Op::Quantified(quantifier, collection, element, body) => {
                self.quantified_value(*quantifier, *collection, *element, *body)
            }
            Op::Let(id, value, body) => {
                let value = self.value(*value);
                let before = self.scratch.bind(*id, Bound { value, index: 0 });
                let result = self.value(*body);
                self.scratch.bind(*id, before);
                result
            }
            Op::Coalesce(operands) => {
                let mut found = Value::Null;
                for operand in operands {
                    found = self.value(*operand);
                    if !found.is_null() {
                        break;
                    }
                }
                found
            }
            Op::If(condition, then, other) => match self.truth(*condition) {
                Truth::True => self.value(*then),
                Truth::False => self.value(*other),
                Truth::Unknown => Value::Null,
            },
            Op::Arith(op, a, b) => ops::arith(*op, &self.value(*a), &self.value(*b)),
            Op::Neg(inner, duration) => {
                let zero = if *duration { Value::Duration(0) } else { Value::Int(0) };
                ops::arith(Arith::Sub, &zero, &self.value(*inner))
            }
            Op::Array(items) => Value::list(self.all(items)),
            truth => self.decide(truth).into(),
        }
    }

    /// Counts bytes that a condition searched.
    fn read(&mut self, bytes: usize) {
        if let Some(profile) = &mut self.profile {
            profile.bytes += bytes as u64;
        }
    }

    fn searched(&mut self, text: &Value, needles: usize) {
        let bytes = ops::as_text(text).map_or(0, str::len);
        self.step(needles * (bytes / 64 + 1));
        self.read(bytes);
    }

    fn junction(
        &mut self,
        operands: &[NodeId],
        neutral: Truth,
        join: fn(Truth, Truth) -> Truth,
        dominant: Truth,
    ) -> Truth {
        let mut result = neutral;
        for operand in operands {
            result = join(result, self.truth(*operand));
            if result == dominant && self.plan.options.reorder {
                break;
            }
        }
        result
    }

    /// Trues alone decide; without enough of them one unknown leaves it unknown.
    fn at_least(&mut self, count: u32, operands: &[NodeId]) -> Truth {
        let (mut trues, mut unknown) = (0, false);
        for operand in operands {
            match self.truth(*operand) {
                Truth::True => trues += 1,
                Truth::Unknown => unknown = true,
                Truth::False => {}
            }
            if trues >= count && self.plan.options.reorder {
                break;
            }
        }
        match (trues >= count, unknown) {
            (true, _) => Truth::True,
            (false, true) => Truth::Unknown,
            (false, false) => Truth::False,
        }
    }

    fn in_values(&mut self, fold: crate::check::hir::Fold, left: &Value, items: &[NodeId]) -> Truth {
        let mut result = Truth::False;
        for item in items {
            let item = self.value(*item);
            if item.is_null() {
                result = Truth::Unknown;
            } else if ops::equal(fold, left, &item) {
                return Truth::True;
            }
        }
        result
    }

    /// Needles of the set of a text. The text is scanned once, whoever asks first.
    fn text_set(&mut self, text: NodeId, set: u32, needles: &[u32]) -> Truth {
        let value = self.value(text);
        let Some(text) = ops::as_text(&value) else { return Truth::Unknown };
        self.read(text.len());
        let element = self.element_of(set);
        self.scan(set, element, text);
        let plan = self.plan;
        let Some(used) = plan.texts.get(set as usize) else { return Truth::Unknown };
        let Some(hits) = self.scratch.hits(set) else { return Truth::Unknown };
        let (mut matched, mut steps) = (false, 0);
        for needle in needles {
            let (found, cost) = used.set.is_match(*needle, element, text, hits);
            steps += cost;
            matched = found;
            if matched {
                break;
            }
        }
        self.steps = self.steps.saturating_add(steps);
        Truth::from(matched)
    }

    /// The position of the element that a set's text belongs to.
    fn element_of(&self, set: u32) -> u32 {
        let local = self.plan.texts.get(set as usize).and_then(|used| used.element);
        local.and_then(|local| self.scratch.bound(local)).map_or(0, |bound| bound.index)
    }

    /// Scans a text with its set unless that was done.
    pub(super) fn scan(&mut self, set: u32, element: u32, text: &str) {
        let plan = self.plan;
        let Some(used) = plan.texts.get(set as usize) else { return };
        let Some(hits) = self.scratch.hits(set) else { return };
        let steps = used.set.scan(element, text, hits);
        self.steps = self.steps.saturating_add(steps);
    }

    fn quantified_truth(
        &mut self,
        quantifier: Quantifier,
        collection: NodeId,
        element: LocalId,
        body: NodeId,
    ) -> Truth {
        let collection = self.value(collection);
        let converted;
        let items: &[Value] = match &collection {
            Value::List(items) => items,
            other => match ops::elements(other) {
                Some(items) => {
                    converted = items;
                    &converted
                }
                None => return of_absent(quantifier).truth(),
            },
        };
        let mut tally = Tally::default();
        let early = self.plan.options.reorder;
        let outer = self.scratch.bind(element, Bound::default());
        for (index, item) in items.iter().enumerate() {
            self.step(1);
            if self.spent() {
                break;
            }
            self.scratch.bind(element, Bound { value: item.clone(), index: index as u32 });
            tally.add(self.truth(body));
            if early && tally.decides(quantifier) {
                break;
            }
        }
        self.scratch.bind(element, outer);
        if self.spent() { Truth::Unknown } else { tally.conclude(quantifier) }
    }

    fn quantified_value(
        &mut self,
        quantifier: Quantifier,
        collection: NodeId,
        element: LocalId,
        body: NodeId,
    ) -> Value {
        let collection = self.value(collection);
        let Some(items) = ops::elements(&collection) else { return of_absent(quantifier) };
        let mut bodies = Vec::with_capacity(items.len());
        let outer = self.scratch.bind(element, Bound::default());
        for (index, item) in items.iter().enumerate() {
            self.step(1);
            if self.spent() {
                break;
            }
            self.scratch.bind(element, Bound { value: item.clone(), index: index as u32 });
            bodies.push(self.value(body));
        }
        self.scratch.bind(element, outer);
        if self.spent() { Value::Null } else { conclude(quantifier, items, bodies) }
    }
}

/// Truths of the elements, counted.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    trues: u32,
    falses: u32,
    unknowns: u32,
}

impl Tally {
    fn add(&mut self, truth: Truth) {
        match truth {
            Truth::True => self.trues += 1,
            Truth::False => self.falses += 1,
            Truth::Unknown => self.unknowns += 1,
        }
    }

    /// True if no further element can change the answer.
    fn decides(self, quantifier: Quantifier) -> bool {
        match quantifier {
            Quantifier::Any | Quantifier::None => self.trues > 0,
            Quantifier::All => self.falses > 0,
            Quantifier::AtLeast(count) => self.trues >= count,
            Quantifier::Exactly(count) => self.trues > count,
            _ => false,
        }
    }

    fn conclude(self, quantifier: Quantifier) -> Truth {
        let any = match (self.trues, self.unknowns) {
            (1.., _) => Truth::True,
            (0, 1..) => Truth::Unknown,
            (0, 0) => Truth::False,
        };
        match quantifier {
            Quantifier::Any => any,
            Quantifier::None => !any,
            Quantifier::All => match (self.falses, self.unknowns) {
                (1.., _) => Truth::False,
                (0, 1..) => Truth::Unknown,
                (0, 0) => Truth::True,
            },
            Quantifier::AtLeast(count) if self.trues >= count => Truth::True,
            Quantifier::AtLeast(_) if self.unknowns > 0 => Truth::Unknown,
            Quantifier::AtLeast(_) => Truth::False,
            Quantifier::Exactly(count) => {
                let most = self.trues.saturating_add(self.unknowns);
                match self.unknowns {
                    0 => Truth::from(self.trues == count),
                    _ if self.trues > count || most < count => Truth::False,
                    _ => Truth::Unknown,
                }
            }
            _ => Truth::Unknown,
        }
    }
}
