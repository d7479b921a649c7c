//! Program × message → outcomes, within a budget: the plain reference evaluator, the machine that
//! runs the plan, and the evidence that explains both.

mod evidence;
mod live;
mod machine;
mod missing;
mod ops;
mod profile;
mod reference;
mod scratch;
mod settle;
mod why;

pub use evidence::{
    Evidence, Leaf, NearestMiss, Stands, clauses_holding, explain, explain_expr, nearest_miss, render_text,
};
pub use machine::{Machine, Outcomes};
pub use missing::Missing;
pub use profile::{NodeCounts, Profile, RuleCounts};
pub use reference::Reference;
pub use scratch::Scratch;

use crate::value::Truth;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

/// Steps that one message may cost. A step is a node visited, an element of a list bound, or 64
/// bytes of text searched; the count does not depend on the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Steps of one rule.
    pub rule_steps: u64,
    /// Steps of all rules together.
    pub message_steps: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { rule_steps: 20_000_000, message_steps: 2_000_000_000 }
    }
}

/// How a rule ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The condition holds and nothing suppresses it.
    Match,
    /// The condition holds, but an `unless` does too.
    Suppressed,
    /// The condition does not hold.
    NoMatch,
    /// Something that is absent decides.
    Undecided,
    /// The budget was spent first.
    OverBudget,
}

impl Status {
    /// The end of a sentence that begins with the rule: `matches`.
    pub fn says(self) -> &'static str {
        match self {
            Self::Match => "matches",
            Self::Suppressed => "would match, but is suppressed",
            Self::NoMatch => "does not match",
            Self::Undecided => "is undecided",
            Self::OverBudget => "spent its budget",
        }
    }
}

/// The outcome of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Truth of the condition.
    pub truth: Truth,
    /// Names of the `unless` clauses that hold.
    pub suppressed_by: Vec<Arc<str>>,
    /// What was missing, if the condition is undecided.
    pub missing: Arc<BTreeSet<Missing>>,
    /// The budget was spent.
    pub over_budget: bool,
}

/// No reason at all, without taking memory each time.
pub(crate) fn no_reasons() -> Arc<BTreeSet<Missing>> {
    static NONE: LazyLock<Arc<BTreeSet<Missing>>> = LazyLock::new(Arc::default);
    Arc::clone(&NONE)
}

impl Outcome {
    /// The outcome of a rule whose condition is false.
    pub fn no_match() -> Self {
        Self { truth: Truth::False, suppressed_by: Vec::new(), missing: no_reasons(), over_budget: false }
    }

    /// How the rule ended.
    pub fn status(&self) -> Status {
        match self.truth {
            _ if self.over_budget => Status::OverBudget,
            Truth::True if self.suppressed_by.is_empty() => Status::Match,
            Truth::True => Status::Suppressed,
            Truth::False => Status::NoMatch,
            Truth::Unknown => Status::Undecided,
        }
    }

    /// The truth that a reference to the rule reads: does its condition hold and no `unless`?
    pub fn as_reference(&self) -> Truth {
        if self.suppressed_by.is_empty() { self.truth } else { Truth::False }
    }
}
