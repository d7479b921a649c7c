//! The milter protocol, version 6: frames of a length, a letter and data (Sendmail's `mfdef.h`, Postfix's
//! `milter8.c`). Knows nothing of sockets; every parser is linear in its frame and allocates nothing
//! but the list of macros.

use std::net::IpAddr;

/// Longest frame that is read. Body chunks have at most 64 KiB, header fields what the mail server lets
/// through: 100 KiB in Postfix.
pub(crate) const MAX_FRAME: usize = 1 << 20;
/// Most macros of one frame.
const MAX_MACROS: usize = 256;

/// What a filter may do to a message (`SMFIF_`).
pub(crate) mod action {
    pub(crate) const ADD_HEADERS: u32 = 0x01;
    pub(crate) const CHANGE_HEADERS: u32 = 0x10;
    pub(crate) const QUARANTINE: u32 = 0x20;
}

/// What is left out of the dialogue (`SMFIP_`).
pub(crate) mod step {
    pub(crate) const NO_UNKNOWN: u32 = 0x100;
    pub(crate) const NO_DATA: u32 = 0x200;
    pub(crate) const SKIP: u32 = 0x400;
    pub(crate) const NO_REPLY_HEADER: u32 = 0x80;
    pub(crate) const NO_REPLY_CONNECT: u32 = 0x1000;
    pub(crate) const NO_REPLY_HELO: u32 = 0x2000;
    pub(crate) const NO_REPLY_MAIL: u32 = 0x4000;
    pub(crate) const NO_REPLY_RCPT: u32 = 0x8000;
    pub(crate) const NO_REPLY_EOH: u32 = 0x40000;
    pub(crate) const LEADING_SPACE: u32 = 0x10_0000;
}

/// What a mail server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command<'f> {
    /// Version, actions and steps that it offers.
    Negotiate { version: u32, actions: u32, steps: u32 },
    /// Names and values that belong to the command whose letter it gives.
    Macros { stage: u8, pairs: Vec<(&'f [u8], &'f [u8])> },
    /// A client has connected.
    Connect { ip: Option<IpAddr> },
    /// HELO or EHLO.
    Helo(&'f [u8]),
    /// MAIL FROM, the address as it was given.
    MailFrom(&'f [u8]),
    /// RCPT TO.
    RcptTo(&'f [u8]),
    /// DATA.
    Data,
    /// A header field: lines of its value end in LF.
    Header { name: &'f [u8], value: &'f [u8] },
    /// The header is over.
    EndOfHeader,
    /// Some of the body.
    Body(&'f [u8]),
    /// The last of the body.
    EndOfMessage(&'f [u8]),
    /// This message is given up.
    Abort,
    /// The connection is over.
    Quit,
    /// The SMTP connection is over; another follows on this one.
    QuitNew,
    /// An SMTP command that the mail server does not know.
    Unknown,
}

/// A frame that is none; the connection cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// The length of the frame that these four bytes announce.
pub(crate) fn length(prefix: [u8; 4]) -> Result<usize, Malformed> {
    match u32::from_be_bytes(prefix) as usize {
        0 => Err(Malformed("a frame without a letter")),
        length if length > MAX_FRAME => Err(Malformed("a frame longer than allowed")),
        length => Ok(length),
    }
}

/// Reads a frame without its length.
pub(crate) fn command(frame: &[u8]) -> Result<Command<'_>, Malformed> {
    let (letter, data) = frame.split_first().ok_or(Malformed("a frame without a letter"))?;
    Ok(match letter {
        b'O' => negotiate(data)?,
        b'D' => macros(data)?,
        b'C' => Command::Connect { ip: connect(data)? },
        b'H' => Command::Helo(text(data)?.0),
        b'M' => Command::MailFrom(text(data)?.0),
        b'R' => Command::RcptTo(text(data)?.0),
        b'T' => Command::Data,
        b'L' => {
            let (name, rest) = text(data)?;
            Command::Header { name, value: text(rest)?.0 }
        }
        b'N' => Command::EndOfHeader,
        b'B' => Command::Body(data),
        b'E' => Command::EndOfMessage(data),
        b'A' => Command::Abort,
        b'Q' => Command::Quit,
        b'K' => Command::QuitNew,
        b'U' => Command::Unknown,
        _ => return Err(Malformed("an unknown letter")),
    })
}

/// What stands before the next NUL, and what behind it.
fn text(data: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let end = data.iter().position(|byte| *byte == 0).ok_or(Malformed("a text without its end"))?;
    Ok((&data[..end], &data[end + 1..]))
}

fn number(data: &[u8]) -> Result<(u32, &[u8]), Malformed> {
    let (bytes, rest) = data.split_first_chunk::<4>().ok_or(Malformed("a number cut short"))?;
    Ok((u32::from_be_bytes(*bytes), rest))
}

fn negotiate(data: &[u8]) -> Result<Command<'_>, Malformed> {
    let (version, data) = number(data)?;
    let (actions, data) = number(data)?;
    let (steps, _) = number(data)?;
    Ok(Command::Negotiate { version, actions, steps })
}

fn macros(data: &[u8]) -> Result<Command<'_>, Malformed> {
    let (stage, mut data) = data.split_first().ok_or(Malformed("macros of nothing"))?;
    let mut pairs = Vec::new();
    while !data.is_empty() {
        if pairs.len() == MAX_MACROS {
            return Err(Malformed("too many macros"));
        }
        let (name, rest) = text(data)?;
        let (value, rest) = text(rest)?;
        pairs.push((name, value));
        data = rest;
    }
    Ok(Command::Macros { stage: *stage, pairs })
}

/// Host, family, port, address. Sendmail writes `IPv6:` before addresses of that family.
fn connect(data: &[u8]) -> Result<Option<IpAddr>, Malformed> {
    let (_, rest) = text(data)?;
    let (family, rest) = rest.split_first().ok_or(Malformed("a client of no family"))?;
    if !matches!(family, b'4' | b'6') {
        return Ok(None);
    }
    let (_, rest) = rest.split_first_chunk::<2>().ok_or(Malformed("a port cut short"))?;
    // Postfix and Sendmail end the address with NUL; what has none is taken to its end.
    let address = text(rest).map_or(rest, |(address, _)| address);
    let address = std::str::from_utf8(address).unwrap_or("");
    let bare =
        address.get(..5).filter(|prefix| prefix.eq_ignore_ascii_case("ipv6:")).map_or(address, |p| &address[p.len()..]);
    Ok(bare.parse().ok())
}

/// What a filter says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// What it agrees to.
    Negotiate { version: u32, actions: u32, steps: u32 },
    /// Go on.
    Continue,
    /// No more of the body is needed.
    Skip,
    /// An SMTP answer: `550 5.7.1 text`.
    Answer(&'static str),
    /// Puts a field at this place.
    InsertHeader { index: u32, name: String, value: String },
    /// Removes the field of this name that stands at this place among those of its name, from 1.
    RemoveHeader { index: u32, name: String },
    /// Keeps the message back.
    Quarantine(String),
}

impl Reply {
    /// Adds the frame. NUL ends a text, so there is none in it.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend([0; 4]);
        match self {
            Self::Negotiate { version, actions, steps } => {
                out.push(b'O');
                [version, actions, steps].into_iter().for_each(|number| out.extend(number.to_be_bytes()));
            }
            Self::Continue => out.push(b'c'),
            Self::Skip => out.push(b's'),
            Self::Answer(text) => {
                out.push(b'y');
                put(out, text);
            }
            Self::InsertHeader { index, name, value } => {
                out.push(b'i');
                out.extend(index.to_be_bytes());
                put(out, name);
                put(out, value);
            }
            Self::RemoveHeader { index, name } => {
                out.push(b'm');
                out.extend(index.to_be_bytes());
                put(out, name);
                put(out, "");
            }
            Self::Quarantine(reason) => {
                out.push(b'q');
                put(out, reason);
            }
        }
        let length = (out.len() - start - 4) as u32;
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }
}

fn put(out: &mut Vec<u8>, text: &str) {
    out.extend(text.bytes().filter(|byte| *byte != 0));
    out.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_as_servers_write_them() {
        let offer = [&b"O\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff"[..], b"more for symbols\0"].concat();
        assert_eq!(command(&offer), Ok(Command::Negotiate { version: 6, actions: 0x1ff, steps: 0x1f_ffff }));
        let pairs = vec![(&b"j"[..], &b"mx.example.org"[..]), (b"{daemon_name}", b"")];
        let macros = Command::Macros { stage: b'C', pairs };
        assert_eq!(command(b"DCj\0mx.example.org\0{daemon_name}\0\0"), Ok(macros));
        let ip = |text: &str| Ok(Command::Connect { ip: text.parse().ok() });
        assert_eq!(command(b"Chost\x004\0\x19192.0.2.1\0"), ip("192.0.2.1"));
        assert_eq!(command(b"Chost\x006\0\x19IPv6:2001:db8::1\0"), ip("2001:db8::1"));
        assert_eq!(command(b"Chost\x006\0\x192001:db8::1"), ip("2001:db8::1"));
        assert_eq!(command(b"Clocalhost\0U"), ip(""));
        assert_eq!(command(b"Clocalhost\0L\0\0/run/x\0"), ip(""));
        assert_eq!(command(b"M<a@example.com>\0SIZE=10\0"), Ok(Command::MailFrom(b"<a@example.com>")));
        assert_eq!(command(b"LSubject\0 a\n b\0"), Ok(Command::Header { name: b"Subject", value: b" a\n b" }));
        assert_eq!(command(b"Bx\0y"), Ok(Command::Body(b"x\0y")));
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        for frame in [
            &b""[..],
            b"O\0\0",
            b"Z",
            b"Hno end",
            b"Lname\0value",
            b"D",
            b"DCname\0",
            b"C",
            b"Chost\0",
            b"Chost\x004\0",
        ] {
            assert!(command(frame).is_err(), "{frame:?}");
        }
        let many = [&b"DC"[..], &b"a\0b\0".repeat(MAX_MACROS + 1)].concat();
        assert_eq!(command(&many), Err(Malformed("too many macros")));
        assert!(length([0; 4]).is_err() && length([255; 4]).is_err());
        assert_eq!(length([0, 0, 1, 0]), Ok(256));
    }

    #[test]
    fn replies_are_frames() {
        let mut out = Vec::new();
        Reply::InsertHeader { index: 0, name: "X".into(), value: "a\0b".into() }.write(&mut out);
        Reply::Continue.write(&mut out);
        assert_eq!(out, b"\0\0\0\x0ai\0\0\0\0X\0ab\0\0\0\0\x01c");
        let mut out = Vec::new();
        Reply::RemoveHeader { index: 2, name: "X".into() }.write(&mut out);
        assert_eq!(out, b"\0\0\0\x08m\0\0\0\x02X\0\0");
    }
}
