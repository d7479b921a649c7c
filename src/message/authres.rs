//! Authentication-Results fields (RFC 8601) in the dialects that are really written. What they
//! say is a claim; whether it is believed, `auth` decides.

use std::collections::BTreeMap;
use std::sync::Arc;

/// One Authentication-Results field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthResults {
    /// Who says so, lower case; absent in Exchange Online's dialect.
    pub authserv_id: Option<Arc<str>>,
    /// SPF (RFC 7208).
    pub spf: Option<Arc<Method>>,
    /// DKIM (RFC 6376), one for each signature.
    pub dkim: Vec<Arc<Method>>,
    /// DMARC (RFC 7489).
    pub dmarc: Option<Arc<Method>>,
    /// ARC (RFC 8617).
    pub arc: Option<Arc<Method>>,
    /// Microsoft's composite authentication.
    pub compauth: Option<Arc<Method>>,
}

/// The result of one method.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Method {
    /// `pass`, `fail` ... in lower case.
    pub result: Arc<str>,
    /// What stands in parentheses.
    pub comment: Option<Arc<str>>,
    /// `reason=`, `action=`, `header.from=`, `smtp.mailfrom=` ..., names in lower case.
    pub properties: BTreeMap<String, Arc<str>>,
}

/// The id under which Exchange Online's results, which carry none, are trusted.
pub const MICROSOFT: &str = "microsoft";

impl Method {
    /// A property by name.
    pub fn property(&self, name: &str) -> Option<&Arc<str>> {
        self.properties.get(name)
    }
}

impl AuthResults {
    /// Reads the value of an Authentication-Results or ARC-Authentication-Results field.
    pub fn parse(value: &str) -> Self {
        let mut results = Self::default();
        for (index, segment) in split(value, ';').into_iter().enumerate() {
            let (text, comment) = without_comments(segment);
            let words = words(&text);
            let Some(first) = words.first() else { continue };
            match first.split_once('=') {
                Some((method, result)) => results.add(method, result, &words[1..], comment),
                // ARC puts `i=1;` first, so the id may stand second.
                None if index <= 1 && results.authserv_id.is_none() => {
                    results.authserv_id = Some(first.trim_matches('"').to_lowercase().into());
                }
                None => {}
            }
        }
        results
    }

    fn add(&mut self, method: &str, result: &str, rest: &[String], comment: Option<String>) {
        let properties = rest.iter().filter_map(|word| word.split_once('='));
        let properties =
            properties.map(|(name, value)| (name.to_lowercase(), value.trim_matches('"').into())).collect();
        let result = result.trim_matches('"').to_lowercase().into();
        let found = Arc::new(Method { result, comment: comment.map(Into::into), properties });
        match method.to_lowercase().split('/').next().unwrap_or("") {
            "spf" => worse(&mut self.spf, found),
            "dkim" => self.dkim.push(found),
            "dmarc" => worse(&mut self.dmarc, found),
            "arc" => worse(&mut self.arc, found),
            "compauth" => worse(&mut self.compauth, found),
            _ => {}
        }
    }

    /// The id for trust decisions.
    pub fn id(&self) -> &str {
        self.authserv_id.as_deref().unwrap_or(MICROSOFT)
    }
}

/// Keeps the first result, unless a later one contradicts its pass: a sender's address that was
/// written without quotes can smuggle a second result in.
fn worse(slot: &mut Option<Arc<Method>>, found: Arc<Method>) {
    match slot {
        // Cisco's results for Sender ID (RFC 4407), which say nothing of SPF.
        Some(known) if known.property("smtp.pra").is_some() => *slot = Some(found),
        Some(_) if found.property("smtp.pra").is_some() => {}
        // The sender was checked, and HELO has no record besides.
        Some(_)
            if &*found.result == "none"
                && found.property("smtp.mailfrom").is_none()
                && found.property("smtp.helo").is_some() => {}
        Some(known) if &*known.result == "pass" && &*found.result != "pass" => *slot = Some(found),
        Some(_) => {}
        None => *slot = Some(found),
    }
}

/// Splits outside quotes and comments.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut depth, mut quoted, mut escaped) = (0, 0_u32, false, false);
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match c {
            '\\' => escaped = true,
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            c if c == separator && depth == 0 && !quoted => {
                pieces.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    pieces.push(&text[start..]);
    pieces
}

/// The text without comments, and the first comment.
fn without_comments(text: &str) -> (String, Option<String>) {
    let (mut bare, mut comment, mut depth, mut quoted) = (String::new(), String::new(), 0_u32, false);
    let mut escaped = false;
    for c in text.chars() {
        let plain = escaped;
        escaped = c == '\\' && !escaped;
        match c {
            _ if plain && depth > 0 => comment.push(c),
            _ if plain => bare.push(c),
            '"' if depth == 0 => {
                quoted = !quoted;
                bare.push(c);
            }
            '(' if !quoted => {
                depth += 1;
                bare.push(' ');
            }
            ')' if !quoted && depth > 0 => depth -= 1,
            _ if depth > 0 => comment.push(c),
            _ => bare.push(c),
        }
    }
    (bare, (!comment.trim().is_empty()).then(|| comment.trim().to_owned()))
}

/// `name=value` words; white space around `=` is allowed.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for piece in
        split(text, ' ').into_iter().flat_map(|piece| piece.split(['\t', '\n', '\r'])).filter(|piece| !piece.is_empty())
    {
        match words.last_mut() {
            Some(last) if piece.starts_with('=') || last.ends_with('=') => last.push_str(piece),
            _ => words.push(piece.to_owned()),
        }
    }
    words
}
