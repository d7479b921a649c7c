//! Compiles packs to an immutable engine and asks it about messages.

mod account;
mod authentication;
mod cache;
mod compile;
mod lists;
mod overrides;
mod policy;
mod profile;
mod requires;
mod selectivity;
mod suite;
mod timeshift;
mod undecided;
mod verdict;
mod yara;

pub use crate::check::hir::{Mode, RuleSeverity, Status as Maturity};
pub use account::{Account, Arithmetic, NearMiss, Part, SeverityAction, Suppressed, Suppressor, Threshold};
pub use authentication::{Authentication, AuthenticationResult};
pub use cache::CompileCache;
pub use compile::{Compiled, Compiler};
pub use lists::{LayerSpec, Reloaded};
pub use overrides::{ExceptionInfo, OverrideInfo};
pub use policy::{ACCEPT, Origin};
pub use profile::{ClauseCost, FeatureCost, ProfileReport, RuleCost};
pub use selectivity::Selectivity;
pub use suite::{CaseFile, ExpectationEdit, TestCase, TestFailure, TestReport, TestResult};
pub use timeshift::{Moved, TimeChange, shift_dates};
pub use undecided::{Undecided, UndecidedRules};
pub use verdict::{Match, PackInfo, RuleInfo, Score, Suppression, Verdict};

use crate::builtins::{Builtins, Ctx, Env, builtins, to_json};
use crate::check::hir::{Program, RuleId};
use crate::check::{External, Vocabulary, check_expr};
use crate::diagnostic::Diagnostic;
use crate::eval::{
    Budget, Evidence, Machine, Missing, NearestMiss, Outcome, Profile, Reference, Scratch, Status, explain,
    nearest_miss,
};
use crate::lists::Lists;
use crate::message::{Envelope, Message, Settings, xpath};
use crate::pack::{Gates, Loading, Pack};
use crate::plan::Plan;
use crate::source::SourceMap;
use crate::template::TemplateSet;
use crate::value::{Catalog, Truth, Type, Value};
use overrides::Overrides;
use policy::Decision;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Compiled packs. Immutable, cheap to clone, shared between threads; scratch is separate.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
    /// Apart from the rules, so that they are swapped without compiling.
    lists: Arc<Lists>,
    packs: Arc<[PackInfo]>,
    /// Rules that are held in shadow, whatever they say of themselves.
    shadowed: Arc<BTreeSet<RuleId>>,
}

struct Inner {
    program: Program,
    /// The place of each rule in the order of names.
    ranks: Vec<u32>,
    /// The names of all rules in that order.
    names: Arc<[Arc<str>]>,
    /// Rules that their mode or an override may switch off.
    perhaps_off: Box<[bool]>,
    plan: Plan,
    env: Env,
    settings: Arc<Settings>,
    decision: Decision,
    overrides: Overrides,
    /// For each rule the exceptions that concern it.
    exceptions: Vec<Vec<u32>>,
    loaded: Vec<Pack>,
    /// Lists of the configuration.
    given: BTreeMap<String, Vec<String>>,
    loading: Loading,
    sources: SourceMap,
    externals: BTreeMap<String, External>,
    budget: Budget,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("packs", &self.packs).finish_non_exhaustive()
    }
}

/// What an evaluation is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Explain every match, and on whose word the sender is authenticated.
    pub evidence: bool,
    /// "Now" in milliseconds since 1970, for rules and exceptions that read time.
    pub now: Option<i64>,
}

/// Everything about one rule and one message.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Explanation {
    /// `pack/name`.
    pub rule: Arc<str>,
    /// How the rule ended.
    pub status: Status,
    /// The `unless` clauses that hold.
    pub suppressed_by: Vec<Arc<str>>,
    /// The exceptions that hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Arc<str>>,
    /// What was missing.
    pub missing: Vec<String>,
    /// The clause tree.
    pub evidence: Evidence,
    /// How close it came, if it did not match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<NearestMiss>,
}

impl Engine {
    /// Parses a message for this engine's receiver. Never fails: see [`Message::parse`].
    pub fn parse(&self, raw: impl Into<Arc<[u8]>>) -> Arc<Message> {
        Message::parse(raw, Arc::clone(&self.inner.settings))
    }

    /// Parses a message of which the host knows the envelope: client address, HELO, MAIL FROM.
    pub fn parse_with(&self, raw: impl Into<Arc<[u8]>>, envelope: Envelope) -> Arc<Message> {
        Message::parse_with(raw, Arc::clone(&self.inner.settings), envelope)
    }

    /// Scratch for [`Engine::evaluate`]; one for each thread, used again for every message.
    pub fn scratch(&self) -> Scratch {
        Scratch::new()
    }

    /// The names of all rules, `pack/name`, sorted.
    pub fn rules(&self) -> Vec<Arc<str>> {
        self.inner.names.to_vec()
    }

    /// What all rules say of themselves, in the order of their names.
    pub fn rule_infos(&self) -> Vec<RuleInfo> {
        let info = |(id, rule): (usize, &Arc<crate::check::hir::Rule>)| {
            let effect = self.inner.overrides.effect(id, rule, self.inner.env.now);
            RuleInfo {
                name: Arc::clone(&rule.name),
                title: rule.meta.title.as_deref().map(Arc::from),
                severity: effect.severity,
                score: Score(effect.score),
                mode: self.held(RuleId(id as u32), effect.mode),
                status: rule.meta.status,
                family: rule.meta.family.as_deref().map(Arc::from),
                at: self.inner.sources.location(rule.span),
            }
        };
        let mut infos: Vec<RuleInfo> = self.inner.program.rules.iter().enumerate().map(info).collect();
        infos.sort_by(|a, b| a.name.cmp(&b.name));
        infos
    }

    /// The same engine with these rules in shadow: reported, counting nothing. Names that no rule has
    /// are passed over; rules that were held so before no longer are.
    #[must_use]
    pub fn in_shadow<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Self {
        let names: BTreeSet<&str> = names.into_iter().collect();
        let rules = self.inner.program.rules.iter().zip(0..);
        let held = rules.filter(|(rule, _)| names.contains(&*rule.name)).map(|(_, id)| RuleId(id));
        Self { shadowed: Arc::new(held.collect()), ..self.clone() }
    }

    /// What a match of a rule does, if it is not held in shadow.
    fn held(&self, id: RuleId, mode: Mode) -> Mode {
        if mode == Mode::Enforce && self.shadowed.contains(&id) { Mode::Shadow } else { mode }
    }

    /// Where packs were read from, required ones too.
    pub fn pack_paths(&self) -> impl Iterator<Item = &Path> {
        self.inner.loaded.iter().filter_map(|pack| pack.path.as_deref())
    }

    /// A file that packs carry beside their rules, by the pack's name; packs without it are left out.
    pub fn carried(&self, path: &str) -> Vec<(&str, Vec<u8>)> {
        let carried = |pack: &'_ Pack| pack.read_file(path).ok();
        self.inner.loaded.iter().filter_map(|pack| Some((pack.manifest.name.as_str(), carried(pack)?))).collect()
    }

    /// What each pack demands of its rules on a labelled corpus, by the pack's name.
    pub fn gates(&self) -> Vec<(String, Gates)> {
        let gates = |pack: &Pack| Some((pack.manifest.name.clone(), pack.manifest.policy.as_ref()?.gates.clone()));
        self.inner.loaded.iter().filter_map(gates).collect()
    }

    /// For each rule, by its id in [`Scratch::steps`], its position among [`Engine::rules`].
    pub fn positions(&self) -> Vec<u32> {
        self.inner.ranks.clone()
    }

    /// The scores from which the policy takes an action, lowest first.
    pub fn thresholds(&self) -> Vec<(Arc<str>, Score)> {
        self.inner.decision.thresholds()
    }

    /// Which pack or configuration says each entry of the policy that counts, thresholds first.
    pub fn policy_origins(&self) -> &[Origin] {
        self.inner.decision.origins()
    }

    /// The overrides of all packs, in their order: of two for one rule the later counts.
    pub fn overrides(&self) -> &[OverrideInfo] {
        &self.inner.overrides.infos
    }

    /// The packs as they were read, in the order in which they were loaded: required ones before
    /// those that require them.
    pub fn loaded(&self) -> &[Pack] {
        &self.inner.loaded
    }

    /// The exceptions of all packs, in their order.
    pub fn exception_infos(&self) -> Vec<ExceptionInfo> {
        let inner = &*self.inner;
        let concerns = |at: u32| inner.exceptions.iter().filter(|of_rule| of_rule.contains(&at)).count();
        let exceptions = inner.program.exceptions.iter().zip(0..);
        exceptions
            .map(|(exception, at)| ExceptionInfo {
                name: Arc::clone(&exception.name),
                rules: Arc::clone(&exception.rules),
                owner: Arc::clone(&exception.owner),
                reason: Arc::clone(&exception.reason),
                expires: exception.expires,
                concerns: concerns(at),
            })
            .collect()
    }

    /// The templates of all packs.
    pub fn templates(&self) -> &TemplateSet {
        &self.inner.env.templates
    }

    /// The actions that the policy can choose, weakest first.
    pub fn actions(&self) -> Vec<Arc<str>> {
        self.inner.decision.actions()
    }

    /// The packs.
    pub fn packs(&self) -> &[PackInfo] {
        &self.packs
    }

    /// The receiver's side.
    pub fn settings(&self) -> &Arc<Settings> {
        &self.inner.settings
    }

    fn builtins(&self) -> &'static Builtins {
        builtins()
    }

    /// The lists are those of the message's recipients, as far as the host knows them.
    fn env(&self, now: Option<i64>, message: &Message) -> Env {
        let lists = if self.lists.is_for_everybody() {
            Arc::clone(&self.lists)
        } else {
            Arc::new(self.lists.for_recipients(message.recipients()))
        };
        Env { now: now.or(self.inner.env.now), lists, ..self.inner.env.clone() }
    }

    /// Decides about a message.
    pub fn evaluate(&self, message: &Arc<Message>, scratch: &mut Scratch, options: Options) -> Verdict {
        self.verdict(message, scratch, options, None)
    }

    /// Decides about a message and counts what it cost. The verdict is that of
    /// [`Engine::evaluate`]; a profile belongs to one engine.
    pub fn profile(
        &self,
        message: &Arc<Message>,
        scratch: &mut Scratch,
        options: Options,
        profile: &mut Profile,
    ) -> Verdict {
        self.verdict(message, scratch, options, Some(profile))
    }

    fn verdict(
        &self,
        message: &Arc<Message>,
        scratch: &mut Scratch,
        options: Options,
        profile: Option<&mut Profile>,
    ) -> Verdict {
        let env = self.env(options.now, message);
        self.verdict_in(Ctx { message, env: &env }, scratch, options, profile)
    }

    fn verdict_in(
        &self,
        ctx: Ctx<'_>,
        scratch: &mut Scratch,
        options: Options,
        profile: Option<&mut Profile>,
    ) -> Verdict {
        let inner = &*self.inner;
        let outcomes = Machine::run(&inner.plan, &inner.program, self.builtins(), ctx, scratch, &inner.budget, profile);
        let mut order: Vec<(u32, u32)> =
            outcomes.evaluated.iter().zip(0..).map(|((id, _), at)| (inner.ranks[id.0 as usize], at)).collect();
        order.sort_unstable();
        let mut draft = Draft::default();
        for (id, outcome) in order.iter().filter_map(|(_, at)| outcomes.evaluated.get(*at as usize)) {
            self.add(&mut draft, *id, outcome, ctx, options);
        }
        for (id, reasons) in outcomes.undecided() {
            if !inner.perhaps_off[id.0 as usize] || !self.is_off(id, ctx) {
                draft.undecided(inner.ranks[id.0 as usize], reasons);
            }
        }
        let (score, action) = inner.decision.apply(&mut draft.matches);
        Verdict {
            action,
            score,
            matches: draft.matches,
            suppressed: draft.suppressed,
            undecided: UndecidedRules::new(&inner.names, draft.reasons, draft.undecided),
            over_budget: draft.over_budget,
            // First: it may run into limits itself.
            auth: options.evidence.then(|| Authentication::of(ctx.message)),
            limits_hit: ctx.message.limits_hit(),
            anomalies: ctx.message.anomalies().to_vec(),
            packs: Arc::clone(&self.packs),
        }
    }

    fn is_off(&self, id: RuleId, ctx: Ctx<'_>) -> bool {
        let rule = &self.inner.program.rules[id.0 as usize];
        self.inner.overrides.effect(id.0 as usize, rule, ctx.env.now).mode == Mode::Off
    }

    fn add(&self, draft: &mut Draft, id: RuleId, outcome: &Outcome, ctx: Ctx<'_>, options: Options) {
        let inner = &*self.inner;
        let rule = &inner.program.rules[id.0 as usize];
        let effect = inner.overrides.effect(id.0 as usize, rule, ctx.env.now);
        if effect.mode == Mode::Off {
            return;
        }
        match outcome.status() {
            Status::NoMatch => {}
            Status::OverBudget => draft.over_budget.push(Arc::clone(&rule.name)),
            Status::Undecided => {
                draft.undecided(inner.ranks[id.0 as usize], &outcome.missing);
            }
            Status::Suppressed => draft.suppressed.push(Suppression {
                rule: Arc::clone(&rule.name),
                unless: outcome.suppressed_by.clone(),
                exceptions: Vec::new(),
            }),
            Status::Match => {
                let exceptions = self.exceptions(id, ctx);
                if !exceptions.is_empty() {
                    draft.suppressed.push(Suppression { rule: Arc::clone(&rule.name), unless: Vec::new(), exceptions });
                    return;
                }
                let explain = || explain(&inner.program, self.builtins(), ctx, &inner.sources, id);
                draft.matches.push(Match {
                    rule: Arc::clone(&rule.name),
                    title: rule.meta.title.as_deref().map(Arc::from),
                    severity: effect.severity,
                    mode: self.held(id, effect.mode),
                    score: Score(effect.score),
                    counted: Score(0),
                    family: rule.meta.family.as_deref().map(Arc::from),
                    attack: rule.meta.attack.clone(),
                    evidence: options.evidence.then(explain).flatten(),
                });
            }
        }
    }

    /// The exceptions that suppress a match. Expired ones no longer do.
    fn exceptions(&self, rule: RuleId, ctx: Ctx<'_>) -> Vec<Arc<str>> {
        let inner = &*self.inner;
        let mut held = Vec::new();
        let concern = inner.exceptions.get(rule.0 as usize).into_iter().flatten();
        for exception in concern.filter_map(|at| inner.program.exceptions.get(*at as usize)) {
            let expired = ctx.env.now.is_some_and(|now| exception.expires <= now);
            if !expired {
                let mut reference = Reference::new(&inner.program, self.builtins(), ctx);
                if reference.truth(&exception.when).is_true() {
                    held.push(Arc::clone(&exception.name));
                }
            }
        }
        held
    }

    /// Everything about one rule: `pack/name`, or the bare name if it is unique.
    pub fn explain(&self, message: &Arc<Message>, rule: &str, now: Option<i64>) -> Option<Explanation> {
        let id = self.find_rule(rule)?;
        let env = self.env(now, message);
        let mut explanation = self.explain_in(Ctx { message, env: &env }, id)?;
        if explanation.status == Status::Match {
            explanation.exceptions = self.exceptions(id, Ctx { message, env: &env });
            if !explanation.exceptions.is_empty() {
                explanation.status = Status::Suppressed;
            }
        }
        Some(explanation)
    }

    /// The rule by itself, without the exceptions that stand outside it.
    fn explain_in(&self, ctx: Ctx<'_>, id: RuleId) -> Option<Explanation> {
        let inner = &*self.inner;
        let outcome = Reference::new(&inner.program, self.builtins(), ctx).rule(id);
        let evidence = explain(&inner.program, self.builtins(), ctx, &inner.sources, id)?;
        let nearest = (outcome.status() != Status::Match)
            .then(|| nearest_miss(&inner.program, self.builtins(), ctx, &inner.sources, id))
            .flatten();
        Some(Explanation {
            rule: Arc::clone(&inner.program.rules[id.0 as usize].name),
            status: outcome.status(),
            suppressed_by: outcome.suppressed_by,
            exceptions: Vec::new(),
            missing: outcome.missing.iter().map(ToString::to_string).collect(),
            evidence,
            nearest,
        })
    }

    fn find_rule(&self, name: &str) -> Option<RuleId> {
        let rules = &self.inner.program.rules;
        let exact = rules.iter().position(|rule| *rule.name == *name);
        let bare = || {
            let mut found = rules.iter().enumerate().filter(|(_, rule)| rule.name.rsplit('/').next() == Some(name));
            found.next().filter(|_| found.next().is_none()).map(|(index, _)| index)
        };
        exact.or_else(bare).map(|index| RuleId(index as u32))
    }

    /// The outcome of every rule by the plan and by the reference evaluator, in the order of
    /// their ids: what differential tests compare.
    pub fn both_outcomes(&self, message: &Arc<Message>) -> Vec<(Arc<str>, Outcome, Outcome)> {
        let planned = self.planned_outcomes(message, &mut Scratch::new());
        let pairs = planned.into_iter().zip(self.reference_outcomes(message)).zip(&self.inner.program.rules);
        pairs.map(|((planned, reference), rule)| (Arc::clone(&rule.name), planned, reference)).collect()
    }

    /// The names of all rules in the order of their ids, which no host should rely on.
    pub fn names_by_id(&self) -> Vec<Arc<str>> {
        self.inner.program.rules.iter().map(|rule| Arc::clone(&rule.name)).collect()
    }

    /// The outcome of every rule by the plan, in the order of their ids.
    pub fn planned_outcomes(&self, message: &Arc<Message>, scratch: &mut Scratch) -> Vec<Outcome> {
        let inner = &*self.inner;
        let env = self.env(None, message);
        let ctx = Ctx { message, env: &env };
        let listed = Machine::run(&inner.plan, &inner.program, self.builtins(), ctx, scratch, &inner.budget, None);
        let mut planned = vec![Outcome::no_match(); inner.program.rules.len()];
        for (id, outcome) in listed.evaluated {
            planned[id.0 as usize] = outcome.clone();
        }
        for (id, missing) in listed.undecided() {
            let outcome = Outcome { truth: Truth::Unknown, missing: Arc::clone(missing), ..Outcome::no_match() };
            planned[id.0 as usize] = outcome;
        }
        planned
    }

    /// The outcome of every rule by the reference evaluator, in the order of their ids.
    pub fn reference_outcomes(&self, message: &Arc<Message>) -> Vec<Outcome> {
        let env = self.env(None, message);
        let mut reference = Reference::new(&self.inner.program, self.builtins(), Ctx { message, env: &env });
        (0..self.inner.program.rules.len() as u32).map(|id| reference.rule(RuleId(id))).collect()
    }

    /// The value of an expression, with the name of its type. Names and lists are those of the
    /// first pack.
    pub fn eval_expr(
        &self,
        text: &str,
        message: &Arc<Message>,
        now: Option<i64>,
    ) -> Result<(serde_json::Value, String), (Vec<Diagnostic>, SourceMap)> {
        let inner = &*self.inner;
        let mut sources = inner.sources.clone();
        let id = sources.add("expression", text);
        let (parsed, diagnostics) = crate::syntax::parse_expr(id, text);
        let Some(parsed) = parsed else { return Err((diagnostics, sources)) };
        let (files, names) = compile::parse_packs(&inner.loaded, &inner.sources);
        let inputs = compile::inputs(&inner.loaded, &files, &names);
        let vocabulary = Vocabulary {
            catalog: self.builtins().catalog(),
            externals: &inner.externals,
            xpath: xpath::check,
            now: None,
        };
        let (checked, program, diagnostics) = check_expr(&parsed, &inputs, vocabulary);
        let Some(checked) = checked else { return Err((diagnostics, sources)) };
        let env = self.env(now, message);
        let ctx = Ctx { message, env: &env };
        let value = Reference::new(&program, self.builtins(), ctx).value(&checked);
        let json = to_json(self.builtins(), &ctx, &value, &checked.ty);
        Ok((json, checked.ty.name(self.builtins().catalog())))
    }

    /// All features of a message as rules see them.
    pub fn features(&self, message: &Arc<Message>) -> serde_json::Value {
        let env = self.env(None, message);
        let ctx = Ctx { message, env: &env };
        let value = Value::record(Arc::clone(message));
        to_json(self.builtins(), &ctx, &value, &Type::Record(Catalog::MESSAGE))
    }

    /// The plan as text.
    pub fn plan_dump(&self) -> String {
        self.inner.plan.dump(&self.inner.program, self.builtins().catalog())
    }

    /// The typed rules as text.
    pub fn hir_dump(&self) -> String {
        format!("{:#?}\n", self.inner.program)
    }
}

#[derive(Default)]
struct Draft {
    matches: Vec<Match>,
    suppressed: Vec<Suppression>,
    /// Sets of reasons, and positions in the order of names with the number of their set.
    reasons: Vec<Arc<BTreeSet<Missing>>>,
    undecided: Vec<(u32, u32)>,
    over_budget: Vec<Arc<str>>,
}

impl Draft {
    fn undecided(&mut self, rank: u32, reasons: &Arc<BTreeSet<Missing>>) {
        // There are few sets, and rules with the same lie together.
        let known = self.reasons.iter().rposition(|known| Arc::ptr_eq(known, reasons));
        let number = known.unwrap_or_else(|| {
            self.reasons.push(Arc::clone(reasons));
            self.reasons.len() - 1
        });
        self.undecided.push((rank, number as u32));
    }
}
