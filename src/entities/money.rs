//! Amounts of money in running text: a number with a currency sign, code or word beside it.

use super::glyph::{Glyph, glyphs, letter_digit, numeric};
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// An amount of money found in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct MoneyAmount {
    /// As it is written.
    pub text: Arc<str>,
    /// The amount; `1.5k` is 1500.
    pub amount: f64,
    /// The currency's code (ISO 4217, or `BTC` and its kind). A bare `$` is `USD`, `¥` is `JPY`,
    /// `kr` is `SEK`.
    pub currency: &'static str,
    /// Place in the text, in bytes.
    pub start: usize,
    /// Byte after it.
    pub end: usize,
    /// Written with letters for digits, decorated digits or invisible characters.
    pub obfuscated: bool,
}

/// Signs and codes that are taken for a currency, longest first where one ends another.
/// Codes that are English words count only in capitals.
const SIGNS: [(&str, &str); 95] = [
    ("us$", "USD"),
    ("usd$", "USD"),
    ("a$", "AUD"),
    ("au$", "AUD"),
    ("c$", "CAD"),
    ("ca$", "CAD"),
    ("hk$", "HKD"),
    ("nz$", "NZD"),
    ("s$", "SGD"),
    ("r$", "BRL"),
    ("mx$", "MXN"),
    ("nt$", "TWD"),
    ("$", "USD"),
    ("€", "EUR"),
    ("＄", "USD"),
    ("￡", "GBP"),
    ("￥", "JPY"),
    ("£", "GBP"),
    ("¥", "JPY"),
    ("₹", "INR"),
    ("₽", "RUB"),
    ("₩", "KRW"),
    ("₪", "ILS"),
    ("₺", "TRY"),
    ("₴", "UAH"),
    ("₦", "NGN"),
    ("₱", "PHP"),
    ("฿", "THB"),
    ("₫", "VND"),
    ("₿", "BTC"),
    ("₡", "CRC"),
    ("₲", "PYG"),
    ("₸", "KZT"),
    ("usd", "USD"),
    ("eur", "EUR"),
    ("gbp", "GBP"),
    ("jpy", "JPY"),
    ("cny", "CNY"),
    ("rmb", "CNY"),
    ("inr", "INR"),
    ("rs", "INR"),
    ("aud", "AUD"),
    ("cad", "CAD"),
    ("chf", "CHF"),
    ("sfr", "CHF"),
    ("nzd", "NZD"),
    ("sgd", "SGD"),
    ("hkd", "HKD"),
    ("twd", "TWD"),
    ("krw", "KRW"),
    ("brl", "BRL"),
    ("mxn", "MXN"),
    ("zar", "ZAR"),
    ("ngn", "NGN"),
    ("aed", "AED"),
    ("qar", "QAR"),
    ("ils", "ILS"),
    ("nis", "ILS"),
    ("rub", "RUB"),
    ("uah", "UAH"),
    ("pln", "PLN"),
    ("zł", "PLN"),
    ("czk", "CZK"),
    ("kč", "CZK"),
    ("huf", "HUF"),
    ("ft", "HUF"),
    ("ron", "RON"),
    ("lei", "RON"),
    ("bgn", "BGN"),
    ("sek", "SEK"),
    ("nok", "NOK"),
    ("dkk", "DKK"),
    ("kr", "SEK"),
    ("thb", "THB"),
    ("vnd", "VND"),
    ("idr", "IDR"),
    ("myr", "MYR"),
    ("php", "PHP"),
    ("tl", "TRY"),
    ("btc", "BTC"),
    ("xbt", "BTC"),
    ("eth", "ETH"),
    ("usdt", "USDT"),
    ("usdc", "USDC"),
    ("ltc", "LTC"),
    ("xrp", "XRP"),
    ("sol", "SOL"),
    ("trx", "TRX"),
    ("bnb", "BNB"),
    ("doge", "DOGE"),
    ("sar", "SAR"),
    ("egp", "EGP"),
    ("円", "JPY"),
    ("元", "CNY"),
    ("원", "KRW"),
];

/// Codes and abbreviations that are also words or file types: they count in capitals only, and
/// units such as `ft` and `tl` only after a number with decimals.
const CAPITALS: [&str; 11] = ["nis", "sar", "ron", "sol", "php", "eth", "lei", "trx", "rs", "tl", "ft"];

/// Words that follow an amount.
const WORDS: [(&str, &str); 30] = [
    ("dollars", "USD"),
    ("dollar", "USD"),
    ("bucks", "USD"),
    ("dólares", "USD"),
    ("dolares", "USD"),
    ("euros", "EUR"),
    ("euro", "EUR"),
    ("pounds", "GBP"),
    ("libras", "GBP"),
    ("livres", "GBP"),
    ("yen", "JPY"),
    ("yuan", "CNY"),
    ("rupees", "INR"),
    ("rupias", "INR"),
    ("francs", "CHF"),
    ("franken", "CHF"),
    ("reais", "BRL"),
    ("rand", "ZAR"),
    ("naira", "NGN"),
    ("rubles", "RUB"),
    ("roubles", "RUB"),
    ("рублей", "RUB"),
    ("руб", "RUB"),
    ("złotych", "PLN"),
    ("kronor", "SEK"),
    ("kroner", "NOK"),
    ("bitcoin", "BTC"),
    ("bitcoins", "BTC"),
    ("ether", "ETH"),
    ("tether", "USDT"),
];

/// Words between an amount and `dollars`.
const DOLLARS: [(&str, &str); 8] = [
    ("us", "USD"),
    ("u.s.", "USD"),
    ("american", "USD"),
    ("canadian", "CAD"),
    ("australian", "AUD"),
    ("singapore", "SGD"),
    ("zealand", "NZD"),
    ("kong", "HKD"),
];

/// A decimal point between spaces, in a number as it was read: `499 . 99`.
const APART: char = '·';

/// Longest sign or word, in bytes.
const LONGEST: usize = 16;
/// Longest sign, in characters.
const LONGEST_SIGN: usize = 4;

type Currencies = HashMap<&'static str, &'static str, FixedState>;

static BY_SIGN: LazyLock<Currencies> = LazyLock::new(|| SIGNS.into_iter().collect());
static BY_WORD: LazyLock<Currencies> = LazyLock::new(|| WORDS.into_iter().collect());

/// The amounts of money in a text, in order, without overlap.
pub fn money_amounts(text: &str) -> Vec<MoneyAmount> {
    let mut found: Vec<MoneyAmount> = Vec::new();
    numerals(text, |numeral| {
        let from = found.last().map_or(0, |last| last.end);
        // The currency's own letters may look like digits: the `б` of `руб` is read as a 6.
        if numeral.start >= from {
            found.extend(amount(text, numeral, from));
        }
    });
    found
}

/// A number as written.
struct Numeral {
    written: String,
    start: usize,
    end: usize,
    odd: bool,
    letters: usize,
}

fn numerals(text: &str, mut found: impl FnMut(&Numeral)) {
    let mut current: Option<Numeral> = None;
    let mut before = ' ';
    let mut pending = Separator::None;
    for glyph in numeric(text) {
        let digit = numeral_digit(glyph, current.is_some(), before);
        match (&mut current, digit) {
            (Some(numeral), Some((digit, letter))) => {
                let apart = matches!(pending, Separator::Apart);
                numeral.written.extend(std::mem::take(&mut pending).written());
                push(numeral, glyph, digit, letter);
                numeral.odd |= apart;
            }
            (None, Some((digit, letter))) => {
                let mut numeral =
                    Numeral { written: String::new(), start: glyph.start, end: glyph.end, odd: false, letters: 0 };
                push(&mut numeral, glyph, digit, letter);
                current = Some(numeral);
            }
            (Some(_), None) if pending.takes(glyph.c) => {}
            _ => {
                pending = Separator::None;
                if let Some(numeral) = current.take() {
                    found(&numeral);
                }
            }
        }
        before = glyph.c;
    }
    if let Some(numeral) = current {
        found(&numeral);
    }
}

/// What stands between the digits of a number, as far as it was read.
#[derive(Clone, Copy, Default)]
enum Separator {
    #[default]
    None,
    One(char),
    /// A decimal point after a space, or between two.
    Apart,
}

impl Separator {
    /// Takes one more character; false if no number goes on behind it.
    fn takes(&mut self, c: char) -> bool {
        *self = match (*self, c) {
            (Self::None, '.' | ',' | '\'' | '’' | ' ') => Self::One(c),
            (Self::One(' '), '.') | (Self::Apart, ' ') => Self::Apart,
            _ => return false,
        };
        true
    }

    fn written(self) -> Option<char> {
        match self {
            Self::None => None,
            Self::One(c) => Some(c),
            Self::Apart => Some(APART),
        }
    }
}

/// Digits, and inside a number the letters that are written for them.
fn numeral_digit(glyph: Glyph, inside: bool, before: char) -> Option<(char, bool)> {
    if glyph.c.is_ascii_digit() {
        return Some((glyph.c, false));
    }
    let touches = before.is_ascii_digit() || matches!(before, '.' | ',') || letter_digit(before).is_some();
    let letter = letter_digit(glyph.c).filter(|_| inside && touches && matches!(glyph.c, 'O' | 'o' | 'I' | 'l'));
    letter.map(|digit| (digit, true))
}

fn push(numeral: &mut Numeral, glyph: Glyph, digit: char, letter: bool) {
    if numeral.written.len() < 40 {
        numeral.written.push(digit);
    }
    numeral.letters += usize::from(letter);
    numeral.odd |= glyph.odd;
    numeral.end = glyph.end;
}

fn amount(text: &str, numeral: &Numeral, from: usize) -> Option<MoneyAmount> {
    let before = sign_before(&text[from..numeral.start], numeral).map(|(at, currency)| (from + at, currency));
    let (pieces, value) = value(&numeral.written)?;
    // "50 000": what stands behind the last piece that belongs to the amount.
    let whole = pieces == numeral.written.chars().count();
    let end = if whole { numeral.end } else { end_of(text, numeral, pieces) };
    let (value, end) = scaled(text, value, end);
    let (start, currency, end) = match before {
        Some(_) if text[end..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') => return None,
        Some((start, currency)) => (start, currency, end),
        // `xmm0$`: a name, not a number.
        None if text[..numeral.start].ends_with(|c: char| c.is_ascii_alphabetic() || c == '_') => return None,
        None => {
            let (after, currency) = sign_after(&text[end..], numeral)?;
            (numeral.start, currency, end + after)
        }
    };
    let obfuscated = numeral.odd || numeral.letters > 0;
    Some(MoneyAmount { text: text[start..end].into(), amount: value, currency, start, end, obfuscated })
}

/// The byte after the first `pieces` characters of a number.
fn end_of(text: &str, numeral: &Numeral, pieces: usize) -> usize {
    let visible = glyphs(&text[numeral.start..numeral.end]);
    visible.take(pieces).last().map_or(numeral.end, |glyph| numeral.start + glyph.end)
}

/// A currency right before a number, at most one space between; with its place.
fn sign_before(before: &str, numeral: &Numeral) -> Option<(usize, &'static str)> {
    let trimmed = before.trim_end_matches(['+', '-', '−', '~']);
    let near = trimmed.trim_end_matches([' ', '\u{a0}', '.', ':']);
    if trimmed.len() - near.len() > 3 || near.len() < before.len().saturating_sub(6) {
        return None;
    }
    // PERF: most numbers follow other signs, or none.
    let last = near.chars().next_back()?;
    if last.is_ascii() && !last.is_ascii_alphabetic() && last != '$' {
        return None;
    }
    let (sign, currency) = sign_at_end(near)?;
    let written = near.get(near.len().checked_sub(sign.len())?..)?;
    let rest = &near[..near.len() - sign.len()];
    let is_word = sign.chars().any(char::is_alphabetic);
    let glued = is_word && rest.ends_with(|c: char| c.is_alphanumeric());
    let allowed = !is_word || !CAPITALS.contains(&sign) && sign != "kr" || is_capital(sign, written, numeral);
    (allowed && !glued).then(|| (near.len() - sign.len(), currency))
}

/// The longest sign that a text ends with, in any case.
fn sign_at_end(text: &str) -> Option<(&'static str, &'static str)> {
    let (from, _) = text.char_indices().rev().take(LONGEST_SIGN).last()?;
    let lower = text[from..].to_lowercase();
    let mut endings = lower.char_indices().map(|(at, _)| &lower[at..]);
    endings.find_map(|ending| BY_SIGN.get_key_value(ending)).map(|(sign, currency)| (*sign, *currency))
}

fn is_capital(sign: &str, written: &str, numeral: &Numeral) -> bool {
    match sign {
        "rs" => written.starts_with('R'),
        "ft" | "tl" => numeral.written.contains([',', '.']) || numeral.written.len() > 3,
        "kr" => true,
        _ => written.chars().all(char::is_uppercase),
    }
}

/// A currency right after a number; the number of bytes up to its end.
fn sign_after(after: &str, numeral: &Numeral) -> Option<(usize, &'static str)> {
    let near = after.trim_start_matches([' ', '\u{a0}', '\u{202f}']);
    let gap = after.len() - near.len();
    if gap > 3 {
        return None;
    }
    let length = near.chars().take(LONGEST).take_while(|c| c.is_alphabetic() || is_sign(*c)).map(char::len_utf8).sum();
    let word = near.get(..length).filter(|word| !word.is_empty())?;
    let lower = word.to_lowercase();
    if let Some(currency) = BY_WORD.get(&*lower) {
        return Some((gap + length, currency));
    }
    if let Some((length, currency)) = dollars(near) {
        return Some((gap + length, currency));
    }
    // A sign that is no letter ends itself.
    let first = lower.chars().next().filter(|c| !c.is_ascii_alphabetic());
    let symbol = || BY_SIGN.get_key_value(&lower[..first?.len_utf8()]);
    let (sign, currency) = BY_SIGN.get_key_value(&*lower).or_else(symbol)?;
    // `5$` before a digit is the sign of what follows.
    let rest = &near[sign.len().min(near.len())..];
    let follows = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '{' | '(' | '_'));
    let written = near.get(..sign.len())?;
    let allowed = !CAPITALS.contains(sign) || is_capital(sign, written, numeral);
    (allowed && !follows).then_some((gap + sign.len(), *currency))
}

/// `US dollars`, `Hong Kong dollars`: the number of bytes, and whose dollars.
fn dollars(near: &str) -> Option<(usize, &'static str)> {
    // PERF: few words begin like one of them.
    if !near.starts_with(['u', 'U', 'a', 'A', 'c', 'C', 's', 'S', 'n', 'N', 'h', 'H']) {
        return None;
    }
    let mut end = 0;
    let mut whose = None;
    for word in near[..near.floor_char_boundary(40)].split(' ').take(3) {
        let lower = word.to_lowercase();
        if let (Some(currency), "dollar" | "dollars") = (whose, lower.trim_end_matches(|c: char| !c.is_alphabetic())) {
            let letters = word.trim_end_matches(|c: char| !c.is_alphabetic()).len();
            return Some((end + letters, currency));
        }
        whose = DOLLARS.iter().find(|(known, _)| *known == lower).map(|(_, currency)| *currency);
        end += word.len() + 1;
    }
    None
}

fn is_sign(c: char) -> bool {
    c == '$' || matches!(c, '\u{00A3}' | '\u{00A5}' | '\u{20A0}'..='\u{20C0}' | '฿')
}

/// `1.5k`, `2 million`
fn scaled(text: &str, value: f64, end: usize) -> (f64, usize) {
    const SCALES: [(&str, f64); 11] = [
        ("k", 1e3),
        ("m", 1e6),
        ("mio", 1e6),
        ("million", 1e6),
        ("millions", 1e6),
        ("millionen", 1e6),
        ("milhões", 1e6),
        ("millones", 1e6),
        ("billion", 1e9),
        ("b", 1e9),
        ("bn", 1e9),
    ];
    let after = &text[end..];
    let near = after.trim_start_matches([' ', '\u{a0}', '\r', '\n']);
    let gap = after.len() - near.len();
    // PERF: few words begin like one of them.
    if !near.starts_with(['k', 'K', 'm', 'M', 'b', 'B']) {
        return (value, end);
    }
    let word: String = near.chars().take(12).take_while(|c| c.is_alphabetic()).collect();
    let lower = word.to_lowercase();
    let scale = SCALES.iter().find(|(known, _)| *known == lower && (gap == 0 || known.len() > 1) && gap < 3);
    scale.map_or((value, end), |(_, factor)| (value * factor, end + gap + word.len()))
}

/// The value of a number. A point between spaces has the two digits of a price behind it, or belongs to none.
fn value(written: &str) -> Option<(usize, f64)> {
    let Some((whole, cents)) = written.split_once(APART) else { return separated(written) };
    let (pieces, value) = separated(whole)?;
    let is_price = pieces == whole.len() && cents.len() == 2 && !whole.contains(['.', ',']);
    let price = || format!("{value}.{cents}").parse().ok();
    Some(price().filter(|_| is_price).map_or((pieces, value), |price| (pieces + 3, price)))
}

/// The value of a number with separators, and how many of its characters it takes: thousands come
/// in threes, the last separator with one or two digits behind it is the decimal one.
fn separated(written: &str) -> Option<(usize, f64)> {
    let mut taken = written;
    // Separate numbers beside each other: only groups of three may follow a space.
    if let Some(at) = taken.match_indices([' ', '\'', '’']).find(|(at, _)| !is_thousands(taken, *at)).map(|(at, _)| at)
    {
        taken = &taken[..at];
    }
    let last = taken.rfind(['.', ',']);
    if is_version(taken) {
        return None;
    }
    let (whole, fraction) = match last {
        Some(at) => {
            let decimals = taken.len() - at - 1;
            let sign = taken.as_bytes()[at];
            let repeated = taken.bytes().filter(|byte| *byte == sign).count() > 1;
            let grouped = decimals == 3 && (repeated || !taken.starts_with('0') && at <= 3);
            if grouped { (taken, "") } else { (&taken[..at], &taken[at + 1..]) }
        }
        None => (taken, ""),
    };
    let digits: String = whole.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() || digits.len() > 15 || fraction.len() > 18 {
        return None;
    }
    let number = format!("{digits}.{}", if fraction.is_empty() { "0" } else { fraction });
    Some((taken.chars().count(), number.parse().ok()?))
}

/// `3.0.9`: several full stops that do not part thousands.
fn is_version(text: &str) -> bool {
    let mut parts = text.split('.').skip(1);
    text.matches('.').count() > 1 && !parts.all(|part| part.len() >= 3)
}

fn is_thousands(text: &str, at: usize) -> bool {
    let after: Vec<u8> =
        text[at..].chars().skip(1).take(4).map(|c| if c.is_ascii() { c as u8 } else { b' ' }).collect();
    let before = text[..at].bytes().rev().take_while(u8::is_ascii_digit).count();
    before <= 3
        && after.len() >= 3
        && after[..3].iter().all(u8::is_ascii_digit)
        && !after.get(3).is_some_and(u8::is_ascii_digit)
}
