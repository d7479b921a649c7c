//! One linear look at a text before the grammar sees it: where items begin, which comments there
//! are, whether brackets, strings and limits hold. The grammar recurses, so depth is bounded here.

use super::ast::Comment;
use super::{MAX_BYTES, MAX_DEPTH};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::{SourceId, Span};
use std::ops::Range;

/// A stretch of text that holds one item.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) range: Range<usize>,
    /// False if the scanner has reported something that the grammar would report again.
    pub(super) sound: bool,
    /// The `///` lines before it.
    pub(super) doc: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Scanned {
    pub(super) items: Vec<Piece>,
    pub(super) comments: Vec<Comment>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

const ITEM_WORDS: [&str; 5] = ["rule", "def", "list", "exception", "template"];
/// After these words a `/` begins a regular expression, not a division.
const OPERATOR_WORDS: [&str; 11] =
    ["and", "or", "not", "in", "of", "contains", "starts_with", "ends_with", "like", "matches", "matches_whole"];

pub(super) fn scan(source: SourceId, text: &str) -> Scanned {
    let mut scanner = Scanner::new(source, text, true);
    scanner.run();
    scanner.finish()
}

pub(super) fn scan_expr(source: SourceId, text: &str) -> Scanned {
    let mut scanner = Scanner::new(source, text, false);
    scanner.run();
    scanner.finish()
}

struct Scanner<'t> {
    source: SourceId,
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    with_items: bool,
    line_start: bool,
    /// Open brackets with their places.
    open: Vec<(u8, usize)>,
    starts: Vec<usize>,
    unsound: Vec<usize>,
    /// A `/` here begins a regular expression.
    operand_next: bool,
    out: Scanned,
}

impl<'t> Scanner<'t> {
    fn new(source: SourceId, text: &'t str, with_items: bool) -> Self {
        Self {
            source,
            text,
            bytes: text.as_bytes(),
            at: 0,
            with_items,
            line_start: true,
            open: Vec::new(),
            starts: Vec::new(),
            unsound: Vec::new(),
            operand_next: true,
            out: Scanned::default(),
        }
    }

    fn run(&mut self) {
        if self.text.len() > MAX_BYTES {
            let message = format!("the text is longer than {MAX_BYTES} bytes");
            self.report(Diagnostic::new(codes::TOO_COMPLEX, message, self.span(0, 0), "too long"));
            self.at = self.bytes.len();
            return;
        }
        while let Some(&byte) = self.bytes.get(self.at) {
            self.step(byte);
        }
        self.close_all();
    }

    fn step(&mut self, byte: u8) {
        let rest = &self.bytes[self.at..];
        match byte {
            b'\n' => {
                self.line_start = true;
                self.at += 1;
            }
            b' ' | b'\t' | b'\r' => self.at += 1,
            b'/' if rest.starts_with(b"//") => self.line_comment(),
            b'/' if rest.starts_with(b"/*") => self.block_comment(),
            b'/' if self.operand_next => self.regex(),
            b'"' if rest.starts_with(b"\"\"\"") => self.block_string(),
            b'"' | b'\'' => self.string(byte),
            b'(' | b'[' | b'{' => self.open_bracket(byte),
            b')' | b']' | b'}' => self.close_bracket(byte),
            _ if byte.is_ascii_alphabetic() || byte == b'_' => self.word(),
            _ => {
                let width = self.text[self.at..].chars().next().map_or(1, char::len_utf8);
                // The `/` of `2001:db8::/32` is no regular expression.
                let ends_address = byte == b':' && self.at > 0 && self.bytes[self.at - 1] == b':';
                self.operand_next = !ends_address && b"=~,:<>!+-*%?".contains(&byte);
                self.line_start = false;
                self.at += width;
            }
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.source, start, end)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.unsound.push(diagnostic.primary.span.start as usize);
        self.out.diagnostics.push(diagnostic);
    }

    fn comment(&mut self, start: usize, end: usize) {
        let text = self.text[start..end].trim_end().into();
        let span = self.span(start, end);
        self.out.comments.push(Comment { span, text });
        self.at = end;
    }

    fn line_comment(&mut self) {
        let start = self.at;
        let end = memchr::memchr(b'\n', &self.bytes[start..]).map_or(self.bytes.len(), |at| start + at);
        self.comment(start, end);
    }

    fn block_comment(&mut self) {
        let start = self.at;
        match memchr::memmem::find(&self.bytes[start + 2..], b"*/") {
            Some(at) => self.comment(start, start + 2 + at + 2),
            None => {
                let span = self.span(start, start + 2);
                self.report(
                    Diagnostic::new(codes::UNCLOSED, "this comment is not closed", span, "begins here")
                        .help("close it with `*/`"),
                );
                self.at = self.bytes.len();
            }
        }
    }

    fn regex(&mut self) {
        let start = self.at;
        let mut at = start + 1;
        let mut in_class = false;
        while let Some(&byte) = self.bytes.get(at) {
            match byte {
                b'\n' => break,
                b'\\' => at += 1,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => {
                    self.check_invisible(start, at + 1, Escape::Regex);
                    self.operand_next = false;
                    self.line_start = false;
                    self.at = at + 1;
                    return;
                }
                _ => {}
            }
            at += 1;
        }
        let span = self.span(start, at.min(self.bytes.len()));
        self.report(
            Diagnostic::new(codes::UNCLOSED, "this regular expression is not closed", span, "no `/` on this line")
                .help("close it with `/`; inside a pattern write `\\/`"),
        );
        self.at = at.min(self.bytes.len());
    }

    fn block_string(&mut self) {
        let start = self.at;
        match memchr::memmem::find(&self.bytes[start + 3..], b"\"\"\"") {
            Some(at) => {
                self.at = start + 3 + at + 3;
                self.operand_next = false;
                self.line_start = false;
            }
            None => {
                let span = self.span(start, start + 3);
                self.report(
                    Diagnostic::new(codes::UNCLOSED, "this text is not closed", span, "begins here")
                        .help("close it with `\"\"\"`"),
                );
                self.at = self.bytes.len();
            }
        }
    }

    fn string(&mut self, quote: u8) {
        let start = self.at;
        let mut at = start + 1;
        loop {
            match self.bytes.get(at) {
                None | Some(b'\n') => {
                    let span = self.span(start, at.min(self.bytes.len()));
                    self.report(
                        Diagnostic::new(
                            codes::UNCLOSED,
                            "this string is not closed",
                            span,
                            "no closing quote on this line",
                        )
                        .help("close it, or write several lines between `\"\"\"`"),
                    );
                    self.at = at.min(self.bytes.len());
                    return;
                }
                Some(b'\\') if quote == b'"' => at += 2,
                Some(b'\'') if quote == b'\'' && self.bytes.get(at + 1) == Some(&b'\'') => at += 2,
                Some(&byte) if byte == quote => break,
                Some(_) => at += 1,
            }
        }
        let escape = if quote == b'"' { Escape::Text } else { Escape::Regex };
        self.check_invisible(start, at + 1, escape);
        self.operand_next = false;
        self.line_start = false;
        self.at = at + 1;
    }

    /// Invisible characters make a rule that nobody can review.
    fn check_invisible(&mut self, start: usize, end: usize, escape: Escape) {
        if self.bytes[start..end].is_ascii() {
            return;
        }
        let Some((offset, found)) = self.text[start..end].char_indices().find(|(_, c)| is_invisible(*c)) else {
            return;
        };
        let span = self.span(start + offset, start + offset + found.len_utf8());
        let code = u32::from(found);
        let written = match escape {
            Escape::Text => format!("\\u{{{code:04X}}}"),
            Escape::Regex => format!("\\x{{{code:04X}}}"),
        };
        let message = format!("the literal holds the invisible character U+{code:04X}");
        self.report(
            Diagnostic::new(codes::INVISIBLE, message, span, "cannot be seen").help(format!("write `{written}`")).edit(
                span,
                written.clone(),
                format!("write `{written}`"),
            ),
        );
    }

    fn open_bracket(&mut self, byte: u8) {
        if self.open.len() == MAX_DEPTH {
            let span = self.span(self.at, self.at + 1);
            self.report(
                Diagnostic::new(
                    codes::TOO_COMPLEX,
                    format!("brackets are nested deeper than {MAX_DEPTH}"),
                    span,
                    "too deep",
                )
                .help("move parts into a `def` or `let`"),
            );
        }
        self.open.push((byte, self.at));
        self.operand_next = true;
        self.line_start = false;
        self.at += 1;
    }

    fn close_bracket(&mut self, byte: u8) {
        let wanted = match byte {
            b')' => b'(',
            b']' => b'[',
            _ => b'{',
        };
        let found = self.open.pop();
        if found.is_none_or(|(open, _)| open != wanted) {
            let span = self.span(self.at, self.at + 1);
            let mut problem = Diagnostic::new(
                codes::UNCLOSED,
                format!("`{}` closes nothing", char::from(byte)),
                span,
                "no bracket to close",
            );
            if let Some((open, at)) = found {
                problem = problem.also(self.span(at, at + 1), format!("`{}` is still open", char::from(open)));
            }
            if self.unsound.is_empty()
                || self.starts.last().is_none_or(|start| self.unsound.iter().all(|at| at < start))
            {
                self.report(problem);
            }
        }
        self.operand_next = false;
        self.line_start = false;
        self.at += 1;
    }

    fn word(&mut self) {
        let start = self.at;
        let length =
            self.bytes[start..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let word = &self.text[start..start + length];
        if self.with_items && self.line_start && ITEM_WORDS.contains(&word) && self.begins_item(start, length) {
            self.close_all();
            self.starts.push(start);
        }
        self.operand_next = OPERATOR_WORDS.contains(&word);
        self.line_start = false;
        self.at = start + length;
    }

    /// At the top level any line may begin an item; inside brackets only one at the left margin,
    /// so that an unclosed bracket does not swallow the rest of the file.
    fn begins_item(&self, start: usize, length: usize) -> bool {
        let at_margin = start == 0 || self.bytes.get(start - 1) == Some(&b'\n');
        let rest = self.text[start + length..].trim_start_matches([' ', '\t']);
        let named = rest.len() < self.text.len() - start - length
            && rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let after = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').trim_start();
        named && after.starts_with(['{', ':', '(', '=']) && (self.open.is_empty() || at_margin)
    }

    fn close_all(&mut self) {
        let first = self.open.first().copied();
        self.open.clear();
        self.operand_next = true;
        let Some((open, at)) = first else { return };
        if self.starts.last().is_some_and(|start| self.unsound.iter().any(|bad| bad >= start)) {
            return;
        }
        let span = self.span(at, at + 1);
        let message = format!("this `{}` is not closed", char::from(open));
        self.report(Diagnostic::new(codes::UNCLOSED, message, span, "still open at the end of the item"));
    }

    fn finish(mut self) -> Scanned {
        let mut out = std::mem::take(&mut self.out);
        if self.with_items {
            let first = self.starts.first().copied().unwrap_or(self.bytes.len());
            stray_text(self.source, self.text, 0, first, &out.comments, &mut out.diagnostics);
        }
        for (index, start) in self.starts.iter().copied().enumerate() {
            let limit = self.starts.get(index + 1).copied().unwrap_or(self.bytes.len());
            let end = start + self.text[start..limit].trim_end().len();
            let sound = !self.unsound.iter().any(|at| (start..limit).contains(at));
            let doc = doc_before(self.text, start, &out.comments);
            out.items.push(Piece { range: start..end, sound, doc });
        }
        out
    }
}

#[derive(Clone, Copy)]
enum Escape {
    Text,
    Regex,
}

/// Zero-width, bidirectional, soft-hyphen, variation-selector and tag characters.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0E}' | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Text before the first item that is neither white space nor comment.
fn stray_text(
    source: SourceId,
    text: &str,
    start: usize,
    end: usize,
    comments: &[Comment],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut at = start;
    for comment in comments.iter().take_while(|comment| (comment.span.start as usize) < end) {
        if !text[at..comment.span.start as usize].trim().is_empty() {
            break;
        }
        at = comment.span.end as usize;
    }
    let rest = text.get(at..end).unwrap_or("");
    let skipped = rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}').len();
    let rest = rest[skipped..].trim_end();
    let word: &str = rest.split_whitespace().next().unwrap_or("");
    if word.is_empty() || diagnostics.iter().any(Diagnostic::is_error) {
        return;
    }
    let span = Span::new(source, at + skipped, at + skipped + word.len());
    let problem =
        Diagnostic::new(codes::SYNTAX, format!("expected an item, found `{}`", excerpt(word)), span, "not an item");
    let near = crate::diagnostic::suggest::nearest(word, ITEM_WORDS);
    diagnostics.push(match near {
        Some(near) => problem.help(format!("did you mean `{near}`?")).edit(span, near, format!("change to `{near}`")),
        None => problem
            .help("a file holds `rule`, `def`, `list`, `template` and `exception` items; wrap an expression in a rule's `when:`"),
    });
}

/// User text for a message, short.
pub(super) fn excerpt(text: &str) -> String {
    let mut short: String = text.chars().take(32).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// The `///` lines that end on the line before `start`.
fn doc_before(text: &str, start: usize, comments: &[Comment]) -> Option<String> {
    let mut lines = Vec::new();
    let mut next = start;
    let before = comments.partition_point(|comment| (comment.span.end as usize) <= start);
    for comment in comments[..before].iter().rev() {
        let gap = &text[comment.span.end as usize..next];
        let adjacent = gap.trim().is_empty() && gap.matches('\n').count() <= 1;
        let Some(line) = comment.text.strip_prefix("///").filter(|_| adjacent) else { break };
        lines.push(line.strip_prefix(' ').unwrap_or(line));
        next = comment.span.start as usize;
    }
    lines.reverse();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
