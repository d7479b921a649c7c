//! The route: header fields grouped by the server that wrote them, Received fields taken apart.

use super::domain::Domain;
use super::header::Header;
use std::net::IpAddr;
use std::sync::Arc;

/// One station of the route. Index 0 is the newest, at the top of the message.
#[derive(Clone, Debug)]
pub struct Hop {
    /// Position, 0 at the top.
    pub index: usize,
    /// The fields of this hop in written order.
    pub fields: Vec<Arc<HopField>>,
    /// The Received field that the hop begins or ends with.
    pub received: Option<Arc<Received>>,
}

/// A header field in its hop.
#[derive(Clone, Debug)]
pub struct HopField {
    /// Name as written.
    pub name: Arc<str>,
    /// Decoded value.
    pub value: Arc<str>,
    /// Position among all fields of the message, 0 at the top.
    pub position: usize,
}

/// A Received field (RFC 5321 section 4.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// After `from`, with its comment.
    pub source: Option<Arc<str>>,
    /// After `by`.
    pub server: Option<Arc<str>>,
    /// After `with`.
    pub protocol: Option<Arc<str>>,
    /// After `id`.
    pub id: Option<Arc<str>>,
    /// After `for`, without angle brackets.
    pub mailbox: Option<Arc<str>>,
    /// After `;`, milliseconds since 1970.
    pub time: Option<i64>,
    /// The whole value.
    pub raw: Arc<str>,
}

/// The machine that handed a message over, as the `from` clause names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// The name by which it introduced itself (HELO): it may be anything.
    pub helo: Option<Arc<str>>,
    /// The name that DNS gives for its address, if the field says so.
    pub host: Option<Arc<Domain>>,
    /// Its address.
    pub ip: Option<IpAddr>,
}

/// Groups the fields: each Received field begins a hop, as it is written above everything that
/// was there before. Fields above the first Received belong to the newest hop.
pub(super) fn hops(headers: &[Header]) -> Vec<Arc<Hop>> {
    let mut hops: Vec<Hop> = Vec::new();
    let mut pending: Vec<Arc<HopField>> = Vec::new();
    for (position, header) in headers.iter().enumerate() {
        let field = HopField { name: Arc::clone(&header.name), value: Arc::clone(&header.value), position };
        pending.push(Arc::new(field));
        if header.name.eq_ignore_ascii_case("received") {
            let received = Some(Arc::new(Received::parse(&header.value)));
            hops.push(Hop { index: hops.len(), fields: std::mem::take(&mut pending), received });
        }
    }
    // What stands below the last Received was there when the message was sent.
    if !pending.is_empty() {
        match hops.last_mut() {
            Some(last) => last.fields.append(&mut pending),
            None => hops.push(Hop { index: 0, fields: pending, received: None }),
        }
    }
    hops.into_iter().map(Arc::new).collect()
}

const CLAUSES: [&str; 6] = ["from", "by", "via", "with", "id", "for"];

impl Received {
    /// Takes a Received value apart; what is not there is absent.
    pub fn parse(value: &str) -> Self {
        let (clauses, date) = match split_date(value) {
            Some((clauses, date)) => (clauses, Some(date)),
            None => (value, None),
        };
        let mut received = Self { raw: value.into(), time: date.and_then(super::date_millis), ..Self::default() };
        let mut current: Option<&str> = None;
        let mut text = String::new();
        for token in tokens(clauses) {
            let clause = CLAUSES.iter().copied().find(|clause| token.eq_ignore_ascii_case(clause));
            if let Some(clause) = clause.filter(|_| !token.starts_with('(')) {
                received.set(current, &text);
                text.clear();
                current = Some(clause);
                continue;
            }
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(token);
        }
        received.set(current, &text);
        received
    }

    /// Who handed the message over. What the client said stands first; what the server found out
    /// stands in the comment, and of the comment's addresses the last one.
    pub fn peer(&self) -> Peer {
        let source = self.source.as_deref().unwrap_or("");
        let (first, rest) = source.split_once(' ').unwrap_or((source, ""));
        let literal = |text: &str| text.trim_matches(['[', ']', '(', ')']).trim_start_matches("IPv6:").parse().ok();
        let ip = addresses(without_helo(rest)).last().or_else(|| literal(first));
        let helo = after(rest, "HELO ").or_else(|| after(rest, "helo=")).or_else(|| after(rest, "EHLO "));
        let named_by_dns = helo.is_some().then_some(first);
        let before = rest.find('[').map(|at| rest[..at].trim_start_matches('(').trim());
        let before = before.and_then(|text| text.rsplit([' ', '@', '(']).next());
        let known = |name: &&str| *name != "unknown" && name.contains('.');
        let host = named_by_dns.or(before).filter(known).and_then(Domain::parse);
        Peer { helo: helo.or(Some(first)).filter(|name| !name.is_empty()).map(Into::into), host, ip }
    }

    /// The word after a marker, without brackets.
    pub fn after(&self, marker: &str) -> Option<&str> {
        after(&self.raw, marker)
    }

    fn set(&mut self, clause: Option<&str>, text: &str) {
        let slot = match clause {
            Some("from") => &mut self.source,
            Some("by") => &mut self.server,
            Some("with") => &mut self.protocol,
            Some("id") => &mut self.id,
            Some("for") => &mut self.mailbox,
            _ => return,
        };
        if slot.is_none() && !text.is_empty() {
            let trimmed = if clause == Some("for") { text.trim_matches(['<', '>']) } else { text };
            *slot = Some(trimmed.into());
        }
    }
}

fn after<'t>(text: &'t str, marker: &str) -> Option<&'t str> {
    let rest = text.split_once(marker)?.1;
    rest.split([' ', ')', ';']).next()
}

/// A `from` clause without what Exim writes behind the address in the first comment: the name that
/// the client chose, which may be an address that is not its own.
fn without_helo(text: &str) -> &str {
    let comment = text.find(')').map_or(text, |end| &text[..end]);
    let at = comment.find("helo=").filter(|_| comment.starts_with('('));
    at.map_or(text, |at| &text[..at])
}

/// Addresses in a text, in order.
fn addresses(text: &str) -> impl Iterator<Item = IpAddr> {
    let words = text.split(|c: char| !(c.is_ascii_hexdigit() || matches!(c, '.' | ':' | 'I' | 'P' | 'v')));
    words.filter_map(|word| word.trim_start_matches("IPv6:").trim_matches('.').parse().ok())
}

/// The date stands after the last `;` outside comments.
fn split_date(value: &str) -> Option<(&str, &str)> {
    let mut depth = 0_u32;
    let mut at = None;
    for (index, c) in value.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ';' if depth == 0 => at = Some(index),
            _ => {}
        }
    }
    at.map(|at| (&value[..at], &value[at + 1..]))
}

/// Words and whole comments.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let (mut start, mut depth) = (None, 0_u32);
    for (at, c) in text.char_indices() {
        match c {
            '(' => {
                depth += 1;
                start = start.or(Some(at));
            }
            ')' => depth = depth.saturating_sub(1),
            c if c.is_whitespace() && depth == 0 => {
                if let Some(from) = start.take() {
                    tokens.push(&text[from..at]);
                }
            }
            _ => start = start.or(Some(at)),
        }
    }
    tokens.extend(start.map(|from| &text[from..]));
    tokens
}
