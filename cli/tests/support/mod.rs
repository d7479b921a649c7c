//! What the tests of the command share: a folder for each test, the command in it, its output.

// Every test program uses a part of it.
#![allow(dead_code)]

use assert_cmd::Command;
use std::path::{Path, PathBuf};
use std::process::Output;

/// A folder of its own for one test.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(env!("CARGO_CRATE_NAME")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder");
    path
}

/// A file in a folder, with the folders that lead to it.
pub(crate) fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    std::fs::write(&path, content).expect("written");
    path
}

/// The command in a folder.
pub(crate) fn binary(here: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("ruleeval"));
    command.current_dir(here);
    command
}

/// Runs the command.
pub(crate) fn ruleeval(here: &Path, args: &[&str]) -> Output {
    binary(here).args(args).output().expect("it runs")
}

/// The exit code.
pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

/// Standard output.
pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// Standard error.
pub(crate) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}
