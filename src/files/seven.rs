//! 7z archives: the reader is `sevenz-rust2`, which bounds what a decoder's dictionary may take.

use super::listing::{Entry, Listing};
use super::{Child, Contents, Left};
use sevenz_rust2::{ArchiveReader, EntryDecision, Error, Password};
use std::io::{Cursor, Read};

/// Memory of one decoder's dictionary, in KiB. The levels that programs offer need 64 MiB at most.
const MEMORY: usize = 80 << 10;
/// Most names that are listed.
const NAMES: usize = 10_000;

/// Opens an archive.
pub(super) fn open(bytes: &[u8], left: &mut Left) -> Contents {
    let mut contents = Contents::default();
    let mut listing = Listing::default();
    match ArchiveReader::new_with_memory_limit(Cursor::new(bytes), Password::empty(), MEMORY) {
        Ok(mut reader) => {
            reader.set_thread_count(1);
            list(&reader, &mut listing, &mut contents);
            unpack(&mut reader, left, &mut listing, &mut contents);
        }
        Err(error) => failed(&error, &mut listing, &mut contents),
    }
    contents.listing = Some(listing);
    contents
}

fn list(reader: &ArchiveReader<Cursor<&[u8]>>, listing: &mut Listing, contents: &mut Contents) {
    let archive = reader.archive();
    for (index, file) in archive.files.iter().enumerate().take(NAMES) {
        let encrypted = archive.is_file_encrypted(index);
        let entry = Entry { path: file.name.clone(), size: file.size, encrypted, folder: file.is_directory };
        listing.add(entry, false);
    }
    if archive.files.len() > NAMES {
        contents.limits_hit.push(format!("files: only the first {NAMES} names of an archive were read"));
    }
}

fn unpack(reader: &mut ArchiveReader<Cursor<&[u8]>>, left: &mut Left, listing: &mut Listing, contents: &mut Contents) {
    if listing.encrypted {
        return;
    }
    let result = reader.for_each_entries_with_decision(|file, content| {
        if file.is_directory || !file.has_stream {
            return Ok(EntryDecision::Continue);
        }
        // What is not read would be unpacked all the same, to reach the next file.
        if file.size > left.bytes as u64 {
            contents.limits_hit.push("file_bytes: unpacked files hold more than the limit allows".into());
            return Ok(EntryDecision::SkipBlock);
        }
        let mut bytes = Vec::new();
        content.take(left.bytes as u64).read_to_end(&mut bytes)?;
        listing.attempted.push(file.name.clone());
        let child = Child { name: Some(file.name.clone()), declared: None, bytes };
        Ok(if left.take(child, contents) { EntryDecision::Continue } else { EntryDecision::Stop })
    });
    if let Err(error) = result {
        failed(&error, listing, contents);
    }
}

fn failed(error: &Error, listing: &mut Listing, contents: &mut Contents) {
    let limit = match error {
        Error::PasswordRequired | Error::MaybeBadPassword(_) => {
            listing.encrypted = true;
            return;
        }
        // The names of an archive may be encrypted too; this build knows the method by its name only.
        Error::UnsupportedCompressionMethod(method) if method.contains("AES") => {
            listing.encrypted = true;
            return;
        }
        Error::MaxMemLimited { .. } => {
            "memory: a 7z archive that needs more memory than the limit allows was not unpacked"
        }
        Error::UnsupportedCompressionMethod(_) => {
            "files: a 7z archive with a compression that is not read was not unpacked"
        }
        _ => "files: a damaged 7z archive was read only in part",
    };
    contents.limits_hit.push(limit.into());
}
