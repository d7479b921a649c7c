//! A template's text, a NUL, a visible text: matching ends, stays within its bound, and every place is
//! a piece of the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruleeval::engine::Compiler;

fuzz_target!(|bytes: &[u8]| {
    let Some(at) = bytes.iter().position(|byte| *byte == 0) else { return };
    let Ok(template) = std::str::from_utf8(&bytes[..at]) else { return };
    if template.contains("\"\"\"") {
        return;
    }
    let mut compiler = Compiler::new();
    compiler.rules("fuzz", &format!("template t {{ from: \"a@b.example\" body: \"\"\"\n{template}\n\"\"\" links: [] }}"));
    let Some(engine) = compiler.compile().engine else { return };
    let mut raw = b"From: a@b.example\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n".to_vec();
    raw.extend_from_slice(&bytes[at + 1..]);
    let message = engine.parse(raw);
    let outcome = engine.templates().outcome(&message, 0);
    let visible = message.body().visible_text();
    assert!((0.0..=1.0).contains(&outcome.coverage));
    for piece in outcome.slots.iter().flatten().chain(&outcome.residue) {
        let words: Vec<&str> = visible[piece.bytes.clone()].split_whitespace().collect();
        assert_eq!(words.join(" "), &*piece.text);
    }
});
