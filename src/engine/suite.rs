//! Runs the `tests:` of rules, each in a world of its own: it sees the pack's test settings, what
//! its `given` says, and nothing of the host.

use super::verdict::Verdict;
use super::{Engine, Explanation, Options};
use crate::builtins::{Ctx, Env, Provider};
use crate::check::hir::{Given, ListId, RuleId, Test};
use crate::eval::{Reference, Status};
use crate::lists::{ListData, ListType};
use crate::message::{AuthOverride, Message, Settings};
use crate::pack::Pack;
use crate::source::Span;
use crate::syntax::ast::StrStyle;
use crate::value::Value;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// A test as it stands in its pack.
#[derive(Clone, Debug)]
pub struct TestCase {
    /// Stable as long as the test is: `pack/rule cases/x.eml`, `pack/rule inline`; a later one of
    /// the same kind has `#2` behind it.
    pub id: String,
    /// `pack/name`.
    pub rule: Arc<str>,
    /// `file:line:column`.
    pub at: String,
    /// The message's path in the pack, or `inline`.
    pub message: String,
    /// True for `matches`.
    pub expects_match: bool,
    place: (RuleId, usize),
}

/// What became of a test.
#[derive(Clone, Debug)]
pub struct TestResult {
    /// The test.
    pub case: TestCase,
    /// How the rule ended; absent if the test could not run.
    pub status: Option<Status>,
    /// What was expected and what came; absent if the test holds.
    pub failure: Option<String>,
    /// Why, if the test does not hold.
    pub explanation: Option<Box<Explanation>>,
    /// What would make the test expect what came.
    pub edit: Option<ExpectationEdit>,
}

/// A change of rule text that makes a test expect what came.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ExpectationEdit {
    /// The rule file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The bytes to replace.
    pub bytes: Range<usize>,
    /// What stands there.
    pub was: &'static str,
    /// What replaces it.
    pub becomes: &'static str,
}

/// What the tests of all rules came to.
#[derive(Clone, Debug, Default)]
pub struct TestReport {
    /// Tests that ran.
    pub run: usize,
    /// Those that did not hold.
    pub failures: Vec<TestFailure>,
}

/// A test that did not hold.
#[derive(Clone, Debug)]
pub struct TestFailure {
    /// The test's id, as in [`TestCase`].
    pub id: String,
    /// `pack/name`.
    pub rule: Arc<str>,
    /// `file:line:column` of the test.
    pub at: String,
    /// What was expected, and what came.
    pub message: String,
    /// Why, if the message could be read.
    pub explanation: Option<Box<Explanation>>,
}

/// A message in a pack's folder `cases/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFile {
    /// The pack's name.
    pub pack: String,
    /// The path in the pack: `cases/x.eml`.
    pub path: String,
    /// How many tests read it.
    pub tests: usize,
}

/// Answers with what a test gives, whatever the arguments.
struct Answers(BTreeMap<Arc<str>, Value>);

impl Provider for Answers {
    fn call(&self, function: &str, _: &[Value], _: &Message) -> Option<Value> {
        self.0.get(function).cloned()
    }
}

impl Engine {
    /// All tests of all rules, by the names of the rules and then as they are written.
    pub fn tests(&self) -> Vec<TestCase> {
        let rules = &self.inner.program.rules;
        let mut order: Vec<usize> = (0..rules.len()).collect();
        order.sort_by(|a, b| rules[*a].name.cmp(&rules[*b].name));
        let mut cases = Vec::new();
        for index in order {
            let rule = &rules[index];
            let mut seen: BTreeMap<String, usize> = BTreeMap::new();
            for (position, test) in rule.tests.iter().enumerate() {
                let message = label(test);
                let base = format!("{} {message}", rule.name);
                let times = seen.entry(base.clone()).or_default();
                *times += 1;
                cases.push(TestCase {
                    id: if *times == 1 { base } else { format!("{base}#{times}") },
                    rule: Arc::clone(&rule.name),
                    at: self.inner.sources.location(test.span),
                    message,
                    expects_match: test.expects_match,
                    place: (RuleId(index as u32), position),
                });
            }
        }
        cases
    }

    /// Runs every test of every rule. Messages are read from the packs' folders.
    pub fn test(&self) -> TestReport {
        let cases = self.tests();
        let run = cases.len();
        let failures = cases.iter().map(|case| self.run_test(case)).filter_map(|result| {
            let TestResult { case, failure, explanation, .. } = result;
            Some(TestFailure { id: case.id, rule: case.rule, at: case.at, message: failure?, explanation })
        });
        TestReport { run, failures: failures.collect() }
    }

    /// Runs one test of [`Engine::tests`]. The rule is asked by itself: exceptions that stand
    /// outside it have no part in its tests.
    pub fn run_test(&self, case: &TestCase) -> TestResult {
        let failed = |failure: String| TestResult {
            case: case.clone(),
            status: None,
            failure: Some(failure),
            explanation: None,
            edit: None,
        };
        let (id, position) = case.place;
        let rule = self.inner.program.rules.get(id.0 as usize);
        let Some((rule, test)) = rule.and_then(|rule| Some((rule, rule.tests.get(position)?))) else {
            return failed("this engine has no such test".into());
        };
        let Some(pack) = self.pack_of(&rule.name) else { return failed("the pack is not loaded".into()) };
        let raw = match read(pack, test) {
            Ok(raw) => raw,
            Err(error) => return failed(format!("cannot read `{}`: {error}", test.message.value)),
        };
        let (settings, env) = match self.world(pack, &test.given) {
            Ok(world) => world,
            Err(problem) => return failed(problem),
        };
        let message = Message::parse(raw, Arc::new(settings));
        let ctx = Ctx { message: &message, env: &env };
        let status = Reference::new(&self.inner.program, self.builtins(), ctx).rule(id).status();
        if (status == Status::Match) == test.expects_match {
            return TestResult {
                case: case.clone(),
                status: Some(status),
                failure: None,
                explanation: None,
                edit: None,
            };
        }
        let wanted = if test.expects_match { "a match" } else { "no match" };
        TestResult {
            status: Some(status),
            failure: Some(format!("expected {wanted}, but the rule {}", status.says())),
            explanation: self.explain_in(ctx, id).map(Box::new),
            edit: self.flip(test.span, test.expects_match),
            case: case.clone(),
        }
    }

    /// The messages in the packs' folders `cases/`.
    pub fn case_files(&self) -> Vec<CaseFile> {
        let mut files = Vec::new();
        for pack in &self.inner.loaded {
            let name = &pack.manifest.name;
            for path in pack.cases() {
                let own = |rule: &&Arc<crate::check::hir::Rule>| rule.name.split('/').next() == Some(name);
                let tests = self.inner.program.rules.iter().filter(own).flat_map(|rule| &rule.tests);
                let tests = tests.filter(|test| label(test) == path).count();
                files.push(CaseFile { pack: name.clone(), path, tests });
            }
        }
        files
    }

    /// The names of the packs that were read from a folder of their own, with these folders.
    pub fn folders(&self) -> Vec<(String, PathBuf)> {
        let folder = |pack: &Pack| Some((pack.manifest.name.clone(), pack.folder()?.to_owned()));
        self.inner.loaded.iter().filter_map(folder).collect()
    }

    /// The verdict on a message of a pack's folder, in the world of the pack's tests, without a
    /// clock.
    pub fn case_verdict(&self, pack: &str, path: &str) -> std::io::Result<Verdict> {
        let pack = self.inner.loaded.iter().find(|loaded| loaded.manifest.name == pack);
        let pack = pack.ok_or_else(|| std::io::Error::other("the pack is not loaded"))?;
        let raw = pack.read_file(path)?;
        let (settings, env) = self.world(pack, &Given::default()).map_err(std::io::Error::other)?;
        let message = Message::parse(raw, Arc::new(settings));
        Ok(self.verdict_in(Ctx { message: &message, env: &env }, &mut self.scratch(), Options::default(), None))
    }

    fn pack_of(&self, rule: &str) -> Option<&Pack> {
        let name = rule.split('/').next()?;
        self.inner.loaded.iter().find(|pack| pack.manifest.name == name)
    }

    fn flip(&self, span: Span, expects_match: bool) -> Option<ExpectationEdit> {
        let (was, becomes) = if expects_match { ("matches", "ignores") } else { ("ignores", "matches") };
        let source = self.inner.sources.get(span.source)?;
        let start = span.start as usize;
        let bytes = start..start + was.len();
        let stands = source.text.get(bytes.clone()) == Some(was);
        let line = source.line_col(span.start).0;
        stands.then(|| ExpectationEdit { file: source.name.to_string(), line, bytes, was, becomes })
    }

    /// The receiver's side and everything outside the message, as a test has it.
    fn world(&self, pack: &Pack, given: &Given) -> Result<(Settings, Env), String> {
        let tests = &pack.manifest.tests;
        let mut settings = (*self.inner.settings).clone();
        settings.trusted_authserv_ids.extend(tests.trusted_authserv_ids.iter().cloned());
        settings.org_domains.extend(tests.org_domains.iter().cloned());
        let mut lists: BTreeMap<ListId, Vec<Arc<str>>> = BTreeMap::new();
        for (index, info) in self.inner.program.lists.iter().enumerate() {
            let id = ListId(index as u32);
            match (&*info.name, given.lists.get(&id)) {
                ("org_domains", Some(entries)) => {
                    settings.org_domains = entries.iter().map(ToString::to_string).collect();
                    lists.insert(id, entries.clone());
                }
                (_, Some(entries)) => drop(lists.insert(id, entries.clone())),
                ("org_domains", None) => drop(lists.insert(id, texts(&settings.org_domains))),
                ("org_display_names", None) if !tests.org_display_names.is_empty() => {
                    lists.insert(id, texts(&tests.org_display_names));
                }
                _ => {}
            }
        }
        settings.auth_override = overrides(given);
        let built: Result<Vec<_>, String> = lists.iter().map(|(id, entries)| self.list(*id, entries)).collect();
        let env = Env {
            now: given.clock,
            lists: Arc::new(self.lists.with(built?)),
            providers: vec![Arc::new(Answers(given.answers.clone()))],
            ..self.inner.env.clone()
        };
        Ok((settings, env))
    }

    fn list(&self, id: ListId, entries: &[Arc<str>]) -> Result<(u32, Arc<ListData>), String> {
        let info = self.inner.program.lists.get(id.0 as usize).ok_or("there is no such list")?;
        let kind = ListType::named(&info.kind).ok_or("the list has no type")?;
        let placed: Vec<(Arc<str>, Span)> = entries.iter().map(|text| (Arc::clone(text), Span::default())).collect();
        let (data, problems) = ListData::from_entries(kind, &placed);
        match problems.first() {
            Some(problem) => Err(format!("`list.{}`: {}", info.name, problem.message)),
            None => Ok((id.0, Arc::new(data))),
        }
    }
}

fn label(test: &Test) -> String {
    if test.message.style == StrStyle::Block { "inline".into() } else { test.message.value.to_string() }
}

fn texts(entries: &[String]) -> Vec<Arc<str>> {
    entries.iter().map(|entry| entry.as_str().into()).collect()
}

fn overrides(given: &Given) -> Option<AuthOverride> {
    let result = |method: &str| given.auth.get(method).map(ToString::to_string);
    let auth = AuthOverride {
        spf: result("spf"),
        dkim: result("dkim"),
        dmarc: result("dmarc"),
        arc: result("arc"),
        compauth: result("compauth"),
        authenticated_domains: given
            .authenticated_domains
            .as_ref()
            .map(|names| names.iter().map(ToString::to_string).collect()),
    };
    (auth != AuthOverride::default()).then_some(auth)
}

fn read(pack: &Pack, test: &Test) -> std::io::Result<Vec<u8>> {
    if test.message.style == StrStyle::Block {
        return Ok(test.message.value.as_bytes().to_vec());
    }
    pack.read_file(&test.message.value)
}
