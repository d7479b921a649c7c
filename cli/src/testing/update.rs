//! Rewrites expectations in rule files, and shows each change.

use ruleeval::engine::ExpectationEdit;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Applies edits; the lines before and after as text. A file that is no longer what was compiled
/// is left alone, with an error.
pub(crate) fn apply(edits: &[&ExpectationEdit], dry: bool) -> io::Result<String> {
    let mut files: BTreeMap<&str, Vec<&ExpectationEdit>> = BTreeMap::new();
    for edit in edits {
        files.entry(&edit.file).or_default().push(edit);
    }
    let mut shown = String::new();
    for (file, mut edits) in files {
        let mut text = std::fs::read_to_string(file)?;
        edits.sort_by_key(|edit| edit.bytes.start);
        shown.push_str(&format!("{file}\n"));
        for edit in &edits {
            shown.push_str(&lines(&text, edit)?);
        }
        // From the end, so that the places before stay where they are.
        for edit in edits.iter().rev() {
            text.replace_range(edit.bytes.clone(), edit.becomes);
        }
        if !dry {
            replace(Path::new(file), &text)?;
        }
    }
    Ok(shown)
}

fn lines(text: &str, edit: &ExpectationEdit) -> io::Result<String> {
    if text.get(edit.bytes.clone()) != Some(edit.was) {
        return Err(io::Error::other(format!("{} changed while the tests ran", edit.file)));
    }
    let start = text[..edit.bytes.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[edit.bytes.end..].find('\n').map_or(text.len(), |at| edit.bytes.end + at);
    let (before, after) = (&text[start..edit.bytes.start], &text[edit.bytes.end..end]);
    Ok(format!("{:>5} - {before}{}{after}\n{:>5} + {before}{}{after}\n", edit.line, edit.was, edit.line, edit.becomes))
}

/// Writes a file whole or not at all.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let draft = path.with_file_name(format!(".{name}.new"));
    std::fs::write(&draft, text)?;
    std::fs::rename(&draft, path)
}
