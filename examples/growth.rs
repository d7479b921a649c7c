//! Evaluates messages with generated rules, for instruction counts and quick figures:
//! `growth RULES [plain] [FOLDER]`.

#[path = "../benches/generate/mod.rs"]
mod generate;

use ruleeval::engine::{Compiler, Options};
use ruleeval::eval::Profile;
use ruleeval::plan::PlanOptions;
use std::time::Instant;

fn collect(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "eml") {
            found.push(path);
        }
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let count: usize = args.next().and_then(|arg| arg.parse().ok()).unwrap_or(1000);
    let plain = args.next().is_some_and(|arg| arg == "plain");
    let folder = args.next().unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/corpus").into());
    let most: usize = args.next().and_then(|arg| arg.parse().ok()).unwrap_or(200);
    let text = generate::rules(count, false);
    let started = Instant::now();
    let mut compiler = Compiler::new();
    compiler.rules("generated", &text).plan(if plain { PlanOptions::PLAIN } else { PlanOptions::default() });
    let compiled = compiler.compile();
    println!("compiled {count} rules, {} KB, in {:?}", text.len() / 1024, started.elapsed());
    let mut codes = std::collections::BTreeMap::new();
    for problem in &compiled.diagnostics {
        *codes
            .entry(format!("{:?} {}", problem.code, if problem.is_error() { problem.message.as_str() } else { "" }))
            .or_insert(0) += 1;
    }
    println!("{codes:?}");
    let engine = compiled.engine.expect("the rules are valid");
    let mut paths = Vec::new();
    collect(std::path::Path::new(&folder), &mut paths);
    paths.sort();
    let step = (paths.len() / most).max(1);
    let mail: Vec<Vec<u8>> = paths.iter().step_by(step).filter_map(|path| std::fs::read(path).ok()).collect();
    let mut scratch = engine.scratch();
    let (mut parsing, mut first, mut again) = (0, 0, 0);
    let (mut matches, mut undecided) = (0, 0);
    let mut profile = Profile::new();
    for raw in &mail {
        let started = Instant::now();
        std::hint::black_box(mail_parser::MessageParser::default().parse(raw));
        parsing += started.elapsed().as_micros();
        let message = engine.parse(raw.clone());
        let started = Instant::now();
        let verdict = engine.evaluate(&message, &mut scratch, Options::default());
        first += started.elapsed().as_micros();
        let started = Instant::now();
        engine.evaluate(&message, &mut scratch, Options::default());
        again += started.elapsed().as_micros();
        matches += verdict.matches.len();
        undecided += verdict.undecided.len();
        engine.profile(&message, &mut scratch, Options::default(), &mut profile);
    }
    let n = mail.len() as u128;
    println!(
        "{n} messages: mail-parser {} µs, with features {} µs, features known {} µs",
        parsing / n,
        first / n,
        again / n
    );
    let checks: u64 = profile.rules.iter().map(|rule| rule.checks).sum();
    println!(
        "matches {matches}, undecided {undecided}, rules evaluated a message {}, index steps {}",
        checks / profile.messages,
        profile.index_steps / profile.messages
    );
}
