//! The milter interface, against a mail server of a few lines.

use super::support::{Server, mail, until};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// What a mail server offers: Postfix's actions and steps.
const OFFER: (u32, u32) = (0x1ff, 0x1f_ffff);

struct Mta {
    stream: TcpStream,
    steps: u32,
}

impl Mta {
    fn connect(server: &Server) -> Self {
        Self::offering(server, OFFER)
    }

    fn offering(server: &Server, (actions, steps): (u32, u32)) -> Self {
        let stream = TcpStream::connect(server.milter()).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a socket");
        let mut mta = Self { stream, steps: 0 };
        let offer = [6, actions, steps].map(u32::to_be_bytes).concat();
        mta.say(b'O', &offer);
        let agreed = mta.hear();
        assert_eq!((agreed[0], agreed.len()), (b'O', 13));
        mta.steps = u32::from_be_bytes(agreed[9..13].try_into().expect("four"));
        assert_eq!(mta.steps & !steps, 0, "nothing that was not offered");
        mta
    }

    fn say(&mut self, letter: u8, data: &[u8]) {
        let mut frame = (data.len() as u32 + 1).to_be_bytes().to_vec();
        frame.push(letter);
        frame.extend(data);
        let _ = self.stream.write_all(&frame);
    }

    fn hear(&mut self) -> Vec<u8> {
        let mut length = [0; 4];
        if self.stream.read_exact(&mut length).is_err() {
            return Vec::new();
        }
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut frame).expect("a frame");
        frame
    }

    /// Says what is answered unless it was agreed that it is not.
    fn ask(&mut self, letter: u8, data: &[u8], quiet: u32) {
        self.say(letter, data);
        if self.steps & quiet == 0 {
            assert_eq!(self.hear(), b"c");
        }
    }

    fn envelope(&mut self) {
        self.ask(b'C', b"mx.example.com\x004\0\x19192.0.2.1\0", 0x1000);
        self.ask(b'H', b"mx.example.com\0", 0x2000);
        self.say(b'D', b"Mi\x004B8XYZ\0");
        self.ask(b'M', b"<ann@example.com>\0SIZE=100\0", 0x4000);
        self.ask(b'R', b"<bob@example.org>\0", 0x8000);
    }

    fn headers(&mut self, text: &str) {
        let leading = self.steps & 0x10_0000 != 0;
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').expect("a field");
            let value = if leading { value } else { value.trim_start() };
            self.ask(b'L', format!("{name}\0{value}\0").as_bytes(), 0x80);
        }
        self.ask(b'N', b"", 0x40000);
    }

    /// The answers to a whole message.
    fn message(&mut self, headers: &str, body: &[u8]) -> Vec<Vec<u8>> {
        self.headers(headers);
        self.say(b'B', body);
        assert_eq!(self.hear(), b"c");
        self.end()
    }

    fn end(&mut self) -> Vec<Vec<u8>> {
        self.say(b'E', b"");
        let mut heard = Vec::new();
        loop {
            let frame = self.hear();
            let last = frame.is_empty() || matches!(frame[0], b'c' | b'a' | b'r' | b't' | b'y' | b'd');
            heard.push(frame);
            if last {
                return heard;
            }
        }
    }
}

fn texts(frames: &[Vec<u8>]) -> Vec<String> {
    frames.iter().map(|frame| String::from_utf8_lossy(frame).replace('\0', "|")).collect()
}

fn header(subject: &str) -> String {
    mail(subject).split("\r\n\r\n").next().expect("a header").to_owned()
}

#[test]
fn messages_get_what_the_rules_say_with_and_without_shortcuts() {
    let server = Server::start("milter", "");
    // Postfix; a server that answers everything and keeps no leading space; Sendmail 8.13.
    for offer in [OFFER, (0x1ff, 0), (0x3f, 0x7f)] {
        let mut mta = Mta::offering(&server, offer);
        let space = if mta.steps & 0x10_0000 == 0 { "" } else { " " };
        for _ in 0..2 {
            mta.envelope();
            let heard = texts(&mta.message(&header("tag me"), b"hello\r\n"));
            assert!(heard[0].starts_with(&format!("i||||X-Ruleeval-Result|{space}tag; 4.0;")), "{heard:?}");
            assert!(heard[0].contains("pack=demo@1.2.3#") && heard[0].contains("rules=demo/tagged;"));
            assert!(heard[0].is_ascii() && !heard[0].contains('\r'));
            assert_eq!(heard[1..], ["c"]);
        }
        mta.envelope();
        let heard = texts(&mta.message(&header("hold me"), b"hello\r\n"));
        assert_eq!(heard[1..], ["qheld by policy|", "c"]);
        mta.envelope();
        assert!(texts(&mta.message(&header("refuse me"), b"x"))[0].starts_with("y550 5.7.1 "));
        mta.envelope();
        assert!(texts(&mta.message(&header("defer me"), b"x"))[0].starts_with("y451 4.7.1 "));
        mta.envelope();
        let heard = texts(&mta.message(&header("hello"), b"hello\r\n"));
        assert!(heard[0].contains("accept; 0.0;") && heard[1..] == ["c"], "{heard:?}");
        mta.say(b'Q', b"");
        assert_eq!(mta.hear(), b"", "closed");
    }
    server.logged("the queue's id", |line| line["queue_id"] == "4B8XYZ" && line["protocol"] == "milter");
}

#[test]
fn forged_results_are_removed_the_last_first() {
    let server = Server::start("forged", "");
    let mut mta = Mta::connect(&server);
    mta.envelope();
    let forged = "x-ruleeval-result: accept\nX-Ruleeval-Result: accept\nX-RULEEVAL-Other: x\n";
    let heard = texts(&mta.message(&format!("{forged}{}", header("hello")), b"hello\r\n"));
    let removed = ["m|||\u{1}x-ruleeval-other||", "m|||\u{2}x-ruleeval-result||", "m|||\u{1}x-ruleeval-result||"];
    assert_eq!(heard[..3], removed);
    assert!(heard[3].starts_with("i||||X-Ruleeval-Result|"));
}

#[test]
fn an_aborted_message_leaves_nothing_behind() {
    let server = Server::start("abort", "");
    let mut mta = Mta::connect(&server);
    mta.envelope();
    mta.headers(&format!("X-Ruleeval-Result: x\n{}", header("refuse me")));
    mta.say(b'B', &vec![b'x'; 60_000]);
    mta.hear();
    mta.say(b'A', b"");
    mta.envelope();
    let heard = texts(&mta.message(&header("hello"), b"x"));
    assert!(heard[0].starts_with("i||||X-Ruleeval-Result| accept"), "{heard:?}");
    // A new client on the same connection (`K`), and an end of nothing.
    mta.say(b'K', b"");
    mta.envelope();
    mta.say(b'A', b"");
    assert!(texts(&mta.end())[0].starts_with("y451"));
    assert!(server.get("/metrics").text().contains("ruleeval_memory_free_bytes 268435456"));
}

#[test]
fn large_messages_get_what_is_configured_as_they_come() {
    for (policy, during, end) in
        [("accept", "s", "i||||X-Ruleeval-Error| too_large|"), ("reject", "y550", ""), ("tempfail", "y451", "")]
    {
        let service = format!("message_bytes: 100000\nmemory_bytes: 200000\non_oversize: {policy}");
        let server = Server::start(&format!("large_{policy}"), &service);
        let mut mta = Mta::connect(&server);
        mta.envelope();
        mta.headers(&header("refuse me"));
        mta.say(b'B', &vec![b'x'; 60_000]);
        assert_eq!(mta.hear(), b"c");
        mta.say(b'B', &vec![b'x'; 60_000]);
        let heard = String::from_utf8_lossy(&mta.hear()).into_owned();
        assert!(heard.starts_with(during), "{policy}: {heard}");
        assert!(server.get("/metrics").text().contains("ruleeval_memory_free_bytes 200000"), "given back at once");
        if !end.is_empty() {
            assert_eq!(texts(&mta.end()), [end, "c"]);
        }
    }
}

#[test]
fn without_quarantine_a_message_is_deferred_and_never_delivered_as_if_nothing_were() {
    let server = Server::start("no_quarantine", "");
    let mut mta = Mta::offering(&server, (0x01, OFFER.1));
    mta.envelope();
    let heard = texts(&mta.message(&header("hold me"), b"x"));
    assert!(heard.len() == 1 && heard[0].starts_with("y451"), "{heard:?}");
    server.logged("told", |line| line["level"] == "ERROR");
}

#[test]
fn malformed_dialogues_end_and_others_go_on() {
    let server = Server::start("dialogue", "");
    for frame in [
        &b"\0\0\0\0"[..],
        b"\xff\xff\xff\xffO",
        b"\0\0\0\x01M",
        b"\0\0\0\x01Z",
        b"\0\0\0\x0dO\0\0\0\x01\0\0\0\0\0\0\0\0",
    ] {
        let mut stream = TcpStream::connect(server.milter()).expect("it listens");
        stream.write_all(frame).expect("sent");
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(rest.is_empty(), "{frame:?}");
    }
    let mut mta = Mta::connect(&server);
    mta.envelope();
    // A frame that promises more than it has takes no memory for it.
    mta.stream.write_all(b"\0\x0f\0\0B").expect("sent");
    let mut other = Mta::connect(&server);
    other.envelope();
    assert_eq!(texts(&other.message(&header("hello"), b"x")).last().map(String::as_str), Some("c"));
    assert!(server.lines().iter().all(|line| line["message"] != "a task ended by a panic"));
}

#[test]
fn a_message_under_way_is_answered_when_the_service_ends() {
    let mut server = Server::start("milter_drain", "");
    let mut idle = Mta::connect(&server);
    let mut mta = Mta::connect(&server);
    mta.envelope();
    mta.headers(&header("tag me"));
    mta.say(b'B', b"x");
    mta.hear();
    server.signal("TERM");
    assert_eq!(idle.hear(), b"", "idle connections are closed");
    let heard = texts(&mta.end());
    assert!(heard[0].contains("tag; 4.0"), "{heard:?}");
    assert_eq!(server.ended(), 0);
    until("the rest is closed", || mta.hear().is_empty());
}
