//! D01, the Statement of Applicability: every control of the edition, included or excluded, and why.

mod tables;

use std::collections::BTreeMap;

use serde::Serialize;

use super::cover::{classification, each_once};
use super::figure::{Bar, Bars, Drawing, Figure, Fill, Series};
use super::table::{Cell, Column, Layout, Mark, Table, Tone};
use super::words::{approvals_in_words, share};
use super::{DocumentKind, Request, View, values};
use crate::model::controls::{Control, Edition, ISO27001, catalogue, theme};
use crate::model::{Implementation, Kind, Rate, Record, Soa, SoaEntry};
use crate::reconcile::Register;
use tables::{controls_table, custom_table, exclusions_table, missing_table};

/// The Statement of Applicability.
pub(in crate::document) const D01: DocumentKind = DocumentKind {
    id: "D01",
    slug: "soa",
    title: "Statement of Applicability",
    audience: "certification body, customers",
    purpose: "Which controls of Annex A apply, why, and how far they are implemented.",
    template: "D01.md",
    tables: &[
        "totals",
        "controls",
        "exclusions",
        "custom",
        "missing",
        "status-by-theme",
    ],
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
    approvals: Vec<String>,
    others: Vec<String>,
    has_others: bool,
    controls: usize,
}

/// How a control stands; the order is that of the figure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum ControlStatus {
    Implemented,
    Partial,
    Planned,
    NotImplemented,
    Excluded,
    NotStated,
}

impl ControlStatus {
    const ALL: [Self; 6] = [
        Self::Implemented,
        Self::Partial,
        Self::Planned,
        Self::NotImplemented,
        Self::Excluded,
        Self::NotStated,
    ];

    /// Reads what the statement says of a control.
    pub(super) fn of(entry: &SoaEntry) -> Self {
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

    /// Returns it as a mark, what is done first.
    pub(super) fn mark(self) -> Mark {
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
    let missing: Vec<&Control> = catalogue(edition)
        .iter()
        .filter(|control| !entries.contains_key(control.id))
        .collect();
    let mut underlying = Vec::new();
    if let Some(soa) = soa {
        underlying.push((Kind::Soa, soa.id().clone()));
        let policies = soa.spec.entries.iter().flat_map(|entry| &entry.policies);
        underlying.extend(policies.map(|policy| (Kind::Policy, policy.value.0.clone())));
    }
    let by_theme = by_theme(edition, &entries);
    View {
        classification: soa
            .and_then(|soa| classification(&soa.meta))
            .unwrap_or("internal"),
        values: values(&statement(register, soa, edition)),
        tables: vec![
            total_table(register, &by_theme),
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
pub(in crate::document) fn current<'a>(register: &Register<'a>) -> Option<&'a Record<Soa>> {
    let version = |soa: &Record<Soa>| -> Vec<u64> {
        let text = soa
            .meta
            .version
            .as_ref()
            .map_or("", |version| version.value.as_str());
        text.split('.').map(|part| part.parse().unwrap_or(0)).collect()
    };
    let live = register.repository.soas.iter().filter(|soa| soa.meta.is_live());
    live.rev().max_by_key(|soa| version(soa))
}

fn edition_of_isms(register: &Register<'_>) -> Edition {
    let isms = register.repository.isms.as_ref();
    let framework = isms.and_then(|isms| {
        isms.spec
            .frameworks
            .iter()
            .find(|framework| framework.id == ISO27001)
    });
    framework
        .and_then(|framework| framework.edition.parse().ok())
        .unwrap_or(Edition::Iso2022)
}

fn by_control(soa: Option<&Record<Soa>>) -> BTreeMap<&str, Vec<&SoaEntry>> {
    let mut entries: BTreeMap<&str, Vec<&SoaEntry>> = BTreeMap::new();
    for entry in soa
        .iter()
        .flat_map(|soa| soa.spec.entries.iter())
        .filter(|entry| !entry.custom)
    {
        entries
            .entry(entry.control.value.as_str())
            .or_default()
            .push(entry);
    }
    entries
}

fn statement(register: &Register<'_>, soa: Option<&Record<Soa>>, edition: Edition) -> Statement {
    let is_current = |other: &&Record<Soa>| soa.is_none_or(|soa| soa.id() != other.id());
    let others: Vec<String> = register
        .repository
        .soas
        .iter()
        .filter(is_current)
        .map(|other| other.id().to_string())
        .collect();
    let none = || "none".to_owned();
    Statement {
        is_there: soa.is_some(),
        record: soa.map_or_else(none, |soa| soa.id().to_string()),
        title: soa.map_or_else(none, |soa| soa.meta.title.clone()),
        version: soa
            .and_then(|soa| soa.meta.version.as_ref())
            .map_or_else(none, |version| version.value.clone()),
        edition: format!("ISO/IEC 27001:{edition}"),
        owner: soa.map_or_else(none, |soa| soa.meta.owner.to_string()),
        approvals: soa.map_or_else(Vec::new, |soa| approvals_in_words(register, Kind::Soa, soa.id())),
        has_others: !others.is_empty(),
        others,
        controls: catalogue(edition).len(),
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
        let standing = entries
            .get(control.id)
            .into_iter()
            .flatten()
            .map(|entry| ControlStatus::of(entry))
            .max();
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

const TOTALS: &[Column] = &[
    Column::new("label", "Figure"),
    Column::new("number", "Number"),
    Column::new("meaning", "What it means"),
];

fn total_table(register: &Register<'_>, themes: &[(String, [u64; 6])]) -> Table {
    let count = |status: ControlStatus| {
        themes
            .iter()
            .map(|(_, counts)| counts[status as usize])
            .sum::<u64>()
    };
    let all: u64 = themes.iter().flat_map(|(_, counts)| counts).sum();
    let excluded = count(ControlStatus::Excluded);
    let implemented = Rate {
        numerator: count(ControlStatus::Implemented),
        denominator: all - excluded,
    };
    let row = |label: &str, number: Cell, meaning: &str| vec![Cell::text(label), number, Cell::text(meaning)];
    let rows = vec![
        row(
            "Implemented",
            Cell::Share(share(register, implemented)),
            "of the controls that are not excluded",
        ),
        row("Controls", Cell::count(all), "in the catalogue of the edition"),
        row(
            "Excluded",
            Cell::count(excluded),
            "each with its justification below",
        ),
        row(
            "Not stated",
            Cell::count(count(ControlStatus::NotStated)),
            "no entry, or no word on the implementation",
        ),
    ];
    Table {
        name: "totals",
        caption: "Totals".into(),
        layout: Layout::Cards,
        columns: TOTALS,
        rows,
        when_empty: "",
    }
}

fn theme_figure(themes: &[(String, [u64; 6])]) -> Figure {
    Figure {
        name: "status-by-theme",
        title: "Status of the controls by theme".into(),
        unit: "controls",
        drawing: Drawing::Bars(Bars {
            series: ControlStatus::ALL.map(ControlStatus::series).into(),
            bars: themes
                .iter()
                .map(|(label, counts)| Bar {
                    label: label.clone(),
                    values: counts.to_vec(),
                })
                .collect(),
        }),
    }
}
