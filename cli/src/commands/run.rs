//! `ruleeval run`: rules over a labelled corpus, and what they do to it.

use crate::Exit;
use crate::corpus::{MeasureArgs, measure};
use crate::output::{complain, print_bytes};
use clap::ValueEnum;
use ruleeval::live::{Rate, Rates};
use ruleeval::report::gates::{self, GateResult};
use ruleeval::report::render::{Format, Rows, render};
use ruleeval::report::stats::{lower_bound, upper_bound};
use ruleeval::report::{RuleStats, Run};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    measured: MeasureArgs,
    /// How the report is written
    #[arg(long, value_enum, default_value_t = Style::Table)]
    format: Style,
    /// Which rows CSV and Parquet hold; without it rules for CSV, messages for Parquet
    #[arg(long, value_enum, value_name = "ROWS")]
    rows: Option<Which>,
    /// Write the report to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write how often each rule matches, of all messages that were decided: the intervals that the
    /// circuit breaker of `serve` holds rules against
    #[arg(long, value_name = "FILE")]
    write_rates: Option<PathBuf>,
    /// Exit with 1 if a gate in a pack's policy fails
    #[arg(long)]
    gate: bool,
    /// Exit with 4 if some input could not be read
    #[arg(long)]
    strict_input: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Style {
    /// Tables for people
    Table,
    /// One document with everything
    Json,
    /// The same, one object in each line
    Jsonl,
    /// Comma-separated values
    Csv,
    /// Tables for a page or a review comment
    Markdown,
    /// Gates as tests
    Junit,
    /// False positives and failed gates at the rules' places
    Sarif,
    /// One page for a browser, with charts and evidence; needs no network
    Html,
    /// Apache Parquet
    Parquet,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    Rules,
    Messages,
}

/// Messages of each rule and label whose evidence a page has unless told otherwise.
const PAGE_EVIDENCE: usize = 20;

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let format = args.format();
    if args.format == Style::Parquet && args.output.is_none() && std::io::stdout().is_terminal() {
        complain("Parquet is no text; name a file: --output FILE");
        return Err(Exit::Usage);
    }
    let (engine, now) = super::setup(&args.measured.config, &args.measured.rules)?;
    let corpus = args.measured.corpus.open()?;
    // A page without evidence would lead nowhere.
    let page = args.format == Style::Html;
    let evidence =
        if page { args.measured.corpus.clone().with_evidence(PAGE_EVIDENCE) } else { args.measured.corpus.clone() };
    let run = measure(&engine, &corpus, &evidence, &args.measured.config, args.measured.config.clock.is_some(), now)?;
    let gates = if args.gate { gates::check(&run, &engine.gates()) } else { Vec::new() };
    let bytes = render(format, &run, &gates).map_err(|reason| {
        complain(&reason);
        Exit::Usage
    })?;
    write(&bytes, args.output.as_deref())?;
    if let Some(path) = &args.write_rates {
        write(rates(&run).as_bytes(), Some(path))?;
    }
    if args.gate {
        gated(&gates)?;
    }
    if args.strict_input && run.corpus.unreadable > 0 {
        complain(&format!("{} input(s) could not be read", run.corpus.unreadable));
        return Err(Exit::Unreadable);
    }
    Ok(())
}

/// How often rules match, with intervals of 90 %: each end is a one-sided bound of 95 %.
fn rates(run: &Run) -> String {
    let of = run.corpus.messages;
    let rate = |rule: &RuleStats| Rate {
        hits: rule.hits,
        of,
        low: lower_bound(rule.hits, of),
        high: upper_bound(rule.hits, of),
    };
    let rules = run.rules.iter().map(|rule| (rule.name.to_string(), rate(rule))).collect();
    let rates = Rates { schema: Rates::SCHEMA.into(), packs: run.packs.clone(), rules };
    serde_json::to_string_pretty(&rates).unwrap_or_default() + "\n"
}

/// Writes a report to a file, or to standard output.
pub(super) fn write(bytes: &[u8], output: Option<&Path>) -> Result<(), Exit> {
    let Some(path) = output else {
        print_bytes(bytes);
        return Ok(());
    };
    std::fs::write(path, bytes).map_err(|error| {
        complain(&format!("{}: {error}", path.display()));
        Exit::Usage
    })
}

/// Says which gates fail; the exit code if any does, or if there are none.
pub(super) fn gated(gates: &[GateResult]) -> Result<(), Exit> {
    if gates.is_empty() {
        complain("--gate: no pack's policy has gates that concern this");
        return Err(Exit::Usage);
    }
    let failed = || gates.iter().filter(|gate| !gate.passed);
    for gate in failed() {
        complain(&format!("{}: {}: required {}, found {}", gate.subject, gate.condition, gate.required, gate.found));
    }
    complain(&format!("{} of {} gate(s) failed", failed().count(), gates.len()));
    if failed().next().is_some() { Err(Exit::Findings) } else { Ok(()) }
}

impl Args {
    fn format(&self) -> Format {
        let rows = |default| match self.rows.unwrap_or(default) {
            Which::Rules => Rows::Rules,
            Which::Messages => Rows::Messages,
        };
        match self.format {
            Style::Table => Format::Table,
            Style::Json => Format::Json,
            Style::Jsonl => Format::JsonLines,
            Style::Csv => Format::Csv(rows(Which::Rules)),
            Style::Markdown => Format::Markdown,
            Style::Junit => Format::Junit,
            Style::Sarif => Format::Sarif,
            Style::Html => Format::Html,
            Style::Parquet => Format::Parquet(rows(Which::Messages)),
        }
    }
}
