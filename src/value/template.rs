//! What a template declares, as plain data: the checker makes it, the matching of templates reads it.

use std::sync::Arc;

/// What a slot may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SlotKind {
    /// Any text, also over several lines, up to what follows in the template.
    Text,
    /// Any text of one line.
    Line,
    /// A number or code of digits.
    Digits,
    /// An amount with its currency.
    Money,
    /// An address of a mailbox.
    Email,
    /// A URL.
    Url,
    /// A host name.
    Domain,
    /// A telephone number.
    Phone,
    /// A date, also with a time.
    Date,
    /// Everything to the end.
    Rest,
}

impl SlotKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Text,
        Self::Line,
        Self::Digits,
        Self::Money,
        Self::Email,
        Self::Url,
        Self::Domain,
        Self::Phone,
        Self::Date,
        Self::Rest,
    ];

    /// The name that rules write.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Line => "line",
            Self::Digits => "digits",
            Self::Money => "money",
            Self::Email => "email",
            Self::Url => "url",
            Self::Domain => "domain",
            Self::Phone => "phone",
            Self::Date => "date",
            Self::Rest => "rest",
        }
    }

    /// Finds a kind by its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// True if nothing in the text itself says where it ends: what follows in the template does.
    pub fn is_free(self) -> bool {
        matches!(self, Self::Text | Self::Line | Self::Rest)
    }
}

/// An element of a template's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Element {
    /// Literal text of one line.
    Text(Arc<str>),
    /// A slot: an index into [`TemplateDecl::slots`].
    Slot(u16),
    /// Other text may stand here.
    Gap,
    /// The end of a line; other text may stand between two lines.
    Break,
    /// May be missing.
    Optional(Vec<Element>),
}

/// A language or revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariantDecl {
    /// Its name, if the template has several.
    pub name: Option<Arc<str>>,
    /// The subject, if the template describes it.
    pub subject: Option<Vec<Element>>,
    /// The visible text, if the template describes it.
    pub body: Option<Vec<Element>>,
}

/// A template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateDecl {
    /// `pack/name`.
    pub name: Arc<str>,
    /// Addresses of its senders in lower case; `*` and `?` as in a glob.
    pub from: Vec<Arc<str>>,
    /// Domains that its links lead to, with everything below them; `None` if it does not say.
    pub links: Option<Vec<Arc<str>>>,
    /// Names and kinds of its slots.
    pub slots: Vec<(Arc<str>, SlotKind)>,
    /// At least one.
    pub variants: Vec<VariantDecl>,
}

/// The fields that every template has; no slot may be called so.
pub const TEMPLATE_FIELDS: [&str; 6] = ["matched", "variant", "residue", "coverage", "links_outside", "conflicts"];
