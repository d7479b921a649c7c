//! A comparison for people: for a terminal and for a review comment.

use super::percent;
use super::table::{Table, markdown, plain};
use crate::report::diff::{Diff, Moved, RuleChange, Sample};
use crate::report::gates::GateResult;
use crate::report::stats::{McNemar, Method};
use serde_json::Value;

/// Deepest clause of evidence that is shown.
const MAX_DEPTH: usize = 6;
/// Most lines of evidence that are shown for one message.
const MAX_LINES: usize = 12;

/// For a terminal.
pub fn text(diff: &Diff, gates: &[GateResult]) -> String {
    let mut out = format!("{}\n", plain(&summary(diff)));
    for (title, table) in tables(diff, gates) {
        out.push_str(&format!("\n{title}\n{}", table.text()));
    }
    for rule in &diff.rules {
        for (sign, samples) in [("+", &rule.gained_samples), ("-", &rule.lost_samples)] {
            for sample in samples {
                let head = format!("{sign} {} on {} ({})", rule.rule, sample.id, sample.label);
                out.push_str(&format!("\n{}\n", plain(&head)));
                lines(sample).iter().for_each(|line| out.push_str(&format!("{}\n", plain(line))));
            }
        }
    }
    out
}

/// For a review comment.
pub fn markdown_comment(diff: &Diff, gates: &[GateResult]) -> String {
    let failed = gates.iter().filter(|gate| !gate.passed).count();
    let verdict = match (gates.is_empty(), failed) {
        (true, _) => String::new(),
        (false, 0) => "**Gates: passed.** ".into(),
        (false, failed) => format!("**Gates: {failed} failed.** "),
    };
    let mut out = format!("## What this change of rules does\n\n{verdict}{}\n", markdown(&summary(diff)));
    for (title, table) in tables(diff, gates) {
        out.push_str(&format!("\n### {title}\n\n{}", table.markdown()));
    }
    for rule in diff.rules.iter().filter(|rule| !(rule.gained_samples.is_empty() && rule.lost_samples.is_empty())) {
        details(&mut out, rule);
    }
    out
}

fn details(out: &mut String, rule: &RuleChange) {
    out.push_str(&format!("\n<details><summary>{}</summary>\n", markdown(&rule.rule)));
    for (word, samples) in [("gained", &rule.gained_samples), ("lost", &rule.lost_samples)] {
        for sample in samples {
            let scores = format!("{} → {}", sample.old_score, sample.new_score);
            out.push_str(&format!(
                "\n{word}: {} ({}), score {scores}\n\n",
                markdown(&sample.id),
                markdown(&sample.label)
            ));
            // Indented code: nothing in it is markup, whatever the message says.
            lines(sample).iter().for_each(|line| out.push_str(&format!("    {}\n", plain(line))));
        }
    }
    out.push_str("\n</details>\n");
}

fn summary(diff: &Diff) -> String {
    let lost = |test: &McNemar| format!("{} right decisions gained, {} lost", test.gained, test.lost);
    format!(
        "{} messages, {} unreadable. Positive: {}. Negative: {}. Together {}. Cost {}.",
        diff.messages,
        diff.unreadable,
        lost(&diff.positive),
        lost(&diff.negative),
        probability(&diff.overall),
        diff.cost.growth.map_or_else(
            || format!("{} steps", diff.cost.new),
            |growth| format!(
                "{} → {} steps ({}{})",
                diff.cost.old,
                diff.cost.new,
                if growth < 0.0 { "" } else { "+" },
                percent(growth)
            )
        )
    )
}

fn probability(test: &McNemar) -> String {
    let method = match test.method {
        Method::Exact => "exact",
        Method::ChiSquared => "chi-squared",
    };
    format!("p = {:.4} (McNemar, {method})", test.p)
}

fn moved(moved: &Moved) -> String {
    format!("{} / {} / {}", moved.positive, moved.negative, moved.apart)
}

fn tables(diff: &Diff, gates: &[GateResult]) -> Vec<(&'static str, Table)> {
    let mut results = Table::new(&["RESULT", "CONDITION", ">REQUIRED", ">FOUND"]);
    for gate in gates {
        let result = if gate.passed { "ok" } else { "FAILED" };
        results.row([result, &gate.condition, &gate.required, &gate.found].map(str::to_owned).to_vec());
    }
    let mut actions = Table::new(&["FROM", "TO", ">POSITIVE / NEGATIVE / APART", "FOR EXAMPLE"]);
    for change in &diff.actions {
        let samples: Vec<&str> = change.samples.iter().map(|sample| sample.id.as_str()).collect();
        actions.row(vec![change.from.clone(), change.to.clone(), moved(&change.messages), samples.join(", ")]);
    }
    let mut rules = Table::new(&["RULE", ">OLD HITS", ">NEW HITS", ">GAINED", ">LOST", "MCNEMAR"]);
    for change in &diff.rules {
        let name = match (diff.added.contains(&change.rule), diff.removed.contains(&change.rule)) {
            (true, _) => format!("{} (new)", change.rule),
            (_, true) => format!("{} (removed)", change.rule),
            _ => change.rule.to_string(),
        };
        rules.row(vec![
            name,
            moved(&change.old),
            moved(&change.new),
            moved(&change.gained),
            moved(&change.lost),
            probability(&change.mcnemar),
        ]);
    }
    let mut silent = Table::new(&["CHANGE", "RULE"]);
    let hitting = |rule: &std::sync::Arc<str>| diff.rules.iter().any(|change| change.rule == *rule);
    for (word, rules) in [("added", &diff.added), ("removed", &diff.removed)] {
        for rule in rules.iter().filter(|rule| !hitting(rule)) {
            silent.row(vec![word.into(), rule.to_string()]);
        }
    }
    let tables = [
        ("Gates", results),
        ("Actions", actions),
        ("Rules (positive / negative / apart)", rules),
        ("Rules that hit nothing here", silent),
    ];
    tables.into_iter().filter(|(_, table)| !table.is_empty()).collect()
}

/// The clauses that decided, with what they found.
fn lines(sample: &Sample) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(evidence) = &sample.evidence {
        clause(evidence, 0, &mut out);
    }
    if out.len() > MAX_LINES {
        let more = out.len() - MAX_LINES;
        out.truncate(MAX_LINES);
        out.push(format!("    ... {more} more line(s)"));
    }
    out
}

fn clause(evidence: &Value, depth: usize, out: &mut Vec<String>) {
    let indent = "  ".repeat(depth + 2);
    let text = |key: &str| evidence.get(key).and_then(Value::as_str).unwrap_or("");
    out.push(format!("{indent}{}: {}", text("truth"), text("clause").split_whitespace().collect::<Vec<_>>().join(" ")));
    for value in evidence.get("values").and_then(Value::as_array).into_iter().flatten() {
        let path = value.get("path").and_then(Value::as_str).unwrap_or("");
        let found = value.get("found").and_then(|found| found.get("text"));
        let shown = found.or_else(|| value.get("value")).map(ToString::to_string).unwrap_or_default();
        out.push(format!("{indent}  {path} = {}", shown.chars().take(120).collect::<String>()));
    }
    if depth < MAX_DEPTH {
        for inner in evidence.get("because").and_then(Value::as_array).into_iter().flatten() {
            clause(inner, depth + 1, out);
        }
    }
}
