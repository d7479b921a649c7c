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
use std::collections::BTreeSet;
use std::sync::Arc;

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
        let all = if known { self.union(program, exprs, clauses) } else { None };
        all.unwrap_or_else(|| self.ask(program, &rule.when))
    }

    /// The reasons of all undecided clauses; `None` if they are so many that their order counts.
    fn union(&mut self, program: &Program, exprs: &[Expr], clauses: &[Clause]) -> Option<Arc<BTreeSet<Missing>>> {
        let mut all: Option<Arc<BTreeSet<Missing>>> = None;
        for (expr, clause) in exprs.iter().zip(clauses) {
            if self.truth(clause.node) != Truth::Unknown {
                continue;
            }
            let found = self.of_clause(program, expr, clause)?;
            all = Some(match all {
                None => found,
                Some(all) if found.is_subset(&all) => all,
                Some(all) => Arc::new(all.union(&found).cloned().collect()),
            });
        }
        all.filter(|all| all.len() < MAX_REASONS && !self.spent())
    }

    fn of_clause(&mut self, program: &Program, expr: &Expr, clause: &Clause) -> Option<Arc<BTreeSet<Missing>>> {
        let key = match &clause.reasons {
            Reasons::Value(node) if self.value(*node).is_null() => *node,
            Reasons::Elements(node) => *node,
            Reasons::Operands(parts) => {
                let operands = match &expr.kind {
                    ExprKind::And(operands) | ExprKind::Or(operands) | ExprKind::AtLeast(_, operands) => {
                        operands.as_slice()
                    }
                    ExprKind::Not(inner) => std::slice::from_ref(&**inner),
                    _ => return None,
                };
                return self.union(program, operands, parts);
            }
            Reasons::Node => clause.node,
            Reasons::Value(_) | Reasons::Own => return Some(self.ask(program, expr)),
        };
        if let Some(known) = self.scratch.reasons.get(&key) {
            return Some(Arc::clone(known));
        }
        let found = self.ask(program, expr);
        self.scratch.reasons.insert(key, Arc::clone(&found));
        Some(found)
    }

    fn ask(&self, program: &Program, expr: &Expr) -> Arc<BTreeSet<Missing>> {
        Arc::new(Reference::new(program, self.builtins, self.ctx).missing(expr))
    }
}

/// Reasons by the node that they follow.
pub(super) type KnownReasons = std::collections::HashMap<NodeId, Arc<BTreeSet<Missing>>>;
