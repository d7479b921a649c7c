//! The tables of the report, each with a legend for its columns.

use super::charts::percent;
use super::data::rate;
use super::text::escape;
use crate::report::stats::Proportion;
use crate::report::{RuleStats, Run, Suspect};
use std::collections::BTreeMap;

/// Most rules in the table.
const MAX_RULES: usize = 2_000;
/// Most rows of the shorter tables.
const MAX_ROWS: usize = 200;

/// A cell with a number: what is shown and what it is sorted by.
fn cell(shown: &str, key: Option<f64>) -> String {
    let key = key.map_or_else(String::new, |key| format!("{key}"));
    format!("<td class=\"n\" data-key=\"{key}\">{}</td>", escape(shown))
}

fn share(one: &Proportion) -> String {
    let shown = one.rate.map_or_else(|| "–".into(), percent);
    format!(
        "<td class=\"n\" data-key=\"{}\" title=\"{}\">{}/{} <small>{}</small></td>",
        one.rate.unwrap_or(-1.0),
        escape(&rate(one)),
        one.hits,
        one.of,
        escape(&shown)
    )
}

fn head(columns: &[(&str, &str)]) -> String {
    let cells = columns.iter().map(|(name, class)| format!("<th scope=\"col\" class=\"{class}\">{name}</th>"));
    format!("<thead><tr>{}</tr></thead>", cells.collect::<String>())
}

fn filtered(id: &str, label: &str, caption: &str, head: &str, rows: &str) -> String {
    format!(
        "<div class=\"tools\"><label>{label} <input type=\"search\" data-filter=\"{id}\" aria-controls=\"{id}\"></label><output></output></div>\
         <div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table id=\"{id}\" class=\"sortable\">{head}<tbody>{rows}</tbody></table></div>"
    )
}

/// What each action does to both kinds of mail.
pub(super) fn actions(run: &Run) -> String {
    let columns = [
        ("Action", ""),
        ("from score", "n"),
        ("hit (TP)", "n"),
        ("missed (FN)", "n"),
        ("false alarms (FP)", "n"),
        ("left alone (TN)", "n"),
        ("precision", "n"),
        ("recall", "n"),
        ("F1", "n"),
        ("FP rate", "n"),
        ("FP rate, at most", "n"),
    ];
    let rows = run.actions.iter().map(|one| {
        let threshold = one.threshold.map(|score| score.to_string());
        let plain = |count: u64| cell(&count.to_string(), Some(count as f64));
        let f1 = one.f1.value.map_or_else(|| "–".into(), |value| format!("{value:.3}"));
        format!(
            "<tr><td>{} or stronger</td>{}{}{}{}{}{}{}{}{}{}</tr>",
            escape(&one.action),
            cell(threshold.as_deref().unwrap_or("–"), one.threshold.map(|score| score.0 as f64)),
            plain(one.tp),
            plain(one.fn_),
            plain(one.fp),
            plain(one.tn),
            share(&one.precision),
            share(&one.recall),
            cell(&f1, one.f1.value),
            share(&one.false_positive_rate),
            cell(&percent(one.false_positive_upper), Some(one.false_positive_upper))
        )
    });
    let rows: String = rows.collect();
    format!(
        "<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"Actions\"><table id=\"actions\" class=\"sortable\">{}<tbody>{rows}</tbody></table></div>",
        head(&columns)
    )
}

/// Messages and decisions by label.
pub(super) fn labels(run: &Run, classes: &BTreeMap<std::sync::Arc<str>, &'static str>) -> String {
    let columns = [
        ("Label", ""),
        ("counts as", ""),
        ("messages", "n"),
        ("campaigns", "n"),
        ("any rule hits", "n"),
        ("flagged", "n"),
        ("actions", ""),
    ];
    let rows = run.labels.iter().map(|one| {
        let role = match one.role {
            crate::report::Role::Positive => "positive: rules should hit it",
            crate::report::Role::Negative => "negative: rules should leave it alone",
            crate::report::Role::Apart => "apart: reported, not counted",
        };
        let actions: Vec<String> = one.actions.iter().map(|(name, count)| format!("{name} {count}")).collect();
        format!(
            "<tr><td class=\"label\"><i class=\"swatch {}\"></i>{}</td><td>{role}</td>{}{}{}{}<td>{}</td></tr>",
            classes.get(&one.label).copied().unwrap_or("a0"),
            escape(&one.label),
            cell(&one.messages.to_string(), Some(one.messages as f64)),
            cell(&one.campaigns.to_string(), Some(one.campaigns as f64)),
            share(&one.hit),
            share(&one.flagged),
            escape(&actions.join(", "))
        )
    });
    let rows: String = rows.collect();
    format!(
        "<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"Labels\"><table id=\"labels\" class=\"sortable\">{}<tbody>{rows}</tbody></table></div>",
        head(&columns)
    )
}

/// All rules; and how many did not fit.
pub(super) fn rules(run: &Run) -> (String, usize) {
    let columns = [
        ("Rule", ""),
        ("score", "n"),
        ("positive", "n"),
        ("negative", "n"),
        ("FP, at most", "n"),
        ("S/O", "n"),
        ("rank", "n"),
        ("campaigns", "n"),
        ("alone", "n"),
        ("partner", ""),
        ("first", ""),
        ("last", ""),
        ("suppressed", "n"),
        ("undecided", "n"),
        ("steps p99", "n"),
    ];
    let rows: String =
        run.rules.iter().enumerate().take(MAX_RULES).map(|(index, rule)| self::rule(run, index, rule)).collect();
    (filtered("rules", "Filter rules", "Rules", &head(&columns), &rows), run.rules.len().saturating_sub(MAX_RULES))
}

fn rule(run: &Run, index: usize, rule: &RuleStats) -> String {
    let mut note = format!("{}, {}", rule.severity, rule.status);
    if rule.mode != "enforce" {
        note.push_str(&format!(", {} mode", rule.mode));
    }
    let partner = rule.partner.and_then(|partner| Some((partner, run.rules.get(partner.rule)?)));
    let partner = partner.map_or_else(String::new, |(partner, other)| {
        let name = other.name.rsplit('/').next().unwrap_or(&other.name);
        format!("{} of {} with {name}", partner.both, rule.hits)
    });
    let so = rule.frequencies.so;
    let plain = |count: u64| cell(&count.to_string(), Some(count as f64));
    let day = |day: &Option<std::sync::Arc<str>>| day.as_deref().map(escape).unwrap_or_default();
    format!(
        "<tr><td class=\"name\"><button type=\"button\" data-rule=\"{index}\">{}</button><small>{}</small><small>{}</small></td>{}{}{}{}{}{}{}{}<td>{}</td><td>{}</td><td>{}</td>{}{}{}</tr>",
        escape(&rule.name),
        escape(rule.title.as_deref().unwrap_or("")),
        escape(&note),
        cell(&rule.score.to_string(), Some(rule.score.0 as f64)),
        share(&rule.positive),
        share(&rule.negative),
        cell(&percent(rule.false_positive_upper), Some(rule.false_positive_upper)),
        cell(&so.map_or_else(|| "–".into(), |so| format!("{so:.3}")), so),
        cell(&format!("{:.2}", rule.frequencies.rank), Some(rule.frequencies.rank)),
        cell(
            &format!("{}/{}", rule.positive_campaigns.hit, rule.positive_campaigns.of),
            Some(rule.positive_campaigns.hit as f64)
        ),
        plain(rule.unique.positive),
        escape(&partner),
        day(&rule.first_hit),
        day(&rule.last_hit),
        plain(rule.suppressed),
        plain(rule.undecided),
        plain(rule.cost.p99)
    )
}

/// Messages whose label deserves a second look.
pub(super) fn suspects(run: &Run, id: &str, suspects: &[Suspect]) -> String {
    if suspects.is_empty() {
        return "<p class=\"note\">None.</p>".into();
    }
    let places: BTreeMap<&str, usize> = run.messages.iter().enumerate().map(|(index, row)| (&*row.id, index)).collect();
    let columns = [("Message", ""), ("label", ""), ("score", "n"), ("rules", "")];
    let rows = suspects.iter().take(MAX_ROWS).map(|one| {
        let names: Vec<&str> =
            one.rules.iter().filter_map(|rule| run.rules.get(*rule as usize)).map(|rule| &*rule.name).collect();
        let name = match places.get(&*one.id) {
            Some(place) => {
                format!("<button type=\"button\" data-open=\"{place}\"><bdi>{}</bdi></button>", escape(&one.id))
            }
            None => escape(&one.id),
        };
        format!(
            "<tr><td class=\"id\">{name}</td><td>{}</td>{}<td>{}</td></tr>",
            escape(&one.label),
            cell(&one.score.to_string(), Some(one.score.0 as f64)),
            escape(&names.join(", "))
        )
    });
    let rows: String = rows.collect();
    filtered(id, "Filter", "Suspect labels", &head(&columns), &rows)
}

/// What was missing where rules were undecided, and what could not be read.
pub(super) fn gaps(run: &Run) -> String {
    let mut out = String::new();
    if run.undecided.is_empty() {
        out.push_str("<p class=\"note\">Every rule was decided on every message.</p>");
    } else {
        let rows = run.undecided.iter().take(MAX_ROWS).map(|one| {
            let names: Vec<&str> =
                one.rules.iter().filter_map(|rule| run.rules.get(*rule)).map(|rule| &*rule.name).collect();
            format!(
                "<tr><td>{}</td>{}<td>{}</td></tr>",
                escape(&one.missing),
                cell(&one.outcomes.to_string(), Some(one.outcomes as f64)),
                escape(&names.join(", "))
            )
        });
        let columns = [("Missing", ""), ("outcomes left undecided", "n"), ("rules", "")];
        out.push_str(&filtered("undecided", "Filter", "Undecided", &head(&columns), &rows.collect::<String>()));
    }
    if !run.problems.is_empty() {
        let rows = run.problems.iter().take(MAX_ROWS).map(|one| {
            format!("<tr><td class=\"id\"><bdi>{}</bdi></td><td>{}</td></tr>", escape(&one.id), escape(&one.reason))
        });
        out.push_str("<h3>Could not be read, or is odd</h3>");
        out.push_str(&filtered(
            "problems",
            "Filter",
            "Problems",
            &head(&[("Input", ""), ("reason", "")]),
            &rows.collect::<String>(),
        ));
        out.push_str(&left_out(run.problems.len().saturating_sub(MAX_ROWS), "problems"));
    }
    out
}

/// Says what does not fit.
pub(super) fn left_out(count: usize, what: &str) -> String {
    if count == 0 {
        String::new()
    } else {
        format!(
            "<p class=\"note\"><b>{count} more {what} are not in this page</b>; the JSON form of the report has all.</p>"
        )
    }
}
