//! A compilation with what earlier ones left gives what one without gives: the same diagnostics,
//! the same plan, the same verdicts, after any edits.

mod support;

use proptest::prelude::*;
use ruleeval::engine::{CompileCache, Compiled, Compiler, Options};
use std::path::{Path, PathBuf};

/// A change to a pack's folder.
#[derive(Clone, Copy, Debug)]
enum Edit {
    /// Other rules in a file.
    Rules(usize, u64),
    /// A definition that others use means something else.
    Definition(u64),
    /// A definition more, which nothing uses, or of a name that rules use.
    Name(bool),
    /// Everything in a file stands elsewhere.
    Shift(usize),
    /// A file more, before the others.
    File(u64),
    /// A file less.
    Remove(usize),
    /// Text that does not parse.
    Broken(usize),
    /// A template says something else.
    Template(u64),
    /// Nothing.
    Nothing,
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (0..FILES, 0..1_000_u64).prop_map(|(file, seed)| Edit::Rules(file, seed)),
        1 => (0..4_u64).prop_map(Edit::Definition),
        1 => any::<bool>().prop_map(Edit::Name),
        1 => (0..FILES).prop_map(Edit::Shift),
        1 => (0..100_u64).prop_map(Edit::File),
        1 => (0..FILES).prop_map(Edit::Remove),
        1 => (0..FILES).prop_map(Edit::Broken),
        1 => (0..3_u64).prop_map(Edit::Template),
        1 => Just(Edit::Nothing),
    ]
}

const FILES: usize = 3;

/// A pack's folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("ruleeval-incremental-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        let folder = Self(path);
        folder.write("shared.rule", &shared(0, 0));
        (0..FILES).for_each(|file| folder.write(&name(file), &rules(file, file as u64)));
        folder
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).expect("the temporary folder is writable");
    }

    fn apply(&self, edit: Edit) {
        match edit {
            Edit::Rules(file, seed) => self.write(&name(file), &rules(file, seed)),
            Edit::Definition(number) => self.write("shared.rule", &shared(number, 0)),
            Edit::Template(number) => self.write("shared.rule", &shared(0, number)),
            Edit::Name(used) => {
                let name = if used { "attachments" } else { "unused_here" };
                self.write("a_name.rule", &format!("def {name} = headers.references\n"));
            }
            Edit::Shift(file) => {
                let text = std::fs::read_to_string(self.0.join(name(file))).unwrap_or_default();
                self.write(&name(file), &format!("// a line more\n{text}"));
            }
            Edit::File(seed) => self.write("a_file.rule", &rules(FILES, seed)),
            Edit::Remove(file) => _ = std::fs::remove_file(self.0.join(name(file))),
            Edit::Broken(file) => self.write(&name(file), "rule broken { when: (subject.subject }"),
            Edit::Nothing => {}
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

fn name(file: usize) -> String {
    format!("rules_{file}.rule")
}

/// What rules of all files use.
fn shared(definition: u64, template: u64) -> String {
    let text = support::rules(1, 0).replace("\\d{3}-\\d{4}", &format!("\\d{{{}}}-\\d{{4}}", 3 + definition));
    text.replace("own notice", ["own notice", "old notice", "new notice"][template as usize % 3])
}

/// The rules of a file, with names of its own.
fn rules(file: usize, seed: u64) -> String {
    let text = support::rules(seed + 7, 5);
    let start = text.find("rule r0").unwrap_or(0);
    let end = text.find("exception quiet").unwrap_or(text.len());
    (0..5).fold(text[start..end].to_owned(), |text, rule| {
        text.replace(&format!("rule r{rule} "), &format!("rule f{file}_{rule} "))
            .replace(&format!("rule.r{rule}"), &format!("rule.f{file}_{rule}"))
    })
}

fn compile(folder: &Path, cache: &mut CompileCache) -> Compiled {
    let mut compiler = Compiler::new();
    compiler.load(folder);
    compiler.compile_with(cache)
}

/// Everything that can be seen of an engine.
fn shown(compiled: &Compiled) -> (String, Option<String>) {
    let verdict = |engine: &ruleeval::engine::Engine| {
        let verdicts = (0..4).map(|seed| {
            let message = engine.parse(support::message(seed));
            let verdict = engine.evaluate(&message, &mut engine.scratch(), Options { evidence: true, now: None });
            serde_json::to_string(&verdict).expect("a verdict is JSON")
        });
        let infos = format!("{:?}", engine.rule_infos());
        engine.plan_dump() + &infos + &verdicts.collect::<String>()
    };
    (format!("{:#?}", compiled.diagnostics), compiled.engine.as_ref().map(verdict))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(debug_assertions) { 12 } else { 200 }, ..ProptestConfig::default() })]

    #[test]
    fn compiling_again_gives_what_compiling_anew_gives(edits in prop::collection::vec(edit(), 1..8)) {
        let folder = Folder::new();
        let mut cache = CompileCache::new();
        let first = compile(&folder.0, &mut cache);
        prop_assert!(first.engine.is_some(), "{:#?}", first.diagnostics);
        for edit in edits {
            folder.apply(edit);
            let again = compile(&folder.0, &mut cache);
            let anew = compile(&folder.0, &mut CompileCache::new());
            prop_assert_eq!(shown(&again), shown(&anew), "after {:?}", edit);
        }
    }
}
