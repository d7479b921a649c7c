//! `ruleeval.yaml`: what is wrong with it is told at its place, and the published schema is what the parser accepts.

use super::support::{folder, write};
use serde_json::Value;
use std::path::Path;

/// Exit code and complaint of `config check`.
fn check(path: &Path) -> (Option<i32>, String) {
    let output = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("ruleeval"))
        .current_dir(path.parent().expect("a folder"))
        .args(["config", "check", "ruleeval.yaml"])
        .output()
        .expect("it runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn every_error_is_told_at_its_place() {
    let path = folder("config_places").join("ruleeval.yaml");
    let text = "org_domians: [a.example]\nservice:\n  http: [everywhere]\n  workers: -1\n  seconds: { header: soon }\n  on_error: accpt\n";
    write(&path, text);
    let (code, told) = check(&path);
    assert_eq!(code, Some(3));
    for line in [
        "ruleeval.yaml:1:1: the configuration has no key `org_domians`; did you mean `org_domains`?",
        "ruleeval.yaml:3:10: `http` must be an address such as",
        "ruleeval.yaml:4:12: `workers` must be a whole number, not negative",
        "ruleeval.yaml:5:22: `header` must be a whole number, not negative",
        "ruleeval.yaml:6:13: `on_error` cannot be `accpt`; did you mean `accept`?",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
    write(&path, "service:\n  http: [\"127.0.0.1:0\"\n");
    assert!(check(&path).1.contains("ruleeval.yaml:"), "{}", check(&path).1);
    write(&path, "a: &x [1]\nb: *x\n");
    assert!(check(&path).1.contains("anchors and aliases are not allowed"), "{}", check(&path).1);
    write(&path, "# nothing yet\n");
    assert_eq!(check(&path).0, Some(0));
}

#[test]
fn what_the_documentation_shows_is_a_configuration() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/service.md")).expect("a file");
    let shown = text.split("```yaml\n").find(|block| block.starts_with("service:\n")).expect("a block");
    let path = folder("config_shown").join("ruleeval.yaml");
    write(&path, shown.split("```").next().expect("its text"));
    let (code, told) = check(&path);
    assert_eq!(code, Some(0), "{told}");
}

#[test]
fn the_published_schema_and_the_parser_accept_the_same_configurations() {
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schemas/ruleeval.schema.json");
    let output = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("ruleeval"))
        .args(["config", "schema"])
        .output()
        .expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    if std::env::var_os("UPDATE").is_some() {
        write(&published, &text);
    }
    assert_eq!(std::fs::read_to_string(&published).unwrap_or_default(), text, "UPDATE=1 writes it");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");

    let path = folder("config_schema").join("ruleeval.yaml");
    let good = [
        "{}",
        "org_vips: [{ display_name: Ann, email: null }]",
        "limits: { parts: 1000, links: null }",
        "lists: { partners: [a.example, \"1\"] }",
        "policy: { thresholds: { hold: 4.0, reject: null }, severity: { critical: quarantine } }",
        "trusted_pack_keys: [RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3]",
        "list_layers: [{ list: common/freemail, domain: example.com, enforced: true, remove: [a.example] }]",
        "service: { http: [\"[::1]:1\", \"unix:/run/x.sock\", \"tcp:localhost:80\"], token_file: null, actions: { hold: quarantine } }",
        "service: { breaker: { rates: null, ratio: 2, false_alarm: 1.0e-7 }, log: { format: json, level: debug } }",
    ];
    let bad = [
        "[]",
        "org_domains: example.com",
        "org_domains: [1]",
        "org_vips: [{ email: a@example.com }]",
        "limits: { parts: many }",
        "lists: { \"no name\": [] }",
        "policy: { thresholds: { hold: high } }",
        "trusted_pack_keys: [short]",
        "list_layers: [{ domain: example.com }]",
        "service: { http: [\"127.0.0.1\"] }",
        "service: { headers: sometimes }",
        "service: { actions: { hold: keep } }",
        "service: { breaker: { false_alarm: 2 } }",
        "service: { log: { level: loud } }",
        "service: { seconds: { header: 1.5 } }",
    ];
    for (documents, accepted) in [(&good[..], true), (&bad[..], false)] {
        for text in documents {
            let document: Value = ruleeval::pack::yaml::Node::parse(text).expect("YAML").to_json();
            assert_eq!(validator.is_valid(&document), accepted, "the schema: {text}");
            write(&path, text);
            let (code, told) = check(&path);
            assert_eq!(code == Some(0), accepted, "the parser: {text}: {told}");
        }
    }
}
