//! Patterns over text. Knows no language and no message.

mod pattern;

pub use pattern::{Dialect, Pattern, PatternError, PatternOptions};
