//! Who really sent the message: results that are believed, and the domains that they authenticate.

mod trust;

pub use trust::{believed, border};

use crate::message::authres::{AuthResults, Method};
use crate::message::{Domain, Message};
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
    /// A signature that passed is aligned with From.
    pub dkim_aligned: bool,
    /// The domain that SPF authenticated is aligned with From.
    pub spf_aligned: bool,
    /// Every authserv-id that the message carries, believed or not.
    pub authserv_ids_seen: Vec<Arc<str>>,
    /// True if some results were believed.
    pub trusted: bool,
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
        let results = believed(message);
        let mut auth = Self::unknown();
        auth.authserv_ids_seen = ids_seen(message);
        auth.trusted = !results.is_empty();
        let first = |pick: fn(&AuthResults) -> Option<&Arc<Method>>| results.iter().find_map(|result| pick(result));
        auth.spf = result(first(|result| result.spf.as_ref()));
        auth.dmarc = result(first(|result| result.dmarc.as_ref()));
        auth.arc = result(first(|result| result.arc.as_ref()));
        let compauth = first(|result| result.compauth.as_ref());
        auth.compauth = result(compauth);
        auth.compauth_reason = compauth.and_then(|method| method.property("reason")).cloned();
        let dkim: Vec<&Arc<Method>> = results.iter().flat_map(|result| &result.dkim).collect();
        let passed = dkim.iter().find(|method| &*method.result == "pass");
        auth.dkim = result(passed.or(dkim.first()).copied());
        auth.dkim_domains = dkim.iter().filter(|method| &*method.result == "pass").filter_map(|m| signer(m)).collect();
        auth.mail_from = first(|result| result.spf.as_ref()).and_then(|method| mail_from(method));
        let dmarc = first(|result| result.dmarc.as_ref());
        auth.dmarc_action =
            dmarc.and_then(|method| method.property("action")).map(|action| action.to_lowercase().into());
        if let Some(from) = only_sender(message) {
            let aligned = |name: &Arc<str>| Domain::parse(name).is_some_and(|signer| same_organisation(&signer, &from));
            auth.dkim_aligned = auth.dkim_domains.iter().any(aligned);
            let mail_from = auth.mail_from.as_ref().filter(|_| &*auth.spf == "pass");
            auth.spf_aligned = mail_from.is_some_and(|domain| same_organisation(domain, &from));
        }
        auth.authenticated_domains = auth.aligned(message, first(|result| result.dmarc.as_ref()));
        auth.overridden(message)
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
            dkim_aligned: false,
            spf_aligned: false,
            authserv_ids_seen: Vec::new(),
            trusted: false,
        }
    }

    /// Authenticated domains that share the root domain of From. Two From fields, or two
    /// mailboxes in one, authenticate nothing: nobody knows which one readers show.
    fn aligned(&self, message: &Message, dmarc: Option<&Arc<Method>>) -> Vec<Arc<str>> {
        let Some(from) = only_sender(message) else { return Vec::new() };
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

/// A result by its canonical name; `unknown` for no result and for names that none has.
pub(crate) fn result(method: Option<&Arc<Method>>) -> Arc<str> {
    match method {
        Some(method) if RESULTS.contains(&&*method.result) => Arc::clone(&method.result),
        Some(method) if &*method.result == "hardfail" => "fail".into(),
        Some(method) if &*method.result == "timeout" => "temperror".into(),
        Some(_) | None => "unknown".into(),
    }
}

/// Who signed: `header.d`, else the domain of `header.i`, which some write without its `@`.
fn signer(method: &Method) -> Option<Arc<str>> {
    let name = method.property("header.d").or_else(|| method.property("header.i"))?;
    domain_of(name).map(|name| name.to_lowercase().into())
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
