//! What the shipped packs decide about every written message.

use crate::manifest::{Row, rows};
use crate::{corpus, update};
use ruleeval::engine::{Compiler, Engine, Options, Verdict};
use ruleeval::eval::Evidence;
use ruleeval::message::{Settings, Vip};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// What `corpus/ruleeval.yaml` says of the receiver.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Receiver {
    trusted_authserv_ids: Vec<String>,
    org_domains: Vec<String>,
    org_display_names: Vec<String>,
    tenant_domains: Vec<String>,
    org_vips: Vec<Person>,
}

#[derive(Deserialize)]
struct Person {
    display_name: String,
    email: Option<String>,
}

fn packs() -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")).expect("rules/");
    let mut packs: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    packs.retain(|path| path.join("pack.yaml").is_file());
    packs.sort();
    packs
}

fn engine() -> Engine {
    let text = fs::read_to_string(corpus().join("ruleeval.yaml")).expect("ruleeval.yaml");
    let receiver: Receiver = serde_yaml::from_str(&text).expect("the receiver");
    let people = receiver.org_vips.into_iter();
    let mut compiler = Compiler::new();
    compiler.settings(Settings {
        trusted_authserv_ids: receiver.trusted_authserv_ids,
        org_domains: receiver.org_domains,
        org_vips: people.map(|person| Vip { display_name: person.display_name, email: person.email }).collect(),
        ..Settings::default()
    });
    compiler.list("org_display_names", receiver.org_display_names);
    compiler.list("tenant_domains", receiver.tenant_domains);
    for pack in packs() {
        compiler.load(&pack);
    }
    let compiled = compiler.compile();
    compiled.engine.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))
}

/// All packs on all messages, with evidence.
struct Judged {
    rules: Vec<String>,
    messages: Vec<(Row, Verdict)>,
}

/// Made once for all tests.
static JUDGED: LazyLock<Judged> = LazyLock::new(|| {
    let engine = engine();
    let mut scratch = engine.scratch();
    let options = Options { evidence: true, now: None };
    let judge = |row: Row| {
        let raw = fs::read(corpus().join(&row.file)).unwrap_or_else(|error| panic!("{}: {error}", row.file));
        let verdict = engine.evaluate(&engine.parse(raw), &mut scratch, options);
        (row, verdict)
    };
    let messages = rows().into_iter().map(judge).collect();
    Judged { rules: engine.rules().iter().map(ToString::to_string).collect(), messages }
});

fn is_held(verdict: &Verdict) -> bool {
    matches!(&*verdict.action, "quarantine" | "reject")
}

/// `gaps.csv`: messages whose action is not yet that of their class, and why that is accepted.
fn gaps() -> BTreeMap<String, String> {
    let text = fs::read_to_string(corpus().join("gaps.csv")).expect("gaps.csv");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("file,reason"));
    lines.filter_map(|line| line.split_once(',')).map(|(file, reason)| (file.into(), reason.into())).collect()
}

#[test]
fn every_message_gets_the_action_of_its_class() {
    let wrong = || JUDGED.messages.iter().filter(|(row, verdict)| is_held(verdict) != row.is_lure());
    let known = gaps();
    if update() {
        let mut text = String::from("file,reason\n");
        for (row, _) in wrong() {
            let _ = writeln!(text, "{},{}", row.file, known.get(&row.file).map_or("", |reason| reason));
        }
        fs::write(corpus().join("gaps.csv"), text).expect("gaps.csv");
    }
    let mut report = String::new();
    for (row, verdict) in wrong().filter(|(row, _)| known.get(&row.file).is_none_or(|reason| reason.trim().is_empty()))
    {
        let rules: Vec<&str> = verdict.matches.iter().map(|found| &*found.rule).collect();
        let _ = writeln!(report, "{} ({}) got {} from {rules:?}: {}", row.file, row.label, verdict.action, row.why);
    }
    assert!(report.is_empty(), "unexplained:\n{report}");
    let real: BTreeSet<&str> = wrong().map(|(row, _)| &*row.file).collect();
    let gone: Vec<&String> = known.keys().filter(|file| !real.contains(file.as_str())).collect();
    assert!(gone.is_empty() || update(), "no longer a gap; run with UPDATE=1: {gone:?}");
}

/// Honest mail may be a gap for a while, but hardly any.
#[test]
fn honest_mail_is_not_held() {
    let held = JUDGED.messages.iter().filter(|(row, verdict)| !row.is_lure() && is_held(verdict));
    let held: Vec<&str> = held.map(|(row, _)| &*row.file).collect();
    let honest = JUDGED.messages.iter().filter(|(row, _)| !row.is_lure()).count();
    assert!(held.len() * 200 <= honest, "{} of {honest}: {held:?}", held.len());
}

#[test]
fn every_technique_is_caught() {
    let mut caught: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (row, verdict) in JUDGED.messages.iter().filter(|(row, _)| row.label == "abuse") {
        let (held, all) = caught.entry(&row.technique).or_default();
        *held += usize::from(is_held(verdict));
        *all += 1;
    }
    let weak: Vec<_> = caught.iter().filter(|(_, (held, all))| held * 2 < *all).collect();
    assert!(weak.is_empty(), "less than half of the lures are held: {weak:?}");
}

/// Messages that a rule hits, by label.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Hits {
    abuse: usize,
    phish: usize,
    ham: usize,
}

impl Hits {
    fn count(&mut self, label: &str) {
        match label {
            "abuse" => self.abuse += 1,
            "phish" => self.phish += 1,
            _ => self.ham += 1,
        }
    }

    fn is_worse_than(self, other: Self) -> bool {
        self.abuse < other.abuse || self.phish < other.phish || self.ham > other.ham
    }
}

fn measured() -> BTreeMap<String, Hits> {
    let mut hits: BTreeMap<String, Hits> = JUDGED.rules.iter().map(|rule| (rule.clone(), Hits::default())).collect();
    for (row, verdict) in &JUDGED.messages {
        for found in &verdict.matches {
            hits.entry(found.rule.to_string()).or_default().count(&row.label);
        }
        if is_held(verdict) {
            hits.entry("= held".into()).or_default().count(&row.label);
        }
    }
    hits
}

fn recorded() -> BTreeMap<String, Hits> {
    let text = fs::read_to_string(corpus().join("ratchet.csv")).expect("ratchet.csv");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("rule,abuse,phish,ham"));
    let mut hits = BTreeMap::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let [rule, abuse, phish, ham] = cells.as_slice() else { panic!("malformed: {line}") };
        let number = |cell: &str| cell.parse().unwrap_or_else(|_| panic!("malformed: {line}"));
        hits.insert((*rule).to_owned(), Hits { abuse: number(abuse), phish: number(phish), ham: number(ham) });
    }
    hits
}

#[test]
fn no_rule_gets_worse() {
    let now = measured();
    if update() {
        let mut text = String::from("rule,abuse,phish,ham\n");
        for (rule, hits) in &now {
            let _ = writeln!(text, "{rule},{},{},{}", hits.abuse, hits.phish, hits.ham);
        }
        fs::write(corpus().join("ratchet.csv"), text).expect("ratchet.csv");
    }
    let mut worse = String::new();
    for (rule, before) in recorded() {
        let after = now.get(&rule).copied().unwrap_or_default();
        if after.is_worse_than(before) {
            let _ = writeln!(
                worse,
                "{rule}: abuse {} to {}, phish {} to {}, ham {} to {}",
                before.abuse, after.abuse, before.phish, after.phish, before.ham, after.ham
            );
        }
    }
    assert!(worse.is_empty(), "worse than corpus/ratchet.csv (UPDATE=1 records it, if it is meant):\n{worse}");
}

/// The places that decided, innermost clauses first: `path = text`.
fn decided_by(evidence: &Evidence, lines: &mut BTreeSet<String>) {
    for leaf in &evidence.values {
        if let Some(found) = &leaf.found {
            lines.insert(format!("{} holds {:?}", leaf.path, found.text));
        }
    }
    evidence.because.iter().for_each(|inner| decided_by(inner, lines));
}

fn describe(row: &Row, verdict: &Verdict, text: &mut String) {
    let name = row.file.rsplit('/').next().unwrap_or_default();
    let _ = writeln!(text, "{name}: {} {}", verdict.action, verdict.score);
    for found in &verdict.matches {
        let _ = writeln!(text, "  {} +{}", found.rule, found.counted);
        let mut lines = BTreeSet::new();
        found.evidence.iter().for_each(|evidence| decided_by(evidence, &mut lines));
        lines.iter().for_each(|line| text.push_str(&format!("    {line}\n")));
    }
    for rule in &verdict.suppressed {
        let _ = writeln!(text, "  {} suppressed by {}", rule.rule, rule.unless.join(", "));
    }
}

#[test]
fn verdicts_with_their_evidence() {
    let mut folders: BTreeMap<&str, String> = BTreeMap::new();
    for (row, verdict) in &JUDGED.messages {
        let folder = row.file.rsplit_once('/').map_or("", |(folder, _)| folder);
        describe(row, verdict, folders.entry(folder).or_default());
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots/corpus");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        for (folder, text) in &folders {
            insta::assert_snapshot!(folder.replace('/', "__"), text);
        }
    });
}
