//! What undecided clauses lack, so far as many clauses share it.

use super::exact::ClassId;
use super::{Clause, NodeId, Reasons};
use crate::check::hir::LocalId;
use foldhash::HashMap;

/// What a clause lacks if it is undecided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lack {
    /// This value of the message, if that is absent.
    Value(NodeId),
    /// This value of some elements of a list, or the list.
    Elements(NodeId, LocalId, NodeId),
    /// If only absence lights it, values of elements that are asked together.
    Together(ClassId),
    /// What the node lacks.
    Node(NodeId),
}

/// A number of a [`Lack`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LackId(pub u32);

/// All of them, by number and by what they are.
#[derive(Debug, Default)]
pub(super) struct Lacks {
    pub(super) list: Vec<Lack>,
    known: HashMap<Lack, LackId>,
}

impl Lacks {
    pub(super) fn shared(&mut self, lack: Lack) -> Reasons {
        let next = LackId(self.list.len() as u32);
        let id = *self.known.entry(lack).or_insert(next);
        if id == next {
            self.list.push(lack);
        }
        Reasons::Shared(id)
    }

    /// Operands that all lack the same one value are undecided for the same reasons as each of them.
    pub(super) fn of_operands(&self, parts: Vec<Clause>) -> Reasons {
        let shared = |clause: &Clause| match clause.reasons {
            Reasons::Shared(id) => Some(id),
            Reasons::Operands(_) | Reasons::Own => None,
        };
        let first = parts.first().and_then(shared).filter(|id| parts.iter().all(|part| shared(part) == Some(*id)));
        let one_value = |id: &LackId| matches!(self.list[id.0 as usize], Lack::Value(_) | Lack::Elements(..));
        match first.filter(one_value) {
            Some(id) => Reasons::Shared(id),
            None => Reasons::Operands(parts),
        }
    }
}
