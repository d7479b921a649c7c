//! What a pack demands of its rules on a labelled corpus: `policy: gates:` of `pack.yaml`.
//!
//! Rates are fractions: 0.001 is one in a thousand. Upper bounds of false-positive rates are
//! one-sided 95 % bounds (Clopper and Pearson), so that few messages prove little: 0 hits on
//! 2,500 messages give 0.0012.

use serde::Deserialize;
use std::collections::BTreeMap;

/// All gates of a pack.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gates {
    /// What a rule must show to be `stable`.
    pub stable: Option<RuleGate>,
    /// What each action must show, taken as a detector.
    pub actions: BTreeMap<String, ActionGate>,
    /// What a change of the rules may do.
    pub diff: Option<DiffGate>,
}

/// Demands on one rule. What is not given is not demanded; [`RuleGate::default`] is what holds
/// where a pack has no gate.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleGate {
    /// Positive messages that it hits.
    pub min_hits: Option<u64>,
    /// Share of positive messages that it hits.
    pub min_hit_rate: Option<f64>,
    /// Positive campaigns that it hits.
    pub min_campaigns: Option<u64>,
    /// spam% / (spam% + ham%).
    pub min_so: Option<f64>,
    /// Negative messages that it hits.
    pub max_false_positives: Option<u64>,
    /// Upper bound of the rate of those.
    pub max_false_positive_upper: Option<f64>,
}

impl Default for RuleGate {
    /// SpamAssassin's promotion rules, tightened: S/O 0.95, 0.02 % of the positive messages, two
    /// campaigns; and at most 2 in 1,000 false positives with 95 % confidence.
    fn default() -> Self {
        Self {
            min_hits: None,
            min_hit_rate: Some(0.0002),
            min_campaigns: Some(2),
            min_so: Some(0.95),
            max_false_positives: None,
            max_false_positive_upper: Some(0.002),
        }
    }
}

/// Demands on "at least this action" as a detector.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ActionGate {
    /// Share of positive messages that get it.
    pub min_recall: Option<f64>,
    /// Share of positive ones among those that get it.
    pub min_precision: Option<f64>,
    /// Negative messages that get it.
    pub max_false_positives: Option<u64>,
    /// Upper bound of the rate of those.
    pub max_false_positive_upper: Option<f64>,
}

/// Limits of what a change may do. "Flagged" is an action stronger than `accept`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiffGate {
    /// Positive messages that are no longer flagged.
    pub max_lost: Option<u64>,
    /// Negative messages that are newly flagged.
    pub max_new_false_positives: Option<u64>,
    /// Growth of the steps of all messages: 0.2 is a fifth more.
    pub max_cost_increase: Option<f64>,
    /// With a McNemar probability below this, fewer right decisions than before are a regression.
    pub max_p: Option<f64>,
}

impl Default for DiffGate {
    /// What holds where a pack has no gate: nothing lost, nothing newly wrong.
    fn default() -> Self {
        Self { max_lost: Some(0), max_new_false_positives: Some(0), max_cost_increase: None, max_p: None }
    }
}
