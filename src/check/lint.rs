//! Warnings: rules that work, but probably not as meant. Each is one function.

use super::Checker;
use super::hir::{Expr, ExprKind, Fold, Needles, Ordering, Quantifier, Set};
use super::item::entry;
use super::key::key;
use crate::diagnostic::{Code, Diagnostic, Severity, codes};
use crate::source::Span;
use crate::syntax::ast::{self, TextOp};
use crate::value::{Cost, Type, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Fields that hold whole texts: a glob without wildcard or an unfilterable regex matters there.
const LONG_TEXTS: [&str; 8] = ["text", "raw", "inner_text", "display_text", "hidden_text", "html", "plain", "ocr"];

impl Checker<'_> {
    /// `a and b and a`.
    pub(super) fn lint_duplicates(&mut self, operands: &[Expr], span: Span) {
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        for operand in operands {
            // Broken operands all look alike.
            if operand.ty == Type::Any {
                continue;
            }
            if let Some(first) = seen.insert(key(operand), operand.span) {
                self.report(
                    Diagnostic::new(
                        codes::DUPLICATE_OPERAND,
                        "the same condition stands twice",
                        operand.span,
                        "again here",
                    )
                    .also(first, "first here")
                    .help("remove it, or mend the copy"),
                );
            }
        }
        let _ = span;
    }

    /// `root_domain == "login.example.com"` and its kind can never hold.
    pub(super) fn lint_comparison(&mut self, ordering: Ordering, fold: Fold, left: &Expr, right: &Expr) {
        if !matches!(ordering, Ordering::Eq | Ordering::Ne) {
            return;
        }
        for (field, literal) in [(left, right), (right, left)] {
            if let ExprKind::Const(Value::String(text)) = &literal.kind {
                self.lint_literal(fold, field, text, literal.span);
            }
        }
    }

    pub(super) fn lint_membership(&mut self, fold: Fold, left: &Expr, set: &Set) {
        let Set::Exprs(items) = set else { return };
        for item in items {
            if let ExprKind::Const(Value::String(text)) = &item.kind {
                self.lint_literal(fold, left, text, item.span);
            }
        }
    }

    fn lint_literal(&mut self, fold: Fold, field: &Expr, text: &str, span: Span) {
        let Some(name) = self.last_field(field) else { return };
        let has_upper = text.chars().any(char::is_uppercase);
        match name {
            "root_domain" => self.lint_root_domain(text, span),
            "sld" | "tld" if name == "sld" && text.contains('.') => {
                self.never_true(span, format!("`{name}` never holds a dot"), "compare `root_domain`");
            }
            "file_extension" if text.starts_with('.') => {
                self.never_true(span, "file extensions are kept without the dot".into(), "drop the dot");
            }
            "file_extension" if fold == Fold::Exact && has_upper => self.report(
                Diagnostic::new(
                    codes::CASE_SENSITIVE,
                    "file extensions are kept in lower case",
                    span,
                    "holds upper case",
                )
                .help("write it in lower case")
                .edit(span, format!("\"{}\"", text.to_lowercase()), "write it in lower case"),
            ),
            _ => {}
        }
    }

    fn lint_root_domain(&mut self, text: &str, span: Span) {
        if text.is_empty() || !text.contains('.') {
            return self.never_true(
                span,
                "`root_domain` is a registered name such as `example.com`".into(),
                "write the whole name",
            );
        }
        let Some(root) = icann_root(text) else {
            return self.never_true(span, format!("`{text}` is a public suffix"), "compare `tld` or a longer name");
        };
        if root != text.to_lowercase() {
            let help = format!("compare `.domain`, or write `{root}`");
            self.never_true(span, format!("the root domain of `{text}` is `{root}`"), &help);
        }
    }

    fn never_true(&mut self, span: Span, label: String, help: &str) {
        self.report(Diagnostic::new(codes::NEVER_TRUE, "this comparison can never hold", span, label).help(help));
    }

    /// Literal text that looks like another language, header names with case, costly patterns.
    pub(super) fn lint_text(&mut self, op: TextOp, no_case: bool, text: &Expr, needles: &Needles, span: Span) {
        if !no_case && self.is_header_name(text) && !matches!(op, TextOp::Matches | TextOp::MatchesWhole) {
            self.report(
                Diagnostic::new(codes::CASE_SENSITIVE, "header names have no case", span, "looks at case")
                    .help("use the form without case: a `~` after the operator, or the `i...` function"),
            );
        }
        match needles {
            Needles::Exprs(needles) => {
                for needle in needles {
                    if let ExprKind::Const(Value::String(literal)) = &needle.kind {
                        self.lint_needle(op, text, literal, needle.span);
                    }
                }
            }
            Needles::Patterns(patterns) => {
                let costly = patterns.iter().any(|pattern| !pattern.has_prefilter());
                if costly && self.is_long_text(text) {
                    self.report(
                        Diagnostic::new(
                            codes::REGEX_COST,
                            "this pattern cannot be prefiltered",
                            span,
                            "runs over the whole text of every message",
                        )
                        .help("give the pattern a fixed part of at least three characters, or a rare run such as `[0-9]{8}`"),
                    );
                }
            }
            Needles::List(_) => {}
        }
    }

    fn lint_needle(&mut self, op: TextOp, text: &Expr, literal: &str, span: Span) {
        match op {
            TextOp::Like if !literal.contains(['*', '?']) && self.is_long_text(text) => {
                self.report(
                    Diagnostic::new(
                        codes::GLOB_WITHOUT_WILDCARD,
                        "a glob must cover the whole text",
                        span,
                        "has no wildcard",
                    )
                    .help(format!("write `*{literal}*`, or use `contains`"))
                    .edit(span, format!("\"*{literal}*\""), "add wildcards"),
                );
            }
            TextOp::Contains | TextOp::StartsWith | TextOp::EndsWith if looks_like_pattern(literal) => {
                self.report(
                    Diagnostic::new(
                        codes::SYNTAX_IN_LITERAL,
                        "this is looked for literally",
                        span,
                        "looks like a pattern",
                    )
                    .help("use `like` for globs and `matches` for regular expressions"),
                );
            }
            _ => {}
        }
    }

    /// `all(headers.reply_to, ...)` also holds when there is no Reply-To.
    pub(super) fn lint_quantifier(&mut self, quantifier: Quantifier, collection: &Expr, body: &Expr, span: Span) {
        if quantifier != Quantifier::All || matches!(collection.kind, ExprKind::Array(_)) || body.ty == Type::Any {
            return;
        }
        self.report(
            Diagnostic::new(
                codes::ALL_OF_EMPTY,
                "`all` also holds for an empty list",
                span,
                "true if there is nothing",
            )
            .help("add `list is not empty and`, or say `none(list, not ...)` if that is meant"),
        );
    }

    /// Rules that trust a `From` which nobody authenticated, and `not` over what may be absent.
    pub(super) fn lint_trust(&mut self, rule: &ast::Rule, when: &Expr, unless: &[(Arc<str>, Expr)]) {
        let guarded = std::iter::once(when).chain(unless.iter().map(|(_, expr)| expr));
        if !guarded.into_iter().any(|expr| self.reads_authentication(expr)) {
            for conjunct in conjuncts(when) {
                if self.trusts_sender(conjunct) {
                    self.report(
                        Diagnostic::new(
                            codes::UNAUTHENTICATED_SENDER,
                            "anyone can write this `From`",
                            conjunct.span,
                            "trusts the sender",
                        )
                        .help(format!(
                            "rule `{}` should also ask `authenticated_as(...)` or `auth.dmarc`",
                            rule.name.name
                        )),
                    );
                    break;
                }
            }
        }
        let known = self.guarded_paths(when);
        for conjunct in conjuncts(when) {
            self.lint_hidden_absence(conjunct, &known);
        }
    }

    fn reads_authentication(&self, expr: &Expr) -> bool {
        let mut found = false;
        expr.walk(&mut |node| {
            found |= match &node.kind {
                ExprKind::Field(_, field) => matches!(
                    self.catalog().field(*field).name,
                    "auth" | "auth_summary" | "authentication_results" | "received_spf"
                ),
                ExprKind::Call(id, _) => self.catalog().function(*id).name == "authenticated_as",
                ExprKind::Rule(_) => true,
                _ => false,
            };
        });
        found
    }

    fn trusts_sender(&self, conjunct: &Expr) -> bool {
        if let ExprKind::Key(base, _) = &conjunct.kind {
            return matches!(base.kind, ExprKind::Template(_));
        }
        let (text, against_literal) = match &conjunct.kind {
            ExprKind::Compare(Ordering::Eq, _, a, b) => match (&a.kind, &b.kind) {
                (ExprKind::Const(_), _) => (b, true),
                (_, ExprKind::Const(_)) => (a, true),
                _ => return false,
            },
            ExprKind::In { left, set, .. } => (left, !matches!(set, Set::Value(_))),
            ExprKind::Text { text, .. } => (text, true),
            _ => return false,
        };
        against_literal && self.path(text).is_some_and(|path| path.starts_with("sender.email"))
    }

    /// Paths that the rule asks about with `is null` or replaces with `coalesce`.
    fn guarded_paths(&self, when: &Expr) -> BTreeSet<String> {
        let mut known = BTreeSet::new();
        when.walk(&mut |node| {
            let guarded: Vec<&Expr> = match &node.kind {
                ExprKind::IsNull(inner) => vec![inner],
                ExprKind::Coalesce(operands) => operands.iter().collect(),
                _ => return,
            };
            for expr in guarded {
                expr.walk(&mut |inner| known.extend(self.path(inner)));
            }
        });
        known
    }

    fn lint_hidden_absence(&mut self, conjunct: &Expr, known: &BTreeSet<String>) {
        let ExprKind::Not(inner) = &conjunct.kind else { return };
        let Some((path, span)) = self.absent_path(inner, known) else { return };
        self.report(
            Diagnostic::new(
                codes::NOT_HIDES_ABSENCE,
                format!("`not` does not cover an absent `{path}`"),
                conjunct.span,
                "undecided if it is absent",
            )
            .also(span, "may be absent")
            .help("write `not coalesce(..., false)` if absence means no"),
        );
    }

    /// A path below that makes the whole expression undecided when it is absent. Values of
    /// capabilities are meant to be undecided, and list elements decide one by one.
    fn absent_path(&self, expr: &Expr, known: &BTreeSet<String>) -> Option<(String, Span)> {
        match &expr.kind {
            ExprKind::Field(base, field) => {
                let own = self.catalog().field(*field).nullable;
                let path = self.path(expr)?;
                if own && !known.contains(&path) {
                    return Some((path, expr.span));
                }
                self.absent_path(base, known)
            }
            ExprKind::Coalesce(_) | ExprKind::IsNull(_) | ExprKind::Quantified { .. } | ExprKind::Rule(_) => None,
            ExprKind::Call(id, _) if self.catalog().function(*id).capability.is_some() => None,
            ExprKind::And(_) | ExprKind::Or(_) | ExprKind::AtLeast(..) => None,
            _ => expr.children().into_iter().find_map(|child| self.absent_path(child, known)),
        }
    }

    /// An exception is a hole for whoever can fake its condition.
    pub(super) fn lint_exception(&mut self, exception: &ast::Exception, when: &Expr, expires: Option<i64>) {
        if when.ty != Type::Any && !self.reads_authentication(when) {
            self.report(
                Diagnostic::new(
                    codes::UNAUTHENTICATED_EXCEPTION,
                    "this exception does not require authentication",
                    when.span,
                    "can be faked",
                )
                .help("add `authenticated_as(...)`"),
            );
        }
        let expired = self.vocabulary.now.zip(expires).is_some_and(|(now, expires)| expires <= now);
        if let (true, Some(given)) = (expired, entry(exception, "expires")) {
            let message = format!("exception `{}` has expired and no longer holds", exception.name.name);
            self.report(
                Diagnostic::new(codes::EXPIRED, message, given.value.span, "in the past").help("renew or remove it"),
            );
        }
    }

    fn last_field(&self, expr: &Expr) -> Option<&'static str> {
        match &expr.kind {
            ExprKind::Field(_, field) => Some(self.catalog().field(*field).name),
            _ => None,
        }
    }

    fn is_long_text(&self, text: &Expr) -> bool {
        match &text.kind {
            ExprKind::Field(_, field) => {
                let decl = self.catalog().field(*field);
                decl.cost >= Cost::Expensive && LONG_TEXTS.contains(&decl.name)
            }
            ExprKind::Call(_, args) => args.iter().any(|arg| self.is_long_text(arg)),
            _ => false,
        }
    }

    /// `headers.auth_summary.dmarc` of a chain of fields that starts at the message.
    fn path(&self, expr: &Expr) -> Option<String> {
        let ExprKind::Field(base, field) = &expr.kind else { return None };
        let name = self.catalog().field(*field).name;
        match &base.kind {
            ExprKind::Message => Some(name.to_owned()),
            _ => self.path(base).map(|path| format!("{path}.{name}")),
        }
    }
}

fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::And(operands) => operands.iter().flat_map(conjuncts).collect(),
        ExprKind::Let(_, _, body) => conjuncts(body),
        _ => vec![expr],
    }
}

fn looks_like_pattern(literal: &str) -> bool {
    let bare_star = literal.len() > 2 && (literal.starts_with('*') || literal.ends_with('*'));
    let regex = [".*", ".+", "\\d", "\\s", "\\w", "\\b", "[a-z", "(?:", "(?i"];
    bare_star || regex.iter().any(|syntax| literal.contains(syntax))
}

/// The registered name below the public suffix, private section of the list left out.
fn icann_root(name: &str) -> Option<String> {
    let name = name.to_lowercase();
    let labels: Vec<&str> = name.split('.').collect();
    let suffix_labels = (0..labels.len()).rev().take_while(|start| {
        let tail = labels[*start..].join(".");
        let suffix = psl::suffix(tail.as_bytes());
        suffix.is_some_and(|suffix| suffix.as_bytes().len() == tail.len() && suffix.typ() != Some(psl::Type::Private))
    });
    let start = labels.len().checked_sub(suffix_labels.count() + 1)?;
    Some(labels[start..].join("."))
}

/// `// allow(name): reason` inside an item, or right before it, silences a warning there.
pub(super) struct Silences(Vec<(Span, Arc<str>)>);

impl Silences {
    pub(super) fn collect(files: &[Arc<ast::File>]) -> Self {
        let mut silences = Vec::new();
        for file in files {
            for comment in &file.comments {
                let Some(name) = allowed(&comment.text) else { continue };
                // Items are in the order of the text.
                let next = file.items.partition_point(|item| item.span.end <= comment.span.start);
                silences.extend(file.items.get(next).map(|item| (item.span, name)));
            }
        }
        silences.sort_by_key(|(span, _)| (span.source, span.start));
        Self(silences)
    }

    pub(super) fn apply(&self, diagnostics: &mut Vec<Diagnostic>) {
        if !self.0.is_empty() {
            diagnostics.retain(|diagnostic| diagnostic.severity() == Severity::Error || !self.holds(diagnostic));
        }
    }

    /// True if the item that the diagnostic lies in silences it. Items do not overlap.
    fn holds(&self, diagnostic: &Diagnostic) -> bool {
        let place = diagnostic.primary.span;
        let after = self.0.partition_point(|(span, _)| (span.source, span.start) <= (place.source, place.start));
        let before = self.0[..after].iter().rev();
        before.take_while(|(span, _)| covers(*span, place)).any(|(_, name)| is_named(diagnostic.code, name))
    }
}

fn covers(item: Span, place: Span) -> bool {
    item.source == place.source && item.start <= place.start && place.end <= item.end
}

fn is_named(code: Code, name: &str) -> bool {
    matches!(code, Code::Warning(warning) if warning == name)
}

/// The warning's name, if the comment is of the form and gives a reason.
fn allowed(comment: &str) -> Option<Arc<str>> {
    let text = comment.trim_start_matches('/').trim();
    let (name, reason) = text.strip_prefix("allow(")?.split_once("):")?;
    (!reason.trim().is_empty()).then(|| name.trim().into())
}
