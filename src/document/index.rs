//! The index: the documents that were made, what is overdue, what ends soon, how old the imports are.

use serde::Serialize;

use super::cover::{hours_old, rows_read, staleness};
use super::findings::overdue_table;
use super::table::{Cell, Column, Layout, Table};
use super::words::{age, approval_mark, day, days_left, import_state};
use super::{DocumentKind, Format, Request, View, values};
use crate::model::{Date, Disposition, Kind, Meta};
use crate::reconcile::{HostRow, Register};

/// The index of the documents.
pub(super) const INDEX: DocumentKind = DocumentKind {
    id: "index",
    slug: "index",
    title: "Compliance documents",
    audience: "everyone who reads these documents",
    purpose: "Which documents were made, what is overdue, what ends soon, and how old the imports are.",
    template: "index.md",
    tables: &["documents", "totals", "expiring", "overdue", "ages"],
    view,
};

/// Overdue findings that the index lists; D05 lists all.
const MAX_OVERDUE: usize = 25;
/// Days in which a record's end is called near.
const SOON_DAYS: i64 = 30;

/// The single values of the view.
#[derive(Serialize)]
struct Index {
    documents: usize,
    overdue: u64,
    overdue_shown: usize,
    has_more_overdue: bool,
    soon_days: i64,
}

fn view(request: &Request<'_>) -> View {
    let register = request.register;
    let overdue = register
        .by_disposition()
        .get(&Disposition::Overdue)
        .copied()
        .unwrap_or_default();
    let overdue_rows = overdue_table(register, MAX_OVERDUE);
    let documents = document_table(request);
    View {
        classification: "confidential",
        values: values(&Index {
            documents: documents.rows.len(),
            overdue,
            overdue_shown: overdue_rows.rows.len(),
            has_more_overdue: overdue > overdue_rows.rows.len() as u64,
            soon_days: SOON_DAYS,
        }),
        tables: vec![
            documents,
            total_table(register, overdue),
            expiring_table(register),
            overdue_rows,
            age_table(register),
        ],
        figures: Vec::new(),
        underlying: Vec::new(),
    }
}

const DOCUMENTS: &[Column] = &[
    Column::new("id", "Document"),
    Column::new("title", "Title"),
    Column::new("purpose", "What it answers").wide(),
    Column::new("audience", "For"),
    Column::new("forms", "Also as").tight(),
    Column::new("tables", "Tables").tight(),
];

fn document_table(request: &Request<'_>) -> Table {
    let rows = request
        .kinds
        .iter()
        .filter(|kind| kind.id != INDEX.id)
        .map(|kind| document(request, kind));
    Table {
        name: "documents",
        caption: "Documents".into(),
        layout: Layout::Plain,
        columns: DOCUMENTS,
        rows: rows.collect(),
        when_empty: "No other document was made in this run.",
    }
}

fn document(request: &Request<'_>, kind: &DocumentKind) -> Vec<Cell> {
    let whole = |format: &&Format| **format != Format::Csv;
    let first = request.formats.iter().find(whole);
    let others = request
        .formats
        .iter()
        .filter(whole)
        .skip(1)
        .map(|format| format!("{}.{}", kind.id, format.extension()));
    let has_tables = request.formats.contains(&Format::Csv);
    let tables = kind
        .tables
        .iter()
        .filter(|_| has_tables)
        .map(|table| format!("{}-{table}.csv", kind.id));
    vec![
        first.map_or_else(
            || Cell::text(kind.id),
            |format| {
                Cell::Links(vec![(
                    kind.id.into(),
                    format!("{}.{}", kind.id, format.extension()).into(),
                )])
            },
        ),
        Cell::text(kind.title),
        Cell::text(kind.purpose),
        Cell::text(kind.audience),
        Cell::files(others),
        Cell::files(tables),
    ]
}

const TOTALS: &[Column] = &[
    Column::new("label", "Figure"),
    Column::new("number", "Number"),
    Column::new("of", "Of"),
];

fn total_table(register: &Register<'_>, overdue: u64) -> Table {
    let open = register
        .findings
        .iter()
        .filter(|finding| !finding.disposition.is_closed())
        .count();
    let by_decision = register
        .findings
        .iter()
        .filter(|finding| finding.disposition.is_by_decision())
        .count();
    let hosts = |wanted: &dyn Fn(&HostRow) -> bool| register.hosts.iter().filter(|host| wanted(host)).count();
    let row = |label: &str, number: Cell, of: String| vec![Cell::text(label), number, Cell::text(of)];
    let open_words = format!("of {open} open findings");
    let rows = vec![
        row("Overdue", Cell::count(overdue), open_words.clone()),
        row("By decision", Cell::count(by_decision), open_words),
        row(
            "Open",
            Cell::count(open),
            format!("of {} findings in the register", register.findings.len()),
        ),
        row(
            "Hosts without a qualifying scan",
            Cell::count(hosts(&|host| host.counts && !register.is_scanned_in_time(host))),
            format!("of {} hosts that count", hosts(&|host| host.counts)),
        ),
        row(
            "Hosts in no System",
            Cell::count(hosts(&|host| host.system.is_none())),
            format!("of {} hosts", register.hosts.len()),
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

const EXPIRING: &[Column] = &[
    Column::new("record", "Record").wide(),
    Column::beneath("title", ""),
    Column::new("kind", "Kind"),
    Column::new("expires", "Last day").tight(),
    Column::new("days_left", "Days left"),
    Column::new("owner", "Owner").tight(),
    Column::new("approval", "Approval"),
];

/// Lists live records whose last day is near.
fn expiring_table(register: &Register<'_>) -> Table {
    let repository = register.repository;
    let mut ends: Vec<(Date, &Meta)> = Vec::new();
    ends.extend(
        repository
            .exceptions
            .iter()
            .map(|record| (record.spec.expires.value, &record.meta)),
    );
    let acceptances = repository.acceptances.iter();
    ends.extend(acceptances.filter_map(|record| Some((record.spec.expires.as_ref()?.value, &record.meta))));
    ends.extend(
        repository
            .triages
            .iter()
            .map(|record| (record.spec.expires.value, &record.meta)),
    );
    ends.extend(
        repository
            .slas
            .iter()
            .map(|record| (record.spec.expires.value, &record.meta)),
    );
    ends.retain(|(expires, meta)| meta.is_live() && (0..=SOON_DAYS).contains(&days_left(register, *expires)));
    ends.sort_by_key(|(expires, meta)| (*expires, meta.kind, meta.id.value.clone()));
    Table {
        name: "expiring",
        caption: format!("Records whose last day lies within {SOON_DAYS} days"),
        layout: Layout::Sortable,
        columns: EXPIRING,
        rows: ends
            .into_iter()
            .map(|(expires, meta)| expiring(register, expires, meta))
            .collect(),
        when_empty: "No exception, acceptance, triage or agreement ends within 30 days.",
    }
}

fn expiring(register: &Register<'_>, expires: Date, meta: &Meta) -> Vec<Cell> {
    let kind = match meta.kind {
        Kind::RiskAcceptance => "risk acceptance",
        Kind::Exception => "exception",
        Kind::Triage => "triage",
        Kind::Sla => "agreement",
        other @ (Kind::Isms
        | Kind::Person
        | Kind::Role
        | Kind::Policy
        | Kind::Soa
        | Kind::Risk
        | Kind::System
        | Kind::Source
        | Kind::Change
        | Kind::Calendar
        | Kind::Incident
        | Kind::Evidence
        | Kind::Approval) => other.name(),
    };
    vec![
        Cell::shown(&meta.id.value),
        Cell::text(meta.title.as_str()),
        Cell::text(kind),
        Cell::shown(expires),
        Cell::Number(days_left(register, expires)),
        Cell::shown(&meta.owner),
        Cell::Mark(approval_mark(register, meta.kind, &meta.id.value)),
    ]
}

const AGES: &[Column] = &[
    Column::new("source", "Source").tight(),
    Column::new("file", "File"),
    Column::new("run", "Run on").tight(),
    Column::new("age", "Age").tight(),
    Column::beneath("staleness", ""),
    Column::new("rows_read", "Rows read"),
    Column::new("state", "State"),
];

fn age_table(register: &Register<'_>) -> Table {
    let rows = register.imports.iter().map(|line| {
        let hours = hours_old(register, line);
        vec![
            line.source
                .as_ref()
                .map_or_else(|| Cell::text("no Source"), Cell::shown),
            Cell::text(line.file.as_str()),
            line.run_at.map_or_else(
                || Cell::text("not told"),
                |run_at| Cell::text(day(register.as_of, run_at)),
            ),
            Cell::maybe(hours.map(age)),
            Cell::maybe(hours.and_then(|hours| staleness(register, line, hours))),
            Cell::count(rows_read(line)),
            Cell::Mark(import_state(line.state)),
        ]
    });
    Table {
        name: "ages",
        caption: "Age of each import".into(),
        layout: Layout::Plain,
        columns: AGES,
        rows: rows.collect(),
        when_empty: "No export was read: nothing is known of any host.",
    }
}
