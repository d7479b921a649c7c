//! Whether a candidate matches: decided near the literals found.

use super::bytes::ByteSet;
use super::cache::{PatternCache, Place};
use super::factor::Step;
use super::{Entry, FoundIn, Kind, PatternId, PatternSet, Reach};
use crate::matcher::literal::{equal_no_case, find, fold_char};
use crate::matcher::{Literal, Pattern};
use std::ops::Range;

impl PatternSet {
    /// True if the pattern matches the text, which must be the one scanned last with this cache.
    /// Each pattern is looked at once for a text; the answer is remembered.
    pub fn confirm(&self, text: &str, id: PatternId, cache: &mut PatternCache) -> bool {
        let Some(entry) = self.entries.get(id.index()) else { return false };
        if !cache.is_candidate(id) || !entry.fits(text) || text.len() != cache.text_len {
            return false;
        }
        if let Some(answer) = cache.remembered(id) {
            return answer;
        }
        let (answer, steps) = self.decide(entry, text, cache);
        cache.steps += steps;
        cache.remember(id, answer);
        answer
    }

    fn decide(&self, entry: &Entry, text: &str, cache: &PatternCache) -> (bool, u64) {
        match &entry.kind {
            Kind::Equal { needle, no_case: true } => (equal_no_case(text, needle), needle.len() as u64),
            Kind::Equal { needle, no_case: false } => (text == needle, needle.len() as u64),
            Kind::Glob(glob) => (glob.is_match(text), text.len() as u64),
            Kind::Literal { needle, place, no_case } if cache.unscanned => {
                (find(*place, *no_case, text, needle).is_some(), text.len() as u64)
            }
            Kind::Literal { needle, place, no_case } => literal(text, needle, *place, *no_case, entry, cache),
            Kind::Regex(pattern) if entry.branches.is_empty() || cache.unscanned || !self.options.windows => {
                whole(text, pattern)
            }
            Kind::Regex(pattern) => Search { text, pattern, entry, cache, steps: 0 }.run(),
        }
    }
}

fn whole(text: &str, pattern: &Pattern) -> (bool, u64) {
    (pattern.is_match(text), text.len() as u64)
}

fn literal(
    text: &str,
    needle: &str,
    place: Literal,
    no_case: bool,
    entry: &Entry,
    cache: &PatternCache,
) -> (bool, u64) {
    let steps = needle.len() as u64;
    match place {
        Literal::StartsWith if no_case => (starts_no_case(text.chars(), needle.chars()), steps),
        Literal::StartsWith => (text.starts_with(needle), steps),
        Literal::EndsWith if no_case => (starts_no_case(text.chars().rev(), needle.chars().rev()), steps),
        Literal::EndsWith => (text.ends_with(needle), steps),
        Literal::Contains => contains(text, needle, no_case, entry, cache),
    }
}

/// The needle is folded already.
fn starts_no_case(mut text: impl Iterator<Item = char>, needle: impl Iterator<Item = char>) -> bool {
    needle.into_iter().all(|wanted| text.next().is_some_and(|c| fold_char(c) == wanted))
}

fn contains(text: &str, needle: &str, no_case: bool, entry: &Entry, cache: &PatternCache) -> (bool, u64) {
    let Some(places) = entry.branches.first().and_then(|reach| cache.marks.places(reach.group)) else {
        return (find(Literal::Contains, no_case, text, needle).is_some(), text.len() as u64);
    };
    let mut steps = 0;
    for place in places {
        steps += needle.len() as u64;
        if text.get(original(cache, place)).is_some_and(|found| same(found, needle, no_case)) {
            return (true, steps);
        }
    }
    (false, steps)
}

fn same(found: &str, needle: &str, no_case: bool) -> bool {
    if no_case { found.chars().map(fold_char).eq(needle.chars()) } else { found == needle }
}

fn original(cache: &PatternCache, place: Place) -> Range<usize> {
    cache.folded.original(place.start as usize)..cache.folded.original(place.end as usize)
}

/// The search for one regex in one text.
struct Search<'a> {
    text: &'a str,
    pattern: &'a Pattern,
    entry: &'a Entry,
    cache: &'a PatternCache,
    steps: u64,
}

impl Search<'_> {
    fn run(mut self) -> (bool, u64) {
        let entry = self.entry;
        for reach in &entry.branches {
            match self.branch(reach) {
                Some(true) => return (true, self.steps),
                Some(false) => {}
                None => {
                    let (answer, steps) = whole(self.text, self.pattern);
                    return (answer, self.steps + steps);
                }
            }
        }
        (false, self.steps)
    }

    /// Nothing if the whole text should be searched instead: many places, or wide windows.
    fn branch(&mut self, reach: &Reach) -> Option<bool> {
        if reach.takes_odd_for_absent() && self.cache.folded.is_odd() {
            return None;
        }
        if reach.also.is_some_and(|also| !self.cache.marks.is_marked(also)) {
            return Some(false);
        }
        if matches!(reach.found_in, FoundIn::Classes { exact: true, .. }) {
            return Some(self.cache.marks.is_marked(reach.group));
        }
        let limit = self.steps + self.text.len() as u64;
        let mut window: Option<Range<usize>> = None;
        for place in self.cache.marks.places(reach.group)? {
            let place = match reach.found_in {
                FoundIn::Space(_) => original(self.cache, place),
                FoundIn::Classes { .. } => place.start as usize..place.end as usize,
            };
            let from = self.left(&reach.left, place.start);
            if self.entry.anchored_start && from > 0 {
                continue;
            }
            let to = self.right(&reach.right, place.end);
            if self.entry.anchored_end && to < self.text.len() {
                continue;
            }
            match &mut window {
                // Windows that overlap are searched together.
                Some(window) if (window.start..=window.end).contains(&from) => window.end = window.end.max(to),
                _ => {
                    if window.replace(from..to).is_some_and(|window| self.holds(window)) {
                        return Some(true);
                    }
                }
            }
            if self.steps > limit {
                return None;
            }
        }
        Some(window.is_some_and(|window| self.holds(window)))
    }

    fn left(&mut self, steps: &[Step], mut at: usize) -> usize {
        let bytes = self.text.as_bytes();
        for step in steps {
            let max = step.max as usize;
            if step.set == ByteSet::ALL {
                at = at.saturating_sub(max);
                continue;
            }
            let run = bytes[..at].iter().rev().take(max).take_while(|b| step.set.contains(**b)).count();
            self.steps += run as u64;
            at -= run;
        }
        at
    }

    fn right(&mut self, steps: &[Step], mut at: usize) -> usize {
        let bytes = self.text.as_bytes();
        for step in steps {
            let max = step.max as usize;
            if step.set == ByteSet::ALL {
                at = at.saturating_add(max).min(bytes.len());
                continue;
            }
            let run = bytes[at..].iter().take(max).take_while(|b| step.set.contains(**b)).count();
            self.steps += run as u64;
            at += run;
        }
        at
    }

    fn holds(&mut self, window: Range<usize>) -> bool {
        let from = self.text.floor_char_boundary(window.start);
        let end = self.text.ceil_char_boundary(window.end);
        self.steps += (end - from) as u64;
        self.pattern.is_match_in(self.text, from..end)
    }
}
