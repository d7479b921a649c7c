//! `ruleeval template`: propose templates from messages, and measure them on messages.

use crate::Exit;
use crate::config::{Config, ConfigArgs};
use crate::input::each;
use crate::output::{complain, print, show};
use clap::{Subcommand, ValueEnum};
use ruleeval::corpus::{Item, Progress};
use ruleeval::diagnostic::Diagnostic;
use ruleeval::engine::{Compiler, Engine};
use ruleeval::message::Message;
use ruleeval::source::SourceMap;
use ruleeval::template::infer::infer;
use ruleeval::template::{Outcome, Place, SlotText, TemplateSet};
use ruleeval::value::TemplateDecl;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Longest text that a line shows whole, in characters.
const MAX_SHOWN: usize = 80;

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Propose a template from messages of one kind, two or better five and more
    Infer(InferArgs),
    /// Measure a template on messages: matched, coverage, slots, residue, one line each
    Check(CheckArgs),
}

#[derive(clap::Args)]
struct InferArgs {
    /// Messages: files, folders, `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    messages: Vec<PathBuf>,
    /// The template's name
    #[arg(long, default_value = "inferred", value_name = "NAME")]
    name: String,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(clap::Args)]
struct CheckArgs {
    /// A template of the packs (`name` or `pack/name`), or a rule file all of whose templates are measured
    #[arg(value_name = "TEMPLATE")]
    template: String,
    /// Messages: files, folders, `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    messages: Vec<PathBuf>,
    /// Packs that hold the template
    #[arg(long, value_name = "PACK")]
    rules: Vec<PathBuf>,
    /// How lines are written
    #[arg(long, value_enum, default_value_t = Style::Text)]
    format: Style,
    /// Exit with 1 if a message does not match
    #[arg(long)]
    all_match: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Style {
    Text,
    Jsonl,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    match &args.command {
        Command::Infer(args) => propose(args),
        Command::Check(args) => check(args),
    }
}

fn propose(args: &InferArgs) -> Result<(), Exit> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !args.name.chars().all(word) || args.name.starts_with(|c: char| !c.is_ascii_alphabetic()) {
        complain(&format!("--name: `{}` is not a name", args.name));
        return Err(Exit::Usage);
    }
    let engine = super::engine(&Config::load_or_complain(&args.config)?, &[], None)?;
    let messages: Vec<Arc<Message>> = read(&engine, &args.messages)?.into_iter().map(|(_, message)| message).collect();
    let Some(proposal) = infer(&args.name, &messages) else {
        complain("no message has a sender and a text");
        return Err(Exit::Usage);
    };
    print(&formatted(&proposal.text));
    let failed = proposal.inputs.iter().filter(|(matched, _)| !matched).count();
    if failed > 0 {
        complain(&format!("{failed} of {} messages do not match the proposal", messages.len()));
    }
    Ok(())
}

/// In the canonical layout. Better a text that has to be mended than none: what is wrong with it is
/// said.
fn formatted(text: &str) -> String {
    let mut sources = SourceMap::default();
    let id = sources.add("proposal", text);
    let text = ruleeval::syntax::format(id, text).unwrap_or_else(|_| text.to_owned());
    let mut compiler = Compiler::new();
    compiler.rules("proposal", &text);
    let compiled = compiler.compile();
    let errors: Vec<_> = compiled.diagnostics.into_iter().filter(Diagnostic::is_error).collect();
    show(&errors, &compiled.sources);
    text
}

fn check(args: &CheckArgs) -> Result<(), Exit> {
    let file = Path::new(&args.template);
    let of_file = file.is_file();
    let mut packs = args.rules.clone();
    if of_file {
        packs.push(file.to_owned());
    }
    if packs.is_empty() {
        complain("name a rule file, or a template with the packs that hold it: --rules PACK");
        return Err(Exit::Usage);
    }
    let engine = super::engine(&Config::load_or_complain(&args.config)?, &packs, None)?;
    let set = engine.templates();
    let wanted = wanted(set, args, of_file)?;
    let mut all = true;
    for (name, message) in read(&engine, &args.messages)? {
        for id in &wanted {
            let Some(decl) = set.decl(*id) else { continue };
            let outcome = set.closest(&message, *id);
            all &= outcome.matched;
            print(&match args.format {
                Style::Text => text(&name, decl, &outcome),
                Style::Jsonl => format!("{}\n", line(&name, decl, &outcome)),
            });
        }
    }
    if args.all_match && !all { Err(Exit::Findings) } else { Ok(()) }
}

/// The templates of the file, or the one that is named.
fn wanted(set: &TemplateSet, args: &CheckArgs, of_file: bool) -> Result<Vec<u32>, Exit> {
    let names: Vec<(u32, Arc<str>)> =
        (0..set.len() as u32).filter_map(|id| Some((id, Arc::clone(&set.decl(id)?.name)))).collect();
    let stem = Path::new(&args.template).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let is_wanted = |name: &str| match &stem {
        Some(stem) if of_file => name.split('/').next() == Some(stem.as_str()),
        _ => name == args.template || name.rsplit('/').next() == Some(args.template.as_str()),
    };
    let found: Vec<u32> = names.iter().filter(|(_, name)| is_wanted(name)).map(|(id, _)| *id).collect();
    if found.is_empty() {
        complain(&format!("there is no template `{}`", args.template));
        let known: Vec<&str> = names.iter().map(|(_, name)| name.rsplit('/').next().unwrap_or("")).collect();
        if let Some(near) = ruleeval::diagnostic::suggest::nearest(&args.template, known) {
            complain(&format!("did you mean `{near}`?"));
        }
        return Err(Exit::Usage);
    }
    Ok(found)
}

fn read(engine: &Engine, paths: &[PathBuf]) -> Result<Vec<(String, Arc<Message>)>, Exit> {
    let mut messages = Vec::new();
    let mut exit = Ok(());
    let parse = |item: Item| Ok(engine.parse(item.read()?));
    each(
        paths,
        0,
        &Progress::default(),
        || (),
        |(), item| parse(item),
        |name, message: Result<Arc<Message>, String>| match message {
            Ok(message) => messages.push((name.to_owned(), message)),
            Err(error) => {
                complain(&format!("{name}: {error}"));
                exit = Err(Exit::Unreadable);
            }
        },
    )?;
    exit.map(|()| messages)
}

/// A line for people.
fn text(file: &str, decl: &TemplateDecl, outcome: &Outcome) -> String {
    let state = match (outcome.matched, outcome.from_sender) {
        (true, _) => "matched",
        (false, false) => "other-sender",
        (false, true) => "no-match",
    };
    let mut out = format!("{file}: {} {state} coverage={:.2}", decl.name, outcome.coverage);
    if let Some(variant) = variant(decl, outcome) {
        out.push_str(&format!(" variant={variant}"));
    }
    if let Some(missing) = &outcome.missing {
        out.push_str(&format!(" missing={}", quoted(missing)));
    }
    for ((name, _), slot) in decl.slots.iter().zip(&outcome.slots) {
        if let Some(slot) = slot {
            out.push_str(&format!(" {name}={}", quoted(&slot.text)));
        }
    }
    if !outcome.conflicts.is_empty() {
        out.push_str(&format!(" conflicts={}", outcome.conflicts.join(",")));
    }
    for piece in &outcome.residue {
        out.push_str(&format!(" residue={}", quoted(&piece.text)));
    }
    for link in links(outcome) {
        out.push_str(&format!(" link-outside={}", quoted(&link)));
    }
    out.push('\n');
    out
}

/// Short, without line breaks or control characters.
fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(MAX_SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

fn variant(decl: &TemplateDecl, outcome: &Outcome) -> Option<Arc<str>> {
    decl.variants.get(outcome.variant).and_then(|variant| variant.name.clone())
}

fn links(outcome: &Outcome) -> Vec<String> {
    outcome.links_outside.iter().filter_map(|link| Some(link.href_url.as_ref()?.url.to_string())).collect()
}

/// A line for programs.
fn line(file: &str, decl: &TemplateDecl, outcome: &Outcome) -> Value {
    let slots = decl.slots.iter().zip(&outcome.slots);
    let slots: serde_json::Map<String, Value> =
        slots.map(|((name, _), slot)| (name.to_string(), slot.as_ref().map_or(Value::Null, place))).collect();
    json!({
        "file": file,
        "template": &*decl.name,
        "matched": outcome.matched,
        "from_sender": outcome.from_sender,
        "variant": variant(decl, outcome).as_deref(),
        "coverage": outcome.coverage,
        "slots": slots,
        "conflicts": outcome.conflicts.iter().map(|name| &**name).collect::<Vec<_>>(),
        "residue": outcome.residue.iter().map(place).collect::<Vec<_>>(),
        "links_outside": links(outcome),
        "missing": outcome.missing,
    })
}

fn place(text: &SlotText) -> Value {
    let of = match text.place {
        Place::Subject => "subject.base",
        Place::Body => "visible text",
    };
    json!({ "text": &*text.text, "of": of, "start": text.bytes.start, "end": text.bytes.end })
}
