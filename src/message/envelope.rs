//! What the connection said about a message: facts of SMTP that no header field proves.

use std::net::IpAddr;

/// The envelope of a message (RFC 5321), as the host that took it in saw it. What the host does
/// not know stays empty; header fields never fill it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The address of the client that handed the message over.
    pub ip: Option<IpAddr>,
    /// What the client said in HELO or EHLO.
    pub helo: Option<String>,
    /// The address in MAIL FROM, without angle brackets; `Some("")` is the null sender of bounces.
    pub mail_from: Option<String>,
    /// The addresses in RCPT TO, without angle brackets.
    pub rcpt_to: Vec<String>,
    /// When the message was taken in, in milliseconds since 1970: signatures expire by it.
    pub time: Option<i64>,
}
