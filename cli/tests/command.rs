//! The command as a user has it: arguments in; output, messages and exit codes out.

mod support;

use std::path::Path;
use std::process::{Output, Stdio};
use support::{binary, code, err, folder, out, ruleeval, write};

const MAIL: &str = "From: \"Ann Example\" <ann@example.com>\r\nTo: bob@example.org\r\nSubject: Invoice 4711\r\n\r\nPlease call +1 555 0100\r\n";
const RULE: &str = "rule invoice {\n  meta:\n    title = \"Invoice\"\n    score = 2.5\n  when:\n    subject.base contains~ \"invoice\"\n}\n";

fn piped(folder: &Path, args: &[&str], input: &str) -> Output {
    binary(folder).args(args).write_stdin(input).output().expect("it runs")
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_str(&out(output)).unwrap_or_else(|error| panic!("{error}: {}", out(output)))
}

fn rows(output: &Output) -> Vec<serde_json::Value> {
    out(output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn help_and_version_are_no_errors_and_wrong_usage_is() {
    let here = folder("usage");
    let help = ruleeval(&here, &["--help"]);
    assert_eq!(code(&help), 0);
    for word in ["Exit codes:", "invalid", "--strict-input", "NO_COLOR"] {
        assert!(out(&help).contains(word), "{word}");
    }
    assert_eq!(code(&ruleeval(&here, &["--version"])), 0);
    for args in [
        &["scan"][..],
        &["nothing"],
        &["scan", "--rules", "r", "m", "--format", "odd"],
        &["scan", "--rules", "r", "m", "--clock", "noon"],
    ] {
        let output = ruleeval(&here, args);
        assert_eq!(code(&output), 3, "{args:?}");
        assert!(!err(&output).is_empty() && out(&output).is_empty());
    }
}

#[test]
fn scan_writes_verdicts_in_input_order() {
    let here = folder("scan");
    write(&here, "r.rule", RULE);
    for number in 0..600 {
        let mail = if number % 2 == 0 { MAIL.to_owned() } else { MAIL.replace("Invoice", "Hello") };
        write(&here, &format!("mail/{number:03}.eml"), mail);
    }
    let first = ruleeval(&here, &["scan", "--rules", "r.rule", "mail", "--format", "jsonl"]);
    assert_eq!(code(&first), 0, "{}", err(&first));
    let verdicts = rows(&first);
    assert_eq!(verdicts.len(), 600);
    assert!(verdicts.windows(2).all(|pair| pair[0]["file"].as_str() < pair[1]["file"].as_str()));
    assert_eq!(verdicts[0]["matches"][0]["rule"], "r/invoice");
    assert_eq!(verdicts[0]["score"], 2.5);
    assert_eq!(verdicts[1]["matches"].as_array().map(Vec::len), Some(0));
    for threads in ["1", "3"] {
        let again = ruleeval(&here, &["scan", "--rules", "r.rule", "mail", "--format", "jsonl", "--threads", threads]);
        assert_eq!(out(&first), out(&again));
    }
    assert!(err(&first).contains("600 message(s), 300 with a match"), "{}", err(&first));
}

#[test]
fn scan_reads_standard_input_and_explains() {
    let here = folder("stdin");
    write(&here, "r.rule", RULE);
    let output = piped(&here, &["scan", "--rules", "r.rule", "-", "--evidence"], MAIL);
    assert_eq!(code(&output), 0);
    assert!(out(&output).contains("r/invoice 2.5") && out(&output).contains("Invoice 4711"), "{}", out(&output));
}

#[test]
fn broken_mail_never_stops_a_run() {
    let here = folder("broken");
    write(&here, "r.rule", RULE);
    let level = |n: usize| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n");
    let nested: String = (0..200).map(level).collect();
    let truncated = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhal";
    let broken: [(&str, Vec<u8>); 8] = [
        ("binary.eml", (0..=255).cycle().take(100_000).collect()),
        ("charset.eml", b"Subject: x\r\nContent-Type: text/plain; charset=klingon\r\n\r\n\xff\xfe".to_vec()),
        ("deep.eml", nested.into_bytes()),
        ("empty.eml", Vec::new()),
        ("nul.eml", b"Subject: a\0b\r\n\r\n\0\0".to_vec()),
        ("received.eml", b"Received:\n\t".to_vec()),
        ("truncated.eml", truncated.into()),
        ("zebra.eml", MAIL.into()),
    ];
    for (name, bytes) in &broken {
        write(&here, &format!("mail/{name}"), bytes);
    }
    let output = ruleeval(&here, &["scan", "--rules", "r.rule", "mail", "missing.eml", "--format", "jsonl"]);
    assert_eq!(code(&output), 0);
    let verdicts = rows(&output);
    assert_eq!(verdicts.len(), broken.len() + 1, "nothing is lost");
    assert_eq!(verdicts[7]["matches"][0]["rule"], "r/invoice");
    assert!(verdicts[8]["error"].is_string());
    for name in ["binary", "charset", "deep", "empty", "nul", "truncated", "missing"] {
        assert!(err(&output).contains(&format!("{name}.eml: ")), "{name}: {}", err(&output));
    }
    assert_eq!(code(&ruleeval(&here, &["scan", "--rules", "r.rule", "mail", "--strict-input"])), 0);
    assert_eq!(code(&ruleeval(&here, &["scan", "--rules", "r.rule", "missing.eml", "--strict-input"])), 4);
}

#[test]
fn folders_hold_mail_under_many_names() {
    let here = folder("names");
    write(&here, "r.rule", RULE);
    let spamassassin = "00001.7c53336b37003a9286aba55d2945844c";
    for name in ["a.eml", "B.EML", "1700.M1P1.host:2,S", spamassassin, "cur/plain", "note.txt"] {
        write(&here, &format!("mail/{name}"), MAIL);
    }
    for name in ["manifest.csv", "README.md", "settings.yaml", ".hidden"] {
        write(&here, &format!("mail/{name}"), "# nothing, that is mail\nkey: value\n");
    }
    let output = ruleeval(&here, &["scan", "--rules", "r.rule", "mail"]);
    assert!(err(&output).contains("6 message(s), 6 with a match"), "{}", err(&output));
    assert!(err(&output).contains("4 file(s) in folders are no mail"), "{}", err(&output));
}

#[test]
fn gates_fail_only_when_asked() {
    let here = folder("gate");
    write(&here, "p/pack.yaml", "name: p\nversion: 1.0.0\npolicy:\n  thresholds: { tag: 2, quarantine: 5 }\n");
    write(&here, "p/rules/r.rule", RULE);
    write(&here, "m.eml", MAIL);
    let scan = |extra: &[&str]| ruleeval(&here, &[&["scan", "--rules", "p", "m.eml"], extra].concat());
    assert_eq!(code(&scan(&[])), 0);
    assert_eq!(code(&scan(&["--fail-on", "match"])), 1);
    assert_eq!(code(&scan(&["--fail-on", "tag"])), 1);
    assert_eq!(code(&scan(&["--fail-on", "quarantine"])), 0);
    let typo = scan(&["--fail-on", "quarrantine"]);
    assert_eq!(code(&typo), 3);
    assert!(err(&typo).contains("accept, tag, quarantine"), "{}", err(&typo));
}

#[test]
fn undecided_rules_are_not_silent() {
    let here = folder("undecided");
    write(&here, "r.rule", "rule r {\n  when: profile.by_sender().prevalence == \"new\"\n}\n");
    write(&here, "m.eml", MAIL);
    let output = ruleeval(&here, &["scan", "--rules", "r.rule", "m.eml"]);
    assert_eq!(code(&output), 0);
    assert!(err(&output).contains("undecided 1 time(s) for want of capability"), "{}", err(&output));
}

#[test]
fn broken_rules_load_nothing_and_hide_nothing() {
    let here = folder("rules");
    let broken = [
        "rule a {\n  when: subject.sbject contains \"x\"\n}",
        "rule b {\n  when: and\n}",
        "rule c {\n  when: subject.base == 1\n}\n",
    ];
    write(&here, "p/pack.yaml", "name: p\nversion: 1.0.0\n");
    write(&here, "p/rules/a.rule", broken.join("\n"));
    write(&here, "p/rules/b.rule", RULE);
    write(&here, "m.eml", MAIL);
    let check = ruleeval(&here, &["check", "p", "--format", "concise"]);
    assert_eq!(code(&check), 2);
    for wanted in ["a.rule:2:17: E012 ", "a.rule:5:9: E001 ", "a.rule:8:9: E021 "] {
        assert!(out(&check).contains(wanted), "{wanted}: {}", out(&check));
    }
    let scan = ruleeval(&here, &["scan", "--rules", "p", "m.eml"]);
    assert_eq!(code(&scan), 2);
    assert!(out(&scan).is_empty() && err(&scan).contains("nothing was loaded"));
    let missing = ruleeval(&here, &["check", "nowhere"]);
    assert_eq!(code(&missing), 2, "{}", err(&missing));
}

#[test]
fn check_speaks_to_machines() {
    let here = folder("formats");
    write(&here, "r.rule", "rule r {\n  when: sender.emial.email == \"x\"\n}\n");
    let check = |format: &str| ruleeval(&here, &["check", "r.rule", "--format", format]);
    let found = json(&check("json"));
    assert_eq!(found[0]["code"], "E012", "{found}");
    assert!(found[0].to_string().contains("\"email\""), "the edit: {found}");
    let sarif = json(&check("sarif"));
    assert_eq!(sarif["version"], "2.1.0");
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "E012");
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 2);
    assert!(out(&check("github")).starts_with("::error file="));
    let full = out(&check("full"));
    assert!(full.contains("did you mean `email`?") && !full.contains('\u{1b}'), "{full}");
}

#[test]
fn check_emits_its_stages_and_can_deny_warnings() {
    let here = folder("stages");
    write(&here, "r.rule", RULE);
    write(&here, "w.rule", "def unused = true\nrule r {\n  when: subject.base contains \"x\"\n}\n");
    for stage in ["ast", "hir", "plan"] {
        let output = ruleeval(&here, &["check", "r.rule", "--emit", stage]);
        assert_eq!(code(&output), 0);
        assert!(out(&output).to_lowercase().contains("invoice"), "{stage}: {}", out(&output));
    }
    assert_eq!(code(&ruleeval(&here, &["check", "w.rule"])), 0);
    assert_eq!(code(&ruleeval(&here, &["check", "w.rule", "--deny-warnings"])), 1);
}

#[test]
fn fmt_formats_checks_and_leaves_broken_files_alone() {
    let here = folder("fmt");
    let untidy = "rule a{when:subject.base   contains \"x\"}  // why\n";
    let file = write(&here, "p/a.rule", untidy);
    let broken = write(&here, "p/b.rule", "rule b { when: ( }");
    assert_eq!(code(&ruleeval(&here, &["fmt", "--check", "p/a.rule"])), 1);
    assert_eq!(std::fs::read_to_string(&file).expect("read"), untidy);
    assert_eq!(code(&ruleeval(&here, &["fmt", "p"])), 2);
    let tidy = std::fs::read_to_string(&file).expect("read");
    assert_eq!(tidy, "rule a {\n  when:\n    subject.base contains \"x\"\n}  // why\n");
    assert_eq!(std::fs::read_to_string(broken).expect("read"), "rule b { when: ( }");
    assert_eq!(code(&ruleeval(&here, &["fmt", "--check", "p/a.rule"])), 0);
    assert_eq!(code(&ruleeval(&here, &["fmt", "missing.rule"])), 4);
    assert_eq!(out(&piped(&here, &["fmt", "-"], untidy)), tidy);
}

#[test]
fn features_and_eval_show_typed_values() {
    let here = folder("features");
    write(&here, "m.eml", MAIL);
    let features = json(&ruleeval(&here, &["features", "m.eml"]));
    assert_eq!(features["sender"]["email"]["domain"]["root_domain"], "example.com");
    assert_eq!(features["auth"]["dmarc"], "unknown");
    let eval = |expr: &str| ruleeval(&here, &["eval", expr, "m.eml", "--types"]);
    assert_eq!(out(&eval("length(recipients.to)")), "1 : int\n");
    assert_eq!(out(&eval("sender.display_name")), "\"Ann Example\" : string\n");
    assert_eq!(out(&eval("recipients.cc[0].display_name == \"x\"")), "null : bool\n");
    let wrong = eval("sender.nme");
    assert_eq!(code(&wrong), 2);
    assert!(err(&wrong).contains("E012") && out(&wrong).is_empty());
    assert_eq!(code(&ruleeval(&here, &["eval", "true", "missing.eml"])), 4);
    assert_eq!(code(&ruleeval(&here, &["features", "missing.eml"])), 4);
}

#[test]
fn explain_shows_the_clauses_the_nearest_miss_and_the_pages() {
    let here = folder("explain");
    let clauses = "subject.base contains~ \"invoice\"\n    and sender.email.domain.root_domain == \"example.net\"";
    write(&here, "r.rule", format!("rule r {{\n  when:\n    {clauses}\n}}\n"));
    write(&here, "m.eml", MAIL);
    let output = ruleeval(&here, &["explain", "r", "m.eml", "--rules", "r.rule"]);
    assert_eq!(code(&output), 0);
    let text = out(&output);
    assert!(text.starts_with("r/r does not match"), "{text}");
    assert!(text.contains("1 of 2 top-level clauses hold") && text.contains("example.com"), "{text}");
    let value = json(&ruleeval(&here, &["explain", "r/r", "m.eml", "--rules", "r.rule", "--json"]));
    assert_eq!(value["status"], "no_match", "{value}");
    assert_eq!(code(&ruleeval(&here, &["explain", "rr", "m.eml", "--rules", "r.rule"])), 3);
    let page = ruleeval(&here, &["explain", "E012"]);
    assert_eq!(code(&page), 0);
    assert!(out(&page).contains("E012"));
    let typo = ruleeval(&here, &["explain", "E999"]);
    assert_eq!(code(&typo), 3);
    assert!(err(&typo).contains("no error or warning `E999`"));
}

#[test]
fn doc_names_every_field_and_function() {
    let reference = out(&ruleeval(&folder("doc"), &["doc"]));
    let words =
        ["root_domain", "strings.icontains", "ml.nlu_classifier", "html.xpath", "AnomalyKind", "truncated-multipart"];
    for word in words {
        assert!(reference.contains(word), "{word}");
    }
}

#[test]
fn configuration_is_found_checked_and_used() {
    let here = folder("config");
    write(&here, "m.eml", MAIL);
    let vips = "org_vips:\n  - { display_name: Ann Example, email: ann@example.com }\n";
    write(&here, "ruleeval.yaml", format!("org_domains: [example.com]\n{vips}"));
    let eval = |expr: &str| out(&ruleeval(&here, &["eval", expr, "m.eml"]));
    assert_eq!(eval("type.inbound"), "false\n");
    let vip = "any($org_vips, .display_name == sender.display_name and .email == sender.email.email)";
    assert_eq!(eval(vip), "true\n");
    write(&here, "wrong.yaml", "org_domain: [example.com]\n");
    let wrong = ruleeval(&here, &["eval", "true", "m.eml", "--config", "wrong.yaml"]);
    assert_eq!(code(&wrong), 3);
    assert!(err(&wrong).contains("org_domain") && err(&wrong).contains("wrong.yaml:1:1"), "{}", err(&wrong));
    assert_eq!(code(&ruleeval(&here, &["eval", "true", "m.eml", "--config", "missing.yaml"])), 3);
}

#[test]
fn the_clock_decides_what_has_expired() {
    let here = folder("clock");
    let exception = "exception known {\n  for: \"r/invoice\"\n  when: true\n  reason: \"test\"\n  owner: \"ann\"\n  expires: 2026-06-01\n}\n";
    write(&here, "r.rule", format!("{RULE}{exception}"));
    write(&here, "m.eml", MAIL);
    let scan = |time: &str| ruleeval(&here, &["scan", "--rules", "r.rule", "m.eml", "--clock", time]);
    let before = scan("2026-05-01");
    assert!(out(&before).contains("suppressed by"), "{}{}", out(&before), err(&before));
    assert!(!out(&scan("2026-07-01")).contains("suppressed by"));
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_ends_the_command_quietly() {
    let here = folder("pipe");
    write(&here, "r.rule", RULE);
    for number in 0..3000 {
        write(&here, &format!("mail/{number:04}.eml"), MAIL);
    }
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("ruleeval"))
        .current_dir(&here)
        .args(["scan", "--rules", "r.rule", "mail", "--format", "jsonl"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert!(!err(&output).contains("panicked"), "{}", err(&output));
}

#[test]
fn templates_are_proposed_and_measured() {
    let here = folder("templates");
    let mail = |name: &str, code: &str| {
        format!(
            "From: notice@service.example\r\nTo: b@example.org\r\nSubject: {name} account verification code\r\n\r\nThe code of your {name} account is below.\r\nVerification code: {code}\r\n"
        )
    };
    write(&here, "a.eml", mail("Contoso", "402918"));
    write(&here, "b.eml", mail("Fabrikam GmbH", "118830"));
    write(&here, "lure.eml", mail("Refund, call 802 555 0142", "100200").replace("below.", "below. Act now!"));
    write(&here, "other.eml", MAIL);
    let proposed = ruleeval(&here, &["template", "infer", "--name", "code", "a.eml", "b.eml"]);
    assert_eq!(code(&proposed), 0, "{}", err(&proposed));
    write(&here, "code.rule", out(&proposed));
    assert_eq!(code(&ruleeval(&here, &["check", "code.rule"])), 0);
    assert_eq!(code(&ruleeval(&here, &["fmt", "--check", "code.rule"])), 0);
    let measured = ruleeval(&here, &["template", "check", "code.rule", "lure.eml", "other.eml", "--format", "jsonl"]);
    let rows = rows(&measured);
    assert_eq!(rows[0]["matched"], true, "{}", out(&measured));
    assert_eq!(rows[0]["slots"]["verification_code"]["text"], "100200", "{}", out(&measured));
    assert_eq!(rows[0]["residue"][0]["text"], "Act now!");
    assert_eq!(rows[1]["matched"], false);
    assert_eq!(rows[1]["from_sender"], false);
    let text = ruleeval(&here, &["template", "check", "--rules", "code.rule", "code", "lure.eml", "--all-match"]);
    assert_eq!(code(&text), 0, "{}", err(&text));
    assert!(out(&text).starts_with("lure.eml: code/code matched coverage=0."), "{}", out(&text));
    assert!(out(&text).ends_with("residue=\"Act now!\"\n"), "{}", out(&text));
    let missing = ruleeval(&here, &["template", "check", "--rules", "code.rule", "cod", "lure.eml"]);
    assert_eq!(code(&missing), 3);
    assert!(err(&missing).contains("did you mean `code`?"), "{}", err(&missing));
    let failed = ruleeval(&here, &["template", "check", "code.rule", "other.eml", "--all-match"]);
    assert_eq!(code(&failed), 1);
    assert_eq!(code(&ruleeval(&here, &["template", "infer", "--name", "1x", "a.eml"])), 3);
}

/// Signed messages of the project, verified with their recorded DNS.
const VERIFY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/verify");

#[test]
fn own_verification_with_recorded_dns() {
    let here = folder("verify");
    let mail = format!("{VERIFY}/mail/docsend/proposal.honest.eml");
    let config = format!("{VERIFY}/ruleeval.yaml");
    let sources = json(&ruleeval(&here, &["eval", "auth.sources", &mail, "--config", &config]));
    assert_eq!(sources[0]["kind"], "verified");
    assert_eq!(sources[0]["decides"], serde_json::json!(["spf", "dkim", "dmarc", "arc"]));
    let off = json(&ruleeval(&here, &["eval", "auth.dmarc", &mail, "--config", &config, "--dns", "off"]));
    assert_eq!(off, "unknown");
    let dns = format!("{VERIFY}/dns.txt");
    let alone = json(&ruleeval(&here, &["eval", "auth.dkim", &mail, "--dns", &dns]));
    assert_eq!(alone, "pass", "signatures need neither configuration nor envelope");

    let recorded = ruleeval(&here, &["dns", &mail, "--config", &config]);
    write(&here, "dns.txt", out(&recorded));
    assert!(out(&recorded).contains("r1._domainkey.docsend.com TXT \"v=DKIM1;"), "{}", out(&recorded));
    let again = json(&ruleeval(&here, &["eval", "auth.dmarc", &mail, "--config", &config, "--dns", "dns.txt"]));
    assert_eq!(again, "pass");

    let rule = write(&here, "rule.rule", "rule signed {\n  when: authenticated_as(\"docsend.com\")\n}\n");
    let rule = rule.to_str().expect("a path");
    let scan = ruleeval(&here, &["scan", "--rules", rule, "--config", &config, "--evidence", &mail]);
    assert!(out(&scan).contains("dmarc=pass (verified ruleeval)"), "{}", out(&scan));
    let explained = ruleeval(&here, &["explain", &mail, "--rules", rule, "--config", &config]);
    assert!(out(&explained).contains("Authentication\n"), "{}", out(&explained));
    let run = ruleeval(
        &here,
        &["run", "--rules", rule, "--corpus", VERIFY, "--config", &config, "--evidence", "--format", "jsonl"],
    );
    assert!(out(&run).contains("dkim=pass (verified ruleeval)"), "{}", out(&run));

    write(&here, "bad.txt", "example.com A 192.0.2.1\nexample.com CNAME x\n");
    let bad = ruleeval(&here, &["eval", "auth.dkim", &mail, "--dns", "bad.txt"]);
    assert_eq!(code(&bad), 3);
    assert!(err(&bad).contains("bad.txt: line 2: `CNAME` is none of"), "{}", err(&bad));
    assert_eq!(code(&ruleeval(&here, &["eval", "auth.dkim", &mail, "--dns", "none.txt"])), 3);
}
