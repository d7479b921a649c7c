//! Templates on one message: 10, 100 and 1,000 of them, beside parsing the message. Three ways in
//! which many templates meet a message: all of other senders, one of the sender's and all others of
//! others, and all of its own sender.

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use ruleeval::message::{Message, Settings};
use ruleeval::template::TemplateSet;
use ruleeval::value::{Element, SlotKind, TemplateDecl, VariantDecl};
use std::hint::black_box;
use std::sync::Arc;

const SENDER: &str = "notice@service.example";

fn message() -> Vec<u8> {
    let mut html = String::new();
    for index in 0..40 {
        html.push_str(&format!("<tr><td style=\"padding:4px\">Item {index}</td><td><a href=\"https://service.example/i/{index}\">Details of item {index}</a></td></tr>"));
    }
    format!(
        "From: Service <{SENDER}>\r\nTo: b@example.org\r\nSubject: Ann Example sent you invoice 7\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body><h1>Hello Dana,</h1><p>Ann Example sent you notice number 7 of the service.</p><p>Note from Ann Example: call me</p><table>{html}</table><p>Amount due: $12.50</p><p>Thank you for using the service.</p></body></html>\r\n"
    )
    .into_bytes()
}

/// Template `index` of a sender; only number 7 matches the message.
fn template(index: usize, sender: &str) -> Arc<TemplateDecl> {
    let text = |text: &str| Element::Text(text.into());
    let body = vec![
        text("Hello "),
        Element::Slot(0),
        text(","),
        Element::Break,
        Element::Slot(1),
        text(&format!(" sent you notice number {index} of the service.")),
        Element::Break,
        Element::Optional(vec![text("Note from "), Element::Slot(1), text(": "), Element::Slot(2)]),
        Element::Break,
        text("Amount due: "),
        Element::Slot(3),
        Element::Break,
        text("Thank you for using the service."),
    ];
    let slots =
        [("name", SlotKind::Text), ("sender", SlotKind::Text), ("note", SlotKind::Text), ("amount", SlotKind::Money)];
    Arc::new(TemplateDecl {
        name: format!("bench/t{index}").into(),
        from: vec![sender.into()],
        links: Some(vec!["service.example".into()]),
        slots: slots.map(|(name, kind)| (name.into(), kind)).to_vec(),
        variants: vec![VariantDecl { name: None, subject: None, body: Some(body) }],
    })
}

/// The sender of the template of a number.
type SenderOf = fn(usize) -> String;

fn templates(c: &mut Criterion) {
    let raw: Arc<[u8]> = message().into();
    let settings = Arc::new(Settings::default());
    let parse = || Message::parse(Arc::clone(&raw), Arc::clone(&settings));
    let mut group = c.benchmark_group("templates on one message");
    group.sample_size(30);
    group.bench_function("parse", |b| b.iter_batched(|| (), |()| black_box(parse()), BatchSize::SmallInput));
    // The visible text is a feature that rules ask for anyway.
    let ready = || {
        let message = parse();
        black_box(message.body().visible_text());
        black_box(message.body().links(&message));
        message
    };
    group.bench_function("parse and visible text", |b| {
        b.iter_batched(|| (), |()| black_box(ready()), BatchSize::SmallInput)
    });
    for count in [10, 100, 1_000] {
        let ways: [(&str, SenderOf); 3] = [
            ("none of the sender", |index| format!("n{index}@other.example")),
            ("one of the sender", |index| if index == 7 { SENDER.into() } else { format!("n{index}@other.example") }),
            ("all of the sender", |_| SENDER.into()),
        ];
        for (name, sender) in ways {
            let set = TemplateSet::new((0..count).map(|index| template(index, &sender(index))).collect());
            group.bench_with_input(BenchmarkId::new(name, count), &set, |b, set| {
                b.iter_batched(
                    ready,
                    |message| {
                        let matched = (0..count as u32).filter(|id| set.outcome(&message, *id).matched).count();
                        assert_eq!(matched, usize::from(name != "none of the sender"));
                        message
                    },
                    BatchSize::SmallInput,
                );
            });
        }
    }
    group.finish();
}

criterion_group!(benches, templates);
criterion_main!(benches);
