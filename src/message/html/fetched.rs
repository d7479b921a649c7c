//! What style sheets fetch: `@import` and `url(...)` (CSS Cascade 5, CSS Values 4).

use super::sheet::without_comments;
use std::borrow::Cow;

/// Where a reference stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In a declaration.
    Rule,
    /// In `@font-face`.
    Font,
    /// In `@import`.
    Import,
    /// In a rule that only names something, as `@namespace`.
    Name,
}

impl Place {
    /// By what follows an at sign.
    fn of(rule: &str) -> Self {
        let begins = |name: &str| rule.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name));
        match () {
            () if begins("import") => Self::Import,
            () if begins("font-face") => Self::Font,
            () if begins("namespace") || begins("-moz-document") => Self::Name,
            () => Self::Rule,
        }
    }

    fn kind(self) -> Option<&'static str> {
        match self {
            Self::Rule => Some("background"),
            Self::Font => Some("font"),
            Self::Import => Some("stylesheet"),
            Self::Name => None,
        }
    }
}

/// Gives each reference of a style sheet or a style attribute with its kind of resource, in order.
pub(super) fn fetched(css: &str, mut found: impl FnMut(&'static str, &str)) {
    // PERF: most style attributes fetch nothing.
    if memchr::memchr2(b'(', b'@', css.as_bytes()).is_none() {
        return;
    }
    let css = without_comments(css);
    let (mut rest, mut place) = (&*css, Place::Rule);
    while let Some(at) = rest.find(['(', '@', ';', '}']) {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let sign = rest.as_bytes()[at];
        rest = after;
        let reference = match sign {
            b'@' => {
                place = Place::of(after);
                let import = after.get("import".len()..).filter(|_| place == Place::Import);
                import.map(str::trim_start).filter(|text| text.starts_with(['"', '\'']))
            }
            b'(' => Some(after).filter(|_| ends_with_url(before)),
            b';' if place == Place::Font => None,
            _ => {
                place = Place::Rule;
                None
            }
        };
        if let Some(text) = reference {
            let (address, behind) = address(text);
            rest = behind;
            if let Some(kind) = place.kind().filter(|_| !address.starts_with('#')) {
                found(kind, &address);
            }
        }
    }
}

/// True if a text ends with the name of the function, and not with a longer name.
fn ends_with_url(text: &str) -> bool {
    let Some((before, name)) = text.len().checked_sub(3).and_then(|start| text.split_at_checked(start)) else {
        return false;
    };
    let longer = before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_'));
    name.eq_ignore_ascii_case("url") && !longer
}

/// An address at the beginning of a text, in quotes or not, and what follows it.
fn address(text: &str) -> (String, &str) {
    let text = text.trim_start();
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    let inside = &text[usize::from(quote.is_some())..];
    let end = quote.unwrap_or(')');
    let mut address = String::new();
    let mut rest = inside;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            _ if c == end => break,
            '\\' => rest = escape(rest, &mut address),
            '\n' if quote.is_some() => break,
            c => address.push(c),
        }
    }
    address.truncate(address.trim_end().len());
    (address, rest)
}

/// A name or a value without escapes.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        out.push_str(plain);
        rest = escape(escaped, &mut out);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// What a backslash stands before (CSS Syntax 3 section 4.3.7); gives what follows that.
fn escape<'t>(text: &'t str, out: &mut String) -> &'t str {
    let digits = text.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
    let (hex, rest) = text.split_at(digits);
    match u32::from_str_radix(hex, 16) {
        Ok(code) => {
            out.push(char::from_u32(code).filter(|c| *c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER));
            rest.strip_prefix([' ', '\t', '\n']).unwrap_or(rest)
        }
        Err(_) => {
            out.extend(text.chars().next().filter(|c| *c != '\n'));
            text.get(text.chars().next().map_or(0, char::len_utf8)..).unwrap_or("")
        }
    }
}

#[cfg(test)]
mod tests {
    fn all(css: &str) -> String {
        let mut found = Vec::new();
        super::fetched(css, |kind, address| found.push(format!("{kind} {address}")));
        found.join(" | ")
    }

    #[test]
    fn references() {
        let rows = [
            ("@import 'a.css';", "stylesheet a.css"),
            ("@IMPORT URL(a.css) screen; b{background:url(c)}", "stylesheet a.css | background c"),
            ("@import url(\"a;b.css\"); @import \"d.css\";", "stylesheet a;b.css | stylesheet d.css"),
            (
                "/* url(no) */ a{background-image: url( 'a b.png' ), URL(c.png)}",
                "background a b.png | background c.png",
            ),
            ("@font-face{font-family:x;src:url(f.woff2)} p{background:url(g)}", "font f.woff2 | background g"),
            ("@namespace v url(urn:x); v\\:*{behavior:url(#default#VML)}", ""),
            ("@media screen{a{background:url(m)}}", "background m"),
            ("background:url(\\68ttps\\3A //example.com/\\29 x)", "background https://example.com/)x"),
            ("background:url(open", "background open"),
            ("width:calc(1px);x:curl(1)", ""),
            ("\\", ""),
            ("url(\\", "background "),
        ];
        for (css, wanted) in rows {
            assert_eq!(all(css), wanted, "{css}");
        }
    }
}
