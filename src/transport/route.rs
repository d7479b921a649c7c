//! The route: stations, the border, lists and forwarders on the way.

use super::hop::RouteHop;
use super::{below, first};
use crate::auth;
use crate::message::{Domain, EmailAddress, Header, Mailbox, Message};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

/// The way of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Stations, newest first.
    pub hops: Vec<Arc<RouteHop>>,
    /// Which of them took the message in from outside.
    pub border: Option<usize>,
    /// The border is the configured one; otherwise it is a guess.
    pub border_known: bool,
    /// Signs of a mailing list or group: of [`LISTS`].
    pub lists: Vec<&'static str>,
    /// The list's identifier (RFC 2919), without angle brackets, lower case.
    pub list_id: Option<Arc<str>>,
    /// Signs that someone sent the message on: of [`FORWARDING`].
    pub forwarding: Vec<&'static str>,
    /// The envelope sender before a forwarder rewrote it (SRS).
    pub original_mail_from: Option<Arc<EmailAddress>>,
    /// Number of ARC sets (RFC 8617).
    pub arc_instances: usize,
    /// Who sealed, oldest first.
    pub arc_sealers: Vec<Arc<str>>,
    /// Who received the message by the envelope.
    pub recipient: Option<Arc<EmailAddress>>,
    /// The recipient stands in To or Cc.
    pub recipient_listed: Option<bool>,
    /// To and Cc hold no address at all.
    pub undisclosed: bool,
    /// The sender's own address is the only one in To, and Cc is empty.
    pub to_sender_only: bool,
}

/// Signs of a mailing list or group.
pub const LISTS: &[&str] = &["list_id", "list_post", "mailman", "google_group", "microsoft_group", "precedence"];
/// Signs of forwarding.
pub const FORWARDING: &[&str] = &["srs", "gmail_forward", "resent", "inbox_rule", "delivered_twice"];

/// Most stations that are read.
const MOST_HOPS: usize = 200;
/// Most seals that are read: a valid chain has no more (RFC 8617 section 4.2.1).
const MOST_SEALS: usize = 50;

impl Route {
    /// The route of a message, read once.
    pub fn of(message: &Message) -> Arc<Self> {
        message.once(|| Self::new(message))
    }

    fn new(message: &Message) -> Self {
        let known = auth::border(message);
        let received = message.hops().iter().filter_map(|hop| hop.received.as_ref());
        let found = received.clone().count();
        if found > MOST_HOPS {
            message.limit(format!("hops: {MOST_HOPS} of {found} Received fields read"));
        }
        let received = received.take(MOST_HOPS);
        let own = |index: usize| known.is_some_and(|border| index <= border);
        let hops: Vec<Arc<RouteHop>> =
            received.enumerate().map(|(index, field)| Arc::new(RouteHop::new(index, field, own(index)))).collect();
        let border = known.or_else(|| hops.iter().position(|hop| hop.ip.is_some_and(is_public)));
        let mut route = Self {
            border: border.filter(|border| *border < hops.len()),
            border_known: known.is_some(),
            hops,
            ..Self::default()
        };
        route.recipients(message);
        route.lists(message);
        route.forwarding(message);
        route.seals(message);
        route
    }

    /// The station that took the message in from outside.
    pub fn border_hop(&self) -> Option<&Arc<RouteHop>> {
        self.hops.get(self.border?)
    }

    fn recipients(&mut self, message: &Message) {
        let mailbox = message.settings().mailbox.as_deref().and_then(EmailAddress::parse);
        let announced = || self.border_hop()?.recipient.clone();
        self.recipient = mailbox.or_else(|| enveloped(message)).or_else(|| delivered(message)).or_else(announced);
        let addresses = |name: &str| {
            message
                .mailboxes(name)
                .iter()
                .filter_map(|mailbox: &Arc<Mailbox>| mailbox.email.clone())
                .collect::<Vec<_>>()
        };
        let (to, cc) = (addresses("to"), addresses("cc"));
        self.undisclosed = to.is_empty() && cc.is_empty();
        let listed = |wanted: &EmailAddress| to.iter().chain(&cc).any(|address| same_mailbox(address, wanted));
        self.recipient_listed = self.recipient.as_deref().map(listed);
        let sender = message.sender().and_then(|sender| sender.email.clone());
        self.to_sender_only =
            cc.is_empty() && matches!((to.as_slice(), sender), ([one], Some(sender)) if one.email == sender.email);
    }

    fn lists(&mut self, message: &Message) {
        let has = |name: &str| message.first(name).is_some();
        let id = first(message, "list-id").map(|value| value.rsplit_once('<').map_or(value, |(_, id)| id));
        self.list_id = id.map(|id| id.trim_end_matches('>').trim().to_lowercase().into());
        let to: Vec<Arc<Domain>> =
            message.mailboxes("to").iter().filter_map(|mailbox| mailbox.email.as_ref()?.domain.clone()).collect();
        let foreign = self
            .recipient
            .as_ref()
            .is_none_or(|recipient| recipient.domain.as_ref().is_none_or(|domain| !below(domain, "onmicrosoft.com")));
        let microsoft = !to.is_empty() && foreign && to.iter().all(|domain| below(domain, "onmicrosoft.com"));
        let precedence = first(message, "precedence").is_some_and(|value| value.eq_ignore_ascii_case("list"));
        let signs = [
            ("list_id", self.list_id.is_some()),
            ("list_post", has("list-post")),
            ("mailman", has("x-beenthere") || has("x-mailman-version")),
            ("google_group", has("x-google-group-id")),
            ("microsoft_group", microsoft),
            ("precedence", precedence),
        ];
        self.lists = signs.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| name).collect();
    }

    fn forwarding(&mut self, message: &Message) {
        let path = first(message, "return-path").and_then(|value| EmailAddress::parse(value.trim_matches(['<', '>'])));
        let local = path.as_ref().and_then(|path| path.local_part.clone()).unwrap_or_default();
        self.original_mail_from = srs_original(&local);
        let has = |name: &str| message.first(name).is_some();
        let delivered: BTreeSet<String> =
            message.all("delivered-to").map(|field| field.value.trim().to_lowercase()).collect();
        let signs = [
            ("srs", local.starts_with("srs0") || local.starts_with("srs1") || local.contains("+srs=")),
            ("gmail_forward", local.contains("+caf_=") || has("x-forwarded-to") || has("x-forwarded-for")),
            ("resent", has("resent-from") || has("resent-sender")),
            ("inbox_rule", has("x-ms-exchange-inbox-rules-loop")),
            ("delivered_twice", delivered.len() > 1),
        ];
        self.forwarding = signs.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| name).collect();
    }

    fn seals(&mut self, message: &Message) {
        let tag = |value: &str, name: &str| {
            let pairs = value.split(';').filter_map(|pair| pair.split_once('='));
            pairs
                .filter(|(known, _)| known.trim().eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim().to_lowercase())
                .next()
        };
        let found = message.all("arc-seal").count();
        if found > MOST_SEALS {
            message.limit(format!("arc_seals: {MOST_SEALS} of {found} read"));
        }
        let mut seals: Vec<(usize, String)> = message
            .all("arc-seal")
            .take(MOST_SEALS)
            .filter_map(|field| Some((tag(&field.raw, "i")?.parse().ok()?, tag(&field.raw, "d")?)))
            .collect();
        seals.sort();
        self.arc_instances = seals.last().map_or(0, |(instance, _)| (*instance).min(MOST_SEALS));
        self.arc_sealers = seals.into_iter().map(|(_, domain)| domain.into()).collect();
    }
}

/// The recipient of the envelope, if it is one.
fn enveloped(message: &Message) -> Option<Arc<EmailAddress>> {
    let [recipient] = message.envelope().rcpt_to.as_slice() else { return None };
    EmailAddress::parse(recipient)
}

/// Delivered-To, if own servers wrote it: it stands above the border's Received field, or where no
/// border is known above all Received fields. Below, the sender may have written it.
fn delivered(message: &Message) -> Option<Arc<EmailAddress>> {
    let is_received = |field: &Header| field.name.eq_ignore_ascii_case("received");
    let topmost = || message.headers().iter().position(is_received);
    let border = auth::border_position(message).or_else(topmost).unwrap_or(message.headers().len());
    let mut own = message.headers().iter().take(border);
    let field = own.find(|field| field.name.eq_ignore_ascii_case("delivered-to"))?;
    EmailAddress::parse(field.value.trim().trim_matches(['<', '>']))
}

/// The same mailbox; a tag after `+` may differ.
fn same_mailbox(a: &EmailAddress, b: &EmailAddress) -> bool {
    let plain = |address: &EmailAddress| {
        let local = address.local_part.as_deref().unwrap_or("");
        local.split('+').next().unwrap_or(local).to_owned()
    };
    let domain = |address: &EmailAddress| address.domain.as_ref().map(|domain| Arc::clone(&domain.domain));
    a.email == b.email || domain(a).is_some() && domain(a) == domain(b) && plain(a) == plain(b)
}

/// `SRS0=hash=time=domain=local`: the address that was rewritten.
fn srs_original(local: &str) -> Option<Arc<EmailAddress>> {
    let rest = match local.get(..4)? {
        "srs0" => &local[4..],
        // `SRS1=hash=host==hash=time=domain=local`
        "srs1" => local.split_once("==").map(|(_, rest)| rest)?,
        _ => return None,
    };
    let rest = rest.trim_start_matches(['=', '+', '-']);
    let mut parts = rest.splitn(4, '=').skip(2);
    let (domain, local) = (parts.next()?, parts.next()?);
    EmailAddress::parse(&format!("{local}@{domain}"))
}

/// Neither private nor local.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified()),
        IpAddr::V6(v6) => {
            !(v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_unspecified())
        }
    }
}
