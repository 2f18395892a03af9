//! Aligned columns that fit the line.

use std::io::{self, Write};

use super::Style;
use super::text::{Paint, fit, painted, visible, width};

const GAP: usize = 2;

/// One column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    title: &'static str,
    /// The width below which it is never cut.
    least: usize,
    /// The column of the highest rank is the first to be left out where there is no room; 0 never is.
    rank: u8,
}

impl Column {
    /// A column whose cells are never cut.
    pub(super) const fn whole(title: &'static str, rank: u8) -> Self {
        Self {
            title,
            least: usize::MAX,
            rank,
        }
    }

    /// A column whose cells may be cut down to a width.
    pub(super) const fn flexible(title: &'static str, least: usize, rank: u8) -> Self {
        Self { title, least, rank }
    }
}

/// One cell; its text is made harmless here.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    text: String,
    paint: Option<Paint>,
}

impl Cell {
    pub(super) fn plain(text: impl AsRef<str>) -> Self {
        Self {
            text: visible(text.as_ref()).into_owned(),
            paint: None,
        }
    }

    pub(super) fn painted(text: impl AsRef<str>, paint: Option<Paint>) -> Self {
        Self {
            paint,
            ..Self::plain(text)
        }
    }
}

/// Writes a heading and the rows, and says which columns found no room.
pub(super) fn write<const N: usize>(
    columns: &[Column; N],
    rows: &[[Cell; N]],
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let natural: [usize; N] = std::array::from_fn(|index| {
        let cells = rows.iter().map(|row| width(&row[index].text)).max().unwrap_or(0);
        cells.max(width(columns[index].title))
    });
    let shown = shown(columns, &natural, style.width);
    let widths = widths(columns, &natural, &shown, style.width);
    let heading = columns.map(|column| Cell::painted(column.title, Some(Paint::Bold)));
    for row in std::iter::once(&heading).chain(rows) {
        write_row(
            shown.iter().map(|index| (&row[*index], widths[*index])),
            style,
            out,
        )?;
    }
    let left_out: Vec<&str> = (0..N)
        .filter(|index| !shown.contains(index))
        .map(|index| columns[index].title)
        .collect();
    if left_out.is_empty() {
        Ok(())
    } else {
        writeln!(out, "no room for {}", left_out.join(", "))
    }
}

fn write_row<'a>(
    cells: impl Iterator<Item = (&'a Cell, usize)>,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut owed = 0;
    for (cell, columns) in cells {
        let text = fit(&cell.text, columns);
        if !text.is_empty() {
            write!(out, "{:owed$}{}", "", painted(style, cell.paint, &text))?;
            owed = 0;
        }
        // Blanks are written before the next text only, so that no line ends in them.
        owed += columns.saturating_sub(width(&text)) + GAP;
    }
    writeln!(out)
}

fn total(widths: impl Iterator<Item = usize>) -> usize {
    widths.map(|width| width + GAP).sum::<usize>().saturating_sub(GAP)
}

/// Leaves columns out until the rest fits when it is cut as far as it may be, or none may be left out.
fn shown<const N: usize>(columns: &[Column; N], natural: &[usize; N], limit: usize) -> Vec<usize> {
    let mut shown: Vec<usize> = (0..N).collect();
    while total(
        shown
            .iter()
            .map(|index| natural[*index].min(columns[*index].least)),
    ) > limit
    {
        let Some(last) = shown.iter().copied().max_by_key(|index| columns[*index].rank) else {
            break;
        };
        if columns[last].rank == 0 {
            break;
        }
        shown.retain(|index| *index != last);
    }
    shown
}

/// Takes room from the widest column that may still shrink, until the line fits or none may.
fn widths<const N: usize>(
    columns: &[Column; N],
    natural: &[usize; N],
    shown: &[usize],
    limit: usize,
) -> [usize; N] {
    let mut widths = *natural;
    loop {
        let over = total(shown.iter().map(|index| widths[*index])).saturating_sub(limit);
        let shrinks = |index: &usize| widths[*index] > columns[*index].least;
        let Some(widest) = shown
            .iter()
            .copied()
            .filter(shrinks)
            .max_by_key(|index| widths[*index])
        else {
            return widths;
        };
        if over == 0 {
            return widths;
        }
        let others = shown.iter().filter(|index| **index != widest && shrinks(index));
        let next = others.map(|index| widths[*index]).max().unwrap_or(0);
        // Goes down to the next widest at once and then by one, so that equals share the loss.
        let floor = columns[widest].least.max(next.min(widths[widest] - 1));
        widths[widest] = (widths[widest] - over.min(widths[widest])).max(floor);
    }
}
