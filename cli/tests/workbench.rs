//! `test`, `explain` and `timeshift` as a rule's author has them.

use assert_cmd::Command;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

const MAIL: &str = "From: \"Ann Example\" <ann@example.com>\r\nTo: bob@example.org\r\nSubject: Invoice 4711\r\nDate: Mon, 1 Jun 2026 10:00:00 +0000\r\n\r\nPlease call +1 555 0100\r\n";
const RULES: &str = r#"rule invoice {
  meta:
    score = 2.5
  when:
    subject.base contains~ "invoice"
    and sender.email.domain.root_domain == "example.com"
  tests:
    matches "cases/invoice.eml"
    ignores "cases/letter.eml"
}

rule letter {
  when:
    subject.base contains~ "letter"
  tests:
    matches "cases/letter.eml"
    ignores "cases/invoice.eml"
}
"#;

/// A folder of its own for one test.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("workbench").join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder");
    path
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    std::fs::write(&path, content).expect("written");
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap_or_default()
}

/// A pack with two rules, two cases and four tests that hold.
fn pack(name: &str) -> PathBuf {
    let here = folder(name);
    write(&here, "p/pack.yaml", "name: p\nversion: 0.1.0\n");
    write(&here, "p/a.rule", RULES);
    write(&here, "p/cases/invoice.eml", MAIL);
    write(&here, "p/cases/letter.eml", MAIL.replace("Invoice", "Letter"));
    here
}

fn ruleeval(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("ruleeval"));
    command.current_dir(folder).args(args).output().expect("it runs")
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_str(&out(output)).unwrap_or_else(|error| panic!("{error}: {}", out(output)))
}

/// Makes the first rule miss its own case.
fn break_rule(here: &Path) {
    write(here, "p/a.rule", RULES.replace("example.com", "example.net"));
}

#[test]
fn tests_pass_are_listed_and_selected() {
    let here = pack("pass");
    let all = ruleeval(&here, &["test", "p"]);
    assert_eq!(code(&all), 0, "{}", err(&all));
    assert!(out(&all).is_empty() && err(&all).contains("4 test(s): 4 passed, 0 failed"), "{}", err(&all));
    let list = out(&ruleeval(&here, &["test", "p", "--list", "--run", "letter$|/letter "]));
    assert_eq!(list, "p/letter cases/letter.eml\np/letter cases/invoice.eml\n");
    let one = ruleeval(&here, &["test", "p", "--run", "p/invoice cases/invoice.eml"]);
    assert!(err(&one).contains("1 test(s)"), "{}", err(&one));
    assert_eq!(code(&ruleeval(&here, &["test", "p", "--run", "("])), 3);
    write(&here, "p/cases/spare.eml", MAIL);
    assert!(err(&ruleeval(&here, &["test", "p"])).contains("1 case(s) that no test reads: p/cases/spare.eml"));
    write(&here, "p/a.rule", "rule x { when: nonsense }");
    assert_eq!(code(&ruleeval(&here, &["test", "p"])), 2);
}

#[test]
fn a_failing_test_shows_the_nearest_miss_first() {
    let here = pack("fail");
    break_rule(&here);
    let text = ruleeval(&here, &["test", "p"]);
    assert_eq!(code(&text), 1);
    let shown = out(&text);
    assert!(shown.starts_with("FAILED p/invoice cases/invoice.eml: expected a match, but the rule does not match"));
    let (near, whole) = (shown.find("1 of 2 top-level clauses hold"), shown.find("the whole condition"));
    assert!(near.is_some() && near < whole && shown.contains("\"example.com\""), "{shown}");
    let value = json(&ruleeval(&here, &["test", "p", "--format", "json"]));
    assert_eq!((&value["passed"], &value["failed"]), (&3.into(), &1.into()), "{value}");
    let failed = value["tests"].as_array().expect("tests").iter().find(|test| test["status"] == "failed");
    assert_eq!(failed.expect("one failed")["edit"]["becomes"], "ignores");
    let rows = out(&ruleeval(&here, &["test", "p", "--format", "jsonl"]));
    assert_eq!(rows.lines().filter(|row| serde_json::from_str::<serde_json::Value>(row).is_ok()).count(), 4);
    let junit = ruleeval(&here, &["test", "p", "--junit", "report.xml"]);
    assert_eq!(code(&junit), 1);
    let document = read(&here, "report.xml");
    assert!(document.contains("<testsuites name=\"ruleeval\" tests=\"4\" failures=\"1\" skipped=\"0\">"), "{document}");
    assert!(document.contains("file=\"p/a.rule\" line=\"8\"") && document.contains("&quot;example.com&quot;"));
    assert_eq!(out(&ruleeval(&here, &["test", "p", "--format", "junit"])), document);
}

#[test]
fn known_failures_hold_until_their_day() {
    let here = pack("known");
    break_rule(&here);
    let entry = |test: &str, expires: &str| {
        format!("- test: \"{test}\"\n  reason: the wording changed\n  owner: ann\n  expires: {expires}\n")
    };
    write(&here, "p/baseline.yaml", entry("p/invoice *", "2026-07-01"));
    let at = |time: &str, more: &[&str]| ruleeval(&here, &[&["test", "p", "--clock", time][..], more].concat());
    let known = at("2026-06-30", &[]);
    assert_eq!(code(&known), 0, "{}", err(&known));
    assert!(
        out(&known).contains("known  p/invoice cases/invoice.eml") && out(&known).contains("(ann, until 2026-07-01)")
    );
    assert!(err(&known).contains("3 passed, 0 failed, 1 known to fail"));
    assert!(out(&at("2026-06-30", &["--format", "junit"])).contains("<skipped message=\"known failure:"));
    let expired = at("2026-07-01", &[]);
    assert_eq!(code(&expired), 1);
    assert!(out(&expired).contains("known until 2026-07-01: the wording changed"), "{}", out(&expired));
    // When the rule is mended the entry is stale, which fails only where that was asked for.
    write(&here, "p/a.rule", RULES);
    let stale = at("2026-06-30", &[]);
    assert_eq!(code(&stale), 0);
    assert!(err(&stale).contains("baseline: `p/invoice *` passes now (ann)"), "{}", err(&stale));
    assert_eq!(code(&at("2026-06-30", &["--deny-stale"])), 1);
    write(&here, "other.yaml", entry("p/gone *", "2026-07-01"));
    assert!(err(&at("2026-06-30", &["--baseline", "other.yaml"])).contains("names no test"));
    write(&here, "other.yaml", "- test: x\n  reason: y\n");
    assert_eq!(code(&at("2026-06-30", &["--baseline", "other.yaml"])), 3);
}

#[test]
fn expectations_and_snapshots_are_updated_and_shown() {
    let here = pack("update");
    break_rule(&here);
    let dry = ruleeval(&here, &["test", "p", "--update", "--dry-run", "--snapshots"]);
    assert_eq!(code(&dry), 0);
    assert!(
        out(&dry).contains("    8 -     matches \"cases/invoice.eml\"\n    8 +     ignores \"cases/invoice.eml\"\n"),
        "{}",
        out(&dry)
    );
    assert!(
        read(&here, "p/a.rule").contains("matches \"cases/invoice.eml\"")
            && read(&here, "p/cases/verdicts.txt").is_empty()
    );
    let update = ruleeval(&here, &["test", "p", "--update", "--snapshots"]);
    assert_eq!(out(&update), out(&dry));
    assert!(err(&update).contains("changed 1 expectation(s) of rules, 2 snapshot line(s)"), "{}", err(&update));
    assert!(read(&here, "p/a.rule").contains("    ignores \"cases/invoice.eml\"\n    ignores \"cases/letter.eml\""));
    assert!(
        read(&here, "p/cases/verdicts.txt")
            .ends_with("invoice.eml: accept 0.0\nletter.eml: accept 2.5; matches letter\n")
    );
    let again = ruleeval(&here, &["test", "p"]);
    assert_eq!(code(&again), 0, "{}", out(&again));
    assert!(err(&again).contains("6 test(s): 6 passed"), "{}", err(&again));
    // The snapshot now guards what no test says.
    write(
        &here,
        "p/a.rule",
        read(&here, "p/a.rule").replace("rule letter {\n", "rule letter {\n  meta:\n    score = 4.0\n"),
    );
    let changed = ruleeval(&here, &["test", "p"]);
    assert_eq!(code(&changed), 1);
    assert!(
        out(&changed)
            .contains("the snapshot says `accept 2.5; matches letter`, the pack says `tag 4.0; matches letter`"),
        "{}",
        out(&changed)
    );
    let update = out(&ruleeval(&here, &["test", "p", "--update"]));
    assert!(
        update.contains("- letter.eml: accept 2.5; matches letter\n+ letter.eml: tag 4.0; matches letter\n"),
        "{update}"
    );
    assert_eq!(code(&ruleeval(&here, &["test", "p"])), 0);
    // What cannot be read cannot be updated, and says so.
    std::fs::remove_file(here.join("p/cases/invoice.eml")).expect("removed");
    assert_eq!(code(&ruleeval(&here, &["test", "p", "--update"])), 1);
}

#[test]
fn watching_runs_again_after_a_change() {
    let here = pack("watch");
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("ruleeval"))
        .current_dir(&here)
        .args(["test", "p", "--watch"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let errors = BufReader::new(child.stderr.take().expect("a pipe"));
    let (sender, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || errors.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    let wait_for = |wanted: &str| {
        let limit = std::time::Duration::from_mins(1);
        while let Ok(line) = lines.recv_timeout(limit) {
            if line.contains(wanted) {
                return true;
            }
        }
        false
    };
    let first = wait_for("waiting for changes");
    break_rule(&here);
    let (changed, second) = (wait_for("changed: "), wait_for("3 passed, 1 failed"));
    let waits = wait_for("waiting for changes");
    // Reading the files again is no change: nothing follows.
    let quiet = lines.recv_timeout(std::time::Duration::from_millis(700)).is_err();
    child.kill().expect("it runs still");
    child.wait().expect("it ends");
    assert!(first && changed && second && waits && quiet, "{first} {changed} {second} {waits} {quiet}");
}

#[test]
fn explain_tells_a_message_a_rule_and_a_code_apart() {
    let here = pack("explain");
    let message = "p/cases/invoice.eml";
    let whole = ruleeval(&here, &["explain", message, "--rules", "p"]);
    assert_eq!(code(&whole), 0, "{}", err(&whole));
    let text = out(&whole);
    for part in [
        "p/cases/invoice.eml: accept, score 2.5\n",
        "\nScore\n        2.5  p/invoice\n        2.5  in all\n",
        "tag from 3.0: 0.5 short",
        "\nMatches (1)\n  p/invoice [medium]",
        "\nNearest misses (0 of 1 rules that do not match)\n",
        "\nPacks\n  p 0.1.0 sha256:",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    let value = json(&ruleeval(&here, &["explain", message, "--rules", "p", "--json"]));
    assert_eq!(value["arithmetic"]["total"], 2.5);
    assert_eq!(value["verdict"]["matches"][0]["evidence"]["truth"], "true");
    assert!(out(&ruleeval(&here, &["explain", "invoice", message, "--rules", "p"])).starts_with("p/invoice matches"));
    assert!(out(&ruleeval(&here, &["explain", "E012"])).starts_with("# E012"));
    let bare = ruleeval(&here, &["explain", message]);
    assert_eq!((code(&bare), err(&bare).contains("--rules PACK")), (3, true));
    let rule = ruleeval(&here, &["explain", "invoice", "--rules", "p"]);
    assert_eq!((code(&rule), err(&rule).contains("explain invoice MESSAGE")), (4, true), "{}", err(&rule));
}

#[test]
fn timeshift_names_rules_that_depend_on_the_calendar() {
    let here = folder("timeshift");
    write(&here, "m.eml", MAIL);
    let rule = |condition: &str| write(&here, "r.rule", format!("rule r {{\n  when:\n    {condition}\n}}\n"));
    let run = |more: &[&str]| {
        ruleeval(&here, &[&["timeshift", "--rules", "r.rule", "m.eml", "--clock", "2026-06-01"][..], more].concat())
    };
    rule("subject.base contains \"Invoice\"");
    assert_eq!(code(&run(&[])), 0);
    rule("any(headers.fields, .name =~ \"date\" and .value matches /20[3-9][0-9]/)");
    let found = run(&[]);
    assert_eq!(code(&found), 1);
    assert!(out(&found).contains("r/r does not match now; with the clock and the message's dates +5 years it matches"));
    assert_eq!(code(&run(&["--years", "1"])), 0);
    assert_eq!(code(&run(&["--clock-only"])), 0);
    rule("now() > 2030-01-01T00:00:00Z");
    let declared = run(&["--format", "jsonl"]);
    assert_eq!(code(&declared), 0);
    assert!(err(&declared).contains("1 rule(s) read the clock: r/r"), "{}", err(&declared));
    assert!(out(&declared).lines().all(|line| line.contains("\"declared\":true")) && !out(&declared).is_empty());
    assert_eq!(code(&run(&["--strict"])), 1);
}

#[test]
fn what_a_profile_measured_orders_the_clauses_and_changes_no_verdict() {
    let here = folder("selectivity");
    write(
        &here,
        "r.rule",
        "rule r { when: subject.subject ends_with sender.display_name and subject.base starts_with sender.display_name }",
    );
    for number in 0..40 {
        let start = if number < 4 { "Ann: " } else { "" };
        write(
            &here,
            &format!("mail/{number:02}.eml"),
            format!("From: \"Ann\" <a@example.com>\nSubject: {start}{number} from Ann\n\nx\n"),
        );
    }
    let run = |args: &[&str]| ruleeval(&here, &[args, &["--clock", "2026-06-01"]].concat());
    let scan = ["scan", "--rules", "r.rule", "--format", "jsonl", "mail"];
    let plan = ["check", "--emit", "plan", "r.rule"];
    let (before, estimated) = (out(&run(&scan)), out(&run(&plan)));
    let profiled = run(&["profile", "--rules", "r.rule", "--write-selectivity", "s.json", "mail"]);
    assert_eq!(code(&profiled), 0, "{}", err(&profiled));
    write(&here, "ruleeval.yaml", "selectivity: s.json\n");
    let measured = out(&run(&plan));
    let conjunction = |plan: &str| plan.lines().find(|line| line.contains("= and ")).map(str::to_owned);
    assert_ne!(conjunction(&estimated), conjunction(&measured), "{measured}");
    assert_eq!(out(&run(&scan)), before);
    assert!(before.lines().count() == 40 && before.matches("\"rule\":\"r/r\"").count() == 4, "{before}");
    write(&here, "s.json", "[]");
    let refused = run(&scan);
    assert_eq!(code(&refused), 3);
    assert!(err(&refused).contains("s.json: invalid length"), "{}", err(&refused));
}

#[test]
fn profile_counts_the_same_on_every_run() {
    let here = pack("profile");
    let run = |more: &[&str]| {
        ruleeval(&here, &[&["profile", "--rules", "p", "p/cases", "--clock", "2026-06-01"][..], more].concat())
    };
    let text = run(&["--no-time"]);
    assert_eq!(code(&text), 0, "{}", err(&text));
    assert_eq!(out(&text), out(&run(&["--no-time"])));
    let shown = out(&text);
    assert!(shown.starts_with("2 messages, ") && shown.contains("avg match") && shown.contains("p/invoice"), "{shown}");
    let rows: Vec<serde_json::Value> = out(&run(&["--format", "jsonl", "--sort", "time"]))
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!((&rows[0]["type"], &rows[0]["messages"]), (&"profile".into(), &2.into()));
    let rule = rows.iter().find(|row| row["rule"] == "p/invoice" && row["type"] == "rule").expect("a rule");
    assert_eq!(rule["matches"], 1);
    let number = |key: &str| rule[key].as_u64().unwrap_or_default();
    assert!(number("max_steps") > 0 && number("max_steps") <= number("steps"), "{rule}");
    assert!(number("held_steps") > 0 && number("held_steps") <= number("steps") && number("nanos") > 0, "{rule}");
    assert!(rows.iter().any(|row| row["type"] == "clause") && rows.iter().any(|row| row["type"] == "feature"));
}
