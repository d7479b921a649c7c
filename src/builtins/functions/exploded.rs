//! Opening attachments: what lies in a file, what scanners find in it, what it says of itself. The
//! records are those of MQL, whose scanners are Strelka's.

use super::files::file;
use crate::builtins::{Ctx, Registry};
use crate::files::{Budget, Component, Exploded, File, Office, Pdf, Person, Script, explode};
use crate::message::{Attachment, Html, Link, Mailbox, Url, plain_links};
use crate::value::{Cost, Value};
use std::sync::Arc;

/// A file.
struct Found(Arc<File>);
/// What scanners found in a file.
struct Scan(Arc<File>);
/// Each of these is one scanner's view of a file.
struct Strings(Arc<File>);
struct Urls(Arc<File>);
struct Hashes(Arc<File>);
struct Page(Arc<File>);
struct Flavors(Arc<File>);
struct PdfDocument(Arc<File>);
struct PdfObjects(Arc<File>);
/// An encrypted archive: nothing more is known of it.
struct EncryptedZip;
struct Ics(Arc<File>);
struct Archive(Arc<File>);
struct Scripts(Arc<File>);
struct OfficeDocument(Arc<File>);
struct Calendars(Arc<File>);
struct Metadata(Arc<File>);
struct Tags(Vec<String>);
struct Entropy(f64);
/// A script in a page.
struct PageScript(Option<String>, String);
/// A named text.
struct KeyValue(Arc<str>, Value);
/// Files of an archive.
struct ArchiveFiles(Vec<Arc<File>>);

fn texts<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> Value {
    Value::list(items.into_iter().map(|text| Value::str(text.as_ref())))
}

fn text(text: Option<&str>) -> Value {
    text.into()
}

/// A view of a file as a record.
fn view<T: std::any::Any + Send + Sync>(make: fn(Arc<File>) -> T, file: &Arc<File>) -> Value {
    Value::record(Arc::new(make(Arc::clone(file))))
}

/// A view, absent where its scanner has nothing to read.
fn view_if<T: std::any::Any + Send + Sync>(there: bool, make: fn(Arc<File>) -> T, file: &Arc<File>) -> Value {
    if there { view(make, file) } else { Value::Null }
}

/// The file with everything in it, opened once for all rules.
fn exploded(ctx: &Ctx<'_>, attachment: &Attachment) -> Arc<Exploded> {
    let exploded = attachment.contents_slot(|| {
        let budget = Budget::of(&ctx.message.settings().limits);
        let name = attachment.file_name.as_deref();
        explode(name, &attachment.content_type, Arc::clone(&attachment.bytes), budget)
    });
    exploded.limits_hit.iter().for_each(|limit| ctx.message.limit(limit.clone()));
    exploded
}

/// The outermost file of an attachment.
fn outermost(ctx: &Ctx<'_>, args: &[Value]) -> Option<Arc<File>> {
    exploded(ctx, file(args)?).files.first().map(Arc::clone)
}

pub(super) fn declare(r: &mut Registry) {
    files(r);
    scanners(r);
    documents(r);
    metadata(r);
    calendars(r);
}

fn files(r: &mut Registry) {
    r.record::<Flavors>("Flavors", "Types of a file by several methods.")
        .field("mime", "string?", Cost::Expensive, "Media type by content.", |_, f| {
            text(file_format::FileFormat::from_bytes(&f.0.bytes).media_type().into())
        })
        .field("yara", "[string]", Cost::Expensive, "By content: the name that `file_type` has.", |_, f| {
            texts([f.0.kind])
        });
    r.record::<Found>("ExplodedFile", "A file, or one that was found in it.")
        .field("depth", "int", Cost::Cheap, "0 is the file itself.", |_, f| Value::Int(f.0.depth as i64))
        .field("path", "string", Cost::Cheap, "Names from the outermost file to this one, joined by `/`.", |_, f| {
            Value::String(Arc::clone(&f.0.path))
        })
        .field("file_name", "string?", Cost::Cheap, "Name.", |_, f| text(f.0.name.as_deref()))
        .field("file_extension", "string?", Cost::Cheap, "Extension.", |_, f| text(f.0.extension.as_deref()))
        .field("file_type", "FileType", Cost::Cheap, "Type by content.", |_, f| Value::str(f.0.kind))
        .field("size", "int", Cost::Cheap, "Bytes.", |_, f| Value::Int(f.0.bytes.len() as i64))
        .field("flavors", "Flavors", Cost::Cheap, "Types.", |_, f| view(Flavors, &f.0))
        .field("scan", "Scan", Cost::Cheap, "What scanners found.", |_, f| view(Scan, &f.0));
    r.function(
        "file.explode(file: any) -> [ExplodedFile]?",
        "Opens a file and everything in it: zip and the documents that are zip archives, gzip, tar, attached messages. The first element is the file itself.",
        Cost::Expensive,
        &[],
        |ctx, args| {
            let Some(attachment) = file(args) else { return Value::Null };
            let exploded = exploded(ctx, attachment);
            Value::list(exploded.files.iter().map(|file| view(Found, file)))
        },
    );
    r.record::<ArchiveFiles>("ArchiveFiles", "Files of an archive.").field(
        "files",
        "[ExplodedFile]",
        Cost::Cheap,
        "Each, without the archive itself.",
        |_, a| Value::list(a.0.iter().map(|file| view(Found, file))),
    );
    r.function(
        "file.expand_archives(file: any) -> ArchiveFiles?",
        "The files in an archive and in the archives in it.",
        Cost::Expensive,
        &[],
        |ctx, args| {
            let Some(attachment) = file(args) else { return Value::Null };
            let exploded = exploded(ctx, attachment);
            Value::record(Arc::new(ArchiveFiles(exploded.files.iter().skip(1).map(Arc::clone).collect())))
        },
    );
}

fn scanners(r: &mut Registry) {
    r.record::<Strings>("ScanStrings", "Readable runs in a file; of text files the lines.")
        .field("raw", "string", Cost::Expensive, "All of them, a line each.", |_, s| {
            Value::str(s.0.strings().iter().map(|run| &**run).collect::<Vec<_>>().join("\n"))
        })
        .field("strings", "[string]", Cost::Expensive, "Each.", |_, s| texts(s.0.strings()));
    r.record::<Urls>("ScanUrl", "URLs in a file: in its links, its text, its relationships.")
        .field("urls", "[Url]", Cost::Expensive, "Each once.", |_, s| urls(s.0.urls().0))
        .field("invalid_urls", "[string]", Cost::Expensive, "Broken ones.", |_, s| texts(s.0.urls().1));
    r.record::<Scripts>("ScanJavascript", "The scripts of a file taken apart.")
        .field("identifiers", "[string]", Cost::Expensive, "Names.", |_, s| script(s, |script| &script.identifiers))
        .field("keywords", "[string]", Cost::Expensive, "Keywords.", |_, s| script(s, |script| &script.keywords))
        .field("strings", "[string]", Cost::Expensive, "Texts in quotes.", |_, s| script(s, |script| &script.strings));
    r.record::<Entropy>("ScanEntropy", "Disorder of a file.").field(
        "entropy",
        "float?",
        Cost::Cheap,
        "Bits a byte, from 0 to 8.",
        |_, e| Value::Float(e.0),
    );
    r.record::<Hashes>("ScanHash", "Hashes of a file, in lower-case hexadecimal.")
        .field("md5", "string?", Cost::Expensive, "MD5.", |_, h| Value::String(Arc::clone(&h.0.hashes()[0])))
        .field("sha1", "string?", Cost::Expensive, "SHA-1.", |_, h| Value::String(Arc::clone(&h.0.hashes()[1])))
        .field("sha256", "string?", Cost::Expensive, "SHA-256.", |_, h| Value::String(Arc::clone(&h.0.hashes()[2])));
    r.record::<Tags>("ScanXml", "An XML document.").field(
        "tags",
        "[string]",
        Cost::Cheap,
        "Names of its elements, each once.",
        |_, t| texts(&t.0),
    );
    scan(r);
}

fn urls(urls: &[Arc<Url>]) -> Value {
    Value::list(urls.iter().map(|url| Value::record(Arc::clone(url))))
}

fn script(scripts: &Scripts, pick: fn(&Script) -> &Vec<String>) -> Value {
    scripts.0.script().map_or(Value::Null, |script| texts(pick(script)))
}

fn scan(r: &mut Registry) {
    r.record::<Scan>("Scan", "What scanners found in a file; each is absent if it has nothing to read.")
        .field("ocr", "ScanText?", Cost::Capability, "Text in a picture: needs a provider.", |_, _| Value::Null)
        .field("yara", "ScanYara?", Cost::Capability, "YARA rules: needs a provider.", |_, _| Value::Null)
        .field("qr", "ScanQr?", Cost::Capability, "A code in a picture: needs a provider.", |_, _| Value::Null)
        .field("strings", "ScanStrings?", Cost::Cheap, "Readable runs.", |_, s| view(Strings, &s.0))
        .field("url", "ScanUrl?", Cost::Cheap, "URLs.", |_, s| view(Urls, &s.0))
        .field("exiftool", "Metadata?", Cost::Cheap, "Metadata.", |_, s| view(Metadata, &s.0))
        .field("javascript", "ScanJavascript?", Cost::Expensive, "Scripts.", |_, s| {
            view_if(s.0.script().is_some(), Scripts, &s.0)
        })
        .field("pdf", "ScanPdf?", Cost::Expensive, "A PDF document.", |_, s| {
            view_if(s.0.pdf().is_some(), PdfDocument, &s.0)
        })
        .field("pdf_obj_hash", "ScanPdfObjects?", Cost::Expensive, "Structure of a PDF document.", |_, s| {
            view_if(s.0.pdf().is_some(), PdfObjects, &s.0)
        })
        .field("entropy", "ScanEntropy?", Cost::Expensive, "Disorder.", |_, s| {
            Value::record(Arc::new(Entropy(s.0.entropy())))
        })
        .field("zip", "ScanZip?", Cost::Cheap, "An archive.", |_, s| view_if(s.0.zip.is_some(), Archive, &s.0))
        .field("encrypted_zip", "ScanEncryptedZip?", Cost::Cheap, "An encrypted archive.", |_, s| {
            let encrypted = s.0.zip.as_ref().is_some_and(|zip| zip.encrypted);
            if encrypted { Value::record(Arc::new(EncryptedZip)) } else { Value::Null }
        })
        .field("html", "ScanHtml?", Cost::Expensive, "A page.", |_, s| view_if(s.0.html().is_some(), Page, &s.0))
        .field("ics", "ScanIcs?", Cost::Expensive, "A calendar file.", |_, s| {
            view_if(s.0.calendar().is_some(), Calendars, &s.0)
        })
        .field("docx", "ScanOffice?", Cost::Cheap, "A text document.", |_, s| office(&s.0, "doc"))
        .field("pptx", "ScanOffice?", Cost::Cheap, "A presentation.", |_, s| office(&s.0, "ppt"))
        .field("hash", "ScanHash?", Cost::Cheap, "Hashes.", |_, s| view(Hashes, &s.0))
        .field("xml", "ScanXml?", Cost::Expensive, "An XML document.", |_, s| {
            s.0.tags().map_or(Value::Null, |tags| Value::record(Arc::new(Tags(tags))))
        })
        .field("vba", "ScanVba?", Cost::Capability, "Macros: needs a provider.", |_, _| Value::Null);
}

fn office(file: &Arc<File>, kind: &str) -> Value {
    view_if(file.office.is_some() && file.kind.starts_with(kind), OfficeDocument, file)
}

fn documents(r: &mut Registry) {
    r.record::<PdfDocument>("ScanPdf", "A PDF document.")
        .field("urls", "[Url]", Cost::Expensive, "Where its links lead.", |_, p| {
            let pdf = p.0.pdf();
            Value::list(pdf.into_iter().flat_map(|pdf| &pdf.urls).filter_map(|url| Url::parse(url)).map(Value::record))
        })
        .field("javascript", "bool?", Cost::Expensive, "It holds a script.", |_, p| pdf(&p.0, |pdf| pdf.javascript))
        .field("encrypted", "bool?", Cost::Expensive, "It needs a password.", |_, p| pdf(&p.0, |pdf| pdf.encrypted))
        .field("damaged", "bool?", Cost::Expensive, "It could not be read.", |_, p| pdf(&p.0, |pdf| pdf.damaged));
    r.record::<PdfObjects>("ScanPdfObjects", "The object structure of a PDF document.").field(
        "object_hash",
        "string?",
        Cost::Expensive,
        "SHA-256 over the kinds of its objects: documents of one generator agree. Not the hash that Strelka makes.",
        |_, p| text(p.0.pdf().and_then(|pdf| pdf.object_hash.as_deref())),
    );
    r.record::<Archive>("ScanZip", "A zip archive.")
        .field("encrypted", "bool", Cost::Cheap, "Some file in it needs a password.", |_, a| {
            a.0.zip.as_ref().is_some_and(|zip| zip.encrypted).into()
        })
        .field("all_paths", "[string]", Cost::Cheap, "Names in it, folders included.", |_, a| {
            texts(a.0.zip.iter().flat_map(|zip| &zip.all_paths))
        })
        .field("attempted_files", "[string]", Cost::Cheap, "Names of the files that were unpacked.", |_, a| {
            texts(a.0.zip.iter().flat_map(|zip| &zip.attempted))
        });
    r.record::<EncryptedZip>("ScanEncryptedZip", "An encrypted archive.").field(
        "cracked_password",
        "string?",
        Cost::Cheap,
        "Always absent: no passwords are tried.",
        |_, _| Value::Null,
    );
    r.record::<PageScript>("HtmlScript", "A script in a page.")
        .field("language", "string?", Cost::Cheap, "Declared language or type.", |_, s| text(s.0.as_deref()))
        .field("raw", "string?", Cost::Cheap, "Source.", |_, s| Value::str(s.1.as_str()));
    r.record::<Page>("ScanHtml", "A page.")
        .field("title", "string?", Cost::Expensive, "Title.", |_, p| text(p.0.html().and_then(|html| html.title())))
        .field("scripts", "[HtmlScript]", Cost::Expensive, "Scripts.", |_, p| {
            let scripts = p.0.scripts().into_iter();
            Value::list(scripts.map(|(language, raw)| Value::record(Arc::new(PageScript(language, raw)))))
        });
    r.record::<OfficeDocument>("ScanOffice", "An Office document.")
        .field("author", "string?", Cost::Cheap, "Author.", |_, o| {
            text(properties(o).and_then(|o| o.author.as_deref()))
        })
        .field("image_count", "int?", Cost::Cheap, "Pictures.", |_, o| properties(o).map(|o| o.images).into())
        .field("word_count", "int?", Cost::Cheap, "Words.", |_, o| properties(o).and_then(|o| o.words).into());
}

fn pdf(file: &File, pick: fn(&Pdf) -> bool) -> Value {
    file.pdf().map(pick).into()
}

fn properties(document: &OfficeDocument) -> Option<&Office> {
    document.0.office.as_ref()
}

fn metadata(r: &mut Registry) {
    r.record::<KeyValue>("KeyValue", "A named text.")
        .field("key", "string", Cost::Cheap, "Name.", |_, k| Value::String(Arc::clone(&k.0)))
        .field("value", "string", Cost::Cheap, "Text.", |_, k| k.1.clone());
    let builder = &mut r.record::<Metadata>("Metadata", "What a document or picture says of itself.");
    for (name, ty, doc) in METADATA {
        let name = *name;
        builder.field(name, ty, Cost::Expensive, doc, move |_, m| datum(&m.0, name));
    }
    builder.field("fields", "[KeyValue]", Cost::Expensive, "All of these that are there, by name.", |_, m| {
        let there = METADATA.iter().map(|(name, ..)| (*name, datum(&m.0, name))).filter(|(_, value)| !value.is_null());
        Value::list(there.map(|(name, value)| {
            let shown = value.as_int().map_or(value.clone(), |number| number.to_string().into());
            Value::record(Arc::new(KeyValue(name.into(), shown)))
        }))
    });
    r.function(
        "beta.parse_exif(file: any) -> Metadata?",
        "Metadata of a PDF or Office document, a picture or an archive.",
        Cost::Expensive,
        &[],
        |ctx, args| outermost(ctx, args).map_or(Value::Null, |file| view(Metadata, &file)),
    );
}

const METADATA: &[(&str, &str, &str)] = &[
    ("title", "string?", "Title."),
    ("author", "string?", "Author."),
    ("creator", "string?", "Program that made it."),
    ("producer", "string?", "Program that wrote it."),
    ("page_count", "int?", "Pages or slides."),
    ("image_height", "int?", "Pixels."),
    ("image_width", "int?", "Pixels."),
    ("zip_file_name", "string?", "First name in an archive."),
    ("zip_uncompressed_size", "int?", "Bytes of that file."),
];

fn datum(file: &File, name: &str) -> Value {
    let (pdf, office) = (file.pdf(), file.office.as_ref());
    let either = |a: Option<&String>, b: Option<&String>| text(a.or(b).map(String::as_str));
    match name {
        "title" => either(pdf.and_then(|p| p.title.as_ref()), office.and_then(|o| o.title.as_ref())),
        "author" => either(pdf.and_then(|p| p.author.as_ref()), office.and_then(|o| o.author.as_ref())),
        "creator" => either(pdf.and_then(|p| p.creator.as_ref()), office.and_then(|o| o.application.as_ref())),
        "producer" => either(pdf.and_then(|p| p.producer.as_ref()), None),
        "page_count" => pdf.and_then(|p| p.pages).or(office.and_then(|o| o.pages)).into(),
        "image_width" => file.pixels().map(|(width, _)| width).into(),
        "image_height" => file.pixels().map(|(_, height)| height).into(),
        "zip_file_name" => either(file.zip.as_ref().and_then(|zip| zip.all_paths.first()), None),
        "zip_uncompressed_size" => file.zip.as_ref().and_then(|zip| zip.first_size).into(),
        _ => Value::Null,
    }
}

/// A calendar entry of a file.
struct Entry(Component, usize);
/// Somebody in a calendar entry.
struct Attendee(Person);
/// Something that a calendar entry links to.
struct Linked(Option<String>, String);
/// One calendar of a file.
struct OneCalendar(Arc<File>);

fn people(people: &[Person]) -> Value {
    Value::list(people.iter().map(|person| Value::record(Arc::new(Attendee(person.clone())))))
}

fn entries(file: &File, only: Option<&str>, links: usize) -> Value {
    let components = file.calendar().into_iter().flat_map(|calendar| &calendar.components);
    let wanted = components.filter(|component| only.is_none_or(|only| component.kind == only));
    Value::list(wanted.map(|component| Value::record(Arc::new(Entry(component.clone(), links)))))
}

fn calendars(r: &mut Registry) {
    r.record::<Attendee>("IcsAttendee", "Somebody in a calendar entry.").field(
        "mailbox",
        "Mailbox?",
        Cost::Cheap,
        "Who.",
        |_, a| {
            let Person { name, address } = &a.0;
            let written = name.as_ref().map_or_else(
                || format!("<{address}>"),
                |name| format!("\"{}\" <{address}>", name.replace(['"', '\\'], "")),
            );
            Mailbox::parse(&written).map_or(Value::Null, Value::record)
        },
    );
    r.record::<Linked>("IcsAttachment", "An attachment of a calendar entry.")
        .field("type", "string?", Cost::Cheap, "Declared type.", |_, l| text(l.0.as_deref()))
        .field("uri", "string?", Cost::Cheap, "Where.", |_, l| Value::str(l.1.as_str()));
    let entry = |r: &mut Registry, name, doc| {
        let builder = &mut r.record::<Entry>(name, doc);
        for (field, property, doc) in [
            ("uid", "UID", "Identifier."),
            ("summary", "SUMMARY", "Title."),
            ("description", "DESCRIPTION", "Text."),
            ("description_html", "X-ALT-DESC", "Text as HTML."),
            ("location", "LOCATION", "Place."),
        ] {
            builder.field(field, "string?", Cost::Cheap, doc, move |_, e| text(e.0.text(property)));
        }
        builder
            .field("type", "string", Cost::Cheap, "`event`, `todo` ...", |_, e| Value::str(e.0.kind.as_str()))
            .field("organizers", "[IcsAttendee]", Cost::Cheap, "Organisers.", |_, e| people(&e.0.organizers))
            .field("attendees", "[IcsAttendee]", Cost::Cheap, "Attendees.", |_, e| people(&e.0.attendees))
            .field("attachments", "[IcsAttachment]", Cost::Cheap, "Attachments.", |_, e| {
                let linked = e.0.attachments.iter().map(|(kind, uri)| Linked(kind.clone(), uri.clone()));
                Value::list(linked.map(|linked| Value::record(Arc::new(linked))))
            })
            .field("links", "[Link]", Cost::Expensive, "Links in the text.", |_, e| entry_links(e))
            .field("raw_properties", "[KeyValue]", Cost::Cheap, "All properties, by name in upper case.", |_, e| {
                let all = e.0.properties.iter();
                Value::list(all.map(|(key, value)| {
                    Value::record(Arc::new(KeyValue(key.as_str().into(), Value::str(value.as_str()))))
                }))
            });
    };
    entry(r, "IcsComponent", "A calendar entry.");
    r.record::<OneCalendar>("IcsCalendar", "A calendar.").field(
        "components",
        "[IcsComponent]",
        Cost::Cheap,
        "Entries.",
        |ctx, c| entries(&c.0, None, ctx.message.settings().limits.links),
    );
    r.record::<Calendars>("ScanIcs", "A calendar file.").field(
        "calendars",
        "[IcsCalendar]",
        Cost::Cheap,
        "Calendars: all of a file as one.",
        |_, c| Value::list([view(OneCalendar, &c.0)]),
    );
    r.record::<Ics>("Ics", "A calendar file.")
        .field("events", "[IcsComponent]", Cost::Cheap, "Events.", |ctx, i| {
            entries(&i.0, Some("event"), ctx.message.settings().limits.links)
        })
        .field("product_id", "string?", Cost::Cheap, "Program that made it.", |_, i| {
            text(i.0.calendar().and_then(|calendar| calendar.product_id.as_deref()))
        })
        .field("scale", "string?", Cost::Cheap, "Calendar system.", |_, i| {
            text(i.0.calendar().and_then(|calendar| calendar.scale.as_deref()))
        })
        .field("method", "string?", Cost::Cheap, "`REQUEST`, `CANCEL` ...", |_, i| {
            text(i.0.calendar().and_then(|calendar| calendar.method.as_deref()))
        });
    for signature in ["file.parse_ics(file: any) -> Ics?", "beta.file.parse_ics(file: any) -> Ics?"] {
        r.function(signature, "Reads a calendar file (RFC 5545).", Cost::Expensive, &[], |ctx, args| {
            let file = outermost(ctx, args).filter(|file| file.calendar().is_some());
            file.map_or(Value::Null, |file| view(Ics, &file))
        });
    }
}

/// Links of the text, or of the text as HTML where there is one.
fn entry_links(entry: &Entry) -> Value {
    let Entry(component, most) = entry;
    let links: Vec<Arc<Link>> = match component.text("X-ALT-DESC") {
        Some(html) => Html::new(html.into(), *most).links().to_vec(),
        None => plain_links(component.text("DESCRIPTION").unwrap_or(""), *most),
    };
    Value::list(links.into_iter().map(Value::record))
}
