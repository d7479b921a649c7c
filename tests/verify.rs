//! Own verification on messages that are really signed, offline: SPF, DKIM, DMARC, ARC, and each
//! known fault of the library under a name of its own.

#[path = "support/sign.rs"]
mod sign;
#[path = "support/signed.rs"]
mod signed;

use ruleeval::auth::{self, Auth};
use ruleeval::dns::Recorded;
use ruleeval::message::{Envelope, Message, Settings};
use sign::{Key, Signer};
use std::path::Path;
use std::sync::Arc;

const FROM: &str = "From: Ann <ann@bank.example>\r\n";
const REST: &str = "To: bob@example.net\r\nSubject: Your  statement\r\n\tof May\r\nDate: Tue, 2 Jan 2024 10:00:00 +0000\r\nMessage-ID: <1@bank.example>\r\n";
const BODY: &str = "\r\nHello  Bob, \r\n\r\nhere it is.\r\n";

/// When the messages came: 2024-01-02T10:00:05Z.
const TIME: i64 = 1_704_189_605_000;

fn plain() -> String {
    format!("{FROM}{REST}{BODY}")
}

fn zone() -> String {
    let key = |name: &str, key: Key| format!("{name} TXT \"{}\"\n", key.record());
    [
        "bank.example TXT \"v=spf1 ip4:192.0.2.0/24 include:_spf.esp.example -all\"\n".to_owned(),
        "_spf.esp.example TXT \"v=spf1 a:out.esp.example ?all\"\nout.esp.example A 198.51.100.7\nout.esp.example AAAA 2001:db8::7\n".to_owned(),
        "_dmarc.bank.example TXT \"v=DMARC1; p=reject; sp=quarantine\"\n".to_owned(),
        "_dmarc.strict.example TXT \"v=DMARC1; p=none; adkim=s; aspf=s\"\n".to_owned(),
        "strict.example TXT \"v=spf1 -all\"\nmail.strict.example TXT \"v=spf1 ip4:192.0.2.7 -all\"\n".to_owned(),
        "evil.example TXT \"v=spf1 +all\"\n".to_owned(),
        key("r1._domainkey.bank.example", Key::Rsa2048),
        key("e1._domainkey.bank.example", Key::Ed25519),
        key("old._domainkey.bank.example", Key::Rsa1024),
        key("tiny._domainkey.bank.example", Key::Rsa512),
        key("r1._domainkey.mail.bank.example", Key::Rsa2048),
        key("r1._domainkey.mail.strict.example", Key::Rsa2048),
        key("r1._domainkey.strict.example", Key::Rsa2048),
        key("r1._domainkey.evil.example", Key::Rsa2048),
        key("r1._domainkey.list.example", Key::Rsa2048),
        key("r1._domainkey.google.example", Key::Rsa1024),
        "gone._domainkey.bank.example TXT \"v=DKIM1; p=\"\n".to_owned(),
        "slow._domainkey.bank.example TXT TEMPERROR\n".to_owned(),
        format!("chat._domainkey.bank.example TXT \"{}; s=xmpp\"\n", Key::Rsa2048.record()),
        format!("exact._domainkey.bank.example TXT \"{}; t=s\"\n", Key::Rsa2048.record()),
    ]
    .concat()
}

fn envelope() -> Envelope {
    Envelope {
        ip: Some("192.0.2.7".parse().expect("an address")),
        helo: Some("mail.bank.example".into()),
        mail_from: Some("bounce@bank.example".into()),
        rcpt_to: vec!["bob@example.net".into()],
        time: Some(TIME),
    }
}

fn settings(zone: &str) -> Settings {
    let recorded = Recorded::parse(zone).expect("recorded DNS");
    Settings { resolver: Some(Arc::new(recorded)), ..Settings::default() }
}

fn read(settings: Settings, raw: &str, envelope: Envelope) -> Arc<Auth> {
    auth::of(&Message::parse_with(raw.as_bytes(), Arc::new(settings), envelope))
}

/// `spf/dkim/dmarc/arc domains`
fn text(auth: &Auth) -> String {
    let domains: Vec<&str> = auth.authenticated_domains.iter().map(|domain| &**domain).collect();
    format!("{}/{}/{}/{} {}", auth.spf, auth.dkim, auth.dmarc, auth.arc, domains.join(" ")).trim_end().to_owned()
}

fn verified(raw: &str) -> String {
    text(&read(settings(&zone()), raw, envelope()))
}

fn reasons(raw: &str) -> String {
    let auth = read(settings(&zone()), raw, envelope());
    auth.sources[0].reasons.join("; ")
}

fn signer() -> Signer {
    Signer::new("bank.example", Key::Rsa2048)
}

#[test]
fn signed_messages() {
    let raw = plain();
    let by = |selector, key| Signer { selector, ..Signer::new("bank.example", key) };
    let rows: Vec<(&str, String, &str)> = vec![
        ("rsa", signer().sign(&raw), "pass/pass/pass/none bank.example"),
        ("ed25519", Signer::new("bank.example", Key::Ed25519).sign(&raw), "pass/pass/pass/none bank.example"),
        ("rsa of 1024 bits", by("old", Key::Rsa1024).sign(&raw), "pass/pass/pass/none bank.example"),
        ("simple", Signer { form: ("simple", "simple"), ..signer() }.sign(&raw), "pass/pass/pass/none bank.example"),
        ("unsigned", raw.clone(), "pass/none/pass/none bank.example"),
        (
            "subdomain",
            Signer { domain: "mail.bank.example", ..signer() }.sign(&raw),
            "pass/pass/pass/none bank.example mail.bank.example",
        ),
        ("stranger", Signer { domain: "evil.example", ..signer() }.sign(&raw), "pass/pass/pass/none bank.example"),
        (
            "two signers",
            Signer { domain: "evil.example", ..signer() }.sign(&signer().sign(&raw)),
            "pass/pass/pass/none bank.example",
        ),
        (
            "not yet expired",
            Signer { more: "t=1704189600; x=1704189700; ", ..signer() }.sign(&raw),
            "pass/pass/pass/none bank.example",
        ),
        (
            "expired",
            Signer { more: "t=1704100000; x=1704189600; ", ..signer() }.sign(&raw),
            "pass/fail/pass/none bank.example",
        ),
        ("wrong body", signer().sign(&raw).replace("Hello", "Pay"), "pass/fail/pass/none bank.example"),
        ("wrong header", signer().sign(&raw).replace("statement", "invoice"), "pass/fail/pass/none bank.example"),
        ("a line more", signer().sign(&raw) + "Pay!\r\n", "pass/fail/pass/none bank.example"),
        ("l=", Signer { length: Some(8), ..signer() }.sign(&raw), "pass/policy/pass/none bank.example"),
        ("no key", by("none", Key::Rsa2048).sign(&raw), "pass/permerror/pass/none bank.example"),
        ("revoked key", by("gone", Key::Rsa2048).sign(&raw), "pass/permerror/pass/none bank.example"),
        ("too short a key", by("tiny", Key::Rsa512).sign(&raw), "pass/permerror/pass/none bank.example"),
        ("DNS fails", by("slow", Key::Rsa2048).sign(&raw), "pass/temperror/pass/none bank.example"),
        ("not base64", signer().sign(&raw).replace(" bh=", " bh=*"), "pass/neutral/pass/none bank.example"),
        (
            "no tags",
            format!("DKIM-Signature: v=1; d=bank.example; s=r1\r\n{raw}"),
            "pass/neutral/pass/none bank.example",
        ),
    ];
    for (case, raw, wanted) in rows {
        assert_eq!(verified(&raw), wanted, "{case}: {}", reasons(&raw));
    }
    assert!(
        reasons(&Signer { more: "t=1; x=2; ", ..signer() }.sign(&raw))
            .contains("dkim r1._domainkey.bank.example: fail: the signature has expired")
    );
    assert!(reasons(&by("gone", Key::Rsa2048).sign(&raw)).contains("revoked"));
}

#[test]
fn dmarc() {
    let own = |from: &str, domain: &'static str| {
        let raw = format!("From: {from}\r\n{REST}{BODY}");
        Signer { domain, ..signer() }.sign(&raw)
    };
    let at = |path: &str| Envelope { mail_from: Some(path.into()), ..envelope() };
    let rows = [
        (
            "aligned by both",
            own("a@bank.example", "bank.example"),
            at("x@bank.example"),
            "pass/pass/pass/none bank.example",
            Some("reject"),
        ),
        (
            "by DKIM",
            own("a@bank.example", "bank.example"),
            at("x@evil.example"),
            "pass/pass/pass/none bank.example",
            Some("reject"),
        ),
        (
            "by SPF",
            own("a@bank.example", "evil.example"),
            at("x@bank.example"),
            "pass/pass/pass/none bank.example",
            Some("reject"),
        ),
        (
            "passes that are not aligned",
            own("a@bank.example", "evil.example"),
            at("x@evil.example"),
            "pass/pass/fail/none",
            Some("reject"),
        ),
        (
            "policy of a subdomain",
            own("a@mail.bank.example", "evil.example"),
            at("x@evil.example"),
            "pass/pass/fail/none",
            Some("quarantine"),
        ),
        (
            "relaxed from a subdomain",
            own("a@mail.bank.example", "bank.example"),
            at("x@evil.example"),
            "pass/pass/pass/none bank.example mail.bank.example",
            Some("quarantine"),
        ),
        (
            "strict: below",
            own("a@strict.example", "mail.strict.example"),
            at("x@mail.strict.example"),
            "pass/pass/fail/none",
            Some("none"),
        ),
        (
            "strict: the same",
            own("a@strict.example", "strict.example"),
            at("x@mail.strict.example"),
            "pass/pass/pass/none mail.strict.example strict.example",
            Some("none"),
        ),
        (
            "no policy",
            own("a@evil.example", "evil.example"),
            at("x@evil.example"),
            "pass/pass/none/none evil.example",
            None,
        ),
        (
            "two senders",
            own("a@bank.example, b@bank.example", "bank.example"),
            at("x@bank.example"),
            "pass/pass/unknown/none",
            None,
        ),
    ];
    for (case, raw, envelope, wanted, policy) in rows {
        let auth = read(settings(&zone()), &raw, envelope);
        assert_eq!(text(&auth), wanted, "{case}: {:?}", auth.sources[0].reasons);
        assert_eq!(auth.dmarc_policy.as_deref(), policy, "{case}");
    }
}

#[test]
fn dmarc_without_an_envelope_knows_no_failure() {
    let unknown = Envelope { time: Some(TIME), ..Envelope::default() };
    let read = |raw: &str| text(&read(settings(&zone()), raw, unknown.clone()));
    assert_eq!(read(&signer().sign(&plain())), "unknown/pass/pass/none bank.example");
    assert_eq!(read(&plain()), "unknown/none/unknown/none", "SPF may have passed");
    let other = plain().replace("ann@bank.example", "ann@evil.example");
    assert_eq!(read(&other), "unknown/none/none/none", "no policy");
}

#[test]
fn dmarc_records() {
    let with = |record: &str| {
        let zone = zone().replace("_dmarc.bank.example TXT \"v=DMARC1; p=reject; sp=quarantine\"\n", record);
        let auth = read_in(&zone, &plain().replace("bank.example>\r\nTo", "mail.bank.example>\r\nTo"));
        format!("{} {}", auth.dmarc, auth.dmarc_policy.as_deref().unwrap_or("-"))
    };
    let one = "_dmarc.bank.example TXT \"v=DMARC1; p=reject\"\n";
    assert_eq!(with(one), "pass reject");
    assert_eq!(with(&one.repeat(2).replacen("reject", "none", 1)), "none -", "two records are none");
    assert_eq!(with("_dmarc.bank.example TXT \"v=DMARC2; p=reject\"\n"), "none -");
    assert_eq!(
        with("_dmarc.bank.example TXT \"some text\"\n_dmarc.bank.example TXT \"v=DMARC1; p=none\"\n"),
        "pass none"
    );
    assert_eq!(with("_dmarc.bank.example TXT TEMPERROR\n"), "temperror -");
    assert_eq!(with(""), "none -");
}

fn read_in(zone: &str, raw: &str) -> Arc<Auth> {
    read(settings(zone), raw, envelope())
}

/// The domain below which anyone may register names is no organisation, though it has a policy.
#[test]
fn names_below_a_shared_suffix_are_not_aligned() {
    let zone = format!(
        "_dmarc.github.io TXT \"v=DMARC1; p=none\"\nr1._domainkey.evil.github.io TXT \"{}\"\n",
        Key::Rsa2048.record()
    );
    let raw = format!("From: a@bank.github.io\r\n{REST}{BODY}");
    let signed = Signer { domain: "evil.github.io", ..signer() }.sign(&raw);
    let auth = read_in(&zone, &signed);
    assert_eq!((&*auth.dkim, &*auth.dmarc, auth.authenticated_domains.len()), ("pass", "fail", 0));
}

#[test]
fn spf() {
    let spf = |ip: &str, path: &str, helo: &str, more: &str| {
        let envelope =
            Envelope { ip: ip.parse().ok(), mail_from: Some(path.into()), helo: Some(helo.into()), ..envelope() };
        read(settings(&format!("{}{more}", zone())), &plain(), envelope).spf.to_string()
    };
    let own = |ip: &str, record: &str| spf(ip, "a@own.example", "x", &format!("own.example TXT \"v=spf1 {record}\"\n"));
    let rows = [
        ("ip4", spf("192.0.2.255", "a@bank.example", "x", ""), "pass"),
        ("mapped", spf("::ffff:192.0.2.255", "a@bank.example", "x", ""), "pass"),
        ("include", spf("198.51.100.7", "a@bank.example", "x", ""), "pass"),
        ("include, IPv6", spf("2001:db8::7", "a@bank.example", "x", ""), "pass"),
        ("all", spf("203.0.113.1", "a@bank.example", "x", ""), "fail"),
        ("no record", spf("203.0.113.1", "a@none.example", "x", ""), "none"),
        ("null sender", spf("192.0.2.7", "", "bank.example", ""), "pass"),
        ("null sender, another", spf("203.0.113.1", "", "bank.example", ""), "fail"),
        ("null sender, no name", spf("203.0.113.1", "", "localhost", ""), "none"),
        ("softfail", own("203.0.113.1", "~all"), "softfail"),
        ("neutral", own("203.0.113.1", "?all"), "neutral"),
        ("nothing matches", own("203.0.113.1", "ip4:192.0.2.1"), "neutral"),
        ("syntax", own("203.0.113.1", "ip4:300.1.1.1 -all"), "permerror"),
        ("unknown mechanism", own("203.0.113.1", "fancy:x -all"), "permerror"),
        ("include of nothing", own("203.0.113.1", "include:none.example -all"), "permerror"),
        ("loop", own("203.0.113.1", "include:own.example -all"), "permerror"),
        ("redirect", own("192.0.2.7", "redirect=bank.example"), "pass"),
        (
            "mx",
            spf(
                "203.0.113.9",
                "a@m.example",
                "x",
                "m.example TXT \"v=spf1 mx -all\"\nm.example MX 10 mx.m.example\nmx.m.example A 203.0.113.9\n",
            ),
            "pass",
        ),
        (
            "ptr",
            spf(
                "203.0.113.9",
                "a@m.example",
                "x",
                "m.example TXT \"v=spf1 ptr -all\"\n203.0.113.9 PTR h.m.example\nh.m.example A 203.0.113.9\n",
            ),
            "pass",
        ),
        (
            "a lie of ptr",
            spf(
                "203.0.113.9",
                "a@m.example",
                "x",
                "m.example TXT \"v=spf1 ptr -all\"\n203.0.113.9 PTR h.m.example\nh.m.example A 203.0.113.8\n",
            ),
            "fail",
        ),
        ("DNS fails", spf("203.0.113.1", "a@slow.example", "x", "slow.example TXT TEMPERROR\n"), "temperror"),
        (
            "two records",
            spf(
                "192.0.2.7",
                "a@two.example",
                "x",
                "two.example TXT \"v=spf1 +all\"\ntwo.example TXT \"v=spf1 -all\"\n",
            ),
            "permerror",
        ),
        (
            "another text beside it",
            spf(
                "192.0.2.7",
                "a@two.example",
                "x",
                "two.example TXT \"v=spf10 +all\"\ntwo.example TXT \"v=spf1 -all\"\n",
            ),
            "fail",
        ),
    ];
    for (case, found, wanted) in rows {
        assert_eq!(found, wanted, "{case}");
    }
}

fn spf_of(zone: &str, ip: &str) -> String {
    let envelope = Envelope {
        ip: ip.parse().ok(),
        helo: Some("Mail.E.example".into()),
        mail_from: Some("strong-bad@e.example".into()),
        ..envelope()
    };
    read(settings(zone), &plain(), envelope).spf.to_string()
}

/// The macros of RFC 7208 section 7.
#[test]
fn spf_macros() {
    let rows = [
        ("%{s}.m.example", "strong-bad@e.example.m.example"),
        ("%{l}.%{o}.%{d}.m.example", "strong-bad.e.example.e.example.m.example"),
        ("%{lr-}.m.example", "bad.strong.m.example"),
        ("%{l1r-}.m.example", "strong.m.example"),
        ("%{d1}.m.example", "example.m.example"),
        ("%{dr}.m.example", "example.e.m.example"),
        ("%{ir}.%{v}.m.example", "7.2.0.192.in-addr.m.example"),
        ("%{i}.%{h}.m.example", "192.0.2.7.mail.e.example.m.example"),
        ("%{p}.m.example", "h.e.example.m.example"),
    ];
    for (term, name) in rows {
        let zone = format!(
            "e.example TXT \"v=spf1 exists:{term} -all\"\n192.0.2.7 PTR h.e.example\nh.e.example A 192.0.2.7\n{name} A 127.0.0.2\n"
        );
        assert_eq!(spf_of(&zone, "192.0.2.7"), "pass", "{term}");
        assert_eq!(spf_of(&zone.replace(name, "another.m.example"), "192.0.2.7"), "fail", "{term}");
    }
}

/// Ten lookups are allowed (RFC 7208 section 4.6.4), across all that is included.
#[test]
fn spf_limit_of_lookups() {
    let hosts = |count: usize| (0..count).map(|n| format!(" a:h{n}.e.example")).collect::<String>();
    let zone = |count| {
        let addresses = (0..count).map(|n| format!("h{n}.e.example A 192.0.2.{}\n", 100 + n)).collect::<String>();
        format!("e.example TXT \"v=spf1{} -all\"\n{addresses}", hosts(count))
    };
    assert_eq!(spf_of(&zone(10), "192.0.2.7"), "fail");
    assert_eq!(spf_of(&zone(11), "192.0.2.7"), "permerror");
    assert_eq!(spf_of(&zone(11), "192.0.2.101"), "pass", "what matches before counts");
    let includes = |count: usize| {
        (0..count)
            .map(|n| format!("i{n}.e.example TXT \"v=spf1 include:i{}.e.example ?all\"\n", n + 1))
            .chain([format!("i{count}.e.example TXT \"v=spf1 ip4:192.0.2.7 ?all\"\n")])
            .collect::<String>()
            + "e.example TXT \"v=spf1 include:i0.e.example -all\"\n"
    };
    assert_eq!(spf_of(&includes(9), "192.0.2.7"), "pass");
    assert_eq!(spf_of(&includes(10), "192.0.2.7"), "permerror");
}

/// The library goes on however many lookups find nothing.
#[test]
fn fault_no_limit_of_lookups_that_find_nothing() {
    let zone = |record: &str| format!("e.example TXT \"v=spf1 {record} -all\"\nh.e.example A 192.0.2.9\n");
    let rows = [
        ("a:x.e.example a:y.e.example", "fail"),
        ("a:x.e.example a:y.e.example a:z.e.example", "permerror"),
        ("a:x.e.example a:y.e.example a:h.e.example", "fail"),
        ("mx:h.e.example exists:x.e.example ptr", "permerror"),
        ("a:x.e.example a:y.e.example ip4:192.0.2.7 a:z.e.example", "pass"),
    ];
    for (record, wanted) in rows {
        assert_eq!(spf_of(&zone(record), "192.0.2.7"), wanted, "{record}");
    }
    let nobody = "e.example TXT \"v=spf1 mx -all\"\ne.example MX 0 .\n";
    assert_eq!(spf_of(nobody, "192.0.2.7"), "fail", "a domain without mail");
    // Servers without an address of the wanted kind are no terms.
    let servers = "e.example TXT \"v=spf1 mx -all\"\ne.example MX 1 h1.e.example\ne.example MX 2 h2.e.example\n\
        e.example MX 3 h3.e.example\n";
    assert_eq!(spf_of(servers, "192.0.2.7"), "fail");
}

/// The library believes the first name of an address as it stands, which the address' owner chooses.
#[test]
fn fault_names_of_the_client_that_are_not_validated() {
    let zone = "e.example TXT \"v=spf1 exists:%{p}.ok.example -all\"\n192.0.2.7 PTR good.example\n\
        good.example.ok.example A 127.0.0.2\n";
    assert_eq!(spf_of(zone, "192.0.2.7"), "fail");
    assert_eq!(spf_of(&format!("{zone}good.example A 192.0.2.7\n"), "192.0.2.7"), "pass");
    let v6 = "2001:db8::7";
    let zone =
        "e.example TXT \"v=spf1 ptr:e.example -all\"\n2001:db8::7 PTR h.e.example\nh.e.example AAAA 2001:db8::7\n";
    assert_eq!(spf_of(zone, v6), "pass");
    assert_eq!(spf_of(&zone.replace("h.e.example", "h.note.example"), v6), "fail");
}

/// The library cannot be told that a name does not exist, and never applies `np=`.
#[test]
fn fault_policy_of_names_that_do_not_exist() {
    let policy = |record: &str, more: &str| {
        let zone = format!("_dmarc.bank.example TXT \"v=DMARC1; {record}\"\n{more}");
        let raw = plain().replace("ann@bank.example", "ann@pay.bank.example");
        let auth = read(settings(&zone), &raw, Envelope { mail_from: Some("x@evil.example".into()), ..envelope() });
        assert_eq!(&*auth.dmarc, "fail");
        auth.dmarc_policy.as_deref().unwrap_or("-").to_owned()
    };
    let host = "pay.bank.example A 192.0.2.1\n";
    let rows = [
        ("p=none; sp=quarantine; np=reject", "", "reject"),
        ("p=none; sp=quarantine; np=reject", host, "quarantine"),
        ("p=none; sp=quarantine; np=reject", "pay.bank.example MX 1 mx.example\n", "quarantine"),
        ("p=none; sp=quarantine; np=reject; t=y", "", "quarantine"),
        ("p=none; np=reject", "", "reject"),
        ("p=none; sp=quarantine", "", "quarantine"),
        ("p=reject", "", "reject"),
        ("p=none; np=reject", "_dmarc.pay.bank.example TXT \"v=DMARC1; p=quarantine\"\n", "quarantine"),
        ("p=none; np=reject", "pay.bank.example A TEMPERROR\n", "none"),
    ];
    for (record, more, wanted) in rows {
        assert_eq!(policy(record, more), wanted, "{record} {more}");
    }
}

/// A record of a public suffix (`psd=y`) makes the names below it organisations, one that says
/// `psd=n` is one (RFC 9989 section 4.10).
#[test]
fn dmarc_of_public_suffixes() {
    let read = |record: &str, from: &str, signer: &'static str| {
        let zone = format!("_dmarc.{record}\nr1._domainkey.{signer} TXT \"{}\"\n", Key::Rsa2048.record());
        let raw = plain().replace("ann@bank.example", from);
        let raw = Signer { domain: signer, ..self::signer() }.sign(&raw);
        read(settings(&zone), &raw, Envelope { mail_from: Some("x@evil.example".into()), ..envelope() })
            .dmarc
            .to_string()
    };
    let suffix = "gov.example TXT \"v=DMARC1; p=reject; psd=y\"";
    assert_eq!(read(suffix, "a@tax.gov.example", "mail.tax.gov.example"), "pass");
    assert_eq!(read(suffix, "a@tax.gov.example", "law.gov.example"), "fail");
    let own = "tax.gov.example TXT \"v=DMARC1; p=reject; psd=n\"";
    assert_eq!(read(own, "a@tax.gov.example", "gov.example"), "fail");
}

/// The library takes any cached answer for the existence of a name, an empty one too.
#[test]
fn fault_exists_of_a_name_that_does_not_exist() {
    let zone = "e.example TXT \"v=spf1 exists:%{i}.ok.e.example -all\"\n192.0.2.7.ok.e.example A 127.0.0.2\n\
        2.0.0.1.0.d.b.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.ok.e.example A 127.0.0.2\n";
    let at = |ip: &str| {
        let envelope = Envelope { ip: ip.parse().ok(), mail_from: Some("a@e.example".into()), ..envelope() };
        read(settings(zone), &plain(), envelope).spf.to_string()
    };
    assert_eq!(at("192.0.2.7"), "pass");
    assert_eq!(at("192.0.2.8"), "fail");
    assert_eq!(at("2001:db8::7"), "pass", "an A record counts for IPv6 too");
    assert_eq!(at("2001:db8::8"), "fail");
}

/// The library cannot be told that a lookup of addresses failed, and would go on to `-all`.
#[test]
fn fault_addresses_that_could_not_be_looked_up() {
    let zone = "a.example TXT \"v=spf1 a:slow.example -all\"\nslow.example A TEMPERROR\n";
    let envelope = Envelope { mail_from: Some("a@a.example".into()), ..envelope() };
    assert_eq!(&*read(settings(zone), &plain(), envelope).spf, "temperror");
}

/// The library compares `x=` with its clock, which knows nothing of archived mail.
#[test]
fn fault_expiry_by_the_librarys_clock() {
    let raw = Signer { more: "t=1704189600; x=1704189700; ", ..signer() }.sign(&plain());
    assert_eq!(&*read_in(&zone(), &raw).dkim, "pass");
    let at = |time| read(settings(&zone()), &raw, Envelope { time, ..envelope() }).dkim.to_string();
    assert_eq!(at(Some(1_704_189_700_000)), "fail");
    assert_eq!(at(None), "neutral", "nobody knows");
    let settings = Settings { now: Some(TIME), ..settings(&zone()) };
    assert_eq!(&*read(settings, &raw, Envelope { time: None, ..envelope() }).dkim, "pass");
    let backwards = Signer { more: "t=1704189600; x=1704189600; ", ..signer() }.sign(&plain());
    assert_eq!(&*read(self::settings(&zone()), &backwards, Envelope { time: Some(0), ..envelope() }).dkim, "permerror");
}

/// The library verifies as many signatures as a message has.
#[test]
fn fault_no_cap_on_signatures() {
    let mut raw = plain();
    for _ in 0..12 {
        raw = signer().sign(&raw);
    }
    let message = Message::parse_with(raw.as_bytes(), Arc::new(settings(&zone())), envelope());
    let auth = auth::of(&message);
    assert_eq!(&*auth.dkim, "pass");
    assert_eq!(message.limits_hit(), ["verified_signatures: 10 of 12 verified"]);
}

/// The library keeps lines of white space at the end of a relaxed body.
#[test]
fn fault_lines_of_white_space_at_the_end() {
    for end in [" \r\n", "\t \r\n\r\n \r\n", "x \r\n \r\n", "x \t", "\r\n\r\n"] {
        let raw = signer().sign(&(plain() + end));
        assert_eq!(&*read_in(&zone(), &raw).dkim, "pass", "{end:?}");
    }
    for body in ["", " \r\n", "\r\n\r\n", " "] {
        let raw = signer().sign(&format!("{FROM}{REST}\r\n{body}"));
        assert_eq!(&*read_in(&zone(), &raw).dkim, "pass", "{body:?}");
    }
    let raw = Signer { form: ("relaxed", "simple"), ..signer() }.sign(&(plain() + " \r\n \r\n\r\n"));
    assert_eq!(&*read_in(&zone(), &raw).dkim, "pass");
    assert_eq!(&*read_in(&zone(), raw.trim_end()).dkim, "fail", "in simple form they count");
}

/// The library accepts signatures that do not cover From.
#[test]
fn fault_from_is_not_signed() {
    let raw = Signer { fields: "to:subject", ..signer() }.sign(&plain());
    assert_eq!(verified(&raw), "pass/permerror/pass/none bank.example");
    let forged = raw.replace("Ann <ann@bank.example>", "Eve <eve@bank.example>");
    let stranger = Envelope { mail_from: Some("x@evil.example".into()), ..envelope() };
    let auth = read(settings(&zone()), &forged, stranger);
    assert_eq!((&*auth.dkim, &*auth.dmarc, auth.authenticated_domains.len()), ("permerror", "fail", 0));
}

/// The library accepts a signature without `v=`, SHA-1, and keys for other services.
#[test]
fn fault_what_no_verifier_may_accept() {
    let version = Signer { version: "", ..signer() }.sign(&plain());
    assert_eq!(&*read_in(&zone(), &version).dkim, "permerror");
    let chat = Signer { selector: "chat", ..signer() }.sign(&plain());
    assert_eq!(&*read_in(&zone(), &chat).dkim, "permerror");
    let exact = |more| Signer { selector: "exact", more, ..signer() }.sign(&plain());
    assert_eq!(&*read_in(&zone(), &exact("i=@bank.example; ")).dkim, "pass");
    assert_eq!(&*read_in(&zone(), &exact("i=@mail.bank.example; ")).dkim, "fail", "t=s");
    let foreign = Signer { more: "i=a@evil.example; ", ..signer() }.sign(&plain());
    assert_eq!(&*read_in(&zone(), &foreign).dkim, "fail", "i= outside d=");
}

/// Mail that was stored with line feeds only.
#[test]
fn fault_folded_fields_of_files_with_line_feeds() {
    for form in [("simple", "simple"), ("relaxed", "relaxed")] {
        let raw = Signer { form, ..signer() }.sign(&plain()).replace('\r', "");
        assert_eq!(verified(&raw), "pass/pass/pass/none bank.example", "{form:?}");
    }
}

#[test]
fn other_senders_than_the_signed_one() {
    let signed = signer().sign(&plain());
    let on_top = format!("From: Eve <eve@evil.example>\r\n{signed}");
    let auth = read_in(&zone(), &on_top);
    assert_eq!((auth.authenticated_domains.len(), &*auth.dmarc), (0, "unknown"), "two From fields");
    let mailbox = format!("From x\r\n{signed}");
    assert_eq!(verified(&mailbox), "pass/pass/pass/none bank.example", "a separator of a mailbox file");
    let blank = format!("From: Eve <eve@evil.example>\r\n \r\n{signed}");
    assert!(read_in(&zone(), &blank).authenticated_domains.is_empty());
    let hidden = signed.replace(FROM, &format!("{FROM} \r\nFrom: eve@evil.example\r\n"));
    assert!(read_in(&zone(), &hidden).authenticated_domains.is_empty());
}

#[test]
fn attached_messages_have_no_envelope() {
    let inner = signer().sign(&plain());
    let outer = format!("From: eve@evil.example\r\nContent-Type: message/rfc822\r\n\r\n{inner}");
    let message = Message::parse_with(outer.as_bytes(), Arc::new(settings(&zone())), envelope());
    let attached = message.parts().iter().find_map(|part| message.attached(part)).expect("an attached message");
    assert_eq!(text(&auth::of(&attached)), "unknown/pass/pass/none bank.example", "its signature holds");
}

/// What a list makes of a message: another subject, so that the signature no longer holds.
fn relayed() -> String {
    signer().sign(&plain()).replace("Your  statement", "[list] Your statement")
}

const SEEN: &str = "mx.list.example; spf=pass smtp.mailfrom=bounce@bank.example; dkim=pass header.d=bank.example; dmarc=pass header.from=bank.example";
const SEEN_FAIL: &str =
    "mx.google.example; spf=fail smtp.mailfrom=x@evil.example; dkim=none; dmarc=fail header.from=bank.example";

fn from_list(sealers: &[&str], raw: &str) -> Arc<Auth> {
    let envelope = Envelope {
        ip: Some("203.0.113.20".parse().expect("an address")),
        mail_from: Some("list@list.example".into()),
        ..envelope()
    };
    let trusted_arc_sealers = sealers.iter().map(ToString::to_string).collect();
    read(Settings { trusted_arc_sealers, ..settings(&zone()) }, raw, envelope)
}

fn list() -> Signer {
    Signer::new("list.example", Key::Rsa2048)
}

fn google() -> Signer {
    Signer::new("google.example", Key::Rsa1024)
}

#[test]
fn arc() {
    let sealed = list().seal(&relayed(), 1, SEEN, "none");
    let twice = google().seal(&sealed, 2, SEEN_FAIL, "pass");
    let evil = Signer::new("evil.example", Key::Rsa2048);
    let changed = sealed.replace("Hello", "Pay");
    let resealed = evil.seal(&changed, 2, SEEN, "pass");
    let forged = evil.seal(&plain(), 1, SEEN, "none");
    let seal_line = sealed.split("ARC-Message").next().expect("a field").to_owned();
    let rows = [
        ("a trusted sealer", &["list.example"][..], sealed.clone(), "pass/pass/pass/pass bank.example"),
        ("a sealer that nobody trusts", &[], sealed.clone(), "none/fail/fail/pass"),
        ("another one is trusted", &["google.example"], sealed.clone(), "none/fail/fail/pass"),
        (
            "two trusted sealers: the oldest saw it come",
            &["list.example", "google.example"],
            twice.clone(),
            "pass/pass/pass/pass bank.example",
        ),
        ("the newest is trusted: what it saw", &["google.example"], twice.clone(), "none/fail/fail/pass"),
        ("the newest is not trusted", &["list.example"], twice.clone(), "none/fail/fail/pass"),
        ("changed after the seal", &["list.example"], changed, "none/fail/fail/fail"),
        ("changed and sealed by a stranger", &["list.example"], resealed, "none/fail/fail/pass"),
        ("sealed by a stranger with results of his own", &["list.example"], forged.clone(), "none/none/fail/pass"),
        (
            "under a foreign name",
            &["list.example"],
            forged.replace("d=evil.example", "d=list.example"),
            "none/none/fail/fail",
        ),
        (
            "results changed",
            &["list.example"],
            list().seal(&plain(), 1, SEEN_FAIL, "none").replace("spf=fail", "spf=pass"),
            "none/none/fail/fail",
        ),
        ("a seal twice", &["list.example"], format!("{seal_line}{sealed}"), "none/fail/fail/fail"),
        ("no seal", &["list.example"], sealed.replace(&seal_line, ""), "none/fail/fail/fail"),
        ("only a seal", &["list.example"], format!("{seal_line}{}", relayed()), "none/fail/fail/fail"),
        ("cv= of the first", &["list.example"], list().seal(&relayed(), 1, SEEN, "pass"), "none/fail/fail/fail"),
        (
            "cv=fail",
            &["list.example", "google.example"],
            google().seal(&sealed, 2, SEEN, "fail"),
            "none/fail/fail/fail",
        ),
        ("a gap", &["list.example"], list().seal(&relayed(), 2, SEEN, "pass"), "none/fail/fail/fail"),
        (
            "From is not sealed",
            &["list.example"],
            Signer { fields: "to:subject", ..list() }.seal(&relayed(), 1, SEEN, "none"),
            "none/fail/fail/fail",
        ),
        (
            "no key",
            &["none.example"],
            Signer { domain: "none.example", ..list() }.seal(&relayed(), 1, SEEN, "none"),
            "none/fail/fail/permerror",
        ),
    ];
    for (case, sealers, raw, wanted) in rows {
        let auth = from_list(sealers, &raw);
        assert_eq!(text(&auth), wanted, "{case}: {:?}", auth.sources);
    }
}

/// The sealer's results without a name of whom they are about, or about somebody else.
#[test]
fn sealed_results_must_be_about_from() {
    for results in [
        "mx.list.example; dmarc=pass",
        "mx.list.example; dmarc=pass header.from=evil.example",
        "mx.list.example; dkim=pass header.d=evil.example",
    ] {
        let auth = from_list(&["list.example"], &list().seal(&relayed(), 1, results, "none"));
        assert!(auth.authenticated_domains.is_empty(), "{results}: {auth:?}");
    }
}

/// A border that verified the chain, without own verification.
#[test]
fn arc_by_the_word_of_the_border() {
    let read = |border: &str, sealers: &[&str]| {
        let sealed = list().seal(&relayed(), 1, SEEN, "none");
        let received = "Received: from l (l [203.0.113.20]) by mx.example.net; x\r\n";
        let raw = format!("Authentication-Results: mx.example.net; {border}\r\n{received}{sealed}");
        let settings = Settings {
            trusted_authserv_ids: vec!["mx.example.net".into()],
            trusted_arc_sealers: sealers.iter().map(ToString::to_string).collect(),
            ..Settings::default()
        };
        text(&self::read(settings, &raw, Envelope::default()))
    };
    let failed = "spf=none; dkim=fail header.d=bank.example; dmarc=fail header.from=bank.example";
    assert_eq!(read(&format!("{failed}; arc=pass"), &["list.example"]), "pass/pass/pass/pass bank.example");
    assert_eq!(read(&format!("{failed}; arc=pass"), &[]), "none/fail/fail/pass");
    assert_eq!(read(&format!("{failed}; arc=fail"), &["list.example"]), "none/fail/fail/fail");
    assert_eq!(read(failed, &["list.example"]), "none/fail/fail/unknown");
}

fn both(border: &str, raw: &str) -> Arc<Auth> {
    let received = "Received: from h (h [192.0.2.7]) by mx.example.net; x\r\n";
    let raw = format!("Authentication-Results: mx.example.net; {border}\r\n{received}{raw}");
    let ids = vec!["mx.example.net".to_owned()];
    read(Settings { trusted_authserv_ids: ids, ..settings(&zone()) }, &raw, envelope())
}

#[test]
fn two_sources() {
    let passed =
        "spf=pass smtp.mailfrom=bank.example; dkim=pass header.d=bank.example; dmarc=pass header.from=bank.example";
    let failed =
        "spf=fail smtp.mailfrom=bank.example; dkim=fail header.d=bank.example; dmarc=fail header.from=bank.example";
    let signed = signer().sign(&plain());
    let agreed = both(passed, &signed);
    assert_eq!(text(&agreed), "pass/pass/pass/none bank.example");
    assert_eq!(agreed.disagreements, [] as [&str; 0]);
    let kinds: Vec<_> = agreed.sources.iter().map(|source| format!("{} {}", source.kind_name(), source.id)).collect();
    assert_eq!(kinds, ["headers mx.example.net", "verified ruleeval"]);
    assert_eq!(agreed.decides(&agreed.sources[0]), ["spf", "dkim", "dmarc"]);
    assert_eq!(agreed.decides(&agreed.sources[1]), ["arc"]);

    let forged = both(passed, &plain().replace("bank.example>\r\nTo", "bank.example>\r\nX: 1\r\nTo"));
    assert_eq!((text(&forged), &*forged.disagreements), ("pass/pass/pass/none bank.example".into(), &["dkim"][..]));
    let changed = both(passed, &signed.replace("Hello", "Pay"));
    assert_eq!(text(&changed), "pass/fail/pass/none bank.example", "SPF is aligned still");
    assert_eq!(changed.disagreements, ["dkim"]);
    assert!(changed.dkim_domains.is_empty());

    let doubted = both(failed, &signed);
    assert_eq!(text(&doubted), "fail/fail/fail/none");
    assert_eq!(doubted.disagreements, ["spf", "dkim", "dmarc"]);
    assert!(doubted.dkim_domains.is_empty() && !doubted.authenticates("bank.example"));

    let silent = both("spf=pass smtp.mailfrom=bank.example", &signed);
    assert_eq!(text(&silent), "pass/pass/pass/none bank.example");
    let unsure = both("dmarc=temperror; dkim=temperror; spf=temperror", &signed);
    assert_eq!((text(&unsure), unsure.disagreements.len()), ("pass/pass/pass/none bank.example".into(), 0));
}

/// The border's Received field and a Return-Path above it, where the host gives no envelope.
#[test]
fn the_envelope_that_own_servers_wrote_down() {
    let read = |head: &str, below: &str| {
        let border =
            "Received: from mail.bank.example (x [192.0.2.7]) by mx.example.net; Tue, 2 Jan 2024 10:00:05 +0000\r\n";
        let raw = format!("{head}{border}{below}{}", plain());
        let ids = vec!["mx.example.net".to_owned()];
        let auth = self::read(Settings { trusted_authserv_ids: ids, ..settings(&zone()) }, &raw, Envelope::default());
        format!("{} {}", auth.spf, auth.mail_from.as_ref().map_or("-", |domain| &*domain.domain))
    };
    let path = "Return-Path: <bounce@bank.example>\r\n";
    assert_eq!(read(path, ""), "pass bank.example");
    assert_eq!(read("", path), "unknown -", "below the border");
    assert_eq!(read("Return-Path: <x@evil.example>\r\n", path), "pass evil.example");
    assert_eq!(read("Return-Path: <>\r\n", ""), "none mail.bank.example");
    let exim = "Received: from [203.0.113.9] (helo=[192.0.2.7]) by mx.example.net with esmtp (Exim 4.96); x\r\n";
    let raw = format!("{path}{exim}{}", plain());
    let ids = vec!["mx.example.net".to_owned()];
    let auth = self::read(Settings { trusted_authserv_ids: ids, ..settings(&zone()) }, &raw, Envelope::default());
    assert_eq!(&*auth.spf, "fail", "an address that the client only says is its own");
}

#[test]
fn signs_use_own_verification() {
    use ruleeval::transport::{Signs, signatures};
    let replayed = signer().sign(&plain());
    let at = |path: &str, to: &str| Envelope { mail_from: Some(path.into()), rcpt_to: vec![to.into()], ..envelope() };
    let signs = |path: &str, to: &str| {
        let message = Message::parse_with(replayed.as_bytes(), Arc::new(settings(&zone())), at(path, to));
        (Signs::of(&message).dkim_replay, signatures(&message)[0].result.to_string())
    };
    assert_eq!(signs("x@evil.example", "victim@example.org"), (true, "pass".into()));
    assert!(!signs("x@evil.example", "bob@example.net").0, "addressed");
    assert!(!signs("x@bank.example", "victim@example.org").0, "by the signer itself");
}

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_stored_messages_are_what_the_script_makes() {
    for (path, text) in signed::files(project()) {
        let stored = std::fs::read_to_string(project().join("tests/data/verify").join(&path)).expect("a file");
        assert!(stored == text, "{path} is another one: run `cargo run --features verify --example sign`");
    }
}

/// The receiver of the stored messages: nothing but own verification tells it who sent them.
fn stored_settings() -> Settings {
    let dns = std::fs::read_to_string(project().join("tests/data/verify/dns.txt")).expect("recorded DNS");
    Settings {
        trusted_authserv_ids: vec!["mx.example.net".into()],
        trusted_arc_sealers: vec!["list.example".into()],
        org_domains: vec!["example.net".into()],
        ..settings(&dns)
    }
}

#[test]
fn stored_cases() {
    let files = signed::files(project());
    let read =
        |name: &str| text(&read(stored_settings(), &files[&format!("mail/cases/{name}.eml")], Envelope::default()));
    assert_eq!(read("dkim_expired"), "pass/fail/pass/none docsend.com");
    assert_eq!(read("dkim_wrong_body"), "pass/fail/pass/none docsend.com");
    assert_eq!(read("dkim_partial_body"), "pass/policy/pass/none docsend.com");
    assert_eq!(read("dkim_two_keys"), "pass/pass/pass/none docsend.com");
    assert_eq!(read("dkim_unsigned"), "pass/none/pass/none docsend.com");
    assert_eq!(read("arc_of_a_list"), "pass/pass/pass/pass docsend.com");
}

/// Lures that the service really signed are caught, the notification beside each is left alone.
#[test]
fn signed_lures_and_their_honest_twins() {
    let mut compiler = ruleeval::engine::Compiler::new();
    compiler.settings(stored_settings()).load(&project().join("rules/trusted-senders"));
    let engine = compiler.compile().engine.expect("the pack is valid");
    let mut scratch = engine.scratch();
    let files = signed::files(project());
    let mut seen = 0;
    for line in files["manifest.csv"].lines().skip(1) {
        let columns: Vec<&str> = line.split(',').collect();
        let message = engine.parse(files[columns[0]].as_bytes().to_vec());
        let options = ruleeval::engine::Options { evidence: true, now: None };
        let verdict = engine.evaluate(&message, &mut scratch, options);
        let auth = verdict.auth.expect("asked for").to_string();
        let held = matches!(&*verdict.action, "quarantine" | "reject");
        assert_eq!(held, columns[4] == "quarantine", "{line}: {} {auth}", verdict.action);
        if !columns[0].contains("/cases/") {
            let wanted = "spf=pass (verified ruleeval), dkim=pass (verified ruleeval), dmarc=pass (verified ruleeval)";
            assert!(auth.starts_with(wanted), "{line}: {auth}");
            seen += 1;
        }
    }
    assert_eq!(seen, 20);
}
