//! `ruleeval serve`: the engine behind HTTP, rspamd's protocol and the milter protocol.

mod app;
mod effect;
mod http;
mod intake;
mod listen;
mod log;
mod metrics;
mod milter;
mod pool;
mod reload;
mod rspamd;
pub(crate) mod settings;
mod token;

use crate::Exit;
use crate::config::RulesArgs;
use crate::output::complain;
use app::App;
use intake::Budget;
use listen::{Connections, Listener};
use pool::Pool;
use settings::ServiceConfig;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use token::Token;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Serves until it is told to end. `files` are what the configuration reads beside itself.
pub(crate) fn run(rules: &RulesArgs, files: Vec<PathBuf>, settings: ServiceConfig) -> Result<(), Exit> {
    let usage = |reason: String| {
        complain(&reason);
        Exit::Usage
    };
    let runtime = tokio::runtime::Runtime::new().map_err(|error| usage(error.to_string()))?;
    let metrics = metrics::install().map_err(|error| usage(error.to_string()))?;
    log::start(settings.log);
    let token = settings.token_file.as_deref().map(Token::read).transpose().map_err(usage)?;
    let (handle, watcher) = reload::start(rules, files, &settings).map_err(|refusal| {
        complain(&format!("{}\n{}", refusal.summary, refusal.details));
        complain("nothing was loaded");
        Exit::InvalidRules
    })?;
    reload::recall(&settings.breaker, &handle).map_err(usage)?;
    let budget = Budget::new(settings.memory_bytes, settings.message_bytes);
    let patience = Duration::from_secs(settings.seconds.answer);
    let app = Arc::new(App {
        pool: Pool::new(Arc::clone(&handle), budget, settings.workers(), settings.queue, patience),
        http: Connections::new(settings.connections),
        milter: Connections::new(settings.connections),
        handle,
        watcher,
        token,
        metrics,
        draining: AtomicBool::new(false),
        settings,
    });
    let served = runtime.block_on(serve(&app)).map_err(usage);
    // An evaluation that is still under way has its own budget; nobody waits for its answer.
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

async fn serve(app: &Arc<App>) -> Result<(), String> {
    let failed = |error: std::io::Error| error.to_string();
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(failed)?;
    let (stop, stopped) = watch::channel(false);
    let mut tasks = tokio::task::JoinSet::new();
    for address in &app.settings.http {
        let listener = open(app, "http", address).await?;
        tasks.spawn(http::listen(Arc::clone(app), listener, stopped.clone()));
    }
    for address in &app.settings.milter {
        let listener = open(app, "milter", address).await?;
        tasks.spawn(milter::listen(Arc::clone(app), listener, stopped.clone()));
    }
    let upkeep = tokio::spawn(upkeep(app.metrics.clone()));
    let generation = app.handle.current();
    let packs: Vec<String> = generation.engine().packs().iter().map(|p| format!("{}@{}", p.name, p.version)).collect();
    tracing::info!(packs = packs.join(" "), rules = generation.engine().rules().len(), "ready");
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hang_up.recv() => { app.reload().await; }
        }
    }
    tracing::info!(seconds = app.settings.seconds.drain, "ending: messages in flight are still answered");
    app.draining.store(true, Ordering::Relaxed);
    let _ = stop.send(true);
    let drain = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(Duration::from_secs(app.settings.seconds.drain), drain).await.is_err() {
        tracing::warn!("some connections were still open");
    }
    upkeep.abort();
    tracing::info!("ended");
    Ok(())
}

/// Counts what histograms were told: until then they keep every value, and nobody may ever ask for them.
async fn upkeep(metrics: metrics_exporter_prometheus::PrometheusHandle) {
    let mut clock = tokio::time::interval(Duration::from_secs(5));
    loop {
        clock.tick().await;
        metrics.run_upkeep();
    }
}

async fn open(app: &App, protocol: &str, address: &str) -> Result<Listener, String> {
    let listener = Listener::open(address).await?;
    tracing::info!(protocol, address = %listener, "listening");
    if listener.is_public() {
        let token = app.token.is_some();
        tracing::warn!(address = %listener, token, "other machines reach this socket, and scanning needs no token");
    }
    Ok(listener)
}
