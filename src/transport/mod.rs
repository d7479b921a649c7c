//! How a message came: its route, the headers of Microsoft's and Google's transport, signatures,
//! and signs of relays, lists, forwarding, replays.
//!
//! Header fields are claims. [`Route::border`] is what the receiver's own server saw; everything
//! below it was written by strangers unless they are trusted for another reason. Each field of the
//! reference says how far it may be believed.

mod google;
mod hop;
mod microsoft;
mod report;
mod route;
mod signature;
mod signs;

pub use google::Google;
pub use hop::{DIALECTS, RouteHop};
pub use microsoft::{AUTH_AS, DIRECTIONALITY, FROM_ENTITY, Microsoft, Upstream};
pub use report::{ACTIONS, AntispamReport, CATEGORIES, DIRECTIONS, IP_VERDICTS, SPAM_VERDICTS};
pub use route::{FORWARDING, LISTS, Route};
pub use signature::{DkimSignature, signatures};
pub use signs::Signs;

use crate::message::{Domain, Message};
use std::sync::Arc;

/// The value of the first field of a name, without white space at its ends; `None` if it is empty.
fn first<'m>(message: &'m Message, name: &str) -> Option<&'m str> {
    message.first(name).map(|field| field.value.trim()).filter(|value| !value.is_empty())
}

/// One of the names that an enum knows, `unknown` for no value and for others.
fn known(names: &'static [&'static str], value: Option<&str>) -> &'static str {
    let lower = value.unwrap_or("").trim().to_ascii_lowercase();
    names.iter().find(|name| **name == lower).copied().unwrap_or("unknown")
}

/// True if a name is a root, or lies below it.
fn below(domain: &Domain, root: &str) -> bool {
    *domain.domain == *root || domain.domain.strip_suffix(root).is_some_and(|before| before.ends_with('.'))
}

/// True if two names are of one organisation (DMARC's relaxed alignment).
fn same_organisation(a: &Domain, b: &Domain) -> bool {
    match (&a.registrable_domain, &b.registrable_domain) {
        (Some(a), Some(b)) => a == b,
        _ => a.domain == b.domain,
    }
}

/// The domain of From; `None` if there are several senders, as nobody knows which one readers show.
fn from_domain(message: &Message) -> Option<Arc<Domain>> {
    let senders = message.mailboxes("from");
    let [sender] = senders.as_slice() else { return None };
    sender.email.as_ref()?.domain.clone()
}
