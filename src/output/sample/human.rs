//! The sample as one reads it: what was drawn from what, and how to draw it again.

use std::io::{self, Write};

use super::Report;
use crate::output::Style;
use crate::output::table::{self, Cell, Column};
use crate::output::text::visible;
use crate::reconcile::METHOD;

const COLUMNS: [Column; 4] = [
    Column::whole("ITEM", 0),
    Column::flexible("WHAT IT IS", 20, 1),
    Column::whole("STATE", 0),
    Column::flexible("SHA-256", 12, 2),
];

pub(super) fn write(report: &Report<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let sample = report.sample;
    let (drawn, size) = (sample.drawn.len(), sample.population.len());
    writeln!(
        out,
        "{drawn} of {size} drawn from stratum {}, as of {}",
        visible(&sample.stratum.word()),
        report.as_of
    )?;
    if sample.asked > size {
        writeln!(
            out,
            "{} were asked for: the whole population is drawn",
            sample.asked
        )?;
    }
    writeln!(out, "\nseed        {}", visible(&sample.seed))?;
    writeln!(
        out,
        "population  {size} {}; period {} to {}",
        sample.stratum.items(),
        report.period.from,
        report.period.to
    )?;
    writeln!(out, "            SHA-256 {}", sample.population_sha256)?;
    writeln!(out, "commit      {}", report.commit.unwrap_or("not in git"))?;
    writeln!(out, "method      {METHOD}\n")?;
    if size == 0 {
        return writeln!(out, "nothing is in the population");
    }
    let rows: Vec<[Cell; 4]> = sample
        .drawn
        .iter()
        .map(|drawn| {
            [
                Cell::plain(&drawn.item.line),
                Cell::plain(&drawn.item.title),
                Cell::plain(drawn.item.state.replace('_', " ")),
                Cell::plain(&drawn.sha256),
            ]
        })
        .collect();
    table::write(&COLUMNS, &rows, style, out)
}
