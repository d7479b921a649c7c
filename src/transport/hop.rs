//! One Received field read as the program wrote it that is known by its form: Exchange, Gmail,
//! Postfix, Exim, qmail, Sendmail (RFC 5321 section 4.4 leaves them much freedom).

use crate::message::{Domain, EmailAddress, Peer, Received};
use std::net::IpAddr;
use std::sync::Arc;

/// A station of the route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteHop {
    /// Position among the Received fields, 0 is the newest.
    pub index: usize,
    /// The name by which the sending machine introduced itself (HELO): it may be anything.
    pub helo: Option<Arc<str>>,
    /// The name that DNS gives for its address, if the field says so.
    pub host: Option<Arc<Domain>>,
    /// Its address.
    pub ip: Option<IpAddr>,
    /// The machine that wrote the field.
    pub by: Option<Arc<Domain>>,
    /// The protocol in upper case: `ESMTPS`, `HTTP`, `MAPI` ...
    pub protocol: Option<Arc<str>>,
    /// The connection was encrypted.
    pub tls: bool,
    /// The client had logged in.
    pub authenticated: bool,
    /// The envelope recipient.
    pub recipient: Option<Arc<EmailAddress>>,
    /// The envelope sender, where the field says so.
    pub envelope_from: Option<Arc<EmailAddress>>,
    /// When the machine received the message, in milliseconds since 1970.
    pub time: Option<i64>,
    /// The program that writes fields of this form: one of [`DIALECTS`].
    pub dialect: &'static str,
    /// Written by the receiver's own machines: by the border or behind it.
    pub own: bool,
}

/// The programs whose Received fields are told apart.
pub const DIALECTS: &[&str] = &["exchange", "gmail", "postfix", "exim", "qmail", "sendmail", "unknown"];

impl RouteHop {
    /// Reads a Received field.
    pub fn new(index: usize, field: &Received, own: bool) -> Self {
        let source = field.source.as_deref().unwrap_or("");
        let Peer { helo, host, ip } = field.peer();
        let server = field.server.as_deref().unwrap_or("");
        let by = server.split_whitespace().next().and_then(|name| Domain::parse(name.trim_matches(['[', ']'])));
        let protocol = protocol(field);
        let raw = &*field.raw;
        Self {
            index,
            helo,
            host,
            ip,
            by,
            tls: is_encrypted(protocol.as_deref(), raw),
            authenticated: is_authenticated(protocol.as_deref(), raw),
            protocol,
            recipient: field.mailbox.as_deref().and_then(address),
            envelope_from: field.after("envelope-from ").or_else(|| field.after("envelope-sender ")).and_then(address),
            time: field.time,
            dialect: dialect(raw, source, server),
            own,
        }
    }
}

/// The protocol's name; Exchange writes a whole sentence.
fn protocol(field: &Received) -> Option<Arc<str>> {
    let words = field.protocol.as_deref()?;
    let name = if words.starts_with("Microsoft SMTP Server") { "SMTP" } else { words.split_whitespace().next()? };
    Some(name.to_ascii_uppercase().into())
}

/// `ESMTPS` and its kind (RFC 3848), or a cipher in a comment.
fn is_encrypted(protocol: Option<&str>, raw: &str) -> bool {
    let by_name = matches!(
        protocol,
        Some("ESMTPS" | "ESMTPSA" | "SMTPS" | "HTTPS" | "LMTPS" | "LMTPSA" | "UTF8SMTPS" | "UTF8SMTPSA")
    );
    by_name || raw.contains("version=TLS") || raw.contains("using TLS")
}

fn is_authenticated(protocol: Option<&str>, raw: &str) -> bool {
    matches!(protocol, Some("ESMTPA" | "ESMTPSA" | "LMTPA" | "LMTPSA"))
        || raw.contains("Authenticated sender:")
        || raw.contains("authenticated bits=")
}

fn address(text: &str) -> Option<Arc<EmailAddress>> {
    EmailAddress::parse(text.trim_matches(['<', '>', '(', ')', ';', ' ']))
}

fn dialect(raw: &str, source: &str, server: &str) -> &'static str {
    let of_google = server.contains("google.com") || server.starts_with("2002:") && raw.contains("with SMTP id");
    if raw.contains("Microsoft SMTP Server") || raw.contains("with mapi id") || server.contains(".outlook.com") {
        "exchange"
    } else if of_google {
        "gmail"
    } else if raw.contains("(Postfix") {
        "postfix"
    } else if raw.contains("(Exim ") || source.contains("helo=") {
        "exim"
    } else if raw.starts_with("(qmail ") || source.contains("(HELO ") {
        "qmail"
    } else if is_sendmail(server) {
        "sendmail"
    } else {
        "unknown"
    }
}

/// `by host (8.11.6/8.11.6)`
fn is_sendmail(server: &str) -> bool {
    let version = server.split_once('(').map_or("", |(_, rest)| rest);
    version.starts_with("8.") && version.contains("/8.")
}
