//! Zip archives, by their directory; one without a directory from front to back.

use super::sniffed;
use crate::corpus::item::Item;
use crate::corpus::walk::{Flow, Walker};
use ::zip::read::{ZipFile, read_zipfile_from_stream};
use std::io::{Read, Seek};
use std::ops::ControlFlow;

/// Most members that are read.
const MAX_MEMBERS: usize = 10_000_000;

/// Hands every member to `sink`. One with a wrong checksum, a password or an unknown method
/// becomes an item that says so.
pub(in crate::corpus) fn read<R: Read + Seek>(
    walker: &mut Walker<'_>,
    id: &str,
    reader: &mut R,
    depth: usize,
    sink: &mut dyn FnMut(Item) -> Flow,
) -> Flow {
    match ::zip::ZipArchive::new(&mut *reader) {
        Ok(mut archive) => {
            for index in 0..archive.len() {
                let name = archive.name_for_index(index).and_then(Result::ok).map(std::borrow::Cow::into_owned);
                match archive.by_index(index) {
                    Ok(file) => member(walker, id, file, depth, sink)?,
                    Err(error) => {
                        let name = name.unwrap_or_else(|| format!("member {}", index + 1));
                        sink(Item::unreadable(format!("{id}!{name}"), error))?;
                    }
                }
            }
            ControlFlow::Continue(())
        }
        Err(error) => {
            sink(Item::unreadable(id, format!("the directory is damaged, read from the front: {error}")))?;
            if reader.rewind().is_err() {
                return ControlFlow::Continue(());
            }
            from_the_front(walker, id, reader, depth, sink)
        }
    }
}

fn from_the_front<R: Read>(
    walker: &mut Walker<'_>,
    id: &str,
    reader: &mut R,
    depth: usize,
    sink: &mut dyn FnMut(Item) -> Flow,
) -> Flow {
    for _ in 0..MAX_MEMBERS {
        match read_zipfile_from_stream(reader) {
            Ok(Some(file)) => member(walker, id, file, depth, sink)?,
            Ok(None) => break,
            Err(error) => return sink(Item::unreadable(id, format!("the archive ends here: {error}"))),
        }
    }
    ControlFlow::Continue(())
}

fn member<R: Read + ?Sized>(
    walker: &mut Walker<'_>,
    id: &str,
    mut file: ZipFile<'_, R>,
    depth: usize,
    sink: &mut dyn FnMut(Item) -> Flow,
) -> Flow {
    if !file.is_file() {
        return ControlFlow::Continue(());
    }
    let name = String::from_utf8_lossy(file.name_raw()).into_owned();
    sniffed(walker, &format!("{id}!{name}"), &name, &mut file, depth + 1, false, sink)
}
