//! Comparisons, membership and text predicates: what "equal" means is decided here, by type.

use super::Checker;
use super::expr::did_you_mean;
use super::hir::{Expr, ExprKind, Fold, ListId, Needles, Ordering, Set};
use super::scope::Scope;
use super::symbols::list_type;
use crate::diagnostic::{Diagnostic, codes, suggest};
use crate::matcher::{Dialect, PatternOptions};
use crate::source::Span;
use crate::syntax::ast::{self, CompareOp, TextOp};
use crate::value::{Cidr, EnumId, Type, Value};
use std::sync::Arc;

impl Checker<'_> {
    /// `a < b <= c`: each neighbouring pair is compared, all must hold.
    pub(super) fn compare(
        &mut self,
        first: &ast::Expr,
        rest: &[(CompareOp, ast::Expr)],
        span: Span,
        scope: &mut Scope<'_>,
    ) -> Expr {
        let mut pairs = Vec::with_capacity(rest.len());
        let mut left_ast = first;
        for (op, right_ast) in rest {
            let (left, right) = self.operands(left_ast, right_ast, scope);
            let pair_span = if rest.len() == 1 { span } else { left_ast.span.to(right_ast.span) };
            pairs.push(self.comparison(*op, left, right, pair_span));
            left_ast = right_ast;
        }
        match pairs.len() {
            1 => pairs.pop().unwrap_or_else(|| self.broken(span)),
            _ => {
                let nullable = pairs.iter().any(|pair| pair.nullable);
                self.node(ExprKind::And(pairs), Type::Bool, nullable, span)
            }
        }
    }

    /// Both sides, each with the other's type as a hint for bare enum values.
    fn operands(&mut self, left: &ast::Expr, right: &ast::Expr, scope: &mut Scope<'_>) -> (Expr, Expr) {
        if matches!(left.kind, ast::ExprKind::Name(_)) && !matches!(right.kind, ast::ExprKind::Name(_)) {
            let right = self.expr(right, None, scope);
            let left = self.expr(left, Some(&right.ty.clone()), scope);
            return (left, right);
        }
        let left = self.expr(left, None, scope);
        let right = self.expr(right, Some(&left.ty.clone()), scope);
        (left, right)
    }

    fn comparison(&mut self, op: CompareOp, left: Expr, right: Expr, span: Span) -> Expr {
        if let Some(null) = [&left, &right].into_iter().find(|side| side.ty == Type::Null) {
            return self.compared_with_null(op, null.span, span);
        }
        let (left, right) = (self.coerce(left, &right.ty.clone()), right);
        let right = self.coerce(right, &left.ty.clone());
        let (ordering, no_case) = split(op);
        let Some(fold) = self.fold_for(ordering, no_case, &left, &right) else {
            return self.incomparable(op, &left, &right, span);
        };
        self.check_enum_sides(fold, &left, &right);
        self.lint_comparison(ordering, fold, &left, &right);
        let nullable = left.nullable || right.nullable;
        self.node(ExprKind::Compare(ordering, fold, Box::new(left), Box::new(right)), Type::Bool, nullable, span)
    }

    fn compared_with_null(&mut self, op: CompareOp, null: Span, span: Span) -> Expr {
        let remedy = if matches!(op, CompareOp::Ne | CompareOp::NeNoCase) { "is not null" } else { "is null" };
        self.report(
            Diagnostic::new(
                codes::COMPARE_NULL,
                "nothing is equal to `null`, so this can never be decided",
                span,
                "always unknown",
            )
            .also(null, "`null` stands here")
            .help(format!("ask `{remedy}`")),
        );
        self.broken(span)
    }

    /// Literals take the type of the other side, where the text allows it.
    fn coerce(&mut self, expr: Expr, other: &Type) -> Expr {
        let ExprKind::Const(Value::String(text)) = &expr.kind else { return expr };
        let (text, span) = (Arc::clone(text), expr.span);
        let (value, ty) = match other {
            Type::Ip => match text.parse() {
                Ok(ip) => (Value::Ip(ip), Type::Ip),
                Err(_) => match Cidr::parse(&text) {
                    Some(cidr) => (Value::Cidr(cidr), Type::Cidr),
                    None => return self.malformed(&text, "an IP address or block", span),
                },
            },
            Type::Cidr => match text.parse() {
                Ok(ip) => (Value::Ip(ip), Type::Ip),
                Err(_) => return self.malformed(&text, "an IP address", span),
            },
            Type::Domain => (Value::from(normal_domain(&text)), Type::Domain),
            Type::Enum(id) => (Value::String(text), Type::Enum(*id)),
            _ => return expr,
        };
        Expr { kind: ExprKind::Const(value), ty, nullable: false, span }
    }

    fn malformed(&mut self, text: &str, what: &str, span: Span) -> Expr {
        self.report(Diagnostic::new(codes::LITERAL, format!("`{text}` is not {what}"), span, "malformed"));
        self.broken(span)
    }

    /// What equality means for two types; `None` if they cannot be compared.
    fn fold_for(&self, ordering: Ordering, no_case: bool, left: &Expr, right: &Expr) -> Option<Fold> {
        let equality = matches!(ordering, Ordering::Eq | Ordering::Ne);
        match (&left.ty, &right.ty) {
            (Type::Any | Type::Json, _) | (_, Type::Any | Type::Json) => {
                Some(if no_case { Fold::NoCase } else { Fold::Exact })
            }
            (Type::Enum(a), Type::Enum(b)) if a == b && !equality => {
                self.catalog().enumeration(*a).ordered.then_some(Fold::Enum(*a))
            }
            (Type::Enum(_), b) if b.is_text() && !equality => None,
            (a, Type::Enum(_)) if a.is_text() && !equality => None,
            (a, b) if a.is_text() && b.is_text() => Some(self.text_fold(no_case, left, right)),
            (a, b) if a.is_number() && b.is_number() => Some(Fold::Exact),
            (Type::Ip, Type::Cidr) | (Type::Cidr, Type::Ip) => equality.then_some(Fold::Exact),
            (Type::Time, Type::Time) | (Type::Duration, Type::Duration) => Some(Fold::Exact),
            (a, b) if a == b => (equality && !no_case).then_some(Fold::Exact),
            (Type::List(_), Type::List(_)) => (equality && !no_case).then_some(Fold::Exact),
            _ => None,
        }
    }

    fn text_fold(&self, no_case: bool, left: &Expr, right: &Expr) -> Fold {
        let sides = [left, right];
        if sides.iter().any(|side| side.ty == Type::Domain) {
            return Fold::Domain;
        }
        let by_meaning = sides.iter().any(|side| side.ty == Type::Email || self.is_header_name(side));
        if no_case || by_meaning { Fold::NoCase } else { Fold::Exact }
    }

    /// Header names compare without case (RFC 5322 section 1.2.2).
    pub(super) fn is_header_name(&self, expr: &Expr) -> bool {
        let ExprKind::Field(_, field) = &expr.kind else { return false };
        let decl = self.catalog().field(*field);
        decl.name == "name" && self.catalog().record(decl.record).name == "HopField"
    }

    fn incomparable(&mut self, op: CompareOp, left: &Expr, right: &Expr, span: Span) -> Expr {
        let (l, r) = (self.type_name(&left.ty), self.type_name(&right.ty));
        let ordering = matches!(op, CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge);
        let message = if ordering && l == r {
            format!("values of `{l}` have no order")
        } else {
            format!("`{l}` and `{r}` cannot be compared with `{}`", symbol(op))
        };
        let problem = Diagnostic::new(codes::COMPARE, message, span, format!("`{l}` {} `{r}`", symbol(op)));
        let problem = problem.also(left.span, format!("this is `{l}`")).also(right.span, format!("this is `{r}`"));
        self.report(match (&left.ty, &right.ty) {
            (Type::List(_), _) => problem.help("ask `any(list, . == value)`, or `value in list`"),
            (Type::Record(_), _) => problem.help("compare one of its fields"),
            _ => problem,
        });
        self.broken(span)
    }

    fn check_enum_sides(&mut self, fold: Fold, left: &Expr, right: &Expr) {
        for (side, other) in [(left, right), (right, left)] {
            if let Type::Enum(id) = other.ty {
                self.check_enum_literal(id, side, fold == Fold::NoCase);
            }
        }
    }

    /// A text literal compared with an enum must be one of its values.
    fn check_enum_literal(&mut self, id: EnumId, literal: &Expr, no_case: bool) {
        let ExprKind::Const(Value::String(text)) = &literal.kind else { return };
        let decl = self.catalog().enumeration(id);
        let same = |value: &&str| **value == **text || (no_case && value.eq_ignore_ascii_case(text));
        if decl.values.iter().any(same) {
            return;
        }
        let (name, code) = (decl.name, if decl.open { codes::UNUSUAL_VALUE } else { codes::ENUM_VALUE });
        let message = format!("`{text}` is not a value of `{name}`");
        let problem = Diagnostic::new(code, message, literal.span, "can never be equal");
        let near = suggest::nearest(text, decl.values.iter().copied());
        self.report(match near {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help(format!("its values are: {}", decl.values.join(", "))),
        });
    }

    /// `left in right`.
    pub(super) fn membership(
        &mut self,
        left: &ast::Expr,
        no_case: bool,
        right: &ast::Expr,
        span: Span,
        scope: &mut Scope<'_>,
    ) -> Expr {
        let left = self.expr(left, None, scope);
        if left.ty == Type::Null {
            return self.compared_with_null(CompareOp::Eq, left.span, span);
        }
        let (set, item, set_nullable) = match &right.kind {
            ast::ExprKind::Tuple(items) => {
                let items: Vec<Expr> = items.iter().map(|item| self.set_item(item, &left, scope)).collect();
                let Some(ty) = self.common_item(&items) else { return self.broken(span) };
                let nullable = items.iter().any(|item| item.nullable);
                (Set::Exprs(items), ty, nullable)
            }
            ast::ExprKind::List(name) if !self.is_external_value(name) => match self.list(name, right.span, scope) {
                Some((id, ty)) => (Set::List(id), ty, self.list_may_be_absent(id, scope)),
                None => return self.broken(span),
            },
            _ => {
                let value = self.expr(right, Some(&left.ty.clone().list()), scope);
                match &value.ty {
                    Type::List(item) => {
                        let (item, nullable) = ((**item).clone(), value.nullable);
                        (Set::Value(Box::new(value)), item, nullable)
                    }
                    Type::Any | Type::Json => (Set::Value(Box::new(value)), Type::Any, true),
                    Type::Cidr => (Set::Exprs(vec![value]), Type::Cidr, false),
                    ty if ty.is_text() => return self.not_a_set(&value, "ask `text contains part`"),
                    _ => return self.not_a_set(&value, "write `in (a, b)`, `in $list` or `in` a list value"),
                }
            }
        };
        let probe = Expr { kind: ExprKind::Const(Value::Null), ty: item, nullable: false, span: right.span };
        let Some(fold) = self.fold_for(Ordering::Eq, no_case, &left, &probe) else {
            return self.incomparable(CompareOp::Eq, &left, &probe, span);
        };
        self.lint_membership(fold, &left, &set);
        let nullable = left.nullable || set_nullable;
        self.node(ExprKind::In { left: Box::new(left), fold, set }, Type::Bool, nullable, span)
    }

    fn set_item(&mut self, item: &ast::Expr, left: &Expr, scope: &mut Scope<'_>) -> Expr {
        let checked = self.expr(item, Some(&left.ty.clone()), scope);
        let checked = self.coerce(checked, &left.ty);
        if let Type::Enum(id) = left.ty {
            self.check_enum_literal(id, &checked, false);
        }
        checked
    }

    /// The type of a tuple's items; addresses and blocks may stand together.
    fn common_item(&mut self, items: &[Expr]) -> Option<Type> {
        let network = |item: &Expr| matches!(item.ty, Type::Ip | Type::Cidr);
        if !items.is_empty() && items.iter().all(network) && items.iter().any(|item| item.ty == Type::Cidr) {
            return Some(Type::Cidr);
        }
        self.common_type(items)
    }

    fn not_a_set(&mut self, value: &Expr, help: &str) -> Expr {
        let name = self.type_name(&value.ty);
        self.report(
            Diagnostic::new(
                codes::TYPE,
                format!("the right side of `in` must be a list, this is `{name}`"),
                value.span,
                format!("this is `{name}`"),
            )
            .help(help),
        );
        self.broken(value.span)
    }

    /// `left contains~ right` and its kind.
    pub(super) fn text(
        &mut self,
        left: &ast::Expr,
        op: TextOp,
        no_case: bool,
        right: &ast::Expr,
        span: Span,
        scope: &mut Scope<'_>,
    ) -> Expr {
        let text = self.expr(left, None, scope);
        let items: Vec<&ast::Expr> = match &right.kind {
            ast::ExprKind::Tuple(items) | ast::ExprKind::Array(items) => items.iter().collect(),
            _ => vec![right],
        };
        self.text_test(text, op, no_case, Dialect::Native, &items, span, scope)
    }

    /// The one form of all text predicates, operators and MQL's functions alike.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn text_test(
        &mut self,
        text: Expr,
        op: TextOp,
        no_case: bool,
        dialect: Dialect,
        needles: &[&ast::Expr],
        span: Span,
        scope: &mut Scope<'_>,
    ) -> Expr {
        if !(text.ty.is_text() || matches!(text.ty, Type::Any | Type::Json)) {
            let broken = self.wrong_type("only text can be searched", &text);
            if let (Type::List(_), Some(last)) = (&text.ty, self.diagnostics.last_mut()) {
                last.help = Some("ask `any(list, . contains ...)`".into());
            }
            return broken;
        }
        let Some((needles, needles_nullable)) = self.needles(op, no_case, dialect, needles, scope) else {
            return self.broken(span);
        };
        self.lint_text(op, no_case, &text, &needles, span);
        let nullable = text.nullable || needles_nullable;
        let kind = ExprKind::Text { text: Box::new(text), op, no_case, needles };
        self.node(kind, Type::Bool, nullable, span)
    }

    fn needles(
        &mut self,
        op: TextOp,
        no_case: bool,
        dialect: Dialect,
        needles: &[&ast::Expr],
        scope: &mut Scope<'_>,
    ) -> Option<(Needles, bool)> {
        if let [only] = needles
            && let ast::ExprKind::List(name) = &only.kind
            && !self.is_external_value(name)
        {
            let (id, _) = self.list(name, only.span, scope)?;
            self.check_list_kind(op, id, only.span, scope)?;
            return Some((Needles::List(id), self.list_may_be_absent(id, scope)));
        }
        if matches!(op, TextOp::Matches | TextOp::MatchesWhole) {
            let options = PatternOptions { dialect, no_case, whole: op == TextOp::MatchesWhole, ..Default::default() };
            let patterns: Vec<_> = needles.iter().map(|needle| self.pattern_needle(needle, options)).collect();
            return Some((Needles::Patterns(patterns.into_iter().collect::<Option<_>>()?), false));
        }
        let needles: Vec<Expr> = needles.iter().map(|needle| self.needle(needle, scope)).collect();
        let nullable = needles.iter().any(|needle| needle.nullable);
        Some((Needles::Exprs(needles), nullable))
    }

    fn needle(&mut self, needle: &ast::Expr, scope: &mut Scope<'_>) -> Expr {
        let checked = self.expr(needle, None, scope);
        match &checked.ty {
            ty if ty.is_text() || matches!(ty, Type::Any | Type::Json) => checked,
            Type::Pattern => {
                self.report(
                    Diagnostic::new(
                        codes::TYPE,
                        "a regular expression is not literal text",
                        checked.span,
                        "this is `pattern`",
                    )
                    .help("use `matches` for regular expressions"),
                );
                self.broken(checked.span)
            }
            _ => self.wrong_type("text is looked for with text", &checked),
        }
    }

    /// A pattern written as `/regex/flags` or as a string.
    pub(super) fn pattern_needle(
        &mut self,
        needle: &ast::Expr,
        options: PatternOptions,
    ) -> Option<Arc<crate::matcher::Pattern>> {
        match &needle.kind {
            ast::ExprKind::Regex { pattern, flags } => self.pattern(pattern, flags, options, needle.span),
            ast::ExprKind::Str(text) => self.pattern(&text.value, "", options, needle.span),
            ast::ExprKind::Paren(inner) => self.pattern_needle(inner, options),
            ast::ExprKind::Tuple(items) if items.len() == 1 => self.pattern_needle(&items[0], options),
            _ => {
                self.report(
                    Diagnostic::new(
                        codes::PATTERN_LITERAL,
                        "a regular expression must be written out",
                        needle.span,
                        "not a literal",
                    )
                    .help("write `/regex/` or a string; put many into a `list` of type `pattern`"),
                );
                None
            }
        }
    }

    fn check_list_kind(&mut self, op: TextOp, id: ListId, span: Span, scope: &Scope<'_>) -> Option<()> {
        let kind = Arc::clone(&scope.symbols.list(id)?.kind);
        let fits = match op {
            TextOp::Matches | TextOp::MatchesWhole => &*kind == "pattern",
            TextOp::Like => matches!(&*kind, "glob" | "string"),
            TextOp::Contains | TextOp::StartsWith | TextOp::EndsWith => {
                matches!(&*kind, "string" | "domain" | "email" | "url" | "hash")
            }
        };
        if fits {
            return Some(());
        }
        let message = format!("a list of type `{kind}` cannot be used here");
        let help = match op {
            TextOp::Matches | TextOp::MatchesWhole => "declare the list as `pattern`, or use `contains`",
            _ if &*kind == "pattern" => "use `matches` for a list of patterns",
            _ => "declare the list as `string`",
        };
        self.report(Diagnostic::new(codes::TYPE, message, span, format!("holds `{kind}`")).help(help));
        None
    }

    /// Finds a list, or reports that there is none.
    pub(super) fn list(&mut self, name: &str, span: Span, scope: &Scope<'_>) -> Option<(ListId, Type)> {
        if let Some(id) = scope.symbols.find_list(&scope.pack, name) {
            self.used.lists.insert(id);
            let kind = &scope.symbols.list(id)?.kind;
            return list_type(kind).map(|ty| (id, ty));
        }
        let problem = Diagnostic::new(codes::UNKNOWN_LIST, format!("there is no list `${name}`"), span, "no such list");
        let near = suggest::nearest(name, scope.symbols.list_names(&scope.pack));
        self.report(match near {
            Some(near) => did_you_mean(problem, span, &format!("${name}"), &format!("${near}")),
            None => problem.help(format!("declare it: `list {name}: string = [...]`")),
        });
        None
    }

    pub(super) fn is_external_value(&self, name: &str) -> bool {
        matches!(self.vocabulary.externals.get(name), Some(super::External::Value(..)))
    }

    /// Only a list of the configuration can be absent.
    pub(super) fn list_may_be_absent(&self, id: ListId, scope: &Scope<'_>) -> bool {
        matches!(scope.symbols.list(id).map(|info| &info.origin), Some(super::hir::ListOrigin::External))
    }
}

/// A host name as the model has it: lower case, A-labels.
pub(super) fn normal_domain(text: &str) -> String {
    let trimmed = text.trim_end_matches('.');
    idna::domain_to_ascii(trimmed).unwrap_or_else(|_| trimmed.to_lowercase())
}

fn split(op: CompareOp) -> (Ordering, bool) {
    match op {
        CompareOp::Eq => (Ordering::Eq, false),
        CompareOp::Ne => (Ordering::Ne, false),
        CompareOp::EqNoCase => (Ordering::Eq, true),
        CompareOp::NeNoCase => (Ordering::Ne, true),
        CompareOp::Lt => (Ordering::Lt, false),
        CompareOp::Le => (Ordering::Le, false),
        CompareOp::Gt => (Ordering::Gt, false),
        CompareOp::Ge => (Ordering::Ge, false),
    }
}

fn symbol(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Eq => "==",
        CompareOp::Ne => "!=",
        CompareOp::EqNoCase => "=~",
        CompareOp::NeNoCase => "!~",
        CompareOp::Lt => "<",
        CompareOp::Le => "<=",
        CompareOp::Gt => ">",
        CompareOp::Ge => ">=",
    }
}
