//! Names, types and warnings: tree → typed tree. It is *given* the catalog.

pub mod hir;
