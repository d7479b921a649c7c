//! What the plan promises beside agreement: what is not asked for is not computed, budgets are
//! shared fairly, the dump is stable, a profile adds up.

use ruleeval::builtins::Provider;
use ruleeval::engine::{Compiler, Engine, Options, Selectivity};
use ruleeval::eval::{Budget, Profile};
use ruleeval::message::Message;
use ruleeval::plan::PlanOptions;
use ruleeval::value::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const LURE: &str = "From: \"Billing\" <billing@example.com>\r\nTo: a@example.org\r\nSubject: Your invoice is overdue\r\nContent-Type: text/html\r\n\r\n<p>Please wire the money.</p><a href=\"https://pay.example.top/x\">pay</a>\r\n";
const PLAIN: &str = "From: \"Ann\" <ann@example.org>\r\nTo: a@example.org\r\nSubject: Lunch\r\n\r\nAt noon?\r\n";

fn compile(text: &str) -> Engine {
    let mut compiler = Compiler::new();
    compiler.rules("p", text);
    let compiled = compiler.compile();
    compiled.engine.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))
}

/// The features that a message made the engine compute.
fn computed(engine: &Engine, raw: &str) -> Vec<String> {
    let mut profile = Profile::new();
    let message = engine.parse(raw.as_bytes().to_vec());
    engine.profile(&message, &mut engine.scratch(), Options::default(), &mut profile);
    engine.profile_report(&profile).features.into_iter().map(|feature| feature.feature).collect()
}

#[test]
fn features_that_no_live_rule_reads_are_not_computed() {
    let engine = compile(
        "rule a { when: sender.email.email == \"billing@example.com\" and body.current_thread.text contains~ \"wire the money\" }
         rule b { when: subject.subject contains~ \"invoice is overdue\" and any(body.links, .href_url.domain.tld == \"top\") }",
    );
    let expensive = ["Body.current_thread", "CurrentThread.text", "Body.links", "Link.href_url"];
    let idle = computed(&engine, PLAIN);
    assert!(idle.contains(&"Subject.subject".to_owned()), "{idle:?}");
    assert!(expensive.iter().all(|name| !idle.contains(&(*name).to_owned())), "{idle:?}");
    let live = computed(&engine, LURE);
    assert!(expensive.iter().all(|name| live.contains(&(*name).to_owned())), "{live:?}");
}

struct Counting(AtomicUsize);

impl Provider for Counting {
    fn call(&self, function: &str, _: &[Value], _: &Message) -> Option<Value> {
        self.0.fetch_add(1, Ordering::Relaxed);
        assert_eq!(function, "profile.by_sender");
        None
    }
}

#[test]
fn capabilities_are_asked_once_and_only_when_they_decide() {
    let counter = Arc::new(Counting(AtomicUsize::new(0)));
    let mut compiler = Compiler::new();
    let rules: String = (0..50)
        .map(|index| {
            format!("rule r{index} {{ when: subject.subject contains~ \"overdue\" and not profile.by_sender().solicited and length(recipients.to) < {} }}\n", index + 2)
        })
        .collect();
    compiler.rules("p", &rules).provider(Arc::clone(&counter) as Arc<dyn Provider>);
    let engine = compiler.compile().engine.expect("valid rules");
    let mut scratch = engine.scratch();
    engine.evaluate(&engine.parse(PLAIN.as_bytes().to_vec()), &mut scratch, Options::default());
    assert_eq!(counter.0.load(Ordering::Relaxed), 0);
    let verdict = engine.evaluate(&engine.parse(LURE.as_bytes().to_vec()), &mut scratch, Options::default());
    assert_eq!(verdict.undecided.len(), 50);
    // The plan asks once; naming what is missing asks the tree of each undecided rule again.
    let asked = counter.0.load(Ordering::Relaxed);
    let mut profile = Profile::new();
    engine.profile(&engine.parse(LURE.as_bytes().to_vec()), &mut scratch, Options::default(), &mut profile);
    let report = engine.profile_report(&profile);
    let calls = report.features.iter().find(|feature| feature.feature == "profile.by_sender").expect("it was asked");
    assert_eq!((calls.computed, calls.absent), (1, 1), "{asked} in all");
}

#[test]
fn the_plan_has_a_stable_text_form() {
    let engine = compile(
        "list brands: string = [\"paypal\", \"docusign\"]
         def lure(text: string) = text contains~ (\"wire the money\", \"gift card\") or text matches~ /invoice.{0,20}overdue/
         rule sender_first { when: type.inbound and sender.email.email == \"billing@example.com\" and lure(body.current_thread.text) }
         rule words { when: lure(subject.subject) and not sender.display_name in~ $brands unless: reply: subject.is_reply }
         rule links { when: any(body.links, .href_url.domain.root_domain == \"example.top\" and lure(.display_text)) }
         rule never { when: 1 == 2 and subject.is_reply }
         rule refers { when: rule.words and type.inbound }
         rule near { when: strings.ilevenshtein(sender.display_name, \"paypal\") <= 1 }
         rule unguarded { when: subject.subject matches /\\d{5}/ }
         rule long { when: length(subject.subject) > 40 }
         rule fresh1 { when: type.inbound and subject.subject contains \"one\" and sender.email.email != \"a@example.com\" }
         rule fresh2 { when: type.inbound and subject.subject contains \"two\" and sender.email.email != \"b@example.com\" }
         rule fresh3 { when: type.inbound and subject.subject contains \"three\" }
         rule fresh4 { when: type.inbound and subject.subject contains \"four\" }",
    );
    insta::assert_snapshot!(engine.plan_dump());
    assert_eq!(engine.unguarded().iter().map(|name| &**name).collect::<Vec<_>>(), ["p/unguarded"]);
}

#[test]
fn rules_that_only_lack_something_are_told_without_being_evaluated() {
    let rule = |number: u32| {
        format!(
            "rule r{number} {{ when: type.inbound and profile.by_sender().solicited and body.html.raw contains \"number {number};\" and sender.email.domain.root_domain not in (\"a{number}.com\", \"b.com\") }}\n"
        )
    };
    let text: String = (0..200).map(rule).collect();
    let mut compiler = Compiler::new();
    compiler.rules("p", &text);
    let engine = compiler.compile().engine.expect("valid rules");
    let mut scratch = engine.scratch();
    let mut evaluate = |raw: &str| {
        let message = engine.parse(raw.as_bytes().to_vec());
        let verdict = engine.evaluate(&message, &mut scratch, Options::default());
        let reasons: BTreeSet<String> =
            verdict.undecided.iter().flat_map(|rule| rule.missing.iter().map(ToString::to_string)).collect();
        let reasons: Vec<String> = reasons.into_iter().collect();
        (verdict.undecided.len(), scratch.steps().len(), reasons.join(", "))
    };
    let (field, capability) = ("field body.html", "capability history (profile.by_sender)");
    let plain = |sender: &str| format!("From: {sender}\r\nSubject: s\r\n\r\ntext 7");
    // Nobody has a page, and nobody was evaluated.
    assert_eq!(evaluate(&plain("x@c.com")), (200, 0, format!("{capability}, {field}")));
    // One excludes the sender, then all do.
    assert_eq!(evaluate(&plain("x@a7.com")).0, 199);
    assert_eq!(evaluate(&plain("x@b.com")), (0, 0, String::new()));
    // Without a sender that is lacking too.
    assert_eq!(evaluate("Subject: s\r\n\r\ntext"), (200, 0, format!("{capability}, {field}, field sender")));
    // A rule whose needle the page may hold is evaluated, and no other can hold.
    let page = "From: x@c.com\r\nContent-Type: text/html\r\n\r\n<p>number 199;</p>";
    assert_eq!(evaluate(page), (1, 1, capability.to_owned()));
}

#[test]
fn shared_work_is_paid_by_the_first_rule_that_asks() {
    let shared =
        "any(body.links, l => any(body.links, m => l.display_text == m.display_text and l.visible != m.visible))";
    let text = format!(
        "rule a {{ when: subject.subject == \"s\" and {shared} }}\nrule b {{ when: subject.subject == \"s\" and {shared} }}\nrule c {{ when: subject.subject == \"s\" }}"
    );
    let body = "http://example.com/a ".repeat(60);
    let raw = format!("Subject: s\r\n\r\n{body}");
    let over = |rule_steps, message_steps| {
        let mut compiler = Compiler::new();
        compiler.rules("p", &text).budget(Budget { rule_steps, message_steps });
        let engine = compiler.compile().engine.expect("valid rules");
        let message = engine.parse(raw.as_bytes().to_vec());
        let verdict = engine.evaluate(&message, &mut engine.scratch(), Options::default());
        let again = engine.evaluate(&message, &mut engine.scratch(), Options::default());
        assert_eq!(verdict.over_budget, again.over_budget);
        let names = verdict.over_budget.iter().map(ToString::to_string).collect::<Vec<_>>();
        (names, verdict.matches.len())
    };
    // What a spent budget cut short is not kept, so the next rule tries, and fails too.
    assert_eq!(over(500, 1_000_000), (vec!["p/a".to_owned(), "p/b".to_owned()], 1));
    assert_eq!(over(1_000_000, 1_000_000), (Vec::new(), 1));
    // The message's budget ends all that comes after.
    assert_eq!(over(1_000_000, 500), (vec!["p/a".to_owned(), "p/b".to_owned(), "p/c".to_owned()], 0));
    let mut compiler = Compiler::new();
    compiler.rules("p", &text);
    let engine = compiler.compile().engine.expect("valid rules");
    let mut profile = Profile::new();
    let message = engine.parse(raw.into_bytes());
    engine.profile(&message, &mut engine.scratch(), Options::default(), &mut profile);
    let report = engine.profile_report(&profile);
    let steps = |name: &str| report.rules.iter().find(|rule| &*rule.rule == name).map_or(0, |rule| rule.steps);
    assert!(steps("p/a") > 3_000 && steps("p/b") < 10, "a {}, b {}", steps("p/a"), steps("p/b"));
}

#[test]
fn a_profile_adds_up() {
    let engine = compile(
        "rule a { when: subject.subject contains~ \"overdue\" and sender.display_name == \"Billing\" }
         rule b { when: subject.subject contains~ \"nothing of this\" }
         rule c { when: sender.display_name == \"Billing\" unless: own: subject.subject contains~ \"invoice\" }",
    );
    let mut scratch = engine.scratch();
    let (mut profile, mut half) = (Profile::new(), Profile::new());
    for (index, raw) in [LURE, PLAIN, LURE].into_iter().enumerate() {
        let message = engine.parse(raw.as_bytes().to_vec());
        let into = if index < 2 { &mut profile } else { &mut half };
        let profiled = engine.profile(&message, &mut scratch, Options::default(), into);
        let plain = engine.evaluate(&message, &mut scratch, Options::default());
        assert_eq!(serde_json::to_string(&profiled).ok(), serde_json::to_string(&plain).ok());
    }
    profile.merge(&half);
    let report = engine.profile_report(&profile);
    assert_eq!(report.messages, 3);
    let rule = |name: &str| report.rules.iter().find(|rule| &*rule.rule == name).expect("a rule of the engine");
    assert_eq!((rule("p/a").checks, rule("p/a").matches, rule("p/a").suppressed), (2, 2, 0));
    assert_eq!((rule("p/b").checks, rule("p/b").matches), (0, 0));
    assert_eq!((rule("p/c").checks, rule("p/c").matches, rule("p/c").suppressed), (2, 0, 2));
    let clause =
        report.clauses.iter().find(|clause| clause.clause.starts_with("subject.subject contains~ \"overdue\""));
    let clause = clause.expect("a clause of rule a");
    assert_eq!((clause.checks, clause.held, clause.at.as_str()), (2, 2, "p.rule:1:16"));
}

#[test]
fn the_combinations_are_all_that_differ() {
    let all: Vec<PlanOptions> = PlanOptions::combinations().collect();
    assert_eq!(all.len(), PlanOptions::COMBINATIONS);
    assert!(all.contains(&PlanOptions::default()) && all.contains(&PlanOptions::PLAIN));
}

#[test]
fn a_negation_of_what_lacks_nothing_with_a_name_says_so() {
    let engine = compile("rule r { when: not (sender.display_name in [\"x\", subject.base]) and type.inbound }");
    let message = engine.parse(b"From: Ann <a@example.com>\r\n\r\nhello\r\n".to_vec());
    for (rule, planned, reference) in engine.both_outcomes(&message) {
        assert_eq!(planned, reference, "{rule}");
        assert_eq!(planned.status(), ruleeval::eval::Status::Undecided);
    }
}

#[test]
fn an_operand_that_another_one_holds_counts_too() {
    let text = "rule r { when: any(headers.hops, .index == 0 or subject.subject contains \"never\") and subject.subject contains \"never\" }
         rule s { when: all(headers.hops, .index == 7 or sender.display_name ends_with subject.subject) and sender.display_name ends_with subject.subject }";
    for options in PlanOptions::combinations() {
        let mut compiler = Compiler::new();
        compiler.plan(options).rules("p", text);
        let engine = compiler.compile().engine.expect("valid rules");
        let message = engine.parse(b"Received: by x\r\nFrom: Ann <a@example.com>\r\nSubject: else\r\n\r\nx".to_vec());
        for (rule, planned, reference) in engine.both_outcomes(&message) {
            assert_eq!(planned, reference, "{rule}, {options:?}");
            assert_eq!(planned.status(), ruleeval::eval::Status::NoMatch);
        }
    }
}

#[test]
fn what_was_measured_decides_the_order() {
    let raw = |name: &str| format!("From: \"{name}\" <a@example.org>\r\nSubject: long enough\r\n\r\nx\r\n");
    // Without the index, which would keep the clauses from being asked.
    let engine = |selectivity| {
        let mut compiler = Compiler::new();
        let options = PlanOptions { guard: false, exact: false, ..PlanOptions::default() };
        compiler.plan(options).selectivity(selectivity);
        compiler.rules("p", "rule r { when: length(subject.subject) > 3 and length(sender.display_name) > 2 }");
        compiler.compile().engine.expect("a valid rule")
    };
    let estimated = engine(Selectivity::default());
    let (mut profile, mut scratch) = (Profile::new(), estimated.scratch());
    for number in 0..60 {
        let message = estimated.parse(raw(if number < 50 { "x" } else { "long" }).into_bytes());
        estimated.profile(&message, &mut scratch, Options::default(), &mut profile);
    }
    let selectivity = estimated.profile_report(&profile).selectivity();
    let written = serde_json::to_string(&selectivity).expect("it is data");
    assert_eq!(serde_json::from_str::<Selectivity>(&written).expect("what was written"), selectivity);
    let measured = engine(selectivity);
    let first = |engine: &Engine| {
        let dump = engine.plan_dump();
        let and = dump.lines().find(|line| line.contains("= and ")).expect("a conjunction");
        let operand = and.split_whitespace().nth(3).expect("an operand");
        dump.lines().find(|line| line.contains(&format!(" {operand} = "))).expect("its node").to_owned()
    };
    // By estimate both are false as often, and the first stays first. It was always true.
    assert!(first(&estimated).contains("chance 400"), "{}", first(&estimated));
    assert!(first(&measured).contains("chance 166"), "{}", first(&measured));
    for name in ["x", "long"] {
        let message = estimated.parse(raw(name).into_bytes());
        let matches =
            |engine: &Engine| engine.evaluate(&message, &mut engine.scratch(), Options::default()).matches.len();
        assert_eq!(matches(&estimated), matches(&measured));
    }
}
