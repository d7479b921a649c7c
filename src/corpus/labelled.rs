//! A corpus: messages with their labels.

use super::facts::Facts;
use super::item::Item;
use super::manifest::Manifest;
use super::walk::{Flow, Names, Progress, Walker};
use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// The label of messages that nothing labels.
pub const UNLABELLED: &str = "unlabelled";

/// What a corpus is made of.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    /// Folders, containers, messages or manifests, each perhaps with a label for all of it.
    pub roots: Vec<(Option<String>, PathBuf)>,
    /// A manifest for all of them; without it `manifest.csv` or `manifest.yaml` in each folder.
    pub manifest: Option<PathBuf>,
    /// The field of JSON lines that holds the message.
    pub json_field: Option<String>,
    /// Labels that folders and containers may be named by, wherever they stand in a path.
    pub labels: Vec<String>,
    /// Only these: of one column any, of each column one.
    pub only: Vec<Filter>,
    /// Not these.
    pub skip: Vec<Filter>,
}

/// A value of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The column.
    pub column: String,
    /// Its value.
    pub value: String,
}

/// A message with what is known of it.
#[derive(Debug)]
pub struct Entry {
    /// The message.
    pub item: Item,
    /// Label and so on; the label is there.
    pub facts: Facts,
}

/// A corpus that was found and can be read, again and again.
#[derive(Debug)]
pub struct Corpus {
    roots: Vec<Root>,
    spec: Spec,
    /// Oddities of the manifests.
    pub problems: Vec<String>,
}

#[derive(Debug)]
struct Root {
    path: PathBuf,
    label: Option<Arc<str>>,
    manifest: Option<Arc<Manifest>>,
    /// The manifest is this folder's own: what it lists should be there.
    own: bool,
    prefix: String,
}

/// What a reading left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct LeftOut {
    /// Files that are no mail.
    pub skipped: u64,
    /// Messages that the filters do not want.
    pub filtered: u64,
}

impl Corpus {
    /// Finds manifests and reads them; no message yet.
    ///
    /// # Errors
    /// If a path does not exist or a manifest cannot be read.
    pub fn open(spec: Spec) -> Result<Self, String> {
        let mut corpus = Self { roots: Vec::new(), spec, problems: Vec::new() };
        let shared = match corpus.spec.manifest.clone() {
            Some(path) => Some(corpus.load(&path)?),
            None => None,
        };
        for (label, path) in corpus.spec.roots.clone() {
            if path.as_os_str() != "-" && !path.exists() {
                return Err(format!("there is no {}", path.display()));
            }
            let (path, own) = own_manifest(&path);
            let manifest = match (&shared, &own) {
                (Some(shared), _) => Some(Arc::clone(shared)),
                (None, Some(own)) => Some(corpus.load(own)?),
                (None, None) => None,
            };
            let prefix = if corpus.spec.roots.len() > 1 { format!("{}/", path.display()) } else { String::new() };
            let own = shared.is_none() && own.is_some();
            corpus.roots.push(Root { path, label: label.map(Arc::from), manifest, own, prefix });
        }
        Ok(corpus)
    }

    fn load(&mut self, path: &Path) -> Result<Arc<Manifest>, String> {
        let manifest = Manifest::load(path).map_err(|reason| format!("{}: {reason}", path.display()))?;
        self.problems.extend(manifest.problems.iter().map(|problem| format!("{}: {problem}", path.display())));
        Ok(Arc::new(manifest))
    }

    /// Adds up the bytes of the whole corpus, for the time that is left.
    pub fn measure(&self, progress: &Progress) {
        self.roots.iter().filter(|root| root.path.exists()).for_each(|root| Walker::measure(&root.path, progress));
    }

    /// Hands every message that the filters want to `sink`, in the order of the paths given and
    /// of names below them. No id comes twice: further ones get `~2`, `~3` behind.
    pub fn read(&self, progress: Option<&Progress>, sink: &mut dyn FnMut(Entry) -> Flow) -> LeftOut {
        let mut left_out = LeftOut::default();
        let mut seen: HashMap<u64, u32> = HashMap::new();
        for root in &self.roots {
            let mut walker = Walker::new(Names::Below, progress);
            walker.json_field.clone_from(&self.spec.json_field);
            let mut found = BTreeSet::new();
            let flow = walker.walk(&root.path, &mut |item| {
                let entry = self.entry(root, item, &mut found);
                if !self.wants(&entry.facts) {
                    left_out.filtered += 1;
                    return ControlFlow::Continue(());
                }
                sink(unique(entry, &mut seen))
            });
            left_out.skipped += walker.skipped;
            let manifest = root.manifest.as_ref().filter(|_| root.own && flow.is_continue());
            for file in manifest.iter().flat_map(|manifest| manifest.files()) {
                if !found.contains(file) {
                    let item = Item::unreadable(file, "listed in the manifest, not found");
                    let entry = self.entry(root, item, &mut BTreeSet::new());
                    if self.wants(&entry.facts) {
                        let _ = sink(entry);
                    }
                }
            }
            if flow.is_break() {
                break;
            }
        }
        left_out
    }

    fn entry<'m>(&self, root: &'m Root, mut item: Item, found: &mut BTreeSet<&'m str>) -> Entry {
        let mut facts = match root.manifest.as_ref().and_then(|manifest| manifest.get(&item.id)) {
            Some((file, facts)) => {
                if root.own {
                    found.insert(file);
                }
                facts.clone()
            }
            None => Facts::default(),
        };
        if let Some(own) = item.facts.take() {
            facts = joined(*own, facts);
        }
        if let Some(label) = &root.label {
            facts.label = Some(Arc::clone(label));
        }
        if facts.label.is_none() && root.manifest.is_none() {
            facts.label = self.folder_label(&root.path, &item.id);
        }
        facts.label.get_or_insert_with(|| UNLABELLED.into());
        item.id.insert_str(0, &root.prefix);
        Entry { item, facts }
    }

    /// The name of a folder or container: one that is a label, else the outermost folder.
    fn folder_label(&self, root: &Path, id: &str) -> Option<Arc<str>> {
        let (folders, name) = id.rsplit_once(['/', '!']).unwrap_or(("", id));
        let inner = folders.split(['/', '!']).filter(|part| !part.is_empty());
        let mailbox = name.rsplit_once('#').map(|(mailbox, _)| mailbox);
        let around = root.iter().next_back().and_then(|name| name.to_str());
        let parts = inner.clone().chain(mailbox).chain(around).map(stem);
        let known = parts.clone().find(|part| self.spec.labels.iter().any(|label| label == part));
        let outermost = || inner.map(stem).find(|part| !["cur", "new"].contains(part));
        known.or_else(outermost).map(Arc::from)
    }

    fn wants(&self, facts: &Facts) -> bool {
        let holds = |filter: &Filter| facts.get(&filter.column).is_some_and(|value| **value == *filter.value);
        let only = |filter: &Filter| self.spec.only.iter().any(|other| other.column == filter.column && holds(other));
        self.spec.only.iter().all(only) && !self.spec.skip.iter().any(holds)
    }
}

/// `abuse.tar.gz` is named by `abuse`.
fn stem(part: &str) -> &str {
    part.split('.').next().unwrap_or(part)
}

fn unique(mut entry: Entry, seen: &mut HashMap<u64, u32>) -> Entry {
    let times = seen.entry(xxh3_64(entry.item.id.as_bytes())).or_default();
    *times += 1;
    if *times > 1 {
        entry.item.id.push_str(&format!("~{times}"));
    }
    entry
}

/// What a line says of itself goes before what a manifest says.
fn joined(own: Facts, manifest: Facts) -> Facts {
    let mut attributes = (*manifest.attributes).clone();
    attributes.extend(own.attributes.iter().map(|(column, value)| (Arc::clone(column), Arc::clone(value))));
    Facts {
        label: own.label.or(manifest.label),
        cluster: own.cluster.or(manifest.cluster),
        date: own.date.or(manifest.date),
        attributes: Arc::new(attributes),
    }
}

/// A path that is a manifest stands for its folder; a folder may hold one.
fn own_manifest(path: &Path) -> (PathBuf, Option<PathBuf>) {
    let names = ["manifest.csv", "manifest.yaml", "manifest.yml"];
    if path.is_dir() {
        let own = names.iter().map(|name| path.join(name)).find(|path| path.is_file());
        return (path.to_owned(), own);
    }
    let is_csv = path.extension().is_some_and(|extension| extension == "csv");
    if is_csv || names.iter().any(|name| path.ends_with(name)) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        return (folder.to_owned(), Some(path.to_owned()));
    }
    (path.to_owned(), None)
}
