//! The store of nodes: equal ones exist once, and each knows the bindings that are free in it.

use super::cost::Costs;
use super::{Keep, Node, NodeId, Op};
use crate::check::hir::LocalId;
use foldhash::fast::RandomState;
use foldhash::{HashMap, HashMapExt};
use std::hash::BuildHasher;

/// A set of bindings, by its place in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct FreeId(u32);

const NOTHING: FreeId = FreeId(0);

/// What is free in a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Nothing: one value for the message.
    Closed,
    /// One binding.
    One(LocalId),
    /// Several.
    Many,
}

pub(super) struct Store<'c> {
    pub(super) nodes: Vec<Node>,
    pub(super) costs: Costs<'c>,
    /// Equal nodes become one.
    share: bool,
    free: Vec<FreeId>,
    /// True if the node holds a reference to a rule: it has no value before that rule has one.
    refers: Vec<bool>,
    /// How deep quantifiers stand within each other.
    nested: Vec<u8>,
    sets: Vec<Vec<LocalId>>,
    known_sets: HashMap<Vec<LocalId>, FreeId>,
    known: HashMap<u64, NodeId>,
    hasher: RandomState,
}

impl<'c> Store<'c> {
    /// With room for about so many nodes.
    pub(super) fn new(costs: Costs<'c>, share: bool, room: usize) -> Self {
        Self {
            nodes: Vec::with_capacity(room),
            costs,
            share,
            free: Vec::with_capacity(room),
            refers: Vec::with_capacity(room),
            nested: Vec::with_capacity(room),
            sets: vec![Vec::new()],
            known_sets: HashMap::from_iter([(Vec::new(), NOTHING)]),
            known: HashMap::with_capacity(if share { room } else { 0 }),
            hasher: RandomState::default(),
        }
    }

    pub(super) fn op(&self, id: NodeId) -> &Op {
        &self.nodes[id.0 as usize].op
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// Takes what was measured instead of the estimate.
    pub(super) fn measured(&mut self, id: NodeId, chance: u16) {
        self.nodes[id.0 as usize].chance = chance;
    }

    /// For each node whether it holds a reference to a rule.
    pub(super) fn referring(&self) -> &[bool] {
        &self.refers
    }

    pub(super) fn refers(&self, id: NodeId) -> bool {
        self.refers[id.0 as usize]
    }

    /// How deep quantifiers stand within each other.
    pub(super) fn nested(&self, id: NodeId) -> u8 {
        self.nested[id.0 as usize]
    }

    pub(super) fn scope(&self, id: NodeId) -> Scope {
        match self.sets[self.free[id.0 as usize].0 as usize].as_slice() {
            [] => Scope::Closed,
            [one] => Scope::One(*one),
            _ => Scope::Many,
        }
    }

    /// The node of an operation; the one that exists already if it is shared.
    pub(super) fn intern(&mut self, op: Op) -> NodeId {
        let next = NodeId(self.nodes.len() as u32);
        if self.share {
            let mut hash = self.hasher.hash_one(&op);
            while let Some(known) = self.known.get(&hash) {
                if self.nodes[known.0 as usize].op == op {
                    return *known;
                }
                hash = hash.wrapping_add(1);
            }
            self.known.insert(hash, next);
        }
        let free = self.free_of(&op);
        let mut refers = matches!(op, Op::Rule(_));
        let mut nested = 0;
        each_child(&op, |child| {
            refers |= self.refers[child.0 as usize];
            nested = self.nested[child.0 as usize].max(nested);
        });
        self.refers.push(refers);
        self.nested.push(nested.saturating_add(matches!(op, Op::Quantified(..)).into()));
        let (cost, chance) = self.costs.of(&op, &self.nodes);
        let truth = op.is_truth();
        self.nodes.push(Node { op, truth, keep: Keep::No, closed: free == NOTHING, cost, chance });
        self.free.push(free);
        next
    }

    fn free_of(&mut self, op: &Op) -> FreeId {
        match op {
            Op::Local(id) => self.set(vec![*id]),
            Op::Quantified(_, outer, bound, body) | Op::Let(bound, outer, body) => {
                let inner = self.without(self.free[body.0 as usize], *bound);
                self.union(self.free[outer.0 as usize], inner)
            }
            _ => {
                let mut all = NOTHING;
                each_child(op, |child| all = self.union(all, self.free[child.0 as usize]));
                all
            }
        }
    }

    fn set(&mut self, members: Vec<LocalId>) -> FreeId {
        if let Some(known) = self.known_sets.get(&members) {
            return *known;
        }
        let id = FreeId(self.sets.len() as u32);
        self.sets.push(members.clone());
        self.known_sets.insert(members, id);
        id
    }

    fn union(&mut self, a: FreeId, b: FreeId) -> FreeId {
        if a == b || b == NOTHING {
            return a;
        }
        if a == NOTHING {
            return b;
        }
        let mut members = self.sets[a.0 as usize].clone();
        members.extend(&self.sets[b.0 as usize]);
        members.sort_unstable();
        members.dedup();
        self.set(members)
    }

    fn without(&mut self, from: FreeId, bound: LocalId) -> FreeId {
        let members = &self.sets[from.0 as usize];
        if !members.contains(&bound) {
            return from;
        }
        let rest = members.iter().copied().filter(|member| *member != bound).collect();
        self.set(rest)
    }
}

/// Visits the direct operands in evaluation order.
pub(super) fn each_child(op: &Op, mut visit: impl FnMut(NodeId)) {
    match op {
        Op::Const(_) | Op::Message | Op::Local(_) | Op::List(_) | Op::Template(_) | Op::Rule(_) => {}
        Op::Field(a, _)
        | Op::Length(a)
        | Op::Sum(a)
        | Op::Flatten(a)
        | Op::Keys(a)
        | Op::Values(a)
        | Op::Not(a)
        | Op::InList(a, ..)
        | Op::TextPatterns(a, ..)
        | Op::TextList(a, ..)
        | Op::TextSet(a, ..)
        | Op::IsNull(a)
        | Op::IsEmpty(a)
        | Op::Neg(a, _) => visit(*a),
        Op::Index(a, b)
        | Op::Key(a, b)
        | Op::Compare(_, _, a, b)
        | Op::InValue(a, _, b)
        | Op::Arith(_, a, b)
        | Op::Quantified(_, a, _, b)
        | Op::Let(_, a, b) => {
            visit(*a);
            visit(*b);
        }
        Op::Call(_, all) | Op::And(all) | Op::Or(all) | Op::AtLeast(_, all) | Op::Coalesce(all) | Op::Array(all) => {
            all.iter().copied().for_each(visit);
        }
        Op::InValues(a, _, rest) | Op::TextValues(a, _, _, rest) => {
            visit(*a);
            rest.iter().copied().for_each(visit);
        }
        Op::If(a, b, c) => {
            visit(*a);
            visit(*b);
            visit(*c);
        }
    }
}
