//! D02, the exception register: every exception and risk acceptance, and where it stands.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cover::each_once;
use super::decisions::{Body, DecisionRow, EXPIRING_DAYS, Phase, decision_rows};
use super::figure::{Bar, Bars, Drawing, Figure, Fill, Series};
use super::ratings::rating;
use super::table::{Cell, Column, Layout, Table};
use super::words::{approval_mark, approvals, compensating, days_left, remaining, severity, spaced};
use super::{DocumentKind, Request, View, values};
use crate::model::{Exception, RiskAcceptance, Severity};
use crate::reconcile::Register;

/// The exception register.
pub(super) const D02: DocumentKind = DocumentKind {
    id: "D02",
    slug: "exceptions",
    title: "Exception register",
    audience: "CISO, auditors",
    purpose: "Which departures from the agreed times stand, for what, until when, and who decided.",
    template: "D02.md",
    tables: &[
        "active",
        "expiring",
        "expired",
        "not-approved",
        "not-started",
        "ended",
        "totals",
        "ageing",
        "by-reason",
    ],
    view,
};

/// The single values of the view.
#[derive(Serialize)]
struct Exceptions {
    decisions: usize,
    findings_lapsed: u64,
    has_lapsed: bool,
}

fn view(request: &Request<'_>) -> View {
    let register = request.register;
    let rows = decision_rows(request);
    let ageing = ageing(register, &rows);
    let findings_lapsed = rows.iter().map(|row| row.bearing.lapsed).sum();
    let sections = [
        (
            Phase::Active,
            "active",
            "In force",
            "No decision is in force beyond the next 30 days.",
        ),
        (
            Phase::Expiring,
            "expiring",
            "Ending within 30 days",
            "No decision ends within 30 days.",
        ),
        (
            Phase::Expired,
            "expired",
            "Expired and not closed",
            "No expired decision is left open.",
        ),
        (
            Phase::NotApproved,
            "not-approved",
            "Not approved: these cover nothing",
            "No decision waits for an approval.",
        ),
        (
            Phase::NotStarted,
            "not-started",
            "Approved, not yet started",
            "No approved decision lies in the future.",
        ),
        (
            Phase::Ended,
            "ended",
            "Closed, revoked or superseded",
            "No decision has ended.",
        ),
    ];
    let mut tables: Vec<Table> = sections
        .into_iter()
        .map(|(phase, name, caption, when_empty)| {
            let mut of_phase: Vec<&DecisionRow<'_>> = rows.iter().filter(|row| row.phase == phase).collect();
            of_phase.sort_by_key(|row| (row.expires.is_none(), row.expires, row.meta.id.value.clone()));
            let rows = of_phase.into_iter().map(|row| decision(register, row)).collect();
            let caption = caption.to_owned();
            Table {
                name,
                caption,
                layout: Layout::Sortable,
                columns: DECISIONS,
                rows,
                when_empty,
            }
        })
        .collect();
    tables.push(total_table(&rows));
    tables.push(ageing_table(&ageing));
    tables.push(reason_table(&rows));
    View {
        classification: "confidential",
        values: values(&Exceptions {
            decisions: rows.len(),
            findings_lapsed,
            has_lapsed: findings_lapsed > 0,
        }),
        tables,
        figures: vec![ageing_figure(&ageing)],
        underlying: each_once(
            rows.iter()
                .map(|row| (row.body.kind(), row.meta.id.value.clone()))
                .collect(),
        ),
    }
}

const TOTALS: &[Column] = &[
    Column::new("label", "Figure"),
    Column::new("number", "Number"),
    Column::new("meaning", "What it means"),
];

fn total_table(rows: &[DecisionRow<'_>]) -> Table {
    let count = |phases: &[Phase]| Cell::count(rows.iter().filter(|row| phases.contains(&row.phase)).count());
    let sum = |of: fn(&DecisionRow<'_>) -> u64| Cell::count(rows.iter().map(of).sum::<u64>());
    let row = |label: &str, number: Cell, meaning: &str| vec![Cell::text(label), number, Cell::text(meaning)];
    let soon = format!("in force, {EXPIRING_DAYS} days or fewer left");
    let rows = vec![
        row(
            "In force",
            count(&[Phase::Active, Phase::Expiring]),
            "approved, begun, not ended",
        ),
        row("Expiring", count(&[Phase::Expiring]), &soon),
        row(
            "Expired",
            count(&[Phase::Expired]),
            "past the last day, not closed",
        ),
        row(
            "Not approved",
            count(&[Phase::NotApproved]),
            "draft, without approval or rejected; covers nothing",
        ),
        row(
            "Findings covered",
            sum(|row| row.bearing.covered),
            "a decision stands for them now",
        ),
        row(
            "Findings lapsed",
            sum(|row| row.bearing.lapsed),
            "open after the decision for them ended",
        ),
        row(
            "Findings set aside",
            sum(|row| row.bearing.suspended),
            "exploited, so that no decision stands for them",
        ),
    ];
    Table {
        name: "totals",
        caption: "Decisions and the findings they bear on".into(),
        layout: Layout::Cards,
        columns: TOTALS,
        rows,
        when_empty: "",
    }
}

const DECISIONS: &[Column] = &[
    Column::new("id", "Decision").wide(),
    Column::beneath("title", ""),
    Column::beneath("kind", ""),
    Column::new("state", "State").tight(),
    Column::beneath("remaining", "").tight(),
    Column::beneath("starts", "").around("from ", "").tight(),
    Column::beneath("expires", "").around("to ", "").tight(),
    Column::data("days_left"),
    Column::new("vulns", "Covers").tight(),
    Column::beneath("patches", "").tight(),
    Column::beneath("hosts", "").around("hosts: ", "").tight(),
    Column::beneath("systems", "").tight(),
    Column::data("host_names"),
    Column::new("severity", "Severity"),
    Column::new("reason", "Reason").wide(),
    Column::beneath("rating", ""),
    Column::beneath("business_impact", ""),
    Column::beneath("requested_by", "").around("asked for by ", ""),
    Column::beneath("requested_on", "").around("on ", "").tight(),
    Column::beneath("owner", "").around("owner ", "").tight(),
    Column::data("approval"),
    Column::new("approvals", "Approvals").wide(),
    Column::new("first_granted", "First granted").tight(),
    Column::beneath("age_days", "").around("", " days ago").tight(),
    Column::beneath("renews", "").around("renews ", "").tight(),
    Column::beneath("renewals", "").around("renewals: ", "").tight(),
    Column::data("chain"),
    Column::new("findings_covered", "Findings now"),
    Column::beneath("findings_suspended", "").around("set aside, exploited: ", ""),
    Column::beneath("findings_lapsed", "").around("open since it ended: ", ""),
    Column::new("compensating", "Compensating controls").wide(),
];

fn decision(register: &Register<'_>, row: &DecisionRow<'_>) -> Vec<Cell> {
    let (meta, kind) = (row.meta, row.body.kind());
    let days = row.expires.map(|expires| days_left(register, expires));
    let mut cells = vec![
        Cell::shown(&meta.id.value),
        Cell::text(meta.title.as_str()),
        Cell::text(match row.body {
            Body::Exception(_) => "exception",
            Body::Acceptance(_) => "risk acceptance",
        }),
        Cell::Mark(row.mark),
        days.filter(|_| row.phase != Phase::Ended)
            .map_or(Cell::Empty, |days| Cell::text(remaining(days))),
        Cell::shown(row.starts()),
        row.expires.map_or_else(|| Cell::text("no end told"), Cell::shown),
        days.map_or(Cell::Empty, Cell::Number),
    ];
    cells.extend(match row.body {
        Body::Exception(exception) => exception_cells(exception),
        Body::Acceptance(acceptance) => acceptance_cells(register, acceptance),
    });
    cells.extend([
        Cell::shown(&meta.owner),
        Cell::Mark(approval_mark(register, kind, &meta.id.value)),
        approvals(register, kind, &meta.id.value),
        Cell::shown(row.first_granted),
        Some(row.age_days(register))
            .filter(|days| *days >= 0)
            .map_or(Cell::Empty, Cell::Number),
        Cell::maybe_shown(meta.renews.as_ref()),
        positive(row.chain.len() as u64 - 1),
        if row.chain.len() > 1 {
            Cell::list_shown(&row.chain)
        } else {
            Cell::Empty
        },
        Cell::count(row.bearing.covered),
        positive(row.bearing.suspended),
        positive(row.bearing.lapsed),
        Cell::list(row.body.compensating().iter().map(compensating)),
    ]);
    cells
}

/// A zero that would only say that nothing is there is left out.
fn positive(count: u64) -> Cell {
    if count == 0 {
        Cell::Empty
    } else {
        Cell::count(count)
    }
}

/// Returns the cells from `vulns` to `requested_on`.
fn exception_cells(exception: &Exception) -> Vec<Cell> {
    let scope = &exception.scope;
    vec![
        Cell::list_shown(&scope.vulns),
        Cell::list_shown(&scope.patches),
        Cell::count(scope.resolved.len()),
        Cell::list_shown(&scope.systems),
        Cell::list_shown(&scope.resolved),
        Cell::Mark(severity(exception.severity.value)),
        exception.reason.map_or_else(
            || Cell::text("not told"),
            |reason| Cell::text(spaced(reason.word())),
        ),
        Cell::Empty,
        Cell::maybe(
            exception
                .business_impact
                .as_ref()
                .map(|impact| impact.value.as_str()),
        ),
        exception
            .requested_by
            .as_ref()
            .map_or_else(|| Cell::text("not told"), Cell::shown),
        Cell::maybe_shown(exception.requested_on.as_ref()),
    ]
}

/// Returns the same cells for an acceptance; it is asked for by its owner, and has a rating for a severity.
fn acceptance_cells(register: &Register<'_>, acceptance: &RiskAcceptance) -> Vec<Cell> {
    let subject = &acceptance.subject;
    let (inherent, residual) = (
        rating(register, &acceptance.inherent),
        rating(register, &acceptance.residual),
    );
    vec![
        Cell::list_shown(&subject.vulns),
        Cell::list_shown(&subject.patches),
        Cell::count(subject.resolved.len()),
        Cell::list_shown(&subject.systems),
        Cell::list_shown(&subject.resolved),
        Cell::Empty,
        Cell::text(spaced(acceptance.acceptance_type.word())),
        Cell::text(format!("risk {inherent}, residual {residual}")),
        Cell::text(acceptance.statement.as_str()),
        Cell::Empty,
        Cell::Empty,
    ]
}

/// The buckets of age, in days; the last one has no end.
const AGES: [(&str, i64); 4] = [
    ("0–30 days", 30),
    ("31–90 days", 90),
    ("91–180 days", 180),
    ("over 180 days", i64::MAX),
];

/// Counts decisions in force, and those that expired without being closed, by the age of their chain.
fn ageing(register: &Register<'_>, rows: &[DecisionRow<'_>]) -> [[u64; 2]; 4] {
    let mut counts = [[0; 2]; 4];
    for row in rows {
        let series = match row.phase {
            Phase::Active | Phase::Expiring => 0,
            Phase::Expired => 1,
            Phase::NotApproved | Phase::NotStarted | Phase::Ended => continue,
        };
        let age = row.age_days(register);
        let bucket = AGES
            .iter()
            .position(|(_, most)| age <= *most)
            .unwrap_or(AGES.len() - 1);
        counts[bucket][series] += 1;
    }
    counts
}

const AGEING: &[Column] = &[
    Column::new("age", "Age since first granted"),
    Column::new("in_force", "In force"),
    Column::new("expired", "Expired, not closed"),
];

fn ageing_table(counts: &[[u64; 2]; 4]) -> Table {
    let row = |((label, _), counts): (&(&'static str, i64), &[u64; 2])| {
        vec![Cell::text(*label), Cell::count(counts[0]), Cell::count(counts[1])]
    };
    Table {
        name: "ageing",
        caption: "Age of the decisions, counted from the first of the chain".into(),
        layout: Layout::Plain,
        columns: AGEING,
        rows: AGES.iter().zip(counts).map(row).collect(),
        when_empty: "",
    }
}

fn ageing_figure(counts: &[[u64; 2]; 4]) -> Figure {
    let bar = |((label, _), counts): (&(&str, i64), &[u64; 2])| Bar {
        label: (*label).into(),
        values: counts.to_vec(),
    };
    Figure {
        name: "ageing",
        title: "Age of the decisions since they were first granted".into(),
        unit: "decisions",
        drawing: Drawing::Bars(Bars {
            series: vec![
                Series {
                    word: "in force",
                    fill: Fill::Solid,
                },
                Series {
                    word: "expired, not closed",
                    fill: Fill::Hatched,
                },
            ],
            bars: AGES.iter().zip(counts).map(bar).collect(),
        }),
    }
}

const REASONS: &[Column] = &[
    Column::new("kind", "Kind"),
    Column::new("reason", "Reason"),
    Column::new("in_force", "In force"),
    Column::new("expired", "Expired"),
    Column::new("not_approved", "Not approved"),
    Column::new("not_started", "Not started"),
    Column::new("ended", "Ended"),
    Column::new("critical_high", "In force, critical or high"),
    Column::new("findings", "Findings covered now"),
];

fn reason_table(rows: &[DecisionRow<'_>]) -> Table {
    let mut reasons: BTreeMap<(&str, String), [u64; 7]> = BTreeMap::new();
    for row in rows {
        let (kind, reason, is_grave) = match row.body {
            Body::Exception(exception) => {
                let reason = exception.reason.map_or("not told", |reason| reason.word());
                (
                    "exception",
                    spaced(reason),
                    exception.severity.value >= Severity::High,
                )
            }
            Body::Acceptance(acceptance) => (
                "risk acceptance",
                spaced(acceptance.acceptance_type.word()),
                false,
            ),
        };
        let counts = reasons.entry((kind, reason)).or_default();
        let column = match row.phase {
            Phase::Active | Phase::Expiring => 0,
            Phase::Expired => 1,
            Phase::NotApproved => 2,
            Phase::NotStarted => 3,
            Phase::Ended => 4,
        };
        counts[column] += 1;
        counts[5] += u64::from(is_grave && column == 0);
        counts[6] += row.bearing.covered;
    }
    let row = |((kind, reason), counts): ((&str, String), [u64; 7])| {
        let mut row = vec![Cell::text(kind), Cell::text(reason)];
        row.extend(counts.map(Cell::count));
        row
    };
    Table {
        name: "by-reason",
        caption: "Decisions by reason".into(),
        layout: Layout::Plain,
        columns: REASONS,
        rows: reasons.into_iter().map(row).collect(),
        when_empty: "There is no exception and no risk acceptance.",
    }
}
