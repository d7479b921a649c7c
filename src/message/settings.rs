//! What the receiver knows about itself, and how much of a message is looked at.

use crate::dns::Resolver;
use std::sync::Arc;

/// The receiver's side of a message.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The organisation's own domains; mail from others is inbound.
    pub org_domains: Vec<String>,
    /// People who are often impersonated: the list `$org_vips`.
    pub org_vips: Vec<Vip>,
    /// Whose Authentication-Results headers are believed (RFC 8601 authserv-id, lower case). The
    /// name `microsoft` stands for Exchange Online's header, which has no authserv-id.
    pub trusted_authserv_ids: Vec<String>,
    /// Received fields that own servers write above the border's Authentication-Results field: 0
    /// if the border writes it above its own Received field. Never larger than the real number:
    /// what lies below was written by strangers. Own relays whose `by` clause names a host of a
    /// trusted id's domain are found without it.
    pub trusted_hops: usize,
    /// Domains (`d=` of ARC-Seal) whose ARC-Authentication-Results are believed, if the chain is
    /// valid and nobody else sealed after them (RFC 8617).
    pub trusted_arc_sealers: Vec<String>,
    /// Who answers questions to DNS; with it SPF, DKIM, DMARC and ARC are verified (feature `verify`).
    pub resolver: Option<Arc<dyn Resolver>>,
    /// The time, in milliseconds since 1970, by which signatures expire in messages that do not show
    /// when they were received.
    pub now: Option<i64>,
    /// The mailbox that received the message, if the host knows it.
    pub mailbox: Option<String>,
    /// Results given by a test instead of those of the headers.
    pub auth_override: Option<AuthOverride>,
    /// How much is looked at.
    pub limits: Limits,
}

/// A person whose name strangers like to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vip {
    /// The name as it stands in mail.
    pub display_name: String,
    /// The person's own address.
    pub email: Option<String>,
}

/// Authentication results that a test gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthOverride {
    /// SPF result.
    pub spf: Option<String>,
    /// DKIM result.
    pub dkim: Option<String>,
    /// DMARC result.
    pub dmarc: Option<String>,
    /// ARC result.
    pub arc: Option<String>,
    /// Microsoft's composite result.
    pub compauth: Option<String>,
    /// Domains that count as authenticated.
    pub authenticated_domains: Option<Vec<String>>,
}

/// Bounds on the work that one message may cause. What lies beyond is reported as a limit hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the message that are parsed.
    pub message_bytes: usize,
    /// Bytes of one header section.
    pub header_bytes: usize,
    /// Header fields of the message.
    pub headers: usize,
    /// MIME parts.
    pub parts: usize,
    /// Nesting of multiparts and attached messages.
    pub depth: usize,
    /// Bytes of text of one body part.
    pub text_bytes: usize,
    /// Links of one message.
    pub links: usize,
    /// Files in the attachments of a message.
    pub files: usize,
    /// Bytes of the files that were unpacked from the attachments of a message.
    pub file_bytes: usize,
    /// Pages of a document whose text is read.
    pub pages: usize,
    /// Pixels of the pictures of a message in which codes are looked for.
    pub pixels: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 100 << 20,
            header_bytes: 1 << 20,
            headers: 10_000,
            parts: 1_000,
            depth: 32,
            text_bytes: 4 << 20,
            links: 10_000,
            files: 1_000,
            file_bytes: 64 << 20,
            pages: 200,
            pixels: 64 << 20,
        }
    }
}
