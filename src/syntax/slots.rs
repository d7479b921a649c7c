//! The text of a template: literals, `{slots}`, `[[optional parts]]`, `...`.

use super::ast::{Ident, Piece, PieceKind};
use super::literal;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use std::ops::Range;
use std::sync::Arc;

/// Deepest nesting of optional parts.
const MAX_DEPTH: usize = 8;

/// Takes a template's text apart. `written` is the literal as it stands in the rule, `value` what
/// it means.
pub(super) fn pieces(written: &str, value: &str, span: Span, diagnostics: &mut Vec<Diagnostic>) -> Vec<Piece> {
    let origins = literal::origins(written, value);
    Reader { text: value, at: 0, origins, span, open: vec![Level::default()], diagnostics }.run()
}

/// The pieces between an opening `[[` and where reading is.
#[derive(Default)]
struct Level {
    start: usize,
    pieces: Vec<Piece>,
}

struct Reader<'r> {
    text: &'r str,
    at: usize,
    /// Where each byte of the text is written, in bytes of the literal.
    origins: Vec<u32>,
    span: Span,
    open: Vec<Level>,
    diagnostics: &'r mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn run(mut self) -> Vec<Piece> {
        let mut literal = 0;
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            let special = rest.starts_with(['\n', '{']) || rest.starts_with("[[") || rest.starts_with("]]");
            if !special && !self.is_gap(rest) {
                self.at += rest.chars().next().map_or(1, char::len_utf8);
                continue;
            }
            self.literal(literal..self.at);
            self.special(rest);
            literal = self.at;
        }
        self.literal(literal..self.at);
        self.close_all()
    }

    /// Three dots on their own; those that end a word are literal.
    fn is_gap(&self, rest: &str) -> bool {
        let after = rest.strip_prefix("...").map(|after| after.is_empty() || after.starts_with(char::is_whitespace));
        let before = &self.text[..self.at];
        after == Some(true) && (before.is_empty() || before.ends_with(char::is_whitespace))
    }

    fn special(&mut self, rest: &str) {
        let start = self.at;
        match rest.as_bytes() {
            [b'\n', ..] => self.step(1, PieceKind::Break),
            [b'{', ..] => self.braces(),
            [b'[', ..] => {
                self.at += 2;
                if self.open.len() > MAX_DEPTH {
                    self.refuse(start..self.at, "optional parts are nested too deep", "too deep", "flatten them");
                } else {
                    self.open.push(Level { start, pieces: Vec::new() });
                }
            }
            [b']', ..] => {
                self.at += 2;
                match self.open.pop() {
                    Some(level) if !self.open.is_empty() => {
                        self.push(PieceKind::Optional(level.pieces), level.start..self.at);
                    }
                    level => {
                        self.open.extend(level);
                        let help = "as literal text it is written `{']]'}`";
                        self.refuse(start..self.at, "`]]` closes nothing", "no `[[` before it", help);
                    }
                }
            }
            _ => self.step(3, PieceKind::Gap),
        }
    }

    fn step(&mut self, width: usize, kind: PieceKind) {
        self.at += width;
        self.push(kind, self.at - width..self.at);
    }

    fn literal(&mut self, range: Range<usize>) {
        let text = &self.text[range.clone()];
        if !text.is_empty() {
            self.push(PieceKind::Text(text.into()), range);
        }
    }

    /// `{name}`, `{name: kind}`, `{'literal'}`.
    fn braces(&mut self) {
        let start = self.at;
        let line = self.text[start..].split('\n').next().unwrap_or("");
        if let Some(quote) = line[1..].chars().next().filter(|c| matches!(c, '\'' | '"')) {
            let closing = format!("{quote}}}");
            if let Some(length) = line[2..].find(&closing) {
                self.at = start + 2 + length + 2;
                self.push(PieceKind::Text(line[2..2 + length].into()), start..self.at);
                return;
            }
        }
        let Some(length) = line.find('}') else {
            self.at += 1;
            let help = "close it with `}`; as literal text it is written `{'{'}`";
            return self.refuse(start..self.at, "this slot is not closed", "no `}` on this line", help);
        };
        self.at = start + length + 1;
        let (name, kind) = match line[1..length].split_once(':') {
            Some((name, kind)) => (name, Some(kind)),
            None => (&line[1..length], None),
        };
        let place = |part: &str| {
            let from = part.as_ptr() as usize - line.as_ptr() as usize + start;
            let trimmed = part.trim();
            let skipped = part.len() - part.trim_start().len();
            (trimmed.to_owned(), from + skipped..from + skipped + trimmed.len())
        };
        let (name, kind) = (place(name), kind.map(place));
        if !is_word(&name.0) || kind.as_ref().is_some_and(|(kind, _)| !is_word(kind)) {
            let help = "a slot is `{name}` or `{name: kind}`; a literal brace is written `{'{'}`";
            return self.refuse(start..self.at, "this is not a slot", "no name", help);
        }
        let (name, kind) = (self.ident(name), kind.map(|kind| self.ident(kind)));
        self.push(PieceKind::Slot(name, kind), start..self.at);
    }

    fn ident(&self, (name, range): (String, Range<usize>)) -> Ident {
        Ident { name: Arc::from(name), span: self.place(range) }
    }

    fn place(&self, range: Range<usize>) -> Span {
        let origin = |at: usize| self.origins.get(at).copied().unwrap_or(0) as usize;
        let start = self.span.start as usize + origin(range.start);
        let last = range.end.saturating_sub(1).max(range.start);
        Span::new(self.span.source, start, self.span.start as usize + origin(last) + 1)
    }

    fn push(&mut self, kind: PieceKind, range: Range<usize>) {
        let piece = Piece { kind, span: self.place(range) };
        if let Some(level) = self.open.last_mut() {
            level.pieces.push(piece);
        }
    }

    fn refuse(&mut self, range: Range<usize>, message: &str, label: &str, help: &str) {
        let span = self.place(range);
        self.diagnostics.push(Diagnostic::new(codes::TEMPLATE_TEXT, message, span, label).help(help));
    }

    fn close_all(mut self) -> Vec<Piece> {
        while self.open.len() > 1 {
            let Some(level) = self.open.pop() else { break };
            let help = "close it with `]]`; as literal text it is written `{'[['}`";
            self.refuse(level.start..level.start + 2, "this optional part is not closed", "begins here", help);
        }
        self.open.pop().map(|level| level.pieces).unwrap_or_default()
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
