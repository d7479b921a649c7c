//! `ruleeval eval`.

use crate::Exit;
use crate::config::{ConfigArgs, load_or_complain};
use crate::input::collect;
use crate::output::{complain, print, show};
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
    /// "Now" for rules that read time
    #[arg(long, value_name = "TIME")]
    clock: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Exit {
    let Some(config) = load_or_complain(&args.config) else { return Exit::Usage };
    let now = match super::clock(args.clock.as_deref()) {
        Ok(now) => now,
        Err(exit) => return exit,
    };
    let engine = match super::engine(&config, &args.rules, now) {
        Ok(engine) => engine,
        Err(exit) => return exit,
    };
    for input in collect(std::slice::from_ref(&args.message)).0 {
        let raw = match input.read() {
            Ok(raw) => raw,
            Err(error) => {
                complain(&format!("{}: {error}", input.name()));
                return Exit::Unreadable;
            }
        };
        match engine.eval_expr(&args.expression, &engine.parse(raw), now) {
            Ok((value, ty)) if args.types => print(&format!("{value:#} : {ty}\n")),
            Ok((value, _)) => print(&format!("{value:#}\n")),
            Err((diagnostics, sources)) => {
                show(&diagnostics, &sources);
                return Exit::InvalidRules;
            }
        }
    }
    Exit::Done
}
