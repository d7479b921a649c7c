//! Evaluation with 10 to 10,000 generated rules, on the messages of `RULEEVAL_BENCH_MAIL` (a
//! folder) or of the shipped corpus: with the features known already, and together with computing
//! them; beside the plain plan, and beside the mail parser alone. Each round goes over all
//! messages.

mod generate;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ruleeval::engine::{Compiler, Engine, Options};
use ruleeval::plan::PlanOptions;
use std::hint::black_box;
use std::path::{Path, PathBuf};

/// Most messages of one round.
const MESSAGES: usize = 60;

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "eml") {
            found.push(path);
        }
    }
}

fn mail() -> Vec<Vec<u8>> {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let folder = std::env::var_os("RULEEVAL_BENCH_MAIL").map_or(shipped, PathBuf::from);
    let mut paths = Vec::new();
    collect(&folder, &mut paths);
    paths.sort();
    let step = (paths.len() / MESSAGES).max(1);
    paths.iter().step_by(step).take(MESSAGES).filter_map(|path| std::fs::read(path).ok()).collect()
}

fn engine(count: usize, options: PlanOptions) -> Engine {
    let mut compiler = Compiler::new();
    compiler.rules("generated", &generate::rules(count, false)).plan(options);
    compiler.compile().engine.expect("the rules are valid")
}

fn evaluate(c: &mut Criterion) {
    let mail = mail();
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
