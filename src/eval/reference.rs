//! The oracle: walks the typed tree, as plain as can be. No sharing, no memory of results.
//!
//! Recursion is bounded by the checker: expressions are at most as deep as the parser's bracket
//! limit times the inlining of definitions.

use super::{Budget, Missing, Outcome, missing, ops};
use crate::builtins::{Builtins, Ctx};
use crate::check::hir::{Expr, ExprKind, LocalId, Needles, Program, Quantifier, RuleId, Set};
use crate::value::{Truth, Value};
use std::collections::BTreeSet;

/// Evaluates one message by walking the tree.
pub struct Reference<'a> {
    pub(super) program: &'a Program,
    pub(super) builtins: &'a Builtins,
    pub(super) ctx: Ctx<'a>,
    pub(super) locals: Vec<(LocalId, Value)>,
    steps: u64,
    limit: u64,
}

impl<'a> Reference<'a> {
    /// An evaluator of a message.
    pub fn new(program: &'a Program, builtins: &'a Builtins, ctx: Ctx<'a>) -> Self {
        Self { program, builtins, ctx, locals: Vec::new(), steps: 0, limit: Budget::default().rule_steps }
    }

    /// The outcome of a rule.
    pub fn rule(&mut self, id: RuleId) -> Outcome {
        let program = self.program;
        let Some(rule) = program.rules.get(id.0 as usize) else {
            return Outcome::no_match();
        };
        self.steps = 0;
        self.limit = Budget::default().rule_steps;
        let truth = self.truth(&rule.when);
        let mut suppressed_by = Vec::new();
        if truth.is_true() {
            for (name, unless) in &rule.unless {
                if self.truth(unless).is_true() {
                    suppressed_by.push(std::sync::Arc::clone(name));
                }
            }
        }
        let over_budget = self.spent();
        let undecided = truth == Truth::Unknown && !over_budget;
        let missing = if undecided { self.missing(&rule.when).into() } else { super::no_reasons() };
        Outcome { truth, suppressed_by, missing, over_budget }
    }

    /// Why an expression is undecided.
    pub fn missing(&mut self, expr: &'a Expr) -> BTreeSet<Missing> {
        missing::reasons(self, expr)
    }

    /// True if the budget is spent; everything is absent from then on.
    pub fn spent(&self) -> bool {
        self.steps > self.limit
    }

    fn step(&mut self, cost: usize) {
        self.steps = self.steps.saturating_add(cost as u64);
    }

    /// The truth of a condition.
    pub fn truth(&mut self, expr: &Expr) -> Truth {
        self.value(expr).truth()
    }

    /// The value of an expression.
    pub fn value(&mut self, expr: &Expr) -> Value {
        self.step(1);
        if self.spent() {
            return Value::Null;
        }
        match &expr.kind {
            ExprKind::Const(value) => value.clone(),
            ExprKind::Message => Value::record(std::sync::Arc::clone(self.ctx.message)),
            ExprKind::Local(id) => self.local(*id),
            ExprKind::List(id) => {
                self.ctx.env.lists.get(id.0).map_or(Value::Null, |list| list.values(self.ctx.env.now))
            }
            ExprKind::Template(id) => {
                let (value, work) = self.ctx.env.templates.value(self.ctx.message, id.0);
                self.step(work as usize / 4);
                value
            }
            ExprKind::Field(base, field) => {
                let base = self.value(base);
                self.builtins.get(&self.ctx, &base, *field)
            }
            ExprKind::Index(base, index) => ops::index(&self.value(base), &self.value(index)),
            ExprKind::Key(base, key) => ops::key(&self.value(base), &self.value(key)),
            ExprKind::Call(function, args) => {
                let args: Vec<Value> = args.iter().map(|arg| self.value(arg)).collect();
                self.step(args.iter().map(scan_cost).sum());
                self.builtins.call(&self.ctx, *function, &args)
            }
            ExprKind::Length(inner) => ops::length(&self.value(inner)),
            ExprKind::Sum(inner) => ops::sum(&self.value(inner)),
            ExprKind::Flatten(inner) => ops::flatten(&self.value(inner)),
            ExprKind::Keys(inner) => ops::keys(&self.value(inner)),
            ExprKind::Values(inner) => ops::values(&self.value(inner)),
            ExprKind::Quantified { quantifier, collection, element, body } => {
                let collection = self.value(collection);
                self.quantified(*quantifier, &collection, *element, body)
            }
            ExprKind::Let(id, value, body) => {
                let value = self.value(value);
                self.with(*id, value, |evaluator| evaluator.value(body))
            }
            ExprKind::Not(inner) => (!self.truth(inner)).into(),
            ExprKind::And(operands) => {
                let truths = operands.iter().map(|operand| self.truth(operand));
                truths.collect::<Vec<_>>().into_iter().fold(Truth::True, Truth::and).into()
            }
            ExprKind::Or(operands) => {
                let truths = operands.iter().map(|operand| self.truth(operand));
                truths.collect::<Vec<_>>().into_iter().fold(Truth::False, Truth::or).into()
            }
            ExprKind::AtLeast(count, operands) => {
                let truths: Vec<Truth> = operands.iter().map(|operand| self.truth(operand)).collect();
                at_least(*count, &truths).into()
            }
            ExprKind::Compare(ordering, fold, a, b) => {
                let (a, b) = (self.value(a), self.value(b));
                ops::compare(self.builtins, *ordering, *fold, &a, &b).into()
            }
            ExprKind::In { left, fold, set } => {
                let left = self.value(left);
                self.membership(&left, *fold, set).into()
            }
            ExprKind::Text { text, op, no_case, needles } => {
                let text = self.value(text);
                self.text(&text, *op, *no_case, needles).into()
            }
            ExprKind::IsNull(inner) => Value::Bool(self.value(inner).is_null()),
            ExprKind::IsEmpty(inner) => ops::is_empty(&self.value(inner)).into(),
            ExprKind::Coalesce(operands) => {
                let values: Vec<Value> = operands.iter().map(|operand| self.value(operand)).collect();
                values.into_iter().find(|value| !value.is_null()).unwrap_or_default()
            }
            ExprKind::If(condition, then, other) => match self.truth(condition) {
                Truth::True => self.value(then),
                Truth::False => self.value(other),
                Truth::Unknown => Value::Null,
            },
            ExprKind::Arith(op, a, b) => ops::arith(*op, &self.value(a), &self.value(b)),
            ExprKind::Neg(inner) => ops::arith(crate::check::hir::Arith::Sub, &zero_like(&expr.ty), &self.value(inner)),
            ExprKind::Array(items) => Value::list(items.iter().map(|item| self.value(item)).collect::<Vec<_>>()),
            ExprKind::Rule(id) => {
                let (steps, limit) = (self.steps, self.limit);
                let truth = self.rule(*id).as_reference();
                (self.steps, self.limit) = (steps.saturating_add(self.steps), limit);
                truth.into()
            }
        }
    }

    fn local(&self, id: LocalId) -> Value {
        self.locals.iter().rev().find(|(bound, _)| *bound == id).map(|(_, value)| value.clone()).unwrap_or_default()
    }

    pub(super) fn with<T>(&mut self, id: LocalId, value: Value, run: impl FnOnce(&mut Self) -> T) -> T {
        self.locals.push((id, value));
        let result = run(self);
        self.locals.pop();
        result
    }

    fn quantified(&mut self, quantifier: Quantifier, collection: &Value, element: LocalId, body: &Expr) -> Value {
        let Some(items) = ops::elements(collection) else { return of_absent(quantifier) };
        let mut bodies = Vec::with_capacity(items.len());
        for item in &items {
            self.step(1);
            if self.spent() {
                return Value::Null;
            }
            bodies.push(self.with(element, item.clone(), |evaluator| evaluator.value(body)));
        }
        conclude(quantifier, items, bodies)
    }

    fn membership(&mut self, left: &Value, fold: crate::check::hir::Fold, set: &Set) -> Truth {
        if left.is_null() {
            return Truth::Unknown;
        }
        match set {
            Set::Exprs(items) => {
                let items: Vec<Value> = items.iter().map(|item| self.value(item)).collect();
                ops::in_values(fold, left, &items)
            }
            Set::List(id) => ops::in_list(&self.ctx, id.0, fold, left),
            Set::Value(list) => match ops::elements(&self.value(list)) {
                Some(items) => ops::in_values(fold, left, &items),
                None => Truth::Unknown,
            },
        }
    }

    fn text(&mut self, value: &Value, op: crate::syntax::ast::TextOp, no_case: bool, needles: &Needles) -> Truth {
        let Some(text) = ops::as_text(value) else { return Truth::Unknown };
        match needles {
            Needles::Exprs(needles) => {
                self.step(needles.len() * (text.len() / 64 + 1));
                let needles: Vec<Value> = needles.iter().map(|needle| self.value(needle)).collect();
                text_any(op, no_case, text, &needles)
            }
            Needles::Patterns(patterns) => {
                self.step(patterns.len() * (text.len() / 64 + 1));
                Truth::from(ops::any_pattern(patterns, text))
            }
            Needles::List(id) => {
                self.step(text.len() / 64 + 1);
                ops::text_in_list(&self.ctx, id.0, op, no_case, text)
            }
        }
    }
}

/// Text that a function may have to read.
pub(super) fn scan_cost(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.len() / 64)
}

pub(super) fn zero_like(ty: &crate::value::Type) -> Value {
    match ty {
        crate::value::Type::Duration => Value::Duration(0),
        _ => Value::Int(0),
    }
}

/// Any of the needles; an absent one is unknown unless another hits.
pub(super) fn text_any(op: crate::syntax::ast::TextOp, no_case: bool, text: &str, needles: &[Value]) -> Truth {
    let one = |needle: &Value| match ops::as_text(needle) {
        Some(needle) => Truth::from(ops::find_text(op, no_case, text, needle).is_some()),
        None => Truth::Unknown,
    };
    needles.iter().map(one).fold(Truth::False, Truth::or)
}

/// At least `count` are true: true; else unknown if one is unknown; else false. Trues alone
/// decide, as in MQL.
pub(super) fn at_least(count: u32, truths: &[Truth]) -> Truth {
    if truths.iter().filter(|truth| truth.is_true()).count() >= count as usize {
        return Truth::True;
    }
    if truths.contains(&Truth::Unknown) { Truth::Unknown } else { Truth::False }
}

/// The result for an absent list.
pub(super) fn of_absent(quantifier: Quantifier) -> Value {
    match quantifier {
        Quantifier::All => Value::Bool(true),
        Quantifier::Filter | Quantifier::Distinct => Value::list([]),
        Quantifier::Any
        | Quantifier::None
        | Quantifier::Exactly(_)
        | Quantifier::AtLeast(_)
        | Quantifier::Map
        | Quantifier::Ratio
        | Quantifier::First
        | Quantifier::Last => Value::Null,
    }
}

/// From the bodies' values to the quantifier's.
pub(super) fn conclude(quantifier: Quantifier, items: Vec<Value>, bodies: Vec<Value>) -> Value {
    let truths = || bodies.iter().map(Value::truth);
    match quantifier {
        Quantifier::Any => truths().fold(Truth::False, Truth::or).into(),
        Quantifier::All => truths().fold(Truth::True, Truth::and).into(),
        Quantifier::None => (!truths().fold(Truth::False, Truth::or)).into(),
        Quantifier::AtLeast(count) => at_least(count, &truths().collect::<Vec<_>>()).into(),
        Quantifier::Exactly(count) => exactly(count as usize, &truths().collect::<Vec<_>>()).into(),
        Quantifier::Filter => {
            Value::list(items.into_iter().zip(&bodies).filter(|(_, body)| body.truth().is_true()).map(|(item, _)| item))
        }
        Quantifier::Map => Value::list(bodies),
        Quantifier::Distinct => {
            let mut seen = BTreeSet::new();
            Value::list(
                items
                    .into_iter()
                    .zip(&bodies)
                    .filter(|(_, key)| seen.insert(ops::distinct_key(key)))
                    .map(|(item, _)| item)
                    .collect::<Vec<_>>(),
            )
        }
        Quantifier::Ratio if items.is_empty() => Value::Null,
        Quantifier::Ratio => Value::Float(truths().filter(|truth| truth.is_true()).count() as f64 / items.len() as f64),
        Quantifier::First => pick(items.into_iter().zip(bodies)),
        Quantifier::Last => pick(items.into_iter().zip(bodies).rev()),
    }
}

fn pick(pairs: impl Iterator<Item = (Value, Value)>) -> Value {
    let mut pairs = pairs;
    pairs.find(|(_, body)| body.truth().is_true()).map(|(item, _)| item).unwrap_or_default()
}

/// Unknowns can still be true: decided only if no number of them changes the answer.
fn exactly(count: usize, truths: &[Truth]) -> Truth {
    let trues = truths.iter().filter(|truth| truth.is_true()).count();
    let unknowns = truths.iter().filter(|truth| **truth == Truth::Unknown).count();
    match unknowns {
        0 => Truth::from(trues == count),
        _ if trues > count || trues + unknowns < count => Truth::False,
        _ => Truth::Unknown,
    }
}
