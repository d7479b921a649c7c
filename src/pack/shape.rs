//! What a document may look like, said once: it finds every error at its place, and it is published
//! as a JSON schema for editors.

use super::yaml::{Kind, Node};
use crate::diagnostic::suggest;
use regex::Regex;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// The shape of a value.
#[derive(Clone, Debug)]
pub enum Shape {
    /// `true` or `false`.
    Bool,
    /// A number from the first to the second.
    Number(f64, f64),
    /// A whole number, not negative.
    Count,
    /// Text, as a sort of text.
    Text(Sort),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list of these, at most so many.
    List(Box<Shape>, usize),
    /// Keys of one sort with values of one shape.
    Map(Sort, Box<Shape>),
    /// Known keys.
    Object(Vec<Field>),
    /// The shape, or nothing.
    OrNull(Box<Shape>),
}

/// A key that an object may have.
#[derive(Clone, Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub doc: &'static str,
    /// It must be there.
    pub required: bool,
    /// Its value.
    pub shape: Shape,
}

impl Field {
    /// A field that may be absent.
    pub fn optional(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { name, doc, required: false, shape }
    }

    /// A field that must be there.
    pub fn required(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { required: true, ..Self::optional(name, shape, doc) }
    }
}

/// A sort of text: a regular expression that all of it matches, and how people say it.
#[derive(Clone, Copy, Debug)]
pub struct Sort {
    /// The expression; the same in ECMA's syntax.
    pub pattern: &'static str,
    /// Completes "must be".
    pub what: &'static str,
}

/// One error, with its place in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// The reason at its place.
    pub label: String,
    /// The remedy.
    pub help: Option<String>,
    /// Where.
    pub at: Range<usize>,
}

impl Problem {
    pub(super) fn new(message: impl Into<String>, label: impl Into<String>, at: Range<usize>) -> Self {
        Self { message: message.into(), label: label.into(), help: None, at }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Most problems that are listed.
const MAX_PROBLEMS: usize = 100;

impl Shape {
    /// Everything in which a document differs from the shape. `what` names the document.
    pub fn check(&self, node: &Node, what: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.visit(node, what, &mut problems);
        problems.truncate(MAX_PROBLEMS);
        problems
    }

    fn visit(&self, node: &Node, name: &str, problems: &mut Vec<Problem>) {
        match (self, &node.kind) {
            (Self::OrNull(_), Kind::Null) | (Self::Bool, Kind::Bool(_)) => {}
            (Self::OrNull(shape), _) => shape.visit(node, name, problems),
            (Self::Number(least, most), Kind::Int(_) | Kind::Float(_)) => {
                if !(*least..=*most).contains(&number(node)) {
                    problems.push(self.misfit(node, name));
                }
            }
            (Self::Count, Kind::Int(count)) if *count >= 0 => {}
            (Self::Count, Kind::Float(count)) if count.fract() == 0.0 && (0.0..9e18).contains(count) => {}
            (Self::Text(sort), Kind::Text(text)) if sort.fits(text) => {}
            (Self::OneOf(words), Kind::Text(text)) => {
                if !words.contains(&text.as_str()) {
                    problems.push(unknown(node.at.clone(), text, words, &format!("`{name}` cannot be")));
                }
            }
            (Self::List(shape, most), Kind::List(items)) => {
                if items.len() > *most {
                    problems.push(Problem::new(
                        format!("`{name}` has more than {most} items"),
                        "too many",
                        node.at.clone(),
                    ));
                }
                items.iter().take(*most).for_each(|item| shape.visit(item, name, problems));
            }
            (Self::Map(sort, shape), Kind::Map(entries)) => {
                repeated(entries, problems);
                for (key, value) in entries {
                    if !sort.fits(&key.name) {
                        let message = format!("a key of `{name}` must be {}", sort.what);
                        problems.push(Problem::new(message, "is not", key.at.clone()));
                    }
                    shape.visit(value, &key.name, problems);
                }
            }
            (Self::Object(fields), Kind::Map(entries)) => object(fields, entries, node, name, problems),
            _ => problems.push(self.misfit(node, name)),
        }
    }

    fn misfit(&self, node: &Node, name: &str) -> Problem {
        let (message, label) = (format!("`{name}` must be {}", self.what()), format!("is {}", shown(&node.kind)));
        let problem = Problem::new(message, label, node.at.clone());
        let scalar = matches!(node.kind, Kind::Int(_) | Kind::Float(_) | Kind::Bool(_));
        if scalar && matches!(self, Self::Text(_)) { problem.help("put it in quotes") } else { problem }
    }

    fn what(&self) -> String {
        match self {
            Self::Bool => "`true` or `false`".into(),
            Self::Number(least, most) => format!("a number from {least} to {most}"),
            Self::Count => "a whole number, not negative".into(),
            Self::Text(sort) => sort.what.into(),
            Self::OneOf(words) => format!("one of: {}", words.join(", ")),
            Self::List(..) => "a list".into(),
            Self::Map(..) | Self::Object(_) => "a map of keys and values".into(),
            Self::OrNull(shape) => format!("{} or nothing", shape.what()),
        }
    }

    /// The JSON schema of a whole document, as it is published under this name.
    pub fn document(&self, name: &str, title: &str) -> Value {
        let mut schema = self.schema();
        if let Some(object) = schema.as_object_mut() {
            let about = [
                ("$schema", "https://json-schema.org/draft/2020-12/schema".to_owned()),
                ("$id", format!("https://example.org/ruleeval/{name}")),
                ("title", title.to_owned()),
            ];
            for (at, (key, value)) in about.into_iter().enumerate() {
                object.shift_insert(at, key.into(), value.into());
            }
        }
        schema
    }

    /// The shape as a JSON schema (draft 2020-12), without `$schema` and title.
    pub fn schema(&self) -> Value {
        match self {
            Self::Bool => json!({"type": "boolean"}),
            Self::Number(least, most) => json!({"type": "number", "minimum": least, "maximum": most}),
            Self::Count => json!({"type": "integer", "minimum": 0, "maximum": i64::MAX}),
            Self::Text(sort) => json!({"type": "string", "pattern": sort.pattern}),
            Self::OneOf(words) => json!({"enum": words}),
            Self::List(shape, most) => json!({"type": "array", "items": shape.schema(), "maxItems": most}),
            Self::Map(sort, shape) => json!({
                "type": "object",
                "propertyNames": {"pattern": sort.pattern},
                "additionalProperties": shape.schema(),
            }),
            Self::OrNull(shape) => json!({"anyOf": [shape.schema(), {"type": "null"}]}),
            Self::Object(fields) => {
                let described = |field: &Field| {
                    let mut schema = field.shape.schema();
                    if let Some(schema) = schema.as_object_mut() {
                        schema.insert("description".into(), field.doc.into());
                    }
                    (field.name.to_owned(), schema)
                };
                let required: Vec<&str> =
                    fields.iter().filter(|field| field.required).map(|field| field.name).collect();
                json!({
                    "type": "object",
                    "properties": fields.iter().map(described).collect::<serde_json::Map<_, _>>(),
                    "required": required,
                    "additionalProperties": false,
                })
            }
        }
    }
}

impl Sort {
    /// True if all of the text is of this sort.
    pub fn fits(self, text: &str) -> bool {
        static COMPILED: Mutex<BTreeMap<&str, Regex>> = Mutex::new(BTreeMap::new());
        let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pattern) = compiled.get(self.pattern) {
            return pattern.is_match(text);
        }
        let Ok(pattern) = Regex::new(self.pattern) else { return false };
        compiled.entry(self.pattern).or_insert(pattern).is_match(text)
    }
}

fn object(
    fields: &[Field],
    entries: &[(super::yaml::Key, Node)],
    node: &Node,
    name: &str,
    problems: &mut Vec<Problem>,
) {
    repeated(entries, problems);
    for (key, value) in entries {
        match fields.iter().find(|field| field.name == key.name) {
            Some(field) => field.shape.visit(value, &key.name, problems),
            None => {
                let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
                problems.push(unknown(key.at.clone(), &key.name, &names, &format!("{name} has no key")));
            }
        }
    }
    for field in fields.iter().filter(|field| field.required) {
        if !entries.iter().any(|(key, _)| key.name == field.name) {
            let message = format!("{name} lacks `{}`", field.name);
            problems.push(Problem::new(message, "not here", node.at.start..node.at.start).help(field.doc));
        }
    }
}

fn repeated(entries: &[(super::yaml::Key, Node)], problems: &mut Vec<Problem>) {
    let mut seen = BTreeSet::new();
    for (key, _) in entries {
        if !seen.insert(&key.name) {
            problems.push(Problem::new(format!("`{}` is given twice", key.name), "again", key.at.clone()));
        }
    }
}

fn unknown(at: Range<usize>, text: &str, known: &[&str], lead: &str) -> Problem {
    let problem = Problem::new(format!("{lead} `{}`", text.escape_debug()), "unknown", at);
    match suggest::nearest(text, known.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(format!("known are: {}", known.join(", "))),
    }
}

fn number(node: &Node) -> f64 {
    match node.kind {
        Kind::Int(number) => number as f64,
        Kind::Float(number) => number,
        _ => f64::NAN,
    }
}

fn shown(kind: &Kind) -> String {
    match kind {
        Kind::Null => "nothing".into(),
        Kind::Bool(value) => format!("`{value}`"),
        Kind::Int(number) => format!("the number {number}"),
        Kind::Float(number) => format!("the number {number}"),
        Kind::Text(text) => format!("`{}`", text.chars().take(40).collect::<String>().escape_debug()),
        Kind::List(_) => "a list".into(),
        Kind::Map(_) => "a map".into(),
    }
}
