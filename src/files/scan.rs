//! What scanners find in one file. Each runs when it is first asked for, at most once.

use super::{Calendar, Codes, File, Macros, Script, Shortcut, Tag, YaraHits, YaraRules};
use crate::message::{Html, Url, decode_text, hex};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// Most bytes of a file that the scanners of text look at.
const TEXT: usize = 4 << 20;
/// Most findings of one scanner.
const MOST: usize = 10_000;
/// Shortest run of readable bytes that is a text.
const RUN: usize = 4;

/// What a PDF document says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pdf {
    /// Where its links lead, as written, each once.
    pub urls: Vec<String>,
    /// It holds a script.
    pub javascript: bool,
    /// It does something when it is opened.
    pub open_action: bool,
    /// It starts a program or opens another document.
    pub launch: bool,
    /// It has fields to fill in.
    pub form: bool,
    /// Names of the files in it.
    pub embedded: Vec<String>,
    /// It needs a password.
    pub encrypted: bool,
    /// It could not be read.
    pub damaged: bool,
    /// Title.
    pub title: Option<String>,
    /// Author.
    pub author: Option<String>,
    /// Subject.
    pub subject: Option<String>,
    /// Keywords.
    pub keywords: Option<String>,
    /// The program that made the document.
    pub creator: Option<String>,
    /// The program that wrote the PDF.
    pub producer: Option<String>,
    /// Pages.
    pub pages: Option<i64>,
    /// SHA-256 over the kinds of its objects in order: documents of one generator agree.
    pub object_hash: Option<String>,
    /// Pixels of the pictures in it.
    pub(super) pixels: usize,
}

/// What an OLE compound file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ole {
    /// Paths of the streams, in the order of the file.
    pub streams: Vec<String>,
    /// A password is needed.
    pub encrypted: bool,
    /// It holds sheets of Excel 4.0 macros.
    pub xlm: bool,
    /// It asks for data from another program.
    pub dde: bool,
    /// It holds objects of other programs.
    pub objects: bool,
    /// Equation Editor, whose faults are known.
    pub equation: bool,
    /// Source of the macros, module by module.
    pub macros: Vec<String>,
    /// Title.
    pub title: Option<String>,
    /// Author.
    pub author: Option<String>,
    /// The program that made it.
    pub application: Option<String>,
    /// Template that it was made from.
    pub template: Option<String>,
    /// Pages.
    pub pages: Option<i64>,
    /// Words.
    pub words: Option<i64>,
}

/// A text and whether it was cut.
type Text = (String, bool);

/// YARA rules and what they found.
type Scanned = (Arc<YaraRules>, Arc<YaraHits>);

#[derive(Debug, Default)]
pub(super) struct Scans {
    strings: OnceLock<Vec<Arc<str>>>,
    urls: OnceLock<Urls>,
    html: OnceLock<Option<Arc<Html>>>,
    pdf: OnceLock<Option<Pdf>>,
    shown: OnceLock<Option<Text>>,
    script: OnceLock<Option<Script>>,
    calendar: OnceLock<Option<Calendar>>,
    macros: OnceLock<Option<Macros>>,
    shortcut: OnceLock<Option<Shortcut>>,
    codes: OnceLock<Codes>,
    smuggling: OnceLock<Vec<&'static str>>,
    exif: OnceLock<Vec<Tag>>,
    yara: OnceLock<Scanned>,
    md5: OnceLock<Arc<str>>,
    sha1: OnceLock<Arc<str>>,
    sha256: OnceLock<Arc<str>>,
    entropy: OnceLock<f64>,
}

impl Scans {
    /// A document that was read when it was opened.
    pub(super) fn keep_pdf(&self, pdf: Option<Pdf>) {
        // A file is opened once.
        let _ = self.pdf.set(pdf);
    }

    pub(super) fn codes(&self, read: impl FnOnce() -> Codes) -> &Codes {
        self.codes.get_or_init(read)
    }

    pub(super) fn exif(&self, read: impl FnOnce() -> Vec<Tag>) -> &[Tag] {
        self.exif.get_or_init(read)
    }

    pub(super) fn yara(&self, scan: impl FnOnce() -> Scanned) -> &Scanned {
        self.yara.get_or_init(scan)
    }

    pub(super) fn smuggling(&self, read: impl FnOnce() -> Vec<&'static str>) -> &[&'static str] {
        self.smuggling.get_or_init(read)
    }
}

impl File {
    /// Readable runs of four characters and more: ASCII, and UTF-16 of it; of text files the lines.
    pub fn strings(&self) -> &[Arc<str>] {
        self.scans.strings.get_or_init(|| {
            let bytes = &self.bytes[..self.bytes.len().min(TEXT)];
            let mut runs: Vec<Arc<str>> = if matches!(self.kind, "ics" | "vcf") {
                super::calendar::unfold(&decode_text(bytes, None)).into_iter().map(Arc::from).collect()
            } else if self.is_text() {
                decode_text(bytes, None).lines().map(str::trim).filter(|line| !line.is_empty()).map(Arc::from).collect()
            } else {
                readable(bytes, 1).chain(readable(bytes, 2)).map(Arc::from).collect()
            };
            runs.truncate(MOST);
            runs
        })
    }

    /// The text, of files that are text.
    pub fn text(&self) -> Option<String> {
        self.is_text().then(|| decode_text(&self.bytes[..self.bytes.len().min(TEXT)], None).into_owned())
    }

    fn is_text(&self) -> bool {
        let scripts = ["js", "ps1", "vbs", "bat", "hta", "url"];
        let texts = ["txt", "html", "xml", "svg", "json", "ics", "vcf", "eml", "mht"];
        texts.contains(&self.kind) || scripts.contains(&self.kind)
    }

    /// The text that a reader sees: of pages, documents, rich texts, calendars and plain texts.
    pub fn shown_text(&self) -> Option<&str> {
        self.shown().map(|(text, _)| text.as_str())
    }

    /// True if only the beginning of the text was read.
    pub fn shown_text_cut(&self) -> bool {
        self.shown().is_some_and(|(_, cut)| *cut)
    }

    fn shown(&self) -> Option<&Text> {
        let shown = self.scans.shown.get_or_init(|| match self.kind {
            "html" | "svg" => self.html().map(|html| (html.display_text().to_string(), self.bytes.len() > TEXT)),
            "pdf" => self.pdf().map(|_| pdf_text(&self.bytes, self.pages)),
            "ics" | "vcf" => self.calendar().map(|calendar| (calendar.shown_text(), calendar.cut)),
            "txt" => self.text().map(|text| (text, self.bytes.len() > TEXT)),
            _ => {
                let office = self.office.as_ref().map(|office| (office.text.clone(), office.cut));
                office.or_else(|| self.rich.as_ref().map(|rich| (rich.text.clone(), rich.cut)))
            }
        });
        shown.as_ref()
    }

    /// URLs in the file, each once; and those that begin like one but are broken.
    pub fn urls(&self) -> (&[Arc<Url>], &[Arc<str>]) {
        let urls = self.scans.urls.get_or_init(|| {
            let mut found = Urls::default();
            if let Some(html) = self.html() {
                html.links().iter().filter_map(|link| link.href_url.as_ref()).for_each(|url| found.add(url));
            }
            if let Some(pdf) = self.pdf() {
                pdf.urls.iter().for_each(|url| found.written(url));
            }
            super::oletools::relationships(self).iter().for_each(|relation| found.written(&relation.target));
            if let Some(rich) = &self.rich {
                found.within(&rich.codes);
            }
            if !self.is_text() {
                self.shown_text().into_iter().for_each(|text| found.within(text));
            }
            if let Some(macros) = self.macros() {
                macros.of_kind("ioc").for_each(|url| found.written(url));
            }
            self.codes().found.iter().for_each(|code| found.within(code));
            self.strings().iter().for_each(|line| found.within(line));
            found
        });
        (&urls.parsed, &urls.invalid)
    }

    /// The page, of HTML and SVG files.
    pub fn html(&self) -> Option<&Arc<Html>> {
        let html = self.scans.html.get_or_init(|| {
            let is_page = matches!(self.kind, "html" | "svg");
            is_page.then(|| Arc::new(Html::new(self.text().unwrap_or_default().into(), MOST)))
        });
        html.as_ref()
    }

    /// The document, of PDF files. `None` too where this build does not read them.
    pub fn pdf(&self) -> Option<&Pdf> {
        self.scans.pdf.get().and_then(Option::as_ref)
    }

    /// What the macros in the file hold, if it holds some.
    pub fn macros(&self) -> Option<&Macros> {
        let macros = self.scans.macros.get_or_init(|| {
            let sources = self.ole.as_ref().map(|ole| &ole.macros).filter(|sources| !sources.is_empty())?;
            Some(Macros::of(sources.iter().map(String::as_str)))
        });
        macros.as_ref()
    }

    /// What a shortcut runs.
    pub fn shortcut(&self) -> Option<&Shortcut> {
        let shortcut = self.scans.shortcut.get_or_init(|| match self.kind {
            "lnk" => Shortcut::read(&self.bytes),
            "url" => Some(Shortcut::of_internet(&self.text().unwrap_or_default())),
            _ => None,
        });
        shortcut.as_ref()
    }

    pub(super) fn flagged(&self, flag: &str) -> bool {
        self.flags().contains(&flag)
    }

    /// The scripts: the file itself, or those in its page, one after the other.
    pub fn script(&self) -> Option<&Script> {
        let script = self.scans.script.get_or_init(|| match self.kind {
            "js" => Some(Script::parse(&self.text()?)),
            "html" | "svg" => {
                let scripts = self.scripts();
                (!scripts.is_empty()).then(|| {
                    let bodies: Vec<&str> = scripts.iter().map(|(_, body)| body.as_str()).collect();
                    Script::parse(&bodies.join("\n"))
                })
            }
            _ => None,
        });
        script.as_ref()
    }

    /// The scripts of a page: declared language and source.
    pub fn scripts(&self) -> Vec<(Option<String>, String)> {
        let Some(html) = self.html() else { return Vec::new() };
        scripts(&html.raw)
    }

    /// The calendar, of calendar files and contacts.
    pub fn calendar(&self) -> Option<&Calendar> {
        let calendar = self.scans.calendar.get_or_init(|| {
            matches!(self.kind, "ics" | "vcf").then(|| Calendar::parse(&self.text().unwrap_or_default()))
        });
        calendar.as_ref()
    }

    /// Names of the elements of XML files, each once, in order of appearance.
    pub fn tags(&self) -> Option<Vec<String>> {
        let text = matches!(self.kind, "xml" | "svg").then(|| self.text())??;
        let mut seen = BTreeSet::new();
        let names = text.split('<').skip(1).map(|rest| {
            rest.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next().unwrap_or("").to_owned()
        });
        let names = names.filter(|name| name.starts_with(|c: char| c.is_alphabetic() || c == '_'));
        Some(names.filter(|name| seen.insert(name.clone())).take(MOST).collect())
    }

    /// Disorder in bits a byte (Shannon): 8 for random bytes.
    pub fn entropy(&self) -> f64 {
        *self.scans.entropy.get_or_init(|| {
            let mut counts = [0_u64; 256];
            self.bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
            let total = self.bytes.len().max(1) as f64;
            let shares = counts.iter().filter(|count| **count > 0).map(|count| *count as f64 / total);
            shares.map(|share| -share * share.log2()).sum::<f64>().abs()
        })
    }

    /// MD5 in lower-case hexadecimal.
    pub fn md5(&self) -> &Arc<str> {
        self.scans.md5.get_or_init(|| hex(&Md5::digest(&self.bytes)))
    }

    /// SHA-1 in lower-case hexadecimal.
    pub fn sha1(&self) -> &Arc<str> {
        self.scans.sha1.get_or_init(|| hex(&Sha1::digest(&self.bytes)))
    }

    /// SHA-256 in lower-case hexadecimal.
    pub fn sha256(&self) -> &Arc<str> {
        self.scans.sha256.get_or_init(|| hex(&Sha256::digest(&self.bytes)))
    }
}

#[cfg(feature = "files")]
fn pdf_text(bytes: &Arc<[u8]>, pages: usize) -> Text {
    super::guard::quietly(|| super::pdf::text(bytes, pages)).unwrap_or_default()
}

#[cfg(not(feature = "files"))]
fn pdf_text(_: &Arc<[u8]>, _: usize) -> Text {
    Text::default()
}

/// Runs of printable ASCII in units of `width` bytes (2: UTF-16, little endian).
fn readable(bytes: &[u8], width: usize) -> impl Iterator<Item = String> {
    let printable =
        move |unit: &&[u8]| matches!(unit, [b' '..=b'~' | b'\t', rest @ ..] if rest.iter().all(|b| *b == 0));
    let mut units = bytes.chunks_exact(width).peekable();
    let mut left = MOST;
    std::iter::from_fn(move || {
        while left > 0 && units.peek().is_some() {
            let mut run = String::new();
            while let Some(unit) = units.next_if(printable) {
                run.push(char::from(unit[0]));
            }
            if run.len() >= RUN {
                left -= 1;
                return Some(run);
            }
            if run.is_empty() {
                units.next();
            }
        }
        None
    })
}

/// Collects URLs, each once.
#[derive(Debug, Default)]
struct Urls {
    seen: BTreeSet<Arc<str>>,
    parsed: Vec<Arc<Url>>,
    invalid: Vec<Arc<str>>,
}

impl Urls {
    fn add(&mut self, url: &Arc<Url>) {
        if self.parsed.len() < MOST && self.seen.insert(Arc::clone(&url.url)) {
            self.parsed.push(Arc::clone(url));
        }
    }

    fn written(&mut self, text: &str) {
        match Url::parse(text) {
            Some(url) => self.add(&url),
            None if self.invalid.len() < MOST => self.invalid.push(text.into()),
            None => {}
        }
    }

    /// URLs that are written out with their scheme.
    fn within(&mut self, text: &str) {
        if !text.contains("://") {
            return;
        }
        let mut finder = linkify::LinkFinder::new();
        finder.kinds(&[linkify::LinkKind::Url]);
        finder.links(text).for_each(|found| self.written(found.as_str()));
    }
}

/// `<script>` elements: their `language` or `type`, and what stands in them. A page without end tag
/// ends the script.
fn scripts(page: &str) -> Vec<(Option<String>, String)> {
    let folded = page.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = folded[at..].find("<script").map(|offset| at + offset + "<script".len()) {
        let Some(open) = folded[start..].find('>').map(|offset| start + offset) else { break };
        let end = folded[open..].find("</script").map_or(page.len(), |offset| open + offset);
        let language = ["language", "type"].into_iter().find_map(|name| attribute(&page[start..open], name));
        found.push((language, page[open + 1..end].to_owned()));
        at = end;
        if found.len() >= MOST {
            break;
        }
    }
    found
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let at = tag.to_ascii_lowercase().find(&format!("{name}="))?;
    let value = tag[at + name.len() + 1..].trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let value = match quote {
        Some(quote) => value[1..].split(quote).next(),
        None => value.split(|c: char| c.is_whitespace() || c == '>').next(),
    };
    value.map(str::to_owned)
}
