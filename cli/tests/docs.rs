//! The pages of the documentation do what they say: files that they show are written, commands are
//! run in their order, and what they print is what the page shows. `[..]` stands for anything within a
//! line. `UPDATE=1` rewrites what is shown.

mod support;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use support::{folder, write};

const PAGES: [&str; 2] = ["packs", "lists"];

/// A page as text and fenced blocks: the line after the fence's marks, and the content.
fn parts(page: &str) -> Vec<(Option<&str>, String)> {
    let mut found: Vec<(Option<&str>, String)> = vec![(None, String::new())];
    for line in page.split_inclusive('\n') {
        let inside = found.last().is_some_and(|(fence, _)| fence.is_some());
        match line.strip_prefix("```") {
            Some(language) if !inside => found.push((Some(language.trim()), String::new())),
            Some(_) => found.push((None, String::new())),
            None => found.last_mut().expect("a part").1.push_str(line),
        }
    }
    found
}

/// Runs the commands of a block; the block with what they print now.
fn transcript(block: &str, here: &Path) -> String {
    let mut shown = String::new();
    for command in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let _ = writeln!(shown, "$ {command}");
        let binary = assert_cmd::cargo::cargo_bin!("ruleeval");
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", binary.parent().expect("a folder").display());
        let script = format!("({command}) 2>&1");
        let output = Command::new("sh").args(["-c", &script]).current_dir(here).env("PATH", path).output().expect("sh");
        let text = String::from_utf8_lossy(&output.stdout);
        for line in text.lines() {
            shown.push_str(line.trim_end());
            shown.push('\n');
        }
    }
    shown
}

/// True if a line is what the page shows, `[..]` standing for anything.
fn fits(shown: &str, line: &str) -> bool {
    let mut pieces = shown.split("[..]");
    let Some(mut rest) = pieces.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else { return rest.is_empty() };
    for piece in middle {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

/// The new block, with the old's lines where they still fit.
fn merged(old: &str, new: &str) -> String {
    let kept =
        |line: &str| old.lines().find(|shown| shown.contains("[..]") && fits(shown, line)).unwrap_or(line).to_owned();
    new.lines().map(|line| kept(line) + "\n").collect()
}

fn same(old: &str, new: &str) -> bool {
    old.lines().count() == new.lines().count() && old.lines().zip(new.lines()).all(|(shown, line)| fits(shown, line))
}

#[test]
fn pages_do_what_they_say() {
    let mut problems = String::new();
    for name in PAGES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/{name}.md"));
        let page = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let here = folder(name);
        let mut again = String::new();
        for (fence, content) in parts(&page) {
            let Some(language) = fence else {
                again.push_str(&content);
                continue;
            };
            let mut content = content;
            if let Some((_, file)) = language.split_once("file=") {
                write(&here, file.trim(), &content);
            } else if language == "console" {
                let now = transcript(&content, &here);
                if !same(&content, &now) {
                    let _ = writeln!(problems, "{name} shows\n{content}but it is\n{now}");
                    content = merged(&content, &now);
                }
            }
            let _ = write!(again, "```{language}\n{content}```\n");
        }
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, again).expect("written");
            problems.clear();
        }
    }
    assert!(problems.is_empty(), "{problems}");
}
