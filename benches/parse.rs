//! Parsing and full feature extraction beside the mail parser alone, on the shipped corpus.

#[path = "generate/mail.rs"]
mod mail;

use criterion::{Criterion, criterion_group, criterion_main};
use ruleeval::engine::Compiler;
use std::hint::black_box;

fn parse(c: &mut Criterion) {
    let mail = mail::messages();
    let engine = Compiler::new().compile().engine.expect("no rules");
    let mut group = c.benchmark_group(format!("parse {} messages", mail.len()));
    group.sample_size(10);
    group.bench_function("mail-parser alone", |b| {
        b.iter(|| mail.iter().for_each(|raw| drop(black_box(mail_parser::MessageParser::default().parse(raw)))));
    });
    group.bench_function("Message::parse", |b| {
        b.iter(|| mail.iter().for_each(|raw| drop(black_box(engine.parse(raw.clone())))));
    });
    group.bench_function("all features as JSON", |b| {
        b.iter(|| mail.iter().for_each(|raw| drop(black_box(engine.features(&engine.parse(raw.clone()))))));
    });
    group.finish();
}

criterion_group!(benches, parse);
criterion_main!(benches);
