//! An engine in service: packs change under it, and rules may begin to misbehave.
//!
//! A [`Handle`] holds one immutable [`Generation`] at a time and swaps it whole: a message is
//! decided by the generation it began with. A [`Watcher`] makes new ones when what a [`Source`]
//! reads has changed; one that does not compile, or whose tests fail, never replaces the running
//! one, and from then on every [`Answer`] says that it is stale. A [`Breaker`] puts rules that
//! match far more often than they did on their corpus in shadow, and tells of those that fell silent.

mod breaker;
mod cusum;
mod handle;
mod moment;
mod notice;
mod packs;
mod rates;
mod watch;

pub use breaker::{Breaker, BreakerSettings, Observed, Trip, Watched};
pub use handle::{Answer, Generation, Handle, Refusal, RefusalKind, Stale};
pub use moment::Moment;
pub use packs::{Excuses, PackSource};
pub use rates::{Rate, Rates};
pub use watch::{Event, Outcome, Source, WatchSettings, Watcher};
