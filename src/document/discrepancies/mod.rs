//! D21, the discrepancy report: where records, inventory and tools do not say the same.

mod assets;
mod tools;

use std::collections::BTreeMap;

use serde::Serialize;

use super::table::{Cell, Column, Layout, Table};
use super::{DocumentKind, Request, View, values};
use crate::reconcile::{HostRow, Register, SuppressedState};

/// The discrepancy report.
pub(in crate::document) const D21: DocumentKind = DocumentKind {
    id: "D21",
    slug: "discrepancies",
    title: "Discrepancy report",
    audience: "IT, owner of the inventory, security",
    purpose: "Where records, inventory, scanners and deployment tools do not say the same, what counts until then, and what to do.",
    template: "D21.md",
    tables: &[
        "totals",
        "unknown",
        "ambiguous",
        "unscanned",
        "retired",
        "replaced",
        "conflicts",
        "scanners",
        "installs",
        "deployments",
        "hidden",
        "exports",
    ],
    view,
};

/// The single values of the view.
#[derive(Serialize)]
struct Discrepancies {
    hosts: usize,
    hosts_counted: usize,
    findings_open: usize,
    imports: usize,
    hidden: usize,
    hidden_covered: usize,
}

fn view(request: &Request<'_>) -> View {
    let register = request.register;
    let open = open_by_host(register);
    let details = details(request, &open);
    let mut tables = vec![totals(&details)];
    tables.extend(details.into_iter().map(|detail| detail.table));
    let covered = register
        .suppressed
        .iter()
        .filter(|one| one.state == SuppressedState::Covered);
    View {
        classification: "confidential",
        values: values(&Discrepancies {
            hosts: register.hosts.len(),
            hosts_counted: register.hosts.iter().filter(|host| host.counts).count(),
            findings_open: open.values().sum(),
            imports: register.imports.len(),
            hidden: register.suppressed.len(),
            hidden_covered: covered.count(),
        }),
        tables,
        figures: Vec::new(),
        underlying: Vec::new(),
    }
}

/// Counts the open findings of each host.
fn open_by_host<'a>(register: &'a Register<'_>) -> BTreeMap<&'a str, usize> {
    let mut open = BTreeMap::new();
    for finding in register
        .findings
        .iter()
        .filter(|finding| !finding.disposition.is_closed())
    {
        *open.entry(&*finding.host).or_default() += 1;
    }
    open
}

const TOTALS: &[Column] = &[
    Column::new("discrepancy", "Discrepancy"),
    Column::new("number", "Number"),
    Column::new("of", "Out of"),
    Column::new("counts_as", "What counts until it is settled").wide(),
];

/// One kind of discrepancy with its table, and what it means.
struct Detail {
    label: &'static str,
    /// Out of how many of what.
    of: String,
    counts_as: &'static str,
    table: Table,
}

#[rustfmt::skip]
fn details(request: &Request<'_>, open: &BTreeMap<&str, usize>) -> Vec<Detail> {
    let register = request.register;
    let hosts = |wanted: &dyn Fn(&HostRow) -> bool| register.hosts.iter().filter(|host| wanted(host)).count();
    let all = || format!("{} hosts", register.hosts.len());
    let scanned = format!("{} scanned hosts", hosts(&|host| host.is_scanned));
    let counted = format!("{} hosts that count", hosts(&|host| host.counts));
    let findings = || format!("{} findings", register.findings.len());
    let systems = format!("{} Systems", register.systems.len());
    let installs = format!("{} installed patches", register.installs.len());
    let hidden = format!("{} hidden findings or entries", register.suppressed.len());
    let exports = format!("{} exports", register.imports.len());
    let detail = |label, of, counts_as, table| Detail { label, of, counts_as, table };
    vec![
        detail("Hosts in no System", scanned, "due by the shortest time that any agreement has", assets::unknown(register, open)),
        detail("Ambiguous hosts", all(), "the strictest due date, and no exception", assets::ambiguous(register, open)),
        detail("Unscanned hosts", counted, "not compliant", assets::unscanned(register)),
        detail("Retired hosts that are still there", all(), "what the inventory says", assets::retired(register)),
        detail("Machines set up anew", all(), "findings of the old machine stay open until it is retired", assets::replaced(register, open)),
        detail("Facts told in two ways", systems, "the value that the table names", assets::conflicts(register)),
        detail("Scanner against scanner", findings(), "what the table names", tools::scanners(register)),
        detail("Deployment tool against scanner", findings(), "open until a scan confirms the patch", tools::installs(register)),
        detail("Installed without an approved change", installs, "installed, and not authorised", tools::deployments(request)),
        detail("Hidden without a decision", hidden, "open, as if nothing hid it", tools::hidden(register)),
        detail("Exports that tell one run twice", exports, "both are read", tools::exports(register)),
    ]
}

/// Counts the rows of each table beneath.
fn totals(details: &[Detail]) -> Table {
    let rows = details.iter().map(|detail| {
        vec![
            Cell::text(detail.label),
            Cell::count(detail.table.rows.len()),
            Cell::text(detail.of.as_str()),
            Cell::text(detail.counts_as),
        ]
    });
    Table {
        name: "totals",
        caption: "Discrepancies by kind".into(),
        layout: Layout::Plain,
        columns: TOTALS,
        rows: rows.collect(),
        when_empty: "",
    }
}
