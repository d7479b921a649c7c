//! The `ruleeval` command: arguments, files, terminal, exit codes. One file for each command.

mod account;
mod commands;
mod config;
mod corpus;
mod input;
mod output;
mod serve;
mod testing;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    findings, or a gate failed, where one was asked for (test, timeshift, --fail-on, fmt --check)
  2    rules, packs or expressions are invalid; nothing was loaded
  3    wrong usage or configuration
  4    input could not be read, with --strict-input
  130  interrupted

NO_COLOR=1 switches colours off.";

/// Declarative detection rules for email.
#[derive(Parser)]
#[command(name = "ruleeval", version, about, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check packs and rule files: grammar, names, types, warnings
    Check(commands::check::Args),
    /// Format rule files
    Fmt(commands::fmt::Args),
    /// Run the tests that stand beside the rules
    Test(commands::test::Args),
    /// Decide about messages
    Scan(commands::scan::Args),
    /// Run rules over a labelled corpus and report what they do
    Run(commands::run::Args),
    /// Find campaigns of near-duplicates in a corpus and write them as a manifest
    Cluster(commands::cluster::Args),
    /// Compare two versions of rules on a labelled corpus
    Diff(commands::diff::Args),
    /// Ask DNS all that the verification of messages asks, and print the answers as recorded DNS
    Dns(commands::dns::Args),
    /// Say which experimental rules have earned `stable` on a labelled corpus
    Promote(commands::promote::Args),
    /// Print the features of a message exactly as rules see them, as JSON
    Features(commands::features::Args),
    /// Evaluate one expression on a message
    Eval(commands::eval::Args),
    /// Explain a verdict, one rule's outcome, or an error code
    Explain(commands::explain::Args),
    /// Say what rules cost: steps, time and bytes by rule, clause and feature
    Profile(commands::profile::Args),
    /// Say whether verdicts hold when the clock moves
    Timeshift(commands::timeshift::Args),
    /// Propose templates of genuine notifications from messages, and measure them
    Template(commands::template::Args),
    /// Look at the lists of packs, and make lists of foreign data
    Lists(commands::lists::Args),
    /// Check the configuration, or print its JSON schema
    Config(commands::config::Args),
    /// Make, check, build, sign, verify, look at and compare packs
    Pack(commands::pack::Args),
    /// Decide about mail as a service: HTTP, rspamd's protocol, milter
    Serve(commands::serve::Args),
    /// Print the reference of all fields, functions and enums as Markdown
    Doc,
}

/// How a command ended, when not well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Findings = 1,
    InvalidRules = 2,
    Usage = 3,
    Unreadable = 4,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(Exit::Usage as u8) } else { ExitCode::SUCCESS };
        }
    };
    let result = match cli.command {
        Command::Check(args) => commands::check::run(&args),
        Command::Fmt(args) => commands::fmt::run(&args),
        Command::Test(args) => commands::test::run(&args),
        Command::Scan(args) => commands::scan::run(&args),
        Command::Run(args) => commands::run::run(&args),
        Command::Cluster(args) => commands::cluster::run(&args),
        Command::Diff(args) => commands::diff::run(&args),
        Command::Dns(args) => commands::dns::run(&args),
        Command::Promote(args) => commands::promote::run(&args),
        Command::Features(args) => commands::features::run(&args),
        Command::Eval(args) => commands::eval::run(&args),
        Command::Explain(args) => commands::explain::run(&args),
        Command::Profile(args) => commands::profile::run(&args),
        Command::Timeshift(args) => commands::timeshift::run(&args),
        Command::Template(args) => commands::template::run(&args),
        Command::Lists(args) => commands::lists::run(&args),
        Command::Config(args) => commands::config::run(&args),
        Command::Pack(args) => commands::pack::run(&args),
        Command::Serve(args) => commands::serve::run(&args),
        Command::Doc => {
            commands::doc::run();
            Ok(())
        }
    };
    result.map_or_else(|exit| ExitCode::from(exit as u8), |()| ExitCode::SUCCESS)
}
