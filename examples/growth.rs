//! Evaluates messages with generated rules, for instruction counts and quick figures:
//!
//! ```text
//! growth RULES [all|plain|cpu|rounds|reload] [FOLDER] [MESSAGES] [ROUNDS]
//! ```
//!
//! `all` and `plain` print what compiling, parsing and evaluating take; `cpu` the time of parsing
//! and evaluating alone; `rounds` only evaluates, for an instruction counter; `reload` compiles rules
//! in files of 100, and again after one file has changed.

#[path = "../benches/generate/cpu.rs"]
mod cpu;
#[path = "../benches/generate/mod.rs"]
mod generate;
#[path = "../benches/generate/mail.rs"]
mod mail;

use cpu::busy;
use ruleeval::engine::{CompileCache, Compiler, Engine, Options};
use ruleeval::eval::{Profile, Scratch};
use ruleeval::message::Message;
use ruleeval::plan::PlanOptions;
use std::hint::black_box;
use std::sync::Arc;

/// Resident memory of this process in KB, where the system tells.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn compile(count: usize, options: PlanOptions) -> Engine {
    let text = generate::rules(count, false);
    let (started, before) = (busy(), resident());
    let mut compiler = Compiler::new();
    compiler.rules("generated", &text).plan(options);
    let compiled = compiler.compile();
    if let Some(problem) = compiled.diagnostics.iter().find(|problem| problem.is_error()) {
        println!("{}: {}", compiled.sources.location(problem.primary.span), problem.message);
    }
    let engine = compiled.engine.expect("the rules are valid");
    let (took, grown) = ((busy() - started) / 1_000_000, resident().saturating_sub(before) / 1024);
    println!("compiled {count} rules of {} KB in {took} ms of CPU, {grown} MB more resident", text.len() / 1024);
    engine
}

/// Runs something on every message; nanoseconds of the processor for each.
fn each(mail: &[Vec<u8>], run: impl FnMut(&Vec<u8>)) -> u64 {
    let before = busy();
    mail.iter().for_each(run);
    (busy() - before) / mail.len().max(1) as u64
}

/// The least of some rounds, the first apart: it finds caches cold and compiles regexes.
fn rounds_of(count: usize, mut round: impl FnMut() -> u64) -> (u64, u64) {
    let first = round();
    (first, (1..count).map(|_| round()).min().unwrap_or(first))
}

fn report(engine: &Engine, mail: &[Vec<u8>]) {
    let mut scratch = engine.scratch();
    let mut profile = Profile::new();
    let parser = rounds_of(4, || each(mail, |raw| drop(black_box(mail_parser::MessageParser::default().parse(raw)))));
    let mut messages = Vec::new();
    let parsing = rounds_of(4, || {
        messages.clear();
        each(mail, |raw| messages.push(engine.parse(raw.clone())))
    });
    let mut run = |messages: &[Arc<Message>]| {
        let before = busy();
        for message in messages {
            black_box(engine.evaluate(message, &mut scratch, Options::default()));
        }
        (busy() - before) / messages.len().max(1) as u64
    };
    let features = rounds_of(4, || {
        messages = mail.iter().map(|raw| engine.parse(raw.clone())).collect();
        run(&messages)
    });
    let known = rounds_of(6, || run(&messages)).1;
    // Right after the features were computed: so they are in the processor's caches, as they are when a message
    // is decided once.
    let again = rounds_of(4, || {
        messages = mail.iter().map(|raw| engine.parse(raw.clone())).collect();
        let mut taken = 0;
        for message in &messages {
            black_box(engine.evaluate(message, &mut scratch, Options::default()));
            let before = busy();
            black_box(engine.evaluate(message, &mut scratch, Options::default()));
            taken += busy() - before;
        }
        taken / messages.len().max(1) as u64
    })
    .1;
    println!("{} messages, CPU ns each, first round and best of the next", mail.len());
    println!("  mail-parser {} {}, parse {} {}", parser.0, parser.1, parsing.0, parsing.1);
    println!("  evaluate with features {} {}, again at once {again}, features known {known}", features.0, features.1);
    let (mut matches, mut undecided) = (0, 0);
    for message in &messages {
        let verdict = engine.profile(message, &mut scratch, Options::default(), &mut profile);
        matches += verdict.matches.len();
        undecided += verdict.undecided.len();
    }
    let per_message = |count: u64| count as f64 / profile.messages.max(1) as f64;
    let checks: u64 = profile.rules.iter().map(|rule| rule.checks).sum();
    let steps: u64 = profile.rules.iter().map(|rule| rule.steps).sum();
    println!(
        "a message: {:.1} rules evaluated in {:.0} steps, index {:.0} steps, {:.2} matches, {:.2} undecided; unguarded rules: {}",
        per_message(checks),
        per_message(steps),
        per_message(profile.index_steps),
        per_message(matches as u64),
        per_message(undecided as u64),
        engine.unguarded().len()
    );
}

/// Seconds of parsing and evaluating, one thread that does nothing else.
fn cpu(engine: &Engine, mail: &[Vec<u8>]) {
    let mut scratch = engine.scratch();
    let before = busy();
    for raw in mail {
        let message = engine.parse(raw.clone());
        black_box(engine.evaluate(&message, &mut scratch, Options::default()));
    }
    println!("cpu seconds {:.4}", (busy() - before) as f64 / 1e9);
}

fn rounds(engine: &Engine, mail: &[Vec<u8>], rounds: usize) {
    let mut scratch = engine.scratch();
    let messages: Vec<_> = mail.iter().map(|raw| engine.parse(raw.clone())).collect();
    // The first round computes the features.
    round(engine, &messages, &mut scratch);
    (0..rounds).for_each(|_| round_again(engine, &messages, &mut scratch));
}

/// By its name a profiler tells it from the first round.
#[inline(never)]
fn round_again(engine: &Engine, messages: &[Arc<Message>], scratch: &mut Scratch) {
    round(engine, messages, scratch);
}

fn round(engine: &Engine, messages: &[Arc<Message>], scratch: &mut Scratch) {
    for message in messages {
        black_box(engine.evaluate(message, scratch, Options::default()));
    }
}

/// Compiles a folder of files of 100 rules, then again after each of some edits of one file.
fn reload(count: usize) -> std::io::Result<()> {
    let folder = std::env::temp_dir().join(format!("ruleeval-growth-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let files = generate::files(count, 100);
    for (number, text) in files.iter().enumerate() {
        std::fs::write(folder.join(format!("rules{number:04}.rule")), text)?;
    }
    let mut cache = CompileCache::new();
    let mut engine = None;
    for edit in ["anew", "nothing changed", "one rule changed", "one file changed", "a definition changed"] {
        let (name, text) = match edit {
            "one rule changed" => {
                ("rules0050.rule", files[50 % files.len()].replacen("type.inbound", "not type.outbound", 1))
            }
            "one file changed" => {
                ("rules0050.rule", files[50 % files.len()].replace("severity = medium", "severity = high"))
            }
            "a definition changed" => ("rules0000.rule", files[0].replace("postmaster", "post-master")),
            _ => ("rules0001.rule", files[1].clone()),
        };
        std::fs::write(folder.join(name), text)?;
        let started = busy();
        let mut compiler = Compiler::new();
        compiler.load(&folder);
        let compiled = compiler.compile_with(&mut cache);
        let took = (busy() - started) / 1_000_000;
        // The engine before is kept until the new one is there, as a service does.
        engine = compiled.engine;
        println!("{count} rules, {edit}: {took} ms of CPU, {} MB resident", resident() / 1024);
    }
    drop(engine);
    std::fs::remove_dir_all(&folder)
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, fallback: usize| args.get(at).and_then(|arg| arg.parse().ok()).unwrap_or(fallback);
    let mode = args.get(1).map_or("all", String::as_str);
    if mode == "reload" {
        return reload(number(0, 10_000)).unwrap_or_else(|error| println!("the temporary folder: {error}"));
    }
    let most = number(3, 200);
    let mut mail = mail::messages(args.get(2).map(Into::into), most);
    mail.truncate(most);
    let options = if mode == "plain" { PlanOptions::PLAIN } else { PlanOptions::default() };
    let engine = compile(number(0, 1000), options);
    let evaluate = || match mode {
        "cpu" => cpu(&engine, &mail),
        "rounds" => rounds(&engine, &mail, number(4, 1)),
        _ => report(&engine, &mail),
    };
    // As the command and the service do: messages then share no heap with what compiling left in pieces.
    std::thread::scope(|scope| {
        scope.spawn(evaluate);
    });
}
