//! An engine in service: swapped when packs change, never for one that does not hold, and guarded.
#![cfg(feature = "watch")]

use ruleeval::engine::{Compiler, Mode, Options};
use ruleeval::live::{
    Answer, Breaker, BreakerSettings, Event, Handle, Moment, Observed, Outcome, PackSource, Rate, Rates, RefusalKind,
    WatchSettings, Watcher,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const MAIL: &str = "From: a@example.com\r\nTo: b@example.org\r\nSubject: urgent invoice\r\n\r\nhello\r\n";

fn rule(name: &str, word: &str, tests: &str) -> String {
    format!("rule {name} {{\n  meta:\n    score = 4\n  when:\n    subject.subject contains \"{word}\"\n{tests}}}\n")
}

fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("live").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder");
    path
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    fs::write(path, text).expect("written");
}

fn pack(root: &Path, rules: &str) {
    write(&root.join("pack.yaml"), "name: demo\nversion: 1.0.0\n");
    write(&root.join("demo.rule"), rules);
}

fn watch(paths: &[PathBuf], settings: WatchSettings) -> (Arc<Handle>, Watcher, Receiver<Event>) {
    let (told, events) = channel();
    let source = PackSource::new(paths.to_vec(), Vec::new(), true, || Ok(Compiler::new()));
    let told = Mutex::new(told);
    let report = move |event| drop(told.lock().expect("no panic").send(event));
    let (handle, watcher) = Watcher::start(Box::new(source), settings, || Moment(1000), report).expect("it compiles");
    (handle, watcher, events)
}

/// Only on demand: neither told nor looking.
fn by_hand() -> WatchSettings {
    WatchSettings { notify: false, quiet: Duration::ZERO, poll: Duration::from_hours(1) }
}

fn told() -> WatchSettings {
    WatchSettings { notify: true, quiet: Duration::from_millis(40), poll: Duration::from_hours(1) }
}

fn ask(handle: &Handle) -> Answer {
    let generation = handle.current();
    let message = generation.engine().parse(MAIL.as_bytes().to_vec());
    generation.decide(&message, &mut generation.engine().scratch(), Options::default())
}

fn matched(handle: &Handle) -> Vec<String> {
    ask(handle).verdict.matches.iter().map(|found| found.rule.to_string()).collect()
}

/// Waits for what a change leads to; a guard, not a measurement.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_mins(1), "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_reload_swaps_what_changed_and_nothing_else() {
    let root = folder("swap");
    pack(&root, &rule("first", "urgent", ""));
    let (handle, watcher, _events) = watch(std::slice::from_ref(&root), by_hand());
    assert_eq!(matched(&handle), ["demo/first"]);
    let before = ask(&handle);
    assert_eq!(watcher.reload(), Some(Outcome::Unchanged));
    assert_eq!(handle.current().number(), 1, "what has not changed is not compiled");

    pack(&root, &rule("second", "invoice", ""));
    assert_eq!(watcher.reload(), Some(Outcome::Swapped { generation: 2 }));
    let after = ask(&handle);
    assert_eq!((before.generation, after.generation), (1, 2));
    assert_ne!(before.digest, after.digest);
    assert_ne!(before.verdict.packs[0].digest, after.verdict.packs[0].digest);
    assert_eq!(after.verdict.packs[0].version, "1.0.0");
    assert_eq!(matched(&handle), ["demo/second"]);
}

#[test]
fn a_message_ends_with_the_generation_it_began_with() {
    let root = folder("flight");
    pack(&root, &rule("first", "urgent", ""));
    let (handle, watcher, _events) = watch(std::slice::from_ref(&root), by_hand());
    let held = handle.current();
    let message = held.engine().parse(MAIL.as_bytes().to_vec());
    pack(&root, &rule("second", "invoice", ""));
    watcher.reload().expect("an outcome");
    let answer = held.decide(&message, &mut held.engine().scratch(), Options::default());
    assert_eq!((answer.generation, &*answer.verdict.matches[0].rule), (1, "demo/first"));
}

#[test]
fn what_does_not_compile_or_fails_its_tests_never_runs_and_every_answer_says_so() {
    let root = folder("refused");
    pack(&root, &rule("first", "urgent", ""));
    let (handle, watcher, events) = watch(std::slice::from_ref(&root), by_hand());
    let failing = "  tests:\n    matches \"\"\"\n      Subject: nothing\n\n      x\n    \"\"\"\n";
    let cases = [
        ("rule broken {", RefusalKind::Compile),
        (&*rule("first", "invoice", failing), RefusalKind::Tests),
        (&*rule("first", "invoice", "  nonsense:\n"), RefusalKind::Compile),
    ];
    for (text, kind) in cases {
        pack(&root, text);
        let Some(Outcome::Refused(stale)) = watcher.reload() else { panic!("{text} was taken") };
        assert_eq!(stale.refusal.kind, kind);
        assert_eq!(stale.since, Moment(1000));
        assert!(stale.refusal.details.contains("demo.rule"), "{stale:?}");
        let answer = ask(&handle);
        assert_eq!((answer.generation, &*answer.verdict.matches[0].rule), (1, "demo/first"));
        let json = serde_json::to_value(&answer).expect("JSON");
        assert_eq!(json["stale"]["since"], "1970-01-01T00:00:01Z");
        assert_eq!(json["stale"]["kind"], format!("{kind:?}").to_lowercase());
        assert!(json["stale"].get("details").is_none());
        assert!(matches!(events.recv(), Ok(Event::Loaded(Outcome::Refused(_)))));
    }
    // Back to what runs: nothing to compile, and nothing stale.
    pack(&root, &rule("first", "urgent", ""));
    assert_eq!(watcher.reload(), Some(Outcome::Unchanged));
    assert_eq!((ask(&handle).stale, handle.current().number()), (None, 1));
    assert!(matches!(events.recv(), Ok(Event::Settled)));
    // And on to something new.
    pack(&root, "rule broken {");
    watcher.reload();
    pack(&root, &rule("second", "urgent", ""));
    assert_eq!(watcher.reload(), Some(Outcome::Swapped { generation: 2 }));
    assert_eq!(ask(&handle).stale, None);
}

#[test]
fn a_folder_that_is_gone_leaves_the_last_good_one_running() {
    let root = folder("gone").join("pack");
    pack(&root, &rule("first", "urgent", ""));
    let (handle, watcher, _events) = watch(std::slice::from_ref(&root), by_hand());
    fs::remove_dir_all(&root).expect("removed");
    let Some(Outcome::Refused(stale)) = watcher.reload() else { panic!("nothing was there") };
    assert_eq!(stale.refusal.kind, RefusalKind::Unreadable);
    assert_eq!(matched(&handle), ["demo/first"]);
    pack(&root, &rule("first", "urgent", ""));
    assert_eq!(watcher.reload(), Some(Outcome::Unchanged));
    assert_eq!(ask(&handle).stale, None);
}

#[test]
fn what_cannot_start_says_why() {
    let root = folder("start");
    pack(&root, "rule broken {");
    let source = PackSource::new(vec![root], Vec::new(), true, || Ok(Compiler::new()));
    let refused = Watcher::start(Box::new(source), by_hand(), || Moment(0), |_| ()).expect_err("broken");
    assert_eq!(refused.kind, RefusalKind::Compile);
    assert!(refused.summary.starts_with("1 error(s); ") && refused.details.contains("demo.rule:1"), "{refused:?}");
}

#[test]
fn the_configuration_counts_too() {
    let root = folder("configuration");
    pack(&root, "rule first { when: subject.subject contains $org_display_names }");
    let names = root.parent().expect("a parent").join("configuration.txt");
    write(&names, "urgent");
    let read = names.clone();
    let configure = move || {
        let text = fs::read_to_string(&read).map_err(|error| error.to_string())?;
        let mut compiler = Compiler::new();
        compiler.list("org_display_names", text.lines().map(str::to_owned).collect());
        Ok(compiler)
    };
    let source = PackSource::new(vec![root], vec![names.clone()], true, configure);
    let (handle, watcher) = Watcher::start(Box::new(source), by_hand(), || Moment(0), |_| ()).expect("it compiles");
    assert_eq!(matched(&handle), ["demo/first"]);
    write(&names, "other");
    assert_eq!(watcher.reload(), Some(Outcome::Swapped { generation: 2 }));
    assert_eq!(matched(&handle), Vec::<String>::new());
}

#[test]
fn a_required_pack_is_watched_too() {
    let root = folder("required");
    write(&root.join("base/pack.yaml"), "name: base\nlibrary: true\n");
    write(&root.join("base/base.rule"), "def hurried = subject.subject contains \"urgent\"\n");
    write(&root.join("demo/pack.yaml"), "name: demo\nrequires: { packs: [base] }\n");
    write(&root.join("demo/demo.rule"), "rule first { when: base.hurried }\n");
    let (handle, watcher, _events) = watch(&[root.join("demo")], by_hand());
    assert_eq!(matched(&handle), ["demo/first"]);
    write(&root.join("base/base.rule"), "def hurried = subject.subject contains \"other\"\n");
    assert_eq!(watcher.reload(), Some(Outcome::Swapped { generation: 2 }));
    assert_eq!(matched(&handle), Vec::<String>::new());
}

#[test]
fn writes_renames_and_new_folders_are_noticed() {
    let root = folder("noticed").join("pack");
    pack(&root, &rule("r0", "urgent", ""));
    let (handle, _watcher, _events) = watch(std::slice::from_ref(&root), told());
    let file = root.join("demo.rule");
    let runs = |name: &str| matched(&handle) == [format!("demo/{name}")];

    // An editor that writes twice.
    fs::write(&file, "").expect("written");
    fs::write(&file, rule("r1", "urgent", "")).expect("written");
    until("written twice", || runs("r1"));
    // One that writes beside it and renames over.
    fs::write(root.join(".demo.rule.swp"), rule("r2", "urgent", "")).expect("written");
    fs::rename(root.join(".demo.rule.swp"), &file).expect("renamed");
    until("renamed over", || runs("r2"));
    // A second file in a folder that did not exist.
    write(&root.join("more/extra.rule"), &rule("extra", "nothing", ""));
    until("a new folder", || handle.current().engine().rules().len() == 2);
    fs::remove_dir_all(root.join("more")).expect("removed");
    until("a folder less", || handle.current().engine().rules().len() == 1);
    // The folder itself, deleted and made again.
    fs::remove_dir_all(&root).expect("removed");
    until("deleted", || ask(&handle).stale.is_some());
    assert!(runs("r2"), "the last good one runs on");
    pack(&root, &rule("r3", "urgent", ""));
    until("made again", || runs("r3"));
    fs::write(&file, rule("r4", "urgent", "")).expect("written");
    until("watched again", || runs("r4"));
}

#[cfg(unix)]
#[test]
fn links_are_swapped_as_kubernetes_does() {
    use std::os::unix::fs::symlink;
    let mount = folder("links").join("mount");
    let publish = |version: &str, name: &str| {
        pack(&mount.join(format!("..{version}")), &rule(name, "urgent", ""));
        let _ = fs::remove_file(mount.join("..data_tmp"));
        symlink(format!("..{version}"), mount.join("..data_tmp")).expect("a link");
        fs::rename(mount.join("..data_tmp"), mount.join("..data")).expect("renamed");
    };
    publish("2026_1", "r1");
    for name in ["pack.yaml", "demo.rule"] {
        symlink(format!("..data/{name}"), mount.join(name)).expect("a link");
    }
    let (handle, _watcher, _events) = watch(std::slice::from_ref(&mount), told());
    for round in 2..6 {
        assert_eq!(matched(&handle), [format!("demo/r{}", round - 1)]);
        publish(&format!("2026_{round}"), &format!("r{round}"));
        fs::remove_dir_all(mount.join(format!("..2026_{}", round - 1))).expect("removed");
        until("the link swapped", || matched(&handle) == [format!("demo/r{round}")]);
    }
}

#[cfg(unix)]
#[test]
fn a_pack_behind_a_link_is_swapped_with_it() {
    use std::os::unix::fs::symlink;
    let base = folder("releases");
    pack(&base.join("1"), &rule("r1", "urgent", ""));
    pack(&base.join("2"), &rule("r2", "urgent", ""));
    symlink("1", base.join("current")).expect("a link");
    let (handle, _watcher, _events) = watch(&[base.join("current")], told());
    assert_eq!(matched(&handle), ["demo/r1"]);
    symlink("2", base.join("next")).expect("a link");
    fs::rename(base.join("next"), base.join("current")).expect("renamed");
    until("the release swapped", || matched(&handle) == ["demo/r2"]);
}

#[test]
fn looking_now_and_then_finds_what_nobody_tells() {
    let root = folder("poll");
    pack(&root, &rule("r1", "urgent", ""));
    let settings = WatchSettings { poll: Duration::from_millis(30), ..by_hand() };
    let (handle, _watcher, _events) = watch(std::slice::from_ref(&root), settings);
    pack(&root, &rule("r2", "urgent", ""));
    until("looked", || matched(&handle) == ["demo/r2"]);
}

#[test]
fn reading_does_not_wake_the_reader() {
    let root = folder("quiet");
    pack(&root, &rule("r1", "urgent", ""));
    let (handle, _watcher, events) = watch(std::slice::from_ref(&root), told());
    pack(&root, "rule broken {");
    until("refused", || ask(&handle).stale.is_some());
    for _ in 0..20 {
        let _ = fs::read(root.join("demo.rule"));
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(matches!(events.try_recv(), Ok(Event::Loaded(Outcome::Refused(_)))));
    assert!(events.try_recv().is_err(), "it was loaded once");
}

fn rates(high: f64) -> Rates {
    let rate = Rate { hits: 1, of: 5000, low: 0.0, high };
    Rates {
        schema: Rates::SCHEMA.into(),
        packs: Vec::new(),
        rules: [("demo/first".to_owned(), rate)].into_iter().collect(),
    }
}

#[test]
fn a_rule_that_leaves_its_interval_goes_to_shadow_and_comes_back_by_hand_only() {
    let root = folder("breaker");
    pack(&root, &rule("first", "urgent", ""));
    let (handle, watcher, _events) = watch(std::slice::from_ref(&root), by_hand());
    let settings = BreakerSettings { least: 20, ..BreakerSettings::default() };
    handle.breaker(|breaker| *breaker = Breaker::new(settings, &rates(0.001)));
    let mut tripped = Vec::new();
    for _ in 0..25 {
        let answer = ask(&handle);
        tripped.extend(handle.observe(&answer.verdict, Moment(5)).tripped);
    }
    assert_eq!(tripped.len(), 1, "told once");
    assert_eq!((&*tripped[0].rule, tripped[0].hits, tripped[0].of), ("demo/first", 20, 20));
    let answer = ask(&handle);
    assert_eq!(answer.verdict.matches[0].mode, Mode::Shadow);
    assert_eq!((&*answer.verdict.action, answer.verdict.score.0), ("accept", 0));
    assert_eq!(*answer.held, [Arc::from("demo/first")]);
    assert_eq!(answer.generation, 2, "another decision, another generation");

    // A new version of the pack does not bring it back.
    pack(&root, &format!("// newer\n{}", rule("first", "urgent", "")));
    assert_eq!(watcher.reload(), Some(Outcome::Swapped { generation: 3 }));
    assert_eq!(ask(&handle).verdict.matches[0].mode, Mode::Shadow);
    assert!(!handle.release("demo/other") && handle.release("demo/first"));
    let answer = ask(&handle);
    assert_eq!((&*answer.verdict.action, answer.held.len(), answer.generation), ("tag", 0, 4));
    assert_eq!(handle.observe(&answer.verdict, Moment(6)), Observed::default(), "it counts from the beginning");
    // What was held before a restart is held after it.
    handle.hold(tripped);
    assert_eq!(ask(&handle).verdict.matches[0].mode, Mode::Shadow);
}

#[test]
fn generations_never_mix_under_concurrent_reloads() {
    let root = folder("mixed");
    pack(&root, &rule("r0", "urgent", ""));
    let (handle, watcher, _events) = watch(std::slice::from_ref(&root), by_hand());
    let stop = std::sync::atomic::AtomicBool::new(false);
    let seen = Mutex::new(std::collections::BTreeMap::<u64, String>::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let answer = ask(&handle);
                    let said = format!("{} {:?}", answer.digest, answer.verdict.matches[0].rule);
                    let mut seen = seen.lock().expect("no panic");
                    let known = seen.entry(answer.generation).or_insert_with(|| said.clone());
                    assert_eq!(*known, said, "one generation, one answer");
                }
            });
        }
        for round in 1..60 {
            let text = if round % 3 == 0 { "rule broken {".into() } else { rule(&format!("r{round}"), "urgent", "") };
            pack(&root, &text);
            watcher.reload().expect("an outcome");
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(handle.current().number() > 30);
}
