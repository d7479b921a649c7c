//! Calls: functions of the catalog, those that the language itself gives a meaning, definitions.

use super::Checker;
use super::expr::{did_you_mean, unify};
use super::hir::{Expr, ExprKind, Quantifier};
use super::scope::{Binding, Element, Scope};
use crate::diagnostic::{Diagnostic, codes, suggest};
use crate::matcher::{Dialect, PatternOptions};
use crate::source::Span;
use crate::syntax::ast::{self, Arg, TextOp};
use crate::value::{FuncDecl, FuncId, Type, Value};
use std::sync::Arc;

type OwnedDef<'s> = (Arc<str>, &'s ast::Def);

impl Checker<'_> {
    pub(super) fn call(&mut self, callee: &ast::Expr, args: &[Arg], span: Span, scope: &mut Scope<'_>) -> Expr {
        let Some(name) = dotted(callee) else {
            self.report(
                Diagnostic::new(
                    codes::UNKNOWN_FUNCTION,
                    "only a function can be called",
                    callee.span,
                    "not a function",
                )
                .help("values have fields, not methods: write `function(value)`"),
            );
            return self.broken(span);
        };
        if let Some(checked) = self.special(&name, args, span, scope) {
            return checked;
        }
        if let Some(def) = self.callable_definition(&name, scope) {
            return self.inline(def, args, span, scope);
        }
        match self.catalog().find_function(&name) {
            Some(id) => self.function(id, args, span, scope),
            None => self.unknown_function(&name, callee.span, span, scope),
        }
    }

    fn unknown_function(&mut self, name: &str, callee: Span, span: Span, scope: &Scope<'_>) -> Expr {
        let problem = Diagnostic::new(
            codes::UNKNOWN_FUNCTION,
            format!("there is no function `{name}`"),
            callee,
            "no such function",
        );
        let own = scope.symbols.packs.get(&scope.pack);
        let own = own.into_iter().flat_map(|pack| pack.defs.keys().map(|name| &**name));
        let known = own.chain(self.catalog().functions().map(|(_, decl)| decl.name.as_str()));
        let known: Vec<&str> = known.collect();
        let same_tail = known.iter().copied().find(|full| full.rsplit('.').next() == Some(name));
        self.report(match suggest::nearest(name, known.iter().copied()).or(same_tail) {
            Some(near) => did_you_mean(problem, callee, name, near),
            None => problem.help("`ruleeval doc` lists every function"),
        });
        self.broken(span)
    }

    /// Forms whose meaning is part of the language. `None`: not one of them.
    fn special(&mut self, name: &str, args: &[Arg], span: Span, scope: &mut Scope<'_>) -> Option<Expr> {
        if let Some((op, no_case, dialect)) = text_function(name) {
            if args.len() < 2 {
                return Some(self.wrong_count(name, args.len(), "at least 2", span));
            }
            return Some(self.text_function(op, no_case, dialect, args, span, scope));
        }
        Some(match name {
            "any" => self.quantified(Quantifier::Any, args, span, scope),
            "all" => self.quantified(Quantifier::All, args, span, scope),
            "none" => self.quantified(Quantifier::None, args, span, scope),
            "filter" => self.quantified(Quantifier::Filter, args, span, scope),
            "map" => self.quantified(Quantifier::Map, args, span, scope),
            "distinct" => self.quantified(Quantifier::Distinct, args, span, scope),
            "ratio" => self.quantified(Quantifier::Ratio, args, span, scope),
            "first" => self.quantified(Quantifier::First, args, span, scope),
            "last" => self.quantified(Quantifier::Last, args, span, scope),
            "exactly" | "at_least" => self.counted(name, args, span, scope),
            "length" => self.length(args, span, scope),
            "sum" => self.sum(args, span, scope),
            "flatten" => self.flatten(args, span, scope),
            "keys" | "values" => self.map_part(name, args, span, scope),
            "coalesce" => {
                let operands: Vec<&ast::Expr> = args.iter().map(|arg| &arg.value).collect();
                if operands.is_empty() {
                    return Some(self.wrong_count(name, 0, "at least 1", span));
                }
                self.coalesce(&operands, None, span, scope)
            }
            "template" => self.template(args, span, scope),
            _ => return None,
        })
    }

    fn wrong_count(&mut self, name: &str, found: usize, wanted: &str, span: Span) -> Expr {
        let message = format!("`{name}` takes {wanted} argument(s), here are {found}");
        let signature = self.catalog().find_function(name).map(|id| self.catalog().function(id).signature);
        let problem = Diagnostic::new(codes::ARGUMENTS, message, span, format!("{found} given"));
        self.report(match signature {
            Some(signature) => problem.help(format!("its signature is `{signature}`")),
            None => problem,
        });
        self.broken(span)
    }

    fn text_function(
        &mut self,
        op: TextOp,
        no_case: bool,
        dialect: Dialect,
        args: &[Arg],
        span: Span,
        scope: &mut Scope<'_>,
    ) -> Expr {
        // The caller has counted the arguments.
        let [text, needles @ ..] = args else { return self.broken(span) };
        if let Some(name) = args.iter().find_map(|arg| arg.name.as_ref()) {
            let message = format!("there is no parameter `{}`", name.name);
            self.report(Diagnostic::new(codes::ARGUMENTS, message, name.span, "not a parameter"));
            return self.broken(span);
        }
        let text = self.expr(&text.value, None, scope);
        let needles: Vec<&ast::Expr> = needles.iter().map(|arg| &arg.value).collect();
        self.text_test(text, op, no_case, dialect, &needles, span, scope)
    }

    fn counted(&mut self, name: &str, args: &[Arg], span: Span, scope: &mut Scope<'_>) -> Expr {
        let Some((count, rest)) = args.split_first().filter(|(_, rest)| rest.len() == 2) else {
            return self.wrong_count(name, args.len(), "3", span);
        };
        let ast::ExprKind::Int(number) = count.value.kind else {
            self.report(Diagnostic::new(
                codes::TYPE,
                format!("`{name}` counts with a literal number"),
                count.value.span,
                "not a number",
            ));
            return self.broken(span);
        };
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let quantifier = if name == "exactly" { Quantifier::Exactly(number) } else { Quantifier::AtLeast(number) };
        self.quantified(quantifier, rest, span, scope)
    }

    fn quantified(&mut self, quantifier: Quantifier, args: &[Arg], span: Span, scope: &mut Scope<'_>) -> Expr {
        let name = quantifier_name(quantifier);
        let body_optional = matches!(quantifier, Quantifier::Distinct | Quantifier::First | Quantifier::Last);
        let (collection, body) = match args {
            [collection, body] => (&collection.value, Some(&body.value)),
            [collection] if body_optional => (&collection.value, None),
            _ => return self.wrong_count(name, args.len(), if body_optional { "1 or 2" } else { "2" }, span),
        };
        let mut collection = self.expr(collection, None, scope);
        // The elements of a map are its values.
        if let Type::Map(value) = &collection.ty {
            let (ty, nullable, span) = ((**value).clone().list(), collection.nullable, collection.span);
            collection = self.node(ExprKind::Values(Box::new(collection)), ty, nullable, span);
        }
        let item = match &collection.ty {
            Type::List(item) => (**item).clone(),
            Type::Any => Type::Any,
            Type::Json => Type::Json,
            _ => {
                let name = self.type_name(&collection.ty);
                let message = format!("expected a list, found `{name}`");
                let problem = Diagnostic::new(codes::TYPE, message, collection.span, format!("this is `{name}`"));
                self.report(problem);
                return self.broken(span);
            }
        };
        // Items of JSON arrays and of array literals may be absent.
        let item_nullable = matches!(item, Type::Json | Type::Any) || holds_absent_items(&collection);
        let element = Element { id: self.local(), ty: item.clone(), nullable: item_nullable };
        let (binder, body_ast) = match body.map(|body| &body.kind) {
            Some(ast::ExprKind::Lambda(binder, inner)) => (Some(Arc::clone(&binder.name)), Some(inner.as_ref())),
            _ => (None, body),
        };
        scope.enter(element.clone(), binder);
        let body = self.quantifier_body(quantifier, body_ast, &element, span, scope);
        scope.leave();
        self.lint_quantifier(quantifier, &collection, &body, span);
        let (ty, nullable) = quantifier_type(quantifier, &collection, &item, &body);
        let kind = ExprKind::Quantified {
            quantifier,
            collection: Box::new(collection),
            element: element.id,
            body: Box::new(body),
        };
        self.node(kind, ty, nullable, span)
    }

    fn quantifier_body(
        &mut self,
        quantifier: Quantifier,
        body: Option<&ast::Expr>,
        element: &Element,
        span: Span,
        scope: &mut Scope<'_>,
    ) -> Expr {
        match (quantifier, body) {
            (Quantifier::Map | Quantifier::Distinct, Some(body)) => self.expr(body, None, scope),
            (Quantifier::Distinct, None) => self.bound(element, span),
            (_, None) => self.node(ExprKind::Const(Value::Bool(true)), Type::Bool, false, span),
            (_, Some(body)) => self.condition(body, scope),
        }
    }

    fn one_argument(&mut self, name: &str, args: &[Arg], span: Span, scope: &mut Scope<'_>) -> Option<Expr> {
        if let [only] = args {
            return Some(self.expr(&only.value, None, scope));
        }
        self.wrong_count(name, args.len(), "1", span);
        None
    }

    fn length(&mut self, args: &[Arg], span: Span, scope: &mut Scope<'_>) -> Expr {
        let Some(inner) = self.one_argument("length", args, span, scope) else { return self.broken(span) };
        if !(inner.ty.is_text()
            || matches!(inner.ty, Type::List(_) | Type::Map(_) | Type::Any | Type::Json | Type::Bytes))
        {
            return self.wrong_type("only text, lists and maps have a length", &inner);
        }
        let nullable = inner.nullable;
        self.node(ExprKind::Length(Box::new(inner)), Type::Int, nullable, span)
    }

    fn sum(&mut self, args: &[Arg], span: Span, scope: &mut Scope<'_>) -> Expr {
        let Some(inner) = self.one_argument("sum", args, span, scope) else { return self.broken(span) };
        let ty = match &inner.ty {
            Type::List(item) if item.is_number() => (**item).clone(),
            Type::List(item) if **item == Type::Any => Type::Int,
            Type::Any => Type::Any,
            _ => return self.wrong_type("`sum` adds a list of numbers", &inner),
        };
        self.node(ExprKind::Sum(Box::new(inner)), ty, false, span)
    }

    fn flatten(&mut self, args: &[Arg], span: Span, scope: &mut Scope<'_>) -> Expr {
        let Some(inner) = self.one_argument("flatten", args, span, scope) else { return self.broken(span) };
        let ty = match &inner.ty {
            Type::List(item) if matches!(**item, Type::List(_) | Type::Any) => (**item).clone(),
            Type::Any | Type::Json => Type::Any.list(),
            _ => return self.wrong_type("`flatten` joins a list of lists", &inner),
        };
        self.node(ExprKind::Flatten(Box::new(inner)), ty, false, span)
    }

    fn map_part(&mut self, name: &str, args: &[Arg], span: Span, scope: &mut Scope<'_>) -> Expr {
        let Some(inner) = self.one_argument(name, args, span, scope) else { return self.broken(span) };
        let item = match &inner.ty {
            Type::Map(item) => (**item).clone(),
            Type::Json => Type::Json,
            Type::Any => Type::Any,
            _ => return self.wrong_type("expected a map", &inner),
        };
        let nullable = inner.nullable;
        let inner = Box::new(inner);
        match name {
            "keys" => self.node(ExprKind::Keys(inner), Type::String.list(), nullable, span),
            _ => self.node(ExprKind::Values(inner), item.list(), nullable, span),
        }
    }

    fn function(&mut self, id: FuncId, args: &[Arg], span: Span, scope: &mut Scope<'_>) -> Expr {
        let decl = self.catalog().function(id);
        let Some(slots) = self.place_arguments(decl, args, span) else { return self.broken(span) };
        let mut checked = Vec::with_capacity(slots.len());
        for (slot, ty, optional) in slots {
            checked.push(match slot {
                Some(arg) => self.argument(decl, arg, &ty, scope),
                None if optional => self.node(ExprKind::Const(Value::Null), Type::Null, true, span),
                None => self.broken(span),
            });
        }
        self.check_literal_arguments(decl, &checked);
        let required = checked.iter().zip(&decl.params).filter(|(_, param)| !param.optional);
        let arguments_nullable = required.into_iter().any(|(arg, _)| arg.nullable);
        let nullable = decl.nullable || decl.capability.is_some() || arguments_nullable;
        self.node(ExprKind::Call(id, checked), decl.ret.clone(), nullable, span)
    }

    /// One slot for each parameter (variadic ones repeated), filled by position or name.
    #[allow(clippy::type_complexity)]
    fn place_arguments<'e>(
        &mut self,
        decl: &FuncDecl,
        args: &'e [Arg],
        span: Span,
    ) -> Option<Vec<(Option<&'e ast::Expr>, Type, bool)>> {
        let mut slots: Vec<_> = decl.params.iter().map(|param| (None, param.ty.clone(), param.optional)).collect();
        let variadic = decl.params.last().filter(|param| param.variadic);
        for (position, arg) in args.iter().enumerate() {
            let index = match &arg.name {
                Some(name) => match decl.params.iter().position(|param| *param.name == *name.name) {
                    Some(index) => index,
                    None => return self.unknown_parameter(decl, name),
                },
                None => position,
            };
            if let Some(slot) = slots.get_mut(index) {
                slot.0 = Some(&arg.value);
            } else if let Some(param) = variadic {
                slots.push((Some(&arg.value), param.ty.clone(), false));
            } else {
                let wanted = format!("at most {}", decl.params.len());
                self.wrong_count(&decl.name, args.len(), &wanted, span);
                return None;
            }
        }
        if slots.iter().any(|(slot, _, optional)| slot.is_none() && !optional) {
            let required = decl.params.iter().filter(|param| !param.optional).count();
            let wanted = if required == decl.params.len() && variadic.is_none() { "" } else { "at least " };
            self.wrong_count(&decl.name, args.len(), &format!("{wanted}{required}"), span);
            return None;
        }
        Some(slots)
    }

    fn unknown_parameter<T>(&mut self, decl: &FuncDecl, name: &ast::Ident) -> Option<T> {
        let message = format!("`{}` has no parameter `{}`", decl.name, name.name);
        let problem = Diagnostic::new(codes::ARGUMENTS, message, name.span, "no such parameter");
        let near = suggest::nearest(&name.name, decl.params.iter().map(|param| param.name.as_str()));
        self.report(match near {
            Some(near) => did_you_mean(problem, name.span, &name.name, near),
            None => problem.help(format!("its signature is `{}`", decl.signature)),
        });
        None
    }

    fn argument(&mut self, decl: &FuncDecl, arg: &ast::Expr, wanted: &Type, scope: &mut Scope<'_>) -> Expr {
        if *wanted == Type::Pattern {
            let no_case = decl.name.strip_prefix("regex.i").is_some();
            let options = PatternOptions { dialect: Dialect::Re2, no_case, ..Default::default() };
            return match self.pattern_needle(arg, options) {
                Some(pattern) => self.node(ExprKind::Const(Value::Pattern(pattern)), Type::Pattern, false, arg.span),
                None => self.broken(arg.span),
            };
        }
        let checked = self.expr(arg, Some(wanted), scope);
        if fits(&checked.ty, wanted) {
            return checked;
        }
        let (found, want) = (self.type_name(&checked.ty), self.type_name(wanted));
        let message = format!("`{}` wants `{want}` here, this is `{found}`", decl.name);
        self.report(
            Diagnostic::new(codes::TYPE, message, checked.span, format!("this is `{found}`"))
                .help(format!("its signature is `{}`", decl.signature)),
        );
        self.broken(arg.span)
    }

    fn check_literal_arguments(&mut self, decl: &FuncDecl, args: &[Expr]) {
        if decl.name != "html.xpath" {
            return;
        }
        let Some(Expr { kind: ExprKind::Const(Value::String(path)), span, .. }) = args.get(1) else { return };
        if let Err(reason) = (self.vocabulary.xpath)(path) {
            self.report(Diagnostic::new(codes::XPATH, "this XPath expression is refused", *span, reason));
        }
    }

    /// A definition of the own pack.
    pub(super) fn definition<'s>(&self, name: &str, scope: &Scope<'s>) -> Option<OwnedDef<'s>> {
        let def = scope.symbols.packs.get(&scope.pack)?.defs.get(name)?;
        Some((Arc::clone(&scope.pack), def))
    }

    /// A definition of a pack that the own pack requires.
    pub(super) fn required_definition<'s>(&self, pack: &str, name: &str, scope: &Scope<'s>) -> Option<OwnedDef<'s>> {
        let own = scope.symbols.packs.get(&scope.pack)?;
        let (_, pack) = own.requires.iter().find(|(written, _)| **written == *pack)?;
        Some((Arc::clone(pack), scope.symbols.packs.get(pack)?.defs.get(name)?))
    }

    fn callable_definition<'s>(&self, name: &str, scope: &Scope<'s>) -> Option<OwnedDef<'s>> {
        match name.split_once('.') {
            None => self.definition(name, scope),
            Some((pack, name)) => self.required_definition(pack, name, scope),
        }
    }

    /// Puts a definition's body in place of its use.
    pub(super) fn inline(
        &mut self,
        (pack, def): OwnedDef<'_>,
        args: &[Arg],
        span: Span,
        scope: &mut Scope<'_>,
    ) -> Expr {
        let key = (Arc::clone(&pack), Arc::clone(&def.name.name));
        if scope.inlining.contains(&key) {
            let message = format!("`{}` refers to itself", def.name.name);
            let problem = Diagnostic::new(codes::CYCLE, message, span, "refers back to itself here");
            self.report(problem.also(def.name.span, "defined here").help("definitions are not recursive"));
            return self.broken(span);
        }
        self.used.defs.insert(key);
        if args.len() != def.params.len() {
            let (name, found, wanted) = (&def.name.name, args.len(), def.params.len());
            let message = format!("`{name}` takes {wanted} argument(s), here are {found}");
            let problem = Diagnostic::new(codes::ARGUMENTS, message, span, format!("{found} given"));
            self.report(problem.also(def.name.span, "defined here"));
            return self.broken(span);
        }
        let mut inner = scope.for_definition(pack, Arc::clone(&def.name.name));
        let mut bound = Vec::new();
        for (position, param) in def.params.iter().enumerate() {
            let arg = args.iter().find(|arg| arg.name.as_ref().is_some_and(|name| name.name == param.name.name));
            let Some(arg) = arg.or_else(|| args.get(position).filter(|arg| arg.name.is_none())) else {
                let message = format!("`{}` needs a value for `{}`", def.name.name, param.name.name);
                self.report(Diagnostic::new(codes::ARGUMENTS, message, span, "missing argument"));
                return self.broken(span);
            };
            let value = self.definition_argument(def, param, arg, scope);
            if let Some((id, value)) = self.bind_value(Arc::clone(&param.name.name), value, &mut inner) {
                bound.push((id, value));
            }
        }
        let body = self.expr(&def.body, None, &mut inner);
        self.wrap_lets(bound, body)
    }

    fn definition_argument(&mut self, def: &ast::Def, param: &ast::Param, arg: &Arg, scope: &mut Scope<'_>) -> Expr {
        let Some(wanted) = self.catalog().parse_type(&param.ty.name) else {
            return self.broken(arg.value.span); // reported where the definition is checked
        };
        let value = self.expr(&arg.value, Some(&wanted), scope);
        if fits(&value.ty, &wanted) {
            return value;
        }
        let (found, want) = (self.type_name(&value.ty), self.type_name(&wanted));
        let message = format!("`{}` wants `{want}` for `{}`, this is `{found}`", def.name.name, param.name.name);
        let problem = Diagnostic::new(codes::TYPE, message, value.span, format!("this is `{found}`"));
        self.report(problem.also(param.name.span, "declared here"));
        self.broken(arg.value.span)
    }

    /// Binds a name to a value: small or closed values are put in place of the name (the plan
    /// shares equal expressions), others are bound so that they are evaluated once.
    pub(super) fn bind_value(
        &mut self,
        name: Arc<str>,
        value: Expr,
        scope: &mut Scope<'_>,
    ) -> Option<(super::hir::LocalId, Expr)> {
        const SMALL: usize = 4;
        if value.size() <= SMALL || is_closed(&value) {
            scope.bind(name, Binding::Value(Arc::new(value)));
            return None;
        }
        let id = self.local();
        let element = Element { id, ty: value.ty.clone(), nullable: value.nullable };
        scope.bind(name, Binding::Local(element));
        Some((id, value))
    }

    pub(super) fn wrap_lets(&mut self, bound: Vec<(super::hir::LocalId, Expr)>, body: Expr) -> Expr {
        bound.into_iter().rev().fold(body, |body, (id, value)| {
            let (ty, nullable, span) = (body.ty.clone(), body.nullable, body.span);
            self.node(ExprKind::Let(id, Box::new(value), Box::new(body)), ty, nullable, span)
        })
    }
}

/// True if no name of an enclosing quantifier occurs free in the expression.
pub(super) fn is_closed(expr: &Expr) -> bool {
    let mut bound = std::collections::BTreeSet::new();
    let mut used = Vec::new();
    expr.walk(&mut |node| match &node.kind {
        ExprKind::Quantified { element, .. } => drop(bound.insert(*element)),
        ExprKind::Let(id, ..) => drop(bound.insert(*id)),
        ExprKind::Local(id) => used.push(*id),
        _ => {}
    });
    used.iter().all(|id| bound.contains(id))
}

/// True if a value of type `found` may be passed where `wanted` is declared.
pub(super) fn fits(found: &Type, wanted: &Type) -> bool {
    match (found, wanted) {
        (Type::Any | Type::Null | Type::Json, _) | (_, Type::Any) => true,
        (Type::Int, Type::Float) => true,
        (found, Type::String) if found.is_text() => true,
        (Type::String, wanted) if wanted.is_text() => true,
        (Type::List(found), Type::List(wanted)) => fits(found, wanted),
        (Type::Map(found), Type::Map(wanted)) => fits(found, wanted),
        (found, wanted) => found == wanted,
    }
}

fn holds_absent_items(collection: &Expr) -> bool {
    match &collection.kind {
        ExprKind::Array(items) => items.iter().any(|item| item.nullable),
        ExprKind::Quantified { quantifier: Quantifier::Map, body, .. } => body.nullable,
        ExprKind::Quantified { collection, .. } => holds_absent_items(collection),
        _ => false,
    }
}

fn quantifier_type(quantifier: Quantifier, collection: &Expr, item: &Type, body: &Expr) -> (Type, bool) {
    let either = collection.nullable || body.nullable;
    match quantifier {
        Quantifier::Any | Quantifier::None | Quantifier::Exactly(_) | Quantifier::AtLeast(_) => (Type::Bool, either),
        Quantifier::All => (Type::Bool, body.nullable),
        Quantifier::Filter | Quantifier::Distinct => (item.clone().list(), false),
        Quantifier::Map => (unify(&body.ty, &Type::Null).unwrap_or(Type::Any).list(), collection.nullable),
        Quantifier::Ratio => (Type::Float, true),
        Quantifier::First | Quantifier::Last => (item.clone(), true),
    }
}

fn quantifier_name(quantifier: Quantifier) -> &'static str {
    match quantifier {
        Quantifier::Any => "any",
        Quantifier::All => "all",
        Quantifier::None => "none",
        Quantifier::Exactly(_) => "exactly",
        Quantifier::AtLeast(_) => "at_least",
        Quantifier::Filter => "filter",
        Quantifier::Map => "map",
        Quantifier::Distinct => "distinct",
        Quantifier::Ratio => "ratio",
        Quantifier::First => "first",
        Quantifier::Last => "last",
    }
}

/// MQL's matchers: one idea, twelve names.
fn text_function(name: &str) -> Option<(TextOp, bool, Dialect)> {
    let name = if name == "ilike" { "strings.ilike" } else { name };
    let (module, function) = name.split_once('.')?;
    let plain = |function: &str| match (module, function) {
        ("strings", "contains") => Some((TextOp::Contains, Dialect::Native)),
        ("strings", "starts_with") => Some((TextOp::StartsWith, Dialect::Native)),
        ("strings", "ends_with") => Some((TextOp::EndsWith, Dialect::Native)),
        ("strings", "like") => Some((TextOp::Like, Dialect::Native)),
        ("regex", "contains") => Some((TextOp::Matches, Dialect::Re2)),
        ("regex", "match") => Some((TextOp::MatchesWhole, Dialect::Re2)),
        _ => None,
    };
    if let Some((op, dialect)) = plain(function) {
        return Some((op, false, dialect));
    }
    plain(function.strip_prefix('i')?).map(|(op, dialect)| (op, true, dialect))
}

/// `strings.icontains` of a callee that is a chain of names.
fn dotted(callee: &ast::Expr) -> Option<String> {
    match &callee.kind {
        ast::ExprKind::Name(name) => Some(name.to_string()),
        ast::ExprKind::Field(base, field) => Some(format!("{}.{}", dotted(base)?, field.name)),
        _ => None,
    }
}
