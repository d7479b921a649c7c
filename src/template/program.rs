//! The text of a template as a list of steps: what [`super::run`] follows.

use super::fold::Folded;
use crate::value::Element;
use memchr::memmem::Finder;

/// Literal text, folded.
#[derive(Debug)]
pub(super) struct Literal {
    pub(super) key: Vec<u8>,
    /// How it is written, for people.
    pub(super) text: String,
    /// A word begins with it; in the text too.
    pub(super) left: bool,
    /// A word ends with it.
    pub(super) right: bool,
    pub(super) finder: Finder<'static>,
}

/// One step.
#[derive(Debug)]
pub(super) enum Step {
    /// This text, at once or where it is found.
    Literal(Box<Literal>),
    /// A slot.
    Slot(u16),
    /// Other text may stand here.
    Gap,
    /// A line of the template ends.
    Break,
    /// The steps up to this index may be missing.
    Optional(usize),
    /// All is found.
    End,
}

/// The steps of one text.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
}

impl Program {
    pub(super) fn new(elements: &[Element]) -> Self {
        let mut program = Self::default();
        program.add(elements);
        while matches!(program.steps.last(), Some(Step::Break)) {
            program.steps.pop();
        }
        // Optional parts that ended behind the breaks end at the end.
        let end = program.steps.len();
        for step in &mut program.steps {
            if let Step::Optional(target) = step {
                *target = (*target).min(end);
            }
        }
        program.steps.push(Step::End);
        program
    }

    fn add(&mut self, elements: &[Element]) {
        for (index, element) in elements.iter().enumerate() {
            match element {
                Element::Text(text) => {
                    let edge = |other: Option<&Element>| matches!(other, None | Some(Element::Break | Element::Gap));
                    let before = index.checked_sub(1).and_then(|before| elements.get(before));
                    let left = edge(before) || text.starts_with(char::is_whitespace);
                    let right = edge(elements.get(index + 1)) || text.ends_with(char::is_whitespace);
                    self.literal(text, left, right);
                }
                Element::Slot(slot) => self.steps.push(Step::Slot(*slot)),
                Element::Gap => self.steps.push(Step::Gap),
                Element::Break if matches!(self.steps.last(), None | Some(Step::Break)) => {}
                Element::Break => self.steps.push(Step::Break),
                Element::Optional(inner) => {
                    let at = self.steps.len();
                    self.steps.push(Step::Optional(at));
                    self.add(inner);
                    self.steps[at] = Step::Optional(self.steps.len());
                }
            }
        }
    }

    fn literal(&mut self, text: &str, left: bool, right: bool) {
        let key = Folded::key_of(text);
        if key.is_empty() {
            return;
        }
        let finder = Finder::new(&key).into_owned();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.steps.push(Step::Literal(Box::new(Literal { key, text, left, right, finder })));
    }

    /// The longest literal that must be there.
    pub(super) fn anchor(&self) -> Option<&Literal> {
        let mut longest: Option<&Literal> = None;
        let mut at = 0;
        while let Some(step) = self.steps.get(at) {
            at += 1;
            match step {
                Step::Optional(target) => at = *target,
                Step::Literal(literal) if longest.is_none_or(|found| found.key.len() < literal.key.len()) => {
                    longest = Some(literal);
                }
                _ => {}
            }
        }
        longest
    }
}
