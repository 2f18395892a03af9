//! What became of findings between two moments.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::findings::system_cell;
use crate::document::table::{Cell, Column, Layout, Table};
use crate::document::words::{column_of, day, disposition, due, severity};
use crate::model::{Disposition, Finding, Severity};
use crate::reconcile::Register;

/// What happened to a finding; one may have had several.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Turn {
    BecameOverdue,
    LostDecision,
    NoLongerKnown,
    Opened,
    CameBack,
    KnownOnlySince,
    Rerated,
    OtherDecision,
    CameUnderDecision,
    Closed,
}

impl Turn {
    const ALL: [Self; 10] = [
        Self::BecameOverdue,
        Self::LostDecision,
        Self::NoLongerKnown,
        Self::Opened,
        Self::CameBack,
        Self::KnownOnlySince,
        Self::Rerated,
        Self::OtherDecision,
        Self::CameUnderDecision,
        Self::Closed,
    ];

    fn words(self) -> &'static str {
        match self {
            Self::BecameOverdue => "became overdue",
            Self::LostDecision => "lost its decision, still open",
            Self::NoLongerKnown => "open before, and no longer known",
            Self::Opened => "opened",
            Self::CameBack => "came back",
            Self::KnownOnlySince => "seen before, known only since",
            Self::Rerated => "rated otherwise",
            Self::OtherDecision => "under another decision",
            Self::CameUnderDecision => "came under a decision",
            Self::Closed => "closed",
        }
    }
}

/// A finding to which something happened, as it was and as it is.
pub(super) struct Turned<'a> {
    was: Option<&'a Finding>,
    is: Option<&'a Finding>,
    turns: BTreeSet<Turn>,
}

impl<'a> Turned<'a> {
    /// Tells whether an open finding is neither open nor closed any more.
    pub(super) fn is_unexplained(&self) -> bool {
        self.turns.contains(&Turn::NoLongerKnown)
    }

    fn finding(&self) -> Option<&'a Finding> {
        self.is.or(self.was)
    }
}

/// Collects every finding to which something happened, the worst first.
pub(super) fn turned<'a>(before: &'a Register<'_>, after: &'a Register<'_>) -> Vec<Turned<'a>> {
    let moment = before.as_of.instant();
    let mut open: BTreeMap<(&str, &str), &Finding> = before
        .findings
        .iter()
        .filter(|finding| finding.closed.is_none())
        .map(|finding| ((&*finding.host, &*finding.vuln), finding))
        .collect();
    let later = after
        .findings
        .iter()
        .filter(|finding| finding.closed.is_none_or(|closed| closed > moment));
    let mut all: Vec<Turned<'a>> = Vec::new();
    for is in later {
        let was = if is.first_seen <= moment {
            open.remove(&(&*is.host, &*is.vuln))
        } else {
            None
        };
        let mut turns = BTreeSet::new();
        match was {
            Some(was) => compare(was, is, &mut turns),
            None if is.first_seen <= moment => drop(turns.insert(Turn::KnownOnlySince)),
            None if is.recurrence > 0 => drop(turns.insert(Turn::CameBack)),
            None => drop(turns.insert(Turn::Opened)),
        }
        let was_overdue = was.is_some_and(|was| was.disposition == Disposition::Overdue);
        if is.disposition == Disposition::Overdue && !was_overdue {
            turns.insert(Turn::BecameOverdue);
        }
        if is.closed.is_some() {
            turns.insert(Turn::Closed);
        }
        if !turns.is_empty() {
            all.push(Turned {
                was,
                is: Some(is),
                turns,
            });
        }
    }
    all.extend(open.into_values().map(|was| Turned {
        was: Some(was),
        is: None,
        turns: BTreeSet::from([Turn::NoLongerKnown]),
    }));
    all.sort_by_cached_key(|one| {
        let finding = one.finding();
        let rank = finding.map(|finding| severity(finding.severity).rank);
        let place = finding.map(|finding| (finding.host.clone(), finding.vuln.clone(), finding.first_seen));
        (one.turns.first().copied(), rank, place)
    });
    all
}

fn compare(was: &Finding, is: &Finding, turns: &mut BTreeSet<Turn>) {
    if was.severity != is.severity {
        turns.insert(Turn::Rerated);
    }
    if is.closed.is_some() {
        return;
    }
    let id = |finding: &Finding| finding.coverage.as_ref().map(|coverage| coverage.id.clone());
    match (id(was), id(is)) {
        (None, Some(_)) => drop(turns.insert(Turn::CameUnderDecision)),
        (Some(_), None) => drop(turns.insert(Turn::LostDecision)),
        (Some(was), Some(is)) if was != is => drop(turns.insert(Turn::OtherDecision)),
        (Some(_), Some(_)) | (None, None) => {}
    }
}

const COUNTS: &[Column] = &[
    Column::new("what", "What happened").wide(),
    Column::new("critical", "Critical"),
    Column::new("high", "High"),
    Column::new("medium", "Medium"),
    Column::new("low", "Low"),
    Column::new("total", "Total"),
];

/// Counts what happened by severity; a finding may count in several rows.
pub(super) fn count_table(turned: &[Turned<'_>]) -> Table {
    let rows = Turn::ALL.map(|turn| {
        let mut counts = [0_u64; Severity::ALL.len()];
        let of_turn = turned.iter().filter(|one| one.turns.contains(&turn));
        for finding in of_turn.filter_map(Turned::finding) {
            counts[column_of(finding.severity)] += 1;
        }
        let mut row = vec![Cell::text(turn.words())];
        row.extend(counts.map(Cell::count));
        row.push(Cell::count(counts.iter().sum::<u64>()));
        row
    });
    Table {
        name: "counts",
        caption: "What happened to findings, by severity at the end".into(),
        layout: Layout::Plain,
        columns: COUNTS,
        rows: rows.into(),
        when_empty: "",
    }
}

const FINDINGS: &[Column] = &[
    Column::new("host", "Host"),
    Column::beneath("system", ""),
    Column::new("vuln", "Vulnerability"),
    Column::beneath("title", ""),
    Column::new("severity", "Severity"),
    Column::beneath("severity_before", "").around("was ", ""),
    Column::new("what", "What happened"),
    Column::new("to", "State at the end"),
    Column::beneath("to_coverage", "").around("by ", ""),
    Column::beneath("from", "").around("before: ", ""),
    Column::beneath("from_coverage", "").around("then by ", ""),
    Column::new("due", "Due").tight(),
    Column::beneath("closed", "").around("closed ", "").tight(),
    Column::beneath("first_seen", "")
        .around("first seen ", "")
        .tight(),
];

/// Lists every finding to which something happened.
pub(super) fn finding_table(register: &Register<'_>, turned: &[Turned<'_>]) -> Table {
    let as_of = register.as_of;
    let coverage = |finding: Option<&Finding>| {
        let coverage = finding.and_then(|finding| finding.coverage.as_ref());
        Cell::maybe_shown(coverage.map(|coverage| &coverage.id))
    };
    let state = |finding: Option<&Finding>| {
        finding.map_or_else(
            || Cell::text("not known"),
            |finding| Cell::Mark(disposition(finding.disposition)),
        )
    };
    let rows = turned.iter().filter_map(|one| {
        let finding = one.finding()?;
        let rated = one.was.filter(|was| was.severity != finding.severity);
        Some(vec![
            Cell::text(finding.host.clone()),
            system_cell(finding),
            Cell::text(finding.vuln.clone()),
            Cell::text(finding.said.title.clone()),
            Cell::Mark(severity(finding.severity)),
            Cell::maybe(rated.map(|was| was.severity.word())),
            Cell::list(one.turns.iter().map(|turn| turn.words())),
            state(one.is),
            coverage(one.is),
            state(one.was),
            coverage(one.was),
            Cell::text(due(as_of, finding.due)),
            Cell::maybe(finding.closed.map(|closed| day(as_of, closed))),
            Cell::text(day(as_of, finding.first_seen)),
        ])
    });
    Table {
        name: "findings",
        caption: "Findings to which something happened, the worst first".into(),
        layout: Layout::Sortable,
        columns: FINDINGS,
        rows: rows.collect(),
        when_empty: "Nothing happened to any finding.",
    }
}
