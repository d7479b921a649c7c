//! Text as templates compare it. Two forms, both with the way back to the text as it stands:
//!
//! * *clean*: compatibility forms resolved, invisible characters gone, white space folded to one
//!   space or line feed. What slots hold is read here.
//! * *key*: of the clean form, without white space, without case, characters that look alike are
//!   one. Literals are looked for here.

use std::ops::Range;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;

/// Texts longer than this are cut: offsets take 32 bits.
pub(super) const MAX_BYTES: usize = 1 << 30;

/// A plain text is taken as wrapped if a line with the next word would be longer, in characters.
const WRAP: usize = 62;
/// Longest URL in brackets behind the text that it belongs to.
const MAX_BRACKETED: usize = 2_048;

/// A text in its forms.
#[derive(Debug, Default)]
pub(super) struct Folded {
    original: Arc<str>,
    pub(super) clean: String,
    /// Where the character of each clean byte stands in the original.
    clean_at: Vec<u32>,
    pub(super) key: Vec<u8>,
    /// Where the character of each key byte stands in the clean text.
    key_at: Vec<u32>,
    /// Positions in the key at which a line begins.
    lines: Vec<u32>,
}

impl Folded {
    /// Folds a visible text. `plain`: lines may be wrapped, links stand in brackets behind their
    /// texts.
    pub(super) fn new(original: Arc<str>, plain: bool) -> Self {
        let mut folding = Folding {
            folded: Self { original: Arc::clone(&original), ..Self::default() },
            plain,
            space: Some(Space::Start),
            column: 0,
        };
        let end = original.floor_char_boundary(MAX_BYTES);
        folding.run(&original[..end]);
        folding.folded
    }

    /// The form in which literals are compared.
    pub(super) fn key_of(text: &str) -> Vec<u8> {
        Self::new(text.into(), false).key
    }

    /// True if the text was longer than what was folded.
    pub(super) fn is_cut(&self) -> bool {
        self.original.len() > MAX_BYTES
    }

    pub(super) fn len(&self) -> usize {
        self.key.len()
    }

    /// Where the line after the one of a position begins, or the end.
    pub(super) fn line_end(&self, at: usize) -> usize {
        let next = self.lines.partition_point(|line| *line as usize <= at);
        self.lines.get(next).map_or(self.len(), |line| *line as usize)
    }

    /// Where the line of a position begins.
    pub(super) fn line_start(&self, at: usize) -> usize {
        let next = self.lines.partition_point(|line| *line as usize <= at);
        next.checked_sub(1).and_then(|index| self.lines.get(index)).map_or(0, |line| *line as usize)
    }

    /// The clean position of a position in the key.
    pub(super) fn clean_start(&self, at: usize) -> usize {
        self.key_at.get(at).map_or(self.clean.len(), |clean| *clean as usize)
    }

    /// The clean text of a stretch of the key, without the white space around it.
    pub(super) fn clean_range(&self, range: &Range<usize>) -> Range<usize> {
        if range.is_empty() {
            let at = self.clean_start(range.start);
            return at..at;
        }
        let last = self.clean_start(range.end - 1);
        let width = self.clean[last..].chars().next().map_or(0, char::len_utf8);
        self.clean_start(range.start)..last + width
    }

    /// The first position of the key at or behind a clean position.
    pub(super) fn key_from(&self, clean: usize) -> usize {
        self.key_at.partition_point(|at| (*at as usize) < clean)
    }

    /// The stretch of the original text of a stretch of the key.
    pub(super) fn original_range(&self, range: &Range<usize>) -> Range<usize> {
        let clean = self.clean_range(range);
        let start = |at: usize| self.clean_at.get(at).map_or(self.original.len(), |at| *at as usize);
        if clean.is_empty() {
            return start(clean.start)..start(clean.start);
        }
        let last = start(clean.end - 1);
        let width = self.original[last..].chars().next().map_or(0, char::len_utf8);
        start(clean.start)..last + width
    }

    /// The text as it stands.
    pub(super) fn original(&self, range: &Range<usize>) -> &str {
        self.original.get(self.original_range(range)).unwrap_or("")
    }

    /// True if no word goes on across a position of the key.
    pub(super) fn is_boundary(&self, at: usize) -> bool {
        let clean = self.clean_start(at);
        let bytes = self.clean.as_bytes();
        let word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        clean == 0 || !word(bytes.get(clean)) || !word(bytes.get(clean - 1))
    }

    fn begins_character(&self, at: usize) -> bool {
        at == 0 || at >= self.len() || self.key_at[at] != self.key_at[at - 1]
    }

    /// True if a stretch of the key is made of whole characters of the text.
    pub(super) fn is_whole(&self, range: &Range<usize>) -> bool {
        self.begins_character(range.start) && self.begins_character(range.end)
    }
}

/// White space that has been seen and not been written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Space {
    Start,
    Within,
    /// A line feed that may be one of wrapping.
    Wrap,
    Line,
}

struct Folding {
    folded: Folded,
    plain: bool,
    space: Option<Space>,
    /// Characters of the line so far.
    column: usize,
}

impl Folding {
    fn run(&mut self, text: &str) {
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let width = c.len_utf8();
            if c.is_whitespace() || c == '\u{2800}' {
                self.blank(c);
            } else if self.plain && matches!(c, '<' | '[') && bracketed(&text[at..]) > 0 {
                at += bracketed(&text[at..]);
                continue;
            } else if !is_ignorable(c) {
                self.flush(&text[at..], at);
                self.character(c, at);
            }
            at += width;
        }
    }

    fn blank(&mut self, c: char) {
        let feed = matches!(c, '\n' | '\u{0B}' | '\u{0C}' | '\u{85}' | '\u{2028}' | '\u{2029}');
        self.space = Some(match (self.space, feed) {
            (Some(Space::Start), _) => Space::Start,
            (Some(Space::Wrap | Space::Line), true) => Space::Line,
            (Some(space @ (Space::Wrap | Space::Line)), false) => space,
            (_, true) if self.plain => Space::Wrap,
            (_, true) => Space::Line,
            (_, false) => Space::Within,
        });
    }

    /// Writes the white space before a character.
    fn flush(&mut self, rest: &str, at: usize) {
        let Some(space) = self.space.take() else { return };
        let line = match space {
            Space::Start => return self.folded.lines.push(0),
            Space::Within => false,
            Space::Line => true,
            Space::Wrap => {
                let word = rest.chars().take(WRAP).take_while(|c| !c.is_whitespace()).count();
                self.column + 1 + word <= WRAP
            }
        };
        self.column = if space == Space::Within { self.column + 1 } else { 0 };
        if line {
            self.folded.lines.push(self.folded.key.len() as u32);
        }
        self.folded.clean.push(if line { '\n' } else { ' ' });
        self.folded.clean_at.push(at as u32);
    }

    fn character(&mut self, c: char, at: usize) {
        self.column += 1;
        if c.is_ascii() {
            return self.clean(c, at);
        }
        // PERF: text beyond ASCII asks the tables of Unicode for each character.
        for c in std::iter::once(c).nfkc() {
            if c.is_whitespace() {
                // Spacing accents decompose into a space and a mark.
                continue;
            }
            self.clean(c, at);
        }
    }

    fn clean(&mut self, c: char, at: usize) {
        let clean = self.folded.clean.len();
        self.folded.clean.push(c);
        self.folded.clean_at.extend(std::iter::repeat_n(at as u32, c.len_utf8()));
        if c == '*' {
            // Emphasis in plain text.
            return;
        }
        let mut buffer = [0; 4];
        if c.is_ascii() {
            self.key(fold_ascii(c), clean, &mut buffer);
            return;
        }
        for d in std::iter::once(c).nfd() {
            self.key(fold(d), clean, &mut buffer);
        }
    }

    fn key(&mut self, c: char, clean: usize, buffer: &mut [u8; 4]) {
        let bytes = c.encode_utf8(buffer).as_bytes();
        self.folded.key.extend_from_slice(bytes);
        self.folded.key_at.extend(std::iter::repeat_n(clean as u32, bytes.len()));
    }
}

/// The length of `<https://...>` or `[https://...]` at the beginning of a text, else 0.
fn bracketed(text: &str) -> usize {
    let closing = if text.starts_with('<') { '>' } else { ']' };
    let inner = &text[1..];
    let starts = ["https://", "http://", "mailto:", "tel:", "image:", "cid:"];
    let is_link =
        starts.iter().any(|start| inner.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start)));
    if !is_link {
        return 0;
    }
    let end = inner.char_indices().take(MAX_BRACKETED).find(|(_, c)| *c == closing || *c == '\n');
    end.filter(|(_, c)| *c == closing).map_or(0, |(at, c)| 1 + at + c.len_utf8())
}

/// Characters that people do not see (`Default_Ignorable_Code_Point`), and control characters.
pub(super) fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
        || c.is_control()
}

/// Without case; `1 I l |` are one, and `0 O`.
fn fold_ascii(c: char) -> char {
    match c.to_ascii_lowercase() {
        '1' | 'i' | '|' => 'l',
        '0' => 'o',
        '`' => '\'',
        other => other,
    }
}

/// One decomposed character beyond ASCII: what it looks like in ASCII, in either case, else its
/// lower case.
fn fold(c: char) -> char {
    match c {
        _ if c.is_ascii() => return fold_ascii(c),
        '\u{2018}'..='\u{201B}' | '\u{2032}' => return '\'',
        '\u{201C}'..='\u{201F}' | '\u{00AB}' | '\u{00BB}' | '\u{2033}' => return '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => return '-',
        '\u{0131}' => return 'l',
        _ => {}
    }
    let lower = single(c.to_lowercase());
    let upper = single(c.to_uppercase());
    let ascii = [lower, upper].into_iter().flatten().find_map(looks_like);
    ascii.map(fold_ascii).or(lower).unwrap_or(c)
}

fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next();
    if chars.next().is_none() { first } else { None }
}

/// The single ASCII letter or digit that a character looks like (UTS 39).
fn looks_like(c: char) -> Option<char> {
    let mut buffer = [0; 4];
    let prototype = single(unicode_security::skeleton(c.encode_utf8(&mut buffer)));
    prototype.filter(char::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> String {
        String::from_utf8(Folded::key_of(text)).expect("UTF-8")
    }

    #[test]
    fn what_looks_alike_is_one() {
        for (a, b) in [
            ("Verify  your\u{00A0}account", "verify\nyour account"),
            ("V\u{200B}e\u{00AD}rify\u{FE0F}", "Verify"),
            ("Vеrіfу", "Verify"),
            ("ＰａｙＰａｌ", "PayPal"),
            ("PayPa1", "PayPaI"),
            ("Don’t – “now”", "don't - \"now\""),
            ("НОВОЕ СООБЩЕНИЕ", "новое сообщение"),
            ("Ｃａｆé", "cafe\u{301}"),
            ("ﬁle", "file"),
        ] {
            assert_eq!(key(a), key(b), "{a} {b}");
        }
        assert_ne!(key("verify"), key("verily"));
        assert_ne!(key("новое"), key("слово"));
    }

    #[test]
    fn the_way_back_leads_to_whole_characters() {
        let text: Arc<str> = "  Ünï\u{200B}code  ﬁn ".into();
        let folded = Folded::new(Arc::clone(&text), false);
        assert_eq!(folded.original(&(0..folded.len())), "Ünï\u{200B}code  ﬁn");
        assert_eq!(folded.clean, "Ünïcode fin");
    }

    #[test]
    fn wrapped_lines_of_plain_text_are_one() {
        let long = "word ".repeat(12);
        let text = format!("{}\nnext words\nshort", long.trim());
        assert_eq!(Folded::new(text.as_str().into(), true).lines.len(), 2);
        assert_eq!(Folded::new(text.as_str().into(), false).lines.len(), 3);
        assert_eq!(Folded::new("a <https://x.test/y> b".into(), true).clean, "a b");
    }
}
