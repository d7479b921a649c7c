//! Text ⇄ faithful tree: the only place that names `pest`.

pub mod ast;
mod dump;
mod error;
mod format;
mod literal;
mod lower;
mod scan;
mod slots;

pub use dump::{dump, dump_expr};
pub use format::format;

use crate::diagnostic::Diagnostic;
use crate::source::SourceId;

/// Largest rule text, in bytes.
pub const MAX_BYTES: usize = 16 << 20;
/// Deepest nesting of brackets.
pub const MAX_DEPTH: usize = 100;
/// Most operands of one chain of operators.
pub const MAX_CHAIN: usize = 10_000;

/// Parses a file. Items that are broken are missing from the tree and reported; the others are
/// there.
pub fn parse(source: SourceId, text: &str) -> (ast::File, Vec<Diagnostic>) {
    let scanned = scan::scan(source, text);
    let mut diagnostics = scanned.diagnostics;
    let mut items = Vec::new();
    for piece in &scanned.items {
        items.extend(lower::item(source, text, piece, &mut diagnostics));
    }
    crate::diagnostic::sort(&mut diagnostics);
    (ast::File { source, items, comments: scanned.comments }, diagnostics)
}

/// Parses one expression.
pub fn parse_expr(source: SourceId, text: &str) -> (Option<ast::Expr>, Vec<Diagnostic>) {
    let scanned = scan::scan_expr(source, text);
    let mut diagnostics = scanned.diagnostics;
    if diagnostics.iter().any(Diagnostic::is_error) {
        return (None, diagnostics);
    }
    let expr = lower::expr_only(source, text, &mut diagnostics);
    crate::diagnostic::sort(&mut diagnostics);
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    (expr.filter(|_| !failed), diagnostics)
}
