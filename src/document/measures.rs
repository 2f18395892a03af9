//! Figures as documents print them, never without what they were counted from, and the months before.

use super::figure::{Drawing, Figure, Line, Lines, Scale, tenths};
use super::table::{Cell, Column, Layout, Table};
use super::words::{moment, share};
use crate::reconcile::{Figures, Kpi, Month, Register, Unit};

/// The figures that are always printed, with the words for them.
pub(super) const RATES: [(&str, &str); 5] = [
    ("sla_rate_net", "SLA rate, net"),
    ("sla_rate_strict", "SLA rate, strict"),
    ("sla_rate_governed", "SLA rate, governed"),
    ("host_compliance", "Host compliance"),
    ("scan_coverage", "Scan coverage"),
];

/// What other figures are called on a page.
const OTHERS: [(&str, &str); 26] = [
    ("scan_coverage_authenticated", "Scan coverage, signed in"),
    ("unsupported", "Unsupported systems with an acceptance"),
    ("evidence_completeness", "Checkpoints with evidence"),
    ("mttp_mean", "Time to fix, mean"),
    ("mttp_median", "Time to fix, median"),
    ("mttp_p90", "Time to fix, nine of ten"),
    ("open_age_median", "Age of what is open, median"),
    ("open_age_max", "Age of what is open, longest"),
    ("exception_volume", "Exceptions in force"),
    ("exception_debt", "Time under exceptions"),
    ("exposure_host_days", "Host-days open to a known exploit"),
    ("recurrence", "Findings that came back"),
    ("exposure_window_median", "Open to a known exploit, median"),
    ("exposure_window_max", "Open to a known exploit, longest"),
    ("mttp_released_known", "Fixed findings with a patch date"),
    ("mttp_released_mean", "Patch published to fix, mean"),
    ("mttp_released_median", "Patch published to fix, median"),
    ("mttp_released_p90", "Patch published to fix, nine of ten"),
    ("exception_opened", "Exceptions begun"),
    ("exception_closed", "Exceptions ended"),
    ("exception_renewed", "Exceptions renewed"),
    ("exception_expired_open", "Exceptions ended, findings still open"),
    ("exception_age_0_30", "Exceptions in force for 0 to 30 days"),
    ("exception_age_31_90", "Exceptions in force for 31 to 90 days"),
    ("exception_age_91_180", "Exceptions in force for 91 to 180 days"),
    ("exception_age_over_180", "Exceptions in force for over 180 days"),
];

/// Returns what a figure is called on a page.
pub(super) fn label(name: &str) -> String {
    let known = RATES.iter().chain(&OTHERS).find(|(known, _)| *known == name);
    known.map_or_else(|| headed(name), |(_, label)| (*label).to_owned())
}

/// Writes the name of a figure as a heading.
fn headed(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// Returns the rate that the agreements put first; where they differ, or none says, it is the net one.
pub(super) fn headline(register: &Register<'_>) -> &'static str {
    let mut told = register
        .repository
        .slas
        .iter()
        .filter_map(|sla| sla.spec.headline)
        .map(|headline| headline.word());
    let first = told.next().unwrap_or(NET);
    if told.all(|other| other == first) {
        first
    } else {
        NET
    }
}

const NET: &str = "net";

/// The columns of a figure in machine formats, in the order of [`counted`].
pub(super) const COUNTED: [Column; 4] = [
    Column::data("value"),
    Column::data("unit"),
    Column::data("numerator"),
    Column::data("denominator"),
];

/// Returns a figure as it is read: its value, its unit, and what it was counted from.
pub(super) fn shown(register: &Register<'_>, kpi: Option<&Kpi>) -> Cell {
    match kpi {
        None => Cell::text("not computed"),
        Some(kpi) if kpi.unit == Unit::Percent => Cell::Share(share(register, kpi.rate)),
        Some(kpi) => Cell::text(in_words(register, kpi)),
    }
}

/// Returns the same within a sentence.
pub(super) fn in_words(register: &Register<'_>, kpi: &Kpi) -> String {
    let (value, n) = (kpi.value(), kpi.rate.denominator);
    let share = share(register, kpi.rate);
    let small = if share.is_small { ", small n" } else { "" };
    match kpi.unit {
        Unit::Percent => format!("{} ({})", share.percent(), share.basis()),
        _ if n == 0 => format!("{value} (0)"),
        Unit::MeanDays | Unit::Days => format!("{value} days (n {n}{small})"),
        Unit::FindingDays => format!("{value} days (of {n} findings)"),
        Unit::HostDays => format!("{value} days (of {n} hosts)"),
        Unit::Exceptions => format!("{value} (of {n})"),
    }
}

/// Returns a figure for machines.
pub(super) fn counted(kpi: Option<&Kpi>) -> [Cell; 4] {
    let Some(kpi) = kpi else {
        return [Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty];
    };
    [
        Cell::text(kpi.value()),
        Cell::text(kpi.unit.word()),
        Cell::count(kpi.rate.numerator),
        Cell::count(kpi.rate.denominator),
    ]
}

const FIGURES: &[Column] = &[
    Column::new("label", "Figure"),
    Column::data("name"),
    Column::new("shown", "Value").tight(),
    COUNTED[0],
    COUNTED[1],
    COUNTED[2],
    COUNTED[3],
    Column::new("definition", "What over what").wide(),
];

/// Lists every figure of the period with its definition, the rates first.
pub(super) fn figure_table(register: &Register<'_>) -> Table {
    let is_first = |name: &str| RATES.iter().any(|(first, _)| *first == name);
    let others = register.kpis.keys().copied().filter(|name| !is_first(name));
    let names = RATES.iter().map(|(name, _)| *name).chain(others);
    let rows = names.map(|name| {
        let kpi = register.kpis.get(name);
        let mut row = vec![Cell::text(label(name)), Cell::text(name), shown(register, kpi)];
        row.extend(counted(kpi));
        row.push(Cell::maybe(kpi.map(|kpi| kpi.title)));
        row
    });
    Table {
        name: "figures",
        caption: format!(
            "All figures of the period {} to {}, with their definitions",
            register.period.from, register.period.to
        ),
        layout: Layout::Plain,
        columns: FIGURES,
        rows: rows.collect(),
        when_empty: "",
    }
}

/// Returns the name of a month, such as `2026-09`.
pub(super) fn month_name(month: &Month) -> String {
    let first = month.period.from;
    format!("{:04}-{:02}", first.year(), first.month())
}

/// The figures of the trend, by the keys of their columns.
const TREND: [&str; 7] = [
    "sla_rate_net",
    "sla_rate_strict",
    "sla_rate_governed",
    "host_compliance",
    "scan_coverage",
    "open_age_median",
    "exception_volume",
];

const MONTHS: &[Column] = &[
    Column::new("month", "Month").tight(),
    Column::new("as_of_day", "As of").tight(),
    Column::data("as_of"),
    Column::new("scans", "Scans known"),
    Column::new(TREND[0], "SLA rate, net"),
    Column::new(TREND[1], "SLA rate, strict"),
    Column::new(TREND[2], "SLA rate, governed"),
    Column::new(TREND[3], "Host compliance"),
    Column::new(TREND[4], "Scan coverage"),
    Column::new(TREND[5], "Age of what is open, median"),
    Column::new(TREND[6], "Exceptions in force"),
];

/// Lists the months before, each as of its own end.
pub(super) fn month_table(register: &Register<'_>) -> Table {
    let rows = register.months.iter().map(|month| {
        let mut row = vec![
            Cell::text(month_name(month)),
            Cell::shown(month.as_of.day()),
            Cell::text(moment(register.as_of, month.as_of.instant())),
            Cell::count(month.scans),
        ];
        row.extend(TREND.map(|name| match month.scans {
            0 => Cell::text("n/a"),
            _ => shown(register, month.figures.get(name)),
        }));
        row
    });
    Table {
        name: "months",
        caption: "Month by month: each over its own days, as of its end, from the records of this commit"
            .into(),
        layout: Layout::Plain,
        columns: MONTHS,
        rows: rows.collect(),
        when_empty: "The months before were not computed in this run.",
    }
}

const KNOWN_SINCE: &[Column] = &[
    Column::new("month", "Month").tight(),
    Column::new(TREND[0], "SLA rate, net"),
    Column::new(TREND[1], "SLA rate, strict"),
    Column::new(TREND[2], "SLA rate, governed"),
    Column::new("mttp_median", "Time to fix, median"),
    Column::new("exception_debt", "Time under exceptions"),
];

/// Lists the same months as they are known now, by the dates that later exports tell.
pub(super) fn known_since_table(register: &Register<'_>) -> Table {
    let rows = register.months.iter().map(|month| {
        let mut row = vec![Cell::text(month_name(month))];
        let figures = KNOWN_SINCE[1..].iter();
        row.extend(figures.map(|column| shown(register, month.known_since.get(column.key))));
        row
    });
    Table {
        name: "known-since",
        caption: format!("The same months as they are known as of {}", register.as_of.day()),
        layout: Layout::Plain,
        columns: KNOWN_SINCE,
        rows: rows.collect(),
        when_empty: "The months before were not computed in this run.",
    }
}

/// Draws the rates of the months before, each as of its own end.
pub(super) fn month_figure(register: &Register<'_>) -> Figure {
    let drawn = [TREND[0], TREND[1], TREND[2], TREND[4]];
    let title = "Rates month by month, each as of its own end";
    rate_lines(register, ("trend", title), &drawn, |month| &month.figures)
}

/// Draws the rates of the months before as they are known now.
pub(super) fn known_since_figure(register: &Register<'_>) -> Figure {
    let title = "Rates month by month, as they are known now";
    rate_lines(register, ("trend-known-since", title), &TREND[..3], |month| {
        &month.known_since
    })
}

fn rate_lines(
    register: &Register<'_>,
    (name, title): (&'static str, &str),
    drawn: &[&str],
    figures: impl Fn(&Month) -> &Figures,
) -> Figure {
    let line = |name: &&str| Line {
        word: label(name),
        values: register
            .months
            .iter()
            .map(|month| figures(month).get(*name).and_then(|kpi| tenths(kpi.rate)))
            .collect(),
    };
    Figure {
        name,
        title: title.into(),
        unit: "percent",
        drawing: Drawing::Lines(Lines {
            scale: Scale::Percent,
            points: register.months.iter().map(month_name).collect(),
            lines: drawn.iter().map(line).collect(),
        }),
    }
}
