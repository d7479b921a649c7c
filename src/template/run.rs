//! Follows a template's steps through a text.
//!
//! Between two literals nothing is tried letter by letter: a literal is looked for where it next
//! stands. Of several ways the one with the earlier places wins. A step that failed from a place is
//! not tried again from there or from behind it, so the work is at most the number of steps times the
//! number of places; what a hostile pair of template and text may cost beyond that, [`WORK`] bounds.

use super::fold::Folded;
use super::kind::{self, Kind};
use super::program::{Literal, Program, Step};
use crate::value::SlotKind;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Work that one text may cost: so much, and for each byte of it so much and twice the number of steps.
const WORK: (u64, u64) = (1 << 20, 32);

/// Places of the literal behind a typed slot that are tried as its end.
const MAX_ENDS: usize = 8;

/// A stretch of the text that a slot holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Capture {
    pub(super) slot: u16,
    pub(super) range: Range<usize>,
}

/// What was found in a text.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// In the order of the text.
    pub(super) captures: Vec<Capture>,
    /// Where literals stand.
    pub(super) literals: Vec<Range<usize>>,
    /// The whole of it was found.
    pub(super) complete: bool,
    /// The last step that something led to.
    pub(super) deepest: usize,
    /// The bound was reached before all was tried.
    pub(super) exhausted: bool,
    /// Work done.
    pub(super) work: u64,
}

/// How the next step is joined to the text so far.
#[derive(Clone, Copy, Debug)]
enum Joint {
    /// It follows at once.
    Tight,
    /// Other text may stand between.
    Loose,
    /// A slot of any text is open.
    Open(Open),
}

#[derive(Clone, Copy, Debug)]
struct Open {
    slot: u16,
    start: usize,
    line: bool,
    /// The template's line begins with the slot.
    leading: bool,
    /// The template's line ends with it.
    ended: bool,
}

/// Finds a template's text. `known` are keys of slots that an earlier text has filled.
pub(super) fn run(program: &Program, kinds: &[SlotKind], text: &Folded, known: &[Option<Vec<u8>>]) -> Found {
    let limit = WORK.0 + (WORK.1 + 2 * program.steps.len() as u64) * text.len() as u64;
    let mut runner = Runner {
        program,
        kinds,
        text,
        known,
        found: Found::default(),
        failed_loose: HashMap::new(),
        failed_tight: HashSet::new(),
        seen: HashMap::new(),
        limit,
    };
    let complete = runner.is_possible() && runner.go(0, 0, Joint::Loose);
    runner.found.complete = complete;
    runner.found.exhausted = runner.spent();
    runner.found
}

struct Runner<'r> {
    program: &'r Program,
    kinds: &'r [SlotKind],
    text: &'r Folded,
    known: &'r [Option<Vec<u8>>],
    found: Found,
    /// The smallest place from which a step failed, for each end of its reach: a line's, or the
    /// text's.
    failed_loose: HashMap<(usize, usize), usize>,
    failed_tight: HashSet<(usize, usize)>,
    /// Where the literal of a step was looked for to the end of the text, and where it stands.
    seen: HashMap<usize, (usize, Option<usize>)>,
    limit: u64,
}

impl Runner<'_> {
    fn spent(&self) -> bool {
        self.found.work > self.limit
    }

    fn work(&mut self, amount: usize) {
        self.found.work += amount as u64;
    }

    /// All that must be there is there in this order. Most texts that fail fail here.
    fn is_possible(&mut self) -> bool {
        let program = self.program;
        let (mut step, mut at) = (0, 0);
        while let Some(now) = program.steps.get(step) {
            match now {
                Step::Optional(target) => step = *target - 1,
                Step::Literal(literal) => match self.first(step, literal, at) {
                    Some(place) => at = place + literal.key.len(),
                    None => {
                        self.found.deepest = step;
                        return false;
                    }
                },
                _ => {}
            }
            step += 1;
        }
        true
    }

    /// Follows the steps from `at`; true if all are found. What was captured on a way that fails
    /// is taken back.
    fn go(&mut self, mut step: usize, mut at: usize, mut joint: Joint) -> bool {
        let (captures, literals) = (self.found.captures.len(), self.found.literals.len());
        let complete = loop {
            self.work(1);
            if self.spent() {
                break false;
            }
            self.found.deepest = self.found.deepest.max(step);
            match &self.program.steps[step] {
                Step::End => {
                    self.finish(joint);
                    break true;
                }
                Step::Gap => (at, joint) = self.closed(at, joint),
                Step::Break => (at, joint) = self.line_ends(at, joint),
                Step::Optional(target) => break self.optional(step + 1, *target, at, joint),
                Step::Slot(slot) => match kind::of(self.kinds[usize::from(*slot)]) {
                    Some(kind) => break self.typed(step, *slot, kind, at, joint),
                    None => {
                        let kind = self.kinds[usize::from(*slot)];
                        let open = self.open(*slot, kind, at, joint);
                        if let Some(end) = self.same_as_before(&open) {
                            // Where the text holds again what the slot holds, the slot holds that.
                            self.capture(*slot, open.start..end);
                            if self.go(step + 1, end, Joint::Tight) {
                                break true;
                            }
                            self.found.captures.pop();
                        }
                        at = open.start;
                        joint = Joint::Open(open);
                    }
                },
                Step::Literal(literal) => match joint {
                    Joint::Tight => match self.stands(literal, at) {
                        Some(end) => {
                            self.found.literals.push(at..end);
                            at = end;
                        }
                        None => break false,
                    },
                    _ => break self.search(step, literal, at, joint),
                },
            }
            step += 1;
        };
        if !complete {
            self.found.captures.truncate(captures);
            self.found.literals.truncate(literals);
        }
        complete
    }

    fn capture(&mut self, slot: u16, range: Range<usize>) {
        self.found.captures.push(Capture { slot, range });
    }

    /// The end of a literal that stands at a place.
    fn stands(&mut self, literal: &Literal, at: usize) -> Option<usize> {
        self.work(literal.key.len() / 16 + 1);
        let rest = self.text.key.get(at..)?;
        let end = at + literal.key.len();
        let bounded = |wanted: bool, at: usize| !wanted || self.text.is_boundary(at);
        (rest.starts_with(&literal.key)
            && bounded(literal.left, at)
            && bounded(literal.right, end)
            && self.text.is_whole(&(at..end)))
        .then_some(end)
    }

    /// Where a literal next stands.
    fn next(&mut self, literal: &Literal, mut from: usize, end: usize) -> Option<usize> {
        while from <= end {
            let found = literal.finder.find(self.text.key.get(from..end)?);
            let at = from + found.unwrap_or(end - from);
            self.work((at - from) / 16 + 1);
            if self.spent() {
                return None;
            }
            found?;
            if self.stands(literal, at).is_some() {
                return Some(at);
            }
            from = at + 1;
        }
        None
    }

    /// Where the literal of a step first stands from a place on. Asked again from behind that place and
    /// before what was found, the answer is known.
    fn first(&mut self, step: usize, literal: &Literal, from: usize) -> Option<usize> {
        if let Some((asked, place)) = self.seen.get(&step)
            && *asked <= from
            && place.is_none_or(|place| from <= place)
        {
            return *place;
        }
        let place = self.next(literal, from, self.text.len());
        if !self.spent() {
            self.seen.insert(step, (from, place));
        }
        place
    }

    /// A literal that may stand further on.
    fn search(&mut self, step: usize, literal: &Literal, at: usize, joint: Joint) -> bool {
        let end = self.reach(joint, literal.key.len());
        let known = self.failed_loose.get(&(step, end)).copied().unwrap_or(usize::MAX);
        if at >= known || self.first(step, literal, at).is_none_or(|place| place >= known) {
            return false;
        }
        // Places from `known` on have failed.
        let until = end.min(known.saturating_add(literal.key.len() - 1));
        let mut from = at;
        while let Some(place) = self.next(literal, from, until) {
            let (captures, literals) = (self.found.captures.len(), self.found.literals.len());
            self.close_before(joint, place);
            self.found.literals.push(place..place + literal.key.len());
            if self.go(step + 1, place + literal.key.len(), Joint::Tight) {
                return true;
            }
            self.found.captures.truncate(captures);
            self.found.literals.truncate(literals);
            from = place + 1;
        }
        if !self.spent() {
            self.failed_loose.insert((step, end), at.min(known));
        }
        false
    }

    /// How far what follows may be looked for; `width` more where it must begin on the same line.
    fn reach(&self, joint: Joint, width: usize) -> usize {
        match joint {
            Joint::Open(Open { line: true, leading: false, start, .. }) => {
                (self.text.line_end(start) + width).min(self.text.len())
            }
            _ => self.text.len(),
        }
    }

    /// What an open slot holds if the next thing stands at a place.
    fn close_before(&mut self, joint: Joint, place: usize) {
        let Joint::Open(open) = joint else { return };
        // At the beginning of a line of the template a slot begins with a line of the text.
        let cut = open.leading && (open.line || !open.ended);
        let start = if cut { open.start.max(self.text.line_start(place)) } else { open.start };
        self.capture(open.slot, start.min(place)..place);
    }

    fn open(&mut self, slot: u16, kind: SlotKind, at: usize, joint: Joint) -> Open {
        let leading = !matches!(joint, Joint::Tight);
        let (start, _) = self.closed(at, joint);
        if kind == SlotKind::Rest {
            return Open { slot, start, line: false, leading: false, ended: true };
        }
        Open { slot, start, line: kind == SlotKind::Line, leading, ended: false }
    }

    /// Closes an open slot of which nothing more than its line's end is known.
    fn closed(&mut self, at: usize, joint: Joint) -> (usize, Joint) {
        let Joint::Open(open) = joint else { return (at, Joint::Loose) };
        let end = self.text.line_end(open.start);
        self.capture(open.slot, open.start..end);
        (end, Joint::Loose)
    }

    fn line_ends(&mut self, at: usize, joint: Joint) -> (usize, Joint) {
        match joint {
            Joint::Open(open) if !open.line => (at, Joint::Open(Open { ended: true, ..open })),
            joint => self.closed(at, joint),
        }
    }

    fn finish(&mut self, joint: Joint) {
        match joint {
            Joint::Open(open) if self.kinds[usize::from(open.slot)] == SlotKind::Rest => {
                self.capture(open.slot, open.start..self.text.len());
            }
            joint => _ = self.closed(0, joint),
        }
    }

    /// The end of what the slot holds already, if it stands again here.
    fn same_as_before(&mut self, open: &Open) -> Option<usize> {
        if open.leading {
            return None;
        }
        let earlier = self.found.captures.iter().find(|capture| capture.slot == open.slot);
        let held = match earlier {
            Some(capture) => &self.text.key[capture.range.clone()],
            None => self.known.get(usize::from(open.slot))?.as_ref()?,
        };
        let (length, end) = (held.len(), open.start + held.len());
        let again = !held.is_empty() && self.text.key.get(open.start..)?.starts_with(held);
        let whole = again && self.text.is_boundary(end) && self.text.is_whole(&(open.start..end));
        self.work(length / 16 + 1);
        whole.then_some(end)
    }

    /// An optional part: the way whose text stands nearer is tried first.
    fn optional(&mut self, inner: usize, behind: usize, at: usize, joint: Joint) -> bool {
        let tight = matches!(joint, Joint::Tight);
        let known = self.failed_loose.get(&(inner - 1, usize::MAX)).copied().unwrap_or(usize::MAX);
        let loose = matches!(joint, Joint::Loose);
        if tight && self.failed_tight.contains(&(inner, at)) || loose && at >= known {
            return false;
        }
        let take = self.nearest(inner, at, tight);
        let skip = self.nearest(behind, at, tight);
        let begins_open =
            matches!(&self.program.steps[inner], Step::Slot(slot) if self.kinds[usize::from(*slot)].is_free());
        // With nothing to hold, a slot of any text is left out.
        let first = take < skip || take == skip && (!begins_open || take > at);
        let ways = if first { [inner, behind] } else { [behind, inner] };
        let found = ways.into_iter().any(|way| self.go(way, at, joint));
        if !found && !self.spent() {
            match joint {
                Joint::Tight => _ = self.failed_tight.insert((inner, at)),
                Joint::Loose => _ = self.failed_loose.insert((inner - 1, usize::MAX), at.min(known)),
                Joint::Open(_) => {}
            }
        }
        found
    }

    /// Where the first literal of some steps stands.
    fn nearest(&mut self, from: usize, at: usize, tight: bool) -> usize {
        let mut tight = tight;
        let program = self.program;
        for (step, now) in program.steps.iter().enumerate().skip(from) {
            match now {
                Step::Literal(literal) if tight => {
                    return self.stands(literal, at).map_or(usize::MAX, |_| at);
                }
                Step::Literal(literal) => {
                    return self.first(step, literal, at).unwrap_or(usize::MAX);
                }
                Step::End => return self.text.len(),
                _ => tight = false,
            }
        }
        usize::MAX
    }

    /// A slot whose text says itself where it ends.
    fn typed(&mut self, step: usize, slot: u16, kind: &'static Kind, at: usize, joint: Joint) -> bool {
        if matches!(joint, Joint::Tight) {
            return self.typed_here(step, slot, kind, at);
        }
        let end = self.reach(joint, 0);
        let known = self.failed_loose.get(&(step, end)).copied().unwrap_or(usize::MAX);
        if at >= known {
            return false;
        }
        let mut from = self.text.clean_start(at);
        let stop = self.text.clean_start(end);
        while let Some(range) = kind.find(&self.text.clean, from) {
            self.work((range.end - from) / 8 + 1);
            let place = self.text.key_from(range.start);
            if range.start > stop || place >= known || self.spent() {
                break;
            }
            let captures = self.found.captures.len();
            self.close_before(joint, place);
            if self.typed_here(step, slot, kind, place) {
                return true;
            }
            self.found.captures.truncate(captures);
            from = range.end.max(from + 1);
            while !self.text.clean.is_char_boundary(from) {
                from += 1;
            }
        }
        if !self.spent() {
            self.failed_loose.insert((step, end), at.min(known));
        }
        false
    }

    fn typed_here(&mut self, step: usize, slot: u16, kind: &'static Kind, at: usize) -> bool {
        let program = self.program;
        let start = self.text.clean_start(at);
        let stop = self.text.clean.floor_char_boundary(start + kind.longest);
        if let Some(Step::Literal(literal)) = program.steps.get(step + 1) {
            // The literal says where it ends; what stands before must be one of its kind.
            let end = (self.text.key_from(stop) + literal.key.len()).min(self.text.len());
            let mut from = at;
            for _ in 0..MAX_ENDS {
                let Some(place) = self.next(literal, from, end) else { break };
                let clean = self.text.clean_range(&(at..place));
                self.work(clean.len() / 4 + 1);
                if place > at && kind.is_whole(&self.text.clean[clean]) && self.typed_then(step, slot, at..place) {
                    return true;
                }
                from = place + 1;
            }
            return false;
        }
        self.work((stop - start) / 8 + 1);
        match kind.here(&self.text.clean[start..stop]) {
            Some(length) => self.typed_then(step, slot, at..self.text.key_from(start + length)),
            None => false,
        }
    }

    fn typed_then(&mut self, step: usize, slot: u16, range: Range<usize>) -> bool {
        let end = range.end;
        self.capture(slot, range);
        let found = self.go(step + 1, end, Joint::Tight);
        if !found {
            self.found.captures.pop();
        }
        found
    }
}
