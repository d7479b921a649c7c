//! What the page's script reads: messages and evidence, bounded.

use super::charts::percent;
use super::text::{visible, visible_json};
use crate::report::{MessageRow, Role, Run};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Most messages in a page.
const MAX_MESSAGES: usize = 20_000;
/// Most bytes of evidence in a page.
const MAX_EVIDENCE: usize = 6 << 20;

/// The data, and what was left out of it.
pub(super) struct Data {
    pub(super) json: Value,
    /// Messages in the page, by their place in the run.
    pub(super) kept: BTreeSet<usize>,
    pub(super) evidence_left_out: usize,
}

/// What is wrong with a decision, if its label counts.
pub(super) fn wrong(run: &Run, row: &MessageRow) -> Option<&'static str> {
    let flagged = *row.action != *crate::engine::ACCEPT;
    match run.roles.of(&row.label) {
        Role::Positive if !flagged => Some("fn"),
        Role::Negative if flagged => Some("fp"),
        _ => None,
    }
}

/// Collects the data: of too many messages those that are wrong stay first, then those that a
/// rule hit.
pub(super) fn data(run: &Run) -> Data {
    let mut order: Vec<usize> = (0..run.messages.len()).collect();
    let rank = |row: &MessageRow| match (wrong(run, row), row.matched.is_empty()) {
        (Some("fp"), _) => 0,
        (Some(_), _) => 1,
        (None, false) => 2,
        (None, true) => 3,
    };
    order.sort_by_key(|index| (rank(&run.messages[*index]), *index));
    order.truncate(MAX_MESSAGES);
    let kept: BTreeSet<usize> = order.into_iter().collect();
    let messages: Vec<Value> = kept.iter().map(|index| message(run, *index)).collect();
    let (evidence, evidence_left_out) = evidence(run, &kept);
    let rules: Vec<String> = run.rules.iter().map(|rule| visible(&rule.name)).collect();
    Data { json: json!({ "rules": rules, "messages": messages, "evidence": evidence }), kept, evidence_left_out }
}

fn message(run: &Run, index: usize) -> Value {
    let row = &run.messages[index];
    let mut value = Map::new();
    let mut put = |key: &str, member: Value| drop(value.insert(key.to_owned(), member));
    put("i", json!(index));
    put("id", json!(visible(&row.id)));
    put("l", json!(visible(&row.label)));
    put("a", json!(visible(&row.action)));
    put("p", json!(row.score.to_string()));
    put("m", json!(row.matched));
    for (key, rules) in [("s", &row.suppressed), ("u", &row.undecided), ("o", &row.over_budget)] {
        if !rules.is_empty() {
            put(key, json!(rules));
        }
    }
    for (key, text) in [("c", &row.cluster), ("d", &row.date)] {
        if let Some(text) = text {
            put(key, json!(visible(text)));
        }
    }
    if let Some(wrong) = wrong(run, row) {
        put("w", json!(wrong));
    }
    Value::Object(value)
}

/// Evidence by message, until the page is full; and how many rows did not fit.
fn evidence(run: &Run, kept: &BTreeSet<usize>) -> (Map<String, Value>, usize) {
    let places: BTreeMap<&str, usize> = kept.iter().map(|index| (&*run.messages[*index].id, *index)).collect();
    let mut found: BTreeMap<usize, ([String; 3], Vec<Value>)> = BTreeMap::new();
    let (mut bytes, mut left_out) = (0, 0);
    for row in &run.evidence {
        let tree = visible_json(&row.evidence);
        let size = tree.to_string().len();
        match places.get(&*row.message) {
            Some(place) if bytes + size <= MAX_EVIDENCE => {
                bytes += size;
                let told = || [&row.from, &row.subject, &row.auth].map(|text| visible(text));
                let entry = found.entry(*place).or_insert_with(|| (told(), Vec::new()));
                entry.1.push(json!({ "rule": row.rule, "evidence": tree }));
            }
            _ => left_out += 1,
        }
    }
    let entries = found.into_iter().map(|(place, ([from, subject, auth], rules))| {
        (place.to_string(), json!({ "from": from, "subject": subject, "auth": auth, "rules": rules }))
    });
    (entries.collect(), left_out)
}

/// A rate with its interval in words.
pub(super) fn rate(rate: &crate::report::stats::Proportion) -> String {
    match rate.rate {
        Some(value) => format!("{} ({} to {})", percent(value), percent(rate.low), percent(rate.high)),
        None => "no such messages".into(),
    }
}
