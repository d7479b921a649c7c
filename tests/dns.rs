//! Recorded DNS: the file format, and the recorder.

use ruleeval::dns::{Answer, Kind, Record, Recorded, Recorder, Resolver, reverse};
use std::sync::Arc;

const TEXT: &str = r#"
# a comment
; another
Example.COM.        TXT  "v=spf1 -all"
example.com         TXT  "a \"quoted\" \\ \195\164 " "and more"
example.com         txt  without quotes; all of it
example.com         MX   10 mail.example.com.
example.com         MX   20 backup.example.com
mail.example.com    A    192.0.2.1
mail.example.com    AAAA 2001:db8::1
192.0.2.1           PTR  Mail.example.com
2001:db8::1         PTR  mail.example.com
slow.example.com    TXT  TEMPERROR
down.example.com    TEMPERROR
gone.example.com    NXDOMAIN
empty.example.com   A    NODATA
"#;

fn lookup(recorded: &dyn Resolver, name: &str, kind: Kind) -> String {
    match recorded.lookup(name, kind) {
        Answer::NxDomain => "NXDOMAIN".into(),
        Answer::TempError => "TEMPERROR".into(),
        Answer::Records(records) => {
            let text = |record: &Record| match record {
                Record::Txt(text) => String::from_utf8_lossy(text).into_owned(),
                Record::Ip(ip) => ip.to_string(),
                Record::Mx(preference, host) => format!("{preference} {host}"),
                Record::Ptr(host) => host.clone(),
            };
            records.iter().map(text).collect::<Vec<_>>().join(" | ")
        }
    }
}

#[test]
fn answers() {
    let recorded = Recorded::parse(TEXT).expect("a file");
    let rows = [
        ("example.com", Kind::Txt, "v=spf1 -all | a \"quoted\" \\ ä and more | without quotes; all of it"),
        ("example.com", Kind::Mx, "10 mail.example.com | 20 backup.example.com"),
        ("example.com", Kind::A, ""),
        ("mail.example.com", Kind::A, "192.0.2.1"),
        ("mail.example.com", Kind::Aaaa, "2001:db8::1"),
        ("1.2.0.192.in-addr.arpa", Kind::Ptr, "mail.example.com"),
        ("slow.example.com", Kind::Txt, "TEMPERROR"),
        ("slow.example.com", Kind::A, ""),
        ("down.example.com", Kind::Mx, "TEMPERROR"),
        ("gone.example.com", Kind::Txt, "NXDOMAIN"),
        ("empty.example.com", Kind::A, ""),
        ("unknown.example.com", Kind::A, "NXDOMAIN"),
    ];
    for (name, kind, wanted) in rows {
        assert_eq!(lookup(&recorded, name, kind), wanted, "{name} {}", kind.name());
    }
    let v6 = reverse("2001:db8::1".parse().expect("an address"));
    assert_eq!(v6, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
    assert_eq!(lookup(&recorded, &v6, Kind::Ptr), "mail.example.com");
    assert_eq!(Recorded::parse(&recorded.to_string()), Ok(recorded), "what is written is read again");
}

#[test]
fn malformed_lines() {
    let rows = [
        ("example.com", "line 1: `` is none of TXT"),
        ("\n\nexample.com CNAME x", "line 3: `CNAME` is none of"),
        ("example.com A", "line 1: A needs a value"),
        ("example.com A 300.1.1.1", "line 1: no IPv4 address"),
        ("example.com AAAA 192.0.2.1", "line 1: no IPv6 address"),
        ("example.com MX mail.example.com", "line 1: MX is a preference"),
        ("example.com MX 10", "line 1: no host name"),
        ("example.com TXT \"open", "line 1: a quote is not closed"),
        ("example.com TXT \"a\" b", "line 1: text outside the quotes"),
        ("example.com TXT \"\\999\"", "line 1: an escape"),
        ("example.com A 192.0.2.1\nexample.com A TEMPERROR", "line 2: A of this name has another answer already"),
        ("example.com NXDOMAIN\nexample.com TEMPERROR", "line 2: the name has another answer already"),
    ];
    for (text, wanted) in rows {
        let error = Recorded::parse(text).expect_err(text).to_string();
        assert!(error.starts_with(wanted), "{text:?}: {error}");
    }
}

#[test]
fn a_recorder_notes_what_was_asked() {
    let recorder = Recorder::new(Arc::new(Recorded::parse(TEXT).expect("a file")));
    for (name, kind) in [
        ("example.com", Kind::Txt),
        ("slow.example.com", Kind::Txt),
        ("mail.example.com", Kind::Mx),
        ("nowhere.example", Kind::A),
        ("a name that no zone has", Kind::A),
    ] {
        let _ = recorder.lookup(name, kind);
    }
    let text = recorder.recorded().to_string();
    let again = Recorded::parse(&text).expect("a file");
    assert_eq!(lookup(&again, "example.com", Kind::Mx), "", "not asked");
    for (name, kind) in [("example.com", Kind::Txt), ("slow.example.com", Kind::Txt), ("nowhere.example", Kind::A)] {
        assert_eq!(lookup(&again, name, kind), lookup(&recorder, name, kind), "{name}");
    }
    assert_eq!(text.lines().count(), 6, "{text}");
}

/// Found by fuzzing, and by asking real DNS for domains without mail.
#[test]
fn names_that_end_oddly_are_read_back_or_refused() {
    for line in
        ["example.com MX 10 mail..", "example.com.. A 192.0.2.1", "192.0.2.1 PTR mail..", "example.com MX 10 .."]
    {
        assert!(Recorded::parse(line).is_err(), "{line}");
    }
    for line in ["example.com MX 0 .", "192.0.2.1 PTR nodata.", "192.0.2.1 PTR temperror.", "192.0.2.1 PTR ."] {
        let recorded = Recorded::parse(line).expect(line);
        assert_eq!(Recorded::parse(&recorded.to_string()), Ok(recorded), "{line}");
    }
    let none = Recorded::parse("example.com MX 0 .").expect("a file");
    assert_eq!(none.lookup("example.com", Kind::Mx), Answer::Records(vec![Record::Mx(0, String::new())]));
    let recorder = Recorder::new(Arc::new(none));
    let _ = recorder.lookup("example.com", Kind::Mx);
    assert_eq!(recorder.recorded().to_string(), "example.com MX 0 .\n");
}
