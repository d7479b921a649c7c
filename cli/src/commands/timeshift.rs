//! `ruleeval timeshift`: do verdicts hold when the clock moves?

use crate::Exit;
use crate::config::{Config, RulesArgs};
use crate::input::each;
use crate::output::{complain, print};
use clap::ValueEnum;
use ruleeval::corpus::{Item, Progress};
use ruleeval::engine::{Moved, TimeChange};
use serde_json::json;
use std::path::PathBuf;

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    rules: RulesArgs,
    /// Messages: files, folders (recursively), `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Years to move by
    #[arg(long, value_delimiter = ',', default_value = "1,5,20", value_name = "N,N", value_parser = clap::value_parser!(i32).range(-1000..=1000))]
    years: Vec<i32>,
    /// Move the clock only, and leave the dates in the messages as they are
    #[arg(long)]
    clock_only: bool,
    /// Changes that are declared (`now()`, exceptions that expire) count too
    #[arg(long)]
    strict: bool,
    /// How changes are written
    #[arg(long, value_enum, default_value_t = Style::Text)]
    format: Style,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Style {
    Text,
    Jsonl,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    // A date that was moved breaks the signature over it, so nothing is verified here.
    let config = Config::load_or_complain(&args.rules.config)?.with_resolver(None);
    let now = super::clock(&args.rules.config)?;
    let engine = super::engine(&config, &args.rules.packs, now)?;
    let now = now.unwrap_or_default();
    let moved = if args.clock_only { &[Moved::Clock][..] } else { &[Moved::Clock, Moved::ClockAndDates] };
    let readers = engine.time_readers();
    if !readers.is_empty() {
        complain(&format!("{} rule(s) read the clock: {}", readers.len(), readers.join(", ")));
    }
    let (mut messages, mut undeclared, mut declared) = (0_usize, 0_usize, 0_usize);
    let shift = |item: Item| Ok(engine.time_shift(&item.read()?, now, &args.years, moved));
    each(
        &args.paths,
        0,
        &Progress::default(),
        || (),
        |(), item| shift(item),
        |name, changes: Result<Vec<TimeChange>, String>| match changes {
            Ok(changes) => {
                messages += 1;
                undeclared += changes.iter().filter(|change| !change.declared).count();
                declared += changes.iter().filter(|change| change.declared).count();
                changes.iter().for_each(|change| print(&line(args.format, name, change)));
            }
            Err(error) => complain(&format!("{name}: {error}")),
        },
    )?;
    let years: Vec<String> = args.years.iter().map(|years| format!("{years:+}")).collect();
    complain(&format!(
        "{messages} message(s) at {} years: {undeclared} undeclared change(s), {declared} declared",
        years.join(", ")
    ));
    if undeclared > 0 || (args.strict && declared > 0) { Err(Exit::Findings) } else { Ok(()) }
}

fn line(style: Style, name: &str, change: &TimeChange) -> String {
    if style == Style::Jsonl {
        let mut value = serde_json::to_value(change).unwrap_or_default();
        if let Some(object) = value.as_object_mut() {
            object.shift_insert(0, "file".into(), json!(name));
        }
        return format!("{value}\n");
    }
    let moved = match change.moved {
        Moved::Clock => "the clock",
        Moved::ClockAndDates => "the clock and the message's dates",
    };
    let declared = if change.declared { ", as declared" } else { "" };
    format!(
        "{}: {} {} now; with {moved} {:+} years it {}{declared}\n",
        name.escape_debug(),
        change.rule,
        change.now.says(),
        change.years,
        change.then.says()
    )
}
