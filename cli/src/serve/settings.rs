//! `service:` in `ruleeval.yaml`: sockets, bounds, and what to do when something does not go well.

use super::effect::Effect;
use ruleeval::live::{BreakerSettings, WatchSettings};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// The section `service:`. Sockets and bounds are read once, at the start.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ServiceConfig {
    /// Where HTTP is spoken: `127.0.0.1:11380`, `unix:/run/ruleeval/http.sock`.
    pub(crate) http: Vec<String>,
    /// Where the milter protocol is spoken.
    pub(crate) milter: Vec<String>,
    /// Holds the bearer token of whatever changes state; without it nothing can be changed.
    pub(crate) token_file: Option<PathBuf>,
    /// Messages that are decided at once; 0 for one for each core.
    pub(crate) workers: usize,
    /// Messages that wait for a worker.
    pub(crate) queue: usize,
    /// Bytes of one message.
    pub(crate) message_bytes: usize,
    /// Bytes of all messages: half for those that are received and wait, half for deciding.
    pub(crate) memory_bytes: usize,
    /// Open connections of each listener.
    pub(crate) connections: usize,
    /// Bounds on time.
    pub(crate) seconds: Seconds,
    /// What the milter does with a message that could not be decided.
    pub(crate) on_error: OnError,
    /// What the milter does with a message above `message_bytes`.
    pub(crate) on_oversize: OnError,
    /// Which messages get result headers.
    pub(crate) headers: Headers,
    /// What the site's own actions do.
    pub(crate) actions: BTreeMap<String, Effect>,
    /// How changes of packs are noticed.
    pub(crate) reload: Reload,
    /// The circuit breaker.
    pub(crate) breaker: BreakerConfig,
    /// What is logged.
    pub(crate) log: LogConfig,
}

impl Default for ServiceConfig {
    fn default() -> Self {
        Self {
            http: vec!["127.0.0.1:11380".into()],
            milter: Vec::new(),
            token_file: None,
            workers: 0,
            queue: 256,
            message_bytes: 50 << 20,
            memory_bytes: 256 << 20,
            connections: 1024,
            seconds: Seconds::default(),
            on_error: OnError::Tempfail,
            on_oversize: OnError::Accept,
            headers: Headers::Always,
            actions: BTreeMap::new(),
            reload: Reload::default(),
            breaker: BreakerConfig::default(),
            log: LogConfig::default(),
        }
    }
}

/// Bounds on time, in seconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Seconds {
    /// For the header of a request, and between requests.
    pub(crate) header: u64,
    /// For the body of a request.
    pub(crate) body: u64,
    /// From the last byte to the answer.
    pub(crate) answer: u64,
    /// Between two commands of a milter connection.
    pub(crate) milter: u64,
    /// For messages in flight when the service ends.
    pub(crate) drain: u64,
}

impl Default for Seconds {
    fn default() -> Self {
        Self { header: 10, body: 60, answer: 30, milter: 600, drain: 30 }
    }
}

/// What becomes of a message that was not decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnError {
    /// The sender tries again later.
    Tempfail,
    /// It passes, with a header that says so.
    Accept,
    /// It is refused for good.
    Reject,
}

/// Which messages get result headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Headers {
    /// All.
    Always,
    /// Those that are not accepted.
    Flagged,
    /// None.
    Never,
}

/// How changes of packs are noticed.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Reload {
    /// Ask the file system to tell of changes.
    notify: bool,
    /// Quiet before a change counts as complete.
    quiet_milliseconds: u64,
    /// How often to look without being told.
    poll_seconds: u64,
    /// Run the tests of a pack before it replaces the running one.
    pub(crate) tests: bool,
}

impl Default for Reload {
    fn default() -> Self {
        let watch = WatchSettings::default();
        Self {
            notify: watch.notify,
            quiet_milliseconds: watch.quiet.as_millis() as u64,
            poll_seconds: watch.poll.as_secs(),
            tests: true,
        }
    }
}

impl Reload {
    pub(crate) fn watch(self) -> WatchSettings {
        WatchSettings {
            notify: self.notify,
            quiet: Duration::from_millis(self.quiet_milliseconds.max(4)),
            poll: Duration::from_secs(self.poll_seconds.max(1)),
        }
    }
}

/// The circuit breaker.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BreakerConfig {
    /// What `ruleeval run --write-rates` wrote; without it the packs' own `rates.json`.
    pub(crate) rates: Option<PathBuf>,
    /// Remembers rules that are held in shadow when the service starts again.
    pub(crate) state: Option<PathBuf>,
    ratio: f64,
    false_alarm: f64,
    least: u64,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        let settings = BreakerSettings::default();
        Self {
            rates: None,
            state: None,
            ratio: settings.ratio,
            false_alarm: settings.false_alarm,
            least: settings.least,
        }
    }
}

impl BreakerConfig {
    /// The settings; the reason if they are none.
    pub(crate) fn settings(&self) -> Result<BreakerSettings, String> {
        if self.ratio.is_nan() || self.ratio <= 1.0 {
            return Err("service.breaker.ratio must be above 1".into());
        }
        if !(self.false_alarm > 0.0 && self.false_alarm < 1.0) {
            return Err("service.breaker.false_alarm must lie between 0 and 1".into());
        }
        Ok(BreakerSettings { ratio: self.ratio, false_alarm: self.false_alarm, least: self.least })
    }
}

/// What is logged.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogConfig {
    /// Text for people or JSON for machines.
    pub(crate) format: LogFormat,
    /// From which level on.
    pub(crate) level: LogLevel,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One object in each line.
    Json,
}

/// The least level that is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    /// What needs somebody.
    Error,
    /// What somebody should know.
    Warn,
    /// One line a message.
    #[default]
    Info,
    /// Connections too.
    Debug,
}

impl ServiceConfig {
    /// The reason why the section cannot be used.
    pub(crate) fn validate(&self) -> Result<(), String> {
        self.breaker.settings()?;
        if self.http.is_empty() && self.milter.is_empty() {
            return Err("service: neither `http` nor `milter` names a socket".into());
        }
        if self.message_bytes == 0 || self.memory_bytes / 2 < self.message_bytes {
            return Err("service.memory_bytes must be twice service.message_bytes at least".into());
        }
        if self.memory_bytes > u32::MAX as usize {
            return Err("service.memory_bytes must be below 4 GiB".into());
        }
        if self.connections == 0 {
            return Err("service.connections must be at least 1".into());
        }
        Ok(())
    }

    /// Messages that are decided at once.
    pub(crate) fn workers(&self) -> usize {
        if self.workers > 0 {
            return self.workers;
        }
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
    }
}
