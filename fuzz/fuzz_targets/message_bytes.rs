//! Any bytes give a message, and all its features valid JSON; moving its dates keeps its length.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruleeval::engine::{Compiler, Engine, shift_dates};
use std::sync::LazyLock;

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Compiler::new().compile().engine.expect("no rules"));

fuzz_target!(|bytes: &[u8]| {
    let message = ENGINE.parse(bytes.to_vec());
    let json = ENGINE.features(&message).to_string();
    assert!(!json.is_empty());
    assert_eq!(shift_dates(bytes, 5).len(), bytes.len());
});
