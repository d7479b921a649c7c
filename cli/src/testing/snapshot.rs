//! `cases/verdicts.txt`: the verdict on every message of a pack's folder, one line each, so that a
//! change of any rule shows what it does to all of them.

use super::report::{Outcome, Tested};
use ruleeval::engine::{CaseFile, Engine, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const HEAD: &str = "# What this pack says of each message here. `ruleeval test --update` rewrites this file.\n";

/// The snapshot of one pack.
pub(crate) struct Snapshot {
    pack: String,
    path: PathBuf,
    lines: BTreeMap<String, String>,
}

impl Snapshot {
    /// The file of a pack's folder.
    pub(crate) fn path(root: &Path) -> PathBuf {
        root.join("cases").join("verdicts.txt")
    }

    /// What the engine says now.
    pub(crate) fn take(engine: &Engine, pack: &str, root: &Path) -> Self {
        let files = engine.case_files();
        let own = files.iter().filter(|file| file.pack == pack);
        let line = |file: &CaseFile| match engine.case_verdict(pack, &file.path) {
            Ok(verdict) => line(&verdict),
            Err(error) => format!("cannot be read: {error}"),
        };
        let lines = own.map(|file| (file.path.trim_start_matches("cases/").to_owned(), line(file)));
        Self { pack: pack.to_owned(), path: Self::path(root), lines: lines.collect() }
    }

    /// One test for each line of either.
    pub(crate) fn compare(&self, selected: impl Fn(&str) -> bool) -> Vec<Tested> {
        let stored = self.stored();
        let names: BTreeSet<&String> = stored.keys().chain(self.lines.keys()).collect();
        let mut tested = Vec::new();
        for name in names {
            let id = format!("{} verdict {name}", self.pack);
            if !selected(&id) {
                continue;
            }
            let outcome = match (stored.get(name), self.lines.get(name)) {
                (Some(was), Some(is)) if was == is => Outcome::Passed,
                (was, is) => {
                    let show = |line: Option<&String>| line.map_or("nothing", |line| line).to_owned();
                    let summary = format!("the snapshot says `{}`, the pack says `{}`", show(was), show(is));
                    Outcome::Failed { summary, expired: None, explanation: None }
                }
            };
            let suite = format!("{} verdicts", self.pack);
            tested.push(Tested { id, suite, name: name.clone(), at: String::new(), outcome, edit: None });
        }
        tested
    }

    fn stored(&self) -> BTreeMap<String, String> {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| line.split_once(": ")).map(|(name, rest)| (name.into(), rest.into())).collect()
    }

    /// Writes what the engine says now; the change as lines with `-` and `+`, empty if there is
    /// none.
    pub(crate) fn write(&self, dry: bool) -> std::io::Result<String> {
        let stored = self.stored();
        if self.path.is_file() && stored == self.lines {
            return Ok(String::new());
        }
        let mut shown = format!("{}\n", self.path.display());
        let names: BTreeSet<&String> = stored.keys().chain(self.lines.keys()).collect();
        for name in names.into_iter().filter(|name| stored.get(*name) != self.lines.get(*name)) {
            for (sign, line) in [('-', stored.get(name)), ('+', self.lines.get(name))] {
                shown.extend(line.map(|line| format!("{sign} {name}: {line}\n")));
            }
        }
        if !dry {
            let lines = self.lines.iter().map(|(name, line)| format!("{name}: {line}\n"));
            super::update::replace(&self.path, &std::iter::once(HEAD.to_owned()).chain(lines).collect::<String>())?;
        }
        Ok(shown)
    }
}

/// A verdict in one line. Names are those of one pack mostly, so the pack is left out.
fn line(verdict: &Verdict) -> String {
    let bare = |rule: &str| rule.rsplit('/').next().unwrap_or(rule).to_owned();
    let mut out = format!("{} {}", verdict.action, verdict.score);
    let mut add = |what: &str, names: Vec<String>| {
        if !names.is_empty() {
            out.push_str(&format!("; {what} {}", names.join(", ")));
        }
    };
    add("matches", verdict.matches.iter().map(|found| bare(&found.rule)).collect());
    let by = |names: Vec<&str>| names.join(" ");
    let suppressed = verdict.suppressed.iter().map(|found| {
        let names = found.unless.iter().chain(&found.exceptions).map(|name| &**name);
        format!("{} by {}", bare(&found.rule), by(names.collect()))
    });
    add("suppressed", suppressed.collect());
    add("undecided", verdict.undecided.iter().map(|found| bare(found.rule)).collect());
    add("over budget", verdict.over_budget.iter().map(|rule| bare(rule)).collect());
    out
}
