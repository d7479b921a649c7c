//! The outcomes of tests as text and JSON.

use super::baseline::Known;
use ruleeval::engine::{ExpectationEdit, Explanation, TestResult};
use ruleeval::eval::render_text;
use serde_json::{Value, json};

/// A test, of a rule or of a snapshot, with what became of it.
pub(crate) struct Tested {
    /// See [`ruleeval::engine::TestCase::id`].
    pub(crate) id: String,
    /// The rule, or the snapshot's pack.
    pub(crate) suite: String,
    /// The message, and what was expected of it.
    pub(crate) name: String,
    /// `file:line:column`, empty if there is no such place.
    pub(crate) at: String,
    pub(crate) outcome: Outcome,
    /// What would make it pass.
    pub(crate) edit: Option<ExpectationEdit>,
}

/// What became of a test.
pub(crate) enum Outcome {
    Passed,
    Failed {
        summary: String,
        /// Why the failure counts although it is known.
        expired: Option<String>,
        explanation: Option<Box<Explanation>>,
    },
    Known {
        summary: String,
        known: String,
    },
}

impl Outcome {
    pub(crate) fn fails(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }

    pub(crate) fn is_known(&self) -> bool {
        matches!(self, Self::Known { .. })
    }

    /// The explanation, what came nearest first.
    pub(crate) fn details(&self) -> String {
        let Self::Failed { explanation: Some(explanation), expired, .. } = self else { return String::new() };
        let mut out = expired.as_ref().map(|why| format!("{why}\n")).unwrap_or_default();
        out.push_str(&why(explanation));
        out
    }
}

/// Why a rule ended as it did: the nearest miss, then the whole condition.
pub(crate) fn why(explanation: &Explanation) -> String {
    let mut out = String::new();
    if let Some(nearest) = explanation.nearest.as_ref().filter(|nearest| !nearest.failing.is_empty()) {
        out.push_str(&format!("{} of {} top-level clauses hold; these do not:\n", nearest.holding, nearest.clauses));
        for failing in &nearest.failing {
            out.push_str(&indented(&render_text(failing), "  "));
        }
    }
    for missing in &explanation.missing {
        out.push_str(&format!("missing: {missing}\n"));
    }
    if !explanation.suppressed_by.is_empty() {
        out.push_str(&format!("suppressed by: {}\n", explanation.suppressed_by.join(", ")));
    }
    out.push_str("the whole condition:\n");
    out.push_str(&indented(&render_text(&explanation.evidence), "  "));
    out
}

impl Tested {
    pub(crate) fn new(result: TestResult, known: Option<Result<&Known, &Known>>) -> Self {
        let TestResult { case, failure, explanation, edit, .. } = result;
        let outcome = match (failure, known) {
            (None, _) => Outcome::Passed,
            (Some(summary), Some(Ok(known))) => Outcome::Known { summary, known: about(known) },
            (Some(summary), Some(Err(expired))) => {
                let expired = Some(format!("known until {}: {}", expired.expires, about(expired)));
                Outcome::Failed { summary, expired, explanation }
            }
            (Some(summary), None) => Outcome::Failed { summary, expired: None, explanation },
        };
        let verb = if case.expects_match { "matches" } else { "ignores" };
        let ordinal = case.id.rsplit_once('#').map(|(_, number)| format!(" #{number}")).unwrap_or_default();
        let name = format!("{verb} {}{ordinal}", case.message);
        Self { id: case.id, suite: case.rule.to_string(), name, at: case.at, outcome, edit }
    }

    /// As text: nothing for a test that passes.
    pub(crate) fn text(&self) -> String {
        match &self.outcome {
            Outcome::Passed => String::new(),
            Outcome::Known { summary, known } => format!("known  {}: {summary}; {known}\n", self.id),
            Outcome::Failed { summary, .. } => {
                let at = if self.at.is_empty() { String::new() } else { format!("\n       at {}", self.at) };
                let head = format!("FAILED {}: {summary}{at}\n", self.id);
                head + &indented(&self.outcome.details(), "       ") + "\n"
            }
        }
    }

    pub(crate) fn json(&self) -> Value {
        let (status, summary, note, explanation) = match &self.outcome {
            Outcome::Passed => ("passed", None, None, None),
            Outcome::Known { summary, known } => ("known", Some(summary), Some(known), None),
            Outcome::Failed { summary, expired, explanation } => {
                ("failed", Some(summary), expired.as_ref(), explanation.as_ref())
            }
        };
        let mut value =
            json!({ "test": self.id, "suite": self.suite, "name": self.name, "at": self.at, "status": status });
        let explanation = explanation.map(|explanation| serde_json::to_value(explanation).unwrap_or_default());
        let edit = self.edit.as_ref().map(|edit| serde_json::to_value(edit).unwrap_or_default());
        let more = [
            ("failure", summary.map(|text| json!(text))),
            ("baseline", note.map(|text| json!(text))),
            ("edit", edit),
            ("explanation", explanation),
        ];
        for (key, member) in more {
            if let (Some(object), Some(member)) = (value.as_object_mut(), member) {
                object.insert(key.into(), member);
            }
        }
        value
    }
}

fn about(known: &Known) -> String {
    format!("{} ({}, until {})", known.reason, known.owner, known.expires)
}

fn indented(text: &str, by: &str) -> String {
    text.lines().map(|line| format!("{by}{line}\n")).collect()
}
