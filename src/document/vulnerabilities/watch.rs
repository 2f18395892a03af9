//! The tables of what advisories and VEX say.

use super::super::table::{Cell, Column, Layout, Mark, Table, Tone};
use super::super::words::{day, moment, severity};
use crate::model::Remedy;
use crate::reconcile::{Register, VersionMatch, VexStatement, WatchRow, by_urgency};

const WATCH: &[Column] = &[
    Column::new("vuln", "Vulnerability").wide(),
    Column::beneath("title", ""),
    Column::data("aliases"),
    Column::new("system", "System").tight(),
    Column::new("software", "Software listed"),
    Column::beneath("product", "advisory names"),
    Column::beneath("version", ""),
    Column::new("state", "State"),
    Column::data("source"),
    Column::beneath("says", "advisory says"),
    Column::new("severity", "Severity"),
    Column::beneath("kev", "").around("KEV since ", "").tight(),
    Column::beneath("epss", "EPSS").around("EPSS ", ""),
    Column::new("remedies", "What its publisher advises").wide(),
    Column::new("document", "Advisory").wide(),
    Column::beneath("publisher", ""),
    Column::beneath("said", "").tight(),
    Column::beneath("import", "import"),
    Column::data("observer"),
    Column::data("said_at"),
    Column::new("notes", "Notes").wide(),
];

/// Lists what is suspected by advisories alone, the gravest first.
pub(super) fn watch_table(register: &Register<'_>) -> Table {
    let rows = by_urgency(&register.watch_list);
    Table {
        name: "watch-list",
        caption: "Suspected by advisories, the gravest first".into(),
        layout: Layout::Sortable,
        columns: WATCH,
        rows: rows.into_iter().map(|row| watch_row(register, row)).collect(),
        when_empty: "No advisory that was read names listed software in a version that is suspect, beyond what scanners found.",
    }
}

fn watch_row(register: &Register<'_>, row: &WatchRow) -> Vec<Cell> {
    let as_of = register.as_of;
    vec![
        Cell::text(row.vuln.clone()),
        Cell::text(row.title.clone()),
        Cell::list(row.aliases.iter().cloned()),
        Cell::shown(&row.system),
        Cell::text(row.software.clone()),
        Cell::text(row.product.clone()),
        Cell::text(row.version.words()),
        Cell::Mark(suspected(row.version)),
        Cell::text("advisory"),
        Cell::text(row.status.words()),
        row.severity
            .map_or_else(|| Cell::text("not rated"), |of| Cell::Mark(severity(of))),
        Cell::maybe_shown(row.kev),
        row.epss.map_or(Cell::Empty, Cell::Decimal),
        Cell::list(row.remedies.iter().map(remedy)),
        Cell::text(row.said.document.clone()),
        Cell::text(row.said.publisher.clone()),
        Cell::text(day(as_of, row.said.at)),
        Cell::text(row.said.file.clone()),
        Cell::text(row.said.observer.clone()),
        Cell::text(moment(as_of, row.said.at)),
        Cell::list(row.notes.iter().cloned()),
    ]
}

fn suspected(version: VersionMatch) -> Mark {
    let tone = match version {
        VersionMatch::Exact | VersionMatch::Series | VersionMatch::Range | VersionMatch::Every => {
            Tone::Warning
        }
        VersionMatch::NotCompared => Tone::Quiet,
    };
    Mark {
        word: "suspected",
        tone,
        rank: 0,
    }
}

fn remedy(remedy: &Remedy) -> String {
    let category = remedy.category.replace('_', " ");
    let key = remedy
        .key
        .as_ref()
        .map(|key| format!(" {key}"))
        .unwrap_or_default();
    let details = Some(&remedy.details).filter(|details| !details.is_empty());
    let details = details.map(|details| format!(": {details}")).unwrap_or_default();
    let url = remedy
        .url
        .as_ref()
        .map(|url| format!(" ({url})"))
        .unwrap_or_default();
    format!("{category}{key}{details}{url}")
}

const VEX: &[Column] = &[
    Column::new("vuln", "Vulnerability").wide(),
    Column::new("open", "Findings open"),
    Column::new("says", "Says"),
    Column::beneath("justification", ""),
    Column::beneath("impact", ""),
    Column::new("products", "Of").wide(),
    Column::beneath("product_count", "").around("products in all: ", ""),
    Column::new("document", "Document").wide(),
    Column::beneath("title", ""),
    Column::new("publisher", "Who").wide(),
    Column::beneath("said", "").tight(),
    Column::new("import", "Import").wide(),
    Column::beneath("observer", ""),
    Column::data("said_at"),
];

/// Lists what VEX says of vulnerabilities that were found.
pub(super) fn vex_table(register: &Register<'_>) -> Table {
    Table {
        name: "vex",
        caption: "Statements of VEX about vulnerabilities that were found".into(),
        layout: Layout::Sortable,
        columns: VEX,
        rows: register.vex.iter().map(|one| vex_row(register, one)).collect(),
        when_empty: "No statement of VEX that was read is about a vulnerability that was found.",
    }
}

fn vex_row(register: &Register<'_>, one: &VexStatement) -> Vec<Cell> {
    let as_of = register.as_of;
    vec![
        Cell::text(one.vuln.clone()),
        Cell::count(one.open),
        Cell::text(one.status.words()),
        Cell::maybe(one.justification.clone()),
        Cell::maybe(one.impact.clone()),
        Cell::list(one.products.iter().cloned()),
        Cell::count(one.product_count),
        Cell::text(one.said.document.clone()),
        Cell::text(one.title.clone()),
        Cell::text(one.said.publisher.clone()),
        Cell::text(day(as_of, one.said.at)),
        Cell::text(one.said.file.clone()),
        Cell::text(one.said.observer.clone()),
        Cell::text(moment(as_of, one.said.at)),
    ]
}
