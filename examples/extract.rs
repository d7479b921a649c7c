//! What features cost, one family after the other, beside mail-parser's full parse of the same
//! messages; for quick figures and instruction counters:
//!
//! ```text
//! extract [FOLDER] [MESSAGES] [FAMILY]
//! ```
//!
//! Each family is computed on freshly parsed messages, with what it needs; with FAMILY only that one.

#[path = "../benches/extract/families.rs"]
mod families;

use families::{FAMILIES, Family};
use ruleeval::engine::{Compiler, Engine};
use std::hint::black_box;
use std::path::{Path, PathBuf};

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "eml") {
            found.push(path);
        }
    }
}

fn mail(folder: &Path, most: usize) -> Vec<Vec<u8>> {
    let mut paths = Vec::new();
    collect(folder, &mut paths);
    paths.sort();
    let step = (paths.len() / most.max(1)).max(1);
    paths.iter().step_by(step).take(most).filter_map(|path| std::fs::read(path).ok()).collect()
}

/// Nanoseconds of the processor that this thread has taken, where the system tells.
fn busy() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split_whitespace().next().and_then(|ticks| ticks.parse().ok()).unwrap_or(0)
}

/// Nanoseconds of the processor for each message; the least of several rounds.
fn each(mail: &[Vec<u8>], mut run: impl FnMut(&Vec<u8>)) -> u64 {
    let mut round = || {
        let before = busy();
        mail.iter().for_each(&mut run);
        (busy() - before) / mail.len().max(1) as u64
    };
    (0..3).map(|_| round()).min().unwrap_or(0)
}

fn cost(engine: &Engine, mail: &[Vec<u8>], family: &Family) -> u64 {
    each(mail, |raw| (family.read)(engine, &engine.parse(raw.clone())))
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let folder = args.first().map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus"), PathBuf::from);
    let mail = mail(&folder, args.get(1).and_then(|arg| arg.parse().ok()).unwrap_or(200));
    let engine = Compiler::new().compile().engine.expect("no rules");
    let chosen = |family: &&Family| args.get(2).is_none_or(|name| family.name == name);
    let alone = each(&mail, |raw| drop(black_box(mail_parser::MessageParser::default().parse(raw))));
    let bytes: usize = mail.iter().map(Vec::len).sum();
    println!("{} messages of {} bytes; mail-parser {alone} ns each", mail.len(), bytes / mail.len().max(1));
    for family in FAMILIES.iter().filter(chosen) {
        let cost = cost(&engine, &mail, family);
        println!("{:<12} {cost:>9} ns  {:.2}", family.name, cost as f64 / alone.max(1) as f64);
    }
}
