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
    Regex(Arc<Pattern>),
}

impl Subject {
    fn add(&self, builder: &mut PatternSetBuilder) -> PatternId {
        match self {
            Self::Literal(needle, place, no_case) => builder.literal(needle, *place, *no_case),
            Self::Equal(needle, no_case) => builder.equal(needle, *no_case),
            Self::Glob(glob, no_case) => builder.glob(glob, *no_case),
            Self::Regex(pattern) => builder.pattern(pattern),
        }
    }

    fn alone(&self, text: &str) -> bool {
        match self {
            Self::Literal(needle, place, no_case) => find(*place, *no_case, text, needle).is_some(),
            Self::Equal(needle, true) => equal_no_case(needle, text),
            Self::Equal(needle, false) => needle == text,
            Self::Glob(glob, no_case) => Glob::new(glob, *no_case).is_match(text),
            Self::Regex(pattern) => pattern.is_match(text),
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

fn regex() -> impl Strategy<Value = (Subject, String)> {
    (piece(), options()).prop_filter_map("does not compile", |((regex, text), options)| {
        let pattern = Pattern::new(&regex, options).ok()?;
        Some((Subject::Regex(Arc::new(pattern)), text))
    })
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
    let one = prop_oneof![3 => regex(), 2 => plain()];
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
