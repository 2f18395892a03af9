//! Rows for spreadsheets, in which no text is taken for a formula.

use std::io::{self, Write};

use csv::{QuoteStyle, Writer, WriterBuilder};

use super::text::formula_safe;

/// Begins a table with its headings: texts are quoted, numbers stand bare.
pub(super) fn begin<W: Write>(out: W, headings: &[&str]) -> io::Result<Writer<W>> {
    let mut writer = WriterBuilder::new()
        .quote_style(QuoteStyle::NonNumeric)
        .from_writer(out);
    writer.write_record(headings).map_err(io_error)?;
    Ok(writer)
}

/// Writes a row.
pub(super) fn write_row<W: Write>(writer: &mut Writer<W>, cells: &[&str]) -> io::Result<()> {
    for cell in cells {
        writer
            .write_field(formula_safe(cell).as_bytes())
            .map_err(io_error)?;
    }
    writer.write_record(None::<&[u8]>).map_err(io_error)
}

/// Takes the error of the output out of that of the writer, so that a closed pipe stays one.
fn io_error(error: csv::Error) -> io::Error {
    let text = error.to_string();
    if let csv::ErrorKind::Io(error) = error.into_kind() {
        error
    } else {
        io::Error::other(text)
    }
}
