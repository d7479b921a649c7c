//! `ruleeval diff`: what a change of rules does to a labelled corpus.

use crate::Exit;
use crate::config::ConfigArgs;
use crate::corpus::{CorpusArgs, compare};
use clap::ValueEnum;
use ruleeval::pack::DiffGate;
use ruleeval::report::diff::check;
use ruleeval::report::render::diff::{markdown_comment, text};
use std::path::PathBuf;

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The old pack, or rule file
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The new pack, or rule file
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Packs that both need
    #[arg(long, value_name = "PACK")]
    with: Vec<PathBuf>,
    #[command(flatten)]
    corpus: CorpusArgs,
    /// How the comparison is written
    #[arg(long, value_enum, default_value_t = Style::Text)]
    format: Style,
    /// Messages that are shown for each change
    #[arg(long, default_value_t = 5, value_name = "N")]
    samples: usize,
    /// Write the comparison to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Exit with 1 on a regression: by the new pack's policy, else anything lost or newly wrong
    #[arg(long)]
    gate: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Style {
    /// Tables and evidence for people
    Text,
    /// One document
    Json,
    /// A review comment
    Markdown,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let packs = |pack: &PathBuf| args.with.iter().chain([pack]).cloned().collect::<Vec<_>>();
    let (old, now) = super::setup(&args.config, &packs(&args.old))?;
    let (new, _) = super::setup(&args.config, &packs(&args.new))?;
    let corpus = args.corpus.open()?;
    let diff = compare(&old, &new, &corpus, &args.corpus, args.samples, now)?;
    let gates = if args.gate {
        let own = new.gates().into_iter().rev().find_map(|(_, gates)| gates.diff);
        check(&diff, &own.unwrap_or_else(DiffGate::default))
    } else {
        Vec::new()
    };
    let shown = match args.format {
        Style::Text => text(&diff, &gates),
        Style::Markdown => markdown_comment(&diff, &gates),
        Style::Json => format!("{}\n", serde_json::to_string_pretty(&diff).unwrap_or_default()),
    };
    super::run::write(shown.as_bytes(), args.output.as_deref())?;
    if args.gate { super::run::gated(&gates) } else { Ok(()) }
}
