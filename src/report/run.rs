//! The result of running rules over a labelled corpus, as plain data. Its JSON form is stable:
//! [`SCHEMA`] changes when a field changes its meaning or goes away; new fields may come.
//! It holds nothing of the machine, the time of day or the order of work, so that equal rules on
//! equal mail give equal bytes.

use super::stats::{Auc, FMeasure, Proportion};
use crate::engine::{PackInfo, Score};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Name and version of the JSON form.
pub const SCHEMA: &str = "ruleeval.run/1";

/// Attributes of a message, by column of the manifest.
pub type Attributes = BTreeMap<Arc<str>, Arc<str>>;

/// Everything that a report shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// [`SCHEMA`].
    pub schema: String,
    /// Version of the engine.
    pub engine: String,
    /// The packs that decided.
    pub packs: Vec<PackInfo>,
    /// "Now" for rules that read time, if it was given (milliseconds since 1970).
    pub clock: Option<i64>,
    /// Which labels count as what.
    pub roles: Roles,
    /// What was read.
    pub corpus: CorpusInfo,
    /// Messages and decisions by label, sorted by label.
    pub labels: Vec<LabelStats>,
    /// The policy's actions, weakest first, without `accept`; each as a detector of its own.
    pub actions: Vec<ActionStats>,
    /// All rules, sorted by name. Other fields name a rule by its index here.
    pub rules: Vec<RuleStats>,
    /// Distribution of the scores.
    pub scores: Histogram,
    /// What every threshold of the score would do; absent without positive and negative mail.
    pub curves: Option<Curves>,
    /// Messages by month, oldest first; messages without a date are not in it.
    pub timeline: Vec<Month>,
    /// Pairs of rules that hit the same messages, by index.
    pub overlaps: Vec<Overlap>,
    /// The decisions for each value of each grouping column, sorted.
    pub groups: Vec<Group>,
    /// Messages whose label deserves a second look.
    pub suspects: Suspects,
    /// What was missing where rules could not be decided, most frequent first.
    pub undecided: Vec<UndecidedReason>,
    /// What could not be read, and what is odd about the corpus.
    pub problems: Vec<Problem>,
    /// All messages, sorted by id.
    pub messages: Vec<MessageRow>,
    /// Why rules matched, for a bounded number of messages of each rule and label, if asked for.
    pub evidence: Vec<EvidenceRow>,
}

/// Which labels count as what. All others are reported apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles {
    /// Labels that rules should hit.
    pub positive: Vec<String>,
    /// Labels that rules should leave alone.
    pub negative: Vec<String>,
}

impl Default for Roles {
    fn default() -> Self {
        Self { positive: vec!["abuse".into(), "phish".into()], negative: vec!["ham".into()] }
    }
}

/// What a label counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Rules should hit it.
    Positive,
    /// Rules should leave it alone.
    Negative,
    /// Neither; reported, not counted.
    Apart,
}

impl Roles {
    /// What a label counts as.
    pub fn of(&self, label: &str) -> Role {
        if self.positive.iter().any(|known| known == label) {
            Role::Positive
        } else if self.negative.iter().any(|known| known == label) {
            Role::Negative
        } else {
            Role::Apart
        }
    }
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CorpusInfo {
    /// Messages that were decided.
    pub messages: u64,
    /// Messages and containers, or parts of them, that could not be read.
    pub unreadable: u64,
    /// Messages left out by filters.
    pub filtered: u64,
    /// Files in folders and archives that are no mail.
    pub skipped: u64,
    /// Distinct campaigns; a message without a cluster is one of its own.
    pub campaigns: u64,
    /// The sum of the SHA-256 of every id with its digest: equal for equal corpora in any order.
    pub digest: String,
}

/// One label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelStats {
    /// The label.
    pub label: Arc<str>,
    /// What it counts as.
    pub role: Role,
    /// Messages.
    pub messages: u64,
    /// Campaigns among them.
    pub campaigns: u64,
    /// Messages by action; `accept` too.
    pub actions: BTreeMap<Arc<str>, u64>,
    /// Messages with an action stronger than `accept`.
    pub flagged: Proportion,
    /// Messages that any rule hit.
    pub hit: Proportion,
}

/// "At least this action" as a detector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActionStats {
    /// The action.
    pub action: Arc<str>,
    /// The score from which it is taken, if it has one.
    pub threshold: Option<Score>,
    /// Positive messages that get it.
    pub tp: u64,
    /// Negative messages that get it.
    pub fp: u64,
    /// Positive messages that do not.
    #[serde(rename = "fn")]
    pub fn_: u64,
    /// Negative messages that do not.
    pub tn: u64,
    /// TP / (TP + FP).
    pub precision: Proportion,
    /// TP / (TP + FN).
    pub recall: Proportion,
    /// Harmonic mean of both.
    pub f1: FMeasure,
    /// FP / (FP + TN).
    pub false_positive_rate: Proportion,
    /// One-sided 95 % upper bound of the false-positive rate (Clopper-Pearson).
    pub false_positive_upper: f64,
    /// Messages of labels that are reported apart.
    pub apart: u64,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleStats {
    /// `pack/name`.
    pub name: Arc<str>,
    /// One line.
    pub title: Option<Arc<str>>,
    /// `info`, `low`, `medium`, `high`, `critical`.
    pub severity: String,
    /// The score of a match.
    pub score: Score,
    /// `enforce`, `shadow`, `off`.
    pub mode: String,
    /// `experimental`, `stable`, `deprecated`.
    pub status: String,
    /// Its family, if it has one.
    pub family: Option<Arc<str>>,
    /// `file:line:column` of the rule.
    pub at: String,
    /// Messages hit, of any label.
    pub hits: u64,
    /// Hits by label, sorted by label; labels without a hit too.
    pub labels: Vec<LabelHits>,
    /// Positive messages hit.
    pub positive: Proportion,
    /// Negative messages hit: false positives.
    pub negative: Proportion,
    /// One-sided 95 % upper bound of the false-positive rate (Clopper-Pearson).
    pub false_positive_upper: f64,
    /// Positive campaigns hit.
    pub positive_campaigns: Campaigns,
    /// Negative campaigns hit.
    pub negative_campaigns: Campaigns,
    /// SpamAssassin's columns.
    pub frequencies: Frequencies,
    /// Messages that no other rule hits.
    pub unique: Unique,
    /// The rule that shares most of its hits.
    pub partner: Option<Partner>,
    /// Day, month or year of its first hit.
    pub first_hit: Option<Arc<str>>,
    /// Day, month or year of its last hit.
    pub last_hit: Option<Arc<str>>,
    /// Its hits by month, oldest first.
    pub months: Vec<MonthHits>,
    /// Matches that an `unless` or an exception suppressed.
    pub suppressed: u64,
    /// Messages for which it could not be decided.
    pub undecided: u64,
    /// Of those, by what was missing.
    pub undecided_for: BTreeMap<String, u64>,
    /// Messages for which it spent its budget.
    pub over_budget: u64,
    /// What it cost.
    pub cost: Cost,
}

/// Hits of a rule in one label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelHits {
    /// The label.
    pub label: Arc<str>,
    /// Messages hit.
    pub rate: Proportion,
    /// Campaigns hit.
    pub campaigns: Campaigns,
}

/// Hits counted by campaign, so that one of 500 copies weighs as much as one of a single message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Campaigns {
    /// Campaigns with at least one hit.
    pub hit: u64,
    /// All campaigns.
    pub of: u64,
    /// The mean over campaigns of the share of their messages that is hit.
    pub weighted_rate: f64,
}

/// The columns of SpamAssassin's `hit-frequencies`. Percentages are 0 to 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Frequencies {
    /// Share of positive and negative messages that is hit.
    pub overall: f64,
    /// Share of positive messages.
    pub spam: f64,
    /// Share of negative messages.
    pub ham: f64,
    /// spam / (spam + ham); absent without a hit.
    pub so: Option<f64>,
    /// Place among all rules, 0 to 1: high for many positive and few negative hits.
    pub rank: f64,
}

/// Messages that only one rule hits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unique {
    /// Positive messages.
    pub positive: u64,
    /// Negative messages.
    pub negative: u64,
}

/// The rule that shares most hits with another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Partner {
    /// Its index.
    pub rule: usize,
    /// Messages that both hit.
    pub both: u64,
    /// Their share of the first rule's hits.
    pub share: f64,
}

/// Hits of one month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthHits {
    /// `2026-05`, or `2026` where only the year is known.
    pub month: Arc<str>,
    /// Positive messages.
    pub positive: u64,
    /// Negative messages.
    pub negative: u64,
    /// Messages of other labels.
    pub apart: u64,
}

/// What a rule cost, in steps: nodes visited, elements bound, 64 bytes of text searched. The
/// count does not depend on the machine. Work that rules share is charged to the first of them;
/// rules that the index ruled out cost nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Messages on which it had to be evaluated.
    pub evaluated: u64,
    /// Steps of all messages.
    pub steps: u64,
    /// Median of a message; an upper bound, at most an eighth above it.
    pub p50: u64,
    /// 99th percentile, likewise.
    pub p99: u64,
    /// Most steps of one message.
    pub max: u64,
}

/// Messages by score. Bin `i` holds scores from `start + i * width` up to the next one's start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Lower edge of the first bin.
    pub start: f64,
    /// Width of a bin in points.
    pub width: f64,
    /// Counts of each label, as many as there are bins.
    pub labels: BTreeMap<Arc<str>, Vec<u64>>,
}

/// What thresholds of the score would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// One point for each distinct score, highest first.
    pub points: Vec<CurvePoint>,
    /// True if there were more distinct scores than points are kept.
    pub thinned: bool,
    /// Area under the ROC curve.
    pub roc_auc: Option<Auc>,
    /// Average precision: the area under the precision-recall curve, by steps.
    pub average_precision: Option<f64>,
}

/// "Score at least `threshold`" as a detector.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The score.
    pub threshold: Score,
    /// Positive messages at or above it.
    pub tp: u64,
    /// Negative messages at or above it.
    pub fp: u64,
    /// Share of all positive messages: recall.
    pub tpr: f64,
    /// Share of all negative messages.
    pub fpr: f64,
    /// TP / (TP + FP).
    pub precision: f64,
}

/// Messages of one month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Month {
    /// `2026-05`, or `2026` where only the year is known.
    pub month: Arc<str>,
    /// Messages by label.
    pub messages: BTreeMap<Arc<str>, u64>,
    /// Of those the ones with an action stronger than `accept`.
    pub flagged: BTreeMap<Arc<str>, u64>,
}

/// Two rules and the messages that both hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlap {
    /// Index of the first rule.
    pub a: usize,
    /// Index of the second rule; greater.
    pub b: usize,
    /// Messages of any label.
    pub both: u64,
    /// Positive messages.
    pub positive: u64,
    /// Negative messages.
    pub negative: u64,
}

/// The messages with one value of one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Column of the manifest.
    pub column: Arc<str>,
    /// Value; empty for messages without one.
    pub value: Arc<str>,
    /// Messages by label.
    pub messages: BTreeMap<Arc<str>, u64>,
    /// Positive messages with an action stronger than `accept`.
    pub positive: Proportion,
    /// Negative messages with an action stronger than `accept`.
    pub negative: Proportion,
    /// Hits by rule index, rules without a hit left out.
    pub rules: BTreeMap<usize, u64>,
}

/// Messages whose label deserves a second look, worst first; of equal scores by id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Suspects {
    /// Negative messages with the highest scores, only those with a hit.
    pub negative: Vec<Suspect>,
    /// Positive messages with the lowest scores.
    pub positive: Vec<Suspect>,
}

/// One such message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suspect {
    /// Its id.
    pub id: Box<str>,
    /// Its label.
    pub label: Arc<str>,
    /// Its score.
    pub score: Score,
    /// Indexes of the rules that hit it.
    pub rules: Arc<[u32]>,
}

/// Something that was missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndecidedReason {
    /// `capability nlu (ml.nlu_classifier)`, `field headers.date` ...
    pub missing: String,
    /// Outcomes that it left undecided.
    pub outcomes: u64,
    /// Indexes of the rules it concerns.
    pub rules: Vec<usize>,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// The message, container or file.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageRow {
    /// Path in the corpus; `archive!member`, `mailbox#7` in containers.
    pub id: Box<str>,
    /// Its label.
    pub label: Arc<str>,
    /// Its campaign, if the manifest knows it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cluster: Option<Arc<str>>,
    /// `2026-05-21`, `2026-05` or `2026`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub date: Option<Arc<str>>,
    /// Further columns of the manifest.
    #[serde(skip_serializing_if = "no_attributes", default)]
    pub attributes: Arc<Attributes>,
    /// The policy's action.
    pub action: Arc<str>,
    /// The score.
    pub score: Score,
    /// Indexes of the rules that matched.
    pub matched: Arc<[u32]>,
    /// Indexes of the rules whose match was suppressed.
    #[serde(skip_serializing_if = "none", default)]
    pub suppressed: Arc<[u32]>,
    /// Indexes of the rules that could not be decided.
    #[serde(skip_serializing_if = "none", default)]
    pub undecided: Arc<[u32]>,
    /// Indexes of the rules that spent their budget.
    #[serde(skip_serializing_if = "none", default)]
    pub over_budget: Arc<[u32]>,
    /// The message is damaged, or a limit cut it: something of it was not seen.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub damaged: bool,
}

fn no_attributes(attributes: &Arc<Attributes>) -> bool {
    attributes.is_empty()
}

fn none(rules: &Arc<[u32]>) -> bool {
    rules.is_empty()
}

/// Why a rule matched a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceRow {
    /// Id of the message.
    pub message: Box<str>,
    /// Index of the rule.
    pub rule: usize,
    /// From, as it is shown.
    pub from: String,
    /// Subject, as it is shown.
    pub subject: String,
    /// Who really sent it, and on whose word.
    #[serde(default)]
    pub auth: String,
    /// The clause tree: [`crate::eval::Evidence`] as JSON.
    pub evidence: serde_json::Value,
}

impl Run {
    /// Reads the JSON form; the reason if it is another one.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let run: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if run.schema == SCHEMA {
            Ok(run)
        } else {
            Err(format!("the schema is `{}`, this version reads `{SCHEMA}`", run.schema))
        }
    }
}
