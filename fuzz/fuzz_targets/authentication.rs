//! Whatever a sender writes below the border, nothing passes; verification reads any message and any
//! records.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ruleeval::auth;
use ruleeval::dns::{Answer, Kind, Record, Resolver};
use ruleeval::message::authres::AuthResults;
use ruleeval::message::{Envelope, Message, Settings};
use std::sync::Arc;

/// Answers every question with the message's own first bytes.
#[derive(Debug)]
struct Echo(Vec<u8>);

impl Resolver for Echo {
    fn lookup(&self, name: &str, kind: Kind) -> Answer {
        match kind {
            Kind::Txt if name.starts_with("_dmarc") => {
                Answer::Records(vec![Record::Txt(b"v=DMARC1; p=reject".to_vec())])
            }
            Kind::Txt => Answer::Records(vec![Record::Txt(self.0.clone())]),
            Kind::Mx => Answer::Records(vec![Record::Mx(1, name.to_owned())]),
            Kind::A | Kind::Aaaa | Kind::Ptr => Answer::TempError,
        }
    }
}

const HEAD: &str = "Authentication-Results: mx.example.net; spf=fail smtp.mailfrom=x@evil.example; dkim=none; dmarc=fail header.from=bank.example; arc=none\r\nReceived: from evil.example (evil.example [203.0.113.9]) by mx.example.net; x\r\n";

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let _ = AuthResults::parse(&text);
    let ids = || vec!["mx.example.net".to_owned(), "microsoft".to_owned()];
    let sealers = || vec!["google.com".to_owned()];
    let settings = Settings { trusted_authserv_ids: ids(), trusted_arc_sealers: sealers(), ..Settings::default() };
    let raw = [HEAD.as_bytes(), bytes, b"\r\nFrom: a@bank.example\r\n\r\nx"].concat();
    let believed = auth::of(&Message::parse(raw.clone(), Arc::new(settings)));
    for result in [&believed.spf, &believed.dkim, &believed.dmarc, &believed.arc, &believed.compauth] {
        assert_ne!(&**result, "pass", "{text}");
    }
    assert!(believed.authenticated_domains.is_empty());

    let record = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default().to_vec();
    let settings = Settings { resolver: Some(Arc::new(Echo(record))), ..Settings::default() };
    let envelope = Envelope {
        ip: Some("192.0.2.7".parse().expect("an address")),
        mail_from: Some("a@bank.example".into()),
        time: Some(0),
        ..Envelope::default()
    };
    let verified = auth::of(&Message::parse_with(raw, Arc::new(settings), envelope));
    assert_ne!(&*verified.dkim, "pass");
    assert_ne!(&*verified.arc, "pass");
});
