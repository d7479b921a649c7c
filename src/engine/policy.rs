//! From matches to a score and an action.

use super::verdict::{Match, Score};
use crate::check::hir::{Mode, RuleSeverity};
use crate::pack::Policy;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A policy in the form in which it is applied.
#[derive(Clone, Debug)]
pub(super) struct Decision {
    /// Highest first.
    thresholds: Vec<(i64, Arc<str>)>,
    /// Highest severity first.
    severities: Vec<(RuleSeverity, Arc<str>)>,
}

/// The action when no threshold is reached.
pub const ACCEPT: &str = "accept";

impl Decision {
    /// Reads a policy; the reason if it is malformed.
    pub(super) fn new(policy: &Policy) -> Result<Self, String> {
        let mut thresholds = Vec::new();
        for (name, score) in &policy.thresholds {
            let scaled = score * 1000.0;
            if !scaled.is_finite() || scaled.abs() > 1e12 {
                return Err(format!("the threshold of `{name}` is out of range"));
            }
            thresholds.push((scaled.round() as i64, Arc::from(name.as_str())));
        }
        thresholds.sort_by(|a, b| b.cmp(a));
        let mut severities = Vec::new();
        for (name, action) in &policy.severity {
            let severity = severity(name).ok_or_else(|| format!("there is no severity `{name}`"))?;
            severities.push((severity, Arc::from(action.as_str())));
        }
        severities.sort_by(|a, b| b.cmp(a));
        Ok(Self { thresholds, severities })
    }

    /// Severities with the actions that they lead to, lowest first.
    pub(super) fn severities(&self) -> impl Iterator<Item = (RuleSeverity, &Arc<str>)> {
        self.severities.iter().rev().map(|(from, action)| (*from, action))
    }

    /// The names of all actions, weakest first.
    pub(super) fn actions(&self) -> Vec<Arc<str>> {
        let named =
            self.thresholds.iter().map(|(_, action)| action).chain(self.severities.iter().map(|(_, action)| action));
        let mut actions = vec![Arc::from(ACCEPT)];
        for action in named.rev() {
            if !actions.contains(action) {
                actions.push(Arc::clone(action));
            }
        }
        actions.sort_by_key(|action| if **action == *ACCEPT { i64::MIN } else { self.rank(action) });
        actions
    }

    /// The scores from which an action is taken, lowest first.
    pub(super) fn thresholds(&self) -> Vec<(Arc<str>, Score)> {
        self.thresholds.iter().rev().map(|(least, action)| (Arc::clone(action), Score(*least))).collect()
    }

    /// Marks what counts, and returns the sum with the action.
    pub(super) fn apply(&self, matches: &mut [Match]) -> (Score, Arc<str>) {
        count_scores(matches);
        let score = Score(matches.iter().map(|found| found.counted.0).sum());
        let by_score = self.thresholds.iter().find(|(least, _)| score.0 >= *least);
        let worst = matches.iter().filter(|found| found.mode == Mode::Enforce).map(|found| found.severity).max();
        let by_severity = self.severities.iter().find(|(least, _)| worst.is_some_and(|worst| worst >= *least));
        let action = [by_score.map(|(_, action)| action), by_severity.map(|(_, action)| action)];
        let action = action.into_iter().flatten().max_by_key(|action| self.rank(action));
        (score, action.map_or_else(|| ACCEPT.into(), Arc::clone))
    }

    /// Actions with a higher threshold are stronger; one without a threshold is the strongest.
    fn rank(&self, action: &str) -> i64 {
        self.thresholds.iter().find(|(_, name)| **name == *action).map_or(i64::MAX, |(least, _)| *least)
    }
}

/// In one family only the highest score counts; of equal ones the first rule's.
fn count_scores(matches: &mut [Match]) {
    let mut best: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    for index in 0..matches.len() {
        let found = &matches[index];
        if found.mode != Mode::Enforce {
            continue;
        }
        let Some(family) = found.family.clone() else {
            matches[index].counted = found.score;
            continue;
        };
        let kept = best.get(&family).copied();
        if kept.is_none_or(|kept| matches[index].score > matches[kept].score) {
            best.insert(family, index);
        }
    }
    for index in best.into_values() {
        matches[index].counted = matches[index].score;
    }
}

fn severity(name: &str) -> Option<RuleSeverity> {
    Some(match name {
        "info" => RuleSeverity::Info,
        "low" => RuleSeverity::Low,
        "medium" => RuleSeverity::Medium,
        "high" => RuleSeverity::High,
        "critical" => RuleSeverity::Critical,
        _ => return None,
    })
}
