//! Any bytes as an attached file: opened and scanned within the budget, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruleeval::files::{Budget, Tools, explode};

fuzz_target!(|data: &[u8]| {
    let budget = Budget { files: 50, bytes: 1 << 20, depth: 4, pages: 5, pixels: 1 << 18 };
    let exploded = explode(Some("a.bin"), "application/octet-stream", data.into(), budget);
    for file in &exploded.files {
        let _ = (file.strings(), file.urls(), file.script(), file.calendar(), file.tags(), file.pixels());
        let _ = (file.pdf(), file.scripts(), file.shown_text(), file.flags(), file.entropy());
        let _ = (file.md5(), file.sha1(), file.sha256());
        let _ = (file.macros(), file.shortcut(), file.codes(), file.exif(), file.smuggling());
    }
    let _ = Tools::of(&exploded.files);
    assert!(exploded.files.iter().skip(1).map(|file| file.bytes.len()).sum::<usize>() <= budget.bytes);
    assert!(exploded.files.len() <= budget.files + 1);
});
