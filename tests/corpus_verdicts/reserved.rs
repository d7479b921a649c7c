//! Whatever is invented uses names and numbers that belong to nobody: RFC 2606 and 6761 domains, RFC
//! 5737 addresses, 555-01xx and the ranges that regulators keep for fiction. Real domains are those of
//! the services, in `services.txt`.

use crate::corpus;
use crate::manifest::rows;
use regex::Regex;
use ruleeval::engine::Compiler;
use ruleeval::message::Domain;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use unicode_normalization::UnicodeNormalization;

const RESERVED: [&str; 6] = ["example", "test", "invalid", "example.com", "example.net", "example.org"];

/// Numbers of regulators' lists for film and books, without `0` and country code: London, no area and
/// mobile (Ofcom), Berlin, Hamburg, Frankfurt, Cologne, Munich (Bundesnetzagentur), Paris (ARCEP).
const FICTION: [&str; 11] = [
    "2079460",
    "1632960",
    "7700900",
    "3023125",
    "4066969",
    "6990009",
    "2214710",
    "8999998",
    "19900",
    "15228817386",
    "808157",
];

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, found)),
        _ => {}
    }
}

fn services() -> BTreeSet<String> {
    let text = fs::read_to_string(corpus().join("services.txt")).expect("services.txt");
    let entries = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    entries.map(|line| line.split_whitespace().next().unwrap_or_default().to_owned()).collect()
}

/// True if the name belongs to nobody, or to a service of the list.
fn is_allowed(host: &str, services: &BTreeSet<String>) -> bool {
    RESERVED.iter().any(|root| is_below(host, root)) || services.iter().any(|root| is_below(host, root))
}

fn is_below(host: &str, root: &str) -> bool {
    host.strip_suffix(root).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn is_fiction(number: &str) -> bool {
    let digits: String = number.nfkc().filter(char::is_ascii_digit).collect();
    let national = ["0044", "44", "0049", "49", "0033", "33", "0", ""];
    let listed = national.iter().filter_map(|code| digits.strip_prefix(code)).any(|rest| {
        let rest = rest.strip_prefix('0').unwrap_or(rest);
        FICTION.iter().any(|range| rest.starts_with(range))
    });
    // North American numbers: no area code begins with 0 or 1.
    let american = digits.strip_prefix('1').filter(|rest| rest.len() == 10).unwrap_or(&digits);
    let shaped = american.len() == 7 || american.len() == 10 && !american.starts_with(['0', '1']);
    listed || shaped && american[american.len() - 7..].starts_with("55501")
}

#[test]
fn numbers_and_names_are_told_apart() {
    for number in ["+1 (888) 555-0142", "802 555 0138", "020 7946 0155", "+49 30 23125 417", "01 99 00 42 17"] {
        assert!(is_fiction(number), "{number}");
    }
    for number in ["+1 (888) 555-1142", "802 556 0138", "+49 30 901 0142", "01 55 55 01 42"] {
        assert!(!is_fiction(number), "{number}");
    }
    let services = BTreeSet::from(["paypal.com".to_owned()]);
    assert!(is_allowed("www.paypal.com", &services) && is_allowed("a.example", &services));
    assert!(!is_allowed("notpaypal.com", &services) && !is_allowed("example.io", &services));
}

#[test]
fn nothing_points_at_a_stranger() {
    let services = services();
    let host = Regex::new(r"(?i)(?:://|@)([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]+)").expect("valid");
    let bare = Regex::new(
        r"(?i)\b([a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|io|so|me|ru|top|xyz|de|fr|co|info)(?:\.[a-z]{2})?)\b",
    )
    .expect("valid");
    let shapes = r"\+\d[\d ()./-]{8,16}\d|\(\d{3}\) ?\d{3}[ -]\d{4}|\b\d{3}[ .-]\d{3}[ .-]\d{4}\b|\b0\d{2,4} \d{3,5} \d{3,4}\b|\b0\d(?: \d\d){4}\b";
    let number = Regex::new(shapes).expect("valid");
    let mut compiler = Compiler::new();
    compiler.rules("none", "rule never { when: subject.is_reply }");
    let engine = compiler.compile().engine.expect("compiles");
    let mut wrong = BTreeSet::new();
    let mut used = BTreeSet::new();
    for row in rows() {
        let raw = fs::read(corpus().join(&row.file)).unwrap_or_else(|error| panic!("{}: {error}", row.file));
        let features = engine.features(&engine.parse(raw));
        let (mut all, mut visible) = (Vec::new(), Vec::new());
        texts(&features, &mut all);
        for field in ["subject", "body", "sender"] {
            texts(&features[field], &mut visible);
        }
        for text in &all {
            for found in host.captures_iter(text).chain(bare.captures_iter(text)) {
                let name = found[1].to_ascii_lowercase();
                let known = Domain::parse(&name).is_some_and(|domain| domain.registrable_domain.is_some());
                if is_allowed(&name, &services) {
                    used.extend(services.iter().filter(|root| is_below(&name, root)).cloned());
                } else if known {
                    wrong.insert(format!("{}: the domain {name}", row.file));
                }
            }
        }
        for text in &visible {
            for found in number.find_iter(text).filter(|found| !is_fiction(found.as_str())) {
                wrong.insert(format!("{}: the number {}", row.file, found.as_str()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
    let idle: Vec<&String> = services.difference(&used).collect();
    assert!(idle.is_empty(), "in services.txt, but in no message: {idle:?}");
}
