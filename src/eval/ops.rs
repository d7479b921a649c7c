//! What operators do to values. Every absent operand makes the result unknown.

use crate::builtins::{Builtins, Ctx};
use crate::check::hir::{Arith, Fold, Ordering};
use crate::matcher::{Glob, Literal, Pattern, equal_no_case, find};
use crate::syntax::ast::TextOp;
use crate::value::{EnumId, Truth, Value, host_key};
use std::cmp;
use std::ops::Range;

/// `a OP b`.
pub(super) fn compare(builtins: &Builtins, ordering: Ordering, fold: Fold, a: &Value, b: &Value) -> Truth {
    if a.is_null() || b.is_null() {
        return Truth::Unknown;
    }
    match ordering {
        Ordering::Eq => Truth::from(equal(fold, a, b)),
        Ordering::Ne => Truth::from(!equal(fold, a, b)),
        Ordering::Lt | Ordering::Le | Ordering::Gt | Ordering::Ge => {
            order(builtins, fold, a, b).map_or(Truth::Unknown, |found| Truth::from(holds(ordering, found)))
        }
    }
}

fn holds(ordering: Ordering, found: cmp::Ordering) -> bool {
    match ordering {
        Ordering::Lt => found.is_lt(),
        Ordering::Le => found.is_le(),
        Ordering::Gt => found.is_gt(),
        Ordering::Ge => found.is_ge(),
        Ordering::Eq => found.is_eq(),
        Ordering::Ne => found.is_ne(),
    }
}

/// True if two values that are not absent are equal.
pub(super) fn equal(fold: Fold, a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => match fold {
            Fold::Exact | Fold::Enum(_) => a == b,
            Fold::NoCase => equal_no_case(a, b),
            Fold::Domain => a == b || host_key(a) == host_key(b),
        },
        (Value::Json(a), b) => scalar(a).is_some_and(|a| equal(fold, &a, b)),
        (a, Value::Json(b)) => scalar(b).is_some_and(|b| equal(fold, a, &b)),
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b))
        | (Value::Time(a), Value::Time(b))
        | (Value::Duration(a), Value::Duration(b)) => a == b,
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => {
            number(a).zip(number(b)).is_some_and(|(a, b)| a.total_cmp(&b).is_eq())
        }
        (Value::Ip(a), Value::Ip(b)) => a == b,
        (Value::Cidr(a), Value::Cidr(b)) => a == b,
        (Value::Ip(ip), Value::Cidr(block)) | (Value::Cidr(block), Value::Ip(ip)) => block.contains(*ip),
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equal(fold, a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|((k, a), (l, b))| k == l && equal(fold, a, b))
        }
        (Value::Record(a), Value::Record(b)) => a.same(b),
        (Value::Null, Value::Null) => true,
        _ => false,
    }
}

/// The plain value of a JSON scalar.
fn scalar(json: &serde_json::Value) -> Option<Value> {
    Some(match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Float(number.as_f64()?),
        },
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => return None,
    })
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

fn order(builtins: &Builtins, fold: Fold, a: &Value, b: &Value) -> Option<cmp::Ordering> {
    match (a, b) {
        (Value::Json(json), other) => order(builtins, fold, &scalar(json)?, other),
        (other, Value::Json(json)) => order(builtins, fold, other, &scalar(json)?),
        (Value::Int(a), Value::Int(b))
        | (Value::Time(a), Value::Time(b))
        | (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        (Value::String(a), Value::String(b)) => match fold {
            Fold::Enum(id) => Some(rank(builtins, id, a)?.cmp(&rank(builtins, id, b)?)),
            Fold::Exact | Fold::NoCase | Fold::Domain => Some(a.cmp(b)),
        },
        _ => number(a)?.partial_cmp(&number(b)?),
    }
}

fn rank(builtins: &Builtins, id: EnumId, value: &str) -> Option<usize> {
    builtins.catalog().enumeration(id).values.iter().position(|known| *known == value)
}

/// Arithmetic; absent on overflow and division by zero.
pub(super) fn arith(op: Arith, a: &Value, b: &Value) -> Value {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => integer(op, *a, *b).map_or(Value::Null, Value::Int),
        (Value::Time(a), Value::Duration(b)) => integer(op, *a, *b).map_or(Value::Null, Value::Time),
        (Value::Time(a), Value::Time(b)) | (Value::Duration(a), Value::Duration(b)) => {
            integer(op, *a, *b).map_or(Value::Null, Value::Duration)
        }
        _ => match (number(a), number(b)) {
            (Some(a), Some(b)) => float(op, a, b),
            _ => Value::Null,
        },
    }
}

fn integer(op: Arith, a: i64, b: i64) -> Option<i64> {
    match op {
        Arith::Add => a.checked_add(b),
        Arith::Sub => a.checked_sub(b),
        Arith::Mul => a.checked_mul(b),
        Arith::Div => a.checked_div(b),
        Arith::Rem => a.checked_rem(b),
    }
}

fn float(op: Arith, a: f64, b: f64) -> Value {
    let result = match op {
        Arith::Add => a + b,
        Arith::Sub => a - b,
        Arith::Mul => a * b,
        Arith::Div => a / b,
        Arith::Rem => a % b,
    };
    if result.is_finite() { Value::Float(result) } else { Value::Null }
}

/// `list[index]`.
pub(super) fn index(list: &Value, index: &Value) -> Value {
    let Some(at) = index.as_int().and_then(|at| usize::try_from(at).ok()) else { return Value::Null };
    match list {
        Value::List(items) => items.get(at).cloned().unwrap_or_default(),
        Value::Json(json) => json.get(at).map_or(Value::Null, from_json),
        _ => Value::Null,
    }
}

/// `map["key"]`.
pub(super) fn key(map: &Value, key: &Value) -> Value {
    let Some(key) = key.as_str() else { return Value::Null };
    match map {
        Value::Map(map) => map.get(key).cloned().unwrap_or_default(),
        Value::Json(json) => json.get(key).map_or(Value::Null, from_json),
        _ => Value::Null,
    }
}

fn from_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        // Conditions read booleans; everything else stays dynamic.
        serde_json::Value::Bool(value) => Value::Bool(*value),
        other => Value::Json(std::sync::Arc::new(other.clone())),
    }
}

/// The elements that a quantifier visits; `None` if the list is absent.
pub(super) fn elements(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::List(items) => Some(items.to_vec()),
        Value::Json(json) => json.as_array().map(|items| items.iter().map(from_json).collect()),
        _ => None,
    }
}

/// `length(x)`.
pub(super) fn length(value: &Value) -> Value {
    let length = match value {
        Value::String(text) => text.chars().count(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.len(),
        Value::Map(map) => map.len(),
        Value::Json(json) => match &**json {
            serde_json::Value::String(text) => text.chars().count(),
            serde_json::Value::Array(items) => items.len(),
            serde_json::Value::Object(map) => map.len(),
            _ => return Value::Null,
        },
        _ => return Value::Null,
    };
    Value::Int(length as i64)
}

/// `sum(xs)`; absent members make it absent.
pub(super) fn sum(value: &Value) -> Value {
    let Some(items) = value.as_list() else { return Value::Int(0) };
    items.iter().fold(Value::Int(0), |total, item| arith(Arith::Add, &total, item))
}

/// `flatten(xss)`.
pub(super) fn flatten(value: &Value) -> Value {
    let Some(items) = elements(value) else { return Value::list([]) };
    Value::list(items.iter().filter_map(elements).flatten())
}

/// `keys(m)`.
pub(super) fn keys(value: &Value) -> Value {
    match value {
        Value::Map(map) => Value::list(map.keys().map(|key| Value::from(key.as_str()))),
        Value::Json(json) => json.as_object().map_or(Value::Null, |map| {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            Value::list(keys.into_iter().map(|key| Value::from(key.as_str())))
        }),
        _ => Value::Null,
    }
}

/// `values(m)`.
pub(super) fn values(value: &Value) -> Value {
    match value {
        Value::Map(map) => Value::list(map.values().cloned()),
        Value::Json(json) => json.as_object().map_or(Value::Null, |map| {
            let mut entries: Vec<(&String, &serde_json::Value)> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            Value::list(entries.into_iter().map(|(_, value)| from_json(value)))
        }),
        _ => Value::Null,
    }
}

/// `x is empty`.
pub(super) fn is_empty(value: &Value) -> Truth {
    match length(value) {
        Value::Int(length) => Truth::from(length == 0),
        _ => Truth::Unknown,
    }
}

/// The text that a text predicate searches; JSON strings count as text.
pub(super) fn as_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Json(json) => json.as_str(),
        _ => None,
    }
}

/// The place of a computed needle in a text.
pub(super) fn find_text(op: TextOp, no_case: bool, text: &str, needle: &str) -> Option<Range<usize>> {
    match op {
        TextOp::Contains => find(Literal::Contains, no_case, text, needle),
        TextOp::StartsWith => find(Literal::StartsWith, no_case, text, needle),
        TextOp::EndsWith => find(Literal::EndsWith, no_case, text, needle),
        TextOp::Like => Glob::new(needle, no_case).is_match(text).then_some(0..text.len()),
        // Patterns are never computed: the checker compiles them.
        TextOp::Matches | TextOp::MatchesWhole => None,
    }
}

/// True if any of the patterns matches.
pub(super) fn any_pattern(patterns: &[std::sync::Arc<Pattern>], text: &str) -> bool {
    patterns.iter().any(|pattern| pattern.is_match(text))
}

/// How a list searches.
pub(super) fn search(op: TextOp) -> crate::lists::Search {
    use crate::lists::Search;
    match op {
        TextOp::Contains => Search::Contains,
        TextOp::StartsWith => Search::StartsWith,
        TextOp::EndsWith => Search::EndsWith,
        TextOp::Like => Search::Like,
        TextOp::Matches => Search::Matches,
        TextOp::MatchesWhole => Search::MatchesWhole,
    }
}

/// A text predicate whose needle list is declared.
pub(super) fn text_in_list(ctx: &Ctx<'_>, list: u32, op: TextOp, no_case: bool, text: &str) -> Truth {
    match ctx.env.lists.get(list) {
        Some(data) => Truth::from(data.any_in_text(search(op), no_case, text, ctx.env.now).is_some()),
        None => Truth::Unknown,
    }
}

/// Membership in a declared list.
pub(super) fn in_list(ctx: &Ctx<'_>, list: u32, fold: Fold, value: &Value) -> Truth {
    match ctx.env.lists.get(list) {
        Some(data) => Truth::from(data.contains(value, matches!(fold, Fold::NoCase | Fold::Domain), ctx.env.now)),
        None => Truth::Unknown,
    }
}

/// Membership among values: found is true; else an absent one leaves it unknown.
pub(super) fn in_values<'v>(fold: Fold, value: &Value, items: impl IntoIterator<Item = &'v Value>) -> Truth {
    let mut result = Truth::False;
    for item in items {
        if item.is_null() {
            result = Truth::Unknown;
        } else if equal(fold, value, item) {
            return Truth::True;
        }
    }
    result
}

/// A key for `distinct`: equal keys have equal texts.
pub(super) fn distinct_key(value: &Value) -> String {
    match value {
        Value::Int(number) => format!("n{}", *number as f64),
        Value::Float(number) => format!("n{number}"),
        Value::Record(record) => format!("r{:p}", record.address()),
        Value::List(items) => items.iter().map(distinct_key).fold("[".into(), |all, one| all + &one + ","),
        other => format!("{other:?}"),
    }
}
