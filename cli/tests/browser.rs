//! The HTML report in a real browser: headless Chromium, driven over its own protocol through two
//! pipes. Skips with a notice where there is no Chromium.
//!
//! `RULEEVAL_REPORT=page.html` looks at another page; screenshots are left in the target folder.

#![cfg(unix)]

use base64::Engine as _;
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// What strangers write where a careless page would obey.
const HOSTILE: [&str; 6] = [
    "</script><script>window.owned=1</script>",
    "<img src=x onerror=window.owned=1>",
    "\u{202e}gnp.exe\u{2066}",
    "a\u{2028}b\u{2029}c\u{0085}d",
    "\"'><svg onload=window.owned=1>&amp;",
    "]]>--><!--\u{200b}\u{feff}\u{fffd}",
];

fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].map(PathBuf::from);
    named.into_iter().chain(usual).find(|path| path.is_file())
}

fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser").join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder");
    path
}

/// A report over mail with hostile subjects, names and files.
fn report(here: &Path) -> PathBuf {
    let rules = "rule invoice {\n  meta:\n    title = \"Lure in the subject\"\n    score = 4.0\n  when:\n    any(headers.fields, .name =~ \"subject\" and .value contains~ \"invoice\")\n}\n\nrule hello {\n  meta:\n    score = 1.5\n  when:\n    body.current_thread.text contains~ \"call\"\n}\n\nrule quiet {\n  when:\n    subject.base contains \"nothing\"\n}\n";
    std::fs::write(here.join("r.rule"), rules).expect("written");
    for (index, text) in HOSTILE.iter().cycle().take(90).enumerate() {
        let label = if index % 3 == 0 { "ham" } else { "abuse" };
        let word = if index % 4 == 0 { "Hello" } else { "Invoice" };
        let month = ["Jan", "Mar", "May", "Jul"][index % 4];
        let mail = format!(
            "From: \"{text}\" <a@example.com>\r\nTo: b@example.org\r\nSubject: {word} {text}\r\nDate: 12 {month} 2026 10:00:00 +0000\r\n\r\n{} {text}\r\n",
            if index % 5 == 0 { "Please call" } else { "Read" }
        );
        let name = format!("{index:02}{}.eml", if index % 6 == 1 { "<img src=x onerror=window.owned=1>" } else { "" });
        std::fs::create_dir_all(here.join(label)).expect("a folder");
        std::fs::write(here.join(label).join(name), mail).expect("written");
    }
    let args = ["run", "--rules", "r.rule", "--corpus", "abuse", "ham", "--evidence", "50", "--format", "html"];
    let output =
        Command::new(assert_cmd::cargo::cargo_bin!("ruleeval")).current_dir(here).args(args).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = here.join("report.html");
    std::fs::write(&page, &output.stdout).expect("written");
    page
}

/// A browser with one page.
struct Browser {
    child: Child,
    commands: File,
    answers: Receiver<Value>,
    next: u64,
    session: String,
    /// What the page complained about, and what it asked of the network.
    complaints: Vec<String>,
    requests: Vec<String>,
}

impl Browser {
    fn start(program: &Path, here: &Path) -> Self {
        let pipes = ["in", "out"].map(|name| here.join(name));
        for pipe in &pipes {
            assert!(Command::new("mkfifo").arg(pipe).status().expect("mkfifo").success());
        }
        let script = "exec \"$1\" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --remote-debugging-pipe --user-data-dir=\"$2/profile\" 3<\"$2/in\" 4>\"$2/out\"";
        let child = Command::new("sh")
            .args(["-c", script, "sh"])
            .args([program, here])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        // The shell opens the first pipe to read and then the second to write: so must we.
        let commands = OpenOptions::new().write(true).open(&pipes[0]).expect("a pipe");
        let mut out = BufReader::new(File::open(&pipes[1]).expect("a pipe"));
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while out.read_until(0, &mut message).is_ok_and(|length| length > 0) {
                message.pop();
                let Ok(value) = serde_json::from_slice(&message) else { break };
                if sender.send(value).is_err() {
                    break;
                }
                message.clear();
            }
        });
        let (complaints, requests) = (Vec::new(), Vec::new());
        let mut browser = Self { child, commands, answers, next: 0, session: String::new(), complaints, requests };
        let target = browser.ask("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let session = browser.ask("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        session["sessionId"].as_str().expect("a session").clone_into(&mut browser.session);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Sends a command and waits for its answer; events in between are noted.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let mut command = json!({ "id": self.next, "method": method, "params": params });
        if !self.session.is_empty() {
            command["sessionId"] = json!(self.session);
        }
        let mut bytes = command.to_string().into_bytes();
        bytes.push(0);
        self.commands.write_all(&bytes).expect("the browser listens");
        loop {
            let message = self.answers.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no answer to {method}"));
            if message["id"] == self.next {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            self.note(&message);
        }
    }

    fn note(&mut self, event: &Value) {
        let params = &event["params"];
        match event["method"].as_str() {
            Some("Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded") => {
                self.complaints.push(params.to_string());
            }
            Some("Network.requestWillBeSent") => {
                self.requests.push(params["request"]["url"].as_str().unwrap_or_default().to_owned());
            }
            _ => {}
        }
    }

    /// The value of an expression in the page.
    fn eval(&mut self, expression: &str) -> Value {
        let result = self.ask("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true }));
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    fn open(&mut self, page: &Path, width: u32, scheme: &str) {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.ask("Emulation.setDeviceMetricsOverride", size);
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.ask("Emulation.setEmulatedMedia", media);
        self.ask("Page.navigate", json!({ "url": format!("file://{}", page.display()) }));
        let started = Instant::now();
        while self.eval("document.documentElement?.dataset.ready || ''") != "yes" {
            assert!(
                started.elapsed() < PATIENCE && self.complaints.is_empty(),
                "the page is not ready: {:?}",
                self.complaints
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn screenshot(&mut self, path: &Path) {
        let shot = self.ask("Page.captureScreenshot", json!({ "format": "png", "captureBeyondViewport": true }));
        let png = base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().expect("data"));
        std::fs::write(path, png.expect("base64")).expect("written");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Contrast of text against its ground by WCAG 2, for the elements that a selector finds.
const CONTRAST: &str = r"(() => {
  const parse = (color) => color.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => { for (; node; node = node.parentElement) { const c = parse(getComputedStyle(node).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  return Math.min(...[...document.querySelectorAll('p, td, th, h1, h2, h3, a, figcaption, button, .card span, small')].slice(0, 600).map((node) => {
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  }));
})()";

fn look(browser: &mut Browser, page: &Path, width: u32, scheme: &str, here: &Path) {
    let at = format!("{width} {scheme}");
    browser.open(page, width, scheme);
    browser.screenshot(&here.join(format!("{width}-{scheme}.png")));
    assert_eq!(browser.eval("matchMedia('(prefers-color-scheme: dark)').matches"), scheme == "dark");
    let overflow = browser.eval("document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert_eq!(overflow, 0, "{at}: the page scrolls sideways");
    let charts = browser.eval("document.querySelectorAll('figure svg').length").as_u64().unwrap_or_default();
    assert!(charts >= 4, "{at}: {charts} charts");
    let empty = browser.eval("[...document.querySelectorAll('figure svg')].filter((svg) => !svg.querySelector('rect, circle') || !svg.querySelector('title').textContent).length");
    assert_eq!(empty, 0, "{at}: charts without marks or title");
    let small = browser.eval(
        "[...document.querySelectorAll('figure svg')].filter((svg) => svg.getBoundingClientRect().height < 60).length",
    );
    assert_eq!(small, 0, "{at}: charts without room");
    let contrast = browser.eval(CONTRAST).as_f64().unwrap_or_default();
    assert!(contrast >= 4.5, "{at}: contrast {contrast:.2}");
    let unnamed = browser.eval("[...document.querySelectorAll('button, input, select')].filter((node) => !node.textContent.trim() && !node.labels?.length && !node.getAttribute('aria-label')).length");
    assert_eq!(unnamed, 0, "{at}: controls without a name");
}

fn sorts_and_drills_down(browser: &mut Browser) {
    // Sorting by a number, both ways, by keyboard as by mouse.
    let keys = "[...document.querySelectorAll('#rules tbody tr')].map((row) => Number(row.cells[2].dataset.key))";
    let click = "document.querySelectorAll('#rules thead button')[2].click()";
    let sorted = |values: &Value, down: bool| {
        let keys: Vec<f64> = values.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        keys.len() > 1 && keys.windows(2).all(|pair| if down { pair[0] >= pair[1] } else { pair[0] <= pair[1] })
    };
    browser.eval(click);
    let down = browser.eval(keys);
    assert!(sorted(&down, true), "{down}");
    browser.eval(click);
    let up = browser.eval(keys);
    assert!(sorted(&up, false) && up != down, "{up}");
    assert_eq!(browser.eval("document.querySelectorAll('#rules th')[2].getAttribute('aria-sort')"), "ascending");
    // Filtering.
    let rows = "[...document.querySelectorAll('#rules tbody tr')].filter((row) => !row.hidden).length";
    let all = browser.eval(rows).as_u64().unwrap_or_default();
    browser.eval("(() => { const input = document.querySelector('[data-filter=rules]'); input.value = 'no such rule'; input.dispatchEvent(new Event('input')); })()");
    assert_eq!(browser.eval(rows), 0);
    browser.eval("(() => { const input = document.querySelector('[data-filter=rules]'); input.value = ''; input.dispatchEvent(new Event('input')); })()");
    assert_eq!(browser.eval(rows), all);
    // From a rule to its messages, and from a message to its evidence.
    browser.eval("document.querySelector('[data-rule]').click()");
    browser.eval("(() => { const kind = document.getElementById('m-kind'); kind.value = 'evidence'; document.getElementById('m-rule').value = ''; kind.dispatchEvent(new Event('input')); })()");
    let count = browser.eval("document.querySelectorAll('#messages tbody tr[data-message]').length");
    assert!(count.as_u64().is_some_and(|count| count > 0), "no message with evidence");
    browser.eval("document.querySelector('#messages tbody tr[data-message] button').click()");
    assert_eq!(browser.eval("document.querySelector('#messages tbody button').getAttribute('aria-expanded')"), "true");
    let clauses = browser.eval("document.querySelectorAll('#messages .evidence code.true').length");
    assert!(clauses.as_u64().is_some_and(|count| count > 0), "no evidence is shown");
}

#[test]
fn the_report_works_in_a_browser() {
    let Some(program) = chromium() else {
        println!("skipped: no Chromium here (set CHROMIUM to its path)");
        return;
    };
    let here = folder("page");
    let own = report(&here);
    let page = std::env::var_os("RULEEVAL_REPORT").map_or(own.clone(), PathBuf::from);
    let mut browser = Browser::start(&program, &here);
    for width in [1280, 400] {
        for scheme in ["light", "dark"] {
            look(&mut browser, &page, width, scheme, &here);
        }
    }
    browser.open(&page, 1280, "light");
    sorts_and_drills_down(&mut browser);
    browser.screenshot(&here.join("evidence.png"));
    if page == own {
        assert_eq!(browser.eval("window.owned === undefined"), true);
        assert_eq!(browser.eval("document.querySelectorAll('img, svg svg, main script').length"), 0);
        let text = browser.eval("document.body.innerText");
        assert!(
            text.as_str().is_some_and(|text| !text.contains(['\u{202e}', '\u{2028}', '\u{200b}'])),
            "bidi text reached the page"
        );
        let shown = browser.eval("document.querySelector('#messages').innerText.includes('⟨U+') || document.querySelector('#messages').innerText.includes('</script>') || document.querySelector('#messages').innerText.includes('<img')");
        assert_eq!(shown, true, "hostile text is shown as text");
    }
    browser.eval("document.getElementById('m-next').click()");
    assert!(
        browser
            .eval("document.getElementById('m-count').textContent")
            .as_str()
            .is_some_and(|text| text.contains("page "))
    );
    assert!(browser.complaints.is_empty(), "{:#?}", browser.complaints);
    let away: Vec<_> =
        browser.requests.iter().filter(|url| !url.starts_with("file://") && !url.starts_with("about:")).collect();
    assert!(away.is_empty() && browser.requests.len() == 5, "{:?}", browser.requests);
}
