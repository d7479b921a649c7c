//! Visible text beside a real browser's: HTML bodies of real mail, read by this library and by a
//! headless Chromium without network and scripts (`tests/scripts/visible_text.js`), compared word
//! by word. Skips with a notice where there is no browser or no mail.
//!
//! `RULEEVAL_BODIES=5000` reads more bodies, `RULEEVAL_SHOW=20` prints the largest differences.

mod real;

use ruleeval::message::{Html, Message, Settings};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Bodies that the normal run reads.
const BODIES: usize = 320;
/// Bodies that one browser loads.
const BATCH: usize = 80;

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    inner: String,
    #[serde(default)]
    seen: String,
    #[serde(default)]
    unseen: Vec<String>,
    error: Option<String>,
}

fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].map(PathBuf::from);
    named.into_iter().chain(usual).find(|path| path.is_file())
}

/// HTML bodies from all over the mail, always the same ones.
fn bodies(wanted: usize) -> Vec<(PathBuf, Arc<str>)> {
    let settings = Arc::new(Settings::default());
    let mut found = Vec::new();
    // About half of the messages have no HTML, or one that was chosen already.
    for path in real::sample(wanted * 2) {
        let raw = std::fs::read(&path).expect("readable");
        let html = Message::parse(raw, Arc::clone(&settings)).html_text();
        found.extend(html.filter(|html| html.len() < 500_000).map(|html| (path, html)));
    }
    let step = (found.len() / wanted.max(1)).max(1);
    found.into_iter().step_by(step).take(wanted).collect()
}

fn ask(program: &Path, batch: &[(PathBuf, Arc<str>)], folder: &Path) -> Vec<Answer> {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).expect("a folder");
    let sources: Vec<&str> = batch.iter().map(|(_, html)| &**html).collect();
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text).expect("written");
    write("bodies.js", format!("const bodies = {};", serde_json::to_string(&sources).expect("JSON")));
    write("visible_text.js", include_str!("scripts/visible_text.js").into());
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src file:";
    write(
        "page.html",
        format!(
            "<!DOCTYPE html><meta charset=utf-8><meta http-equiv=Content-Security-Policy content=\"{policy}\"><body><pre id=answer></pre><script src=bodies.js></script><script src=visible_text.js></script>"
        ),
    );
    let output = Command::new(program)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args(["--host-resolver-rules=MAP * ~NOTFOUND", "--disable-component-update", "--disable-sync", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("file://{}", folder.join("page.html").display()))
        .output()
        .expect("the browser starts");
    let dom = String::from_utf8_lossy(&output.stdout);
    let answer = dom.split_once("<pre id=\"answer\">").and_then(|(_, rest)| rest.split_once("</pre>"));
    let answers: Vec<Answer> = serde_json::from_str(answer.map_or("", |(json, _)| json)).unwrap_or_else(|error| {
        panic!("no answer of the browser: {error}; {}", String::from_utf8_lossy(&output.stderr))
    });
    assert_eq!(answers.len(), batch.len());
    let _ = std::fs::remove_dir_all(folder);
    answers
}

/// Words without what takes no space.
fn words(text: &str) -> Vec<String> {
    let invisible = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}' | '\u{34f}' | '\u{202a}'..='\u{202e}');
    let bare = text.split_whitespace().map(|word| word.replace(invisible, ""));
    bare.filter(|word| !word.is_empty()).collect()
}

/// What two lists of words have in common, in order, and what each has alone.
#[derive(Default)]
struct Difference {
    common: usize,
    all: usize,
    only_ours: Vec<String>,
    only_theirs: Vec<String>,
}

impl Difference {
    /// By the longest common subsequence.
    fn of(ours: &[String], theirs: &[String]) -> Self {
        let mut found = Self { all: ours.len() + theirs.len(), ..Self::default() };
        let head = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
        let (ours, theirs) = (&ours[head..], &theirs[head..]);
        let tail = ours.iter().rev().zip(theirs.iter().rev()).take_while(|(a, b)| a == b).count();
        let (ours, theirs) = (&ours[..ours.len() - tail], &theirs[..theirs.len() - tail]);
        found.common = head + tail;
        if ours.len() * theirs.len() > 60_000_000 {
            found.only_ours = ours.to_vec();
            found.only_theirs = theirs.to_vec();
            return found;
        }
        let width = theirs.len() + 1;
        let mut longest = vec![0_u16; (ours.len() + 1) * width];
        for (i, a) in ours.iter().enumerate().rev() {
            for (j, b) in theirs.iter().enumerate().rev() {
                let beside = longest[(i + 1) * width + j].max(longest[i * width + j + 1]);
                longest[i * width + j] = if a == b { longest[(i + 1) * width + j + 1] + 1 } else { beside };
            }
        }
        let (mut i, mut j) = (0, 0);
        while i < ours.len() || j < theirs.len() {
            if i < ours.len() && j < theirs.len() && ours[i] == theirs[j] {
                found.common += 1;
                (i, j) = (i + 1, j + 1);
            } else if j == theirs.len() || i < ours.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1]
            {
                found.only_ours.push(ours[i].clone());
                i += 1;
            } else {
                found.only_theirs.push(theirs[j].clone());
                j += 1;
            }
        }
        found
    }

    /// By what both have as often, of two sorted lists.
    fn of_bags(ours: &[String], theirs: &[String]) -> Self {
        let mut found = Self { all: ours.len() + theirs.len(), ..Self::default() };
        let (mut i, mut j) = (0, 0);
        while i < ours.len() || j < theirs.len() {
            if i < ours.len() && (j == theirs.len() || ours[i] < theirs[j]) {
                found.only_ours.push(ours[i].clone());
                i += 1;
            } else if i == ours.len() || theirs[j] < ours[i] {
                found.only_theirs.push(theirs[j].clone());
                j += 1;
            } else {
                found.common += 1;
                (i, j) = (i + 1, j + 1);
            }
        }
        found
    }

    /// Twice what is common, of all words of both.
    fn agreement(&self) -> f64 {
        if self.all == 0 { 1.0 } else { 2.0 * self.common as f64 / self.all as f64 }
    }
}

/// The figures of one comparison over all bodies.
fn report(name: &str, found: &[(PathBuf, Difference)]) {
    let common: usize = found.iter().map(|(_, difference)| difference.common).sum();
    let all: usize = found.iter().map(|(_, difference)| difference.all).sum();
    let total = 2.0 * common as f64 / all.max(1) as f64;
    let share = |least: f64| {
        let count = found.iter().filter(|(_, difference)| difference.agreement() >= least).count();
        100.0 * count as f64 / found.len().max(1) as f64
    };
    let mean = found.iter().map(|(_, difference)| difference.agreement()).sum::<f64>() / found.len().max(1) as f64;
    println!(
        "{name}: {:.2} % of words agree, mean of bodies {:.2} %; {:.1} % of bodies are equal, {:.1} % agree in 99 %, {:.1} % in 90 %",
        100.0 * total,
        100.0 * mean,
        share(1.0),
        share(0.99),
        share(0.9),
    );
    let mut worst: Vec<&(PathBuf, Difference)> =
        found.iter().filter(|(_, difference)| difference.agreement() < 1.0).collect();
    worst.sort_by(|a, b| a.1.agreement().total_cmp(&b.1.agreement()));
    for (path, difference) in worst.iter().take(real::number("RULEEVAL_SHOW", 0)) {
        let some = |words: &[String]| words.iter().take(30).cloned().collect::<Vec<_>>().join(" ");
        println!("  {:.3} {}", difference.agreement(), path.display());
        println!("    only here ({}): {}", difference.only_ours.len(), some(&difference.only_ours));
        println!("    only there ({}): {}", difference.only_theirs.len(), some(&difference.only_theirs));
    }
}

#[test]
fn visible_text_is_what_a_browser_shows() {
    let Some(program) = chromium() else {
        println!("skipped: no Chromium here (set CHROMIUM)");
        return;
    };
    let bodies = bodies(real::number("RULEEVAL_BODIES", BODIES));
    if bodies.is_empty() {
        println!("skipped: no real mail here (set RULEEVAL_CORPUS)");
        return;
    }
    let mut compared: BTreeMap<&str, Vec<(PathBuf, Difference)>> = BTreeMap::new();
    for batch in bodies.chunks(BATCH) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("visible_text");
        for ((path, html), answer) in batch.iter().zip(ask(&program, batch, &folder)) {
            assert_eq!(answer.error, None, "{}", path.display());
            let ours = Html::new(Arc::clone(html), 10_000);
            let shown = words(&ours.display_text());
            let mut compare = |name, ours: &[String], theirs: &str| {
                compared.entry(name).or_default().push((path.clone(), Difference::of(ours, &words(theirs))));
            };
            compare("1 innerText", &shown, &answer.inner);
            compare("2 seen", &shown, &answer.seen);
            // Text nodes hold no line breaks: letters are compared, in the order of their codes.
            let letters = |text: &str| {
                let mut all: Vec<String> = words(text).concat().chars().map(String::from).collect();
                all.sort_unstable();
                all
            };
            let difference = Difference::of_bags(&letters(&ours.hidden_text()), &letters(&answer.unseen.join(" ")));
            compared.entry("3 hidden").or_default().push((path.clone(), difference));
        }
    }
    println!("{} bodies", bodies.len());
    let mean = |name: &str| {
        let found = &compared[name];
        report(name, found);
        found.iter().map(|(_, difference)| difference.agreement()).sum::<f64>() / found.len() as f64
    };
    // `innerText` holds what is written white on white or too small to be read; ours does not.
    assert!(mean("1 innerText") > 0.97);
    assert!(mean("2 seen") > 0.99);
    assert!(mean("3 hidden") > 0.95);
}
