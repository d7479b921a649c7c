//! Whose word about authentication is believed. Each forgery was seen to fool some project.

use ruleeval::auth;
use ruleeval::message::{AuthOverride, Message, Settings};
use std::sync::Arc;

const BORDER: &str = "Received: from mail.sender.example (mail.sender.example [203.0.113.9]) by mx.example.net; x\n";
const FROM: &str = "From: Ann <ann@bank.example>\n\nx";

fn settings(ids: &[&str]) -> Settings {
    Settings { trusted_authserv_ids: ids.iter().map(ToString::to_string).collect(), ..Settings::default() }
}

fn read(settings: Settings, raw: &str) -> Arc<auth::Auth> {
    auth::of(&Message::parse(raw.as_bytes(), Arc::new(settings)))
}

/// `spf/dkim/dmarc` as the border `mx.example.net` is believed.
fn results(raw: &str) -> String {
    let auth = read(settings(&["mx.example.net"]), raw);
    format!("{}/{}/{}", auth.spf, auth.dkim, auth.dmarc)
}

fn claim(id: &str, what: &str) -> String {
    format!("Authentication-Results: {id}{what}\n")
}

const PASS: &str =
    "; spf=pass smtp.mailfrom=bank.example; dkim=pass header.d=bank.example; dmarc=pass header.from=bank.example";
const FAIL: &str = "; spf=fail smtp.mailfrom=bank.example; dkim=none; dmarc=fail header.from=bank.example";

#[test]
fn results_of_the_border_are_believed() {
    let ours = claim("mx.example.net", PASS);
    assert_eq!(results(&format!("{ours}{BORDER}{FROM}")), "pass/pass/pass");
    assert_eq!(results(&format!("{BORDER}{ours}{FROM}")), "pass/pass/pass");
    assert_eq!(results(&format!("{}{BORDER}{FROM}", claim("mx.example.net", FAIL))), "fail/none/fail");
    let auth = read(settings(&["MX.example.NET"]), &format!("{ours}{BORDER}{FROM}"));
    assert!(auth.authenticates("bank.example") && auth.authenticates("BANK.example."));
    assert!(!auth.authenticates("k.example") && !auth.authenticates("other.bank.example"));
    assert!(!auth.authenticates(""));
}

#[test]
fn results_of_one_border_in_several_fields() {
    let split = [
        claim("mx.example.net", "; dkim=pass header.d=bank.example"),
        claim("mx.example.net", "; spf=softfail smtp.mailfrom=x@bounce.example"),
        claim("mx.example.net 1", "; dmarc=pass header.from=bank.example"),
    ]
    .concat();
    assert_eq!(results(&format!("{split}{BORDER}{FROM}")), "softfail/pass/pass");
}

#[test]
fn nothing_is_believed_without_configuration() {
    let raw = format!("{}{BORDER}{FROM}", claim("mx.example.net", PASS));
    let auth = read(Settings::default(), &raw);
    assert_eq!(
        [&auth.spf, &auth.dkim, &auth.dmarc, &auth.arc, &auth.compauth].map(ToString::to_string),
        ["unknown"; 5]
    );
    assert!(!auth.trusted && auth.authenticated_domains.is_empty());
    assert_eq!(auth.authserv_ids_seen.iter().map(ToString::to_string).collect::<Vec<_>>(), ["mx.example.net"]);
}

#[test]
fn forged_fields_never_pass() {
    let forged = claim("mx.example.net", PASS);
    let genuine = claim("mx.example.net", FAIL);
    let partial = claim("mx.example.net", "; spf=fail smtp.mailfrom=bank.example");
    let encoded = "Authentication-Results: =?utf-8?Q?mx.example.net=3B_dmarc=3Dpass_header.from=3Dbank.example?=\n";
    let cases = [
        ("another id", format!("{}{BORDER}{FROM}", claim("mx.evil.example", PASS))),
        ("no id", format!("{}{BORDER}{FROM}", claim("", &PASS[2..]))),
        ("an empty id", format!("{}{BORDER}{FROM}", claim("", PASS))),
        ("an id that only begins alike", format!("{}{BORDER}{FROM}", claim("mx.example.net.evil.example", PASS))),
        ("the id in a comment", format!("{}{BORDER}{FROM}", claim("evil.example (mx.example.net)", PASS))),
        ("below a stranger's Received", format!("Received: from a by mx.evil.example; x\n{forged}{FROM}")),
        ("below the border, after its own result", format!("{genuine}{BORDER}{forged}{FROM}")),
        ("directly after the genuine one", format!("{BORDER}{genuine}{forged}{FROM}")),
        ("filling what the genuine one leaves out", format!("{BORDER}{partial}{forged}{FROM}")),
        ("above a forged Received of the border", format!("{BORDER}{genuine}{forged}{BORDER}{FROM}")),
        ("below two forged Received", format!("{genuine}{BORDER}{BORDER}{forged}{FROM}")),
        ("without any Received", format!("{forged}{FROM}")),
        ("in encoded words", format!("{encoded}{BORDER}{FROM}")),
        ("in ARC-Authentication-Results", format!("ARC-{forged}{BORDER}{FROM}")),
        ("a name that begins alike", format!("X-{forged}{BORDER}{FROM}")),
    ];
    for (case, raw) in cases {
        let auth = read(settings(&["mx.example.net"]), &raw);
        assert_ne!(&*auth.dmarc, "pass", "{case}");
        assert_ne!(&*auth.dkim, "pass", "{case}");
        assert!(auth.authenticated_domains.is_empty(), "{case}: {:?}", auth.authenticated_domains);
        assert!(!auth.authenticates("bank.example"), "{case}");
    }
}

/// A whole message, header of the border included, that a stranger attached to his own.
#[test]
fn an_attached_message_is_believed_in_nothing() {
    let inner = format!("{}{BORDER}{FROM}", claim("mx.example.net", PASS));
    let outer = format!("{BORDER}From: evil@evil.example\nContent-Type: message/rfc822\n\n{inner}");
    let message = Message::parse(outer.as_bytes(), Arc::new(settings(&["mx.example.net"])));
    let attached = message.parts().iter().find_map(|part| message.attached(part)).expect("an attached message");
    let auth = auth::of(&attached);
    assert!(attached.is_nested() && !auth.trusted && &*auth.dmarc == "unknown", "{auth:?}");
    assert!(!auth.authenticates("bank.example"));
}

#[test]
fn a_stranger_cannot_pose_as_an_own_relay() {
    let forged = claim("mx.example.net", PASS);
    for helo in ["mx.example.net", "[10.0.0.1]", "10.0.0.1", "localhost"] {
        let border = format!("Received: from {helo} (evil.example [203.0.113.9]) by mx.example.net; x\n");
        let own = "Received: from mx.example.net ([10.0.0.2]) by mx.example.net; x\n";
        let raw = format!("{border}X-Sent: 1\n{own}{forged}{own}{FROM}");
        assert_eq!(results(&raw), "unknown/unknown/unknown", "{helo}");
    }
}

#[test]
fn injected_results_do_not_win() {
    let smuggled = "; spf=fail smtp.mailfrom=\"; dmarc=pass header.from=bank.example \"@evil.example; dmarc=fail";
    assert_eq!(results(&format!("{}{BORDER}{FROM}", claim("mx.example.net", smuggled))), "fail/unknown/fail");
    let unquoted = "; dmarc=pass header.from=bank.example; spf=fail; dmarc=fail header.from=bank.example";
    assert_eq!(results(&format!("{}{BORDER}{FROM}", claim("mx.example.net", unquoted))), "fail/unknown/fail");
    let comment = "; spf=fail (a \\) b; dmarc=pass); dmarc=none";
    assert_eq!(results(&format!("{}{BORDER}{FROM}", claim("mx.example.net", comment))), "fail/unknown/none");
}

#[test]
fn spelling_of_fields() {
    let odd = " (a; b) ; (c) DKIM = PASS (\"d;\" e) header.d = \"bank.example\" ; dmarc=Pass(p=reject) header.from=bank.example";
    let raw = format!("{}{BORDER}{FROM}", claim("mx.example.net", odd));
    assert_eq!(results(&raw), "unknown/pass/pass");
    for (written, read) in [("hardfail", "fail"), ("timeout", "temperror"), ("passed", "unknown"), ("", "unknown")] {
        let raw =
            format!("{}{BORDER}{FROM}", claim("mx.example.net", &format!("; dkim={written} header.d=bank.example")));
        assert_eq!(results(&raw), format!("unknown/{read}/unknown"), "{written}");
    }
}

#[test]
fn who_is_authenticated() {
    let domains = |what: &str, from: &str| {
        let raw = format!("{}{BORDER}From: {from}\n\nx", claim("mx.example.net", what));
        let auth = read(settings(&["mx.example.net"]), &raw);
        auth.authenticated_domains.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(domains("; dkim=pass header.d=bank.example", "a@bank.example"), "bank.example");
    assert_eq!(domains("; dkim=pass header.d=mail.bank.example", "a@bank.example"), "bank.example mail.bank.example");
    assert_eq!(domains("; dkim=pass header.d=evil.example", "a@bank.example"), "");
    assert_eq!(domains("; dkim=fail header.d=bank.example", "a@bank.example"), "");
    assert_eq!(
        domains("; spf=pass smtp.mailfrom=x@bounce.bank.example", "a@bank.example"),
        "bank.example bounce.bank.example"
    );
    assert_eq!(domains("; spf=pass smtp.mailfrom=evil.example", "a@bank.example"), "");
    assert_eq!(domains("; dmarc=pass header.from=bank.example", "a@bank.example"), "bank.example");
    assert_eq!(domains("; dmarc=pass header.from=evil.example", "a@bank.example"), "");
    assert_eq!(domains("; dmarc=bestguesspass header.from=bank.example", "a@bank.example"), "");
    assert_eq!(domains("; dkim=pass header.d=b.github.io", "a@a.github.io"), "");
    assert_eq!(domains("; dmarc=pass header.from=bank.example", "a@evil.example, a@bank.example"), "");
    assert_eq!(domains("; dmarc=pass header.from=bank.example", "a@bank.example\nFrom: a@evil.example"), "");
}

#[test]
fn exchange_online_writes_no_id() {
    let relay = "Received: from AB1PR01MB0001.namprd01.prod.outlook.com (2603:10b6:1:1::1) by CD1PR01MB0002.namprd01.prod.outlook.com with HTTPS; x\n";
    let results = "Authentication-Results: spf=pass (sender IP is 203.0.113.9)\n smtp.mailfrom=bank.example; dkim=pass (signature was verified)\n \
        header.d=bank.example;dmarc=pass action=none header.from=bank.example;compauth=pass reason=100\n";
    let border = "Received: from mail.bank.example (203.0.113.9) by CO1NAM01FT001.mail.protection.outlook.com (10.13.0.1) with Microsoft SMTP Server; x\n";
    let raw = format!("{relay}{results}{border}{FROM}");
    let auth = read(settings(&["microsoft"]), &raw);
    assert_eq!((&*auth.dmarc, &*auth.compauth, auth.compauth_reason.as_deref()), ("pass", "pass", Some("100")));
    assert!(auth.authenticates("bank.example"));
    assert_eq!(auth.mail_from.as_ref().map(|domain| domain.domain.to_string()).as_deref(), Some("bank.example"));
    let other = read(settings(&["mx.example.net"]), &raw);
    assert_eq!(&*other.dmarc, "unknown");
    let stranger = raw.replace("2603:10b6:1:1::1", "203.0.113.7").replace("AB1PR01MB0001.", "evil-");
    assert_eq!(&*read(settings(&["microsoft"]), &format!("{border}{stranger}")).dmarc, "unknown");
}

#[test]
fn counted_hops() {
    let inner = "Received: from border by inner.corp.invalid; x\n";
    let raw = format!("{inner}{}{BORDER}{FROM}", claim("border-1", PASS));
    assert_eq!(&*read(settings(&["border-1"]), &raw).dmarc, "unknown");
    assert_eq!(&*read(Settings { trusted_hops: 1, ..settings(&["border-1"]) }, &raw).dmarc, "pass");
}

#[test]
fn results_given_by_a_test_replace_all() {
    let given = AuthOverride { dmarc: Some("pass".into()), ..AuthOverride::default() };
    let auth = read(Settings { auth_override: Some(given), ..Settings::default() }, FROM);
    assert_eq!((&*auth.dmarc, &*auth.spf), ("pass", "unknown"));
    assert!(auth.authenticates("bank.example"));
}

/// The forms that large receivers write, with names for documentation.
#[test]
fn dialects_of_receivers() {
    let rows = [
        (
            "Google",
            "mx.google.com; dkim=pass header.i=@bank.example header.s=s1 header.b=WU7jNO3o; arc=pass (i=1 spf=pass spfdomain=bank.example dkim=pass dkdomain=bank.example dmarc=pass fromdomain=bank.example); spf=pass (google.com: domain of a@bounce.bank.example designates 203.0.113.9 as permitted sender) smtp.mailfrom=a@bounce.bank.example; dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=bank.example",
            "pass/pass/pass/pass bank.example bounce.bank.example",
        ),
        (
            "Yahoo",
            "atlas-production.v2-mail-prod1-gq1.omega.yahoo.com; dkim=pass header.i=@bank.example header.s=s1; spf=pass smtp.mailfrom=bank.example; dmarc=pass(p=REJECT,sp=REJECT) header.from=bank.example;",
            "pass/pass/pass/unknown bank.example",
        ),
        (
            "Amazon",
            "amazonses.com; spf=pass (spfCheck: domain of bank.example designates 203.0.113.9 as permitted sender) client-ip=203.0.113.9; envelope-from=a@bank.example; helo=mail.bank.example; dkim=pass header.i=@bank.example; dmarc=pass header.from=bank.example;",
            "pass/pass/pass/unknown bank.example",
        ),
        (
            "Zoho",
            "mx.zohomail.eu; dkim=pass  header.i=bank.example; spf=pass  smtp.mailfrom=a@bank.example; dmarc=pass header.from=<a@bank.example>",
            "pass/pass/pass/unknown bank.example",
        ),
        (
            "Fastmail",
            "mx1.messagingengine.com; arc=none (no signatures found); bimi=skipped (DMARC Policy is not at enforcement); dkim=pass (2048-bit rsa key sha256) header.d=bank.example header.i=@bank.example header.b=x header.a=rsa-sha256 header.s=s1; dmarc=pass policy.published-domain-policy=none policy.applied-disposition=none (p=none,d=none) policy.policy-from=p header.from=bank.example; iprev=pass smtp.remote-ip=203.0.113.9 (x); spf=pass smtp.mailfrom=a@bank.example smtp.helo=mail.bank.example",
            "pass/pass/pass/none bank.example",
        ),
        (
            "Proofpoint",
            "ppops.net; spf=fail smtp.mailfrom=a@bank.example; dkim=pass header.d=bank.example header.s=s1; dmarc=pass (policy=reject) header.from=bank.example",
            "fail/pass/pass/unknown bank.example",
        ),
        (
            "Mimecast",
            "relay.mimecast.com; dkim=pass header.d=bank.example header.s=s1 header.b=x; dmarc=pass (policy=reject) header.from=bank.example; spf=softfail (relay.mimecast.com: 203.0.113.9 is neither permitted nor denied by domain of a@bank.example) smtp.mailfrom=a@bank.example",
            "softfail/pass/pass/unknown bank.example",
        ),
    ];
    for (who, text, wanted) in rows {
        let id = text.split(';').next().expect("an id");
        let auth = read(
            settings(&[id]),
            &format!("Authentication-Results: {text}\nReceived: from a (a [203.0.113.9]) by {id}; x\n{FROM}"),
        );
        let domains = auth.authenticated_domains.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(format!("{}/{}/{}/{} {domains}", auth.spf, auth.dkim, auth.dmarc, auth.arc), wanted, "{who}");
    }
    let auth = read(
        settings(&["mx.example.net"]),
        &format!("{}{BORDER}{FROM}", claim("mx.example.net", "; dkim=pass header.i=@; spf=pass smtp.mailfrom=<>")),
    );
    assert!(auth.dkim_domains.is_empty() && auth.mail_from.is_none() && auth.authenticated_domains.is_empty());
}

/// `spf/dkim/dmarc/arc/compauth reason domains` of fields as they are really written, each with a
/// border of its own; addresses and names are for documentation.
#[test]
fn dialects_with_all_they_say() {
    const EXCHANGE: &str = "Received: from AB1PR01MB0001.namprd01.prod.outlook.com (2603:10b6:1:1::1) by CD1PR01MB0002.namprd01.prod.outlook.com with HTTPS; x\n";
    const EXCHANGE_BORDER: &str = "Received: from mail.bank.example (203.0.113.9) by CO1NAM01FT001.mail.protection.outlook.com (10.13.0.1) with Microsoft SMTP Server; x\n";
    let microsoft = |results: &str| format!("{EXCHANGE}Authentication-Results: {results}\n{EXCHANGE_BORDER}");
    let above = |id: &str, fields: &[&str]| {
        let fields: String = fields.iter().map(|field| format!("Authentication-Results: {field}\n")).collect();
        format!("{fields}Received: from m.bank.example (m.bank.example [203.0.113.9]) by {id} with ESMTPS id x; x\n")
    };
    let rows: Vec<(&str, &[&str], String, &str)> = vec![
        (
            "Exchange Online: genuine",
            &["microsoft"],
            microsoft(
                "spf=pass (sender IP is 203.0.113.9)\n smtp.mailfrom=bounce.bank.example; dkim=pass (signature was verified)\n header.d=bank.example;dmarc=pass action=none\n header.from=bank.example;compauth=pass reason=100",
            ),
            "pass/pass/pass/unknown/pass 100 bank.example bounce.bank.example",
        ),
        (
            "Exchange Online: no policy",
            &["microsoft"],
            microsoft(
                "spf=pass (sender IP is 203.0.113.9) smtp.mailfrom=bank.example; dkim=none (message not signed) header.d=none;dmarc=bestguesspass action=none header.from=bank.example;compauth=pass reason=109",
            ),
            "pass/none/bestguesspass/unknown/pass 109 bank.example",
        ),
        (
            "Exchange Online: failure overridden by ARC",
            &["microsoft"],
            microsoft(
                "spf=none (sender IP is 203.0.113.9) smtp.mailfrom=list.example; dkim=pass (signature was verified) header.d=list-example.20221208.gappssmtp.com;dmarc=fail action=none header.from=bank.example;compauth=pass reason=130",
            ),
            "none/pass/fail/unknown/pass 130",
        ),
        (
            "Exchange Online: spoofed own domain",
            &["microsoft"],
            microsoft(
                "spf=fail (sender IP is 203.0.113.9) smtp.mailfrom=bank.example; dkim=none (message not signed) header.d=none;dmarc=fail action=oreject header.from=bank.example;compauth=fail reason=601",
            ),
            "fail/none/fail/unknown/fail 601",
        ),
        (
            "Exchange Online: Firebase",
            &["microsoft"],
            microsoft(
                "spf=pass (sender IP is 203.0.113.9) smtp.mailfrom=bank.example; dkim=pass (signature was verified) header.d=bank.example;dmarc=permerror action=none header.from=bank.example;compauth=pass reason=111",
            ),
            "pass/pass/permerror/unknown/pass 111 bank.example",
        ),
        (
            "Exchange Online: key of no use",
            &["microsoft"],
            microsoft(
                "spf=softfail (sender IP is 203.0.113.9) smtp.mailfrom=bank.example; dkim=fail (no key for signature) header.d=bank.example;dmarc=fail action=quarantine header.from=bank.example;compauth=fail reason=000",
            ),
            "softfail/fail/fail/unknown/fail 000",
        ),
        (
            "Google",
            &["mx.google.com"],
            "Received: by 2002:a05:6a10:1:b0:1:1:1 with SMTP id x; x\nARC-Authentication-Results: i=1; mx.google.com; dmarc=fail header.from=bank.example\nReceived: from m.bank.example (m.bank.example. [203.0.113.9]) by mx.google.com with ESMTPS id y for <u@b.example>; x\nReceived-SPF: pass\nAuthentication-Results: mx.google.com;\n       dkim=pass header.i=@bank.example header.s=s1 header.b=\"abc/+=\";\n       dkim=neutral (body hash did not verify) header.i=@esp.example header.s=k header.b=x;\n       spf=pass (google.com: domain of a@bounce.bank.example designates 203.0.113.9 as permitted sender) smtp.mailfrom=a@bounce.bank.example;\n       dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=bank.example\n".to_owned(),
            "pass/pass/pass/unknown/unknown bank.example bounce.bank.example",
        ),
        (
            "Yahoo",
            &["atlas103.free.mail.gq1.yahoo.com"],
            above(
                "atlas103.free.mail.gq1.yahoo.com",
                &[
                    "atlas103.free.mail.gq1.yahoo.com;\n dkim=perm_fail header.i=@esp.example header.s=x;\n dkim=pass header.i=@bank.example header.s=s1;\n spf=pass smtp.mailfrom=bank.example;\n dmarc=pass(p=REJECT,sp=REJECT) header.from=bank.example;",
                ],
            ),
            "pass/pass/pass/unknown/unknown bank.example",
        ),
        (
            "Proofpoint",
            &["ppops.net"],
            format!(
                "Received: from pps.filterd (m0000001.ppops.net [127.0.0.1]) by m0000001.ppops.net (8.17/8.17) with ESMTP id x; x\n{}",
                above(
                    "m0000001.ppops.net",
                    &[
                        "ppops.net; spf=pass smtp.mailfrom=a@bank.example; dkim=pass header.d=bank.example header.s=s1; dmarc=pass (policy=reject) header.from=bank.example"
                    ]
                )
            ),
            "pass/pass/pass/unknown/unknown bank.example",
        ),
        (
            "Mimecast",
            &["relay.mimecast.com"],
            above(
                "relay.mimecast.com",
                &[
                    "relay.mimecast.com;\n\tdkim=pass header.d=bank.example header.s=s1 header.b=abc;\n\tarc=none;\n\tdmarc=pass (policy=quarantine) header.from=bank.example;\n\tspf=pass (relay.mimecast.com: domain of a@bank.example designates 203.0.113.9 as permitted sender) smtp.mailfrom=a@bank.example",
                ],
            ),
            "pass/pass/pass/none/unknown bank.example",
        ),
        (
            "Amazon SES",
            &["amazonses.com"],
            above(
                "inbound-smtp.us-east-1.amazonaws.com",
                &[
                    "amazonses.com;\n spf=pass (spfCheck: domain of bank.example designates 203.0.113.9 as permitted sender) client-ip=203.0.113.9; envelope-from=a@bank.example; helo=m.bank.example;\n dkim=pass header.i=@bank.example;\n dkim=permerror header.i=@esp.example;\n dmarc=pass header.from=bank.example;",
                ],
            ),
            "pass/pass/pass/unknown/unknown bank.example",
        ),
        (
            "Zoho",
            &["mx.zohomail.eu"],
            above(
                "mx.zohomail.eu",
                &[
                    "mx.zohomail.eu;\n\tdkim=pass  header.i=bank.example;\n\tspf=pass  smtp.mailfrom=a@bank.example;\n\tarc=pass (i=1 dmarc=pass fromdomain=bank.example);\n\tdmarc=pass(p=reject dis=none)  header.from=bank.example",
                ],
            ),
            "pass/pass/pass/pass/unknown bank.example",
        ),
        (
            "Fastmail: several fields",
            &["mx1.messagingengine.com"],
            above(
                "mx1.messagingengine.com",
                &[
                    "mx1.messagingengine.com; x-csa=none; x-me-sender=none; x-ptr=pass smtp.helo=m.bank.example policy.ptr=m.bank.example",
                    "mx1.messagingengine.com; arc=none (no signatures found)",
                    "mx1.messagingengine.com; dkim=pass (2048-bit rsa key sha256) header.d=bank.example header.i=@bank.example header.b=x header.a=rsa-sha256 header.s=s1 x-bits=2048; dmarc=pass policy.published-domain-policy=reject policy.applied-disposition=none policy.evaluated-disposition=none (p=reject,d=none,d.eval=none) policy.policy-from=p header.from=bank.example; iprev=pass smtp.remote-ip=203.0.113.9 (m.bank.example); spf=pass smtp.mailfrom=a@bank.example smtp.helo=m.bank.example",
                ],
            ),
            "pass/pass/pass/none/unknown bank.example",
        ),
        (
            "iCloud: a name for each method",
            &["dmarc.icloud.com", "dkim-verifier.icloud.com", "spf.icloud.com"],
            above(
                "ms1.mail.icloud.com",
                &[
                    "bimi.icloud.com; bimi=skipped reason=\"insufficient dmarc\"",
                    "dmarc.icloud.com; dmarc=pass header.from=bank.example",
                    "dkim-verifier.icloud.com; dkim=pass (2048-bit key) header.d=bank.example header.i=@bank.example header.b=x",
                    "spf.icloud.com; spf=pass (spf.icloud.com: domain of a@bank.example designates 203.0.113.9 as permitted sender) smtp.mailfrom=a@bank.example",
                ],
            ),
            "pass/pass/pass/unknown/unknown bank.example",
        ),
        (
            "Cisco: Sender ID first",
            &["esa1.b.example"],
            above(
                "esa1.b.example",
                &[
                    "esa1.b.example; spf=None smtp.pra=a@bank.example; spf=Pass smtp.mailfrom=a@bank.example; spf=None smtp.helo=postmaster@m.bank.example; dkim=pass (signature verified) header.i=@bank.example; dmarc=pass (p=reject dis=none) d=bank.example",
                ],
            ),
            "pass/pass/pass/unknown/unknown bank.example",
        ),
        (
            "ProtonMail",
            &["mail.protonmail.ch"],
            above(
                "mail.protonmail.ch",
                &[
                    "mail.protonmail.ch; dmarc=pass (p=none dis=none) header.from=bank.example",
                    "mail.protonmail.ch; spf=pass smtp.mailfrom=bank.example",
                    "mail.protonmail.ch; arc=none smtp.remote-ip=203.0.113.9",
                    "mail.protonmail.ch; dkim=pass (2048-bit key) header.d=bank.example header.i=@bank.example header.b=\"x\"",
                ],
            ),
            "pass/pass/pass/none/unknown bank.example",
        ),
        (
            "OpenDKIM and OpenDMARC",
            &["mx.b.example"],
            above(
                "mx.b.example",
                &[
                    "OpenDMARC; dmarc=pass header.from=evil.example",
                    "mx.b.example; dmarc=pass (p=reject dis=none) header.from=bank.example",
                    "mx.b.example;\n\tdkim=pass (2048-bit key; unprotected) header.d=bank.example header.i=@bank.example header.a=rsa-sha256 header.s=s1 header.b=x;\n\tdkim-atps=neutral",
                    "mx.b.example; spf=pass (sender SPF authorized) smtp.mailfrom=bank.example (client-ip=203.0.113.9; helo=m.bank.example; envelope-from=a@bank.example; receiver=<UNKNOWN>)",
                ],
            ),
            "pass/pass/pass/unknown/unknown bank.example",
        ),
    ];
    for (who, ids, head, wanted) in rows {
        let auth = read(settings(ids), &format!("{head}{FROM}"));
        let domains = auth.authenticated_domains.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let reason = auth.compauth_reason.as_deref().map_or(String::new(), |reason| format!(" {reason}"));
        let found =
            format!("{}/{}/{}/{}/{}{reason} {domains}", auth.spf, auth.dkim, auth.dmarc, auth.arc, auth.compauth);
        assert_eq!(found.trim_end(), wanted, "{who}");
    }
}
