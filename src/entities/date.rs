//! Dates in running text, numeric or with the month's name in the languages of common programs.

use super::glyph::{first, lines};
use crate::calendar;
use crate::message::month;
use std::sync::Arc;

/// A date found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundDate {
    /// As it is written.
    pub text: Arc<str>,
    /// Its beginning in UTC, in milliseconds since 1970; `None` where readers would disagree:
    /// `03/04/2026` may be March or April.
    pub millis: Option<i64>,
    /// Place in the text, in bytes.
    pub start: usize,
    /// Byte after it.
    pub end: usize,
}

/// A word or a number.
#[derive(Clone, Copy)]
struct Piece<'t> {
    text: &'t str,
    start: usize,
    number: Option<u32>,
}

impl Piece<'_> {
    fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The dates in a text, in order, without overlap. None goes over lines.
pub fn dates(text: &str) -> Vec<FoundDate> {
    let mut found = Vec::new();
    let mut follows = false;
    for (from, line) in lines(text) {
        // PERF: a line without a digit is not taken apart.
        if first(line.as_bytes(), |byte| byte.is_ascii_digit()).is_some() {
            let dates = in_line(line, follows).into_iter();
            found.extend(dates.map(|date| FoundDate { start: date.start + from, end: date.end + from, ..date }));
        }
        follows = follows || line.contains(char::is_alphanumeric);
    }
    found
}

/// `follows`: something is written before the line.
fn in_line(line: &str, follows: bool) -> Vec<FoundDate> {
    let pieces = pieces(line);
    let mut found = Vec::new();
    let mut at = 0;
    while at < pieces.len() {
        let rest = &pieces[at..];
        // A date begins with a number, or with a word and a number.
        let may_begin = rest.iter().take(2).any(|piece| piece.number.is_some());
        let read = may_begin.then(|| numeric(line, rest, follows || at > 0).or_else(|| named(line, rest))).flatten();
        let Some((count, date)) = read else {
            at += 1;
            continue;
        };
        let (start, end) = (pieces[at].start, pieces[at + count - 1].end());
        found.push(FoundDate { text: line[start..end].into(), millis: date, start, end });
        at += count;
    }
    found
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found: Vec<Piece<'_>> = Vec::new();
    let mut start = None;
    let mut digits = false;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        // Letters and digits are different pieces: `2026年5月12日`, `12th`.
        let ends = !c.is_alphanumeric() || start.is_some() && c.is_ascii_digit() != digits;
        if ends && let Some(from) = start.take() {
            let piece = &text[from..at];
            let number = (digits && piece.len() <= 4).then(|| piece.parse().ok()).flatten();
            found.push(Piece { text: piece, start: from, number });
        }
        if c.is_alphanumeric() && start.is_none() {
            start = Some(at);
            digits = c.is_ascii_digit();
        }
    }
    found
}

type Read = (usize, Option<i64>);

/// `2026-05-12`, `12.05.2026`, `5/12/26`, `2026年5月12日`
fn numeric(text: &str, pieces: &[Piece<'_>], follows: bool) -> Option<Read> {
    if let [year, y, month, m, day, d, ..] = pieces
        && let ("年" | "년", "月" | "월") = (y.text, m.text)
        && d.text.starts_with(['日', '일'])
    {
        return Some((6, Some(midnight(year.number?, month.number?, day.number?)?)));
    }
    let [first, second, third, ..] = pieces else { return None };
    let between = |a: &Piece<'_>, b: &Piece<'_>| text.get(a.end()..b.start);
    let sign = between(first, second)?;
    if !matches!(sign, "-" | "/" | "." | ". ") || between(second, third)? != sign {
        return None;
    }
    let touches = |c: char| c == '-' || c == '.' || c == '/' || c == '_';
    let glued_left = follows && text[..first.start].ends_with(|c: char| touches(c) || c.is_alphanumeric());
    let mut after = text[third.end()..].chars();
    let time = third.text.len() <= 2 && matches!(after.clone().next(), Some('T'));
    let glued_right = after.next().is_some_and(touches) && after.next().is_some_and(|c| c.is_ascii_digit());
    if glued_left || glued_right && !time {
        return None;
    }
    let (a, b, c) = (first.number?, second.number?, third.number?);
    if first.text.len() == 4 {
        return Some((3, Some(midnight(a, b, c)?)));
    }
    let year = match third.text.len() {
        4 => c,
        // Two digits of a year are enough where slashes say that it is a date.
        2 if sign == "/" => 2000 + c,
        _ => return None,
    };
    let (day_first, month_first) = (midnight(year, b, a), midnight(year, a, b));
    let clear = sign.starts_with('.') || a == b;
    match (day_first, month_first) {
        (Some(day_first), None) => Some((3, Some(day_first))),
        (None, Some(month_first)) => Some((3, Some(month_first))),
        (Some(day_first), Some(_)) => Some((3, clear.then_some(day_first))),
        (None, None) => None,
    }
}

/// `May 12, 2026`, `12. Mai 2026`, `12 de mayo de 2026`, `12th of May 2026`
fn named(text: &str, pieces: &[Piece<'_>]) -> Option<Read> {
    let (first, rest) = pieces.split_first()?;
    let limit = rest.len().min(5);
    let close =
        |piece: &Piece<'_>| text.get(first.end()..piece.start).is_some_and(|gap| !gap.contains(['\n', ':', '!', '?']));
    let of = |word: &str| matches!(word, "st" | "nd" | "rd" | "th" | "of" | "de" | "del" | "er" | "º" | "den");
    let mut rest = rest[..limit].iter().enumerate().filter(|(_, piece)| !of(piece.text) && close(piece));
    let (_, second) = rest.next()?;
    let (day, name) = match (first.number, second.number) {
        (Some(day), None) => (day, second.text),
        (None, Some(day)) => (day, first.text),
        _ => return None,
    };
    let month = month_name(name)?;
    let (index, year) = rest.next().filter(|(_, piece)| piece.text.len() == 4)?;
    Some((index + 2, Some(midnight(year.number?, month, day)?)))
}

/// Longest name of a month, in bytes.
const LONGEST_MONTH: usize = 24;

fn month_name(word: &str) -> Option<u32> {
    if word.len() > LONGEST_MONTH || word.chars().count() < 3 {
        return None;
    }
    month(&word.to_lowercase()).map(u32::from)
}

/// The beginning of a day in UTC, of years that texts speak of.
fn midnight(year: u32, month: u32, day: u32) -> Option<i64> {
    let is_near = (1900..=2200).contains(&year);
    is_near.then(|| calendar::midnight(year.into(), month.into(), day.into())).flatten()
}
