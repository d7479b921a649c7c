//! Why rules are undecided, found out once for all clauses that lack the same.
//!
//! The reasons are those of the reference evaluator, by its own code: they are a matter of the
//! written tree, not of the plan's order.

use super::machine::Run;
use super::missing::MAX_REASONS;
use super::reference::Reference;
use super::{Missing, no_reasons};
use crate::check::hir::{Expr, ExprKind, Program, RuleId};
use crate::plan::{Clause, NodeId, Reasons};
use crate::value::Truth;
use foldhash::HashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A set of reasons of the message at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SetId(u32);

impl Run<'_> {
    /// The reasons of a rule whose condition is unknown.
    pub(super) fn why(&mut self, program: &Program, id: RuleId) -> Arc<BTreeSet<Missing>> {
        let plan = self.plan;
        let Some(rule) = program.rules.get(id.0 as usize) else { return no_reasons() };
        let exprs = match &rule.when.kind {
            ExprKind::And(operands) => operands.as_slice(),
            _ => std::slice::from_ref(&rule.when),
        };
        let clauses = plan.rules.get(id.0 as usize).map_or(&[] as &[Clause], |rule| &rule.clauses);
        let known = exprs.len() == clauses.len() && !matches!(rule.when.kind, ExprKind::Let(..));
        let all = if known { self.union(program, id, exprs, clauses) } else { None };
        match all {
            Some(all) => self.scratch.reasons.set(all),
            None => self.ask(program, &rule.when),
        }
    }

    /// The reasons of all undecided clauses; `None` if they are so many that their order counts.
    fn union(&mut self, program: &Program, id: RuleId, exprs: &[Expr], clauses: &[Clause]) -> Option<SetId> {
        let mut all: Option<SetId> = None;
        for (expr, clause) in exprs.iter().zip(clauses) {
            if self.truth(clause.node) != Truth::Unknown {
                continue;
            }
            let found = self.of_clause(program, id, expr, clause)?;
            all = Some(all.map_or(found, |all| self.scratch.reasons.union(all, found)));
        }
        all.filter(|all| self.scratch.reasons.len(*all) < MAX_REASONS && !self.spent())
    }

    fn of_clause(&mut self, program: &Program, id: RuleId, expr: &Expr, clause: &Clause) -> Option<SetId> {
        let key = match &clause.reasons {
            Reasons::Value(node) if self.is_absent(*node) => *node,
            Reasons::Elements(node) => *node,
            Reasons::Operands(parts) => {
                let operands = match &expr.kind {
                    ExprKind::And(operands) | ExprKind::Or(operands) | ExprKind::AtLeast(_, operands) => {
                        operands.as_slice()
                    }
                    ExprKind::Not(inner) => std::slice::from_ref(&**inner),
                    _ => return None,
                };
                let found = self.union(program, id, operands, parts)?;
                // What `not` negates may lack nothing that has a name; the negation then says so itself.
                let unnamed = matches!(expr.kind, ExprKind::Not(_)) && self.scratch.reasons.len(found) == 0;
                return Some(if unnamed { self.own(program, expr) } else { found });
            }
            Reasons::Node => clause.node,
            Reasons::Together(class) if self.is_told(id, clause.node) => NodeId(u32::MAX - class.0),
            Reasons::Value(_) | Reasons::Together(_) | Reasons::Own => {
                return Some(self.own(program, expr));
            }
        };
        if let Some(known) = self.scratch.reasons.of_node.get(&key) {
            return Some(*known);
        }
        let found = self.own(program, expr);
        self.scratch.reasons.of_node.insert(key, found);
        Some(found)
    }

    /// True if the clause was told to be unknown because only absence has lit it.
    fn is_told(&self, id: RuleId, node: NodeId) -> bool {
        let exact = self.plan.index.exact.get(id.0 as usize).into_iter().flatten().find(|exact| exact.node == node);
        exact.is_some_and(|exact| {
            let told = exact.class.is_none_or(|class| self.scratch.class(class) == Some(Truth::Unknown));
            told && self.is_lit_by_absence(id, exact)
        })
    }

    fn own(&mut self, program: &Program, expr: &Expr) -> SetId {
        let found = self.ask(program, expr);
        self.scratch.reasons.add(found)
    }

    fn ask(&self, program: &Program, expr: &Expr) -> Arc<BTreeSet<Missing>> {
        Arc::new(Reference::new(program, self.builtins, self.ctx).missing(expr))
    }
}

/// The sets of reasons of one message: each is made once, and so is each union.
#[derive(Debug, Default)]
pub(super) struct KnownReasons {
    sets: Vec<Arc<BTreeSet<Missing>>>,
    /// By the node that they follow; those of classes of values are numbered from the end.
    of_node: HashMap<NodeId, SetId>,
    unions: HashMap<(SetId, SetId), SetId>,
}

impl KnownReasons {
    pub(super) fn clear(&mut self) {
        self.sets.clear();
        self.of_node.clear();
        self.unions.clear();
    }

    fn set(&self, id: SetId) -> Arc<BTreeSet<Missing>> {
        self.sets.get(id.0 as usize).map_or_else(no_reasons, Arc::clone)
    }

    fn len(&self, id: SetId) -> usize {
        self.sets.get(id.0 as usize).map_or(0, |set| set.len())
    }

    fn add(&mut self, set: Arc<BTreeSet<Missing>>) -> SetId {
        self.sets.push(set);
        SetId(self.sets.len() as u32 - 1)
    }

    fn union(&mut self, a: SetId, b: SetId) -> SetId {
        if a == b {
            return a;
        }
        if let Some(known) = self.unions.get(&(a, b)) {
            return *known;
        }
        let (left, right) = (self.set(a), self.set(b));
        let both = if right.is_subset(&left) {
            a
        } else if left.is_subset(&right) {
            b
        } else {
            self.add(Arc::new(left.union(&right).cloned().collect()))
        };
        self.unions.insert((a, b), both);
        both
    }
}
