//! From packs to an engine: all or nothing.

use super::cache::CompileCache;
use super::lists::{self, EXTERNAL_LISTS, LayerSpec};
use super::overrides::{Overrides, exceptions};
use super::policy::Decision;
use super::selectivity::Selectivity;
use super::verdict::PackInfo;
use super::{Engine, Inner, requires};
use crate::builtins::{Env, Provider, builtins};
use crate::check::hir::{Expr, Program};
use crate::check::{External, PackInput, Vocabulary, check_with};
use crate::diagnostic::{self, Diagnostic, codes};
use crate::eval::Budget;
use crate::lists::Lists;
use crate::message::{Settings, xpath};
use crate::pack::{Loading, Pack, Policy, Step};
use crate::plan::{Plan, PlanOptions};
use crate::source::{SourceId, SourceMap, Span};
use crate::syntax::{self, ast};
use crate::template::TemplateSet;
use crate::value::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Collects packs and configuration, then compiles them.
pub struct Compiler {
    sources: SourceMap,
    packs: Vec<Pack>,
    diagnostics: Vec<Diagnostic>,
    settings: Settings,
    lists: BTreeMap<String, Vec<String>>,
    layers: Vec<LayerSpec>,
    loading: Loading,
    /// YARA rules that no pack brought.
    yara: Vec<SourceId>,
    providers: Vec<Arc<dyn Provider>>,
    policy: Option<Policy>,
    plan: PlanOptions,
    selectivity: Selectivity,
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
            layers: Vec::new(),
            loading: Loading::default(),
            yara: Vec::new(),
            providers: Vec::new(),
            policy: None,
            plan: PlanOptions::default(),
            selectivity: Selectivity::default(),
            budget: Budget::default(),
            now: None,
        }
    }

    /// Whose signatures are believed. Comes before what it is about: see [`Compiler::load`].
    #[cfg(feature = "signed")]
    pub fn trust(&mut self, trust: crate::pack::Trust) -> &mut Self {
        self.loading.trust = trust;
        self
    }

    /// Reads a pack's folder, its archive, or a single rule file.
    pub fn load(&mut self, path: &Path) -> &mut Self {
        let (pack, diagnostics) = Pack::load_with(path, &self.loading, &mut self.sources);
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

    /// Adds YARA rules from memory: what `scan.yara` of a message's files matches. Packs bring theirs in
    /// `*.yar` files.
    pub fn yara(&mut self, name: &str, text: &str) -> &mut Self {
        self.yara.push(self.sources.add(name.to_owned(), text.to_owned()));
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

    /// Lays something over a list for everybody, a domain or a user: see [`crate::lists::Layer`].
    pub fn layer(&mut self, layer: LayerSpec) -> &mut Self {
        self.layers.push(layer);
        self
    }

    /// A provider of capabilities.
    pub fn provider(&mut self, provider: Arc<dyn Provider>) -> &mut Self {
        self.providers.push(provider);
        self
    }

    /// A policy that goes before the packs' own, entry by entry.
    pub fn policy(&mut self, policy: Policy) -> &mut Self {
        self.policy = Some(policy);
        self
    }

    /// Switches of the plan's optimisations.
    pub fn plan(&mut self, options: PlanOptions) -> &mut Self {
        self.plan = options;
        self
    }

    /// How often clauses decided where they were measured: the plan asks those first that decide most
    /// for the least cost. No verdict depends on it.
    pub fn selectivity(&mut self, selectivity: Selectivity) -> &mut Self {
        self.selectivity = selectivity;
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
    pub fn compile(self) -> Compiled {
        self.compile_with(&mut CompileCache::new())
    }

    /// The same, with what the last compilation left: files that have not changed are not parsed
    /// again, nor are their rules checked again, nor their patterns compiled. For a host that
    /// reloads packs while it runs.
    ///
    /// ```
    /// use ruleeval::engine::{CompileCache, Compiler};
    ///
    /// let mut cache = CompileCache::new();
    /// for words in ["wire the money", "gift card"] {
    ///     let mut compiler = Compiler::new();
    ///     compiler.rules("kept", "rule kept { when: subject.is_reply }");
    ///     compiler.rules("edited", &format!("rule lure {{ when: subject.base contains~ \"{words}\" }}"));
    ///     assert!(compiler.compile_with(&mut cache).engine.is_some());
    /// }
    /// ```
    pub fn compile_with(mut self, cache: &mut CompileCache) -> Compiled {
        self.settings.now = self.settings.now.or(self.now);
        self.load_required();
        let mut diagnostics = std::mem::take(&mut self.diagnostics);
        requires::check(&self.packs, &self.sources, &mut diagnostics);
        self.unsigned(&mut diagnostics);
        let mut files = Vec::with_capacity(self.packs.len());
        for pack in &self.packs {
            files.push(pack.rules.iter().map(|id| cache.parse(*id, &self.sources, &mut diagnostics)).collect());
        }
        cache.retain(&self.sources);
        let names: Vec<Arc<str>> = self.packs.iter().map(|pack| pack.manifest.name.as_str().into()).collect();
        let inputs = inputs(&self.packs, &files, &names);
        let externals = self.externals();
        let catalog = builtins().catalog();
        let vocabulary = Vocabulary { catalog, externals: &externals, xpath: xpath::check, now: self.now };
        let checked = check_with(&inputs, vocabulary, &mut cache.rules);
        diagnostics.extend(checked.diagnostics);
        let lists = self.build_lists(&checked.program, &mut diagnostics);
        let overrides = Overrides::collect(&self.packs, &checked.program, self.now, &mut diagnostics);
        let exceptions = exceptions(&self.packs, &checked.program, &mut diagnostics);
        rule_licenses(&checked.program, &mut diagnostics);
        let yara = super::yara::compile(&self.packs, &self.yara, &self.sources, &mut diagnostics);
        let decision = self.decision(&mut diagnostics);
        diagnostic::sort(&mut diagnostics);
        let failed = diagnostics.iter().any(Diagnostic::is_error);
        let engine = decision.filter(|_| !failed).map(|decision| {
            let templates = TemplateSet::new(checked.program.templates.clone());
            let measured = |clause: &Expr| {
                if self.selectivity.is_empty() {
                    None
                } else {
                    self.selectivity.chance(self.sources.snippet(clause.span))
                }
            };
            let plan = Plan::build(&checked.program, catalog, self.plan, &measured);
            let ranks = ranks(&checked.program);
            Engine {
                shadowed: Arc::default(),
                lists: Arc::new(lists),
                packs: self.packs.iter().map(info).collect(),
                inner: Arc::new(Inner {
                    exceptions,
                    given: self.lists,
                    loading: self.loading,
                    names: by_rank(&checked.program, &ranks),
                    perhaps_off: perhaps_off(&checked.program, &overrides),
                    ranks,
                    overrides,
                    program: checked.program,
                    plan,
                    env: Env {
                        now: self.now,
                        lists: Arc::default(),
                        templates: Arc::new(templates),
                        providers: self.providers,
                        yara,
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
        while index < self.packs.len() {
            let Some(path) = self.missing_neighbour(index) else {
                index += 1;
                continue;
            };
            let (required, diagnostics) = Pack::load_with(&path, &self.loading, &mut self.sources);
            self.diagnostics.extend(diagnostics);
            self.packs.insert(index, required);
        }
    }

    /// Where a pack lies that this one requires and that is not loaded.
    fn missing_neighbour(&self, index: usize) -> Option<std::path::PathBuf> {
        let pack = self.packs.get(index)?;
        let mut missing =
            pack.manifest.requires.packs().filter(|(name, _)| requires::find(&self.packs, name).is_none());
        missing.find_map(|(name, _)| pack.neighbour(name))
    }

    /// Packs that were loaded before signatures were asked for.
    fn unsigned(&self, diagnostics: &mut Vec<Diagnostic>) {
        #[cfg(feature = "signed")]
        if self.loading.trust.is_required() {
            let said = |pack: &&Pack| pack.path.is_some() && pack.signed.is_none() && !pack.is_refused();
            for pack in self.packs.iter().filter(said) {
                let message = format!("pack `{}` was loaded before signatures were asked for", pack.manifest.name);
                diagnostics.push(Diagnostic::new(codes::SIGNATURE, message, pack.place(&[]), "not verified"));
            }
        }
        #[cfg(not(feature = "signed"))]
        let _ = diagnostics;
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

    fn build_lists(&mut self, program: &Program, diagnostics: &mut Vec<Diagnostic>) -> Lists {
        let builder = lists::Builder {
            packs: &self.packs,
            sources: &self.sources,
            given: &self.lists,
            org_domains: &self.settings.org_domains,
            now: self.now,
        };
        let base = builder.build(&program.lists, diagnostics);
        let layers = lists::layers(&self.layers, &program.lists, &mut self.sources, diagnostics);
        Lists::layered(base, layers)
    }

    /// The given policy, then those of the packs, the last pack first, merged entry by entry; the
    /// default if there is none.
    fn decision(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<Decision> {
        let own = self.packs.iter().rev().filter_map(|pack| {
            let policy = pack.manifest.policy.as_ref()?;
            Some((pack.manifest.name.as_str(), policy, pack.place(&[Step::Key("policy")])))
        });
        let given = self.policy.as_ref().map(|policy| ("configuration", policy, Span::default()));
        let default = Policy::default();
        let mut policies: Vec<_> = given.into_iter().chain(own).collect();
        if policies.iter().all(|(_, policy, _)| policy.thresholds.is_empty() && policy.severity.is_empty()) {
            policies.push(("default", &default, Span::default()));
        }
        match Decision::merged(policies.iter().map(|(name, policy, _)| (*name, *policy))) {
            Ok(decision) => Some(decision),
            Err((name, reason)) => {
                let place = policies.iter().find(|(own, ..)| *own == name).map(|(.., place)| *place);
                let message = format!("the policy is malformed: {reason}");
                diagnostics.push(Diagnostic::new(codes::PACK, message, place.unwrap_or_default(), "in this policy"));
                None
            }
        }
    }
}

/// What verdicts say of a pack.
pub(super) fn info(pack: &Pack) -> PackInfo {
    PackInfo {
        name: pack.manifest.name.clone(),
        version: pack.manifest.version.clone(),
        digest: pack.digest.whole.clone(),
    }
}

/// Licences of rules that are no SPDX expressions.
fn rule_licenses(program: &Program, diagnostics: &mut Vec<Diagnostic>) {
    for rule in &program.rules {
        let Some(text) = &rule.meta.license else { continue };
        if let Some((reason, _)) = crate::pack::license_problem(text) {
            let message = format!("`{text}` is no SPDX licence expression: {reason}");
            let place = Span { end: rule.span.start, ..rule.span };
            let problem = Diagnostic::new(codes::LICENSE, message, place, "in this rule");
            diagnostics.push(problem.help("such as `Apache-2.0`; others are written `LicenseRef-name`"));
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

/// The names of all rules, sorted.
fn by_rank(program: &Program, ranks: &[u32]) -> Arc<[Arc<str>]> {
    let mut names = vec![Arc::from(""); ranks.len()];
    ranks.iter().zip(&program.rules).for_each(|(rank, rule)| names[*rank as usize] = Arc::clone(&rule.name));
    names.into()
}

fn perhaps_off(program: &Program, overrides: &Overrides) -> Box<[bool]> {
    program.rules.iter().enumerate().map(|(id, rule)| overrides.perhaps_off(id, rule)).collect()
}

/// The packs parsed again, without their diagnostics: they compiled.
pub(super) fn parse_packs(packs: &[Pack], sources: &SourceMap) -> (Vec<Vec<Arc<ast::File>>>, Vec<Arc<str>>) {
    let file = |id: &crate::source::SourceId| {
        let text = sources.get(*id).map(|source| Arc::clone(&source.text)).unwrap_or_default();
        Arc::new(syntax::parse(*id, &text).0)
    };
    let files = packs.iter().map(|pack| pack.rules.iter().map(file).collect()).collect();
    (files, packs.iter().map(|pack| pack.manifest.name.as_str().into()).collect())
}

pub(super) fn inputs<'f>(packs: &[Pack], files: &'f [Vec<Arc<ast::File>>], names: &[Arc<str>]) -> Vec<PackInput<'f>> {
    let pairs = packs.iter().zip(files).zip(names);
    pairs
        .map(|((pack, files), name)| PackInput {
            name: Arc::clone(name),
            files,
            requires: pack.manifest.requires.packs().map(|(name, _)| (name.into(), own_name(packs, name))).collect(),
            library: pack.manifest.library,
        })
        .collect()
}

/// The name of the pack that answers to a name.
fn own_name(packs: &[Pack], name: &str) -> Arc<str> {
    requires::find(packs, name).map_or(name, |pack| pack.manifest.name.as_str()).into()
}
