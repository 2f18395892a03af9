//! Controls and checkpoints by month, as a table and as a figure.

use std::collections::BTreeSet;

use super::super::figure::{Drawing, Figure, Grid, GridCell};
use super::super::table::{Cell, Column, Layout, Table};
use crate::model::controls::{ControlRef, Edition, control};
use crate::model::{Checkpoint, ControlText, Date, Evidence, Record, Soa, SoaEntry};
use crate::reconcile::Register;

/// The matrix has so many months.
pub(super) const MONTHS: usize = 12;

/// Twelve months in a row; a month is counted from the year 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Months {
    first: i32,
    /// The first month that has not ended yet.
    running: i32,
}

fn month_of(day: Date) -> i32 {
    day.year() * 12 + day.month().cast_signed() - 1
}

impl Months {
    /// Returns the twelve months of which the last holds a day.
    pub(super) fn to(day: Date) -> Self {
        let last = month_of(day);
        Self {
            first: last + 1 - MONTHS as i32,
            running: month_of(day.plus_days(1)),
        }
    }

    /// Returns a month such as `2026-09`.
    pub(super) fn name(self, index: usize) -> String {
        let month = self.first + index as i32;
        format!("{:04}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1)
    }

    /// Tells of each month whether the stretch of `step` months that holds it has ended.
    fn ended(self, step: i32) -> [bool; MONTHS] {
        std::array::from_fn(|index| {
            let month = self.first + index as i32;
            month.div_euclid(step) * step + step <= self.running
        })
    }

    /// Returns the indices of the months of a span that are among the twelve.
    fn within(self, (from, to): (i32, i32)) -> impl Iterator<Item = usize> {
        let first = self.first;
        (0..MONTHS).filter(move |index| (from..=to).contains(&(first + *index as i32)))
    }
}

/// How often a checkpoint asks for evidence, in months; `None` where it does not say.
fn step_of(checkpoint: &Checkpoint) -> Option<i32> {
    match checkpoint.period.as_deref()?.to_lowercase().as_str() {
        "day" | "daily" | "week" | "weekly" | "month" | "monthly" => Some(1),
        "quarter" | "quarterly" => Some(3),
        "half-year" | "half_year" => Some(6),
        "year" | "yearly" | "annual" => Some(12),
        _ => None,
    }
}

/// Returns the months that evidence speaks of: those of its period, else that in which it was produced.
fn span_of(register: &Register<'_>, evidence: &Evidence) -> (i32, i32) {
    let produced = month_of(register.as_of.zone().day_of(evidence.produced_at.value.utc()));
    evidence
        .period
        .as_deref()
        .and_then(parse_period)
        .unwrap_or((produced, produced))
}

/// Reads `2026`, `2026-Q3`, `2026-09` or `2026-09-12` as first and last month.
fn parse_period(text: &str) -> Option<(i32, i32)> {
    let mut parts = text.split('-');
    let first: i32 = parts.next()?.parse::<i32>().ok()? * 12;
    match parts.next() {
        None => Some((first, first + 11)),
        Some(part) => match part.strip_prefix('Q') {
            Some(quarter) => {
                let from = first + (quarter.parse::<i32>().ok()? - 1) * 3;
                Some((from, from + 2))
            }
            None => {
                let month = first + part.parse::<i32>().ok()? - 1;
                Some((month, month))
            }
        },
    }
}

/// One row of the matrix: a control, or a checkpoint of one.
pub(super) struct Line<'a> {
    pub(super) entry: &'a SoaEntry,
    pub(super) checkpoint: Option<&'a Checkpoint>,
    pub(super) title: String,
    /// The ids of the evidence of each month.
    evidence: [BTreeSet<&'a str>; MONTHS],
    /// Whether evidence is asked for in each month.
    asked: [bool; MONTHS],
}

impl Line<'_> {
    fn label(&self) -> &str {
        let control = self.entry.control.value.as_str();
        self.checkpoint
            .map_or(control, |checkpoint| checkpoint.id.as_str())
    }

    /// Tells whether a piece of evidence is for any month.
    pub(super) fn is_proved_by(&self, piece: &str) -> bool {
        self.evidence.iter().any(|of_month| of_month.contains(piece))
    }

    /// Tells whether there is evidence in any month.
    pub(super) fn has_any(&self) -> bool {
        self.evidence.iter().any(|of_month| !of_month.is_empty())
    }

    /// Returns for how many months evidence is asked for.
    pub(super) fn asked(&self) -> usize {
        self.asked.iter().filter(|is_asked| **is_asked).count()
    }

    /// Returns the months for which evidence is asked for and missing.
    pub(super) fn missing(&self) -> impl Iterator<Item = usize> {
        let asked = self.asked.iter().enumerate().filter(|(_, is_asked)| **is_asked);
        asked
            .map(|(index, _)| index)
            .filter(|index| self.evidence[*index].is_empty())
    }
}

/// Lists each applicable control with its checkpoints, in the order of the statement.
pub(super) fn lines<'a>(
    register: &Register<'_>,
    soa: &'a Soa,
    pieces: &[&'a Record<Evidence>],
    months: Months,
) -> Vec<Line<'a>> {
    let edition = soa.edition.value;
    let mut lines = Vec::new();
    for entry in soa.entries.value.iter().filter(|entry| entry.applicable.value) {
        let id = entry.control.value.as_str();
        let built_in = control(edition, id).map(|control| control.title);
        let title = entry.title.as_deref().or(built_in).unwrap_or_default();
        let of_control = pieces.iter().filter(|piece| is_for(&piece.spec, edition, entry));
        let mut line = Line {
            entry,
            checkpoint: None,
            title: title.to_owned(),
            evidence: Default::default(),
            asked: [false; MONTHS],
        };
        for piece in of_control {
            for index in months.within(span_of(register, &piece.spec)) {
                line.evidence[index].insert(piece.id().as_str());
            }
        }
        lines.push(line);
        for checkpoint in &entry.checkpoints {
            lines.push(checkpoint_line(register, (entry, checkpoint), pieces, months));
        }
    }
    lines
}

/// A checkpoint is proved by evidence that names it; for a longer period one piece in it is enough.
fn checkpoint_line<'a>(
    register: &Register<'_>,
    (entry, checkpoint): (&'a SoaEntry, &'a Checkpoint),
    pieces: &[&'a Record<Evidence>],
    months: Months,
) -> Line<'a> {
    let step = step_of(checkpoint);
    let mut line = Line {
        entry,
        checkpoint: Some(checkpoint),
        title: checkpoint.question.clone(),
        evidence: Default::default(),
        asked: step.map_or([false; MONTHS], |step| months.ended(step)),
    };
    for piece in pieces {
        if piece
            .spec
            .checkpoints
            .iter()
            .any(|named| named.value == checkpoint.id)
        {
            let (from, to) = span_of(register, &piece.spec);
            let step = step.unwrap_or(1);
            let whole = (
                from.div_euclid(step) * step,
                to.div_euclid(step) * step + step - 1,
            );
            for index in months.within(whole) {
                line.evidence[index].insert(piece.id().as_str());
            }
        }
    }
    line
}

/// Tells whether evidence is for a control, by its own id, or by the crosswalk from the edition of 2013.
fn is_for(evidence: &Evidence, edition: Edition, entry: &SoaEntry) -> bool {
    let mut controls = evidence.controls.iter();
    controls.any(|text| is_named(&text.value, edition, entry))
}

/// Tells whether a record that names a control means that of an entry.
pub(in crate::document) fn is_named(text: &ControlText, edition: Edition, entry: &SoaEntry) -> bool {
    let id = entry.control.value.as_str();
    match text.0.parse::<ControlRef>() {
        Ok(reference) if reference.edition() == edition.to_string() => reference.control() == id,
        Ok(reference) => edition == Edition::Iso2022 && reference.resolve_2022().contains(&id),
        Err(_) => text.0.rsplit('/').next() == Some(id) && entry.custom,
    }
}

const HEAD: usize = 2;

/// Columns for twelve months in the order of the calendar, the last being that of `last`, 0 to 11.
const fn columns(last: usize) -> [Column; HEAD + MONTHS + 1] {
    const NAMES: [(&str, &str); MONTHS] = [
        ("jan", "Jan"),
        ("feb", "Feb"),
        ("mar", "Mar"),
        ("apr", "Apr"),
        ("may", "May"),
        ("jun", "Jun"),
        ("jul", "Jul"),
        ("aug", "Aug"),
        ("sep", "Sep"),
        ("oct", "Oct"),
        ("nov", "Nov"),
        ("dec", "Dec"),
    ];
    let mut columns = [Column::new("", ""); HEAD + MONTHS + 1];
    columns[0] = Column::new("control", "Control or checkpoint");
    columns[1] = Column::beneath("title", "");
    let mut index = 0;
    while index < MONTHS {
        let (key, title) = NAMES[(last + 1 + index) % MONTHS];
        columns[HEAD + index] = Column::new(key, title);
        index += 1;
    }
    columns[HEAD + MONTHS] = Column::data("evidence");
    columns
}

/// The columns by the last month.
static COLUMNS: [[Column; HEAD + MONTHS + 1]; MONTHS] = [
    columns(0),
    columns(1),
    columns(2),
    columns(3),
    columns(4),
    columns(5),
    columns(6),
    columns(7),
    columns(8),
    columns(9),
    columns(10),
    columns(11),
];

/// Counts the evidence of each control and month.
pub(super) fn matrix_table(lines: &[Line<'_>], months: Months) -> Table {
    let rows = lines.iter().map(|line| {
        let mut row = vec![Cell::text(line.label()), Cell::text(line.title.as_str())];
        row.extend(line.evidence.iter().zip(line.asked).map(|(of_month, is_asked)| {
            match (of_month.len(), is_asked) {
                (0, true) => Cell::text("none"),
                (0, false) => Cell::text("–"),
                (pieces, _) => Cell::count(pieces),
            }
        }));
        let all: BTreeSet<&str> = line.evidence.iter().flatten().copied().collect();
        row.push(Cell::list(all));
        row
    });
    let last = (months.first + MONTHS as i32 - 1).rem_euclid(12) as usize;
    Table {
        name: "matrix",
        caption: format!(
            "Pieces of evidence by control and month, {} to {}",
            months.name(0),
            months.name(MONTHS - 1)
        ),
        layout: Layout::Plain,
        columns: &COLUMNS[last],
        rows: rows.collect(),
        when_empty: "There is no Statement of Applicability, so there is no control to prove.",
    }
}

/// Draws the lines that have evidence or ask for it; the others would be empty rows.
pub(super) fn matrix_figure(lines: &[Line<'_>], months: Months) -> Option<Figure> {
    let shown = lines.iter().filter(|line| line.has_any() || line.asked() > 0);
    let rows = shown.map(|line| {
        let cells = line.evidence.iter().zip(line.asked).map(|(of_month, is_asked)| {
            let count = of_month.len() as u64;
            let is_shown = count > 0 || is_asked;
            is_shown.then_some(GridCell {
                count,
                step: of_month.len().min(2),
            })
        });
        (line.label().to_owned(), cells.collect())
    });
    let rows: Vec<(String, Vec<Option<GridCell>>)> = rows.collect();
    if rows.is_empty() {
        return None;
    }
    // The year stands in the caption; a cell has room for the month.
    let columns = (0..MONTHS).map(|index| months.name(index)[2..].to_owned());
    Some(Figure {
        name: "matrix",
        title: "Evidence by control and month, where there is any or a checkpoint asks for it".into(),
        unit: "pieces of evidence",
        drawing: Drawing::Grid(Grid {
            axes: ("control", "month"),
            columns: columns.collect(),
            rows,
            steps: vec!["asked for, none".into(), "one".into(), "two or more".into()],
        }),
    })
}

const GAPS: &[Column] = &[
    Column::new("checkpoint", "Checkpoint").tight(),
    Column::beneath("control", "").around("of control ", "").tight(),
    Column::new("question", "Question").wide(),
    Column::new("asked", "Asked for every"),
    Column::beneath("sort", ""),
    Column::new("missing", "Months without evidence"),
    Column::new("months", "These are").wide(),
    Column::new("owner", "Who acts").tight(),
];

/// Lists the months for which a checkpoint asks for evidence and there is none.
pub(super) fn gap_table(lines: &[Line<'_>], months: Months) -> Table {
    let rows = lines.iter().filter_map(|line| {
        let checkpoint = line.checkpoint?;
        let missing: Vec<usize> = line.missing().collect();
        (!missing.is_empty()).then(|| {
            vec![
                Cell::text(checkpoint.id.as_str()),
                Cell::text(line.entry.control.value.as_str()),
                Cell::text(checkpoint.question.as_str()),
                Cell::maybe(checkpoint.period.as_deref()),
                Cell::maybe(
                    checkpoint
                        .evidence_type
                        .as_ref()
                        .map(|sort| sort.replace('_', " ")),
                ),
                Cell::text(format!("{} of {}", missing.len(), line.asked())),
                Cell::list(stretches(&missing, months)),
                Cell::maybe_shown(line.entry.owner.as_ref()),
            ]
        })
    });
    Table {
        name: "gaps",
        caption: "Checkpoints with months without evidence".into(),
        layout: Layout::Sortable,
        columns: GAPS,
        rows: rows.collect(),
        when_empty: "Every checkpoint that names a period has evidence for each month.",
    }
}

const UNCOVERED: &[Column] = &[
    Column::new("control", "Control").tight(),
    Column::new("title", "Title").wide(),
    Column::new("owner", "Who acts").tight(),
];

/// Lists applicable controls without any evidence in the twelve months.
pub(super) fn uncovered_table(soa: Option<&Soa>, lines: &[Line<'_>]) -> Table {
    let controls = lines.iter().filter(|line| line.checkpoint.is_none());
    let rows = controls.filter(|line| !line.has_any()).map(|line| {
        vec![
            Cell::text(line.label()),
            Cell::text(line.title.as_str()),
            Cell::maybe_shown(line.entry.owner.as_ref()),
        ]
    });
    Table {
        name: "uncovered",
        caption: "Applicable controls without any evidence in the twelve months".into(),
        layout: Layout::Sortable,
        columns: UNCOVERED,
        rows: rows.collect(),
        when_empty: if soa.is_some() {
            "Every applicable control has evidence."
        } else {
            "There is no Statement of Applicability, so there is no control to prove."
        },
    }
}

/// Names months, those in a row as one stretch.
fn stretches(indices: &[usize], months: Months) -> Vec<String> {
    let in_a_row = indices.chunk_by(|one, next| one + 1 == *next);
    let named = in_a_row.filter_map(|row| {
        let (first, last) = (months.name(*row.first()?), months.name(*row.last()?));
        Some(if first == last {
            first
        } else {
            format!("{first} to {last}")
        })
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::{Months, parse_period};
    use crate::model::parse_date;

    #[test]
    fn periods_are_read_as_months() {
        let at = |year: i32, month: i32| year * 12 + month - 1;
        for (text, from, to) in [
            ("2026", at(2026, 1), at(2026, 12)),
            ("2026-Q1", at(2026, 1), at(2026, 3)),
            ("2026-Q4", at(2026, 10), at(2026, 12)),
            ("2026-09", at(2026, 9), at(2026, 9)),
            ("2026-09-12", at(2026, 9), at(2026, 9)),
        ] {
            assert_eq!(parse_period(text), Some((from, to)), "{text}");
        }
    }

    #[test]
    fn twelve_months_end_with_that_of_a_day() {
        let months = Months::to(parse_date("2026-01-15").unwrap());
        assert_eq!(
            (months.name(0), months.name(11)),
            ("2025-02".into(), "2026-01".into())
        );
        let quarter = parse_period("2025-Q1").unwrap();
        assert_eq!(months.within(quarter).collect::<Vec<_>>(), [0, 1]);
    }
}
