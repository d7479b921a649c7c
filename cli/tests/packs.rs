//! Packs as their authors and their users have them: made, built, signed, refused, changed from
//! outside, compared; and the published schema against the parser.

mod support;

use ruleeval::pack::Manifest;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use support::{code, err, folder, out, ruleeval, write};

const MAIL: &str = "From: a@shop.example\r\nTo: b@example.net\r\nSubject: urgent: call now\r\n\r\nhello\r\n";

/// A vendor's pack and a site's pack on top of it.
fn site(name: &str, manifest: &str, rules: &str) -> std::path::PathBuf {
    let here = folder(name);
    write(&here, "vendor/pack.yaml", "name: vendor\nversion: 1.2.0\npolicy: {thresholds: {tag: 2.0, reject: 9.0}}\n");
    let vendor = "rule urgent {\n  meta:\n    score = 3.0\n    severity = high\n  when:\n    subject.base contains~ \"urgent\"\n}\n\nrule call {\n  meta:\n    score = 2.0\n  when:\n    subject.base contains~ \"call\"\n}\n";
    write(&here, "vendor/vendor.rule", vendor);
    write(&here, "site/pack.yaml", format!("name: site\nrequires: {{packs: [\"vendor ^1.2\"]}}\n{manifest}"));
    write(&here, "site/site.rule", rules);
    write(&here, "m.eml", MAIL);
    here
}

fn verdict(here: &Path, args: &[&str]) -> Value {
    let base = ["scan", "--rules", "site", "m.eml", "--format", "jsonl", "--clock", "2026-06-01"];
    let output = ruleeval(here, &[&base, args].concat());
    assert_eq!(code(&output), 0, "{}", err(&output));
    serde_json::from_str(out(&output).trim()).expect("JSON")
}

fn counted(verdict: &Value) -> Vec<(String, f64)> {
    let matches = verdict["matches"].as_array().expect("matches");
    matches
        .iter()
        .map(|one| (one["rule"].as_str().unwrap_or("").into(), one["counted"].as_f64().unwrap_or(-1.0)))
        .collect()
}

const NONE: &str = "rule nothing { when: subject.is_reply }\n";

#[test]
fn a_site_changes_rules_of_a_vendor_without_editing_them() {
    let change = |what: &str, expires: &str| {
        format!(
            "overrides:\n  - {{rule: \"vendor/ur*\", {what}, owner: me@example.net, reason: noise, expires: \"{expires}\"}}\n"
        )
    };
    let of = |name: &str, what: &str, expires: &str| verdict(&site(name, &change(what, expires), NONE), &[]);
    let plain = verdict(&site("plain", "", NONE), &[]);
    assert_eq!(counted(&plain), [("vendor/call".into(), 2.0), ("vendor/urgent".into(), 3.0)]);
    let shadow = of("shadow", "mode: shadow", "2027-01-01");
    assert_eq!(counted(&shadow), [("vendor/call".into(), 2.0), ("vendor/urgent".into(), 0.0)]);
    assert_eq!((&shadow["matches"][1]["mode"], &shadow["score"]), (&json!("shadow"), &json!(2.0)));
    assert_eq!(counted(&of("off", "enabled: false", "2027-01-01")), [("vendor/call".into(), 2.0)]);
    let scored = of("scored", "score: 0.5, severity: low", "2027-01-01");
    assert_eq!((&scored["matches"][1]["severity"], &scored["score"]), (&json!("low"), &json!(2.5)));
    let expired = site("expired", &change("mode: off", "2026-05-31"), NONE);
    assert_eq!(counted(&verdict(&expired, &[])).len(), 2, "an override that has expired no longer holds");
    let told = ruleeval(&expired, &["check", "site", "--clock", "2026-06-01", "--format", "concise"]);
    assert!(out(&told).contains("expired"), "{}", out(&told));
    // Later than the compilation the clock of the message decides.
    let until = site("until", &change("mode: off", "2026-06-02"), NONE);
    assert_eq!(counted(&verdict(&until, &[])).len(), 1);
}

#[test]
fn exceptions_reach_across_packs_and_those_that_reach_nothing_are_told() {
    let exception = |what: &str| {
        format!(
            "exception partner {{\n  for: \"{what}\"\n  when: sender.email.domain.domain == \"shop.example\" and auth.dmarc != pass\n  owner: \"me@example.net\"\n  reason: \"a partner\"\n  expires: 2027-01-01\n}}\n"
        )
    };
    let here = site("exception", "", &exception("vendor/*"));
    let verdict = verdict(&here, &[]);
    assert_eq!(counted(&verdict).len(), 0);
    assert_eq!(verdict["suppressed"][0]["exceptions"][0], "site/partner");
    let lost = site("lost", "", &exception("vendr/*"));
    let told = ruleeval(&lost, &["check", "site", "--format", "concise"]);
    assert!(out(&told).contains("exception `site/partner` concerns no rule"), "{}", out(&told));
}

#[test]
fn modes_of_packs_and_policies_are_merged_and_told_with_their_origin() {
    let here = site(
        "policy",
        "mode: shadow\npolicy: {thresholds: {tag: 1.5, reject: null}, severity: {high: hold}}\n",
        "rule own { when: subject.base contains~ \"now\" }\n",
    );
    let verdict = verdict(&here, &[]);
    assert_eq!(
        (&verdict["matches"][0]["rule"], &verdict["matches"][0]["mode"]),
        (&json!("site/own"), &json!("shadow"))
    );
    assert_eq!(verdict["action"], "hold", "severity high of the vendor's rule, by the site's policy");
    let shown = out(&ruleeval(&here, &["pack", "inspect", "site"]));
    for line in ["tag          from score 1.5        site", "hold         from severity high    site"] {
        assert!(shown.contains(line), "{shown}");
    }
    assert!(!shown.contains("reject"), "`null` takes an action out: {shown}");
    write(&here, "ruleeval.yaml", "policy: {thresholds: {tag: 99.0}}\n");
    let shown = out(&ruleeval(&here, &["pack", "inspect", "site"]));
    assert!(shown.contains("tag          from score 99.0       configuration"), "{shown}");
}

#[test]
fn a_pack_that_replaces_another_answers_to_its_name() {
    let here = site("replaces", "", "rule both { when: vendor.hurried and subject.base contains~ \"call\" }\n");
    write(&here, "vendor/pack.yaml", "name: newvendor\nversion: 1.3.0\nreplaces: [vendor]\n");
    write(&here, "vendor/defs.rule", "def hurried = subject.base contains~ \"urgent\"\n");
    let output = ruleeval(&here, &["scan", "--rules", "vendor", "--rules", "site", "m.eml", "--format", "jsonl"]);
    let found: Value = serde_json::from_str(out(&output).trim()).unwrap_or_else(|_| panic!("{}", err(&output)));
    assert_eq!(found["matches"][2]["rule"], "site/both");
}

#[test]
fn a_new_pack_passes_its_own_tests_and_builds_the_same_archive_every_time() {
    let here = folder("build");
    assert_eq!(code(&ruleeval(&here, &["pack", "new", "demo"])), 0);
    let checked = ruleeval(&here, &["check", "demo", "--deny-warnings"]);
    assert_eq!(code(&checked), 0, "{}", out(&checked));
    let checked = ruleeval(&here, &["pack", "check", "demo"]);
    assert!(code(&checked) == 0 && err(&checked).contains("2 test(s), 0 failed"), "{}", err(&checked));
    let built = ruleeval(&here, &["pack", "build", "demo"]);
    assert_eq!(code(&built), 0, "{}", err(&built));
    let digest = out(&built).lines().nth(1).expect("a digest").trim_start_matches("sha256:").to_owned();
    let first = std::fs::read(here.join("demo-0.1.0.rep")).expect("built");
    // Times, hidden files and files that belong to no pack make no difference.
    write(&here, "demo/.hidden", "x");
    write(&here, "demo/notes.tmp", "x");
    write(&here, "demo/rules.rule", std::fs::read(here.join("demo/rules.rule")).expect("rules"));
    let again = ruleeval(&here, &["pack", "build", "demo", "--output", "again.rep"]);
    assert!(err(&again).contains("notes.tmp: left out"), "{}", err(&again));
    assert_eq!(first, std::fs::read(here.join("again.rep")).expect("built"));
    // An archive is loaded wherever a folder is, with its tests, and has the same digest.
    let tested = ruleeval(&here, &["test", "again.rep"]);
    assert!(code(&tested) == 0 && err(&tested).contains("2 passed"), "{}", err(&tested));
    for pack in ["demo", "again.rep"] {
        let output = ruleeval(&here, &["scan", "--rules", pack, "demo/cases", "--format", "jsonl"]);
        let verdict: Value = serde_json::from_str(out(&output).lines().next().expect("a line")).expect("JSON");
        assert_eq!(verdict["packs"][0]["digest"], digest, "{pack}");
        assert_eq!(verdict["packs"][0]["version"], "0.1.0");
    }
    write(&here, "demo/cases/honest.eml", MAIL.replace("call now", "call now +1 808 555 0142"));
    assert_eq!(code(&ruleeval(&here, &["pack", "build", "demo"])), 1, "a pack whose tests fail is not built");
    #[cfg(unix)]
    {
        std::fs::remove_file(here.join("demo/cases/honest.eml")).expect("removed");
        std::os::unix::fs::symlink("/etc/hostname", here.join("demo/cases/honest.eml")).expect("linked");
        let refused = ruleeval(&here, &["pack", "sign", "demo", "--key", "none"]);
        assert_eq!(code(&refused), 3);
        let linked = ruleeval::pack::contents(&here.join("demo")).err().expect("refused");
        assert!(linked.to_string().contains("symbolic link"), "{linked}");
    }
}

/// Every byte of an archive matters: none can be changed, added or taken away unseen.
#[test]
fn an_archive_that_is_altered_anywhere_is_no_archive_or_another_pack() {
    let here = folder("altered");
    ruleeval(&here, &["pack", "new", "demo"]);
    ruleeval(&here, &["pack", "build", "demo", "--output", "demo.rep"]);
    let bytes = std::fs::read(here.join("demo.rep")).expect("built");
    let original = ruleeval::pack::Archive::read(bytes.clone().into()).expect("its own archive");
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        if let Ok(read) = ruleeval::pack::Archive::read(altered.into()) {
            // What is still an archive differs in a file's content, which the signature covers.
            let same =
                read.paths().eq(original.paths()) && read.paths().all(|path| read.file(path) == original.file(path));
            assert!(!same, "byte {at} of the archive means nothing");
        }
    }
    for length in (0..bytes.len()).step_by(97) {
        assert!(ruleeval::pack::Archive::read(bytes[..length].into()).is_err(), "cut to {length}");
    }
    let longer = [bytes.as_slice(), &[0; 512]].concat();
    assert!(ruleeval::pack::Archive::read(longer.into()).is_err());
    // What tar itself writes is not canonical; evil names are refused whoever writes them.
    for (name, kind) in
        [("../evil.rule", b'0'), ("/etc/passwd", b'0'), ("a/./b.rule", b'0'), ("link.rule", b'2'), ("ok.rule", b'0')]
    {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(4);
        header.set_mode(0o755);
        header.set_entry_type(tar::EntryType::new(kind));
        header.set_cksum();
        builder.append(&header, &b"rule"[..]).expect("added");
        let bytes = builder.into_inner().expect("a tar");
        assert!(ruleeval::pack::Archive::read(bytes.into()).is_err(), "{name}");
    }
    // A size that is not there.
    let mut bomb = bytes;
    bomb[124..135].copy_from_slice(b"77777777777");
    assert!(ruleeval::pack::Archive::read(bomb.into()).is_err());
}

fn public_key(here: &Path, name: &str) -> String {
    let text = std::fs::read_to_string(here.join(format!("{name}.pub"))).expect("a key");
    text.lines().next_back().expect("a line").to_owned()
}

/// A built pack, signed by `good`, and another key `other`.
fn signed(name: &str) -> std::path::PathBuf {
    let here = folder(name);
    ruleeval(&here, &["pack", "new", "demo"]);
    ruleeval(&here, &["pack", "build", "demo", "--output", "demo.rep"]);
    for key in ["good", "other"] {
        assert_eq!(code(&ruleeval(&here, &["pack", "keygen", key, "--no-password"])), 0);
    }
    let output = ruleeval(&here, &["pack", "sign", "demo.rep", "demo", "--key", "good"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    write(&here, "m.eml", MAIL);
    here
}

#[test]
fn where_signatures_are_required_every_command_refuses_packs_without_a_good_one() {
    let here = signed("signed");
    let config = |key: &str| format!("require_signatures: true\ntrusted_pack_keys: [{key}]\n");
    write(&here, "good.yaml", config(&public_key(&here, "good")));
    write(&here, "other.yaml", config(&public_key(&here, "other")));
    let corpus = write(&here, "mail/ham/1.eml", MAIL);
    let corpus = corpus.parent().and_then(Path::parent).expect("a folder").to_string_lossy().into_owned();
    for pack in ["demo.rep", "demo"] {
        let commands: [&[&str]; 13] = [
            &["check", pack],
            &["test", pack],
            &["scan", "m.eml", "--rules", pack],
            &["run", "--rules", pack, "--corpus", &corpus],
            &["promote", "--rules", pack, "--corpus", &corpus],
            &["diff", pack, pack, "--corpus", &corpus],
            &["eval", "true", "m.eml", "--rules", pack],
            &["explain", "m.eml", "--rules", pack],
            &["profile", "m.eml", "--rules", pack],
            &["timeshift", "m.eml", "--rules", pack],
            &["pack", "inspect", pack],
            &["pack", "diff", pack, pack],
            &["lists", "stat", "--rules", pack],
        ];
        for command in commands {
            let good = ruleeval(&here, &[command, &["--config", "good.yaml"]].concat());
            assert!(code(&good) < 2, "{command:?}: {}", err(&good));
            let other = ruleeval(&here, &[command, &["--config", "other.yaml"]].concat());
            let said = format!("{}{}", out(&other), err(&other));
            assert_eq!(code(&other), 2, "{command:?}: {said}");
            assert!(said.contains("E039"), "{command:?}: {said}");
        }
    }
    // A key that is trusted makes a bad signature a reason to refuse, also where none is required.
    let key = public_key(&here, "other");
    assert_eq!(code(&ruleeval(&here, &["scan", "m.eml", "--rules", "demo.rep", "--trusted-key", &key])), 2);
    assert_eq!(code(&ruleeval(&here, &["scan", "m.eml", "--rules", "demo.rep"])), 0);
    // Altered after it was signed; its signature taken away.
    let rules = std::fs::read_to_string(here.join("demo/rules.rule")).expect("rules");
    write(&here, "demo/rules.rule", rules.replace("medium", "low"));
    assert_eq!(code(&ruleeval(&here, &["check", "demo", "--config", "good.yaml"])), 2);
    std::fs::remove_file(here.join("demo.rep.minisig")).expect("removed");
    let unsigned = ruleeval(&here, &["pack", "verify", "demo.rep", "--config", "good.yaml"]);
    assert!(code(&unsigned) == 2 && err(&unsigned).contains("no signature"), "{}", err(&unsigned));
    write(&here, "r.rule", NONE);
    assert_eq!(code(&ruleeval(&here, &["check", "r.rule", "--config", "good.yaml"])), 2, "a single rule file");
    write(&here, "none.yaml", "require_signatures: true\n");
    assert_eq!(code(&ruleeval(&here, &["check", "demo", "--config", "none.yaml"])), 3, "no key at all");
}

/// What a required pack, found beside the one that asks for it, has to show too.
#[test]
fn required_packs_are_verified_as_well() {
    let here = site("required", "version: 1.0.0\n", NONE);
    ruleeval(&here, &["pack", "keygen", "key", "--no-password"]);
    ruleeval(&here, &["pack", "sign", "site", "--key", "key"]);
    let key = public_key(&here, "key");
    let args = ["check", "site", "--require-signatures", "--trusted-key", &key];
    let refused = ruleeval(&here, &args);
    assert!(code(&refused) == 2 && out(&refused).contains("vendor/pack.minisig"), "{}", out(&refused));
    ruleeval(&here, &["pack", "sign", "vendor", "--key", "key"]);
    assert_eq!(code(&ruleeval(&here, &args)), 0);
}

/// Debian's `minisign` verifies our signatures, and we verify its.
#[test]
fn minisign_itself_agrees() {
    if Command::new("minisign").arg("-v").output().is_err() {
        eprintln!("skipped: no minisign here");
        return;
    }
    let here = signed("minisign");
    let minisign = |args: &[&str]| {
        let output = Command::new("minisign").current_dir(&here).args(args).output().expect("it runs");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (verified, said) = minisign(&["-V", "-p", "good.pub", "-m", "demo.rep"]);
    assert!(verified && said.contains("demo 0.1.0 sha256:"), "{said}");
    assert!(!minisign(&["-V", "-p", "other.pub", "-m", "demo.rep"]).0);
    // Its key, its signature; its key, our signature; our key, its signature.
    assert!(minisign(&["-G", "-W", "-p", "tool.pub", "-s", "tool"]).0);
    let verify =
        |key: &str| code(&ruleeval(&here, &["pack", "verify", "demo.rep", "--trusted-key", &public_key(&here, key)]));
    assert!(minisign(&["-S", "-s", "tool", "-m", "demo.rep"]).0);
    assert_eq!((verify("tool"), verify("good")), (0, 2));
    assert_eq!(code(&ruleeval(&here, &["pack", "sign", "demo.rep", "--key", "tool"])), 0);
    assert!(minisign(&["-V", "-p", "tool.pub", "-m", "demo.rep"]).0);
    assert!(minisign(&["-S", "-s", "good", "-m", "demo.rep"]).0);
    assert_eq!(verify("good"), 0);
}

#[test]
fn comparing_packs_sees_what_they_do_and_not_how_they_are_laid_out() {
    let here = folder("compare");
    ruleeval(&here, &["pack", "new", "demo"]);
    ruleeval(&here, &["pack", "build", "demo", "--output", "old.rep"]);
    let rules = std::fs::read_to_string(here.join("demo/rules.rule")).expect("rules");
    write(
        &here,
        "demo/rules.rule",
        format!("// A remark.\n{}", rules.replace("    severity    = medium", "    severity =\n      medium")),
    );
    let same = ruleeval(&here, &["pack", "diff", "old.rep", "demo", "--exit-code"]);
    assert!(code(&same) == 0 && out(&same).contains("no difference"), "{}{}", out(&same), err(&same));
    write(&here, "demo/rules.rule", rules.replace("medium", "low") + "\nrule extra { when: subject.is_reply }\n");
    write(&here, "demo/lists/callback_words.txt", "call us # a remark\ndial\nring\n");
    let manifest = std::fs::read_to_string(here.join("demo/pack.yaml")).expect("manifest");
    write(&here, "demo/pack.yaml", manifest.replace("version: 0.1.0", "version: 0.2.0"));
    let output = ruleeval(&here, &["pack", "diff", "old.rep", "demo", "--json", "--exit-code"]);
    assert_eq!(code(&output), 1);
    let document: Value = serde_json::from_str(&out(&output)).expect("JSON");
    let changes = document["changes"].as_array().expect("changes");
    let short: Vec<String> = changes
        .iter()
        .map(|one| format!("{} {} {}", one["kind"], one["name"], one["change"]).replace('"', ""))
        .collect();
    assert_eq!(
        short,
        [
            "manifest version changed",
            "rule callback_in_subject changed",
            "rule extra added",
            "entries lists/callback_words.txt changed"
        ]
    );
    assert_eq!((&changes[3]["removed"], &changes[3]["added"]), (&json!(["call now"]), &json!(["ring"])));
}

/// A document that uses everything.
fn full() -> Value {
    json!({
        "name": "full", "version": "1.2.3-rc.1", "description": "All keys.", "license": "Apache-2.0 OR MIT",
        "requires": {"engine": ">=0.1, <2", "packs": ["common", "other >=1.2, <2"]},
        "replaces": ["old"], "library": false, "mode": "shadow",
        "policy": {
            "thresholds": {"tag": 3.0, "reject": null}, "severity": {"high": "hold", "low": null},
            "gates": {
                "stable": {"min_hits": 3, "min_hit_rate": 0.1, "min_campaigns": 2, "min_so": 0.9, "max_false_positives": 0, "max_false_positive_upper": 0.01},
                "actions": {"reject": {"min_recall": 0.5, "min_precision": 0.9, "max_false_positives": 1, "max_false_positive_upper": 0.01}},
                "diff": {"max_lost": 0, "max_new_false_positives": 0, "max_cost_increase": 0.2, "max_p": 0.05}
            }
        },
        "overrides": [{"rule": "common/a*", "severity": "low", "score": 1.5, "mode": "off", "enabled": true, "owner": "a@b.example", "reason": "why", "expires": "2027-03-01"}],
        "tests": {"trusted_authserv_ids": ["mx.example"], "org_domains": ["example.net"], "org_display_names": ["Example"]}
    })
}

/// Documents that differ from one in one place.
fn variants(document: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    let mut pending = vec![String::new()];
    while let Some(pointer) = pending.pop() {
        let node = document.pointer(&pointer).expect("a place");
        let others = [
            json!(null),
            json!(true),
            json!(7),
            json!(-1),
            json!(2.5),
            json!(1e12),
            json!("x"),
            json!(""),
            json!("A b"),
            json!("a\nb"),
            json!("common >=1"),
            json!("2026-13-01"),
            json!("1.2"),
            json!([]),
            json!([1]),
            json!({}),
            json!({"x": 1}),
            json!(vec!["a"; 1001]),
        ];
        for other in others {
            let mut changed = document.clone();
            *changed.pointer_mut(&pointer).expect("a place") = other;
            found.push(changed);
        }
        match node {
            Value::Object(object) => {
                for key in object.keys() {
                    let mut without = document.clone();
                    without.pointer_mut(&pointer).and_then(Value::as_object_mut).map(|object| object.remove(key));
                    found.push(without);
                    pending.push(format!("{pointer}/{key}"));
                }
                for key in ["unknown", "A b", "high", ""] {
                    let mut more = document.clone();
                    more.pointer_mut(&pointer)
                        .and_then(Value::as_object_mut)
                        .map(|object| object.insert(key.into(), json!("x")));
                    found.push(more);
                }
            }
            Value::Array(items) => pending.extend((0..items.len()).map(|at| format!("{pointer}/{at}"))),
            _ => {}
        }
    }
    found
}

#[test]
fn the_published_schema_and_the_parser_accept_the_same_documents() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schemas/pack.schema.json");
    let text = format!("{:#}\n", ruleeval::pack::schema());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).expect("written");
    }
    assert_eq!(std::fs::read_to_string(&path).expect("docs/schemas/pack.schema.json"), text, "UPDATE=1 writes it");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    assert!(validator.is_valid(&full()));
    let (parsed, _) = Manifest::parse(&full().to_string()).expect("accepted");
    assert_eq!(parsed.requires.packs().nth(1), Some(("other", Some(">=1.2, <2"))));
    let (mut accepted, mut refused) = (0, 0);
    for document in variants(&full()) {
        let text = document.to_string();
        let (by_schema, by_parser) = (validator.is_valid(&document), Manifest::parse(&text));
        assert_eq!(by_schema, by_parser.is_ok(), "{text}\n{by_parser:?}");
        if by_schema { accepted += 1 } else { refused += 1 }
    }
    assert!(accepted > 100 && refused > 900, "{accepted} accepted, {refused} refused");
}

#[test]
fn every_error_of_a_manifest_is_told_at_its_line_and_column() {
    let here = folder("errors");
    let manifest = "name: Bad Name\nversion: 1\nlicence: MIT\nrequires:\n  engine: newest\n  pack: [x]\nmode: on\npolicy:\n  thresholds: {tag: high, tag: 2}\noverrides:\n  - rule: nothing\n    owner: me\n";
    write(&here, "p/pack.yaml", manifest);
    write(&here, "p/r.rule", NONE);
    let output = out(&ruleeval(&here, &["check", "p", "--format", "concise"]));
    for place in ["1:7", "2:10", "3:1", "5:11", "6:3", "7:7", "9:21", "9:27", "11:5", "11:11"] {
        assert!(output.contains(&format!("p/pack.yaml:{place}: ")), "{place}: {output}");
    }
    let full = out(&ruleeval(&here, &["check", "p"]));
    assert!(full.contains("did you mean `license`?") && full.contains("did you mean `packs`?"), "{full}");
    assert!(full.contains("put it in quotes"), "{full}");
}

#[test]
fn hostile_manifests_are_refused_quickly() {
    let bomb: String =
        (1..9).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(","))).collect();
    let cases = [
        format!("a0: &a0 [x]\n{bomb}"),
        "[".repeat(100_000),
        "name: a\n<<: {version: 1.0.0}\n".into(),
        format!("name: {}\n", "a".repeat(2 << 20)),
        "name: [".into(),
        format!("{}x", "- ".repeat(50_000)),
        (0..60_000).map(|n| format!("k{n}: 1\n")).collect(),
        "name: a\n---\nname: b\n".into(),
        String::new(),
        "\u{0}".into(),
    ];
    for text in cases {
        let start: String = text.chars().take(40).collect();
        let problems = Manifest::parse(&text).err().unwrap_or_else(|| panic!("accepted: {start}"));
        assert!(!problems.is_empty() && problems.len() <= 100, "{start}");
    }
}

#[test]
fn lists_are_looked_at_cleaned_and_brought_in() {
    let here = folder("lists");
    write(&here, "p/pack.yaml", "name: p\n");
    write(
        &here,
        "p/r.rule",
        "list bad: domain = \"lists/bad.csv\"\nrule r { when: sender.email.domain.domain in $bad }\n",
    );
    let csv = "value,comment,source,expires\nshop.example,,,\nold.example,,,2026-01-31\nshop.example,again,,\n";
    write(&here, "p/lists/bad.csv", csv);
    write(&here, "m.eml", MAIL);
    let clock = ["--clock", "2026-06-01"];
    let stat = ruleeval(&here, &[&["lists", "stat", "--rules", "p", "--json", "m.eml"], &clock[..]].concat());
    let document: Value = serde_json::from_str(&out(&stat)).unwrap_or_else(|_| panic!("{}", err(&stat)));
    let bad =
        document["lists"].as_array().and_then(|lists| lists.iter().find(|one| one["list"] == "p/bad")).expect("it");
    assert_eq!(
        (&bad["entries"], &bad["duplicates"], &bad["expired"], &bad["hit"]),
        (&json!(2), &json!(1), &json!(1), &json!(1))
    );
    assert_eq!((&bad["top"][0][0], &bad["dead"]), (&json!("shop.example"), &json!(["old.example"])));
    let check = ruleeval(&here, &[&["lists", "check", "p"], &clock[..]].concat());
    assert!(
        code(&check) == 1 && out(&check).contains("line 4: `shop.example` stands already in line 2"),
        "{}",
        out(&check)
    );
    let args = ["lists", "expire", "p/lists/bad.csv", "--clock", "2026-06-01"];
    assert!(out(&ruleeval(&here, &args)).contains("bad.csv:3: old.example"));
    assert_eq!(std::fs::read_to_string(here.join("p/lists/bad.csv")).expect("the list"), csv, "only said");
    ruleeval(&here, &[&args[..], &["--write"]].concat());
    assert!(!std::fs::read_to_string(here.join("p/lists/bad.csv")).expect("the list").contains("old.example"));
    write(&here, "map.txt", "/call now/i 4.0\n/a(?=b)/\n");
    let brought = ruleeval(&here, &["lists", "import", "map.txt", "--from", "rspamd", "--map", "regexp"]);
    assert_eq!(out(&brought), "value,comment,source,expires\n(?i)call now,rspamd: 4.0,,\n");
    assert!(err(&brought).contains("skipped 1: "), "{}", err(&brought));
}
