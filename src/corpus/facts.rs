//! What is known of a message besides its bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Further columns of a manifest.
pub type Attributes = BTreeMap<Arc<str>, Arc<str>>;

/// What is known of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Its label.
    pub label: Option<Arc<str>>,
    /// Its campaign.
    pub cluster: Option<Arc<str>>,
    /// `2026-05-21`, `2026-05` or `2026`.
    pub date: Option<Arc<str>>,
    /// Everything else.
    pub attributes: Arc<Attributes>,
}

/// Keeps one copy of equal texts: corpora repeat few values many times.
#[derive(Debug, Default)]
pub struct Interner {
    texts: BTreeSet<Arc<str>>,
    sets: BTreeSet<Arc<[u32]>>,
    attributes: BTreeSet<Arc<Attributes>>,
}

impl Interner {
    /// The one copy of a text.
    pub fn text(&mut self, text: &str) -> Arc<str> {
        kept(&mut self.texts, text)
    }

    /// The one copy of a set of numbers.
    pub fn set(&mut self, set: &[u32]) -> Arc<[u32]> {
        kept(&mut self.sets, set)
    }

    /// The one copy of equal attributes.
    pub fn attributes(&mut self, attributes: Attributes) -> Arc<Attributes> {
        if let Some(found) = self.attributes.get(&attributes) {
            return Arc::clone(found);
        }
        let new = Arc::new(attributes);
        self.attributes.insert(Arc::clone(&new));
        new
    }
}

fn kept<T: Ord + ?Sized>(kept: &mut BTreeSet<Arc<T>>, value: &T) -> Arc<T>
where
    for<'a> Arc<T>: From<&'a T>,
{
    if let Some(found) = kept.get(value) {
        return Arc::clone(found);
    }
    let new: Arc<T> = Arc::from(value);
    kept.insert(Arc::clone(&new));
    new
}

impl Facts {
    /// Reads one column of a manifest, or one field of a JSON line, by its usual names.
    pub(super) fn set(&mut self, column: &str, value: &str, interner: &mut Interner) {
        let value = value.trim();
        if value.is_empty() {
            return;
        }
        match column {
            "label" | "class" => self.label = Some(interner.text(value)),
            "cluster" | "campaign" => self.cluster = Some(interner.text(value)),
            "date" | "received" => self.date = Some(interner.text(day(value))),
            // A year alone is the weakest date.
            "year" if self.date.is_none() => self.date = Some(interner.text(value)),
            "year" => {}
            _ => {
                let (column, value) = (interner.text(column), interner.text(value));
                Arc::make_mut(&mut self.attributes).insert(column, value);
            }
        }
    }

    /// The value of a column: of the attributes or of the named ones.
    pub fn get(&self, column: &str) -> Option<&Arc<str>> {
        match column {
            "label" => self.label.as_ref(),
            "cluster" => self.cluster.as_ref(),
            "date" => self.date.as_ref(),
            _ => self.attributes.get(column),
        }
    }
}

/// The day of a time stamp: `2026-05-21T10:00:00Z` is of `2026-05-21`.
fn day(value: &str) -> &str {
    let cut = value.find(['T', ' ']).unwrap_or(value.len());
    &value[..cut]
}
