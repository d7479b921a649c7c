//! Attachments: what they say they are, what they are, their hashes.

use super::{Message, Part};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::any::Any;
use std::sync::{Arc, OnceLock, Weak};

/// A file in a message.
#[derive(Debug)]
pub struct Attachment {
    /// Index of its part.
    pub part: usize,
    /// Name, decoded.
    pub file_name: Option<Arc<str>>,
    /// After the last dot of the name, lower case.
    pub file_extension: Option<Arc<str>>,
    /// Declared type.
    pub content_type: Arc<str>,
    /// Content-ID without angle brackets.
    pub content_id: Option<Arc<str>>,
    /// `inline`, `attachment` ...
    pub content_disposition: Option<Arc<str>>,
    /// Declared transfer encoding.
    pub content_transfer_encoding: Option<Arc<str>>,
    /// The decoded bytes.
    pub bytes: Arc<[u8]>,
    file_type: OnceLock<&'static str>,
    md5: OnceLock<Arc<str>>,
    sha1: OnceLock<Arc<str>>,
    sha256: OnceLock<Arc<str>>,
    contents: OnceLock<Arc<dyn Any + Send + Sync>>,
    message: Weak<Message>,
}

/// The names of file types that are recognised, as MQL writes them.
pub const FILE_TYPES: &[&str] = &[
    "7z", "ace", "arj", "avif", "bat", "bmp", "bz2", "cab", "chm", "class", "deb", "dmg", "doc", "docm", "docx", "elf",
    "eml", "exe", "flac", "gif", "gz", "heic", "hta", "html", "ico", "ics", "iso", "jar", "jpeg", "jpg", "js", "json",
    "lnk", "mht", "mp3", "mp4", "msg", "msi", "odp", "ods", "odt", "ole", "one", "pcap", "pdf", "png", "ppt", "pptm",
    "pptx", "ps1", "psd", "rar", "rtf", "svg", "swf", "tar", "tiff", "tnef", "txt", "unknown", "url", "vbs", "vcf",
    "vhd", "vhdx", "wav", "webp", "wim", "xls", "xlsb", "xlsm", "xlsx", "xml", "xz", "zip", "zst",
];

pub(super) fn attachments(message: &Message) -> Vec<Arc<Attachment>> {
    let files = message.parts.iter().enumerate().filter(|(_, part)| is_file(part));
    files.map(|(index, part)| Arc::new(Attachment::of(message, index, part))).collect()
}

/// An unnamed part without content is none: gateways leave such parts.
fn is_file(part: &Part) -> bool {
    part.is_attachment && (part.file_name.is_some() || !part.raw_range.is_empty())
}

impl Attachment {
    pub(super) fn of(message: &Message, index: usize, part: &Part) -> Self {
        let extension = part.file_name.as_deref().and_then(extension);
        Self {
            part: index,
            file_name: part.file_name.as_deref().map(Arc::from),
            file_extension: extension.map(Arc::from),
            content_type: part.content_type.as_str().into(),
            content_id: part.content_id.as_deref().map(Arc::from),
            content_disposition: part.disposition.as_deref().map(Arc::from),
            content_transfer_encoding: part.transfer_encoding.as_deref().map(Arc::from),
            bytes: Arc::clone(part.bytes()),
            file_type: OnceLock::new(),
            md5: OnceLock::new(),
            sha1: OnceLock::new(),
            sha256: OnceLock::new(),
            contents: OnceLock::new(),
            message: Weak::clone(&message.me),
        }
    }

    /// The value that a later stage computed, if it did.
    pub(crate) fn contents<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.contents.get().and_then(|stored| Arc::clone(stored).downcast().ok())
    }

    /// The message that it lies in, while that is in use.
    pub(crate) fn message(&self) -> Option<Arc<Message>> {
        self.message.upgrade()
    }

    /// True if the content is of another type than name or declaration say.
    pub fn type_mismatch(&self) -> bool {
        mismatched(self.file_type(), &self.content_type, self.file_extension.as_deref())
    }

    /// The same file under another name.
    pub(super) fn rename(&mut self, name: &str) {
        self.file_name = Some(name.into());
        self.file_extension = extension(name).map(Arc::from);
    }

    /// The same file with its bytes read in another way.
    pub(super) fn with_bytes(self, bytes: Arc<[u8]>) -> Self {
        Self { bytes, ..self }
    }

    /// A value that a later stage computes once for this file and keeps with it.
    pub(crate) fn contents_slot<T: Any + Send + Sync>(&self, compute: impl Fn() -> T) -> Arc<T> {
        let stored = self.contents.get_or_init(|| Arc::new(compute()));
        Arc::clone(stored).downcast().unwrap_or_else(|_| Arc::new(compute()))
    }

    /// The type by content.
    pub fn file_type(&self) -> &'static str {
        self.file_type.get_or_init(|| sniff(&self.bytes, &self.content_type, self.file_extension.as_deref()))
    }

    /// MD5 in lower-case hexadecimal.
    pub fn md5(&self) -> &Arc<str> {
        self.md5.get_or_init(|| hex(&Md5::digest(&self.bytes)))
    }

    /// SHA-1 in lower-case hexadecimal.
    pub fn sha1(&self) -> &Arc<str> {
        self.sha1.get_or_init(|| hex(&Sha1::digest(&self.bytes)))
    }

    /// SHA-256 in lower-case hexadecimal.
    pub fn sha256(&self) -> &Arc<str> {
        self.sha256.get_or_init(|| hex(&Sha256::digest(&self.bytes)))
    }
}

pub(crate) fn extension(name: &str) -> Option<String> {
    let (stem, extension) = name.trim_end_matches(['.', ' ']).rsplit_once('.')?;
    let usable = !stem.is_empty() && !extension.is_empty() && extension.chars().count() <= 32;
    usable.then(|| extension.trim().to_lowercase())
}

pub(crate) fn hex(bytes: &[u8]) -> Arc<str> {
    use std::fmt::Write;
    let text = bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    text.into()
}

/// The type of some bytes. Text formats have no signature: there the declared type decides among
/// what the text can be.
pub(crate) fn sniff(bytes: &[u8], declared: &str, extension: Option<&str>) -> &'static str {
    match bytes {
        // [MS-OXTNEF] and [MS-ONESTORE] begin with a number of their own; a rich text may be cut short.
        [0x78, 0x9F, 0x3E, 0x22, ..] => return "tnef",
        [0xE4, 0x52, 0x5C, 0x7B, 0x8C, 0xD8, ..] => return "one",
        [b'{', b'\\', b'r', b't', ..] => return "rtf",
        _ => {}
    }
    let format = file_format::FileFormat::from_bytes(bytes);
    match format.extension() {
        "zip" | "docx" | "xlsx" | "pptx" | "jar" => office(bytes).unwrap_or("zip"),
        "cfb" | "doc" | "xls" | "ppt" | "msg" => ole(bytes, declared, extension),
        "txt" | "bin" | "" => text_type(bytes, declared, extension),
        "jpg" => "jpeg",
        "tif" => "tiff",
        "exe" | "dll" => "exe",
        "htm" | "html" => html_type(extension),
        "xml" => text_type(bytes, declared, extension),
        other => FILE_TYPES.iter().copied().find(|known| *known == other).unwrap_or("unknown"),
    }
}

/// Office documents are zip archives that hold well-known folders. Names stand uncompressed in
/// the archive, so that a search finds them.
fn office(bytes: &[u8]) -> Option<&'static str> {
    let holds = |needle: &str| memchr::memmem::find(bytes, needle.as_bytes()).is_some();
    let macros = holds("vbaProject.bin");
    if holds("word/document.xml") {
        return Some(if macros { "docm" } else { "docx" });
    }
    if holds("xl/workbook.bin") {
        return Some("xlsb");
    }
    if holds("xl/workbook") {
        return Some(if macros { "xlsm" } else { "xlsx" });
    }
    if holds("ppt/presentation.xml") {
        return Some(if macros { "pptm" } else { "pptx" });
    }
    for (kind, name) in [("odt", "text"), ("ods", "spreadsheet"), ("odp", "presentation")] {
        // The first file of the archive says it, uncompressed.
        if bytes
            .get(38..)
            .is_some_and(|rest| rest.starts_with(format!("application/vnd.oasis.opendocument.{name}").as_bytes()))
        {
            return Some(kind);
        }
    }
    holds("META-INF/MANIFEST.MF").then_some("jar")
}

/// The names in a compound file's directory tell what it is; without one of them, what it says it is.
fn ole(bytes: &[u8], declared: &str, extension: Option<&str>) -> &'static str {
    let holds = |name: &str| {
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        memchr::memmem::find(bytes, &name).is_some()
    };
    let streams = [
        ("msg", "__properties_version1.0"),
        ("doc", "WordDocument"),
        ("ppt", "PowerPoint Document"),
        ("xls", "Workbook"),
    ];
    if let Some((kind, _)) = streams.iter().find(|(_, name)| holds(name)) {
        return kind;
    }
    match (extension, declared) {
        _ if holds("EncryptedPackage") => "ole",
        (Some("doc" | "dot"), _) | (_, "application/msword") => "doc",
        (Some("xls" | "xlt"), _) | (_, "application/vnd.ms-excel") => "xls",
        (Some("msg"), _) | (_, "application/vnd.ms-outlook") => "msg",
        (Some("msi"), _) => "msi",
        _ => "ole",
    }
}

/// Applications in HTML are no pages: Windows runs them.
fn html_type(extension: Option<&str>) -> &'static str {
    if extension == Some("hta") { "hta" } else { "html" }
}

/// True if a file's content is of another type than its name or its declared type say. Only where both
/// are known and belong to different families: text has no signature, and many types hold others.
pub(crate) fn mismatched(kind: &str, declared: &str, extension: Option<&str>) -> bool {
    let named = extension.and_then(|extension| family(extension_type(extension)));
    let said = family(declared_type(declared));
    let Some(found) = family(kind) else { return false };
    named.or(said).is_some_and(|expected| expected != found)
}

/// Types that are told apart by their content.
fn family(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "pdf" => "pdf",
        "zip" | "jar" | "docx" | "docm" | "xlsx" | "xlsm" | "xlsb" | "pptx" | "pptm" | "odt" | "ods" | "odp" => "zip",
        // An encrypted document of the newer kind is a compound file: it goes by either name.
        "png" | "jpeg" | "jpg" | "gif" | "bmp" | "webp" | "tiff" | "heic" | "ico" => "picture",
        "html" | "svg" | "hta" => "page",
        "exe" | "elf" | "class" => "program",
        "lnk" => "shortcut",
        "rar" => "rar",
        "7z" => "7z",
        "gz" => "gz",
        "iso" => "iso",
        "mp3" | "mp4" | "wav" | "flac" => "sound",
        _ => return None,
    })
}

fn extension_type(extension: &str) -> &str {
    match extension {
        "htm" | "shtml" | "xhtml" => "html",
        "jpe" | "jfif" => "jpeg",
        "tif" => "tiff",
        "tgz" => "gz",
        "dll" | "scr" | "com" => "exe",
        other => other,
    }
}

fn declared_type(declared: &str) -> &str {
    match declared {
        "application/pdf" => "pdf",
        "text/html" => "html",
        "application/zip" | "application/x-zip-compressed" => "zip",
        "image/svg+xml" => "svg",
        other if other.starts_with("image/") => "png",
        other if other.starts_with("application/vnd.openxmlformats") => "docx",
        _ => "",
    }
}

fn text_type(bytes: &[u8], declared: &str, extension: Option<&str>) -> &'static str {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).to_ascii_lowercase();
    let head = head.trim_start_matches('\u{feff}').trim_start();
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| head.starts_with(prefix));
    if starts(&["<!doctype html", "<html", "<head", "<body", "<script"]) {
        return html_type(extension);
    }
    if starts(&["begin:vcalendar"]) {
        return "ics";
    }
    if starts(&["[internetshortcut]"]) {
        return "url";
    }
    if starts(&["begin:vcard"]) {
        return "vcf";
    }
    if starts(&["<svg"]) || starts(&["<?xml"]) && head.contains("<svg") {
        return "svg";
    }
    if starts(&["<?xml"]) {
        return "xml";
    }
    match (declared, extension) {
        ("message/rfc822", _) | (_, Some("eml")) => "eml",
        ("text/html", _) | (_, Some("html" | "htm" | "shtml" | "xhtml")) => "html",
        ("text/calendar", _) | (_, Some("ics")) => "ics",
        (_, Some("hta")) => "hta",
        (_, Some("js" | "jse")) => "js",
        (_, Some("ps1")) => "ps1",
        (_, Some("vbs" | "vbe")) => "vbs",
        (_, Some("bat" | "cmd")) => "bat",
        (_, Some("mht" | "mhtml")) => "mht",
        (_, Some("url")) => "url",
        (_, Some("vcf")) => "vcf",
        ("application/json", _) | (_, Some("json")) => "json",
        ("text/xml" | "application/xml", _) => "xml",
        _ if !bytes.is_empty() && !head.contains('\0') && std::str::from_utf8(bytes).is_ok() => "txt",
        _ => "unknown",
    }
}
