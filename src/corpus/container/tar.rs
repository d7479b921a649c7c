//! Tar archives, read once from front to back.

use super::sniffed;
use crate::corpus::item::Item;
use crate::corpus::walk::{Flow, Walker};
use std::io::Read;
use std::ops::ControlFlow;

/// Hands every member to `sink`. A damaged archive ends with an item that says where.
pub(super) fn read(
    walker: &mut Walker<'_>,
    id: &str,
    reader: &mut dyn Read,
    depth: usize,
    sink: &mut dyn FnMut(Item) -> Flow,
) -> Flow {
    let mut archive = ::tar::Archive::new(reader);
    let entries = match archive.entries() {
        Ok(entries) => entries,
        Err(error) => return sink(Item::unreadable(id, error)),
    };
    for entry in entries {
        let mut entry = match entry {
            Ok(entry) => entry,
            // Members cannot be found behind damage.
            Err(error) => return sink(Item::unreadable(id, format!("the archive ends here: {error}"))),
        };
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let member = format!("{id}!{name}");
        let mut whole = Whole { left: entry.size(), reader: &mut entry };
        sniffed(walker, &member, &name, &mut whole, depth + 1, false, sink)?;
    }
    ControlFlow::Continue(())
}

/// A member that ends early is an error, not a shorter message.
struct Whole<R> {
    left: u64,
    reader: R,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.reader.read(buffer)?;
        if read == 0 && !buffer.is_empty() && self.left > 0 {
            let message = format!("truncated: the last {} bytes are missing", self.left);
            return Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, message));
        }
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}
