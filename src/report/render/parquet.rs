//! Apache Parquet: one row group, every column optional, texts as UTF-8.

use super::flat::{Cell, Flat, Type};
use ::parquet::basic::{LogicalType, Repetition, Type as Physical};
use ::parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use ::parquet::schema::types;
use std::sync::Arc;

pub(super) fn render(flat: &Flat) -> Result<Vec<u8>, String> {
    write(flat).map_err(|error| error.to_string())
}

fn write(flat: &Flat) -> Result<Vec<u8>, ParquetError> {
    let fields = flat.columns.iter().map(|(name, ty)| field(name, *ty)).collect::<Result<_, _>>()?;
    let schema = types::Type::group_type_builder("ruleeval").with_fields(fields).build()?;
    // Nothing of the machine or the library's version: equal reports are equal files.
    let properties = WriterProperties::builder().set_created_by("ruleeval".into()).build();
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    let mut at = 0;
    while let Some(column) = group.next_column()? {
        let Some((_, ty)) = flat.columns.get(at) else { break };
        let cells: Vec<&Cell> = flat.rows.iter().filter_map(|row| row.get(at)).collect();
        fill(column, *ty, &cells)?;
        at += 1;
    }
    group.close()?;
    writer.close()?;
    Ok(bytes)
}

fn field(name: &str, ty: Type) -> Result<Arc<types::Type>, ParquetError> {
    let physical = match ty {
        Type::Text => Physical::BYTE_ARRAY,
        Type::Int => Physical::INT64,
        Type::Float => Physical::DOUBLE,
    };
    let logical = (ty == Type::Text).then_some(LogicalType::String);
    let builder = types::Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
    Ok(Arc::new(builder.with_logical_type(logical).build()?))
}

fn fill(mut column: SerializedColumnWriter<'_>, ty: Type, cells: &[&Cell]) -> Result<(), ParquetError> {
    let defined: Vec<i16> = cells.iter().map(|cell| i16::from(**cell != Cell::None)).collect();
    match ty {
        Type::Text => {
            let values: Vec<ByteArray> = cells.iter().filter_map(|cell| text(cell)).collect();
            column.typed::<ByteArrayType>().write_batch(&values, Some(&defined), None)?;
        }
        Type::Int => {
            let values: Vec<i64> = cells.iter().filter_map(|cell| int(cell)).collect();
            column.typed::<Int64Type>().write_batch(&values, Some(&defined), None)?;
        }
        Type::Float => {
            let values: Vec<f64> = cells.iter().filter_map(|cell| float(cell)).collect();
            column.typed::<DoubleType>().write_batch(&values, Some(&defined), None)?;
        }
    }
    column.close()
}

fn text(cell: &Cell) -> Option<ByteArray> {
    if let Cell::Text(text) = cell { Some(text.as_str().into()) } else { None }
}

fn int(cell: &Cell) -> Option<i64> {
    if let Cell::Int(value) = cell { Some(*value) } else { None }
}

fn float(cell: &Cell) -> Option<f64> {
    if let Cell::Float(value) = cell { Some(*value) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::parquet::file::reader::{FileReader, SerializedFileReader};

    #[test]
    fn what_is_written_can_be_read() {
        let columns = [("name", Type::Text), ("n", Type::Int), ("x", Type::Float)];
        let flat = Flat {
            columns: columns.map(|(name, ty)| (name.to_owned(), ty)).to_vec(),
            rows: vec![
                vec![Cell::Text("ä".into()), Cell::Int(-1), Cell::None],
                vec![Cell::None, Cell::Int(7), Cell::Float(0.5)],
            ],
        };
        let bytes = render(&flat).expect("written");
        assert_eq!(bytes, render(&flat).expect("written"));
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).expect("Parquet");
        let rows: Vec<String> =
            reader.get_row_iter(None).expect("rows").map(|row| row.expect("a row").to_string()).collect();
        assert_eq!(rows, ["{name: \"ä\", n: -1, x: null}", "{name: null, n: 7, x: 0.5}"]);
    }
}
