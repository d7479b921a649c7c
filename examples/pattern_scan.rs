//! Scans the texts of the shipped corpus with generated patterns, for `benches/instructions`.
//!
//! `pattern_scan COUNT` prints how many patterns matched. What is compiled or sized on first use is
//! so before the round that counts.

#[path = "../benches/generate/patterns.rs"]
mod made;
#[path = "../benches/generate/mail.rs"]
mod mail;

use ruleeval::engine::Compiler;
use ruleeval::matcher::{PatternCache, PatternHits, PatternSet, PatternSetBuilder};

/// Every so manieth message is scanned.
const STEP: usize = 10;

fn main() {
    let count = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(1_000);
    let engine = Compiler::new().compile().engine.expect("an engine without rules");
    let texts: Vec<String> = mail::messages(std::env::var_os("RULEEVAL_BENCH_MAIL"), 500)
        .into_iter()
        .step_by(STEP)
        .map(|raw| engine.parse(raw).body().visible_text().chars().take(20_000).collect())
        .collect();
    let mut builder = PatternSetBuilder::new();
    for pattern in made::patterns(count) {
        builder.pattern(&pattern);
    }
    let set = builder.build();
    let (mut cache, mut hits) = (PatternCache::new(), PatternHits::new());
    let first = scan(&set, &texts, &mut cache, &mut hits);
    let second = round_again(&set, &texts, &mut cache, &mut hits);
    assert_eq!(first, second, "what is left of one round changes the next");
    println!("{} texts, {second} matches", texts.len());
}

/// The round that is counted.
#[inline(never)]
fn round_again(set: &PatternSet, texts: &[String], cache: &mut PatternCache, hits: &mut PatternHits) -> usize {
    scan(set, texts, cache, hits)
}

fn scan(set: &PatternSet, texts: &[String], cache: &mut PatternCache, hits: &mut PatternHits) -> usize {
    let mut matched = 0;
    for text in texts {
        set.scan(text, cache, hits);
        matched += hits.len();
    }
    matched
}
