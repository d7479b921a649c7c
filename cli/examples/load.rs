//! Load on a service that decides about mail over HTTP, or on the library itself, with the same messages:
//!
//! ```text
//! load http ADDRESS PATH CONNECTIONS SECONDS FOLDER MESSAGES PID...
//! load library PACK - THREADS SECONDS FOLDER MESSAGES
//! load flood ADDRESS PATH CONNECTIONS BYTES PID
//! ```
//!
//! The first two print a row of a table: messages a second, the times that half and 99 of 100 answers kept, and what the
//! processes PID took of the processor for each message. `flood` sends one message of BYTES on every connection at
//! once, asks again where it is told to, and prints what of it was decided and the most that PID had resident.

#[path = "../../benches/generate/mail.rs"]
mod mail;

use ruleeval::engine::{Compiler, Options};
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A connection that is opened again where the server closes it.
struct Client<'a> {
    address: &'a str,
    path: &'a str,
    stream: Option<BufReader<TcpStream>>,
}

impl Client<'_> {
    /// The status of the answer to one message.
    fn ask(&mut self, message: &[u8]) -> io::Result<u16> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.address)?;
                stream.set_nodelay(true)?;
                BufReader::with_capacity(64 << 10, stream)
            }
        };
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: load\r\nConnection: keep-alive\r\nContent-Length: {}\r\n\r\n",
            self.path,
            message.len()
        );
        // One that refuses early has answered before it was all sent.
        let _ = stream.get_mut().write_all(head.as_bytes()).and_then(|()| stream.get_mut().write_all(message));
        let (status, length, keep) = header(&mut stream)?;
        io::copy(&mut (&mut stream).take(length), &mut io::sink())?;
        self.stream = keep.then_some(stream);
        Ok(status)
    }
}

/// Status, length of the body, and whether the connection stays open.
fn header(stream: &mut impl BufRead) -> io::Result<(u16, u64, bool)> {
    let (mut status, mut length, mut keep) = (0, 0, true);
    let mut line = String::new();
    while stream.read_line(&mut line)? > 2 {
        let lower = line.trim_end().to_ascii_lowercase();
        if let Some(rest) = lower.strip_prefix("http/1.1 ") {
            status = rest.split(' ').next().and_then(|code| code.parse().ok()).unwrap_or(0);
        } else if let Some(rest) = lower.strip_prefix("content-length:") {
            length = rest.trim().parse().unwrap_or(0);
        } else if lower == "connection: close" {
            keep = false;
        }
        line.clear();
    }
    if status == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok((status, length, keep)) }
}

/// What is measured with: so many threads, for so long, these processes.
struct Run {
    threads: usize,
    seconds: u64,
    pids: Vec<u32>,
}

impl Run {
    /// Gives every message in turn to a worker on each thread, and prints a row.
    fn measure<W: FnMut(&[u8])>(&self, mail: &[Vec<u8>], worker: impl Fn() -> W + Sync) {
        let (next, measuring, stop) = (AtomicUsize::new(0), AtomicBool::new(false), AtomicBool::new(false));
        let all: Mutex<Vec<Duration>> = Mutex::default();
        let (mut processor, mut lasted) = (0.0, 0.0);
        std::thread::scope(|scope| {
            for _ in 0..self.threads {
                scope.spawn(|| {
                    let (mut work, mut times) = (worker(), Vec::new());
                    while !stop.load(Ordering::Relaxed) {
                        let message = &mail[next.fetch_add(1, Ordering::Relaxed) % mail.len()];
                        let (began, counts) = (Instant::now(), measuring.load(Ordering::Relaxed));
                        work(message);
                        times.extend(counts.then(|| began.elapsed()));
                    }
                    all.lock().expect("no panic").extend(times);
                });
            }
            std::thread::sleep(WARM_UP);
            let (before, began) = (busy(&self.pids), Instant::now());
            measuring.store(true, Ordering::Relaxed);
            std::thread::sleep(Duration::from_secs(self.seconds));
            (processor, lasted) = (busy(&self.pids) - before, began.elapsed().as_secs_f64());
            stop.store(true, Ordering::Relaxed);
        });
        let mut times = all.into_inner().expect("no panic");
        times.sort_unstable();
        let at =
            |share: usize| times.get(times.len() * share / 100).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0);
        let (rate, each) = (times.len() as f64 / lasted, 1000.0 * processor / times.len() as f64);
        println!("| {} | {rate:.0} | {:.2} ms | {:.2} ms | {each:.2} ms |", self.threads, at(50), at(99));
    }
}

/// Until caches are warm and every connection is open.
const WARM_UP: Duration = Duration::from_secs(2);

/// Seconds of the processor that these processes have taken.
fn busy(pids: &[u32]) -> f64 {
    let ticks = |pid: &u32| -> Option<f64> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
    };
    // Linux counts a hundred a second for programs to read.
    pids.iter().filter_map(ticks).sum::<f64>() / 100.0
}

fn http(run: &Run, address: &str, path: &str, mail: &[Vec<u8>]) {
    run.measure(mail, || {
        let mut client = Client { address, path, stream: None };
        move |message: &[u8]| {
            let status = client.ask(message).unwrap_or_else(|error| panic!("{address}: {error}"));
            assert_eq!(status, 200, "{address}");
        }
    });
}

fn library(run: &Run, pack: &str, mail: &[Vec<u8>]) {
    let mut compiler = Compiler::new();
    compiler.load(Path::new(pack));
    let compiled = compiler.compile();
    let engine = compiled.engine.unwrap_or_else(|| panic!("{pack}: {:?}", compiled.diagnostics));
    run.measure(mail, || {
        let (engine, mut scratch) = (engine.clone(), engine.scratch());
        move |raw: &[u8]| {
            let message = engine.parse(raw.to_vec());
            let verdict = engine.evaluate(&message, &mut scratch, Options::default());
            assert!(serde_json::to_vec(&verdict).is_ok());
        }
    });
}

/// KiB that a process has resident.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// A message of so many bytes: text that has to be read, not an attachment.
fn large(bytes: usize) -> Vec<u8> {
    let mut message = b"From: a@example.com\r\nTo: b@example.org\r\nSubject: large\r\n\r\n".to_vec();
    while message.len() < bytes {
        message.extend(b"The quarterly figures are at https://www.example.com/q and +1 555 0100 tells more.\r\n");
    }
    message
}

fn flood(address: &str, path: &str, connections: usize, bytes: usize, pid: u32) {
    let message = large(bytes);
    let (refused, most, done) = (AtomicU64::new(0), AtomicU64::new(resident(pid)), AtomicBool::new(false));
    let (before, began) = (resident(pid), Instant::now());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                most.fetch_max(resident(pid), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let clients: Vec<_> = (0..connections)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = Client { address, path, stream: None };
                    // A connection that was closed before all was sent has refused too.
                    while client.ask(&message).ok() != Some(200) {
                        client.stream = None;
                        refused.fetch_add(1, Ordering::Relaxed);
                        std::thread::sleep(Duration::from_millis(200));
                    }
                })
            })
            .collect();
        clients.into_iter().for_each(|client| client.join().expect("no panic"));
        done.store(true, Ordering::Relaxed);
    });
    println!(
        "{connections} messages of {bytes} bytes at once: all decided after {:.1} s and {} refusals; resident {} MiB \
         before, {} MiB at most",
        began.elapsed().as_secs_f64(),
        refused.into_inner(),
        before >> 10,
        most.into_inner() >> 10
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<usize>().ok()).expect("a number");
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["flood", address, path, ..] => flood(address, path, number(3), number(4), number(5) as u32),
        [of @ ("http" | "library"), first, second, _, _, folder, _, ..] => {
            let pids: Vec<u32> = (7..arguments.len()).map(|at| number(at) as u32).collect();
            let pids = if of == "library" { vec![std::process::id()] } else { pids };
            let run = Run { threads: number(3), seconds: number(4) as u64, pids };
            let mail = mail::messages(Some(folder.into()), number(6));
            if of == "http" { http(&run, first, second, &mail) } else { library(&run, first, &mail) }
        }
        _ => panic!("load http|library|flood ...: see the head of this file"),
    }
}
