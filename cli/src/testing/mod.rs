//! What `ruleeval test` is made of beside the engine: known failures, snapshots of verdicts,
//! reports, and waiting for changes.

pub(crate) mod baseline;
pub(crate) mod junit;
pub(crate) mod report;
pub(crate) mod snapshot;
pub(crate) mod update;
pub(crate) mod watch;
