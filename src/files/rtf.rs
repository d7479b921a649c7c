//! Rich text (RTF 1.9.1) without its formatting: text, fields, embedded objects; and the compression
//! that Outlook uses for it ([MS-OXRTFCP]). The groups are kept on a stack of their own: nothing recurses.

use super::bytes::{Cursor, ansi};
use super::{Child, Contents, Left};
use std::borrow::Cow;

/// What stands in a rich text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rich {
    /// The text as it is shown, without pictures and fields' instructions.
    pub text: String,
    /// Instructions of fields (`HYPERLINK "..."`, `DDEAUTO ...`) and the HTML that was turned into rich
    /// text, one a line.
    pub codes: String,
    /// Where a template is loaded from.
    pub template: Option<String>,
    /// Classes of the embedded and linked objects, as named.
    pub classes: Vec<String>,
    /// True if the text or an object was longer than is read.
    pub cut: bool,
    objects: Vec<Vec<u8>>,
}

/// Deepest nesting of groups that is told apart; what is deeper belongs to the group above.
const GROUPS: usize = 1_000;
/// Most objects.
const OBJECTS: usize = 1_000;
/// Most bytes of text and of fields each.
const TEXT: usize = 4 << 20;

/// Where what is read goes to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Text,
    Codes,
    Template,
    Class,
    Object,
    Nowhere,
}

#[derive(Clone, Copy)]
struct Group {
    target: Target,
    /// Characters that stand for one that `\u` gave, for old readers.
    fallback: usize,
    /// `\*` was read: the next word names a destination that may be skipped.
    optional: bool,
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    group: Group,
    stack: Vec<Group>,
    /// Groups beyond the depth that is told apart.
    beyond: usize,
    skip: usize,
    encoding: &'static encoding_rs::Encoding,
    /// Characters of the code page that are not decoded yet.
    pending: Vec<u8>,
    half: Option<u8>,
    rich: Rich,
    template: String,
    class: String,
}

impl Rich {
    /// Reads a rich text.
    pub fn read(bytes: &[u8]) -> Self {
        let group = Group { target: Target::Text, fallback: 1, optional: false };
        let mut reader = Reader {
            bytes,
            at: 0,
            group,
            stack: Vec::new(),
            beyond: 0,
            skip: 0,
            encoding: encoding_rs::WINDOWS_1252,
            pending: Vec::new(),
            half: None,
            rich: Self::default(),
            template: String::new(),
            class: String::new(),
        };
        while reader.step().is_some() {}
        reader.flush();
        reader.finish_names();
        reader.rich
    }

    /// Data exchange that a field asks for: it runs programs.
    pub fn dde(&self) -> bool {
        super::office::is_dde(&self.codes)
    }

    /// Equation Editor, whose faults are known.
    pub fn equation(&self) -> bool {
        let named = self.classes.iter().any(|class| class.to_ascii_lowercase().starts_with("equation."));
        named || self.objects.iter().filter_map(|object| Embedded::read(object)).any(|object| object.is_equation())
    }
}

impl Reader<'_> {
    fn step(&mut self) -> Option<()> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        match byte {
            b'{' => self.open(),
            b'}' => self.close(),
            b'\\' => self.control()?,
            b'\r' | b'\n' => {}
            byte => self.character(byte),
        }
        Some(())
    }

    fn open(&mut self) {
        self.flush();
        if self.stack.len() < GROUPS {
            self.stack.push(self.group);
        } else {
            self.beyond += 1;
        }
        self.group.optional = false;
    }

    fn close(&mut self) {
        self.flush();
        if self.beyond > 0 {
            self.beyond -= 1;
        } else if let Some(group) = self.stack.pop() {
            if self.group.target != group.target {
                self.finish_names();
            }
            self.group = group;
        }
        self.skip = 0;
    }

    /// A name is complete when its group ends.
    fn finish_names(&mut self) {
        self.half = None;
        let class = std::mem::take(&mut self.class);
        if !class.trim().is_empty() && self.rich.classes.len() < OBJECTS {
            self.rich.classes.push(class.trim().to_owned());
        }
        let template = std::mem::take(&mut self.template);
        if !template.trim().is_empty() {
            self.rich.template.get_or_insert(template.trim().to_owned());
        }
        if !self.rich.codes.is_empty() && !self.rich.codes.ends_with('\n') {
            self.rich.codes.push('\n');
        }
    }

    fn control(&mut self) -> Option<()> {
        let first = *self.bytes.get(self.at)?;
        if !first.is_ascii_alphabetic() {
            self.at += 1;
            self.symbol(first);
            return Some(());
        }
        let rest = &self.bytes[self.at..];
        let length = rest.iter().take(32).take_while(|byte| byte.is_ascii_alphabetic()).count();
        let word = std::str::from_utf8(&rest[..length]).unwrap_or("");
        let sign = usize::from(rest.get(length) == Some(&b'-'));
        let digits = rest[length + sign..].iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
        let end = length + if digits > 0 { sign + digits } else { 0 };
        let number = std::str::from_utf8(&rest[length..end]).ok().and_then(|text| text.parse::<i64>().ok());
        self.at += end + usize::from(rest.get(end) == Some(&b' '));
        self.word(word, number);
        Some(())
    }

    fn symbol(&mut self, symbol: u8) {
        match symbol {
            b'*' => self.group.optional = true,
            b'\'' => self.coded(),
            b'~' => self.character(b' '),
            b'\r' | b'\n' => self.push('\n'),
            b'\\' | b'{' | b'}' => self.character(symbol),
            _ => {}
        }
    }

    /// `\'hh`: a byte of the code page.
    fn coded(&mut self) {
        let digits = self.bytes.get(self.at..self.at + 2).and_then(|pair| std::str::from_utf8(pair).ok());
        if let Some(byte) = digits.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            self.at += 2;
            // Data of an object is read as data, whatever stands in it.
            if self.group.target != Target::Object {
                self.character(byte);
            }
        }
    }

    fn word(&mut self, word: &str, number: Option<i64>) {
        let optional = std::mem::take(&mut self.group.optional);
        match word {
            "par" | "line" | "row" | "sect" | "page" => self.push('\n'),
            "tab" | "cell" => self.push('\t'),
            "u" => self.unicode(number.unwrap_or(0)),
            "uc" => self.group.fallback = usize::try_from(number.unwrap_or(1)).unwrap_or(1).min(16),
            "ansicpg" => self.code_page(number.unwrap_or(1252)),
            "bin" => self.binary(number.unwrap_or(0)),
            "lquote" | "rquote" => self.push('\''),
            "ldblquote" | "rdblquote" => self.push('"'),
            "emdash" | "endash" => self.push('-'),
            _ => self.destination(word, optional),
        }
    }

    fn destination(&mut self, word: &str, optional: bool) {
        let target = match word {
            "fldinst" | "htmltag" => Target::Codes,
            "template" => Target::Template,
            "objclass" => Target::Class,
            "objdata" => return self.object(),
            "fldrslt" | "result" | "rtf" | "footnote" | "header" | "footer" | "annotation" | "pntext" => Target::Text,
            "fonttbl" | "colortbl" | "stylesheet" | "info" | "pict" | "themedata" | "colorschememapping"
            | "datastore" | "latentstyles" | "listtable" | "listoverridetable" | "rsidtbl" | "generator"
            | "xmlnstbl" | "filetbl" | "revtbl" => Target::Nowhere,
            _ if optional => Target::Nowhere,
            _ => return,
        };
        // Nothing is shown of what lies in a destination that is not.
        let hidden = matches!(self.group.target, Target::Nowhere | Target::Object);
        if !hidden || target != Target::Text {
            self.flush();
            self.group.target = target;
        }
    }

    fn object(&mut self) {
        self.flush();
        self.half = None;
        if self.rich.objects.len() < OBJECTS {
            self.rich.objects.push(Vec::new());
            self.group.target = Target::Object;
        } else {
            self.rich.cut = true;
            self.group.target = Target::Nowhere;
        }
    }

    fn unicode(&mut self, number: i64) {
        self.flush();
        // Negative numbers are those above 32,767 in 16 bits; halves of a pair come one after the other.
        let unit = (number & 0xFFFF) as u32;
        self.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
        self.skip = self.group.fallback;
    }

    fn code_page(&mut self, page: i64) {
        let label = match page {
            932 => "shift_jis".to_owned(),
            936 => "gbk".to_owned(),
            949 => "euc-kr".to_owned(),
            950 => "big5".to_owned(),
            65001 => "utf-8".to_owned(),
            page => format!("windows-{page}"),
        };
        if let Some(encoding) = encoding_rs::Encoding::for_label(label.as_bytes()) {
            self.encoding = encoding;
        }
    }

    /// `\bin`: so many bytes as they are.
    fn binary(&mut self, count: i64) {
        let count = usize::try_from(count).unwrap_or(0).min(self.bytes.len() - self.at);
        let data = &self.bytes[self.at..self.at + count];
        self.at += count;
        if self.group.target == Target::Object
            && let Some(object) = self.rich.objects.last_mut()
        {
            object.extend(data);
        }
    }

    fn character(&mut self, byte: u8) {
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        match self.group.target {
            Target::Nowhere => {}
            Target::Object => self.digit(byte),
            _ => self.pending.push(byte),
        }
    }

    /// Half a byte of an object; what is no digit is passed over, as Word does.
    fn digit(&mut self, byte: u8) {
        let Some(digit) = char::from(byte).to_digit(16) else { return };
        match self.half.take() {
            Some(high) => {
                if let Some(object) = self.rich.objects.last_mut() {
                    object.push(high << 4 | digit as u8);
                }
            }
            None => self.half = Some(digit as u8),
        }
    }

    fn push(&mut self, c: char) {
        self.flush();
        let mut buffer = [0; 4];
        self.append(c.encode_utf8(&mut buffer));
    }

    fn flush(&mut self) {
        if !self.pending.is_empty() {
            let bytes = std::mem::take(&mut self.pending);
            let text: Cow<'_, str> = self.encoding.decode_without_bom_handling(&bytes).0;
            self.append(&text);
        }
    }

    fn append(&mut self, text: &str) {
        let into = match self.group.target {
            Target::Text => &mut self.rich.text,
            Target::Codes => &mut self.rich.codes,
            Target::Template => &mut self.template,
            Target::Class => &mut self.class,
            Target::Object | Target::Nowhere => return,
        };
        if into.len() + text.len() <= TEXT { into.push_str(text) } else { self.rich.cut = true }
    }
}

/// The files that are embedded in a rich text.
pub(super) fn open(rich: &Rich, left: &mut Left) -> Contents {
    let mut contents = Contents::default();
    for object in rich.objects.iter().filter(|object| !object.is_empty()) {
        let child = Embedded::read(object).map_or_else(|| raw(object), Embedded::child);
        if !left.take(child, &mut contents) {
            break;
        }
    }
    if rich.cut {
        contents.limits_hit.push("file_text: only the beginning of a rich text was read".into());
    }
    contents
}

fn raw(bytes: &[u8]) -> Child {
    Child { bytes: bytes.to_vec(), ..Child::default() }
}

/// An object as OLE 1.0 writes it ([MS-OLEDS] 2.2.5): a class and native data.
pub(super) struct Embedded<'b> {
    class: String,
    data: &'b [u8],
}

impl<'b> Embedded<'b> {
    fn read(bytes: &'b [u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let (_version, format) = (cursor.u32()?, cursor.u32()?);
        let mut text = || {
            let length = cursor.length()?;
            cursor.take(length).map(ansi)
        };
        let class = text()?;
        let (_topic, _item) = (text()?, text()?);
        // A linked object has no data of its own.
        let length = if format == 2 { cursor.length()? } else { 0 };
        let rest = cursor.rest();
        Some(Self { class, data: &rest[..length.min(rest.len())] })
    }

    fn is_equation(&self) -> bool {
        self.class.to_ascii_lowercase().starts_with("equation.")
    }

    fn child(self) -> Child {
        package(self.data).unwrap_or_else(|| raw(self.data))
    }
}

/// A file in a package, as the shell embeds it: label, path, content.
pub(super) fn package(data: &[u8]) -> Option<Child> {
    let mut cursor = Cursor::new(data);
    (cursor.u16()? == 2).then_some(())?;
    let label = ansi(cursor.until_nul()?);
    let path = ansi(cursor.until_nul()?);
    cursor.u32()?;
    let temporary = cursor.length()?;
    cursor.take(temporary)?;
    let size = cursor.length()?;
    let rest = cursor.rest();
    let name = if label.is_empty() { path } else { label };
    let name = name.rsplit(['\\', '/']).next().unwrap_or("").to_owned();
    Some(Child { name: Some(name), declared: None, bytes: rest[..size.min(rest.len())].to_vec() })
}

/// The text that both sides of the compression begin with ([MS-OXRTFCP] 2.1.2.1).
const PRELOADED: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const COMPRESSED: u32 = 0x7546_5A4C;
const PLAIN: u32 = 0x414C_454D;

/// Unpacks compressed rich text; damage ends it. The checksum is not looked at. A byte becomes nine at
/// most, so that the result is bounded by its source.
pub(super) fn decompress(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut cursor = Cursor::new(bytes);
    let (_packed, size, kind) = (cursor.length()?, cursor.length()?, cursor.u32()?);
    cursor.u32()?;
    match kind {
        PLAIN => Some(cursor.rest()[..size.min(cursor.rest().len())].to_vec()),
        COMPRESSED => {
            let mut dictionary = Dictionary { ring: [b' '; 4096], at: PRELOADED.len(), out: Vec::new() };
            dictionary.ring[..PRELOADED.len()].copy_from_slice(PRELOADED);
            while dictionary.out.len() < size && dictionary.run(&mut cursor).is_some() {}
            dictionary.out.truncate(size);
            Some(dictionary.out)
        }
        _ => None,
    }
}

struct Dictionary {
    ring: [u8; 4096],
    at: usize,
    out: Vec<u8>,
}

impl Dictionary {
    /// A control byte and the eight things that it tells: a byte, or a place and a length.
    fn run(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        let control = cursor.byte()?;
        for bit in 0..8 {
            if control & (1 << bit) == 0 {
                let byte = cursor.byte()?;
                self.push(byte);
                continue;
            }
            let reference = u16::from_be_bytes([cursor.byte()?, cursor.byte()?]);
            let (from, length) = (usize::from(reference >> 4), usize::from(reference & 15) + 2);
            // A reference to the place that is written next is the end.
            (from != self.at).then_some(())?;
            for offset in 0..length {
                self.push(self.ring[(from + offset) % 4096]);
            }
        }
        Some(())
    }

    fn push(&mut self, byte: u8) {
        self.out.push(byte);
        self.ring[self.at] = byte;
        self.at = (self.at + 1) % 4096;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification() {
        // [MS-OXRTFCP] 4.1.1.
        let packed: Vec<u8> = [
            0x2d_u8, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0, 0x0a, 0, 0x72,
            0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c, 0x09, 0x00, 0x20, 0x62,
            0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0,
        ]
        .to_vec();
        let text = decompress(&packed).expect("rich text");
        assert_eq!(String::from_utf8_lossy(&text), "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        for end in 0..packed.len() {
            let _ = decompress(&packed[..end]);
        }
    }

    #[test]
    fn text_fields_and_characters() {
        let source = b"{\\rtf1\\ansi\\ansicpg1251{\\fonttbl{\\f0 Arial;}}\\f0 Pay \\'cf\\u8364?\\par{\\field{\\*\\fldinst HYPERLINK \"https://example.com/x\"}{\\fldrslt here}}{\\*\\unknown gone} \\{\\}}";
        let rich = Rich::read(source);
        assert_eq!(rich.text, "Pay \u{41f}\u{20ac}\nhere {}");
        assert_eq!(rich.codes.trim(), "HYPERLINK \"https://example.com/x\"");
        assert!(!rich.dde() && !rich.cut);
        for end in 0..source.len() {
            let _ = Rich::read(&source[..end]);
        }
    }

    #[test]
    fn a_template_and_a_field_that_runs_programs() {
        let rich = Rich::read(b"{\\rtf1{\\*\\template http://example.net/t.dotm}{\\field{\\*\\fldinst DDEAUTO c:\\\\windows\\\\cmd.exe}}}");
        assert_eq!(rich.template.as_deref(), Some("http://example.net/t.dotm"));
        assert!(rich.dde());
    }

    #[test]
    fn depth_costs_no_stack() {
        let mut deep = b"{\\rtf1 ".to_vec();
        deep.extend(std::iter::repeat_n(b'{', 1_000_000));
        deep.extend(b"x");
        assert_eq!(Rich::read(&deep).text, "x");
    }
}
