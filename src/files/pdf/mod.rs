//! PDF documents (ISO 32000): where their links lead, what they do by themselves, what they say of
//! themselves, the files in them, their text and pictures. The reader of the syntax is `hayro-syntax`.

mod font;
#[cfg(feature = "images")]
mod pictures;
mod stream;
mod text;

#[cfg(feature = "images")]
pub(super) use pictures::pictures;
pub(super) use text::text;

use super::scan::Pdf;
use super::{Child, Contents, Left};
use hayro_syntax::object::{Dict, MaybeRef, Name, Object, Stream, String as PdfString};
use hayro_syntax::{LoadPdfError, Pdf as Document};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Largest document that is read, in bytes.
const LARGEST: usize = 32 << 20;
/// Most objects, links, embedded files and pictures.
const OBJECTS: usize = 200_000;
const LINKS: usize = 10_000;
const EMBEDDED: usize = 100;
/// Dictionaries in dictionaries, and entries of one.
const DEPTH: usize = 4;
const ENTRIES: usize = 1_000;

/// Reads a document; what cannot be read is said in it.
pub(super) fn open(bytes: &[u8], left: &mut Left) -> Contents {
    let mut reader = Reader { unpacked: left.bytes, ..Reader::default() };
    match load(bytes) {
        Ok(document) => reader.examine(&document, left),
        Err(Failure::Encrypted) => reader.pdf.encrypted = true,
        Err(Failure::Damaged) => reader.pdf.damaged = true,
        Err(Failure::TooLarge(limit)) => {
            reader.pdf.damaged = true;
            reader.contents.limits_hit.push(limit.into());
        }
    }
    Contents { pdf: Some(reader.pdf), ..reader.contents }
}

/// Why a document is not read.
enum Failure {
    Encrypted,
    Damaged,
    TooLarge(&'static str),
}

fn load(bytes: &[u8]) -> Result<Document, Failure> {
    if bytes.len() > LARGEST {
        return Err(Failure::TooLarge("file_bytes: a PDF document larger than 32 MiB was not read"));
    }
    if stream::is_bomb(bytes) {
        return Err(Failure::TooLarge("file_bytes: a PDF document whose directory grows too large was not read"));
    }
    Document::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(_) => Failure::Encrypted,
        LoadPdfError::Invalid => Failure::Damaged,
    })
}

#[derive(Default)]
struct Reader {
    pdf: Pdf,
    seen: BTreeSet<String>,
    contents: Contents,
    full: bool,
    /// Bytes of embedded files that may still be read, packed or not.
    unpacked: usize,
}

impl Reader {
    fn examine(&mut self, document: &Document, left: &mut Left) {
        self.metadata(document);
        self.catalog(document);
        let mut shape = Sha256::new();
        let mut count = 0;
        for object in document.objects().into_iter().take(OBJECTS) {
            count += 1;
            let dict = match &object {
                Object::Dict(dict) => dict,
                Object::Stream(stream) => {
                    self.picture(stream);
                    stream.dict()
                }
                _ => continue,
            };
            for kind in ["Type", "Subtype", "S"] {
                if let Some(name) = dict.get::<Name<'_>>(kind) {
                    shape.update(name.as_str());
                    shape.update("|");
                }
            }
            self.dictionary(dict, left, 0);
        }
        if count >= OBJECTS {
            self.contents.limits_hit.push(format!("files: only {OBJECTS} objects of a PDF document were read"));
        }
        self.pdf.object_hash = Some(crate::message::hex(&shape.finalize()).to_string());
    }

    fn metadata(&mut self, document: &Document) {
        let text = |bytes: &Option<Box<[u8]>>| bytes.as_deref().map(decode).filter(|text| !text.is_empty());
        let metadata = document.metadata();
        self.pdf.title = text(&metadata.title);
        self.pdf.author = text(&metadata.author);
        self.pdf.subject = text(&metadata.subject);
        self.pdf.keywords = text(&metadata.keywords);
        self.pdf.creator = text(&metadata.creator);
        self.pdf.producer = text(&metadata.producer);
        self.pdf.pages = Some(document.pages().len() as i64);
    }

    /// What happens when the document is opened. A place to scroll to is no action.
    fn catalog(&mut self, document: &Document) {
        let xref = document.xref();
        let Some(catalog) = xref.get::<Dict<'_>>(xref.root_id()) else { return };
        let action = catalog.get::<Dict<'_>>("OpenAction");
        let acts = action.is_some_and(|action| action.get::<Name<'_>>("S").is_some_and(|name| name.as_str() != "GoTo"));
        self.pdf.open_action = acts || catalog.contains_key("AA");
        self.pdf.form = catalog.contains_key("AcroForm");
    }

    fn picture(&mut self, stream: &Stream<'_>) {
        let size = |key| stream.dict().get::<u32>(key).unwrap_or(0) as usize;
        if stream.dict().get::<Name<'_>>("Subtype").is_some_and(|name| name.as_str() == "Image") {
            self.pdf.pixels = self.pdf.pixels.saturating_add(size("Width").saturating_mul(size("Height")));
        }
    }

    /// What the dictionary says and those that it holds directly.
    fn dictionary(&mut self, dict: &Dict<'_>, left: &mut Left, depth: usize) {
        if let Some(uri) = dict.get::<PdfString<'_>>("URI") {
            self.link(decode(uri.as_bytes()));
        }
        let action = dict.get::<Name<'_>>("S");
        let action = action.as_ref().map_or("", Name::as_str);
        self.pdf.javascript |= dict.contains_key("JS") || action == "JavaScript";
        self.pdf.launch |= action == "Launch";
        self.file(dict, left);
        if depth < DEPTH {
            for (_, value) in dict.entries().take(ENTRIES) {
                if let MaybeRef::NotRef(Object::Dict(inner)) = value {
                    self.dictionary(&inner, left, depth + 1);
                }
            }
        }
    }

    fn link(&mut self, target: String) {
        if self.pdf.urls.len() < LINKS && self.seen.insert(target.clone()) {
            self.pdf.urls.push(target);
        }
    }

    /// A file specification (ISO 32000-2, 7.11): a place elsewhere, or an embedded file.
    fn file(&mut self, dict: &Dict<'_>, left: &mut Left) {
        let name = ["UF", "F"].iter().find_map(|key| dict.get::<PdfString<'_>>(*key));
        let name = name.map(|name| decode(name.as_bytes()));
        if let Some(place) = name.clone().filter(|name| name.contains("://") || name.starts_with("\\\\")) {
            self.link(place);
        }
        let Some(embedded) = dict.get::<Dict<'_>>("EF") else { return };
        let Some(stream) = ["F", "UF"].iter().find_map(|key| embedded.get::<Stream<'_>>(*key)) else { return };
        if self.full || self.pdf.embedded.len() >= EMBEDDED {
            self.contents.limits_hit.push(format!("files: only {EMBEDDED} files of a PDF document were read"));
            return;
        }
        self.pdf.embedded.push(name.clone().unwrap_or_default());
        match stream::taken(&stream, &mut self.unpacked) {
            Some(bytes) => self.full = !left.take(Child { name, declared: None, bytes }, &mut self.contents),
            None => self.contents.limits_hit.push("files: a file in a PDF document was not unpacked".into()),
        }
    }
}

/// Text strings are UTF-16 with a byte order mark, UTF-8 with one, or PDFDocEncoding, whose
/// letters are those of Latin-1.
fn decode(bytes: &[u8]) -> String {
    let text = match bytes {
        [0xFE, 0xFF, rest @ ..] => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        [0xFF, 0xFE, rest @ ..] => encoding_rs::UTF_16LE.decode_without_bom_handling(rest).0.into_owned(),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        bytes => {
            std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned)
        }
    };
    text.trim_matches(|c: char| c.is_control() || c.is_whitespace()).to_owned()
}
