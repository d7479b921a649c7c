//! OLE compound files ([MS-CFB]): the old Office formats, macro projects, installers, encrypted
//! documents. The reader of the container is `cfb`; what the streams mean is read here.

use super::bytes::{Cursor, ansi, le16, le32, length, take, utf16};
use super::{Child, Contents, Left, Ole, msg, rtf, vba_source};
use cfb::CompoundFile;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Most entries that are looked at.
const ENTRIES: usize = 4_000;
/// Most bytes of a stream that is searched.
const STREAM: u64 = 16 << 20;

type File<'b> = CompoundFile<std::io::Cursor<&'b [u8]>>;

/// Opens a compound file: the attachments of a message, the embedded objects of a document.
pub(super) fn open(bytes: &[u8], kind: &str, left: &mut Left) -> Contents {
    let mut contents = Contents::default();
    let Ok(file) = CompoundFile::open(std::io::Cursor::new(bytes)) else {
        contents.limits_hit.push("files: a damaged OLE file was not opened".into());
        return contents;
    };
    if kind == "msg" {
        // The message is written once more: as much again as it may hold.
        return match msg::to_message(bytes, left.bytes as u64) {
            Ok(message) => super::message(&message, left),
            Err(_) => contents,
        };
    }
    let mut reader = Reader { file, ole: Ole::default(), budget: left.bytes as u64, children: Vec::new() };
    if !reader.read() {
        contents
            .limits_hit
            .push(format!("files: only {ENTRIES} entries or the allowed bytes of an OLE file were read"));
    }
    for child in reader.children {
        if !left.take(child, &mut contents) {
            break;
        }
    }
    contents.ole = Some(reader.ole);
    contents
}

struct Reader<'b> {
    file: File<'b>,
    ole: Ole,
    /// Bytes that may still be read; streams of a hostile file may share sectors.
    budget: u64,
    children: Vec<Child>,
}

impl Reader<'_> {
    /// False if not everything was looked at.
    fn read(&mut self) -> bool {
        // Paths are made on the way: one that is very deep is not followed on.
        let entries = self.file.walk().take(2 * ENTRIES + 1).map(|entry| (entry.is_stream(), entry.path().to_owned()));
        let entries: Vec<(bool, PathBuf)> = entries.collect();
        let complete = entries.len() <= 2 * ENTRIES;
        let paths: Vec<PathBuf> = entries.into_iter().filter(|(stream, _)| *stream).map(|(_, path)| path).collect();
        for path in paths.iter().take(ENTRIES) {
            self.ole.streams.push(path.to_string_lossy().trim_start_matches('/').to_owned());
            self.stream(path);
        }
        complete && paths.len() <= ENTRIES && self.budget > 0
    }

    fn bytes(&mut self, path: &Path) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Ok(stream) = self.file.open_stream(path) {
            // A damaged stream gives what can be read of it.
            let _ = stream.take(STREAM.min(self.budget)).read_to_end(&mut bytes);
        }
        self.budget -= (bytes.len() as u64).min(self.budget);
        bytes
    }

    fn stream(&mut self, path: &Path) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let bytes = self.bytes(path);
        match name.as_str() {
            "EncryptedPackage" | "EncryptedSummary" | "EncryptionInfo" => self.ole.encrypted = true,
            "WordDocument" => self.word(&bytes),
            "Workbook" | "Book" => self.workbook(&bytes),
            "\u{1}Ole10Native" => self.native(&bytes),
            "Package" => self.child("package", bytes),
            "Equation Native" => self.ole.equation = true,
            "\u{5}SummaryInformation" => self.summary(&bytes),
            _ => self.ole.macros.extend(vba_source::source(&bytes)),
        }
        self.ole.objects |= path.to_string_lossy().contains("ObjectPool") || name == "\u{1}Ole10Native";
    }

    /// The header of a Word document ([MS-DOC] 2.5.2) says whether it is encrypted.
    fn word(&mut self, bytes: &[u8]) {
        self.ole.encrypted |=
            le16(bytes, 0) == Some(0xA5EC) && le16(bytes, 10).is_some_and(|flags| flags & 0x0100 != 0);
        self.ole.dde |= has_dde(bytes);
    }

    /// The records of a workbook ([MS-XLS] 2.1.4).
    fn workbook(&mut self, bytes: &[u8]) {
        let mut records = Cursor::new(bytes);
        while let Some((kind, length)) = records.u16().zip(records.u16()) {
            let Some(data) = records.take(usize::from(length)) else { break };
            match kind {
                0x002F => self.ole.encrypted = true,
                // BoundSheet8: the kind of the sheet; 1 is one of macros.
                0x0085 => self.ole.xlm |= data.get(5) == Some(&1),
                // SupBook of a DDE link: its name holds program and topic, parted by a byte 3.
                0x01AE => self.ole.dde |= data.get(..2) == Some(&[0, 0]) && data.contains(&3),
                _ => {}
            }
        }
    }

    /// A file that was embedded through the shell, after its length.
    fn native(&mut self, bytes: &[u8]) {
        let data = bytes.get(4..).unwrap_or(&[]);
        match rtf::package(data) {
            Some(child) => self.children.push(child),
            None => self.child("object", data.to_vec()),
        }
    }

    fn child(&mut self, name: &str, bytes: Vec<u8>) {
        self.children.push(Child { name: Some(name.to_owned()), declared: None, bytes });
    }

    /// The first section of a property set ([MS-OLEPS] 2.21).
    fn summary(&mut self, bytes: &[u8]) {
        let Some(section) = length(bytes, 44).and_then(|at| bytes.get(at..)) else { return };
        for index in 0..length(section, 4).unwrap_or(0).min(100) {
            let entry = 8 + index * 8;
            let Some((id, at)) = le32(section, entry).zip(length(section, entry + 4)) else { return };
            match id {
                2 => self.ole.title = property_text(section, at),
                4 => self.ole.author = property_text(section, at),
                7 => self.ole.template = property_text(section, at),
                18 => self.ole.application = property_text(section, at),
                14 => self.ole.pages = property_number(section, at),
                15 => self.ole.words = property_number(section, at),
                _ => {}
            }
        }
    }
}

fn property_text(section: &[u8], at: usize) -> Option<String> {
    let count = length(section, at.checked_add(4)?)?;
    let text = match le32(section, at)? {
        0x1E => ansi(take(section, at + 8, count)?),
        0x1F => utf16(take(section, at + 8, count.checked_mul(2)?)?),
        _ => return None,
    };
    (!text.trim().is_empty()).then_some(text)
}

fn property_number(section: &[u8], at: usize) -> Option<i64> {
    (le32(section, at)? == 3).then(|| le32(section, at + 4).map(i64::from))?
}

/// The instruction of a field that begins with `DDE`, in either form of text: the field begins with a byte 19.
fn has_dde(bytes: &[u8]) -> bool {
    memchr::memchr_iter(0x13, bytes).any(|at| {
        let head = &bytes[at + 1..bytes.len().min(at + 40)];
        let letters: Vec<u8> = head.iter().copied().filter(|byte| *byte != 0 && *byte != b' ').take(3).collect();
        letters.eq_ignore_ascii_case(b"DDE")
    })
}
