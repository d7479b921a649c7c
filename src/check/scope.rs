//! What names mean at one place in a rule.

use super::hir::{Expr, LocalId};
use super::symbols::Symbols;
use crate::value::Type;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Names and enclosing quantifiers at one place.
#[derive(Clone)]
pub(super) struct Scope<'s> {
    pub(super) symbols: &'s Symbols<'s>,
    /// The pack whose names are visible without prefix.
    pub(super) pack: Arc<str>,
    names: Vec<(Arc<str>, Binding)>,
    elements: Vec<Element>,
    /// Definitions that are being inlined, to find cycles.
    pub(super) inlining: Vec<(Arc<str>, Arc<str>)>,
    /// Names of `let`s that were read.
    pub(super) used: BTreeSet<Arc<str>>,
}

/// What a local name stands for.
#[derive(Clone)]
pub(super) enum Binding {
    /// The element of a quantifier, or a bound value.
    Local(Element),
    /// A value that is put in place of the name.
    Value(Arc<Expr>),
}

/// An element of a quantifier.
#[derive(Clone)]
pub(super) struct Element {
    pub(super) id: LocalId,
    pub(super) ty: Type,
    pub(super) nullable: bool,
}

impl<'s> Scope<'s> {
    pub(super) fn new(symbols: &'s Symbols<'s>, pack: Arc<str>) -> Self {
        Self { symbols, pack, names: Vec::new(), elements: Vec::new(), inlining: Vec::new(), used: BTreeSet::new() }
    }

    /// The scope of a definition's body: nothing of the caller is visible in it.
    pub(super) fn for_definition(&self, pack: Arc<str>, name: Arc<str>) -> Self {
        let mut inner = Self::new(self.symbols, Arc::clone(&pack));
        inner.inlining.clone_from(&self.inlining);
        inner.inlining.push((pack, name));
        inner
    }

    pub(super) fn bind(&mut self, name: Arc<str>, binding: Binding) {
        self.names.push((name, binding));
    }

    pub(super) fn lookup(&mut self, name: &str) -> Option<Binding> {
        let found = self.names.iter().rev().find(|(bound, _)| &**bound == name)?;
        self.used.insert(Arc::clone(&found.0));
        Some(found.1.clone())
    }

    /// Local names, innermost first.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().rev().map(|(name, _)| &**name)
    }

    /// The element of the `depth`-th enclosing quantifier; 1 is the innermost.
    pub(super) fn element(&self, depth: u8) -> Option<&Element> {
        self.elements.len().checked_sub(usize::from(depth)).and_then(|index| self.elements.get(index))
    }

    pub(super) fn depth(&self) -> usize {
        self.elements.len()
    }

    /// Enters a quantifier whose element may also have a name.
    pub(super) fn enter(&mut self, element: Element, name: Option<Arc<str>>) {
        self.elements.push(element.clone());
        self.names.push((name.unwrap_or_default(), Binding::Local(element)));
    }

    /// Leaves the innermost quantifier.
    pub(super) fn leave(&mut self) {
        self.elements.pop();
        self.names.pop();
    }
}
