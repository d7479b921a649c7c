//! DKIM-Signature fields (RFC 6376), beside what the trusted receiver says about them.

use super::{from_domain, same_organisation};
use crate::auth;
use crate::message::authres::Method;
use crate::message::{Domain, Message};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A DKIM-Signature field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DkimSignature {
    /// Who signs (`d=`).
    pub domain: Option<Arc<Domain>>,
    /// Name of the key (`s=`).
    pub selector: Option<Arc<str>>,
    /// On whose behalf (`i=`).
    pub identity: Option<Arc<str>>,
    /// Algorithm (`a=`).
    pub algorithm: Option<Arc<str>>,
    /// Signed header fields, lower case (`h=`).
    pub fields: Vec<Arc<str>>,
    /// Only the beginning of the body is signed (`l=`): anything may follow.
    pub partial_body: bool,
    /// When it was signed (`t=`), in milliseconds since 1970.
    pub signed: Option<i64>,
    /// When it expires (`x=`), in milliseconds since 1970.
    pub expires: Option<i64>,
    /// The signer is of the organisation that From names.
    pub aligned: bool,
    /// What the trusted sources say about it; `unknown` without one.
    pub result: Arc<str>,
}

/// Most signatures that are read.
const MOST: usize = 50;

/// The signatures of a message, topmost first.
pub fn signatures(message: &Message) -> Vec<DkimSignature> {
    let from = from_domain(message);
    let results = auth::signature_results(message);
    let results: Vec<&Arc<Method>> = results.iter().collect();
    let found = message.all("dkim-signature").count();
    if found > MOST {
        message.limit(format!("signatures: {MOST} of {found} read"));
    }
    let fields = message.all("dkim-signature").take(MOST);
    fields.map(|field| DkimSignature::new(&field.raw, from.as_deref(), &results)).collect()
}

impl DkimSignature {
    fn new(value: &str, from: Option<&Domain>, results: &[&Arc<Method>]) -> Self {
        let tags = tags(value);
        let text = |name: &str| tags.get(name).map(|value| Arc::from(value.as_str()));
        let millis = |name: &str| tags.get(name).and_then(|value| value.parse::<i64>().ok()?.checked_mul(1000));
        let domain = tags.get("d").and_then(|name| Domain::parse(name));
        let selector: Option<Arc<str>> = text("s");
        let fields = tags.get("h").map_or("", String::as_str).split(':').filter(|name| !name.is_empty());
        Self {
            aligned: matches!((&domain, from), (Some(domain), Some(from)) if same_organisation(domain, from)),
            result: result(domain.as_deref(), selector.as_deref(), results),
            domain,
            selector,
            identity: text("i"),
            algorithm: text("a"),
            fields: fields.map(|name| name.to_ascii_lowercase().into()).collect(),
            partial_body: tags.contains_key("l"),
            signed: millis("t"),
            expires: millis("x"),
        }
    }
}

/// `tag=value` pairs without any white space; of a tag that stands twice, the first.
fn tags(value: &str) -> BTreeMap<String, String> {
    let compact = |text: &str| text.split_whitespace().collect::<String>();
    let mut tags = BTreeMap::new();
    for (name, value) in value.split(';').filter_map(|tag| tag.split_once('=')) {
        tags.entry(compact(name).to_ascii_lowercase()).or_insert_with(|| compact(value));
    }
    tags
}

/// The result for a signer, by the selector where results name it. Of several results for one
/// signer the worst counts: nobody knows which one is meant.
fn result(domain: Option<&Domain>, selector: Option<&str>, results: &[&Arc<Method>]) -> Arc<str> {
    let Some(domain) = domain else { return "unknown".into() };
    let of_signer = |method: &&&Arc<Method>| {
        let named = method.property("header.d").map(|name| name.trim_start_matches('@').to_lowercase());
        let identity = || Some(method.property("header.i")?.rsplit('@').next()?.to_lowercase());
        named.or_else(identity).is_some_and(|name| *name == *domain.domain)
    };
    let by_selector = |method: &&&Arc<Method>| {
        method.property("header.s").is_none_or(|known| selector.is_some_and(|selector| **known == *selector))
    };
    let found: Vec<&&Arc<Method>> = results.iter().filter(of_signer).filter(by_selector).collect();
    let worst = found.iter().find(|method| &*method.result != "pass").or(found.first());
    auth::result(worst.map(|method| **method))
}
