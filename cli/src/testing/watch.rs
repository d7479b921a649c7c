//! Waits until something below some paths changes.

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long it must be quiet before a change counts as complete: editors write several times.
const QUIET: Duration = Duration::from_millis(150);

/// Watches paths until it is dropped.
pub(crate) struct Watch {
    events: Receiver<notify::Result<Event>>,
    _watcher: RecommendedWatcher,
}

impl Watch {
    /// Begins to watch files and folders. Of a file its folder is watched, because editors
    /// replace files.
    pub(crate) fn start(paths: &[PathBuf]) -> notify::Result<Self> {
        let (sender, events) = channel();
        let mut watcher = notify::recommended_watcher(sender)?;
        for path in paths {
            if path.is_dir() {
                watcher.watch(path, RecursiveMode::Recursive)?;
            } else {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                watcher.watch(folder.unwrap_or_else(|| Path::new(".")), RecursiveMode::NonRecursive)?;
            }
        }
        Ok(Self { events, _watcher: watcher })
    }

    /// Waits for a change and then for quiet. The changed paths, sorted; `None` when watching has
    /// come to an end.
    pub(crate) fn next(&self) -> Option<Vec<PathBuf>> {
        let mut changed = Vec::new();
        while changed.is_empty() {
            relevant(self.events.recv().ok()?, &mut changed);
        }
        while let Ok(event) = self.events.recv_timeout(QUIET) {
            relevant(event, &mut changed);
        }
        changed.sort();
        changed.dedup();
        Some(changed)
    }
}

/// Reading a watched file raises an event too: those would wake the reader for ever.
fn relevant(event: notify::Result<Event>, changed: &mut Vec<PathBuf>) {
    let Ok(event) = event else { return };
    if !matches!(event.kind, EventKind::Access(_)) {
        let hidden = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        changed.extend(event.paths.into_iter().filter(|path| !hidden(path)));
    }
}
