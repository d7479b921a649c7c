//! One compiled regular expression.

use super::re2;
use regex_syntax::hir::{Hir, HirKind};
use std::ops::Range;
use std::sync::Arc;

/// Largest compiled program, in bytes.
const SIZE_LIMIT: usize = 2 << 20;
/// Longest source, in bytes.
const MAX_SOURCE: usize = 64 << 10;

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
    /// The remedy, if one is known (look-around, back-references).
    pub help: Option<String>,
}

/// A compiled regular expression; linear time, bounded size.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: Arc<str>,
    options: PatternOptions,
    regex: regex::Regex,
    has_literal: bool,
}

impl Pattern {
    /// Compiles a pattern.
    pub fn new(source: &str, options: PatternOptions) -> Result<Self, PatternError> {
        if source.len() > MAX_SOURCE {
            let message = format!("longer than {MAX_SOURCE} bytes");
            return Err(PatternError { message, help: Some("use a `list` of type `pattern`".into()) });
        }
        let text = text(source, options);
        let regex = regex::RegexBuilder::new(&text)
            .case_insensitive(options.no_case)
            .dot_matches_new_line(options.dot_all)
            .multi_line(options.multi_line)
            .ignore_whitespace(options.verbose)
            .size_limit(SIZE_LIMIT)
            .nest_limit(100)
            .build()
            .map_err(|error| explain(source, &error))?;
        let has_literal = longest_literal(&text, options) >= 3;
        Ok(Self { source: source.into(), options, regex, has_literal })
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
    pub fn find(&self, text: &str) -> Option<Range<usize>> {
        self.regex.find(text).map(|found| found.range())
    }

    /// True if a literal of three bytes or more must be in every match.
    pub fn has_literal(&self) -> bool {
        self.has_literal
    }

    /// The source, shared.
    pub(super) fn source_shared(&self) -> Arc<str> {
        Arc::clone(&self.source)
    }

    /// The syntax tree that the compiled form was made of.
    pub(super) fn hir(&self) -> Option<Hir> {
        parser(self.options)
            .case_insensitive(self.options.no_case)
            .build()
            .parse(&text(&self.source, self.options))
            .ok()
    }

    /// The compiled form, for extraction and counting.
    pub fn regex(&self) -> &regex::Regex {
        &self.regex
    }
}

/// The pattern in the syntax of `regex`.
fn text(source: &str, options: PatternOptions) -> String {
    let translated = match options.dialect {
        Dialect::Native => source.to_owned(),
        Dialect::Re2 => re2::translate(source),
    };
    // The line feed ends a comment of verbose mode.
    let line_feed = if options.verbose { "\n" } else { "" };
    if options.whole { format!(r"\A(?:{translated}{line_feed})\z") } else { translated }
}

fn parser(options: PatternOptions) -> regex_syntax::ParserBuilder {
    let mut parser = regex_syntax::ParserBuilder::new();
    parser
        .dot_matches_new_line(options.dot_all)
        .multi_line(options.multi_line)
        .ignore_whitespace(options.verbose)
        .nest_limit(100);
    parser
}

fn explain(source: &str, error: &regex::Error) -> PatternError {
    let around = ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| source.contains(look));
    let back = (1..=9).any(|digit| source.contains(&format!("\\{digit}")));
    let help = if around {
        Some("look-around is not supported, as it cannot be matched in linear time: join two conditions with `and`")
    } else if back {
        Some("back-references are not supported, as they cannot be matched in linear time")
    } else {
        None
    };
    let message = match error {
        regex::Error::CompiledTooBig(_) => format!("the compiled pattern is larger than {SIZE_LIMIT} bytes"),
        // The last line of the long form says what is wrong.
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or("").trim();
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        }
    };
    PatternError { message, help: help.map(str::to_owned) }
}

/// Bytes of the longest literal that every match holds. Case variants count as the literal.
fn longest_literal(text: &str, options: PatternOptions) -> usize {
    // Case is ignored when the literal is looked for, so the pattern is read with case.
    let parsed = parser(options).build().parse(text);
    parsed.map_or(0, |hir| required(&hir))
}

fn required(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Concat(parts) => parts.iter().map(required).max().unwrap_or(0),
        HirKind::Alternation(branches) => branches.iter().map(required).min().unwrap_or(0),
        HirKind::Empty | HirKind::Class(_) | HirKind::Look(_) | HirKind::Repetition(_) => 0,
    }
}
