//! Conditions that do not depend on the message.

use super::hir::{Expr, ExprKind};
use crate::value::{Truth, Value};

/// The truth of a condition whatever the message is; `None` if it depends on the message.
/// Absence counts as "cannot match".
pub(super) fn truth(expr: &Expr) -> Option<bool> {
    kleene(expr).map(Truth::is_true)
}

fn kleene(expr: &Expr) -> Option<Truth> {
    match &expr.kind {
        ExprKind::Const(Value::Bool(value)) => Some(Truth::from(*value)),
        ExprKind::Not(inner) => kleene(inner).map(|truth| !truth),
        ExprKind::And(operands) => junction(operands, Truth::True, Truth::and, Truth::False),
        ExprKind::Or(operands) => junction(operands, Truth::False, Truth::or, Truth::True),
        ExprKind::Let(_, _, body) => kleene(body),
        _ => None,
    }
}

/// `dominant` decides alone; otherwise every operand must be constant.
fn junction(operands: &[Expr], neutral: Truth, join: fn(Truth, Truth) -> Truth, dominant: Truth) -> Option<Truth> {
    let known: Vec<Option<Truth>> = operands.iter().map(kleene).collect();
    if known.contains(&Some(dominant)) {
        return Some(dominant);
    }
    known.into_iter().try_fold(neutral, |all, one| one.map(|one| join(all, one)))
}
