//! `ruleeval explain`.

use crate::Exit;
use crate::config::ConfigArgs;
use crate::input::Input;
use crate::output::{complain, print};
use ruleeval::diagnostic::Code;
use ruleeval::diagnostic::suggest::nearest;
use ruleeval::engine::Explanation;
use ruleeval::eval::{Status, render_text};
use std::path::{Path, PathBuf};

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A rule (`pack/name` or its name), or an error code or warning name
    subject: String,
    /// The message; `-` is standard input
    #[arg(value_name = "FILE")]
    message: Option<PathBuf>,
    /// Packs to load
    #[arg(long, value_name = "PACK")]
    rules: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// "Now" for rules that read time
    #[arg(long, value_name = "TIME")]
    clock: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    match &args.message {
        None => code(&args.subject),
        Some(message) => rule(args, message),
    }
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
        None => complain("to explain a rule, name a message too: ruleeval explain RULE FILE --rules PACK"),
    }
    Err(Exit::Usage)
}

fn rule(args: &Args, message: &Path) -> Result<(), Exit> {
    if args.rules.is_empty() {
        complain("name the packs: --rules PACK");
        return Err(Exit::Usage);
    }
    let (engine, now) = super::setup(&args.config, &args.rules, args.clock.as_deref())?;
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
    let status = match explanation.status {
        Status::Match => "matches",
        Status::Suppressed => "would match, but is suppressed",
        Status::NoMatch => "does not match",
        Status::Undecided => "is undecided",
        Status::OverBudget => "spent its budget",
    };
    let mut out = format!("{} {status}\n", explanation.rule);
    if !explanation.suppressed_by.is_empty() {
        out.push_str(&format!("suppressed by: {}\n", explanation.suppressed_by.join(", ")));
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
