//! The declared vocabulary: every record, field, enum and function, with its documentation.
//!
//! Declarations are written as text in the notation that the reference prints:
//! `"[Link]"`, `"string?"` (may be absent), `"strings.concat(part: string...) -> string"`.
//! The catalog knows nothing of the code behind them; `builtins` pairs ids with code.

use super::Type;
use std::collections::BTreeMap;
use std::sync::Arc;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);
    )*};
}
ids! {
    /// A field of a record.
    FieldId,
    /// A function.
    FuncId,
    /// A record.
    RecordId,
    /// An enum.
    EnumId
}

/// How expensive a field or function is, cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cost {
    /// Read from what parsing already knows.
    Cheap,
    /// Linear work over one header or short text.
    Moderate,
    /// Linear work over a body or attachment.
    Expensive,
    /// Asked of a provider outside the engine.
    Capability,
}

/// An expression with the JSON text of its value; every example is a test.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The expression.
    pub expr: &'static str,
    /// Its value as JSON; `None` if only the type is checked.
    pub value: Option<&'static str>,
}

/// A field of a record.
#[derive(Clone, Debug)]
pub struct FieldDecl {
    /// The record it belongs to.
    pub record: RecordId,
    /// Name.
    pub name: &'static str,
    /// Type, without absence.
    pub ty: Type,
    /// True if the value may be absent.
    pub nullable: bool,
    /// One sentence.
    pub doc: &'static str,
    /// Cost class.
    pub cost: Cost,
}

/// A record.
#[derive(Clone, Debug)]
pub struct RecordDecl {
    /// Name, in `UpperCamel`.
    pub name: &'static str,
    /// One sentence.
    pub doc: &'static str,
    /// Fields in declared order.
    pub fields: Vec<FieldId>,
}

/// An enum.
#[derive(Clone, Debug)]
pub struct EnumDecl {
    /// Name, in `UpperCamel`.
    pub name: &'static str,
    /// One sentence.
    pub doc: &'static str,
    /// Its values; lowest first if ordered.
    pub values: &'static [&'static str],
    /// True if `<` and `>=` compare its values.
    pub ordered: bool,
    /// True if values outside the list may occur (an unknown literal is then only a warning).
    pub open: bool,
}

/// A parameter of a function.
#[derive(Clone, Debug)]
pub struct ParamDecl {
    /// Name, usable as `name=value`.
    pub name: String,
    /// Type.
    pub ty: Type,
    /// True if it may be left out.
    pub optional: bool,
    /// True if it may be repeated (last parameter only).
    pub variadic: bool,
}

/// A function.
#[derive(Clone, Debug)]
pub struct FuncDecl {
    /// Full name: `strings.icontains`.
    pub name: String,
    /// The signature as declared.
    pub signature: &'static str,
    /// Parameters.
    pub params: Vec<ParamDecl>,
    /// Result type, without absence.
    pub ret: Type,
    /// True if the result may be absent although no argument is.
    pub nullable: bool,
    /// True if the checker gives the function its meaning (quantifiers, matchers, `length`).
    pub special: bool,
    /// One sentence or more.
    pub doc: &'static str,
    /// Cost class.
    pub cost: Cost,
    /// The capability that a host must provide, if any: `history`, `text_classification` ...
    pub capability: Option<&'static str>,
    /// True if the result depends on the clock beside the arguments.
    pub reads_clock: bool,
    /// Examples, executed as tests.
    pub examples: &'static [Example],
}

/// The declared vocabulary. Built once, immutable.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    records: Vec<RecordDecl>,
    fields: Vec<FieldDecl>,
    enums: Vec<EnumDecl>,
    functions: Vec<FuncDecl>,
    record_names: BTreeMap<&'static str, RecordId>,
    enum_names: BTreeMap<&'static str, EnumId>,
    function_names: BTreeMap<String, FuncId>,
    field_names: BTreeMap<(RecordId, &'static str), FieldId>,
}

impl Catalog {
    /// The record that describes a message; its fields are the root names of the language.
    pub const MESSAGE: RecordId = RecordId(0);

    /// A record's declaration.
    ///
    /// # Panics
    /// If the id is of another catalog.
    pub fn record(&self, id: RecordId) -> &RecordDecl {
        &self.records[id.0 as usize]
    }

    /// A field's declaration.
    ///
    /// # Panics
    /// If the id is of another catalog.
    pub fn field(&self, id: FieldId) -> &FieldDecl {
        &self.fields[id.0 as usize]
    }

    /// An enum's declaration.
    ///
    /// # Panics
    /// If the id is of another catalog.
    pub fn enumeration(&self, id: EnumId) -> &EnumDecl {
        &self.enums[id.0 as usize]
    }

    /// A function's declaration.
    ///
    /// # Panics
    /// If the id is of another catalog.
    pub fn function(&self, id: FuncId) -> &FuncDecl {
        &self.functions[id.0 as usize]
    }

    /// Finds a field of a record.
    pub fn find_field(&self, record: RecordId, name: &str) -> Option<FieldId> {
        self.field_names.get(&(record, name) as &(RecordId, &str)).copied()
    }

    /// Finds a function by its full name.
    pub fn find_function(&self, name: &str) -> Option<FuncId> {
        self.function_names.get(name).copied()
    }

    /// Finds a record by name.
    pub fn find_record(&self, name: &str) -> Option<RecordId> {
        self.record_names.get(name).copied()
    }

    /// Finds an enum by name.
    pub fn find_enum(&self, name: &str) -> Option<EnumId> {
        self.enum_names.get(name).copied()
    }

    /// All functions in the order of their names.
    pub fn functions(&self) -> impl Iterator<Item = (FuncId, &FuncDecl)> {
        self.function_names.values().map(|id| (*id, self.function(*id)))
    }

    /// All records in declared order.
    pub fn records(&self) -> impl Iterator<Item = (RecordId, &RecordDecl)> {
        self.records.iter().enumerate().map(|(index, decl)| (RecordId(index as u32), decl))
    }

    /// All enums in declared order.
    pub fn enums(&self) -> impl Iterator<Item = (EnumId, &EnumDecl)> {
        self.enums.iter().enumerate().map(|(index, decl)| (EnumId(index as u32), decl))
    }

    /// All fields in declared order.
    pub fn fields(&self) -> impl Iterator<Item = (FieldId, &FieldDecl)> {
        self.fields.iter().enumerate().map(|(index, decl)| (FieldId(index as u32), decl))
    }

    /// Reads a type as declarations write it: `string`, `[Link]`, `map<[string]>`, `Domain`.
    pub fn parse_type(&self, text: &str) -> Option<Type> {
        let text = text.trim();
        if let Some(item) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return Some(self.parse_type(item)?.list());
        }
        if let Some(item) = text.strip_prefix("map<").and_then(|rest| rest.strip_suffix('>')) {
            return Some(self.parse_type(item)?.map());
        }
        Some(match text {
            "null" => Type::Null,
            "bool" => Type::Bool,
            "int" => Type::Int,
            "float" => Type::Float,
            "string" => Type::String,
            "bytes" => Type::Bytes,
            "time" => Type::Time,
            "duration" => Type::Duration,
            "ip" => Type::Ip,
            "cidr" => Type::Cidr,
            "domain" => Type::Domain,
            "url" => Type::Url,
            "email" => Type::Email,
            "pattern" => Type::Pattern,
            "json" => Type::Json,
            "any" => Type::Any,
            name => match self.find_enum(name) {
                Some(id) => Type::Enum(id),
                None => Type::Record(self.find_record(name)?),
            },
        })
    }
}

/// Collects declarations. Records and enums may be used by name before they are declared,
/// because fields and functions are resolved in [`CatalogBuilder::build`].
#[derive(Default)]
pub struct CatalogBuilder {
    catalog: Catalog,
    pending_fields: Vec<(RecordId, &'static str, &'static str, &'static str, Cost)>,
    pending_functions: Vec<PendingFunction>,
    problems: Vec<String>,
}

struct PendingFunction {
    signature: &'static str,
    doc: &'static str,
    cost: Cost,
    special: bool,
    capability: Option<&'static str>,
    reads_clock: bool,
    examples: &'static [Example],
}

impl CatalogBuilder {
    /// Declares a record; the first one declared must be `Message`.
    pub fn record(&mut self, name: &'static str, doc: &'static str) -> RecordId {
        let id = RecordId(self.catalog.records.len() as u32);
        self.catalog.records.push(RecordDecl { name, doc, fields: Vec::new() });
        if self.catalog.record_names.insert(name, id).is_some() {
            self.problems.push(format!("record {name} declared twice"));
        }
        id
    }

    /// Declares an enum.
    pub fn enumeration(&mut self, decl: EnumDecl) -> EnumId {
        let id = EnumId(self.catalog.enums.len() as u32);
        if self.catalog.enum_names.insert(decl.name, id).is_some() {
            self.problems.push(format!("enum {} declared twice", decl.name));
        }
        self.catalog.enums.push(decl);
        id
    }

    /// Declares a field: `field(link, "href_url", "Url?", "Where the link leads.", Cost::Expensive)`.
    pub fn field(
        &mut self,
        record: RecordId,
        name: &'static str,
        ty: &'static str,
        doc: &'static str,
        cost: Cost,
    ) -> FieldId {
        self.pending_fields.push((record, name, ty, doc, cost));
        FieldId(self.pending_fields.len() as u32 - 1)
    }

    /// Declares a function by signature: `"strings.parse_url(text: string, strict: bool?) -> Url?"`.
    /// A parameter type ending in `?` is optional, in `...` repeatable.
    pub fn function(
        &mut self,
        signature: &'static str,
        doc: &'static str,
        cost: Cost,
        examples: &'static [Example],
    ) -> FuncId {
        self.add_function(PendingFunction {
            signature,
            doc,
            cost,
            special: false,
            capability: None,
            reads_clock: false,
            examples,
        })
    }

    /// Declares a function that the checker gives its meaning.
    pub fn special(&mut self, signature: &'static str, doc: &'static str, examples: &'static [Example]) -> FuncId {
        let cost = Cost::Moderate;
        self.add_function(PendingFunction {
            signature,
            doc,
            cost,
            special: true,
            capability: None,
            reads_clock: false,
            examples,
        })
    }

    /// Declares a function whose result depends on the clock.
    pub fn clock(&mut self, signature: &'static str, doc: &'static str, examples: &'static [Example]) -> FuncId {
        let cost = Cost::Cheap;
        self.add_function(PendingFunction {
            signature,
            doc,
            cost,
            special: false,
            capability: None,
            reads_clock: true,
            examples,
        })
    }

    /// Declares a function that a provider of the host answers.
    pub fn capability(&mut self, capability: &'static str, signature: &'static str, doc: &'static str) -> FuncId {
        self.add_function(PendingFunction {
            signature,
            doc,
            cost: Cost::Capability,
            special: false,
            capability: Some(capability),
            reads_clock: false,
            examples: &[],
        })
    }

    fn add_function(&mut self, function: PendingFunction) -> FuncId {
        self.pending_functions.push(function);
        FuncId(self.pending_functions.len() as u32 - 1)
    }

    /// Resolves all types. The problems are mistakes of the engine's own declarations; a test
    /// holds that there are none.
    pub fn build(mut self) -> (Arc<Catalog>, Vec<String>) {
        for (record, name, ty, doc, cost) in std::mem::take(&mut self.pending_fields) {
            let (text, nullable) = strip_optional(ty);
            let ty = self.resolve(text);
            let id = FieldId(self.catalog.fields.len() as u32);
            self.catalog.fields.push(FieldDecl { record, name, ty, nullable, doc, cost });
            self.catalog.records[record.0 as usize].fields.push(id);
            if self.catalog.field_names.insert((record, name), id).is_some() {
                self.problems.push(format!("field {name} declared twice"));
            }
        }
        for pending in std::mem::take(&mut self.pending_functions) {
            let decl = self.declare(pending);
            let id = FuncId(self.catalog.functions.len() as u32);
            if self.catalog.function_names.insert(decl.name.clone(), id).is_some() {
                self.problems.push(format!("function {} declared twice", decl.name));
            }
            self.catalog.functions.push(decl);
        }
        (Arc::new(self.catalog), self.problems)
    }

    fn resolve(&mut self, text: &str) -> Type {
        self.catalog.parse_type(text).unwrap_or_else(|| {
            self.problems.push(format!("unknown type {text}"));
            Type::Any
        })
    }

    fn declare(&mut self, pending: PendingFunction) -> FuncDecl {
        let (head, ret) = pending.signature.rsplit_once("->").unwrap_or((pending.signature, "any"));
        let (name, params) = head.trim().split_once('(').unwrap_or((head, ""));
        let params = params.trim().trim_end_matches(')');
        let params = params.split(',').map(str::trim).filter(|param| !param.is_empty());
        let params = params.map(|param| self.parameter(param)).collect();
        let (ret, nullable) = strip_optional(ret.trim());
        FuncDecl {
            name: name.trim().to_owned(),
            signature: pending.signature,
            params,
            ret: self.resolve(ret),
            nullable,
            special: pending.special,
            doc: pending.doc,
            cost: pending.cost,
            capability: pending.capability,
            reads_clock: pending.reads_clock,
            examples: pending.examples,
        }
    }

    fn parameter(&mut self, text: &str) -> ParamDecl {
        let (name, ty) = text.split_once(':').unwrap_or((text, "any"));
        let (ty, variadic) = ty.trim().strip_suffix("...").map_or((ty.trim(), false), |ty| (ty, true));
        let (ty, optional) = strip_optional(ty);
        ParamDecl { name: name.trim().to_owned(), ty: self.resolve(ty), optional, variadic }
    }
}

fn strip_optional(ty: &str) -> (&str, bool) {
    ty.strip_suffix('?').map_or((ty, false), |ty| (ty, true))
}
