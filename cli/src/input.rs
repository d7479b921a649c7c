//! Messages from files, folders, containers and standard input.

use crate::Exit;
use crate::output::complain;
use ruleeval::corpus::{Content, Item, Names, Progress, Walker, process, read_bounded};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Where a message comes from.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Input {
    /// The name that output shows.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Stdin => "-".into(),
            Self::File(path) => path.to_string_lossy().into_owned(),
        }
    }

    /// The bytes, or a complaint and the exit code.
    pub(crate) fn read_or_complain(&self) -> Result<Vec<u8>, Exit> {
        let read = match self {
            Self::Stdin => stdin(),
            Self::File(path) => Item::new("", Content::File(path.clone())).read(),
        };
        read.map_err(|error| {
            complain(&format!("{}: {error}", self.name()));
            Exit::Unreadable
        })
    }
}

fn stdin() -> Result<Vec<u8>, String> {
    let bytes = read_bounded(std::io::stdin().lock())?;
    Item::new("", Content::Bytes(bytes)).read()
}

/// Works on every message below some paths in parallel and hands the results on in their order,
/// with the messages' names. Says what in folders is no mail.
pub(crate) fn each<S, T: Send>(
    paths: &[PathBuf],
    threads: usize,
    progress: &Progress,
    scratch: impl Fn() -> S + Sync + Send,
    work: impl Fn(&mut S, Item) -> T + Sync + Send,
    mut done: impl FnMut(&str, T),
) -> Result<(), Exit> {
    let skipped = AtomicU64::new(0);
    let processed = process(
        threads,
        |sink| {
            let mut walker = Walker::new(Names::AsGiven, Some(progress));
            for path in paths {
                let flow = walker.walk(path, &mut |item| {
                    let weight = item.weight();
                    sink(item, weight)
                });
                if flow.is_break() {
                    break;
                }
            }
            skipped.store(walker.skipped, Ordering::Relaxed);
        },
        scratch,
        |scratch, item| (item.id.clone(), work(scratch, item)),
        |(name, result)| {
            done(&name, result);
            ControlFlow::Continue(())
        },
    );
    if let Err(reason) = processed {
        complain(&reason);
        return Err(Exit::Usage);
    }
    let skipped = skipped.into_inner();
    if skipped > 0 {
        complain(&format!("{skipped} file(s) in folders are no mail and were not read; name them to read them"));
    }
    Ok(())
}

impl From<&Path> for Input {
    fn from(path: &Path) -> Self {
        if path.as_os_str() == "-" { Self::Stdin } else { Self::File(path.to_owned()) }
    }
}
