//! Office documents: what they say, their macros, what oletools would say of them.

use super::{all, text, texts, view_if};
use crate::builtins::Registry;
use crate::files::{File, Indicator, Keyword, Office, Relationship, Tools};
use crate::message::Url;
use crate::value::{Cost, EnumDecl, Value};
use std::sync::Arc;

struct OfficeDocument(Arc<File>);
pub(super) struct OleFile(pub(super) Arc<File>);
pub(super) struct RichText(pub(super) Arc<File>);
pub(super) struct Vba(pub(super) Arc<File>);
/// Where something is loaded from, or a link leads.
struct Related(Relationship);
struct Macro(Keyword);
struct Macros(Arc<Tools>);
struct Indicators(Arc<Tools>);
struct Finding(Indicator);

pub(super) fn document(file: &Arc<File>, kind: &str) -> Value {
    view_if(file.office.is_some() && file.kind.starts_with(kind), OfficeDocument, file)
}

fn properties(document: &OfficeDocument) -> Option<&Office> {
    document.0.office.as_ref()
}

pub(super) fn declare(r: &mut Registry) {
    documents(r);
    macros(r);
    tools(r);
}

fn documents(r: &mut Registry) {
    r.record::<OfficeDocument>("ScanOffice", "An Office document.")
        .field("author", "string?", Cost::Cheap, "Author.", |_, o| {
            text(properties(o).and_then(|o| o.author.as_deref()))
        })
        .field("image_count", "int?", Cost::Cheap, "Pictures.", |_, o| properties(o).map(|o| o.images).into())
        .field("word_count", "int?", Cost::Cheap, "Words.", |_, o| properties(o).and_then(|o| o.words).into())
        .field("text", "string?", Cost::Cheap, "Text, a paragraph or cell a line.", |_, o| {
            text(properties(o).map(|o| o.text.as_str()))
        });
    r.record::<OleFile>("ScanOle", "An OLE compound file.")
        .field("streams", "[string]", Cost::Cheap, "Paths of the streams in it.", |_, o| {
            texts(o.0.ole.iter().flat_map(|ole| &ole.streams))
        })
        .field("author", "string?", Cost::Cheap, "Author.", |_, o| {
            text(o.0.ole.as_ref().and_then(|ole| ole.author.as_deref()))
        })
        .field("encrypted", "bool", Cost::Cheap, "A password is needed.", |_, o| {
            o.0.ole.as_ref().is_some_and(|ole| ole.encrypted).into()
        });
    r.record::<RichText>("ScanRtf", "A rich text.")
        .field("object_classes", "[string]", Cost::Cheap, "Classes of the objects in it, as named.", |_, t| {
            texts(t.0.rich.iter().flat_map(|rich| &rich.classes))
        })
        .field("template", "string?", Cost::Cheap, "Where a template is loaded from.", |_, t| {
            text(t.0.rich.as_ref().and_then(|rich| rich.template.as_deref()))
        });
}

fn macros(r: &mut Registry) {
    fn kind(vba: &Vba, kind: &str) -> Value {
        texts(vba.0.macros().into_iter().flat_map(|macros| macros.of_kind(kind)))
    }
    r.record::<Vba>("ScanVba", "Macros.")
        .field("auto_exec", "[string]", Cost::Expensive, "Procedures that run by themselves.", |_, v| {
            kind(v, "autoexec")
        })
        .field("suspicious", "[string]", Cost::Expensive, "Words that programs of malice use.", |_, v| {
            kind(v, "suspicious")
        })
        .field("hex", "[string]", Cost::Expensive, "Hexadecimal texts.", |_, v| kind(v, "hex_string"))
        .field("ioc", "[string]", Cost::Expensive, "URLs.", |_, v| kind(v, "ioc"))
        .field("source", "string", Cost::Expensive, "Source of all modules.", |_, v| {
            Value::str(v.0.ole.as_ref().map(|ole| ole.macros.join("\n")).unwrap_or_default())
        });
}

fn tools(r: &mut Registry) {
    r.enumeration(EnumDecl {
        name: "Risk",
        doc: "How bad a finding is.",
        values: &["none", "info", "medium", "high"],
        ordered: true,
        open: false,
    });
    r.enumeration(EnumDecl {
        name: "MacroKeywordType",
        doc: "What a word in macros is a sign of.",
        values: &["autoexec", "suspicious", "ioc", "hex_string"],
        ordered: false,
        open: true,
    });
    r.record::<Related>("OleRelationship", "A place outside a document that it refers to.")
        .field("name", "string", Cost::Cheap, "Kind: `hyperlink`, `attachedTemplate`, `oleObject` ...", |_, l| {
            Value::str(l.0.name.as_str())
        })
        .field("target", "string", Cost::Cheap, "Target as written.", |_, l| Value::str(l.0.target.as_str()))
        .field("target_url", "Url?", Cost::Cheap, "Target, if it is a URL.", |_, l| {
            Url::parse(&l.0.target).map_or(Value::Null, Value::record)
        });
    r.record::<Macro>("MacroKeyword", "A word in a macro.")
        .field("type", "MacroKeywordType", Cost::Cheap, "What it is a sign of.", |_, m| Value::str(m.0.kind))
        .field("keyword", "string", Cost::Cheap, "The word.", |_, m| Value::str(m.0.keyword.as_str()))
        .field("description", "string?", Cost::Cheap, "What it means.", |_, m| Value::str(m.0.description));
    r.record::<Macros>("OleMacros", "Macros of a document.").field(
        "keywords",
        "[MacroKeyword]",
        Cost::Cheap,
        "Words.",
        |_, m| {
            let words = m.0.macros.keywords.iter();
            Value::list(words.map(|word| Value::record(Arc::new(Macro(word.clone())))))
        },
    );
    r.record::<Finding>("OleIndicator", "A finding about a document.")
        .field("exists", "bool", Cost::Cheap, "It holds.", |_, i| i.0.exists.into())
        .field("value", "string?", Cost::Cheap, "Detail.", |_, i| Value::str(i.0.value.as_str()))
        .field("risk", "Risk", Cost::Cheap, "How bad.", |_, i| Value::str(i.0.risk.name()));
    indicators(r);
    r.record::<Arc<Tools>>("OleTools", "Analysis of an Office document.")
        .field("relationships", "[OleRelationship]", Cost::Cheap, "Places outside the document.", |_, t| {
            let places = t.relationships.iter();
            Value::list(places.map(|place| Value::record(Arc::new(Related(place.clone())))))
        })
        .field("macros", "OleMacros", Cost::Cheap, "Macros.", |_, t| Value::record(Arc::new(Macros(Arc::clone(t)))))
        .field("indicators", "OleIndicators", Cost::Cheap, "Findings.", |_, t| {
            Value::record(Arc::new(Indicators(Arc::clone(t))))
        });
    oletools(r);
}

type Pick = fn(&Tools) -> &Indicator;

fn indicators(r: &mut Registry) {
    let builder = &mut r.record::<Indicators>("OleIndicators", "Findings about a document.");
    let all: [(&'static str, &'static str, Pick); 7] = [
        ("file_format", "Type and version.", |t| &t.file_format),
        ("encryption", "A password is needed.", |t| &t.encryption),
        ("vba_macros", "Macros.", |t| &t.vba_macros),
        ("xlm_macros", "Excel 4.0 macros.", |t| &t.xlm_macros),
        ("external_relationships", "Something is loaded from elsewhere on opening.", |t| &t.external_relationships),
        ("object_pool", "Objects of other programs.", |t| &t.object_pool),
        ("dde", "Data from another program.", |t| &t.dde),
    ];
    for (name, doc, pick) in all {
        builder.field(name, "OleIndicator", Cost::Cheap, doc, move |_, i| {
            Value::record(Arc::new(Finding(pick(&i.0).clone())))
        });
    }
}

fn oletools(r: &mut Registry) {
    let signature = "file.oletools(file: any) -> OleTools?";
    let doc = "Analyses an Office document or rich text: macros, what is loaded from elsewhere, encryption. Absent for other files.";
    if cfg!(feature = "files") {
        r.function(signature, doc, Cost::Expensive, &[], |ctx, args| {
            let tools = all(ctx, args).and_then(|(files, _)| Tools::of(&files));
            tools.map_or(Value::Null, |tools| Value::record(Arc::new(Arc::new(tools))))
        });
    } else {
        r.capability("file_analysis", signature, doc);
    }
}
