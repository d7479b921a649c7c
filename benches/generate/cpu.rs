//! Time of the processor.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of the processor that this thread has taken; others that use the machine do not count.
pub(crate) fn busy() -> u64 {
    let taken = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(taken.tv_sec * 1_000_000_000 + taken.tv_nsec).unwrap_or(0)
}
