//! Literals: from the written form to the meant value.

use super::ast::{StrLit, StrStyle};
use crate::calendar;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use std::sync::Arc;

/// Reads a string with its quotes.
pub(super) fn string(written: &str, span: Span, diagnostics: &mut Vec<Diagnostic>) -> StrLit {
    if let Some(inner) = written.strip_prefix("\"\"\"").and_then(|rest| rest.strip_suffix("\"\"\"")) {
        return StrLit { value: dedent(inner).into(), style: StrStyle::Block };
    }
    if let Some(inner) = written.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return StrLit { value: inner.replace("''", "'").into(), style: StrStyle::Raw };
    }
    let inner = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(written);
    StrLit { value: unescape(inner, span, diagnostics), style: StrStyle::Escaped }
}

fn unescape(inner: &str, span: Span, diagnostics: &mut Vec<Diagnostic>) -> Arc<str> {
    if !inner.contains('\\') {
        return inner.into();
    }
    let mut out = String::with_capacity(inner.len());
    let mut at = 0;
    while let Some(found) = inner[at..].find('\\') {
        out.push_str(&inner[at..at + found]);
        let start = at + found;
        let (meant, width) = escape(&inner[start + 1..]);
        match meant {
            Some(c) => out.push(c),
            None => diagnostics.push(bad_escape(&inner[start..start + 1 + width], span, start)),
        }
        at = start + 1 + width;
    }
    out.push_str(&inner[at..]);
    out.into()
}

/// The character that an escape means, and how many bytes after the backslash it takes.
fn escape(rest: &str) -> (Option<char>, usize) {
    let Some(first) = rest.chars().next() else { return (None, 0) };
    let simple = match first {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        '\\' | '"' | '\'' => Some(first),
        _ => None,
    };
    if simple.is_some() {
        return (simple, 1);
    }
    if let Some(hex) = rest.strip_prefix("u{").and_then(|rest| rest.split_once('}')).map(|(hex, _)| hex) {
        let valid = (1..=8).contains(&hex.len()) && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        let meant = u32::from_str_radix(hex, 16).ok().filter(|_| valid).and_then(char::from_u32);
        return (meant, hex.len() + 3);
    }
    (None, first.len_utf8())
}

fn bad_escape(written: &str, span: Span, offset: usize) -> Diagnostic {
    let start = span.start as usize + 1 + offset;
    let place = Span::new(span.source, start, start + written.len());
    let message = format!("there is no escape `{written}`");
    Diagnostic::new(codes::ESCAPE, message, place, "not an escape")
        .help("escapes are `\\n \\r \\t \\\" \\' \\\\ \\u{..}`; in `'...'` nothing is escaped")
        .edit(Span::new(span.source, start, start + 1), "\\\\", "double the backslash")
}

/// Where each byte of a string's value is written, in bytes of the literal with its quotes.
pub(super) fn origins(written: &str, value: &str) -> Vec<u32> {
    let mut origins = Vec::with_capacity(value.len());
    if let Some(inner) = written.strip_prefix("\"\"\"").and_then(|rest| rest.strip_suffix("\"\"\"")) {
        block_origins(inner, value, &mut origins);
        return origins;
    }
    let bytes = written.as_bytes();
    let raw = bytes.first() == Some(&b'\'');
    let mut at = 1;
    while origins.len() < value.len() && at < bytes.len() {
        let width = match bytes[at] {
            b'\'' if raw => 2,
            b'\\' if !raw => 1 + escape(&written[at + 1..]).1,
            _ => 1,
        };
        let meant = if width == 1 { 1 } else { value[origins.len()..].chars().next().map_or(1, char::len_utf8) };
        origins.extend(std::iter::repeat_n(at as u32, meant));
        at += width;
    }
    origins
}

/// The lines of the value are ends of the lines that are written.
fn block_origins(inner: &str, value: &str, origins: &mut Vec<u32>) {
    let first = inner.len() - inner.strip_prefix("\r\n").or_else(|| inner.strip_prefix('\n')).unwrap_or(inner).len();
    let mut at = 3 + first;
    for (line, meant) in inner[first..].split('\n').zip(value.split('\n')) {
        let skipped = line.len() - meant.len().min(line.len());
        // The line feed too.
        origins.extend((0..=meant.len()).map(|offset| (at + skipped + offset) as u32));
        at += line.len() + 1;
    }
}

/// Text between `"""`: the first and last line break go, and the indentation that all lines share.
fn dedent(inner: &str) -> String {
    let inner = inner.strip_prefix("\r\n").or_else(|| inner.strip_prefix('\n')).unwrap_or(inner);
    let lines: Vec<&str> = inner.split('\n').collect();
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let shared = lines.iter().filter(|line| !line.trim().is_empty()).map(|line| indent(line)).min().unwrap_or(0);
    let mut stripped: Vec<&str> = lines.iter().map(|line| line.get(shared..).unwrap_or("")).collect();
    if stripped.last().is_some_and(|last| last.trim().is_empty()) {
        stripped.pop();
    }
    stripped.join("\n")
}

/// `30d` in milliseconds; `None` if it is out of range.
pub(super) fn duration(written: &str) -> Option<i64> {
    let digits = written.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &written[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 604_800_000,
        _ => return None,
    };
    digits.parse::<i64>().ok()?.checked_mul(unit)
}

/// An RFC 3339 date or date-time in milliseconds since 1970.
pub(super) fn time(written: &str) -> Option<i64> {
    let (date, clock) = match written.split_once('T') {
        Some((date, clock)) => (date, Some(clock)),
        None => (written, None),
    };
    let midnight = calendar::day(date)?;
    clock.map_or(Some(midnight), |clock| Some(midnight + clock_millis(clock)?))
}

fn clock_millis(clock: &str) -> Option<i64> {
    let (clock, offset) = match clock.strip_suffix('Z') {
        Some(clock) => (clock, 0),
        None => {
            let at = clock.rfind(['+', '-'])?;
            let (hours, minutes) = clock[at + 1..].split_once(':')?;
            let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
            (&clock[..at], if clock[at..].starts_with('-') { -minutes } else { minutes })
        }
    };
    let mut parts = clock.splitn(3, ':');
    let hour: i64 = parts.next()?.parse().ok()?;
    let minute: i64 = parts.next()?.parse().ok()?;
    let seconds: f64 = parts.next().map_or(Some(0.0), |part| part.parse().ok())?;
    if hour > 23 || minute > 59 || seconds >= 61.0 {
        return None;
    }
    Some(((hour * 60 + minute - offset) * 60_000) + (seconds * 1000.0).round() as i64)
}

/// `/pattern/flags` taken apart; `\/` becomes `/`.
pub(super) fn regex(written: &str) -> (Arc<str>, Arc<str>) {
    let end = written.rfind('/').unwrap_or(0);
    let pattern = written.get(1..end).unwrap_or("").replace("\\/", "/");
    (pattern.into(), written.get(end + 1..).unwrap_or("").into())
}
