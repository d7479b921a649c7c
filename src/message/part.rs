//! One MIME part. Its content is decoded when it is first asked for.

use super::anomaly::Anomaly;
use super::charset::{charset_problem, decode_html, decode_text, misfits};
use super::decode;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A part of a message (RFC 2045).
#[derive(Debug, Default)]
pub struct Part {
    /// Its number as IMAP counts: `1.2`; of the message itself it is empty, unless it has no parts.
    pub number: String,
    /// `type/subtype` in lower case; `text/plain` if the part does not say.
    pub content_type: String,
    /// Declared charset in lower case.
    pub charset: Option<String>,
    /// `inline`, `attachment` ...
    pub disposition: Option<String>,
    /// Name after RFC 2231 and RFC 2047, control characters replaced by spaces.
    pub file_name: Option<String>,
    /// Other names that it has, of which some readers show one: those with another extension.
    pub other_names: Vec<String>,
    /// Without angle brackets.
    pub content_id: Option<String>,
    /// Declared transfer encoding in lower case, without comments.
    pub transfer_encoding: Option<String>,
    /// The part's own header in the message.
    pub header_range: Range<usize>,
    /// The part's body in the message, as it was sent.
    pub raw_range: Range<usize>,
    /// The multipart that holds it.
    pub parent: Option<usize>,
    /// Number of direct parts of a multipart.
    pub children: usize,
    /// True for parts that readers list as attachments.
    pub is_attachment: bool,
    /// True for an attached message.
    pub is_message: bool,
    /// The Content-Type of a multipart as it was sent.
    pub(super) declared: Option<String>,
    pub(super) raw: Arc<[u8]>,
    pub(super) text_limit: usize,
    pub(super) decoded: OnceLock<Content>,
    pub(super) text: OnceLock<Option<Text>>,
}

/// Decoded bytes.
#[derive(Debug)]
pub(super) struct Content {
    bytes: Arc<[u8]>,
    damaged: bool,
}

/// Decoded text.
#[derive(Debug)]
pub(super) struct Text {
    text: Arc<str>,
    /// Bytes before it was cut at the limit.
    full: usize,
}

impl Part {
    /// The body, decoded from its transfer encoding. Of a multipart, the bytes as they stand.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.content().bytes
    }

    fn content(&self) -> &Content {
        self.decoded.get_or_init(|| {
            let raw = self.raw.get(self.raw_range.clone()).unwrap_or_default();
            let decoded = match self.transfer_encoding.as_deref() {
                _ if self.is_multipart() => None,
                Some("base64") => Some(decode::base64(raw)),
                Some("quoted-printable") => Some(decode::quoted_printable(raw)),
                _ => None,
            };
            match decoded {
                Some(decoded) => Content { bytes: decoded.bytes.into(), damaged: decoded.damaged },
                None => Content { bytes: raw.into(), damaged: false },
            }
        })
    }

    /// The text of a text part in its charset, up to the limit `text_bytes`.
    pub fn text(&self) -> Option<Arc<str>> {
        Some(Arc::clone(&self.decoded_text()?.text))
    }

    /// The length in bytes before the text was cut, if it was.
    pub(super) fn cut_from(&self) -> Option<usize> {
        self.decoded_text().filter(|text| text.full > text.text.len()).map(|text| text.full)
    }

    fn decoded_text(&self) -> Option<&Text> {
        let text = self.text.get_or_init(|| {
            let bytes = self.is_text().then(|| self.bytes())?;
            let charset = self.charset.as_deref();
            let text = if self.is_html() { decode_html(bytes, charset) } else { decode_text(bytes, charset) };
            Some(Text { full: text.len(), text: cut(&text, self.text_limit).into() })
        });
        text.as_ref()
    }

    /// True for `text/html`.
    pub fn is_html(&self) -> bool {
        self.content_type == "text/html"
    }

    /// True for `multipart/*`.
    pub fn is_multipart(&self) -> bool {
        self.content_type.starts_with("multipart/")
    }

    /// True if the part declares to be text.
    pub fn is_text(&self) -> bool {
        self.content_type.starts_with("text")
    }

    /// What is odd about its content: this decodes it.
    pub(super) fn anomalies(&self, found: &mut Vec<Anomaly>) {
        if self.is_multipart() {
            return;
        }
        let place = || Some(self.raw_range.clone());
        let mut note = |kind: &'static str, detail: Cow<'static, str>| found.push(Anomaly::new(kind, detail, place()));
        match self.transfer_encoding.as_deref() {
            Some("base64") if self.content().damaged => {
                note("undecodable-base64", "characters that are no base64 were skipped".into());
            }
            Some("quoted-printable") if self.content().damaged => {
                note("undecodable-quoted-printable", "an `=` that begins no escape".into());
            }
            Some("base64" | "quoted-printable" | "7bit" | "8bit" | "binary") | None => {}
            Some(other) => {
                let detail = format!("the transfer encoding `{}` is unknown", other.escape_debug());
                note("unknown-transfer-encoding", detail.into());
            }
        }
        if let Some(text) = self.text() {
            if let Some(problem) = self.charset.as_deref().and_then(charset_problem) {
                note("unknown-charset", problem.into());
            }
            // What the sender wrote as U+FFFD is no damage of ours, but as odd.
            let fits = self.charset.as_deref().is_none_or(|label| !misfits(self.bytes(), label));
            if !fits || text.contains('\u{FFFD}') {
                note("charset-undecodable", "bytes that are no text in the charset".into());
            }
        }
    }
}

/// At most `limit` bytes, whole characters.
pub(super) fn cut(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}
