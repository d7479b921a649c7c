//! Maps of rspamd: a key in each line, with a score or symbol behind it or not, `#` begins a comment
//! (rspamd's documentation, "Maps" and "Multimap module").

use super::{Found, Imported, Options, remark};
use crate::lists::{ListType, MAX_LINE};

/// What the keys of a map are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapKind {
    /// Texts, compared as a whole; their type is the option's, else text.
    Set,
    /// Host names.
    Host,
    /// Addresses and blocks of addresses.
    Ip,
    /// `/regex/flags`.
    Regexp,
    /// Globs.
    Glob,
}

pub(super) fn read(text: &str, kind: MapKind, options: &Options, imported: &mut Imported) {
    for line in text.lines() {
        let line = line.trim();
        if line.len() > MAX_LINE {
            imported.skip(format!("a line of more than {MAX_LINE} bytes"));
        } else if !line.is_empty() && !line.starts_with('#') {
            entry(line, kind, options, imported);
        }
    }
}

fn entry(line: &str, kind: MapKind, options: &Options, imported: &mut Imported) {
    let (key, rest) = match kind {
        MapKind::Regexp => match regexp(line) {
            Ok(split) => split,
            Err(reason) => return imported.skip(reason),
        },
        _ => word(line),
    };
    let (rest, comment) = rest.split_once('#').unwrap_or((rest, ""));
    let score = rest.trim();
    let score = if score.is_empty() { String::new() } else { format!("rspamd: {score}") };
    let comment = [score.as_str(), comment.trim()].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>();
    let found = Found { value: key, comment: remark(&comment.join("; ")), ..Found::default() };
    take(found, kind, options, imported);
}

fn take(found: Found, kind: MapKind, options: &Options, imported: &mut Imported) {
    let key = found.value.as_str();
    match kind {
        MapKind::Set => imported.take(options.kind.unwrap_or(ListType::String), found, options),
        MapKind::Glob => imported.take(ListType::Glob, found, options),
        MapKind::Regexp => imported.take(ListType::Pattern, found, options),
        MapKind::Host if key.starts_with('.') || key.contains('*') => {
            imported.skip("a host with everything below it: a list of domains compares whole names");
        }
        MapKind::Host => imported.take(ListType::Domain, found, options),
        MapKind::Ip => {
            let block = key.contains('/') || options.kind == Some(ListType::Cidr);
            imported.take(if block { ListType::Cidr } else { ListType::Ip }, found, options);
        }
    }
}

/// A key, in quotes or up to white space, and what follows.
fn word(line: &str) -> (String, &str) {
    if let Some(quoted) = line.strip_prefix('"')
        && let Some(end) = closing(quoted, '"')
    {
        return (quoted[..end].replace("\\\"", "\"").replace("\\\\", "\\"), &quoted[end + 1..]);
    }
    let (key, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    (key.to_owned(), rest)
}

/// Where a delimiter stands that no backslash precedes.
fn closing(text: &str, delimiter: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if !escaped && c == delimiter {
            return Some(at);
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

/// `/regex/flags`, or any other delimiter as in `{...}` and `m!...!`; flags that change what matches
/// and have no equal are a reason to leave it.
fn regexp(line: &str) -> Result<(String, &str), String> {
    let body = line.strip_prefix('/').ok_or("no `/regex/`")?;
    let end = closing(body, '/').ok_or("a regular expression that is not closed")?;
    let after = &body[end + 1..];
    let flags_end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
    let (flags, rest) = after.split_at(flags_end);
    let mut own = String::new();
    for flag in flags.chars() {
        match flag {
            'i' | 'm' | 's' | 'x' => own.push(flag),
            // Unicode is on; `O` and `L` only say how rspamd compiles it, `r` that it reads raw text.
            'u' | 'O' => {}
            other => return Err(format!("the flag `{other}` of a regular expression")),
        }
    }
    let pattern = body[..end].replace("\\/", "/");
    Ok((if own.is_empty() { pattern } else { format!("(?{own}){pattern}") }, rest))
}
