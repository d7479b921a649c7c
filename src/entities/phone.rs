//! Telephone numbers in running text.
//!
//! A run of digit groups is a number if it is written as one of the numbering plans writes it, or
//! if a word such as "call" stands before it and its digits are plausible. What identifiers look
//! like (dates, addresses, amounts, parts of longer identifiers) is none. Linear in the text.

use super::numbering::{self, MOST_DIGITS};
use super::phone_context::{Context, context, follows_code, is_glued};
use super::phone_words;
use super::runs::{Group, runs};
use std::cell::LazyCell;
use std::sync::Arc;

/// A telephone number found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneNumber {
    /// As it is written.
    pub text: Arc<str>,
    /// `+` and digits where the country is known (E.164), else the digits.
    pub number: Arc<str>,
    /// Place in the text, in bytes.
    pub start: usize,
    /// Byte after it.
    pub end: usize,
    /// Written with its country code.
    pub international: bool,
    /// Costs the caller nothing.
    pub toll_free: bool,
    /// Written so that programs overlook it: letters for digits, look-alikes, decorated digits,
    /// invisible or odd characters between digits, words.
    pub obfuscated: bool,
}

/// Most groups of digits in one number.
const MOST_PARTS: usize = 15;

/// The telephone numbers in a text, in order, without overlap.
pub fn phone_numbers(text: &str) -> Vec<PhoneNumber> {
    let mut found = Vec::new();
    runs(text, |run| of_run(text, run, &mut found));
    phone_words::find(text, &mut found);
    found.sort_by_key(|number| number.start);
    found.dedup_by(|next, known| next.start < known.end);
    found
}

/// A reading of the first groups of a run.
struct Reading {
    groups: usize,
    number: String,
    international: bool,
}

impl Reading {
    fn north_american(groups: usize, national: &str, international: bool) -> Self {
        Self { groups, number: format!("+1{national}"), international }
    }
}

fn of_run(text: &str, run: &[Group], found: &mut Vec<PhoneNumber>) {
    let (mut at, mut after_number) = (0, true);
    while at < run.len() {
        let reading = read(text, run, at, after_number);
        after_number = reading.is_some();
        at += match reading {
            Some(reading) => {
                let groups = &run[at..at + reading.groups];
                found.push(number(text, groups, reading));
                groups.len()
            }
            None => 1,
        };
    }
}

fn number(text: &str, groups: &[Group], reading: Reading) -> PhoneNumber {
    let (first, last) = (&groups[0], &groups[groups.len() - 1]);
    let start = opening(text, first);
    let odd_gaps = groups.iter().skip(1).any(|group| group.gap.odd);
    let spaced = groups.len() > 6;
    PhoneNumber {
        text: text[start..last.end].into(),
        toll_free: numbering::is_toll_free(&reading.number),
        number: reading.number.into(),
        start,
        end: last.end,
        international: reading.international,
        obfuscated: odd_gaps || spaced || groups.iter().any(|group| group.letters > 0 || group.odd),
    }
}

/// The number's beginning: its `+` or opening bracket, if it has one.
fn opening(text: &str, first: &Group) -> usize {
    if !first.gap.plus && !first.gap.open {
        return first.start;
    }
    let before = text[..first.start].char_indices().rev().take(4);
    let signs = before.take_while(|(_, c)| matches!(c, '(' | '[' | '+' | ' ' | '（' | '＋'));
    signs.filter(|(_, c)| *c != ' ').last().map_or(first.start, |(at, _)| at)
}

/// Reads a number at the beginning of a group. `after_number`: nothing else stands before it in the run.
fn read(text: &str, run: &[Group], at: usize, after_number: bool) -> Option<Reading> {
    let rest = &run[at..];
    if at == 0 && is_glued(text, run[0].start) || at > 0 && !is_apart(&run[at]) {
        return None;
    }
    // The words before are read only where the digits could be a number.
    let before = LazyCell::new(|| context(text, rest[0].start));
    let announced = || *before == Context::Announced;
    let first_of_row = at == 0 || run[at - 1].digits.len() > 1 || rest[0].gap.plus;
    let alone = || after_number && (at > 0 || !follows_code(text, run[0].start));
    let identified = |_: &Reading| rest[0].gap.open || *before != Context::Identifier;
    let international = || international(rest).filter(|_| rest[0].gap.plus || at == 0 || announced());
    let reading = international().or_else(|| {
        let national = || national(rest).filter(|_| announced() || alone());
        let single = || single_digits(rest).filter(|_| first_of_row);
        let by_shape = grouped(rest).or_else(national).or_else(single).filter(identified);
        by_shape
            .or_else(|| plain(rest).filter(|_| announced()))
            .or_else(|| bare(rest).filter(|_| *before == Context::Scheme))
    })?;
    let groups = &rest[..reading.groups];
    let digits: usize = groups.iter().map(|group| group.digits.len()).sum();
    let letters: usize = groups.iter().map(|group| group.letters).sum();
    let ends = rest.get(reading.groups).is_none_or(is_apart) && !continues(text, groups[groups.len() - 1].end);
    (ends && letters * 2 <= digits && *before != Context::Amount).then_some(reading)
}

/// True if a group begins something of its own: after spaces or brackets, not after `-` or `.`.
fn is_apart(group: &Group) -> bool {
    let gap = &group.gap;
    gap.plus || gap.open || gap.c == Some(' ') || gap.width > 1 && !gap.close && gap.c != Some('-')
}

/// True if what follows makes the digits part of something longer.
fn continues(text: &str, end: usize) -> bool {
    let mut rest = text[end..].chars();
    match (rest.next(), rest.next()) {
        (Some('@' | '_' | '=' | '%' | '#' | '€' | '$' | '£'), _) => true,
        (Some(c), _) if c.is_ascii_alphanumeric() => true,
        (Some('-' | '/' | ':' | '\\'), Some(c)) => c.is_ascii_alphanumeric(),
        (Some('.' | ','), Some(c)) => c.is_ascii_digit() || c.is_ascii_lowercase(),
        _ => false,
    }
}

fn joined(groups: &[Group]) -> String {
    groups.iter().map(|group| group.digits.as_str()).collect()
}

/// `+44 20 7946 0018`, `0044 20 ...`, `+44 (0)20 ...`
fn international(rest: &[Group]) -> Option<Reading> {
    let first = &rest[0];
    let (skip, plus) = match first.digits.as_str() {
        _ if first.gap.plus => (0, true),
        "00" | "011" => (first.digits.len(), false),
        digits if digits.starts_with("00") => (2, false),
        digits if digits.starts_with("011") && digits.len() > 6 => (3, false),
        _ => return None,
    };
    let mut digits = String::new();
    let mut best = None;
    for (index, group) in rest.iter().take(MOST_PARTS).enumerate() {
        if index > 0 && (group.gap.plus || group.gap.c.is_none() && group.gap.width > 2) {
            break;
        }
        let part = if index == 0 { &group.digits[skip..] } else { group.digits.as_str() };
        let is_trunk = part == "0" && group.gap.open;
        let part = if is_trunk {
            ""
        } else if digits.len() < 4 && group.gap.open {
            part.trim_start_matches('0')
        } else {
            part
        };
        digits.push_str(part);
        if digits.len() > MOST_DIGITS {
            break;
        }
        let Some((least, most)) = numbering::international(&digits) else { continue };
        if digits.len() > most {
            break;
        }
        if digits.len() >= least {
            best = Some((index + 1, digits.clone()));
        }
    }
    let (groups, digits) = best?;
    let plausible = match digits.strip_prefix('1') {
        Some(national) => numbering::is_north_american(national),
        None => !numbering::is_monotonous(&digits) && (plus || groups > 1),
    };
    plausible.then(|| Reading { groups, number: format!("+{digits}"), international: true })
}

/// `802-555-0142`, `(802) 5550142`, `1.802.555.0142`
fn grouped(rest: &[Group]) -> Option<Reading> {
    let lengths = rest.iter().take(4).map(|group| group.digits.len()).collect::<Vec<_>>();
    let bracketed = rest[0].gap.open || rest.get(1).is_some_and(|group| group.gap.open);
    let groups = match lengths.as_slice() {
        [1, 3, 3, 4] => 4,
        [3 | 4, 3, 4, ..] | [1, 3, 7, ..] => 3,
        [3, 7, ..] if bracketed => 2,
        _ => return None,
    };
    let inner = &rest[1..groups];
    let odd = inner.iter().any(|group| group.gap.odd && group.gap.c != Some(' '));
    let uniform = || inner.iter().all(|group| group.gap.c == rest[groups - 1].gap.c);
    // What has its area code in brackets is no sum, whatever stands between the rest.
    let even = !odd || uniform() || bracketed && lengths.starts_with(&[3, 3, 4]);
    let close = |group: &Group| group.gap.width <= 3;
    if !inner.iter().all(close) || !even || rest[groups - 1].gap.open {
        return None;
    }
    let digits = joined(&rest[..groups]);
    let national = numbering::north_american(&digits)?;
    Some(Reading::north_american(groups, national, digits.len() == 11))
}

/// `8 0 2 5 5 5 0 1 4 2`, `1 (8 0 2) 5 5 5 - 0 1 4 2`: digits one by one, exactly as many as a number has.
fn single_digits(rest: &[Group]) -> Option<Reading> {
    let groups = rest.iter().take_while(|group| group.digits.len() == 1 && group.gap.width <= 3).count();
    let lead = groups.checked_sub(10)?;
    // What stands before the area code, the exchange and the line may differ from the rest.
    let inner = (1..groups).filter(|index| !matches!(index.wrapping_sub(lead), 0 | 3 | 6));
    let mut gaps = inner.map(|index| rest[index].gap.c);
    let first = gaps.next();
    if lead > 1 || rest.len() > groups || !gaps.all(|gap| Some(gap) == first) {
        return None;
    }
    let digits = joined(&rest[..groups]);
    numbering::north_american(&digits).map(|national| Reading::north_american(groups, national, digits.len() == 11))
}

/// National forms that no identifier has: `020 7946 0018`, `01 99 00 12 34`, `(11) 91234-5678`,
/// `1300 975 707`.
fn national(rest: &[Group]) -> Option<Reading> {
    let groups = national_groups(rest)?;
    let digits = joined(&rest[..groups]);
    (!numbering::is_monotonous(&digits) && !is_date(&rest[..groups])).then_some(Reading {
        groups,
        number: digits,
        international: false,
    })
}

fn national_groups(rest: &[Group]) -> Option<usize> {
    let lengths: Vec<usize> = rest.iter().take(6).map(|group| group.digits.len()).collect();
    let first = rest[0].digits.as_bytes();
    let regular = |groups: usize| {
        let inner = rest.get(2..groups).unwrap_or_default();
        inner
            .iter()
            .all(|group| group.gap.c == rest[1].gap.c || rest[1].gap.c != Some(' ') && group.gap == inner[0].gap)
            && rest[1..groups].iter().all(|group| group.gap.width <= 3 && !group.gap.odd && !group.gap.plus)
    };
    if let ([b'1', b'3' | b'8', b'0', b'0'], [4, 3, 3, ..]) = (first, lengths.as_slice()) {
        return regular(3).then_some(3);
    }
    let bracketed = rest[0].gap.open && rest.get(1).is_some_and(|group| group.gap.close);
    if bracketed && matches!(lengths.as_slice(), [2, 4 | 5, 4, ..]) {
        return Some(3);
    }
    if let ([b'8'], [1, 3, 3, 2, 2, ..]) = (first, lengths.as_slice()) {
        return Some(5);
    }
    let trunk = matches!(first, [b'0', b'1'..=b'9', ..]) && (2..=5).contains(&first.len());
    if !trunk || rest[0].letters > 1 {
        return None;
    }
    // The longest reading of two to five groups that has as many digits as numbers have.
    (2..=5).rev().filter(|groups| lengths.len() >= *groups).find(|groups| {
        let parts = &lengths[1..*groups];
        let total: usize = lengths[..*groups].iter().sum();
        // Bytes in hexadecimal come in twos, and more of them follow.
        let goes_on = rest.get(*groups).is_some_and(|next| next.digits.len() == 2 && next.gap == rest[1].gap);
        (9..=11).contains(&total) && parts.iter().all(|part| *part >= 2) && regular(*groups) && !goes_on
    })
}

/// `12.05.2026 10`, `2026-05-12`: groups that begin with a date.
fn is_date(groups: &[Group]) -> bool {
    let number = |index: usize| groups.get(index).and_then(|group| group.digits.parse::<u32>().ok()).unwrap_or(0);
    let is_year = |number: u32| (1900..=2100).contains(&number);
    let day_and_month = |a: u32, b: u32| (1..=31).contains(&a) && (1..=12).contains(&b);
    is_year(number(2)) && (day_and_month(number(0), number(1)) || day_and_month(number(1), number(0)))
        || is_year(number(0)) && day_and_month(number(2), number(1))
}

/// Any digits: those that stand right after `tel:`.
fn bare(rest: &[Group]) -> Option<Reading> {
    let digits = &rest[0].digits;
    (7..=MOST_DIGITS).contains(&digits.len()).then(|| {
        numbering::north_american(digits).map_or_else(
            || Reading { groups: 1, number: digits.clone(), international: false },
            |national| Reading::north_american(1, national, digits.len() == 11),
        )
    })
}

/// Any plausible grouping, if a word announces a number.
fn plain(rest: &[Group]) -> Option<Reading> {
    let mut digits = String::new();
    let mut best = None;
    for (index, group) in rest.iter().take(MOST_PARTS).enumerate() {
        if index > 0 && (group.gap.width > 3 || group.gap.plus) {
            break;
        }
        digits.push_str(&group.digits);
        if digits.len() > 12 {
            break;
        }
        let halves = index == 1 && digits.len() == 10 && group.digits.len() == 5;
        if let Some(national) = numbering::north_american(&digits).filter(|_| !halves) {
            best = Some(Reading::north_american(index + 1, national, digits.len() == 11));
        } else if is_local(&rest[..=index], &digits) && best.is_none() {
            best = Some(Reading { groups: index + 1, number: digits.clone(), international: false });
        }
    }
    best.filter(|reading| !is_date(&rest[..reading.groups]) && !is_address(&rest[..reading.groups]))
}

/// Without a plan: eight to twelve digits in groups of two or more.
fn is_local(groups: &[Group], digits: &str) -> bool {
    let least = if digits.starts_with('0') { 9 } else { 8 };
    let letters = groups.iter().any(|group| group.letters > 0);
    (least..=12).contains(&digits.len())
        && !letters
        && groups.iter().all(|group| group.digits.len() >= 2 && !group.gap.odd)
        && !numbering::is_monotonous(digits)
        && !looks_like_day(digits)
}

/// `20260512`: a date written as one number.
fn looks_like_day(digits: &str) -> bool {
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    let month_and_day = |month: u32, day: u32| (1..=12).contains(&month) && (1..=31).contains(&day);
    (1990..=2100).contains(&part(0, 4)) && month_and_day(part(4, 6), part(6, 8))
}

/// `192.0.2.100`
fn is_address(groups: &[Group]) -> bool {
    let dotted = groups.iter().skip(1).all(|group| group.gap.c == Some('.') && group.gap.width == 1);
    groups.len() == 4 && dotted && groups.iter().all(|group| group.digits.parse::<u8>().is_ok())
}
