//! Dates as mail programs write them above quoted mail, in the languages of common programs.

use super::parse::DateTime;

/// Beginnings of month names, longest first where one begins another; the number is the month.
const MONTHS: [(&str, u8); 82] = [
    ("jan", 1),
    ("ene", 1),
    ("gen", 1),
    ("sty", 1),
    ("tammi", 1),
    ("oca", 1),
    ("янв", 1),
    ("feb", 2),
    ("fév", 2),
    ("fev", 2),
    ("lut", 2),
    ("helmi", 2),
    ("şub", 2),
    ("фев", 2),
    ("maa", 3),
    ("mart", 3),
    ("mar", 3),
    ("mär", 3),
    ("mrz", 3),
    ("mrt", 3),
    ("март", 3),
    ("мар", 3),
    ("apr", 4),
    ("abr", 4),
    ("avr", 4),
    ("kwi", 4),
    ("huhti", 4),
    ("nis", 4),
    ("апр", 4),
    ("may", 5),
    ("mai", 5),
    ("mag", 5),
    ("mei", 5),
    ("maj", 5),
    ("touko", 5),
    ("мая", 5),
    ("май", 5),
    ("juin", 6),
    ("jun", 6),
    ("giu", 6),
    ("cze", 6),
    ("kesä", 6),
    ("haz", 6),
    ("июн", 6),
    ("juil", 7),
    ("jul", 7),
    ("lug", 7),
    ("lip", 7),
    ("heinä", 7),
    ("tem", 7),
    ("июл", 7),
    ("aug", 8),
    ("août", 8),
    ("aout", 8),
    ("ago", 8),
    ("sie", 8),
    ("elo", 8),
    ("ağu", 8),
    ("авг", 8),
    ("sep", 9),
    ("set", 9),
    ("wrz", 9),
    ("syys", 9),
    ("eyl", 9),
    ("сен", 9),
    ("oct", 10),
    ("okt", 10),
    ("ott", 10),
    ("out", 10),
    ("paź", 10),
    ("loka", 10),
    ("eki", 10),
    ("окт", 10),
    ("nov", 11),
    ("lis", 11),
    ("marras", 11),
    ("kas", 11),
    ("ноя", 11),
    ("dec", 12),
    ("dez", 12),
    ("dic", 12),
    ("дек", 12),
];

/// Seconds since 1970. A date without a time zone is read as UTC. `None` where readers would
/// disagree: `03/04/2026` may be March or April.
pub(super) fn seconds(text: &str) -> Option<i64> {
    if text.len() > 300 {
        return None;
    }
    let lower = text.to_lowercase().replace(['\u{a0}', '\u{202f}'], " ");
    let (hour, minute, second, after) = time(&lower)?;
    let (year, month, day) = numeric(&lower, is_pm(after).is_some()).or_else(|| named(&lower))?;
    let (before, zone_hour, zone_minute) = zone(after);
    let date = DateTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
        tz_before_gmt: before,
        tz_hour: zone_hour,
        tz_minute: zone_minute,
    };
    date.is_valid().then(|| date.to_timestamp())
}

/// The month whose name, or the beginning of it, a word in lower case begins with.
pub(crate) fn month(word: &str) -> Option<u8> {
    MONTHS.iter().find(|(name, _)| word.starts_with(name)).map(|(_, month)| *month)
}

/// `10:02`, `10:02:11 PM`, `10.02` after the year; with what follows it.
fn time(text: &str) -> Option<(u8, u8, u8, &str)> {
    let mut from = 0;
    while let Some(at) = text[from..].find(':').map(|at| from + at) {
        from = at + 1;
        let hours = text[..at].bytes().rev().take_while(u8::is_ascii_digit).count();
        let minutes = digits(&text[at + 1..]);
        if !(1..=2).contains(&hours) || minutes.len() != 2 {
            continue;
        }
        let mut rest = &text[at + 3..];
        let mut second = 0;
        if let Some(seconds) = rest.strip_prefix(':').map(digits).filter(|seconds| seconds.len() == 2) {
            second = seconds.parse().ok()?;
            rest = &rest[3..];
        }
        let hour: u8 = text[at - hours..at].parse().ok()?;
        let hour = match is_pm(rest) {
            Some(true) if hour < 12 => hour + 12,
            Some(false) if hour == 12 => 0,
            _ => hour,
        };
        return (hour < 24).then_some((hour, minutes.parse().ok()?, second, rest));
    }
    None
}

fn digits(text: &str) -> &str {
    &text[..text.bytes().take_while(u8::is_ascii_digit).count()]
}

fn is_pm(after: &str) -> Option<bool> {
    let word: String = after.trim_start().chars().take(4).filter(|c| *c != '.').collect();
    match word.get(..2)? {
        "pm" => Some(true),
        "am" => Some(false),
        _ => None,
    }
}

/// `+0200`, `-05:00`, `gmt+1`, `utc`, and the names of RFC 5322.
fn zone(after: &str) -> (bool, u8, u8) {
    const NAMED: [(&str, u8); 8] =
        [("edt", 4), ("est", 5), ("cdt", 5), ("cst", 6), ("mdt", 6), ("mst", 7), ("pdt", 7), ("pst", 8)];
    let none = (false, 0, 0);
    let word = after.split_whitespace().find(|word| !matches!(*word, "am" | "pm" | "a.m." | "p.m.")).unwrap_or("");
    if let Some((_, hour)) = NAMED.iter().find(|(name, _)| word.trim_matches(['(', ')', ',', ':']) == *name) {
        return (true, *hour, 0);
    }
    let Some(at) = after.find(['+', '-']) else { return none };
    let between = after[..at].trim_matches([' ', '(', 'a', 'm', 'p', '.']);
    if !matches!(between, "" | "gmt" | "utc") {
        return none;
    }
    let number = digits(&after[at + 1..]);
    let rest = &after[at + 1 + number.len()..];
    let minutes = rest.strip_prefix(':').map_or("", digits);
    let (hour, minute) = match number.len() {
        4 => (&number[..2], &number[2..]),
        1 | 2 => (number, minutes),
        _ => return none,
    };
    let hour = hour.parse().ok().filter(|hour| *hour <= 14);
    hour.map_or(none, |hour| (after[at..].starts_with('-'), hour, minute.parse().unwrap_or(0)))
}

/// `2026-05-12`, `2026/5/12`, `2026年5月12日`, `12.05.2026`, `5/12/2026 10:02 AM`.
fn numeric(text: &str, american: bool) -> Option<(u16, u8, u8)> {
    let text = text.replace(['年', '月'], "-").replace("년 ", "-").replace("월 ", "-");
    text.split(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '/' | '.'))).find_map(|word| {
        let word = word.trim_matches(['.', '-', '/']);
        let parts: Vec<&str> = word.split(['-', '/', '.']).collect();
        let &[first, second, third] = parts.as_slice() else { return None };
        let number = |text: &str| text.parse::<u16>().ok();
        let (first, second, third) = (number(first)?, number(second)?, number(third)?);
        // Thunderbird and Outlook may write two digits: `6/30/26`.
        let third = if (1..70).contains(&third) && word.len() <= 8 { 2000 + third } else { third };
        let (year, month, day) = if first >= 1970 {
            (first, second, third)
        } else if third < 1970 {
            return None;
        } else if american || second > 12 {
            (third, first, second)
        } else if word.contains('.') || first > 12 || first == second {
            (third, second, first)
        } else {
            return None;
        };
        Some((year, u8::try_from(month).ok()?, u8::try_from(day).ok()?))
    })
}

/// `Tuesday, May 12, 2026`, `12. Mai 2026`, `12 de mayo de 2026`.
fn named(text: &str) -> Option<(u16, u8, u8)> {
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric() && c != ':').filter(|word| !word.is_empty()).collect();
    let number = |word: &str| digits(word).parse::<u16>().ok().filter(|_| !word.contains(':'));
    let year = words.iter().filter_map(|word| number(word)).find(|year| (1970..2200).contains(year))?;
    // A month stands beside its day: "mar" is also a Tuesday, and "Mai Lee" a name.
    let beside = |index: usize| {
        let day = |at: usize| words.get(at).and_then(|word| number(word)).filter(|day| (1..=31).contains(day));
        let before = index.checked_sub(1).and_then(day);
        let before = before.or_else(|| index.checked_sub(2).filter(|at| words[at + 1] == "de").and_then(day));
        before.or_else(|| day(index + 1))
    };
    let month = |index: usize, word: &str| Some((year, self::month(word)?, u8::try_from(beside(index)?).ok()?));
    // The last of several: days of the week stand before.
    words.iter().enumerate().rev().find_map(|(index, word)| month(index, word))
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn dates_above_quoted_mail() {
        // 2026-05-12T10:02:00Z.
        let wanted = 1_778_580_120;
        for text in [
            "Tuesday, May 12, 2026 10:02 AM",
            "On Tue, May 12, 2026 at 10:02 AM Ann Example",
            "On Tue, 12 May 2026 at 10:02, Ann Example",
            "On 12 May 2026, at 10:02, Ann",
            "Dienstag, 12. Mai 2026 10:02",
            "Am 12.05.2026 um 10:02 schrieb Ann",
            "Le mar. 12 mai 2026 à 10:02, Ann",
            "mardi 12 mai 2026 10:02",
            "El mar, 12 may 2026 a las 10:02, Ann",
            "martes, 12 de mayo de 2026 10:02",
            "terça-feira, 12 de maio de 2026 10:02",
            "Il giorno mar 12 mag 2026 alle ore 10:02 Ann",
            "Op di 12 mei 2026 om 10:02 schreef Ann",
            "W dniu 12.05.2026 o 10:02, Ann",
            "den 12 maj 2026 kl. 10:02 skrev Ann",
            "12 мая 2026 г., в 10:02, Анна",
            "12 Mayıs 2026 Salı 10:02".replace("Mayıs", "mayıs").as_str(),
            "2026年5月12日 10:02",
            "2026-05-12 10:02",
            "5/12/2026 10:02:00 AM",
            "On 12.05.26 10:02, Ann Example wrote:",
            "On 5/12/26 10:02 AM, Ann Example wrote:",
            "12/05/2026 10:02".replace("12/05", "12.05").as_str(),
            "Tue, 12 May 2026 12:02:00 +0200",
            "Tue, May 12, 2026 at 3:02 AM GMT-7",
            "Tue, 12 May 2026 02:02:00 PST",
        ] {
            assert_eq!(seconds(text), Some(wanted), "{text}");
        }
        assert_eq!(seconds("Tuesday, May 12, 2026 10:02 PM"), Some(wanted + 12 * 3600));
    }

    #[test]
    fn what_is_no_date_or_not_a_clear_one() {
        for text in [
            "",
            "12:30",
            "03/04/2026 10:02",
            "May 2026",
            "99:99 May 12 2026",
            "Ann wrote:",
            "1/2/3 4:5",
            "32 May 2026 10:02",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
