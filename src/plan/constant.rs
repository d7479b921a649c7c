//! Constants and patterns with structural identity, so that nodes can be compared and hashed.

use crate::matcher::Pattern;
use crate::value::Value;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A constant. Two are equal if no operator can tell them apart: floats by their bits, records
/// of the configuration if they are the same object.
#[derive(Clone, Debug)]
pub struct Constant(pub Value);

impl Hash for Constant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash(&self.0, state);
    }
}

impl PartialEq for Constant {
    fn eq(&self, other: &Self) -> bool {
        same(&self.0, &other.0)
    }
}

impl Eq for Constant {}

fn hash<H: Hasher>(value: &Value, state: &mut H) {
    std::mem::discriminant(value).hash(state);
    match value {
        Value::Null => {}
        Value::Bool(value) => value.hash(state),
        Value::Int(number) | Value::Time(number) | Value::Duration(number) => number.hash(state),
        Value::Float(number) => number.to_bits().hash(state),
        Value::String(text) => text.hash(state),
        Value::Bytes(bytes) => bytes.hash(state),
        Value::Ip(ip) => ip.hash(state),
        Value::Cidr(block) => block.hash(state),
        Value::Pattern(pattern) => hash_pattern(pattern, state),
        Value::List(items) => items.iter().for_each(|item| hash(item, state)),
        Value::Map(map) => map.len().hash(state),
        Value::Json(json) => json.is_null().hash(state),
        Value::Record(record) => (record.address() as usize).hash(state),
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b))
        | (Value::Time(a), Value::Time(b))
        | (Value::Duration(a), Value::Duration(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::Ip(a), Value::Ip(b)) => a == b,
        (Value::Cidr(a), Value::Cidr(b)) => a == b,
        (Value::Pattern(a), Value::Pattern(b)) => same_pattern(a, b),
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b)),
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|((k, a), (l, b))| k == l && same(a, b))
        }
        (Value::Json(a), Value::Json(b)) => a == b,
        (Value::Record(a), Value::Record(b)) => a.same(b),
        _ => false,
    }
}

/// A compiled pattern. Two are equal if they were written the same way.
#[derive(Clone, Debug)]
pub struct SharedPattern(pub Arc<Pattern>);

impl Hash for SharedPattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_pattern(&self.0, state);
    }
}

impl PartialEq for SharedPattern {
    fn eq(&self, other: &Self) -> bool {
        same_pattern(&self.0, &other.0)
    }
}

impl Eq for SharedPattern {}

fn hash_pattern<H: Hasher>(pattern: &Pattern, state: &mut H) {
    pattern.source().hash(state);
    pattern.options().hash(state);
}

fn same_pattern(a: &Pattern, b: &Pattern) -> bool {
    a.source() == b.source() && a.options() == b.options()
}
