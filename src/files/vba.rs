//! What matters in the source of macros in Visual Basic for Applications: the words that run it, what it
//! could do, and indicators in it.

use aho_corasick::AhoCorasick;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Most findings of one kind.
const MOST: usize = 1_000;

/// A word in macros.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Keyword {
    /// `autoexec`, `suspicious`, `ioc` or `hex_string`.
    pub kind: &'static str,
    /// The word as it is known, or what was found.
    pub keyword: String,
    /// What it means.
    pub description: &'static str,
}

/// What the sources of a document hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Macros {
    /// Words that matter, sorted by kind.
    pub keywords: Vec<Keyword>,
}

const OPENED: &str = "runs when the document is opened";
const CLOSED: &str = "runs when the document is closed";
const EVENT: &str = "runs by itself when something is shown or touched";

/// Procedures that run by themselves.
const AUTO: &[(&str, &str)] = &[
    ("AutoExec", OPENED),
    ("AutoOpen", OPENED),
    ("Auto_Open", OPENED),
    ("AutoNew", OPENED),
    ("DocumentOpen", OPENED),
    ("Document_Open", OPENED),
    ("Document_New", OPENED),
    ("NewDocument", OPENED),
    ("Workbook_Open", OPENED),
    ("Workbook_Activate", OPENED),
    ("AutoClose", CLOSED),
    ("Auto_Close", CLOSED),
    ("AutoExit", CLOSED),
    ("Document_Close", CLOSED),
    ("DocumentBeforeClose", CLOSED),
    ("Workbook_Close", CLOSED),
    ("Workbook_BeforeClose", CLOSED),
    ("Document_ContentControlOnEnter", EVENT),
    ("Document_BeforePrint", EVENT),
    ("Worksheet_Calculate", EVENT),
    ("Worksheet_Change", EVENT),
    ("Workbook_SheetCalculate", EVENT),
    ("Auto_Ope", OPENED),
];

/// Endings of the names of event procedures of controls.
const EVENTS: &[&str] = &[
    "_Layout",
    "_Painted",
    "_Painting",
    "_GotFocus",
    "_LostFocus",
    "_MouseHover",
    "_MouseMove",
    "_Resize",
    "_Change",
    "_BeforeNavigate2",
    "_DownloadBegin",
    "_DocumentComplete",
    "_StatusTextChange",
    "_onConnecting",
];

const RUNS: &str = "may run a program";
const LOADS: &str = "may download a file";
const WRITES: &str = "may write or delete a file";
const OBJECTS: &str = "may create or reach an object of another program";
const INJECTS: &str = "may run machine code";
const HIDES: &str = "may hide text from readers";
const READS: &str = "may read about the machine or its user";
const CHANGES: &str = "may change security settings or other macros";

const SUSPICIOUS: &[(&str, &str)] = &[
    ("Shell", RUNS),
    ("ShellExecute", RUNS),
    ("WScript.Shell", RUNS),
    ("Shell.Application", RUNS),
    ("powershell", RUNS),
    ("cmd.exe", RUNS),
    ("mshta", RUNS),
    ("rundll32", RUNS),
    ("regsvr32", RUNS),
    ("cscript", RUNS),
    ("wscript", RUNS),
    ("wmic", RUNS),
    ("Win32_Process", RUNS),
    ("winmgmts", RUNS),
    ("vbHide", RUNS),
    ("vbNormalFocus", RUNS),
    ("MacScript", RUNS),
    ("AppleScript", RUNS),
    ("SendKeys", RUNS),
    ("ExecuteExcel4Macro", RUNS),
    ("schtasks", RUNS),
    ("URLDownloadToFile", LOADS),
    ("URLDownloadToFileA", LOADS),
    ("Microsoft.XMLHTTP", LOADS),
    ("MSXML2.XMLHTTP", LOADS),
    ("MSXML2.ServerXMLHTTP", LOADS),
    ("WinHttp.WinHttpRequest.5.1", LOADS),
    ("Net.WebClient", LOADS),
    ("DownloadFile", LOADS),
    ("DownloadString", LOADS),
    ("User-Agent", LOADS),
    ("certutil", LOADS),
    ("bitsadmin", LOADS),
    ("ADODB.Stream", WRITES),
    ("SaveToFile", WRITES),
    ("CreateTextFile", WRITES),
    ("FileCopy", WRITES),
    ("CopyFile", WRITES),
    ("Kill", WRITES),
    ("Put", WRITES),
    ("Scripting.FileSystemObject", WRITES),
    ("CreateObject", OBJECTS),
    ("GetObject", OBJECTS),
    ("CallByName", OBJECTS),
    ("VirtualAlloc", INJECTS),
    ("VirtualAllocEx", INJECTS),
    ("VirtualProtect", INJECTS),
    ("RtlMoveMemory", INJECTS),
    ("WriteProcessMemory", INJECTS),
    ("CreateThread", INJECTS),
    ("CreateRemoteThread", INJECTS),
    ("EnumSystemLanguageGroupsW", INJECTS),
    ("Lib", INJECTS),
    ("Chr", HIDES),
    ("ChrB", HIDES),
    ("ChrW", HIDES),
    ("StrReverse", HIDES),
    ("Xor", HIDES),
    ("FromBase64String", HIDES),
    ("bin.base64", HIDES),
    ("Environ", READS),
    ("RegRead", READS),
    ("RegOpenKeyExA", READS),
    ("Application.UserName", READS),
    ("VBProject", CHANGES),
    ("VBComponents", CHANGES),
    ("AccessVBOM", CHANGES),
    ("VBAWarnings", CHANGES),
    ("RegWrite", CHANGES),
    ("ProtectedView", CHANGES),
    ("DisableAttachmentsInPV", CHANGES),
];

static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let words = AUTO.iter().chain(SUSPICIOUS).map(|(word, _)| *word).chain(EVENTS.iter().copied());
    AhoCorasick::builder().ascii_case_insensitive(true).build(words).expect("a few words")
});

impl Macros {
    /// Looks through sources.
    pub fn of<'s>(sources: impl IntoIterator<Item = &'s str>) -> Self {
        let mut found = BTreeSet::new();
        for source in sources {
            words(source, &mut found);
            texts(source, &mut found);
        }
        Self { keywords: found.into_iter().collect() }
    }

    /// Those of a kind, by name.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.keywords.iter().filter(move |keyword| keyword.kind == kind).map(|keyword| keyword.keyword.as_str())
    }
}

fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn words(source: &str, found: &mut BTreeSet<Keyword>) {
    let bytes = source.as_bytes();
    for hit in WORDS.find_overlapping_iter(source) {
        let free = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_none_or(|byte| !in_word(*byte));
        let (begins, ends) = (free(hit.start().checked_sub(1)), free(Some(hit.end())));
        let index = hit.pattern().as_usize();
        let known = AUTO.len() + SUSPICIOUS.len();
        let (kind, (word, description)) = match index {
            index if index < AUTO.len() => ("autoexec", AUTO[index]),
            index if index < known => ("suspicious", SUSPICIOUS[index - AUTO.len()]),
            index => ("autoexec", (EVENTS[index - known], EVENT)),
        };
        // An ending needs a name before it.
        if ends && (begins || index >= known) {
            found.insert(Keyword { kind, keyword: word.to_owned(), description });
        }
    }
}

/// URLs, and texts in quotes that are hexadecimal.
fn texts(source: &str, found: &mut BTreeSet<Keyword>) {
    let mut left = MOST;
    for line in source.lines() {
        for (index, text) in line.split('"').enumerate() {
            if left == 0 {
                return;
            }
            if index % 2 == 1 && is_hex(text) {
                left -= 1;
                let description = "a text in hexadecimal digits";
                found.insert(Keyword { kind: "hex_string", keyword: text.to_owned(), description });
            }
        }
        if line.contains("://") {
            for (range, _) in crate::message::urls_in(line).into_iter().take(left) {
                left -= 1;
                let keyword = line.get(range).unwrap_or("").to_owned();
                found.insert(Keyword { kind: "ioc", keyword, description: "a URL" });
            }
        }
    }
}

fn is_hex(text: &str) -> bool {
    text.len() >= 10 && text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_matter() {
        let source = "Sub Document_Open()\n x = \"48656c6c6f21\"\n Shell \"powershell -c https://example.com/a\", vbHide\nEnd Sub\nSub Ink_Painted()\nPutty = 1\n";
        let macros = Macros::of([source]);
        assert_eq!(macros.of_kind("autoexec").collect::<Vec<_>>(), ["Document_Open", "_Painted"]);
        assert_eq!(macros.of_kind("suspicious").collect::<Vec<_>>(), ["Shell", "powershell", "vbHide"]);
        assert_eq!(macros.of_kind("hex_string").collect::<Vec<_>>(), ["48656c6c6f21"]);
        assert_eq!(macros.of_kind("ioc").collect::<Vec<_>>(), ["https://example.com/a"]);
    }
}
