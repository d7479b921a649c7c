//! What a rule's author works with: tests beside rules in a world of their own, the account of a
//! verdict, and the calendar.

use ruleeval::engine::{Account, Compiler, Engine, Moved, Options, Score, TestResult};
use ruleeval::eval::Status;
use ruleeval::message::Settings;
use std::fs;
use std::path::{Path, PathBuf};

/// 2026-06-01.
const JUNE: i64 = 1_780_272_000_000;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn settings() -> Settings {
    Settings {
        trusted_authserv_ids: vec!["mx.example.net".into()],
        org_domains: vec!["example.net".into()],
        ..Settings::default()
    }
}

fn engine(rules: &str) -> Engine {
    let mut compiler = Compiler::new();
    compiler.rules("p", rules).settings(settings());
    let compiled = compiler.compile();
    let problems: Vec<String> = compiled.diagnostics.iter().map(|problem| problem.message.clone()).collect();
    compiled.engine.unwrap_or_else(|| panic!("{problems:?}"))
}

/// All packs of `rules/` together.
fn shipped() -> Engine {
    let mut packs: Vec<PathBuf> =
        fs::read_dir(root().join("rules")).expect("rules/").map(|entry| entry.expect("readable").path()).collect();
    packs.retain(|path| path.join("pack.yaml").is_file());
    packs.sort();
    let mut compiler = Compiler::new();
    compiler.settings(settings());
    for pack in packs {
        compiler.load(&pack);
    }
    compiler.compile().engine.expect("the packs compile together")
}

/// Every message that is shipped.
fn mail() -> Vec<(PathBuf, Vec<u8>)> {
    let mut pending = vec![root().join("corpus"), root().join("rules")];
    let mut found = Vec::new();
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("readable").path()));
        } else if path.extension().is_some_and(|kind| kind == "eml") {
            let raw = fs::read(&path).expect("readable");
            found.push((path, raw));
        }
    }
    found.sort();
    assert!(found.len() > 80, "only {} messages", found.len());
    // Without optimisation a part of them must do; `cargo test --release` reads all.
    let step = if cfg!(debug_assertions) { 24 } else { 1 };
    found.into_iter().step_by(step).collect()
}

fn results(engine: &Engine) -> Vec<TestResult> {
    engine.tests().iter().map(|case| engine.run_test(case)).collect()
}

fn failures(rules: &str) -> Vec<String> {
    results(&engine(rules)).into_iter().filter_map(|result| result.failure).collect()
}

#[test]
fn tests_give_clock_lists_and_answers_of_capabilities() {
    let none: [&str; 0] = [];
    let rules = r#"
list known: domain = ["example.org"]
rule late {
  when: now() > 2026-01-01T00:00:00Z
  tests:
    matches """
      From: a@example.com

      x
    """ given { clock: 2026-05-01T00:00:00Z }
    ignores """
      From: a@example.com

      x
    """
}
rule stranger {
  when: sender.email.domain.root_domain not in $known and sender.email.domain.root_domain not in $org_domains
  tests:
    matches """
      From: a@example.com

      x
    """
    ignores """
      From: a@example.com

      x
    """ given { list.known: ["example.com"] }
    ignores """
      From: a@example.com

      x
    """ given { list.org_domains: ["example.com"] }
}
rule newcomer {
  when:
    profile.by_sender().prevalence == "new"
    and any(ml.nlu_classifier(body.current_thread.text).intents, .name == "bec" and .confidence >= medium)
  tests:
    matches """
      From: a@example.com

      x
    """ given {
      profile.by_sender.prevalence: "new",
      ml.nlu_classifier: '{"intents": [{"name": "bec", "confidence": "high"}]}'
    }
    ignores """
      From: a@example.com

      x
    """ given { profile.by_sender.prevalence: "common" }
}
"#;
    assert_eq!(failures(rules), none);
    let engine = engine(rules);
    let ids: Vec<String> = engine.tests().into_iter().map(|case| case.id).collect();
    assert_eq!(ids[..3], ["p/late inline", "p/late inline#2", "p/newcomer inline"]);
    // Without what it gives, the same test is undecided, and says what is missing.
    let bare = rules.replace("profile.by_sender.prevalence: \"new\",\n", "");
    let found = results(&self::engine(&bare));
    let failed: Vec<_> = found.iter().filter(|result| result.failure.is_some()).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].status, Some(Status::Undecided));
    let missing = &failed[0].explanation.as_ref().expect("explained").missing;
    assert!(missing.iter().any(|what| what.contains("history (profile.by_sender)")), "{missing:?}");
}

#[test]
fn the_clock_of_the_host_does_not_reach_a_test() {
    let mut compiler = Compiler::new();
    let rule = "rule late {\n when: now() > 2026-01-01T00:00:00Z\n tests:\n ignores \"\"\"\n a: b\n \"\"\"\n}";
    compiler.rules("p", rule).now(Some(JUNE));
    let engine = compiler.compile().engine.expect("compiles");
    assert!(engine.test().failures.is_empty());
    let verdict = engine.evaluate(&engine.parse(b"a: b\n\n".to_vec()), &mut engine.scratch(), Options::default());
    assert_eq!(verdict.status_of("p/late"), Status::Match);
}

#[test]
fn what_a_test_gives_is_checked() {
    let refused = |given: &str| {
        let mut compiler = Compiler::new();
        let text = format!("rule r {{\n when: subject.is_reply\n tests:\n ignores \"x.eml\" given {{ {given} }}\n}}");
        let compiled = compiler.rules("p", &text).compile_once();
        let found: Vec<String> =
            compiled.diagnostics.iter().map(|found| format!("{} {}", found.code, found.message)).collect();
        assert_eq!(found.len(), 1, "{given}: {found:?}");
        assert!(found[0].starts_with("E033") || found[0].starts_with("E034"), "{given}: {found:?}");
        found[0].clone()
    };
    assert!(refused("clock: \"noon\"").contains("a time such as"));
    assert!(refused("list.org_domain: []").contains("no list `$org_domain`"));
    assert!(refused("list.org_domains: \"x\"").contains("a list of `domain` entries"));
    assert!(refused("profile.by_sendr: '{}'").contains("cannot override"));
    assert!(refused("profile.by_sender.prevalance: \"new\"").contains("did you mean `prevalence`?"));
    assert!(refused("profile.by_sender.solicited: \"yes\"").contains("expected `bool`"));
    assert!(refused("profile.by_sender: '{\"prevalence\": 1}'").contains("does not fit"));
    assert!(refused("profile.by_sender: 'nonsense'").contains("no JSON"));
    assert!(refused("ml.nlu_classifier: '{\"intents\": [{\"nam\": \"bec\"}]}'").contains("did you mean `name`?"));
    assert!(refused("auth.dmarc: maybe").contains("one of: pass"));
}

trait CompileOnce {
    fn compile_once(&mut self) -> ruleeval::engine::Compiled;
}

impl CompileOnce for Compiler {
    fn compile_once(&mut self) -> ruleeval::engine::Compiled {
        std::mem::take(self).compile()
    }
}

#[test]
fn a_failing_test_is_explained_and_can_be_turned() {
    let rule = "rule r {\n  when:\n    subject.base contains \"a\"\n    and subject.base contains \"b\"\n  tests:\n    matches \"\"\"\n      Subject: a\n\n      x\n    \"\"\"\n    ignores \"gone.eml\"\n    ignores \"../out.eml\"\n}\n";
    let found = results(&engine(rule));
    assert_eq!(found.len(), 3);
    assert_eq!(found[0].failure.as_deref(), Some("expected a match, but the rule does not match"));
    let nearest = found[0].explanation.as_ref().and_then(|why| why.nearest.clone()).expect("a near miss");
    assert_eq!((nearest.holding, nearest.clauses), (1, 2));
    let edit = found[0].edit.as_ref().expect("an edit");
    assert_eq!((edit.was, edit.becomes, &rule[edit.bytes.clone()]), ("matches", "ignores", "matches"));
    for lost in &found[1..] {
        assert!(lost.failure.as_ref().is_some_and(|why| why.starts_with("cannot read")) && lost.edit.is_none());
    }
}

/// Every sum of an account adds up, exactly, and so does what is printed.
fn adds_up(account: &Account) {
    let sum: i64 = account.arithmetic.parts.iter().map(|part| part.counted.0).sum();
    assert_eq!(Score(sum), account.arithmetic.total);
    assert_eq!(account.arithmetic.total, account.verdict.score);
    let printed = |score: Score| -> i64 {
        let text = score.to_string();
        let (whole, part) = text.split_once('.').expect("a point");
        let thousandths: i64 = format!("{part:0<3}").parse().expect("digits");
        let whole: i64 = whole.parse().expect("digits");
        whole * 1000 + if text.starts_with('-') { -thousandths } else { thousandths }
    };
    let shown: i64 = account.arithmetic.parts.iter().map(|part| printed(part.counted)).sum();
    assert_eq!(shown, printed(account.arithmetic.total));
    for part in &account.arithmetic.parts {
        assert_eq!(part.counted == part.score, part.why.is_none(), "{part:?}");
    }
    let reached = account.arithmetic.thresholds.iter().filter(|one| one.reached);
    assert!(reached.clone().all(|one| one.from <= account.verdict.score));
    let named = reached.map(|one| &one.action).chain(account.arithmetic.severities.iter().map(|one| &one.action));
    assert!(&*account.verdict.action == "accept" || named.clone().any(|action| *action == account.verdict.action));
}

#[test]
fn explanations_agree_with_the_verdict_for_every_message_and_rule() {
    let engine = shipped();
    let rules = engine.rules();
    let mut compared = 0;
    for (path, raw) in mail() {
        let message = engine.parse(raw);
        let options = Options { evidence: false, now: Some(JUNE) };
        let verdict = engine.evaluate(&message, &mut engine.scratch(), options);
        let account = engine.account(&message, Some(JUNE));
        assert_eq!(account.verdict.action, verdict.action, "{}", path.display());
        adds_up(&account);
        for rule in &rules {
            let explanation = engine.explain(&message, rule, Some(JUNE)).expect("the rule exists");
            let told = if account.off.contains(rule) { explanation.status } else { verdict.status_of(rule) };
            assert_eq!(explanation.status, told, "{}: {rule}", path.display());
            let truth = explanation.evidence.truth;
            match explanation.status {
                Status::Match | Status::Suppressed => assert_eq!(truth, "true", "{}: {rule}", path.display()),
                Status::NoMatch => assert_eq!(truth, "false", "{}: {rule}", path.display()),
                Status::Undecided => {
                    assert_eq!(truth, "unknown", "{}: {rule}", path.display());
                    assert!(!explanation.missing.is_empty(), "{}: {rule} names nothing missing", path.display());
                }
                Status::OverBudget => panic!("{}: {rule} is over its budget", path.display()),
            }
            compared += 1;
        }
        let told: Vec<_> = account.suppressed.iter().map(|one| &one.rule).collect();
        assert_eq!(told, verdict.suppressed.iter().map(|one| &one.rule).collect::<Vec<_>>());
        for near in &account.nearest {
            assert_eq!(verdict.status_of(&near.rule), Status::NoMatch);
            assert_eq!(near.miss.clauses - near.miss.holding, near.miss.failing.len());
        }
    }
    assert!(compared > 1500, "only {compared} comparisons");
}

#[test]
fn families_shadow_and_suppressions_are_accounted_for() {
    let rules = r#"
rule big { meta: score = 2.125
 family = "f"
 when: subject.base contains "x" }
rule small { meta: score = 1.001
 family = "f"
 when: subject.base contains "x" }
rule alone { meta: score = 0.33
 when: subject.base contains "x" }
rule silent { meta: score = 9.0
 mode = shadow
 when: subject.base contains "x" }
rule minus { meta: score = -0.1
 when: subject.base contains "x" }
rule kept { when: subject.base contains "x"
 unless: friend: sender.email.email == "a@example.com" }
rule excused { when: subject.base contains "x" }
rule open { when: profile.by_sender().prevalence == "new" and subject.base contains "x" }
rule near { when: subject.base contains "x" and subject.base contains "z" }
rule far { when: subject.base contains "q" and subject.base contains "z" }
rule off { meta: mode = off
 when: subject.base contains "x" }
exception partner {
  for: "p/excused"
  when: authenticated_as("example.com")
  owner: "ann"
  reason: "our partner"
  expires: 2026-07-01
}
"#;
    let engine = engine(rules);
    let raw = "Authentication-Results: mx.example.net; dmarc=pass header.from=example.com; dkim=pass header.d=example.com\r\nReceived: from mail.example.com (mail.example.com [192.0.2.1]) by mx.example.net; Mon, 1 Jun 2026 00:00:00 +0000\r\nFrom: a@example.com\r\nSubject: x\r\n\r\nx";
    let account = engine.account(&engine.parse(raw.as_bytes()), Some(JUNE));
    adds_up(&account);
    let parts: Vec<String> =
        account.arithmetic.parts.iter().map(|part| format!("{} {}/{}", part.rule, part.counted, part.score)).collect();
    assert_eq!(
        parts,
        ["p/alone 0.33/0.33", "p/big 2.125/2.125", "p/minus -0.1/-0.1", "p/silent 0.0/9.0", "p/small 0.0/1.001"]
    );
    assert_eq!(account.arithmetic.total.to_string(), "2.355");
    assert!(account.arithmetic.parts[4].why.as_ref().is_some_and(|why| why.contains("only p/big counts")));
    assert!(account.arithmetic.parts[3].why.as_ref().is_some_and(|why| why.contains("shadow")));
    let suppressed: Vec<String> = account
        .suppressed
        .iter()
        .flat_map(|one| {
            one.by.iter().map(|by| format!("{} {} {} {}", one.rule, by.name, by.exception, by.evidence.truth))
        })
        .collect();
    assert_eq!(suppressed, ["p/excused p/partner true true", "p/kept friend false true"]);
    assert_eq!(account.suppressed[0].by[0].owner.as_deref(), Some("ann"));
    assert_eq!(account.undecided.len(), 1);
    assert!(account.undecided[0].missing[0].contains("history"));
    let near: Vec<_> = account.nearest.iter().map(|near| &*near.rule).collect();
    assert_eq!(near, ["p/near"], "a rule of which nothing holds is no near miss");
    assert_eq!((account.not_matched, account.off.len()), (2, 1));
    let explained = engine.explain(&engine.parse(raw.as_bytes()), "excused", Some(JUNE)).expect("explained");
    assert_eq!((explained.status, explained.exceptions.len()), (Status::Suppressed, 1));
}

#[test]
fn verdicts_of_the_shipped_packs_hold_when_the_clock_moves() {
    let engine = shipped();
    let moved = [Moved::Clock, Moved::ClockAndDates];
    for (path, raw) in mail() {
        let changes = engine.time_shift(&raw, JUNE, &[1, 5, 20], &moved);
        let undeclared: Vec<_> = changes.iter().filter(|change| !change.declared).collect();
        assert!(undeclared.is_empty(), "{}: {undeclared:#?}", path.display());
    }
}

#[test]
fn rules_that_depend_on_the_calendar_are_found() {
    let engine = engine(
        r#"
rule year { when: any(headers.fields, .name =~ "date" and .value matches /\b20[3-9][0-9]\b/) }
rule clock { when: now() > 2030-01-01T00:00:00Z }
rule indirect { when: rule.clock and subject.base contains "x" }
rule excused { when: subject.base contains "x" }
exception partner {
  for: "p/excused"
  when: subject.base contains "x"
  owner: "ann"
  reason: "a test"
  expires: 2026-07-01
}
"#,
    );
    let readers: Vec<String> = engine.time_readers().iter().map(ToString::to_string).collect();
    assert_eq!(readers, ["p/clock", "p/indirect"]);
    let raw = b"Date: Mon, 1 Jun 2026 00:00:00 +0000\r\nSubject: x\r\n\r\n";
    let shift = |moved| {
        let changes = engine.time_shift(raw, JUNE, &[1, 5], &[moved]);
        changes.iter().map(|change| format!("{} {} {}", change.rule, change.years, change.declared)).collect::<Vec<_>>()
    };
    let declared = ["p/excused 1 true", "p/clock 5 true", "p/excused 5 true", "p/indirect 5 true"];
    assert_eq!(shift(Moved::Clock), declared);
    let both = shift(Moved::ClockAndDates);
    assert!(both.contains(&"p/year 5 false".to_owned()), "{both:?}");
    assert_eq!(both.len(), declared.len() + 1);
}

/// What a rule may read of the clock is known from the catalog only if nothing else reads it.
#[test]
fn only_declared_functions_read_the_clock() {
    let mut pending = vec![root().join("src/builtins")];
    let mut reads = 0;
    let mut declared = 0;
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("readable").path()));
        } else {
            let text = fs::read_to_string(&path).expect("text");
            reads += text.matches("env.now").count();
            declared += text.matches(" r.clock(").count();
        }
    }
    assert_eq!(reads, declared, "declare functions that read the clock with `clock`");
    assert!(declared > 0);
}
