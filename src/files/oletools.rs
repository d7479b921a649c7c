//! The findings about an Office document that analysts know from oletools: macros, what is loaded from
//! elsewhere, encryption. All of it comes from the document and from what lies in it.

use super::{File, Macros};
use std::sync::Arc;

/// A place that a document refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relationship {
    /// Kind: `hyperlink`, `attachedTemplate`, `oleObject` ...
    pub name: String,
    /// Target as written.
    pub target: String,
}

impl Relationship {
    /// True if the target is loaded when the document is opened, without a click.
    pub fn loads(&self) -> bool {
        let name = self.name.to_ascii_lowercase();
        let kinds =
            ["attachedtemplate", "oleobject", "frame", "subdocument", "externallink", "externallinkpath", "template"];
        kinds.contains(&name.as_str())
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// Not at all.
    None,
    /// Usual.
    Info,
    /// Somewhat.
    Medium,
    /// Bad.
    High,
}

impl Risk {
    /// The name in rules.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Info => "info",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indicator {
    /// It holds.
    pub exists: bool,
    /// Detail.
    pub value: String,
    /// How bad.
    pub risk: Risk,
}

/// All findings about a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tools {
    /// Places outside the document.
    pub relationships: Vec<Relationship>,
    /// Words in its macros.
    pub macros: Macros,
    /// The type and version of the document.
    pub file_format: Indicator,
    /// A password is needed.
    pub encryption: Indicator,
    /// Macros.
    pub vba_macros: Indicator,
    /// Excel 4.0 macros.
    pub xlm_macros: Indicator,
    /// Something is loaded from elsewhere when it is opened.
    pub external_relationships: Indicator,
    /// Objects of other programs.
    pub object_pool: Indicator,
    /// Data from another program.
    pub dde: Indicator,
}

/// The relationships that lead out of a document.
pub(super) fn relationships(file: &File) -> Vec<Relationship> {
    let office = file.office.iter().flat_map(|office| &office.external);
    let office = office.map(|(name, target)| Relationship { name: name.clone(), target: target.clone() });
    let template = file.rich.as_ref().and_then(|rich| rich.template.clone());
    let ole = file.ole.as_ref().and_then(|ole| ole.template.clone()).filter(|target| target.contains("://"));
    let templates = template.into_iter().chain(ole);
    office.chain(templates.map(|target| Relationship { name: "attachedTemplate".into(), target })).collect()
}

impl Tools {
    /// The findings about a document, given with what lies in it; `None` if it is no Office document.
    pub fn of(files: &[Arc<File>]) -> Option<Self> {
        let document = files.first()?;
        let format = format(document.kind)?;
        let any = |holds: fn(&File) -> bool| files.iter().any(|file| holds(file));
        let relationships: Vec<_> = files.iter().flat_map(|file| relationships(file)).collect();
        let macros = Macros { keywords: keywords(files) };
        let loads = relationships.iter().filter(|found| found.loads()).count();
        let encrypted = document.encrypted();
        Some(Self {
            file_format: Indicator { exists: true, value: format.into(), risk: Risk::Info },
            encryption: Indicator { exists: encrypted, value: encrypted.to_string(), risk: Risk::None },
            vba_macros: vba(any(has_macros), &macros),
            xlm_macros: found(any(|file| file.flagged("xlm")), Risk::Medium),
            external_relationships: Indicator {
                exists: loads > 0,
                value: loads.to_string(),
                risk: if loads > 0 { Risk::High } else { Risk::None },
            },
            object_pool: found(any(|file| file.flagged("embedded_object")), Risk::Medium),
            dde: found(any(|file| file.flagged("dde")), Risk::High),
            relationships,
            macros,
        })
    }
}

fn has_macros(file: &File) -> bool {
    file.macros().is_some() || file.office.as_ref().is_some_and(|office| office.macros)
}

fn keywords(files: &[Arc<File>]) -> Vec<super::Keyword> {
    let mut keywords: Vec<_> = files.iter().filter_map(|file| file.macros()).flat_map(|m| m.keywords.clone()).collect();
    keywords.sort();
    keywords.dedup();
    keywords
}

fn vba(there: bool, macros: &Macros) -> Indicator {
    let suspicious = macros.of_kind("suspicious").next().is_some();
    let (value, risk) = match (there, suspicious) {
        (false, _) => ("no", Risk::None),
        (true, false) => ("yes", Risk::Medium),
        (true, true) => ("yes, suspicious", Risk::High),
    };
    Indicator { exists: there, value: value.into(), risk }
}

fn found(there: bool, risk: Risk) -> Indicator {
    Indicator { exists: there, value: there.to_string(), risk: if there { risk } else { Risk::None } }
}

/// The names that oletools gives to formats.
fn format(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "doc" => "MS Word 97-2003 Document or Template",
        "xls" => "MS Excel 97-2003 Workbook or Template",
        "ppt" => "MS PowerPoint 97-2003 Presentation or Template",
        "docx" => "MS Word 2007+ Document",
        "docm" => "MS Word 2007+ Macro-Enabled Document",
        "xlsx" => "MS Excel 2007+ Workbook",
        "xlsm" => "MS Excel 2007+ Macro-Enabled Workbook",
        "xlsb" => "MS Excel 2007+ Binary Workbook",
        "pptx" => "MS PowerPoint 2007+ Presentation",
        "pptm" => "MS PowerPoint 2007+ Macro-Enabled Presentation",
        "rtf" => "Rich Text Format",
        "odt" => "OpenDocument Text",
        "ods" => "OpenDocument Spreadsheet",
        "odp" => "OpenDocument Presentation",
        "ole" | "msg" | "msi" => "Generic OLE file / Compound File (unknown format)",
        _ => return None,
    })
}
