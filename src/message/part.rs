//! One MIME part.

use std::ops::Range;
use std::sync::Arc;

/// A part of a message (RFC 2045), decoded.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// `type/subtype` in lower case.
    pub content_type: String,
    /// Declared charset in lower case.
    pub charset: Option<String>,
    /// `inline`, `attachment` ...
    pub disposition: Option<String>,
    /// Name after RFC 2231 and RFC 2047, control characters replaced by spaces.
    pub file_name: Option<String>,
    /// Without angle brackets.
    pub content_id: Option<String>,
    /// Declared transfer encoding in lower case.
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
    /// Decoded text of a text part.
    pub text: Option<Arc<str>>,
    pub(super) bytes: Arc<[u8]>,
}

impl Part {
    pub(super) fn plain_fallback(text: String, raw_range: Range<usize>) -> Self {
        let text = Some(text.into());
        Self { content_type: "text/plain".into(), text, raw_range, ..Self::default() }
    }

    /// The decoded bytes; of a text part its text in UTF-8.
    pub fn bytes(&self) -> &[u8] {
        match &self.text {
            Some(text) if self.bytes.is_empty() => text.as_bytes(),
            _ => &self.bytes,
        }
    }

    /// True for `text/html`.
    pub fn is_html(&self) -> bool {
        self.content_type == "text/html"
    }
}
