//! The machine and the reference evaluator agree on rules and messages that the seed makes, under
//! any combination of optimisations: valid rules that reach into every operator.
#![no_main]

#[allow(dead_code)]
#[path = "../../tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use ruleeval::engine::Compiler;
use ruleeval::plan::PlanOptions;

fuzz_target!(|seeds: (u64, u64, u8)| {
    let (rules, message, options) = seeds;
    let Some(options) = PlanOptions::combinations().nth(usize::from(options) % PlanOptions::COMBINATIONS) else { return };
    let mut compiler = Compiler::new();
    compiler.rules("fuzz", &support::rules(rules, 6)).plan(options);
    let Some(engine) = compiler.compile().engine else { return };
    let message = engine.parse(support::message(message));
    for (rule, planned, reference) in engine.both_outcomes(&message) {
        if !planned.over_budget && !reference.over_budget {
            assert_eq!(planned, reference, "{rule}");
        }
    }
});
