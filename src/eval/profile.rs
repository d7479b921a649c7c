//! What an evaluation cost and where, counted over messages. Steps do not depend on the machine;
//! time is measured only with a clock that the host gives.

use crate::plan::Plan;
use crate::value::Truth;

/// Counts over the messages of one engine. Made by [`Profile::new`], filled by
/// `Engine::profile`, read through `Engine::profile_report`.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// Messages that were evaluated.
    pub messages: u64,
    /// Steps of the index: what it cost to find the rules that can hold.
    pub index_steps: u64,
    /// Nanoseconds of the index.
    pub index_nanos: u64,
    /// By rule.
    pub rules: Vec<RuleCounts>,
    /// By node of the plan.
    pub nodes: Vec<NodeCounts>,
    clock: Option<fn() -> u64>,
    /// Bytes of all nodes since the profile began.
    pub(super) bytes: u64,
}

/// What one rule cost. Values that several rules need are paid by the first that asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleCounts {
    /// Messages on which it was evaluated; on the others the index decided.
    pub checks: u64,
    /// Messages on which its condition held, suppressed ones included.
    pub held: u64,
    /// Messages on which an `unless` suppressed it.
    pub suppressed: u64,
    /// Messages on which it was undecided.
    pub undecided: u64,
    /// Messages on which it spent its budget.
    pub over_budget: u64,
    /// Steps.
    pub steps: u64,
    /// Of those the steps on messages on which its condition held.
    pub held_steps: u64,
    /// Most steps of one message.
    pub max_steps: u64,
    /// Bytes of text that it made or searched.
    pub bytes: u64,
    /// Nanoseconds, with a clock.
    pub nanos: u64,
}

/// What one node cost, its children included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeCounts {
    /// How often it was computed, not read from memory.
    pub checks: u64,
    /// How often it was true (conditions only).
    pub held: u64,
    /// How often it was unknown or absent.
    pub absent: u64,
    /// Steps.
    pub steps: u64,
    /// Bytes of text that it made or searched.
    pub bytes: u64,
    /// Nanoseconds, with a clock.
    pub nanos: u64,
}

impl Profile {
    /// An empty profile.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty profile that measures time too. `clock` returns nanoseconds of a clock that never
    /// goes back.
    pub fn with_clock(clock: fn() -> u64) -> Self {
        Self { clock: Some(clock), ..Self::default() }
    }

    /// Adds what another profile of the same engine counted.
    pub fn merge(&mut self, other: &Self) {
        self.messages += other.messages;
        self.index_steps += other.index_steps;
        self.index_nanos += other.index_nanos;
        self.rules.resize(self.rules.len().max(other.rules.len()), RuleCounts::default());
        self.nodes.resize(self.nodes.len().max(other.nodes.len()), NodeCounts::default());
        for (mine, theirs) in self.rules.iter_mut().zip(&other.rules) {
            mine.checks += theirs.checks;
            mine.held += theirs.held;
            mine.suppressed += theirs.suppressed;
            mine.undecided += theirs.undecided;
            mine.over_budget += theirs.over_budget;
            mine.steps += theirs.steps;
            mine.held_steps += theirs.held_steps;
            mine.max_steps = mine.max_steps.max(theirs.max_steps);
            mine.bytes += theirs.bytes;
            mine.nanos += theirs.nanos;
        }
        for (mine, theirs) in self.nodes.iter_mut().zip(&other.nodes) {
            mine.checks += theirs.checks;
            mine.held += theirs.held;
            mine.absent += theirs.absent;
            mine.steps += theirs.steps;
            mine.bytes += theirs.bytes;
            mine.nanos += theirs.nanos;
        }
    }

    pub(super) fn begin(&mut self, plan: &Plan) {
        self.messages += 1;
        self.rules.resize(plan.rules.len(), RuleCounts::default());
        self.nodes.resize(plan.nodes.len(), NodeCounts::default());
    }

    pub(super) fn now(&self) -> u64 {
        self.clock.map_or(0, |clock| clock())
    }

    pub(super) fn node(&mut self, node: usize, started: u64, steps: u64, truth: Option<Truth>, bytes: usize) {
        let nanos = self.now().saturating_sub(started);
        let Some(counts) = self.nodes.get_mut(node) else { return };
        counts.checks += 1;
        counts.steps += steps;
        counts.nanos += nanos;
        counts.bytes += bytes as u64;
        self.bytes += bytes as u64;
        match truth {
            Some(Truth::True) => counts.held += 1,
            Some(Truth::Unknown) => counts.absent += 1,
            Some(Truth::False) | None => {}
        }
    }
}
