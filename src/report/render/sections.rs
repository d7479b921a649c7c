//! The report for people: counts first, then rates with their intervals.

use super::table::{Table, plain};
use crate::report::gates::GateResult;
use crate::report::run::{Campaigns, Group, Role, RuleStats, Run, Suspect};
use crate::report::stats::Proportion;

struct Section {
    title: &'static str,
    note: String,
    table: Table,
}

/// Tables for a terminal.
pub(super) fn text(run: &Run, gates: &[GateResult]) -> String {
    let mut out = plain(&summary(run));
    out.push('\n');
    for section in sections(run, gates) {
        out.push_str(&format!("\n{}\n", section.title));
        if !section.note.is_empty() {
            out.push_str(&format!("{}\n", section.note));
        }
        out.push_str(&section.table.text());
    }
    out
}

/// Tables for a page.
pub(super) fn markdown(run: &Run, gates: &[GateResult]) -> String {
    let mut out = format!("{}\n", super::table::markdown(&summary(run)));
    for section in sections(run, gates) {
        out.push_str(&format!("\n### {}\n\n", section.title));
        if !section.note.is_empty() {
            out.push_str(&format!("{}\n\n", section.note));
        }
        out.push_str(&section.table.markdown());
    }
    out
}

fn summary(run: &Run) -> String {
    let packs: Vec<String> = run.packs.iter().map(|pack| format!("{} {}", pack.name, pack.version)).collect();
    let corpus = &run.corpus;
    format!(
        "{} rules of {} over {} messages of {} campaigns; {} unreadable, {} filtered, {} files are no mail",
        run.rules.len(),
        packs.join(", "),
        corpus.messages,
        corpus.campaigns,
        corpus.unreadable,
        corpus.filtered,
        corpus.skipped
    )
}

fn sections(run: &Run, gates: &[GateResult]) -> Vec<Section> {
    let all = [
        self::gates(gates),
        labels(run),
        actions(run),
        rules(run),
        more(run),
        groups(run),
        undecided(run),
        suspects("Negative messages with the highest scores", &run.suspects.negative, run),
        suspects("Positive messages with the lowest scores", &run.suspects.positive, run),
        problems(run),
    ];
    all.into_iter().filter(|section| !section.table.is_empty()).collect()
}

/// `0.12 %`; of rare things more digits.
pub(in crate::report) fn percent(rate: f64) -> String {
    let value = 100.0 * rate;
    if value != 0.0 && value < 0.1 { format!("{value:.3} %") } else { format!("{value:.2} %") }
}

/// `12/2500 0.48 % [0.27, 0.84]`.
fn shown(proportion: &Proportion) -> String {
    let Some(rate) = proportion.rate else { return format!("{}/{}", proportion.hits, proportion.of) };
    format!(
        "{}/{} {} [{:.2}, {:.2}]",
        proportion.hits,
        proportion.of,
        percent(rate),
        100.0 * proportion.low,
        100.0 * proportion.high
    )
}

fn campaigns(campaigns: &Campaigns) -> String {
    format!("{}/{} {}", campaigns.hit, campaigns.of, percent(campaigns.weighted_rate))
}

fn gates(gates: &[GateResult]) -> Section {
    let mut table = Table::new(&["RESULT", "SUBJECT", "CONDITION", ">REQUIRED", ">FOUND"]);
    for gate in gates {
        let result = if gate.passed { "ok" } else { "FAILED" };
        let cells = [result, &gate.subject, &gate.condition, &gate.required, &gate.found];
        table.row(cells.map(str::to_owned).to_vec());
    }
    Section { title: "Gates", note: String::new(), table }
}

fn labels(run: &Run) -> Section {
    let mut table = Table::new(&["LABEL", "COUNTS AS", ">MESSAGES", ">CAMPAIGNS", ">HIT", ">FLAGGED", "ACTIONS"]);
    for label in &run.labels {
        let role = match label.role {
            Role::Positive => "positive",
            Role::Negative => "negative",
            Role::Apart => "apart",
        };
        let actions: Vec<String> = label.actions.iter().map(|(action, count)| format!("{action} {count}")).collect();
        table.row(vec![
            label.label.to_string(),
            role.into(),
            label.messages.to_string(),
            label.campaigns.to_string(),
            shown(&label.hit),
            shown(&label.flagged),
            actions.join(", "),
        ]);
    }
    Section { title: "Labels", note: String::new(), table }
}

fn actions(run: &Run) -> Section {
    let columns = ["AT LEAST", ">FROM", ">TP", ">FP", ">FN", ">TN", ">PRECISION", ">RECALL", ">F1", ">FP RATE AT MOST"];
    let mut table = Table::new(&columns);
    for action in &run.actions {
        let f1 = action.f1.value.map(|f1| format!("{f1:.3} [{:.3}, {:.3}]", action.f1.low, action.f1.high));
        table.row(vec![
            action.action.to_string(),
            action.threshold.map_or_else(String::new, |threshold| threshold.to_string()),
            action.tp.to_string(),
            action.fp.to_string(),
            action.fn_.to_string(),
            action.tn.to_string(),
            shown(&action.precision),
            shown(&action.recall),
            f1.unwrap_or_default(),
            percent(action.false_positive_upper),
        ]);
    }
    let auc = run.curves.as_ref().and_then(|curves| {
        let (auc, precision) = (curves.roc_auc?, curves.average_precision?);
        Some(format!(
            "Score: area under the ROC curve {:.4} [{:.4}, {:.4}], average precision {precision:.4}.",
            auc.value, auc.low, auc.high
        ))
    });
    Section { title: "Actions", note: auc.unwrap_or_default(), table }
}

fn rules(run: &Run) -> Section {
    let columns = [
        ">OVERALL%",
        ">SPAM%",
        ">HAM%",
        ">S/O",
        ">RANK",
        ">SCORE",
        "NAME",
        ">SPAM",
        ">HAM",
        ">FP AT MOST",
        "MODE",
        "STATUS",
    ];
    let mut table = Table::new(&columns);
    for rule in by_rank(run) {
        let columns = &rule.frequencies;
        table.row(vec![
            format!("{:.3}", columns.overall),
            format!("{:.4}", columns.spam),
            format!("{:.4}", columns.ham),
            columns.so.map_or_else(|| "-".into(), |so| format!("{so:.3}")),
            format!("{:.2}", columns.rank),
            rule.score.to_string(),
            rule.name.to_string(),
            shown(&rule.positive),
            shown(&rule.negative),
            percent(rule.false_positive_upper),
            rule.mode.clone(),
            rule.status.clone(),
        ]);
    }
    let note = "SPAM are positive, HAM negative messages. Intervals are Wilson's, 95 %; the last bound is Clopper and \
Pearson's, one-sided 95 %."
        .into();
    Section { title: "Rules", note, table }
}

fn by_rank(run: &Run) -> Vec<&RuleStats> {
    let mut rules: Vec<&RuleStats> = run.rules.iter().collect();
    rules.sort_by(|a, b| b.frequencies.rank.total_cmp(&a.frequencies.rank).then_with(|| a.name.cmp(&b.name)));
    rules
}

fn more(run: &Run) -> Section {
    let columns = [
        "NAME",
        ">CAMPAIGNS",
        ">HAM CAMPAIGNS",
        ">ONLY IT",
        ">SUPPRESSED",
        ">UNDECIDED",
        "FIRST",
        "LAST",
        ">STEPS",
        ">P50",
        ">P99",
        "MOST SHARED WITH",
    ];
    let mut table = Table::new(&columns);
    for rule in by_rank(run) {
        let partner = rule.partner.and_then(|partner| {
            Some(format!("{} {} ({})", run.rules.get(partner.rule)?.name, partner.both, percent(partner.share)))
        });
        table.row(vec![
            rule.name.to_string(),
            campaigns(&rule.positive_campaigns),
            campaigns(&rule.negative_campaigns),
            format!("{}+{}", rule.unique.positive, rule.unique.negative),
            rule.suppressed.to_string(),
            rule.undecided.to_string(),
            rule.first_hit.as_deref().unwrap_or("").to_owned(),
            rule.last_hit.as_deref().unwrap_or("").to_owned(),
            rule.cost.steps.to_string(),
            rule.cost.p50.to_string(),
            rule.cost.p99.to_string(),
            partner.unwrap_or_default(),
        ]);
    }
    let note =
        "Rates of campaigns weigh every campaign alike. ONLY IT: positive + negative messages that no other rule \
hits."
            .into();
    Section { title: "More of the rules", note, table }
}

fn groups(run: &Run) -> Section {
    let mut table = Table::new(&["COLUMN", "VALUE", "MESSAGES", ">POSITIVE FLAGGED", ">NEGATIVE FLAGGED"]);
    for Group { column, value, messages, positive, negative, .. } in &run.groups {
        let messages: Vec<String> = messages.iter().map(|(label, count)| format!("{label} {count}")).collect();
        let value = if value.is_empty() { "-" } else { value };
        table.row(vec![column.to_string(), value.to_owned(), messages.join(", "), shown(positive), shown(negative)]);
    }
    Section { title: "Groups", note: String::new(), table }
}

fn undecided(run: &Run) -> Section {
    let mut table = Table::new(&["MISSING", ">OUTCOMES", ">RULES"]);
    for reason in &run.undecided {
        table.row(vec![reason.missing.clone(), reason.outcomes.to_string(), reason.rules.len().to_string()]);
    }
    Section { title: "Undecided for want of", note: String::new(), table }
}

fn suspects(title: &'static str, suspects: &[Suspect], run: &Run) -> Section {
    let mut table = Table::new(&[">SCORE", "LABEL", "MESSAGE", "RULES"]);
    for suspect in suspects {
        let rules = suspect.rules.iter().filter_map(|rule| run.rules.get(*rule as usize));
        let rules: Vec<&str> = rules.map(|rule| &*rule.name).collect();
        table.row(vec![suspect.score.to_string(), suspect.label.to_string(), suspect.id.to_string(), rules.join(", ")]);
    }
    Section { title, note: "The rules may be wrong about them, or the label.".into(), table }
}

fn problems(run: &Run) -> Section {
    let mut table = Table::new(&["NOT READ", "WHY"]);
    for problem in &run.problems {
        table.row(vec![problem.id.clone(), problem.reason.clone()]);
    }
    Section { title: "Problems", note: String::new(), table }
}
