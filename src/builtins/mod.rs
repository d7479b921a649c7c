//! Every field and function of the language: declaration and code in one entry.

mod fields;
mod functions;
mod json;
mod reference;
mod registry;

pub use json::to_json;
pub use reference::reference;
pub use registry::{Builtins, Ctx, Env, Provider, Registry};

use std::sync::LazyLock;

static BUILTINS: LazyLock<Builtins> = LazyLock::new(|| {
    let mut registry = Registry::default();
    fields::declare(&mut registry);
    functions::declare(&mut registry);
    registry.build()
});

/// The one vocabulary of this engine.
pub fn builtins() -> &'static Builtins {
    &BUILTINS
}
