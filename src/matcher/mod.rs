//! Patterns over text. Knows no language and no message.

mod glob;
mod literal;
mod pattern;
mod re2;
mod set;

pub use glob::Glob;
pub(crate) use literal::fold_char;
pub use literal::{Literal, equal_no_case, find};
pub use pattern::{Dialect, Pattern, PatternError, PatternOptions};
pub use set::{PatternCache, PatternHits, PatternId, PatternSet, PatternSetBuilder, PatternSetOptions, Prefilter};
