//! Outlook's message files ([MS-OXMSG]), rewritten as RFC 5322 messages: the transport headers as
//! they were received, bodies and attachments from the properties. What the mail looked like on
//! the wire is not in such a file, so that signatures over it cannot be checked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cfb::CompoundFile;
use sha2::{Digest, Sha256};
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

/// Deepest nesting of attached messages.
const MAX_DEPTH: usize = 8;
/// Most recipients and attachments.
const MAX_OBJECTS: u32 = 2048;

const TRANSPORT_HEADERS: u16 = 0x007d;
const SUBJECT: u16 = 0x0037;
const SUBMIT_TIME: u32 = 0x0039_0040;
const DELIVERY_TIME: u32 = 0x0e06_0040;
const SENDER_NAME: u16 = 0x0c1a;
const SENDER_SMTP: u16 = 0x5d01;
const SENDER_EMAIL: u16 = 0x0c1f;
const BODY: u16 = 0x1000;
const HTML: u16 = 0x1013;
const RTF: u16 = 0x1009;
const MESSAGE_ID: u16 = 0x1035;
const IN_REPLY_TO: u16 = 0x1042;
const CODE_PAGE: u32 = 0x3fde_0003;
const RECIPIENT_NAME: u16 = 0x3001;
const RECIPIENT_EMAIL: u16 = 0x3003;
const RECIPIENT_SMTP: u16 = 0x39fe;
const RECIPIENT_TYPE: u32 = 0x0c15_0003;
const ATTACH_DATA: u16 = 0x3701;
const ATTACH_LONG_NAME: u16 = 0x3707;
const ATTACH_NAME: u16 = 0x3704;
const ATTACH_MIME: u16 = 0x370e;
const ATTACH_CONTENT_ID: u16 = 0x3712;

/// An OLE compound file.
pub(crate) fn is_msg(head: &[u8]) -> bool {
    head.starts_with(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1])
}

/// The RFC 5322 form of a message file, of which at most `budget` bytes are read; the reason if it is none.
pub(crate) fn to_message(bytes: &[u8], budget: u64) -> Result<Vec<u8>, String> {
    let file = CompoundFile::open(Cursor::new(bytes)).map_err(|error| format!("no Outlook message: {error}"))?;
    if !file.exists("/__properties_version1.0") {
        return Err("an OLE file without a message's properties".into());
    }
    let mut reader = Reader { file, budget };
    Ok(reader.message(Path::new("/"), 32, 0))
}

struct Reader<'b> {
    file: CompoundFile<Cursor<&'b [u8]>>,
    /// Bytes that may still be read; streams of a hostile file may share sectors.
    budget: u64,
}

impl Reader<'_> {
    fn stream(&mut self, path: &Path) -> Option<Vec<u8>> {
        if !self.file.is_stream(path) {
            return None;
        }
        let mut bytes = Vec::new();
        let stream = self.file.open_stream(path).ok()?;
        // A damaged stream gives what can be read of it.
        let _ = stream.take(self.budget).read_to_end(&mut bytes);
        self.budget -= (bytes.len() as u64).min(self.budget);
        Some(bytes)
    }

    fn property(&mut self, folder: &Path, id: u16, kind: u16) -> Option<Vec<u8>> {
        self.stream(&folder.join(format!("__substg1.0_{id:04X}{kind:04X}")))
    }

    /// A text: as UTF-16, else in the message's code page.
    fn text(&mut self, folder: &Path, id: u16) -> Option<String> {
        if let Some(bytes) = self.property(folder, id, 0x001f) {
            let text = encoding_rs::UTF_16LE.decode_without_bom_handling(&bytes).0;
            return Some(text.trim_end_matches('\0').to_owned());
        }
        let bytes = self.property(folder, id, 0x001e)?;
        let encoding = match std::str::from_utf8(&bytes) {
            Ok(_) => encoding_rs::UTF_8,
            Err(_) => encoding_rs::WINDOWS_1252,
        };
        Some(encoding.decode_without_bom_handling(&bytes).0.trim_end_matches('\0').to_owned())
    }

    /// A line of a header: no line ends, not empty.
    fn line(&mut self, folder: &Path, id: u16) -> Option<String> {
        let text = self.text(folder, id)?;
        let pieces = text.split(['\r', '\n', '\0']).map(str::trim).filter(|piece| !piece.is_empty());
        let line = pieces.collect::<Vec<_>>().join(" ");
        (!line.is_empty()).then_some(line)
    }

    /// A property of fixed length. `header` is what stands before the first one: 32 bytes in the
    /// message, 24 in attached messages, 8 elsewhere.
    fn fixed(&mut self, folder: &Path, header: usize, tag: u32) -> Option<u64> {
        let bytes = self.stream(&folder.join("__properties_version1.0"))?;
        let entry = bytes.get(header..)?.chunks_exact(16).find(|entry| entry[..4] == tag.to_le_bytes())?;
        entry[8..16].try_into().ok().map(u64::from_le_bytes)
    }

    fn message(&mut self, folder: &Path, header: usize, depth: usize) -> Vec<u8> {
        let mut out = match self.text(folder, TRANSPORT_HEADERS).filter(|text| text.contains(':')) {
            Some(text) => transport(&text),
            None => self.made_up(folder, header),
        };
        out.push_str("MIME-Version: 1.0\r\n");
        let bodies = self.bodies(folder, header);
        let attachments = self.attachments(folder, depth);
        let parts = std::iter::once(alternatives(bodies)).chain(attachments).collect();
        out.push_str(&joined("mixed", parts));
        out.into_bytes()
    }

    /// A header for a message that never travelled.
    fn made_up(&mut self, folder: &Path, header: usize) -> String {
        let mut out = String::new();
        let name = self.line(folder, SENDER_NAME);
        let email = self.line(folder, SENDER_SMTP).or_else(|| self.line(folder, SENDER_EMAIL));
        if name.is_some() || email.is_some() {
            out.push_str(&format!("From: {}\r\n", mailbox(name.as_deref(), email.as_deref())));
        }
        let mut recipients: [Vec<String>; 3] = Default::default();
        for index in 0..MAX_OBJECTS {
            let recipient = folder.join(format!("__recip_version1.0_#{index:08X}"));
            if !self.file.is_storage(&recipient) {
                break;
            }
            let name = self.line(&recipient, RECIPIENT_NAME);
            let email = self.line(&recipient, RECIPIENT_SMTP).or_else(|| self.line(&recipient, RECIPIENT_EMAIL));
            let kind = self.fixed(&recipient, 8, RECIPIENT_TYPE).map_or(1, |kind| kind & 0xff);
            let list = usize::try_from(kind).unwrap_or(1).clamp(1, 3) - 1;
            recipients[list].push(mailbox(name.as_deref(), email.as_deref()));
        }
        for (field, list) in ["To", "Cc", "Bcc"].iter().zip(&recipients).filter(|(_, list)| !list.is_empty()) {
            out.push_str(&format!("{field}: {}\r\n", list.join(",\r\n ")));
        }
        for (field, id) in [("Subject", SUBJECT), ("Message-ID", MESSAGE_ID), ("In-Reply-To", IN_REPLY_TO)] {
            if let Some(value) = self.line(folder, id) {
                out.push_str(&format!("{field}: {}\r\n", encoded(&value)));
            }
        }
        let time = self.fixed(folder, header, SUBMIT_TIME).or_else(|| self.fixed(folder, header, DELIVERY_TIME));
        if let Some(date) = time.and_then(date) {
            out.push_str(&format!("Date: {date}\r\n"));
        }
        out
    }

    fn bodies(&mut self, folder: &Path, header: usize) -> Vec<String> {
        let mut bodies = Vec::new();
        if let Some(text) = self.text(folder, BODY) {
            bodies.push(part("text/plain; charset=utf-8", "", text.as_bytes()));
        }
        if let Some(html) = self.property(folder, HTML, 0x0102) {
            let charset = self.fixed(folder, header, CODE_PAGE).and_then(|page| charset(page & 0xffff_ffff));
            let charset = charset.map_or_else(String::new, |charset| format!("; charset={charset}"));
            bodies.push(part(&format!("text/html{charset}"), "", &html));
        } else if let Some(html) = self.text(folder, HTML) {
            bodies.push(part("text/html; charset=utf-8", "", html.as_bytes()));
        }
        // The text of a rich text stands for it, and it goes along as a file.
        if bodies.is_empty()
            && let Some(rich) = self.property(folder, RTF, 0x0102).and_then(|packed| super::rtf::decompress(&packed))
        {
            bodies.push(part("text/plain; charset=utf-8", "", super::Rich::read(&rich).text.as_bytes()));
            bodies.push(part("application/rtf", "attachment; filename=\"body.rtf\"", &rich));
        }
        bodies
    }

    fn attachments(&mut self, folder: &Path, depth: usize) -> Vec<String> {
        let mut parts = Vec::new();
        for index in 0..MAX_OBJECTS {
            let attachment = folder.join(format!("__attach_version1.0_#{index:08X}"));
            if !self.file.is_storage(&attachment) {
                break;
            }
            parts.extend(self.attachment(&attachment, depth));
        }
        parts
    }

    fn attachment(&mut self, folder: &Path, depth: usize) -> Option<String> {
        let embedded: PathBuf = folder.join(format!("__substg1.0_{ATTACH_DATA:04X}000D"));
        if self.file.is_storage(&embedded) {
            if depth >= MAX_DEPTH {
                return None;
            }
            let message = self.message(&embedded, 24, depth + 1);
            let message = String::from_utf8(message).ok()?;
            return Some(format!(
                "Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n{message}\r\n"
            ));
        }
        let data = self.property(folder, ATTACH_DATA, 0x0102)?;
        let name = self.line(folder, ATTACH_LONG_NAME).or_else(|| self.line(folder, ATTACH_NAME));
        let mime = self.line(folder, ATTACH_MIME).filter(|mime| is_mime(mime));
        let mime = mime.unwrap_or_else(|| "application/octet-stream".into());
        let mut disposition = "attachment".to_owned();
        if let Some(name) = name {
            disposition.push_str(&format!("; filename=\"{}\"", encoded(&name.replace(['"', '\\'], "_"))));
        }
        if let Some(id) = self.line(folder, ATTACH_CONTENT_ID).filter(|id| id.bytes().all(|b| b.is_ascii_graphic())) {
            disposition.push_str(&format!("\r\nContent-ID: <{}>", id.trim_matches(['<', '>'])));
        }
        Some(part(&mime, &disposition, &data))
    }
}

/// Fields of the header that describe how the body was written, which is written anew.
const REWRITTEN: [&str; 4] = ["content-type", "content-transfer-encoding", "mime-version", "content-disposition"];

fn transport(text: &str) -> String {
    let mut out = String::new();
    let mut keep = true;
    for line in text.lines().map(|line| line.trim_end_matches('\r')) {
        if line.is_empty() {
            // Some programs store a blank line before the header or behind it.
            if out.is_empty() {
                continue;
            }
            break;
        }
        if !line.starts_with([' ', '\t']) {
            let name = line.split(':').next().unwrap_or("").trim().to_ascii_lowercase();
            keep = !REWRITTEN.contains(&name.as_str());
        }
        if keep {
            out.push_str(line);
            out.push_str("\r\n");
        }
    }
    out
}

/// A part: type, disposition, base64.
fn part(mime: &str, disposition: &str, bytes: &[u8]) -> String {
    let mut out = format!("Content-Type: {mime}\r\nContent-Transfer-Encoding: base64\r\n");
    if !disposition.is_empty() {
        out.push_str(&format!("Content-Disposition: {disposition}\r\n"));
    }
    out.push_str("\r\n");
    for line in STANDARD.encode(bytes).as_bytes().chunks(76) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push_str("\r\n");
    }
    out
}

fn alternatives(mut bodies: Vec<String>) -> String {
    match bodies.len() {
        0 => part("text/plain; charset=utf-8", "", b""),
        1 => bodies.remove(0),
        _ => joined("alternative", bodies),
    }
}

/// A multipart, or the only part. The boundary is made from the parts: equal files, equal bytes.
fn joined(kind: &str, mut parts: Vec<String>) -> String {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    let boundary = format!("=_{}", crate::message::hex(&hasher.finalize()[..16]));
    let mut out = format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\"\r\n\r\n");
    for part in parts {
        out.push_str(&format!("--{boundary}\r\n{part}"));
    }
    out.push_str(&format!("--{boundary}--\r\n"));
    out
}

fn mailbox(name: Option<&str>, email: Option<&str>) -> String {
    let email = email.map(|email| email.replace(['<', '>'], ""));
    match (name, email) {
        (Some(name), Some(email)) if name.is_ascii() => {
            format!("\"{}\" <{email}>", name.replace('\\', "\\\\").replace('"', "\\\""))
        }
        (Some(name), Some(email)) => format!("{} <{email}>", encoded(name)),
        (None, Some(email)) => format!("<{email}>"),
        (Some(name), None) => format!("{} <>", encoded(name)),
        (None, None) => "<>".into(),
    }
}

/// Encoded words (RFC 2047) where a text is not ASCII.
fn encoded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        if word.len() + c.len_utf8() > 42 {
            words.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    words.push(word);
    let words = words.iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word)));
    words.collect::<Vec<_>>().join("\r\n ")
}

fn is_mime(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&^_.+-/".contains(&byte);
    text.bytes().filter(|byte| *byte == b'/').count() == 1 && text.bytes().all(allowed)
}

/// The charset of a Windows code page.
fn charset(page: u64) -> Option<String> {
    Some(match page {
        65001 => "utf-8".into(),
        20127 => "us-ascii".into(),
        932 => "shift_jis".into(),
        936 => "gb2312".into(),
        949 => "ks_c_5601-1987".into(),
        950 => "big5".into(),
        874 | 1250..=1258 => format!("windows-{page}"),
        28591..=28605 => format!("iso-8859-{}", page - 28590),
        20866 => "koi8-r".into(),
        21866 => "koi8-u".into(),
        50220..=50222 => "iso-2022-jp".into(),
        51932 => "euc-jp".into(),
        51949 => "euc-kr".into(),
        54936 => "gb18030".into(),
        _ => return None,
    })
}

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A FILETIME (100 ns since 1601) as an RFC 5322 date.
fn date(filetime: u64) -> Option<String> {
    let seconds = filetime / 10_000_000;
    let (days, second) = (i64::try_from(seconds / 86_400).ok()?, seconds % 86_400);
    // Later than any mail: programs write the largest number for "never".
    let days_since_1970 = Some(days - 134_774).filter(|days| *days <= 10_000_000)?;
    let (year, month, day) = crate::calendar::civil(days_since_1970);
    let weekday = DAYS[usize::try_from(days.rem_euclid(7)).ok()?];
    let month = MONTHS[usize::try_from(month - 1).ok()?];
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    Some(format!("{weekday}, {day} {month} {year} {hour:02}:{minute:02}:{second:02} +0000"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn fixed(header: usize, entries: &[(u32, u64)]) -> Vec<u8> {
        let mut bytes = vec![0; header];
        for (tag, value) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(6_u32.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        bytes
    }

    fn file(storages: &[&str], streams: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut file = CompoundFile::create(Cursor::new(Vec::new())).expect("created");
        for storage in storages {
            file.create_storage(storage).expect("a storage");
        }
        for (path, bytes) in streams {
            file.create_stream(path).expect("a stream").write_all(bytes).expect("written");
        }
        file.flush().expect("flushed");
        file.into_inner().into_inner()
    }

    #[test]
    fn a_received_message_keeps_its_header() {
        let header = "Received: from x\r\n by y\r\nFrom: a@example.com\r\nSubject: Hello\r\nContent-Type: multipart/x;\r\n boundary=z\r\n\r\n";
        let bytes = file(
            &["/__attach_version1.0_#00000000"],
            &[
                ("/__properties_version1.0", fixed(32, &[(CODE_PAGE, 1252)])),
                ("/__substg1.0_007D001F", utf16(header)),
                ("/__substg1.0_1000001F", utf16("Grüße")),
                ("/__substg1.0_10130102", b"<p>Gr\xfc\xdfe</p>".to_vec()),
                ("/__attach_version1.0_#00000000/__substg1.0_37010102", b"%PDF-1.4".to_vec()),
                ("/__attach_version1.0_#00000000/__substg1.0_3707001F", utf16("bill.pdf")),
                ("/__attach_version1.0_#00000000/__substg1.0_370E001F", utf16("application/pdf")),
            ],
        );
        assert!(is_msg(&bytes));
        let message = to_message(&bytes, 1 << 30).expect("a message");
        let parsed = crate::message::Message::parse(message, std::sync::Arc::default());
        assert_eq!(
            parsed.sender().and_then(|sender| sender.email.as_ref()).map(|email| &*email.email),
            Some("a@example.com")
        );
        assert_eq!(parsed.hops().len(), 1);
        assert_eq!(parsed.plain_text().as_deref().map(str::trim), Some("Grüße"));
        assert_eq!(parsed.html_text().as_deref().map(str::trim), Some("<p>Grüße</p>"));
        assert_eq!(parsed.attachments().len(), 1);
        assert!(parsed.anomalies().is_empty(), "{:?}", parsed.anomalies());
    }

    #[test]
    fn a_draft_gets_a_header_and_attached_messages_are_messages() {
        let inner = "/__attach_version1.0_#00000000/__substg1.0_3701000D";
        let bytes = file(
            &["/__recip_version1.0_#00000000", "/__attach_version1.0_#00000000", inner],
            &[
                ("/__properties_version1.0", fixed(32, &[(SUBMIT_TIME, 116_444_736_000_000_000)])),
                ("/__substg1.0_0C1A001F", utf16("Zoë \"Z\"")),
                ("/__substg1.0_5D01001F", utf16("zoe@example.com")),
                ("/__substg1.0_0037001F", utf16("Rechnung\r\nBcc: x@example.com für Sie")),
                ("/__substg1.0_1000001E", b"plain".to_vec()),
                ("/__recip_version1.0_#00000000/__properties_version1.0", fixed(8, &[(RECIPIENT_TYPE, 2)])),
                ("/__recip_version1.0_#00000000/__substg1.0_39FE001F", utf16("bob@example.com")),
                (&format!("{inner}/__properties_version1.0"), fixed(24, &[])),
                (&format!("{inner}/__substg1.0_0037001F"), utf16("inside")),
            ],
        );
        let message = to_message(&bytes, 1 << 30).expect("a message");
        let text = String::from_utf8(message.clone()).expect("ASCII");
        assert!(text.contains("Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n"), "{text}");
        assert!(text.contains("Cc: <bob@example.com>\r\n"), "{text}");
        let parsed = crate::message::Message::parse(message, std::sync::Arc::default());
        assert_eq!(parsed.subject().subject.as_deref(), Some("Rechnung Bcc: x@example.com für Sie"));
        assert!(parsed.first("bcc").is_none());
        let nested: Vec<_> = parsed.parts().iter().filter_map(|part| parsed.attached(part)).collect();
        assert_eq!(nested.len(), 1);
        assert_eq!(nested[0].subject().subject.as_deref(), Some("inside"));
    }

    #[test]
    fn other_ole_files_and_damage_are_reasons() {
        let bytes = file(&[], &[("/WordDocument", vec![0; 100])]);
        assert!(to_message(&bytes, 1 << 30).is_err());
        assert!(to_message(&bytes[..700], 1 << 30).is_err());
        assert!(to_message(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1], 1 << 30).is_err());
    }
}
