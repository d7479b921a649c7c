//! What each pack declares: definitions, lists, rules.

use super::hir::{ListId, ListInfo, ListOrigin, TemplateId};
use super::{External, PackInput, Vocabulary};
use crate::diagnostic::{Diagnostic, codes, suggest};
use crate::syntax::ast;
use crate::value::Type;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The types that a list may have.
pub(super) const LIST_TYPES: [&str; 9] = ["string", "domain", "email", "url", "ip", "cidr", "hash", "pattern", "glob"];

/// All declared names of all packs.
pub(super) struct Symbols<'a> {
    pub(super) packs: BTreeMap<Arc<str>, PackSymbols<'a>>,
    pub(super) lists: Vec<ListInfo>,
    /// How many templates there are.
    templates: u32,
    externals: BTreeMap<String, ListId>,
}

/// The names of one pack.
#[derive(Default)]
pub(super) struct PackSymbols<'a> {
    pub(super) defs: BTreeMap<Arc<str>, &'a ast::Def>,
    pub(super) rules: BTreeMap<Arc<str>, &'a ast::Rule>,
    pub(super) lists: BTreeMap<Arc<str>, (ListId, &'a ast::List)>,
    pub(super) templates: BTreeMap<Arc<str>, (TemplateId, &'a ast::Template)>,
    /// Names of other packs as this one writes them, with the packs' own.
    pub(super) requires: Vec<(Arc<str>, Arc<str>)>,
}

impl<'a> Symbols<'a> {
    pub(super) fn collect(
        packs: &[PackInput<'a>],
        vocabulary: Vocabulary<'_>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut symbols = Self { packs: BTreeMap::new(), lists: Vec::new(), templates: 0, externals: BTreeMap::new() };
        symbols.collect_externals(vocabulary);
        for pack in packs {
            let mut own = PackSymbols { requires: pack.requires.clone(), ..PackSymbols::default() };
            let mut seen = BTreeMap::new();
            for item in pack.files.iter().flat_map(|file| &file.items) {
                symbols.collect_item(pack, item, &mut own, &mut seen, diagnostics);
            }
            symbols.packs.insert(Arc::clone(&pack.name), own);
        }
        symbols
    }

    fn collect_externals(&mut self, vocabulary: Vocabulary<'_>) {
        for (name, external) in vocabulary.externals {
            if let External::List(kind) = external {
                let id = ListId(self.lists.len() as u32);
                let info = ListInfo { name: name.as_str().into(), kind: (*kind).into(), origin: ListOrigin::External };
                self.lists.push(info);
                self.externals.insert(name.clone(), id);
            }
        }
    }

    fn collect_item(
        &mut self,
        pack: &PackInput<'a>,
        item: &'a ast::Item,
        own: &mut PackSymbols<'a>,
        seen: &mut BTreeMap<(u8, Arc<str>), crate::source::Span>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        // Lists have a namespace of their own (`$name`), and so have exceptions.
        let (space, ident) = match &item.kind {
            ast::ItemKind::Rule(rule) => (0, &rule.name),
            ast::ItemKind::Def(def) => (1, &def.name),
            ast::ItemKind::List(list) => (2, &list.name),
            ast::ItemKind::Exception(exception) => (3, &exception.name),
            ast::ItemKind::Template(template) => (4, &template.name),
        };
        if matches!(&item.kind, ast::ItemKind::Def(_)) && *ident.name == *"template" {
            let problem = Diagnostic::new(codes::TEMPLATE, "`template` is reserved", ident.span, "not a name");
            diagnostics.push(problem.help("`template(name)` reads a template; give the definition another name"));
        }
        if let Some(first) = seen.get(&(space, Arc::clone(&ident.name))) {
            let message = format!("`{}` is defined twice", ident.name);
            let problem = Diagnostic::new(codes::DUPLICATE, message, ident.span, "defined again here");
            diagnostics.push(problem.also(*first, "first defined here").help("rename or remove one of them"));
            return;
        }
        seen.insert((space, Arc::clone(&ident.name)), ident.span);
        match &item.kind {
            ast::ItemKind::Rule(rule) => drop(own.rules.insert(Arc::clone(&ident.name), rule)),
            ast::ItemKind::Def(def) => drop(own.defs.insert(Arc::clone(&ident.name), def)),
            ast::ItemKind::List(list) => self.collect_list(pack, list, own, diagnostics),
            ast::ItemKind::Template(template) => {
                own.templates.insert(Arc::clone(&ident.name), (TemplateId(self.templates), template));
                self.templates += 1;
            }
            ast::ItemKind::Exception(_) => {}
        }
    }

    fn collect_list(
        &mut self,
        pack: &PackInput<'a>,
        list: &'a ast::List,
        own: &mut PackSymbols<'a>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        if list_type(&list.ty.name).is_none() {
            diagnostics.push(unknown_list_type(&list.ty));
            return;
        }
        let id = ListId(self.lists.len() as u32);
        let origin = match &list.source {
            ast::ListSource::Inline(entries) => ListOrigin::Inline(inline_entries(entries, &list.ty.name, diagnostics)),
            ast::ListSource::File(path, span) => ListOrigin::File(Arc::clone(&path.value), *span),
        };
        let name = format!("{}/{}", pack.name, list.name.name);
        self.lists.push(ListInfo { name: name.into(), kind: Arc::clone(&list.ty.name), origin });
        own.lists.insert(Arc::clone(&list.name.name), (id, list));
    }

    /// Finds a list by the name that a pack sees: its own first, then the configuration's, then
    /// those of the packs that it requires.
    pub(super) fn find_list(&self, pack: &str, name: &str) -> Option<ListId> {
        let own = |pack: &str| self.packs.get(pack).and_then(|symbols| symbols.lists.get(name)).map(|(id, _)| *id);
        own(pack).or_else(|| self.externals.get(name).copied()).or_else(|| {
            let requires = self.packs.get(pack).map(|symbols| symbols.requires.as_slice()).unwrap_or_default();
            requires.iter().find_map(|(_, required)| own(required))
        })
    }

    /// Every list name that a pack sees.
    pub(super) fn list_names(&self, pack: &str) -> Vec<&str> {
        let own = self.packs.get(pack).into_iter().flat_map(|symbols| symbols.lists.keys().map(|name| &**name));
        let externals = self.externals.keys().map(String::as_str);
        own.chain(externals).collect()
    }

    pub(super) fn list(&self, id: ListId) -> Option<&ListInfo> {
        self.lists.get(id.0 as usize)
    }
}

/// The type of a list's entries.
pub(super) fn list_type(kind: &str) -> Option<Type> {
    Some(match kind {
        "string" | "hash" | "glob" => Type::String,
        "domain" => Type::Domain,
        "email" => Type::Email,
        "url" => Type::Url,
        "ip" => Type::Ip,
        "cidr" => Type::Cidr,
        "pattern" => Type::Pattern,
        "int" => Type::Int,
        _ => return None,
    })
}

fn unknown_list_type(ty: &ast::Ident) -> Diagnostic {
    let message = format!("there is no list type `{}`", ty.name);
    let problem = Diagnostic::new(codes::UNKNOWN_TYPE, message, ty.span, "not a list type");
    match suggest::nearest(&ty.name, LIST_TYPES.into_iter().chain(["int"])) {
        Some(near) => problem.help(format!("did you mean `{near}`?")).edit(
            ty.span,
            near,
            format!("change `{}` to `{near}`", ty.name),
        ),
        None => problem.help(format!("lists hold one of: {}, int", LIST_TYPES.join(", "))),
    }
}

pub(super) fn inline_entries(
    entries: &[ast::Expr],
    kind: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(Arc<str>, crate::source::Span)> {
    let mut found = Vec::with_capacity(entries.len());
    for entry in entries {
        match literal_text(entry, kind) {
            Some(text) => found.push((text, entry.span)),
            None => diagnostics.push(
                Diagnostic::new(
                    codes::LIST,
                    format!("not an entry of a `{kind}` list"),
                    entry.span,
                    "must be a literal",
                )
                .help(if kind == "pattern" { "write `/regex/` or a string" } else { "write a string" }),
            ),
        }
    }
    found
}

fn literal_text(entry: &ast::Expr, kind: &str) -> Option<Arc<str>> {
    match &entry.kind {
        ast::ExprKind::Str(text) => Some(Arc::clone(&text.value)),
        ast::ExprKind::Address(text) if matches!(kind, "ip" | "cidr") => Some(Arc::clone(text)),
        ast::ExprKind::Int(number) if kind == "int" => Some(number.to_string().into()),
        ast::ExprKind::Neg(inner) if kind == "int" => match &inner.kind {
            ast::ExprKind::Int(number) => Some(format!("-{number}").into()),
            _ => None,
        },
        ast::ExprKind::Regex { pattern, flags } if kind == "pattern" && flags.is_empty() => Some(Arc::clone(pattern)),
        ast::ExprKind::Regex { pattern, flags } if kind == "pattern" && flags.bytes().all(|f| b"ismx".contains(&f)) => {
            Some(format!("(?{flags}){pattern}").into())
        }
        _ => None,
    }
}
