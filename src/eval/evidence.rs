//! Why a rule matched or did not: its clauses with the values that decided, and their places.
//! Made only when asked for, by the reference evaluator's own steps, so that it cannot disagree.

use super::reference::Reference;
use super::{missing, ops};
use crate::builtins::{Builtins, Ctx, to_json};
use crate::check::hir::{Expr, ExprKind, LocalId, Needles, Program, Quantifier, RuleId, Set};
use crate::message::Location;
use crate::source::SourceMap;
use crate::template::Place;
use crate::value::{Truth, Type, Value};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::ops::Range;

/// One clause with what it came to.
#[derive(Clone, Debug, Serialize)]
pub struct Evidence {
    /// The clause as its author wrote it.
    pub clause: String,
    /// `file:line:column` of the clause.
    pub at: String,
    /// `true`, `false` or `unknown`.
    pub truth: &'static str,
    /// The values that it read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Leaf>,
    /// The clauses that decided it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Evidence>,
    /// How many clauses or elements are not shown: most of them had no part in the decision.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: usize,
}

/// A value that a clause read.
#[derive(Clone, Debug, Serialize)]
pub struct Leaf {
    /// Its path, with the positions of elements: `body.links[3].href_url.url`.
    pub path: String,
    /// The value; long texts are cut, which `length` then says.
    pub value: serde_json::Value,
    /// Characters of the whole text, if it was cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    /// What was found in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
    /// Where in the message it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Where the text of a template's slot, or its residue, stands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stands: Vec<Stands>,
}

/// A place in the text that templates read.
#[derive(Clone, Debug, Serialize)]
pub struct Stands {
    /// `subject.base` or `visible text`.
    pub of: &'static str,
    /// Its bytes there.
    pub bytes: Range<usize>,
}

/// A place in a text.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// The text that was found.
    pub text: String,
    /// Its bytes in the value.
    pub bytes: Range<usize>,
    /// What found it: the literal, the pattern, the list's entry with its line.
    pub by: String,
}

/// How close a rule came.
#[derive(Clone, Debug, Serialize)]
pub struct NearestMiss {
    /// Top-level clauses that hold.
    pub holding: usize,
    /// All top-level clauses.
    pub clauses: usize,
    /// The clauses that do not hold.
    pub failing: Vec<Evidence>,
}

/// Longest text that is shown whole, in characters.
const MAX_TEXT: usize = 200;
/// Most clauses or elements that are shown below one clause.
const MAX_SHOWN: usize = 8;

/// Most elements that are shown of a list none of which fits.
const MAX_FAILED: usize = 3;

#[allow(clippy::trivially_copy_pass_by_ref)] // the form that serde calls
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// The evidence of a rule's condition.
pub fn explain(
    program: &Program,
    builtins: &Builtins,
    ctx: Ctx<'_>,
    sources: &SourceMap,
    rule: RuleId,
) -> Option<Evidence> {
    let rule = program.rules.get(rule.0 as usize)?;
    let mut explainer = Explainer { reference: Reference::new(program, builtins, ctx), sources, paths: Vec::new() };
    Some(explainer.explain(&rule.when))
}

/// The evidence of an expression of the program that binds nothing from outside.
pub fn explain_expr<'a>(
    program: &'a Program,
    builtins: &'a Builtins,
    ctx: Ctx<'a>,
    sources: &SourceMap,
    expr: &'a Expr,
) -> Evidence {
    Explainer { reference: Reference::new(program, builtins, ctx), sources, paths: Vec::new() }.explain(expr)
}

/// How many top-level clauses of a rule hold, and of how many: what [`nearest_miss`] says without
/// its evidence.
pub fn clauses_holding(program: &Program, builtins: &Builtins, ctx: Ctx<'_>, rule: RuleId) -> Option<(usize, usize)> {
    fn count<'a>(reference: &mut Reference<'a>, when: &'a Expr) -> (usize, usize) {
        if let ExprKind::Let(id, value, body) = &when.kind {
            let value = reference.value(value);
            reference.locals.push((*id, value));
            let counts = count(reference, body);
            reference.locals.pop();
            return counts;
        }
        let clauses = conjuncts(when);
        (clauses.iter().filter(|clause| reference.truth(clause).is_true()).count(), clauses.len())
    }
    let rule = program.rules.get(rule.0 as usize)?;
    Some(count(&mut Reference::new(program, builtins, ctx), &rule.when))
}

/// How close a rule came to matching.
pub fn nearest_miss(
    program: &Program,
    builtins: &Builtins,
    ctx: Ctx<'_>,
    sources: &SourceMap,
    rule: RuleId,
) -> Option<NearestMiss> {
    let rule = program.rules.get(rule.0 as usize)?;
    let mut explainer = Explainer { reference: Reference::new(program, builtins, ctx), sources, paths: Vec::new() };
    Some(explainer.nearest(&rule.when))
}

struct Explainer<'a, 's> {
    reference: Reference<'a>,
    sources: &'s SourceMap,
    /// The paths of bound elements.
    paths: Vec<(LocalId, String)>,
}

impl<'a> Explainer<'a, '_> {
    fn nearest(&mut self, when: &'a Expr) -> NearestMiss {
        if let ExprKind::Let(id, value, body) = &when.kind {
            return self.bound(*id, value, |explainer| explainer.nearest(body));
        }
        let clauses = conjuncts(when);
        let truths: Vec<Truth> = clauses.iter().map(|clause| self.reference.truth(clause)).collect();
        let failing = clauses.iter().zip(&truths).filter(|(_, truth)| !truth.is_true());
        let failing: Vec<&'a Expr> = failing.map(|(clause, _)| *clause).collect();
        NearestMiss {
            holding: clauses.len() - failing.len(),
            clauses: clauses.len(),
            failing: failing.into_iter().map(|clause| self.explain(clause)).collect(),
        }
    }

    fn bound<T>(&mut self, id: LocalId, value: &'a Expr, run: impl FnOnce(&mut Self) -> T) -> T {
        let path = self.path(value).unwrap_or_else(|| self.text(value));
        let value = self.reference.value(value);
        self.paths.push((id, path));
        self.reference.locals.push((id, value));
        let result = run(self);
        self.reference.locals.pop();
        self.paths.pop();
        result
    }

    fn explain(&mut self, expr: &'a Expr) -> Evidence {
        let truth = self.reference.truth(expr);
        let mut evidence = Evidence {
            clause: self.text(expr),
            at: self.sources.location(expr.span),
            truth: name(truth),
            values: Vec::new(),
            because: Vec::new(),
            left_out: 0,
        };
        match &expr.kind {
            ExprKind::And(operands) => self.deciding(operands, truth, Truth::True, &mut evidence),
            ExprKind::Or(operands) => self.deciding(operands, truth, Truth::False, &mut evidence),
            ExprKind::AtLeast(_, operands) => {
                let wanted = if truth.is_true() { Truth::True } else { Truth::False };
                self.those(
                    operands,
                    |found| found == wanted || truth == Truth::Unknown && found == Truth::Unknown,
                    &mut evidence,
                );
            }
            ExprKind::Not(inner) => evidence.because.push(self.explain(inner)),
            ExprKind::Let(id, value, body) => return self.bound(*id, value, |explainer| explainer.explain(body)),
            ExprKind::Quantified { quantifier, collection, element, body } => {
                self.quantified(*quantifier, collection, *element, body, truth, &mut evidence);
            }
            ExprKind::If(condition, then, other) => {
                evidence.because.push(self.explain(condition));
                match self.reference.truth(condition) {
                    Truth::True => evidence.because.push(self.explain(then)),
                    Truth::False => evidence.because.push(self.explain(other)),
                    Truth::Unknown => {}
                }
            }
            ExprKind::Rule(id) => {
                let program = self.reference.program;
                if let Some(rule) = program.rules.get(id.0 as usize) {
                    evidence.because.push(self.explain(&rule.when));
                }
            }
            ExprKind::Text { text, op, no_case, needles } => {
                self.text_leaf(text, *op, *no_case, needles, &mut evidence)
            }
            _ => self.leaves(expr, &mut evidence),
        }
        evidence
    }

    /// Of a conjunction that holds, all operands decide; of one that does not, those that do not.
    fn deciding(&mut self, operands: &'a [Expr], truth: Truth, all: Truth, evidence: &mut Evidence) {
        if truth == all {
            return self.those(operands, |_| true, evidence);
        }
        self.those(operands, |found| found == truth, evidence);
    }

    fn those(&mut self, operands: &'a [Expr], wanted: impl Fn(Truth) -> bool, evidence: &mut Evidence) {
        for operand in operands {
            let truth = self.reference.truth(operand);
            if wanted(truth) && evidence.because.len() < MAX_SHOWN * 4 {
                evidence.because.push(self.explain(operand));
            } else {
                evidence.left_out += 1;
            }
        }
    }

    fn quantified(
        &mut self,
        quantifier: Quantifier,
        collection: &'a Expr,
        element: LocalId,
        body: &'a Expr,
        truth: Truth,
        evidence: &mut Evidence,
    ) {
        let base = self.path(collection).unwrap_or_else(|| self.text(collection));
        let list = self.reference.value(collection);
        let Some(items) = ops::elements(&list) else {
            return self.leaves(collection, evidence);
        };
        if items.is_empty() {
            return self.leaves(collection, evidence);
        }
        let Some(wanted) = deciding_elements(quantifier, truth) else { return };
        // Where every element failed, a few show how.
        let most = if wanted == Truth::False && quantifier != Quantifier::All { MAX_FAILED } else { MAX_SHOWN };
        for (index, item) in items.into_iter().enumerate() {
            self.paths.push((element, format!("{base}[{index}]")));
            self.reference.locals.push((element, item));
            let shown = evidence.because.len() < most;
            if self.reference.truth(body) == wanted && shown {
                evidence.because.push(self.explain(body));
            } else {
                evidence.left_out += 1;
            }
            self.reference.locals.pop();
            self.paths.pop();
        }
    }

    fn text_leaf(
        &mut self,
        text: &'a Expr,
        op: crate::syntax::ast::TextOp,
        no_case: bool,
        needles: &'a Needles,
        evidence: &mut Evidence,
    ) {
        let value = self.reference.value(text);
        let mut leaf = self.leaf(text, &value);
        if let Some(text) = ops::as_text(&value) {
            leaf.found = self.find(text, op, no_case, needles).map(|(bytes, by)| Found {
                text: text.get(bytes.clone()).unwrap_or("").to_owned(),
                bytes,
                by,
            });
        }
        evidence.values.push(leaf);
        if let Needles::Exprs(needles) = needles {
            for needle in needles.iter().filter(|needle| !matches!(needle.kind, ExprKind::Const(_))) {
                let value = self.reference.value(needle);
                let leaf = self.leaf(needle, &value);
                evidence.values.push(leaf);
            }
        }
    }

    fn find(
        &mut self,
        text: &str,
        op: crate::syntax::ast::TextOp,
        no_case: bool,
        needles: &Needles,
    ) -> Option<(Range<usize>, String)> {
        match needles {
            Needles::Exprs(needles) => needles.iter().find_map(|needle| {
                let needle = self.reference.value(needle);
                let needle = ops::as_text(&needle)?;
                Some((ops::find_text(op, no_case, text, needle)?, format!("`{needle}`")))
            }),
            Needles::Patterns(patterns) => {
                patterns.iter().find_map(|pattern| Some((pattern.find(text)?, format!("/{}/", pattern.source()))))
            }
            Needles::List(id) => {
                let list = self.reference.ctx.env.lists.get(id.0)?;
                let hit = list.any_in_text(ops::search(op), no_case, text, self.reference.ctx.env.now)?;
                let entry = list.entry(&hit)?;
                let name = self.reference.program.lists.get(id.0 as usize).map_or("?", |info| &info.name);
                let line = if entry.line > 0 { format!(" line {}", entry.line) } else { String::new() };
                Some((hit.bytes, format!("${name}{line}: `{}`", entry.text)))
            }
        }
    }

    /// The values that a clause reads, constants left out.
    fn leaves(&mut self, expr: &'a Expr, evidence: &mut Evidence) {
        let mut seen = BTreeSet::new();
        for operand in operands(expr) {
            let value = self.reference.value(operand);
            let leaf = self.leaf(operand, &value);
            if evidence.values.len() < MAX_SHOWN && seen.insert(leaf.path.clone()) {
                evidence.values.push(leaf);
            }
        }
    }

    fn leaf(&mut self, expr: &'a Expr, value: &Value) -> Leaf {
        let path = self.path(expr).unwrap_or_else(|| self.text(expr));
        let location = self.reference.ctx.message.locate(&path);
        let (value, length) = shown(self.reference.builtins, &self.reference.ctx, value, &expr.ty);
        let stands = self.stands(expr);
        let of = stands.first().map(|place| if place.of == "visible text" { "body" } else { place.of });
        let location = location.or_else(|| self.reference.ctx.message.locate(of?));
        Leaf { path, value, length, found: None, location, stands }
    }

    /// The places of what a field of a template holds.
    fn stands(&self, expr: &Expr) -> Vec<Stands> {
        let ExprKind::Key(base, key) = &expr.kind else { return Vec::new() };
        let (ExprKind::Template(id), ExprKind::Const(Value::String(key))) = (&base.kind, &key.kind) else {
            return Vec::new();
        };
        let ctx = &self.reference.ctx;
        let held = ctx.env.templates.places(ctx.message, id.0, key);
        let places = held.into_iter().take(MAX_SHOWN).map(|(place, bytes)| Stands {
            of: match place {
                Place::Subject => "subject.base",
                Place::Body => "visible text",
            },
            bytes,
        });
        places.collect()
    }

    fn text(&self, expr: &Expr) -> String {
        let text = self.sources.snippet(expr.span);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn path(&self, expr: &Expr) -> Option<String> {
        match &expr.kind {
            ExprKind::Message => Some(String::new()),
            ExprKind::Local(id) => self.paths.iter().rev().find(|(bound, _)| bound == id).map(|(_, path)| path.clone()),
            ExprKind::Field(base, field) => {
                let base = self.path(base)?;
                let name = self.reference.builtins.catalog().field(*field).name;
                Some(if base.is_empty() { name.to_owned() } else { format!("{base}.{name}") })
            }
            ExprKind::Index(base, index) => match &index.kind {
                ExprKind::Const(Value::Int(number)) => self.path(base).map(|path| format!("{path}[{number}]")),
                _ => None,
            },
            ExprKind::Key(base, key) if matches!(base.kind, ExprKind::Template(_)) => {
                missing::template_path(self.reference.program, base, key)
            }
            ExprKind::Key(base, key) => match &key.kind {
                ExprKind::Const(Value::String(key)) => self.path(base).map(|path| format!("{path}[{key:?}]")),
                _ => None,
            },
            _ => None,
        }
    }
}

fn shown(builtins: &Builtins, ctx: &Ctx<'_>, value: &Value, ty: &Type) -> (serde_json::Value, Option<usize>) {
    match value {
        Value::String(text) => {
            let length = text.chars().count();
            if length <= MAX_TEXT {
                return (serde_json::Value::String(text.to_string()), None);
            }
            let cut: String = text.chars().take(MAX_TEXT).chain(['…']).collect();
            (serde_json::Value::String(cut), Some(length))
        }
        Value::List(items) if items.len() > MAX_SHOWN => {
            (serde_json::Value::String(format!("{} elements", items.len())), Some(items.len()))
        }
        Value::Record(_) => (serde_json::Value::String("a record".into()), None),
        Value::List(items) if items.iter().any(|item| matches!(item, Value::Record(_))) => {
            (serde_json::Value::String(format!("{} records", items.len())), None)
        }
        other => (to_json(builtins, ctx, other, ty), None),
    }
}

/// The operands whose values are worth showing.
fn operands(expr: &Expr) -> Vec<&Expr> {
    let interesting = |operand: &&Expr| !matches!(operand.kind, ExprKind::Const(_) | ExprKind::Message);
    match &expr.kind {
        ExprKind::Compare(_, _, a, b) => [&**a, &**b].into_iter().filter(interesting).collect(),
        ExprKind::In { left, set, .. } => {
            let mut operands = vec![&**left];
            if let Set::Value(list) = set {
                operands.push(list);
            }
            operands
        }
        ExprKind::IsNull(inner) | ExprKind::IsEmpty(inner) => vec![inner],
        ExprKind::Coalesce(operands) => operands.iter().filter(interesting).collect(),
        _ => vec![expr],
    }
}

/// The elements that decide a quantifier: those of this truth.
fn deciding_elements(quantifier: Quantifier, truth: Truth) -> Option<Truth> {
    let holds = match quantifier {
        Quantifier::Any | Quantifier::AtLeast(_) => truth.is_true(),
        Quantifier::None => truth == Truth::False,
        Quantifier::Exactly(_) => true,
        Quantifier::All => truth.is_true(),
        _ => return None,
    };
    Some(match truth {
        Truth::Unknown => Truth::Unknown,
        _ if holds => Truth::True,
        _ => Truth::False,
    })
}

fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::And(operands) => operands.iter().flat_map(conjuncts).collect(),
        _ => vec![expr],
    }
}

fn name(truth: Truth) -> &'static str {
    match truth {
        Truth::True => "true",
        Truth::False => "false",
        Truth::Unknown => "unknown",
    }
}

/// The evidence as an indented tree for people.
pub fn render_text(evidence: &Evidence) -> String {
    let mut out = String::new();
    write_node(evidence, 0, &mut out);
    out
}

/// Characters that would steer a terminal or turn the direction of text are written as escapes.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                out.extend(c.escape_unicode());
            }
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

fn write_node(evidence: &Evidence, depth: usize, out: &mut String) {
    let mark = match evidence.truth {
        "true" => "✓",
        "false" => "✗",
        _ => "?",
    };
    let indent = "  ".repeat(depth);
    let clause: String = evidence.clause.chars().take(120).collect();
    let _ = writeln!(out, "{indent}{mark} {clause}");
    for leaf in &evidence.values {
        let _ = write!(out, "{indent}    {} = {}", visible(&leaf.path), visible(&leaf.value.to_string()));
        if let Some(length) = leaf.length {
            let _ = write!(out, " ({length} in all)");
        }
        let _ = writeln!(out);
        if let Some(found) = &leaf.found {
            let text: String = found.text.chars().take(80).collect();
            let _ = writeln!(
                out,
                "{indent}    found {text:?} at {}..{} by {}",
                found.bytes.start, found.bytes.end, found.by
            );
        }
        for place in &leaf.stands {
            let _ = writeln!(out, "{indent}    at {}..{} of {}", place.bytes.start, place.bytes.end, place.of);
        }
        if let Some(location) = &leaf.location {
            let _ = writeln!(
                out,
                "{indent}    in {}, bytes {}..{}",
                location.place, location.bytes.start, location.bytes.end
            );
        }
    }
    for cause in &evidence.because {
        write_node(cause, depth + 1, out);
    }
    if evidence.left_out > 0 {
        let _ = writeln!(out, "{indent}  ({} more not shown)", evidence.left_out);
    }
}
