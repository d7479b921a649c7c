//! Decimal digits of every script and every decoration.

/// The zeros of scripts whose ten digits follow each other (Unicode general category `Nd`), in
/// order.
const ZEROS: [u32; 41] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x11066, 0x1E950, 0x1FBF0,
];

/// First characters of decorated digits that follow each other, with the value of the first:
/// circled, parenthesised, with full stop, negative circled, sans-serif circled.
const DECORATED: [(u32, u32, u32); 9] = [
    (0x2460, 1, 9),
    (0x2474, 1, 9),
    (0x2488, 1, 9),
    (0x24F5, 1, 9),
    (0x2776, 1, 9),
    (0x2780, 1, 9),
    (0x278A, 1, 9),
    (0x2080, 0, 10),
    (0x2074, 4, 6),
];

/// The value of a decimal digit of any script, and whether it is a decorated form that no text
/// needs for a number: mathematical, circled, superscript.
pub fn digit(c: char) -> Option<(u8, bool)> {
    let code = u32::from(c);
    if c.is_ascii() {
        return c.is_ascii_digit().then(|| ((code - 0x30) as u8, false));
    }
    let decorated = match c {
        '\u{24EA}' | '\u{24FF}' | '\u{1F10B}' | '\u{1F10C}' | '\u{2070}' | '\u{1F100}' => Some(0),
        '\u{00B9}' => Some(1),
        '\u{00B2}' => Some(2),
        '\u{00B3}' => Some(3),
        // Five mathematical alphabets of ten digits each.
        '\u{1D7CE}'..='\u{1D7FF}' => Some((code - 0x1D7CE) % 10),
        '\u{1F101}'..='\u{1F10A}' => Some(code - 0x1F101),
        _ => DECORATED
            .iter()
            .find(|(first, _, count)| (*first..first + count).contains(&code))
            .map(|(first, value, _)| code - first + value),
    };
    if let Some(value) = decorated {
        return Some((value as u8, true));
    }
    let at = ZEROS.partition_point(|zero| *zero <= code);
    let zero = ZEROS.get(at.checked_sub(1)?)?;
    (code - zero < 10).then(|| ((code - zero) as u8, false))
}

#[cfg(test)]
mod tests {
    use super::{ZEROS, digit};

    #[test]
    fn digits_of_scripts_and_decorated_ones() {
        let cases = [
            ('7', Some((7, false))),
            ('a', None),
            ('٣', Some((3, false))),
            ('८', Some((8, false))),
            ('９', Some((9, false))),
            ('𝟖', Some((8, true))),
            ('𝟿', Some((9, true))),
            ('⑤', Some((5, true))),
            ('⓪', Some((0, true))),
            ('❸', Some((3, true))),
            ('²', Some((2, true))),
            ('⁴', Some((4, true))),
            ('½', None),
            ('Ⅷ', None),
            ('⑩', None),
        ];
        for (c, wanted) in cases {
            assert_eq!(digit(c), wanted, "{c}");
        }
    }

    #[test]
    fn the_table_is_in_order_and_of_digits() {
        assert!(ZEROS.is_sorted());
        for zero in ZEROS {
            assert!(char::from_u32(zero).is_some_and(char::is_numeric), "{zero:x}");
            assert!(char::from_u32(zero + 9).is_some_and(char::is_numeric), "{zero:x}");
        }
    }
}
