//! Says that something below some paths has changed, after it has been quiet for a while.

use notify_debouncer_full::notify::{RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, DebouncedEvent, Debouncer, RecommendedCache, new_debouncer};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf, absolute};
use std::time::Duration;

/// Links that are followed on the way to one path.
const MAX_LINKS: usize = 32;

/// Watches until it is dropped.
pub(super) struct Notice {
    _debouncer: Debouncer<RecommendedWatcher, RecommendedCache>,
}

impl Notice {
    /// Begins to watch. Folders are watched, not files, because editors replace files; and the folder
    /// above, because folders are replaced too; and those above every symbolic link on the way. What
    /// cannot be watched is in the second half.
    pub(super) fn start(
        paths: &[PathBuf],
        quiet: Duration,
        changed: impl Fn() + Send + 'static,
    ) -> Result<(Self, Vec<String>), String> {
        let names: BTreeSet<PathBuf> = paths.iter().flat_map(|path| names_of(path)).collect();
        let ours = names.clone();
        let on_event = move |result: DebounceEventResult| match result {
            Ok(events) if !events.iter().any(|event| concerns(event, &ours)) => {}
            Ok(_) | Err(_) => changed(),
        };
        let mut debouncer = new_debouncer(quiet, None, on_event).map_err(|error| error.to_string())?;
        let mut problems = Vec::new();
        for (folder, mode) in folders(paths, &names) {
            if let Err(error) = debouncer.watch(&folder, mode) {
                problems.push(format!("{}: {error}", folder.display()));
            }
        }
        Ok((Self { _debouncer: debouncer }, problems))
    }
}

/// Reading a watched file raises an event too: those would wake the reader for ever.
fn concerns(event: &DebouncedEvent, names: &BTreeSet<PathBuf>) -> bool {
    let ours = |path: &PathBuf| names.iter().any(|name| path.starts_with(name) || name.starts_with(path));
    !event.kind.is_access() && event.paths.iter().any(ours)
}

/// The path and every symbolic link on the way to what it names.
fn names_of(path: &Path) -> Vec<PathBuf> {
    let mut names = Vec::new();
    let mut pending: Vec<PathBuf> = absolute(path).into_iter().collect();
    while let Some(path) = pending.pop() {
        for link in path.ancestors().filter(|ancestor| ancestor.is_symlink()).take(MAX_LINKS) {
            let target = link.read_link().ok().zip(link.parent()).map(|(target, parent)| parent.join(target));
            if names.len() < MAX_LINKS && !names.contains(&link.to_owned()) {
                names.push(link.to_owned());
                pending.extend(target);
            }
        }
        names.push(path);
    }
    names
}

/// The folders to watch: those that are given with all below them, those above names alone.
fn folders(paths: &[PathBuf], names: &BTreeSet<PathBuf>) -> Vec<(PathBuf, RecursiveMode)> {
    let given: BTreeSet<PathBuf> = paths.iter().filter_map(|path| absolute(path).ok()).collect();
    let deep = given.iter().filter(|path| path.is_dir()).map(|path| (path.clone(), RecursiveMode::Recursive));
    let above: BTreeSet<PathBuf> = names.iter().filter_map(|name| name.parent()).map(Path::to_owned).collect();
    let inside = |folder: &Path| given.iter().any(|path| path.is_dir() && folder.starts_with(path));
    let flat = above.into_iter().filter(|folder| folder.is_dir() && !inside(folder));
    deep.chain(flat.map(|folder| (folder, RecursiveMode::NonRecursive))).collect()
}
