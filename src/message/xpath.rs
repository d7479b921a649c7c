//! `XPath` 1.0 over HTML, by way of a tree built from the tokeniser's tokens.

use super::html::{Attributes, Document as Html, Kind, Token, ends_predecessor};
use sxd_document::Package;
use sxd_document::dom::{ChildOfElement, Document, Element};
use sxd_xpath::nodeset::Node;
use sxd_xpath::{Context, Factory, Value};

/// Most nodes of a tree.
const MAX_NODES: usize = 50_000;
/// Most bytes of HTML in a result: nodes may lie within each other.
const MAX_RESULT: usize = 8 << 20;
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

/// What an expression selected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// The HTML of each node in document order; for text nodes and attributes their text.
    pub nodes: Vec<String>,
    /// True if the document or the result was too large to be looked at as a whole.
    pub cut: bool,
}

/// Selects nodes of a document. `None` if the expression is malformed or selects no nodes but a
/// number, a text or a truth value.
pub fn select(html: &str, expression: &str) -> Option<Selected> {
    if expression.len() > MAX_EXPRESSION {
        return None;
    }
    let compiled = Factory::new().build(expression).ok()??;
    let package = Package::new();
    let document = package.as_document();
    let mut selected = Selected { cut: build(&document, html), ..Selected::default() };
    let Value::Nodeset(nodes) = compiled.evaluate(&Context::new(), document.root()).ok()? else { return None };
    let mut room = MAX_RESULT;
    for node in nodes.document_order() {
        let text = serialize(node);
        let Some(left) = room.checked_sub(text.len()) else {
            selected.cut = true;
            break;
        };
        room = left;
        selected.nodes.push(text);
    }
    Some(selected)
}

/// Builds the tree, with a `body` whether or not one is written; true if tokens were left out.
fn build(document: &Document<'_>, html: &str) -> bool {
    let root = document.create_element("html");
    document.root().append_child(root);
    let mut tree = Tree { document: *document, root, body: None, stack: vec![("html".into(), root)] };
    let html = Html::read(html);
    for token in html.tokens().take(MAX_NODES) {
        match token {
            Token::Start(name, attributes, _) => tree.start(name, attributes),
            Token::End(name) => tree.end(name),
            Token::Text(text, _) => tree.text(text),
        }
    }
    html.len() > MAX_NODES
}

struct Tree<'d> {
    document: Document<'d>,
    root: Element<'d>,
    body: Option<Element<'d>>,
    stack: Vec<(String, Element<'d>)>,
}

impl<'d> Tree<'d> {
    fn start(&mut self, name: &str, attributes: Attributes<'_>) {
        match name {
            "html" => return set_attributes(self.root, attributes),
            "body" => return set_attributes(self.body(), attributes),
            _ => {}
        }
        if self.in_head_or_above() && name != "head" && !Kind::of(name).is_of_head() {
            self.body();
        }
        while self.stack.len() > 2 && self.stack.last().is_some_and(|(top, _)| ends_predecessor(name, top)) {
            self.stack.pop();
        }
        let element = self.document.create_element(xml_name(name).as_str());
        set_attributes(element, attributes);
        self.top().append_child(element);
        if !Kind::of(name).is_void() && self.stack.len() < MAX_DEPTH {
            self.stack.push((name.to_owned(), element));
        }
    }

    fn end(&mut self, name: &str) {
        if matches!(name, "html" | "body") {
            return;
        }
        if let Some(above) = self.stack.iter().skip(1).rev().position(|(open, _)| open == name) {
            self.stack.truncate(self.stack.len() - above - 1);
        }
    }

    fn text(&mut self, text: &str) {
        if self.in_head_or_above() {
            if text.trim().is_empty() {
                return;
            }
            self.body();
        }
        self.top().append_child(self.document.create_text(text));
    }

    fn top(&self) -> Element<'d> {
        self.stack.last().map_or(self.root, |(_, element)| *element)
    }

    /// True before the body has begun, outside the elements of the head.
    fn in_head_or_above(&self) -> bool {
        self.stack.len() <= 1 || self.stack.last().is_some_and(|(name, _)| name == "head")
    }

    /// The body, which is begun if it is not open.
    fn body(&mut self) -> Element<'d> {
        let body = self.body.unwrap_or_else(|| {
            let body = self.document.create_element("body");
            self.root.append_child(body);
            self.body = Some(body);
            body
        });
        if !self.stack.iter().any(|(name, _)| name == "body") {
            self.stack.truncate(1);
            self.stack.push(("body".into(), body));
        }
        body
    }
}

fn set_attributes(element: Element<'_>, attributes: Attributes<'_>) {
    for (name, value) in attributes.iter().take(64) {
        element.set_attribute_value(xml_name(name).as_str(), value);
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
        for piece in [" ", attribute.name().local_part(), "=\"", value.as_str(), "\""] {
            out.push_str(piece);
        }
    }
    out.push('>');
    for child in element.children() {
        match child {
            ChildOfElement::Element(child) => write_element(child, out),
            ChildOfElement::Text(text) => out.push_str(&text.text().replace('&', "&amp;").replace('<', "&lt;")),
            ChildOfElement::Comment(_) | ChildOfElement::ProcessingInstruction(_) => {}
        }
    }
    if !Kind::of(name).is_void() {
        for piece in ["</", name, ">"] {
            out.push_str(piece);
        }
    }
}
