//! How large a regex can become when it is compiled, without compiling it.
//!
//! The program that `regex` builds is an automaton after Thompson, once forwards and once
//! backwards, and each must stay below the limit of size. Its states are counted here as that
//! construction makes them, rounded up: what passes here compiles, and may be compiled when it is
//! first needed. What does not pass here has to be compiled to know.

use regex_syntax::hir::{Class, ClassUnicode, Hir, HirKind, Repetition};
use regex_syntax::utf8::Utf8Sequences;

/// Bytes of a state, and of one of its transitions.
const STATE: usize = 32;
const TRANSITION: usize = 8;
/// A state that joins or branches, with two ways out.
const FORK: usize = STATE + 2 * TRANSITION;
/// Beginning, end, and the loop that looks for the beginning.
const FRAME: usize = 8 * FORK;

/// At most so many bytes of program.
pub(super) fn bound(hir: &Hir) -> usize {
    part(hir).saturating_add(FRAME)
}

fn part(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => STATE,
        // In an alternation of literals each byte may become a node with its own branch.
        HirKind::Literal(literal) => literal.0.len().saturating_mul(STATE + FORK).saturating_add(FORK),
        HirKind::Class(Class::Bytes(class)) => FORK + class.ranges().len() * TRANSITION,
        HirKind::Class(Class::Unicode(class)) => of_class(class),
        HirKind::Capture(capture) => part(&capture.sub).saturating_add(2 * STATE),
        HirKind::Concat(parts) => sum(parts, STATE),
        HirKind::Alternation(parts) => sum(parts, FORK).saturating_add(FORK),
        HirKind::Repetition(repetition) => repeated(repetition),
    }
}

fn sum(parts: &[Hir], each: usize) -> usize {
    parts.iter().fold(0, |sum: usize, hir| sum.saturating_add(part(hir)).saturating_add(each))
}

/// Every copy is written out, each with a way around it.
fn repeated(repetition: &Repetition) -> usize {
    let copies = repetition.max.unwrap_or(repetition.min).max(repetition.min).max(1) as usize;
    part(&repetition.sub).saturating_add(2 * FORK).saturating_mul(copies).saturating_add(2 * FORK)
}

fn of_class(class: &ClassUnicode) -> usize {
    if class.ranges().iter().all(|range| range.end().is_ascii()) {
        return FORK + class.ranges().len() * TRANSITION;
    }
    // Sequences come in order: those that begin alike share the states of their beginning.
    let (mut states, mut sequences, mut last) = (0, 0, [None; 4]);
    for sequence in class.ranges().iter().flat_map(|range| Utf8Sequences::new(range.start(), range.end())) {
        let mut bytes = [None; 4];
        bytes.iter_mut().zip(sequence.as_slice()).for_each(|(to, range)| *to = Some(*range));
        let shared = bytes.iter().zip(&last).take_while(|(now, before)| now.is_some() && now == before).count();
        states += sequence.len() - shared;
        (last, sequences) = (bytes, sequences + 1);
    }
    states * (STATE + TRANSITION) + sequences * TRANSITION + 2 * FORK
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds the bound against what `regex` accepts, and says how far apart they are.
    fn looseness(source: &str) -> f64 {
        let hir = regex_syntax::parse(source).expect(source);
        let bound = bound(&hir);
        let fits = |limit: usize| regex::RegexBuilder::new(source).size_limit(limit).build().is_ok();
        assert!(fits(bound), "{source:?} is larger than {bound} bytes");
        let mut least = bound;
        while least > 64 && fits(least / 2) {
            least /= 2;
        }
        bound as f64 / least as f64
    }

    #[test]
    fn what_the_bound_allows_compiles() {
        let sources = [
            "",
            "a",
            "foo|bar|foobar|x",
            r"\w",
            r"\W+",
            r"\w{20}",
            r"[^<>]{1,40}x",
            r"(?i)stra\u{df}e\b.*k",
            r"\pL{3}\d{2,9}\s*",
            r"(a|b|(c|d(?:e|fg){2,5}){3})*?z",
            r"(?s).{0,300}",
            r"((((a?)?)?)?){9}",
            r"(?-u:[\x00-\x7f])[\u{400}-\u{4ff}]{2,}",
            r"(?:abc|abd|xyz|[a-c]x|\bq\b|$){4,}",
            r"^(?m:^$)\z",
            r"(?:\d{1,3}\.){3}\d{1,3}",
        ];
        let worst = sources.iter().map(|source| looseness(source)).fold(0.0, f64::max);
        assert!(worst < 40.0, "the bound is {worst:.0} times too large");
    }

    #[test]
    fn many_literals_are_counted() {
        let words: Vec<String> = (0..2_000).map(|n| format!("w{}x{}", n % 37, n * 7919)).collect();
        looseness(&words.join("|"));
        looseness(&format!("(?:{})[0-9]", words.join("|")));
        looseness(&format!("(?i)(?:{})[0-9]", words.join("|")));
    }
}
