//! Names, types and warnings: tree → typed tree. It is *given* the catalog.

mod cache;
mod call;
mod constant;
mod expr;
mod given;
pub mod hir;
mod item;
mod key;
mod lint;
mod meta;
mod operator;
mod scope;
mod symbols;
mod template;

pub use cache::CheckCache;

use crate::diagnostic::{self, Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast;
use crate::value::{Catalog, Shape, Type, Value};
use scope::Scope;
use std::collections::BTreeMap;
use std::sync::Arc;
use symbols::Symbols;

/// One pack's parsed files.
#[derive(Clone, Debug)]
pub struct PackInput<'a> {
    /// The pack's name: the first half of a rule's identity.
    pub name: Arc<str>,
    /// Its files in a stable order.
    pub files: &'a [Arc<ast::File>],
    /// Packs whose definitions and lists it may use: the name that it writes, and the pack's own.
    pub requires: Vec<(Arc<str>, Arc<str>)>,
    /// True if the pack exists to be used by others: unused definitions are then no warning.
    pub library: bool,
}

/// A list that the configuration provides, not a pack.
#[derive(Clone, Debug)]
pub enum External {
    /// A typed list; its entries are attached later. The name is a list type: `domain`.
    List(&'static str),
    /// A ready value with its static type (rows that are records).
    Value(Type, Value),
}

/// What rules may name beside their own definitions.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary<'a> {
    /// Fields and functions.
    pub catalog: &'a Catalog,
    /// Lists of the configuration by name.
    pub externals: &'a BTreeMap<String, External>,
    /// Checks an `XPath` expression; the reason if it is refused.
    pub xpath: fn(&str) -> Result<(), String>,
    /// "Now" in milliseconds since 1970, to say what has expired; `None`: nothing has.
    pub now: Option<i64>,
}

/// Most nodes that one rule may have after its definitions are inlined.
pub const MAX_NODES: usize = 200_000;

/// The result: everything without errors, and all that is wrong.
#[derive(Debug, Default)]
pub struct Checked {
    /// Typed rules. Complete only if no diagnostic is an error.
    pub program: hir::Program,
    /// Sorted by place.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks packs together. A pack sees its own names and, by pack name, those that it requires.
pub fn check(packs: &[PackInput<'_>], vocabulary: Vocabulary<'_>) -> Checked {
    check_with(packs, vocabulary, &mut CheckCache::default())
}

/// The same, with what an earlier check left. The result is the same as without.
pub fn check_with(packs: &[PackInput<'_>], vocabulary: Vocabulary<'_>, cache: &mut CheckCache) -> Checked {
    let mut checker = Checker::new(vocabulary);
    let symbols = Symbols::collect(packs, vocabulary, &mut checker.diagnostics);
    cache.begin(packs, &symbols, vocabulary);
    let program = item::program(&mut checker, packs, &symbols, cache);
    cache.end();
    let mut diagnostics = checker.diagnostics;
    diagnostic::sort(&mut diagnostics);
    Checked { program, diagnostics }
}

/// Checks one expression on its own, in the namespace of the first pack if there is one.
pub fn check_expr(
    expr: &ast::Expr,
    packs: &[PackInput<'_>],
    vocabulary: Vocabulary<'_>,
) -> (Option<hir::Expr>, hir::Program, Vec<Diagnostic>) {
    let mut checker = Checker::new(vocabulary);
    let mut pack_diagnostics = Vec::new();
    let symbols = Symbols::collect(packs, vocabulary, &mut pack_diagnostics);
    let program = item::program(&mut checker, packs, &symbols, &mut CheckCache::default());
    checker.diagnostics.clear();
    let pack = packs.first().map(|pack| Arc::clone(&pack.name)).unwrap_or_default();
    let lowered = checker.expr(expr, None, &mut Scope::new(&symbols, pack));
    let mut diagnostics = checker.diagnostics;
    diagnostic::sort(&mut diagnostics);
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    ((!failed).then_some(lowered), program, diagnostics)
}

/// The state of one check.
struct Checker<'a> {
    vocabulary: Vocabulary<'a>,
    diagnostics: Vec<Diagnostic>,
    next_local: u32,
    nodes: usize,
    used: cache::Used,
    /// What each template gives; `None` if its declaration has been reported.
    shapes: BTreeMap<hir::TemplateId, Option<Arc<Shape>>>,
    rule_ids: BTreeMap<(Arc<str>, Arc<str>), hir::RuleId>,
}

impl<'a> Checker<'a> {
    fn new(vocabulary: Vocabulary<'a>) -> Self {
        Self {
            vocabulary,
            diagnostics: Vec::new(),
            next_local: 0,
            nodes: 0,
            used: cache::Used::default(),
            shapes: BTreeMap::new(),
            rule_ids: BTreeMap::new(),
        }
    }

    fn catalog(&self) -> &'a Catalog {
        self.vocabulary.catalog
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn local(&mut self) -> hir::LocalId {
        self.next_local += 1;
        hir::LocalId(self.next_local)
    }

    /// Makes a node and counts it; past the limit the node becomes an error once.
    fn node(&mut self, kind: hir::ExprKind, ty: Type, nullable: bool, span: Span) -> hir::Expr {
        self.count(1, span);
        hir::Expr { kind, ty, nullable, span }
    }

    fn count(&mut self, nodes: usize, span: Span) {
        let before = self.nodes;
        self.nodes = self.nodes.saturating_add(nodes);
        if before <= MAX_NODES && self.nodes > MAX_NODES {
            let message = format!("the rule is larger than {MAX_NODES} nodes once definitions are inlined");
            self.report(
                Diagnostic::new(codes::LIMIT, message, span, "grows past the limit here")
                    .help("split the rule, or move data into a `list`"),
            );
        }
    }

    fn over_limit(&self) -> bool {
        self.nodes > MAX_NODES
    }

    /// The stand-in for an expression that has been reported: fits everywhere.
    fn broken(&mut self, span: Span) -> hir::Expr {
        self.node(hir::ExprKind::Const(Value::Null), Type::Any, false, span)
    }

    fn type_name(&self, ty: &Type) -> String {
        ty.name(self.catalog())
    }
}
