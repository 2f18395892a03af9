//! D06, the monthly compliance report: the rates, whom they are made of, what was missed and why, what is left out.

mod missed;
mod scope;
mod segments;

use serde::Serialize;

use super::cover::each_once;
use super::findings::coverages;
use super::measures::{
    RATES, figure_table, headline, known_since_figure, known_since_table, label, month_figure, month_table,
    shown,
};
use super::table::{Cell, Column, Layout, Table};
use super::vulnerabilities::{exclusion_table, host_table};
use super::{DocumentKind, Request, View, values};
use crate::model::Kind;
use crate::reconcile::{Dimension, Register, SlaOutcome};
use missed::missed_table;
pub(super) use missed::{by_cause, cause_table, missed};
use scope::{scope_table, unsupported_table};
use segments::{outcome_figure, segment_table};

/// The monthly compliance report.
pub(in crate::document) const D06: DocumentKind = DocumentKind {
    id: "D06",
    slug: "compliance",
    title: "Monthly compliance report",
    audience: "management, auditors",
    purpose: "Whether what was due in the period was fixed in time, for whom and where not, why not, and what the rates leave out.",
    template: "D06.md",
    tables: &[
        "rates",
        "months",
        "known-since",
        "by-severity",
        "by-tier",
        "by-system-type",
        "by-department",
        "by-location",
        "causes",
        "missed",
        "latency",
        "coverage",
        "hosts",
        "unsupported",
        "figures",
        "scope",
        "exclusions",
    ],
    view,
};

/// The single values of the view.
#[derive(Serialize)]
struct Compliance {
    headline: &'static str,
    due: usize,
    in_time: usize,
    by_decision: usize,
    missed: usize,
    months: usize,
    months_without_scan: usize,
    latency_findings: u64,
    hosts: usize,
    hosts_counted: usize,
    hosts_without_scan: usize,
    unsupported: usize,
    earlier_terms: &'static str,
}

fn view(request: &Request<'_>) -> View {
    let register = request.register;
    let segments = register.kpi_segments();
    let outcomes: Vec<SlaOutcome> = register
        .findings
        .iter()
        .filter_map(register.sla_outcomes())
        .collect();
    let missed = missed(register);
    let unsupported = unsupported_table(register);
    let segment = |dimension| segment_table(register, dimension, &segments[&dimension]);
    View {
        classification: "confidential",
        values: values(&totals(register, &outcomes, unsupported.rows.len())),
        figures: vec![
            month_figure(register),
            known_since_figure(register),
            outcome_figure(&segments[&Dimension::Severity]),
        ],
        tables: vec![
            rate_table(register),
            month_table(register),
            known_since_table(register),
            segment(Dimension::Severity),
            segment(Dimension::Tier),
            segment(Dimension::SystemType),
            segment(Dimension::Department),
            segment(Dimension::Location),
            cause_table(&missed),
            missed_table(register, &missed),
            latency_table(register),
            coverage_table(register),
            host_table(register),
            unsupported,
            figure_table(register),
            scope_table(register),
            exclusion_table(register),
        ],
        underlying: underlying(register),
    }
}

fn underlying(register: &Register<'_>) -> Vec<(Kind, crate::model::RecordId)> {
    let repository = register.repository;
    let mut underlying = coverages(register);
    underlying.extend(repository.slas.iter().map(|sla| (Kind::Sla, sla.id().clone())));
    let acceptances = repository
        .systems
        .iter()
        .filter_map(|system| system.spec.scope.acceptance.as_ref());
    underlying.extend(acceptances.filter_map(|acceptance| {
        let record = repository.acceptances.get(&acceptance.value.0)?;
        Some((Kind::RiskAcceptance, record.id().clone()))
    }));
    underlying.extend(repository.isms.iter().map(|isms| (Kind::Isms, isms.id().clone())));
    each_once(underlying)
}

fn totals(register: &Register<'_>, outcomes: &[SlaOutcome], unsupported: usize) -> Compliance {
    let of = |wanted| outcomes.iter().filter(|one| **one == wanted).count();
    let counted = register.hosts.iter().filter(|host| host.counts);
    let unscanned = counted.clone().filter(|host| !register.is_scanned_in_time(host));
    let [.., whole] = register.latency();
    Compliance {
        headline: headline(register),
        due: outcomes.len(),
        in_time: of(SlaOutcome::InTime),
        by_decision: of(SlaOutcome::ByDecision),
        missed: of(SlaOutcome::Missed),
        months: register.months.len(),
        months_without_scan: register.months.iter().filter(|month| month.scans == 0).count(),
        latency_findings: whole.sum.rate.denominator,
        hosts: register.hosts.len(),
        hosts_counted: counted.count(),
        hosts_without_scan: unscanned.count(),
        unsupported,
        earlier_terms: register.missing_history.map_or(
            "agreements and systems count as they were then, by their history",
            crate::trust::MissingHistory::sentence,
        ),
    }
}

const CARDS: &[Column] = &[
    Column::new("label", "Figure"),
    Column::data("name"),
    Column::new("rate", "Rate"),
    Column::new("definition", "Definition"),
];

fn cards(register: &Register<'_>, name: &'static str, caption: String, names: &[&'static str]) -> Table {
    let rows = names.iter().map(|name| {
        let kpi = register.kpis.get(name);
        vec![
            Cell::text(label(name)),
            Cell::text(*name),
            shown(register, kpi),
            Cell::maybe(kpi.map(|kpi| kpi.title)),
        ]
    });
    Table {
        name,
        caption,
        layout: Layout::Cards,
        columns: CARDS,
        rows: rows.collect(),
        when_empty: "",
    }
}

/// Prints the three rates; that of the headline does not stand without the others.
fn rate_table(register: &Register<'_>) -> Table {
    let period = register.period;
    let caption = format!("Rates of the period {} to {}", period.from, period.to);
    let names: Vec<&str> = RATES.iter().take(3).map(|(name, _)| *name).collect();
    cards(register, "rates", caption, &names)
}

fn coverage_table(register: &Register<'_>) -> Table {
    let names = ["scan_coverage", "scan_coverage_authenticated", "host_compliance"];
    let caption = format!("Hosts that were scanned, as of {}", register.as_of.day());
    cards(register, "coverage", caption, &names)
}

const LATENCY: &[Column] = &[
    Column::new("stage", "From what to what").wide(),
    Column::new("findings", "Findings"),
    Column::new("median", "Median, days"),
    Column::new("p90", "Nine of ten within, days"),
    Column::new("days", "All findings together, days"),
    Column::data("seconds"),
];

/// Prints the stages whose moments somebody records, and says of the others that nobody does.
fn latency_table(register: &Register<'_>) -> Table {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for stage in register.latency() {
        if stage.is_whole {
            let missing = ["patch published to tested", "tested to approved for release"];
            rows.extend(missing.map(|stage| {
                let mut row = vec![Cell::text(stage), Cell::text("not recorded")];
                row.resize(LATENCY.len(), Cell::Empty);
                row
            }));
        }
        let title = if stage.is_whole {
            format!("The whole: {}", stage.title)
        } else {
            stage.title.to_owned()
        };
        rows.push(vec![
            Cell::text(title),
            Cell::count(stage.sum.rate.denominator),
            Cell::text(stage.median.value()),
            Cell::text(stage.p90.value()),
            Cell::text(stage.sum.value()),
            Cell::count(stage.sum.rate.numerator),
        ]);
    }
    Table {
        name: "latency",
        caption: "How long the findings fixed in the period took, stage by stage".into(),
        layout: Layout::Plain,
        columns: LATENCY,
        rows,
        when_empty: "",
    }
}
