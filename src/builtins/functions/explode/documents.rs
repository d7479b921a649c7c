//! PDF documents, archives, shortcuts, YARA.

use super::{text, texts, view_if};
use crate::builtins::{Ctx, Registry};
use crate::files::{Entry, File, Listing, Pdf, Shortcut};
use crate::message::Url;
use crate::value::{Cost, Value};
use std::sync::Arc;

pub(super) struct PdfDocument(pub(super) Arc<File>);
pub(super) struct PdfObjects(pub(super) Arc<File>);
pub(super) struct Archive(pub(super) Arc<File>);
pub(super) struct Link(pub(super) Arc<File>);
struct Zip(Arc<File>);
/// An encrypted archive: nothing more is known of it.
struct EncryptedZip;
/// A file in an archive.
struct Listed(Entry);
/// A YARA rule that matched.
struct YaraMatch(Arc<str>);
struct Yara(Vec<Arc<str>>);

pub(super) fn declare(r: &mut Registry) {
    pdfs(r);
    archives(r);
    shortcuts(r);
    r.record::<YaraMatch>("YaraMatch", "A YARA rule that matched.").field(
        "name",
        "string",
        Cost::Cheap,
        "Rule.",
        |_, m| Value::String(Arc::clone(&m.0)),
    );
    r.record::<Yara>("ScanYara", "YARA rules that matched.").field(
        "matches",
        "[YaraMatch]",
        Cost::Cheap,
        "Each.",
        |_, y| Value::list(y.0.iter().map(|name| Value::record(Arc::new(YaraMatch(Arc::clone(name)))))),
    );
}

/// The YARA rules that match a file; absent where no pack brings rules.
pub(super) fn yara(ctx: &Ctx<'_>, file: &Arc<File>) -> Value {
    let Some(rules) = &ctx.env.yara else { return Value::Null };
    let found = file.yara(rules);
    found.limit.iter().for_each(|limit| ctx.message.limit((*limit).into()));
    Value::record(Arc::new(Yara(found.names.clone())))
}

fn pdf(file: &File, pick: fn(&Pdf) -> bool) -> Value {
    file.pdf().map(pick).into()
}

fn pdfs(r: &mut Registry) {
    r.record::<PdfDocument>("ScanPdf", "A PDF document.")
        .field("urls", "[Url]", Cost::Expensive, "Where its links lead.", |_, p| {
            let pdf = p.0.pdf();
            Value::list(pdf.into_iter().flat_map(|pdf| &pdf.urls).filter_map(|url| Url::parse(url)).map(Value::record))
        })
        .field("text", "string?", Cost::Expensive, "The text of its pages.", |_, p| text(p.0.shown_text()))
        .field("page_count", "int?", Cost::Expensive, "Pages.", |_, p| p.0.pdf().and_then(|pdf| pdf.pages).into())
        .field("javascript", "bool?", Cost::Expensive, "It holds a script.", |_, p| pdf(&p.0, |pdf| pdf.javascript))
        .field("open_action", "bool?", Cost::Expensive, "It does something when it is opened.", |_, p| {
            pdf(&p.0, |pdf| pdf.open_action)
        })
        .field("launch", "bool?", Cost::Expensive, "It starts a program or opens another document.", |_, p| {
            pdf(&p.0, |pdf| pdf.launch)
        })
        .field("form", "bool?", Cost::Expensive, "It has fields to fill in.", |_, p| pdf(&p.0, |pdf| pdf.form))
        .field("embedded_files", "[string]", Cost::Expensive, "Names of the files in it.", |_, p| {
            texts(p.0.pdf().into_iter().flat_map(|pdf| &pdf.embedded))
        })
        .field("encrypted", "bool?", Cost::Expensive, "It needs a password.", |_, p| pdf(&p.0, |pdf| pdf.encrypted))
        .field("damaged", "bool?", Cost::Expensive, "It could not be read.", |_, p| pdf(&p.0, |pdf| pdf.damaged));
    r.record::<PdfObjects>("ScanPdfObjects", "The object structure of a PDF document.").field(
        "object_hash",
        "string?",
        Cost::Expensive,
        "SHA-256 over the kinds of its objects: documents of one generator agree. Not the hash that Strelka makes.",
        |_, p| text(p.0.pdf().and_then(|pdf| pdf.object_hash.as_deref())),
    );
}

fn is_zip(file: &File) -> bool {
    file.listing.is_some() && !matches!(file.kind, "7z" | "rar" | "tar" | "iso")
}

pub(super) fn zip(file: &Arc<File>) -> Value {
    view_if(is_zip(file), Zip, file)
}

pub(super) fn encrypted_zip(file: &File) -> Value {
    let encrypted = is_zip(file) && file.listing.as_ref().is_some_and(|listing| listing.encrypted);
    if encrypted { Value::record(Arc::new(EncryptedZip)) } else { Value::Null }
}

fn archives(r: &mut Registry) {
    r.record::<Listed>("ArchiveEntry", "A file or folder that an archive lists.")
        .field("path", "string", Cost::Cheap, "Path in the archive.", |_, e| Value::str(e.0.path.as_str()))
        .field("size", "int", Cost::Cheap, "Bytes before it was packed, as the archive says.", |_, e| {
            Value::Int(i64::try_from(e.0.size).unwrap_or(i64::MAX))
        })
        .field("encrypted", "bool", Cost::Cheap, "It needs a password.", |_, e| e.0.encrypted.into())
        .field("folder", "bool", Cost::Cheap, "It is a folder.", |_, e| e.0.folder.into());
    r.record::<Archive>("ScanArchive", "An archive.")
        .field("encrypted", "bool", Cost::Cheap, "Some file in it needs a password, or its names do.", |_, a| {
            a.0.listing.as_ref().is_some_and(|listing| listing.encrypted).into()
        })
        .field("all_paths", "[string]", Cost::Cheap, "Names in it, folders included.", |_, a| paths(&a.0))
        .field("attempted_files", "[string]", Cost::Cheap, "Names of the files that were unpacked.", |_, a| {
            attempted(&a.0)
        })
        .field("entries", "[ArchiveEntry]", Cost::Cheap, "Files and folders.", |_, a| {
            let entries = a.0.listing.iter().flat_map(|listing| &listing.entries);
            Value::list(entries.map(|entry| Value::record(Arc::new(Listed(entry.clone())))))
        });
    r.record::<Zip>("ScanZip", "A zip archive.")
        .field("encrypted", "bool", Cost::Cheap, "Some file in it needs a password.", |_, a| {
            a.0.listing.as_ref().is_some_and(|listing| listing.encrypted).into()
        })
        .field("all_paths", "[string]", Cost::Cheap, "Names in it, folders included.", |_, a| paths(&a.0))
        .field("attempted_files", "[string]", Cost::Cheap, "Names of the files that were unpacked.", |_, a| {
            attempted(&a.0)
        });
    r.record::<EncryptedZip>("ScanEncryptedZip", "An encrypted archive.").field(
        "cracked_password",
        "string?",
        Cost::Cheap,
        "Always absent: no passwords are tried.",
        |_, _| Value::Null,
    );
}

fn paths(file: &File) -> Value {
    texts(file.listing.iter().flat_map(Listing::paths))
}

fn attempted(file: &File) -> Value {
    texts(file.listing.iter().flat_map(|listing| &listing.attempted))
}

fn shortcuts(r: &mut Registry) {
    let part =
        |file: &File, pick: fn(&Shortcut) -> Option<&String>| text(file.shortcut().and_then(pick).map(String::as_str));
    r.record::<Link>("ScanLnk", "A shortcut of Windows, or one to a page.")
        .field("target", "string?", Cost::Cheap, "The program, document or page.", move |_, l| {
            part(&l.0, |shortcut| shortcut.target.as_ref())
        })
        .field("arguments", "string?", Cost::Cheap, "What the target is started with.", move |_, l| {
            part(&l.0, |shortcut| shortcut.arguments.as_ref())
        })
        .field("command", "string", Cost::Cheap, "Target and arguments as one line.", |_, l| {
            Value::str(l.0.shortcut().map(Shortcut::command).unwrap_or_default())
        })
        .field("icon", "string?", Cost::Cheap, "Where the icon comes from.", move |_, l| {
            part(&l.0, |shortcut| shortcut.icon.as_ref())
        })
        .field("description", "string?", Cost::Cheap, "What the shell shows.", move |_, l| {
            part(&l.0, |shortcut| shortcut.name.as_ref())
        });
}
