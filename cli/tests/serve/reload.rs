//! Reloads under load: nothing lost, nothing mixed, nothing kept.
//!
//! The suite runs a short version. `RULEEVAL_RELOADS=10000` runs the whole; figures are printed.

#[allow(dead_code)] // it has more than one of its users needs
#[path = "../../../benches/generate/mod.rs"]
mod generate;

use super::support::{Client, PACK, Server, folder, mail, until, write};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What a state of the pack says of every message: its number, in thousandths of a point.
fn version(folder: &Path, number: u64) {
    let text = format!(
        "rule version {{ meta: score = {}.{:03} when: subject.subject contains \"tag me\" }}\n\
         list words: string = \"lists/words.txt\"\n\
         rule listed {{ meta: score = 0 when: subject.subject contains $words }}\n",
        number / 1000,
        number % 1000
    );
    write(&folder.join("pack/pack.yaml"), PACK);
    write(&folder.join("pack/demo.rule"), &text);
}

fn words(folder: &Path, number: u64) {
    write(&folder.join("pack/lists/words.txt"), &format!("word {number}\ntag me\n"));
}

/// What was seen of each generation: its digest and its score. One generation, one answer.
#[derive(Default)]
struct Seen(Mutex<BTreeMap<u64, (String, u64)>>);

impl Seen {
    fn note(&self, verdict: &serde_json::Value) -> u64 {
        let generation = verdict["generation"].as_u64().expect("a number");
        let score = (verdict["score"].as_f64().expect("a number") * 1000.0).round() as u64;
        let digests = format!("{} {}", verdict["digest"], verdict["packs"][0]["digest"]);
        assert_eq!(verdict["matches"].as_array().map(Vec::len), Some(2), "{verdict}");
        let mut seen = self.0.lock().expect("no panic");
        let known = seen.entry(generation).or_insert_with(|| (digests.clone(), score));
        assert_eq!(*known, (digests, score), "generation {generation}");
        generation
    }
}

/// Scans until told to stop; the time of each answer.
fn load(server: &Server, seen: &Seen, stop: &AtomicBool) -> Vec<Duration> {
    let (mut client, mut times, mut last) = (Client::connect(&server.http()), Vec::new(), 0);
    let message = mail("tag me");
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        let response = client.request("POST", "/v1/scan", &[], message.as_bytes());
        times.push(began.elapsed());
        assert_eq!(response.status, 200, "{}", response.text());
        let generation = seen.note(&response.json());
        assert!(generation >= last, "no generation comes back");
        last = generation;
    }
    times
}

struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs `work` while clients scan; how many answers there were, and the time that 99 % of them kept.
fn under_load(server: &Server, seen: &Seen, work: impl FnOnce()) -> (usize, Duration) {
    let stop = AtomicBool::new(false);
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(|| load(server, seen, &stop))).collect();
        // Clients stop too if the work fails.
        let done = Done(&stop);
        work();
        drop(done);
        clients.into_iter().flat_map(|client| client.join().expect("no panic")).collect()
    });
    times.sort_unstable();
    (times.len(), times[times.len() * 99 / 100])
}

/// Good, broken, failing its tests, and lists that flap.
fn reloads(server: &Server, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let before = server.get("/healthz").json()["generation"].as_u64().expect("a number");
        let good = match number % 4 {
            0 => {
                write(&server.folder.join("pack/demo.rule"), "rule broken {");
                false
            }
            1 => {
                let failing = "rule version { when: false or subject.subject == \"\" tests: matches \"\"\"\n  Subject: x\n\n  x\n\"\"\" }\n";
                write(&server.folder.join("pack/demo.rule"), failing);
                false
            }
            2 => {
                version(&server.folder, number);
                true
            }
            _ => {
                words(&server.folder, number);
                true
            }
        };
        let response = server.reload();
        assert_eq!(response.status, if good { 200 } else { 409 }, "{number}: {}", response.text());
        let after = server.scan(&mail("tag me")).json();
        assert_eq!(after["generation"].as_u64(), Some(before + u64::from(good)), "{number}");
        assert_eq!(after.get("stale").is_some(), !good, "{number}");
        if good {
            // The list alone changes no score.
            assert_eq!((after["score"].as_f64().expect("a number") * 1000.0).round() as u64, number - number % 4 + 2);
        }
    }
}

#[test]
fn nothing_is_lost_mixed_or_kept_over_many_reloads() {
    let wanted: u64 = std::env::var("RULEEVAL_RELOADS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let here = folder("soak");
    version(&here, 99_999);
    words(&here, 0);
    let server = Server::run(here, "reload: { notify: false, poll_seconds: 3600 }");
    let seen = Seen::default();
    // What is allocated once is allocated now.
    let warm = 4 * wanted.div_ceil(40).max(5);
    under_load(&server, &seen, || reloads(&server, 0..warm));
    let before = server.resident();
    let (calm, calm_p99) = under_load(&server, &seen, || std::thread::sleep(Duration::from_secs(1)));
    let (busy, busy_p99) = under_load(&server, &seen, || reloads(&server, warm..warm + wanted));
    let after = server.resident();
    println!(
        "{wanted} reloads, {busy} answers meanwhile ({calm} without reloads); p99 with reloads {:.2} times that without \
         ({busy_p99:?}, {calm_p99:?}); resident memory {before} KiB before, {after} KiB after",
        busy_p99.as_secs_f64() / calm_p99.as_secs_f64()
    );
    assert!(seen.0.lock().expect("no panic").len() as u64 >= wanted / 4, "generations were seen");
    // A generation of these rules takes above 100 KiB: even one kept of ten would show.
    let allowed = 16 * 1024 + wanted.min(4000) * 4;
    assert!(after < before + allowed, "{before} KiB before, {after} KiB after {wanted} reloads");
}

#[test]
fn a_change_of_one_rule_among_a_thousand_takes_effect() {
    let here = folder("effect");
    write(&here.join("pack/pack.yaml"), PACK);
    let files = generate::files(1000, 100);
    let put = |number: usize, text: &str| write(&here.join(format!("pack/rules{number:02}.rule")), text);
    files.iter().enumerate().for_each(|(number, text)| put(number, text));
    // The defaults: the file system tells, and quiet has to be waited for.
    let server = Server::run(here.clone(), "");
    let mut client = Client::connect(&server.http());
    let mut times: Vec<Duration> = (0..10)
        .map(|round| {
            let rule =
                format!("\nrule version {{ meta: score = 40.{round:03} when: subject.subject contains \"tag me\" }}\n");
            let began = Instant::now();
            put(5, &format!("{}{rule}", files[5]));
            let effective = |verdict: &serde_json::Value| {
                let matches = verdict["matches"].as_array().expect("a list");
                let ours = matches.iter().find(|found| found["rule"] == "demo/version");
                ours.is_some_and(|found| {
                    (found["score"].as_f64().expect("a number") * 1000.0).round() as u64 == 40_000 + round
                })
            };
            until("the change takes effect", || {
                effective(&client.request("POST", "/v1/scan", &[], mail("tag me").as_bytes()).json())
            });
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!(
        "from writing one of 1,000 rules to its first verdict: {:?} at best, {:?} half the time, {:?} at most",
        times[0], times[5], times[9]
    );
}
