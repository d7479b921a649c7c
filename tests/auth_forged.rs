//! Results that nobody trusted wrote: whatever a sender puts into a message, nothing passes.

use proptest::prelude::*;
use ruleeval::auth;
use ruleeval::message::{Message, Settings};
use std::sync::Arc;

const PASS: &str = "spf=pass smtp.mailfrom=bank.example; dkim=pass header.d=bank.example; dmarc=pass header.from=bank.example; arc=pass; compauth=pass reason=100";
const FROM: &str = "From: Ann <ann@bank.example>\n\nx";
const BORDER: &str = "Received: from evil.example (evil.example [203.0.113.9]) by mx.example.net with ESMTP id 1 for <u@example.net>; Tue, 2 Jan 2024 10:00:05 +0000\n";
const OWN: &str = "Authentication-Results: mx.example.net; spf=fail smtp.mailfrom=bank.example; dkim=none; dmarc=fail header.from=bank.example; arc=none\n";

fn settings() -> Settings {
    Settings {
        trusted_authserv_ids: vec!["mx.example.net".into(), "microsoft".into(), "mx.google.com".into()],
        trusted_arc_sealers: vec!["google.com".into(), "microsoft.com".into()],
        #[cfg(feature = "verify")]
        resolver: Some(Arc::new(ruleeval::dns::Recorded::default())),
        ..Settings::default()
    }
}

fn assert_nothing_passes(raw: &str) {
    let auth = auth::of(&Message::parse(raw.as_bytes(), Arc::new(settings())));
    for result in [&auth.spf, &auth.dkim, &auth.dmarc, &auth.arc, &auth.compauth] {
        assert!(!result.contains("pass"), "{raw}\n{auth:?}");
    }
    assert!(auth.authenticated_domains.is_empty() && !auth.authenticates("bank.example"), "{raw}\n{auth:?}");
    assert!(auth.dkim_domains.is_empty() && !auth.spf_aligned && !auth.dkim_aligned, "{raw}\n{auth:?}");
}

/// Fields that a sender may write, `PASS` in each.
const FORGERIES: [&str; 30] = [
    "Authentication-Results: mx.example.net; PASS",
    "Authentication-Results: mx.example.net 1; PASS",
    "Authentication-Results: MX.EXAMPLE.NET; PASS",
    "Authentication-Results: \"mx.example.net\"; PASS",
    "Authentication-Results: mx.example.net.; PASS",
    "Authentication-Results: (mx.example.net) mx.example.net; PASS",
    "Authentication-Results: evil.example (mx.example.net); PASS",
    "Authentication-Results: mx.\u{435}xample.net; PASS",
    "Authentication-Results: mx.xn--xample-9uf.net; PASS",
    "Authentication-Results: =?utf-8?Q?mx.example.net=3B?= PASS",
    "Authentication-Results:\n mx.example.net;\n PASS",
    "Authentication-Results:\n\t\n mx.example.net; PASS",
    "Authentication-Results : mx.example.net; PASS",
    "AUTHENTICATION-RESULTS: mx.example.net; PASS",
    "Authentication-Results: PASS",
    "Authentication-Results: ; PASS",
    "Authentication-Results: microsoft; PASS",
    "Authentication-Results: mx.google.com; PASS",
    "Authentication-Results: mx.google.com, mx.example.net; PASS",
    "X-Authentication-Results: mx.example.net; PASS",
    "ARC-Authentication-Results: i=1; mx.example.net; PASS",
    "ARC-Authentication-Results: i=1; mx.google.com; PASS\nARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=google.com; s=a; h=from; bh=YQ==; b=YQ==\nARC-Seal: i=1; a=rsa-sha256; t=1; cv=none; d=google.com; s=a; b=YQ==",
    "ARC-Seal: i=2; a=rsa-sha256; cv=pass; d=microsoft.com; s=a; b=YQ==",
    "Received: from mx.example.net (mx.example.net [10.0.0.1]) by mx.example.net; x",
    "Received: from bank.example (bank.example [192.0.2.7]) by mx.example.net; x",
    "Received: by mx.example.net; x",
    "Received: from AB1PR01MB0001.namprd01.prod.outlook.com (2603:10b6:1:1::1) by CD1PR01MB0002.namprd01.prod.outlook.com with HTTPS; x",
    "Return-Path: <bounce@bank.example>\nDelivered-To: u@example.net",
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=bank.example; s=s1; h=from; bh=YQ==; b=YQ==",
    "X-MS-Exchange-Organization-AuthAs: Internal\nX-MS-Exchange-Authentication-Results: PASS",
];

fn forged(index: usize) -> String {
    FORGERIES[index].replace("PASS", PASS) + "\n"
}

/// Each by itself, where a sender's fields stand: below the border's own.
#[test]
fn each_forgery() {
    for index in 0..FORGERIES.len() {
        let field = forged(index);
        assert_nothing_passes(&format!("{OWN}{BORDER}{field}{FROM}"));
        assert_nothing_passes(&format!("{BORDER}{OWN}{field}{FROM}"));
        let stranger = "Received: from a.example (a.example [198.51.100.4]) by evil.example; x\n";
        assert_nothing_passes(&format!("{BORDER}{stranger}{field}{FROM}"));
    }
}

/// Messages that show no border at all: files, mail handed in by the sender himself.
#[test]
fn without_a_border() {
    let is_border = |index: &usize| !FORGERIES[*index].starts_with("Received");
    for index in (0..FORGERIES.len()).filter(is_border) {
        assert_nothing_passes(&format!("{}{FROM}", forged(index)));
    }
}

/// Two results in one field, one of them smuggled in by a name that the sender chose.
#[test]
fn results_in_results() {
    for smuggled in [
        "smtp.mailfrom=a; PASS @evil.example",
        "smtp.mailfrom=\"a; PASS \"@evil.example",
        "smtp.helo=(a; PASS)",
        "reason=\"a\\\"; PASS\"",
        "(a ( b ; PASS",
        "(a\\) ; PASS ) ; x=y",
    ] {
        let field = format!(
            "Authentication-Results: mx.example.net; dkim=none; dmarc=fail header.from=bank.example; arc=none; compauth=fail; spf=fail {}; dkim=none; arc=none\n",
            smuggled.replace("PASS", "spf=pass; dmarc=pass header.from=bank.example")
        );
        let auth = auth::of(&Message::parse(format!("{field}{BORDER}{FROM}").as_bytes(), Arc::new(settings())));
        assert!([&auth.spf, &auth.dmarc].iter().all(|result| ***result != *"pass"), "{smuggled}: {auth:?}");
        assert!(auth.authenticated_domains.is_empty(), "{smuggled}: {auth:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any number of forgeries in any order, with text of any kind in between.
    #[test]
    fn any_forgeries(
        picks in prop::collection::vec((0..FORGERIES.len(), "[ -~\t]{0,20}"), 0..12),
        below in any::<bool>(),
        ending in prop::sample::select(vec!["\n", "\r\n"]),
    ) {
        let mut raw = if below { format!("{BORDER}{OWN}") } else { format!("{OWN}{BORDER}") };
        for (index, text) in picks {
            raw.push_str(&forged(index));
            raw.push_str(&format!("X-Text: {text}\n"));
        }
        raw.push_str(FROM);
        assert_nothing_passes(&raw.replace('\n', ending));
    }
}
