//! The whole account of a verdict as text for people.

use ruleeval::engine::{Account, Arithmetic, Score, Suppressor};
use ruleeval::eval::{Evidence, render_text};

/// The account of a message.
pub(crate) fn text(name: &str, account: &Account) -> String {
    let verdict = &account.verdict;
    let mut out = format!("{}: {}, score {}\n", name.escape_debug(), verdict.action, verdict.score);
    sum(&account.arithmetic, &mut out);
    matches(account, &mut out);
    suppressed(account, &mut out);
    undecided(account, &mut out);
    nearest(account, &mut out);
    authentication(account, &mut out);
    oddities(account, &mut out);
    out.push_str("\nPacks\n");
    for pack in &*verdict.packs {
        let digest = pack.digest.get(..16).unwrap_or(&pack.digest);
        out.push_str(&format!("  {} {} sha256:{digest}\n", pack.name, pack.version));
    }
    out
}

fn sum(arithmetic: &Arithmetic, out: &mut String) {
    out.push_str("\nScore\n");
    for part in &arithmetic.parts {
        let why = part.why.as_ref().map(|why| format!("  (of {}; {why})", part.score)).unwrap_or_default();
        out.push_str(&format!("  {:>9}  {}{why}\n", part.counted.to_string(), part.rule));
    }
    out.push_str(&format!("  {:>9}  in all\n", arithmetic.total.to_string()));
    for threshold in &arithmetic.thresholds {
        let short = Score(threshold.from.0 - arithmetic.total.0);
        let state = if threshold.reached { "reached".into() } else { format!("{short} short") };
        out.push_str(&format!("  {} from {}: {state}\n", threshold.action, threshold.from));
    }
    for one in &arithmetic.severities {
        let state = if one.reached { "reached" } else { "not reached" };
        out.push_str(&format!("  {} from severity {}: {state}\n", one.action, one.severity.name()));
    }
    out.push_str(&format!("  action {}: {}\n", arithmetic.action, arithmetic.decided_by));
}

fn matches(account: &Account, out: &mut String) {
    out.push_str(&format!("\nMatches ({})\n", account.verdict.matches.len()));
    for found in &account.verdict.matches {
        let title = found.title.as_deref().map(|title| format!("  {title}")).unwrap_or_default();
        out.push_str(&format!("  {} [{}]{title}\n", found.rule, found.severity.name()));
        found.evidence.iter().for_each(|evidence| tree(evidence, out));
    }
}

fn suppressed(account: &Account, out: &mut String) {
    if account.suppressed.is_empty() {
        return;
    }
    out.push_str(&format!("\nSuppressed ({})\n", account.suppressed.len()));
    for rule in &account.suppressed {
        for by in &rule.by {
            out.push_str(&format!("  {} by {}, because\n", rule.rule, suppressor(by)));
            tree(&by.evidence, out);
        }
        out.push_str("    its condition holds:\n");
        tree(&rule.evidence, out);
    }
}

fn suppressor(by: &Suppressor) -> String {
    if !by.exception {
        return format!("its clause `{}`", by.name);
    }
    let reason = by.reason.as_deref().unwrap_or("");
    let owner = by.owner.as_deref().unwrap_or("");
    format!("the exception {} ({reason}; {owner})", by.name)
}

fn undecided(account: &Account, out: &mut String) {
    if account.undecided.is_empty() && account.verdict.over_budget.is_empty() {
        return;
    }
    out.push_str(&format!("\nUndecided ({})\n", account.undecided.len()));
    for rule in &account.undecided {
        out.push_str(&format!("  {}: missing {}\n", rule.rule, rule.missing.join(", ")));
        tree(&rule.evidence, out);
    }
    for rule in &account.verdict.over_budget {
        out.push_str(&format!("  {rule}: spent its budget\n"));
    }
}

fn nearest(account: &Account, out: &mut String) {
    out.push_str(&format!(
        "\nNearest misses ({} of {} rules that do not match)\n",
        account.nearest.len(),
        account.not_matched
    ));
    for near in &account.nearest {
        out.push_str(&format!(
            "  {}: {} of {} clauses hold; these do not\n",
            near.rule, near.miss.holding, near.miss.clauses
        ));
        near.miss.failing.iter().for_each(|evidence| tree(evidence, out));
    }
    if !account.off.is_empty() {
        out.push_str(&format!("  switched off: {}\n", account.off.join(", ")));
    }
}

fn authentication(account: &Account, out: &mut String) {
    let Some(auth) = &account.verdict.auth else { return };
    out.push_str("\nAuthentication\n");
    out.push_str(&format!("  {auth}\n"));
    for reason in &auth.reasons {
        out.push_str(&format!("  {}\n", reason.escape_debug()));
    }
    if !auth.disagreements.is_empty() {
        out.push_str(&format!("  the border and own verification disagree about {}\n", auth.disagreements.join(", ")));
    }
}

fn oddities(account: &Account, out: &mut String) {
    let verdict = &account.verdict;
    if verdict.limits_hit.is_empty() && verdict.anomalies.is_empty() {
        return;
    }
    out.push_str("\nLimits and anomalies\n");
    for limit in &verdict.limits_hit {
        out.push_str(&format!("  limit: {}\n", limit.escape_debug()));
    }
    for anomaly in &verdict.anomalies {
        let damage = if anomaly.is_damage() { " (damage)" } else { "" };
        out.push_str(&format!("  {}{damage}: {}\n", anomaly.kind, anomaly.detail.escape_debug()));
    }
}

fn tree(evidence: &Evidence, out: &mut String) {
    for line in render_text(evidence).lines() {
        out.push_str(&format!("    {line}\n"));
    }
}
