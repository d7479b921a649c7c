//! What other readers make of a message: where its structure can be read in several ways, the texts
//! and files that only the other readings have (draft-chen-email-mime-ambiguity-defense-00 calls it the
//! union of views).

use super::attachment::Attachment;
use super::charset::decode_text;
use super::parse::{self, Policy};
use super::part::Part;
use super::{Html, Message, decode};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// Names of the ways in which other readers may read a message.
pub const READINGS: [&str; 7] = [
    "carriage-returns-end-lines",
    "last-field-counts",
    "multipart-decoded",
    "other-file-name",
    "text-outside-parts",
    "transfer-encoding-guessed",
    "uuencoded-file",
];

/// A reading of the message other than ours, as far as it shows something else.
#[derive(Debug)]
pub struct OtherReading {
    /// How it reads: of [`READINGS`].
    pub reading: &'static str,
    /// Texts that ours does not show; of HTML the visible text.
    pub texts: Vec<Arc<str>>,
    /// Files that ours does not have.
    pub attachments: Vec<Arc<Attachment>>,
}

/// Shortest text that counts: gateways and lists leave lines between parts.
const LEAST_TEXT: usize = 40;
/// Most files in text of one message.
const MOST_FILES: usize = 50;

/// All other readings that show something else.
pub(super) fn readings(message: &Message) -> Vec<OtherReading> {
    let mut found = Found { message, known: None, readings: Vec::new() };
    let has = |kind: &str| message.facts.iter().any(|fact| fact.kind == kind);
    if has("duplicate-header") {
        found.parsed_again("last-field-counts", Policy { last_field: true, bare_cr: false });
    }
    if has("bare-cr") && memchr::memmem::find(&message.raw, b"\r--").is_some() {
        found.parsed_again("carriage-returns-end-lines", Policy { last_field: false, bare_cr: true });
    }
    if has("encoded-multipart") {
        found.decoded_multiparts();
    }
    if has("text-after-multipart") || has("text-before-multipart") {
        found.outside_parts();
    }
    found.each_part();
    found.readings
}

struct Found<'m> {
    message: &'m Message,
    /// What is shown already.
    known: Option<BTreeSet<u64>>,
    readings: Vec<OtherReading>,
}

fn digest(kind: u8, bytes: &[u8]) -> u64 {
    use std::hash::{DefaultHasher, Hasher};
    let mut hasher = DefaultHasher::new();
    hasher.write_u8(kind);
    hasher.write(bytes);
    hasher.finish()
}

/// The same text is another one as HTML.
fn of_text(text: &str, is_html: bool) -> u64 {
    digest(if is_html { b'h' } else { b't' }, text.as_bytes())
}

fn known(message: &Message) -> BTreeSet<u64> {
    let bodies = message.bodies.html.iter().chain(&message.bodies.plain).filter_map(|index| message.parts.get(*index));
    let texts = bodies.filter_map(|part| Some(of_text(&part.text()?, part.is_html())));
    let files = message.own_attachments().iter().map(|file| digest(b'f', &file.bytes));
    texts.chain(files).collect()
}

impl Found<'_> {
    fn add(&mut self, reading: &'static str, texts: Vec<Arc<str>>, attachments: Vec<Arc<Attachment>>) {
        if !texts.is_empty() || !attachments.is_empty() {
            self.readings.push(OtherReading { reading, texts, attachments });
        }
    }

    /// True the first time, if it is not shown already. PERF: what is shown is looked at only if there is
    /// something to compare.
    fn is_new(&mut self, digest: u64) -> bool {
        let message = self.message;
        self.known.get_or_insert_with(|| known(message)).insert(digest)
    }

    /// A text, unless it is shown already or says nothing.
    fn text(&mut self, text: &Arc<str>, is_html: bool) -> Option<Arc<str>> {
        if text.trim().is_empty() || !self.is_new(of_text(text, is_html)) {
            return None;
        }
        let limit = self.message.settings().limits.links;
        Some(if is_html { Html::new(Arc::clone(text), limit).display_text() } else { Arc::clone(text) })
    }

    /// The texts and files of parts that are read in another way.
    fn of_parts(&mut self, parts: &[Part]) -> (Vec<Arc<str>>, Vec<Arc<Attachment>>) {
        let (mut texts, mut files) = (Vec::new(), Vec::new());
        for (index, part) in parts.iter().enumerate().filter(|(_, part)| !part.is_multipart()) {
            if part.is_attachment {
                if !part.raw_range.is_empty() && self.is_new(digest(b'f', part.bytes())) {
                    files.push(Arc::new(Attachment::of(self.message, index, part)));
                }
            } else if let Some(text) = part.text() {
                texts.extend(self.text(&text, part.is_html()));
            }
        }
        (texts, files)
    }

    fn parsed_again(&mut self, reading: &'static str, policy: Policy) {
        let parsed = parse::parse(&self.message.raw, &self.message.settings.limits, policy);
        let (texts, files) = self.of_parts(&parsed.parts);
        self.add(reading, texts, files);
    }

    /// Readers that undo the transfer encoding of a whole multipart.
    fn decoded_multiparts(&mut self) {
        let message = self.message;
        let encoded = |part: &&Part| part.is_multipart() && part.transfer_encoding.is_some();
        for part in message.parts.iter().filter(encoded).take(4) {
            let raw = message.raw.get(part.raw_range.clone()).unwrap_or_default();
            let body = match part.transfer_encoding.as_deref() {
                Some("base64") => decode::base64(raw).bytes,
                Some("quoted-printable") => decode::quoted_printable(raw).bytes,
                _ => continue,
            };
            let Some(field) = &part.declared else { continue };
            let whole = [&b"Content-Type: "[..], field.as_bytes(), &b"\r\n\r\n"[..], &body[..]].concat();
            let Some(inner) = message.inner(&whole) else { continue };
            let (texts, files) = self.of_parts(inner.parts());
            self.add("multipart-decoded", texts, files);
        }
    }

    /// What stands before the first part of a multipart and after its last.
    fn outside_parts(&mut self) {
        let kinds = ["text-before-multipart", "text-after-multipart"];
        let facts = self.message.facts.iter().filter(|fact| kinds.contains(&fact.kind));
        let ranges: Vec<Range<usize>> = facts.filter_map(|fact| fact.range.clone()).collect();
        let mut texts = Vec::new();
        for range in ranges {
            let bytes = self.message.raw.get(range).unwrap_or_default();
            let text: Arc<str> = decode_text(bytes, None).trim().into();
            let is_html = memchr::memmem::find(bytes, b"<html").is_some();
            texts.extend(self.text(&text, is_html));
        }
        self.add("text-outside-parts", texts, Vec::new());
    }

    fn each_part(&mut self) {
        let message = self.message;
        for (index, part) in message.parts.iter().enumerate().filter(|(_, part)| !part.is_multipart()) {
            self.other_name(index, part);
            self.guessed_encoding(index, part);
            if part.content_type == "text/plain" {
                self.uuencoded(index, part);
            }
        }
    }

    /// Two names for one file: some readers show the one, some the other.
    fn other_name(&mut self, index: usize, part: &Part) {
        let message = self.message;
        let files = part.other_names.iter().filter(|_| part.is_attachment).map(|name| {
            let mut file = Attachment::of(message, index, part);
            file.rename(name);
            Arc::new(file)
        });
        let files = files.collect();
        self.add("other-file-name", Vec::new(), files);
    }

    /// A transfer encoding that is none: some readers take it for base64.
    fn guessed_encoding(&mut self, index: usize, part: &Part) {
        let known = ["base64", "quoted-printable", "7bit", "8bit", "binary"];
        let Some(encoding) = part.transfer_encoding.as_deref().filter(|name| !known.contains(name)) else { return };
        let raw = self.message.raw.get(part.raw_range.clone()).unwrap_or_default();
        let decoded = if encoding.contains("quoted") { decode::quoted_printable(raw) } else { decode::base64(raw) };
        if decoded.damaged || raw.trim_ascii().len() < 16 {
            return;
        }
        if part.is_attachment {
            let file = Attachment::of(self.message, index, part).with_bytes(decoded.bytes.into());
            let files = Vec::from([Arc::new(file)]);
            return self.add("transfer-encoding-guessed", Vec::new(), files);
        }
        let text: Arc<str> = decode_text(&decoded.bytes, part.charset.as_deref()).into();
        let texts = self.text(&text, part.is_html()).into_iter().collect();
        self.add("transfer-encoding-guessed", texts, Vec::new());
    }

    /// `begin 644 name` ... `end` in a text (POSIX uuencode): some readers show a file.
    fn uuencoded(&mut self, index: usize, part: &Part) {
        // PERF: the words stand in the clear unless the part is base64, as which nobody hides them.
        let raw = self.message.raw.get(part.raw_range.clone()).unwrap_or_default();
        if memchr::memmem::find(raw, b"\nbegin ").is_none() && !raw.starts_with(b"begin ") {
            return;
        }
        let Some(text) = part.text() else { return };
        let files = decode::uuencoded(&text).into_iter().take(MOST_FILES);
        let message = self.message;
        let files = files.map(|(name, bytes)| {
            let mut file = Attachment::of(message, index, part).with_bytes(bytes.into());
            file.rename(&name);
            file.content_type = "application/octet-stream".into();
            Arc::new(file)
        });
        let files: Vec<_> = files.collect();
        self.add("uuencoded-file", Vec::new(), files);
    }
}

/// True if a text is more than the line that mail programs leave for readers without MIME.
pub(super) fn says_something(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let lower = text[..text.len().min(400)].to_ascii_lowercase();
    let usual =
        [&b"multi-part message"[..], b"multipart message", b"mime format", b"mime-encapsulated", b"mime encapsulated"];
    let is_usual = usual.iter().any(|words| memchr::memmem::find(&lower, words).is_some());
    text.len() > if is_usual { 400 } else { LEAST_TEXT }
}
