//! Diagnostics as text: for people, editors, pipelines and code review.

mod full;
mod json;
mod sarif;

use super::{Diagnostic, Severity};
use crate::source::SourceMap;
use std::fmt::Write;

/// How diagnostics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// With the source text around the place, as `rustc` does.
    Full,
    /// `file:line:column: CODE message`, a line each.
    Concise,
    /// One JSON array with an object for each.
    Json,
    /// SARIF 2.1.0, one document.
    Sarif,
    /// Workflow commands that annotate a pull request.
    Github,
}

/// Writes diagnostics in a format. `color` adds terminal colours to the full form.
pub fn render(format: Format, diagnostics: &[Diagnostic], sources: &SourceMap, color: bool) -> String {
    match format {
        Format::Full => diagnostics.iter().map(|diagnostic| full::render(diagnostic, sources, color)).collect(),
        Format::Concise => concise(diagnostics, sources),
        Format::Json => {
            let objects = diagnostics.iter().map(|diagnostic| json::object(diagnostic, sources));
            format!("{:#}\n", objects.collect::<serde_json::Value>())
        }
        Format::Sarif => sarif::document(diagnostics, sources),
        Format::Github => github(diagnostics, sources),
    }
}

fn concise(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    diagnostics.iter().fold(String::new(), |mut out, diagnostic| {
        let place = sources.location(diagnostic.primary.span);
        let _ = writeln!(out, "{place}: {} {}", diagnostic.code, one_line(&diagnostic.message));
        out
    })
}

fn github(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    diagnostics.iter().fold(String::new(), |mut out, diagnostic| {
        let level = level(diagnostic);
        let (file, line, column, end) = place(diagnostic, sources);
        let message = format!("{} {}", diagnostic.code, diagnostic.message);
        let message = message.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
        let file = file.replace('%', "%25").replace(',', "%2C").replace(':', "%3A");
        let _ = writeln!(out, "::{level} file={file},line={line},col={column},endLine={end}::{message}");
        out
    })
}

fn level(diagnostic: &Diagnostic) -> &'static str {
    match diagnostic.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// File, first line, first column, last line.
fn place(diagnostic: &Diagnostic, sources: &SourceMap) -> (String, usize, usize, usize) {
    let span = diagnostic.primary.span;
    match sources.get(span.source) {
        Some(source) => {
            let (line, column) = source.line_col(span.start);
            let (end, _) = source.line_col(span.end);
            (source.name.to_string(), line, column, end)
        }
        None => (String::new(), 1, 1, 1),
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}
