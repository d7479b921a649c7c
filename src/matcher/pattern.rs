//! One compiled regular expression.

use super::set::Factors;
use super::{PatternSetOptions, parse, re2, size};
use regex_automata::meta::{BuildError, Config, Regex};
use regex_automata::util::captures::Captures;
use regex_automata::{Input, PatternID};
use regex_syntax::hir::Hir;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

/// Largest compiled program, in bytes.
const SIZE_LIMIT: usize = 2 << 20;
/// Longest source, in bytes.
const MAX_SOURCE: usize = 64 << 10;
/// Bytes of the tables that a search builds as it goes, at most.
const TABLE_LIMIT: usize = 2 << 20;

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

/// A regular expression; linear time, bounded size.
///
/// It is read and checked when it is made, and compiled when it is first run. Equal patterns that
/// live at the same time are one: of two versions of a rule set, or of ten rules with one pattern,
/// each is compiled once.
#[derive(Clone, Debug)]
pub struct Pattern(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    source: Arc<str>,
    options: PatternOptions,
    regex: OnceLock<Option<Regex>>,
    /// As sets ask for them that have all their optimisations; then without squeezing.
    factors: [OnceLock<Arc<Factors>>; 2],
}

impl Pattern {
    /// Reads a pattern. What is accepted here compiles.
    pub fn new(source: &str, options: PatternOptions) -> Result<Self, PatternError> {
        if source.len() > MAX_SOURCE {
            let message = format!("longer than {MAX_SOURCE} bytes");
            return Err(PatternError { message, help: Some("use a `list` of type `pattern`".into()) });
        }
        let key = (Arc::from(source), options);
        if let Some(shared) = Known::lock().get(&key) {
            return Ok(Self(shared));
        }
        let text = text(source, options);
        let hir = parse::parse(&text, options).map_err(|error| explain(source, &error))?;
        let regex = OnceLock::new();
        if size::bound(&hir) > SIZE_LIMIT {
            let compiled = compile(&hir, SIZE_LIMIT).map_err(|error| refuse(source, &error))?;
            let _ = regex.set(Some(compiled));
        }
        let shared = Shared { source: Arc::clone(&key.0), options, regex, factors: Default::default() };
        Ok(Self(Known::lock().insert(key, Arc::new(shared))))
    }

    /// The source as the author wrote it.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The options.
    pub fn options(&self) -> PatternOptions {
        self.0.options
    }

    /// The pattern in the syntax of `regex`, without the flags.
    pub fn text(&self) -> String {
        text(self.source(), self.options())
    }

    /// True if the pattern matches (the whole text, if compiled so).
    pub fn is_match(&self, text: &str) -> bool {
        self.is_match_in(text, 0..text.len())
    }

    /// True if a match lies within a part of the text; what stands around it counts for anchors and
    /// borders of words. The part begins and ends at characters.
    pub(super) fn is_match_in(&self, text: &str, part: Range<usize>) -> bool {
        let input = Input::new(text).span(part).earliest(true);
        self.regex().is_some_and(|regex| regex.search_half(&input).is_some())
    }

    /// The first match as a range of bytes.
    pub fn find(&self, text: &str) -> Option<Range<usize>> {
        self.regex()?.find(text).map(|found| found.range())
    }

    /// Number of matches.
    pub fn count(&self, text: &str) -> usize {
        self.regex().map_or(0, |regex| regex.find_iter(text).count())
    }

    /// All matches with their groups.
    pub fn matches<'a>(&'a self, text: &'a str) -> impl Iterator<Item = PatternMatch> + 'a {
        self.regex().into_iter().flat_map(move |regex| regex.captures_iter(text)).map(PatternMatch)
    }

    /// The source, shared.
    pub(super) fn source_shared(&self) -> Arc<str> {
        Arc::clone(&self.0.source)
    }

    /// What a set of patterns looks for; found once.
    pub(super) fn factors(&self, options: PatternSetOptions) -> Arc<Factors> {
        let made = |options| Arc::new(Factors::new(&self.hir().unwrap_or_else(Hir::empty), options));
        let default = PatternSetOptions::default();
        if options != (PatternSetOptions { squeeze: options.squeeze, ..default }) {
            return made(options);
        }
        let [squeezed, folded] = &self.0.factors;
        Arc::clone(if options.squeeze { squeezed } else { folded }.get_or_init(|| made(options)))
    }

    /// True if something that every match holds can be looked for in the one pass of a
    /// [`PatternSet`](super::PatternSet); otherwise the pattern runs over every text it is asked about.
    pub fn has_prefilter(&self) -> bool {
        self.factors(PatternSetOptions::default()).has_prefilter()
    }

    /// The syntax tree that the compiled form is made of.
    fn hir(&self) -> Option<Hir> {
        parse::parse(&self.text(), self.options()).ok()
    }

    /// The compiled form; the first call compiles.
    ///
    /// A pattern whose size was underrated is compiled without a limit: it runs in linear time all
    /// the same. Nothing only if even that fails, which no pattern is known to do.
    fn regex(&self) -> Option<&Regex> {
        let made = || {
            let hir = self.hir()?;
            compile(&hir, SIZE_LIMIT).or_else(|_| compile(&hir, usize::MAX)).ok()
        };
        self.0.regex.get_or_init(made).as_ref()
    }
}

/// A match of a pattern.
#[derive(Debug)]
pub struct PatternMatch(Captures);

impl PatternMatch {
    /// The whole match and then each group in order: its name, and its range of bytes if it took
    /// part.
    pub fn groups(&self) -> impl Iterator<Item = (Option<&str>, Option<Range<usize>>)> {
        let names = self.0.group_info().pattern_names(PatternID::ZERO);
        names.zip(self.0.iter()).map(|(name, span)| (name, span.map(|span| span.range())))
    }
}

/// As `regex` does, but from the syntax tree.
fn compile(hir: &Hir, limit: usize) -> Result<Regex, Box<BuildError>> {
    let config = Config::new().nfa_size_limit(Some(limit)).hybrid_cache_capacity(TABLE_LIMIT);
    Regex::builder().configure(config).build_from_hir(hir).map_err(Box::new)
}

/// Patterns in use, by what they were made of.
#[derive(Default)]
struct Known {
    patterns: HashMap<(Arc<str>, PatternOptions), Weak<Shared>>,
    /// At this number those no longer in use are dropped.
    full: usize,
}

impl Known {
    fn lock() -> MutexGuard<'static, Self> {
        static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
        KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, key: &(Arc<str>, PatternOptions)) -> Option<Arc<Shared>> {
        self.patterns.get(key)?.upgrade()
    }

    /// The pattern, or the equal one that another thread was faster to make.
    fn insert(&mut self, key: (Arc<str>, PatternOptions), made: Arc<Shared>) -> Arc<Shared> {
        if let Some(shared) = self.get(&key) {
            return shared;
        }
        if self.patterns.len() >= self.full.max(1_000) {
            self.patterns.retain(|_, shared| shared.strong_count() > 0);
            self.full = self.patterns.len() * 2;
        }
        self.patterns.insert(key, Arc::downgrade(&made));
        made
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

fn refuse(source: &str, error: &BuildError) -> PatternError {
    if error.size_limit().is_some() {
        let message = format!("the compiled pattern is larger than {SIZE_LIMIT} bytes");
        return PatternError { message, help: remedy(source) };
    }
    explain(source, &error.to_string())
}

/// The last line of the long form says what is wrong.
fn explain(source: &str, error: &str) -> PatternError {
    let last = error.lines().last().unwrap_or("").trim();
    let message = last.strip_prefix("error: ").unwrap_or(last).to_owned();
    PatternError { message, help: remedy(source) }
}

fn remedy(source: &str) -> Option<String> {
    let around = ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| source.contains(look));
    let back = (1..=9).any(|digit| source.contains(&format!("\\{digit}")));
    let help = if around {
        "look-around is not supported, as it cannot be matched in linear time: join two conditions with `and`"
    } else if back {
        "back-references are not supported, as they cannot be matched in linear time"
    } else {
        return None;
    };
    Some(help.to_owned())
}
