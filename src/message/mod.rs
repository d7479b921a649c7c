//! A parsed message and its features, computed on demand, each at most once.

mod address;
mod anomaly;
mod attachment;
pub mod authres;
mod bodies;
mod body;
mod charset;
mod decode;
mod domain;
mod envelope;
mod header;
mod hop;
mod html;
mod links;
mod nested;
mod params;
mod parse;
mod part;
mod quote_date;
mod readings;
mod rewrite;
mod settings;
mod structure;
mod subject;
mod threads;
mod url;
pub mod xpath;

pub use address::{EmailAddress, Mailbox};
pub use anomaly::{ANOMALY_KINDS, Anomaly};
pub use attachment::{Attachment, FILE_TYPES};
pub(crate) use attachment::{extension as file_extension, hex, mismatched, sniff};
pub(crate) use body::addresses;
pub use body::{Body, BodyHtml, BodyPlain, Html, RESOURCE_KINDS, Resource};
pub(crate) use charset::{decode_html, decode_text};
pub use domain::Domain;
pub use envelope::Envelope;
pub use header::Header;
pub use hop::{Hop, HopField, Peer, Received};
pub(crate) use links::urls_in;
pub use links::{Link, LinkParser};
pub use part::Part;
pub(crate) use quote_date::month;
pub use readings::{OtherReading, READINGS};
pub use rewrite::REWRITERS;
pub use settings::{AuthOverride, Limits, Settings, Vip};
pub use subject::Subject;
pub use threads::{Banner, PreviousThread, Thread};
pub use url::Url;

use std::any::{Any, TypeId};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

/// A message with its features. Shared between threads; a feature is computed once.
#[derive(Debug)]
pub struct Message {
    me: Weak<Message>,
    raw: Arc<[u8]>,
    settings: Arc<Settings>,
    envelope: Envelope,
    depth: usize,
    headers: Vec<Header>,
    parts: Vec<Part>,
    bodies: bodies::Bodies,
    facts: Vec<Anomaly>,
    anomalies: OnceLock<Vec<Anomaly>>,
    limits_hit: Mutex<BTreeSet<String>>,
    sender: OnceLock<Option<Arc<Mailbox>>>,
    subject: OnceLock<Arc<Subject>>,
    mailboxes: Mutex<Vec<Mailboxes>>,
    hops: OnceLock<Vec<Arc<Hop>>>,
    body: OnceLock<Arc<Body>>,
    attachments: OnceLock<Vec<Arc<Attachment>>>,
    all_attachments: OnceLock<Vec<Arc<Attachment>>>,
    readings: OnceLock<Vec<OtherReading>>,
    ambiguities: OnceLock<Vec<Anomaly>>,
    later: Mutex<Vec<(TypeId, Slot)>>,
}

/// A field's name and the mailboxes of all fields of that name.
type Mailboxes = (String, Vec<Arc<Mailbox>>);

/// What a later stage computes once.
type Slot = Arc<OnceLock<Arc<dyn Any + Send + Sync>>>;

/// Where in the message a value was read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Location {
    /// A header's name, or `part 2` (1 is the message itself).
    pub place: String,
    /// Bytes of the message as it was received.
    pub bytes: Range<usize>,
}

impl Message {
    /// Parses a message (RFC 5322, RFC 2045). Always gives a message, whatever the bytes are:
    /// what is odd is in [`Message::anomalies`], what was not looked at in [`Message::limits_hit`].
    pub fn parse(raw: impl Into<Arc<[u8]>>, settings: Arc<Settings>) -> Arc<Self> {
        Self::parse_with(raw, settings, Envelope::default())
    }

    /// Parses a message of which the host knows the envelope.
    pub fn parse_with(raw: impl Into<Arc<[u8]>>, settings: Arc<Settings>, envelope: Envelope) -> Arc<Self> {
        Self::nested(raw.into(), settings, envelope, 0)
    }

    fn nested(raw: Arc<[u8]>, settings: Arc<Settings>, envelope: Envelope, depth: usize) -> Arc<Self> {
        let parsed = parse::parse(&raw, &settings.limits, parse::Policy::default());
        Arc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            raw,
            envelope,
            depth,
            headers: parsed.headers,
            parts: parsed.parts,
            bodies: parsed.bodies,
            facts: parsed.anomalies,
            anomalies: OnceLock::new(),
            limits_hit: Mutex::new(parsed.limits_hit.into_iter().collect()),
            settings,
            sender: OnceLock::new(),
            subject: OnceLock::new(),
            mailboxes: Mutex::default(),
            hops: OnceLock::new(),
            body: OnceLock::new(),
            attachments: OnceLock::new(),
            all_attachments: OnceLock::new(),
            readings: OnceLock::new(),
            ambiguities: OnceLock::new(),
            later: Mutex::default(),
        })
    }

    /// Reads bytes found in this message as a message; `None` past the depth limit.
    pub fn inner(&self, raw: &[u8]) -> Option<Arc<Self>> {
        if self.depth + 1 >= self.settings.limits.depth {
            self.limit(format!("depth: messages nested deeper than {}", self.settings.limits.depth));
            return None;
        }
        Some(Self::nested(raw.into(), Arc::clone(&self.settings), Envelope::default(), self.depth + 1))
    }

    /// This message as shared data.
    pub fn shared(&self) -> Arc<Self> {
        // The message lives in the `Arc` that its constructors return.
        let again =
            || Self::nested(Arc::clone(&self.raw), Arc::clone(&self.settings), self.envelope.clone(), self.depth);
        self.me.upgrade().unwrap_or_else(again)
    }

    /// True if both are the same message, not merely equal.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }

    /// The bytes as they were received.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The receiver's side.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What the connection said; empty unless the host gave it.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// To whom the message was delivered: RCPT TO, else the mailbox of the settings. Header fields do
    /// not say it: their author writes what he likes.
    pub fn recipients(&self) -> &[String] {
        if self.envelope.rcpt_to.is_empty() { self.settings.mailbox.as_slice() } else { &self.envelope.rcpt_to }
    }

    /// True for a message that was found inside another: all of it was written by that one's sender.
    pub fn is_nested(&self) -> bool {
        self.depth > 0
    }

    /// Header fields in written order.
    pub fn headers(&self) -> &[Header] {
        &self.headers
    }

    /// All fields of a name, in any case.
    pub fn all<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m Header> {
        self.headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name))
    }

    /// The first field of a name.
    pub fn first(&self, name: &str) -> Option<&Header> {
        self.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))
    }

    /// MIME parts in written order; 0 is the message itself.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The HTML body; its first part, if several are shown one below the other.
    pub fn html_part(&self) -> Option<&Part> {
        self.bodies.html.first().and_then(|index| self.parts.get(*index))
    }

    /// The plain text body; its first part, if several are shown one below the other.
    pub fn plain_part(&self) -> Option<&Part> {
        self.bodies.plain.first().and_then(|index| self.parts.get(*index))
    }

    /// The whole HTML body.
    pub fn html_text(&self) -> Option<Arc<str>> {
        self.body_text(&self.bodies.html)
    }

    /// The whole plain text body.
    pub fn plain_text(&self) -> Option<Arc<str>> {
        self.body_text(&self.bodies.plain)
    }

    fn body_text(&self, indexes: &[usize]) -> Option<Arc<str>> {
        let parts = indexes.iter().filter_map(|index| self.parts.get(*index));
        for full in parts.clone().filter_map(Part::cut_from) {
            self.limit(format!("text_bytes: {} of {full} bytes read", self.settings.limits.text_bytes));
        }
        let mut texts = parts.filter_map(Part::text);
        let first = texts.next()?;
        let rest: Vec<Arc<str>> = texts.collect();
        if rest.is_empty() {
            return Some(first);
        }
        let all = std::iter::once(first).chain(rest).collect::<Vec<_>>().join("\n");
        let text = part::cut(&all, self.settings.limits.text_bytes);
        if text.len() < all.len() {
            self.limit(format!("text_bytes: {} of {} bytes read", text.len(), all.len()));
        }
        Some(text.into())
    }

    /// What is odd about the message. The first call decodes all parts.
    pub fn anomalies(&self) -> &[Anomaly] {
        self.anomalies.get_or_init(|| {
            let mut anomalies = self.facts.clone();
            self.parts.iter().for_each(|part| part.anomalies(&mut anomalies));
            anomalies
        })
    }

    /// The message that a part holds (`message/rfc822`); `None` past the depth limit.
    pub fn attached(&self, part: &Part) -> Option<Arc<Self>> {
        part.is_message.then(|| self.inner(part.bytes())).flatten()
    }

    /// Limits that were hit so far; what lies beyond them was not looked at.
    pub fn limits_hit(&self) -> Vec<String> {
        if self.body.get().and_then(|body| body.html.as_ref()).is_some_and(|html| html.html.styles_cut()) {
            self.limit("styles: some rules of style sheets were not looked at".to_owned());
        }
        self.limits_hit.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// A value that a later stage computes once for this message and keeps with it; one for each
    /// type.
    pub(crate) fn once<T: Any + Send + Sync>(&self, compute: impl Fn() -> T) -> Arc<T> {
        let slot = self.slot(TypeId::of::<T>());
        let stored = slot.get_or_init(|| Arc::new(compute()));
        Arc::clone(stored).downcast().unwrap_or_else(|_| Arc::new(compute()))
    }

    /// The lock is released before anything is computed: one value may be made of another.
    fn slot(&self, id: TypeId) -> Slot {
        let mut slots = self.later.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, slot)) = slots.iter().find(|(known, _)| *known == id) {
            return Arc::clone(slot);
        }
        let slot = Slot::default();
        slots.push((id, Arc::clone(&slot)));
        slot
    }

    pub(crate) fn limit(&self, what: String) {
        self.limits_hit.lock().unwrap_or_else(PoisonError::into_inner).insert(what);
    }

    /// The mailbox of the From field. Of several fields the first counts: readers show it.
    pub fn sender(&self) -> Option<&Arc<Mailbox>> {
        self.sender.get_or_init(|| Mailbox::parse(&self.first("from")?.raw)).as_ref()
    }

    /// The mailboxes of all fields of a name, read once.
    pub fn mailboxes(&self, name: &str) -> Vec<Arc<Mailbox>> {
        let mut known = self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, found)) = known.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            return found.clone();
        }
        let found: Vec<_> = self.all(name).flat_map(|header| Mailbox::parse_list(&header.raw)).collect();
        known.push((name.to_owned(), found.clone()));
        found
    }

    /// The subject.
    pub fn subject(&self) -> &Arc<Subject> {
        self.subject.get_or_init(|| Arc::new(Subject::parse(self.first("subject").map(|header| &*header.value))))
    }

    /// The route, newest hop first.
    pub fn hops(&self) -> &[Arc<Hop>] {
        self.hops.get_or_init(|| hop::hops(&self.headers))
    }

    /// Texts and links.
    pub fn body(&self) -> &Arc<Body> {
        self.body.get_or_init(|| Arc::new(Body::of(self)))
    }

    /// Attachments and inline files, in MIME order; after them those that only other readings have.
    pub fn attachments(&self) -> &[Arc<Attachment>] {
        let others = self.readings().iter().flat_map(|reading| &reading.attachments);
        self.all_attachments.get_or_init(|| self.own_attachments().iter().chain(others).cloned().collect())
    }

    /// Attachments and inline files as we read the message.
    fn own_attachments(&self) -> &[Arc<Attachment>] {
        self.attachments.get_or_init(|| attachment::attachments(self))
    }

    /// What other readers make of the message, where its structure is ambiguous.
    pub fn readings(&self) -> &[OtherReading] {
        self.readings.get_or_init(|| readings::readings(self))
    }

    /// Facts about which readers disagree: what one shows another may not. The first call decodes all
    /// parts.
    pub fn ambiguities(&self) -> &[Anomaly] {
        self.ambiguities.get_or_init(|| {
            let facts = self.anomalies().iter().filter(|fact| fact.is_ambiguity()).cloned();
            let readings = self.readings().iter().map(|reading| {
                let (texts, files) = (reading.texts.len(), reading.attachments.len());
                let detail = format!("`{}` shows {texts} other texts and {files} other files", reading.reading);
                Anomaly::new("several-readings", detail, None)
            });
            facts.chain(readings).collect()
        })
    }

    /// Where the value of a feature path was read, if it has one place.
    pub fn locate(&self, path: &str) -> Option<Location> {
        let header = |name: &str| {
            let field = self.first(name)?;
            Some(Location { place: field.name.to_string(), bytes: field.range.clone() })
        };
        let root: Vec<&str> = path.splitn(3, ['.', '[']).collect();
        match root.as_slice() {
            ["sender", ..] => header("from"),
            ["subject", ..] => header("subject"),
            ["recipients", kind, ..] => header(kind),
            ["headers", "reply_to", ..] => header("reply-to"),
            ["headers", "return_path", ..] => header("return-path"),
            ["headers", "message_id", ..] => header("message-id"),
            ["headers", "in_reply_to", ..] => header("in-reply-to"),
            ["headers", "references", ..] => header("references"),
            ["headers", "date", ..] => header("date"),
            ["headers", "mailer", ..] => header("x-mailer").or_else(|| header("user-agent")),
            ["headers", "auth_summary", ..] | ["auth", ..] => header("authentication-results"),
            ["body", "plain", ..] => self.bodies.plain.first().and_then(|index| self.part_location(*index)),
            ["body", ..] => {
                self.bodies.html.first().or(self.bodies.plain.first()).and_then(|index| self.part_location(*index))
            }
            ["attachments", rest @ ..] => {
                let index: usize = rest.first()?.split(']').next()?.parse().ok()?;
                self.part_location(self.own_attachments().get(index)?.part)
            }
            _ => None,
        }
    }

    fn part_location(&self, index: usize) -> Option<Location> {
        let part = self.parts.get(index)?;
        Some(Location { place: format!("part {}", index + 1), bytes: part.raw_range.clone() })
    }
}

/// URLs in plain text, at most `most`.
pub(crate) fn plain_links(text: &str, most: usize) -> Vec<Arc<Link>> {
    links::plain(text, most).0.into_iter().map(Arc::new).collect()
}

/// An RFC 5322 date in milliseconds since 1970.
pub fn date_millis(text: &str) -> Option<i64> {
    parse::date_seconds(text)?.checked_mul(1000)
}
