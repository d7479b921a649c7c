//! What one compilation leaves to the next, so that a changed file costs little more than itself.

use crate::check::CheckCache;
use crate::diagnostic::Diagnostic;
use crate::source::{SourceId, SourceMap};
use crate::syntax::{self, ast};
use std::collections::HashMap;
use std::sync::Arc;

/// What one compilation leaves to the next: see [`super::Compiler::compile_with`].
///
/// It holds the trees of all files, their rules with types, and the compiled patterns, so it costs
/// about as much memory as the engine. A compilation with a cache gives the same engine and the
/// same diagnostics as one without.
#[derive(Debug, Default)]
pub struct CompileCache {
    files: HashMap<SourceId, Parsed>,
    pub(super) rules: CheckCache,
}

/// A file as it was parsed.
#[derive(Debug)]
struct Parsed {
    text: Arc<str>,
    file: Arc<ast::File>,
    diagnostics: Vec<Diagnostic>,
}

impl CompileCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tree of a file, parsed only if its text, or its place among the files, has changed.
    pub(super) fn parse(
        &mut self,
        id: SourceId,
        sources: &SourceMap,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Arc<ast::File> {
        let text = sources.get(id).map(|source| Arc::clone(&source.text)).unwrap_or_default();
        if let Some(known) = self.files.get(&id)
            && known.text == text
        {
            diagnostics.extend(known.diagnostics.iter().cloned());
            return Arc::clone(&known.file);
        }
        let (file, problems) = syntax::parse(id, &text);
        let file = Arc::new(file);
        diagnostics.extend(problems.iter().cloned());
        self.files.insert(id, Parsed { text, file: Arc::clone(&file), diagnostics: problems });
        file
    }

    /// Forgets files that are no longer there.
    pub(super) fn retain(&mut self, sources: &SourceMap) {
        self.files.retain(|id, _| sources.get(*id).is_some());
    }
}
