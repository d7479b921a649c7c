//! `ruleeval run`: rules over a labelled corpus, and what they do to it.

use crate::Exit;
use crate::config::ConfigArgs;
use crate::corpus::{CorpusArgs, measure};
use crate::output::{complain, print};
use clap::ValueEnum;
use ruleeval::report::Run;
use std::path::PathBuf;

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folders with pack.yaml, or single rule files
    #[arg(long, required = true, value_name = "PACK", num_args = 1..)]
    rules: Vec<PathBuf>,
    #[command(flatten)]
    corpus: CorpusArgs,
    /// How the report is written
    #[arg(long, value_enum, default_value_t = Style::Json)]
    format: Style,
    /// Exit with 4 if some input could not be read
    #[arg(long)]
    strict_input: bool,
    /// "Now" for rules that read time, instead of the machine's
    #[arg(long, value_name = "TIME")]
    clock: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Style {
    /// One document with everything
    Json,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let (engine, now) = super::setup(&args.config, &args.rules, args.clock.as_deref())?;
    let corpus = args.corpus.open()?;
    let run = measure(&engine, &corpus, &args.corpus, &args.config, args.clock.is_some(), now)?;
    print(&render(&run, args.format));
    if args.strict_input && run.corpus.unreadable > 0 {
        complain(&format!("{} input(s) could not be read", run.corpus.unreadable));
        return Err(Exit::Unreadable);
    }
    Ok(())
}

fn render(run: &Run, style: Style) -> String {
    match style {
        Style::Json => format!("{}\n", serde_json::to_string_pretty(run).unwrap_or_default()),
    }
}
