//! The tables of systems and hosts, and of what the rates leave out.

use super::super::cover::rows_read;
use super::super::table::{Cell, Column, Layout, Table};
use super::super::words::{day, host_state, import_state, share};
use crate::model::{Disposition, Finding, HostStatus};
use crate::reconcile::{HostRow, ImportLine, Register, SystemRow};

const SYSTEMS: &[Column] = &[
    Column::new("system", "System").wide(),
    Column::beneath("title", ""),
    Column::new("tier", "Tier"),
    Column::new("owner", "Owner").tight(),
    Column::new("state", "State"),
    Column::beneath("support", ""),
    Column::new("hosts", "Hosts"),
    Column::new("overdue", "Overdue"),
    Column::new("due_soon", "Due soon"),
    Column::new("open", "Open"),
    Column::new("by_decision", "By decision"),
    Column::new("left_out", "Left out"),
    Column::new("closed_rate", "Closed in period").tight(),
    Column::new("slas", "SLA").tight(),
];

pub(super) fn system_table(register: &Register<'_>) -> Table {
    let mut systems: Vec<&SystemRow> = register.systems.values().collect();
    systems.sort_by_key(|row| (row.state, row.id.clone()));
    Table {
        name: "systems",
        caption: "Systems, the worst first".into(),
        layout: Layout::Sortable,
        columns: SYSTEMS,
        rows: systems.into_iter().map(|row| system(register, row)).collect(),
        when_empty: "No System is governed.",
    }
}

fn system(register: &Register<'_>, row: &SystemRow) -> Vec<Cell> {
    let record = register.repository.systems.get(&row.id);
    let sum = |wanted: &[Disposition]| {
        let counts = wanted.iter().filter_map(|one| row.by_disposition.get(one));
        Cell::count(counts.sum::<u64>())
    };
    use Disposition as D;
    vec![
        Cell::shown(&row.id),
        Cell::maybe(record.map(|record| record.meta.title.as_str())),
        Cell::maybe_shown(record.and_then(|record| record.spec.tier.as_ref())),
        Cell::maybe_shown(record.map(|record| {
            record
                .spec
                .patch_owner
                .as_ref()
                .map_or(&record.meta.owner.value, |owner| &owner.value)
        })),
        Cell::Mark(host_state(row.state)),
        if row.is_unsupported {
            Cell::text("past its end of support")
        } else {
            Cell::Empty
        },
        Cell::count(row.hosts.len()),
        sum(&[D::Overdue]),
        sum(&[D::DueSoon]),
        sum(&[D::Open, D::MitigationPending]),
        sum(&[D::Deferred, D::Accepted, D::AcceptedUnsupported]),
        sum(&[D::NotApplicable, D::OutOfScope, D::UnsupportedUngoverned]),
        Cell::Share(share(register, row.closed_rate)),
        if row.slas.is_empty() {
            Cell::text("none applies")
        } else {
            Cell::list_shown(&row.slas)
        },
    ]
}

const EXCLUSIONS: &[Column] = &[
    Column::new("what", "What"),
    Column::new("findings", "Findings"),
    Column::new("hosts", "Hosts"),
    Column::new("meaning", "What it means for the rates"),
];

/// Prints what the rates leave out, or count otherwise than one would think, with zeros too.
pub(in crate::document) fn exclusion_table(register: &Register<'_>) -> Table {
    let row = |what: &str, meaning: &str, findings: &dyn Fn(&Finding) -> bool, hosts: Option<usize>| {
        let of_line: Vec<&Finding> = register
            .findings
            .iter()
            .filter(|finding| findings(finding))
            .collect();
        let on: std::collections::BTreeSet<&str> = of_line.iter().map(|finding| &*finding.host).collect();
        vec![
            Cell::text(what),
            Cell::count(of_line.len()),
            Cell::count(hosts.unwrap_or(on.len())),
            Cell::text(meaning),
        ]
    };
    let is = |wanted: Disposition| move |finding: &Finding| finding.disposition == wanted;
    let hosts =
        |wanted: &dyn Fn(&HostRow) -> bool| Some(register.hosts.iter().filter(|host| wanted(host)).count());
    let unclaimed = hosts(&|host| host.system.is_none());
    let unscanned = hosts(&|host| host.counts && !register.is_scanned_in_time(host));
    let out_of_scope = hosts(&|host| !host.counts && host.system.is_some());
    let rows = vec![
        row(
            "Out of scope",
            "left out of every rate",
            &is(Disposition::OutOfScope),
            out_of_scope,
        ),
        row(
            "Unsupported, nobody decided",
            "left out of every rate",
            &is(Disposition::UnsupportedUngoverned),
            None,
        ),
        row(
            "Unsupported, accepted",
            "counted as decided, not as in time",
            &is(Disposition::AcceptedUnsupported),
            None,
        ),
        row(
            "Called not applicable by triage",
            "left out of every rate",
            &is(Disposition::NotApplicable),
            None,
        ),
        row(
            "Of hosts in no System",
            "counted, with the strictest time",
            &|finding| finding.system.is_none(),
            unclaimed,
        ),
        row(
            "Stale: not seen by the newest run, not closed",
            "counted as open",
            &|finding| finding.stale,
            None,
        ),
        row(
            "Decision set aside: exploited",
            "counted by the due date",
            &|finding| !finding.suspended.is_empty(),
            None,
        ),
        row(
            "Due date moved by a freeze",
            "counted by the later date",
            &Finding::is_moved_by_freeze,
            None,
        ),
        row(
            "Closed with a retired host",
            "closed, not as fixed",
            &is(Disposition::ClosedRetired),
            None,
        ),
        row(
            "Hosts without a qualifying scan",
            "the host counts as not compliant",
            &|_| false,
            unscanned,
        ),
    ];
    Table {
        name: "exclusions",
        caption: "What the rates leave out, and what they count all the same".into(),
        layout: Layout::Plain,
        columns: EXCLUSIONS,
        rows,
        when_empty: "",
    }
}

const HOSTS: &[Column] = &[
    Column::new("host", "Host"),
    Column::new("why", "Why it is listed").wide(),
    Column::new("system", "System").tight(),
    Column::new("last_scan", "Last scan").tight(),
    Column::new("last_qualifying_scan", "Last qualifying scan").tight(),
    Column::new("os", "Operating system"),
    Column::new("candidates", "Could be"),
];

/// Lists hosts that nobody scans, nobody knows, or several claim.
pub(in crate::document) fn host_table(register: &Register<'_>) -> Table {
    let listed = register.hosts.iter().filter_map(|host| {
        let why = why_listed(register, host);
        (!why.is_empty()).then_some((host, why))
    });
    let rows = listed.map(|(host, why)| {
        let at = |moment: Option<_>| {
            moment.map_or_else(|| Cell::text("never"), |at| Cell::text(day(register.as_of, at)))
        };
        vec![
            Cell::text(host.id.clone()),
            Cell::list(why),
            if host.claims.is_empty() {
                Cell::text("none")
            } else {
                Cell::list_shown(&host.claims)
            },
            at(host.last_scan),
            at(host.last_qualifying_scan),
            Cell::maybe(host.os.as_deref()),
            Cell::list(host.candidates.iter().cloned()),
        ]
    });
    Table {
        name: "hosts",
        caption: "Hosts that are unscanned, unknown or ambiguous".into(),
        layout: Layout::Sortable,
        columns: HOSTS,
        rows: rows.collect(),
        when_empty: "Every host is known, claimed by one System and scanned in time.",
    }
}

fn why_listed(register: &Register<'_>, host: &HostRow) -> Vec<&'static str> {
    let is_unscanned = host.counts && !register.is_scanned_in_time(host);
    let never_seen = !host.is_scanned && host.counts;
    let why = [
        (is_unscanned && never_seen, "not scanned"),
        (is_unscanned && !never_seen, "no qualifying scan in time"),
        (!host.is_known, "unknown: scanned, in no inventory"),
        (host.claims.is_empty(), "claimed by no System"),
        (host.claims.len() > 1, "claimed by several Systems"),
        (!host.candidates.is_empty(), "ambiguous: its keys disagree"),
        (
            host.status == HostStatus::Retired && host.is_scanned,
            "retired, yet scanned",
        ),
    ];
    why.into_iter()
        .filter(|(holds, _)| *holds)
        .map(|(_, why)| why)
        .collect()
}

const COMPLETENESS: &[Column] = &[
    Column::new("file", "File"),
    Column::new("source", "Source").tight(),
    Column::new("state", "State"),
    Column::new("rows_read", "Rows read"),
    Column::new("observations", "= observations"),
    Column::new("informational", "+ informational"),
    Column::new("skipped", "+ skipped"),
    Column::new("skipped_reasons", "Why skipped"),
];

/// Accounts for every row that was read, file by file and in all.
pub(super) fn completeness_table(register: &Register<'_>) -> Table {
    let mut rows: Vec<Vec<Cell>> = register
        .imports
        .iter()
        .map(|line| {
            let reasons = line
                .skipped
                .iter()
                .map(|skipped| format!("{}: {}", skipped.rows, skipped.reason));
            vec![
                Cell::text(line.file.as_str()),
                line.source
                    .as_ref()
                    .map_or_else(|| Cell::text("no Source"), Cell::shown),
                Cell::Mark(import_state(line.state)),
                Cell::count(rows_read(line)),
                Cell::count(line.observations),
                Cell::count(line.informational),
                Cell::count(line.skipped_rows()),
                Cell::list(reasons),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let sum = |of: fn(&ImportLine) -> u64| Cell::count(register.imports.iter().map(of).sum::<u64>());
        rows.push(vec![
            Cell::text("All files"),
            Cell::Empty,
            Cell::Empty,
            sum(rows_read),
            sum(|line| line.observations),
            sum(|line| line.informational),
            sum(ImportLine::skipped_rows),
            Cell::Empty,
        ]);
    }
    Table {
        name: "completeness",
        caption: "Rows read = observations + informational + skipped".into(),
        layout: Layout::Plain,
        columns: COMPLETENESS,
        rows,
        when_empty: "No export was read: nothing is known of any host.",
    }
}
