//! Labelled messages in any container, and deterministic work on them.
//!
//! [`Walker`] finds messages below paths: files, folders, maildirs, mboxes, Outlook's `.msg`, zip,
//! tar (also compressed), JSON lines, standard input. It streams: nothing larger than one message
//! is held. What cannot be read becomes an [`Item`] that says why; the rest is still read.
//! [`Corpus`] adds labels from a manifest, from folders or from the caller. [`process`] works on
//! items in parallel and gives results in the order of the items, whatever the threads do.

mod cluster;
mod container;
mod facts;
mod item;
mod journal;
mod labelled;
mod manifest;
mod observe;
mod process;
mod walk;

pub use cluster::{Clusters, Sketch, sketch};
pub use container::mbox::Mbox;
pub use facts::{Attributes, Facts, Interner};
pub use item::{Content, Item, MAX_MESSAGE, read_bounded};
pub use journal::{Done, Journal};
pub use labelled::{Corpus, Entry, Filter, LeftOut, Spec, UNLABELLED};
pub use manifest::Manifest;
pub use observe::{Observation, Observer, Seen, SeenEvidence};
pub use process::process;
pub use walk::{Flow, Names, Progress, Walker};
