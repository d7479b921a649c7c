//! What one check leaves to the next: a rule is checked again only if its text has changed or
//! something that it names.

use super::hir::{ListId, ListOrigin, Rule, RuleId, TemplateId};
use super::symbols::Symbols;
use super::{External, PackInput, Vocabulary};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::ast;
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The names by which a pack knows others.
type Requires = Vec<(Arc<str>, Arc<str>)>;

/// A pack and a name in it.
pub(super) type Key = (Arc<str>, Arc<str>);

/// What one check leaves to the next.
#[derive(Debug, Default)]
pub struct CheckCache {
    names: Names,
    defs: BTreeMap<Key, ast::Def>,
    templates: BTreeMap<TemplateId, ast::Template>,
    externals: BTreeMap<String, External>,
    rules: HashMap<Key, Known>,
    /// The rules of the check at hand.
    next: HashMap<Key, Known>,
    changed: Changed,
}

/// All names that a rule's meaning can depend on without being named by it: a new definition may
/// take the place of a field, and lists are known by number.
#[derive(Debug, Default, PartialEq)]
struct Names {
    packs: Vec<(Arc<str>, Requires)>,
    defs: BTreeSet<Key>,
    /// Name, type and whether the configuration gives it.
    lists: Vec<(Arc<str>, Arc<str>, bool)>,
    templates: BTreeMap<Key, TemplateId>,
}

impl Names {
    fn of(packs: &[PackInput<'_>], symbols: &Symbols<'_>) -> Self {
        let external = |origin: &ListOrigin| matches!(origin, ListOrigin::External);
        let lists = symbols.lists.iter();
        let own = symbols.packs.iter();
        Self {
            packs: packs.iter().map(|pack| (Arc::clone(&pack.name), pack.requires.clone())).collect(),
            lists: lists.map(|list| (Arc::clone(&list.name), Arc::clone(&list.kind), external(&list.origin))).collect(),
            defs: own
                .clone()
                .flat_map(|(pack, own)| own.defs.keys().map(|name| (Arc::clone(pack), Arc::clone(name))))
                .collect(),
            templates: own
                .flat_map(|(pack, own)| {
                    own.templates.iter().map(|(name, (id, _))| ((Arc::clone(pack), Arc::clone(name)), *id))
                })
                .collect(),
        }
    }
}

/// What is not as it was at the last check.
#[derive(Debug, Default)]
struct Changed {
    defs: BTreeSet<Key>,
    templates: BTreeSet<TemplateId>,
}

/// What a rule used beside its own text.
#[derive(Clone, Debug, Default)]
pub(super) struct Used {
    pub(super) defs: BTreeSet<Key>,
    pub(super) lists: BTreeSet<ListId>,
    pub(super) templates: BTreeSet<TemplateId>,
    /// Rules that it refers to.
    pub(super) rules: Vec<(Key, RuleId)>,
}

impl Used {
    /// Takes what another used too; references are each rule's own.
    pub(super) fn extend(&mut self, other: &Self) {
        for def in &other.defs {
            if !self.defs.contains(def) {
                self.defs.insert(def.clone());
            }
        }
        self.lists.extend(&other.lists);
        self.templates.extend(&other.templates);
    }
}

/// A rule that was checked without errors.
#[derive(Debug)]
pub(super) struct Known {
    /// The file's tree, by which it is told whether the text is the same.
    pub(super) file: Arc<ast::File>,
    pub(super) span: Span,
    pub(super) rule: Arc<Rule>,
    /// Its warnings.
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) used: Used,
}

impl CheckCache {
    /// Looks at what has changed. Must come before the first rule.
    pub(super) fn begin(&mut self, packs: &[PackInput<'_>], symbols: &Symbols<'_>, vocabulary: Vocabulary<'_>) {
        let names = Names::of(packs, symbols);
        if self.names != names || !same_externals(&self.externals, vocabulary.externals) {
            self.rules.clear();
            self.names = names;
            self.externals = vocabulary.externals.clone();
        }
        self.changed = Changed::default();
        for (pack, own) in &symbols.packs {
            for (name, def) in &own.defs {
                let key = (Arc::clone(pack), Arc::clone(name));
                if self.defs.get(&key) != Some(*def) {
                    self.defs.insert(key.clone(), (*def).clone());
                    self.changed.defs.insert(key);
                }
            }
            for (id, template) in own.templates.values() {
                if self.templates.get(id) != Some(*template) {
                    self.templates.insert(*id, (*template).clone());
                    self.changed.templates.insert(*id);
                }
            }
        }
    }

    /// The rule as it was checked before, if nothing that it depends on has changed.
    pub(super) fn known(
        &self,
        key: &Key,
        file: &Arc<ast::File>,
        span: Span,
        ids: &BTreeMap<Key, RuleId>,
    ) -> Option<&Known> {
        let known = self.rules.get(key)?;
        let same =
            self.is_same(known, file, span) && known.used.rules.iter().all(|(name, id)| ids.get(name) == Some(id));
        same.then_some(known)
    }

    /// True if the rule refers to no other, as was found before, and nothing that it depends on has changed.
    pub(super) fn refers_to_none(&self, key: &Key, file: &Arc<ast::File>, span: Span) -> bool {
        self.rules.get(key).is_some_and(|known| known.used.rules.is_empty() && self.is_same(known, file, span))
    }

    fn is_same(&self, known: &Known, file: &Arc<ast::File>, span: Span) -> bool {
        Arc::ptr_eq(&known.file, file)
            && known.span == span
            && known.used.defs.is_disjoint(&self.changed.defs)
            && known.used.templates.is_disjoint(&self.changed.templates)
    }

    /// Takes a rule over that has not changed.
    pub(super) fn keep(&mut self, key: &Key) {
        if let Some((key, known)) = self.rules.remove_entry(key) {
            self.next.insert(key, known);
        }
    }

    pub(super) fn add(&mut self, key: Key, known: Known) {
        self.next.insert(key, known);
    }

    /// Forgets what is no longer there.
    pub(super) fn end(&mut self) {
        self.rules = std::mem::take(&mut self.next);
        let names = &self.names;
        self.defs.retain(|key, _| names.defs.contains(key));
        let ids: BTreeSet<TemplateId> = names.templates.values().copied().collect();
        self.templates.retain(|id, _| ids.contains(id));
    }
}

fn same_externals(a: &BTreeMap<String, External>, b: &BTreeMap<String, External>) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|((a, left), (b, right))| a == b && same_external(left, right))
}

fn same_external(a: &External, b: &External) -> bool {
    match (a, b) {
        (External::List(a), External::List(b)) => a == b,
        (External::Value(a, left), External::Value(b, right)) => a == b && same_rows(left, right),
        _ => false,
    }
}

/// Rows that are records are the same only if they are the same objects.
fn same_rows(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same_rows(a, b)),
        (Value::Record(a), Value::Record(b)) => a.same(b),
        _ => false,
    }
}
