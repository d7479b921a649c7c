//! The root names, addresses, domains and URLs.

use super::{optional, optional_text, record, records, text};
use crate::builtins::Registry;
use crate::message::{
    ANOMALY_KINDS, Anomaly, Domain, EmailAddress, Link, Mailbox, Message, READINGS, REWRITERS, Subject, Url, Vip,
};
use crate::value::{Cost, Value};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// The direction of a message.
struct MessageType {
    inbound: bool,
    outbound: bool,
    internal: bool,
}

/// To, Cc and Bcc.
pub(super) struct Recipients {
    pub(super) to: Vec<Arc<Mailbox>>,
    pub(super) cc: Vec<Arc<Mailbox>>,
    pub(super) bcc: Vec<Arc<Mailbox>>,
}

/// An IP address as a record, as MQL has it.
pub(super) struct Address {
    ip: IpAddr,
    encoders: Vec<&'static str>,
}

/// How an address was written.
struct Translation {
    v4_to_v6: bool,
    encoders: Vec<&'static str>,
}

/// Whose mailbox received the message.
struct Owner(Arc<Mailbox>);

impl Owner {
    /// The name's first word, and the rest.
    fn names(&self) -> (Option<&str>, Option<&str>) {
        match self.0.display_name.as_deref().map(|name| name.split_once(' ').ok_or(name)) {
            Some(Ok((first, last))) => (Some(first), Some(last)),
            Some(Err(first)) => (Some(first), None),
            None => (None, None),
        }
    }
}

/// Facts about the structure.
struct Mime(Arc<Message>);

fn is_mapped(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some())
}

impl Address {
    /// An address in its plain form.
    pub(super) fn plain(ip: IpAddr) -> Value {
        Value::record(Arc::new(Self { ip, encoders: Vec::new() }))
    }
}

/// `IpAddress` records.
pub(super) fn addresses(found: impl IntoIterator<Item = IpAddr>) -> Value {
    Value::list(found.into_iter().map(Address::plain))
}

pub(super) fn declare(r: &mut Registry) {
    r.record::<Message>("Message", "A message; its fields are the root names of the language.")
        .field(
            "type",
            "MessageType",
            Cost::Cheap,
            "Direction of the message, by the organisation's own domains.",
            |_, m| Value::record(m.once(|| direction(m))),
        )
        .field("sender", "Mailbox?", Cost::Cheap, "The mailbox of the From field.", |_, m| optional(m.sender()))
        .field("recipients", "Recipients", Cost::Cheap, "To, Cc and Bcc.", |_, m| Value::record(recipients(m)))
        .field("subject", "Subject", Cost::Cheap, "The subject line.", |_, m| record(m.subject()))
        .field("headers", "Headers", Cost::Cheap, "The header section.", |_, m| super::headers::headers(m))
        .field("body", "Body", Cost::Cheap, "Texts, links and threads.", |_, m| super::body::body(m))
        .field("attachments", "[Attachment]", Cost::Moderate, "Attachments and inline files, in MIME order.", |_, m| {
            records(m.attachments())
        })
        .field(
            "mailbox",
            "MailboxOwner?",
            Cost::Cheap,
            "The mailbox that received the message, if the host says so.",
            |_, m| {
                let owner = m.settings().mailbox.as_deref().and_then(Mailbox::parse);
                owner.map_or(Value::Null, |owner| Value::record(Arc::new(Owner(owner))))
            },
        )
        .field("auth", "Auth", Cost::Moderate, "Authentication results from trusted sources only.", |_, m| {
            record(&crate::auth::of(m))
        })
        .field(
            "entities",
            "Entities",
            Cost::Cheap,
            "Telephone numbers, amounts, addresses, URLs, wallets and dates in the message's own text.",
            |_, m| super::entities::of(m),
        )
        .field(
            "identity",
            "Identity",
            Cost::Moderate,
            "Who the message claims to be, who authenticated it, where it leads.",
            |_, m| super::identity::of(m),
        )
        .field(
            "route",
            "Route",
            Cost::Cheap,
            "The way of the message: stations, lists, forwarders, signs of misuse.",
            |_, m| super::transport::route(m),
        )
        .field("microsoft", "Microsoft", Cost::Cheap, "Headers of Exchange and Exchange Online.", |_, m| {
            super::transport::microsoft(m)
        })
        .field("google", "Google", Cost::Cheap, "Headers of Google's transport and services.", |_, m| {
            super::transport::google(m)
        })
        .field("mime", "Mime", Cost::Cheap, "Facts about the structure.", |_, m| {
            Value::record(Arc::new(Mime(m.shared())))
        });
    r.record::<Vip>("Vip", "A person whose name strangers like to use; an entry of `$org_vips`.")
        .field("display_name", "string", Cost::Cheap, "The name as it stands in mail.", |_, vip| {
            vip.display_name.as_str().into()
        })
        .field("email", "email?", Cost::Cheap, "The person's own address.", |_, vip| {
            vip.email.as_deref().map_or(Value::Null, |email| email.to_lowercase().as_str().into())
        });
    r.record::<MessageType>("MessageType", "Direction of a message.")
        .field("inbound", "bool", Cost::Cheap, "Sent from outside the organisation's own domains, or with an own address that a trusted result calls forged.", |_, t| {
            t.inbound.into()
        })
        .field("outbound", "bool", Cost::Cheap, "Sent from an own domain to at least one other.", |_, t| {
            t.outbound.into()
        })
        .field("internal", "bool", Cost::Cheap, "Sent from an own domain to own domains only.", |_, t| {
            t.internal.into()
        });
    r.record::<Recipients>("Recipients", "Whom a message is addressed to.")
        .field("to", "[Mailbox]", Cost::Cheap, "Mailboxes of the To field.", |_, r| records(&r.to))
        .field("cc", "[Mailbox]", Cost::Cheap, "Mailboxes of the Cc field.", |_, r| records(&r.cc))
        .field("bcc", "[Mailbox]", Cost::Cheap, "Mailboxes of the Bcc field.", |_, r| records(&r.bcc));
    r.record::<Mailbox>("Mailbox", "A display name with an address (RFC 5322 section 3.4).")
        .field("display_name", "string?", Cost::Cheap, "The name that people see, decoded.", |_, m| {
            optional_text(m.display_name.as_ref())
        })
        .field(
            "email",
            "EmailAddress",
            Cost::Cheap,
            "The address. Never absent: where there is none its fields are, and its domain is not `valid`.",
            |_, m| m.email.as_ref().map_or_else(|| Value::record(no_address()), record),
        );
    r.record::<Owner>("MailboxOwner", "Whose mailbox received a message.")
        .field("display_name", "string?", Cost::Cheap, "The owner's name.", |_, o| {
            optional_text(o.0.display_name.as_ref())
        })
        .field("first_name", "string?", Cost::Cheap, "First word of the owner's name.", |_, o| o.names().0.into())
        .field("last_name", "string?", Cost::Cheap, "The owner's name without its first word.", |_, o| {
            o.names().1.into()
        })
        .field("email", "EmailAddress", Cost::Cheap, "The address of the mailbox.", |_, o| {
            o.0.email.as_ref().map_or_else(|| Value::record(no_address()), record)
        });
    r.record::<EmailAddress>("EmailAddress", "An e-mail address.")
        .field("email", "email?", Cost::Cheap, "The whole address in lower case.", |_, e| non_empty(&e.email))
        .field("local_part", "string?", Cost::Cheap, "What stands before the last `@`.", |_, e| {
            optional_text(e.local_part.as_ref())
        })
        .field(
            "domain",
            "Domain",
            Cost::Cheap,
            "What stands after the last `@`; a domain that is not `valid` if that is an IP address or nothing.",
            |_, e| e.domain.as_ref().map_or_else(|| Value::record(Domain::absent()), record),
        );
    r.record::<Domain>("Domain", "A host name, taken apart by the public suffix list.")
        .field("domain", "domain?", Cost::Cheap, "The whole name in lower case, A-labels.", |_, d| non_empty(&d.domain))
        .field(
            "root_domain",
            "domain?",
            Cost::Cheap,
            "The name registered below an ICANN suffix; the list's private section is ignored.",
            |_, d| optional_text(d.root_domain.as_ref()),
        )
        .field(
            "registrable_domain",
            "domain?",
            Cost::Cheap,
            "The name registered below any suffix, the list's private section included.",
            |_, d| optional_text(d.registrable_domain.as_ref()),
        )
        .field("sld", "string?", Cost::Cheap, "First label of the root domain.", |_, d| optional_text(d.sld.as_ref()))
        .field(
            "subdomain",
            "string?",
            Cost::Cheap,
            "What stands before the root domain; empty if nothing does.",
            |_, d| optional_text(d.subdomain.as_ref()),
        )
        .field("tld", "string?", Cost::Cheap, "The suffix, such as `com` or `co.uk`.", |_, d| {
            optional_text(d.tld.as_ref())
        })
        .field("valid", "bool", Cost::Cheap, "True if a name stands before a known suffix.", |_, d| d.valid.into())
        .field("error", "string?", Cost::Cheap, "Why the name is not valid; absent if it is.", |_, d| {
            if d.valid { Value::Null } else { "no name before a known public suffix".into() }
        })
        .field(
            "punycode",
            "string?",
            Cost::Cheap,
            "The name in A-labels, if it has a label that is not ASCII.",
            |_, d| optional_text(d.punycode.as_ref()),
        );
    r.record::<Subject>("Subject", "A subject line taken apart.")
        .field("subject", "string?", Cost::Cheap, "The subject as written, decoded.", |_, s| {
            optional_text(s.subject.as_ref())
        })
        .field("base", "string?", Cost::Cheap, "The subject without reply and forward prefixes.", |_, s| {
            optional_text(s.base.as_ref())
        })
        .field("is_reply", "bool", Cost::Cheap, "A reply prefix stands before it.", |_, s| s.is_reply.into())
        .field("is_forward", "bool", Cost::Cheap, "A forward prefix stands before it.", |_, s| s.is_forward.into())
        .field("is_auto_reply", "bool", Cost::Cheap, "It begins as automatic replies do.", |_, s| {
            is_auto_reply(s).into()
        });
    r.record::<Url>("Url", "A URL taken apart by WHATWG rules.")
        .field("url", "url", Cost::Cheap, "The whole URL, normalised.", |_, u| text(&u.url))
        .field("scheme", "string", Cost::Cheap, "`https`, `mailto`, `data` ...", |_, u| text(&u.scheme))
        .field("username", "string?", Cost::Cheap, "User name before `@`.", |_, u| optional_text(u.username.as_ref()))
        .field("password", "string?", Cost::Cheap, "Password before `@`.", |_, u| optional_text(u.password.as_ref()))
        .field("domain", "Domain?", Cost::Cheap, "The host, if it is a name.", |_, u| optional(u.domain.as_ref()))
        .field("ip", "IpAddress?", Cost::Cheap, "The host, if it is an address.", |_, u| {
            let address = |ip| Value::record(Arc::new(Address { ip, encoders: u.ip_encoders.clone() }));
            u.ip.map_or(Value::Null, address)
        })
        .field("port", "int?", Cost::Cheap, "Port, if one is written that is not the scheme's own.", |_, u| {
            u.port.map(i64::from).into()
        })
        .field("path", "string?", Cost::Cheap, "Path as written.", |_, u| optional_text(u.path.as_ref()))
        .field("query_params", "string?", Cost::Cheap, "Query as written, without `?`.", |_, u| {
            optional_text(u.query_params.as_ref())
        })
        .field(
            "query_params_decoded",
            "map<[string]>",
            Cost::Cheap,
            "Query decoded: each name with its values.",
            |_, u| decoded(u),
        )
        .field("fragment", "string?", Cost::Cheap, "What stands after `#`.", |_, u| optional_text(u.fragment.as_ref()))
        .field("rewrite", "UrlRewrite", Cost::Cheap, "How gateways and redirectors rewrote the URL.", |_, u| {
            Value::record(Arc::new(Rewrite(u.encoders.clone(), Arc::clone(u.original.as_ref().unwrap_or(&u.url)))))
        })
        .field(
            "nested_urls",
            "[Url]",
            Cost::Moderate,
            "URLs inside this one, in its query, path or fragment: where an open redirect leads. At most 20.",
            |ctx, u| {
                let (nested, more) = u.nested();
                if more {
                    ctx.message.limit(format!("nested_urls: {} of more read in one URL", nested.len()));
                }
                records(&nested)
            },
        );
    r.record::<Rewrite>(
        "UrlRewrite",
        "How gateways and redirectors rewrote a URL. The fields of `Url` are those of the URL that it leads to. Mimecast's links keep only the host.",
    )
    .field("encoders", "[UrlRewriter]", Cost::Cheap, "Names of the rewriters, outermost first.", |_, r| {
        Value::list(r.0.iter().map(|name| Value::from(*name)))
    })
    .field("original", "string?", Cost::Cheap, "The URL as it was written.", |_, r| text(&r.1));
    r.enumeration(crate::value::EnumDecl {
        name: "UrlRewriter",
        doc: "A service that wraps URLs: gateways that check links, and redirectors of well-known sites.",
        values: REWRITERS,
        ordered: false,
        open: true,
    });
    r.record::<Address>("IpAddress", "An IP address.")
        .field("ip", "ip", Cost::Cheap, "The address.", |_, a| Value::Ip(a.ip))
        .field("translation", "IpTranslation", Cost::Cheap, "How the address was written.", |_, a| {
            Value::record(Arc::new(Translation { v4_to_v6: is_mapped(a.ip), encoders: a.encoders.clone() }))
        });
    r.record::<Translation>("IpTranslation", "How an address was written, other than in its plain form.")
        .field("v4_to_v6", "bool", Cost::Cheap, "An IPv4 address written as an IPv6 one.", |_, t| t.v4_to_v6.into())
        .field(
            "encoders",
            "[string]",
            Cost::Cheap,
            "`hexadecimal`, `octal`, `short` (fewer than four numbers), `escaped`.",
            |_, t| Value::list(t.encoders.iter().map(|name| (*name).into())),
        );
    r.record::<Link>("Link", "A link with what it shows.")
        .field("href_url", "Url?", Cost::Cheap, "Where the link leads.", |_, l| optional(l.href_url.as_ref()))
        .field(
            "display_text",
            "string?",
            Cost::Cheap,
            "The text that a person sees, or its image's alternative text.",
            |_, l| optional_text(l.display_text.as_ref()),
        )
        .field("display_url", "Url?", Cost::Cheap, "The text, if it is a URL itself.", |_, l| {
            optional(l.display_url.as_ref())
        })
        .field(
            "mismatched",
            "bool",
            Cost::Cheap,
            "The text is a URL of another root domain than the target.",
            |_, l| l.mismatched.into(),
        )
        .field("visible", "bool", Cost::Cheap, "A person can see the link.", |_, l| l.visible.into())
        .field("parser", "LinkParser", Cost::Cheap, "How the link was found.", |_, l| l.parser.name().into());
    r.record::<Mime>("Mime", "Facts about the structure of a message.")
        .field("anomalies", "[Anomaly]", Cost::Cheap, "What is odd about the structure.", |_, m| {
            Value::list(m.0.anomalies().iter().map(|anomaly| Value::record(Arc::new(anomaly.clone()))))
        })
        .field(
            "ambiguities",
            "[Anomaly]",
            Cost::Moderate,
            "Facts about which readers disagree: what one shows another may not.",
            |_, m| Value::list(m.0.ambiguities().iter().map(|fact| Value::record(Arc::new(fact.clone())))),
        )
        .field(
            "readings",
            "[MimeReading]",
            Cost::Moderate,
            "How other readers read the message, where that shows other texts or files.",
            |_, m| Value::list(m.0.readings().iter().map(|reading| reading.reading.into())),
        )
        .field(
            "other_texts",
            "[string]",
            Cost::Moderate,
            "Texts that only other readings show; their files stand at the end of `attachments`.",
            |_, m| Value::list(m.0.readings().iter().flat_map(|reading| &reading.texts).map(text)),
        )
        .field("parts", "int", Cost::Cheap, "Number of MIME parts.", |_, m| Value::Int(m.0.parts().len() as i64));
    r.record::<Anomaly>("Anomaly", "A fact that standards do not allow, or that readers disagree about.")
        .field("kind", "AnomalyKind", Cost::Cheap, "What it is.", |_, a| a.kind.into())
        .field("detail", "string", Cost::Cheap, "One sentence.", |_, a| Value::str(&*a.detail));
    r.enumeration(crate::value::EnumDecl {
        name: "AnomalyKind",
        doc: "What is odd about a message's structure.",
        values: &ANOMALY_KINDS,
        ordered: false,
        open: false,
    });
    r.enumeration(crate::value::EnumDecl {
        name: "MimeReading",
        doc: "How other readers may read a message.",
        values: &READINGS,
        ordered: false,
        open: true,
    });
    r.enumeration(crate::value::EnumDecl {
        name: "LinkParser",
        doc: "How a link was found.",
        values: &["hyperlink", "plain"],
        ordered: false,
        open: true,
    });
}

/// The rewriters, and the URL as written.
struct Rewrite(Vec<&'static str>, Arc<str>);

fn non_empty(value: &Arc<str>) -> Value {
    if value.is_empty() { Value::Null } else { text(value) }
}

fn no_address() -> Arc<EmailAddress> {
    Arc::new(EmailAddress { email: "".into(), local_part: None, domain: None })
}

fn decoded(url: &Url) -> Value {
    let pairs = url.query_params_decoded.iter();
    let map: BTreeMap<String, Value> = pairs
        .map(|(name, values)| (name.clone(), Value::list(values.iter().map(|value| Value::from(value.as_str())))))
        .collect();
    Value::Map(Arc::new(map))
}

fn recipients(message: &Message) -> Arc<Recipients> {
    let mailboxes = |name| message.mailboxes(name);
    message.once(|| Recipients { to: mailboxes("to"), cc: mailboxes("cc"), bcc: mailboxes("bcc") })
}

fn direction(message: &Message) -> MessageType {
    let own = &message.settings().org_domains;
    let is_own = |mailbox: &Arc<Mailbox>| {
        let domain = mailbox.email.as_ref().and_then(|email| email.domain.as_ref());
        domain.is_some_and(|domain| own.iter().any(|own| is_below(&domain.domain, own)))
    };
    let auth = crate::auth::of(message);
    // Who forges an own address from outside is still outside.
    let forged = [&auth.dmarc, &auth.compauth].iter().any(|result| &***result == "fail");
    let from_own = message.sender().is_some_and(is_own) && !forged;
    let all = recipients(message);
    let everyone = all.to.iter().chain(&all.cc).chain(&all.bcc).all(is_own);
    MessageType { inbound: !from_own, internal: from_own && everyone, outbound: from_own && !everyone }
}

fn is_below(domain: &str, own: &str) -> bool {
    let own = own.to_lowercase();
    domain == own || domain.strip_suffix(own.as_str()).is_some_and(|before| before.ends_with('.'))
}

fn is_auto_reply(subject: &Subject) -> bool {
    const OPENINGS: [&str; 8] = [
        "auto:",
        "automatic reply",
        "auto-reply",
        "autoreply",
        "out of office",
        "automatische antwort",
        "réponse automatique",
        "respuesta automática",
    ];
    let text = subject.subject.as_deref().unwrap_or("").trim().to_lowercase();
    OPENINGS.iter().any(|opening| text.starts_with(opening))
}
