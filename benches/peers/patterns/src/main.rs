//! The set of patterns beside other crates, on files that `cargo bench --bench patterns` writes.
//!
//!     pattern-peers PATTERNS TEXTS COUNT [PEER...]
//!
//! Prints CPU time of building, and of a text, and hits of a text. Peers: `set`, `one-by-one`,
//! `regexset`, `regex-filtered`, `aho-corasick`, `boreal`, and `yara-x` with the feature. YARA's
//! regexes are over bytes and know no characters, so those two find a little else.

use aho_corasick::AhoCorasick;
use regex::{Regex, RegexBuilder, RegexSetBuilder};
use regex_syntax::hir::literal::Extractor;
use ruleeval::matcher::{Dialect, Pattern, PatternCache, PatternHits, PatternOptions, PatternSetBuilder};
use std::sync::Arc;

/// Each peer scans for so long at least, once at least.
const SECONDS: f64 = 3.0;

struct Source {
    pattern: String,
    options: PatternOptions,
    /// In the syntax of `regex`.
    text: String,
}

impl Source {
    fn no_case(&self) -> bool {
        self.options.no_case
    }

    /// With its flags in front.
    fn flagged(&self) -> String {
        let options = self.options;
        let flags = [(options.no_case, 'i'), (options.dot_all, 's'), (options.multi_line, 'm'), (options.verbose, 'x')];
        let flags: String = flags.iter().filter(|(on, _)| *on).map(|(_, flag)| *flag).collect();
        if flags.is_empty() { self.text.clone() } else { format!("(?{flags}){}", self.text) }
    }

    fn regex(&self) -> Regex {
        RegexBuilder::new(&self.flagged()).size_limit(2 << 20).build().expect("it compiled before")
    }

    /// In the syntax of YARA, which has no groups without a number.
    fn yara(&self, index: usize) -> String {
        let slashes = self.pattern.replace("\\/", "/").replace('/', "\\/").replace("(?:", "(");
        let flags = if self.no_case() { "i" } else { "" };
        format!("rule r{index} {{ strings: $a = /{slashes}/{flags} condition: $a }}\n")
    }
}

/// CPU seconds of this process.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |index: usize| fields[index].parse::<f64>().expect("ticks");
    (ticks(11) + ticks(12)) / 100.0
}

fn report<P>(name: &str, texts: &[&str], build: impl FnOnce() -> P, mut hits: impl FnMut(&mut P, &str) -> usize) {
    let start = cpu();
    let mut peer = build();
    let built = cpu() - start;
    // What is made on first use is no part of the figure.
    texts.iter().take(20).for_each(|text| {
        hits(&mut peer, text);
    });
    let (start, mut scanned, mut count) = (cpu(), 0, 0);
    while scanned == 0 || cpu() - start < SECONDS {
        count += texts.iter().map(|text| hits(&mut peer, text)).sum::<usize>();
        scanned += texts.len();
    }
    let micros = (cpu() - start) * 1e6 / scanned as f64;
    println!("{name}\tus_a_text {micros:.1}\thits_a_text {:.2}\tbuild_s {built:.2}", count as f64 / scanned as f64);
}

/// Prefixes in one automaton; the whole text confirms.
fn prefixes(sources: &[Source]) -> (AhoCorasick, Vec<usize>, Vec<usize>) {
    let (mut literals, mut owner, mut always) = (Vec::new(), Vec::new(), Vec::new());
    for (index, source) in sources.iter().enumerate() {
        let found = regex_syntax::parse(&source.text).ok().map(|hir| Extractor::new().extract(&hir));
        match found.as_ref().and_then(|seq| seq.literals()).filter(|all| all.iter().all(|l| l.len() >= 3)) {
            Some(all) => all.iter().for_each(|literal| {
                literals.push(literal.as_bytes().to_vec());
                owner.push(index);
            }),
            None => always.push(index),
        }
    }
    (AhoCorasick::builder().ascii_case_insensitive(true).build(literals).expect("an automaton"), owner, always)
}

fn run(peer: &str, sources: &[Source], texts: &[&str]) {
    let regexes = || -> Vec<Regex> { sources.iter().map(Source::regex).collect() };
    match peer {
        "set" => {
            let build = || {
                let mut builder = PatternSetBuilder::new();
                for source in sources {
                    let pattern = Pattern::new(&source.pattern, source.options).expect("a pattern");
                    builder.pattern(&Arc::new(pattern));
                }
                (builder.build(), PatternCache::new(), PatternHits::new())
            };
            report(peer, texts, build, |(set, cache, hits), text| {
                set.scan(text, cache, hits);
                hits.len()
            });
        }
        "one-by-one" => {
            report(peer, texts, regexes, |all, text| all.iter().filter(|regex| regex.is_match(text)).count());
        }
        "regexset" => {
            let build = || RegexSetBuilder::new(sources.iter().map(Source::flagged)).size_limit(1 << 30).build();
            report(peer, texts, build, |set, text| {
                set.as_ref().map_or(0, |set| set.matches(text).iter().count())
            });
        }
        "regex-filtered" => {
            let build = || {
                let builder = regex_filtered::Builder::new();
                let pushed = builder.push_all(sources.iter().map(Source::flagged));
                pushed.expect("patterns").build().expect("a filter")
            };
            report(peer, texts, build, |all, text| all.matching(text).count());
        }
        "aho-corasick" => {
            let build = || (prefixes(sources), regexes(), vec![0_usize; sources.len()], 0);
            report(peer, texts, build, |((automaton, owner, always), regexes, asked, number), text| {
                *number += 1;
                let mut count = always.iter().filter(|index| regexes[**index].is_match(text)).count();
                for hit in automaton.find_overlapping_iter(text) {
                    let index = owner[hit.pattern().as_usize()];
                    if asked[index] != *number {
                        asked[index] = *number;
                        count += usize::from(regexes[index].is_match(text));
                    }
                }
                count
            });
        }
        "boreal" => {
            let build = || {
                let mut compiler = boreal::Compiler::new();
                let refused = (sources.iter().enumerate())
                    .filter(|(index, source)| compiler.add_rules_str(source.yara(*index)).is_err())
                    .count();
                println!("boreal\trefused {refused}");
                compiler.finalize()
            };
            report(peer, texts, build, |scanner, text| scanner.scan_mem(text.as_bytes()).map_or(0, |r| r.rules.len()));
        }
        #[cfg(feature = "yara-x")]
        "yara-x" => {
            let build = || {
                let mut compiler = yara_x::Compiler::new();
                let refused = (sources.iter().enumerate())
                    .filter(|(index, source)| compiler.add_source(source.yara(*index).as_str()).is_err())
                    .count();
                println!("yara-x\trefused {refused}");
                Box::leak(Box::new(compiler.build())) as &yara_x::Rules
            };
            let mut scanner = None;
            report(peer, texts, build, |rules, text| {
                let scanner = scanner.get_or_insert_with(|| yara_x::Scanner::new(rules));
                scanner.scan(text.as_bytes()).map_or(0, |result| result.matching_rules().count())
            });
        }
        other => println!("{other}\tis not built in"),
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [patterns, texts, count, peers @ ..] = arguments.as_slice() else {
        eprintln!("usage: pattern-peers PATTERNS TEXTS COUNT [PEER...]");
        return;
    };
    let patterns = std::fs::read_to_string(patterns).expect("patterns");
    let bytes = std::fs::read(texts).expect("texts");
    let texts: Vec<&str> = bytes.split(|byte| *byte == 0).filter_map(|text| std::str::from_utf8(text).ok()).collect();
    let texts: Vec<&str> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    let source = |line: &str| {
        let (flags, source) = line.split_once('\t')?;
        let options = PatternOptions {
            dialect: Dialect::Re2,
            no_case: flags.contains('i'),
            dot_all: flags.contains('s'),
            multi_line: flags.contains('m'),
            verbose: flags.contains('x'),
            whole: false,
        };
        let text = Pattern::new(source, options).ok()?.text();
        Some(Source { pattern: source.to_owned(), options, text })
    };
    let count = count.parse().expect("a number of patterns");
    let sources: Vec<Source> = patterns.lines().filter_map(source).take(count).collect();
    println!("{} patterns, {} texts", sources.len(), texts.len());
    peers.iter().for_each(|peer| run(peer, &sources, &texts));
}
