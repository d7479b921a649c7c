//! What is odd about a message's structure.

use serde::Serialize;
use std::borrow::Cow;
use std::ops::Range;

/// The kinds of anomalies.
const KINDS: [(&str, Weight); 30] = [
    ("bare-cr", Weight::Odd),
    ("charset-undecodable", Weight::Odd),
    ("conflicting-file-names", Weight::Odd),
    ("duplicate-boundary", Weight::Odd),
    ("duplicate-header", Weight::Odd),
    ("empty-message", Weight::Damage),
    ("encoded-multipart", Weight::Odd),
    ("hidden-boundary", Weight::Odd),
    ("leading-junk", Weight::Odd),
    ("mailbox-separator", Weight::Odd),
    ("malformed-header", Weight::Odd),
    ("missing-boundary", Weight::Damage),
    ("no-headers", Weight::Damage),
    ("nul-bytes", Weight::Damage),
    ("raw-8bit-header", Weight::Odd),
    ("reused-boundary", Weight::Odd),
    ("several-alternatives", Weight::Odd),
    ("several-readings", Weight::Odd),
    ("text-after-multipart", Weight::Odd),
    ("text-before-multipart", Weight::Odd),
    ("too-deep", Weight::Damage),
    ("too-large", Weight::Damage),
    ("too-many-headers", Weight::Damage),
    ("too-many-parts", Weight::Damage),
    ("truncated-multipart", Weight::Damage),
    ("undecodable-base64", Weight::Damage),
    ("undecodable-header", Weight::Odd),
    ("undecodable-quoted-printable", Weight::Odd),
    ("unknown-charset", Weight::Damage),
    ("unknown-transfer-encoding", Weight::Damage),
];

/// Kinds about which readers disagree what the parts of the message are, and what is in them.
const AMBIGUOUS: [&str; 16] = [
    "conflicting-file-names",
    "duplicate-boundary",
    "duplicate-header",
    "encoded-multipart",
    "hidden-boundary",
    "leading-junk",
    "malformed-header",
    "missing-boundary",
    "reused-boundary",
    "several-alternatives",
    "several-readings",
    "text-after-multipart",
    "text-before-multipart",
    "truncated-multipart",
    "undecodable-base64",
    "unknown-transfer-encoding",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weight {
    /// Readers disagree about it.
    Odd,
    /// Some of the message may be missing, or be no mail at all.
    Damage,
}

/// The stable names of all kinds of anomalies.
pub const ANOMALY_KINDS: [&str; KINDS.len()] = {
    let mut names = [""; KINDS.len()];
    let mut at = 0;
    while at < KINDS.len() {
        names[at] = KINDS[at].0;
        at += 1;
    }
    names
};

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
    /// Some of the message may be missing from what was read, or it is no mail at all.
    pub fn is_damage(&self) -> bool {
        KINDS.iter().any(|(kind, weight)| *kind == self.kind && *weight == Weight::Damage)
    }

    /// Readers disagree about the structure: what one shows another may not.
    pub fn is_ambiguity(&self) -> bool {
        AMBIGUOUS.contains(&self.kind)
    }

    pub(super) fn new(kind: &'static str, detail: impl Into<Cow<'static, str>>, range: Option<Range<usize>>) -> Self {
        debug_assert!(KINDS.iter().any(|(known, _)| *known == kind), "`{kind}` is not declared");
        Self { kind, detail: detail.into(), range }
    }
}
