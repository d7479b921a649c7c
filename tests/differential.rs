//! The plan against the reference evaluator, and explanations against both: every shipped rule
//! on every shipped message, with every combination of optimisations.

use ruleeval::engine::{Compiler, Engine, Options};
use ruleeval::eval::{Scratch, Status};
use ruleeval::message::Settings;
use ruleeval::plan::PlanOptions;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn mail(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("a folder of the project");
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            mail(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "eml") {
            found.push(path);
        }
    }
}

/// Without optimisation every so many messages are read, with it all.
const STEP: usize = if cfg!(debug_assertions) { 8 } else { 1 };

fn messages() -> Vec<PathBuf> {
    let mut found = Vec::new();
    mail(&root().join("corpus"), &mut found);
    mail(&root().join("rules"), &mut found);
    found.sort();
    assert!(found.len() > 500, "only {} messages", found.len());
    found.into_iter().step_by(STEP).collect()
}

/// Rules that reach into every operator, beside the shipped ones.
const EXTRA: &str = r#"
list words: string = ["invoice", "paypal"]
def lure(text: string) = text contains~ $words or text matches~ /\d{3}-\d{4}/
rule undecided { when: profile.by_sender().solicited or subject.subject contains "x" }
rule absent { when: not headers.return_path.domain.root_domain == "example.com" and lure(subject.base) }
rule nested { when: any(body.links, l => any(recipients.to, r => l.href_url.url contains r.email.email)) }
rule counted { when: at_least(2, body.links, .visible) and ratio(body.links, .mismatched) < 0.5 }
rule chosen { when: (if subject.is_reply then lure(body.current_thread.text) else lure(subject.subject)) ?? false }
rule referred { when: rule.chosen or rule.counted unless: reply: subject.is_reply }
rule of_three { when: 2 of (lure(subject.base), sender.display_name is null, length(attachments) > 0) }
rule distinct_hosts { when: length(distinct(map(body.links, .href_url.domain.root_domain))) > 1 }
rule listed { when: any($words, body.current_thread.text contains~ .) }
"#;

fn engine(options: PlanOptions) -> Engine {
    let mut compiler = Compiler::new();
    let settings = Settings { trusted_authserv_ids: vec!["mx.example.net".into()], ..Settings::default() };
    compiler.settings(settings).plan(options).load(&root().join("rules/trusted-senders")).rules("extra", EXTRA);
    let compiled = compiler.compile();
    compiled.engine.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))
}

/// Of the messages every second one, so that two tests share them.
fn the_plan_agrees(part: usize) {
    let mut compared = 0;
    let mut engines: Vec<(PlanOptions, Engine, Scratch)> =
        PlanOptions::combinations().map(|options| (options, engine(options), Scratch::new())).collect();
    let rules = engines[0].1.names_by_id();
    for (place, path) in messages().into_iter().enumerate().skip(part).step_by(2) {
        // All engines have the same settings, so one message, with the features that it keeps, does for all;
        // and the same rules, so one reference.
        let message = engines[0].1.parse(std::fs::read(&path).expect("a message"));
        let reference = engines[0].1.reference_outcomes(&message);
        for (number, (options, engine, scratch)) in engines.iter_mut().enumerate() {
            // All switches on sees every message, each other combination a part of them.
            if *options != PlanOptions::default() && place / 2 % 8 != number % 8 {
                continue;
            }
            let planned = engine.planned_outcomes(&message, scratch);
            assert_eq!(planned.len(), reference.len());
            for ((planned, reference), rule) in planned.iter().zip(&reference).zip(&rules) {
                assert_eq!(planned, reference, "{rule} on {} with {options:?}", path.display());
                compared += 1;
            }
        }
    }
    assert!(compared > 5_000, "only {compared} outcomes");
}

#[test]
fn the_plan_agrees_with_the_reference() {
    the_plan_agrees(0);
}

#[test]
fn the_plan_agrees_with_the_reference_on_the_other_messages() {
    the_plan_agrees(1);
}

#[test]
fn explanations_agree_with_verdicts() {
    explanations_agree(0);
}

#[test]
fn explanations_agree_with_verdicts_of_the_other_messages() {
    explanations_agree(1);
}

fn explanations_agree(part: usize) {
    let engine = engine(PlanOptions::default());
    let mut scratch = engine.scratch();
    for path in messages().into_iter().skip(part).step_by(2) {
        let message = engine.parse(std::fs::read(&path).expect("a message"));
        let verdict = engine.evaluate(&message, &mut scratch, Options { evidence: true, now: None });
        for rule in engine.rules() {
            let explanation = engine.explain(&message, &rule, None).expect("a rule of the engine");
            let matched = verdict.matches.iter().any(|found| found.rule == rule);
            let undecided = verdict.undecided.iter().any(|found| *found.rule == rule);
            let place = format!("{rule} on {}", path.display());
            assert_eq!(matched, explanation.status == Status::Match, "{place}");
            assert_eq!(undecided, explanation.status == Status::Undecided, "{place}");
            assert_eq!(undecided, !explanation.missing.is_empty(), "{place}");
            let wanted = match explanation.status {
                Status::Match | Status::Suppressed => "true",
                Status::NoMatch => "false",
                Status::Undecided => "unknown",
                Status::OverBudget => continue,
            };
            assert_eq!(explanation.evidence.truth, wanted, "{place}");
        }
        let sum: i64 = verdict.matches.iter().map(|found| found.counted.0).sum();
        assert_eq!(sum, verdict.score.0, "{}", path.display());
    }
}

#[test]
fn scratch_carries_nothing_from_one_message_to_the_next() {
    let engine = engine(PlanOptions::default());
    let mut shared = engine.scratch();
    for path in messages() {
        let raw = std::fs::read(&path).expect("a message");
        let again = engine.evaluate(&engine.parse(raw.clone()), &mut shared, Options::default());
        let fresh = engine.evaluate(&engine.parse(raw), &mut engine.scratch(), Options::default());
        assert_eq!(serde_json::to_string(&again).ok(), serde_json::to_string(&fresh).ok(), "{}", path.display());
    }
}

#[test]
fn a_rule_over_budget_is_reported_and_the_others_go_on() {
    let mut compiler = Compiler::new();
    let budget = ruleeval::eval::Budget { rule_steps: 200, message_steps: 1_000_000 };
    compiler.budget(budget).rules(
        "p",
        "rule heavy { when: any(body.links, l => any(body.links, m => l.display_text == m.display_text and l.visible != m.visible)) }\nrule light { when: subject.subject == \"s\" }",
    );
    let engine = compiler.compile().engine.expect("valid rules");
    let body = "http://example.com/a ".repeat(200);
    let message = engine.parse(format!("Subject: s\r\n\r\n{body}").into_bytes());
    let verdict = engine.evaluate(&message, &mut engine.scratch(), Options::default());
    assert_eq!(verdict.over_budget.iter().map(|name| &**name).collect::<Vec<_>>(), ["p/heavy"]);
    assert_eq!(verdict.matches.len(), 1);
}
