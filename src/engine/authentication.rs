//! What a verdict says about who really sent the message, and on whose word.

use crate::auth::{self, METHODS, Source};
use crate::message::Message;
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// The results that rules saw, and the trusted sources behind them.
#[derive(Clone, Debug, Serialize)]
pub struct Authentication {
    /// The results by method, with the source that decided about each.
    pub results: Vec<AuthenticationResult>,
    /// Authenticated domains that are aligned with From.
    pub authenticated_domains: Vec<Arc<str>>,
    /// Methods of which the border and own verification say different things.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disagreements: Vec<&'static str>,
    /// Why results are no pass, by source.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

/// The result of one method.
#[derive(Clone, Debug, Serialize)]
pub struct AuthenticationResult {
    /// `spf`, `dkim`, `dmarc`, `arc`, `compauth`.
    pub method: &'static str,
    /// One of [`auth::RESULTS`].
    pub result: Arc<str>,
    /// Who decided: `headers mx.example.com`, `verified ruleeval`, `arc list.example`; absent for results
    /// that a test gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl Authentication {
    pub(super) fn of(message: &Message) -> Self {
        let auth = auth::of(message);
        let name = |source: &Source| format!("{} {}", source.kind_name(), source.id);
        let by = |method: &str| auth.sources.iter().find(|source| auth.decides(source).contains(&method));
        let known = METHODS.iter().map(|method| (*method, auth.result(method)));
        let results = known.filter(|(_, result)| &***result != "unknown").map(|(method, result)| {
            AuthenticationResult { method, result: Arc::clone(result), source: by(method).map(|source| name(source)) }
        });
        let reasons = auth.sources.iter().flat_map(|source| {
            source.reasons.iter().map(|reason| format!("{}: {reason}", name(source))).collect::<Vec<_>>()
        });
        Self {
            results: results.collect(),
            authenticated_domains: auth.authenticated_domains.clone(),
            disagreements: auth.disagreements.clone(),
            reasons: reasons.collect(),
        }
    }
}

impl fmt::Display for Authentication {
    /// One line: `spf=pass (headers mx.example.com), dkim=fail (verified ruleeval); as example.com`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.results.is_empty() {
            return f.write_str("nothing known from a trusted source");
        }
        for (index, one) in self.results.iter().enumerate() {
            let source = one.source.as_deref().unwrap_or("given by a test");
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{}={} ({})", one.method, one.result, source.escape_debug())?;
        }
        match self.authenticated_domains.join(", ") {
            domains if domains.is_empty() => f.write_str("; as nobody"),
            domains => write!(f, "; as {}", domains.escape_debug()),
        }
    }
}
