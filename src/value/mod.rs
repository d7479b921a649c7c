//! Types, values, three-valued truth and the declared vocabulary of the language.

mod catalog;
mod template;
mod truth;
mod types;

pub use catalog::{
    Catalog, CatalogBuilder, Cost, EnumDecl, EnumId, Example, FieldDecl, FieldId, FuncDecl, FuncId, ParamDecl,
    RecordDecl, RecordId,
};
pub use template::{Element, SlotKind, TEMPLATE_FIELDS, TemplateDecl, VariantDecl};
pub use truth::Truth;
pub use types::{Shape, Type};

use crate::matcher::Pattern;
use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// A block of addresses (RFC 4632, RFC 4291).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    /// Any address of the block; bits past `prefix` are zero.
    pub address: IpAddr,
    /// Number of fixed leading bits.
    pub prefix: u8,
}

impl Cidr {
    /// Reads `192.0.2.0/24` or a single address. Host bits past the prefix are cleared.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok()?,
            Some(_) => return None,
            None => width,
        };
        (prefix <= width).then(|| Self { address: mask(address, prefix), prefix })
    }

    /// The block of `prefix` leading bits that holds the address.
    pub fn of(address: IpAddr, prefix: u8) -> Self {
        Self { address: mask(address, prefix), prefix }
    }

    /// True if the block holds the address. IPv4-mapped IPv6 addresses count as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = match (self.address, address) {
            (IpAddr::V4(_), IpAddr::V6(v6)) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
            _ => address,
        };
        address.is_ipv4() == self.address.is_ipv4() && mask(address, self.prefix) == self.address
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// The form in which equal host names are the same text: ASCII (IDNA), lower case, no dot at the
/// end. A name that IDNA refuses is only put into lower case.
pub fn host_key(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim_end_matches('.');
    let plain = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_');
    // Mapping to ASCII leaves these as they are.
    if trimmed.bytes().all(plain) && !trimmed.contains("xn--") {
        return Cow::Borrowed(trimmed);
    }
    Cow::Owned(idna::domain_to_ascii(trimmed).unwrap_or_else(|_| trimmed.to_lowercase()))
}

fn mask(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let bits = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
            IpAddr::V4((u32::from(v4) & bits).into())
        }
        IpAddr::V6(v6) => {
            let bits = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
            IpAddr::V6((u128::from(v6) & bits).into())
        }
    }
}

/// What a record value holds: a feature struct, or named values from a provider. Which record of
/// the catalog it is, the static type says.
#[derive(Clone)]
pub struct Record {
    data: Arc<dyn Any + Send + Sync>,
}

impl Record {
    /// Wraps shared data as a record.
    pub fn new<T: Any + Send + Sync>(data: Arc<T>) -> Self {
        Self { data }
    }

    /// A record whose fields are given by name (results of capability providers).
    pub fn dynamic(fields: BTreeMap<String, Value>) -> Self {
        Self { data: Arc::new(fields) }
    }

    /// The data, if it is of type `T`.
    pub fn downcast<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.data.downcast_ref()
    }

    /// The shared data, if it is of type `T`.
    pub fn downcast_arc<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        Arc::clone(&self.data).downcast().ok()
    }

    /// The fields, if the record was made by [`Record::dynamic`].
    pub fn fields(&self) -> Option<&BTreeMap<String, Value>> {
        self.downcast()
    }

    /// Identity of the object, only to be compared.
    pub(crate) fn address(&self) -> *const () {
        Arc::as_ptr(&self.data).cast()
    }

    /// True if both are the same object (not merely equal).
    pub fn same(&self, other: &Record) -> bool {
        Arc::ptr_eq(&self.data, &other.data)
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Record")
    }
}

/// A value that rules compute with. Cloning is cheap: everything large is shared.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Absent. Kleene logic applies: it is neither equal nor unequal to anything.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// Text; also the representation of `domain`, `url`, `email` and enum values.
    String(Arc<str>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// A moment: milliseconds since 1970-01-01T00:00:00Z.
    Time(i64),
    /// A span of time in milliseconds.
    Duration(i64),
    /// An IP address.
    Ip(IpAddr),
    /// A block of IP addresses.
    Cidr(Cidr),
    /// A compiled regular expression.
    Pattern(Arc<Pattern>),
    /// A list.
    List(Arc<[Value]>),
    /// A map with text keys.
    Map(Arc<BTreeMap<String, Value>>),
    /// A dynamic JSON value.
    Json(Arc<serde_json::Value>),
    /// A record of the catalog.
    Record(Record),
}

impl Value {
    /// Text.
    pub fn str(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    /// A list.
    pub fn list(items: impl IntoIterator<Item = Value>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// A record of shared data.
    pub fn record<T: Any + Send + Sync>(data: Arc<T>) -> Self {
        Self::Record(Record::new(data))
    }

    /// True for [`Value::Null`].
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text of a string value.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list value.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The number of an integer value.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// Truth of a boolean value; everything else is unknown.
    pub fn truth(&self) -> Truth {
        match self {
            Self::Bool(value) => Truth::from(*value),
            _ => Truth::Unknown,
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(value.into())
    }
}

impl From<Truth> for Value {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth::True => Self::Bool(true),
            Truth::False => Self::Bool(false),
            Truth::Unknown => Self::Null,
        }
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
