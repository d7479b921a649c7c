//! Characters as people see them: what is invisible, what looks like something else.

mod confusables;
mod digits;
mod disguise;

pub use confusables::{look_alike, replace_confusables};
pub use digits::digit;
pub use disguise::{Disguise, MOST_WORDS, disguise};

/// True for characters that take no room and change no letter: zero-width ones, soft hyphens,
/// direction marks, variation selectors, tags (Unicode `Default_Ignorable_Code_Point` without the
/// Hangul fillers, which do take room).
pub fn is_invisible(c: char) -> bool {
    invisible_kind(c).is_some()
}

/// What kind of invisible character this is.
pub fn invisible_kind(c: char) -> Option<&'static str> {
    // PERF: nearly all text lies below the first of them.
    if c < '\u{AD}' {
        return None;
    }
    Some(match c {
        '\u{00AD}' => "soft_hyphen",
        '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' | '\u{180E}' | '\u{034F}' => "zero_width",
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => "bidi",
        '\u{FE00}'..='\u{FE0F}' | '\u{180B}'..='\u{180D}' | '\u{180F}' | '\u{E0100}'..='\u{E01EF}' => {
            "variation_selector"
        }
        '\u{E0000}'..='\u{E00FF}' => "tag",
        '\u{2061}'..='\u{2065}' | '\u{206A}'..='\u{206F}' | '\u{E01F0}'..='\u{E0FFF}' => "other",
        _ => return None,
    })
}
