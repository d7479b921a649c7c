//! The lists of an engine: built from packs and configuration, and built again without the rules.

use super::verdict::PackInfo;
use super::{Engine, compile};
use crate::check::hir::{ListInfo, ListOrigin};
use crate::diagnostic::{self, Diagnostic, codes, suggest};
use crate::lists::{Layer, ListData, ListType, Lists};
use crate::pack::Pack;
use crate::source::{SourceMap, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Lists that the configuration or the host may give, with their types. Those of history are
/// absent without a host that knows it.
pub(super) const EXTERNAL_LISTS: [(&str, &str); 9] = [
    ("org_domains", "domain"),
    ("org_display_names", "string"),
    ("org_slds", "string"),
    ("tenant_domains", "domain"),
    ("recipient_emails", "email"),
    ("recipient_domains", "domain"),
    ("sender_emails", "email"),
    ("sender_domains", "domain"),
    ("org_emails", "email"),
];
/// Of those, the ones that are empty when the configuration does not name them.
const CONFIGURED: usize = 4;

/// Where the entries of all lists come from.
pub(super) struct Builder<'b> {
    pub(super) packs: &'b [Pack],
    pub(super) sources: &'b SourceMap,
    /// Lists of the configuration by name.
    pub(super) given: &'b BTreeMap<String, Vec<String>>,
    pub(super) org_domains: &'b [String],
    pub(super) now: Option<i64>,
}

/// What a configuration lays over a list.
#[derive(Clone, Debug)]
pub struct LayerSpec {
    /// The list: `pack/name`, or the bare name of a list of the configuration.
    pub list: String,
    /// For whom.
    pub scope: crate::lists::Scope,
    /// Stands above what users and domains say.
    pub enforced: bool,
    /// Entries that are added, as lines of a list's file.
    pub add: Arc<str>,
    /// Entries that are taken away, as lines of a list's file.
    pub remove: Arc<str>,
}

impl Builder<'_> {
    pub(super) fn build(&self, infos: &[ListInfo], diagnostics: &mut Vec<Diagnostic>) -> Vec<Option<Arc<ListData>>> {
        infos.iter().map(|info| self.data(info, diagnostics)).collect()
    }

    fn data(&self, info: &ListInfo, diagnostics: &mut Vec<Diagnostic>) -> Option<Arc<ListData>> {
        let kind = ListType::named(&info.kind)?;
        let (data, problems) = match &info.origin {
            ListOrigin::Inline(entries) => ListData::from_entries(kind, entries),
            ListOrigin::File(path, span) => self.file(kind, path, *span, &info.name)?.unwrap_or_else(|problem| {
                diagnostics.push(*problem);
                ListData::from_entries(kind, &[])
            }),
            ListOrigin::External => {
                let entries = self.external(&info.name)?;
                let entries: Vec<(Arc<str>, Span)> =
                    entries.iter().map(|entry| (entry.as_str().into(), Span::default())).collect();
                ListData::from_entries(kind, &entries)
            }
        };
        diagnostics.extend(problems);
        Some(Arc::new(data))
    }

    /// Entries of a list of the configuration; absent if only the host could know it.
    fn external(&self, name: &str) -> Option<&[String]> {
        if let Some(entries) = self.given.get(name) {
            return Some(entries);
        }
        if name == "org_domains" {
            return Some(self.org_domains);
        }
        EXTERNAL_LISTS[..CONFIGURED].iter().any(|(known, _)| *known == name).then_some(&[])
    }

    #[allow(clippy::type_complexity)]
    fn file(
        &self,
        kind: ListType,
        path: &str,
        span: Span,
        name: &str,
    ) -> Option<Result<(ListData, Vec<Diagnostic>), Box<Diagnostic>>> {
        let pack_name = name.split('/').next()?;
        let pack = self.packs.iter().find(|pack| pack.manifest.name == pack_name)?;
        let Some(id) = pack.lists.get(path) else {
            let message = format!("the pack has no list file `{path}`");
            let problem = Diagnostic::new(codes::LIST, message, span, "not found");
            let near = suggest::nearest(path, pack.lists.keys().map(String::as_str));
            return Some(Err(Box::new(match near {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("list files stand in the pack's folder `lists/`"),
            })));
        };
        let text = self.sources.get(*id).map(|source| Arc::clone(&source.text)).unwrap_or_default();
        Some(Ok(ListData::parse(kind, *id, &text, self.now)))
    }
}

/// Layers by the position of their list. The places of their problems are in a text of their own.
pub(super) fn layers(
    specs: &[LayerSpec],
    infos: &[ListInfo],
    sources: &mut SourceMap,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(u32, Layer)> {
    let mut layers = Vec::new();
    for spec in specs {
        let mut read = |what: &str, text: &Arc<str>, kind| {
            let id = sources.add(format!("{} of list `{}`", what, spec.list), Arc::clone(text));
            let (data, problems) = ListData::parse(kind, id, text, None);
            diagnostics.extend(problems);
            Arc::new(data)
        };
        let found = infos.iter().zip(0..).find(|(info, _)| *info.name == *spec.list);
        let Some((info, index)) = found else {
            let id = sources.add("list_layers", spec.list.as_str());
            let place = Span::new(id, 0, spec.list.len());
            let message = format!("there is no list `{}` to lay something over", spec.list);
            let problem = Diagnostic::new(codes::UNKNOWN_LIST, message, place, "no such list");
            let near = suggest::nearest(&spec.list, infos.iter().map(|info| &*info.name));
            diagnostics.push(match near {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("lists of packs are named `pack/list`"),
            });
            continue;
        };
        let Some(kind) = ListType::named(&info.kind) else { continue };
        let (add, remove) = (read("additions", &spec.add, kind), read("removals", &spec.remove, kind));
        layers.push((index, Layer { scope: spec.scope.clone(), enforced: spec.enforced, add, remove }));
    }
    layers
}

/// What became of a request for new lists.
#[derive(Debug)]
pub enum Reloaded {
    /// Nothing that was read has changed.
    Same,
    /// The same rules over other lists.
    Lists(Box<Engine>, Vec<Diagnostic>, SourceMap),
    /// More than lists has changed: the packs have to be compiled.
    Rules,
    /// The lists have errors; nothing was swapped.
    Refused(Vec<Diagnostic>, SourceMap),
}

impl Engine {
    /// The same rules over other lists. What verdicts say of the packs stays as it is: see
    /// [`Engine::reload_lists`] for lists that come from packs.
    #[must_use]
    pub fn with_lists(&self, lists: Arc<Lists>) -> Engine {
        Engine { lists, ..self.clone() }
    }

    /// The lists that rules ask.
    pub fn lists(&self) -> &Arc<Lists> {
        &self.lists
    }

    /// The declared lists in the order of [`Lists`]: name and type.
    pub fn list_infos(&self) -> impl Iterator<Item = (&Arc<str>, ListType)> {
        let infos = self.inner.program.lists.iter();
        infos.filter_map(|info| Some((&info.name, ListType::named(&info.kind)?)))
    }

    /// Reads the packs again from where they came from and swaps the lists if nothing else has
    /// changed. Layers and lists of the configuration stay.
    pub fn reload_lists(&self, now: Option<i64>) -> Reloaded {
        let inner = &*self.inner;
        let mut sources = SourceMap::default();
        let mut diagnostics = Vec::new();
        let mut packs = Vec::new();
        for pack in &inner.loaded {
            let Some(path) = &pack.path else {
                packs.push(pack.clone());
                continue;
            };
            let (again, problems) = Pack::load_with(path, &inner.loading, &mut sources);
            diagnostics.extend(problems);
            packs.push(again);
        }
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Reloaded::Refused(diagnostics, sources);
        }
        let pairs = || packs.iter().zip(self.packs.iter());
        if pairs().all(|(pack, info)| pack.digest.whole == info.digest) {
            return Reloaded::Same;
        }
        if packs.iter().zip(&inner.loaded).any(|(again, first)| again.digest.rules != first.digest.rules) {
            return Reloaded::Rules;
        }
        let settings = &inner.settings;
        let builder =
            Builder { packs: &packs, sources: &sources, given: &inner.given, org_domains: &settings.org_domains, now };
        let base = builder.build(&inner.program.lists, &mut diagnostics);
        diagnostic::sort(&mut diagnostics);
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Reloaded::Refused(diagnostics, sources);
        }
        let infos: Vec<PackInfo> = packs.iter().map(compile::info).collect();
        let lists = Arc::new(self.lists.with_base(base));
        Reloaded::Lists(Box::new(Engine { lists, packs: infos.into(), ..self.clone() }), diagnostics, sources)
    }
}
