//! What scanners find in one file. Each runs when it is first asked for, at most once.

use super::{Calendar, File, Script};
use crate::message::{Html, Url, decode_text};
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

/// What an archive says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zip {
    /// Some file in it needs a password.
    pub encrypted: bool,
    /// Names in it, folders included.
    pub all_paths: Vec<String>,
    /// Names of the files that were unpacked.
    pub attempted: Vec<String>,
    /// Bytes of the first file before it was packed, as the archive says.
    pub first_size: Option<i64>,
}

/// What a PDF document says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pdf {
    /// Where its links lead, as written, each once.
    pub urls: Vec<String>,
    /// It holds a script.
    pub javascript: bool,
    /// It needs a password.
    pub encrypted: bool,
    /// It could not be read.
    pub damaged: bool,
    /// Title.
    pub title: Option<String>,
    /// Author.
    pub author: Option<String>,
    /// The program that made the document.
    pub creator: Option<String>,
    /// The program that wrote the PDF.
    pub producer: Option<String>,
    /// Pages.
    pub pages: Option<i64>,
    /// SHA-256 over the kinds of its objects in order: documents of one generator agree.
    pub object_hash: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Scans {
    strings: OnceLock<Vec<Arc<str>>>,
    urls: OnceLock<Urls>,
    html: OnceLock<Option<Arc<Html>>>,
    pdf: OnceLock<Option<Pdf>>,
    script: OnceLock<Option<Script>>,
    calendar: OnceLock<Option<Calendar>>,
}

impl File {
    /// Readable runs of four characters and more: ASCII, and UTF-16 of it; of text files the lines.
    pub fn strings(&self) -> &[Arc<str>] {
        self.scans.strings.get_or_init(|| {
            let bytes = &self.bytes[..self.bytes.len().min(TEXT)];
            let mut runs: Vec<Arc<str>> = if self.is_text() {
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
        matches!(self.kind, "txt" | "html" | "xml" | "svg" | "js" | "json" | "ics" | "vcf" | "ps1" | "eml")
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
            if let Some(office) = &self.office {
                office.external.iter().for_each(|(_, target)| found.written(target));
            }
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
        self.scans.pdf.get_or_init(|| if self.kind == "pdf" { read_pdf(&self.bytes) } else { None }).as_ref()
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
        let mut counts = [0_u64; 256];
        self.bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
        let total = self.bytes.len().max(1) as f64;
        let shares = counts.iter().filter(|count| **count > 0).map(|count| *count as f64 / total);
        shares.map(|share| -share * share.log2()).sum::<f64>().abs()
    }

    /// Width and height in pixels, of PNG, GIF, JPEG and BMP files.
    pub fn pixels(&self) -> Option<(i64, i64)> {
        pixels(self.kind, &self.bytes)
    }

    /// MD5, SHA-1 and SHA-256 in lower-case hexadecimal.
    pub fn hashes(&self) -> [Arc<str>; 3] {
        use crate::message::hex;
        [hex(&Md5::digest(&self.bytes)), hex(&Sha1::digest(&self.bytes)), hex(&Sha256::digest(&self.bytes))]
    }
}

#[cfg(feature = "files")]
fn read_pdf(bytes: &Arc<[u8]>) -> Option<Pdf> {
    super::guard::quietly(|| super::pdf::read(bytes)).or(Some(Pdf { damaged: true, ..Pdf::default() }))
}

#[cfg(not(feature = "files"))]
fn read_pdf(_: &Arc<[u8]>) -> Option<Pdf> {
    None
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

/// Sizes as the formats' headers give them.
fn pixels(kind: &str, bytes: &[u8]) -> Option<(i64, i64)> {
    let big = |at: usize, width: usize| {
        let bytes = bytes.get(at..at + width)?;
        Some(bytes.iter().fold(0_i64, |number, byte| number << 8 | i64::from(*byte)))
    };
    let little = |at: usize, width: usize| {
        let bytes = bytes.get(at..at + width)?;
        Some(bytes.iter().rev().fold(0_i64, |number, byte| number << 8 | i64::from(*byte)))
    };
    match kind {
        "png" => Some((big(16, 4)?, big(20, 4)?)),
        "gif" => Some((little(6, 2)?, little(8, 2)?)),
        "bmp" => Some((little(18, 4)?, little(22, 4)?)),
        "jpeg" | "jpg" => {
            let mut at = 2;
            // Segments (ITU-T T.81, B.1.1.4): a marker, a length, content; SOF markers hold the size.
            while big(at, 1)? == 0xFF {
                let marker = big(at + 1, 1)?;
                if matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC) {
                    return Some((big(at + 7, 2)?, big(at + 5, 2)?));
                }
                at += 2 + usize::try_from(big(at + 2, 2)?).ok()?.max(2);
            }
            None
        }
        _ => None,
    }
}
