//! HTML as a person sees it: tokens, what the style sheets say, and one linear walk over both.

mod element;
mod fetched;
mod media;
mod sheet;
mod style;
mod text;
mod tokens;
mod value;
mod walk;

pub(super) use element::{Kind, ends_predecessor};
pub(super) use tokens::{Attributes, Document, Token};
pub(super) use walk::{RESOURCE_KINDS, RawLink, RawResource, Walked, walk};
