//! Prints the tree as S-expressions, without places: what `--emit ast` shows.

use super::ast::{
    BinaryOp, CompareOp, Expr, ExprKind, File, ItemKind, ListSource, OfCount, Piece, PieceKind, TemplateEntry,
    TemplatePart, TextOp,
};
use std::fmt::Write;

/// A file, an item a line.
pub fn dump(file: &File) -> String {
    let mut out = String::new();
    for item in &file.items {
        let _ = match &item.kind {
            ItemKind::Rule(rule) => {
                let tags: Vec<&str> = rule.tags.iter().map(|tag| &*tag.name).collect();
                let _ = writeln!(out, "(rule {} [{}]", rule.name.name, tags.join(" "));
                for meta in &rule.meta {
                    let _ = writeln!(out, "  (meta {} {})", meta.key.name, dump_expr(&meta.value));
                }
                for binding in &rule.lets {
                    let _ = writeln!(out, "  (let {} {})", binding.name.name, dump_expr(&binding.value));
                }
                if let Some(when) = &rule.when {
                    let _ = writeln!(out, "  (when {})", dump_expr(when));
                }
                for unless in &rule.unless {
                    let _ = writeln!(out, "  (unless {} {})", unless.name.name, dump_expr(&unless.when));
                }
                for case in &rule.tests {
                    let kind = if case.expects_match { "matches" } else { "ignores" };
                    let given: Vec<String> =
                        case.given.iter().map(|g| format!(" ({} {})", g.key.name, dump_expr(&g.value))).collect();
                    let _ = writeln!(out, "  ({kind} {:?}{})", case.message.value, given.concat());
                }
                writeln!(out, ")")
            }
            ItemKind::Def(def) => {
                let params: Vec<String> =
                    def.params.iter().map(|param| format!("{}:{}", param.name.name, param.ty.name)).collect();
                writeln!(out, "(def {} ({}) {})", def.name.name, params.join(" "), dump_expr(&def.body))
            }
            ItemKind::List(list) => {
                let source = match &list.source {
                    ListSource::Inline(items) => join("", items),
                    ListSource::File(path, _) => format!(" file {:?}", path.value),
                };
                writeln!(out, "(list {} {}{source})", list.name.name, list.ty.name)
            }
            ItemKind::Exception(exception) => {
                let entries: Vec<String> =
                    exception.entries.iter().map(|e| format!(" ({} {})", e.key.name, dump_expr(&e.value))).collect();
                writeln!(out, "(exception {}{})", exception.name.name, entries.concat())
            }
            ItemKind::Template(template) => {
                let parts = template.parts.iter().map(template_part);
                writeln!(out, "(template {}{})", template.name.name, parts.collect::<String>())
            }
        };
    }
    out
}

fn template_part(part: &TemplatePart) -> String {
    match part {
        TemplatePart::Entry(entry) => template_entry(entry),
        TemplatePart::Variant(variant) => {
            let entries: String = variant.entries.iter().map(template_entry).collect();
            format!(" (variant {}{entries})", variant.name.name)
        }
    }
}

fn template_entry(entry: &TemplateEntry) -> String {
    let value = entry.pieces.as_ref().map_or_else(|| format!(" {}", dump_expr(&entry.value)), |all| pieces(all));
    format!(" ({}{value})", entry.key.name)
}

fn pieces(all: &[Piece]) -> String {
    let one = |piece: &Piece| match &piece.kind {
        PieceKind::Text(text) => format!(" {text:?}"),
        PieceKind::Slot(name, Some(kind)) => format!(" {{{}: {}}}", name.name, kind.name),
        PieceKind::Slot(name, None) => format!(" {{{}}}", name.name),
        PieceKind::Gap => " ...".into(),
        PieceKind::Break => " /".into(),
        PieceKind::Optional(inner) => format!(" (optional{})", pieces(inner)),
    };
    all.iter().map(one).collect()
}

/// One expression.
pub fn dump_expr(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Null => "null".into(),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Int(value) => value.to_string(),
        ExprKind::Float(value) => format!("{value:?}"),
        ExprKind::Str(text) => format!("{:?}", text.value),
        ExprKind::Regex { pattern, flags } => format!("(regex {pattern:?} {flags:?})"),
        ExprKind::Duration(value) => format!("{value}ms"),
        ExprKind::Time(value) => format!("@{value}"),
        ExprKind::Address(text) => format!("(address {text})"),
        ExprKind::Name(name) => name.to_string(),
        ExprKind::List(name) => format!("${name}"),
        ExprKind::Scope(depth) => format!("(scope {depth})"),
        ExprKind::Field(base, field) => format!("(. {} {})", dump_expr(base), field.name),
        ExprKind::Index(base, index) => format!("([] {} {})", dump_expr(base), dump_expr(index)),
        ExprKind::Call(callee, args) => {
            let args: Vec<String> = args
                .iter()
                .map(|arg| {
                    let name = arg.name.as_ref().map(|name| format!("{}=", name.name)).unwrap_or_default();
                    format!(" {name}{}", dump_expr(&arg.value))
                })
                .collect();
            format!("(call {}{})", dump_expr(callee), args.concat())
        }
        ExprKind::Not(inner) => format!("(not {})", dump_expr(inner)),
        ExprKind::Neg(inner) => format!("(neg {})", dump_expr(inner)),
        ExprKind::Binary(op @ (BinaryOp::And | BinaryOp::Or | BinaryOp::Coalesce), ..) => {
            let operands: Vec<String> =
                flatten(*op, expr).into_iter().map(|operand| format!(" {}", dump_expr(operand))).collect();
            format!("({}{})", binary_symbol(*op), operands.concat())
        }
        ExprKind::Binary(op, left, right) => {
            format!("({} {} {})", binary_symbol(*op), dump_expr(left), dump_expr(right))
        }
        ExprKind::Compare(first, rest) => {
            let rest: Vec<String> =
                rest.iter().map(|(op, operand)| format!(" {} {}", compare_symbol(*op), dump_expr(operand))).collect();
            format!("(cmp {}{})", dump_expr(first), rest.concat())
        }
        ExprKind::In { left, negated, no_case, right } => {
            let op = format!("{}in{}", if *negated { "not-" } else { "" }, if *no_case { "~" } else { "" });
            format!("({op} {} {})", dump_expr(left), dump_expr(right))
        }
        ExprKind::Text { left, op, no_case, right } => {
            let case = if *no_case { "~" } else { "" };
            format!("({}{case} {} {})", text_symbol(*op), dump_expr(left), dump_expr(right))
        }
        ExprKind::IsNull(inner, negated) => format!("(is{}-null {})", not(*negated), dump_expr(inner)),
        ExprKind::IsEmpty(inner, negated) => format!("(is{}-empty {})", not(*negated), dump_expr(inner)),
        ExprKind::Of(count, operands) => {
            let count = match count {
                OfCount::AtLeast(number) => number.to_string(),
                OfCount::Any => "any".into(),
                OfCount::All => "all".into(),
                OfCount::None => "none".into(),
            };
            format!("(of {count}{})", join("", operands))
        }
        ExprKind::Paren(inner) => format!("(paren {})", dump_expr(inner)),
        ExprKind::Tuple(items) => format!("(tuple{})", join("", items)),
        ExprKind::Array(items) => format!("(array{})", join("", items)),
        ExprKind::If(condition, then, other) => {
            format!("(if {} {} {})", dump_expr(condition), dump_expr(then), dump_expr(other))
        }
        ExprKind::Lambda(name, body) => format!("(=> {} {})", name.name, dump_expr(body)),
    }
}

/// The operands of a chain of one operator, in written order.
pub(super) fn flatten(op: BinaryOp, expr: &Expr) -> Vec<&Expr> {
    let mut operands = Vec::new();
    let mut pending = vec![expr];
    while let Some(next) = pending.pop() {
        match &next.kind {
            ExprKind::Binary(found, left, right) if *found == op => {
                pending.push(right);
                pending.push(left);
            }
            _ => operands.push(next),
        }
    }
    operands
}

fn join(prefix: &str, items: &[Expr]) -> String {
    items.iter().fold(prefix.to_owned(), |mut text, item| {
        text.push(' ');
        text.push_str(&dump_expr(item));
        text
    })
}

fn not(negated: bool) -> &'static str {
    if negated { "-not" } else { "" }
}

pub(super) fn binary_symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::And => "and",
        BinaryOp::Or => "or",
        BinaryOp::Coalesce => "??",
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Rem => "%",
    }
}

pub(super) fn compare_symbol(op: CompareOp) -> &'static str {
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

pub(super) fn text_symbol(op: TextOp) -> &'static str {
    match op {
        TextOp::Contains => "contains",
        TextOp::StartsWith => "starts_with",
        TextOp::EndsWith => "ends_with",
        TextOp::Like => "like",
        TextOp::Matches => "matches",
        TextOp::MatchesWhole => "matches_whole",
    }
}
