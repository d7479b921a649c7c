//! `winmail.dat`: the Transport Neutral Encapsulation Format ([MS-OXTNEF]), in which Outlook hides
//! bodies and attachments from other programs. Any bytes give what can be read of them.

use super::bytes::{Cursor, ansi, utf16};
use super::{Child, Contents, Left, rtf};

/// First bytes of a file.
pub(super) const SIGNATURE: u32 = 0x223E_9F78;

// Attributes ([MS-OXTNEF] 2.1.3.2).
const ATTACH_TITLE: u32 = 0x0001_8010;
const BODY: u32 = 0x0002_800C;
const MESSAGE_PROPERTIES: u32 = 0x0006_9003;
const ATTACH_RENDERING: u32 = 0x0006_9002;
const ATTACH_PROPERTIES: u32 = 0x0006_9005;
const ATTACH_DATA: u32 = 0x0006_800F;

// Properties ([MS-OXPROPS]).
const TEXT_BODY: u16 = 0x1000;
const RTF_BODY: u16 = 0x1009;
const HTML_BODY: u16 = 0x1013;
const DATA: u16 = 0x3701;
const SHORT_NAME: u16 = 0x3704;
const LONG_NAME: u16 = 0x3707;
const MIME_TAG: u16 = 0x370E;

/// Most properties of one set.
const PROPERTIES: u32 = 10_000;

/// Bodies and attachments of a file.
pub(super) fn open(bytes: &[u8], left: &mut Left) -> Contents {
    let mut contents = Contents::default();
    for child in read(bytes) {
        if !left.take(child, &mut contents) {
            break;
        }
    }
    contents
}

fn read(bytes: &[u8]) -> Vec<Child> {
    let mut reader = Reader::default();
    let mut cursor = Cursor::new(bytes);
    if cursor.u32() == Some(SIGNATURE) && cursor.u16().is_some() {
        while reader.attribute(&mut cursor).is_some() {}
    }
    reader.finish()
}

#[derive(Default)]
struct Reader {
    children: Vec<Child>,
    attachment: Option<Child>,
}

impl Reader {
    /// Level, id, length, data, checksum ([MS-OXTNEF] 2.1.3.1). A length beyond the end takes what is
    /// there: a file that was cut still shows its attachment.
    fn attribute(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        cursor.byte()?;
        let (id, length) = (cursor.u32()?, cursor.length()?);
        let data = cursor.take(length.min(cursor.rest().len()))?;
        match id {
            ATTACH_RENDERING => self.begin(),
            ATTACH_TITLE => self.current().name = named(ansi(data)),
            ATTACH_DATA => self.current().bytes = data.to_vec(),
            ATTACH_PROPERTIES => self.attachment_properties(data),
            MESSAGE_PROPERTIES => self.message_properties(data),
            BODY => self.children.push(Child::named("body.txt", "text/plain", ansi(data).into_bytes())),
            _ => {}
        }
        cursor.u16().map(|_checksum| ())
    }

    fn begin(&mut self) {
        self.children.extend(self.attachment.take());
        self.attachment = Some(Child::default());
    }

    fn current(&mut self) -> &mut Child {
        self.attachment.get_or_insert_default()
    }

    fn attachment_properties(&mut self, data: &[u8]) {
        let current = self.current();
        properties(data, |id, kind, value| match id {
            LONG_NAME => current.name = named(text(kind, value)).or(current.name.take()),
            SHORT_NAME if current.name.is_none() => current.name = named(text(kind, value)),
            MIME_TAG => current.declared = named(text(kind, value)),
            // An object begins with the identifier of its interface, which the file's type tells too.
            DATA if kind == OBJECT => current.bytes = value.get(16..).unwrap_or(value).to_vec(),
            DATA => current.bytes = value.to_vec(),
            _ => {}
        });
    }

    fn message_properties(&mut self, data: &[u8]) {
        properties(data, |id, kind, value| match id {
            TEXT_BODY => self.children.push(Child::named("body.txt", "text/plain", text(kind, value).into_bytes())),
            HTML_BODY => {
                let page = value.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
                self.children.push(Child::named("body.html", "text/html", value[..page].to_vec()));
            }
            RTF_BODY => {
                let rich = rtf::decompress(value);
                self.children.extend(rich.map(|rich| Child::named("body.rtf", "application/rtf", rich)));
            }
            _ => {}
        });
    }

    fn finish(mut self) -> Vec<Child> {
        self.children.extend(self.attachment.take());
        self.children.retain(|child| !child.bytes.is_empty());
        self.children
    }
}

fn named(name: String) -> Option<String> {
    (!name.trim().is_empty()).then_some(name)
}

const OBJECT: u16 = 0x000D;
const TEXT_8: u16 = 0x001E;
const TEXT_16: u16 = 0x001F;
const BINARY: u16 = 0x0102;

fn text(kind: u16, value: &[u8]) -> String {
    if kind == TEXT_16 { utf16(value) } else { ansi(value) }
}

/// Gives the properties of a set ([MS-OXTNEF] 2.1.3.4): the first value of each that has bytes of its own.
fn properties(data: &[u8], mut found: impl FnMut(u16, u16, &[u8])) {
    let mut cursor = Cursor::new(data);
    let count = cursor.u32().unwrap_or(0).min(PROPERTIES);
    for _ in 0..count {
        if property(&mut cursor, &mut found).is_none() {
            return;
        }
    }
}

fn property(cursor: &mut Cursor<'_>, found: &mut impl FnMut(u16, u16, &[u8])) -> Option<()> {
    let (kind, id) = (cursor.u16()?, cursor.u16()?);
    if id >= 0x8000 {
        name(cursor)?;
    }
    let (many, kind) = (kind & 0x1000 != 0, kind & !0x1000);
    let variable = matches!(kind, OBJECT | TEXT_8 | TEXT_16 | BINARY);
    let values = if many || variable { cursor.u32()? } else { 1 };
    for index in 0..values.min(PROPERTIES) {
        let value = if variable { padded(cursor)? } else { cursor.take(fixed(kind)?)? };
        if index == 0 && variable {
            found(id, kind, value);
        }
    }
    (values <= PROPERTIES).then_some(())
}

/// The name of a named property: a set, then a number or a text.
fn name(cursor: &mut Cursor<'_>) -> Option<()> {
    cursor.take(16)?;
    if cursor.u32()? == 0 { cursor.u32().map(|_| ()) } else { padded(cursor).map(|_| ()) }
}

/// A length and so many bytes, filled up to a multiple of four; the last one need not be.
fn padded<'b>(cursor: &mut Cursor<'b>) -> Option<&'b [u8]> {
    let length = cursor.length()?;
    let value = cursor.take(length)?;
    cursor.take((4 - length % 4) % 4).or_else(|| cursor.take(cursor.rest().len()))?;
    Some(value)
}

/// Bytes of a value of fixed length, filled up to a multiple of four.
fn fixed(kind: u16) -> Option<usize> {
    match kind {
        0x0001 => Some(0),
        0x0002 | 0x0003 | 0x0004 | 0x000A | 0x000B => Some(4),
        0x0005 | 0x0006 | 0x0007 | 0x0014 | 0x0040 => Some(8),
        0x0048 => Some(16),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_of_every_kind() {
        let mut data = 4_u32.to_le_bytes().to_vec();
        let mut add = |bytes: &[u8]| data.extend(bytes);
        add(&[0x03, 0, 0x10, 0x0E, 1, 2, 3, 4]);
        add(&[0x1E, 0, 0x04, 0x37, 1, 0, 0, 0, 3, 0, 0, 0, b'a', b'b', 0, 0]);
        // A named property with a text for a name, of several values.
        add(&[0x1F, 0x10, 0x01, 0x80]);
        add(&[7; 16]);
        add(&[1, 0, 0, 0, 2, 0, 0, 0, b'n', 0, 0, 0]);
        add(&[2, 0, 0, 0, 2, 0, 0, 0, b'x', 0, 0, 0, 2, 0, 0, 0, b'y', 0, 0, 0]);
        add(&[0x02, 0x01, 0x01, 0x37, 1, 0, 0, 0, 1, 0, 0, 0, 9]);
        let mut seen = Vec::new();
        properties(&data, |id, kind, value| seen.push((id, text(kind, value))));
        let expected = [(SHORT_NAME, "ab"), (0x8001, "x"), (DATA, "\t")];
        assert_eq!(seen, expected.map(|(id, text)| (id, text.to_owned())));
        for end in 0..data.len() {
            properties(&data[..end], |_, _, _| {});
        }
    }
}
