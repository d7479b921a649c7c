//! How often clauses decided where they were measured, so that the plan asks first what decides most.

use super::profile::ProfileReport;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Clauses that were evaluated on fewer messages say nothing.
const FEWEST: u64 = 20;

/// How often clauses were not false, by their text. Made by [`ProfileReport::selectivity`] from
/// messages like those to come, taken by [`super::Compiler::selectivity`]. It changes no verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selectivity {
    clauses: BTreeMap<String, Share>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Share {
    checks: u64,
    /// Those on which the clause held or was unknown.
    open: u64,
}

impl Selectivity {
    /// True if nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }

    /// Thousandths of evaluations on which the clause was not false.
    pub(super) fn chance(&self, snippet: &str) -> Option<u16> {
        let share = self.clauses.get(&one_line(snippet)).filter(|share| share.checks >= FEWEST)?;
        Some((share.open.saturating_mul(1000) / share.checks).clamp(1, 1000) as u16)
    }
}

/// A clause as reports name it.
pub(super) fn one_line(snippet: &str) -> String {
    snippet.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl ProfileReport {
    /// What the profile says of clauses.
    pub fn selectivity(&self) -> Selectivity {
        let mut selectivity = Selectivity::default();
        for clause in &self.clauses {
            let share = selectivity.clauses.entry(clause.clause.clone()).or_default();
            share.checks = share.checks.saturating_add(clause.checks);
            share.open = share.open.saturating_add(clause.held).saturating_add(clause.unknown);
        }
        selectivity
    }
}
