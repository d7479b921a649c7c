//! What a pack holds, in a form that layout and comments do not change.

use ruleeval::diagnostic::Diagnostic;
use ruleeval::lists::{ListData, ListType};
use ruleeval::pack::{Manifest, Pack};
use ruleeval::source::{SourceId, SourceMap};
use ruleeval::syntax::{self, ast};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a pack holds.
#[derive(Default)]
pub(super) struct Holdings {
    /// Holdings by kind and name (`rule`, `invoice`), as the lines of their trees.
    pub(super) items: BTreeMap<(&'static str, String), Vec<String>>,
    /// Entries of list files by path, as they are compared, with their expiry.
    pub(super) lists: BTreeMap<String, BTreeSet<String>>,
    /// What the manifest says, by key.
    pub(super) manifest: BTreeMap<String, String>,
}

impl Holdings {
    /// What cannot be parsed is in the diagnostics.
    pub(super) fn of(pack: &Pack, sources: &SourceMap, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut found = Self { manifest: manifest(&pack.manifest), ..Self::default() };
        let mut kinds = BTreeMap::new();
        for id in &pack.rules {
            let (file, problems) = syntax::parse(*id, &text(sources, *id));
            diagnostics.extend(problems);
            for item in file.items {
                if let ast::ItemKind::List(list) = &item.kind
                    && let ast::ListSource::File(path, _) = &list.source
                {
                    kinds.insert(path.value.to_string(), ListType::named(&list.ty.name).unwrap_or(ListType::String));
                }
                let name = name(&item);
                let tree = syntax::dump(&ast::File { source: *id, items: vec![item], comments: Vec::new() });
                found.items.insert(name, tree.lines().map(str::to_owned).collect());
            }
        }
        for (path, id) in &pack.lists {
            let kind = kinds.get(path).copied().unwrap_or(ListType::String);
            found.lists.insert(path.clone(), entries(kind, *id, &text(sources, *id)));
        }
        found
    }
}

fn text(sources: &SourceMap, id: SourceId) -> Arc<str> {
    sources.get(id).map(|source| Arc::clone(&source.text)).unwrap_or_default()
}

fn entries(kind: ListType, id: SourceId, text: &Arc<str>) -> BTreeSet<String> {
    let (data, _) = ListData::parse(kind, id, text, None);
    let entry = |at| match data.expires(at) {
        Some(moment) => format!("{} (expires {})", data.text(at), ruleeval::calendar::show(moment)),
        None => data.text(at).to_owned(),
    };
    (0..data.len()).map(entry).collect()
}

fn name(item: &ast::Item) -> (&'static str, String) {
    match &item.kind {
        ast::ItemKind::Rule(rule) => ("rule", rule.name.name.to_string()),
        ast::ItemKind::Def(def) => ("def", def.name.name.to_string()),
        ast::ItemKind::List(list) => ("list", list.name.name.to_string()),
        ast::ItemKind::Template(template) => ("template", template.name.name.to_string()),
        ast::ItemKind::Exception(exception) => ("exception", exception.name.name.to_string()),
    }
}

fn manifest(manifest: &Manifest) -> BTreeMap<String, String> {
    let facts = [
        ("name", manifest.name.clone()),
        ("version", manifest.version.clone()),
        ("license", manifest.license.clone()),
        ("mode", format!("{:?}", manifest.mode).to_lowercase()),
        ("requires engine", manifest.requires.engine.clone().unwrap_or_default()),
        ("requires packs", manifest.requires.packs.join(", ")),
        ("replaces", manifest.replaces.join(", ")),
        ("policy", manifest.policy.as_ref().map(|policy| format!("{policy:?}")).unwrap_or_default()),
        ("overrides", manifest.overrides.iter().map(|one| format!("{one:?}")).collect::<Vec<_>>().join("; ")),
    ];
    facts.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
