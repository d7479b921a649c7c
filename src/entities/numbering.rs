//! What can be a telephone number: the numbering plans (ITU-T E.164, NANP) in so far as they tell
//! numbers from order numbers.

/// Calling codes with the least and most digits that follow them. Codes of one zone that are not
/// listed take [`ELSEWHERE`].
const CODES: [(&str, usize, usize); 82] = [
    ("1", 10, 10),
    ("20", 8, 10),
    ("27", 9, 9),
    ("30", 10, 10),
    ("31", 9, 9),
    ("32", 8, 9),
    ("33", 9, 9),
    ("34", 9, 9),
    ("36", 8, 9),
    ("39", 6, 11),
    ("40", 9, 9),
    ("41", 9, 9),
    ("43", 7, 13),
    ("44", 9, 10),
    ("45", 8, 8),
    ("46", 7, 10),
    ("47", 8, 8),
    ("48", 9, 9),
    ("49", 6, 12),
    ("51", 8, 9),
    ("52", 10, 11),
    ("53", 8, 8),
    ("54", 10, 11),
    ("55", 10, 11),
    ("56", 9, 9),
    ("57", 10, 10),
    ("58", 10, 10),
    ("60", 8, 10),
    ("61", 9, 9),
    ("62", 8, 12),
    ("63", 8, 10),
    ("64", 8, 10),
    ("65", 8, 8),
    ("66", 8, 9),
    ("7", 10, 10),
    ("81", 9, 10),
    ("82", 8, 10),
    ("84", 9, 10),
    ("86", 10, 11),
    ("90", 10, 10),
    ("91", 10, 10),
    ("92", 9, 10),
    ("93", 9, 9),
    ("94", 9, 9),
    ("95", 7, 10),
    ("98", 10, 10),
    ("212", 9, 9),
    ("213", 8, 9),
    ("216", 8, 8),
    ("234", 8, 10),
    ("254", 9, 9),
    ("351", 9, 9),
    ("352", 6, 9),
    ("353", 7, 9),
    ("354", 7, 7),
    ("356", 8, 8),
    ("357", 8, 8),
    ("358", 6, 11),
    ("359", 8, 9),
    ("370", 8, 8),
    ("371", 8, 8),
    ("372", 7, 8),
    ("380", 9, 9),
    ("381", 8, 9),
    ("385", 8, 9),
    ("386", 8, 8),
    ("420", 9, 9),
    ("421", 9, 9),
    ("800", 8, 8),
    ("808", 8, 8),
    ("852", 8, 8),
    ("853", 8, 8),
    ("870", 9, 9),
    ("878", 12, 12),
    ("880", 8, 10),
    ("886", 8, 9),
    ("961", 7, 8),
    ("962", 8, 9),
    ("966", 8, 9),
    ("971", 7, 9),
    ("972", 8, 9),
    ("977", 8, 10),
];

/// Digits after a three-digit code that the table does not list.
const ELSEWHERE: (usize, usize) = (7, 10);

/// Zones (first two digits) whose codes have three digits.
const LONG_ZONES: [&str; 13] = ["21", "22", "23", "24", "25", "26", "29", "35", "37", "38", "42", "50", "59"];
const MORE_LONG_ZONES: [&str; 7] = ["67", "68", "69", "85", "87", "96", "97"];

/// Most digits of an international number (E.164).
pub(super) const MOST_DIGITS: usize = 15;

/// The least and most digits of a number that begins with a calling code, the code included.
pub(super) fn international(digits: &str) -> Option<(usize, usize)> {
    let listed = (1..=3).filter_map(|length| digits.get(..length)).find_map(|code| {
        CODES.iter().find(|(known, ..)| *known == code).map(|(_, least, most)| (code.len() + least, code.len() + most))
    });
    let zone = || {
        let zone = digits.get(..2)?;
        let long = LONG_ZONES.contains(&zone) || MORE_LONG_ZONES.contains(&zone) || matches!(zone, "80" | "88" | "99");
        long.then_some((3 + ELSEWHERE.0, 3 + ELSEWHERE.1))
    };
    listed.or_else(zone)
}

/// Ten digits of the North American plan: area code and exchange begin with 2 to 9 and are not
/// service codes such as 911; the number is not one digit over and over.
pub(super) fn is_north_american(digits: &str) -> bool {
    let [a, _, _, x, y, z, rest @ ..] = digits.as_bytes() else { return false };
    rest.len() == 4
        && (b'2'..=b'9').contains(a)
        && (b'2'..=b'9').contains(x)
        && (*y, *z) != (b'1', b'1')
        && digits.get(1..3) != Some("11")
        && !is_monotonous(digits)
}

/// Ten digits, or eleven with the country code 1, of the North American plan; the ten digits.
pub(super) fn north_american(digits: &str) -> Option<&str> {
    let national = match digits.len() {
        10 => digits,
        11 => digits.strip_prefix('1')?,
        _ => return None,
    };
    is_north_american(national).then_some(national)
}

/// One digit over and over: filler, not a number.
pub(super) fn is_monotonous(digits: &str) -> bool {
    let mut bytes = digits.bytes();
    let first = bytes.next();
    bytes.filter(|byte| Some(*byte) != first).count() < 2
}

/// Numbers that cost the caller nothing, by their international or national form.
pub(super) fn is_toll_free(number: &str) -> bool {
    const OTHERS: [&str; 16] = [
        "+800", "+44800", "+44808", "+49800", "+33800", "+33805", "+39800", "+34900", "+34800", "+41800", "+43800",
        "+31800", "+32800", "+611800", "+91180", "+81120",
    ];
    const NORTH_AMERICAN: [&str; 8] = ["800", "833", "844", "855", "866", "877", "888", "822"];
    if let Some(national) = number.strip_prefix("+1") {
        return NORTH_AMERICAN.iter().any(|area| national.starts_with(area));
    }
    OTHERS.iter().any(|prefix| number.starts_with(prefix))
        || ["0800", "0808", "0120", "1800"].iter().any(|prefix| number.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::{international, is_monotonous, is_toll_free, north_american};

    #[test]
    fn north_american_numbers() {
        let rows = [
            ("8025550142", true),
            ("18025550142", true),
            ("28025550142", false),
            ("1025550142", false),
            ("8021550142", false),
            ("9115550142", false),
            ("8029110142", false),
            ("802555014", false),
            ("5555555555", false),
        ];
        for (digits, wanted) in rows {
            assert_eq!(north_american(digits).is_some(), wanted, "{digits}");
        }
    }

    #[test]
    fn calling_codes() {
        assert_eq!(international("442079460018"), Some((11, 12)));
        assert_eq!(international("3545550142"), Some((10, 10)));
        assert_eq!(international("22412345678"), Some((10, 13)));
        assert_eq!(international("0442079460018"), None);
        assert_eq!(international("83"), None);
    }

    #[test]
    fn toll_free_and_filler() {
        assert!(is_toll_free("+18885550142") && is_toll_free("+448081570192") && is_toll_free("08081570192"));
        assert!(!is_toll_free("+18025550142") && !is_toll_free("+442079460018"));
        assert!(is_monotonous("0000000000") && !is_monotonous("8025550142"));
    }
}
