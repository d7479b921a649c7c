//! All rules as one shared program: equal expressions become one node, wherever they stand.

mod build;
mod dump;

use crate::check::hir::{Arith, Fold, LocalId, Ordering, Program, Quantifier, RuleId, TemplateId};
use crate::matcher::Pattern;
use crate::syntax::ast::TextOp;
use crate::value::{Catalog, FieldId, FuncId, Value};
use std::sync::Arc;

/// A node of the plan; children have smaller ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// What a node computes. The meaning of each kind is that of the typed tree.
#[derive(Clone, Debug)]
pub enum Op {
    /// A constant.
    Const(Value),
    /// The message.
    Message,
    /// A bound value.
    Local(LocalId),
    /// All entries of a list.
    List(u32),
    /// A template matched against the message.
    Template(TemplateId),
    /// A field of a record.
    Field(NodeId, FieldId),
    /// An element by position.
    Index(NodeId, NodeId),
    /// An entry by name.
    Key(NodeId, NodeId),
    /// A function.
    Call(FuncId, Vec<NodeId>),
    /// Length of text, list or map.
    Length(NodeId),
    /// Sum of numbers.
    Sum(NodeId),
    /// Lists joined.
    Flatten(NodeId),
    /// Names of a map.
    Keys(NodeId),
    /// Values of a map.
    Values(NodeId),
    /// A quantifier.
    Quantified(Quantifier, NodeId, LocalId, NodeId),
    /// A binding.
    Let(LocalId, NodeId, NodeId),
    /// Negation.
    Not(NodeId),
    /// Conjunction, cheapest operand first.
    And(Vec<NodeId>),
    /// Disjunction, cheapest operand first.
    Or(Vec<NodeId>),
    /// At least so many.
    AtLeast(u32, Vec<NodeId>),
    /// A comparison.
    Compare(Ordering, Fold, NodeId, NodeId),
    /// Membership among computed values.
    InValues(NodeId, Fold, Vec<NodeId>),
    /// Membership in a declared list.
    InList(NodeId, Fold, u32),
    /// Membership in a computed list.
    InValue(NodeId, Fold, NodeId),
    /// Computed needles in a text.
    TextValues(NodeId, TextOp, bool, Vec<NodeId>),
    /// Patterns in a text.
    TextPatterns(NodeId, TextOp, Vec<Arc<Pattern>>),
    /// Entries of a declared list in a text.
    TextList(NodeId, TextOp, bool, u32),
    /// Absence.
    IsNull(NodeId),
    /// Emptiness.
    IsEmpty(NodeId),
    /// First that is not absent.
    Coalesce(Vec<NodeId>),
    /// Choice.
    If(NodeId, NodeId, NodeId),
    /// Arithmetic.
    Arith(Arith, NodeId, NodeId),
    /// Negated number; true for durations.
    Neg(NodeId, bool),
    /// A list of values.
    Array(Vec<NodeId>),
    /// Another rule's outcome.
    Rule(RuleId),
}

/// A node with what is known of it.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it computes.
    pub op: Op,
    /// True if no element of an enclosing quantifier occurs in it: its value is kept for the
    /// message.
    pub closed: bool,
    /// Rough cost, for the order of operands.
    pub cost: u32,
}

/// A rule in the plan.
#[derive(Clone, Debug)]
pub struct PlannedRule {
    /// Its condition.
    pub when: NodeId,
    /// Its suppressions, in written order.
    pub unless: Vec<(Arc<str>, NodeId)>,
}

/// Switches of the optimisations, each of which must not change any outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// Equal expressions become one node, and closed nodes keep their value.
    pub share: bool,
    /// Operands of `and` and `or` are ordered by cost, and evaluation stops when it is decided.
    pub reorder: bool,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self { share: true, reorder: true }
    }
}

/// The plan of a program. Immutable.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Nodes, children first.
    pub nodes: Vec<Node>,
    /// Rules by their ids.
    pub rules: Vec<PlannedRule>,
    /// How it was built.
    pub options: PlanOptions,
}

impl Plan {
    /// Builds the plan of a program.
    pub fn build(program: &Program, catalog: &Catalog, options: PlanOptions) -> Self {
        build::build(program, catalog, options)
    }

    /// The plan as text: stable, without addresses.
    pub fn dump(&self, program: &Program, catalog: &Catalog) -> String {
        dump::dump(self, program, catalog)
    }
}
