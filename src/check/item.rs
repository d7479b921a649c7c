//! Items: rules in the order of their references, definitions, exceptions.

use super::cache::{CheckCache, Key, Known};
use super::constant;
use super::hir::{Exception, Program, Rule, RuleId, Test};
use super::lint::Silences;
use super::scope::{Binding, Scope};
use super::symbols::Symbols;
use super::{Checker, PackInput};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast;
use crate::value::Type;
use foldhash::{HashMap, HashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Checks everything and collects what is usable.
pub(super) fn program(
    checker: &mut Checker<'_>,
    packs: &[PackInput<'_>],
    symbols: &Symbols<'_>,
    cache: &mut CheckCache,
) -> Program {
    let mut program = Program { lists: symbols.lists.clone(), ..Program::default() };
    program.templates = super::template::declare(checker, packs, symbols);
    for pack in packs {
        for (name, place) in in_reference_order(checker, pack, symbols, cache) {
            let key = (Arc::clone(&pack.name), name);
            let known = cache.known(&key, place.file, place.item.span, &checker.rule_ids);
            let checked = match known {
                Some(known) => {
                    checker.diagnostics.extend(known.diagnostics.iter().cloned());
                    checker.used.extend(&known.used);
                    let rule = Arc::clone(&known.rule);
                    cache.keep(&key);
                    Some(rule)
                }
                None => checker.anew(pack, place, symbols, &key, cache),
            };
            if let Some(checked) = checked {
                checker.rule_ids.insert(key, RuleId(program.rules.len() as u32));
                program.rules.push(checked);
            }
        }
    }
    for pack in packs {
        checker.definitions(pack, symbols);
        for item in pack.files.iter().flat_map(|file| &file.items) {
            if let ast::ItemKind::Exception(exception) = &item.kind {
                checker.nodes = 0;
                program.exceptions.extend(checker.exception(pack, exception, item.span, symbols));
            }
        }
    }
    for pack in packs.iter().filter(|pack| !pack.library) {
        checker.report_unused(pack, symbols);
    }
    for pack in packs {
        Silences::collect(pack.files).apply(&mut checker.diagnostics);
    }
    program
}

/// The rules of a pack, each after those that it refers to. A cycle is reported once.
fn in_reference_order<'a>(
    checker: &mut Checker<'_>,
    pack: &PackInput<'a>,
    symbols: &Symbols<'_>,
    cache: &CheckCache,
) -> Vec<(Arc<str>, Place<'a>)> {
    let items = pack.files.iter().flat_map(|file| file.items.iter().map(move |item| (file, item)));
    let mut rules: Rules<'a> = HashMap::default();
    let mut order = Vec::new();
    for (file, item) in items {
        if let ast::ItemKind::Rule(rule) = &item.kind
            && !rules.contains_key(&rule.name.name)
        {
            rules.insert(Arc::clone(&rule.name.name), Place { rule, item, file });
            order.push(Arc::clone(&rule.name.name));
        }
    }
    let defs = symbols.packs.get(&pack.name).map(|own| &own.defs);
    let mut sorter =
        Sorter { pack: &pack.name, rules: &rules, defs, cache, done: HashSet::default(), sorted: Vec::new() };
    for name in &order {
        sorter.visit(name, checker);
    }
    let sorted = sorter.sorted;
    sorted.into_iter().filter_map(|name| rules.get(&name).map(|place| (name, *place))).collect()
}

/// Names with the places that name them.
type References = Vec<(Arc<str>, Span)>;
type Rules<'a> = HashMap<Arc<str>, Place<'a>>;

/// A rule where it stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    rule: &'a ast::Rule,
    item: &'a ast::Item,
    file: &'a Arc<ast::File>,
}

struct Sorter<'s, 'a> {
    pack: &'s Arc<str>,
    rules: &'s Rules<'a>,
    defs: Option<&'s BTreeMap<Arc<str>, &'s ast::Def>>,
    cache: &'s CheckCache,
    done: HashSet<Arc<str>>,
    sorted: Vec<Arc<str>>,
}

impl Sorter<'_, '_> {
    /// Depth-first with a stack of our own: chains of references may be long.
    fn visit(&mut self, name: &Arc<str>, checker: &mut Checker<'_>) {
        let mut open: Vec<(Arc<str>, References)> = Vec::new();
        if self.done.insert(Arc::clone(name)) {
            open.push((Arc::clone(name), self.references(name)));
        }
        while let Some((current, pending)) = open.last_mut() {
            let Some((next, span)) = pending.pop() else {
                self.sorted.push(Arc::clone(current));
                open.pop();
                continue;
            };
            if open.iter().any(|(name, _)| *name == next) {
                let message = format!("rule `{next}` refers to itself");
                checker.report(
                    Diagnostic::new(codes::CYCLE, message, span, "closes the circle here")
                        .help("move the shared condition into a `def`"),
                );
            } else if self.rules.contains_key(&next) && self.done.insert(Arc::clone(&next)) {
                let references = self.references(&next);
                open.push((next, references));
            }
        }
    }

    /// The rules that a rule names, also through definitions; last one first.
    fn references(&self, name: &Arc<str>) -> References {
        let Some(Place { rule, item, file }) = self.rules.get(name) else { return Vec::new() };
        if self.cache.refers_to_none(&(Arc::clone(self.pack), Arc::clone(name)), file, item.span) {
            return Vec::new();
        }
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut pending: Vec<&ast::Expr> = rule.lets.iter().map(|binding| &binding.value).collect();
        pending.extend(rule.when.iter().chain(rule.unless.iter().map(|unless| &unless.when)));
        while let Some(expr) = pending.pop() {
            match &expr.kind {
                ast::ExprKind::Field(base, field) if is_name(base, "rule") => {
                    found.push((Arc::clone(&field.name), expr.span));
                }
                ast::ExprKind::Name(name) => {
                    if let Some(def) = self.defs.and_then(|defs| defs.get(name))
                        && seen.insert(Arc::clone(name))
                    {
                        pending.push(&def.body);
                    }
                }
                _ => each_child(expr, &mut |child| pending.push(child)),
            }
        }
        found
    }
}

fn is_name(expr: &ast::Expr, wanted: &str) -> bool {
    matches!(&expr.kind, ast::ExprKind::Name(name) if **name == *wanted)
}

/// Visits the direct parts of an expression.
fn each_child<'a>(expr: &'a ast::Expr, visit: &mut impl FnMut(&'a ast::Expr)) {
    match &expr.kind {
        ast::ExprKind::Null
        | ast::ExprKind::Bool(_)
        | ast::ExprKind::Int(_)
        | ast::ExprKind::Float(_)
        | ast::ExprKind::Str(_)
        | ast::ExprKind::Regex { .. }
        | ast::ExprKind::Duration(_)
        | ast::ExprKind::Time(_)
        | ast::ExprKind::Address(_)
        | ast::ExprKind::Name(_)
        | ast::ExprKind::List(_)
        | ast::ExprKind::Scope(_) => {}
        ast::ExprKind::Field(inner, _)
        | ast::ExprKind::Not(inner)
        | ast::ExprKind::Neg(inner)
        | ast::ExprKind::IsNull(inner, _)
        | ast::ExprKind::IsEmpty(inner, _)
        | ast::ExprKind::Paren(inner)
        | ast::ExprKind::Lambda(_, inner) => visit(inner),
        ast::ExprKind::Index(a, b) | ast::ExprKind::Binary(_, a, b) => [a, b].into_iter().for_each(|part| visit(part)),
        ast::ExprKind::In { left, right, .. } | ast::ExprKind::Text { left, right, .. } => {
            [left, right].into_iter().for_each(|part| visit(part));
        }
        ast::ExprKind::Call(callee, args) => {
            visit(callee);
            args.iter().for_each(|arg| visit(&arg.value));
        }
        ast::ExprKind::Compare(first, rest) => {
            visit(first);
            rest.iter().for_each(|(_, operand)| visit(operand));
        }
        ast::ExprKind::Of(_, items) | ast::ExprKind::Tuple(items) | ast::ExprKind::Array(items) => {
            items.iter().for_each(visit);
        }
        ast::ExprKind::If(condition, then, other) => [condition, then, other].into_iter().for_each(|part| visit(part)),
    }
}

impl Checker<'_> {
    /// Checks a rule, and keeps it for the next time if it has no errors.
    fn anew(
        &mut self,
        pack: &PackInput<'_>,
        place: Place<'_>,
        symbols: &Symbols<'_>,
        key: &Key,
        cache: &mut CheckCache,
    ) -> Option<Arc<Rule>> {
        let before = self.diagnostics.len();
        let others = std::mem::take(&mut self.used);
        self.nodes = 0;
        let checked = self.rule(pack, place.rule, place.item, symbols).map(Arc::new);
        let used = std::mem::replace(&mut self.used, others);
        self.used.extend(&used);
        let diagnostics = &self.diagnostics[before..];
        let rule = checked.filter(|_| !diagnostics.iter().any(Diagnostic::is_error))?;
        let known = Known {
            file: Arc::clone(place.file),
            span: place.item.span,
            rule: Arc::clone(&rule),
            diagnostics: diagnostics.to_vec(),
            used,
        };
        cache.add(key.clone(), known);
        Some(rule)
    }

    fn rule(
        &mut self,
        pack: &PackInput<'_>,
        rule: &ast::Rule,
        item: &ast::Item,
        symbols: &Symbols<'_>,
    ) -> Option<Rule> {
        let meta = self.metadata(&rule.meta);
        let mut scope = Scope::new(symbols, Arc::clone(&pack.name));
        let mut bound = Vec::new();
        let mut seen: BTreeMap<Arc<str>, Span> = BTreeMap::new();
        for binding in &rule.lets {
            if let Some(first) = seen.insert(Arc::clone(&binding.name.name), binding.name.span) {
                self.duplicate(&binding.name, first);
                continue;
            }
            let value = self.expr(&binding.value, None, &mut scope);
            // A `let` is evaluated outside every quantifier, so it is always closed.
            bound.extend(self.bind_value(Arc::clone(&binding.name.name), value, &mut scope));
        }
        let when = rule.when.as_ref().map(|when| self.condition(when, &mut scope));
        let unless = self.suppressions(rule, &mut scope);
        for binding in rule.lets.iter().filter(|binding| !scope.used.contains(&binding.name.name)) {
            self.unused("let", &binding.name);
        }
        let tests = rule.tests.iter().map(|case| Test {
            span: case.span,
            expects_match: case.expects_match,
            message: case.message.clone(),
            given: self.givens(&case.given, &pack.name, symbols),
        });
        let tests = tests.collect();
        let when = self.wrap_lets(bound, when?);
        if when.ty != Type::Any {
            self.lint_rule(rule, &when, &unless);
        }
        Some(Rule {
            name: format!("{}/{}", pack.name, rule.name.name).into(),
            tags: rule.tags.iter().map(|tag| Arc::clone(&tag.name)).collect(),
            meta,
            when,
            unless,
            span: item.span,
            tests,
        })
    }

    fn suppressions(&mut self, rule: &ast::Rule, scope: &mut Scope<'_>) -> Vec<(Arc<str>, super::hir::Expr)> {
        let mut seen: BTreeMap<Arc<str>, Span> = BTreeMap::new();
        let mut checked = Vec::new();
        for unless in &rule.unless {
            if let Some(first) = seen.insert(Arc::clone(&unless.name.name), unless.name.span) {
                self.duplicate(&unless.name, first);
            }
            checked.push((Arc::clone(&unless.name.name), self.condition(&unless.when, scope)));
        }
        checked
    }

    pub(super) fn duplicate(&mut self, name: &ast::Ident, first: Span) {
        let message = format!("`{}` is defined twice", name.name);
        self.report(
            Diagnostic::new(codes::DUPLICATE, message, name.span, "defined again here")
                .also(first, "first defined here")
                .help("rename or remove one of them"),
        );
    }

    fn lint_rule(&mut self, rule: &ast::Rule, when: &super::hir::Expr, unless: &[(Arc<str>, super::hir::Expr)]) {
        if let Some(truth) = constant::truth(when) {
            let what = if truth { "always matches" } else { "can never match" };
            let message = format!("rule `{}` {what}", rule.name.name);
            self.report(
                Diagnostic::new(codes::CONSTANT_RULE, message, when.span, "does not depend on the message")
                    .help("remove the rule, or set `mode = off` while it is a placeholder"),
            );
        }
        self.lint_trust(rule, when, unless);
    }

    /// Definitions are checked where they are used; those that nothing uses are checked here,
    /// with their parameters bound to values of the declared types.
    fn definitions(&mut self, pack: &PackInput<'_>, symbols: &Symbols<'_>) {
        let Some(own) = symbols.packs.get(&pack.name) else { return };
        // Use by an unused definition is no use; by a used one it was seen when that was inlined.
        let used = self.used.defs.clone();
        for (name, def) in &own.defs {
            self.nodes = 0;
            let mut scope =
                Scope::new(symbols, Arc::clone(&pack.name)).for_definition(Arc::clone(&pack.name), Arc::clone(name));
            for param in &def.params {
                let ty = self.parameter_type(param);
                let id = self.local();
                let element = super::scope::Element { id, ty, nullable: false };
                scope.bind(Arc::clone(&param.name.name), Binding::Local(element));
            }
            self.expr(&def.body, None, &mut scope);
            for param in def.params.iter().filter(|param| !scope.used.contains(&param.name.name)) {
                self.unused("parameter", &param.name);
            }
        }
        self.used.defs = used;
    }

    fn parameter_type(&mut self, param: &ast::Param) -> Type {
        if let Some(ty) = self.catalog().parse_type(&param.ty.name) {
            return ty;
        }
        let message = format!("there is no type `{}`", param.ty.name);
        let problem = Diagnostic::new(codes::UNKNOWN_TYPE, message, param.ty.span, "not a type");
        let records = self.catalog().records().map(|(_, decl)| decl.name);
        let scalars = ["bool", "int", "float", "string", "domain", "email", "url", "ip", "time", "duration"];
        let known: Vec<&str> = scalars.into_iter().chain(records).collect();
        self.report(match crate::diagnostic::suggest::nearest(&param.ty.name, known) {
            Some(near) => super::expr::did_you_mean(problem, param.ty.span, &param.ty.name, near),
            None => problem.help("types are `string`, `int`, `[Link]` and so on: `ruleeval doc` lists the records"),
        });
        Type::Any
    }

    fn unused(&mut self, what: &str, name: &ast::Ident) {
        let message = format!("{what} `{}` is never used", name.name);
        self.report(Diagnostic::new(codes::UNUSED, message, name.span, "never used").help("use it or remove it"));
    }

    fn report_unused(&mut self, pack: &PackInput<'_>, symbols: &Symbols<'_>) {
        let Some(own) = symbols.packs.get(&pack.name) else { return };
        for (name, def) in &own.defs {
            if !self.used.defs.contains(&(Arc::clone(&pack.name), Arc::clone(name))) {
                self.unused("def", &def.name);
            }
        }
        for (id, template) in own.templates.values() {
            if !self.used.templates.contains(id) {
                self.unused("template", &template.name);
            }
        }
        for (id, list) in own.lists.values() {
            if !self.used.lists.contains(id) {
                self.unused("list", &list.name);
            }
        }
    }

    fn exception(
        &mut self,
        pack: &PackInput<'_>,
        exception: &ast::Exception,
        span: Span,
        symbols: &Symbols<'_>,
    ) -> Option<Exception> {
        let before = self.diagnostics.len();
        self.exception_keys(exception);
        let rules = self.exception_text(exception, "for", "the rules it applies to, as a glob");
        let owner = self.exception_text(exception, "owner", "who answers for it");
        let reason = self.exception_text(exception, "reason", "why it is there");
        let expires = self.exception_expiry(exception);
        let mut scope = Scope::new(symbols, Arc::clone(&pack.name));
        let when = match entry(exception, "when") {
            Some(when) => Some(self.condition(&when.value, &mut scope)),
            None => self.missing_entry(exception, "when", "the condition"),
        };
        if let Some(when) = &when {
            self.lint_exception(exception, when, expires);
        }
        if self.diagnostics[before..].iter().any(Diagnostic::is_error) {
            return None;
        }
        let name = format!("{}/{}", pack.name, exception.name.name).into();
        Some(Exception { name, rules: rules?, when: when?, owner: owner?, reason: reason?, expires: expires?, span })
    }

    fn exception_keys(&mut self, exception: &ast::Exception) {
        const KEYS: [&str; 5] = ["for", "when", "owner", "reason", "expires"];
        let mut seen: BTreeMap<Arc<str>, Span> = BTreeMap::new();
        for given in &exception.entries {
            if let Some(first) = seen.insert(Arc::clone(&given.key.name), given.key.span) {
                self.duplicate(&given.key, first);
            }
            if !KEYS.contains(&&*given.key.name) {
                let message = format!("an exception has no entry `{}`", given.key.name);
                let problem = Diagnostic::new(codes::EXCEPTION, message, given.key.span, "unknown entry");
                self.report(problem.help(format!("its entries are: {}", KEYS.join(", "))));
            }
        }
    }

    fn exception_text(&mut self, exception: &ast::Exception, key: &str, what: &str) -> Option<Arc<str>> {
        let Some(given) = entry(exception, key) else { return self.missing_entry(exception, key, what) };
        match &given.value.kind {
            ast::ExprKind::Str(text) if !text.value.trim().is_empty() => Some(Arc::clone(&text.value)),
            _ => {
                let message = format!("`{key}` must be a text");
                self.report(Diagnostic::new(codes::EXCEPTION, message, given.value.span, "not a text"));
                None
            }
        }
    }

    fn exception_expiry(&mut self, exception: &ast::Exception) -> Option<i64> {
        let Some(given) = entry(exception, "expires") else {
            return self.missing_entry(exception, "expires", "the day from which it no longer holds");
        };
        if let ast::ExprKind::Time(time) = given.value.kind {
            return Some(time);
        }
        let problem = Diagnostic::new(codes::EXCEPTION, "`expires` must be a date", given.value.span, "not a date");
        self.report(problem.help("write `2027-03-01`"));
        None
    }

    fn missing_entry<T>(&mut self, exception: &ast::Exception, key: &str, what: &str) -> Option<T> {
        let message = format!("exception `{}` lacks `{key}`", exception.name.name);
        self.report(
            Diagnostic::new(codes::EXCEPTION, message, exception.name.span, format!("no `{key}:` entry"))
                .help(format!("add `{key}:`, {what}")),
        );
        None
    }
}

pub(super) fn entry<'e>(exception: &'e ast::Exception, key: &str) -> Option<&'e ast::Given> {
    exception.entries.iter().find(|given| &*given.key.name == key)
}
