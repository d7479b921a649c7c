#![doc = include_str!("../README.md")]

pub mod auth;
pub mod builtins;
pub mod check;
pub mod diagnostic;
pub mod engine;
pub mod eval;
pub mod files;
pub mod lists;
pub mod matcher;
pub mod message;
pub mod pack;
pub mod plan;
pub mod source;
pub mod syntax;
pub mod template;
pub mod value;
