//! Indicators of STIX 2.1 (OASIS standard, sections 4.7 and 9): of the pattern language equality and
//! `IN` of one property, joined by `OR`, inside an observation or between observations. What needs
//! more than one fact at once is no entry of a list and is counted.

use super::{Found, Imported, Options, remark};
use crate::calendar::moment;
use crate::lists::ListType;
use serde_json::Value;

/// Longest pattern that is read, in bytes.
const MAX_PATTERN: usize = 64 << 10;

pub(super) fn read(document: &Value, options: &Options, imported: &mut Imported) {
    let objects = document.get("objects").unwrap_or(document);
    let objects = match objects {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    };
    for object in objects {
        match object.get("type").and_then(Value::as_str) {
            Some("indicator") => indicator(object, options, imported),
            Some(other) => imported.skip(format!("objects of type `{other}`")),
            None => imported.skip("no object of STIX"),
        }
    }
}

fn indicator(object: &Value, options: &Options, imported: &mut Imported) {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    if object.get("revoked").and_then(Value::as_bool) == Some(true) {
        return imported.skip("a revoked indicator");
    }
    if !matches!(text("pattern_type"), "stix" | "") {
        return imported.skip(format!("patterns of type `{}`", text("pattern_type")));
    }
    let until = text("valid_until");
    if !until.is_empty() && moment(until).is_none() {
        return imported.skip("an indicator whose `valid_until` is no date");
    }
    let lasting =
        || moment(text("valid_from")).zip(options.lifetime).map(|(from, lifetime)| from.saturating_add(lifetime));
    let expires = moment(until).or_else(lasting);
    let (comment, source) = (remark(text("name")), format!("STIX {}", text("id")));
    let pattern = match alternatives(text("pattern")) {
        Ok(pattern) => pattern,
        Err(reason) => return imported.skip(reason),
    };
    for (path, value) in pattern {
        match kind(&path, &value) {
            Some(kind) => {
                let (comment, source) = (comment.clone(), source.clone());
                imported.take(kind, Found { value, comment, source, expires }, options);
            }
            None => imported.skip(format!("the property `{path}`")),
        }
    }
}

/// The list type of a property of an observed object.
fn kind(path: &str, value: &str) -> Option<ListType> {
    let (object, property) = path.split_once(':')?;
    let address = if value.contains('/') { ListType::Cidr } else { ListType::Ip };
    Some(match (object, property) {
        ("domain-name", "value") => ListType::Domain,
        ("url", "value") => ListType::Url,
        ("email-addr", "value") | ("email-message", "from_ref.value" | "sender_ref.value") => ListType::Email,
        ("ipv4-addr" | "ipv6-addr", "value") => address,
        ("email-message", "subject") | ("file", "name") => ListType::String,
        ("file", property) if property.starts_with("hashes.") => ListType::Hash,
        _ => return None,
    })
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    OpenSet,
    CloseSet,
    Comma,
    Equal,
    Text(String),
    Word(String),
}

/// Pairs of property and value any of which is enough; the reason if the pattern says more.
fn alternatives(pattern: &str) -> Result<Vec<(String, String)>, String> {
    if pattern.len() > MAX_PATTERN {
        return Err(format!("a pattern of more than {MAX_PATTERN} bytes"));
    }
    let tokens = tokens(pattern)?;
    let mut tokens = tokens.into_iter().peekable();
    let mut found = Vec::new();
    loop {
        if tokens.next() != Some(Token::Open) {
            return Err("a pattern that does not begin with `[`".into());
        }
        loop {
            comparison(&mut tokens, &mut found)?;
            match tokens.next() {
                Some(Token::Close) => break,
                Some(Token::Word(word)) if word == "OR" => {}
                other => return Err(beyond(other)),
            }
        }
        match tokens.next() {
            None => return Ok(found),
            Some(Token::Word(word)) if word == "OR" => {}
            other => return Err(beyond(other)),
        }
    }
}

fn beyond(token: Option<Token>) -> String {
    match token {
        Some(Token::Word(word)) if word.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            format!("a pattern with `{word}`: a list holds facts that stand alone")
        }
        _ => "a pattern that is more than values joined by OR".into(),
    }
}

fn comparison(tokens: &mut impl Iterator<Item = Token>, found: &mut Vec<(String, String)>) -> Result<(), String> {
    let Some(Token::Word(path)) = tokens.next() else {
        return Err("a pattern that is more than values joined by OR".into());
    };
    match tokens.next() {
        Some(Token::Equal) => match tokens.next() {
            Some(Token::Text(value)) => found.push((path, value)),
            _ => return Err("a comparison with something else than text".into()),
        },
        Some(Token::Word(word)) if word == "IN" => {
            if tokens.next() != Some(Token::OpenSet) {
                return Err("a malformed set".into());
            }
            loop {
                let Some(Token::Text(value)) = tokens.next() else { return Err("a malformed set".into()) };
                found.push((path.clone(), value));
                match tokens.next() {
                    Some(Token::Comma) => {}
                    Some(Token::CloseSet) => break,
                    _ => return Err("a malformed set".into()),
                }
            }
        }
        other => return Err(beyond(other)),
    }
    Ok(())
}

fn tokens(pattern: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        tokens.push(match c {
            c if c.is_whitespace() => continue,
            '[' => Token::Open,
            ']' => Token::Close,
            '(' => Token::OpenSet,
            ')' => Token::CloseSet,
            ',' => Token::Comma,
            '=' => Token::Equal,
            '\'' => Token::Text(quoted(&mut chars)?),
            first if is_word(first) => {
                let mut word = first.to_string();
                while let Some(next) = chars.next_if(|c| is_word(*c) || matches!(c, '\'' | '"')) {
                    match next {
                        // `hashes.'SHA-256'`
                        '\'' => word.push_str(&quoted(&mut chars)?),
                        '"' => {}
                        next => word.push(next),
                    }
                }
                Token::Word(word)
            }
            _ => return Err("an operator other than `=` and `IN`".into()),
        });
    }
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.')
}

/// The rest of a text in apostrophes; a backslash stands before apostrophes and backslashes.
fn quoted(chars: &mut impl Iterator<Item = char>) -> Result<String, String> {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\'' => return Ok(text),
            '\\' => text.extend(chars.next()),
            c => text.push(c),
        }
    }
    Err("a text that is not closed".into())
}
