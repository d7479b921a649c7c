//! Decides about messages on as many threads as there are workers, with a bounded queue before them.

use super::http::bare;
use super::intake::{Budget, Intake};
use ruleeval::engine::Options;
use ruleeval::eval::Scratch;
use ruleeval::live::{Answer, Handle};
use ruleeval::message::Envelope;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// What a protocol tells of a message beside the message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Handover {
    /// Who handed it over, and to whom it goes.
    pub(crate) envelope: Envelope,
    /// The mail server's name for it: only for the log.
    pub(crate) queue_id: Option<String>,
}

/// A message that was decided.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(crate) answer: Answer,
    /// What stands in its `Message-ID`, without brackets.
    pub(crate) message_id: Option<String>,
}

/// Why a message was not decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undecided {
    /// Too many wait.
    Busy,
    /// It took too long.
    Late,
    /// The evaluation ended without an answer.
    Failed,
}

impl Undecided {
    /// One word, for the log and the metrics.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Late => "late",
            Self::Failed => "failed",
        }
    }
}

/// The workers.
#[derive(Debug)]
pub(crate) struct Pool {
    handle: Arc<Handle>,
    budget: Budget,
    queue: Arc<Semaphore>,
    workers: Arc<Semaphore>,
    /// Scratch memory with the generation that used it.
    scratch: Arc<Mutex<Vec<(u64, Scratch)>>>,
    patience: Duration,
}

impl Pool {
    pub(crate) fn new(handle: Arc<Handle>, budget: Budget, workers: usize, queue: usize, patience: Duration) -> Self {
        Self {
            handle,
            budget,
            queue: Arc::new(Semaphore::new(workers + queue)),
            workers: Arc::new(Semaphore::new(workers)),
            scratch: Arc::default(),
            patience,
        }
    }

    /// Where messages are received.
    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Decides about a message. One that is late is given up, and its worker with it until the evaluation,
    /// which has its own budget, ends.
    pub(crate) async fn decide(
        &self,
        intake: Intake,
        envelope: &Envelope,
        options: Options,
    ) -> Result<Decided, Undecided> {
        let place = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| Undecided::Busy)?;
        let deciding = async {
            let worker = Arc::clone(&self.workers).acquire_owned().await.map_err(|_| Undecided::Failed)?;
            let room = self.budget.workspace(intake.len()).await.ok_or(Undecided::Failed)?;
            let (handle, scratch) = (Arc::clone(&self.handle), Arc::clone(&self.scratch));
            let envelope = Envelope { time: options.now, ..envelope.clone() };
            let task = tokio::task::spawn_blocking(move || {
                let _held = (place, worker, room);
                decide(&handle, &scratch, intake, envelope, options)
            });
            task.await.map_err(|_| Undecided::Failed)
        };
        tokio::time::timeout(self.patience, deciding).await.unwrap_or(Err(Undecided::Late))
    }
}

fn decide(
    handle: &Handle,
    stash: &Mutex<Vec<(u64, Scratch)>>,
    intake: Intake,
    envelope: Envelope,
    options: Options,
) -> Decided {
    let generation = handle.current();
    let (raw, _held) = intake.into_parts();
    let mut scratch = take(stash, generation.number()).unwrap_or_else(|| generation.engine().scratch());
    let message = generation.engine().parse_with(raw, envelope);
    let answer = generation.decide(&message, &mut scratch, options);
    let message_id = message.first("message-id").map(|header| bare(&header.raw));
    let mut stash = stash.lock().unwrap_or_else(PoisonError::into_inner);
    stash.push((generation.number(), scratch));
    Decided { answer, message_id }
}

/// Scratch of this generation; that of others is let go.
fn take(stash: &Mutex<Vec<(u64, Scratch)>>, generation: u64) -> Option<Scratch> {
    let mut stash = stash.lock().unwrap_or_else(PoisonError::into_inner);
    stash.retain(|(number, _)| *number >= generation);
    let found = stash.iter().position(|(number, _)| *number == generation)?;
    Some(stash.swap_remove(found).1)
}
