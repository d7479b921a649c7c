//! Containers of messages: told by their first bytes and their names, read as streams.

mod jsonl;
pub(super) mod mbox;
mod tar;
pub(super) mod zip;

use super::item::{Content, Item, read_bounded};
use super::walk::{Flow, Walker};
use crate::files::msg;
use std::io::{BufReader, Cursor, Read};
use std::ops::ControlFlow;

/// First bytes of a file or stream that say what it is.
pub(super) const HEAD: u64 = 1024;
/// Deepest nesting of containers: a mailbox in a zip in a compressed tar has depth 4.
const MAX_DEPTH: usize = 5;
/// Largest zip inside another container or a stream, which is held while it is read.
const MAX_HELD: u64 = 512 << 20;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One message; Outlook's format too.
    Message,
    /// Messages one after the other, each behind a line `From ...`.
    Mbox,
    /// One JSON object in each line.
    JsonLines,
    /// Compressed: gzip.
    Gzip,
    /// Compressed: Zstandard.
    Zstd,
    /// Archive.
    Tar,
    /// Archive.
    Zip,
}

/// What a file is; `None` if it is no mail. One that was `named` is always something.
pub(super) fn kind(name: &str, head: &[u8], named: bool) -> Option<Kind> {
    let path = std::path::Path::new(name);
    let file = path.file_name().map_or(name.into(), |name| name.to_string_lossy());
    if file.starts_with('.') && !named {
        return None;
    }
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    let extension = extension.as_deref();
    let is = |names: &[&str]| extension.is_some_and(|extension| names.contains(&extension));
    if is(&["eml"]) || in_maildir(path) {
        return Some(Kind::Message);
    }
    // Documents are zip and OLE files too, so that in folders the name decides with the bytes.
    let archive = |names: &[&str], kind| (named || is(names)).then_some(kind);
    match head {
        [0x1f, 0x8b, ..] => archive(&["gz", "tgz"], Kind::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => archive(&["zst", "zstd", "tzst"], Kind::Zstd),
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => archive(&["zip"], Kind::Zip),
        _ if msg::is_msg(head) => archive(&["msg"], Kind::Message),
        _ if head.get(257..262) == Some(b"ustar") || is(&["tar"]) => archive(&["tar"], Kind::Tar),
        _ if is(&["mbox", "mbx", "mboxrd", "mboxo"]) || head.starts_with(b"From ") => Some(Kind::Mbox),
        _ if is(&["jsonl", "ndjson"]) || (named && head.starts_with(b"{\"")) => Some(Kind::JsonLines),
        _ if named || extension.is_none() || file.contains(":2,") => Some(Kind::Message),
        // These begin like a header and are none.
        _ if is(&["yaml", "yml", "rule", "zip", "gz", "tgz", "zst", "msg", "csv"]) => None,
        _ => begins_like_mail(head).then_some(Kind::Message),
    }
}

/// Files in `cur` and `new` of a maildir have no extension that says anything.
fn in_maildir(path: &std::path::Path) -> bool {
    let folder = path.parent().and_then(std::path::Path::file_name);
    folder.is_some_and(|folder| folder == "cur" || folder == "new")
}

/// A header field comes first.
fn begins_like_mail(head: &[u8]) -> bool {
    let name = head.iter().take_while(|byte| byte.is_ascii_graphic() && **byte != b':').count();
    name > 0 && head.get(name) == Some(&b':')
}

/// Reads a stream whose first bytes say what it is.
pub(super) fn sniffed(
    walker: &mut Walker<'_>,
    id: &str,
    name: &str,
    mut reader: &mut dyn Read,
    depth: usize,
    named: bool,
    sink: &mut dyn FnMut(Item) -> Flow,
) -> Flow {
    let mut head = Vec::new();
    if let Err(error) = Read::by_ref(&mut reader).take(HEAD).read_to_end(&mut head) {
        return sink(Item::unreadable(id, error));
    }
    let Some(kind) = kind(name, &head, named) else {
        walker.skipped += 1;
        return ControlFlow::Continue(());
    };
    read(walker, kind, id, name, &mut Cursor::new(head).chain(reader), depth, sink)
}

/// Reads a stream of a known kind.
pub(super) fn read(
    walker: &mut Walker<'_>,
    kind: Kind,
    id: &str,
    name: &str,
    reader: &mut dyn Read,
    depth: usize,
    sink: &mut dyn FnMut(Item) -> Flow,
) -> Flow {
    if depth > MAX_DEPTH {
        return sink(Item::unreadable(id, format!("containers are nested deeper than {MAX_DEPTH}")));
    }
    match kind {
        Kind::Message => sink(message(id, reader)),
        Kind::Mbox => mbox::read(id, reader, sink),
        Kind::JsonLines => jsonl::read(walker, id, reader, sink),
        Kind::Tar => tar::read(walker, id, reader, depth, sink),
        Kind::Zip => match held(reader) {
            Ok(bytes) => zip::read(walker, id, &mut Cursor::new(bytes), depth, sink),
            Err(reason) => sink(Item::unreadable(id, reason)),
        },
        Kind::Gzip => {
            let mut inner = flate2::read::MultiGzDecoder::new(BufReader::new(reader));
            sniffed(walker, id, &unpacked(name), &mut inner, depth + 1, true, sink)
        }
        Kind::Zstd => match zstd::stream::read::Decoder::new(reader) {
            Ok(mut inner) => sniffed(walker, id, &unpacked(name), &mut inner, depth + 1, true, sink),
            Err(error) => sink(Item::unreadable(id, error)),
        },
    }
}

fn message(id: &str, reader: &mut dyn Read) -> Item {
    match read_bounded(reader) {
        Ok(bytes) => Item::new(id, Content::Bytes(bytes)),
        Err(reason) => Item::unreadable(id, reason),
    }
}

fn held(reader: &mut dyn Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    reader.take(MAX_HELD + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_HELD {
        return Err(format!("a zip inside another container is larger than {MAX_HELD} bytes"));
    }
    Ok(bytes)
}

/// The name of what a compressed file holds.
fn unpacked(name: &str) -> String {
    let lower = name.to_lowercase();
    for (packed, plain) in [(".tgz", ".tar"), (".tzst", ".tar"), (".gz", ""), (".zstd", ""), (".zst", "")] {
        if lower.ends_with(packed)
            && let Some(stem) = name.get(..name.len() - packed.len())
        {
            return format!("{stem}{plain}");
        }
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bytes_tell_the_kind() {
        let mail = b"From: a@example.com\n";
        assert_eq!(kind("a.eml", b"From x", false), Some(Kind::Message));
        assert_eq!(kind("a", mail, false), Some(Kind::Message));
        assert_eq!(kind("a.0815", mail, false), Some(Kind::Message));
        assert_eq!(kind("a.yaml", b"rules: 1", false), None);
        assert_eq!(kind("a.yaml", b"rules: 1", true), Some(Kind::Message));
        assert_eq!(kind(".hidden", mail, false), None);
        assert_eq!(kind("inbox", b"From a b", false), Some(Kind::Mbox));
        assert_eq!(kind("box/cur/17.host.example", b"?", false), Some(Kind::Message));
        assert_eq!(kind("a.docx", b"PK\x03\x04", false), None);
        assert_eq!(kind("a.zip", b"PK\x03\x04", false), Some(Kind::Zip));
        assert_eq!(kind("-", b"PK\x03\x04", true), Some(Kind::Zip));
        assert_eq!(kind("-", b"{\"raw\": 1}", true), Some(Kind::JsonLines));
        assert_eq!(unpacked("a.tar.GZ"), "a.tar");
        assert_eq!(unpacked("a.tgz"), "a.tar");
        assert_eq!(unpacked("ä.eml.zst"), "ä.eml");
    }

    fn samples() -> Vec<Vec<u8>> {
        use std::io::Write;
        let message = b"From: a@example.com\nSubject: x\n\ntext\n";
        let mut tar = ::tar::Builder::new(Vec::new());
        let mut archive = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
        for name in ["a.eml", "b/c.eml"] {
            let mut header = ::tar::Header::new_gnu();
            header.set_size(message.len() as u64);
            tar.append_data(&mut header, name, &message[..]).expect("added");
            archive.start_file(name, ::zip::write::SimpleFileOptions::default()).expect("begun");
            archive.write_all(message).expect("written");
        }
        let tar = tar.into_inner().expect("a tar");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&tar).expect("written");
        let mut msg = cfb::CompoundFile::create(Cursor::new(Vec::new())).expect("created");
        msg.create_storage("/__attach_version1.0_#00000000").expect("a storage");
        for name in
            ["/__properties_version1.0", "/__substg1.0_1000001E", "/__attach_version1.0_#00000000/__substg1.0_37010102"]
        {
            msg.create_stream(name).expect("a stream").write_all(&[7; 200]).expect("written");
        }
        msg.flush().expect("flushed");
        let mbox = b"From a Thu Jan  1 00:00:00 1970\nA: b\n\nx\n\nFrom c\nD: e\n\n>From f\n";
        vec![
            gzip.finish().expect("gzip"),
            zstd::encode_all(&tar[..], 1).expect("zstd"),
            tar,
            archive.finish().expect("a zip").into_inner(),
            msg.into_inner().into_inner(),
            mbox.to_vec(),
            b"{\"raw\": \"RnJvbTogYQo=\", \"label\": \"ham\"}\n{\"raw\": \"x\"}\n".to_vec(),
        ]
    }

    /// How many items there are, each of them read.
    fn items(bytes: &[u8]) -> (usize, usize) {
        let (mut whole, mut unreadable) = (0, 0);
        let _ = Walker::new(crate::corpus::Names::AsGiven, None).stream("-", "-", &mut &*bytes, &mut |item| {
            match item.read() {
                Ok(_) => whole += 1,
                Err(_) => unreadable += 1,
            }
            ControlFlow::Continue(())
        });
        (whole, unreadable)
    }

    #[test]
    fn damage_anywhere_is_no_panic_and_nothing_is_lost_in_silence() {
        for sample in samples() {
            let (whole, _) = items(&sample);
            assert!(whole > 0);
            let step = (sample.len() / 100).max(1);
            for cut in (0..sample.len()).step_by(step) {
                let (read, unreadable) = items(&sample[..cut]);
                assert!(read <= whole + 1, "cut at {cut}");
                // A container that still tells what it is says what is missing.
                let packed = matches!(sample[0], 0x1f | 0x28 | b'P' | 0xd0) && cut > 16;
                assert!(!packed || read + unreadable > 0, "cut at {cut}");
            }
            let mut state = 1_u64;
            for _ in 0..100 {
                let mut bytes = sample.clone();
                for _ in 0..3 {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let at = (state >> 33) as usize % bytes.len();
                    bytes[at] = (state >> 20) as u8;
                }
                items(&bytes);
            }
        }
    }
}
