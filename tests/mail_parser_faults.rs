//! The known faults of mail-parser 0.11, one test each: its tree is not used, and what it gets wrong is
//! right here.

use ruleeval::message::{Message, Settings};
use std::sync::Arc;

fn parse(raw: &[u8]) -> Arc<Message> {
    Message::parse(raw, Arc::new(Settings::default()))
}

fn text(raw: &str) -> String {
    parse(raw.as_bytes()).body().visible_text().to_string()
}

fn sender(raw: &[u8]) -> Option<String> {
    parse(raw).sender().and_then(|sender| sender.email.as_ref()).map(|email| email.email.to_string())
}

#[test]
fn base64_with_foreign_characters_is_decoded() {
    assert_eq!(text("Content-Type: text/html\nContent-Transfer-Encoding: base64\n\nPHA+!!!aGk8L3A+\n"), "hi");
}

#[test]
fn a_transfer_encoding_with_a_comment_counts() {
    assert_eq!(text("Content-Type: text/plain\nContent-Transfer-Encoding: base64 (x)\n\naGk=\n"), "hi");
}

#[test]
fn a_body_whose_boundary_never_appears_is_text() {
    assert_eq!(text("Content-Type: multipart/mixed; boundary=never\n\nhi").trim(), "hi");
}

#[test]
fn of_two_senders_the_first_counts_and_both_are_a_fact() {
    let raw = b"From: a@example.com\nFrom: b@example.org\nSubject: one\nSubject: two\n\nx";
    assert_eq!(sender(raw).as_deref(), Some("a@example.com"));
    let message = parse(raw);
    assert_eq!(message.subject().subject.as_deref(), Some("one"));
    assert_eq!(message.anomalies().iter().filter(|fact| fact.kind == "duplicate-header").count(), 2);
}

#[test]
fn an_address_is_not_put_together_of_a_comment() {
    let raw = b"From: service@bank.example (x) <x@evil.example>\n\nx";
    assert_eq!(sender(raw).as_deref(), Some("x@evil.example"));
}

#[test]
fn a_folded_address_is_one() {
    let message = parse(b"From:\n Ann\n <a@example.com>\n\nx");
    let sender = message.sender().expect("a sender");
    assert_eq!(sender.display_name.as_deref(), Some("Ann"));
    assert_eq!(sender.email.as_ref().map(|email| &*email.email), Some("a@example.com"));
}

#[test]
fn a_byte_order_mark_and_blank_lines_hide_no_header() {
    assert_eq!(sender(b"\xEF\xBB\xBFFrom: a@example.com\n\nx").as_deref(), Some("a@example.com"));
    assert_eq!(sender(b"\r\n\r\nFrom: a@example.com\r\n\r\nx").as_deref(), Some("a@example.com"));
}

#[test]
fn raw_latin_1_in_headers_is_text() {
    let message = parse(b"From: a@example.com\nSubject: Gr\xFC\xDFe aus M\xFCnchen\n\nx");
    assert_eq!(message.subject().subject.as_deref(), Some("Grüße aus München"));
}

#[test]
fn plain_text_has_no_html_body() {
    assert!(parse(b"Content-Type: text/plain\n\nhi").body().html.is_none());
}

#[test]
fn lines_that_end_in_carriage_returns_are_lines() {
    let message = parse(b"From: a@example.com\rContent-Type: text/plain\r\rhi");
    assert_eq!(message.body().visible_text().trim(), "hi");
}

#[test]
fn two_boundaries_both_count() {
    let raw = "Content-Type: multipart/mixed; boundary=a; boundary=b\n\n--a\n\none\n--a--\n--b\n\ntwo\n--b--\n";
    let texts = text(raw);
    assert!(texts.contains("one") && texts.contains("two"), "{texts}");
}

#[test]
fn direction_marks_in_file_names_are_kept() {
    let raw =
        b"Content-Type: application/pdf\nContent-Disposition: attachment; filename*=utf-8''a%E2%80%AEfdp.exe\n\nx";
    let names: Vec<_> = parse(raw).attachments().iter().filter_map(|file| file.file_name.clone()).collect();
    assert_eq!(names, ["a\u{202e}fdp.exe".into()]);
}

#[test]
fn a_received_field_without_value_is_read() {
    let message = parse(b"Received:\n\t");
    assert!(message.hops().len() <= 1);
}

#[test]
fn rare_charsets_are_decoded() {
    assert_eq!(text("Content-Type: text/plain; charset=utf-7\n\n+AOQ-"), "ä");
    let raw = [&b"Content-Type: text/plain; charset=utf-16le\n\n"[..], b"h\0i\0"].concat();
    assert_eq!(&*parse(&raw).body().visible_text(), "hi");
}

#[test]
fn depth_parts_and_headers_are_bounded() {
    let nested: String = (0..50_000).map(|_| "Content-Type: multipart/mixed; boundary=b\n\n--b\n").collect();
    let message = parse(nested.as_bytes());
    assert!(message.parts().len() <= 1_000 && !message.limits_hit().is_empty());
    let parts = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(100_000));
    assert!(parse(parts.as_bytes()).limits_hit().iter().any(|limit| limit.starts_with("parts")));
    let fields = "X: y\n".repeat(200_000);
    assert!(parse(fields.as_bytes()).limits_hit().iter().any(|limit| limit.starts_with("headers")));
}
