//! A set answers as the `regex` crate does one by one: a byte of options, patterns by line, a NUL, a
//! text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruleeval::matcher::{
    Dialect, Glob, Literal, Pattern, PatternCache, PatternHits, PatternOptions, PatternSetBuilder, find,
};
use std::sync::Arc;

fuzz_target!(|bytes: &[u8]| {
    let Some((bits, rest)) = bytes.split_first() else { return };
    let Some(at) = rest.iter().position(|byte| *byte == 0) else { return };
    let (Ok(lines), Ok(text)) = (std::str::from_utf8(&rest[..at]), std::str::from_utf8(&rest[at + 1..])) else { return };
    let bit = |index: u8| bits >> index & 1 == 1;
    let options = PatternOptions {
        dialect: if bit(0) { Dialect::Re2 } else { Dialect::Native },
        no_case: bit(1),
        dot_all: bit(2),
        multi_line: bit(3),
        verbose: bit(4),
        whole: bit(5),
    };
    let mut builder = PatternSetBuilder::new();
    let mut expected = Vec::new();
    for line in lines.lines().take(8) {
        if let Ok(pattern) = Pattern::new(line, options) {
            let oracle = regex::RegexBuilder::new(&pattern.text())
                .case_insensitive(options.no_case)
                .dot_matches_new_line(options.dot_all)
                .multi_line(options.multi_line)
                .ignore_whitespace(options.verbose)
                .build()
                .expect("a pattern that was accepted");
            let alone = oracle.is_match(text);
            assert_eq!(pattern.is_match(text), alone, "{line:?} alone on {text:?}");
            expected.push((builder.pattern(&Arc::new(pattern)), alone));
        }
        for place in [Literal::Contains, Literal::StartsWith, Literal::EndsWith] {
            let id = builder.literal(line, place, options.no_case);
            expected.push((id, find(place, options.no_case, text, line).is_some()));
        }
        expected.push((builder.glob(line, options.no_case), Glob::new(line, options.no_case).is_match(text)));
    }
    let set = builder.build();
    let (mut cache, mut hits) = (PatternCache::new(), PatternHits::new());
    set.scan(text, &mut cache, &mut hits);
    for (id, alone) in expected {
        assert_eq!(hits.contains(id), alone, "pattern {} on {text:?}", id.index());
    }
});
