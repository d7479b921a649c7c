//! `ruleeval cluster`: campaigns of near-duplicates, written as a manifest.

use crate::Exit;
use crate::corpus::{CorpusArgs, clusters};
use crate::output::complain;
use ruleeval::corpus::Manifest;
use std::path::{Path, PathBuf};

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    corpus: CorpusArgs,
    /// A CSV manifest whose column `cluster` is written anew, the others kept; without it a
    /// manifest of all messages is made
    #[arg(long, value_name = "FILE")]
    update: Option<PathBuf>,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let corpus = args.corpus.open()?;
    let found = clusters(&corpus, &args.corpus)?;
    let campaigns: std::collections::BTreeSet<&String> = found.values().map(|(cluster, _)| cluster).collect();
    let rows = match &args.update {
        Some(path) => updated(path, |file| found.get(file).map(|(cluster, _)| cluster.as_str())),
        None => {
            let rows = found.iter().map(|(id, (cluster, label))| [&**id, &**label, cluster.as_str()]);
            Manifest::write(&["file", "label", "cluster"], rows.map(|row| row.to_vec()))
        }
    };
    let bytes = rows.map_err(|reason| {
        complain(&reason);
        Exit::Usage
    })?;
    complain(&format!("{} message(s) of {} campaign(s)", found.len(), campaigns.len()));
    super::run::write(&bytes, args.output.as_deref())
}

fn updated<'c>(path: &Path, cluster: impl Fn(&str) -> Option<&'c str>) -> Result<Vec<u8>, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Manifest::with_clusters(&bytes, cluster).map_err(|reason| format!("{}: {reason}", path.display()))
}
