//! A real Postfix asks the milter: an instance of its own, in a folder of its own, on a port of its own.

use super::smtp::Smtp;
use super::support::{RULES, Server, folder, pack, until, write};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whom it delivers to.
const TO: &str = "bob@example.org";

/// An instance of Postfix. Ends when it is dropped.
struct Postfix {
    root: PathBuf,
    port: u16,
}

const MASTER: &str = "\
127.0.0.1:PORT inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

impl Postfix {
    /// Starts one that asks this milter; `None`, with a notice, where there is no Postfix or none can
    /// be started: it needs root.
    fn start(milter: &str) -> Option<Self> {
        if !Path::new("/usr/sbin/postfix").exists() {
            println!("skipped: no Postfix here (Debian's package postfix)");
            return None;
        }
        // Its users must be able to reach the folder.
        let root = PathBuf::from(format!("/tmp/ruleeval-postfix-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        for name in ["etc", "queue", "data", "mail"] {
            fs::create_dir_all(root.join(name)).expect("a folder");
        }
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
        write(&root.join("etc/master.cf"), &MASTER.replace("PORT", &port.to_string()));
        write(&root.join("etc/main.cf"), &main_cf(&root, milter));
        for (path, owner) in [("data", "postfix:root"), ("mail", "mail:mail")] {
            let owned = Command::new("chown").arg(owner).arg(root.join(path)).status();
            if !owned.is_ok_and(|status| status.success()) {
                println!("skipped: Postfix needs root");
                return None;
            }
        }
        let postfix = Self { root, port };
        let started = postfix.command("start");
        if !started.status.success() {
            println!("skipped: Postfix cannot be started here: {}", String::from_utf8_lossy(&started.stderr));
            return None;
        }
        until("Postfix listens", || TcpStream::connect(("127.0.0.1", postfix.port)).is_ok());
        Some(postfix)
    }

    fn command(&self, word: &str) -> std::process::Output {
        Command::new("postfix").arg("-c").arg(self.root.join("etc")).arg(word).output().expect("it runs")
    }

    /// One mail by SMTP; the code and text of what it was answered with in the end.
    fn send(&self, header: &str) -> String {
        Smtp::connect(self.port, TO).send(header)
    }

    /// Mails that were delivered.
    fn delivered(&self) -> Vec<String> {
        let folder = self.root.join("mail/new");
        let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        entries.filter_map(|entry| fs::read_to_string(entry.path()).ok()).collect()
    }

    fn delivered_with(&self, subject: &str) -> Option<String> {
        self.delivered().into_iter().find(|mail| mail.contains(&format!("Subject: {subject}\n")))
    }

    /// Mails that are held back for a person.
    fn held(&self) -> usize {
        fs::read_dir(self.root.join("queue/hold")).into_iter().flatten().count()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.command("stop");
        if std::thread::panicking() {
            println!("{}", fs::read_to_string(self.root.join("data/log")).unwrap_or_default());
        }
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn main_cf(root: &Path, milter: &str) -> String {
    let root = root.display();
    format!(
        "compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
maillog_file_prefixes = {root}
maillog_file = {root}/data/log
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.org
mydestination =
virtual_mailbox_domains = example.org
virtual_mailbox_maps = static:mail/
virtual_mailbox_base = {root}
virtual_minimum_uid = 1
virtual_uid_maps = static:8
virtual_gid_maps = static:8
mynetworks = 127.0.0.0/8
disable_dns_lookups = yes
alias_maps =
alias_database =
local_recipient_maps =
biff = no
smtpd_milters = inet:{milter}
milter_protocol = 6
milter_default_action = tempfail
milter_connect_timeout = 5s
milter_command_timeout = 30s
milter_content_timeout = 60s
"
    )
}

#[test]
fn postfix_does_what_the_rules_say_and_loses_nothing() {
    let here = folder("postfix");
    pack(&here, RULES);
    write(&here.join("ruleeval.yaml"), "service:\n  seconds: { drain: 2 }\n");
    let mut server = Server::again(here.clone(), &["--milter", "127.0.0.1:0"]);
    let address = server.milter();
    let Some(postfix) = Postfix::start(&address) else { return };

    // Accepted, with what a stranger wrote in our name taken away.
    let forged = "X-Ruleeval-Result: accept; forged\r\nSubject: good\r\nx-ruleeval-result: accept; forged too\r\nX-Ruleeval-Error: forged";
    let answer = postfix.send(forged);
    assert!(answer.starts_with("250 "), "{answer}");
    until("delivered", || postfix.delivered_with("good").is_some());
    let mail = postfix.delivered_with("good").expect("delivered");
    assert!(!mail.contains("forged"), "{mail}");
    assert_eq!(mail.to_lowercase().matches("x-ruleeval-").count(), 1, "{mail}");
    assert!(mail.contains("X-Ruleeval-Result: accept; 0.0; pack=demo@1.2.3#"), "{mail}");

    // Tagged.
    assert!(postfix.send("Subject: tag me").starts_with("250 "));
    until("delivered", || postfix.delivered_with("tag me").is_some());
    let mail = postfix.delivered_with("tag me").expect("delivered");
    let unfolded = mail.replace("\n ", " ");
    assert!(
        unfolded.contains("X-Ruleeval-Result: tag; 4.0; pack=demo@1.2.3#") && unfolded.contains("rules=demo/tagged;"),
        "{mail}"
    );

    // Refused for good, refused for now, held back.
    let answer = postfix.send("Subject: refuse me");
    assert!(answer.starts_with("550 5.7.1"), "{answer}");
    let answer = postfix.send("Subject: defer me");
    assert!(answer.starts_with("451 4.7.1"), "{answer}");
    let answer = postfix.send("Subject: hold me");
    assert!(answer.starts_with("250 "), "{answer}");
    until("held", || postfix.held() == 1);

    // What Postfix knows of the client and the message came along.
    server.logged("the queue's id", |line| {
        line["protocol"] == "milter" && line["queue_id"].as_str().is_some_and(|id| id.len() > 5)
    });

    // Killed in the middle of a message: tried again later, not lost and not let through.
    let mut smtp = Smtp::connect(postfix.port, TO);
    assert!(smtp.begin().starts_with("354"));
    smtp.text("Subject: interrupted");
    server.signal("KILL");
    server.ended();
    let answer = smtp.end();
    assert!(answer.starts_with("451 ") || answer.starts_with("421 "), "{answer}");
    // And while it is down.
    let mut smtp = Smtp::connect(postfix.port, TO);
    smtp.hear();
    smtp.say("EHLO client.example.com");
    let down = smtp.say("MAIL FROM:<ann@localhost>");
    assert!(down.starts_with("451 ") || down.starts_with("421 "), "{down}");
    assert!(postfix.delivered_with("interrupted").is_none());
    drop(server);
    let server = Server::again(here, &["--milter", &address]);
    // The sender tries again, as it was told to.
    assert!(postfix.send("Subject: interrupted").starts_with("250 "));
    until("delivered", || postfix.delivered_with("interrupted").is_some());
    assert_eq!(postfix.delivered().len(), 3, "each once");
    assert_eq!(postfix.held(), 1);
    drop(server);
}
