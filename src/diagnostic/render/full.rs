//! The form for people. Only the lines around the places are handed to the renderer, so that the
//! cost does not grow with the file.

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{Source, SourceMap, Span};
use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};

/// Most bytes of source that one diagnostic shows.
const MAX_WINDOW: usize = 4096;

pub(super) fn render(diagnostic: &Diagnostic, sources: &SourceMap, color: bool) -> String {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let code = diagnostic.code.to_string();
    let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str()).id(code.as_str()));
    if let Some(source) = sources.get(diagnostic.primary.span.source) {
        group = group.element(snippet(diagnostic, source));
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let mut report = vec![group];
    if let Some(edit) = &diagnostic.edit
        && let Some(source) = sources.get(edit.span.source)
    {
        let window = window(source, &[edit.span]);
        let text = &source.text[window.clone()];
        let line = source.line_col(window.start as u32).0;
        let patch = Patch::new(relative(edit.span, &window), edit.text.as_str());
        let snippet = Snippet::source(text).line_start(line).path(&*source.name).patch(patch);
        report.push(Group::with_title(Level::HELP.secondary_title(edit.title.as_str())).element(snippet));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    format!("{}\n\n", renderer.render(&report))
}

fn snippet<'s>(diagnostic: &'s Diagnostic, source: &'s Source) -> Snippet<'s, annotate_snippets::Annotation<'s>> {
    let primary = diagnostic.primary.span;
    let near = |span: Span| span.source == primary.source && span.start.abs_diff(primary.start) < 2000;
    let others: Vec<_> = diagnostic.secondary.iter().filter(|label| near(label.span)).collect();
    let mut spans = vec![primary];
    spans.extend(others.iter().map(|label| label.span));
    let window = window(source, &spans);
    let text = &source.text[window.clone()];
    let line = source.line_col(window.start as u32).0;
    let mut snippet = Snippet::source(text)
        .line_start(line)
        .path(&*source.name)
        .annotation(AnnotationKind::Primary.span(relative(primary, &window)).label(diagnostic.primary.text.as_str()));
    for label in others {
        let annotation = AnnotationKind::Context.span(relative(label.span, &window)).label(label.text.as_str());
        snippet = snippet.annotation(annotation);
    }
    snippet
}

/// Whole lines that hold the spans, bounded.
fn window(source: &Source, spans: &[Span]) -> std::ops::Range<usize> {
    let text = &source.text;
    let first = spans.iter().map(|span| span.start as usize).min().unwrap_or(0).min(text.len());
    let last = spans.iter().map(|span| span.end as usize).max().unwrap_or(0).clamp(first, text.len());
    let last = last.min(first + MAX_WINDOW);
    let start = memchr::memrchr(b'\n', &text.as_bytes()[..first]).map_or(0, |at| at + 1);
    let end = memchr::memchr(b'\n', &text.as_bytes()[last..]).map_or(text.len(), |at| last + at);
    // A line may be longer than the window: the ends must still be characters.
    let mut end = end.min(last + MAX_WINDOW);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    start..end
}

fn relative(span: Span, window: &std::ops::Range<usize>) -> std::ops::Range<usize> {
    let clamp = |at: u32| (at as usize).clamp(window.start, window.end) - window.start;
    clamp(span.start)..clamp(span.end).max(clamp(span.start))
}
