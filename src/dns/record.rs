//! One line of recorded DNS: name, kind, value.

use super::{Answer, Kind, Record, canonical, reverse};
use std::fmt::Write as _;
use std::net::IpAddr;

/// Longest name, with dots (RFC 1035 section 2.3.4).
const MOST_NAME: usize = 255;

/// What a line says.
pub(super) struct Line {
    pub(super) name: String,
    /// Of all kinds, if it is none.
    pub(super) kind: Option<Kind>,
    pub(super) answer: Answer,
}

/// Reads a line; `None` if it is empty or a comment, the reason if it is malformed.
pub(super) fn parse(line: &str) -> Option<Result<Line, String>> {
    let line = line.trim();
    (!line.is_empty() && !line.starts_with(['#', ';'])).then(|| read(line))
}

fn read(line: &str) -> Result<Line, String> {
    let (owner, rest) = word(line);
    let name = owner.parse().map_or_else(|_| canonical(owner), reverse);
    if name.len() > MOST_NAME || name.is_empty() || name.ends_with('.') {
        return Err(format!("a name has 1 to {MOST_NAME} characters"));
    }
    let (kind, value) = word(rest);
    if value.is_empty() && kind.eq_ignore_ascii_case("NXDOMAIN") {
        return Ok(Line { name, kind: None, answer: Answer::NxDomain });
    }
    if value.is_empty() && kind.eq_ignore_ascii_case("TEMPERROR") {
        return Ok(Line { name, kind: None, answer: Answer::TempError });
    }
    let known = Kind::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(kind));
    let Some(kind) = known else {
        return Err(format!("`{}` is none of TXT, A, AAAA, MX, PTR, NXDOMAIN, TEMPERROR", kind.escape_debug()));
    };
    Ok(Line { name, kind: Some(kind), answer: answer(kind, value)? })
}

fn answer(kind: Kind, value: &str) -> Result<Answer, String> {
    match value {
        "" => return Err(format!("{} needs a value", kind.name())),
        _ if value.eq_ignore_ascii_case("TEMPERROR") => return Ok(Answer::TempError),
        _ if value.eq_ignore_ascii_case("NODATA") => return Ok(Answer::Records(Vec::new())),
        _ => {}
    }
    let record = match kind {
        Kind::Txt => Record::Txt(text(value)?),
        Kind::A => Record::Ip(IpAddr::V4(value.parse().map_err(|_| format!("no IPv4 address: `{value}`"))?)),
        Kind::Aaaa => Record::Ip(IpAddr::V6(value.parse().map_err(|_| format!("no IPv6 address: `{value}`"))?)),
        Kind::Mx => {
            let (preference, host) = word(value);
            let preference = preference.parse().map_err(|_| "MX is a preference (0 to 65535) and a name")?;
            Record::Mx(preference, host_name(host)?)
        }
        Kind::Ptr => Record::Ptr(host_name(value)?),
    };
    Ok(Answer::Records(vec![record]))
}

/// The root alone (`.`) says that there is no host, as in RFC 7505.
fn host_name(text: &str) -> Result<String, String> {
    let name = canonical(text);
    let whole = !name.is_empty() && !name.ends_with('.') || text == ".";
    let fits = whole && name.len() <= MOST_NAME && !name.contains(char::is_whitespace);
    fits.then_some(name).ok_or_else(|| format!("no host name: `{}`", text.escape_debug()))
}

fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim())
}

/// The strings of a TXT record in quotes, joined; without a quote at its beginning the whole value.
fn text(value: &str) -> Result<Vec<u8>, String> {
    if !value.starts_with('"') {
        return Ok(value.as_bytes().to_vec());
    }
    let mut out = Vec::new();
    let mut rest = value.as_bytes();
    while !rest.is_empty() {
        let Some(inner) = rest.strip_prefix(b"\"") else { return Err("text outside the quotes".into()) };
        rest = quoted(inner, &mut out)?.trim_ascii_start();
    }
    Ok(out)
}

/// Reads to the closing quote; gives what stands after it. `\"`, `\\` and `\ddd` are escapes
/// (RFC 1035 section 5.1).
fn quoted<'t>(mut text: &'t [u8], out: &mut Vec<u8>) -> Result<&'t [u8], String> {
    loop {
        match text {
            [b'"', rest @ ..] => return Ok(rest),
            [b'\\', a, b, c, rest @ ..] if [a, b, c].iter().all(|digit| digit.is_ascii_digit()) => {
                let code = [a, b, c].iter().fold(0_u16, |code, digit| code * 10 + u16::from(**digit - b'0'));
                out.push(u8::try_from(code).map_err(|_| "an escape is \\000 to \\255")?);
                text = rest;
            }
            [b'\\', plain, rest @ ..] => {
                out.push(*plain);
                text = rest;
            }
            [plain, rest @ ..] => {
                out.push(*plain);
                text = rest;
            }
            [] => return Err("a quote is not closed".into()),
        }
    }
}

/// True if a line that begins with this name is read as one of this name.
pub(super) fn is_writable(name: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control();
    let fits = (1..=MOST_NAME).contains(&name.len()) && *name == canonical(name);
    fits && !name.contains(odd) && !name.starts_with(['#', ';', '\u{FEFF}']) && name.parse::<IpAddr>().is_err()
}

/// The lines that say an answer.
pub(super) fn write(out: &mut String, name: &str, kind: Kind, answer: &Answer) {
    let mut line = |value: &str| {
        let _ = writeln!(out, "{name} {} {value}", kind.name());
    };
    match answer {
        Answer::NxDomain => {
            let _ = writeln!(out, "{name} NXDOMAIN");
        }
        Answer::TempError => line("TEMPERROR"),
        Answer::Records(records) if records.is_empty() => line("NODATA"),
        Answer::Records(records) => records.iter().for_each(|record| line(&written(record))),
    }
}

fn written(record: &Record) -> String {
    match record {
        Record::Txt(bytes) => quote(bytes),
        Record::Ip(ip) => ip.to_string(),
        Record::Mx(preference, host) => format!("{preference} {}", written_host(host)),
        Record::Ptr(host) => written_host(host),
    }
}

/// With a final dot where it would be read as something else.
fn written_host(host: &str) -> String {
    let is_answer = ["", "nodata", "temperror"].contains(&host);
    format!("{host}{}", if is_answer { "." } else { "" })
}

fn quote(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(*byte)]),
            b' '..=b'~' => out.push(char::from(*byte)),
            _ => out.push_str(&format!("\\{byte:03}")),
        }
    }
    out.push('"');
    out
}
