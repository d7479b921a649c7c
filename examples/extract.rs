//! What features cost, one family after the other, beside mail-parser's full parse of the same
//! messages; for quick figures and instruction counters:
//!
//! ```text
//! extract [FOLDER] [MESSAGES] [FAMILY]
//! ```
//!
//! Each family is computed on freshly parsed messages, with what it needs; with FAMILY only that one.

#[path = "../benches/generate/cpu.rs"]
mod cpu;
#[path = "../benches/extract/families.rs"]
mod families;
#[path = "../benches/generate/mail.rs"]
mod mail;

use cpu::busy;
use families::{FAMILIES, Family};
use ruleeval::engine::{Compiler, Engine};
use std::hint::black_box;

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
    let most = args.get(1).and_then(|arg| arg.parse().ok()).unwrap_or(200);
    let mut mail = mail::messages(args.first().map(Into::into), most);
    mail.truncate(most);
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
