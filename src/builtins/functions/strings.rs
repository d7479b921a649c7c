//! Functions over text.

use crate::builtins::Registry;
use crate::message::{Domain, EmailAddress, Url};
use crate::text::{Disguise, disguise, replace_confusables};
use crate::value::{Cidr, Cost, Example, Value};
use rapidfuzz::distance::levenshtein;
use std::net::IpAddr;

const fn example(expr: &'static str, value: &'static str) -> Example {
    Example { expr, value: Some(value) }
}

/// Longest texts, in characters, whose distance is computed; it costs their product.
const MAX_DISTANCE_TEXT: usize = 4096;

fn text(args: &[Value], index: usize) -> &str {
    args.get(index).and_then(Value::as_str).unwrap_or("")
}

pub(super) fn declare(r: &mut Registry) {
    r.function(
        "strings.concat(part: string...) -> string",
        "The texts joined; absent if one of them is.",
        Cost::Cheap,
        &[const { example("strings.concat(\"a\", \"b\")", "\"ab\"") }],
        |_, args| {
            if args.iter().any(Value::is_null) {
                return Value::Null;
            }
            args.iter().filter_map(Value::as_str).collect::<String>().into()
        },
    );
    r.function(
        "strings.count(text: string, part: string) -> int",
        "How often the part stands in the text, without overlap.",
        Cost::Moderate,
        &[const { example("strings.count(\"aXa\", \"a\")", "2") }],
        |_, args| count(text(args, 0), text(args, 1)),
    );
    r.function(
        "strings.icount(text: string, part: string) -> int",
        "How often the part stands in the text, without case.",
        Cost::Moderate,
        &[const { example("strings.icount(\"aXA\", \"a\")", "2") }],
        |_, args| count(&text(args, 0).to_lowercase(), &text(args, 1).to_lowercase()),
    );
    r.function(
        "strings.levenshtein(a: string, b: string) -> int?",
        "Edits between two texts; absent past 4,096 characters.",
        Cost::Moderate,
        &[const { example("strings.levenshtein(\"paypal\", \"paypai\")", "1") }],
        |_, args| distance(text(args, 0), text(args, 1)),
    );
    r.function(
        "strings.ilevenshtein(a: string, b: string) -> int?",
        "Edits between two texts, without case.",
        Cost::Moderate,
        &[const { example("strings.ilevenshtein(\"PayPal\", \"paypai\")", "1") }],
        |_, args| distance(&text(args, 0).to_lowercase(), &text(args, 1).to_lowercase()),
    );
    r.function(
        "strings.replace_confusables(text: string) -> string",
        "Characters that look like ASCII letters and digits replaced by them (Unicode TR39), styled letters by plain ones; invisible characters and marks over letters removed.",
        Cost::Moderate,
        &[
            const { example("strings.replace_confusables(\"Раураl\")", "\"Paypal\"") },
            const { example("strings.replace_confusables(\"𝐏𝐚𝐲 🅿🅰🆈 ᴘᴀʏ\")", "\"Pay PAY pay\"") },
        ],
        |_, args| replace_confusables(text(args, 0)).into(),
    );
    disguises(r);
    r.function(
        "strings.parse_url(text: string, strict: bool?) -> Url?",
        "A URL taken apart; absent if the text is none. `strict` refuses texts without scheme and defanged forms.",
        Cost::Moderate,
        &[
            const { example("strings.parse_url(\"https://a.example.com/x\").domain.root_domain", "\"example.com\"") },
            const { example("strings.parse_url(\"no url\")", "null") },
        ],
        |_, args| {
            let strict = matches!(args.get(1), Some(Value::Bool(true)));
            let parsed = if strict { Url::parse_strict(text(args, 0)) } else { Url::parse(text(args, 0)) };
            parsed.map_or(Value::Null, Value::record)
        },
    );
    r.function(
        "strings.parse_domain(text: string) -> Domain?",
        "A host name taken apart; absent for addresses and empty text.",
        Cost::Moderate,
        &[const { example("strings.parse_domain(\"a.b.co.uk\").root_domain", "\"b.co.uk\"") }],
        |_, args| Domain::parse(text(args, 0)).map_or(Value::Null, Value::record),
    );
    r.function(
        "strings.parse_email(text: string) -> EmailAddress?",
        "An address taken apart; absent if the text is none.",
        Cost::Moderate,
        &[
            const { example("strings.parse_email(\"Ann@Example.com\").email", "\"ann@example.com\"") },
            const { example("strings.parse_email(\"ann\")", "null") },
        ],
        |_, args| EmailAddress::parse(text(args, 0)).map_or(Value::Null, Value::record),
    );
    r.function(
        "lower(text: string) -> string",
        "The text in lower case.",
        Cost::Cheap,
        &[const { example("lower(\"AbC\")", "\"abc\"") }],
        |_, args| text(args, 0).to_lowercase().into(),
    );
    r.function(
        "upper(text: string) -> string",
        "The text in upper case.",
        Cost::Cheap,
        &[const { example("upper(\"AbC\")", "\"ABC\"") }],
        |_, args| text(args, 0).to_uppercase().into(),
    );
    r.function(
        "trim(text: string) -> string",
        "The text without white space at its ends.",
        Cost::Cheap,
        &[const { example("trim(\" a \")", "\"a\"") }],
        |_, args| text(args, 0).trim().into(),
    );
    r.function("beta.ip_in(ip: any, block: any...) -> bool?", "True if the address lies in one of the blocks, given as text or `cidr`; `ip in $list` is the form of this language.", Cost::Cheap, &[const { example("beta.ip_in(\"192.0.2.7\", \"192.0.2.0/24\")", "true") }], |_, args| ip_in(args));
    r.clock(
        "now() -> time?",
        "The time that the host gives; absent if it gives none.",
        &[const { example("now()", "null") }],
        |ctx, _| ctx.env.now.map_or(Value::Null, Value::Time),
    );
}

fn disguises(r: &mut Registry) {
    let number = |count: usize| Value::Int(count as i64);
    r.record::<Disguise>("Disguise", "What in a text is written so that programs do not read what people see. Counts are characters.")
        .field("invisible", "int", Cost::Cheap, "Invisible characters of any kind; those that emoji and scripts need are not counted. Newsletters pad their preview text with hundreds.", move |_, d| number(d.invisible))
        .field("inside_words", "int", Cost::Cheap, "Invisible characters between two letters or digits of one word, soft hyphens not counted.", move |_, d| number(d.inside_words))
        .field("soft_hyphens", "int", Cost::Cheap, "Soft hyphens; German newsletters use them honestly.", move |_, d| number(d.soft_hyphens))
        .field("zero_width", "int", Cost::Cheap, "Zero-width characters.", move |_, d| number(d.zero_width))
        .field("bidi", "int", Cost::Cheap, "Direction marks and overrides in text that needs none.", move |_, d| number(d.bidi))
        .field("variation_selectors", "int", Cost::Cheap, "Variation selectors that follow no emoji, digit or ideograph (U+E0100 between letters).", move |_, d| number(d.variation_selectors))
        .field("other_invisible", "int", Cost::Cheap, "Tags and other characters that no text needs.", move |_, d| number(d.other_invisible))
        .field("styled_letters", "int", Cost::Cheap, "Mathematical, circled and squared letters, small capitals, full-width letters beside ASCII.", move |_, d| number(d.styled_letters))
        .field("stray_marks", "int", Cost::Cheap, "Combining marks on letters that no language writes.", move |_, d| number(d.stray_marks))
        .field("mixed_script_words", "[string]", Cost::Cheap, "Words with letters of several alphabets that look alike (Latin, Greek, Cyrillic, Armenian, Cherokee, Coptic, Lisu), at most 100.", |_, d| {
            Value::list(d.mixed_script_words.iter().map(|word| Value::from(word.as_str())))
        });
    r.function(
        "disguise(text: string) -> Disguise",
        "Counts of what hides text from programs: invisible characters, styled letters, words of mixed alphabets.",
        Cost::Moderate,
        &[
            const { example("disguise(\"Раyраl\").mixed_script_words", "[\"Раyраl\"]") },
            const { example("disguise(\"𝐏𝐚𝐲 now\").styled_letters", "3") },
            const { example("disguise(\"plain text\").invisible", "0") },
        ],
        |_, args| Value::record(std::sync::Arc::new(disguise(text(args, 0)))),
    );
}

fn count(text: &str, part: &str) -> Value {
    if part.is_empty() {
        return Value::Int(text.chars().count() as i64 + 1);
    }
    Value::Int(memchr::memmem::find_iter(text.as_bytes(), part.as_bytes()).count() as i64)
}

fn distance(a: &str, b: &str) -> Value {
    let too_long = |text: &str| text.chars().nth(MAX_DISTANCE_TEXT).is_some();
    if too_long(a) || too_long(b) {
        return Value::Null;
    }
    Value::Int(levenshtein::distance(a.chars(), b.chars()) as i64)
}

fn ip_in(args: &[Value]) -> Value {
    let ip = match args.first() {
        Some(Value::Ip(ip)) => Some(*ip),
        Some(Value::String(text)) => text.trim().parse::<IpAddr>().ok(),
        _ => None,
    };
    let Some(ip) = ip else { return Value::Null };
    let holds = |block: &Value| match block {
        Value::Cidr(cidr) => cidr.contains(ip),
        Value::Ip(other) => *other == ip,
        Value::String(text) => Cidr::parse(text).is_some_and(|cidr| cidr.contains(ip)),
        Value::List(items) => items.iter().any(|item| matches!(item, Value::Cidr(cidr) if cidr.contains(ip))),
        _ => false,
    };
    args[1..].iter().any(holds).into()
}
