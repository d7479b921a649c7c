//! The charts of the report.

use super::svg::{Plot, steps};
use crate::report::{CurvePoint, Curves, Histogram, Month, Overlap, Role, RuleStats, Run};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most rules of the chart of rates.
const MAX_DOTS: usize = 40;
/// Most rules of the matrix.
const MAX_MATRIX: usize = 24;
/// Most months of the timeline.
const MAX_MONTHS: usize = 48;
/// Most points of a curve.
const MAX_POINTS: usize = 400;
/// Most bins of the distribution.
const MAX_BINS: usize = 60;

/// The colour class of each label: warm for what rules should hit, cold for what they should not.
pub(super) fn classes(run: &Run) -> BTreeMap<Arc<str>, &'static str> {
    let mut used = [0_usize; 3];
    let mut class = |role: Role| {
        let (palette, index): (&[&str], usize) = match role {
            Role::Positive => (&["s0", "s1", "s2"], 0),
            Role::Negative => (&["n0", "n1"], 1),
            Role::Apart => (&["a0", "a1"], 2),
        };
        used[index] += 1;
        palette[(used[index] - 1) % palette.len()]
    };
    run.labels.iter().map(|label| (Arc::clone(&label.label), class(label.role))).collect()
}

/// A share as people write it: `12.5 %`, `0.04 %`.
pub(super) fn percent(share: f64) -> String {
    let value = share * 100.0;
    let digits = match value {
        value if value == 0.0 || value >= 99.95 => 0,
        value if value < 0.1 => 3,
        value if value < 1.0 => 2,
        _ => 1,
    };
    format!("{value:.digits$} %")
}

fn number(value: f64) -> String {
    if value.fract().abs() < 1e-9 { format!("{value:.0}") } else { format!("{value}") }
}

/// Shares near zero get more room.
fn stretched(share: f64) -> f64 {
    share.max(0.0).sqrt()
}

/// The distribution of scores: a row for each label, so that a large one does not hide a small
/// one.
pub(super) fn scores(run: &Run) -> Option<String> {
    let histogram = &run.scores;
    let bins = bins(histogram)?;
    let rows: Vec<_> = histogram.labels.iter().filter(|(_, counts)| counts.iter().sum::<u64>() > 0).collect();
    if rows.is_empty() {
        return None;
    }
    let classes = classes(run);
    let row = 78.0;
    let height = row * rows.len() as f64 + 48.0;
    let mut plot = Plot::new("Messages by score, for each label", 560.0, height, 62.0);
    let span = bins as f64 * histogram.width;
    for value in steps(span) {
        plot.tick_x(value / span, &number(histogram.start + value));
    }
    for action in &run.actions {
        let Some(threshold) = action.threshold else { continue };
        let share = (threshold.0 as f64 / 1000.0 - histogram.start) / span;
        if (0.0..=1.0).contains(&share) {
            plot.line("chance", (plot.x(share), plot.y(0.0)), (plot.x(share), plot.y(1.0)));
            plot.text("dim", (plot.x(share) + 3.0, plot.y(1.0) + 9.0), "start", &action.action);
        }
    }
    for (index, (label, counts)) in rows.iter().enumerate() {
        let total: u64 = counts.iter().sum();
        let base = plot.y(0.0) - row * (rows.len() - 1 - index) as f64;
        let class = format!("fill {}", classes.get(*label).copied().unwrap_or("a0"));
        for bin in 0..bins {
            // The last bin holds all that lies beyond.
            let count: u64 = if bin + 1 == bins {
                counts.get(bin..).unwrap_or_default().iter().sum()
            } else {
                counts.get(bin).copied().unwrap_or_default()
            };
            if count == 0 {
                continue;
            }
            let share = count as f64 / total as f64;
            let (x, next) = (plot.x(bin as f64 / bins as f64), plot.x((bin + 1) as f64 / bins as f64));
            let tall = (stretched(share) * (row - 18.0)).max(1.5);
            let from = histogram.start + bin as f64 * histogram.width;
            let title = format!("{label}: {count} messages ({}) from {}", percent(share), number(from));
            plot.rect(&class, x + 0.5, base - tall, (next - x - 1.0, tall), &title);
        }
        plot.line("grid", (plot.x(0.0), base), (plot.x(1.0), base));
        plot.text("", (56.0, base - 18.0), "end", label);
        plot.text("dim", (56.0, base - 5.0), "end", &total.to_string());
    }
    plot.axes("score", "");
    Some(plot.finish())
}

fn bins(histogram: &Histogram) -> Option<usize> {
    let used = |counts: &Vec<u64>| counts.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
    let bins = histogram.labels.values().map(used).max()?;
    (bins > 0 && histogram.width > 0.0).then_some((bins + 1).min(MAX_BINS))
}

fn thinned(points: &[CurvePoint]) -> Vec<&CurvePoint> {
    let step = points.len().div_ceil(MAX_POINTS).max(1);
    let last = points.len().saturating_sub(1);
    points.iter().enumerate().filter(|(index, _)| index % step == 0 || *index == last).map(|(_, point)| point).collect()
}

/// Receiver operating characteristic, with the horizontal axis stretched near zero.
pub(super) fn roc(curves: &Curves) -> String {
    let mut plot = Plot::new("ROC curve", 420.0, 330.0, 58.0);
    for share in [0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0] {
        plot.tick_x(stretched(share), &percent(share).replace(".0", ""));
    }
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        plot.tick_y(share, &percent(share).replace(".0", ""));
    }
    let chance: Vec<_> = (0..=40).map(|step| f64::from(step) / 40.0).map(|x| (plot.x(x), plot.y(x * x))).collect();
    plot.path("chance", &chance);
    let mut line = vec![(plot.x(0.0), plot.y(0.0))];
    line.extend(curves.points.iter().map(|point| (plot.x(stretched(point.fpr)), plot.y(point.tpr))));
    plot.path("curve", &line);
    for point in thinned(&curves.points) {
        let title = format!(
            "score from {}: {} of positives hit, {} of negatives ({} false positives)",
            point.threshold,
            percent(point.tpr),
            percent(point.fpr),
            point.fp
        );
        plot.dot("dot", (plot.x(stretched(point.fpr)), plot.y(point.tpr)), 3.0, &title);
    }
    plot.axes("false-positive rate (stretched near 0)", "recall");
    plot.finish()
}

/// Precision over recall.
pub(super) fn precision(curves: &Curves) -> String {
    let mut plot = Plot::new("Precision-recall curve", 420.0, 330.0, 58.0);
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        plot.tick_x(share, &percent(share).replace(".0", ""));
        plot.tick_y(share, &percent(share).replace(".0", ""));
    }
    let line: Vec<_> = curves.points.iter().map(|point| (plot.x(point.tpr), plot.y(point.precision))).collect();
    plot.path("curve", &line);
    for point in thinned(&curves.points) {
        let title = format!(
            "score from {}: precision {}, recall {} ({} hits, {} false positives)",
            point.threshold,
            percent(point.precision),
            percent(point.tpr),
            point.tp,
            point.fp
        );
        plot.dot("dot", (plot.x(point.tpr), plot.y(point.precision)), 3.0, &title);
    }
    plot.axes("recall", "precision");
    plot.finish()
}

/// Rates of the rules with their intervals: those with false positives first, then by hits.
/// Returns the chart, and how many rules are in it.
pub(super) fn rates(run: &Run) -> Option<(String, usize)> {
    let mut rules: Vec<&RuleStats> = run.rules.iter().filter(|rule| rule.hits > 0).collect();
    rules.sort_by(|a, b| {
        let key = |rule: &RuleStats| (rule.negative.hits > 0, rule.positive.hits);
        key(b).cmp(&key(a)).then_with(|| a.name.cmp(&b.name))
    });
    rules.truncate(MAX_DOTS);
    if rules.is_empty() {
        return None;
    }
    let row = 22.0;
    let height = row * rows_of(&rules) + 48.0;
    let mut plot = Plot::new("Rate of each rule with its 95 % interval", 900.0, height, 300.0);
    let most = rules.iter().flat_map(|rule| [rule.positive.high, rule.negative.high]).fold(0.0, f64::max).min(1.0);
    let most = if most > 0.0 { most } else { 1.0 };
    for share in [0.0, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0].into_iter().filter(|share| *share <= most) {
        plot.tick_x(stretched(share / most), &percent(share).replace(".0 ", " "));
    }
    for (index, rule) in rules.iter().enumerate() {
        let y = plot.y(1.0) + row * (index as f64 + 0.5);
        let name = short(&rule.name, 46);
        plot.text(if rule.mode == "enforce" { "" } else { "dim" }, (294.0, y + 3.5), "end", &name);
        for (class, what, rate, shift) in
            [("s0", "positive", &rule.positive, -3.5), ("n0", "negative", &rule.negative, 3.5)]
        {
            let at = |share: f64| stretched(share / most);
            let title = format!(
                "{}: {} of {} {what} messages, {} ({} to {})",
                rule.name,
                rate.hits,
                rate.of,
                percent(rate.rate.unwrap_or_default()),
                percent(rate.low),
                percent(rate.high)
            );
            let y = y + shift;
            plot.line(&format!("stroke {class}"), (plot.x(at(rate.low)), y), (plot.x(at(rate.high)), y));
            plot.dot(&format!("fill {class}"), (plot.x(at(rate.rate.unwrap_or_default())), y), 3.2, &title);
        }
    }
    plot.axes("share of messages hit (stretched near 0)", "");
    Some((plot.finish(), rules.len()))
}

fn rows_of(rules: &[&RuleStats]) -> f64 {
    rules.len() as f64
}

/// The end of a long name: that is where rules differ.
fn short(name: &str, most: usize) -> String {
    let length = name.chars().count();
    if length <= most {
        name.to_owned()
    } else {
        name.chars().skip(length - most).fold("…".into(), |all, c| all + c.encode_utf8(&mut [0; 4]))
    }
}

/// Messages by month, positive above and negative below, each with what was flagged of them.
/// Returns the chart, and how many months are left out.
pub(super) fn timeline(run: &Run) -> Option<(String, usize)> {
    let left_out = run.timeline.len().saturating_sub(MAX_MONTHS);
    let months = run.timeline.get(left_out..).filter(|months| !months.is_empty())?;
    let role = |wanted: Role, counts: &BTreeMap<Arc<str>, u64>| -> u64 {
        counts.iter().filter(|(label, _)| run.roles.of(label) == wanted).map(|(_, count)| count).sum()
    };
    let most = |wanted: Role| months.iter().map(|month| role(wanted, &month.messages)).max().unwrap_or_default();
    let mut plot = Plot::new("Messages by month", 900.0, 330.0, 62.0).margins(10.0, 58.0);
    let middle = 0.48;
    let bar = (plot.x(1.0) - plot.x(0.0)) / months.len() as f64;
    let panels =
        [(Role::Positive, "s0", "positive", 0.55, 1.0), (Role::Negative, "n0", "negative", 0.0, middle - 0.05)];
    for (wanted, class, name, low, high) in panels {
        let top = most(wanted).max(1) as f64;
        for value in steps(top) {
            plot.tick_y(low + value / top * (high - low), &number(value));
        }
        for (index, month) in months.iter().enumerate() {
            let (all, flagged) = (role(wanted, &month.messages), role(wanted, &month.flagged));
            let x = plot.x(0.0) + bar * index as f64;
            let title = format!("{}: {flagged} of {all} {name} messages flagged", month.month);
            for (count, style) in [(all, "stroke"), (flagged, "fill")] {
                let y = plot.y(low + count as f64 / top * (high - low));
                if count > 0 {
                    plot.rect(&format!("{style} {class}"), x + 1.5, y, (bar - 3.0, plot.y(low) - y), &title);
                }
            }
        }
        plot.text("", (plot.x(0.0) + 4.0, plot.y(high) + 2.0), "start", name);
    }
    months_axis(&mut plot, months, bar);
    plot.axes("", "");
    Some((plot.finish(), left_out))
}

fn months_axis(plot: &mut Plot, months: &[Month], bar: f64) {
    let every = months.len().div_ceil(24).max(1);
    for (index, month) in months.iter().enumerate().step_by(every) {
        let x = plot.x(0.0) + bar * (index as f64 + 0.5);
        let y = plot.y(0.0) + 44.0;
        plot.slanted((x - 24.0, y), &month.month);
    }
}

/// Which rules hit the same messages. Returns the chart, and how many rules are in it.
pub(super) fn overlap(run: &Run) -> Option<(String, usize)> {
    let mut weight: BTreeMap<usize, u64> = BTreeMap::new();
    for pair in &run.overlaps {
        *weight.entry(pair.a).or_default() += pair.both;
        *weight.entry(pair.b).or_default() += pair.both;
    }
    let mut rules: Vec<(usize, u64)> = weight.into_iter().collect();
    rules.sort_by_key(|(rule, weight)| (std::cmp::Reverse(*weight), *rule));
    rules.truncate(MAX_MATRIX);
    let chosen: BTreeSet<usize> =
        rules.into_iter().map(|(rule, _)| rule).filter(|rule| *rule < run.rules.len()).collect();
    let order: Vec<usize> = chosen.into_iter().collect();
    if order.len() < 2 {
        return None;
    }
    let pairs: BTreeMap<(usize, usize), &Overlap> = run.overlaps.iter().map(|pair| ((pair.a, pair.b), pair)).collect();
    let cell = 18.0;
    let size = cell * order.len() as f64;
    let mut plot = Plot::new("Share of a rule's hits that another rule hits too", 330.0 + size, size + 205.0, 300.0);
    for (row, a) in order.iter().enumerate() {
        let y = 200.0 + cell * row as f64;
        plot.text("", (294.0, y + 12.5), "end", &short(&run.rules[*a].name, 46));
        plot.slanted((306.0 + cell * row as f64, 194.0), &short(&run.rules[*a].name, 38));
        for (column, b) in order.iter().enumerate() {
            let both = if a == b {
                run.rules[*a].hits
            } else {
                pairs.get(&(*a.min(b), *a.max(b))).map_or(0, |pair| pair.both)
            };
            let of = run.rules[*a].hits.max(1);
            let share = both as f64 / of as f64;
            let title =
                format!("of {} hits of {}, {both} are hits of {} too", of, run.rules[*a].name, run.rules[*b].name);
            plot.cell(300.0 + cell * column as f64, y, cell - 1.0, share.max(0.04), &title);
        }
    }
    Some((plot.finish(), order.len()))
}
