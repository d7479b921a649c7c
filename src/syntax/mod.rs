//! Text ⇄ faithful tree: the only place that names `pest`.

pub mod ast;
