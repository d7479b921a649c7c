//! Expressions: every node of the tree gets a meaning and a type.

use super::Checker;
use super::hir::{Arith, Expr, ExprKind};
use super::scope::{Binding, Element, Scope};
use crate::diagnostic::{Diagnostic, codes, suggest};
use crate::matcher::{Dialect, Pattern, PatternOptions};
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp, OfCount};
use crate::value::{Catalog, Cidr, RecordId, Type, Value};
use std::sync::Arc;

impl Checker<'_> {
    /// Checks an expression. `expected` is the type that the place wants, if one is known: it
    /// lets a bare name be a value of an enum. It is a hint, not a demand.
    pub(super) fn expr(&mut self, expr: &ast::Expr, expected: Option<&Type>, scope: &mut Scope<'_>) -> Expr {
        if self.over_limit() {
            return Expr { kind: ExprKind::Const(Value::Null), ty: Type::Any, nullable: false, span: expr.span };
        }
        let span = expr.span;
        match &expr.kind {
            ast::ExprKind::Null => self.node(ExprKind::Const(Value::Null), Type::Null, true, span),
            ast::ExprKind::Bool(value) => self.constant(Value::Bool(*value), Type::Bool, span),
            ast::ExprKind::Int(value) => self.constant(Value::Int(*value), Type::Int, span),
            ast::ExprKind::Float(value) => self.constant(Value::Float(*value), Type::Float, span),
            ast::ExprKind::Str(text) => self.constant(Value::String(Arc::clone(&text.value)), Type::String, span),
            ast::ExprKind::Duration(value) => self.constant(Value::Duration(*value), Type::Duration, span),
            ast::ExprKind::Time(value) => self.constant(Value::Time(*value), Type::Time, span),
            ast::ExprKind::Regex { pattern, flags } => self.regex_literal(pattern, flags, span),
            ast::ExprKind::Address(text) => self.address(text, span),
            ast::ExprKind::Name(name) => self.name(name, expected, span, scope),
            ast::ExprKind::List(name) => self.list_value(name, span, scope),
            ast::ExprKind::Scope(depth) => self.element(*depth, span, scope),
            ast::ExprKind::Field(base, field) => self.field(base, field, span, scope),
            ast::ExprKind::Index(base, index) => self.index(base, index, span, scope),
            ast::ExprKind::Call(callee, args) => self.call(callee, args, span, scope),
            ast::ExprKind::Not(inner) => self.not(inner, span, scope),
            ast::ExprKind::Neg(inner) => self.negate(inner, span, scope),
            ast::ExprKind::Binary(BinaryOp::And, ..) => self.junction(BinaryOp::And, expr, scope),
            ast::ExprKind::Binary(BinaryOp::Or, ..) => self.junction(BinaryOp::Or, expr, scope),
            ast::ExprKind::Binary(BinaryOp::Coalesce, left, right) => {
                self.coalesce(&[left.as_ref(), right.as_ref()], expected, span, scope)
            }
            ast::ExprKind::Binary(BinaryOp::Add, left, right) => self.arith(Arith::Add, left, right, span, scope),
            ast::ExprKind::Binary(BinaryOp::Sub, left, right) => self.arith(Arith::Sub, left, right, span, scope),
            ast::ExprKind::Binary(BinaryOp::Mul, left, right) => self.arith(Arith::Mul, left, right, span, scope),
            ast::ExprKind::Binary(BinaryOp::Div, left, right) => self.arith(Arith::Div, left, right, span, scope),
            ast::ExprKind::Binary(BinaryOp::Rem, left, right) => self.arith(Arith::Rem, left, right, span, scope),
            ast::ExprKind::Compare(first, rest) => self.compare(first, rest, span, scope),
            ast::ExprKind::In { left, negated, no_case, right } => {
                let found = self.membership(left, *no_case, right, span, scope);
                self.negated_if(*negated, found)
            }
            ast::ExprKind::Text { left, op, no_case, right } => self.text(left, *op, *no_case, right, span, scope),
            ast::ExprKind::IsNull(inner, negated) => {
                let inner = self.expr(inner, None, scope);
                let found = self.node(ExprKind::IsNull(Box::new(inner)), Type::Bool, false, span);
                self.negated_if(*negated, found)
            }
            ast::ExprKind::IsEmpty(inner, negated) => {
                let found = self.is_empty(inner, span, scope);
                self.negated_if(*negated, found)
            }
            ast::ExprKind::Of(count, operands) => self.of(count, operands, span, scope),
            ast::ExprKind::Paren(inner) => {
                let mut inner = self.expr(inner, expected, scope);
                inner.span = span;
                inner
            }
            ast::ExprKind::Tuple(items) if items.len() == 1 => self.expr(&items[0], expected, scope),
            ast::ExprKind::Tuple(_) => self.misplaced(span, "a list in parentheses", "write `[a, b]` for a list value"),
            ast::ExprKind::Array(items) => self.array(items, expected, span, scope),
            ast::ExprKind::If(condition, then, other) => {
                self.conditional(condition, then, other, expected, span, scope)
            }
            ast::ExprKind::Lambda(..) => {
                self.misplaced(span, "`name => ...`", "it belongs into `any`, `filter` and their kind")
            }
        }
    }

    /// Checks an expression that must be boolean.
    pub(super) fn condition(&mut self, expr: &ast::Expr, scope: &mut Scope<'_>) -> Expr {
        let checked = self.expr(expr, Some(&Type::Bool), scope);
        self.require_bool(checked)
    }

    pub(super) fn require_bool(&mut self, expr: Expr) -> Expr {
        if matches!(expr.ty, Type::Bool | Type::Any | Type::Json) {
            return expr;
        }
        let name = self.type_name(&expr.ty);
        let problem = Diagnostic::new(
            codes::TYPE,
            format!("a condition must be `bool`, this is `{name}`"),
            expr.span,
            format!("is `{name}`"),
        );
        self.report(problem.help(condition_help(&expr.ty)));
        self.broken(expr.span)
    }

    fn constant(&mut self, value: Value, ty: Type, span: Span) -> Expr {
        self.node(ExprKind::Const(value), ty, false, span)
    }

    fn misplaced(&mut self, span: Span, what: &str, help: &str) -> Expr {
        self.report(Diagnostic::new(codes::TYPE, format!("{what} cannot stand here"), span, "not a value").help(help));
        self.broken(span)
    }

    pub(super) fn negated_if(&mut self, negated: bool, inner: Expr) -> Expr {
        if !negated {
            return inner;
        }
        let (span, nullable) = (inner.span, inner.nullable);
        self.node(ExprKind::Not(Box::new(inner)), Type::Bool, nullable, span)
    }

    fn not(&mut self, inner: &ast::Expr, span: Span, scope: &mut Scope<'_>) -> Expr {
        let inner = self.condition(inner, scope);
        let nullable = inner.nullable;
        self.node(ExprKind::Not(Box::new(inner)), Type::Bool, nullable, span)
    }

    fn negate(&mut self, inner: &ast::Expr, span: Span, scope: &mut Scope<'_>) -> Expr {
        let inner = self.expr(inner, None, scope);
        if let ExprKind::Const(Value::Int(number)) = inner.kind {
            return self.constant(Value::Int(number.saturating_neg()), Type::Int, span);
        }
        if !inner.ty.is_number() && !matches!(inner.ty, Type::Any | Type::Duration) {
            return self.wrong_type("`-` needs a number", &inner);
        }
        let (ty, nullable) = (inner.ty.clone(), inner.nullable);
        self.node(ExprKind::Neg(Box::new(inner)), ty, nullable, span)
    }

    pub(super) fn wrong_type(&mut self, message: &str, found: &Expr) -> Expr {
        if found.ty != Type::Any {
            let name = self.type_name(&found.ty);
            self.report(Diagnostic::new(codes::TYPE, message, found.span, format!("this is `{name}`")));
        }
        self.broken(found.span)
    }

    /// A chain of one of `and`, `or`, flattened without recursion: chains may be long.
    fn junction(&mut self, op: BinaryOp, expr: &ast::Expr, scope: &mut Scope<'_>) -> Expr {
        let mut operands = Vec::new();
        for operand in chain(op, expr) {
            operands.push(self.condition(operand, scope));
        }
        self.lint_duplicates(&operands, expr.span);
        let nullable = operands.iter().any(|operand| operand.nullable);
        let kind = if op == BinaryOp::And { ExprKind::And(operands) } else { ExprKind::Or(operands) };
        self.node(kind, Type::Bool, nullable, expr.span)
    }

    fn of(&mut self, count: &OfCount, operands: &[ast::Expr], span: Span, scope: &mut Scope<'_>) -> Expr {
        let operands: Vec<Expr> = operands.iter().map(|operand| self.condition(operand, scope)).collect();
        self.lint_duplicates(&operands, span);
        let nullable = operands.iter().any(|operand| operand.nullable);
        let kind = match count {
            OfCount::AtLeast(wanted) => {
                if *wanted == 0 || *wanted as usize > operands.len() {
                    let have = operands.len();
                    let message = format!("`{wanted} of` {have} can never be decided by its operands");
                    let label = if *wanted == 0 { "always holds".to_owned() } else { format!("only {have} operands") };
                    self.report(Diagnostic::new(codes::OF_COUNT, message, span, label).help("correct the number"));
                }
                ExprKind::AtLeast(*wanted, operands)
            }
            OfCount::Any => ExprKind::Or(operands),
            OfCount::All => ExprKind::And(operands),
            OfCount::None => {
                let any = self.node(ExprKind::Or(operands), Type::Bool, nullable, span);
                ExprKind::Not(Box::new(any))
            }
        };
        self.node(kind, Type::Bool, nullable, span)
    }

    fn arith(&mut self, op: Arith, left: &ast::Expr, right: &ast::Expr, span: Span, scope: &mut Scope<'_>) -> Expr {
        let (left, right) = (self.expr(left, None, scope), self.expr(right, None, scope));
        let Some(ty) = arith_type(op, &left.ty, &right.ty) else {
            let (l, r) = (self.type_name(&left.ty), self.type_name(&right.ty));
            let mut problem = Diagnostic::new(
                codes::TYPE,
                format!("no arithmetic between `{l}` and `{r}`"),
                span,
                format!("`{l}` and `{r}`"),
            );
            if left.ty.is_text() || right.ty.is_text() {
                problem = problem.help("join text with `strings.concat(a, b)`");
            }
            self.report(problem);
            return self.broken(span);
        };
        let may_fail = matches!(op, Arith::Div | Arith::Rem);
        let nullable = left.nullable || right.nullable || may_fail;
        self.node(ExprKind::Arith(op, Box::new(left), Box::new(right)), ty, nullable, span)
    }

    pub(super) fn coalesce(
        &mut self,
        operands: &[&ast::Expr],
        expected: Option<&Type>,
        span: Span,
        scope: &mut Scope<'_>,
    ) -> Expr {
        let mut checked: Vec<Expr> = Vec::new();
        for operand in operands {
            let hint = checked.first().map(|first| first.ty.clone());
            checked.push(self.expr(operand, hint.as_ref().or(expected), scope));
        }
        let Some(ty) = self.common_type(&checked) else { return self.broken(span) };
        let nullable = checked.iter().all(|operand| operand.nullable);
        self.node(ExprKind::Coalesce(checked), ty, nullable, span)
    }

    /// The one type that all have, `int` widening to `float` and `null` fitting everywhere.
    pub(super) fn common_type(&mut self, exprs: &[Expr]) -> Option<Type> {
        let mut common = Type::Null;
        for expr in exprs {
            match unify(&common, &expr.ty) {
                Some(ty) => common = ty,
                None => {
                    let (first, other) = (self.type_name(&common), self.type_name(&expr.ty));
                    let message = format!("expected `{first}` like the others, found `{other}`");
                    self.report(
                        Diagnostic::new(codes::TYPE, message, expr.span, format!("this is `{other}`"))
                            .help("all must be of one type"),
                    );
                    return None;
                }
            }
        }
        Some(common)
    }

    fn array(&mut self, items: &[ast::Expr], expected: Option<&Type>, span: Span, scope: &mut Scope<'_>) -> Expr {
        let hint = match expected {
            Some(Type::List(item)) => Some(item.as_ref()),
            _ => None,
        };
        let items: Vec<Expr> = items.iter().map(|item| self.expr(item, hint, scope)).collect();
        let Some(item) = self.common_type(&items) else { return self.broken(span) };
        let item = if item == Type::Null { Type::Any } else { item };
        self.node(ExprKind::Array(items), item.list(), false, span)
    }

    fn conditional(
        &mut self,
        condition: &ast::Expr,
        then: &ast::Expr,
        other: &ast::Expr,
        expected: Option<&Type>,
        span: Span,
        scope: &mut Scope<'_>,
    ) -> Expr {
        let condition = self.condition(condition, scope);
        let arms = [self.expr(then, expected, scope), self.expr(other, expected, scope)];
        let Some(ty) = self.common_type(&arms) else { return self.broken(span) };
        let nullable = condition.nullable || arms.iter().any(|arm| arm.nullable);
        let [then, other] = arms;
        self.node(ExprKind::If(Box::new(condition), Box::new(then), Box::new(other)), ty, nullable, span)
    }

    fn is_empty(&mut self, inner: &ast::Expr, span: Span, scope: &mut Scope<'_>) -> Expr {
        let inner = self.expr(inner, None, scope);
        if !(inner.ty.is_text() || matches!(inner.ty, Type::List(_) | Type::Map(_) | Type::Any | Type::Json)) {
            return self.wrong_type("only text, lists and maps can be empty", &inner);
        }
        let nullable = inner.nullable;
        self.node(ExprKind::IsEmpty(Box::new(inner)), Type::Bool, nullable, span)
    }

    fn regex_literal(&mut self, pattern: &str, flags: &str, span: Span) -> Expr {
        match self.pattern(pattern, flags, PatternOptions::default(), span) {
            Some(pattern) => self.constant(Value::Pattern(pattern), Type::Pattern, span),
            None => self.broken(span),
        }
    }

    /// Compiles a regular expression, or reports why it is refused.
    pub(super) fn pattern(
        &mut self,
        source: &str,
        flags: &str,
        mut options: PatternOptions,
        span: Span,
    ) -> Option<Arc<Pattern>> {
        for flag in flags.chars() {
            match flag {
                'i' => options.no_case = true,
                's' => options.dot_all = true,
                'm' => options.multi_line = true,
                'x' => options.verbose = true,
                other => {
                    let message = format!("there is no regex flag `{other}`");
                    self.report(
                        Diagnostic::new(codes::REGEX, message, span, format!("`{other}` is not a flag"))
                            .help("the flags are `i` (no case), `s` (`.` matches line feeds), `m` (`^` and `$` match at lines), `x` (verbose)"),
                    );
                    return None;
                }
            }
        }
        match Pattern::new(source, options) {
            Ok(pattern) => Some(Arc::new(pattern)),
            Err(error) => {
                let problem = Diagnostic::new(codes::REGEX, "this regular expression is refused", span, error.message);
                self.report(match error.help {
                    Some(help) => problem.help(help),
                    None if options.dialect == Dialect::Re2 => problem.note("read as RE2 syntax"),
                    None => problem,
                });
                None
            }
        }
    }

    fn address(&mut self, text: &str, span: Span) -> Expr {
        if let Ok(ip) = text.parse() {
            return self.constant(Value::Ip(ip), Type::Ip, span);
        }
        if let Some(cidr) = Cidr::parse(text) {
            return self.constant(Value::Cidr(cidr), Type::Cidr, span);
        }
        let message = format!("`{text}` is not an IP address or block");
        self.report(
            Diagnostic::new(codes::LITERAL, message, span, "malformed").help("write `192.0.2.0/24` or `2001:db8::/32`"),
        );
        self.broken(span)
    }

    fn name(&mut self, name: &str, expected: Option<&Type>, span: Span, scope: &mut Scope<'_>) -> Expr {
        if let Some(value) = self.enum_value(name, expected, span) {
            return value;
        }
        match scope.lookup(name) {
            Some(Binding::Local(element)) => return self.bound(&element, span),
            Some(Binding::Value(value)) => return self.substitute(&value, span),
            None => {}
        }
        if let Some(def) = self.definition(name, scope) {
            return self.inline(def, &[], span, scope);
        }
        if let Some(field) = self.catalog().find_field(Catalog::MESSAGE, name) {
            let message = self.node(ExprKind::Message, Type::Record(Catalog::MESSAGE), false, span);
            return self.field_node(message, field, span);
        }
        let problem = Diagnostic::new(codes::UNKNOWN_NAME, format!("there is no `{name}`"), span, "not a known name");
        let known = self.visible_names(scope);
        let problem = match suggest::nearest(name, known.iter().map(String::as_str)) {
            Some(near) => did_you_mean(problem, span, name, near),
            None if self.catalog().functions().any(|(_, decl)| decl.name.starts_with(&format!("{name}."))) => {
                problem.help(format!("`{name}.` begins the name of functions: call one"))
            }
            None => problem.help("`ruleeval doc` lists every field and function"),
        };
        self.report(problem);
        self.broken(span)
    }

    fn visible_names(&self, scope: &Scope<'_>) -> Vec<String> {
        let record = self.catalog().record(Catalog::MESSAGE);
        let fields = record.fields.iter().map(|id| self.catalog().field(*id).name.to_owned());
        let defs = scope.symbols.packs.get(&scope.pack);
        let defs = defs.into_iter().flat_map(|pack| pack.defs.keys().map(ToString::to_string));
        let mut names: Vec<String> = scope.names().filter(|name| !name.is_empty()).map(str::to_owned).collect();
        names.extend(defs.chain(fields));
        names
    }

    /// A bare name where a value of an enum is wanted.
    fn enum_value(&mut self, name: &str, expected: Option<&Type>, span: Span) -> Option<Expr> {
        let Some(Type::Enum(id)) = expected else { return None };
        let known = self.catalog().enumeration(*id).values.contains(&name);
        known.then(|| self.constant(Value::from(name), Type::Enum(*id), span))
    }

    pub(super) fn bound(&mut self, element: &Element, span: Span) -> Expr {
        self.node(ExprKind::Local(element.id), element.ty.clone(), element.nullable, span)
    }

    /// A copy of a checked value in place of its name. The copy points to where it is used.
    pub(super) fn substitute(&mut self, value: &Expr, span: Span) -> Expr {
        self.count(value.size(), span);
        if self.over_limit() {
            return Expr { kind: ExprKind::Const(Value::Null), ty: Type::Any, nullable: false, span };
        }
        value.clone()
    }

    fn list_value(&mut self, name: &str, span: Span, scope: &mut Scope<'_>) -> Expr {
        use super::External;
        if let Some(External::Value(ty, value)) = self.vocabulary.externals.get(name) {
            return self.constant(value.clone(), ty.clone(), span);
        }
        match self.list(name, span, scope) {
            Some((id, ty)) => self.node(ExprKind::List(id), ty.list(), self.list_may_be_absent(id, scope), span),
            None => self.broken(span),
        }
    }

    fn element(&mut self, depth: u8, span: Span, scope: &mut Scope<'_>) -> Expr {
        if let Some(element) = scope.element(depth).cloned() {
            return self.bound(&element, span);
        }
        let dots = ".".repeat(usize::from(depth));
        let message = format!("`{dots}` needs {depth} enclosing quantifiers, here are {}", scope.depth());
        self.report(
            Diagnostic::new(codes::SCOPE, message, span, "no element here")
                .help("`.` is the element inside `any(list, ...)` and its kind; write the full path from a root name"),
        );
        self.broken(span)
    }

    fn field(&mut self, base: &ast::Expr, field: &ast::Ident, span: Span, scope: &mut Scope<'_>) -> Expr {
        if let ast::ExprKind::Name(pack) = &base.kind
            && scope.lookup(pack).is_none()
            && let Some(found) = self.qualified(pack, field, span, scope)
        {
            return found;
        }
        let base = self.expr(base, None, scope);
        self.member(base, field, span)
    }

    /// `rule.name` and `pack.definition`.
    fn qualified(&mut self, pack: &str, field: &ast::Ident, span: Span, scope: &mut Scope<'_>) -> Option<Expr> {
        if pack == "rule" {
            return Some(self.rule_reference(field, span, scope));
        }
        let (owner, def) = self.required_definition(pack, &field.name, scope)?;
        Some(self.inline((owner, def), &[], span, scope))
    }

    fn rule_reference(&mut self, name: &ast::Ident, span: Span, scope: &Scope<'_>) -> Expr {
        let Some(pack) = scope.symbols.packs.get(&scope.pack) else { return self.broken(span) };
        if pack.rules.contains_key(&name.name) {
            let key = (Arc::clone(&scope.pack), Arc::clone(&name.name));
            // A rule that is broken itself has been reported; say nothing more here.
            return match self.rule_ids.get(&key).copied() {
                Some(id) => {
                    self.used.rules.push((key, id));
                    self.node(ExprKind::Rule(id), Type::Bool, true, span)
                }
                None => self.broken(span),
            };
        }
        let message = format!("there is no rule `{}` in this pack", name.name);
        let problem = Diagnostic::new(codes::UNKNOWN_RULE, message, name.span, "no such rule");
        let near = suggest::nearest(&name.name, pack.rules.keys().map(|name| &**name));
        self.report(match near {
            Some(near) => did_you_mean(problem, name.span, &name.name, near),
            None => problem.help("a rule can refer to the rules of its own pack"),
        });
        self.broken(span)
    }

    pub(super) fn member(&mut self, base: Expr, field: &ast::Ident, span: Span) -> Expr {
        match &base.ty {
            Type::Record(record) => match self.catalog().find_field(*record, &field.name) {
                Some(id) => self.field_node(base, id, span),
                None => self.unknown_field(*record, field, span),
            },
            Type::Shape(_) => self.template_field(base, field, span),
            Type::Any => self.broken(span),
            _ => {
                let name = self.type_name(&base.ty);
                let message = format!("`{name}` has no field `{}`", field.name);
                let problem = Diagnostic::new(codes::UNKNOWN_FIELD, message, field.span, format!("on a `{name}`"));
                self.report(problem.help(member_help(&base.ty, &field.name)));
                self.broken(span)
            }
        }
    }

    pub(super) fn field_node(&mut self, base: Expr, id: crate::value::FieldId, span: Span) -> Expr {
        let decl = self.catalog().field(id);
        let nullable = base.nullable || decl.nullable;
        self.node(ExprKind::Field(Box::new(base), id), decl.ty.clone(), nullable, span)
    }

    fn unknown_field(&mut self, record: RecordId, field: &ast::Ident, span: Span) -> Expr {
        let decl = self.catalog().record(record);
        let message = format!("`{}` has no field `{}`", decl.name, field.name);
        let problem = Diagnostic::new(codes::UNKNOWN_FIELD, message, field.span, "no such field");
        let names: Vec<&str> = decl.fields.iter().map(|id| self.catalog().field(*id).name).collect();
        self.report(match suggest::nearest(&field.name, names.iter().copied()) {
            Some(near) => did_you_mean(problem, field.span, &field.name, near),
            None => problem.help(format!("its fields are: {}", names.join(", "))),
        });
        self.broken(span)
    }

    fn index(&mut self, base: &ast::Expr, index: &ast::Expr, span: Span, scope: &mut Scope<'_>) -> Expr {
        let (base, index) = (self.expr(base, None, scope), self.expr(index, None, scope));
        let by_name = index.ty.is_text();
        let ty = match (&base.ty, &index.ty) {
            (Type::List(item), Type::Int | Type::Any) => (**item).clone(),
            (Type::Map(item), key) if key.is_text() || *key == Type::Any => (**item).clone(),
            (Type::Json, key) if key.is_text() || matches!(key, Type::Int | Type::Any) => Type::Json,
            (Type::Any, _) => return self.broken(span),
            _ => {
                let (b, i) = (self.type_name(&base.ty), self.type_name(&index.ty));
                let message = format!("`{b}` cannot be indexed by `{i}`");
                self.report(
                    Diagnostic::new(codes::TYPE, message, index.span, format!("this is `{i}`"))
                        .help("lists take a number, maps and JSON values a name"),
                );
                return self.broken(span);
            }
        };
        let (base, index) = (Box::new(base), Box::new(index));
        let kind = if by_name { ExprKind::Key(base, index) } else { ExprKind::Index(base, index) };
        self.node(kind, ty, true, span)
    }
}

/// The operands of a left-leaning chain of one operator, in written order.
pub(super) fn chain(op: BinaryOp, expr: &ast::Expr) -> Vec<&ast::Expr> {
    let mut operands = Vec::new();
    let mut pending = vec![expr];
    while let Some(next) = pending.pop() {
        match &next.kind {
            ast::ExprKind::Binary(found, left, right) if *found == op => {
                pending.push(right);
                pending.push(left);
            }
            _ => operands.push(next),
        }
    }
    operands
}

/// The type that holds values of both, if there is one.
pub(super) fn unify(a: &Type, b: &Type) -> Option<Type> {
    match (a, b) {
        (Type::Any | Type::Null, other) | (other, Type::Any | Type::Null) => Some(other.clone()),
        (Type::Int, Type::Float) | (Type::Float, Type::Int) => Some(Type::Float),
        (Type::List(a), Type::List(b)) => Some(unify(a, b)?.list()),
        (a, b) if a == b => Some(a.clone()),
        (a, b) if a.is_text() && b.is_text() => Some(Type::String),
        _ => None,
    }
}

fn arith_type(op: Arith, left: &Type, right: &Type) -> Option<Type> {
    match (op, left, right) {
        (_, Type::Any, other) | (_, other, Type::Any) => Some(other.clone()),
        (_, Type::Int, Type::Int) => Some(Type::Int),
        (_, a, b) if a.is_number() && b.is_number() => Some(Type::Float),
        (Arith::Add | Arith::Sub, Type::Time, Type::Duration) => Some(Type::Time),
        (Arith::Sub, Type::Time, Type::Time) => Some(Type::Duration),
        (Arith::Add | Arith::Sub, Type::Duration, Type::Duration) => Some(Type::Duration),
        _ => None,
    }
}

fn condition_help(ty: &Type) -> String {
    match ty {
        Type::List(_) => "ask `any(list, ...)` or `list is not empty`".into(),
        Type::String | Type::Domain | Type::Email | Type::Url => {
            "ask `is not null`, `is not empty` or compare it".into()
        }
        Type::Record(_) => "ask `is not null` or read one of its fields".into(),
        Type::Shape(_) => "ask its `.matched`".into(),
        _ => "compare it with something".into(),
    }
}

fn member_help(ty: &Type, field: &str) -> String {
    match ty {
        Type::List(_) => format!("this is a list: `any(list, .{field} ...)`, or take one element with `[0]`"),
        Type::Map(_) | Type::Json => format!("read it as `[\"{field}\"]`"),
        _ => "only records have fields".into(),
    }
}

/// Adds "did you mean" with the edit that does it.
pub(super) fn did_you_mean(problem: Diagnostic, span: Span, wrong: &str, near: &str) -> Diagnostic {
    problem.help(format!("did you mean `{near}`?")).edit(span, near, format!("change `{wrong}` to `{near}`"))
}
