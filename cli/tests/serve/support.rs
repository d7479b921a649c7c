//! A service of a test's own, and clients of a few lines.

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub(crate) const TOKEN: &str = "correct-horse-battery";
pub(crate) const MAIL: &str = "From: Ann <ann@example.com>\r\nTo: bob@example.org\r\nSubject: hello\r\nMessage-ID: <1@example.com>\r\n\r\nplain text\r\n";

/// Rules that do what the subject says.
pub(crate) const RULES: &str = r#"
rule tagged { meta: score = 4 when: subject.subject contains "tag me" }
rule held { meta: score = 6 when: subject.subject contains "hold me" }
rule refused { meta: score = 20 when: subject.subject contains "refuse me" }
rule deferred { meta: severity = critical score = 1 when: subject.subject contains "defer me" }
"#;
pub(crate) const PACK: &str = "name: demo\nversion: 1.2.3\npolicy:\n  thresholds: { tag: 3, quarantine: 5, reject: 10 }\n  severity: { critical: tempfail }\n";

/// A mail of this subject.
pub(crate) fn mail(subject: &str) -> String {
    MAIL.replace("hello", subject)
}

/// A folder of its own for one test. Short: paths of sockets are.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("serve").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder");
    path
}

pub(crate) fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    fs::write(path, text).expect("written");
}

/// Writes the pack of a test.
pub(crate) fn pack(folder: &Path, rules: &str) {
    write(&folder.join("pack/pack.yaml"), PACK);
    write(&folder.join("pack/demo.rule"), rules);
}

/// Lines of the log that are kept.
const MAX_LINES: usize = 1000;

/// A running service.
pub(crate) struct Server {
    child: Child,
    log: Arc<Mutex<Vec<Value>>>,
    pub(crate) folder: PathBuf,
}

impl Server {
    /// The rules above, and this below `service:`.
    pub(crate) fn start(name: &str, service: &str) -> Self {
        let folder = folder(name);
        pack(&folder, RULES);
        Self::run(folder, service)
    }

    /// Whatever stands in the folder.
    pub(crate) fn run(folder: PathBuf, service: &str) -> Self {
        write(&folder.join("token"), TOKEN);
        let token = folder.join("token");
        let indented: String = service.lines().map(|line| format!("  {line}\n")).collect();
        let config = format!("service:\n  token_file: {}\n{indented}", token.display());
        write(&folder.join("ruleeval.yaml"), &config);
        Self::again(folder, &["--http", "127.0.0.1:0", "--milter", "127.0.0.1:0"])
    }

    /// With the configuration that stands there.
    pub(crate) fn again(folder: PathBuf, arguments: &[&str]) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("ruleeval"))
            .current_dir(&folder)
            .args(["serve", "--rules", "pack", "--log", "json"])
            .args(arguments)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts");
        let log: Arc<Mutex<Vec<Value>>> = Arc::default();
        let (lines, stderr) = (Arc::clone(&log), child.stderr.take().expect("a pipe"));
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).unwrap_or_else(|_| json!({ "text": line }));
                let mut lines = lines.lock().expect("no panic");
                if lines.len() < MAX_LINES {
                    lines.push(value);
                }
            }
        });
        let server = Self { child, log, folder };
        server.logged("it is ready", |line| line["message"] == "ready");
        server
    }

    /// Waits for a line of the log.
    pub(crate) fn logged(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let mut found = None;
        let what = || format!("{what}; the log: {:?}", self.lines());
        until_or(what, || {
            found = self.lines().into_iter().find(|line| holds(line));
            found.is_some()
        });
        found.expect("found")
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        self.log.lock().expect("no panic").clone()
    }

    fn address(&self, protocol: &str) -> String {
        let line = self.logged("it listens", |line| line["message"] == "listening" && line["protocol"] == protocol);
        line["address"].as_str().expect("an address").trim_start_matches("tcp:").to_owned()
    }

    pub(crate) fn http(&self) -> String {
        self.address("http")
    }

    pub(crate) fn milter(&self) -> String {
        self.address("milter")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
        assert!(status.expect("kill runs").success());
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(&mut self) -> i32 {
        let mut code = None;
        until("it ends", || {
            code = self.child.try_wait().expect("a process");
            code.is_some()
        });
        code.and_then(|status| status.code()).unwrap_or(-1)
    }

    /// One request on a connection of its own.
    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let mut client = Client::connect(&self.http());
        client.request(method, path, headers, body)
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        self.request("GET", path, &[], b"")
    }

    pub(crate) fn scan(&self, message: &str) -> Response {
        self.request("POST", "/v1/scan", &[], message.as_bytes())
    }

    pub(crate) fn reload(&self) -> Response {
        self.request("POST", "/v1/reload", &[("Authorization", &format!("Bearer {TOKEN}"))], b"")
    }

    /// Resident memory in KiB.
    pub(crate) fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("it runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
        line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn error(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or("").to_owned()
    }
}

/// A connection that is kept.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("somebody listens");
        stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        Self { stream: BufReader::new(stream) }
    }

    pub(crate) fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n", body.len());
        headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        head.push_str("\r\n");
        self.send(head.as_bytes());
        self.send(body);
        self.response().expect("an answer")
    }

    /// Sends bytes; a server that no longer listens to them may have answered already.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.get_mut().write_all(bytes);
    }

    /// Reads one answer; `None` if the connection was closed instead.
    pub(crate) fn response(&mut self) -> Option<Response> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let lower = head.to_lowercase();
        let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        self.stream.read_exact(&mut body).ok()?;
        Some(Response { status, head, body })
    }
}

/// Waits for something; a guard, not a measurement.
pub(crate) fn until(what: &str, holds: impl FnMut() -> bool) {
    until_or(|| what.to_owned(), holds);
}

fn until_or(what: impl Fn() -> String, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_mins(1), "never: {}", what());
        std::thread::sleep(Duration::from_millis(5));
    }
}
