//! Time of the processor.

/// Nanoseconds of the processor that this thread has taken, where the system tells; others that
/// use the machine do not count.
pub(crate) fn busy() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split_whitespace().next().and_then(|ticks| ticks.parse().ok()).unwrap_or(0)
}
