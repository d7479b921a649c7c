//! Which text parts a reader shows as the body, and which parts are attachments.

use super::anomaly::Anomaly;
use super::part::Part;

/// Indexes of the parts that make up the bodies, in the order in which they are shown.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    pub(super) html: Vec<usize>,
    pub(super) plain: Vec<usize>,
}

/// Chooses the bodies and marks the attachments. Of the members of a `multipart/alternative` the
/// last of a kind is shown, of `multipart/related` the first; text parts that stand side by side
/// are shown one below the other.
pub(super) fn choose(parts: &mut [Part], anomalies: &mut Vec<Anomaly>) -> Bodies {
    let bodies = Bodies { html: chosen(parts, "text/html"), plain: chosen(parts, "text/plain") };
    for (kind, list) in [("text/html", &bodies.html), ("text/plain", &bodies.plain)] {
        let all = parts.iter().filter(|part| is_shown(part, kind)).count();
        if all > list.len() {
            let place = list.first().and_then(|index| parts.get(*index)).map(|part| part.raw_range.clone());
            let detail = format!("{all} alternatives of type {kind}, of which one is shown");
            anomalies.push(Anomaly::new("several-alternatives", detail, place));
        }
    }
    for (index, part) in parts.iter_mut().enumerate() {
        part.is_attachment = !part.is_multipart() && !bodies.html.contains(&index) && !bodies.plain.contains(&index);
    }
    bodies
}

fn is_shown(part: &Part, kind: &str) -> bool {
    let like_text = kind == "text/plain" && matches!(part.content_type.as_str(), "text" | "text/");
    (part.content_type == kind || like_text)
        && part.disposition.as_deref() != Some("attachment")
        && (part.file_name.is_none() || is_first(part))
}

/// The message itself, or the first member of a multipart: shown even if it has a file name.
fn is_first(part: &Part) -> bool {
    matches!(part.number.rsplit('.').next(), Some("" | "1"))
}

fn chosen(parts: &[Part], kind: &str) -> Vec<usize> {
    let mut chosen: Vec<(Option<usize>, usize)> = Vec::new();
    let shown = parts.iter().enumerate().filter(|(_, part)| is_shown(part, kind));
    for (index, _) in shown {
        let group = group(parts, index);
        match chosen.iter_mut().find(|(known, _)| group.is_some() && *known == group) {
            Some(entry) if group.is_some_and(|group| parts[group].content_type == "multipart/alternative") => {
                entry.1 = index;
            }
            Some(_) => {}
            None => chosen.push((group, index)),
        }
    }
    chosen.into_iter().map(|(_, index)| index).collect()
}

/// The outermost enclosing multipart of which one member of a kind is shown.
fn group(parts: &[Part], index: usize) -> Option<usize> {
    let ancestors = std::iter::successors(parts[index].parent, |parent| parts[*parent].parent);
    let exclusive =
        |parent: &usize| matches!(parts[*parent].content_type.as_str(), "multipart/alternative" | "multipart/related");
    ancestors.filter(exclusive).last()
}
