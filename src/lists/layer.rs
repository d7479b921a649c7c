//! Layers of a list: what a site, a domain or a user adds to a pack's list or takes from it, and
//! which of them wins.
//!
//! From the strongest: what is enforced for everybody, what is enforced for a domain, a user's own,
//! a domain's, what the site says to everybody, the list itself. The first layer that names a value
//! decides: it adds it or takes it away.

use super::data::{Entry, ListData};
use super::{ListType, Search};
use crate::value::Value;
use std::ops::Range;
use std::sync::Arc;

/// For whom a layer is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Every recipient.
    Global,
    /// Recipients in this domain, in lower case.
    Domain(String),
    /// This recipient's address, in lower case.
    User(String),
}

/// What a layer adds and takes away.
#[derive(Clone, Debug)]
pub struct Layer {
    /// For whom.
    pub scope: Scope,
    /// Stands above what users and domains say. Without effect for a user's layer.
    pub enforced: bool,
    /// Values that are in the list.
    pub add: Arc<ListData>,
    /// Values that are not.
    pub remove: Arc<ListData>,
}

impl Layer {
    /// The higher, the stronger; 0 is the list itself.
    fn strength(&self) -> u8 {
        match (&self.scope, self.enforced) {
            (Scope::Global, true) => 5,
            (Scope::Domain(_), true) => 4,
            (Scope::User(_), _) => 3,
            (Scope::Domain(_), false) => 2,
            (Scope::Global, false) => 1,
        }
    }

    /// A layer of a domain or user counts only for a message that goes to nobody else.
    fn is_for(&self, recipients: &[String]) -> bool {
        match &self.scope {
            Scope::Global => true,
            Scope::Domain(domain) => {
                let own = |recipient: &String| recipient.rsplit('@').next().is_some_and(|own| own == domain);
                !recipients.is_empty() && recipients.iter().all(own)
            }
            Scope::User(user) => !recipients.is_empty() && recipients.iter().all(|recipient| recipient == user),
        }
    }
}

/// A list as evaluation sees it: its entries under its layers.
#[derive(Clone, Debug)]
pub struct List {
    /// Strongest first.
    layers: Vec<Layer>,
    base: Arc<ListData>,
}

/// An entry that was found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The layer, from the strongest; the list itself comes after the last.
    layer: usize,
    entry: usize,
    /// Where it stands in the text.
    pub bytes: Range<usize>,
}

impl From<Arc<ListData>> for List {
    fn from(base: Arc<ListData>) -> Self {
        Self { layers: Vec::new(), base }
    }
}

impl List {
    /// The list itself, without its layers.
    pub fn base(&self) -> &Arc<ListData> {
        &self.base
    }

    /// The type of its entries.
    pub fn kind(&self) -> ListType {
        self.base.kind()
    }

    fn data(&self, layer: usize) -> &ListData {
        self.layers.get(layer).map_or(&*self.base, |layer| &*layer.add)
    }

    /// True if the list holds the value by the clock `now`, in milliseconds since 1970; constant
    /// cost.
    pub fn contains(&self, value: &Value, no_case: bool, now: Option<i64>) -> bool {
        let holds = |data: &ListData| {
            let found = data.find(value, no_case).filter(|entry| data.is_live(*entry, now));
            found.inspect(|entry| data.hit(*entry)).is_some()
        };
        for layer in &self.layers {
            if holds(&layer.add) {
                return true;
            }
            if holds(&layer.remove) {
                return false;
            }
        }
        holds(&self.base)
    }

    /// An entry found in a text, with its place there.
    pub fn any_in_text(&self, search: Search, no_case: bool, text: &str, now: Option<i64>) -> Option<Hit> {
        (0..=self.layers.len()).find_map(|layer| {
            let data = self.data(layer);
            let plain = !self.layers[..layer].iter().any(|above| !above.remove.is_empty()) && !data.any_expired(now);
            let counts = |entry: usize| self.counts(layer, entry, now);
            let counts: Option<&dyn Fn(usize) -> bool> = if plain { None } else { Some(&counts) };
            let (entry, bytes) = data.search(search, no_case, text, counts)?;
            data.hit(entry);
            Some(Hit { layer, entry, bytes })
        })
    }

    /// True unless the entry of a layer has expired or a stronger layer takes it away.
    fn counts(&self, layer: usize, entry: usize, now: Option<i64>) -> bool {
        let data = self.data(layer);
        let key = data.text(entry);
        let above = &self.layers[..layer];
        let removed = above.iter().any(|above| {
            let found = above.remove.key(key).map(|entry| entry as usize);
            found.is_some_and(|entry| above.remove.is_live(entry, now))
        });
        data.is_live(entry, now) && !removed
    }

    /// The entry of a hit.
    pub fn entry(&self, hit: &Hit) -> Option<Entry> {
        self.data(hit.layer).entry(hit.entry)
    }

    /// All entries that count, as a list value.
    pub fn values(&self, now: Option<i64>) -> Value {
        if self.layers.is_empty() && !self.base.any_expired(now) {
            return self.base.all_values();
        }
        let layers = (0..=self.layers.len()).flat_map(|layer| (0..self.data(layer).len()).map(move |at| (layer, at)));
        let live = layers.filter(|(layer, entry)| self.counts(*layer, *entry, now));
        Value::list(live.map(|(layer, entry)| self.data(layer).value(entry)))
    }
}

/// The lists of a compiled program, by the position of their declaration.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    base: Vec<Option<Arc<ListData>>>,
    /// Layers by list, strongest first.
    layers: Arc<[(u32, Layer)]>,
    /// The lists with the layers of the recipients that were chosen.
    chosen: Vec<Option<List>>,
}

impl Lists {
    /// Lists in the order of their declarations; `None` for one that nobody provides.
    pub fn new(base: Vec<Option<Arc<ListData>>>) -> Self {
        Self::layered(base, Vec::new())
    }

    /// Lists with layers over them, each with the position of its list. Of layers of one strength
    /// the first given wins.
    pub fn layered(base: Vec<Option<Arc<ListData>>>, mut layers: Vec<(u32, Layer)>) -> Self {
        layers.sort_by_key(|(list, layer)| (*list, std::cmp::Reverse(layer.strength())));
        let lists = Self { chosen: Vec::new(), layers: layers.into(), base };
        lists.for_recipients(&[])
    }

    /// The same lists as they are for a message to these recipients: addresses, in any case.
    #[must_use]
    pub fn for_recipients(&self, recipients: &[String]) -> Self {
        let recipients: Vec<String> = recipients.iter().map(|recipient| recipient.to_lowercase()).collect();
        let own = |list: usize| {
            let of_list = self.layers.iter().filter(move |(at, _)| *at as usize == list);
            of_list.filter(|(_, layer)| layer.is_for(&recipients)).map(|(_, layer)| layer.clone()).collect()
        };
        let list = |(at, base): (usize, &Option<Arc<ListData>>)| {
            base.as_ref().map(|base| List { layers: own(at), base: Arc::clone(base) })
        };
        let chosen = self.base.iter().enumerate().map(list).collect();
        Self { base: self.base.clone(), layers: Arc::clone(&self.layers), chosen }
    }

    /// Other entries under the same layers.
    #[must_use]
    pub fn with_base(&self, base: Vec<Option<Arc<ListData>>>) -> Self {
        Self { base, layers: Arc::clone(&self.layers), chosen: Vec::new() }.for_recipients(&[])
    }

    /// True if recipients make no difference.
    pub fn is_for_everybody(&self) -> bool {
        self.layers.iter().all(|(_, layer)| layer.scope == Scope::Global)
    }

    /// The same lists, but for those given here by their positions: these have no layers.
    #[must_use]
    pub fn with(&self, given: impl IntoIterator<Item = (u32, Arc<ListData>)>) -> Self {
        let mut lists = self.clone();
        for (index, data) in given {
            let index = index as usize;
            if let (Some(base), Some(chosen)) = (lists.base.get_mut(index), lists.chosen.get_mut(index)) {
                *base = Some(Arc::clone(&data));
                *chosen = Some(data.into());
            }
        }
        lists
    }

    /// A list; absent if nobody provides it.
    pub fn get(&self, index: u32) -> Option<&List> {
        self.chosen.get(index as usize)?.as_ref()
    }
}
