//! Which clauses share the reasons of their being undecided.
//!
//! Reasons are a matter of the written tree, the plan's nodes are in normal form. Where nothing
//! but the normal form can differ, equal nodes have equal reasons.

use crate::check::hir::{Expr, ExprKind, LocalId, Needles, Ordering, Quantifier, Set};
use crate::value::{Catalog, Value};

/// The operands of `and`, `or`, `N of` and `not`.
pub fn operands(expr: &Expr) -> Option<&[Expr]> {
    match &expr.kind {
        ExprKind::And(operands) | ExprKind::Or(operands) | ExprKind::AtLeast(_, operands) => Some(operands),
        ExprKind::Not(inner) => Some(std::slice::from_ref(&**inner)),
        _ => None,
    }
}

/// The value of an element whose absence alone makes `any(a.b, .c == "d")` and its kind undecided.
pub(super) fn only_value_of_elements(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Quantified { quantifier: Quantifier::Any | Quantifier::None, collection, element, body }
            if is_path(collection) =>
        {
            value_of(body).filter(|value| !is_ordered(body) && root(value) == Some(*element))
        }
        _ => None,
    }
}

/// True for `any(a.b, .c == "d" and .e contains "f")` and its kind.
pub(super) fn are_values_of_elements(expr: &Expr) -> bool {
    let ExprKind::Quantified { quantifier: Quantifier::Any, collection, element, body } = &expr.kind else {
        return false;
    };
    let ExprKind::And(parts) = &body.kind else { return false };
    let of_element =
        |part: &Expr| !is_ordered(part) && value_of(part).is_some_and(|value| root(value) == Some(*element));
    is_path(collection) && parts.iter().all(of_element)
}

/// True for `any([a.b, c.d], . contains "e")` and its kind: values of a written list have no names, so all
/// that may be lacking is an element.
pub(super) fn are_listed_values(expr: &Expr) -> bool {
    let ExprKind::Quantified { quantifier: Quantifier::Any | Quantifier::None, collection, element, body } = &expr.kind
    else {
        return false;
    };
    let of_element = |value: &Expr| matches!(value.kind, ExprKind::Local(id) if id == *element);
    let ExprKind::Array(items) = &collection.kind else { return false };
    items.iter().all(is_path) && !is_ordered(body) && value_of(body).is_some_and(of_element)
}

/// Of such the order may be unknown of values that are there.
fn is_ordered(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Compare(ordering, ..) if !matches!(ordering, Ordering::Eq | Ordering::Ne))
}

/// The path whose absence makes the clause undecided for this reason alone: `a.b == "c"` and its
/// kind, `f(a.b, "c") < 2` too.
pub(super) fn only_value<'e>(expr: &'e Expr, catalog: &Catalog) -> Option<&'e Expr> {
    value_of(expr).and_then(|value| source(value, catalog)).filter(|value| is_path(value))
}

/// What a value is computed from, if it is absent for no other reason when that is.
fn source<'e>(expr: &'e Expr, catalog: &Catalog) -> Option<&'e Expr> {
    match &expr.kind {
        ExprKind::Length(inner) => source(inner, catalog),
        ExprKind::Call(function, args) => {
            let params = &catalog.function(*function).params;
            let mut computed = args.iter().zip(params).filter(|(arg, _)| !is_constant(arg));
            match (computed.next(), computed.next()) {
                (Some((arg, param)), None) if !param.optional => source(arg, catalog),
                _ => None,
            }
        }
        _ => Some(expr),
    }
}

fn value_of(expr: &Expr) -> Option<&Expr> {
    let value = match &expr.kind {
        ExprKind::Text { text, needles: Needles::Patterns(_), .. } => text,
        ExprKind::Text { text, needles: Needles::Exprs(needles), .. } if needles.iter().all(is_constant) => text,
        ExprKind::Compare(_, _, left, right) if is_constant(right) => left,
        ExprKind::Compare(_, _, left, right) if is_constant(left) => right,
        ExprKind::In { left, set: Set::Exprs(items), .. } if items.iter().all(is_constant) => left,
        // A condition itself: `type.inbound`.
        ExprKind::Field(..) => expr,
        _ => return None,
    };
    Some(value)
}

/// The binding that a path of fields starts from.
fn root(expr: &Expr) -> Option<LocalId> {
    match &expr.kind {
        ExprKind::Field(base, _) => root(base),
        ExprKind::Local(id) => Some(*id),
        _ => None,
    }
}

fn is_constant(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Const(value) if !matches!(value, Value::Null))
}

/// Fields of the message, or of what a function answers that is told nothing of the message.
fn is_path(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Field(base, _) => is_origin(base) || is_path(base),
        _ => false,
    }
}

fn is_origin(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Message => true,
        ExprKind::Call(_, args) => args.iter().all(is_constant),
        _ => false,
    }
}

/// True if equal nodes of such expressions have equal reasons.
pub(super) fn follow_the_node(expr: &Expr) -> bool {
    let mut plain = true;
    expr.walk(&mut |part| {
        plain &= match &part.kind {
            ExprKind::Const(_)
            | ExprKind::Message
            | ExprKind::Local(_)
            | ExprKind::List(_)
            | ExprKind::Field(..)
            | ExprKind::Call(..)
            | ExprKind::Length(_)
            | ExprKind::Not(_)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::Compare(..)
            | ExprKind::IsNull(_)
            | ExprKind::IsEmpty(_) => true,
            ExprKind::Quantified { quantifier, .. } => {
                matches!(quantifier, Quantifier::Any | Quantifier::None | Quantifier::All)
            }
            ExprKind::In { set, .. } => !matches!(set, Set::Value(_)),
            ExprKind::Text { .. } => true,
            ExprKind::Template(_)
            | ExprKind::Index(..)
            | ExprKind::Key(..)
            | ExprKind::Sum(_)
            | ExprKind::Flatten(_)
            | ExprKind::Keys(_)
            | ExprKind::Values(_)
            | ExprKind::Let(..)
            | ExprKind::AtLeast(..)
            | ExprKind::Coalesce(_)
            | ExprKind::If(..)
            | ExprKind::Arith(..)
            | ExprKind::Neg(_)
            | ExprKind::Array(_)
            | ExprKind::Rule(_) => false,
        };
    });
    plain
}
