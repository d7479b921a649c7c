//! `ruleeval scan`: messages in, verdicts out, in input order, whatever the threads do.

use crate::Exit;
use crate::config::ConfigArgs;
use crate::input::{Collected, Input, collect};
use crate::output::{complain, print};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use ruleeval::engine::{Engine, Options, Verdict};
use ruleeval::eval::render_text;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Instant;

/// Messages in flight: bounds memory and keeps the output in order.
const BATCH: usize = 256;

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folders with pack.yaml, or single rule files
    #[arg(long, required = true, value_name = "PACK")]
    rules: Vec<PathBuf>,
    /// Messages: files, folders (recursively; what looks like mail), `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How verdicts are written
    #[arg(long, value_enum, default_value_t = Style::Text)]
    format: Style,
    /// Explain every match
    #[arg(long)]
    evidence: bool,
    /// Threads; 0 for one for each core
    #[arg(long, default_value_t = 0, value_name = "N")]
    threads: usize,
    /// Exit with 4 if some input could not be read
    #[arg(long)]
    strict_input: bool,
    /// Exit with 1 if a message gets this action (`match`: any rule matches)
    #[arg(long, value_name = "ACTION")]
    fail_on: Option<String>,
    /// "Now" for rules that read time, instead of the machine's
    #[arg(long, value_name = "TIME")]
    clock: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Style {
    Text,
    Jsonl,
}

#[derive(Default)]
struct Totals {
    messages: usize,
    matched: usize,
    unreadable: usize,
    odd: usize,
    failed_gate: bool,
    /// Outcomes that could not be decided, by what was missing.
    undecided: BTreeMap<String, usize>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let (engine, now) = super::setup(&args.config, &args.rules, args.clock.as_deref())?;
    if let Some(action) = args.fail_on.as_deref().filter(|action| *action != "match") {
        let known = engine.actions();
        if !known.iter().any(|known| **known == *action) {
            complain(&format!("--fail-on: no action is called `{action}`; there are match, {}", known.join(", ")));
            return Err(Exit::Usage);
        }
    }
    if rayon::ThreadPoolBuilder::new().num_threads(args.threads).build_global().is_err() {
        complain("cannot start the threads");
        return Err(Exit::Usage);
    }
    let Collected { inputs, problems, skipped } = collect(&args.paths);
    let mut totals = Totals { unreadable: problems.len(), ..Totals::default() };
    problems.iter().for_each(|problem| complain(problem));
    if skipped > 0 {
        complain(&format!("{skipped} file(s) in folders are no mail and were not read; name them to read them"));
    }
    let started = Instant::now();
    let bar = progress(inputs.len());
    for batch in inputs.chunks(BATCH) {
        let verdicts: Vec<_> = batch
            .par_iter()
            .map_init(|| engine.scratch(), |scratch, input| (input, decide(&engine, input, scratch, args, now)))
            .collect();
        for (input, verdict) in verdicts {
            bar.suspend(|| report(args, input, verdict, &mut totals));
        }
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    summary(&totals, started);
    if args.strict_input && totals.unreadable > 0 {
        return Err(Exit::Unreadable);
    }
    if totals.failed_gate { Err(Exit::Findings) } else { Ok(()) }
}

fn decide(
    engine: &Engine,
    input: &Input,
    scratch: &mut ruleeval::eval::Scratch,
    args: &Args,
    now: Option<i64>,
) -> std::io::Result<Verdict> {
    let message = engine.parse(input.read()?);
    Ok(engine.evaluate(&message, scratch, Options { evidence: args.evidence, now }))
}

fn progress(length: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() || length < 2 {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} messages, {per_sec}, {eta} left");
    ProgressBar::new(length as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn report(args: &Args, input: &Input, verdict: std::io::Result<Verdict>, totals: &mut Totals) {
    totals.messages += 1;
    let verdict = match verdict {
        Ok(verdict) => verdict,
        Err(error) => {
            totals.unreadable += 1;
            complain(&format!("{}: {error}", input.name()));
            if args.format == Style::Jsonl {
                print(&format!("{}\n", json!({ "file": input.name(), "error": error.to_string() })));
            }
            return;
        }
    };
    if is_odd(&verdict) {
        totals.odd += 1;
        complain(&format!("{}: {}", input.name(), oddities(&verdict)));
    }
    for missing in verdict.undecided.iter().flat_map(|undecided| &undecided.missing) {
        *totals.undecided.entry(missing.to_string()).or_default() += 1;
    }
    totals.matched += usize::from(!verdict.matches.is_empty());
    totals.failed_gate |= match args.fail_on.as_deref() {
        Some("match") => !verdict.matches.is_empty(),
        Some(action) => *verdict.action == *action,
        None => false,
    };
    match args.format {
        Style::Text => print(&text(&input.name(), &verdict)),
        Style::Jsonl => {
            let mut value = serde_json::to_value(&verdict).unwrap_or_default();
            if let Some(object) = value.as_object_mut() {
                object.shift_insert(0, "file".into(), json!(input.name()));
            }
            print(&format!("{value}\n"));
        }
    }
}

/// What a person should look at: something of the message, or some rule's answer, may be missing.
/// Raw 8-bit headers and the like are common.
fn is_odd(verdict: &Verdict) -> bool {
    !verdict.limits_hit.is_empty()
        || !verdict.over_budget.is_empty()
        || verdict.anomalies.iter().any(ruleeval::message::Anomaly::is_damage)
}

/// Why a message is odd, in one line.
fn oddities(verdict: &Verdict) -> String {
    let kinds = verdict.anomalies.iter().filter(|anomaly| anomaly.is_damage()).map(|anomaly| anomaly.kind.to_owned());
    let limits = verdict.limits_hit.iter().cloned();
    let spent = verdict.over_budget.iter().map(|rule| format!("{rule} spent its budget"));
    kinds.chain(limits).chain(spent).collect::<Vec<_>>().join("; ")
}

fn text(name: &str, verdict: &Verdict) -> String {
    let name = name.escape_debug();
    let mut out = format!("{:<10} {:>6}  {name}\n", verdict.action, verdict.score.to_string());
    for found in &verdict.matches {
        let title = found.title.as_deref().unwrap_or("");
        let mode = if found.counted == found.score { String::new() } else { format!(" (counts {})", found.counted) };
        out.push_str(&format!("    {} {}{mode}  {title}\n", found.rule, found.score));
        if let Some(evidence) = &found.evidence {
            for line in render_text(evidence).lines() {
                out.push_str(&format!("        {line}\n"));
            }
        }
    }
    for suppressed in &verdict.suppressed {
        let by: Vec<&str> = suppressed.unless.iter().chain(&suppressed.exceptions).map(|name| &**name).collect();
        out.push_str(&format!("    {} suppressed by {}\n", suppressed.rule, by.join(", ")));
    }
    out
}

fn summary(totals: &Totals, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    let rate = totals.messages as f64 / seconds.max(1e-9);
    complain(&format!(
        "{} message(s), {} with a match, {} odd, {} unreadable; {rate:.0} messages/s",
        totals.messages, totals.matched, totals.odd, totals.unreadable
    ));
    for (missing, times) in &totals.undecided {
        complain(&format!("undecided {times} time(s) for want of {missing}"));
    }
}
