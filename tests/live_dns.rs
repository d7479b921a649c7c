//! Live DNS against a real name server on this machine, over UDP and TCP: every kind of record and of
//! failure, and really signed messages verified over it.

#[path = "support/sign.rs"]
#[allow(dead_code)]
mod sign;

use mail_auth::hickory_resolver::proto::op::{Message as Packet, MessageType, ResponseCode};
use mail_auth::hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, MX, PTR, SOA, TXT};
use mail_auth::hickory_resolver::proto::rr::{Name, RData, Record as Row, RecordType};
use ruleeval::auth::{self, Auth};
use ruleeval::dns::{Answer, Kind, Record, Recorded, Recorder, Resolver, reverse};
use ruleeval::live_dns::LiveDns;
use ruleeval::message::{Envelope, Message, Settings};
use sign::{Key, Signer};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

fn name(text: &str) -> Name {
    Name::from_ascii(format!("{text}.")).expect("a name")
}

fn row(owner: &str, data: RData) -> Row {
    Row::from_rdata(name(owner), 300, data)
}

fn text(owner: &str, text: &str) -> Row {
    let pieces = text.as_bytes().chunks(200).collect();
    row(owner, RData::TXT(TXT::from_bytes(pieces)))
}

fn start_of_authority() -> Row {
    row("example", RData::SOA(SOA::new(name("ns.example"), name("root.example"), 1, 60, 60, 60, 60)))
}

/// What the server knows.
fn rows() -> Vec<Row> {
    let address = |owner: &str, ip: &str| match ip.parse().expect("an address") {
        std::net::IpAddr::V4(ip) => row(owner, RData::A(A(ip))),
        std::net::IpAddr::V6(ip) => row(owner, RData::AAAA(AAAA(ip))),
    };
    vec![
        text("bank.example", "v=spf1 mx include:_spf.esp.example -all"),
        text("bank.example", "another text"),
        row("bank.example", RData::MX(MX::new(10, name("MX1.bank.example")))),
        row("bank.example", RData::MX(MX::new(20, name("mx2.bank.example")))),
        address("mx1.bank.example", "192.0.2.7"),
        address("mx1.bank.example", "2001:db8::7"),
        address("mx2.bank.example", "192.0.2.8"),
        row("nomail.bank.example", RData::MX(MX::new(0, Name::root()))),
        row("mail.bank.example", RData::CNAME(CNAME(name("mx1.bank.example")))),
        row(&reverse("192.0.2.7".parse().expect("an address")), RData::PTR(PTR(name("mx1.bank.example")))),
        text("_spf.esp.example", "v=spf1 exists:%{ir}.ok.esp.example ?all"),
        address("9.100.51.198.ok.esp.example", "127.0.0.2"),
        text("_dmarc.bank.example", "v=DMARC1; p=reject"),
        text("r1._domainkey.bank.example", &Key::Rsa2048.record()),
        text("large.bank.example", &"x".repeat(4000)),
    ]
}

/// A name server for [`rows`] and some names of trouble.
struct Server {
    address: SocketAddr,
    over_tcp: Arc<AtomicUsize>,
}

impl Server {
    fn start() -> Self {
        let udp = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let address = udp.local_addr().expect("an address");
        let tcp = TcpListener::bind(address).expect("the same port");
        let over_tcp = Arc::new(AtomicUsize::new(0));
        thread::spawn(move || {
            let mut packet = [0; 4096];
            while let Ok((length, client)) = udp.recv_from(&mut packet) {
                if let Some(answer) = answer(&packet[..length], true) {
                    udp.send_to(&answer, client).expect("sent");
                }
            }
        });
        let count = Arc::clone(&over_tcp);
        thread::spawn(move || {
            for mut stream in tcp.incoming().flatten() {
                let mut length = [0; 2];
                while stream.read_exact(&mut length).is_ok() {
                    let mut packet = vec![0; usize::from(u16::from_be_bytes(length))];
                    stream.read_exact(&mut packet).expect("a packet");
                    count.fetch_add(1, Ordering::Relaxed);
                    let Some(answer) = answer(&packet, false) else { continue };
                    let length = u16::try_from(answer.len()).expect("a length").to_be_bytes();
                    stream.write_all(&[&length[..], &answer].concat()).expect("sent");
                }
            }
        });
        Self { address, over_tcp }
    }

    fn dns(&self) -> LiveDns {
        LiveDns::asking(&[self.address]).expect("a resolver")
    }

    /// Waits less, for questions that nobody answers.
    fn impatient(&self) -> LiveDns {
        self.dns().with_patience(Duration::from_millis(200))
    }
}

/// The answer to a packet; `None` if there is none.
fn answer(packet: &[u8], is_udp: bool) -> Option<Vec<u8>> {
    let mut packet = Packet::from_vec(packet).expect("a question");
    let (asked, kind) = (packet.queries[0].name().clone(), packet.queries[0].query_type());
    packet.metadata.message_type = MessageType::Response;
    packet.additionals.clear();
    let owner = asked.to_ascii().to_ascii_lowercase();
    packet.metadata.response_code = match owner.split('.').next() {
        Some("silent") => return None,
        Some("servfail") => ResponseCode::ServFail,
        Some("refused") => ResponseCode::Refused,
        _ => resolve(&mut packet, &asked, kind),
    };
    let bytes = packet.to_vec().expect("a packet");
    if !is_udp || bytes.len() <= 1200 {
        return Some(bytes);
    }
    packet.metadata.truncation = true;
    packet.answers.clear();
    Some(packet.to_vec().expect("a packet"))
}

/// Puts what there is under a name into a packet, behind its aliases.
fn resolve(packet: &mut Packet, asked: &Name, kind: RecordType) -> ResponseCode {
    let rows = rows();
    let mut owner = asked.to_lowercase();
    loop {
        let own: Vec<&Row> = rows.iter().filter(|row| row.name.to_lowercase() == owner).collect();
        if let Some(RData::CNAME(CNAME(target))) = own.first().map(|row| &row.data) {
            packet.add_answer(own[0].clone());
            owner = target.to_lowercase();
            continue;
        }
        packet.add_answers(own.iter().filter(|row| row.record_type() == kind).map(|row| (*row).clone()));
        let below = rows.iter().any(|row| owner.zone_of(&row.name.to_lowercase()));
        if packet.answers.is_empty() {
            packet.add_authority(start_of_authority());
        }
        return if below { ResponseCode::NoError } else { ResponseCode::NXDomain };
    }
}

fn records(answer: Answer) -> Vec<String> {
    let Answer::Records(records) = answer else { return vec![format!("{answer:?}")] };
    let mut shown: Vec<String> = records
        .iter()
        .map(|record| match record {
            Record::Txt(text) => String::from_utf8_lossy(text).into_owned(),
            Record::Ip(ip) => ip.to_string(),
            Record::Mx(preference, host) => format!("{preference} {host}"),
            Record::Ptr(host) => host.clone(),
        })
        .collect();
    shown.sort();
    shown
}

#[test]
fn every_kind_of_answer() {
    let server = Server::start();
    let dns = server.dns();
    let rows: [(&str, Kind, &[&str]); 13] = [
        ("nomail.bank.example", Kind::Mx, &["0 "]),
        ("bank.example", Kind::Txt, &["another text", "v=spf1 mx include:_spf.esp.example -all"]),
        ("bank.example", Kind::Mx, &["10 mx1.bank.example", "20 mx2.bank.example"]),
        ("mx1.bank.example", Kind::A, &["192.0.2.7"]),
        ("mx1.bank.example", Kind::Aaaa, &["2001:db8::7"]),
        ("mx2.bank.example", Kind::Aaaa, &[]),
        ("7.2.0.192.in-addr.arpa", Kind::Ptr, &["mx1.bank.example"]),
        ("mail.bank.example", Kind::A, &["192.0.2.7"]),
        ("ok.esp.example", Kind::A, &[]),
        ("nobody.bank.example", Kind::A, &["NxDomain"]),
        ("servfail.bank.example", Kind::Txt, &["TempError"]),
        ("refused.bank.example", Kind::A, &["TempError"]),
        ("a..b", Kind::A, &["NxDomain"]),
    ];
    for (name, kind, wanted) in rows {
        assert_eq!(records(dns.lookup(name, kind)), wanted, "{name} {}", kind.name());
    }
}

#[test]
fn what_does_not_fit_into_a_packet_comes_over_tcp() {
    let server = Server::start();
    let found = records(server.dns().lookup("large.bank.example", Kind::Txt));
    assert_eq!(found, ["x".repeat(4000)]);
    assert_eq!(server.over_tcp.load(Ordering::Relaxed), 1);
}

#[test]
fn nobody_answers() {
    let server = Server::start();
    assert_eq!(server.impatient().lookup("silent.bank.example", Kind::Txt), Answer::TempError);
    let nobody = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
    let dns = LiveDns::asking(&[nobody]).expect("a resolver").with_patience(Duration::from_millis(500));
    assert_eq!(dns.lookup("bank.example", Kind::Txt), Answer::TempError);
}

const MAIL: &str = "From: Ann <ann@bank.example>\r\nTo: bob@example.net\r\nSubject: Statement\r\n\
    Date: Tue, 2 Jan 2024 10:00:00 +0000\r\nMessage-ID: <1@bank.example>\r\n\r\nHello Bob.\r\n";

fn verify(dns: Arc<dyn Resolver>, ip: &str, raw: &str) -> Arc<Auth> {
    let envelope = Envelope {
        ip: Some(ip.parse().expect("an address")),
        helo: Some("mail.bank.example".into()),
        mail_from: Some("bounce@bank.example".into()),
        ..Envelope::default()
    };
    let settings = Settings { resolver: Some(dns), ..Settings::default() };
    auth::of(&Message::parse_with(raw.as_bytes(), Arc::new(settings), envelope))
}

fn results(auth: &Auth) -> String {
    format!("{}/{}/{}", auth.spf, auth.dkim, auth.dmarc)
}

/// Over live DNS and over what was recorded of it.
#[test]
fn signed_messages_are_verified() {
    let server = Server::start();
    let recorder = Arc::new(Recorder::new(Arc::new(server.impatient())));
    let signed = Signer::new("bank.example", Key::Rsa2048).sign(MAIL);
    let silent = Signer { selector: "silent", ..Signer::new("bank.example", Key::Rsa2048) }.sign(MAIL);
    let unknown = Signer { selector: "other", ..Signer::new("bank.example", Key::Rsa2048) }.sign(MAIL);
    let rows = [
        ("192.0.2.8", signed.clone(), "pass/pass/pass"),
        ("2001:db8::7", signed.clone(), "pass/pass/pass"),
        ("198.51.100.9", signed.clone(), "pass/pass/pass"),
        ("203.0.113.1", signed.clone(), "fail/pass/pass"),
        ("203.0.113.1", signed.replace("Bob", "Eve"), "fail/fail/fail"),
        ("203.0.113.1", silent, "fail/temperror/temperror"),
        ("203.0.113.1", unknown, "fail/permerror/fail"),
    ];
    for (ip, raw, wanted) in &rows {
        let dns: Arc<dyn Resolver> = recorder.clone();
        assert_eq!(results(&verify(dns, ip, raw)), *wanted, "{ip}");
    }
    let recorded: Arc<dyn Resolver> = Arc::new(Recorded::parse(&recorder.recorded().to_string()).expect("a file"));
    for (ip, raw, wanted) in &rows {
        assert_eq!(results(&verify(Arc::clone(&recorded), ip, raw)), *wanted, "recorded: {ip}");
    }
}
