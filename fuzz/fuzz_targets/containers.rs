//! Any bytes as a container of messages and as a manifest: read to the end, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruleeval::corpus::{Manifest, Mbox, Names, Walker};
use std::ops::ControlFlow;

/// Most messages that are looked at.
const MOST: usize = 200;

fuzz_target!(|data: &[u8]| {
    let mut walker = Walker::new(Names::AsGiven, None);
    let mut left = MOST;
    let _ = walker.stream("-", "-", &mut &*data, &mut |item| {
        let _ = item.read();
        left -= 1;
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    // Nothing is invented: a mailbox's messages are no longer than the mailbox.
    let length: usize = Mbox::new(data).filter_map(Result::ok).map(|message| message.len()).sum();
    assert!(length <= data.len());
    if let Ok(manifest) = Manifest::csv(data) {
        for file in manifest.files().take(MOST) {
            assert!(manifest.get(file).is_some());
        }
        assert!(Manifest::with_clusters(data, |_| Some("c")).map_or(true, |new| Manifest::csv(&new).is_ok()));
    }
    let _ = Manifest::yaml(&String::from_utf8_lossy(data));
});
