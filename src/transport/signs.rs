//! Facts that point at misuse of the way, each made of several fields.

use super::microsoft::Microsoft;
use super::route::Route;
use super::{below, from_domain, same_organisation};
use crate::auth::{self, Auth};
use crate::message::{Domain, Message};
use std::sync::Arc;

/// Signs of misuse. All are false where what they rest on is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// Handed in at the own Exchange Online tenant without authentication, under an own address.
    pub direct_send: bool,
    /// Sent on by a Microsoft 365 tenant that saw authentication fail, and authenticated by that alone.
    pub tenant_relay: bool,
    /// An old signature on a message that a stranger sends.
    pub dkim_replay: bool,
}

impl Signs {
    /// The signs of a message, computed once.
    pub fn of(message: &Message) -> Arc<Self> {
        message.once(|| Self::new(message))
    }

    fn new(message: &Message) -> Self {
        let auth = auth::of(message);
        let Some(from) = from_domain(message).filter(|_| auth.trusted) else { return Self::default() };
        let microsoft = Microsoft::of(message);
        let route = Route::of(message);
        let signed = is_signed(&auth, &from);
        Self {
            direct_send: !signed && is_direct(message, &auth, &microsoft, &route, &from),
            tenant_relay: !signed && microsoft.upstream.failed() && passes(&auth),
            dkim_replay: signed && is_replay(&auth, &route, &from),
        }
    }
}

/// A signature that passed is aligned with From.
fn is_signed(auth: &Auth, from: &Domain) -> bool {
    let signers = auth.dkim_domains.iter().filter_map(|name| Domain::parse(name));
    signers.into_iter().any(|signer| same_organisation(&signer, from))
}

fn passes(auth: &Auth) -> bool {
    &*auth.spf == "pass" || matches!(&*auth.dmarc, "pass" | "bestguesspass")
}

/// From an address of the recipient's own, by an anonymous client that is not Exchange Online.
fn is_direct(message: &Message, auth: &Auth, microsoft: &Microsoft, route: &Route, from: &Domain) -> bool {
    let recipient = route.recipient.as_ref().and_then(|recipient| recipient.domain.clone());
    let addressed = || {
        message.mailboxes("to").iter().any(|to| to.email.as_ref().is_some_and(|to| to.domain.as_deref() == Some(from)))
    };
    let own = message.settings().org_domains.iter().any(|own| below(from, &own.to_lowercase()));
    let to_own = own || recipient.map_or_else(addressed, |domain| *domain == *from);
    let by_exchange =
        route.border_hop().and_then(|hop| hop.by.as_ref()).is_some_and(|by| below(by, "mail.protection.outlook.com"));
    let anonymous = microsoft.auth_as == "anonymous" || microsoft.auth_as == "unknown" && by_exchange;
    to_own && anonymous && !microsoft.relay && !passes(auth)
}

/// Signed by From's organisation, sent by another that signs nothing itself, to someone who is not
/// addressed, and by no list or forwarder.
fn is_replay(auth: &Auth, route: &Route, from: &Domain) -> bool {
    let Some(sender) = &auth.mail_from else { return false };
    let signers = auth.dkim_domains.iter().filter_map(|name| Domain::parse(name));
    let vouched = signers.into_iter().any(|signer| same_organisation(&signer, sender));
    let addressed = route.recipient_listed.unwrap_or(!route.undisclosed && !route.to_sender_only);
    !same_organisation(sender, from) && !vouched && !addressed && route.lists.is_empty() && route.forwarding.is_empty()
}
