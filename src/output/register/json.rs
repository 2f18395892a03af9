//! countersign/register/v1, and its findings one a line.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::Report;
use super::view::{FindingView, HostView, ImportView, KpiView, SegmentView, SuppressionView, SystemView};
use super::watch::{VexView, WatchView};
use crate::model::Date;
use crate::output::Summary;
use crate::output::diagnostics::Entries;
use crate::output::json::{Each, write_line, write_pretty};
use crate::reconcile::Register;
use crate::trust::MissingHistory;

#[derive(Serialize)]
struct Document<
    'a,
    I: Serialize,
    F: Serialize,
    S: Serialize,
    H: Serialize,
    X: Serialize,
    W: Serialize,
    V: Serialize,
> {
    schema: &'static str,
    as_of: String,
    commit: Option<&'a str>,
    period: PeriodView,
    imports: I,
    totals: Totals,
    kpis: BTreeMap<&'static str, KpiView>,
    kpi_segments: BTreeMap<&'static str, Segments>,
    findings: F,
    systems: S,
    hosts: H,
    suppressions: X,
    watch_list: W,
    vex: V,
    missing_history: Option<&'static str>,
    diagnostics: Entries<'a>,
    summary: Summary,
}

/// The figures of each value of a dimension.
type Segments = BTreeMap<String, BTreeMap<&'static str, SegmentView>>;

#[derive(Clone, Copy, Serialize)]
pub(super) struct PeriodView {
    from: Date,
    to: Date,
}

#[derive(Serialize)]
struct Totals {
    findings: usize,
    moved_by_freezes: u64,
    by_disposition: serde_json::Map<String, serde_json::Value>,
    by_severity: serde_json::Map<String, serde_json::Value>,
}

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let register = report.register;
    let zone = register.as_of.zone();
    let period = PeriodView {
        from: register.period.from,
        to: register.period.to,
    };
    let document = Document {
        schema: "countersign/register/v1",
        as_of: register.as_of.to_string(),
        commit: report.commit,
        period,
        imports: Each(|| register.imports.iter().map(ImportView::new)),
        totals: totals(register),
        kpis: register
            .kpis
            .iter()
            .map(|(name, kpi)| (*name, KpiView::new(kpi, period, register.small_n())))
            .collect(),
        kpi_segments: segments(register),
        findings: Each(|| {
            register
                .findings
                .iter()
                .map(|finding| FindingView::new(finding, zone))
        }),
        systems: Each(|| {
            let records = &register.repository.systems;
            let rows = register.systems.values();
            rows.map(|row| SystemView::new(row, records.get(&row.id)))
        }),
        hosts: Each(|| register.hosts.iter().map(HostView::new)),
        suppressions: Each(|| register.suppressed.iter().map(SuppressionView::new)),
        watch_list: Each(|| register.watch_list.iter().map(WatchView::new)),
        vex: Each(|| register.vex.iter().map(VexView::new)),
        missing_history: register.missing_history.map(MissingHistory::word),
        diagnostics: Entries {
            diagnostics: report.diagnostics,
            sources: &register.repository.sources,
        },
        summary: Summary::of(report.diagnostics),
    };
    write_pretty(&document, out)
}

/// Figures of nothing are left out.
fn segments(register: &Register<'_>) -> BTreeMap<&'static str, Segments> {
    let small_n = register.small_n();
    let dimensions = register.kpi_segments().into_iter();
    let views = dimensions.map(|(dimension, parts)| {
        let parts = parts.into_iter().map(|(value, figures)| {
            let figures = figures.into_iter();
            let counted = figures.filter(|(_, kpi)| kpi.rate.denominator > 0);
            let views = counted.map(|(name, kpi)| (name, SegmentView::new(&kpi, small_n)));
            (value, views.collect())
        });
        (dimension.word(), parts.collect())
    });
    views.collect()
}

/// The worst first, and what is not there as 0.
fn totals(register: &Register<'_>) -> Totals {
    let by_disposition = register.by_disposition();
    let by_severity = register.by_severity();
    Totals {
        findings: register.findings.len(),
        moved_by_freezes: register.moved_by_freezes(),
        by_disposition: super::human::WORST_FIRST
            .iter()
            .map(|one| {
                (
                    one.word().to_owned(),
                    by_disposition.get(one).copied().unwrap_or(0).into(),
                )
            })
            .collect(),
        by_severity: by_severity
            .iter()
            .rev()
            .map(|(one, number)| (one.word().to_owned(), (*number).into()))
            .collect(),
    }
}

pub(super) fn write_lines(register: &Register<'_>, out: &mut dyn Write) -> io::Result<()> {
    let zone = register.as_of.zone();
    register
        .findings
        .iter()
        .try_for_each(|finding| write_line(&FindingView::new(finding, zone), out))
}
