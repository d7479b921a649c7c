//! Why rules are undecided, found out once for all clauses that lack the same.
//!
//! The reasons are those of the reference evaluator, by its own code: they are a matter of the
//! written tree, not of the plan's order. Where they follow from which values are absent, they are
//! remembered from one message to the next.

use super::machine::Run;
use super::missing::{MAX_ELEMENTS, MAX_REASONS};
use super::ops;
use super::reference::Reference;
use super::scratch::Bound;
use super::{Missing, no_reasons};
use crate::check::hir::{Expr, ExprKind, LocalId, Program, RuleId};
use crate::plan::{Clause, Lack, LackId, NodeId, Op, Plan, Reasons, SignatureId, operands};
use crate::value::{Truth, Value};
use foldhash::HashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Sets of reasons that are remembered, and ways to them; then all are forgotten.
const MAX_SETS: usize = 10_000;
const MAX_WAYS: usize = 100_000;

/// A set of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SetId(u32);

/// What a clause lacks that is asked without its truth.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lacking {
    /// This.
    This(SetId),
    /// What it might lack is there.
    Nothing,
    /// Only the clause itself tells.
    Unclear,
}

/// The set without any reason: each plan's first.
pub(super) const NOTHING: SetId = SetId(0);

impl Run<'_> {
    /// The reasons of a rule whose condition is unknown.
    pub(super) fn why(&mut self, program: &Program, id: RuleId) -> Arc<BTreeSet<Missing>> {
        let plan = self.plan;
        let clauses = plan.rules.get(id.0 as usize).map_or(&[] as &[Clause], |rule| &rule.clauses);
        if let Some(known) = self.known(clauses) {
            return self.scratch.reasons.set(known);
        }
        let Some(rule) = program.rules.get(id.0 as usize) else { return no_reasons() };
        let exprs = written(program, id).unwrap_or_default();
        let known = exprs.len() == clauses.len() && !matches!(rule.when.kind, ExprKind::Let(..));
        let all = if known { self.union(program, exprs, clauses) } else { None };
        match all {
            Some(all) => self.scratch.reasons.set(all),
            None => self.ask(program, &rule.when),
        }
    }

    /// The reasons of clauses that all lack something that is known already.
    fn known(&mut self, clauses: &[Clause]) -> Option<SetId> {
        let mut all: Option<SetId> = None;
        for clause in clauses {
            if self.truth_of(clause) != Truth::Unknown {
                continue;
            }
            let Reasons::Shared(lack) = clause.reasons else { return None };
            let found = self.scratch.reasons.of_lack(lack).filter(|_| self.is_shared(lack, clause))?;
            all = Some(all.map_or(found, |all| self.scratch.reasons.union(all, found)));
        }
        all.and_then(|all| self.few(all))
    }

    /// What an operand of a rule lacks; its truth is unknown.
    pub(super) fn of_node(&mut self, program: &Program, rule: RuleId, node: NodeId) -> Option<SetId> {
        let clauses = &self.plan.rules.get(rule.0 as usize)?.clauses;
        let (expr, clause) = find(written(program, rule)?, clauses, &|clause| clause.node == node)?;
        self.of_clause(program, expr, clause)
    }

    /// The reasons of all undecided clauses; `None` if they are so many that their order counts.
    fn union(&mut self, program: &Program, exprs: &[Expr], clauses: &[Clause]) -> Option<SetId> {
        let mut all: Option<SetId> = None;
        for (expr, clause) in exprs.iter().zip(clauses) {
            if self.truth_of(clause) != Truth::Unknown {
                continue;
            }
            let found = self.of_clause(program, expr, clause)?;
            all = Some(all.map_or(found, |all| self.scratch.reasons.union(all, found)));
        }
        all.and_then(|all| self.few(all))
    }

    /// The set, if its size does not make the order count and the budget is not spent.
    pub(super) fn few(&self, all: SetId) -> Option<SetId> {
        (self.scratch.reasons.len(all) < MAX_REASONS && !self.spent()).then_some(all)
    }

    /// What a clause of an undecided rule lacks, asked without its truth.
    pub(super) fn of_lack(&mut self, program: &Program, rule: RuleId, lack: LackId) -> Lacking {
        let plan = self.plan;
        if let Some(Lack::Value(value)) = plan.lacks.get(lack.0 as usize)
            && !self.is_absent(*value)
        {
            return Lacking::Nothing;
        }
        let found = self.scratch.reasons.of_lack(lack).or_else(|| {
            let clauses = &plan.rules.get(rule.0 as usize)?.clauses;
            let shares = |clause: &Clause| matches!(clause.reasons, Reasons::Shared(found) if found == lack);
            let (expr, _) = find(written(program, rule)?, clauses, &shares)?;
            let found = self.shared_reasons(program, expr, lack);
            self.scratch.reasons.keep(lack, found);
            Some(found)
        });
        self.named(found)
    }

    /// Reasons, unless nothing has a name: then the clause itself must say so.
    pub(super) fn named(&self, found: Option<SetId>) -> Lacking {
        found.filter(|found| self.scratch.reasons.len(*found) > 0).map_or(Lacking::Unclear, Lacking::This)
    }

    fn truth_of(&mut self, clause: &Clause) -> Truth {
        self.scratch.truth(clause.place).unwrap_or_else(|| self.truth(clause.node))
    }

    fn of_clause(&mut self, program: &Program, expr: &Expr, clause: &Clause) -> Option<SetId> {
        match &clause.reasons {
            Reasons::Operands(parts) => {
                let found = self.union(program, operands(expr)?, parts)?;
                // What `not` negates may lack nothing that has a name; the negation then says so itself.
                let unnamed = matches!(expr.kind, ExprKind::Not(_)) && self.scratch.reasons.len(found) == 0;
                Some(if unnamed { self.own(program, expr) } else { found })
            }
            Reasons::Shared(lack) if self.is_shared(*lack, clause) => {
                if let Some(known) = self.scratch.reasons.of_lack(*lack) {
                    return Some(known);
                }
                let found = self.shared_reasons(program, expr, *lack);
                self.scratch.reasons.keep(*lack, found);
                Some(found)
            }
            Reasons::Shared(_) | Reasons::Own => Some(self.own(program, expr)),
        }
    }

    /// True if what is lacking is all that makes the clause undecided.
    fn is_shared(&mut self, lack: LackId, clause: &Clause) -> bool {
        match self.plan.lacks.get(lack.0 as usize) {
            Some(Lack::Value(value)) => self.is_absent(*value),
            Some(Lack::Together(_)) => self.scratch.is_told(clause.place),
            Some(Lack::Elements(..) | Lack::Node(_)) => true,
            None => false,
        }
    }

    /// The reasons of a clause: those that the same absent values had before.
    fn shared_reasons(&mut self, program: &Program, expr: &Expr, lack: LackId) -> SetId {
        let plan = self.plan;
        let mut absent = std::mem::take(&mut self.scratch.absent);
        absent.clear();
        let told = match plan.lacks.get(lack.0 as usize) {
            Some(Lack::Value(value)) => {
                absent.push(self.first_absent(*value));
                true
            }
            Some(Lack::Elements(collection, element, value)) => {
                self.of_elements(*collection, *element, std::slice::from_ref(value), &mut absent)
            }
            Some(Lack::Together(class)) => plan
                .classes
                .get(class.0 as usize)
                .is_some_and(|class| self.of_elements(class.collection, class.element, &class.values, &mut absent)),
            Some(Lack::Node(_)) | None => false,
        };
        absent.sort_unstable();
        absent.dedup();
        let known = self.scratch.reasons.of_absent.get(absent.as_slice()).copied().filter(|_| told);
        let found = known.unwrap_or_else(|| {
            let mut reference = Reference::new(program, self.builtins, self.ctx);
            let found = self.scratch.reasons.add(Arc::new(reference.missing(expr)));
            if told && !reference.spent() {
                self.scratch.reasons.of_absent.insert(absent.as_slice().into(), found);
            }
            found
        });
        self.scratch.absent = absent;
        found
    }

    /// Of a path of fields the first that is absent.
    fn first_absent(&mut self, id: NodeId) -> NodeId {
        match self.plan.nodes.get(id.0 as usize).map(|node| &node.op) {
            Some(Op::Field(base, _)) if self.is_absent(*base) => self.first_absent(*base),
            _ => id,
        }
    }

    /// What is absent of the elements that lack all the values; false if it is not that simple.
    fn of_elements(
        &mut self,
        collection: NodeId,
        element: LocalId,
        values: &[NodeId],
        absent: &mut Vec<NodeId>,
    ) -> bool {
        let list = self.value(collection);
        let Some(items) = ops::elements(&list) else {
            absent.push(self.first_absent(collection));
            return true;
        };
        let outer = self.scratch.bind(element, Bound::default());
        let (mut asked, mut simple) = (0, true);
        for (value, index) in items.into_iter().zip(0..) {
            self.scratch.bind(element, Bound { value, index });
            let mut lacks = true;
            for id in values {
                let value = self.value(*id);
                lacks &= value.is_null();
                simple &= !matches!(value, Value::Json(_));
            }
            if lacks && asked < MAX_ELEMENTS {
                asked += 1;
                for id in values {
                    let first = self.first_absent(*id);
                    absent.push(first);
                }
            }
        }
        self.scratch.bind(element, outer);
        simple && !self.spent()
    }

    fn own(&mut self, program: &Program, expr: &Expr) -> SetId {
        let found = self.ask(program, expr);
        self.scratch.reasons.add(found)
    }

    fn ask(&self, program: &Program, expr: &Expr) -> Arc<BTreeSet<Missing>> {
        Arc::new(Reference::new(program, self.builtins, self.ctx).missing(expr))
    }
}

/// The conjuncts of a rule as they were written.
fn written(program: &Program, rule: RuleId) -> Option<&[Expr]> {
    let when = &program.rules.get(rule.0 as usize)?.when;
    Some(match &when.kind {
        ExprKind::And(operands) => operands.as_slice(),
        _ => std::slice::from_ref(when),
    })
}

/// The first clause of this kind, or part of one, and what was written.
fn find<'e, 'p>(
    exprs: &'e [Expr],
    clauses: &'p [Clause],
    wanted: &impl Fn(&Clause) -> bool,
) -> Option<(&'e Expr, &'p Clause)> {
    exprs.iter().zip(clauses).find_map(|(expr, clause)| match &clause.reasons {
        _ if wanted(clause) => Some((expr, clause)),
        Reasons::Operands(parts) => find(operands(expr)?, parts, wanted),
        Reasons::Shared(_) | Reasons::Own => None,
    })
}

/// Sets of reasons: each is made once, and so is each union. They belong to one plan.
#[derive(Debug, Default)]
pub(super) struct KnownReasons {
    /// The plan.
    serial: u64,
    message: u64,
    sets: Vec<Arc<BTreeSet<Missing>>>,
    numbers: HashMap<Arc<BTreeSet<Missing>>, SetId>,
    unions: HashMap<(SetId, SetId), SetId>,
    /// By the values whose absence they follow from.
    of_absent: HashMap<Box<[NodeId]>, SetId>,
    /// What is known of the message at hand, with its number.
    lacks: Vec<(u64, SetId)>,
    /// The same of signatures.
    signatures: Vec<(u64, Lacking)>,
}

impl KnownReasons {
    pub(super) fn begin(&mut self, plan: &Plan) {
        let ways = self.unions.len() + self.of_absent.len();
        if self.serial != plan.serial || self.sets.len() > MAX_SETS || ways > MAX_WAYS {
            *self = Self { serial: plan.serial, ..Self::default() };
            self.add(Arc::default());
        }
        self.message += 1;
        self.lacks.resize(plan.lacks.len(), (0, NOTHING));
        self.signatures.resize(plan.settlement.signatures.len(), (0, Lacking::Unclear));
    }

    pub(super) fn get(&self, id: SetId) -> Option<&Arc<BTreeSet<Missing>>> {
        self.sets.get(id.0 as usize)
    }

    fn set(&self, id: SetId) -> Arc<BTreeSet<Missing>> {
        self.get(id).map_or_else(no_reasons, Arc::clone)
    }

    fn len(&self, id: SetId) -> usize {
        self.sets.get(id.0 as usize).map_or(0, |set| set.len())
    }

    fn of_lack(&self, lack: LackId) -> Option<SetId> {
        let (message, set) = *self.lacks.get(lack.0 as usize)?;
        (message == self.message).then_some(set)
    }

    fn keep(&mut self, lack: LackId, set: SetId) {
        if let Some(kept) = self.lacks.get_mut(lack.0 as usize) {
            *kept = (self.message, set);
        }
    }

    pub(super) fn of_signature(&self, id: SignatureId) -> Option<Lacking> {
        let (message, set) = *self.signatures.get(id.0 as usize)?;
        (message == self.message).then_some(set)
    }

    pub(super) fn keep_signature(&mut self, id: SignatureId, set: Lacking) {
        if let Some(kept) = self.signatures.get_mut(id.0 as usize) {
            *kept = (self.message, set);
        }
    }

    fn add(&mut self, set: Arc<BTreeSet<Missing>>) -> SetId {
        if let Some(known) = self.numbers.get(&set) {
            return *known;
        }
        let id = SetId(self.sets.len() as u32);
        self.numbers.insert(Arc::clone(&set), id);
        self.sets.push(set);
        id
    }

    pub(super) fn union(&mut self, a: SetId, b: SetId) -> SetId {
        if a == b || b == NOTHING {
            return a;
        }
        if a == NOTHING {
            return b;
        }
        if let Some(known) = self.unions.get(&(a, b)) {
            return *known;
        }
        let (left, right) = (self.set(a), self.set(b));
        let both = self.add(Arc::new(left.union(&right).cloned().collect()));
        self.unions.insert((a, b), both);
        both
    }
}
