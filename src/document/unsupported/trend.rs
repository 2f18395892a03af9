//! How many hosts without support there were, month by month, as far as the exports tell.

use super::{Ending, Support};
use crate::document::figure::{Drawing, Figure, Line, Lines, Scale};
use crate::document::table::{Cell, Column, Layout, Table};
use crate::model::Date;
use crate::reconcile::{HostRow, ImportState, Register};

/// Months that the trend goes back.
const MONTHS: usize = 12;

/// Hosts of the Systems that are unsupported now, at the end of each month.
pub(super) struct Trend {
    /// The last day that is counted of each month, and the hosts there were; the first month is that of the first export.
    points: Vec<(Date, u64)>,
    /// Hosts of which no export tells when they were first there.
    undated: usize,
}

impl Trend {
    /// Counts the hosts that were known by the end of a month and not yet called retired.
    pub(super) fn of(register: &Register<'_>, endings: &[Ending<'_>]) -> Self {
        let unsupported = endings
            .iter()
            .filter(|ending| ending.support(register) <= Support::Accepted);
        let rows = unsupported.filter_map(|ending| ending.row);
        let hosts: Vec<&HostRow> = rows
            .flat_map(|row| &row.hosts)
            .filter_map(|host| register.host(host))
            .collect();
        let zone = register.as_of.zone();
        let count = |day: Date| {
            let was_there = |host: &&&HostRow| {
                let begun = host.first_known.is_some_and(|known| zone.day_of(known) <= day);
                let ended = host
                    .retired_since
                    .is_some_and(|retired| zone.day_of(retired) <= day);
                begun && !ended
            };
            hosts.iter().filter(was_there).count() as u64
        };
        // Before the first export nobody looked, and nobody knows how many there were.
        let read = register
            .imports
            .iter()
            .filter(|line| line.state != ImportState::Ignored && line.hosts > 0);
        let first = read.filter_map(|line| line.run_at).min();
        let points = if hosts.is_empty() {
            Vec::new()
        } else {
            first.map_or_else(Vec::new, |first| {
                month_ends(zone.day_of(first), register.as_of.day())
            })
        };
        Self {
            points: points.into_iter().map(|day| (day, count(day))).collect(),
            undated: hosts.iter().filter(|host| host.first_known.is_none()).count(),
        }
    }

    /// Tells whether there are at least two months to compare.
    pub(super) fn is_there(&self) -> bool {
        self.points.len() > 1
    }

    /// Says how far the numbers reach, or that there are none.
    pub(super) fn words(&self) -> String {
        match (self.points.first(), self.is_there()) {
            (None, _) => "not recorded: no host without support, or no export that tells its time".to_owned(),
            (Some(_), false) => "not recorded: the exports are of one month".to_owned(),
            (Some(_), true) => format!(
                "hosts of the systems that are unsupported today, first seen by the end of the month and not yet \
                 retired; of no known first day, and left out: {}",
                self.undated
            ),
        }
    }

    /// Lists the months.
    pub(super) fn table(&self) -> Table {
        let shown = if self.is_there() { &self.points[..] } else { &[] };
        let row =
            |(day, hosts): &(Date, u64)| vec![Cell::text(month(*day)), Cell::shown(day), Cell::count(*hosts)];
        Table {
            name: "host-count",
            caption: "Hosts without support by month".into(),
            layout: Layout::Plain,
            columns: COLUMNS,
            rows: shown.iter().map(row).collect(),
            when_empty: "The number of hosts over time is not recorded.",
        }
    }

    /// Draws the months; `None` where there are too few.
    pub(super) fn figure(&self) -> Option<Figure> {
        self.is_there().then(|| Figure {
            name: "host-count",
            title: "Hosts without support by month".into(),
            unit: "hosts",
            drawing: Drawing::Lines(Lines {
                scale: Scale::Count,
                points: self.points.iter().map(|(day, _)| month(*day)).collect(),
                lines: vec![Line {
                    word: "hosts without support".into(),
                    values: self.points.iter().map(|(_, hosts)| Some(*hosts)).collect(),
                }],
            }),
        })
    }
}

const COLUMNS: &[Column] = &[
    Column::new("month", "Month"),
    Column::new("day", "Counted on").tight(),
    Column::new("hosts", "Hosts"),
];

fn month(day: Date) -> String {
    format!("{}-{:02}", day.year(), day.month())
}

/// Returns the last day of each month from one day to another, the last twelve; of the last month it is the day itself.
fn month_ends(first: Date, last: Date) -> Vec<Date> {
    let mut ends = Vec::new();
    let mut begin = last.first_of_month();
    let mut end = last;
    while end >= first && ends.len() < MONTHS {
        ends.push(end);
        end = begin.plus_days(-1);
        begin = end.first_of_month();
    }
    ends.reverse();
    ends
}
