//! One message, decided: what a report needs of it.

use crate::calendar;
use crate::engine::{Engine, Options, Score, Verdict};
use crate::eval::Scratch;
use crate::message::{Anomaly, Message, date_millis};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A message of a corpus and what came of it. Rules are named by their position among the
/// engine's rules sorted by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The message's id.
    pub id: String,
    /// What came of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seen: Option<Seen>,
    /// Why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
}

/// A decided message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// SHA-256 of its bytes, in hexadecimal.
    pub digest: String,
    /// The day of its newest Received field, else of its Date field.
    pub date: Option<String>,
    /// The policy's action.
    pub action: String,
    /// The score.
    pub score: Score,
    /// Rules that matched.
    pub matched: Vec<u32>,
    /// Rules whose match was suppressed.
    pub suppressed: Vec<u32>,
    /// Rules that could not be decided, and what was missing.
    pub undecided: Vec<(u32, Vec<String>)>,
    /// Rules that spent their budget.
    pub over_budget: Vec<u32>,
    /// Something of the message was not seen.
    pub damaged: bool,
    /// Steps of the rules that had to be evaluated.
    pub steps: Vec<(u32, u64)>,
    /// Why rules matched, if asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub evidence: Option<SeenEvidence>,
}

/// Why rules matched a message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SeenEvidence {
    /// The first From field.
    pub from: String,
    /// The subject.
    pub subject: String,
    /// Who really sent it, and on whose word.
    #[serde(default)]
    pub auth: String,
    /// The clause tree of each rule that matched.
    pub rules: Vec<(u32, serde_json::Value)>,
}

/// Decides messages. Shared between threads; scratch is separate.
#[derive(Debug)]
pub struct Observer<'e> {
    engine: &'e Engine,
    rules: BTreeMap<Arc<str>, u32>,
    positions: Vec<u32>,
    options: Options,
}

impl<'e> Observer<'e> {
    /// An observer for an engine.
    pub fn new(engine: &'e Engine, options: Options) -> Self {
        let rules = engine.rules().into_iter().zip(0..).collect();
        Self { engine, rules, positions: engine.positions(), options }
    }

    /// Scratch for [`Observer::observe`]; one for each thread.
    pub fn scratch(&self) -> Scratch {
        self.engine.scratch()
    }

    /// Decides about the bytes of a message, or notes why there are none.
    pub fn observe(&self, scratch: &mut Scratch, id: String, bytes: Result<Vec<u8>, String>) -> Observation {
        match bytes {
            Ok(bytes) => Observation { id, seen: Some(self.seen(scratch, bytes)), error: None },
            Err(error) => Observation { id, seen: None, error: Some(error) },
        }
    }

    fn seen(&self, scratch: &mut Scratch, bytes: Vec<u8>) -> Seen {
        let message = self.engine.parse(bytes);
        let verdict = self.engine.evaluate(&message, scratch, self.options);
        let undecided = verdict.undecided.iter();
        let reasons = |missing: &std::collections::BTreeSet<crate::eval::Missing>| {
            missing.iter().map(ToString::to_string).collect()
        };
        Seen {
            digest: crate::message::hex(&Sha256::digest(message.raw())).to_string(),
            date: date(&message),
            matched: self.indexes(verdict.matches.iter().map(|found| &found.rule)),
            suppressed: self.indexes(verdict.suppressed.iter().map(|found| &found.rule)),
            undecided: undecided.filter_map(|u| Some((*self.rules.get(u.rule)?, reasons(u.missing)))).collect(),
            over_budget: self.indexes(verdict.over_budget.iter()),
            damaged: !verdict.limits_hit.is_empty() || verdict.anomalies.iter().any(Anomaly::is_damage),
            steps: self.steps(scratch),
            evidence: self.evidence(&message, &verdict),
            action: verdict.action.to_string(),
            score: verdict.score,
        }
    }

    fn steps(&self, scratch: &Scratch) -> Vec<(u32, u64)> {
        let position = |rule: u32| self.positions.get(rule as usize).copied();
        let steps = scratch.steps().iter().filter_map(|(rule, steps)| Some((position(rule.0)?, *steps)));
        let mut steps: Vec<(u32, u64)> = steps.collect();
        steps.sort_unstable();
        steps
    }

    fn indexes<'n>(&self, names: impl Iterator<Item = &'n Arc<str>>) -> Vec<u32> {
        names.filter_map(|name| self.rules.get(name).copied()).collect()
    }

    fn evidence(&self, message: &Message, verdict: &Verdict) -> Option<SeenEvidence> {
        if !self.options.evidence || verdict.matches.is_empty() {
            return None;
        }
        let field = |name| message.first(name).map_or_else(String::new, |field| field.value.to_string());
        let found = verdict.matches.iter().filter_map(|found| {
            let json = serde_json::to_value(found.evidence.as_ref()?).ok()?;
            Some((*self.rules.get(&found.rule)?, json))
        });
        let auth = verdict.auth.as_ref().map_or_else(String::new, ToString::to_string);
        Some(SeenEvidence { from: field("from"), subject: field("subject"), auth, rules: found.collect() })
    }
}

/// Mail has dates from 1990 to 2099, here in milliseconds since 1970; others are mistakes or lies.
const YEARS: std::ops::Range<i64> = 631_152_000_000..4_102_444_800_000;

/// The day on which a message arrived, or says that it was written.
fn date(message: &Message) -> Option<String> {
    let arrived = message.hops().iter().find_map(|hop| hop.received.as_ref()?.time);
    let written = || date_millis(&message.first("date")?.value);
    let mut moments = arrived.into_iter().chain(written());
    moments.find(|moment| YEARS.contains(moment)).map(calendar::show)
}
