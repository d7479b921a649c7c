//! Days since 1970 and the proleptic Gregorian calendar (Howard Hinnant, "chrono-compatible
//! low-level date algorithms").

/// Year, month and day; `None` beyond any mail.
pub(crate) fn from_days(days: i64) -> Option<(i64, i64, i64)> {
    if !(-1_000_000..=10_000_000).contains(&days) {
        return None;
    }
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Some((year, month, day))
}

/// `2026-05-21` of milliseconds since 1970.
#[cfg(feature = "corpus")]
pub(crate) fn day(millis: i64) -> Option<String> {
    let (year, month, day) = from_days(millis.div_euclid(86_400_000))?;
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(all(test, feature = "corpus"))]
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
            assert_eq!(day(millis).as_deref(), Some(text));
        }
        assert_eq!(day(i64::MAX), None);
    }
}
