//! Gates: what a pack demands of a run before it is trusted, and which rules have earned
//! `stable`. The demands stand in the pack's policy.

use super::render::percent;
use super::run::{ActionStats, RuleStats, Run};
use crate::pack::{ActionGate, Gates, RuleGate};
use serde::{Deserialize, Serialize};

/// One demand and what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateResult {
    /// The rule or action.
    pub subject: String,
    /// What is demanded: `campaigns`, `S/O` ...
    pub condition: String,
    /// How much of it.
    pub required: String,
    /// How much there is.
    pub found: String,
    /// Whether that is enough.
    pub passed: bool,
}

/// Gates of packs, by the pack's name.
pub type PackGates = [(String, Gates)];

/// Holds a run against the gates: those of actions, and those of rules that call themselves
/// stable.
pub fn check(run: &Run, gates: &PackGates) -> Vec<GateResult> {
    let mut results = Vec::new();
    for (_, gates) in gates {
        for (name, gate) in &gates.actions {
            match run.actions.iter().find(|action| *action.action == **name) {
                Some(action) => results.extend(self::action(gate, action)),
                None => results.push(GateResult {
                    subject: name.clone(),
                    condition: "the policy has this action".into(),
                    required: "yes".into(),
                    found: "no".into(),
                    passed: false,
                }),
            }
        }
    }
    for rule in run.rules.iter().filter(|rule| rule.status == "stable") {
        if let Some(gate) = own(gates, rule).and_then(|gates| gates.stable.as_ref()) {
            results.extend(self::rule(gate, rule));
        }
    }
    results
}

fn own<'g>(gates: &'g PackGates, rule: &RuleStats) -> Option<&'g Gates> {
    let pack = rule.name.split('/').next()?;
    gates.iter().find(|(name, _)| name == pack).map(|(_, gates)| gates)
}

/// A rule, what it says of its maturity, and what it has earned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    /// `pack/name`.
    pub rule: String,
    /// `experimental` or `stable`.
    pub status: String,
    /// It meets the gate.
    pub earned: bool,
    /// It says what it has earned.
    pub agrees: bool,
    /// Each demand.
    pub demands: Vec<GateResult>,
    /// `file:line:column` of the rule.
    pub at: String,
}

/// What every rule has earned: experimental ones `stable`, stable ones to stay so. A pack without
/// a gate is held to the default one. `failing` are rules whose own tests do not pass.
pub fn promotions(run: &Run, gates: &PackGates, failing: &[String]) -> Vec<Promotion> {
    let default = RuleGate::default();
    let judged = run.rules.iter().filter(|rule| rule.status != "deprecated" && rule.mode != "off");
    let promotion = |rule: &RuleStats| {
        let gate = own(gates, rule).and_then(|gates| gates.stable.as_ref()).unwrap_or(&default);
        let mut demands = self::rule(gate, rule);
        let tested = !failing.contains(&rule.name.to_string());
        demands.push(result(
            &rule.name,
            "own tests",
            "pass".into(),
            if tested { "pass" } else { "fail" }.into(),
            tested,
        ));
        let earned = demands.iter().all(|demand| demand.passed);
        Promotion {
            rule: rule.name.to_string(),
            status: rule.status.clone(),
            earned,
            agrees: earned == (rule.status == "stable"),
            demands,
            at: rule.at.clone(),
        }
    };
    judged.map(promotion).collect()
}

fn result(subject: &str, condition: &str, required: String, found: String, passed: bool) -> GateResult {
    GateResult { subject: subject.into(), condition: condition.into(), required, found, passed }
}

fn at_least(subject: &str, condition: &str, least: Option<u64>, found: u64) -> Option<GateResult> {
    let least = least?;
    Some(result(subject, condition, format!("at least {least}"), found.to_string(), found >= least))
}

fn at_most(subject: &str, condition: &str, most: Option<u64>, found: u64) -> Option<GateResult> {
    let most = most?;
    Some(result(subject, condition, format!("at most {most}"), found.to_string(), found <= most))
}

fn rate_at_least(subject: &str, condition: &str, least: Option<f64>, found: Option<f64>) -> Option<GateResult> {
    let least = least?;
    let shown = found.map_or_else(|| "none".into(), percent);
    let passed = found.is_some_and(|found| found >= least);
    Some(result(subject, condition, format!("at least {}", percent(least)), shown, passed))
}

fn rate_at_most(subject: &str, condition: &str, most: Option<f64>, found: f64) -> Option<GateResult> {
    let most = most?;
    Some(result(subject, condition, format!("at most {}", percent(most)), percent(found), found <= most))
}

fn rule(gate: &RuleGate, rule: &RuleStats) -> Vec<GateResult> {
    let name = &*rule.name;
    [
        at_least(name, "positive hits", gate.min_hits, rule.positive.hits),
        rate_at_least(name, "share of positive messages", gate.min_hit_rate, rule.positive.rate),
        at_least(name, "positive campaigns", gate.min_campaigns, rule.positive_campaigns.hit),
        rate_at_least(name, "S/O", gate.min_so, rule.frequencies.so),
        at_most(name, "false positives", gate.max_false_positives, rule.negative.hits),
        rate_at_most(
            name,
            "upper bound of the false-positive rate (95 %)",
            gate.max_false_positive_upper,
            rule.false_positive_upper,
        ),
        at_most(name, "messages over budget", Some(0), rule.over_budget),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn action(gate: &ActionGate, action: &ActionStats) -> Vec<GateResult> {
    let name = &*action.action;
    [
        rate_at_least(name, "recall", gate.min_recall, action.recall.rate),
        rate_at_least(name, "precision", gate.min_precision, action.precision.rate),
        at_most(name, "false positives", gate.max_false_positives, action.fp),
        rate_at_most(
            name,
            "upper bound of the false-positive rate (95 %)",
            gate.max_false_positive_upper,
            action.false_positive_upper,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}
