//! The exports that were read: how old each is, and what became of its rows.

use super::super::cover::{hours_old, imports, rows_read, staleness};
use super::super::html::{Block, Page};
use super::super::table::{Cell, Column, Layout, Table};
use super::super::words::{age, day, import_state};
use super::site::{Site, page_path};
use super::{above, start_step};
use crate::model::RecordId;
use crate::reconcile::ImportLine;

const AGES: &[Column] = &[
    Column::new("source", "Source").tight(),
    Column::new("file", "File").wide(),
    Column::new("run", "Run on").tight(),
    Column::new("age", "Age").tight(),
    Column::beneath("staleness", ""),
    Column::new("rows_read", "Rows read"),
    Column::new("state", "State"),
    Column::beneath("reason", ""),
];

/// Lists exports with their age.
pub(super) fn age_table(site: &Site<'_>, wanted: impl Fn(&ImportLine) -> bool) -> Table {
    let register = site.register;
    let rows = register.imports.iter().filter(|line| wanted(line)).map(|line| {
        let hours = hours_old(register, line);
        let source = line.source.as_ref();
        vec![
            source.map_or_else(|| Cell::text("no Source"), |source| site.record(source.as_str())),
            Cell::text(line.file.as_str()),
            line.run_at.map_or_else(
                || Cell::text("not told"),
                |run_at| Cell::text(day(register.as_of, run_at)),
            ),
            Cell::maybe(hours.map(age)),
            Cell::maybe(hours.and_then(|hours| staleness(register, line, hours))),
            Cell::count(rows_read(line)),
            Cell::Mark(import_state(line.state)),
            Cell::maybe(line.reason.as_deref()),
        ]
    });
    Table {
        name: "ages",
        caption: "Age of each import".into(),
        layout: Layout::Sortable,
        columns: AGES,
        rows: rows.collect(),
        when_empty: "No export was read: nothing is known of any host.",
    }
}

/// Returns the exports of one Source.
pub(super) fn blocks(site: &Site<'_>, id: &RecordId) -> Vec<Block> {
    if site.register.repository.tools.get(id).is_none() {
        return Vec::new();
    }
    let mut table = age_table(site, |line| line.source.as_ref() == Some(id));
    table.when_empty = "No export of it was read.";
    vec![
        Block::Heading("imports", "Its exports".into()),
        Block::Table(table),
    ]
}

/// Returns the page of all exports.
pub(super) fn page(site: &Site<'_>) -> Page {
    Page {
        path: page_path("imports"),
        title: "Imports".into(),
        purpose: "Which exports the numbers rest on, how old they are, and what became of their rows.".into(),
        above: above([start_step()]),
        blocks: vec![
            Block::Table(age_table(site, |_| true)),
            Block::Table(imports(site.register)),
        ],
    }
}
