//! Pairs the catalog's declarations with code.

use crate::files::YaraRules;
use crate::lists::Lists;
use crate::message::Message;
use crate::template::TemplateSet;
use crate::value::{Catalog, CatalogBuilder, Cost, EnumDecl, Example, FieldId, FuncId, RecordId, Value};
use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// Answers functions that need something outside the message: history, classifiers, WHOIS.
pub trait Provider: Send + Sync {
    /// The value of `function` (full name), or `None` if this provider does not offer it: the
    /// result is then absent and the rule undecided. Records are given with
    /// [`crate::value::Record::dynamic`].
    fn call(&self, function: &str, args: &[Value], message: &Message) -> Option<Value>;
}

/// What an evaluation may read beside the message. No clock, no I/O: all of it comes in here.
#[derive(Clone, Default)]
pub struct Env {
    /// "Now" for rules that read time, in milliseconds since 1970; `None` makes them undecided.
    pub now: Option<i64>,
    /// The lists of the compiled packs.
    pub lists: Arc<Lists>,
    /// The templates of the compiled packs.
    pub templates: Arc<TemplateSet>,
    /// Providers, asked in order.
    pub providers: Vec<Arc<dyn Provider>>,
    /// YARA rules of the compiled packs, if there are some.
    pub yara: Option<Arc<YaraRules>>,
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env").field("now", &self.now).finish_non_exhaustive()
    }
}

/// One message in its environment.
#[derive(Clone, Copy, Debug)]
pub struct Ctx<'a> {
    /// The message that is evaluated.
    pub message: &'a Arc<Message>,
    /// Everything else.
    pub env: &'a Env,
}

type Getter = Box<dyn Fn(&Ctx<'_>, &Value) -> Value + Send + Sync>;
type Function = Box<dyn Fn(&Ctx<'_>, &[Value]) -> Value + Send + Sync>;

/// The catalog with the code behind it.
pub struct Builtins {
    catalog: Arc<Catalog>,
    problems: Vec<String>,
    getters: Vec<Getter>,
    functions: Vec<Option<Function>>,
}

impl Builtins {
    /// The declarations.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// Mistakes in the engine's own declarations: always empty, which a test holds.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Reads a field. `base` is a record value of the field's record.
    pub fn get(&self, ctx: &Ctx<'_>, base: &Value, field: FieldId) -> Value {
        match base {
            Value::Record(record) => match record.fields() {
                Some(fields) => fields.get(self.catalog.field(field).name).cloned().unwrap_or_default(),
                None => self.getters.get(field.0 as usize).map_or(Value::Null, |get| get(ctx, base)),
            },
            _ => Value::Null,
        }
    }

    /// Calls a function. Absent required arguments make the result absent; functions of a
    /// capability are answered by providers.
    pub fn call(&self, ctx: &Ctx<'_>, function: FuncId, args: &[Value]) -> Value {
        let decl = self.catalog.function(function);
        let mut required = args.iter().zip(&decl.params).filter(|(_, param)| !param.optional);
        if required.any(|(arg, _)| arg.is_null()) {
            return Value::Null;
        }
        match self.functions.get(function.0 as usize).and_then(Option::as_ref) {
            Some(code) => code(ctx, args),
            None => ask(ctx, &decl.name, args),
        }
    }
}

fn ask(ctx: &Ctx<'_>, function: &str, args: &[Value]) -> Value {
    let mut providers = ctx.env.providers.iter();
    providers.find_map(|provider| provider.call(function, args, ctx.message)).unwrap_or_default()
}

/// Collects declarations with their code.
#[derive(Default)]
pub struct Registry {
    builder: CatalogBuilder,
    getters: Vec<Getter>,
    functions: Vec<Option<Function>>,
}

impl Registry {
    /// Declares a record backed by the Rust type `T`.
    pub fn record<T: Any + Send + Sync>(&mut self, name: &'static str, doc: &'static str) -> RecordBuilder<'_, T> {
        let id = self.builder.record(name, doc);
        RecordBuilder { registry: self, id, data: PhantomData }
    }

    /// Declares an enum.
    pub fn enumeration(&mut self, decl: EnumDecl) {
        self.builder.enumeration(decl);
    }

    /// Declares a function with its code: see [`CatalogBuilder::function`] for the notation.
    pub fn function(
        &mut self,
        signature: &'static str,
        doc: &'static str,
        cost: Cost,
        examples: &'static [Example],
        code: impl Fn(&Ctx<'_>, &[Value]) -> Value + Send + Sync + 'static,
    ) {
        let id = self.builder.function(signature, doc, cost, examples);
        self.attach(id, Some(Box::new(code)));
    }

    /// Declares a function that reads the clock: rules that call it may end otherwise tomorrow.
    pub fn clock(
        &mut self,
        signature: &'static str,
        doc: &'static str,
        examples: &'static [Example],
        code: impl Fn(&Ctx<'_>, &[Value]) -> Value + Send + Sync + 'static,
    ) {
        let id = self.builder.clock(signature, doc, examples);
        self.attach(id, Some(Box::new(code)));
    }

    /// Declares a function that the checker gives its meaning.
    pub fn special(&mut self, signature: &'static str, doc: &'static str, examples: &'static [Example]) {
        let id = self.builder.special(signature, doc, examples);
        self.attach(id, None);
    }

    /// Declares a function that a provider answers.
    pub fn capability(&mut self, capability: &'static str, signature: &'static str, doc: &'static str) {
        let id = self.builder.capability(capability, signature, doc);
        self.attach(id, None);
    }

    fn attach(&mut self, id: FuncId, code: Option<Function>) {
        debug_assert_eq!(id.0 as usize, self.functions.len());
        self.functions.push(code);
    }

    /// Resolves everything.
    pub fn build(self) -> Builtins {
        let (catalog, problems) = self.builder.build();
        Builtins { catalog, problems, getters: self.getters, functions: self.functions }
    }
}

/// Declares the fields of one record.
pub struct RecordBuilder<'r, T> {
    registry: &'r mut Registry,
    id: RecordId,
    data: PhantomData<fn(&T)>,
}

impl<T: Any + Send + Sync> RecordBuilder<'_, T> {
    /// Declares a field with the code that reads it.
    pub fn field(
        &mut self,
        name: &'static str,
        ty: &'static str,
        cost: Cost,
        doc: &'static str,
        get: impl Fn(&Ctx<'_>, &T) -> Value + Send + Sync + 'static,
    ) -> &mut Self {
        self.registry.builder.field(self.id, name, ty, doc, cost);
        self.registry.getters.push(Box::new(move |ctx, base| match base {
            Value::Record(record) => record.downcast::<T>().map_or(Value::Null, |data| get(ctx, data)),
            _ => Value::Null,
        }));
        self
    }
}
