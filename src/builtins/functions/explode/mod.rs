//! Opening attachments: what lies in a file, what scanners find in it, what it says of itself. The
//! records are those of MQL, whose scanners are Strelka's; what it lacks stands beside them.

mod calendar;
mod codes;
mod documents;
mod metadata;
mod office;
mod scan;

use crate::builtins::{Ctx, Registry};
use crate::files::{Budget, Exploded, FLAGS, File, explode};
use crate::message::{Attachment, Message};
use crate::value::{Cost, EnumDecl, Value};
use file_format::FileFormat;
use std::sync::Arc;

/// A file, and what it was found in.
struct Found(Arc<File>, Arc<Exploded>);
/// Types of a file by several methods.
struct Flavors(Arc<File>);
/// Files of an archive.
struct ArchiveFiles(Vec<Arc<File>>, Arc<Exploded>);

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

/// What one message inside another may spend on its attachments, in bytes for each byte that it has.
const GROWTH: usize = 64;

/// What all attachments of a message may spend. Messages in messages are bounded by their size, so that
/// all of them together stay linear in the bytes that were received.
fn budget(message: &Message, outer: &Message) -> Budget {
    let budget = Budget::of(&message.settings().limits);
    if message.is_same(outer) {
        return budget;
    }
    let bytes = message.raw().len().saturating_mul(GROWTH).saturating_add(1 << 20);
    Budget { bytes: budget.bytes.min(bytes), pixels: budget.pixels.min(bytes), ..budget }
}

/// The file with everything in it, opened once for all rules. Those before it in the message are opened
/// first: what it may spend is the same whoever asks first.
fn exploded(ctx: &Ctx<'_>, attachment: &Attachment) -> Arc<Exploded> {
    let exploded = attachment.contents().unwrap_or_else(|| open(ctx, attachment));
    exploded.limits_hit.iter().for_each(|limit| ctx.message.limit(limit.clone()));
    exploded
}

fn open(ctx: &Ctx<'_>, attachment: &Attachment) -> Arc<Exploded> {
    let message = attachment.message();
    let message = message.as_ref().unwrap_or(ctx.message);
    let mut left = budget(message, ctx.message);
    let before = message.attachments().iter().take_while(|before| before.part < attachment.part);
    for before in before {
        left = opened(before, left).left;
    }
    opened(attachment, left)
}

fn opened(attachment: &Attachment, left: Budget) -> Arc<Exploded> {
    attachment.contents_slot(|| {
        let name = attachment.file_name.as_deref();
        explode(name, &attachment.content_type, Arc::clone(&attachment.bytes), left)
    })
}

/// The file that a function was given, with what lies in it.
fn all(ctx: &Ctx<'_>, args: &[Value]) -> Option<(Vec<Arc<File>>, Arc<Exploded>)> {
    let Some(Value::Record(record)) = args.first() else { return None };
    if let Some(attachment) = record.downcast::<Attachment>() {
        let exploded = exploded(ctx, attachment);
        return Some((exploded.files.clone(), exploded));
    }
    let Found(file, exploded) = record.downcast::<Found>()?;
    let within = |other: &&Arc<File>| {
        let rest = other.path.strip_prefix(&*file.path);
        Arc::ptr_eq(other, file) || rest.is_some_and(|rest| rest.starts_with('/'))
    };
    Some((exploded.files.iter().filter(within).map(Arc::clone).collect(), Arc::clone(exploded)))
}

/// The file that a function was given, without what lies in it.
fn first(ctx: &Ctx<'_>, args: &[Value]) -> Option<Arc<File>> {
    match args.first() {
        Some(Value::Record(record)) => match record.downcast::<Found>() {
            Some(Found(file, _)) => Some(Arc::clone(file)),
            None => exploded(ctx, record.downcast::<Attachment>()?).files.first().map(Arc::clone),
        },
        _ => None,
    }
}

/// The bytes of the file that a function was given.
pub(super) fn bytes(args: &[Value]) -> Option<Arc<[u8]>> {
    let Some(Value::Record(record)) = args.first() else { return None };
    let attachment = record.downcast::<Attachment>().map(|attachment| Arc::clone(&attachment.bytes));
    attachment.or_else(|| record.downcast::<Found>().map(|Found(file, _)| Arc::clone(&file.bytes)))
}

fn list(files: impl IntoIterator<Item = Arc<File>>, exploded: &Arc<Exploded>) -> Value {
    Value::list(files.into_iter().map(|file| Value::record(Arc::new(Found(file, Arc::clone(exploded))))))
}

/// Everything in an attachment as rules see it.
pub(in crate::builtins) fn contents(ctx: &Ctx<'_>, attachment: &Attachment) -> Value {
    let exploded = exploded(ctx, attachment);
    list(exploded.files.clone(), &exploded)
}

pub(super) fn declare(r: &mut Registry) {
    files(r);
    functions(r);
    scan::declare(r);
    documents::declare(r);
    office::declare(r);
    codes::declare(r);
    metadata::declare(r);
    calendar::declare(r);
}

/// The names that Strelka's rules of taste give to types, which public rules read.
fn taste(file: &File) -> Vec<&'static str> {
    let mut names = vec![file.kind];
    names.extend(match file.kind {
        "zip" => Some("zip_file"),
        "docx" | "docm" | "xlsx" | "xlsm" | "xlsb" | "pptx" | "pptm" => Some("ooxml_file"),
        "doc" | "xls" | "ppt" | "ole" | "msi" => Some("olecf_file"),
        "html" | "hta" => Some("html_file"),
        "pdf" => Some("pdf_file"),
        "rar" => Some("rar_file"),
        "7z" => Some("_7zip_file"),
        "gz" => Some("gzip_file"),
        "tar" => Some("tar_file"),
        "iso" => Some("iso_file"),
        "js" => Some("javascript_file"),
        "vbs" => Some("vb_file"),
        "bat" => Some("batch_file"),
        "jpeg" | "jpg" => Some("jpeg_file"),
        "png" => Some("png_file"),
        "gif" => Some("gif_file"),
        "bmp" => Some("bmp_file"),
        "eml" | "msg" => Some("email_file"),
        "tnef" => Some("tnef_file"),
        "lnk" => Some("lnk_file"),
        "url" => Some("url_file"),
        "mht" => Some("mhtml_file"),
        "rtf" => Some("rtf_file"),
        "vhd" => Some("vhd_file"),
        "vhdx" => Some("vhdx_file"),
        "one" => Some("onenote_file"),
        "xml" | "svg" => Some("xml_file"),
        "json" => Some("json_file"),
        "exe" => Some("mz_file"),
        "ics" => Some("ics_file"),
        _ => None,
    });
    if file.encrypted() {
        names.extend(match file.kind {
            "zip" => Some("encrypted_zip"),
            "ole" | "doc" => Some("encrypted_word_document"),
            _ => None,
        });
    }
    names
}

/// Of texts the library tells few apart.
fn media_type(file: &File) -> Value {
    let found = FileFormat::from_bytes(&file.bytes);
    let of_text = match file.kind {
        "txt" | "bat" | "ps1" | "vbs" | "url" => "text/plain",
        "html" | "hta" => "text/html",
        "xml" => "text/xml",
        "js" => "application/javascript",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "eml" => "message/rfc822",
        "ics" => "text/calendar",
        "vcf" => "text/vcard",
        "rtf" => "text/rtf",
        _ => "",
    };
    let is_text = matches!(found, FileFormat::ArbitraryBinaryData | FileFormat::PlainText) && !of_text.is_empty();
    text(if is_text { of_text } else { found.media_type() }.into())
}

fn files(r: &mut Registry) {
    r.enumeration(EnumDecl {
        name: "FileFlag",
        doc: "A finding about a file.",
        values: FLAG_NAMES.get_or_init(|| FLAGS.iter().map(|(name, _)| *name).collect()),
        ordered: false,
        open: false,
    });
    r.record::<Flavors>("Flavors", "Types of a file by several methods.")
        .field("mime", "string?", Cost::Expensive, "Media type by content.", |_, f| media_type(&f.0))
        .field(
            "yara",
            "[string]",
            Cost::Expensive,
            "By content: the name that `file_type` has, and those that Strelka's rules of taste give.",
            |_, f| texts(taste(&f.0)),
        );
    r.record::<Found>("ExplodedFile", "A file, or one that was found in it.")
        .field("depth", "int", Cost::Cheap, "0 is the file itself.", |_, f| Value::Int(f.0.depth as i64))
        .field("path", "string", Cost::Cheap, "Names from the outermost file to this one, joined by `/`.", |_, f| {
            Value::String(Arc::clone(&f.0.path))
        })
        .field("file_name", "string?", Cost::Cheap, "Name.", |_, f| text(f.0.name.as_deref()))
        .field("file_extension", "string?", Cost::Cheap, "Extension.", |_, f| text(f.0.extension.as_deref()))
        .field("file_type", "FileType", Cost::Cheap, "Type by content.", |_, f| Value::str(f.0.kind))
        .field("size", "int", Cost::Cheap, "Bytes.", |_, f| Value::Int(f.0.bytes.len() as i64))
        .field("flags", "[FileFlag]", Cost::Expensive, "What is odd about it, in one word each.", |ctx, f| {
            codes::limit(ctx, &f.0);
            texts(f.0.flags())
        })
        .field(
            "text",
            "string?",
            Cost::Expensive,
            "Text that a reader sees: of pages, PDF and Office documents, rich text, calendars, plain text.",
            |ctx, f| {
                let shown = text(f.0.shown_text());
                if f.0.shown_text_cut() {
                    ctx.message.limit("file_text: only the beginning of the text of a file was read".into());
                }
                shown
            },
        )
        .field("flavors", "Flavors", Cost::Cheap, "Types.", |_, f| view(Flavors, &f.0))
        .field("scan", "Scan", Cost::Cheap, "What scanners found.", |_, f| view(scan::Scan, &f.0));
    r.record::<ArchiveFiles>("ArchiveFiles", "Files of an archive.").field(
        "files",
        "[ExplodedFile]",
        Cost::Cheap,
        "Each, without the archive itself.",
        |_, a| list(a.0.clone(), &a.1),
    );
}

static FLAG_NAMES: std::sync::OnceLock<Vec<&'static str>> = std::sync::OnceLock::new();

fn functions(r: &mut Registry) {
    r.function(
        "file.explode(file: any) -> [ExplodedFile]?",
        "Opens a file and everything in it: archives, documents, attached messages, calendars, disc images. The first element is the file itself.",
        Cost::Expensive,
        &[],
        |ctx, args| all(ctx, args).map_or(Value::Null, |(files, exploded)| list(files, &exploded)),
    );
    r.function(
        "file.expand_archives(file: any) -> ArchiveFiles?",
        "The files in an archive and in the archives in it.",
        Cost::Expensive,
        &[],
        |ctx, args| {
            let Some((files, exploded)) = all(ctx, args) else { return Value::Null };
            Value::record(Arc::new(ArchiveFiles(files.into_iter().skip(1).collect(), exploded)))
        },
    );
}
