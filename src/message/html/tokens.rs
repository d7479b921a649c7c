//! HTML as the standard's tokeniser sees it: all tokens in one list, their texts in one buffer.

use html5gum::{Emitter, Error, State, Tokenizer};
use std::borrow::Cow;
use std::convert::Infallible;
use std::ops::Range;

/// A stretch of the buffer.
type Piece = Range<u32>;

#[derive(Debug)]
enum Entry {
    Start { name: Piece, attributes: Range<u32>, closed: bool },
    End(Piece),
    Text { text: Piece, at: u32 },
}

/// A document taken apart.
#[derive(Debug, Default)]
pub(in crate::message) struct Document {
    buffer: String,
    entries: Vec<Entry>,
    attributes: Vec<(Piece, Piece)>,
}

/// A piece of HTML.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::message) enum Token<'d> {
    /// A start tag: its name in lower case, its attributes, and whether it ends with a solidus.
    Start(&'d str, Attributes<'d>, bool),
    /// An end tag.
    End(&'d str),
    /// Text with entities decoded, and where it begins in the source.
    Text(&'d str, usize),
}

/// The attributes of a start tag, names in lower case.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::message) struct Attributes<'d> {
    buffer: &'d str,
    list: &'d [(Piece, Piece)],
}

impl PartialEq for Attributes<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

fn piece<'d>(buffer: &'d str, piece: &Piece) -> &'d str {
    buffer.get(piece.start as usize..piece.end as usize).unwrap_or("")
}

impl<'d> Attributes<'d> {
    /// All of them, as written.
    pub(in crate::message) fn iter(self) -> impl Iterator<Item = (&'d str, &'d str)> {
        self.list.iter().map(move |(name, value)| (piece(self.buffer, name), piece(self.buffer, value)))
    }

    /// The value of the first attribute of a name: later ones do not count (HTML standard).
    pub(in crate::message) fn get(self, wanted: &str) -> Option<&'d str> {
        self.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value)
    }
}

impl Document {
    /// Takes HTML apart; linear for any input. What stands in `noscript` is HTML, as for a reader
    /// without scripts.
    pub(in crate::message) fn read(html: &str) -> Self {
        let mut collector = Collector { bytes: Vec::with_capacity(html.len()), ..Collector::default() };
        let Ok(()) = Tokenizer::new_with_emitter(&*break_chains(html), Sink(&mut collector)).finish();
        Self { buffer: text(collector.bytes), entries: collector.entries, attributes: collector.attributes }
    }

    /// The number of tokens.
    pub(in crate::message) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The tokens in order.
    pub(in crate::message) fn tokens(&self) -> impl Iterator<Item = Token<'_>> {
        self.entries.iter().map(|entry| match entry {
            Entry::Start { name, attributes, closed } => {
                let list = self.attributes.get(attributes.start as usize..attributes.end as usize).unwrap_or(&[]);
                Token::Start(piece(&self.buffer, name), Attributes { buffer: &self.buffer, list }, *closed)
            }
            Entry::End(name) => Token::End(piece(&self.buffer, name)),
            Entry::Text { text, at } => Token::Text(piece(&self.buffer, text), *at as usize),
        })
    }
}

/// The tokeniser gives back what it was given: text. Should it ever not, offsets must stay.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        error.into_bytes().into_iter().map(|byte| if byte.is_ascii() { char::from(byte) } else { '?' }).collect()
    })
}

/// Puts what the tokeniser says into one buffer.
#[derive(Default)]
struct Collector {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    attributes: Vec<(Piece, Piece)>,
    /// Text that is still being read: a tag that comes to nothing does not end it.
    text: Vec<u8>,
    text_at: usize,
    position: usize,
    /// The tag that is being read.
    is_end: bool,
    closed: bool,
    name: Piece,
    first_attribute: u32,
    /// The last start tag's name: only its end tag ends raw text.
    last_start: Piece,
    /// Within `svg` or `math`, whose elements hold no raw text.
    foreign: bool,
}

struct Sink<'c>(&'c mut Collector);

/// Elements that end `svg` and `math` wherever they stand (HTML standard, "any other start tag" of
/// foreign content).
const BREAK_OUT: [&[u8]; 45] = [
    b"b",
    b"big",
    b"blockquote",
    b"body",
    b"br",
    b"center",
    b"code",
    b"dd",
    b"div",
    b"dl",
    b"dt",
    b"em",
    b"embed",
    b"font",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"head",
    b"hr",
    b"i",
    b"img",
    b"li",
    b"listing",
    b"menu",
    b"meta",
    b"nobr",
    b"ol",
    b"p",
    b"pre",
    b"ruby",
    b"s",
    b"small",
    b"span",
    b"strong",
    b"strike",
    b"sub",
    b"sup",
    b"table",
    b"tt",
    b"u",
    b"ul",
    b"var",
];

impl Collector {
    fn here(&self) -> u32 {
        self.bytes.len() as u32
    }

    fn flush_text(&mut self) {
        if self.text.is_empty() {
            return;
        }
        let start = self.here();
        self.bytes.append(&mut self.text);
        self.entries.push(Entry::Text { text: start..self.here(), at: self.text_at as u32 });
    }

    fn begin_tag(&mut self, is_end: bool) {
        self.is_end = is_end;
        self.closed = false;
        self.name = self.here()..self.here();
        self.first_attribute = self.attributes.len() as u32;
    }

    fn bytes_of(&self, piece: &Piece) -> &[u8] {
        self.bytes.get(piece.start as usize..piece.end as usize).unwrap_or_default()
    }

    /// A start tag is complete: how what follows it is read.
    fn start(&mut self) -> Option<State> {
        let attributes = self.first_attribute..self.attributes.len() as u32;
        self.entries.push(Entry::Start { name: self.name.clone(), attributes, closed: self.closed });
        self.last_start = self.name.clone();
        let name = self.bytes_of(&self.name);
        if self.foreign {
            self.foreign = !BREAK_OUT.contains(&name);
            return None;
        }
        match name {
            b"textarea" | b"title" => Some(State::RcData),
            b"style" | b"iframe" | b"xmp" | b"noembed" | b"noframes" => Some(State::RawText),
            b"script" => Some(State::ScriptData),
            b"plaintext" => Some(State::PlainText),
            b"svg" | b"math" => {
                self.foreign = !self.closed;
                None
            }
            _ => None,
        }
    }

    fn end(&mut self) {
        self.foreign &= !matches!(self.bytes_of(&self.name), b"svg" | b"math");
        self.entries.push(Entry::End(self.name.clone()));
    }
}

impl Emitter for Sink<'_> {
    type Token = Infallible;

    fn set_last_start_tag(&mut self, _: Option<&[u8]>) {}

    fn emit_eof(&mut self) {
        self.0.flush_text();
    }

    fn emit_error(&mut self, _: Error) {}

    fn should_emit_errors(&mut self) -> bool {
        false
    }

    fn pop_token(&mut self) -> Option<Infallible> {
        None
    }

    fn init_string(&mut self) {
        if self.0.text.is_empty() {
            self.0.text_at = self.0.position;
        }
    }

    fn emit_string(&mut self, text: &[u8]) {
        self.0.text.extend_from_slice(text);
    }

    fn init_start_tag(&mut self) {
        self.0.begin_tag(false);
    }

    fn init_end_tag(&mut self) {
        self.0.begin_tag(true);
    }

    fn init_comment(&mut self) {}

    fn emit_current_tag(&mut self) -> Option<State> {
        self.0.flush_text();
        if self.0.is_end {
            self.0.end();
            return None;
        }
        let next = self.0.start();
        // Raw text begins here.
        self.init_string();
        next
    }

    fn emit_current_comment(&mut self) {
        self.0.flush_text();
    }

    fn emit_current_doctype(&mut self) {
        self.0.flush_text();
    }

    fn set_self_closing(&mut self) {
        self.0.closed = true;
    }

    fn set_force_quirks(&mut self) {}

    fn push_tag_name(&mut self, name: &[u8]) {
        self.0.bytes.extend_from_slice(name);
        self.0.name.end = self.0.here();
    }

    fn push_comment(&mut self, _: &[u8]) {}

    fn push_doctype_name(&mut self, _: &[u8]) {}

    fn init_doctype(&mut self) {}

    fn init_attribute(&mut self) {
        let here = self.0.here();
        self.0.attributes.push((here..here, here..here));
    }

    fn push_attribute_name(&mut self, name: &[u8]) {
        self.0.bytes.extend_from_slice(name);
        let here = self.0.here();
        if let Some((name, value)) = self.0.attributes.last_mut() {
            name.end = here;
            *value = here..here;
        }
    }

    fn push_attribute_value(&mut self, value: &[u8]) {
        self.0.bytes.extend_from_slice(value);
        let here = self.0.here();
        if let Some((_, value)) = self.0.attributes.last_mut() {
            value.end = here;
        }
    }

    fn set_doctype_public_identifier(&mut self, _: &[u8]) {}

    fn set_doctype_system_identifier(&mut self, _: &[u8]) {}

    fn push_doctype_public_identifier(&mut self, _: &[u8]) {}

    fn push_doctype_system_identifier(&mut self, _: &[u8]) {}

    fn current_is_appropriate_end_tag_token(&mut self) -> bool {
        self.0.is_end && self.0.bytes_of(&self.0.name) == self.0.bytes_of(&self.0.last_start)
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&mut self) -> bool {
        self.0.foreign
    }

    fn move_position(&mut self, offset: isize) {
        self.0.position = self.0.position.saturating_add_signed(offset);
    }
}

/// Double-quoted attributes in a row that the tokeniser may see.
const MAX_CHAIN: usize = 24;

/// The tokeniser (html5gum 0.9) calls itself for each double-quoted attribute that follows another
/// one, so that a tag with some thousand of them overflows the stack. A solidus in place of the
/// white space between two attributes means the same (HTML standard, "unexpected solidus in tag")
/// and ends the chain.
fn break_chains(html: &str) -> Cow<'_, str> {
    let bytes = html.as_bytes();
    let mut breaks = Vec::new();
    let mut chain = 0;
    for quote in memchr::memchr_iter(b'"', bytes) {
        if begins_quoted_attribute(&bytes[quote + 1..]) {
            chain += 1;
            if chain == MAX_CHAIN {
                breaks.push(quote + 1);
                chain = 0;
            }
        }
    }
    if breaks.is_empty() {
        return Cow::Borrowed(html);
    }
    let mut out = String::with_capacity(html.len());
    let mut from = 0;
    for at in breaks {
        out.push_str(&html[from..at]);
        out.push('/');
        from = at + 1;
    }
    out.push_str(&html[from..]);
    Cow::Owned(out)
}

/// White space, a name, `=` and a double quote. PERF: without white space nothing is read, so that no
/// two calls read the same name.
fn begins_quoted_attribute(rest: &[u8]) -> bool {
    let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0C);
    let spaces = rest.iter().take_while(|byte| space(byte)).count();
    if spaces == 0 {
        return false;
    }
    let name = rest[spaces..].iter().take_while(|byte| !space(byte) && !matches!(byte, b'/' | b'>' | b'=')).count();
    let mut after = rest[spaces + name..].iter();
    name > 0 && after.next() == Some(&b'=') && after.find(|byte| !space(byte)) == Some(&b'"')
}
