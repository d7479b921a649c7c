//! What scanners find in a file.

use super::calendar::Calendars;
use super::metadata::Metadata;
use super::{codes, documents, office, text, texts, view, view_if};
use crate::builtins::Registry;
use crate::files::{File, SIGNS, Script};
use crate::message::Url;
use crate::value::{Cost, EnumDecl, Value};
use std::sync::Arc;

/// What scanners found in a file.
pub(super) struct Scan(pub(super) Arc<File>);
/// Each of these is one scanner's view of a file.
struct Strings(Arc<File>);
struct Urls(Arc<File>);
struct Hashes(Arc<File>);
struct Page(Arc<File>);
struct Scripts(Arc<File>);
struct Tags(Vec<String>);
struct Entropy(f64);
/// A script in a page.
struct PageScript(Option<String>, String);

fn urls(urls: &[Arc<Url>]) -> Value {
    Value::list(urls.iter().map(|url| Value::record(Arc::clone(url))))
}

fn script(scripts: &Scripts, pick: fn(&Script) -> &Vec<String>) -> Value {
    scripts.0.script().map_or(Value::Null, |script| texts(pick(script)))
}

static SIGN_NAMES: std::sync::OnceLock<Vec<&'static str>> = std::sync::OnceLock::new();

pub(super) fn declare(r: &mut Registry) {
    texts_and_hashes(r);
    pages(r);
    scan(r);
}

fn texts_and_hashes(r: &mut Registry) {
    r.record::<Strings>("ScanStrings", "Readable runs in a file; of text files the lines.")
        .field("raw", "string", Cost::Expensive, "All of them, a line each.", |_, s| {
            Value::str(s.0.strings().iter().map(|run| &**run).collect::<Vec<_>>().join("\n"))
        })
        .field("strings", "[string]", Cost::Expensive, "Each.", |_, s| texts(s.0.strings()));
    r.record::<Urls>("ScanUrl", "URLs in a file: in its links, its text, its relationships, its macros, its QR codes.")
        .field("urls", "[Url]", Cost::Expensive, "Each once.", |ctx, s| {
            codes::limit(ctx, &s.0);
            urls(s.0.urls().0)
        })
        .field("invalid_urls", "[string]", Cost::Expensive, "Broken ones.", |_, s| texts(s.0.urls().1));
    r.record::<Entropy>("ScanEntropy", "Disorder of a file.").field(
        "entropy",
        "float?",
        Cost::Cheap,
        "Bits a byte, from 0 to 8.",
        |_, e| Value::Float(e.0),
    );
    r.record::<Hashes>("ScanHash", "Hashes of a file, in lower-case hexadecimal.")
        .field("md5", "string?", Cost::Expensive, "MD5.", |_, h| Value::String(Arc::clone(h.0.md5())))
        .field("sha1", "string?", Cost::Expensive, "SHA-1.", |_, h| Value::String(Arc::clone(h.0.sha1())))
        .field("sha256", "string?", Cost::Expensive, "SHA-256.", |_, h| Value::String(Arc::clone(h.0.sha256())));
    r.record::<Tags>("ScanXml", "An XML document.").field(
        "tags",
        "[string]",
        Cost::Cheap,
        "Names of its elements, each once.",
        |_, t| texts(&t.0),
    );
}

fn pages(r: &mut Registry) {
    r.enumeration(EnumDecl {
        name: "SmugglingSign",
        doc: "A sign that a page makes a file out of its own text.",
        values: SIGN_NAMES.get_or_init(|| SIGNS.iter().map(|(name, _)| *name).collect()),
        ordered: false,
        open: false,
    });
    r.record::<Scripts>("ScanJavascript", "The scripts of a file taken apart.")
        .field("identifiers", "[string]", Cost::Expensive, "Names.", |_, s| script(s, |script| &script.identifiers))
        .field("keywords", "[string]", Cost::Expensive, "Keywords.", |_, s| script(s, |script| &script.keywords))
        .field("strings", "[string]", Cost::Expensive, "Texts in quotes.", |_, s| script(s, |script| &script.strings));
    r.record::<PageScript>("HtmlScript", "A script in a page.")
        .field("language", "string?", Cost::Cheap, "Declared language or type.", |_, s| text(s.0.as_deref()))
        .field("raw", "string?", Cost::Cheap, "Source.", |_, s| Value::str(s.1.as_str()));
    r.record::<Page>("ScanHtml", "A page.")
        .field("title", "string?", Cost::Expensive, "Title.", |_, p| text(p.0.html().and_then(|html| html.title())))
        .field("scripts", "[HtmlScript]", Cost::Expensive, "Scripts.", |_, p| {
            let scripts = p.0.scripts().into_iter();
            Value::list(scripts.map(|(language, raw)| Value::record(Arc::new(PageScript(language, raw)))))
        })
        .field(
            "smuggling",
            "[SmugglingSign]",
            Cost::Expensive,
            "Signs that the page makes a file out of its own text and lets it be saved; each alone is common.",
            |_, p| texts(p.0.smuggling()),
        );
}

fn scan(r: &mut Registry) {
    r.record::<Scan>("Scan", "What scanners found in a file; each is absent if it has nothing to read.")
        .field("ocr", "ScanText?", Cost::Capability, "Text in a picture: needs a provider.", |_, _| Value::Null)
        .field("yara", "ScanYara?", Cost::Expensive, "YARA rules: needs a pack that brings some.", |ctx, s| {
            documents::yara(ctx, &s.0)
        })
        .field("qr", "ScanQr?", Cost::Expensive, "The first QR code in a picture.", |ctx, s| codes::scan(ctx, &s.0))
        .field("strings", "ScanStrings?", Cost::Cheap, "Readable runs.", |_, s| view(Strings, &s.0))
        .field("url", "ScanUrl?", Cost::Cheap, "URLs.", |_, s| view(Urls, &s.0))
        .field("exiftool", "Metadata?", Cost::Cheap, "Metadata.", |_, s| view(Metadata, &s.0))
        .field("javascript", "ScanJavascript?", Cost::Expensive, "Scripts.", |_, s| {
            view_if(s.0.script().is_some(), Scripts, &s.0)
        })
        .field("pdf", "ScanPdf?", Cost::Expensive, "A PDF document.", |_, s| {
            view_if(s.0.pdf().is_some(), documents::PdfDocument, &s.0)
        })
        .field("pdf_obj_hash", "ScanPdfObjects?", Cost::Expensive, "Structure of a PDF document.", |_, s| {
            view_if(s.0.pdf().is_some(), documents::PdfObjects, &s.0)
        })
        .field("entropy", "ScanEntropy?", Cost::Expensive, "Disorder.", |_, s| {
            Value::record(Arc::new(Entropy(s.0.entropy())))
        })
        .field("zip", "ScanZip?", Cost::Cheap, "A zip archive.", |_, s| documents::zip(&s.0))
        .field("encrypted_zip", "ScanEncryptedZip?", Cost::Cheap, "An encrypted zip archive.", |_, s| {
            documents::encrypted_zip(&s.0)
        })
        .field(
            "archive",
            "ScanArchive?",
            Cost::Cheap,
            "An archive of any kind: zip, 7z, rar, tar, disc image.",
            |_, s| view_if(s.0.listing.is_some(), documents::Archive, &s.0),
        )
        .field("html", "ScanHtml?", Cost::Expensive, "A page.", |_, s| view_if(s.0.html().is_some(), Page, &s.0))
        .field("ics", "ScanIcs?", Cost::Expensive, "A calendar file.", |_, s| {
            view_if(s.0.calendar().is_some(), Calendars, &s.0)
        })
        .field("docx", "ScanOffice?", Cost::Cheap, "A text document.", |_, s| office::document(&s.0, "doc"))
        .field("pptx", "ScanOffice?", Cost::Cheap, "A presentation.", |_, s| office::document(&s.0, "ppt"))
        .field("xlsx", "ScanOffice?", Cost::Cheap, "A workbook.", |_, s| office::document(&s.0, "xls"))
        .field("ole", "ScanOle?", Cost::Cheap, "An OLE compound file.", |_, s| {
            view_if(s.0.ole.is_some(), office::OleFile, &s.0)
        })
        .field("rtf", "ScanRtf?", Cost::Cheap, "A rich text.", |_, s| {
            view_if(s.0.rich.is_some(), office::RichText, &s.0)
        })
        .field("lnk", "ScanLnk?", Cost::Cheap, "A shortcut of Windows.", |_, s| {
            view_if(s.0.shortcut().is_some(), documents::Link, &s.0)
        })
        .field("hash", "ScanHash?", Cost::Cheap, "Hashes.", |_, s| view(Hashes, &s.0))
        .field("xml", "ScanXml?", Cost::Expensive, "An XML document.", |_, s| {
            s.0.tags().map_or(Value::Null, |tags| Value::record(Arc::new(Tags(tags))))
        })
        .field("vba", "ScanVba?", Cost::Expensive, "Macros.", |_, s| {
            view_if(s.0.macros().is_some(), office::Vba, &s.0)
        });
}
