//! What is odd about a message's structure.

use serde::Serialize;
use std::borrow::Cow;
use std::ops::Range;

/// A fact about a message that standards do not allow, or that readers disagree about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Anomaly {
    /// Stable name: `duplicate-header`, `nul-bytes` ...
    pub kind: &'static str,
    /// One sentence.
    pub detail: Cow<'static, str>,
    /// Bytes of the message, if the fact has a place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<Range<usize>>,
}

impl Anomaly {
    pub(super) fn new(kind: &'static str, detail: impl Into<Cow<'static, str>>, range: Option<Range<usize>>) -> Self {
        Self { kind, detail: detail.into(), range }
    }
}
