//! Lists of a thousand to a million entries of every type: how long they load, what they take, and that a lookup
//! costs the same.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ruleeval::lists::{List, ListData, ListType, Search};
use ruleeval::source::SourceId;
use ruleeval::value::Value;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

/// A list: name, type, how its lines are written, how many there are at most.
type Kind = (&'static str, ListType, fn(usize) -> String, usize);

const MILLION: usize = 1_000_000;
const COUNTS: [usize; 3] = [1_000, 100_000, MILLION];

const KINDS: [Kind; 11] = [
    ("string", ListType::String, |n| format!("Some words {n:x} and {}", n % 97), MILLION),
    ("domain", ListType::Domain, domain, MILLION),
    ("domain with comment, source, expiry", ListType::Domain, row, MILLION),
    ("email", ListType::Email, |n| format!("person-{n:x}@example{}.com", n % 97), MILLION),
    ("url", ListType::Url, |n| format!("https://host-{n:x}.example{}.com/a/{n}", n % 97), MILLION),
    ("ip", ListType::Ip, |n| octets(n), MILLION),
    ("cidr", ListType::Cidr, |n| format!("{}/{}", octets(n), 25 + n % 8), MILLION),
    ("hash", ListType::Hash, |n| format!("{:064x}", (n as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c)), MILLION),
    ("int", ListType::Int, |n| (n * 7).to_string(), MILLION),
    ("glob", ListType::Glob, |n| format!("*host-{n:x}.example{}.com*", n % 97), 100_000),
    ("pattern", ListType::Pattern, |n| format!("host-{n:x}\\.example\\d+\\.com"), 1_000),
];

fn domain(n: usize) -> String {
    format!("host-{n:x}.example{}.com", n % 97)
}

fn row(n: usize) -> String {
    let head = if n == 0 { "value,comment,source,expires\n" } else { "" };
    format!("{head}{},seen in a campaign,https://feed.example/{n},2027-01-01", domain(n))
}

fn octets(n: usize) -> String {
    format!("10.{}.{}.{}", n >> 16 & 255, n >> 8 & 255, n & 255)
}

fn lines(count: usize, line: fn(usize) -> String) -> Arc<str> {
    (0..count).map(|n| line(n) + "\n").collect::<String>().into()
}

fn parse(kind: ListType, text: &Arc<str>) -> ListData {
    ListData::parse(kind, SourceId(0), text, None).0
}

/// Whether something found in the list, as rules ask lists of this type.
fn found(list: &List, kind: ListType, value: &Value, text: &str) -> bool {
    match kind {
        ListType::Glob => list.any_in_text(Search::Like, true, text, None).is_some(),
        ListType::Pattern => list.any_in_text(Search::Matches, true, text, None).is_some(),
        _ => list.contains(value, false, Some(0)),
    }
}

fn lists(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lists");
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for (name, kind, line, most) in KINDS {
        for count in COUNTS.into_iter().filter(|count| *count <= most) {
            let text = lines(count, line);
            let data = parse(kind, &text);
            assert!(data.len() > count / 2, "{name}: {} of {count}", data.len());
            eprintln!("{name}/{count}: {} entries, {} bytes an entry", data.len(), data.bytes() / data.len());
            group.throughput(Throughput::Elements(count as u64));
            group.bench_function(BenchmarkId::new(format!("load {name}"), count), |bench| {
                bench.iter(|| black_box(parse(kind, &text)));
            });
            let asked = [count / 3, count / 2, count - 1].map(|entry| data.text(entry).trim_matches('*').to_owned());
            let asked = asked.map(|text| text.replace("\\.", ".").replace("\\d+", "1"));
            // Of a network one of its addresses is asked.
            let asked = asked.map(|text| match kind {
                ListType::Cidr => text.split('/').next().unwrap_or_default().to_owned(),
                _ => text,
            });
            let values = asked.clone().map(Value::from);
            let list = List::from(Arc::new(data));
            assert!(found(&list, kind, &values[0], &asked[0]), "{name}: {}", asked[0]);
            group.throughput(Throughput::Elements(4));
            group.bench_function(BenchmarkId::new(format!("look up in {name}"), count), |bench| {
                bench.iter(|| {
                    let known =
                        asked.iter().zip(&values).filter(|(text, value)| found(&list, kind, value, text)).count();
                    known + usize::from(found(&list, kind, &Value::from("absent.example"), "absent.example"))
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, lists);
criterion_main!(benches);
