//! Numbers and their uncertainty: what rules do to a labelled corpus, what a change of rules
//! does, and which rules have earned trust.

mod aggregate;
mod collect;
mod cost;
pub mod diff;
pub mod gates;
mod html;
pub mod render;
mod rules;
mod run;
mod scope;
pub mod stats;

pub use collect::{Collector, Settings};
pub use html::html;
pub use run::*;
