//! The tree of MIME parts (RFC 2046): one pass over the lines, whatever the nesting.

use super::anomaly::Anomaly;
use super::header::{self, Header};
use super::params::{self, Params};
use super::parse::{Parsed, Policy};
use super::part::Part;
use super::readings::says_something;
use super::settings::Limits;
use std::ops::Range;
use std::sync::Arc;

/// A multipart whose end was not seen yet.
struct Open {
    part: usize,
    /// More than one if the field declares several: readers disagree which one counts.
    boundaries: Vec<Vec<u8>>,
    children: usize,
    /// One of several boundaries ended it: for readers of another one it goes on.
    ended: bool,
}

struct Walker<'w> {
    /// The bytes, line ends usable.
    bytes: &'w [u8],
    raw: &'w Arc<[u8]>,
    limits: &'w Limits,
    policy: Policy,
    parsed: &'w mut Parsed,
    open: Vec<Open>,
    /// The part whose body is being read.
    leaf: Option<usize>,
    /// Where the text after a multipart's end begins.
    epilogue: Option<usize>,
    full: bool,
}

/// Reads the parts of a message whose header is `parsed.headers` and whose body starts at `body`.
pub(super) fn parse(
    bytes: &[u8],
    raw: &Arc<[u8]>,
    header: Range<usize>,
    limits: &Limits,
    policy: Policy,
    parsed: &mut Parsed,
) {
    let headers = std::mem::take(&mut parsed.headers);
    let body = header.end;
    let mut walker =
        Walker { bytes, raw, limits, policy, parsed, open: Vec::new(), leaf: None, epilogue: None, full: false };
    walker.enter(&headers, header);
    walker.walk(body);
    walker.finish();
    parsed.headers = headers;
}

impl Walker<'_> {
    /// Looks at every line that begins with two hyphens.
    fn walk(&mut self, body: usize) {
        let bytes = self.bytes;
        let mut at = body;
        if !bytes[at.min(bytes.len())..].starts_with(b"--") {
            at = self.next_candidate(at);
        }
        while at < bytes.len() && !self.open.is_empty() && !self.full {
            let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |found| at + found + 1);
            let next = match self.delimiter(bytes[at..end].trim_ascii_end()) {
                Some((level, closes)) => self.boundary(at, end, level, closes),
                None => end,
            };
            at = if bytes[next..].starts_with(b"--") { next } else { self.next_candidate(next) };
        }
    }

    /// The next line after `at` that begins with two hyphens; the end without one.
    fn next_candidate(&self, at: usize) -> usize {
        // The line break before `at` may belong to the candidate.
        let from = at.saturating_sub(1);
        let rest = self.bytes.get(from..).unwrap_or_default();
        memchr::memmem::find(rest, b"\n--").map_or(self.bytes.len(), |found| from + found + 1)
    }

    /// Which open multipart a line belongs to (innermost first), and whether it ends it.
    fn delimiter(&self, line: &[u8]) -> Option<(usize, bool)> {
        let text = line.strip_prefix(b"--")?;
        let ending = text.strip_suffix(b"--");
        self.open.iter().enumerate().rev().find_map(|(level, open)| {
            let is = |text: &[u8]| open.boundaries.iter().any(|boundary| boundary == text);
            match ending {
                _ if is(text) => Some((level, false)),
                Some(ending) if is(ending) => Some((level, true)),
                _ => None,
            }
        })
    }

    /// A delimiter line: ends what is inside, begins the next part. Returns where to go on.
    fn boundary(&mut self, at: usize, end: usize, level: usize, closes: bool) -> usize {
        self.end_leaf(before_line_break(self.bytes, at));
        self.note_epilogue(at);
        if self.open.len() > level + 1 {
            self.truncated(level + 1);
        }
        while self.open.len() > level + 1 {
            self.close(at);
        }
        if closes && self.open[level].boundaries.len() > 1 {
            self.open[level].ended = true;
            return end;
        }
        if closes {
            self.close(at);
            self.epilogue = Some(end);
            return end;
        }
        self.note_preamble(at);
        self.begin_part(end)
    }

    /// Text before the first part: no reader shows it, some take it for a part.
    fn note_preamble(&mut self, at: usize) {
        let Some(open) = self.open.last().filter(|open| open.children == 0) else { return };
        let start = self.parsed.parts[open.part].raw_range.start;
        let range = start.min(at)..at;
        if says_something(&self.bytes[range.clone()]) {
            self.anomaly("text-before-multipart", "text before the first part of a multipart", Some(range));
        }
    }

    fn begin_part(&mut self, start: usize) -> usize {
        if self.parsed.parts.len() >= self.limits.parts {
            self.full = true;
            let detail = format!("parts: only the first {} parts were read", self.limits.parts);
            self.parsed.limits_hit.push(detail);
            self.anomaly("too-many-parts", "more parts than are looked at", Some(start..self.bytes.len()));
            return self.bytes.len();
        }
        let section = header::part_section(self.bytes, start, self.limits, &|line| self.delimiter(line).is_some());
        if let Some(open) = self.open.last_mut() {
            open.children += 1;
        }
        self.enter(&section.headers, start..section.end);
        section.end
    }

    /// Makes a part of a header section and opens it.
    fn enter(&mut self, headers: &[Header], header_range: Range<usize>) {
        let last = self.policy.last_field;
        let first = |name: &str| {
            let mut named = headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
            if last { named.next_back() } else { named.next() }
        };
        let content = first("content-type").map(|header| Params::parse(&header.raw)).unwrap_or_default();
        let disposition = first("content-disposition").map(|header| Params::parse(&header.raw)).unwrap_or_default();
        let encoding = first("content-transfer-encoding").map(|header| Params::parse(&header.raw).value);
        let parent = self.open.last().map(|open| open.part);
        let content_type = self.content_type(&content.value, parent);
        let name = disposition.get("filename").or_else(|| disposition.get("name")).or_else(|| content.get("name"));
        let name = name.map(clean_file_name).and_then(non_empty);
        let all_names = disposition.all("filename").chain(content.all("name"));
        let declared =
            first("content-type").map(|header| &*header.raw).filter(|_| content.value.starts_with("multipart/"));
        let encoding = encoding.and_then(|value| value.split_whitespace().next().map(str::to_owned));
        let part = Part {
            number: self.number(parent),
            charset: content.get("charset").map(|name| name.trim().replace('"', "").to_lowercase()),
            disposition: non_empty(disposition.value.clone()),
            other_names: name.as_deref().map(|name| other_names(name, all_names)).unwrap_or_default(),
            file_name: name,
            declared: declared.map(str::to_owned),
            content_id: first("content-id").and_then(|header| non_empty(bare(&header.value))),
            transfer_encoding: encoding,
            is_message: matches!(content_type.as_str(), "message/rfc822" | "message/global"),
            raw_range: header_range.end..self.bytes.len(),
            header_range,
            parent,
            raw: Arc::clone(self.raw),
            text_limit: self.limits.text_bytes,
            content_type,
            ..Part::default()
        };
        if parent.is_some() {
            self.part_facts(headers, &part);
        }
        self.name_facts(&part);
        self.open(part, &content);
    }

    fn open(&mut self, part: Part, content: &Params) {
        let index = self.parsed.parts.len();
        let body = part.raw_range.start;
        let is_multipart = part.is_multipart();
        let encoded = matches!(part.transfer_encoding.as_deref(), Some("base64" | "quoted-printable"));
        let place = part.header_range.clone();
        self.parsed.parts.push(part);
        if !is_multipart {
            self.leaf = Some(index);
            return;
        }
        if encoded {
            self.anomaly("encoded-multipart", "a transfer encoding that a multipart cannot have", Some(place.clone()));
        }
        if self.open.len() >= self.limits.depth {
            self.leaf = Some(index);
            let detail = format!("depth: multiparts nested deeper than {} were not read", self.limits.depth);
            if !self.parsed.limits_hit.contains(&detail) {
                self.parsed.limits_hit.push(detail);
                self.anomaly("too-deep", "multiparts are nested deeper than is looked at", Some(place));
            }
            return;
        }
        let declared = self.parsed.parts[index].declared.clone().unwrap_or_default();
        let boundaries = self.boundaries(content, &declared, body, place);
        self.open.push(Open { part: index, boundaries, children: 0, ended: false });
    }

    /// All that some reader may take for the boundary: each of them begins parts, so that the texts and
    /// files of all readings are there.
    fn boundaries(&mut self, content: &Params, field: &str, body: usize, place: Range<usize>) -> Vec<Vec<u8>> {
        let mut declared: Vec<Vec<u8>> = Vec::new();
        for boundary in content.all("boundary").map(str::trim_end).filter(|boundary| !boundary.is_empty()) {
            if !declared.iter().any(|known| known == boundary.as_bytes()) && declared.len() < 4 {
                declared.push(boundary.as_bytes().to_vec());
            }
        }
        if declared.len() > 1 {
            self.anomaly("duplicate-boundary", "a multipart declares several boundaries", Some(place.clone()));
        }
        for hidden in params::hidden_boundaries(field) {
            if !declared.iter().any(|known| known == hidden.as_bytes()) && declared.len() < 8 {
                declared.push(hidden.into_bytes());
                let detail = "a boundary that some readers read and some do not";
                self.anomaly("hidden-boundary", detail, Some(place.clone()));
            }
        }
        let outer = declared.iter().any(|b| self.open.iter().any(|open| open.boundaries.contains(b)));
        if outer {
            self.anomaly("reused-boundary", "a multipart within another uses its boundary", Some(place.clone()));
        }
        if declared.is_empty() {
            self.anomaly("missing-boundary", "a multipart declares no boundary", Some(place));
            declared.extend(guessed_boundary(&self.bytes[body.min(self.bytes.len())..]));
        }
        declared
    }

    fn content_type(&self, declared: &str, parent: Option<usize>) -> String {
        let in_digest = parent.is_some_and(|parent| self.parsed.parts[parent].content_type == "multipart/digest");
        match declared {
            "" if in_digest => "message/rfc822".into(),
            "" => "text/plain".into(),
            // `text / html` and `text/html charset=x` occur.
            _ => declared.replace(" /", "/").replace("/ ", "/").split_whitespace().next().unwrap_or("").into(),
        }
    }

    fn number(&self, parent: Option<usize>) -> String {
        let Some(open) = self.open.last() else { return String::new() };
        match parent.map(|parent| self.parsed.parts[parent].number.as_str()) {
            Some(number) if !number.is_empty() => format!("{number}.{}", open.children),
            Some(_) | None => open.children.to_string(),
        }
    }

    fn part_facts(&mut self, headers: &[Header], part: &Part) {
        for name in ["content-type", "content-transfer-encoding", "content-disposition"] {
            let count = headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name)).count();
            if count > 1 {
                let detail = format!("the header `{name}` occurs {count} times in part {}", part.number);
                let anomaly = Anomaly::new("duplicate-header", detail, Some(part.header_range.clone()));
                self.parsed.anomalies.push(anomaly);
            }
        }
    }

    /// Two names of which readers show the one or the other.
    fn name_facts(&mut self, part: &Part) {
        if let (Some(name), Some(other)) = (&part.file_name, part.other_names.first()) {
            let detail = format!("a file is named `{}` and `{}`", name.escape_debug(), other.escape_debug());
            let place = Some(part.header_range.clone());
            self.parsed.anomalies.push(Anomaly::new("conflicting-file-names", detail, place));
        }
    }

    fn end_leaf(&mut self, end: usize) {
        if let Some(part) = self.leaf.take().and_then(|leaf| self.parsed.parts.get_mut(leaf)) {
            part.raw_range.end = end.max(part.raw_range.start);
        }
    }

    /// Ends the innermost multipart.
    fn close(&mut self, end: usize) {
        let Some(open) = self.open.pop() else { return };
        let body = self.parsed.parts[open.part].raw_range.start;
        let end = end.max(body);
        self.parsed.parts[open.part].raw_range.end = end;
        self.parsed.parts[open.part].children = open.children;
        if open.children == 0 {
            self.undivided(open.part, body..end);
        }
    }

    /// The boundary never appears: some readers show the whole as text, so we read it as such.
    fn undivided(&mut self, multipart: usize, range: Range<usize>) {
        let detail = "a multipart whose boundary never appears";
        self.anomaly("missing-boundary", detail, Some(range.clone()));
        let body = &self.bytes[range.clone()];
        if body.trim_ascii().is_empty() || self.parsed.parts.len() >= self.limits.parts {
            return;
        }
        let head = body[..body.len().min(4096)].to_ascii_lowercase();
        let is_html =
            memchr::memmem::find(&head, b"<html").is_some() || memchr::memmem::find(&head, b"<body").is_some();
        self.parsed.parts[multipart].children = 1;
        let number = self.parsed.parts[multipart].number.clone();
        self.parsed.parts.push(Part {
            number: if number.is_empty() { "1".into() } else { format!("{number}.1") },
            content_type: if is_html { "text/html".into() } else { "text/plain".into() },
            header_range: range.start..range.start,
            raw_range: range,
            parent: Some(multipart),
            raw: Arc::clone(self.raw),
            text_limit: self.limits.text_bytes,
            ..Part::default()
        });
    }

    fn finish(&mut self) {
        let end = self.bytes.len();
        self.end_leaf(end);
        self.note_epilogue(end);
        if !self.full && self.open.iter().any(|open| open.children > 0 && !open.ended) {
            self.truncated(0);
        }
        while !self.open.is_empty() {
            self.close(end);
        }
    }

    /// Text after a multipart: no reader shows it, some scanners read it.
    fn note_epilogue(&mut self, end: usize) {
        let Some(start) = self.epilogue.take() else { return };
        let range = start.min(end)..end;
        let text = self.bytes[range.clone()].trim_ascii();
        // Mailing lists and old gateways leave a line or two.
        if text.len() > 200 {
            self.anomaly("text-after-multipart", "text that belongs to no part", Some(range));
        }
    }

    fn truncated(&mut self, level: usize) {
        let inner = self.open.iter().skip(level).find(|open| open.children > 0 && !open.ended);
        if let Some(range) = inner.map(|open| self.parsed.parts[open.part].header_range.clone()) {
            self.anomaly("truncated-multipart", "a multipart without its closing delimiter", Some(range));
        }
    }

    fn anomaly(&mut self, kind: &'static str, detail: &'static str, range: Option<Range<usize>>) {
        self.parsed.anomalies.push(Anomaly::new(kind, detail, range));
    }
}

/// The line break before a delimiter belongs to the delimiter.
fn before_line_break(bytes: &[u8], at: usize) -> usize {
    let before = &bytes[..at];
    before.strip_suffix(b"\r\n").or_else(|| before.strip_suffix(b"\n")).unwrap_or(before).len()
}

/// A line `--text` with a `Content-` field in the next line.
fn guessed_boundary(body: &[u8]) -> Option<Vec<u8>> {
    let lines = body.split(|byte| *byte == b'\n').take(1_000).map(<[u8]>::trim_ascii_end);
    let next = lines.clone().skip(1);
    lines.zip(next).find_map(|(line, next)| {
        let boundary = line.strip_prefix(b"--").filter(|boundary| !boundary.is_empty())?;
        next.get(..8)?.eq_ignore_ascii_case(b"content-").then(|| boundary.to_vec())
    })
}

fn non_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn bare(text: &str) -> String {
    text.trim().trim_matches(['<', '>']).to_owned()
}

/// Names with another extension than the one that is shown; others differ in how they are encoded.
fn other_names<'n>(shown: &str, all: impl Iterator<Item = &'n str>) -> Vec<String> {
    let extension = |name: &str| name.rsplit_once('.').map(|(_, extension)| extension.trim().to_lowercase());
    let mut others: Vec<String> = Vec::new();
    for name in all.map(clean_file_name).filter(|name| !name.is_empty()) {
        if extension(&name) != extension(shown) && !others.contains(&name) && others.len() < 4 {
            others.push(name);
        }
    }
    others
}

fn clean_file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}
