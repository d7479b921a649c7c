//! Necessary conditions of rules that an index can answer.
//!
//! A guard is sound for three-valued truth: if none of its atoms is lit, the condition is *false*
//! on this message, not merely not true. An atom over an absent value is lit.

use super::build::Locals;
use super::cost::{ALWAYS, CAPABILITY};
use super::draft::Draft;
use super::exact::{Classes, Exact};
use super::index::{Index, Subject, fold_key};
use super::intern::{Scope, Store};
use super::near::{self, MAX_EDITS};
use super::texts::TextUse;
use super::{NodeId, Op, PlannedRule, each_deletion};
use crate::check::hir::{Fold, LocalId, Ordering, Quantifier, RuleId, TemplateId};
use crate::value::{FuncId, Value};
use foldhash::{HashMap, HashMapExt};
use std::rc::Rc;

/// Most atoms of one guard.
const MAX_ATOMS: usize = 256;
/// Most guards of one rule.
const MAX_GUARDS: usize = 8;
/// A guard that holds more often than this, in thousandths, guards nothing.
const MAX_CHANCE: u32 = 900;
/// Most lists within lists that the index walks.
const MAX_NESTED: usize = 3;

/// Something an index can answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Atom {
    /// The text equals a key.
    Equal(NodeId, Fold, Box<str>),
    /// A needle of a set may be in its text.
    Text(u32, u32),
    /// The text is at most so many edits (the number) from a constant, of which this arises by
    /// deletion; true: in lower case.
    Near(NodeId, bool, u8, Box<str>),
    /// The number lies between these, both included.
    Number(NodeId, NumberKind, i64, i64),
    /// The message comes from a sender of the template.
    Template(TemplateId),
    /// The text is absent.
    Absent(NodeId),
    /// The condition is not false.
    Truth(NodeId),
}

/// Which whole numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NumberKind {
    /// Plain ones.
    Int,
    /// Moments.
    Time,
    /// Spans of time.
    Duration,
}

impl NumberKind {
    /// The number in a value of this kind.
    pub fn of(self, value: &Value) -> Option<i64> {
        match (self, value) {
            (Self::Int, Value::Int(number))
            | (Self::Time, Value::Time(number))
            | (Self::Duration, Value::Duration(number)) => Some(*number),
            _ => None,
        }
    }
}

/// One of the atoms must be lit.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    pub(super) atoms: Rc<[Atom]>,
    /// Thousandths of messages.
    chance: u32,
    /// What it guards is true only if something other than absence lights it.
    by_value: bool,
    /// Something other than absence must light it.
    pub(super) strict: bool,
}

impl Guard {
    fn new(atoms: impl Into<Rc<[Atom]>>, chance: u32) -> Self {
        Self { atoms: atoms.into(), chance, by_value: true, strict: false }
    }
}

/// Where a group stands in the order: cost of the value, its node, the kind of probe.
pub(super) type Order = (u32, u32, u8);

pub(super) struct Guards<'a, 'c> {
    pub(super) store: &'a mut Store<'c>,
    walks: Vec<Option<Vec<(NodeId, LocalId)>>>,
    pub(super) classes: &'a Classes,
    pub(super) texts: &'a [TextUse],
    rules: &'a [PlannedRule],
    parents: &'a [u32],
    /// All of the guards of a node must be lit.
    known: HashMap<NodeId, Rc<[Guard]>>,
    /// Whether a condition is unknown once only absence lights it.
    pub(super) known_exact: HashMap<NodeId, bool>,
    /// Edit distance with case and without.
    distances: [Option<FuncId>; 2],
    /// The message, which all templates are asked about.
    message: NodeId,
}

pub(super) fn index(
    store: &mut Store<'_>,
    locals: &Locals,
    classes: &Classes,
    texts: &[TextUse],
    rules: &[PlannedRule],
    parents: &[u32],
    exact: bool,
) -> (Index, Vec<Vec<Exact>>) {
    let find = |name| store.costs.catalog().find_function(name);
    let distances = [find("strings.levenshtein"), find("strings.ilevenshtein")];
    let message = store.intern(Op::Message);
    let walks = walks(store, locals);
    let mut guards = Guards {
        store,
        walks,
        classes,
        texts,
        rules,
        parents,
        known: HashMap::new(),
        known_exact: HashMap::new(),
        distances,
        message,
    };
    let mut draft = Draft::new(rules.len());
    let mut of_rules = Vec::with_capacity(rules.len());
    for (rule, number) in rules.iter().zip(0..) {
        let id = RuleId(number);
        if guards.is_false(rule.when) {
            draft.never(id);
            of_rules.push(Vec::new());
        } else {
            let found = guards.rule(rule.when, id, exact, &mut draft);
            of_rules.push(found);
        }
    }
    (draft.finish(&guards), of_rules)
}

/// The operands of a condition that must all hold.
pub(super) fn conjuncts(store: &Store<'_>, when: NodeId) -> Vec<NodeId> {
    match store.op(when) {
        Op::And(operands) => operands.clone(),
        _ => vec![when],
    }
}

impl Guards<'_, '_> {
    fn rule(&mut self, when: NodeId, id: RuleId, exact: bool, draft: &mut Draft) -> Vec<Exact> {
        let conjuncts = conjuncts(self.store, when);
        let own: Vec<Rc<[Guard]>> = conjuncts.iter().map(|conjunct| self.of(*conjunct)).collect();
        let mut all: Vec<(usize, &Guard)> = own
            .iter()
            .enumerate()
            .flat_map(|(clause, guards)| guards.iter().map(move |guard| (clause, guard)))
            .collect();
        all.sort_by_key(|(_, guard)| guard.chance);
        all.truncate(MAX_GUARDS);
        let mut layers = vec![Vec::new(); conjuncts.len()];
        all.iter().zip(0..).for_each(|((clause, _), layer)| layers[*clause].push(layer));
        draft.add(all.iter().map(|(_, guard)| *guard), id, |atom| self.order(atom));
        if exact { self.exact(&conjuncts, &layers) } else { Vec::new() }
    }

    /// Conditions that must all not be false, the rarest first.
    pub(super) fn of(&mut self, id: NodeId) -> Rc<[Guard]> {
        if let Some(known) = self.known.get(&id) {
            return Rc::clone(known);
        }
        // Rules refer to smaller nodes only, so this ends; the mark is for the unforeseen.
        self.known.insert(id, Rc::default());
        let mut found = self.derive(id);
        found.retain(|guard| guard.chance <= MAX_CHANCE && guard.atoms.iter().all(|atom| !self.refers(atom)));
        if found.is_empty() {
            found.extend(self.truth(id));
        }
        found.sort_by_key(|guard| guard.chance);
        found.truncate(MAX_GUARDS);
        let found: Rc<[Guard]> = found.into();
        self.known.insert(id, Rc::clone(&found));
        found
    }

    /// The rarest.
    fn best(&mut self, id: NodeId) -> Option<Guard> {
        self.of(id).first().cloned()
    }

    fn derive(&mut self, id: NodeId) -> Vec<Guard> {
        match self.store.op(id).clone() {
            Op::And(operands) => operands.iter().flat_map(|operand| self.of(*operand).to_vec()).collect(),
            Op::Or(operands) => self.any_of(&operands).into_iter().collect(),
            Op::AtLeast(count, operands) if count > 0 => self.some_of(count, &operands),
            Op::Compare(ordering, fold, a, b) => self.compared(ordering, fold, a, b),
            Op::InValues(left, fold, items) => self.equal(fold, left, &items).into_iter().collect(),
            Op::TextSet(_, set, needles) => self.needles(set, &needles).into_iter().collect(),
            Op::Quantified(
                Quantifier::Any | Quantifier::AtLeast(1..) | Quantifier::Exactly(1..),
                collection,
                element,
                body,
            ) => self.elements(collection, element, body),
            Op::Key(base, key) => self.matched(base, key).into_iter().collect(),
            Op::Let(_, _, body) => self.of(body).to_vec(),
            // Not false only if the first is not false: if that is absent, it is lit.
            Op::Coalesce(operands) => {
                let of_first = operands.first().map_or_else(Vec::new, |first| self.of(*first).to_vec());
                of_first.into_iter().map(|guard| Guard { by_value: false, ..guard }).collect()
            }
            Op::If(condition, _, other) if self.is_false(other) => self.of(condition).to_vec(),
            Op::Rule(rule) => {
                let when = self.rules.get(rule.0 as usize).map(|rule| rule.when);
                when.map_or_else(Vec::new, |when| self.of(when).to_vec())
            }
            _ => Vec::new(),
        }
    }

    fn is_false(&self, id: NodeId) -> bool {
        matches!(self.store.op(id), Op::Const(constant) if matches!(constant.0, Value::Bool(false)))
    }

    /// False only if all are false.
    fn any_of(&mut self, operands: &[NodeId]) -> Option<Guard> {
        let (mut atoms, mut chance) = (Vec::new(), 0);
        let (mut by_value, mut strict) = (true, true);
        for operand in operands {
            let guard = self.best(*operand)?;
            if atoms.len() + guard.atoms.len() > MAX_ATOMS {
                return None;
            }
            atoms.extend(guard.atoms.iter().cloned());
            chance += guard.chance;
            by_value &= guard.by_value;
            strict &= guard.strict;
        }
        Some(Guard { atoms: atoms.into(), chance, by_value, strict })
    }

    /// `count` must be true, or one unknown. So one of any `n - count + 1` is true, or one of the
    /// others absent. Twice: without the most frequent ones, and without the rarest but one.
    fn some_of(&mut self, count: u32, operands: &[NodeId]) -> Vec<Guard> {
        let spared = (count as usize - 1).min(operands.len());
        let mut ranked: Vec<(NodeId, u32)> = operands
            .iter()
            .map(|operand| (*operand, self.best(*operand).map_or(u32::MAX, |guard| guard.chance)))
            .collect();
        ranked.sort_by_key(|(_, chance)| *chance);
        let mut nodes: Vec<NodeId> = ranked.into_iter().map(|(node, _)| node).collect();
        let rarest = self.without(&nodes, spared);
        if rarest.is_none() || spared == 0 {
            return rarest.into_iter().collect();
        }
        nodes.rotate_left(1);
        rarest.into_iter().chain(self.without(&nodes, spared)).collect()
    }

    /// Of the last ones only absence counts.
    fn without(&mut self, operands: &[NodeId], spared: usize) -> Option<Guard> {
        let (asked, spared) = operands.split_at(operands.len() - spared);
        let guard = self.any_of(asked)?;
        let (mut atoms, mut chance) = (guard.atoms.to_vec(), guard.chance);
        let mut by_value = guard.by_value;
        for operand in spared {
            match *self.store.op(*operand) {
                Op::TextSet(text, ..) if self.is_indexed(text) => atoms.push(Atom::Absent(text)),
                _ => {
                    let own = self.best(*operand)?;
                    chance += own.chance;
                    by_value &= own.by_value;
                    atoms.extend(own.atoms.iter().cloned());
                }
            }
        }
        (atoms.len() <= MAX_ATOMS).then(|| Guard { atoms: atoms.into(), chance, by_value, strict: false })
    }

    /// `template(name).matched` is false of what others sent.
    fn matched(&self, base: NodeId, key: NodeId) -> Option<Guard> {
        match (self.store.op(base), self.store.op(key)) {
            (Op::Template(id), Op::Const(key)) if key.0.as_str() == Some("matched") => {
                Some(Guard::new([Atom::Template(*id)], 2))
            }
            _ => None,
        }
    }

    fn compared(&mut self, ordering: Ordering, fold: Fold, a: NodeId, b: NodeId) -> Vec<Guard> {
        let counted = self.counted(ordering, a, b);
        if !counted.is_empty() {
            return counted;
        }
        let equal = |guards: &Self| match ordering {
            Ordering::Eq => guards.equal(fold, a, &[b]).or_else(|| guards.equal(fold, b, &[a])),
            _ => None,
        };
        let one = equal(self).or_else(|| self.near(ordering, a, b)).or_else(|| self.number(ordering, a, b));
        one.into_iter().collect()
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
        let chance = if chars.len() > 2 * edits + 1 { 10 } else { 450 };
        (atoms.len() <= MAX_ATOMS).then(|| Guard::new(atoms, chance))
    }

    /// `length(attachments) == 1` and its kind: a whole number beside a constant.
    fn number(&self, ordering: Ordering, a: NodeId, b: NodeId) -> Option<Guard> {
        let Op::Const(constant) = self.store.op(b) else { return None };
        let (kind, limit) = match constant.0 {
            Value::Int(number) => (NumberKind::Int, number),
            Value::Time(number) => (NumberKind::Time, number),
            Value::Duration(number) => (NumberKind::Duration, number),
            _ => return None,
        };
        let (least, most) = match ordering {
            Ordering::Eq => (limit, limit),
            Ordering::Lt => (i64::MIN, limit.checked_sub(1)?),
            Ordering::Le => (i64::MIN, limit),
            Ordering::Gt => (limit.checked_add(1)?, i64::MAX),
            Ordering::Ge => (limit, i64::MAX),
            Ordering::Ne => return None,
        };
        let chance = if ordering == Ordering::Eq { 250 } else { 400 };
        self.is_indexed(a).then(|| Guard::new([Atom::Number(a, kind, least, most)], chance))
    }

    /// True for a value of the message, or of each element of such a list.
    fn is_indexed(&self, id: NodeId) -> bool {
        match self.store.scope(id) {
            Scope::Closed => !matches!(self.store.op(id), Op::Const(_)),
            Scope::One(local) => self.walk(local).is_some(),
            Scope::Many => false,
        }
    }

    /// The lists within lists that lead to the element, outermost first.
    fn walk(&self, element: LocalId) -> Option<&[(NodeId, LocalId)]> {
        self.walks.get(element.0 as usize)?.as_deref()
    }
}

/// The lists within lists that lead to each binding.
fn walks(store: &Store<'_>, locals: &Locals) -> Vec<Option<Vec<(NodeId, LocalId)>>> {
    (0..locals.len() as u32).map(|local| walk(store, locals, LocalId(local))).collect()
}

fn walk(store: &Store<'_>, locals: &Locals, element: LocalId) -> Option<Vec<(NodeId, LocalId)>> {
    let mut lists = Vec::new();
    let mut next = element;
    loop {
        let list = locals.list(next)?;
        lists.push((list, next));
        match store.scope(list) {
            Scope::Closed => break,
            Scope::One(outer) if lists.len() < MAX_NESTED => next = outer,
            Scope::One(_) | Scope::Many => return None,
        }
    }
    lists.reverse();
    Some(lists)
}

impl Guards<'_, '_> {
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
        Some(Guard::new(atoms, chance.min(450)))
    }

    /// `length(filter(xs, p)) > 0` is false unless `p` is true of an element.
    fn counted(&mut self, ordering: Ordering, a: NodeId, b: NodeId) -> Vec<Guard> {
        let least = match (ordering, self.store.op(b)) {
            (Ordering::Gt, Op::Const(constant)) => constant.0.as_int().map(|number| number.saturating_add(1)),
            (Ordering::Ge | Ordering::Eq, Op::Const(constant)) => constant.0.as_int(),
            _ => None,
        };
        let Op::Length(list) = *self.store.op(a) else { return Vec::new() };
        let Op::Quantified(Quantifier::Filter, collection, element, body) = *self.store.op(list) else {
            return Vec::new();
        };
        if least.is_some_and(|least| least >= 1) { self.kept(collection, element, body) } else { Vec::new() }
    }

    fn needles(&self, set: u32, needles: &[u32]) -> Option<Guard> {
        let text = self.texts.get(set as usize)?;
        if needles.len() > MAX_ATOMS || needles.iter().any(|needle| text.set.is_always(*needle)) {
            return None;
        }
        let chance = needles.iter().map(|needle| u32::from(text.set.chance(*needle))).sum();
        Some(Guard::new(needles.iter().map(|needle| Atom::Text(set, *needle)).collect::<Rc<[Atom]>>(), chance))
    }

    /// Some element must not be false of the body. An absent list lights all atoms over its
    /// elements, so atoms over anything else do not guard.
    fn elements(&mut self, collection: NodeId, element: LocalId, body: NodeId) -> Vec<Guard> {
        if !self.is_indexed(collection) {
            return Vec::new();
        }
        let bodies = self.of(body);
        let of_element = bodies.iter().filter(|guard| guard.atoms.iter().all(|atom| self.is_of(atom, element)));
        let mut found: Vec<Guard> = of_element
            .map(|guard| Guard { chance: (guard.chance * 3).min(MAX_CHANCE), strict: false, ..guard.clone() })
            .collect();
        // An element of a filtered list is one of the whole list that passes; an absent list has none.
        if let Op::Quantified(Quantifier::Filter, whole, bound, filter) = *self.store.op(collection) {
            found.extend(self.kept(whole, bound, filter));
        } else if found.is_empty() && self.store.scope(collection) == Scope::Closed {
            let empty = self.store.intern(Op::IsEmpty(collection));
            let filled = self.store.intern(Op::Not(empty));
            found.push(Guard::new([Atom::Truth(filled)], 450));
        }
        found
    }

    /// Some element must be kept by a filter, which drops what is unknown and takes an absent list for empty.
    fn kept(&mut self, collection: NodeId, element: LocalId, body: NodeId) -> Vec<Guard> {
        let guards = self.elements(collection, element, body).into_iter();
        guards.map(|guard| Guard { strict: guard.strict || guard.by_value, ..guard }).collect()
    }

    /// True if the atom asks the element, or what lies in lists within it.
    fn is_of(&self, atom: &Atom, element: LocalId) -> bool {
        match (atom, self.store.scope(self.value(atom))) {
            (Atom::Truth(_), _) => false,
            (_, Scope::One(local)) => {
                self.walk(local).is_some_and(|lists| lists.iter().any(|(_, bound)| *bound == element))
            }
            _ => false,
        }
    }

    /// A closed condition that other rules ask too, or that is one lookup, is worth an entry of
    /// its own. What may cost much is left to the rules, which pay for it.
    fn truth(&self, id: NodeId) -> Option<Guard> {
        let node = self.store.node(id);
        let shared = self.parents.get(id.0 as usize).is_some_and(|parents| *parents > 1);
        let worth = shared || matches!(node.op, Op::InList(..));
        let fits = node.closed
            && node.op.is_truth()
            && node.chance < ALWAYS
            && node.cost < CAPABILITY
            && self.store.nested(id) < 2
            && !self.store.refers(id);
        (worth && fits).then(|| Guard::new([Atom::Truth(id)], node.chance.into()))
    }

    /// The index is asked before any rule is evaluated.
    fn refers(&self, atom: &Atom) -> bool {
        let node = self.value(atom);
        let lists = match self.store.scope(node) {
            Scope::One(local) => self.walk(local).unwrap_or_default(),
            _ => &[],
        };
        self.store.refers(node) || lists.iter().any(|(list, _)| self.store.refers(*list))
    }

    pub(super) fn value(&self, atom: &Atom) -> NodeId {
        match atom {
            Atom::Equal(node, ..)
            | Atom::Near(node, ..)
            | Atom::Number(node, ..)
            | Atom::Absent(node)
            | Atom::Truth(node) => *node,
            Atom::Text(set, _) => self.texts[*set as usize].text,
            Atom::Template(_) => self.message,
        }
    }

    fn order(&self, atom: &Atom) -> Order {
        let node = self.value(atom);
        let mut cost = self.store.node(node).cost.max(if matches!(atom, Atom::Template(_)) { 20 } else { 0 });
        if let Scope::One(local) = self.store.scope(node) {
            let lists = self.walk(local).unwrap_or_default();
            cost = lists.iter().fold(cost, |cost, (list, _)| cost.saturating_add(self.store.node(*list).cost));
        }
        (cost, node.0, kind(atom))
    }

    pub(super) fn subject(&self, node: NodeId) -> Subject {
        match self.store.scope(node) {
            Scope::One(element) => match self.walk(element) {
                Some(lists) => Subject::Each { lists: lists.to_vec(), node },
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
        Atom::Number(_, kind, ..) => 20 + *kind as u8,
        Atom::Template(_) => 30,
        Atom::Absent(_) => 100,
    }
}
