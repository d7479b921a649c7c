//! Engines made of packs on disk.

use super::handle::{Refusal, RefusalKind};
use super::moment::Moment;
use super::watch::Source;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::render::{Format, render};
use crate::engine::{CompileCache, Compiler, Engine, Reloaded, TestFailure};
use crate::pack;
use crate::source::SourceMap;
use std::path::{Path, PathBuf};

/// Most bytes of details that a refusal keeps.
const MAX_DETAILS: usize = 16 << 10;

/// Says of a test's id that it is known to fail.
pub type Excuses = Box<dyn Fn(&str) -> bool>;

type Excusing = Box<dyn FnMut(Moment) -> Result<Excuses, String> + Send>;
type Configure = Box<dyn FnMut() -> Result<Compiler, String> + Send>;

/// Packs on disk, with a configuration that is read again with them.
pub struct PackSource {
    packs: Vec<PathBuf>,
    others: Vec<PathBuf>,
    required: Vec<PathBuf>,
    configure: Configure,
    tests: bool,
    excusing: Option<Excusing>,
    /// What was made last, with the digest of the configuration: where only lists have changed the
    /// rules are kept.
    last: Option<(Engine, String)>,
    /// What has not changed is not parsed and checked again.
    cache: CompileCache,
}

impl PackSource {
    /// Packs and the files that `configure` reads. It makes a compiler with all but the packs; its
    /// error is the reason of a refusal. With `tests`, an engine whose tests fail is refused.
    pub fn new(
        packs: Vec<PathBuf>,
        others: Vec<PathBuf>,
        tests: bool,
        configure: impl FnMut() -> Result<Compiler, String> + Send + 'static,
    ) -> Self {
        Self {
            packs,
            others,
            required: Vec::new(),
            configure: Box::new(configure),
            tests,
            excusing: None,
            last: None,
            cache: CompileCache::new(),
        }
    }

    /// Tests that are known to fail refuse no engine. What is known is asked for with every build.
    #[must_use]
    pub fn excusing(mut self, known: impl FnMut(Moment) -> Result<Excuses, String> + Send + 'static) -> Self {
        self.excusing = Some(Box::new(known));
        self
    }

    fn tested(&mut self, engine: &Engine, now: Moment) -> Result<(), Refusal> {
        let unreadable = |reason: String| refusal(RefusalKind::Unreadable, &reason, "");
        let known = self.excusing.as_mut().map(|known| known(now)).transpose().map_err(unreadable)?;
        let excused = |failure: &TestFailure| known.as_ref().is_some_and(|known| known(&failure.id));
        let report = engine.test();
        let failures: Vec<&TestFailure> = report.failures.iter().filter(|failure| !excused(failure)).collect();
        tested(&failures, report.run)
    }

    /// The rules that there are over the lists as they stand now; `None` if more has changed.
    fn with_new_lists(&self, configuration: &str, now: Moment) -> Result<Option<Engine>, Refusal> {
        let Some((last, _)) = self.last.as_ref().filter(|(_, before)| before == configuration) else {
            return Ok(None);
        };
        match last.reload_lists(Some(now.0)) {
            Reloaded::Same => Ok(Some(last.clone())),
            Reloaded::Lists(engine, ..) => Ok(Some(*engine)),
            Reloaded::Rules => Ok(None),
            Reloaded::Refused(diagnostics, sources) => Err(not_compiled(&diagnostics, &sources)),
        }
    }

    fn compile(&mut self, now: Moment) -> Result<Engine, Refusal> {
        let mut compiler = (self.configure)().map_err(|reason| refusal(RefusalKind::Unreadable, &reason, ""))?;
        compiler.now(Some(now.0));
        for path in &self.packs {
            compiler.load(path);
        }
        let compiled = compiler.compile_with(&mut self.cache);
        let engine = compiled.engine.ok_or_else(|| not_compiled(&compiled.diagnostics, &compiled.sources))?;
        let known = |path: &&Path| !self.packs.iter().any(|pack| pack == path);
        self.required = engine.pack_paths().filter(known).map(Path::to_owned).collect();
        Ok(engine)
    }
}

impl Source for PackSource {
    fn paths(&self) -> Vec<PathBuf> {
        self.packs.iter().chain(&self.others).chain(&self.required).cloned().collect()
    }

    fn stamp(&self) -> String {
        pack::stamp(&self.paths())
    }

    fn digest(&self) -> Result<String, Refusal> {
        content_digest(&self.paths())
    }

    fn build(&mut self, now: Moment) -> Result<Engine, Refusal> {
        let configuration = content_digest(&self.others)?;
        let engine = match self.with_new_lists(&configuration, now)? {
            Some(engine) => engine,
            None => self.compile(now)?,
        };
        if self.tests {
            self.tested(&engine, now)?;
        }
        self.last = Some((engine.clone(), configuration));
        Ok(engine)
    }
}

fn content_digest(paths: &[PathBuf]) -> Result<String, Refusal> {
    pack::content_digest(paths).map_err(|error| refusal(RefusalKind::Unreadable, &error.to_string(), ""))
}

fn not_compiled(diagnostics: &[Diagnostic], sources: &SourceMap) -> Refusal {
    let errors: Vec<Diagnostic> = diagnostics.iter().filter(|problem| problem.is_error()).cloned().collect();
    let details = render(Format::Concise, &errors, sources, false);
    let first = details.lines().next().unwrap_or("");
    let summary = format!("{} error(s); {first}", errors.len());
    refusal(RefusalKind::Compile, &summary, &details)
}

fn tested(failures: &[&TestFailure], run: usize) -> Result<(), Refusal> {
    let lines: Vec<String> =
        failures.iter().map(|failure| format!("{}: {}: {}", failure.at, failure.rule, failure.message)).collect();
    let Some(first) = lines.first() else { return Ok(()) };
    let summary = format!("{} of {} test(s) fail; {first}", lines.len(), run);
    Err(refusal(RefusalKind::Tests, &summary, &lines.join("\n")))
}

fn refusal(kind: RefusalKind, summary: &str, details: &str) -> Refusal {
    Refusal { kind, summary: cut(summary, 300), details: cut(details, MAX_DETAILS) }
}

/// At most so many bytes; an ellipsis says that there was more.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(most)])
}
