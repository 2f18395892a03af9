//! The tables of controls.

use std::collections::BTreeMap;

use super::super::table::{Cell, Column, Layout, Mark, Table, Tone};
use super::ControlStatus;
use crate::diagnostic::counted;
use crate::model::controls::{Control, Edition, catalogue, compare_ids, control, predecessors, successors};
use crate::model::{Record, Soa, SoaEntry};
use crate::reconcile::Register;

const CONTROLS: &[Column] = &[
    Column::new("control", "Control"),
    Column::new("title", "Title").wide(),
    Column::beneath("note", ""),
    Column::new("other_edition", "2013 ids").tight(),
    Column::new("applicable", "Applicable").facet(),
    Column::new("status", "Implementation").facet(),
    Column::beneath("planned", "").around("by ", "").tight(),
    Column::new("reasons", "Reason").tight(),
    Column::new("justification", "Justification").wide(),
    Column::new("owner", "Owner").facet().tight(),
    Column::new("policies", "Policies").tight(),
    Column::data("checkpoints"),
];

const CONTROLS_2013: &[Column] = &{
    let mut columns = [Column::new("", ""); 12];
    let mut index = 0;
    while index < 12 {
        columns[index] = CONTROLS[index];
        index += 1;
    }
    columns[3] = Column::new("other_edition", "2022 ids").tight();
    columns
};

pub(super) fn controls_table(
    register: &Register<'_>,
    edition: Edition,
    entries: &BTreeMap<&str, Vec<&SoaEntry>>,
) -> Table {
    let mut rows = Vec::new();
    for control in catalogue(edition) {
        match entries.get(control.id) {
            None => rows.push(missing_row(edition, control)),
            Some(of_control) => {
                let twice = of_control.len() > 1;
                rows.extend(
                    of_control
                        .iter()
                        .map(|entry| control_row(register, edition, control, entry, twice)),
                );
            }
        }
    }
    let columns = match edition {
        Edition::Iso2022 => CONTROLS,
        Edition::Iso2013 => CONTROLS_2013,
    };
    let caption = format!("Controls of ISO/IEC 27001:{edition}, Annex A, in its order");
    Table {
        name: "controls",
        caption,
        layout: Layout::Filterable,
        columns,
        rows,
        when_empty: "There is no control.",
    }
}

fn other_edition(edition: Edition, id: &str) -> Cell {
    let ids: Vec<&str> = match edition {
        Edition::Iso2022 => predecessors(id).to_vec(),
        Edition::Iso2013 => successors(id),
    };
    match (edition, ids.is_empty()) {
        (Edition::Iso2022, true) => Cell::text("new in 2022"),
        (Edition::Iso2013, true) => Cell::text("none"),
        (Edition::Iso2022 | Edition::Iso2013, false) => Cell::list(ids),
    }
}

fn missing_row(edition: Edition, control: &Control) -> Vec<Cell> {
    let mut row = vec![Cell::Empty; CONTROLS.len()];
    row[0] = Cell::text(control.id);
    row[1] = Cell::text(control.title);
    row[2] = Cell::text("no entry in the statement");
    row[3] = other_edition(edition, control.id);
    row[4] = Cell::Mark(Mark {
        word: "not_stated",
        rank: 2,
        tone: Tone::Bad,
    });
    row[5] = Cell::Mark(ControlStatus::NotStated.mark());
    row
}

fn control_row(
    register: &Register<'_>,
    edition: Edition,
    control: &Control,
    entry: &SoaEntry,
    twice: bool,
) -> Vec<Cell> {
    let mut row = vec![Cell::text(control.id), Cell::text(control.title)];
    row.push(if twice {
        Cell::text("entered more than once")
    } else {
        Cell::Empty
    });
    row.push(other_edition(edition, control.id));
    row.extend(entry_cells(register, entry));
    row
}

/// Returns the cells that do not depend on a catalogue.
fn entry_cells(register: &Register<'_>, entry: &SoaEntry) -> Vec<Cell> {
    let applicable = if entry.applicable.value {
        Mark {
            word: "yes",
            rank: 0,
            tone: Tone::Good,
        }
    } else {
        Mark {
            word: "no",
            rank: 1,
            tone: Tone::Quiet,
        }
    };
    let policies = entry.policies.iter().map(|policy| {
        let version = register
            .repository
            .policies
            .get(&policy.value)
            .and_then(|record| record.meta.version.as_ref());
        version.map_or_else(|| policy.to_string(), |version| format!("{policy} {version}"))
    });
    vec![
        Cell::Mark(applicable),
        Cell::Mark(ControlStatus::of(entry).mark()),
        Cell::maybe_shown(entry.planned.as_ref().map(|planned| planned.date.value)),
        Cell::list_shown(&entry.reasons),
        Cell::text(entry.justification.value.as_str()),
        Cell::maybe_shown(entry.owner.as_ref()),
        Cell::list(policies),
        Cell::list(
            entry
                .checkpoints
                .iter()
                .map(|checkpoint| format!("{}: {}", checkpoint.id, checkpoint.question)),
        ),
    ]
}

const EXCLUSIONS: &[Column] = &[
    Column::new("control", "Control"),
    Column::new("title", "Title"),
    Column::new("justification", "Why it is excluded"),
];

pub(super) fn exclusions_table(edition: Edition, entries: &BTreeMap<&str, Vec<&SoaEntry>>) -> Table {
    let mut rows = Vec::new();
    for control in catalogue(edition) {
        for entry in entries
            .get(control.id)
            .into_iter()
            .flatten()
            .filter(|entry| !entry.applicable.value)
        {
            rows.push(vec![
                Cell::text(control.id),
                Cell::text(control.title),
                Cell::text(entry.justification.value.as_str()),
            ]);
        }
    }
    Table {
        name: "exclusions",
        caption: "Excluded controls".into(),
        layout: Layout::Plain,
        columns: EXCLUSIONS,
        rows,
        when_empty: "No control is excluded.",
    }
}

const CUSTOM: &[Column] = &[
    Column::new("control", "Control"),
    Column::new("title", "Title").wide(),
    Column::beneath("note", ""),
    Column::new("applicable", "Applicable"),
    Column::new("status", "Implementation"),
    Column::beneath("planned", "").around("by ", "").tight(),
    Column::new("reasons", "Reason").tight(),
    Column::new("justification", "Justification").wide(),
    Column::new("owner", "Owner").tight(),
    Column::new("policies", "Policies").tight(),
    Column::data("checkpoints"),
];

/// Lists the organisation's own controls, and entries that fit no control of the edition.
pub(super) fn custom_table(register: &Register<'_>, soa: Option<&Record<Soa>>, edition: Edition) -> Table {
    let is_foreign = |entry: &&SoaEntry| entry.custom || control(edition, &entry.control.value).is_none();
    let mut entries: Vec<&SoaEntry> = soa
        .iter()
        .flat_map(|soa| soa.spec.entries.iter())
        .filter(is_foreign)
        .collect();
    entries.sort_by(|one, other| compare_ids(&one.control.value, &other.control.value));
    let rows = entries.into_iter().map(|entry| {
        let note = if entry.custom {
            Cell::Empty
        } else {
            Cell::text(format!("no control of the {edition} edition"))
        };
        let mut row = vec![
            Cell::text(entry.control.value.as_str()),
            Cell::maybe(entry.title.as_deref()),
            note,
        ];
        row.extend(entry_cells(register, entry));
        row
    });
    Table {
        name: "custom",
        caption: "Controls outside Annex A".into(),
        layout: Layout::Plain,
        columns: CUSTOM,
        rows: rows.collect(),
        when_empty: "The organisation has no controls of its own.",
    }
}

const MISSING: &[Column] = &[
    Column::new("control", "Control"),
    Column::new("title", "Title"),
    Column::new("other_edition", "Other edition"),
];

pub(super) fn missing_table(edition: Edition, missing: &[&Control]) -> Table {
    let row = |control: &&Control| {
        vec![
            Cell::text(control.id),
            Cell::text(control.title),
            other_edition(edition, control.id),
        ]
    };
    Table {
        name: "missing",
        caption: format!("{} without an entry", counted(missing.len(), "control")),
        layout: Layout::Plain,
        columns: MISSING,
        rows: missing.iter().map(row).collect(),
        when_empty: "Every control of the edition has an entry.",
    }
}
