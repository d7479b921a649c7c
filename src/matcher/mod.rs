//! Patterns over text. Knows no language and no message.

mod glob;
mod literal;
mod parse;
mod pattern;
mod re2;
mod set;
mod size;

pub use glob::Glob;
pub use literal::{Literal, equal_no_case, find};
pub(crate) use literal::{fold_char, fold_text};
pub use pattern::{Dialect, Pattern, PatternError, PatternMatch, PatternOptions};
pub use set::{PatternCache, PatternHits, PatternId, PatternSet, PatternSetBuilder, PatternSetOptions, Prefilter};
