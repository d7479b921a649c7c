//! From the grammar's pairs to the faithful tree; strict where the grammar is broad.

use super::ast::{
    Arg, BinaryOp, CompareOp, Def, Exception, Expr, ExprKind, Given, Ident, Item, ItemKind, Let, List, ListSource,
    Meta, OfCount, Param, StrLit, TemplateEntry, TemplatePart, TemplateVariant, TestCase, TextOp, Unless,
};
use super::scan::Piece;
use super::{MAX_CHAIN, ast, error, literal, slots};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::{SourceId, Span};
use pest::Parser;
use pest::iterators::Pair;
use std::sync::Arc;

#[derive(pest_derive::Parser)]
#[grammar = "grammar/rule.pest"]
struct Grammar;

/// Parses one item.
pub(super) fn item(source: SourceId, text: &str, piece: &Piece, diagnostics: &mut Vec<Diagnostic>) -> Option<Item> {
    let slice = &text[piece.range.clone()];
    let mut lowering = Lowering { source, text, base: piece.range.start, diagnostics };
    if !piece.sound {
        return None; // the scanner has said why
    }
    match Grammar::parse(Rule::item_only, slice) {
        Ok(mut pairs) => {
            let pair = pairs.next()?.into_inner().next()?.into_inner().next()?;
            let end = lowering.trimmed_end(&pair);
            let span = Span::new(source, piece.range.start, end);
            let kind = lowering.item(pair)?;
            Some(Item { doc: piece.doc.as_deref().map(Arc::from), span, kind })
        }
        Err(error) => {
            let diagnostic = error::diagnostic(source, text, piece.range.start, &error);
            lowering.diagnostics.push(diagnostic);
            None
        }
    }
}

/// Parses one expression that is the whole text.
pub(super) fn expr_only(source: SourceId, text: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Expr> {
    match Grammar::parse(Rule::expr_only, text) {
        Ok(mut pairs) => {
            let pair = pairs.next()?.into_inner().next()?;
            Some(Lowering { source, text, base: 0, diagnostics }.expr(pair))
        }
        Err(error) => {
            diagnostics.push(error::diagnostic(source, text, 0, &error));
            None
        }
    }
}

struct Lowering<'d> {
    source: SourceId,
    /// The whole text.
    text: &'d str,
    base: usize,
    diagnostics: &'d mut Vec<Diagnostic>,
}

type P<'i> = Pair<'i, Rule>;

impl Lowering<'_> {
    fn span(&self, pair: &P<'_>) -> Span {
        let start = self.base + pair.as_span().start();
        Span::new(self.source, start, self.trimmed_end(pair))
    }

    fn trimmed_end(&self, pair: &P<'_>) -> usize {
        self.base + own_end(pair)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn ident(&self, pair: &P<'_>) -> Ident {
        Ident { name: pair.as_str().into(), span: self.span(pair) }
    }

    fn item(&mut self, pair: P<'_>) -> Option<ItemKind> {
        match pair.as_rule() {
            Rule::rule_item => Some(ItemKind::Rule(self.rule(pair))),
            Rule::def_item => self.def(pair).map(ItemKind::Def),
            Rule::list_item => self.list(pair).map(ItemKind::List),
            Rule::exception_item => Some(ItemKind::Exception(self.exception(pair))),
            Rule::template_item => self.template(pair).map(ItemKind::Template),
            _ => None,
        }
    }

    fn rule(&mut self, pair: P<'_>) -> ast::Rule {
        let whole = self.span(&pair);
        let mut rule = ast::Rule {
            name: Ident { name: "".into(), span: whole },
            tags: Vec::new(),
            meta: Vec::new(),
            lets: Vec::new(),
            when: None,
            unless: Vec::new(),
            tests: Vec::new(),
        };
        let mut seen: Vec<(Rule, Span)> = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => rule.name = self.ident(&part),
                Rule::tags => rule.tags = part.into_inner().map(|tag| self.ident(&tag)).collect(),
                Rule::section => {
                    if let Some(section) = part.into_inner().next() {
                        self.section(section, &mut rule, &mut seen);
                    }
                }
                _ => {}
            }
        }
        if !seen.iter().any(|(section, _)| *section == Rule::when_section) {
            let message = format!("rule `{}` has no `when:`", rule.name.name);
            self.report(
                Diagnostic::new(codes::SECTION, message, rule.name.span, "never says when it matches")
                    .help("add `when:` with a condition"),
            );
        }
        rule
    }

    fn section(&mut self, pair: P<'_>, rule: &mut ast::Rule, seen: &mut Vec<(Rule, Span)>) {
        let kind = pair.as_rule();
        let start = self.base + pair.as_span().start();
        let head = Span::new(self.source, start, start + pair.as_str().find(':').unwrap_or(0));
        if let Some((_, first)) = seen.iter().find(|(section, _)| *section == kind) {
            let problem = Diagnostic::new(codes::SECTION, "this section stands twice", head, "again here");
            let problem = problem.also(*first, "first here").help("join the two");
            self.report(problem);
        }
        seen.push((kind, head));
        for entry in pair.into_inner() {
            match entry.as_rule() {
                Rule::meta_entry => {
                    if let Some((key, value)) = self.entry(entry) {
                        rule.meta.push(Meta { key, value });
                    }
                }
                Rule::let_entry => {
                    if let Some((name, value)) = self.entry(entry) {
                        rule.lets.push(Let { name, value });
                    }
                }
                Rule::unless_entry => {
                    if let Some((name, when)) = self.entry(entry) {
                        rule.unless.push(Unless { name, when });
                    }
                }
                Rule::test_entry => rule.tests.extend(self.test(entry)),
                Rule::expr => rule.when = Some(self.expr(entry)),
                _ => {}
            }
        }
    }

    /// A name and an expression.
    fn entry(&mut self, pair: P<'_>) -> Option<(Ident, Expr)> {
        let mut parts = pair.into_inner().filter(|part| part.as_rule() != Rule::section_head);
        let name = self.ident(&parts.next()?);
        Some((name, self.expr(parts.next()?)))
    }

    fn test(&mut self, pair: P<'_>) -> Option<TestCase> {
        let span = self.span(&pair);
        let mut parts = pair.into_inner();
        let expects_match = parts.next()?.as_str() == "matches";
        let message = parts.next()?;
        let message_span = self.span(&message);
        let message = self.string(&message);
        let given = parts.next().map(|given| self.givens(given)).unwrap_or_default();
        Some(TestCase { span, expects_match, message, message_span, given })
    }

    fn givens(&mut self, pair: P<'_>) -> Vec<Given> {
        let entries: Vec<_> = pair.into_inner().collect();
        entries.into_iter().filter_map(|entry| self.entry(entry)).map(|(key, value)| Given { key, value }).collect()
    }

    fn def(&mut self, pair: P<'_>) -> Option<Def> {
        let mut parts = pair.into_inner().filter(|part| part.as_rule() != Rule::kw_def);
        let name = self.ident(&parts.next()?);
        let mut next = parts.next()?;
        let mut params = Vec::new();
        if next.as_rule() == Rule::params {
            params = next.into_inner().filter_map(|param| self.param(param)).collect();
            next = parts.next()?;
        }
        Some(Def { name, params, body: self.expr(next) })
    }

    fn param(&mut self, pair: P<'_>) -> Option<Param> {
        let mut parts = pair.into_inner();
        let name = self.ident(&parts.next()?);
        Some(Param { name, ty: self.ident(&parts.next()?) })
    }

    fn list(&mut self, pair: P<'_>) -> Option<List> {
        let mut parts = pair.into_inner().filter(|part| part.as_rule() != Rule::kw_list);
        let (name, ty) = (parts.next()?, parts.next()?);
        let (name, ty) = (self.ident(&name), self.ident(&ty));
        let value = parts.next()?;
        let source = match value.as_rule() {
            Rule::list_inline => ListSource::Inline(value.into_inner().map(|entry| self.expr(entry)).collect()),
            _ => ListSource::File(self.string(&value), self.span(&value)),
        };
        Some(List { name, ty, source })
    }

    fn exception(&mut self, pair: P<'_>) -> Exception {
        let mut name = Ident { name: "".into(), span: self.span(&pair) };
        let mut entries = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => name = self.ident(&part),
                Rule::exception_entry => {
                    entries.extend(self.entry(part).map(|(key, value)| Given { key, value }));
                }
                _ => {}
            }
        }
        Exception { name, entries }
    }

    fn template(&mut self, pair: P<'_>) -> Option<ast::Template> {
        let mut inner = pair.into_inner().filter(|part| part.as_rule() != Rule::kw_template);
        let name = self.ident(&inner.next()?);
        let parts: Vec<_> = inner.collect();
        let parts = parts.into_iter().filter_map(|part| match part.as_rule() {
            Rule::template_variant => self.variant(part).map(TemplatePart::Variant),
            _ => self.template_entry(part).map(TemplatePart::Entry),
        });
        Some(ast::Template { name, parts: parts.collect() })
    }

    fn variant(&mut self, pair: P<'_>) -> Option<TemplateVariant> {
        let span = self.span(&pair);
        let mut inner = pair.into_inner().filter(|part| part.as_rule() != Rule::kw_variant);
        let name = self.ident(&inner.next()?);
        let entries: Vec<_> = inner.collect();
        let entries = entries.into_iter().filter_map(|entry| self.template_entry(entry)).collect();
        Some(TemplateVariant { name, span, entries })
    }

    fn template_entry(&mut self, pair: P<'_>) -> Option<TemplateEntry> {
        let (key, value) = self.entry(pair)?;
        let is_text = matches!(&*key.name, "subject" | "body");
        let pieces = match &value.kind {
            ExprKind::Str(text) if is_text => {
                let written = self.text.get(value.span.range()).unwrap_or("");
                Some(slots::pieces(written, &text.value, value.span, self.diagnostics))
            }
            _ => None,
        };
        Some(TemplateEntry { key, value, pieces })
    }

    fn node(&self, kind: ExprKind, pair: &P<'_>) -> Expr {
        Expr { kind, span: self.span(pair) }
    }

    fn broken(span: Span) -> Expr {
        Expr { kind: ExprKind::Null, span }
    }

    /// An expression of any level. Levels with one operand pass it through.
    pub(super) fn expr(&mut self, pair: P<'_>) -> Expr {
        match pair.as_rule() {
            Rule::expr | Rule::primary | Rule::literal => self.only(pair),
            Rule::if_expr => self.conditional(pair),
            Rule::or_expr => self.chain(pair, |_| BinaryOp::Or),
            Rule::and_expr => self.chain(pair, |_| BinaryOp::And),
            Rule::not_expr => self.prefixed(pair, ExprKind::Not),
            Rule::cmp_expr => self.comparison(pair),
            Rule::coalesce => self.chain(pair, |_| BinaryOp::Coalesce),
            Rule::sum => self.chain(pair, |op| if op == "+" { BinaryOp::Add } else { BinaryOp::Sub }),
            Rule::product => self.chain(pair, |op| match op {
                "*" => BinaryOp::Mul,
                "/" => BinaryOp::Div,
                _ => BinaryOp::Rem,
            }),
            Rule::unary => self.prefixed(pair, ExprKind::Neg),
            Rule::postfix => self.postfix(pair),
            Rule::of_expr => self.of(pair),
            Rule::paren => {
                let span = self.span(&pair);
                let inner = self.only(pair);
                Expr { kind: ExprKind::Paren(Box::new(inner)), span }
            }
            Rule::array => self.sequence(pair, ExprKind::Array),
            Rule::tuple => self.sequence(pair, ExprKind::Tuple),
            Rule::list_ref => self.node(ExprKind::List(pair.as_str().trim_start_matches('$').into()), &pair),
            Rule::scope => self.node(ExprKind::Scope(dots(pair.as_str())), &pair),
            Rule::scope_field => self.scope_field(pair),
            Rule::name => self.node(ExprKind::Name(pair.as_str().into()), &pair),
            Rule::lambda => self.lambda(pair),
            Rule::string => {
                let text = self.string(&pair);
                self.node(ExprKind::Str(text), &pair)
            }
            _ => self.literal(&pair),
        }
    }

    fn only(&mut self, pair: P<'_>) -> Expr {
        let span = self.span(&pair);
        match pair.into_inner().next() {
            Some(inner) => self.expr(inner),
            None => Self::broken(span),
        }
    }

    fn literal(&mut self, pair: &P<'_>) -> Expr {
        let text = pair.as_str();
        let kind = match pair.as_rule() {
            Rule::kw_null => Some(ExprKind::Null),
            Rule::kw_true => Some(ExprKind::Bool(true)),
            Rule::kw_false => Some(ExprKind::Bool(false)),
            Rule::int => text.parse().ok().map(ExprKind::Int),
            Rule::float => text.parse().ok().map(ExprKind::Float),
            Rule::duration => literal::duration(text).map(ExprKind::Duration),
            Rule::time => literal::time(text).map(ExprKind::Time),
            Rule::address => Some(ExprKind::Address(text.into())),
            Rule::regex => {
                let (pattern, flags) = literal::regex(text);
                Some(ExprKind::Regex { pattern, flags })
            }
            _ => None,
        };
        if let Some(kind) = kind {
            return self.node(kind, pair);
        }
        let message = format!("`{text}` is out of range");
        let problem = Diagnostic::new(codes::LITERAL, message, self.span(pair), "cannot be represented");
        self.report(problem);
        Self::broken(self.span(pair))
    }

    fn string(&mut self, pair: &P<'_>) -> StrLit {
        let span = self.span(pair);
        literal::string(pair.as_str().trim_end(), span, self.diagnostics)
    }

    fn conditional(&mut self, pair: P<'_>) -> Expr {
        let span = self.span(&pair);
        let mut parts = pair.into_inner().filter(|part| part.as_rule() == Rule::expr);
        let (Some(condition), Some(then), Some(other)) = (parts.next(), parts.next(), parts.next()) else {
            return Self::broken(span);
        };
        let kind = ExprKind::If(Box::new(self.expr(condition)), Box::new(self.expr(then)), Box::new(self.expr(other)));
        Expr { kind, span }
    }

    /// Operands with operators between them. The tree is built balanced for `and`, `or` and
    /// `??`, whose order of grouping means nothing, so that long chains make no deep trees.
    fn chain(&mut self, pair: P<'_>, op: fn(&str) -> BinaryOp) -> Expr {
        let span = self.span(&pair);
        let level = pair.as_rule();
        let mut operands = Vec::new();
        let mut operators = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::or_op | Rule::and_op | Rule::sum_op | Rule::product_op => {
                    operators.push(op(part.as_str().trim()))
                }
                _ => operands.push(self.expr(part)),
            }
        }
        let ordered = matches!(level, Rule::sum | Rule::product);
        let limit = if ordered { MAX_CHAIN / 100 } else { MAX_CHAIN };
        if operands.len() > limit {
            let message = format!("a chain of more than {limit} operands");
            self.report(
                Diagnostic::new(codes::TOO_COMPLEX, message, span, "too long").help("put the values into a `list`"),
            );
            return Self::broken(span);
        }
        if ordered { left_tree(operands, operators, span) } else { balanced(op(""), operands, span) }
    }

    fn prefixed(&mut self, pair: P<'_>, wrap: fn(Box<Expr>) -> ExprKind) -> Expr {
        let span = self.span(&pair);
        let mut starts = Vec::new();
        let mut inner = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::not_op | Rule::neg_op => starts.push(self.span(&part)),
                _ => inner = Some(part),
            }
        }
        if starts.len() > MAX_CHAIN / 100 {
            self.report(Diagnostic::new(codes::TOO_COMPLEX, "too many prefix operators", span, "too many"));
            return Self::broken(span);
        }
        let Some(inner) = inner else { return Self::broken(span) };
        let inner = self.expr(inner);
        starts.into_iter().rev().fold(inner, |inner, start| {
            let span = start.to(inner.span);
            Expr { kind: wrap(Box::new(inner)), span }
        })
    }

    fn comparison(&mut self, pair: P<'_>) -> Expr {
        let span = self.span(&pair);
        let mut parts = pair.into_inner();
        let Some(first) = parts.next() else { return Self::broken(span) };
        let mut left = self.expr(first);
        let mut chained: Vec<(CompareOp, Expr)> = Vec::new();
        let mut tails = 0;
        for tail in parts {
            tails += 1;
            if tails > MAX_CHAIN / 100 {
                self.report(Diagnostic::new(codes::TOO_COMPLEX, "a chain of too many comparisons", span, "too long"));
                return Self::broken(span);
            }
            if tail.as_rule() == Rule::cmp_tail {
                chained.extend(self.compare_tail(tail));
                continue;
            }
            left = finish_compare(left, &mut chained);
            left = self.tail(left, tail);
        }
        self.check_chain(&chained);
        finish_compare(left, &mut chained)
    }

    /// Only `<`, `<=`, `>`, `>=` chain.
    fn check_chain(&mut self, chained: &[(CompareOp, Expr)]) {
        let ordered = |op: &CompareOp| matches!(op, CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge);
        if chained.len() > 1
            && let Some((_, operand)) = chained.iter().find(|(op, _)| !ordered(op))
        {
            self.report(
                Diagnostic::new(
                    codes::SYNTAX,
                    "only `<`, `<=`, `>` and `>=` can be chained",
                    operand.span,
                    "chained here",
                )
                .help("join two comparisons with `and`"),
            );
        }
    }

    fn compare_tail(&mut self, pair: P<'_>) -> Option<(CompareOp, Expr)> {
        let mut parts = pair.into_inner();
        let op = match parts.next()?.as_str() {
            "==" => CompareOp::Eq,
            "!=" => CompareOp::Ne,
            "=~" => CompareOp::EqNoCase,
            "!~" => CompareOp::NeNoCase,
            "<" => CompareOp::Lt,
            "<=" => CompareOp::Le,
            ">" => CompareOp::Gt,
            _ => CompareOp::Ge,
        };
        Some((op, self.expr(parts.next()?)))
    }

    fn tail(&mut self, left: Expr, pair: P<'_>) -> Expr {
        let span = left.span.to(self.span(&pair));
        let left = Box::new(left);
        if pair.as_rule() == Rule::is_tail {
            let negated = pair.as_str().split_whitespace().any(|word| word == "not");
            let is_null = pair.as_str().trim_end().ends_with("null");
            let kind = if is_null { ExprKind::IsNull(left, negated) } else { ExprKind::IsEmpty(left, negated) };
            return Expr { kind, span };
        }
        let is_in = pair.as_rule() == Rule::in_tail;
        let mut parts = pair.into_inner();
        let (Some(op), Some(right)) = (parts.next(), parts.next()) else { return Self::broken(span) };
        let written = op.as_str().trim_end();
        let no_case = written.ends_with('~');
        let word = written.trim_end_matches('~').split_whitespace().next_back().unwrap_or("");
        let negated = written.len() > word.len() + usize::from(no_case);
        let right = Box::new(self.expr(right));
        if is_in {
            return Expr { kind: ExprKind::In { left, negated, no_case, right }, span };
        }
        let op = match word {
            "contains" => TextOp::Contains,
            "starts_with" => TextOp::StartsWith,
            "ends_with" => TextOp::EndsWith,
            "like" => TextOp::Like,
            "matches_whole" => TextOp::MatchesWhole,
            _ => TextOp::Matches,
        };
        let text = Expr { kind: ExprKind::Text { left, op, no_case, right }, span };
        if negated { Expr { kind: ExprKind::Not(Box::new(text)), span } } else { text }
    }

    fn postfix(&mut self, pair: P<'_>) -> Expr {
        let whole = self.span(&pair);
        let mut parts = pair.into_inner();
        let Some(first) = parts.next() else { return Self::broken(whole) };
        let mut base = self.expr(first);
        for (count, part) in parts.enumerate() {
            if count >= super::MAX_DEPTH {
                self.report(Diagnostic::new(codes::TOO_COMPLEX, "a path of too many parts", whole, "too long"));
                return Self::broken(whole);
            }
            let span = base.span.to(self.span(&part));
            let kind = match part.as_rule() {
                Rule::field => match part.into_inner().next() {
                    Some(name) => ExprKind::Field(Box::new(base), self.ident(&name)),
                    None => return Self::broken(whole),
                },
                Rule::index => ExprKind::Index(Box::new(base), Box::new(self.only(part))),
                _ => {
                    let args: Vec<_> = part.into_inner().collect();
                    let args = args.into_iter().filter_map(|arg| self.arg(arg)).collect();
                    ExprKind::Call(Box::new(base), args)
                }
            };
            base = Expr { kind, span };
        }
        base
    }

    fn arg(&mut self, pair: P<'_>) -> Option<Arg> {
        let mut parts = pair.into_inner();
        let mut next = parts.next()?;
        let mut name = None;
        if next.as_rule() == Rule::arg_name {
            name = next.into_inner().next().map(|word| self.ident(&word));
            next = parts.next()?;
        }
        Some(Arg { name, value: self.expr(next) })
    }

    fn lambda(&mut self, pair: P<'_>) -> Expr {
        let span = self.span(&pair);
        let mut parts = pair.into_inner();
        let (Some(name), Some(body)) = (parts.next(), parts.next()) else { return Self::broken(span) };
        let name = self.ident(&name);
        Expr { kind: ExprKind::Lambda(name, Box::new(self.expr(body))), span }
    }

    fn of(&mut self, pair: P<'_>) -> Expr {
        let span = self.span(&pair);
        let mut parts = pair.into_inner();
        let Some(count) = parts.next() else { return Self::broken(span) };
        let count = match count.as_str().trim() {
            "any" => OfCount::Any,
            "all" => OfCount::All,
            "none" => OfCount::None,
            number => OfCount::AtLeast(number.parse().unwrap_or(u32::MAX)),
        };
        let operands = parts.filter(|part| part.as_rule() == Rule::expr).collect::<Vec<_>>();
        let operands = operands.into_iter().map(|operand| self.expr(operand)).collect();
        Expr { kind: ExprKind::Of(count, operands), span }
    }

    fn sequence(&mut self, pair: P<'_>, wrap: fn(Vec<Expr>) -> ExprKind) -> Expr {
        let span = self.span(&pair);
        let items: Vec<_> = pair.into_inner().collect();
        Expr { kind: wrap(items.into_iter().map(|item| self.expr(item)).collect()), span }
    }

    fn scope_field(&mut self, pair: P<'_>) -> Expr {
        let span = self.span(&pair);
        let mut parts = pair.into_inner();
        let (Some(scope), Some(name)) = (parts.next(), parts.next()) else { return Self::broken(span) };
        let base = self.node(ExprKind::Scope(dots(scope.as_str())), &scope);
        Expr { kind: ExprKind::Field(Box::new(base), self.ident(&name)), span }
    }
}

/// Where a pair's own text ends. The grammar takes the white space and comments before a
/// repetition that turns out to be empty into the pair: they are not part of it.
fn own_end(pair: &P<'_>) -> usize {
    let whole = pair.as_span();
    match pair.as_rule() {
        Rule::paren
        | Rule::array
        | Rule::tuple
        | Rule::call
        | Rule::of_expr
        | Rule::index
        | Rule::list_inline
        | Rule::given
        | Rule::params
        | Rule::rule_item
        | Rule::template_item
        | Rule::template_variant
        | Rule::exception_item => whole.end(),
        _ => match pair.clone().into_inner().next_back() {
            Some(last) => own_end(&last),
            None => whole.start() + pair.as_str().trim_end().len(),
        },
    }
}

fn dots(text: &str) -> u8 {
    u8::try_from(text.trim().len()).unwrap_or(u8::MAX)
}

fn finish_compare(left: Expr, chained: &mut Vec<(CompareOp, Expr)>) -> Expr {
    let Some((_, last)) = chained.last() else { return left };
    let span = left.span.to(last.span);
    Expr { kind: ExprKind::Compare(Box::new(left), std::mem::take(chained)), span }
}

fn left_tree(operands: Vec<Expr>, operators: Vec<BinaryOp>, span: Span) -> Expr {
    let mut operands = operands.into_iter();
    let Some(first) = operands.next() else { return Lowering::broken(span) };
    operators.into_iter().zip(operands).fold(first, |left, (op, right)| {
        let span = left.span.to(right.span);
        Expr { kind: ExprKind::Binary(op, Box::new(left), Box::new(right)), span }
    })
}

fn balanced(op: BinaryOp, mut operands: Vec<Expr>, span: Span) -> Expr {
    match operands.len() {
        0 => Lowering::broken(span),
        1 => operands.swap_remove(0),
        length => {
            let right = operands.split_off(length.div_ceil(2));
            let (left, right) = (balanced(op, operands, span), balanced(op, right, span));
            let span = left.span.to(right.span);
            Expr { kind: ExprKind::Binary(op, Box::new(left), Box::new(right)), span }
        }
    }
}
