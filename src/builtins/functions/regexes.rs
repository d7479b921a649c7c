//! Extraction and counting with regular expressions.

use crate::builtins::Registry;
use crate::matcher::Pattern;
use crate::value::{Cost, Example, Value};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Most matches that are extracted from one text.
const MAX_MATCHES: usize = 10_000;

/// One match of a pattern.
struct Found {
    full: Arc<str>,
    groups: Vec<Value>,
    named: BTreeMap<String, Value>,
}

const fn example(expr: &'static str, value: &'static str) -> Example {
    Example { expr, value: Some(value) }
}

pub(super) fn declare(r: &mut Registry) {
    r.record::<Found>("RegexMatch", "A match of a regular expression. A group that took no part is an empty text.")
        .field("full_match", "string", Cost::Cheap, "The matched text.", |_, m| Value::String(Arc::clone(&m.full)))
        .field("groups", "[string]", Cost::Cheap, "Groups in order.", |_, m| Value::list(m.groups.iter().cloned()))
        .field("named_groups", "map<string>", Cost::Cheap, "Named groups.", |_, m| {
            Value::Map(Arc::new(m.named.clone()))
        });
    r.function(
        "regex.extract(text: string, pattern: pattern) -> [RegexMatch]",
        "All matches with their groups.",
        Cost::Moderate,
        &[const { example("regex.extract(\"a1 b2\", '(\\w)(\\d)')[1].groups", "[\"b\",\"2\"]") }],
        |_, args| extract(args),
    );
    r.function(
        "regex.iextract(text: string, pattern: pattern) -> [RegexMatch]",
        "All matches with their groups, without case.",
        Cost::Moderate,
        &[const { example("regex.iextract(\"ID: 7\", 'id: (?P<id>\\d)')[0].named_groups[\"id\"]", "\"7\"") }],
        |_, args| extract(args),
    );
    r.function(
        "regex.count(text: string, pattern: pattern) -> int",
        "Number of matches.",
        Cost::Moderate,
        &[const { example("regex.count(\"a1 b2\", '\\d')", "2") }],
        |_, args| matches(args),
    );
    r.function(
        "regex.icount(text: string, pattern: pattern) -> int",
        "Number of matches, without case.",
        Cost::Moderate,
        &[const { example("regex.icount(\"aA\", 'a')", "2") }],
        |_, args| matches(args),
    );
}

fn operands(args: &[Value]) -> Option<(&str, &Arc<Pattern>)> {
    match args {
        [Value::String(text), Value::Pattern(pattern)] => Some((text, pattern)),
        _ => None,
    }
}

fn matches(args: &[Value]) -> Value {
    operands(args).map_or(Value::Null, |(text, pattern)| Value::Int(pattern.count(text) as i64))
}

fn extract(args: &[Value]) -> Value {
    let Some((text, pattern)) = operands(args) else { return Value::Null };
    let found = pattern.matches(text).take(MAX_MATCHES).map(|found| {
        let group = |range: Option<Range<usize>>| Value::from(range.map_or("", |range| &text[range]));
        let mut groups = found.groups();
        let full = groups.next().and_then(|(_, range)| range).map_or("", |range| &text[range]).into();
        let (names, groups): (Vec<Option<&str>>, Vec<Value>) = groups.map(|(name, range)| (name, group(range))).unzip();
        let named = names.into_iter().zip(&groups).filter_map(|(name, group)| Some((name?.to_owned(), group.clone())));
        Value::record(Arc::new(Found { full, named: named.collect(), groups }))
    });
    Value::list(found)
}
