//! Compile time of generated rules, also when every one has a warning.

mod generate;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ruleeval::engine::Compiler;

fn compile(c: &mut Criterion) {
    let mut group = c.benchmark_group("compile");
    group.sample_size(10);
    for count in [1_000, 10_000] {
        for with_warning in [false, true] {
            let text = generate::rules(count, with_warning);
            let name = if with_warning { "a warning each" } else { "clean" };
            group.bench_with_input(BenchmarkId::new(name, count), &text, |b, text| {
                b.iter(|| {
                    let mut compiler = Compiler::new();
                    compiler.rules("generated", text);
                    let compiled = compiler.compile();
                    assert!(compiled.engine.is_some());
                    assert_eq!(compiled.diagnostics.is_empty(), !with_warning);
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, compile);
criterion_main!(benches);
