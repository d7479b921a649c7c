//! Facts about Office Open XML documents (ECMA-376) and OpenDocument (ISO/IEC 26300), read from the
//! files in their archive. Elements are found by their local names, whatever prefix a document chose;
//! entities of its own are not expanded, so that none can grow.

use crate::message::decode_text;

/// What the parts of a document say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Office {
    /// `dc:creator` of the core properties.
    pub author: Option<String>,
    /// `dc:title`.
    pub title: Option<String>,
    /// `Application` of the extended properties.
    pub application: Option<String>,
    /// `Words` of the extended properties.
    pub words: Option<i64>,
    /// `Pages` or `Slides`.
    pub pages: Option<i64>,
    /// Files in the folder of pictures.
    pub images: i64,
    /// True if a macro project is in it.
    pub macros: bool,
    /// It holds sheets of Excel 4.0 macros.
    pub xlm: bool,
    /// It asks for data from another program.
    pub dde: bool,
    /// It holds objects of other programs or controls.
    pub objects: bool,
    /// Targets of relationships outside the document: kind and target.
    pub external: Vec<(String, String)>,
    /// The text, a paragraph or cell a line.
    pub text: String,
    /// True if only the beginning of the text or the relationships was read.
    pub cut: bool,
}

/// Most relationships.
const RELATIONS: usize = 10_000;
/// Most bytes of text.
const TEXT: usize = 4 << 20;

impl Office {
    /// Reads the parts of a document, given with their names in the archive.
    pub fn read<'f>(parts: impl Iterator<Item = (&'f str, &'f [u8])>) -> Self {
        let mut office = Self::default();
        for (name, bytes) in parts {
            office.part(name.trim_start_matches('/'), bytes);
        }
        office
    }

    fn part(&mut self, name: &str, bytes: &[u8]) {
        self.images += i64::from(name.contains("/media/") || name.starts_with("Pictures/"));
        self.macros |= name.ends_with("vbaProject.bin") || name.starts_with("Basic/") || name.starts_with("Scripts/");
        self.xlm |= name.contains("/macrosheets/");
        self.objects |= name.contains("/embeddings/") || name.contains("/activeX/");
        if name.contains("_rels/") {
            self.relationships(&decode_text(bytes, None));
        } else if name.rsplit('.').next() == Some("xml") {
            self.xml(name, &decode_text(bytes, None));
        }
    }

    fn xml(&mut self, name: &str, text: &str) {
        let number = |name| element(text, name).and_then(|text| text.trim().parse().ok());
        match name {
            "docProps/core.xml" => {
                self.author = element(text, "creator");
                self.title = element(text, "title");
            }
            "docProps/app.xml" => {
                self.application = element(text, "Application");
                self.words = number("Words");
                self.pages = number("Pages").or_else(|| number("Slides"));
            }
            "meta.xml" => {
                self.author = element(text, "initial-creator").or_else(|| element(text, "creator"));
                self.title = element(text, "title");
                self.application = element(text, "generator");
            }
            _ if name.contains("/externalLinks/") => self.dde |= text.contains("ddeLink"),
            _ if holds_text(name) => self.prose(text),
            _ => {}
        }
    }

    /// The text of a part, and what its fields ask for.
    fn prose(&mut self, xml: &str) {
        let mut field = String::new();
        let (mut inside, mut instruction) = (false, false);
        for piece in xml.split('<').skip(1) {
            let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
            let open = !tag.starts_with('/') && !tag.ends_with('/');
            match local(tag) {
                "instrText" => instruction = open,
                // A field without parts says its instruction in an attribute.
                "fldSimple" => field.extend(attribute(tag, "instr")),
                "t" | "h" | "span" | "a" => inside = open || tag.starts_with('/') && local(tag) != "t",
                "p" if tag.starts_with("text:") || tag.starts_with("/text:") => {
                    inside = open;
                    self.line(!open);
                }
                "p" | "br" | "tab" | "si" | "c" => self.line(!open),
                _ => {}
            }
            match (instruction, inside) {
                (true, _) => field.push_str(&unescape(text)),
                (false, true) => self.add(&unescape(text)),
                _ => {}
            }
        }
        self.line(true);
        self.dde |= is_dde(&field);
    }

    fn line(&mut self, ends: bool) {
        if ends && !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn add(&mut self, text: &str) {
        if self.text.len() + text.len() <= TEXT { self.text.push_str(text) } else { self.cut = true }
    }

    /// The relationships that lead out of the document.
    fn relationships(&mut self, xml: &str) {
        for piece in xml.split('<').filter(|piece| local(piece) == "Relationship") {
            let tag = piece.split('>').next().unwrap_or("");
            if !attribute(tag, "TargetMode").is_some_and(|mode| mode.eq_ignore_ascii_case("External")) {
                continue;
            }
            if self.external.len() >= RELATIONS {
                self.cut = true;
                return;
            }
            if let Some((kind, target)) = attribute(tag, "Type").zip(attribute(tag, "Target")) {
                self.external.push((kind.rsplit('/').next().unwrap_or("").to_owned(), target));
            }
        }
    }
}

/// The parts whose text a reader sees.
fn holds_text(name: &str) -> bool {
    let word = ["word/document", "word/header", "word/footer", "word/footnotes", "word/comments"];
    let others = ["xl/sharedStrings", "xl/worksheets/sheet", "ppt/slides/slide", "ppt/notesSlides/", "content.xml"];
    word.iter().chain(&others).any(|start| name.starts_with(start))
}

/// A field instruction that starts with `DDE` or `DDEAUTO`, also in the middle of several.
pub(super) fn is_dde(fields: &str) -> bool {
    fields
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| word.eq_ignore_ascii_case("DDE") || word.eq_ignore_ascii_case("DDEAUTO"))
}

/// The name of a tag without its prefix.
fn local(tag: &str) -> &str {
    let name =
        tag.trim_start_matches('/').split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next().unwrap_or("");
    name.rsplit(':').next().unwrap_or(name)
}

/// The text of the first element of a local name.
fn element(text: &str, name: &str) -> Option<String> {
    let piece = text.split('<').find(|piece| !piece.starts_with('/') && local(piece) == name)?;
    let (attributes, content) = piece.split_once('>')?;
    let content = unescape(content);
    (!attributes.ends_with('/') && !content.trim().is_empty()).then_some(content)
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    for (at, _) in tag.match_indices(name) {
        let before = tag[..at].chars().next_back();
        let rest = tag[at + name.len()..].trim_start().strip_prefix('=').map(str::trim_start);
        let quote = rest.and_then(|rest| rest.chars().next()).filter(|c| matches!(c, '"' | '\''));
        if let (Some(rest), Some(quote), Some(' ' | ':' | '\t' | '\r' | '\n')) = (rest, quote, before) {
            return rest[1..].split_once(quote).map(|(value, _)| unescape(value));
        }
    }
    None
}

/// The five entities of XML; nothing else stands in these parts.
fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    plain.iter().fold(text.to_owned(), |text, (entity, c)| text.replace(entity, c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_document() {
        let core = b"<cp:coreProperties><dc:title/><dc:creator>A &amp; B</dc:creator></cp:coreProperties>";
        let app = b"<Properties><Words>12</Words><Application>Writer</Application><Pages>3</Pages></Properties>";
        let rels = b"<Relationships><Relationship Id=\"1\" Type=\"http://x/hyperlink\" Target=\"https://a.example/?x=1&amp;y\" TargetMode=\"External\"/><r:Relationship\nId='2' Type='http://x/image' Target='media/a.png'/></Relationships>";
        let parts: [(&str, &[u8]); 5] = [
            ("docProps/core.xml", core),
            ("docProps/app.xml", app),
            ("word/_rels/document.xml.rels", rels),
            ("word/media/a.png", b""),
            ("word/vbaProject.bin", b""),
        ];
        let office = Office::read(parts.into_iter());
        assert_eq!(office.author.as_deref(), Some("A & B"));
        assert_eq!((office.title, office.words, office.pages, office.images), (None, Some(12), Some(3), 1));
        assert!(office.macros);
        assert_eq!(office.external, [("hyperlink".to_owned(), "https://a.example/?x=1&y".to_owned())]);
    }

    #[test]
    fn text_and_fields() {
        let word = b"<w:document><w:body><w:p><w:r><w:t>Pay</w:t></w:r><w:r><w:t xml:space=\"preserve\"> now</w:t></w:r></w:p><w:p><w:r><w:instrText> DDE</w:instrText></w:r><w:r><w:instrText>AUTO c:\\\\cmd.exe</w:instrText></w:r></w:p><w:p><w:r><w:t>End</w:t></w:r></w:p></w:body></w:document>";
        let office = Office::read([("word/document.xml", &word[..])].into_iter());
        assert_eq!(office.text, "Pay now\nEnd\n");
        assert!(office.dde);
        let open =
            b"<office:text><text:p>One <text:span>two</text:span> three</text:p><text:p>four</text:p></office:text>";
        assert_eq!(Office::read([("content.xml", &open[..])].into_iter()).text, "One two three\nfour\n");
    }

    #[test]
    fn entities_do_not_grow() {
        let mut laughs = String::from("<!DOCTYPE x [<!ENTITY a \"haha\">");
        for index in 0..30 {
            laughs.push_str(&format!("<!ENTITY a{index} \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">"));
        }
        laughs.push_str("]><w:document><w:p><w:t>&a29;</w:t></w:p></w:document>");
        let office = Office::read([("word/document.xml", laughs.as_bytes())].into_iter());
        assert_eq!(office.text, "&a29;\n");
    }
}
