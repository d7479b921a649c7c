//! The proleptic Gregorian calendar: days and moments between numbers and what configuration, lists,
//! rules and reports write (Howard Hinnant, "chrono-compatible low-level date algorithms").

/// `2027-03-01`, the day of a moment in milliseconds since 1970.
pub fn show(moment: i64) -> String {
    let (year, month, day) = civil(moment.div_euclid(86_400_000));
    format!("{year:04}-{month:02}-{day:02}")
}

/// `2027-03-01T10:00:00Z`, a moment in RFC 3339, UTC.
pub fn rfc3339(moment: i64) -> String {
    let rest = moment.rem_euclid(86_400_000);
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    format!("{}T{hour:02}:{minute:02}:{second:02}Z", show(moment))
}

/// Year, month and day of days since 1970, counted from 0000-03-01 in eras of 400 years.
pub fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// `2027-03-01` or `2027-03-01T10:00:00Z` in milliseconds since 1970.
pub fn moment(text: &str) -> Option<i64> {
    let (day, clock) = match text.split_once(['T', ' ']) {
        Some((day, clock)) => (day, clock_ms(clock)?),
        None => (text, 0),
    };
    Some(self::day(day)? + clock)
}

fn number(text: &str, digits: usize) -> Option<i64> {
    (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// `2027-03-01` in milliseconds since 1970; `None` for a day that no calendar has.
pub fn day(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, day) = (number(parts.next()?, 4)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    if parts.next().is_some() { None } else { midnight(year, month, day) }
}

/// The beginning of a day in milliseconds since 1970; `None` for a day that no calendar has, and for
/// years of more than four digits.
pub fn midnight(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(-9999..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=last).contains(&day) {
        return None;
    }
    // The leap day is the last of a year that begins in March.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some((days + (153 * month + 2) / 5 + day - 1 - 719_468) * 86_400_000)
}

/// `10:00:00`, with fractions of a second or not, in UTC.
fn clock_ms(text: &str) -> Option<i64> {
    let text = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00:00")).unwrap_or(text);
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut parts = clock.split(':');
    let (hour, minute, second) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let fits = parts.next().is_none() && hour < 24 && minute < 60 && second < 61;
    fits.then_some(((hour * 60 + minute) * 60 + second) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        for (millis, text) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (951_782_400_000, "2000-02-29"),
            (1_109_548_800_000, "2005-02-28"),
            (1_764_100_800_000, "2025-11-25"),
        ] {
            assert_eq!(show(millis), text);
            assert_eq!(day(text), Some(millis.div_euclid(86_400_000) * 86_400_000), "{text}");
        }
        for none in ["2025-02-29", "1900-02-29", "2025-13-01", "2025-00-10", "2025-04-31", "2025-04", "25-04-01"] {
            assert_eq!(day(none), None, "{none}");
        }
        assert_eq!(midnight(i64::MAX, 1, 1), None);
        assert_eq!(show(i64::MAX), "292278994-08-17");
    }
}
