//! Mailboxes of the mbox family (RFC 4155 and what programs write): mboxo, mboxrd, without blank
//! lines between messages, with any line ends and any encoding.

use crate::corpus::item::{Content, Item, MAX_MESSAGE};
use crate::corpus::walk::Flow;
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;

/// Longest piece of a line that is looked at together.
const PIECE: u64 = 64 << 10;

/// The messages of a mailbox, without their `From ` lines and with one `>` less before quoted
/// ones.
///
/// A line that begins with `From ` separates messages if a blank line or nothing stands before
/// it, or if it bears a time and a year as mail programs write them; and in any case only if a
/// header field or nothing follows. A sentence that begins with "From" separates nothing.
#[derive(Debug)]
pub struct Mbox<R> {
    reader: R,
    ahead: Option<Piece>,
    /// The last piece ended a line.
    at_line_start: bool,
    started: bool,
    failed: bool,
}

#[derive(Clone, Debug)]
struct Piece {
    bytes: Vec<u8>,
    starts_line: bool,
}

impl<R: BufRead> Mbox<R> {
    /// Reads a mailbox.
    pub fn new(reader: R) -> Self {
        Self { reader, ahead: None, at_line_start: true, started: false, failed: false }
    }

    fn read(&mut self) -> std::io::Result<Option<Piece>> {
        let mut bytes = Vec::new();
        let starts_line = self.at_line_start;
        if Read::by_ref(&mut self.reader).take(PIECE).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        self.at_line_start = bytes.ends_with(b"\n");
        Ok(Some(Piece { bytes, starts_line }))
    }

    fn next_piece(&mut self) -> std::io::Result<Option<Piece>> {
        if let Some(piece) = self.ahead.take() {
            return Ok(Some(piece));
        }
        self.read()
    }

    fn peek(&mut self) -> std::io::Result<Option<&Piece>> {
        if self.ahead.is_none() {
            self.ahead = self.read()?;
        }
        Ok(self.ahead.as_ref())
    }

    fn separates(&mut self, piece: &Piece, after_blank: bool) -> std::io::Result<bool> {
        if !piece.starts_line || !piece.bytes.starts_with(b"From ") || !(after_blank || is_dated(&piece.bytes)) {
            return Ok(false);
        }
        Ok(self.peek()?.is_none_or(|next| begins_message(&next.bytes)))
    }

    fn message(&mut self) -> std::io::Result<Option<Message>> {
        let mut message = Message::default();
        let mut after_blank = true;
        let mut any = false;
        while let Some(piece) = self.next_piece()? {
            if self.separates(&piece, after_blank)? {
                if any || std::mem::replace(&mut self.started, true) {
                    // The line that begins the mailbox ends no message.
                    self.started = true;
                    return Ok(Some(message.without_last_blank()));
                }
                continue;
            }
            self.started = true;
            any = true;
            after_blank = piece.starts_line && is_blank(&piece.bytes);
            message.push(&piece);
        }
        Ok(any.then(|| message.without_last_blank()))
    }
}

impl<R: BufRead> Iterator for Mbox<R> {
    type Item = Result<Vec<u8>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        match self.message() {
            Ok(None) => None,
            Ok(Some(message)) if message.too_large => Some(Err(format!("larger than {MAX_MESSAGE} bytes"))),
            Ok(Some(message)) => Some(Ok(message.bytes)),
            Err(error) => {
                self.failed = true;
                Some(Err(format!("the mailbox ends here: {error}")))
            }
        }
    }
}

#[derive(Debug, Default)]
struct Message {
    bytes: Vec<u8>,
    too_large: bool,
}

impl Message {
    fn push(&mut self, piece: &Piece) {
        if (self.bytes.len() + piece.bytes.len()) as u64 > MAX_MESSAGE {
            self.too_large = true;
            self.bytes = Vec::new();
        }
        if !self.too_large {
            let quoted = piece.starts_line && is_quoted(&piece.bytes);
            self.bytes.extend_from_slice(&piece.bytes[usize::from(quoted)..]);
        }
    }

    /// The blank line before the next message belongs to the mailbox.
    fn without_last_blank(mut self) -> Self {
        for blank in [&b"\r\n\r\n"[..], b"\n\n"] {
            if self.bytes.ends_with(blank) {
                self.bytes.truncate(self.bytes.len() - blank.len() / 2);
                break;
            }
        }
        self
    }
}

fn is_blank(line: &[u8]) -> bool {
    line == b"\n" || line == b"\r\n"
}

/// `>From `, `>>From ` ...
fn is_quoted(line: &[u8]) -> bool {
    let depth = line.iter().take_while(|byte| **byte == b'>').count();
    depth > 0 && line[depth..].starts_with(b"From ")
}

/// A header field.
fn begins_message(line: &[u8]) -> bool {
    let name = line.iter().take_while(|byte| byte.is_ascii_graphic() && **byte != b':').count();
    name > 0 && line.get(name) == Some(&b':')
}

/// `Thu Jan  1 00:00:00 1970` somewhere: a time with colons and a year.
fn is_dated(line: &[u8]) -> bool {
    let words = || line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let is_time = |word: &[u8]| {
        matches!(word, [a, b, b':', c, d, ..] if [a, b, c, d].into_iter().all(u8::is_ascii_digit))
            || matches!(word, [a, b':', c, d, ..] if [a, c, d].into_iter().all(u8::is_ascii_digit))
    };
    let is_year = |word: &[u8]| word.len() == 4 && word.iter().all(u8::is_ascii_digit);
    words().any(is_time) && words().any(is_year)
}

/// Hands every message to `sink`. A mailbox of one message is that message, with its name.
pub(super) fn read(id: &str, reader: &mut dyn Read, sink: &mut dyn FnMut(Item) -> Flow) -> Flow {
    let mut messages = Mbox::new(BufReader::new(reader));
    let Some(first) = messages.next() else { return ControlFlow::Continue(()) };
    let mut following = messages.peekable();
    if following.peek().is_none() {
        return sink(item(id.to_owned(), first));
    }
    for (index, message) in std::iter::once(first).chain(following).enumerate() {
        sink(item(format!("{id}#{}", index + 1), message))?;
    }
    ControlFlow::Continue(())
}

fn item(id: String, message: Result<Vec<u8>, String>) -> Item {
    match message {
        Ok(bytes) => Item::new(id, Content::Bytes(bytes)),
        Err(reason) => Item::unreadable(id, reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &[u8]) -> Vec<String> {
        Mbox::new(text).map(|message| String::from_utf8_lossy(&message.expect("read")).into_owned()).collect()
    }

    #[test]
    fn messages_end_at_separators_only() {
        let text =
            b"From a@b Thu Jan  1 00:00:00 1970\nSubject: 1\n\nFrom here on all is well.\n>From the start\n>>From\n\n\
From here it is a sentence too\nand goes on\n\nFrom c@d Fri Jan  2 00:00:00 1970\nSubject: 2\n\nx\n";
        assert_eq!(
            messages(text),
            [
                "Subject: 1\n\nFrom here on all is well.\nFrom the start\n>>From\n\nFrom here it is a sentence too\nand goes on\n",
                "Subject: 2\n\nx\n"
            ]
        );
    }

    #[test]
    fn broken_mailboxes() {
        // No blank line before a dated separator; CRLF; bytes of no encoding; empty messages.
        let text = b"From a Thu Jan  1 00:00:00 1970\r\nSubject: \xff\r\n\r\nx\r\nFrom b Thu Jan  1 0:00:00 1970\r\nA: b\r\n\r\ny\r\n\r\n";
        assert_eq!(messages(text), ["Subject: \u{fffd}\r\n\r\nx\r\n", "A: b\r\n\r\ny\r\n"]);
        // Something before the first separator is a message too.
        assert_eq!(messages(b"A: b\n\nx\n\nFrom c\nD: e\n\n"), ["A: b\n\nx\n", "D: e\n"]);
        assert!(messages(b"").is_empty());
        assert!(messages(b"From a\n").is_empty());
        assert_eq!(messages(b"no mail"), ["no mail"]);
    }

    #[test]
    fn a_line_of_any_length_is_one_line() {
        let mut text = b"From a\nA: b\n\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', 3 * PIECE as usize));
        text.extend(b"From c\nD: e\n\nFrom f\nG: h\n");
        let found = messages(&text);
        assert_eq!(found.len(), 2);
        assert!(found[0].ends_with("xFrom c\nD: e\n"), "{:?}", &found[0][found[0].len() - 20..]);
    }
}
