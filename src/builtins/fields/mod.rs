//! The message model: every record with its fields.

mod auth;
mod body;
mod entities;
mod headers;
mod identity;
mod message;
mod transport;

pub(super) use body::html_value;

use super::Registry;
use crate::value::Value;
use std::any::Any;
use std::sync::Arc;

pub(super) fn declare(registry: &mut Registry) {
    message::declare(registry);
    headers::declare(registry);
    auth::declare(registry);
    body::declare(registry);
    entities::declare(registry);
    transport::declare(registry);
    identity::declare(registry);
}

/// A record value of shared data.
fn record<T: Any + Send + Sync>(data: &Arc<T>) -> Value {
    Value::record(Arc::clone(data))
}

/// An optional record value.
fn optional<T: Any + Send + Sync>(data: Option<&Arc<T>>) -> Value {
    data.map_or(Value::Null, record)
}

/// A list of record values.
fn records<T: Any + Send + Sync>(items: &[Arc<T>]) -> Value {
    Value::list(items.iter().map(record))
}

/// Shared text.
fn text(text: &Arc<str>) -> Value {
    Value::String(Arc::clone(text))
}

/// Optional shared text.
fn optional_text(value: Option<&Arc<str>>) -> Value {
    value.map_or(Value::Null, text)
}
