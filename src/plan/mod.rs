//! All rules as one shared program: equal expressions become one node, wherever they stand; all
//! questions about one text become one set; an index tells which rules can hold at all.

mod build;
mod constant;
mod cost;
mod draft;
mod dump;
mod exact;
mod guard;
mod index;
mod intern;
mod lack;
mod near;
mod reasons;
mod settle;
mod texts;

pub use constant::{Constant, SharedPattern};
pub use exact::{Class, ClassId};
pub use guard::NumberKind;
pub use index::{Bits, Group, Index, Keys, Probe, Span, Subject};
pub use lack::{Lack, LackId};
pub use near::each_deletion;
pub use reasons::operands;
pub use settle::{Asks, LackPart, Settlement, Settler, SignatureId};
pub use texts::{Needle, TextHits, TextSet, TextUse};

use crate::check::hir::{Arith, Expr, Fold, LocalId, Ordering, Program, Quantifier, RuleId, TemplateId};
use crate::syntax::ast::TextOp;
use crate::value::{Catalog, FieldId, FuncId};
use std::ops::Range;
use std::sync::Arc;

/// A node of the plan; children have smaller ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// What a node computes. The meaning of each kind is that of the typed tree.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// A constant.
    Const(Constant),
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
    /// Conjunction, the operand that decides most cheaply first.
    And(Vec<NodeId>),
    /// Disjunction, the operand that decides most cheaply first.
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
    TextPatterns(NodeId, TextOp, Vec<SharedPattern>),
    /// Entries of a declared list in a text.
    TextList(NodeId, TextOp, bool, u32),
    /// Any of these needles of a text's set is in the text.
    TextSet(NodeId, u32, Vec<u32>),
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

impl Op {
    /// True if the result can only be true, false or unknown.
    pub fn is_truth(&self) -> bool {
        match self {
            Self::Not(_)
            | Self::And(_)
            | Self::Or(_)
            | Self::AtLeast(..)
            | Self::Compare(..)
            | Self::InValues(..)
            | Self::InList(..)
            | Self::InValue(..)
            | Self::TextValues(..)
            | Self::TextPatterns(..)
            | Self::TextList(..)
            | Self::TextSet(..)
            | Self::IsNull(_)
            | Self::IsEmpty(_)
            | Self::Rule(_) => true,
            Self::Quantified(quantifier, ..) => matches!(
                quantifier,
                Quantifier::Any | Quantifier::All | Quantifier::None | Quantifier::Exactly(_) | Quantifier::AtLeast(_)
            ),
            Self::Const(_)
            | Self::Message
            | Self::Local(_)
            | Self::List(_)
            | Self::Template(_)
            | Self::Field(..)
            | Self::Index(..)
            | Self::Key(..)
            | Self::Call(..)
            | Self::Length(_)
            | Self::Sum(_)
            | Self::Flatten(_)
            | Self::Keys(_)
            | Self::Values(_)
            | Self::Let(..)
            | Self::Coalesce(_)
            | Self::If(..)
            | Self::Arith(..)
            | Self::Neg(..)
            | Self::Array(_) => false,
        }
    }
}

/// How long a node's value stays valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It is computed again each time.
    No,
    /// For the message, in this place among the truths, or among the values.
    Message(u32),
    /// For each element of the closed list that this binding walks, in this place.
    Element(u32, LocalId),
}

/// The place of truths that are not kept.
pub const NOWHERE: u32 = u32::MAX;

/// A node with what is known of it.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it computes.
    pub op: Op,
    /// Where its value is kept.
    pub keep: Keep,
    /// True if it can only be true, false or unknown: see [`Op::is_truth`].
    pub truth: bool,
    /// True if no element of an enclosing quantifier occurs in it.
    pub closed: bool,
    /// Rough cost of computing it, children included.
    pub cost: u32,
    /// Thousandths of messages (or elements) on which it is expected not to be false.
    pub chance: u16,
}

/// A rule in the plan.
#[derive(Clone, Debug)]
pub struct PlannedRule {
    /// Its condition.
    pub when: NodeId,
    /// The condition's operands, in [`Plan::conjuncts`].
    pub conjuncts: Range<u32>,
    /// Its suppressions, in written order.
    pub unless: Vec<(Arc<str>, NodeId)>,
    /// The conjuncts of the condition in written order.
    pub clauses: Vec<Clause>,
}

/// An operand of a rule's conjunction, in the order of evaluation. Those of one rule lie together.
#[derive(Clone, Copy, Debug)]
pub struct Conjunct {
    /// Its node.
    pub node: NodeId,
    /// Where its truth is kept; [`NOWHERE`] if it is not.
    pub place: u32,
    /// Layers of the index, as bits: if none of them is lit by a value, the conjunct is unknown. None:
    /// the index knows nothing of it.
    pub layers: u8,
    /// It is false, too, unless all these values of some element are absent.
    pub class: Option<ClassId>,
    /// Lit by a value it is true.
    pub certain: bool,
}

/// A conjunct of a rule, or a part of one, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Its node.
    pub node: NodeId,
    /// Where its truth is kept; [`NOWHERE`] if it is not.
    pub place: u32,
    /// What its being undecided depends on.
    pub reasons: Reasons,
}

/// Which clauses lack the same when they are undecided, so that it is found out once a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reasons {
    /// All that share this.
    Shared(LackId),
    /// It lacks what its undecided operands lack.
    Operands(Vec<Clause>),
    /// None: the clause is asked each time.
    Own,
}

/// Switches of the optimisations, each of which must not change any outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// Equal expressions become one node, and values are kept for the message or the element.
    pub share: bool,
    /// Operands of `and` and `or` are ordered by cost and chance, and evaluation stops when it is
    /// decided.
    pub reorder: bool,
    /// Constants are folded, conditions flattened and brought to a normal form, bindings inlined.
    pub fold: bool,
    /// All constant needles that are looked for in one text become one set, scanned once.
    pub batch: bool,
    /// An index decides which rules can hold; the others are not evaluated.
    pub guard: bool,
    /// The index also tells which clauses are unknown; they are not evaluated. Nothing without it.
    pub exact: bool,
    /// What many rules ask is settled for all of them at once, and rules of which nothing else is left are
    /// not evaluated. Nothing without the index.
    pub settle: bool,
}

impl PlanOptions {
    /// The plain plan: sharing and order, every rule evaluated, every needle looked for alone.
    pub const PLAIN: Self =
        Self { share: true, reorder: true, fold: false, batch: false, guard: false, exact: false, settle: false };

    /// How many combinations there are.
    pub const COMBINATIONS: usize = 80;

    /// Every combination, for differential tests.
    pub fn combinations() -> impl Iterator<Item = Self> {
        let all = (0..128_u8).map(|bits| Self {
            share: bits & 1 != 0,
            reorder: bits & 2 != 0,
            fold: bits & 4 != 0,
            batch: bits & 8 != 0,
            guard: bits & 16 != 0,
            exact: bits & 32 != 0,
            settle: bits & 64 != 0,
        });
        all.filter(|options| options.guard || !(options.exact || options.settle))
    }
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self { share: true, reorder: true, fold: true, batch: true, guard: true, exact: true, settle: true }
    }
}

/// What was measured of a clause.
pub type Measured<'m> = &'m dyn Fn(&Expr) -> Option<u16>;

/// The plan of a program. Immutable.
#[derive(Debug)]
pub struct Plan {
    /// Nodes, children first.
    pub nodes: Vec<Node>,
    /// Rules by their ids.
    pub rules: Vec<PlannedRule>,
    /// The needles of each text.
    pub texts: Vec<TextUse>,
    /// Which rules can hold.
    pub index: Index,
    /// The operands of all rules' conditions.
    pub conjuncts: Vec<Conjunct>,
    /// What decides many rules at once.
    pub settlement: Settlement,
    /// Values that are asked together.
    pub classes: Vec<Class>,
    /// What undecided clauses can lack.
    pub lacks: Vec<Lack>,
    /// Number of bindings.
    pub locals: usize,
    /// Number of truths that are kept for the message.
    pub truth_slots: usize,
    /// Number of values that are kept for the message.
    pub value_slots: usize,
    /// Number of values that are kept for each element of a list.
    pub element_slots: usize,
    /// How it was built.
    pub options: PlanOptions,
    /// Tells it from all others of this process.
    pub serial: u64,
}

impl Plan {
    /// Builds the plan of a program. `measured` tells of clauses of rules how often they are not false,
    /// in thousandths, where that is known: it only decides an order.
    pub fn build(program: &Program, catalog: &Catalog, options: PlanOptions, measured: Measured<'_>) -> Self {
        build::build(program, catalog, options, measured)
    }

    /// The plan as text: stable, without addresses.
    pub fn dump(&self, program: &Program, catalog: &Catalog) -> String {
        dump::dump(self, program, catalog)
    }
}
