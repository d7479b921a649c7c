//! The files in a OneNote section ([MS-ONESTORE]): each lies behind an identifier and its length
//! (FileDataStoreObject, 2.6.13), so that the section's own structure need not be read.

use super::bytes::{le32, length, take};
use super::{Child, Contents, Left};

/// {BDE316E7-2665-4511-A4C4-8D4D0B7A9EAC}, as it is stored.
const HEADER: &[u8] = b"\xE7\x16\xE3\xBD\x65\x26\x11\x45\xA4\xC4\x8D\x4D\x0B\x7A\x9E\xAC";
/// Bytes from the identifier to the data.
const DATA: usize = 36;

/// Opens a section.
pub(super) fn open(bytes: &[u8], left: &mut Left) -> Contents {
    let mut contents = Contents::default();
    let mut end = 0;
    for at in memchr::memmem::find_iter(bytes, HEADER) {
        // A file that holds a section again is opened for itself.
        if at < end {
            continue;
        }
        let Some(data) = file(bytes, at) else { continue };
        end = at + DATA + data.len();
        if !left.take(Child { bytes: data.to_vec(), ..Child::default() }, &mut contents) {
            break;
        }
    }
    contents
}

fn file(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let size = length(bytes, at + HEADER.len())?;
    let small = le32(bytes, at + HEADER.len() + 4)? == 0;
    small.then(|| take(bytes, at + DATA, size))?
}
