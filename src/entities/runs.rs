//! Runs of digit groups: what stands between words on one line.

use super::glyph::{Glyph, letter_digit, numeric};

/// What stands between two groups of digits, or before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gap {
    /// Number of characters.
    pub(super) width: usize,
    /// The one character, if all non-space characters are the same; a space if all are spaces.
    pub(super) c: Option<char>,
    /// A `+` stands right before the group (a bracket may stand between).
    pub(super) plus: bool,
    /// Brackets.
    pub(super) open: bool,
    pub(super) close: bool,
    /// A character that people do not write between the digits of a number: `*`, `~`, `,`.
    pub(super) odd: bool,
}

/// A group of digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// Its digits, letters that stand for digits included.
    pub(super) digits: String,
    /// How many of them are written as letters.
    pub(super) letters: usize,
    /// Written with decorated digits or invisible characters.
    pub(super) odd: bool,
    /// Place in the text, in bytes.
    pub(super) start: usize,
    pub(super) end: usize,
    /// What stands before it.
    pub(super) gap: Gap,
}

/// Most groups of one run. Longer rows of groups are tables; they are read in pieces.
const MOST_GROUPS: usize = 1024;
/// Most characters between two groups of one number.
const WIDEST_GAP: usize = 4;

/// Collects runs while it reads a text.
#[derive(Default)]
struct Reader {
    run: Vec<Group>,
    group: Option<Group>,
    gap: Gap,
    /// The group holds a letter that stands for no digit, or follows one.
    spoilt: bool,
    /// The character before was a letter, digit or sign that a group cannot follow.
    glued: bool,
}

/// Calls `found` with every run of a text. Each line is read by itself; those without any digit
/// hold no number.
pub(super) fn runs(text: &str, mut found: impl FnMut(&[Group])) {
    let mut reader = Reader::default();
    for glyph in numeric(text) {
        if let Some(run) = reader.read(glyph) {
            found(&run);
        }
    }
    if let Some(run) = reader.finish() {
        found(&run);
    }
}

impl Reader {
    /// Takes a character; gives a run that it ends.
    fn read(&mut self, glyph: Glyph) -> Option<Vec<Group>> {
        match glyph.c {
            '0'..='9' => self.digit(glyph, glyph.c, false),
            c if letter_digit(c).is_some() && c != '|' || c == '|' && self.group.is_some() => {
                let digit = letter_digit(c).unwrap_or('0');
                self.digit(glyph, digit, true)
            }
            c if c.is_alphabetic() && c.is_ascii() || c == '_' => self.letter(),
            ' ' | '-' | '.' | '(' | ')' | '/' | '[' | ']' | '~' | '*' | '+' | ',' => self.between(glyph),
            _ => {
                self.glued = false;
                self.finish()
            }
        }
    }

    fn digit(&mut self, glyph: Glyph, digit: char, letter: bool) -> Option<Vec<Group>> {
        if self.group.is_none() && !self.glued {
            let gap = std::mem::take(&mut self.gap);
            let (start, end) = (glyph.start, glyph.end);
            self.group = Some(Group { digits: String::new(), letters: 0, odd: false, start, end, gap });
        }
        self.glued = true;
        if let Some(group) = &mut self.group {
            // More digits than any number has: the rest only spoils it.
            if group.digits.len() <= 64 {
                group.digits.push(digit);
            }
            group.letters += usize::from(letter);
            group.odd |= glyph.odd;
            group.end = glyph.end;
        }
        None
    }

    /// A letter that stands for no digit: what it touches is a word.
    fn letter(&mut self) -> Option<Vec<Group>> {
        self.spoilt = self.group.is_some();
        self.glued = true;
        self.finish()
    }

    fn between(&mut self, glyph: Glyph) -> Option<Vec<Group>> {
        let ended = self.close_group();
        self.glued = false;
        let gap = &mut self.gap;
        gap.width += 1;
        gap.open |= matches!(glyph.c, '(' | '[');
        gap.close |= matches!(glyph.c, ')' | ']');
        gap.odd |= matches!(glyph.c, '~' | '*' | ',') || glyph.odd;
        gap.plus = glyph.c == '+' || gap.plus && matches!(glyph.c, '(' | '[' | ' ');
        gap.c = match (gap.c, glyph.c) {
            (_, c) if gap.width == 1 => Some(c),
            (Some(' '), c) => Some(c),
            (Some(known), c) if c == ' ' || c == known => Some(known),
            _ => None,
        };
        if gap.width > WIDEST_GAP && !self.run.is_empty() {
            let gap = self.gap;
            let run = self.finish();
            self.gap = gap;
            return run;
        }
        ended
    }

    /// Ends a group of digits. A group in which no digit is real is a word, unless it is the one
    /// letter of `I-8OO` or `OO`.
    fn close_group(&mut self) -> Option<Vec<Group>> {
        let group = self.group.take()?;
        let all_letters = group.letters == group.digits.len();
        let is_word =
            all_letters && (group.digits.len() > 4 || group.digits.bytes().any(|b| !matches!(b, b'0' | b'1')));
        if is_word {
            return self.finish();
        }
        self.run.push(group);
        (self.run.len() >= MOST_GROUPS).then(|| std::mem::take(&mut self.run))
    }

    fn finish(&mut self) -> Option<Vec<Group>> {
        if std::mem::take(&mut self.spoilt) {
            self.group = None;
        }
        self.gap = Gap::default();
        if self.group.is_some() {
            let ended = self.close_group();
            if ended.is_some() {
                return ended;
            }
        }
        self.gap = Gap::default();
        let run = std::mem::take(&mut self.run);
        (!run.is_empty()).then_some(run)
    }
}
