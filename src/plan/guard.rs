//! Necessary conditions of rules that an index can answer.
//!
//! A guard is sound for three-valued truth: if none of its atoms is lit, the condition is *false*
//! on this message, not merely not true. An atom over an absent value is lit.

use super::build::Locals;
use super::cost::{ALWAYS, rank};
use super::index::{Bucket, Group, Index, Probe, RuleEntry, Subject, fold_key};
use super::intern::{Scope, Store};
use super::near::{self, MAX_EDITS};
use super::texts::TextUse;
use super::{NodeId, Op, PlannedRule, each_deletion};
use crate::check::hir::{Fold, Ordering, Quantifier, RuleId};
use crate::value::{FuncId, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// Most atoms of one guard.
const MAX_ATOMS: usize = 256;
/// Most stages of one rule.
const MAX_STAGES: usize = 3;
/// A guard that holds more often than this, in thousandths, guards nothing.
const MAX_CHANCE: u32 = 450;
/// Conditions that cost more than this are no gates.
const MAX_GATE_COST: u32 = 150;

/// Something an index can answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Atom {
    /// The text equals a key.
    Equal(NodeId, Fold, Box<str>),
    /// A needle of a set may be in its text.
    Text(u32, u32),
    /// The text is at most so many edits (the number) from a constant, of which this arises by
    /// deletion; true: in lower case.
    Near(NodeId, bool, u8, Box<str>),
    /// The text is absent.
    Absent(NodeId),
    /// The condition is not false.
    Truth(NodeId),
}

/// One of the atoms must be lit.
#[derive(Clone, Debug)]
struct Guard {
    atoms: Vec<Atom>,
    /// Thousandths of messages.
    chance: u32,
}

/// Where a group stands in the order: cost of the value, its node, the kind of probe.
type Order = (u32, u32, u8);

struct Guards<'a, 'c> {
    store: &'a mut Store<'c>,
    locals: &'a Locals,
    texts: &'a [TextUse],
    rules: &'a [PlannedRule],
    parents: &'a [u32],
    known: HashMap<NodeId, Option<Rc<Guard>>>,
    /// Edit distance with case and without.
    distances: [Option<FuncId>; 2],
}

pub(super) fn index(
    store: &mut Store<'_>,
    locals: &Locals,
    texts: &[TextUse],
    rules: &[PlannedRule],
    parents: &[u32],
) -> Index {
    let find = |name| store.costs.catalog().find_function(name);
    let distances = [find("strings.levenshtein"), find("strings.ilevenshtein")];
    let mut guards = Guards { store, locals, texts, rules, parents, known: HashMap::new(), distances };
    let mut draft = Draft::default();
    for (number, rule) in rules.iter().enumerate() {
        let id = RuleId(number as u32);
        if matches!(guards.store.op(rule.when), Op::Const(constant) if matches!(constant.0, Value::Bool(false))) {
            draft.entries.push(RuleEntry { never: true, ..RuleEntry::default() });
            continue;
        }
        let conjuncts = guards.conjuncts(rule.when);
        let stages = guards.stages(&conjuncts);
        let gate = guards.gate(&conjuncts, stages.is_empty());
        draft.add(&guards, id, gate, stages);
    }
    draft.finish(&guards)
}

impl Guards<'_, '_> {
    fn conjuncts(&self, when: NodeId) -> Vec<NodeId> {
        match self.store.op(when) {
            Op::And(operands) => operands.clone(),
            Op::Let(_, _, body) => self.conjuncts(*body),
            _ => vec![when],
        }
    }

    /// The guards of a rule in the order of the index: each stage before the next.
    fn stages(&mut self, conjuncts: &[NodeId]) -> Vec<Rc<Guard>> {
        let mut found: Vec<(Rc<Guard>, Order, Order)> = Vec::new();
        for conjunct in conjuncts {
            if let Some(guard) = self.guard(*conjunct).filter(|guard| guard.chance <= MAX_CHANCE) {
                let orders: Vec<Order> = guard.atoms.iter().map(|atom| self.order(atom)).collect();
                let least = orders.iter().min().copied().unwrap_or_default();
                let most = orders.iter().max().copied().unwrap_or_default();
                found.push((guard, least, most));
            }
        }
        found.sort_by_key(|(guard, least, _)| (guard.chance, *least));
        let mut chosen: Vec<(Rc<Guard>, Order, Order)> = Vec::new();
        for candidate in found {
            let apart = chosen.iter().all(|other| candidate.2 < other.1 || other.2 < candidate.1);
            if apart && chosen.len() < MAX_STAGES {
                chosen.push(candidate);
            }
        }
        chosen.sort_by_key(|(_, least, _)| *least);
        chosen.into_iter().map(|(guard, _, _)| guard).collect()
    }

    /// A cheap conjunct that other rules have too.
    fn gate(&self, conjuncts: &[NodeId], alone: bool) -> Option<NodeId> {
        let fits = |id: &&NodeId| {
            let node = self.store.node(**id);
            let shared = self.parents.get(id.0 as usize).is_some_and(|parents| *parents > 1);
            node.closed
                && !self.store.refers(**id)
                && shared
                && (alone || node.cost <= MAX_GATE_COST)
                && node.chance < ALWAYS
        };
        let best = conjuncts.iter().filter(fits).min_by_key(|id| (rank(self.store.node(**id), false), **id));
        best.copied().filter(|id| alone || !matches!(self.store.op(*id), Op::TextSet(..)))
    }

    fn guard(&mut self, id: NodeId) -> Option<Rc<Guard>> {
        if let Some(known) = self.known.get(&id) {
            return known.clone();
        }
        // Rules refer to smaller nodes only, so this ends; the mark is for the unforeseen.
        self.known.insert(id, None);
        let found = self.derive(id).filter(|guard| guard.atoms.iter().all(|atom| !self.refers(atom))).map(Rc::new);
        self.known.insert(id, found.clone());
        found
    }

    fn derive(&mut self, id: NodeId) -> Option<Guard> {
        match self.store.op(id).clone() {
            Op::And(operands) => {
                let found: Vec<Rc<Guard>> = operands.iter().filter_map(|operand| self.guard(*operand)).collect();
                found.into_iter().min_by_key(|guard| guard.chance).map(|guard| (*guard).clone())
            }
            Op::Or(operands) => self.any_of(&operands),
            Op::AtLeast(count, operands) if count > 0 => self.some_of(count, &operands),
            Op::Compare(Ordering::Eq, fold, a, b) => {
                let equal = self.equal(fold, a, &[b]).or_else(|| self.equal(fold, b, &[a]));
                equal.or_else(|| self.counted(Ordering::Eq, a, b))
            }
            Op::Compare(ordering, _, a, b) => self.counted(ordering, a, b).or_else(|| self.near(ordering, a, b)),
            Op::InValues(left, fold, items) => self.equal(fold, left, &items),
            Op::TextSet(_, set, needles) => self.needles(set, &needles),
            Op::Quantified(
                Quantifier::Any | Quantifier::AtLeast(1..) | Quantifier::Exactly(1..),
                collection,
                element,
                body,
            ) => self.elements(collection, element, body),
            Op::Let(_, _, body) => self.guard(body).map(|guard| (*guard).clone()),
            // Not false only if the first is not false: if that is absent, it is lit.
            Op::Coalesce(operands) => {
                let first = operands.first()?;
                self.guard(*first).map(|guard| (*guard).clone())
            }
            Op::If(condition, _, other) if self.is_false(other) => self.guard(condition).map(|guard| (*guard).clone()),
            Op::Rule(rule) => {
                let when = self.rules.get(rule.0 as usize)?.when;
                self.guard(when).map(|guard| (*guard).clone())
            }
            _ => None,
        }
        .or_else(|| self.shared_truth(id))
    }

    fn is_false(&self, id: NodeId) -> bool {
        matches!(self.store.op(id), Op::Const(constant) if matches!(constant.0, Value::Bool(false)))
    }

    /// False only if all are false.
    fn any_of(&mut self, operands: &[NodeId]) -> Option<Guard> {
        let mut all = Guard { atoms: Vec::new(), chance: 0 };
        for operand in operands {
            let guard = self.guard(*operand)?;
            if all.atoms.len() + guard.atoms.len() > MAX_ATOMS {
                return None;
            }
            all.atoms.extend(guard.atoms.iter().cloned());
            all.chance += guard.chance;
        }
        (all.chance <= MAX_CHANCE).then_some(all)
    }

    /// Fewer than `count` operands cannot make it true alone; they only must not be unknown.
    fn some_of(&mut self, count: u32, operands: &[NodeId]) -> Option<Guard> {
        let mut guarded = Vec::with_capacity(operands.len());
        let mut absent = Vec::new();
        for operand in operands {
            match (self.guard(*operand), self.store.op(*operand)) {
                (Some(_), _) => guarded.push(*operand),
                (None, Op::TextSet(text, ..)) if self.is_indexed(*text) => absent.push(Atom::Absent(*text)),
                (None, _) => return None,
            }
        }
        if absent.len() >= count as usize {
            return None;
        }
        let mut guard = self.any_of(&guarded)?;
        guard.atoms.extend(absent);
        (guard.atoms.len() <= MAX_ATOMS).then_some(guard)
    }

    /// `levenshtein(text, constant) <= k`
    fn near(&self, ordering: Ordering, a: NodeId, b: NodeId) -> Option<Guard> {
        let (Op::Call(function, args), Op::Const(limit)) = (self.store.op(a), self.store.op(b)) else { return None };
        let no_case = self.distances.iter().position(|distance| *distance == Some(*function))? == 1;
        let most = match ordering {
            Ordering::Lt => limit.0.as_int()?.checked_sub(1)?,
            Ordering::Le | Ordering::Eq => limit.0.as_int()?,
            _ => return None,
        };
        let edits = usize::try_from(most).ok().filter(|edits| (1..=MAX_EDITS).contains(edits))?;
        let [left, right] = *args.as_slice() else { return None };
        let (value, constant) = match (self.store.op(left), self.store.op(right)) {
            (_, Op::Const(constant)) => (left, constant.0.as_str()?),
            (Op::Const(constant), _) => (right, constant.0.as_str()?),
            _ => return None,
        };
        let lower = if no_case { constant.to_lowercase() } else { constant.to_owned() };
        let chars: Vec<char> = lower.chars().collect();
        if !self.is_indexed(value) || chars.len() > near::MAX_CHARS {
            return None;
        }
        let mut atoms = Vec::new();
        each_deletion(&chars, edits, &mut String::new(), &mut |text| {
            atoms.push(Atom::Near(value, no_case, edits as u8, text.into()));
        });
        let chance = if chars.len() > 2 * edits + 1 { 10 } else { MAX_CHANCE };
        (atoms.len() <= MAX_ATOMS).then_some(Guard { atoms, chance })
    }

    fn is_indexed(&self, id: NodeId) -> bool {
        match self.store.scope(id) {
            Scope::Closed => !matches!(self.store.op(id), Op::Const(_)),
            Scope::One(local) => self.locals.closed_list(local, self.store).is_some(),
            Scope::Many => false,
        }
    }

    fn equal(&self, fold: Fold, value: NodeId, items: &[NodeId]) -> Option<Guard> {
        if !self.is_indexed(value) || items.len() > MAX_ATOMS {
            return None;
        }
        let mut atoms = Vec::with_capacity(items.len());
        let mut buffer = String::new();
        for item in items {
            let Op::Const(constant) = self.store.op(*item) else { return None };
            let text = constant.0.as_str()?;
            atoms.push(Atom::Equal(value, fold, fold_key(fold, text, &mut buffer).into()));
        }
        let chance = 10 + 8 * atoms.len() as u32;
        Some(Guard { atoms, chance: chance.min(MAX_CHANCE) })
    }

    /// `length(filter(xs, p)) > 0` is false unless `p` is true of an element.
    fn counted(&mut self, ordering: Ordering, a: NodeId, b: NodeId) -> Option<Guard> {
        let Op::Const(constant) = self.store.op(b) else { return None };
        let least = match (ordering, constant.0.as_int()?) {
            (Ordering::Gt, number) => number.saturating_add(1),
            (Ordering::Ge | Ordering::Eq, number) => number,
            _ => return None,
        };
        let Op::Length(list) = *self.store.op(a) else { return None };
        let Op::Quantified(Quantifier::Filter, collection, element, body) = *self.store.op(list) else { return None };
        if least < 1 { None } else { self.elements(collection, element, body) }
    }

    fn needles(&self, set: u32, needles: &[u32]) -> Option<Guard> {
        let text = self.texts.get(set as usize)?;
        if needles.len() > MAX_ATOMS || needles.iter().any(|needle| text.set.is_always(*needle)) {
            return None;
        }
        let chance = needles.iter().map(|needle| u32::from(text.set.chance(*needle))).sum();
        Some(Guard { atoms: needles.iter().map(|needle| Atom::Text(set, *needle)).collect(), chance })
    }

    /// Some element must not be false of the body. An absent list lights all atoms over its
    /// elements, so atoms over anything else do not guard.
    fn elements(&mut self, collection: NodeId, element: crate::check::hir::LocalId, body: NodeId) -> Option<Guard> {
        if self.store.scope(collection) != Scope::Closed {
            return None;
        }
        let body = self.guard(body).filter(|guard| {
            guard.atoms.iter().all(|atom| match atom {
                Atom::Truth(_) => false,
                _ => self.store.scope(self.value(atom)) == Scope::One(element),
            })
        });
        let body = body.map(|guard| Guard { atoms: guard.atoms.clone(), chance: (guard.chance * 3).min(MAX_CHANCE) });
        // An element of a filtered list is one of the whole list that passes; an absent list has none.
        if let Op::Quantified(Quantifier::Filter, whole, bound, filter) = *self.store.op(collection) {
            let passing = self.elements(whole, bound, filter);
            return [body, passing].into_iter().flatten().min_by_key(|guard| guard.chance);
        }
        let empty = self.store.intern(Op::IsEmpty(collection));
        let filled = self.store.intern(Op::Not(empty));
        body.or(Some(Guard { atoms: vec![Atom::Truth(filled)], chance: MAX_CHANCE }))
    }

    /// A closed condition that other rules ask too is worth an entry of its own.
    fn shared_truth(&self, id: NodeId) -> Option<Guard> {
        let node = self.store.node(id);
        let shared = self.parents.get(id.0 as usize).is_some_and(|parents| *parents > 1);
        (node.closed && shared && node.op.is_truth() && node.chance <= 300)
            .then(|| Guard { atoms: vec![Atom::Truth(id)], chance: node.chance.into() })
    }

    /// The index is asked before any rule is evaluated.
    fn refers(&self, atom: &Atom) -> bool {
        let node = self.value(atom);
        let list = match self.store.scope(node) {
            Scope::One(local) => self.locals.closed_list(local, self.store),
            _ => None,
        };
        self.store.refers(node) || list.is_some_and(|list| self.store.refers(list))
    }

    fn value(&self, atom: &Atom) -> NodeId {
        match atom {
            Atom::Equal(node, ..) | Atom::Near(node, ..) | Atom::Absent(node) | Atom::Truth(node) => *node,
            Atom::Text(set, _) => self.texts[*set as usize].text,
        }
    }

    fn order(&self, atom: &Atom) -> Order {
        let node = self.value(atom);
        let mut cost = self.store.node(node).cost;
        if let Scope::One(local) = self.store.scope(node)
            && let Some(list) = self.locals.closed_list(local, self.store)
        {
            cost = cost.saturating_add(self.store.node(list).cost);
        }
        (cost, node.0, kind(atom))
    }

    fn subject(&self, node: NodeId) -> Subject {
        match self.store.scope(node) {
            Scope::One(element) => match self.locals.closed_list(element, self.store) {
                Some(collection) => Subject::Each { collection, element, node },
                None => Subject::One(node),
            },
            _ => Subject::One(node),
        }
    }
}

fn kind(atom: &Atom) -> u8 {
    match atom {
        Atom::Truth(_) => 0,
        Atom::Equal(_, Fold::Exact | Fold::Enum(_), _) => 1,
        Atom::Equal(_, Fold::NoCase, _) => 2,
        Atom::Equal(_, Fold::Domain, _) => 3,
        Atom::Text(..) => 4,
        Atom::Near(_, no_case, edits, _) => 4 + 2 * edits + u8::from(*no_case),
        Atom::Absent(_) => 100,
    }
}

/// The index while it grows.
#[derive(Default)]
struct Draft {
    groups: BTreeMap<Order, DraftGroup>,
    buckets: BTreeMap<Option<NodeId>, Vec<RuleId>>,
    entries: Vec<RuleEntry>,
    stages: Vec<(RuleId, Vec<Vec<Order>>)>,
}

struct DraftGroup {
    sample: Atom,
    gates: BTreeSet<Option<NodeId>>,
    keys: HashMap<Atom, u32>,
    waiting: Vec<Vec<(RuleId, u8)>>,
}

impl Draft {
    fn add(&mut self, guards: &Guards<'_, '_>, rule: RuleId, gate: Option<NodeId>, stages: Vec<Rc<Guard>>) {
        self.entries.push(RuleEntry { gate, stages: Vec::new(), never: false });
        if stages.is_empty() {
            self.buckets.entry(gate).or_default().push(rule);
            return;
        }
        let mut places = Vec::with_capacity(stages.len());
        for (stage, guard) in stages.iter().enumerate() {
            let mut orders: Vec<Order> = Vec::new();
            for atom in &guard.atoms {
                let order = guards.order(atom);
                orders.push(order);
                self.wait(order, atom, rule, stage as u8, gate);
            }
            orders.sort_unstable();
            orders.dedup();
            places.push(orders);
        }
        self.stages.push((rule, places));
    }

    fn wait(&mut self, order: Order, atom: &Atom, rule: RuleId, stage: u8, gate: Option<NodeId>) {
        let group = self.groups.entry(order).or_insert_with(|| DraftGroup {
            sample: atom.clone(),
            gates: BTreeSet::new(),
            keys: HashMap::new(),
            waiting: Vec::new(),
        });
        if stage == 0 {
            group.gates.insert(gate);
        }
        let next = group.waiting.len() as u32;
        let key = *group.keys.entry(atom.clone()).or_insert(next);
        if key == next {
            group.waiting.push(Vec::new());
        }
        let waiting = &mut group.waiting[key as usize];
        if waiting.last() != Some(&(rule, stage)) {
            waiting.push((rule, stage));
        }
    }

    fn finish(mut self, guards: &Guards<'_, '_>) -> Index {
        let numbers: HashMap<Order, u32> =
            self.groups.keys().zip(0..).map(|(order, number)| (*order, number)).collect();
        for (rule, stages) in &self.stages {
            let entry = &mut self.entries[rule.0 as usize];
            entry.stages = stages.iter().map(|orders| orders.iter().map(|order| numbers[order]).collect()).collect();
        }
        let groups = std::mem::take(&mut self.groups).into_values().map(|group| group.finish(guards)).collect();
        let buckets = self.buckets.into_iter().map(|(gate, rules)| Bucket { gate, rules }).collect();
        Index { groups, buckets, entries: self.entries }
    }
}

impl DraftGroup {
    fn finish(self, guards: &Guards<'_, '_>) -> Group {
        let mut starts = vec![0];
        let mut waiting = Vec::new();
        for key in self.waiting {
            waiting.extend(key);
            starts.push(waiting.len() as u32);
        }
        let subject = guards.subject(guards.value(&self.sample));
        let probe = match &self.sample {
            Atom::Truth(_) => Probe::Truth,
            Atom::Absent(_) => Probe::Absent,
            Atom::Near(_, no_case, edits, _) => {
                let edits = usize::from(*edits);
                let keys: HashMap<Box<str>, u32> = self
                    .keys
                    .iter()
                    .filter_map(|(atom, key)| match atom {
                        Atom::Near(.., text) => Some((text.clone(), *key)),
                        _ => None,
                    })
                    .collect();
                // The constants themselves are among the keys.
                let longest = keys.keys().map(|text| text.chars().count()).max().unwrap_or(0) + edits;
                Probe::Near { no_case: *no_case, edits, longest, keys }
            }
            Atom::Equal(_, fold, _) => {
                let keys = self.keys.into_iter().filter_map(|(atom, key)| match atom {
                    Atom::Equal(_, _, text) => Some((text, key)),
                    _ => None,
                });
                Probe::Equal(*fold, keys.collect())
            }
            Atom::Text(set, _) => {
                let mut keys = vec![u32::MAX; guards.texts[*set as usize].set.needles().len()];
                for (atom, key) in &self.keys {
                    if let Atom::Text(_, needle) = atom {
                        keys[*needle as usize] = *key;
                    }
                }
                Probe::Text(*set, keys)
            }
        };
        Group { subject, probe, gates: self.gates.into_iter().collect(), starts, waiting }
    }
}
