//! Days and moments as configuration, lists and reports write them.

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
fn civil(days: i64) -> (i64, i64, i64) {
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
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=last).contains(&day) {
        return None;
    }
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
