//! Every written pair of a genuine notification and its abuse: one template covers both, and what
//! somebody adds to the genuine one shows.

use ruleeval::message::{Message, Settings};
use ruleeval::template::infer::infer;
use ruleeval::template::{Outcome, TemplateSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn parse(raw: Vec<u8>) -> Arc<Message> {
    Message::parse(raw, Arc::new(Settings::default()))
}

/// Genuine messages with their abuse, by the manifest.
fn pairs() -> Vec<(String, String)> {
    let manifest = std::fs::read_to_string(root().join("manifest.csv")).expect("the manifest");
    let mut lines = manifest.lines();
    let head: Vec<&str> = lines.next().expect("a head").split(',').collect();
    let column = |name: &str| head.iter().position(|column| *column == name).expect("a column");
    let (file, label, twin) = (column("file"), column("label"), column("twin"));
    let mut pairs = Vec::new();
    for line in lines {
        let row = cells(line);
        if row[label] != "ham" && !row[twin].is_empty() {
            pairs.push((row[twin].clone(), row[file].clone()));
        }
    }
    pairs
}

/// The cells of a line of CSV.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            c => cells.last_mut().expect("a cell").push(c),
        }
    }
    cells
}

/// What a rule can see of a match.
fn seen(outcome: &Outcome) -> (Vec<Option<&str>>, Vec<&str>, usize, usize) {
    let slots = outcome.slots.iter().map(|slot| slot.as_ref().map(|slot| &*slot.text)).collect();
    let residue = outcome.residue.iter().map(|piece| &*piece.text).collect();
    (slots, residue, outcome.links_outside.len(), outcome.conflicts.len())
}

#[test]
fn one_template_covers_the_genuine_and_the_abuse_and_tells_them_apart() {
    let pairs = pairs();
    assert!(pairs.len() >= 30, "only {} pairs", pairs.len());
    let (mut covered, mut lines) = (0, Vec::new());
    for (honest, lure) in &pairs {
        let messages = [honest, lure].map(|file| parse(std::fs::read(root().join(file)).expect("a message")));
        let Some(proposal) = infer("pair", &messages) else {
            lines.push(format!("{lure}: no proposal"));
            continue;
        };
        let set = TemplateSet::new(vec![Arc::new(proposal.decl)]);
        let outcomes = messages.each_ref().map(|message| set.closest(message, 0));
        let good = outcomes.iter().all(|outcome| outcome.matched && outcome.coverage > 0.9);
        let apart = outcomes[0].variant != outcomes[1].variant || seen(&outcomes[0]) != seen(&outcomes[1]);
        covered += usize::from(good && apart);
        if !good || !apart {
            lines.push(format!("{lure}: {:?} apart {apart}", outcomes.each_ref().map(|o| (o.matched, o.coverage))));
        }
    }
    println!("{covered} of {} pairs\n{}", pairs.len(), lines.join("\n"));
    assert!(covered * 100 >= pairs.len() * 95, "{covered} of {}:\n{}", pairs.len(), lines.join("\n"));
}

fn plain(message: &Message, lines: &[&str]) -> Arc<Message> {
    let address = message.sender().and_then(|sender| sender.email.clone()).map(|email| email.email.to_string());
    let head = format!("From: <{}>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n", address.unwrap_or_default());
    parse(format!("{head}{}\r\n", lines.join("\r\n\r\n")).into_bytes())
}

#[test]
fn what_is_added_to_a_genuine_notification_shows() {
    let mut honest: Vec<String> = pairs().into_iter().map(|(honest, _)| honest).collect();
    honest.sort();
    honest.dedup();
    let additions =
        ["Your account will be charged today unless you object.", "https://added.example/login", "+1 805 555 0142"];
    let mut wrong = Vec::new();
    for file in &honest {
        let message = parse(std::fs::read(root().join(file)).expect("a message"));
        let text = message.body().visible_text();
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let clean = plain(&message, &lines);
        let Some(proposal) = infer("genuine", &[Arc::clone(&clean)]) else { continue };
        let set = TemplateSet::new(vec![Arc::new(proposal.decl)]);
        let genuine = set.outcome(&clean, 0);
        assert!(genuine.matched && genuine.residue.is_empty(), "{file}: {:?}", genuine.missing);
        for addition in additions {
            for at in [0, lines.len() / 2, lines.len()] {
                let mut added = lines.clone();
                added.insert(at, addition);
                let outcome = set.outcome(&plain(&message, &added), 0);
                if !outcome.matched || seen(&outcome) == seen(&genuine) {
                    wrong.push(format!("{file}: {addition:?} at {at}: {:?}", outcome.missing));
                }
            }
        }
    }
    println!("{} genuine messages", honest.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), honest.len() * 9, wrong.join("\n"));
}
