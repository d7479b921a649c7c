//! The faithful tree of a rule text: what was written, with spans. It means nothing yet.

use crate::source::{SourceId, Span};
use std::sync::Arc;

/// A whole file. Items that could not be parsed are missing here and reported.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// The text it came from.
    pub source: SourceId,
    /// Items in written order.
    pub items: Vec<Item>,
    /// Every comment, `///` documentation included, in written order.
    pub comments: Vec<Comment>,
}

/// A comment with its markers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Where it stands.
    pub span: Span,
    /// The text with its markers (`//`, `///`, `/* */`), without the line end.
    pub text: Arc<str>,
}

/// A name where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    /// The name.
    pub name: Arc<str>,
    /// Where.
    pub span: Span,
}

/// A top-level item.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The `///` lines before it, markers stripped, joined by line feeds.
    pub doc: Option<Arc<str>>,
    /// From the first keyword to the end.
    pub span: Span,
    /// What it is.
    pub kind: ItemKind,
}

/// The kinds of items.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemKind {
    /// `rule name : tag { ... }`
    Rule(Rule),
    /// `def name(params) = expr`
    Def(Def),
    /// `list name: type = ...`
    List(List),
    /// `exception name { ... }`
    Exception(Exception),
    /// `template name { ... }`
    Template(Template),
}

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Name, unique in its pack.
    pub name: Ident,
    /// Tags after the colon.
    pub tags: Vec<Ident>,
    /// `meta:` entries.
    pub meta: Vec<Meta>,
    /// `let:` bindings.
    pub lets: Vec<Let>,
    /// The `when:` expression; `None` if it is missing or broken (reported).
    pub when: Option<Expr>,
    /// `unless:` clauses.
    pub unless: Vec<Unless>,
    /// `tests:` entries.
    pub tests: Vec<TestCase>,
}

/// `key = value` in `meta:`.
#[derive(Clone, Debug, PartialEq)]
pub struct Meta {
    /// Key.
    pub key: Ident,
    /// Value: a literal, a bare name (`high`) or an array of literals.
    pub value: Expr,
}

/// `name = expr` in `let:`.
#[derive(Clone, Debug, PartialEq)]
pub struct Let {
    /// Name.
    pub name: Ident,
    /// Value.
    pub value: Expr,
}

/// `name: expr` in `unless:`.
#[derive(Clone, Debug, PartialEq)]
pub struct Unless {
    /// The reason's name.
    pub name: Ident,
    /// When it holds, the match is suppressed.
    pub when: Expr,
}

/// One entry of `tests:`.
#[derive(Clone, Debug, PartialEq)]
pub struct TestCase {
    /// The whole entry.
    pub span: Span,
    /// `matches` (true) or `ignores` (false).
    pub expects_match: bool,
    /// A path (`"..."`) or an inline message (`"""..."""`).
    pub message: StrLit,
    /// Where the message stands.
    pub message_span: Span,
    /// Overrides: `given { auth.dmarc: pass, clock: 2026-05-21T10:00:00Z }`.
    pub given: Vec<Given>,
}

/// One override of a test.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// Dotted key.
    pub key: Ident,
    /// Value.
    pub value: Expr,
}

/// A definition: an expression with parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Def {
    /// Name.
    pub name: Ident,
    /// Parameters; empty for a plain definition.
    pub params: Vec<Param>,
    /// Meaning.
    pub body: Expr,
}

/// A parameter of a definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Name.
    pub name: Ident,
    /// Type as written: `string`, `[Link]`.
    pub ty: Ident,
}

/// A list.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// Name, without `$`.
    pub name: Ident,
    /// Type of its entries.
    pub ty: Ident,
    /// Where its entries are.
    pub source: ListSource,
}

/// Where a list's entries are.
#[derive(Clone, Debug, PartialEq)]
pub enum ListSource {
    /// In the text: `["a", "b"]`, `[/regex/]`.
    Inline(Vec<Expr>),
    /// In a file of the pack.
    File(StrLit, Span),
}

/// An exception that stands outside the rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Exception {
    /// Name.
    pub name: Ident,
    /// `key: value` entries in written order (`for when owner reason expires`).
    pub entries: Vec<Given>,
}

/// A genuine notification with its slots.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// Name, unique in its pack.
    pub name: Ident,
    /// Entries and variants in written order.
    pub parts: Vec<TemplatePart>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum TemplatePart {
    /// `key: value`
    Entry(TemplateEntry),
    /// `variant name { ... }`: one language or revision.
    Variant(TemplateVariant),
}

/// One language or revision of a template.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateVariant {
    /// Name.
    pub name: Ident,
    /// From the keyword to the brace.
    pub span: Span,
    /// Its entries in written order.
    pub entries: Vec<TemplateEntry>,
}

/// `key: value` in a template (`from subject body links`).
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateEntry {
    /// Key.
    pub key: Ident,
    /// Value as written.
    pub value: Expr,
    /// The text of `subject` and `body` taken apart, if it is a string.
    pub pieces: Option<Vec<Piece>>,
}

/// A piece of a template's text.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// What it is.
    pub kind: PieceKind,
    /// Where it stands in the rule text.
    pub span: Span,
}

/// The kinds of pieces.
#[derive(Clone, Debug, PartialEq)]
pub enum PieceKind {
    /// Literal text of one line, as it stands.
    Text(Arc<str>),
    /// `{name}`, `{name: kind}`
    Slot(Ident, Option<Ident>),
    /// `...`: other text may stand here.
    Gap,
    /// The end of a line.
    Break,
    /// `[[ ... ]]`: may be missing.
    Optional(Vec<Piece>),
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands, parentheses included.
    pub span: Span,
}

/// A string literal, with escapes resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrLit {
    /// The text it means.
    pub value: Arc<str>,
    /// How it was written.
    pub style: StrStyle,
}

/// The three ways to write a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StrStyle {
    /// `"with escapes"`
    Escaped,
    /// `'raw, '' is one quote'`
    Raw,
    /// `"""several lines, indentation stripped"""`
    Block,
}

/// Binary operators that are not comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `and`
    And,
    /// `or`
    Or,
    /// `??`
    Coalesce,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
}

/// Comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CompareOp {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `=~`: equality without case
    EqNoCase,
    /// `!~`: inequality without case
    NeNoCase,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// Predicates over text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextOp {
    /// `contains`
    Contains,
    /// `starts_with`
    StartsWith,
    /// `ends_with`
    EndsWith,
    /// `like`: a glob over the whole text
    Like,
    /// `matches`: a regular expression, anywhere
    Matches,
    /// `matches_whole`: a regular expression over the whole text
    MatchesWhole,
}

/// The counted part of `... of (...)`.
#[derive(Clone, Debug, PartialEq)]
pub enum OfCount {
    /// `3 of (...)`; at least so many.
    AtLeast(u32),
    /// `any of (...)`
    Any,
    /// `all of (...)`
    All,
    /// `none of (...)`
    None,
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// `42`
    Int(i64),
    /// `4.2`
    Float(f64),
    /// A string.
    Str(StrLit),
    /// `/regex/flags`
    Regex {
        /// Between the slashes, with `\/` resolved.
        pattern: Arc<str>,
        /// Letters after the closing slash.
        flags: Arc<str>,
    },
    /// `5m`, `30d` in milliseconds.
    Duration(i64),
    /// `2026-05-21` or `2026-05-21T10:00:00Z` in milliseconds since 1970.
    Time(i64),
    /// `192.0.2.1` or `192.0.2.0/24` as written.
    Address(Arc<str>),
    /// A bare name.
    Name(Arc<str>),
    /// `$name`
    List(Arc<str>),
    /// The element of the n-th enclosing quantifier: `.` is 1, `..` is 2.
    Scope(u8),
    /// `base.name`; `.name` has base `Scope(1)`, `..name` base `Scope(2)`.
    Field(Box<Expr>, Ident),
    /// `base[index]`
    Index(Box<Expr>, Box<Expr>),
    /// `callee(args)`; the callee is a `Name` or a `Field` chain of names.
    Call(Box<Expr>, Vec<Arg>),
    /// `not x`
    Not(Box<Expr>),
    /// `-x`
    Neg(Box<Expr>),
    /// `a and b`, `a + b`
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `a < b <= c`: one operand more than operators.
    Compare(Box<Expr>, Vec<(CompareOp, Expr)>),
    /// `x in y`, `not in`, `in~`. A parenthesised right side is always a `Tuple`.
    In {
        /// Left side.
        left: Box<Expr>,
        /// `not in`
        negated: bool,
        /// `in~`
        no_case: bool,
        /// Right side.
        right: Box<Expr>,
    },
    /// `text contains~ x`. A parenthesised right side is always a `Tuple`.
    Text {
        /// Left side.
        left: Box<Expr>,
        /// The predicate.
        op: TextOp,
        /// With `~`.
        no_case: bool,
        /// Right side.
        right: Box<Expr>,
    },
    /// `x is null`, `x is not null`
    IsNull(Box<Expr>, bool),
    /// `x is empty`, `x is not empty`; true in the second field is `not`
    IsEmpty(Box<Expr>, bool),
    /// `3 of (a, b, c)`
    Of(OfCount, Vec<Expr>),
    /// `(x)`: kept for the formatter.
    Paren(Box<Expr>),
    /// `(a, b)` on the right of `in` or a text predicate; also `(a)` there.
    Tuple(Vec<Expr>),
    /// `[a, b]`
    Array(Vec<Expr>),
    /// `if c then a else b`
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `link => expr` as an argument.
    Lambda(Ident, Box<Expr>),
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Arg {
    /// `name=` before the value.
    pub name: Option<Ident>,
    /// The value.
    pub value: Expr,
}
