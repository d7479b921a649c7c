//! What every match of a regex must hold: a set of literals, and how far from them a match reaches.
//!
//! The regex is cut into atoms. Atoms with a small language (characters, small classes, short
//! alternations) are multiplied out; of all runs of such atoms the one that should occur least is
//! taken. The atoms before and after it give the reach, in bytes of the original text.

use super::PatternSetOptions;
use super::bytes::{ByteSet, class_language, common, frequency};
use super::chance::affinity;
use super::fold::fold_str;
use super::sequence::{self, Run};
use regex_syntax::hir::{Hir, HirKind, Look, Repetition};

/// Most literals of one run of atoms.
const MAX_PRODUCT: usize = 300;
/// Most literals over all branches of an alternation.
const MAX_UNION: usize = 4_000;
/// Most characters of a class that is multiplied out.
const MAX_CLASS: usize = 40;
/// Most atoms looked at; the rest of a longer pattern counts as one.
const MAX_ATOMS: usize = 256;
/// Most atoms in one run.
const MAX_RUN: usize = 12;
/// Most literals that are asked for besides.
const MAX_ALSO: usize = 60;
/// What is expected more often in a byte of text is in most texts.
const SELDOM: f64 = 3e-4;
/// Neighbouring literals are joined up to this length.
const MAX_LITERAL: usize = 32;
/// A way of so many bytes is taken blindly.
const SHORT: u32 = 24;
/// Copies of a repetition that are written out.
const MAX_COPIES: u32 = 8;

/// A pattern whose literals are so common that confirming near them would look at more than this
/// part of the text is found without them.
const MAX_COST: f64 = 0.6;
/// A sequence is preferred to literals if it costs less than this part of what they cost.
const CLEARLY: f64 = 0.5;
/// Most bytes compared at the beginning of a text.
const MAX_HEAD: usize = 16;
/// Where literals cost less, no sequence of classes is looked for.
const CHEAP: f64 = 0.1;

/// What a set knows of a regex.
#[derive(Debug)]
pub(in crate::matcher) struct Factors {
    /// A match can begin only at the beginning of the text.
    pub(super) anchored_start: bool,
    /// A match can end only at the end of the text.
    pub(super) anchored_end: bool,
    /// Bytes of the shortest match.
    pub(super) min_len: usize,
    /// Bytes of the longest match.
    pub(super) max_len: usize,
    /// The bytes that a text must begin with, if a match begins there.
    pub(super) head: Vec<ByteSet>,
    /// For each alternative what is looked for; nothing if one has nothing that is rare enough.
    pub(super) branches: Option<Vec<Branch>>,
}

impl Factors {
    /// Looks into a regex.
    pub(in crate::matcher) fn new(hir: &Hir, options: PatternSetOptions) -> Self {
        let anchored_start = hir.properties().look_set_prefix().contains(Look::Start);
        let branches = branches(hir, options);
        let head = if anchored_start && branches.is_none() { sequence::head(hir, MAX_HEAD) } else { Vec::new() };
        Self {
            anchored_start,
            anchored_end: hir.properties().look_set_suffix().contains(Look::End),
            min_len: hir.properties().minimum_len().unwrap_or(0),
            max_len: hir.properties().maximum_len().unwrap_or(usize::MAX),
            head,
            branches,
        }
    }

    /// True if literals alone say where the regex cannot match.
    pub(super) fn has_literals(&self) -> bool {
        let is_literal = |branch: &Branch| matches!(branch.seed, Seed::Literals(..));
        self.branches.as_ref().is_some_and(|branches| branches.iter().all(is_literal))
    }

    /// True if a pass over the text says where the regex cannot match.
    pub(in crate::matcher) fn has_prefilter(&self) -> bool {
        self.branches.is_some()
    }
}

/// A part of the way from the factor to an end of the match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Step {
    /// At most so many bytes; `u32::MAX` is without bound.
    pub(super) max: u32,
    /// All of them in this set.
    pub(super) set: ByteSet,
}

/// The text in which literals are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Space {
    /// The folded text.
    Folded,
    /// Of the folded text only ASCII letters and digits: words hidden by marks between their
    /// letters, and phrases with any space between their words, are literals here.
    Squeezed,
}

impl Space {
    /// What is left of a literal.
    fn view(self, literal: &str) -> Vec<u8> {
        match self {
            Self::Folded => fold_str(literal),
            Self::Squeezed => {
                literal.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase()).collect()
            }
        }
    }
}

/// What is looked for in a text.
#[derive(Clone, Debug)]
pub(super) enum Seed {
    /// Literals of a space, of which every match holds one; sorted, none twice.
    Literals(Space, Vec<Vec<u8>>),
    /// A sequence of classes of bytes that every match holds.
    Sequence {
        /// The bytes.
        runs: Vec<Run>,
        /// Where the sequence stands the regex matches, and nowhere else.
        exact: bool,
        /// Expected number in a byte of text.
        chance: f64,
    },
}

/// What every match holds (or every match of one alternative).
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) seed: Seed,
    /// Other literals, of the seed's space, of which every match holds one too.
    pub(super) also: Option<Vec<Vec<u8>>>,
    /// From the seed to the beginning of the match.
    pub(super) left: Vec<Step>,
    /// From the seed to the end of the match.
    pub(super) right: Vec<Step>,
    /// Bytes that should be looked at to confirm, for each byte of text.
    pub(super) cost: f64,
}

impl Branch {
    pub(super) fn is_squeezed(&self) -> bool {
        matches!(self.seed, Seed::Literals(Space::Squeezed, _))
    }
}

#[derive(Clone)]
struct Atom {
    /// The whole language, folded.
    language: Option<Vec<Vec<u8>>>,
    /// Literals within, of which each match holds one.
    inner: Option<(Vec<Vec<u8>>, f64)>,
    step: Step,
}

/// The branches of a regex, one for each alternative; nothing if one has nothing to look for.
fn branches(hir: &Hir, options: PatternSetOptions) -> Option<Vec<Branch>> {
    let found = match top(hir).kind() {
        HirKind::Alternation(parts)
            if parts.len() <= 16 && Reader(Space::Folded).language(top(hir), MAX_PRODUCT).is_none() =>
        {
            parts.iter().map(|part| cheapest(part, options)).collect::<Option<Vec<_>>>()?
        }
        _ => vec![cheapest(hir, options)?],
    };
    (found.iter().map(|branch| branch.cost).sum::<f64>() <= MAX_COST).then_some(found)
}

fn top(hir: &Hir) -> &Hir {
    match hir.kind() {
        HirKind::Capture(capture) => top(&capture.sub),
        _ => hir,
    }
}

fn cheapest(hir: &Hir, options: PatternSetOptions) -> Option<Branch> {
    let squeezed = options.squeeze.then_some(Space::Squeezed);
    let spaces = std::iter::once(Space::Folded).chain(squeezed);
    let literals = spaces.filter_map(|space| Reader(space).branch(hir)).min_by(|a, b| a.cost.total_cmp(&b.cost));
    if !options.classes || literals.as_ref().is_some_and(|branch| branch.cost < CHEAP) {
        return literals;
    }
    let cheaper = |found: &Branch| literals.as_ref().is_none_or(|branch| found.cost < branch.cost * CLEARLY);
    sequence::cheapest(hir).filter(cheaper).or(literals)
}

/// Neighbours with one text each become one atom: a caseless word is a class for each letter.
fn merged(atoms: Vec<Atom>) -> Vec<Atom> {
    let mut merged: Vec<Atom> = Vec::with_capacity(atoms.len());
    for atom in atoms {
        match (merged.last_mut(), atom.language.as_deref()) {
            (Some(Atom { language: Some(last), step, .. }), Some([text]))
                if last.len() == 1 && last[0].len() < MAX_LITERAL =>
            {
                last[0].extend_from_slice(text);
                *step = Step { max: step.max.saturating_add(atom.step.max), set: step.set.union(atom.step.set) };
            }
            _ => merged.push(atom),
        }
    }
    merged
}

pub(super) fn steps(ways: impl Iterator<Item = Step>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for step in ways.filter(|step| step.max > 0) {
        match steps.last_mut() {
            // Short ways are taken without a look at the bytes.
            Some(last) if last.set == ByteSet::ALL && last.max <= 256 && step.max <= SHORT => {
                last.max += step.max;
            }
            _ if step.max <= SHORT => steps.push(Step { set: ByteSet::ALL, ..step }),
            _ => steps.push(step),
        }
    }
    steps
}

/// Whether a part stands at an end of the pattern: there a match may be shortened.
#[derive(Clone, Copy)]
pub(super) struct Edge {
    pub(super) first: bool,
    pub(super) last: bool,
}

impl Edge {
    pub(super) const INNER: Self = Self { first: false, last: false };

    pub(super) fn is_outer(self) -> bool {
        self.first || self.last
    }

    pub(super) fn of_part(self, index: usize, count: usize) -> Self {
        Self { first: self.first && index == 0, last: self.last && index + 1 == count }
    }
}

/// Reads a regex for one space.
#[derive(Clone, Copy)]
struct Reader(Space);

impl Reader {
    fn branch(self, hir: &Hir) -> Option<Branch> {
        let mut atoms = Vec::new();
        self.flatten(hir, Edge { first: true, last: true }, &mut atoms);
        let atoms = merged(atoms);
        let best = best(&atoms)?;
        let run = &atoms[best.start..best.end];
        // Literals somewhere within one part: the match may reach over all of it.
        let within = best.inner.then(|| run[0].step);
        // Characters that were squeezed out before the first of the literal and after the last.
        let out = (self.0 == Space::Squeezed && !best.inner).then(|| Step { max: width(run), set: ByteSet::marks() });
        let within = within.or(out);
        let left = steps(within.into_iter().chain(atoms[..best.start].iter().rev().map(|atom| atom.step)));
        let right = steps(within.into_iter().chain(atoms[best.end..].iter().map(|atom| atom.step)));
        let also = second(&atoms[..best.start], &atoms[best.end..]);
        let mut literals = best.literals;
        distinct(&mut literals);
        Some(Branch { seed: Seed::Literals(self.0, literals), also, left, right, cost: best.cost })
    }

    fn flatten(self, hir: &Hir, edge: Edge, atoms: &mut Vec<Atom>) {
        match hir.kind() {
            HirKind::Empty => {}
            HirKind::Look(_) => atoms.push(Atom { language: Some(vec![Vec::new()]), inner: None, step: step(hir) }),
            HirKind::Capture(capture) => self.flatten(&capture.sub, edge, atoms),
            HirKind::Concat(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    if atoms.len() >= MAX_ATOMS {
                        atoms.push(summary(&Hir::concat(parts[index..].to_vec())));
                        break;
                    }
                    self.flatten(part, edge.of_part(index, parts.len()), atoms);
                }
            }
            HirKind::Repetition(repetition) if repetition.min > 0 => self.repeat(repetition, edge, atoms),
            // What may be missing at an end is missing in the shortest match.
            HirKind::Repetition(_) if edge.is_outer() => {}
            HirKind::Literal(_) | HirKind::Class(_) | HirKind::Alternation(_) | HirKind::Repetition(_) => {
                atoms.push(self.atom(hir));
            }
        }
    }

    /// `x{2,5}`: two copies and what may follow, which the shortest match at an end leaves out.
    fn repeat(self, repetition: &Repetition, edge: Edge, atoms: &mut Vec<Atom>) {
        let copies = repetition.min.min(MAX_COPIES);
        let rest = Repetition {
            min: repetition.min - copies,
            max: repetition.max.map(|max| max - copies),
            greedy: repetition.greedy,
            sub: repetition.sub.clone(),
        };
        let cut = edge.is_outer() && rest.min == 0;
        let rest = (rest.max != Some(0) && !cut).then(|| summary(&Hir::repetition(rest)));
        // One copy alone stands at the edge of its pattern as the repetition did.
        let inner = if copies == 1 && rest.is_none() { edge } else { Edge::INNER };
        // PERF: one copy is made and cloned, or nested repetitions would take exponential time.
        let mut copy = Vec::new();
        self.flatten(&repetition.sub, inner, &mut copy);
        let (before, after) = if edge.first { (rest, None) } else { (None, rest) };
        atoms.extend(before);
        for _ in 0..copies {
            if atoms.len() >= MAX_ATOMS {
                atoms.push(summary(&Hir::repetition(Repetition { min: 1, ..repetition.clone() })));
                return;
            }
            atoms.extend(copy.iter().cloned());
        }
        atoms.extend(after);
    }

    fn atom(self, hir: &Hir) -> Atom {
        let language = self.language(hir, MAX_PRODUCT);
        let inner = if language.is_none() { self.inner(hir) } else { None };
        Atom { language, inner, step: step(hir) }
    }

    /// Every text that matches, folded, if they are at most `limit`. Places without width count as empty.
    fn language(self, hir: &Hir, limit: usize) -> Option<Vec<Vec<u8>>> {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Some(vec![Vec::new()]),
            HirKind::Literal(literal) => Some(vec![self.0.view(std::str::from_utf8(&literal.0).ok()?)]),
            HirKind::Class(class) => class_language(class, self.0, MAX_CLASS.min(limit)),
            HirKind::Capture(capture) => self.language(&capture.sub, limit),
            HirKind::Concat(parts) => {
                parts.iter().try_fold(vec![Vec::new()], |all, part| product(&all, &self.language(part, limit)?, limit))
            }
            HirKind::Alternation(parts) => {
                let mut all = Vec::new();
                for part in parts {
                    all.extend(self.language(part, limit)?);
                    distinct(&mut all);
                    if all.len() > limit {
                        return None;
                    }
                }
                Some(all)
            }
            HirKind::Repetition(repetition) => self.repeated(repetition, limit),
        }
    }

    fn repeated(self, repetition: &Repetition, limit: usize) -> Option<Vec<Vec<u8>>> {
        let once = self.language(&repetition.sub, limit)?;
        if once.iter().all(Vec::is_empty) {
            return Some(once);
        }
        let max = repetition.max.filter(|max| *max <= MAX_COPIES)?;
        let mut power = vec![Vec::new()];
        let mut all = Vec::new();
        for count in 0..=max {
            if count >= repetition.min {
                all.extend(power.iter().cloned());
            }
            if count < max {
                power = product(&power, &once, limit)?;
            }
        }
        distinct(&mut all);
        (all.len() <= limit).then_some(all)
    }

    /// The literals of an alternation or repetition whose language is too large.
    fn inner(self, hir: &Hir) -> Option<(Vec<Vec<u8>>, f64)> {
        match hir.kind() {
            HirKind::Alternation(parts) => {
                let mut all = Vec::new();
                for part in parts {
                    all.extend(self.inner(part)?.0);
                    if all.len() > MAX_UNION {
                        return None;
                    }
                }
                distinct(&mut all);
                let density = density(&all);
                Some((all, density))
            }
            HirKind::Repetition(repetition) if repetition.min == 0 => None,
            HirKind::Empty | HirKind::Look(_) | HirKind::Class(_) => None,
            HirKind::Literal(_) | HirKind::Repetition(_) | HirKind::Capture(_) | HirKind::Concat(_) => {
                let mut atoms = Vec::new();
                self.flatten(hir, Edge::INNER, &mut atoms);
                best(&merged(atoms)).map(|best| (best.literals, best.density))
            }
        }
    }
}

fn width(atoms: &[Atom]) -> u32 {
    atoms.iter().fold(0, |sum, atom| sum.saturating_add(atom.step.max))
}

/// A part that is not looked into.
fn summary(hir: &Hir) -> Atom {
    Atom { language: None, inner: None, step: step(hir) }
}

fn step(hir: &Hir) -> Step {
    let max = hir.properties().maximum_len().map_or(u32::MAX, |len| u32::try_from(len).unwrap_or(u32::MAX));
    Step { max, set: ByteSet::of(hir) }
}

fn distinct(all: &mut Vec<Vec<u8>>) {
    all.sort_unstable();
    all.dedup();
}

fn product(a: &[Vec<u8>], b: &[Vec<u8>], limit: usize) -> Option<Vec<Vec<u8>>> {
    if a.len() * b.len() > limit {
        return None;
    }
    Some(a.iter().flat_map(|head| b.iter().map(move |tail| [head.as_slice(), tail].concat())).collect())
}

struct Best {
    literals: Vec<Vec<u8>>,
    density: f64,
    pub(super) cost: f64,
    start: usize,
    end: usize,
    inner: bool,
}

/// The run of atoms whose literals should occur least and are confirmed cheapest.
fn best(atoms: &[Atom]) -> Option<Best> {
    let mut best: Option<Best> = None;
    for start in 0..atoms.len() {
        if let Some((literals, density)) = &atoms[start].inner {
            offer(&mut best, atoms, literals, *density, start..start + 1, true);
        }
        let mut run = vec![Vec::new()];
        for end in start..atoms.len().min(start + MAX_RUN) {
            let Some(language) = &atoms[end].language else { break };
            let Some(longer) = product(&run, language, MAX_PRODUCT) else { break };
            run = longer;
            offer(&mut best, atoms, &run, density(&run), start..end + 1, false);
        }
    }
    best
}

/// The rarest literals of what stands before and after the best, if they say anything of a text.
fn second(before: &[Atom], after: &[Atom]) -> Option<Vec<Vec<u8>>> {
    let found = [before, after].into_iter().filter_map(best);
    let useful = found.filter(|found| found.density < SELDOM && found.literals.len() <= MAX_ALSO);
    let mut literals = useful.min_by(|a, b| a.density.total_cmp(&b.density))?.literals;
    distinct(&mut literals);
    Some(literals)
}

fn offer(
    best: &mut Option<Best>,
    atoms: &[Atom],
    literals: &[Vec<u8>],
    density: f64,
    range: std::ops::Range<usize>,
    inner: bool,
) {
    if literals.iter().any(Vec::is_empty) || literals.is_empty() {
        return;
    }
    let way = |atoms: &[Atom]| atoms.iter().map(|atom| f64::from(atom.step.max.min(200))).sum::<f64>().min(400.0);
    let window = 60.0 + way(&atoms[..range.start]) + way(&atoms[range.end..]);
    // A literal more costs the scan a little.
    let cost = density * window + literals.len() as f64 * 2e-7;
    if best.as_ref().is_none_or(|best| cost < best.cost) {
        *best = Some(Best { literals: literals.to_vec(), density, cost, start: range.start, end: range.end, inner });
    }
}

/// Expected hits of any of the literals in a byte of text.
pub(super) fn density(literals: &[Vec<u8>]) -> f64 {
    literals.iter().map(|literal| chance(literal)).sum()
}

fn chance(literal: &[u8]) -> f64 {
    // Letters are not independent: each after the second says less than its count.
    let pair = literal.iter().take(2).map(|byte| frequency(*byte)).product::<f64>();
    let together = literal.first().zip(literal.get(1)).map_or(1.0, |(a, b)| affinity(*a, *b));
    let rest = literal.iter().skip(2).map(|byte| frequency(*byte).sqrt()).product::<f64>();
    (pair * together * rest).max(common(literal)).max(1e-9)
}
