//! Packs, configuration and recorded rates, loaded again when they change.

use super::app::now;
use super::metrics;
use super::settings::{BreakerConfig, ServiceConfig};
use crate::config::{Config, ConfigArgs, RulesArgs};
use crate::testing::baseline::{Baseline, Verdict};
use ruleeval::engine::Engine;
use ruleeval::live::{
    Breaker, Event, Excuses, Handle, Moment, Outcome, PackSource, Rate, Rates, Refusal, RefusalKind, Source, Trip,
    Watcher,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// Loads the packs and watches them.
pub(crate) fn start(
    rules: &RulesArgs,
    files: Vec<PathBuf>,
    service: &ServiceConfig,
) -> Result<(Arc<Handle>, Watcher), Refusal> {
    let handle: Arc<OnceLock<Arc<Handle>>> = Arc::default();
    let packs = rules.packs.clone();
    let mut args: ConfigArgs = rules.config.clone();
    args.config = args.file();
    let others: Vec<PathBuf> = args.config.iter().chain(&files).chain(&service.breaker.rates).cloned().collect();
    let configure = move || Config::load(&args).map(|config| config.compiler());
    let source = WithRates {
        packs: PackSource::new(packs.clone(), others, service.reload.tests, configure)
            .excusing(move |now| known_to_fail(&packs, now)),
        breaker: service.breaker.clone(),
        handle: Arc::clone(&handle),
        read: None,
    };
    let (running, watcher) = Watcher::start(Box::new(source), service.reload.watch(), now, report)?;
    // The first rates were read before there was anything to watch with them.
    let engine = running.current().engine().clone();
    set_up(&running, &service.breaker, &rates(&service.breaker, &engine)?)?;
    let _ = handle.set(Arc::clone(&running));
    Ok((running, watcher))
}

/// What the packs' own `baseline.yaml` says of their tests, as `ruleeval test` reads it.
fn known_to_fail(packs: &[PathBuf], now: Moment) -> Result<Excuses, String> {
    let baseline = Baseline::load(None, packs)?;
    Ok(Box::new(move |test| match baseline.of(test, now.0) {
        Verdict::Known(known) => {
            tracing::warn!(test, owner = known.owner, expires = known.expires, "a test is known to fail");
            true
        }
        Verdict::New | Verdict::Expired(_) => false,
    }))
}

/// Packs, and the rates that the circuit breaker holds rules against.
struct WithRates {
    packs: PackSource,
    breaker: BreakerConfig,
    handle: Arc<OnceLock<Arc<Handle>>>,
    read: Option<Rates>,
}

impl Source for WithRates {
    fn paths(&self) -> Vec<PathBuf> {
        self.packs.paths()
    }

    fn stamp(&self) -> String {
        self.packs.stamp()
    }

    fn digest(&self) -> Result<String, Refusal> {
        self.packs.digest()
    }

    fn build(&mut self, now: Moment) -> Result<Engine, Refusal> {
        let engine = self.packs.build(now)?;
        let rates = rates(&self.breaker, &engine)?;
        if let Some(handle) = self.handle.get()
            && self.read.as_ref() != Some(&rates)
        {
            set_up(handle, &self.breaker, &rates)?;
        }
        self.read = Some(rates);
        Ok(engine)
    }
}

/// The rates of the file that is configured, else those that packs carry.
fn rates(config: &BreakerConfig, engine: &Engine) -> Result<Rates, Refusal> {
    if let Some(path) = &config.rates {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
        let parsed = text.and_then(|text| Rates::parse(&text));
        return parsed.map_err(|reason| unreadable(&format!("{}: {reason}", path.display())));
    }
    let parse = |(pack, bytes): (&str, Vec<u8>)| {
        let parsed = String::from_utf8(bytes).map_err(|error| error.to_string()).and_then(|text| Rates::parse(&text));
        let named = parsed.map_err(|reason| unreadable(&format!("{}: pack `{pack}`: {reason}", Rates::FILE)))?;
        Ok((pack.to_owned(), named))
    };
    Ok(Rates::merge(engine.carried(Rates::FILE).into_iter().map(parse).collect::<Result<Vec<_>, Refusal>>()?))
}

fn set_up(handle: &Handle, config: &BreakerConfig, rates: &Rates) -> Result<(), Refusal> {
    let settings = config.settings().map_err(|reason| unreadable(&reason))?;
    handle.breaker(|breaker: &mut Breaker| breaker.record(settings, rates));
    Ok(())
}

fn unreadable(summary: &str) -> Refusal {
    Refusal { kind: RefusalKind::Unreadable, summary: summary.to_owned(), details: String::new() }
}

/// Tells of what happened to packs.
fn report(event: Event) {
    match event {
        Event::Loaded(outcome) => {
            metrics::loaded(&outcome);
            match outcome {
                Outcome::Unchanged => {}
                Outcome::Swapped { generation } => tracing::info!(generation, "new packs run"),
                Outcome::Refused(stale) => tracing::error!(
                    kind = ?stale.refusal.kind,
                    reason = stale.refusal.summary,
                    details = stale.refusal.details,
                    stale_since = %stale.since,
                    "packs refused: the last good ones run on"
                ),
            }
        }
        Event::Settled => tracing::info!("the packs that run are the published ones again"),
        Event::NotWatched(reason) => {
            tracing::warn!(reason, "the file system does not tell of all changes: looking now and then");
        }
    }
}

/// Held rules as they are written down.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    held: BTreeMap<String, Held>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    at: i64,
    hits: u64,
    of: u64,
    recorded: Rate,
}

/// Writes down which rules are held, so that a new start does not release them.
pub(crate) fn remember(config: &BreakerConfig, held: &BTreeMap<Arc<str>, Trip>) -> Result<(), String> {
    let Some(path) = &config.state else { return Ok(()) };
    let entry = |(name, trip): (&Arc<str>, &Trip)| {
        (name.to_string(), Held { at: trip.at.0, hits: trip.hits, of: trip.of, recorded: trip.recorded })
    };
    let state = State { held: held.iter().map(entry).collect() };
    let text = serde_json::to_string_pretty(&state).map_err(|error| error.to_string())?;
    let new = path.with_extension("new");
    let written = std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, path));
    written.map_err(|error| format!("{}: {error}", path.display()))
}

/// Holds the rules that were held before.
pub(crate) fn recall(config: &BreakerConfig, handle: &Handle) -> Result<(), String> {
    let Some(path) = config.state.as_ref().filter(|path| path.exists()) else { return Ok(()) };
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let state: State = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let trip = |(name, held): (String, Held)| Trip {
        rule: name.into(),
        at: Moment(held.at),
        hits: held.hits,
        of: held.of,
        recorded: held.recorded,
    };
    handle.hold(state.held.into_iter().map(trip));
    Ok(())
}
