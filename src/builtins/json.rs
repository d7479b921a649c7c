//! Values as JSON, by their static types: exactly what rules see.

use super::{Builtins, Ctx};
use crate::calendar;
use crate::value::{Type, Value};
use serde_json::{Map, Number, Value as Json};

/// Deepest nesting that is written; below it stands `"..."`.
const MAX_DEPTH: usize = 24;

/// The JSON form of a value. Records become objects with all their fields; the result is valid
/// JSON for any value.
pub fn to_json(builtins: &Builtins, ctx: &Ctx<'_>, value: &Value, ty: &Type) -> Json {
    Writer { builtins, ctx }.write(value, ty, 0)
}

struct Writer<'w> {
    builtins: &'w Builtins,
    ctx: &'w Ctx<'w>,
}

impl Writer<'_> {
    fn write(&self, value: &Value, ty: &Type, depth: usize) -> Json {
        if depth > MAX_DEPTH {
            return Json::String("...".into());
        }
        match value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Int(value) => Json::Number((*value).into()),
            Value::Float(value) => Number::from_f64(*value).map_or(Json::Null, Json::Number),
            Value::String(text) => Json::String(text.to_string()),
            Value::Bytes(bytes) => Json::String(crate::message::hex(bytes).to_string()),
            Value::Time(millis) => Json::String(calendar::rfc3339(*millis)),
            Value::Duration(millis) => Json::String(format!("{millis}ms")),
            Value::Ip(ip) => Json::String(ip.to_string()),
            Value::Cidr(cidr) => Json::String(cidr.to_string()),
            Value::Pattern(pattern) => Json::String(pattern.source().to_owned()),
            Value::List(items) => {
                Json::Array(items.iter().map(|item| self.write(item, item_type(ty), depth + 1)).collect())
            }
            Value::Map(map) => {
                let entries = map.iter().map(|(key, item)| (key.clone(), self.write(item, member(ty, key), depth + 1)));
                Json::Object(entries.collect())
            }
            Value::Json(json) => (**json).clone(),
            Value::Record(_) => self.record(value, ty, depth),
        }
    }

    fn record(&self, value: &Value, ty: &Type, depth: usize) -> Json {
        let Type::Record(id) = ty else { return Json::String("record".into()) };
        let catalog = self.builtins.catalog();
        let fields = &catalog.record(*id).fields;
        let mut object = Map::with_capacity(fields.len());
        for field in fields {
            let decl = catalog.field(*field);
            let member = self.builtins.get(self.ctx, value, *field);
            object.insert(decl.name.to_owned(), self.write(&member, &decl.ty, depth + 1));
        }
        Json::Object(object)
    }
}

fn item_type(ty: &Type) -> &Type {
    match ty {
        Type::List(item) | Type::Map(item) => item,
        _ => &Type::Any,
    }
}

/// The type of a map's value.
fn member<'t>(ty: &'t Type, key: &str) -> &'t Type {
    match ty {
        Type::Shape(shape) => shape.field(key).map_or(&Type::Any, |(ty, _)| ty),
        _ => item_type(ty),
    }
}
