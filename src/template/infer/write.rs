//! A declaration as rule text.

use crate::value::{Element, SlotKind, TemplateDecl, VariantDecl};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

/// The template with comments; `rare` are domains of links that few messages had.
pub(super) fn template(
    name: &str,
    decl: &TemplateDecl,
    notes: &[Vec<String>],
    rare: &[Arc<str>],
    inputs: &[(bool, f64)],
) -> String {
    let mut out = String::new();
    let matched = inputs.iter().filter(|(matched, _)| *matched).count();
    let lowest = inputs.iter().map(|(_, coverage)| *coverage).fold(1.0, f64::min);
    let _ = writeln!(
        out,
        "// Proposed from {} messages: {matched} match, the lowest coverage is {lowest:.2}. Read it before use.",
        inputs.len()
    );
    let _ = writeln!(out, "template {name} {{");
    let _ = writeln!(out, "  from: {}", strings(&decl.from));
    for domain in rare {
        let _ = writeln!(out, "  // unsure: some links led to {domain}");
    }
    let _ = writeln!(out, "  links: {}", strings(decl.links.as_deref().unwrap_or_default()));
    let mut named = BTreeSet::new();
    for (variant, notes) in decl.variants.iter().zip(notes) {
        if let Some(name) = &variant.name {
            let _ = writeln!(out, "  variant {name} {{");
        }
        for note in notes {
            let _ = writeln!(out, "  // {note}");
        }
        texts(variant, decl, &mut named, &mut out);
        if variant.name.is_some() {
            out.push_str("  }\n");
        }
    }
    out.push_str("}\n");
    out
}

fn texts(variant: &VariantDecl, decl: &TemplateDecl, named: &mut BTreeSet<u16>, out: &mut String) {
    if let Some(subject) = &variant.subject {
        let text = elements(subject, decl, named, "").replace('\\', "\\\\").replace('"', "\\\"");
        let _ = writeln!(out, "  subject: \"{text}\"");
    }
    if let Some(body) = &variant.body {
        let text = elements(body, decl, named, "    ");
        let _ = writeln!(out, "  body: \"\"\"\n    {text}\n  \"\"\"");
    }
}

fn strings(items: &[Arc<str>]) -> String {
    let items: Vec<String> = items.iter().map(|item| format!("\"{}\"", item.escape_default())).collect();
    match items.as_slice() {
        [only] => only.clone(),
        _ => format!("[{}]", items.join(", ")),
    }
}

fn elements(elements: &[Element], decl: &TemplateDecl, named: &mut BTreeSet<u16>, indent: &str) -> String {
    let mut out = String::new();
    for element in elements {
        match element {
            Element::Text(text) => out.push_str(&literal(text)),
            Element::Slot(slot) => {
                let (name, kind) = &decl.slots[usize::from(*slot)];
                let first = named.insert(*slot);
                let kind = if first && *kind != SlotKind::Text { format!(": {}", kind.name()) } else { String::new() };
                let _ = write!(out, "{{{name}{kind}}}");
            }
            Element::Gap => out.push_str(" ... "),
            Element::Break => {
                let _ = write!(out, "\n{indent}");
            }
            Element::Optional(inner) => {
                let _ = write!(out, "[[{}]]", self::elements(inner, decl, named, indent));
            }
        }
    }
    out
}

/// A bracket at the edge of a literal could join those of an optional part beside it.
fn edges(text: &str) -> String {
    let bracket = |c: char| matches!(c, '[' | ']');
    let quote = |c: char| if bracket(c) { format!("{{'{c}'}}") } else { c.to_string() };
    let mut chars: Vec<String> = text.chars().map(String::from).collect();
    for index in [0, chars.len().saturating_sub(1)] {
        if let Some(c) = chars.get_mut(index)
            && let Some(only) = c.chars().next().filter(|_| c.chars().count() == 1)
        {
            *c = quote(only);
        }
    }
    chars.concat()
}

/// Literal text with what would mean something in quotes.
fn literal(text: &str) -> String {
    let quoted = text.replace('{', "{'{'}").replace("[[", "{'[['}").replace("]]", "{']]'}");
    let quoted = quoted.replace("\"\"\"", "{'\"\"'}\"");
    let quoted = edges(&quoted);
    let words: Vec<&str> = quoted.split(' ').map(|word| if word == "..." { "{'...'}" } else { word }).collect();
    words.join(" ")
}
