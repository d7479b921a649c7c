//! `ruleeval dns`: asks all that the verification of messages asks, and writes down the answers.

use super::engine;
use crate::Exit;
use crate::config::{Config, ConfigArgs, resolver};
use crate::input::each;
use crate::output::{complain, print};
use ruleeval::auth;
use ruleeval::corpus::Progress;
use ruleeval::dns::Recorder;
use std::path::PathBuf;
use std::sync::Arc;

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Messages: files, folders, mailboxes, archives, `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Threads; 0 for one for each core
    #[arg(long, default_value_t = 0, value_name = "N")]
    threads: usize,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let config = Config::load_or_complain(&args.config)?;
    let asked = config.resolver().map_or_else(|| resolver("live"), |resolver| Ok(Some(resolver)));
    let asked = asked.map_err(|reason| {
        complain(&reason);
        Exit::Usage
    })?;
    let Some(asked) = asked else { return Ok(()) };
    let recorder = Arc::new(Recorder::new(asked));
    let engine = engine(&config.with_resolver(Some(recorder.clone())), &[], None)?;
    each(
        &args.paths,
        args.threads,
        &Progress::default(),
        || (),
        |(), item| item.read().map(|bytes| auth::of(&engine.parse(bytes))),
        |name, result| {
            if let Err(reason) = result {
                complain(&format!("{name}: {reason}"));
            }
        },
    )?;
    print(&recorder.recorded().to_string());
    Ok(())
}
