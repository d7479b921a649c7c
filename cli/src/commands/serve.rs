//! `ruleeval serve`: decides about mail as a service.

use crate::Exit;
use crate::config::{Config, RulesArgs};
use crate::output::complain;
use crate::serve::settings::LogFormat;

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    rules: RulesArgs,
    /// Speak HTTP here instead of where the configuration says: 127.0.0.1:11380, unix:/run/x.sock
    #[arg(long, value_name = "ADDRESS")]
    http: Vec<String>,
    /// Speak the milter protocol here instead of where the configuration says
    #[arg(long, value_name = "ADDRESS")]
    milter: Vec<String>,
    /// How log lines are written
    #[arg(long, value_enum, value_name = "FORMAT")]
    log: Option<LogFormat>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    if args.rules.config.clock.is_some() {
        complain("a service has the machine's clock: --clock is for commands that end");
        return Err(Exit::Usage);
    }
    let config = Config::load_or_complain(&args.rules.config)?;
    let files = config.files();
    let mut service = config.service;
    if !args.http.is_empty() || !args.milter.is_empty() {
        (service.http, service.milter) = (args.http.clone(), args.milter.clone());
    }
    service.log.format = args.log.unwrap_or(service.log.format);
    service.validate().map_err(|reason| {
        complain(&reason);
        Exit::Usage
    })?;
    crate::serve::run(&args.rules, files, service)
}
