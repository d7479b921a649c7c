//! Every path that public MQL rules read has a type here, the one that rules expect.

use ruleeval::engine::{Compiler, Engine};
use ruleeval::message::{Settings, Vip};

const PATHS: &str = include_str!("data/mql_paths.csv");

/// A call with arguments in place of `name()`.
const CALLS: [(&str, &str); 41] = [
    ("beta.file.parse_ics()", "beta.file.parse_ics(attachments[0])"),
    ("beta.fuzzy_attack_score()", "beta.fuzzy_attack_score()"),
    ("beta.linkanalysis()", "beta.linkanalysis(body.links[0])"),
    ("beta.ml_extract_sensitive_information()", "beta.ml_extract_sensitive_information(subject.subject)"),
    ("beta.ml_topic()", "beta.ml_topic(subject.subject)"),
    ("beta.ml_translate()", "beta.ml_translate(subject.subject)"),
    ("beta.ocr()", "beta.ocr(file.message_screenshot())"),
    ("beta.parse_exif()", "beta.parse_exif(attachments[0])"),
    ("beta.profile.by_reply_to()", "beta.profile.by_reply_to()"),
    ("beta.scan_base64()", "beta.scan_base64(subject.subject)"),
    ("beta.scan_qr()", "beta.scan_qr(attachments[0])"),
    ("file.expand_archives()", "file.expand_archives(attachments[0])"),
    ("file.explode()", "file.explode(attachments[0])"),
    ("file.oletools()", "file.oletools(attachments[0])"),
    ("file.parse_eml()", "file.parse_eml(attachments[0])"),
    ("file.parse_html()", "file.parse_html(attachments[0])"),
    ("file.parse_text()", "file.parse_text(attachments[0], encodings=[\"ascii\", \"utf8\"])"),
    ("html.xpath()", "html.xpath(body.html, '//a')"),
    ("ml.link_analysis()", "ml.link_analysis(body.links[0].href_url, mode=\"aggressive\")"),
    ("ml.logo_detect()", "ml.logo_detect(file.message_screenshot())"),
    ("ml.macro_classifier()", "ml.macro_classifier(attachments[0])"),
    ("ml.nlu_classifier()", "ml.nlu_classifier(body.current_thread.text, subject=subject.subject)"),
    ("network.whois()", "network.whois(sender.email.domain)"),
    ("profile.by_sender_domain()", "profile.by_sender_domain()"),
    ("profile.by_sender_email()", "profile.by_sender_email()"),
    ("profile.by_sender()", "profile.by_sender()"),
    ("regex.extract()", "regex.extract(subject.subject, '(?P<k>a)')"),
    ("regex.iextract()", "regex.iextract(subject.subject, '(?P<k>a)')"),
    ("strings.concat()", "strings.concat(subject.subject, \"x\")"),
    ("strings.parse_domain()", "strings.parse_domain(subject.subject)"),
    ("strings.parse_email()", "strings.parse_email(subject.subject)"),
    ("strings.parse_html()", "strings.parse_html(subject.subject)"),
    ("strings.parse_json()", "strings.parse_json(subject.subject)"),
    ("strings.parse_url()", "strings.parse_url(subject.subject, strict=false)"),
    ("strings.replace_confusables()", "strings.replace_confusables(subject.subject)"),
    ("strings.scan_base64()", "strings.scan_base64(subject.subject, format=\"url\", ignore_padding=true)"),
    ("values()", "values(body.links[0].href_url.query_params_decoded)"),
    ("keys()", "keys(body.links[0].href_url.query_params_decoded)"),
    ("$org_vips[]", "map($org_vips, .)[0]"),
    ("[]", "[0]"),
    ("{}", "[\"k\"]"),
];

/// Lists that a pack would declare.
const LISTS: [&str; 6] = [
    "suspicious_subjects",
    "file_extensions_macros",
    "free_email_providers",
    "file_extensions_executables",
    "file_types_images",
    "free_subdomain_hosts",
];

fn engine() -> Engine {
    let mut compiler = Compiler::new();
    for list in LISTS {
        compiler.list(list, vec!["x".into()]);
    }
    let vip = Vip { display_name: "Ann Example".into(), email: Some("Ann@example.com".into()) };
    compiler.settings(Settings { org_vips: vec![vip], ..Settings::default() });
    compiler.compile().engine.expect("nothing to compile")
}

fn expression(path: &str) -> String {
    // A map is gone through by its values.
    if let Some((map, rest)) = path.split_once("query_params_decoded[]") {
        let map = expression(&format!("{map}query_params_decoded"));
        return format!("map({map}, .)[0]{}", expression(rest));
    }
    // `$list[]` is the list's element.
    if let Some(list) = path.strip_prefix('$').and_then(|path| path.strip_suffix("[]")) {
        return format!("any(${list}, . == \"x\")");
    }
    CALLS.iter().fold(path.to_owned(), |path, (short, call)| path.replace(short, call))
}

/// The names that the catalog gives to a type of the published schema.
fn fits(path: &str, published: &str, found: &str) -> bool {
    let found = found.trim_end_matches('?');
    match published {
        "boolean" => found == "bool",
        "integer" | "int64" | "number" => matches!(found, "int" | "float"),
        "float" | "double" => found == "float",
        "string" => {
            matches!(found, "string" | "domain" | "email" | "url" | "ip")
                || found.chars().next().is_some_and(char::is_uppercase)
        }
        "hostname" => matches!(found, "domain" | "string"),
        "email" => matches!(found, "email" | "string"),
        "enum" => found.chars().next().is_some_and(char::is_uppercase) || found == "string",
        // The list's name also stands for its elements.
        other if other.starts_with('[') => found.starts_with('[') || path.ends_with(']'),
        other if other.starts_with("map") => found.starts_with("map") || found == "string" || found.starts_with('['),
        _ => true,
    }
}

#[test]
fn every_path_that_public_rules_read_has_its_type() {
    let engine = engine();
    let message = engine.parse(b"From: a@example.com\r\nSubject: x\r\n\r\nhello".to_vec());
    let mut wrong = Vec::new();
    let mut ran = 0;
    for line in PATHS.lines() {
        let (path, published) = line.split_once(',').unwrap_or((line, ""));
        let expr = expression(path);
        ran += 1;
        match engine.eval_expr(&expr, &message, None) {
            Ok((_, found)) if fits(path, published, &found) => {}
            Ok((_, found)) => wrong.push(format!("{path}: published as {published}, here {found}")),
            Err((diagnostics, _)) => {
                wrong.push(format!("{path}: {expr}: {} {}", diagnostics[0].code, diagnostics[0].message))
            }
        }
    }
    assert!(ran > 600, "only {ran} paths");
    assert!(wrong.is_empty(), "{} of {ran}:\n{}", wrong.len(), wrong.join("\n"));
}
