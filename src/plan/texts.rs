//! All constant needles that rules look for in one text, as one set that is scanned once.

use super::{NodeId, SharedPattern, cost};
use crate::check::hir::LocalId;
use crate::matcher::{Glob, Literal, PatternCache, PatternId, PatternSet, PatternSetBuilder, Prefilter, find};
use crate::syntax::ast::TextOp;
use std::sync::Arc;

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Needle {
    /// Constant text, with or without case.
    Literal(TextOp, bool, Arc<str>),
    /// A regular expression.
    Pattern(SharedPattern),
}

impl Needle {
    fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Literal(op, no_case, needle) => match op {
                TextOp::Contains => find(Literal::Contains, *no_case, text, needle).is_some(),
                TextOp::StartsWith => find(Literal::StartsWith, *no_case, text, needle).is_some(),
                TextOp::EndsWith => find(Literal::EndsWith, *no_case, text, needle).is_some(),
                TextOp::Like => Glob::new(needle, *no_case).is_match(text),
                TextOp::Matches | TextOp::MatchesWhole => false,
            },
            Self::Pattern(pattern) => pattern.0.is_match(text),
        }
    }

    fn add_to(&self, builder: &mut PatternSetBuilder) -> PatternId {
        match self {
            Self::Literal(op, no_case, text) => match op {
                TextOp::StartsWith => builder.literal(text, Literal::StartsWith, *no_case),
                TextOp::EndsWith => builder.literal(text, Literal::EndsWith, *no_case),
                TextOp::Like => builder.glob(text, *no_case),
                // Needles of `matches` are patterns.
                TextOp::Contains | TextOp::Matches | TextOp::MatchesWhole => {
                    builder.literal(text, Literal::Contains, *no_case)
                }
            },
            Self::Pattern(pattern) => builder.pattern(&pattern.0),
        }
    }
}

/// A text with its needles.
#[derive(Debug)]
pub struct TextUse {
    /// The node of the text.
    pub text: NodeId,
    /// The binding whose elements have such a text; none: there is one for the message.
    pub element: Option<LocalId>,
    /// The needles.
    pub set: TextSet,
}

/// Needles while they are gathered.
#[derive(Debug, Default)]
pub(super) struct TextDraft {
    builder: PatternSetBuilder,
    needles: Vec<Needle>,
    ids: Vec<PatternId>,
}

impl TextDraft {
    /// The number of a needle; needles that mean the same have the same.
    pub(super) fn add(&mut self, needle: Needle) -> u32 {
        let id = needle.add_to(&mut self.builder);
        if id.index() == self.needles.len() {
            self.needles.push(needle);
            self.ids.push(id);
        }
        id.index() as u32
    }

    pub(super) fn build(self) -> TextSet {
        TextSet { set: self.builder.build(), needles: self.needles, ids: self.ids }
    }
}

/// Needles over one text.
#[derive(Debug)]
pub struct TextSet {
    set: PatternSet,
    needles: Vec<Needle>,
    ids: Vec<PatternId>,
}

/// What is known of one text, or of the texts of all elements of a list. Used again for the next
/// message.
#[derive(Debug, Default)]
pub struct TextHits {
    cache: PatternCache,
    /// The element whose text the cache holds.
    current: Option<u32>,
    elements: Vec<ElementHits>,
}

#[derive(Debug, Default)]
struct ElementHits {
    scanned: bool,
    /// Candidates in ascending order.
    found: Vec<u32>,
}

impl TextHits {
    /// Forgets all texts.
    pub fn reset(&mut self) {
        self.current = None;
        self.elements.iter_mut().for_each(|element| element.scanned = false);
    }
}

impl TextSet {
    /// The needles.
    pub fn needles(&self) -> &[Needle] {
        &self.needles
    }

    /// True if any text may hold the needle, so that scanning says nothing of it.
    pub fn is_always(&self, needle: u32) -> bool {
        self.ids.get(needle as usize).is_none_or(|id| self.set.prefilter(*id) == Prefilter::None)
    }

    /// Thousandths of texts that are expected to hold what the needle requires.
    pub(super) fn chance(&self, needle: u32) -> u16 {
        let Some(id) = self.ids.get(needle as usize) else { return cost::ALWAYS };
        match self.set.prefilter(*id) {
            Prefilter::Literals { count, shortest } => {
                cost::of_literal(shortest).saturating_mul(count.min(1000) as u16).min(cost::ALWAYS)
            }
            Prefilter::Classes { per_mille } => per_mille,
            Prefilter::Equality => 2,
            Prefilter::None => cost::ALWAYS,
        }
    }

    /// Scans the text of an element, 0 for a text of the message, unless that was done. Steps.
    pub fn scan(&self, element: u32, text: &str, hits: &mut TextHits) -> u64 {
        let at = element as usize;
        if hits.elements.len() <= at {
            hits.elements.resize_with(at + 1, ElementHits::default);
        }
        let entry = &mut hits.elements[at];
        if entry.scanned {
            return 0;
        }
        entry.scanned = true;
        hits.current = Some(element);
        self.set.scan_candidates(text, &mut hits.cache);
        entry.found.clear();
        entry.found.extend(hits.cache.candidates().iter().map(|id| id.index() as u32));
        entry.found.sort_unstable();
        text.len() as u64 / 64 + 1 + entry.found.len() as u64 / 16
    }

    /// A needle that the text may hold, by its position among those.
    pub fn candidate(&self, element: u32, hits: &TextHits, at: usize) -> Option<u32> {
        hits.elements.get(element as usize)?.found.get(at).copied()
    }

    /// True if the text, which has been scanned, holds the needle; and steps.
    pub fn is_match(&self, needle: u32, element: u32, text: &str, hits: &mut TextHits) -> (bool, u64) {
        let found = hits.elements.get(element as usize).map_or(&[] as &[u32], |element| &element.found);
        if found.binary_search(&needle).is_err() {
            return (false, 1);
        }
        match (self.ids.get(needle as usize), self.needles.get(needle as usize)) {
            (Some(id), _) if hits.current == Some(element) => {
                hits.cache.take_steps();
                let matched = self.set.confirm(text, *id, &mut hits.cache);
                (matched, 1 + hits.cache.take_steps() / 64)
            }
            // The cache has gone on to another element.
            (_, Some(needle)) => (needle.is_match(text), 1 + text.len() as u64 / 64),
            _ => (false, 1),
        }
    }
}
