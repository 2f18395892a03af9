//! What an audit looks at whole: the Systems of the most critical tier, and critical findings.

use super::{ITEM_RESULTS, is_most_critical};
use crate::document::findings::{by_urgency, owner, system_cell};
use crate::document::kept::{Kept, by_system};
use crate::document::table::{Cell, Column, Layout, Mark, Table, Tone};
use crate::document::words::{day, disposition, due, host_state, share};
use crate::model::{Record, Severity, System};
use crate::reconcile::Register;

/// A System of the most critical tier, with how its agreement was kept.
pub(super) struct Held<'a> {
    record: &'a Record<System>,
    kept: Kept,
}

impl Held<'_> {
    /// Tells whether nothing was missed and nothing is overdue; `None` where nothing was due.
    pub(super) fn is_kept(&self) -> Option<bool> {
        let Kept { missed, overdue, .. } = self.kept;
        (self.kept.governed().denominator + overdue > 0).then_some(missed + overdue == 0)
    }
}

/// Collects the Systems of the most critical tier that have not ended.
pub(super) fn systems<'a>(register: &Register<'a>) -> Vec<Held<'a>> {
    let kept = by_system(register);
    let records = register.repository.systems.iter();
    records
        .filter(|system| system.meta.is_live() && is_most_critical(register.repository, system))
        .map(|record| Held {
            record,
            kept: kept.get(record.id()).copied().unwrap_or_default(),
        })
        .collect()
}

const SYSTEMS: &[Column] = &[
    Column::new("system", "System").tight(),
    Column::beneath("title", ""),
    Column::new("rate", "In time or under a decision, of what was due"),
    Column::new("missed", "Missed"),
    Column::new("overdue", "Overdue now"),
    Column::new("state", "State"),
    Column::new("required", "Against 100 %"),
    Column::new("result", "Result").tight(),
];

/// Lists every System of the most critical tier, none of them sampled.
pub(super) fn system_table(register: &Register<'_>, systems: &[Held<'_>]) -> Table {
    let rows = systems.iter().map(|system| {
        let kept = system.kept;
        let (word, rank, tone) = match system.is_kept() {
            Some(false) => ("below", 0, Tone::Bad),
            None => ("nothing_was_due", 1, Tone::Quiet),
            Some(true) => ("met", 2, Tone::Good),
        };
        let row = register.systems.get(system.record.id());
        vec![
            Cell::shown(system.record.id()),
            Cell::text(system.record.meta.title.as_str()),
            Cell::Share(share(register, kept.governed())),
            Cell::count(kept.missed),
            Cell::count(kept.overdue),
            row.map_or(Cell::Empty, |row| Cell::Mark(host_state(row.state))),
            Cell::Mark(Mark { word, rank, tone }),
            Cell::list(ITEM_RESULTS),
        ]
    });
    Table {
        name: "critical-systems",
        caption: "All Systems of the most critical tier".into(),
        layout: Layout::Plain,
        columns: SYSTEMS,
        rows: rows.collect(),
        when_empty: "No System is of the most critical tier.",
    }
}

const FINDINGS: &[Column] = &[
    Column::new("host", "Host").wide(),
    Column::beneath("system", ""),
    Column::new("vuln", "Vulnerability").wide(),
    Column::beneath("title", ""),
    Column::new("disposition", "Disposition"),
    Column::new("first_seen", "First seen").tight(),
    Column::new("due", "Due").tight(),
    Column::beneath("closed", "").around("closed ", "").tight(),
    Column::new("coverage", "Decision").tight(),
    Column::new("owner", "Owner").tight(),
    Column::new("result", "Result").tight(),
];

/// Lists every critical finding, none of them sampled.
pub(super) fn critical_findings(register: &Register<'_>) -> Table {
    let critical = by_urgency(register)
        .into_iter()
        .filter(|finding| finding.severity == Severity::Critical);
    let rows = critical.map(|finding| {
        vec![
            Cell::text(finding.host.clone()),
            system_cell(finding),
            Cell::text(finding.vuln.clone()),
            Cell::text(finding.said.title.clone()),
            Cell::Mark(disposition(finding.disposition)),
            Cell::text(day(register.as_of, finding.first_seen)),
            Cell::text(due(register.as_of, finding.due)),
            Cell::maybe(finding.closed.map(|closed| day(register.as_of, closed))),
            Cell::maybe_shown(finding.coverage.as_ref().map(|coverage| &coverage.id)),
            owner(register, finding),
            Cell::list(ITEM_RESULTS),
        ]
    });
    Table {
        name: "critical-findings",
        caption: "All critical findings that are open or were closed in the period, the most urgent first"
            .into(),
        layout: Layout::Plain,
        columns: FINDINGS,
        rows: rows.collect(),
        when_empty: "No critical finding is open or was closed in the period; see which hosts were scanned.",
    }
}
