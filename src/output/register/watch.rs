//! What advisories and VEX say, for machines and as a table.

use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;

use super::view::utc;
use crate::model::{AsOf, ClaimStatus, Date, RecordId, Remedy, Severity};
use crate::output::Style;
use crate::output::table::{self, Cell, Column};
use crate::output::text::Paint;
use crate::reconcile::{VersionMatch, VexStatement, WatchRow, WhoSaid, by_urgency};

/// Rows that are shown; the JSON has all.
const MAX_ROWS: usize = 50;

/// A vulnerability that an advisory suspects in listed software; no finding, and in no figure.
#[derive(Serialize)]
pub(super) struct WatchView<'a> {
    state: &'static str,
    source: &'static str,
    system: &'a RecordId,
    vuln: &'a str,
    aliases: &'a [Arc<str>],
    title: &'a str,
    software: &'a str,
    product: &'a str,
    version_match: &'static str,
    says: &'static str,
    severity: Option<Severity>,
    kev: bool,
    kev_listed: Option<Date>,
    epss: Option<f64>,
    said: SaidView<'a>,
    remedies: Vec<RemedyView<'a>>,
    notes: &'a [Arc<str>],
}

/// Who says it, when, and in which import.
#[derive(Serialize)]
struct SaidView<'a> {
    publisher: &'a str,
    document: &'a str,
    at: String,
    source: &'a str,
    file: &'a str,
}

#[derive(Serialize)]
struct RemedyView<'a> {
    category: &'a str,
    details: &'a str,
    url: Option<&'a str>,
    key: Option<&'a str>,
    date: Option<String>,
}

/// What a document of VEX says of a vulnerability that was found.
#[derive(Serialize)]
pub(super) struct VexView<'a> {
    vuln: &'a str,
    says: &'static str,
    justification: Option<&'a str>,
    impact: Option<&'a str>,
    products: &'a [Arc<str>],
    product_count: usize,
    open: usize,
    title: &'a str,
    said: SaidView<'a>,
}

impl<'a> SaidView<'a> {
    fn new(said: &'a WhoSaid) -> Self {
        Self {
            publisher: &said.publisher,
            document: &said.document,
            at: utc(said.at),
            source: &said.observer,
            file: &said.file,
        }
    }
}

impl<'a> RemedyView<'a> {
    fn new(remedy: &'a Remedy) -> Self {
        Self {
            category: &remedy.category,
            details: &remedy.details,
            url: remedy.url.as_deref(),
            key: remedy.key.as_deref(),
            date: remedy.date.map(utc),
        }
    }
}

impl<'a> WatchView<'a> {
    pub(super) fn new(row: &'a WatchRow) -> Self {
        Self {
            state: "suspected",
            source: "advisory",
            system: &row.system,
            vuln: &row.vuln,
            aliases: &row.aliases,
            title: &row.title,
            software: &row.software,
            product: &row.product,
            version_match: row.version.word(),
            says: row.status.word(),
            severity: row.severity,
            kev: row.kev.is_some(),
            kev_listed: row.kev,
            epss: row.epss,
            said: SaidView::new(&row.said),
            remedies: row.remedies.iter().map(RemedyView::new).collect(),
            notes: &row.notes,
        }
    }
}

impl<'a> VexView<'a> {
    pub(super) fn new(one: &'a VexStatement) -> Self {
        Self {
            vuln: &one.vuln,
            says: one.status.word(),
            justification: one.justification.as_deref(),
            impact: one.impact.as_deref(),
            products: &one.products,
            product_count: one.product_count,
            open: one.open,
            title: &one.title,
            said: SaidView::new(&one.said),
        }
    }
}

/// Writes the watch list, the gravest first.
pub(super) fn write(all: &[WatchRow], as_of: AsOf, style: Style, out: &mut dyn Write) -> io::Result<()> {
    const COLUMNS: [Column; 8] = [
        Column::whole("STATE", 0),
        Column::flexible("VULNERABILITY", 14, 0),
        Column::flexible("SYSTEM", 12, 0),
        Column::flexible("SOFTWARE", 12, 0),
        Column::whole("SEVERITY", 0),
        Column::flexible("VERSION", 12, 1),
        Column::whole("SAID", 2),
        Column::flexible("ADVISORY", 14, 1),
    ];
    let rows = by_urgency(all);
    let shown: Vec<[Cell; 8]> = rows.iter().take(MAX_ROWS).map(|row| cells(row, as_of)).collect();
    table::write(&COLUMNS, &shown, style, out)?;
    let more = rows.len() - shown.len();
    if more > 0 {
        writeln!(out, "… and {more} more; `--format json` has all")?;
    }
    Ok(())
}

fn cells(row: &WatchRow, as_of: AsOf) -> [Cell; 8] {
    let state = match row.status {
        ClaimStatus::Affected | ClaimStatus::Fixed | ClaimStatus::NotAffected => "suspected",
        ClaimStatus::UnderInvestigation => "suspected, under investigation",
    };
    let severity = row.severity.map_or("not rated", Severity::word);
    let severity = match row.kev {
        Some(_) => format!("{severity}, KEV"),
        None => severity.to_owned(),
    };
    let paint = match row.version {
        VersionMatch::NotCompared => Some(Paint::Faint),
        VersionMatch::Exact | VersionMatch::Series | VersionMatch::Range | VersionMatch::Every => None,
    };
    [
        Cell::painted(state, Some(Paint::Yellow)),
        Cell::plain(&row.vuln),
        Cell::plain(row.system.as_str()),
        Cell::plain(&row.software),
        Cell::plain(severity),
        Cell::painted(row.version.words(), paint),
        Cell::plain(as_of.zone().day_of(row.said.at).to_string()),
        Cell::plain(format!("{}, {}", row.said.document, row.said.publisher)),
    ]
}
