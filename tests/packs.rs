//! Every pack in `rules/` loads without a diagnostic and passes its own tests, and the written
//! corpus gets the verdicts that its manifest expects.

use ruleeval::engine::{Compiled, Compiler, Options};
use ruleeval::message::Settings;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn packs() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("rules")).expect("rules/ exists");
    let mut packs: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    packs.retain(|path| path.join("pack.yaml").is_file());
    packs.sort();
    packs
}

fn compile(path: &Path) -> Compiled {
    let mut compiler = Compiler::new();
    compiler.load(path);
    compiler.settings(Settings {
        trusted_authserv_ids: vec!["mx.example.net".into()],
        org_domains: vec!["example.net".into()],
        ..Settings::default()
    });
    compiler.compile()
}

fn listing(compiled: &Compiled) -> String {
    compiled.diagnostics.iter().fold(String::new(), |mut text, problem| {
        let place = compiled.sources.location(problem.primary.span);
        let _ = writeln!(text, "{place}: {} {} ({})", problem.code, problem.message, problem.primary.text);
        text
    })
}

#[test]
fn packs_have_no_diagnostics() {
    let packs = packs();
    assert!(!packs.is_empty());
    for pack in packs {
        let compiled = compile(&pack);
        assert!(compiled.diagnostics.is_empty(), "{}:\n{}", pack.display(), listing(&compiled));
    }
}

#[test]
fn tests_of_all_rules_hold() {
    for pack in packs() {
        let engine = compile(&pack).engine.expect("the pack compiles");
        let report = engine.test();
        assert!(report.run >= 2 * engine.rules().len(), "each rule has a lure and its honest twin");
        let failures = report.failures.iter().fold(String::new(), |mut text, failure| {
            let _ = writeln!(text, "{} {}: {}\n{:#?}", failure.at, failure.rule, failure.message, failure.explanation);
            text
        });
        assert!(failures.is_empty(), "{} of {} failed:\n{failures}", report.failures.len(), report.run);
    }
}

#[test]
fn corpus_gets_the_expected_verdicts() {
    let engine = compile(&root().join("rules/trusted-senders")).engine.expect("the pack compiles");
    let manifest = fs::read_to_string(root().join("corpus/manifest.csv")).expect("manifest");
    let mut lines = manifest.lines();
    assert_eq!(lines.next(), Some("file,label,technique,service,verdict,why,source"));
    let mut seen = 0;
    let mut wrong = String::new();
    for line in lines {
        let cells: Vec<&str> = line.splitn(7, ',').collect();
        let [file, label, _, _, expected, why, source] = cells.as_slice() else { panic!("malformed: {line}") };
        assert!(!why.is_empty() && !source.is_empty(), "{file} says neither why nor whence");
        let raw = fs::read(root().join("corpus").join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let message = engine.parse(raw);
        let verdict = engine.evaluate(&message, &mut engine.scratch(), Options::default());
        // The general signs of `common` are weak: they may match ham, but not decide about it.
        let strong = |rule: &&str| rule.starts_with("trusted-senders/");
        let rules: Vec<&str> = verdict.matches.iter().map(|found| &*found.rule).collect();
        if &*verdict.action != *expected || (*label == "ham") == rules.iter().any(strong) {
            let _ = writeln!(wrong, "{file}: expected {expected} ({why}), got {} {rules:?}", verdict.action);
        }
        seen += 1;
    }
    assert!(seen >= 30, "only {seen} messages");
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_corpus_message_is_in_the_manifest() {
    let manifest = fs::read_to_string(root().join("corpus/manifest.csv")).expect("manifest");
    for folder in ["features", "mail"] {
        for entry in fs::read_dir(root().join("corpus").join(folder)).expect("folder") {
            let name = format!("{folder}/{}", entry.expect("readable").file_name().to_string_lossy());
            let listed = manifest.lines().any(|line| line.starts_with(&format!("{name},")));
            assert!(
                listed || Path::new(&name).extension().is_none_or(|kind| kind != "eml"),
                "{name} is not in the manifest"
            );
        }
    }
}
