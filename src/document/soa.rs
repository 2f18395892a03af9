//! D01, the Statement of Applicability: every control of the edition, included or excluded, and why.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cover::{classification, each_once};
use super::figure::{Bar, Figure, Fill, Series};
use super::table::{Cell, Column, Layout, Mark, Table, Tone};
use super::words::{approval_mark, counted};
use super::{DocumentKind, Request, View, values};
use crate::model::controls::{Control, Edition, ISO27001, catalogue, compare_ids, control, predecessors, successors, theme};
use crate::model::{Implementation, Kind, Record, Soa, SoaEntry};
use crate::reconcile::Register;

/// The Statement of Applicability.
pub(super) const D01: DocumentKind = DocumentKind {
    id: "D01",
    slug: "soa",
    title: "Statement of Applicability",
    audience: "certification body, customers",
    purpose: "Which controls of Annex A apply, why, and how far they are implemented.",
    template: "D01.md",
    tables: &["controls", "exclusions", "custom", "missing", "status-by-theme"],
    view,
};

/// The single values of the view.
#[derive(Serialize)]
struct Statement {
    is_there: bool,
    record: String,
    title: String,
    version: String,
    edition: String,
    owner: String,
    approval: String,
    others: Vec<String>,
    has_others: bool,
    controls: usize,
    applicable: usize,
    excluded: usize,
    missing: usize,
}

/// How a control stands; the order is that of the figure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum ControlStatus {
    Implemented,
    Partial,
    Planned,
    NotImplemented,
    Excluded,
    NotStated,
}

impl ControlStatus {
    const ALL: [Self; 6] =
        [Self::Implemented, Self::Partial, Self::Planned, Self::NotImplemented, Self::Excluded, Self::NotStated];

    fn of(entry: &SoaEntry) -> Self {
        match (entry.applicable.value, entry.implementation) {
            (false, _) => Self::Excluded,
            (true, Some(Implementation::Implemented)) => Self::Implemented,
            (true, Some(Implementation::Partial)) => Self::Partial,
            (true, Some(Implementation::Planned)) => Self::Planned,
            (true, Some(Implementation::None)) => Self::NotImplemented,
            (true, None) => Self::NotStated,
        }
    }

    fn series(self) -> Series {
        let (word, fill) = match self {
            Self::Implemented => ("implemented", Fill::Solid),
            Self::Partial => ("partial", Fill::Hatched),
            Self::Planned => ("planned", Fill::Dotted),
            Self::NotImplemented => ("not implemented", Fill::Blank),
            Self::Excluded => ("excluded", Fill::Lined),
            Self::NotStated => ("not stated", Fill::Crossed),
        };
        Series { word, fill }
    }

    fn mark(self) -> Mark {
        let (word, rank, tone) = match self {
            Self::Implemented => ("implemented", 0, Tone::Good),
            Self::Partial => ("partial", 1, Tone::Busy),
            Self::Planned => ("planned", 2, Tone::Warning),
            Self::NotImplemented => ("not_implemented", 3, Tone::Bad),
            Self::Excluded => ("excluded", 4, Tone::Quiet),
            Self::NotStated => ("not_stated", 5, Tone::Bad),
        };
        Mark { word, rank, tone }
    }
}

fn view(request: &Request<'_>) -> View {
    let register = request.register;
    let soa = current(register);
    let edition = soa.map_or_else(|| edition_of_isms(register), |soa| soa.spec.edition.value);
    let entries = by_control(soa);
    let missing: Vec<&Control> =
        catalogue(edition).iter().filter(|control| !entries.contains_key(control.id)).collect();
    let mut underlying = Vec::new();
    if let Some(soa) = soa {
        underlying.push((Kind::Soa, soa.id().clone()));
        let policies = soa.spec.entries.iter().flat_map(|entry| &entry.policies);
        underlying.extend(policies.map(|policy| (Kind::Policy, policy.value.0.clone())));
    }
    let by_theme = by_theme(edition, &entries);
    View {
        classification: soa.and_then(|soa| classification(&soa.meta)).unwrap_or("internal"),
        values: values(&statement(register, soa, edition, &entries, missing.len())),
        tables: vec![
            controls_table(register, edition, &entries),
            exclusions_table(edition, &entries),
            custom_table(register, soa, edition),
            missing_table(edition, &missing),
            theme_table(&by_theme),
        ],
        figures: vec![theme_figure(&by_theme)],
        underlying: each_once(underlying),
    }
}

/// Returns the live statement with the highest version; of several with one version, the first by id.
fn current<'a>(register: &Register<'a>) -> Option<&'a Record<Soa>> {
    let version = |soa: &Record<Soa>| -> Vec<u64> {
        let text = soa.meta.version.as_ref().map_or("", |version| version.value.as_str());
        text.split('.').map(|part| part.parse().unwrap_or(0)).collect()
    };
    let live = register.repository.soas.iter().filter(|soa| soa.meta.is_live());
    live.rev().max_by_key(|soa| version(soa))
}

fn edition_of_isms(register: &Register<'_>) -> Edition {
    let isms = register.repository.isms.as_ref();
    let framework = isms.and_then(|isms| isms.spec.frameworks.iter().find(|framework| framework.id == ISO27001));
    framework.and_then(|framework| framework.edition.parse().ok()).unwrap_or(Edition::Iso2022)
}

fn by_control(soa: Option<&Record<Soa>>) -> BTreeMap<&str, Vec<&SoaEntry>> {
    let mut entries: BTreeMap<&str, Vec<&SoaEntry>> = BTreeMap::new();
    for entry in soa.iter().flat_map(|soa| soa.spec.entries.iter()).filter(|entry| !entry.custom) {
        entries.entry(entry.control.value.as_str()).or_default().push(entry);
    }
    entries
}

fn statement(
    register: &Register<'_>,
    soa: Option<&Record<Soa>>,
    edition: Edition,
    entries: &BTreeMap<&str, Vec<&SoaEntry>>,
    missing: usize,
) -> Statement {
    let of_edition = || catalogue(edition).iter().filter_map(|control| entries.get(control.id)).flatten();
    let is_current = |other: &&Record<Soa>| soa.is_none_or(|soa| soa.id() != other.id());
    let others: Vec<String> =
        register.repository.soas.iter().filter(is_current).map(|other| other.id().to_string()).collect();
    let none = || "none".to_owned();
    Statement {
        is_there: soa.is_some(),
        record: soa.map_or_else(none, |soa| soa.id().to_string()),
        title: soa.map_or_else(none, |soa| soa.meta.title.clone()),
        version: soa.and_then(|soa| soa.meta.version.as_ref()).map_or_else(none, |version| version.value.clone()),
        edition: format!("ISO/IEC 27001:{edition}"),
        owner: soa.map_or_else(none, |soa| soa.meta.owner.to_string()),
        approval: soa.map_or_else(none, |soa| {
            approval_mark(register, Kind::Soa, soa.id()).word.replace('_', " ")
        }),
        has_others: !others.is_empty(),
        others,
        controls: catalogue(edition).len(),
        applicable: of_edition().filter(|entry| entry.applicable.value).count(),
        excluded: of_edition().filter(|entry| !entry.applicable.value).count(),
        missing,
    }
}

const CONTROLS: &[Column] = &[
    Column::new("control", "Control"),
    Column::new("title", "Title"),
    Column::beneath("note", ""),
    Column::new("other_edition", "2013 ids"),
    Column::new("applicable", "Applicable").facet(),
    Column::new("status", "Implementation").facet(),
    Column::beneath("planned", "").around("by ", ""),
    Column::new("reasons", "Reason"),
    Column::new("justification", "Justification"),
    Column::new("owner", "Owner").facet(),
    Column::new("policies", "Policies"),
    Column::data("checkpoints"),
];

const CONTROLS_2013: &[Column] = &{
    let mut columns = [Column::new("", ""); 12];
    let mut index = 0;
    while index < 12 {
        columns[index] = CONTROLS[index];
        index += 1;
    }
    columns[3] = Column::new("other_edition", "2022 ids");
    columns
};

fn controls_table(register: &Register<'_>, edition: Edition, entries: &BTreeMap<&str, Vec<&SoaEntry>>) -> Table {
    let mut rows = Vec::new();
    for control in catalogue(edition) {
        match entries.get(control.id) {
            None => rows.push(missing_row(edition, control)),
            Some(of_control) => {
                let twice = of_control.len() > 1;
                rows.extend(of_control.iter().map(|entry| control_row(register, edition, control, entry, twice)));
            }
        }
    }
    let columns = match edition {
        Edition::Iso2022 => CONTROLS,
        Edition::Iso2013 => CONTROLS_2013,
    };
    let caption = format!("Controls of ISO/IEC 27001:{edition}, Annex A, in its order");
    Table { name: "controls", caption, layout: Layout::Filterable, columns, rows, when_empty: "There is no control." }
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
    row[4] = Cell::Mark(Mark { word: "not_stated", rank: 2, tone: Tone::Bad });
    row[5] = Cell::Mark(ControlStatus::NotStated.mark());
    row
}

fn control_row(register: &Register<'_>, edition: Edition, control: &Control, entry: &SoaEntry, twice: bool) -> Vec<Cell> {
    let mut row = vec![Cell::text(control.id), Cell::text(control.title)];
    row.push(if twice { Cell::text("entered more than once") } else { Cell::Empty });
    row.push(other_edition(edition, control.id));
    row.extend(entry_cells(register, entry));
    row
}

/// Returns the cells that do not depend on a catalogue.
fn entry_cells(register: &Register<'_>, entry: &SoaEntry) -> Vec<Cell> {
    let applicable = if entry.applicable.value {
        Mark { word: "yes", rank: 0, tone: Tone::Good }
    } else {
        Mark { word: "no", rank: 1, tone: Tone::Quiet }
    };
    let policies = entry.policies.iter().map(|policy| {
        let version = register.repository.policies.get(&policy.value).and_then(|record| record.meta.version.as_ref());
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
        Cell::list(entry.checkpoints.iter().map(|checkpoint| format!("{}: {}", checkpoint.id, checkpoint.question))),
    ]
}

const EXCLUSIONS: &[Column] = &[
    Column::new("control", "Control"),
    Column::new("title", "Title"),
    Column::new("justification", "Why it is excluded"),
];

fn exclusions_table(edition: Edition, entries: &BTreeMap<&str, Vec<&SoaEntry>>) -> Table {
    let mut rows = Vec::new();
    for control in catalogue(edition) {
        for entry in entries.get(control.id).into_iter().flatten().filter(|entry| !entry.applicable.value) {
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
    Column::new("title", "Title"),
    Column::beneath("note", ""),
    Column::new("applicable", "Applicable"),
    Column::new("status", "Implementation"),
    Column::beneath("planned", "").around("by ", ""),
    Column::new("reasons", "Reason"),
    Column::new("justification", "Justification"),
    Column::new("owner", "Owner"),
    Column::new("policies", "Policies"),
    Column::data("checkpoints"),
];

/// Lists the organisation's own controls, and entries that fit no control of the edition.
fn custom_table(register: &Register<'_>, soa: Option<&Record<Soa>>, edition: Edition) -> Table {
    let is_foreign = |entry: &&SoaEntry| entry.custom || control(edition, &entry.control.value).is_none();
    let mut entries: Vec<&SoaEntry> =
        soa.iter().flat_map(|soa| soa.spec.entries.iter()).filter(is_foreign).collect();
    entries.sort_by(|one, other| compare_ids(&one.control.value, &other.control.value));
    let rows = entries.into_iter().map(|entry| {
        let note = if entry.custom { Cell::Empty } else { Cell::text(format!("no control of the {edition} edition")) };
        let mut row = vec![Cell::text(entry.control.value.as_str()), Cell::maybe(entry.title.as_deref()), note];
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

const MISSING: &[Column] =
    &[Column::new("control", "Control"), Column::new("title", "Title"), Column::new("other_edition", "Other edition")];

fn missing_table(edition: Edition, missing: &[&Control]) -> Table {
    let row = |control: &&Control| {
        vec![Cell::text(control.id), Cell::text(control.title), other_edition(edition, control.id)]
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

/// Counts of standings by theme, in the order of the catalogue.
fn by_theme(edition: Edition, entries: &BTreeMap<&str, Vec<&SoaEntry>>) -> Vec<(String, [u64; 6])> {
    let mut themes: Vec<(String, [u64; 6])> = Vec::new();
    for control in catalogue(edition) {
        let label = theme(control.id).map_or_else(|| clause(control.id), |theme| theme.title().to_owned());
        if themes.last().is_none_or(|(last, _)| *last != label) {
            themes.push((label, [0; 6]));
        }
        // A control that is entered twice counts once, by its worst entry.
        let standing = entries.get(control.id).into_iter().flatten().map(|entry| ControlStatus::of(entry)).max();
        if let Some((_, counts)) = themes.last_mut() {
            counts[standing.unwrap_or(ControlStatus::NotStated) as usize] += 1;
        }
    }
    themes
}

/// Returns the clause of a control of the 2013 edition, such as `A.12`.
fn clause(id: &str) -> String {
    id.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
}

const THEMES: &[Column] = &[
    Column::new("theme", "Theme"),
    Column::new("implemented", "Implemented"),
    Column::new("partial", "Partial"),
    Column::new("planned", "Planned"),
    Column::new("not_implemented", "Not implemented"),
    Column::new("excluded", "Excluded"),
    Column::new("not_stated", "Not stated"),
    Column::new("total", "Total"),
];

fn theme_table(themes: &[(String, [u64; 6])]) -> Table {
    let row = |label: &str, counts: &[u64; 6]| {
        let mut row = vec![Cell::text(label)];
        row.extend(counts.iter().map(|count| Cell::count(*count)));
        row.push(Cell::count(counts.iter().sum::<u64>()));
        row
    };
    let mut rows: Vec<Vec<Cell>> = themes.iter().map(|(label, counts)| row(label, counts)).collect();
    let mut all = [0; 6];
    for (_, counts) in themes {
        for (sum, count) in all.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    rows.push(row("All themes", &all));
    Table {
        name: "status-by-theme",
        caption: "Status by theme".into(),
        layout: Layout::Plain,
        columns: THEMES,
        rows,
        when_empty: "There is no control.",
    }
}

fn theme_figure(themes: &[(String, [u64; 6])]) -> Figure {
    Figure {
        name: "status-by-theme",
        title: "Status of the controls by theme".into(),
        unit: "controls",
        series: ControlStatus::ALL.map(ControlStatus::series).into(),
        bars: themes.iter().map(|(label, counts)| Bar { label: label.clone(), values: counts.to_vec() }).collect(),
    }
}
