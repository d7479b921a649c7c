//! Makes new generations when what they are made of has changed, off the way of messages.

use super::handle::{Handle, Refusal, RefusalKind, Stale};
use super::moment::Moment;
use super::notice::Notice;
use crate::engine::Engine;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Where engines come from.
pub trait Source: Send {
    /// Files and folders to watch.
    fn paths(&self) -> Vec<PathBuf>;

    /// Changes when files may have changed; costs no reading of contents.
    fn stamp(&self) -> String;

    /// Digest of everything that an engine is made of.
    fn digest(&self) -> Result<String, Refusal>;

    /// Makes an engine and runs its tests.
    fn build(&mut self, now: Moment) -> Result<Engine, Refusal>;
}

/// How changes are noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchSettings {
    /// Ask the file system to tell of changes.
    pub notify: bool,
    /// How long it must be quiet before a change counts as complete.
    pub quiet: Duration,
    /// How often to look without being told: file systems in networks and containers tell nothing.
    pub poll: Duration,
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self { notify: true, quiet: Duration::from_millis(50), poll: Duration::from_secs(10) }
    }
}

/// What became of an attempt to load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The published state runs already.
    Unchanged,
    /// A new generation runs.
    Swapped {
        /// Its number.
        generation: u64,
    },
    /// The state was refused; the last good one runs on.
    Refused(Arc<Stale>),
}

/// What whoever runs a watcher should be told.
#[derive(Clone, Debug)]
pub enum Event {
    /// An attempt to load ended. Attempts that found nothing new are not told.
    Loaded(Outcome),
    /// The state that runs is the published one again, without a new generation.
    Settled,
    /// The file system does not tell of all changes; looking now and then goes on.
    NotWatched(String),
}

/// Loads on changes and on demand, in a thread of its own, until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    commands: Sender<Command>,
    thread: Option<JoinHandle<()>>,
}

enum Command {
    Changed,
    Reload(Sender<Outcome>),
    Stop,
}

/// Attempts to read a state that changes while it is read.
const ATTEMPTS: usize = 5;

type Clock = Box<dyn Fn() -> Moment + Send>;
type Report = Box<dyn Fn(Event) + Send>;

impl Watcher {
    /// Loads the first generation; the refusal if that cannot be done. Afterwards watches.
    pub fn start(
        mut source: Box<dyn Source>,
        settings: WatchSettings,
        clock: impl Fn() -> Moment + Send + 'static,
        report: impl Fn(Event) + Send + 'static,
    ) -> Result<(Arc<Handle>, Self), Refusal> {
        let stamp = source.stamp();
        let (engine, digest) = load(&mut *source, clock())?;
        let handle = Arc::new(Handle::new(engine?, digest, clock()));
        let (commands, inbox) = channel();
        let mut worker = Worker {
            handle: Arc::clone(&handle),
            source,
            settings,
            clock: Box::new(clock),
            report: Box::new(report),
            commands: commands.clone(),
            inbox,
            notice: None,
            stamp,
            refused: None,
        };
        // Before the thread runs, so that no change after this call goes unnoticed.
        worker.watch();
        let thread = std::thread::Builder::new().name("reload".into()).spawn(move || worker.run());
        let thread = thread.map_err(|error| Refusal {
            kind: RefusalKind::Unreadable,
            summary: format!("no thread to reload in: {error}"),
            details: String::new(),
        })?;
        Ok((handle, Self { commands, thread: Some(thread) }))
    }

    /// Loads now, if anything has changed or the last attempt was refused, and waits for the
    /// outcome; `None` if the watcher has ended.
    pub fn reload(&self) -> Option<Outcome> {
        let (reply, outcome) = channel();
        self.commands.send(Command::Reload(reply)).ok()?;
        outcome.recv().ok()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.commands.send(Command::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Builds until the state was the same before and after, so that an engine is never made of the halves
/// of two. The engine, or why there is none, with the digest of the state.
fn load(source: &mut dyn Source, now: Moment) -> Result<(Result<Engine, Refusal>, String), Refusal> {
    let mut before = source.digest()?;
    for _ in 1..ATTEMPTS {
        let paths = source.paths();
        let built = source.build(now);
        let after = source.digest()?;
        // What turned out to be required counts from now on: the digests are not of the same things.
        if after == before || source.paths() != paths {
            return Ok((built, after));
        }
        before = after;
    }
    Ok((source.build(now), before))
}

struct Worker {
    handle: Arc<Handle>,
    source: Box<dyn Source>,
    settings: WatchSettings,
    clock: Clock,
    report: Report,
    commands: Sender<Command>,
    inbox: Receiver<Command>,
    notice: Option<Notice>,
    stamp: String,
    /// Digest of the state that was refused last.
    refused: Option<String>,
}

impl Worker {
    fn run(mut self) {
        loop {
            match self.inbox.recv_timeout(self.settings.poll) {
                Ok(first) => {
                    if !self.serve(first) {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.poll(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Answers all that wait with one attempt. False if it is over.
    fn serve(&mut self, first: Command) -> bool {
        let (mut replies, mut changed) = (Vec::new(), false);
        let mut next = Some(first);
        while let Some(command) = next {
            match command {
                Command::Changed => changed = true,
                Command::Reload(reply) => replies.push(reply),
                Command::Stop => return false,
            }
            next = self.inbox.try_recv().ok();
        }
        if changed {
            // A folder that was replaced is no longer watched, whatever it holds.
            self.watch();
        }
        let outcome = self.check(!replies.is_empty());
        replies.iter().for_each(|reply| drop(reply.send(outcome.clone())));
        true
    }

    fn poll(&mut self) {
        if self.source.stamp() != self.stamp {
            self.watch();
            self.check(false);
        }
    }

    /// Loads if the digest says that something has changed; a state that was refused is tried again
    /// only when asked to.
    fn check(&mut self, asked: bool) -> Outcome {
        self.stamp = self.source.stamp();
        let digest = self.source.digest();
        if let Ok(digest) = &digest {
            if **digest == **self.handle.current().digest() {
                return self.settle();
            }
            if let Some(stale) = self.still_refused(digest).filter(|_| !asked) {
                return Outcome::Refused(stale);
            }
        }
        let now = (self.clock)();
        let loaded = digest.and_then(|_| load(&mut *self.source, now));
        let outcome = match loaded {
            Ok((Ok(engine), digest)) => {
                self.refused = None;
                Outcome::Swapped { generation: self.handle.swap(engine, digest, (self.clock)()) }
            }
            Ok((Err(refusal), digest)) => self.refuse(refusal, digest),
            Err(refusal) => self.refuse(refusal, String::new()),
        };
        (self.report)(Event::Loaded(outcome.clone()));
        outcome
    }

    fn settle(&mut self) -> Outcome {
        self.refused = None;
        if self.handle.current().stale().is_some() {
            self.handle.settle();
            (self.report)(Event::Settled);
        }
        Outcome::Unchanged
    }

    fn still_refused(&self, digest: &str) -> Option<Arc<Stale>> {
        let same = self.refused.as_deref() == Some(digest);
        self.handle.current().stale().filter(|_| same).cloned()
    }

    fn refuse(&mut self, refusal: Refusal, digest: String) -> Outcome {
        self.refused = Some(digest.clone());
        Outcome::Refused(self.handle.refuse(refusal, digest, (self.clock)()))
    }

    fn watch(&mut self) {
        if !self.settings.notify {
            return;
        }
        let commands = self.commands.clone();
        let changed = move || drop(commands.send(Command::Changed));
        // The new one first: between the two nothing is lost.
        match Notice::start(&self.source.paths(), self.settings.quiet, changed) {
            Ok((notice, problems)) => {
                self.notice = Some(notice);
                problems.into_iter().for_each(|problem| (self.report)(Event::NotWatched(problem)));
            }
            Err(reason) => (self.report)(Event::NotWatched(reason)),
        }
    }
}
