//! Evaluation of one message with 10, 100, 1,000 rules: the plain plan, and without sharing.

mod generate;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ruleeval::engine::{Compiler, Options};
use ruleeval::plan::PlanOptions;
use std::hint::black_box;

const MESSAGE: &str = "From: \"Support\" <a@example.com>\r\nTo: b@example.org\r\nSubject: Your invoice12 is ready\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>Dear customer, your payment3 was received.</p><p><a href=\"https://pay.example.top/x?id=1\">Open invoice12</a> or <a href=\"https://example.com/help\">ask for help</a>.</p><p>Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore magna aliqua. Ut enim ad minim veniam, quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea commodo consequat.</p></body></html>\r\n";

fn evaluate(c: &mut Criterion) {
    let mut group = c.benchmark_group("evaluate one message");
    group.sample_size(20);
    for count in [10, 100, 1_000] {
        let text = generate::rules(count, false);
        for (name, options) in [("the plan", PlanOptions::default()), ("plain plan", PlanOptions::PLAIN)] {
            let mut compiler = Compiler::new();
            compiler.rules("generated", &text).plan(options);
            let engine = compiler.compile().engine.expect("the rules are valid");
            let mut scratch = engine.scratch();
            // Features are computed once a message, so each round parses its own.
            group.bench_with_input(BenchmarkId::new(name, count), &engine, |b, engine| {
                b.iter_batched(
                    || engine.parse(MESSAGE.as_bytes().to_vec()),
                    |message| black_box(engine.evaluate(&message, &mut scratch, Options::default())),
                    criterion::BatchSize::SmallInput,
                );
            });
        }
    }
    group.finish();
}

criterion_group!(benches, evaluate);
criterion_main!(benches);
