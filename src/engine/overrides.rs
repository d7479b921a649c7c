//! What packs and sites make of a rule's severity, score and mode, and until when. The rule itself
//! stays as its author wrote it.

use super::requires;
use crate::calendar;
use crate::check::hir::{Mode, Program, RuleSeverity};
use crate::diagnostic::{Diagnostic, codes, suggest};
use crate::matcher::Glob;
use crate::pack::{Override, Pack, PackMode, Step};
use crate::source::Span;
use serde::Serialize;
use std::sync::Arc;

/// Severity, score and mode of a rule as they count now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Effect {
    pub(super) severity: RuleSeverity,
    /// In thousandths.
    pub(super) score: i64,
    pub(super) mode: Mode,
}

/// A change of one rule.
#[derive(Clone, Debug)]
struct Change {
    severity: Option<RuleSeverity>,
    score: Option<i64>,
    mode: Option<Mode>,
    /// Milliseconds since 1970 from which it no longer holds.
    expires: i64,
}

/// An override as an engine has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OverrideInfo {
    /// The pack that says it.
    pub pack: String,
    /// The rules.
    pub rule: String,
    /// What it changes: `mode off, score 1.5`.
    pub changes: String,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The day from which it no longer holds.
    pub expires: String,
    /// How many rules it changes.
    pub rules: usize,
}

/// An exception as an engine has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExceptionInfo {
    /// `pack/name`.
    pub name: Arc<str>,
    /// The rules that it is for, as a glob over `pack/rule`.
    pub rules: Arc<str>,
    /// Who answers for it.
    pub owner: Arc<str>,
    /// Why.
    pub reason: Arc<str>,
    /// Milliseconds since 1970 from which it no longer suppresses.
    pub expires: i64,
    /// How many rules it concerns.
    pub concerns: usize,
}

/// What is changed, by rule.
#[derive(Clone, Debug, Default)]
pub(super) struct Overrides {
    /// By rule id: what the packs make of the rule, and changes, of which the last that holds wins.
    rules: Vec<(Option<Mode>, Vec<Change>)>,
    pub(super) infos: Vec<OverrideInfo>,
}

impl Overrides {
    /// Collects the overrides of all packs, in their order.
    pub(super) fn collect(
        packs: &[Pack],
        program: &Program,
        now: Option<i64>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut overrides = Self { rules: vec![(None, Vec::new()); program.rules.len()], infos: Vec::new() };
        for (rule, (mode, _)) in program.rules.iter().zip(&mut overrides.rules) {
            let pack = rule.name.split('/').next().and_then(|name| requires::find(packs, name));
            *mode = pack.map(|pack| mode_of(pack.manifest.mode)).filter(|mode| *mode != Mode::Enforce);
        }
        for pack in packs {
            for (at, one) in pack.manifest.overrides.iter().enumerate() {
                overrides.add(packs, pack, at, one, program, now, diagnostics);
            }
        }
        overrides
    }

    #[allow(clippy::too_many_arguments)]
    fn add(
        &mut self,
        packs: &[Pack],
        pack: &Pack,
        at: usize,
        one: &Override,
        program: &Program,
        now: Option<i64>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let place = |key| pack.place(&[Step::Key("overrides"), Step::Item(at), Step::Key(key)]);
        let Some(change) = change(one) else {
            let item = pack.place(&[Step::Key("overrides"), Step::Item(at)]);
            diagnostics.push(
                Diagnostic::new(codes::OVERRIDE, "the override changes nothing", item, "nothing but who and why")
                    .help("give `mode`, `enabled`, `severity` or `score`"),
            );
            return;
        };
        let (name, rules) = one.rule.split_once('/').unwrap_or((&one.rule, "*"));
        let Some(target) = required(packs, pack, name) else {
            diagnostics.push(not_required(pack, name, place("rule")));
            return;
        };
        let glob = Glob::new(&format!("{}/{rules}", target.manifest.name), false);
        let mut count = 0;
        for (rule, (_, changes)) in program.rules.iter().zip(&mut self.rules) {
            if glob.is_match(&rule.name) {
                changes.push(change.clone());
                count += 1;
            }
        }
        if count == 0 {
            diagnostics.push(no_rule(target, &one.rule, program, place("rule")));
        }
        if now.is_some_and(|now| change.expires <= now) {
            let message = format!("the override of `{}` has expired and no longer holds", one.rule);
            let problem = Diagnostic::new(codes::EXPIRED, message, place("expires"), "is past");
            diagnostics.push(problem.help(format!("renew or remove it; ask {}", one.owner)));
        }
        self.infos.push(OverrideInfo {
            pack: pack.manifest.name.clone(),
            rule: one.rule.clone(),
            changes: shown(one),
            owner: one.owner.clone(),
            reason: one.reason.clone(),
            expires: one.expires.clone(),
            rules: count,
        });
    }

    /// What counts for a rule by the clock `now`. Without a clock nothing expires.
    /// False if the rule is never switched off.
    pub(super) fn perhaps_off(&self, id: usize, rule: &crate::check::hir::Rule) -> bool {
        let switched = |(pack, changes): &(Option<Mode>, Vec<Change>)| *pack == Some(Mode::Off) || !changes.is_empty();
        rule.meta.mode == Mode::Off || self.rules.get(id).is_some_and(switched)
    }

    pub(super) fn effect(&self, id: usize, rule: &crate::check::hir::Rule, now: Option<i64>) -> Effect {
        let meta = &rule.meta;
        let mut effect = Effect { severity: meta.severity, score: meta.score, mode: meta.mode };
        let Some((pack, changes)) = self.rules.get(id) else { return effect };
        if let Some(most) = pack {
            effect.mode = weaker(effect.mode, *most);
        }
        for change in changes.iter().filter(|change| now.is_none_or(|now| now < change.expires)) {
            effect.severity = change.severity.unwrap_or(effect.severity);
            effect.score = change.score.unwrap_or(effect.score);
            effect.mode = change.mode.unwrap_or(effect.mode);
        }
        effect
    }
}

fn required<'p>(packs: &'p [Pack], pack: &Pack, name: &str) -> Option<&'p Pack> {
    pack.manifest.requires.packs().find(|(required, _)| *required == name)?;
    requires::find(packs, name)
}

fn not_required(pack: &Pack, name: &str, place: Span) -> Diagnostic {
    let message = format!("pack `{}` changes rules of `{name}`, which it does not require", pack.manifest.name);
    Diagnostic::new(codes::OVERRIDE, message, place, "not among `requires: packs:`")
        .help(format!("add `{name}` to `requires: packs:`"))
}

fn no_rule(target: &Pack, rule: &str, program: &Program, place: Span) -> Diagnostic {
    let own = format!("{}/", target.manifest.name);
    let names = program.rules.iter().map(|rule| &*rule.name).filter(|name| name.starts_with(&own));
    let problem = Diagnostic::new(codes::OVERRIDE, format!("there is no rule `{rule}`"), place, "matches no rule");
    match suggest::nearest(rule, names) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help("an override that changes nothing protects nobody: remove it"),
    }
}

fn change(one: &Override) -> Option<Change> {
    let off = (one.enabled == Some(false)).then_some(Mode::Off);
    let change = Change {
        severity: one.severity.as_deref().and_then(super::policy::severity),
        score: one.score.map(|score| (score * 1000.0).round() as i64),
        mode: off.or(one.mode.map(mode_of)),
        expires: calendar::day(&one.expires)?,
    };
    (change.severity.is_some() || change.score.is_some() || change.mode.is_some()).then_some(change)
}

fn shown(one: &Override) -> String {
    let mode = match (one.enabled, one.mode) {
        (Some(false), _) | (_, Some(PackMode::Off)) => Some("mode off".to_owned()),
        (_, Some(PackMode::Shadow)) => Some("mode shadow".to_owned()),
        (_, Some(PackMode::Enforce)) => Some("mode enforce".to_owned()),
        (_, None) => None,
    };
    let severity = one.severity.as_ref().map(|severity| format!("severity {severity}"));
    let score = one.score.map(|score| format!("score {score}"));
    [mode, severity, score].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn mode_of(mode: PackMode) -> Mode {
    match mode {
        PackMode::Off => Mode::Off,
        PackMode::Shadow => Mode::Shadow,
        PackMode::Enforce => Mode::Enforce,
    }
}

fn weaker(a: Mode, b: Mode) -> Mode {
    match (a, b) {
        (Mode::Off, _) | (_, Mode::Off) => Mode::Off,
        (Mode::Shadow, _) | (_, Mode::Shadow) => Mode::Shadow,
        (Mode::Enforce, Mode::Enforce) => Mode::Enforce,
    }
}

/// For each rule the exceptions that concern it, by position. One that concerns no rule is told.
pub(super) fn exceptions(packs: &[Pack], program: &Program, diagnostics: &mut Vec<Diagnostic>) -> Vec<Vec<u32>> {
    let mut of_rules = vec![Vec::new(); program.rules.len()];
    for (exception, at) in program.exceptions.iter().zip(0..) {
        let glob = Glob::new(&current_name(packs, &exception.rules), false);
        let mut concerned = 0;
        for (rule, exceptions) in program.rules.iter().zip(&mut of_rules) {
            if glob.is_match(&rule.name) {
                exceptions.push(at);
                concerned += 1;
            }
        }
        if concerned == 0 && !program.rules.is_empty() {
            let message = format!("exception `{}` concerns no rule", exception.name);
            let problem = Diagnostic::new(codes::UNUSED, message, exception.span, "`for:` matches no loaded rule");
            diagnostics.push(problem.help("load the pack that it is for, or remove it"));
        }
    }
    of_rules
}

/// A glob over `pack/rule` with the pack's present name, where it names one that was replaced.
fn current_name(packs: &[Pack], glob: &Arc<str>) -> String {
    let Some((pack, rule)) = glob.split_once('/') else { return glob.to_string() };
    match requires::find(packs, pack) {
        Some(found) => format!("{}/{rule}", found.manifest.name),
        None => glob.to_string(),
    }
}
