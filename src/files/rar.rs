//! RAR archives, of versions 1.5 to 4 and of version 5, listed: names, sizes, whether a password is
//! needed (RARLAB's technical note "RAR 5.0 archive format", and its `technote.txt` for older ones).
//! Files that are stored without compression are given; the compression itself is not free to write.

use super::bytes::{Cursor, length, take};
use super::listing::{Entry, Listing};
use super::{Child, Contents, Left};

const OLD: &[u8] = b"Rar!\x1A\x07\x00";
const NEW: &[u8] = b"Rar!\x1A\x07\x01\x00";
/// Most blocks that are read.
const BLOCKS: usize = 20_000;
/// How far into a file an archive may begin: one that unpacks itself begins with a program.
const STUB: usize = 1 << 20;

/// Where the archive begins in the bytes, and whether it is of version 5.
fn start(bytes: &[u8]) -> Option<(usize, bool)> {
    let head = &bytes[..bytes.len().min(STUB)];
    let at = memchr::memmem::find(head, &OLD[..6])?;
    let rest = &bytes[at..];
    if rest.starts_with(NEW) {
        Some((at + NEW.len(), true))
    } else {
        rest.starts_with(OLD).then_some((at + OLD.len(), false))
    }
}

/// A file of an archive.
struct Found<'b> {
    entry: Entry,
    /// The bytes, where they are stored as they are.
    stored: Option<&'b [u8]>,
}

enum Block<'b> {
    File(Found<'b>),
    /// Comments, signatures, what recovers damage; a file whose header is damaged.
    Other,
}

impl<'b> Block<'b> {
    fn of(file: Option<Found<'b>>) -> Self {
        file.map_or(Self::Other, Self::File)
    }
}

/// Lists an archive.
pub(super) fn open(bytes: &[u8], left: &mut Left) -> Contents {
    let mut contents = Contents::default();
    let mut listing = Listing::default();
    let mut packed = 0;
    if let Some((at, new)) = start(bytes) {
        let mut reader = Reader { bytes, at, encrypted: false, done: false };
        for _ in 0..BLOCKS {
            let found = if new { reader.block_5() } else { reader.block_4() };
            let Some(found) = found else { break };
            let Block::File(Found { entry, stored }) = found else { continue };
            let child =
                stored.map(|bytes| Child { name: Some(entry.path.clone()), bytes: bytes.to_vec(), ..Child::default() });
            packed += usize::from(child.is_none() && !entry.folder && !entry.encrypted);
            let read = child.is_some_and(|child| left.take(child, &mut contents));
            listing.add(entry, read);
        }
        listing.encrypted |= reader.encrypted;
        if !reader.done && !reader.encrypted {
            contents.limits_hit.push("files: a damaged rar archive was listed only in part".into());
        }
    }
    if packed > 0 {
        contents.limits_hit.push("files: compressed files in a rar archive were listed, but not unpacked".into());
    }
    contents.listing = Some(listing);
    contents
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    /// The names are encrypted too.
    encrypted: bool,
    done: bool,
}

impl<'b> Reader<'b> {
    /// The next block; `None` at the end.
    fn block_4(&mut self) -> Option<Block<'b>> {
        let rest = self.bytes.get(self.at..)?;
        if rest.is_empty() {
            self.done = true;
        }
        let mut head = Cursor::new(rest);
        head.u16()?;
        let (kind, flags, size) = (head.byte()?, head.u16()?, usize::from(head.u16()?));
        let body = rest.get(7..size.max(7))?;
        let data = if flags & 0x8000 != 0 || kind == 0x74 { length(body, 0)? } else { 0 };
        let high = if kind == 0x74 && flags & 0x0100 != 0 { length(body, 25)? } else { 0 };
        let data = data.checked_add(high.checked_shl(32).unwrap_or(0))?;
        let content = self.at + size.max(7);
        self.at = content.checked_add(data)?;
        match kind {
            0x73 if flags & 0x0080 != 0 => {
                self.encrypted = true;
                None
            }
            0x74 => Some(Block::of(file_4(body, flags, take(self.bytes, content, data)))),
            0x7B => {
                self.done = true;
                None
            }
            _ => Some(Block::Other),
        }
    }

    fn block_5(&mut self) -> Option<Block<'b>> {
        let rest = self.bytes.get(self.at..)?;
        let mut head = Cursor::new(rest);
        head.u32()?;
        let size = usize::try_from(number(&mut head)?).ok()?;
        let start = head.position();
        let mut body = Cursor::new(take(rest, start, size)?);
        let (kind, flags) = (number(&mut body)?, number(&mut body)?);
        let extra = if flags & 1 != 0 { usize::try_from(number(&mut body)?).ok()? } else { 0 };
        let data = if flags & 2 != 0 { usize::try_from(number(&mut body)?).ok()? } else { 0 };
        let content = self.at.checked_add(start)?.checked_add(size)?;
        self.at = content.checked_add(data)?;
        match kind {
            2 => Some(Block::of(file_5(body, extra, take(self.bytes, content, data)))),
            4 => {
                self.encrypted = true;
                None
            }
            5 => {
                self.done = true;
                None
            }
            _ => Some(Block::Other),
        }
    }
}

fn file_4<'b>(body: &[u8], flags: u16, data: Option<&'b [u8]>) -> Option<Found<'b>> {
    let mut fields = Cursor::new(body);
    fields.u32()?;
    let size = u64::from(fields.u32()?);
    fields.take(10)?;
    let method = fields.byte()?;
    let name_length = usize::from(fields.u16()?);
    fields.u32()?;
    let high = if flags & 0x0100 != 0 { (fields.u32()?, fields.u32()?).1 } else { 0 };
    let name = fields.take(name_length)?;
    // A Unicode name follows a plain one behind a NUL.
    let path = super::bytes::ansi(name).replace('\\', "/");
    let (encrypted, folder) = (flags & 0x0004 != 0, flags & 0x00E0 == 0x00E0);
    // It continues from another volume, or in one.
    let split = [0x0001, 0x0002].iter().any(|bit| flags & bit != 0);
    let entry = Entry { path, size: size | u64::from(high) << 32, encrypted, folder };
    let stored = data.filter(|_| method == 0x30 && !encrypted && !folder && !split);
    Some(Found { entry, stored })
}

fn file_5<'b>(mut fields: Cursor<'_>, extra: usize, data: Option<&'b [u8]>) -> Option<Found<'b>> {
    let flags = number(&mut fields)?;
    let size = number(&mut fields)?;
    number(&mut fields)?;
    fields.take(if flags & 2 != 0 { 4 } else { 0 })?;
    fields.take(if flags & 4 != 0 { 4 } else { 0 })?;
    let method = number(&mut fields)? >> 7 & 7;
    number(&mut fields)?;
    let name_length = usize::try_from(number(&mut fields)?).ok()?;
    let path = super::bytes::ansi(fields.take(name_length)?);
    let rest = fields.rest();
    let encrypted = is_encrypted(Cursor::new(&rest[rest.len() - extra.min(rest.len())..]));
    let folder = flags & 1 != 0;
    let stored = data.filter(|_| method == 0 && !encrypted && !folder);
    Some(Found { entry: Entry { path, size, encrypted, folder }, stored })
}

/// True if a record of the extra area says how the file is encrypted.
fn is_encrypted(mut extra: Cursor<'_>) -> bool {
    while let Some(size) = number(&mut extra).and_then(|size| usize::try_from(size).ok()) {
        let Some(record) = extra.take(size) else { return false };
        if number(&mut Cursor::new(record)) == Some(1) {
            return true;
        }
    }
    false
}

/// A number of variable length: seven bits in each byte, the lowest first.
fn number(cursor: &mut Cursor<'_>) -> Option<u64> {
    let mut number = 0;
    for shift in (0..63).step_by(7) {
        let byte = cursor.byte()?;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
