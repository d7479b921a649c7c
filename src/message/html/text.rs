//! Text laid out in lines.

use std::borrow::Cow;

/// What `text-transform` makes of letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Transform {
    #[default]
    None,
    Upper,
    Lower,
    Capitalize,
}

/// Text with white space folded as a browser shows it.
#[derive(Debug, Default)]
pub(super) struct Text {
    pub(super) out: String,
    /// White space that is written only if more text follows on the line.
    space: bool,
}

impl Text {
    /// Adds text; in `pre` text lines stay lines.
    pub(super) fn push(&mut self, text: &str, pre: bool) {
        if pre && text.contains('\n') {
            for (index, line) in text.split('\n').enumerate() {
                if index > 0 {
                    self.line_break();
                }
                self.push(line, false);
            }
            return;
        }
        let mut rest = text;
        loop {
            let words = rest.trim_start();
            self.space |= words.len() < rest.len();
            if words.is_empty() {
                return;
            }
            let (words, after) = words.split_at(as_written(words));
            self.words(words);
            rest = after;
        }
    }

    fn words(&mut self, words: &str) {
        if self.space && !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push(' ');
        }
        self.space = false;
        self.out.push_str(words);
    }

    /// White space, if more text follows on the line.
    pub(super) fn space(&mut self) {
        self.space = true;
    }

    pub(super) fn line_break(&mut self) {
        self.space = false;
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    /// Where the next text will stand.
    pub(super) fn next_at(&self) -> usize {
        let space = self.space && !self.out.is_empty() && !self.out.ends_with('\n');
        self.out.len() + usize::from(space)
    }

    /// Text as `text-transform` shows it after what is there.
    pub(super) fn transformed<'t>(&self, text: &'t str, transform: Transform) -> Cow<'t, str> {
        match transform {
            Transform::None => Cow::Borrowed(text),
            Transform::Upper => Cow::Owned(text.to_uppercase()),
            Transform::Lower => Cow::Owned(text.to_lowercase()),
            Transform::Capitalize => Cow::Owned(self.capitalized(text)),
        }
    }

    fn capitalized(&self, text: &str) -> String {
        let inside = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’');
        let mut within = !self.space && self.out.chars().next_back().is_some_and(inside);
        let mut all = String::with_capacity(text.len());
        for c in text.chars() {
            if within || !c.is_alphabetic() {
                all.push(c);
            } else {
                all.extend(c.to_uppercase());
            }
            within = inside(c);
        }
        all
    }

    pub(super) fn finish(mut self) -> String {
        self.out.truncate(self.out.trim_end().len());
        self.out
    }
}

/// Where the words end that are shown as they are written: with one space between them. PERF: nearly
/// all text is such; it is copied as a whole.
fn as_written(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'!'..=b'~' => at += 1,
            b' ' if bytes.get(at + 1).is_some_and(u8::is_ascii_graphic) => at += 2,
            _ => match text[at..].chars().next() {
                Some(c) if !c.is_whitespace() => at += c.len_utf8(),
                _ => return at,
            },
        }
    }
    at
}
