//! Whose results are believed, and what each of them says.

use super::envelope::{self, Facts};
use super::{RESULTS, sealed, trust};
use crate::message::Message;
use crate::message::authres::{AuthResults, Method};
use std::sync::Arc;

/// Where results come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Authentication-Results fields of the own border (RFC 8601).
    Headers,
    /// Own verification.
    Verified,
    /// ARC-Authentication-Results of a trusted sealer (RFC 8617).
    Arc,
}

/// Names of [`Kind`], in the same order.
pub const KINDS: &[&str] = &["headers", "verified", "arc"];
/// The methods of authentication.
pub const METHODS: &[&str] = &["spf", "dkim", "dmarc", "arc", "compauth"];

/// One trusted source and its results, each one of [`RESULTS`]; `unknown` for what it does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What it is.
    pub kind: Kind,
    /// The authserv-id, the sealer's domain, or `ruleeval`.
    pub id: Arc<str>,
    /// SPF.
    pub spf: Arc<str>,
    /// DKIM: `pass` if any signature passed.
    pub dkim: Arc<str>,
    /// DMARC.
    pub dmarc: Arc<str>,
    /// ARC.
    pub arc: Arc<str>,
    /// Microsoft's composite result.
    pub compauth: Arc<str>,
    /// Why something is no pass: `dkim s1._domainkey.example.com: ...`, where the source says so.
    pub reasons: Vec<Arc<str>>,
    pub(super) results: Vec<Arc<AuthResults>>,
}

impl Source {
    pub(super) fn new(kind: Kind, id: &str, results: Vec<Arc<AuthResults>>) -> Self {
        let mut source = Self {
            kind,
            id: id.into(),
            spf: "".into(),
            dkim: "".into(),
            dmarc: "".into(),
            arc: "".into(),
            compauth: "".into(),
            reasons: reasons(&results),
            results,
        };
        source.spf = result(source.first(|r| r.spf.as_ref()));
        source.dmarc = result(source.first(|r| r.dmarc.as_ref()));
        source.arc = result(source.first(|r| r.arc.as_ref()));
        source.compauth = result(source.first(|r| r.compauth.as_ref()));
        let passed = source.dkim_methods().find(|method| &*method.result == "pass");
        let dkim = result(passed.or(source.first(|r| r.dkim.first())));
        source.dkim = dkim;
        source
    }

    /// The first result of a method.
    pub(super) fn first(&self, pick: fn(&AuthResults) -> Option<&Arc<Method>>) -> Option<&Arc<Method>> {
        self.results.iter().find_map(|result| pick(result))
    }

    /// The results of all signatures.
    pub(super) fn dkim_methods(&self) -> impl Iterator<Item = &Arc<Method>> {
        self.results.iter().flat_map(|result| &result.dkim)
    }

    /// The result of a method by its name among [`METHODS`].
    pub fn result(&self, method: &str) -> &Arc<str> {
        match method {
            "spf" => &self.spf,
            "dkim" => &self.dkim,
            "dmarc" => &self.dmarc,
            "arc" => &self.arc,
            _ => &self.compauth,
        }
    }

    /// Its name among [`KINDS`].
    pub fn kind_name(&self) -> &'static str {
        KINDS[self.kind as usize]
    }
}

/// The trusted sources of a message, in the order of [`Kind`]. Without any nothing is known.
pub(super) fn sources(message: &Message) -> Vec<Source> {
    let mut sources = Vec::new();
    let believed = trust::believed(message);
    if let Some(first) = believed.first() {
        let id = first.id().to_owned();
        sources.push(Source::new(Kind::Headers, &id, believed));
    }
    if let Some(results) = verified(message, &envelope::facts(message)) {
        sources.push(Source::new(Kind::Verified, "ruleeval", vec![Arc::new(results)]));
    }
    sources.extend(sealed::believed(message, &sources));
    sources
}

#[cfg(feature = "verify")]
fn verified(message: &Message, facts: &Facts) -> Option<AuthResults> {
    super::verify::verify(message, facts)
}

/// Without the feature `verify` nothing is verified.
#[cfg(not(feature = "verify"))]
fn verified(_: &Message, _: &Facts) -> Option<AuthResults> {
    None
}

/// What the source says about results that are no pass.
fn reasons(results: &[Arc<AuthResults>]) -> Vec<Arc<str>> {
    let mut found = Vec::new();
    for result in results {
        let dkim = result.dkim.iter().map(|method| ("dkim", method));
        let others = [("spf", &result.spf), ("dmarc", &result.dmarc), ("arc", &result.arc)];
        let others = others.into_iter().filter_map(|(name, method)| Some((name, method.as_ref()?)));
        found.extend(dkim.chain(others).filter_map(|(name, method)| reason(name, method)));
    }
    found
}

fn reason(name: &str, method: &Method) -> Option<Arc<str>> {
    let reason = method.property("reason").or(method.comment.as_ref()).filter(|_| &*method.result != "pass")?;
    let place = match (method.property("header.s"), method.property("header.d")) {
        (Some(selector), Some(domain)) => format!(" {selector}._domainkey.{domain}"),
        (None, Some(domain)) => format!(" {domain}"),
        _ => String::new(),
    };
    Some(format!("{name}{place}: {}: {reason}", method.result).into())
}

/// A result by its canonical name; `unknown` for no result and for names that none has.
pub(crate) fn result(method: Option<&Arc<Method>>) -> Arc<str> {
    match method {
        Some(method) if RESULTS.contains(&&*method.result) => Arc::clone(&method.result),
        Some(method) if &*method.result == "hardfail" => "fail".into(),
        Some(method) if &*method.result == "timeout" => "temperror".into(),
        Some(_) | None => "unknown".into(),
    }
}
