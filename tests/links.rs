//! Where links lead: rewriters taken off, URLs inside URLs, links that no `a` element makes.

use ruleeval::message::{Message, Settings, Url};
use std::sync::Arc;

fn read(text: &str) -> (String, String) {
    let url = Url::parse(text).unwrap_or_else(|| panic!("{text}"));
    (url.encoders.join(" "), url.url.to_string())
}

#[test]
fn rewritten_urls_are_read_as_meant() {
    let target = "https://evil.example/a?b=c";
    let encoded = "https%3A%2F%2Fevil.example%2Fa%3Fb%3Dc";
    let base64 = "aHR0cHM6Ly9ldmlsLmV4YW1wbGUvYT9iPWM";
    let rows = [
        (
            "microsoft_safelinks",
            format!(
                "https://nam02.safelinks.protection.outlook.com/?url={encoded}&data=05%7C01%7C&sdata=x%3D&reserved=0"
            ),
        ),
        ("proofpoint_v1", format!("https://urldefense.proofpoint.com/v1/url?u={encoded}&k=x%0A")),
        (
            "proofpoint_v2",
            "https://urldefense.proofpoint.com/v2/url?u=https-3A__evil.example_a-3Fb-3Dc&d=DwMFAg&c=x&r=y".into(),
        ),
        ("proofpoint_v3", "https://urldefense.com/v3/__https://evil.example/a?b=c__;!!Ab!cd$".into()),
        ("proofpoint_v3", "https://urldefense.us/v3/__https://evil.example/a*b=c__;Pw!!Ab!cd$".into()),
        ("barracuda", format!("https://linkprotect.cudasvc.com/url?a={encoded}&c=E,1,x")),
        ("cisco", format!("https://secure-web.cisco.com/1AbC-d/1x_y/{encoded}")),
        ("sophos", format!("https://eu-central-1.protection.sophos.com/?d=evil.example&u={base64}&p=m&i=x")),
        ("symantec", format!("https://clicktime.symantec.com/a/1/x?d=y&u={encoded}")),
        ("trendmicro", format!("https://imsva91-ctp.trendmicro.com:443/wis/clicktime/v1/query?url={encoded}&umid=x")),
        ("fireeye", format!("https://protect2.fireeye.com/v1/url?k=x&q=1&e=y&u={encoded}")),
        ("checkpoint", format!("https://checkpoint.url-protection.com/v1/url?o={encoded}&g=x")),
        ("avanan", format!("https://url.avanan.click/v2/___{target}___.YXAxOmI6b")),
        ("edgepilot", format!("https://link.edgepilot.com/s/abc/def?u={encoded}")),
        ("libraesva", format!("https://urlsand.esvalabs.com/?u={encoded}&e=x&h=y")),
        ("trustwave", format!("https://scanmail.trustwave.com/?c=1&d=x&u={encoded}")),
        ("awstrack", format!("https://abc.r.us-east-1.awstrack.me/L0/{encoded}/1/01/x=1")),
        ("google_redirect", format!("https://www.google.com/url?q={encoded}&sa=D")),
        ("google_redirect", format!("https://www.google.co.uk/url?sa=t&url={encoded}")),
        ("amp", "https://www.google.com/amp/s/evil.example/a?b=c".into()),
        ("amp", "https://evil-example.cdn.ampproject.org/c/s/evil.example/a?b=c".into()),
        ("youtube_redirect", format!("https://www.youtube.com/redirect?event=x&q={encoded}")),
        ("facebook_redirect", format!("https://l.facebook.com/l.php?u={encoded}&h=x")),
        ("linkedin_redirect", format!("https://www.linkedin.com/redir/redirect?url={encoded}&urlhash=x")),
        ("bing_redirect", format!("https://www.bing.com/ck/a?!&&p=x&u=a1{base64}&ntb=1")),
        ("duckduckgo_redirect", format!("https://duckduckgo.com/l/?uddg={encoded}&rut=x")),
        ("yahoo_redirect", format!("https://r.search.yahoo.com/_ylt=x/RV=2/RE=1/RO=10/RU={encoded}/RK=2/RS=y")),
        ("slack_redirect", format!("https://slack-redir.net/link?url={encoded}")),
        ("vk_redirect", format!("https://vk.com/away.php?to={encoded}")),
        ("dereferrer", format!("https://href.li/?{target}")),
        ("avanan", format!("https://avanan.url-protection.com/v1/r01/url?o={encoded}&g=x")),
        ("checkpoint", format!("https://protect.checkpoint.com/v2/r01/___{target}___.YXAxOmI6b")),
        ("titanhq", format!("https://linklock.titanhq.com/analyse?url={encoded}&data=x")),
        ("proofpoint_isolation", format!("https://urlisolation.com/browser?clickId=x&url={encoded}")),
        ("menlo", format!("https://safe.menlosecurity.com/{target}")),
        ("menlo", "https://isolate.menlosecurity.com/1/3735927037/https:/evil.example/a?b=c".into()),
        ("microsoft_safelinks", format!("https://outlook.office.com/mail/safelink.html?url={encoded}&corid=x")),
        ("google_redirect", format!("https://images.google.com.ar/url?q={encoded}")),
        ("google_redirect", "https://www.google.com/url?q=amp/s/evil.example/a%3Fb%3Dc".into()),
        ("google_translate", format!("https://translate.google.com/translate?sl=auto&tl=en&u={encoded}")),
        ("google_translate", "https://evil-example.translate.goog/a?b=c&_x_tr_sl=en&_x_tr_tl=de".into()),
    ];
    for (name, text) in &rows {
        assert_eq!(read(text), ((*name).to_owned(), target.to_owned()), "{text}");
    }
    let mimecast = "https://protect-us.mimecast.com/s/0wSdCVON0gczLDq1tGaO?domain=evil.example";
    assert_eq!(read(mimecast), ("mimecast".into(), "https://evil.example/".into()));
}

#[test]
fn rewriters_are_taken_off_one_after_the_other() {
    let inner = "https%253A%252F%252Fevil.example%252F";
    let google = format!("https%3A%2F%2Fwww.google.com%2Furl%3Fq%3D{inner}");
    let outer = format!("https://nam02.safelinks.protection.outlook.com/?url={google}&data=x");
    let url = Url::parse(&outer).expect("a URL");
    assert_eq!(
        (url.encoders.as_slice(), &*url.url),
        (["microsoft_safelinks", "google_redirect"].as_slice(), "https://evil.example/")
    );
    assert_eq!(url.original.as_deref(), Some(outer.as_str()));
    assert!(Url::parse("https://example.com/").is_some_and(|url| url.encoders.is_empty() && url.original.is_none()));
}

#[test]
fn what_only_looks_rewritten_stays() {
    for text in [
        "https://safelinks.protection.outlook.com.evil.example/?url=https%3A%2F%2Fbank.example%2F",
        "https://evil.example/?url=https%3A%2F%2Fbank.example%2F",
        "https://www.google.com/search?q=https%3A%2F%2Fbank.example",
        "https://docs.google.com/url?q=x",
        "https://www.google.evil.example/url?q=https%3A%2F%2Fbank.example",
        "https://urldefense.com/v3/broken",
        "https://www.bing.com/ck/a?u=a1!!!",
        "https://nam02.safelinks.protection.outlook.com/?url=",
        "https://vk.com/away.php?to=%00",
    ] {
        assert_eq!(read(text).0, "", "{text}");
    }
    assert!(Url::parse_strict("https://href.li/?https://evil.example/").is_some_and(|url| url.encoders.is_empty()));
}

#[test]
fn a_rewriter_around_itself_ends() {
    let mut text = "https://evil.example/".to_owned();
    for _ in 0..100 {
        text = format!("https://href.li/?{text}");
    }
    assert_eq!(Url::parse(&text).map(|url| url.encoders.len()), Some(8));
}

#[test]
fn urls_inside_urls() {
    let nested = |text: &str| -> Vec<String> {
        Url::parse(text).expect("a URL").nested().0.iter().map(|url| url.url.to_string()).collect()
    };
    assert_eq!(nested("https://a.example/r?to=https%3A%2F%2Fevil.example%2Fx&u=1"), ["https://evil.example/x"]);
    assert_eq!(nested("https://a.example/r/https://evil.example/x"), ["https://evil.example/x"]);
    assert_eq!(nested("https://a.example/#https://evil.example/"), ["https://evil.example/"]);
    assert_eq!(nested("https://a.example/?x=1&y=httpd&z=//"), [] as [String; 0]);
    assert_eq!(nested("https://a.example/r/https://evil.example/x?y=1"), ["https://evil.example/x?y=1"]);
    // Amazon's and others' trackers: the segment is one encoded URL.
    assert_eq!(
        nested("https://a.example/CL0/https:%2F%2Fevil.example%2Fx%3Fy=1/1/0100-00/s=z"),
        ["https://evil.example/x?y=1"]
    );
    assert_eq!(nested("https://a.example/%68ttps:%2F%2Fevil.example"), [] as [String; 0]);
    assert_eq!(nested("https://ad.example/clk/1;2;x?https://evil.example/x?a=b"), ["https://evil.example/x?a=b"]);
    assert_eq!(nested("https://a.example/?r=//evil.example/x"), ["http://evil.example/x"]);
    assert_eq!(nested("https://a.example/?r=https%253A%252F%252Fevil.example%252Fx"), ["https://evil.example/x"]);
    assert_eq!(nested("https://a.example/?r=https:%5C%5Cevil.example"), ["https://evil.example/"]);
    assert_eq!(nested("https://a.example/?r=aHR0cHM6Ly9ldmlsLmV4YW1wbGUvP2E9Yg"), ["https://evil.example/?a=b"]);
}

#[test]
fn urls_inside_urls_inside_urls() {
    let nested = |text: &str| {
        let (urls, more) = Url::parse(text).expect("a URL").nested();
        (urls.iter().map(|url| url.url.to_string()).collect::<Vec<_>>(), more)
    };
    let inner = "https%253A%252F%252Fevil.example%252F";
    let middle = format!("https%3A%2F%2Fb.example%2Fconflogin%3Fcontinue%3D{inner}");
    assert_eq!(
        nested(&format!("https://a.example/ServiceLogin?continue={middle}")),
        (
            vec![
                format!("https://b.example/conflogin?continue=https%3A%2F%2Fevil.example%2F"),
                "https://evil.example/".into()
            ],
            false
        )
    );
    // Each once, and no more than can be read.
    let many: String = (0..100).map(|n| format!("&u{n}=https://{n}.example/?v=https://same.example/")).collect();
    let (urls, more) = nested(&format!("https://a.example/?x=1{many}"));
    assert_eq!((urls.len(), more), (20, true));
    let deep = (0..300).fold("https://evil.example/".to_owned(), |inner, _| format!("https://a.example/#{inner}"));
    assert!(nested(&deep).1);
}

#[test]
fn links_that_no_anchor_makes() {
    let raw = "From: a@example.com\nContent-Type: text/html\n\n\
        <meta http-equiv=Refresh content=\"0; URL='https://refresh.example/'\"><form action=https://form.example/><button formaction=https://button.example/>Go</button>\
        <input type=submit value=Send formaction=https://input.example/></form><map><area href=https://area.example/></map>\
        <svg><a xlink:href=https://svg.example/><text>s</text></a></svg><a href=tel:+18025550142>call</a><a href=mailto:x@example.org>w</a><a href=data:text/html,x>d</a>";
    let message = Message::parse(raw.as_bytes(), Arc::new(Settings::default()));
    let mut found: Vec<String> = message
        .body()
        .links(&message)
        .iter()
        .filter_map(|link| link.href_url.as_ref())
        .map(|url| url.url.to_string())
        .collect();
    found.sort();
    let body = message.body();
    assert!(body.visible_text().contains("Send"));
    let button = body.links(&message).iter().find(|link| link.display_text.as_deref() == Some("Go")).cloned();
    assert_eq!(
        button.and_then(|link| Some(link.href_url.as_ref()?.url.to_string())).as_deref(),
        Some("https://button.example/")
    );
    assert_eq!(
        found,
        [
            "data:text/html,x",
            "https://area.example/",
            "https://button.example/",
            "https://form.example/",
            "https://input.example/",
            "https://refresh.example/",
            "https://svg.example/",
            "mailto:x@example.org",
            "tel:+18025550142",
        ]
    );
}
