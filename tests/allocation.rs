//! Evaluation takes no memory for rules: with used scratch, a thousand rules ask for as many
//! allocations as ten over the same features.

use ruleeval::engine::{Compiler, Engine, Options};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::fmt::Write;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MESSAGE: &str = "From: \"Billing\" <billing@example.com>\r\nTo: a@example.org\r\nSubject: Your invoice is overdue\r\nContent-Type: text/html\r\n\r\n<p>Please wire the money for word7 now.</p><a href=\"https://pay.example.top/x\">pay word3</a> <a href=\"https://example.com/\">help</a>\r\n";

/// Rules over a fixed set of features, none of which matches: a match is told, which takes memory.
fn engine(count: usize) -> Engine {
    let mut text = String::new();
    for index in 0..count {
        let _ = write!(
            text,
            "rule a{index} {{ when: type.inbound and subject.subject contains~ \"invoice\" and body.current_thread.text contains~ \"word{index}\" and sender.display_name == \"x{index}\" }}\n\
             rule b{index} {{ when: any(body.links, .href_url.domain.root_domain == \"host{index}.example\" and .display_text matches~ /pay word{index}/) }}\n\
             rule c{index} {{ when: sender.email.email == \"a{index}@example.net\" or subject.subject like~ \"*number {index}*\" }}\n\
             rule d{index} {{ when: any(body.links, .display_text contains~ \"word{index}\") and length(body.links) > 7 }}\n"
        );
    }
    let mut compiler = Compiler::new();
    compiler.rules("p", &text);
    compiler.compile().engine.expect("valid rules")
}

/// Allocations of one evaluation with used scratch, the verdict's own included.
fn allocations(engine: &Engine) -> usize {
    let message = engine.parse(MESSAGE.as_bytes().to_vec());
    let mut scratch = engine.scratch();
    for _ in 0..3 {
        let verdict = engine.evaluate(&message, &mut scratch, Options::default());
        assert!(verdict.matches.is_empty() && verdict.undecided.is_empty());
    }
    let region = Region::new(ALLOCATOR);
    engine.evaluate(&message, &mut scratch, Options::default());
    let change = region.change();
    change.allocations + change.reallocations
}

// One test only: the counter counts for the whole program.
#[test]
fn allocations_do_not_grow_with_the_rules() {
    let (few, many) = (engine(10), engine(1000));
    let (few, many) = (allocations(&few), allocations(&many));
    println!("{few} allocations with 40 rules, {many} with 4,000");
    assert_eq!(few, many);
    // Records of the features, which rules read once, and the verdict.
    assert!(many <= 40, "{many} allocations");
}
