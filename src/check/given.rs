//! `given { ... }` of a test: what the test says about the world outside the message, checked
//! against the catalog like everything else.

use super::Checker;
use super::expr::did_you_mean;
use super::hir::{Given, ListId};
use super::symbols::{Symbols, inline_entries};
use crate::diagnostic::{Diagnostic, codes, suggest};
use crate::source::SourceId;
use crate::syntax::ast::{self, ExprKind};
use crate::value::{Cidr, FuncId, Record, Type, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The fixed keys; beside them stand `list.NAME` and the functions of capabilities.
const KEYS: [&str; 7] =
    ["auth.spf", "auth.dkim", "auth.dmarc", "auth.arc", "auth.compauth", "auth.authenticated_domains", "clock"];
const AUTH_RESULTS: [&str; 11] = [
    "pass",
    "fail",
    "none",
    "temperror",
    "permerror",
    "unknown",
    "softfail",
    "neutral",
    "policy",
    "bestguesspass",
    "softpass",
];
/// Deepest nesting of a given answer.
const MAX_DEPTH: usize = 16;

impl Checker<'_> {
    /// The overrides of one test.
    pub(super) fn givens(&mut self, entries: &[ast::Given], pack: &str, symbols: &Symbols<'_>) -> Given {
        let mut given = Given::default();
        for entry in entries {
            let key = &*entry.key.name;
            if let Some(name) = key.strip_prefix("list.") {
                if let Some((id, entries)) = self.given_list(entry, name, pack, symbols) {
                    given.lists.insert(id, entries);
                }
            } else if KEYS.contains(&key) {
                self.given_fixed(entry, &mut given);
            } else if let Some((function, path)) = self.answered(key) {
                self.given_answer(entry, function, &path, &mut given);
            } else {
                self.unknown_given(&entry.key);
            }
        }
        given
    }

    fn unknown_given(&mut self, key: &ast::Ident) {
        let message = format!("a test cannot override `{}`", key.name);
        let problem = Diagnostic::new(codes::TEST, message, key.span, "unknown override");
        let functions = self.catalog().functions().filter(|(_, decl)| decl.capability.is_some());
        let functions: Vec<String> = functions.map(|(_, decl)| decl.name.clone()).collect();
        let known = KEYS.into_iter().chain(functions.iter().map(String::as_str));
        self.report(match suggest::nearest(&key.name, known) {
            Some(near) => did_you_mean(problem, key.span, &key.name, near),
            None => problem.help(format!(
                "overrides are: {}, `list.NAME`, and functions of capabilities such as `profile.by_sender`",
                KEYS.join(", ")
            )),
        });
    }

    fn given_wants(&mut self, entry: &ast::Given, wanted: &str) {
        let message = format!("`{}` must be {wanted}", entry.key.name);
        self.report(Diagnostic::new(codes::TEST, message, entry.value.span, format!("expected {wanted}")));
    }

    fn given_fixed(&mut self, entry: &ast::Given, given: &mut Given) {
        match (&*entry.key.name, &entry.value.kind) {
            ("clock", ExprKind::Time(time)) => given.clock = Some(*time),
            ("clock", _) => self.given_wants(entry, "a time such as `2026-05-21T10:00:00Z`"),
            ("auth.authenticated_domains", ExprKind::Array(items)) => {
                let names: Option<Vec<Arc<str>>> = items.iter().map(text_of).collect();
                match names {
                    Some(names) => given.authenticated_domains = Some(names),
                    None => self.given_wants(entry, "a list of domains"),
                }
            }
            ("auth.authenticated_domains", _) => self.given_wants(entry, "a list of domains"),
            (key, kind) => {
                let result = match kind {
                    ExprKind::Name(name) => Some(Arc::clone(name)),
                    ExprKind::Str(text) => Some(Arc::clone(&text.value)),
                    _ => None,
                };
                match result.filter(|result| AUTH_RESULTS.contains(&&**result)) {
                    Some(result) => drop(given.auth.insert(key.trim_start_matches("auth.").into(), result)),
                    None => self.given_wants(entry, &format!("one of: {}", AUTH_RESULTS.join(", "))),
                }
            }
        }
    }

    fn given_list(
        &mut self,
        entry: &ast::Given,
        name: &str,
        pack: &str,
        symbols: &Symbols<'_>,
    ) -> Option<(ListId, Vec<Arc<str>>)> {
        let found = symbols.find_list(pack, name).and_then(|id| Some((id, symbols.list(id)?)));
        let Some((id, info)) = found else {
            let message = format!("there is no list `${name}`");
            let problem = Diagnostic::new(codes::TEST, message, entry.key.span, "unknown list");
            self.report(match suggest::nearest(name, symbols.list_names(pack)) {
                Some(near) => problem.help(format!("did you mean `list.{near}`?")),
                None => problem,
            });
            return None;
        };
        let ExprKind::Array(items) = &entry.value.kind else {
            self.given_wants(entry, &format!("a list of `{}` entries", info.kind));
            return None;
        };
        let entries = inline_entries(items, &info.kind, &mut self.diagnostics);
        Some((id, entries.into_iter().map(|(text, _)| text).collect()))
    }

    /// The function of a capability that a key begins with, and the fields that follow.
    fn answered(&self, key: &str) -> Option<(FuncId, Vec<String>)> {
        let mut end = key.len();
        loop {
            if let Some(id) = self.catalog().find_function(&key[..end])
                && self.catalog().function(id).capability.is_some()
            {
                let rest = key[end..].split('.').filter(|part| !part.is_empty());
                return Some((id, rest.map(str::to_owned).collect()));
            }
            end = key[..end].rfind('.')?;
        }
    }

    fn given_answer(&mut self, entry: &ast::Given, function: FuncId, path: &[String], given: &mut Given) {
        let decl = self.catalog().function(function);
        let (name, ret) = (decl.name.clone(), decl.ret.clone());
        let answer = self.answer_type(&ret, path).and_then(|ty| self.answer(&entry.value, &ty));
        let merged = answer.and_then(|value| {
            let known = given.answers.remove(name.as_str());
            self.merge(&ret, known, path, value)
        });
        match merged {
            Ok(value) => drop(given.answers.insert(name.as_str().into(), value)),
            Err(reason) => {
                let message = format!("`{}` does not fit: {reason}", entry.key.name);
                let problem = Diagnostic::new(codes::TEST, message, entry.value.span, "does not fit the type");
                let ty = ret.name(self.catalog());
                self.report(problem.help(format!(
                    "`{name}` answers a `{ty}`: give it as JSON in quotes, or single fields as `{name}.FIELD: value`"
                )));
            }
        }
    }

    /// The type at the end of a path of fields.
    fn answer_type(&self, ty: &Type, path: &[String]) -> Result<Type, String> {
        let mut ty = ty.clone();
        for name in path {
            let Type::Record(id) = ty else { return Err(format!("there is no field `{name}`")) };
            let field = self.catalog().find_field(id, name);
            let field = field.ok_or_else(|| self.no_field(id, name))?;
            ty = self.catalog().field(field).ty.clone();
        }
        Ok(ty)
    }

    fn no_field(&self, record: crate::value::RecordId, name: &str) -> String {
        let decl = self.catalog().record(record);
        let known = decl.fields.iter().map(|field| self.catalog().field(*field).name);
        match suggest::nearest(name, known) {
            Some(near) => format!("`{}` has no field `{name}`; did you mean `{near}`?", decl.name),
            None => format!("`{}` has no field `{name}`", decl.name),
        }
    }

    /// A literal as a value of the type. Records and maps are written as JSON in a string.
    fn answer(&self, expr: &ast::Expr, ty: &Type) -> Result<Value, String> {
        match (&expr.kind, ty) {
            (ExprKind::Time(time), Type::Time) => Ok(Value::Time(*time)),
            (ExprKind::Duration(time), Type::Duration) => Ok(Value::Duration(*time)),
            (ExprKind::Array(items), Type::List(item)) => {
                let items: Result<Vec<Value>, String> = items.iter().map(|one| self.answer(one, item)).collect();
                items.map(Value::list)
            }
            (ExprKind::Str(text), Type::Record(_) | Type::List(_) | Type::Map(_) | Type::Json | Type::Any) => {
                let json = serde_json::from_str(&text.value).map_err(|error| format!("it is no JSON: {error}"))?;
                self.json_value(&json, ty, 0)
            }
            _ => self.json_value(&scalar(expr).ok_or("it is no literal")?, ty, 0),
        }
    }

    fn json_value(&self, json: &Json, ty: &Type, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err("it is nested too deeply".into());
        }
        let wrong = || format!("expected `{}`, found `{json}`", ty.name(self.catalog()));
        let text = || json.as_str().ok_or_else(wrong);
        Ok(match ty {
            _ if json.is_null() => Value::Null,
            Type::Bool => Value::Bool(json.as_bool().ok_or_else(wrong)?),
            Type::Int => Value::Int(json.as_i64().ok_or_else(wrong)?),
            Type::Float => Value::Float(json.as_f64().ok_or_else(wrong)?),
            Type::String | Type::Domain | Type::Url | Type::Email => text()?.into(),
            Type::Enum(id) => {
                let decl = self.catalog().enumeration(*id);
                let name = text()?;
                if !decl.open && !decl.values.contains(&name) {
                    return Err(format!("`{name}` is no `{}`: {}", decl.name, decl.values.join(", ")));
                }
                name.into()
            }
            Type::Ip => Value::Ip(text()?.parse().map_err(|_| wrong())?),
            Type::Cidr => Value::Cidr(Cidr::parse(text()?).ok_or_else(wrong)?),
            Type::Time | Type::Duration => moment(text()?, ty).ok_or_else(wrong)?,
            Type::List(item) => {
                let items = json.as_array().ok_or_else(wrong)?;
                let items: Result<Vec<Value>, String> =
                    items.iter().map(|one| self.json_value(one, item, depth + 1)).collect();
                Value::list(items?)
            }
            Type::Map(item) => {
                let mut map = BTreeMap::new();
                for (key, one) in json.as_object().ok_or_else(wrong)? {
                    map.insert(key.clone(), self.json_value(one, item, depth + 1)?);
                }
                Value::Map(Arc::new(map))
            }
            Type::Record(id) => {
                let mut fields = self.blank(*id);
                for (key, one) in json.as_object().ok_or_else(wrong)? {
                    let field = self.catalog().find_field(*id, key).ok_or_else(|| self.no_field(*id, key))?;
                    fields.insert(key.clone(), self.json_value(one, &self.catalog().field(field).ty, depth + 1)?);
                }
                Value::Record(Record::dynamic(fields))
            }
            Type::Json | Type::Any => Value::Json(Arc::new(json.clone())),
            Type::Null | Type::Bytes | Type::Pattern | Type::Shape(_) => return Err(wrong()),
        })
    }

    /// A record of which nothing is given: lists are empty, all else is absent.
    fn blank(&self, record: crate::value::RecordId) -> BTreeMap<String, Value> {
        let fields = self.catalog().record(record).fields.iter().map(|field| self.catalog().field(*field));
        let lists = fields.filter(|decl| matches!(decl.ty, Type::List(_)) && !decl.nullable);
        lists.map(|decl| (decl.name.to_owned(), Value::list([]))).collect()
    }

    /// Puts a value at the end of a path of fields, beside what is known already.
    fn merge(&self, ty: &Type, known: Option<Value>, path: &[String], value: Value) -> Result<Value, String> {
        let Some((name, rest)) = path.split_first() else { return Ok(value) };
        let Type::Record(id) = ty else { return Err(format!("there is no field `{name}`")) };
        let mut fields = match &known {
            Some(Value::Record(record)) => record.fields().cloned().unwrap_or_default(),
            _ => self.blank(*id),
        };
        let field = self.catalog().find_field(*id, name).ok_or_else(|| self.no_field(*id, name))?;
        let inner = fields.remove(name).filter(|value| !value.is_null());
        let merged = self.merge(&self.catalog().field(field).ty, inner, rest, value)?;
        fields.insert(name.clone(), merged);
        Ok(Value::Record(Record::dynamic(fields)))
    }
}

fn text_of(expr: &ast::Expr) -> Option<Arc<str>> {
    match &expr.kind {
        ExprKind::Str(text) => Some(Arc::clone(&text.value)),
        _ => None,
    }
}

fn scalar(expr: &ast::Expr) -> Option<Json> {
    Some(match &expr.kind {
        ExprKind::Null => Json::Null,
        ExprKind::Bool(value) => Json::Bool(*value),
        ExprKind::Int(number) => (*number).into(),
        ExprKind::Float(number) => serde_json::Number::from_f64(*number)?.into(),
        ExprKind::Str(text) => Json::String(text.value.to_string()),
        ExprKind::Name(name) | ExprKind::Address(name) => Json::String(name.to_string()),
        ExprKind::Neg(inner) => match &inner.kind {
            ExprKind::Int(number) => number.checked_neg()?.into(),
            ExprKind::Float(number) => serde_json::Number::from_f64(-number)?.into(),
            _ => return None,
        },
        _ => return None,
    })
}

/// `2026-05-21T10:00:00Z` or `30d`, as rules write them.
fn moment(text: &str, ty: &Type) -> Option<Value> {
    match (crate::syntax::parse_expr(SourceId(0), text).0?.kind, ty) {
        (ExprKind::Time(time), Type::Time) => Some(Value::Time(time)),
        (ExprKind::Duration(time), Type::Duration) => Some(Value::Duration(time)),
        _ => None,
    }
}
