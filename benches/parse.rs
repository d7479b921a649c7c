//! Parsing and full feature extraction beside the mail parser alone, on the shipped corpus.

use criterion::{Criterion, criterion_group, criterion_main};
use ruleeval::engine::Compiler;
use std::hint::black_box;
use std::path::{Path, PathBuf};

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

/// The messages of `RULEEVAL_BENCH_MAIL`, a folder, or of the shipped corpus; at most 500.
fn messages() -> Vec<Vec<u8>> {
    let folder = std::env::var_os("RULEEVAL_BENCH_MAIL")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus"), PathBuf::from);
    let mut paths = Vec::new();
    collect(&folder, &mut paths);
    paths.sort();
    let step = (paths.len() / 500).max(1);
    paths.iter().step_by(step).filter_map(|path| std::fs::read(path).ok()).collect()
}

fn parse(c: &mut Criterion) {
    let mail = messages();
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
