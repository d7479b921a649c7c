//! The header section: identifiers, dates, the route.

use super::message::{Address, addresses};
use super::{optional, optional_text, record, records, text};
use crate::builtins::Registry;
use crate::message::authres::AuthResults;
use crate::message::{Domain, EmailAddress, Hop, HopField, Message, Received, date_millis};
use crate::value::{Cost, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The header section of a message.
struct Headers(Arc<Message>);

/// A clause of a Received field.
struct ReceivedPart(Arc<str>);

/// A DKIM-Signature field.
struct Signature(BTreeMap<String, String>);

/// A Received-SPF field.
struct ReceivedSpf {
    verdict: Arc<str>,
    designator: Option<Arc<str>>,
}

pub(super) fn headers(message: &Message) -> Value {
    Value::record(Arc::new(Headers(message.shared())))
}

fn first(headers: &Headers, name: &str) -> Option<Arc<str>> {
    headers.0.first(name).map(|header| Arc::clone(&header.value))
}

fn bare(value: &str) -> String {
    value.trim().trim_matches(['<', '>']).to_owned()
}

pub(super) fn declare(r: &mut Registry) {
    r.record::<Headers>("Headers", "The header section of a message.")
        .field("message_id", "string?", Cost::Cheap, "Message-ID with its angle brackets.", |_, h| {
            first(h, "message-id").map_or(Value::Null, Value::String)
        })
        .field("date", "time?", Cost::Cheap, "Date field.", |_, h| {
            first(h, "date").and_then(|date| date_millis(&date)).map_or(Value::Null, Value::Time)
        })
        .field("date_original_offset", "string?", Cost::Cheap, "UTC offset of the Date field as written.", |_, h| {
            offset(h).into()
        })
        .field("in_reply_to", "string?", Cost::Cheap, "In-Reply-To with its angle brackets.", |_, h| {
            first(h, "in-reply-to").map_or(Value::Null, Value::String)
        })
        .field("references", "[string]", Cost::Cheap, "Message ids of the References field, oldest first.", |_, h| {
            references(h)
        })
        .field("reply_to", "[Mailbox]", Cost::Cheap, "Mailboxes of the Reply-To field.", |_, h| {
            records(&h.0.mailboxes("reply-to"))
        })
        .field("return_path", "EmailAddress?", Cost::Cheap, "Return-Path: the envelope sender.", |_, h| {
            address(first(h, "return-path"))
        })
        .field("delivered_to", "EmailAddress?", Cost::Cheap, "Delivered-To.", |_, h| address(first(h, "delivered-to")))
        .field("mailer", "string?", Cost::Cheap, "X-Mailer or User-Agent.", |_, h| {
            first(h, "x-mailer").or_else(|| first(h, "user-agent")).map_or(Value::Null, Value::String)
        })
        .field(
            "x_originating_ip",
            "IpAddress?",
            Cost::Cheap,
            "X-Originating-IP: a claim of the sending system.",
            |_, h| {
                let ip =
                    first(h, "x-originating-ip").and_then(|value| value.trim_matches(['[', ']', ' ']).parse().ok());
                ip.map_or(Value::Null, Address::plain)
            },
        )
        .field("x_sender", "EmailAddress?", Cost::Cheap, "X-Sender.", |_, h| address(first(h, "x-sender")))
        .field("x_authenticated_sender", "EmailAddress?", Cost::Cheap, "X-Authenticated-Sender.", |_, h| {
            address(first(h, "x-authenticated-sender"))
        })
        .field("x_authenticated_domain", "Domain?", Cost::Cheap, "X-Authenticated-Domain.", |_, h| {
            first(h, "x-authenticated-domain").and_then(|name| Domain::parse(&name)).map_or(Value::Null, Value::record)
        })
        .field(
            "domains",
            "[Domain]",
            Cost::Moderate,
            "Domains named in address, identifier and Received fields, each once, in order of name.",
            |_, h| domains(&h.0),
        )
        .field("ips", "[IpAddress]", Cost::Moderate, "Addresses named in Received fields, each once.", |_, h| {
            let received = h.0.all("received").map(|header| &*header.value).collect::<Vec<_>>().join(" ");
            addresses(crate::message::addresses(&received))
        })
        .field("hops", "[Hop]", Cost::Moderate, "Stations of the route, newest first.", |_, h| records(h.0.hops()))
        .field(
            "dkim_signatures",
            "[DkimSignatureField]",
            Cost::Moderate,
            "DKIM-Signature fields, topmost first. `none(headers.dkim_signatures, .aligned)`: nobody of From's organisation signed.",
            |_, h| super::transport::dkim_signatures(&h.0),
        )
        .field("fields", "[HopField]", Cost::Cheap, "All header fields in written order.", |_, h| {
            Value::list(h.0.hops().iter().flat_map(|hop| hop.fields.iter().map(record)))
        })
        .field(
            "auth_summary",
            "AuthSummary",
            Cost::Moderate,
            "What the deciding Authentication-Results field claims; `auth` says what is believed.",
            |_, h| super::auth::summary(&h.0),
        );
    r.record::<Hop>("Hop", "A station of the route: the header fields that one server wrote.")
        .field("index", "int", Cost::Cheap, "Position, 0 is the newest.", |_, h| Value::Int(h.index as i64))
        .field("fields", "[HopField]", Cost::Cheap, "Fields of this hop in written order.", |_, h| records(&h.fields))
        .field("received", "Received?", Cost::Cheap, "The Received field.", |_, h| optional(h.received.as_ref()))
        .field(
            "authentication_results",
            "AuthenticationResults?",
            Cost::Moderate,
            "The Authentication-Results field of this hop: a claim.",
            |_, h| {
                field_value(h, "authentication-results")
                    .map_or(Value::Null, |value| Value::record(Arc::new(AuthResults::parse(&value))))
            },
        )
        .field("received_spf", "ReceivedSpf?", Cost::Cheap, "The Received-SPF field of this hop: a claim.", |_, h| {
            field_value(h, "received-spf").map_or(Value::Null, |value| Value::record(Arc::new(received_spf(&value))))
        })
        .field("signature", "DkimHeader?", Cost::Cheap, "The DKIM-Signature field of this hop, unverified.", |_, h| {
            field_value(h, "dkim-signature").map_or(Value::Null, |value| Value::record(Arc::new(signature(&value))))
        });
    r.record::<HopField>("HopField", "A header field. Names compare without case.")
        .field("name", "string", Cost::Cheap, "Name as written.", |_, f| text(&f.name))
        .field("value", "string", Cost::Cheap, "Value, unfolded and decoded.", |_, f| text(&f.value))
        .field("position", "int", Cost::Cheap, "Position among all fields, 0 at the top.", |_, f| {
            Value::Int(f.position as i64)
        });
    r.record::<Received>("Received", "A Received field (RFC 5321 section 4.4).")
        .field("source", "ReceivedServer?", Cost::Cheap, "The `from` clause.", |_, r| part(r.source.as_ref()))
        .field("server", "ReceivedServer?", Cost::Cheap, "The `by` clause.", |_, r| part(r.server.as_ref()))
        .field("protocol", "string?", Cost::Cheap, "The `with` clause.", |_, r| optional_text(r.protocol.as_ref()))
        .field("id", "string?", Cost::Cheap, "The `id` clause.", |_, r| optional_text(r.id.as_ref()))
        .field("mailbox", "string?", Cost::Cheap, "The `for` clause.", |_, r| optional_text(r.mailbox.as_ref()))
        .field("time", "time?", Cost::Cheap, "When the server received the message.", |_, r| {
            r.time.map_or(Value::Null, Value::Time)
        })
        .field("raw", "string", Cost::Cheap, "The whole value.", |_, r| text(&r.raw));
    r.record::<ReceivedPart>("ReceivedServer", "A server named in a Received field.").field(
        "raw",
        "string",
        Cost::Cheap,
        "The clause as written, comment included.",
        |_, p| text(&p.0),
    );
    r.record::<Signature>("DkimHeader", "A DKIM-Signature field (RFC 6376), unverified.")
        .field("domain", "domain?", Cost::Cheap, "Tag `d`: who signs.", |_, s| {
            s.0.get("d").map(|name| name.to_lowercase()).into()
        })
        .field("selector", "string?", Cost::Cheap, "Tag `s`.", |_, s| s.0.get("s").cloned().into())
        .field("algorithm", "string?", Cost::Cheap, "Tag `a`.", |_, s| s.0.get("a").cloned().into())
        .field("headers", "string?", Cost::Cheap, "Tag `h`: signed fields, separated by colons.", |_, s| {
            s.0.get("h").cloned().into()
        });
    r.record::<ReceivedSpf>("ReceivedSpf", "A Received-SPF field (RFC 7208 section 9.1).")
        .field("verdict", "string", Cost::Cheap, "`pass`, `fail` ... in lower case.", |_, s| text(&s.verdict))
        .field("designator", "domain?", Cost::Cheap, "The domain that was checked.", |_, s| {
            optional_text(s.designator.as_ref())
        });
}

fn part(clause: Option<&Arc<str>>) -> Value {
    clause.map_or(Value::Null, |raw| Value::record(Arc::new(ReceivedPart(Arc::clone(raw)))))
}

fn field_value(hop: &Hop, name: &str) -> Option<Arc<str>> {
    hop.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map(|field| Arc::clone(&field.value))
}

fn offset(headers: &Headers) -> Option<String> {
    let date = first(headers, "date")?;
    let offset = date.split_whitespace().rev().find(|word| word.starts_with(['+', '-']))?;
    Some(offset.to_owned())
}

fn references(headers: &Headers) -> Value {
    let value = first(headers, "references").unwrap_or_default();
    Value::list(value.split([' ', '\t', ',']).filter(|id| !id.is_empty()).map(Value::from))
}

fn address(value: Option<Arc<str>>) -> Value {
    value.and_then(|value| EmailAddress::parse(&bare(&value))).map_or(Value::Null, Value::record)
}

fn domains(message: &Message) -> Value {
    const ADDRESSES: [&str; 6] = ["from", "to", "cc", "reply-to", "sender", "return-path"];
    let mut found: BTreeMap<Arc<str>, Arc<Domain>> = BTreeMap::new();
    let mut add = |domain: Option<Arc<Domain>>| {
        if let Some(domain) = domain.filter(|domain| domain.valid) {
            found.insert(Arc::clone(&domain.domain), domain);
        }
    };
    for name in ADDRESSES {
        for mailbox in message.mailboxes(name) {
            add(mailbox.email.as_ref().and_then(|email| email.domain.clone()));
        }
    }
    for header in message.all("received") {
        let words = header.value.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')));
        for word in words.filter(|word| word.contains('.') && word.len() < 256).take(64) {
            add(Domain::parse(word));
        }
    }
    if let Some(id) = message.first("message-id") {
        add(id.value.rsplit('@').next().and_then(|name| Domain::parse(name.trim_matches(['<', '>', ' ']))));
    }
    Value::list(found.into_values().map(Value::record))
}

fn signature(value: &str) -> Signature {
    let tags = value.split(';').filter_map(|tag| tag.split_once('='));
    let compact = |text: &str| text.split_whitespace().collect::<String>();
    Signature(tags.map(|(name, value)| (compact(name).to_lowercase(), compact(value))).collect())
}

/// `Pass (protection.outlook.com: domain of example.com designates ...)`
fn received_spf(value: &str) -> ReceivedSpf {
    let verdict = value.split([' ', '\t', '(']).next().unwrap_or("").to_lowercase().into();
    let named = value.split_once("domain of ").map(|(_, rest)| rest);
    let sender = value.split_once("envelope-from=").map(|(_, rest)| rest);
    let word = named.or(sender).and_then(|rest| rest.split([' ', ';', ')', '\t']).find(|word| !word.is_empty()));
    let domain = word.map(|word| word.trim_matches(['"', '<', '>']).rsplit('@').next().unwrap_or(word).to_lowercase());
    ReceivedSpf { verdict, designator: domain.map(Into::into) }
}
