//! Prometheus metrics. Counters and histograms are recorded; what is, is read when it is asked for.

use super::app::App;
use metrics::{counter, describe_counter, describe_histogram, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use ruleeval::live::{Answer, Outcome};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

const SECONDS: [f64; 12] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Begins to record.
pub(crate) fn install() -> Result<PrometheusHandle, BuildError> {
    let builder = PrometheusBuilder::new();
    let builder = builder.set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?;
    let handle = builder.install_recorder()?;
    describe_counter!("ruleeval_messages_total", "Messages that were decided, by protocol and action.");
    describe_counter!("ruleeval_message_bytes_total", "Bytes of the messages that were decided.");
    describe_counter!("ruleeval_undecided_messages_total", "Messages that were not decided, by reason.");
    describe_counter!("ruleeval_rule_matches_total", "Matches, by rule and mode.");
    describe_counter!("ruleeval_reloads_total", "Attempts to load packs, by outcome.");
    describe_counter!("ruleeval_breaker_trips_total", "Rules that the circuit breaker put in shadow.");
    describe_counter!("ruleeval_connections_refused_total", "Connections that found no place, by listener.");
    describe_histogram!("ruleeval_decide_seconds", "From the last byte of a message to its answer.");
    Ok(handle)
}

pub(crate) fn decided(protocol: &'static str, answer: &Answer, took: Duration, bytes: usize) {
    let action = answer.verdict.action.to_string();
    counter!("ruleeval_messages_total", "protocol" => protocol, "action" => action).increment(1);
    counter!("ruleeval_message_bytes_total", "protocol" => protocol).increment(bytes as u64);
    histogram!("ruleeval_decide_seconds", "protocol" => protocol).record(took.as_secs_f64());
    for found in &answer.verdict.matches {
        let mode = format!("{:?}", found.mode).to_lowercase();
        counter!("ruleeval_rule_matches_total", "rule" => found.rule.to_string(), "mode" => mode).increment(1);
    }
}

pub(crate) fn undecided(protocol: &'static str, reason: &'static str) {
    counter!("ruleeval_undecided_messages_total", "protocol" => protocol, "reason" => reason).increment(1);
}

pub(crate) fn refused(listener: &'static str) {
    counter!("ruleeval_connections_refused_total", "listener" => listener).increment(1);
}

pub(crate) fn tripped(rule: &Arc<str>) {
    counter!("ruleeval_breaker_trips_total", "rule" => rule.to_string()).increment(1);
}

pub(crate) fn loaded(outcome: &Outcome) {
    let outcome = match outcome {
        Outcome::Unchanged => "unchanged",
        Outcome::Swapped { .. } => "swapped",
        Outcome::Refused(_) => "refused",
    };
    counter!("ruleeval_reloads_total", "outcome" => outcome).increment(1);
}

/// Everything, as text.
pub(crate) fn render(app: &App) -> String {
    let mut out = app.metrics.render();
    let now = app.handle.current();
    let mut gauge = |name: &str, help: &str, labels: &str, value: f64| {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{name}{labels} {value}");
    };
    gauge("ruleeval_generation", "Number of the generation that runs.", "", now.number() as f64);
    let loaded = now.since().0 as f64 / 1000.0;
    gauge("ruleeval_loaded_timestamp_seconds", "When the packs that run were loaded.", "", loaded);
    let stale = f64::from(u8::from(now.stale().is_some()));
    gauge("ruleeval_stale", "1 if a newer state of the packs was refused.", "", stale);
    let since = now.stale().map_or(0.0, |stale| stale.since.0 as f64 / 1000.0);
    gauge("ruleeval_stale_since_timestamp_seconds", "When what runs fell behind; 0 if it has not.", "", since);
    gauge("ruleeval_rules", "Rules that run.", "", now.engine().rules().len() as f64);
    gauge("ruleeval_rules_held", "Rules that the circuit breaker holds in shadow.", "", now.held().len() as f64);
    let silent = app.handle.silent().len() as f64;
    gauge("ruleeval_rules_silent", "Rules that match far less often than on their corpus run.", "", silent);
    gauge("ruleeval_memory_free_bytes", "Bytes left for messages.", "", app.pool.budget().free() as f64);
    gauge("ruleeval_draining", "1 if the service is ending.", "", f64::from(u8::from(app.is_draining())));
    let _ = writeln!(out, "# HELP ruleeval_connections Open connections.\n# TYPE ruleeval_connections gauge");
    for (name, connections) in [("http", &app.http), ("milter", &app.milter)] {
        let _ = writeln!(out, "ruleeval_connections{{listener=\"{name}\"}} {}", connections.len());
    }
    let _ = writeln!(out, "# HELP ruleeval_pack_info The packs that run.\n# TYPE ruleeval_pack_info gauge");
    for pack in now.engine().packs() {
        let [name, version, digest] = [&pack.name, &pack.version, &pack.digest].map(|text| label(text));
        let _ = writeln!(out, "ruleeval_pack_info{{pack=\"{name}\",version=\"{version}\",digest=\"{digest}\"}} 1");
    }
    out
}

/// A label's value, escaped.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
