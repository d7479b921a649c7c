//! From rows to everything that a report shows.

use super::collect::{Collector, Settings};
use super::rules;
use super::run::{
    ActionStats, CorpusInfo, CurvePoint, Curves, EvidenceRow, Group, Histogram, LabelStats, MessageRow, Month, Problem,
    Role, Roles, Run, SCHEMA, Suspect, Suspects, UndecidedReason,
};
use super::stats::{Auc, FMeasure, Proportion, upper_bound};
use crate::engine::{ACCEPT, Engine, Score};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most bins of the score histogram.
const MAX_BINS: i64 = 40;
/// Most points of a curve.
const MAX_POINTS: usize = 1000;

pub(super) fn run(
    collector: &Collector<'_>,
    engine: &Engine,
    settings: &Settings,
    mut corpus: CorpusInfo,
    rows: Vec<MessageRow>,
    problems: Vec<Problem>,
    evidence: Vec<EvidenceRow>,
) -> Run {
    let labels = labels(&rows, &settings.roles);
    corpus.campaigns = campaigns(rows.iter());
    let overlaps = rules::overlaps(&rows, &settings.roles);
    Run {
        schema: SCHEMA.into(),
        engine: env!("CARGO_PKG_VERSION").into(),
        packs: engine.packs().to_vec(),
        clock: settings.clock,
        roles: settings.roles.clone(),
        corpus,
        actions: actions(engine, &rows, &settings.roles),
        rules: rules::stats(collector, engine, &rows, &labels, &settings.roles, &overlaps),
        labels,
        scores: histogram(&rows),
        curves: curves(&rows, &settings.roles),
        timeline: timeline(&rows),
        overlaps,
        groups: groups(&rows, settings),
        suspects: suspects(&rows, settings),
        undecided: undecided(&collector.undecided),
        problems,
        messages: rows,
        evidence,
    }
}

/// True for an action stronger than `accept`.
pub(super) fn flagged(row: &MessageRow) -> bool {
    *row.action != *ACCEPT
}

/// How many campaigns some rows are of; one without a cluster is a campaign of its own.
fn campaigns<'r>(rows: impl Iterator<Item = &'r MessageRow> + Clone) -> u64 {
    let clusters: BTreeSet<&str> = rows.clone().filter_map(|row| row.cluster.as_deref()).collect();
    (clusters.len() + rows.filter(|row| row.cluster.is_none()).count()) as u64
}

/// How many of some rows have a property.
pub(super) fn share<'r>(rows: impl Iterator<Item = &'r MessageRow>, holds: impl Fn(&MessageRow) -> bool) -> Proportion {
    let (mut hits, mut of) = (0, 0);
    for row in rows {
        of += 1;
        hits += u64::from(holds(row));
    }
    Proportion::new(hits, of)
}

fn labels(rows: &[MessageRow], roles: &Roles) -> Vec<LabelStats> {
    let names: BTreeSet<&Arc<str>> = rows.iter().map(|row| &row.label).collect();
    let stats = |label: &Arc<str>| {
        let own = || rows.iter().filter(move |row| row.label == *label);
        let mut actions = BTreeMap::new();
        own().for_each(|row| *actions.entry(Arc::clone(&row.action)).or_default() += 1);
        LabelStats {
            label: Arc::clone(label),
            role: roles.of(label),
            messages: own().count() as u64,
            campaigns: campaigns(own()),
            actions,
            flagged: share(own(), flagged),
            hit: share(own(), |row| !row.matched.is_empty()),
        }
    };
    names.into_iter().map(stats).collect()
}

/// Rows of one role.
pub(super) fn of_role<'r>(
    rows: &'r [MessageRow],
    roles: &'r Roles,
    role: Role,
) -> impl Iterator<Item = &'r MessageRow> + Clone {
    rows.iter().filter(move |row| roles.of(&row.label) == role)
}

fn actions(engine: &Engine, rows: &[MessageRow], roles: &Roles) -> Vec<ActionStats> {
    let names = engine.actions();
    let thresholds: BTreeMap<Arc<str>, Score> = engine.thresholds().into_iter().collect();
    let at_least = |least: usize, row: &MessageRow| names[least..].contains(&row.action);
    let stats = |(index, action): (usize, &Arc<str>)| {
        let count = |role| share(of_role(rows, roles, role), |row| at_least(index, row));
        let (positive, negative) = (count(Role::Positive), count(Role::Negative));
        let (tp, fp) = (positive.hits, negative.hits);
        let fn_ = positive.of - tp;
        ActionStats {
            action: Arc::clone(action),
            threshold: thresholds.get(action).copied(),
            tp,
            fp,
            fn_,
            tn: negative.of - fp,
            precision: Proportion::new(tp, tp + fp),
            recall: positive,
            f1: FMeasure::new(tp, fp, fn_),
            false_positive_rate: negative,
            false_positive_upper: upper_bound(fp, negative.of),
            apart: count(Role::Apart).hits,
        }
    };
    names.iter().enumerate().filter(|(_, action)| ***action != *ACCEPT).map(stats).collect()
}

fn histogram(rows: &[MessageRow]) -> Histogram {
    let scores = || rows.iter().map(|row| row.score.0);
    let (Some(low), Some(high)) = (scores().min(), scores().max()) else { return Histogram::default() };
    let widths = (0..14).flat_map(|power| [500, 1000, 2000].map(|width: i64| width.saturating_mul(10_i64.pow(power))));
    let bins = |width: i64| high.div_euclid(width).saturating_sub(low.div_euclid(width)).saturating_add(1);
    let width = widths.into_iter().find(|width| bins(*width) <= MAX_BINS).unwrap_or(i64::MAX);
    let first = low.div_euclid(width);
    let mut labels: BTreeMap<Arc<str>, Vec<u64>> = BTreeMap::new();
    for row in rows {
        let counts = labels.entry(Arc::clone(&row.label)).or_insert_with(|| vec![0; bins(width) as usize]);
        if let Some(count) = counts.get_mut((row.score.0.div_euclid(width) - first) as usize) {
            *count += 1;
        }
    }
    Histogram { start: first as f64 * width as f64 / 1000.0, width: width as f64 / 1000.0, labels }
}

fn curves(rows: &[MessageRow], roles: &Roles) -> Option<Curves> {
    let mut counts: BTreeMap<Score, (u64, u64)> = BTreeMap::new();
    for row in rows {
        match roles.of(&row.label) {
            Role::Positive => counts.entry(row.score).or_default().0 += 1,
            Role::Negative => counts.entry(row.score).or_default().1 += 1,
            Role::Apart => {}
        }
    }
    let ascending: Vec<(u64, u64)> = counts.values().copied().collect();
    let roc_auc = Auc::new(&ascending)?;
    let positives: u64 = ascending.iter().map(|(positive, _)| positive).sum();
    let negatives: u64 = ascending.iter().map(|(_, negative)| negative).sum();
    let (mut tp, mut fp, mut average_precision) = (0, 0, 0.0);
    let mut points = Vec::with_capacity(counts.len());
    for (threshold, (positive, negative)) in counts.into_iter().rev() {
        tp += positive;
        fp += negative;
        let precision = tp as f64 / (tp + fp) as f64;
        average_precision += positive as f64 / positives as f64 * precision;
        let (tpr, fpr) = (tp as f64 / positives as f64, fp as f64 / negatives as f64);
        points.push(CurvePoint { threshold, tp, fp, tpr, fpr, precision });
    }
    let thinned = points.len() > MAX_POINTS;
    if thinned {
        let (last, step) = (points.len() - 1, points.len().div_ceil(MAX_POINTS));
        points = points.into_iter().enumerate().filter(|(i, _)| i % step == 0 || *i == last).map(|(_, p)| p).collect();
    }
    Some(Curves { points, thinned, roc_auc: Some(roc_auc), average_precision: Some(average_precision) })
}

/// `2026-05` of `2026-05-21`; a year stays a year.
pub(super) fn month(date: &str) -> &str {
    date.get(..7).unwrap_or(date)
}

fn timeline(rows: &[MessageRow]) -> Vec<Month> {
    let mut months: BTreeMap<&str, Month> = BTreeMap::new();
    for row in rows {
        let Some(date) = &row.date else { continue };
        let name = month(date);
        let entry = months.entry(name).or_insert_with(|| Month {
            month: name.into(),
            messages: BTreeMap::new(),
            flagged: BTreeMap::new(),
        });
        *entry.messages.entry(Arc::clone(&row.label)).or_default() += 1;
        if flagged(row) {
            *entry.flagged.entry(Arc::clone(&row.label)).or_default() += 1;
        }
    }
    months.into_values().collect()
}

fn groups(rows: &[MessageRow], settings: &Settings) -> Vec<Group> {
    let mut groups = Vec::new();
    for column in &settings.group_by {
        let mut values: BTreeMap<&str, Vec<&MessageRow>> = BTreeMap::new();
        for row in rows {
            values.entry(row.attributes.get(column.as_str()).map_or("", |value| value)).or_default().push(row);
        }
        // A column that no message has groups nothing.
        if values.keys().all(|value| value.is_empty()) {
            continue;
        }
        groups.extend(values.into_iter().map(|(value, rows)| group(column, value, &rows, &settings.roles)));
    }
    groups
}

fn group(column: &str, value: &str, rows: &[&MessageRow], roles: &Roles) -> Group {
    let (mut messages, mut hits) = (BTreeMap::new(), BTreeMap::new());
    for row in rows {
        *messages.entry(Arc::clone(&row.label)).or_default() += 1;
        row.matched.iter().for_each(|rule| *hits.entry(*rule as usize).or_default() += 1);
    }
    let of = |role| share(rows.iter().copied().filter(|row| roles.of(&row.label) == role), flagged);
    Group {
        column: column.into(),
        value: value.into(),
        messages,
        positive: of(Role::Positive),
        negative: of(Role::Negative),
        rules: hits,
    }
}

fn suspects(rows: &[MessageRow], settings: &Settings) -> Suspects {
    let suspect = |row: &MessageRow| Suspect {
        id: row.id.clone(),
        label: Arc::clone(&row.label),
        score: row.score,
        rules: Arc::clone(&row.matched),
    };
    let mut negative: Vec<&MessageRow> =
        of_role(rows, &settings.roles, Role::Negative).filter(|row| !row.matched.is_empty()).collect();
    negative.sort_by(|a, b| (b.score, &a.id).cmp(&(a.score, &b.id)));
    let mut positive: Vec<&MessageRow> = of_role(rows, &settings.roles, Role::Positive).collect();
    positive.sort_by(|a, b| (a.score, &a.id).cmp(&(b.score, &b.id)));
    let first = |rows: Vec<&MessageRow>| rows.into_iter().take(settings.suspects).map(suspect).collect();
    Suspects { negative: first(negative), positive: first(positive) }
}

fn undecided(counts: &BTreeMap<(u32, String), u64>) -> Vec<UndecidedReason> {
    let mut reasons: BTreeMap<&str, UndecidedReason> = BTreeMap::new();
    for ((rule, missing), count) in counts {
        let reason = reasons.entry(missing).or_insert_with(|| UndecidedReason {
            missing: missing.clone(),
            outcomes: 0,
            rules: Vec::new(),
        });
        reason.outcomes += count;
        reason.rules.push(*rule as usize);
    }
    let mut reasons: Vec<UndecidedReason> = reasons.into_values().collect();
    reasons.sort_by(|a, b| (b.outcomes, &a.missing).cmp(&(a.outcomes, &b.missing)));
    reasons
}
