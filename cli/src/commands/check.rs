//! `ruleeval check`.

use crate::Exit;
use crate::config::{Config, ConfigArgs};
use crate::output::{complain, print, stdout_color};
use clap::ValueEnum;
use ruleeval::diagnostic::render::{Format, render};
use std::path::PathBuf;

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folders with pack.yaml, or single rule files; checked together
    #[arg(required = true, value_name = "PACK")]
    packs: Vec<PathBuf>,
    /// How problems are written
    #[arg(long, value_enum, default_value_t = Style::Full)]
    format: Style,
    /// Print a stage instead of checking further
    #[arg(long, value_enum)]
    emit: Option<Stage>,
    /// Exit with 1 on warnings too
    #[arg(long)]
    deny_warnings: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum Style {
    Concise,
    Full,
    Json,
    Sarif,
    Github,
}

#[derive(Clone, Copy, ValueEnum)]
enum Stage {
    /// The faithful tree
    Ast,
    /// The typed tree
    Hir,
    /// The plan
    Plan,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let compiled = Config::load_or_complain(&args.config)?.compile(&args.packs, super::clock(&args.config)?);
    if let Some(Stage::Ast) = args.emit {
        for (id, source) in compiled.sources.iter().filter(|(_, source)| source.name.ends_with(".rule")) {
            print(&ruleeval::syntax::dump(&ruleeval::syntax::parse(id, &source.text).0));
        }
    }
    let format = match args.format {
        Style::Concise => Format::Concise,
        Style::Full => Format::Full,
        Style::Json => Format::Json,
        Style::Sarif => Format::Sarif,
        Style::Github => Format::Github,
    };
    let quiet = args.emit.is_some() && compiled.engine.is_some();
    if !quiet {
        print(&render(format, &compiled.diagnostics, &compiled.sources, stdout_color()));
    }
    let errors = compiled.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let warnings = compiled.diagnostics.len() - errors;
    match (&compiled.engine, args.emit) {
        (Some(engine), Some(Stage::Hir)) => print(&engine.hir_dump()),
        (Some(engine), Some(Stage::Plan)) => print(&engine.plan_dump()),
        _ => {}
    }
    match &compiled.engine {
        Some(engine) => complain(&format!("{} rule(s), {warnings} warning(s)", engine.rules().len())),
        None => {
            complain(&format!("{errors} error(s), {warnings} warning(s); nothing was loaded"));
            return Err(Exit::InvalidRules);
        }
    }
    if args.deny_warnings && warnings > 0 { Err(Exit::Findings) } else { Ok(()) }
}
