//! Every pack in `rules/` loads without a diagnostic and passes its own tests.

use proptest::prelude::*;
use ruleeval::engine::{Compiled, Compiler, Options};
use ruleeval::message::Settings;
use ruleeval::pack::{Archive, Manifest};
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

/// A folder with the given files, which is not there yet.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let root = std::env::temp_dir().join(format!("ruleeval-packs-{name}-{}", std::process::id()));
    for (file, text) in files {
        let path = root.join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        fs::write(path, text).expect("written");
    }
    root
}

#[test]
fn a_required_pack_is_read_from_beside_the_one_that_asks_for_it() {
    let root = folder(
        "beside",
        &[
            ("base/pack.yaml", "name: base\nlibrary: true\npolicy: {thresholds: {hold: 1.0}}\n"),
            ("base/base.rule", "def greets = subject.subject contains~ \"hello\"\n"),
            ("site/pack.yaml", "name: site\nrequires: {packs: [base]}\n"),
            ("site/site.rule", "rule greeting { when: base.greets }\n"),
            ("lost/pack.yaml", "name: lost\nrequires: {packs: [nowhere]}\n"),
            ("lost/lost.rule", "rule reply { when: subject.is_reply }\n"),
        ],
    );
    let load = |pack: &str| {
        let mut compiler = Compiler::new();
        compiler.load(&root.join(pack));
        compiler.compile()
    };
    let engine = load("site").engine.expect("both packs compile");
    let message = engine.parse(b"Subject: Hello\r\n\r\n.".to_vec());
    let verdict = engine.evaluate(&message, &mut engine.scratch(), Options::default());
    assert_eq!((&*verdict.action, &*verdict.matches[0].rule), ("hold", "site/greeting"));
    let lost = load("lost");
    assert!(listing(&lost).contains("requires the pack `nowhere`"), "{}", listing(&lost));
    assert!(lost.engine.is_none());
    fs::remove_dir_all(root).expect("removed");
}

#[test]
fn expired_entries_of_a_list_no_longer_count_and_are_reported() {
    let list = "value,source,expires\nold.example,https://feed.example,2026-01-31\nnew.example,,2027-01-31\n";
    let rule = "list bad: domain = \"lists/bad.csv\"\nrule listed { when: any(headers.reply_to, .email.domain.domain in $bad) }\n";
    let root = folder("expiry", &[("pack.yaml", "name: expiry\n"), ("expiry.rule", rule), ("lists/bad.csv", list)]);
    let matches = |now: Option<i64>, from: &str| {
        let mut compiler = Compiler::new();
        compiler.load(&root).now(now);
        let compiled = compiler.compile();
        let engine = compiled.engine.as_ref().expect("warnings only");
        let message = engine.parse(format!("Reply-To: a@{from}\r\n\r\n.").into_bytes());
        let verdict = engine.evaluate(&message, &mut engine.scratch(), Options::default());
        (verdict.matches.len(), listing(&compiled))
    };
    let june = Some(1_780_272_000_000); // 2026-06-01
    assert_eq!(matches(None, "old.example"), (1, String::new()));
    let (found, listing) = matches(june, "old.example");
    assert_eq!(found, 0);
    assert!(listing.contains("expired 1 of the list's entries"), "{listing}");
    assert_eq!(matches(june, "new.example").0, 1);
    fs::remove_dir_all(root).expect("removed");
}

proptest! {
    /// Whatever stands in `pack.yaml`: a manifest, or problems inside the text.
    #[test]
    fn any_text_is_a_manifest_or_has_problems_at_their_places(
        text in "(name|version|requires|packs|overrides|: |:\n  |\n|- |\\[|\\]|\\{|\\}|a|1|1\\.0|null|&a|\\*a|<<|\"|'|#|!|\\||>|ä| ){0,30}"
    ) {
        match Manifest::parse(&text) {
            Ok((manifest, _)) => prop_assert!(!manifest.name.is_empty()),
            Err(problems) => {
                prop_assert!(!problems.is_empty() && problems.len() <= 101);
                for problem in problems {
                    prop_assert!(problem.at.start <= text.len() && problem.at.end <= text.len(), "{:?}", problem);
                }
            }
        }
    }

    /// What can be built is read again as it was; what is changed is refused or another pack.
    #[test]
    fn an_archive_is_what_its_files_are(
        files in prop::collection::btree_map("[a-z./ä\\\\]{0,130}", prop::collection::vec(any::<u8>(), 0..600), 0..5),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let Ok(bytes) = Archive::build(&files) else { return Ok(()) };
        let archive = Archive::read(bytes.clone().into()).expect("its own archive");
        let again = archive.paths().map(|path| (path.to_owned(), archive.file(path).expect("a file").to_vec()));
        prop_assert_eq!(again.collect::<std::collections::BTreeMap<_, _>>(), files.clone());
        let mut altered = bytes;
        let at = at.index(altered.len());
        altered[at] ^= 1 << bit;
        if let Ok(read) = Archive::read(altered.clone().into()) {
            let other: std::collections::BTreeMap<_, _> =
                read.paths().map(|path| (path.to_owned(), read.file(path).expect("a file").to_vec())).collect();
            prop_assert_ne!(&other, &files);
            prop_assert_eq!(Archive::build(&other).expect("it is one"), altered);
        }
    }
}
