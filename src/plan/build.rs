//! From the typed tree to the plan: every expression becomes a node in normal form.

use super::constant::{Constant, SharedPattern};
use super::cost::{Costs, rank};
use super::exact::{self, Classes, Exact};
use super::intern::{Scope, Store, each_child};
use super::lack::{Lack, Lacks};
use super::texts::{Needle, TextDraft, TextUse};
use super::{
    Clause, Conjunct, Keep, Measured, NOWHERE, Node, NodeId, Op, Plan, PlanOptions, PlannedRule, Reasons, guard,
    reasons, settle,
};
use crate::check::hir::{Expr, ExprKind, Fold, LocalId, Needles, Ordering, Program, Quantifier, Set};
use crate::syntax::ast::TextOp;
use crate::value::{Catalog, Type, Value};
use foldhash::{HashMap, HashMapExt, HashSetExt};
use std::cmp;
use std::sync::atomic::{self, AtomicU64};

/// Nodes that a rule of a large set is expected to add.
const NODES: usize = 6;

/// So few operands are compared with each other.
const FEW: usize = 16;

/// Longer lists that are written value by value are walked as others are.
const MAX_ONE_BY_ONE: usize = 8;

/// Plans that this process has built.
static SERIAL: AtomicU64 = AtomicU64::new(1);

pub(super) fn build(program: &Program, catalog: &Catalog, options: PlanOptions, measured: Measured<'_>) -> Plan {
    let mut builder = Builder::new(catalog, options, measured, program.rules.len());
    let mut rules = Vec::with_capacity(program.rules.len());
    for rule in &program.rules {
        builder.clauses = Some(Vec::new());
        builder.lowered.clear();
        let when = builder.node(&rule.when);
        let nodes = builder.clauses.take().filter(|clauses| !clauses.is_empty()).unwrap_or_else(|| vec![when]);
        let clauses = builder.reasons(&rule.when, nodes);
        let unless = rule.unless.iter().map(|(name, unless)| (name.clone(), builder.node(unless))).collect();
        rules.push(PlannedRule { when, conjuncts: 0..0, unless, clauses });
    }
    let texts: Vec<TextUse> = std::mem::take(&mut builder.texts)
        .into_iter()
        .map(|(text, draft)| TextUse { text, element: builder.element_of(text), set: draft.build() })
        .collect();
    let parents = parents(&builder.store, &rules);
    let (index, exact) = if options.guard {
        guard::index(&mut builder.store, &builder.locals, &builder.classes, &texts, &rules, &parents, options.exact)
    } else {
        (super::Index::default(), vec![Vec::new(); rules.len()])
    };
    let refers = if options.settle { builder.store.referring().to_vec() } else { Vec::new() };
    let mut plan = finish(builder, rules, texts, index, &parents);
    place(&mut plan, &exact);
    if options.settle {
        plan.settlement = settle::settle(&plan, &refers);
    }
    plan
}

/// Lays the operands of all conditions out, and tells clauses where their truths are kept.
fn place(plan: &mut Plan, exact: &[Vec<Exact>]) {
    let Plan { nodes, rules, conjuncts, truth_slots, .. } = plan;
    let mut places = Places { nodes, values: HashMap::new(), next: *truth_slots as u32 };
    for (rule, exact) in rules.iter_mut().zip(exact) {
        let start = conjuncts.len() as u32;
        let operands = match &places.nodes[rule.when.0 as usize].op {
            Op::And(operands) => operands.as_slice(),
            _ => std::slice::from_ref(&rule.when),
        };
        for node in operands {
            let place = places.of(*node);
            let known = exact.iter().find(|exact| exact.node == *node).filter(|_| place != NOWHERE);
            let (layers, class) = known.map_or((0, None), |exact| (exact.layers, exact.class));
            let certain = known.is_some_and(|exact| exact.certain);
            conjuncts.push(Conjunct { node: *node, place, layers, class, certain });
        }
        rule.conjuncts = start..conjuncts.len() as u32;
        rule.clauses.iter_mut().for_each(|clause| clause.place(&mut places));
    }
    *truth_slots = places.next as usize;
}

/// Where the truths of conditions are kept. Values that are conditions, `type.inbound`, have places among
/// the truths too.
struct Places<'p> {
    nodes: &'p [Node],
    values: HashMap<NodeId, u32>,
    next: u32,
}

impl Places<'_> {
    fn of(&mut self, id: NodeId) -> u32 {
        match self.nodes[id.0 as usize] {
            Node { keep: Keep::Message(place), truth: true, .. } => place,
            Node { keep: Keep::Message(_), truth: false, .. } => *self.values.entry(id).or_insert_with(|| {
                self.next += 1;
                self.next - 1
            }),
            _ => NOWHERE,
        }
    }
}

impl Clause {
    fn place(&mut self, places: &mut Places<'_>) {
        self.place = places.of(self.node);
        if let Reasons::Operands(parts) = &mut self.reasons {
            parts.iter_mut().for_each(|part| part.place(places));
        }
    }
}

/// How often each node is used.
fn parents(store: &Store<'_>, rules: &[PlannedRule]) -> Vec<u32> {
    let mut parents = vec![0_u32; store.nodes.len()];
    let mut add = |id: NodeId| parents[id.0 as usize] = parents[id.0 as usize].saturating_add(1);
    store.nodes.iter().for_each(|node| each_child(&node.op, &mut add));
    for rule in rules {
        add(rule.when);
        rule.unless.iter().for_each(|(_, unless)| add(*unless));
    }
    parents
}

/// Gives every value that is worth keeping its place.
fn finish(
    builder: Builder<'_>,
    rules: Vec<PlannedRule>,
    texts: Vec<TextUse>,
    index: super::Index,
    parents: &[u32],
) -> Plan {
    let Builder { store, locals, options, classes, lacks, .. } = builder;
    let (mut truth_slots, mut value_slots, mut element_slots) = (0_u32, 0_u32, 0_u32);
    let next = |slots: &mut u32| {
        *slots += 1;
        *slots - 1
    };
    let keep = |(index, node): (usize, &Node)| {
        if !options.share || matches!(node.op, Op::Const(_) | Op::Message | Op::Local(_)) {
            return Keep::No;
        }
        let shared = parents.get(index).is_some_and(|parents| *parents > 1);
        match store.scope(NodeId(index as u32)) {
            Scope::Closed if node.truth => Keep::Message(next(&mut truth_slots)),
            Scope::Closed => Keep::Message(next(&mut value_slots)),
            Scope::One(local) if locals.walks_closed(local, &store) && shared => {
                Keep::Element(next(&mut element_slots), local)
            }
            Scope::One(_) | Scope::Many => Keep::No,
        }
    };
    let keeps: Vec<Keep> = store.nodes.iter().enumerate().map(keep).collect();
    let mut nodes = store.nodes;
    nodes.iter_mut().zip(keeps).for_each(|(node, keep)| node.keep = keep);
    Plan {
        nodes,
        rules,
        texts,
        index,
        conjuncts: Vec::new(),
        settlement: settle::Settlement::default(),
        classes: classes.list,
        lacks: lacks.list,
        locals: locals.list.len(),
        truth_slots: truth_slots as usize,
        value_slots: value_slots as usize,
        element_slots: element_slots as usize,
        options,
        serial: SERIAL.fetch_add(1, atomic::Ordering::Relaxed),
    }
}

/// What bindings stand for. With sharing, two quantifiers over the same list have the same
/// binding, so that what they ask of an element is one node.
#[derive(Default)]
pub(super) struct Locals {
    /// True for an element of a list, with the list or the bound value.
    list: Vec<(bool, NodeId)>,
    known: HashMap<(bool, NodeId, usize), LocalId>,
}

impl Locals {
    /// The list whose element the binding is.
    pub(super) fn list(&self, local: LocalId) -> Option<NodeId> {
        let (element, origin) = *self.list.get(local.0 as usize)?;
        element.then_some(origin)
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// True if the binding is an element of a list that is the same for the whole message.
    fn walks_closed(&self, local: LocalId, store: &Store<'_>) -> bool {
        self.list(local).is_some_and(|list| store.scope(list) == Scope::Closed)
    }
}

fn holds(ordering: Ordering, found: cmp::Ordering) -> bool {
    match ordering {
        Ordering::Lt => found.is_lt(),
        Ordering::Le => found.is_le(),
        Ordering::Gt => found.is_gt(),
        Ordering::Ge => found.is_ge(),
        Ordering::Eq => found.is_eq(),
        Ordering::Ne => found.is_ne(),
    }
}

struct Builder<'c> {
    store: Store<'c>,
    options: PlanOptions,
    measured: Measured<'c>,
    /// Bindings of the tree in scope, with their nodes.
    names: Vec<(LocalId, NodeId)>,
    /// Bindings of the plan in scope.
    open: Vec<(bool, NodeId)>,
    locals: Locals,
    texts: Vec<(NodeId, TextDraft)>,
    known_texts: HashMap<NodeId, u32>,
    classes: Classes,
    lacks: Lacks,
    /// The conjuncts of the rule at hand, as long as only they have been met.
    clauses: Option<Vec<NodeId>>,
    /// The nodes of the rule's expressions outside of bindings, by the address of the expression.
    lowered: HashMap<usize, NodeId>,
    /// The values of a written list are asked one by one.
    one_by_one: bool,
}

impl<'c> Builder<'c> {
    fn new(catalog: &'c Catalog, options: PlanOptions, measured: Measured<'c>, rules: usize) -> Self {
        Self {
            store: Store::new(Costs::new(catalog), options.share, rules * NODES),
            options,
            measured,
            names: Vec::new(),
            open: Vec::new(),
            locals: Locals::default(),
            texts: Vec::new(),
            known_texts: HashMap::new(),
            classes: Classes::default(),
            lacks: Lacks::default(),
            clauses: None,
            lowered: HashMap::new(),
            one_by_one: false,
        }
    }

    fn all(&mut self, exprs: &[Expr]) -> Vec<NodeId> {
        exprs.iter().map(|expr| self.node(expr)).collect()
    }

    fn constant(&mut self, value: Value) -> NodeId {
        self.store.intern(Op::Const(Constant(value)))
    }

    fn as_constant(&self, id: NodeId) -> Option<&Value> {
        match self.store.op(id) {
            Op::Const(constant) => Some(&constant.0),
            _ => None,
        }
    }

    /// The conjuncts at the top of a rule, which profiles name.
    fn top(&mut self, operands: &[Expr]) -> Vec<NodeId> {
        let recorded = self.clauses.take();
        let nodes = self.all(operands);
        if recorded.is_some() {
            for (expr, node) in operands.iter().zip(&nodes) {
                if let Some(chance) = (self.measured)(expr) {
                    self.store.measured(*node, chance);
                }
            }
            self.clauses = Some(nodes.clone());
        }
        nodes
    }

    /// The clauses with what they share with others when they are undecided.
    fn reasons(&mut self, when: &Expr, nodes: Vec<NodeId>) -> Vec<Clause> {
        let exprs = match &when.kind {
            ExprKind::And(operands) => operands.as_slice(),
            _ => std::slice::from_ref(when),
        };
        // Under a `let` the clauses are not these expressions.
        let known = self.options.share && exprs.len() == nodes.len() && !matches!(when.kind, ExprKind::Let(..));
        let clause = |(index, node): (usize, NodeId)| {
            let expr = exprs.get(index).filter(|_| known);
            Clause { node, place: NOWHERE, reasons: expr.map_or(Reasons::Own, |expr| self.reasons_of(expr, node)) }
        };
        nodes.into_iter().enumerate().map(clause).collect()
    }

    fn reasons_of(&mut self, expr: &Expr, node: NodeId) -> Reasons {
        if let Some(value) = reasons::only_value(expr, self.store.costs.catalog()) {
            let value = self.node_again(value);
            return self.lacks.shared(Lack::Value(value));
        }
        if reasons::only_value_of_elements(expr).is_some()
            && let Some(lack) = self.value_of_elements(node)
        {
            return self.lacks.shared(lack);
        }
        if reasons::are_values_of_elements(expr)
            && let Some(class) = exact::class(&self.store, node)
        {
            let class = self.classes.add(class);
            return self.lacks.shared(Lack::Together(class));
        }
        if reasons::are_listed_values(expr) {
            return self.lacks.shared(Lack::Node(node));
        }
        if let Some(operands) = reasons::operands(expr) {
            let parts = operands.iter().map(|operand| {
                let node = self.node_again(operand);
                Clause { node, place: NOWHERE, reasons: self.reasons_of(operand, node) }
            });
            let parts = parts.collect();
            return self.lacks.of_operands(parts);
        }
        if reasons::follow_the_node(expr) { self.lacks.shared(Lack::Node(node)) } else { Reasons::Own }
    }

    /// The value that a quantifier asks of each element.
    fn value_of_elements(&self, node: NodeId) -> Option<Lack> {
        match self.store.op(node) {
            // `none` is `not any`.
            Op::Not(inner) => self.value_of_elements(*inner),
            Op::Quantified(_, collection, element, body) => {
                let value = match self.store.op(*body) {
                    Op::TextSet(value, ..) | Op::TextValues(value, ..) | Op::TextPatterns(value, ..) => *value,
                    Op::InValues(value, ..) => *value,
                    Op::Compare(_, _, a, b) => {
                        if self.as_constant(*a).is_some() {
                            *b
                        } else {
                            *a
                        }
                    }
                    _ => return None,
                };
                Some(Lack::Elements(*collection, *element, value))
            }
            _ => None,
        }
    }

    /// The node of an expression that may have been met before.
    fn node_again(&mut self, expr: &Expr) -> NodeId {
        match self.lowered.get(&std::ptr::from_ref(expr).addr()) {
            Some(known) => *known,
            None => self.node(expr),
        }
    }

    fn node(&mut self, expr: &Expr) -> NodeId {
        let recorded = match &expr.kind {
            ExprKind::And(_) | ExprKind::Let(..) => None,
            _ => self.clauses.take(),
        };
        let node = self.lower(expr);
        if self.names.is_empty() {
            self.lowered.insert(std::ptr::from_ref(expr).addr(), node);
        }
        if recorded.is_some() {
            self.clauses = Some(vec![node]);
        }
        node
    }

    fn lower(&mut self, expr: &Expr) -> NodeId {
        let op = match &expr.kind {
            ExprKind::Const(value) => Op::Const(Constant(value.clone())),
            ExprKind::Message => Op::Message,
            ExprKind::Local(id) => {
                let found = self.names.iter().rev().find(|(name, _)| name == id).map(|(_, node)| *node);
                return found.unwrap_or_else(|| self.constant(Value::Null));
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
                if let ExprKind::Array(items) = &collection.kind
                    && let Some(node) = self.one_by_one(*quantifier, items, *element, body)
                {
                    return node;
                }
                let collection = self.node(collection);
                return self.quantified(*quantifier, collection, *element, body);
            }
            ExprKind::Let(id, value, body) => {
                let recorded = self.clauses.take();
                let value = self.node(value);
                self.clauses = recorded;
                return self.binding(*id, value, body);
            }
            ExprKind::Not(inner) => {
                let inner = self.node(inner);
                return self.not(inner);
            }
            ExprKind::And(operands) => {
                let operands = self.top(operands);
                return self.junction(operands, true);
            }
            ExprKind::Or(operands) => {
                let operands = self.all(operands);
                return self.junction(operands, false);
            }
            ExprKind::AtLeast(count, operands) => {
                let operands = self.all(operands);
                return self.at_least(*count, operands);
            }
            ExprKind::Compare(ordering, fold, a, b) => {
                let (a, b) = (self.node(a), self.node(b));
                return self.compare(*ordering, *fold, a, b);
            }
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
                return self.text(text, *op, *no_case, needles);
            }
            ExprKind::IsNull(inner) => Op::IsNull(self.node(inner)),
            ExprKind::IsEmpty(inner) => Op::IsEmpty(self.node(inner)),
            ExprKind::Coalesce(operands) => {
                let operands = self.all(operands);
                return self.coalesce(operands);
            }
            ExprKind::If(a, b, c) => {
                let (a, b, c) = (self.node(a), self.node(b), self.node(c));
                match self.as_constant(a) {
                    Some(Value::Bool(chosen)) if self.options.fold => return if *chosen { b } else { c },
                    _ => Op::If(a, b, c),
                }
            }
            ExprKind::Arith(op, a, b) => Op::Arith(*op, self.node(a), self.node(b)),
            ExprKind::Neg(inner) => Op::Neg(self.node(inner), expr.ty == Type::Duration),
            ExprKind::Array(items) => Op::Array(self.all(items)),
            ExprKind::Rule(id) => Op::Rule(*id),
        };
        self.store.intern(op)
    }

    /// Enters a binding of the plan.
    fn enter(&mut self, element: bool, origin: NodeId) -> LocalId {
        let key = (element, origin);
        let local = if self.options.share {
            let depth = self.open.iter().filter(|open| **open == key).count();
            let next = LocalId(self.locals.list.len() as u32);
            *self.locals.known.entry((element, origin, depth)).or_insert(next)
        } else {
            // By depth: then it stands for no list in particular.
            LocalId(self.open.len() as u32)
        };
        if local.0 as usize == self.locals.list.len() {
            self.locals.list.push((element && self.options.share, origin));
        }
        self.open.push(key);
        local
    }

    fn bound(&mut self, id: LocalId, local: LocalId, body: &Expr) -> NodeId {
        let node = self.store.intern(Op::Local(local));
        self.names.push((id, node));
        let body = self.node(body);
        self.names.pop();
        self.open.pop();
        body
    }

    /// What is asked of each of a few values that are written one by one: the same as of each alone.
    fn one_by_one(&mut self, quantifier: Quantifier, items: &[Expr], element: LocalId, body: &Expr) -> Option<NodeId> {
        let and = match quantifier {
            Quantifier::Any | Quantifier::None => false,
            Quantifier::All => true,
            _ => return None,
        };
        // Within each other they would multiply.
        if !self.options.fold || self.one_by_one || items.len() > MAX_ONE_BY_ONE {
            return None;
        }
        let items = self.all(items);
        self.one_by_one = true;
        let asked = items.into_iter().map(|item| {
            self.names.push((element, item));
            let body = self.node(body);
            self.names.pop();
            body
        });
        let asked = asked.collect();
        self.one_by_one = false;
        let node = self.junction(asked, and);
        Some(if quantifier == Quantifier::None { self.not(node) } else { node })
    }

    fn quantified(&mut self, quantifier: Quantifier, collection: NodeId, element: LocalId, body: &Expr) -> NodeId {
        let local = self.enter(true, collection);
        let body = self.bound(element, local, body);
        let (quantifier, negated) = match quantifier {
            Quantifier::None if self.options.fold => (Quantifier::Any, true),
            Quantifier::AtLeast(1) if self.options.fold => (Quantifier::Any, false),
            other => (other, false),
        };
        let node = self.store.intern(Op::Quantified(quantifier, collection, local, body));
        if negated { self.not(node) } else { node }
    }

    /// A value that is kept anyway needs no binding.
    fn binding(&mut self, id: LocalId, value: NodeId, body: &Expr) -> NodeId {
        let kept = match self.store.scope(value) {
            Scope::Closed => true,
            Scope::One(local) => self.locals.walks_closed(local, &self.store),
            Scope::Many => false,
        };
        if kept && self.options.fold && self.options.share {
            self.names.push((id, value));
            let body = self.node(body);
            self.names.pop();
            return body;
        }
        let local = self.enter(false, value);
        let body = self.bound(id, local, body);
        self.store.intern(Op::Let(local, value, body))
    }

    fn not(&mut self, inner: NodeId) -> NodeId {
        if !self.options.fold {
            return self.store.intern(Op::Not(inner));
        }
        match self.store.op(inner).clone() {
            Op::Const(Constant(Value::Bool(value))) => self.constant(Value::Bool(!value)),
            Op::Not(twice) if self.store.op(twice).is_truth() => twice,
            Op::Or(operands) => {
                let negated = operands.into_iter().map(|operand| self.not(operand)).collect();
                self.junction(negated, true)
            }
            Op::And(operands) => {
                let negated = operands.into_iter().map(|operand| self.not(operand)).collect();
                self.junction(negated, false)
            }
            Op::Compare(Ordering::Eq, fold, a, b) => self.store.intern(Op::Compare(Ordering::Ne, fold, a, b)),
            Op::Compare(Ordering::Ne, fold, a, b) => self.store.intern(Op::Compare(Ordering::Eq, fold, a, b)),
            _ => self.store.intern(Op::Not(inner)),
        }
    }

    /// `and` or `or`: flat, without what decides nothing, each operand once.
    fn junction(&mut self, operands: Vec<NodeId>, and: bool) -> NodeId {
        let mut flat = operands;
        if self.options.fold {
            flat = match self.flattened(&flat, and) {
                Some(flat) => flat,
                None => return self.constant(Value::Bool(!and)),
            };
            match flat.as_slice() {
                [] => return self.constant(Value::Bool(and)),
                [only] if self.store.op(*only).is_truth() => return *only,
                _ => {}
            }
        }
        if self.options.reorder {
            flat.sort_by_key(|id| (rank(self.store.node(*id), !and), *id));
        }
        self.store.intern(if and { Op::And(flat) } else { Op::Or(flat) })
    }

    /// The operands with those of nested junctions; `None` if a constant decides.
    fn flattened(&mut self, operands: &[NodeId], and: bool) -> Option<Vec<NodeId>> {
        let mut flat = Vec::with_capacity(operands.len());
        for operand in operands {
            match (self.store.op(*operand), and) {
                (Op::And(inner), true) | (Op::Or(inner), false) => flat.extend(inner),
                (Op::Const(Constant(Value::Bool(value))), _) if *value == and => {}
                (Op::Const(Constant(Value::Bool(_))), _) => return None,
                _ => flat.push(*operand),
            }
        }
        if flat.len() > FEW {
            let mut seen = foldhash::HashSet::with_capacity(flat.len());
            flat.retain(|id| seen.insert(*id));
        } else {
            let mut kept = 0;
            for at in 0..flat.len() {
                if !flat[..kept].contains(&flat[at]) {
                    flat[kept] = flat[at];
                    kept += 1;
                }
            }
            flat.truncate(kept);
        }
        if !and {
            flat = self.joined(flat);
        }
        Some(flat)
    }

    /// Needles in the same text, one of which is enough, are one question.
    fn joined(&mut self, operands: Vec<NodeId>) -> Vec<NodeId> {
        let is_set = |id: &&NodeId| matches!(self.store.op(**id), Op::TextSet(..));
        if operands.iter().filter(is_set).count() < 2 {
            return operands;
        }
        let mut sets: HashMap<NodeId, (u32, Vec<u32>)> = HashMap::new();
        for operand in &operands {
            if let Op::TextSet(text, set, needles) = self.store.op(*operand) {
                sets.entry(*text).or_insert_with(|| (*set, Vec::new())).1.extend(needles);
            }
        }
        let mut joined = Vec::with_capacity(operands.len());
        for operand in operands {
            let Op::TextSet(text, ..) = *self.store.op(operand) else {
                joined.push(operand);
                continue;
            };
            // At the place of the first.
            if let Some((set, mut needles)) = sets.remove(&text) {
                needles.sort_unstable();
                needles.dedup();
                joined.push(self.store.intern(Op::TextSet(text, set, needles)));
            }
        }
        joined
    }

    fn compare(&mut self, ordering: Ordering, fold: Fold, a: NodeId, b: NodeId) -> NodeId {
        let decided = match (self.as_constant(a), self.as_constant(b)) {
            (Some(Value::Int(a)), Some(Value::Int(b))) => holds(ordering, a.cmp(b)),
            (Some(Value::String(a)), Some(Value::String(b))) if fold == Fold::Exact => holds(ordering, a.cmp(b)),
            _ => return self.store.intern(Op::Compare(ordering, fold, a, b)),
        };
        if self.options.fold {
            self.constant(Value::Bool(decided))
        } else {
            self.store.intern(Op::Compare(ordering, fold, a, b))
        }
    }

    fn at_least(&mut self, count: u32, operands: Vec<NodeId>) -> NodeId {
        if !self.options.fold {
            return self.store.intern(Op::AtLeast(count, operands));
        }
        let truths = |value: bool| {
            let is = move |id: &NodeId, store: &Store<'_>| matches!(store.op(*id), Op::Const(Constant(Value::Bool(found))) if *found == value);
            operands.iter().filter(|id| is(id, &self.store)).count() as u32
        };
        let count = count.saturating_sub(truths(true));
        let rest: Vec<NodeId> =
            operands.into_iter().filter(|id| !matches!(self.as_constant(*id), Some(Value::Bool(_)))).collect();
        match (count, rest.is_empty()) {
            (0, _) => self.constant(Value::Bool(true)),
            (_, true) => self.constant(Value::Bool(false)),
            (1, false) => self.junction(rest, false),
            _ => self.store.intern(Op::AtLeast(count, rest)),
        }
    }

    fn coalesce(&mut self, operands: Vec<NodeId>) -> NodeId {
        if !self.options.fold {
            return self.store.intern(Op::Coalesce(operands));
        }
        let mut kept = Vec::with_capacity(operands.len());
        for operand in operands {
            match self.as_constant(operand) {
                Some(Value::Null) => {}
                Some(_) => {
                    kept.push(operand);
                    break;
                }
                None => kept.push(operand),
            }
        }
        match kept.as_slice() {
            [] => self.constant(Value::Null),
            [only] => *only,
            _ => self.store.intern(Op::Coalesce(kept)),
        }
    }

    fn text(&mut self, text: NodeId, op: TextOp, no_case: bool, needles: &Needles) -> NodeId {
        if self.options.batch
            && let Some(found) = self.constant_needles(op, no_case, needles)
            && self.is_batched(text)
        {
            let set = self.text_set(text);
            let draft = &mut self.texts[set as usize].1;
            let mut numbers: Vec<u32> = found.into_iter().map(|needle| draft.add(needle)).collect();
            numbers.sort_unstable();
            numbers.dedup();
            return self.store.intern(Op::TextSet(text, set, numbers));
        }
        let op = match needles {
            Needles::Exprs(needles) => Op::TextValues(text, op, no_case, self.all(needles)),
            Needles::Patterns(patterns) => {
                Op::TextPatterns(text, op, patterns.iter().cloned().map(SharedPattern).collect())
            }
            Needles::List(id) => Op::TextList(text, op, no_case, id.0),
        };
        self.store.intern(op)
    }

    /// True if the text is one for the message, or one for each element of such a list.
    fn is_batched(&self, text: NodeId) -> bool {
        match self.store.scope(text) {
            Scope::Closed => self.as_constant(text).is_none(),
            Scope::One(local) => self.locals.walks_closed(local, &self.store),
            Scope::Many => false,
        }
    }

    fn element_of(&self, text: NodeId) -> Option<LocalId> {
        match self.store.scope(text) {
            Scope::One(local) => Some(local),
            _ => None,
        }
    }

    fn constant_needles(&self, op: TextOp, no_case: bool, needles: &Needles) -> Option<Vec<Needle>> {
        match needles {
            Needles::Patterns(patterns) => {
                Some(patterns.iter().cloned().map(|pattern| Needle::Pattern(SharedPattern(pattern))).collect())
            }
            Needles::Exprs(exprs) if !matches!(op, TextOp::Matches | TextOp::MatchesWhole) => exprs
                .iter()
                .map(|expr| match &expr.kind {
                    ExprKind::Const(Value::String(text)) => Some(Needle::Literal(op, no_case, text.clone())),
                    _ => None,
                })
                .collect(),
            Needles::Exprs(_) | Needles::List(_) => None,
        }
    }

    fn text_set(&mut self, text: NodeId) -> u32 {
        let next = self.texts.len() as u32;
        let set = *self.known_texts.entry(text).or_insert(next);
        if set == next {
            self.texts.push((text, TextDraft::default()));
        }
        set
    }
}
