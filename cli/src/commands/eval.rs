//! `ruleeval eval`.

use crate::Exit;
use crate::config::ConfigArgs;
use crate::input::Input;
use crate::output::{print, show};
use std::path::PathBuf;

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The expression
    expression: String,
    /// The message; `-` is standard input
    #[arg(value_name = "FILE")]
    message: PathBuf,
    /// Packs whose definitions and lists the expression may name (those of the first)
    #[arg(long, value_name = "PACK")]
    rules: Vec<PathBuf>,
    /// Print the type beside the value
    #[arg(long)]
    types: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let (engine, now) = super::setup(&args.config, &args.rules)?;
    let message = engine.parse(Input::from(args.message.as_path()).read_or_complain()?);
    let (value, ty) = engine.eval_expr(&args.expression, &message, now).map_err(|(diagnostics, sources)| {
        show(&diagnostics, &sources);
        Exit::InvalidRules
    })?;
    print(&if args.types { format!("{value:#} : {ty}\n") } else { format!("{value:#}\n") });
    Ok(())
}
