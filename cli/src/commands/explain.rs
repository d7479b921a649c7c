//! `ruleeval explain`: a verdict, one rule's outcome, or an error code.
//!
//! `explain MESSAGE --rules PACK`, `explain RULE MESSAGE --rules PACK`, `explain CODE`: two words
//! are a rule and a message; one word is a message where packs are named, else a code.

use crate::Exit;
use crate::config::ConfigArgs;
use crate::input::Input;
use crate::output::{complain, print};
use ruleeval::diagnostic::Code;
use ruleeval::diagnostic::suggest::nearest;
use ruleeval::engine::Explanation;
use ruleeval::eval::render_text;
use std::path::{Path, PathBuf};

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A message, to explain its verdict; a rule (`pack/name` or its name) before a message; or an
    /// error code or warning name
    #[arg(value_name = "MESSAGE|RULE|CODE")]
    subject: String,
    /// The message, after a rule; `-` is standard input
    #[arg(value_name = "MESSAGE")]
    message: Option<PathBuf>,
    /// Packs to load
    #[arg(long, value_name = "PACK")]
    rules: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let subject = Path::new(&args.subject);
    let is_message = args.subject == "-" || subject.is_file();
    match &args.message {
        Some(message) => rule(args, message),
        None if args.rules.is_empty() && is_message && Code::parse(&args.subject).is_none() => no_packs(),
        None if args.rules.is_empty() => code(&args.subject),
        None => whole(args, subject),
    }
}

fn no_packs() -> Result<(), Exit> {
    complain("name the packs: --rules PACK");
    Err(Exit::Usage)
}

/// The whole verdict.
fn whole(args: &Args, message: &Path) -> Result<(), Exit> {
    let (engine, now) = super::setup(&args.config, &args.rules)?;
    let input = Input::from(message);
    let raw = input.read_or_complain().inspect_err(|_| {
        if engine.rules().iter().any(|rule| **rule == *args.subject || rule.rsplit('/').next() == Some(&args.subject)) {
            complain(&format!("to explain the rule, name a message too: ruleeval explain {} MESSAGE", args.subject));
        }
    })?;
    let account = engine.account(&engine.parse(raw), now);
    if args.json {
        print(&format!("{:#}\n", serde_json::to_value(&account).unwrap_or_default()));
    } else {
        print(&crate::account::text(&input.name(), &account));
    }
    Ok(())
}

fn code(subject: &str) -> Result<(), Exit> {
    if let Some(page) = Code::parse(subject).and_then(Code::page) {
        print(page);
        return Ok(());
    }
    let known: Vec<String> = Code::all().map(|code| code.to_string()).collect();
    complain(&format!("there is no error or warning `{subject}`"));
    match nearest(subject, known.iter().map(String::as_str)) {
        Some(near) => complain(&format!("did you mean `{near}`?")),
        None => complain("to explain a rule, name a message too: ruleeval explain RULE MESSAGE --rules PACK"),
    }
    Err(Exit::Usage)
}

fn rule(args: &Args, message: &Path) -> Result<(), Exit> {
    if args.rules.is_empty() {
        return no_packs();
    }
    let (engine, now) = super::setup(&args.config, &args.rules)?;
    let message = engine.parse(Input::from(message).read_or_complain()?);
    let Some(explanation) = engine.explain(&message, &args.subject, now) else {
        complain(&format!("there is no rule `{}`", args.subject));
        if let Some(near) = nearest(&args.subject, engine.rules().iter().map(|name| &**name)) {
            complain(&format!("did you mean `{near}`?"));
        }
        return Err(Exit::Usage);
    };
    if args.json {
        print(&format!("{:#}\n", serde_json::to_value(&explanation).unwrap_or_default()));
    } else {
        print(&text(&explanation));
    }
    Ok(())
}

/// The explanation for people.
fn text(explanation: &Explanation) -> String {
    let mut out = format!("{} {}\n", explanation.rule, explanation.status.says());
    if !explanation.suppressed_by.is_empty() {
        out.push_str(&format!("suppressed by: {}\n", explanation.suppressed_by.join(", ")));
    }
    if !explanation.exceptions.is_empty() {
        out.push_str(&format!("suppressed by the exceptions: {}\n", explanation.exceptions.join(", ")));
    }
    for missing in &explanation.missing {
        out.push_str(&format!("missing: {missing}\n"));
    }
    out.push('\n');
    out.push_str(&render_text(&explanation.evidence));
    if let Some(nearest) = &explanation.nearest {
        out.push_str(&format!("\n{} of {} top-level clauses hold; these do not:\n", nearest.holding, nearest.clauses));
        for failing in &nearest.failing {
            out.push_str(&render_text(failing));
        }
    }
    out
}
