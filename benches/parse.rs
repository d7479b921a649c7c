//! Parsing and the extraction of features beside the mail parser alone, on the messages of
//! `RULEEVAL_BENCH_MAIL` (a folder) or of the shipped corpus: each family of features with what it
//! stands on, all features, and what rules cost that read hardly any.

#[path = "extract/families.rs"]
mod families;
#[path = "generate/mail.rs"]
mod mail;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use families::FAMILIES;
use ruleeval::engine::{Compiler, Options};
use std::hint::black_box;

fn parse(c: &mut Criterion) {
    let mail = mail::messages(std::env::var_os("RULEEVAL_BENCH_MAIL"), 500);
    let engine = Compiler::new().compile().engine.expect("no rules");
    let mut group = c.benchmark_group(format!("extract from {} messages", mail.len()));
    group.sample_size(10);
    group.bench_function("mail-parser alone", |b| {
        b.iter(|| mail.iter().for_each(|raw| drop(black_box(mail_parser::MessageParser::default().parse(raw)))));
    });
    for family in &FAMILIES {
        group.bench_function(BenchmarkId::new("family", family.name), |b| {
            b.iter(|| mail.iter().for_each(|raw| (family.read)(&engine, &engine.parse(raw.clone()))));
        });
    }
    #[cfg(feature = "verify")]
    group.bench_function("Message::parse and own verification, with empty DNS", |b| {
        let settings = std::sync::Arc::new(ruleeval::message::Settings {
            resolver: Some(std::sync::Arc::new(ruleeval::dns::Recorded::default())),
            ..ruleeval::message::Settings::default()
        });
        let read = |raw: &Vec<u8>| ruleeval::message::Message::parse(raw.clone(), std::sync::Arc::clone(&settings));
        b.iter(|| mail.iter().for_each(|raw| drop(black_box(ruleeval::auth::of(&read(raw))))));
    });
    group.finish();
}

/// Features are computed when a rule asks for them: one that reads the subject costs hardly more than
/// parsing, whatever else could be read.
fn unread(c: &mut Criterion) {
    let mail = mail::messages(std::env::var_os("RULEEVAL_BENCH_MAIL"), 500);
    let mut group = c.benchmark_group(format!("unread features of {} messages", mail.len()));
    group.sample_size(10);
    for (name, condition) in [
        ("no rule", None),
        ("subject only", Some("subject.base contains~ \"invoice\"")),
        ("links", Some("any(body.links, .visible)")),
        ("phone numbers", Some("length(entities.phone_numbers) > 3")),
    ] {
        let mut compiler = Compiler::new();
        if let Some(condition) = condition {
            compiler.rules("bench", &format!("rule one {{ when: {condition} }}"));
        }
        let engine = compiler.compile().engine.expect("compiles");
        let mut scratch = engine.scratch();
        group.bench_function(name, |b| {
            b.iter(|| {
                for raw in &mail {
                    let message = engine.parse(raw.clone());
                    black_box(engine.evaluate(&message, &mut scratch, Options::default()));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, parse, unread);
criterion_main!(benches);
