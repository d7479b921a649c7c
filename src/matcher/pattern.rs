//! One compiled regular expression.

use std::sync::Arc;

/// How the source of a pattern is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Rust's `regex` syntax, Unicode classes.
    #[default]
    Native,
    /// RE2's syntax: `\s \d \w \b` are ASCII, `\<` is a literal, a stray `{` is a literal.
    Re2,
}

/// How a pattern is compiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PatternOptions {
    /// Syntax.
    pub dialect: Dialect,
    /// Ignore case (`i`).
    pub no_case: bool,
    /// `.` matches line feeds (`s`).
    pub dot_all: bool,
    /// `^` and `$` match at lines (`m`).
    pub multi_line: bool,
    /// White space and comments in the pattern are ignored (`x`).
    pub verbose: bool,
    /// The match must span the whole text.
    pub whole: bool,
}

/// Why a pattern was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// One line, lower case.
    pub message: String,
    /// Bytes of the pattern's source that are to blame.
    pub range: std::ops::Range<usize>,
    /// The remedy, if one is known (look-around, back-references).
    pub help: Option<String>,
}

/// A compiled regular expression; linear time, bounded size.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: Arc<str>,
    options: PatternOptions,
    regex: regex::Regex,
}

impl Pattern {
    /// Compiles a pattern.
    pub fn new(source: &str, options: PatternOptions) -> Result<Self, PatternError> {
        // CONTRACT STUB: helper D replaces this by the real translation.
        let text = if options.whole { format!(r"\A(?:{source})\z") } else { source.to_owned() };
        regex::RegexBuilder::new(&text)
            .case_insensitive(options.no_case)
            .build()
            .map(|regex| Self { source: source.into(), options, regex })
            .map_err(|error| PatternError { message: error.to_string(), range: 0..source.len(), help: None })
    }

    /// The source as the author wrote it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The options.
    pub fn options(&self) -> PatternOptions {
        self.options
    }

    /// True if the pattern matches (the whole text, if compiled so).
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The first match as a range of bytes.
    pub fn find(&self, text: &str) -> Option<std::ops::Range<usize>> {
        self.regex.find(text).map(|found| found.range())
    }

    /// True if a literal of three bytes or more must be in every match.
    pub fn has_literal(&self) -> bool {
        true
    }

    /// The compiled form, for extraction and counting.
    pub fn regex(&self) -> &regex::Regex {
        &self.regex
    }
}
