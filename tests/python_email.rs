//! MIME structure, names of files and decoded text beside Python's `email` package
//! (`tests/scripts/mime_tree.py`) on real mail. Skips with a notice where there is no Python or no
//! mail.
//!
//! `RULEEVAL_MESSAGES=8600` reads more messages, `RULEEVAL_SHOW=20` prints what differs.

mod real;

use ruleeval::message::{Message, Settings};
use serde::Deserialize;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// Messages that the normal run reads.
const MESSAGES: usize = 400;

/// What one side sees of a message.
#[derive(Deserialize, Default)]
struct Tree {
    #[serde(default)]
    types: Vec<(usize, String)>,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    texts: Vec<Option<String>>,
    #[serde(default)]
    hashes: Vec<Option<String>>,
    error: Option<String>,
}

fn theirs(paths: &[PathBuf]) -> Option<Vec<Tree>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts/mime_tree.py");
    let mut child = Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    let list: String = paths.iter().map(|path| format!("{}\n", path.display())).collect();
    let mut input = child.stdin.take()?;
    let writer = std::thread::spawn(move || input.write_all(list.as_bytes()));
    let output = child.wait_with_output().ok()?;
    writer.join().ok()?.ok()?;
    assert!(output.status.success(), "the script failed");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    Some(text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect())
}

fn ours(raw: Vec<u8>) -> Tree {
    let message = Message::parse(raw, Arc::new(Settings::default()));
    let parts = message.parts();
    let depth = |index: usize| std::iter::successors(parts[index].parent, |at| parts[*at].parent).count();
    let mut tree = Tree::default();
    for (index, part) in parts.iter().enumerate() {
        tree.types.push((depth(index), part.content_type.clone()));
        tree.names.extend(part.file_name.clone());
        // Reports and attached messages are trees of their own there.
        if part.is_multipart() || part.content_type.starts_with("message/") {
            continue;
        }
        if part.content_type.starts_with("text/") {
            tree.texts.push(part.text().map(|text| text.to_string()));
        } else {
            tree.hashes.push(Some(sha256(part.bytes())));
        }
    }
    tree
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Text without what the two treat differently and no reader shows: kinds of line ends, blank lines.
fn plain(text: Option<&String>) -> String {
    let text = text.map_or("", String::as_str).replace("\r\n", "\n").replace('\r', "\n");
    let lines = text.trim_start_matches('\u{feff}').split('\n').map(str::trim_end).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// Share of messages in which something is the same.
#[derive(Default)]
struct Tally {
    same: usize,
    different: Vec<(PathBuf, String)>,
}

impl Tally {
    fn add(&mut self, path: &Path, same: bool, detail: impl FnOnce() -> String) {
        if same {
            self.same += 1;
        } else {
            self.different.push((path.to_owned(), detail()));
        }
    }

    fn report(&self, name: &str) -> f64 {
        let share = self.same as f64 / (self.same + self.different.len()).max(1) as f64;
        println!("{name}: {:.2} % of messages agree, {} differ", 100.0 * share, self.different.len());
        for (path, detail) in self.different.iter().take(real::number("RULEEVAL_SHOW", 0)) {
            println!("  {}: {}", path.display(), detail.chars().take(400).collect::<String>());
        }
        share
    }
}

/// The first place where two texts differ.
fn first_difference(ours: &str, theirs: &str) -> String {
    let same = ours.chars().zip(theirs.chars()).take_while(|(a, b)| a == b).count();
    let part = |text: &str| text.chars().skip(same.saturating_sub(20)).take(60).collect::<String>();
    format!("at {same}: {:?} here, {:?} there", part(ours), part(theirs))
}

#[test]
fn structure_and_text_are_what_python_reads() {
    let paths = real::sample(real::number("RULEEVAL_MESSAGES", MESSAGES));
    if paths.is_empty() {
        println!("skipped: no real mail here (set RULEEVAL_CORPUS)");
        return;
    }
    let Some(theirs) = theirs(&paths) else {
        println!("skipped: no Python here");
        return;
    };
    let [mut types, mut names, mut texts, mut files] = [(); 4].map(|()| Tally::default());
    let mut refused = 0;
    for (path, theirs) in paths.iter().zip(&theirs) {
        if theirs.error.is_some() {
            refused += 1;
            continue;
        }
        let ours = ours(std::fs::read(path).expect("readable"));
        types.add(path, ours.types == theirs.types, || format!("{:?} here, {:?} there", ours.types, theirs.types));
        names.add(path, ours.names == theirs.names, || format!("{:?} here, {:?} there", ours.names, theirs.names));
        let [here, there] = [&ours, theirs]
            .map(|tree| tree.texts.iter().map(|text| plain(text.as_ref())).collect::<Vec<_>>().join("\n"));
        texts.add(path, here == there, || first_difference(&here, &there));
        files.add(path, ours.hashes == theirs.hashes, || format!("{:?} here, {:?} there", ours.hashes, theirs.hashes));
    }
    println!("{} messages, of which Python refuses {refused}", paths.len());
    assert!(types.report("structure") > 0.97);
    assert!(names.report("names of files") > 0.97);
    assert!(texts.report("texts") > 0.85);
    assert!(files.report("bytes of files") > 0.95);
}
