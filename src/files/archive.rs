//! Archives: zip (and the documents that are zip archives), gzip, tar; 7z has its own module.

use super::listing::{Entry, Listing};
use super::{Child, Contents, File, Left, is_zip};
use std::borrow::Cow;
use std::io::{Cursor, Read};

/// Most times that a file may be larger than its packed form before it counts as a bomb; small files
/// are never one.
const RATIO: u64 = 1_000;
/// Size from which the ratio counts, in bytes.
const SMALL: u64 = 1 << 20;
/// Most names of an archive that are listed.
const NAMES: usize = 10_000;

pub(super) fn open(file: &File, left: &mut Left) -> Contents {
    match file.kind {
        kind if is_zip(kind) => zip(file, left),
        "gz" => gzip(file, left),
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
        let Ok(entry) = archive.by_index(index) else { continue };
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
    let result = reader.take(left.bytes as u64 + 1).read_to_end(&mut bytes);
    if result.is_err() {
        contents.limits_hit.push("files: a damaged file in an archive was read only in part".into());
    }
    if bytes.len() > left.bytes {
        contents.limits_hit.push("file_bytes: unpacked files hold more than the limit allows".into());
        bytes.truncate(left.bytes);
    }
    bytes
}

fn gzip(file: &File, left: &mut Left) -> Contents {
    let mut contents = Contents::default();
    let decoder = flate2::read::MultiGzDecoder::new(&file.bytes[..]);
    let stored = decoder.header().and_then(|header| header.filename()).map(|name| String::from_utf8_lossy(name).into());
    let implied = || {
        let (stem, extension) = file.name.as_deref()?.rsplit_once('.')?;
        Some(if extension.eq_ignore_ascii_case("tgz") { format!("{stem}.tar") } else { stem.to_owned() })
    };
    let name = stored.or_else(implied);
    let bytes = bounded(decoder, left, &mut contents);
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
