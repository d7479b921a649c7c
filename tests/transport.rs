//! How messages came: stations in their dialects, Microsoft's and Google's headers, signs of misuse.

use ruleeval::message::{Message, Received, Settings};
use ruleeval::transport::{Google, Microsoft, Route, RouteHop, Signs, signatures};
use std::sync::Arc;

fn message(ids: &[&str], raw: &str) -> Arc<Message> {
    let settings =
        Settings { trusted_authserv_ids: ids.iter().map(ToString::to_string).collect(), ..Settings::default() };
    Message::parse(raw.as_bytes(), Arc::new(settings))
}

fn hop(value: &str) -> RouteHop {
    RouteHop::new(0, &Received::parse(value), false)
}

fn text(hop: &RouteHop) -> String {
    let host = hop.host.as_ref().map_or("-", |host| &*host.domain);
    let ip = hop.ip.map_or("-".to_owned(), |ip| ip.to_string());
    let by = hop.by.as_ref().map_or("-", |by| &*by.domain);
    format!(
        "{} {host} {ip} {by} {} {}",
        hop.helo.as_deref().unwrap_or("-"),
        hop.protocol.as_deref().unwrap_or("-"),
        hop.dialect
    )
}

#[test]
fn received_fields_in_their_dialects() {
    let rows = [
        (
            "from mail.a.example (host.a.example [203.0.113.9]) by mx.b.example (Postfix) with ESMTPS id 1 for <u@b.example>; Wed, 24 May 2023 22:33:40 +0300",
            "mail.a.example host.a.example 203.0.113.9 mx.b.example ESMTPS postfix",
        ),
        (
            "from mail.a.example (unknown [203.0.113.9]) by mx.b.example (Postfix) with ESMTP id 1; x",
            "mail.a.example - 203.0.113.9 mx.b.example ESMTP postfix",
        ),
        (
            "from [10.0.0.1] (evil.example [203.0.113.9]) (using TLSv1.3 with cipher X (1/1 bits)) by mx.b.example (Postfix) with ESMTPSA id 1; x",
            "[10.0.0.1] evil.example 203.0.113.9 mx.b.example ESMTPSA postfix",
        ),
        (
            "from mail.a.example (mail.a.example. [203.0.113.9]) by mx.google.com with ESMTPS id x for <u@b.example> (version=TLS1_3 cipher=X bits=256/256); x",
            "mail.a.example mail.a.example 203.0.113.9 mx.google.com ESMTPS gmail",
        ),
        ("by 2002:a05:6a10:1:b0:1:1:1 with SMTP id x; Fri, 28 Jul 2023 12:25:48 -0700 (PDT)", "- - - - SMTP gmail"),
        (
            "from AB1PR01MB0001.namprd01.prod.outlook.com (2603:10b6:1:1::1) by CD1.prod.outlook.com (2603:10b6:2::2) with Microsoft SMTP Server (version=TLS1_2, cipher=X) id 15.20; x",
            "AB1PR01MB0001.namprd01.prod.outlook.com - 2603:10b6:1:1::1 cd1.prod.outlook.com SMTP exchange",
        ),
        (
            "from mail.a.example (203.0.113.9) by CO1.mail.protection.outlook.com (10.13.0.1) with Microsoft SMTP Server id 15.20.1 via Frontend Transport; x",
            "mail.a.example - 203.0.113.9 co1.mail.protection.outlook.com SMTP exchange",
        ),
        (
            "from AB1.prod.outlook.com ([fe80::1]) by AB1.prod.outlook.com ([fe80::1%6]) with mapi id 15.20; x",
            "AB1.prod.outlook.com - fe80::1 ab1.prod.outlook.com MAPI exchange",
        ),
        (
            "from host.a.example ([203.0.113.9] helo=mail.a.example) by mx.b.example with esmtps (TLS1.3) (Exim 4.96) (envelope-from <x@a.example>) id 1; x",
            "mail.a.example host.a.example 203.0.113.9 mx.b.example ESMTPS exim",
        ),
        (
            "from [203.0.113.9] (helo=mail.a.example) by mx.b.example with esmtp (Exim 4.96) id 1; x",
            "mail.a.example - 203.0.113.9 mx.b.example ESMTP exim",
        ),
        (
            "from unknown (HELO mail.a.example) (203.0.113.9) by mx.b.example with SMTP; x",
            "mail.a.example - 203.0.113.9 mx.b.example SMTP qmail",
        ),
        (
            "from host.a.example (HELO mail.a.example) (user@203.0.113.9) by mx.b.example with SMTP; x",
            "mail.a.example host.a.example 203.0.113.9 mx.b.example SMTP qmail",
        ),
        ("(qmail 12345 invoked by uid 0); 24 May 2023 19:33:40 -0000", "- - - - - qmail"),
        (
            "from host.a.example (postfix@host.a.example [203.0.113.9]) by mx.b.example (8.11.6/8.11.6) with ESMTP id g1 for <u@b.example>; x",
            "host.a.example host.a.example 203.0.113.9 mx.b.example ESMTP sendmail",
        ),
        (
            "from ml.example (localhost [IPv6:::1]) by ml.example (Postfix) with ESMTP id 1; x",
            "ml.example - ::1 ml.example ESMTP postfix",
        ),
        ("", "- - - - - unknown"),
        ("from by with id for ;;; (((", "- - - - - unknown"),
    ];
    for (value, wanted) in rows {
        assert_eq!(text(&hop(value)), wanted, "{value}");
    }
    let first = hop(rows[0].0);
    assert_eq!(first.recipient.as_ref().map(|r| &*r.email), Some("u@b.example"));
    assert!(first.tls && !first.authenticated && first.time.is_some());
    let exim = hop(rows[8].0);
    assert_eq!(exim.envelope_from.as_ref().map(|r| &*r.email), Some("x@a.example"));
    assert!(hop(rows[2].0).authenticated);
}

const RELAY: &str = "Received: from AB1PR01MB0001.namprd01.prod.outlook.com (2603:10b6:1:1::1) by CD1PR01MB0002.namprd01.prod.outlook.com with HTTPS; x\n";
const BORDER: &str = "Received: from APC01.outbound.protection.outlook.com (40.107.75.72) by CO1.mail.protection.outlook.com (10.13.0.1) with Microsoft SMTP Server id 15.20; x\n";
const STRANGER: &str = "Received: from mail.a.example (203.0.113.9) by CO1.mail.protection.outlook.com (10.13.0.1) with Microsoft SMTP Server id 15.20; x\n";

fn results(what: &str) -> String {
    format!("Authentication-Results: {what}\n")
}

const LAUNDERED: &str = "spf=pass (sender IP is 40.107.75.72) smtp.mailfrom=deck.example; dkim=pass (signature was verified) header.d=Ste1.onmicrosoft.com;dmarc=pass action=none header.from=deck.example;compauth=pass reason=100";
const UPSTREAM: &str = "X-MS-Exchange-Authentication-Results: spf=fail (sender IP is 203.0.113.50) smtp.mailfrom=deck.example; dkim=none (message not signed) header.d=none;dmarc=fail action=oreject header.from=deck.example;\n\
    X-Forefront-Antispam-Report-Untrusted: CIP:203.0.113.50;CTRY:CA;LANG:en;SCL:1;SRV:;IPV:CAL;SFV:NSPM;H:deck.example;PTR:InfoDomainNonexistent;CAT:NONE;SFS:(1)(2);DIR:OUT;SFP:1102;\n\
    X-MS-Exchange-CrossTenant-OriginalAttributedTenantConnectingIp: TenantId=7869D321-0000-0000-0000-000000000000;Ip=[203.0.113.50];Helo=[deck.example]\n\
    X-MS-Exchange-Organization-AuthAs: Anonymous\nX-MS-Exchange-Organization-SCL: -1\nX-Microsoft-Antispam: BCL:4;ARA:1|2\n\
    X-MS-Exchange-CrossTenant-FromEntityHeader: HybridOnPrem\nX-MS-Exchange-CrossTenant-Id: 84DF9E7F-e9f6-40af-b435-aaaaaaaaaaaa\n";
const FROM: &str = "From: Deck <news@deck.example>\nTo: u@b.example\n\nx";

#[test]
fn microsofts_headers() {
    let m = message(&["microsoft"], &format!("{RELAY}{}{BORDER}{UPSTREAM}{FROM}", results(LAUNDERED)));
    let microsoft = Microsoft::of(&m);
    assert!(microsoft.receiver && microsoft.relay);
    assert_eq!(
        (microsoft.auth_as, microsoft.from_entity, microsoft.directionality),
        ("anonymous", "hybridonprem", "unknown")
    );
    assert_eq!((microsoft.scl, microsoft.bcl), (Some(-1), Some(4)));
    assert_eq!(microsoft.original_tenant_id.as_deref(), Some("7869d321-0000-0000-0000-000000000000"));
    assert_eq!(microsoft.original_ip.map(|ip| ip.to_string()).as_deref(), Some("203.0.113.50"));
    assert_eq!(microsoft.original_helo.as_deref(), Some("deck.example"));
    assert_eq!(microsoft.cross_tenant_id.as_deref(), Some("84df9e7f-e9f6-40af-b435-aaaaaaaaaaaa"));
    let report = &microsoft.antispam_untrusted;
    assert!(report.present && !microsoft.antispam.present);
    assert_eq!((report.scl, report.sfv, report.cat, report.ipv, report.dir), (Some(1), "nspm", "none", "cal", "out"));
    assert_eq!((report.ctry.as_deref(), report.ptr.as_deref()), (Some("CA"), Some("InfoDomainNonexistent")));
    assert_eq!(microsoft.antispam.sfv, "unknown");
    let upstream = &microsoft.upstream;
    assert_eq!(
        (&*upstream.spf, &*upstream.dkim, &*upstream.dmarc, upstream.action),
        ("fail", "none", "fail", "oreject")
    );
    assert_eq!(upstream.ip.map(|ip| ip.to_string()).as_deref(), Some("203.0.113.50"));
    assert!(upstream.failed() && Signs::of(&m).tenant_relay);
}

#[test]
fn without_microsofts_headers_nothing_is_known() {
    let m = message(&["microsoft"], FROM);
    let microsoft = Microsoft::of(&m);
    assert!(!microsoft.receiver && !microsoft.relay && !microsoft.upstream.present && !microsoft.upstream.failed());
    assert_eq!(
        (microsoft.auth_as, &*microsoft.upstream.spf, microsoft.upstream.action),
        ("unknown", "unknown", "unknown")
    );
    let junk = "X-MS-Exchange-Organization-AuthAs: Root\nX-Forefront-Antispam-Report: SCL:99;SFV:;:;;CAT\nX-MS-Exchange-Authentication-Results: ;;=\n";
    let microsoft = Microsoft::of(&message(&[], &format!("{junk}{FROM}")));
    assert_eq!((microsoft.auth_as, microsoft.antispam.scl, microsoft.antispam.sfv), ("unknown", None, "unknown"));
}

#[test]
fn honest_relays_are_no_laundering() {
    let sign = |results_text: &str, extra: &str| {
        let raw = format!("{RELAY}{}{BORDER}{extra}{FROM}", results(results_text));
        Signs::of(&message(&["microsoft"], &raw)).tenant_relay
    };
    assert!(sign(LAUNDERED, UPSTREAM));
    let own_key = LAUNDERED.replace("Ste1.onmicrosoft.com", "deck.example");
    assert!(!sign(&own_key, UPSTREAM), "an own signature passes");
    assert!(!sign(LAUNDERED, &UPSTREAM.replace("=fail", "=none")), "none upstream is normal");
    assert!(!sign(LAUNDERED, &UPSTREAM.replace("=fail", "=pass")), "upstream passed");
    assert!(!sign(LAUNDERED, ""), "no upstream");
    let failed = LAUNDERED.replace("spf=pass", "spf=fail").replace("dmarc=pass", "dmarc=fail");
    assert!(!sign(&failed, UPSTREAM), "nothing was laundered");
    let untrusting = message(&[], &format!("{RELAY}{}{BORDER}{UPSTREAM}{FROM}", results(LAUNDERED)));
    assert!(!Signs::of(&untrusting).tenant_relay, "nobody is believed");
}

#[test]
fn direct_send() {
    let failing = "spf=fail (sender IP is 203.0.113.9) smtp.mailfrom=b.example; dkim=none header.d=none;dmarc=fail action=none header.from=b.example;compauth=fail reason=601";
    let own = "From: Boss <boss@b.example>\nTo: u@b.example\nX-MS-Exchange-Organization-AuthAs: Anonymous\n\nx";
    let sign = |what: &str, border: &str, from: &str| {
        let raw = format!("{RELAY}{}{border}{from}", results(what));
        Signs::of(&message(&["microsoft"], &raw)).direct_send
    };
    assert!(sign(failing, STRANGER, own));
    assert!(!sign(&failing.replace("spf=fail", "spf=pass"), STRANGER, own), "a scanner that SPF names");
    assert!(!sign(failing, STRANGER, &own.replace("Anonymous", "Internal")));
    assert!(!sign(failing, STRANGER, &own.replace("boss@b.example", "boss@a.example")), "not an own address");
    assert!(!sign(failing, BORDER, own), "through Exchange Online");
}

#[test]
fn dkim_replay() {
    let replayed = "spf=pass smtp.mailfrom=evil.example; dkim=pass header.d=accounts.service.example; dmarc=pass header.from=service.example";
    let own = "Received: from evil.example (evil.example [203.0.113.9]) by mx.b.example with ESMTPS id 1 for <u@b.example>; x\n";
    let sign = |what: &str, rest: &str| {
        let raw = format!(
            "Authentication-Results: mx.b.example; {what}\n{own}From: S <no-reply@service.example>\n{rest}\n\nx"
        );
        Signs::of(&message(&["mx.b.example"], &raw)).dkim_replay
    };
    assert!(sign(replayed, "To: me@other.example"));
    assert!(!sign(replayed, "To: u@b.example"), "addressed");
    assert!(!sign(replayed, "To: u+tag@b.example"), "addressed with a tag");
    assert!(!sign(replayed, "To: l@other.example\nList-Id: <l.other.example>"), "a list");
    assert!(!sign(&replayed.replace("evil.example", "bounce.service.example"), "To: me@other.example"), "own sender");
    let vouched = format!("{replayed}; dkim=pass header.d=evil.example");
    assert!(!sign(&vouched, "To: me@other.example"), "a mass sender signs too");
    assert!(!sign(&replayed.replace("dkim=pass", "dkim=fail"), "To: me@other.example"));
}

#[test]
fn the_border_is_what_own_servers_saw() {
    let forged = "Received: from paypal.example (paypal.example [198.51.100.1]) by mx.b.example with ESMTP; x\n";
    let own = "Received: from evil.example (evil.example [203.0.113.9]) by mx.b.example with ESMTP; x\n";
    let ip = |ids: &[&str], raw: &str| {
        let route = Route::of(&message(ids, raw));
        (route.border_known, route.border_hop().and_then(|hop| hop.ip).map(|ip| ip.to_string()).unwrap_or_default())
    };
    let pair = |known: bool, ip: &str| (known, ip.to_owned());
    assert_eq!(ip(&["mx.b.example"], &format!("{own}{forged}{FROM}")), pair(true, "203.0.113.9"));
    let inner = "Received: from mx.b.example ([10.0.0.2]) by store.b.example with LMTP; x\n";
    assert_eq!(ip(&["mx.b.example"], &format!("{inner}{own}{forged}{FROM}")), pair(true, "203.0.113.9"));
    assert_eq!(ip(&[], &format!("{inner}{own}{FROM}")), pair(false, "203.0.113.9"));
    assert_eq!(ip(&["mx.b.example"], FROM), pair(false, ""));
    let route = Route::of(&message(&["mx.b.example"], &format!("{inner}{own}{forged}{FROM}")));
    assert_eq!(route.hops.iter().map(|hop| hop.own).collect::<Vec<_>>(), [true, true, false]);
}

#[test]
fn lists_and_forwarders() {
    let route = |headers: &str| Route::of(&message(&[], &format!("{headers}\n\nx")));
    assert_eq!(route("From: a@example.com\nTo: b@example.org").lists, [] as [&str; 0]);
    let list = route("List-Id: Some List <Some.example.org>\nX-BeenThere: x\nPrecedence: list\nTo: b@example.org");
    assert_eq!(
        (list.lists.as_slice(), list.list_id.as_deref()),
        (["list_id", "mailman", "precedence"].as_slice(), Some("some.example.org"))
    );
    assert_eq!(route("To: x@a.onmicrosoft.com").lists, ["microsoft_group"]);
    assert_eq!(route("X-Google-Group-Id: 1").lists, ["google_group"]);
    let srs = route("Return-Path: <SRS0=HHH=TT=sender.example=ann@fwd.example>");
    assert_eq!(srs.forwarding, ["srs"]);
    assert_eq!(srs.original_mail_from.as_ref().map(|from| &*from.email), Some("ann@sender.example"));
    let twice = route("Return-Path: <SRS1=HH=fwd1.example==HHH=TT=sender.example=ann@fwd2.example>");
    assert_eq!(twice.original_mail_from.as_ref().map(|from| &*from.email), Some("ann@sender.example"));
    assert_eq!(route("Return-Path: <bounces+SRS=AbCd=EF@x.onmicrosoft.com>").forwarding, ["srs"]);
    assert_eq!(route("Return-Path: <me+caf_=you=example.org@gmail.com>").forwarding, ["gmail_forward"]);
    assert_eq!(route("Resent-From: a@example.com").forwarding, ["resent"]);
    assert_eq!(route("Delivered-To: a@example.com\nDelivered-To: b@example.com").forwarding, ["delivered_twice"]);
    let seals = route("ARC-Seal: i=2; a=rsa-sha256; d=google.com; s=x\nARC-Seal: i=1; d=microsoft.com; s=y");
    assert_eq!(
        (seals.arc_instances, seals.arc_sealers.iter().map(|s| &**s).collect::<Vec<_>>()),
        (2, vec!["microsoft.com", "google.com"])
    );
}

#[test]
fn who_is_addressed() {
    let route = |headers: &str| Route::of(&message(&[], &format!("{headers}\n\nx")));
    assert_eq!(route("To: a@example.com").recipient_listed, None);
    assert_eq!(route("Delivered-To: a@example.com\nTo: A@example.com").recipient_listed, Some(true));
    assert_eq!(route("Delivered-To: a@example.com\nTo: b@example.com\nCc: a@example.com").recipient_listed, Some(true));
    assert_eq!(route("Delivered-To: a@example.com\nTo: b@example.com").recipient_listed, Some(false));
    assert!(route("To: undisclosed-recipients:;").undisclosed && route("From: a@example.com").undisclosed);
    assert!(route("From: a@example.com\nTo: a@example.com").to_sender_only);
    assert!(!route("From: a@example.com\nTo: a@example.com, b@example.com").to_sender_only);
}

#[test]
fn googles_headers() {
    let raw = "X-Google-Group-Id: 17\nX-Original-Sender: ann@gmail.com\nX-GoogleForms-FormId: abc\nX-GoogleForms-IsConsumerForm: true\n\
        Feedback-ID: MailTypeReleaseScore:GoogleForms\nX-Google-DKIM-Signature: v=1\n\nx";
    let google = Google::of(&message(&[], raw));
    assert_eq!((google.group_id.as_deref(), google.forms_id.as_deref()), (Some("17"), Some("abc")));
    assert_eq!(google.original_sender.as_ref().map(|sender| &*sender.email), Some("ann@gmail.com"));
    assert!(google.forms_consumer && google.dkim_signature);
    assert_eq!(google.feedback_id.as_deref(), Some("MailTypeReleaseScore:GoogleForms"));
}

#[test]
fn dkim_signature_fields() {
    let border = "Received: from a (a.example [203.0.113.9]) by mx.b.example with ESMTP; x\n";
    let raw = format!(
        "Authentication-Results: mx.b.example; dkim=pass header.d=mail.deck.example header.s=k1; dkim=fail header.d=esp.example\n{border}\
         DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\n d=mail.deck.example; s=k1; t=1700000000; x=1700600000; l=10;\n h=From:To:\n Subject; bh=x; b=y\n\
         DKIM-Signature: v=1; d=esp.example; s=k2; i=@esp.example\nDKIM-Signature: v=1; d=mail.deck.example; s=other\nDKIM-Signature: ;;=;d\n{FROM}"
    );
    let found = signatures(&message(&["mx.b.example"], &raw));
    assert_eq!(found.len(), 4);
    let first = &found[0];
    assert!(first.aligned && first.partial_body);
    assert_eq!(
        (&*first.result, first.selector.as_deref(), first.signed),
        ("pass", Some("k1"), Some(1_700_000_000_000))
    );
    assert_eq!(first.fields.iter().map(|name| &**name).collect::<Vec<_>>(), ["from", "to", "subject"]);
    assert_eq!((found[1].aligned, &*found[1].result), (false, "fail"));
    assert_eq!((found[2].aligned, &*found[2].result), (true, "unknown"));
    assert_eq!((found[3].domain.clone(), &*found[3].result), (None, "unknown"));
    assert!(signatures(&message(&[], &raw)).iter().all(|signature| &*signature.result == "unknown"));
}

/// What is left out is reported.
#[test]
fn limits_of_the_route_are_reported() {
    let stations = "Received: from a.example (a.example [203.0.113.9]) by b.example; x\n".repeat(201);
    let signed = "DKIM-Signature: v=1; d=a.example; s=s\n".repeat(51);
    let sealed = "ARC-Seal: i=1; d=a.example\n".repeat(51);
    let m = message(&[], &format!("{stations}{signed}{sealed}{FROM}"));
    assert_eq!(Route::of(&m).hops.len(), 200);
    assert_eq!(signatures(&m).len(), 50);
    assert_eq!(
        m.limits_hit(),
        ["arc_seals: 50 of 51 read", "hops: 200 of 201 Received fields read", "signatures: 50 of 51 read"]
    );
    let m = message(&[], FROM);
    let _ = (Route::of(&m), signatures(&m));
    assert!(m.limits_hit().is_empty());
}

/// A sender writes Delivered-To to look addressed; own servers write it above their Received field.
#[test]
fn delivered_to_is_believed_above_the_border_only() {
    let own = "Received: from evil.example (evil.example [203.0.113.9]) by mx.b.example with ESMTP; x\n";
    let forged = "Delivered-To: list@service.example\n";
    let genuine = "Delivered-To: u@b.example\n";
    let recipient = |ids: &[&str], raw: &str| {
        let route = Route::of(&message(ids, &format!("{raw}To: list@service.example\n{FROM}")));
        route.recipient.as_ref().map_or_else(String::new, |recipient| recipient.email.to_string())
    };
    assert_eq!(recipient(&["mx.b.example"], &format!("{genuine}{own}{forged}")), "u@b.example");
    assert_eq!(recipient(&["mx.b.example"], &format!("{own}{forged}")), "");
    let announced = own.replace("ESMTP;", "ESMTP for <v@b.example>;");
    assert_eq!(recipient(&["mx.b.example"], &format!("{announced}{forged}")), "v@b.example");
    assert_eq!(recipient(&[], &format!("{own}{forged}")), "");
    assert_eq!(recipient(&[], &format!("{genuine}{own}{forged}")), "u@b.example");
}

#[test]
fn the_recipient_of_the_envelope() {
    use ruleeval::message::Envelope;
    let read = |rcpt_to: &[&str]| {
        let envelope = Envelope { rcpt_to: rcpt_to.iter().map(ToString::to_string).collect(), ..Envelope::default() };
        let m = Message::parse_with(FROM.as_bytes(), Arc::new(Settings::default()), envelope);
        Route::of(&m).recipient.as_ref().map(|recipient| recipient.email.to_string())
    };
    assert_eq!(read(&["V@b.example"]).as_deref(), Some("v@b.example"));
    assert_eq!(read(&["v@b.example", "w@b.example"]), None, "one copy for several");
}
