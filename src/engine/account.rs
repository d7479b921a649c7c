//! The whole account of a verdict: how the score adds up, why each rule ended as it did, and what
//! came nearest. Made by the evaluator's own steps, so that it cannot tell another story.

use super::verdict::{Match, Score, Verdict};
use super::{Engine, Explanation, Options};
use crate::builtins::Ctx;
use crate::check::hir::{Exception, Mode, RuleId, RuleSeverity};
use crate::eval::{Evidence, NearestMiss, Status, clauses_holding, explain_expr, nearest_miss};
use crate::message::Message;
use serde::Serialize;
use std::sync::Arc;

/// Most rules that are shown as near misses.
const NEAREST: usize = 10;

/// Everything that can be said about a verdict.
#[derive(Clone, Debug, Serialize)]
pub struct Account {
    /// The verdict, with the evidence of every match.
    pub verdict: Verdict,
    /// How the score and the action came about.
    pub arithmetic: Arithmetic,
    /// Each rule that would have matched, with what suppressed it.
    pub suppressed: Vec<Suppressed>,
    /// Each rule that could not be decided.
    pub undecided: Vec<Explanation>,
    /// The rules that came nearest to a match, nearest first; at most ten.
    pub nearest: Vec<NearMiss>,
    /// How many rules did not match, those above included.
    pub not_matched: usize,
    /// Rules that are switched off.
    pub off: Vec<Arc<str>>,
}

/// A sum that adds up: the parts' `counted` are exactly the total.
#[derive(Clone, Debug, Serialize)]
pub struct Arithmetic {
    /// One part for each match, in the order of the rules' names.
    pub parts: Vec<Part>,
    /// The sum of the counted parts: the verdict's score.
    pub total: Score,
    /// The policy's thresholds, lowest first.
    pub thresholds: Vec<Threshold>,
    /// The policy's actions by severity, lowest first.
    pub severities: Vec<SeverityAction>,
    /// The verdict's action.
    pub action: Arc<str>,
    /// What led to it, in words.
    pub decided_by: String,
}

/// What one match adds to the score.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// `pack/name`.
    pub rule: Arc<str>,
    /// The rule's own score.
    pub score: Score,
    /// What of it counts.
    pub counted: Score,
    /// Why less than all of it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A threshold of the policy.
#[derive(Clone, Debug, Serialize)]
pub struct Threshold {
    /// The action.
    pub action: Arc<str>,
    /// The score from which it is taken.
    pub from: Score,
    /// True if the score reaches it.
    pub reached: bool,
}

/// An action that the policy takes for a rule of some severity.
#[derive(Clone, Debug, Serialize)]
pub struct SeverityAction {
    /// The least severity.
    pub severity: RuleSeverity,
    /// The action.
    pub action: Arc<str>,
    /// True if a counted match is that severe.
    pub reached: bool,
}

/// A rule that would have matched.
#[derive(Clone, Debug, Serialize)]
pub struct Suppressed {
    /// `pack/name`.
    pub rule: Arc<str>,
    /// Everything that suppresses it.
    pub by: Vec<Suppressor>,
    /// Why the rule's condition holds.
    pub evidence: Evidence,
}

/// An `unless` clause or an exception that holds.
#[derive(Clone, Debug, Serialize)]
pub struct Suppressor {
    /// The clause's name, or `pack/name` of the exception.
    pub name: Arc<str>,
    /// True for an exception that stands outside the rule.
    pub exception: bool,
    /// Who answers for the exception.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Arc<str>>,
    /// Why the exception is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
    /// When the exception ends, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
    /// Why it holds.
    pub evidence: Evidence,
}

/// A rule that did not match, with what it would have taken.
#[derive(Clone, Debug, Serialize)]
pub struct NearMiss {
    /// `pack/name`.
    pub rule: Arc<str>,
    /// The clauses that hold and those that do not.
    #[serde(flatten)]
    pub miss: NearestMiss,
}

impl Engine {
    /// Decides about a message and says everything about it.
    pub fn account(&self, message: &Arc<Message>, now: Option<i64>) -> Account {
        let env = self.env(now, message);
        let ctx = Ctx { message, env: &env };
        let verdict = self.verdict_in(ctx, &mut self.scratch(), Options { evidence: true, now }, None);
        let rules = &self.inner.program.rules;
        let name = |rule: &Arc<crate::check::hir::Rule>| Arc::clone(&rule.name);
        let is_off = |(id, _): &(usize, &Arc<crate::check::hir::Rule>)| self.is_off(RuleId(*id as u32), ctx);
        let mut off: Vec<_> = rules.iter().enumerate().filter(is_off).map(|(_, rule)| name(rule)).collect();
        off.sort();
        let suppressed = verdict.suppressed.iter().filter_map(|found| self.suppressed(ctx, &found.rule)).collect();
        let undecided =
            verdict.undecided.iter().filter_map(|found| self.explain_in(ctx, self.find_rule(found.rule)?)).collect();
        let (nearest, not_matched) = self.nearest(ctx, &verdict);
        Account { arithmetic: self.arithmetic(&verdict), suppressed, undecided, nearest, not_matched, off, verdict }
    }

    fn arithmetic(&self, verdict: &Verdict) -> Arithmetic {
        let decision = &self.inner.decision;
        let worst =
            verdict.matches.iter().filter(|found| found.mode == Mode::Enforce).map(|found| found.severity).max();
        let threshold = |(action, from): (Arc<str>, Score)| {
            let reached = verdict.score >= from;
            Threshold { action, from, reached }
        };
        let mut thresholds: Vec<Threshold> = decision.thresholds().into_iter().map(threshold).collect();
        thresholds.sort_by(|a, b| a.from.cmp(&b.from).then_with(|| a.action.cmp(&b.action)));
        let severities: Vec<SeverityAction> = decision
            .severities()
            .map(|(severity, action)| SeverityAction {
                action: Arc::clone(action),
                severity,
                reached: worst.is_some_and(|worst| worst >= severity),
            })
            .collect();
        let by_score = thresholds.iter().rev().find(|one| one.reached).filter(|one| one.action == verdict.action);
        let by_severity = severities.iter().rev().find(|one| one.reached && one.action == verdict.action);
        let decided_by = match (by_score, by_severity) {
            (Some(threshold), _) => format!("the score {} reaches {}", verdict.score, threshold.from),
            (None, Some(one)) => format!("a match of severity {} or more", one.severity.name()),
            (None, None) => "nothing of the policy was reached".into(),
        };
        Arithmetic {
            parts: verdict.matches.iter().map(|found| part(found, &verdict.matches)).collect(),
            total: verdict.score,
            thresholds,
            severities,
            action: Arc::clone(&verdict.action),
            decided_by,
        }
    }

    fn suppressed(&self, ctx: Ctx<'_>, rule: &str) -> Option<Suppressed> {
        let id = self.find_rule(rule)?;
        let explanation = self.explain_in(ctx, id)?;
        let checked = self.inner.program.rules.get(id.0 as usize)?;
        let evidence = |expr| explain_expr(&self.inner.program, self.builtins(), ctx, &self.inner.sources, expr);
        let own = checked.unless.iter().filter(|(name, _)| explanation.suppressed_by.contains(name));
        let mut by: Vec<Suppressor> = own
            .map(|(name, when)| Suppressor {
                name: Arc::clone(name),
                exception: false,
                owner: None,
                reason: None,
                expires: None,
                evidence: evidence(when),
            })
            .collect();
        if by.is_empty() {
            let held = self.exceptions(id, ctx);
            let exceptions = self.inner.program.exceptions.iter().filter(|one| held.contains(&one.name));
            by.extend(exceptions.map(|Exception { name, when, owner, reason, expires, .. }| Suppressor {
                name: Arc::clone(name),
                exception: true,
                owner: Some(Arc::clone(owner)),
                reason: Some(Arc::clone(reason)),
                expires: Some(*expires),
                evidence: evidence(when),
            }));
        }
        Some(Suppressed { rule: explanation.rule, by, evidence: explanation.evidence })
    }

    /// Of the rules that did not match, those with the fewest clauses that fail; of equal ones,
    /// those with the most that hold. A rule of which nothing holds is near to nothing.
    fn nearest(&self, ctx: Ctx<'_>, verdict: &Verdict) -> (Vec<NearMiss>, usize) {
        let inner = &*self.inner;
        let mut ranked = Vec::new();
        let mut not_matched = 0;
        for (index, rule) in inner.program.rules.iter().enumerate() {
            let off = self.is_off(RuleId(index as u32), ctx);
            if off || verdict.names(&rule.name) {
                continue;
            }
            not_matched += 1;
            let id = RuleId(index as u32);
            if let Some((holding, clauses)) = clauses_holding(&inner.program, self.builtins(), ctx, id)
                && holding > 0
            {
                ranked.push((clauses.saturating_sub(holding), usize::MAX - holding, &rule.name, id));
            }
        }
        ranked.sort();
        let near = ranked.into_iter().take(NEAREST).filter_map(|(_, _, name, id)| {
            let miss = nearest_miss(&inner.program, self.builtins(), ctx, &inner.sources, id)?;
            Some(NearMiss { rule: Arc::clone(name), miss })
        });
        (near.collect(), not_matched)
    }
}

impl Verdict {
    /// True if the verdict says anything of the rule: then it did not plainly fail to match.
    fn names(&self, rule: &str) -> bool {
        self.matches.iter().any(|found| *found.rule == *rule)
            || self.suppressed.iter().any(|found| *found.rule == *rule)
            || self.undecided.iter().any(|found| **found.rule == *rule)
            || self.over_budget.iter().any(|found| **found == *rule)
    }

    /// How a rule ended, as the verdict tells it.
    pub fn status_of(&self, rule: &str) -> Status {
        match rule {
            _ if self.matches.iter().any(|found| *found.rule == *rule) => Status::Match,
            _ if self.suppressed.iter().any(|found| *found.rule == *rule) => Status::Suppressed,
            _ if self.undecided.iter().any(|found| **found.rule == *rule) => Status::Undecided,
            _ if self.over_budget.iter().any(|found| **found == *rule) => Status::OverBudget,
            _ => Status::NoMatch,
        }
    }
}

fn part(found: &Match, all: &[Match]) -> Part {
    let why = match (&found.family, found.mode) {
        _ if found.counted == found.score => None,
        (_, Mode::Shadow | Mode::Off) => Some("shadow mode: reported, counts nothing".into()),
        (Some(family), Mode::Enforce) => {
            let same = |other: &&Match| other.family.as_ref() == Some(family) && other.counted == other.score;
            let best = all.iter().filter(|other| other.rule != found.rule && other.mode == Mode::Enforce).find(same);
            Some(match best {
                Some(best) => format!("of the family `{family}` only {} counts", best.rule),
                None => format!("another rule of the family `{family}` counts"),
            })
        }
        (None, Mode::Enforce) => None,
    };
    Part { rule: Arc::clone(&found.rule), score: found.score, counted: found.counted, why }
}
