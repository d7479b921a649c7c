//! Runs the plan. Values of closed nodes are kept for the message in scratch that is used again.

use super::reference::{Reference, at_least, conclude, of_absent, scan_cost, text_any};
use super::{Budget, Outcome, ops};
use crate::builtins::{Builtins, Ctx};
use crate::check::hir::{Arith, LocalId, Program, RuleId};
use crate::plan::{NodeId, Op, Plan};
use crate::value::{Truth, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Memory that evaluations use one after the other. Not shared between threads.
#[derive(Debug, Default)]
pub struct Scratch {
    values: Vec<(u32, Value)>,
    generation: u32,
    locals: Vec<(LocalId, Value)>,
    outcomes: Vec<Outcome>,
}

impl Scratch {
    /// Empty scratch; it grows to the size of the plan at the first use.
    pub fn new() -> Self {
        Self::default()
    }

    fn begin(&mut self, nodes: usize) {
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.values.clear();
            self.generation = 1;
        }
        self.values.resize(nodes, (0, Value::Null));
        self.locals.clear();
        self.outcomes.clear();
    }
}

/// Runs plans.
#[derive(Debug)]
pub struct Machine;

impl Machine {
    /// The outcomes of all rules, by their ids. `active` says which rules are wanted; the others
    /// are decided only where a wanted rule refers to them.
    pub fn run<'s>(
        plan: &Plan,
        program: &Program,
        builtins: &Builtins,
        ctx: Ctx<'_>,
        scratch: &'s mut Scratch,
        budget: &Budget,
    ) -> &'s [Outcome] {
        scratch.begin(plan.nodes.len());
        let mut total = 0_u64;
        for (index, planned) in plan.rules.iter().enumerate() {
            let limit = budget.rule_steps.min(budget.message_steps.saturating_sub(total));
            let mut run = Run { plan, builtins, ctx, scratch, steps: 0, limit };
            let truth = run.truth(planned.when);
            let mut suppressed_by = Vec::new();
            if truth.is_true() {
                for (name, unless) in &planned.unless {
                    if run.truth(*unless).is_true() {
                        suppressed_by.push(Arc::clone(name));
                    }
                }
            }
            let over_budget = run.spent();
            total = total.saturating_add(run.steps);
            let undecided = truth == Truth::Unknown && !over_budget;
            let missing = if undecided { why(program, builtins, ctx, index) } else { BTreeSet::new() };
            scratch.outcomes.push(Outcome { truth, suppressed_by, missing, over_budget });
        }
        &scratch.outcomes
    }
}

/// Reasons are a matter of the tree, not of the plan's order.
fn why(program: &Program, builtins: &Builtins, ctx: Ctx<'_>, rule: usize) -> BTreeSet<super::Missing> {
    match program.rules.get(rule) {
        Some(rule) => Reference::new(program, builtins, ctx).missing(&rule.when),
        None => BTreeSet::new(),
    }
}

struct Run<'r> {
    plan: &'r Plan,
    builtins: &'r Builtins,
    ctx: Ctx<'r>,
    scratch: &'r mut Scratch,
    steps: u64,
    limit: u64,
}

impl Run<'_> {
    fn spent(&self) -> bool {
        self.steps > self.limit
    }

    fn step(&mut self, cost: usize) {
        self.steps = self.steps.saturating_add(cost as u64);
    }

    fn truth(&mut self, node: NodeId) -> Truth {
        self.value(node).truth()
    }

    fn value(&mut self, id: NodeId) -> Value {
        let plan = self.plan;
        let Some(node) = plan.nodes.get(id.0 as usize) else { return Value::Null };
        let keeps = node.closed && plan.options.share;
        if keeps
            && let Some((generation, value)) = self.scratch.values.get(id.0 as usize)
            && *generation == self.scratch.generation
        {
            return value.clone();
        }
        self.step(1);
        if self.spent() {
            return Value::Null;
        }
        let value = self.compute(&node.op);
        // What a spent budget cut short is no value to keep.
        if keeps && !self.spent() {
            let generation = self.scratch.generation;
            if let Some(slot) = self.scratch.values.get_mut(id.0 as usize) {
                *slot = (generation, value.clone());
            }
        }
        value
    }

    fn all(&mut self, nodes: &[NodeId]) -> Vec<Value> {
        nodes.iter().map(|node| self.value(*node)).collect()
    }

    fn compute(&mut self, op: &Op) -> Value {
        match op {
            Op::Const(value) => value.clone(),
            Op::Message => Value::record(Arc::clone(self.ctx.message)),
            Op::Local(id) => self.local(*id),
            Op::List(id) => self.ctx.env.lists.get(*id).map_or(Value::Null, |list| list.values()),
            Op::Template(id) => {
                let (value, work) = self.ctx.env.templates.value(self.ctx.message, id.0);
                self.step(work as usize / 4);
                value
            }
            Op::Field(base, field) => {
                let base = self.value(*base);
                self.builtins.get(&self.ctx, &base, *field)
            }
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
                self.quantified(*quantifier, *collection, *element, *body)
            }
            Op::Let(id, value, body) => {
                let value = self.value(*value);
                self.with(*id, value, *body)
            }
            Op::Not(inner) => (!self.truth(*inner)).into(),
            Op::And(operands) => self.junction(operands, Truth::True, Truth::and, Truth::False).into(),
            Op::Or(operands) => self.junction(operands, Truth::False, Truth::or, Truth::True).into(),
            Op::AtLeast(count, operands) => {
                let truths: Vec<Truth> = operands.iter().map(|operand| self.truth(*operand)).collect();
                at_least(*count, &truths).into()
            }
            Op::Compare(ordering, fold, a, b) => {
                let (a, b) = (self.value(*a), self.value(*b));
                ops::compare(self.builtins, *ordering, *fold, &a, &b).into()
            }
            Op::InValues(left, fold, items) => {
                let left = self.value(*left);
                if left.is_null() {
                    return Value::Null;
                }
                ops::in_values(*fold, &left, &self.all(items)).into()
            }
            Op::InList(left, fold, list) => {
                let left = self.value(*left);
                if left.is_null() { Value::Null } else { ops::in_list(&self.ctx, *list, *fold, &left).into() }
            }
            Op::InValue(left, fold, list) => {
                let (left, list) = (self.value(*left), self.value(*list));
                match ops::elements(&list) {
                    Some(items) if !left.is_null() => ops::in_values(*fold, &left, &items).into(),
                    _ => Value::Null,
                }
            }
            Op::TextValues(text, op, no_case, needles) => {
                let (value, needles) = (self.value(*text), self.all(needles));
                self.searched(&value, needles.len());
                ops::as_text(&value).map_or(Value::Null, |text| text_any(*op, *no_case, text, &needles).into())
            }
            Op::TextPatterns(text, _, patterns) => {
                let value = self.value(*text);
                self.searched(&value, patterns.len());
                ops::as_text(&value).map_or(Value::Null, |text| ops::any_pattern(patterns, text).into())
            }
            Op::TextList(text, op, no_case, list) => {
                let value = self.value(*text);
                self.searched(&value, 1);
                ops::as_text(&value)
                    .map_or(Value::Null, |text| ops::text_in_list(&self.ctx, *list, *op, *no_case, text).into())
            }
            Op::IsNull(inner) => Value::Bool(self.value(*inner).is_null()),
            Op::IsEmpty(inner) => ops::is_empty(&self.value(*inner)).into(),
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
            Op::Rule(id) => self.rule(*id),
        }
    }

    /// Rules stand behind those that they refer to, so the outcome is there.
    fn rule(&self, id: RuleId) -> Value {
        self.scratch.outcomes.get(id.0 as usize).map_or(Value::Null, |outcome| outcome.as_reference().into())
    }

    fn searched(&mut self, text: &Value, needles: usize) {
        let bytes = ops::as_text(text).map_or(0, str::len);
        self.step(needles * (bytes / 64 + 1));
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

    fn local(&self, id: LocalId) -> Value {
        let found = self.scratch.locals.iter().rev().find(|(bound, _)| *bound == id);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    fn with(&mut self, id: LocalId, value: Value, body: NodeId) -> Value {
        self.scratch.locals.push((id, value));
        let result = self.value(body);
        self.scratch.locals.pop();
        result
    }

    fn quantified(
        &mut self,
        quantifier: crate::check::hir::Quantifier,
        collection: NodeId,
        element: LocalId,
        body: NodeId,
    ) -> Value {
        let collection = self.value(collection);
        let Some(items) = ops::elements(&collection) else { return of_absent(quantifier) };
        let mut bodies = Vec::with_capacity(items.len());
        for item in &items {
            self.step(1);
            if self.spent() {
                return Value::Null;
            }
            bodies.push(self.with(element, item.clone(), body));
        }
        conclude(quantifier, items, bodies)
    }
}
