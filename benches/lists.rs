//! Lists of a thousand to a million entries: how long they load, and that a lookup costs the same.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ruleeval::lists::{List, ListData, ListType, Search};
use ruleeval::source::SourceId;
use ruleeval::value::Value;
use std::hint::black_box;
use std::sync::Arc;

const COUNTS: [usize; 3] = [1_000, 100_000, 1_000_000];

fn domains(count: usize) -> Arc<str> {
    (0..count).map(|n| format!("host-{n:x}.example{}.com\n", n % 97)).collect::<String>().into()
}

fn rows(count: usize) -> Arc<str> {
    let row =
        |n: usize| format!("host-{n:x}.example{}.com,seen in a campaign,https://feed.example/{n},2027-01-01\n", n % 97);
    ("value,comment,source,expires\n".to_owned() + &(0..count).map(row).collect::<String>()).into()
}

fn blocks(count: usize) -> Arc<str> {
    let block = |n: usize| format!("10.{}.{}.{}/{}\n", n >> 16 & 255, n >> 8 & 255, n & 255, 25 + n % 8);
    (0..count).map(block).collect::<String>().into()
}

fn parse(kind: ListType, text: &Arc<str>) -> ListData {
    ListData::parse(kind, SourceId(0), text, None).0
}

fn loading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lists/load");
    group.sample_size(10);
    for count in COUNTS {
        group.throughput(Throughput::Elements(count as u64));
        for (name, kind, text) in [
            ("plain", ListType::Domain, domains(count)),
            ("csv", ListType::Domain, rows(count)),
            ("cidr", ListType::Cidr, blocks(count)),
        ] {
            let data = parse(kind, &text);
            eprintln!("{name}/{count}: {} entries, {} bytes an entry", data.len(), data.bytes() / data.len());
            group.bench_function(BenchmarkId::new(name, count), |bench| bench.iter(|| black_box(parse(kind, &text))));
        }
    }
    group.finish();
}

fn lookups(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lists/lookup");
    for count in COUNTS {
        let list = List::from(Arc::new(parse(ListType::Domain, &domains(count))));
        let values: Vec<Value> = (0..64)
            .map(|n| Value::from(format!("host-{:x}.example{}.com", n * count / 64, n * count / 64 % 97)))
            .collect();
        let absent: Vec<Value> = (0..64).map(|n| Value::from(format!("absent-{n}.example.com"))).collect();
        assert!(values.iter().all(|value| list.contains(value, false, None)));
        for (name, asked) in [("found", &values), ("absent", &absent)] {
            group.bench_function(BenchmarkId::new(name, count), |bench| {
                bench.iter(|| asked.iter().filter(|value| list.contains(value, false, Some(0))).count());
            });
        }
        let blocks = List::from(Arc::new(parse(ListType::Cidr, &blocks(count))));
        let address = Value::from("10.0.3.77");
        group.bench_function(BenchmarkId::new("cidr", count), |bench| {
            bench.iter(|| blocks.contains(black_box(&address), false, None));
        });
        group.bench_function(BenchmarkId::new("starts_with", count), |bench| {
            bench.iter(|| {
                list.any_in_text(Search::StartsWith, false, black_box("host-3e7.example29.com and more"), None)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, loading, lookups);
criterion_main!(benches);
