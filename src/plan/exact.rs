//! When the index alone says that a clause is unknown, so that nobody evaluates it.
//!
//! A guard can be lit by what a value holds, or only because it is absent. If only absence has lit
//! the guards of a clause, and it asks nothing else, nothing of it is true.

use super::guard::{Atom, Guard, Guards};
use super::intern::{Scope, Store};
use super::{NodeId, Op};
use crate::check::hir::{LocalId, Quantifier};
use crate::value::Value;
use foldhash::HashMap;

/// A clause that is unknown if nothing but absence has lit these guards of its rule: see
/// [`super::Conjunct`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exact {
    pub(super) layers: u8,
    pub(super) node: NodeId,
    pub(super) class: Option<ClassId>,
    /// It is true once a value has lit it.
    pub(super) certain: bool,
}

/// A number of a [`Class`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub u32);

/// Values of one element.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Class {
    /// The list, the same for the whole message.
    pub collection: NodeId,
    /// The binding of its elements.
    pub element: LocalId,
    /// The values, each once, in ascending order.
    pub values: Vec<NodeId>,
}

/// All classes, by number and by what they are.
#[derive(Debug, Default)]
pub(super) struct Classes {
    pub(super) list: Vec<Class>,
    known: HashMap<Class, ClassId>,
}

impl Classes {
    pub(super) fn add(&mut self, class: Class) -> ClassId {
        let next = ClassId(self.list.len() as u32);
        let id = *self.known.entry(class.clone()).or_insert(next);
        if id == next {
            self.list.push(class);
        }
        id
    }

    fn find(&self, class: &Class) -> Option<ClassId> {
        self.known.get(class).copied()
    }
}

/// The class of `any(list, f(.a) and g(.b))`, if each part asks one value.
pub(super) fn class(store: &Store<'_>, id: NodeId) -> Option<Class> {
    let Op::Quantified(Quantifier::Any, collection, element, body) = *store.op(id) else { return None };
    let Op::And(parts) = store.op(body) else { return None };
    let mut values = parts.iter().map(|part| asked(store, *part)).collect::<Option<Vec<NodeId>>>()?;
    values.sort_unstable();
    values.dedup();
    let of_element = values.iter().all(|value| store.scope(*value) == Scope::One(element));
    let closed = store.scope(collection) == Scope::Closed && !is_filter(store, collection);
    (closed && of_element).then_some(Class { collection, element, values })
}

fn is_filter(store: &Store<'_>, id: NodeId) -> bool {
    matches!(store.op(id), Op::Quantified(Quantifier::Filter, ..))
}

/// The value whose absence, and nothing else, makes the condition unknown.
fn asked(store: &Store<'_>, id: NodeId) -> Option<NodeId> {
    let constant = |id: &NodeId| matches!(store.op(*id), Op::Const(constant) if !matches!(constant.0, Value::Null));
    match store.op(id) {
        Op::TextSet(value, ..) => Some(*value),
        Op::InValues(value, _, items) if items.iter().all(constant) => Some(*value),
        Op::Compare(_, _, value, other) | Op::Compare(_, _, other, value) if constant(other) => {
            match store.op(*value) {
                Op::Call(_, args) => match args.as_slice() {
                    [arg, other] | [other, arg] if constant(other) => Some(*arg),
                    _ => None,
                },
                _ => Some(*value),
            }
        }
        _ => None,
    }
}

impl Guards<'_, '_> {
    /// The clauses of a rule whose guards, by clause and with their layers, are all there.
    pub(super) fn exact(&mut self, conjuncts: &[NodeId], layers: &[Vec<u8>]) -> Vec<Exact> {
        let mut found = Vec::new();
        for (node, layers) in conjuncts.iter().zip(layers) {
            let mask = layers.iter().fold(0, |mask, layer| mask | 1 << layer);
            if mask != 0 && self.is_exact(*node) {
                let certain = self.is_certain(*node);
                found.push(Exact { layers: mask, node: *node, class: None, certain });
            } else if let Some(class) = self.exact_class(*node, layers.len()) {
                found.push(Exact { layers: mask, node: *node, class: Some(class), certain: false });
            }
        }
        found
    }

    /// True if the condition is unknown once it is lit, and lit only by absence.
    fn is_exact(&mut self, id: NodeId) -> bool {
        if let Some(known) = self.known_exact.get(&id) {
            return *known;
        }
        let exact = self.find_exact(id);
        self.known_exact.insert(id, exact);
        exact
    }

    fn find_exact(&mut self, id: NodeId) -> bool {
        match self.store.op(id).clone() {
            Op::Or(operands) => operands.iter().all(|operand| self.is_exact(*operand)),
            // Of operands that are spared only absence lights it, so they need no guard.
            Op::AtLeast(1.., operands) => operands.iter().all(|operand| {
                self.is_exact(*operand) || matches!(self.store.op(*operand), Op::TextSet(text, ..) if self.store.scope(*text) == Scope::Closed)
            }),
            Op::Quantified(Quantifier::Any, collection, element, body) => {
                let closed = self.store.scope(collection) == Scope::Closed && !is_filter(self.store, collection);
                closed && self.is_lit_by_value(body, Scope::One(element))
            }
            _ => self.is_lit_by_value(id, Scope::Closed),
        }
    }

    /// True if the only guard of a condition asks the value that the condition asks.
    fn is_lit_by_value(&mut self, id: NodeId, scope: Scope) -> bool {
        let Some(value) = asked(self.store, id).filter(|value| self.store.scope(*value) == scope) else { return false };
        match &*self.of(id) {
            [Guard { atoms, .. }] => {
                atoms.iter().all(|atom| !matches!(atom, Atom::Truth(_)) && self.value(atom) == value)
            }
            _ => false,
        }
    }

    /// True if a lookup answers the condition, or that some element meets it: what is found is not asked again.
    fn is_certain(&mut self, id: NodeId) -> bool {
        match *self.store.op(id) {
            Op::Quantified(Quantifier::Any, _, _, body) => self.is_certain(body),
            Op::Compare(..) | Op::InValues(..) => self
                .of(id)
                .iter()
                .all(|guard| guard.atoms.iter().all(|atom| matches!(atom, Atom::Equal(..) | Atom::Number(..)))),
            _ => false,
        }
    }

    /// The class of a quantifier each part of which has a guard of its own.
    fn exact_class(&mut self, id: NodeId, guards: usize) -> Option<ClassId> {
        let class = self.classes.find(&class(self.store, id)?)?;
        let Op::Quantified(_, _, element, body) = *self.store.op(id) else { return None };
        let Op::And(parts) = self.store.op(body).clone() else { return None };
        let each = parts.iter().all(|part| self.is_lit_by_value(*part, Scope::One(element)));
        (each && parts.len() == guards && self.of(id).len() == guards).then_some(class)
    }
}
