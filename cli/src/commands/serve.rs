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

/// From which size on glibc gives memory back when it is freed; left to itself it learns from large messages to
/// keep it.
const GIVES_BACK: (&str, &str) = ("MALLOC_MMAP_THRESHOLD_", "1048576");

/// Begins again as the same process with a setting that the C library reads at the start only. Where that cannot be
/// done the service runs without it.
fn settle_memory() {
    use std::os::unix::process::CommandExt;
    let (name, value) = GIVES_BACK;
    if std::env::var_os(name).is_some() {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        let error = std::process::Command::new(program).args(std::env::args_os().skip(1)).env(name, value).exec();
        complain(&format!("memory of large messages may be kept: {error}"));
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    settle_memory();
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
