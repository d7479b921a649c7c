//! Evaluation with 10 to 10,000 generated rules, on the messages of `RULEEVAL_BENCH_MAIL` (a
//! folder) or of the shipped corpus: with the features known already, and together with computing
//! them; beside the plain plan, and beside the mail parser alone. Each round goes over all
//! messages.

mod generate;
#[path = "generate/mail.rs"]
mod mail;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ruleeval::engine::{Compiler, Engine, Options};
use ruleeval::plan::PlanOptions;
use std::hint::black_box;

/// Most messages of one round.
const MESSAGES: usize = 60;

fn engine(count: usize, options: PlanOptions) -> Engine {
    let mut compiler = Compiler::new();
    compiler.rules("generated", &generate::rules(count, false)).plan(options);
    compiler.compile().engine.expect("the rules are valid")
}

fn evaluate(c: &mut Criterion) {
    let mut mail = mail::messages(std::env::var_os("RULEEVAL_BENCH_MAIL"), MESSAGES);
    mail.truncate(MESSAGES);
    let mut group = c.benchmark_group(format!("evaluate {} messages", mail.len()));
    group.sample_size(10);
    group.bench_function("mail-parser alone", |b| {
        b.iter(|| mail.iter().for_each(|raw| drop(black_box(mail_parser::MessageParser::default().parse(raw)))));
    });
    for count in [10, 100, 1_000, 10_000] {
        let engine = engine(count, PlanOptions::default());
        let mut scratch = engine.scratch();
        group.bench_function(BenchmarkId::new("parse, features and rules", count), |b| {
            b.iter(|| {
                for raw in &mail {
                    let message = engine.parse(raw.clone());
                    black_box(engine.evaluate(&message, &mut scratch, Options::default()));
                }
            });
        });
        known(&mut group, BenchmarkId::new("features known", count), &engine, &mail);
    }
    let plain = engine(1_000, PlanOptions::PLAIN);
    known(&mut group, BenchmarkId::new("features known, plain plan", 1_000), &plain, &mail);
    group.finish();
}

/// Features are computed once a message, so they are known after the first round.
fn known(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    id: BenchmarkId,
    engine: &Engine,
    mail: &[Vec<u8>],
) {
    let messages: Vec<_> = mail.iter().map(|raw| engine.parse(raw.clone())).collect();
    let mut scratch = engine.scratch();
    group.bench_function(id, |b| {
        b.iter(|| {
            for message in &messages {
                black_box(engine.evaluate(message, &mut scratch, Options::default()));
            }
        });
    });
}

criterion_group!(benches, evaluate);
criterion_main!(benches);
