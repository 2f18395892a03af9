//! The findings that were not fixed in time, and what the records and scans tell of why.

use chrono::{DateTime, Utc};

use super::super::findings::{owner, system_cell};
use super::super::table::{Cell, Column, Layout, Table};
use super::super::words::{column_of, disposition, due, severity};
use crate::model::{Finding, Severity};
use crate::reconcile::{Register, SlaOutcome};

/// Why a finding was missed; of several the first counts as the cause.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Cause {
    Lapsed,
    SetAside,
    Unproved,
    Unscanned,
    Unclaimed,
    CameBack,
    Shortened,
    NotRecorded,
}

impl Cause {
    const ALL: [Self; 8] = [
        Self::Lapsed,
        Self::SetAside,
        Self::Unproved,
        Self::Unscanned,
        Self::Unclaimed,
        Self::CameBack,
        Self::Shortened,
        Self::NotRecorded,
    ];

    fn words(self) -> &'static str {
        match self {
            Self::Lapsed => "the decision for it has ended",
            Self::SetAside => "the decision for it is set aside: exploited",
            Self::Unproved => "installed, and no scan proved it in time",
            Self::Unscanned => "its host has no qualifying scan in time",
            Self::Unclaimed => "its host is in no single System",
            Self::CameBack => "it came back after a fix",
            Self::Shortened => "its time was shortened",
            Self::NotRecorded => "no cause recorded",
        }
    }
}

/// A finding that was missed, with its causes; there is at least one.
pub(in crate::document) struct Missed<'a> {
    finding: &'a Finding,
    /// When it should have been fixed.
    due: DateTime<Utc>,
    causes: Vec<Cause>,
}

/// Collects them, the gravest first, then the longest late.
pub(in crate::document) fn missed<'a>(register: &'a Register<'_>) -> Vec<Missed<'a>> {
    let outcome = register.sla_outcomes();
    let was_missed = |finding: &&Finding| outcome(finding) == Some(SlaOutcome::Missed);
    let mut all: Vec<Missed<'_>> = register
        .findings
        .iter()
        .filter(was_missed)
        .map(|finding| {
            let due = finding.breached.unwrap_or(finding.base_due);
            Missed {
                finding,
                due,
                causes: causes(register, finding, due),
            }
        })
        .collect();
    all.sort_by_cached_key(|one| {
        let finding = one.finding;
        let rank = severity(finding.severity).rank;
        (
            rank,
            one.due,
            finding.host.clone(),
            finding.vuln.clone(),
            finding.first_seen,
        )
    });
    all
}

fn causes(register: &Register<'_>, finding: &Finding, due: DateTime<Utc>) -> Vec<Cause> {
    let host = register.host(&finding.host);
    let is_open = finding.closed.is_none();
    let is_unscanned = host.is_some_and(|host| host.counts && !register.is_scanned_in_time(host));
    let installed = finding.installed.as_ref();
    let holds = |cause: &Cause| match cause {
        Cause::Lapsed => !finding.lapsed.is_empty(),
        Cause::SetAside => !finding.suspended.is_empty(),
        Cause::Unproved => installed.is_some_and(|installed| installed.at <= due),
        Cause::Unscanned => is_open && is_unscanned,
        Cause::Unclaimed => finding.system.is_none(),
        Cause::CameBack => finding.recurrence > 0,
        Cause::Shortened => ["accelerator:", "kev:", "cap:"]
            .iter()
            .any(|word| finding.due_reason.starts_with(word)),
        Cause::NotRecorded => false,
    };
    let found: Vec<Cause> = Cause::ALL.into_iter().filter(holds).collect();
    if found.is_empty() {
        vec![Cause::NotRecorded]
    } else {
        found
    }
}

const CAUSES: &[Column] = &[
    Column::new("cause", "First cause").wide(),
    Column::new("critical", "Critical"),
    Column::new("high", "High"),
    Column::new("medium", "Medium"),
    Column::new("low", "Low"),
    Column::new("total", "Total"),
];

/// Counts each missed finding once, by its first cause, in the order of causes.
pub(in crate::document) fn by_cause(
    missed: &[Missed<'_>],
) -> Vec<(&'static str, [u64; Severity::ALL.len()])> {
    let mut causes = Vec::new();
    for cause in Cause::ALL {
        let mut counts = [0_u64; Severity::ALL.len()];
        for one in missed.iter().filter(|one| one.causes.first() == Some(&cause)) {
            counts[column_of(one.finding.severity)] += 1;
        }
        if counts.iter().any(|count| *count > 0) {
            causes.push((cause.words(), counts));
        }
    }
    causes
}

/// Lists the causes of what was missed; the last row is the sum.
pub(in crate::document) fn cause_table(missed: &[Missed<'_>]) -> Table {
    let mut causes = by_cause(missed);
    let mut sum = [0_u64; Severity::ALL.len()];
    for (_, counts) in &causes {
        for (sum, count) in sum.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    if !causes.is_empty() {
        causes.push(("All missed", sum));
    }
    let rows = causes.into_iter().map(|(first, counts)| {
        let mut row = vec![Cell::text(first)];
        row.extend(counts.map(Cell::count));
        row.push(Cell::count(counts.iter().sum::<u64>()));
        row
    });
    Table {
        name: "causes",
        caption: "Missed findings by their first cause and severity".into(),
        layout: Layout::Plain,
        columns: CAUSES,
        rows: rows.collect(),
        when_empty: "Nothing that was due in the period was missed.",
    }
}

const MISSED: &[Column] = &[
    Column::new("host", "Host").wide(),
    Column::beneath("system", "system"),
    Column::new("vuln", "Vulnerability").wide(),
    Column::beneath("title", ""),
    Column::new("severity", "Severity"),
    Column::beneath("tier", "tier"),
    Column::new("due", "Due").tight(),
    Column::beneath("due_reason", "reason"),
    Column::new("state", "Now").tight(),
    Column::new("days_late", "Days late"),
    Column::new("causes", "Causes").wide(),
    Column::new("owner", "Owner").tight(),
];

/// Lists each missed finding with every cause that the records and scans tell.
pub(super) fn missed_table(register: &Register<'_>, missed: &[Missed<'_>]) -> Table {
    let rows = missed.iter().map(|one| {
        let finding = one.finding;
        vec![
            Cell::text(finding.host.clone()),
            system_cell(finding),
            Cell::text(finding.vuln.clone()),
            Cell::text(finding.said.title.clone()),
            Cell::Mark(severity(finding.severity)),
            Cell::maybe(finding.tier.clone()),
            Cell::text(due(register.as_of, one.due)),
            Cell::text(finding.due_reason.clone()),
            Cell::Mark(disposition(finding.disposition)),
            Cell::Number(days_late(register, one)),
            Cell::list(one.causes.iter().map(|cause| in_words(*cause, finding))),
            owner(register, finding),
        ]
    });
    Table {
        name: "missed",
        caption: "Missed in the period, the gravest first".into(),
        layout: Layout::Sortable,
        columns: MISSED,
        rows: rows.collect(),
        when_empty: "Nothing that was due in the period was missed.",
    }
}

/// Names the records behind a cause.
fn in_words(cause: Cause, finding: &Finding) -> String {
    let ids = |ids: &[crate::model::RecordId]| {
        let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
        ids.join(", ")
    };
    match cause {
        Cause::Lapsed => format!("{}: {}", cause.words(), ids(&finding.lapsed)),
        Cause::SetAside => format!("{}: {}", cause.words(), ids(&finding.suspended)),
        Cause::Shortened => format!("{}: {}", cause.words(), finding.due_reason),
        Cause::Unproved | Cause::Unscanned | Cause::Unclaimed | Cause::CameBack | Cause::NotRecorded => {
            cause.words().to_owned()
        }
    }
}

/// Counts the days from the due date to the fix or as-of; a day that has begun counts.
fn days_late(register: &Register<'_>, one: &Missed<'_>) -> i64 {
    let end = one.finding.closed.unwrap_or(register.as_of.instant());
    (end - one.due)
        .num_seconds()
        .max(0)
        .unsigned_abs()
        .div_ceil(86_400)
        .cast_signed()
}
