//! What all listeners share: the engine that runs, its workers, and what is told of each message.

use super::effect::Effect;
use super::intake::Intake;
use super::listen::Connections;
use super::pool::{Decided, Handover, Pool, Undecided};
use super::settings::ServiceConfig;
use super::token::Token;
use super::{metrics, reload};
use ruleeval::engine::Options;
use ruleeval::live::{Answer, Handle, Moment, Outcome, Trip, Watcher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// The service.
pub(crate) struct App {
    pub(crate) handle: Arc<Handle>,
    pub(crate) watcher: Watcher,
    pub(crate) pool: Pool,
    pub(crate) settings: ServiceConfig,
    pub(crate) token: Option<Token>,
    pub(crate) http: Arc<Connections>,
    pub(crate) milter: Arc<Connections>,
    pub(crate) metrics: metrics_exporter_prometheus::PrometheusHandle,
    pub(crate) draining: AtomicBool,
}

/// "Now".
pub(crate) fn now() -> Moment {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Moment(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

impl App {
    /// Decides about a message and tells of it.
    pub(crate) async fn decide(
        &self,
        protocol: &'static str,
        intake: Intake,
        handover: &Handover,
        evidence: bool,
    ) -> Result<Decided, Undecided> {
        let (began, bytes) = (Instant::now(), intake.len());
        let options = Options { evidence, now: Some(now().0) };
        let decided = self.pool.decide(intake, &handover.envelope, options).await;
        match &decided {
            Ok(Decided { answer, .. }) => {
                metrics::decided(protocol, answer, began.elapsed(), bytes);
                self.log(protocol, answer, handover, began, bytes);
                let observed = self.handle.observe(&answer.verdict, now());
                self.tripped(&observed.tripped);
                silent(&observed.silent);
            }
            Err(why) => {
                metrics::undecided(protocol, why.reason());
                tracing::warn!(protocol, bytes, reason = why.reason(), queue_id = id(handover), "message not decided");
            }
        }
        decided
    }

    /// What an answer does.
    pub(crate) fn effect(&self, answer: &Answer) -> Effect {
        Effect::of(&answer.verdict.action, &self.settings.actions)
    }

    /// Reloads, off the threads that serve.
    pub(crate) async fn reload(self: &Arc<Self>) -> Option<Outcome> {
        let app = Arc::clone(self);
        tokio::task::spawn_blocking(move || app.watcher.reload()).await.ok().flatten()
    }

    /// Lets a rule that the circuit breaker holds count again.
    pub(crate) fn release(&self, rule: &str) -> bool {
        let released = self.handle.release(rule);
        if released {
            tracing::warn!(rule, "a held rule counts again");
            self.remember();
        }
        released
    }

    /// True if the service takes no more messages.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    fn tripped(&self, trips: &[Trip]) {
        for trip in trips {
            metrics::tripped(&trip.rule);
            tracing::error!(
                rule = &*trip.rule,
                hits = trip.hits,
                of = trip.of,
                recorded_high = trip.recorded.high,
                "circuit breaker: the rule left the interval of its corpus run and is held in shadow until released"
            );
        }
        if !trips.is_empty() {
            self.remember();
        }
    }

    fn remember(&self) {
        if let Err(reason) = reload::remember(&self.settings.breaker, self.handle.current().held()) {
            tracing::error!(reason, "held rules could not be written down");
        }
    }

    /// One line a message: what was decided and by what, nothing of the message.
    fn log(&self, protocol: &str, answer: &Answer, handover: &Handover, began: Instant, bytes: usize) {
        let verdict = &answer.verdict;
        let rules: Vec<&str> = verdict.enforced().map(|name| &**name).collect();
        tracing::info!(
            protocol,
            action = &*verdict.action,
            score = %verdict.score,
            rules = rules.join(","),
            undecided = verdict.undecided.len(),
            limits = verdict.limits_hit.len(),
            generation = answer.generation,
            digest = answer.digest.get(..8).unwrap_or(""),
            stale = answer.stale.is_some(),
            milliseconds = began.elapsed().as_secs_f64() * 1000.0,
            bytes,
            queue_id = id(handover),
            "message"
        );
    }
}

/// Tells of rules that match far less often than they did.
fn silent(rules: &[Trip]) {
    for trip in rules {
        tracing::warn!(
            rule = &*trip.rule,
            hits = trip.hits,
            of = trip.of,
            recorded_low = trip.recorded.low,
            "the rule fell silent: it matches far less often than on its corpus run; it is left in force"
        );
    }
}

fn id(handover: &Handover) -> &str {
    handover.queue_id.as_deref().unwrap_or("")
}
