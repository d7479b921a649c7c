//! Who a message claims to be, who authenticated it, and where it leads.

mod claims;

pub use claims::{BrandClaim, PLACES, brand_claims};

use crate::auth::{self, Auth};
use crate::entities::{email_addresses, urls};
use crate::message::{Domain, Message};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The names under which a message comes and leads elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The domain of From.
    pub sender: Option<Arc<Domain>>,
    /// Authenticated domains that are aligned with From.
    pub authenticated: Vec<Arc<str>>,
    /// Root domains of Reply-To.
    pub reply_to: Vec<Arc<str>>,
    /// An address of Reply-To is of another organisation than From.
    pub foreign_reply_to: bool,
    /// Root domains of visible links, each once, in order.
    pub links: Vec<Arc<str>>,
    /// Those of other organisations than From.
    pub foreign_links: Vec<Arc<str>>,
    /// Domains that the sender's display name names.
    pub named: Vec<Arc<str>>,
    /// One of them is of another organisation than From.
    pub foreign_name: bool,
    /// `Ann via Service`: the person before, the service after.
    pub via: Option<(Arc<str>, Arc<str>)>,
}

impl Identity {
    /// The identities of a message, computed once.
    pub fn of(message: &Message) -> Arc<Self> {
        message.once(|| Self::new(message))
    }

    fn new(message: &Message) -> Self {
        let from = message.sender();
        let sender = from.and_then(|from| from.email.as_ref()?.domain.clone());
        let is_foreign = |domain: &Domain| sender.as_ref().is_some_and(|sender| !same_organisation(domain, sender));
        let name = from.and_then(|from| from.display_name.clone()).unwrap_or_default();
        let replies: Vec<Arc<Domain>> =
            message.mailboxes("reply-to").iter().filter_map(|to| to.email.as_ref()?.domain.clone()).collect();
        let links = link_domains(message);
        let named = named_domains(&name);
        Self {
            authenticated: auth::of(message).authenticated_domains.clone(),
            foreign_reply_to: replies.iter().any(|domain| is_foreign(domain)),
            reply_to: roots(&replies),
            foreign_links: roots(links.iter().filter(|domain| is_foreign(domain))),
            links: roots(&links),
            foreign_name: named.iter().any(|domain| is_foreign(domain)),
            named: roots(&named),
            via: via(&name),
            sender,
        }
    }
}

/// The name registered below an ICANN suffix, else the whole name.
fn root(domain: &Domain) -> &Arc<str> {
    domain.root_domain.as_ref().unwrap_or(&domain.domain)
}

/// Root domains, each once, in order.
fn roots<'d>(domains: impl IntoIterator<Item = &'d Arc<Domain>>) -> Vec<Arc<str>> {
    let mut seen = BTreeSet::new();
    let names = domains.into_iter().map(|domain| Arc::clone(root(domain)));
    names.filter(|name| seen.insert(Arc::clone(name))).collect()
}

fn link_domains(message: &Message) -> Vec<Arc<Domain>> {
    let visible = message.body().links(message).iter().filter(|link| link.visible);
    visible.filter_map(|link| link.href_url.as_ref()?.domain.clone()).collect()
}

/// Domains in a display name: `help@bank.example via Forms`, `bank.example Support`.
fn named_domains(name: &str) -> Vec<Arc<Domain>> {
    let emails = email_addresses(name).into_iter().filter_map(|found| found.email.domain.clone());
    let hosts = urls(name).into_iter().filter_map(|found| found.url.domain.clone());
    emails.chain(hosts).collect()
}

/// `Ann via Service`, `Ann (via Service)`, in the languages of common services.
fn via(name: &str) -> Option<(Arc<str>, Arc<str>)> {
    const WORDS: [&str; 8] =
        [" via ", " (via ", " über ", " por medio de ", " por ", " a través de ", " tramite ", " przez "];
    let lower = name.to_lowercase();
    if lower.len() != name.len() {
        return None;
    }
    let (at, word) = WORDS.iter().find_map(|word| Some((lower.rfind(word)?, word)))?;
    let (who, service) = (name.get(..at)?.trim(), name.get(at + word.len()..)?.trim_matches([')', ' ', '"', '\'']));
    let who = who.trim_matches(['"', '\'', ' ']);
    (!who.is_empty() && !service.is_empty()).then(|| (who.into(), service.into()))
}

/// True if two names are of one organisation.
fn same_organisation(a: &Domain, b: &Domain) -> bool {
    match (&a.registrable_domain, &b.registrable_domain) {
        (Some(a), Some(b)) => a == b,
        _ => a.domain == b.domain,
    }
}

/// True if a domain is one of an organisation's, or lies below one.
fn is_below(domain: &str, owned: &[String]) -> bool {
    let below = |root: &str| domain == root || domain.strip_suffix(root).is_some_and(|before| before.ends_with('.'));
    owned.iter().any(|root| below(root))
}

/// True if an authenticated domain is one of an organisation's.
fn authenticates(auth: &Auth, owned: &[String]) -> bool {
    auth.authenticated_domains.iter().any(|domain| is_below(domain, owned))
}
