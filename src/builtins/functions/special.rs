//! Functions whose meaning the checker gives: declared here for the reference and its examples.

use crate::builtins::Registry;
use crate::value::Example;

const fn example(expr: &'static str, value: &'static str) -> Example {
    Example { expr, value: Some(value) }
}

pub(super) fn declare(r: &mut Registry) {
    r.special("any(list: any, condition: bool) -> bool", "True if the condition holds for an element. `.` is the element, or name it: `any(xs, x => ...)`. An absent list is unknown.", &[const { example("any([1, 2], . > 1)", "true") }, const { example("any([\"a\"], x => x == \"b\")", "false") }]);
    r.special(
        "all(list: any, condition: bool) -> bool",
        "True if the condition holds for every element; also for an empty or absent list.",
        &[const { example("all([1, 2], . > 1)", "false") }],
    );
    r.special(
        "none(list: any, condition: bool) -> bool",
        "True if the condition holds for no element.",
        &[const { example("none([1, 2], . > 2)", "true") }],
    );
    r.special(
        "exactly(count: int, list: any, condition: bool) -> bool",
        "True if the condition holds for so many elements.",
        &[const { example("exactly(1, [1, 2], . > 1)", "true") }],
    );
    r.special(
        "at_least(count: int, list: any, condition: bool) -> bool",
        "True if the condition holds for so many elements or more.",
        &[const { example("at_least(2, [1, 2], . > 0)", "true") }],
    );
    r.special(
        "filter(list: any, condition: bool) -> [any]",
        "The elements for which the condition holds. An absent list gives an empty one.",
        &[const { example("filter([1, 2, 3], . > 1)", "[2,3]") }],
    );
    r.special(
        "map(list: any, value: any) -> [any]",
        "The value for each element.",
        &[const { example("map([1, 2], . + 1)", "[2,3]") }],
    );
    r.special(
        "distinct(list: any, key: any?) -> [any]",
        "The first element of each key; without a key, of each value.",
        &[const { example("distinct([1, 2, 1])", "[1,2]") }, const { example("distinct([1, 2, 3], . % 2)", "[1,2]") }],
    );
    r.special(
        "ratio(list: any, condition: bool) -> float?",
        "The share of elements for which the condition holds; absent for an empty list.",
        &[const { example("ratio([1, 2, 3, 4], . > 3)", "0.25") }, const { example("ratio([], true)", "null") }],
    );
    r.special(
        "first(list: any, condition: bool?) -> any?",
        "The first element, or the first for which the condition holds.",
        &[const { example("first([3, 1, 2], . < 3)", "1") }],
    );
    r.special(
        "last(list: any, condition: bool?) -> any?",
        "The last element, or the last for which the condition holds.",
        &[const { example("last([3, 1, 2])", "2") }],
    );
    r.special(
        "length(value: any) -> int",
        "Characters of a text, entries of a list or map.",
        &[const { example("length(\"häh\")", "3") }, const { example("length([])", "0") }],
    );
    r.special(
        "sum(list: [any]) -> any",
        "The sum of numbers; 0 for an absent list.",
        &[const { example("sum([1, 2, 3])", "6") }],
    );
    r.special(
        "flatten(list: [any]) -> [any]",
        "The lists in a list, joined.",
        &[const { example("flatten([[1], [2, 3]])", "[1,2,3]") }],
    );
    r.special(
        "keys(map: any) -> [string]",
        "The names in a map, in order.",
        &[const {
            example("keys(strings.parse_url(\"http://example.com/?b=1&a=2\").query_params_decoded)", "[\"a\",\"b\"]")
        }],
    );
    r.special(
        "values(map: any) -> [any]",
        "The values in a map, in the order of their names.",
        &[const {
            example(
                "values(strings.parse_url(\"http://example.com/?b=1&a=2\").query_params_decoded)",
                "[[\"2\"],[\"1\"]]",
            )
        }],
    );
    r.special(
        "coalesce(value: any...) -> any?",
        "The first value that is not absent; `a ?? b` is the same.",
        &[const { example("coalesce([1][5], 2)", "2") }],
    );
    let text = [
        ("strings.contains(text: string, part: string...) -> bool", "The text holds one of the parts."),
        ("strings.icontains(text: string, part: string...) -> bool", "The text holds one of the parts, without case."),
        ("strings.starts_with(text: string, prefix: string...) -> bool", "The text begins with one of the prefixes."),
        (
            "strings.istarts_with(text: string, prefix: string...) -> bool",
            "The text begins with one of the prefixes, without case.",
        ),
        ("strings.ends_with(text: string, suffix: string...) -> bool", "The text ends with one of the suffixes."),
        (
            "strings.iends_with(text: string, suffix: string...) -> bool",
            "The text ends with one of the suffixes, without case.",
        ),
        ("strings.like(text: string, glob: string...) -> bool", "One of the globs (`*`, `?`) covers the whole text."),
        (
            "strings.ilike(text: string, glob: string...) -> bool",
            "One of the globs covers the whole text, without case.",
        ),
        ("ilike(text: string, glob: string...) -> bool", "Another name of `strings.ilike`."),
        (
            "regex.contains(text: string, pattern: pattern...) -> bool",
            "One of the patterns (RE2 syntax) matches somewhere.",
        ),
        (
            "regex.icontains(text: string, pattern: pattern...) -> bool",
            "One of the patterns matches somewhere, without case.",
        ),
        ("regex.match(text: string, pattern: pattern...) -> bool", "One of the patterns matches the whole text."),
        (
            "regex.imatch(text: string, pattern: pattern...) -> bool",
            "One of the patterns matches the whole text, without case.",
        ),
    ];
    for (signature, doc) in text {
        r.special(signature, doc, &[]);
    }
    r.special(
        "template(name: any) -> any",
        "A template matched against the message; only its senders' messages match. Gives `matched`, a string for each slot (absent if it does not match), `residue` (visible text that neither literal nor slot accounts for), `coverage` (0 to 1), `conflicts` (slots that hold different texts), `variant`, and, if the template says where its links lead, `links_outside`.",
        &[],
    );
}
