//! JavaScript taken apart into names, keywords and texts (ECMA-262, lexical grammar), for rules that
//! look for what smuggles a file into a page. It reads any bytes and never fails.

/// Words with a meaning of their own.
const KEYWORDS: &[&str] = &[
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "import",
    "in",
    "instanceof",
    "let",
    "new",
    "null",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "var",
    "void",
    "while",
    "with",
    "yield",
];
/// Most tokens of each kind that are kept.
const MOST: usize = 100_000;

/// The tokens of a script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Names, in order, each time they occur.
    pub identifiers: Vec<String>,
    /// Keywords, likewise.
    pub keywords: Vec<String>,
    /// Texts in quotes, escapes resolved.
    pub strings: Vec<String>,
    /// True if there were more tokens than are kept.
    pub cut: bool,
}

impl Script {
    /// Reads a script.
    pub fn parse(text: &str) -> Self {
        let mut lexer = Lexer { rest: text, script: Self::default() };
        while lexer.step() {}
        lexer.script
    }
}

struct Lexer<'t> {
    rest: &'t str,
    script: Script,
}

impl Lexer<'_> {
    fn step(&mut self) -> bool {
        let Some(c) = self.rest.chars().next() else { return false };
        match c {
            '/' if self.rest.starts_with("//") => self.skip_to("\n"),
            '/' if self.rest.starts_with("/*") => self.skip_to("*/"),
            '<' if self.rest.starts_with("<!--") => self.skip_to("\n"),
            '"' | '\'' | '`' => self.text(c),
            c if is_start(c) => self.word(),
            c if c.is_ascii_digit() => self.skip(|c| c.is_alphanumeric() || c == '.'),
            c => self.rest = &self.rest[c.len_utf8()..],
        }
        true
    }

    fn skip_to(&mut self, end: &str) {
        self.rest = self.rest.split_once(end).map_or("", |(_, rest)| rest);
    }

    fn skip(&mut self, keep: impl Fn(char) -> bool) {
        self.rest = self.rest.trim_start_matches(keep);
    }

    fn word(&mut self) {
        let end = self.rest.find(|c| !(is_start(c) || c.is_ascii_digit())).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        let kept = if KEYWORDS.contains(&word) { &mut self.script.keywords } else { &mut self.script.identifiers };
        if kept.len() < MOST { kept.push(word.to_owned()) } else { self.script.cut = true }
    }

    fn text(&mut self, quote: char) {
        let mut chars = self.rest[quote.len_utf8()..].chars();
        let mut text = String::new();
        while let Some(c) = chars.next() {
            match c {
                '\\' => escape(&mut chars, &mut text),
                c if c == quote => break,
                // A text in quotes ends with its line, one in backticks does not.
                '\n' if quote != '`' => break,
                c => text.push(c),
            }
        }
        self.rest = chars.as_str();
        if self.script.strings.len() < MOST { self.script.strings.push(text) } else { self.script.cut = true }
    }
}

fn is_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$'
}

/// What follows a backslash.
fn escape(chars: &mut std::str::Chars<'_>, text: &mut String) {
    match chars.next() {
        Some('n') => text.push('\n'),
        Some('r') => text.push('\r'),
        Some('t') => text.push('\t'),
        Some('x') => coded(chars, 2, text),
        Some('u') if chars.as_str().starts_with('{') => {
            chars.next();
            let digits: String = chars.as_str().chars().take_while(char::is_ascii_hexdigit).take(6).collect();
            *chars = chars.as_str()[digits.len()..].chars();
            if chars.as_str().starts_with('}') {
                chars.next();
            }
            text.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
        }
        Some('u') => coded(chars, 4, text),
        Some('\n') | None => {}
        Some(c) => text.push(c),
    }
}

/// A character by its number in so many hexadecimal digits.
fn coded(chars: &mut std::str::Chars<'_>, width: usize, text: &mut String) {
    let digits: String = chars.as_str().chars().take(width).take_while(char::is_ascii_hexdigit).collect();
    *chars = chars.as_str()[digits.len()..].chars();
    text.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens() {
        let script =
            Script::parse("// no\nvar a$1 = atob('a\\x41\\u0042\\u{43}\\n'); /* b */ new Blob([`x\ny`], 0x1F)\n");
        assert_eq!(script.keywords, ["var", "new"]);
        assert_eq!(script.identifiers, ["a$1", "atob", "Blob"]);
        assert_eq!(script.strings, ["aABC\n", "x\ny"]);
    }

    #[test]
    fn unfinished() {
        for text in ["'", "\"\\", "`\\u{", "/*", "'\\x", "'\\u{110000}'", "\\", "é'é"] {
            let _ = Script::parse(text);
        }
        assert_eq!(Script::parse("'a\nb").identifiers, ["b"]);
    }
}
