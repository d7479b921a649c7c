//! `ruleeval profile`: what rules, clauses and features cost, in Suricata's columns.

use crate::Exit;
use crate::config::RulesArgs;
use crate::input::each;
use crate::output::{complain, print};
use clap::ValueEnum;
use ruleeval::corpus::{Item, Progress};
use ruleeval::engine::{ClauseCost, FeatureCost, Options, ProfileReport, RuleCost};
use ruleeval::eval::Profile;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Instant;

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    rules: RulesArgs,
    /// Messages: files, folders (recursively), `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Order of the rows
    #[arg(long, value_enum, default_value_t = Sort::Steps)]
    sort: Sort,
    /// Rows of each table; 0 for all
    #[arg(long, default_value_t = 20, value_name = "N")]
    top: usize,
    /// How the profile is written
    #[arg(long, value_enum, default_value_t = Style::Text)]
    format: Style,
    /// Write down how often each clause decided, for the key `selectivity` of the configuration: later
    /// compilations then ask first what decides most. It changes no verdict
    #[arg(long, value_name = "FILE")]
    write_selectivity: Option<PathBuf>,
    /// Leave time out: the output is then the same on every machine
    #[arg(long)]
    no_time: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sort {
    Steps,
    Time,
    Checks,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Style {
    Text,
    Jsonl,
}

/// Nanoseconds since the first call.
fn nanos() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let (engine, now) = super::setup(&args.rules.config, &args.rules.packs)?;
    let fresh = || if args.no_time { Profile::new() } else { Profile::with_clock(nanos) };
    let mut total = fresh();
    let options = Options { evidence: false, now };
    each(
        &args.paths,
        0,
        &Progress::default(),
        || engine.scratch(),
        |scratch, item: Item| {
            let mut profile = fresh();
            let message = engine.parse(item.read()?);
            engine.profile(&message, scratch, options, &mut profile);
            Ok(profile)
        },
        |name, profile: Result<Profile, String>| match profile {
            Ok(profile) => total.merge(&profile),
            Err(error) => complain(&format!("{name}: {error}")),
        },
    )?;
    let mut report = engine.profile_report(&total);
    if let Some(path) = &args.write_selectivity {
        write_selectivity(path, &report)?;
    }
    order(args.sort, &mut report);
    print(&match args.format {
        Style::Text => text(args, &report),
        Style::Jsonl => lines(&report),
    });
    Ok(())
}

fn write_selectivity(path: &Path, report: &ProfileReport) -> Result<(), Exit> {
    let written = serde_json::to_string_pretty(&report.selectivity()).map_err(std::io::Error::from);
    written.and_then(|text| std::fs::write(path, text + "\n")).map_err(|error| {
        complain(&format!("cannot write {}: {error}", path.display()));
        Exit::Usage
    })
}

fn order(sort: Sort, report: &mut ProfileReport) {
    fn by<T>(rows: &mut [T], key: impl Fn(&T) -> u64) {
        rows.sort_by_key(|row| std::cmp::Reverse(key(row)));
    }
    match sort {
        Sort::Steps => {
            by(&mut report.rules, |row| row.steps);
            by(&mut report.clauses, |row| row.steps);
            by(&mut report.features, |row| row.steps);
        }
        Sort::Time => {
            by(&mut report.rules, |row| row.nanos);
            by(&mut report.clauses, |row| row.nanos);
            by(&mut report.features, |row| row.nanos);
        }
        Sort::Checks => {
            by(&mut report.rules, |row| row.checks);
            by(&mut report.clauses, |row| row.checks);
            by(&mut report.features, |row| row.computed);
        }
    }
}

fn average(sum: u64, count: u64) -> f64 {
    if count == 0 { 0.0 } else { sum as f64 / count as f64 }
}

fn share(part: u64, whole: u64) -> f64 {
    100.0 * average(part, whole)
}

/// Steps on messages on which the rule's condition did not hold, with their number.
fn unheld(rule: &RuleCost) -> (u64, u64) {
    (rule.steps.saturating_sub(rule.held_steps), rule.checks.saturating_sub(rule.held))
}

fn text(args: &Args, report: &ProfileReport) -> String {
    let top = if args.top == 0 { usize::MAX } else { args.top };
    let steps: u64 = report.rules.iter().map(|rule| rule.steps).sum::<u64>() + report.index_steps;
    let mut out = format!(
        "{} messages, {steps} steps, {:.0} a message; the index took {} ({:.1} %)\n",
        report.messages,
        average(steps, report.messages),
        report.index_steps,
        share(report.index_steps, steps)
    );
    let micros = |nanos: u64| if args.no_time { "-".to_owned() } else { format!("{:.1}", nanos as f64 / 1000.0) };
    out.push_str(&format!(
        "\nRules\n{:>10} {:>6} {:>8} {:>8} {:>8} {:>9} {:>9} {:>9} {:>10} {:>10}  rule\n",
        "steps", "%", "checks", "matches", "max", "avg", "avg match", "avg no m.", "bytes", "us"
    ));
    for rule in report.rules.iter().filter(|rule| rule.checks > 0).take(top) {
        let (others, count) = unheld(rule);
        out.push_str(&format!(
            "{:>10} {:>6.2} {:>8} {:>8} {:>8} {:>9.1} {:>9.1} {:>9.1} {:>10} {:>10}  {}\n",
            rule.steps,
            share(rule.steps, steps),
            rule.checks,
            rule.matches,
            rule.max_steps,
            average(rule.steps, rule.checks),
            average(rule.held_steps, rule.held),
            average(others, count),
            rule.bytes,
            micros(rule.nanos),
            rule.rule
        ));
    }
    let idle = report.rules.iter().filter(|rule| rule.checks == 0).count();
    out.push_str(&format!("{idle} of {} rules were never evaluated: the index ruled them out\n", report.rules.len()));
    out.push_str(&format!(
        "\nClauses\n{:>10} {:>6} {:>8} {:>8} {:>8} {:>10} {:>10}  clause\n",
        "steps", "%", "checks", "held", "unknown", "bytes", "us"
    ));
    for one in report.clauses.iter().take(top) {
        let ClauseCost { rule, clause, at, checks, held, unknown, steps: own, bytes, nanos } = one;
        let short: String = clause.chars().take(80).collect();
        out.push_str(&format!(
            "{own:>10} {:>6.2} {checks:>8} {held:>8} {unknown:>8} {bytes:>10} {:>10}  {rule} at {at}: {short}\n",
            share(*own, steps),
            micros(*nanos)
        ));
    }
    out.push_str(&format!(
        "\nFeatures\n{:>10} {:>6} {:>8} {:>8} {:>12} {:>10}  feature\n",
        "steps", "%", "computed", "absent", "bytes", "us"
    ));
    for one in report.features.iter().take(top) {
        let FeatureCost { feature, computed, absent, steps: own, bytes, nanos } = one;
        out.push_str(&format!(
            "{own:>10} {:>6.2} {computed:>8} {absent:>8} {bytes:>12} {:>10}  {feature}\n",
            share(*own, steps),
            micros(*nanos)
        ));
    }
    out.push_str(&format!(
        "\n{} rule(s) that every message evaluates: {}\n",
        report.unguarded.len(),
        report.unguarded.join(", ")
    ));
    out.push_str("Steps of clauses and features hold what they read, so their shares overlap. A value that several rules need is paid by the first.\n");
    out
}

fn lines(report: &ProfileReport) -> String {
    let head = json!({
        "type": "profile", "version": 1, "messages": report.messages, "index_steps": report.index_steps,
        "index_nanos": report.index_nanos, "unguarded": report.unguarded,
    });
    let tagged = |kind: &str, value: serde_json::Value| {
        let mut value = value;
        if let Some(object) = value.as_object_mut() {
            object.shift_insert(0, "type".into(), json!(kind));
        }
        format!("{value}\n")
    };
    let rules = report.rules.iter().map(|row| {
        let (others, count) = unheld(row);
        let mut value = serde_json::to_value(row).unwrap_or_default();
        if let Some(object) = value.as_object_mut() {
            object.insert("avg".into(), json!(average(row.steps, row.checks)));
            object.insert("avg_match".into(), json!(average(row.held_steps, row.held)));
            object.insert("avg_no_match".into(), json!(average(others, count)));
        }
        tagged("rule", value)
    });
    let clauses = report.clauses.iter().map(|row| tagged("clause", serde_json::to_value(row).unwrap_or_default()));
    let features = report.features.iter().map(|row| tagged("feature", serde_json::to_value(row).unwrap_or_default()));
    std::iter::once(format!("{head}\n")).chain(rules).chain(clauses).chain(features).collect()
}
