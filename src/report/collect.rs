//! Gathers observations, in any order, and makes a [`Run`] of them.

use super::aggregate;
use super::cost::Costs;
use super::run::{CorpusInfo, EvidenceRow, MessageRow, Problem, Roles, Run};
use crate::corpus::{Attributes, Facts, Interner, LeftOut, Observation, Seen, UNLABELLED};
use crate::engine::Engine;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a report shows, and how much of it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which labels count as what.
    pub roles: Roles,
    /// Columns by which decisions are grouped.
    pub group_by: Vec<String>,
    /// Messages of each rule and label whose evidence is kept.
    pub evidence: usize,
    /// Messages of each list of suspects.
    pub suspects: usize,
    /// "Now", if it was given.
    pub clock: Option<i64>,
}

impl Default for Settings {
    fn default() -> Self {
        let columns = ["kind", "technique", "service", "lang", "split"];
        Self {
            roles: Roles::default(),
            group_by: columns.into_iter().map(String::from).collect(),
            evidence: 0,
            suspects: 20,
            clock: None,
        }
    }
}

/// Gathers observations. What it holds of a message is less than a kilobyte; equal texts and
/// sets of rules are kept once.
#[derive(Debug)]
pub struct Collector<'e> {
    engine: &'e Engine,
    settings: Settings,
    interner: Interner,
    rows: Vec<MessageRow>,
    problems: Vec<Problem>,
    unreadable: u64,
    digest: [u64; 4],
    pub(super) undecided: BTreeMap<(u32, String), u64>,
    pub(super) costs: Costs,
    /// By rule and label the evidence of the messages with the smallest ids.
    evidence: BTreeMap<(u32, Arc<str>), BTreeMap<Box<str>, EvidenceRow>>,
}

impl<'e> Collector<'e> {
    /// An empty collector for the rules of an engine.
    pub fn new(engine: &'e Engine, settings: Settings) -> Self {
        Self {
            engine,
            settings,
            interner: Interner::default(),
            rows: Vec::new(),
            problems: Vec::new(),
            unreadable: 0,
            digest: [0; 4],
            undecided: BTreeMap::new(),
            costs: Costs::default(),
            evidence: BTreeMap::new(),
        }
    }

    /// Notes something odd about the corpus.
    pub fn problem(&mut self, id: &str, reason: &str) {
        self.problems.push(Problem { id: id.into(), reason: reason.into() });
    }

    /// Messages so far.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True before the first message.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a message with what the corpus knows of it.
    pub fn add(&mut self, facts: &Facts, observation: Observation) {
        match observation.seen {
            Some(seen) => self.seen(observation.id, facts, seen),
            None => {
                self.unreadable += 1;
                self.problem(&observation.id, observation.error.as_deref().unwrap_or("not read"));
            }
        }
    }

    fn seen(&mut self, id: String, facts: &Facts, seen: Seen) {
        self.fingerprint(&id, &seen.digest);
        self.costs.add(&seen.steps);
        let undecided: Vec<u32> = seen.undecided.iter().map(|(rule, _)| *rule).collect();
        for (rule, reasons) in seen.undecided {
            for reason in reasons {
                *self.undecided.entry((rule, reason)).or_default() += 1;
            }
        }
        let label = self.interner.text(facts.label.as_deref().unwrap_or(UNLABELLED));
        if let Some(evidence) = seen.evidence {
            for (rule, tree) in evidence.rules {
                self.keep_evidence(
                    &label,
                    EvidenceRow {
                        message: id.as_str().into(),
                        rule: rule as usize,
                        from: evidence.from.clone(),
                        subject: evidence.subject.clone(),
                        auth: evidence.auth.clone(),
                        evidence: tree,
                    },
                );
            }
        }
        let date = date(facts.date.as_deref(), seen.date.as_deref());
        let date = date.map(|date| self.interner.text(date));
        let attributes = self.attributes(&facts.attributes);
        self.rows.push(MessageRow {
            id: id.into(),
            label,
            cluster: facts.cluster.as_deref().map(|cluster| self.interner.text(cluster)),
            date,
            attributes,
            action: self.interner.text(&seen.action),
            score: seen.score,
            matched: self.interner.set(&seen.matched),
            suppressed: self.interner.set(&seen.suppressed),
            undecided: self.interner.set(&undecided),
            over_budget: self.interner.set(&seen.over_budget),
            damaged: seen.damaged,
        });
    }

    /// A sum does not depend on the order.
    fn fingerprint(&mut self, id: &str, digest: &str) {
        use sha2::{Digest, Sha256};
        let hash = Sha256::digest(format!("{id}\0{digest}"));
        for (sum, bytes) in self.digest.iter_mut().zip(hash.chunks_exact(8)) {
            *sum = sum.wrapping_add(bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)));
        }
    }

    fn attributes(&mut self, attributes: &Attributes) -> Arc<Attributes> {
        if attributes.is_empty() {
            return self.interner.attributes(Attributes::new());
        }
        let texts = attributes.iter().map(|(column, value)| (self.interner.text(column), self.interner.text(value)));
        let attributes = texts.collect();
        self.interner.attributes(attributes)
    }

    fn keep_evidence(&mut self, label: &Arc<str>, row: EvidenceRow) {
        let kept = self.evidence.entry((row.rule as u32, Arc::clone(label))).or_default();
        kept.insert(row.message.clone(), row);
        if kept.len() > self.settings.evidence {
            kept.pop_last();
        }
    }

    /// The run.
    pub fn finish(mut self, left_out: LeftOut) -> Run {
        self.rows.sort_by(|a, b| a.id.cmp(&b.id));
        self.problems.sort();
        let mut evidence: Vec<EvidenceRow> =
            std::mem::take(&mut self.evidence).into_values().flat_map(BTreeMap::into_values).collect();
        evidence.sort_by(|a, b| (a.rule, &a.message).cmp(&(b.rule, &b.message)));
        let corpus = CorpusInfo {
            messages: self.rows.len() as u64,
            unreadable: self.unreadable,
            filtered: left_out.filtered,
            skipped: left_out.skipped,
            campaigns: 0,
            digest: self.digest.iter().map(|part| format!("{part:016x}")).collect(),
        };
        let rows = std::mem::take(&mut self.rows);
        let problems = std::mem::take(&mut self.problems);
        aggregate::run(&self, self.engine, &self.settings, corpus, rows, problems, evidence)
    }
}

/// The manifest's date; the message's own where that says no more than the same year.
fn date<'d>(manifest: Option<&'d str>, message: Option<&'d str>) -> Option<&'d str> {
    match (manifest, message) {
        (Some(known), Some(own)) if own.starts_with(known) => Some(own),
        (Some(known), _) => Some(known),
        (None, own) => own,
    }
}
