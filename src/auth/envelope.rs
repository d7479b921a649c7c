//! Who handed the message over: the envelope of the host, else what own servers wrote down.

use super::trust;
use crate::message::{Header, Message, Peer, Received};
use std::net::IpAddr;

/// Facts that SPF is checked with (RFC 7208 section 2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) ip: Option<IpAddr>,
    pub(super) helo: Option<String>,
    pub(super) mail_from: Option<String>,
    /// When the message was received, in milliseconds since 1970.
    pub(super) time: Option<i64>,
}

/// The envelope that the host gave. What it does not say is read from the Received field of the
/// configured border, and from a Return-Path above that field: below it strangers write.
pub(super) fn facts(message: &Message) -> Facts {
    let given = message.envelope();
    let border = trust::border_position(message);
    let received = border.and_then(|at| message.headers().get(at)).map(|field| Received::parse(&field.raw));
    let Peer { helo, ip, .. } = received.as_ref().map(Received::peer).unwrap_or_default();
    // Names and addresses of one connection belong together.
    let (ip, helo, path) = match given.ip {
        Some(ip) => (Some(ip), given.helo.clone(), None),
        None => (ip, helo.map(|helo| helo.to_string()), return_path(&message.headers()[..border.unwrap_or(0)])),
    };
    Facts {
        ip: ip.map(|ip| ip.to_canonical()),
        helo,
        mail_from: given.mail_from.clone().or(path),
        time: given.time.or(received.and_then(|field| field.time)).or(message.settings().now),
    }
}

fn return_path(fields: &[Header]) -> Option<String> {
    let field = fields.iter().find(|field| field.name.eq_ignore_ascii_case("return-path"))?;
    Some(field.raw.trim().trim_start_matches('<').trim_end_matches('>').trim().to_owned())
}
