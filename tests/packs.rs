//! Every pack in `rules/` loads without a diagnostic and passes its own tests.

use ruleeval::engine::{Compiled, Compiler};
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
