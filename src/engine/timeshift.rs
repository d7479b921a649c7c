//! Does a verdict hold tomorrow? A rule that depends on the calendar without saying so matches
//! everything, or nothing, from some day on; SpamAssassin's `FH_DATE_PAST_20XX` did so on the
//! first of January 2010. Moving the clock, and the dates in the message with it, shows such rules
//! before that day comes.

use super::{Engine, Options};
use crate::check::hir::{Expr, ExprKind};
use crate::eval::Status;
use crate::value::Catalog;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A mean Gregorian year in milliseconds.
const YEAR: i64 = 31_556_952_000;

/// What is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Moved {
    /// The clock: the same message, read again years later.
    Clock,
    /// The clock and the message's own dates: such a message, sent years later.
    ClockAndDates,
}

/// A rule that ends otherwise at another time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TimeChange {
    /// `pack/name`.
    pub rule: Arc<str>,
    /// Years from now.
    pub years: i32,
    /// What was moved.
    pub moved: Moved,
    /// How it ends now.
    pub now: Status,
    /// How it ends then.
    pub then: Status,
    /// True if that is declared: the rule calls `now()`, or an exception has expired.
    pub declared: bool,
}

impl Engine {
    /// The rules that read the clock, also through other rules; sorted. Known from the typed tree.
    pub fn time_readers(&self) -> Vec<Arc<str>> {
        let program = &self.inner.program;
        let catalog = self.builtins().catalog();
        // A rule comes after every rule that it refers to.
        let mut reads: Vec<bool> = Vec::with_capacity(program.rules.len());
        for rule in &program.rules {
            let mut expressions = std::iter::once(&rule.when).chain(rule.unless.iter().map(|(_, when)| when));
            reads.push(expressions.any(|expr| reads_clock(expr, catalog, &reads)));
        }
        let readers = program.rules.iter().zip(reads).filter(|(_, reads)| *reads);
        let names: BTreeSet<Arc<str>> = readers.map(|(rule, _)| Arc::clone(&rule.name)).collect();
        names.into_iter().collect()
    }

    /// How rules end years from `now` (milliseconds since 1970) where they end otherwise now.
    pub fn time_shift(&self, raw: &[u8], now: i64, years: &[i32], moved: &[Moved]) -> Vec<TimeChange> {
        let rules = self.rules();
        let readers = self.time_readers();
        let before = self.statuses(raw, now, &rules);
        let mut changes = Vec::new();
        for (years, moved) in years.iter().flat_map(|years| moved.iter().map(move |moved| (*years, *moved))) {
            let later = now.saturating_add(i64::from(years).saturating_mul(YEAR));
            let after = match moved {
                Moved::Clock => self.statuses(raw, later, &rules),
                Moved::ClockAndDates => self.statuses(&shift_dates(raw, years), later, &rules),
            };
            for ((rule, now), then) in rules.iter().zip(&before).zip(after).filter(|((_, now), then)| *now != then) {
                let declared = readers.binary_search(rule).is_ok() || self.expiry_explains(rule, *now, then, later);
                changes.push(TimeChange { rule: Arc::clone(rule), years, moved, now: *now, then, declared });
            }
        }
        changes
    }

    fn statuses(&self, raw: &[u8], now: i64, rules: &[Arc<str>]) -> Vec<Status> {
        let message = self.parse(raw);
        let options = Options { evidence: false, now: Some(now) };
        let verdict = self.evaluate(&message, &mut self.scratch(), options);
        rules.iter().map(|rule| verdict.status_of(rule)).collect()
    }

    /// An exception that no longer suppresses says so with its date.
    fn expiry_explains(&self, rule: &str, now: Status, then: Status, later: i64) -> bool {
        let applies = |exception: &crate::check::hir::Exception| {
            exception.expires <= later && crate::matcher::Glob::new(&exception.rules, false).is_match(rule)
        };
        now == Status::Suppressed && then == Status::Match && self.inner.program.exceptions.iter().any(applies)
    }
}

fn reads_clock(expr: &Expr, catalog: &Catalog, rules: &[bool]) -> bool {
    let mut found = false;
    expr.walk(&mut |node| match &node.kind {
        ExprKind::Call(function, _) => found |= catalog.function(*function).reads_clock,
        ExprKind::Rule(id) => found |= rules.get(id.0 as usize).copied().unwrap_or_default(),
        _ => {}
    });
    found
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
/// The fields whose dates are moved.
const DATED: [&str; 5] = ["date", "received", "resent-date", "delivery-date", "x-received"];

/// The message with the dates of its trace and origin fields moved by whole years, weekdays
/// included. Everything else stays byte for byte, and so does the length.
/// Dates as RFC 5322 writes them (`12 Mar 2024`) are found; others are left.
pub fn shift_dates(raw: &[u8], years: i32) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    let mut dated = false;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        if line.trim_ascii().is_empty() {
            break;
        }
        if !matches!(line[0], b' ' | b'\t') {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii();
            dated = DATED.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
        }
        if dated {
            shift_line(line, years, &mut out)
        } else {
            out.extend_from_slice(line)
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out
}

/// Moves every `[Wed, ]12 Mar 2024` of a line.
fn shift_line(line: &[u8], years: i32, out: &mut Vec<u8>) {
    let mut copied = 0;
    let mut at = 0;
    while at < line.len() {
        match date_at(line, at) {
            Some(date) => {
                out.extend_from_slice(&line[copied..date.start]);
                out.extend_from_slice(date.moved(years).as_bytes());
                copied = date.end;
                at = date.end;
            }
            None => at += 1,
        }
    }
    out.extend_from_slice(&line[copied..]);
}

struct DateInText {
    start: usize,
    end: usize,
    weekday: bool,
    day: u32,
    /// Digits of the day, a leading zero included.
    digits: usize,
    month: usize,
    year: i32,
}

/// A date whose day begins here; a weekday before it is part of it.
fn date_at(line: &[u8], at: usize) -> Option<DateInText> {
    let digits = |from: usize, most: usize| line[from..].iter().take(most).take_while(|b| b.is_ascii_digit()).count();
    if at > 0 && line[at - 1].is_ascii_alphanumeric() {
        return None;
    }
    let day = digits(at, 3);
    let month_at = at + day + 1;
    if !(1..=2).contains(&day) || line.get(at + day) != Some(&b' ') {
        return None;
    }
    let name = line.get(month_at..month_at + 3)?;
    let month = MONTHS.iter().position(|month| month.as_bytes().eq_ignore_ascii_case(name))?;
    let year_at = month_at + 4;
    let end = year_at + 4;
    if line.get(month_at + 3) != Some(&b' ') || year_at > line.len() || digits(year_at, 5) != 4 {
        return None;
    }
    let number = |range: std::ops::Range<usize>| std::str::from_utf8(line.get(range)?).ok()?.parse::<u32>().ok();
    let weekday = at >= 5
        && line.get(at - 2..at) == Some(b", ")
        && DAYS.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(&line[at - 5..at - 2]));
    Some(DateInText {
        start: if weekday { at - 5 } else { at },
        end,
        weekday,
        day: number(at..at + day)?,
        digits: day,
        month,
        year: number(year_at..end)? as i32,
    })
}

impl DateInText {
    fn moved(&self, years: i32) -> String {
        let year = (self.year + years).clamp(0, 9999);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let day = if self.month == 1 && self.day == 29 && !leap { 28 } else { self.day };
        let weekday = if self.weekday { format!("{}, ", DAYS[weekday(year, self.month, day)]) } else { String::new() };
        let digits = self.digits;
        format!("{weekday}{day:0digits$} {} {year:04}", MONTHS[self.month])
    }
}

/// Sakamoto's method: 0 is Sunday.
fn weekday(year: i32, month: usize, day: u32) -> usize {
    const OFFSETS: [i32; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
    let year = if month < 2 { year - 1 } else { year };
    let sum = year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + OFFSETS[month] + day as i32;
    sum.rem_euclid(7) as usize
}

#[cfg(test)]
mod tests {
    use super::{shift_dates, weekday};

    #[test]
    fn dates_of_trace_fields_move_and_nothing_else() {
        let raw = b"Received: from a by b; 01 Mar 2024 \r\n\tThu, 29 Feb 2024 10:00:00 +0000\r\nDate: Thu, 29 Feb 2024 10:00:00 +0000\r\nSubject: 29 Feb 2024\r\n\r\n29 Feb 2024\r\nDate: 29 Feb 2024";
        let moved = String::from_utf8(shift_dates(raw, 1)).expect("text");
        assert_eq!(
            moved,
            "Received: from a by b; 01 Mar 2025 \r\n\tFri, 28 Feb 2025 10:00:00 +0000\r\nDate: Fri, 28 Feb 2025 10:00:00 +0000\r\nSubject: 29 Feb 2024\r\n\r\n29 Feb 2024\r\nDate: 29 Feb 2024"
        );
        assert_eq!(shift_dates(raw, 0), raw, "no move is no change");
    }

    #[test]
    fn what_is_no_date_stays() {
        for raw in [
            &b"Date: 120 Mar 2024"[..],
            b"Date: 1 Mar 24",
            b"Date: x12 Mar 2024",
            b"Date: 12 Mar 20244",
            b"",
            b"Date: 1",
            b"\n",
        ] {
            assert_eq!(shift_dates(raw, 5), raw);
        }
    }

    #[test]
    fn weekdays() {
        assert_eq!([weekday(2024, 1, 29), weekday(2000, 0, 1), weekday(1970, 0, 1)], [4, 6, 4]);
    }
}
