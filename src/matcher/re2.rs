//! RE2's syntax (Go's flavour) written in the syntax of `regex`: the same pattern must mean the
//! same. Source: the RE2 syntax page. ASCII classes, `\<` as a literal, stray braces as literals.

/// Translates a pattern. What RE2 refuses too stays as it is, for `regex` to refuse.
pub(super) fn translate(pattern: &str) -> String {
    let chars: Vec<char> = pattern.chars().collect();
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut at = 0;
    let mut class = 0_u32;
    while let Some(&c) = chars.get(at) {
        at += 1;
        match c {
            '\\' => at = escape(&chars, at, class > 0, &mut out),
            '[' if class == 0 => {
                class = 1;
                out.push('[');
                at = class_head(&chars, at, &mut out);
            }
            '[' if chars.get(at) == Some(&':') => at = posix(&chars, at, &mut out),
            // In RE2 a bracket in a class is a literal; `regex` would nest.
            '[' => out.push_str("\\["),
            ']' if class > 0 => {
                class = 0;
                out.push(']');
            }
            // Set operators of `regex` are literals in RE2.
            '&' | '~' if class > 0 && chars.get(at) == Some(&c) => {
                out.push('\\');
                out.push(c);
            }
            '-' if class > 0 && chars.get(at) == Some(&'-') => out.push_str("\\-"),
            '{' if class == 0 && !is_repetition(&chars, at) => out.push_str("\\{"),
            '}' if class == 0 && !closes_repetition(&chars, at - 1) => out.push_str("\\}"),
            c => out.push(c),
        }
    }
    out
}

/// `^` and a leading `]` after the opening bracket.
fn class_head(chars: &[char], mut at: usize, out: &mut String) -> usize {
    if chars.get(at) == Some(&'^') {
        out.push('^');
        at += 1;
    }
    if chars.get(at) == Some(&']') {
        out.push_str("\\]");
        at += 1;
    }
    at
}

/// `[:alpha:]` inside a class.
fn posix(chars: &[char], at: usize, out: &mut String) -> usize {
    let rest: String = chars[at..].iter().take(16).collect();
    match rest.find(":]") {
        Some(end) => {
            out.push('[');
            out.push_str(&rest[..end + 2]);
            at + rest[..end + 2].chars().count()
        }
        None => {
            out.push_str("\\[");
            at
        }
    }
}

fn escape(chars: &[char], at: usize, in_class: bool, out: &mut String) -> usize {
    let Some(&c) = chars.get(at) else {
        out.push('\\');
        return at;
    };
    match (c, in_class) {
        ('d', true) => out.push_str("0-9"),
        ('w', true) => out.push_str("0-9A-Za-z_"),
        ('s', true) => out.push_str("\\t\\n\\x0C\\r "),
        ('d', false) => out.push_str("[0-9]"),
        ('D', false) => out.push_str("[^0-9]"),
        ('w', false) => out.push_str("[0-9A-Za-z_]"),
        ('W', false) => out.push_str("[^0-9A-Za-z_]"),
        ('s', false) => out.push_str("[\\t\\n\\x0C\\r ]"),
        ('S', false) => out.push_str("[^\\t\\n\\x0C\\r ]"),
        ('D', true) => out.push_str("[^0-9]"),
        ('W', true) => out.push_str("[^0-9A-Za-z_]"),
        ('S', true) => out.push_str("[^\\t\\n\\x0C\\r ]"),
        ('b', false) => out.push_str("(?-u:\\b)"),
        // Without `u` the opposite could match inside a character; spelt out it cannot.
        ('B', false) => out.push_str("\\B"),
        ('<' | '>', _) => out.push(c),
        ('Q', false) => return quoted(chars, at + 1, out),
        ('z' | 'A' | 'a' | 'f' | 't' | 'n' | 'r' | 'v' | 'x' | 'p' | 'P' | 'C', _) => {
            out.push('\\');
            out.push(c);
        }
        _ if c.is_ascii_alphanumeric() || c.is_ascii_punctuation() => {
            out.push('\\');
            out.push(c);
        }
        _ => out.push(c),
    }
    // `\x{1F600}` and `\p{L}`: the braces belong to the escape.
    let after = at + 1;
    if matches!(c, 'x' | 'p' | 'P') && chars.get(after) == Some(&'{') {
        let end = chars[after..].iter().position(|c| *c == '}').map_or(chars.len(), |end| after + end + 1);
        out.extend(&chars[after..end]);
        return end;
    }
    after
}

/// `\Q...\E`: literal text.
fn quoted(chars: &[char], at: usize, out: &mut String) -> usize {
    let mut end = at;
    while end < chars.len() && !(chars[end] == '\\' && chars.get(end + 1) == Some(&'E')) {
        out.push_str(&regex::escape(&chars[end].to_string()));
        end += 1;
    }
    (end + 2).min(chars.len())
}

/// True if digits, perhaps a comma and more digits, and `}` follow.
fn is_repetition(chars: &[char], at: usize) -> bool {
    let body: Vec<char> = chars[at..].iter().copied().take(16).take_while(|c| *c != '}').collect();
    let closed = chars.get(at + body.len()) == Some(&'}');
    let digits = body.iter().take_while(|c| c.is_ascii_digit()).count();
    let rest = &body[digits..];
    closed && digits > 0 && (rest.is_empty() || rest[0] == ',' && rest[1..].iter().all(char::is_ascii_digit))
}

fn closes_repetition(chars: &[char], at: usize) -> bool {
    let start = chars[..at].iter().rposition(|c| *c == '{');
    start.is_some_and(|start| is_repetition(chars, start + 1) && (start == 0 || chars[start - 1] != '\\'))
}
