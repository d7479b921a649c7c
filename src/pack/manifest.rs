//! `pack.yaml`: name, version, requirements, policy, overrides.

use super::gates::Gates;
use super::shape::{Field, Problem, Shape, Sort};
use super::yaml::Node;
use crate::calendar;
use semver::{Version, VersionReq};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

/// What a pack says of itself.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The first half of every rule's identity: lower-case letters, digits, `-`, `_`.
    pub name: String,
    /// Version, `major.minor.patch` (Semantic Versioning 2.0.0); empty if it has none.
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
    /// Names of packs that it stands in for.
    #[serde(default)]
    pub replaces: Vec<String>,
    /// True for a pack of shared definitions: nothing in it has to be used.
    #[serde(default)]
    pub library: bool,
    /// The most that rules of the pack may do.
    #[serde(default)]
    pub mode: PackMode,
    /// From outcomes to a verdict.
    #[serde(default)]
    pub policy: Option<Policy>,
    /// What it changes in rules of packs that it requires.
    #[serde(default)]
    pub overrides: Vec<Override>,
    /// The environment of the pack's tests.
    #[serde(default)]
    pub tests: TestSettings,
}

/// What a rule or a whole pack may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackMode {
    /// Nothing.
    Off,
    /// Be reported.
    Shadow,
    /// Count.
    #[default]
    Enforce,
}

/// What a pack needs.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requires {
    /// Range of engine versions: `">=0.1"`.
    #[serde(default)]
    pub engine: Option<String>,
    /// Packs whose definitions and lists it uses, each with a range of versions or not:
    /// `common`, `"common >=1.2, <2"`.
    #[serde(default)]
    pub packs: Vec<String>,
}

impl Requires {
    /// The names of the required packs with the ranges of their versions, as written.
    pub fn packs(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.packs.iter().map(|text| match text.split_once(' ') {
            Some((name, range)) => (name, Some(range.trim())),
            None => (text.as_str(), None),
        })
    }
}

/// Turns outcomes into an action.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The score from which an action is taken. The names are the site's; nothing takes an action
    /// out that a required pack names.
    #[serde(default)]
    pub thresholds: BTreeMap<String, Option<f64>>,
    /// The action of any match of a rule of at least this severity; nothing takes it out.
    #[serde(default)]
    pub severity: BTreeMap<String, Option<String>>,
    /// What the pack demands of its rules on a labelled corpus.
    #[serde(default)]
    pub gates: Gates,
}

impl Default for Policy {
    fn default() -> Self {
        let thresholds = [("tag", 3.0), ("quarantine", 5.0), ("reject", 10.0)];
        Self {
            thresholds: thresholds.into_iter().map(|(name, score)| (name.to_owned(), Some(score))).collect(),
            severity: BTreeMap::new(),
            gates: Gates::default(),
        }
    }
}

/// A change of rules of another pack, which stays as its author signed it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// `pack/rule`; the rule may be a glob.
    pub rule: String,
    /// Another severity.
    #[serde(default)]
    pub severity: Option<String>,
    /// Another score.
    #[serde(default)]
    pub score: Option<f64>,
    /// Another mode.
    #[serde(default)]
    pub mode: Option<PackMode>,
    /// `false` is the same as `mode: off`.
    #[serde(default)]
    pub enabled: Option<bool>,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The day from which it no longer holds.
    pub expires: String,
}

/// The environment of a pack's tests.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
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

const NAME: Sort = Sort { pattern: r"^[a-z0-9_-]{1,64}$", what: "a name: lower-case letters, digits, `-` and `_`" };
const SENTENCE: Sort = Sort { pattern: r"^[^\r\n]{0,500}$", what: "a text of one line, at most 500 characters" };
const WORDS: Sort = Sort { pattern: r"^[^\r\n]{1,500}$", what: "a text of one line" };
const VERSION: Sort = Sort {
    pattern: r"^(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})(-(0|[1-9][0-9]{0,8}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]{0,8}|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?$",
    what: "a version such as `1.2.3`",
};
const RANGE: Sort = Sort {
    pattern: r"^(=|>|>=|<|<=|~|\^)? ?(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){0,2}(, ?(=|>|>=|<|<=|~|\^)? ?(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){0,2}){0,9}$",
    what: "a range of versions such as `\">=0.1\"` or `\">=1.2, <2\"`",
};
const PACK_RANGE: Sort = Sort {
    pattern: r"^[a-z0-9_-]{1,64}( (=|>|>=|<|<=|~|\^)? ?(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){0,2}(, ?(=|>|>=|<|<=|~|\^)? ?(0|[1-9][0-9]{0,8})(\.(0|[1-9][0-9]{0,8})){0,2}){0,9})?$",
    what: "the name of a pack, with a range of versions or without: `common`, `\"common >=1.2, <2\"`",
};
const ACTION: Sort =
    Sort { pattern: r"^[A-Za-z0-9_-]{1,64}$", what: "the name of an action: letters, digits, `-` and `_`" };
const RULE: Sort = Sort {
    pattern: r"^[a-z0-9_-]{1,64}/[A-Za-z0-9_*?]{1,200}$",
    what: "`pack/rule`, where `*` and `?` in the rule stand for other text",
};
const DAY: Sort = Sort {
    pattern: r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
    what: "a day in quotes, such as `\"2027-03-01\"`",
};
const LICENCE: Sort =
    Sort { pattern: r"^[A-Za-z0-9.+() :-]{0,200}$", what: "an SPDX expression such as `Apache-2.0 OR MIT`" };
const SEVERITIES: &[&str] = &["info", "low", "medium", "high", "critical"];
const MODES: &[&str] = &["off", "shadow", "enforce"];

fn list(shape: Shape) -> Shape {
    Shape::List(Box::new(shape), 1000)
}

/// The shape of `pack.yaml`.
pub(super) fn shape() -> &'static Shape {
    static SHAPE: LazyLock<Shape> = LazyLock::new(|| {
        let text = Shape::Text;
        Shape::Object(vec![
            Field::required("name", text(NAME), "The first half of every rule's identity."),
            Field::optional("version", text(VERSION), "Version of the pack (Semantic Versioning)."),
            Field::optional("description", text(SENTENCE), "One sentence."),
            Field::optional("license", text(LICENCE), "SPDX licence expression; rules may have their own."),
            Field::optional("requires", requires(), "What the pack needs."),
            Field::optional("replaces", list(text(NAME)), "Names of packs that this one stands in for."),
            Field::optional(
                "library",
                Shape::Bool,
                "True for a pack of shared definitions: nothing in it has to be used.",
            ),
            Field::optional(
                "mode",
                Shape::OneOf(MODES),
                "The most that rules of the pack may do: off, shadow (reported, never counted), enforce.",
            ),
            Field::optional("policy", policy_shape(), "From outcomes to an action."),
            Field::optional("overrides", list(overriding()), "Changes of rules of packs that this one requires."),
            Field::optional("tests", tests(), "The environment of the pack's tests."),
        ])
    });
    &SHAPE
}

fn requires() -> Shape {
    Shape::Object(vec![
        Field::optional("engine", Shape::Text(RANGE), "Range of engine versions."),
        Field::optional(
            "packs",
            list(Shape::Text(PACK_RANGE)),
            "Packs whose definitions and lists are used, each with a range of versions or without.",
        ),
    ])
}

fn overriding() -> Shape {
    Shape::Object(vec![
        Field::required("rule", Shape::Text(RULE), "The rules, `pack/rule`; the rule may be a glob."),
        Field::optional("severity", Shape::OneOf(SEVERITIES), "Another severity."),
        Field::optional("score", Shape::Number(-100.0, 100.0), "Another score."),
        Field::optional("mode", Shape::OneOf(MODES), "Another mode."),
        Field::optional("enabled", Shape::Bool, "`false` switches the rules off."),
        Field::required("owner", Shape::Text(WORDS), "Who answers for it."),
        Field::required("reason", Shape::Text(WORDS), "Why."),
        Field::required("expires", Shape::Text(DAY), "The day from which it no longer holds."),
    ])
}

/// The shape of `policy:`.
pub fn policy_shape() -> Shape {
    let scores = Shape::OrNull(Box::new(Shape::Number(-1e9, 1e9)));
    let action = || Shape::OrNull(Box::new(Shape::Text(ACTION)));
    let severities = SEVERITIES
        .iter()
        .map(|name| Field::optional(name, action(), "The action of any match of at least this severity."));
    Shape::Object(vec![
        Field::optional("thresholds", Shape::Map(ACTION, Box::new(scores)), "The score from which an action is taken."),
        Field::optional("severity", Shape::Object(severities.collect()), "Actions by the severity of the worst match."),
        Field::optional("gates", gates(), "What the pack demands of its rules on a labelled corpus."),
    ])
}

fn gates() -> Shape {
    let rate = || Shape::Number(0.0, 1.0);
    let rule = Shape::Object(vec![
        Field::optional("min_hits", Shape::Count, "Positive messages that it hits."),
        Field::optional("min_hit_rate", rate(), "Share of positive messages that it hits."),
        Field::optional("min_campaigns", Shape::Count, "Positive campaigns that it hits."),
        Field::optional("min_so", rate(), "spam% / (spam% + ham%)."),
        Field::optional("max_false_positives", Shape::Count, "Negative messages that it hits."),
        Field::optional("max_false_positive_upper", rate(), "Upper bound of the rate of those, one-sided 95 %."),
    ]);
    let action = Shape::Object(vec![
        Field::optional("min_recall", rate(), "Share of positive messages that get it."),
        Field::optional("min_precision", rate(), "Share of positive ones among those that get it."),
        Field::optional("max_false_positives", Shape::Count, "Negative messages that get it."),
        Field::optional("max_false_positive_upper", rate(), "Upper bound of the rate of those, one-sided 95 %."),
    ]);
    let diff = Shape::Object(vec![
        Field::optional("max_lost", Shape::Count, "Positive messages that are no longer flagged."),
        Field::optional("max_new_false_positives", Shape::Count, "Negative messages that are newly flagged."),
        Field::optional(
            "max_cost_increase",
            Shape::Number(0.0, 1e6),
            "Growth of the steps of all messages: 0.2 is a fifth more.",
        ),
        Field::optional("max_p", rate(), "McNemar probability below which fewer right decisions are a regression."),
    ]);
    Shape::Object(vec![
        Field::optional("stable", rule, "What a rule must show to be stable."),
        Field::optional(
            "actions",
            Shape::Map(ACTION, Box::new(action)),
            "What each action must show, taken as a detector.",
        ),
        Field::optional("diff", diff, "What a change of the rules may do."),
    ])
}

fn tests() -> Shape {
    let names = || list(Shape::Text(WORDS));
    Shape::Object(vec![
        Field::optional("trusted_authserv_ids", names(), "Whose Authentication-Results are believed."),
        Field::optional("org_domains", names(), "The receiver's own domains."),
        Field::optional("org_display_names", names(), "The receiver's own display names."),
    ])
}

/// The published JSON schema of `pack.yaml`.
pub fn schema() -> serde_json::Value {
    shape().document("pack.schema.json", "pack.yaml of a ruleeval pack")
}

impl Manifest {
    /// The manifest of a pack that has none.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Reads `pack.yaml`. All that is wrong with it, in the order of the places; the tree for
    /// places of what is right.
    pub fn parse(text: &str) -> Result<(Self, Node), Vec<Problem>> {
        let node = Node::parse(text)
            .map_err(|malformed| vec![Problem::new(malformed.message, "here", malformed.at..malformed.at)])?;
        let mut problems = shape().check(&node, "the pack");
        problems.extend(days(&node));
        problems.sort_by_key(|problem| (problem.at.start, problem.at.end));
        if !problems.is_empty() {
            return Err(problems);
        }
        match serde_json::from_value(node.to_json()) {
            Ok(manifest) => Ok((manifest, node)),
            Err(error) => Err(vec![Problem::new(error.to_string(), "here", 0..0)]),
        }
    }

    /// The version, if it has one.
    pub fn version(&self) -> Option<Version> {
        Version::parse(&self.version).ok()
    }
}

/// Days that no calendar has: more than a pattern can say.
fn days(node: &Node) -> Vec<Problem> {
    let overrides = node.get("overrides").map(Node::items).unwrap_or_default();
    let days = overrides.iter().filter_map(|item| item.get("expires"));
    let wrong = days.filter(|day| match &day.kind {
        super::yaml::Kind::Text(text) => DAY.fits(text) && calendar::day(text).is_none(),
        _ => false,
    });
    wrong.map(|day| Problem::new("no calendar has this day", "not a day", day.at.clone())).collect()
}

/// True if a version lies in a range. Of a version before a release the release counts: `1.0.0-rc.1`
/// lies in `>=1.0`.
pub fn version_fits(version: &Version, range: &str) -> bool {
    let release = Version::new(version.major, version.minor, version.patch);
    VersionReq::parse(range).is_ok_and(|range| range.matches(version) || range.matches(&release))
}

/// What is wrong with an SPDX expression, and where in it.
pub fn license_problem(text: &str) -> Option<(String, Range<usize>)> {
    let error = spdx::Expression::parse(text).err()?;
    Some((error.reason.to_string(), error.span))
}

/// Bytes that the name of a pack may hold.
pub(super) fn in_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte)
}
