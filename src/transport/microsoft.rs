//! Headers of Microsoft's transport (Exchange, Exchange Online) as typed values.
//!
//! `X-MS-Exchange-Organization-*` fields are stripped from mail that comes from outside (Exchange's
//! header firewall), so behind an Exchange Online border they are the receiver's own. Everywhere
//! else they are claims, as are the fields about an earlier tenant.

use super::report::{ACTIONS, AntispamReport};
use super::route::Route;
use super::{below, first, known};
use crate::auth;
use crate::message::authres::{AuthResults, MICROSOFT, Method};
use crate::message::{Domain, Message};
use std::net::IpAddr;
use std::sync::Arc;

/// What the headers of Microsoft's transport say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Microsoft {
    /// Exchange Online is the trusted receiver.
    pub receiver: bool,
    /// Exchange Online handed the message over to the receiver.
    pub relay: bool,
    /// `X-MS-Exchange-Organization-AuthAs`: one of [`AUTH_AS`].
    pub auth_as: &'static str,
    /// `X-MS-Exchange-Organization-AuthSource`.
    pub auth_source: Option<Arc<str>>,
    /// `X-MS-Exchange-CrossTenant-AuthAs`: one of [`AUTH_AS`].
    pub cross_tenant_auth_as: &'static str,
    /// `X-MS-Exchange-CrossTenant-Id`, lower case.
    pub cross_tenant_id: Option<Arc<str>>,
    /// `X-MS-Exchange-CrossTenant-FromEntityHeader`: one of [`FROM_ENTITY`].
    pub from_entity: &'static str,
    /// `X-MS-Exchange-Organization-MessageDirectionality`: one of [`DIRECTIONALITY`].
    pub directionality: &'static str,
    /// The tenant that took the message in first.
    pub original_tenant_id: Option<Arc<str>>,
    /// The address that handed the message to that tenant.
    pub original_ip: Option<IpAddr>,
    /// How that machine introduced itself.
    pub original_helo: Option<Arc<str>>,
    /// `X-MS-Exchange-Organization-SCL`.
    pub scl: Option<i64>,
    /// Bulk complaint level (`X-Microsoft-Antispam: BCL`), 0 to 9.
    pub bcl: Option<i64>,
    /// The receiver's own filter report.
    pub antispam: AntispamReport,
    /// The report of the tenant that sent the message on.
    pub antispam_untrusted: AntispamReport,
    /// What the tenant that sent the message on had seen when it took it in.
    pub upstream: Upstream,
    /// `X-MS-Exchange-Generated-Message-Source`: the part of Exchange that made the message.
    pub generated_source: Option<Arc<str>>,
    /// `X-MS-Exchange-Inbox-Rules-Loop`: the mailbox whose rule sent the message on.
    pub inbox_rules_loop: Option<Arc<str>>,
    /// `X-MS-TrafficTypeDiagnostic` names a pipeline of Microsoft's own mail.
    pub first_party: bool,
}

/// Who handed a message in.
pub const AUTH_AS: &[&str] = &["anonymous", "internal", "external", "partner", "unknown"];
/// Where the sender's mailbox is.
pub const FROM_ENTITY: &[&str] = &["internet", "hosted", "hybridonprem", "unknown"];
/// Which way a message goes.
pub const DIRECTIONALITY: &[&str] = &["incoming", "originating", "unknown"];

/// `X-MS-Exchange-Authentication-Results`: results of the tenant that let the message into
/// Exchange Online before it was sent on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// The message carries the field.
    pub present: bool,
    /// SPF result, `unknown` where nothing is said.
    pub spf: Arc<str>,
    /// DKIM result: `pass` if any signature passed.
    pub dkim: Arc<str>,
    /// DMARC result.
    pub dmarc: Arc<str>,
    /// What the DMARC policy made the tenant do: one of [`ACTIONS`].
    pub action: &'static str,
    /// The address that was checked.
    pub ip: Option<IpAddr>,
    /// The domain that SPF checked.
    pub mail_from: Option<Arc<Domain>>,
    /// The From domain that DMARC checked.
    pub header_from: Option<Arc<Domain>>,
}

impl Upstream {
    fn of(message: &Message) -> Self {
        let field = message.first("x-ms-exchange-authentication-results");
        let results = field.map(|field| AuthResults::parse(&field.raw)).unwrap_or_default();
        let passed = results.dkim.iter().find(|method| &*method.result == "pass");
        let property = |method: &Option<Arc<Method>>, name: &str| {
            let value = method.as_ref()?.property(name)?;
            Domain::parse(value.rsplit('@').next()?)
        };
        Self {
            present: field.is_some(),
            spf: auth::result(results.spf.as_ref()),
            dkim: auth::result(passed.or(results.dkim.first())),
            dmarc: auth::result(results.dmarc.as_ref()),
            action: known(ACTIONS, results.dmarc.as_ref().and_then(|method| method.property("action")).map(|a| &**a)),
            ip: results.spf.as_ref().and_then(|method| sender_ip(method)),
            mail_from: property(&results.spf, "smtp.mailfrom").or_else(|| property(&results.spf, "smtp.helo")),
            header_from: property(&results.dmarc, "header.from"),
        }
    }

    /// SPF or DMARC failed; `none` is no failure: Microsoft's own mail has it.
    pub fn failed(&self) -> bool {
        matches!(&*self.spf, "fail" | "softfail") || &*self.dmarc == "fail"
    }
}

/// `sender IP is 192.0.2.7`
fn sender_ip(method: &Method) -> Option<IpAddr> {
    method.comment.as_deref()?.rsplit(' ').next()?.parse().ok()
}

impl Microsoft {
    /// Reads the headers of a message.
    pub fn of(message: &Message) -> Self {
        let text = |name: &str| first(message, name).map(Arc::from);
        let lower = |name: &str| first(message, name).map(|value| Arc::from(value.to_ascii_lowercase()));
        let organization = |name: &str| first(message, &format!("x-ms-exchange-organization-{name}"));
        let attributed = first(message, "x-ms-exchange-crosstenant-originalattributedtenantconnectingip");
        let original = |name: &str| attributed.and_then(|value| pair(value, name));
        let bcl = first(message, "x-microsoft-antispam")
            .and_then(|value| value.split(';').find_map(|p| p.trim().strip_prefix("BCL:")));
        Self {
            receiver: is_receiver(message),
            relay: Route::of(message).border_hop().is_some_and(|hop| {
                hop.ip.is_some_and(is_exchange_online)
                    || hop.host.as_ref().is_some_and(|host| below(host, "outbound.protection.outlook.com"))
            }),
            auth_as: known(AUTH_AS, organization("authas")),
            auth_source: organization("authsource").map(Arc::from),
            cross_tenant_auth_as: known(AUTH_AS, first(message, "x-ms-exchange-crosstenant-authas")),
            cross_tenant_id: lower("x-ms-exchange-crosstenant-id"),
            from_entity: known(FROM_ENTITY, first(message, "x-ms-exchange-crosstenant-fromentityheader")),
            directionality: known(DIRECTIONALITY, organization("messagedirectionality")),
            original_tenant_id: original("TenantId").map(|id| id.to_ascii_lowercase().into()),
            original_ip: original("Ip").and_then(|ip| ip.trim_matches(['[', ']']).parse().ok()),
            original_helo: original("Helo").map(|helo| helo.trim_matches(['[', ']']).into()),
            scl: organization("scl").and_then(|level| level.parse().ok()),
            bcl: bcl.and_then(|level| level.trim().parse().ok()),
            antispam: AntispamReport::parse(first(message, "x-forefront-antispam-report")),
            antispam_untrusted: AntispamReport::parse(first(message, "x-forefront-antispam-report-untrusted")),
            upstream: Upstream::of(message),
            generated_source: text("x-ms-exchange-generated-message-source"),
            inbox_rules_loop: text("x-ms-exchange-inbox-rules-loop"),
            first_party: first(message, "x-ms-traffictypediagnostic")
                .is_some_and(|value| value.contains("FirstParty-")),
        }
    }
}

/// `name=value` of a list that semicolons part.
fn pair<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(known, _)| known.trim().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
        .find(|v| !v.is_empty())
}

fn is_receiver(message: &Message) -> bool {
    auth::believed(message).first().is_some_and(|results| results.id() == MICROSOFT)
}

/// Addresses from which Exchange Online sends (Microsoft 365 URLs and IP address ranges, ids 9, 10:
/// 40.92.0.0/15, 40.107.0.0/16, 52.100.0.0/14, 104.47.0.0/17, 2a01:111:f400::/48, 2a01:111:f403::/48).
fn is_exchange_online(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => match v4.octets() {
            [40, second, ..] => matches!(second, 92 | 93 | 107),
            [52, second, ..] => (100..=103).contains(&second),
            [104, 47, third, _] => third < 128,
            _ => false,
        },
        IpAddr::V6(v6) => matches!(v6.segments(), [0x2a01, 0x0111, 0xf400 | 0xf403, ..]),
    }
}
