//! What packs need of the engine and of each other: versions, names that changed, circles.

use crate::diagnostic::{Diagnostic, codes, suggest};
use crate::pack::{ENGINE_VERSION, Pack, Step, version_fits};
use crate::source::{SourceMap, Span};
use semver::Version;
use std::collections::BTreeSet;

/// The pack that answers to a name: its own or one that it replaces.
pub(super) fn find<'p>(packs: &'p [Pack], name: &str) -> Option<&'p Pack> {
    let own = packs.iter().find(|pack| pack.manifest.name == name);
    own.or_else(|| packs.iter().find(|pack| pack.manifest.replaces.iter().any(|old| old == name)))
}

fn place(pack: &Pack, index: usize) -> Span {
    pack.place(&[Step::Key("requires"), Step::Key("packs"), Step::Item(index)])
}

/// Everything that packs ask for and do not get.
pub(super) fn check(packs: &[Pack], sources: &SourceMap, diagnostics: &mut Vec<Diagnostic>) {
    for (index, pack) in packs.iter().enumerate() {
        names(packs, index, diagnostics);
        engine(pack, diagnostics);
        license(pack, diagnostics);
        for (at, (name, range)) in pack.manifest.requires.packs().enumerate() {
            match find(packs, name) {
                None => diagnostics.push(missing(pack, name, at, packs)),
                Some(found) => diagnostics.extend(wrong_version(pack, found, name, range, at)),
            }
        }
    }
    circles(packs, sources, diagnostics);
}

fn names(packs: &[Pack], index: usize, diagnostics: &mut Vec<Diagnostic>) {
    let pack = &packs[index];
    let name = &pack.manifest.name;
    if packs[..index].iter().any(|other| other.manifest.name == *name) {
        let place = pack.place(&[Step::Key("name")]);
        diagnostics.push(Diagnostic::new(
            codes::DUPLICATE,
            format!("two packs are called `{name}`"),
            place,
            "the second one",
        ));
    }
    for (at, old) in pack.manifest.replaces.iter().enumerate() {
        let others = packs.iter().enumerate().filter(|(other, _)| *other != index);
        let mut clashing = others.filter(|(other, found)| {
            found.manifest.name == *old || (*other < index && found.manifest.replaces.contains(old))
        });
        if old == name || clashing.next().is_some() {
            let place = pack.place(&[Step::Key("replaces"), Step::Item(at)]);
            let message = format!("`{name}` replaces `{old}`, but that name is taken");
            let problem = Diagnostic::new(codes::REPLACES, message, place, "another pack answers to it");
            diagnostics.push(problem.help("load one of the two"));
        }
    }
}

fn engine(pack: &Pack, diagnostics: &mut Vec<Diagnostic>) {
    let Some(range) = &pack.manifest.requires.engine else { return };
    let have = Version::parse(ENGINE_VERSION).unwrap_or_else(|_| Version::new(0, 0, 0));
    if !version_fits(&have, range) {
        let place = pack.place(&[Step::Key("requires"), Step::Key("engine")]);
        let message = format!("pack `{}` needs engine {range}, this is {ENGINE_VERSION}", pack.manifest.name);
        diagnostics.push(Diagnostic::new(codes::VERSION, message, place, "not this engine"));
    }
}

fn license(pack: &Pack, diagnostics: &mut Vec<Diagnostic>) {
    let text = &pack.manifest.license;
    if text.is_empty() {
        return;
    }
    if let Some((reason, at)) = crate::pack::license_problem(text) {
        let whole = pack.place(&[Step::Key("license")]);
        let message = format!("`{text}` is no SPDX licence expression: {reason}");
        let place = Span { start: whole.start + at.start as u32, end: whole.start + at.end as u32, ..whole };
        // In quotes the text begins a character later; the whole value is near enough then.
        let place = if whole.end - whole.start == text.len() as u32 { place } else { whole };
        diagnostics.push(
            Diagnostic::new(codes::LICENSE, message, place, "here")
                .help("identifiers are listed at https://spdx.org/licenses; others are written `LicenseRef-name`"),
        );
    }
}

fn missing(pack: &Pack, name: &str, at: usize, packs: &[Pack]) -> Diagnostic {
    let message = format!("pack `{}` requires the pack `{name}`, which is not loaded", pack.manifest.name);
    let problem = Diagnostic::new(codes::REQUIRED_PACK, message, place(pack, at), "not found");
    match suggest::nearest(name, packs.iter().map(|pack| pack.manifest.name.as_str())) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help("load both packs, or put it beside this one"),
    }
}

fn wrong_version(pack: &Pack, found: &Pack, name: &str, range: Option<&str>, at: usize) -> Option<Diagnostic> {
    let range = range?;
    let version = found.manifest.version();
    if version.as_ref().is_some_and(|version| version_fits(version, range)) {
        return None;
    }
    let have = version.map_or("a pack without a version".to_owned(), |version| version.to_string());
    let message = format!("pack `{}` requires `{name}` {range}, loaded is {have}", pack.manifest.name);
    let problem = Diagnostic::new(codes::VERSION, message, place(pack, at), "does not fit");
    Some(problem.also(found.place(&[Step::Key("version")]), "the version that is loaded"))
}

/// Packs that require each other: names could then mean anything. Each circle is told once.
fn circles(packs: &[Pack], sources: &SourceMap, diagnostics: &mut Vec<Diagnostic>) {
    let mut done = BTreeSet::new();
    for start in packs {
        let mut open: Vec<(&Pack, usize)> = vec![(start, 0)];
        while let Some((pack, next)) = open.last_mut() {
            let (pack, at) = (*pack, *next);
            *next += 1;
            let Some((name, _)) = pack.manifest.requires.packs().nth(at) else {
                done.insert(pack.manifest.name.clone());
                open.pop();
                continue;
            };
            let Some(found) = find(packs, name).filter(|found| !done.contains(&found.manifest.name)) else { continue };
            let begins = open.iter().position(|(pack, _)| pack.manifest.name == found.manifest.name);
            match begins {
                Some(begins) => diagnostics.push(circle(&open[begins..], sources)),
                None => open.push((found, 0)),
            }
        }
    }
}

fn circle(circle: &[(&Pack, usize)], sources: &SourceMap) -> Diagnostic {
    let names: Vec<&str> = circle.iter().map(|(pack, _)| pack.manifest.name.as_str()).collect();
    let first = names.first().copied().unwrap_or_default();
    let message = format!("packs require each other: {} -> {first}", names.join(" -> "));
    let (last, at) = circle[circle.len() - 1];
    let mut problem = Diagnostic::new(codes::PACK_CYCLE, message, place(last, at - 1), "closes the circle here");
    for (pack, at) in &circle[..circle.len() - 1] {
        problem = problem.note(format!("also at {}", sources.location(place(pack, at - 1))));
    }
    problem.help("move what both need into a pack of its own")
}
