//! D18, the gap and CAPA register: what is not done, what was objected to, why dues were missed, and room for the
//! actions that no record holds yet.

use serde::Serialize;

use super::compliance::{by_cause, missed};
use super::cover::each_once;
use super::diagnosed::rule_table;
use super::evidence;
use super::figure::{Bar, Bars, Drawing, Figure, Fill, Series};
use super::soa::{ControlStatus, current};
use super::table::{Cell, Column, Layout, Mark, Table, Tone};
use super::words::{days_left, remaining, share};
use super::{DocumentKind, Request, View, values};
use crate::diagnostic::Level;
use crate::model::controls::control;
use crate::model::{Date, Kind, Rate, Severity, SoaEntry};
use crate::reconcile::Register;

/// The gap and CAPA register.
pub(super) const D18: DocumentKind = DocumentKind {
    id: "D18",
    slug: "gaps",
    title: "Gap and CAPA register",
    audience: "the manager of the management system, auditors",
    purpose: "Which controls are not done, what is objected to, why dues were missed, and what is to be done about it.",
    template: "D18.md",
    tables: &["totals", "controls", "evidence-gaps", "nonconformities", "causes"],
    view,
};

/// The single values of the view.
#[derive(Serialize)]
struct Gaps {
    statement: String,
    next_audit: String,
    has_causes: bool,
}

/// A cause, and the missed findings of each severity of which it is the first.
type Caused = (&'static str, [u64; Severity::ALL.len()]);

fn view(request: &Request<'_>) -> View {
    let register = request.register;
    let soa = current(register);
    let (evidence_gaps, months) = evidence::gaps(register);
    let mut causes = by_cause(&missed(register));
    causes.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.iter().sum::<u64>()));
    let gaps = open_controls(register);
    let audit = next_audit(register);
    View {
        classification: "confidential",
        values: values(&Gaps {
            statement: soa.map_or_else(
                || "none: there is no Statement of Applicability".to_owned(),
                |soa| format!("{} {}", soa.id(), super::force::version_of(&soa.meta)),
            ),
            next_audit: audit.map_or_else(|| "not recorded".to_owned(), |day| day.to_string()),
            has_causes: !causes.is_empty(),
        }),
        tables: vec![
            totals(request, &gaps, months, &causes),
            control_table(register, &gaps),
            Table {
                name: "evidence-gaps",
                ..evidence_gaps
            },
            rule_table(request.provenance.diagnostics),
            pareto_table(register, &causes),
        ],
        figures: pareto_figure(&causes).into_iter().collect(),
        underlying: each_once(soa.iter().map(|soa| (Kind::Soa, soa.id().clone())).collect()),
    }
}

/// Returns the day of the next audit of the certification.
fn next_audit(register: &Register<'_>) -> Option<Date> {
    let isms = register.repository.isms.as_ref()?;
    isms.spec.certification.as_ref()?.next_audit
}

/// Returns the controls that apply and are not called implemented.
fn open_controls<'a>(register: &Register<'a>) -> Vec<&'a SoaEntry> {
    let entries = current(register).map_or(&[][..], |soa| &soa.spec.entries.value);
    let is_open = |entry: &&SoaEntry| match ControlStatus::of(entry) {
        ControlStatus::Implemented | ControlStatus::Excluded => false,
        ControlStatus::Partial
        | ControlStatus::Planned
        | ControlStatus::NotImplemented
        | ControlStatus::NotStated => true,
    };
    entries.iter().filter(is_open).collect()
}

const TOTALS: &[Column] = &[
    Column::new("label", "Figure"),
    Column::new("number", "Number"),
    Column::new("meaning", "What it means"),
];

fn totals(request: &Request<'_>, gaps: &[&SoaEntry], months: Rate, causes: &[Caused]) -> Table {
    let (register, provenance) = (request.register, request.provenance);
    let entries = current(register).map_or(&[][..], |soa| &soa.spec.entries.value);
    let applicable = entries.iter().filter(|entry| entry.applicable.value).count();
    let open = Rate {
        numerator: gaps.len() as u64,
        denominator: applicable as u64,
    };
    let without_day = gaps.iter().filter(|entry| entry.planned.is_none()).count();
    let missed: u64 = causes.iter().flat_map(|(_, counts)| counts).sum();
    let row =
        |label: &str, number: Cell, meaning: String| vec![Cell::text(label), number, Cell::text(meaning)];
    Table {
        name: "totals",
        caption: "Gaps in figures".into(),
        layout: Layout::Cards,
        columns: TOTALS,
        rows: vec![
            row(
                "Controls not implemented",
                Cell::Share(share(register, open)),
                format!("of those that apply; {without_day} have no day"),
            ),
            row(
                "Months without evidence",
                Cell::Share(share(register, months)),
                "of those that checkpoints ask for".into(),
            ),
            row(
                "Objections of rules",
                Cell::count(provenance.count(Level::Error) + provenance.count(Level::Warn)),
                format!("{} of them errors", provenance.count(Level::Error)),
            ),
            row(
                "Missed in the period",
                Cell::count(missed),
                "findings that were not fixed in time".into(),
            ),
            row(
                "Corrective actions",
                Cell::text("not recorded"),
                "no record holds actions yet".into(),
            ),
        ],
        when_empty: "",
    }
}

const CONTROLS: &[Column] = &[
    Column::new("control", "Control").tight(),
    Column::new("title", "Title").wide(),
    Column::new("status", "Implementation"),
    Column::new("justification", "Why it applies").wide(),
    Column::new("planned", "Planned by").tight(),
    Column::beneath("remaining", "").tight(),
    Column::new("audit", "Before the next audit").tight(),
    Column::new("action", "Action"),
    Column::new("owner", "Who acts").tight(),
];

/// Lists the gaps: what has no day first, then by day.
fn control_table(register: &Register<'_>, gaps: &[&SoaEntry]) -> Table {
    let edition = current(register).map(|soa| soa.spec.edition.value);
    let audit = next_audit(register);
    let mut gaps = gaps.to_vec();
    gaps.sort_by_key(|entry| entry.planned.as_ref().map(|planned| planned.date.value));
    let rows = gaps.into_iter().map(|entry| {
        let id = entry.control.value.as_str();
        let built_in = edition.and_then(|edition| control(edition, id));
        let title = entry.title.as_deref().or(built_in.map(|control| control.title));
        let day = entry.planned.as_ref().map(|planned| planned.date.value);
        let action = entry.planned.as_ref().and_then(|planned| planned.action.as_ref());
        vec![
            Cell::text(id),
            Cell::maybe(title),
            Cell::Mark(ControlStatus::of(entry).mark()),
            Cell::text(entry.justification.value.as_str()),
            day.map_or_else(|| Cell::text("no day"), Cell::shown),
            Cell::maybe(day.map(|day| remaining(days_left(register, day)))),
            Cell::Mark(before_audit(day, audit)),
            action.map_or_else(
                || Cell::text("not recorded"),
                |action| Cell::text(format!("{}, which no record holds", action.0)),
            ),
            Cell::maybe_shown(entry.owner.as_ref()),
        ]
    });
    Table {
        name: "controls",
        caption: "Controls that apply and are not implemented".into(),
        layout: Layout::Sortable,
        columns: CONTROLS,
        rows: rows.collect(),
        when_empty: if current(register).is_some() {
            "Every control that applies is called implemented."
        } else {
            "There is no Statement of Applicability, so that no gap is known; that is no good news."
        },
    }
}

fn before_audit(day: Option<Date>, audit: Option<Date>) -> Mark {
    let (word, rank, tone) = match (day, audit) {
        (None, _) => ("no_day", 0, Tone::Bad),
        (Some(_), None) => ("no_audit_recorded", 2, Tone::Quiet),
        (Some(day), Some(audit)) if day > audit => ("after_it", 1, Tone::Warning),
        (Some(_), Some(_)) => ("before_it", 3, Tone::Good),
    };
    Mark { word, rank, tone }
}

const CAUSES: &[Column] = &[
    Column::new("cause", "First cause").wide(),
    Column::new("critical", "Critical"),
    Column::new("high", "High"),
    Column::new("medium", "Medium"),
    Column::new("low", "Low"),
    Column::new("total", "Total"),
    Column::new("up_to_here", "With those above"),
];

/// Lists causes by how much they caused, with the share of all that they have together.
fn pareto_table(register: &Register<'_>, causes: &[Caused]) -> Table {
    let all: u64 = causes.iter().flat_map(|(_, counts)| counts).sum();
    let mut so_far = 0;
    let rows = causes.iter().map(|(cause, counts)| {
        let total: u64 = counts.iter().sum();
        so_far += total;
        let rate = Rate {
            numerator: so_far,
            denominator: all,
        };
        let mut row = vec![Cell::text(*cause)];
        row.extend(counts.map(Cell::count));
        row.push(Cell::count(total));
        row.push(Cell::Share(share(register, rate)));
        row
    });
    Table {
        name: "causes",
        caption: "First causes of what was missed in the period, the most frequent first".into(),
        layout: Layout::Plain,
        columns: CAUSES,
        rows: rows.collect(),
        when_empty: "Nothing that was due in the period was missed.",
    }
}

fn pareto_figure(causes: &[Caused]) -> Option<Figure> {
    let series = [
        ("critical", Fill::Solid),
        ("high", Fill::Hatched),
        ("medium", Fill::Dotted),
        ("low", Fill::Blank),
    ];
    let bar = |(cause, counts): &Caused| Bar {
        label: (*cause).to_owned(),
        values: counts.to_vec(),
    };
    (!causes.is_empty()).then(|| Figure {
        name: "causes",
        title: "Missed findings by first cause, the most frequent first".into(),
        unit: "findings",
        drawing: Drawing::Bars(Bars {
            series: series.map(|(word, fill)| Series { word, fill }).into(),
            bars: causes.iter().map(bar).collect(),
        }),
    })
}
