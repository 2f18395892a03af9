//! Tables as a PDF has them: up to a stated number of rows, with the name and digest of the file that has all.

use super::super::csv;
use super::super::table::{Cell, Column, Layout, Place, Room, Table};
use super::content::{Card, Inline, Line, Pair};
use super::fit::Grid;
use super::fonts::{beginning, width};
use crate::source::sha256_hex;

/// Rows of a table that a PDF prints; the file beside it has all of them.
pub(super) const MAX_ROWS: usize = 500;
/// Characters of a table that a PDF prints.
const MAX_TABLE_CHARACTERS: usize = 300_000;
/// Characters of a line of a cell that a PDF prints.
const MAX_LINE_CHARACTERS: usize = 2_000;
/// Lines of a cell that a PDF prints.
const MAX_LINES: usize = 100;

/// Items of a list up to this length stand beside each other where there are many.
const SHORT_ITEM: usize = 14;
/// Items of such a list on one line of a tight column.
const BESIDE: usize = 2;

/// A table made fit for pages.
pub(super) struct Cut {
    pub(super) grid: Grid,
    /// The file that holds what is not printed: name and bytes.
    pub(super) twin: Option<(String, Vec<u8>)>,
}

/// Tells whether a table asks for a page on its side, where an upright one has so many points.
pub(super) fn is_wide(table: &Table, room: f64) -> bool {
    grid(table, printed(table).rows, Vec::new()).is_wide(room)
}

/// Makes the rows of a table, and where some are left out the file that has all.
pub(super) fn cut(table: &Table, id: &str) -> Cut {
    let Printed { rows, has_cut_text } = printed(table);
    let (shown, all) = (rows.len(), table.rows.len());
    if shown == all && !has_cut_text {
        let grid = grid(table, rows, Vec::new());
        return Cut { grid, twin: None };
    }
    let (name, bytes) = (format!("{id}-{}.csv", table.name), csv::write(table));
    let what = if shown < all {
        format!("The first {shown} of {all} rows stand here. ")
    } else {
        "Long texts are cut here, which is marked. ".to_owned()
    };
    let rest = vec![
        Inline::text(&format!("{what}All {all} rows, whole, are in ")),
        Inline::code(&name),
        Inline::text(", which was written beside this document, with the SHA-256 "),
        Inline::code(&sha256_hex(&bytes)),
        Inline::text("."),
    ];
    Cut {
        grid: grid(table, rows, rest),
        twin: Some((name, bytes)),
    }
}

/// The rows that are printed.
struct Printed {
    rows: Vec<Vec<Vec<Line>>>,
    has_cut_text: bool,
}

fn printed(table: &Table) -> Printed {
    let groups = table.groups();
    let mut printed = Printed {
        rows: Vec::new(),
        has_cut_text: false,
    };
    let mut characters = 0;
    for row in table.rows.iter().take(MAX_ROWS) {
        let cells: Vec<Vec<Line>> = groups
            .iter()
            .map(|group| {
                let (lines, is_cut) = cell(table, row, group);
                printed.has_cut_text |= is_cut;
                lines
            })
            .collect();
        characters += cells.iter().flatten().map(Line::length).sum::<usize>();
        if characters > MAX_TABLE_CHARACTERS && !printed.rows.is_empty() {
            break;
        }
        printed.rows.push(cells);
    }
    printed
}

fn grid(table: &Table, rows: Vec<Vec<Vec<Line>>>, rest: Vec<Inline>) -> Grid {
    let groups = table.groups();
    Grid {
        caption: vec![Inline::text(&table.caption)],
        heads: groups.iter().map(|group| table.group_title(group)).collect(),
        rooms: groups.iter().map(|group| table.columns[group[0]].room).collect(),
        numbers: groups.iter().map(|group| is_number(table, group)).collect(),
        blanks: vec![false; groups.len()],
        rows,
        rest,
    }
}

fn is_number(table: &Table, group: &[usize]) -> bool {
    let mut cells = table
        .rows
        .iter()
        .take(MAX_ROWS)
        .map(|row| &row[group[0]])
        .filter(|cell| **cell != Cell::Empty)
        .peekable();
    cells.peek().is_some() && cells.all(|cell| matches!(cell, Cell::Number(_) | Cell::Decimal(_)))
}

/// Makes the lines of a cell with those beneath it, and tells whether something was left out.
fn cell(table: &Table, row: &[Cell], group: &[usize]) -> (Vec<Line>, bool) {
    let mut lines = Vec::new();
    let mut is_cut = false;
    for index in group {
        let (column, cell) = (&table.columns[*index], &row[*index]);
        is_cut |= add(column, cell, &mut lines);
    }
    if lines.len() > MAX_LINES {
        let left = lines.len() - MAX_LINES;
        lines.truncate(MAX_LINES);
        lines.push(small(vec![Inline::text(&format!("… and {left} more"))]));
        is_cut = true;
    }
    if lines.is_empty() {
        lines.push(Line::text("–"));
    }
    (lines, is_cut)
}

fn small(parts: Vec<Inline>) -> Line {
    Line {
        is_small: true,
        parts,
    }
}

/// Adds the lines of one value, and tells whether it was cut.
fn add(column: &Column, cell: &Cell, lines: &mut Vec<Line>) -> bool {
    let is_small = column.place == Place::Beneath;
    let mut is_cut = false;
    let mut shown: Vec<Vec<Inline>> = Vec::new();
    match cell {
        Cell::Empty => return false,
        Cell::Text(text) => shown.push(vec![Inline::text(&short(text, &mut is_cut))]),
        Cell::Code(text) => shown.push(vec![Inline::code(&short(text, &mut is_cut))]),
        Cell::Number(number) => shown.push(vec![Inline::text(&number.to_string())]),
        Cell::Decimal(number) => shown.push(vec![Inline::text(&number.to_string())]),
        Cell::Mark(mark) => shown.push(vec![Inline::Mark {
            tone: mark.tone.class(),
            word: mark.word.replace('_', " "),
        }]),
        Cell::List(texts) if texts.len() > 3 && texts.iter().all(|text| text.len() <= SHORT_ITEM) => {
            // A tight column would be as wide as all of them.
            let beside = match column.room {
                Room::Tight => BESIDE,
                Room::Any | Room::Wide => texts.len(),
            };
            let joined = texts.chunks(beside).map(|some| some.join(", "));
            shown.extend(joined.map(|some| vec![Inline::text(&short(&some, &mut is_cut))]));
        }
        Cell::List(texts) => {
            shown.extend(
                texts
                    .iter()
                    .map(|text| vec![Inline::text(&short(text, &mut is_cut))]),
            );
        }
        Cell::Links(links) => {
            shown.extend(
                links
                    .iter()
                    .map(|(_, file)| vec![Inline::text(&short(file, &mut is_cut))]),
            );
        }
        Cell::Share(share) => shown.push(vec![Inline::text(&share.percent())]),
    }
    if let Some(first) = shown.first_mut().filter(|_| !column.before.is_empty()) {
        first.insert(0, Inline::text(column.before));
    }
    if let Some(last) = shown.last_mut().filter(|_| !column.after.is_empty()) {
        last.push(Inline::text(column.after));
    }
    lines.extend(shown.into_iter().map(|parts| Line { is_small, parts }));
    if let Cell::Share(share) = cell {
        lines.push(small(vec![Inline::text(&share.basis())]));
    }
    is_cut
}

/// Returns the beginning of a text, and says where it was cut.
fn short(text: &str, is_cut: &mut bool) -> String {
    match text.char_indices().nth(MAX_LINE_CHARACTERS) {
        Some((end, _)) => {
            *is_cut = true;
            format!("{} … (cut)", &text[..end])
        }
        None => text.to_owned(),
    }
}

/// A value of so many points stands beside another; a longer one has the whole width.
const HALF: f64 = 150.0;
/// The size of letters of facts, in points; the page has the same number.
const FACT_SIZE: f64 = 8.5;

/// Makes pairs of a name and a value, two a line where both are short.
pub(super) fn facts(table: &Table) -> Vec<Vec<Pair>> {
    let mut made: Vec<Vec<Pair>> = Vec::new();
    let mut has_half = false;
    for row in &table.rows {
        let value = cell(table, row, &[1]).0;
        let points = value.iter().map(Line::width).fold(0.0, f64::max) * FACT_SIZE;
        let is_short = points <= HALF && value.len() == 1;
        let pair = Pair {
            name: cell(table, row, &[0]).0,
            value,
        };
        match made.last_mut().filter(|_| has_half && is_short) {
            Some(line) => {
                line.push(pair);
                has_half = false;
            }
            None => {
                made.push(vec![pair]);
                has_half = is_short;
            }
        }
    }
    made
}

/// Makes a few large figures: the first column is the label, the second the figure, the rest stands beneath.
pub(super) fn cards(table: &Table) -> Vec<Card> {
    let groups = table.groups();
    let rows = table.rows.iter().take(MAX_ROWS);
    let card = |row: &Vec<Cell>| {
        let mut shown = groups.iter().map(|group| &group[..1]);
        let mut next = || {
            shown
                .next()
                .map(|group| cell(table, row, group).0)
                .unwrap_or_default()
        };
        let (label, figure) = (next(), next());
        let notes = groups.iter().skip(2).map(|group| &group[..1]);
        Card {
            label,
            figure,
            notes: notes
                .filter(|group| row[group[0]] != Cell::Empty)
                .map(|group| cell(table, row, group).0)
                .collect(),
        }
    };
    rows.map(card).collect()
}

/// Tells whether a table is rows, not pairs or figures.
pub(super) fn has_rows(table: &Table) -> bool {
    match table.layout {
        Layout::Facts | Layout::Cards => false,
        Layout::Plain | Layout::Sortable | Layout::Filterable => true,
    }
}

/// Makes a table that a template spelt out.
pub(super) fn spelt(mut rows: Vec<Vec<Vec<Inline>>>) -> Grid {
    let heads = if rows.is_empty() {
        Vec::new()
    } else {
        rows.remove(0)
    };
    let line = |parts: Vec<Inline>| {
        vec![Line {
            is_small: false,
            parts,
        }]
    };
    let rows: Vec<Vec<Vec<Line>>> = rows
        .into_iter()
        .map(|cells| cells.into_iter().map(line).collect())
        .collect();
    let words = |parts: &Vec<Inline>| {
        let text = parts.iter().map(Inline::words);
        text.collect::<String>()
    };
    let is_wide = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).flatten();
        cells.map(Line::width).fold(0.0, f64::max) > width("as wide as a sentence of some words")
    };
    let blanks = (0..heads.len()).map(|column| is_blank(&rows, column)).collect();
    Grid {
        caption: Vec::new(),
        blanks,
        rooms: (0..heads.len())
            .map(|column| if is_wide(column) { Room::Wide } else { Room::Any })
            .collect(),
        numbers: vec![false; heads.len()],
        heads: heads.iter().map(|head| beginning(&words(head))).collect(),
        rows,
        rest: Vec::new(),
    }
}

/// The sign of a box to tick.
const BOX: char = '☐';

/// Tells whether a column waits for a pen: it has cells without a word, and no other but boxes to tick.
fn is_blank(rows: &[Vec<Vec<Line>>], column: usize) -> bool {
    let mut cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| {
        let parts = cell.iter().flat_map(|line| &line.parts);
        parts.map(Inline::words).collect::<String>()
    });
    let mut has_room = false;
    let is_open = cells.all(|words| {
        has_room |= words.is_empty();
        words.is_empty() || words.contains(BOX)
    });
    is_open && has_room
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_without_a_word_waits_for_a_pen() {
        let row = |cells: [&str; 4]| {
            let cells = cells.iter().map(|text| match *text {
                "" => Vec::new(),
                text => vec![Inline::text(text)],
            });
            cells.collect()
        };
        let rows = [
            ["No.", "Done", "Reason", "Independent"],
            ["1", "☐", "", "☐ yes ☐ no:"],
            ["2", "☐", "", ""],
        ];
        let grid = spelt(rows.map(row).to_vec());
        assert_eq!(grid.blanks, [false, false, true, true]);
    }

    #[test]
    fn a_tight_column_has_two_short_items_a_line() {
        let cell_of = |column: Column| {
            let items = ["A.8.3.1", "A.8.3.2", "A.8.3.3", "A.11.2.5", "A.12.1.1"];
            let mut lines = Vec::new();
            add(&column, &Cell::list(items), &mut lines);
            lines.len()
        };
        assert_eq!(cell_of(Column::new("ids", "Ids").tight()), 3);
        assert_eq!(cell_of(Column::new("ids", "Ids")), 1);
    }
}
