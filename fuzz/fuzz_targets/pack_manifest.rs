//! Any text as `pack.yaml`: bounded problems inside the text, or a manifest that its schema allows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruleeval::pack::Manifest;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Manifest::parse(text) {
        Ok((manifest, _)) => assert!(!manifest.name.is_empty() && manifest.requires.packs().count() <= 1000),
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in problems {
                assert!(problem.at.start <= text.len() && problem.at.end <= text.len(), "{problem:?}");
            }
        }
    }
});
