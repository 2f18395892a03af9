//! What the report is about: every System, in scope or not, and those past their support.

use super::super::table::{Cell, Column, Layout, Mark, Table, Tone};
use super::super::words::approval_mark;
use crate::model::{Disposition, Kind, Record, System};
use crate::reconcile::{Register, SystemRow};

const SCOPE: &[Column] = &[
    Column::new("system", "System").wide(),
    Column::beneath("title", ""),
    Column::new("scope", "Scope").tight(),
    Column::beneath("state", "").tight(),
    Column::new("basis", "Why").wide(),
    Column::new("acceptance", "Acceptance").tight(),
    Column::beneath("approval", ""),
    Column::new("type", "Type"),
    Column::new("department", "Department"),
    Column::new("location", "Location"),
    Column::new("tier", "Tier"),
    Column::new("hosts", "Hosts"),
    Column::new("hosts_counted", "Hosts counted"),
    Column::new("findings", "Findings"),
];

/// Lists every System; those that the rates leave out come first.
pub(super) fn scope_table(register: &Register<'_>) -> Table {
    let mut systems: Vec<&SystemRow> = register.systems.values().collect();
    systems.sort_by_key(|row| (row.counts, row.id.clone()));
    let records = systems.into_iter().filter_map(|row| {
        let record = register.repository.systems.get(&row.id)?;
        Some(system(register, row, record))
    });
    Table {
        name: "scope",
        caption: "Systems, those that the rates leave out first".into(),
        layout: Layout::Sortable,
        columns: SCOPE,
        rows: records.collect(),
        when_empty: "No System is governed.",
    }
}

fn system(register: &Register<'_>, row: &SystemRow, record: &Record<System>) -> Vec<Cell> {
    let spec = &record.spec;
    let told = |text: &Option<String>| {
        text.as_deref()
            .map_or_else(|| Cell::text("not recorded"), Cell::text)
    };
    let acceptance = spec.scope.acceptance.as_ref().map(|id| &id.value.0);
    let approval = acceptance
        .and_then(|id| register.repository.acceptances.get(id))
        .map(|record| approval_mark(register, Kind::RiskAcceptance, record.id()));
    let hosts = register.hosts.iter();
    let of_system = hosts.filter(|host| host.system.as_ref() == Some(&row.id));
    vec![
        Cell::shown(&row.id),
        Cell::text(record.meta.title.as_str()),
        Cell::Mark(if spec.scope.is_in.value {
            mark("in_scope", 1, Tone::Good)
        } else {
            mark("out_of_scope", 0, Tone::Quiet)
        }),
        Cell::maybe(spec.state.map(|state| state.word())),
        Cell::maybe(spec.scope.basis.as_deref()),
        match (acceptance, spec.scope.is_in.value) {
            (Some(id), _) => Cell::shown(id),
            (None, true) => Cell::Empty,
            (None, false) => Cell::text("none"),
        },
        match (approval, acceptance) {
            (Some(mark), _) => Cell::Mark(mark),
            (None, Some(_)) => Cell::text("no such record"),
            (None, None) => Cell::Empty,
        },
        Cell::text(spec.system_type.word()),
        told(&spec.department),
        told(&spec.location),
        Cell::maybe_shown(spec.tier.as_ref()),
        Cell::count(row.hosts.len()),
        Cell::count(of_system.filter(|host| host.counts).count()),
        Cell::count(row.by_disposition.values().sum::<u64>()),
    ]
}

fn mark(word: &'static str, rank: u8, tone: Tone) -> Mark {
    Mark { word, rank, tone }
}

const UNSUPPORTED: &[Column] = &[
    Column::new("system", "System").wide(),
    Column::beneath("title", ""),
    Column::new("end", "End of support").tight(),
    Column::beneath("extended", "").around("extended to ", "").tight(),
    Column::new("hosts", "Hosts"),
    Column::new("accepted", "Findings accepted"),
    Column::new("undecided", "Findings nobody decided on"),
    Column::new("option", "What is planned"),
];

/// Lists the Systems that count and are past the end of their support.
pub(super) fn unsupported_table(register: &Register<'_>) -> Table {
    let rows = register.systems.values();
    let rows = rows
        .filter(|row| row.counts && row.is_unsupported)
        .filter_map(|row| {
            let record = register.repository.systems.get(&row.id)?;
            let lifecycle = record.spec.lifecycle.as_ref()?;
            let sum = |wanted: Disposition| {
                let count = row.by_disposition.get(&wanted).copied();
                Cell::count(count.unwrap_or_default())
            };
            let option = lifecycle.feasibility.as_ref();
            Some(vec![
                Cell::shown(&row.id),
                Cell::text(record.meta.title.as_str()),
                Cell::maybe_shown(lifecycle.eol_date.as_ref()),
                Cell::maybe_shown(lifecycle.extended_support.as_ref().map(|support| &support.until)),
                Cell::count(row.hosts.len()),
                sum(Disposition::AcceptedUnsupported),
                sum(Disposition::UnsupportedUngoverned),
                Cell::text(option.map_or("not recorded", |option| option.option.word())),
            ])
        });
    Table {
        name: "unsupported",
        caption: "Systems in scope past the end of their support".into(),
        layout: Layout::Sortable,
        columns: UNSUPPORTED,
        rows: rows.collect(),
        when_empty: "No System in scope is recorded as past the end of its support.",
    }
}
