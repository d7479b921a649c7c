//! Statistics of rules.

use super::aggregate::month;
use super::collect::Collector;
use super::run::{
    Campaigns, Frequencies, LabelHits, LabelStats, MessageRow, MonthHits, Overlap, Partner, Role, Roles, RuleStats,
    Unique,
};
use super::scope::Scopes;
use super::stats::{Proportion, upper_bound};
use crate::engine::{Engine, RuleInfo};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) fn stats(
    collector: &Collector<'_>,
    engine: &Engine,
    rows: &[MessageRow],
    labels: &[LabelStats],
    roles: &Roles,
    overlaps: &[Overlap],
) -> Vec<RuleStats> {
    let infos = engine.rule_infos();
    let facts = Facts::of(rows, roles, infos.len());
    let all = Rows::new(rows, labels, roles);
    let mut stats: Vec<RuleStats> =
        infos.into_iter().enumerate().map(|(index, info)| rule(collector, &all, &facts, index, info)).collect();
    partners(&mut stats, overlaps);
    rank(&mut stats);
    stats
}

/// All rows, and where each belongs.
struct Rows<'r> {
    labels: &'r [LabelStats],
    /// The label of each row, as an index.
    label_of: Vec<usize>,
    role_of: Vec<Role>,
    scopes: Scopes,
}

impl<'r> Rows<'r> {
    fn new(rows: &[MessageRow], labels: &'r [LabelStats], roles: &Roles) -> Self {
        let label_of = rows.iter().map(|row| labels.partition_point(|label| label.label < row.label)).collect();
        let role_of = rows.iter().map(|row| roles.of(&row.label)).collect();
        let mut all = Self { labels, label_of, role_of, scopes: Scopes::new(rows) };
        for index in 0..labels.len() {
            all.scopes.add((0..rows.len()).filter(|row| all.label_of[*row] == index));
        }
        for role in [Role::Positive, Role::Negative] {
            all.scopes.add((0..rows.len()).filter(|row| all.role_of[*row] == role));
        }
        all
    }

    /// Hits in one label.
    fn label(&self, index: usize, hits: &[usize]) -> LabelHits {
        let own: Vec<usize> = hits.iter().copied().filter(|row| self.label_of[*row] == index).collect();
        let label = &self.labels[index];
        LabelHits {
            label: Arc::clone(&label.label),
            rate: Proportion::new(own.len() as u64, label.messages),
            campaigns: self.scopes.campaigns(index, &own),
        }
    }

    /// Hits in one role.
    fn role(&self, role: Role, hits: &[usize]) -> (Proportion, Campaigns) {
        let own: Vec<usize> = hits.iter().copied().filter(|row| self.role_of[*row] == role).collect();
        let of = self.labels.iter().filter(|label| label.role == role).map(|label| label.messages).sum();
        let scope = self.labels.len() + usize::from(role == Role::Negative);
        (Proportion::new(own.len() as u64, of), self.scopes.campaigns(scope, &own))
    }
}

/// What one pass over all rows counts for every rule.
#[derive(Clone, Default)]
struct Fact {
    /// The rows it hits.
    rows: Vec<usize>,
    suppressed: u64,
    undecided: u64,
    over_budget: u64,
    unique: Unique,
    first: Option<Arc<str>>,
    last: Option<Arc<str>>,
    months: BTreeMap<String, MonthHits>,
}

struct Facts(Vec<Fact>);

impl Facts {
    fn of(rows: &[MessageRow], roles: &Roles, rules: usize) -> Self {
        let mut facts = Self(vec![Fact::default(); rules]);
        for (at, row) in rows.iter().enumerate() {
            let role = roles.of(&row.label);
            for rule in &*row.matched {
                if let Some(fact) = facts.0.get_mut(*rule as usize) {
                    fact.hit(at, row, role);
                }
            }
            facts.count(&row.suppressed, |fact| &mut fact.suppressed);
            facts.count(&row.undecided, |fact| &mut fact.undecided);
            facts.count(&row.over_budget, |fact| &mut fact.over_budget);
        }
        facts
    }

    fn count(&mut self, rules: &[u32], counter: fn(&mut Fact) -> &mut u64) {
        for rule in rules {
            if let Some(fact) = self.0.get_mut(*rule as usize) {
                *counter(fact) += 1;
            }
        }
    }
}

impl Fact {
    fn hit(&mut self, at: usize, row: &MessageRow, role: Role) {
        self.rows.push(at);
        if row.matched.len() == 1 {
            match role {
                Role::Positive => self.unique.positive += 1,
                Role::Negative => self.unique.negative += 1,
                Role::Apart => {}
            }
        }
        let Some(date) = &row.date else { return };
        if self.first.as_ref().is_none_or(|first| date < first) {
            self.first = Some(Arc::clone(date));
        }
        if self.last.as_ref().is_none_or(|last| date > last) {
            self.last = Some(Arc::clone(date));
        }
        let name = month(date);
        let none = || MonthHits { month: name.into(), positive: 0, negative: 0, apart: 0 };
        let hits = self.months.entry(name.to_owned()).or_insert_with(none);
        match role {
            Role::Positive => hits.positive += 1,
            Role::Negative => hits.negative += 1,
            Role::Apart => hits.apart += 1,
        }
    }
}

fn rule(collector: &Collector<'_>, all: &Rows<'_>, facts: &Facts, index: usize, info: RuleInfo) -> RuleStats {
    let number = index as u32;
    let fact = facts.0.get(index).cloned().unwrap_or_default();
    let (positive, positive_campaigns) = all.role(Role::Positive, &fact.rows);
    let (negative, negative_campaigns) = all.role(Role::Negative, &fact.rows);
    let reasons = collector.undecided.range((number, String::new())..(number + 1, String::new()));
    RuleStats {
        name: info.name,
        title: info.title,
        severity: word(&info.severity),
        score: info.score,
        mode: word(&info.mode),
        status: word(&info.status),
        family: info.family,
        at: info.at,
        hits: fact.rows.len() as u64,
        labels: (0..all.labels.len()).map(|label| all.label(label, &fact.rows)).collect(),
        positive,
        negative,
        false_positive_upper: upper_bound(negative.hits, negative.of),
        positive_campaigns,
        negative_campaigns,
        frequencies: frequencies(positive.hits, positive.of, negative.hits, negative.of),
        unique: fact.unique,
        partner: None,
        first_hit: fact.first,
        last_hit: fact.last,
        months: fact.months.into_values().collect(),
        suppressed: fact.suppressed,
        undecided: fact.undecided,
        undecided_for: reasons.map(|((_, missing), count)| (missing.clone(), *count)).collect(),
        over_budget: fact.over_budget,
        cost: collector.costs.of(index),
    }
}

/// The name that a value has in JSON.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn frequencies(positive: u64, positives: u64, negative: u64, negatives: u64) -> Frequencies {
    let percent = |hits: u64, of: u64| if of == 0 { 0.0 } else { 100.0 * hits as f64 / of as f64 };
    let (spam, ham) = (percent(positive, positives), percent(negative, negatives));
    Frequencies {
        overall: percent(positive + negative, positives + negatives),
        spam,
        ham,
        so: (spam + ham > 0.0).then(|| spam / (spam + ham)),
        rank: 0.0,
    }
}

/// Pairs of rules that hit the same messages, for pairs that do.
pub(super) fn overlaps(rows: &[MessageRow], roles: &Roles) -> Vec<Overlap> {
    let mut pairs: BTreeMap<(u32, u32), Overlap> = BTreeMap::new();
    // Few sets of rules occur, each many times.
    let mut sets: BTreeMap<(&Arc<[u32]>, Role), u64> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.matched.len() > 1) {
        *sets.entry((&row.matched, roles.of(&row.label))).or_default() += 1;
    }
    for ((set, role), count) in sets {
        for (at, a) in set.iter().enumerate() {
            for b in &set[at + 1..] {
                let none = Overlap { a: *a as usize, b: *b as usize, both: 0, positive: 0, negative: 0 };
                let pair = pairs.entry((*a, *b)).or_insert(none);
                pair.both += count;
                match role {
                    Role::Positive => pair.positive += count,
                    Role::Negative => pair.negative += count,
                    Role::Apart => {}
                }
            }
        }
    }
    pairs.into_values().collect()
}

fn partners(stats: &mut [RuleStats], overlaps: &[Overlap]) {
    for overlap in overlaps {
        for (rule, other) in [(overlap.a, overlap.b), (overlap.b, overlap.a)] {
            let Some(stats) = stats.get_mut(rule) else { continue };
            // Of equal ones the first by name; overlaps come in that order.
            if stats.partner.is_none_or(|partner| partner.both < overlap.both) {
                let share = if stats.hits == 0 { 0.0 } else { overlap.both as f64 / stats.hits as f64 };
                stats.partner = Some(Partner { rule: other, both: overlap.both, share });
            }
        }
    }
}

/// SpamAssassin's rank: the place by wanted hits, upwards, plus the place by unwanted hits,
/// downwards, equal rates sharing a place; scaled so that the best rule has 1. Wanted are
/// positive hits; for a rule with a negative score negative ones.
fn rank(stats: &mut [RuleStats]) {
    let rates = |rule: &RuleStats| {
        let Frequencies { spam, ham, .. } = rule.frequencies;
        if rule.score.0 < 0 { (ham, spam) } else { (spam, ham) }
    };
    let wanted = places(stats.iter().map(|rule| rates(rule).0).collect());
    let unwanted = places(stats.iter().map(|rule| -rates(rule).1).collect());
    let sums: Vec<usize> = wanted.into_iter().zip(unwanted).map(|(a, b)| a + b).collect();
    let best = sums.iter().copied().max().unwrap_or(0);
    for (rule, sum) in stats.iter_mut().zip(sums) {
        rule.frequencies.rank = if best == 0 { 0.0 } else { sum as f64 / best as f64 };
    }
}

/// The place of each value among the distinct values, from 0.
fn places(values: Vec<f64>) -> Vec<usize> {
    let mut distinct = values.clone();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    values.iter().map(|value| distinct.partition_point(|other| other < value)).collect()
}
