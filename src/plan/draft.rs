//! The index while it grows.

use super::guard::{Atom, Guard, Guards, Order};
use super::index::{Bits, Group, Index, Keys, Probe, Span};
use crate::check::hir::RuleId;
use foldhash::{HashMap, HashMapExt};
use std::collections::BTreeMap;

pub(super) struct Draft {
    groups: BTreeMap<Order, DraftGroup>,
    /// For each rule and each of its guards the groups of which one must light it.
    guards: Vec<Vec<Vec<Order>>>,
    never: Vec<RuleId>,
    /// Guards that something other than absence must light.
    strict: Vec<(RuleId, usize)>,
}

struct DraftGroup {
    sample: Atom,
    keys: HashMap<Atom, u32>,
    /// By key, the rules with the number of their guard.
    waiting: Vec<Vec<(RuleId, u32)>>,
}

impl Draft {
    pub(super) fn new(rules: usize) -> Self {
        Self { groups: BTreeMap::new(), guards: vec![Vec::new(); rules], never: Vec::new(), strict: Vec::new() }
    }

    /// The rule can never hold.
    pub(super) fn never(&mut self, rule: RuleId) {
        self.never.push(rule);
    }

    pub(super) fn add<'g>(
        &mut self,
        guards: impl Iterator<Item = &'g Guard>,
        rule: RuleId,
        order: impl Fn(&Atom) -> Order,
    ) {
        for (layer, guard) in (0..).zip(guards) {
            if guard.strict {
                self.strict.push((rule, layer as usize));
            }
            let mut orders: Vec<Order> = Vec::with_capacity(guard.atoms.len());
            for atom in guard.atoms.iter() {
                let order = order(atom);
                orders.push(order);
                self.wait(order, atom, rule, layer);
            }
            orders.sort_unstable();
            orders.dedup();
            self.guards[rule.0 as usize].push(orders);
        }
    }

    fn wait(&mut self, order: Order, atom: &Atom, rule: RuleId, layer: u32) {
        let group = self.groups.entry(order).or_insert_with(|| DraftGroup {
            sample: atom.clone(),
            keys: HashMap::new(),
            waiting: Vec::new(),
        });
        let key = match group.keys.get(atom) {
            Some(key) => *key,
            None => {
                let next = group.waiting.len() as u32;
                group.keys.insert(atom.clone(), next);
                group.waiting.push(Vec::new());
                next
            }
        };
        let waiting = &mut group.waiting[key as usize];
        if waiting.last() != Some(&(rule, layer)) {
            waiting.push((rule, layer));
        }
    }

    pub(super) fn finish(mut self, guards: &Guards<'_, '_>) -> Index {
        let numbers: HashMap<Order, u32> =
            self.groups.keys().zip(0..).map(|(order, number)| (*order, number)).collect();
        let number = |orders: &Vec<Order>| -> Vec<u32> { orders.iter().map(|order| numbers[order]).collect() };
        let waits: Vec<Vec<Vec<u32>>> = self.guards.iter().map(|guards| guards.iter().map(number).collect()).collect();
        let (rules, of_rules) = side_by_side(&waits);
        let words = waits.len().div_ceil(64);
        let layers = waits.iter().map(Vec::len).max().unwrap_or(0);
        // The last group that can light a guard of a rule decides that it is not lit.
        let mut last = vec![Vec::new(); self.groups.len()];
        for (rule, guards) in waits.iter().enumerate() {
            for (layer, groups) in guards.iter().enumerate() {
                if let Some(group) = groups.last() {
                    last[*group as usize].push(place(words, of_rules[rule], layer));
                }
            }
        }
        let groups = std::mem::take(&mut self.groups).into_values().zip(last);
        let groups = groups.map(|(group, last)| group.finish(guards, words, &of_rules, last)).collect();
        let mut index = Index { groups, words, rules, bits: of_rules, waits, ..Index::default() };
        index.lit = (0..layers).flat_map(|layer| index.without_guard(layer)).collect();
        index.candidates = index.without_guard(usize::MAX);
        let strict = self.strict.iter().map(|(rule, layer)| place(words, index.bits[rule.0 as usize], *layer));
        index.strict = bits(strict.collect(), words);
        for rule in self.never {
            let bit = index.bits[rule.0 as usize];
            index.candidates[bit as usize / 64] &= !(1 << (bit % 64));
        }
        index
    }
}

/// The rules in the order of what they wait for, and the place of each in it: so a group concerns few
/// words.
fn side_by_side(waits: &[Vec<Vec<u32>>]) -> (Vec<RuleId>, Vec<u32>) {
    let mut order: Vec<u32> = (0..waits.len() as u32).collect();
    order.sort_by(|a, b| waits[*a as usize].cmp(&waits[*b as usize]));
    let mut places = vec![0; order.len()];
    order.iter().zip(0..).for_each(|(rule, place)| places[*rule as usize] = place);
    (order.into_iter().map(RuleId).collect(), places)
}

/// The bit of a rule in the words of all layers.
fn place(words: usize, bit: u32, layer: usize) -> u32 {
    (layer * words * 64) as u32 + bit
}

/// The places as words; those of a layer are its bits.
pub(super) fn bits(mut places: Vec<u32>, words: usize) -> Vec<Bits> {
    places.sort_unstable();
    let mut found: Vec<Bits> = Vec::new();
    for place in places {
        let at = place / 64;
        let bit = 1 << (place % 64);
        match found.last_mut() {
            Some(last) if last.at == at => last.bits |= bit,
            _ => found.push(Bits { at, word: at % words.max(1) as u32, bits: bit }),
        }
    }
    found
}

impl DraftGroup {
    fn finish(self, guards: &Guards<'_, '_>, words: usize, of_rules: &[u32], last: Vec<u32>) -> Group {
        let probe = self.probe(guards);
        let mut starts = vec![0];
        let mut waiting = Vec::new();
        for key in self.waiting {
            waiting
                .extend(key.into_iter().map(|(rule, layer)| place(words, of_rules[rule.0 as usize], layer as usize)));
            starts.push(waiting.len() as u32);
        }
        let subject = guards.subject(guards.value(&self.sample));
        Group { subject, probe, starts, all: bits(waiting.clone(), words), last: bits(last, words), waiting }
    }

    fn probe(&self, guards: &Guards<'_, '_>) -> Probe {
        match &self.sample {
            Atom::Truth(_) => Probe::Truth,
            Atom::Absent(_) => Probe::Absent,
            Atom::Template(_) => {
                let keys = self.keys.iter().filter_map(|(atom, key)| match atom {
                    Atom::Template(id) => Some((id.0, *key)),
                    _ => None,
                });
                Probe::Template(keys.collect())
            }
            Atom::Near(_, no_case, edits, _) => {
                let edits = usize::from(*edits);
                let keys = self.texts();
                // The constants themselves are among the keys.
                let longest = keys.keys().map(|text| text.chars().count()).max().unwrap_or(0) + edits;
                Probe::Near { no_case: *no_case, edits, longest, keys }
            }
            Atom::Number(_, kind, ..) => {
                let spans = self.keys.iter().filter_map(|(atom, key)| match atom {
                    Atom::Number(_, _, least, most) => Some(Span { least: *least, most: *most, key: *key }),
                    _ => None,
                });
                let mut spans: Vec<Span> = spans.collect();
                spans.sort_unstable_by_key(|span| span.key);
                Probe::Number(*kind, spans)
            }
            Atom::Equal(_, fold, _) => Probe::Equal(Keys::new(*fold, self.texts())),
            Atom::Text(set, _) => {
                let mut keys = vec![u32::MAX; guards.texts[*set as usize].set.needles().len()];
                for (atom, key) in &self.keys {
                    if let Atom::Text(_, needle) = atom {
                        keys[*needle as usize] = *key;
                    }
                }
                Probe::Text(*set, keys)
            }
        }
    }

    fn texts(&self) -> HashMap<Box<str>, u32> {
        let keys = self.keys.iter().filter_map(|(atom, key)| match atom {
            Atom::Equal(_, _, text) | Atom::Near(.., text) => Some((text.clone(), *key)),
            _ => None,
        });
        keys.collect()
    }
}
