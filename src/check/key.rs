//! Structural identity of typed expressions, spans aside.

use super::hir::{Expr, ExprKind};
use std::collections::BTreeMap;
use std::fmt::Write;

/// A text that two expressions share exactly if they mean the same by construction. Bindings are
/// numbered by first occurrence, so that equal quantifiers have equal keys.
pub(super) fn key(expr: &Expr) -> String {
    let mut names = BTreeMap::new();
    let mut out = String::new();
    expr.walk(&mut |node| {
        let mut number = |id| {
            let next = names.len();
            *names.entry(id).or_insert(next)
        };
        let _ = match &node.kind {
            ExprKind::Const(value) => write!(out, "c{value:?}"),
            ExprKind::Message => write!(out, "m"),
            ExprKind::Local(id) => write!(out, "l{}", number(*id)),
            ExprKind::List(id) => write!(out, "$[{}]", id.0),
            ExprKind::Template(id) => write!(out, "t{}", id.0),
            ExprKind::Field(_, id) => write!(out, ".{}", id.0),
            ExprKind::Index(..) => write!(out, "ix"),
            ExprKind::Key(..) => write!(out, "key"),
            ExprKind::Call(id, args) => write!(out, "f{}#{}", id.0, args.len()),
            ExprKind::Length(_) => write!(out, "len"),
            ExprKind::Sum(_) => write!(out, "sum"),
            ExprKind::Flatten(_) => write!(out, "flat"),
            ExprKind::Keys(_) => write!(out, "keys"),
            ExprKind::Values(_) => write!(out, "vals"),
            ExprKind::Quantified { quantifier, element, .. } => write!(out, "q{quantifier:?}{}", number(*element)),
            ExprKind::Let(id, ..) => write!(out, "let{}", number(*id)),
            ExprKind::Not(_) => write!(out, "not"),
            ExprKind::And(operands) => write!(out, "and#{}", operands.len()),
            ExprKind::Or(operands) => write!(out, "or#{}", operands.len()),
            ExprKind::AtLeast(count, operands) => write!(out, "of{count}#{}", operands.len()),
            ExprKind::Compare(ordering, fold, ..) => write!(out, "{ordering:?}{fold:?}"),
            ExprKind::In { fold, set, .. } => match set {
                super::hir::Set::Exprs(items) => write!(out, "in{fold:?}#{}", items.len()),
                super::hir::Set::List(id) => write!(out, "in{fold:?}${}", id.0),
                super::hir::Set::Value(_) => write!(out, "in{fold:?}v"),
            },
            ExprKind::Text { op, no_case, needles, .. } => match needles {
                super::hir::Needles::Exprs(needles) => write!(out, "{op:?}{no_case}#{}", needles.len()),
                super::hir::Needles::List(id) => write!(out, "{op:?}{no_case}${}", id.0),
                super::hir::Needles::Patterns(patterns) => patterns
                    .iter()
                    .try_for_each(|pattern| write!(out, "{op:?}{:?}{:?}", pattern.source(), pattern.options())),
            },
            ExprKind::IsNull(_) => write!(out, "null?"),
            ExprKind::IsEmpty(_) => write!(out, "empty?"),
            ExprKind::Coalesce(operands) => write!(out, "??#{}", operands.len()),
            ExprKind::If(..) => write!(out, "if"),
            ExprKind::Arith(op, ..) => write!(out, "{op:?}"),
            ExprKind::Neg(_) => write!(out, "neg"),
            ExprKind::Array(items) => write!(out, "arr#{}", items.len()),
            ExprKind::Rule(id) => write!(out, "rule{}", id.0),
        };
        out.push(';');
    });
    out
}
