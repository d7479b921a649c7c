//! From packs to an engine: all or nothing.

use super::policy::Decision;
use super::verdict::PackInfo;
use super::{Engine, Inner};
use crate::builtins::{Env, Provider, builtins};
use crate::check::hir::{ListInfo, ListOrigin, Program};
use crate::check::{External, PackInput, Vocabulary, check};
use crate::diagnostic::{self, Diagnostic, codes, suggest};
use crate::eval::Budget;
use crate::lists::{ListData, ListType, Lists};
use crate::message::{Settings, xpath};
use crate::pack::{Pack, Policy};
use crate::plan::{Plan, PlanOptions};
use crate::source::{SourceMap, Span};
use crate::syntax::{self, ast};
use crate::template::TemplateSet;
use crate::value::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Lists that the configuration or the host may give, with their types. Those of history are
/// absent without a host that knows it.
const EXTERNAL_LISTS: [(&str, &str); 9] = [
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

/// Collects packs and configuration, then compiles them.
pub struct Compiler {
    sources: SourceMap,
    packs: Vec<Pack>,
    diagnostics: Vec<Diagnostic>,
    settings: Settings,
    lists: BTreeMap<String, Vec<String>>,
    providers: Vec<Arc<dyn Provider>>,
    policy: Option<Policy>,
    plan: PlanOptions,
    budget: Budget,
    now: Option<i64>,
}

/// The result of a compilation.
#[derive(Debug)]
pub struct Compiled {
    /// The engine; absent if anything is an error.
    pub engine: Option<Engine>,
    /// All errors and warnings, sorted by place.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that the diagnostics point into.
    pub sources: SourceMap,
}

impl Default for Compiler {
    fn default() -> Self {
        Self::new()
    }
}

impl Compiler {
    /// An empty compiler.
    pub fn new() -> Self {
        Self {
            sources: SourceMap::default(),
            packs: Vec::new(),
            diagnostics: Vec::new(),
            settings: Settings::default(),
            lists: BTreeMap::new(),
            providers: Vec::new(),
            policy: None,
            plan: PlanOptions::default(),
            budget: Budget::default(),
            now: None,
        }
    }

    /// Reads a pack's folder or a single rule file.
    pub fn load(&mut self, path: &Path) -> &mut Self {
        let (pack, diagnostics) = Pack::load(path, &mut self.sources);
        self.diagnostics.extend(diagnostics);
        self.packs.push(pack);
        self
    }

    /// Adds rules from memory as a pack of their own.
    pub fn rules(&mut self, pack: &str, text: &str) -> &mut Self {
        let pack = Pack::from_text(pack, text, &mut self.sources);
        self.packs.push(pack);
        self
    }

    /// The receiver's side, and limits of parsing.
    pub fn settings(&mut self, settings: Settings) -> &mut Self {
        self.settings = settings;
        self
    }

    /// Entries of a list of the configuration: `org_domains`, `org_display_names` ...
    pub fn list(&mut self, name: &str, entries: Vec<String>) -> &mut Self {
        self.lists.insert(name.to_owned(), entries);
        self
    }

    /// A provider of capabilities.
    pub fn provider(&mut self, provider: Arc<dyn Provider>) -> &mut Self {
        self.providers.push(provider);
        self
    }

    /// A policy in place of the packs' own.
    pub fn policy(&mut self, policy: Policy) -> &mut Self {
        self.policy = Some(policy);
        self
    }

    /// Switches of the plan's optimisations.
    pub fn plan(&mut self, options: PlanOptions) -> &mut Self {
        self.plan = options;
        self
    }

    /// Steps that rules may cost.
    pub fn budget(&mut self, budget: Budget) -> &mut Self {
        self.budget = budget;
        self
    }

    /// "Now" in milliseconds since 1970, for what expires.
    pub fn now(&mut self, now: Option<i64>) -> &mut Self {
        self.now = now;
        self
    }

    /// Compiles everything. If anything is an error there is no engine; warnings do not prevent
    /// one.
    pub fn compile(mut self) -> Compiled {
        self.load_required();
        let mut diagnostics = std::mem::take(&mut self.diagnostics);
        self.check_packs(&mut diagnostics);
        let mut files = Vec::with_capacity(self.packs.len());
        for pack in &self.packs {
            let mut parsed = Vec::with_capacity(pack.rules.len());
            for id in &pack.rules {
                let text = self.sources.get(*id).map(|source| Arc::clone(&source.text)).unwrap_or_default();
                let (file, problems) = syntax::parse(*id, &text);
                diagnostics.extend(problems);
                parsed.push(file);
            }
            files.push(parsed);
        }
        let names: Vec<Arc<str>> = self.packs.iter().map(|pack| pack.manifest.name.as_str().into()).collect();
        let inputs = inputs(&self.packs, &files, &names);
        let externals = self.externals();
        let catalog = builtins().catalog();
        let vocabulary = Vocabulary { catalog, externals: &externals, xpath: xpath::check, now: self.now };
        let checked = check(&inputs, vocabulary);
        diagnostics.extend(checked.diagnostics);
        let lists = self.build_lists(&checked.program.lists, &mut diagnostics);
        let decision = self.decision(&mut diagnostics);
        diagnostic::sort(&mut diagnostics);
        let failed = diagnostics.iter().any(Diagnostic::is_error);
        let engine = decision.filter(|_| !failed).map(|decision| {
            let templates = TemplateSet::new(checked.program.templates.clone());
            let plan = Plan::build(&checked.program, catalog, self.plan);
            let packs = self.packs.iter().map(|pack| PackInfo {
                name: pack.manifest.name.clone(),
                version: pack.manifest.version.clone(),
                digest: pack.digest.clone(),
            });
            Engine {
                inner: Arc::new(Inner {
                    packs: packs.collect(),
                    ranks: ranks(&checked.program),
                    program: checked.program,
                    plan,
                    env: Env {
                        now: self.now,
                        lists: Arc::new(lists),
                        templates: Arc::new(templates),
                        providers: self.providers,
                    },
                    settings: Arc::new(self.settings),
                    decision,
                    loaded: self.packs,
                    sources: self.sources.clone(),
                    externals,
                    budget: self.budget,
                }),
            }
        });
        Compiled { engine, diagnostics, sources: self.sources }
    }

    /// Loads required packs that nobody loaded from beside the pack that asks for them, and puts
    /// them before it: its policy then counts. What is not there is reported afterwards.
    fn load_required(&mut self) {
        let mut index = 0;
        while let Some(pack) = self.packs.get(index) {
            let loaded = |name: &String| self.packs.iter().any(|pack| pack.manifest.name == *name);
            let mut missing = pack.manifest.requires.packs.iter().filter(|name| !loaded(name));
            let found = missing.find_map(|name| pack.neighbour(name));
            let Some(path) = found else {
                index += 1;
                continue;
            };
            let (required, diagnostics) = Pack::load(&path, &mut self.sources);
            self.diagnostics.extend(diagnostics);
            self.packs.insert(index, required);
        }
    }

    fn check_packs(&self, diagnostics: &mut Vec<Diagnostic>) {
        let names: Vec<&str> = self.packs.iter().map(|pack| pack.manifest.name.as_str()).collect();
        for (index, pack) in self.packs.iter().enumerate() {
            let place = pack.rules.first().map_or_else(Span::default, |id| Span::new(*id, 0, 0));
            if names[..index].contains(&names[index]) {
                let message = format!("two packs are called `{}`", names[index]);
                diagnostics.push(Diagnostic::new(codes::DUPLICATE, message, place, "the second one"));
            }
            for required in &pack.manifest.requires.packs {
                if !names.contains(&required.as_str()) {
                    let message =
                        format!("pack `{}` requires the pack `{required}`, which is not loaded", names[index]);
                    let problem = Diagnostic::new(codes::PACK, message, place, "in this pack");
                    let near = suggest::nearest(required, names.iter().copied());
                    diagnostics.push(match near {
                        Some(near) => problem.help(format!("did you mean `{near}`?")),
                        None => problem.help("load both packs, or put it beside this one"),
                    });
                }
            }
        }
    }

    fn externals(&self) -> BTreeMap<String, External> {
        let known = EXTERNAL_LISTS.iter().map(|(name, kind)| ((*name).to_owned(), External::List(kind)));
        let given = self.lists.keys().filter(|name| EXTERNAL_LISTS.iter().all(|(known, _)| known != name));
        let vips = self.settings.org_vips.iter().map(|vip| Value::record(Arc::new(vip.clone())));
        let vips = builtins().catalog().parse_type("[Vip]").map(|ty| External::Value(ty, Value::list(vips)));
        known
            .chain(given.map(|name| (name.clone(), External::List("string"))))
            .chain(vips.map(|vips| ("org_vips".to_owned(), vips)))
            .collect()
    }

    fn build_lists(&self, infos: &[ListInfo], diagnostics: &mut Vec<Diagnostic>) -> Lists {
        Lists::new(infos.iter().map(|info| self.list_data(info, diagnostics)).collect())
    }

    fn list_data(&self, info: &ListInfo, diagnostics: &mut Vec<Diagnostic>) -> Option<Arc<ListData>> {
        let kind = ListType::named(&info.kind)?;
        let (data, problems) = match &info.origin {
            ListOrigin::Inline(entries) => ListData::from_entries(kind, entries),
            ListOrigin::File(path, span) => self.list_file(kind, path, *span, &info.name)?.unwrap_or_else(|problem| {
                diagnostics.push(*problem);
                ListData::from_entries(kind, &[])
            }),
            ListOrigin::External => {
                let entries = self.external_entries(&info.name)?;
                let entries: Vec<(Arc<str>, Span)> =
                    entries.into_iter().map(|entry| (entry.into(), Span::default())).collect();
                ListData::from_entries(kind, &entries)
            }
        };
        diagnostics.extend(problems);
        Some(Arc::new(data))
    }

    /// Entries of a list of the configuration; absent if only the host could know it.
    fn external_entries(&self, name: &str) -> Option<Vec<String>> {
        if let Some(entries) = self.lists.get(name) {
            return Some(entries.clone());
        }
        if name == "org_domains" {
            return Some(self.settings.org_domains.clone());
        }
        EXTERNAL_LISTS[..CONFIGURED].iter().any(|(known, _)| *known == name).then(Vec::new)
    }

    #[allow(clippy::type_complexity)]
    fn list_file(
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

    /// The given policy, else that of the last pack that has one, else the default.
    fn decision(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<Decision> {
        let own = self.packs.iter().rev().find_map(|pack| pack.manifest.policy.as_ref().map(|policy| (policy, pack)));
        let default = Policy::default();
        let (policy, place) = match (&self.policy, own) {
            (Some(policy), _) => (policy, Span::default()),
            (None, Some((policy, pack))) => {
                (policy, pack.rules.first().map_or_else(Span::default, |id| Span::new(*id, 0, 0)))
            }
            (None, None) => (&default, Span::default()),
        };
        match Decision::new(policy) {
            Ok(decision) => Some(decision),
            Err(reason) => {
                diagnostics.push(Diagnostic::new(
                    codes::PACK,
                    format!("the policy is malformed: {reason}"),
                    place,
                    "in this pack",
                ));
                None
            }
        }
    }
}

/// The place of each rule in the order of names.
fn ranks(program: &Program) -> Vec<u32> {
    let mut order: Vec<u32> = (0..program.rules.len() as u32).collect();
    order.sort_by(|a, b| program.rules[*a as usize].name.cmp(&program.rules[*b as usize].name));
    let mut ranks = vec![0; order.len()];
    for (rank, rule) in order.into_iter().enumerate() {
        ranks[rule as usize] = rank as u32;
    }
    ranks
}

/// The packs parsed again, without their diagnostics: they compiled.
pub(super) fn parse_packs(packs: &[Pack], sources: &SourceMap) -> (Vec<Vec<ast::File>>, Vec<Arc<str>>) {
    let file = |id: &crate::source::SourceId| {
        let text = sources.get(*id).map(|source| Arc::clone(&source.text)).unwrap_or_default();
        syntax::parse(*id, &text).0
    };
    let files = packs.iter().map(|pack| pack.rules.iter().map(file).collect()).collect();
    (files, packs.iter().map(|pack| pack.manifest.name.as_str().into()).collect())
}

pub(super) fn inputs<'f>(packs: &[Pack], files: &'f [Vec<ast::File>], names: &[Arc<str>]) -> Vec<PackInput<'f>> {
    let pairs = packs.iter().zip(files).zip(names);
    pairs
        .map(|((pack, files), name)| PackInput {
            name: Arc::clone(name),
            files,
            requires: pack.manifest.requires.packs.iter().map(|name| name.as_str().into()).collect(),
            library: pack.manifest.library,
        })
        .collect()
}
