//! What one text leaves behind until the next: scratch that is used again and again.

use super::classes::Maps;
use super::fold::Folded;
use super::{PatternHits, PatternId, PatternSet};

/// Most places kept for one group; a text that holds more is searched as a whole.
pub(super) const MAX_PLACES: u32 = 48;
/// The end of a chain of places.
const NONE: u32 = u32::MAX;

/// Scratch for scans with one set; grows to the set's size once and allocates no more after that.
#[derive(Debug, Default)]
pub struct PatternCache {
    pub(super) folded: Folded,
    pub(super) marks: Marks,
    pub(super) candidates: Vec<PatternId>,
    pub(super) is_candidate: PatternHits,
    /// Two bits of answer under the number of the text.
    answers: Vec<u32>,
    text: u32,
    pub(super) text_len: usize,
    /// The text is too long for places of 32 bits: every pattern is a candidate and is run alone.
    pub(super) unscanned: bool,
    pub(super) steps: u64,
    pub(super) maps: Maps,
}

impl PatternCache {
    /// Empty scratch.
    pub fn new() -> Self {
        Self::default()
    }

    /// The candidates of the text scanned last, in a fixed order.
    pub fn candidates(&self) -> &[PatternId] {
        &self.candidates
    }

    /// False if the pattern cannot match the text scanned last.
    pub fn is_candidate(&self, id: PatternId) -> bool {
        self.is_candidate.contains(id)
    }

    /// Steps since they were last taken: bytes scanned, literals compared, bytes searched by
    /// regexes. The same on every machine.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The steps, and counts anew.
    pub fn take_steps(&mut self) -> u64 {
        std::mem::take(&mut self.steps)
    }

    pub(super) fn begin(&mut self, set: &PatternSet, text: &str) {
        // Two bits less than a word: then the numbers begin again, and old answers must go.
        if self.text >= u32::MAX / 4 - 1 {
            self.text = 0;
            self.answers.iter_mut().for_each(|answer| *answer = 0);
        }
        self.text += 1;
        if self.answers.len() < set.len() {
            self.answers.resize(set.len(), 0);
        }
        self.text_len = text.len();
        self.unscanned = u32::try_from(text.len()).is_err();
        self.folded.fill(if self.unscanned { "" } else { text });
        self.marks.begin(set.shapes.len());
    }

    /// The answer given before for this text.
    pub(super) fn remembered(&self, id: PatternId) -> Option<bool> {
        let answer = *self.answers.get(id.index())?;
        (answer / 4 == self.text && answer & 2 != 0).then_some(answer & 1 == 1)
    }

    pub(super) fn remember(&mut self, id: PatternId, answer: bool) {
        if let Some(slot) = self.answers.get_mut(id.index()) {
            *slot = self.text * 4 + 2 + u32::from(answer);
        }
    }
}

/// A place of a literal in the folded text, or of a sequence of classes in the text itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) start: u32,
    pub(super) end: u32,
    next: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    text: u32,
    count: u32,
    first: u32,
    last: u32,
}

/// Which groups of literals and which sequences a text holds, and where.
#[derive(Debug, Default)]
pub(super) struct Marks {
    groups: Vec<Mark>,
    places: Vec<Place>,
    touched: Vec<u32>,
    text: u32,
}

impl Marks {
    fn begin(&mut self, groups: usize) {
        self.text = self.text.checked_add(1).unwrap_or_else(|| {
            self.groups.clear();
            1
        });
        if self.groups.len() < groups {
            self.groups.resize(groups, Mark::default());
        }
        self.places.clear();
        self.touched.clear();
    }

    pub(super) fn hit(&mut self, group: u32, start: u32, end: u32) {
        let Some(mark) = self.groups.get_mut(group as usize) else { return };
        let place = self.places.len() as u32;
        if mark.text == self.text {
            mark.count += 1;
            if mark.count > MAX_PLACES {
                return;
            }
            self.places[mark.last as usize].next = place;
            mark.last = place;
        } else {
            *mark = Mark { text: self.text, count: 1, first: place, last: place };
            self.touched.push(group);
        }
        self.places.push(Place { start, end, next: NONE });
    }

    /// The groups found, in the order of the text.
    pub(super) fn touched(&self) -> &[u32] {
        &self.touched
    }

    /// True if the group was found.
    pub(super) fn is_marked(&self, group: u32) -> bool {
        self.groups.get(group as usize).is_some_and(|mark| mark.text == self.text)
    }

    /// The places of a group; nothing if there are too many.
    pub(super) fn places(&self, group: u32) -> Option<impl Iterator<Item = Place> + '_> {
        let mark = self.groups.get(group as usize).filter(|mark| mark.text == self.text);
        let first = match mark {
            Some(mark) if mark.count > MAX_PLACES => return None,
            Some(mark) => mark.first,
            None => NONE,
        };
        let at = |index: u32| self.places.get(index as usize).copied();
        Some(std::iter::successors(at(first), move |place| at(place.next)))
    }
}
