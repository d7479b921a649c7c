//! Archives: zip (and the documents that are zip archives), tar; files packed with gzip, bzip2 or xz.
//! 7z has its own module.

use super::listing::{Entry, Listing};
use super::{Child, Contents, File, Left, is_zip};
use std::borrow::Cow;
use std::io::{Cursor, ErrorKind, Read};

/// Most times that a file may be larger than its packed form before it counts as a bomb; small files
/// are never one.
const RATIO: u64 = 1_000;
/// Size from which the ratio counts, in bytes.
const SMALL: u64 = 1 << 20;
/// Memory of a decoder's dictionary, in KiB: xz needs 64 MiB at its highest level.
const MEMORY: u32 = 80 << 10;
/// Most names of an archive that are listed.
const NAMES: usize = 10_000;

pub(super) fn open(file: &File, left: &mut Left) -> Contents {
    match file.kind {
        kind if is_zip(kind) => zip(file, left),
        "gz" => gzip(file, left),
        "bz2" => packed(file, bzip2::read::MultiBzDecoder::new(&file.bytes[..]), None, left),
        "xz" => packed(file, lzma_rust2::XzReader::new_mem_limit(&file.bytes[..], true, MEMORY), None, left),
        "tar" => tar(file, left),
        "7z" => super::seven::open(&file.bytes, left),
        other => {
            Contents { limits_hit: vec![format!("files: `{other}` archives are not opened")], ..Contents::default() }
        }
    }
}

fn zip(file: &File, left: &mut Left) -> Contents {
    let mut contents = Contents::default();
    let mut listing = Listing::default();
    let mut shared = 0_u64;
    let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(&file.bytes[..])) else {
        contents.limits_hit.push("files: a damaged zip archive was not opened".into());
        return contents;
    };
    for index in 0..archive.len().min(NAMES) {
        let Ok(entry) = archive.by_index_raw(index) else { continue };
        let name = entry.name().map_or_else(|_| String::new(), Cow::into_owned);
        let (encrypted, folder) = (entry.encrypted(), entry.is_dir());
        let (packed, size) = (entry.compressed_size(), entry.size());
        let readable = zip::SUPPORTED_COMPRESSION_METHODS.contains(&entry.compression());
        drop(entry);
        listing.add(Entry { path: name.clone(), size, encrypted, folder }, false);
        if folder || encrypted {
            continue;
        }
        if size > SMALL && size / packed.max(1) > RATIO {
            contents.limits_hit.push("files: an archive that grows more than a thousandfold was not unpacked".into());
            continue;
        }
        // Files that overlap are read no oftener than their archive is long.
        shared = shared.saturating_add(packed);
        if shared > file.bytes.len() as u64 {
            contents.limits_hit.push("files: files of an archive that overlap were not unpacked".into());
            break;
        }
        let Some(entry) = readable.then(|| archive.by_index(index).ok()).flatten() else {
            contents.limits_hit.push("files: a file of a zip archive was listed, but not unpacked".into());
            continue;
        };
        let bytes = bounded(entry, left, &mut contents);
        listing.attempted.push(name.clone());
        if !left.take(Child { name: Some(name), declared: None, bytes }, &mut contents) {
            break;
        }
    }
    if archive.len() > NAMES {
        contents.limits_hit.push(format!("files: only the first {NAMES} names of an archive were read"));
    }
    contents.listing = Some(listing);
    contents
}

/// What can be read, up to what is left; damage ends it.
fn bounded(reader: impl Read, left: &Left, contents: &mut Contents) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Err(error) = reader.take(left.bytes as u64 + 1).read_to_end(&mut bytes) {
        let limit = match error.kind() {
            ErrorKind::OutOfMemory => {
                "memory: a packed file that needs more memory than the limit allows was not unpacked"
            }
            _ => "files: a damaged file in an archive was read only in part",
        };
        contents.limits_hit.push(limit.into());
    }
    if bytes.len() > left.bytes {
        contents.limits_hit.push("file_bytes: unpacked files hold more than the limit allows".into());
        bytes.truncate(left.bytes);
    }
    bytes
}

fn gzip(file: &File, left: &mut Left) -> Contents {
    let decoder = flate2::read::MultiGzDecoder::new(&file.bytes[..]);
    let stored = decoder.header().and_then(|header| header.filename()).map(|name| String::from_utf8_lossy(name).into());
    packed(file, decoder, stored, left)
}

/// One file in packed form, of the name that is stored with it or that of its packed form tells.
fn packed(file: &File, reader: impl Read, stored: Option<String>, left: &mut Left) -> Contents {
    let mut contents = Contents::default();
    let implied = || {
        let (stem, extension) = file.name.as_deref()?.rsplit_once('.')?;
        let is_tar = ["tgz", "tbz", "tbz2", "tb2", "txz"].iter().any(|short| extension.eq_ignore_ascii_case(short));
        Some(if is_tar { format!("{stem}.tar") } else { stem.to_owned() })
    };
    let name = stored.or_else(implied);
    let bytes = bounded(reader, left, &mut contents);
    left.take(Child { name, declared: None, bytes }, &mut contents);
    contents
}

fn tar(file: &File, left: &mut Left) -> Contents {
    let mut contents = Contents::default();
    let mut listing = Listing::default();
    let mut archive = tar::Archive::new(&file.bytes[..]);
    let Ok(entries) = archive.entries() else { return contents };
    for entry in entries.take(NAMES) {
        let Ok(entry) = entry else {
            contents.limits_hit.push("files: a damaged tar archive was read only in part".into());
            break;
        };
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let size = entry.size();
        let bytes = bounded(entry, left, &mut contents);
        listing.add(Entry { path: name.clone(), size, ..Entry::default() }, true);
        if !left.take(Child { name: Some(name), declared: None, bytes }, &mut contents) {
            break;
        }
    }
    contents.listing = Some(listing);
    contents
}
