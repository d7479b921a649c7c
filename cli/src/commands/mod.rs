//! One file for each command.

pub(crate) mod check;
pub(crate) mod cluster;
pub(crate) mod config;
pub(crate) mod diff;
pub(crate) mod dns;
pub(crate) mod doc;
pub(crate) mod eval;
pub(crate) mod explain;
pub(crate) mod features;
pub(crate) mod fmt;
pub(crate) mod lists;
pub(crate) mod pack;
pub(crate) mod profile;
pub(crate) mod promote;
pub(crate) mod run;
pub(crate) mod scan;
pub(crate) mod serve;
pub(crate) mod template;
pub(crate) mod test;
pub(crate) mod timeshift;

use crate::Exit;
use crate::config::{Config, ConfigArgs};
use crate::output::{complain, show};
use ruleeval::engine::Engine;
use std::path::PathBuf;

/// Configuration, rules and clock of a command.
pub(crate) fn setup(args: &ConfigArgs, packs: &[PathBuf]) -> Result<(Engine, Option<i64>), Exit> {
    let config = Config::load_or_complain(args)?;
    let now = clock(args)?;
    Ok((engine(&config, packs, now)?, now))
}

/// Compiles packs. Warnings are not shown here: `check` shows them.
pub(crate) fn engine(config: &Config, packs: &[PathBuf], now: Option<i64>) -> Result<Engine, Exit> {
    let compiled = config.compile(packs, now);
    if let Some(engine) = compiled.engine {
        return Ok(engine);
    }
    let errors: Vec<_> = compiled.diagnostics.into_iter().filter(ruleeval::diagnostic::Diagnostic::is_error).collect();
    show(&errors, &compiled.sources);
    complain("nothing was loaded");
    Err(Exit::InvalidRules)
}

/// "Now" as the arguments say it, `2026-05-21` or `2026-05-21T10:00:00Z`; without it the time of the
/// machine.
pub(crate) fn clock(args: &ConfigArgs) -> Result<Option<i64>, Exit> {
    let Some(text) = args.clock.as_deref() else {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        return Ok(i64::try_from(now.as_millis()).ok());
    };
    match time(text) {
        Some(time) => Ok(Some(time)),
        None => {
            complain(&format!("`{text}` is not a time such as 2026-05-21T10:00:00Z"));
            Err(Exit::Usage)
        }
    }
}

/// Milliseconds since 1970 of a date or time as rules write them.
pub(crate) fn time(text: &str) -> Option<i64> {
    let (parsed, _) = ruleeval::syntax::parse_expr(ruleeval::source::SourceId(0), text);
    match parsed.map(|expr| expr.kind) {
        Some(ruleeval::syntax::ast::ExprKind::Time(time)) => Some(time),
        _ => None,
    }
}
