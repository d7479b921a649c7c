//! `meta:`: known keys, right kinds of values.

use super::Checker;
use super::hir::{Metadata, Mode, RuleSeverity, Status};
use crate::diagnostic::{Diagnostic, codes, suggest};
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind};
use std::collections::BTreeMap;
use std::sync::Arc;

const KEYS: [&str; 13] = [
    "title",
    "description",
    "severity",
    "score",
    "family",
    "attack",
    "references",
    "false_positives",
    "authors",
    "status",
    "mode",
    "license",
    "id",
];
const SEVERITIES: [&str; 5] = ["info", "low", "medium", "high", "critical"];
const STATUSES: [&str; 3] = ["experimental", "stable", "deprecated"];
const MODES: [&str; 3] = ["enforce", "shadow", "off"];
impl Checker<'_> {
    pub(super) fn metadata(&mut self, entries: &[ast::Meta]) -> Metadata {
        let mut meta = Metadata::default();
        let mut score = None;
        let mut seen: BTreeMap<Arc<str>, Span> = BTreeMap::new();
        for entry in entries {
            let key = &entry.key;
            if let Some(first) = seen.insert(Arc::clone(&key.name), key.span) {
                let problem =
                    Diagnostic::new(codes::DUPLICATE, format!("`{}` is given twice", key.name), key.span, "again");
                self.report(problem.also(first, "first given here"));
                continue;
            }
            match &*key.name {
                "title" => meta.title = self.meta_text(entry),
                "description" => meta.description = self.meta_text(entry),
                "family" => meta.family = self.meta_text(entry),
                "license" => meta.license = self.meta_text(entry),
                "id" => meta.id = self.meta_text(entry),
                "severity" => {
                    meta.severity = match self.meta_name(entry, &SEVERITIES) {
                        Some(0) => RuleSeverity::Info,
                        Some(1) => RuleSeverity::Low,
                        Some(3) => RuleSeverity::High,
                        Some(4) => RuleSeverity::Critical,
                        _ => RuleSeverity::Medium,
                    };
                }
                "status" => {
                    meta.status = match self.meta_name(entry, &STATUSES) {
                        Some(1) => Status::Stable,
                        Some(2) => Status::Deprecated,
                        _ => Status::Experimental,
                    };
                }
                "mode" => {
                    meta.mode = match self.meta_name(entry, &MODES) {
                        Some(1) => Mode::Shadow,
                        Some(2) => Mode::Off,
                        _ => Mode::Enforce,
                    };
                }
                "score" => score = self.meta_score(entry),
                "attack" => meta.attack = self.meta_techniques(entry),
                "references" => meta.references = self.meta_texts(entry),
                "false_positives" => meta.false_positives = self.meta_texts(entry),
                "authors" => meta.authors = self.meta_texts(entry),
                _ => self.unknown_key(key),
            }
        }
        meta.score = score.unwrap_or_else(|| default_score(meta.severity));
        meta
    }

    fn unknown_key(&mut self, key: &ast::Ident) {
        let message = format!("there is no metadata key `{}`", key.name);
        let problem = Diagnostic::new(codes::META, message, key.span, "unknown key");
        self.report(match suggest::nearest(&key.name, KEYS) {
            Some(near) => super::expr::did_you_mean(problem, key.span, &key.name, near),
            None => problem.help(format!("the keys are: {}", KEYS.join(", "))),
        });
    }

    fn meta_problem(&mut self, entry: &ast::Meta, wanted: &str) {
        let message = format!("`{}` must be {wanted}", entry.key.name);
        self.report(Diagnostic::new(codes::META, message, entry.value.span, format!("expected {wanted}")));
    }

    fn meta_text(&mut self, entry: &ast::Meta) -> Option<String> {
        if let ExprKind::Str(text) = &entry.value.kind {
            return Some(text.value.to_string());
        }
        self.meta_problem(entry, "a text");
        None
    }

    fn meta_texts(&mut self, entry: &ast::Meta) -> Vec<String> {
        let texts: Option<Vec<String>> = match &entry.value.kind {
            ExprKind::Array(items) => items.iter().map(|item| text_of(item).map(str::to_owned)).collect(),
            _ => None,
        };
        texts.unwrap_or_else(|| {
            self.meta_problem(entry, "a list of texts");
            Vec::new()
        })
    }

    fn meta_techniques(&mut self, entry: &ast::Meta) -> Vec<String> {
        let ids = self.meta_texts(entry);
        if let Some(bad) = ids.iter().find(|id| !is_technique(id)) {
            let message = format!("`{bad}` is not the id of an ATT&CK technique");
            let problem = Diagnostic::new(codes::META, message, entry.value.span, "malformed id");
            self.report(problem.help("ids look like `T1566` or `T1566.003`"));
        }
        ids
    }

    fn meta_name(&mut self, entry: &ast::Meta, known: &[&str]) -> Option<usize> {
        let name = match &entry.value.kind {
            ExprKind::Name(name) => name,
            ExprKind::Str(text) => &text.value,
            _ => {
                self.meta_problem(entry, &format!("one of: {}", known.join(", ")));
                return None;
            }
        };
        let found = known.iter().position(|value| **value == **name);
        if found.is_none() {
            let message = format!("`{name}` is not a value of `{}`", entry.key.name);
            let problem = Diagnostic::new(codes::META, message, entry.value.span, "unknown value");
            self.report(match suggest::nearest(name, known.iter().copied()) {
                Some(near) => super::expr::did_you_mean(problem, entry.value.span, name, near),
                None => problem.help(format!("its values are: {}", known.join(", "))),
            });
        }
        found
    }

    /// Scores are kept in thousandths, so that printed parts add up exactly.
    fn meta_score(&mut self, entry: &ast::Meta) -> Option<i64> {
        let (value, sign) = match &entry.value.kind {
            ExprKind::Neg(inner) => (&inner.kind, -1),
            kind => (kind, 1),
        };
        let thousandths = match value {
            ExprKind::Int(number) => number.checked_mul(1000),
            ExprKind::Float(number) => {
                let scaled = number * 1000.0;
                ((scaled - scaled.round()).abs() < 1e-6 && scaled.abs() < 1e9).then(|| scaled.round() as i64)
            }
            _ => None,
        };
        let thousandths = thousandths.filter(|score| score.abs() <= 100_000);
        if thousandths.is_none() {
            self.meta_problem(entry, "a number from -100 to 100 with at most three decimals");
        }
        thousandths.map(|score| sign * score)
    }
}

fn text_of(expr: &ast::Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Str(text) => Some(&text.value),
        _ => None,
    }
}

fn is_technique(id: &str) -> bool {
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(rest) = id.strip_prefix('T') else { return false };
    match rest.split_once('.') {
        Some((technique, sub)) => digits(technique, 4) && digits(sub, 3),
        None => digits(rest, 4),
    }
}

fn default_score(severity: RuleSeverity) -> i64 {
    match severity {
        RuleSeverity::Info => 0,
        RuleSeverity::Low => 1_000,
        RuleSeverity::Medium => 2_500,
        RuleSeverity::High => 5_000,
        RuleSeverity::Critical => 10_000,
    }
}
