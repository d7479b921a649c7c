//! A set of patterns answers as its patterns do one by one, under every switch.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use ruleeval::matcher::{
    Dialect, Glob, Literal, Pattern, PatternCache, PatternHits, PatternId, PatternOptions, PatternSet,
    PatternSetBuilder, PatternSetOptions, equal_no_case, find,
};
use std::sync::Arc;

/// What can be added to a set, with its oracle.
#[derive(Clone, Debug)]
enum Subject {
    Literal(String, Literal, bool),
    Equal(String, bool),
    Glob(String, bool),
    /// And the same as the `regex` crate has it.
    Regex(Arc<Pattern>, regex::Regex),
}

/// Nothing if the pattern is refused, which the crate must do too.
fn regex_of(source: &str, options: PatternOptions) -> Option<Subject> {
    let pattern = Pattern::new(source, options);
    let text = pattern.as_ref().map_or_else(|_| source.to_owned(), Pattern::text);
    let oracle = regex::RegexBuilder::new(&text)
        .case_insensitive(options.no_case)
        .dot_matches_new_line(options.dot_all)
        .multi_line(options.multi_line)
        .ignore_whitespace(options.verbose)
        .size_limit(2 << 20)
        .build();
    if options.dialect == Dialect::Native {
        assert_eq!(pattern.is_ok(), oracle.is_ok(), "{source}: {:?}", pattern.err());
    }
    Some(Subject::Regex(Arc::new(pattern.ok()?), oracle.ok()?))
}

fn regex(source: &str) -> Subject {
    regex_of(source, PatternOptions::default()).expect(source)
}

impl Subject {
    fn add(&self, builder: &mut PatternSetBuilder) -> PatternId {
        match self {
            Self::Literal(needle, place, no_case) => builder.literal(needle, *place, *no_case),
            Self::Equal(needle, no_case) => builder.equal(needle, *no_case),
            Self::Glob(glob, no_case) => builder.glob(glob, *no_case),
            Self::Regex(pattern, _) => builder.pattern(pattern),
        }
    }

    fn alone(&self, text: &str) -> bool {
        match self {
            Self::Literal(needle, place, no_case) => find(*place, *no_case, text, needle).is_some(),
            Self::Equal(needle, true) => equal_no_case(needle, text),
            Self::Equal(needle, false) => needle == text,
            Self::Glob(glob, no_case) => Glob::new(glob, *no_case).is_match(text),
            Self::Regex(pattern, oracle) => {
                let matches = oracle.is_match(text);
                assert_eq!(pattern.is_match(text), matches, "{pattern:?} alone on {text:?}");
                matches
            }
        }
    }
}

/// Every combination of the switches.
fn strategies() -> Vec<PatternSetOptions> {
    let default = PatternSetOptions::default();
    vec![
        default,
        PatternSetOptions { prefilter: false, ..default },
        PatternSetOptions { windows: false, ..default },
        PatternSetOptions { squeeze: false, ..default },
        PatternSetOptions { folded_if_few: false, ..default },
        PatternSetOptions { classes: false, ..default },
        PatternSetOptions { automaton: true, ..default },
    ]
}

fn set(subjects: &[Subject], options: PatternSetOptions) -> (PatternSet, Vec<PatternId>) {
    let mut builder = PatternSetBuilder::new();
    builder.options(options);
    let ids = subjects.iter().map(|subject| subject.add(&mut builder)).collect();
    (builder.build(), ids)
}

/// Holds every strategy against the patterns one by one.
fn agree(subjects: &[Subject], texts: &[String]) -> Result<usize, String> {
    let mut matches = 0;
    for options in strategies() {
        let (set, ids) = set(subjects, options);
        let (mut cache, mut hits) = (PatternCache::new(), PatternHits::new());
        for text in texts {
            set.scan(text, &mut cache, &mut hits);
            for (subject, id) in subjects.iter().zip(&ids) {
                let alone = subject.alone(text);
                if hits.contains(*id) != alone {
                    return Err(format!("{subject:?}\non {text:?}\nalone: {alone}, {options:?}"));
                }
                matches += usize::from(alone);
            }
            if hits.len() != hits.iter().count() {
                return Err("the hits are counted wrongly".into());
            }
        }
    }
    Ok(matches)
}

/// A piece of a regex and a text that it should match.
fn piece() -> impl Strategy<Value = (String, String)> {
    let word =
        prop::sample::select(vec!["foo", "Bar", "invoice", "a", "ks", "straße", "ſK", "id=", "日本", " ", "Ünï"]);
    let leaf = prop_oneof![
        6 => word.prop_map(|word| (word.to_owned(), word.to_owned())),
        2 => prop::sample::select(vec![
            (r"\d", "7"), (r"\d", "٣"), (r"\s", " "), (r"\s", "\u{a0}"), (r"\w", "x"), (r"\W", "!"), ("[a4@]", "4"),
            ("[^a-z]", "Q"), (".", "z"), (".", "é"), ("[0-9a-f]", "b"), (r"\S", "k"), (r"[^>\n]", "-"), (r"\pL", "ß"),
        ])
        .prop_map(|(regex, text)| (regex.to_owned(), text.to_owned())),
        1 => prop::sample::select(vec![r"\b", "^", "$", r"\B", r"\A", r"\z", "(?m:^)", "(?m:$)", r"(?-u:\b)"])
            .prop_map(|look| (look.to_owned(), String::new())),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 1..5).prop_map(|parts| {
                let (regexes, texts): (Vec<String>, Vec<String>) = parts.into_iter().unzip();
                (regexes.concat(), texts.concat())
            }),
            2 => prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| {
                let text = parts[parts.len() / 2].1.clone();
                let regexes: Vec<String> = parts.into_iter().map(|(regex, _)| regex).collect();
                (format!("(?:{})", regexes.join("|")), text)
            }),
            3 => (inner.clone(), prop::sample::select(vec![
                ("?", 0), ("*", 3), ("+", 1), ("{2}", 2), ("{1,3}", 2), ("{0,20}", 4), ("{2,}", 5), ("*?", 0), ("+?", 2),
                ("{9,}", 11),
            ]))
            .prop_map(|((regex, text), (suffix, times))| (format!("(?:{regex}){suffix}"), text.repeat(times))),
            1 => inner.clone().prop_map(|(regex, text)| (format!("({regex})"), text)),
            1 => inner.prop_map(|(regex, text)| (format!("(?i:{regex})"), text.to_uppercase())),
        ]
    })
}

fn options() -> impl Strategy<Value = PatternOptions> {
    (any::<[bool; 4]>(), 0..8_u8).prop_map(|([no_case, dot_all, multi_line, re2], rare)| PatternOptions {
        dialect: if re2 { Dialect::Re2 } else { Dialect::Native },
        no_case,
        dot_all,
        multi_line,
        verbose: rare == 0,
        whole: rare == 1,
    })
}

fn any_regex() -> impl Strategy<Value = (Subject, String)> {
    (piece(), options())
        .prop_filter_map("does not compile", |((regex, text), options)| Some((regex_of(&regex, options)?, text)))
}

fn plain() -> impl Strategy<Value = (Subject, String)> {
    let needle = "[aAkKsS\u{17f}\u{212a}\u{a0} İıßẞ日.]{0,4}";
    let places = prop::sample::select(vec![Literal::Contains, Literal::StartsWith, Literal::EndsWith]);
    prop_oneof![
        (needle, places, any::<bool>())
            .prop_map(|(needle, place, no_case)| (Subject::Literal(needle.clone(), place, no_case), needle)),
        (needle, any::<bool>()).prop_map(|(needle, no_case)| (Subject::Equal(needle.clone(), no_case), needle)),
        ("[aAkKsſ*?. ]{0,7}", any::<bool>()).prop_map(|(glob, no_case)| {
            let text = glob.replace('*', "kaſ").replace('?', "é");
            (Subject::Glob(glob, no_case), text)
        }),
    ]
}

fn subjects() -> impl Strategy<Value = (Vec<Subject>, Vec<String>)> {
    let one = prop_oneof![3 => any_regex(), 2 => plain()];
    let noise = prop::sample::select(vec!["", " ", "\n", "foo", "x", "é", "invoice ", "KS", "\r\n", "7", "-", "日"]);
    (prop::collection::vec(one, 1..12), prop::collection::vec(noise, 24)).prop_map(|(made, noise)| {
        let (subjects, samples): (Vec<Subject>, Vec<String>) = made.into_iter().unzip();
        let mut texts = vec![String::new(), samples.concat(), samples.join("\n")];
        for (index, sample) in samples.iter().enumerate() {
            let (before, after) = (noise[index], noise[index + 12]);
            texts.push(sample.clone());
            texts.push(format!("{before}{sample}{after}"));
            texts.push(sample.to_lowercase());
        }
        (subjects, texts)
    })
}

#[test]
fn agrees_with_the_patterns_one_by_one() {
    let cases = std::env::var("RULEEVAL_PATTERN_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let matched = std::cell::Cell::new(0);
    runner
        .run(&subjects(), |(subjects, texts)| {
            matched.set(matched.get() + agree(&subjects, &texts).map_err(TestCaseError::fail)?);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let matched = matched.get();
    assert!(matched > cases as usize * 10, "only {matched} matches: the texts do not hit");
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (c, len) = match rest[at + 1..].chars().next() {
            Some('n') => ('\n', 2),
            Some('t') => ('\t', 2),
            Some('s') => (' ', 2),
            _ => {
                let end = rest[at..].find('}').expect("an escape") + at;
                let code = u32::from_str_radix(&rest[at + 3..end], 16).expect("a number");
                (char::from_u32(code).expect("a character"), end + 1 - at)
            }
        };
        out.push(c);
        rest = &rest[at + len..];
    }
    out + rest
}

/// `tests/data/patterns.md`: what each pattern must answer, under every strategy.
#[test]
fn the_cases_hold() {
    let file = include_str!("data/patterns.md");
    let cases = &file[file.find("\n## ").expect("a section")..];
    let (mut subjects, mut expected, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for line in cases.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(case) = line.strip_prefix("  ") {
            let text = unescaped(&case[2..]);
            expected.push((subjects.len() - 1, texts.len(), case.starts_with('+')));
            texts.push(text);
            continue;
        }
        let (flags, source) = line.split_once(' ').expect("flags and a pattern");
        let options = PatternOptions {
            dialect: if flags.contains('2') { Dialect::Re2 } else { Dialect::Native },
            no_case: flags.contains('i'),
            dot_all: flags.contains('s'),
            multi_line: flags.contains('m'),
            verbose: flags.contains('x'),
            whole: flags.contains('w'),
        };
        subjects.push(regex_of(source, options).expect(source));
    }
    for (subject, text, matches) in expected {
        assert_eq!(subjects[subject].alone(&texts[text]), matches, "{:?} on {:?}", subjects[subject], texts[text]);
    }
    agree(&subjects, &texts).unwrap_or_else(|error| panic!("{error}"));
}

/// Long and hostile texts take the ways that short ones do not: many places, wide windows.
#[test]
fn long_texts_agree() {
    let sources = [
        "foo.*bar",
        r"foo\s+bar",
        "(?i)a.{0,40}z",
        r"\bx\w*y\b",
        "[^<]*<[a-z]+@",
        "(?:ab)+c",
        r"k\W+k",
        "b{3,9}a",
        r"(?i)s[\W_]{0,3}k[\W_]{0,3}s",
        r"\d{3}-\d{4}$",
        "^foo",
        "end$",
        r"[a-z]{50,}",
    ];
    let mut subjects: Vec<Subject> = sources.iter().map(|source| regex(source)).collect();
    subjects.push(Subject::Literal("FOO".into(), Literal::Contains, false));
    subjects.push(Subject::Literal("ſ\u{a0}foo".into(), Literal::Contains, true));
    subjects.push(Subject::Glob("*foo*ba?*".into(), true));
    let unit = ["foo ", "<", "ab", "k-", "x", "\u{a0}ſfoo", "555-123", "é", "s.k", "aaaa\n"];
    let mut texts: Vec<String> = unit.iter().map(|unit| unit.repeat(400)).collect();
    texts.extend(unit.iter().map(|unit| format!("{}foo bar abc s_k_S 555-1234", unit.repeat(300))));
    agree(&subjects, &texts).unwrap_or_else(|error| panic!("{error}"));
}

/// Real patterns over real mail, where both are: `RULEEVAL_BENCH_PATTERNS` (see `benches/patterns.rs`)
/// and the folder `target/corpora/devpack`.
#[test]
fn real_patterns_agree_on_real_mail() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/corpora/devpack/spam");
    let patterns = std::env::var_os("RULEEVAL_BENCH_PATTERNS").and_then(|file| std::fs::read_to_string(file).ok());
    let (Some(patterns), Ok(mail)) = (patterns, std::fs::read_dir(folder)) else {
        println!("skipped: no real patterns or no real mail here");
        return;
    };
    let subject = |line: &str| {
        let (flags, source) = line.split_once('\t')?;
        let options =
            PatternOptions { dialect: Dialect::Re2, no_case: flags.contains('i'), ..PatternOptions::default() };
        regex_of(source, options)
    };
    let subjects: Vec<Subject> = patterns.lines().filter_map(subject).take(500).collect();
    let mut paths: Vec<_> = mail.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let texts: Vec<String> = paths
        .iter()
        .step_by((paths.len() / 25).max(1))
        .filter_map(|path| Some(String::from_utf8_lossy(&std::fs::read(path).ok()?).chars().take(6_000).collect()))
        .collect();
    let matches = agree(&subjects, &texts).unwrap_or_else(|error| panic!("{error}"));
    println!("{matches} matches of {} patterns on {} messages", subjects.len(), texts.len());
}

#[test]
fn equal_inputs_are_one_pattern() {
    let mut builder = PatternSetBuilder::new();
    let word = builder.literal("Foo", Literal::Contains, true);
    assert_eq!(builder.literal("fOO", Literal::Contains, true), word);
    assert_eq!(builder.glob("*foo*", true), word);
    assert_ne!(builder.literal("foo", Literal::Contains, false), word);
    let pattern = |source| Arc::new(Pattern::new(source, PatternOptions::default()).expect("a pattern"));
    let regex = builder.pattern(&pattern("fo+"));
    assert_eq!(builder.pattern(&pattern("fo+")), regex);
    assert_eq!(builder.build().len(), 3);
}

/// Answers are given when asked for, remembered, and counted in steps that depend on nothing else.
#[test]
fn confirmation_is_lazy_and_counted() {
    let mut builder = PatternSetBuilder::new();
    let costly = builder.pattern(&Arc::new(Pattern::new(r"[a-z]+\d", PatternOptions::default()).expect("a pattern")));
    let absent = builder.literal("nowhere", Literal::Contains, true);
    let set = builder.build();
    let mut cache = PatternCache::new();
    let text = "words ".repeat(50) + "a1";
    let mut rounds = Vec::new();
    for _ in 0..3 {
        set.scan_candidates(&text, &mut cache);
        assert!(cache.is_candidate(costly) && !cache.is_candidate(absent));
        let scanned = cache.take_steps();
        assert!(set.confirm(&text, costly, &mut cache));
        let confirmed = cache.take_steps();
        assert!(set.confirm(&text, costly, &mut cache));
        assert_eq!(cache.take_steps(), 0, "remembered");
        rounds.push((scanned, confirmed));
    }
    assert!(rounds[0].0 >= text.len() as u64 && rounds[0].1 > 0);
    assert_eq!(rounds[0], rounds[1]);
    assert_eq!(rounds[1], rounds[2]);
}
