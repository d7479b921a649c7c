//! The route, Microsoft's and Google's transport headers, signatures.

use super::{optional, optional_text, records, text};
use crate::builtins::Registry;
use crate::message::Message;
use crate::transport::{
    ACTIONS, AUTH_AS, AntispamReport, CATEGORIES, DIALECTS, DIRECTIONALITY, DIRECTIONS, DkimSignature, FORWARDING,
    FROM_ENTITY, Google, IP_VERDICTS, LISTS, Microsoft, Route, RouteHop, SPAM_VERDICTS, Signs, Upstream, signatures,
};
use crate::value::{Cost, EnumDecl, Value};
use std::net::IpAddr;
use std::sync::Arc;

/// The route with the message that signs are read from.
struct RouteOf(Arc<Message>, Arc<Route>);

pub(super) fn route(message: &Message) -> Value {
    Value::record(Arc::new(RouteOf(message.shared(), Route::of(message))))
}

pub(super) fn microsoft(message: &Message) -> Value {
    Value::record(message.once(|| Microsoft::of(message)))
}

pub(super) fn google(message: &Message) -> Value {
    Value::record(message.once(|| Google::of(message)))
}

pub(super) fn dkim_signatures(message: &Message) -> Value {
    let found = signatures(message).into_iter().map(Arc::new).collect::<Vec<_>>();
    records(&found)
}

fn ip(ip: Option<IpAddr>) -> Value {
    ip.map_or(Value::Null, Value::Ip)
}

fn millis(time: Option<i64>) -> Value {
    time.map_or(Value::Null, Value::Time)
}

fn names(names: &[&'static str]) -> Value {
    Value::list(names.iter().map(|name| Value::from(*name)))
}

pub(super) fn declare(r: &mut Registry) {
    enums(r);
    routes(r);
    hops(r);
    microsofts(r);
    reports(r);
    others(r);
}

fn enums(r: &mut Registry) {
    let all = [
        ("ReceivedDialect", "The program whose Received field has this form.", DIALECTS),
        (
            "ListSign",
            "A sign of a mailing list or group: List-Id, List-Post, Mailman's fields, X-Google-Group-Id, only foreign `*.onmicrosoft.com` addresses in To, Precedence: list.",
            LISTS,
        ),
        (
            "ForwardingSign",
            "A sign of forwarding: an SRS envelope sender, Gmail's forwarding, Resent-* fields, a rule of an Exchange mailbox, several different Delivered-To.",
            FORWARDING,
        ),
        ("MicrosoftAuthAs", "As whom Exchange took a message in (X-MS-Exchange-Organization-AuthAs).", AUTH_AS),
        (
            "MicrosoftFromEntity",
            "Where the sender is (X-MS-Exchange-CrossTenant-FromEntityHeader): outside, a mailbox of Exchange Online, own servers of a hybrid tenant.",
            FROM_ENTITY,
        ),
        ("MicrosoftDirectionality", "Which way a message goes for the tenant (MessageDirectionality).", DIRECTIONALITY),
        (
            "MicrosoftAction",
            "What the sender's DMARC policy made Exchange do; `oreject`: told to reject, marked instead.",
            ACTIONS,
        ),
        (
            "SpamVerdict",
            "Verdict of Exchange Online's filter (SFV): `nspm` not spam, `spm` spam, `skn` marked safe by a rule, `ska` allowed sender or domain, `skb` blocked one, `ski` within the organisation, `skq` released from quarantine, `sks` marked as spam by a rule, `sfe` safe sender of the user, `blk` blocked by the user.",
            SPAM_VERDICTS,
        ),
        (
            "SpamCategory",
            "Category of Exchange Online's filter (CAT): `spm`, `hspm` spam, `phsh`, `hphsh` phishing (`h`: high confidence), `spoof`, `bulk`, `malw`, `dimp`, `uimp`, `gimp`, `bimp` impersonation of domain, user, mailbox intelligence, brand, `intos` within the organisation, `ospm` outbound spam, `amp`, `sap`, `ftbp`.",
            CATEGORIES,
        ),
        (
            "IpVerdict",
            "Standing of the connecting address (IPV): `cal` on the tenant's allow list, `nli` on no list.",
            IP_VERDICTS,
        ),
        ("SpamDirection", "Direction that the filter saw (DIR): `inb`, `out`, `int`.", DIRECTIONS),
    ];
    for (name, doc, values) in all {
        r.enumeration(EnumDecl { name, doc, values, ordered: false, open: false });
    }
}

fn routes(r: &mut Registry) {
    r.record::<RouteOf>("Route", "The way of a message. Below the border's Received field all stations are claims.")
        .field("hops", "[RouteHop]", Cost::Moderate, "Stations by their Received fields, newest first.", |_, r| records(&r.1.hops))
        .field("border_known", "bool", Cost::Moderate, "The border is the configured one (`trusted_authserv_ids`); otherwise `first_external` is a guess.", |_, r| r.1.border_known.into())
        .field("first_external", "RouteHop?", Cost::Moderate, "The station that took the message in from outside: the border's, else the newest with a public peer.", |_, r| optional(r.1.border_hop()))
        .field("connecting_ip", "ip?", Cost::Moderate, "The address that handed the message over: `route.first_external.ip`.", |_, r| ip(r.1.border_hop().and_then(|hop| hop.ip)))
        .field("lists", "[ListSign]", Cost::Moderate, "Signs of a mailing list or group. Claims: anyone can write such fields.", |_, r| names(&r.1.lists))
        .field("via_list", "bool", Cost::Moderate, "`route.lists` is not empty: delivered through a list or group.", |_, r| (!r.1.lists.is_empty()).into())
        .field("list_id", "string?", Cost::Moderate, "The list's identifier (RFC 2919), lower case.", |_, r| optional_text(r.1.list_id.as_ref()))
        .field("forwarding", "[ForwardingSign]", Cost::Moderate, "Signs that someone sent the message on. Claims.", |_, r| names(&r.1.forwarding))
        .field("original_mail_from", "EmailAddress?", Cost::Moderate, "The envelope sender before a forwarder rewrote it (SRS).", |_, r| optional(r.1.original_mail_from.as_ref()))
        .field("arc_instances", "int", Cost::Moderate, "Number of ARC sets (RFC 8617). Exchange Online seals its outgoing mail too.", |_, r| Value::Int(r.1.arc_instances as i64))
        .field("arc_sealers", "[domain]", Cost::Moderate, "Who sealed, oldest first; unverified.", |_, r| Value::list(r.1.arc_sealers.iter().map(text)))
        .field("recipient", "EmailAddress?", Cost::Moderate, "Who received the message: the host's mailbox, else Delivered-To, else the `for` clause of the border.", |_, r| optional(r.1.recipient.as_ref()))
        .field("recipient_listed", "bool?", Cost::Moderate, "The recipient stands in To or Cc; absent if the recipient is unknown.", |_, r| r.1.recipient_listed.into())
        .field("undisclosed", "bool", Cost::Moderate, "To and Cc hold no address.", |_, r| r.1.undisclosed.into())
        .field("to_sender_only", "bool", Cost::Moderate, "The only address in To is the sender's own, and Cc is empty.", |_, r| r.1.to_sender_only.into())
        .field("direct_send", "bool", Cost::Moderate, "Sign: under an address of the recipient's own domain, handed to Exchange Online by an anonymous client, with SPF and DMARC not passed. False without trusted results.", |_, r| Signs::of(&r.0).direct_send.into())
        .field("tenant_relay", "bool", Cost::Moderate, "Sign of SPF laundering: a Microsoft 365 tenant saw SPF or DMARC fail (`microsoft.upstream`), the receiver sees SPF or DMARC pass, and no signature that passed is aligned with From. False without trusted results.", |_, r| Signs::of(&r.0).tenant_relay.into())
        .field("dkim_replay", "bool", Cost::Moderate, "Sign: signed by From's organisation, sent by another one that signs nothing, to someone who is not addressed, by no list or forwarder. False without trusted results.", |_, r| Signs::of(&r.0).dkim_replay.into());
}

fn hops(r: &mut Registry) {
    r.record::<RouteHop>("RouteHop", "A station of the route, read from one Received field. A claim unless `own`.")
        .field("index", "int", Cost::Cheap, "Position, 0 is the newest.", |_, h| Value::Int(h.index as i64))
        .field("helo", "string?", Cost::Cheap, "How the client introduced itself: it may say anything.", |_, h| {
            optional_text(h.helo.as_ref())
        })
        .field(
            "host",
            "Domain?",
            Cost::Cheap,
            "The name that DNS gives for the client's address, where the field says so.",
            |_, h| optional(h.host.as_ref()),
        )
        .field("ip", "ip?", Cost::Cheap, "The client's address.", |_, h| ip(h.ip))
        .field("by", "Domain?", Cost::Cheap, "The machine that wrote the field.", |_, h| optional(h.by.as_ref()))
        .field("protocol", "string?", Cost::Cheap, "Protocol in upper case: `ESMTPS`, `HTTP`, `MAPI` ...", |_, h| {
            optional_text(h.protocol.as_ref())
        })
        .field("tls", "bool", Cost::Cheap, "The connection was encrypted.", |_, h| h.tls.into())
        .field("authenticated", "bool", Cost::Cheap, "The client had logged in.", |_, h| h.authenticated.into())
        .field("recipient", "EmailAddress?", Cost::Cheap, "The envelope recipient (`for`).", |_, h| {
            optional(h.recipient.as_ref())
        })
        .field(
            "envelope_from",
            "EmailAddress?",
            Cost::Cheap,
            "The envelope sender, where the field says so.",
            |_, h| optional(h.envelope_from.as_ref()),
        )
        .field("time", "time?", Cost::Cheap, "When the machine received the message.", |_, h| millis(h.time))
        .field("dialect", "ReceivedDialect", Cost::Cheap, "The program that writes fields of this form.", |_, h| {
            h.dialect.into()
        })
        .field(
            "own",
            "bool",
            Cost::Cheap,
            "Written by the receiver's own machines: the border, or behind it.",
            |_, h| h.own.into(),
        );
}

fn microsofts(r: &mut Registry) {
    r.record::<Microsoft>("Microsoft", "Headers of Exchange and Exchange Online. Claims, unless `receiver` (the own tenant's fields) or `relay` (fields about the tenant that sent the message on). Enums are never absent, but `unknown`.")
        .field("receiver", "bool", Cost::Moderate, "Exchange Online is the trusted receiver: `trusted_authserv_ids` has `microsoft`, and the message its results. Only then are the `Organization` fields its own.", |_, m| m.receiver.into())
        .field("relay", "bool", Cost::Moderate, "Exchange Online handed the message over to the receiver, by the connecting address.", |_, m| m.relay.into())
        .field("auth_as", "MicrosoftAuthAs", Cost::Moderate, "X-MS-Exchange-Organization-AuthAs. Believe it only if `receiver`.", |_, m| m.auth_as.into())
        .field("auth_source", "string?", Cost::Moderate, "X-MS-Exchange-Organization-AuthSource: the server that judged. Believe it only if `receiver`.", |_, m| optional_text(m.auth_source.as_ref()))
        .field("cross_tenant_auth_as", "MicrosoftAuthAs", Cost::Moderate, "X-MS-Exchange-CrossTenant-AuthAs.", |_, m| m.cross_tenant_auth_as.into())
        .field("cross_tenant_id", "string?", Cost::Moderate, "X-MS-Exchange-CrossTenant-Id, lower case: the tenant that this copy belongs to.", |_, m| optional_text(m.cross_tenant_id.as_ref()))
        .field("from_entity", "MicrosoftFromEntity", Cost::Moderate, "X-MS-Exchange-CrossTenant-FromEntityHeader.", |_, m| m.from_entity.into())
        .field("directionality", "MicrosoftDirectionality", Cost::Moderate, "X-MS-Exchange-Organization-MessageDirectionality.", |_, m| m.directionality.into())
        .field("original_tenant_id", "string?", Cost::Moderate, "The tenant that took the message in first (…-OriginalAttributedTenantConnectingIp).", |_, m| optional_text(m.original_tenant_id.as_ref()))
        .field("original_ip", "ip?", Cost::Moderate, "The address that handed it to that tenant.", |_, m| ip(m.original_ip))
        .field("original_helo", "string?", Cost::Moderate, "How that machine introduced itself.", |_, m| optional_text(m.original_helo.as_ref()))
        .field("scl", "int?", Cost::Moderate, "X-MS-Exchange-Organization-SCL: spam confidence level, -1 to 9.", |_, m| m.scl.into())
        .field("bcl", "int?", Cost::Moderate, "X-Microsoft-Antispam BCL: bulk complaint level, 0 to 9.", |_, m| m.bcl.into())
        .field("antispam", "AntispamReport", Cost::Moderate, "X-Forefront-Antispam-Report of the receiver. `PTR:InfoDomainNonexistent` is no sign of abuse: genuine Microsoft mail has it.", |_, m| Value::record(Arc::new(m.antispam.clone())))
        .field("antispam_untrusted", "AntispamReport", Cost::Moderate, "X-Forefront-Antispam-Report-Untrusted: the report of the tenant that sent the message on.", |_, m| Value::record(Arc::new(m.antispam_untrusted.clone())))
        .field("upstream", "MicrosoftUpstream", Cost::Moderate, "What the tenant that sent the message on had seen when it took it in. Only `fail` and `softfail` count: Microsoft's own mail comes in with `none`.", |_, m| Value::record(Arc::new(m.upstream.clone())))
        .field("generated_source", "string?", Cost::Moderate, "X-MS-Exchange-Generated-Message-Source: the part of Exchange that made the message (bounces, quarantine notices).", |_, m| optional_text(m.generated_source.as_ref()))
        .field("inbox_rules_loop", "string?", Cost::Moderate, "X-MS-Exchange-Inbox-Rules-Loop: the mailbox whose rule sent the message on.", |_, m| optional_text(m.inbox_rules_loop.as_ref()))
        .field("first_party", "bool", Cost::Moderate, "X-MS-TrafficTypeDiagnostic names a pipeline of Microsoft's own mail.", |_, m| m.first_party.into());
    r.record::<Upstream>(
        "MicrosoftUpstream",
        "X-MS-Exchange-Authentication-Results: what a tenant saw before it sent the message on.",
    )
    .field("present", "bool", Cost::Cheap, "The message carries the field.", |_, u| u.present.into())
    .field("spf", "AuthResult", Cost::Cheap, "SPF result; `unknown` where nothing is said.", |_, u| text(&u.spf))
    .field("dkim", "AuthResult", Cost::Cheap, "DKIM result; `pass` if any signature passed.", |_, u| text(&u.dkim))
    .field("dmarc", "AuthResult", Cost::Cheap, "DMARC result.", |_, u| text(&u.dmarc))
    .field("failed", "bool", Cost::Cheap, "SPF is `fail` or `softfail`, or DMARC is `fail`.", |_, u| u.failed().into())
    .field("action", "MicrosoftAction", Cost::Cheap, "What the DMARC policy made the tenant do.", |_, u| {
        u.action.into()
    })
    .field("ip", "ip?", Cost::Cheap, "The address that SPF checked.", |_, u| ip(u.ip))
    .field("mail_from", "Domain?", Cost::Cheap, "The domain that SPF checked.", |_, u| optional(u.mail_from.as_ref()))
    .field("header_from", "Domain?", Cost::Cheap, "The From domain that DMARC checked.", |_, u| {
        optional(u.header_from.as_ref())
    });
}

fn reports(r: &mut Registry) {
    r.record::<AntispamReport>("AntispamReport", "X-Forefront-Antispam-Report: what Exchange Online's filter decided (Microsoft, \"Anti-spam message headers\").")
        .field("present", "bool", Cost::Cheap, "The message carries the field.", |_, a| a.present.into())
        .field("scl", "int?", Cost::Cheap, "SCL: spam confidence level, -1 (not filtered) to 9.", |_, a| a.scl.into())
        .field("sfv", "SpamVerdict", Cost::Cheap, "SFV: the filter's verdict.", |_, a| a.sfv.into())
        .field("cat", "SpamCategory", Cost::Cheap, "CAT: the category.", |_, a| a.cat.into())
        .field("ipv", "IpVerdict", Cost::Cheap, "IPV: standing of the connecting address.", |_, a| a.ipv.into())
        .field("dir", "SpamDirection", Cost::Cheap, "DIR: the direction.", |_, a| a.dir.into())
        .field("sfty", "string?", Cost::Cheap, "SFTY: safety tip, such as `9.19` domain impersonation, `9.20` user impersonation, `9.25` first contact.", |_, a| optional_text(a.sfty.as_ref()))
        .field("cip", "ip?", Cost::Cheap, "CIP: the connecting address.", |_, a| ip(a.cip))
        .field("ctry", "string?", Cost::Cheap, "CTRY: its country.", |_, a| optional_text(a.ctry.as_ref()))
        .field("lang", "string?", Cost::Cheap, "LANG: language of the text.", |_, a| optional_text(a.lang.as_ref()))
        .field("helo", "string?", Cost::Cheap, "H: how the client introduced itself.", |_, a| optional_text(a.helo.as_ref()))
        .field("ptr", "string?", Cost::Cheap, "PTR: reverse name of the address.", |_, a| optional_text(a.ptr.as_ref()));
}

fn others(r: &mut Registry) {
    r.record::<Google>("Google", "Headers of Google's transport and services. All are claims: with `auth` they say what a message of Google's came through.")
        .field("group_id", "string?", Cost::Moderate, "X-Google-Group-Id.", |_, g| optional_text(g.group_id.as_ref()))
        .field("original_sender", "EmailAddress?", Cost::Moderate, "X-Original-Sender: who posted to the group.", |_, g| optional(g.original_sender.as_ref()))
        .field("original_from", "EmailAddress?", Cost::Moderate, "X-Google-Original-From.", |_, g| optional(g.original_from.as_ref()))
        .field("forms_id", "string?", Cost::Moderate, "X-GoogleForms-FormId.", |_, g| optional_text(g.forms_id.as_ref()))
        .field("forms_consumer", "bool", Cost::Moderate, "X-GoogleForms-IsConsumerForm: made with a private account.", |_, g| g.forms_consumer.into())
        .field("feedback_id", "string?", Cost::Moderate, "Feedback-ID, of Google and of other mass senders.", |_, g| optional_text(g.feedback_id.as_ref()))
        .field("appengine_app_id", "string?", Cost::Moderate, "X-Google-Appengine-App-Id.", |_, g| optional_text(g.appengine_app_id.as_ref()))
        .field("sender_delegation", "string?", Cost::Moderate, "X-Google-Sender-Delegation.", |_, g| optional_text(g.sender_delegation.as_ref()))
        .field("dkim_signature", "bool", Cost::Moderate, "Carries X-Google-DKIM-Signature: sent through Google's servers, if true.", |_, g| g.dkim_signature.into());
    r.record::<DkimSignature>("DkimSignatureField", "A DKIM-Signature field (RFC 6376), with what the trusted receiver says about it.")
        .field("domain", "Domain?", Cost::Cheap, "Who signs (`d=`).", |_, s| optional(s.domain.as_ref()))
        .field("selector", "string?", Cost::Cheap, "Name of the key (`s=`).", |_, s| optional_text(s.selector.as_ref()))
        .field("identity", "string?", Cost::Cheap, "On whose behalf (`i=`).", |_, s| optional_text(s.identity.as_ref()))
        .field("algorithm", "string?", Cost::Cheap, "Algorithm (`a=`).", |_, s| optional_text(s.algorithm.as_ref()))
        .field("fields", "[string]", Cost::Cheap, "Signed header fields, lower case (`h=`).", |_, s| Value::list(s.fields.iter().map(text)))
        .field("partial_body", "bool", Cost::Cheap, "Only the beginning of the body is signed (`l=`): anything may follow.", |_, s| s.partial_body.into())
        .field("signed", "time?", Cost::Cheap, "When it was signed (`t=`).", |_, s| millis(s.signed))
        .field("expires", "time?", Cost::Cheap, "When it expires (`x=`).", |_, s| millis(s.expires))
        .field("aligned", "bool", Cost::Cheap, "The signer is of the organisation that From names (DMARC's relaxed alignment). Says nothing of whether the signature is good.", |_, s| s.aligned.into())
        .field("result", "AuthResult", Cost::Cheap, "What the trusted receiver says about it; `unknown` without one.", |_, s| text(&s.result));
}
