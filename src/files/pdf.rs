//! PDF documents (ISO 32000): where their links lead, whether they run scripts, what they say of
//! themselves.

use super::scan::Pdf;
use hayro_syntax::object::{Dict, MaybeRef, Object, String as PdfString};
use hayro_syntax::{LoadPdfError, Pdf as Document};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Largest document that is read, in bytes.
const LARGEST: usize = 32 << 20;
/// Most objects, and most links.
const OBJECTS: usize = 200_000;
const LINKS: usize = 10_000;
/// Dictionaries in dictionaries, and entries of one.
const DEPTH: usize = 4;
const ENTRIES: usize = 1_000;

/// Reads a document; what cannot be read is said in it.
pub(super) fn read(bytes: &Arc<[u8]>) -> Pdf {
    let mut pdf = Pdf::default();
    if bytes.len() > LARGEST {
        pdf.damaged = true;
        return pdf;
    }
    match Document::new(bytes.to_vec()) {
        Ok(document) => examine(&document, &mut pdf),
        Err(LoadPdfError::Decryption(_)) => pdf.encrypted = true,
        Err(LoadPdfError::Invalid) => pdf.damaged = true,
    }
    pdf
}

fn examine(document: &Document, pdf: &mut Pdf) {
    let text = |bytes: &Option<Box<[u8]>>| bytes.as_deref().map(decode).filter(|text| !text.is_empty());
    let metadata = document.metadata();
    pdf.title = text(&metadata.title);
    pdf.author = text(&metadata.author);
    pdf.creator = text(&metadata.creator);
    pdf.producer = text(&metadata.producer);
    pdf.pages = Some(document.pages().len() as i64);
    let mut shape = Sha256::new();
    let mut seen = BTreeSet::new();
    for object in document.objects().into_iter().take(OBJECTS) {
        let dict = match &object {
            Object::Dict(dict) => dict,
            Object::Stream(stream) => stream.dict(),
            _ => continue,
        };
        for kind in ["Type", "Subtype", "S"] {
            if let Some(name) = dict.get::<hayro_syntax::object::Name<'_>>(kind) {
                shape.update(name.as_str());
                shape.update("|");
            }
        }
        links(dict, pdf, &mut seen, 0);
    }
    pdf.object_hash = Some(crate::message::hex(&shape.finalize()).to_string());
}

/// `URI` and `JS` entries of the dictionary and of those that it holds directly.
fn links(dict: &Dict<'_>, pdf: &mut Pdf, seen: &mut BTreeSet<String>, depth: usize) {
    if let Some(uri) = dict.get::<PdfString<'_>>("URI") {
        let uri = decode(uri.as_bytes());
        if pdf.urls.len() < LINKS && seen.insert(uri.clone()) {
            pdf.urls.push(uri);
        }
    }
    pdf.javascript |= dict.contains_key("JS");
    if depth < DEPTH {
        for (_, value) in dict.entries().take(ENTRIES) {
            if let MaybeRef::NotRef(Object::Dict(inner)) = value {
                links(&inner, pdf, seen, depth + 1);
            }
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
