//! Messages that mail programs read in different ways, one test for each shape: the ambiguity is a fact,
//! and texts and files of all readings are there (draft-chen-email-mime-ambiguity-defense-00, the faults
//! of MIME-tools before 5.521).

use ruleeval::message::{Limits, Message, Settings};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn read(name: &str) -> Arc<Message> {
    let path = format!("{}/tests/data/features/mime/{name}.eml", env!("CARGO_MANIFEST_DIR"));
    Message::parse(std::fs::read(path).expect("readable"), Arc::new(Settings::default()))
}

/// The kinds of ambiguities, each once.
fn ambiguities(message: &Message) -> Vec<&'static str> {
    let mut kinds: Vec<_> = message.ambiguities().iter().map(|fact| fact.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// All texts that some reader shows.
fn texts(message: &Message) -> String {
    let others = message.readings().iter().flat_map(|reading| &reading.texts).map(ToString::to_string);
    let shown = [message.body().visible_text().to_string(), message.plain_text().unwrap_or_default().to_string()];
    let files = message.attachments().iter().map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
    shown.into_iter().chain(others).chain(files).collect::<Vec<_>>().join("\n")
}

fn files(message: &Message) -> Vec<String> {
    message.attachments().iter().filter_map(|file| file.file_name.as_deref()).map(str::to_owned).collect()
}

fn check(name: &str, kind: &str, text: &str, file: Option<&str>) {
    let message = read(name);
    let kinds = ambiguities(&message);
    assert!(kinds.contains(&kind), "{name}: {kinds:?}");
    assert!(texts(&message).contains(text), "{name}: {}", texts(&message));
    if let Some(file) = file {
        assert!(files(&message).iter().any(|known| known == file), "{name}: {:?}", files(&message));
    }
}

#[test]
fn two_boundary_parameters() {
    check("two_boundary_parameters", "duplicate-boundary", "for readers of the first", Some("run.exe"));
}

#[test]
fn a_boundary_in_a_comment() {
    check("boundary_in_a_comment", "hidden-boundary", "shown to everybody", Some("run.exe"));
}

#[test]
fn a_boundary_after_an_invalid_parameter() {
    let message = read("boundary_after_an_invalid_parameter");
    assert_eq!(files(&message), ["run.exe"]);
}

#[test]
fn a_boundary_in_pieces() {
    check("boundary_in_pieces", "hidden-boundary", "for readers of RFC 2231", Some("run.exe"));
}

#[test]
fn a_boundary_as_an_encoded_word() {
    check("boundary_as_an_encoded_word", "hidden-boundary", "shown to everybody", Some("run.exe"));
}

#[test]
fn a_boundary_cut_at_a_space() {
    check("boundary_cut_at_a_space", "hidden-boundary", "whole line", Some("run.exe"));
}

#[test]
fn a_boundary_that_never_appears() {
    check("boundary_never_appears", "missing-boundary", "Shown by some readers", None);
}

#[test]
fn a_boundary_used_again_inside() {
    check("boundary_reused_inside", "reused-boundary", "inner or outer?", None);
}

#[test]
fn two_content_types() {
    check("two_content_types", "several-readings", "shown to everybody", Some("run.exe"));
}

#[test]
fn two_content_types_of_a_part() {
    check("two_content_types_of_a_part", "duplicate-header", "a page or a text", None);
}

#[test]
fn two_transfer_encodings() {
    check("two_transfer_encodings", "several-readings", "Call +1 888 555 0142 now", None);
}

#[test]
fn an_unknown_transfer_encoding() {
    check("transfer_encoding_unknown", "unknown-transfer-encoding", "Call +1 888 555 0142 now", None);
}

#[test]
fn a_multipart_in_base64() {
    check("multipart_in_base64", "encoded-multipart", "Only readers that undo the encoding", None);
}

#[test]
fn base64_that_goes_on_after_its_padding() {
    check("base64_goes_on_after_padding", "undecodable-base64", "Hello and more.", None);
}

#[test]
fn text_before_and_after_the_parts() {
    check("text_before_the_first_part", "text-before-multipart", "stands before the first part", None);
    check("text_after_the_last_part", "text-after-multipart", "Text after the end", None);
    assert!(ambiguities(&read("usual_preamble_is_no_ambiguity")).is_empty());
}

#[test]
fn two_names_of_one_file() {
    for (name, other) in [("two_names_of_one_file", "invoice.pdf"), ("file_name_plain_and_extended", "rechnung.js")] {
        check(name, "conflicting-file-names", "", Some(other));
    }
}

#[test]
fn a_uuencoded_file_in_a_text() {
    check("uuencoded_file_in_text", "several-readings", "Cat", Some("cat.txt"));
}

#[test]
fn lines_that_end_in_carriage_returns() {
    check("lines_end_in_carriage_returns", "several-readings", "Only readers for which a carriage return", None);
}

#[test]
fn several_alternatives_of_a_kind() {
    check("several_html_alternatives", "several-alternatives", "shown by few", None);
}

/// An ordinary message has one reading.
#[test]
fn ordinary_mail_is_not_ambiguous() {
    let parts = "--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n--b--\r\n";
    let raw = format!(
        "From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n{parts}"
    );
    let message = Message::parse(raw.into_bytes(), Arc::new(Settings::default()));
    assert!(message.ambiguities().is_empty(), "{:?}", message.ambiguities());
    assert!(message.readings().is_empty());
}

/// Nesting, comments that do not end, and `=?` over and over cost linear time.
#[test]
fn what_blows_up_other_parsers_does_not() {
    let started = Instant::now();
    let nested: String = (0..20_000)
        .map(|level| format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n"))
        .collect();
    let comment = format!("Content-Type: multipart/mixed; {} boundary=b\r\n\r\n--b\r\n\r\nx\r\n", "(".repeat(500_000));
    let words = format!("Content-Type: multipart/mixed; boundary=\"{}\"\r\n\r\nx\r\n", "=?".repeat(200_000));
    let boundaries = format!("Content-Type: multipart/mixed; {}\r\n\r\nx\r\n", "boundary=x; ".repeat(50_000));
    let begins = format!("Content-Type: text/plain\r\n\r\n{}", "begin 644 x\r\n#0V%T\r\n".repeat(20_000));
    for raw in [nested, comment, words, boundaries, begins] {
        let message = Message::parse(raw.into_bytes(), Arc::new(Settings::default()));
        let _ = message.ambiguities();
        let _ = message.attachments();
    }
    assert!(started.elapsed() < Duration::from_mins(1), "{:?}", started.elapsed());
}

/// Readings keep to the limits of the message.
#[test]
fn limits_hold_in_all_readings() {
    let parts = "--b\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\n\r\nx\r\n".repeat(50);
    let raw = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n");
    let limits = Limits { parts: 10, ..Limits::default() };
    let message = Message::parse(raw.into_bytes(), Arc::new(Settings { limits, ..Settings::default() }));
    assert!(message.readings().iter().map(|reading| reading.texts.len()).sum::<usize>() <= 10);
    assert!(message.limits_hit().iter().any(|limit| limit.starts_with("parts")));
}
