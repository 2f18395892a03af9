//! Which comes first in a file's dates, day or month.

use chrono::FixedOffset;

use super::super::ImportError;
use super::super::delimited::Rows;
use super::super::stamp::{self, Written};
use super::columns::{Columns, Field};
use crate::model::DateOrder;

/// Reads when a report was printed, and the offset of its times.
pub(super) fn printed_at(row: &Rows<'_>) -> Option<(Written, FixedOffset)> {
    (0..row.len()).find_map(|index| {
        let cell = row.cell(index);
        let (before, offset) = stamp::split_offset(&cell)?;
        stamp::read(before).map(|written| (written, offset))
    })
}

const DATES: [Field; 4] = [Field::First, Field::Last, Field::Fixed, Field::PatchReleased];

/// Looks for dates that show the order of day and month; two that differ are refused.
pub(super) fn evidence(
    mut text: &[u8],
    delimiter: u8,
    columns: &Columns,
    printed: Option<Written>,
) -> Result<Option<DateOrder>, ImportError> {
    let mut shown = printed.and_then(stamp::order_of);
    let mut rows = Rows::new(&mut text, delimiter);
    rows.count_from_here();
    // The text may end inside a row, which the reader of the whole file will judge.
    while let Ok(true) = rows.next() {
        for field in DATES {
            let written = columns
                .index(field)
                .and_then(|index| stamp::read(&rows.cell(index)));
            let Some(order) = written.and_then(stamp::order_of) else {
                continue;
            };
            if *shown.get_or_insert(order) != order {
                return Err(mixed_orders(columns, &rows, field));
            }
        }
    }
    Ok(shown)
}

pub(super) fn mixed_orders(columns: &Columns, rows: &Rows<'_>, field: Field) -> ImportError {
    let cell = columns
        .index(field)
        .map(|index| rows.cell(index).into_owned())
        .unwrap_or_default();
    let message = format!("{cell:?} has day and month in another order than the dates before it");
    ImportError::Malformed {
        place: columns.place(rows, field),
        message,
    }
}
