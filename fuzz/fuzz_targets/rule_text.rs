//! Rule text of any shape: parsed, checked, compiled, its diagnostics rendered.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruleeval::diagnostic::render::{Format, render};
use ruleeval::engine::Compiler;

fuzz_target!(|text: &str| {
    let mut compiler = Compiler::new();
    compiler.rules("fuzz", text);
    let compiled = compiler.compile();
    for format in [Format::Full, Format::Json] {
        let _ = render(format, &compiled.diagnostics, &compiled.sources, false);
    }
});
