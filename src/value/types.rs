//! Static types.

use super::{Catalog, EnumId, RecordId};
use std::sync::Arc;

/// The fields of a record that rules declare.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    /// What people call it.
    pub name: Arc<str>,
    /// Names, types and whether they may be absent.
    pub fields: Vec<(Arc<str>, Type, bool)>,
}

impl Shape {
    /// The type of a field, and whether it may be absent.
    pub fn field(&self, name: &str) -> Option<(&Type, bool)> {
        self.fields.iter().find(|(field, ..)| **field == *name).map(|(_, ty, nullable)| (ty, *nullable))
    }
}

/// The static type of an expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// The type of `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A whole number (64 bits).
    Int,
    /// A floating-point number (64 bits).
    Float,
    /// Unicode text.
    String,
    /// Bytes.
    Bytes,
    /// A moment.
    Time,
    /// A span of time.
    Duration,
    /// An IP address.
    Ip,
    /// A block of IP addresses.
    Cidr,
    /// A host or domain name; compared without case, in ASCII (IDNA) form.
    Domain,
    /// A URL as text.
    Url,
    /// An e-mail address as text; compared without case.
    Email,
    /// A regular expression.
    Pattern,
    /// One of a fixed set of names.
    Enum(EnumId),
    /// A list.
    List(Arc<Type>),
    /// A map from text.
    Map(Arc<Type>),
    /// A record of the catalog.
    Record(RecordId),
    /// A record that rules declare: what `template(...)` gives. Its values are maps.
    Shape(Arc<Shape>),
    /// A JSON value whose shape is known only when it is read.
    Json,
    /// Anything: parameters of generic functions, and the result of an expression that has
    /// already been reported, so that one cause gives one message.
    Any,
}

impl Type {
    /// A list of this type.
    #[must_use]
    pub fn list(self) -> Self {
        Self::List(Arc::new(self))
    }

    /// A map to this type.
    #[must_use]
    pub fn map(self) -> Self {
        Self::Map(Arc::new(self))
    }

    /// True if values of the type are represented as text.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::String | Self::Domain | Self::Url | Self::Email | Self::Enum(_))
    }

    /// True for `int` and `float`.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Float)
    }

    /// The type's name as rules and documentation write it.
    pub fn name(&self, catalog: &Catalog) -> String {
        match self {
            Self::Null => "null".into(),
            Self::Bool => "bool".into(),
            Self::Int => "int".into(),
            Self::Float => "float".into(),
            Self::String => "string".into(),
            Self::Bytes => "bytes".into(),
            Self::Time => "time".into(),
            Self::Duration => "duration".into(),
            Self::Ip => "ip".into(),
            Self::Cidr => "cidr".into(),
            Self::Domain => "domain".into(),
            Self::Url => "url".into(),
            Self::Email => "email".into(),
            Self::Pattern => "pattern".into(),
            Self::Enum(id) => catalog.enumeration(*id).name.into(),
            Self::List(item) => format!("[{}]", item.name(catalog)),
            Self::Map(item) => format!("map<{}>", item.name(catalog)),
            Self::Record(id) => catalog.record(*id).name.into(),
            Self::Shape(shape) => shape.name.to_string(),
            Self::Json => "json".into(),
            Self::Any => "any".into(),
        }
    }
}
