//! Readers of foreign formats are libraries: where one fails on hostile bytes, the file is lost,
//! not the message.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// The result, or `None` if the reader panicked.
pub(super) fn quietly<T>(read: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(read)).ok()
}
