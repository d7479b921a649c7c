//! The typed tree: names resolved, definitions inlined, sugar gone, every node decidable.

use crate::matcher::Pattern;
use crate::source::Span;
use crate::syntax::ast::{StrLit, TextOp};
use crate::value::{FieldId, FuncId, TemplateDecl, Type, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A binding of a quantifier, a `let` or a definition's parameter. Unique in its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalId(pub u32);

/// A rule of the whole compilation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub u32);

/// A list of the whole compilation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListId(pub u32);

/// A template of the whole compilation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateId(pub u32);

/// A typed expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its type.
    pub ty: Type,
    /// True if it may be absent.
    pub nullable: bool,
    /// Where the author wrote it (the definition's text for inlined definitions).
    pub span: Span,
}

/// How two operands are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ordering {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// What "equal" means for the operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fold {
    /// As they are.
    Exact,
    /// Text without case (Unicode simple lower case).
    NoCase,
    /// Host names: without case, in ASCII (IDNA) form.
    Domain,
    /// By rank in the enum's declared order; operands are text.
    Enum(crate::value::EnumId),
}

/// Arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arith {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`; of two `int`s truncates. Division by zero is absent.
    Div,
    /// `%`
    Rem,
}

/// Functions that introduce an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quantifier {
    /// `any(xs, p)`; absent list: unknown.
    Any,
    /// `all(xs, p)`; empty or absent list: true.
    All,
    /// `none(xs, p)` = `not any(xs, p)`.
    None,
    /// `exactly(n, xs, p)`.
    Exactly(u32),
    /// `at_least(n, xs, p)`.
    AtLeast(u32),
    /// `filter(xs, p)`: those for which `p` is true; absent list: empty.
    Filter,
    /// `map(xs, e)`; absent list: absent.
    Map,
    /// `distinct(xs, key)`: first of each key; absent list: empty. Absent keys are equal.
    Distinct,
    /// `ratio(xs, p)`: share of true, absent if the list is empty or absent.
    Ratio,
    /// `first(xs, p)`: first for which `p` is true, else absent.
    First,
    /// `last(xs, p)`.
    Last,
}

/// The right side of a text predicate.
#[derive(Clone, Debug)]
pub enum Needles {
    /// Computed text; any of them. An absent needle is unknown.
    Exprs(Vec<Expr>),
    /// Regular expressions; any of them.
    Patterns(Vec<Arc<Pattern>>),
    /// Any entry of a list (text for `contains` and its kind, patterns for `matches`).
    List(ListId),
}

/// The right side of `in`.
#[derive(Clone, Debug)]
pub enum Set {
    /// Any of these.
    Exprs(Vec<Expr>),
    /// An entry of a list, by the list's type (prefix lookup for `cidr`, suffix for `domain` is
    /// *not* implied: a domain list holds exact names).
    List(ListId),
    /// An item of a computed list; an absent list is unknown.
    Value(Box<Expr>),
}

/// The kinds of typed expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A constant.
    Const(Value),
    /// The message itself; fields of it are the root names.
    Message,
    /// A bound value.
    Local(LocalId),
    /// All entries of a list, as a value.
    List(ListId),
    /// A template matched against the message: a map of its fields.
    Template(TemplateId),
    /// `base.field`; absent if `base` is.
    Field(Box<Expr>, FieldId),
    /// `list[i]`; absent if out of range.
    Index(Box<Expr>, Box<Expr>),
    /// `map["key"]`, `json["key"]`; absent if missing.
    Key(Box<Expr>, Box<Expr>),
    /// A function of the catalog. A required argument that is absent makes the result absent.
    Call(FuncId, Vec<Expr>),
    /// `length(x)` of text (in characters), list or map.
    Length(Box<Expr>),
    /// `sum(xs)`: 0 for an absent list.
    Sum(Box<Expr>),
    /// `flatten(xss)`: empty for an absent list, absent members are skipped.
    Flatten(Box<Expr>),
    /// `keys(m)`, sorted.
    Keys(Box<Expr>),
    /// `values(m)`, in the order of the keys.
    Values(Box<Expr>),
    /// A quantifier. The collection is evaluated outside the binding.
    Quantified {
        /// Which.
        quantifier: Quantifier,
        /// Over what.
        collection: Box<Expr>,
        /// The element's binding.
        element: LocalId,
        /// The body.
        body: Box<Expr>,
    },
    /// A bound value used in `body`; evaluated at most once.
    Let(LocalId, Box<Expr>, Box<Expr>),
    /// `not x`
    Not(Box<Expr>),
    /// Kleene conjunction of two or more.
    And(Vec<Expr>),
    /// Kleene disjunction of two or more.
    Or(Vec<Expr>),
    /// At least `n` are true: true; else unknown if any is unknown; else false.
    AtLeast(u32, Vec<Expr>),
    /// A comparison; unknown if an operand is absent.
    Compare(Ordering, Fold, Box<Expr>, Box<Expr>),
    /// `left in set`; unknown if `left` is absent.
    In {
        /// Left side.
        left: Box<Expr>,
        /// How elements are compared.
        fold: Fold,
        /// Right side.
        set: Set,
    },
    /// A text predicate; unknown if the text is absent.
    Text {
        /// The text.
        text: Box<Expr>,
        /// The predicate.
        op: TextOp,
        /// Without case. Patterns carry their own flags.
        no_case: bool,
        /// What is looked for.
        needles: Needles,
    },
    /// `x is null`: always decided.
    IsNull(Box<Expr>),
    /// `x is empty`: of text, list or map; unknown if absent.
    IsEmpty(Box<Expr>),
    /// First that is not absent.
    Coalesce(Vec<Expr>),
    /// `if c then a else b`; absent if the condition is unknown.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// Arithmetic; absent if an operand is absent, on overflow, or when dividing by zero.
    Arith(Arith, Box<Expr>, Box<Expr>),
    /// `-x`
    Neg(Box<Expr>),
    /// `[a, b]`
    Array(Vec<Expr>),
    /// The outcome of another rule, before exceptions: does its `when` hold and no `unless`?
    Rule(RuleId),
}

/// How serious a match is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleSeverity {
    /// Worth knowing.
    Info,
    /// Score 1.0 unless `score` is given.
    Low,
    /// Score 2.5.
    #[default]
    Medium,
    /// Score 5.0.
    High,
    /// Score 10.0.
    Critical,
}

impl RuleSeverity {
    /// As rules write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What a match of the rule does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Counts.
    #[default]
    Enforce,
    /// Reported, scores nothing.
    Shadow,
    /// Not evaluated.
    Off,
}

/// How mature a rule is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// New.
    #[default]
    Experimental,
    /// Has earned trust on a corpus.
    Stable,
    /// To be removed.
    Deprecated,
}

/// Checked metadata. Scores are fixed-point: thousandths.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Metadata {
    /// One line.
    pub title: Option<String>,
    /// What it finds and why.
    pub description: Option<String>,
    /// How serious.
    pub severity: RuleSeverity,
    /// Thousandths of a point.
    pub score: i64,
    /// Only the highest score of a family counts.
    pub family: Option<String>,
    /// MITRE ATT&CK technique ids.
    pub attack: Vec<String>,
    /// URLs.
    pub references: Vec<String>,
    /// Known harmless causes.
    pub false_positives: Vec<String>,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// Maturity.
    pub status: Status,
    /// What a match does.
    pub mode: Mode,
    /// Licence, if it differs from the pack's (SPDX).
    pub license: Option<String>,
    /// Stable identity of an imported rule.
    pub id: Option<String>,
}

/// A checked rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// `pack/name`.
    pub name: Arc<str>,
    /// Tags.
    pub tags: Vec<Arc<str>>,
    /// Metadata.
    pub meta: Metadata,
    /// The condition; `let`s are inside it as [`ExprKind::Let`].
    pub when: Expr,
    /// Named suppressions; each is a closed expression of its own.
    pub unless: Vec<(Arc<str>, Expr)>,
    /// The item's span.
    pub span: Span,
    /// Its tests.
    pub tests: Vec<Test>,
}

/// A checked test of a rule.
#[derive(Clone, Debug)]
pub struct Test {
    /// The whole entry; it begins with `matches` or `ignores`.
    pub span: Span,
    /// `matches` (true) or `ignores` (false).
    pub expects_match: bool,
    /// A path in the pack (`"..."`) or the message itself (`"""..."""`).
    pub message: StrLit,
    /// What the test says about the world outside the message.
    pub given: Given,
}

/// What a test gives. What it does not give is as the pack's test settings say, or absent.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// "Now" in milliseconds since 1970.
    pub clock: Option<i64>,
    /// Results of authentication by method: `dmarc`.
    pub auth: BTreeMap<Arc<str>, Arc<str>>,
    /// Domains that count as authenticated.
    pub authenticated_domains: Option<Vec<Arc<str>>>,
    /// The entries of lists, in place of their own.
    pub lists: BTreeMap<ListId, Vec<Arc<str>>>,
    /// What capabilities answer, by the function's full name and whatever its arguments.
    pub answers: BTreeMap<Arc<str>, Value>,
}

/// A checked exception.
#[derive(Clone, Debug)]
pub struct Exception {
    /// `pack/name`.
    pub name: Arc<str>,
    /// Glob over `pack/rule_name`.
    pub rules: Arc<str>,
    /// The condition.
    pub when: Expr,
    /// Who answers for it.
    pub owner: Arc<str>,
    /// Why.
    pub reason: Arc<str>,
    /// Milliseconds since 1970; from then on it no longer suppresses.
    pub expires: i64,
    /// The item's span.
    pub span: Span,
}

/// Everything that was compiled, without the parts that had errors.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Rules; a [`RuleId`] is an index here. A rule comes after every rule that it refers to.
    pub rules: Vec<Arc<Rule>>,
    /// Exceptions.
    pub exceptions: Vec<Exception>,
    /// Lists; a [`ListId`] is an index here.
    pub lists: Vec<ListInfo>,
    /// Templates; a [`TemplateId`] is an index here.
    pub templates: Vec<Arc<TemplateDecl>>,
}

/// A declared list.
#[derive(Clone, Debug)]
pub struct ListInfo {
    /// `pack/name`, or the bare name of a list of the configuration.
    pub name: Arc<str>,
    /// The type of its entries as declared: `domain`.
    pub kind: Arc<str>,
    /// Where the entries are.
    pub origin: ListOrigin,
}

/// Where a list's entries are.
#[derive(Clone, Debug)]
pub enum ListOrigin {
    /// In the rule text, with their places.
    Inline(Vec<(Arc<str>, Span)>),
    /// In a file of the pack, named at this place.
    File(Arc<str>, Span),
    /// Given by the configuration.
    External,
}

impl Expr {
    /// The direct operands, in evaluation order.
    pub fn children(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Const(_)
            | ExprKind::Message
            | ExprKind::Local(_)
            | ExprKind::List(_)
            | ExprKind::Template(_)
            | ExprKind::Rule(_) => Vec::new(),
            ExprKind::Field(base, _)
            | ExprKind::Length(base)
            | ExprKind::Sum(base)
            | ExprKind::Flatten(base)
            | ExprKind::Keys(base)
            | ExprKind::Values(base)
            | ExprKind::Not(base)
            | ExprKind::IsNull(base)
            | ExprKind::IsEmpty(base)
            | ExprKind::Neg(base) => vec![base],
            ExprKind::Index(a, b)
            | ExprKind::Key(a, b)
            | ExprKind::Compare(_, _, a, b)
            | ExprKind::Arith(_, a, b)
            | ExprKind::Let(_, a, b) => vec![a, b],
            ExprKind::Quantified { collection, body, .. } => vec![collection, body],
            ExprKind::Call(_, operands)
            | ExprKind::And(operands)
            | ExprKind::Or(operands)
            | ExprKind::AtLeast(_, operands)
            | ExprKind::Coalesce(operands)
            | ExprKind::Array(operands) => operands.iter().collect(),
            ExprKind::If(condition, then, other) => vec![condition, then, other],
            ExprKind::In { left, set, .. } => match set {
                Set::Exprs(items) => std::iter::once(&**left).chain(items).collect(),
                Set::List(_) => vec![left],
                Set::Value(list) => vec![left, list],
            },
            ExprKind::Text { text, needles, .. } => match needles {
                Needles::Exprs(needles) => std::iter::once(&**text).chain(needles).collect(),
                Needles::Patterns(_) | Needles::List(_) => vec![text],
            },
        }
    }

    /// The number of nodes, this one included.
    pub fn size(&self) -> usize {
        let mut count = 0;
        self.walk(&mut |_| count += 1);
        count
    }

    /// Visits every node, this one first.
    pub fn walk<'e>(&'e self, visit: &mut impl FnMut(&'e Expr)) {
        let mut pending = vec![self];
        while let Some(next) = pending.pop() {
            visit(next);
            pending.extend(next.children().into_iter().rev());
        }
    }
}
