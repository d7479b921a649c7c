//! One result out of those of several trusted sources.

use super::signer;
use super::source::{Kind, Source};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The result of a method, and the source that decided. A failure by one source outweighs a pass by
/// the other; among the rest the more telling result counts, then the earlier source. A pass by a
/// trusted ARC sealer takes the place of anything else: forwarding breaks what he saw pass.
pub(super) fn result(sources: &[Arc<Source>], method: &str) -> (Arc<str>, Option<usize>) {
    let known = sources.iter().enumerate().filter(|(_, source)| source.kind != Kind::Arc);
    let mut best: Option<(u8, usize)> = None;
    for (index, source) in known {
        let rank = rank(source.result(method));
        if rank > 0 && best.is_none_or(|(known, _)| rank > known) {
            best = Some((rank, index));
        }
    }
    let best = best.map(|(_, index)| index);
    let sealed = sources.iter().position(|source| source.kind == Kind::Arc && &**source.result(method) == "pass");
    let passed = best.is_some_and(|index| &**sources[index].result(method) == "pass");
    let by = if passed || method == "arc" { best } else { sealed.or(best) };
    (by.map_or_else(|| "unknown".into(), |by| Arc::clone(sources[by].result(method))), by)
}

/// How much a result tells; 0 for none.
fn rank(result: &str) -> u8 {
    match result {
        "unknown" => 0,
        "none" => 1,
        "temperror" => 2,
        "permerror" => 3,
        "neutral" | "policy" => 4,
        "bestguesspass" | "softpass" => 5,
        "pass" => 6,
        // "fail", "softfail"
        _ => 7,
    }
}

/// The methods of which the border and own verification both know something, where only one says
/// `pass`.
pub(super) fn disagreements(sources: &[Arc<Source>]) -> Vec<&'static str> {
    let of = |kind: Kind| sources.iter().find(|source| source.kind == kind);
    let (Some(border), Some(own)) = (of(Kind::Headers), of(Kind::Verified)) else { return Vec::new() };
    let knows = |result: &str| !matches!(result, "unknown" | "temperror");
    let differ = |method: &&str| {
        let (a, b) = (&**border.result(method), &**own.result(method));
        knows(a) && knows(b) && (a == "pass") != (b == "pass")
    };
    ["spf", "dkim", "dmarc", "arc"].into_iter().filter(differ).collect()
}

/// The signers whose signatures hold, in order: by one of the sources, and against none in which all
/// signatures of that signer failed. If an ARC sealer decided, those that he saw pass count too.
pub(super) fn signers(sources: &[Arc<Source>], decider: Option<&Arc<Source>>) -> Vec<Arc<str>> {
    let direct = || sources.iter().filter(|source| source.kind != Kind::Arc);
    let refuted: BTreeSet<Arc<str>> = direct().flat_map(|source| refuted(source)).collect();
    let held = direct().flat_map(|source| passed(source)).filter(|name| !refuted.contains(name));
    let sealed = decider.filter(|by| by.kind == Kind::Arc).into_iter().flat_map(|by| passed(by));
    let mut seen = BTreeSet::new();
    held.chain(sealed).filter(|name| seen.insert(Arc::clone(name))).collect()
}

fn passed(source: &Source) -> impl Iterator<Item = Arc<str>> {
    source.dkim_methods().filter(|method| &*method.result == "pass").filter_map(|method| signer(method))
}

/// Signers of whom the source knows failures only.
fn refuted(source: &Source) -> BTreeSet<Arc<str>> {
    let failed = source.dkim_methods().filter(|method| matches!(&*method.result, "fail" | "hardfail"));
    let mut names: BTreeSet<Arc<str>> = failed.filter_map(|method| signer(method)).collect();
    passed(source).for_each(|name| {
        names.remove(&name);
    });
    names
}
