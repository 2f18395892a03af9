//! What would have been, as one reads it: the cells, the counts, the findings that turn.

use std::io::{self, Write};

use super::{RATES, Report};
use crate::diagnostic::counted;
use crate::model::{AsOf, MatrixCell, TimeUnit};
use crate::output::Style;
use crate::output::table::{self, Cell, Column};
use crate::output::text::{Paint, minute, painted, visible};
use crate::reconcile::{CellChange, Had, Tally, Turned, Verdict};

/// Findings that are shown; the JSON has all.
const MAX_ROWS: usize = 100;

pub(super) fn write(report: &Report<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let period = report.is.period;
    writeln!(
        out,
        "What if, as of {}, period {} to {}",
        report.is.as_of, period.from, period.to
    )?;
    for (change, had) in report.changes.iter().zip(report.had) {
        writeln!(out, "{}", visible(&cell_in_words(change, had)))?;
    }
    write_tallies(report, style, out)?;
    write_rates(report, style, out)?;
    write_turned(report, style, out)
}

fn cell_in_words(change: &CellChange, had: &[Had]) -> String {
    let had: Vec<String> = had
        .iter()
        .map(|(id, cell)| format!("`{id}` has {}", time(cell)))
        .collect();
    format!(
        "{}/{} in {}: {}",
        change.severity,
        change.tier,
        counted(change.days, "day"),
        had.join(", ")
    )
}

fn time(cell: &MatrixCell) -> String {
    match (cell.days, cell.hours, cell.unit) {
        (_, Some(hours), _) => format!("{hours} h"),
        (Some(days), None, Some(TimeUnit::Business)) => format!("{days} working days"),
        (Some(days), None, Some(TimeUnit::Calendar) | None) => format!("{days} d"),
        (None, None, _) => "no time".into(),
    }
}

fn heading(title: &str, style: Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{}", painted(style, Some(Paint::Bold), title))
}

fn write_tallies(report: &Report<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    heading("Late in the period", style, out)?;
    const COLUMNS: [Column; 7] = [
        Column::whole("SEVERITY", 0),
        Column::flexible("TIER", 8, 0),
        Column::whole("FINDINGS", 1),
        Column::whole("WERE", 0),
        Column::whole("WOULD HAVE BEEN", 0),
        Column::whole("NEWLY", 0),
        Column::whole("NO LONGER", 0),
    ];
    let row = |severity: &str, tier: &str, tally: &Tally| {
        [
            Cell::plain(severity),
            Cell::plain(tier),
            Cell::plain(tally.findings.to_string()),
            Cell::plain(tally.breached.to_string()),
            Cell::plain(tally.would_breach.to_string()),
            Cell::plain(tally.newly.to_string()),
            Cell::plain(tally.no_longer.to_string()),
        ]
    };
    let tallies = report.difference.tallies.iter();
    let mut rows: Vec<[Cell; 7]> = tallies
        .map(|((severity, tier), tally)| row(severity.0.word(), tier.as_deref().unwrap_or("none"), tally))
        .collect();
    rows.push(row("all", "", &report.difference.total));
    table::write(&COLUMNS, &rows, style, out)
}

fn write_rates(report: &Report<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    heading("Rates", style, out)?;
    const COLUMNS: [Column; 3] = [
        Column::whole("RATE", 0),
        Column::whole("IS", 0),
        Column::whole("WOULD BE", 0),
    ];
    let text = |register: &crate::reconcile::Register<'_>, name: &str| {
        register.kpis.get(name).map_or_else(String::new, |kpi| {
            format!(
                "{} ({} of {})",
                kpi.value(),
                kpi.rate.numerator,
                kpi.rate.denominator
            )
        })
    };
    let rows = RATES.map(|name| {
        [
            Cell::plain(name),
            Cell::plain(text(report.is, name)),
            Cell::plain(text(report.would_be, name)),
        ]
    });
    table::write(&COLUMNS, &rows, style, out)
}

fn write_turned(report: &Report<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    heading("Findings that turn", style, out)?;
    let turned = &report.difference.turned;
    if turned.is_empty() {
        return writeln!(out, "none");
    }
    const COLUMNS: [Column; 9] = [
        Column::flexible("HOST", 14, 0),
        Column::flexible("VULNERABILITY", 14, 0),
        Column::whole("SEVERITY", 0),
        Column::flexible("TIER", 8, 2),
        Column::flexible("SYSTEM", 12, 3),
        Column::whole("DUE", 1),
        Column::whole("WOULD BE DUE", 0),
        Column::whole("IS", 0),
        Column::whole("WOULD BE", 0),
    ];
    let rows: Vec<[Cell; 9]> = turned
        .iter()
        .take(MAX_ROWS)
        .map(|one| row(one, report.is.as_of))
        .collect();
    table::write(&COLUMNS, &rows, style, out)?;
    let more = turned.len() - rows.len();
    if more > 0 {
        writeln!(out, "… and {more} more; `--format json` has all")?;
    }
    Ok(())
}

fn row(turned: &Turned<'_>, as_of: AsOf) -> [Cell; 9] {
    let is = turned.is;
    let verdict = |verdict: Verdict| {
        let paint = match verdict {
            Verdict::Breached | Verdict::BreachedOutside => Some(Paint::Red),
            Verdict::Open | Verdict::LeftOut => None,
            Verdict::ByDecision => Some(Paint::Cyan),
            Verdict::InTime => Some(Paint::Green),
        };
        Cell::painted(verdict.word().replace('_', " "), paint)
    };
    [
        Cell::plain(&is.host),
        Cell::plain(&is.vuln),
        Cell::plain(is.severity.word()),
        Cell::plain(is.tier.as_deref().unwrap_or("none")),
        Cell::plain(is.system.as_ref().map_or("none", |system| system.as_str())),
        Cell::plain(minute(is.base_due, as_of)),
        Cell::plain(minute(turned.would_be.base_due, as_of)),
        verdict(turned.verdict),
        verdict(turned.would),
    ]
}
