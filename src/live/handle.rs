//! What runs now: one immutable generation, swapped whole.

use super::breaker::{Breaker, Observed, Trip, Watched};
use super::moment::Moment;
use crate::engine::{Engine, Options, Verdict};
use crate::eval::Scratch;
use crate::message::Message;
use arc_swap::ArcSwap;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Everything that decides about a message. Whatever could change a decision makes a new one.
#[derive(Clone, Debug)]
pub struct Generation {
    number: u64,
    engine: Engine,
    digest: Arc<str>,
    since: Moment,
    stale: Option<Arc<Stale>>,
    held: Arc<BTreeMap<Arc<str>, Trip>>,
}

/// A newer state of the packs that was refused, so that what runs is not what was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stale {
    /// When what runs first fell behind.
    pub since: Moment,
    /// When the last attempt was refused.
    pub at: Moment,
    /// The state that was refused.
    pub digest: Arc<str>,
    /// Why.
    #[serde(flatten)]
    pub refusal: Refusal,
}

/// Why no engine could be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// What failed.
    pub kind: RefusalKind,
    /// One line.
    pub summary: String,
    /// Errors with their places, or tests that failed; not in answers.
    #[serde(skip)]
    pub details: String,
}

/// What failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RefusalKind {
    /// A file or the configuration could not be read.
    Unreadable,
    /// The packs do not compile.
    Compile,
    /// Tests of the packs fail.
    Tests,
}

/// A verdict, and which generation gave it.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// Counts from 1 with every change of what decides.
    pub generation: u64,
    /// Digest of everything that the engine was made of.
    pub digest: Arc<str>,
    /// Set if a newer state was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale: Option<Arc<Stale>>,
    /// Rules that the circuit breaker holds in shadow.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Arc<str>>,
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What decided: the generation that runs by now may be another.
    #[serde(skip)]
    pub engine: Engine,
}

impl Generation {
    /// Counts from 1 with every change of what decides.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The engine, with the rules that are held in shadow.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Digest of everything that the engine was made of.
    pub fn digest(&self) -> &Arc<str> {
        &self.digest
    }

    /// When the packs were loaded.
    pub fn since(&self) -> Moment {
        self.since
    }

    /// Set if a newer state was refused.
    pub fn stale(&self) -> Option<&Arc<Stale>> {
        self.stale.as_ref()
    }

    /// Rules that the circuit breaker holds in shadow, by name.
    pub fn held(&self) -> &BTreeMap<Arc<str>, Trip> {
        &self.held
    }

    /// Decides about a message. The scratch must have been used by this generation only.
    pub fn decide(&self, message: &Arc<Message>, scratch: &mut Scratch, options: Options) -> Answer {
        Answer {
            generation: self.number,
            digest: Arc::clone(&self.digest),
            stale: self.stale.clone(),
            held: self.held.keys().cloned().collect(),
            verdict: self.engine.evaluate(message, scratch, options),
            engine: self.engine.clone(),
        }
    }

    fn holding(mut self, held: BTreeMap<Arc<str>, Trip>) -> Self {
        self.number += 1;
        self.engine = self.engine.in_shadow(held.keys().map(|name| &**name));
        self.held = Arc::new(held);
        self
    }
}

/// The generation that runs. Shared by all threads; reading it never waits.
#[derive(Debug)]
pub struct Handle {
    current: ArcSwap<Generation>,
    /// Held by whoever makes the next generation.
    breaker: Mutex<Breaker>,
}

impl Handle {
    /// The first generation.
    pub fn new(engine: Engine, digest: impl Into<Arc<str>>, now: Moment) -> Self {
        let first =
            Generation { number: 1, engine, digest: digest.into(), since: now, stale: None, held: Arc::default() };
        Self { current: ArcSwap::from_pointee(first), breaker: Mutex::default() }
    }

    /// What runs now. Whoever decides about a message keeps it until the message is done.
    pub fn current(&self) -> Arc<Generation> {
        self.current.load_full()
    }

    /// Puts a new engine in the place of the running one. Rules that are held stay held, by their
    /// names. The number of the new generation.
    pub fn swap(&self, engine: Engine, digest: impl Into<Arc<str>>, now: Moment) -> u64 {
        let _writing = self.write();
        let old = self.current();
        let next = Generation {
            number: old.number,
            engine,
            digest: digest.into(),
            since: now,
            stale: None,
            held: Arc::default(),
        };
        self.put(next.holding((*old.held).clone()))
    }

    /// Notes that a newer state was refused. What runs goes on, and says so.
    pub fn refuse(&self, refusal: Refusal, digest: impl Into<Arc<str>>, now: Moment) -> Arc<Stale> {
        let _writing = self.write();
        let mut next = (*self.current()).clone();
        let since = next.stale.as_ref().map_or(now, |stale| stale.since);
        let stale = Arc::new(Stale { since, at: now, digest: digest.into(), refusal });
        next.stale = Some(Arc::clone(&stale));
        self.put(next);
        stale
    }

    /// Notes that the state that runs is the published one again.
    pub fn settle(&self) {
        let _writing = self.write();
        let mut next = (*self.current()).clone();
        if next.stale.take().is_some() {
            self.put(next);
        }
    }

    /// Sets the circuit breaker up, or changes it.
    pub fn breaker(&self, change: impl FnOnce(&mut Breaker)) {
        change(&mut self.write());
    }

    /// The rules that the circuit breaker watches.
    pub fn watched(&self) -> Vec<Watched> {
        self.write().watched()
    }

    /// Rules that match far less often than they did; nothing is done to them.
    pub fn silent(&self) -> Vec<Arc<str>> {
        self.write().silent().cloned().collect()
    }

    /// Counts what a verdict did. Rules that match far too often go to shadow; they are returned, and those
    /// that have fallen silent, for whoever must be told.
    pub fn observe(&self, verdict: &Verdict, now: Moment) -> Observed {
        let mut breaker = self.write();
        let current = self.current();
        let mut observed = breaker.observe(verdict.matches.iter().map(|found| &found.rule), now);
        // Of what counts nothing already, nothing has to be taken back.
        let counts = |trip: &Trip| verdict.enforced().any(|name| *name == trip.rule);
        observed.tripped.retain(|trip| counts(trip) && !current.held.contains_key(&trip.rule));
        if !observed.tripped.is_empty() {
            let mut held = (*current.held).clone();
            held.extend(observed.tripped.iter().map(|trip| (Arc::clone(&trip.rule), trip.clone())));
            self.put((*current).clone().holding(held));
        }
        observed
    }

    /// Holds rules in shadow that were so before, for a host that starts again.
    pub fn hold(&self, trips: impl IntoIterator<Item = Trip>) {
        let _writing = self.write();
        let current = self.current();
        let mut held = (*current.held).clone();
        held.extend(trips.into_iter().map(|trip| (Arc::clone(&trip.rule), trip)));
        if held.len() > current.held.len() {
            self.put((*current).clone().holding(held));
        }
    }

    /// Lets a rule that is held count again. False if it is not held.
    pub fn release(&self, rule: &str) -> bool {
        let mut breaker = self.write();
        let current = self.current();
        let mut held = (*current.held).clone();
        if held.remove(rule).is_none() {
            return false;
        }
        breaker.clear(rule);
        self.put((*current).clone().holding(held));
        true
    }

    fn write(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, next: Generation) -> u64 {
        let number = next.number;
        self.current.store(Arc::new(next));
        number
    }
}
