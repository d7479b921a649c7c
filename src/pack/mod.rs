//! What a pack is on disk: the only part of the library that reads files.

mod archive;
mod digest;
mod files;
mod fingerprint;
mod gates;
mod manifest;
pub mod shape;
#[cfg(feature = "signed")]
mod signature;
pub mod yaml;

pub use archive::Archive;
pub use digest::{Digest, digest};
pub use files::{Contents, contents};
pub use fingerprint::{content_digest, stamp};
pub use gates::{ActionGate, DiffGate, Gates, RuleGate};
pub use manifest::{
    Manifest, Override, PackMode, Policy, Requires, TestSettings, license_problem, policy_shape, schema, version_fits,
};
#[cfg(feature = "signed")]
pub use signature::Trust;

use crate::diagnostic::{Code, Diagnostic, codes};
use crate::source::{SourceId, SourceMap, Span};
use digest::Hasher;
use files::Store;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use yaml::Node;

/// Version of the engine, which `requires: engine:` is compared with.
pub const ENGINE_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The end of an archive's name.
pub const ARCHIVE_EXTENSION: &str = "rep";

/// A pack as it was read.
#[derive(Clone, Debug)]
pub struct Pack {
    /// What `pack.yaml` says; for a single rule file only the name.
    pub manifest: Manifest,
    /// The rule files in the order of their paths.
    pub rules: Vec<SourceId>,
    /// The list files by the path that rules name.
    pub lists: BTreeMap<String, SourceId>,
    /// The files of YARA rules (`*.yar`, `*.yara`) in the order of their paths.
    pub yara: Vec<SourceId>,
    /// Of everything that decides.
    pub digest: Digest,
    /// Where it was read from: a folder, an archive, a rule file; `None` for one from memory.
    pub path: Option<PathBuf>,
    /// The key that signed it, and the trusted comment, where signatures were verified.
    pub signed: Option<(String, String)>,
    store: Store,
    /// `pack.yaml` with its places.
    tree: Option<(SourceId, Arc<Node>)>,
}

/// How packs are read.
#[derive(Clone, Debug, Default)]
pub struct Loading {
    /// Whose signatures are believed, and whether they are required.
    #[cfg(feature = "signed")]
    pub trust: Trust,
}

impl Pack {
    /// Reads a folder with `pack.yaml`, `*.rule`, `*.yar` and `lists/`, an archive of one, or a single rule
    /// file. What could not be read is in the diagnostics; the rest is there.
    pub fn load(path: &Path, sources: &mut SourceMap) -> (Self, Vec<Diagnostic>) {
        Self::load_with(path, &Loading::default(), sources)
    }

    /// The same, with signatures. A pack that is refused is empty.
    pub fn load_with(path: &Path, loading: &Loading, sources: &mut SourceMap) -> (Self, Vec<Diagnostic>) {
        let mut loader = Loader { sources, diagnostics: Vec::new(), hasher: Hasher::default() };
        let pack = loader.pack(path, loading);
        (pack, loader.diagnostics)
    }

    /// A pack from rule text in memory.
    pub fn from_text(name: &str, text: &str, sources: &mut SourceMap) -> Self {
        let file = format!("{name}.rule");
        let mut hasher = Hasher::default();
        hasher.add(&file, text.as_bytes());
        let rules = vec![sources.add(file, text)];
        Self { rules, digest: hasher.finish(), ..Self::empty(Manifest::named(name)) }
    }

    fn empty(manifest: Manifest) -> Self {
        Self {
            manifest,
            rules: Vec::new(),
            lists: BTreeMap::new(),
            yara: Vec::new(),
            digest: Digest::default(),
            path: None,
            signed: None,
            store: Store::Nothing,
            tree: None,
        }
    }

    /// True if nothing of it could be read: that has been reported.
    pub fn is_refused(&self) -> bool {
        self.digest == Digest::default()
    }

    /// The folder that the pack was read from, if it was one with a manifest.
    pub fn folder(&self) -> Option<&Path> {
        self.path.as_deref().filter(|path| path.join("pack.yaml").is_file())
    }

    /// Another pack that stands beside this one: a folder of that name or an archive, if its manifest
    /// says that name too.
    pub fn neighbour(&self, name: &str) -> Option<PathBuf> {
        let own = self.path.as_deref()?;
        if name.is_empty() || !name.bytes().all(manifest::in_name) {
            return None;
        }
        // A single rule file stands beside packs as much as the folder around it does.
        let own = if own.is_dir() || is_archive(own) { own } else { own.parent()? };
        let parent = match own.parent() {
            Some(parent) if !parent.as_os_str().is_empty() && own.file_name().is_some() => parent.to_owned(),
            Some(_) if own.file_name().is_some() && own.is_file() => PathBuf::from("."),
            _ => own.join(".."),
        };
        let candidates = [parent.join(name), parent.join(format!("{name}.{ARCHIVE_EXTENSION}"))];
        candidates.into_iter().find(|path| name_of(path).is_some_and(|found| found == name))
    }

    /// The place of an entry of `pack.yaml`: keys, and positions in lists. Without a manifest the
    /// beginning of the first file.
    pub fn place(&self, path: &[Step<'_>]) -> Span {
        let Some((id, tree)) = &self.tree else {
            return self.rules.first().map_or_else(Span::default, |id| Span::new(*id, 0, 0));
        };
        let mut node = &**tree;
        for step in path {
            let next = match step {
                Step::Key(key) => node.get(key),
                Step::Item(index) => node.items().get(*index),
            };
            node = match next {
                Some(next) => next,
                None => break,
            };
        }
        Span::new(*id, node.at.start, node.at.end)
    }

    /// The messages in the pack's folder `cases/`, by the path that tests write, sorted.
    pub fn cases(&self) -> Vec<String> {
        // A single rule file has no cases of its own: others may lie beside it.
        if self.tree.is_none()
            && !matches!(self.store, Store::Archive(_))
            && self.path.as_deref().is_none_or(Path::is_file)
        {
            return Vec::new();
        }
        let mut found = self.store.paths(true).unwrap_or_default();
        let is_mail = |path: &str| Path::new(path).extension().is_some_and(|kind| kind.eq_ignore_ascii_case("eml"));
        found.retain(|path| path.starts_with("cases/") && is_mail(path));
        found
    }

    /// Reads a file of the pack that is not loaded with it: a message of its tests, `rates.json`.
    pub fn read_file(&self, path: &str) -> std::io::Result<Vec<u8>> {
        self.store.read(path)
    }
}

/// A step into `pack.yaml`.
#[derive(Clone, Copy, Debug)]
pub enum Step<'k> {
    /// The value of a key.
    Key(&'k str),
    /// An item of a list.
    Item(usize),
}

/// True for a path that names an archive.
pub fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == ARCHIVE_EXTENSION) && !path.is_dir()
}

/// Where the signature of a pack lies: beside an archive, in a folder.
pub fn signature_path(pack: &Path) -> PathBuf {
    if pack.is_dir() {
        return pack.join("pack.minisig");
    }
    let mut name = pack.as_os_str().to_owned();
    name.push(".minisig");
    name.into()
}

fn name_of(path: &Path) -> Option<String> {
    let (store, single) = digest::open(path).ok()?;
    let text = if single.is_none() { store.read("pack.yaml").ok()? } else { return None };
    let (manifest, _) = Manifest::parse(std::str::from_utf8(&text).ok()?).ok()?;
    Some(manifest.name)
}

struct Loader<'s> {
    sources: &'s mut SourceMap,
    diagnostics: Vec<Diagnostic>,
    hasher: Hasher,
}

impl Loader<'_> {
    fn pack(&mut self, path: &Path, loading: &Loading) -> Pack {
        let (store, single) = match digest::open(path) {
            Ok(opened) => opened,
            Err(error) if is_archive(path) => {
                self.problem(path, codes::ARCHIVE, &format!("not a pack's archive: {error}"));
                return Pack { path: Some(path.to_owned()), ..Pack::empty(Manifest::named(&stem(path))) };
            }
            Err(error) => {
                self.unreadable(path, &error.to_string());
                return Pack { path: Some(path.to_owned()), ..Pack::empty(Manifest::named(&stem(path))) };
            }
        };
        let (store, signed) = match self.trusted(path, store, loading) {
            Ok(trusted) => trusted,
            Err(reason) => {
                self.problem(path, codes::SIGNATURE, &reason);
                return Pack { path: Some(path.to_owned()), ..Pack::empty(Manifest::named(&stem(path))) };
            }
        };
        let mut pack = Pack { store, signed, path: Some(path.to_owned()), ..Pack::empty(Manifest::named(&stem(path))) };
        match single {
            Some(name) => pack.rules.extend(self.read(&pack.store, &name, path)),
            None => self.whole(path, &mut pack),
        }
        pack.digest = std::mem::take(&mut self.hasher).finish();
        pack
    }

    #[cfg(not(feature = "signed"))]
    #[expect(clippy::unnecessary_wraps, reason = "one signature with and without the feature")]
    fn trusted(&self, _: &Path, store: Store, _: &Loading) -> Result<(Store, Option<(String, String)>), String> {
        Ok((store, None))
    }

    /// The files whose signature was verified: what is read is what was signed, whatever happens to
    /// the folder meanwhile.
    #[cfg(feature = "signed")]
    fn trusted(
        &self,
        path: &Path,
        store: Store,
        loading: &Loading,
    ) -> Result<(Store, Option<(String, String)>), String> {
        let trust = &loading.trust;
        if !trust.has_keys() {
            return Ok((store, None));
        }
        let signature = signature_path(path);
        let signature = match files::read_within(&signature, 16 << 10) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) if !trust.is_required() => return Ok((store, None)),
            Err(error) => {
                return Err(format!("no signature in `{}`: {error}", signature.display()));
            }
        };
        let archive = match store {
            Store::Archive(archive) => archive,
            Store::Folder(root) if path.is_dir() => {
                let contents = contents(&root).map_err(|error| error.to_string())?;
                let bytes = Archive::build(&contents.files)?;
                Arc::new(Archive::read(bytes.into())?)
            }
            _ => return Err("a single rule file cannot be signed: make it a pack".into()),
        };
        let signed = trust.verify(archive.bytes(), &signature)?;
        Ok((Store::Archive(archive), Some(signed)))
    }

    fn whole(&mut self, root: &Path, pack: &mut Pack) {
        let found = pack.store.decisive().unwrap_or_else(|error| {
            self.unreadable(root, &error.to_string());
            Vec::new()
        });
        for relative in found {
            let shown = root.join(&relative);
            let Some(id) = self.read(&pack.store, &relative, &shown) else { continue };
            if relative == "pack.yaml" {
                self.manifest(id, pack);
            } else if relative.starts_with("lists/") {
                pack.lists.insert(relative, id);
            } else if files::is_yara(&relative) {
                pack.yara.push(id);
            } else {
                pack.rules.push(id);
            }
        }
        // A pack that only changes others needs no rules of its own.
        if pack.rules.is_empty() && pack.manifest.overrides.is_empty() && self.diagnostics.is_empty() {
            self.unreadable(root, "the pack holds no `*.rule` file");
        }
    }

    fn manifest(&mut self, id: SourceId, pack: &mut Pack) {
        let text = self.sources.get(id).map(|source| Arc::clone(&source.text)).unwrap_or_default();
        match Manifest::parse(&text) {
            Ok((manifest, tree)) => {
                pack.manifest = manifest;
                pack.tree = Some((id, Arc::new(tree)));
            }
            Err(problems) => {
                for problem in problems {
                    let start = problem.at.start.min(text.len());
                    let end = problem.at.end.clamp(start, text.len());
                    let found = Diagnostic::new(codes::PACK, problem.message, Span::new(id, start, end), problem.label);
                    self.diagnostics.push(match problem.help {
                        Some(help) => found.help(help),
                        None => found,
                    });
                }
            }
        }
    }

    fn read(&mut self, store: &Store, relative: &str, shown: &Path) -> Option<SourceId> {
        let bytes = match store.read(relative) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.unreadable(shown, &error.to_string());
                return None;
            }
        };
        self.hasher.add(relative, &bytes);
        match String::from_utf8(bytes) {
            Ok(text) => Some(self.sources.add(shown.to_string_lossy().into_owned(), text)),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let line = error.as_bytes()[..at].split(|byte| *byte == b'\n').count();
                self.unreadable(shown, &format!("not UTF-8: the first bad byte is at offset {at}, line {line}"));
                None
            }
        }
    }

    fn unreadable(&mut self, path: &Path, reason: &str) {
        self.problem(path, codes::PACK, &format!("cannot read `{}`: {reason}", path.display()));
    }

    /// A file without text still gets a source, so that the problem has a place.
    fn problem(&mut self, path: &Path, code: Code, message: &str) {
        let id = self.sources.add(path.to_string_lossy().into_owned(), "");
        self.diagnostics.push(Diagnostic::new(code, message, Span::new(id, 0, 0), "not read"));
    }
}

/// The name of a file or folder without its extension, for a pack whose manifest gives none.
fn stem(path: &Path) -> String {
    let path = if path.is_dir() { path.canonicalize().unwrap_or_else(|_| path.to_owned()) } else { path.to_owned() };
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}
