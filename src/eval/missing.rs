//! Why a condition is undecided: the absent fields and capabilities that decide.

use super::ops;
use super::reference::Reference;
use crate::check::hir::{Expr, ExprKind, LocalId, Needles, Program, Quantifier, Set};
use crate::value::{Truth, Value};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Something that was absent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "kind", content = "name", rename_all = "snake_case")]
pub enum Missing {
    /// A field of the message, by its path.
    Field(String),
    /// A capability that no provider offers, with the function that asked for it.
    Capability(String),
    /// A list that nobody provides.
    List(String),
    /// A function's result, or an element that does not exist.
    Value(String),
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Field(name) => write!(f, "field {name}"),
            Self::Capability(name) => write!(f, "capability {name}"),
            Self::List(name) => write!(f, "list {name}"),
            Self::Value(name) => write!(f, "value of {name}"),
        }
    }
}

/// Most reasons that are named.
pub(super) const MAX_REASONS: usize = 32;
/// Most elements of a list that are asked for their reasons.
pub(super) const MAX_ELEMENTS: usize = 16;

/// The reasons of an expression whose value is absent.
pub(super) fn reasons<'a>(evaluator: &mut Reference<'a>, expr: &'a Expr) -> BTreeSet<Missing> {
    let mut found = Found::default();
    collect(evaluator, expr, &mut found);
    found.reasons
}

#[derive(Default)]
struct Found {
    reasons: BTreeSet<Missing>,
    /// How often something was named, also what had been named before.
    named: usize,
    /// Where the elements and bound values come from.
    names: BTreeMap<LocalId, String>,
}

impl Found {
    fn insert(&mut self, missing: Missing) {
        self.named += 1;
        self.reasons.insert(missing);
    }

    fn len(&self) -> usize {
        self.reasons.len()
    }
}

fn collect<'a>(evaluator: &mut Reference<'a>, expr: &'a Expr, found: &mut Found) {
    if found.len() >= MAX_REASONS || evaluator.spent() {
        return;
    }
    match &expr.kind {
        ExprKind::And(operands) | ExprKind::Or(operands) | ExprKind::AtLeast(_, operands) => {
            for operand in operands {
                collect_if_absent(evaluator, operand, found);
            }
        }
        ExprKind::Quantified { quantifier, collection, element, body } => {
            let list = evaluator.value(collection);
            let Some(items) = ops::elements(&list) else { return collect(evaluator, collection, found) };
            if matches!(quantifier, Quantifier::Ratio | Quantifier::First | Quantifier::Last) {
                found.insert(Missing::Value(name(evaluator, found, collection)));
                return;
            }
            let source = format!("{}[]", name(evaluator, found, collection));
            found.names.insert(*element, source);
            let mut asked = 0;
            for item in items {
                evaluator.with(*element, item, |evaluator| {
                    if asked < MAX_ELEMENTS && evaluator.truth(body) == Truth::Unknown {
                        asked += 1;
                        collect(evaluator, body, found);
                    }
                });
            }
        }
        ExprKind::Let(id, value, body) => {
            if let Some(source) = path(evaluator, found, value) {
                found.names.insert(*id, source);
            }
            let value = evaluator.value(value);
            evaluator.with(*id, value, |evaluator| collect(evaluator, body, found));
        }
        ExprKind::Field(base, field) => {
            if evaluator.value(base).is_null() {
                collect(evaluator, base, found);
            } else {
                let decl = evaluator.builtins.catalog().field(*field);
                let path = path(evaluator, found, base)
                    .map_or_else(|| decl.name.to_owned(), |path| format!("{path}.{}", decl.name));
                found.insert(Missing::Field(path.trim_start_matches('.').to_owned()));
            }
        }
        ExprKind::Call(function, args) => {
            let before = found.named;
            let decl = evaluator.builtins.catalog().function(*function);
            for (arg, param) in args.iter().zip(&decl.params) {
                if !param.optional {
                    collect_if_absent(evaluator, arg, found);
                }
            }
            if found.named == before {
                found.insert(match decl.capability {
                    Some(capability) => Missing::Capability(format!("{capability} ({})", decl.name)),
                    None => Missing::Value(decl.name.clone()),
                });
            }
        }
        ExprKind::In { left, set, .. } => {
            collect_if_absent(evaluator, left, found);
            match set {
                Set::List(id) => list(evaluator.program, id.0, found, evaluator),
                Set::Exprs(items) => items.iter().for_each(|item| collect_if_absent(evaluator, item, found)),
                Set::Value(value) => collect_if_absent(evaluator, value, found),
            }
        }
        ExprKind::Text { text, needles, .. } => {
            collect_if_absent(evaluator, text, found);
            match needles {
                Needles::List(id) => list(evaluator.program, id.0, found, evaluator),
                Needles::Exprs(needles) => {
                    needles.iter().for_each(|needle| collect_if_absent(evaluator, needle, found))
                }
                Needles::Patterns(_) => {}
            }
        }
        ExprKind::List(id) => list(evaluator.program, id.0, found, evaluator),
        ExprKind::Key(base, key) if matches!(base.kind, ExprKind::Template(_)) => {
            let path = template_path(evaluator.program, base, key).unwrap_or_default();
            found.insert(Missing::Field(path));
        }
        ExprKind::Index(base, _) | ExprKind::Key(base, _) => {
            if evaluator.value(base).is_null() {
                collect(evaluator, base, found);
            } else {
                found.insert(Missing::Value(format!("{}[...]", name(evaluator, found, base))));
            }
        }
        ExprKind::Rule(id) => {
            let program = evaluator.program;
            if let Some(rule) = program.rules.get(id.0 as usize) {
                collect(evaluator, &rule.when, found);
            }
        }
        ExprKind::Local(id) => {
            let source = found.names.get(id).cloned();
            found.insert(Missing::Value(source.unwrap_or_else(|| "element".into())));
        }
        ExprKind::Const(_) | ExprKind::Message | ExprKind::Template(_) => {}
        ExprKind::Compare(..)
        | ExprKind::Arith(..)
        | ExprKind::Not(_)
        | ExprKind::Neg(_)
        | ExprKind::Length(_)
        | ExprKind::Sum(_)
        | ExprKind::Flatten(_)
        | ExprKind::Keys(_)
        | ExprKind::Values(_)
        | ExprKind::IsNull(_)
        | ExprKind::IsEmpty(_)
        | ExprKind::Coalesce(_)
        | ExprKind::If(..)
        | ExprKind::Array(_) => {
            let before = found.named;
            for child in expr.children() {
                collect_if_absent(evaluator, child, found);
            }
            if found.named == before {
                found.insert(Missing::Value("a computation".into()));
            }
        }
    }
}

fn collect_if_absent<'a>(evaluator: &mut Reference<'a>, expr: &'a Expr, found: &mut Found) {
    if evaluator.value(expr).is_null() {
        collect(evaluator, expr, found);
    }
}

fn list(program: &Program, id: u32, found: &mut Found, evaluator: &Reference<'_>) {
    if evaluator.ctx.env.lists.get(id).is_none() {
        let name = program.lists.get(id as usize).map_or("?", |info| &info.name);
        found.insert(Missing::List(format!("${name}")));
    }
}

fn name(evaluator: &Reference<'_>, found: &Found, expr: &Expr) -> String {
    path(evaluator, found, expr).unwrap_or_else(|| "a list".into())
}

/// `template(pack/name).slot`
pub(super) fn template_path(program: &Program, base: &Expr, key: &Expr) -> Option<String> {
    let (ExprKind::Template(id), ExprKind::Const(Value::String(key))) = (&base.kind, &key.kind) else { return None };
    let name = program.templates.get(id.0 as usize).map_or("?", |template| &template.name);
    Some(format!("template({name}).{key}"))
}

/// The path of a chain of fields, elements written as `[]`.
fn path(evaluator: &Reference<'_>, found: &Found, expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Message => Some(String::new()),
        ExprKind::Local(id) => found.names.get(id).cloned(),
        ExprKind::Field(base, field) => {
            let base = path(evaluator, found, base)?;
            let name = evaluator.builtins.catalog().field(*field).name;
            Some(if base.is_empty() { name.to_owned() } else { format!("{base}.{name}") })
        }
        ExprKind::Call(function, _) => Some(format!("{}()", evaluator.builtins.catalog().function(*function).name)),
        ExprKind::Quantified { quantifier: Quantifier::Filter | Quantifier::Distinct, collection, .. } => {
            path(evaluator, found, collection)
        }
        ExprKind::Index(base, _) => path(evaluator, found, base).map(|path| format!("{path}[]")),
        _ => None,
    }
}
