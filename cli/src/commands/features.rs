//! `ruleeval features`.

use crate::Exit;
use crate::config::ConfigArgs;
use crate::input::Input;
use crate::output::print;
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
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let (engine, _) = super::setup(&args.config, &[])?;
    let message = engine.parse(Input::from(args.message.as_path()).read_or_complain()?);
    print(&format!("{:#}\n", engine.features(&message)));
    Ok(())
}
