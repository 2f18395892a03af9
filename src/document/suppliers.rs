//! D15, the supplier report: which Systems depend on whom, how their findings were fixed, and what of the agreement
//! no record holds yet.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cover::each_once;
use super::decisions::{Body, decision_rows};
use super::kept::{Kept, by_system};
use super::soa::{ControlStatus, current};
use super::table::{Cell, Column, Layout, Table};
use super::words::{approval_mark, day, days_left, host_state, remaining, share};
use super::{DocumentKind, Request, View, values};
use crate::load::effective_tier;
use crate::model::controls::{Edition, control};
use crate::model::{IncidentClass, Kind, MatrixCell, Record, RecordId, RiskAcceptanceType, System};
use crate::reconcile::Register;

/// The supplier report.
pub(super) const D15: DocumentKind = DocumentKind {
    id: "D15",
    slug: "suppliers",
    title: "Supplier report",
    audience: "procurement, service reviews",
    purpose: "Which Systems depend on which supplier, whether they were patched in time, and what is agreed with whom.",
    template: "D15.md",
    tables: &["suppliers", "systems", "controls", "acceptances", "incidents"],
    view,
};

/// The single values of the view.
#[derive(Serialize)]
struct Suppliers {
    suppliers: Vec<String>,
    systems: usize,
    without: usize,
}

type Supplied<'a> = BTreeMap<&'a str, Vec<&'a Record<System>>>;

fn view(request: &Request<'_>) -> View {
    let register = request.register;
    let mut supplied: Supplied<'_> = BTreeMap::new();
    let mut without = 0;
    for system in register
        .repository
        .systems
        .iter()
        .filter(|system| system.meta.is_live())
    {
        match &system.spec.supplier {
            Some(supplier) => supplied
                .entry(supplier.value.0.as_str())
                .or_default()
                .push(system),
            None => without += 1,
        }
    }
    let kept = by_system(register);
    let systems: Vec<_> = supplied.values().flatten().collect();
    let underlying = systems.iter().map(|system| (Kind::System, system.id().clone()));
    View {
        classification: "confidential",
        values: values(&Suppliers {
            suppliers: supplied.keys().map(|supplier| (*supplier).to_owned()).collect(),
            systems: systems.len(),
            without,
        }),
        underlying: each_once(underlying.collect()),
        tables: vec![
            supplier_table(register, &supplied, &kept),
            system_table(register, &supplied, &kept),
            control_table(register),
            acceptance_table(request),
            incident_table(register),
        ],
        figures: Vec::new(),
    }
}

const SUPPLIERS: &[Column] = &[
    Column::new("supplier", "Supplier").tight(),
    Column::new("systems", "Systems"),
    Column::new("rate", "In time or under a decision, of what was due"),
    Column::new("open", "Open findings"),
    Column::new("overdue", "Overdue"),
    Column::new("agreement", "Patch clause of the contract"),
    Column::new("reports", "Reports received"),
];

fn supplier_table(
    register: &Register<'_>,
    supplied: &Supplied<'_>,
    kept: &BTreeMap<&RecordId, Kept>,
) -> Table {
    let rows = supplied.iter().map(|(supplier, systems)| {
        let mut all = Kept::default();
        for of_system in systems.iter().filter_map(|system| kept.get(system.id())) {
            all.in_time += of_system.in_time;
            all.by_decision += of_system.by_decision;
            all.missed += of_system.missed;
            all.open += of_system.open;
            all.overdue += of_system.overdue;
        }
        vec![
            Cell::text(*supplier),
            Cell::count(systems.len()),
            Cell::Share(share(register, all.governed())),
            Cell::count(all.open),
            Cell::count(all.overdue),
            Cell::text("not recorded"),
            Cell::text("not recorded"),
        ]
    });
    Table {
        name: "suppliers",
        caption: "Suppliers that Systems name".into(),
        layout: Layout::Plain,
        columns: SUPPLIERS,
        rows: rows.collect(),
        when_empty: "No System names a supplier. That none is named does not mean that there is none.",
    }
}

const SYSTEMS: &[Column] = &[
    Column::new("system", "System").tight(),
    Column::beneath("title", ""),
    Column::new("supplier", "Supplier").tight(),
    Column::new("tier", "Tier"),
    Column::new("own_times", "Own times to remediate").wide(),
    Column::beneath("agreement", "").around("by ", ""),
    Column::new("their_times", "Their times"),
    Column::new("rate", "In time or under a decision, of what was due"),
    Column::new("open", "Open"),
    Column::new("overdue", "Overdue"),
    Column::new("state", "State"),
    Column::new("support", "Extended support until").tight(),
    Column::beneath("support_left", "").tight(),
    Column::beneath("support_ref", ""),
];

fn system_table(register: &Register<'_>, supplied: &Supplied<'_>, kept: &BTreeMap<&RecordId, Kept>) -> Table {
    let all = supplied
        .iter()
        .flat_map(|(supplier, systems)| systems.iter().map(move |system| (*supplier, *system)));
    let rows = all.map(|(supplier, system)| {
        let kept = kept.get(system.id()).copied().unwrap_or_default();
        let tier = effective_tier(register.repository, system).map(|tier| tier.id().to_owned());
        let sla = register.sla_of(system.id());
        let cells = sla.map_or(&[][..], |sla| &sla.spec.matrix.value);
        let own = cells
            .iter()
            .map(|cell| &cell.value)
            .filter(|cell| Some(&cell.tier) == tier.as_ref());
        let own: Vec<String> = own.map(time).collect();
        let lifecycle = system.spec.lifecycle.as_ref();
        let support = lifecycle.and_then(|lifecycle| lifecycle.extended_support.as_ref());
        let until = support.map(|support| support.until.value);
        let row = register.systems.get(system.id());
        vec![
            Cell::shown(system.id()),
            Cell::text(system.meta.title.as_str()),
            Cell::text(supplier),
            Cell::maybe(tier),
            if own.is_empty() {
                Cell::text("none agreed")
            } else {
                Cell::list(own)
            },
            Cell::maybe_shown(sla.map(|sla| sla.id())),
            Cell::text("not recorded"),
            Cell::Share(share(register, kept.governed())),
            Cell::count(kept.open),
            Cell::count(kept.overdue),
            row.map_or(Cell::Empty, |row| Cell::Mark(host_state(row.state))),
            Cell::maybe_shown(until),
            Cell::maybe(until.map(|until| remaining(days_left(register, until)))),
            Cell::maybe(support.and_then(|support| support.reference.as_deref())),
        ]
    });
    Table {
        name: "systems",
        caption: "Systems that name a supplier".into(),
        layout: Layout::Sortable,
        columns: SYSTEMS,
        rows: rows.collect(),
        when_empty: "No System names a supplier.",
    }
}

fn time(cell: &MatrixCell) -> String {
    match (cell.days, cell.hours) {
        (Some(days), _) => format!("{}: {days} d", cell.severity),
        (None, Some(hours)) => format!("{}: {hours} h", cell.severity),
        (None, None) => format!("{}: no time", cell.severity),
    }
}

const CONTROLS: &[Column] = &[
    Column::new("control", "Control").tight(),
    Column::new("title", "Title").wide(),
    Column::new("status", "Implementation"),
    Column::new("justification", "What the statement says").wide(),
    Column::new("owner", "Owner").tight(),
];

/// Tells whether a control of Annex A is about suppliers.
fn is_about_suppliers(edition: Edition, control: &str) -> bool {
    match edition {
        Edition::Iso2022 => ["5.19", "5.20", "5.21", "5.22", "5.23"].contains(&control),
        Edition::Iso2013 => control.trim_start_matches("A.").starts_with("15."),
    }
}

fn control_table(register: &Register<'_>) -> Table {
    let soa = current(register);
    let entries = soa.into_iter().flat_map(|soa| {
        let edition = soa.spec.edition.value;
        let entries = soa.spec.entries.value.iter();
        entries.map(move |entry| (edition, entry))
    });
    let about = entries.filter(|(edition, entry)| is_about_suppliers(*edition, &entry.control.value));
    let rows = about.map(|(edition, entry)| {
        let id = entry.control.value.as_str();
        vec![
            Cell::text(id),
            Cell::maybe(control(edition, id).map(|control| control.title)),
            Cell::Mark(ControlStatus::of(entry).mark()),
            Cell::text(entry.justification.value.as_str()),
            Cell::maybe_shown(entry.owner.as_ref()),
        ]
    });
    Table {
        name: "controls",
        caption: "Controls about suppliers, by the Statement of Applicability".into(),
        layout: Layout::Plain,
        columns: CONTROLS,
        rows: rows.collect(),
        when_empty: "The records have no Statement of Applicability that speaks of suppliers.",
    }
}

const ACCEPTANCES: &[Column] = &[
    Column::new("acceptance", "Acceptance").tight(),
    Column::beneath("title", ""),
    Column::new("state", "State").tight(),
    Column::new("statement", "What is borne").wide(),
    Column::new("expires", "Last day").tight(),
    Column::new("owner", "Owner").tight(),
    Column::new("approval", "Approval").tight(),
];

/// Lists the acceptances that bear the risk of a supplier.
fn acceptance_table(request: &Request<'_>) -> Table {
    let register = request.register;
    let all = decision_rows(request);
    let rows = all.iter().filter_map(|row| match row.body {
        Body::Acceptance(acceptance) if acceptance.acceptance_type == RiskAcceptanceType::Supplier => {
            Some(vec![
                Cell::shown(&row.meta.id.value),
                Cell::text(row.meta.title.as_str()),
                Cell::Mark(row.mark),
                Cell::text(acceptance.statement.as_str()),
                Cell::maybe_shown(row.expires),
                Cell::shown(&row.meta.owner),
                Cell::Mark(approval_mark(register, Kind::RiskAcceptance, &row.meta.id.value)),
            ])
        }
        Body::Acceptance(_) | Body::Exception(_) => None,
    });
    Table {
        name: "acceptances",
        caption: "Risks of suppliers that somebody bears".into(),
        layout: Layout::Plain,
        columns: ACCEPTANCES,
        rows: rows.collect(),
        when_empty: "No acceptance bears the risk of a supplier.",
    }
}

const INCIDENTS: &[Column] = &[
    Column::new("incident", "Incident").tight(),
    Column::beneath("title", ""),
    Column::new("systems", "Systems").tight(),
    Column::new("priority", "Priority"),
    Column::new("detected", "Detected").tight(),
    Column::new("resolved", "Resolved").tight(),
    Column::new("owner", "Owner").tight(),
];

/// Lists the incidents of suppliers that were known at as-of.
fn incident_table(register: &Register<'_>) -> Table {
    let incidents = register.repository.incidents.iter();
    let of_suppliers = incidents.filter(|incident| {
        incident.spec.class.value == IncidentClass::Supplier
            && incident.spec.detected.value.utc() <= register.as_of.instant()
    });
    let rows = of_suppliers.map(|incident| {
        let spec = &incident.spec;
        vec![
            Cell::shown(incident.id()),
            Cell::text(incident.meta.title.as_str()),
            Cell::list_shown(&spec.systems),
            Cell::text(spec.priority.word()),
            Cell::text(day(register.as_of, spec.detected.value.utc())),
            spec.resolved.as_ref().map_or_else(
                || Cell::text("not resolved"),
                |resolved| Cell::text(day(register.as_of, resolved.value.utc())),
            ),
            Cell::shown(&incident.meta.owner),
        ]
    });
    Table {
        name: "incidents",
        caption: "Incidents of suppliers".into(),
        layout: Layout::Plain,
        columns: INCIDENTS,
        rows: rows.collect(),
        when_empty: "No incident of a supplier is recorded.",
    }
}
