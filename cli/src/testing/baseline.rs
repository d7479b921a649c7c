//! A reviewed file of tests that are known to fail: each entry says why, who answers for it, and
//! until when.

use ruleeval::matcher::Glob;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The name under which a pack's own baseline is found.
const DEFAULT: &str = "baseline.yaml";

/// One known failure, as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    test: String,
    reason: String,
    owner: String,
    expires: String,
}

/// One known failure.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The test's id, or a glob over ids.
    pub(crate) test: String,
    pub(crate) reason: String,
    pub(crate) owner: String,
    /// As written.
    pub(crate) expires: String,
    until: i64,
}

/// All known failures, with what the tests say of them.
#[derive(Debug, Default)]
pub(crate) struct Baseline {
    entries: Vec<Known>,
}

/// What a baseline says of a failing test.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Verdict<'b> {
    /// Nothing: the failure counts.
    New,
    /// It is known, and somebody answers for it.
    Known(&'b Known),
    /// It was known until a day that has passed: the failure counts again.
    Expired(&'b Known),
}

impl Baseline {
    /// Reads the file that was named, or those that lie in the packs' folders.
    pub(crate) fn load(named: Option<&Path>, packs: &[PathBuf]) -> Result<Self, String> {
        let mut baseline = Self::default();
        match named {
            Some(path) => baseline.read(path)?,
            None => {
                for path in packs.iter().map(|pack| pack.join(DEFAULT)).filter(|path| path.is_file()) {
                    baseline.read(&path)?;
                }
            }
        }
        Ok(baseline)
    }

    fn read(&mut self, path: &Path) -> Result<(), String> {
        let name = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {name}: {error}"))?;
        self.parse(&text).map_err(|reason| format!("{name}: {reason}"))
    }

    fn parse(&mut self, text: &str) -> Result<(), String> {
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(());
        }
        let entries: Vec<Written> = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        for entry in entries {
            for (key, value) in [("test", &entry.test), ("reason", &entry.reason), ("owner", &entry.owner)] {
                if value.trim().is_empty() {
                    return Err(format!("the entry for `{}` has no {key}", entry.test));
                }
            }
            let until = crate::commands::time(&entry.expires)
                .ok_or_else(|| format!("`{}` is not a date such as 2026-12-31", entry.expires))?;
            let Written { test, reason, owner, expires } = entry;
            self.entries.push(Known { test, reason, owner, expires, until });
        }
        Ok(())
    }

    /// What is known of a test that fails.
    pub(crate) fn of(&self, id: &str, now: i64) -> Verdict<'_> {
        let applies = |entry: &&Known| entry.applies(id);
        let mut entries = self.entries.iter().filter(applies);
        match entries.clone().find(|entry| now < entry.until) {
            Some(entry) => Verdict::Known(entry),
            None => entries.next().map_or(Verdict::New, Verdict::Expired),
        }
    }

    /// Entries that no failing test needs: all that they name pass by now.
    pub(crate) fn stale<'b>(
        &'b self,
        passing: &'b [&str],
        failing: &'b [&str],
    ) -> impl Iterator<Item = (&'b Known, &'static str)> {
        self.entries.iter().filter_map(|entry| {
            let names = |ids: &[&str]| ids.iter().any(|id| entry.applies(id));
            match (names(failing), names(passing)) {
                (true, _) => None,
                (false, true) => Some((entry, "passes now")),
                (false, false) => Some((entry, "names no test")),
            }
        })
    }
}

impl Known {
    fn applies(&self, id: &str) -> bool {
        self.test == id || Glob::new(&self.test, false).is_match(id)
    }
}

#[cfg(test)]
mod tests {
    use super::{Baseline, Verdict};

    const DAY: i64 = 86_400_000;
    /// 2026-06-01.
    const JUNE: i64 = 1_780_272_000_000;

    fn baseline(text: &str) -> Result<Baseline, String> {
        let mut baseline = Baseline::default();
        baseline.parse(text).map(|()| baseline)
    }

    #[test]
    fn entries_hold_until_their_day() {
        let text = "- { test: 'p/a cases/*.eml', reason: new wording, owner: ann, expires: 2026-06-01 }\n";
        let baseline = baseline(text).expect("well-formed");
        assert!(matches!(baseline.of("p/a cases/x.eml", JUNE - DAY), Verdict::Known(known) if known.owner == "ann"));
        assert!(matches!(baseline.of("p/a cases/x.eml", JUNE), Verdict::Expired(_)));
        assert!(matches!(baseline.of("p/b cases/x.eml", 0), Verdict::New));
        let stale: Vec<_> = baseline.stale(&["p/a cases/x.eml"], &[]).map(|(_, why)| why).collect();
        assert_eq!(stale, ["passes now"]);
        assert_eq!(baseline.stale(&["p/b inline"], &[]).map(|(_, why)| why).next(), Some("names no test"));
        assert_eq!(baseline.stale(&["p/a cases/x.eml"], &["p/a cases/y.eml"]).count(), 0);
    }

    #[test]
    fn incomplete_entries_are_refused() {
        assert!(baseline("# nothing\n").is_ok());
        for text in [
            "- { test: a, reason: b, owner: c }",
            "- { test: a, reason: '', owner: c, expires: 2026-06-01 }",
            "- { test: a, reason: b, owner: c, expires: soon }",
            "- { test: a, reason: b, owner: c, expires: 2026-06-01, more: d }",
            "no list",
        ] {
            assert!(baseline(text).is_err(), "{text}");
        }
    }
}
