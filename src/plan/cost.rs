//! What nodes cost and how often they hold: rough figures that only decide an order.

use super::intern::each_child;
use super::{Node, NodeId, Op};
use crate::check::hir::{Ordering, Quantifier};
use crate::value::{Catalog, Cost, Value};

/// Thousandths that mean "always".
pub(super) const ALWAYS: u16 = 1000;

/// The cost of what a provider answers.
pub(super) const CAPABILITY: u32 = 10_000;

pub(super) struct Costs<'c> {
    catalog: &'c Catalog,
}

impl<'c> Costs<'c> {
    pub(super) fn catalog(&self) -> &'c Catalog {
        self.catalog
    }

    pub(super) fn new(catalog: &'c Catalog) -> Self {
        Self { catalog }
    }

    /// The cost with that of the children, and the chance of not being false.
    pub(super) fn of(&self, op: &Op, nodes: &[Node]) -> (u32, u16) {
        let mut cost = self.own(op);
        each_child(op, |child| cost = cost.saturating_add(nodes[child.0 as usize].cost));
        (cost, chance(op, nodes))
    }

    fn own(&self, op: &Op) -> u32 {
        match op {
            Op::Field(_, field) => class(self.catalog.field(*field).cost),
            Op::Call(function, _) => class(self.catalog.function(*function).cost),
            Op::Quantified(..) => 50,
            Op::TextPatterns(_, _, patterns) => 40 * patterns.len() as u32,
            Op::TextList(..) => 40,
            Op::TextValues(_, _, _, needles) => 5 * needles.len() as u32,
            Op::TextSet(..) => 5,
            Op::Template(_) => 450,
            _ => 1,
        }
    }
}

/// A declared cost as a number of steps.
pub(super) fn class(cost: Cost) -> u32 {
    match cost {
        Cost::Cheap => 1,
        Cost::Moderate => 20,
        Cost::Expensive => 400,
        Cost::Capability => CAPABILITY,
    }
}

/// The order among operands of `and` (`wanted` false) and `or`: least cost for each decision.
pub(super) fn rank(node: &Node, ends_on_true: bool) -> u64 {
    let decides = if ends_on_true { node.chance } else { ALWAYS.saturating_sub(node.chance) };
    u64::from(node.cost) * 1000 / (u64::from(decides) + 5)
}

fn chance(op: &Op, nodes: &[Node]) -> u16 {
    let of = |id: &NodeId| u32::from(nodes[id.0 as usize].chance);
    let all = u32::from(ALWAYS);
    let estimate = match op {
        Op::Const(constant) => match constant.0 {
            Value::Bool(false) => 0,
            _ => all,
        },
        Op::Not(inner) => all - of(inner).min(all),
        Op::And(operands) => operands.iter().fold(all, |product, operand| product * of(operand) / all),
        Op::Or(operands) => operands.iter().map(of).sum(),
        Op::AtLeast(count, operands) => operands.iter().map(of).sum::<u32>() / (*count).max(1),
        Op::Compare(ordering, _, a, b) => compared(*ordering, &nodes[a.0 as usize].op, &nodes[b.0 as usize].op),
        Op::InValues(_, _, items) => 15 * items.len() as u32,
        Op::InList(..) => 100,
        Op::InValue(..) => 150,
        Op::TextPatterns(_, _, patterns) => 60 * patterns.len() as u32,
        Op::TextValues(_, _, _, needles) => {
            needles.iter().map(|needle| literal_chance(&nodes[needle.0 as usize].op)).sum()
        }
        Op::TextSet(_, _, needles) => 40 * needles.len() as u32,
        Op::TextList(..) => 200,
        Op::IsNull(_) => 250,
        Op::IsEmpty(_) => 400,
        Op::Rule(_) => 50,
        Op::Quantified(quantifier, _, _, body) => match quantifier {
            Quantifier::Any | Quantifier::AtLeast(_) => (3 * of(body)).min(900),
            Quantifier::None => all - (3 * of(body)).min(900),
            _ => 500,
        },
        _ => 600,
    };
    estimate.clamp(1, all) as u16
}

fn compared(ordering: Ordering, a: &Op, b: &Op) -> u32 {
    let text = [a, b].iter().any(|op| matches!(op, Op::Const(constant) if constant.0.as_str().is_some()));
    match ordering {
        Ordering::Eq if text => 15,
        Ordering::Eq => 250,
        Ordering::Ne => 850,
        Ordering::Lt | Ordering::Le | Ordering::Gt | Ordering::Ge => 400,
    }
}

fn literal_chance(op: &Op) -> u32 {
    match op {
        Op::Const(constant) => constant.0.as_str().map_or(300, |text| u32::from(of_literal(text.len()))),
        _ => 300,
    }
}

/// How often a text holds a literal of so many bytes. From English and from rules that are about
/// words of mail: short words are everywhere, long phrases nearly nowhere.
pub(super) fn of_literal(bytes: usize) -> u16 {
    match bytes {
        0..=2 => ALWAYS,
        3 => 400,
        4 => 200,
        5 => 100,
        6 => 60,
        7..=8 => 30,
        9..=11 => 12,
        12..=15 => 5,
        _ => 2,
    }
}
