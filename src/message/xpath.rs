//! `XPath` 1.0 over HTML, by way of a tree built from the tokeniser's tokens.

use super::html::{Token, VOID, tokens};
use sxd_document::Package;
use sxd_document::dom::{ChildOfElement, Document, Element};
use sxd_xpath::nodeset::Node;
use sxd_xpath::{Context, Factory, Value};

/// Most nodes of a tree.
const MAX_NODES: usize = 50_000;
/// Deepest nesting of a tree; deeper elements become siblings.
const MAX_DEPTH: usize = 128;
/// Longest expression, in bytes.
const MAX_EXPRESSION: usize = 4096;

/// Checks an expression; the reason if it is refused.
pub fn check(expression: &str) -> Result<(), String> {
    if expression.len() > MAX_EXPRESSION {
        return Err(format!("longer than {MAX_EXPRESSION} bytes"));
    }
    match Factory::new().build(expression) {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err("the expression is empty".into()),
        Err(error) => Err(error.to_string()),
    }
}

/// The HTML of each node that an expression selects, in document order; for text nodes and
/// attributes their text. `None` if the expression is malformed or selects no nodes.
pub fn select(html: &str, expression: &str) -> Option<Vec<String>> {
    if check(expression).is_err() {
        return None;
    }
    let package = Package::new();
    let document = package.as_document();
    build(&document, html);
    let compiled = Factory::new().build(expression).ok()??;
    match compiled.evaluate(&Context::new(), document.root()).ok()? {
        Value::Nodeset(nodes) => Some(nodes.document_order().into_iter().map(serialize).collect()),
        Value::Boolean(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn build<'d>(document: &Document<'d>, html: &str) {
    let root = document.create_element("html");
    document.root().append_child(root);
    let mut stack: Vec<(String, Element<'d>)> = vec![("html".into(), root)];
    for token in tokens(html).into_iter().take(MAX_NODES) {
        let Some((_, parent)) = stack.last() else { return };
        match token {
            Token::Start(name, attributes) if name == "html" => set_attributes(root, attributes),
            Token::Start(name, attributes) => {
                let element = document.create_element(xml_name(&name).as_str());
                set_attributes(element, attributes);
                parent.append_child(element);
                if !VOID.contains(&name.as_str()) && stack.len() < MAX_DEPTH {
                    stack.push((name, element));
                }
            }
            Token::End(name) => {
                if let Some(above) = stack.iter().skip(1).rev().position(|(open, _)| *open == name) {
                    stack.truncate(stack.len() - above - 1);
                }
            }
            Token::Text(text) => parent.append_child(document.create_text(&text)),
            Token::Comment => {}
        }
    }
}

fn set_attributes(element: Element<'_>, attributes: Vec<(String, String)>) {
    for (name, value) in attributes.into_iter().take(64) {
        element.set_attribute_value(xml_name(&name).as_str(), &value);
    }
}

/// HTML allows names that XML does not.
fn xml_name(name: &str) -> String {
    let clean: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' }).collect();
    if clean.starts_with(|c: char| c.is_ascii_alphabetic()) { clean } else { format!("_{clean}") }
}

fn serialize(node: Node<'_>) -> String {
    match node {
        Node::Element(element) => {
            let mut out = String::new();
            write_element(element, &mut out);
            out
        }
        Node::Text(text) => text.text().to_owned(),
        Node::Attribute(attribute) => attribute.value().to_owned(),
        other => other.string_value(),
    }
}

fn write_element(element: Element<'_>, out: &mut String) {
    let name = element.name().local_part();
    out.push('<');
    out.push_str(name);
    let mut attributes = element.attributes();
    attributes.sort_by(|a, b| a.name().local_part().cmp(b.name().local_part()));
    for attribute in attributes {
        let value = attribute.value().replace('&', "&amp;").replace('"', "&quot;");
        out.push_str(&format!(" {}=\"{value}\"", attribute.name().local_part()));
    }
    out.push('>');
    for child in element.children() {
        match child {
            ChildOfElement::Element(child) => write_element(child, out),
            ChildOfElement::Text(text) => out.push_str(&text.text().replace('&', "&amp;").replace('<', "&lt;")),
            ChildOfElement::Comment(_) | ChildOfElement::ProcessingInstruction(_) => {}
        }
    }
    if !VOID.contains(&name) {
        out.push_str(&format!("</{name}>"));
    }
}
