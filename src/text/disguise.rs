//! What in a text is written so that programs do not read what people see.

use super::confusables::{is_mark, styled};
use super::invisible_kind;
use unicode_normalization::UnicodeNormalization;

/// What a text hides. Counts are characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disguise {
    /// Invisible characters of any kind, emoji's own not counted.
    pub invisible: usize,
    /// Invisible characters between two letters or digits of one word.
    pub inside_words: usize,
    /// Soft hyphens.
    pub soft_hyphens: usize,
    /// Zero-width characters.
    pub zero_width: usize,
    /// Direction marks and overrides.
    pub bidi: usize,
    /// Variation selectors that follow no emoji, digit or ideograph.
    pub variation_selectors: usize,
    /// Tags and other characters that no text needs.
    pub other_invisible: usize,
    /// Mathematical, circled, squared and full-width letters beside ASCII text, small capitals.
    pub styled_letters: usize,
    /// Marks between letters that normal spelling does not know.
    pub stray_marks: usize,
    /// Words with letters of several alphabets that look alike, at most [`MOST_WORDS`].
    pub mixed_script_words: Vec<String>,
}

/// Most words that are listed.
pub const MOST_WORDS: usize = 100;
/// Longest word that is looked at, in bytes.
const LONGEST_WORD: usize = 256;

/// Reads a text once. PERF: lines of ASCII hide nothing.
pub fn disguise(text: &str) -> Disguise {
    let mut found = Disguise::default();
    text.split('\n').filter(|line| !line.is_ascii()).for_each(|line| read_line(line, &mut found));
    found
}

fn read_line(text: &str, found: &mut Disguise) {
    let mut word = Word::default();
    let mut before = ' ';
    let mut pending = 0;
    for (at, c) in text.char_indices() {
        if let Some(kind) = invisible_kind(c) {
            if !belongs(c, before, text[at + c.len_utf8()..].chars().next()) {
                found.count(kind);
                pending += usize::from(before.is_alphanumeric() && kind != "soft_hyphen");
            }
            continue;
        }
        if c.is_alphanumeric() {
            found.inside_words += pending;
        }
        pending = 0;
        found.styled_letters += usize::from(is_styled(c, before));
        found.stray_marks += usize::from(is_mark(c) && before.is_ascii_alphanumeric() && is_stray(before, c));
        word.take(at, c, text, found);
        before = c;
    }
    word.end(text.len(), text, found);
}

impl Disguise {
    fn count(&mut self, kind: &str) {
        self.invisible += 1;
        *match kind {
            "soft_hyphen" => &mut self.soft_hyphens,
            "zero_width" => &mut self.zero_width,
            "bidi" => &mut self.bidi,
            "variation_selector" => &mut self.variation_selectors,
            _ => &mut self.other_invisible,
        } += 1;
    }
}

/// True if an invisible character is where writing needs it: in emoji, after ideographs and in
/// scripts that join letters; at a boundary of writing directions.
fn belongs(c: char, before: char, after: Option<char>) -> bool {
    let is_emoji = |c: char| matches!(c, '\u{203C}'..='\u{3299}' | '\u{1F000}'..='\u{1FAFF}');
    match c {
        '\u{FE0E}' | '\u{FE0F}' => {
            is_emoji(before) || before.is_ascii_digit() || matches!(before, '#' | '*' | '©' | '®')
        }
        '\u{FE00}'..='\u{FE0D}' | '\u{E0100}'..='\u{E01EF}' => {
            matches!(before, '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}')
        }
        '\u{200C}' | '\u{200D}' => {
            is_emoji(before)
                || before == '\u{FE0F}'
                || joins(before) && after.is_none_or(|after| joins(after) || !after.is_alphanumeric())
        }
        '\u{E0020}'..='\u{E007F}' => is_emoji(before),
        '\u{200E}' | '\u{200F}' | '\u{061C}' => joins(before) || after.is_some_and(joins),
        _ => false,
    }
}

/// Hebrew, Arabic, Syriac, the scripts of India and South-East Asia, Mongolian.
fn joins(c: char) -> bool {
    matches!(c, '\u{0590}'..='\u{08FF}' | '\u{0900}'..='\u{109F}' | '\u{1780}'..='\u{18AF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}')
}

/// A letter that has a plain form. Full-width ones count only beside ASCII: they are usual in CJK.
fn is_styled(c: char, before: char) -> bool {
    match c {
        '\u{1D400}'..='\u{1D7FF}' | '\u{249C}'..='\u{24E9}' | '\u{1F110}'..='\u{1F169}' | '\u{1F170}'..='\u{1F189}' => {
            true
        }
        '\u{FF21}'..='\u{FF3A}' | '\u{FF41}'..='\u{FF5A}' => before.is_ascii_alphanumeric(),
        // One indicator alone, or a flag: only rows of letters are text.
        '\u{1F1E6}'..='\u{1F1FF}' => false,
        '\u{1D00}'..='\u{1D22}' | '\u{A730}' | '\u{A731}' | '\u{A7AF}' => styled(c).is_some(),
        _ => false,
    }
}

/// A mark that makes no letter together with the one before it: no language writes it.
fn is_stray(before: char, mark: char) -> bool {
    [before, mark].into_iter().nfc().count() > 1
}

/// The word that is being read.
#[derive(Default)]
struct Word {
    start: Option<usize>,
    alphabets: u8,
}

impl Word {
    fn take(&mut self, at: usize, c: char, text: &str, found: &mut Disguise) {
        if !c.is_alphabetic() {
            self.end(at, text, found);
            return;
        }
        self.start = self.start.or(Some(at));
        self.alphabets |= alphabet(c);
    }

    fn end(&mut self, at: usize, text: &str, found: &mut Disguise) {
        let word = std::mem::take(self);
        let Some(start) = word.start.filter(|_| word.alphabets.count_ones() > 1) else { return };
        let text = &text[start..at];
        let long = (3..=LONGEST_WORD).contains(&text.len()) && text.chars().count() > 2;
        if long && found.mixed_script_words.len() < MOST_WORDS {
            found.mixed_script_words.push(text.to_owned());
        }
    }
}

/// The alphabets whose letters look like each other; a bit for each. Letters of others say nothing:
/// Japanese and Chinese write Latin words without spaces.
fn alphabet(c: char) -> u8 {
    match c {
        'A'..='Z' | 'a'..='z' | '\u{00C0}'..='\u{024F}' | '\u{1E00}'..='\u{1EFF}' => 1,
        '\u{0370}'..='\u{03FF}' | '\u{1F00}'..='\u{1FFF}' => 2,
        '\u{0400}'..='\u{052F}' | '\u{1C80}'..='\u{1C8F}' | '\u{A640}'..='\u{A69F}' => 4,
        '\u{0531}'..='\u{058F}' => 8,
        '\u{13A0}'..='\u{13FF}' | '\u{AB70}'..='\u{ABBF}' => 16,
        '\u{2C80}'..='\u{2CFF}' => 32,
        '\u{A4D0}'..='\u{A4FF}' => 64,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::disguise;

    #[test]
    fn invisible_characters_by_kind() {
        let found = disguise("Mi\u{200B}cro\u{200D}so\u{AD}ft \u{202E}x\u{E0104}y");
        assert_eq!((found.invisible, found.inside_words), (5, 3));
        assert_eq!((found.soft_hyphens, found.zero_width, found.bidi, found.variation_selectors), (1, 2, 1, 1));
        let padding = disguise("Hello \u{200C}\u{A0}\u{200C}\u{A0}\u{34F} \u{34F}");
        assert_eq!((padding.invisible, padding.inside_words), (4, 0));
    }

    #[test]
    fn what_writing_needs_is_not_counted() {
        for text in [
            "❤\u{FE0F} 👨\u{200D}👩\u{200D}👧 1\u{FE0F}\u{20E3}",
            "می\u{200C}خواهم",
            "क्\u{200D}ष",
            "葛\u{E0100}",
            "שלום\u{200F}!",
            "©\u{FE0F}",
        ] {
            let found = disguise(text);
            assert_eq!((found.invisible, found.inside_words), (0, 0), "{text:?}");
        }
        assert_eq!(disguise("naïve cafe\u{0301} Ｔシャツ 会議Zoom"), super::Disguise::default());
    }

    #[test]
    fn letters_that_are_not_what_they_seem() {
        let found = disguise("𝐏𝐚𝐲 ⓟ and Раyраl, Αmazon; Москва Athen Ελλάδα kΩ");
        assert_eq!(found.styled_letters, 4);
        assert_eq!(found.mixed_script_words, ["Раyраl", "Αmazon"]);
        assert_eq!(disguise("P\u{0332}a\u{0332}y").stray_marks, 2);
    }
}
