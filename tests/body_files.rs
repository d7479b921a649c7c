//! Attachments by content, and nodes of HTML by path.

use ruleeval::builtins::builtins;
use ruleeval::message::{Attachment, Message, Settings, xpath};
use std::sync::Arc;

const BOUNDARY: &str = "=-b";

fn with_parts(parts: &[&str]) -> Arc<Message> {
    let mut raw = format!(
        "From: ann@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"{BOUNDARY}\"\r\n\r\n"
    );
    for part in parts {
        raw += &format!("--{BOUNDARY}\r\n{}\r\n", part.replace('\n', "\r\n"));
    }
    raw += &format!("--{BOUNDARY}--\r\n");
    Message::parse(raw.into_bytes(), Arc::new(Settings::default()))
}

fn attachment(headers: &str, content: &str) -> Arc<Attachment> {
    let message = with_parts(&["Content-Type: text/plain\n\nHello", &format!("{headers}\n\n{content}")]);
    let [file] = message.attachments() else { panic!("{headers}: {} attachments", message.attachments().len()) };
    Arc::clone(file)
}

fn named(name: &str, declared: &str, content: &str) -> Arc<Attachment> {
    attachment(
        &format!("Content-Type: {declared}; name=\"{name}\"\nContent-Disposition: attachment; filename=\"{name}\""),
        content,
    )
}

#[test]
fn types_are_read_from_the_content() {
    let cases = [
        ("a.txt", "text/plain", "hello", "txt"),
        ("a.pdf", "application/octet-stream", "%PDF-1.4\n1 0 obj", "pdf"),
        ("invoice.txt", "text/plain", "%PDF-1.4\n1 0 obj", "pdf"),
        ("a.dat", "application/octet-stream", "<!DOCTYPE html><html><body>x", "html"),
        ("a.htm", "application/octet-stream", "<p>x</p>", "html"),
        ("a.ics", "text/calendar", "BEGIN:VCALENDAR\nEND:VCALENDAR", "ics"),
        ("a.svg", "image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'></svg>", "svg"),
        ("a.png", "image/png", "no image", "txt"),
        ("a.json", "application/json", "{\"a\": 1}", "json"),
    ];
    for (name, declared, content, expected) in cases {
        assert_eq!(named(name, declared, content).file_type(), expected, "{name} {declared}");
    }
}

#[test]
fn binary_types() {
    let cases = [
        ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ", "png"),
        ("/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP", "jpeg"),
        ("R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=", "gif"),
        ("UEsDBBQAAAAIAAAAAAAAAAAAAAAAAAAAAAAFAAAAYS50eHQ=", "zip"),
    ];
    for (content, expected) in cases {
        let head = "Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=x.bin\nContent-Transfer-Encoding: base64";
        assert_eq!(attachment(head, content).file_type(), expected, "{content}");
    }
}

#[test]
fn names_sizes_and_hashes() {
    let file = named("Report.Final.PDF", "application/pdf", "abc");
    assert_eq!(file.file_name.as_deref(), Some("Report.Final.PDF"));
    assert_eq!(file.file_extension.as_deref(), Some("pdf"));
    assert_eq!(&*file.content_type, "application/pdf");
    assert_eq!(file.content_disposition.as_deref(), Some("attachment"));
    assert_eq!(file.bytes.len(), 3);
    assert_eq!(&**file.md5(), "900150983cd24fb0d6963f7d28e17f72");
    assert_eq!(&**file.sha1(), "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_eq!(&**file.sha256(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    for (name, extension) in [("noext", None), (".hidden", None), ("a.HTML ", Some("html")), ("a.tar.gz", Some("gz"))] {
        assert_eq!(named(name, "application/pdf", "x").file_extension.as_deref(), extension, "{name}");
    }
}

#[test]
fn files_stand_in_written_order_with_inline_images() {
    let image = "Content-Type: image/png\nContent-ID: <logo@example.com>\nContent-Disposition: inline\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=";
    let eml = "Content-Type: message/rfc822\n\nFrom: bob@example.com\nSubject: inner\n\nold";
    let message = with_parts(&[
        "Content-Type: text/html\n\n<p>Hello</p>",
        image,
        eml,
        "Content-Type: text/plain; name=a.txt\nContent-Disposition: attachment\n\nx",
    ]);
    let types: Vec<_> = message.attachments().iter().map(|file| file.file_type()).collect();
    assert_eq!(types, ["png", "eml", "txt"]);
    assert_eq!(message.attachments()[0].content_id.as_deref(), Some("logo@example.com"));
    let inner = message.inner(&message.attachments()[1].bytes).expect("message");
    assert_eq!(inner.subject().subject.as_deref(), Some("inner"));
}

fn nodes(html: &str, expression: &str) -> Vec<String> {
    xpath::select(html, expression).expect("nodes").nodes
}

#[test]
fn paths_over_html() {
    let cases: [(&str, &str, &[&str]); 12] = [
        ("<p>a<b>c</b></p>", "//b", &["<b>c</b>"]),
        ("<p>a<p>b", "//p", &["<p>a</p>", "<p>b</p>"]),
        ("<P CLASS=x>a</P>", "//p[@class='x']", &["<p class=\"x\">a</p>"]),
        ("<a href='https://example.com/?a=1&amp;b=2'>x</a>", "//a/@href", &["https://example.com/?a=1&b=2"]),
        ("<div>a<br>b</div>", "//br", &["<br>"]),
        ("<div><img src=x></div>", "//div[img]", &["<div><img src=\"x\"></div>"]),
        ("a<b>c</b>", "/html/body/b", &["<b>c</b>"]),
        ("<head><title>t</title></head><body id=x><p>a</body>", "/html/body[@id='x']/p", &["<p>a</p>"]),
        ("<head><title>t</title><div>a</div>", "//body/div", &["<div>a</div>"]),
        (
            "<table><tr><td>a<td>b<tr><td>c</table>",
            "//table/tr",
            &["<tr><td>a</td><td>b</td></tr>", "<tr><td>c</td></tr>"],
        ),
        ("<p>a</p>", "//p/text()", &["a"]),
        ("<p>a</p>", "//h1", &[]),
    ];
    for (html, expression, expected) in cases {
        assert_eq!(nodes(html, expression), expected, "{html} {expression}");
    }
}

#[test]
fn what_is_no_path() {
    for expression in ["", "//p[", "//", "count(//p)", "'x'"] {
        assert_eq!(xpath::select("<p>a</p>", expression), None, "{expression}");
    }
    assert!(xpath::check("//p").is_ok());
    assert!(xpath::check("//p[").is_err());
    assert!(xpath::check(&"/p".repeat(10_000)).is_err());
}

#[test]
fn large_documents_are_cut_and_say_so() {
    let wide = xpath::select(&"<p>x</p>".repeat(60_000), "//p").expect("nodes");
    assert!(wide.cut && wide.nodes.len() > 10_000);
    let nested = format!("{}{}", "<div>".repeat(100), "x".repeat(1_000_000));
    let deep = xpath::select(&nested, "//div").expect("nodes");
    assert!(deep.cut && !deep.nodes.is_empty());
    let tower = xpath::select(&"<div>".repeat(40_000), "//div[last()]").expect("nodes");
    assert!(tower.cut);
}

#[test]
fn every_path_that_public_rules_read_is_declared() {
    let records = [
        ("Message", "body attachments"),
        ("Body", "html plain links current_thread previous_threads ips"),
        ("BodyHtml", "raw display_text inner_text hidden_text title links charset content_type"),
        ("BodyPlain", "raw charset content_type"),
        ("CurrentThread", "text links preamble banners"),
        ("PreviousThread", "text links preamble sender recipients subject date"),
        ("Banner", "text"),
        ("IpAddress", "ip"),
        ("Link", "href_url display_text display_url mismatched visible parser"),
        ("Html", "raw display_text inner_text links title"),
        ("XPathResult", "nodes"),
        (
            "Attachment",
            "file_name file_extension file_type content_type content_id content_disposition \
             content_transfer_encoding size md5 sha1 sha256",
        ),
    ];
    let catalog = builtins().catalog();
    for (record, fields) in records {
        let id = catalog.find_record(record).unwrap_or_else(|| panic!("no record {record}"));
        for field in fields.split_whitespace() {
            assert!(catalog.find_field(id, field).is_some(), "{record}.{field}");
        }
    }
}
