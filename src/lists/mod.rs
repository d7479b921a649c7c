//! Typed reference sets. The entries of a list lie in one text, and a lookup costs the same for ten
//! entries as for a million: one table for values, prefix lengths for blocks of addresses, one
//! automaton for literals looked for in texts.

mod data;
mod format;
pub mod import;
mod index;
mod layer;
mod many;
mod parse;
mod search;

pub use data::{Entry, ListData};
pub use layer::{Hit, Layer, List, Lists, Scope};
pub use parse::{MAX_ENTRIES, MAX_KEY, MAX_LINE, expired_lines};

/// The type of a list's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListType {
    /// Text.
    String,
    /// Host names.
    Domain,
    /// Addresses of mailboxes.
    Email,
    /// URLs.
    Url,
    /// IP addresses.
    Ip,
    /// Blocks of IP addresses.
    Cidr,
    /// Hashes in hexadecimal.
    Hash,
    /// Regular expressions.
    Pattern,
    /// Globs.
    Glob,
    /// Whole numbers.
    Int,
}

impl ListType {
    /// All types.
    pub const ALL: [Self; 10] = [
        Self::String,
        Self::Domain,
        Self::Email,
        Self::Url,
        Self::Ip,
        Self::Cidr,
        Self::Hash,
        Self::Pattern,
        Self::Glob,
        Self::Int,
    ];

    /// Finds a type by the name that rules write.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name that rules write.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Domain => "domain",
            Self::Email => "email",
            Self::Url => "url",
            Self::Ip => "ip",
            Self::Cidr => "cidr",
            Self::Hash => "hash",
            Self::Pattern => "pattern",
            Self::Glob => "glob",
            Self::Int => "int",
        }
    }

    /// True where upper and lower case never differ: entries are kept in lower case.
    pub(crate) fn folds(self) -> bool {
        matches!(self, Self::Domain | Self::Email | Self::Hash)
    }
}

/// How a text is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// Anywhere.
    Contains,
    /// At the beginning.
    StartsWith,
    /// At the end.
    EndsWith,
    /// A glob over the whole text.
    Like,
    /// A regular expression anywhere.
    Matches,
    /// A regular expression over the whole text.
    MatchesWhole,
}
