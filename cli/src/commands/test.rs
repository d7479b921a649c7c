//! `ruleeval test`: the tests that stand beside the rules.

use crate::Exit;
use crate::config::{Config, ConfigArgs};
use crate::output::{complain, print};
use crate::testing::baseline::{Baseline, Verdict};
use crate::testing::report::{Outcome, Tested};
use crate::testing::snapshot::Snapshot;
use crate::testing::watch::Watch;
use crate::testing::{junit, update};
use clap::ValueEnum;
use rayon::prelude::*;
use regex::Regex;
use ruleeval::engine::Engine;
use serde_json::json;
use std::path::PathBuf;

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folders with pack.yaml, or single rule files
    #[arg(required = true, value_name = "PACK")]
    packs: Vec<PathBuf>,
    /// Only tests whose id matches (`pack/rule cases/x.eml`; see --list)
    #[arg(long, value_name = "REGEX")]
    run: Option<Regex>,
    /// Print the ids of the tests and run nothing
    #[arg(long)]
    list: bool,
    /// How outcomes are written
    #[arg(long, value_enum, default_value_t = Style::Text)]
    format: Style,
    /// Write JUnit XML to a file too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Known failures; without it `baseline.yaml` in the packs' folders
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Exit with 1 if an entry of the baseline is not needed any more
    #[arg(long)]
    deny_stale: bool,
    /// Make the tests expect what comes: rewrite `matches` and `ignores`, and the snapshots of
    /// verdicts
    #[arg(long)]
    update: bool,
    /// Begin a snapshot of verdicts, `cases/verdicts.txt`, in packs that have none
    #[arg(long, requires = "update")]
    snapshots: bool,
    /// Show what --update would change, and change nothing
    #[arg(long, requires = "update")]
    dry_run: bool,
    /// Run again whenever a file of the packs changes
    #[arg(long, conflicts_with_all = ["update", "list"])]
    watch: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Style {
    Text,
    Json,
    Jsonl,
    Junit,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    if !args.watch {
        return once(args);
    }
    let mut paths = args.packs.clone();
    paths.extend(args.config.config.clone().into_iter().chain(args.baseline.clone()));
    let watch = Watch::start(&paths).map_err(|error| {
        complain(&format!("cannot watch: {error}"));
        Exit::Usage
    })?;
    loop {
        // A pack that does not compile says so, and the next change may mend it.
        let _ = once(args);
        complain("waiting for changes; Ctrl-C ends");
        let Some(changed) = watch.next() else { return Ok(()) };
        let names: Vec<String> = changed.iter().map(|path| path.display().to_string()).collect();
        complain(&format!("changed: {}", names.join(", ")));
    }
}

fn once(args: &Args) -> Result<(), Exit> {
    let config = Config::load_or_complain(&args.config)?;
    let now = super::clock(&args.config)?;
    let engine = super::engine(&config, &args.packs, now)?;
    let baseline = Baseline::load(args.baseline.as_deref(), &args.packs).map_err(|reason| {
        complain(&reason);
        Exit::Usage
    })?;
    if args.list {
        let cases = engine.tests().into_iter().filter(|case| selected(args, &case.id));
        print(&cases.map(|case| format!("{}\n", case.id)).collect::<String>());
        return Ok(());
    }
    let snapshots = snapshots(args, &engine);
    let tested = tested(args, &engine, &baseline, &snapshots, now.unwrap_or_default());
    if tested.is_empty() {
        complain("no test was selected");
    }
    if args.update {
        return rewrite(args, &tested, &snapshots);
    }
    let stale = stale(&tested, &baseline, args.run.is_some());
    write(args, &engine, &tested, &stale)?;
    let failed = tested.iter().any(|one| one.outcome.fails()) || (args.deny_stale && !stale.is_empty());
    if failed { Err(Exit::Findings) } else { Ok(()) }
}

fn selected(args: &Args, id: &str) -> bool {
    args.run.as_ref().is_none_or(|pattern| pattern.is_match(id))
}

/// What the packs say of their messages, where a snapshot is kept or wanted.
fn snapshots(args: &Args, engine: &Engine) -> Vec<Snapshot> {
    let packs = engine.folders();
    let kept = packs
        .iter()
        .filter(|(_, root)| (args.snapshots && args.packs.contains(root)) || Snapshot::path(root).is_file());
    kept.map(|(name, root)| Snapshot::take(engine, name, root)).collect()
}

fn tested(args: &Args, engine: &Engine, baseline: &Baseline, snapshots: &[Snapshot], now: i64) -> Vec<Tested> {
    let cases: Vec<_> = engine.tests().into_iter().filter(|case| selected(args, &case.id)).collect();
    let results: Vec<_> = cases.par_iter().map(|case| engine.run_test(case)).collect();
    let mut tested: Vec<Tested> = results
        .into_iter()
        .map(|result| {
            let known = match baseline.of(&result.case.id, now) {
                Verdict::New => None,
                Verdict::Known(known) => Some(Ok(known)),
                Verdict::Expired(known) => Some(Err(known)),
            };
            Tested::new(result, known)
        })
        .collect();
    tested.extend(snapshots.iter().flat_map(|snapshot| snapshot.compare(|id| selected(args, id))));
    tested
}

/// Entries of the baseline that can go. Of a selection nothing can be said about the rest.
fn stale(tested: &[Tested], baseline: &Baseline, partial: bool) -> Vec<String> {
    let ids = |passed: bool| -> Vec<&str> {
        let wanted = tested.iter().filter(|one| matches!(one.outcome, Outcome::Passed) == passed);
        wanted.map(|one| one.id.as_str()).collect()
    };
    let (passing, failing) = (ids(true), ids(false));
    let stale = baseline.stale(&passing, &failing).filter(|(_, why)| !partial || *why == "passes now");
    stale.map(|(known, why)| format!("baseline: `{}` {why} ({})", known.test, known.owner)).collect()
}

fn write(args: &Args, engine: &Engine, tested: &[Tested], stale: &[String]) -> Result<(), Exit> {
    if let Some(path) = &args.junit {
        std::fs::write(path, junit::document(tested)).map_err(|error| {
            complain(&format!("cannot write {}: {error}", path.display()));
            Exit::Usage
        })?;
    }
    let count = |wanted: fn(&Outcome) -> bool| tested.iter().filter(|one| wanted(&one.outcome)).count();
    let (failed, known) = (count(Outcome::fails), count(Outcome::is_known));
    let passed = tested.len() - failed - known;
    let unread: Vec<String> = engine
        .case_files()
        .into_iter()
        .filter(|file| file.tests == 0)
        .map(|file| format!("{}/{}", file.pack, file.path))
        .collect();
    match args.format {
        Style::Text => print(&tested.iter().map(Tested::text).collect::<String>()),
        Style::Jsonl => print(&tested.iter().map(|one| format!("{}\n", one.json())).collect::<String>()),
        Style::Junit => print(&junit::document(tested)),
        Style::Json => {
            let tests: Vec<_> = tested.iter().map(Tested::json).collect();
            let value = json!({
                "version": 1, "passed": passed, "failed": failed, "known": known, "stale": stale,
                "cases_without_test": unread, "tests": tests,
            });
            print(&format!("{value:#}\n"));
        }
    }
    stale.iter().for_each(|line| complain(line));
    if args.run.is_none() && !unread.is_empty() {
        complain(&format!("{} case(s) that no test reads: {}", unread.len(), unread.join(", ")));
    }
    complain(&format!("{} test(s): {passed} passed, {failed} failed, {known} known to fail", tested.len()));
    Ok(())
}

fn rewrite(args: &Args, tested: &[Tested], snapshots: &[Snapshot]) -> Result<(), Exit> {
    let failed = || tested.iter().filter(|one| one.outcome.fails());
    let edits: Vec<_> = failed().filter_map(|one| one.edit.as_ref()).collect();
    let written = update::apply(&edits, args.dry_run).and_then(|mut shown| {
        for snapshot in snapshots {
            shown.push_str(&snapshot.write(args.dry_run)?);
        }
        Ok(shown)
    });
    let shown = written.map_err(|error| {
        complain(&format!("cannot update: {error}"));
        Exit::Unreadable
    })?;
    print(&shown);
    let verb = if args.dry_run { "would change" } else { "changed" };
    complain(&format!(
        "{verb} {} expectation(s) of rules, {} snapshot line(s)",
        edits.len(),
        shown.lines().filter(|line| line.starts_with('+')).count()
    ));
    let stuck: Vec<&Tested> = failed().filter(|one| one.edit.is_none() && !one.suite.ends_with(" verdicts")).collect();
    stuck.iter().for_each(|one| print(&one.text()));
    if stuck.is_empty() { Ok(()) } else { Err(Exit::Findings) }
}
