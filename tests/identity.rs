//! Claimed, authenticated and destination identities.

use ruleeval::identity::{Identity, brand_claims};
use ruleeval::message::{Message, Settings};
use std::sync::Arc;

fn message(raw: &str) -> Arc<Message> {
    let settings = Settings { trusted_authserv_ids: vec!["mx.example.net".into()], ..Settings::default() };
    Message::parse(raw.as_bytes(), Arc::new(settings))
}

const BORDER: &str = "Authentication-Results: mx.example.net; dmarc=pass header.from=forms.example\n\
    Received: from a (a.forms.example [203.0.113.9]) by mx.example.net; x\n";

#[test]
fn identities_of_a_notification() {
    let raw = format!(
        "{BORDER}From: \"help@bank.example via FormTool\" <member@mail.forms.example>\nReply-To: x@evil.example, y@forms.example\n\
         Content-Type: text/html\n\n<a href=https://pay.evil.example/>Pay</a> <a href=https://www.forms.example/>x</a> <a href=https://evil.example/2>y</a>"
    );
    let identity = Identity::of(&message(&raw));
    let names = |list: &[Arc<str>]| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    assert_eq!(identity.sender.as_ref().map(|sender| &*sender.domain), Some("mail.forms.example"));
    assert_eq!(names(&identity.authenticated), "mail.forms.example");
    assert_eq!((names(&identity.reply_to), identity.foreign_reply_to), ("evil.example forms.example".into(), true));
    assert_eq!(names(&identity.links), "evil.example forms.example");
    assert_eq!(names(&identity.foreign_links), "evil.example");
    assert_eq!((names(&identity.named), identity.foreign_name), ("bank.example".into(), true));
    let via = identity.via.as_ref().map(|(person, service)| (&**person, &**service));
    assert_eq!(via, Some(("help@bank.example", "FormTool")));
}

#[test]
fn nothing_foreign_in_plain_mail() {
    let identity =
        Identity::of(&message("From: Ann <ann@example.com>\nReply-To: ann@mail.example.com\n\nsee www.example.com"));
    assert!(!identity.foreign_reply_to && !identity.foreign_name && identity.foreign_links.is_empty());
    assert!(identity.via.is_none() && identity.authenticated.is_empty());
    let empty = Identity::of(&message(""));
    assert!(empty.sender.is_none() && empty.links.is_empty() && !empty.foreign_reply_to);
}

#[test]
fn claims_of_brands() {
    let brands = ["Example Pay = pay.example, forms.example", "Norton", "Geek Squad = squad.example", "pine"];
    let raw = format!(
        "{BORDER}From: \"Exаmple Pay Support\" <x@forms.example>\nSubject: Nor\u{200b}ton invoice\nContent-Type: text/html; charset=utf-8\n\n\
         Call the geek-squad now, pineapple. <a href=https://evil.example/><img alt=\"Example Pay\"></a>"
    );
    let claims = brand_claims(&message(&raw), &brands);
    let read: Vec<String> = claims
        .iter()
        .map(|c| {
            format!(
                "{} {:?} {} {} {} {}",
                c.brand, c.places, c.authenticated, c.sender_owned, c.leads_home, c.leads_elsewhere
            )
        })
        .collect();
    assert_eq!(
        read,
        [
            "Example Pay [\"display_name\", \"link_text\"] true true false true",
            "Norton [\"subject\"] false false false true",
            "Geek Squad [\"body\"] false false false true",
        ]
    );
    assert!(brand_claims(&message(&raw), &["", "=", "= x.example", " "]).is_empty());
}

/// What is left out of a long text is reported.
#[test]
fn limits_of_brand_claims_are_reported() {
    let links = "<a href=\"https://a.example/\">x</a>".repeat(501);
    let text = "word ".repeat(60_000);
    let raw = format!("From: a@b.example\nContent-Type: text/html\n\n<p>{text}</p>{links}");
    let message = ruleeval::message::Message::parse(raw.into_bytes(), std::sync::Arc::default());
    let _ = ruleeval::identity::brand_claims(&message, &["Bank"]);
    let limits = message.limits_hit();
    assert!(limits.iter().any(|limit| limit.starts_with("brand_claims: 262144 of ")), "{limits:?}");
    assert!(limits.contains(&"brand_claims: texts of 500 of 501 links read".to_owned()), "{limits:?}");
}
