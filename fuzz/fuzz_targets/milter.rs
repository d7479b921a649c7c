//! A dialogue of any bytes: frames are cut by their lengths, each is read or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../cli/src/serve/milter/codec.rs"]
mod codec;

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    while let Some((prefix, after)) = rest.split_first_chunk::<4>() {
        let Ok(length) = codec::length(*prefix) else { return };
        assert!((1..=codec::MAX_FRAME).contains(&length));
        let frame = &after[..length.min(after.len())];
        if let Ok(command) = codec::command(frame) {
            let shown = format!("{command:?}");
            assert!(!shown.is_empty());
        }
        rest = &after[frame.len()..];
    }
});
