//! What packs are, and what comes out of them together.

use super::{InspectArgs, config};
use crate::Exit;
use crate::output::{complain, print, show};
use ruleeval::diagnostic::Diagnostic;
use ruleeval::engine::{Engine, Maturity, Mode};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Runs `pack inspect`.
pub(super) fn run(args: &InspectArgs) -> Result<(), Exit> {
    let compiled = config(&args.config)?.compile(&args.packs, crate::commands::clock(&args.config)?);
    let Some(engine) = compiled.engine else {
        let errors: Vec<_> = compiled.diagnostics.into_iter().filter(Diagnostic::is_error).collect();
        show(&errors, &compiled.sources);
        complain("nothing was loaded");
        return Err(Exit::InvalidRules);
    };
    print(&if args.json { format!("{:#}\n", document(&engine)) } else { text(&engine) });
    Ok(())
}

fn document(engine: &Engine) -> Value {
    let packs: Vec<Value> = engine
        .loaded()
        .iter()
        .map(|pack| {
            let manifest = &pack.manifest;
            json!({
                "name": manifest.name,
                "version": manifest.version,
                "description": manifest.description,
                "license": manifest.license,
                "digest": pack.digest.whole,
                "rules_digest": pack.digest.rules,
                "path": pack.path.as_ref().map(|path| path.display().to_string()),
                "requires": manifest.requires.packs,
                "replaces": manifest.replaces,
                "signed_by": pack.signed.as_ref().map(|(key, _)| key),
                "signature_comment": pack.signed.as_ref().map(|(_, comment)| comment),
            })
        })
        .collect();
    json!({
        "version": 1,
        "packs": packs,
        "policy": engine.policy_origins(),
        "overrides": engine.overrides(),
        "exceptions": engine.exception_infos(),
        "rules": engine.rule_infos(),
    })
}

fn text(engine: &Engine) -> String {
    let mut out = String::new();
    for pack in engine.loaded() {
        let manifest = &pack.manifest;
        let license = if manifest.license.is_empty() { "no licence" } else { &manifest.license };
        out.push_str(&format!("{} {}  ({license})\n", manifest.name, manifest.version));
        if !manifest.description.is_empty() {
            out.push_str(&format!("  {}\n", manifest.description));
        }
        out.push_str(&format!("  sha256:{}\n", pack.digest.whole));
        if let Some((key, comment)) = &pack.signed {
            out.push_str(&format!("  signed by {key}: {comment}\n"));
        }
        for (what, names) in [("requires", &manifest.requires.packs), ("replaces", &manifest.replaces)] {
            if !names.is_empty() {
                out.push_str(&format!("  {what} {}\n", names.join(", ")));
            }
        }
        out.push_str(&format!("  {}\n", rules(engine, &manifest.name)));
    }
    out.push_str("\nPolicy, each entry with the pack that says it\n");
    for origin in engine.policy_origins() {
        out.push_str(&format!("  {:<12} from {:<16} {}\n", origin.action, origin.from, origin.owner));
    }
    if !engine.overrides().is_empty() {
        out.push_str("\nOverrides\n");
    }
    for one in engine.overrides() {
        let head = format!("{}: {} -> {} ({} rule(s))", one.pack, one.rule, one.changes, one.rules);
        out.push_str(&format!("  {head}, until {}, {}: {}\n", one.expires, one.owner, one.reason));
    }
    let exceptions = engine.exception_infos();
    if !exceptions.is_empty() {
        out.push_str("\nExceptions\n");
    }
    for one in exceptions {
        out.push_str(&format!(
            "  {}: for {} ({} rule(s)), {}: {}\n",
            one.name, one.rules, one.concerns, one.owner, one.reason
        ));
    }
    out
}

/// `12 rules: 10 enforce, 2 shadow; 3 stable, 9 experimental`.
fn rules(engine: &Engine, pack: &str) -> String {
    let mut modes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut statuses: BTreeMap<&str, usize> = BTreeMap::new();
    let mut count = 0;
    for rule in engine.rule_infos().iter().filter(|rule| rule.name.split('/').next() == Some(pack)) {
        count += 1;
        *modes.entry(mode(rule.mode)).or_default() += 1;
        *statuses.entry(status(rule.status)).or_default() += 1;
    }
    let listed = |counts: &BTreeMap<&str, usize>| {
        counts.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
    };
    if count == 0 {
        return "no rules".into();
    }
    format!("{count} rule(s): {}; {}", listed(&modes), listed(&statuses))
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Off => "off",
        Mode::Shadow => "shadow",
        Mode::Enforce => "enforce",
    }
}

fn status(status: Maturity) -> &'static str {
    match status {
        Maturity::Experimental => "experimental",
        Maturity::Stable => "stable",
        Maturity::Deprecated => "deprecated",
    }
}
