//! Says what is wrong with rules, as plain data; renderers stand beside it.

use crate::source::Span;

pub mod codes;
pub mod render;
pub mod suggest;

pub use codes::Code;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The item cannot be used.
    Error,
    /// The item works, but probably not as meant.
    Warning,
}

/// A place with the reason why it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// Why, in lower case, user text in backticks.
    pub text: String,
}

/// Replaces `span` by `text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty for an insertion.
    pub span: Span,
    /// The new text.
    pub text: String,
    /// What the edit does: "change `emial` to `email`".
    pub title: String,
}

/// One problem: one cause, one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Number (errors) or name (warnings).
    pub code: Code,
    /// One line, lower case, no full stop.
    pub message: String,
    /// The place of the problem, with the reason in its label.
    pub primary: Label,
    /// Other places that explain it.
    pub secondary: Vec<Label>,
    /// Facts that help to understand.
    pub notes: Vec<String>,
    /// The remedy.
    pub help: Option<String>,
    /// A machine-applicable edit.
    pub edit: Option<Edit>,
}

impl Diagnostic {
    /// A problem at a place; `label` is the reason shown there.
    pub fn new(code: Code, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            primary: Label { span, text: label.into() },
            secondary: Vec::new(),
            notes: Vec::new(),
            help: None,
            edit: None,
        }
    }

    /// Adds the remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    /// Adds a machine-applicable edit.
    #[must_use]
    pub fn edit(mut self, span: Span, text: impl Into<String>, title: impl Into<String>) -> Self {
        self.edit = Some(Edit { span, text: text.into(), title: title.into() });
        self
    }

    /// Error or warning.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// True for errors.
    pub fn is_error(&self) -> bool {
        self.severity() == Severity::Error
    }
}

/// Sorts by place, then code, and drops exact repetitions: the order that every output uses.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| (a.primary.span, a.code, &a.message).cmp(&(b.primary.span, b.code, &b.message)));
    diagnostics.dedup();
}
