//! The findings of the register as rows, the most urgent first.

use std::collections::BTreeMap;

use super::table::{Cell, Column, Layout, Table};
use super::words::{approval_mark, day, disposition, due, moment, severity};
use crate::model::{CoverageRef, Finding, Kind, RecordId};
use crate::reconcile::Register;

const FINDINGS: &[Column] = &[
    Column::new("host", "Host").wide(),
    Column::new("system", "System").facet().tight(),
    Column::beneath("tier", "tier"),
    Column::new("vuln", "Vulnerability").wide(),
    Column::beneath("title", ""),
    Column::data("aliases"),
    Column::data("remediation"),
    Column::new("severity", "Severity").facet(),
    Column::beneath("score", "CVSS").around("CVSS ", ""),
    Column::beneath("score_base", "").around("base ", ""),
    Column::data("cvss"),
    Column::data("severity_given"),
    Column::new("disposition", "Disposition").facet(),
    Column::beneath("closed", "").around("closed ", "").tight(),
    Column::beneath("recurrence", "").around("recurrence ", ""),
    Column::beneath("notes", ""),
    Column::new("due", "Due").tight(),
    Column::beneath("due_reason", "reason"),
    Column::beneath("base_due", "").around("base due ", "").tight(),
    Column::new("coverage", "Coverage").tight(),
    Column::beneath("covered_until", "").around("until ", "").tight(),
    Column::beneath("coverage_approval", ""),
    Column::data("suspended"),
    Column::data("lapsed"),
    Column::new("kev", "Exploited").around("KEV since ", "").tight(),
    Column::beneath("exploit", "").around("exploit: ", ""),
    Column::beneath("epss", "EPSS").around("EPSS ", ""),
    Column::new("first_seen", "First seen").tight(),
    Column::data("last_seen"),
    Column::new("owner", "Owner").tight(),
    Column::new("observers", "Observers").tight(),
    Column::data("instances"),
    Column::data("first_seen_at"),
    Column::data("due_at"),
    Column::data("closed_at"),
    Column::data("breached_at"),
    Column::data("decided_at_base_due"),
];

const OVERDUE: &[Column] = &[
    Column::new("host", "Host"),
    Column::new("system", "System").tight(),
    Column::new("vuln", "Vulnerability").wide(),
    Column::new("severity", "Severity"),
    Column::new("due", "Due").tight(),
    Column::new("days_overdue", "Days overdue"),
    Column::new("owner", "Owner"),
];

/// Returns every finding by urgency: disposition, severity, due, host, vulnerability.
pub(super) fn by_urgency<'a>(register: &'a Register<'_>) -> Vec<&'a Finding> {
    let mut findings: Vec<&Finding> = register.findings.iter().collect();
    findings.sort_by_cached_key(|finding| {
        let urgency = (
            disposition(finding.disposition).rank,
            severity(finding.severity).rank,
            finding.due,
        );
        (
            urgency,
            finding.host.clone(),
            finding.vuln.clone(),
            finding.first_seen,
        )
    });
    findings
}

/// Lists findings with everything that is known of them.
pub(super) fn findings_table(register: &Register<'_>) -> Table {
    let approvals = approvals_of_coverages(register);
    Table {
        name: "findings",
        caption: "Findings, the most urgent first".into(),
        layout: Layout::Filterable,
        columns: FINDINGS,
        rows: by_urgency(register)
            .into_iter()
            .map(|finding| row(register, &approvals, finding))
            .collect(),
        when_empty: "There is no finding; see which hosts were scanned before taking this for good news.",
    }
}

/// Lists the findings that are overdue, the longest first within a severity, up to a number.
pub(super) fn overdue_table(register: &Register<'_>, most: usize) -> Table {
    let overdue = by_urgency(register)
        .into_iter()
        .filter(|finding| finding.disposition == crate::model::Disposition::Overdue);
    let today = register.as_of.day();
    let rows = overdue.take(most).map(|finding| {
        let days = today.days_since(register.as_of.zone().day_of(finding.due));
        vec![
            Cell::text(finding.host.clone()),
            system_cell(finding),
            Cell::text(finding.vuln.clone()),
            Cell::Mark(severity(finding.severity)),
            Cell::text(due(register.as_of, finding.due)),
            Cell::Number(days),
            owner(register, finding),
        ]
    });
    Table {
        name: "overdue",
        caption: "Overdue findings, the gravest first".into(),
        layout: Layout::Sortable,
        columns: OVERDUE,
        rows: rows.collect(),
        when_empty: "No finding is overdue.",
    }
}

/// Several thousand findings rest on a handful of records: their approvals are looked up once.
fn approvals_of_coverages(register: &Register<'_>) -> BTreeMap<RecordId, Cell> {
    let mut approvals = BTreeMap::new();
    for coverage in register
        .findings
        .iter()
        .filter_map(|finding| finding.coverage.as_ref())
    {
        if !approvals.contains_key(&coverage.id) {
            approvals.insert(coverage.id.clone(), approval_of(register, &coverage.id));
        }
    }
    approvals
}

fn approval_of(register: &Register<'_>, id: &RecordId) -> Cell {
    match register.repository.record(id) {
        Some(meta) => Cell::Mark(approval_mark(register, meta.kind, id)),
        None => Cell::text("no such record"),
    }
}

/// Returns the records that stand for findings, with their kinds.
pub(super) fn coverages(register: &Register<'_>) -> Vec<(Kind, RecordId)> {
    let ids = register
        .findings
        .iter()
        .filter_map(|finding| finding.coverage.as_ref())
        .map(|coverage| &coverage.id);
    let ids: std::collections::BTreeSet<&RecordId> = ids.collect();
    ids.into_iter()
        .filter_map(|id| Some((register.repository.record(id)?.kind, id.clone())))
        .collect()
}

/// Returns the System of the finding's host.
pub(super) fn system_cell(finding: &Finding) -> Cell {
    let system = finding.system.as_ref();
    system.map_or_else(|| Cell::text("no system"), Cell::shown)
}

/// Returns who answers for the patch: the System's patch owner, else the System's owner.
pub(super) fn owner(register: &Register<'_>, finding: &Finding) -> Cell {
    let Some(system) = register.system_of(finding) else {
        return Cell::text("nobody");
    };
    system
        .spec
        .patch_owner
        .as_ref()
        .map_or_else(|| Cell::shown(&system.meta.owner), Cell::shown)
}

fn notes(finding: &Finding) -> Vec<String> {
    let mut notes = Vec::new();
    if finding.stale {
        notes.push("stale: not seen by the newest run".to_owned());
    }
    notes.extend(
        finding
            .suspended
            .iter()
            .map(|id| format!("{id} is set aside: exploited")),
    );
    notes.extend(finding.lapsed.iter().map(|id| format!("{id} has ended")));
    notes.extend(finding.notes.iter().map(|note| note.to_string()));
    notes
}

fn row(register: &Register<'_>, approvals: &BTreeMap<RecordId, Cell>, finding: &Finding) -> Vec<Cell> {
    let as_of = register.as_of;
    let coverage = finding.coverage.as_ref();
    let approval = |coverage: &CoverageRef| approvals.get(&coverage.id).cloned().unwrap_or(Cell::Empty);
    let is_moved = finding.base_due != finding.due;
    vec![
        Cell::text(finding.host.clone()),
        system_cell(finding),
        Cell::maybe(finding.tier.clone()),
        Cell::text(finding.vuln.clone()),
        Cell::text(finding.said.title.clone()),
        Cell::list(finding.said.aliases.iter().cloned()),
        Cell::maybe(finding.said.remediation.clone()),
        Cell::Mark(severity(finding.severity)),
        decimal(finding.score()),
        decimal(
            finding
                .score_base()
                .filter(|base| finding.score().is_some_and(|score| score != *base)),
        ),
        Cell::maybe(finding.cvss().cloned()),
        Cell::text(finding.said.severity_given.clone()),
        Cell::Mark(disposition(finding.disposition)),
        Cell::maybe(finding.closed.map(|closed| day(as_of, closed))),
        if finding.recurrence > 0 {
            Cell::count(finding.recurrence)
        } else {
            Cell::Empty
        },
        Cell::list(notes(finding)),
        Cell::text(due(as_of, finding.due)),
        Cell::text(finding.due_reason.clone()),
        if is_moved {
            Cell::text(due(as_of, finding.base_due))
        } else {
            Cell::Empty
        },
        Cell::maybe_shown(coverage.map(|coverage| &coverage.id)),
        Cell::maybe(coverage.map(|coverage| due(as_of, coverage.until))),
        coverage.map_or(Cell::Empty, approval),
        Cell::list_shown(&finding.suspended),
        Cell::list_shown(&finding.lapsed),
        Cell::maybe_shown(finding.kev),
        Cell::text(finding.exploit.word()),
        decimal(finding.epss),
        Cell::text(day(as_of, finding.first_seen)),
        Cell::text(day(as_of, finding.last_seen)),
        owner(register, finding),
        Cell::list(finding.said.observers.iter().cloned()),
        Cell::count(finding.instances),
        Cell::text(moment(as_of, finding.first_seen)),
        Cell::text(moment(as_of, finding.due)),
        Cell::maybe(finding.closed.map(|closed| moment(as_of, closed))),
        Cell::maybe(finding.breached.map(|breached| moment(as_of, breached))),
        Cell::text(if finding.decided_at_base_due { "yes" } else { "no" }),
    ]
}

fn decimal(number: Option<f64>) -> Cell {
    number
        .filter(|number| number.is_finite())
        .map_or(Cell::Empty, Cell::Decimal)
}
