//! Any text is recorded DNS or names its malformed line; what was read is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruleeval::dns::{Answer, Kind, Recorded, Recorder, Resolver};
use std::sync::Arc;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Recorded::parse(text) {
        Ok(recorded) => {
            assert_eq!(Recorded::parse(&recorded.to_string()), Ok(recorded.clone()));
            let recorder = Recorder::new(Arc::new(recorded.clone()));
            for name in text.split_whitespace().take(20) {
                for kind in Kind::ALL {
                    let answer = recorder.lookup(name, kind);
                    assert!(!matches!(&answer, Answer::Records(records) if records.len() > text.len()));
                }
            }
            Recorded::parse(&recorder.recorded().to_string()).expect("what a recorder writes is read");
        }
        Err(malformed) => assert!((1..=text.lines().count()).contains(&malformed.line)),
    }
});
