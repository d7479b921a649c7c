//! Proposed templates: valid rule text that matches the messages that it was made from.

use ruleeval::engine::Compiler;
use ruleeval::message::{Message, Settings};
use ruleeval::source::SourceId;
use ruleeval::template::infer::{Proposal, infer};
use std::path::Path;
use std::sync::Arc;

fn message(subject: &str, body: &str) -> String {
    format!(
        "From: Shop <orders@shop.example>\r\nTo: b@example.org\r\nSubject: {subject}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n"
    )
}

fn parse(text: &str) -> Arc<Message> {
    Message::parse(text.as_bytes().to_vec(), Arc::new(Settings::default()))
}

fn propose(messages: &[Arc<Message>]) -> Proposal {
    let proposal = infer("proposed", messages).expect("a proposal");
    valid(&proposal, messages);
    proposal
}

/// The text is a template in itself and finds the same in its messages.
fn valid(proposal: &Proposal, messages: &[Arc<Message>]) {
    let formatted = ruleeval::syntax::format(SourceId(0), &proposal.text).expect("it parses");
    assert_eq!(ruleeval::syntax::format(SourceId(0), &formatted).expect("it parses"), formatted);
    let mut compiler = Compiler::new();
    compiler.rules("test", &formatted);
    let compiled = compiler.compile();
    let engine = compiled.engine.unwrap_or_else(|| panic!("{:#?}\n{formatted}", compiled.diagnostics));
    for (message, (matched, coverage)) in messages.iter().zip(&proposal.inputs) {
        let outcome = engine.templates().closest(message, 0);
        assert_eq!(outcome.matched, *matched, "{formatted}\n{outcome:#?}");
        assert!((outcome.coverage - coverage).abs() < 1e-9, "{formatted}\n{outcome:#?}");
    }
}

fn order(name: &str, number: &str, amount: &str, day: &str) -> String {
    message(
        &format!("Your order {number} is on its way"),
        &format!(
            "Hello {name},\r\n\r\nthank you for your order. We have sent it today.\r\n\r\nOrder number: {number}\r\nTotal: {amount}\r\nExpected delivery: {day}\r\nQuestions? Write to help@shop.example\r\n\r\nHave a nice day, {name}!\r\nhttps://shop.example/orders\r\n"
        ),
    )
}

#[test]
fn what_varies_becomes_typed_and_named_slots() {
    let messages = [
        order("Ann", "4711001", "$12.50", "May 21, 2026"),
        order("Bob Builder", "4711002", "$1,299.00", "June 3, 2026"),
        order("Zoë", "4812003", "$7.00", "July 11, 2026"),
    ];
    let messages: Vec<_> = messages.iter().map(|text| parse(text)).collect();
    let proposal = propose(&messages);
    assert!(proposal.inputs.iter().all(|(matched, coverage)| *matched && *coverage > 0.99), "{}", proposal.text);
    for wanted in [
        "from: \"orders@shop.example\"",
        "links: \"shop.example\"",
        "subject: \"Your order {number: digits} is on its way\"",
        "Hello {some_text},",
        "Order number: {number}",
        "Total: {total: money}",
        "Expected delivery: {expected_delivery: date}",
        "Questions? Write to help@shop.example",
        "Have a nice day, {some_text}!",
        "// {total: money}: 3 different texts in 3 messages",
    ] {
        assert!(proposal.text.contains(wanted), "no {wanted} in\n{}", proposal.text);
    }
    // The proposal finds the slots of a message that it has not seen.
    let unseen = parse(&order("Dora Day", "4913004", "$0.99", "August 1, 2026"));
    let set = ruleeval::template::TemplateSet::new(vec![Arc::new(proposal.decl)]);
    let outcome = set.closest(&unseen, 0);
    assert!(outcome.matched && outcome.coverage > 0.99, "{outcome:#?}");
}

#[test]
fn other_languages_become_variants() {
    let german = |name: &str, number: &str| {
        message(
            &format!("Ihre Bestellung {number} ist unterwegs"),
            &format!(
                "Guten Tag {name},\r\n\r\nvielen Dank für Ihre Bestellung. Wir haben sie heute versandt.\r\nBestellnummer: {number}\r\n"
            ),
        )
    };
    let texts = [
        order("Ann", "4711001", "$12.50", "May 21, 2026"),
        german("Berta", "4711002"),
        order("Carl", "4711003", "$1.50", "May 22, 2026"),
        german("Dieter", "4711004"),
    ];
    let messages: Vec<_> = texts.iter().map(|text| parse(text)).collect();
    let proposal = propose(&messages);
    assert!(proposal.inputs.iter().all(|(matched, coverage)| *matched && *coverage > 0.99), "{}", proposal.text);
    assert_eq!(proposal.decl.variants.len(), 2, "{}", proposal.text);
    assert!(proposal.text.contains("Bestellnummer: {number}"), "{}", proposal.text);
}

#[test]
fn signs_of_the_language_stay_literal() {
    let odd = |x: &str| {
        message(
            &format!("[Ticket {{{x}}}] was [[closed]] \\ \"done\""),
            &format!(
                "[{x}] The ticket {{id}} of [[group]] is closed ... \"\"\"quoted\"\"\"\r\nand so is the rest of it]\r\n"
            ),
        )
    };
    let messages = [
        parse(&odd("alpha beta")),
        parse(&odd("gamma")),
        parse(&message(
            "was [[closed]] \\ \"done\"",
            "The ticket {id} of [[group]] is closed ... \"\"\"quoted\"\"\"\r\nand so is the rest of it]\r\n",
        )),
    ];
    let proposal = propose(&messages);
    assert!(proposal.inputs.iter().all(|(matched, _)| *matched), "{}", proposal.text);
}

#[test]
fn odd_inputs_give_no_panic() {
    assert!(infer("x", &[]).is_none());
    assert!(infer("x", &[parse("Subject: no sender here\r\n\r\nSome text of the message\r\n")]).is_none());
    let one = [parse(&order("Ann", "4711001", "$12.50", "May 21, 2026"))];
    let proposal = propose(&one);
    assert!(proposal.text.contains("one message only"), "{}", proposal.text);
    let words = "word ".repeat(20_000);
    let long = [parse(&message("long text of words", &words)), parse(&message("long text of words", &words.repeat(2)))];
    propose(&long);
}

#[test]
fn written_notifications_are_matched_by_what_they_give() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["rules/trusted-senders/cases"] {
        let read = |name: &str| std::fs::read(root.join(folder).join(name)).expect("a case");
        for kind in ["ms_entra_otp", "paypal_subscription", "docusign", "google_drive", "quickbooks"] {
            let names = [format!("{kind}.honest.eml"), format!("{kind}.lure.eml")];
            let messages: Vec<_> =
                names.iter().map(|name| Message::parse(read(name), Arc::new(Settings::default()))).collect();
            let proposal = propose(&messages);
            let good = proposal.inputs.iter().all(|(matched, coverage)| *matched && *coverage > 0.9);
            assert!(good, "{kind}: {:?}\n{}", proposal.inputs, proposal.text);
        }
    }
}

/// Real mail of one kind, where there is any.
#[test]
fn real_notifications_are_matched_by_what_they_give() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/corpora/devpack");
    let Ok(manifest) = std::fs::read_to_string(root.join("manifest.csv")) else {
        eprintln!("skipped: no development mail");
        return;
    };
    for kind in ["github-push", "linaro-ci", "circle-so", "pr-tracker"] {
        let files = manifest.lines().filter(|line| line.split(',').nth(3) == Some(kind));
        let files: Vec<&str> = files.filter_map(|line| line.split(',').next()).take(5).collect();
        let messages: Vec<_> = files
            .iter()
            .map(|file| Message::parse(std::fs::read(root.join(file)).expect("a file"), Arc::new(Settings::default())))
            .collect();
        if messages.len() < 2 {
            continue;
        }
        let proposal = infer("real", &messages).expect("a proposal");
        let matched = proposal.inputs.iter().filter(|(matched, _)| *matched).count();
        assert_eq!(matched, messages.len(), "{kind}");
        valid(&proposal, &messages);
    }
}
