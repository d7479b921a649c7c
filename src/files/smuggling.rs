//! Signs that a page makes a file out of its own text and lets the reader save it: HTML smuggling
//! (MITRE ATT&CK T1027.006). Each sign alone is common; a payload and a way to save it are not.

use super::{File, Script};

/// All signs, each with its meaning.
pub const SIGNS: &[(&str, &str)] = &[
    ("atob", "base64 is decoded"),
    ("auto_click", "a link is clicked by the script"),
    ("blob", "a file is made in memory"),
    ("data_url_file", "a link holds the file as a `data:` URL"),
    ("document_write", "the page writes itself"),
    ("download_attribute", "a link is saved, not opened"),
    ("eval", "a text is run as a script"),
    ("file_reader", "a file in memory is read"),
    ("from_char_code", "a text is made of numbers"),
    ("large_base64", "a text of more than 4,000 base64 characters"),
    ("object_url", "a file in memory gets an address"),
    ("save_blob", "a file in memory is saved"),
    ("unescape", "escapes are decoded"),
];

/// Characters from which base64 is large.
const LARGE: usize = 4_000;

const NAMES: &[(&str, &str)] = &[
    ("atob", "atob"),
    ("click", "auto_click"),
    ("dispatchEvent", "auto_click"),
    ("Blob", "blob"),
    ("File", "blob"),
    ("Uint8Array", "blob"),
    ("write", "document_write"),
    ("writeln", "document_write"),
    ("download", "download_attribute"),
    ("eval", "eval"),
    ("Function", "eval"),
    ("FileReader", "file_reader"),
    ("fromCharCode", "from_char_code"),
    ("createObjectURL", "object_url"),
    ("msSaveBlob", "save_blob"),
    ("msSaveOrOpenBlob", "save_blob"),
    ("saveAs", "save_blob"),
    ("unescape", "unescape"),
    ("decodeURIComponent", "unescape"),
];

/// The signs in a page and its scripts, sorted.
pub(super) fn signs(page: &str, script: Option<&Script>) -> Vec<&'static str> {
    let mut found: Vec<&str> = Vec::new();
    if let Some(script) = script {
        // Names are written as texts too: `window["atob"]`.
        for name in script.identifiers.iter().chain(script.strings.iter().filter(|text| text.len() < 32)) {
            found.extend(NAMES.iter().filter(|(known, _)| known == name).map(|(_, sign)| *sign));
        }
        found.extend(script.strings.iter().any(|text| is_base64(text)).then_some("large_base64"));
    }
    found.extend(attributes(page));
    found.sort_unstable();
    found.dedup();
    found
}

/// Links that are saved, and those that hold a file.
fn attributes(page: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    for tag in page.split('<').skip(1) {
        // Only what begins like an element with a link; a tag's end is near.
        let head: String = tag.chars().take(2_000).collect::<String>().to_ascii_lowercase();
        let Some(rest) = head.strip_prefix("area").or_else(|| head.strip_prefix("a")) else { continue };
        let tag = rest.split('>').next().unwrap_or("");
        if !tag.starts_with(char::is_whitespace) {
            continue;
        }
        if tag.split(|c: char| c.is_whitespace() || c == '=').any(|word| word == "download") {
            found.push("download_attribute");
        }
        if tag.contains("data:application") || tag.contains("data:text/html") {
            found.push("data_url_file");
        }
    }
    found
}

fn is_base64(text: &str) -> bool {
    text.len() >= LARGE && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=\r\n".contains(&b))
}

impl File {
    /// The signs of smuggling in a page, a picture with scripts or a script.
    pub fn smuggling(&self) -> &[&'static str] {
        self.scans.smuggling(|| {
            let readable = matches!(self.kind, "html" | "svg" | "js");
            if readable { signs(&self.text().unwrap_or_default(), self.script()) } else { Vec::new() }
        })
    }

    /// True if a payload and a way to save it are there.
    pub fn smuggles(&self) -> bool {
        let signs = self.smuggling();
        let has = |wanted: &[&str]| signs.iter().any(|sign| wanted.contains(sign));
        let payload = has(&["atob", "large_base64", "unescape", "from_char_code", "data_url_file"]);
        let file = has(&["blob", "object_url", "data_url_file"]);
        let saved = has(&["save_blob", "download_attribute", "object_url"]);
        payload && file && saved
    }
}
