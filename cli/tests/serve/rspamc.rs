//! rspamd's own client reads what `/checkv2` answers.

use super::support::{MAIL, Server, mail, write};
use std::process::Command;

#[test]
fn rspamc_reads_our_answer() {
    if Command::new("rspamc").arg("--help").output().is_err() {
        println!("skipped: no `rspamc` here (Debian's package rspamd)");
        return;
    }
    let server = Server::start("rspamc", "");
    for (subject, action, spam, symbol) in [
        ("hello", "no action", "false", None),
        ("tag me", "add header", "true", Some("demo/tagged (4.00)")),
        ("refuse me", "reject", "true", Some("demo/refused (20.00)")),
        ("defer me", "soft reject", "true", Some("demo/deferred (1.00)")),
    ] {
        let file = server.folder.join("message.eml");
        write(&file, &mail(subject));
        let output = Command::new("rspamc")
            .args(["-h", &server.http(), "-i", "192.0.2.1", "--from", "ann@example.com", "--rcpt", "bob@example.org"])
            .arg(&file)
            .output()
            .expect("it runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text} {}", String::from_utf8_lossy(&output.stderr));
        assert!(text.contains(&format!("Action: {action}")), "{text}");
        assert!(text.contains(&format!("Spam: {spam}")), "{text}");
        assert!(text.contains("/ 10.00") && text.contains("Message-ID: 1@example.com\n"), "{text}");
        assert!(symbol.is_none_or(|symbol| text.contains(&format!("Symbol: {symbol}"))), "{text}");
    }
    server.logged("the envelope came", |line| line["protocol"] == "rspamd");
}

/// What Haraka's plugin reads of an answer, and what mail servers tell a sender.
#[test]
fn the_answer_has_what_clients_of_rspamd_read() {
    let server = Server::start("checkv2", "");
    for (subject, action, told) in
        [("hello", "no action", None), ("refuse me", "reject", Some("Message refused by policy"))]
    {
        let headers = [
            ("IP", "2001:db8::1"),
            ("Helo", "mx.example.com"),
            ("Hostname", "mx.example.com"),
            ("From", "<ann@example.com>"),
            ("Rcpt", "bob@example.org"),
            ("Rcpt", "eve@example.org"),
            ("Queue-Id", "4B8XYZ"),
            ("User", "ann"),
            ("Settings", "{\"groups_disabled\": [\"x\"]}"),
            ("Flags", "milter"),
        ];
        let answer = server.request("POST", "/checkv2", &headers, mail(subject).as_bytes()).json();
        assert_eq!((&answer["action"], &answer["is_skipped"]), (&action.into(), &false.into()));
        assert_eq!((&answer["message-id"], &answer["required_score"]), (&"1@example.com".into(), &10.0.into()));
        assert_eq!(answer["messages"]["smtp_message"].as_str(), told);
        assert!(answer["milter"]["add_headers"]["X-Ruleeval-Result"]["value"].is_string());
        assert_eq!(answer["milter"]["remove_headers"]["X-Ruleeval-Result"], 0);
        for symbol in answer["symbols"].as_object().expect("symbols").values() {
            assert!(symbol["score"].is_number() && symbol["metric_score"].is_number() && symbol["options"].is_array());
        }
    }
    server.logged("the queue's id", |line| line["queue_id"] == "4B8XYZ");
    for (name, value) in [("Compression", "zstd"), ("Content-Encoding", "gzip")] {
        let refused = server.request("POST", "/checkv2", &[(name, value)], MAIL.as_bytes());
        assert_eq!((refused.status, &*refused.error()), (415, "encoding"), "{name}");
    }
}
