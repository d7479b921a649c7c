//! What differs between two packs.

use super::change::Holdings;
use super::{DiffArgs, config};
use crate::Exit;
use crate::output::{print, show};
use ruleeval::diagnostic::Diagnostic;
use ruleeval::pack::{Loading, Pack};
use ruleeval::source::SourceMap;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

/// Most entries of a list that the text shows.
const SHOWN: usize = 5;

#[derive(Serialize)]
struct Difference {
    /// `rule`, `def`, `list`, `template`, `exception`, `entries`, `manifest`.
    kind: &'static str,
    name: String,
    change: What,
    /// Lines that are gone, and lines that came.
    removed: Vec<String>,
    added: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Added,
    Removed,
    Changed,
}

/// Runs `pack diff`.
pub(super) fn run(args: &DiffArgs) -> Result<(), Exit> {
    let loading = Loading { trust: config(&args.config)?.trust().clone() };
    let (old, old_items) = load(&args.old, &loading)?;
    let (new, new_items) = load(&args.new, &loading)?;
    let changes = changes(&old_items, &new_items);
    if args.json {
        let side = |pack: &Pack| {
            serde_json::json!({
                "name": pack.manifest.name, "version": pack.manifest.version, "digest": pack.digest.whole,
            })
        };
        let document = serde_json::json!({"version": 1, "old": side(&old), "new": side(&new), "changes": changes});
        print(&format!("{document:#}\n"));
    } else {
        print(&text(&old, &new, &changes));
    }
    if args.exit_code && !changes.is_empty() { Err(Exit::Findings) } else { Ok(()) }
}

fn load(path: &Path, loading: &Loading) -> Result<(Pack, Holdings), Exit> {
    let mut sources = SourceMap::default();
    let (pack, mut diagnostics) = Pack::load_with(path, loading, &mut sources);
    let items = Holdings::of(&pack, &sources, &mut diagnostics);
    if diagnostics.iter().any(Diagnostic::is_error) {
        show(&diagnostics, &sources);
        return Err(Exit::InvalidRules);
    }
    Ok((pack, items))
}

fn changes(old: &Holdings, new: &Holdings) -> Vec<Difference> {
    let mut found = Vec::new();
    let manifest: BTreeSet<&String> = old.manifest.keys().chain(new.manifest.keys()).collect();
    for key in manifest {
        let value = |items: &Holdings| items.manifest.get(key).filter(|value| !value.is_empty()).cloned();
        found.extend(change("manifest", key.clone(), value(old).map(|v| vec![v]), value(new).map(|v| vec![v])));
    }
    let items: BTreeSet<_> = old.items.keys().chain(new.items.keys()).collect();
    for (kind, name) in items {
        let key = (*kind, name.clone());
        found.extend(change(kind, name.clone(), old.items.get(&key).cloned(), new.items.get(&key).cloned()));
    }
    let lists: BTreeSet<&String> = old.lists.keys().chain(new.lists.keys()).collect();
    for path in lists {
        let entries = |items: &Holdings| items.lists.get(path).map(|entries| entries.iter().cloned().collect());
        found.extend(change("entries", path.clone(), entries(old), entries(new)));
    }
    found
}

fn change(kind: &'static str, name: String, old: Option<Vec<String>>, new: Option<Vec<String>>) -> Option<Difference> {
    let what = match (&old, &new) {
        (None, None) => return None,
        (None, Some(_)) => What::Added,
        (Some(_), None) => What::Removed,
        (Some(old), Some(new)) if old == new => return None,
        (Some(_), Some(_)) => What::Changed,
    };
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    let before: BTreeSet<&String> = old.iter().collect();
    let after: BTreeSet<&String> = new.iter().collect();
    let removed = old.iter().filter(|line| !after.contains(line)).cloned().collect();
    let added = new.iter().filter(|line| !before.contains(line)).cloned().collect();
    Some(Difference { kind, name, change: what, removed, added })
}

fn text(old: &Pack, new: &Pack, changes: &[Difference]) -> String {
    let side = |pack: &Pack| {
        let digest = pack.digest.whole.get(..16).unwrap_or_default();
        format!("{} {} sha256:{digest}", pack.manifest.name, pack.manifest.version)
    };
    let mut out = format!("{} -> {}\n", side(old), side(new));
    if changes.is_empty() {
        out.push_str("no difference in what they do\n");
    }
    for one in changes {
        let sign = match one.change {
            What::Added => '+',
            What::Removed => '-',
            What::Changed => '~',
        };
        out.push_str(&format!("{sign} {} {}\n", one.kind, one.name));
        if one.change == What::Changed || one.kind == "entries" || one.kind == "manifest" {
            lines('-', &one.removed, &mut out);
            lines('+', &one.added, &mut out);
        }
    }
    out
}

fn lines(sign: char, lines: &[String], out: &mut String) {
    for line in lines.iter().take(SHOWN) {
        out.push_str(&format!("    {sign} {}\n", line.trim_start().escape_debug()));
    }
    if lines.len() > SHOWN {
        out.push_str(&format!("    {sign} and {} more\n", lines.len() - SHOWN));
    }
}
