//! `ruleeval config`: checks the configuration before something has to start with it.

use crate::Exit;
use crate::config::{Config, ConfigArgs, schema};
use crate::output::{complain, print};
use std::path::{Path, PathBuf};

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Read a configuration and all that it names, and say what is wrong
    Check {
        /// The file
        #[arg(default_value = "ruleeval.yaml", value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the JSON schema of ruleeval.yaml
    Schema,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    match &args.command {
        Command::Check { file } => check(file),
        Command::Schema => {
            print(&format!("{:#}\n", schema()));
            Ok(())
        }
    }
}

fn check(file: &Path) -> Result<(), Exit> {
    let args = ConfigArgs { config: Some(file.to_owned()), ..ConfigArgs::default() };
    Config::load(&args).and_then(|config| config.service.validate()).map_err(|reason| {
        complain(&reason);
        Exit::Usage
    })?;
    complain(&format!("{}: nothing is wrong", file.display()));
    Ok(())
}
