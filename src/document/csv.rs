//! Tables as delimited files that a spreadsheet opens without running anything.
//!
//! Text is quoted and never begins a formula; numbers stand bare. The JSON beside it is what counts:
//! an apostrophe before a text here is not part of the data.

use super::table::{Cell, Column, Table};
use super::text::escape_csv;

/// Writes a table with a header line; lines end as RFC 4180 has them.
pub(super) fn write(table: &Table) -> Vec<u8> {
    let shares: Vec<bool> = (0..table.columns.len())
        .map(|index| holds_shares(table, index))
        .collect();
    let mut out = String::new();
    let mut header: Vec<String> = Vec::new();
    for (column, is_share) in table.columns.iter().zip(&shares) {
        header.extend(names(column, *is_share));
    }
    for (index, name) in header.iter().enumerate() {
        separate(index, &mut out);
        escape_csv(name, &mut out);
    }
    out.push_str("\r\n");
    for row in &table.rows {
        for (index, (cell, is_share)) in row.iter().zip(&shares).enumerate() {
            separate(index, &mut out);
            if *is_share {
                write_share(cell, &mut out)
            } else {
                write_cell(cell, &mut out)
            }
        }
        out.push_str("\r\n");
    }
    out.into_bytes()
}

fn separate(index: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
}

fn holds_shares(table: &Table, index: usize) -> bool {
    table
        .rows
        .iter()
        .any(|row| matches!(row.get(index), Some(Cell::Share(_))))
}

/// A rate takes three columns, so that it can be computed again.
fn names(column: &Column, is_share: bool) -> Vec<String> {
    let key = column.key;
    if is_share {
        vec![
            format!("{key}_percent"),
            format!("{key}_numerator"),
            format!("{key}_denominator"),
        ]
    } else {
        vec![key.to_owned()]
    }
}

fn write_share(cell: &Cell, out: &mut String) {
    if let Cell::Share(share) = cell {
        let percent = share.rate.percent();
        match share.rate.denominator {
            0 => escape_csv(&percent, out),
            _ => out.push_str(&percent),
        }
        out.push_str(&format!(",{},{}", share.rate.numerator, share.rate.denominator));
    } else {
        write_cell(cell, out);
        out.push_str(",,");
    }
}

fn write_cell(cell: &Cell, out: &mut String) {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) | Cell::Code(text) => escape_csv(text, out),
        Cell::Number(number) => out.push_str(&number.to_string()),
        Cell::Decimal(number) => out.push_str(&number.to_string()),
        Cell::Mark(mark) => escape_csv(mark.word, out),
        Cell::List(texts) => escape_csv(&texts.join("; "), out),
        Cell::Links(links) => {
            let files: Vec<&str> = links.iter().map(|(_, file)| &**file).collect();
            escape_csv(&files.join("; "), out);
        }
        Cell::Share(share) => escape_csv(&share.percent(), out),
    }
}
