//! Real mail, where there is any: `RULEEVAL_CORPUS`, or a folder `target/corpora`. None of it is
//! part of the project.

use ruleeval::engine::{Compiler, Engine, Options};
use ruleeval::message::Settings;
use std::path::{Path, PathBuf};

/// Without optimisation every so many messages are read, with it all.
const STEP: usize = if cfg!(debug_assertions) { 10 } else { 1 };

fn messages() -> Vec<PathBuf> {
    let fallback = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/corpora");
    let root = std::env::var_os("RULEEVAL_CORPUS").map_or(fallback, PathBuf::from);
    let mut folders = vec![root];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "eml") {
                found.push(path);
            }
        }
    }
    found.sort();
    found.into_iter().step_by(STEP).collect()
}

fn engine() -> Engine {
    let mut compiler = Compiler::new();
    compiler.settings(Settings {
        trusted_authserv_ids: vec!["microsoft".into(), "mx.google.com".into()],
        trusted_hops: 3,
        ..Settings::default()
    });
    compiler.load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/trusted-senders"));
    compiler.compile().engine.expect("the shipped rules compile")
}

#[test]
fn every_message_has_features_and_both_evaluators_agree() {
    let messages = messages();
    if messages.is_empty() {
        println!("skipped: no real mail here (set RULEEVAL_CORPUS)");
        return;
    }
    let engine = engine();
    let half = messages.len().div_ceil(2);
    std::thread::scope(|scope| {
        for part in messages.chunks(half) {
            let engine = &engine;
            scope.spawn(move || {
                let mut scratch = engine.scratch();
                for path in part {
                    let message = engine.parse(std::fs::read(path).expect("readable"));
                    let features = engine.features(&message);
                    assert!(features["headers"].is_object(), "{}", path.display());
                    assert_eq!(features, engine.features(&engine.parse(message.raw().to_vec())), "{}", path.display());
                    engine.evaluate(&message, &mut scratch, Options { evidence: true, now: None });
                    for (rule, planned, reference) in engine.both_outcomes(&message) {
                        assert_eq!(planned, reference, "{rule} on {}", path.display());
                    }
                }
            });
        }
    });
}

/// With DNS in which nothing exists no signature can hold, and none makes verification give up.
#[cfg(feature = "verify")]
#[test]
fn every_message_is_verified() {
    let messages = messages();
    if messages.is_empty() {
        println!("skipped: no real mail here (set RULEEVAL_CORPUS)");
        return;
    }
    let settings = std::sync::Arc::new(Settings {
        trusted_authserv_ids: vec!["microsoft".into(), "mx.google.com".into()],
        trusted_arc_sealers: vec!["google.com".into(), "microsoft.com".into()],
        resolver: Some(std::sync::Arc::new(ruleeval::dns::Recorded::default())),
        ..Settings::default()
    });
    let mut results = std::collections::BTreeMap::new();
    for path in &messages {
        let raw = std::fs::read(path).expect("readable");
        let message = ruleeval::message::Message::parse(raw, std::sync::Arc::clone(&settings));
        let auth = ruleeval::auth::of(&message);
        let given_up = message.limits_hit().iter().any(|limit| limit.starts_with("verification"));
        assert!(!given_up, "{}", path.display());
        let own = auth.sources.iter().find(|source| source.kind == ruleeval::auth::Kind::Verified);
        if let Some(own) = own {
            assert!(
                [&own.spf, &own.dkim, &own.dmarc, &own.arc].iter().all(|result| &***result != "pass"),
                "{}",
                path.display()
            );
            *results.entry(own.dkim.to_string()).or_insert(0) += 1;
        }
    }
    println!("{} messages; DKIM without DNS: {results:?}", messages.len());
}
