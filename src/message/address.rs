//! Mailboxes and addresses (RFC 5322 section 3.4), tolerant of what is really sent.

use super::domain::Domain;
use std::sync::Arc;

/// An e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailAddress {
    /// The whole address in lower case.
    pub email: Arc<str>,
    /// Before the last `@`.
    pub local_part: Option<Arc<str>>,
    /// After the last `@`.
    pub domain: Option<Arc<Domain>>,
}

/// A name with an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The name that people see, decoded.
    pub display_name: Option<Arc<str>>,
    /// The address.
    pub email: Option<Arc<EmailAddress>>,
}

/// Most mailboxes that are read from one header.
const MAX_MAILBOXES: usize = 10_000;

impl EmailAddress {
    /// Reads an address; `None` if there is no `@` with something on both sides.
    pub fn parse(text: &str) -> Option<Arc<Self>> {
        let text = text.trim().trim_matches(['<', '>', '"', '\'']).trim();
        let (local, domain) = text.rsplit_once('@')?;
        if local.is_empty() || domain.is_empty() || text.contains(char::is_whitespace) || text.len() > 2048 {
            return None;
        }
        let parsed = Domain::parse(domain);
        let host = parsed.as_ref().map_or_else(|| domain.to_lowercase(), |domain| domain.domain.to_string());
        let local = local.to_lowercase();
        Some(Arc::new(Self { email: format!("{local}@{host}").into(), local_part: Some(local.into()), domain: parsed }))
    }
}

impl Mailbox {
    /// Reads the first mailbox of a decoded header value.
    pub fn parse(text: &str) -> Option<Arc<Self>> {
        Self::parse_list(text).into_iter().next()
    }

    /// Reads all mailboxes of a decoded header value, groups flattened.
    pub fn parse_list(text: &str) -> Vec<Arc<Self>> {
        let pieces = split(text);
        pieces.into_iter().take(MAX_MAILBOXES).filter_map(Self::one).collect()
    }

    fn one(text: &str) -> Option<Arc<Self>> {
        let text = text.trim();
        let (name, address) = match last_angle(text) {
            Some((name, address)) => (name, address),
            None if text.contains('@') => ("", text),
            None => (text, ""),
        };
        let (bare, comment) = without_comments(address);
        let mut name = clean_name(name);
        if name.is_empty() {
            name = comment;
        }
        let email = EmailAddress::parse(&bare);
        // An address that is none is still what the reader sees.
        if email.is_none() && name.is_empty() {
            name = bare.trim().to_owned();
        }
        let display_name = (!name.is_empty()).then(|| name.as_str().into());
        (display_name.is_some() || email.is_some()).then(|| Arc::new(Self { display_name, email }))
    }
}

/// Splits at commas and semicolons outside quotes, comments and angle brackets; group names go.
fn split(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut quoted, mut comment, mut angle, mut escaped) = (0, false, 0_u32, false, false);
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match c {
            '\\' => escaped = true,
            '"' if comment == 0 => quoted = !quoted,
            '(' if !quoted => comment += 1,
            ')' if !quoted => comment = comment.saturating_sub(1),
            '<' if !quoted && comment == 0 => angle = true,
            '>' if !quoted && comment == 0 => angle = false,
            ',' | ';' if !quoted && comment == 0 && !angle => {
                pieces.push(&text[start..at]);
                start = at + 1;
            }
            ':' if !quoted && comment == 0 && !angle && !text[start..at].contains('@') => start = at + 1,
            _ => {}
        }
    }
    pieces.push(&text[start..]);
    pieces.retain(|piece| !piece.trim().is_empty());
    pieces
}

/// `name <address>`: the last angle brackets outside quotes hold the address.
fn last_angle(text: &str) -> Option<(&str, &str)> {
    let open = text.rfind('<')?;
    let rest = &text[open + 1..];
    let end = rest.find('>').unwrap_or(rest.len());
    Some((&text[..open], &rest[..end]))
}

fn without_comments(text: &str) -> (String, String) {
    let (mut bare, mut comment, mut depth) = (String::new(), String::new(), 0_u32);
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            _ if depth > 0 => comment.push(c),
            _ => bare.push(c),
        }
    }
    (bare.trim().to_owned(), comment.trim().to_owned())
}

/// The name without its quotes and escapes, white space folded.
fn clean_name(text: &str) -> String {
    let text = text.trim();
    let quoted = text.len() >= 2 && text.starts_with('"') && text.ends_with('"');
    let inner = if quoted { &text[1..text.len() - 1] } else { text };
    let mut out = String::with_capacity(inner.len());
    let mut escaped = false;
    for c in inner.chars() {
        if c == '\\' && !escaped {
            escaped = true;
            continue;
        }
        if c != '"' || escaped {
            out.push(c);
        }
        escaped = false;
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}
