//! Findings about a file in one word each, so that a rule need not know every format.

use super::{File, oletools};

/// All flags, each with its meaning.
pub const FLAGS: &[(&str, &str)] = &[
    ("dde", "a document asks for data from another program, which runs it"),
    ("double_extension", "the name ends in a harmless and a dangerous extension, as `invoice.pdf.exe`"),
    ("embedded_object", "a document holds an object of another program"),
    ("encrypted", "a password is needed"),
    ("equation_editor", "a document holds an object of Equation Editor, whose faults are known"),
    ("executable", "a program, an installer or a script that the system runs"),
    ("external_template", "a document loads its template or an object from elsewhere when it is opened"),
    ("javascript", "a PDF document or a picture holds a script"),
    ("launch", "a PDF document starts a program or another document"),
    ("macro_auto_exec", "macros that run by themselves"),
    ("macros", "a document holds macros"),
    ("name_reversed", "the name holds a mark that reverses its letters"),
    ("open_action", "a PDF document does something when it is opened"),
    ("qr_code", "a picture holds a QR code"),
    ("shortcut", "a shortcut of Windows, which runs a command"),
    ("smuggling", "a page makes a file out of itself and lets it be saved"),
    ("type_mismatch", "the content is of another type than name or declaration say"),
    ("xlm", "a workbook holds Excel 4.0 macros"),
];

/// Extensions of what is run by a double click.
const RUN: &[&str] = &[
    "exe",
    "scr",
    "com",
    "pif",
    "bat",
    "cmd",
    "js",
    "jse",
    "vbs",
    "vbe",
    "wsf",
    "wsh",
    "hta",
    "msi",
    "lnk",
    "ps1",
    "jar",
    "cpl",
    "dll",
    "chm",
    "url",
    "iso",
    "img",
    "vhd",
    "appx",
    "msix",
    "application",
    "library-ms",
    "search-ms",
    "svg",
];
/// Extensions that look harmless before another.
const HARMLESS: &[&str] = &[
    "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "txt", "jpg", "jpeg", "png", "gif", "rtf", "csv", "mp3", "mp4",
    "wav", "htm", "html",
];

impl File {
    /// What is odd about the file, from [`FLAGS`], sorted.
    pub fn flags(&self) -> Vec<&'static str> {
        let mut flags = self.document();
        let all = [
            ("double_extension", self.double_extension()),
            ("executable", matches!(self.kind, "exe" | "msi" | "class" | "jar" | "ps1" | "js" | "vbs" | "bat" | "hta")),
            ("name_reversed", self.name.as_deref().is_some_and(|name| name.contains(['\u{202E}', '\u{202D}']))),
            ("qr_code", !self.codes().found.is_empty()),
            ("shortcut", self.kind == "lnk" || self.kind == "url"),
            ("smuggling", self.smuggles()),
            ("type_mismatch", self.mismatch),
        ];
        flags.extend(all.into_iter().filter(|(_, there)| *there).map(|(flag, _)| flag));
        flags.sort_unstable();
        flags.dedup();
        flags
    }

    /// What documents and archives say of themselves.
    fn document(&self) -> Vec<&'static str> {
        let (office, ole, rich, pdf) = (self.office.as_ref(), self.ole.as_ref(), self.rich.as_ref(), self.pdf());
        let macros = self.macros();
        let all = [
            ("dde", office.is_some_and(|o| o.dde) || ole.is_some_and(|o| o.dde) || rich.is_some_and(Rich::dde)),
            (
                "embedded_object",
                office.is_some_and(|o| o.objects)
                    || ole.is_some_and(|o| o.objects)
                    || rich.is_some_and(|rich| !rich.classes.is_empty()),
            ),
            ("encrypted", self.encrypted()),
            ("equation_editor", ole.is_some_and(|o| o.equation) || rich.is_some_and(Rich::equation)),
            ("external_template", oletools::relationships(self).iter().any(super::Relationship::loads)),
            ("javascript", pdf.is_some_and(|pdf| pdf.javascript) || self.kind == "svg" && self.script().is_some()),
            ("launch", pdf.is_some_and(|pdf| pdf.launch)),
            ("macro_auto_exec", macros.is_some_and(|macros| macros.of_kind("autoexec").next().is_some())),
            ("macros", macros.is_some() || office.is_some_and(|o| o.macros)),
            ("open_action", pdf.is_some_and(|pdf| pdf.open_action)),
            ("xlm", office.is_some_and(|o| o.xlm) || ole.is_some_and(|o| o.xlm)),
        ];
        all.into_iter().filter(|(_, there)| *there).map(|(flag, _)| flag).collect()
    }

    /// A password is needed to read the file or something in it.
    pub fn encrypted(&self) -> bool {
        let listed = self.listing.as_ref().is_some_and(|listing| listing.encrypted);
        let ole = self.ole.as_ref().is_some_and(|ole| ole.encrypted);
        listed || ole || self.pdf().is_some_and(|pdf| pdf.encrypted)
    }

    fn double_extension(&self) -> bool {
        let name = self.name.as_deref().unwrap_or("").to_lowercase();
        let mut pieces = name.rsplit('.').map(str::trim);
        let last = pieces.next().unwrap_or("");
        RUN.contains(&last) && pieces.next().is_some_and(|before| HARMLESS.contains(&before)) && pieces.next().is_some()
    }
}

use super::Rich;
