//! `ruleeval promote`: which experimental rules have earned `stable`, and which stable ones no
//! longer do.

use crate::Exit;
use crate::corpus::{MeasureArgs, measure};
use crate::output::{complain, print};
use clap::ValueEnum;
use ruleeval::report::gates::{Promotion, promotions};

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    measured: MeasureArgs,
    /// Exit with 1 if a rule's status is not what it has earned
    #[arg(long)]
    check: bool,
    /// Show what is demanded of every rule, not only of those whose status should change
    #[arg(long)]
    all: bool,
    /// How the result is written
    #[arg(long, value_enum, default_value_t = Style::Text)]
    format: Style,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Style {
    Text,
    Json,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let (engine, now) = super::setup(&args.measured.config, &args.measured.rules)?;
    let corpus = args.measured.corpus.open()?;
    let run = measure(
        &engine,
        &corpus,
        &args.measured.corpus,
        &args.measured.config,
        args.measured.config.clock.is_some(),
        now,
    )?;
    let failing: Vec<String> = engine.test().failures.iter().map(|failure| failure.rule.to_string()).collect();
    let promotions = promotions(&run, &engine.gates(), &failing);
    match args.format {
        Style::Text => print(&promotions.iter().filter(|p| args.all || !p.agrees).map(text).collect::<String>()),
        Style::Json => print(&format!("{:#}\n", serde_json::to_value(&promotions).unwrap_or_default())),
    }
    let earned = promotions.iter().filter(|p| p.earned && !p.agrees).count();
    let lost = promotions.iter().filter(|p| !p.earned && !p.agrees).count();
    complain(&format!("{} rule(s): {earned} earned `stable`, {lost} no longer earn it", promotions.len()));
    if args.check && earned + lost > 0 { Err(Exit::Findings) } else { Ok(()) }
}

fn text(promotion: &Promotion) -> String {
    let word = match (promotion.earned, promotion.agrees) {
        (true, false) => "has earned `stable`",
        (false, false) => "no longer earns `stable`",
        (true, true) => "is stable and earns it",
        (false, true) => "is experimental and has not earned more",
    };
    let mut out = format!("{} {word}  ({})\n", promotion.rule, promotion.at);
    for demand in &promotion.demands {
        let mark = if demand.passed { "ok  " } else { "FAIL" };
        out.push_str(&format!("    {mark} {}: {} ({})\n", demand.condition, demand.found, demand.required));
    }
    out
}
