//! The YARA rules of packs, compiled together.

use crate::diagnostic::{Diagnostic, codes};
use crate::files::YaraRules;
use crate::pack::Pack;
use crate::source::{SourceId, SourceMap, Span};
use std::sync::Arc;

/// All rules, each pack's in a namespace of its own; `None` if there are none, if one is refused, or if
/// this build reads no YARA: what asks for them is then undecided.
pub(super) fn compile(
    packs: &[Pack],
    others: &[SourceId],
    sources: &SourceMap,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Arc<YaraRules>> {
    let owned = packs.iter().flat_map(|pack| pack.yara.iter().map(|id| (pack.manifest.name.as_str(), *id)));
    let files: Vec<(&str, SourceId)> = owned.chain(others.iter().map(|id| ("", *id))).collect();
    if files.is_empty() || cfg!(not(feature = "yara")) {
        return None;
    }
    let text = |id| sources.get(id).map_or("", |source| &*source.text);
    match YaraRules::compile(files.iter().map(|(pack, id)| (*pack, text(*id)))) {
        Ok(rules) => Some(Arc::new(rules)),
        Err(problem) => {
            let id = files.get(problem.index).map_or_else(SourceId::default, |(_, id)| *id);
            let place = Span::new(id, problem.at.start, problem.at.end);
            let found = Diagnostic::new(codes::YARA, "a YARA rule is refused", place, problem.message);
            diagnostics.push(found.help("`include` and modules that need a network are not read"));
            None
        }
    }
}
