//! Holds the arrows between modules: what ARCHITECTURE.md allows, and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const ARROWS: &[(&str, &[&str])] = &[
    ("source", &[]),
    ("calendar", &[]),
    ("diagnostic", &["source"]),
    ("matcher", &[]),
    ("value", &["matcher"]),
    ("syntax", &["source", "diagnostic", "calendar"]),
    ("check", &["source", "diagnostic", "value", "syntax", "matcher"]),
    ("plan", &["value", "check", "matcher", "syntax"]),
    ("text", &[]),
    ("dns", &[]),
    ("live_dns", &["dns"]),
    ("message", &["text", "dns"]),
    ("entities", &["calendar", "text", "message"]),
    ("auth", &["message", "dns"]),
    ("transport", &["message", "auth"]),
    ("identity", &["text", "message", "entities", "auth"]),
    ("files", &["calendar", "message"]),
    ("lists", &["source", "calendar", "diagnostic", "value", "matcher"]),
    ("template", &["value", "message", "matcher"]),
    (
        "builtins",
        &[
            "calendar",
            "value",
            "text",
            "message",
            "entities",
            "auth",
            "transport",
            "identity",
            "files",
            "lists",
            "matcher",
            "template",
        ],
    ),
    ("eval", &["source", "value", "syntax", "check", "plan", "matcher", "message", "lists", "builtins", "template"]),
    ("pack", &["source", "calendar", "diagnostic", "value"]),
    (
        "engine",
        &[
            "source",
            "calendar",
            "diagnostic",
            "matcher",
            "value",
            "syntax",
            "check",
            "plan",
            "message",
            "auth",
            "lists",
            "template",
            "builtins",
            "eval",
            "pack",
            "files",
        ],
    ),
    ("live", &["source", "calendar", "diagnostic", "value", "message", "eval", "pack", "engine"]),
    ("corpus", &["calendar", "engine", "eval", "message", "files"]),
    ("report", &["corpus", "engine", "eval", "pack"]),
];

/// The modules that a text names as `crate::x`, also in `use crate::{x, y::z}`.
fn named(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut start = true;
            for (index, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => start = true,
                    c if start && c.is_ascii_lowercase() => {
                        found.insert(word(&group[index..]));
                        start = false;
                    }
                    _ => {}
                }
            }
        } else {
            found.insert(word(rest));
        }
    }
    found
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of the project") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn module_of(path: &Path, src: &Path) -> String {
    let relative = path.strip_prefix(src).expect("below src");
    let first = relative.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn arrows_hold() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for path in files(&src) {
        let module = module_of(&path, &src);
        if module == "lib" {
            continue;
        }
        let allowed = ARROWS.iter().find(|(name, _)| *name == module).map(|(_, allowed)| *allowed);
        let allowed = allowed.unwrap_or_else(|| panic!("module `{module}` is not in the table"));
        for used in named(&fs::read_to_string(&path).expect("a source file")) {
            if used != module && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{}: `{module}` uses `{used}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that the table forbids:\n{}", wrong.join("\n"));
}

#[test]
fn crates_stay_behind_their_modules() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for path in files(&src) {
        let text = fs::read_to_string(&path).expect("a source file");
        let module = module_of(&path, &src);
        let forbidden: &[&str] = match module.as_str() {
            "pack" | "corpus" => &["pest::", "mail_parser::", "std::net::Tcp"],
            "syntax" => &["mail_parser::", "std::fs", "std::env", "SystemTime"],
            // `Pack::load` is called here; nothing is read.
            "engine" => &["pest::", "mail_parser::", "std::fs", "std::env::var", "SystemTime"],
            _ if path.ends_with("message/parse.rs") => &["pest::", "std::fs", "SystemTime"],
            "live_dns" => &["pest::", "mail_parser::", "std::fs", "SystemTime"],
            _ => &["pest::", "mail_parser::", "std::fs", "std::env::var", "SystemTime", "std::net::Tcp"],
        };
        for word in forbidden {
            if text.contains(word) {
                wrong.push(format!("{}: names `{word}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Verification is behind one module, the network behind another.
#[test]
fn verification_stays_behind_its_module() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let wrong: Vec<String> = files(&src)
        .into_iter()
        .filter(|path| !path.starts_with(src.join("auth/verify")) && !path.ends_with("live_dns.rs"))
        .filter(|path| {
            let text = fs::read_to_string(path).expect("a source file");
            ["mail_auth::", "hickory_resolver::", "tokio::"].iter().any(|word| text.contains(word))
        })
        .map(|path| path.display().to_string())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_check_itself_sees_every_form() {
    let text = "use crate::a::B; use crate::{c, d::{E, f}, g::H}; fn x() { crate::i::j() }";
    let expected: BTreeSet<String> = ["a", "c", "d", "g", "i"].into_iter().map(String::from).collect();
    assert_eq!(named(text), expected);
}
