//! Parallel work whose results come in the order of the items.

use super::item::Item;
use super::walk::Flow;
use rayon::prelude::*;
use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;

/// Items worked on together.
const BATCH: usize = 256;
/// Bytes of items worked on together.
const BATCH_BYTES: usize = 32 << 20;
/// Batches that are read ahead.
const AHEAD: usize = 1;

/// Reads items with `source`, works on them with `work` on `threads` threads (0: one for each
/// core), and hands the results to `done` in the order of the items. At most three batches of 256
/// items or 32 MiB are held, whatever the length of the corpus. `done` ends the work by breaking.
///
/// # Errors
/// If the threads cannot be started.
pub fn process<I: Send, S, T: Send>(
    threads: usize,
    source: impl FnOnce(&mut dyn FnMut(I, usize) -> Flow) + Send,
    scratch: impl Fn() -> S + Sync + Send,
    work: impl Fn(&mut S, I) -> T + Sync + Send,
    mut done: impl FnMut(T) -> Flow,
) -> Result<(), String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|error| error.to_string())?;
    std::thread::scope(|scope| {
        let (send, receive) = sync_channel::<Vec<I>>(AHEAD);
        scope.spawn(move || {
            let mut batch = Vec::new();
            let mut held = 0;
            let mut flow = ControlFlow::Continue(());
            source(&mut |item, bytes| {
                batch.push(item);
                held += bytes;
                if batch.len() >= BATCH || held >= BATCH_BYTES {
                    held = 0;
                    // The receiver is gone when `done` broke off.
                    if send.send(std::mem::take(&mut batch)).is_err() {
                        flow = ControlFlow::Break(());
                    }
                }
                flow
            });
            let _ = send.send(batch);
        });
        for batch in receive {
            let results: Vec<T> = pool
                .install(|| batch.into_par_iter().map_init(&scratch, |scratch, item| work(scratch, item)).collect());
            for result in results {
                if done(result).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    })
}

impl Item {
    /// What the item weighs while it waits.
    pub fn weight(&self) -> usize {
        self.held() + self.id.len()
    }
}
