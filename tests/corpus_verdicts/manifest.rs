//! `manifest.csv`: one line for each message. No field holds a comma or a quote.

use crate::corpus;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const HEADER: &str = "file,label,technique,service,verdict,why,source,lang,split,campaign,twin";

/// One message.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) file: String,
    pub(crate) label: String,
    pub(crate) technique: String,
    service: String,
    verdict: String,
    pub(crate) why: String,
    source: String,
    lang: String,
    split: String,
    campaign: String,
    twin: String,
}

impl Row {
    /// True if the message must be held back.
    pub(crate) fn is_lure(&self) -> bool {
        self.label != "ham"
    }

    fn parse(line: &str) -> Self {
        let cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        let cells: Result<[String; 11], _> = cells.try_into();
        let [file, label, technique, service, verdict, why, source, lang, split, campaign, twin] =
            cells.unwrap_or_else(|cells| panic!("{} cells: {line}", cells.len()));
        Self { file, label, technique, service, verdict, why, source, lang, split, campaign, twin }
    }
}

/// All lines of the manifest.
pub(crate) fn rows() -> Vec<Row> {
    let text = fs::read_to_string(corpus().join("manifest.csv")).expect("the manifest");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(HEADER));
    lines.map(Row::parse).collect()
}

/// The messages in a folder and below, as paths in the corpus.
fn messages(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of the corpus") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            messages(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "eml") {
            let inner = path.strip_prefix(corpus()).expect("inside").components();
            let names: Vec<_> = inner.map(|part| part.as_os_str().to_string_lossy()).collect();
            found.insert(names.join("/"));
        }
    }
}

#[test]
fn the_manifest_lists_every_message_once_and_in_order() {
    let mut found = BTreeSet::new();
    messages(&corpus(), &mut found);
    let listed: Vec<String> = rows().into_iter().map(|row| row.file).collect();
    assert_eq!(listed, found.into_iter().collect::<Vec<_>>());
    assert!(listed.len() >= 330, "only {} messages", listed.len());
}

#[test]
fn fields_hold_what_they_may_hold() {
    for row in rows() {
        let file = &row.file;
        assert!(["abuse", "phish", "ham"].contains(&&*row.label), "{file}: label `{}`", row.label);
        let verdict = if row.is_lure() { "quarantine" } else { "accept" };
        assert_eq!(row.verdict, verdict, "{file}");
        assert!(["train", "test"].contains(&&*row.split), "{file}: split `{}`", row.split);
        assert!(
            row.lang.len() == 2 && row.lang.bytes().all(|byte| byte.is_ascii_lowercase()),
            "{file}: `{}`",
            row.lang
        );
        for text in [&row.technique, &row.service, &row.why, &row.source, &row.campaign] {
            assert!(!text.trim().is_empty() && !text.contains('"'), "{file}: an empty or quoted field");
        }
        assert!(row.label != "abuse" || row.source.starts_with("https://"), "{file}: no public source");
    }
}

#[test]
fn a_campaign_lies_in_one_split() {
    let mut splits = BTreeMap::new();
    for row in rows() {
        let split = splits.entry(row.campaign.clone()).or_insert_with(|| row.split.clone());
        assert_eq!(*split, row.split, "{} of campaign {}", row.file, row.campaign);
    }
    let test = splits.values().filter(|split| *split == "test").count();
    assert!(test * 6 > splits.len(), "only {test} of {} campaigns are kept for testing", splits.len());
}

#[test]
fn the_corpus_covers_the_field() {
    let rows = rows();
    let lures = || rows.iter().filter(|row| row.label == "abuse");
    let techniques: BTreeSet<&str> = lures().map(|row| &*row.technique).collect();
    let services: BTreeSet<&str> = lures().map(|row| &*row.service).collect();
    let languages: BTreeSet<&str> = rows.iter().map(|row| &*row.lang).collect();
    assert!(techniques.len() >= 40, "{} techniques", techniques.len());
    assert!(services.len() >= 25, "{} services", services.len());
    assert!(languages.len() >= 8, "{languages:?}");
    for technique in techniques {
        let honest = rows.iter().any(|row| row.technique == technique && !row.is_lure());
        assert!(honest, "{technique} has no honest message beside its lures");
    }
}

/// Techniques whose slot is the route, or a header that honest mail has not: their twins may
/// differ in which fields stand in the header.
const ROUTE_IS_THE_SLOT: [&str; 6] =
    ["firebase", "google_appsheet", "google_drive", "ms_billing", "ms_complex_routing", "ms_connector_relay"];

#[test]
fn twins_belong_together_and_differ_in_the_slot_only() {
    let rows = rows();
    let by_file: BTreeMap<&str, &Row> = rows.iter().map(|row| (&*row.file, row)).collect();
    let mut pairs = 0;
    for row in rows.iter().filter(|row| !row.twin.is_empty()) {
        let twin = by_file.get(&*row.twin).unwrap_or_else(|| panic!("{}: no {}", row.file, row.twin));
        assert_ne!(twin.is_lure(), row.is_lure(), "{} and {}", row.file, row.twin);
        assert_eq!(twin.campaign, row.campaign, "{} and {}", row.file, row.twin);
        pairs += 1;
        if row.is_lure() && !ROUTE_IS_THE_SLOT.contains(&&*row.technique) {
            assert_eq!(field_names(&row.file), field_names(&row.twin), "{} and {}", row.file, row.twin);
        }
    }
    assert!(pairs >= 250, "only {pairs} messages have a twin");
}

/// The names of the fields in a message's header.
fn field_names(file: &str) -> BTreeSet<String> {
    let raw = fs::read(corpus().join(file)).expect("a message");
    let text = String::from_utf8_lossy(&raw).replace('\r', "");
    let header = text.split("\n\n").next().unwrap_or_default();
    let names = header.lines().filter(|line| !line.starts_with([' ', '\t'])).filter_map(|line| line.split_once(':'));
    names.map(|(name, _)| name.to_ascii_lowercase()).collect()
}
