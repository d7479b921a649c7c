//! ARC-Authentication-Results (RFC 8617) of sealers that the configuration trusts: what an earlier
//! receiver saw before it sent the message on.
//!
//! They are believed only if the chain is valid, which a trusted source must have found, and only as
//! far as nobody else sealed afterwards: an untrusted sealer in between may have changed anything and
//! sealed that. Of several trusted seals in a row the oldest counts: it saw the message come in.

use super::source::{Kind, Source};
use crate::message::authres::{AuthResults, Method};
use crate::message::{Header, Message};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most sets that are read; more are no valid chain (RFC 8617 section 4.2.1).
const MOST: usize = 50;

/// One instance of the chain.
#[derive(Default)]
struct Set {
    results: Option<Arc<str>>,
    sealer: Option<String>,
}

/// What the oldest of the trusted newest sealers says, if the chain is valid by one of the sources
/// and invalid by none.
pub(super) fn believed(message: &Message, sources: &[Source]) -> Option<Source> {
    let trusted = &message.settings().trusted_arc_sealers;
    let by = |result: &str| sources.iter().any(|source| *source.arc == *result);
    if trusted.is_empty() || message.is_nested() || !by("pass") || by("fail") {
        return None;
    }
    let sets = sets(message)?;
    let is_trusted = |set: &&Set| {
        let sealer = set.sealer.as_deref().unwrap_or("");
        trusted.iter().any(|name| name.trim().trim_end_matches('.').eq_ignore_ascii_case(sealer))
    };
    let oldest = sets.iter().rev().take_while(is_trusted).last()?;
    let results = AuthResults::parse(oldest.results.as_deref()?);
    Some(Source::new(Kind::Arc, oldest.sealer.as_deref()?, vec![Arc::new(checked(results))]))
}

/// Results without a pass of DMARC that does not say for whom.
fn checked(mut results: AuthResults) -> AuthResults {
    let named = |method: &Arc<Method>| method.property("header.from").is_some();
    results.dmarc = results.dmarc.filter(|method| &*method.result != "pass" || named(method));
    results
}

/// The sets, oldest first; `None` if one is incomplete or stands twice.
fn sets(message: &Message) -> Option<Vec<Set>> {
    let mut sets: BTreeMap<usize, Set> = BTreeMap::new();
    let fields = |name| message.all(name).take(MOST + 1);
    for field in fields("arc-authentication-results") {
        let set = sets.entry(instance(field)?).or_default();
        if set.results.replace(Arc::clone(&field.raw)).is_some() {
            return None;
        }
    }
    for field in fields("arc-seal") {
        let sealer = tag(&field.raw, "d")?.trim_end_matches('.').to_lowercase();
        if sets.get_mut(&instance(field)?)?.sealer.replace(sealer).is_some() {
            return None;
        }
    }
    let complete = sets.len() <= MOST && sets.keys().copied().eq(1..=sets.len());
    (complete && sets.values().all(|set| set.sealer.is_some())).then(|| sets.into_values().collect())
}

/// `i=`, which stands first.
fn instance(field: &Header) -> Option<usize> {
    tag(&field.raw, "i")?.parse().ok()
}

/// The only tag of a name.
fn tag<'t>(text: &'t str, name: &'t str) -> Option<&'t str> {
    let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
    let mut found = pairs.filter(|(known, _)| known.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
    found.next().filter(|_| found.next().is_none())
}
