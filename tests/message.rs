//! What messages look like to rules: structure, addresses, headers, odd and hostile mail.

use ruleeval::message::{Domain, EmailAddress, Limits, Mailbox, Message, Settings, Subject, Url};
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn parse(raw: &str) -> Arc<Message> {
    Message::parse(raw.as_bytes(), Arc::new(Settings::default()))
}

fn kinds(message: &Message) -> Vec<&'static str> {
    message.anomalies().iter().map(|anomaly| anomaly.kind).collect()
}

fn sender(message: &Message) -> (Option<String>, Option<String>) {
    let sender = message.sender();
    let name = sender.and_then(|mailbox| mailbox.display_name.as_deref()).map(str::to_owned);
    let email = sender.and_then(|mailbox| mailbox.email.as_ref()).map(|email| email.email.to_string());
    (name, email)
}

fn pairs(list: &str) -> Vec<(String, String)> {
    let mailboxes = Mailbox::parse_list(list);
    let text = |text: Option<&Arc<str>>| text.map(ToString::to_string).unwrap_or_default();
    let pair = |mailbox: &Arc<Mailbox>| {
        (text(mailbox.display_name.as_ref()), text(mailbox.email.as_ref().map(|email| &email.email)))
    };
    mailboxes.iter().map(pair).collect()
}

fn pair(name: &str, email: &str) -> (String, String) {
    (name.into(), email.into())
}

#[test]
fn one_mailbox_in_its_many_spellings() {
    let cases = [
        ("a@example.com", "", "a@example.com"),
        ("<A@Example.COM>", "", "a@example.com"),
        ("Ann Doe <a@example.com>", "Ann Doe", "a@example.com"),
        ("\"Doe, Ann\" <a@example.com>", "Doe, Ann", "a@example.com"),
        ("=?utf-8?Q?PayPal=2C_Inc?= <a@example.com>", "PayPal, Inc", "a@example.com"),
        (
            "=?utf-8?Q?ceo=40bank.example_=3Cceo=40bank.example=3E?= <a@example.com>",
            "ceo@bank.example <ceo@bank.example>",
            "a@example.com",
        ),
        ("service@paypal.com (x) <x@evil.example>", "service@paypal.com", "x@evil.example"),
        ("a@example.com (Ann Doe)", "Ann Doe", "a@example.com"),
        ("Ann <b@example.org> <a@example.com>", "Ann <b@example.org>", "a@example.com"),
        ("\"a b\"@example.com", "", "a b@example.com"),
        ("<@relay.example:a@example.com>", "", "a@example.com"),
        ("Ann <a@example.com", "Ann", "a@example.com"),
        ("phishing@pot@example.com", "", "phishing@pot@example.com"),
        ("Mailer-Daemon", "Mailer-Daemon", ""),
        ("Ann <not an address>", "Ann", ""),
        ("<>", "", ""),
    ];
    for (text, name, email) in cases {
        let found = pairs(text);
        let expected = if name.is_empty() && email.is_empty() { vec![] } else { vec![pair(name, email)] };
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn lists_and_groups() {
    assert_eq!(
        pairs("a@example.com, \"x, y\" <b@example.com>,, team: c@example.com, d@example.com; e@example.com"),
        [
            pair("", "a@example.com"),
            pair("x, y", "b@example.com"),
            pair("", "c@example.com"),
            pair("", "d@example.com"),
            pair("", "e@example.com"),
        ]
    );
    assert_eq!(pairs("undisclosed-recipients:;"), [pair("undisclosed-recipients", "")]);
    assert_eq!(pairs("Undisclosed recipients: ;"), [pair("Undisclosed recipients", "")]);
    assert_eq!(pairs("a@example.com; b@example.com"), [pair("", "a@example.com"), pair("", "b@example.com")]);
}

#[test]
fn address_lists_cost_linear_time() {
    let hostile = ["(", "\"", "<", ":", "\"\\", "a:b;", ",", "=?", "x:", "( \" <"];
    for piece in hostile {
        let text = piece.repeat(1_000_000 / piece.len());
        let start = Instant::now();
        let _ = Mailbox::parse_list(&text);
        assert!(start.elapsed() < Duration::from_mins(1), "{piece} took {:?}", start.elapsed());
    }
}

#[test]
fn domains_by_the_public_suffix_list() {
    let domain = |name: &str| Domain::parse(name).expect("a domain");
    let found = domain("WWW.Example.Co.UK.");
    assert_eq!(&*found.domain, "www.example.co.uk");
    assert_eq!(found.root_domain.as_deref(), Some("example.co.uk"));
    assert_eq!(found.sld.as_deref(), Some("example"));
    assert_eq!(found.subdomain.as_deref(), Some("www"));
    assert_eq!(found.tld.as_deref(), Some("co.uk"));
    assert!(found.valid);
    let hosted = domain("a.b.github.io");
    assert_eq!(hosted.root_domain.as_deref(), Some("github.io"));
    assert_eq!(hosted.registrable_domain.as_deref(), Some("b.github.io"));
    assert_eq!(domain("bücher.example").punycode.as_deref(), Some("xn--bcher-kva.example"));
    assert!(domain("mail.partner.example").valid);
    for bad in ["localhost", "co.uk", "theskimm,com", "a..example.com", "exa mple.com", "host.notatld9x"] {
        assert!(!Domain::parse(bad).is_some_and(|domain| domain.valid), "{bad}");
    }
    for none in ["", " . ", "192.0.2.1", "[192.0.2.1]", "2001:db8::1"] {
        assert!(Domain::parse(none).is_none(), "{none}");
    }
}

#[test]
fn email_addresses() {
    let email = EmailAddress::parse("Ann@MÜLLER.example").expect("an address");
    assert_eq!(&*email.email, "ann@xn--mller-kva.example");
    assert_eq!(email.local_part.as_deref(), Some("ann"));
    assert_eq!(
        EmailAddress::parse("mailto:a@example.com").map(|e| e.email.to_string()).as_deref(),
        Some("a@example.com")
    );
    for none in ["", "@", "a@", "@example.com", "example.com", "a@b c"] {
        assert!(EmailAddress::parse(none).is_none(), "{none}");
    }
}

#[test]
fn urls_as_they_are_meant() {
    let host =
        |text: &str| Url::parse(text).and_then(|url| url.domain.as_ref().map(|domain| domain.domain.to_string()));
    assert_eq!(host("hxxps://evil[.]example.com/x").as_deref(), Some("evil.example.com"));
    assert_eq!(host("//evil.example.com").as_deref(), Some("evil.example.com"));
    assert_eq!(host("example.com/x").as_deref(), Some("example.com"));
    assert_eq!(host("mailto:a@example.com"), None);
    assert!(Url::parse("/path").is_none());
    assert!(Url::parse("#top").is_none());
    let odd = Url::parse("http://0x7f.1/").expect("a URL");
    assert_eq!(odd.ip.map(|ip| ip.to_string()).as_deref(), Some("127.0.0.1"));
    let query = Url::parse("https://u:p@example.com:8080/a?b=1&b=%202#c").expect("a URL");
    assert_eq!(query.query_params_decoded["b"], ["1", " 2"]);
    assert_eq!(query.port, Some(8080));
    assert_eq!(query.username.as_deref(), Some("u"));
    assert_eq!(query.fragment.as_deref(), Some("c"));
}

#[test]
fn subjects_without_their_prefixes() {
    let cases = [
        ("Re: a", "a", true, false),
        ("RE[2]: AW: a", "a", true, false),
        ("Fwd: Re: a", "a", true, true),
        ("WG: a: b", "a: b", false, true),
        ("回复：a", "a", true, false),
        ("Important: a", "Important: a", false, false),
        ("[list] a", "[list] a", false, false),
        ("", "", false, false),
    ];
    for (text, base, reply, forward) in cases {
        let subject = Subject::parse(Some(text));
        assert_eq!(subject.base.as_deref(), Some(base), "{text}");
        assert_eq!((subject.is_reply, subject.is_forward), (reply, forward), "{text}");
    }
    assert_eq!(Subject::parse(None), Subject::default());
}

const MIXED: &str = "From: Ann <a@example.com>\r\nSubject: s\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\npreamble\r\n\
    --o\r\nContent-Type: multipart/alternative; boundary=\"i\"\r\n\r\n--i\r\n\r\nplain\r\n--i\r\n\
    Content-Type: text/html\r\n\r\n<p>html</p>\r\n--i--\r\n--o\r\nContent-Type: application/pdf; name=a.pdf\r\n\
    Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--o--\r\n";

#[test]
fn bodies_and_attachments() {
    let message = parse(MIXED);
    assert_eq!(message.plain_text().as_deref(), Some("plain"));
    assert_eq!(message.html_text().as_deref(), Some("<p>html</p>"));
    let numbers: Vec<&str> = message.parts().iter().map(|part| part.number.as_str()).collect();
    assert_eq!(numbers, ["", "1", "1.1", "1.2", "2"]);
    let [file] = message.attachments() else { panic!("one attachment") };
    assert_eq!(file.file_name.as_deref(), Some("a.pdf"));
    assert_eq!(&*file.bytes, b"%PDF-");
    assert!(kinds(&message).is_empty(), "{:?}", message.anomalies());
    let part = &message.parts()[4];
    assert_eq!(&message.raw()[part.raw_range.clone()], b"JVBERi0=");
}

#[test]
fn text_that_other_parsers_lose() {
    let html = |head: &str, body: &str| {
        let raw = format!("From: a@example.com\r\nContent-Type: text/html\r\n{head}\r\n\r\n{body}");
        parse(&raw).html_text().map(|text| text.to_string())
    };
    assert_eq!(html("Content-Transfer-Encoding: base64", "PGI+!!!aGk8L2I+").as_deref(), Some("<b>hi</b>"));
    assert_eq!(html("Content-Transfer-Encoding: base64 (x)", "PGI+aGk8L2I+").as_deref(), Some("<b>hi</b>"));
    assert_eq!(html("Content-Transfer-Encoding: quoted-printable", "=3Cb=3Ehi=ZZ").as_deref(), Some("<b>hi=ZZ"));
    assert_eq!(html("Received:\n\t", "<b>hi</b>").as_deref(), Some("<b>hi</b>"));
    assert_eq!(html("Content-Transfer-Encoding: hexa", "<b>hi</b>").as_deref(), Some("<b>hi</b>"));
}

#[test]
fn boundaries_that_do_not_fit() {
    let never =
        parse("From: a@example.com\nContent-Type: multipart/mixed; boundary=b\n\n<html><body>lost</body></html>\n");
    assert_eq!(never.html_text().as_deref(), Some("<html><body>lost</body></html>\n"));
    assert_eq!(kinds(&never), ["missing-boundary"]);
    let undeclared =
        parse("From: a@example.com\nContent-Type: multipart/mixed\n\n--b\nContent-Type: text/html\n\nx\n--b--\n");
    assert_eq!(undeclared.html_text().as_deref(), Some("x"));
    let open = parse("From: a@example.com\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n");
    assert_eq!(open.plain_text().as_deref(), Some("x\n"));
    assert_eq!(kinds(&open), ["truncated-multipart"]);
    let two = "From: a@example.com\nContent-Type: multipart/mixed; boundary=x; boundary=y\n\n";
    for used in ["x", "y"] {
        let message = parse(&format!("{two}--{used}\nContent-Type: text/html\n\nhi\n--{used}--\n"));
        assert_eq!(message.html_text().as_deref(), Some("hi"));
        assert_eq!(kinds(&message), ["duplicate-boundary"]);
    }
}

#[test]
fn bytes_before_and_between_headers() {
    for junk in ["\u{FEFF}", "\r\n\r\n", "From a@example.com Mon Jan  1 00:00:00 2024\n"] {
        let message = parse(&format!("{junk}From: a@example.com\n\nx"));
        assert_eq!(sender(&message).1.as_deref(), Some("a@example.com"), "{junk:?}");
        assert_eq!(kinds(&message).len(), 1);
    }
    let folded = parse("Subject: a\n \nFrom: a@example.com\n\nbody");
    assert_eq!(sender(&folded).1.as_deref(), Some("a@example.com"));
    assert_eq!(folded.plain_text().as_deref(), Some("body"));
    let old = parse("From: a@example.com\rSubject: s\r\rbody");
    assert_eq!(old.subject().subject.as_deref(), Some("s"));
    assert_eq!(old.plain_text().as_deref(), Some("body"));
    assert_eq!(kinds(&old), ["bare-cr"]);
}

#[test]
fn headers_with_raw_bytes() {
    let raw = b"From: \xE4 <a@example.com>\nSubject: \xC3\xA4\n\nx";
    let message = Message::parse(&raw[..], Arc::new(Settings::default()));
    assert_eq!(sender(&message).0.as_deref(), Some("ä"));
    assert_eq!(message.subject().subject.as_deref(), Some("ä"));
    assert_eq!(kinds(&message), ["raw-8bit-header"]);
}

#[test]
fn what_is_odd_is_named() {
    let cases = [
        ("", "empty-message"),
        ("no header at all", "no-headers"),
        ("From: a@example.com\nFrom: b@example.com\n\nx", "duplicate-header"),
        ("From: a@example.com\n\na\0b", "nul-bytes"),
        ("From: a@example.com\nnonsense\nTo: b@example.com\n\nx", "malformed-header"),
        ("Content-Type: text/plain; charset=klingon\n\nx", "unknown-charset"),
        ("Content-Transfer-Encoding: base64\n\n!!!!", "undecodable-base64"),
        ("Content-Transfer-Encoding: hexa\n\nx", "unknown-transfer-encoding"),
        ("Subject: =?utf-8?Q?=FF?=\n\nx", "undecodable-header"),
    ];
    for (raw, kind) in cases {
        assert_eq!(kinds(&parse(raw)), [kind], "{raw:?}");
    }
    let latin = Message::parse(&b"Content-Type: text/plain; charset=utf-8\n\n\xFF"[..], Arc::default());
    assert_eq!(kinds(&latin), ["charset-undecodable"]);
}

#[test]
fn charsets() {
    let text = |charset: &str, bytes: &[u8]| {
        let raw = [format!("Content-Type: text/plain; charset={charset}\n\n").as_bytes(), bytes].concat();
        Message::parse(raw, Arc::default()).plain_text().map(|text| text.to_string())
    };
    assert_eq!(text("utf-7", b"+AOQ-").as_deref(), Some("ä"));
    assert_eq!(text("iso-8859-1", b"\xE4").as_deref(), Some("ä"));
    assert_eq!(text("us-ascii", "ä".as_bytes()).as_deref(), Some("ä"));
    assert_eq!(text("klingon", "ä".as_bytes()).as_deref(), Some("ä"));
    assert_eq!(text("klingon", b"\xE4").as_deref(), Some("ä"));
    assert_eq!(text("\"u\"tf-8", "ä".as_bytes()).as_deref(), Some("ä"));
    assert_eq!(text("iso-2022-jp", b"\x1b$B$\"\x1b(B").as_deref(), Some("あ"));
}

#[test]
fn alternatives_and_neighbours() {
    let part = |kind: &str, text: &str| format!("--b\nContent-Type: text/{kind}\n\n{text}\n");
    let with = |kind: &str, parts: &[String]| {
        parse(&format!("Content-Type: multipart/{kind}; boundary=b\n\n{}--b--\n", parts.concat()))
    };
    let shown = with("alternative", &[part("plain", "p"), part("html", "good"), part("html", "evil")]);
    assert_eq!(shown.html_text().as_deref(), Some("evil"));
    assert_eq!(shown.attachments().len(), 1);
    assert_eq!(kinds(&shown), ["several-alternatives"]);
    let both = with("mixed", &[part("html", "one"), part("html", "two")]);
    assert_eq!(both.html_text().as_deref(), Some("one\ntwo"));
    assert!(both.attachments().is_empty());
}

#[test]
fn attached_messages_are_messages() {
    let inner = "From: b@example.org\nSubject: inner\n\nhello";
    let raw = format!(
        "From: a@example.com\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n{inner}\n--b--\n"
    );
    let message = parse(&raw);
    let attached = message.attached(&message.parts()[1]).expect("a message");
    assert_eq!(attached.subject().subject.as_deref(), Some("inner"));
    assert_eq!(attached.plain_text().as_deref(), Some("hello"));
    assert!(message.plain_part().is_none());
    assert_eq!(message.attachments().len(), 1);
}

#[test]
fn nesting_costs_linear_time_and_is_reported() {
    let mut raw = String::from("From: a@example.com\n");
    for level in 0..200_000 {
        let _ = write!(raw, "Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n");
    }
    let start = Instant::now();
    let message = parse(&raw);
    assert!(start.elapsed() < Duration::from_mins(1), "{:?}", start.elapsed());
    assert!(message.parts().len() <= 40);
    assert!(kinds(&message).contains(&"too-deep"));
    assert!(message.limits_hit().iter().any(|limit| limit.starts_with("depth")));
}

#[test]
fn limits_are_reported() {
    let limits = Limits { parts: 10, headers: 20, text_bytes: 8, message_bytes: 5_000, ..Limits::default() };
    let settings = Arc::new(Settings { limits, ..Settings::default() });
    let hits = |raw: String| {
        let message = Message::parse(raw.into_bytes(), Arc::clone(&settings));
        let _ = (message.plain_text(), message.html_text());
        (kinds(&message), message.limits_hit().join("\n"))
    };
    let parts = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(50));
    let (found, hit) = hits(parts);
    assert!(found.contains(&"too-many-parts") && hit.contains("parts: only the first 10"), "{hit}");
    let (found, hit) = hits(format!("{}\nx", "X-A: b\n".repeat(50)));
    assert!(found.contains(&"too-many-headers") && hit.contains("headers: 20"), "{hit}");
    let (found, hit) = hits(format!("A: b\n\n{}", "ä".repeat(4_000)));
    assert!(found.contains(&"too-large") && hit.contains("message_bytes"), "{hit}");
    assert!(hit.contains("text_bytes: 8 of"), "{hit}");
}

#[test]
fn any_bytes_give_a_message() {
    let seeds: [&[u8]; 6] = [
        MIXED.as_bytes(),
        b"Received:\n\t",
        b"Received: from (((; \"\n (by\n\nx",
        b"Content-Type: multipart/mixed; boundary=\n\n--\n--\n----\n",
        b"From: <<<>>>@,;:\"(\nTo: =?=?=?=?\nDate: 99 99 99 99:99:99\n\n",
        b"Content-Disposition: attachment; filename*9999999999*=x''%%; filename*=\n\n",
    ];
    let mut state = 1_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    for seed in seeds {
        for _ in 0..400 {
            let mut bytes = seed.to_vec();
            for _ in 0..random() % 8 {
                let at = random() % bytes.len().max(1);
                match random() % 3 {
                    0 => bytes[at] = random() as u8,
                    1 => drop(bytes.drain(..at)),
                    _ => bytes.truncate(at + 1),
                }
                if bytes.is_empty() {
                    break;
                }
            }
            let message = Message::parse(bytes, Arc::default());
            let _ = (message.sender(), message.subject(), message.hops().len(), message.attachments().len());
            let _ = (message.mailboxes("to"), message.anomalies(), message.html_text(), message.plain_text());
            let _ = message.first("date").map(|date| ruleeval::message::date_millis(&date.value));
        }
    }
}

#[test]
fn hops_group_the_fields_of_one_server() {
    let message = parse(
        "X-Top: 1\nReceived: from b.example.org (b.example.org [192.0.2.2]) by a.example.com (Postfix) with ESMTPS id X1\n\
         \tfor <ann@example.com>; Mon, 1 Jan 2024 10:00:00 +0100\nX-Low: 2\nReceived: by b.example.org; nonsense\nFrom: a@example.com\n\nx",
    );
    let [first, second] = message.hops() else { panic!("two hops") };
    let names =
        |fields: &[Arc<ruleeval::message::HopField>]| fields.iter().map(|f| f.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&first.fields), ["X-Top", "Received"]);
    assert_eq!(names(&second.fields), ["X-Low", "Received", "From"]);
    let received = first.received.as_ref().expect("a Received field");
    assert_eq!(received.source.as_deref(), Some("b.example.org (b.example.org [192.0.2.2])"));
    assert_eq!(received.server.as_deref(), Some("a.example.com (Postfix)"));
    assert_eq!(received.mailbox.as_deref(), Some("ann@example.com"));
    assert_eq!(received.time, Some(1_704_099_600_000));
    assert_eq!(second.received.as_ref().and_then(|received| received.time), None);
}

#[test]
fn values_have_their_place() {
    let message = parse(MIXED);
    let place = |path: &str| message.locate(path).map(|found| found.place);
    assert_eq!(place("sender.display_name").as_deref(), Some("From"));
    assert_eq!(place("subject.subject").as_deref(), Some("Subject"));
    assert_eq!(place("body.plain.raw").as_deref(), Some("part 3"));
    assert_eq!(place("body.html.raw").as_deref(), Some("part 4"));
    assert_eq!(place("attachments[0].file_name").as_deref(), Some("part 5"));
    assert_eq!(place("attachments[7].file_name"), None);
    assert_eq!(place("headers.reply_to[0].email.email"), None);
    let bytes = message.locate("subject.subject").expect("a place").bytes;
    assert_eq!(&message.raw()[bytes], b"Subject: s\r\n");
}
