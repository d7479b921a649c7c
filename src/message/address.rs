//! E-mail addresses and address lists (RFC 5322, as far as real mail keeps to it).

use super::Domain;
use super::decode::words;
use std::sync::Arc;

/// Longer texts are no addresses.
const LONGEST: usize = 2_000;

/// Most mailboxes that are read from one header.
const MAX_MAILBOXES: usize = 10_000;

/// An e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailAddress {
    /// The whole address in lower case, its domain in A-labels.
    pub email: Arc<str>,
    /// Before the last `@`, lower case.
    pub local_part: Option<Arc<str>>,
    /// After the last `@`; absent for IP addresses.
    pub domain: Option<Arc<Domain>>,
}

impl EmailAddress {
    /// Reads an address, also within angle brackets; `None` without an `@` that has something on
    /// both sides.
    pub fn parse(text: &str) -> Option<Arc<Self>> {
        let text = text.trim().trim_matches(['<', '>', '\'']).trim();
        let text = text.get(..7).filter(|head| head.eq_ignore_ascii_case("mailto:")).map_or(text, |_| &text[7..]);
        let (local, domain) = text.rsplit_once('@')?;
        let (local, domain) = (unquote(local.trim()).to_lowercase(), domain.trim().trim_matches('"'));
        if local.is_empty() || domain.is_empty() || text.len() > LONGEST || domain.contains(char::is_whitespace) {
            return None;
        }
        let parsed = Domain::parse(domain);
        let host = parsed.as_ref().map_or_else(|| domain.to_lowercase(), |domain| domain.domain.to_string());
        Some(Arc::new(Self { email: format!("{local}@{host}").into(), local_part: Some(local.into()), domain: parsed }))
    }
}

fn unquote(text: &str) -> String {
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => text.to_owned(),
    }
}

/// A name with an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The name that people see, decoded; of a group without members, the name of the group.
    pub display_name: Option<Arc<str>>,
    /// The address.
    pub email: Option<Arc<EmailAddress>>,
}

impl Mailbox {
    /// A name without an address; `None` if it is empty.
    pub(super) fn named(name: &str) -> Option<Arc<Self>> {
        let name = name.trim_matches(['"', ' ']);
        (!name.is_empty()).then(|| Arc::new(Self { display_name: Some(name.into()), email: None }))
    }

    /// Reads the first mailbox of a header value. Encoded words are decoded after the value was
    /// taken apart, so that a comma or bracket in a name separates nothing.
    pub fn parse(text: &str) -> Option<Arc<Self>> {
        Self::parse_up_to(text, 1).into_iter().next()
    }

    /// Reads all mailboxes of a header value, groups flattened.
    pub fn parse_list(text: &str) -> Vec<Arc<Self>> {
        Self::parse_up_to(text, MAX_MAILBOXES)
    }

    fn parse_up_to(text: &str, most: usize) -> Vec<Arc<Self>> {
        let mut list = List { most, ..List::default() };
        list.read(text);
        list.found.truncate(most);
        list.found
    }
}

/// Reads an address list, one character after the other.
#[derive(Default)]
struct List {
    most: usize,
    found: Vec<Arc<Mailbox>>,
    /// Words outside brackets and comments.
    phrase: String,
    /// What stood in the first comment: the name in old-style `address (name)`.
    comment: String,
    /// What stood in the last angle brackets.
    route: Option<String>,
    /// The group that is open, with the count of mailboxes when it was opened.
    group: Option<(String, usize)>,
    /// A quote or comment that never ends was seen: later ones are taken for text.
    unclosed: bool,
    /// Bytes after the last `;`: within them no group ends.
    tail: usize,
}

impl List {
    fn read(&mut self, text: &str) {
        let mut rest = text;
        self.tail = text.rfind(';').map_or(usize::MAX, |at| text.len() - at);
        while let Some(c) = rest.chars().next() {
            if self.found.len() >= self.most {
                return;
            }
            rest = match c {
                '"' if !self.unclosed => self.quoted(rest),
                '(' if !self.unclosed => self.comment(rest),
                '<' => self.angle(rest),
                ',' => self.end_of_mailbox(rest),
                ';' => self.end_of_group(rest),
                ':' if self.starts_group(rest) => self.start_of_group(rest),
                _ => self.plain(rest, c),
            };
        }
        self.flush();
        self.close_group();
    }

    fn plain<'t>(&mut self, rest: &'t str, c: char) -> &'t str {
        self.phrase.push(c);
        &rest[c.len_utf8()..]
    }

    fn unclosed<'t>(&mut self, rest: &'t str, c: char) -> &'t str {
        self.unclosed = true;
        self.plain(rest, c)
    }

    fn quoted<'t>(&mut self, rest: &'t str) -> &'t str {
        let Some(end) = closing_quote(rest) else { return self.unclosed(rest, '"') };
        let inner = &rest[1..end];
        let after = &rest[end + 1..];
        // A quoted local part stays quoted, so that `@` in it is not taken for the separator.
        if after.starts_with('@') {
            self.phrase.push_str(&rest[..=end]);
        } else {
            unescape_into(inner, &mut self.phrase);
        }
        after
    }

    fn comment<'t>(&mut self, rest: &'t str) -> &'t str {
        let Some(end) = closing_parenthesis(rest) else { return self.unclosed(rest, '(') };
        if self.comment.is_empty() {
            unescape_into(&rest[1..end], &mut self.comment);
        }
        self.phrase.push(' ');
        &rest[end + 1..]
    }

    fn angle<'t>(&mut self, rest: &'t str) -> &'t str {
        let Some(end) = rest.find('>') else {
            self.route = Some(rest[1..].to_owned());
            return "";
        };
        // `<a> <b>`: the last one is the address, the earlier ones belong to the name.
        if let Some(earlier) = self.route.replace(rest[1..end].to_owned()) {
            self.phrase.push_str(&format!("<{earlier}>"));
        }
        &rest[end + 1..]
    }

    fn end_of_mailbox<'t>(&mut self, rest: &'t str) -> &'t str {
        self.flush();
        &rest[1..]
    }

    /// `name:` with a `;` somewhere behind it, or nothing at all.
    fn starts_group(&self, rest: &str) -> bool {
        let named = self.group.is_none() && self.route.is_none() && (1..=LONGEST).contains(&self.phrase.len());
        let ends = rest.len() > self.tail || rest.len() <= 2 && rest.trim_end() == ":";
        named && ends && !self.phrase.trim().is_empty() && !self.phrase.contains('@')
    }

    fn start_of_group<'t>(&mut self, rest: &'t str) -> &'t str {
        let name = std::mem::take(&mut self.phrase);
        self.group = Some((name, self.found.len()));
        &rest[1..]
    }

    fn end_of_group<'t>(&mut self, rest: &'t str) -> &'t str {
        self.flush();
        self.close_group();
        &rest[1..]
    }

    fn close_group(&mut self) {
        let Some((name, before)) = self.group.take() else { return };
        if self.found.len() == before {
            self.add(display_name(&name), None);
        }
    }

    /// Makes a mailbox of what was collected.
    fn flush(&mut self) {
        let phrase = std::mem::take(&mut self.phrase);
        let comment = std::mem::take(&mut self.comment);
        let phrase = phrase.trim();
        if let Some(route) = self.route.take() {
            let address = EmailAddress::parse(without_route(&route));
            let name = display_name(phrase).or_else(|| display_name(&comment));
            // An address that is none is still what the reader sees.
            return self.add(name.or_else(|| address.is_none().then(|| display_name(&route))?), address);
        }
        if phrase.is_empty() {
            return;
        }
        // A quoted local part may hold spaces.
        let quoted = phrase.rfind("\"@").and_then(|end| phrase.get(phrase[..end].rfind('"')?..));
        let word = quoted.or_else(|| phrase.split_whitespace().rev().find(|word| word.contains('@')));
        let word = word.unwrap_or(phrase);
        match EmailAddress::parse(word.trim_matches(['[', ']', ';', '\''])) {
            Some(address) => {
                let name = phrase.replacen(word, " ", 1);
                self.add(display_name(&name).or_else(|| display_name(&comment)), Some(address));
            }
            None => self.add(display_name(phrase), None),
        }
    }

    fn add(&mut self, display_name: Option<Arc<str>>, email: Option<Arc<EmailAddress>>) {
        if display_name.is_some() || email.is_some() {
            self.found.push(Arc::new(Mailbox { display_name, email }));
        }
    }
}

/// `@relay.example:user@example.com` is a route of RFC 822: only what follows the colon counts.
fn without_route(text: &str) -> &str {
    match text.trim().strip_prefix('@').and_then(|route| route.split_once(':')) {
        Some((_, address)) => address,
        None => text,
    }
}

fn display_name(text: &str) -> Option<Arc<str>> {
    let decoded = words(text.trim());
    let name = decoded.trim().trim_matches('"').trim();
    (!name.is_empty()).then(|| name.split_whitespace().collect::<Vec<_>>().join(" ").into())
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().enumerate().skip(1).find_map(|(at, byte)| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes.then_some(at)
    })
}

fn closing_parenthesis(text: &str) -> Option<usize> {
    let (mut depth, mut escaped) = (0_usize, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => {}
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        escaped = byte == b'\\' && !escaped;
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn unescape_into(text: &str, out: &mut String) {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
}
