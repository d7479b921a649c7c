//! Comma-separated values (RFC 4180), the first line naming the columns.

use super::flat::{Cell, Flat};

pub(super) fn render(flat: &Flat) -> Result<Vec<u8>, String> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let head = flat.columns.iter().map(|(name, _)| name.as_str());
    writer.write_record(head).map_err(|error| error.to_string())?;
    for row in &flat.rows {
        writer.write_record(row.iter().map(text)).map_err(|error| error.to_string())?;
    }
    writer.into_inner().map_err(|error| error.to_string())
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::None => String::new(),
        Cell::Text(text) => harmless(text),
        Cell::Int(value) => value.to_string(),
        Cell::Float(value) => value.to_string(),
    }
}

/// Spreadsheets compute cells that begin like a formula, and names of files are chosen by others.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}
