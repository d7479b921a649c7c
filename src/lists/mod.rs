//! Typed reference sets with constant-cost lookup.

/// The lists of a compiled program.
#[derive(Debug, Default)]
pub struct Lists;
