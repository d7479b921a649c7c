//! Every page under `docs/codes/` keeps its word: the example is refused as shown, the fix is not.
//! `UPDATE=1` rewrites the shown messages.

use ruleeval::diagnostic::render::{Format, render};
use ruleeval::diagnostic::{Code, Diagnostic};
use ruleeval::engine::{Compiled, Compiler};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// 2026-06-01, for what expires.
const NOW: i64 = 1_780_272_000_000;

struct Page {
    path: PathBuf,
    text: String,
}

impl Page {
    fn of(code: Code) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/codes/{code}.md"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path, text }
    }

    fn section(&self, title: &str) -> &str {
        let start = self.text.find(&format!("\n## {title}\n")).map_or(self.text.len(), |at| at + 1);
        let rest = &self.text[start..];
        rest.find("\n## ").map_or(rest, |end| &rest[..=end])
    }
}

/// The first block of a language in a section.
fn block<'t>(section: &'t str, language: &str) -> Option<&'t str> {
    let opening = format!("```{language}\n");
    let start = section.find(&opening)? + opening.len();
    let rest = &section[start..];
    Some(&rest[..rest.find("```")?])
}

/// The blocks of a section: language and text.
fn blocks(section: &str) -> Vec<(&str, &str)> {
    let parts: Vec<&str> = section.split("```").collect();
    parts.chunks(2).filter_map(|pair| pair.get(1)?.split_once('\n')).collect()
}

/// Compiles a `rule` or `yara` block in memory, or packs beside each other: a `yaml` block is the manifest of a
/// pack with one rule, in the folder that its first line names; `# ruleeval.yaml` begins the
/// configuration of signatures; an `archive` block is the content of `pack.rep`.
fn compile(section: &str, code: Code) -> Compiled {
    let mut compiler = Compiler::new();
    compiler.now(Some(NOW));
    if let Some(rules) = block(section, "yara") {
        compiler.yara("example.yar", rules).rules("example", "rule one { when: subject.is_reply }\n");
        return compiler.compile();
    }
    if let Some(rule) = block(section, "rule") {
        compiler.rules("example", rule);
        return compiler.compile();
    }
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("codes-{code}"));
    let _ = fs::remove_dir_all(&root);
    let mut packs = Vec::new();
    for (language, text) in blocks(section) {
        let place = text.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or("pack.yaml");
        match (language, place) {
            ("yaml", "ruleeval.yaml") => trust(&mut compiler, text),
            ("yaml", _) => {
                let folder = root.join(place).parent().expect("a folder").to_owned();
                fs::create_dir_all(&folder).expect("folder");
                fs::write(folder.join("pack.yaml"), text).expect("manifest");
                fs::write(folder.join("one.rule"), "rule one { when: subject.is_reply }\n").expect("rule");
                packs.push(folder);
            }
            ("archive", _) => {
                fs::create_dir_all(&root).expect("folder");
                fs::write(root.join("pack.rep"), text).expect("archive");
                packs.push(root.join("pack.rep"));
            }
            _ => {}
        }
    }
    assert!(!packs.is_empty(), "{code}: the section holds no block");
    for pack in &packs {
        compiler.load(pack);
    }
    compiler.compile()
}

#[cfg(feature = "signed")]
fn trust(compiler: &mut Compiler, config: &str) {
    let keys: Vec<String> = config
        .lines()
        .filter_map(|line| Some(line.strip_prefix("trusted_pack_keys: [")?.trim_end_matches(']').to_owned()))
        .collect();
    let required = config.contains("require_signatures: true");
    compiler.trust(ruleeval::pack::Trust::new(&keys, required).expect("a key"));
}

#[cfg(not(feature = "signed"))]
fn trust(_: &mut Compiler, _: &str) {}

/// Pages about what this build cannot do are not asked.
fn is_built(code: Code) -> bool {
    use ruleeval::diagnostic::codes;
    (cfg!(feature = "signed") || code != codes::SIGNATURE) && (cfg!(feature = "yara") || code != codes::YARA)
}

fn shown(compiled: &Compiled, code: Code) -> String {
    let own: Vec<Diagnostic> = compiled.diagnostics.iter().filter(|found| found.code == code).cloned().collect();
    let text = render(Format::Full, &own, &compiled.sources, false);
    let folder = format!("{}/codes-{code}/", env!("CARGO_TARGET_TMPDIR"));
    let lines = text.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    format!("{}\n", lines.replace(&folder, ""))
}

fn concise(compiled: &Compiled) -> String {
    render(Format::Concise, &compiled.diagnostics, &compiled.sources, false)
}

fn problems(code: Code, update: bool) -> Vec<String> {
    let mut page = Page::of(code);
    let mut problems = Vec::new();
    if !page.text.starts_with(&format!("# {code}: ")) {
        problems.push("the page does not begin with its code and title".to_owned());
    }
    let example = page.section("Example").to_owned();
    let compiled = compile(&example, code);
    let message = shown(&compiled, code);
    if message.trim().is_empty() {
        problems.push(format!("the example does not raise it, but:\n{}", concise(&compiled)));
    }
    let before = block(&example, "text").unwrap_or_else(|| panic!("{code}: no text block"));
    if before != message {
        if update {
            let old = format!("```text\n{before}```");
            page.text = page.text.replacen(&old, &format!("```text\n{message}```"), 1);
            fs::write(&page.path, &page.text).expect("writable");
        } else {
            problems.push(format!("shows\n{before}but it is\n{message}"));
        }
    }
    let fixed = compile(page.section("Fix"), code);
    let bad = fixed.diagnostics.iter().any(|found| found.is_error() || found.code == code);
    if bad {
        problems.push(format!("the fix is refused:\n{}", concise(&fixed)));
    }
    problems
}

#[test]
fn pages_keep_their_word() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut report = String::new();
    for code in Code::all().filter(|code| is_built(*code)) {
        for problem in problems(code, update) {
            let _ = writeln!(report, "{code}: {problem}");
        }
    }
    assert!(report.is_empty(), "{report}");
}

#[test]
fn every_page_is_registered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/codes");
    for entry in fs::read_dir(folder).expect("folder") {
        let name = entry.expect("readable").file_name().to_string_lossy().into_owned();
        let code = name.strip_suffix(".md").and_then(Code::parse);
        assert!(code.is_some_and(|code| code.page().is_some()), "{name} belongs to no code");
    }
}
