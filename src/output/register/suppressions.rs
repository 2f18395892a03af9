//! What scanners hide, as a table.

use std::io::{self, Write};

use crate::model::AsOf;
use crate::output::Style;
use crate::output::table::{self, Cell, Column};
use crate::output::text::Paint;
use crate::reconcile::{HiddenBy, Suppressed, SuppressedState};

/// Rows that are shown; the JSON has all.
const MAX_ROWS: usize = 50;
const COLUMNS: [Column; 6] = [
    Column::whole("STATE", 0),
    Column::flexible("BY", 10, 0),
    Column::flexible("WHAT", 14, 0),
    Column::whole("UNTIL", 1),
    Column::flexible("RECORDS", 10, 1),
    Column::flexible("WHERE", 16, 2),
];

/// Writes the worst first.
pub(super) fn write(all: &[Suppressed], as_of: AsOf, style: Style, out: &mut dyn Write) -> io::Result<()> {
    const WORST_FIRST: [SuppressedState; 4] = [
        SuppressedState::Uncovered,
        SuppressedState::Outlasting,
        SuppressedState::Dead,
        SuppressedState::Covered,
    ];
    let of = |state: SuppressedState| all.iter().filter(move |one| one.state == state);
    let rows: Vec<[Cell; 6]> = WORST_FIRST
        .into_iter()
        .flat_map(of)
        .take(MAX_ROWS)
        .map(|one| row(one, as_of))
        .collect();
    table::write(&COLUMNS, &rows, style, out)?;
    let more = all.len() - rows.len();
    if more > 0 {
        writeln!(out, "… and {more} more; `--format json` has all")?;
    }
    Ok(())
}

fn row(one: &Suppressed, as_of: AsOf) -> [Cell; 6] {
    let (by, place) = match &one.by {
        HiddenBy::IgnoreFile { tool, span } => {
            (tool.word().to_owned(), format!("{}:{}", one.file, span.line))
        }
        HiddenBy::Scanner { observer, host, .. } => (observer.to_string(), format!("{host}, {}", one.file)),
    };
    let paint = match one.state {
        SuppressedState::Uncovered | SuppressedState::Outlasting => Some(Paint::Red),
        SuppressedState::Dead => Some(Paint::Yellow),
        SuppressedState::Covered => None,
    };
    let until = one.until.map_or_else(
        || "no end".to_owned(),
        |until| as_of.zone().day_of(until).to_string(),
    );
    let records: Vec<&str> = one.standing().map(|record| record.id.as_str()).collect();
    [
        Cell::painted(one.state.word(), paint),
        Cell::plain(by),
        Cell::plain(one.id.clone().unwrap_or_else(|| one.narrowed_to.join(", "))),
        Cell::plain(until),
        Cell::plain(records.join(" ")),
        Cell::plain(place),
    ]
}
