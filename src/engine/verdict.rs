//! The verdict: what was decided, why, and what could not be decided.

use super::authentication::Authentication;
use super::undecided::UndecidedRules;
use crate::check::hir::{Mode, RuleSeverity, Status as Maturity};
use crate::eval::Evidence;
use crate::message::Anomaly;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

/// A score in thousandths of a point, so that printed parts add up exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(pub i64);

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.unsigned_abs() / 1000, self.0.unsigned_abs() % 1000);
        let digits = format!("{part:03}");
        let digits = digits.trim_end_matches('0');
        write!(f, "{sign}{whole}.{}", if digits.is_empty() { "0" } else { digits })
    }
}

impl Serialize for Score {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // At most three decimals: the nearest double prints back the same digits.
        serializer.serialize_f64(self.0 as f64 / 1000.0)
    }
}

impl<'de> Deserialize<'de> for Score {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self((f64::deserialize(deserializer)? * 1000.0).round() as i64))
    }
}

/// What the engine says of one message. Its JSON form is valid for any input bytes.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// The action of the policy: `accept`, `tag`, `quarantine`, `reject` or the site's own names.
    pub action: Arc<str>,
    /// The sum of the counted scores.
    pub score: Score,
    /// Rules that matched, in the order of their names.
    pub matches: Vec<Match>,
    /// Rules that would have matched, and what suppressed them.
    pub suppressed: Vec<Suppression>,
    /// Rules that could not be decided, and what was missing.
    pub undecided: UndecidedRules,
    /// Rules that spent their budget before they were decided.
    pub over_budget: Vec<Arc<str>>,
    /// Limits that the message ran into; what lies beyond them was not seen.
    pub limits_hit: Vec<String>,
    /// What is odd about the message's structure.
    pub anomalies: Vec<Anomaly>,
    /// Who really sent the message, and on whose word, if evidence was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<Authentication>,
    /// The packs that decided.
    pub packs: Arc<[PackInfo]>,
}

impl Verdict {
    /// The rules whose match counts, held back by no mode.
    pub fn enforced(&self) -> impl Iterator<Item = &Arc<str>> {
        self.matches.iter().filter(|found| found.mode == Mode::Enforce).map(|found| &found.rule)
    }
}

/// A rule that matched.
#[derive(Clone, Debug, Serialize)]
pub struct Match {
    /// `pack/name`.
    pub rule: Arc<str>,
    /// The rule's title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Arc<str>>,
    /// How serious.
    pub severity: RuleSeverity,
    /// `enforce` counts, `shadow` is only reported.
    pub mode: Mode,
    /// The rule's own score.
    pub score: Score,
    /// What of it counts: 0 in shadow mode and for all but the highest of a family.
    pub counted: Score,
    /// The rule's family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<Arc<str>>,
    /// MITRE ATT&CK technique ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attack: Vec<String>,
    /// Why it matched, if evidence was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// A rule whose match was suppressed.
#[derive(Clone, Debug, Serialize)]
pub struct Suppression {
    /// `pack/name`.
    pub rule: Arc<str>,
    /// The `unless:` clauses that hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<Arc<str>>,
    /// The exceptions that hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Arc<str>>,
}

/// A pack that took part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackInfo {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// SHA-256 of what was read.
    pub digest: String,
}

/// What a rule says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleInfo {
    /// `pack/name`.
    pub name: Arc<str>,
    /// One line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Arc<str>>,
    /// How serious.
    pub severity: RuleSeverity,
    /// The score of a match.
    pub score: Score,
    /// What a match does.
    pub mode: Mode,
    /// How mature.
    pub status: Maturity,
    /// Of a family only the highest score counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<Arc<str>>,
    /// `file:line:column` of its name.
    pub at: String,
}
