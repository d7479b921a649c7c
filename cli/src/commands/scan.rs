//! `ruleeval scan`: messages in, verdicts out, in input order, whatever the threads do.

use crate::Exit;
use crate::config::RulesArgs;
use crate::input::each;
use crate::output::{complain, print};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use ruleeval::corpus::{Item, Progress, Walker};
use ruleeval::engine::{Engine, Options, Verdict};
use ruleeval::eval::render_text;
use serde_json::json;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    rules: RulesArgs,
    /// Messages: files, folders (recursively; what looks like mail), mailboxes, archives, `-` for
    /// standard input
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
    let (engine, now) = super::setup(&args.rules.config, &args.rules.packs)?;
    if let Some(action) = args.fail_on.as_deref().filter(|action| *action != "match") {
        let known = engine.actions();
        if !known.iter().any(|known| **known == *action) {
            complain(&format!("--fail-on: no action is called `{action}`; there are match, {}", known.join(", ")));
            return Err(Exit::Usage);
        }
    }
    let totals = RefCell::new(Totals::default());
    let started = Instant::now();
    let progress = Progress::default();
    let bar = bar(&args.paths, &progress);
    let read = each(
        &args.paths,
        args.threads,
        &progress,
        || engine.scratch(),
        |scratch, item| decide(&engine, item, scratch, args, now),
        |name, verdict| {
            bar.suspend(|| report(args, name, verdict, &mut totals.borrow_mut()));
            bar.set_position(progress.bytes.load(Ordering::Relaxed));
        },
    );
    bar.finish_and_clear();
    read?;
    let totals = totals.into_inner();
    summary(&totals, started);
    if args.strict_input && totals.unreadable > 0 {
        return Err(Exit::Unreadable);
    }
    if totals.failed_gate { Err(Exit::Findings) } else { Ok(()) }
}

fn decide(
    engine: &Engine,
    item: Item,
    scratch: &mut ruleeval::eval::Scratch,
    args: &Args,
    now: Option<i64>,
) -> Result<Verdict, String> {
    let message = engine.parse(item.read()?);
    Ok(engine.evaluate(&message, scratch, Options { evidence: args.evidence, now }))
}

fn bar(paths: &[PathBuf], progress: &Progress) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    paths.iter().filter(|path| path.exists()).for_each(|path| Walker::measure(path, progress));
    let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left");
    let total = progress.total.load(Ordering::Relaxed);
    ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn report(args: &Args, name: &str, verdict: Result<Verdict, String>, totals: &mut Totals) {
    totals.messages += 1;
    let verdict = match verdict {
        Ok(verdict) => verdict,
        Err(error) => {
            totals.unreadable += 1;
            complain(&format!("{name}: {error}"));
            if args.format == Style::Jsonl {
                print(&format!("{}\n", json!({ "file": name, "error": error })));
            }
            return;
        }
    };
    if is_odd(&verdict) {
        totals.odd += 1;
        complain(&format!("{name}: {}", oddities(&verdict)));
    }
    for missing in verdict.undecided.iter().flat_map(|undecided| undecided.missing.iter()) {
        *totals.undecided.entry(missing.to_string()).or_default() += 1;
    }
    totals.matched += usize::from(!verdict.matches.is_empty());
    totals.failed_gate |= match args.fail_on.as_deref() {
        Some("match") => !verdict.matches.is_empty(),
        Some(action) => *verdict.action == *action,
        None => false,
    };
    match args.format {
        Style::Text => print(&text(name, &verdict)),
        Style::Jsonl => {
            let mut value = serde_json::to_value(&verdict).unwrap_or_default();
            if let Some(object) = value.as_object_mut() {
                object.shift_insert(0, "file".into(), json!(name));
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
    if let Some(auth) = &verdict.auth {
        out.push_str(&format!("    auth: {auth}\n"));
    }
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
