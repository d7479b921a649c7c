//! Attachments of real mail, where there is some: opened without failure, their types as `file` tells
//! them, the text of PDF documents as `pdftotext` tells it. `RULEEVAL_FILES` is how many are looked at.

use ruleeval::files::{Budget, explode};
use ruleeval::message::{Limits, Message, Settings};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

fn messages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            messages(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "eml") {
            found.push(path);
        }
    }
}

/// What a program prints about the bytes; `None` where it is absent.
fn told(program: &str, args: &[&str], bytes: &[u8]) -> Option<String> {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut input = child.stdin.take()?;
    let bytes = bytes.to_vec();
    // It may stop reading early.
    let writer = std::thread::spawn(move || {
        let _ = input.write_all(&bytes);
    });
    let output = child.wait_with_output().ok()?;
    let _ = writer.join();
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The media type by which `file` names what we name so.
fn agrees(kind: &str, mime: &str) -> bool {
    let ends: &[&str] = match kind {
        "jpeg" => &["jpeg"],
        "docx" | "xlsx" | "pptx" | "docm" | "xlsm" => &["openxmlformats", "zip", "ms-"],
        "html" | "hta" => &["html", "text/plain", "xml"],
        "eml" => &["rfc822", "text/", "octet-stream", "news"],
        "txt" | "js" | "json" | "ics" | "vcf" | "xml" | "bat" | "url" => {
            &["text/", "json", "calendar", "xml", "rfc822", "javascript"]
        }
        "unknown" => &[""],
        "doc" | "xls" | "ppt" | "ole" | "msg" => &["ms", "CDF", "ole", "octet-stream"],
        "gz" => &["gzip"],
        "tnef" => &["tnef"],
        "exe" => &["exe", "dosexec", "portable"],
        other => return mime.contains(other),
    };
    ends.iter().any(|end| mime.contains(end))
}

/// Share of the words of a text that another holds too.
fn shared(wanted: &str, found: &str) -> Option<f64> {
    let words: Vec<&str> = wanted.split_whitespace().filter(|word| word.len() > 3).collect();
    if words.len() < 20 {
        return None;
    }
    let flat: String = found.split_whitespace().collect();
    let there = words.iter().filter(|word| flat.contains(**word)).count();
    Some(there as f64 / words.len() as f64)
}

#[test]
fn attachments_open() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/corpora/devpack");
    let mut paths = Vec::new();
    messages(&root, &mut paths);
    if paths.is_empty() {
        println!("skipped: no real mail here");
        return;
    }
    paths.sort();
    let most = std::env::var("RULEEVAL_FILES").ok().and_then(|text| text.parse().ok()).unwrap_or(60_usize);
    let (mut seen, mut kinds, mut limits) = (0, BTreeMap::<&str, usize>::new(), BTreeMap::<String, usize>::new());
    let (mut same, mut compared, mut differ) = (0, 0, BTreeMap::<String, usize>::new());
    let (mut texts, mut with_text, mut flags, mut codes) = (Vec::new(), 0, BTreeMap::<&str, usize>::new(), 0);
    // Every part of the mail is looked at, whatever the number.
    let step = if most >= paths.len() { 1 } else { 7 };
    'all: for start in 0..step {
        for path in paths.iter().skip(start).step_by(step) {
            let message = Message::parse(fs::read(path).expect("readable"), Arc::new(Settings::default()));
            for file in message.attachments() {
                if seen >= most {
                    break 'all;
                }
                seen += 1;
                let name = file.file_name.as_deref();
                let budget = Budget::of(&Limits::default());
                let exploded = explode(name, &file.content_type, Arc::clone(&file.bytes), budget);
                let outer = &exploded.files[0];
                *kinds.entry(outer.kind).or_default() += 1;
                for limit in &exploded.limits_hit {
                    *limits.entry(limit.clone()).or_default() += 1;
                }
                for inner in &exploded.files {
                    inner.flags().into_iter().for_each(|flag| *flags.entry(flag).or_default() += 1);
                    codes += inner.codes().found.len();
                    let _ = (inner.urls(), inner.exif());
                }
                with_text += usize::from(outer.shown_text().is_some_and(|text| !text.trim().is_empty()));
                if let Some(mime) =
                    told("file", &["-b", "--mime-type", "-"], &file.bytes).filter(|_| !file.bytes.is_empty())
                {
                    compared += 1;
                    if agrees(outer.kind, &mime) {
                        same += 1
                    } else {
                        *differ.entry(format!("{} {mime}", outer.kind)).or_default() += 1
                    }
                }
                if outer.kind == "pdf"
                    && let Some(text) = told("pdftotext", &["-raw", "-", "-"], &file.bytes)
                    && let Some(share) = shared(&text, outer.shown_text().unwrap_or(""))
                {
                    texts.push(share);
                }
            }
        }
    }
    println!(
        "{seen} attachments: {kinds:?}\nwith text {with_text}, QR codes {codes}\nflags {flags:?}\nlimits {limits:?}"
    );
    println!("types as `file` tells them: {same} of {compared}; {differ:?}");
    let mean = texts.iter().sum::<f64>() / texts.len().max(1) as f64;
    let good = texts.iter().filter(|share| **share >= 0.95).count();
    println!("words of pdftotext found: mean {mean:.3} over {} documents, at least 0.95 in {good}", texts.len());
    assert!(!limits.keys().any(|limit| limit.contains("failed")), "{limits:?}");
    assert!(same * 100 >= compared * 95, "{same} of {compared}: {differ:?}");
}
