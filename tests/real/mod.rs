//! Real mail for tests that compare with other programs: `RULEEVAL_CORPUS`, or `target/corpora`.

use std::path::{Path, PathBuf};

/// All messages, in the order of their paths; empty where there are none.
pub(crate) fn mail() -> Vec<PathBuf> {
    let fallback = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/corpora");
    let mut folders = vec![std::env::var_os("RULEEVAL_CORPUS").map_or(fallback, PathBuf::from)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "eml") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Every so many of them, so that about `wanted` are left.
pub(crate) fn sample(wanted: usize) -> Vec<PathBuf> {
    let all = mail();
    let step = (all.len() / wanted.max(1)).max(1);
    all.into_iter().step_by(step).take(wanted).collect()
}

/// A number from the environment.
pub(crate) fn number(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}
