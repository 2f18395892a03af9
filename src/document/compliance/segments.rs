//! The rates cut into segments; each finding and each host is in one segment of every cut, so that rows add up.

use std::collections::BTreeMap;

use super::super::figure::{Bar, Bars, Drawing, Figure, Fill, Series};
use super::super::measures::shown;
use super::super::table::{Cell, Column, Layout, Table};
use super::super::words::column_of;
use crate::model::Severity;
use crate::reconcile::{Dimension, Figures, Register};

const SEGMENTS: &[Column] = &[
    Column::new("segment", "Segment").tight(),
    Column::new("due", "Findings due"),
    Column::new("missed", "Missed"),
    Column::new("sla_rate_net", "SLA rate, net"),
    Column::new("sla_rate_strict", "SLA rate, strict"),
    Column::new("sla_rate_governed", "SLA rate, governed"),
    Column::new("host_compliance", "Host compliance"),
    Column::new("scan_coverage", "Scan coverage"),
];

/// A host has no severity: the last columns are left out.
const WITHOUT_HOSTS: usize = 6;

/// Numbers of findings that were due, by what became of them.
#[derive(Clone, Copy, Default)]
struct Due {
    in_time: u64,
    by_decision: u64,
    missed: u64,
}

impl Due {
    fn of(figures: &Figures) -> Self {
        let rate = |name| figures.get(name).map(|kpi| kpi.rate);
        let (Some(strict), Some(governed)) = (rate("sla_rate_strict"), rate("sla_rate_governed")) else {
            return Self::default();
        };
        Self {
            in_time: strict.numerator,
            by_decision: governed.numerator.saturating_sub(strict.numerator),
            missed: governed.denominator.saturating_sub(governed.numerator),
        }
    }

    fn all(self) -> u64 {
        self.in_time + self.by_decision + self.missed
    }
}

/// Prints one cut, with all at the end.
pub(super) fn segment_table(
    register: &Register<'_>,
    dimension: Dimension,
    segments: &BTreeMap<String, Figures>,
) -> Table {
    let columns = if dimension == Dimension::Severity {
        &SEGMENTS[..WITHOUT_HOSTS]
    } else {
        SEGMENTS
    };
    let row = |first: Cell, figures: &Figures| {
        let due = Due::of(figures);
        let mut row = vec![first, Cell::count(due.all()), Cell::count(due.missed)];
        let rates = columns[row.len()..].iter();
        row.extend(rates.map(|column| shown(register, figures.get(column.key))));
        row
    };
    let mut rows: Vec<Vec<Cell>> = in_order(dimension, segments)
        .into_iter()
        .filter(|(_, figures)| holds_anything(figures, dimension))
        .map(|(segment, figures)| row(Cell::text(in_words(segment)), figures))
        .collect();
    rows.push(row(Cell::text("All"), &register.kpis));
    let (name, of) = match dimension {
        Dimension::SystemType => ("by-system-type", "type of system"),
        Dimension::Department => ("by-department", "department"),
        Dimension::Location => ("by-location", "location"),
        Dimension::Tier => ("by-tier", "tier"),
        Dimension::Severity => ("by-severity", "severity"),
    };
    Table {
        name,
        caption: format!("Rates by {of}"),
        layout: Layout::Plain,
        columns,
        rows,
        when_empty: "",
    }
}

/// Severities go from the gravest, the others by their names; what has no value comes last.
fn in_order(dimension: Dimension, segments: &BTreeMap<String, Figures>) -> Vec<(&str, &Figures)> {
    let mut all: Vec<(&str, &Figures)> = segments
        .iter()
        .map(|(name, figures)| (name.as_str(), figures))
        .collect();
    let rank = |name: &str| {
        let severity = Severity::ALL.into_iter().find(|one| one.word() == name);
        let severity = severity.filter(|_| dimension == Dimension::Severity);
        severity.map_or(0, column_of)
    };
    all.sort_by_key(|(name, _)| (*name == NONE, rank(name), (*name).to_owned()));
    all
}

/// The segment of what has no value, as the register calls it.
const NONE: &str = "none";

fn in_words(segment: &str) -> String {
    if segment == NONE {
        "not recorded".to_owned()
    } else {
        segment.replace('_', " ")
    }
}

/// What has neither a finding that was due nor a host would be a row of nothing.
fn holds_anything(figures: &Figures, dimension: Dimension) -> bool {
    let counted = |name| figures.get(name).is_some_and(|kpi| kpi.rate.denominator > 0);
    counted("sla_rate_strict") || dimension != Dimension::Severity && counted("scan_coverage")
}

/// Draws what became of the findings that were due, by severity.
pub(super) fn outcome_figure(segments: &BTreeMap<String, Figures>) -> Figure {
    let bar = |severity: Severity| {
        let due = segments.get(severity.word()).map(Due::of).unwrap_or_default();
        Bar {
            label: severity.word().into(),
            values: vec![due.in_time, due.by_decision, due.missed],
        }
    };
    let series = [
        ("in time", Fill::Blank),
        ("under a decision", Fill::Dotted),
        ("missed", Fill::Solid),
    ];
    Figure {
        name: "outcomes",
        title: "Findings that were due in the period, by severity".into(),
        unit: "findings",
        drawing: Drawing::Bars(Bars {
            series: series.map(|(word, fill)| Series { word, fill }).into(),
            bars: Severity::ALL.map(bar).into(),
        }),
    }
}
