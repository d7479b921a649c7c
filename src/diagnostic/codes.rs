//! The registry of error numbers and warning names. A number is never reused. Each has a page
//! under `docs/codes/` that is documentation, test and what `ruleeval explain E012` prints.

use super::Severity;
use std::fmt;

/// An error number or a warning name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// `E012`
    Error(u16),
    /// `never-true`
    Warning(&'static str),
}

impl Code {
    /// Error or warning.
    pub fn severity(self) -> Severity {
        match self {
            Self::Error(_) => Severity::Error,
            Self::Warning(_) => Severity::Warning,
        }
    }

    /// Finds a registered code by its printed form, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        ALL.iter().map(|(code, _)| *code).find(|code| code.to_string().eq_ignore_ascii_case(text))
    }

    /// The documentation page, Markdown.
    pub fn page(self) -> Option<&'static str> {
        ALL.iter().find(|(code, _)| *code == self).map(|(_, page)| *page)
    }

    /// Every registered code, errors first.
    pub fn all() -> impl Iterator<Item = Code> {
        ALL.iter().map(|(code, _)| *code)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(number) => write!(f, "E{number:03}"),
            Self::Warning(name) => f.write_str(name),
        }
    }
}

macro_rules! codes {
    (
        errors { $($(#[doc = $edoc:literal])* $ename:ident = $number:literal $epage:literal;)* }
        warnings { $($(#[doc = $wdoc:literal])* $wname:ident = $text:literal;)* }
    ) => {
        $($(#[doc = $edoc])* pub const $ename: Code = Code::Error($number);)*
        $($(#[doc = $wdoc])* pub const $wname: Code = Code::Warning($text);)*
        const ALL: &[(Code, &str)] = &[
            $(($ename, include_str!(concat!("../../docs/codes/", $epage, ".md"))),)*
            $(($wname, include_str!(concat!("../../docs/codes/", $text, ".md"))),)*
        ];
    };
}

codes! {
    errors {
        /// The text does not follow the grammar.
        SYNTAX = 1 "E001";
        /// A string, regex or comment is not closed.
        UNCLOSED = 2 "E002";
        /// A string holds an escape that does not exist.
        ESCAPE = 3 "E003";
        /// A literal holds an invisible character.
        INVISIBLE = 4 "E004";
        /// Brackets or operators are nested too deeply, or the file is too long.
        TOO_COMPLEX = 5 "E005";
        /// A section stands twice, or is missing.
        SECTION = 6 "E006";
        /// `template` is reserved.
        TEMPLATE = 7 "E007";
        /// A number, time, duration or address is malformed or out of range.
        LITERAL = 8 "E008";
        /// A name stands twice.
        DUPLICATE = 10 "E010";
        /// No such name.
        UNKNOWN_NAME = 11 "E011";
        /// No such field.
        UNKNOWN_FIELD = 12 "E012";
        /// No such function.
        UNKNOWN_FUNCTION = 13 "E013";
        /// No such list.
        UNKNOWN_LIST = 14 "E014";
        /// No such rule.
        UNKNOWN_RULE = 15 "E015";
        /// A definition or rule refers to itself.
        CYCLE = 16 "E016";
        /// No such type.
        UNKNOWN_TYPE = 17 "E017";
        /// `.` outside a quantifier.
        SCOPE = 18 "E018";
        /// The type does not fit.
        TYPE = 20 "E020";
        /// Two types cannot be compared.
        COMPARE = 21 "E021";
        /// Compared with `null`.
        COMPARE_NULL = 22 "E022";
        /// No such value of an enum.
        ENUM_VALUE = 23 "E023";
        /// Wrong number or names of arguments.
        ARGUMENTS = 24 "E024";
        /// A regular expression is refused.
        REGEX = 25 "E025";
        /// A pattern must be written as a literal.
        PATTERN_LITERAL = 26 "E026";
        /// `n of` can never be reached.
        OF_COUNT = 27 "E027";
        /// An XPath expression is refused.
        XPATH = 28 "E028";
        /// A YARA rule is refused.
        YARA = 29 "E029";
        /// A metadata key or value is wrong.
        META = 30 "E030";
        /// An exception lacks a required entry.
        EXCEPTION = 31 "E031";
        /// A list's entry or file is wrong.
        LIST = 32 "E032";
        /// A test is malformed.
        TEST = 33 "E033";
        /// The pack's own file is wrong.
        PACK = 34 "E034";
        /// A rule, pack or expression is larger than allowed.
        LIMIT = 35 "E035";
        /// A pack that another requires is not there.
        REQUIRED_PACK = 36 "E036";
        /// The version of the engine or of a pack does not fit.
        VERSION = 37 "E037";
        /// Packs require each other.
        PACK_CYCLE = 38 "E038";
        /// A pack is not signed by anybody who is trusted, or was altered.
        SIGNATURE = 39 "E039";
        /// The text of a template is malformed.
        TEMPLATE_TEXT = 40 "E040";
        /// Where a slot begins or ends cannot be told.
        SLOT_AMBIGUOUS = 41 "E041";
        /// A template has so little text of its own that it matches nearly anything.
        TEMPLATE_BROAD = 42 "E042";
        /// An entry of a template is missing, unknown or malformed.
        TEMPLATE_ENTRY = 43 "E043";
        /// A slot's name or kind is wrong.
        SLOT = 44 "E044";
        /// No such template.
        UNKNOWN_TEMPLATE = 45 "E045";
        /// A file is not a pack's archive.
        ARCHIVE = 46 "E046";
        /// An override of a rule is wrong.
        OVERRIDE = 47 "E047";
        /// A licence is no SPDX expression.
        LICENSE = 48 "E048";
        /// A pack replaces one that is there.
        REPLACES = 49 "E049";
    }
    warnings {
        /// The comparison can never hold.
        NEVER_TRUE = "never-true";
        /// A glob without wildcard over a long text.
        GLOB_WITHOUT_WILDCARD = "glob-without-wildcard";
        /// Wildcard or regex syntax where only literal text is meant.
        SYNTAX_IN_LITERAL = "syntax-in-literal";
        /// A header name or file extension compared with case.
        CASE_SENSITIVE = "case-sensitive";
        /// `all` over a list that may be empty.
        ALL_OF_EMPTY = "all-of-empty";
        /// An operand stands twice.
        DUPLICATE_OPERAND = "duplicate-operand";
        /// A condition that is always the same.
        CONSTANT_RULE = "constant-rule";
        /// A `let`, `def` or list that nothing uses.
        UNUSED = "unused";
        /// Trust in a `From` that nobody authenticated.
        UNAUTHENTICATED_SENDER = "unauthenticated-sender";
        /// A regular expression that cannot be prefiltered.
        REGEX_COST = "regex-cost";
        /// A `not` that hides an absence.
        NOT_HIDES_ABSENCE = "not-hides-absence";
        /// An exception that does not require authentication.
        UNAUTHENTICATED_EXCEPTION = "unauthenticated-exception";
        /// An exception or list entry has expired.
        EXPIRED = "expired";
        /// A value that is not in the published list of an open enum.
        UNUSUAL_VALUE = "unusual-value";
    }
}
