//! Every field and function of the language: declaration and code in one entry.

mod registry;

pub use registry::{Builtins, Ctx, Env, Provider, Registry};
