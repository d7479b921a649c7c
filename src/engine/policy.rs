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
    origins: Vec<Origin>,
}

/// An entry of the policy that counts, and who says it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Origin {
    /// The action.
    pub action: String,
    /// From when it is taken: `score 5.0`, `severity high`.
    pub from: String,
    /// The pack, `configuration` or `default`.
    pub owner: String,
}

impl Origin {
    fn new(action: &str, from: String, owner: &str) -> Self {
        Self { action: action.to_owned(), from, owner: owner.to_owned() }
    }
}

fn scaled(action: &str, score: f64) -> Result<i64, String> {
    let scaled = score * 1000.0;
    if !scaled.is_finite() || scaled.abs() > 1e12 {
        return Err(format!("the threshold of `{action}` is out of range"));
    }
    Ok(scaled.round() as i64)
}

/// The action when no threshold is reached.
pub const ACCEPT: &str = "accept";

impl Decision {
    /// Merges named policies, the strongest first: for each action and each severity the first that
    /// names it counts, also where it says "nothing". The name and the reason if one is malformed.
    pub(super) fn merged<'p>(
        policies: impl IntoIterator<Item = (&'p str, &'p Policy)>,
    ) -> Result<Self, (String, String)> {
        let mut thresholds = BTreeMap::new();
        let mut severities = BTreeMap::new();
        for (owner, policy) in policies {
            let refused = |reason: String| (owner.to_owned(), reason);
            for (action, score) in &policy.thresholds {
                let score = score.map(|score| scaled(action, score)).transpose().map_err(refused)?;
                thresholds.entry(action.as_str()).or_insert((score, owner));
            }
            for (name, action) in &policy.severity {
                let severity = severity(name).ok_or_else(|| refused(format!("there is no severity `{name}`")))?;
                severities.entry(severity).or_insert((name.as_str(), action.as_deref(), owner));
            }
        }
        Ok(Self::of(&thresholds, &severities))
    }

    fn of(
        thresholds: &BTreeMap<&str, (Option<i64>, &str)>,
        severities: &BTreeMap<RuleSeverity, (&str, Option<&str>, &str)>,
    ) -> Self {
        let mut decision = Self { thresholds: Vec::new(), severities: Vec::new(), origins: Vec::new() };
        for (action, (score, owner)) in thresholds {
            let Some(score) = score else { continue };
            decision.thresholds.push((*score, Arc::from(*action)));
            decision.origins.push(Origin::new(action, format!("score {}", Score(*score)), owner));
        }
        decision.thresholds.sort_by(|a, b| b.cmp(a));
        for (severity, (name, action, owner)) in severities.iter().rev() {
            let Some(action) = action else { continue };
            decision.severities.push((*severity, Arc::from(*action)));
            decision.origins.push(Origin::new(action, format!("severity {name}"), owner));
        }
        decision
    }

    /// Who says each entry.
    pub(super) fn origins(&self) -> &[Origin] {
        &self.origins
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

pub(super) fn severity(name: &str) -> Option<RuleSeverity> {
    Some(match name {
        "info" => RuleSeverity::Info,
        "low" => RuleSeverity::Low,
        "medium" => RuleSeverity::Medium,
        "high" => RuleSeverity::High,
        "critical" => RuleSeverity::Critical,
        _ => return None,
    })
}
