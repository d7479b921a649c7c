//! `ruleeval pack`: make, check, build, sign, verify, look at and compare packs.

mod build;
mod change;
mod compare;
mod inspect;
mod keys;
mod new;

use crate::Exit;
use crate::config::{Config, ConfigArgs};
use crate::output::complain;
use clap::Subcommand;
use std::path::{Path, PathBuf};

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Begin a pack: a folder with a rule, a list, messages and tests that pass
    New(NewArgs),
    /// Check packs and run their tests
    Check(PacksArgs),
    /// Write the archive of a pack and print its digest
    Build(BuildArgs),
    /// Sign archives or folders of packs with a minisign key
    Sign(SignArgs),
    /// Verify the signatures of packs with the trusted keys
    Verify(PacksArgs),
    /// Say what packs are and what comes out of them together: versions, digests, signatures,
    /// policy with its origins, overrides, exceptions, rules
    Inspect(InspectArgs),
    /// Say what differs between two packs: rules, lists, definitions, versions; layout does not count
    Diff(DiffArgs),
    /// Make a pair of minisign keys
    Keygen(KeygenArgs),
    /// Print the JSON schema of pack.yaml
    Schema,
}

#[derive(clap::Args)]
struct NewArgs {
    /// The folder, whose name becomes the pack's
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Licence of the pack, an SPDX expression
    #[arg(long, default_value = "Apache-2.0", value_name = "SPDX")]
    license: String,
}

#[derive(clap::Args)]
struct PacksArgs {
    /// Folders with pack.yaml, or their archives
    #[arg(required = true, value_name = "PACK")]
    packs: Vec<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(clap::Args)]
struct BuildArgs {
    /// The folder of the pack
    #[arg(value_name = "PACK")]
    pack: PathBuf,
    /// The archive; without it `NAME-VERSION.rep` in the working directory
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(clap::Args)]
struct SignArgs {
    /// Archives, or folders with pack.yaml
    #[arg(required = true, value_name = "PACK")]
    packs: Vec<PathBuf>,
    /// The secret key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The first line of this file is the key's password, instead of one that is asked for
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The trusted comment; without it name, version and digest
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
}

#[derive(clap::Args)]
struct InspectArgs {
    /// Folders with pack.yaml, their archives, or single rule files
    #[arg(required = true, value_name = "PACK")]
    packs: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(clap::Args)]
struct DiffArgs {
    /// The old pack: a folder or an archive
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The new pack
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Exit with 1 if anything differs
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(clap::Args)]
struct KeygenArgs {
    /// The secret key; the public one gets the same name with `.pub`
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The first line of this file is the password, instead of one that is asked for
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Do not encrypt the secret key: whoever reads the file can sign
    #[arg(long, conflicts_with = "password_file")]
    no_password: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    match &args.command {
        Command::New(args) => new::run(args),
        Command::Check(args) => build::check(args),
        Command::Build(args) => build::run(args),
        Command::Sign(args) => keys::sign(args),
        Command::Verify(args) => keys::verify(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Diff(args) => compare::run(args),
        Command::Keygen(args) => keys::generate(args),
        Command::Schema => {
            crate::output::print(&format!("{:#}\n", ruleeval::pack::schema()));
            Ok(())
        }
    }
}

/// Says what went wrong with a file.
fn failed(path: &Path, reason: &str) -> Exit {
    complain(&format!("{}: {reason}", path.display()));
    Exit::Usage
}

fn config(args: &ConfigArgs) -> Result<Config, Exit> {
    Config::load_or_complain(args)
}
