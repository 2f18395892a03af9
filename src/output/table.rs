//! Aligned columns that fit the line.

use std::io::{self, Write};

use super::Style;
use super::text::{Paint, fit, painted, visible, width};

const GAP: usize = 2;

/// One column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) title: &'static str,
    /// The width below which it is never cut; `usize::MAX` when it is never cut at all.
    pub(super) least: usize,
}

impl Column {
    /// A column that is shown whole.
    pub(super) const fn whole(title: &'static str) -> Self {
        Self {
            title,
            least: usize::MAX,
        }
    }

    /// A column that may be cut down to a width.
    pub(super) const fn flexible(title: &'static str, least: usize) -> Self {
        Self { title, least }
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

/// Writes a heading and the rows.
pub(super) fn write<const N: usize>(
    columns: &[Column; N],
    rows: &[[Cell; N]],
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let widths = widths(columns, rows, style.width);
    let heading = columns.map(|column| Cell::painted(column.title, Some(Paint::Bold)));
    for row in std::iter::once(&heading).chain(rows) {
        write_row(row, &widths, style, out)?;
    }
    Ok(())
}

fn write_row<const N: usize>(
    row: &[Cell; N],
    widths: &[usize; N],
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut owed = 0;
    for (cell, columns) in row.iter().zip(widths) {
        let text = fit(&cell.text, *columns);
        if !text.is_empty() {
            write!(out, "{:owed$}{}", "", painted(style, cell.paint, &text))?;
            owed = 0;
        }
        // Blanks are written before the next text only, so that no line ends in them.
        owed += columns.saturating_sub(width(&text)) + GAP;
    }
    writeln!(out)
}

/// Takes columns off the widest column that may still shrink, until the line fits or none may.
fn widths<const N: usize>(columns: &[Column; N], rows: &[[Cell; N]], limit: usize) -> [usize; N] {
    let mut widths: [usize; N] = std::array::from_fn(|index| {
        let cells = rows.iter().map(|row| width(&row[index].text)).max().unwrap_or(0);
        cells.max(width(columns[index].title))
    });
    loop {
        let total = widths.iter().sum::<usize>() + GAP * N.saturating_sub(1);
        let widest = (0..N)
            .filter(|index| widths[*index] > columns[*index].least)
            .max_by_key(|index| widths[*index]);
        match widest {
            Some(index) if total > limit => {
                let wish = widths[index].saturating_sub(total - limit);
                let runner_up = (0..N)
                    .filter(|other| *other != index && widths[*other] > columns[*other].least)
                    .map(|other| widths[other])
                    .max()
                    .unwrap_or(0);
                // Shrinks to the next widest at once, then by one, so that equals share the loss.
                widths[index] = wish
                    .max(columns[index].least)
                    .max(runner_up.min(widths[index] - 1));
            }
            _ => return widths,
        }
    }
}
