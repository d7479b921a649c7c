//! rspamd's own client reads what `/checkv2` answers.

use super::support::{Server, mail, write};
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
        assert!(text.contains("/ 10.00"), "{text}");
        assert!(symbol.is_none_or(|symbol| text.contains(&format!("Symbol: {symbol}"))), "{text}");
    }
    server.logged("the envelope came", |line| line["protocol"] == "rspamd");
}
