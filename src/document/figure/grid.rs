//! A grid of cells, the heavier the darker: heat grids and risk matrices.

use serde::Serialize;

use super::pen::{Fill, Pen, WIDTH, cut};
use crate::document::words::spaced;

/// One cell.
#[derive(Clone, Debug, Serialize)]
pub(in crate::document) struct GridCell {
    /// How many things are in it.
    pub(in crate::document) count: u64,
    /// Which of the legend's steps it has.
    pub(in crate::document) step: usize,
}

/// Rows and columns of cells.
#[derive(Clone, Debug, Serialize)]
pub(in crate::document) struct Grid {
    /// What the rows are, and what the columns are.
    pub(in crate::document) axes: (&'static str, &'static str),
    pub(in crate::document) columns: Vec<String>,
    /// The label of each row, with a cell for each column; a cell that is not there stays empty.
    pub(in crate::document) rows: Vec<(String, Vec<Option<GridCell>>)>,
    /// The words of the steps, the mildest first.
    pub(in crate::document) steps: Vec<String>,
}

const LABEL: u64 = 150;
const ROW: u64 = 34;

impl Grid {
    pub(super) fn description(&self, unit: &str) -> String {
        let rows = self.rows.iter().flat_map(|(label, cells)| {
            let cells = self.columns.iter().zip(cells);
            cells.filter_map(move |(column, cell)| {
                let cell = cell.as_ref().filter(|cell| cell.count > 0)?;
                let step = self.steps.get(cell.step).map_or("", String::as_str);
                Some(format!("{label}, {column}: {} ({step})", cell.count))
            })
        });
        let cells: Vec<String> = rows.collect();
        let (of_rows, of_columns) = self.axes;
        if cells.is_empty() {
            return format!("{of_rows} by {of_columns}: no {unit}.");
        }
        format!("{unit} by {of_rows} and {of_columns}: {}.", cells.join("; "))
    }

    /// Draws the grid and returns the height of the figure.
    pub(super) fn draw(&self, pen: &mut Pen) -> u64 {
        let steps = self.steps.len();
        let words: Vec<String> = self.steps.iter().map(|word| spaced(word)).collect();
        let legend = pen.legend(
            words
                .iter()
                .enumerate()
                .map(|(step, word)| (fill(step, steps), word.as_str())),
        );
        let (of_rows, of_columns) = self.axes;
        let width = ((WIDTH - LABEL) / (self.columns.len() as u64).max(1)).min(120);
        let top = legend + 44;
        pen.text((LABEL, legend + 16), "total", of_columns);
        pen.text((LABEL - 10, legend + 36), "end total", of_rows);
        for (number, column) in self.columns.iter().enumerate() {
            let x = LABEL + width * number as u64 + width / 2;
            pen.text((x, legend + 36), "middle", &cut(&spaced(column), width - 4));
        }
        for (index, (label, cells)) in self.rows.iter().enumerate() {
            let y = top + ROW * index as u64;
            pen.text((LABEL - 10, y + 22), "end", &cut(&spaced(label), LABEL - 10));
            for (number, cell) in cells.iter().enumerate() {
                let x = LABEL + width * number as u64;
                let Some(cell) = cell else {
                    pen.path("rule", &format!("M{x} {y}h{width}v{ROW}h-{width}z"));
                    continue;
                };
                let fill = fill(cell.step, steps);
                pen.rectangle(fill, [x, y, width, ROW]);
                if cell.count > 0 {
                    let place = (x + width / 2, y + 22);
                    pen.text(place, fill.number_class(), &cell.count.to_string());
                }
            }
        }
        top + ROW * self.rows.len() as u64 + 4
    }
}

/// Returns the pattern of a step: the gravest is solid, the mildest blank.
fn fill(step: usize, steps: usize) -> Fill {
    const MILD_TO_GRAVE: [Fill; 5] = [Fill::Blank, Fill::Dotted, Fill::Lined, Fill::Hatched, Fill::Solid];
    let last = MILD_TO_GRAVE.len() - 1;
    if steps <= 1 {
        return Fill::Blank;
    }
    MILD_TO_GRAVE[(step * last / (steps - 1)).min(last)]
}
