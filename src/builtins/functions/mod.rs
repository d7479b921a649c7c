//! Functions: those of the language, pure ones, and those that providers answer.

mod capability;
mod encode;
mod explode;
mod files;
mod regexes;
mod special;
mod strings;

pub(super) use explode::contents;

use super::Registry;

pub(super) fn declare(registry: &mut Registry) {
    special::declare(registry);
    strings::declare(registry);
    encode::declare(registry);
    regexes::declare(registry);
    files::declare(registry);
    explode::declare(registry);
    capability::declare(registry);
}
