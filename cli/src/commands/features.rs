//! `ruleeval features`.

use crate::Exit;
use crate::config::{ConfigArgs, load_or_complain};
use crate::input::collect;
use crate::output::{complain, print};
use std::path::PathBuf;

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The message; `-` is standard input
    #[arg(value_name = "FILE")]
    message: PathBuf,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Exit {
    let Some(config) = load_or_complain(&args.config) else { return Exit::Usage };
    let engine = match super::engine(&config, &[], None) {
        Ok(engine) => engine,
        Err(exit) => return exit,
    };
    for input in collect(std::slice::from_ref(&args.message)).0 {
        match input.read() {
            Ok(raw) => print(&format!("{:#}\n", engine.features(&engine.parse(raw)))),
            Err(error) => {
                complain(&format!("{}: {error}", input.name()));
                return Exit::Unreadable;
            }
        }
    }
    Exit::Done
}
