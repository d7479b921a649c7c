//! Forms of a report: one file each.

mod csv;
pub mod diff;
mod flat;
mod junit;
mod lines;
mod parquet;
mod sarif;
mod sections;
mod table;

use super::gates::GateResult;
use super::run::Run;
pub use flat::Rows;
pub(super) use sections::percent;

/// Forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Tables for a terminal.
    Table,
    /// One document with everything: [`Run`].
    Json,
    /// The same, one object in each line, each with its `type`.
    JsonLines,
    /// Comma-separated values (RFC 4180) of one kind of rows.
    Csv(Rows),
    /// Tables for a page or a review comment.
    Markdown,
    /// Gates as tests, for continuous integration.
    Junit,
    /// Negative messages that rules hit, and failed gates, at the rules' places (SARIF 2.1.0).
    Sarif,
    /// One page for a browser that needs nothing but itself.
    Html,
    /// Apache Parquet of one kind of rows.
    Parquet(Rows),
}

/// A report as bytes; the reason if there is none.
///
/// # Errors
/// If the format's library refuses the data.
pub fn render(format: Format, run: &Run, gates: &[GateResult]) -> Result<Vec<u8>, String> {
    Ok(match format {
        Format::Table => sections::text(run, gates).into_bytes(),
        Format::Json => {
            let mut bytes = serde_json::to_vec_pretty(run).map_err(|error| error.to_string())?;
            bytes.push(b'\n');
            bytes
        }
        Format::JsonLines => lines::render(run, gates)?,
        Format::Csv(rows) => csv::render(&flat::flat(run, rows))?,
        Format::Markdown => sections::markdown(run, gates).into_bytes(),
        Format::Junit => junit::render(run, gates).into_bytes(),
        Format::Html => super::html::html(run).into_bytes(),
        Format::Sarif => sarif::render(run, gates)?,
        Format::Parquet(rows) => parquet::render(&flat::flat(run, rows))?,
    })
}
