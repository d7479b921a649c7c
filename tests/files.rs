//! What lies inside attachments: archives, documents, messages, calendars; hostile ones too.

use ruleeval::engine::{Compiler, Engine};
use ruleeval::files::{Budget, Exploded, explode};
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;

const BUDGET: Budget = Budget { files: 99, bytes: 4 << 20, depth: 4, pages: 20, pixels: 4 << 20 };

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default()).expect("a name");
        writer.write_all(bytes).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn tarred(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        builder.append_data(&mut header, name, *bytes).expect("memory");
    }
    builder.into_inner().expect("memory")
}

fn open(name: &str, bytes: &[u8]) -> Exploded {
    explode(Some(name), "application/octet-stream", bytes.into(), BUDGET)
}

fn paths(exploded: &Exploded) -> Vec<String> {
    exploded.files.iter().map(|file| format!("{} {} {}", file.depth, file.kind, file.path)).collect()
}

#[test]
fn archives_in_archives() {
    let page = b"<html><script>var u = atob('aHR0cHM6Ly9leGFtcGxlLmNvbQ==')</script></html>";
    let tar = gzipped(&tarred(&[("in/page.html", page)]));
    let message = b"From: a@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello https://example.org/x\r\n--b\r\nContent-Type: text/calendar; name=a.ics\r\nContent-Disposition: attachment\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n--b--\r\n";
    let outer = zipped(&[("a/b.tar.gz", &tar), ("mail.eml", message), ("note.txt", b"call https://example.net/ now")]);
    let exploded = open("outer.zip", &outer);
    assert_eq!(
        paths(&exploded),
        [
            "0 zip outer.zip",
            "1 gz outer.zip/a/b.tar.gz",
            "1 eml outer.zip/mail.eml",
            "1 txt outer.zip/note.txt",
            "2 tar outer.zip/a/b.tar.gz/b.tar",
            "2 txt outer.zip/mail.eml/unnamed",
            "2 ics outer.zip/mail.eml/a.ics",
            "3 html outer.zip/a/b.tar.gz/b.tar/in/page.html",
        ]
    );
    assert_eq!(exploded.limits_hit, [] as [&str; 0]);
    let page = exploded.files.last().expect("the page");
    let script = page.script().expect("a script");
    assert_eq!(script.identifiers, ["u", "atob"]);
    assert_eq!(script.strings, ["aHR0cHM6Ly9leGFtcGxlLmNvbQ=="]);
    assert_eq!(&*exploded.files[3].urls().0[0].url, "https://example.net/");
    let listing = exploded.files[0].listing.as_ref().expect("a listing");
    assert_eq!(listing.paths().collect::<Vec<_>>(), ["a/b.tar.gz", "mail.eml", "note.txt"]);
}

#[test]
fn bombs_end_at_the_budget() {
    let zeros = vec![0; 40 << 20];
    let bomb = zipped(&[("zeros", &zeros), ("small.txt", b"text")]);
    assert!(bomb.len() < 100 << 10);
    let exploded = open("bomb.zip", &bomb);
    assert_eq!(paths(&exploded), ["0 zip bomb.zip", "1 txt bomb.zip/small.txt"]);
    assert_eq!(exploded.limits_hit.len(), 1, "{:?}", exploded.limits_hit);
    let exploded = open("bomb.gz", &gzipped(&zeros));
    assert!(exploded.limits_hit.iter().any(|limit| limit.starts_with("file_bytes")), "{:?}", exploded.limits_hit);
    assert!(exploded.files.iter().map(|file| file.bytes.len()).sum::<usize>() < 5 << 20);

    let mut nested = b"end".to_vec();
    for _ in 0..20 {
        nested = zipped(&[("n.zip", &nested)]);
    }
    let exploded = open("n.zip", &nested);
    assert_eq!(exploded.files.len(), 5);
    assert!(exploded.limits_hit[0].starts_with("depth"), "{:?}", exploded.limits_hit);

    let names: Vec<String> = (0..500).map(|index| format!("{index}.txt")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    let exploded = open("many.zip", &zipped(&many));
    assert_eq!(exploded.files.len(), 100);
    assert!(exploded.limits_hit[0].starts_with("files: more"), "{:?}", exploded.limits_hit);
}

#[test]
fn damaged_archives_give_what_can_be_read() {
    let good = zipped(&[("a.txt", &b"hello ".repeat(1000)), ("b.txt", b"world")]);
    for end in (0..good.len()).step_by(7) {
        let _ = open("cut.zip", &good[..end]);
    }
    let mut flipped = good.clone();
    flipped[60] ^= 0xFF;
    let exploded = open("flipped.zip", &flipped);
    assert!(exploded.files.iter().any(|file| file.path.ends_with("b.txt")), "{:?}", paths(&exploded));
    assert!(exploded.limits_hit.iter().any(|limit| limit.contains("damaged")), "{:?}", exploded.limits_hit);
    let tar = tarred(&[("a.txt", b"hello"), ("b.txt", &[b'x'; 5000])]);
    let cut = open("cut.tar", &tar[..tar.len() - 6000]);
    assert!(cut.files.iter().any(|file| file.path.ends_with("a.txt")));
    assert!(cut.limits_hit.iter().any(|limit| limit.contains("damaged")), "{:?}", cut.limits_hit);
}

#[test]
fn an_encrypted_archive_is_said_to_be_one() {
    let mut locked = zipped(&[("invoice.js", b"x")]);
    // Bit 0 of the general purpose flags, in the local header and in the central directory.
    let central = locked.windows(4).position(|window| window == b"PK\x01\x02").expect("a directory");
    locked[6] |= 1;
    locked[central + 8] |= 1;
    let exploded = open("locked.zip", &locked);
    let zip = exploded.files[0].listing.as_ref().expect("a listing");
    assert!(zip.encrypted && zip.paths().eq(["invoice.js"]) && zip.attempted.is_empty());
    assert_eq!(exploded.files.len(), 1);
}

const PDF: &str = "%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Annots [4 0 R] >>\nendobj\n4 0 obj\n<< /Type /Annot /Subtype /Link /Rect [0 0 10 10] /A << /S /URI /URI (https://login.example.com/a?b=c) >> >>\nendobj\n5 0 obj\n<< /Title (Invoice) /Producer (Example Writer) >>\nendobj\ntrailer\n<< /Root 1 0 R /Info 5 0 R /Size 6 >>\n%%EOF\n";

#[test]
fn a_pdf_document() {
    let exploded = open("a.pdf", PDF.as_bytes());
    let pdf = exploded.files[0].pdf().expect("a document");
    assert_eq!(pdf.urls, ["https://login.example.com/a?b=c"]);
    assert!(pdf.javascript && !pdf.encrypted && !pdf.damaged);
    assert_eq!(
        (pdf.pages, pdf.title.as_deref(), pdf.producer.as_deref()),
        (Some(1), Some("Invoice"), Some("Example Writer"))
    );
    for end in (0..PDF.len()).step_by(11) {
        let cut = open("cut.pdf", &PDF.as_bytes()[..end]);
        let _ = cut.files[0].pdf();
    }
}

fn engine() -> Engine {
    Compiler::new().compile().engine.expect("an empty engine")
}

/// One attachment, base64, with a name.
fn mail(name: &str, kind: &str, bytes: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(bytes);
    format!("From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: {kind}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n--b--\r\n").into_bytes()
}

fn value(raw: &[u8], expr: &str) -> String {
    let engine = engine();
    let message = engine.parse(raw.to_vec());
    match engine.eval_expr(expr, &message, None) {
        Ok((value, _)) => value.to_string(),
        Err((diagnostics, _)) => panic!("{expr}: {diagnostics:?}"),
    }
}

#[test]
fn rules_see_what_lies_inside() {
    let docx = zipped(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("word/document.xml", b"<w:document/>"),
        ("docProps/core.xml", b"<x><dc:creator>Ann</dc:creator></x>"),
        ("word/_rels/document.xml.rels", b"<R><Relationship Type=\"http://x/attachedTemplate\" Target=\"https://evil.example/t.dotm\" TargetMode=\"External\"/></R>"),
        ("word/vbaProject.bin", b"\x01"),
    ]);
    let docx = mail("a.docx", "application/octet-stream", &docx);
    let pdf = mail("a.pdf", "application/pdf", PDF.as_bytes());
    let archive =
        mail("a.zip", "application/zip", &zipped(&[("doc/run.js", b"var x = new ActiveXObject('WScript.Shell')")]));
    let invitation = mail("a.ics", "text/calendar", b"BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Pay 599 USD\nDESCRIPTION:Call +1 (202) 555-0143\\nhttps://example.com/x\nORGANIZER;CN=Ann:mailto:ann@example.com\nEND:VEVENT\nEND:VCALENDAR\n");
    let rows: [(&[u8], &str, &str); 16] = [
        (&docx, "attachments[0].file_type", "\"docm\""),
        (&docx, "file.explode(attachments[0])[0].scan.docx.author", "\"Ann\""),
        (
            &docx,
            "any(file.explode(attachments[0]), any(.scan.url.urls, .domain.root_domain == \"evil.example\"))",
            "true",
        ),
        (&docx, "beta.parse_exif(attachments[0]).author", "\"Ann\""),
        (&pdf, "file.explode(attachments[0])[0].scan.pdf.urls[0].domain.domain", "\"login.example.com\""),
        (&pdf, "file.explode(attachments[0])[0].scan.pdf.javascript", "true"),
        (&pdf, "beta.parse_exif(attachments[0]).page_count", "1"),
        (
            &pdf,
            "any(beta.parse_exif(attachments[0]).fields, .key == \"producer\" and .value =~ \"example writer\")",
            "true",
        ),
        (&pdf, "file.explode(attachments[0])[0].scan.qr.type", "null"),
        (&archive, "map(file.explode(attachments[0]), .file_name)", "[\"a.zip\",\"run.js\"]"),
        (&archive, "any(file.explode(attachments[0]), \"ActiveXObject\" in .scan.javascript.identifiers)", "true"),
        (&archive, "map(file.expand_archives(attachments[0]).files, .path)", "[\"a.zip/doc/run.js\"]"),
        (&archive, "file.explode(attachments[0])[1].depth", "1"),
        (&invitation, "file.parse_ics(attachments[0]).events[0].summary", "\"Pay 599 USD\""),
        (&invitation, "file.parse_ics(attachments[0]).events[0].links[0].href_url.domain.domain", "\"example.com\""),
        (
            &invitation,
            "file.explode(attachments[0])[0].scan.ics.calendars[0].components[0].organizers[0].mailbox.email.email",
            "\"ann@example.com\"",
        ),
    ];
    for (raw, expr, wanted) in rows {
        assert_eq!(value(raw, expr), wanted, "{expr}");
    }
}

const YARA: &str =
    "rule shell_script { strings: $a = \"WScript.Shell\" condition: $a } rule other { condition: filesize > 1MB }";

#[cfg(feature = "yara")]
#[test]
fn yara_rules_look_into_files() {
    let packed = mail("a.zip", "application/zip", &zipped(&[("run.js", b"new ActiveXObject('WScript.Shell')")]));
    let expr = "map(attachments[0].contents[1].scan.yara.matches, .name)";
    let mut compiler = Compiler::new();
    compiler.yara("test.yar", YARA);
    let with = compiler.compile().engine.expect("the rules are valid");
    let message = with.parse(packed.clone());
    assert_eq!(with.eval_expr(expr, &message, None).expect("a value").0.to_string(), "[\"shell_script\"]");
    // Another engine's rules answer for themselves.
    let mut compiler = Compiler::new();
    compiler.yara("test.yar", "rule any_file { condition: true }");
    let other = compiler.compile().engine.expect("the rules are valid");
    assert_eq!(other.eval_expr(expr, &message, None).expect("a value").0.to_string(), "[\"any_file\"]");
}

#[test]
fn without_yara_rules_what_asks_for_them_is_undecided() {
    use ruleeval::engine::Options;
    let raw = mail("a.txt", "text/plain", b"x");
    let mut compiler = Compiler::new();
    compiler.rules("a", "rule r { when: any(attachments, any(.contents, any(.scan.yara.matches, .name == \"x\"))) }");
    let engine = compiler.compile().engine.expect("valid");
    let verdict = engine.evaluate(&engine.parse(raw), &mut engine.scratch(), Options::default());
    assert!(verdict.matches.is_empty());
    let reasons = format!("{:?}", verdict.undecided);
    assert!(reasons.contains("scan.yara"), "{reasons}");
}

#[test]
fn the_budget_is_one_for_all_attachments() {
    use ruleeval::message::{Limits, Settings};
    let part = |name: &str, bytes: &[u8]| {
        use base64::Engine as _;
        let body = base64::engine::general_purpose::STANDARD.encode(bytes);
        format!(
            "--b\r\nContent-Type: application/zip; name={name}\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n"
        )
    };
    let zip = zipped(&[("a.txt", &b"text ".repeat(20_000))]);
    let mut raw =
        "From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n".to_owned();
    (0..8).for_each(|index| raw.push_str(&part(&format!("{index}.zip"), &zip)));
    raw.push_str("--b--\r\n");
    let limits = Limits { file_bytes: 350_000, ..Limits::default() };
    let mut compiler = Compiler::new();
    compiler.settings(Settings { limits, ..Settings::default() });
    let engine = compiler.compile().engine.expect("an empty engine");
    let opened = |first: &str| {
        let message = engine.parse(raw.clone().into_bytes());
        let value = |expr: &str| engine.eval_expr(expr, &message, None).expect("a value").0.to_string();
        let _ = value(first);
        (value("map(attachments, .contents[1].size)"), message.limits_hit())
    };
    // Whoever asks first: the files before count too.
    let (sizes, limits) = opened("length(attachments[7].contents)");
    assert_eq!(
        (sizes.as_str(), &limits),
        ("[100000,100000,100000,50000,0,0,0,0]", &opened("length(attachments[0].contents)").1)
    );
    assert!(limits.iter().any(|limit| limit.starts_with("file_bytes")), "{limits:?}");
}

#[test]
fn tools_as_rules_read_them() {
    let rels = b"<R><Relationship Type=\"http://x/attachedTemplate\" Target=\"https://evil.example/t.dotm\" TargetMode=\"External\"/></R>";
    let docx = zipped(&[("word/document.xml", b"<w:p><w:t>Call us</w:t></w:p>"), ("word/_rels/s.xml.rels", rels)]);
    let docx = mail("a.docx", "application/octet-stream", &docx);
    let text = mail("a.txt", "text/plain", b"x");
    let rows: [(&[u8], &str, &str); 8] = [
        (&docx, "file.oletools(attachments[0]).relationships[0].name", "\"attachedTemplate\""),
        (&docx, "file.oletools(attachments[0]).relationships[0].target_url.domain.root_domain", "\"evil.example\""),
        (&docx, "file.oletools(attachments[0]).indicators.external_relationships.risk >= \"medium\"", "true"),
        (&docx, "file.oletools(attachments[0]).indicators.vba_macros.exists", "false"),
        (&docx, "file.oletools(attachments[0]).macros.keywords is empty", "true"),
        (&docx, "\"external_template\" in attachments[0].contents[0].flags", "true"),
        (&docx, "attachments[0].contents[0].text contains~ \"call\"", "true"),
        (&text, "file.oletools(attachments[0]).indicators.encryption.exists", "null"),
    ];
    for (raw, expr, wanted) in rows {
        assert_eq!(value(raw, expr), wanted, "{expr}");
    }
}

#[cfg(feature = "images")]
#[test]
fn codes_as_rules_read_them() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/files");
    let read = |name: &str| std::fs::read(path.join(name)).expect("a file of the tests");
    let png = mail("scan.png", "image/png", &read("qr.png"));
    let photo = mail("photo.jpg", "image/jpeg", &read("exif.jpg"));
    let rows: [(&[u8], &str, &str); 8] = [
        (&png, "beta.scan_qr(attachments[0]).found", "true"),
        (
            &png,
            "any(beta.scan_qr(attachments[0]).items, .type == \"url\" and .url.domain.root_domain == \"example.com\")",
            "true",
        ),
        (&png, "any(file.explode(attachments[0]), beta.scan_qr(.).found)", "true"),
        (&png, "file.explode(attachments[0])[0].scan.qr.url.path", "\"/qr\""),
        (&png, "any(file.explode(attachments[0])[0].scan.url.urls, .domain.sld == \"example\")", "true"),
        (&photo, "beta.scan_qr(attachments[0]).found", "false"),
        (&photo, "beta.parse_exif(attachments[0]).image_width", "64"),
        (
            &photo,
            "any(beta.parse_exif(attachments[0]).fields, .key == \"Make\" and .value == \"Example Camera\")",
            "true",
        ),
    ];
    for (raw, expr, wanted) in rows {
        assert_eq!(value(raw, expr), wanted, "{expr}");
    }
}
