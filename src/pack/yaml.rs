//! YAML as a tree that knows the place of every key and value. Anchors, aliases and merge keys are
//! refused, and depth and size bounded: nobody needs them to describe a pack.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::budget::Budget;
use serde_yaml::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_yaml::{Location, Spanned};
use std::fmt;
use std::ops::Range;

/// Largest document, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// Most keys and values.
const MAX_NODES: usize = 50_000;
/// Deepest nesting.
const MAX_DEPTH: usize = 16;

/// A value with its place in the text, in bytes.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands; of a map or list the beginning.
    pub at: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// A key with its place.
#[derive(Clone, Debug)]
pub struct Key {
    /// Where it stands.
    pub at: Range<usize>,
    /// The key.
    pub name: String,
}

/// What a value is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in its order, repeated keys included.
    Map(Vec<(Key, Node)>),
}

/// Why a text is no document.
#[derive(Clone, Debug)]
pub struct Malformed {
    /// The reason.
    pub message: String,
    /// Offset in bytes.
    pub at: usize,
}

impl Node {
    /// Reads a document.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.len() > MAX_BYTES {
            return Err(Malformed { message: format!("larger than {MAX_BYTES} bytes"), at: 0 });
        }
        let spanned: Spanned<Kind> =
            serde_yaml::from_str_with_options(text, options()).map_err(|error| malformed(text, &error))?;
        Ok(placed(spanned))
    }

    /// The value of a key.
    pub fn get(&self, name: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|(key, _)| key.name == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// The same without places.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.kind {
            Kind::Null => serde_json::Value::Null,
            Kind::Bool(value) => (*value).into(),
            Kind::Int(value) => (*value).into(),
            // To JSON 7.0 is a whole number.
            Kind::Float(value) if value.fract() == 0.0 && value.abs() < 9e18 => (*value as i64).into(),
            Kind::Float(value) => (*value).into(),
            Kind::Text(text) => text.as_str().into(),
            Kind::List(items) => items.iter().map(Node::to_json).collect(),
            Kind::Map(entries) => entries.iter().map(|(key, value)| (key.name.clone(), value.to_json())).collect(),
        }
    }
}

fn options() -> serde_yaml::Options {
    let mut budget = Budget::default();
    budget.max_aliases = 0;
    budget.max_anchors = 0;
    budget.max_depth = MAX_DEPTH;
    budget.flow_nesting_limit = MAX_DEPTH;
    budget.max_nodes = MAX_NODES;
    budget.max_documents = 1;
    serde_yaml::options! {
        budget: Some(budget),
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    }
}

fn placed(spanned: Spanned<Kind>) -> Node {
    Node { at: range(&spanned.referenced), kind: spanned.value }
}

fn range(location: &Location) -> Range<usize> {
    let start = location.span().byte_offset().unwrap_or_default() as usize;
    start..start + location.span().byte_len().unwrap_or_default() as usize
}

fn malformed(text: &str, error: &serde_yaml::Error) -> Malformed {
    let location = error.location();
    let at = location.as_ref().map_or(0, |location| {
        let offset = location.span().byte_offset().map(|offset| offset as usize);
        offset.filter(|offset| *offset > 0).unwrap_or_else(|| offset_of(text, location))
    });
    let message = error.to_string();
    let message = message.lines().next().unwrap_or("malformed").trim_end_matches(" -->");
    let message = message.split(" at line ").next().unwrap_or(message).to_owned();
    let message = if message.contains("max_anchors") || message.contains("max_aliases") || message.contains("nchor") {
        "anchors and aliases are not allowed here".to_owned()
    } else {
        message
    };
    Malformed { message, at }
}

fn offset_of(text: &str, location: &Location) -> usize {
    let line = usize::try_from(location.line()).unwrap_or(1).saturating_sub(1);
    let column = usize::try_from(location.column()).unwrap_or(1).saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    text.get(start..).and_then(|rest| rest.char_indices().nth(column)).map_or(start, |(at, _)| start + at)
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_none<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kind, D::Error> {
        deserializer.deserialize_any(Reader)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Kind, E> {
        Ok(Kind::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Kind, E> {
        Ok(i64::try_from(value).map_or(Kind::Float(value as f64), Kind::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Kind, E> {
        Ok(Kind::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Kind, E> {
        Ok(Kind::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Kind, A::Error> {
        let mut found = Vec::new();
        while let Some(item) = items.next_element::<Spanned<Kind>>()? {
            found.push(placed(item));
        }
        Ok(Kind::List(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Kind, A::Error> {
        let mut found = Vec::new();
        while let Some(key) = entries.next_key::<Spanned<String>>()? {
            let value = placed(entries.next_value::<Spanned<Kind>>()?);
            found.push((Key { at: range(&key.referenced), name: key.value }, value));
        }
        Ok(Kind::Map(found))
    }
}
