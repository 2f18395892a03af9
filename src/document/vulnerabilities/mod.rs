//! D05, the vulnerability register: every finding with what was decided, and all that was left out.

mod tables;
mod watch;

use serde::Serialize;

use super::cover::{each_once, rows_read};
use super::figure::{Bar, Bars, Drawing, Figure, Fill, Series};
use super::findings::{coverages, findings_table};
use super::measures::{RATES, headline, label};
use super::table::{Cell, Column, Layout, Table};
use super::words::{column_of, disposition, share};
use super::{DocumentKind, Request, View, values};
use crate::import::Product;
use crate::model::{Disposition, Finding, Kind, Severity};
use crate::reconcile::{HostRow, ImportState, Kpi, Register, Unit};
use tables::{completeness_table, system_table};
pub(in crate::document) use tables::{exclusion_table, host_table};
use watch::{vex_table, watch_table};

/// The vulnerability register.
pub(in crate::document) const D05: DocumentKind = DocumentKind {
    id: "D05",
    slug: "vulnerabilities",
    title: "Vulnerability register",
    audience: "IT, security, auditors",
    purpose: "Which vulnerabilities are open on which hosts, until when, who answers, and what was left out.",
    template: "D05.md",
    tables: &[
        "kpis",
        "dispositions",
        "systems",
        "findings",
        "exclusions",
        "hosts",
        "watch-list",
        "vex",
        "completeness",
    ],
    view,
};

/// The single values of the view.
#[derive(Serialize)]
struct Vulnerabilities {
    findings: usize,
    open: usize,
    closed: usize,
    overdue: u64,
    due_soon: u64,
    by_decision: u64,
    removed: u64,
    headline: &'static str,
    rows_read: u64,
    observations: u64,
    informational: u64,
    skipped: u64,
    imports: usize,
    imports_ignored: usize,
    hosts: usize,
    hosts_counted: usize,
    hosts_without_scan: usize,
    hosts_unknown: usize,
    suspected: usize,
    systems: usize,
    systems_with_software: usize,
    advisories: usize,
    advisories_incomplete: usize,
}

fn view(request: &Request<'_>) -> View {
    let register = request.register;
    let mut underlying = coverages(register);
    underlying.extend(
        register
            .repository
            .slas
            .iter()
            .map(|sla| (Kind::Sla, sla.id().clone())),
    );
    View {
        classification: "confidential",
        values: values(&totals(register)),
        tables: vec![
            kpi_table(register),
            disposition_table(register),
            system_table(register),
            findings_table(register),
            exclusion_table(register),
            host_table(register),
            watch_table(register),
            vex_table(register),
            completeness_table(register),
        ],
        figures: vec![severity_figure(register)],
        underlying: each_once(underlying),
    }
}

fn totals(register: &Register<'_>) -> Vulnerabilities {
    let by_disposition = register.by_disposition();
    let sum = |wanted: fn(Disposition) -> bool| -> u64 {
        by_disposition
            .iter()
            .filter(|(one, _)| wanted(**one))
            .map(|(_, count)| count)
            .sum()
    };
    let closed = register
        .findings
        .iter()
        .filter(|finding| finding.disposition.is_closed())
        .count();
    let count = |wanted: &dyn Fn(&HostRow) -> bool| register.hosts.iter().filter(|host| wanted(host)).count();
    let systems = || register.repository.systems.iter();
    let advisories = |states: &[ImportState]| {
        let lines = register
            .imports
            .iter()
            .filter(|line| line.product == Product::Advisories);
        lines.filter(|line| states.contains(&line.state)).count()
    };
    Vulnerabilities {
        findings: register.findings.len(),
        open: register.findings.len() - closed,
        closed,
        overdue: sum(|one| one == Disposition::Overdue),
        due_soon: sum(|one| one == Disposition::DueSoon),
        by_decision: sum(Disposition::is_by_decision),
        removed: sum(Disposition::is_removed),
        headline: headline(register),
        rows_read: register.imports.iter().map(rows_read).sum(),
        observations: register.imports.iter().map(|line| line.observations).sum(),
        informational: register.imports.iter().map(|line| line.informational).sum(),
        skipped: register.imports.iter().map(|line| line.skipped_rows()).sum(),
        imports: register.imports.len(),
        imports_ignored: register
            .imports
            .iter()
            .filter(|line| line.is_newer_than(register.as_of))
            .count(),
        hosts: register.hosts.len(),
        hosts_counted: count(&|host| host.counts),
        hosts_without_scan: count(&|host| host.counts && !register.is_scanned_in_time(host)),
        hosts_unknown: count(&|host| host.system.is_none()),
        suspected: register.watch_list.len(),
        systems: systems().count(),
        systems_with_software: systems()
            .filter(|system| !system.spec.software.is_empty())
            .count(),
        advisories: advisories(&[ImportState::Complete, ImportState::Incomplete]),
        advisories_incomplete: advisories(&[ImportState::Incomplete]),
    }
}

const KPI_COLUMNS: &[Column] = &[
    Column::new("label", "Figure"),
    Column::data("name"),
    Column::new("rate", "Rate"),
    Column::new("definition", "Definition"),
];

fn kpi_table(register: &Register<'_>) -> Table {
    let always = RATES.iter().map(|(name, _)| *name);
    let is_shown = |kpi: &Kpi| kpi.is_headline && kpi.unit == Unit::Percent;
    let shown = register.kpis.iter().filter(|(_, kpi)| is_shown(kpi));
    let is_first = |name: &str| RATES.iter().any(|(first, _)| *first == name);
    let others = shown.map(|(name, _)| *name).filter(|name| !is_first(name));
    let rows = always.chain(others).map(|name| {
        let kpi = register.kpis.get(name);
        vec![
            Cell::text(label(name)),
            Cell::text(name),
            kpi.map_or_else(
                || Cell::text("not computed"),
                |kpi| Cell::Share(share(register, kpi.rate)),
            ),
            Cell::maybe(kpi.map(|kpi| kpi.title)),
        ]
    });
    Table {
        name: "kpis",
        caption: format!(
            "Figures of the period {} to {}",
            register.period.from, register.period.to
        ),
        layout: Layout::Cards,
        columns: KPI_COLUMNS,
        rows: rows.collect(),
        when_empty: "",
    }
}

const DISPOSITIONS: &[Column] = &[
    Column::new("disposition", "Disposition"),
    Column::new("critical", "Critical"),
    Column::new("high", "High"),
    Column::new("medium", "Medium"),
    Column::new("low", "Low"),
    Column::new("total", "Total"),
];

/// Returns the dispositions in the order of urgency.
fn dispositions() -> Vec<Disposition> {
    let mut all = Disposition::ALL.to_vec();
    all.sort_by_key(|one| disposition(*one).rank);
    all
}

fn disposition_table(register: &Register<'_>) -> Table {
    let mut counts: std::collections::BTreeMap<Disposition, [u64; 4]> = std::collections::BTreeMap::new();
    let mut all = [0; 4];
    for finding in &register.findings {
        counts.entry(finding.disposition).or_default()[column_of(finding.severity)] += 1;
        all[column_of(finding.severity)] += 1;
    }
    let row = |first: Cell, counts: [u64; 4]| {
        let mut row = vec![first];
        row.extend(counts.map(Cell::count));
        row.push(Cell::count(counts.iter().sum::<u64>()));
        row
    };
    let mut rows: Vec<Vec<Cell>> = dispositions()
        .into_iter()
        .map(|one| {
            row(
                Cell::Mark(disposition(one)),
                counts.get(&one).copied().unwrap_or_default(),
            )
        })
        .collect();
    rows.push(row(Cell::text("All findings"), all));
    Table {
        name: "dispositions",
        caption: "Findings by disposition and severity".into(),
        layout: Layout::Plain,
        columns: DISPOSITIONS,
        rows,
        when_empty: "",
    }
}

fn severity_figure(register: &Register<'_>) -> Figure {
    let series_of = |finding: &Finding| match finding.disposition {
        Disposition::Overdue => Some(0),
        Disposition::DueSoon => Some(1),
        Disposition::Open | Disposition::PendingVerification | Disposition::MitigationPending => Some(2),
        Disposition::Deferred | Disposition::Accepted | Disposition::AcceptedUnsupported => Some(3),
        Disposition::NotApplicable | Disposition::OutOfScope | Disposition::UnsupportedUngoverned => Some(4),
        Disposition::ClosedRetired | Disposition::FixedInTime | Disposition::FixedLate => None,
    };
    let mut counts = [[0; 5]; 4];
    for finding in &register.findings {
        if let Some(series) = series_of(finding) {
            counts[column_of(finding.severity)][series] += 1;
        }
    }
    let series = [
        ("overdue", Fill::Solid),
        ("due soon", Fill::Hatched),
        ("open", Fill::Blank),
        ("by decision", Fill::Dotted),
        ("left out", Fill::Lined),
    ];
    let bar = |severity: Severity| Bar {
        label: severity.word().into(),
        values: counts[column_of(severity)].to_vec(),
    };
    Figure {
        name: "open-by-severity",
        title: "Open findings by severity".into(),
        unit: "findings",
        drawing: Drawing::Bars(Bars {
            series: series.map(|(word, fill)| Series { word, fill }).into(),
            bars: Severity::ALL.map(bar).into(),
        }),
    }
}
