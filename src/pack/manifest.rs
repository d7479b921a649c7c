//! `pack.yaml`: name, version, requirements, policy.

use super::gates::Gates;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a pack says of itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The first half of every rule's identity: lower-case letters, digits, `-`, `_`.
    pub name: String,
    /// Version, `major.minor.patch`.
    #[serde(default)]
    pub version: String,
    /// One sentence.
    #[serde(default)]
    pub description: String,
    /// SPDX expression.
    #[serde(default)]
    pub license: String,
    /// What it needs.
    #[serde(default)]
    pub requires: Requires,
    /// True for a pack of shared definitions: nothing in it has to be used.
    #[serde(default)]
    pub library: bool,
    /// From outcomes to a verdict.
    #[serde(default)]
    pub policy: Option<Policy>,
    /// The environment of the pack's tests.
    #[serde(default)]
    pub tests: TestSettings,
}

/// What a pack needs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requires {
    /// Least engine version: `">=0.1"`.
    #[serde(default)]
    pub engine: Option<String>,
    /// Packs whose definitions and lists it uses.
    #[serde(default)]
    pub packs: Vec<String>,
}

/// Turns outcomes into an action.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The score from which an action is taken. The names are the site's.
    #[serde(default)]
    pub thresholds: BTreeMap<String, f64>,
    /// The action of any match of a rule of at least this severity.
    #[serde(default)]
    pub severity: BTreeMap<String, String>,
    /// What the pack demands of its rules on a labelled corpus.
    #[serde(default)]
    pub gates: Gates,
}

impl Default for Policy {
    fn default() -> Self {
        let thresholds = [("tag", 3.0), ("quarantine", 5.0), ("reject", 10.0)];
        Self {
            thresholds: thresholds.into_iter().map(|(name, score)| (name.to_owned(), score)).collect(),
            severity: BTreeMap::new(),
            gates: Gates::default(),
        }
    }
}

/// The environment of a pack's tests.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestSettings {
    /// Whose Authentication-Results the test messages' receiver trusts.
    #[serde(default)]
    pub trusted_authserv_ids: Vec<String>,
    /// The receiver's own domains.
    #[serde(default)]
    pub org_domains: Vec<String>,
    /// The receiver's own display names.
    #[serde(default)]
    pub org_display_names: Vec<String>,
}

/// Why a manifest was refused, and where (offset in bytes).
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) message: String,
    pub(super) offset: usize,
}

impl Manifest {
    pub(super) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let manifest: Self = serde_yaml::from_str(text).map_err(|error| problem(text, &error))?;
        manifest.validate(text)?;
        Ok(manifest)
    }

    fn validate(&self, text: &str) -> Result<(), Problem> {
        let at = |key: &str| text.find(key).unwrap_or(0);
        let fail = |message: String, key: &str| Err(Problem { message, offset: at(key) });
        if self.name.is_empty() || !self.name.bytes().all(in_name) {
            let message = format!("`{}` is not a pack name: lower-case letters, digits, `-` and `_`", self.name);
            return fail(message, "name:");
        }
        if !self.version.is_empty() && version(&self.version).is_none() {
            return fail(format!("`{}` is not a version such as `1.2.3`", self.version), "version:");
        }
        if let Some(requirement) = &self.requires.engine {
            let Some(least) = requirement.strip_prefix(">=").and_then(|text| version(text.trim())) else {
                return fail(format!("`{requirement}` is not a requirement such as `\">=0.1\"`"), "engine:");
            };
            if version(super::ENGINE_VERSION).is_some_and(|have| have < least) {
                let message = format!("the pack needs engine {requirement}, this is {}", super::ENGINE_VERSION);
                return fail(message, "engine:");
            }
        }
        Ok(())
    }
}

/// Bytes that the name of a pack may hold.
pub(super) fn in_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte)
}

fn version(text: &str) -> Option<[u32; 3]> {
    let mut parts = [0; 3];
    for (index, part) in text.split('.').enumerate() {
        *parts.get_mut(index)? = part.parse().ok()?;
    }
    Some(parts)
}

fn problem(text: &str, error: &serde_yaml::Error) -> Problem {
    let offset = error.location().map_or(0, |location| {
        let line = usize::try_from(location.line()).unwrap_or(1).saturating_sub(1);
        let column = usize::try_from(location.column()).unwrap_or(1).saturating_sub(1);
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        text.get(start..).and_then(|rest| rest.char_indices().nth(column)).map_or(start, |(at, _)| start + at)
    });
    let message = error.to_string();
    let message = message.lines().next().unwrap_or("malformed").trim_end_matches(" -->").to_owned();
    Problem { message, offset }
}
