//! What formats once formats again to the same text, and means the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruleeval::source::SourceId;
use ruleeval::syntax::{dump, format, parse};

fuzz_target!(|text: &str| {
    let Ok(once) = format(SourceId(0), text) else { return };
    let twice = format(SourceId(0), &once).expect("formatted text parses");
    assert_eq!(once, twice, "not idempotent");
    assert_eq!(dump(&parse(SourceId(0), text).0), dump(&parse(SourceId(0), &once).0), "changed the meaning");
});
