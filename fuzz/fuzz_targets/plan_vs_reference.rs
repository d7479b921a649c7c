//! The machine and the reference evaluator agree: a byte for the optimisations, rules, a NUL, a
//! message.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruleeval::engine::Compiler;
use ruleeval::plan::PlanOptions;

fuzz_target!(|bytes: &[u8]| {
    let Some((options, bytes)) = bytes.split_first() else { return };
    let Some(options) = PlanOptions::combinations().nth(usize::from(*options) % PlanOptions::COMBINATIONS) else { return };
    let Some(at) = bytes.iter().position(|byte| *byte == 0) else { return };
    let Ok(rule) = std::str::from_utf8(&bytes[..at]) else { return };
    let mut compiler = Compiler::new();
    compiler.rules("fuzz", rule).plan(options);
    let Some(engine) = compiler.compile().engine else { return };
    let message = engine.parse(bytes[at + 1..].to_vec());
    for (rule, planned, reference) in engine.both_outcomes(&message) {
        if !planned.over_budget && !reference.over_budget {
            assert_eq!(planned, reference, "{rule}");
        }
    }
});
