//! From the typed tree to the plan: hash-consing, cost, order.

use super::{Node, NodeId, Op, Plan, PlanOptions, PlannedRule};
use crate::check::hir::{Expr, ExprKind, LocalId, Needles, Program, Set};
use crate::value::{Catalog, Cost, Type, Value};
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

pub(super) fn build(program: &Program, catalog: &Catalog, options: PlanOptions) -> Plan {
    let mut builder =
        Builder { catalog, options, nodes: Vec::new(), free: Vec::new(), known: HashMap::new(), names: Vec::new() };
    let mut rules = Vec::with_capacity(program.rules.len());
    for rule in &program.rules {
        let when = builder.node(&rule.when);
        let unless = rule.unless.iter().map(|(name, unless)| (name.clone(), builder.node(unless))).collect();
        rules.push(PlannedRule { when, unless });
    }
    Plan { nodes: builder.nodes, rules, options }
}

struct Builder<'c> {
    catalog: &'c Catalog,
    options: PlanOptions,
    nodes: Vec<Node>,
    /// The free bindings of each node.
    free: Vec<BTreeSet<LocalId>>,
    known: HashMap<String, NodeId>,
    /// Bindings in scope, outermost first; they are renamed by depth, so that equal quantifiers
    /// of different rules become equal nodes.
    names: Vec<(LocalId, LocalId)>,
}

impl Builder<'_> {
    fn node(&mut self, expr: &Expr) -> NodeId {
        let op = self.op(expr);
        let mut free = BTreeSet::new();
        let mut cost: u32 = self.own_cost(&op);
        for child in children(&op) {
            free.extend(self.free[child.0 as usize].iter().copied());
            cost = cost.saturating_add(self.nodes[child.0 as usize].cost);
        }
        match &op {
            Op::Local(id) => _ = free.insert(*id),
            Op::Quantified(_, collection, element, _) => {
                free.remove(element);
                free.extend(self.free[collection.0 as usize].iter().copied());
            }
            Op::Let(id, value, _) => {
                free.remove(id);
                free.extend(self.free[value.0 as usize].iter().copied());
            }
            _ => {}
        }
        self.intern(op, free, cost)
    }

    fn intern(&mut self, op: Op, free: BTreeSet<LocalId>, cost: u32) -> NodeId {
        let next = NodeId(self.nodes.len() as u32);
        if self.options.share {
            let key = key(&op);
            if let Some(known) = self.known.get(&key) {
                return *known;
            }
            self.known.insert(key, next);
        }
        self.nodes.push(Node { op, closed: free.is_empty(), cost });
        self.free.push(free);
        next
    }

    fn all(&mut self, exprs: &[Expr]) -> Vec<NodeId> {
        exprs.iter().map(|expr| self.node(expr)).collect()
    }

    fn ordered(&mut self, exprs: &[Expr]) -> Vec<NodeId> {
        let mut nodes = self.all(exprs);
        if self.options.reorder {
            nodes.sort_by_key(|node| self.nodes[node.0 as usize].cost);
        }
        nodes
    }

    fn bound<T>(&mut self, id: LocalId, build: impl FnOnce(&mut Self, LocalId) -> T) -> T {
        let renamed = if self.options.share { LocalId(self.names.len() as u32) } else { id };
        self.names.push((id, renamed));
        let result = build(self, renamed);
        self.names.pop();
        result
    }

    fn op(&mut self, expr: &Expr) -> Op {
        match &expr.kind {
            ExprKind::Const(value) => Op::Const(value.clone()),
            ExprKind::Message => Op::Message,
            ExprKind::Local(id) => {
                Op::Local(self.names.iter().rev().find(|(name, _)| name == id).map_or(*id, |(_, renamed)| *renamed))
            }
            ExprKind::List(id) => Op::List(id.0),
            ExprKind::Template(id) => Op::Template(*id),
            ExprKind::Field(base, field) => Op::Field(self.node(base), *field),
            ExprKind::Index(a, b) => Op::Index(self.node(a), self.node(b)),
            ExprKind::Key(a, b) => Op::Key(self.node(a), self.node(b)),
            ExprKind::Call(function, args) => Op::Call(*function, self.all(args)),
            ExprKind::Length(inner) => Op::Length(self.node(inner)),
            ExprKind::Sum(inner) => Op::Sum(self.node(inner)),
            ExprKind::Flatten(inner) => Op::Flatten(self.node(inner)),
            ExprKind::Keys(inner) => Op::Keys(self.node(inner)),
            ExprKind::Values(inner) => Op::Values(self.node(inner)),
            ExprKind::Quantified { quantifier, collection, element, body } => {
                let collection = self.node(collection);
                let (element, body) = self.bound(*element, |builder, renamed| (renamed, builder.node(body)));
                Op::Quantified(*quantifier, collection, element, body)
            }
            ExprKind::Let(id, value, body) => {
                let value = self.node(value);
                let (id, body) = self.bound(*id, |builder, renamed| (renamed, builder.node(body)));
                Op::Let(id, value, body)
            }
            ExprKind::Not(inner) => Op::Not(self.node(inner)),
            ExprKind::And(operands) => Op::And(self.ordered(operands)),
            ExprKind::Or(operands) => Op::Or(self.ordered(operands)),
            ExprKind::AtLeast(count, operands) => Op::AtLeast(*count, self.ordered(operands)),
            ExprKind::Compare(ordering, fold, a, b) => Op::Compare(*ordering, *fold, self.node(a), self.node(b)),
            ExprKind::In { left, fold, set } => {
                let left = self.node(left);
                match set {
                    Set::Exprs(items) => Op::InValues(left, *fold, self.all(items)),
                    Set::List(id) => Op::InList(left, *fold, id.0),
                    Set::Value(list) => Op::InValue(left, *fold, self.node(list)),
                }
            }
            ExprKind::Text { text, op, no_case, needles } => {
                let text = self.node(text);
                match needles {
                    Needles::Exprs(needles) => Op::TextValues(text, *op, *no_case, self.all(needles)),
                    Needles::Patterns(patterns) => Op::TextPatterns(text, *op, patterns.clone()),
                    Needles::List(id) => Op::TextList(text, *op, *no_case, id.0),
                }
            }
            ExprKind::IsNull(inner) => Op::IsNull(self.node(inner)),
            ExprKind::IsEmpty(inner) => Op::IsEmpty(self.node(inner)),
            ExprKind::Coalesce(operands) => Op::Coalesce(self.all(operands)),
            ExprKind::If(a, b, c) => Op::If(self.node(a), self.node(b), self.node(c)),
            ExprKind::Arith(op, a, b) => Op::Arith(*op, self.node(a), self.node(b)),
            ExprKind::Neg(inner) => Op::Neg(self.node(inner), expr.ty == Type::Duration),
            ExprKind::Array(items) => Op::Array(self.all(items)),
            ExprKind::Rule(id) => Op::Rule(*id),
        }
    }

    /// What the node itself costs, without its children.
    fn own_cost(&self, op: &Op) -> u32 {
        let class = |cost: Cost| match cost {
            Cost::Cheap => 1,
            Cost::Moderate => 20,
            Cost::Expensive => 400,
            Cost::Capability => 10_000,
        };
        match op {
            Op::Field(_, field) => class(self.catalog.field(*field).cost),
            Op::Call(function, _) => class(self.catalog.function(*function).cost),
            Op::Quantified(..) => 50,
            Op::TextPatterns(_, _, patterns) => 40 * patterns.len() as u32,
            Op::TextList(..) => 40,
            Op::TextValues(_, _, _, needles) => 5 * needles.len() as u32,
            Op::Rule(_) | Op::Template(_) => 100,
            _ => 1,
        }
    }
}

pub(super) fn children(op: &Op) -> Vec<NodeId> {
    match op {
        Op::Const(_) | Op::Message | Op::Local(_) | Op::List(_) | Op::Template(_) | Op::Rule(_) => Vec::new(),
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
        | Op::IsNull(a)
        | Op::IsEmpty(a)
        | Op::Neg(a, _) => vec![*a],
        Op::Index(a, b) | Op::Key(a, b) | Op::Compare(_, _, a, b) | Op::InValue(a, _, b) | Op::Arith(_, a, b) => {
            vec![*a, *b]
        }
        Op::Quantified(_, a, _, b) | Op::Let(_, a, b) => vec![*a, *b],
        Op::Call(_, all) | Op::And(all) | Op::Or(all) | Op::AtLeast(_, all) | Op::Coalesce(all) | Op::Array(all) => {
            all.clone()
        }
        Op::InValues(a, _, rest) | Op::TextValues(a, _, _, rest) => {
            std::iter::once(*a).chain(rest.iter().copied()).collect()
        }
        Op::If(a, b, c) => vec![*a, *b, *c],
    }
}

/// Structural identity: children are nodes already, so their numbers say it all.
fn key(op: &Op) -> String {
    match op {
        Op::Const(Value::Float(number)) => format!("float{:x}", number.to_bits()),
        Op::Const(value @ (Value::Record(_) | Value::List(_))) => identity(value),
        Op::Const(Value::Pattern(pattern)) => format!("pattern{:?}{:?}", pattern.source(), pattern.options()),
        Op::TextPatterns(text, op, patterns) => {
            patterns.iter().fold(format!("patterns{}{op:?}", text.0), |mut key, pattern| {
                let _ = write!(key, "{:?}{:?}", pattern.source(), pattern.options());
                key
            })
        }
        other => format!("{other:?}"),
    }
}

/// Records of the configuration have no printed form: they are equal if they are the same.
fn identity(value: &Value) -> String {
    match value {
        Value::Record(record) => format!("record{:p}", record.address()),
        Value::List(items) => items.iter().map(identity).fold("list[".into(), |all, one| all + &one + ","),
        other => format!("{other:?}"),
    }
}
