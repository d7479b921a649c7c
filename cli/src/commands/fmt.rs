//! `ruleeval fmt`.

use crate::Exit;
use crate::output::{complain, print, show};
use ruleeval::source::SourceMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Rule files, or folders with rule files; `-` is standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Change nothing; exit with 1 if a file is not formatted
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<(), Exit> {
    let mut exit = Ok(());
    for path in files(&args.paths) {
        let result = if path.as_os_str() == "-" { standard_input(args.check) } else { file(&path, args.check) };
        exit = worse(exit, result);
    }
    exit
}

fn files(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut builder = ignore::WalkBuilder::new(path);
        builder.standard_filters(false).sort_by_file_name(std::cmp::Ord::cmp);
        let found = builder.build().filter_map(Result::ok).map(ignore::DirEntry::into_path);
        files.extend(found.filter(|path| path.extension().is_some_and(|extension| extension == "rule")));
    }
    files
}

/// Of all files' results the one with the highest exit code.
fn worse(a: Result<(), Exit>, b: Result<(), Exit>) -> Result<(), Exit> {
    let code = |result: Result<(), Exit>| result.err().map_or(0, |exit| exit as u8);
    if code(b) > code(a) { b } else { a }
}

fn standard_input(check: bool) -> Result<(), Exit> {
    let mut text = String::new();
    if let Err(error) = std::io::stdin().lock().read_to_string(&mut text) {
        complain(&format!("-: {error}"));
        return Err(Exit::Unreadable);
    }
    match formatted("-", &text) {
        Err(exit) => Err(exit),
        Ok(formatted) if check => {
            if formatted == text {
                Ok(())
            } else {
                Err(Exit::Findings)
            }
        }
        Ok(formatted) => {
            print(&formatted);
            Ok(())
        }
    }
}

fn file(path: &Path, check: bool) -> Result<(), Exit> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            complain(&format!("{}: {error}", path.display()));
            return Err(Exit::Unreadable);
        }
    };
    let formatted = formatted(&path.to_string_lossy(), &text)?;
    if formatted == text {
        return Ok(());
    }
    if check {
        complain(&format!("{} is not formatted", path.display()));
        return Err(Exit::Findings);
    }
    match std::fs::write(path, formatted) {
        Ok(()) => Ok(()),
        Err(error) => {
            complain(&format!("{}: {error}", path.display()));
            Err(Exit::Unreadable)
        }
    }
}

fn formatted(name: &str, text: &str) -> Result<String, Exit> {
    let mut sources = SourceMap::default();
    let id = sources.add(name, text);
    ruleeval::syntax::format(id, text).map_err(|diagnostics| {
        show(&diagnostics, &sources);
        Exit::InvalidRules
    })
}
