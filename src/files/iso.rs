//! Disc images (ECMA-119, ISO 9660) with the long names of Joliet: mail carries programs in them past
//! the mark that says where a file came from. Extents that repeat are read once.

use super::bytes::{length, take};
use super::listing::{Entry, Listing};
use super::{Child, Contents, Left};
use std::collections::BTreeSet;

const SECTOR: usize = 2048;
/// Most folders and files that are listed.
const ENTRIES: usize = 10_000;

/// Opens an image.
pub(super) fn open(bytes: &[u8], left: &mut Left) -> Contents {
    let mut image = Image {
        bytes,
        seen: BTreeSet::new(),
        wide: false,
        folders: bytes.len(),
        listing: Listing::default(),
        contents: Contents::default(),
    };
    if let Some(root) = image.root() {
        image.walk(root, left);
    }
    image.contents.listing = Some(image.listing);
    image.contents
}

struct Image<'b> {
    bytes: &'b [u8],
    seen: BTreeSet<usize>,
    wide: bool,
    /// Bytes of folders that may still be read: each lies in the image once, unless they overlap.
    folders: usize,
    listing: Listing,
    contents: Contents,
}

/// Where a folder lies, and its path.
struct Folder {
    sector: usize,
    size: usize,
    path: String,
}

impl Image<'_> {
    /// The root folder of the supplementary descriptor with long names, else of the primary one.
    fn root(&mut self) -> Option<Folder> {
        let mut root = None;
        for sector in 16..48 {
            let descriptor = take(self.bytes, sector * SECTOR, SECTOR)?;
            match descriptor[0] {
                1 if root.is_none() => root = folder(&descriptor[156..190]),
                2 if matches!(&descriptor[88..91], b"%/@" | b"%/C" | b"%/E") => {
                    self.wide = true;
                    return folder(&descriptor[156..190]);
                }
                255 => break,
                _ => {}
            }
        }
        root
    }

    fn walk(&mut self, root: Folder, left: &mut Left) {
        let mut pending = vec![root];
        while let Some(folder) = pending.pop() {
            if !self.seen.insert(folder.sector) {
                continue;
            }
            let extent = folder.sector.saturating_mul(SECTOR).min(self.bytes.len());
            let end = extent.saturating_add(folder.size).min(self.bytes.len());
            if end - extent > self.folders {
                self.contents.limits_hit.push("files: folders of a disc image that overlap were not read".into());
                return;
            }
            self.folders -= end - extent;
            let mut at = extent;
            while at < end {
                let size = usize::from(self.bytes[at]);
                // A record does not cross sectors: what is left of one is filled with zeros.
                if size < 34 {
                    at = (at / SECTOR + 1) * SECTOR;
                    continue;
                }
                if self.listing.entries.len() >= ENTRIES {
                    self.contents
                        .limits_hit
                        .push(format!("files: only the first {ENTRIES} names of an archive were read"));
                    return;
                }
                let inner = take(self.bytes, at, size).and_then(|record| self.record(record, &folder.path));
                at += size;
                let Some((inner, is_folder)) = inner else { continue };
                if is_folder {
                    self.listing.add(Entry { path: inner.path.clone(), folder: true, ..Entry::default() }, false);
                    pending.push(inner);
                } else if !self.file(inner, left) {
                    return;
                }
            }
        }
    }

    /// A directory record (ECMA-119, 9.1): where it lies, and whether it is a folder.
    fn record(&self, record: &[u8], parent: &str) -> Option<(Folder, bool)> {
        let name = take(record, 33, usize::from(record[32]))?;
        // The folder itself and the one above.
        if matches!(name, [0 | 1]) {
            return None;
        }
        let name = if self.wide {
            encoding_rs::UTF_16BE.decode_without_bom_handling(name).0.into_owned()
        } else {
            String::from_utf8_lossy(name).into_owned()
        };
        let name = name.split(';').next().unwrap_or("").trim_end_matches('.');
        let path = if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") };
        Some((Folder { path, ..folder(record)? }, record[25] & 2 != 0))
    }

    fn file(&mut self, file: Folder, left: &mut Left) -> bool {
        let start = file.sector.saturating_mul(SECTOR).min(self.bytes.len());
        let end = start.saturating_add(file.size).min(self.bytes.len());
        let entry = Entry { path: file.path.clone(), size: file.size as u64, ..Entry::default() };
        // Files may share sectors: the same bytes are not read twice.
        let fresh = file.size == 0 || self.seen.insert(file.sector);
        self.listing.add(entry, fresh);
        !fresh
            || left.take(
                Child { name: Some(file.path), declared: None, bytes: self.bytes[start..end].to_vec() },
                &mut self.contents,
            )
    }
}

fn folder(record: &[u8]) -> Option<Folder> {
    Some(Folder { sector: length(record, 2)?, size: length(record, 10)?, path: String::new() })
}
