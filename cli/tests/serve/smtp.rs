//! A client that speaks SMTP with a mail server.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A client that speaks SMTP step by step.
pub(crate) struct Smtp {
    stream: BufReader<TcpStream>,
    to: &'static str,
}

impl Smtp {
    /// A connection that will carry mail to this address.
    pub(crate) fn connect(port: u16, to: &'static str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the mail server listens");
        stream.set_read_timeout(Some(Duration::from_secs(90))).expect("a socket");
        Self { stream: BufReader::new(stream), to }
    }

    /// The last line of an answer.
    pub(crate) fn hear(&mut self) -> String {
        let mut line = String::new();
        while line.is_empty() || line.as_bytes().get(3) == Some(&b'-') {
            line.clear();
            if self.stream.read_line(&mut line).unwrap_or(0) == 0 {
                return "closed".into();
            }
        }
        line
    }

    pub(crate) fn say(&mut self, line: &str) -> String {
        let _ = self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes());
        self.hear()
    }

    /// Says all that comes before the text.
    pub(crate) fn begin(&mut self) -> String {
        self.hear();
        self.say("EHLO client.example.com");
        self.say("MAIL FROM:<ann@localhost>");
        self.say(&format!("RCPT TO:<{}>", self.to));
        self.say("DATA")
    }

    pub(crate) fn text(&mut self, header: &str) {
        let text = format!("From: Ann <ann@example.com>\r\nTo: {}\r\n{header}\r\n\r\nplain text\r\n", self.to);
        let _ = self.stream.get_mut().write_all(text.as_bytes());
    }

    pub(crate) fn end(&mut self) -> String {
        self.say(".")
    }

    /// One mail; the answer that it got in the end.
    pub(crate) fn send(mut self, header: &str) -> String {
        self.begin();
        self.text(header);
        self.end()
    }
}
