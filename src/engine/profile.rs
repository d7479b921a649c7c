//! What a profile says, in the words of the rules.

use super::Engine;
use super::selectivity::one_line;
use crate::check::hir::{Expr, ExprKind};
use crate::eval::{NodeCounts, Profile};
use crate::plan::Op;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What messages cost, by rule, clause and feature.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ProfileReport {
    /// Messages that were evaluated.
    pub messages: u64,
    /// Steps of finding the rules that can hold, which no rule pays.
    pub index_steps: u64,
    /// Nanoseconds of that, with a clock.
    pub index_nanos: u64,
    /// Rules, the costliest first.
    pub rules: Vec<RuleCost>,
    /// Top-level clauses of rules, the costliest first. A clause that several rules share is
    /// named once for each.
    pub clauses: Vec<ClauseCost>,
    /// Fields and functions, the costliest first.
    pub features: Vec<FeatureCost>,
    /// Rules that every message evaluates, because nothing in an index can rule them out.
    pub unguarded: Vec<Arc<str>>,
}

/// What one rule cost.
#[derive(Clone, Debug, Serialize)]
pub struct RuleCost {
    /// `pack/name`.
    pub rule: Arc<str>,
    /// Messages on which it was evaluated; on the others the index decided.
    pub checks: u64,
    /// Messages that matched.
    pub matches: u64,
    /// Messages on which an `unless` suppressed it.
    pub suppressed: u64,
    /// Messages on which it was undecided.
    pub undecided: u64,
    /// Messages on which it spent its budget.
    pub over_budget: u64,
    /// Steps. A value that several rules need is paid by the first that asks.
    pub steps: u64,
    /// Of those the steps on messages on which its condition held.
    pub held_steps: u64,
    /// Messages on which its condition held, suppressed ones included.
    pub held: u64,
    /// Most steps of one message.
    pub max_steps: u64,
    /// Bytes of text that it made or searched; of what several rules need, the first's.
    pub bytes: u64,
    /// Nanoseconds, with a clock.
    pub nanos: u64,
}

/// What one clause cost.
#[derive(Clone, Debug, Serialize)]
pub struct ClauseCost {
    /// `pack/name`.
    pub rule: Arc<str>,
    /// The clause as its author wrote it.
    pub clause: String,
    /// `file:line:column`.
    pub at: String,
    /// How often it was computed.
    pub checks: u64,
    /// How often it held.
    pub held: u64,
    /// How often it was unknown.
    pub unknown: u64,
    /// Steps, what it reads included.
    pub steps: u64,
    /// Bytes of text that it made or searched.
    pub bytes: u64,
    /// Nanoseconds, with a clock.
    pub nanos: u64,
}

/// What one field or function cost over all rules.
#[derive(Clone, Debug, Serialize)]
pub struct FeatureCost {
    /// `Record.field` or the function's name.
    pub feature: String,
    /// How often it was computed.
    pub computed: u64,
    /// How often it was absent.
    pub absent: u64,
    /// Steps, what it reads included.
    pub steps: u64,
    /// Bytes of text that it gave.
    pub bytes: u64,
    /// Nanoseconds, with a clock.
    pub nanos: u64,
}

impl Engine {
    /// Reads a profile that [`Engine::profile`] of this engine filled.
    pub fn profile_report(&self, profile: &Profile) -> ProfileReport {
        let mut report = ProfileReport {
            messages: profile.messages,
            index_steps: profile.index_steps,
            index_nanos: profile.index_nanos,
            rules: self.rule_costs(profile),
            clauses: self.clause_costs(profile),
            features: self.feature_costs(profile),
            unguarded: self.unguarded(),
        };
        report.rules.sort_by(|a, b| (b.nanos, b.steps).cmp(&(a.nanos, a.steps)).then_with(|| a.rule.cmp(&b.rule)));
        report.clauses.sort_by(|a, b| (b.nanos, b.steps).cmp(&(a.nanos, a.steps)).then_with(|| a.at.cmp(&b.at)));
        report
            .features
            .sort_by(|a, b| (b.nanos, b.steps).cmp(&(a.nanos, a.steps)).then_with(|| a.feature.cmp(&b.feature)));
        report
    }

    /// The rules that no index can rule out, sorted: every message evaluates them.
    pub fn unguarded(&self) -> Vec<Arc<str>> {
        let rules = &self.inner.program.rules;
        let unguarded = self.inner.plan.index.unguarded();
        let mut names: Vec<Arc<str>> =
            unguarded.filter_map(|id| rules.get(id.0 as usize)).map(|rule| Arc::clone(&rule.name)).collect();
        names.sort();
        names
    }

    fn rule_costs(&self, profile: &Profile) -> Vec<RuleCost> {
        let rules = self.inner.program.rules.iter().zip(&profile.rules);
        rules
            .map(|(rule, counts)| RuleCost {
                rule: Arc::clone(&rule.name),
                checks: counts.checks,
                matches: counts.held.saturating_sub(counts.suppressed),
                suppressed: counts.suppressed,
                undecided: counts.undecided,
                over_budget: counts.over_budget,
                steps: counts.steps,
                held_steps: counts.held_steps,
                held: counts.held,
                max_steps: counts.max_steps,
                bytes: counts.bytes,
                nanos: counts.nanos,
            })
            .collect()
    }

    fn clause_costs(&self, profile: &Profile) -> Vec<ClauseCost> {
        let inner = &*self.inner;
        let mut costs = Vec::new();
        for (rule, planned) in inner.program.rules.iter().zip(&inner.plan.rules) {
            for (clause, planned) in clauses(&rule.when).into_iter().zip(&planned.clauses) {
                let counts = profile.nodes.get(planned.node.0 as usize).copied().unwrap_or_default();
                if counts == NodeCounts::default() {
                    continue;
                }
                costs.push(ClauseCost {
                    rule: Arc::clone(&rule.name),
                    clause: one_line(inner.sources.snippet(clause.span)),
                    at: inner.sources.location(clause.span),
                    checks: counts.checks,
                    held: counts.held,
                    unknown: counts.absent,
                    steps: counts.steps,
                    bytes: counts.bytes,
                    nanos: counts.nanos,
                });
            }
        }
        costs
    }

    fn feature_costs(&self, profile: &Profile) -> Vec<FeatureCost> {
        let catalog = self.builtins().catalog();
        let mut features: BTreeMap<String, NodeCounts> = BTreeMap::new();
        for (node, counts) in self.inner.plan.nodes.iter().zip(&profile.nodes) {
            let name = match &node.op {
                Op::Field(_, field) => {
                    let decl = catalog.field(*field);
                    format!("{}.{}", catalog.record(decl.record).name, decl.name)
                }
                Op::Call(function, _) => catalog.function(*function).name.clone(),
                _ => continue,
            };
            if counts.checks > 0 {
                let sum = features.entry(name).or_default();
                sum.checks += counts.checks;
                sum.absent += counts.absent;
                sum.steps += counts.steps;
                sum.bytes += counts.bytes;
                sum.nanos += counts.nanos;
            }
        }
        let cost = |(feature, counts): (String, NodeCounts)| FeatureCost {
            feature,
            computed: counts.checks,
            absent: counts.absent,
            steps: counts.steps,
            bytes: counts.bytes,
            nanos: counts.nanos,
        };
        features.into_iter().map(cost).collect()
    }
}

/// The conjuncts of a condition in written order.
fn clauses(when: &Expr) -> Vec<&Expr> {
    match &when.kind {
        ExprKind::Let(_, _, body) => clauses(body),
        ExprKind::And(operands) => operands.iter().collect(),
        _ => vec![when],
    }
}
