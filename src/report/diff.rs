//! What a change of rules does: both versions on the same messages.

use super::gates::GateResult;
use super::render::percent;
use super::run::{Role, Roles};
use super::stats::McNemar;
use crate::corpus::{Facts, Observation, Seen, SeenEvidence, UNLABELLED};
use crate::engine::{ACCEPT, Engine, PackInfo, Score};
use crate::pack::DiffGate;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Name and version of the JSON form.
pub const DIFF_SCHEMA: &str = "ruleeval.diff/1";

/// What a change does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diff {
    /// [`DIFF_SCHEMA`].
    pub schema: String,
    /// The old packs.
    pub old: Vec<PackInfo>,
    /// The new packs.
    pub new: Vec<PackInfo>,
    /// Which labels count as what.
    pub roles: Roles,
    /// Messages that both decided.
    pub messages: u64,
    /// Messages that could not be read.
    pub unreadable: u64,
    /// Rules that only the new version has, sorted.
    pub added: Vec<Arc<str>>,
    /// Rules that only the old version has, sorted.
    pub removed: Vec<Arc<str>>,
    /// Changes of the action, weakest old action first.
    pub actions: Vec<ActionChange>,
    /// Rules whose hits differ, sorted by name.
    pub rules: Vec<RuleChange>,
    /// Decisions on positive messages: flagged is right.
    pub positive: McNemar,
    /// Decisions on negative messages: not flagged is right.
    pub negative: McNemar,
    /// Both together.
    pub overall: McNemar,
    /// Steps of all messages, old and new.
    pub cost: CostChange,
}

/// Messages that moved from one action to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionChange {
    /// The old action.
    pub from: String,
    /// The new action.
    pub to: String,
    /// Positive, negative and other messages.
    pub messages: Moved,
    /// Some of them, by smallest id.
    pub samples: Vec<Sample>,
}

/// Messages by role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Positive messages.
    pub positive: u64,
    /// Negative messages.
    pub negative: u64,
    /// Messages that are reported apart.
    pub apart: u64,
}

impl Moved {
    fn add(&mut self, role: Role) {
        match role {
            Role::Positive => self.positive += 1,
            Role::Negative => self.negative += 1,
            Role::Apart => self.apart += 1,
        }
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.positive + self.negative + self.apart
    }
}

/// A rule whose hits differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleChange {
    /// `pack/name`.
    pub rule: Arc<str>,
    /// Hits of the old version.
    pub old: Moved,
    /// Hits of the new version.
    pub new: Moved,
    /// Messages that only the new version hits.
    pub gained: Moved,
    /// Messages that only the old version hits.
    pub lost: Moved,
    /// Whether more decisions are right: positive messages hit, negative ones not.
    pub mcnemar: McNemar,
    /// Some gained messages, by smallest id, with the new version's evidence.
    pub gained_samples: Vec<Sample>,
    /// Some lost messages, by smallest id, with the old version's evidence.
    pub lost_samples: Vec<Sample>,
}

/// A message that shows a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Its id.
    pub id: String,
    /// Its label.
    pub label: Arc<str>,
    /// The old score.
    pub old_score: Score,
    /// The new score.
    pub new_score: Score,
    /// Why the rule matched, where one is concerned.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub evidence: Option<serde_json::Value>,
}

/// Steps of all messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CostChange {
    /// Of the old version.
    pub old: u64,
    /// Of the new version.
    pub new: u64,
    /// new / old - 1.
    pub growth: Option<f64>,
}

/// One message, decided twice.
#[derive(Debug)]
pub struct Pair {
    /// By the old version.
    pub old: Observation,
    /// By the new version.
    pub new: Observation,
}

/// Gathers pairs, in any order.
#[derive(Debug)]
pub struct Differ {
    old: Side,
    new: Side,
    roles: Roles,
    samples: usize,
    messages: u64,
    unreadable: u64,
    actions: BTreeMap<(usize, usize), (Moved, Samples)>,
    rules: BTreeMap<Arc<str>, Counts>,
    positive: (u64, u64),
    negative: (u64, u64),
}

#[derive(Debug)]
struct Side {
    packs: Vec<PackInfo>,
    rules: Vec<Arc<str>>,
    actions: Vec<Arc<str>>,
    steps: u64,
}

impl Side {
    fn new(engine: &Engine) -> Self {
        Self { packs: engine.packs().to_vec(), rules: engine.rules(), actions: engine.actions(), steps: 0 }
    }

    fn names(&self, matched: &[u32]) -> BTreeSet<Arc<str>> {
        matched.iter().filter_map(|rule| self.rules.get(*rule as usize).cloned()).collect()
    }

    fn action(&self, name: &str) -> usize {
        self.actions.iter().position(|action| **action == *name).unwrap_or(0)
    }
}

type Samples = BTreeMap<String, Sample>;

#[derive(Debug, Default)]
struct Counts {
    old: Moved,
    new: Moved,
    gained: Moved,
    lost: Moved,
    gained_samples: Samples,
    lost_samples: Samples,
}

impl Differ {
    /// An empty comparison. `samples` bounds the messages shown for each change.
    pub fn new(old: &Engine, new: &Engine, roles: Roles, samples: usize) -> Self {
        Self {
            old: Side::new(old),
            new: Side::new(new),
            roles,
            samples,
            messages: 0,
            unreadable: 0,
            actions: BTreeMap::new(),
            rules: BTreeMap::new(),
            positive: (0, 0),
            negative: (0, 0),
        }
    }

    /// Adds a message.
    pub fn add(&mut self, facts: &Facts, pair: Pair) {
        let (Some(old), Some(new)) = (pair.old.seen, pair.new.seen) else {
            self.unreadable += 1;
            return;
        };
        self.messages += 1;
        self.old.steps += old.steps.iter().map(|(_, steps)| steps).sum::<u64>();
        self.new.steps += new.steps.iter().map(|(_, steps)| steps).sum::<u64>();
        let label: Arc<str> = facts.label.clone().unwrap_or_else(|| UNLABELLED.into());
        let role = self.roles.of(&label);
        let sample = Sample { id: pair.old.id, label, old_score: old.score, new_score: new.score, evidence: None };
        self.decision(role, &old, &new, &sample);
        self.hits(role, &old, &new, &sample);
    }

    fn decision(&mut self, role: Role, old: &Seen, new: &Seen, sample: &Sample) {
        if old.action != new.action {
            let key = (self.old.action(&old.action), self.new.action(&new.action));
            let (moved, samples) = self.actions.entry(key).or_default();
            moved.add(role);
            keep(samples, sample.clone(), self.samples);
        }
        let flagged = |seen: &Seen| seen.action != ACCEPT;
        let counts = match role {
            Role::Positive => &mut self.positive,
            Role::Negative => &mut self.negative,
            Role::Apart => return,
        };
        let right = |seen: &Seen| flagged(seen) == (role == Role::Positive);
        counts.0 += u64::from(right(old) && !right(new));
        counts.1 += u64::from(!right(old) && right(new));
    }

    fn hits(&mut self, role: Role, old: &Seen, new: &Seen, sample: &Sample) {
        let (before, after) = (self.old.names(&old.matched), self.new.names(&new.matched));
        for rule in before.union(&after) {
            let counts = self.rules.entry(Arc::clone(rule)).or_default();
            let was = before.contains(rule);
            let is = after.contains(rule);
            if was {
                counts.old.add(role);
            }
            if is {
                counts.new.add(role);
            }
            let (moved, samples, side, seen) = match (was, is) {
                (false, true) => (&mut counts.gained, &mut counts.gained_samples, &self.new, new),
                (true, false) => (&mut counts.lost, &mut counts.lost_samples, &self.old, old),
                _ => continue,
            };
            moved.add(role);
            let evidence = evidence(side, rule, seen.evidence.as_ref());
            keep(samples, Sample { evidence, ..sample.clone() }, self.samples);
        }
    }

    /// The comparison.
    pub fn finish(self) -> Diff {
        let (old, new) = (&self.old, &self.new);
        let only = |these: &[Arc<str>], those: &[Arc<str>]| {
            these.iter().filter(|rule| !those.contains(rule)).cloned().collect::<Vec<_>>()
        };
        let test = |(lost, gained): (u64, u64)| McNemar::new(lost, gained);
        let growth = (old.steps > 0).then(|| new.steps as f64 / old.steps as f64 - 1.0);
        let action = |((from, to), (messages, samples)): ((usize, usize), (Moved, Samples))| ActionChange {
            from: old.actions[from].to_string(),
            to: new.actions[to].to_string(),
            messages,
            samples: samples.into_values().collect(),
        };
        Diff {
            schema: DIFF_SCHEMA.into(),
            messages: self.messages,
            unreadable: self.unreadable,
            added: only(&new.rules, &old.rules),
            removed: only(&old.rules, &new.rules),
            actions: self.actions.into_iter().map(action).collect(),
            rules: self.rules.into_iter().filter_map(|(rule, counts)| counts.change(rule)).collect(),
            positive: test(self.positive),
            negative: test(self.negative),
            overall: McNemar::new(self.positive.0 + self.negative.0, self.positive.1 + self.negative.1),
            cost: CostChange { old: old.steps, new: new.steps, growth },
            old: old.packs.clone(),
            new: new.packs.clone(),
            roles: self.roles,
        }
    }
}

impl Counts {
    /// The change, if there is one.
    fn change(self, rule: Arc<str>) -> Option<RuleChange> {
        if self.gained.total() + self.lost.total() == 0 {
            return None;
        }
        let right = self.gained.positive + self.lost.negative;
        let wrong = self.lost.positive + self.gained.negative;
        Some(RuleChange {
            rule,
            old: self.old,
            new: self.new,
            gained: self.gained,
            lost: self.lost,
            mcnemar: McNemar::new(wrong, right),
            gained_samples: self.gained_samples.into_values().collect(),
            lost_samples: self.lost_samples.into_values().collect(),
        })
    }
}

/// Keeps the samples with the smallest ids, whatever the order in which they come.
fn keep(samples: &mut Samples, sample: Sample, most: usize) {
    samples.insert(sample.id.clone(), sample);
    if samples.len() > most {
        samples.pop_last();
    }
}

fn evidence(side: &Side, rule: &str, seen: Option<&SeenEvidence>) -> Option<serde_json::Value> {
    let found =
        seen?.rules.iter().find(|(index, _)| side.rules.get(*index as usize).is_some_and(|name| **name == *rule));
    found.map(|(_, evidence)| evidence.clone())
}

/// Holds a change against a gate.
pub fn check(diff: &Diff, gate: &DiffGate) -> Vec<GateResult> {
    let mut results = Vec::new();
    let mut most = |condition: &str, most: Option<u64>, found: u64| {
        if let Some(most) = most {
            results.push(result(condition, format!("at most {most}"), found.to_string(), found <= most));
        }
    };
    most("positive messages no longer flagged", gate.max_lost, diff.positive.lost);
    most("negative messages newly flagged", gate.max_new_false_positives, diff.negative.lost);
    if let Some(most) = gate.max_cost_increase {
        let growth = diff.cost.growth.unwrap_or(0.0);
        results.push(result(
            "growth of the cost",
            format!("at most {}", percent(most)),
            percent(growth),
            growth <= most,
        ));
    }
    if let Some(p) = gate.max_p {
        let worse = diff.overall.lost > diff.overall.gained && diff.overall.p < p;
        let found = format!("{} lost, {} gained, p = {:.4}", diff.overall.lost, diff.overall.gained, diff.overall.p);
        results.push(result("right decisions (McNemar)", format!("no loss with p below {p}"), found, !worse));
    }
    results
}

fn result(condition: &str, required: String, found: String, passed: bool) -> GateResult {
    GateResult { subject: "change".into(), condition: condition.into(), required, found, passed }
}
