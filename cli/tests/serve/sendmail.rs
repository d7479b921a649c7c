//! A real Sendmail asks the milter. Debian lets it not be installed beside Postfix, so it runs out of a folder
//! into which `.ci/run` unpacks it, with the configuration line of `docs/service.md`.

use super::smtp::Smtp;
use super::support::{RULES, Server, folder, pack, until, write};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Whom it delivers to: somebody whom the machine knows.
const TO: &str = "mail@example.org";

/// What `sendmail.cf` is made of, with m4.
const MC: &str = "\
include(`TREE/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(`linux')dnl
FEATURE(`nocanonify')dnl
FEATURE(`no_default_msa')dnl
define(`confDOMAIN_NAME', `mx.example.org')dnl
define(`confPID_FILE', `ROOT/pid')dnl
define(`QUEUE_DIR', `ROOT/queue')dnl
define(`STATUS_FILE', `ROOT/statistics')dnl
define(`ALIAS_FILE', `ROOT/aliases')dnl
define(`confSERVICE_SWITCH_FILE', `ROOT/switch')dnl
define(`confTO_IDENT', `0s')dnl
define(`confQUEUE_LA', `1000')dnl
define(`confREFUSE_LA', `1000')dnl
define(`LOCAL_MAILER_PATH', `ROOT/deliver')dnl
define(`LOCAL_MAILER_ARGS', `deliver $u')dnl
DAEMON_OPTIONS(`Name=MTA, Family=inet, Addr=127.0.0.1, Port=PORT')dnl
INPUT_MAIL_FILTER(`ruleeval', `S=inet:MILTER@127.0.0.1, F=T, T=S:30s;R:60s;E:5m')dnl
MAILER(`local')dnl
LOCAL_CONFIG
Cwexample.org
";

/// It asks the machine for its own name, and waits a minute if that is none that a mail server can have: it
/// gets a name and a table of hosts of its own.
const START: &str = "hostname mx.example.org && mount --bind ROOT/hosts /etc/hosts \
    && BINARY -C ROOT/sendmail.cf -bi && exec BINARY -C ROOT/sendmail.cf -bD -q1s -X ROOT/traffic";

/// An instance of Sendmail. Ends when it is dropped.
struct Sendmail {
    daemon: Child,
    root: PathBuf,
    port: u16,
}

impl Sendmail {
    /// Starts one that asks this milter; `None`, with a notice, where that cannot be done.
    fn start(milter: &str) -> Option<Self> {
        let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/sendmail");
        let binary = tree.join("usr/libexec/sendmail/sendmail");
        let m4 = Command::new("m4").arg("--version").stdout(Stdio::null()).status();
        if !binary.exists() || m4.is_err() {
            println!("skipped: no Sendmail in target/sendmail (`.ci/run` unpacks Debian's packages there), or no m4");
            return None;
        }
        // It trusts no folder that anybody may write to, so not /tmp.
        let root = PathBuf::from(format!("/run/ruleeval-sendmail-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        if fs::create_dir_all(root.join("queue")).is_err() {
            println!("skipped: Sendmail needs root");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
        let milter = milter.rsplit(':').next().expect("a port");
        let placed = |text: &str| {
            let text = text.replace("ROOT", &root.display().to_string()).replace("MILTER", milter);
            let text = text.replace("PORT", &port.to_string()).replace("TREE", &tree.display().to_string());
            text.replace("BINARY", &binary.display().to_string())
        };
        write(&root.join("sendmail.mc"), &placed(MC));
        write(&root.join("hosts"), "127.0.0.1 mx.example.org localhost\n");
        write(&root.join("aliases"), "postmaster: root\n");
        write(&root.join("switch"), "hosts\tfiles\naliases\tfiles\npasswd\tfiles\n");
        write(&root.join("deliver"), &placed("#!/bin/sh\nexec cat > \"$(mktemp ROOT/mail/XXXXXX)\"\n"));
        fs::create_dir_all(root.join("mail")).expect("a folder");
        for (name, mode) in [("queue", 0o700), ("deliver", 0o755), ("mail", 0o777)] {
            fs::set_permissions(root.join(name), fs::Permissions::from_mode(mode)).expect("a mode");
        }
        let cf = tree.join("usr/share/sendmail/cf/");
        let made =
            Command::new("m4").arg(format!("-D_CF_DIR_={}", cf.display())).arg(root.join("sendmail.mc")).output();
        write(&root.join("sendmail.cf"), &String::from_utf8_lossy(&made.expect("m4 runs").stdout));
        let daemon = Command::new("unshare")
            .args(["--uts", "--mount", "sh", "-c", &placed(START)])
            .stdout(Stdio::null())
            .spawn()
            .expect("unshare runs");
        let mut sendmail = Self { daemon, root, port };
        let mut ended = false;
        until("Sendmail listens", || {
            ended = sendmail.daemon.try_wait().is_ok_and(|code| code.is_some());
            ended || TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        if ended {
            println!("skipped: Sendmail cannot be started here: it needs root and namespaces");
            return None;
        }
        Some(sendmail)
    }

    /// One mail by SMTP; the code and text of what it was answered with in the end.
    fn send(&self, header: &str) -> String {
        Smtp::connect(self.port, TO).send(header)
    }

    fn files(&self, folder: &str) -> Vec<(String, String)> {
        let entries = fs::read_dir(self.root.join(folder)).into_iter().flatten().filter_map(Result::ok);
        let read = |entry: fs::DirEntry| {
            let text = String::from_utf8_lossy(&fs::read(entry.path()).ok()?).into_owned();
            Some((entry.file_name().to_string_lossy().into_owned(), text))
        };
        entries.filter_map(read).collect()
    }

    /// A delivered mail of this subject.
    fn delivered(&self, subject: &str) -> Option<String> {
        let subject = format!("Subject: {subject}\n");
        // Written to its end.
        self.files("mail")
            .into_iter()
            .map(|(_, text)| text)
            .find(|mail| mail.contains(&subject) && mail.trim_end().ends_with("plain text"))
    }

    /// Control files of mails that are held back for a person.
    fn held(&self) -> Vec<String> {
        self.files("queue").into_iter().filter(|(name, _)| name.starts_with("hf")).map(|(_, text)| text).collect()
    }
}

impl Drop for Sendmail {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
        if std::thread::panicking() {
            println!("{}", fs::read_to_string(self.root.join("traffic")).unwrap_or_default());
        }
        let _ = fs::remove_dir_all(&self.root);
    }
}

#[test]
fn sendmail_does_what_the_rules_say_and_loses_nothing() {
    let here = folder("sendmail");
    pack(&here, RULES);
    write(&here.join("ruleeval.yaml"), "service:\n  seconds: { drain: 2 }\n");
    let mut server = Server::again(here.clone(), &["--milter", "127.0.0.1:0"]);
    let address = server.milter();
    let Some(sendmail) = Sendmail::start(&address) else { return };

    let forged = "X-Ruleeval-Result: accept; forged\r\nSubject: good\r\nx-ruleeval-result: accept; forged too\r\nX-Ruleeval-Error: forged";
    let answer = sendmail.send(forged);
    assert!(answer.starts_with("250 "), "{answer}");
    until("delivered", || sendmail.delivered("good").is_some());
    let mail = sendmail.delivered("good").expect("delivered");
    assert!(!mail.contains("forged"), "{mail}");
    assert_eq!(mail.to_lowercase().matches("x-ruleeval-").count(), 1, "{mail}");
    assert!(mail.contains("\nX-Ruleeval-Result: accept; 0.0; pack=demo@1.2.3#"), "{mail}");

    assert!(sendmail.send("Subject: tag me").starts_with("250 "));
    until("delivered", || sendmail.delivered("tag me").is_some());
    let unfolded = sendmail.delivered("tag me").expect("delivered").replace("\n ", " ");
    assert!(unfolded.contains("X-Ruleeval-Result: tag; 4.0;") && unfolded.contains("rules=demo/tagged;"), "{unfolded}");

    let answer = sendmail.send("Subject: refuse me");
    assert!(answer.starts_with("550 5.7.1"), "{answer}");
    let answer = sendmail.send("Subject: defer me");
    assert!(answer.starts_with("451 4.7.1"), "{answer}");
    let answer = sendmail.send("Subject: hold me");
    assert!(answer.starts_with("250 "), "{answer}");
    until("held", || sendmail.held().len() == 1);
    assert!(sendmail.held()[0].contains("\nqheld by policy\n"));
    server.logged("the queue's id", |line| {
        line["protocol"] == "milter" && line["queue_id"].as_str().is_some_and(|id| id.len() > 5)
    });

    // Killed in the middle of a message, and while it is down: later, not lost and not let through.
    let mut smtp = Smtp::connect(sendmail.port, TO);
    assert!(smtp.begin().starts_with("354"));
    smtp.text("Subject: interrupted");
    server.signal("KILL");
    server.ended();
    let answer = smtp.end();
    assert!(answer.starts_with("451 ") || answer.starts_with("421 "), "{answer}");
    let mut smtp = Smtp::connect(sendmail.port, TO);
    let down = smtp.begin();
    assert!(!down.starts_with("354 ") && down.starts_with('4') || down.starts_with("503 "), "{down}");
    assert!(sendmail.delivered("interrupted").is_none());
    drop(server);
    let _server = Server::again(here, &["--milter", &address]);
    assert!(sendmail.send("Subject: interrupted").starts_with("250 "));
    until("delivered", || sendmail.delivered("interrupted").is_some());
    assert_eq!((sendmail.files("mail").len(), sendmail.held().len()), (3, 1), "each once");
}
