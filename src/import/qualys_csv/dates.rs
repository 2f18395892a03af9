//! Which comes first in a file's dates, day or month.

use chrono::FixedOffset;

use super::super::ImportError;
use super::super::delimited::{Rows, fold};
use super::super::stamp::{self, Written};
use super::super::value;
use super::columns::{Columns, Field};
use crate::model::DateOrder;

/// How the preamble says that a scan has seen all that it was to see.
const FINISHED: &str = "finished";

/// A time and its offset, where it has one.
type Told = (Written, Option<FixedOffset>);

/// What stands before the table.
#[derive(Default)]
pub(super) struct Preamble {
    printed: Option<Told>,
    /// When the scan began, where the table is of one.
    launched: Option<Told>,
    /// Where the next record says when the scan began, and how it ended.
    of_scan: Option<(usize, Option<usize>)>,
    /// Why the table is not whole.
    pub(super) incomplete: Option<String>,
}

impl Preamble {
    /// Takes the next record before the header.
    pub(super) fn take(&mut self, row: &Rows<'_>) {
        if let Some((launch, status)) = self.of_scan.take() {
            self.launched = told(&row.cell(launch));
            let status = status.map(|index| row.cell(index));
            if let Some(status) = status.filter(|status| !status.eq_ignore_ascii_case(FINISHED)) {
                let shown = value::shown(&status);
                self.incomplete = Some(format!("the scan did not end: its status is {shown}"));
            }
            return;
        }
        let column = |name: &str| (0..row.len()).find(|index| fold(&row.cell(*index)) == name);
        self.of_scan = column("launch date").map(|launch| (launch, column("status")));
        let mut cells = (0..row.len()).map(|index| told(&row.cell(index)));
        let with_offset = cells.find_map(|told| told.filter(|(_, offset)| offset.is_some()));
        self.printed = self.printed.or(with_offset);
    }

    /// Returns when the scan ran, as far as the preamble says it: a report of one may be printed much later.
    pub(super) fn told(&self) -> Option<Told> {
        self.launched.or(self.printed)
    }

    /// Returns the offset that the report was printed with.
    pub(super) fn offset(&self) -> Option<FixedOffset> {
        self.printed.and_then(|(_, offset)| offset)
    }
}

fn told(cell: &str) -> Option<Told> {
    match stamp::split_offset(cell) {
        Some((before, offset)) => stamp::read(before).map(|written| (written, Some(offset))),
        None => stamp::read(cell).map(|written| (written, None)),
    }
}

const DATES: [Field; 4] = [Field::First, Field::Last, Field::Fixed, Field::PatchReleased];

/// Looks for dates that show the order of day and month; two that differ are refused.
pub(super) fn evidence(
    mut text: &[u8],
    delimiter: u8,
    columns: &Columns,
    preamble: &Preamble,
) -> Result<Option<DateOrder>, ImportError> {
    let before = [preamble.printed, preamble.launched].into_iter().flatten();
    let mut shown = before.filter_map(|(written, _)| stamp::order_of(written)).next();
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
