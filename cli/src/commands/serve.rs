//! `ruleeval serve`: decides about mail as a service.

use crate::Exit;
use crate::config::{Config, ConfigArgs};
use crate::output::complain;
use crate::serve::settings::LogFormat;
use std::path::PathBuf;

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folders with pack.yaml, or single rule files
    #[arg(long, required = true, value_name = "PACK", num_args = 1..)]
    rules: Vec<PathBuf>,
    /// Speak HTTP here instead of where the configuration says: 127.0.0.1:11380, unix:/run/x.sock
    #[arg(long, value_name = "ADDRESS")]
    http: Vec<String>,
    /// Speak the milter protocol here instead of where the configuration says
    #[arg(long, value_name = "ADDRESS")]
    milter: Vec<String>,
    /// How log lines are written
    #[arg(long, value_enum, value_name = "FORMAT")]
    log: Option<LogFormat>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let mut service = Config::load_or_complain(&args.config)?.service;
    if !args.http.is_empty() || !args.milter.is_empty() {
        (service.http, service.milter) = (args.http.clone(), args.milter.clone());
    }
    service.log.format = args.log.unwrap_or(service.log.format);
    service.validate().map_err(|reason| {
        complain(&reason);
        Exit::Usage
    })?;
    crate::serve::run(args.rules.clone(), &args.config, service)
}
