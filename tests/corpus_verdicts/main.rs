//! The written messages in `corpus/`: the manifest is whole and honest, nothing in them points at a
//! stranger, and the shipped packs give every message the action of its class.
//!
//! `UPDATE=1 cargo test --test corpus_verdicts` rewrites `corpus/ratchet.csv` and the list of
//! `corpus/gaps.csv` (a new gap comes without a reason and fails until somebody writes one);
//! `INSTA_UPDATE=always` rewrites the snapshots.

mod manifest;
mod reserved;
mod verdicts;

use std::path::PathBuf;

/// The folder of the written messages.
fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// True if files that record a state are to be rewritten.
fn update() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| value == "1")
}
