//! Receives a message within a budget that all messages share.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that all messages together may take, and how much one may. Half is for what is received and waits, half for
/// what is decided: neither keeps the other from going on.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    free: Arc<Semaphore>,
    work: Arc<Semaphore>,
    half: usize,
    message: usize,
}

/// Bytes of text that an evaluation looks at, as a rule (`limits: text_bytes`), and how many it takes for each.
const TEXT: usize = 4 << 20;
const PER_TEXT: usize = 16;

impl Budget {
    /// So many bytes for all, so many for one.
    pub(crate) fn new(all: usize, message: usize) -> Self {
        let half = || Arc::new(Semaphore::new(all / 2));
        Self { free: half(), work: half(), half: all / 2, message }
    }

    /// Bytes that are not taken.
    pub(crate) fn free(&self) -> usize {
        self.free.available_permits() + self.work.available_permits()
    }

    /// Waits until there is room to decide about a message of so many bytes: it is copied once and taken apart once,
    /// and its text is read in several forms. What needs more than there ever is has it alone.
    pub(crate) async fn workspace(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let needed = (2 * bytes + PER_TEXT * bytes.min(TEXT)).min(self.half);
        Arc::clone(&self.work).acquire_many_owned(u32::try_from(needed).ok()?).await.ok()
    }

    /// Begins to receive a message.
    pub(crate) fn intake(&self) -> Intake {
        Intake { budget: self.clone(), raw: Vec::new(), held: None }
    }
}

/// Why no more is received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// The message is larger than one may be.
    TooLarge,
    /// Other messages have taken all there is.
    NoMemory,
}

/// A message as far as it was received. Gives its bytes back when it is dropped.
#[derive(Debug)]
pub(crate) struct Intake {
    budget: Budget,
    raw: Vec<u8>,
    held: Option<OwnedSemaphorePermit>,
}

/// The first bytes that are asked for.
const FIRST: usize = 16 << 10;

impl Intake {
    /// Takes some more bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let needed = self.raw.len() + bytes.len();
        if needed > self.budget.message {
            return Err(Full::TooLarge);
        }
        if needed > self.raw.capacity() {
            self.grow(needed)?;
        }
        self.raw.extend_from_slice(bytes);
        Ok(())
    }

    /// What is allocated is what is counted, not what is used of it.
    fn grow(&mut self, needed: usize) -> Result<(), Full> {
        let old = self.raw.capacity();
        let new = needed.max(old * 2).max(FIRST).min(self.budget.message.max(needed));
        let more = u32::try_from(new - old).map_err(|_| Full::TooLarge)?;
        let free = Arc::clone(&self.budget.free);
        let permit = free.try_acquire_many_owned(more).map_err(|_| Full::NoMemory)?;
        match &mut self.held {
            Some(held) => held.merge(permit),
            None => self.held = Some(permit),
        }
        self.raw.reserve_exact(new - self.raw.len());
        Ok(())
    }

    /// Bytes so far.
    pub(crate) fn len(&self) -> usize {
        self.raw.len()
    }

    /// The bytes; the budget stays taken until the second half is dropped.
    pub(crate) fn into_parts(self) -> (Vec<u8>, Option<OwnedSemaphorePermit>) {
        (self.raw, self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_received_is_counted_and_given_back() {
        let budget = Budget::new(200_000, 60_000);
        let mut first = budget.intake();
        for _ in 0..60 {
            first.push(&[b'x'; 1000]).expect("room");
        }
        assert_eq!(first.push(b"x"), Err(Full::TooLarge));
        assert!(first.len() == 60_000 && budget.free() <= 140_000, "{}", budget.free());
        let mut second = budget.intake();
        let full = (0..60).find_map(|_| second.push(&[b'x'; 1000]).err());
        assert_eq!(full, Some(Full::NoMemory));
        drop(second);
        let (raw, held) = first.into_parts();
        assert_eq!(raw.len(), 60_000);
        assert!(budget.free() <= 140_000);
        drop(held);
        assert_eq!(budget.free(), 200_000);
    }

    #[tokio::test]
    async fn a_message_too_large_to_be_decided_beside_others_is_decided_alone() {
        let budget = Budget::new(200_000, 60_000);
        let small = budget.workspace(1000).await.expect("room");
        assert!(budget.free() == 182_000 && small.num_permits() == 18_000);
        let waits = budget.workspace(60_000);
        assert!(tokio::time::timeout(std::time::Duration::from_millis(20), waits).await.is_err());
        drop(small);
        assert_eq!(budget.workspace(60_000).await.expect("room").num_permits(), 100_000);
        assert_eq!(budget.free(), 200_000);
    }
}
