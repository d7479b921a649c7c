//! Who really sent the message: results that are believed, and the domains that they authenticate.
//!
//! Two sources are trusted: what the own border wrote (`trust`), and own verification (`verify`).
//! A method passes if one of them says so and none says that it failed. What trusted ARC sealers saw
//! (`sealed`) stands in for what neither lets pass.

mod envelope;
mod merge;
mod sealed;
mod source;
mod trust;
#[cfg(feature = "verify")]
mod verify;

pub(crate) use source::result;
pub use source::{KINDS, Kind, METHODS, Source};
pub use trust::{believed, border, border_position};

use crate::message::authres::{AuthResults, Method};
use crate::message::{Domain, Message};
use source::sources;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Authentication results from trusted sources only. With none, everything is `unknown`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth {
    /// SPF result.
    pub spf: Arc<str>,
    /// DKIM result: `pass` if any signature passed.
    pub dkim: Arc<str>,
    /// DMARC result.
    pub dmarc: Arc<str>,
    /// ARC result.
    pub arc: Arc<str>,
    /// Microsoft's composite result.
    pub compauth: Arc<str>,
    /// Microsoft's three-digit reason of the composite result.
    pub compauth_reason: Option<Arc<str>>,
    /// The domain that SPF checked.
    pub mail_from: Option<Arc<Domain>>,
    /// The domains of signatures that passed.
    pub dkim_domains: Vec<Arc<str>>,
    /// Domains that a result authenticates *and* that are aligned with the From domain.
    pub authenticated_domains: Vec<Arc<str>>,
    /// What the DMARC policy made the receiver do (`action=`).
    pub dmarc_action: Option<Arc<str>>,
    /// The policy of From's domain, where a source says so: `none`, `quarantine`, `reject`.
    pub dmarc_policy: Option<Arc<str>>,
    /// A signature that passed is aligned with From.
    pub dkim_aligned: bool,
    /// The domain that SPF authenticated is aligned with From.
    pub spf_aligned: bool,
    /// Every authserv-id that the message carries, believed or not.
    pub authserv_ids_seen: Vec<Arc<str>>,
    /// True if some results were believed.
    pub trusted: bool,
    /// The trusted sources and what each says.
    pub sources: Vec<Arc<Source>>,
    /// Methods of which the own border and own verification say different things.
    pub disagreements: Vec<&'static str>,
    /// Which source, by its position, decided about which method.
    decided_by: Vec<(&'static str, usize)>,
}

/// The results that `auth.*` may have.
pub const RESULTS: &[&str] = &[
    "pass",
    "fail",
    "softfail",
    "neutral",
    "none",
    "policy",
    "temperror",
    "permerror",
    "bestguesspass",
    "softpass",
    "unknown",
];

/// The authentication of a message, computed once.
pub fn of(message: &Message) -> Arc<Auth> {
    message.once(|| Auth::new(message))
}

impl Auth {
    fn new(message: &Message) -> Self {
        let mut auth = Self::unknown();
        auth.authserv_ids_seen = ids_seen(message);
        auth.sources = sources(message).into_iter().map(Arc::new).collect();
        auth.trusted = !auth.sources.is_empty();
        auth.disagreements = merge::disagreements(&auth.sources);
        let mut decide = |method: &'static str| {
            let (result, by) = merge::result(&auth.sources, method);
            auth.decided_by.extend(by.map(|by| (method, by)));
            result
        };
        let decided = [decide("spf"), decide("dkim"), decide("dmarc"), decide("arc"), decide("compauth")];
        [auth.spf, auth.dkim, auth.dmarc, auth.arc, auth.compauth] = decided;
        let compauth = auth.deciding("compauth", |result| result.compauth.as_ref());
        auth.compauth_reason = compauth.and_then(|method| method.property("reason").cloned());
        auth.dkim_domains = merge::signers(&auth.sources, auth.decider("dkim"));
        auth.mail_from = auth.deciding("spf", |result| result.spf.as_ref()).and_then(|method| mail_from(&method));
        let dmarc = auth.deciding("dmarc", |result| result.dmarc.as_ref());
        let action = dmarc.as_ref().and_then(|method| method.property("action"));
        auth.dmarc_action = action.map(|action| action.to_lowercase().into());
        auth.dmarc_policy = auth.sources.iter().find_map(|source| policy(source.first(|r| r.dmarc.as_ref())?));
        if let Some(from) = only_sender(message) {
            let aligned = |name: &Arc<str>| Domain::parse(name).is_some_and(|signer| same_organisation(&signer, &from));
            auth.dkim_aligned = auth.dkim_domains.iter().any(aligned);
            let mail_from = auth.mail_from.as_ref().filter(|_| &*auth.spf == "pass");
            auth.spf_aligned = mail_from.is_some_and(|domain| same_organisation(domain, &from));
        }
        auth.authenticated_domains = auth.aligned(message, dmarc.as_ref());
        auth.overridden(message)
    }

    /// The source whose word about a method counts.
    fn decider(&self, method: &str) -> Option<&Arc<Source>> {
        let (_, by) = self.decided_by.iter().find(|(known, _)| *known == method)?;
        self.sources.get(*by)
    }

    /// What that source says in detail.
    fn deciding(&self, method: &str, pick: fn(&AuthResults) -> Option<&Arc<Method>>) -> Option<Arc<Method>> {
        self.decider(method)?.first(pick).cloned()
    }

    /// The methods that a source decided, in the order of [`METHODS`].
    pub fn decides(&self, source: &Source) -> Vec<&'static str> {
        let by = |index: &usize| self.sources.get(*index).is_some_and(|known| **known == *source);
        self.decided_by.iter().filter(|(_, index)| by(index)).map(|(method, _)| *method).collect()
    }

    fn unknown() -> Self {
        let unknown: Arc<str> = "unknown".into();
        Self {
            spf: Arc::clone(&unknown),
            dkim: Arc::clone(&unknown),
            dmarc: Arc::clone(&unknown),
            arc: Arc::clone(&unknown),
            compauth: unknown,
            compauth_reason: None,
            mail_from: None,
            dkim_domains: Vec::new(),
            authenticated_domains: Vec::new(),
            dmarc_action: None,
            dmarc_policy: None,
            dkim_aligned: false,
            spf_aligned: false,
            authserv_ids_seen: Vec::new(),
            trusted: false,
            sources: Vec::new(),
            disagreements: Vec::new(),
            decided_by: Vec::new(),
        }
    }

    /// Authenticated domains that share the root domain of From. Two From fields, or two
    /// mailboxes in one, authenticate nothing: nobody knows which one readers show. Nor does
    /// anything where DMARC failed: From's organisation may ask for more than the same root domain.
    fn aligned(&self, message: &Message, dmarc: Option<&Arc<Method>>) -> Vec<Arc<str>> {
        let Some(from) = only_sender(message).filter(|_| &*self.dmarc != "fail") else { return Vec::new() };
        let mut found = BTreeSet::new();
        if &*self.dmarc == "pass" {
            let checked = dmarc
                .and_then(|method| method.property("header.from"))
                .and_then(|name| Domain::parse(domain_of(name)?));
            if checked.is_none_or(|checked| same_organisation(&checked, &from)) {
                found.insert(Arc::clone(&from.domain));
            }
        }
        let spf = self.mail_from.iter().filter(|_| &*self.spf == "pass").cloned();
        let dkim = self.dkim_domains.iter().filter_map(|name| Domain::parse(name));
        for domain in spf.chain(dkim).filter(|domain| same_organisation(domain, &from)) {
            found.insert(Arc::clone(&domain.domain));
            found.insert(Arc::clone(&from.domain));
        }
        found.into_iter().collect()
    }

    fn overridden(mut self, message: &Message) -> Self {
        let Some(given) = &message.settings().auth_override else { return self };
        let slots = [
            (&mut self.spf, &given.spf),
            (&mut self.dkim, &given.dkim),
            (&mut self.dmarc, &given.dmarc),
            (&mut self.arc, &given.arc),
            (&mut self.compauth, &given.compauth),
        ];
        for (slot, value) in slots {
            if let Some(value) = value {
                *slot = value.as_str().into();
            }
        }
        if let Some(domains) = &given.authenticated_domains {
            self.authenticated_domains = domains.iter().map(|name| name.to_lowercase().into()).collect();
        } else if given.dmarc.is_some() {
            self.authenticated_domains = self.aligned(message, None);
        }
        self.trusted = true;
        self
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

    /// True if an authenticated domain is the given one or lies below it.
    pub fn authenticates(&self, domain: &str) -> bool {
        let wanted = domain.trim_end_matches('.').to_lowercase();
        self.authenticated_domains.iter().any(|found| {
            **found == *wanted || found.strip_suffix(wanted.as_str()).is_some_and(|before| before.ends_with('.'))
        })
    }
}

/// The domain of the only sender.
fn only_sender(message: &Message) -> Option<Arc<Domain>> {
    let senders = message.mailboxes("from");
    let [sender] = senders.as_slice() else { return None };
    sender.email.as_ref()?.domain.clone()
}

fn same_organisation(a: &Domain, b: &Domain) -> bool {
    match (&a.registrable_domain, &b.registrable_domain) {
        (Some(a), Some(b)) => a == b,
        _ => a.domain == b.domain,
    }
}

/// The results of all signatures that the trusted sources name: of the border and of own verification.
pub fn signature_results(message: &Message) -> Vec<Arc<Method>> {
    let auth = of(message);
    let direct = auth.sources.iter().filter(|source| source.kind != Kind::Arc);
    direct.flat_map(|source| source.dkim_methods()).cloned().collect()
}

/// The results that decide for MQL's summary: of the border, else of own verification.
pub fn deciding_results(message: &Message) -> Option<Arc<AuthResults>> {
    let auth = of(message);
    let direct = auth.sources.iter().find(|source| source.kind != Kind::Arc);
    direct.and_then(|source| source.results.first().cloned())
}

/// Who signed: `header.d`, else the domain of `header.i`, which some write without its `@`.
fn signer(method: &Method) -> Option<Arc<str>> {
    let name = method.property("header.d").or_else(|| method.property("header.i"))?;
    domain_of(name).map(|name| name.to_lowercase().into())
}

/// The published policy: `policy.dmarc=`, `p=`, or in a comment `p=REJECT`, `policy=reject`.
fn policy(method: &Method) -> Option<Arc<str>> {
    let names = ["policy.dmarc", "policy.published-domain-policy", "p", "policy"];
    let named = || names.iter().find_map(|name| method.property(name)).map(|value| value.to_lowercase());
    let commented = || {
        let words = method.comment.as_deref()?.split([' ', ',', ';']);
        let mut pairs = words.filter_map(|word| word.split_once('='));
        pairs.find(|(name, _)| matches!(*name, "p" | "policy")).map(|(_, value)| value.to_lowercase())
    };
    let found = named().or_else(commented)?;
    matches!(&*found, "none" | "quarantine" | "reject").then(|| found.into())
}

fn mail_from(method: &Method) -> Option<Arc<Domain>> {
    let value = method.property("smtp.mailfrom").or_else(|| method.property("smtp.helo"))?;
    Domain::parse(domain_of(value)?)
}

/// The domain of an address or of a bare domain, angle brackets left out.
fn domain_of(value: &str) -> Option<&str> {
    let name = value.trim_matches(['<', '>', ' ']).rsplit('@').next().unwrap_or(value);
    (!name.is_empty()).then_some(name)
}

fn ids_seen(message: &Message) -> Vec<Arc<str>> {
    let ids = message.all("authentication-results").map(|header| AuthResults::parse(&header.raw));
    ids.map(|results| Arc::from(results.id())).collect::<BTreeSet<Arc<str>>>().into_iter().collect()
}
