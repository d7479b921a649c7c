//! Many patterns over body texts: the set beside what can be had from crates of the tree. Peers
//! that would make the tree heavy are measured by `peers/patterns/run.sh` on the files that this
//! program writes to the folder in `RULEEVAL_BENCH_DUMP`.
//!
//! `RULEEVAL_BENCH_MAIL`: a folder of messages instead of the shipped corpus.
//! `RULEEVAL_BENCH_PATTERNS`: a file of patterns (flags, a tab, the pattern) before the generated.

#[path = "generate/patterns.rs"]
mod made;
#[path = "generate/mail.rs"]
mod mail;

use aho_corasick::AhoCorasick;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use regex::RegexSet;
use regex_syntax::hir::literal::Extractor;
use ruleeval::engine::Compiler;
use ruleeval::matcher::{
    Dialect, Pattern, PatternCache, PatternHits, PatternOptions, PatternSet, PatternSetBuilder, PatternSetOptions,
    Prefilter,
};
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;

const COUNTS: [usize; 5] = [10, 100, 1_000, 3_000, 10_000];
/// Beyond this many patterns a `RegexSet` takes minutes.
const SETS_UP_TO: usize = 1_000;

fn texts() -> Vec<String> {
    let engine = Compiler::new().compile().engine.expect("no rules");
    let text = |raw: Vec<u8>| {
        let message = engine.parse(raw);
        message.body().visible_text().chars().take(20_000).collect::<String>()
    };
    mail::messages(std::env::var_os("RULEEVAL_BENCH_MAIL"), 500)
        .into_iter()
        .map(text)
        .filter(|text| text.len() > 20)
        .collect()
}

/// Real patterns first, as many as there are, then generated ones.
fn patterns(count: usize) -> Vec<Arc<Pattern>> {
    let file = std::env::var_os("RULEEVAL_BENCH_PATTERNS").map(PathBuf::from);
    let real = file.and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    let pattern = |line: &str| {
        let (flags, source) = line.split_once('\t')?;
        let options = PatternOptions {
            dialect: Dialect::Re2,
            no_case: flags.contains('i'),
            dot_all: flags.contains('s'),
            multi_line: flags.contains('m'),
            verbose: flags.contains('x'),
            whole: false,
        };
        Pattern::new(source, options).ok().map(Arc::new)
    };
    let mut all: Vec<Arc<Pattern>> = real.lines().filter_map(pattern).take(count).collect();
    all.extend(made::patterns(count - all.len()));
    all
}

fn set(patterns: &[Arc<Pattern>], options: PatternSetOptions) -> PatternSet {
    let mut builder = PatternSetBuilder::new();
    builder.options(options);
    for pattern in patterns {
        builder.pattern(pattern);
    }
    builder.build()
}

fn hits_of_set(set: &PatternSet, texts: &[String], cache: &mut PatternCache, hits: &mut PatternHits) -> usize {
    let mut count = 0;
    for text in texts {
        set.scan(text, cache, hits);
        count += hits.len();
    }
    count
}

fn one_by_one(patterns: &[Arc<Pattern>], texts: &[String]) -> usize {
    texts.iter().map(|text| patterns.iter().filter(|pattern| pattern.is_match(text)).count()).sum()
}

/// The usual design: prefixes in one automaton, the whole text confirms.
struct Prefixes {
    automaton: AhoCorasick,
    owner: Vec<usize>,
    always: Vec<usize>,
}

impl Prefixes {
    fn new(patterns: &[Arc<Pattern>]) -> Self {
        let (mut literals, mut owner, mut always) = (Vec::new(), Vec::new(), Vec::new());
        for (index, pattern) in patterns.iter().enumerate() {
            let parsed = regex_syntax::parse(&pattern.text());
            let found = parsed.ok().map(|hir| Extractor::new().extract(&hir));
            let usable = found.as_ref().and_then(|seq| seq.literals()).filter(|all| all.iter().all(|l| l.len() >= 3));
            match usable {
                Some(all) => all.iter().for_each(|literal| {
                    literals.push(literal.as_bytes().to_vec());
                    owner.push(index);
                }),
                None => always.push(index),
            }
        }
        let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(literals).expect("an automaton");
        Self { automaton, owner, always }
    }

    fn hits(&self, patterns: &[Arc<Pattern>], texts: &[String]) -> usize {
        let mut asked = vec![usize::MAX; patterns.len()];
        let mut count = 0;
        for (number, text) in texts.iter().enumerate() {
            count += self.always.iter().filter(|index| patterns[**index].is_match(text)).count();
            for hit in self.automaton.find_overlapping_iter(text) {
                let index = self.owner[hit.pattern().as_usize()];
                if asked[index] != number {
                    asked[index] = number;
                    count += usize::from(patterns[index].is_match(text));
                }
            }
        }
        count
    }
}

fn dump(texts: &[String], patterns: &[Arc<Pattern>]) {
    let Some(folder) = std::env::var_os("RULEEVAL_BENCH_DUMP").map(PathBuf::from) else { return };
    let line = |pattern: &Arc<Pattern>| {
        let options = pattern.options();
        let flags = [(options.no_case, 'i'), (options.dot_all, 's'), (options.multi_line, 'm'), (options.verbose, 'x')];
        let flags: String = flags.iter().filter(|(on, _)| *on).map(|(_, flag)| *flag).collect();
        format!("{flags}\t{}\n", pattern.source())
    };
    let texts: String = texts.iter().map(|text| text.replace('\0', " ") + "\0").collect();
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("patterns.tsv"), patterns.iter().map(line).collect::<String>()).expect("a file");
    std::fs::write(folder.join("texts.bin"), texts).expect("a file");
}

fn many_patterns(c: &mut Criterion) {
    let texts = texts();
    let all = patterns(COUNTS[COUNTS.len() - 1]);
    dump(&texts, &all);
    let mut group = c.benchmark_group(format!("patterns over {} texts", texts.len()));
    group.sample_size(10).warm_up_time(std::time::Duration::from_millis(500));
    group.measurement_time(std::time::Duration::from_secs(2));
    for count in COUNTS {
        let patterns = &all[..count];
        let ours = set(patterns, PatternSetOptions::default());
        let (mut cache, mut hits) = (PatternCache::new(), PatternHits::new());
        let expected = one_by_one(patterns, &texts);
        assert_eq!(hits_of_set(&ours, &texts, &mut cache, &mut hits), expected, "the set misses or invents");
        let costly = (0..ours.len()).filter(|id| ours.prefilter_at(*id) == Some(Prefilter::None)).count();
        println!(
            "{count} patterns: {:.1} hits a text, {costly} without a literal, {} KB in the set, {} steps a text",
            expected as f64 / texts.len() as f64,
            ours.memory() / 1024,
            cache.take_steps() / texts.len() as u64,
        );
        group.bench_function(BenchmarkId::new("literal pass alone", count), |b| {
            b.iter(|| texts.iter().for_each(|text| ours.scan_candidates(text, &mut cache)));
        });
        group.bench_function(BenchmarkId::new("set", count), |b| {
            b.iter(|| black_box(hits_of_set(&ours, &texts, &mut cache, &mut hits)));
        });
        group.bench_function(BenchmarkId::new("one by one", count), |b| {
            b.iter(|| black_box(one_by_one(patterns, &texts)));
        });
        let prefixes = Prefixes::new(patterns);
        group.bench_function(BenchmarkId::new("prefixes, whole text confirms", count), |b| {
            b.iter(|| black_box(prefixes.hits(patterns, &texts)));
        });
        if count <= SETS_UP_TO {
            let sources: Vec<String> = patterns.iter().map(|pattern| pattern.text()).collect();
            if let Ok(sets) = RegexSet::new(sources) {
                group.bench_function(BenchmarkId::new("RegexSet (without flags)", count), |b| {
                    b.iter(|| black_box(texts.iter().map(|text| sets.matches(text).iter().count()).sum::<usize>()));
                });
            }
        }
        group.bench_function(BenchmarkId::new("build", count), |b| {
            b.iter(|| black_box(set(patterns, PatternSetOptions::default())));
        });
    }
    group.finish();
}

criterion_group!(benches, many_patterns);
criterion_main!(benches);
