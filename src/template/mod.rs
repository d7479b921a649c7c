//! Genuine notifications with their slots: matched over the text that a person sees.
//!
//! A template is tried only on messages of its senders; of many templates only those are tried
//! whose longest literal stands in the text, which one automaton says for all of them. What a match
//! accounts for is literals and slots; the rest of the text is residue.

mod fold;
pub mod infer;
mod kind;
mod outcome;
mod program;
mod run;
mod set;

pub use outcome::{Outcome, Place, SlotText};
pub use set::TemplateSet;
