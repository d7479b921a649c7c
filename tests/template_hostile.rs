//! What a hostile sender, or a hostile rule, may try with templates; and what must hold for all.

use proptest::prelude::*;
use ruleeval::engine::{Compiler, Engine};
use ruleeval::message::{Limits, Message, Settings};
use ruleeval::template::{Outcome, TemplateSet};
use ruleeval::value::{Element, SlotKind, TemplateDecl, VariantDecl};
use std::fmt::Write;
use std::sync::Arc;

const SENDER: &str = "notice@service.example";

fn engine(template: &str) -> Engine {
    let mut compiler = Compiler::new();
    let rules = format!("template t {{ from: \"{SENDER}\" body: \"\"\"\n{template}\n\"\"\" }}");
    let limits = Limits { text_bytes: 64 << 20, ..Limits::default() };
    compiler.rules("test", &rules).settings(Settings { limits, ..Settings::default() });
    let compiled = compiler.compile();
    compiled.engine.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))
}

fn mail(body: &str) -> String {
    format!("From: <{SENDER}>\r\nSubject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}")
}

fn outcome(template: &str, body: &str) -> (Outcome, Vec<String>, usize) {
    let engine = engine(template);
    let message = engine.parse(mail(body).into_bytes());
    let outcome = engine.templates().outcome(&message, 0);
    (outcome, message.limits_hit(), body.len())
}

/// Work stays within a small multiple of the text.
fn linear(template: &str, unit: &str, end: &str) -> Outcome {
    let work = |times: usize| {
        let body = format!("{}{end}", unit.repeat(times));
        let (outcome, limits, bytes) = outcome(template, &body);
        assert!(!outcome.exhausted && limits.is_empty(), "{limits:?}");
        (outcome.work as f64 / bytes as f64, outcome)
    };
    let (small, _) = work(20_000 / unit.len());
    let (large, outcome) = work(320_000 / unit.len());
    assert!(large < 2.0 * small + 1.0, "{small} then {large} steps a byte for `{unit}`");
    outcome
}

#[test]
fn many_repeats_of_an_anchor_cost_no_more_than_their_length() {
    let template = "Your verification code: {code: digits} for {org: line}, valid today\nRegards from the whole team";
    assert!(!linear(template, "Your verification code: ", "").matched);
    assert!(!linear(template, "Your verification code: 1 for ", "").matched);
    assert!(!linear(template, "Your verification code: 12 for x, valid today\r\n", "").matched);
    let last = linear(
        template,
        "Your verification code: 12 for me\r\n",
        "Your verification code: 3 for x, valid today\r\nRegards from the whole team",
    );
    assert!(last.matched, "{:?}", last.missing);
    assert_eq!(last.slots[0].as_ref().map(|slot| &*slot.text), Some("3"));
    assert!(!linear("the first of them aaaa {x} bbbb aaaa {y} bbbb aaaa {z} cccc", "aaaa bbbb ", "").matched);
    assert!(!linear("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "a", "").matched);
}

#[test]
fn nested_and_chained_optional_parts_do_not_blow_up() {
    let mut chained = String::from("the beginning of it\n");
    for _ in 0..100 {
        chained.push_str("[[word]]");
    }
    chained.push_str("\nthe end that never comes");
    assert!(!linear(&chained, "the beginning of it word word ", "").matched);
    let nested = "the beginning of it [[word [[word [[word [[word [[word [[word [[word]]]]]]]]]]]]]] the end";
    assert!(!linear(nested, "the beginning of it word word word word ", "").matched);
    let mut slots = String::from("the beginning of it\n");
    for index in 0..60 {
        let _ = writeln!(slots, "[[item {{a{index}: digits}} costs {{b{index}: money}}]]");
    }
    slots.push_str("the end that never comes");
    assert!(!linear(&slots, "item 1 costs $5\r\n", "").matched);
}

#[test]
fn a_text_of_ten_megabytes_is_read_in_one_go() {
    let body = format!(
        "Your verification code is 402918\r\n{}\r\nRegards from the whole team",
        "lorem ipsum dolor sit amet, consectetur \r\n".repeat(250_000)
    );
    let (outcome, limits, bytes) =
        outcome("Your verification code is {code: digits}\nRegards from the whole team", &body);
    assert!(bytes > 10_000_000 && outcome.matched && limits.is_empty(), "{limits:?}");
    assert!(outcome.work < bytes as u64, "{} steps", outcome.work);
    assert!(outcome.coverage < 0.01 && outcome.residue.len() == 1);
}

#[test]
fn stuffing_with_invisible_characters_changes_nothing() {
    let body: String =
        "Your verification code is 402918".chars().flat_map(|c| [c, '\u{200B}', '\u{FE0F}', '\u{E0061}']).collect();
    let stuffed = format!("{}{body}{}", "\u{200B}".repeat(100_000), "\u{00AD}".repeat(100_000));
    let (outcome, ..) = outcome("Your verification code is {code: digits}", &stuffed);
    assert!(outcome.matched);
    let code = outcome.slots[0].as_ref().expect("the code");
    // The text as it stands, at its place.
    assert_eq!(code.text.replace(['\u{200B}', '\u{FE0F}', '\u{E0061}'], ""), "402918");
    let visible = Message::parse(mail(&stuffed).into_bytes(), Arc::default()).body().visible_text();
    assert_eq!(&visible[code.bytes.clone()], &*code.text);
}

#[test]
fn the_largest_template_fits_the_stack() {
    let mut lines = String::new();
    for index in 0..490 {
        let _ = writeln!(lines, "line number {index} of the template");
    }
    let (outcome, ..) = outcome(&lines, &lines);
    assert!(outcome.matched && outcome.coverage > 0.999, "{:?}", outcome.missing);
}

const WORDS: [&str; 12] =
    ["Hello", "your", "invoice", "is", "ready", "Zahlung", "für", "счёт", "請求書", "call", "now", "team"];

fn words() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(WORDS.to_vec()), 1..5).prop_map(|words| words.join(" "))
}

/// Text of no template: its letters occur in no literal.
fn filler() -> impl Strategy<Value = String> {
    "[qxzQXZ0-9$€#%&ÆŊ][qxzQXZ0-9$€#%&ÆŊ ]{0,30}[qxzQXZ]"
}

#[derive(Clone, Debug)]
struct Filled {
    template: Vec<Element>,
    body: String,
    values: Vec<String>,
}

/// Lines of literal, slot, literal; a slot may stand again; some parts are optional.
fn filled() -> impl Strategy<Value = Filled> {
    let line = (words(), filler(), words(), any::<bool>(), any::<bool>());
    prop::collection::vec(line, 1..8).prop_map(|lines| {
        let mut filled = Filled { template: Vec::new(), body: String::new(), values: Vec::new() };
        for (index, (before, value, after, optional, present)) in lines.into_iter().enumerate() {
            // A number that no other line has makes the literals unambiguous.
            let (before, after) = (format!("wfk{index}w {before} "), format!(" {after} wg{index}w"));
            let slot = filled.values.len() as u16;
            let text = |text: &str| Element::Text(text.into());
            let inner = vec![text(&before), Element::Slot(slot), text(&after)];
            if optional {
                filled.template.push(Element::Optional(inner));
            } else {
                filled.template.extend(inner);
            }
            filled.template.push(Element::Break);
            let shown = !optional || present;
            if shown {
                let _ = write!(filled.body, "{before}{value}{after}\r\n");
            }
            filled.values.push(if shown { value } else { String::new() });
        }
        filled.template.insert(0, Element::Text("wwkk the beginning".into()));
        filled.template.insert(1, Element::Break);
        filled.template.push(Element::Text("wwgg the end".into()));
        filled.body = format!("wwkk the beginning\r\n{}wwgg the end\r\n", filled.body);
        filled
    })
}

fn set(template: Vec<Element>, slots: usize) -> TemplateSet {
    let slots = (0..slots).map(|index| (format!("s{index}").into(), SlotKind::Text)).collect();
    TemplateSet::new(vec![Arc::new(TemplateDecl {
        name: "test/t".into(),
        from: vec![SENDER.into()],
        links: None,
        slots,
        variants: vec![VariantDecl { name: None, subject: None, body: Some(template) }],
    })])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_fills_the_slots_comes_back(filled in filled()) {
        let set = set(filled.template.clone(), filled.values.len());
        let message = Message::parse(mail(&filled.body).into_bytes(), Arc::default());
        let outcome = set.outcome(&message, 0);
        prop_assert!(outcome.matched, "{:?} in {}", outcome.missing, filled.body);
        for (slot, value) in outcome.slots.iter().zip(&filled.values) {
            let found = slot.as_ref().map_or("", |slot| &*slot.text);
            let value: Vec<&str> = value.split_whitespace().collect();
            prop_assert_eq!(found, value.join(" "), "in {}", filled.body);
        }
        prop_assert!(outcome.residue.is_empty() && outcome.conflicts.is_empty());
        prop_assert!((outcome.coverage - 1.0).abs() < 1e-9);
    }

    #[test]
    fn an_injected_line_is_residue_or_in_a_slot(filled in filled(), injected in filler(), at in any::<prop::sample::Index>()) {
        let mut lines: Vec<&str> = filled.body.lines().collect();
        let injected = format!("injected {injected}");
        lines.insert(at.index(lines.len() + 1), &injected);
        let set = set(filled.template.clone(), filled.values.len());
        let message = Message::parse(mail(&lines.join("\r\n")).into_bytes(), Arc::default());
        let outcome = set.outcome(&message, 0);
        prop_assert!(outcome.matched);
        let residue = outcome.residue.iter().any(|piece| piece.text.contains("injected"));
        let slot = outcome.slots.iter().flatten().any(|slot| slot.text.contains("injected"));
        prop_assert!(residue || slot, "{outcome:#?}");
    }

    /// Any template on any text: no panic, everything shown is a piece of the text, in order.
    #[test]
    fn places_are_pieces_of_the_text(body in ".{0,200}", literals in prop::collection::vec(".{0,8}", 1..6)) {
        let mut template = Vec::new();
        for (index, literal) in literals.iter().enumerate() {
            template.push(Element::Text(literal.as_str().into()));
            template.push(match index % 4 {
                0 => Element::Slot(0),
                1 => Element::Gap,
                2 => Element::Optional(vec![Element::Slot(1), Element::Text("x".into())]),
                _ => Element::Break,
            });
        }
        let set = set(template, 2);
        let message = Message::parse(mail(&body).into_bytes(), Arc::default());
        let outcome = set.outcome(&message, 0);
        let visible = message.body().visible_text();
        prop_assert!((0.0..=1.0).contains(&outcome.coverage));
        for piece in outcome.slots.iter().flatten().chain(&outcome.residue) {
            let stands = visible.get(piece.bytes.clone());
            prop_assert!(stands.is_some(), "{piece:?} of {visible:?}");
            let folded: Vec<&str> = stands.unwrap_or("").split_whitespace().collect();
            prop_assert_eq!(folded.join(" "), &*piece.text);
        }
    }
}

#[test]
fn both_evaluators_agree_on_templates() {
    let mut compiler = Compiler::new();
    compiler.rules(
        "test",
        &format!(
            "template t {{ from: \"{SENDER}\" body: \"Your verification code is {{code: digits}} for {{org: line}}\" links: [] }}
             rule matched {{ when: auth.dmarc != pass and template(t).matched }}
             rule code {{ when: auth.dmarc != pass and template(t).code starts_with \"40\" }}
             rule outside {{ let: t = template(t) when: auth.dmarc != pass and (any(t.links_outside, .visible) or t.coverage < 0.5) }}
             rule residue {{ when: auth.dmarc != pass and not (template(t).residue contains \"now\") }}"
        ),
    );
    let compiled = compiler.compile();
    let engine = compiled.engine.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics));
    for body in [
        "Your verification code is 402918 for Contoso",
        "Your verification code is 1 for x\r\ncall now https://evil.example",
        "nothing",
    ] {
        for message in [mail(body), mail(body).replacen(SENDER, "other@service.example", 1)] {
            let message = engine.parse(message.into_bytes());
            for (rule, planned, reference) in engine.both_outcomes(&message) {
                assert_eq!(planned, reference, "{rule} on {body}");
            }
        }
    }
}

#[test]
fn evidence_shows_the_slot_and_its_place() {
    let mut compiler = Compiler::new();
    compiler.rules(
        "test",
        &format!(
            "template t {{ from: \"{SENDER}\" body: \"Your verification code is {{code: digits}} for {{org: line}}\" }}
             rule org {{ when: auth.dmarc != pass and template(t).org contains~ \"refund\" }}"
        ),
    );
    let engine = compiler.compile().engine.expect("valid rules");
    let body = "Good day.\r\nYour verification code is 1 for Refund desk\r\n";
    let message = engine.parse(mail(body).into_bytes());
    let options = ruleeval::engine::Options { evidence: true, now: None };
    let verdict = engine.evaluate(&message, &mut engine.scratch(), options);
    let json = serde_json::to_value(&verdict).expect("JSON");
    let leaf = &json["matches"][0]["evidence"]["because"][1]["values"][0];
    assert_eq!(leaf["path"], "template(test/t).org", "{json:#}");
    assert_eq!(leaf["value"], "Refund desk");
    assert_eq!(leaf["found"]["text"], "Refund");
    assert_eq!(leaf["stands"][0]["of"], "visible text");
    let visible = message.body().visible_text();
    let start = leaf["stands"][0]["bytes"]["start"].as_u64().expect("a place") as usize;
    assert!(visible[start..].starts_with("Refund desk"));
    assert_eq!(leaf["location"]["place"], "part 1", "{leaf:#}");
}
